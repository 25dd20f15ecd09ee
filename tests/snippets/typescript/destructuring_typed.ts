const { a, b: { c = 3, ...rest } = {} as any, ...others }: any = { a: 1, b: { d: 4 }, e: 5 };
return { a, c, rest, others };
