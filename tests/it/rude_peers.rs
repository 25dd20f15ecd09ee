//! Clients that are slow, absent, too many, or gone: none of them costs anybody
//! else an answer.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    process::Command,
    time::Duration,
};

use llm_kernel::{client::Client, endpoint::Endpoint, kernel::Access};
use rustix::{
    net::RecvFlags,
    process::{Resource, getrlimit, setrlimit},
};
use serde_json::{Value, json};

use crate::harness::{
    KernelProgram, TestKernel, bad_request, failed, needs_sockets, normalised, ok, program, with_id,
};

const GREETING: &str =
    r#"{"id":"7","code":"return { greeting: `hi ${input.name}` };","input":{"name":"Ada"}}"#;

#[track_caller]
fn check_greeting(endpoint: &Endpoint) {
    let mut client = Client::connect(endpoint, None).unwrap();
    client.set_silence_limit(Some(Duration::from_secs(30)));
    let answer = normalised(&client.exchange(GREETING).unwrap());
    assert_eq!(answer, with_id(&json!("7"), ok(&json!({ "greeting": "hi Ada" }))));
}

fn n_connections(kernel: &TestKernel) -> u64 {
    let stats = kernel.client().exchange(r#"{"op":"stats"}"#).unwrap();
    let stats: Value = serde_json::from_str(&stats).unwrap();
    stats["stats"]["connections"].as_u64().unwrap()
}

#[test]
fn a_line_that_never_ends_is_given_up() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.line_time = Some(Duration::from_millis(200)));
    let mut slow = kernel.raw();
    // A whole line first: what is in flight is answered in any case.
    slow.write_all(b"{\"id\":1,\"code\":\"return input\"}\n{\"id\":2,\"co").unwrap();
    let dripping = slow.try_clone().unwrap();
    let drip = std::thread::spawn(move || {
        let mut dripping = dripping;
        // One byte at a time keeps nothing alive. It ends when the kernel hangs up.
        while dripping.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let mut answers = String::new();
    let _ = slow.read_to_string(&mut answers);
    let answers: Vec<Value> = answers.lines().map(normalised).collect();
    let given_up = failed(&json!({
        "kind": "bad_request",
        "message": "the line is not complete after 200 ms",
        "hint": "end each request with a line feed; `--max-line-time` raises the limit",
    }));
    assert_eq!(answers, [with_id(&json!(1), ok(&json!({}))), given_up]);
    drip.join().unwrap();

    // Silence between lines is nobody's fault.
    let mut idle = kernel.client();
    idle.exchange(GREETING).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    idle.exchange(GREETING).unwrap();
    check_greeting(kernel.kernel.endpoint());
}

/// There is never an instant at which nothing of the next line is there.
#[test]
fn lines_that_run_into_each_other_have_each_their_own_time() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.line_time = Some(Duration::from_millis(1_500)));
    let mut stream = kernel.raw();
    let line = "{\"code\":\"return 1\"}\n";
    let (head, tail) = line.split_at(5);
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..30 {
        std::thread::sleep(Duration::from_millis(60));
        stream.write_all(format!("{tail}{head}").as_bytes()).unwrap();
    }
    stream.write_all(tail.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let answers: Vec<Value> = answers.lines().map(normalised).collect();
    assert_eq!(answers, vec![ok(&json!(1)); 31]);
}

