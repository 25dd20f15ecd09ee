//! What the kernel says about itself: logs, metrics, effects, and the two screens.

use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use aws_credential_types::Credentials;
use llm_kernel::{aws::Source, client::Client, endpoint::Endpoint};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    harness::{
        KernelProgram, TestKernel, check_output, check_program, needs_sockets, normalised, ok,
        program,
    },
    s3::server::misbehaving_server,
};

/// One run each: a success, a throw, a snippet that does not compile, a line that
/// is no request, and a loop that only a jump ends.
const LINES: [&str; 5] = [
    r#"{"id":"a","code":"console.log(1); new Date(0).toLocaleDateString(); return Math.random() < 2;"}"#,
    r#"{"id":2,"code":"throw new Error('no')"}"#,
    r#"{"code":"return ("}"#,
    r#"{"cod":1}"#,
    r#"{"code":"for (;;) {}","timeoutMs":50}"#,
];

fn metrics(client: &mut Client) -> String {
    let line = client.exchange(r#"{"op":"metrics"}"#).unwrap();
    let answer: Value = serde_json::from_str(&line).unwrap();
    answer["metrics"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Text for Prometheus with what differs from run to run as `…`; cumulative
/// buckets are checked and left out.
fn shape(text: &str) -> String {
    let mut res = String::new();
    let mut last_bucket = 0;
    for line in text.lines() {
        let (name, value) = line.rsplit_once(' ').unwrap();
        if line.starts_with('#') {
            last_bucket = 0;
        } else if name.contains("_bucket{le=") {
            let count: u64 = value.parse().unwrap();
            assert!(count >= last_bucket, "buckets are cumulative: {line}");
            last_bucket = count;
            continue;
        }
        let varies = name.ends_with("_sum")
            || name.starts_with("process_")
            // A slow machine kills what a quick one asks; the last rollback may still
            // be to come.
            || name.starts_with("llm_kernel_kills_total")
            || name == "llm_kernel_rollback_seconds_count"
            || name == "llm_kernel_held_bytes"
            || name.starts_with("llm_kernel_bytes_total")
            || name.starts_with("llm_kernel_ops_total");
        let value = if varies && !line.starts_with('#') { "…" } else { value };
        res.push_str(&format!("{name} {value}\n"));
    }
    res
}

#[test]
fn metrics_have_the_shape_that_is_written_down() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.metrics = Some("127.0.0.1:0".parse().unwrap()));
    let mut client = kernel.client();
    for line in LINES {
        client.exchange(line).unwrap();
    }
    let text = metrics(&mut client);
    assert_eq!(shape(&text), include_str!("telemetry/metrics.txt"), "{text}");

    // The same over HTTP, and nothing else.
    let Some(Endpoint::Tcp { host, port }) = kernel.kernel.metrics_endpoint() else {
        panic!("metrics are served over TCP");
    };
    let ask = |request: &str| {
        let mut stream = TcpStream::connect((&**host, *port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    };
    let response = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{head}");
    let names = |text: &str| -> Vec<String> {
        text.lines().map(|it| it.rsplit_once(' ').unwrap().0.to_owned()).collect()
    };
    assert_eq!(names(body), names(&text));
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405"),
        ("nonsense\r\n\r\n", "400"),
    ] {
        let response = ask(request);
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{request}\n{response}");
    }
    kernel.check_serves();
}

#[test]
fn a_metrics_port_that_is_taken_is_said_at_the_start() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let expected = format!(
        "llm-kernel: --metrics: cannot listen on tcp://{address}: Address already in use (os error 98)\n"
    );
    let start = |metrics: &str| {
        let mut command = program("llm-kernel");
        command.arg("--socket").arg(folder.path().join("k")).args(["--metrics", metrics]);
        command
    };
    if cfg!(target_os = "linux") {
        check_program(&mut start(&address.to_string()), (1, "", &expected));
    }
    let expected = "llm-kernel: --metrics: tcp://0.0.0.0:9 can be reached from other machines; \
                    `--listen-public` allows that\n";
    check_program(&mut start("0.0.0.0:9"), (1, "", expected));
}

/// What a kernel with these flags writes on stderr while `lines` are answered,
/// its greeting not included.
fn logged(flags: &[&str], variables: &[(&str, &str)], lines: &[&str]) -> String {
    logged_while(flags, variables, |socket| {
        let mut client = Client::connect(&Endpoint::Unix(socket.to_owned()), None).unwrap();
        client.set_silence_limit(Some(Duration::from_secs(30)));
        for line in lines {
            client.exchange(line).unwrap();
        }
    })
}

/// The same while somebody talks to it.
fn logged_while(flags: &[&str], variables: &[(&str, &str)], talk: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let mut command = program("llm-kernel");
    command.arg("--socket").arg(&socket).args(["--workers", "1"]).args(flags);
    command.envs(variables.iter().copied());
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    let greeting = format!("listening on {}\n", socket.display());
    loop {
        let mut line = String::new();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended: {text}");
        if line == greeting {
            break;
        }
        // Not every system can; that is another test's to know.
        if !line.starts_with("this system cannot lock the kernel down") {
            text.push_str(&line);
        }
    }
    talk(&socket);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).unwrap();
    stderr.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
    text
}

