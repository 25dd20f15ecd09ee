//! What is no request, or meant to hurt: each line with its exact answer, and
//! after each one the kernel greets a newcomer as if nothing had been.

use std::{
    io::{Read, Write},
    net::Shutdown,
};

use serde_json::{Value, json};

use crate::harness::{TestKernel, bad_request, failed, needs_sockets, normalised, ok, with_id};

const GREETING: &str = r#"{"id":"7","code":"return { greeting: `hi ${input.name}` };","input":{"name":"Ada"},"timeoutMs":5000}"#;

/// Checks each row and says of all that fail what came instead.
struct Table {
    kernel: TestKernel,
    n_rows: usize,
    failures: Vec<String>,
}

impl Table {
    fn new() -> Table {
        Table { kernel: TestKernel::start(1), n_rows: 0, failures: Vec::new() }
    }

    /// `bytes` alone on a connection, then a greeting on a fresh one.
    fn row(&mut self, bytes: &[u8], expected: &[Value]) {
        self.n_rows += 1;
        let answers = exchange(&self.kernel, bytes);
        if answers != expected {
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(160)]).into_owned();
            let lines =
                |it: &[Value]| it.iter().map(|it| format!("\n    {it}")).collect::<String>();
            self.failures.push(format!(
                "{shown:?}\n  answers:{}\n  expected:{}",
                lines(&answers),
                lines(expected)
            ));
        }
        let greeted = exchange(&self.kernel, GREETING.as_bytes());
        assert_eq!(greeted, [with_id(&json!("7"), ok(&json!({ "greeting": "hi Ada" })))]);
    }

    /// A line that is answered, after which the connection goes on.
    fn slip(&mut self, line: impl AsRef<[u8]>, answer: Value) {
        let mut bytes = line.as_ref().to_vec();
        bytes.extend_from_slice(b"\n{\"code\":\"return input\",\"input\":1}\n");
        self.row(&bytes, &[answer, ok(&json!(1))]);
    }

    /// A first line that is answered, after which the connection is closed.
    fn expelled(&mut self, line: impl AsRef<[u8]>, message: &str) {
        let mut bytes = line.as_ref().to_vec();
        bytes.extend_from_slice(b"\n{\"code\":\"return input\",\"input\":1}\n");
        self.row(&bytes, &[bad_request(message)]);
    }

    #[track_caller]
    fn finish(self, n_rows: usize) {
        assert!(self.failures.is_empty(), "\n{}", self.failures.join("\n"));
        assert_eq!(self.n_rows, n_rows, "rows");
    }
}

/// Every answer to these bytes, the last of which need no line end.
fn exchange(kernel: &TestKernel, bytes: &[u8]) -> Vec<Value> {
    let mut stream = kernel.raw();
    // The kernel hangs up on what it does not like, also half-way.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("answers, then the end");
    answers.lines().map(normalised).collect()
}

fn op_failed(op: &str, message: &str) -> Value {
    json!({ "op": op, "ok": false, "error": { "kind": "bad_request", "message": message } })
}

