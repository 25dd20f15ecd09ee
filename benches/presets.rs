//! What a preset costs, and what a model pays for asking and being checked.
//!
//! - The time from the start of a service to the first answer, the rollback, and
//!   whether taking turns between two presets costs more than staying with one
//!   (same snippet, same worker, both warm).
//! - The check of a snippet of 100 lines (time over plain transpiling, and peak
//!   memory), and `api search`.
//!
//! A preset here is the built-in S3 client and a generated library of some hundred
//! functions. What npm packages cost, `llm-kernel preset check` tells.
#![expect(clippy::print_stdout, reason = "this is where a bench talks")]

use std::{
    env, fs,
    hint::black_box,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use llm_kernel::{
    cli::Settings,
    isolate::preset::{self, Preset},
    net::Reactor,
    protocol::{Answer, Request},
    service::Service,
    transpile::{Check, SOURCE_BYTES, Transpiler},
};

/// A typed snippet of 12 lines, as models write them.
const TYPICAL: &str = include_str!("../tests/snippets/typical.ts");

fn main() {
    let is_test = env::args().any(|arg| arg == "--test");
    let n_rounds = if is_test { 20 } else { 4_000 };
    // The transpiler recurses over what a snippet nests. First of all: what others
    // have used and given back would hide what a check takes.
    let worker = thread::Builder::new().stack_size(64 << 20);
    let asking = worker.spawn(move || {
        check(n_rounds);
        search(n_rounds);
    });
    asking.unwrap().join().unwrap();
    let folder = tempfile::tempdir().unwrap();
    write_preset(folder.path());
    let presets = preset::load_all(&[folder.path().to_owned()]).unwrap();
    start(&presets, if is_test { 1 } else { 20 });
    turns(&presets, n_rounds);
}

fn write_preset(folder: &Path) {
    let mut source = String::from("var Big = (function () { var Big = {};\n");
    let mut table = String::new();
    for n in 0..500 {
        source.push_str(&format!(
            "Big.f{n} = function (a, b) {{ return {{ n: {n}, sum: a + b, text: 'number ' + a }}; }};\n\
             Big.K{n} = class K{n} {{ constructor(a) {{ this.a = a; }} get twice() {{ return this.a * 2; }} }};\n"
        ));
        table.push_str(&format!("function f{n}(a: number, b: number): object // Adds {n}\n"));
    }
    source.push_str("return Big; })();\n");
    let toml = "name = \"big\"\nversion = \"1\"\nkeep = [\"AwsS3\"]\n[[global]]\nname = \"Big\"\n\
                bundle = \"big.js\"\napi = \"big.txt\"\nabout = \"a generated library\"\n";
    for (name, text) in [("big.js", &*source), ("big.txt", &table), ("preset.toml", toml)] {
        fs::write(folder.join(name), text).unwrap();
    }
}

fn service(presets: &[Preset]) -> Service {
    let mut config = Settings { n_workers: 1, ..Settings::default() }.service();
    config.pool.presets = presets.to_vec();
    Service::start(config, Reactor::on_demand()).unwrap()
}

fn run(service: &Service, preset: &str, code: &str) {
    let request = Request {
        id: None,
        preset: Some(preset.to_owned()),
        code: code.to_owned(),
        input: r#"{"name":"Ada","items":[1,2,3]}"#.to_owned(),
        timeout_ms: None,
        check: Check::Warn,
    };
    let (sender, answer) = mpsc::channel();
    let respond = Box::new(move |it: Answer| {
        sender.send(it).unwrap();
        None
    });
    service.submit(request, Instant::now(), respond);
    // An error is fast; never let one pass for a run.
    black_box(answer.recv().unwrap().outcome.unwrap());
}

/// Without compiling the folder's bundles, which happens once before.
fn start(presets: &[Preset], n_rounds: usize) {
    for preset in presets {
        let samples = (0..n_rounds).map(|_| {
            let began = Instant::now();
            let service = service(&[*preset]);
            run(&service, preset.name, "return 1;");
            began.elapsed()
        });
        report(&format!("{}: start to first answer", preset.name), samples.collect());
    }
}

/// The whole round, rollback included: it precedes the next one on one worker.
fn turns(presets: &[Preset], n_rounds: usize) {
    let service = service(presets);
    let [first, second] = [presets[0].name, presets[1].name];
    for name in [first, second] {
        run(&service, name, TYPICAL);
    }
    let [mut stay, mut switch] = [Vec::new(), Vec::new()];
    for _ in 0..n_rounds {
        // The first of them only goes there.
        for (n, name) in [first, first, second, second, first].into_iter().enumerate() {
            let began = Instant::now();
            run(&service, name, TYPICAL);
            match n {
                0 => {}
                1 | 3 => stay.push(began.elapsed()),
                _ => switch.push(began.elapsed()),
            }
        }
    }
    report("12 lines, same preset as before", stay);
    report("12 lines, another preset than before", switch);
}

fn check(n_rounds: usize) {
    let code = format!("{{\n{TYPICAL}}}\n").repeat(100 / TYPICAL.lines().count().max(1));
    let n_lines = code.lines().count();
    let samples = |transpiler: &mut Transpiler| -> Vec<Duration> {
        let once = |_| {
            let began = Instant::now();
            black_box(transpiler.transpile(black_box(&code), Check::Warn).unwrap());
            began.elapsed()
        };
        (0..n_rounds).map(once).collect()
    };
    let before = peak_kib("VmRSS:");
    let _ = fs::write("/proc/self/clear_refs", "5");
    let mut checking = Transpiler::new(SOURCE_BYTES).with_api(preset::DEFAULT.api());
    checking.transpile(&code, Check::Warn).unwrap();
    if let (Some(before), Some(peak)) = (before, peak_kib("VmHWM:")) {
        let n_kib = peak.saturating_sub(before);
        println!("the first check takes {n_kib} KiB at its peak, with tables and transpiling");
    }
    let mut plain = Transpiler::new(SOURCE_BYTES);
    report(&format!("transpile {n_lines} lines"), samples(&mut plain));
    report(&format!("transpile and check {n_lines} lines"), samples(&mut checking));
}

/// Of this process, as the system says.
fn peak_kib(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn search(n_rounds: usize) {
    let api = preset::DEFAULT.api();
    let queries = ["list objects in a bucket", "put object", "lifecycle rule", "zzz"];
    let mut samples = Vec::new();
    for n in 0..n_rounds {
        let began = Instant::now();
        black_box(api.search(black_box(queries[n % queries.len()]), 800));
        samples.push(began.elapsed());
    }
    report("api search", samples);
}

fn report(what: &str, mut samples: Vec<Duration>) {
    samples.sort();
    let at =
        |share: f64| samples[((samples.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    println!("{what}: p50 {:.1} us, p99 {:.1} us", at(0.5), at(0.99));
}
