const o: { a?: { b?: () => number; c?: number[] } } = { a: { b: () => 2 } };
return [o?.a?.b?.(), o.a?.c?.[0] ?? "none", o.a?.["c"]];
