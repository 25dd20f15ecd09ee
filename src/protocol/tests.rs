//! Lines in, messages and lines out, to the byte; no kernel reads them.

use super::*;

#[track_caller]
fn check_refused(line: &str, expected: &str) {
    let refusal = Message::parse(line.as_bytes()).unwrap_err();
    assert_eq!(refusal.failure, Failure::bad_request(expected), "\nline: {line}");
}

#[track_caller]
fn check_request(request: &Request, line: &str) {
    assert_eq!(request.to_line(), format!("{line}\n"));
    assert_eq!(Message::parse(line.as_bytes()), Ok(Message::Run(request.clone())));
}

#[track_caller]
fn check_answer(answer: &Answer, line: &str) {
    assert_eq!(String::from_utf8(answer.clone().into_line()).unwrap(), format!("{line}\n"));
    assert_eq!(Answer::parse(line).as_ref(), Ok(answer));
}

fn request(code: &str) -> Request {
    Request {
        preset: None,
        id: None,
        code: code.to_owned(),
        input: "{}".to_owned(),
        timeout_ms: None,
        check: Check::Warn,
    }
}

#[test]
fn requests_cross_the_wire_both_ways() {
    check_request(&request("return 1"), r#"{"code":"return 1","input":{}}"#);
    check_request(
        &Request {
            id: Some(Id::text("7")),
            input: r#"{"b":1e400,"a":[1.50]}"#.to_owned(),
            timeout_ms: Some(5000),
            check: Check::Strict,
            ..request("return `hi`;\n")
        },
        r#"{"id":"7","code":"return `hi`;\n","input":{"b":1e400,"a":[1.50]},"timeoutMs":5000,"check":"strict"}"#,
    );
}

#[test]
fn input_over_several_lines_is_sent_as_one() {
    let request = Request { input: "{\r\n  \"a\": 1\n}".to_owned(), ..request("") };
    assert_eq!(request.to_line(), "{\"code\":\"\",\"input\":{    \"a\": 1 }}\n");
}

#[test]
fn input_defaults_to_an_empty_object_and_ids_keep_their_spelling() {
    let parsed = Message::parse(br#" {"id":1.50e1,"code":""} "#);
    let expected = Request { id: Some(Id("1.50e1".to_owned())), ..request("") };
    assert_eq!(parsed, Ok(Message::Run(expected)));
}

#[test]
fn controls_cross_the_wire_both_ways() {
    #[track_caller]
    fn check(control: &Control, id: Option<&str>, line: &str) {
        assert_eq!(control.to_line(), format!("{line}\n"));
        let id = id.map(|it| Id(it.to_owned()));
        let expected = Message::Control { id, control: control.clone() };
        assert_eq!(Message::parse(line.as_bytes()), Ok(expected));
    }
    check(&Control::Ping, None, r#"{"op":"ping"}"#);
    check(&Control::Stats, None, r#"{"op":"stats"}"#);
    check(&Control::Metrics, None, r#"{"op":"metrics"}"#);
    check(&Control::Doctor, None, r#"{"op":"doctor"}"#);
    check(&Control::Cancel { target: Id("7".to_owned()) }, Some("7"), r#"{"op":"cancel","id":7}"#);
    check(&Control::Auth { token: "t\"".to_owned() }, None, r#"{"op":"auth","token":"t\""}"#);
    let api = |lookup, tokens| Control::Api { lookup, tokens, preset: None };
    check(&api(Lookup::Prompt, None), None, r#"{"op":"prompt"}"#);
    check(
        &api(Lookup::Search("put object".to_owned()), Some(300)),
        None,
        r#"{"op":"api","search":"put object","tokens":300}"#,
    );
    check(
        &api(Lookup::Show("MyLib.retry".to_owned()), None),
        None,
        r#"{"op":"api","show":"MyLib.retry"}"#,
    );
}

#[test]
fn answers_cross_the_wire_both_ways() {
    let usage = Usage {
        queue_ms: millis(Duration::from_nanos(1_999)),
        transpile_ms: 0.0,
        run_ms: millis(Duration::from_micros(1_500)),
        cpu_ms: 1.25,
        wait_ms: 0.0,
        heap_bytes: 51_200,
        ..Usage::default()
    };
    check_answer(
        &Answer {
            id: Some(Id::text("7")),
            outcome: Ok(r#"{"z":1,"a":12345678901234567890}"#.to_owned()),
            warnings: vec![],
            logs: vec![Log { level: "log".into(), text: "hi".to_owned() }],
            usage,
            effects: Effects { ran: Ran::Complete, ..Effects::default() },
        },
        concat!(
            r#"{"id":"7","ok":true,"result":{"z":1,"a":12345678901234567890},"#,
            r#""logs":[{"level":"log","text":"hi"}],"#,
            r#""usage":{"queueMs":0.001,"transpileMs":0.0,"runMs":1.5,"waitMs":0.0,"cpuMs":1.25,"#,
            r#""heapBytes":51200},"effects":{"ran":"complete","calls":0,"writes":[]}}"#
        ),
    );
    let put = Call {
        operation: Some("PutObject".to_owned()),
        method: "PUT".to_owned(),
        host: "s3.eu-west-1.amazonaws.com".to_owned(),
        bucket: Some("b".to_owned()),
        status: Some(200),
        ms: 2.5,
    };
    check_answer(
        &Answer {
            id: None,
            outcome: Ok("null".to_owned()),
            warnings: vec![Warning {
                line: 1,
                column: 2,
                message: "m".to_owned(),
                signature: Some("s".to_owned()),
            }],
            logs: vec![],
            usage: Usage {
                dropped: Some(Dropped { timers: 1, calls: 0 }),
                calls: vec![put.clone()],
                more_calls: 1,
                ..Usage::default()
            },
            effects: Effects {
                ran: Ran::Partial,
                calls: 2,
                writes: vec![Call { status: None, ..put }],
                more_writes: 3,
            },
        },
        concat!(
            r#"{"ok":true,"result":null,"warnings":[{"line":1,"column":2,"message":"m","#,
            r#""signature":"s"}],"logs":[],"usage":{"queueMs":0.0,"transpileMs":0.0,"#,
            r#""runMs":0.0,"waitMs":0.0,"cpuMs":0.0,"heapBytes":0,"calls":[{"operation":"PutObject","#,
            r#""method":"PUT","host":"s3.eu-west-1.amazonaws.com","bucket":"b","status":200,"#,
            r#""ms":2.5}],"moreCalls":1,"dropped":{"timers":1,"calls":0}},"effects":{"#,
            r#""ran":"partial","calls":2,"writes":[{"operation":"PutObject","method":"PUT","#,
            r#""host":"s3.eu-west-1.amazonaws.com","bucket":"b","ms":2.5}],"moreWrites":3}}"#
        ),
    );
    check_answer(
        &Answer::refusal(
            None,
            Failure {
                name: Some("TypeError".to_owned()),
                stack: Some("TypeError: x\n    at main (snippet.ts:3:11)".to_owned()),
                frame: Some("3 | x".to_owned()),
                hint: Some("y".to_owned()),
                line: Some(3),
                column: Some(11),
                ..Failure::new(FailureKind::Thrown, "x")
            },
        ),
        concat!(
            r#"{"ok":false,"error":{"kind":"thrown","name":"TypeError","message":"x","#,
            r#""stack":"TypeError: x\n    at main (snippet.ts:3:11)","frame":"3 | x","#,
            r#""hint":"y","line":3,"column":11},"logs":[],"usage":{"queueMs":0.0,"#,
            r#""transpileMs":0.0,"runMs":0.0,"waitMs":0.0,"cpuMs":0.0,"heapBytes":0},"#,
            r#""effects":{"ran":"no","calls":0,"writes":[]}}"#
        ),
    );
}

#[test]
fn half_an_answer_is_no_answer() {
    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(Answer::parse(line), Err(expected.to_owned()));
    }
    check(r#"{"ok":true}"#, "it says ok but does not carry just a result");
    check(r#"{"ok":false,"result":1}"#, "it says not ok but does not carry just an error");
    check(r#"{"ok":1}"#, "invalid type: integer `1`, expected a boolean at line 1 column 7");
}

#[test]
fn every_kind_is_written_as_it_is_called() {
    for kind in FailureKind::ALL {
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.as_str()));
    }
}

#[test]
fn control_answers_echo_their_op() {
    let line = |it: Vec<u8>| String::from_utf8(it).unwrap();
    assert_eq!(line(control_line(None, "ping", Ok(""))), "{\"op\":\"ping\",\"ok\":true}\n");
    assert_eq!(
        line(control_line(Some(&Id::text("a")), "cancel", Ok(r#""cancelled":true"#))),
        "{\"id\":\"a\",\"op\":\"cancel\",\"ok\":true,\"cancelled\":true}\n"
    );
    assert_eq!(
        line(control_line(None, "auth", Err(&Failure::bad_request("no")))),
        "{\"op\":\"auth\",\"ok\":false,\"error\":{\"kind\":\"bad_request\",\"message\":\"no\"}}\n"
    );
}

#[test]
fn what_is_not_a_request_is_refused_by_name() {
    check_refused("", "the line is empty; a request is one JSON object");
    check_refused(" \r", "the line is empty; a request is one JSON object");
    check_refused("POST / HTTP/1.1", "the line is not JSON: expected value at byte 1");
    check_refused(r#"{"code":}"#, "the line is not JSON: expected value at byte 9");
    check_refused(r#"{"code":"x""#, "the line is not JSON: EOF while parsing an object at byte 11");
    check_refused(r#"{"code":"x"} 2"#, "the line is not JSON: trailing characters at byte 14");
    check_refused("{'code':1}", "the line is not JSON: key must be a string at byte 2");
    check_refused("[1]", "a request is a JSON object, not an array");
    check_refused("3", "a request is a JSON object, not a number");
    check_refused(r#""x""#, "a request is a JSON object, not a string");
    check_refused("null", "a request is a JSON object, not null");
    check_refused("true", "a request is a JSON object, not a boolean");
    check_refused("{}", "missing field `code`");
    check_refused(r#"{"code":1}"#, "`code` must be a string, not a number");
    check_refused(r#"{"code":null}"#, "`code` must be a string, not null");
    check_refused(r#"{"code":"","id":null}"#, "`id` must be a string or a number, not null");
    check_refused(r#"{"code":"","id":[1]}"#, "`id` must be a string or a number, not an array");
    check_refused(
        r#"{"code":"","timeoutMS":1}"#,
        "unknown field `timeoutMS`; did you mean `timeoutMs`?",
    );
    check_refused(
        r#"{"code":"","timeout":1}"#,
        "unknown field `timeout`; did you mean `timeoutMs`?",
    );
    check_refused(r#"{"code":"","banana":1}"#, "unknown field `banana`");
    check_refused(r#"{"code":"a","code":"b"}"#, "field `code` appears twice");
    check_refused(r#"{"code":"","op":"ping"}"#, "`code` and `op` exclude each other");
    check_refused(r#"{"op":"pong"}"#, "unknown op `pong`; did you mean `ping`?");
    check_refused(r#"{"op":1}"#, "`op` must be a string, not a number");
    check_refused(r#"{"op":"cancel"}"#, "missing field `id`");
    check_refused(r#"{"op":"auth"}"#, "missing field `token`");
    check_refused(r#"{"op":"ping","input":1}"#, "unknown field `input`");
    for (timeout, given) in [("-1", "-1"), ("1.5", "1.5"), ("1e3", "1e3")] {
        check_refused(
            &format!(r#"{{"code":"","timeoutMs":{timeout}}}"#),
            &format!("`timeoutMs` must be a whole number of milliseconds, not {given}"),
        );
    }
    check_refused(
        r#"{"code":"","timeoutMs":"5"}"#,
        "`timeoutMs` must be a whole number of milliseconds, not a string",
    );
    check_refused(
        r#"{"code":"\ud800"}"#,
        "`code` is not a valid string: unexpected end of hex escape at byte 8 of it",
    );
}

#[test]
fn invalid_utf8_is_refused_with_its_place() {
    let refusal = Message::parse(b"{\"code\":\"\xff\"}").unwrap_err();
    assert_eq!(
        refusal.failure.message,
        "the line is not valid UTF-8 at byte 10; a request is one line of JSON in UTF-8"
    );
}

#[test]
fn a_refusal_names_the_id_and_op_that_could_be_read() {
    let refusal = Message::parse(br#"{"id":"a","op":"ping","x":1}"#).unwrap_err();
    assert_eq!((refusal.id, refusal.op), (Some(Id::text("a")), Some("ping")));
    let refusal = Message::parse(br#"{"id":9,"code":1}"#).unwrap_err();
    assert_eq!((refusal.id, refusal.op), (Some(Id("9".to_owned())), None));
}

#[test]
fn input_may_nest_1000_levels_and_no_more() {
    let line = |depth: usize| {
        format!(r#"{{"code":"","input":{}{}}}"#, "[".repeat(depth), "]".repeat(depth))
    };
    assert!(Message::parse(line(1_000).as_bytes()).is_ok());
    check_refused(&line(1_001), "`input` is nested deeper than 1000 levels");
    check_refused(&line(1_000_000), "`input` is nested deeper than 1000 levels");
    // Brackets in strings are text.
    let text = format!(r#"{{"code":"","input":"\"{}"}}"#, "[".repeat(5_000));
    assert!(Message::parse(text.as_bytes()).is_ok());
}

/// Damaged lines must be refused, never panicked about.
#[test]
fn no_bytes_panic() {
    let seeds: [&[u8]; 4] = [
        br#"{"id":"7","code":"return 1","input":{"a":["\\\"",1e5,null]},"timeoutMs":5000}"#,
        br#"{"op":"cancel","id":-1.5e+3}"#,
        br#"{"code":"\ud83d\ude00","input":"\u0000"}"#,
        "{\"code\":\"é\u{2028}\",\"id\":\"ü\"}".as_bytes(),
    ];
    let alphabet = b"{}[]\",:\\0-e.tfnu \xff\xc3";
    // xorshift: the same lines on every machine.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..50_000 {
        let mut line = seeds[random(seeds.len())].to_vec();
        for _ in 0..=random(3) {
            let (at, byte) = (random(line.len()), alphabet[random(alphabet.len())]);
            match random(3) {
                0 => line[at] = byte,
                1 => line.insert(at, byte),
                _ => line.truncate(at.max(1)),
            }
        }
        if let Ok(Message::Run(request)) = Message::parse(&line) {
            let again = Message::parse(request.to_line().trim_end().as_bytes());
            assert_eq!(again, Ok(Message::Run(request)), "{}", String::from_utf8_lossy(&line));
        }
    }
}
