let a: number | null = null, b: number = 0, c: number = 1;
a ??= 4; b ||= 5; c &&= 6;
return [a, b, c];
