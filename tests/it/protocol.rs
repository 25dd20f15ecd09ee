//! What a line may hold and how it is answered; hostile ones are in
//! `hostile_input`.

use serde_json::json;

use crate::harness::{TestKernel, bad_request, check_answer, failed, needs_sockets, ok};

#[test]
fn a_first_line_that_is_not_json_closes_the_connection() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let not_json = bad_request("the line is not JSON: expected value at byte 1");
    kernel.check_bytes(
        b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n{\"code\":\"return 1\"}\n",
        std::slice::from_ref(&not_json),
    );
    // Later on it is a slip, and the connection goes on.
    let mut client = kernel.client();
    for (line, expected) in [
        (r#"{"code":"return input"}"#, ok(&json!({}))),
        ("POST", not_json),
        (r#"{"code":"return input"}"#, ok(&json!({}))),
    ] {
        check_answer(line, &client.exchange(line).unwrap(), &expected);
    }
    kernel.check_serves();
}

#[test]
fn a_line_over_the_limit_is_refused_and_the_next_one_is_served() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.line_bytes = 1_000);
    let bytes =
        format!("{{\"code\":\"{}\"}}\n{{\"code\":\"return input\"}}\n", "x".repeat(1 << 20));
    let too_large = failed(&json!({
        "kind": "too_large",
        "message": "the request line is longer than 1000 bytes",
        "hint": "send less, or raise `--max-line` of the kernel",
    }));
    kernel.check_bytes(bytes.as_bytes(), &[too_large, ok(&json!({}))]);
}

#[test]
fn input_nested_too_deeply_is_refused() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let line = |depth| {
        format!(r#"{{"code":"return 1","input":{}{}}}"#, "[".repeat(depth), "]".repeat(depth))
    };
    kernel.check(&line(100_000), &bad_request("`input` is nested deeper than 1000 levels"));
    kernel.check_serves();
}

#[test]
fn a_timeout_of_zero_needs_a_kernel_without_one() {
    needs_sockets!();
    let line = r#"{"code":"return input","timeoutMs":0}"#;
    let refusal = failed(&json!({
        "kind": "bad_request",
        "message": "`timeoutMs` is 0, and this kernel does not run snippets without a timeout",
        "hint": "leave `timeoutMs` out, or start the kernel with `--timeout 0`",
    }));
    TestKernel::start(1).check(line, &refusal);
    TestKernel::start_with(|it| it.timeout = None).check(line, &ok(&json!({})));
}

#[test]
fn an_id_is_echoed_as_it_was_spelled() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    for id in ["7", "-1.50e3", r#""x""#, r#""\u00e9""#] {
        let line = format!(r#"{{"id":{id},"code":"return input"}}"#);
        let answer = kernel.client().exchange(&line).unwrap();
        assert!(answer.starts_with(&format!(r#"{{"id":{id},"ok":true"#)), "{answer}");
    }
}

#[test]
fn ops_are_answered_in_kind() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    kernel.check(
        r#"{"op":"ping","id":"p"}"#,
        &json!({ "id": "p", "op": "ping", "ok": true, "version": "0.1.0", "timeoutMs": 10_000 }),
    );
    kernel.check(
        r#"{"op":"cancel","id":"nothing"}"#,
        &json!({ "id": "nothing", "op": "cancel", "ok": true, "cancelled": false }),
    );
    kernel.check(
        r#"{"op":"ping","code":"x"}"#,
        &json!({
            "op": "ping",
            "ok": false,
            "error": { "kind": "bad_request", "message": "`code` and `op` exclude each other" },
        }),
    );
    let mut client = kernel.client();
    client.exchange(r#"{"code":"return input"}"#).unwrap();
    let stats = client.exchange(r#"{"op":"stats"}"#).unwrap();
    let mut stats: serde_json::Value = serde_json::from_str(&stats).unwrap();
    stats["stats"]["uptimeMs"].take().as_u64().unwrap();
    for gauge in ["connections", "heldBytes"] {
        stats["stats"][gauge].take().as_u64().unwrap();
    }
    let latencies = stats["stats"]["latencyMs"].take();
    let names: Vec<&String> = latencies.as_object().unwrap().keys().collect();
    assert_eq!(names, ["killOverrun", "queue", "rollback", "roundTrip", "run", "transpile"]);
    for name in ["queue", "run", "transpile"] {
        let latency = &latencies[name];
        assert_eq!(latency["count"], 1, "{latencies}");
        let [p50, p90, p99, max] = ["p50", "p90", "p99", "max"].map(|it| latency[it].as_f64());
        assert!(p50 <= p90 && p90 <= p99 && p99 <= max && max < Some(10_000.0), "{latencies}");
    }
    assert!(stats["stats"]["residentBytes"].take().as_u64() > Some(1 << 20));
    let expected = json!({
        "version": "0.1.0", "uptimeMs": null, "connections": null, "heldBytes": null, "requests": 5, "lockdown": null,
        "workers": 1,        "queued": 0,
        "presets": [{ "name": "default", "version": "0.1.0", "isolates": 1 }],
        "running": 0, "suspended": 0, "answers": { "ok": 1 }, "latencyMs": null,
        "residentBytes": null, "lostLogLines": 0,
    });
    assert_eq!(stats, json!({ "op": "stats", "ok": true, "stats": expected }));
}
