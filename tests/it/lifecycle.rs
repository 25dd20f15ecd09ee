//! Starting, stopping, and what is left behind.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{
            fs::MetadataExt,
            net::{UnixListener, UnixStream},
        },
    },
    path::Path,
    process::{ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use llm_kernel::{
    client::{Client, ClientError},
    endpoint::Endpoint,
};
use rustix::process::Signal;
use serde_json::json;

use crate::harness::{
    KernelProgram, TestKernel, check_program, failed, names_in, needs_sockets, normalised, ok,
    program, with_id,
};

const SHUTTING_DOWN: &str = "the kernel is shutting down";

#[test]
fn a_kernel_that_stops_answers_everything_first() {
    needs_sockets!();
    let kernel = TestKernel::start(2);
    let socket = kernel.socket();
    let mut client = kernel.client();
    client.send(r#"{"id":1,"code":"for (;;) {}","timeoutMs":100}"#).unwrap();
    client.send(r#"{"id":2,"code":"for (;;) {}"}"#).unwrap();
    kernel.wait_for_running(2);
    let TestKernel { kernel, .. } = kernel;
    thread::scope(|scope| {
        scope.spawn(|| kernel.stop(Duration::from_secs(1)));
        let first = normalised(&client.receive().unwrap());
        assert_eq!((&first["id"], &first["error"]["kind"]), (&json!(1), &json!("timeout")));
        let shutting_down = failed(&json!({
            "kind": "shutting_down",
            "message": SHUTTING_DOWN,
            "hint": "try again with the next kernel",
        }));
        // What comes during the grace is refused, what outlasts it is ended.
        let third = normalised(&client.exchange(r#"{"id":3,"code":"return input"}"#).unwrap());
        assert_eq!(third, with_id(&json!(3), shutting_down.clone()));
        let second = normalised(&client.receive().unwrap());
        assert_eq!(second, with_id(&json!(2), shutting_down));
        let end = client.receive();
        assert!(matches!(end, Err(ClientError::Closed)), "{end:?}");
    });
    assert!(!socket.exists());
}

#[test]
fn a_kernel_that_stops_answers_also_what_it_had_not_read_yet() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.n_in_flight = 2);
    let mut stream = kernel.raw();
    let lines: String =
        (0..300).map(|id| format!("{{\"id\":{id},\"code\":\"for (;;) {{}}\"}}\n")).collect();
    stream.write_all(lines.as_bytes()).unwrap();
    kernel.wait_for_running(1);
    let TestKernel { kernel, .. } = kernel;
    let mut answers = String::new();
    thread::scope(|scope| {
        // Read meanwhile: a socket does not hold all of them.
        scope.spawn(|| stream.read_to_string(&mut answers).unwrap());
        kernel.stop(Duration::ZERO);
    });
    let mut answers: Vec<_> = answers.lines().map(normalised).collect();
    answers.sort_by_key(|it| it["id"].as_u64());
    let shutting_down = failed(&json!({
        "kind": "shutting_down",
        "message": SHUTTING_DOWN,
        "hint": "try again with the next kernel",
    }));
    let expected: Vec<_> = (0..300).map(|id| with_id(&json!(id), shutting_down.clone())).collect();
    assert_eq!(answers, expected);
}

/// Wherever in its start it is.
#[test]
fn a_signal_during_the_start_leaves_nothing_behind() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    for ms in [0, 2, 5, 10, 20, 40, 80, 160] {
        let mut child = program("llm-kernel")
            .arg("--socket")
            .arg(&socket)
            .args(["--workers", "1"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(ms));
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM)
            .unwrap();
        let status = child.wait().unwrap();
        // Before it listens for signals, it ends by this one.
        assert!(status.success() || status.code().is_none(), "{status}");
        assert_eq!(names_in(folder.path()), Vec::<String>::new(), "after {ms} ms");
    }
}

#[test]
fn sigterm_ends_the_kernel_and_removes_its_socket() {
    needs_sockets!();
    for signal in [Signal::TERM, Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("k");
        let mut kernel = KernelProgram::on(&socket);
        assert_eq!(kernel.greeting, format!("listening on {}\n", socket.display()));
        assert_eq!(fs::symlink_metadata(&socket).unwrap().mode() & 0o777, 0o600);
        kernel.signal(signal);
        assert_eq!(kernel.child.wait().unwrap().code(), Some(0));
        assert_eq!(names_in(folder.path()), Vec::<String>::new());
    }
}

#[test]
fn a_kernel_that_nobody_uses_goes_away_if_it_may() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let mut kernel = KernelProgram::start(
        program("llm-kernel").arg("--socket").arg(&socket).args(["--idle-exit", "200"]),
    );
    // A connection keeps it, whatever it does.
    let connection = UnixStream::connect(&socket).unwrap();
    thread::sleep(Duration::from_millis(400));
    assert!(kernel.child.try_wait().unwrap().is_none());
    drop(connection);
    assert_eq!(kernel.child.wait().unwrap().code(), Some(0));
    assert_eq!(names_in(folder.path()), Vec::<String>::new());
}

#[test]
fn a_second_signal_does_not_wait_for_the_grace() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let mut kernel = KernelProgram::start(
        program("llm-kernel").arg("--socket").arg(&socket).args(["--grace", "60000"]),
    );
    let mut run = program("run-code")
        .arg("--socket")
        .arg(&socket)
        .args(["--code", "for (;;) {}", "--timeout", "60000"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_for_run(&socket);
    kernel.signal(Signal::TERM);
    // The socket goes first: then the first signal has been taken.
    while socket.exists() {
        thread::sleep(Duration::from_millis(1));
    }
    kernel.signal(Signal::TERM);
    let status: ExitStatus = kernel.child.wait().unwrap();
    assert_eq!(status.code(), None, "ended by the signal: {status}");
    run.wait().unwrap();
}

#[test]
fn a_killed_kernel_leaves_a_socket_that_the_next_one_takes_over() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let mut kernel = KernelProgram::on(&socket);
    kernel.signal(Signal::KILL);
    kernel.child.wait().unwrap();
    assert_eq!(names_in(folder.path()), ["k", "k.lock"]);
    let next = KernelProgram::on(&socket);
    assert_eq!(next.greeting, format!("listening on {}\n", socket.display()));
    UnixStream::connect(&socket).unwrap();
}

#[test]
fn exactly_one_of_two_kernels_serves() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let _kernel = KernelProgram::on(&socket);
    check_program(
        program("llm-kernel").arg("--socket").arg(&socket),
        (1, "", &format!("llm-kernel: a kernel is already listening on {}\n", socket.display())),
    );
    check_program(
        program("run-code").arg("--socket").arg(&socket).args(["--code", "return input"]),
        (0, "{}\n", ""),
    );
}

