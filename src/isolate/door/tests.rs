//! What comes through the door and what does not: bundles, operations, texts, panics,
//! copies. Kills are `guard`'s, and those of `tests/it/kills.rs`.

use std::{sync::atomic::Ordering, time::Duration};

use rquickjs::{Context, Module, Runtime, WriteOptions};

use super::*;
use crate::isolate::{
    Blueprint, BuildError, Isolate, RunError, Tracking, Uses, Verify,
    drive::faults,
    host::Op,
    preset::{DEFAULT, Preset},
    tests::run,
};

/// A bundle as build.rs makes them.
fn bundle(name: &'static str, source: &str) -> Bytecode {
    let runtime = Runtime::new().unwrap();
    let bytes = Context::full(&runtime).unwrap().with(|ctx| {
        Module::declare(ctx, name, source).unwrap().write(WriteOptions::default()).unwrap()
    });
    Bytecode { name, bytes: bytes.leak(), globals: &[] }
}

fn build(guard: &Guard, bundles: Vec<Bytecode>) -> Result<Isolate, BuildError> {
    build_with(16 << 20, guard, bundles)
}

fn build_with(
    memory_bytes: usize,
    guard: &Guard,
    bundles: Vec<Bytecode>,
) -> Result<Isolate, BuildError> {
    Isolate::build(
        guard,
        Blueprint {
            preset: Preset::of_bundles(bundles),
            uses: Uses::Many,
            memory_bytes,
            stack_bytes: 8 << 20,
            tracking: Tracking::Best,
            verify: Verify::EachRollback,
        },
    )
}

fn prelude() -> Bytecode {
    DEFAULT.bundles[0]
}

#[test]
fn a_bundle_is_a_script_or_a_module() {
    let guard = Guard::adopt_thread().unwrap();
    let own = |source, form, globals| {
        let bytes = compile(c"preset:it.js", source, form).unwrap().leak();
        Bytecode { name: "it", bytes, globals }
    };
    let script = own("var A = 1, a = this === globalThis;", Form::Script, &[c"A", c"a"]);
    let module = own("export const b = A + 1; export default a;", Form::Module, &[c"B"]);
    let mut isolate = build(&guard, vec![prelude(), script, module]).unwrap();
    let outcome = run(&mut isolate, &guard, "return [A, a, B.b, B.default];");
    assert_eq!(outcome.result, Ok("[1,true,2,true]".to_owned()));
    let taken = build(&guard, vec![prelude(), script, script]).unwrap_err().to_string();
    assert!(taken.starts_with("it: the global `A` is there already"), "{taken}");
    // However a text ends, the parser stops there.
    for text in ["`", "/*", "(", "'", "/", "\\u", "<!--", "//", "\u{0}", "a?.", "0x", "#!"] {
        for form in [Form::Script, Form::Module] {
            let _ = compile(c"preset:it.js", text, form);
        }
    }
}

