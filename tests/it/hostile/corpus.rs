//! Snippets that want a worker for themselves, and how each of them ends.
//!
//! One-liners first: native loops that never poll, swallowed interrupts, floods
//! and bombs. Then ordinary loops over library calls, as models write them by
//! mistake: in those the engine polls too rarely. The test and the bench of the
//! same name run them all.

/// How a snippet may end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// At its deadline, by whichever ring comes first.
    Stopped,
    /// At its deadline, and only a jump could do it.
    Killed,
    /// At its deadline; the engine polls.
    Asked,
    /// By the memory limit.
    Memory,
    /// By the memory limit or the deadline, whichever comes first.
    MemoryOrStopped,
    /// By the engine's stack limit.
    Stack,
    /// By an error of this name, which the snippet could have caught.
    Throws(&'static str),
    /// With nothing left that could wake it.
    NeverSettles,
}

use End::{Asked, Killed, Memory, MemoryOrStopped, NeverSettles, Stack, Stopped, Throws};

/// Name, snippet, end.
pub(crate) type Case = (&'static str, &'static str, End);

pub(crate) const ONE_LINERS: &[Case] = &[
    // Loops that the engine sees.
    ("for_ever", "for (;;);", Asked),
    ("label_loop", "a: for (;;) { continue a; }", Asked),
    ("catch_all", "for (;;) { try { for (;;); } catch {} }", Asked),
    ("finally_loop", "for (;;) { try { for (;;); } finally { continue; } }", Asked),
    ("catch_in_catch", "try { for (;;); } catch { for (;;); } finally { for (;;); }", Asked),
    ("new_function", "new Function('for (;;);')();", Asked),
    ("indirect_eval", "(0, eval)('for (;;);');", Asked),
    ("static_block", "class A { static { for (;;); } }", Asked),
    ("default_argument", "(function (a = (() => { for (;;); })()) {})();", Asked),
    (
        "template_tag",
        "const tag = (): any => tag`x`; for (;;) { try { tag(); } catch {} }",
        Stopped,
    ),
    // Interrupts that are swallowed.
    ("promise_executor", "for (;;) { new Promise(() => { for (;;); }); }", Stopped),
    ("thenable", "for (;;) { await { then() { for (;;); } } as any; }", Stopped),
    (
        "async_swallow",
        "const f = async () => { for (;;); }; for (;;) { f().catch(() => f()); }",
        Stopped,
    ),
    (
        "async_generator",
        "async function* g() { try { for (;;); } finally { yield* g(); } } for await (const x of g()) {}",
        Stopped,
    ),
    (
        "prepare_stack_trace",
        "(Error as any).prepareStackTrace = () => { for (;;); }; return new Error('x').stack;",
        Stopped,
    ),
    (
        "finalizer",
        "const f = new FinalizationRegistry(() => { for (;;); }); for (;;) { f.register({}, 1); }",
        MemoryOrStopped,
    ),
    // What is looked at after `main` has settled.
    ("result_getter", "return { get a() { for (;;); } };", Asked),
    ("result_to_json", "return { toJSON() { for (;;); } };", Asked),
    ("result_proxy", "return new Proxy({}, { ownKeys() { for (;;); } });", Asked),
    (
        "thrown_proxy",
        "throw new Proxy({}, { get() { for (;;); }, getPrototypeOf() { for (;;); } });",
        Stopped,
    ),
    (
        "thrown_stack_getter",
        "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { for (;;); } }); throw e;",
        Stopped,
    ),
    (
        "thrown_cause_chain",
        "const e: any = new Error('x'); e.cause = e; Object.defineProperty(e, 'name', { get() { for (;;); } }); throw e;",
        Stopped,
    ),
    ("result_memory", "const s = '\u{E9}'.repeat(4e6); return [s, s, s, s];", Memory),
    ("result_deep", "let a: any = []; for (let i = 0; i < 1e5; i++) a = [a]; return a;", Stack),
    ("result_stack", "return { toJSON() { const f = (): any => f() + 1; return f(); } };", Stack),
    (
        "thrown_memory",
        "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { const all = []; for (;;) all.push(new Array(1e3).fill(1)); } }); throw e;",
        Memory,
    ),
    (
        "thrown_stack",
        "const e = new Error('x'), f = (): any => f() + 1; Object.defineProperty(e, 'name', { get: f }); throw e;",
        Throws("Error"),
    ),
    // Native loops over what says that it is long.
    ("sort_array_like", "[].sort.call({ length: 4e9 } as any);", Killed),
    ("copy_within", "[].copyWithin.call({ length: 4e9 } as any, 0, 1);", Killed),
    ("splice", "[].splice.call({ length: 4e9 } as any, 0, 1);", Killed),
    ("index_of_holes", "[].indexOf.call({ length: 4e9 } as any, 1);", Stopped),
    ("last_index_of_holes", "[].lastIndexOf.call({ length: 4e9 } as any, 1);", Stopped),
    ("includes_holes", "[].includes.call({ length: 4e9 } as any, 1);", Stopped),
    ("reverse_holes", "[].reverse.call({ length: 4e9 } as any);", Killed),
    ("unshift_holes", "[].unshift.call({ length: 4e9 } as any, 1);", Killed),
    ("shift_holes", "[].shift.call({ length: 4e9 } as any);", Killed),
    ("every_hole", "[].every.call({ length: 4e9 } as any, () => true);", Stopped),
    ("reduce_holes", "[].reduce.call({ length: 4e9 } as any, () => 0, 0);", Stopped),
    ("for_each_hole", "[].forEach.call({ length: 4e9 } as any, () => 0);", Stopped),
    ("find_in_holes", "[].find.call({ length: 4e9 } as any, () => false);", Stopped),
    ("flat_holes", "[].flat.call({ length: 4e9 } as any);", Killed),
    (
        "concat_spreadable",
        "[].concat({ length: 4e9, [Symbol.isConcatSpreadable]: true } as any);",
        Killed,
    ),
    ("join_array_like", "[].join.call({ length: 4e9 } as any, '');", Killed),
    ("join_holes", "return String(new Array(1e9));", MemoryOrStopped),
    ("fill_array_like", "[].fill.call({ length: 4e9 } as any, 0);", MemoryOrStopped),
    ("array_from", "Array.from({ length: 4e9 } as any);", MemoryOrStopped),
    (
        "sort_numbers",
        "const a = Array.from({ length: 1e5 }, (_, i) => (i * 7919) % 300007); for (;;) { a.slice().sort(); }",
        Stopped,
    ),
    (
        "sort_lying_comparator",
        "for (;;) { Array.from({ length: 1e5 }, (_, i) => i).sort(() => 1); }",
        Stopped,
    ),
    // Texts.
    (
        "index_of_text",
        "const s = 'a'.repeat(1e7); for (;;) { s.indexOf('a'.repeat(5e6) + 'b'); }",
        Stopped,
    ),
    ("replace_all", "for (;;) { 'a'.repeat(1e6).replaceAll('a', 'bc'); }", Stopped),
    ("replace_all_growth", "'a'.repeat(1e6).replaceAll('a', 'b'.repeat(1e3));", MemoryOrStopped),
    ("replace_all_empty", "for (;;) { 'a'.repeat(5e6).replaceAll('', 'x'); }", MemoryOrStopped),
    ("split_characters", "for (;;) { 'ab'.repeat(5e5).split(''); }", MemoryOrStopped),
    ("pad", "for (;;) { 'a'.padEnd(2e7, 'xyz'); }", Stopped),
    ("normalize", "for (;;) { '\u{1E9B}\u{323}'.repeat(1e5).normalize('NFKD'); }", Stopped),
    ("upper_case", "for (;;) { '\u{DF}'.repeat(1e6).toUpperCase(); }", Stopped),
    ("encode_uri", "for (;;) { encodeURIComponent('\u{E9}'.repeat(1e6)); }", Stopped),
    (
        "from_char_code",
        "String.fromCharCode.apply(null, new Array(1e7) as any);",
        Throws("RangeError"),
    ),
    (
        "rope_compare",
        "let a = 'x', b = 'x'; for (let i = 0; i < 24; i++) { a += a; b = b + b; } for (;;) { if (a + 'y' < b + 'z') { a + b; } }",
        MemoryOrStopped,
    ),
    // Regular expressions.
    ("regex_backtracking", "/^(a+)+$/.test('a'.repeat(40) + 'b');", Stopped),
    (
        "regex_optional",
        "new RegExp('a?'.repeat(40) + 'a'.repeat(40)).test('a'.repeat(40));",
        Stopped,
    ),
    ("regex_quadratic", "'x'.repeat(5e6).match(/x*?y/);", Stopped),
    ("regex_look_behind", "/(?<=^(a|aa)+)b/.test('c' + 'a'.repeat(60) + 'b');", Stopped),
    ("regex_replace", "'a'.repeat(5e4).replace(/(a*)*b/g, '');", MemoryOrStopped),
    (
        "regex_compile",
        "for (;;) { new RegExp('(?:a{1,500}b{1,500})'.repeat(500)); }",
        MemoryOrStopped,
    ),
    ("regex_unicode", "for (;;) { /\\p{L}+?\\d/giu.test('\u{E9}'.repeat(1e6)); }", Stopped),
    // Numbers.
    ("big_int_power", "let x = 3n; for (;;) { x = x * x % (2n ** 400000n); }", Stopped),
    ("big_int_text", "return String(3n ** 600000n);", Stopped),
    ("big_int_parse", "for (;;) { BigInt('9'.repeat(300000)); }", Stopped),
    ("big_int_width", "BigInt.asUintN(2 ** 40, -1n);", Throws("RangeError")),
    // Typed arrays.
    (
        "typed_sort",
        "for (;;) { const a = new Float64Array(1e6); for (let i = 0; i < 1e6; i++) a[i] = (i * 7919) % 1e6; a.sort((x, y) => y - x); }",
        Stopped,
    ),
    ("typed_fill", "const a = new Uint8Array(2e7); for (;;) { a.fill(1); }", Stopped),
    (
        "typed_set",
        "const a = new Float64Array(1e6); for (;;) { a.set(new Array(1e6).fill(1.5)); }",
        MemoryOrStopped,
    ),
    ("typed_index_of", "const a = new Uint8Array(2e7); for (;;) { a.lastIndexOf(1); }", Stopped),
    (
        "atomics_notify",
        "const a = new Int32Array(new SharedArrayBuffer(8)); for (;;) { Atomics.notify(a, 0); }",
        Stopped,
    ),
    (
        "atomics_wait",
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0);",
        Throws("TypeError"),
    ),
    // Iterators that never end.
    (
        "spread_generator",
        "return [...(function* () { for (;;) yield 1; })()].length;",
        MemoryOrStopped,
    ),
    (
        "generator_return",
        "function* g() { try { yield 1; } finally { for (;;); } } for (const x of g()) { break; }",
        Asked,
    ),
    ("iterator_drop", "(function* () { for (;;) yield 1; })().drop(1e15).next();", Stopped),
    (
        "set_union",
        "new Set([1]).union({ size: Infinity, has: () => true, keys: () => ({ next: () => ({ value: 1, done: false }) }) } as any);",
        Stopped,
    ),
    (
        "group_by",
        "Object.groupBy((function* () { for (;;) yield 1; })(), () => 'a');",
        MemoryOrStopped,
    ),
    ("promise_all", "await Promise.all((function* () { for (;;) yield 1; })());", MemoryOrStopped),
    (
        "from_async",
        "await (Array as any).fromAsync((async function* () { for (;;) yield 1; })());",
        MemoryOrStopped,
    ),
    (
        "rest_element",
        "const [...all] = { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 0 }) }) } as any;",
        MemoryOrStopped,
    ),
    // Proxies and getters.
    ("proxy_trap", "Object.keys(new Proxy({}, { ownKeys() { for (;;); } }));", Asked),
    (
        "proxy_own_prototype",
        "const p: any = new Proxy({}, { getPrototypeOf() { return p; } }); p instanceof Object;",
        Stopped,
    ),
    ("json_getter", "JSON.stringify({ get a() { for (;;); } });", Asked),
    (
        "setter_on_index",
        "Object.defineProperty(Array.prototype, 5, { set() { for (;;); } }); const a: any[] = []; a[5] = 1;",
        Asked,
    ),
    ("json_reviver", "JSON.parse('[1,2]', () => { for (;;); });", Asked),
    (
        "json_wide",
        "const a = new Array(2e5).fill({ a: 1 }); for (;;) { JSON.stringify(a); }",
        Stopped,
    ),
    // Jobs and timers.
    (
        "microtasks",
        "(function f() { Promise.resolve().then(f); })(); await new Promise(() => {});",
        Asked,
    ),
    ("await_loop", "for (;;) { await 0; }", Asked),
    (
        "queue_microtask",
        "const f = () => queueMicrotask(f); f(); await new Promise(() => {});",
        Asked,
    ),
    ("interval", "setInterval(() => {}, 0); await new Promise(() => {});", Asked),
    ("timer_chain", "(function f() { setTimeout(f, 0); })(); await new Promise(() => {});", Asked),
    ("timer_flood", "for (;;) { setTimeout(() => {}, 1e6); }", Stopped),
    ("only_waits", "await new Promise((done) => setTimeout(done, 1e6));", Asked),
    ("never", "await new Promise(() => {});", NeverSettles),
    // Memory.
    ("objects", "const all: any[] = []; for (;;) { all.push({ a: 1, b: [1, 2, 3] }); }", Memory),
    ("doubling_array", "let a: any[] = [1]; for (;;) { a = a.concat(a); }", Memory),
    (
        "ropes",
        "const all: string[] = []; let s = 'x'; for (;;) { s = s + all.length; all.push(s); }",
        Memory,
    ),
    (
        "flat_texts",
        "const all: string[] = []; for (let i = 0; ; i++) { all.push(String(i).repeat(1e4)); }",
        Memory,
    ),
    ("buffers", "const all: any[] = []; for (;;) { all.push(new ArrayBuffer(1 << 20)); }", Memory),
    (
        "big_ints",
        "const all: bigint[] = []; for (let i = 1n; ; i++) { all.push(i << 100000n); }",
        Memory,
    ),
    ("map_growth", "const m = new Map(); for (let i = 0; ; i++) { m.set(i, {}); }", Memory),
    ("properties", "const o: any = {}; for (let i = 0; ; i++) { o['k' + i] = i; }", Memory),
    (
        "symbols",
        "const all: symbol[] = []; for (let i = 0; ; i++) { all.push(Symbol('s' + i)); }",
        Memory,
    ),
    (
        "closures",
        "const all: any[] = []; for (;;) { const x = { v: all.length }; all.push(() => x); }",
        Memory,
    ),
    (
        "generators",
        "const all: any[] = []; for (;;) { const g = (function* () { yield all; })(); g.next(); all.push(g); }",
        Memory,
    ),
    ("promises", "const all: any[] = []; for (;;) { all.push(new Promise(() => {})); }", Memory),
    ("errors", "const all: any[] = []; for (;;) { all.push(new Error('x')); }", Memory),
    ("filled_array", "new Array(2e7).fill(0); for (;;) {}", MemoryOrStopped),
    (
        "caught_memory",
        "const all: any[] = []; for (;;) { try { for (;;) all.push(new Array(1000).fill(all.length)); } catch {} }",
        Memory,
    ),
    ("too_large_at_once", "new Uint8Array(2 ** 30);", Memory),
    ("jobs_without_end", "for (;;) { Promise.resolve().then(() => {}); }", Memory),
    // The stack.
    ("recursion", "const f = (): any => f() + 1; return f();", Stack),
    ("to_string_cycle", "const a: any = { toString() { return '' + a; } }; return '' + a;", Stack),
    ("getter_recursion", "const a: any = { get b() { return this.b; } }; return a.b;", Stack),
    (
        "proxy_recursion",
        "const p: any = new Proxy({}, { get: (t, k, r) => r[k] }); return p.x;",
        Stack,
    ),
    ("deep_json", "JSON.parse('['.repeat(1e6));", Stack),
    (
        "deep_json_text",
        "let a: any = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a);",
        Stack,
    ),
    ("deep_result", "let a: any = []; for (let i = 0; i < 1e5; i++) a = [a]; return a;", Stopped),
    ("endless_result", "const a: any = { toJSON: () => ({ a: { ...a } }) }; return a;", Stack),
    (
        "deep_join",
        "let a: any = []; for (let i = 0; i < 1e5; i++) a = [a]; return String(a);",
        Stack,
    ),
    ("deep_eval", "(0, eval)('('.repeat(1e6));", Stack),
    ("deep_regex", "new RegExp('('.repeat(1e5) + ')'.repeat(1e5));", Throws("SyntaxError")),
    ("comparator_recursion", "const f = (): any => [2, 1].sort(f); return f();", Stack),
    (
        "prototype_proxies",
        "let p: any = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x;",
        Stack,
    ),
    ("spread_call", "Math.max(...new Array(5e5).fill(0));", Throws("RangeError")),
    (
        "deep_free",
        "for (;;) { let a: any = []; for (let i = 0; i < 1e5; i++) a = [a]; a = null; }",
        Stopped,
    ),
    (
        "promise_chain",
        "let p: any = Promise.resolve(); for (let i = 0; i < 5e4; i++) { const q = p; p = (async () => q)(); } for (;;) { await p; }",
        Stopped,
    ),
    // The door.
    (
        "door_encode",
        "const s = '\u{E9}'.repeat(5e6), e = new TextEncoder(); for (;;) { e.encode(s); }",
        Stopped,
    ),
    (
        "door_decode",
        "const b = new Uint8Array(1e7).fill(65), d = new TextDecoder(); for (;;) { d.decode(b); }",
        Stopped,
    ),
    (
        "door_url",
        "const s = 'http://x/' + '\u{E9}'.repeat(1e6); for (;;) { try { new URL(s); } catch {} }",
        Stopped,
    ),
    ("door_console", "const s = 'x'.repeat(1e7); for (;;) { console.log(s); }", Stopped),
    (
        "door_random",
        "const a = new Uint8Array(65536); for (;;) { crypto.getRandomValues(a); }",
        Stopped,
    ),
    (
        "door_stack",
        "const f: any = () => {}; Object.defineProperty(f, 'name', { value: 'n'.repeat(1e7) }); for (;;) { String(new Error('x').stack); }",
        Stopped,
    ),
    (
        "door_digest",
        "const b = new Uint8Array(1e7); for (;;) { await crypto.subtle.digest('SHA-512', b); }",
        Stopped,
    ),
    (
        "door_rounds",
        "const k = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']); await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(8), iterations: 1e9 }, k, 512);",
        Stopped,
    ),
    (
        "door_pack",
        "const b = new Uint8Array(4e6); for (;;) { await new Response(new Blob([b]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(); }",
        MemoryOrStopped,
    ),
    (
        "door_bomb",
        "const packed = await new Response(new Blob([new Uint8Array(1e6)]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(); for (;;) { await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer(); }",
        MemoryOrStopped,
    ),
    (
        "door_buffer",
        "const b = Buffer.alloc(5e6, 'x'); for (;;) { Buffer.from(b.toString('base64'), 'base64'); b.toString('hex'); }",
        MemoryOrStopped,
    ),
    ("door_clock", "for (;;) { Date.now(); performance.now(); performance.timeOrigin; }", Stopped),
    ("door_timers", "for (;;) { clearTimeout(setTimeout(() => {}, 1e6)); }", Stopped),
    (
        "door_timer_flood",
        "for (;;) { try { setTimeout(() => {}, 1e6); } catch {} }",
        MemoryOrStopped,
    ),
    (
        "door_url_set",
        "const u = new URL('http://x/'); for (;;) { u.pathname = '\u{E9}'.repeat(2e3); u.search = 'x'.repeat(1e4); }",
        Stopped,
    ),
    (
        "door_decoder_name",
        "const s = 'x'.repeat(1e6); for (;;) { try { new TextDecoder(s); } catch {} }",
        Stopped,
    ),
    (
        "door_decoder",
        "const b = new Uint8Array(1e6).fill(0x82); for (;;) { const d = new TextDecoder('shift_jis'); d.decode(b, { stream: true }); d.decode(); }",
        MemoryOrStopped,
    ),
    (
        "door_hmac",
        "const k = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-512' }, true, ['sign']), b = new Uint8Array(1e7); for (;;) { await crypto.subtle.sign('HMAC', k, b); }",
        Stopped,
    ),
    (
        "door_cbc",
        "const name = 'AES-CBC', k = await crypto.subtle.generateKey({ name, length: 256 }, true, ['encrypt']), b = new Uint8Array(7e6); for (;;) { await crypto.subtle.encrypt({ name, iv: new Uint8Array(16) }, k, b); }",
        MemoryOrStopped,
    ),
    (
        "door_ctr",
        "const name = 'AES-CTR', k = await crypto.subtle.generateKey({ name, length: 256 }, true, ['encrypt']), b = new Uint8Array(7e6); for (;;) { await crypto.subtle.encrypt({ name, counter: new Uint8Array(16), length: 64 }, k, b); }",
        MemoryOrStopped,
    ),
    (
        "door_gcm",
        "const name = 'AES-GCM', k = await crypto.subtle.generateKey({ name, length: 256 }, true, ['encrypt']), b = new Uint8Array(7e6); for (;;) { await crypto.subtle.encrypt({ name, iv: new Uint8Array(12), additionalData: b }, k, b); }",
        MemoryOrStopped,
    ),
    (
        "door_sign",
        "const name = 'ECDSA', k: any = await crypto.subtle.generateKey({ name, namedCurve: 'P-384' }, true, ['sign']), b = new Uint8Array(7e6); for (;;) { await crypto.subtle.sign({ name, hash: 'SHA-384' }, k.privateKey, b); }",
        MemoryOrStopped,
    ),
    (
        "door_flood",
        "const b = new Uint8Array(2e6); for (;;) { crypto.subtle.digest('SHA-512', b).catch(() => {}); await null; }",
        MemoryOrStopped,
    ),
    (
        "door_checksum",
        "const { config }: any = new AwsS3.S3Client({ region: 'x' }), b = new Uint8Array(7e6); for (;;) { const h = new config.md5(); h.update(b); await h.digest(); }",
        MemoryOrStopped,
    ),
    (
        "door_xml",
        "const body = new TextEncoder().encode(`<R>${'<Contents><Key>k</Key></Contents>'.repeat(1e4)}</R>`), requestHandler: any = { handle: async () => ({ response: { statusCode: 200, headers: {}, body } }) }, s3 = new AwsS3.S3Client({ region: 'x', requestHandler }); for (;;) { await s3.send(new AwsS3.ListObjectsV2Command({ Bucket: 'b' })); }",
        MemoryOrStopped,
    ),
    ("door_fetch", "for (;;) { try { await fetch('http://192.0.2.1/'); } catch {} }", Stopped),
    (
        "door_intl",
        "const n = new Intl.NumberFormat('de', { style: 'currency', currency: 'EUR' }), d = new Intl.DateTimeFormat('ja', { dateStyle: 'full', timeZone: 'Asia/Tokyo' }); for (;;) { n.format(12345.678); d.format(0); }",
        Stopped,
    ),
    (
        "door_collate",
        "const s = '\u{E9}'.repeat(2e6); for (;;) { s.localeCompare(s + 'x', 'sv'); }",
        MemoryOrStopped,
    ),
    (
        "door_segments",
        "const s = 'one two '.repeat(1e5), g = new Intl.Segmenter('en', { granularity: 'word' }); for (;;) { for (const it of g.segment(s)); }",
        MemoryOrStopped,
    ),
    (
        "door_list",
        "const all = Array.from({ length: 1e5 }, () => 'x'.repeat(20)), l = new Intl.ListFormat('en'); for (;;) { l.format(all); }",
        MemoryOrStopped,
    ),
    (
        "door_tag",
        "for (;;) { new Intl.Locale('de-DE-u-co-phonebk').maximize(); try { new Intl.Locale('x-'.repeat(1e5)); } catch {} }",
        Stopped,
    ),
    (
        "door_surrogates",
        "const s = '\\ud800x'.repeat(1e6); for (;;) { try { new URL(s); } catch {} console.log(s); }",
        Stopped,
    ),
    (
        "door_decode_wrong",
        "const b = new Uint8Array(4e6).fill(0xc3), all = ['utf-8', 'iso-2022-jp', 'gb18030'].map((it) => new TextDecoder(it)); for (;;) { for (const it of all) it.decode(b); }",
        MemoryOrStopped,
    ),
    (
        "door_locales",
        "const all = new Array(1e4).fill('de-DE'); for (;;) { Intl.getCanonicalLocales(all); Intl.NumberFormat.supportedLocalesOf(all); new Intl.Collator(all); }",
        Stopped,
    ),
    (
        "door_locales_too_many",
        "const all = new Array(5e5).fill('de-DE'); for (;;) { try { new Intl.NumberFormat(all); } catch {} }",
        MemoryOrStopped,
    ),
    (
        "door_number",
        "const f = new Intl.NumberFormat('hi', { roundingIncrement: 5, minimumFractionDigits: 2, maximumFractionDigits: 2 }), all = ['9'.repeat(3e3), '9'.repeat(3e6), '1e99999', ' '.repeat(3e6)]; for (;;) { for (const it of all) try { f.formatToParts(it as any); } catch {} }",
        MemoryOrStopped,
    ),
    (
        "door_names",
        "const n = new Intl.DisplayNames('en', { type: 'language' }), s = 'de-' + Array.from({ length: 1e5 }, (_, i) => 'v' + String(i).padStart(5, '0')).join('-'); for (;;) { try { n.of(s); } catch {} try { n.of(s.slice(0, 1000)); } catch {} }",
        MemoryOrStopped,
    ),
    (
        "door_collate_same",
        "const s = 'one two '.repeat(5e5), t = s + 'b', u = s + 'a'; for (;;) { t.localeCompare(u); s.localeCompare(s.slice()); }",
        MemoryOrStopped,
    ),
    (
        "door_collate_case",
        "const s = 'one two '.repeat(4e5), t = s.toUpperCase(), c = new Intl.Collator('fr-CA', { sensitivity: 'base' }); for (;;) { try { c.compare(s, t); } catch {} c.compare(s.slice(0, 3e4), t.slice(0, 3e4)); }",
        MemoryOrStopped,
    ),
    (
        "door_segment_word",
        "const all = (['word', 'sentence', 'grapheme'] as const).map((granularity) => new Intl.Segmenter('en', { granularity })), s = 'ab'.repeat(1e6), t = 'e' + '\\u0301'.repeat(1e6); for (;;) { for (const it of all) for (const text of [s, t]) try { for (const _ of it.segment(text)); } catch {} }",
        MemoryOrStopped,
    ),
    (
        "door_hkdf",
        "const k = await crypto.subtle.importKey('raw', new Uint8Array(1e6), 'HKDF', false, ['deriveBits']), hash = 'SHA-512'; for (;;) { await crypto.subtle.deriveBits({ name: 'HKDF', hash, salt: new Uint8Array(1e6), info: new Uint8Array(8000) }, k, 8 * 64 * 255); }",
        Stopped,
    ),
    (
        "door_salt",
        "const k = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']); await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-1', salt: new Uint8Array(8e6), iterations: 1 }, k, 8 * 2 ** 20);",
        Stopped,
    ),
    (
        "door_unpack_blocks",
        "const b = new Uint8Array(1e6); for (let i = 0; i < b.length; i += 5) b.set([0, 0, 0, 255, 255], i); for (;;) { try { await new Response(new Blob([b]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).arrayBuffer(); } catch {} }",
        MemoryOrStopped,
    ),
    (
        "door_url_host",
        "const s = 'http://' + '\u{E9}.'.repeat(1e4), t = 'http://' + 'xn--9ca.'.repeat(4e3); for (;;) { for (const it of [s, t]) try { new URL(it); } catch {} }",
        Stopped,
    ),
    (
        "door_url_pattern",
        "const p = new URLPattern({ pathname: '/:a' + '/x'.repeat(2000) }), s = 'http://x/' + 'a/'.repeat(2000); for (;;) { p.test(s); }",
        Stopped,
    ),
    (
        "door_xml_text",
        "const body = new TextEncoder().encode(`<R><Name>${'\\t'.repeat(2e6)}</Name></R>`), requestHandler: any = { handle: async () => ({ response: { statusCode: 200, headers: {}, body } }) }, s3 = new AwsS3.S3Client({ region: 'x', requestHandler }); for (;;) { await s3.send(new AwsS3.ListObjectsV2Command({ Bucket: 'b' })); }",
        MemoryOrStopped,
    ),
    (
        "door_request",
        "const headers = Array.from({ length: 200 }, (_, i): [string, string] => ['a' + i, 'x'.repeat(3e3)]); for (;;) { try { await fetch('http://192.0.2.1/', { headers }); } catch {} }",
        MemoryOrStopped,
    ),
    ("door_zone", "for (let i = 0; ; i += 1e7) { String(new Date(i)); }", Stopped),
    ("door_argument", "const evil: any = { toString() { for (;;); } }; new URL(evil);", Asked),
];

