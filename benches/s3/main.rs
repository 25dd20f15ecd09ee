//! What calls of AwsS3 cost, here and on a Node process of the seed's shape.
//!
//! Question: how long does a snippet with an S3 call take, and how much of that is
//! the engine's? Kernel and Node run the same snippets against one server in this
//! process (`s3s-fs`, in memory where the temporary folder is), in turns of some
//! requests, so that a ratio holds even where the machine drifts, and nobody pays
//! for what the other still does once it has answered. Node keeps its client, and
//! with it its connections, between requests; ours is made anew by every run.
//! Engine time is what the kernel's worker thread was on a processor for. Every
//! answer is compared inside the loop. Not measured: TLS, and the network.
//!
//! `cargo bench --bench s3`; `-- --test` runs everything once. Node is left out
//! where it, or `npm ci` in `benches/peers`, is missing.
#![expect(clippy::print_stdout, reason = "this is where the program talks")]

mod server;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::server::{start_server, with_keys};

/// Requests that a peer gets in a row.
const TURN: usize = 10;

/// The beginning of every snippet: Node finds the client of the last one.
const CLIENT: &str =
    "const s3 = (globalThis.client ??= new AwsS3.S3Client({})), Bucket = 'bucket';\n";

/// Name, rest of the snippet, result, rounds.
fn works() -> Vec<(&'static str, &'static str, Value, usize)> {
    vec![
        ("HeadBucket", "await s3.send(new AwsS3.HeadBucketCommand({ Bucket })); return 1;", json!(1), 200),
        (
            "list 1,000 keys",
            "const page = await s3.send(new AwsS3.ListObjectsV2Command({ Bucket, Prefix: 'many/' })); return page.Contents.length;",
            json!(1000),
            40,
        ),
        (
            "PUT of 1 MiB",
            "const Body = new Uint8Array(1 << 20).fill(7);
            await s3.send(new AwsS3.PutObjectCommand({ Bucket, Key: 'put', Body })); return 1;",
            json!(1),
            60,
        ),
        (
            "GET of 16 MiB",
            "const { Body } = await s3.send(new AwsS3.GetObjectCommand({ Bucket, Key: 'large' }));
            return (await Body.transformToByteArray()).length;",
            json!(16 << 20),
            30,
        ),
        (
            "100 small GETs at once",
            "const keys = Array.from({ length: 100 }, (_, i) => `many/${String(i).padStart(4, '0')}`);
            const texts = await Promise.all(keys.map(async (Key) => {
                const { Body } = await s3.send(new AwsS3.GetObjectCommand({ Bucket, Key }));
                return Body.transformToString();
            }));
            return texts.join('').length;",
            json!(100),
            30,
        ),
    ]
}

/// Somebody who speaks JSON Lines over a Unix socket; killed on drop.
struct Peer {
    name: &'static str,
    stream: BufReader<UnixStream>,
    child: Child,
}

fn main() {
    let is_test = std::env::args().any(|arg| arg == "--test");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = start_server(folder.path());
    let mut kernel = Peer::start("llm-kernel", kernel(server), &folder.path().join("k"));
    let mut node = node(server).map(|it| Peer::start("node", it, &folder.path().join("n")));
    if node.is_none() {
        println!("node, or its packages in benches/peers, are not installed: left out");
    }

    let rounds_of = |rounds: usize| if is_test { 1 } else { rounds };
    println!(
        "{:<24} {:>12} {:>12} {:>12} {:>8}",
        "median, ms", "llm-kernel", "engine", "node", "ratio"
    );
    for (name, rest, expected, rounds) in works() {
        let code = format!("{CLIENT}{rest}");
        let turn = rounds_of(TURN);
        let n_turns = rounds_of(rounds / TURN);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut engine_nanos = 0;
        // The first turn is to warm up.
        for n in 0..=n_turns {
            let before = kernel.engine_nanos();
            let took: Vec<Duration> = (0..turn).map(|_| kernel.ask(&code, &expected)).collect();
            let there = node.as_mut().map(|node| (0..turn).map(|_| node.ask(&code, &expected)));
            let there: Vec<Duration> = there.into_iter().flatten().collect();
            if n > 0 {
                engine_nanos += kernel.engine_nanos() - before;
                ours.extend(took);
                theirs.extend(there);
            }
        }
        let engine = engine_nanos as f64 / 1e6 / ours.len() as f64;
        report(name, median(ours), Some(engine), (!theirs.is_empty()).then(|| median(theirs)));
    }

    // Of the engine alone.
    let mut engine_of = |code: &str, result: Value| {
        let rounds = rounds_of(400);
        kernel.ask(code, &result);
        let before = kernel.engine_nanos();
        for _ in 0..rounds {
            kernel.ask(code, &result);
        }
        (kernel.engine_nanos() - before) as f64 / 1e6 / rounds as f64
    };
    let nothing = engine_of("return 1", json!(1));
    let used = engine_of("return typeof AwsS3.S3Client", json!("function"));
    let constructed = engine_of("new AwsS3.S3Client({}); return 1", json!(1));
    println!("{:<24} {:>12} {:>12.3}", "first use of AwsS3", "", used - nothing);
    println!("{:<24} {:>12} {:>12.3}", "new S3Client({})", "", constructed - nothing);

    // The first call of a process.
    let rest = works()[0].1;
    let code = format!("{CLIENT}{rest}");
    let mut run_code = with_keys(Command::new(env!("CARGO_BIN_EXE_run-code")), server);
    run_code.env("LLM_KERNEL_WORKERS", "1").args(["--code", &code]);
    let mut script = has_packages().then(|| {
        let script = format!("import * as AwsS3 from '@aws-sdk/client-s3'; const f = async () => {{ {code} }}; console.log(await f());");
        let mut node = with_keys(Command::new("node"), server);
        node.args(["--input-type=module", "-e", &script]).current_dir(peers_folder());
        node
    });
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds_of(11) {
        ours.push(whole_process(&mut run_code));
        theirs.extend(script.as_mut().map(whole_process));
    }
    report(
        "first call of a process",
        median(ours),
        None,
        (!theirs.is_empty()).then(|| median(theirs)),
    );
}

