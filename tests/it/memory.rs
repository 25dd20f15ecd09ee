//! A kernel's memory: bounded while a snippet does what it can, and as small after
//! many runs as after few. Looked at from outside, in a kernel of its own.

use std::{fs, path::PathBuf, time::Duration};

use llm_kernel::{client::Client, endpoint::Endpoint};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{KernelProgram, needs_sockets, program};

const MIB: u64 = 1 << 20;

struct Watched {
    kernel: KernelProgram,
    client: Client,
    _folder: TempDir,
}

impl Watched {
    fn start(args: &[&str]) -> Watched {
        let folder = tempfile::tempdir().unwrap();
        let socket: PathBuf = folder.path().join("k");
        let kernel =
            KernelProgram::start(program("llm-kernel").arg("--socket").arg(&socket).args(args));
        let mut client = Client::connect(&Endpoint::Unix(socket), None).unwrap();
        client.set_silence_limit(Some(Duration::from_secs(60)));
        Watched { kernel, client, _folder: folder }
    }

    /// The kind of the error, or `ok`.
    fn run(&mut self, code: &str, timeout_ms: u64) -> String {
        let request = json!({ "code": code, "timeoutMs": timeout_ms });
        let answer = self.client.exchange(&request.to_string()).unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["error"]["kind"].as_str().unwrap_or("ok").to_owned()
    }

    fn proc(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{file}", self.kernel.child.id()))
    }

    /// A line of `/proc/…/status`, in KiB or pieces.
    fn status(&self, name: &str) -> u64 {
        value(&fs::read_to_string(self.proc("status")).unwrap(), name)
    }

    /// What the kernel holds beside its program: anonymous memory, and images. Of
    /// an image, the file is whole in memory, and so is what differs from it.
    fn resident(&self) -> u64 {
        let smaps = fs::read_to_string(self.proc("smaps")).unwrap();
        // Each mapping is described by lines that end with its flags.
        let mappings = smaps.split("VmFlags:").filter(|it| it.contains("Anonymous:"));
        let kib = mappings.map(|mapping| {
            let is_pristine = mapping.contains(" r--p ") && mapping.contains("llm-kernel-image");
            value(mapping, if is_pristine { "Size" } else { "Anonymous" })
        });
        kib.sum::<u64>() << 10
    }