#[test]
fn all_clients_together_hold_no_more_than_the_limit() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| {
        it.line_bytes = 1 << 20;
        it.held_bytes = 3 << 20;
    });
    let limit = 3 << 20;
    // Lines that do not end; there is no telling when the kernel has them.
    let begun = format!("{{\"code\":\"return 1\",\"input\":\"{}", "x".repeat(900 << 10));
    let mut holders = [(); 3].map(|()| kernel.raw());
    holders.iter_mut().for_each(|it| it.write_all(begun.as_bytes()).unwrap());
    let line = format!("{begun}\"}}");
    let until = |is_busy: bool| loop {
        let answer = normalised(&kernel.client().exchange(&line).unwrap());
        if answer == ok(&json!(1)) && !is_busy {
            break;
        }
        let busy = failed(&json!({
            "kind": "busy",
            "message": format!("clients hold {limit} bytes, which is the limit"),
            "hint": "nothing has run; try again after a pause, or raise `--max-held` of the kernel",
        }));
        if answer != ok(&json!(1)) {
            assert_eq!(answer, busy);
            if is_busy {
                break;
            }
        }
    };
    until(true);
    // Who wants little is served all the same.
    check_greeting(kernel.kernel.endpoint());
    drop(holders);
    until(false);

    // Answers that nobody takes; what a socket holds is the system's.
    let mut stream = kernel.raw();
    let request = "{\"code\":\"return 'x'.repeat(input)\",\"input\":700000}\n";
    stream.write_all(request.repeat(8).as_bytes()).unwrap();
    kernel.wait_for(|stats| stats["answers"]["ok"].as_u64() >= Some(8) && stats["running"] == 0);
    until(true);
    check_greeting(kernel.kernel.endpoint());
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let answers: Vec<Value> = answers.lines().map(normalised).collect();
    let (kept, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it["ok"] == true);
    assert_eq!((kept.len() + lost.len(), kept.len() >= 3, lost.len() >= 3), (8, true, true));
    for answer in kept {
        assert_eq!(answer["result"].as_str().map(str::len), Some(700_000));
    }
    for answer in lost {
        let message = answer["error"]["message"].as_str().unwrap();
        let is_so = message.starts_with("no room for an answer of 700")
            && message.ends_with(" bytes: clients hold 3145728, which is the limit");
        assert!(is_so && answer["error"]["kind"] == "too_large", "{answer}");
    }
    until(false);
    kernel.check_serves();
}

