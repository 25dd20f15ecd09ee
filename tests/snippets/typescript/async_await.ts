const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));
const xs = await Promise.all([1, 2, 3].map(async (n: number): Promise<number> => { await wait(1); return n * 2; }));
return xs;