    /// Descriptors and threads. No run is anything but over.
    fn pieces(&mut self) -> (usize, u64) {
        let stats: Value =
            serde_json::from_str(&self.client.exchange(r#"{"op":"stats"}"#).unwrap()).unwrap();
        let runs = ["queued", "running", "suspended"].map(|it| stats["stats"][it].clone());
        assert_eq!(runs, [0, 0, 0].map(Value::from));
        let n_files = fs::read_dir(self.proc("fd")).unwrap().count();
        (n_files, self.status("Threads"))
    }
}

/// The number on the first line of this name.
fn value(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
}

/// Snippet, timeout in ms, how it ends.
type Case = (&'static str, u64, &'static str);

const MOSTLY: [Case; 8] = [
    ("return { greeting: `hi ${input.name}` };", 60_000, "ok"),
    (
        "const m = new Map(Array.from({ length: 200 }, (_, i) => ['k' + i, { i }])); return [...m.values()].length;",
        60_000,
        "ok",
    ),
    (
        "return Object.keys(new AwsS3.S3Client({ region: 'eu-west-1' }).config).length > 0;",
        60_000,
        "ok",
    ),
    (
        "console.log('x', { a: [1, 2] }); await new Promise((done) => setTimeout(done, 0)); return 'a1b2'.replace(/\\d/g, 'x');",
        60_000,
        "ok",
    ),
    ("globalThis.x = 1; throw new TypeError('x');", 60_000, "thrown"),
    (
        "setInterval(() => {}, 1000); return new URL('https://example.com/?a=1').searchParams.get('a');",
        60_000,
        "ok",
    ),
    ("await new Promise(() => {});", 60_000, "never_settled"),
    (
        "return new TextDecoder().decode(new TextEncoder().encode('x'.repeat(1000))).length;",
        60_000,
        "ok",
    ),
];

const SELDOM: [Case; 4] = [
    ("for (;;);", 1, "timeout"),
    ("[].sort.call({ length: 4e9 });", 1, "timeout"),
    (
        "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1));",
        60_000,
        "out_of_memory",
    ),
    ("const f = () => f() + 1; return f();", 60_000, "stack_overflow"),
];

#[test]
fn twenty_thousand_mixed_runs_leave_nothing_behind() {
    needs_sockets!();
    let mut watched = Watched::start(&["--workers", "1", "--memory", "16"]);
    let run = |watched: &mut Watched, idx: usize| {
        let (code, timeout, end) = match idx % 100 {
            99 => SELDOM[idx / 100 % SELDOM.len()],
            _ => MOSTLY[idx % MOSTLY.len()],
        };
        assert_eq!(watched.run(code, timeout), end, "{code}");
    };
    (0..1_000).for_each(|idx| run(&mut watched, idx));
    // The answer comes before the rollback: what was large is given back when the
    // next answer comes.
    run(&mut watched, 0);
    let (resident, pieces) = (watched.resident(), watched.pieces());
    (1_000..20_000).for_each(|idx| run(&mut watched, idx));
    run(&mut watched, 0);
    assert_eq!(watched.pieces(), pieces);
    let grown = watched.resident().abs_diff(resident);
    assert!(grown <= 2 * MIB, "{} KiB more or less than after 1,000 runs", grown >> 10);
}

/// The kinds of things that memory can be used up with.
const BOMBS: [&str; 11] = [
    "const all = []; for (;;) all.push({ a: 1 });",
    "const all = []; for (let s = 'x'; ; s += all.length) all.push(s);",
    "const all = []; for (;;) all.push(new ArrayBuffer(100_000));",
    "const all = []; for (;;) all.push(new Uint8Array(5 << 20).fill(1));",
    "const all = []; for (let i = 1n; ; i++) all.push(i << 50_000n);",
    "const all = []; for (let i = 0; ; i++) { all.push(new Uint8Array(1000 + i % 7777).fill(1)); if (i % 2) all[i - 1] = null; }",
    "let a = [1, 2, 3]; for (;;) a = a.concat(a);",
    "const all = []; for (let i = 0; ; i++) all.push(String(i).repeat(10_000).split('1'));",
    "const m = new Map(); for (let i = 0; ; i++) m.set('k' + i, [i]);",
    "const f = () => f() + 1; const all = []; for (;;) { try { f(); } catch {} all.push(new Uint8Array(1 << 20).fill(1)); }",
    "for (;;) new Uint8Array(60 << 20).fill(1), new Uint8Array(60 << 20).fill(1); ",
];

#[test]
fn no_snippet_makes_a_worker_larger_than_its_limit() {
    needs_sockets!();
    let limit = 64 * MIB;
    let mut watched = Watched::start(&["--workers", "1", "--memory", "64"]);
    for _ in 0..100 {
        watched.run("return 1;", 60_000);
    }
    let idle = watched.status("VmRSS") << 10;
    for code in BOMBS {
        // Forget the highest so far.
        fs::write(watched.proc("clear_refs"), "5").unwrap();
        let end = watched.run(code, 20_000);
        assert!(end == "out_of_memory" || end == "timeout", "{end}: {code}");
        assert_eq!(watched.run("return 1;", 60_000), "ok");
        let highest = watched.status("VmHWM") << 10;
        // What is idle has the worker's image in it already, 6 of the 16 MiB.
        assert!(
            highest <= idle + limit + 10 * MIB,
            "{} KiB over the idle {} KiB: {code}",
            (highest - idle) >> 10,
            idle >> 10
        );
        let after = watched.status("VmRSS") << 10;
        assert!(after <= idle + 6 * MIB, "{} KiB were kept: {code}", (after - idle) >> 10);
    }
}

#[test]
fn what_large_requests_took_is_given_back() {
    needs_sockets!();
    let mut watched = Watched::start(&["--workers", "1"]);
    let resident = |watched: &mut Watched| {
        // Enough for the isolate to give back what it has kept for the next run.
        for _ in 0..200 {
            assert_eq!(watched.run("return 1;", 60_000), "ok");
        }
        watched.resident()
    };
    let before = resident(&mut watched);
    let input = "x".repeat(8 << 20);
    let large = json!({ "code": "return input.length;", "input": input }).to_string();
    for _ in 0..8 {
        let answer = watched.client.exchange(&large).unwrap();
        assert!(answer.starts_with(r#"{"ok":true,"result":8388608,"#), "{answer:.400}");
    }
    let kept = resident(&mut watched).saturating_sub(before);
    assert!(kept <= 2 * MIB, "{} KiB were kept", kept >> 10);
}

#[test]
#[expect(clippy::print_stderr, reason = "a figure of the README")]
fn a_further_idle_isolate_is_small() {
    needs_sockets!();
    let resident = |n_workers: &str| {
        let mut watched = Watched::start(&["--workers", n_workers]);
        assert_eq!(watched.run("return 1;", 60_000), "ok");
        watched.resident()
    };
    let (one, five) = (resident("1"), resident("5"));
    let each = (five - one) / 4;
    eprintln!("kernel with one worker: {} KiB; each further one: {} KiB", one >> 10, each >> 10);
    // 5.8 MiB with the S3 SDK and the first prelude; every API that is added costs
    // its part.
    assert!(each <= 10 * MIB, "{} KiB each", each >> 10);
}
