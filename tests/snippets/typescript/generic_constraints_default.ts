type Keys<T> = { [K in keyof T]: T[K] extends string ? K : never }[keyof T];
function pluck<T, K extends keyof T = keyof T>(o: T, k: K): T[K] { return o[k]; }
const k: Keys<{ a: string; b: number }> = "a";
return pluck({ a: "x", b: 1 }, k);
