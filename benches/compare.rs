//! The same work on ours and on what people would use instead, side by side.
//!
//! Question: what does a request cost here, and what would it cost on a Node
//! process of the seed's shape? Peers run interleaved (A B A B …) in one run of
//! this program, so that a ratio holds even where the machine drifts. Every
//! answer is compared with the expected one inside the loop: a wrong or failed
//! answer is fast. Not measured: JIT warm-up (each peer gets 50 rounds first) and
//! compile time of anything.
//!
//! `cargo bench --bench compare` prints a table and leaves its figures as JSON
//! in `target/compare.json`. A peer that is not installed is left out with a
//! note; `npm ci` in `benches/peers` brings what npm has. `-- --test` runs
//! everything once.
#![expect(clippy::print_stdout, reason = "this is where the program talks")]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// One piece of work: the same snippet, input and answer for everybody.
struct Work {
    name: &'static str,
    code: String,
    input: Value,
    expected: Value,
    rounds: usize,
}

/// Somebody who speaks JSON Lines over a Unix socket.
struct Peer {
    name: &'static str,
    stream: BufReader<UnixStream>,
    socket: PathBuf,
    process: Process,
}

enum Process {
    Child(Child),
    /// A thread of ours: the bare echo.
    Thread,
}

/// Sorted samples of one peer at one piece of work.
struct Samples(Vec<Duration>);

impl Samples {
    fn new(mut samples: Vec<Duration>) -> Samples {
        samples.sort();
        Samples(samples)
    }

    fn quantile(&self, q: f64) -> Duration {
        self.0[((self.0.len() - 1) as f64 * q) as usize]
    }
}

fn main() {
    let is_test = std::env::args().any(|arg| arg == "--test");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut peers = start_peers(folder.path());
    println!("{}", machine());

    let mut table = Table::default();
    for work in works() {
        let rounds = if is_test { 1 } else { work.rounds };
        let warm_up = if is_test { 0 } else { 50.min(work.rounds) };
        let mut samples: Vec<Vec<Duration>> = peers.iter().map(|_| Vec::new()).collect();
        for round in 0..warm_up + rounds {
            for (peer, samples) in peers.iter_mut().zip(&mut samples) {
                let took = peer.ask(&work);
                if round >= warm_up {
                    samples.push(took);
                }
            }
        }
        for (peer, samples) in peers.iter().zip(samples) {
            table.add(work.name, peer.name, Samples::new(samples));
        }
    }
    for peer in &peers {
        let per_client = if is_test { 2 } else { 400 };
        table.rate(peer.name, together(peer, 8, per_client));
    }
    for peer in &peers {
        if let Process::Child(child) = &peer.process {
            table.memory(peer.name, resident_kib(child.id()));
        }
    }
    let commands = whole_processes(&peers[0].socket);
    let rounds = if is_test { 1 } else { 15 };
    let mut samples: Vec<Vec<Duration>> = commands.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for ((_, command), samples) in commands.iter().zip(&mut samples) {
            samples.push(whole_process(command));
        }
    }
    for ((name, _), samples) in commands.iter().zip(samples) {
        table.add("whole process, greeting", name, Samples::new(samples));
    }
    println!("{}", table.to_text());
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("..");
    fs::write(target.join("compare.json"), table.to_json().to_string())
        .expect("target is writable");
}

impl Peer {
    fn connect(name: &'static str, socket: &Path, process: Process) -> Peer {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match UnixStream::connect(socket) {
                Ok(stream) => {
                    let (stream, socket) = (BufReader::new(stream), socket.to_owned());
                    return Peer { name, stream, socket, process };
                }
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
                Err(err) => panic!("{name} does not listen: {err}"),
            }
        }
    }

    fn ask(&mut self, work: &Work) -> Duration {
        let line = request_line(work);
        let began = Instant::now();
        let answer = exchange(&mut self.stream, &line);
        let took = began.elapsed();
        if let Process::Child(_) = self.process {
            let answer: Value = serde_json::from_str(&answer).expect("answers are JSON");
            assert_eq!(answer["result"], work.expected, "{} at {}: {answer}", self.name, work.name);
        }
        took
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Process::Child(child) = &mut self.process {
            // It may have ended by itself; either way it is gone afterwards.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn request_line(work: &Work) -> String {
    let mut line = json!({ "id": "x", "code": work.code, "input": work.input }).to_string();
    line.push('\n');
    line
}

fn exchange(stream: &mut BufReader<UnixStream>, line: &str) -> String {
    stream.get_mut().write_all(line.as_bytes()).expect("the peer takes requests");
    let mut answer = String::new();
    stream.read_line(&mut answer).expect("the peer answers");
    answer
}

/// Ours first, the bare echo second, then whoever is installed.
fn start_peers(folder: &Path) -> Vec<Peer> {
    let mut res = Vec::new();
    let socket = folder.join("ours");
    let child = Command::new(env!("CARGO_BIN_EXE_llm-kernel"))
        .arg("--socket")
        .arg(&socket)
        .stderr(Stdio::null())
        .spawn()
        .expect("our kernel starts");
    res.push(Peer::connect("llm-kernel", &socket, Process::Child(child)));

    let socket = folder.join("echo");
    let listener = UnixListener::bind(&socket).expect("a private socket");
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || echo(stream.expect("a connection")));
        }
    });
    res.push(Peer::connect("bare echo", &socket, Process::Thread));

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/node-kernel.mjs");
    let is_installed = script.with_file_name("node_modules").exists();
    for (name, realm) in [("node, shared realm", "shared"), ("node, fresh context", "fresh")] {
        if !is_installed || version("node").is_none() {
            println!("left out: {name} (wants node, and `npm ci` in benches/peers)");
            continue;
        }
        let socket = folder.join(realm);
        let mut command = Command::new("node");
        command.arg(&script).arg(&socket).arg(realm).stderr(Stdio::null());
        let child = command.spawn().expect("node starts");
        res.push(Peer::connect(name, &socket, Process::Child(child)));
    }
    res
}

