//! Both programs as a caller sees them: exit codes, stdout, stderr.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixListener,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::json;

use crate::harness::{
    TestKernel, check_output, check_program, needs_sockets, normalised, ok, program, with_id,
};

/// A run-code that can only run the snippet itself.
///
/// The default socket is a promise and not a parameter of the program, so on a
/// machine with a kernel there this uses that kernel, as it should.
fn embedded() -> Command {
    program("run-code")
}

#[test]
fn the_main_job_needs_nothing_but_run_code() {
    check_program(
        embedded()
            .args(["--code", "return { greeting: `hi ${input.name}` };"])
            .args(["--input", r#"{"name":"Ada"}"#]),
        (0, "{\n  \"greeting\": \"hi Ada\"\n}\n", ""),
    );
}

#[test]
fn a_kernel_and_run_code_itself_answer_alike() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.line_bytes = 4_096);
    let deep = "[".repeat(1_100) + &"]".repeat(1_100);
    let long = json!("x".repeat(5_000)).to_string();
    for (code, input, timeout) in [
        ("return input", r#"{"b":1.50,"a":[]}"#, "5000"),
        ("return input", &deep, "5000"),
        ("return input", &long, "5000"),
        ("return input", "1", "0"),
        ("for (;;) {}", "1", "50"),
        // What a kernel has done before its first run, and run-code has not.
        (
            "const s3 = new AwsS3.S3Client({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
            try { await s3.send(new AwsS3.ListObjectsV2Command({ Bucket: 'bucket' })); } catch ({ name, message }) { return [name, message, typeof __warmsUp]; }",
            "1",
            "5000",
        ),
    ] {
        let answer = |command: &mut Command| {
            let output = command
                .args(["--json", "--code", code, "--input", input, "--timeout", timeout])
                .output()
                .unwrap();
            (output.status.code(), normalised(std::str::from_utf8(&output.stdout).unwrap()))
        };
        let of_kernel = answer(program("run-code").env("LLM_KERNEL_SOCKET", kernel.socket()));
        let mut of_run_code = answer(embedded().env("LLM_KERNEL_MAX_LINE", "4KiB"));
        if input == long {
            // Nobody parses a line over the limit, so its id is not known.
            of_run_code.1.as_object_mut().unwrap().remove("id");
        }
        assert_eq!(of_run_code, of_kernel, "{code} {input:.40} {timeout}");
    }
}

#[test]
fn every_way_to_name_the_endpoint_works() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let args = ["--code", "return input", "--input", r#"{"b":1.50,"a":[]}"#];
    let expected = (0, "{\n  \"b\": 1.5,\n  \"a\": []\n}\n", "");
    let socket = kernel.socket();
    check_program(program("run-code").args(args).arg("--socket").arg(&socket), expected);
    check_program(program("run-code").args(args).env("LLM_KERNEL_SOCKET", &socket), expected);
    let with_scheme = format!("unix:{}", socket.display());
    check_program(program("run-code").args(args).args(["--socket", &with_scheme]), expected);
    // The flag wins.
    check_program(
        program("run-code")
            .args(args)
            .arg("--socket")
            .arg(&socket)
            .env("LLM_KERNEL_SOCKET", "/nowhere"),
        expected,
    );
}

#[test]
fn a_silent_kernel_is_given_up_and_told_to_cancel() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let listener = UnixListener::bind(&socket).unwrap();
    let endpoint = llm_kernel::endpoint::Endpoint::Unix(socket);
    let patience = Duration::from_millis(50);
    let request = llm_kernel::protocol::Request {
        preset: None,
        id: Some(llm_kernel::protocol::Id::text("a")),
        code: "return 1".to_owned(),
        input: "{}".to_owned(),
        timeout_ms: Some(10),
        check: llm_kernel::transpile::Check::Warn,
    };
    let mut client = llm_kernel::client::Client::connect(&endpoint, None).unwrap();
    let err = client.run_in_time(&request, patience, || false).unwrap_err();
    assert_eq!(err.to_string(), "the kernel has been silent for 60 ms");
    let (stream, _) = listener.accept().unwrap();
    drop(client);
    let lines: Vec<String> = BufReader::new(stream).lines().map(Result::unwrap).collect();
    let cancel = r#"{"op":"cancel","id":"a"}"#;
    let expected = [r#"{"id":"a","code":"return 1","input":{},"timeoutMs":10}"#, cancel];
    assert_eq!(lines, expected);

    // The kernel's own timeout counts, and it does not even say what that is.
    let request = llm_kernel::protocol::Request { timeout_ms: None, ..request };
    let mut client = llm_kernel::client::Client::connect(&endpoint, None).unwrap();
    let err = client.run_in_time(&request, patience, || false).unwrap_err();
    assert_eq!(err.to_string(), "the kernel has been silent for 50 ms");
    let (stream, _) = listener.accept().unwrap();
    drop(client);
    let lines: Vec<String> = BufReader::new(stream).lines().map(Result::unwrap).collect();
    let code = r#"{"id":"a","code":"return 1","input":{}}"#;
    assert_eq!(lines, [code, r#"{"op":"ping"}"#, cancel]);
}

#[test]
fn a_kernel_that_takes_its_time_is_asked_how_long_that_may_be() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let listener = UnixListener::bind(&socket).unwrap();
    let endpoint = llm_kernel::endpoint::Endpoint::Unix(socket);
    let kernel = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // The answer is under way when the question comes.
        stream.write_all(br#"{"ok":true,"#).unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        let came = [lines.next().unwrap(), lines.next().unwrap()];
        stream.write_all(b"\"result\":1}\n").unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        lines.nth(1).unwrap();
        // Longer than the patience, within the timeout.
        stream.write_all(b"{\"op\":\"ping\",\"ok\":true,\"timeoutMs\":60000}\n").unwrap();
        thread::sleep(Duration::from_millis(700));
        stream.write_all(b"{\"ok\":true,\"result\":2}\n").unwrap();
        came
    });
    let request = llm_kernel::protocol::Request {
        preset: None,
        id: None,
        code: "return 1".to_owned(),
        input: "{}".to_owned(),
        timeout_ms: None,
        check: llm_kernel::transpile::Check::Warn,
    };
    // Enough for the kernel's thread to answer in on a loaded machine.
    let patience = Duration::from_millis(500);
    for expected in ["1", "2"] {
        let mut client = llm_kernel::client::Client::connect(&endpoint, None).unwrap();
        let (answer, _line) = client.run_in_time(&request, patience, || false).unwrap();
        assert_eq!(answer.outcome.unwrap(), expected);
    }
    let came = kernel.join().unwrap();
    assert_eq!(came, [r#"{"code":"return 1","input":{}}"#, r#"{"op":"ping"}"#]);
}

#[test]
fn json_prints_the_whole_answer_line() {
    let output = embedded().args(["--json", "--code", "return input"]).output().unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.ends_with("}\n"), "{line}");
    assert_eq!(normalised(&line), with_id(&json!("run-code"), ok(&json!({}))));
}

#[test]
fn console_goes_to_stderr_and_the_result_to_stdout() {
    check_program(
        embedded().args(["--code", "console.log('a', 1); console.error('b'); return 2"]),
        (0, "2\n", "a 1\nb\n"),
    );
}

#[test]
fn an_uncaught_throw_is_explained_on_stderr() {
    let output = embedded().args(["--code", "const x = 1;\nthrow new TypeError('no');"]).output();
    let output = output.unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]), "{stderr}");
    assert!(stderr.starts_with("error[thrown]: TypeError: no\n  at snippet.ts:2:"), "{stderr}");
}

