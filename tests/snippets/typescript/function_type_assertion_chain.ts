const f = ((x: unknown) => x as unknown as string) as (x: unknown) => string;
return (f("a") as any as string).concat("b")!;
