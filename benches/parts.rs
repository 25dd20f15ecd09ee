//! What the parts of one run cost by themselves, without queue or socket.
//!
//! Criterion measures the transpiler. An isolate is measured by hand, since a run
//! and its rollback alternate: medians of many, in one process, on one thread. That
//! rollbacks stay as they are is measured over a million runs on one worker, which
//! end in every way there is.
//! Numbers to quote come from `cargo bench --bench parts`; with `-- --test`
//! everything runs a few times, so that the benchmarks cannot rot.
#![expect(clippy::print_stdout, reason = "this is where a bench talks")]

use std::{
    env,
    hint::{black_box, spin_loop},
    io,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group};
use llm_kernel::{
    aws::Source,
    isolate::{
        Blueprint, Budget, Guard, Isolate, RunError, Step, Tracking, Uses, Verify,
        host::{
            Completions,
            calls::{Calls, Outside},
            http::Limits,
        },
        preset::{self, Preset},
    },
    net::{self, Reactor, Resolver},
    policy::Policy,
    pool::{self, After, Job, Pool, Reply, Restored},
    telemetry::{self, Metrics, log},
    transpile::{Check, Program, SOURCE_BYTES, Transpiler},
    watchdog::{Ask, Cancellation},
};

/// A typed snippet of 12 lines, as models write them.
const TYPICAL: &str = include_str!("../tests/snippets/typical.ts");

/// What is left of it when nothing is done.
const NOTHING: &str = "return null;";

/// About 50 KB of JSON text, and the same work without it.
const LARGE: &str = "return Array.from({ length: 1000 }, (_, i) => ({ id: i, name: 'name ' + i, tags: ['a', 'b'] }));";
const LARGE_UNSAID: &str = "return Array.from({ length: 1000 }, (_, i) => ({ id: i, name: 'name ' + i, tags: ['a', 'b'] })).length;";

