const first = <T,>(xs: readonly T[]): T | undefined => xs[0];
const id = <T>(x: T): T => x;
return [first([3, 2]), id<string>("x")];