/// Snippet code that ran while disarmed could not be killed.
#[test]
fn the_door_calls_nothing_of_its_arguments() {
    let guard = Guard::adopt_thread().unwrap();
    let open = bundle("open", "globalThis.openDoor = globalThis.__door;");
    let mut isolate = build(&guard, vec![open, prelude()]).unwrap();
    let ops: Vec<u32> =
        Op::ALL.iter().map(|op| *op as u32).chain([0, 999, 4_000_000_000]).collect();
    let body = r#"
        let touched = 0;
        const touch = () => { touched++; return "x"; };
        class Bytes extends Uint8Array {
            get length() { return touch(); }
            get byteLength() { return touch(); }
            get byteOffset() { return touch(); }
            get buffer() { return touch(); }
            get [Symbol.toStringTag]() { return touch(); }
        }
        const every = new Proxy({}, { get: () => touch });
        const hostile = {
            toString: { toString: touch, toJSON: touch },
            valueOf: { valueOf: touch },
            toPrimitive: { [Symbol.toPrimitive]: touch },
            proxy: new Proxy({}, every),
            bytesProxy: new Proxy(new Uint8Array(8), every),
            functionProxy: new Proxy(touch, every),
            getters: Object.defineProperties({}, Object.fromEntries(
                ["length", "byteLength", "buffer", "constructor", "then", "0", "1"].map((key) => [key, { get: touch }]))),
            function: Object.assign(() => touch(), { toString: touch, valueOf: touch }),
            boxed: Object.assign(Object("x"), { toString: touch, valueOf: touch }),
            number: Object.assign(Object(1), { toString: touch, valueOf: touch }),
            array: Object.assign(["x"], { toString: touch, join: touch }),
            date: Object.assign(new Date(0), { toString: touch, valueOf: touch }),
            view: new DataView(new ArrayBuffer(8)),
            symbol: Symbol("x"),
            bigint: 1n,
        };
        const wrong = [];
        const check = (what, ...args) => {
            try {
                openDoor(...args);
                wrong.push(`${what} was let through`);
            } catch (error) {
                if (!/^(host operations take primitives and bytes|no such host operation)$/.test(error.message)) {
                    wrong.push(`${what}: ${error.message}`);
                }
            }
        };
        for (const [name, value] of Object.entries(hostile)) {
            check(name, value);
            for (const op of OPS) {
                for (const before of [[], ["text"], [1, true], [new Uint8Array(8), "x", null]]) {
                    check(`${op} ${name} ${before.length}`, op, ...before, value);
                }
            }
        }
        // These are bytes; what they pretend is not asked.
        const detached = new Uint8Array(8);
        structuredClone(detached, { transfer: [detached.buffer] });
        for (const bytes of [new Bytes(8), detached, new Uint8Array(new SharedArrayBuffer(8))]) {
            for (const op of OPS) {
                for (const args of [[bytes], ["utf-8", bytes, false], ["sha-256", bytes], [1, bytes]]) {
                    try { openDoor(op, ...args); } catch {}
                }
            }
        }
        for (let n = 0; n < 20; n++) {
            for (const op of OPS) { try { openDoor(op, ...new Array(n).fill(1)); } catch {} }
        }
        return { touched, wrong };"#;
    let outcome = run(&mut isolate, &guard, &body.replace("OPS", &format!("{ops:?}")));
    assert_eq!(outcome.result, Ok(r#"{"touched":0,"wrong":[]}"#.to_owned()));
}

#[test]
fn a_panic_in_any_op_costs_its_run_even_if_that_catches_it() {
    let guard = Guard::adopt_thread().unwrap();
    let open = bundle("open", "globalThis.openDoor = globalThis.__door;");
    let mut isolate = build(&guard, vec![open, prelude()]).unwrap();
    for op in Op::ALL {
        faults::PANICS.set(Some(op));
        let number = op as u32;
        let body = format!("try {{ openDoor({number}); }} catch {{}} return 1;");
        let outcome = run(&mut isolate, &guard, &body);
        faults::PANICS.set(None);
        let message = format!("host operation {number} failed");
        assert_eq!(outcome.result, Err(RunError::Internal(message)), "{op:?}");
        assert_eq!(run(&mut isolate, &guard, "return 2;").result, Ok("2".to_owned()));
    }
}

/// While an error is made, the engine calls `prepareStackTrace`: code of the snippet,
/// which may use the door, and with that ends what the host had said before.
#[test]
fn errors_of_the_host_are_whole_whatever_the_snippet_does_while_they_are_made() {
    let guard = Guard::adopt_thread().unwrap();
    let mut isolate = build(&guard, vec![prelude()]).unwrap();
    let body = r#"
        const attempts = {
            TypeError: (text) => new URL(text),
            RangeError: (text) => new TextDecoder(text),
            URIError: (text) => decodeURIComponent("%" + text),
        };
        const message = (attempt, text) => {
            try { attempt(text); } catch (error) { return `${error.name}: ${error.message}`; }
        };
        const reuse = () => {
            Error.prepareStackTrace = undefined;
            for (let n = 0; n < 20; n++) {
                try { new TextDecoder("S".repeat(100 + n * 8)); } catch {}
                console.log("A".repeat(100 + n * 10));
            }
            return "x";
        };
        const wrong = [];
        for (const [name, attempt] of Object.entries(attempts)) {
            for (let n = 0; n < 20; n++) {
                const text = "no such thing " + "Q".repeat(100 + n * 8);
                const expected = message(attempt, text);
                Error.prepareStackTrace = reuse;
                const seen = message(attempt, text);
                if (!expected.startsWith(name) || seen !== expected) wrong.push([expected, seen]);
            }
        }
        return wrong;"#;
    let outcome = run(&mut isolate, &guard, body);
    assert_eq!(outcome.result, Ok("[]".to_owned()));
}

/// The copy in which they are replaced is not the run's memory.
#[test]
fn large_texts_with_half_characters_are_refused() {
    let guard = Guard::adopt_thread().unwrap();
    let mut isolate = build_with(64 << 20, &guard, vec![prelude()]).unwrap();
    let body = r#"
        const half = "\ud800", compare = (text) => {
            try { return text.localeCompare("a"); } catch (error) { return `${error.name}: ${error.message}`; }
        };
        return [compare(half.repeat(9)), compare(half + "x".repeat(5e6)), compare("x".repeat(5e6))];"#;
    let outcome = run(&mut isolate, &guard, body);
    let refused = "RangeError: a text with half characters (surrogates without their other half) \
         has at most 4 MiB here; see `toWellFormed`";
    assert_eq!(outcome.result, Ok(format!(r#"[1,"{refused}",1]"#)));
}

#[test]
fn stacks_hand_over_no_function() {
    let guard = Guard::adopt_thread().unwrap();
    let mut isolate = build(&guard, vec![prelude()]).unwrap();
    let body = r#"
        const names = new Set(), got = [];
        Error.prepareStackTrace = (error, frames) => {
            for (const frame of frames) {
                names.add(frame.getFunctionName());
                for (let of = frame; of !== null; of = Object.getPrototypeOf(of)) {
                    for (const key of Reflect.ownKeys(of)) {
                        if (key === "constructor" || key in Object.prototype) continue;
                        const seen = typeof of[key] === "function" ? of[key].call(frame) : of[key];
                        if (typeof seen === "function" || typeof seen === "object" && seen !== null) got.push(key);
                    }
                }
            }
            return "";
        };
        try { new URL("bad"); } catch {}
        try { setTimeout(1); } catch {}
        return [got, names.has("__door"), names.has("main")];"#;
    let outcome = run(&mut isolate, &guard, body);
    assert_eq!(outcome.result, Ok("[[],true,true]".to_owned()));
}

/// What the host reads must be what the view shows at that moment, whatever became
/// of its buffer since it was made.
#[test]
fn views_of_buffers_that_change_are_read_as_they_are() {
    let guard = Guard::adopt_thread().unwrap();
    let open = bundle("open", "globalThis.openDoor = globalThis.__door;");
    let mut isolate = build(&guard, vec![open, prelude()]).unwrap();
    let body = r#"
        const read = (bytes) => {
            try { return openDoor(DECODE, "utf-8", bytes, false); } catch (error) { return error.name; }
        };
        const letters = (n) => String.fromCharCode(...Array.from({ length: n }, (_, i) => 97 + i));
        const fill = (buffer) => {
            const all = new Uint8Array(buffer);
            for (let i = 0; i < all.length; i++) all[i] = 97 + i;
        };
        const wrong = [];
        const check = (what, seen, expected) => {
            if (seen !== expected) wrong.push(`${what}: ${seen} instead of ${expected}`);
        };
        for (const size of [0, 3, 4, 6, 8, 12, 16, 2]) {
            const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
            const whole = new Uint8Array(buffer), tail = new Uint8Array(buffer, 4);
            const pairs = new Uint16Array(buffer), fixed = new Uint8Array(buffer, 2, 4);
            buffer.resize(size);
            fill(buffer);
            check(`whole of ${size}`, read(whole), letters(size));
            check(`pairs of ${size}`, read(pairs), letters(size - size % 2));
            check(`tail of ${size}`, read(tail), size < 4 ? "TypeError" : letters(size).slice(4));
            check(`fixed of ${size}`, read(fixed), size < 6 ? "TypeError" : "cdef");
            check(`view on ${size}`, read(whole.subarray(0, 1)), letters(Math.min(size, 1)));
            const moved = buffer.transfer(5);
            check(`moved from ${size}`, read(whole), "TypeError");
            check(`moved tail of ${size}`, read(tail), "TypeError");
            check(`moved buffer of ${size}`, read(buffer), "TypeError");
            check(`moved to ${size}`, read(moved).length, 5);
        }
        return wrong;"#;
    let body = body.replace("DECODE", &(Op::Decode as u32).to_string());
    let outcome = run(&mut isolate, &guard, &body);
    assert_eq!(outcome.result, Ok("[]".to_owned()));
}

#[test]
fn a_bundle_that_draws_or_waits_while_it_loads_fails_the_build() {
    let guard = Guard::adopt_thread().unwrap();
    for source in [
        "globalThis.seed = Math.random();",
        "globalThis.id = crypto.randomUUID();",
        "crypto.getRandomValues(new Uint8Array(4));",
        "globalThis.began = performance.now();",
        "globalThis.origin = performance.timeOrigin;",
        "setTimeout(() => {}, 1);",
    ] {
        match build(&guard, vec![prelude(), bundle("hasty", source)]) {
            Err(BuildError::Bundle { name, message, .. }) => {
                assert_eq!(name, "hasty", "{message}");
            }
            other => panic!("{source} ended with {other:?}"),
        }
    }
}

#[test]
fn an_isolate_can_be_dropped_at_any_point() {
    let guard = Guard::adopt_thread().unwrap();
    let bodies = [
        "return 1;",
        "await new Promise(() => {});",
        "globalThis.kept = setInterval(() => {}, 1000); throw new Error('x');",
        "const all = []; for (;;) all.push(new Array(100).fill(all.length));",
        "for (;;) console.log(new Map([[{}, []]]));",
        "for (let i = 0; ; i++) new Function('return ' + i)();",
    ];
    drop(build(&guard, vec![prelude()]).unwrap());
    for (idx, body) in bodies.iter().enumerate() {
        let mut isolate = build(&guard, vec![prelude()]).unwrap();
        let target = guard.target();
        let ended = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Until one of them lands in the run.
                while !ended.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(1 + idx as u64));
                    target.kill(1);
                }
            });
            crate::isolate::tests::run_only(&mut isolate, &guard, body);
            ended.store(true, Ordering::SeqCst);
        });
        // Without a rollback: whatever the run had made is still there.
        drop(isolate);
    }
    assert!(build(&guard, vec![]).is_err(), "no prelude, no isolate");
}