fn echo(stream: UnixStream) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).is_ok_and(|n| n > 0) {
        if stream.get_mut().write_all(line.as_bytes()).is_err() {
            return;
        }
        line.clear();
    }
}

fn works() -> Vec<Work> {
    let typical = include_str!("../tests/snippets/typical.ts");
    let numbers: Vec<Value> = (0..10_000)
        .map(|n| json!({ "id": n, "group": n * 7919 % 97, "score": n * 31 % 1009 }))
        .collect();
    let log: String = (0..16_000)
        .map(|n| {
            format!("2026-11-22T10:{:02}:{:02}Z level={} id={n}\n", n / 60 % 60, n % 60, n % 5)
        })
        .collect();
    let typed = format!(
        "{}\nreturn f0({{ a: 1, b: \"x\" }});",
        (0..66)
            .map(|n| format!(
                "interface T{n} {{ a: number; b: string; c?: T{n}[] }}\nfunction f{n}(it: T{n}): number {{\n  return it.a + {n} + (it.c ?? []).map((x: T{n}): number => x.a).length;\n}}"
            ))
            .collect::<Vec<_>>()
            .join("\n")
    );
    vec![
        Work {
            name: "greeting",
            code: "return { greeting: `hi ${input.name}` };".to_owned(),
            input: json!({ "name": "Ada" }),
            expected: json!({ "greeting": "hi Ada" }),
            rounds: 2_000,
        },
        Work {
            name: "12 typed lines",
            code: typical.to_owned(),
            input: json!({ "orders": [{ "id": "1", "total": 5, "tags": ["a", "b"] }, { "id": "2", "total": 7, "tags": ["a"] }] }),
            expected: json!({ "count": 2, "sum": 12, "byTag": { "a": 2, "b": 1 }, "names": ["order 1", "order 2"] }),
            rounds: 1_000,
        },
        Work {
            name: "200 typed lines",
            code: typed,
            input: json!({}),
            expected: json!(1),
            rounds: 300,
        },
        Work {
            name: "1 MB of JSON, shaped",
            code: "return input.list.filter((it: { score: number }) => it.score > 500).map(({ id, score }: { id: number; score: number }) => ({ id, half: score / 2 })).length;"
                .to_owned(),
            input: json!({ "list": (0..25_000).map(|n| json!({ "id": n, "score": n % 1000, "name": format!("item {n}") })).collect::<Vec<_>>() }),
            expected: json!(12_475),
            rounds: 20,
        },
        Work {
            name: "regex over 1 MB of log",
            code: "let n = 0; for (const line of input.log.split('\\n')) { if (/level=(3|4) id=\\d+$/.test(line)) n++; } return n;".to_owned(),
            input: json!({ "log": log }),
            expected: json!(6_400),
            rounds: 20,
        },
        Work {
            name: "sort and group 10,000",
            code: "const by = new Map<number, number>(); for (const it of [...input.list].sort((a, b) => b.score - a.score || a.id - b.id)) by.set(it.group, (by.get(it.group) ?? 0) + it.score); return by.size;".to_owned(),
            input: json!({ "list": numbers }),
            expected: json!(97),
            rounds: 20,
        },
        Work {
            name: "float loop, 1,000",
            code: "let x = 0.5; for (let i = 0; i < 1000; i++) x = x * 3.7 * (1 - x); return x > 0;".to_owned(),
            input: json!({}),
            expected: json!(true),
            rounds: 500,
        },
        Work {
            name: "integer loop, 10 million",
            code: "let n = 0; for (let i = 0; i < 10_000_000; i++) n = (n + i) | 0; return n;".to_owned(),
            input: json!({}),
            expected: json!(-2_014_260_032),
            rounds: 5,
        },
    ]
}

