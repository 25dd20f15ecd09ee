//# arrays as they are now
const list = [{ k: "a", n: 1 }, { k: "b", n: 2 }, { k: "a", n: 3 }];
const by = list.reduce((all: any, it) => ({ ...all, [it.k]: [...(all[it.k] ?? []), it.n] }), {});
return [by, [1, 2, 3].findLastIndex((n) => n < 3), [3, 1, 2].toSorted(), [1, 2].toReversed(), [1, 2, 3].with(1, 9), [..."abc"].entries().next(), Array.from({ length: 3 }, (_, i) => i * 2), Array.of(7, 8), [1, [2, [3, [4]]]].flat(Infinity), [[1, 2], [3]].flatMap((it) => it)];
//# typed arrays and their methods
const t = new Float32Array([1.5, 2.25, -0]);
console.log(t, new Uint8ClampedArray([300, -5, 1.5]), new BigInt64Array([1n, -1n]), new DataView(new ArrayBuffer(4)));
return [t.at(-1), [...t.toSorted()], t.with(0, 3).join(), new Uint8Array([5, 1, 4]).subarray(1).toString(), Array.from(new Uint16Array([1, 2]).entries()), new Uint8Array(new Set([1, 2])).length, Object.is(t[2], -0)];
//# strings as they are now
return ["abc".at(-1), "a-b-c".replaceAll("-", "+"), "x".padStart(3, "ab"), "  a ".trimEnd() + "|", "ab\uD800".isWellFormed?.(), "ab\uD800".toWellFormed?.(), "abc".codePointAt(1), String.raw`a\n${1}`, "ß".toUpperCase(), "İ".toLowerCase().length, "a,b,,c".split(",", 3), "abcabc".lastIndexOf("b"), "résumé".normalize("NFD").length, "x".localeCompare("y"), "a".concat("b", 1 as any), "abc".substring(2, 0), "abc".substr(-2, 1), "tEST".charAt(0), "\u00df".localeCompare("ss"), "ǆ".toUpperCase()];
//# case in languages
return ["άέήίόύώ αβγ ΰ ΐ".toLocaleUpperCase("el"), "Άδειος ΆΔΕΙΟΣ".toLocaleUpperCase("el"), "ή".toLocaleUpperCase("el"), "μαΐου".toLocaleUpperCase("el"), "istanbul ISTANBUL".toLocaleUpperCase("tr"), "ISTANBUL İI".toLocaleLowerCase("tr"), "ıI".toLocaleLowerCase("az"), "straße ﬁ".toLocaleUpperCase("de"), "ΑΣ ΣΑΣ".toLocaleLowerCase("el"), "ΑΣ".toLowerCase(), "ijs".toLocaleUpperCase("nl"), "x".toLocaleUpperCase(["tr", "en"]), "i".toLocaleUpperCase("tr-TR"), "i".toLocaleUpperCase(undefined)];
//# numbers printed by console
console.log(-0, [-0, 0], 1e21, 1e-7, NaN, 123456789.123, 0x10, 1_000n, [1n], new Number(3), Number.MAX_SAFE_INTEGER);
console.log("%d %d %d %i %i %f %f", "42", 4.5, 10n, 4.9, "7px", "1.5x", "abc");
console.log("%s %s %s %s %s %s", "a", 1, -0, 10n, Symbol("x"), null, undefined);
console.log("%s %s", { a: 1 }, [1, { b: 2 }]);
console.log("%s %s", new Date(0), new Error("boom").message);
console.log("%o %O", { a: { b: { c: { d: 1 } } } }, { a: { b: { c: { d: 1 } } } });
console.log("%j %%, %c styled", { a: 1 }, "color: red");
console.log("%x", 1, 2);
console.log("100%", 5);
console.log("%", "a%");
//# objects printed by console
class P { x = 1; #y = 2; get z() { return 3; } static s = 1; }
class Q extends P { constructor() { super(); (this as any).self = this; } }
console.log(new P(), new Q(), P, Q);
console.log({ a: undefined, b: null, [Symbol("k")]: 1, "with-dash": 2, 3: 4, f() {}, g: () => {}, h: class {}, i: async () => {}, *j() {} });
console.log(Object.create(null), Object.create({ a: 1 }), Object.assign(Object.create(null), { x: 1 }), new (class {})());
console.log([[[[1]]]], { a: { b: { c: { d: 1 } } } }, [{ a: [{ b: 1 }] }]);
console.log(new Map<any, any>([["a", { b: new Map([[1, new Set([2])]]) }]]), new Set([[1], { a: 1 }]), new WeakMap(), new WeakSet());
console.log([undefined, null, , 3], [, ,], Array(3), Object.assign([1], { x: 2 }));
console.log("a\nb", ["a\nb", "it's", 'say "x"', "`'\""], { s: "multi\nline" });
console.log(Symbol("d"), [Symbol.iterator], { [Symbol.toStringTag]: "T" });
console.log(new Date(0), [new Date(NaN)], /a\/b/gi, [/x/], new RegExp("/"));
//# wide and long values printed by console
console.log(Array.from({ length: 120 }, (_, i) => i));
console.log(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key${i}`, "v".repeat(i)])));
console.log(Array.from({ length: 10 }, (_, i) => "item " + "x".repeat(i)));
console.log(new Set(Array.from({ length: 120 }, (_, i) => i)));
console.log(new Map(Array.from({ length: 105 }, (_, i) => [i, i])));
console.log("x".repeat(200), ["x".repeat(200)]);
console.log([[1, 2, 3], [4, 5, 6], [7, 8, 9]], { matrix: [[1, 0], [0, 1]], name: "n", tags: ["a", "b"], nested: { deep: { er: { est: true } } } });
//# circular references printed by console
const a: any = { name: "a", list: [] };
a.self = a; a.list.push(a, { a });
const m = new Map(); m.set("m", m);
const s = new Set(); s.add(s);
console.log(a, m, s, [a]);
const x: any = {}, y: any = { x }; x.y = y;
console.log(x, { x, y });
//# errors in all their forms
const short = (e: any) => `${e}`;
class ValidationError extends Error { constructor(message: string, public field: string) { super(message); this.name = "ValidationError"; } }
const e = new ValidationError("bad", "age");
const agg = new AggregateError([new Error("1"), new TypeError("2")], "many");
return [short(e), e instanceof ValidationError, e instanceof Error, Object.keys(e), JSON.stringify(e), short(agg), agg.errors.length, short(new Error("x", { cause: "y" })), new Error("x", { cause: 1 }).cause, "cause" in new Error("x"), Object.prototype.toString.call(e), short(new DOMException("m", "AbortError")), new DOMException("m", "AbortError").code, new DOMException().name, new DOMException("a") instanceof Error, typeof e.stack, Error("no new") instanceof Error, short(RangeError()), short(Object.assign(new Error("m"), { name: "" }))];
//# messages of errors that code makes
const tries: (() => unknown)[] = [() => JSON.parse("{bad"), () => JSON.parse(""), () => new Array(-1), () => "x".repeat(-1), () => (1).toFixed(101), () => BigInt(1.5), () => BigInt("x"), () => Symbol() + "", () => new Date(NaN).toISOString(), () => decodeURIComponent("%"), () => new RegExp("("), () => structuredClone(() => {}), () => atob("*"), () => btoa("€"), () => new URL("nope"), () => new Intl.NumberFormat("en", { style: "currency" }), () => crypto.getRandomValues(new Float32Array(1) as any), () => Object.defineProperty(Object.freeze({}), "a", { value: 1 }), () => null!["x" as never], () => (undefined as any)()];
return tries.map((f) => { try { f(); return "no error"; } catch (e: any) { return [e.constructor.name, e.name]; } });
//# errors printed inside of values
const strip = (e: any) => { e.stack = `${e.name}: ${e.message}\n    at here`; return e; };
console.log({ e: strip(new Error("inner")) });
console.log([strip(new TypeError("t"))], strip(new Error("outer", { cause: strip(new RangeError("why")) })));
console.log(strip(Object.assign(new Error("with props"), { code: "E_X", status: 404 })));
const noStack = new Error("plain"); noStack.stack = undefined; console.log(noStack);
const agg = new AggregateError([strip(new Error("a"))], "all"); agg.stack = "AggregateError: all\n    at here"; console.log(agg);
console.log("%s", strip(new Error("by s")));
console.log(`${strip(new SyntaxError("in text"))}`);
class MyError extends Error {} const mine = new MyError("mine"); mine.stack = "Error: mine\n    at here"; console.log(mine);
//# order of ticks, jobs, immediates and timers
const order: string[] = [];
setTimeout(() => order.push("timeout 0"), 0);
setTimeout(() => order.push("timeout 1"), 1);
setImmediate(() => order.push("immediate"));
queueMicrotask(() => order.push("micro"));
Promise.resolve().then(() => order.push("promise")).then(() => order.push("promise 2"));
process.nextTick(() => order.push("tick"));
process.nextTick(() => { order.push("tick 2"); process.nextTick(() => order.push("tick 3")); });
await new Promise((resolve) => setTimeout(resolve, 20));
return order.filter((it) => it !== "immediate");
//# ticks from timers and from jobs
const order: string[] = [];
await new Promise<void>((resolve) => setTimeout(() => {
  Promise.resolve().then(() => { order.push("job"); process.nextTick(() => order.push("tick of the job")); }).then(() => order.push("job 2"));
  process.nextTick((a: number, b: number) => { order.push(`tick ${a + b}`); Promise.resolve().then(() => order.push("job of the tick")); }, 1, 2);
  order.push("sync");
  setTimeout(resolve, 5);
}, 1));
return order;
//# a tick that awaits, and one after an await
const order: string[] = [];
process.nextTick(async () => { order.push("tick"); await null; order.push("after its await"); });
await Promise.resolve();
order.push("after await");
await new Promise((resolve) => process.nextTick(resolve));
order.push("after a tick");
return order;
//# microtasks nest before timers
const order: number[] = [];
const nest = (n: number) => { order.push(n); if (n < 5) queueMicrotask(() => nest(n + 1)); };
nest(0);
await new Promise((resolve) => setTimeout(resolve, 0));
order.push(99);
return order;
//# timers are objects in Node
const t = setTimeout(() => {}, 1000), i = setInterval(() => {}, 1000), im = setImmediate(() => {});
const has = (t as any)?.hasRef?.() ?? null;
(t as any).unref?.(); (t as any).ref?.(); (t as any).refresh?.();
clearTimeout(t); clearInterval(i); clearImmediate(im); clearTimeout(undefined); clearTimeout(null as any); clearTimeout("nonsense");
return "done";
//# Buffer without new
const B = Buffer as any;
return [B("abc").toString("hex"), B("616263", "hex").toString(), B(3).length, B([1, 2, 3]).toJSON(), new B("x") instanceof Buffer, B(Buffer.from("q")).toString(), B.from("é").length, Buffer.name, Buffer.length >= 0, class extends Buffer {}.name, Object.getPrototypeOf(Buffer) === Uint8Array, Buffer.prototype.constructor === Buffer, B("a").map((n: number) => n + 1) instanceof Buffer, B("a").constructor === Buffer];
//# Buffer reads and writes numbers
const b = Buffer.alloc(24);
b.writeUInt32BE(0xdeadbeef, 0); b.writeInt16LE(-2, 4); b.writeDoubleBE(Math.PI, 8); b.writeBigUInt64LE(2n ** 63n, 16); b.writeUIntBE(0x123456, 5, 3);
return [b.toString("hex"), b.readUInt32BE(0), b.readInt16LE(4), b.readDoubleBE(8), String(b.readBigUInt64LE(16)), b.readUIntBE(5, 3), b.readUint8(0), b.readIntLE(0, 6), b.readFloatLE(0) < 0];
//# Buffer finds, fills, compares, swaps
const b = Buffer.from("hello world");
return [b.indexOf("o"), b.lastIndexOf("o"), b.includes("wor"), b.indexOf(Buffer.from("ld")), b.indexOf(111, 5), b.equals(Buffer.from("hello world")), Buffer.compare(Buffer.from("a"), Buffer.from("b")), b.subarray(0, 5).toString(), b.slice(-5).toString(), Buffer.alloc(5, "ab").toString(), b.fill("z", 0, 2).toString(), Buffer.from([1, 2, 3, 4]).swap16().toString("hex"), b.toString("utf8", 6), b.write("HEY", 1), b.toString(), Buffer.byteLength("€"), Buffer.isBuffer(new Uint8Array(1)), Buffer.concat([Buffer.from("a"), Buffer.from("b")], 3).toString("hex"), Buffer.from("zz", "hex").length, Buffer.from("aGk", "base64").toString(), Buffer.from("aGk_-", "base64url").length, [...Buffer.from("ab").entries()], b.readUInt8(3)];
//# Buffer printed and converted
console.log(Buffer.from("abc"), [Buffer.from("x")], Buffer.alloc(60), Buffer.alloc(0), { b: Buffer.from([255]) });
return [JSON.stringify(Buffer.from("hi")), `${Buffer.from("str")}`, Buffer.from("a") + "", Buffer.from(JSON.parse(JSON.stringify(Buffer.from("hi")))).toString(), new Uint8Array(Buffer.from("ab")).join(), Buffer.from(new Uint16Array([256, 1]).buffer).toString("hex"), Buffer.from(new Uint16Array([257, 1])).toString("hex"), Buffer.from("€").toString("latin1"), Buffer.from("abc").toString("ascii"), Buffer.from("hi").toString("utf16le"), Buffer.from("hi", "utf16le").toString("hex"), Buffer.from("abc").toString("base64url"), typeof Buffer.poolSize, Buffer.from(new String("boxed") as any).toString(), Buffer.from([1.9, 256, -1, "3" as any, NaN]).toString("hex")];
//# process answers
return [typeof process.env, process.env.NOPE === undefined, typeof process.version, process.platform.length > 0, process.argv.length >= 1, typeof process.pid, process.cwd().startsWith("/"), Array.isArray(process.hrtime()), typeof process.hrtime.bigint(), process.uptime() >= 0, typeof process.stdout.write, typeof process.versions.node, Object.prototype.toString.call(process), typeof process.exit, typeof process.nextTick, typeof process.on, typeof process.emitWarning, typeof process.cpuUsage, typeof process.memoryUsage, typeof process.release.name, typeof process.arch, typeof process.title, "browser" in process, process.exitCode === undefined];
//# structuredClone of everything
const shared = { s: 1 };
const src: any = { a: [1, , 3], d: new Date(5), r: /x/gi, m: new Map([[shared, shared]]), s: new Set([shared]), u: undefined, n: null, big: 1n, nan: NaN, neg: -0, err: new RangeError("r", { cause: shared }), buf: new Uint8Array([1, 2]).subarray(1), bool: Object(false), str: Object("s"), shared, nested: { shared } };
src.self = src;
const c = structuredClone(src);
return [c.self === c, c.shared === c.nested.shared, [...c.m.keys()][0] === c.shared, c.s.has(c.shared), 1 in c.a, c.a.length, +c.d, String(c.r), c.r.lastIndex, "u" in c, Object.is(c.neg, -0), c.err instanceof RangeError, c.err.message, c.err.cause === undefined ? "none" : c.err.cause === c.shared, c.buf.byteOffset, c.buf.buffer.byteLength, typeof c.bool, typeof c.str, c !== src];
//# structuredClone of odd objects
class K { x = 1; get y() { return 2; } m() {} }
const sym = Symbol("s");
const odd: any = { [sym]: 1, get g() { return { once: true }; } };
Object.defineProperty(odd, "hidden", { value: 1, enumerable: false });
const arr: any = Object.assign([1, 2], { extra: "x" });
const log: string[] = [];
const ordered = structuredClone({ get a() { log.push("a"); return 1; }, b: [{ get c() { log.push("c"); return 2; } }], get d() { log.push("d"); return 3; } } as any);
const nul = Object.assign(Object.create(null), { q: 1 });
const proxied = (() => { try { return structuredClone(new Proxy({ a: 1 }, {})); } catch (e: any) { return e.name; } })();
const big: any = []; big.length = 5; big[2] = { deep: [big] };
const cb = structuredClone(big);
return [structuredClone(new K()), structuredClone(new K()) instanceof K, Object.getOwnPropertySymbols(structuredClone(odd)).length, structuredClone(odd), Object.keys(structuredClone(arr)), structuredClone(arr).extra, log, ordered, Object.getPrototypeOf(structuredClone(nul)) === Object.prototype, proxied, cb.length, Object.keys(cb), cb[2].deep[0] === cb, structuredClone("s"), structuredClone(null), structuredClone(undefined) === undefined, structuredClone(JSON.parse('{"__proto__": {"x": 1}}')), Object.keys(structuredClone({ 2: "b", 1: "a", z: 0 })), structuredClone(Object.freeze({ f: Object.freeze([1]) })), Object.isFrozen(structuredClone(Object.freeze({})))];
//# structuredClone refuses
const tries: [string, unknown][] = [["function", () => {}], ["symbol", Symbol("q")], ["nested", { a: { b: [function named() {}] } }], ["promise", Promise.resolve()], ["weakmap", new WeakMap()], ["weakref", { w: new WeakRef({}) }], ["symbol in array", [Symbol.iterator]], ["after data", { fine: [1, 2, { ok: true }], bad: () => 1 }]];
return tries.map(([name, value]) => { try { structuredClone(value); return name; } catch (e: any) { return [name, e.name, e.code, e instanceof DOMException, e.constructor.name]; } });
//# structuredClone transfers
const buf = new ArrayBuffer(8), view = new Uint8Array(buf); view[0] = 7;
const moved = structuredClone({ buf, view, other: new ArrayBuffer(2) }, { transfer: [buf] });
const { port1 } = new MessageChannel();
let twice; try { structuredClone(buf, { transfer: [new ArrayBuffer(1), 1 as any] }); } catch (e: any) { twice = e.name; }
port1.close();
return [buf.byteLength, moved.buf.byteLength, moved.view[0], moved.view.buffer === moved.buf, moved.other.byteLength, twice];
//# URL corners
const u = new URL("HTTP://User:Pa%20ss@EXAMPLE.com:80/a/../b/./c?x=1&x=2&y=%20#frag");
u.searchParams.append("z", "a b&c"); u.searchParams.delete("x", "1");
return [u.href, u.origin, u.host, u.port, u.username, u.password, [...u.searchParams], u.searchParams.size, URL.canParse("x:"), URL.canParse("/x"), new URL("//h/p", "https://b").href, new URL("?q", "https://b/p#f").href, new URL("https://münchen.de/ü?ü#ü").href, new URL("file:///a b").href, new URL("data:text/plain,hi").pathname, JSON.stringify({ u }), String(new URLSearchParams({ a: "1", b: "x y" })), new URLSearchParams("?a=1&a=2&b").getAll("a"), new URLSearchParams([["q", "1"]]).toString(), new URLSearchParams("a=%zz+b").get("a"), new URL("http://[::1]:3000").hostname, new URL("http://1.1/").hostname];
//# URLPattern is a global here and not in Node 20, so by regex
const match = /^\/users\/(?<id>\d+)(?:\/(?<rest>.*))?$/.exec("/users/42/posts/1");
return [match?.groups?.id, match?.groups?.rest, { ...match?.groups }];
//# URL and params printed
console.log(new URL("https://u:p@h:8/p?q=1#f"));
console.log(new URLSearchParams("a=1&b=2"), new URLSearchParams(), [new URLSearchParams("x=y")]);
console.log({ u: new URL("https://h/") });
//# web classes printed
console.log(new Headers({ a: "1", b: "2" }));
console.log(new AbortController().signal.aborted, new TextEncoder().encode("hi"));
console.log(new Blob(["abc"], { type: "text/plain" }));
console.log(new Event("x").type, new DOMException("m", "AbortError").message);
console.log(new TextDecoder().encoding, new TextEncoder().encoding);
console.log(Object.prototype.toString.call(new Headers()), Object.prototype.toString.call(new URL("x:y")), Object.prototype.toString.call(new Response()), Object.prototype.toString.call(crypto), Object.prototype.toString.call(performance), Object.prototype.toString.call(new FormData()), String(new Blob([])), String(new File([], "f")), String(AbortSignal.abort()), String(new ReadableStream()), String(globalThis), String(new TextDecoder()), String(new EventTarget()), String(crypto.subtle));
//# Blob and File
const b = new Blob(["hé", new Uint8Array([33]), new Blob(["llo"])], { type: "Text/Plain;charset=UTF-8" });
const f = new File([b], "a.txt", { type: "text/x", lastModified: 5 });
return [b.size, b.type, await b.text(), await b.slice(1, 3).text(), b.slice(-3).size, (await b.arrayBuffer()).byteLength, f.name, f.lastModified, f.type, f instanceof Blob, await f.text(), await new Response(b.stream()).text(), new Blob(["a\r\nb"], { endings: "transparent" }).size, new Blob([1 as any, {} as any]).size, (await new Blob([]).text()) === "", f.slice(0, 1).type, typeof b.stream().getReader];
//# FormData in parts
const f = new FormData();
f.append("a", "1"); f.append("a", "2"); f.set("b", new Blob(["x"], { type: "text/x" }), "n.txt"); f.append("c", 5 as any); f.append("d", new File(["y"], "o\"r\nig.txt"));
const res = new Response(f);
const type = res.headers.get("content-type")!;
const text = await res.text();
const back = await new Response(text, { headers: { "content-type": type } }).formData();
const again = await new Request("http://x/", { method: "POST", body: new URLSearchParams("p=1&q=%20") }).formData();
return [type.startsWith("multipart/form-data; boundary="), text.split(type.split("=")[1]).join("BOUNDARY"), [...back].map(([k, v]) => [k, typeof v === "string" ? v : v.name]), f.getAll("a"), f.has("z"), [...again], (f.get("b") as File).name, (f.get("b") as File).type, f.get("nope"), [...f.keys()]];
//# Headers
const h = new Headers([["X-A", " 1 "], ["x-a", "2"], ["Set-Cookie", "a=1"], ["set-cookie", "b=2; Path=/"]]);
h.append("Accept", "text/html"); h.set("B", "x"); h.delete("nope");
const bad = (f: () => void) => { try { f(); return "fine"; } catch (e: any) { return e.name; } };
return [h.get("x-a"), h.get("Set-Cookie"), h.getSetCookie(), [...h], h.has("ACCEPT"), h.get("missing"), Object.fromEntries(h), bad(() => h.set("bad name", "x")), bad(() => h.set("a", "x\ny")), bad(() => new Headers(5 as any)), bad(() => new Headers([["a"]] as any)), [...new Headers({ b: "1", a: "2" }).keys()], new Headers(h).get("b"), [...h.values()].length];
//# Request and Response
const r = new Request("https://h/p?q", { method: "post", body: "hi", headers: { a: "b" } });
const c = r.clone();
const s = Response.json({ a: 1 }, { status: 201, headers: { "x-y": "z" } });
const d = new Response("body", { status: 404, statusText: "Nope" });
const e = d.clone();
const bad = (f: () => unknown) => { try { f(); return "fine"; } catch (err: any) { return err.name; } };
return [r.method, r.url, r.headers.get("content-type"), r.headers.get("a"), await c.text(), c.bodyUsed, r.bodyUsed, s.status, s.ok, s.headers.get("content-type"), await s.json(), d.ok, d.statusText, await e.text(), await d.text(), d.bodyUsed, Response.error().type, Response.redirect("https://h/", 302).headers.get("location"), bad(() => new Response("x", { status: 99 })), bad(() => new Response("x", { status: 204 })), bad(() => new Request("https://h", { method: "GET", body: "x" })), bad(() => new Request("/rel")), bad(() => Response.redirect("https://h", 200)), new Response(null).body, new Response("").body !== null, r.redirect, r.mode, r.cache, r.credentials, r.signal.aborted, new Response(new Uint8Array([104, 105])).headers.get("content-type"), await new Response(new Uint8Array([104, 105])).text(), new Response().type];
//# a body is read once
const r = new Response("x"); await r.text();
const out: string[] = [];
try { await r.text(); } catch (e: any) { out.push(e.name); }
try { r.clone(); } catch (e: any) { out.push(e.name); }
try { await new Response("{bad").json(); } catch (e: any) { out.push(e.name); }
const l = new Response("y"); l.body!.getReader();
try { await l.text(); } catch (e: any) { out.push(e.name); }
out.push(String(l.body!.locked));
return out;
//# signals
const t0 = AbortSignal.timeout(5);
const c = new AbortController();
const any = AbortSignal.any([c.signal, t0]);
const seen: string[] = [];
any.addEventListener("abort", (e) => seen.push(`${e.type} ${any.reason.name}`));
any.onabort = () => seen.push("onabort");
await new Promise((resolve) => setTimeout(resolve, 30));
c.abort(new Error("late"));
const done = AbortSignal.abort("why");
let thrown; try { done.throwIfAborted(); } catch (e) { thrown = e; }
const d = new AbortController(); d.abort();
return [seen, any.aborted, t0.reason.name, t0.reason.code, t0.reason.message, thrown, d.signal.reason.name, d.signal.reason.message, d.signal.reason.code, AbortSignal.any([]).aborted, AbortSignal.any([done]).reason, c.signal.reason.message];
//# events
const t = new EventTarget(), log: unknown[] = [];
const h = { handleEvent(e: Event) { log.push(["object", e.type, this === h]); } };
t.addEventListener("x", h); t.addEventListener("x", h); t.addEventListener("x", (e) => { log.push((e as CustomEvent).detail); e.preventDefault(); e.stopImmediatePropagation(); }, { once: true }); t.addEventListener("x", () => log.push("never at first"));
const first = t.dispatchEvent(new CustomEvent("x", { detail: { n: 1 }, cancelable: true }));
const second = t.dispatchEvent(new Event("x"));
const e = new Event("y", { bubbles: true, cancelable: true, composed: true });
t.removeEventListener("x", h);
return [log, first, second, e.bubbles, e.cancelable, e.composed, e.defaultPrevented, e.target, e.eventPhase, e.isTrusted, typeof e.timeStamp, new CustomEvent("z").detail, Event.AT_TARGET, e.composedPath()];
//# channels
const { port1, port2 } = new MessageChannel();
const got: unknown[] = [];
const done = new Promise<void>((resolve) => { port2.onmessage = (e) => { got.push(e.data); if (got.length === 3) resolve(); }; });
port1.postMessage({ a: new Date(0) }); port1.postMessage([1, new Map([[1, 2]])]); const buf = new ArrayBuffer(4); port1.postMessage(buf, [buf]);
await done;
let bad; try { port1.postMessage(() => {}); } catch (e: any) { bad = e.name; }
port1.close(); port2.close();
return [(got[0] as any).a instanceof Date, (got[1] as any)[1].get(1), (got[2] as ArrayBuffer).byteLength, buf.byteLength, bad];
//# marks and measures
performance.clearMarks();
const a = performance.mark("a", { detail: { x: 1 } }), b = performance.mark("b", { startTime: a.startTime + 5 });
const m = performance.measure("a to b", "a", "b"), n = performance.measure("n", { start: 1, end: 4, detail: "d" });
let bad; try { performance.measure("x", "nope"); } catch (e: any) { bad = e.name; }
const names = performance.getEntriesByType("mark").map((it) => it.name);
const byName = performance.getEntriesByName("a to b").length;
performance.clearMarks("a"); performance.clearMeasures();
return [a.entryType, a.duration, a.detail, Math.round(m.duration), n.duration, n.startTime, n.detail, bad, names, byName, performance.getEntriesByType("mark").length, performance.getEntriesByType("measure").length, performance.now() > 0, performance.timeOrigin > 1e12, Object.keys(a.toJSON()).sort(), typeof performance.toJSON().timeOrigin];
//# decoders
const bytes = new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff]);
const bad = (f: () => unknown) => { try { return f(); } catch (e: any) { return [e.name, e.code ?? null]; } };
const stream = new TextDecoder();
return [new TextDecoder().decode(bytes), new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).charCodeAt(0), bad(() => new TextDecoder("utf-8", { fatal: true }).decode(bytes)), bad(() => new TextDecoder("nope")), new TextDecoder("latin1").encoding, new TextDecoder("utf-16").encoding, new TextDecoder("shift_jis").decode(new Uint8Array([0x82, 0xa0])), new TextDecoder("gbk").decode(new Uint8Array([0xc4, 0xe3])), new TextDecoder("euc-kr").decode(new Uint8Array([0xb0, 0xa1])), new TextDecoder("windows-1251").decode(new Uint8Array([0xcf])), stream.decode(new Uint8Array([0xe2, 0x82]), { stream: true }) + stream.decode(new Uint8Array([0xac])), new TextDecoder().decode(), new TextDecoder().fatal, new TextDecoder().ignoreBOM, new TextEncoder().encodeInto("é€", new Uint8Array(4)), [...new TextEncoder().encode("\uD800")], new TextDecoder(" UTF8 ").encoding, new TextDecoder().decode(new Uint16Array([0x6161])), new TextDecoder().decode(new DataView(new ArrayBuffer(1))), [...new TextEncoder().encode(undefined)].length, [...new TextEncoder().encode(null as any)].length];
//# digests and signatures
const hex = (b: ArrayBuffer) => Buffer.from(b).toString("hex");
const data = new TextEncoder().encode("abc");
const key = await crypto.subtle.importKey("raw", data, { name: "HMAC", hash: "SHA-512" }, true, ["sign", "verify"]);
const sig = await crypto.subtle.sign("HMAC", key, data);
const jwk = await crypto.subtle.exportKey("jwk", key);
const made = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
return [hex(await crypto.subtle.digest("SHA-1", data)), hex(await crypto.subtle.digest({ name: "sha-384" }, data)).slice(0, 16), hex(sig).slice(0, 32), await crypto.subtle.verify("HMAC", key, sig, data), await crypto.subtle.verify("HMAC", key, new Uint8Array(3), data), jwk, key.type, key.algorithm, key.usages, key.extractable, (made as CryptoKey).algorithm, (await crypto.subtle.exportKey("raw", made as CryptoKey)).byteLength, Object.prototype.toString.call(key)];
//# derived keys and ciphers
const hex = (b: ArrayBuffer) => Buffer.from(b).toString("hex");
const enc = (s: string) => new TextEncoder().encode(s);
const base = await crypto.subtle.importKey("raw", enc("password"), "PBKDF2", false, ["deriveBits", "deriveKey"]);
const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", salt: enc("salt"), iterations: 10, hash: "SHA-256" }, base, 256);
const aes = await crypto.subtle.deriveKey({ name: "PBKDF2", salt: enc("salt"), iterations: 10, hash: "SHA-256" }, base, { name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
const hk = await crypto.subtle.importKey("raw", enc("ikm"), "HKDF", false, ["deriveBits"]);
const okm = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: enc("s"), info: enc("i") }, hk, 128);
const iv = new Uint8Array(12), ct = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: enc("aad") }, aes, enc("secret"));
const cbc = await crypto.subtle.importKey("raw", new Uint8Array(16), "AES-CBC", true, ["encrypt", "decrypt"]);
const c2 = await crypto.subtle.encrypt({ name: "AES-CBC", iv: new Uint8Array(16) }, cbc, enc("secret"));
const ctr = await crypto.subtle.importKey("raw", new Uint8Array(32), "AES-CTR", true, ["encrypt", "decrypt"]);
const c3 = await crypto.subtle.encrypt({ name: "AES-CTR", counter: new Uint8Array(16), length: 64 }, ctr, enc("secret"));
let bad; try { await crypto.subtle.decrypt({ name: "AES-GCM", iv }, aes, new Uint8Array(ct).map((n) => n ^ 1)); } catch (e: any) { bad = [e.name, e instanceof DOMException]; }
return [hex(bits), hex(await crypto.subtle.exportKey("raw", aes)), hex(okm), hex(ct), hex(c2), hex(c3), Buffer.from(await crypto.subtle.decrypt({ name: "AES-CBC", iv: new Uint8Array(16) }, cbc, c2)).toString(), bad, aes.algorithm, await crypto.subtle.exportKey("jwk", cbc)];
//# names of errors of crypto
const attempt = async (f: () => unknown) => { try { await f(); return "fine"; } catch (e: any) { return e.name; } };
const enc = (s: string) => new TextEncoder().encode(s);
const mac = await crypto.subtle.importKey("raw", enc("k"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
return Promise.all([() => crypto.subtle.digest("MD5", enc("x")), () => crypto.subtle.digest("SHA-256", "text" as any), () => crypto.subtle.importKey("raw", enc("k"), { name: "HMAC", hash: "SHA-256" }, false, []), () => crypto.subtle.importKey("raw", enc("k"), { name: "HMAC", hash: "SHA-256" }, false, ["encrypt"]), () => crypto.subtle.verify("HMAC", mac, enc("s"), enc("d")), () => crypto.subtle.importKey("raw", enc("short"), "AES-GCM", false, ["encrypt"]), () => crypto.subtle.importKey("jwk", { kty: "oct" } as any, "AES-GCM", false, ["encrypt"]), () => crypto.subtle.generateKey({ name: "AES-GCM", length: 100 }, true, ["encrypt"]), () => crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, []), () => crypto.subtle.importKey("nope" as any, enc("k"), "AES-GCM", false, []), () => crypto.getRandomValues(new Uint8Array(65537)), () => crypto.getRandomValues([1] as any), () => crypto.subtle.sign("RSA-PSS" as any, mac, enc("x")), () => crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, mac, enc("x")), () => crypto.subtle.importKey("raw", enc(""), { name: "HMAC", hash: "SHA-256" }, false, ["sign"])].map(attempt));
//# random values
const a = crypto.getRandomValues(new Uint8Array(16)), b = crypto.randomUUID();
return [a.length, a.some((n) => n !== 0), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(b), b !== crypto.randomUUID(), crypto.getRandomValues(new BigUint64Array(1)).length, Math.random() !== Math.random(), crypto.getRandomValues(Buffer.alloc(2)) instanceof Buffer];
//# streams iterated
const from = (ReadableStream as any).from;
const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } });
const out: unknown[] = [];
for await (const it of s) out.push(it);
const t = new ReadableStream({ pull(c) { c.enqueue("x"); }, cancel(r) { out.push(["cancel", r ?? null]); } });
for await (const it of t) { out.push(it); break; }
for await (const it of (new ReadableStream({ start(c) { c.enqueue("v"); c.close(); } }) as any).values({ preventCancel: true })) out.push(it);
try { for await (const it of new ReadableStream({ start(c) { c.error(new Error("broken")); } })) out.push(it); } catch (e: any) { out.push(e.message); }
if (from) for await (const it of from((async function* () { yield "a"; yield "b"; })())) out.push(it);
const { readable, writable } = new TransformStream({ transform(c, k) { k.enqueue(c * 2); }, flush(k) { k.enqueue("end"); } });
const w = writable.getWriter(); w.write(21); w.close();
for await (const it of readable) out.push(it);
return out;
//# streams piped and joined
const src = new Blob(["line 1\nline 2\nlast"]).stream().pipeThrough(new TextDecoderStream());
let text = ""; for await (const it of src) text += it;
const zipped = new Response(new Blob(["x".repeat(1000)]).stream().pipeThrough(new CompressionStream("gzip")));
const buf = await zipped.arrayBuffer();
const back = await new Response(new Response(buf).body!.pipeThrough(new DecompressionStream("gzip"))).text();
const seen: number[] = [];
await new ReadableStream({ start(c) { [1, 2, 3].forEach((n) => c.enqueue(n)); c.close(); } }).pipeTo(new WritableStream({ write(n) { seen.push(n); } }));
const [l, r] = new ReadableStream({ start(c) { c.enqueue("t"); c.close(); } }).tee();
const byob = new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint8Array([1, 2, 3])); c.close(); } }).getReader({ mode: "byob" });
const first = await byob.read(new Uint8Array(2));
let bad; try { new DecompressionStream("br" as any); } catch (e: any) { bad = e.name; }
let garbage; try { await new Response(new Blob(["not gzip"]).stream().pipeThrough(new DecompressionStream("gzip"))).text(); } catch (e: any) { garbage = e.name; }
return [text, buf.byteLength < 100, back.length, seen, await new Response(l.pipeThrough(new TextEncoderStream())).text(), (await r.getReader().read()).value, [...first.value!], first.done, bad, typeof garbage, new CountQueuingStrategy({ highWaterMark: 2 }).highWaterMark, new ByteLengthQueuingStrategy({ highWaterMark: 5 }).highWaterMark];
//# number formats
const f = (o?: Intl.NumberFormatOptions, l = "en-US", n: number | bigint = 1234567.891) => new Intl.NumberFormat(l, o).format(n);
return [f(), f({ style: "currency", currency: "USD" }), f({ style: "currency", currency: "EUR" }, "de-DE"), f({ style: "currency", currency: "JPY" }, "ja-JP"), f({ style: "percent" }, "en", 0.256), f({ style: "percent", maximumFractionDigits: 1 }, "fr", 0.256), f({ notation: "compact" }), f({ notation: "compact", compactDisplay: "long" }), f({ notation: "scientific" }), f({ notation: "engineering" }), f({ style: "unit", unit: "kilometer-per-hour" }), f({ style: "unit", unit: "megabyte", unitDisplay: "long" }), f({ maximumSignificantDigits: 3 }), f({ minimumFractionDigits: 5 }), f({ useGrouping: false }), f({ signDisplay: "always" }), f({ signDisplay: "exceptZero" }, "en", 0), f({ currency: "USD", style: "currency", currencySign: "accounting" }, "en", -5), f({ currency: "USD", style: "currency", currencyDisplay: "name" }, "en", 1), f({}, "en-IN"), f({}, "ar-EG"), f({}, "hi"), f({ minimumIntegerDigits: 5 }, "en", 42), f({}, "en", 12345678901234567890n), f({ roundingMode: "floor", maximumFractionDigits: 0 } as any, "en", -1.5), f({}, "en", NaN), f({}, "en", -Infinity), f({}, "en", -0), (1234.5).toLocaleString("de-CH"), (0.1 + 0.2).toLocaleString(), (1e21).toLocaleString("en"), (5).toLocaleString("en", { style: "currency", currency: "usd", minimumFractionDigits: 0 }), [1234.5, new Date(0)].toLocaleString("en-US", { timeZone: "UTC" })];
//# number formats in parts and ranges
const nf = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
return [nf.formatToParts(-1234.5), nf.resolvedOptions(), (nf as any).formatRange?.(1, 5), (nf as any).formatRange?.(1, 1), new Intl.NumberFormat("en", { style: "unit", unit: "liter" }).resolvedOptions().unit, Intl.NumberFormat.supportedLocalesOf(["en", "xx", "de"]), Intl.NumberFormat("en").format(5)];
//# date formats
const d = new Date(Date.UTC(2024, 1, 5, 15, 7, 9, 45));
const f = (o: Intl.DateTimeFormatOptions, l = "en-US") => new Intl.DateTimeFormat(l, { timeZone: "UTC", ...o }).format(d);
return [f({}), f({ dateStyle: "full" }), f({ dateStyle: "long", timeStyle: "short" }), f({ dateStyle: "medium", timeStyle: "medium" }), f({ timeStyle: "full" }), f({ dateStyle: "short" }, "de"), f({ weekday: "short" }), f({ month: "long" }), f({ month: "narrow" }), f({ year: "numeric", month: "2-digit", day: "2-digit" }), f({ hour: "numeric" }), f({ hour: "2-digit", minute: "2-digit", hour12: false }), f({ hour: "numeric", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 2 } as any), f({ era: "short" }), f({ dayPeriod: "long", hour: "numeric" } as any), f({ timeZoneName: "short" }), f({ timeZone: "America/New_York", timeZoneName: "long" }), f({ timeZone: "Asia/Kolkata", timeZoneName: "shortOffset", hour: "numeric" } as any), f({ year: "numeric", month: "short" }, "fr"), f({ weekday: "long", day: "numeric", month: "long" }, "es"), f({ dateStyle: "full" }, "ja"), f({ dateStyle: "long" }, "zh-CN"), f({ dateStyle: "medium" }, "ko"), f({ dateStyle: "long" }, "ar"), f({ dateStyle: "long" }, "hi"), f({ dateStyle: "long" }, "ru"), f({ dateStyle: "short", timeStyle: "short" }, "en-GB"), f({ year: "2-digit" }), d.toLocaleDateString("en-US", { timeZone: "UTC" }), d.toLocaleTimeString("en-US", { timeZone: "UTC" }), d.toLocaleString("sv-SE", { timeZone: "UTC" }), d.toLocaleDateString("en-CA", { timeZone: "UTC" }), d.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", timeZone: "UTC" }), d.toLocaleDateString(undefined, { month: "short", day: "numeric", timeZone: "UTC" })];
//# date ranges and parts
const a = new Date(Date.UTC(2024, 0, 10, 9)), b = new Date(Date.UTC(2024, 0, 12, 17, 30));
const df = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeZone: "UTC" });
const bad = (f: () => unknown) => { try { return f(); } catch (e: any) { return [e.name, e.message]; } };
return [df.formatRange(a, b), df.formatRange(a, a), df.formatToParts(a), df.resolvedOptions(), new Intl.DateTimeFormat("en-US", { hour: "numeric", timeZone: "UTC" }).formatRange(a, b), bad(() => df.format(NaN)), bad(() => new Intl.DateTimeFormat("en", { timeZone: "Mars/Base" })), bad(() => new Intl.DateTimeFormat("en", { dateStyle: "short", hour: "numeric" })), bad(() => new Intl.DateTimeFormat("xx-invalid-locale-!!")), bad(() => a.toLocaleDateString("en", { timeStyle: "short" })), df.formatRangeToParts(a, b).length];
//# other formats
const pr = new Intl.PluralRules("en", { type: "ordinal" });
const rtf = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
return [[1, 2, 3, 4, 11, 21, 102].map((n) => pr.select(n)), new Intl.PluralRules("ru").select(3), rtf.format(-1, "day"), rtf.format(2, "weeks" as any), rtf.format(0, "year"), new Intl.RelativeTimeFormat("de").format(-3, "month"), new Intl.RelativeTimeFormat("en", { style: "narrow" }).format(5, "hour"), rtf.formatToParts(10, "second"), new Intl.ListFormat("en").format(["a", "b", "c"]), new Intl.ListFormat("en", { type: "disjunction" }).format(["a", "b"]), new Intl.ListFormat("de", { style: "narrow", type: "unit" }).format(["x", "y", "z"]), new Intl.DisplayNames("en", { type: "region" }).of("DE"), new Intl.DisplayNames("fr", { type: "language" }).of("en-US"), new Intl.DisplayNames("en", { type: "currency" }).of("EUR"), new Intl.DisplayNames("de", { type: "script" }).of("Latn"), [...new Intl.Segmenter("en", { granularity: "word" }).segment("Hi, you!")].map((s) => [s.segment, s.isWordLike]), [...new Intl.Segmenter("en", { granularity: "grapheme" }).segment("👨‍👩‍👧é")].length, [...new Intl.Segmenter("en", { granularity: "sentence" }).segment("A b. C d? E.")].map((s) => s.segment), new Intl.Locale("zh-Hant-TW").language, new Intl.Locale("en-US", { hourCycle: "h12" }).toString(), new Intl.Locale("sr").maximize().toString(), Intl.getCanonicalLocales(["EN-us", "zh-hans"]), Intl.supportedValuesOf("currency").includes("EUR"), ["z", "ä", "a"].sort(new Intl.Collator("de").compare), ["z", "ä", "a"].sort(new Intl.Collator("sv").compare), ["10", "9", "1"].sort(new Intl.Collator(undefined, { numeric: true }).compare), "a".localeCompare("A", "en", { sensitivity: "base" }), "résumé".localeCompare("resume", "en", { sensitivity: "accent" }), Intl.DateTimeFormat().resolvedOptions().timeZone, Intl.DateTimeFormat().resolvedOptions().locale, Object.prototype.toString.call(Intl)];
//# dates as text
const d = new Date(2024, 1, 29, 13, 5, 7, 9);
return [d.toString(), d.toDateString(), d.toTimeString(), d.toISOString(), d.toUTCString(), d.toJSON(), String(new Date(NaN)), d.getTimezoneOffset(), d.toLocaleString(), d.toLocaleDateString(), d.toLocaleTimeString(), `${d}`.length, +new Date("2024-02-29"), +new Date("2024-02-29T00:00"), new Date(2024, 0, 31).getMonth(), new Date(0, 0).getFullYear(), Date.UTC(2024), new Date(8.64e15 + 1).getTime(), new Date("2024-02-30").getTime(), new Date(2024, 1, 30).toISOString(), Date.parse("Thu, 01 Jan 1970 00:00:00 GMT"), Date.parse("2024-01-01 00:00:00Z"), Date.parse("2024-1-1"), Date.parse("Jan 1 2024 3:04 PM"), new Date(2019, 12).getFullYear(), typeof Date(), new Date(new Date(7)).getTime(), new Date("1").getFullYear(), new Date(undefined as any).getTime(), new Date(null as any).getTime(), new Date("2024-06-15T12:00:00+05:30").toISOString()];
//# JSON at work
return [JSON.stringify({ a: [undefined, () => {}, Symbol()], b: undefined, d: new Date(0), n: NaN, i: Infinity, m: new Map([[1, 2]]), s: new Set([1]), nested: { toJSON: () => "tj" }, neg: -0 }), JSON.stringify("\u2028\ud800\u0007\"\\"), JSON.stringify({ b: 1, a: 2 }, ["a"]), JSON.stringify([1, [2]], null, "--"), JSON.stringify({}, null, 2), JSON.stringify([], null, 2), JSON.stringify(Object(1n) && null), JSON.parse("[1,2]", (k, v) => (typeof v === "number" ? v + 1 : v)), JSON.parse(' {"a":1e3, "b":"\\u00e9"} '), JSON.stringify(new Date(NaN)), JSON.stringify({ [Symbol("x")]: 1 }), JSON.stringify(Object.create({ inherited: 1 })), JSON.stringify(new (class { x = 1; get y() { return 2; } })()), JSON.stringify("x"), JSON.stringify(null), JSON.stringify(undefined) === undefined];
//# a table with many kinds of rows
console.table([{ a: 1, b: "x" }, { a: 2, c: true }]);
console.table([[1, 2], [3, 4]]);
console.table(["p", "q"]);
console.table([{ name: "日本", n: 1 }, { name: "é", n: null }]);
console.table(new Map<string, unknown>([["k", 1], ["l", { z: 1 }]]));
console.table(new Set([1, "two"]));
console.table({ r1: { c: 1 }, r2: { c: 2 } });
console.table([{ a: 1, b: 2 }], ["b"]);
console.table([1, { a: [1, 2, 3, 4, 5], o: { p: 1, q: 2, r: 3 } }]);
console.table([]); console.table({}); console.table(5); console.table("text"); console.table(null); console.table(undefined);
console.table([["it's", 'q"q', "a\nb", -0, 1.5, 10n, undefined, null, Symbol("s"), () => {}, new Date(0), /x/]]);
//# console in its other forms
console.group("G"); console.info("in"); console.group(); console.warn("two\nlines"); console.groupEnd(); console.groupEnd(); console.error("out");
console.count(); console.count("x"); console.count(); console.countReset(); console.count();
console.assert(true, "no"); console.assert(false, "yes %s", 1); console.assert(false); console.assert(false, { a: 1 });
console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 }); console.dir({ a: { b: { c: { d: 1 } } } }, { depth: null });
console.debug("d", 1, { a: 1 }); console.log(); console.log(""); console.log(undefined, null); console.dirxml({ a: 1 }, [2]);
console.log("a", "b", 1, true, [1], { a: 1 }, null, undefined, "c"); console.log({ s: "str" }, "str", ["str"]);
//# iterators, generators and their helpers
function* g() { const x: number = yield 1; yield x * 2; return 9; }
const it = g();
const ag = (async function* () { yield 1; yield 2; })();
return [it.next(), it.next(5), it.next(), it.next(), [...g()].length, await ag.next(), await ag.return(7 as any), Object.prototype.toString.call(it), [...new Map([[1, 2]]).keys()], Array.from("héllo".matchAll(/l/g), (m) => m.index), Object.fromEntries(new Map([["a", 1]])), [...Array(3).keys()], Math.max(...new Set([1, 5, 3]))];
//# weak references and registries
const r = new WeakRef({ a: 1 }); const fr = new FinalizationRegistry(() => {});
fr.register({}, 1);
return [typeof r.deref, String(r), String(fr), Symbol.for("x") === Symbol.for("x"), Symbol.keyFor(Symbol.for("y")), Symbol("d").description, typeof SharedArrayBuffer, typeof Atomics, typeof WebAssembly === "undefined" ? "none" : "some" && "none", typeof globalThis.queueMicrotask, typeof globalThis.reportError === "function" || true, globalThis === (0, eval)("this"), typeof global];
//# promises in detail
const log: unknown[] = [];
const s = await Promise.allSettled([1, Promise.reject(new Error("x")), new Promise((r) => setTimeout(r, 1, "late"))]);
const any = await Promise.any([Promise.reject(1), Promise.resolve(2)]);
let agg; try { await Promise.any([Promise.reject(1)]); } catch (e: any) { agg = [e.constructor.name, e.errors]; }
const race = await Promise.race([new Promise((r) => setTimeout(r, 20, "slow")), "now"]);
await Promise.reject(new Error("f")).catch((e) => log.push(e.message)).finally(() => log.push("fin"));
const thenable = await { then(r: (v: number) => void) { r(42); } };
let sync; try { new Promise((_, rej) => { throw new Error("in executor"); }).catch((e) => log.push(e.message)); sync = "kept"; } catch { sync = "thrown"; }
await null;
return [s.map((x) => x.status), any, agg, race, log, thenable, sync, String(Promise.resolve()), Promise.resolve(Promise.resolve(1)) instanceof Promise];
//# decimal and integer corners
return [0.1 + 0.2, (1.005).toFixed(2), (1e21).toFixed(2), (25).toString(36), parseInt("08"), parseInt("0x1f"), parseFloat(".5e1x"), Number(""), Number(" 12 "), Number("1,2"), Number([5]), Number(null), Number("0b11"), +true, Math.round(-0.5), Math.round(2.5), Math.sign(-3), Math.trunc(-4.7), Math.hypot(3, 4), Math.cbrt(27), Math.log2(8), Math.fround(5.5), Math.clz32(1), Math.imul(3, 4), (123.456).toPrecision(4), (0.00001).toString(), (1e-7).toFixed(10), 5 % -3, -5 % 3, 2 ** -1, 7n / 2n + "", (-7n % 3n) + "", BigInt.asUintN(8, 257n) + "", Number.EPSILON > 0, Number.isSafeInteger(2 ** 53), (255).toString(2), (-255).toString(16), (0.5).toString(2), Number("Infinity"), Number.parseFloat("1_000"), 0 === -0, Object.is(NaN, NaN), [1, 10, 2].sort(), ["b", undefined, "a"].sort(), (12.5).toString(8), 1e300 * 1e10, 0.1 * 3, 9007199254740993, 4.35 * 100, 1.1 + 2.2];
//# regular expressions in detail
return ["2024-01-02".match(/(?<y>\d+)-(?<m>\d+)/)?.groups?.y, "aBc".replace(/b/i, (m) => m.toUpperCase() + "!"), "a1b2".split(/(\d)/), [..."a1b22".matchAll(/\d+/g)].map((m) => [m[0], m.index]), /(?<=\$)\d+/.exec("cost $42")?.[0], /^\p{Lu}/u.test("É"), "x".replace("x", "$&$&$$"), "John Smith".replace(/(\w+)\s(\w+)/, "$2, $1"), /a.c/s.test("a\nc"), /^b/m.test("a\nb"), new RegExp("a+", "gy").flags, /[\u{1F600}-\u{1F64F}]/u.test("😀"), "aaa".lastIndexOf("a"), "abc".search(/c/), /(a)|(b)/.exec("b"), "a.b*c".replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), /\bfoo\b/.test("a foo b"), "ａ".normalize("NFKC"), /(\d+)(?!px)/.exec("12em")?.[1], /(?:a|ab)(?:c|bcd)(?:d*)/.exec("abcd")?.[0], String(/[/]\//), RegExp("").source, /x/d.exec("ax")?.indices?.[0], "A-B_C".toLowerCase().replace(/[-_](.)/g, (_, c) => c.toUpperCase())];
//# classes in detail
class A { static #n = 0; #v; static make() { A.#n++; return new A(A.#n); } constructor(v: number) { this.#v = v; } get v() { return this.#v; } set v(x) { this.#v = x; } static { (this as any).ready = true; } has(o: object) { return #v in o; } [Symbol.toPrimitive](hint: string) { return hint === "number" ? this.#v : `A(${this.#v})`; } *[Symbol.iterator]() { yield this.#v; } static get [Symbol.species]() { return Array; } toJSON() { return { v: this.#v }; } }
const a = A.make(), b = A.make();
b.v += 10;
return [a.v, b.v, (A as any).ready, a.has(b), a.has({}), `${a}`, +b, [...b], JSON.stringify([a]), a + "", A.name, A.length, typeof A, Object.getOwnPropertyNames(A.prototype), new (class extends Array { last() { return this[this.length - 1]; } })(1, 2, 3).last(), Object.getOwnPropertyNames(a)];
//# optional and default habits
const cfg: any = { a: { b: null }, list: [0, "", null, undefined, NaN, false] };
const { a: { b = "default", c = "c" } = {} as any, ...rest } = cfg;
let n: any = null; n ??= 5; let z: any = 0; z ||= 7; let q: any = 1; q &&= 2;
return [cfg?.a?.b?.c, cfg.x?.y.z, cfg.f?.(), cfg.list?.[1], b, c, rest, n, z, q, cfg.list.filter(Boolean), cfg.list.map((x: any) => x ?? "d"), delete cfg.a, Object.keys(cfg), void 0 === undefined, [..."ab"].map((ch, i, arr) => `${ch}${i}${arr.length}`), (({ x = 1, y: { z: w = 2 } = {} } = {} as any) => [x, w])(), Object.entries({ x: 1, y: [2] }), Object.assign({}, null, { a: 1 }, "hi"), structuredClone({ ...cfg, extra: 1 })];
//# text encoders that LLMs reach for
return [encodeURIComponent("a b&c=d/é'()*"), encodeURI("http://x/a b?q=é#h"), escape("é ü+"), unescape("%u20AC%E9"), decodeURI("%41%2F"), btoa("hi"), atob("aGk="), atob(" aG k "), Buffer.from("é").toString("base64"), new TextEncoder().encode("😀").length, "😀".length, [..."😀"].length, "\u{1F600}".codePointAt(0), String.fromCodePoint(0x1f600), String.fromCharCode(0x20ac), "abc".split("").reverse().join("")];
//# sorting and comparing habits
const people = [{ n: "Zoë", a: 30 }, { n: "adam", a: 25 }, { n: "Émile", a: 25 }, { n: "Bob", a: 30 }];
return [people.toSorted((x, y) => x.a - y.a || x.n.localeCompare(y.n)).map((p) => p.n), people.map((p) => p.n).sort(), people.map((p) => p.n).sort((a, b) => a.localeCompare(b)), people.map((p) => p.n).sort(Intl.Collator("en", { sensitivity: "base" }).compare), ["item 10", "item 9", "Item 1"].sort((a, b) => a.localeCompare(b, undefined, { numeric: true })), [true, false].sort(), [3, undefined, 1].sort(), [[2, "b"], [1, "z"]].sort(), ["ä", "a", "z"].sort(), [0, -0, NaN].indexOf(NaN), [NaN].includes(NaN), "a" < "B", "10" < "9", ("10" as any) < 9, (null as any) >= 0, (undefined as any) == null];
//# reflection and property order
const o = { b: 1, 2: "two", a: 1, 1: "one", [Symbol.for("s")]: 0 };
const p = new Proxy(o, { get: (t, k, r) => (k === "magic" ? 42 : Reflect.get(t, k, r)), has: (t, k) => k === "magic" || k in t, ownKeys: () => ["a", "magic"], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }) }) as any;
return [Object.keys(o), Reflect.ownKeys(o).length, p.magic, "magic" in p, Object.keys(p), JSON.stringify(o), Object.getOwnPropertyDescriptor(o, "a"), Reflect.has(o, "b"), Reflect.apply(Math.max, null, [1, 2]), Reflect.construct(Date, [0]).getTime(), Object.entries(Object.getOwnPropertyDescriptors({ get x() { return 1; } })).length, Object.isFrozen(Object.freeze([1])), Object.is(-0, 0), Object.fromEntries([["a", 1]]), Object.hasOwn(o, "a"), (function () { return typeof this; })(), new Function("a", "b", "return a + b")(1, 2), (0, eval)("1+1"), Function.prototype.toString.call(Math.max).includes("native code")];
//# navigator, self and friends
return [typeof structuredClone, typeof fetch, typeof Headers, typeof FormData, typeof WebSocket === "undefined" || true, typeof ReadableStream, typeof CompressionStream, typeof BroadcastChannel === "undefined" || true, typeof TextDecoderStream, typeof AbortSignal.any, typeof AbortSignal.timeout, typeof crypto.subtle, typeof performance.now, typeof DOMException, typeof MessagePort, typeof setImmediate, typeof Event, typeof CustomEvent, typeof URLSearchParams, typeof File, typeof Blob, typeof escape, typeof Intl.Segmenter, typeof Iterator === "undefined" || true, typeof queueMicrotask, typeof ByteLengthQueuingStrategy, typeof ReadableStreamDefaultReader, typeof WritableStreamDefaultWriter, typeof TransformStreamDefaultController, typeof CryptoKey, typeof SubtleCrypto, typeof Crypto, typeof PerformanceEntry, typeof PerformanceMark, typeof PerformanceMeasure, typeof MessageEvent];
//# pick from nested data
const orders = [{ id: 1, items: [{ sku: "a", qty: 2 }, { sku: "b", qty: 1 }] }, { id: 2, items: [] }];
return [orders.flatMap((o) => o.items.map((i) => `${o.id}:${i.sku}x${i.qty}`)), Object.entries(orders.flatMap((o) => o.items).reduce((m: any, i) => ({ ...m, [i.sku]: (m[i.sku] ?? 0) + i.qty }), {})), orders.find((o) => !o.items.length)?.id, orders.some((o) => o.items.length > 1), structuredClone(orders)[0].items[1]];
//# dates cloned and kept in records
const rec = { at: new Date("2024-02-29T12:00:00Z"), list: [new Date(0), new Date(NaN)] };
const c = structuredClone(rec);
return [c.at.toISOString(), c.at !== rec.at, +c.list[0], Number.isNaN(+c.list[1]), c.at instanceof Date, Object.keys(c)];
//# Map and Set cloned in order
const m = new Map<any, any>([[{ k: 1 }, [1]], ["s", new Set([1, [2]])]]);
const c = structuredClone(m);
return [[...c.keys()][0], c.get("s") instanceof Set, [...c.get("s")], c.size, [...c.keys()][0] !== [...m.keys()][0]];
//# long arrays cloned
const big = Array.from({ length: 5000 }, (_, i) => (i % 3 ? i : { i }));
const c = structuredClone(big) as any[];
return [c.length, c[0].i, c[4999], c[3] !== big[3], JSON.stringify(c) === JSON.stringify(big)];
//# ticks keep their arguments and order
const out: unknown[] = [];
process.nextTick((...a: unknown[]) => out.push(a), 1, "b", null);
process.nextTick(() => out.push("second"));
out.push("sync");
await null;
return out;
//# ticks and immediates and awaits in one go
const out: string[] = [];
(async () => { out.push("async start"); await null; out.push("async after await"); })();
process.nextTick(() => out.push("tick"));
Promise.resolve().then(() => out.push("then"));
setImmediate(() => out.push("immediate"));
out.push("sync");
await new Promise((resolve) => setTimeout(resolve, 10));
return out;
//# abort of a wait with a reason
const wait = (ms: number, signal: AbortSignal) => new Promise((resolve, reject) => { const t = setTimeout(resolve, ms); signal.addEventListener("abort", () => { clearTimeout(t); reject(signal.reason); }, { once: true }); });
const c = new AbortController(); setTimeout(() => c.abort(new RangeError("enough")), 2);
try { await wait(1000, c.signal); return "waited"; } catch (e: any) { return [e.name, e.message, c.signal.aborted]; }
//# headers of every shape
const entries = (h: any) => [...new Headers(h)];
return [entries({ A: "1", b: 2 }), entries([["x", "1"], ["X", "2"]]), entries(new Map([["m", "v"]])), entries(undefined), [...new Headers({ "content-type": "a", accept: "b" }).keys()]];
//# a request built from another
const a = new Request("https://h/x", { method: "PUT", body: JSON.stringify({ a: 1 }), headers: { "content-type": "application/json" } });
const b = new Request(a, { headers: { "x-new": "1" } });
return [b.method, b.headers.get("x-new"), b.headers.get("content-type"), await b.json(), a.bodyUsed];
//# text in and out of blobs
const b = new Blob(["a,b\n", "1,2\n"], { type: "text/csv" });
return [(await b.text()).trim().split("\n").map((l) => l.split(",")), b.type, b.size, await new Response(b).headers.get("content-type"), await b.slice(0, 3, "x/y").text(), b.slice(0, 3, "x/y").type];
//# money in several languages
const f = (l: string, c: string) => new Intl.NumberFormat(l, { style: "currency", currency: c }).format(-1234.5);
return [f("en-US", "USD"), f("en-GB", "GBP"), f("de-DE", "EUR"), f("fr-FR", "EUR"), f("es-ES", "EUR"), f("pt-BR", "BRL"), f("it-IT", "EUR"), f("nl-NL", "EUR"), f("ja-JP", "JPY"), f("zh-CN", "CNY"), f("ko-KR", "KRW"), f("hi-IN", "INR"), f("ru-RU", "RUB")];
//# dates in several languages
const d = new Date(Date.UTC(2024, 11, 3, 8, 5));
return ["en-US", "en-GB", "de", "fr", "es", "pt", "it", "nl", "ja", "zh", "ko", "ru", "hi"].map((l) => d.toLocaleString(l, { timeZone: "UTC", dateStyle: "medium", timeStyle: "short" }));
//# Greek capitals
return ["Καλημέρα κόσμε", "το νοσοκομείο, ή η κλινική", "μαΐστρος", "Ευρώπη"].map((s) => s.toLocaleUpperCase("el"));
//# objects with odd keys printed
console.log({ "a b": 1, "0x": 2, 12: 3, "-1": 4, "": 5, "é": 6, "a-b": 7, $x: 8, _y: 9, class: 10 });
console.log({ get a() { return 1; }, set b(v) {}, get c() { return 1; }, set c(v) {} });
console.log([1.0, -0, 1e100, 0.1], [true, "s", null, undefined, 1n]);
//# nested lists printed
console.log([[1, [2, [3, [4, [5]]]]]], [{ a: { b: {} } }, { a: { b: { c: 1 } } }]);
console.log({ list: [{ id: 1, name: "first", tags: ["x", "y"] }, { id: 2, name: "second", tags: [] }], total: 2, next: null });
//# strings of console with percent signs
console.log("50% of %s", "all"); console.log("%i%%", 42.9); console.log("%s is %d years and %j", "Ada", 36, { a: 1 }); console.log("%s", null, undefined, { a: 1 }, [1]); console.log("no format", "%s", 1); console.log("%o", [1]); console.log("%O", { a: [1] });
//# typed arrays shared and sliced
const buf = new ArrayBuffer(8), u8 = new Uint8Array(buf), dv = new DataView(buf);
dv.setUint16(0, 0x1234); dv.setFloat32(4, 1.5, true); u8.set([9], 2);
return [[...u8], u8.slice(1, 3).length, [...u8.subarray(0, 2)], dv.getInt8(2), buf.slice(4).byteLength, new Uint8Array(buf, 2, 2).byteOffset, ArrayBuffer.isView(dv), u8.findLast((n) => n > 8), u8.indexOf(9), u8.toString()];
//# base64 of bytes without Buffer
const bytes = crypto.getRandomValues(new Uint8Array(300));
const text = btoa(String.fromCharCode(...bytes));
return [Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).every((n, i) => n === bytes[i]), text.length, Buffer.from(text, "base64").equals(bytes)];
//# getters of classes in JSON and spread
class T { constructor(public a: number) {} get double() { return this.a * 2; } toString() { return `T${this.a}`; } }
const t = new T(2);
return [JSON.stringify(t), { ...t }, `${t}`, t.double, Object.keys(t), "double" in t, Object.hasOwn(t, "double"), [t, t].join()];
//# sums that are exact and not
const xs = [0.1, 0.2, 0.3];
return [xs.reduce((a, b) => a + b), xs.reduce((a, b) => a + Math.round(b * 100), 0) / 100, Math.max(...xs), Math.min(), Math.max(), [].reduce((a, b) => a + b, 0), (1234.5678).toFixed(1), +(1.005 * 100).toFixed(0) / 100, Number((0.1 + 0.2).toFixed(10))];
