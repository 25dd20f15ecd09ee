//! What calls of AwsS3 cost, here and on a Node process of the seed's shape.
//!
//! Question: how long does a snippet with an S3 call take, and how much of that is
//! the engine's? Kernel and Node run the same snippets against one server in this
//! process (`s3s-fs`, in memory where the temporary folder is), in turns of some
//! requests, so that a ratio holds even where the machine drifts, and nobody pays
//! for what the other still does once it has answered. Node keeps its client, and
//! with it its connections, between requests; ours is made anew by every run.
//! Engine time is the run's on a processor, by its answer's `cpuMs`: transpiling,
//! engine and host operations on that thread. `thread` is all that the worker's
//! thread was on one for, a request on average: the rollback and the answer, too.
//! Every answer is compared inside the loop. Not measured: TLS, and the network.
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
        "{:<24} {:>12} {:>12} {:>12} {:>12} {:>8}",
        "median, ms", "llm-kernel", "engine", "thread", "node", "ratio"
    );
    for (name, rest, expected, rounds) in works() {
        let code = format!("{CLIENT}{rest}");
        let turn = rounds_of(TURN);
        let n_turns = rounds_of(rounds / TURN);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut thread = Duration::ZERO;
        // The first turn is to warm up.
        for n in 0..=n_turns {
            let before = kernel.thread_time();
            let here: Vec<Took> = (0..turn).map(|_| kernel.ask(&code, &expected)).collect();
            let there = node.as_mut().map(|node| (0..turn).map(|_| node.ask(&code, &expected)));
            let there: Vec<Took> = there.into_iter().flatten().collect();
            if n > 0 {
                thread += kernel.thread_time() - before;
                ours.extend(here);
                theirs.extend(there);
            }
        }
        let engine = median(ours.iter().map(|it| it.engine));
        let thread = millis(thread) / ours.len() as f64;
        let ours = median(ours.iter().map(|it| it.all));
        let theirs = theirs.iter().map(|it| it.all);
        let theirs = (theirs.len() > 0).then(|| median(theirs));
        report(name, ours, Some((engine, thread)), theirs);
    }

    let mut engine_of = |code: &str, result: Value| {
        let rounds = rounds_of(400);
        kernel.ask(code, &result);
        median((0..rounds).map(|_| kernel.ask(code, &result).engine))
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
    let theirs = (!theirs.is_empty()).then(|| median(theirs.into_iter()));
    report("first call of a process", median(ours.into_iter()), None, theirs);
}

/// What one request took.
struct Took {
    all: Duration,
    /// Nothing where the peer does not say.
    engine: Duration,
}

fn report(name: &str, ours: f64, engine: Option<(f64, f64)>, theirs: Option<f64>) {
    let shown = |it: Option<f64>| it.map_or(String::new(), |it| format!("{it:.2}"));
    let (engine, thread) = (shown(engine.map(|it| it.0)), shown(engine.map(|it| it.1)));
    let (node, ratio) = (shown(theirs), shown(theirs.map(|it| ours / it)));
    println!("{name:<24} {ours:>12.2} {engine:>12} {thread:>12} {node:>12} {ratio:>8}");
}

fn median(samples: impl Iterator<Item = Duration>) -> f64 {
    let mut samples: Vec<Duration> = samples.collect();
    samples.sort();
    millis(samples[samples.len() / 2])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
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

    fn ask(&mut self, code: &str, expected: &Value) -> Took {
        let line = format!("{}\n", json!({ "code": code }));
        let began = Instant::now();
        self.stream.get_mut().write_all(line.as_bytes()).expect("the peer reads");
        let mut answer = String::new();
        self.stream.read_line(&mut answer).expect("the peer answers");
        let all = began.elapsed();
        let answer: Value = serde_json::from_str(&answer).expect("answers are JSON");
        assert_eq!(answer["result"], *expected, "{}: {answer}", self.name);
        let engine_ms = answer["usage"]["cpuMs"].as_f64().unwrap_or(0.0);
        Took { all, engine: Duration::from_secs_f64(engine_ms / 1e3) }
    }

    /// Time that the kernel's one worker has been on a processor.
    fn thread_time(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("it runs");
        let of = |task: &Path| -> Option<u64> {
            let name = fs::read_to_string(task.join("comm")).ok()?;
            let stat = fs::read_to_string(task.join("schedstat")).ok()?;
            if name.starts_with("isolate") { stat.split(' ').next()?.parse().ok() } else { None }
        };
        Duration::from_nanos(tasks.filter_map(|task| of(&task.ok()?.path())).sum())
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