fn nested(depth: usize, open: &str, close: &str) -> String {
    format!("{}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn what_is_not_json_is_answered_and_shown_the_door() {
    needs_sockets!();
    let mut table = Table::new();
    let rows: &[(&[u8], &str)] = &[
        (b"", "the line is empty; a request is one JSON object"),
        (b" ", "the line is empty; a request is one JSON object"),
        (b"\t \r", "the line is empty; a request is one JSON object"),
        (b"hello", "the line is not JSON: expected value at byte 1"),
        (b"GET / HTTP/1.1\r", "the line is not JSON: expected value at byte 1"),
        (
            b"POST / HTTP/1.1\r\nContent-Type: text/plain\r\n\r",
            "the line is not JSON: expected value at byte 1",
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", "the line is not JSON: expected value at byte 1"),
        (b"SSH-2.0-OpenSSH_9.6\r", "the line is not JSON: expected value at byte 1"),
        (b"EHLO localhost\r", "the line is not JSON: expected value at byte 1"),
        (b"*1\r\n$4\r\nPING\r", "the line is not JSON: expected value at byte 1"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "the line is not JSON: expected value at byte 1"),
        (
            b"\x16\x03\x01\xff\x00",
            "the line is not valid UTF-8 at byte 4; a request is one line of JSON in UTF-8",
        ),
        (b"\0", "the line is not JSON: expected value at byte 1"),
        (b"\x7f\x7f", "the line is not JSON: expected value at byte 1"),
        (b"\xef\xbb\xbf{\"code\":\"\"}", "the line is not JSON: expected value at byte 1"),
        (
            b"\xff\xfe{\0",
            "the line is not valid UTF-8 at byte 1; a request is one line of JSON in UTF-8",
        ),
        (
            b"{\"code\":\"\xc3\x28\"}",
            "the line is not valid UTF-8 at byte 10; a request is one line of JSON in UTF-8",
        ),
        (
            b"{\"code\":\"\xed\xa0\x80\"}",
            "the line is not valid UTF-8 at byte 10; a request is one line of JSON in UTF-8",
        ),
        (
            b"{\"code\":\"\xc0\xaf\"}",
            "the line is not valid UTF-8 at byte 10; a request is one line of JSON in UTF-8",
        ),
        (
            b"{\"code\":\"\xf4\x90\x80\x80\"}",
            "the line is not valid UTF-8 at byte 10; a request is one line of JSON in UTF-8",
        ),
        (
            b"{\"code\":\"\xe2\x82",
            "the line is not valid UTF-8 at byte 10; a request is one line of JSON in UTF-8",
        ),
        (b"{", "the line is not JSON: EOF while parsing an object at byte 1"),
        (b"}", "the line is not JSON: expected value at byte 1"),
        (b"{]", "the line is not JSON: key must be a string at byte 2"),
        (b"{code:\"\"}", "the line is not JSON: key must be a string at byte 2"),
        (b"{'code':''}", "the line is not JSON: key must be a string at byte 2"),
        (b"{1:2}", "the line is not JSON: key must be a string at byte 2"),
        (b"{\"code\"}", "the line is not JSON: expected `:` at byte 8"),
        (b"{\"code\":}", "the line is not JSON: expected value at byte 9"),
        (b"{\"code\":\"\"", "the line is not JSON: EOF while parsing an object at byte 10"),
        (b"{\"code\":\"\",}", "the line is not JSON: trailing comma at byte 12"),
        (b"{\"code\":\"\" \"id\":1}", "the line is not JSON: expected `,` or `}` at byte 12"),
        (b"{,}", "the line is not JSON: key must be a string at byte 2"),
        (b"{\"code\":\"\"}}", "the line is not JSON: trailing characters at byte 12"),
        (b"{\"code\":\"\"}{\"code\":\"\"}", "the line is not JSON: trailing characters at byte 12"),
        (b"{\"code\":\"\"} // x", "the line is not JSON: trailing characters at byte 13"),
        (b"/* x */{\"code\":\"\"}", "the line is not JSON: expected value at byte 1"),
        (
            b"{\"code\":\"a\tb\"}",
            "the line is not JSON: control character (\\u0000-\\u001F) found while parsing a string at byte 10",
        ),
        (
            b"{\"code\":\"\0\"}",
            "the line is not JSON: control character (\\u0000-\\u001F) found while parsing a string at byte 9",
        ),
        (b"{\"code\":\"\\x41\"}", "the line is not JSON: invalid escape at byte 11"),
        (b"{\"code\":\"\\u12\"}", "the line is not JSON: invalid escape at byte 15"),
        (b"{\"code\":\"\\", "the line is not JSON: EOF while parsing a string at byte 10"),
        (b"{\"code\":\"", "the line is not JSON: EOF while parsing a string at byte 9"),
        (b"{\"code\":`x`}", "the line is not JSON: expected value at byte 9"),
        (b"{\"code\":\"\",\"input\":NaN}", "the line is not JSON: expected value at byte 20"),
        (b"{\"code\":\"\",\"input\":Infinity}", "the line is not JSON: expected value at byte 20"),
        (b"{\"code\":\"\",\"input\":undefined}", "the line is not JSON: expected value at byte 20"),
        (b"{\"code\":\"\",\"input\":01}", "the line is not JSON: invalid number at byte 21"),
        (b"{\"code\":\"\",\"input\":+1}", "the line is not JSON: expected value at byte 20"),
        (b"{\"code\":\"\",\"input\":.5}", "the line is not JSON: expected value at byte 20"),
        (b"{\"code\":\"\",\"input\":1.}", "the line is not JSON: invalid number at byte 22"),
        (b"{\"code\":\"\",\"input\":1e}", "the line is not JSON: invalid number at byte 22"),
        (b"{\"code\":\"\",\"input\":0x10}", "the line is not JSON: expected `,` or `}` at byte 21"),
        (b"{\"code\":\"\",\"input\":1n}", "the line is not JSON: expected `,` or `}` at byte 21"),
        (b"{\"code\":\"\",\"input\":-}", "the line is not JSON: invalid number at byte 21"),
        (b"{\"code\":\"\",\"input\":tru}", "the line is not JSON: expected ident at byte 23"),
        (b"{\"code\":\"\",\"input\":True}", "the line is not JSON: expected value at byte 20"),
        (b"{\"code\":\"\",\"input\":[1,]}", "the line is not JSON: expected value at byte 23"),
        (
            b"{\"code\":\"\",\"input\":[1 2]}",
            "the line is not JSON: expected `,` or `]` at byte 23",
        ),
        (b"{\"code\":\"\",\"input\":[}", "the line is not JSON: expected value at byte 21"),
        (
            b"{\"code\":\"\",\"input\":{\"a\":1]}",
            "the line is not JSON: expected `,` or `}` at byte 26",
        ),
        (b"{\"code\":\"\",\"input\":'x'}", "the line is not JSON: expected value at byte 20"),
        (
            b"{\"code\":\"\",\"timeoutMs\":1_000}",
            "the line is not JSON: expected `,` or `}` at byte 25",
        ),
        (
            b"{\"code\":\"\",\"id\":\"\x1b[2J\"}",
            "the line is not JSON: control character (\\u0000-\\u001F) found while parsing a string at byte 17",
        ),
        (b"\xe2\x80\xa8{\"code\":\"\"}", "the line is not JSON: expected value at byte 1"),
        (b"\xc2\xa0", "the line is not JSON: expected value at byte 1"),
        (b"#!/usr/bin/env node", "the line is not JSON: expected value at byte 1"),
        (b"<?xml version=\"1.0\"?>", "the line is not JSON: expected value at byte 1"),
        (b"--boundary", "the line is not JSON: invalid number at byte 2"),
        (b"Content-Length: 36\r\n\r", "the line is not JSON: expected value at byte 1"),
        (b"null\0", "the line is not JSON: trailing characters at byte 5"),
        (b"[1,2", "the line is not JSON: EOF while parsing a list at byte 4"),
        (b"\"POST / HTTP/1.1", "the line is not JSON: EOF while parsing a string at byte 16"),
    ];
    for (line, message) in rows {
        table.expelled(line, message);
    }
    table.expelled(
        "[".repeat(1 << 20),
        "the line is not JSON: EOF while parsing a list at byte 1048576",
    );
    table.expelled(
        format!("{{\"a\":{}", "[".repeat(1 << 20)),
        "the line is not JSON: EOF while parsing a list at byte 1048581",
    );
    table.finish(rows.len() + 2);
}

#[test]
fn what_is_json_but_no_request_costs_one_answer() {
    needs_sockets!();
    let mut table = Table::new();
    let rows: &[(&str, &str)] = &[
        ("null", "a request is a JSON object, not null"),
        ("true", "a request is a JSON object, not a boolean"),
        ("0", "a request is a JSON object, not a number"),
        ("-1.5e3", "a request is a JSON object, not a number"),
        (r#""{}""#, "a request is a JSON object, not a string"),
        ("[]", "a request is a JSON object, not an array"),
        (r#"[{"code":"return 1"}]"#, "a request is a JSON object, not an array"),
        ("{}", "missing field `code`"),
        (" {\t} \r", "missing field `code`"),
        (r#"{"input":1}"#, "missing field `code`"),
        (r#"{"code":null}"#, "`code` must be a string, not null"),
        (r#"{"code":7}"#, "`code` must be a string, not a number"),
        (r#"{"code":["return 1"]}"#, "`code` must be a string, not an array"),
        (r#"{"code":{"ts":"return 1"}}"#, "`code` must be a string, not an object"),
        (r#"{"code":true}"#, "`code` must be a string, not a boolean"),
        (r#"{"Code":"return 1"}"#, "unknown field `Code`; did you mean `code`?"),
        (r#"{"code ":"return 1"}"#, "unknown field `code `; did you mean `code`?"),
        (r#"{"":"return 1"}"#, "unknown field ``"),
        (r#"{"source":"return 1"}"#, "unknown field `source`"),
        (r#"{"code":"","timeoutMS":5}"#, "unknown field `timeoutMS`; did you mean `timeoutMs`?"),
        (r#"{"code":"","timeout":5}"#, "unknown field `timeout`; did you mean `timeoutMs`?"),
        (r#"{"code":"","timeout_ms":5}"#, "unknown field `timeout_ms`; did you mean `timeoutMs`?"),
        (r#"{"code":"","inputs":{}}"#, "unknown field `inputs`; did you mean `input`?"),
        (r#"{"code":"","token":"x"}"#, "unknown field `token`"),
        (r#"{"code":"","__proto__":{}}"#, "unknown field `__proto__`"),
        (r#"{"code":"","constructor":{}}"#, "unknown field `constructor`"),
        (r#"{"code":"","jsonrpc":"2.0","method":"run","params":[]}"#, "unknown field `jsonrpc`"),
        (r#"{"code":"","code":"return 1"}"#, "field `code` appears twice"),
        (r#"{"code":"","\u0063ode":"return 1"}"#, "field `code` appears twice"),
        (r#"{"code":"","timeoutMs":5,"timeoutMs":5000}"#, "field `timeoutMs` appears twice"),
        (r#"{"code":"","input":{},"input":{}}"#, "field `input` appears twice"),
        (r#"{"x":1,"x":2}"#, "field `x` appears twice"),
        (
            r#"{"code":"","timeoutMs":-5}"#,
            "`timeoutMs` must be a whole number of milliseconds, not -5",
        ),
        (
            r#"{"code":"","timeoutMs":-0}"#,
            "`timeoutMs` must be a whole number of milliseconds, not -0",
        ),
        (
            r#"{"code":"","timeoutMs":1.5}"#,
            "`timeoutMs` must be a whole number of milliseconds, not 1.5",
        ),
        (
            r#"{"code":"","timeoutMs":5.0}"#,
            "`timeoutMs` must be a whole number of milliseconds, not 5.0",
        ),
        (
            r#"{"code":"","timeoutMs":1e3}"#,
            "`timeoutMs` must be a whole number of milliseconds, not 1e3",
        ),
        (
            r#"{"code":"","timeoutMs":18446744073709551616}"#,
            "`timeoutMs` must be a whole number of milliseconds, not 18446744073709551616",
        ),
        (
            r#"{"code":"","timeoutMs":99999999999999999999999999999999999999999999999999}"#,
            "`timeoutMs` must be a whole number of milliseconds, not 9999999999999999999999999999999999999999…",
        ),
        (
            r#"{"code":"","timeoutMs":"5"}"#,
            "`timeoutMs` must be a whole number of milliseconds, not a string",
        ),
        (
            r#"{"code":"","timeoutMs":null}"#,
            "`timeoutMs` must be a whole number of milliseconds, not null",
        ),
        (
            r#"{"code":"","timeoutMs":true}"#,
            "`timeoutMs` must be a whole number of milliseconds, not a boolean",
        ),
        (
            r#"{"code":"","timeoutMs":[5]}"#,
            "`timeoutMs` must be a whole number of milliseconds, not an array",
        ),
        (
            r#"{"code":"","timeoutMs":{}}"#,
            "`timeoutMs` must be a whole number of milliseconds, not an object",
        ),
        (r#"{"code":"","id":null}"#, "`id` must be a string or a number, not null"),
        (r#"{"code":"","id":true}"#, "`id` must be a string or a number, not a boolean"),
        (r#"{"code":"","id":["a"]}"#, "`id` must be a string or a number, not an array"),
        (r#"{"code":"","id":{"$oid":"1"}}"#, "`id` must be a string or a number, not an object"),
        (
            r#"{"code":"\ud800"}"#,
            "`code` is not a valid string: unexpected end of hex escape at byte 8 of it",
        ),
        (
            r#"{"code":"\udc00"}"#,
            "`code` is not a valid string: lone leading surrogate in hex escape at byte 7 of it",
        ),
        (
            r#"{"code":"a\ud83d"}"#,
            "`code` is not a valid string: unexpected end of hex escape at byte 9 of it",
        ),
        (r#"{"op":7}"#, "`op` must be a string, not a number"),
        (r#"{"op":null}"#, "`op` must be a string, not null"),
        (r#"{"op":["ping"]}"#, "`op` must be a string, not an array"),
        (
            r#"{"op":"\ud800"}"#,
            "`op` is not a valid string: unexpected end of hex escape at byte 8 of it",
        ),
        (r#"{"op":""}"#, "unknown op ``"),
        (r#"{"op":"Ping"}"#, "unknown op `Ping`; did you mean `ping`?"),
        (r#"{"op":"stat"}"#, "unknown op `stat`; did you mean `stats`?"),
        (r#"{"op":"shutdown"}"#, "unknown op `shutdown`"),
        (r#"{"op":"eval","code":"return 1"}"#, "unknown op `eval`"),
        (r#"{"op":"ping\u0000"}"#, "unknown op `ping\u{0}`; did you mean `ping`?"),
        (r#"{"code":"","preset":null}"#, "`preset` must be a string, not null"),
        (r#"{"code":"","preset":1}"#, "`preset` must be a string, not a number"),
        (r#"{"code":"","preset":["default"]}"#, "`preset` must be a string, not an array"),
        (
            r#"{"code":"","preset":"\ud800"}"#,
            "`preset` is not a valid string: unexpected end of hex escape at byte 8 of it",
        ),
        (r#"{"code":"","preset":""}"#, "unknown preset ``; this kernel has `default`"),
        (
            r#"{"code":"","preset":"../default"}"#,
            "unknown preset `../default`; this kernel has `default`",
        ),
        (r#"{"code":"","preset":"default","preset":"default"}"#, "field `preset` appears twice"),
        (r#"{"code":"","presets":[]}"#, "unknown field `presets`; did you mean `preset`?"),
        (r#"{"code":"","check":null}"#, "`check` must be a string, not null"),
        (r#"{"code":"","check":true}"#, "`check` must be a string, not a boolean"),
        (r#"{"code":"","check":{}}"#, "`check` must be a string, not an object"),
        (r#"{"code":"","check":""}"#, "`check` is \"warn\" or \"strict\", not \"\""),
        (r#"{"code":"","check":"Strict"}"#, "`check` is \"warn\" or \"strict\", not \"Strict\""),
        (r#"{"code":"","check":"strict","check":"warn"}"#, "field `check` appears twice"),
        (r#"{"code":"","tokens":9}"#, "unknown field `tokens`"),
        (r#"{"code":"","search":"x"}"#, "unknown field `search`"),
    ];
    for (line, message) in rows {
        table.slip(line, bad_request(message));
    }
    let mut n_rows = rows.len();

    let long_name = "x".repeat(1 << 20);
    let clipped = "x".repeat(40);
    let many_fields: String = (0..20_000).map(|it| format!(r#","f{it}":0"#)).collect();
    let big_rows = [
        (
            format!(r#"{{"code":"","id":"{}"}}"#, "i".repeat(1_023)),
            "`id` is 1025 bytes long; the limit is 1024".to_owned(),
        ),
        (
            format!(r#"{{"code":"","id":1{}}}"#, "0".repeat(5_000)),
            "`id` is 5001 bytes long; the limit is 1024".to_owned(),
        ),
        (format!(r#"{{"code":"","{long_name}":1}}"#), format!("unknown field `{clipped}…`")),
        (format!(r#"{{"op":"{long_name}"}}"#), format!("unknown op `{clipped}…`")),
        (format!(r#"{{"code":""{many_fields}}}"#), "unknown field `f0`".to_owned()),
        (
            format!(r#"{{"code":"","input":{}}}"#, nested(1_001, "[", "]")),
            "`input` is nested deeper than 1000 levels".to_owned(),
        ),
        (
            format!(r#"{{"code":"","input":{}}}"#, nested(100_000, "[", "]")),
            "`input` is nested deeper than 1000 levels".to_owned(),
        ),
        (
            format!(
                r#"{{"code":"","input":{}1{}}}"#,
                r#"{"a":"#.repeat(100_000),
                "}".repeat(100_000)
            ),
            "`input` is nested deeper than 1000 levels".to_owned(),
        ),
        (nested(100_000, "[", "]"), "a request is a JSON object, not an array".to_owned()),
        (
            format!(r#"{{"code":{}}}"#, nested(100_000, "[", "]")),
            "`code` must be a string, not an array".to_owned(),
        ),
        (
            format!(r#"{{"id":{}}}"#, nested(100_000, "[", "]")),
            "`id` must be a string or a number, not an array".to_owned(),
        ),
    ];
    n_rows += big_rows.len();
    for (line, message) in big_rows {
        table.slip(line, bad_request(&message));
    }

    // An id that could be read is echoed, also where the rest could not.
    for (line, id, message) in [
        (r#"{"id":"a","code":7}"#, json!("a"), "`code` must be a string, not a number"),
        (r#"{"id":-0,"x":1}"#, json!(-0.0), "unknown field `x`"),
        (r#"{"id":1,"id":2,"code":""}"#, json!(1), "field `id` appears twice"),
        (r#"{"id":"","timeoutMs":1}"#, json!(""), "missing field `code`"),
    ] {
        n_rows += 1;
        table.slip(line, with_id(&id, bad_request(message)));
    }

    for (line, op, message) in [
        (r#"{"op":"ping","code":"x"}"#, "ping", "`code` and `op` exclude each other"),
        (r#"{"op":"ping","op":"stats"}"#, "ping", "field `op` appears twice"),
        (r#"{"op":"ping","input":{}}"#, "ping", "unknown field `input`"),
        (r#"{"op":"stats","verbose":true}"#, "stats", "unknown field `verbose`"),
        (r#"{"op":"stats","id":{}}"#, "stats", "`id` must be a string or a number, not an object"),
        (r#"{"op":"cancel"}"#, "cancel", "missing field `id`"),
        (r#"{"op":"cancel","id":null}"#, "cancel", "`id` must be a string or a number, not null"),
        (
            r#"{"op":"cancel","id":[1]}"#,
            "cancel",
            "`id` must be a string or a number, not an array",
        ),
        (r#"{"op":"cancel","target":"a"}"#, "cancel", "unknown field `target`"),
        (r#"{"op":"auth"}"#, "auth", "missing field `token`"),
        (r#"{"op":"auth","token":7}"#, "auth", "`token` must be a string, not a number"),
        (r#"{"op":"auth","token":"x","user":"root"}"#, "auth", "unknown field `user`"),
        (
            r#"{"op":"auth","token":"\udead"}"#,
            "auth",
            "`token` is not a valid string: lone leading surrogate in hex escape at byte 7 of it",
        ),
        (r#"{"op":"auth","token":null}"#, "auth", "`token` must be a string, not null"),
        (r#"{"op":"auth","token":"a","token":"b"}"#, "auth", "field `token` appears twice"),
        (r#"{"op":"cancel","op":"cancel"}"#, "cancel", "field `op` appears twice"),
        (r#"{"op":"metrics","format":"text"}"#, "metrics", "unknown field `format`"),
        (
            r#"{"op":"metrics","id":false}"#,
            "metrics",
            "`id` must be a string or a number, not a boolean",
        ),
        (r#"{"op":"doctor","code":""}"#, "doctor", "`code` and `op` exclude each other"),
        (r#"{"op":"doctor","fix":true}"#, "doctor", "unknown field `fix`"),
        (r#"{"op":"doctor","id":[]}"#, "doctor", "`id` must be a string or a number, not an array"),
        (r#"{"op":"api"}"#, "api", "`api` takes one of the fields `search` and `show`"),
        (
            r#"{"op":"api","search":"x","show":"MyLib"}"#,
            "api",
            "`api` takes one of the fields `search` and `show`",
        ),
        (r#"{"op":"api","search":null}"#, "api", "`search` must be a string, not null"),
        (r#"{"op":"api","search":["x"]}"#, "api", "`search` must be a string, not an array"),
        (r#"{"op":"api","search":"a","search":"b"}"#, "api", "field `search` appears twice"),
        (r#"{"op":"api","show":7}"#, "api", "`show` must be a string, not a number"),
        (
            r#"{"op":"api","show":"\ud800"}"#,
            "api",
            "`show` is not a valid string: unexpected end of hex escape at byte 8 of it",
        ),
        (r#"{"op":"api","search":"x","limit":1}"#, "api", "unknown field `limit`"),
        (r#"{"op":"api","search":"x","input":{}}"#, "api", "unknown field `input`"),
        (
            r#"{"op":"api","search":"x","tokens":0}"#,
            "api",
            "`tokens` must be a whole number from 1, not 0",
        ),
        (
            r#"{"op":"api","search":"x","tokens":-1}"#,
            "api",
            "`tokens` must be a whole number from 1, not -1",
        ),
        (
            r#"{"op":"api","search":"x","tokens":1.5}"#,
            "api",
            "`tokens` must be a whole number from 1, not 1.5",
        ),
        (
            r#"{"op":"api","search":"x","tokens":"9"}"#,
            "api",
            "`tokens` must be a whole number from 1, not a string",
        ),
        (
            r#"{"op":"api","search":"x","tokens":99999999999999999999}"#,
            "api",
            "`tokens` must be a whole number from 1, not 99999999999999999999",
        ),
        (
            r#"{"op":"api","search":"x","preset":7}"#,
            "api",
            "`preset` must be a string, not a number",
        ),
        (
            r#"{"op":"api","search":"x","preset":"other"}"#,
            "api",
            "unknown preset `other`; this kernel has `default`",
        ),
        (r#"{"op":"prompt","search":"x"}"#, "prompt", "unknown field `search`"),
        (
            r#"{"op":"prompt","tokens":null}"#,
            "prompt",
            "`tokens` must be a whole number from 1, not null",
        ),
        (r#"{"op":"prompt","tokens":1,"tokens":2}"#, "prompt", "field `tokens` appears twice"),
        (r#"{"op":"prompt","preset":{}}"#, "prompt", "`preset` must be a string, not an object"),
        (
            r#"{"op":"prompt","preset":"Default"}"#,
            "prompt",
            "unknown preset `Default`; this kernel has `default`",
        ),
    ] {
        n_rows += 1;
        table.slip(line, op_failed(op, message));
    }
    n_rows += 1;
    table.slip(
        r#"{"op":"cancel","id":"nothing"}"#,
        json!({ "id": "nothing", "op": "cancel", "ok": true, "cancelled": false }),
    );
    n_rows += 1;
    table.slip(
        r#"{"code":"return 1","timeoutMs":0}"#,
        failed(&json!({
            "kind": "bad_request",
            "message": "`timeoutMs` is 0, and this kernel does not run snippets without a timeout",
            "hint": "leave `timeoutMs` out, or start the kernel with `--timeout 0`",
        })),
    );
    table.finish(n_rows);
}

#[test]
fn a_request_that_looks_hostile_is_served_all_the_same() {
    needs_sockets!();
    let mut table = Table::new();
    let deep = nested(1_000, "[", "]");
    let rows = [
        (r#"{"code":""}"#.to_owned(), json!(null)),
        (r#"{"code":"return input","input":null}"#.to_owned(), json!(null)),
        (
            r#"{"code":"return input","input":{"__proto__":{"x":1}}}"#.to_owned(),
            json!({ "__proto__": { "x": 1 } }),
        ),
        (r#"{"code":"return input","input":{"a":1,"a":2}}"#.to_owned(), json!({ "a": 2 })),
        (
            r#"{"code":"return input","input":"\u0000\u2028\ud83d\ude00"}"#.to_owned(),
            json!("\0\u{2028}\u{1f600}"),
        ),
        (r#"{"code":"return input","input":1e400}"#.to_owned(), json!(null)),
        (
            r#"{"code":"return typeof input","input":12345678901234567890123}"#.to_owned(),
            json!("number"),
        ),
        (r#"{"code":"return input","timeoutMs":18446744073709551615}"#.to_owned(), json!({})),
        ("\t{ \"code\" : \"return 1\" }\t\r".to_owned(), json!(1)),
        (r#"{"\u0063\u006f\u0064\u0065":"return 1"}"#.to_owned(), json!(1)),
        (format!(r#"{{"code":"return input.length","input":{deep}}}"#), json!(1)),
        (
            format!(r#"{{"code":"return input","input":"{}"}}"#, "[".repeat(5_000)),
            json!("[".repeat(5_000)),
        ),
        (format!(r#"{{"code":"return 1{}"}}"#, " ".repeat(100_000)), json!(1)),
    ];
    let n_rows = rows.len();
    for (line, result) in rows {
        table.slip(line, ok(&result));
    }
    table.finish(n_rows);
}

#[test]
fn bytes_in_odd_portions_are_the_same_lines() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let bytes = b"{\"id\":1,\"code\":\"return input\"}\n\n{\"id\":2,\"code\":\"return '\xc3\xa9'\"}\r\n{\"id\":3,\"code\":\"return 3\"}";
    let expected = [
        with_id(&json!(1), ok(&json!({}))),
        bad_request("the line is empty; a request is one JSON object"),
        with_id(&json!(2), ok(&json!("é"))),
        with_id(&json!(3), ok(&json!(3))),
    ];
    for n_bytes in [1, 7, 64] {
        let mut stream = kernel.raw();
        for portion in bytes.chunks(n_bytes) {
            stream.write_all(portion).unwrap();
        }
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        let mut answers: Vec<Value> = answers.lines().map(normalised).collect();
        // The empty line is answered at once, perhaps before the first run is over.
        answers.sort_by_key(|it| it["id"].as_u64());
        let mut expected = expected.to_vec();
        expected.sort_by_key(|it| it["id"].as_u64());
        assert_eq!(answers, expected, "{n_bytes} bytes at a time");
    }
}
