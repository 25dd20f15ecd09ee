//# sha-256 as hex
const hex = async (s: string) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(s)))].map((b) => b.toString(16).padStart(2, "0")).join("");
return [await hex("hello"), await hex("")];
//# several digests at once
const data = new TextEncoder().encode("The quick brown fox");
return Object.fromEntries(await Promise.all(["SHA-1", "SHA-256", "SHA-512"].map(async (a) => [a, Buffer.from(await crypto.subtle.digest(a, data)).toString("base64")])));
//# HMAC signature of a webhook
const enc = new TextEncoder();
const key = await crypto.subtle.importKey("raw", enc.encode("secret"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
return Buffer.from(await crypto.subtle.sign("HMAC", key, enc.encode('{"event":"push"}'))).toString("hex");
//# JWT HS256 by hand
const b64 = (o: unknown) => Buffer.from(JSON.stringify(o)).toString("base64url");
const head = `${b64({ alg: "HS256", typ: "JWT" })}.${b64({ sub: "1", name: "Ada", iat: 1516239022 })}`;
const k = await crypto.subtle.importKey("raw", Buffer.from("your-256-bit-secret"), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
const sig = await crypto.subtle.sign("HMAC", k, Buffer.from(head));
const jwt = `${head}.${Buffer.from(sig).toString("base64url")}`;
const [h, p, s] = jwt.split(".");
return { jwt, payload: JSON.parse(Buffer.from(p, "base64url").toString()), ok: await crypto.subtle.verify("HMAC", k, Buffer.from(s, "base64url"), Buffer.from(`${h}.${p}`)) };
//# AES-GCM there and back
const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
const iv = crypto.getRandomValues(new Uint8Array(12));
const box = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode("top secret"));
return [box.byteLength, new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, box))];
//# password hash with PBKDF2
const base = await crypto.subtle.importKey("raw", new TextEncoder().encode("hunter2"), "PBKDF2", false, ["deriveBits"]);
const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", salt: Buffer.from("00112233445566778899aabbccddeeff", "hex"), iterations: 5000, hash: "SHA-256" }, base, 256);
return Buffer.from(bits).toString("hex");
//# random ids look right
const id = crypto.randomUUID();
return [id.length, id[14], /^[0-9a-f-]+$/.test(id), crypto.getRandomValues(new Uint8Array(4)).length];
//# stable hash of an object
const canon = (v: any): string => (v && typeof v === "object" ? (Array.isArray(v) ? `[${v.map(canon)}]` : `{${Object.keys(v).sort().map((k) => JSON.stringify(k) + ":" + canon(v[k]))}}`) : JSON.stringify(v));
const h = Buffer.from(await crypto.subtle.digest("SHA-1", Buffer.from(canon({ b: [1, { z: 1, a: 2 }], a: null })))).toString("hex");
return [canon({ b: 1, a: 2 }), h];
//# read a URL apart
const u = new URL("https://user:pw@api.example.com:8443/v1/items/42?sort=asc&tag=a&tag=b#top");
return { host: u.host, port: u.port, path: u.pathname.split("/").filter(Boolean), query: Object.fromEntries(u.searchParams), tags: u.searchParams.getAll("tag"), hash: u.hash, origin: u.origin, user: u.username };
//# build a URL
const u = new URL("/search", "https://example.com");
Object.entries({ q: "a b&c", page: 2, empty: "" }).forEach(([k, v]) => u.searchParams.set(k, String(v)));
return [u.toString(), new URL("../x?y", "https://example.com/a/b/c").href];
//# normalise and dedupe URLs
return [...new Set(["HTTPS://Example.com:443/a/../b", "https://example.com/b", "https://example.com/b#x"].map((s) => { const u = new URL(s); u.hash = ""; return u.href; }))];
//# URL printed by console
console.log(new URL("https://a.b:1/c?d=e#f"));
console.log(new URLSearchParams("a=1&b=2"), [new URL("https://x.y")].length);
//# stream through TextDecoderStream and split into lines
const src = new ReadableStream<Uint8Array>({ start(c) { for (const s of ["al", "pha\nbe", "ta\ngam", "ma"]) c.enqueue(new TextEncoder().encode(s)); c.close(); } });
let rest = ""; const lines: string[] = [];
for await (const t of src.pipeThrough(new TextDecoderStream())) { const parts = (rest + t).split("\n"); rest = parts.pop()!; lines.push(...parts); }
return [...lines, rest];
//# NDJSON parser as a TransformStream
const ndjson = () => { let buf = ""; return new TransformStream<string, any>({ transform(s, c) { buf += s; const l = buf.split("\n"); buf = l.pop()!; l.filter(Boolean).forEach((x) => c.enqueue(JSON.parse(x))); }, flush(c) { if (buf) c.enqueue(JSON.parse(buf)); } }); };
const out: any[] = [];
for await (const o of ReadableStream.from(['{"a":1}\n{"a"', ':2}\n{"a":3}']).pipeThrough(ndjson())) out.push(o.a);
return out;
//# gzip and gunzip text
const text = "compress me ".repeat(500);
const gz = await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
const back = await new Response(new Blob([gz]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
return [gz.byteLength < 200, back === text, [...new Uint8Array(gz).slice(0, 2)]];
//# Response helpers
const r = Response.json({ ok: true, items: [1, 2] }, { status: 201, headers: { "x-a": "b" } });
return [r.status, r.headers.get("content-type"), r.headers.get("x-a"), await r.json()];
//# fetch of a data URL
const r = await fetch("data:application/json;base64," + btoa(JSON.stringify({ hi: "there" })));
if (!r.ok) throw new Error(`HTTP ${r.status}`);
return await r.json();
//# fetch of nonsense fails
try { await fetch("nope"); } catch (e: any) { return [e.name, e.message]; }
//# Headers as an object
const h = new Headers({ "Content-Type": "text/plain", "X-Id": "1" }); h.append("x-id", "2");
console.log(h);
return Object.fromEntries(h);
//# FormData with a file
const f = new FormData(); f.set("name", "Ada"); f.append("doc", new File(["hello"], "a.txt", { type: "text/plain" }));
const out: any = {}; for (const [k, v] of f) out[k] = typeof v === "string" ? v : `${v.name} (${v.type}, ${v.size})`;
return out;
//# Blob slices
const b = new Blob(["hello ", "world"], { type: "text/plain" });
console.log(b);
return [b.size, await b.slice(6).text(), await b.slice(0, 5, "x/y").text(), [...new Uint8Array(await b.arrayBuffer())].length];
//# structuredClone keeps what JSON drops
const o = { d: new Date(0), m: new Map([["a", new Set([1])]]), u: undefined, n: NaN, r: /x/g, big: 5n };
const c = structuredClone(o);
return [c.d.toISOString(), [...c.m.get("a")!], "u" in c, Number.isNaN(c.n), c.r.flags, String(c.big), c.m !== o.m];
//# structuredClone refuses functions
try { structuredClone({ a: { f: () => 1 } }); } catch (e: any) { return [e.name, e instanceof DOMException]; }
//# TextEncoder sizes
const bytes = (s: string) => new TextEncoder().encode(s).length;
return [bytes("abc"), bytes("é"), bytes("€"), bytes("😀"), bytes("")];
//# decode legacy text
return [new TextDecoder("koi8-r").decode(new Uint8Array([0xf0, 0xf2])), new TextDecoder("utf-16le").decode(new Uint8Array([0x41, 0, 0xac, 0x20])), new TextDecoder("shift_jis").decode(new Uint8Array([0x83, 0x65, 0x83, 0x58, 0x83, 0x67]))];
//# truncate to bytes without breaking a character
const cut = (s: string, n: number) => new TextDecoder().decode(new TextEncoder().encode(s).slice(0, n)).replace(/\uFFFD+$/, "");
return [cut("héllo", 2), cut("a😀b", 4), cut("abc", 10)];
//# MessageChannel as a queue of tasks
const { port1, port2 } = new MessageChannel(); const got: any[] = [];
await new Promise<void>((done) => { port2.onmessage = (e) => { got.push(e.data); if (got.length === 3) { port1.close(); done(); } }; for (const x of [1, { a: [2] }, "three"]) port1.postMessage(x); });
return got;
//# performance measures something
const t = performance.now(); let s = 0; for (let i = 0; i < 1000; i++) s += i;
const took = performance.now() - t;
return [took >= 0, took < 5000, s];
//# AbortController passed along
const c = new AbortController();
const work = async (signal: AbortSignal) => { for (let i = 0; i < 100; i++) { signal.throwIfAborted(); await new Promise((r) => setTimeout(r, 1)); } return "done"; };
setTimeout(() => c.abort(new Error("stop now")), 5);
return await work(c.signal).catch((e) => e.message);
//# Event classes of one's own
class Progress extends Event { constructor(public value: number) { super("progress"); } }
const t = new EventTarget(); const seen: number[] = [];
t.addEventListener("progress", (e) => seen.push((e as Progress).value));
[10, 50, 100].forEach((v) => t.dispatchEvent(new Progress(v)));
return seen;
//# tee a stream
const [a, b] = new Response("shared").body!.tee();
return await Promise.all([new Response(a).text(), new Response(b).text()]);
//# backpressure limits what is pulled
let pulled = 0;
const s = new ReadableStream({ pull(c) { c.enqueue(++pulled); } }, new CountQueuingStrategy({ highWaterMark: 2 }));
const r = s.getReader(); await r.read(); await new Promise((x) => setTimeout(x, 1));
return pulled;
//# atob with JSON payloads
return JSON.parse(atob("eyJ1c2VyIjoiYWRhIiwicm9sZXMiOlsiYWRtaW4iXX0="));
//# btoa of unicode needs bytes
try { btoa("✓"); } catch (e: any) { return [e.name, btoa(String.fromCharCode(...new TextEncoder().encode("✓")))]; }
//# a checksum table by hand
const table = Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n >>> 0; });
const crc = (s: string) => { let c = ~0; for (const b of new TextEncoder().encode(s)) c = table[(c ^ b) & 255] ^ (c >>> 8); return (~c >>> 0).toString(16).padStart(8, "0"); };
return [crc("123456789"), crc("")];
//# reading a stream to its end with a reader
const reader = new Blob(["ab", "cd"]).stream().getReader(); let text = "";
for (;;) { const { done, value } = await reader.read(); if (done) break; text += new TextDecoder().decode(value); }
return text;
