async function main(input: unknown): Promise<number> { return 42; }
return await main(input);