/// A snippet, and whether it ended as it should.
type Case = (&'static str, fn(&Result<String, RunError>) -> bool);

/// What the million is made of: these in turn, 398 times a round, …
const QUICK: [Case; 12] = [
    (NOTHING, Result::is_ok),
    (NOTHING, Result::is_ok),
    (NOTHING, Result::is_ok),
    (NOTHING, Result::is_ok),
    ("return { greeting: `hi ${input.name}` };", Result::is_ok),
    ("return { greeting: `hi ${input.name}` };", Result::is_ok),
    ("return { greeting: `hi ${input.name}` };", Result::is_ok),
    ("globalThis.x = [input]; Array.prototype.y = 1; return x.length;", Result::is_ok),
    ("return Array.from({ length: 100 }, (_, i) => ({ i })).length;", Result::is_ok),
    (TYPICAL, Result::is_ok),
    ("throw new TypeError('x');", |it| matches!(it, Err(RunError::Thrown(_)))),
    ("await new Promise(() => {});", |it| *it == Err(RunError::NeverSettled)),
];
const QUICK_IN_A_ROUND: usize = 398;

/// … one that is killed at its deadline, …
const ENDLESS: [Case; 2] = [
    ("for (;;);", |it| *it == Err(RunError::TimedOut)),
    ("[].sort.call({ length: 4e9 });", |it| *it == Err(RunError::TimedOut)),
];

/// … and one that uses up what it has.
const GREEDY: [Case; 2] = [
    ("const all = []; for (;;) all.push({ all });", |it| {
        matches!(it, Err(RunError::OutOfMemory { .. }))
    }),
    ("const f = () => f() + 1; return f();", |it| {
        matches!(it, Err(RunError::StackOverflow { .. }))
    }),
];

/// Snippet to program, with the memory of a transpiler that is warm. Neither
/// nests, so the stack of the main thread is enough.
fn transpile(c: &mut Criterion) {
    let long = format!("{{\n{TYPICAL}}}\n").repeat(1_000);
    let mut group = c.benchmark_group("transpile");
    for (name, code) in [("typical", TYPICAL), ("long", &long)] {
        group.throughput(Throughput::Bytes(code.len() as u64));
        group.bench_function(name, |b| {
            let mut transpiler = Transpiler::new(SOURCE_BYTES);
            b.iter(|| {
                // A refusal is fast; never let one pass for a program.
                transpiler.transpile(black_box(code), Check::Warn).unwrap()
            });
        });
    }
    group.finish();
}

/// One isolate with what a run needs around it.
struct Bench {
    guard: Guard,
    isolate: Isolate,
    outside: Arc<Outside>,
    transpiler: Transpiler,
}

/// How long one run took, and putting the isolate back.
struct Cost {
    run: Duration,
    rollback: Duration,
    pages: usize,
}

impl Bench {
    fn new(preset: Preset) -> Bench {
        let guard = Guard::adopt_thread().unwrap();
        let isolate = Isolate::build(&guard, blueprint(preset)).unwrap();
        let net = net::Config {
            policy: Policy::default(),
            aws: Source::Fixed { credentials: None, region: None, endpoint: None },
            resolver: Resolver::System,
        };
        let outside = Arc::new(Outside::new(Reactor::on_demand(), net, Limits::default()));
        Bench { guard, isolate, outside, transpiler: Transpiler::new(SOURCE_BYTES) }
    }

    fn run(&mut self, code: &str) -> Cost {
        let program: Program = self.transpiler.transpile(code, Check::Warn).unwrap();
        let (sender, _inbox) = crossbeam_channel::unbounded();
        let calls = Calls::new(Arc::clone(&self.outside), Completions::new(sender, 1));
        let budget = Budget { output_bytes: 16 << 20, log_bytes: 1 << 16 };
        let input = r#"{"name":"Ada","items":[1,2,3]}"#.to_owned();
        self.guard.begin_run(1);
        let began = Instant::now();
        let step = self.isolate.begin(&self.guard, program, input, &budget, calls);
        let ran = Instant::now();
        self.guard.end_run();
        let Step::Ended(outcome) = step else { panic!("it waits") };
        // An error is fast; never let one pass for a run.
        outcome.result.unwrap();
        let restoring = Instant::now();
        let rollback = self.isolate.restore(&self.guard).unwrap();
        let restored = restoring.elapsed();
        Cost { run: ran - began, rollback: restored, pages: rollback.pages_copied }
    }
}

fn blueprint(preset: Preset) -> Blueprint {
    Blueprint {
        preset,
        uses: Uses::Many,
        memory_bytes: 256 << 20,
        stack_bytes: 8 << 20,
        tracking: Tracking::Best,
        verify: Verify::Trust,
    }
}

fn presets() -> [Preset; 2] {
    let mut bare = preset::DEFAULT.without_libraries();
    bare.name = "bare";
    [bare, *preset::DEFAULT]
}

fn isolates(n_runs: usize) {
    for preset in presets() {
        let guard = Guard::adopt_thread().unwrap();
        let builds = (0..n_runs.div_ceil(1000))
            .map(|_| {
                let began = Instant::now();
                black_box(Isolate::build(&guard, blueprint(preset)).unwrap());
                began.elapsed()
            })
            .collect();
        drop(guard);
        report(preset.name, "build", builds);

        let mut bench = Bench::new(preset);
        println!("{}: image of {} KiB", preset.name, bench.isolate.image_bytes() >> 10);
        let cases = [
            ("nothing", NOTHING, n_runs),
            ("12 lines", TYPICAL, n_runs),
            ("1000 objects", LARGE_UNSAID, n_runs.div_ceil(10)),
            ("1000 objects as JSON", LARGE, n_runs.div_ceil(10)),
        ];
        for (name, code, n_runs) in cases {
            let costs: Vec<Cost> = (0..n_runs).map(|_| bench.run(code)).collect();
            report(preset.name, &format!("run of {name}"), costs.iter().map(|it| it.run).collect());
            let rollbacks = costs.iter().map(|it| it.rollback).collect();
            report(preset.name, &format!("rollback of {name}"), rollbacks);
            let pages = costs.iter().map(|it| it.pages).max().unwrap_or(0);
            println!("{}: {pages} pages written by {name}", preset.name);
        }
    }
}

/// `n_rounds` of 400 runs on one worker; compares the first rollbacks of quick runs
/// with the last, and those of one snippet before and after them.
fn mixed_runs(preset: Preset, n_rounds: usize) {
    let name = preset.name;
    let config = pool::Config {
        presets: vec![preset],
        n_workers: 1,
        memory_bytes: 4 << 20,
        cancellation: Cancellation { ask: Ask::Never, grace: Duration::ZERO },
        ..pool::Config::default()
    };
    let pool = Pool::start(config, Reactor::on_demand()).unwrap();
    let (sender, receiver) = mpsc::channel();
    let submit = |(code, is_right): Case, timeout: Duration| {
        let arrived = Instant::now();
        let sender = sender.clone();
        let reply = Box::new(move |reply: Reply| -> After {
            let result = reply.outcome.unwrap().result;
            let is_right = is_right(&result);
            let conclude = Box::new(move |restored: Option<Restored>| {
                sender.send((code, is_right, result, restored)).unwrap();
            });
            After { conclude, ..After::default() }
        });
        let job = Job {
            preset: 0,
            code: code.to_owned(),
            input: r#"{"name":"Ada","items":[1,2,3]}"#.to_owned(),
            deadline: Some((arrived + timeout, timeout)),
            arrived,
            check: Check::Warn,
            reply,
        };
        pool.submit(job).unwrap();
    };
    let restored = || {
        let (code, is_right, result, restored) = receiver.recv().unwrap();
        assert!(is_right, "{result:?}\nsnippet: {code}");
        // None where the deadline had passed before the run began.
        restored.map(|it| it.took)
    };
    // On the worker that has the million behind it, or before it, which never sleeps
    // meanwhile: what waking up costs is not the rollback's.
    let alone = |when: &str| {
        let mut rollbacks = Vec::new();
        for _ in 0..n_rounds.min(50) {
            let cases = || (0..QUICK_IN_A_ROUND).map(|_| (TYPICAL, Result::is_ok as fn(&_) -> _));
            cases().for_each(|case| submit(case, Duration::from_secs(60)));
            rollbacks.extend(cases().filter_map(|_| restored()));
        }
        report(name, &format!("rollback of 12 lines, alone, {when}"), rollbacks);
    };
    alone("before them");
    let began = Instant::now();
    let mut rollbacks = Vec::with_capacity(n_rounds * QUICK_IN_A_ROUND);
    for round in 0..n_rounds {
        let quick = QUICK.into_iter().cycle().take(QUICK_IN_A_ROUND);
        quick.for_each(|case| submit(case, Duration::from_secs(60)));
        rollbacks.extend((0..QUICK_IN_A_ROUND).filter_map(|_| restored()));
        // Alone, since its deadline is near.
        submit(ENDLESS[round % 2], Duration::from_millis(1));
        restored();
        submit(GREEDY[round % 2], Duration::from_secs(60));
        restored();
    }
    let n_runs = n_rounds * (QUICK_IN_A_ROUND + 2);
    println!(
        "{name}: {n_runs} mixed runs in {:.0} s; of 400 in a row, one is killed at its deadline, \
         one uses up memory or stack, 33 throw, 33 never settle, 33 are of 12 lines, the rest return",
        began.elapsed().as_secs_f64()
    );
    let n_shown = 10_000.min(rollbacks.len() / 2);
    let last = rollbacks.split_off(rollbacks.len() - n_shown);
    rollbacks.truncate(n_shown);
    report(name, &format!("rollback, the first {n_shown} of them"), rollbacks);
    report(name, &format!("rollback, the last {n_shown} of them"), last);
    alone("after them");
}

fn report(preset: &str, what: &str, mut samples: Vec<Duration>) {
    samples.sort();
    let at =
        |share: f64| samples[((samples.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    println!("{preset}: {what}: p50 {:.1} us, p99 {:.1} us", at(0.5), at(0.99));
}

/// Between the ends of two runs, in a kernel that is busy: a writer that falls asleep
/// meanwhile would have to be woken.
const BETWEEN_RUNS: Duration = Duration::from_micros(100);

/// What one run costs in metrics, and with its line at `info`. Both happen after the
/// answer; writing the line is another thread's work and left out, handing it over
/// is not. `metrics` is asked after 10,000 runs.
fn telemetry(c: &mut Criterion) {
    let metrics = Metrics::new(&["ok"], vec!["default".to_owned()]);
    let ms = |ms| Some(Duration::from_millis(ms));
    let run = telemetry::Run {
        id: Some("\"a1b2c3\"".to_owned()),
        worker_idx: Some(1),
        queue: Duration::from_micros(7),
        transpile: ms(1),
        run: ms(2),
        wait: ms(3),
        rollback: ms(4),
        pages_copied: 40,
        heap_bytes: 1 << 20,
        ops: [1; telemetry::Family::ALL.len()],
        ..telemetry::Run::default()
    };
    let record = || {
        metrics.answered(black_box(&run));
        metrics.run_over(black_box(&run));
    };
    let mut group = c.benchmark_group("telemetry");
    for _ in 0..10_000 {
        record();
    }
    let gauges = telemetry::Gauges::default();
    group.bench_function("text after 10000 runs", |b| b.iter(|| metrics.text(black_box(&gauges))));
    let mut spaced = |name: &str| {
        group.bench_function(name, |b| {
            b.iter_custom(|n_runs| {
                let mut recording = Duration::ZERO;
                for _ in 0..n_runs {
                    let began = Instant::now();
                    record();
                    recording += began.elapsed();
                    while began.elapsed() < BETWEEN_RUNS {
                        spin_loop();
                    }
                }
                recording
            });
        });
    };
    spaced("metrics");
    for (name, format) in [("json", log::Format::Json), ("pretty", log::Format::Pretty)] {
        let config = log::Config { format, level: log::Level::Info };
        let (lines, _logs) = log::lines(config, io::sink()).unwrap();
        let name = format!("metrics and a {name} line");
        tracing::subscriber::with_default(lines, || spaced(&name));
    }
    group.finish();
}

criterion_group!(benches, transpile, telemetry);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    let is_test = env::args().any(|arg| arg == "--test");
    // A worker blocks signals: on a thread of its own, so that Ctrl-C still works.
    let n_runs = if is_test { 10 } else { 5_000 };
    let worker = thread::Builder::new().stack_size(16 << 20);
    worker.spawn(move || isolates(n_runs)).unwrap().join().unwrap();
    let n_rounds = if is_test { 2 } else { 2_500 };
    presets().into_iter().for_each(|it| mixed_runs(it, n_rounds));
}