#[test]
fn a_run_over_its_time_exits_1() {
    let stderr = concat!(
        "error[timeout]: stopped after 50 ms\n",
        "hint: do less, or ask for more time: `--timeout <ms>` of run-code, ",
        "`timeoutMs` of a request\n"
    );
    check_program(embedded().args(["--code", "for (;;) {}", "--timeout", "50"]), (1, "", stderr));
    check_program(
        embedded().args(["--code", "for (;;) {}"]).env("LLM_KERNEL_TIMEOUT_MS", "50"),
        (1, "", stderr),
    );
}

#[test]
fn a_bad_command_line_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.ts").display().to_string();
    let cannot_read =
        format!("--file: cannot read {missing}: No such file or directory (os error 2)");
    let cases: &[(&[&str], &str)] = &[
        (&[], "one of --code and --file is required"),
        (&["--code", "1", "--file", "x"], "--code and --file exclude each other"),
        (&["--cdoe", "1"], "unknown flag --cdoe; did you mean `--code`?"),
        (
            &["--code", "1", "--timeout", "-1"],
            "--timeout: `-1` is not a whole number of milliseconds",
        ),
        (
            &["--code", "1", "--input", "{\"a\":\n nope}"],
            "--input is not JSON: expected ident at line 2 column 3",
        ),
        (&["--file", &missing], &cannot_read),
    ];
    for (args, message) in cases {
        let stderr = format!("run-code: {message}\ntry `run-code --help`\n");
        check_program(program("run-code").args(*args), (2, "", &stderr));
    }
    check_program(
        embedded().args(["--code", "1"]).env("LLM_KERNEL_WORKERS", "many"),
        (
            2,
            "",
            "run-code: LLM_KERNEL_WORKERS: `many` is not a whole number\ntry `run-code --help`\n",
        ),
    );
    check_program(
        program("llm-kernel").arg("--sokcet"),
        (
            2,
            "",
            "llm-kernel: unknown flag --sokcet; did you mean `--socket`?\ntry `llm-kernel --help`\n",
        ),
    );
}