fn report(name: &str, ours: f64, engine: Option<f64>, theirs: Option<f64>) {
    let engine = engine.map_or(String::new(), |it| format!("{it:.2}"));
    let (node, ratio) = match theirs {
        Some(it) => (format!("{it:.2}"), format!("{:.2}", ours / it)),
        None => (String::new(), String::new()),
    };
    println!("{name:<24} {ours:>12.2} {engine:>12} {node:>12} {ratio:>8}");
}

/// Milliseconds.
fn median(mut samples: Vec<Duration>) -> f64 {
    samples.sort();
    samples[samples.len() / 2].as_secs_f64() * 1e3
}

impl Peer {
    fn start(name: &'static str, mut command: Command, socket: &Path) -> Peer {
        let child = command
            .args(if name == "node" { vec![] } else { vec!["--socket"] })
            .arg(socket)
            .args(if name == "node" { vec!["shared"] } else { vec![] })
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it is there");
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match UnixStream::connect(socket) {
                Ok(stream) => return Peer { name, stream: BufReader::new(stream), child },
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
                Err(err) => panic!("{name} does not listen: {err}"),
            }
        }
    }

    fn ask(&mut self, code: &str, expected: &Value) -> Duration {
        let line = format!("{}\n", json!({ "code": code }));
        let began = Instant::now();
        self.stream.get_mut().write_all(line.as_bytes()).expect("the peer reads");
        let mut answer = String::new();
        self.stream.read_line(&mut answer).expect("the peer answers");
        let took = began.elapsed();
        let answer: Value = serde_json::from_str(&answer).expect("answers are JSON");
        assert_eq!(answer["result"], *expected, "{}: {answer}", self.name);
        took
    }

    /// Time that the kernel's one worker has been on a processor.
    fn engine_nanos(&self) -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("it runs");
        let of = |task: &Path| -> Option<u64> {
            let name = fs::read_to_string(task.join("comm")).ok()?;
            let stat = fs::read_to_string(task.join("schedstat")).ok()?;
            if name.starts_with("isolate") { stat.split(' ').next()?.parse().ok() } else { None }
        };
        tasks.filter_map(|task| of(&task.ok()?.path())).sum()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn whole_process(command: &mut Command) -> Duration {
    let began = Instant::now();
    let output = command.output().expect("it is there");
    let took = began.elapsed();
    assert!(output.status.success() && output.stdout.starts_with(b"1"), "{output:?}");
    took
}

fn kernel(server: SocketAddr) -> Command {
    let mut command = with_keys(Command::new(env!("CARGO_BIN_EXE_llm-kernel")), server);
    command.args(["--workers", "1"]);
    command
}

fn peers_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

fn has_packages() -> bool {
    let has_node = Command::new("node").arg("--version").output().is_ok();
    has_node && peers_folder().join("node_modules/@aws-sdk/client-s3").exists()
}

fn node(server: SocketAddr) -> Option<Command> {
    let mut command = with_keys(Command::new("node"), server);
    command.arg(peers_folder().join("node-kernel.mjs"));
    has_packages().then_some(command)
}
