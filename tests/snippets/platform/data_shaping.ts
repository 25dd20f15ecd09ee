//# group by a key
const orders = [{ c: "ada", t: 5 }, { c: "bob", t: 7 }, { c: "ada", t: 1 }];
return orders.reduce<Record<string, number[]>>((acc, o) => { (acc[o.c] ??= []).push(o.t); return acc; }, {});
//# sum by a key, sorted
const rows = [["eu", 3], ["us", 9], ["eu", 4], ["asia", 1]] as const;
const sums = new Map<string, number>();
for (const [k, v] of rows) sums.set(k, (sums.get(k) ?? 0) + v);
return [...sums].sort((a, b) => b[1] - a[1]).map(([region, total]) => ({ region, total }));
//# Object.groupBy by hand and entries
const words = "the quick brown fox jumps over the lazy dog".split(" ");
const byLength = Object.fromEntries(Object.entries(words.reduce((a, w) => ({ ...a, [w.length]: [...(a[w.length] ?? []), w] }), {} as Record<number, string[]>)));
return byLength;
//# unique preserves order
return [...new Set([3, 1, 3, 2, 1])];
//# dedupe objects by id, last wins
const list = [{ id: 1, v: "a" }, { id: 2, v: "b" }, { id: 1, v: "c" }];
return [...new Map(list.map((x) => [x.id, x])).values()];
//# join two tables
const users = [{ id: 1, name: "Ada" }, { id: 2, name: "Bob" }];
const posts = [{ userId: 1, t: "x" }, { userId: 1, t: "y" }, { userId: 3, t: "z" }];
const byId = new Map(users.map((u) => [u.id, u.name]));
return posts.map((p) => ({ ...p, user: byId.get(p.userId) ?? null }));
//# pivot
const data = [{ d: "mon", k: "a", v: 1 }, { d: "mon", k: "b", v: 2 }, { d: "tue", k: "a", v: 3 }];
const out: Record<string, Record<string, number>> = {};
for (const { d, k, v } of data) (out[d] ||= {})[k] = v;
console.table(out);
return out;
//# chunk an array
const chunk = <T,>(a: T[], n: number) => Array.from({ length: Math.ceil(a.length / n) }, (_, i) => a.slice(i * n, i * n + n));
return chunk([1, 2, 3, 4, 5, 6, 7], 3);
//# zip and unzip
const zip = (...arrays: any[][]) => arrays[0].map((_, i) => arrays.map((a) => a[i]));
return { zipped: zip([1, 2], ["a", "b"]), back: zip(...zip([1, 2], ["a", "b"])) };
//# flatten a nested object
const flat = (o: object, p = ""): Record<string, unknown> => Object.entries(o).reduce((a, [k, v]) => ({ ...a, ...(v && typeof v === "object" && !Array.isArray(v) ? flat(v, `${p}${k}.`) : { [p + k]: v }) }), {});
return flat({ a: { b: { c: 1 }, d: [1, 2] }, e: null });
//# unflatten dotted keys
const unflat: any = {};
for (const [k, v] of Object.entries({ "a.b.c": 1, "a.d": 2, e: 3 })) k.split(".").reduce((o, p, i, all) => (o[p] ??= i === all.length - 1 ? v : {}), unflat);
return unflat;
//# deep equality by JSON
return JSON.stringify({ a: [1, { b: 2 }] }) === JSON.stringify({ a: [1, { b: 2 }] });
//# deep merge
const merge = (a: any, b: any): any => { for (const k of Object.keys(b)) a[k] = b[k] && typeof b[k] === "object" && !Array.isArray(b[k]) ? merge(a[k] ?? {}, b[k]) : b[k]; return a; };
return merge({ a: { x: 1, y: 2 }, l: [1] }, { a: { y: 3, z: 4 }, l: [2] });
//# stable sort by two keys
return [{ n: "b", a: 1 }, { n: "a", a: 2 }, { n: "a", a: 1 }].sort((x, y) => x.n.localeCompare(y.n) || x.a - y.a);
//# default sort is by text
return [[10, 9, 1, 100].sort(), ["b", undefined, "a"].sort().map(String), [3, 1, 2].toSorted(), [1, 2, 3].toReversed()];
//# histogram with sparse arrays
const hist: number[] = [];
for (const n of [1, 3, 3, 5]) hist[n] = (hist[n] ?? 0) + 1;
console.log(hist);
return hist.map((x) => x ?? 0);
//# running totals and moving average
const xs = [1, 2, 3, 4, 5];
let s = 0;
return { totals: xs.map((x) => (s += x)), avg: xs.slice(2).map((_, i) => (xs[i] + xs[i + 1] + xs[i + 2]) / 3) };
//# percentiles
const sorted = [15, 20, 35, 40, 50].sort((a, b) => a - b);
const pct = (p: number) => sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)];
return { p50: pct(50), p90: pct(90), p5: pct(5) };
//# cartesian product
const product = <T,>(...a: T[][]): T[][] => a.reduce<T[][]>((acc, x) => acc.flatMap((y) => x.map((z) => [...y, z])), [[]]);
return product([1, 2], [3, 4], [5]);
//# permutations
const perms = (a: string[]): string[][] => (a.length < 2 ? [a] : a.flatMap((x, i) => perms([...a.slice(0, i), ...a.slice(i + 1)]).map((p) => [x, ...p])));
return perms([..."abc"]).map((p) => p.join(""));
//# tree from a flat list
const items = [{ id: 1, p: null }, { id: 2, p: 1 }, { id: 3, p: 1 }, { id: 4, p: 2 }];
const build = (p: number | null): any[] => items.filter((i) => i.p === p).map((i) => ({ id: i.id, children: build(i.id) }));
const tree = build(null);
console.log(tree);
return tree;
//# depth-first walk with a path
const walk = function* (o: any, path = "$"): Generator<string> { for (const k in o) { const p = `${path}.${k}`; if (typeof o[k] === "object") yield* walk(o[k], p); else yield `${p}=${o[k]}`; } };
return [...walk({ a: 1, b: { c: [2, 3] } })];
//# topological sort
const deps: Record<string, string[]> = { app: ["lib", "util"], lib: ["util"], util: [] };
const done = new Set<string>();
const visit = (n: string) => { if (done.has(n)) return; deps[n].forEach(visit); done.add(n); };
Object.keys(deps).forEach(visit);
return [...done];
//# shortest path, breadth first
const g: Record<string, string[]> = { a: ["b", "c"], b: ["d"], c: ["d", "e"], d: ["f"], e: ["f"], f: [] };
const queue: string[][] = [["a"]];
while (queue.length) { const p = queue.shift()!; const l = p.at(-1)!; if (l === "f") return p; for (const n of g[l]) queue.push([...p, n]); }
//# difference and intersection of sets
const A = new Set([1, 2, 3]), B = new Set([2, 3, 4]);
return { union: [...new Set([...A, ...B])], both: [...A].filter((x) => B.has(x)), onlyA: [...A].filter((x) => !B.has(x)) };
//# object diff
const before: any = { a: 1, b: 2, c: 3 }, after: any = { a: 1, b: 5, d: 4 };
return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((k) => before[k] !== after[k]).map((k) => ({ k, from: before[k] ?? null, to: after[k] ?? null }));
//# pick and omit
const pick = (o: any, ...ks: string[]) => Object.fromEntries(ks.filter((k) => k in o).map((k) => [k, o[k]]));
const omit = ({ secret, ...rest }: any) => rest;
return [pick({ a: 1, b: 2 }, "a", "z"), omit({ secret: 1, user: "x" })];
//# array holes and length
const a = [1, , 3]; a.length = 5;
console.log(a, a.length, 1 in a, a.flat());
//# findLast, at, with, toSpliced
const a = [1, 2, 3, 4];
return [a.findLast((x) => x % 2 === 1), a.findLastIndex((x) => x > 9), a.at(-2), a.with(0, 9), a.toSpliced(1, 2, 7), a];
//# copyWithin, fill, lastIndexOf, includes NaN
return [[1, 2, 3, 4, 5].copyWithin(0, 3), new Array(3).fill(0), [1, 2, 1].lastIndexOf(1), [NaN].includes(NaN), [NaN].indexOf(NaN)];
//# nested Map printed
console.log(new Map<any, any>([["a", new Map([["b", { c: [1] }]])], [{ k: 1 }, new Set([1, "x"])]]));
//# reduceRight, every, some
return [["a", "b", "c"].reduceRight((s, x) => s + x), [].every(() => false), [].some(() => true)];
//# matrix transpose and multiply
const m = [[1, 2], [3, 4], [5, 6]];
const t = m[0].map((_, i) => m.map((r) => r[i]));
return { t, mul: m.map((r) => t[0].map((_, j) => r.reduce((s, x, k) => s + x * t[k][j], 0))) };
