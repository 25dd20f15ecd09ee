//! The contract of a snippet: what comes back for what it returns, throws, prints
//! and leaves undone. Whole answers, through a real kernel with one worker, each
//! followed by a request that must succeed on that worker.

use serde_json::{Value, json};

use crate::harness::{TestKernel, failed, needs_sockets, normalised, ok};

/// Runs `code` and compares the whole answer.
struct Contract {
    kernel: TestKernel,
    client: llm_kernel::client::Client,
}

impl Contract {
    fn start() -> Contract {
        let kernel = TestKernel::start(1);
        let client = kernel.client();
        Contract { kernel, client }
    }

    fn answer(&mut self, code: &str) -> Value {
        normalised(&self.client.exchange(&json!({ "code": code }).to_string()).unwrap())
    }

    #[track_caller]
    fn check(&mut self, code: &str, expected: &Value) {
        let answer = self.answer(code);
        assert_eq!(answer, *expected, "\n{code}\n{answer:#}");
        self.kernel.check_serves();
    }

    #[track_caller]
    fn returns(&mut self, code: &str, expected: &Value) {
        self.check(code, &ok(expected));
    }

    #[track_caller]
    fn is_not_json(&mut self, code: &str, at: &str, hint: &str) {
        self.check(
            code,
            &failed(&json!({
                "kind": "not_json",
                "message": format!("what main returned is not JSON at {at}"),
                "hint": hint,
            })),
        );
    }
}

#[test]
fn what_json_can_say_is_returned() {
    needs_sockets!();
    let mut it = Contract::start();
    for (code, expected) in [
        ("", json!(null)),
        ("return", json!(null)),
        ("return undefined", json!(null)),
        ("return null", json!(null)),
        ("return 'a\\u2028\"b'", json!("a\u{2028}\"b")),
        ("return -0", json!(0)),
        ("return [1, undefined, NaN, Infinity]", json!([1, null, null, null])),
        ("return { a: undefined, b: 1 }", json!({ "b": 1 })),
        ("return new Date(0)", json!("1970-01-01T00:00:00.000Z")),
        ("return { when: new Date(0) }", json!({ "when": "1970-01-01T00:00:00.000Z" })),
        ("return new Date(NaN)", json!(null)),
        ("return { toJSON() { return { said: 1 } } }", json!({ "said": 1 })),
        ("class P { x = 1; #y = 2; get z() { return 3 } } return new P()", json!({ "x": 1 })),
        ("return new Uint8Array([1, 2])", json!({ "0": 1, "1": 2 })),
        ("return new Proxy({ a: 1 }, {})", json!({ "a": 1 })),
        ("return new Proxy([1, 2], {})", json!([1, 2])),
        ("return Object.create(null, { a: { value: 1, enumerable: true } })", json!({ "a": 1 })),
        ("return { m: new Map(), s: new Set() }", json!({ "m": {}, "s": {} })),
        ("return [new Number(1), new String('x'), new Boolean(false)]", json!([1, "x", false])),
        ("return Promise.resolve(1)", json!(1)),
        ("const a = { n: 1 }; return [a, a]", json!([{ "n": 1 }, { "n": 1 }])),
        ("return { get a() { return 1 } }", json!({ "a": 1 })),
        ("return await Promise.all([1, 2].map(async (n) => n * 2))", json!([2, 4])),
    ] {
        it.returns(code, &expected);
    }
}

#[test]
fn what_json_cannot_say_is_an_error_with_its_path() {
    needs_sockets!();
    let mut it = Contract::start();
    for (code, at, hint) in [
        (
            "return 1n",
            "$: a BigInt cannot be said in JSON",
            "return String(value), or Number(value) if it is small enough",
        ),
        (
            "return { items: [1, 2, 3, { when: 10n }] }",
            "$.items[3].when: a BigInt cannot be said in JSON",
            "return String(value), or Number(value) if it is small enough",
        ),
        (
            "return { 'a b': { f() {} } }",
            "$[\"a b\"].f: a function cannot be said in JSON",
            "call it and return what it gives, or leave it out",
        ),
        (
            "return [Symbol('x')]",
            "$[0]: a symbol cannot be said in JSON",
            "return a string: symbol.description",
        ),
        (
            "const a = { b: {} }; a.b.c = a; return a",
            "$.b.c: part of a cycle cannot be said in JSON",
            "return a copy without the reference back to an object around it",
        ),
        (
            "return { m: new Map([[1, 2]]) }",
            "$.m: a Map cannot be said in JSON",
            "return Object.fromEntries(map) or [...map]",
        ),
        ("return new Set([1])", "$: a Set cannot be said in JSON", "return [...set]"),
        (
            "return { p: Promise.resolve(1) }",
            "$.p: a Promise cannot be said in JSON",
            "await it before returning; await Promise.all(list) for a list of them",
        ),
    ] {
        it.is_not_json(code, at, hint);
    }
}

