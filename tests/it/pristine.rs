//! Nothing of one run is there in the next.
//!
//! Every attempt at pollution is followed by a run that walks everything a
//! snippet can reach (all own properties with their attributes, prototypes,
//! contents of collections, captured constructors) and sums it up in a number,
//! which must be that of the first run. The rollback compares the whole image
//! as well.

use std::{collections::HashSet, time::Duration};

use llm_kernel::isolate::{RunError, Verify};

use crate::one_worker::OneWorker;

/// Sums up what a snippet can reach. Uses nothing that an earlier run could have
/// changed without being seen: what it calls is part of the sum.
const FINGERPRINT: &str = r#"
const ids = new Map<unknown, number>(), queue: any[] = [];
let hash = 17;
const add = (text: string) => {
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
};
const note = (value: any) => {
  const type = typeof value;
  if (value === null || (type !== 'object' && type !== 'function')) {
    add(type === 'symbol' ? `symbol ${String(value.description)}` : type === 'number' && Object.is(value, -0) ? '-0' : `${type} ${String(value)}`);
    return;
  }
  let id = ids.get(value);
  if (id === undefined) {
    id = ids.size;
    ids.set(value, id);
    queue.push(value);
  }
  add(`#${id}`);
};
const roots: any[] = [
  globalThis, function* () {}, async () => {}, async function* () {}, [].values(), new Map().entries(), new Set().values(),
  ''[Symbol.iterator](), 'a'.matchAll(/a/g), [].values().map((x) => x), Iterator.from({ next() {} } as any), (async function* () {})(),
  Promise.resolve(), /x/, new Error('x'), Symbol.iterator, Object(1n), (function () { return arguments; })(),
];
for (const root of roots) note(root === globalThis ? root : Object.getPrototypeOf(root));
for (let at = 0; at < queue.length; at++) {
  const object = queue[at];
  add(`${typeof object}${Object.isExtensible(object)}`);
  note(Object.getPrototypeOf(object));
  for (const key of Reflect.ownKeys(object)) {
    const { value, get, set, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(object, key) as any;
    note(key);
    add(`${writable}${enumerable}${configurable}`);
    note(value);
    note(get);
    note(set);
  }
  const tag = Object.prototype.toString.call(object);
  if (object instanceof Map || object instanceof Set) {
    try { object.forEach((value: any, key: any) => { note(key); note(value); }); } catch {}
  } else if (object instanceof ArrayBuffer) {
    add(String(new Uint8Array(object)));
  } else if (tag === '[object Date]') {
    try { add(String(Date.prototype.getTime.call(object))); } catch {}
  }
}
// What the walk cannot see.
add((0, eval)('typeof leak + typeof Leak + typeof leaked'));
add(String(Symbol.keyFor(Symbol.for('x'))));
add(String(new Uint8Array(1 << 16).some((byte) => byte !== 0)));
add(String(RegExp('(a)').exec('a')));
add(String(new Error('x').stack));
return [ids.size, hash];
"#;

/// Name, and a snippet that wants to be noticed by the next one.
const ATTEMPTS: &[(&str, &str)] = &[
    ("a global", "(globalThis as any).leaked = 1;"),
    ("a global accessor", "Object.defineProperty(globalThis, 'leaked', { get: () => 1 });"),
    ("a deleted global", "delete (globalThis as any).Promise; delete (globalThis as any).AwsS3;"),
    ("a frozen global object", "Object.freeze(globalThis);"),
    (
        "the prototype of the global object",
        "Object.setPrototypeOf(globalThis, new Proxy({}, { has: () => true, get: () => 1 }));",
    ),
    ("a lexical global", "(0, eval)('let leak = 1; class Leak {}');"),
    (
        "a sloppy global",
        "new Function('leaked = 1')(); (0, eval)('var leaked = 2; function leak() {}');",
    ),
    ("the global object by way of a function", "(new Function('return this')()).leaked = 1;"),
    ("a method of arrays", "Array.prototype.map = function () { return ['polluted'] as any; };"),
    (
        "an index of Array.prototype",
        "Object.defineProperty(Array.prototype, 0, { get: () => 'polluted', set() {} });",
    ),
    ("a member of Object.prototype", "(Object.prototype as any).leaked = 1;"),
    ("toJSON everywhere", "(Object.prototype as any).toJSON = () => 'polluted';"),
    (
        "frozen intrinsics",
        "for (const it of [Object, Array, Map, Promise, Function]) { Object.freeze(it); Object.freeze(it.prototype); }",
    ),
    ("no more extensions", "Object.preventExtensions(Map.prototype); Object.seal(Set.prototype);"),
    (
        "changed prototypes",
        "Object.setPrototypeOf(Array.prototype, null); Object.setPrototypeOf(Map, Set);",
    ),
    ("__proto__ itself", "Object.defineProperty(Object.prototype, '__proto__', { get: () => 1 });"),
    ("then of promises", "Promise.prototype.then = function () { return this; } as any;"),
    ("call of functions", "Function.prototype.call = Function.prototype.apply = () => 'polluted';"),
    ("JSON", "JSON.stringify = () => '1'; JSON.parse = () => 1;"),
    (
        "iterators",
        "Object.getPrototypeOf(Object.getPrototypeOf([].values()))[Symbol.iterator] = null; Object.getPrototypeOf([].values()).next = () => ({ done: true });",
    ),
    (
        "generators",
        "Object.getPrototypeOf(function* () {}).prototype.next = () => 1; Object.getPrototypeOf(async function* () {}).prototype.next = () => 1;",
    ),
    ("species", "Object.defineProperty(Array, Symbol.species, { get: () => Map });"),
    (
        "well-known symbols",
        "String.prototype[Symbol.iterator] = null as any; (RegExp.prototype as any)[Symbol.replace] = () => 'polluted'; Object.defineProperty(Function.prototype, Symbol.hasInstance, { value: () => true });",
    ),
    (
        "the registry of symbols",
        "for (let i = 0; i < 1000; i++) (globalThis as any)[Symbol.for('x' + i)] = i; Symbol.for('x');",
    ),
    (
        "many atoms and shapes",
        "const o: any = {}; for (let i = 0; i < 20000; i++) o['atom' + i] = i; Object.assign(Array.prototype, o);",
    ),
    (
        "a regular expression's state",
        "const r: any = RegExp.prototype; r.lastIndex = 5; /(x)(y)/.exec('xy'); RegExp.prototype.exec = () => null;",
    ),
    (
        "how errors look",
        "(Error as any).prepareStackTrace = () => 'polluted'; (Error as any).stackTraceLimit = 0; Error.prototype.name = 'polluted';",
    ),
    (
        "the console",
        "console.log = () => {}; console.group('deeper'); console.count('x'); console.time('t');",
    ),
    (
        "numbers",
        "Object.defineProperty(Math, 'leaked', { value: 1 }); Math.random = () => 4; Number.prototype.toString = () => '4';",
    ),
    ("dates", "Date.now = () => 4; Date.prototype.getTime = () => 4;"),
    (
        "the S3 client",
        "AwsS3.S3Client.prototype.send = (() => 'polluted') as any; (AwsS3 as any).leaked = 1; delete (AwsS3.GetObjectCommand as any).prototype;",
    ),
    (
        "MyLib",
        "for (const key of Reflect.ownKeys(MyLib)) { try { delete (MyLib as any)[key]; } catch {} } (MyLib as any).leaked = 1;",
    ),
    (
        "web classes",
        "URL.prototype.toString = () => 'polluted'; TextDecoder.prototype.decode = () => 'polluted'; crypto.getRandomValues = (x: any) => x; (Event as any).leaked = 1;",
    ),
    (
        "a detached buffer",
        "const b = new ArrayBuffer(8); structuredClone(b, { transfer: [b] }); (globalThis as any).leaked = b;",
    ),
    (
        "timers",
        "for (let i = 0; i < 50; i++) setInterval(() => { console.log('from the run before'); (globalThis as any).leaked = 1; }, 0); setTimeout(() => console.log('x'), 1); return 1;",
    ),
    (
        "jobs",
        "for (let i = 0; i < 50; i++) queueMicrotask(function again() { (globalThis as any).leaked = 1; queueMicrotask(again); }); await new Promise(() => {});",
    ),
    (
        "promises that nobody settles",
        "const p = new Promise(() => {}); p.then(() => { (globalThis as any).leaked = 1; }); (globalThis as any).leaked = p; Promise.reject(new Error('unhandled'));",
    ),
    (
        "finalizers",
        "const f = new FinalizationRegistry(() => { (globalThis as any).leaked = 1; }); for (let i = 0; i < 100; i++) f.register({ i }, i); new WeakRef({});",
    ),
    (
        "listeners",
        "const t = new EventTarget(); t.addEventListener('x', () => {}); AbortSignal.timeout(1); (globalThis as any).leaked = t;",
    ),
    (
        "an open generator",
        "const g = (async function* () { try { yield 1; } finally { (globalThis as any).leaked = 1; } })(); await g.next(); (globalThis as any).leaked = g;",
    ),
    (
        "bytes",
        "const all: any[] = []; for (let i = 0; i < 200; i++) all.push(new Uint8Array(1 << 16).fill(0xab), 'secret'.repeat(999)); (globalThis as any).leaked = all;",
    ),
    (
        "what an error leaves",
        "(Array.prototype as any).leaked = 1; (function f(): any { return f(); })();",
    ),
    (
        "what a throw leaves",
        "(Array.prototype as any).leaked = 1; throw new Proxy({}, { get() { throw 1; } });",
    ),
    (
        "what a syntax error leaves",
        "(Array.prototype as any).leaked = 1; (0, eval)('let leak = ; }');",
    ),
    (
        "what the memory limit leaves",
        "(Array.prototype as any).leaked = 1; const all: any[] = []; for (;;) all.push({ leaked: all });",
    ),
    (
        "what an asked end leaves",
        "(Array.prototype as any).leaked = 1; for (;;) { try { for (;;); } catch {} }",
    ),
    (
        "what a kill leaves",
        "(Array.prototype as any).leaked = 1; [].sort.call({ length: 4e9 } as any);",
    ),
    (
        "what a kill in a comparator leaves",
        "(Array.prototype as any).leaked = 1; Array.from({ length: 1e5 }, (_, i) => i).sort(() => { delete (globalThis as any).Map; for (;;); });",
    ),
];

#[test]
fn pollution_is_gone_in_the_next_run() {
    assert!(ATTEMPTS.len() >= 40);
    let worker = OneWorker::start(|config| {
        config.memory_bytes = 32 << 20;
        config.verify = Verify::EachRollback;
    });
    let fingerprint = || {
        let outcome = worker.run(FINGERPRINT, Duration::from_secs(60)).outcome;
        assert_eq!(outcome.logs, [], "a run prints what it prints");
        outcome.result.unwrap()
    };
    let pristine = fingerprint();
    // Bundles and intrinsics have tens of thousands of properties.
    assert!(pristine.len() > "[1000,1]".len(), "{pristine}");
    for (name, code) in ATTEMPTS {
        worker.run(code, Duration::from_millis(100));
        assert_eq!(fingerprint(), pristine, "\nafter: {name}\nsnippet: {code}");
    }
}

#[test]
fn no_two_runs_draw_the_same_numbers() {
    let workers = [OneWorker::start(|_config| {}), OneWorker::start(|_config| {})];
    let draw = "return [Math.random(), Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint32Array(4))].join()].map(String);";
    let mut seen = HashSet::new();
    for round in 0..50 {
        for worker in &workers {
            let outcome = worker.run(draw, Duration::from_secs(60)).outcome;
            for number in serde_json::from_str::<Vec<String>>(&outcome.result.unwrap()).unwrap() {
                assert!(seen.insert(number.clone()), "{number} was drawn before");
            }
            // Also after an end that is not a return.
            if round % 10 == 0 {
                let killed = "Math.random(); [].sort.call({ length: 4e9 } as any);";
                let outcome = worker.run(killed, Duration::from_millis(30)).outcome;
                assert_eq!(outcome.result, Err(RunError::TimedOut));
            }
        }
    }
}

#[test]
fn every_run_has_its_own_clocks() {
    let worker = OneWorker::start(|_config| {});
    let read = "return [performance.timeOrigin, performance.now(), Date.now()];";
    let mut before = [0.0; 3];
    for _ in 0..10 {
        let outcome = worker.run(read, Duration::from_secs(60)).outcome;
        let now: [f64; 3] = serde_json::from_str(&outcome.result.unwrap()).unwrap();
        assert!(now[0] > before[0], "the origin stands still: {before:?}, {now:?}");
        assert!(now[1] < 10_000.0, "now() does not begin with the run: {now:?}");
        assert!(now[2] >= before[2], "the clock went back: {before:?}, {now:?}");
        before = now;
        // Origins are told in steps of 0.1 ms.
        worker.run(
            "for (const end = performance.now() + 1; performance.now() < end; );",
            Duration::from_secs(60),
        );
    }
}