/// Requests a second with so many clients at once.
fn together(peer: &Peer, n_clients: usize, per_client: usize) -> f64 {
    let work = works().swap_remove(0);
    let line = request_line(&work);
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..n_clients {
            scope.spawn(|| {
                let stream = UnixStream::connect(&peer.socket).expect("one more connection");
                let mut stream = BufReader::new(stream);
                for _ in 0..per_client {
                    let answer = exchange(&mut stream, &line);
                    assert!(answer.contains("hi "), "{}: {answer}", peer.name);
                }
            });
        }
    });
    (n_clients * per_client) as f64 / began.elapsed().as_secs_f64()
}

/// Commands that print the greeting, from nothing to nothing.
fn whole_processes(socket: &Path) -> Vec<(&'static str, Vec<String>)> {
    let run_code = env!("CARGO_BIN_EXE_run-code").to_owned();
    let code = "return { greeting: `hi ${input.name}` };".to_owned();
    let input = r#"{"name":"Ada"}"#.to_owned();
    let plain = "console.log(JSON.stringify({ greeting: `hi ${'Ada'}` }))".to_owned();
    let socket = socket.display().to_string();
    let base = vec![run_code, "--code".to_owned(), code, "--input".to_owned(), input];
    let mut res = vec![(
        "run-code, warm kernel",
        base.iter().cloned().chain(["--socket".to_owned(), socket]).collect(),
    )];
    res.push(("run-code, embedded", base));
    for (name, program, args) in [
        ("node -e", "node", vec!["-e".to_owned(), plain.clone()]),
        ("deno eval", "deno", vec!["eval".to_owned(), plain.clone()]),
        ("bun -e", "bun", vec!["-e".to_owned(), plain.clone()]),
    ] {
        match version(program) {
            Some(_) => {
                res.push((name, [vec![program.to_owned()], args].concat()));
            }
            None => println!("left out: {name} (not installed)"),
        }
    }
    res
}

fn whole_process(command: &[String]) -> Duration {
    let began = Instant::now();
    let output = Command::new(&command[0]).args(&command[1..]).output().expect("it starts");
    let took = began.elapsed();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("hi Ada"));
    took
}

/// Proportional set size: shared pages count by their share.
fn resident_kib(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    pss.and_then(|it| it.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let cpu = cpu.unwrap_or("unknown").trim_start_matches([' ', '\t', ':']).to_owned();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut res = format!("{cpu}, {cores} cores; llm-kernel {}", env!("CARGO_PKG_VERSION"));
    for program in ["node", "deno", "bun"] {
        if let Some(version) = version(program) {
            let _ = write!(res, "; {program} {version}");
        }
    }
    res
}

/// What was measured, in order.
#[derive(Default)]
struct Table {
    rows: Vec<(String, Vec<(String, Samples)>)>,
    rates: BTreeMap<String, f64>,
    memory_kib: BTreeMap<String, u64>,
}

impl Table {
    fn add(&mut self, work: &str, peer: &str, samples: Samples) {
        if self.rows.last().is_none_or(|(name, _)| name != work) {
            self.rows.push((work.to_owned(), Vec::new()));
        }
        let row = self.rows.last_mut().expect("just pushed");
        row.1.push((peer.to_owned(), samples));
    }

    fn rate(&mut self, peer: &str, per_second: f64) {
        self.rates.insert(peer.to_owned(), per_second);
    }

    fn memory(&mut self, peer: &str, kib: u64) {
        self.memory_kib.insert(peer.to_owned(), kib);
    }

    fn to_text(&self) -> String {
        let mut res = String::new();
        for (work, peers) in &self.rows {
            let _ = writeln!(res, "\n{work}");
            let ours = peers[0].1.quantile(0.5).as_secs_f64();
            for (peer, samples) in peers {
                let (p50, p99) = (samples.quantile(0.5), samples.quantile(0.99));
                let ratio = p50.as_secs_f64() / ours;
                let _ = writeln!(
                    res,
                    "  {peer:<24} p50 {p50:>12.1?}  p99 {p99:>12.1?}  {ratio:>7.2} × ours"
                );
            }
        }
        let _ = writeln!(res, "\n8 clients, greetings a second");
        for (peer, rate) in &self.rates {
            let _ = writeln!(res, "  {peer:<24} {rate:>10.0}");
        }
        let _ = writeln!(res, "\nmemory after all this (Pss)");
        for (peer, kib) in &self.memory_kib {
            let _ = writeln!(res, "  {peer:<24} {:>8.1} MiB", *kib as f64 / 1024.0);
        }
        res
    }

    fn to_json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|(work, peers)| {
                let peers: Vec<Value> = peers
                    .iter()
                    .map(|(peer, samples)| {
                        json!({
                            "peer": peer,
                            "p50Us": samples.quantile(0.5).as_secs_f64() * 1e6,
                            "p99Us": samples.quantile(0.99).as_secs_f64() * 1e6,
                        })
                    })
                    .collect();
                json!({ "work": work, "peers": peers })
            })
            .collect();
        json!({ "machine": machine(), "rows": rows, "perSecond": self.rates, "pssKiB": self.memory_kib })
    }
}
