//# Buffer in every encoding
const b = Buffer.from("Grüße ✓");
return ["utf8", "hex", "base64", "base64url", "latin1", "utf16le"].map((e) => b.toString(e as BufferEncoding));
//# Buffer printed
console.log(Buffer.from("hello"), [Buffer.alloc(2)], { b: Buffer.from([255]) });
console.log(Buffer.alloc(60));
//# Buffer concat and slice share or copy
const a = Buffer.from("abc"); const s = a.subarray(1); s[0] = 0x58; const c = Buffer.concat([a, s]); c[0] = 0x59;
return [a.toString(), c.toString(), a.equals(Buffer.from("aXc"))];
//# binary header written and read
const b = Buffer.alloc(16);
b.write("PK", 0, "ascii"); b.writeUInt16LE(20, 2); b.writeUInt32BE(0xcafebabe, 4); b.writeInt8(-5, 8); b.writeDoubleLE(0.1, 8);
return [b.toString("hex"), b.readUInt16LE(2), b.readUInt32BE(4).toString(16), b.readDoubleLE(8)];
//# Buffer to JSON and back
const j = JSON.stringify({ data: Buffer.from("hi") });
return [j, Buffer.from(JSON.parse(j).data).toString()];
//# Buffer errors have codes
const codes: string[] = [];
for (const f of [() => Buffer.from(5 as any), () => Buffer.alloc(-1), () => Buffer.alloc(1).readUInt32LE(0), () => Buffer.from("x").toString("nope" as any)]) try { f(); } catch (e: any) { codes.push(`${e.name} ${e.code}`); }
return codes;
//# hex dump
const b = Buffer.from("Hello, hex dump!\n");
const out: string[] = [];
for (let i = 0; i < b.length; i += 8) { const row = b.subarray(i, i + 8); out.push(`${i.toString(16).padStart(4, "0")}  ${row.toString("hex").replace(/../g, "$& ").padEnd(24)} ${[...row].map((c) => (c > 31 && c < 127 ? String.fromCharCode(c) : ".")).join("")}`); }
return out;
//# process answers the usual questions
return [typeof process.version, process.version.startsWith("v20."), typeof process.platform, typeof process.env, process.env.SURELY_NOT_SET ?? "unset", typeof process.pid, Array.isArray(process.argv)];
//# hrtime measures
const t = process.hrtime(); const b = process.hrtime.bigint();
const d = process.hrtime(t);
return [d.length, d[0], d[1] >= 0, process.hrtime.bigint() >= b, typeof process.uptime()];
//# defaults from the environment
const { PORT = "3000", NODE_ENV_X = "development" } = process.env;
return [Number(PORT), NODE_ENV_X];
//# setImmediate after the microtasks
const log: string[] = [];
await new Promise<void>((r) => { setImmediate(() => { log.push("immediate"); r(); }); Promise.resolve().then(() => log.push("micro")); log.push("sync"); });
return log;
//# clearImmediate and clearTimeout
let hit = 0; const i = setImmediate(() => hit++); clearImmediate(i); const t = setTimeout(() => hit++, 0); clearTimeout(t); clearTimeout(undefined);
await new Promise((r) => setTimeout(r, 3));
return hit;
//# process.nextTick passes arguments
return await new Promise((r) => process.nextTick((a: number, b: number) => r(a + b), 2, 3));
//# global is globalThis
(global as any).__shared = 5;
return [(globalThis as any).__shared, global === globalThis, typeof window];
//# error codes as Node has them
class NotFound extends Error { code = "ENOENT"; constructor(path: string) { super(`ENOENT: no such file or directory, open '${path}'`); } }
try { throw new NotFound("/x"); } catch (e: any) { return e.code === "ENOENT" ? e.message : "other"; }
//# console.error and warn are kept in order
console.log("a"); console.error("b"); console.warn("c"); console.info("d"); console.debug("e");
//# console.log without arguments and with undefined
console.log(); console.log(undefined, null); console.log(""); console.log("a\nb");
//# console.log of errors with codes
const e: any = new Error("failed"); e.code = "E_FAIL"; delete e.stack;
console.log(Object.keys(e), e.code, `${e}`);
//# nested arrays of objects printed
console.log([{ a: 1, b: { c: [1, 2, { d: 3 }] } }, [[["deep"]]]]);
console.log({ users: [{ name: "Ada", langs: ["en", "fr"] }, { name: "Bob", langs: [] }], total: 2 });
//# Map and Set of objects printed
console.log(new Map([["k", { a: 1 }]]), new Set([[1, 2], "x"]), new WeakMap(), new Map(), new Set());
//# long strings in objects and arrays
console.log({ s: "x".repeat(120) });
console.log(["a".repeat(30), "b".repeat(30), "c".repeat(30)]);
//# numbers in arrays are aligned
console.log([1, 22, 333, 4444, 55555, 666666, 7, 88, 999, 1000], [0.1, 1.5, -2, NaN, -0, 1e21, 5n]);
//# sparse, extra and empty arrays printed
const a: any = [1, , 3, , ,]; a.note = "x";
console.log(a, [undefined, null], [,], new Array(3));
//# class hierarchy printed
class Base { id = 1; } class Child extends Base { name = "c"; #p = 2; static s = 1; get g() { return 1; } toString() { return "str"; } }
console.log(new Child(), String(new Child()), Child, class {}, Object.assign(() => {}, { a: 1 }));
//# Symbol.toStringTag and null prototypes printed
class T { get [Symbol.toStringTag]() { return "Tagged"; } }
console.log(new T(), Object.assign(Object.create(null), { x: 1 }), Object.create(Date.prototype) instanceof Date);
//# getters and setters printed
console.log({ get a() { return 1; }, set b(v: number) {}, get c() { return 2; }, set c(v: number) {} });
//# util.inspect.custom is honoured
class Money { constructor(private n: number) {} [Symbol.for("nodejs.util.inspect.custom")]() { return `Money<${this.n}>`; } }
console.log(new Money(5), [new Money(6)], { m: new Money(7) });
//# strings with quotes inside arrays
console.log(["it's", 'say "hi"', "`tick`", "both ' and \"", "new\nline", "\t", "\\"]);
//# deep nesting is cut
console.log({ a: { b: { c: { d: { e: 1 } } } } }, [[[[[1]]]]]);
console.log(JSON.stringify({ a: { b: { c: { d: { e: 1 } } } } }));
//# many keys break lines
console.log(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key${i}`, i])));
//# format with objects after the text
console.log("user:", { id: 1 }, "tags:", ["a"], "n:", 5, "s:", "text", true, null);
console.log("%s has %d items costing %f", "cart", 3, 9.99, { extra: 1 });
//# console.table of mixed rows
console.table([{ name: "a", n: 1 }, { name: "b", extra: [1] }]);
console.table([[1, "x"], [2, "y"]]);
console.table(new Map([["k", 1]]));
//# console.group in loops
for (const g of ["one", "two"]) { console.group(g); console.log({ g }); console.groupEnd(); }
//# require says what to use
try { (require as any)("this-module-does-not-exist"); } catch (e: any) { return e instanceof Error; }
declare const require: unknown;
