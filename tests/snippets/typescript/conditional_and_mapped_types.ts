type Unwrap<T> = T extends Promise<infer U> ? U : T extends (infer V)[] ? V : T;
type Getters<T> = { readonly [K in keyof T as `get${Capitalize<string & K>}`]-?: () => T[K] };
const g: Getters<{ name: string }> = { getName: () => "n" };
const v: Unwrap<Promise<number>> = 3;
return [g.getName(), v];
