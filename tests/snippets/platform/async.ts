//# Promise.all keeps order
const wait = (ms: number, v: string) => new Promise<string>((r) => setTimeout(() => r(v), ms));
return await Promise.all([wait(9, "slow"), wait(1, "fast"), "now"]);
//# allSettled and any
const settled = await Promise.allSettled([Promise.resolve(1), Promise.reject(new Error("no"))]);
return [settled.map((s) => s.status), (settled[1] as any).reason.message, await Promise.any([Promise.reject(1), Promise.resolve(2)])];
//# any that fails
try { await Promise.any([Promise.reject(1), Promise.reject(new Error("two"))]); } catch (e: any) { return [e.name, e instanceof AggregateError, e.errors.map(String)]; }
//# race with a timeout
const timeout = (ms: number) => new Promise((_, no) => setTimeout(() => no(new Error(`timeout after ${ms}`)), ms));
try { await Promise.race([new Promise(() => {}), timeout(5)]); } catch (e: any) { return e.message; }
//# order of microtasks and timers
const seen: string[] = [];
setTimeout(() => seen.push("timeout"), 0);
queueMicrotask(() => seen.push("microtask"));
Promise.resolve().then(() => seen.push("then")).then(() => seen.push("then2"));
(async () => { seen.push("sync"); await null; seen.push("after await"); })();
seen.push("end");
await new Promise((r) => setTimeout(r, 5));
return seen;
//# retry with backoff
let n = 0;
const flaky = async () => { if (++n < 3) throw new Error(`try ${n}`); return "ok"; };
const retry = async <T,>(f: () => Promise<T>, times: number): Promise<T> => { for (let i = 0; ; i++) try { return await f(); } catch (e: any) { console.log(e.message); if (i === times) throw e; await new Promise((r) => setTimeout(r, 2 ** i)); } };
return [await retry(flaky, 5), n];
//# concurrency limit
let active = 0, most = 0;
const job = async (i: number) => { active++; most = Math.max(most, active); await new Promise((r) => setTimeout(r, 1)); active--; return i * i; };
const pool = async (n: number, items: number[]) => { const out: number[] = []; let next = 0; await Promise.all(Array.from({ length: n }, async () => { while (next < items.length) { const i = next++; out[i] = await job(items[i]); } })); return out; };
return [await pool(2, [1, 2, 3, 4, 5]), most];
//# sequential reduce
return await [1, 2, 3].reduce(async (acc, x) => [...(await acc), x * 2], Promise.resolve([] as number[]));
//# async generator pipeline
async function* count(n: number) { for (let i = 0; i < n; i++) { await null; yield i; } }
async function* map<T, U>(it: AsyncIterable<T>, f: (x: T) => U) { for await (const x of it) yield f(x); }
const out: number[] = [];
for await (const x of map(count(4), (x) => x * 10)) out.push(x);
return out;
//# for await over promises
const out = [];
for await (const x of [Promise.resolve(1), 2, new Promise((r) => setTimeout(() => r(3), 1))]) out.push(x);
return out;
//# try, catch, finally order
const log: string[] = [];
const f = async () => { try { log.push("try"); await Promise.reject(new Error("x")); } catch { log.push("catch"); return "c"; } finally { log.push("finally"); } };
log.push((await f())!);
return log;
//# finally does not change values
return [await Promise.resolve(1).finally(() => 2), await Promise.reject(3).catch((x) => x + 1)];
//# error cause chain
try { try { JSON.parse("{"); } catch (e) { throw new Error("config is broken", { cause: e }); } } catch (e: any) { return [e.message, e.cause.name, e.cause instanceof SyntaxError]; }
//# event emitter by hand
class Emitter<T extends Record<string, any[]>> { #m = new Map<keyof T, Function[]>(); on<K extends keyof T>(k: K, f: (...a: T[K]) => void) { this.#m.set(k, [...(this.#m.get(k) ?? []), f]); return this; } emit<K extends keyof T>(k: K, ...a: T[K]) { this.#m.get(k)?.forEach((f) => f(...a)); } }
const e = new Emitter<{ data: [number, string] }>(); const got: any[] = [];
e.on("data", (n, s) => got.push([n, s])).emit("data", 1, "x");
return got;
//# EventTarget, once and signal
const t = new EventTarget(); const got: string[] = []; const c = new AbortController();
t.addEventListener("x", () => got.push("once"), { once: true });
t.addEventListener("x", () => got.push("until"), { signal: c.signal });
t.dispatchEvent(new Event("x")); c.abort(); t.dispatchEvent(new Event("x"));
return got;
//# CustomEvent and preventDefault
const t = new EventTarget();
t.addEventListener("save", (e: any) => { if (e.detail.bad) e.preventDefault(); });
return [t.dispatchEvent(new CustomEvent("save", { detail: { bad: true }, cancelable: true })), t.dispatchEvent(new CustomEvent("save", { detail: {} }))];
//# AbortController stops a wait
const c = new AbortController();
const wait = (s: AbortSignal) => new Promise((_, no) => s.addEventListener("abort", () => no(s.reason)));
setTimeout(() => c.abort(), 1);
try { await wait(c.signal); } catch (e: any) { return [e.name, e.message, c.signal.aborted, e instanceof DOMException, e.code]; }
//# AbortSignal.timeout, any, abort
const s = AbortSignal.timeout(1);
await new Promise((r) => s.addEventListener("abort", r));
const any = AbortSignal.any([AbortSignal.abort("why"), s]);
try { any.throwIfAborted(); } catch (e) { return [s.reason.name, s.reason.message, e]; }
//# debounce
let n = 0; let h: any;
const d = () => { clearTimeout(h); h = setTimeout(() => n++, 3); };
d(); d(); d();
await new Promise((r) => setTimeout(r, 15));
return n;
//# memoise promises
let calls = 0; const cache = new Map<string, Promise<number>>();
const get = (k: string) => cache.get(k) ?? (cache.set(k, (async () => { calls++; await null; return k.length; })()), cache.get(k)!);
return [await Promise.all([get("abc"), get("abc"), get("de")]), calls];
//# mutex by promise chain
let tail: Promise<void> = Promise.resolve(); const log: number[] = [];
const lock = <T,>(f: () => Promise<T>) => { const p = tail.then(f); tail = p.then(() => {}, () => {}); return p; };
await Promise.all([1, 2, 3].map((i) => lock(async () => { log.push(i); await null; log.push(-i); })));
return log;
//# setInterval and clear
let n = 0;
await new Promise<void>((r) => { const h = setInterval(() => { if (++n === 3) { clearInterval(h); r(); } }, 1); });
return n;
//# timer arguments
return await new Promise((r) => setTimeout((a: number, b: string) => r([a, b]), 0, 1, "x"));
//# setImmediate and nextTick run
const seen: string[] = [];
await new Promise<void>((r) => { setImmediate((x: string) => { seen.push(x); r(); }, "immediate"); });
await new Promise<void>((r) => process.nextTick((x: string) => { seen.push(x); r(); }, "tick"));
return seen;
//# thenables are awaited
return [await { then(ok: any) { ok(7); } }, await Promise.resolve({ then(ok: any) { ok("t"); } })];
//# unhandled in a callback is caught later
const p = Promise.reject(new Error("late"));
await null;
return await p.catch((e) => e.message);
//# throw a non-error
try { await (async () => { throw { code: 42 }; })(); } catch (e: any) { return e.code; }
//# the run fails with what main threw
class HttpError extends Error { constructor(public status: number, m: string) { super(m); this.name = "HttpError"; } }
throw new HttpError(404, "missing");
//# async iterator with return
const it = { i: 0, closed: false, [Symbol.asyncIterator]() { return this; }, async next() { return { value: this.i++, done: false }; }, async return() { this.closed = true; return { value: undefined, done: true }; } };
for await (const x of it) if (x === 2) break;
return [it.i, it.closed];
//# Promise.withResolvers by hand
let ok!: (v: number) => void;
const p = new Promise<number>((r) => (ok = r)); setTimeout(() => ok(5), 0);
return await p;
//# async stack of callbacks to promise
const promisify = <T,>(f: (cb: (e: Error | null, v?: T) => void) => void) => new Promise<T>((y, n) => f((e, v) => (e ? n(e) : y(v!))));
return [await promisify<number>((cb) => setTimeout(() => cb(null, 1), 0)), await promisify((cb) => cb(new Error("e"))).catch((e) => e.message)];
//# channel between producer and consumer
const q: number[] = []; const waiting: ((n: number) => void)[] = [];
const put = (n: number) => { const w = waiting.shift(); w ? w(n) : q.push(n); };
const take = () => (q.length ? Promise.resolve(q.shift()!) : new Promise<number>((r) => waiting.push(r)));
const got: number[] = [];
const consumer = (async () => { for (let i = 0; i < 3; i++) got.push(await take()); })();
put(1); await null; put(2); put(3); await consumer;
return got;