#[test]
fn json_logs_are_one_object_for_each_run_and_event() {
    needs_sockets!();
    let text = logged(&["--log-level", "info", "--log-format", "json"], &[], &LINES);
    let events: Vec<Value> = text
        .lines()
        .map(|line| {
            let mut event: Value = serde_json::from_str(line).unwrap_or_else(|err| {
                panic!("{err}: {line}");
            });
            let members = event.as_object_mut().unwrap();
            for (name, value) in members.iter_mut() {
                let varies = name.ends_with("_ms") || name.ends_with("_bytes");
                if varies
                    || ["pages_copied", "pid", "timestamp", "endpoint", "ring"].contains(&&**name)
                {
                    assert!(!value.is_null(), "{line}");
                    *value = json!("…");
                }
                // How often a clock is read depends on how long things take.
                if name.starts_with("ops.") {
                    assert!(value.as_u64() > Some(0), "{line}");
                    *value = json!("…");
                }
            }
            event
        })
        .collect();
    let event = |level: &str, message: &str, rest: Value| {
        let mut res = json!({ "timestamp": "…", "level": level, "message": message });
        res.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        res
    };
    let run = |kind: &str, rest: Value| {
        let mut res = json!({
            "preset": "default", "kind": kind, "worker": 0, "queue_ms": "…", "transpile_ms": "…",
            "run_ms": "…", "wait_ms": "…", "cpu_ms": "…", "rollback_ms": "…",
            "pages_copied": "…", "heap_bytes": "…",
        });
        res.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        event("INFO", "run", res)
    };
    let mut syntax = run("syntax", json!({}));
    for name in ["transpile_ms", "run_ms", "wait_ms"] {
        syntax.as_object_mut().unwrap().remove(name);
    }
    let expected = [
        event("INFO", "worker born", json!({ "worker": 0, "build_ms": "…" })),
        event(
            "INFO",
            "start",
            json!({ "version": env!("CARGO_PKG_VERSION"), "endpoint": "…", "pid": "…" }),
        ),
        run("ok", json!({ "id": "a", "ops.console": "…", "ops.random": "…", "ops.intl": "…" })),
        run("thrown", json!({ "id": "2", "ops.other": "…" })),
        syntax,
        run("timeout", json!({ "ring": "…", "kill_overrun_ms": "…" })),
        event("INFO", "stopping", json!({ "grace_ms": "…" })),
        event("INFO", "worker retired", json!({ "worker": 0 })),
        event("INFO", "stop", json!({ "requests": 5, "uptime_ms": "…" })),
    ];
    // The worker and the kernel's thread each write in order; who of the two is
    // first is a race.
    let of_worker = |events: &[Value]| -> [Vec<Value>; 2] {
        let (worker, kernel) = events.iter().cloned().partition(|it| it.get("worker").is_some());
        [worker, kernel]
    };
    assert_eq!(of_worker(&events), of_worker(&expected), "{text}");
}

#[test]
fn overload_and_refused_peers_are_warned_of() {
    needs_sockets!();
    let flags = ["--max-queue", "1", "--log-format", "json"];
    let text = logged_while(&flags, &[], |socket| {
        let mut client = Client::connect(&Endpoint::Unix(socket.to_owned()), None).unwrap();
        client.set_silence_limit(Some(Duration::from_secs(30)));
        // One runs, one is queued.
        for id in 0..5 {
            let line = format!(r#"{{"id":{id},"code":"for (;;) {{}}","timeoutMs":500}}"#);
            client.send(&line).unwrap();
        }
        for _ in 0..5 {
            client.receive().unwrap();
        }
        let mut browser = UnixStream::connect(socket).unwrap();
        browser.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = String::new();
        browser.read_to_string(&mut answer).unwrap();
    });
    // Each at most once a second, so perhaps more than once on a slow machine.
    let mut events: Vec<Value> = text
        .lines()
        .map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            let n_told = event.get("requests").or(event.get("peers")).and_then(Value::as_u64);
            assert!(n_told > Some(0), "{line}");
            json!([event["level"], event["message"], event.get("reason")])
        })
        .collect();
    events.dedup();
    let expected = [json!(["WARN", "overload", null]), json!(["WARN", "refused peer", "not_json"])];
    assert_eq!(events, expected, "{text}");
}

