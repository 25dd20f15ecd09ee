// Records what Node 20 throws for wrong calls: `node tests/snippets/errors.mjs`. The
// test that compares ours needs no Node. Rows are `[code, [class, name, code, message]]`.
// Where ours differs, the row goes on with what ours is and why; re-recording keeps
// that.
import { readFileSync, writeFileSync } from "node:fs";

const target = new URL("./errors.json", import.meta.url);
const rows = [
  `new URL("nope")`, `new URL()`, `new URL("/x", "also bad")`, `new URL("http://a b/")`, `new URL("http://h:99999/")`, `Object.assign(new URL("http://a"), { href: "x" })`,
  `new URLSearchParams([["a"]])`, `new URLSearchParams(5n).append("x")`, `URL("http://a")`, `new URLSearchParams({ [Symbol.iterator]: 5 })`, `decodeURIComponent("%")`,
  `new TextDecoder("klingon")`, `new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([0xff]))`, `new TextDecoder().decode("text")`, `new TextEncoder().encodeInto("a", [])`, `TextDecoder()`,
  `atob("a")`, `atob("*")`, `btoa("€")`, `atob()`, `btoa()`,
  `structuredClone(() => {})`, `structuredClone(Symbol("s"))`, `structuredClone()`, `structuredClone({ a: [() => 1] })`, `structuredClone(new WeakMap())`, `structuredClone(Promise.resolve())`, `structuredClone(1, { transfer: [5] })`, `structuredClone(1, { transfer: [{}] })`,
  `AbortSignal.timeout(-1)`, `AbortSignal.timeout()`, `AbortSignal.any(5)`, `AbortSignal.any([5])`, `new AbortSignal()`, `AbortSignal.abort().throwIfAborted()`, `AbortSignal.abort(new Error("mine")).throwIfAborted()`, `AbortSignal.abort("text").throwIfAborted()`,
  `new Blob(1)`, `new Blob("text")`, `new Blob({})`, `new File([])`, `new File([], "a", 5).size`, `Blob([])`, `new FormData().append("a")`, `new FormData().append("a", "b", "c")`, `new FormData(5)`,
  `crypto.getRandomValues(new Uint8Array(65537))`, `crypto.getRandomValues([1])`, `crypto.getRandomValues(new Float32Array(1))`, `crypto.getRandomValues()`, `await crypto.subtle.digest("MD5", new Uint8Array(1))`, `await crypto.subtle.digest("SHA-256", "text")`, `await crypto.subtle.digest("SHA-256")`,
  `await crypto.subtle.importKey("raw", new Uint8Array(3), "AES-GCM", false, ["encrypt"])`, `await crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["sign"])`, `await crypto.subtle.importKey("raw", new Uint8Array(16), "Nope", false, [])`, `await crypto.subtle.exportKey("raw", await crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["encrypt"]))`,
  `await crypto.subtle.decrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, await crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["decrypt"]), new Uint8Array(32))`, `await crypto.subtle.sign("HMAC", {}, new Uint8Array(1))`,
  `new Headers({ "bad name": "x" })`, `new Headers({ a: "x\\ny" })`, `new Headers([["a"]])`, `new Headers().append("a")`, `new Headers().get()`, `new Headers(5)`, `new Headers().set("a", "€")`,
  `new Response("", { status: 99 })`, `new Response("", { status: 600 })`, `new Response("x", { status: 204 })`, `new Response("", { statusText: "\\n" })`, `Response.redirect("http://a", 200)`, `Response.json(undefined)`, `Response.json(1n)`,
  `new Request("/relative")`, `new Request("http://a", { method: "GET", body: "x" })`, `new Request("http://a", { method: "B AD" })`, `new Request("http://a", { method: "CONNECT" })`, `new Request("http://u:p@a/")`, `new Request("http://a", { mode: "navigate" })`, `new Request()`, `new Request("http://a", { method: "POST", body: new ReadableStream() })`,
  `await new Response("{").json()`, `await (async (r) => { await r.text(); await r.text(); })(new Response("x"))`, `(async (r) => { await r.text(); r.clone(); })(new Response("x"))`, `await new Response("x").formData()`,
  `await fetch()`, `await fetch("nope")`, `await fetch("ftp://a/")`, `await fetch("data:nope")`, `await fetch("http://a", { signal: AbortSignal.abort() })`,
  `(() => { const s = new ReadableStream(); s.getReader(); s.getReader(); })()`, `await (async () => { const s = new ReadableStream(); s.getReader(); await s.cancel(); })()`, `new ReadableStream({ type: "x" })`, `new ReadableStream({ start: 5 })`, `new ReadableStream().getReader({ mode: "x" })`, `new ReadableStream().getReader({ mode: "byob" })`, `await (async () => { const r = new ReadableStream().getReader(); r.releaseLock(); await r.read(); })()`,
  `ReadableStream.from(5)`, `new WritableStream({ type: "x" })`, `(() => { const s = new WritableStream(); s.getWriter(); s.getWriter(); })()`, `new TransformStream({ readableType: "x" })`, `new ReadableStream({ start(c) { c.close(); c.enqueue(1); } })`, `await new ReadableStream().pipeTo(5)`, `new CompressionStream("zip")`, `new CountQueuingStrategy()`,
  `await new Response(new Blob(["junk"]).stream().pipeThrough(new DecompressionStream("gzip"))).text()`,
  `new EventTarget().dispatchEvent({})`, `new EventTarget().addEventListener("a", 5)`, `new Event()`, `Event("a")`, `new MessageChannel().port1.postMessage(() => {})`, `queueMicrotask()`, `queueMicrotask(5)`, `setTimeout()`, `setTimeout("code")`, `setInterval(null)`, `setImmediate(5)`, `process.nextTick(5)`, `performance.measure("a", "b")`,
  `Buffer.from(undefined)`, `Buffer.from(null)`, `Buffer.from(5)`, `Buffer.from({})`, `Buffer.alloc(-1)`, `Buffer.alloc("5")`, `Buffer.from("a", "klingon")`, `Buffer.alloc(2).readUInt32LE(0)`, `Buffer.alloc(4).readUInt32LE(2)`, `Buffer.alloc(4).readUInt8("0")`, `Buffer.alloc(4).writeUInt8(256)`, `Buffer.alloc(4).writeInt16BE(1, 9)`, `Buffer.concat("x")`, `Buffer.concat([5])`, `Buffer.alloc(2).fill("zz", "hex")`, `Buffer.byteLength(5)`, `Buffer.compare("a", "b")`, `Buffer.alloc(1).toString("klingon")`, `Buffer.alloc(1).equals("a")`, `Buffer.from([1]).swap16()`, `Buffer.alloc(3).readIntLE(0, 7)`,
  `process.hrtime(5)`, `process.chdir()`, `new DOMException("m", "AbortError")`, `(() => { throw new DOMException("m", "AbortError"); })()`, `(() => { throw new DOMException("m"); })()`, `JSON.parse("")`, `JSON.parse("{a:1}")`, `JSON.stringify(1n)`, `[].reduce((a) => a)`, `new Array(-1)`, `"a".repeat(-1)`, `(1).toFixed(101)`, `(1).toString(99)`, `null.x`, `undefined.x()`, `({}).x.y`, `({}).x()`, `x`, `1n + 1`, `BigInt(1.5)`, `BigInt("x")`, `Symbol() + ""`, `new (class { #a; static t(o) { return o.#a; } }).constructor.t({})`, `Object.defineProperty(Object.freeze({}), "a", { value: 1 })`, `Object.freeze([1]).push(2)`, `new Proxy({}, null)`, `Reflect.construct(1)`, `new RegExp("(")`, `new Date(NaN).toISOString()`, `"a".normalize("x")`, `String.fromCodePoint(-1)`, `structuredClone(new Proxy({}, {}))`,
];

const before = new Map();
try {
  for (const [code, , ...ours] of JSON.parse(readFileSync(target, "utf8"))) before.set(code, ours);
} catch (error) {
  if (error.code !== "ENOENT") throw error;
}
const lines = [];
for (const code of rows) lines.push(JSON.stringify([code, await thrown(code), ...(before.get(code) ?? [])]));
writeFileSync(target, `[\n${lines.join(",\n")}\n]\n`);
console.log(`${rows.length} rows`);

async function thrown(code) {
  try {
    await (0, eval)(`(async () => { "use strict"; return ${code}; })()`);
    return "nothing";
  } catch (error) {
    if (typeof error !== "object") return error;
    return [error.constructor.name, error.name, error.code ?? null, error.message];
  }
}