#[test]
fn of_kernels_started_at_once_exactly_one_serves() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    for round in 0..3 {
        // What a killed kernel leaves is there for all of them to take over.
        let mut killed = KernelProgram::on(&socket);
        killed.signal(Signal::KILL);
        killed.child.wait().unwrap();
        let start = |_| {
            program("llm-kernel")
                .arg("--socket")
                .arg(&socket)
                .args(["--workers", "1"])
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let starters: Vec<_> = (0..4).map(start).collect();
        // The losers end by themselves; the winner has to be told.
        check_served(&socket);
        let mut n_served = 0;
        for mut starter in starters {
            let pid = rustix::process::Pid::from_child(&starter);
            let mut greeting = String::new();
            let mut stderr = BufReader::new(starter.stderr.take().unwrap());
            // The last line of a loser, the greeting of the winner.
            while stderr.read_line(&mut greeting).unwrap() > 0 {
                if greeting.contains("listening on") {
                    break;
                }
            }
            if greeting.ends_with(&format!("listening on {}\n", socket.display()))
                && !greeting.contains("already")
            {
                n_served += 1;
                rustix::process::kill_process(pid, Signal::TERM).unwrap();
                assert_eq!(starter.wait().unwrap().code(), Some(0));
            } else {
                let message =
                    format!("llm-kernel: a kernel is already listening on {}\n", socket.display());
                assert_eq!((starter.wait().unwrap().code(), greeting), (Some(1), message));
            }
        }
        assert_eq!(n_served, 1, "round {round}");
        assert_eq!(names_in(folder.path()), Vec::<String>::new());
    }
}

