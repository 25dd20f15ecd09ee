//# numbers as text
return [0.1 + 0.2, 1e21, 1e-7, -0, 123456789012345680000, 5e-324, 1 / 3, 100, 1.0, 0xff, 1_000_000].map(String);
//# toFixed rounds as floats do
return [(1.005).toFixed(2), (1.45).toFixed(1), (0).toFixed(2), (-1.5).toFixed(0), (1e21).toFixed(2), (123.456).toFixed(), (0.000001).toFixed(7)];
//# toPrecision and toExponential
return [(123.456).toPrecision(4), (0.00001).toPrecision(1), (1234.5678).toExponential(2), (0).toExponential(), (1e-10).toPrecision(3), (255).toString(16), (255).toString(2), (0.5).toString(2), (-7.25).toString(8)];
//# parse numbers
return [parseInt("42px"), parseInt("0x1f"), parseInt("101", 2), parseFloat("3.14abc"), Number(""), Number(" 12 "), Number("1e3"), Number("0b11"), +"12,3", Number(null), +true].map((x) => (Number.isNaN(x) ? "NaN" : x));
//# bytes for people
const human = (n: number) => { const u = ["B", "KiB", "MiB", "GiB"]; let i = 0; while (n >= 1024 && i < 3) { n /= 1024; i++; } return `${n.toFixed(i ? 1 : 0)} ${u[i]}`; };
return [0, 512, 2048, 1536000, 5e9].map(human);
//# duration for people
const dur = (ms: number) => [["d", 86400000], ["h", 3600000], ["m", 60000], ["s", 1000]].reduce((a: string[], [u, n]: any) => { const v = Math.floor(ms / n); ms %= n; if (v) a.push(`${v}${u}`); return a; }, []).join(" ");
return [dur(93784000), dur(59000), dur(3600000)];
//# thousands by regex
return [1234567.891, 999, 1000].map((n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ","));
//# pad a table
const rows = [["name", "qty"], ["apple", "3"], ["kiwi", "12"]];
const w = rows[0].map((_, i) => Math.max(...rows.map((r) => r[i].length)));
for (const r of rows) console.log(r.map((c, i) => (i ? c.padStart(w[i]) : c.padEnd(w[i]))).join(" | "));
//# template literals and tags
const tag = (s: TemplateStringsArray, ...v: unknown[]) => s.raw.join("|") + v.join(",");
return [`${1}${"a"}${null}${[1, 2]}${{}}`, tag`a${1}\n${2}b`, String.raw`\u00e9\n`];
//# JSON with indentation
return [JSON.stringify({ a: [1, { b: 2 }], c: {} }, null, 2), JSON.stringify([[]], null, "\t"), JSON.stringify({ a: [] }, null, 4)];
//# JSON drops and keeps
return JSON.stringify({ u: undefined, f() {}, n: NaN, i: Infinity, d: new Date(0), s: Symbol("x"), a: [undefined, () => 1], nested: { toJSON() { return "J"; } }, z: -0 });
//# JSON replacer and reviver
const text = JSON.stringify({ a: 1, b: "x", c: [1, 2] }, (k, v) => (typeof v === "number" ? v * 2 : v));
return [text, JSON.parse(text, (k, v) => (Array.isArray(v) ? v.length : v)), JSON.stringify({ a: 1, b: 2 }, ["b"])];
//# JSON escapes
return JSON.stringify("\u2028\ud800é😀\"\\\n\u0007</script>");
//# JSON sorted keys
const sortKeys = (v: any): any => (v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.keys(v).sort().map((k) => [k, sortKeys(v[k])])) : v);
return JSON.stringify(sortKeys({ b: 1, a: { d: 1, c: 2 } }));
//# console format specifiers
console.log("%s is %d years and %i, %f, %j %o %O %%", "Ada", 36.5, 36.9, "1.5", { a: 1 }, [1], { b: { c: {} } }, "extra", 7);
console.log("%c styled", "color: red", "after");
console.log("100%", 5, "%s");
//# console of nested data
console.log({ a: { b: { c: { d: 1 } } }, list: [[1, [2, [3, [4]]]]], fn: () => 1, cls: class A {}, sym: Symbol("s"), date: new Date(0), re: /x/g, n: null, u: undefined });
//# console of long arrays and strings
console.log(Array.from({ length: 120 }, (_, i) => i));
console.log(["a".repeat(60), "b".repeat(60)]);
console.log({ text: "line1\nline2", quote: "it's", both: `"it's"` });
//# console of wide objects breaks lines
console.log({ alpha: "aaaaaaaaaaaaaaaaaaaa", beta: "bbbbbbbbbbbbbbbbbbbbbbbbb", gamma: "cccccccccccccccccccc", delta: 1 });
console.log([{ id: 1, name: "Ada Lovelace", tags: ["math", "code"] }, { id: 2, name: "Alan Turing", tags: [] }]);
//# console of class instances
class Point { constructor(public x: number, public y: number) {} get len() { return 1; } static origin = 0; }
class Named extends Point { #secret = 1; name = "n"; }
console.log(new Point(1, 2), [new Named(3, 4)], Point, Named, Object.create(null), Object.create({ a: 1 }));
//# console of errors in objects
const e = new RangeError("bad");
console.log(String(e), e.name, e.message, Object.prototype.toString.call(e), JSON.stringify(e));
//# console.table of objects
console.table([{ a: 1, b: "x" }, { a: 2, c: true }]);
console.table([[1, 2], [3, 4]]);
console.table([{ a: 1, b: 2 }], ["b"]);
console.table(["x", "y"]);
//# console.group indents
console.group("outer"); console.log("in"); console.group(); console.log("two\nlines"); console.groupEnd(); console.groupEnd(); console.log("out");
//# console.count and assert
console.count(); console.count("x"); console.count(); console.countReset(); console.count();
console.assert(1 === 1, "no"); console.assert(false, "failed %d", 3); console.assert(false);
//# console.dir with depth
console.dir({ a: { b: { c: { d: { e: 1 } } } } }, { depth: 0 });
console.dir({ a: { b: { c: { d: { e: 1 } } } } }, { depth: null });
//# typed arrays and buffers printed
console.log(new Uint8Array([1, 2, 255]), new Float64Array([0.5, -0]), new ArrayBuffer(4), new DataView(new ArrayBuffer(2)), new BigInt64Array(1));
//# promises and proxies printed
console.log(Promise.resolve(4), new Promise(() => {}), new Proxy({ a: 1 }, {}), new Proxy(function f() {}, {}));
//# symbols, accessors and circular references printed
const o: any = { get a() { return 1; }, set b(v) {}, get c() { return 1; }, set c(v) {}, [Symbol("k")]: 1 }; o.self = o;
console.log(o);
//# boxed primitives and functions printed
console.log(new Number(3), new String("ab"), new Boolean(false), Object(1n), Object(Symbol("q")), function named() {}, () => {}, async () => {}, function* gen() {}, async function* ag() {}, Math, JSON, globalThis === global);
//# iterators printed
console.log([1, 2][Symbol.iterator](), (function* () {})(), [..."ab"].entries());
//# date printed and in JSON
console.log(new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 7)), [new Date(NaN)], { d: new Date(0) });
return JSON.stringify([new Date(Date.UTC(2024, 1, 29)), new Date(NaN)]);
//# strings sliced and repeated
return ["abc".substring(2, 0), "abc".slice(-2), "abc".substr(-2, 1), "ab".repeat(3), "abc".at(-1), "a-b-c".split("-", 2), "abc".split(""), "  x ".trim(), " x".trimStart(), "x\n\t".trimEnd(), "abc".charAt(5)];
//# title case, camel case, snake case
const s = "hello big_world fooBar";
return [s.replace(/\b\w/g, (c) => c.toUpperCase()), s.replace(/[\s_]+(\w)/g, (_, c) => c.toUpperCase()), s.replace(/([a-z])([A-Z])/g, "$1_$2").replace(/\s/g, "_").toLowerCase()];
//# unicode aware length and reversing
const t = "e\u0301 ä 😀 👩‍👩‍👧";
return [t.length, [...t].length, [...t].reverse().join(""), t.codePointAt(6), String.fromCodePoint(128512), "😀".charCodeAt(0), t.toUpperCase(), "ß".toUpperCase(), "İ".toLowerCase().length];
//# currency without Intl
const money = (n: number) => `$${n.toFixed(2).replace(/\d(?=(\d{3})+\.)/g, "$&,")}`;
return [1234.5, 0, 1e6, 999.999].map(money);
//# bigint arithmetic and printing
return [2n ** 64n, -7n / 2n, -7n % 2n, BigInt("0xff"), BigInt.asUintN(8, 257n), 5n > 4, 2n == (2 as any), typeof 1n, (123n).toString(16)].map(String);
//# rounding numbers
return [Math.round(-0.5), Math.round(2.5), Math.round(-2.5), Math.trunc(-4.7), Math.sign(-3), Math.fround(5.5), Math.hypot(3, 4), Math.cbrt(27), Math.log2(8), Math.max(), Math.min(1, 2), Math.clz32(1), Math.imul(3, 4)].map(String);
