const m = new Map<string, { n?: number[] }>([["a", { n: [4, 2] }]]);
return m.get("a")!.n![0]! / m.get("a")!.n![1]!;
