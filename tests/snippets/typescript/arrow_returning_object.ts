const make = (n: number): { n: number } => ({ n });
return [1, 2].map(make);