#[test]
fn a_line_of_many_megabytes_keeps_nobody_else_waiting() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let (mut stream, mut other) = (kernel.raw(), kernel.client());
    // It takes long to parse, and then nothing has to be run to answer it.
    let input = "0,".repeat(8 << 20);
    let line = format!(r#"{{"id":1,"code":"","input":[{input}0],"x":1}}"#);
    stream.write_all(line.as_bytes()).unwrap();
    other.exchange(r#"{"op":"ping"}"#).unwrap();
    stream.write_all(b"\n").unwrap();
    let mut n_pings = 0;
    let mut byte = [0];
    while rustix::net::recv(&stream, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT).is_err() {
        other.exchange(r#"{"op":"ping"}"#).unwrap();
        n_pings += 1;
    }
    assert!(n_pings > 10, "{n_pings} pings while it was parsed");

    // What comes behind it finds it.
    let line = format!(r#"{{"id":2,"code":"for (;;) {{}}","input":[{input}0],"timeoutMs":60000}}"#);
    write!(stream, "{line}\n{{\"op\":\"cancel\",\"id\":2}}\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let mut answers: Vec<Value> = answers.lines().map(normalised).collect();
    answers.sort_by_key(|it| (it["id"].as_u64(), it["op"].is_string()));
    let cancelled = failed(&json!({ "kind": "cancelled", "message": "cancelled by the client" }));
    let expected = [
        with_id(&json!(1), bad_request("unknown field `x`")),
        with_id(&json!(2), cancelled),
        json!({ "id": 2, "op": "cancel", "ok": true, "cancelled": true }),
    ];
    assert_eq!(answers, expected);
    kernel.check_serves();
}

#[cfg(target_os = "linux")]
#[test]
fn who_waits_after_a_half_close_is_not_asked_again_and_again() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let kernel = KernelProgram::on(&socket);
    let mut observer = Client::connect(&Endpoint::Unix(socket.clone()), None).unwrap();
    let mut wait_for = |name: &str, n: u64| {
        let mut stats = || -> Value {
            let stats = observer.exchange(r#"{"op":"stats"}"#).unwrap();
            serde_json::from_str(&stats).unwrap()
        };
        while stats()["stats"].pointer(name) != Some(&json!(n)) {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let waiting: Vec<UnixStream> = (0..100)
        .map(|_| {
            let mut stream = UnixStream::connect(&socket).unwrap();
            let code = "await new Promise((go) => setTimeout(go, 1e6))";
            writeln!(stream, "{}", json!({ "code": code, "timeoutMs": 2_000_000 })).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            stream
        })
        .collect();
    wait_for("/running", 100);
    let wake_ups = || -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", kernel.child.id())).unwrap();
        let switches = tasks.map(|task| {
            let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let line = status.lines().find(|it| it.starts_with("voluntary_ctxt")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        });
        switches.sum()
    };
    // What came before has to calm down, however long that takes.
    let is_quiet = (0..40).any(|_| {
        let before = wake_ups();
        std::thread::sleep(Duration::from_millis(250));
        wake_ups() - before <= 2
    });
    assert!(is_quiet, "it wakes up though nothing happens");
    drop(waiting);
    wait_for("/answers/cancelled", 100);
    check_greeting(&Endpoint::Unix(socket));
}

#[test]
fn connections_that_come_and_go_leave_nothing_behind() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    for idx in 0..1_000 {
        let mut stream = UnixStream::connect(kernel.socket()).unwrap();
        // The kernel may be quicker to end this than we are to write.
        match idx % 4 {
            0 => {}
            1 => drop(stream.write_all(b"{\"code\":\"retu")),
            2 => drop(stream.write_all(b"{\"code\":\"return 1\"}\n{\"code\":\"for(;;){}\"}\n")),
            _ => drop(stream.shutdown(Shutdown::Both)),
        }
    }
    kernel.wait_for_running(0);
    while n_connections(&kernel) > 1 {
        std::thread::sleep(Duration::from_millis(1));
    }
    check_greeting(kernel.kernel.endpoint());
}

#[test]
fn a_reset_over_tcp_cancels() {
    needs_sockets!();
    let kernel = TestKernel::start_config(
        |settings| settings.socket = "tcp://127.0.0.1:0".parse().unwrap(),
        |config| config.access = Access::Open,
    );
    let Endpoint::Tcp { host, port } = kernel.kernel.endpoint() else { unreachable!() };
    let mut stream = TcpStream::connect((&**host, *port)).unwrap();
    stream.write_all(b"{\"code\":\"for(;;){}\"}\n").unwrap();
    kernel.wait_for_running(1);
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    drop(stream);
    kernel.wait_for_running(0);
    check_greeting(kernel.kernel.endpoint());
}

#[test]
fn two_thousand_idle_connections_are_in_nobodys_way() {
    needs_sockets!();
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let most = limit.maximum.map_or(2_000, |it| it.saturating_sub(100).min(2_000));
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let _kernel = KernelProgram::on(&socket);
    let idle: Vec<UnixStream> = (0..most).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    check_greeting(&Endpoint::Unix(socket.clone()));
    // Each of them is still served.
    for mut stream in idle {
        stream.write_all(b"{\"op\":\"ping\"}\n").unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        assert_eq!(byte, *b"{");
    }
}

#[test]
fn out_of_file_descriptors_newcomers_wait_and_are_served_later() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let kernel = KernelProgram::start(
        Command::new("sh")
            .args(["-c", r#"ulimit -n 64; exec "$0" --workers 1 --socket "$1""#])
            .arg(program("llm-kernel").get_program())
            .arg(&socket),
    );
    let endpoint = Endpoint::Unix(socket.clone());
    check_greeting(&endpoint);
    let crowd: Vec<UnixStream> = (0..100).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    // Known to be full: this many descriptors are open.
    wait_for_descriptors(&kernel, 64);
    let mut waiting = UnixStream::connect(&socket).unwrap();
    waiting.write_all(format!("{GREETING}\n").as_bytes()).unwrap();
    drop(crowd);
    waiting.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    assert_eq!(normalised(&answer), with_id(&json!("7"), ok(&json!({ "greeting": "hi Ada" }))));
    check_greeting(&endpoint);
}

fn wait_for_descriptors(kernel: &KernelProgram, n: usize) {
    let folder = format!("/proc/{}/fd", kernel.child.id());
    // Where there is no /proc, the crowd alone has to do.
    while Path::new(&folder).exists() && std::fs::read_dir(&folder).is_ok_and(|it| it.count() < n) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_kernel_that_stops_waits_for_no_one_who_does_not_read() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let mut stream = kernel.raw();
    let line = format!("{{\"code\":\"return input\",\"input\":\"{}\"}}\n", "x".repeat(1 << 20));
    for _ in 0..4 {
        stream.write_all(line.as_bytes()).unwrap();
    }
    kernel.wait_for(|stats| stats["answers"]["ok"] == 4);
    let TestKernel { kernel, .. } = kernel;
    kernel.stop(Duration::from_secs(60));
    let mut answers = String::new();
    let _ = stream.read_to_string(&mut answers);
    assert!(answers.lines().count() < 4, "all of it was read after all");
}