#[test]
fn source_and_input_come_from_files_and_stdin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.ts");
    fs::write(&file, "return input").unwrap();
    let json = folder.path().join("in.json");
    fs::write(&json, "{\n  \"a\": 1\n}\n").unwrap();
    let at_json = format!("@{}", json.display());
    let expected = (0, "{\n  \"a\": 1\n}\n", "");
    check_program(embedded().arg("--file").arg(&file).args(["--input", &at_json]), expected);

    let check_stdin = |args: &[&str], stdin: &str| {
        let mut command = embedded();
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        check_output(&format!("{command:?}"), &child.wait_with_output().unwrap(), expected);
    };
    check_stdin(&["--file", "-", "--input", &at_json], "return input");
    check_stdin(&["--code", "return input", "--input", "-"], "{\"a\":1}");
}

#[test]
fn an_endpoint_that_is_named_is_used_or_nothing_is() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("nobody").display().to_string();
    let expected = format!(
        "run-code: no kernel answers on {socket}: No such file or directory (os error 2); \
         start one with `llm-kernel`\n"
    );
    check_program(
        program("run-code").args(["--code", "return 1", "--socket", &socket]),
        (1, "", &expected),
    );
    check_program(
        program("run-code").args(["--code", "return 1"]).env("LLM_KERNEL_SOCKET", &socket),
        (1, "", &expected),
    );
    check_program(
        program("run-code").args(["--code", "return 1"]).env("LLM_KERNEL_SOCKET", "x"),
        (
            2,
            "",
            "run-code: LLM_KERNEL_SOCKET: `x` has no port; an endpoint is `/path`, `unix:/path`, \
             `tcp://host:port`, `host:port` or `port`\ntry `run-code --help`\n",
        ),
    );
}

#[test]
fn run_code_does_not_forward_its_own_default_timeout() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let listener = UnixListener::bind(&socket).unwrap();
    let child = program("run-code")
        .args(["--code", "return 1"])
        .arg("--socket")
        .arg(&socket)
        .env("LLM_KERNEL_TIMEOUT_MS", "77")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), r#"{"id":"run-code","code":"return 1","input":{}}"#);
    stream.write_all(b"{\"id\":\"run-code\",\"ok\":true,\"result\":1}\n").unwrap();
    check_output("run-code", &child.wait_with_output().unwrap(), (0, "1\n", ""));
}

#[test]
fn a_kernel_that_goes_away_or_talks_nonsense_is_reported() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let listener = UnixListener::bind(&socket).unwrap();
    for (reply, expected) in [
        ("", "the kernel closed the connection without an answer"),
        (
            "{\"ok\":true}\n",
            "the kernel's answer makes no sense: it says ok but does not carry just a result",
        ),
    ] {
        let child = program("run-code")
            .args(["--code", "return 1", "--timeout", "1000"])
            .arg("--socket")
            .arg(&socket)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        BufReader::new(stream.try_clone().unwrap()).lines().next().unwrap().unwrap();
        stream.write_all(reply.as_bytes()).unwrap();
        drop(stream);
        let output = child.wait_with_output().unwrap();
        check_output("run-code", &output, (1, "", &format!("run-code: {expected}\n")));
    }
}

#[test]
fn the_socket_of_another_user_is_refused() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let _listener = UnixListener::bind(&socket).unwrap();
    // Only root can give a socket away; for others there is nothing to test.
    if std::os::unix::fs::chown(&socket, Some(65_534), None).is_err() {
        return;
    }
    let expected = format!("run-code: {} belongs to another user (uid 65534)\n", socket.display());
    check_program(
        program("run-code").args(["--code", "return 1"]).arg("--socket").arg(&socket),
        (1, "", &expected),
    );
}

#[test]
fn ctrl_c_cancels_the_run_and_exits_130() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let child = program("run-code")
        .args(["--code", "for (;;) {}"])
        .arg("--socket")
        .arg(kernel.socket())
        .spawn()
        .unwrap();
    kernel.wait_for_running(1);
    let start = Instant::now();
    interrupt(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    kernel.wait_for_running(0);
    kernel.check_serves();
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_ends_a_run_without_a_kernel_too() {
    let child = embedded().args(["--code", "for (;;) {}"]).spawn().unwrap();
    // From when on it is the program that ends the run, not the system the program.
    let watches = || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let caught = status.lines().find_map(|it| it.strip_prefix("SigCgt:\t")).unwrap();
        u64::from_str_radix(caught, 16).unwrap() & (1 << (Signal::INT.as_raw() - 1)) != 0
    };
    while !watches() {
        thread::yield_now();
    }
    interrupt(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
}

#[test]
fn a_closed_stdout_is_not_a_crash() {
    let mut child = embedded()
        .args(["--code", "return input", "--input", &json!("x".repeat(100_000)).to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    check_output("run-code", &child.wait_with_output().unwrap(), (0, "", ""));
}

#[test]
fn both_programs_introduce_themselves() {
    for name in ["run-code", "llm-kernel"] {
        let version = format!("{name} {}\n", env!("CARGO_PKG_VERSION"));
        check_program(program(name).arg("--version"), (0, &version, ""));
        let help = program(name).arg("--help").output().unwrap();
        assert!(help.status.success());
        assert!(help.stdout.windows(6).any(|it| it == b"Usage:"));
    }
}

fn interrupt(child: &std::process::Child) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, Signal::INT).unwrap();
}
