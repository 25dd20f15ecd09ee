//! A real kernel on a private socket, real programs, and what talks to them.

use std::{
    env, fs,
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use llm_kernel::{
    cli::Settings,
    client::Client,
    endpoint::Endpoint,
    kernel::{Config, Kernel},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The environment may forbid sockets; then tests of sockets say so and pass,
/// except where `CI=true` promises that it does not.
#[expect(clippy::print_stderr, reason = "a test that does not test must say so")]
pub(crate) fn sockets_are_forbidden() -> bool {
    static FORBIDDEN: OnceLock<bool> = OnceLock::new();
    *FORBIDDEN.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let unix = std::os::unix::net::UnixListener::bind(folder.path().join("s")).map(drop);
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").map(drop);
        let Some(err) = unix.and(tcp).err() else { return false };
        assert_eq!(err.kind(), io::ErrorKind::PermissionDenied, "{err}");
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "CI must allow sockets: {err}");
        eprintln!("sockets are forbidden here ({err}): tests that need them are skipped");
        true
    })
}

/// First line of a test that needs sockets.
macro_rules! needs_sockets {
    () => {
        if $crate::harness::sockets_are_forbidden() {
            return;
        }
    };
}
pub(crate) use needs_sockets;

/// A running kernel; dropping it stops it.
pub(crate) struct TestKernel {
    pub(crate) kernel: Kernel,
    folder: TempDir,
}

