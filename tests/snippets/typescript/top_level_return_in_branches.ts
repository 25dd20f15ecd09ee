if (input && (input as any).missing) { return "early"; }
for (const x of [1, 2, 3] as number[]) if (x === 2) return x;
