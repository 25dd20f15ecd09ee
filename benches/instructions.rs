//! Instructions of the hot pieces: the twin of `parts` for machines that are noisy.
//!
//! Valgrind counts them, so that a change of one percent shows where a clock sees
//! nothing; `benches/instructions.txt` is what was counted last. Left out by
//! construction: what the system does, and so most of a rollback, which is one
//! call of it; caches and branches. A figure in seconds comes from `parts`.
//!
//! It wants valgrind, and a runner of the version in `Cargo.lock`; `README.md` has
//! the commands. Neither is there for every test run, hence the feature.
#![expect(clippy::exit, reason = "the macro's `main` ends that way")]

use std::{hint::black_box, sync::Arc};

use gungraun::{library_benchmark, library_benchmark_group, main};
use llm_kernel::{
    aws::Source,
    isolate::{
        Blueprint, Budget, Guard, Isolate, Outcome, Step, Tracking, Uses, Verify,
        host::{
            Completions,
            calls::{Calls, Outside},
            http::Limits,
        },
        preset,
    },
    net::{self, Reactor, Resolver},
    policy::Policy,
    protocol::{Answer, Effects, Id, Message, Ran, Usage},
    transpile::{Check, Program, SOURCE_BYTES, Transpiler},
};

const TYPICAL: &str = include_str!("../tests/snippets/typical.ts");
const INPUT: &str = r#"{"name":"Ada","items":[1,2,3]}"#;
const GREETING: &str = r#"{"id":"7","code":"return { greeting: `hi ${input.name}` };","input":{"name":"Ada"},"timeoutMs":5000}"#;
/// About 50 KB of JSON text.
const LARGE: &str = "return Array.from({ length: 1000 }, (_, i) => ({ id: i, name: 'name ' + i, tags: ['a', 'b'] }));";

/// A transpiler whose memory is warm.
fn transpiler() -> Transpiler {
    let mut res = Transpiler::new(SOURCE_BYTES).with_api(preset::DEFAULT.api());
    for _ in 0..3 {
        res.transpile(TYPICAL, Check::Warn).unwrap();
    }
    res
}

#[library_benchmark]
#[bench::typical(transpiler())]
fn transpile(mut transpiler: Transpiler) -> (Transpiler, Program) {
    let program = transpiler.transpile(black_box(TYPICAL), Check::Warn).unwrap();
    (transpiler, program)
}

/// An isolate with the default preset that has run before, and its next run.
struct Ready {
    guard: Guard,
    isolate: Isolate,
    next: Option<(Program, Calls)>,
}

fn ready(code: &str) -> Ready {
    let guard = Guard::adopt_thread().unwrap();
    let blueprint = Blueprint {
        preset: *preset::DEFAULT,
        uses: Uses::Many,
        memory_bytes: 64 << 20,
        stack_bytes: 8 << 20,
        tracking: Tracking::Best,
        verify: Verify::Trust,
    };
    let isolate = Isolate::build(&guard, blueprint).unwrap();
    let mut transpiler = transpiler();
    let mut res = Ready { guard, isolate, next: None };
    for _ in 0..4 {
        if res.next.is_some() {
            execute(&mut res);
            res.isolate.restore(&res.guard).unwrap();
        }
        let net = net::Config {
            policy: Policy::default(),
            aws: Source::Fixed { credentials: None, region: None, endpoint: None },
            resolver: Resolver::System,
        };
        let outside = Arc::new(Outside::new(Reactor::on_demand(), net, Limits::default()));
        let (sender, _inbox) = crossbeam_channel::unbounded();
        let calls = Calls::new(outside, Completions::new(sender, 1));
        res.next = Some((transpiler.transpile(code, Check::Warn).unwrap(), calls));
    }
    res
}

fn execute(ready: &mut Ready) -> Box<Outcome> {
    let (program, calls) = ready.next.take().unwrap();
    let budget = Budget { output_bytes: 16 << 20, log_bytes: 1 << 16 };
    ready.guard.begin_run(1);
    let step = ready.isolate.begin(&ready.guard, program, INPUT.to_owned(), &budget, calls);
    ready.guard.end_run();
    let Step::Ended(outcome) = step else { panic!("it waits") };
    // An error is fast; never let one pass for a run.
    assert!(outcome.result.is_ok(), "{outcome:?}");
    outcome
}

#[library_benchmark]
#[bench::nothing(ready("return null;"))]
#[bench::typical(ready(TYPICAL))]
#[bench::large_result(ready(LARGE))]
fn run(mut ready: Ready) -> (Ready, Box<Outcome>) {
    let outcome = execute(black_box(&mut ready));
    (ready, outcome)
}

fn has_run(code: &str) -> Ready {
    let mut res = ready(code);
    execute(&mut res);
    res
}

#[library_benchmark]
#[bench::typical(has_run(TYPICAL))]
fn rollback(mut ready: Ready) -> Ready {
    assert!(ready.isolate.restore(&ready.guard).unwrap().pages_copied > 0);
    ready
}

#[library_benchmark]
fn read_request() -> Message {
    Message::parse(black_box(GREETING).as_bytes()).unwrap()
}

fn answer() -> Answer {
    let outcome = Ok(r#"{"greeting":"hi Ada"}"#.to_owned());
    let usage =
        Usage { transpile_ms: 0.061, run_ms: 0.104, heap_bytes: 51_200, ..Usage::default() };
    let effects = Effects { ran: Ran::Complete, ..Effects::default() };
    let (warnings, logs) = (Vec::new(), Vec::new());
    Answer { id: Some(Id::text("7")), outcome, warnings, logs, usage, effects }
}

#[library_benchmark]
#[bench::greeting(answer())]
fn write_answer(answer: Answer) -> Vec<u8> {
    black_box(answer).into_line()
}

library_benchmark_group!(
    name = hot;
    benchmarks = transpile, run, rollback, read_request, write_answer
);
main!(library_benchmark_groups = hot);
