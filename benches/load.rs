//! Does a kernel hold under load: every request answered exactly once, memory
//! flat, nobody made to wait for somebody else's loops?
//!
//! The kernel is the real program in a process of its own; what is measured of it
//! comes from `/proc`, so this runs on Linux. The load generator shares the
//! machine: its cost is in every figure. `cargo bench --bench load` takes about a
//! minute and three quarters, `LOAD_SECONDS=600 cargo bench --bench load -- soak` is
//! the soak alone and ten minutes long, and `cargo bench --bench load -- --test` does
//! a little of each part.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How much of each part is done.
#[derive(Clone, Copy, PartialEq)]
enum Effort {
    Whole,
    /// So much as shows that the part still works.
    Token,
}

type Part = fn(Effort);

fn main() {
    let effort = match env::args().any(|it| it == "--test") {
        true => Effort::Token,
        false => Effort::Whole,
    };
    let parts: [(&str, Part); 6] = [
        ("idle", idle),
        ("connections", idle_connections),
        ("pipelined", pipelined),
        ("greetings", greetings),
        ("cancels", cancels),
        ("soak", soak),
    ];
    let wanted: Vec<String> = env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|it| it == name) {
            part(effort);
        }
    }
}

/// A kernel with a socket of its own; dropping it stops it.
struct Kernel {
    child: Child,
    folder: TempDir,
}

