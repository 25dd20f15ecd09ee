//! What must not happen and does: each fault costs one request, and the kernel
//! goes on. Faults come from outside, or are handed in where a test may choose what
//! a kernel is made of; those of the workers are in `pool::tests`.

use std::{
    collections::HashMap,
    io::{Read, Write},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use aws_credential_types::Credentials;
use llm_kernel::{
    aws::Source,
    net::{Reactor, Resolver},
    pool::{After, Config, Job, Pool},
    transpile::Check,
};
use serde_json::{Value, json};

use crate::{
    harness::{TestKernel, failed, needs_sockets, normalised, with_id},
    s3::server::misbehaving_server,
};

/// The fault is a signal that another process sends to the worker's thread while
/// it is in the engine: the same as a wrong pointer there.
#[cfg(target_os = "linux")]
#[test]
fn an_engine_that_crashes_behind_the_lock_is_rebuilt() {
    use std::{
        io::{BufRead, BufReader},
        process::Stdio,
    };

    use llm_kernel::{client::Client, endpoint::Endpoint};

    use crate::harness::program;

    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let mut child = program("llm-kernel")
        .arg("--socket")
        .arg(&socket)
        .args(["--workers", "1", "--log-format", "json"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("listening on ") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it does not listen");
    }
    let connect = || {
        let mut client = Client::connect(&Endpoint::Unix(socket.clone()), None).unwrap();
        client.set_silence_limit(Some(Duration::from_secs(30)));
        client
    };
    let (mut client, mut observer) = (connect(), connect());
    // One that waits, set aside, and one at work.
    client
        .send(r#"{"id":"waits","code":"await new Promise((go) => setTimeout(go, 1e6))"}"#)
        .unwrap();
    client.send(r#"{"id":"works","code":"for (;;) {}"}"#).unwrap();
    let mut ask =
        |line: &str| -> Value { serde_json::from_str(&observer.exchange(line).unwrap()).unwrap() };
    while ask(r#"{"op":"stats"}"#)["stats"]["suspended"] != 1 {
        thread::yield_now();
    }
    let tid = thread_of(child.id(), "isolate-0");
    // It transpiles at first. What takes so long is the loop.
    let before = ticks(child.id(), tid);
    while ticks(child.id(), tid) < before + 10 {
        thread::sleep(Duration::from_millis(10));
    }
    crash(child.id(), tid);
    let mut answers = [(); 2].map(|()| normalised(&client.receive().unwrap()));
    answers.sort_by_key(|it| it["id"].to_string());
    let crashed = |id: &str, message: &str| {
        let hint = "the engine was rebuilt; try once more, then change the snippet";
        let error = json!({ "kind": "engine_crash", "message": message, "hint": hint });
        with_id(&json!(id), failed(&error))
    };
    // Its timer is counted there; not what this is about.
    answers[0]["usage"] = json!("…");
    let expected = [
        crashed("waits", "the engine failed in another snippet while this one waited"),
        crashed("works", "the engine failed (SIGSEGV)"),
    ];
    assert_eq!(answers, expected);
    let greeting = r#"{"code":"return [`hi ${input}`, typeof AwsS3.S3Client]","input":"Ada"}"#;
    let greeted = normalised(&client.exchange(greeting).unwrap());
    assert_eq!(greeted["result"], json!(["hi Ada", "function"]), "{greeted}");

    let metrics = ask(r#"{"op":"metrics"}"#)["metrics"].as_str().unwrap().to_owned();
    for row in [
        "llm_kernel_rebuilds_total 1",
        r#"llm_kernel_runs_total{preset="default",kind="engine_crash"} 2"#,
        r#"llm_kernel_runs_total{preset="default",kind="ok"} 1"#,
    ] {
        assert!(metrics.lines().any(|it| it == row), "{row} in\n{metrics}");
    }
    drop((client, observer));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    let mut log = String::new();
    stderr.read_to_string(&mut log).unwrap();
    let mut event: Value = serde_json::from_str(log.trim_end()).unwrap_or_else(|_| panic!("{log}"));
    for varies in ["timestamp", "build_ms"] {
        assert!(event.as_object_mut().unwrap().remove(varies).is_some(), "{log}");
    }
    let expected = json!({ "level": "WARN", "message": "worker rebuilt", "worker": 0 });
    assert_eq!(event, expected);
}

#[cfg(target_os = "linux")]
fn thread_of(pid: u32, name: &str) -> i32 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let task = tasks
        .map(|it| it.unwrap().path())
        .find(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|it| it.trim() == name));
    task.unwrap().file_name().unwrap().to_str().unwrap().parse().unwrap()
}

/// Processor time of a thread, in hundredths of a second.
#[cfg(target_os = "linux")]
fn ticks(pid: u32, tid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no safe wrapper sends a signal to a thread of another process")]
fn crash(pid: u32, tid: i32) {
    // SAFETY: a system call with three numbers.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, pid as i32, tid, libc::SIGSEGV) };
    assert_eq!(sent, 0);
}

/// The fault is a runtime that has no timers, which whoever connects finds out by
/// a panic.
#[test]
fn a_panic_beside_a_run_costs_the_call() {
    needs_sockets!();
    let addr = misbehaving_server(|_, _| ());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (started, handle) = mpsc::channel();
    let driving = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        started.send(runtime.handle().clone()).unwrap();
        let _ = runtime.block_on(stopped);
    });
    let mut config = Config { n_workers: 1, ..Config::default() };
    config.net.policy = llm_kernel::policy::Policy::new([addr.to_string().parse().unwrap()]);
    let pool = Pool::start(config, Reactor::of(handle.recv().unwrap())).unwrap();
    let run = |code: &str| {
        let (sender, reply) = mpsc::channel();
        let arrived = Instant::now();
        let timeout = Duration::from_secs(60);
        pool.submit(Job {
            preset: 0,
            code: code.to_owned(),
            input: json!(format!("http://{addr}/")).to_string(),
            deadline: Some((arrived + timeout, timeout)),
            arrived,
            check: Check::Warn,
            reply: Box::new(move |reply| {
                sender.send(reply.outcome.unwrap().result).unwrap();
                After::default()
            }),
        })
        .unwrap();
        reply.recv_timeout(timeout).unwrap()
    };
    for _ in 0..2 {
        let result =
            run("try { await fetch(input); } catch (error) { return `${error}: ${error.cause}`; }");
        let said = "\"TypeError: fetch failed: the kernel failed in it: ";
        assert!(result.as_ref().is_ok_and(|it| it.starts_with(said)), "{result:?}");
    }
    assert_eq!(run("return 2;"), Ok("2".to_owned()));
    drop(pool);
    stop.send(()).unwrap();
    driving.join().unwrap();
}

#[test]
fn without_name_resolution_a_call_fails_and_the_kernel_goes_on() {
    needs_sockets!();
    let kernel = TestKernel::start_config(
        |settings| settings.allow_net.push("*".parse().unwrap()),
        |config| {
            config.service.pool.net.resolver = Resolver::Table(HashMap::new());
            config.service.pool.net.aws = Source::Fixed {
                credentials: Some(Credentials::new("AKIATEST", "secret", None, None, "test")),
                region: Some("eu-west-1".to_owned()),
                endpoint: None,
            };
        },
    );
    let code = "
        const told = async (call) => {
            try { return await call(); } catch (error) {
                return [error.name, error.code ?? error.cause?.code ?? null, error.message];
            }
        };
        const s3 = new AwsS3.S3Client({ maxAttempts: 1 });
        return [
            await told(() => fetch('https://api.example/')),
            await told(() => s3.send(new AwsS3.HeadBucketCommand({ Bucket: 'b' }))),
        ];";
    let answer = kernel.client().exchange(&json!({ "code": code }).to_string()).unwrap();
    let answer = normalised(&answer);
    let reason =
        |host: &str| format!("cannot find the host of {host}:443: the name has no address");
    let s3 = "s3.eu-west-1.amazonaws.com";
    assert_eq!(
        answer["result"],
        json!([
            ["TypeError", "ENOTFOUND", format!("fetch failed: {}", reason("api.example"))],
            ["Error", "ENOTFOUND", reason(s3)],
        ]),
        "{answer:#}"
    );
    kernel.check_serves();
}

#[test]
fn a_call_that_nobody_answers_ends_with_its_run() {
    needs_sockets!();
    let (sender, events) = mpsc::channel();
    let addr = misbehaving_server(move |_, mut socket| {
        sender.send("asked").unwrap();
        // Until the kernel hangs up.
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
        sender.send("hung up").unwrap();
    });
    let kernel = TestKernel::start_with(|it| it.allow_net.push(addr.to_string().parse().unwrap()));
    let mut stream = kernel.raw();
    let code = "await fetch(input, { method: 'POST', body: 'x' });";
    let request = json!({ "id": 1, "code": code, "input": format!("http://{addr}/") });
    writeln!(stream, "{request}").unwrap();
    let wait = || events.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(wait(), "asked");
    writeln!(stream, r#"{{"op":"cancel","id":1}}"#).unwrap();
    assert_eq!(wait(), "hung up");
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let mut answers: Vec<Value> = answers.lines().map(normalised).collect();
    answers.sort_by_key(|it| it["op"].is_string());
    let mut cancelled =
        failed(&json!({ "kind": "cancelled", "message": "cancelled by the client" }));
    cancelled["usage"] = json!({ "dropped": { "timers": 0, "calls": 1 } });
    let write = answers[0]["effects"]["writes"][0].clone();
    assert_eq!((&write["method"], &write["status"]), (&json!("POST"), &Value::Null));
    cancelled["effects"] = json!({ "ran": "partial", "calls": 1, "writes": [write] });
    let acknowledged = json!({ "id": 1, "op": "cancel", "ok": true, "cancelled": true });
    assert_eq!(answers, [with_id(&json!(1), cancelled), acknowledged]);
    kernel.check_serves();
}
