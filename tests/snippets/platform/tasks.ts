//# LRU cache
class LRU<K, V> { #m = new Map<K, V>(); constructor(private max: number) {} get(k: K) { const v = this.#m.get(k); if (v !== undefined) { this.#m.delete(k); this.#m.set(k, v); } return v; } set(k: K, v: V) { this.#m.delete(k); this.#m.set(k, v); if (this.#m.size > this.max) this.#m.delete(this.#m.keys().next().value!); } keys() { return [...this.#m.keys()]; } }
const c = new LRU<string, number>(2); c.set("a", 1); c.set("b", 2); c.get("a"); c.set("c", 3);
return c.keys();
//# priority queue
class Heap { h: number[] = []; push(x: number) { this.h.push(x); let i = this.h.length - 1; while (i && this.h[(i - 1) >> 1] > this.h[i]) { [this.h[i], this.h[(i - 1) >> 1]] = [this.h[(i - 1) >> 1], this.h[i]]; i = (i - 1) >> 1; } } pop() { const top = this.h[0], last = this.h.pop()!; if (this.h.length) { this.h[0] = last; for (let i = 0; ; ) { let m = i; for (const j of [2 * i + 1, 2 * i + 2]) if (this.h[j] < this.h[m]) m = j; if (m === i) break; [this.h[i], this.h[m]] = [this.h[m], this.h[i]]; i = m; } } return top; } }
const h = new Heap(); [5, 3, 8, 1, 9, 2].forEach((x) => h.push(x));
return Array.from({ length: 6 }, () => h.pop());
//# dijkstra
const g: Record<string, Record<string, number>> = { a: { b: 7, c: 9, f: 14 }, b: { c: 10, d: 15 }, c: { d: 11, f: 2 }, d: { e: 6 }, f: { e: 9 }, e: {} };
const dist: Record<string, number> = { a: 0 }; const seen = new Set<string>();
for (;;) { const n = Object.keys(dist).filter((k) => !seen.has(k)).sort((x, y) => dist[x] - dist[y])[0]; if (!n) break; seen.add(n); for (const [m, w] of Object.entries(g[n])) dist[m] = Math.min(dist[m] ?? Infinity, dist[n] + w); }
return dist;
//# sieve of primes
const n = 100; const p = new Uint8Array(n + 1).fill(1); p[0] = p[1] = 0;
for (let i = 2; i * i <= n; i++) if (p[i]) for (let j = i * i; j <= n; j += i) p[j] = 0;
return [...p.keys()].filter((i) => p[i]);
//# n queens
const solve = (n: number, r = 0, c = 0, d1 = 0, d2 = 0): number => { if (r === n) return 1; let s = 0; for (let i = 0; i < n; i++) { const a = 1 << i, b = 1 << (r + i), e = 1 << (r - i + n); if (!(c & a || d1 & b || d2 & e)) s += solve(n, r + 1, c | a, d1 | b, d2 | e); } return s; };
return [4, 5, 6, 7].map((n) => solve(n));
//# game of life
let w = new Set(["1,0", "1,1", "1,2"]);
const step = (s: Set<string>) => { const n = new Map<string, number>(); for (const k of s) { const [x, y] = k.split(",").map(Number); for (let i = -1; i < 2; i++) for (let j = -1; j < 2; j++) if (i || j) n.set(`${x + i},${y + j}`, (n.get(`${x + i},${y + j}`) ?? 0) + 1); } return new Set([...n].filter(([k, c]) => c === 3 || (c === 2 && s.has(k))).map(([k]) => k)); };
w = step(w);
return [...w].sort();
//# statistics
const xs = [2, 4, 4, 4, 5, 5, 7, 9]; const mean = xs.reduce((a, b) => a + b) / xs.length;
const sd = Math.sqrt(xs.reduce((a, x) => a + (x - mean) ** 2, 0) / xs.length);
const mode = [...xs.reduce((m, x) => m.set(x, (m.get(x) ?? 0) + 1), new Map<number, number>())].sort((a, b) => b[1] - a[1])[0][0];
return { mean, sd, mode, median: (xs[3] + xs[4]) / 2 };
//# linear regression
const pts = [[1, 2], [2, 3], [3, 5], [4, 4]]; const n = pts.length;
const [sx, sy, sxy, sxx] = pts.reduce(([a, b, c, d], [x, y]) => [a + x, b + y, c + x * y, d + x * x], [0, 0, 0, 0]);
const m = (n * sxy - sx * sy) / (n * sxx - sx * sx);
return { m, b: (sy - m * sx) / n };
//# invoice totals in cents
const items = [{ p: 19.99, q: 3 }, { p: 0.1, q: 3 }, { p: 5, q: 0 }];
const cents = items.reduce((s, i) => s + Math.round(i.p * 100) * i.q, 0);
return { total: (cents / 100).toFixed(2), vat: (Math.round(cents * 0.19) / 100).toFixed(2) };
//# paginate
const page = <T,>(a: T[], p: number, size: number) => ({ items: a.slice((p - 1) * size, p * size), page: p, pages: Math.ceil(a.length / size), next: p * size < a.length ? p + 1 : null });
return [page([1, 2, 3, 4, 5], 2, 2), page([1], 1, 10)];
//# validate a schema by hand
const schema = { name: "string", age: "number", tags: "array" } as const;
const check = (o: any) => Object.entries(schema).flatMap(([k, t]) => { const got = Array.isArray(o[k]) ? "array" : typeof o[k]; return got === t ? [] : [`${k}: expected ${t}, got ${got}`]; });
return [check({ name: "x", age: "5" }), check({ name: "x", age: 5, tags: [] })];
//# state machine
type S = "idle" | "loading" | "done" | "failed";
const next: Record<S, Partial<Record<string, S>>> = { idle: { fetch: "loading" }, loading: { ok: "done", err: "failed" }, done: {}, failed: { retry: "loading" } };
let s: S = "idle"; const path: S[] = [s];
for (const e of ["fetch", "err", "retry", "nonsense", "ok"]) { s = next[s][e] ?? s; path.push(s); }
return path;
//# undo and redo
class History<T> { #past: T[] = []; #future: T[] = []; constructor(public now: T) {} set(v: T) { this.#past.push(this.now); this.now = v; this.#future = []; } undo() { if (this.#past.length) { this.#future.push(this.now); this.now = this.#past.pop()!; } return this.now; } redo() { if (this.#future.length) { this.#past.push(this.now); this.now = this.#future.pop()!; } return this.now; } }
const h = new History(1); h.set(2); h.set(3);
return [h.undo(), h.undo(), h.undo(), h.redo(), h.redo(), h.redo()];
//# template engine
const render = (t: string, d: any) => t.replace(/{{\s*([\w.]+)\s*}}/g, (_, p) => p.split(".").reduce((o: any, k: string) => o?.[k], d) ?? "");
return render("Hi {{ user.name }}, {{count}} new {{missing}}!", { user: { name: "Ada" }, count: 3 });
//# glob to regex
const glob = (g: string) => new RegExp("^" + g.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*\*/g, "\0").replace(/\*/g, "[^/]*").replace(/\0/g, ".*").replace(/\?/g, ".") + "$");
return ["src/a.ts", "src/x/b.ts", "lib/c.ts"].map((f) => [glob("src/*.ts").test(f), glob("src/**.ts").test(f), glob("*/?.ts").test(f)]);
//# semver sort
const v = ["1.10.0", "1.2.0", "1.2.10", "0.9.9", "1.2.0-beta"];
const key = (s: string) => { const [m, pre] = s.split("-"); return [...m.split(".").map(Number), pre ? 0 : 1]; };
return v.sort((a, b) => { const x = key(a), y = key(b); for (let i = 0; i < 4; i++) if (x[i] !== y[i]) return x[i] - y[i]; return 0; });
//# diff of lines
const a = ["a", "b", "c"], b = ["a", "c", "d"];
const L = Array.from({ length: a.length + 1 }, () => Array(b.length + 1).fill(0));
for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) L[i][j] = a[i] === b[j] ? L[i + 1][j + 1] + 1 : Math.max(L[i + 1][j], L[i][j + 1]);
const out: string[] = []; let i = 0, j = 0;
while (i < a.length || j < b.length) if (i < a.length && j < b.length && a[i] === b[j]) { out.push(" " + a[i]); i++; j++; } else if (j < b.length && (i === a.length || L[i][j + 1] > L[i + 1][j])) out.push("+" + b[j++]); else out.push("-" + a[i++]);
return out;
//# trie with autocomplete
class Trie { c: Record<string, Trie> = {}; end = false; add(w: string) { let n: Trie = this; for (const ch of w) n = n.c[ch] ??= new Trie(); n.end = true; } *find(p: string): Generator<string> { let n: Trie | undefined = this; for (const ch of p) n = n?.c[ch]; if (n) yield* n.walk(p); } *walk(p: string): Generator<string> { if (this.end) yield p; for (const [ch, n] of Object.entries(this.c)) yield* n.walk(p + ch); } }
const t = new Trie(); ["car", "card", "care", "cat", "dog"].forEach((w) => t.add(w));
return [...t.find("car")];
//# rate limiter with a fake clock
let now = 0; const stamps: number[] = [];
const allow = () => { while (stamps.length && stamps[0] <= now - 1000) stamps.shift(); return stamps.length < 2 && !!stamps.push(now); };
return [0, 100, 200, 1001, 1050, 1101].map((t) => { now = t; return allow(); });
//# dependency injection by Map
const reg = new Map<string, () => any>([["url", () => "db://"], ["db", () => ({ url: get("url"), q: (s: string) => `${get("url")}${s}` })]]);
const cache = new Map<string, any>(); const get = (k: string): any => { if (!cache.has(k)) cache.set(k, reg.get(k)?.() ?? (() => { throw new Error(`no ${k}`); })()); return cache.get(k); };
try { get("nope"); } catch (e: any) { return [get("db").q("x"), get("db") === get("db"), e.message]; }
//# observable store
const store = <T extends object>(init: T) => { let s = init; const subs = new Set<(s: T) => void>(); return { get: () => s, set: (p: Partial<T>) => { s = { ...s, ...p }; subs.forEach((f) => f(s)); }, sub: (f: (s: T) => void) => (subs.add(f), () => subs.delete(f)) }; };
const st = store({ n: 0, x: "a" }); const log: number[] = []; const off = st.sub((s) => log.push(s.n)); st.set({ n: 1 }); off(); st.set({ n: 2 });
return [log, st.get()];
//# binary search and bisect
const bisect = (a: number[], x: number) => { let lo = 0, hi = a.length; while (lo < hi) { const m = (lo + hi) >>> 1; a[m] < x ? (lo = m + 1) : (hi = m); } return lo; };
return [1, 2, 4, 7, 9].map((_, i, a) => bisect(a, i * 2));
//# knapsack
const w = [1, 3, 4, 5], v = [1, 4, 5, 7]; const dp = new Array(8).fill(0);
for (let i = 0; i < w.length; i++) for (let c = 7; c >= w[i]; c--) dp[c] = Math.max(dp[c], dp[c - w[i]] + v[i]);
return dp;
//# spiral of a matrix
const m = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]; const out: number[] = [];
while (m.length) { out.push(...m.shift()!); m.forEach((r) => out.push(r.pop()!)); if (m.length) out.push(...m.pop()!.reverse()); for (let i = m.length - 1; i >= 0; i--) out.push(m[i].shift()!); }
return out.filter((x) => x !== undefined);
//# mulberry32, a seeded generator
const rng = (a: number) => () => { a |= 0; a = (a + 0x6d2b79f5) | 0; let t = Math.imul(a ^ (a >>> 15), 1 | a); t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296; };
const r = rng(42);
return [r(), r(), r()];
//# fnv-1a and djb2
const fnv = (s: string) => { let h = 0x811c9dc5; for (let i = 0; i < s.length; i++) { h ^= s.charCodeAt(i); h = Math.imul(h, 0x01000193); } return h >>> 0; };
return [fnv("hello"), [..."hello"].reduce((h, c) => ((h << 5) + h + c.charCodeAt(0)) | 0, 5381)];
//# bigint modular power and gcd
const pow = (b: bigint, e: bigint, m: bigint) => { let r = 1n; b %= m; while (e) { if (e & 1n) r = (r * b) % m; b = (b * b) % m; e >>= 1n; } return r; };
const gcd = (a: bigint, b: bigint): bigint => (b ? gcd(b, a % b) : a);
return [String(pow(3n, 200n, 1000000007n)), String(gcd(1071n, 462n)), String(2n ** 127n - 1n), BigInt.asIntN(8, 255n).toString()];
//# text wrap
const wrap = (s: string, n: number) => s.split(" ").reduce<string[]>((l, w) => { if ((l.at(-1) + " " + w).trim().length <= n) l[l.length - 1] = (l.at(-1) + " " + w).trim(); else l.push(w); return l; }, [""]);
return wrap("the quick brown fox jumps over the lazy dog", 12);
//# ascii bar chart
const d = { apples: 5, kiwis: 12, figs: 1 };
for (const [k, v] of Object.entries(d)) console.log(`${k.padEnd(7)}|${"█".repeat(v)} ${v}`);
//# calendar of a month
const y = 2024, mo = 1; const first = new Date(Date.UTC(y, mo, 1)).getUTCDay(), days = new Date(Date.UTC(y, mo + 1, 0)).getUTCDate();
const cells = [...Array(first).fill("  "), ...Array.from({ length: days }, (_, i) => String(i + 1).padStart(2))];
for (let i = 0; i < cells.length; i += 7) console.log(cells.slice(i, i + 7).join(" "));
//# cron field parser
const field = (f: string, lo: number, hi: number) => [...new Set(f.split(",").flatMap((p) => { const [r, st = "1"] = p.split("/"); const [a, b] = r === "*" ? [lo, hi] : r.split("-").map(Number).concat(NaN).slice(0, 2); const end = Number.isNaN(b) ? (p.includes("/") ? hi : a) : b; return Array.from({ length: Math.floor((end - a) / +st) + 1 }, (_, i) => a + i * +st); }))].sort((a, b) => a - b);
return [field("*/15", 0, 59), field("1-3,7", 0, 10), field("5/20", 0, 59)];
//# XML escape and tiny builder
const esc = (s: unknown) => String(s).replace(/[<>&'"]/g, (c) => `&#${c.charCodeAt(0)};`);
const el = (n: string, a: Record<string, unknown>, ...k: string[]) => `<${n}${Object.entries(a).map(([k, v]) => ` ${k}="${esc(v)}"`).join("")}>${k.join("")}</${n}>`;
return el("a", { href: "x?a=1&b=2" }, esc("<hi>"));
//# HTTP range header
const range = (h: string, size: number) => { const m = /^bytes=(\d*)-(\d*)$/.exec(h); if (!m) return null; const s = m[1] ? +m[1] : size - +m[2]; const e = m[1] && m[2] ? Math.min(+m[2], size - 1) : size - 1; return s <= e ? [s, e] : null; };
return [range("bytes=0-99", 1000), range("bytes=-5", 10), range("bytes=9-", 10), range("x", 1), range("bytes=20-", 10)];
//# cookies to an object
return Object.fromEntries("a=1; b=two%20words; c=".split("; ").map((c) => c.split("=").map(decodeURIComponent)));
//# parse key=value logs
const line = 'level=info msg="hello \\"world\\"" took=12ms';
return Object.fromEntries([...line.matchAll(/(\w+)=("(?:\\.|[^"])*"|\S+)/g)].map(([, k, v]) => [k, v[0] === '"' ? JSON.parse(v) : v]));
