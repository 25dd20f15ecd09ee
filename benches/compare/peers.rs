//! Somebody who speaks JSON Lines over a Unix socket, and what one costs.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    s3_server::with_keys,
    works::{self, Work},
};

pub(crate) const OURS: &str = "llm-kernel";
pub(crate) const ECHO: &str = "bare echo";

/// How to start one; a fresh process (or thread) each time.
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    kind: Kind,
    /// The S3 that it is to know.
    s3: SocketAddr,
}

enum Kind {
    /// `llm-kernel` with so many workers.
    Ours {
        n_workers: usize,
    },
    /// A thread of this process that sends every line back.
    Echo,
    Node {
        realm: &'static str,
    },
}

/// One that runs. Dropping it ends its process.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    stream: BufReader<UnixStream>,
    socket: PathBuf,
    child: Option<Child>,
    /// From its start to its first answer.
    pub(crate) first_answer: Duration,
}

/// Ours first, then the bare echo, then whoever is installed.
pub(crate) fn recipes(s3: SocketAddr) -> Vec<Recipe> {
    let mut res = vec![
        Recipe { name: OURS, kind: Kind::Ours { n_workers: 2 }, s3 },
        Recipe { name: ECHO, kind: Kind::Echo, s3 },
    ];
    for (name, realm) in [("node, shared realm", "shared"), ("node, fresh context", "fresh")] {
        if has_sdk() {
            res.push(Recipe { name, kind: Kind::Node { realm }, s3 });
        } else {
            println!("left out: {name} (wants node, and `npm ci` in benches/peers)");
        }
    }
    res
}

/// Ours, with another number of isolates.
pub(crate) fn ours_with(n_workers: usize, s3: SocketAddr) -> Recipe {
    Recipe { name: OURS, kind: Kind::Ours { n_workers }, s3 }
}

impl Recipe {
    pub(crate) fn is_process(&self) -> bool {
        !matches!(self.kind, Kind::Echo)
    }

    pub(crate) fn start(&self, folder: &Path) -> Peer {
        let socket = folder.join(format!("{}.sock", self.name.replace([' ', ','], "-")));
        // Left by a predecessor that was killed; ours would take it over, node
        // would not.
        let _ = fs::remove_file(&socket);
        let began = Instant::now();
        let child = match self.kind {
            Kind::Ours { n_workers } => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_llm-kernel"));
                command.arg("--socket").arg(&socket).args(["--workers", &n_workers.to_string()]);
                Some(command)
            }
            Kind::Node { realm } => {
                let mut command = Command::new("node");
                command.arg(node_script()).arg(&socket).arg(realm);
                Some(command)
            }
            Kind::Echo => {
                let listener = UnixListener::bind(&socket).expect("a private socket");
                thread::spawn(move || {
                    for stream in listener.incoming() {
                        thread::spawn(move || echo(stream.expect("a connection")));
                    }
                });
                None
            }
        };
        let child = child.map(|it| with_keys(it, self.s3));
        let child = child.map(|mut it| it.stderr(Stdio::null()).spawn().expect("it starts"));
        let stream = connect(&socket, self.name);
        let mut res = Peer { name: self.name, stream, socket, child, first_answer: Duration::ZERO };
        res.ask(&works::greeting());
        res.first_answer = began.elapsed();
        res
    }
}

impl Peer {
    /// How long the answer took. A wrong one ends the bench.
    pub(crate) fn ask(&mut self, work: &Work) -> Duration {
        let line = request_line(work);
        let began = Instant::now();
        let answer = exchange(&mut self.stream, &line);
        let took = began.elapsed();
        if self.child.is_some() {
            let answer: Value = serde_json::from_str(&answer).expect("answers are JSON");
            assert_eq!(answer["result"], work.expected, "{} at {}: {answer}", self.name, work.name);
        }
        took
    }

    /// From the deadline of a snippet that never ends to the answer of the
    /// greeting behind it; nothing when there is none within `patience`.
    pub(crate) fn outlast(&mut self, code: &str, patience: Duration) -> Option<Duration> {
        const TIMEOUT: Duration = Duration::from_millis(50);
        let hostile = json!({ "id": "h", "code": code, "timeoutMs": TIMEOUT.as_millis() as u64 });
        let greeting = request_line(&works::greeting());
        self.stream.get_ref().set_read_timeout(Some(patience)).expect("a limit");
        let began = Instant::now();
        let lines = format!("{hostile}\n{greeting}");
        self.stream.get_mut().write_all(lines.as_bytes()).expect("the peer takes requests");
        for _ in 0..2 {
            let mut answer = String::new();
            // Silent, or gone.
            if !self.stream.read_line(&mut answer).is_ok_and(|n_bytes| n_bytes > 0) {
                return None;
            }
            if answer.contains("hi Ada") {
                return Some(began.elapsed().saturating_sub(TIMEOUT));
            }
        }
        panic!("{} answers neither", self.name)
    }

    /// Greetings a second with so many clients at once.
    pub(crate) fn rate(&self, n_clients: usize, per_client: usize) -> f64 {
        let line = request_line(&works::greeting());
        let began = Instant::now();
        thread::scope(|scope| {
            for _ in 0..n_clients {
                scope.spawn(|| {
                    let mut stream = connect(&self.socket, self.name);
                    for _ in 0..per_client {
                        let answer = exchange(&mut stream, &line);
                        assert!(answer.contains("Ada"), "{}: {answer}", self.name);
                    }
                });
            }
        });
        (n_clients * per_client) as f64 / began.elapsed().as_secs_f64()
    }

    /// Proportional set size: shared pages count by their share.
    pub(crate) fn pss_kib(&self) -> Option<u64> {
        let pid = self.child.as_ref()?.id();
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        pss.trim().trim_end_matches(" kB").parse().ok()
    }

    /// The most memory that it ever had.
    pub(crate) fn peak_kib(&self) -> u64 {
        let pid = self.child.as_ref().map_or_else(std::process::id, Child::id);
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|it| it.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself; either way it is gone afterwards.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The program's own word for its version.
pub(crate) fn version(program: &str) -> Option<String> {
    let output = Command::new(program_path(program)).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
}

/// What npm brought, else what is on the path.
pub(crate) fn program_path(program: &str) -> PathBuf {
    let brought = peers_folder().join("node_modules/.bin").join(program);
    if brought.exists() { brought } else { program.into() }
}

/// Whether Node can run the peers.
pub(crate) fn has_sdk() -> bool {
    peers_folder().join("node_modules").exists() && version("node").is_some()
}

/// Where the packages of the peers are.
pub(crate) fn peers_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

fn node_script() -> PathBuf {
    peers_folder().join("node-kernel.mjs")
}

fn connect(socket: &Path, name: &str) -> BufReader<UnixStream> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return BufReader::new(stream),
            Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
            Err(err) => panic!("{name} does not listen: {err}"),
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