/// Things that must not be read in a log.
const CANARIES: [&str; 6] = [
    "c4n4ry-code",
    "c4n4ry-input",
    "c4n4ry-result",
    "c4n4ry-console",
    "c4n4ry-error",
    "c4n4ry-key",
];

#[test]
fn nothing_of_a_snippet_and_no_secret_is_logged_unless_asked_for() {
    needs_sockets!();
    let lines = [
        r#"{"id":"x","code":"/* c4n4ry-code */ console.log('c4n4ry-console'); return input + 'c4n4ry-result'","input":"c4n4ry-input"}"#,
        r#"{"code":"throw new Error('c4n4ry-error')"}"#,
        r#"{"code":"const c4n4ry-code = ("}"#,
        r#"{"c4n4ry-code":1}"#,
        "c4n4ry-code",
        r#"{"op":"doctor"}"#,
    ];
    let secrets = [
        ("AWS_ACCESS_KEY_ID", "c4n4ry-key"),
        ("AWS_SECRET_ACCESS_KEY", "c4n4ry-key"),
        ("LLM_KERNEL_TOKEN", "c4n4ry-key"),
    ];
    for format in ["json", "pretty"] {
        let flags = ["--log-level", "debug", "--log-format", format];
        let text = logged(&flags, &secrets, &lines);
        for canary in CANARIES {
            assert!(!text.contains(canary), "{canary} in\n{text}");
        }
        // The short name of the level's variable; and everything but the key.
        let variables = [("LLM_KERNEL_LOG", "info"), secrets[0], secrets[1], secrets[2]];
        let text = logged(&["--log-snippets", "--log-format", format], &variables, &lines);
        for canary in CANARIES {
            assert_eq!(text.contains(canary), canary != "c4n4ry-key", "{canary} in\n{text}");
        }
    }
}