#[test]
fn a_getter_that_throws_is_the_error() {
    needs_sockets!();
    let mut it = Contract::start();
    let answer = it.answer("return { get a() { throw new RangeError('no') } }");
    let error = &answer["error"];
    assert_eq!(
        (&error["kind"], &error["name"], &error["message"], &error["line"]),
        (&json!("thrown"), &json!("RangeError"), &json!("no"), &json!(1)),
        "{answer:#}"
    );
}

#[test]
fn errors_point_into_the_callers_text() {
    needs_sockets!();
    let mut it = Contract::start();
    it.check(
        "type A = { a: number };\nconst x: A = { a: 1 };\nthrow new TypeError(`no ${x.a}`);",
        &failed(&json!({
            "kind": "thrown",
            "name": "TypeError",
            "message": "no 1",
            "stack": "TypeError: no 1\n    at main (snippet.ts:3:27)",
            "frame": "  2 | const x: A = { a: 1 };\n> 3 | throw new TypeError(`no ${x.a}`);\n    |                           ^",
            "line": 3,
            "column": 27,
        })),
    );
    it.check(
        "interface Row { id: number }\nconst f = async (row: Row) => {\n  await null;\n  return (row as any).a.b;\n};\nreturn await f({ id: 1 });",
        &failed(&json!({
            "kind": "thrown",
            "name": "TypeError",
            "message": "cannot read property 'b' of undefined",
            "stack": "TypeError: cannot read property 'b' of undefined\n    at f (snippet.ts:4:11)",
            "frame": "  3 |   await null;\n> 4 |   return (row as any).a.b;\n    |           ^\n  5 | };",
            "hint": "what stands before `.b` is undefined: look at the object with console.log, or use `?.` and `??`",
            "line": 4,
            "column": 11,
        })),
    );
    it.check(
        "const a = 1;\nconst b = = 2;",
        &failed(&json!({
            "kind": "syntax",
            "name": "SyntaxError",
            "message": "unexpected token",
            "frame": "  1 | const a = 1;\n> 2 | const b = = 2;\n    |           ^",
            "line": 2,
            "column": 11,
        })),
    );
}

#[test]
fn the_snippets_own_view_of_a_stack_is_the_callers() {
    needs_sockets!();
    let mut it = Contract::start();
    it.returns(
        "interface A {}\nconst e = new RangeError('r');\nreturn e.stack",
        &json!("RangeError: r\n    at main (snippet.ts:2:15)"),
    );
}

#[test]
fn causes_and_members_come_with_the_stack() {
    needs_sockets!();
    let mut it = Contract::start();
    let answer = it.answer(
        "const why = new Error('disk');\nthrow new AggregateError([new TypeError('a'), new Error('b', { cause: why })], 'both');",
    );
    let stack = answer["error"]["stack"].as_str().unwrap();
    for part in [
        "AggregateError: both\n    at main (snippet.ts:2:",
        "TypeError: a\n",
        "Error: b\n",
        "[cause]: Error: disk",
    ] {
        assert!(stack.contains(part), "{part} in\n{stack}");
    }
}

#[test]
fn what_is_thrown_need_not_be_an_error() {
    needs_sockets!();
    let mut it = Contract::start();
    for (code, message) in [
        ("throw { code: 1 }", "{ code: 1 }"),
        ("throw null", "null"),
        ("throw undefined", "undefined"),
        ("throw 'just text'", "just text"),
        ("throw 42", "42"),
        ("return Promise.reject([1, 'x'])", "[ 1, 'x' ]"),
    ] {
        it.check(code, &failed(&json!({ "kind": "thrown", "message": message })));
    }
}

