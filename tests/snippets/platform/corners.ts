//# days between two dates across a change to summer time
const days = (a: string, b: string) => Math.round((Date.parse(b) - Date.parse(a)) / 864e5);
return [days("2024-03-30", "2024-04-01"), days("2024-02-28", "2024-03-01"), new Date("2024-03-31T01:30:00+01:00").toISOString()];
//# a wall clock in another zone
const parts = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit", day: "2-digit", month: "short", hourCycle: "h23" }).formatToParts(new Date("2024-12-31T15:30:00Z"));
return Object.fromEntries(parts.filter((p) => p.type !== "literal").map(({ type, value }) => [type, value]));
//# offset of a zone in minutes
const offset = (timeZone: string, at: Date) => {
  const text = at.toLocaleString("en-US", { timeZone, timeZoneName: "longOffset" });
  const [, sign, h, m] = /GMT([+-])(\d\d):(\d\d)/.exec(text) ?? [, "+", "0", "0"];
  return (sign === "-" ? -1 : 1) * (Number(h) * 60 + Number(m));
};
const at = new Date("2024-07-01T00:00:00Z");
return ["America/New_York", "Asia/Kolkata", "UTC", "Australia/Lord_Howe"].map((zone) => offset(zone, at));
//# months added at the end of a month
const add = (date: Date, n: number) => { const copy = new Date(date); copy.setUTCMonth(copy.getUTCMonth() + n); return copy.toISOString().slice(0, 10); };
return [add(new Date("2024-01-31"), 1), add(new Date("2024-03-31"), -1), add(new Date("2023-12-15"), 1)];
//# week of the year
const week = (date: Date) => { const d = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate())); d.setUTCDate(d.getUTCDate() + 4 - (d.getUTCDay() || 7)); return Math.ceil(((+d - Date.UTC(d.getUTCFullYear(), 0, 1)) / 864e5 + 1) / 7); };
return ["2024-12-30", "2021-01-03", "2020-12-31", "2024-06-15"].map((it) => week(new Date(it)));
//# dates that do not parse, and some that do
return ["2024-13-01", "2024-02-30", "not a date", "2024-01-01T25:00:00", "Jan 5, 2024", "2024/01/05", "5 January 2024 10:00 UTC", "Tue, 05 Mar 2024 14:07:09 GMT", "2024-W10", "20240105", "2024-01-05 10:00", "1/5/24"].map((it) => { const d = new Date(it); return isNaN(+d) ? "invalid" : d.toISOString(); });
//# lines of a stream
async function* lines(stream: ReadableStream<Uint8Array>) {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
  if (rest) yield rest;
}
const bytes = new TextEncoder().encode("eins\nzwei ä\ndrei");
const source = new ReadableStream({ start(c) { for (let n = 0; n < bytes.length; n += 4) c.enqueue(bytes.slice(n, n + 4)); c.close(); } });
const found: string[] = [];
for await (const line of lines(source)) found.push(line);
return found;
//# tee of a stream, one side cancelled
const [a, b] = ReadableStream.from([1, 2, 3]).tee();
a.cancel("enough");
const seen: number[] = [];
for await (const it of b) seen.push(it);
return seen;
//# a transform that batches
const batches = new TransformStream<number, number[]>({
  start(this: any) { this.list = []; },
  transform(this: any, it, c) { this.list.push(it); if (this.list.length === 3) { c.enqueue(this.list); this.list = []; } },
  flush(this: any, c) { if (this.list.length) c.enqueue(this.list); },
});
const out: number[][] = [];
for await (const batch of ReadableStream.from([1, 2, 3, 4, 5, 6, 7]).pipeThrough(batches)) out.push(batch);
return out;
//# a stream that fails half way
const failing = new ReadableStream({ start(c) { c.enqueue("a"); }, pull(c) { c.error(new Error("disk gone")); } });
const got: string[] = [];
try { for await (const it of failing) got.push(it); } catch (error) { return [got, (error as Error).message, failing.locked]; }
//# breaking out of a stream cancels it
let reason: unknown = "not cancelled";
const endless = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(why) { reason = why === undefined ? "undefined" : why; } });
for await (const it of endless) break;
return [reason, endless.locked];
//# writable stream with back pressure
const log: string[] = [];
const sink = new WritableStream({ write(it) { log.push(`w${it}`); }, close() { log.push("closed"); } }, { highWaterMark: 2 });
const writer = sink.getWriter();
log.push(`d${writer.desiredSize}`);
for (const it of [1, 2, 3]) { await writer.ready; writer.write(it); log.push(`d${writer.desiredSize}`); }
await writer.close();
return log;
//# a blob in slices
const blob = new Blob(["hello ", new Uint8Array([119, 111]), new Blob(["rld"])], { type: "TEXT/Plain" });
return [blob.size, blob.type, await blob.text(), await blob.slice(6).text(), await blob.slice(-5, -2, "x/y").text(), blob.slice(0, 2, "x/y").type, (await blob.arrayBuffer()).byteLength];
//# a form goes round
const form = new FormData();
form.append("name", "Ada");
form.append("tags", "a"); form.append("tags", "b");
form.append("file", new File(["col1,col2\n1,2"], "data.csv", { type: "text/csv", lastModified: 5 }));
const back = await new Response(form).formData();
const file = back.get("file") as File;
return [[...back.keys()], back.getAll("tags"), file.name, file.type, await file.text(), back.get("none"), back.has("name")];
//# a form in the URL's encoding
const back = await new Response(new URLSearchParams({ q: "a b&c", e: "é" })).formData();
return [...back.entries()];
//# the first signal wins
const own = new AbortController();
const any = AbortSignal.any([own.signal, AbortSignal.timeout(60_000)]);
const heard: string[] = [];
any.addEventListener("abort", () => heard.push(String(any.reason)));
own.abort(new Error("stop"));
return [any.aborted, heard, AbortSignal.any([]).aborted, AbortSignal.any([AbortSignal.abort("x")]).reason];
//# what cannot be cloned
const tries = [() => 1, Symbol("s"), { f() {} }, new WeakMap(), [new Promise(() => {})], class A {}];
return tries.map((it) => { try { structuredClone(it); return "cloned"; } catch (error) { return `${(error as Error).name} ${(error as DOMException).code}`; } });
//# what a clone keeps
class Point { constructor(public x = 1) {} get twice() { return 2 * this.x; } }
const cyclic: any = { list: [1, , 3], map: new Map([[{ k: 1 }, new Set([1])]]), at: new Date(5), re: /a/gi, error: new RangeError("r", { cause: "c" }), point: new Point(), big: 5n, buffer: new Uint8Array([1, 2]), undef: undefined };
cyclic.self = cyclic;
const copy = structuredClone(cyclic);
return [copy.self === copy, 1 in copy.list, copy.list.length, [...copy.map][0][1].has(1), +copy.at, String(copy.re), copy.error instanceof RangeError, copy.error.cause, copy.point.constructor.name, copy.point.twice ?? null, typeof copy.big, [...copy.buffer], "undef" in copy];
//# a match keeps its properties in a clone
const copy = structuredClone(/(?<y>\d+)-(\d+)/.exec("on 2024-05")!);
return [copy[0], copy.index, copy.input, { ...copy.groups }, copy.length];
//# buffer in all its encodings
const text = "héllo ✓";
return ["utf8", "hex", "base64", "base64url", "latin1", "ascii", "utf16le"].map((it) => [it, Buffer.from(text).toString(it as BufferEncoding), Buffer.from(text, it as BufferEncoding).length]);
//# buffer as a record
const b = Buffer.alloc(24);
b.writeUInt32BE(0xdeadbeef, 0); b.writeInt16LE(-2, 4); b.writeDoubleBE(Math.PI, 8); b.writeBigUInt64LE(2n ** 60n, 16); b.writeUInt8(255, 6);
return [b.toString("hex"), b.readUInt32LE(0), b.readInt16LE(4), b.readDoubleBE(8), String(b.readBigUInt64LE(16)), b.readInt8(6), b.readUIntBE(0, 3), b.subarray(0, 4).equals(Buffer.from("deadbeef", "hex"))];
//# buffer is found and compared
const b = Buffer.from("the quick brown fox the end");
return [b.indexOf("the", 1), b.lastIndexOf("the"), b.includes("fox"), Buffer.compare(Buffer.from("a"), Buffer.from("b")), Buffer.concat([Buffer.from("a"), Buffer.from("bc")], 2).toString(), b.slice(4, 9).toString(), Buffer.isBuffer(new Uint8Array(1)), Buffer.byteLength("✓"), JSON.stringify(Buffer.from("ab")), b.at(-1), [...Buffer.from([1, 2]).entries()]];
//# decoding in pieces
const decoder = new TextDecoder("utf-8");
const bytes = new TextEncoder().encode("€uro 👍");
let text = "";
for (const byte of bytes) text += decoder.decode(Uint8Array.of(byte), { stream: true });
return [text + decoder.decode(), new TextDecoder("utf-16le").decode(Uint8Array.of(0x61, 0, 0xe9, 0)), new TextDecoder("latin1").decode(Uint8Array.of(0xe9)), new TextDecoder("shift_jis").decode(Uint8Array.of(0x93, 0xfa))];
//# decoding what is not valid
const bad = Uint8Array.of(0x61, 0xff, 0xc3);
let error = "";
try { new TextDecoder("utf-8", { fatal: true }).decode(bad); } catch (e) { error = `${(e as Error).name}: ${(e as Error).message}`; }
return [new TextDecoder().decode(bad), error, new TextDecoder("utf8").encoding, new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)).length, new TextDecoder().decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)).length];
//# keys come and go
const raw = new Uint8Array(32).map((_, n) => n);
const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]);
const jwk = await crypto.subtle.exportKey("jwk", key);
const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode("data")));
return [jwk.kty, jwk.alg, jwk.k, jwk.key_ops, Buffer.from(mac).toString("hex"), await crypto.subtle.verify("HMAC", key, mac, new TextEncoder().encode("data")), key.type, key.extractable, key.usages, { ...key.algorithm }];
//# a secret goes round by AES
const key = await crypto.subtle.importKey("raw", new Uint8Array(32).fill(7), "AES-GCM", false, ["encrypt", "decrypt"]);
const iv = new Uint8Array(12);
const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: new TextEncoder().encode("head") }, key, new TextEncoder().encode("secret"));
const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: new TextEncoder().encode("head") }, key, sealed);
return [Buffer.from(sealed).toString("base64"), new TextDecoder().decode(opened)];
//# a table of objects and of lists
console.table([{ id: 1, name: "Ada" }, { id: 2, tags: ["x", "y"] }]);
console.table([[1, 2], [3, 4]]);
console.table(new Map([["a", 1], ["b", { c: 2 }]]));
console.table([{ a: 1, b: 2 }], ["b"]);
console.table(5);
//# groups and directories
console.group("outer");
console.log("one\ntwo");
console.group();
console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 });
console.groupEnd();
console.groupEnd();
console.dir({ a: { b: { c: { d: 1 } } } }, { depth: null });
console.log("%s is %d years and %i, %f, %j %o %O %%", "Ada", "36.5", 36.9, "1.5", { a: 1 }, [1], { b: { c: {} } }, "rest");
console.assert(1 === 2, "math %s", "broke");
console.count(); console.count("x"); console.count();
//# errors with causes, printed
const inner = new TypeError("inner"); inner.stack = "TypeError: inner\n    at x";
const outer = new Error("outer", { cause: inner }); outer.stack = "Error: outer\n    at y";
console.log(outer);
const many = new AggregateError([new Error("a")], "many"); many.stack = "AggregateError: many"; many.errors[0].stack = "Error: a";
console.log(many);
const coded = Object.assign(new Error("coded"), { code: "E_X", details: { n: 1 } }); coded.stack = "Error: coded\n    at z";
console.log(coded, [coded.message]);
//# how values print
console.log([undefined, null, -0, NaN, 5n, Symbol("s"), () => {}, function named() {}, class A {}, class B extends Array {}]);
console.log(new Map([[{ a: 1 }, new Set([1, "two"])]]), new WeakMap(), new Date(0), /re/g, new Error("x").message, [1, , 3], Object.create(null), new (class Foo { x = 1; #y = 2; })());
console.log({ get a() { return 1; }, set b(v) {}, ["c-d"]: 1, [Symbol("k")]: 2, e: "it's", f: 'say "hi"', g: "both ' and \"" });
console.log(new Uint8Array(3), new ArrayBuffer(4), Buffer.from("hi"), [new Float64Array([1.5])]);
console.log("a".repeat(200).length, ["a".repeat(100), "b".repeat(100)], [..."x".repeat(120)].length);
console.log(Array.from({ length: 120 }, (_, n) => n), { long: "word ".repeat(30), other: "x" });
console.log(Promise.resolve(5), Promise.reject(new Error("r")).catch(() => {}) && "caught", (function* () {})(), globalThis === global, [[[[["deep"]]]]]);
console.log(process.version.slice(0, 3), typeof process.hrtime.bigint(), new URL("http://a/b?c=d"), new URLSearchParams("a=1&b=2"), new Headers({ a: "b" }));
//# regular expressions as they are now
return ["2024-05-06".replace(/(?<y>\d+)-(?<m>\d+)-(?<d>\d+)/, "$<d>.$<m>.$<y>"), "$5 €7 $12".match(/(?<=\$)\d+/g), "price: 5".match(/(?<!\d)\d/)?.index, [..."a1b22".matchAll(/\d+/g)].map((m) => [m[0], m.index]), "ab\ncd".match(/^c./m)?.[0], /\p{Lu}\p{Script=Greek}/u.test("AΩ"), "x".replace(/x/, "$$&$&"), /a.c/s.test("a\nc"), "aBc".replace(/b/i, (it) => it + it), /^[\p{L}--[a-z]]$/v.test("Ä"), /(?<a>x)|(?<b>y)/d.exec("zy")?.indices?.[0]];
//# labels, switch and comma
const found: string[] = [];
outer: for (const a of [1, 2, 3]) {
  for (const b of [1, 2, 3]) {
    if (b === 2) continue outer;
    if (a === 3) break outer;
    found.push(`${a}${b}`);
  }
}
switch (true) { case found.length > 5: found.push("many"); break; case found.length > 1: found.push("some"); default: found.push("fall"); }
block: { if (found.length) break block; found.push("never"); }
return found;
//# destructuring with everything
const { a = 5, b: { c: [, second = "none", ...others] = [] } = {}, ...rest } = { b: { c: [1, undefined, 3, 4] }, d: 1, e: 2 } as any;
const [x, , y = x, ...zs] = "hello";
const swap = ([p, q]: number[]) => [q, p];
return [a, second, others, rest, x, y, zs, swap([1, 2]), (({ length }) => length)("four"), Object.entries({ k: 1 }).map(([key, value]) => key + value)];
//# getters, statics and private methods
class Counter {
  static #made = 0; static get made() { return Counter.#made; }
  #n = 0; static { Counter.#made = 10; }
  constructor() { Counter.#made++; }
  #bump(by = 1) { this.#n += by; return this; }
  up(by?: number) { return this.#bump(by); }
  get value() { return this.#n; } set value(v) { this.#n = v * 2; }
  static is(it: any) { return #n in it; }
  *[Symbol.iterator]() { for (let n = 0; n < this.#n; n++) yield n; }
  [Symbol.toPrimitive](hint: string) { return hint === "number" ? this.#n : `Counter(${this.#n})`; }
}
const c = new Counter().up().up(4);
const before = c.value; c.value = 3;
return [before, c.value, Counter.made, Counter.is(c), Counter.is({}), [...c], `${c}`, +c, Object.keys(c), JSON.stringify(c)];
//# spread of everything iterable
return [[..."né👍"], [...new Map([[1, 2]])], { ...[1, 2] }, { ...null, ...undefined, ...5 as any }, Math.max(...new Set([1, 5, 3])), [...[1, , 3]], Array.from({ length: 2, 0: "a", 1: "b" }), Object.fromEntries(new URLSearchParams("a=1&b=2"))];
//# async iteration in order
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
async function* numbers() { for (let n = 0; n < 3; n++) { await sleep(3 - n); yield n; } }
const order: unknown[] = [];
for await (const n of numbers()) order.push(n);
for await (const it of [sleep(3).then(() => "slow"), "plain", Promise.resolve("quick")]) order.push(it);
const settled = await Promise.allSettled([Promise.reject(new Error("no")), 1, sleep(1)]);
const any = await Promise.any([Promise.reject(1), sleep(2).then(() => "any")]);
const race = await Promise.race([sleep(5).then(() => "late"), sleep(1).then(() => "early")]);
return [order, settled.map((it) => it.status), any, race];
//# the order of jobs and timers
const order: string[] = [];
setTimeout(() => order.push("timeout"), 0);
setImmediate(() => order.push("immediate"));
queueMicrotask(() => order.push("microtask"));
Promise.resolve().then(() => order.push("promise"));
(async () => { order.push("sync"); await null; order.push("after await"); })();
await new Promise((done) => setTimeout(done, 5));
return order.filter((it) => it !== "immediate");
//# numbers in and out of text
return [Number(" 12 "), Number(""), Number("0x1f"), Number("1_000"), parseInt("12px"), parseInt("0b11"), parseFloat("1.5e3x"), (0.1 + 0.2).toFixed(10), (1234.5678).toFixed(2), (1.005).toFixed(2), (25).toString(36), (255).toString(16).padStart(4, "0"), (1e21).toString(), 5e-7.toString(), (123.456).toPrecision(4), (0).toPrecision(1), Number.MAX_SAFE_INTEGER + 2, 2 ** 53 === 2 ** 53 + 1, -7 % 3, Math.round(-2.5), Math.sign(-0), 0.1 * 3, 1 / 3, (12345.6789).toExponential(2)];
//# JSON at its edges
return [JSON.stringify({ a: undefined, b: () => 1, c: Symbol("s"), d: NaN, e: new Date(0), f: [undefined, () => 1] }), JSON.stringify({ a: [1, { b: 2 }] }, null, 2), JSON.stringify("\u2028\ud800é"), JSON.stringify({ a: 1, b: 2, c: { a: 3 } }, ["a", "c"]), JSON.stringify({ a: 5 }, (k, v) => (typeof v === "number" ? v * 2 : v)), JSON.parse('{"a":[1,2,{"b":null}]}', (k, v) => (k === "b" ? "null!" : v)), JSON.stringify(new Map([[1, 2]])), JSON.stringify([new Set([1]), Object(5), Object("s")]), JSON.parse('"\\u0041\\n"'), JSON.stringify({ toJSON() { return { x: 1 }; } })];