/// Serves with this stderr, and says how many log lines were lost.
fn lost_lines(socket: &Path, stderr: Stdio, close: impl FnOnce(&mut std::process::Child)) -> u64 {
    let mut command = program("llm-kernel");
    command.arg("--socket").arg(socket).args(["--log-level", "info"]);
    let mut child = command.stdin(Stdio::null()).stderr(stderr).spawn().unwrap();
    let endpoint = Endpoint::Unix(socket.to_owned());
    let start = Instant::now();
    let mut client = loop {
        match Client::connect(&endpoint, None) {
            Ok(client) => break client,
            Err(err) => assert!(start.elapsed() < Duration::from_secs(30), "{err}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    close(&mut child);
    client.set_silence_limit(Some(Duration::from_secs(30)));
    let line = r#"{"code":"return input","input":1}"#;
    for _ in 0..20 {
        assert_eq!(normalised(&client.exchange(line).unwrap()), ok(&json!(1)));
    }
    // The lines are written by a thread of their own; wait for it, not for a time.
    let lost = loop {
        let stats: Value =
            serde_json::from_str(&client.exchange(r#"{"op":"stats"}"#).unwrap()).unwrap();
        match stats["stats"]["lostLogLines"].as_u64().unwrap() {
            n @ 19.. => break n,
            n => assert!(start.elapsed() < Duration::from_secs(60), "{n} lines lost"),
        }
    };
    drop(client);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    lost
}

#[test]
fn a_closed_stderr_and_a_full_disk_cost_lines_and_nothing_else() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let lost = lost_lines(&folder.path().join("a"), Stdio::piped(), |child| {
        drop(child.stderr.take());
    });
    assert!(lost >= 19, "{lost}");
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else { return };
    let lost = lost_lines(&folder.path().join("b"), full.into(), |_child| ());
    assert!(lost >= 19, "{lost}");
}

#[test]
fn a_stderr_that_nobody_reads_stops_no_run() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let mut command = program("llm-kernel");
    let kernel = KernelProgram::start(command.arg("--socket").arg(&socket).args([
        "--log-snippets",
        "--log-level",
        "info",
    ]));
    // A pipe holds 64 KiB; two such inputs fill it, and nobody reads.
    let mut client = Client::connect(&Endpoint::Unix(socket), None).unwrap();
    client.set_silence_limit(Some(Duration::from_secs(30)));
    let line = json!({ "code": "return input.length", "input": "x".repeat(60_000) }).to_string();
    for _ in 0..30 {
        assert_eq!(normalised(&client.exchange(&line).unwrap()), ok(&json!(60_000)));
    }
    drop(kernel);
}

/// The answer with the times in `calls` and `writes` taken out.
fn timeless(line: &str) -> Value {
    let mut answer: Value = serde_json::from_str(line).unwrap();
    let usage = answer["usage"].as_object_mut().unwrap();
    let calls = usage.remove("calls").unwrap_or_default();
    let more = usage.remove("moreCalls");
    let mut res = json!({ "ok": answer["ok"], "effects": answer["effects"], "calls": calls });
    if let Some(kind) = answer["error"].get("kind") {
        res["kind"] = kind.clone();
    }
    if let Some(more) = more {
        res["moreCalls"] = more;
    }
    for list in ["/calls", "/effects/writes"] {
        for call in res.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            assert!(call["ms"].as_f64() >= Some(0.0), "{call}");
            call.as_object_mut().unwrap().remove("ms");
        }
    }
    res
}

#[test]
fn effects_say_what_was_written_also_after_a_kill() {
    needs_sockets!();
    // Answers everything but the key `slow`, which it takes and keeps.
    let addr = misbehaving_server(|head, mut socket| {
        if head.contains("/slow") {
            let _ = std::io::copy(&mut &socket, &mut std::io::sink());
        }
        let _ =
            socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        // What is left unread would end the connection with an error.
        let _ = socket.shutdown(Shutdown::Write);
        let _ = std::io::copy(&mut &socket, &mut std::io::sink());
    });
    let kernel = TestKernel::start_config(
        |_settings| {},
        |config| {
            config.service.pool.net.aws = Source::Fixed {
                credentials: Some(Credentials::new("AKIATEST", "secret", None, None, "test")),
                region: Some("us-east-1".to_owned()),
                endpoint: Some(format!("http://{addr}")),
            };
        },
    );
    let mut client = kernel.client();
    let mut run = |code: &str, timeout_ms: u64| {
        let request = json!({ "code": code, "timeoutMs": timeout_ms }).to_string();
        let line = client.exchange(&request).unwrap();
        timeless(&line)
    };
    let call = |operation: &str, method: &str, status: Option<u16>| {
        let mut res = json!({
            "operation": operation, "method": method, "host": "127.0.0.1", "bucket": "b",
        });
        if let Some(status) = status {
            res["status"] = json!(status);
        }
        res
    };
    let s3 = "const s3 = new AwsS3.S3({ maxAttempts: 1 });
        const put = (Key) => s3.putObject({ Bucket: 'b', Key, Body: 'x' });";
    let head = call("HeadObject", "HEAD", Some(200));
    let put = call("PutObject", "PUT", Some(200));
    let unanswered = call("PutObject", "PUT", None);

    assert_eq!(
        run(
            &format!("{s3} await s3.headObject({{ Bucket: 'b', Key: 'a' }}); await put('a');"),
            10_000
        ),
        json!({
            "ok": true, "calls": [head, put],
            "effects": { "ran": "complete", "calls": 2, "writes": [put] },
        })
    );
    assert_eq!(
        run(&format!("{s3} await put('a'); await put('slow');"), 500),
        json!({
            "ok": false, "kind": "timeout", "calls": [put, unanswered],
            "effects": { "ran": "partial", "calls": 2, "writes": [put, unanswered] },
        })
    );
    assert_eq!(
        run(&format!("{s3} await put('a'); [].sort.call({{ length: 4e9 }});"), 500),
        json!({
            "ok": false, "kind": "timeout", "calls": [put],
            "effects": { "ran": "partial", "calls": 1, "writes": [put] },
        })
    );
    // Many reads do not hide a write.
    let many = run(
        &format!(
            "{s3} for (let n = 0; n < 101; n++) await s3.headObject({{ Bucket: 'b', Key: 'a' }});
            await put('a'); throw new Error('late');"
        ),
        30_000,
    );
    assert_eq!(
        (&many["effects"], &many["moreCalls"], many["calls"].as_array().map(Vec::len)),
        (&json!({ "ran": "partial", "calls": 102, "writes": [put] }), &json!(2), Some(100))
    );
    for (code, ran) in [("return (", "no"), ("return 1n", "complete"), ("throw 1", "partial")] {
        let effects = json!({ "ran": ran, "calls": 0, "writes": [] });
        assert_eq!(run(code, 1_000)["effects"], effects, "{code}");
    }
    let text = metrics(&mut client);
    for row in [
        r#"llm_kernel_s3_calls_total{operation="HeadObject",status="2xx"} 102"#,
        r#"llm_kernel_s3_calls_total{operation="PutObject",status="2xx"} 4"#,
        r#"llm_kernel_s3_calls_total{operation="PutObject",status="none"} 1"#,
    ] {
        assert!(text.contains(row), "{row} in\n{text}");
    }
}

/// Lines with numbers made equal.
fn without_numbers(text: &str) -> String {
    let mut res = String::new();
    for char in text.chars() {
        match char {
            '0'..='9' if res.ends_with('#') => {}
            '0'..='9' => res.push('#'),
            _ => res.push(char),
        }
    }
    res
}

fn run_code(flag: &str, socket: &Path, folder: &Path) -> Command {
    let mut command = program("run-code");
    command.arg(flag).arg("--socket").arg(socket);
    for (name, _value) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.env("HOME", folder).env("AWS_EC2_METADATA_DISABLED", "true").env("TZ", "UTC");
    command
}

#[test]
fn stats_and_doctor_of_a_kernel_that_is_there() {
    needs_sockets!();
    let kernel = TestKernel::start_config(
        |_settings| {},
        |config| {
            config.service.pool.net.aws = Source::Fixed {
                credentials: Some(Credentials::new("AKIATEST", "secret", None, None, "test")),
                region: Some("eu-west-1".to_owned()),
                endpoint: None,
            };
        },
    );
    kernel.check_serves();
    let folder = tempfile::tempdir().unwrap();
    let socket = kernel.socket();
    let output = run_code("--stats", &socket, folder.path()).output().unwrap();
    let screen = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{screen}");
    assert!(screen.lines().count() <= 24, "more than a screen:\n{screen}");
    let first = screen.lines().next().unwrap();
    assert_eq!(
        without_numbers(first),
        without_numbers(&format!("llm-kernel 0.1.0 on {}, up 0 s", socket.display()))
    );
    assert!(screen.contains("\nanswers    ok 1\n"), "{screen}");

    let output = run_code("--stats", &socket, folder.path()).arg("--json").output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["op"], &answer["stats"]["workers"]), (&json!("stats"), &json!(1)));

    let output = run_code("--doctor", &socket, folder.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let subjects: Vec<(&str, &str)> =
        text.lines().map(|it| (it[..6].trim(), it[6..19].trim())).collect();
    let expected = [
        ("ok", "kernel"),
        ("ok", "version"),
        ("ok", "socket"),
        ("ok", "snippets"),
        ("ok", "time zone"),
        ("ok", "credentials"),
        ("ok", "region"),
        ("ok", "network"),
    ];
    assert_eq!(subjects[..8], expected, "{text}");
    assert!(text.contains("from the program that started the kernel;"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn stats_and_doctor_where_no_kernel_is() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let missing = format!(
        "no kernel answers on {}: No such file or directory (os error 2); start one with `llm-kernel`",
        socket.display()
    );
    check_program(
        &mut run_code("--stats", &socket, folder.path()),
        (1, "", &format!("run-code: {missing}\n")),
    );
    // It looks at what run-code itself would use.
    let mut command = run_code("--doctor", &socket, folder.path());
    command.env("AWS_ACCESS_KEY_ID", "AKIATEST").env("AWS_SECRET_ACCESS_KEY", "c4n4ry-key");
    command.env("AWS_REGION", "eu-north-1").env("LLM_KERNEL_ALLOW_NET", "a.example");
    let mut output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let zone = lines[2];
    assert!(zone.starts_with("ok    time zone    ") && zone.contains("UTC+00:00;"), "{text}");
    let expected = format!(
        "bad   kernel       {missing}\n\
         ok    snippets     run; one took #.# ms\n\
         {zone}\n\
         ok    credentials  from environment variables; they sign requests and never enter a snippet\n\
         ok    region       eu-north-1; AWS_REGION changes it\n\
         ok    network      S3 and a.example; `--allow-net` of the kernel says so\n"
    );
    let took = lines[1].strip_prefix("ok    snippets     run; one took ").unwrap_or(lines[1]);
    output.stdout = text.replace(took, "#.# ms").into_bytes();
    check_output("run-code --doctor", &output, (1, &expected, ""));
}