#[test]
fn imports_are_refused_with_what_to_use_instead() {
    needs_sockets!();
    let mut it = Contract::start();
    let answer = it.answer("import { S3Client } from '@aws-sdk/client-s3';\nreturn 1");
    assert_eq!(
        answer["error"],
        json!({
            "kind": "syntax",
            "name": "SyntaxError",
            "message": "`import` is not available in a snippet",
            "hint": "use the global `AwsS3`, which is the whole module",
            "frame": "> 1 | import { S3Client } from '@aws-sdk/client-s3';\n    | ^\n  2 | return 1",
            "line": 1,
            "column": 1,
        })
    );
    let answer = it.answer("export async function main(input) { return 1 }");
    assert_eq!(
        (&answer["error"]["message"], &answer["error"]["hint"]),
        (
            &json!("the whole function main was sent instead of its body"),
            &json!("send only the body of main: what stands between its braces")
        )
    );
    let answer = it.answer("const fs = require('node:fs'); return 1");
    assert_eq!(answer["error"]["kind"], "thrown", "{answer:#}");
}

#[test]
fn a_promise_that_cannot_settle_ends_the_run_at_once() {
    needs_sockets!();
    let mut it = Contract::start();
    let never = failed(&json!({
        "kind": "never_settled",
        "message": "main waits for a promise that can never settle: no timer, call or job is left",
        "hint": "look for a `new Promise` whose resolve is never called, or an event that never comes",
    }));
    it.check("await new Promise(() => {})", &never);
    it.check("setTimeout(() => {}, 1); return new Promise(() => {})", &never);
}

#[test]
fn timers_run_in_order_and_what_is_left_is_dropped() {
    needs_sockets!();
    let mut it = Contract::start();
    it.returns(
        "const seen = [];
         setTimeout(() => seen.push('late'), 20); setTimeout((x) => seen.push(x), 1, 'args');
         queueMicrotask(() => seen.push('micro'));
         clearTimeout(setTimeout(() => seen.push('never'), 1));
         await new Promise((done) => setTimeout(done, 30));
         let ticks = 0;
         await new Promise((done) => {
           const id = setInterval(() => { if (++ticks === 3) { clearInterval(id); done() } }, 1);
         });
         return [...seen, ticks]",
        &json!(["micro", "args", "late", 3]),
    );
    it.check(
        "setTimeout(() => {}, 60_000); setInterval(() => {}, 60_000); return 1",
        &json!({
            "ok": true, "result": 1, "logs": [],
            "usage": { "dropped": { "timers": 2, "calls": 0 } },
        }),
    );
}

#[test]
fn a_rejection_without_a_handler_is_told_and_kills_nothing() {
    needs_sockets!();
    let mut it = Contract::start();
    it.check(
        "Promise.reject(new Error('lost')); await null; return 1",
        &json!({
            "ok": true, "result": 1, "usage": "…",
            "logs": [{
                "level": "kernel",
                "text": "unhandled rejection: Error: lost\n    at main (snippet.ts:1:20)",
            }],
        }),
    );
}

#[test]
fn ten_thousand_plain_frames_fit_and_endless_recursion_is_told() {
    needs_sockets!();
    let mut it = Contract::start();
    it.returns("const f = (n) => n === 0 ? 0 : 1 + f(n - 1); return f(10_000)", &json!(10_000));
    let answer = it.answer("function f() { return f() + 1 }\nreturn f()");
    let error = &answer["error"];
    assert_eq!(
        (&error["kind"], &error["name"], &error["message"], &error["hint"]),
        (
            &json!("stack_overflow"),
            &json!("RangeError"),
            &json!("Maximum call stack size exceeded"),
            &json!(
                "the stack of 8 MiB is used up: recurse less deeply, or use a loop with its own \
                 stack; `--stack <MiB>` of the kernel raises the limit"
            )
        ),
        "{answer:#}"
    );
    it.returns("return input", &json!({}));
}

