interface A { a: string }
interface B extends A { readonly b?: number; [key: string]: unknown; (x: number): string; new (x: string): A }
type U = A | B | null;
type Fn = (this: A, ...rest: number[]) => asserts this is B;
const u: U = { a: "x" };
return u;
