function f(a: number, b?: number, c: number = 3, ...d: number[]): number[] { return [a, b ?? 2, c, ...d]; }
return [f(1), f(1, 5, 6, 7, 8)];