impl TestKernel {
    pub(crate) fn start(n_workers: usize) -> TestKernel {
        TestKernel::start_with(|settings| settings.n_workers = n_workers)
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut Settings)) -> TestKernel {
        TestKernel::start_config(change, |_config| {})
    }

    pub(crate) fn start_config(
        change: impl FnOnce(&mut Settings),
        change_config: impl FnOnce(&mut Config),
    ) -> TestKernel {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings {
            socket: Endpoint::Unix(folder.path().join("k")),
            n_workers: 1,
            timeout: Some(Duration::from_secs(10)),
            ..Settings::default()
        };
        change(&mut settings);
        let mut config = settings.kernel(None);
        change_config(&mut config);
        TestKernel { kernel: Kernel::start(config).expect("kernel starts"), folder }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("k")
    }

    pub(crate) fn client(&self) -> Client {
        let mut client = Client::connect(self.kernel.endpoint(), None).unwrap();
        client.set_silence_limit(Some(Duration::from_secs(30)));
        client
    }

    /// A connection without our client's manners.
    pub(crate) fn raw(&self) -> UnixStream {
        let stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// Sends one line on a fresh connection and checks the whole answer.
    #[track_caller]
    pub(crate) fn check(&self, line: &str, expected: &Value) {
        let answer = self.client().exchange(line).unwrap();
        check_answer(line, &answer, expected);
    }

    /// Sends bytes, says that no more come, and checks every answer line.
    #[track_caller]
    pub(crate) fn check_bytes(&self, bytes: &[u8], expected: &[Value]) {
        let mut stream = self.raw();
        // The kernel may hang up on what it does not like.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        let answers: Vec<Value> = answers.lines().map(normalised).collect();
        let bytes = String::from_utf8_lossy(&bytes[..bytes.len().min(400)]);
        assert_eq!(answers, expected, "\nbytes: {bytes}");
    }

    /// That the kernel, and its one worker, are none the worse.
    #[track_caller]
    pub(crate) fn check_serves(&self) {
        self.check(r#"{"code":"return input","input":1}"#, &ok(&json!(1)));
    }

    /// Waits until so many jobs are with workers; for states that no answer
    /// announces.
    #[track_caller]
    pub(crate) fn wait_for_running(&self, n_running: u64) {
        self.wait_for(|stats| stats["running"] == n_running);
    }

    /// Waits until `stats` says so.
    #[track_caller]
    pub(crate) fn wait_for(&self, is_so: impl Fn(&Value) -> bool) {
        let mut client = self.client();
        let start = Instant::now();
        loop {
            let stats: Value =
                serde_json::from_str(&client.exchange(r#"{"op":"stats"}"#).unwrap()).unwrap();
            if is_so(&stats["stats"]) {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "{stats}");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// An answer of success that printed nothing.
pub(crate) fn ok(result: &Value) -> Value {
    json!({ "ok": true, "result": result, "logs": [], "usage": "…" })
}

/// An answer of failure that printed nothing.
pub(crate) fn failed(error: &Value) -> Value {
    json!({ "ok": false, "error": error, "logs": [], "usage": "…" })
}

pub(crate) fn bad_request(message: &str) -> Value {
    failed(&json!({ "kind": "bad_request", "message": message }))
}

/// `answer` with the id that its request had.
pub(crate) fn with_id(id: &Value, mut answer: Value) -> Value {
    answer["id"] = id.clone();
    answer
}

#[track_caller]
pub(crate) fn check_answer(line: &str, answer: &str, expected: &Value) {
    let answer = normalised(answer);
    assert_eq!(answer, *expected, "\nrequest: {line:.400}\nanswer:  {answer:#}");
}

/// The answer, with `usage` checked by its shape and replaced, and without
/// `effects` where there were none.
#[track_caller]
pub(crate) fn normalised(line: &str) -> Value {
    let mut answer: Value = serde_json::from_str(line).unwrap();
    if let Some(usage) = answer.get_mut("usage") {
        let members = usage.as_object().expect("usage is an object");
        for name in ["queueMs", "transpileMs", "runMs", "waitMs", "cpuMs", "heapBytes"] {
            let cost = members.get(name).and_then(Value::as_f64);
            assert!(cost.is_some_and(|it| it >= 0.0), "{name} in {members:?}");
        }
        *usage = match members.get("dropped") {
            Some(dropped) => json!({ "dropped": dropped }),
            None => json!("…"),
        };
    }
    if let Some(effects) = answer.get("effects") {
        let ran = effects["ran"].as_str().unwrap_or_default();
        assert!(["no", "partial", "complete"].contains(&ran), "{effects}");
        // Most snippets of the tests leave the world alone.
        if *effects == json!({ "ran": ran, "calls": 0, "writes": [] }) {
            assert!(ran == "complete" || answer["ok"] == false, "{answer}");
            answer.as_object_mut().expect("an answer is an object").remove("effects");
        }
    }
    answer
}

/// A command of ours that sees no variable of the developer's.
pub(crate) fn program(name: &str) -> Command {
    let path = match name {
        "run-code" => env!("CARGO_BIN_EXE_run-code"),
        "llm-kernel" => env!("CARGO_BIN_EXE_llm-kernel"),
        other => panic!("{other} is no program of ours"),
    };
    let mut res = Command::new(path);
    for (name, _value) in env::vars_os() {
        if name.to_string_lossy().starts_with("LLM_KERNEL_") {
            res.env_remove(name);
        }
    }
    res
}

/// Exit code, stdout and stderr of a command.
#[track_caller]
pub(crate) fn check_program(command: &mut Command, expected: (i32, &str, &str)) {
    let output = command.output().unwrap();
    check_output(&format!("{command:?}"), &output, expected);
}

#[track_caller]
pub(crate) fn check_output(command: &str, output: &Output, expected: (i32, &str, &str)) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let got = (output.status.code().unwrap_or(-1), &*stdout, &*stderr);
    assert!(
        got == expected,
        "\ncommand: {command}\nstatus: {}\n--- stdout\n{stdout}--- stderr\n{stderr}--- expected\n{}\n{}{}",
        output.status,
        expected.0,
        expected.1,
        expected.2
    );
}

/// The real kernel program; dropping it kills it.
pub(crate) struct KernelProgram {
    pub(crate) child: Child,
    /// What it said when it was ready, line end included.
    pub(crate) greeting: String,
}

impl KernelProgram {
    pub(crate) fn start(command: &mut Command) -> KernelProgram {
        let command = command.stdin(Stdio::null()).stderr(Stdio::piped());
        KernelProgram::spawned(command.spawn().expect("it is built"))
    }

    /// One that was started with its stderr piped.
    pub(crate) fn spawned(mut child: Child) -> KernelProgram {
        let stderr = child.stderr.as_mut().unwrap();
        let mut greeting = String::new();
        // Before it, a kernel may say what this system cannot do.
        while !greeting.starts_with("listening on ") {
            greeting = read_line(stderr);
            if greeting.is_empty() {
                break;
            }
        }
        KernelProgram { child, greeting }
    }

    pub(crate) fn on(socket: &Path) -> KernelProgram {
        KernelProgram::start(program("llm-kernel").arg("--socket").arg(socket))
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for KernelProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Up to the line end and no further: what follows is somebody else's to read.
fn read_line(from: &mut impl Read) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while from.read(&mut byte).unwrap() == 1 {
        line.push(byte[0]);
        if byte[0] == b'\n' {
            break;
        }
    }
    String::from_utf8(line).unwrap()
}

/// Names in a folder, sorted.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut res: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    res.sort();
    res
}