/// 32 loops that any program might contain.
pub(crate) const LIBRARY_LOOPS: &[Case] = &[
    (
        "json_parse",
        "const s = JSON.stringify(Array.from({ length: 1000 }, (_, i) => ({ i, t: 'x' + i }))); for (;;) { JSON.parse(s); }",
        Stopped,
    ),
    (
        "json_stringify",
        "const a = Array.from({ length: 1000 }, (_, i) => ({ i, t: 'x' + i })); for (;;) { JSON.stringify(a); }",
        Stopped,
    ),
    (
        "slice_sort",
        "const a = Array.from({ length: 10000 }, (_, i) => (i * 7919) % 10007); for (;;) { a.slice().sort((x, y) => x - y); }",
        Stopped,
    ),
    (
        "split_join",
        "const s = 'a,b,c,d,'.repeat(1000); for (;;) { s.split(',').join(';'); }",
        Stopped,
    ),
    (
        "regex_replace",
        "const s = 'the quick brown fox '.repeat(500); for (;;) { s.replace(/\\b(\\w)(\\w*)/g, '$2$1'); }",
        Stopped,
    ),
    (
        "regex_exec",
        "const s = 'k1=v1;k2=v2;'.repeat(500); for (;;) { const r = /(\\w+)=(\\w+)/g; while (r.exec(s)); }",
        Stopped,
    ),
    (
        "match_all",
        "const s = 'a1b22c333'.repeat(500); for (;;) { [...s.matchAll(/\\d+/g)]; }",
        Stopped,
    ),
    (
        "structured_clone",
        "const a = Array.from({ length: 100 }, (_, i) => ({ i, list: [i] })); for (;;) { structuredClone(a); }",
        Stopped,
    ),
    (
        "map_churn",
        "for (;;) { const m = new Map(); for (let i = 0; i < 1000; i++) m.set('k' + i, i); [...m.values()]; }",
        Stopped,
    ),
    (
        "set_churn",
        "for (;;) { const s = new Set(); for (let i = 0; i < 1000; i++) s.add(i); for (const x of s) s.delete(x); }",
        Stopped,
    ),
    (
        "object_entries",
        "const o = Object.fromEntries(Array.from({ length: 500 }, (_, i) => ['k' + i, i])); for (;;) { Object.entries(o).map(([k, v]) => k + v); }",
        Stopped,
    ),
    (
        "spread_objects",
        "let o: any = {}; for (let i = 0; i < 300; i++) o['k' + i] = i; for (;;) { ({ ...o, x: 1 }); }",
        Stopped,
    ),
    (
        "reduce_concat",
        "for (;;) { Array.from({ length: 300 }, (_, i) => i).reduce((a: any, x) => a.concat([x]), []); }",
        Stopped,
    ),
    (
        "map_filter",
        "const a = Array.from({ length: 5000 }, (_, i) => i); for (;;) { a.map((x) => x * 2).filter((x) => x % 3).flatMap((x) => [x, x]); }",
        Stopped,
    ),
    (
        "template_texts",
        "for (;;) { let s = ''; for (let i = 0; i < 2000; i++) s += `${i}:${i * 2},`; s.length; }",
        Stopped,
    ),
    (
        "number_text",
        "for (;;) { for (let i = 0; i < 1000; i++) Number.parseFloat((i / 7).toFixed(5)); }",
        Stopped,
    ),
    (
        "date_text",
        "for (;;) { new Date(Date.parse('2024-02-29T12:34:56Z')).toISOString(); }",
        Stopped,
    ),
    (
        "local_dates",
        "for (;;) { new Date(2024, 1, 29).getTimezoneOffset(); new Date().toString(); }",
        Stopped,
    ),
    (
        "urls",
        "for (;;) { const u = new URL('https://example.com/a/b?x=1#y'); u.searchParams.set('x', '2'); String(u); }",
        Stopped,
    ),
    (
        "text_round_trip",
        "const e = new TextEncoder(), d = new TextDecoder(); for (;;) { d.decode(e.encode('h\u{E9}llo '.repeat(1000))); }",
        Stopped,
    ),
    ("base64", "for (;;) { atob(btoa('hello '.repeat(2000))); }", Stopped),
    ("random_ids", "for (;;) { crypto.randomUUID(); Math.random(); }", Stopped),
    (
        "big_int_sums",
        "let x = 1n; for (;;) { x = (x * 6364136223846793005n + 1442695040888963407n) & ((1n << 512n) - 1n); }",
        Stopped,
    ),
    (
        "typed_arrays",
        "for (;;) { const a = new Float64Array(10000); a.set(a.subarray(5000), 0); a.map(Math.sqrt); }",
        Stopped,
    ),
    (
        "classes",
        "class A { #x = 1; get x() { return this.#x; } } class B extends A { y = [this.x]; } for (;;) { new B(); }",
        Stopped,
    ),
    (
        "await_all",
        "for (;;) { await Promise.all(Array.from({ length: 100 }, async (_, i) => i)); }",
        Stopped,
    ),
    (
        "async_iteration",
        "for (;;) { for await (const x of (async function* () { yield 1; yield 2; })()) {} }",
        Stopped,
    ),
    ("console", "for (;;) { console.log('%s is %d', 'x', 1, { a: [1, 2, { b: 3 }] }); }", Stopped),
    (
        "s3_clients",
        "for (;;) { new AwsS3.S3Client({}); new AwsS3.GetObjectCommand({ Bucket: 'b', Key: 'k' }); }",
        Stopped,
    ),
    (
        "throw_catch",
        "for (;;) { try { throw new TypeError('x'); } catch (e) { String(e); } }",
        Stopped,
    ),
    (
        "compare_texts",
        "const a = Array.from({ length: 500 }, (_, i) => 'k' + (i * 7919) % 503); for (;;) { a.slice().sort((x, y) => x.localeCompare(y)); }",
        Stopped,
    ),
    (
        "compiled_classes",
        "for (let i = 0; ; i++) { new Function('class A { #x = ' + i + '; static y() {} get z() { return this.#x; } } return new A().z')(); }",
        Stopped,
    ),
];
