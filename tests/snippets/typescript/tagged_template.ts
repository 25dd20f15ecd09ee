const sql = (s: TemplateStringsArray, ...v: unknown[]): string => s.raw.join("?") + v.length;
return sql`a ${1} b ${"x"} \n`;
