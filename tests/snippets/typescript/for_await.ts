async function* count(n: number): AsyncGenerator<number, void, unknown> { for (let i = 0; i < n; i++) yield i; }
const out: number[] = [];
for await (const x of count(3)) out.push(x);
return out;