#[track_caller]
fn check_served(socket: &Path) {
    let endpoint = Endpoint::Unix(socket.to_owned());
    let start = Instant::now();
    while Client::connect(&endpoint, None).is_err() {
        assert!(start.elapsed() < Duration::from_secs(30), "nobody serves {}", socket.display());
        thread::sleep(Duration::from_millis(1));
    }
    check_program(
        program("run-code").arg("--socket").arg(socket).args(["--code", "return input"]),
        (0, "{}\n", ""),
    );
}

/// Starts a kernel as systemd does: with a listening socket as descriptor 3.
fn activated(socket: OwnedFd, arguments: &[&str]) -> std::process::Command {
    let mut command = program("llm-kernel");
    let path = command.get_program().to_owned();
    command = std::process::Command::new("sh");
    command
        .args(["-c", r#"exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" "$@""#])
        .arg(path)
        .args(arguments)
        .stdin(socket);
    command
}

#[test]
fn a_socket_of_systemds_is_served_and_left_alone() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k");
    let socket = UnixListener::bind(&path).unwrap();
    let mut kernel = KernelProgram::spawned(
        activated(socket.try_clone().unwrap().into(), &["--workers", "1"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    assert_eq!(kernel.greeting, format!("listening on {}\n", path.display()));
    check_served(&path);
    kernel.signal(Signal::TERM);
    assert_eq!(kernel.child.wait().unwrap().code(), Some(0));
    // The path is systemd's: connecting starts the next kernel.
    assert_eq!(names_in(folder.path()), ["k"]);
}

#[test]
fn a_public_socket_is_refused_also_from_systemd() {
    needs_sockets!();
    let socket = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    check_program(
        &mut activated(socket.into(), &[]),
        (
            1,
            "",
            &format!(
                "llm-kernel: tcp://0.0.0.0:{port} can be reached from other machines; \
                 `--listen-public` allows that\n"
            ),
        ),
    );
}

#[test]
fn the_kernel_says_what_is_wrong_with_its_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    let file = file.display().to_string();
    let long = format!("/tmp/{}", "x".repeat(200));
    let cases = [
        (&*file, 1, format!("{file} exists and is not a socket; it is left alone")),
        (&*long, 1, format!("{long} is too long for a socket; the system allows about 100 bytes")),
        (
            "0.0.0.0:0",
            1,
            "tcp://0.0.0.0:0 can be reached from other machines; `--listen-public` allows that"
                .to_owned(),
        ),
    ];
    for (socket, code, message) in cases {
        check_program(
            program("llm-kernel").args(["--socket", socket]),
            (code, "", &format!("llm-kernel: {message}\n")),
        );
    }
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn a_kernel_can_be_started_again_on_the_same_path() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    for _ in 0..3 {
        let kernel = TestKernel::start_with(|it| {
            it.socket = llm_kernel::endpoint::Endpoint::Unix(socket.clone());
        });
        kernel.check(r#"{"code":"return input"}"#, &ok(&json!({})));
    }
}

/// Until a kernel has something to do.
fn wait_for_run(socket: &std::path::Path) {
    let endpoint = llm_kernel::endpoint::Endpoint::Unix(socket.to_owned());
    let mut client = llm_kernel::client::Client::connect(&endpoint, None).unwrap();
    while !client.exchange(r#"{"op":"stats"}"#).unwrap().contains(r#""running":1"#) {
        thread::sleep(Duration::from_millis(1));
    }
}