#[test]
fn how_deep_a_snippet_recurses_follows_from_the_stack_it_is_given() {
    needs_sockets!();
    let depth = |stack_mib: usize| {
        let kernel = TestKernel::start_with(|it| it.stack_bytes = stack_mib << 20);
        // As deep as an input may be, with the libraries loaded.
        let depth = 1_000;
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        kernel.check(
            &format!(r#"{{"code":"AwsS3; return [input].flat(1e9)","input":{nested}}}"#),
            &ok(&json!([])),
        );
        let code = "let n = 0; const f = () => { n += 1; return f() + 1 };\n\
                    try { f() } catch (e) { return [n, String(e)] }";
        let answer = kernel.client().exchange(&json!({ "code": code }).to_string()).unwrap();
        let answer = normalised(&answer);
        assert_eq!(answer["result"][1], "RangeError: Maximum call stack size exceeded");
        let endless = "const f = () => f() + 1; return f()";
        let failed = kernel.client().exchange(&json!({ "code": endless }).to_string()).unwrap();
        let hint = format!(
            "the stack of {stack_mib} MiB is used up: recurse less deeply, or use a loop with its \
             own stack; `--stack <MiB>` of the kernel raises the limit"
        );
        assert_eq!(normalised(&failed)["error"]["hint"], hint);
        kernel.check_serves();
        answer["result"][0].as_f64().unwrap()
    };
    let (one, sixteen) = (depth(1), depth(16));
    assert!((14.0..18.0).contains(&(sixteen / one)), "{one} frames, and {sixteen}");
}

#[test]
fn a_heap_that_is_full_ends_the_run_with_its_limit() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.memory_bytes = 16 << 20);
    for code in [
        "const all = []; for (;;) all.push({ a: 1 })",
        "let s = 'x'; for (;;) { s += s + 'y'; s.charCodeAt(1) }",
        "const all = []; for (;;) all.push(new Uint8Array(1 << 16).fill(1))",
        "const all = []; for (let n = 3n; ; n *= 3n) all.push(n)",
        "try { const a = []; for (;;) a.push([a.length]) } catch { return 'caught' }",
    ] {
        kernel.check(
            &json!({ "code": code }).to_string(),
            &failed(&json!({
                "kind": "out_of_memory",
                "message": "used more than 16 MiB of heap",
                "hint": "hold less at once, such as one page of a listing; `--memory <MiB>` of the kernel raises the limit",
            })),
        );
        kernel.check_serves();
    }
}

#[test]
fn a_result_over_its_limit_is_refused() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.output_bytes = 1_000);
    kernel.check(
        r#"{"code":"return 'x'.repeat(999)"}"#,
        &failed(&json!({
            "kind": "too_large",
            "message": "the result is 1001 bytes of JSON, over the limit of 1000",
            "hint": "return less; `--max-output` of the kernel raises the limit",
        })),
    );
    kernel.check(r#"{"code":"return 'x'.repeat(998)"}"#, &ok(&json!("x".repeat(998))));
}

#[test]
fn logs_over_their_limit_are_cut_and_say_so() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.log_bytes = 1_000);
    let line = r#"{"code":"for (let i = 0; i < 100; i++) console.log('x'.repeat(99)); return 1"}"#;
    let answer = normalised(&kernel.client().exchange(line).unwrap());
    let logs = answer["logs"].as_array().unwrap();
    let last = logs.last().unwrap();
    assert_eq!((&answer["ok"], &last["level"]), (&json!(true), &json!("kernel")), "{answer:#}");
    let n_bytes: usize = logs.iter().map(|it| it["text"].as_str().unwrap().len()).sum();
    assert!(n_bytes < 1_200, "{n_bytes}");
    kernel.check_serves();
}

#[test]
fn programs_are_strict_and_cannot_leave_their_wrapper() {
    needs_sockets!();
    let mut it = Contract::start();
    it.returns("return (function () { return this === undefined })()", &json!(true));
    for code in
        ["}", "})", "});", "}); (async () => {", "return 1 }) (", "/*", "`", "// at the end"]
    {
        let answer = it.answer(code);
        if code == "// at the end" {
            assert_eq!(answer, ok(&json!(null)));
        } else {
            assert_eq!(answer["error"]["kind"], "syntax", "{code}\n{answer:#}");
        }
    }
    it.returns("#!/usr/bin/env node\nreturn 1", &json!(1));
}