impl Kernel {
    fn start(arguments: &[&str]) -> Kernel {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_llm-kernel"))
            .arg("--socket")
            .arg(folder.path().join("k"))
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.any(|it| it.unwrap().starts_with("listening on")), "it does not listen");
        // Whatever else it says must not fill the pipe.
        thread::spawn(move || lines.for_each(drop));
        Kernel { child, folder }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("k")
    }

    fn connect(&self) -> Connection {
        let stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Connection { reader: BufReader::new(stream.try_clone().unwrap()), writer: stream }
    }

    fn proc_file(&self, name: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{name}", self.child.id())).unwrap()
    }

    /// Of `VmRSS`, `RssAnon` or `VmHWM`, bytes.
    fn memory(&self, field: &str) -> u64 {
        let status = self.proc_file("status");
        let line = status.lines().find(|it| it.starts_with(field)).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib << 10
    }

    /// Ticks of CPU (100 a second) and times that a thread was woken up.
    fn activity(&self) -> (u64, u64) {
        let stat = self.proc_file("stat");
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let switches = tasks.map(|task| {
            let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let line = status.lines().find(|it| it.starts_with("voluntary_ctxt")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        });
        (ticks, switches.sum())
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Connection {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
}

impl Connection {
    fn exchange(&mut self, line: &str) -> String {
        self.send(line);
        self.receive()
    }

    fn send(&mut self, line: &str) {
        self.writer.write_all(line.as_bytes()).unwrap();
    }

    fn receive(&mut self) -> String {
        let mut answer = String::new();
        self.reader.read_line(&mut answer).unwrap();
        answer
    }

    /// For states that no answer announces.
    fn wait_for(&mut self, gauge: &str, n: u64) {
        let is_so = |answer: String| {
            let stats: Value = serde_json::from_str(&answer).unwrap();
            stats["stats"][gauge] == n
        };
        while !is_so(self.exchange("{\"op\":\"stats\"}\n")) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

const GREETING: &str =
    "{\"code\":\"return { greeting: `hi ${input.name}` };\",\"input\":{\"name\":\"Ada\"}}\n";

#[track_caller]
fn check_greeted(answer: &str) {
    assert!(answer.starts_with(r#"{"ok":true,"result":{"greeting":"hi Ada"}"#), "{answer}");
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// What does a kernel cost that has nothing to do?
fn idle(effort: Effort) {
    let kernel = Kernel::start(&[]);
    check_greeted(&kernel.connect().exchange(GREETING));
    // What the last answer left to do is done by then.
    thread::sleep(Duration::from_millis(500));
    let before = kernel.activity();
    let seconds = if effort == Effort::Whole { 10 } else { 1 };
    thread::sleep(Duration::from_secs(seconds));
    let after = kernel.activity();
    println!(
        "idle for {seconds} s: {} ms of CPU, {} wake-ups; resident {:.1} MiB",
        (after.0 - before.0) * 10,
        after.1 - before.1,
        mib(kernel.memory("VmRSS"))
    );
}

/// What does a connection cost that is only open?
fn idle_connections(effort: Effort) {
    let n = if effort == Effort::Whole { 1_000 } else { 50 };
    let kernel = Kernel::start(&[]);
    let mut first = kernel.connect();
    check_greeted(&first.exchange(GREETING));
    let before = kernel.memory("VmRSS");
    let idle: Vec<Connection> = (0..n).map(|_| kernel.connect()).collect();
    // Answered after all of them were accepted, in that order.
    check_greeted(&kernel.connect().exchange(GREETING));
    let grown = kernel.memory("VmRSS").saturating_sub(before);
    println!("{n} idle connections: {:.2} MiB", mib(grown));
    drop(idle);
}

/// What does a client cost that sends without waiting?
fn pipelined(effort: Effort) {
    let n_bytes: usize = if effort == Effort::Whole { 64 << 20 } else { 1 << 20 };
    let kernel = Kernel::start(&[]);
    let line =
        format!("{{\"code\":\"return input.length\",\"input\":\"{}\"}}\n", "x".repeat(1_980));
    let n_lines = n_bytes / line.len();
    check_greeted(&kernel.connect().exchange(GREETING));
    // Forget the peak of its start.
    fs::write(format!("/proc/{}/clear_refs", kernel.child.id()), "5").unwrap();
    let before = kernel.memory("VmRSS");
    let connection = kernel.connect();
    let mut writer = connection.writer;
    let start = Instant::now();
    let writing = thread::spawn(move || {
        for _ in 0..n_lines {
            writer.write_all(line.as_bytes()).unwrap();
        }
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut n_answers = 0;
    for answer in connection.reader.lines() {
        let answer = answer.unwrap();
        assert!(answer.starts_with(r#"{"ok":true,"result":1980,"#), "{answer}");
        n_answers += 1;
    }
    writing.join().unwrap();
    assert_eq!(n_answers, n_lines);
    println!(
        "{:.0} MiB pipelined: {n_lines} answers in {:.1} s, peak {:.1} MiB more",
        mib(n_bytes as u64),
        start.elapsed().as_secs_f64(),
        mib(kernel.memory("VmHWM").saturating_sub(before))
    );
}

/// How many greetings a second over 8 connections, one in flight on each?
fn greetings(effort: Effort) {
    let time = Duration::from_secs(if effort == Effort::Whole { 10 } else { 1 });
    let kernel = Kernel::start(&[]);
    let start = Instant::now();
    let mut latencies: Vec<u32> = thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let mut connection = kernel.connect();
                scope.spawn(move || {
                    let mut latencies = Vec::new();
                    while start.elapsed() < time {
                        let sent = Instant::now();
                        check_greeted(&connection.exchange(GREETING));
                        latencies.push(sent.elapsed().as_micros() as u32);
                    }
                    latencies
                })
            })
            .collect();
        clients.into_iter().flat_map(|it| it.join().unwrap()).collect()
    });
    let rate = latencies.len() as f64 / start.elapsed().as_secs_f64();
    println!("greetings over 8 connections: {rate:.0}/s, {}", Percentiles::of(&mut latencies));
}

/// A snippet, and what else goes on while it is cancelled.
const CANCELLED: &[(&str, &str, Meanwhile)] = &[
    ("a loop of the interpreter", "for (;;) {}", Meanwhile::Nothing),
    ("a loop of the engine", "return new Array(1e9) + ''", Meanwhile::Nothing),
    ("a call that nobody answers", "await fetch(input)", Meanwhile::Nothing),
    ("a run set aside", "await new Promise((go) => setTimeout(go, 1e6))", Meanwhile::Working),
    ("a request in the queue", "return 1", Meanwhile::Working),
];

#[derive(Clone, Copy, PartialEq)]
enum Meanwhile {
    Nothing,
    /// The one worker has another run at work.
    Working,
}

/// How long from the line that cancels to the answer of what it cancels?
fn cancels(effort: Effort) {
    let n_rounds = if effort == Effort::Whole { 50 } else { 2 };
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap();
    // It takes connections and never says anything.
    thread::spawn(move || {
        let mut taken = Vec::new();
        while let Ok((socket, _)) = server.accept() {
            taken.push(socket);
        }
    });
    let kernel = Kernel::start(&["--workers", "1", "--allow-net", &addr.to_string()]);
    let (mut client, mut other) = (kernel.connect(), kernel.connect());
    let mut observer = kernel.connect();
    for (what, code, meanwhile) in CANCELLED {
        let request =
            format!("{}\n", json!({ "id": 1, "code": code, "input": format!("http://{addr}/") }));
        let mut latencies: Vec<u32> = (0..n_rounds)
            .map(|_| {
                observer.wait_for("running", 0);
                let working = "{\"id\":1,\"code\":\"for (;;) {}\"}\n";
                if *meanwhile == Meanwhile::Working && code.starts_with("return") {
                    other.send(working);
                    observer.wait_for("running", 1);
                    client.send(&request);
                    observer.wait_for("queued", 1);
                } else {
                    client.send(&request);
                    observer.wait_for("running", 1);
                    if *meanwhile == Meanwhile::Working {
                        other.send(working);
                        observer.wait_for("suspended", 1);
                    }
                }
                // Past its transpiler.
                thread::sleep(Duration::from_millis(5));
                let sent = Instant::now();
                client.send("{\"id\":1,\"op\":\"cancel\"}\n");
                let took = loop {
                    let answer = client.receive();
                    if !answer.contains("\"op\":\"cancel\"") {
                        assert!(answer.contains("\"kind\":\"cancelled\""), "{answer}");
                        break sent.elapsed();
                    }
                };
                // The acknowledgement comes before or after it.
                let rest = client.exchange("{\"op\":\"ping\"}\n");
                if rest.contains("\"op\":\"cancel\"") {
                    client.receive();
                }
                if *meanwhile == Meanwhile::Working {
                    other.send("{\"id\":1,\"op\":\"cancel\"}\n");
                    (0..2).for_each(|_| drop(other.receive()));
                }
                took.as_micros() as u32
            })
            .collect();
        println!("cancelling {what}, {n_rounds} times: {}", Percentiles::of(&mut latencies));
    }
}

/// In µs.
struct Percentiles([u32; 3]);

impl Percentiles {
    fn of(latencies: &mut [u32]) -> Percentiles {
        latencies.sort_unstable();
        let at = |share: f64| {
            let idx = (latencies.len() as f64 * share) as usize;
            latencies.get(idx.min(latencies.len().saturating_sub(1))).copied().unwrap_or(0)
        };
        Percentiles([at(0.5), at(0.99), at(0.999)])
    }
}

impl std::fmt::Display for Percentiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, p999] = self.0.map(|it| f64::from(it) / 1_000.0);
        write!(f, "p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms")
    }
}

/// One kind of snippet of the soak: its share in percent, its request without the
/// id, and what must become of it.
const MIX: &[(u32, &str, &str)] = &[
    (
        70,
        r#""code":"const words = input.text.split(' '); const n = new Map(); for (const w of words) n.set(w, (n.get(w) ?? 0) + 1); return [...n].sort();","input":{"text":"a b a c a b"}"#,
        "ok",
    ),
    (10, r#""code":"throw new TypeError('no')""#, "thrown"),
    (10, r#""code":"for (;;) {}","timeoutMs":20"#, "timeout"),
    (5, r#""code":"return new Array(1e9) + ''","timeoutMs":20"#, "timeout"),
    (
        5,
        r#""code":"const all = []; for (;;) all.push(new Array(1000).fill(all))""#,
        "out_of_memory",
    ),
];

/// How often memory is looked at.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(50);

/// Of the samples of a window, in MiB.
type Statistic = fn(&mut [u64]) -> f64;

/// What is told of them.
///
/// An instant says nothing: a run in twenty fills its heap, so resident memory
/// jumps by a heap a worker, many times a second. What a kernel keeps for good lies
/// below all that, and shows in the floor; what it needs on the way, in the average
/// and the median, which are as good as their window is long. Each is told from
/// the second window, when everything is warm, to the last.
const STATISTICS: [(&str, Statistic); 3] = [
    ("floor", |it| mib(*it.iter().min().unwrap())),
    ("median", |it| {
        it.sort_unstable();
        mib(it[it.len() / 2])
    }),
    ("average", |it| mib(it.iter().sum()) / it.len() as f64),
];

/// Is every request of a long mixed load answered once, with memory flat?
fn soak(effort: Effort) {
    let seconds = match (effort, env::var("LOAD_SECONDS")) {
        (Effort::Token, _) => 2,
        (Effort::Whole, Ok(seconds)) => seconds.parse().unwrap(),
        (Effort::Whole, Err(_)) => 60,
    };
    let time = Duration::from_secs(seconds);
    let n_clients = 16;
    let kernel = Kernel::start(&["--memory", "32"]);
    let pid = kernel.child.id();
    let start = Instant::now();
    let (tallies, memory) = thread::scope(|scope| {
        let clients: Vec<_> = (0..n_clients)
            .map(|client_idx| {
                let connection = kernel.connect();
                scope.spawn(move || client(client_idx, connection, start, time))
            })
            .collect();
        let sampler = scope.spawn(|| {
            let mut samples = Vec::new();
            while start.elapsed() < time {
                thread::sleep(SAMPLE_INTERVAL);
                samples.push(["VmRSS", "RssAnon"].map(|it| kernel.memory(it)));
            }
            samples
        });
        let tallies: Vec<Tally> = clients.into_iter().map(|it| it.join().unwrap()).collect();
        (tallies, sampler.join().unwrap())
    });
    let elapsed = start.elapsed().as_secs_f64();
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let mut latencies = Vec::new();
    for tally in tallies {
        for (kind, n) in tally.kinds {
            *kinds.entry(kind).or_default() += n;
        }
        latencies.extend(tally.ok_latencies);
    }
    let n_answers: u64 = kinds.values().sum();
    println!(
        "soak of {n_clients} clients for {elapsed:.0} s: {n_answers} requests, each answered once, \
         {:.0}/s",
        n_answers as f64 / elapsed
    );
    println!("  by kind: {}", json!(kinds));
    println!("  ok answers: {}", Percentiles::of(&mut latencies));
    let shortest = if effort == Effort::Whole { 10 } else { 1 };
    let n_windows = (seconds / shortest).clamp(2, 10);
    let window = Duration::from_secs(seconds) / n_windows as u32;
    println!("  memory by window of {:.0} s, MiB:", window.as_secs_f64());
    for (idx, what) in ["resident", "anonymous"].into_iter().enumerate() {
        let samples: Vec<u64> = memory.iter().map(|it| it[idx]).collect();
        for (statistic, of) in STATISTICS {
            let windows = samples.chunks(samples.len().div_ceil(n_windows as usize));
            let figures: Vec<f64> = windows.map(|it| of(&mut it.to_vec())).collect();
            let (first, last) = (figures[figures.len().min(3) - 2], figures[figures.len() - 1]);
            let shown: Vec<String> = figures.iter().map(|it| format!("{it:.1}")).collect();
            println!(
                "    {what}, {statistic}: {}; flat: {:+.1} %",
                shown.join(" "),
                (last / first - 1.0) * 100.0
            );
        }
    }
    let stats: Value =
        serde_json::from_str(&kernel.connect().exchange("{\"op\":\"stats\"}\n")).unwrap();
    assert!(Path::new(&format!("/proc/{pid}")).exists());
    assert_eq!(stats["stats"]["running"], 0, "{stats}");
    println!("  the same process serves: {}", stats["stats"]["answers"]);
}

#[derive(Default)]
struct Tally {
    kinds: BTreeMap<&'static str, u64>,
    ok_latencies: Vec<u32>,
}

fn client(client_idx: u64, mut connection: Connection, start: Instant, time: Duration) -> Tally {
    let mut tally = Tally::default();
    let mut state = 0x9E37_79B9_7F4A_7C15 ^ (client_idx + 1);
    let mut id = 0_u64;
    while start.elapsed() < time {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let (request, kind) = pick((state % 100) as u32);
        let sent = Instant::now();
        let answer = connection.exchange(&format!("{{\"id\":{id},{request}}}\n"));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["id"], id, "{answer}");
        let got = answer["error"]["kind"].as_str().unwrap_or("ok");
        assert_eq!(got, kind, "{answer}");
        if kind == "ok" {
            assert_eq!(answer["result"], json!([["a", 3], ["b", 2], ["c", 1]]));
            tally.ok_latencies.push(sent.elapsed().as_micros() as u32);
        }
        *tally.kinds.entry(kind).or_default() += 1;
        id += 1;
    }
    // Nothing is left over: after the last answer comes the end.
    connection.writer.shutdown(Shutdown::Write).unwrap();
    let mut rest = String::new();
    connection.reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    tally
}

fn pick(mut percent: u32) -> (&'static str, &'static str) {
    for (share, request, kind) in MIX {
        if percent < *share {
            return (request, kind);
        }
        percent -= share;
    }
    unreachable!("the shares make 100")
}