#[test]
fn a_fault_in_the_engine_costs_that_run_alone() {
    let guard = Guard::adopt_thread().unwrap();
    let mut isolate = build(&guard, vec![prelude()]).unwrap();
    for _ in 0..2 {
        isolate.heap_mut().spoil();
        let outcome = run(&mut isolate, &guard, "return 1;");
        assert!(matches!(outcome.result, Err(RunError::EngineCrash { .. })), "{outcome:?}");
        let outcome = run(&mut isolate, &guard, "return 1;");
        assert_eq!(outcome.result, Ok("1".to_owned()));
    }
}

#[test]
fn a_copy_of_plain_data_runs_no_code_and_leaks_nothing() {
    let guard = Guard::adopt_thread().unwrap();
    let mut isolate = build(&guard, vec![prelude()]).unwrap();
    // What gives up does so behind much that was copied: 20,000 times 2 KiB are more
    // than the heap has, so what is not freed ends the run.
    let code = "
        const seen = [], shared = { at: new Date(7) };
        const plain = Array.from({ length: 16 }, (_, id) => ({ id, tags: ['a', , 'b'], shared }));
        const traps = new Proxy({}, { get: () => seen.push('get'), ownKeys: () => seen.push('keys'), getPrototypeOf: () => seen.push('prototype') });
        const refused = [{ plain, traps }, { plain, f() {} }, { plain, s: Symbol.iterator }, [plain, [Promise.resolve()]]];
        const names = new Set();
        for (let n = 0; n < 5000; n++) {
          structuredClone(plain);
          structuredClone({ plain, map: new Map() });
          structuredClone({ plain, get once() { return 1; } });
          try { structuredClone(refused[n % 4]); } catch (error) { names.add(error.name); }
        }
        const deep = (n) => { let it = {}; for (; n > 0; n--) it = [it]; return it; };
        const levels = (it) => { let n = 0; for (; it[0]; n++) it = it[0]; return n; };
        const copy = structuredClone(plain);
        return [seen, [...names], levels(structuredClone(deep(199))), levels(structuredClone(deep(300))), 1 in copy[0].tags,
          copy[0].shared === copy[15].shared, copy[0].shared !== shared, +copy[0].shared.at];";
    let outcome = run(&mut isolate, &guard, code);
    let expected = r#"[[],["DataCloneError"],199,300,false,true,true,7]"#;
    assert_eq!(outcome.result, Ok(expected.to_owned()));
}

#[test]
fn a_tick_or_a_microtask_that_throws_ends_the_run() {
    let guard = Guard::adopt_thread().unwrap();
    let mut isolate = build(&guard, vec![prelude()]).unwrap();
    for enqueue in ["process.nextTick", "queueMicrotask"] {
        let code = format!(
            "{enqueue}(() => {{ throw new RangeError('in it'); }}); await null; await null; return 1;"
        );
        let outcome = run(&mut isolate, &guard, &code);
        let Err(RunError::Thrown(thrown)) = outcome.result else { panic!("{:?}", outcome.result) };
        assert_eq!((thrown.name.as_deref(), &*thrown.message), (Some("RangeError"), "in it"));
        // Neither it nor what was behind it is there in the next one.
        let outcome = run(&mut isolate, &guard, "await null; return 2;");
        assert_eq!(outcome.result, Ok("2".to_owned()));
    }
}
