//! Engine, sealed heap, rollback: the only entrance to the engine.
//!
//! An isolate is built once, on the thread that will use it, sealed, and rolled
//! back after every run, so that each run starts pristine with everything loaded.
//! This module puts the parts together; it neither queues, nor transpiles, nor
//! knows what a request is.

mod answer;
mod door;
mod drive;
pub(crate) mod guard;
mod heap;
pub mod host;
pub mod preset;
mod stack;
mod wtf8;

use std::{
    fmt, io,
    time::{Duration, Instant},
};

pub use self::{
    door::Bytecode,
    drive::Run,
    guard::Guard,
    heap::{
        IMAGE_RESERVE as MAX_IMAGE_BYTES, Rollback, Tracking, Verify, give_large_blocks_back,
        keep_pagemap,
    },
};
use self::{
    door::{BuildError as EngineError, Collect, Engine, Turn, Waiting},
    drive::{End, Host},
    guard::Exit,
    heap::{Delta, Heap},
    host::{calls::Calls, clock::Clock, console::Console, http::Effects},
    preset::Preset,
};
use crate::{
    telemetry::Family,
    transpile::{Position, PositionMap, Program},
};

/// Live bytes above the image at which the engine first collects cycles.
const COLLECT_ABOVE: usize = 8 << 20;
/// What the engine's stack may be. Above it the binding's own way of setting it means
/// "no limit"; a recursion that needs more is one that does not end.
pub const MAX_STACK: usize = 16 << 20;
/// Lines of console output that a run may keep.
const MAX_LOG_LINES: usize = 10_000;

/// What an isolate is made from.
#[derive(Clone, Copy, Debug)]
pub struct Blueprint {
    pub preset: Preset,
    pub uses: Uses,
    /// Heap of one run, bytes: the memory limit, by construction.
    pub memory_bytes: usize,
    /// Stack of the engine, bytes: at most [`MAX_STACK`], on a thread that has 2 MiB
    /// more.
    pub stack_bytes: usize,
    pub tracking: Tracking,
    pub verify: Verify,
}

/// How many runs an isolate is built for. The same run gives the same answer in
/// either; only its time differs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Uses {
    /// What each run would do first is done once, and lies in the image.
    #[default]
    Many,
    /// One, or a few: it is done when it is needed, so the first answer comes sooner.
    Few,
}

/// What one run may use, beside the heap that every run of the isolate has.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// JSON text of the result, bytes.
    pub output_bytes: usize,
    /// Captured console output, bytes.
    pub log_bytes: usize,
}

/// An engine with its libraries in a heap that can be rolled back.
///
/// It belongs to the thread that built it: the engine's stack limit is an address
/// and the guard's state is thread-local. Dropping it unmaps the engine as it is.
#[derive(Debug)]
pub struct Isolate {
    engine: Engine,
    /// After the engine: its memory goes last.
    heap: Heap,
    blueprint: Blueprint,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Pristine,
    Used,
    /// A fault in the engine: what it left behind is not rolled back but dropped.
    Broken,
}

/// Why an isolate could not be built. Nothing of it is left.
#[derive(Debug)]
pub enum BuildError {
    /// The system refused memory.
    Memory(io::Error),
    /// A bundle threw while it was evaluated, or does not set its globals.
    Bundle { name: &'static str, position: Option<Position>, message: String },
    /// It took longer than it may.
    TooSlow { bundle: Option<&'static str> },
    /// The image may not be as large.
    TooLarge { bundle: Option<&'static str> },
    /// The engine did not survive the building.
    Engine(String),
}

/// Where a run is after a turn.
#[derive(Debug)]
pub enum Step {
    /// It waits for the host; the isolate holds it until it goes on, is suspended
    /// or given up.
    Waits(Box<Run>),
    Ended(Box<Outcome>),
}

/// What the isolate knows of a run that it does not hold at the moment.
#[derive(Debug)]
pub struct Suspended {
    delta: Delta,
    waiting: Waiting,
}

impl Suspended {
    /// Memory that it takes.
    pub fn n_bytes(&self) -> usize {
        self.delta.n_bytes()
    }
}

/// Why a run stays in its isolate.
#[derive(Debug)]
pub enum SuspendError<E> {
    /// Whoever was asked said no.
    NotNow(E),
    /// The system has no memory for what was allowed.
    Memory { n_bytes: usize },
}

/// What a run left behind, as plain data.
#[derive(Debug)]
pub struct Outcome {
    /// JSON text on success.
    pub result: Result<String, RunError>,
    /// What the snippet printed, in order.
    pub logs: Vec<LogLine>,
    pub usage: Usage,
    /// What the run did outside, also when it has no result.
    pub effects: Effects,
    /// How the run was stopped, if it was.
    pub ring: Option<Ring>,
    pub ran: Ran,
}

/// How far `main` came, whatever became of its result.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ran {
    /// Nothing of the snippet was executed.
    No,
    /// It began, and did not reach its end.
    Partial,
    /// It returned.
    Complete,
}

/// Which ring of cancellation ended a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ring {
    /// The engine saw the request, or the run was only waiting.
    Ask,
    /// The engine was left by a jump.
    Kill,
    /// The same, but only once the host operation was over that the signal fell
    /// into.
    KillAtDoor,
}

/// One captured call of `console.*`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    pub level: Level,
    pub text: String,
}

/// Which console method printed a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    Debug,
    Log,
    Info,
    Warn,
    Error,
    /// Written by the kernel: what was cut, an unhandled rejection.
    Kernel,
}

/// What a run cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    pub transpile: Duration,
    /// In the engine and in what it asked for and did not have to wait for.
    pub run: Duration,
    /// Processor time of transpiling and running.
    pub cpu: Duration,
    /// For timers and calls.
    pub wait: Duration,
    /// Bytes of scratch that the run reached.
    pub heap_bytes: usize,
    /// Pending when `main` settled, and given up.
    pub dropped_timers: u32,
    pub dropped_calls: u32,
    /// Calls of the host, by family.
    pub ops: [u32; Family::ALL.len()],
}

/// Why a run has no result. The isolate serves the next run after each of them.
#[derive(Clone, Debug, PartialEq)]
pub enum RunError {
    /// The engine's compiler refused the program. Nothing ran.
    Syntax { message: String, position: Option<Position> },
    /// The snippet threw, or `main` rejected.
    Thrown(Thrown),
    /// The engine's stack ran out and the snippet did not catch that.
    StackOverflow { thrown: Thrown, limit_bytes: usize },
    /// `main` returned what JSON cannot say.
    NotJson { path: String, message: String, hint: String },
    /// `main` waits for something that cannot happen.
    NeverSettled,
    /// The deadline passed.
    TimedOut,
    /// The client asked, or went away.
    Cancelled,
    /// The kernel is stopping, and its grace is over.
    ShuttingDown,
    /// Scratch is used up.
    OutOfMemory { limit_bytes: usize },
    /// The result is over the output limit.
    TooLarge { message: String },
    /// A fault inside the engine; the isolate is rebuilt.
    EngineCrash { message: String },
    /// A bug in the kernel. Never the snippet's fault.
    Internal(String),
}

/// An exception, described while the engine could still be asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thrown {
    /// Absent when what was thrown is not an Error.
    pub name: Option<String>,
    pub message: String,
    /// Begins with `Name: message`; positions are the snippet's. Causes and
    /// AggregateError members follow, indented.
    pub stack: Option<String>,
    /// Where in the snippet, for the code frame.
    pub position: Option<Position>,
    pub hint: Option<String>,
}

impl Isolate {
    /// Builds an isolate for the calling thread, which `guard` has adopted.
    pub fn build(guard: &Guard, blueprint: Blueprint) -> Result<Isolate, BuildError> {
        let (mut heap, file) =
            Heap::reserve(blueprint.memory_bytes, blueprint.tracking, blueprint.verify)
                .map_err(BuildError::Memory)?;
        let console = Console::new(0, 0);
        let mut host =
            Host::new(Clock::Building, console, PositionMap::default(), usize::MAX, None);
        let Blueprint { preset, uses, stack_bytes, .. } = blueprint;
        assert!(stack_bytes <= MAX_STACK, "a stack is checked where it is chosen");
        let built = Engine::build(guard, &heap, &mut host, preset.bundles, uses, stack_bytes)
            .map_err(BuildError::from)
            .and_then(|mut engine| {
                if uses == Uses::Many {
                    warm_up(&mut engine, guard, &heap, &mut host)?;
                }
                Ok(engine)
            });
        let mut engine = match built {
            // Whatever surfaces then: the end of the time was its cause.
            Err(BuildError::Bundle { name, .. }) if guard.is_stopping() => {
                return Err(BuildError::TooSlow { bundle: Some(name) });
            }
            built => built?,
        };
        let (image, scratch) = (heap.image_bytes(), heap.scratch_bytes());
        let collect = Collect {
            first_at: image + COLLECT_ABOVE.min(scratch / 4),
            at_latest: image + scratch / 4 * 3,
        };
        engine.finish_image(guard, &heap, &mut host, collect, uses)?;
        heap.seal(file).map_err(BuildError::Memory)?;
        Ok(Isolate { engine, heap, blueprint, state: State::Pristine })
    }

    /// Starts a run. Unless it [`Step::Waits`], call [`Isolate::restore`] before the
    /// next one; the answer should be on its way first.
    ///
    /// A run that is stopped ends as [`RunError::TimedOut`]; whoever stopped it
    /// for another reason knows better.
    pub fn begin(
        &mut self,
        guard: &Guard,
        program: Program,
        input: String,
        budget: &Budget,
        calls: Calls,
    ) -> Step {
        assert_eq!(self.state, State::Pristine, "a run starts pristine");
        self.state = State::Used;
        let began = Instant::now();
        let Program { text, positions } = program;
        let console = Console::new(budget.log_bytes, MAX_LOG_LINES);
        let host = Host::new(Clock::start(), console, positions, budget.output_bytes, Some(calls));
        let mut run = Box::new(Run::new(host));
        let end = run.begin(&mut self.engine, guard, &self.heap, &with_nul(text), &with_nul(input));
        self.step(guard, run, end, began)
    }

    /// The next turn of the run that this isolate holds.
    pub fn advance(&mut self, guard: &Guard, mut run: Box<Run>) -> Step {
        assert_eq!(self.state, State::Used, "a run goes on where it is");
        let began = Instant::now();
        let end = run.advance(&mut self.engine, guard, &self.heap);
        self.step(guard, run, end, began)
    }

    /// Takes the waiting run out of the isolate, which is pristine then. `may` is
    /// asked whether its delta may take so many bytes; if not, nothing changes.
    pub fn suspend<E>(
        &mut self,
        may: impl FnOnce(usize) -> Result<(), E>,
    ) -> Result<Suspended, SuspendError<E>> {
        assert_eq!(self.state, State::Used, "a run is suspended from where it is");
        let waiting = self.engine.suspend();
        let delta = self.heap.suspend(may)?;
        self.state = State::Pristine;
        Ok(Suspended { delta, waiting })
    }

    /// Brings a suspended run back. Only one of this very isolate: not even of the
    /// isolate before its last crash.
    pub fn resume(&mut self, suspended: Suspended) {
        assert_eq!(self.state, State::Pristine, "a run comes back to a pristine isolate");
        self.heap.resume(suspended.delta);
        self.engine.resume(suspended.waiting);
        self.state = State::Used;
    }

    fn step(&mut self, guard: &Guard, mut run: Box<Run>, end: Option<End>, began: Instant) -> Step {
        run.worked += began.elapsed();
        run.reached = self.heap.reached();
        match end {
            None => Step::Waits(run),
            Some(end) => Step::Ended(Box::new(self.conclude(guard, *run, end))),
        }
    }

    fn conclude(&mut self, guard: &Guard, run: Run, end: End) -> Outcome {
        let ran = match &end {
            End::Turn(
                Turn::Returned(_) | Turn::Overtaken | Turn::TooLong(_) | Turn::NotJson { .. },
            ) => Ran::Complete,
            End::Turn(Turn::DidNotCompile(_)) => Ran::No,
            _ => Ran::Partial,
        };
        let stopped = guard.is_stopping();
        let ring = match &end {
            End::Left(Exit::Killed) => Some(Ring::Kill),
            End::Left(Exit::KilledAtDoor) => Some(Ring::KillAtDoor),
            _ if stopped => Some(Ring::Ask),
            _ => None,
        };
        let limit_bytes = self.heap.scratch_bytes();
        let refused = self.heap.refused().then_some(limit_bytes);
        // What ended the run is decided by the host's own flags, in this order.
        // The error that surfaces can be forged, caught or swallowed.
        let result = match end {
            End::Left(Exit::Crashed { signal }) => {
                self.state = State::Broken;
                Err(RunError::EngineCrash {
                    message: format!("the engine failed ({})", signal_name(signal)),
                })
            }
            End::Left(Exit::OutOfMemory) => Err(RunError::OutOfMemory { limit_bytes }),
            _ if ring.is_some() => Err(RunError::TimedOut),
            _ if run.host.panicked_op.is_some() => {
                let op = run.host.panicked_op.unwrap_or_default();
                Err(RunError::Internal(format!("host operation {op} failed")))
            }
            End::NeverSettled => Err(RunError::NeverSettled),
            End::Turn(Turn::Returned(json)) => Ok(json),
            End::Turn(Turn::TooLong(n_bytes)) => Err(too_large(n_bytes, run.host.output_bytes)),
            End::Turn(Turn::NotJson { path, message, hint }) => {
                Err(RunError::NotJson { path, message, hint })
            }
            End::Turn(Turn::Threw(described)) => {
                Err(answer::error_of(&described, refused, self.blueprint.stack_bytes))
            }
            End::Turn(Turn::DidNotCompile(described)) => Err(answer::syntax_error(&described)),
            End::Turn(Turn::Waiting | Turn::Overtaken | Turn::Stopped) | End::Left(_) => {
                Err(RunError::Internal("the engine stopped for no reason".to_owned()))
            }
        };
        outcome(run, result, ring, ran)
    }

    /// Whether restoring means building anew.
    pub(crate) fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    /// Makes the isolate pristine again: by rollback, or anew after a crash.
    pub fn restore(&mut self, guard: &Guard) -> Result<Rollback, BuildError> {
        match self.state {
            State::Pristine => Ok(Rollback::default()),
            State::Used => {
                let rollback = self.heap.rollback();
                guard.trim_stack();
                self.state = State::Pristine;
                Ok(rollback)
            }
            State::Broken => {
                *self = Isolate::build(guard, self.blueprint)?;
                Ok(Rollback::default())
            }
        }
    }

    /// Bytes of the sealed image.
    pub fn image_bytes(&self) -> usize {
        self.heap.image_bytes()
    }
}

/// Ends a run that waits, in an isolate or suspended, for a reason of the host's.
/// What it had under way outside goes with it.
pub(crate) fn give_up(run: Box<Run>, error: RunError) -> Outcome {
    let ring = matches!(error, RunError::TimedOut).then_some(Ring::Ask);
    outcome(*run, Err(error), ring, Ran::Partial)
}

fn too_large(n_bytes: usize, limit_bytes: usize) -> RunError {
    let message = format!("the result is {n_bytes} bytes of JSON, over the limit of {limit_bytes}");
    RunError::TooLarge { message }
}

fn outcome(run: Run, result: Result<String, RunError>, ring: Option<Ring>, ran: Ran) -> Outcome {
    let Run { host, worked, reached, .. } = run;
    let usage = Usage {
        run: worked,
        heap_bytes: reached,
        dropped_timers: u32::try_from(host.timers.len()).unwrap_or(u32::MAX),
        dropped_calls: host.calls_in_flight(),
        ops: host.ops,
        ..Usage::default()
    };
    let mut logs = host.console.into_lines();
    if let Some(leftovers) = &host.leftovers {
        logs.extend(answer::leftovers(leftovers));
    }
    let effects = host.calls.as_ref().map(Calls::effects).unwrap_or_default();
    Outcome { result, logs, usage, effects, ring, ran }
}

/// Runs a small program while the image can still grow, so that tables which the
/// first run would enlarge are large already.
fn warm_up(
    engine: &mut Engine,
    guard: &Guard,
    heap: &Heap,
    host: &mut Host,
) -> Result<(), BuildError> {
    let program = with_nul(WARM_UP.to_owned());
    let input = with_nul(r#"{"name":"warm","list":[1,2,3]}"#.to_owned());
    match engine.begin(guard, heap, host, &program, &input) {
        Ok(Turn::Returned(_)) => Ok(()),
        other => Err(BuildError::Engine(format!("the warm-up run ended with {other:?}"))),
    }
}

const WARM_UP: &str = r#""use strict";(async function main(input){
const seen = new Map(), words = `warm up ${input.name}`.split(" ");
for (const word of words) seen.set(word, { word, length: word.length });
class Warm { #count = 0; add(n) { this.#count += n; return this; } get total() { return this.#count; } }
const warm = new Warm();
await Promise.all(input.list.map(async (n) => warm.add(await n)));
console.log("warm %s", "up", { seen, error: new TypeError("warm"), promise: Promise.resolve(1) });
try { JSON.parse("{"); } catch (error) { words.push(error.name, String(error.stack)); }
const { a, ...rest } = { a: 1, b: [..."xy"], c: /w(\w+)/.exec(words[0]) };
return { total: warm.total, rest, words: [...seen.values()].map(({ word }) => word.toUpperCase()).sort() };
})"#;

/// The engine's parsers look at the byte behind the text.
fn with_nul(text: String) -> Vec<u8> {
    let mut bytes = text.into_bytes();
    bytes.push(0);
    bytes
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGILL => "SIGILL",
        libc::SIGABRT => "SIGABRT",
        _ => "unknown signal",
    }
}

impl Outcome {
    /// Of a run that never began.
    pub(crate) fn failed(error: RunError) -> Outcome {
        Outcome {
            result: Err(error),
            logs: Vec::new(),
            usage: Usage::default(),
            effects: Effects::default(),
            ring: None,
            ran: Ran::No,
        }
    }
}

impl From<EngineError> for BuildError {
    fn from(err: EngineError) -> BuildError {
        match err {
            EngineError::Bundle { name, message, stack } => {
                let position = stack::line_in(&stack, preset::FILE_PREFIX);
                BuildError::Bundle { name, position, message }
            }
            EngineError::Left { exit: Exit::Killed | Exit::KilledAtDoor, bundle } => {
                BuildError::TooSlow { bundle }
            }
            EngineError::Left { exit: Exit::OutOfMemory, bundle } => {
                BuildError::TooLarge { bundle }
            }
            EngineError::Left { exit, bundle } => {
                let bundle = bundle.map(|it| format!(" in {it}")).unwrap_or_default();
                BuildError::Engine(format!("building ended with {exit:?}{bundle}"))
            }
            EngineError::Engine(message) => BuildError::Engine(message.to_owned()),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Memory(err) => write!(f, "no memory for an isolate: {err}"),
            BuildError::Bundle { name, position: None, message } => write!(f, "{name}: {message}"),
            BuildError::Bundle { name, position: Some(Position { line, column }), message } => {
                write!(f, "{name}:{line}:{column}: {message}")
            }
            BuildError::TooSlow { bundle } => {
                write!(f, "{}: it does not end in time", bundle.unwrap_or("image"))
            }
            BuildError::TooLarge { bundle } => {
                let bundle = bundle.unwrap_or("image");
                write!(
                    f,
                    "{bundle}: the image may not be larger than {} MiB",
                    MAX_IMAGE_BYTES >> 20
                )
            }
            BuildError::Engine(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BuildError::Memory(err) => Some(err),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        aws::Source,
        isolate::host::{Completions, calls::Outside, http::Limits},
        net::{self, Reactor, Resolver},
        policy::Policy,
    };

    fn blueprint(tracking: Tracking) -> Blueprint {
        Blueprint {
            preset: *preset::DEFAULT,
            uses: Uses::Many,
            memory_bytes: 64 << 20,
            stack_bytes: 8 << 20,
            tracking,
            verify: Verify::EachRollback,
        }
    }

    const BUDGET: Budget = Budget { output_bytes: 1 << 20, log_bytes: 1 << 16 };

    /// Begins the body of `main` as it stands, without the transpiler.
    pub(super) fn begin(isolate: &mut Isolate, guard: &Guard, body: &str, input: String) -> Step {
        let text = format!("\"use strict\";0,async function main(input){{\n{body}\n}}");
        begin_program(isolate, guard, Program { text, positions: PositionMap::default() }, input)
    }

    fn begin_program(
        isolate: &mut Isolate,
        guard: &Guard,
        program: Program,
        input: String,
    ) -> Step {
        let (sender, _inbox) = crossbeam_channel::unbounded();
        let net = net::Config {
            policy: Policy::default(),
            aws: Source::Fixed { credentials: None, region: None, endpoint: None },
            resolver: Resolver::System,
        };
        let outside = Outside::new(Reactor::on_demand(), net, Limits::default());
        let calls = Calls::new(Arc::new(outside), Completions::new(sender, 1));
        guard.begin_run(1);
        let step = isolate.begin(guard, program, input, &BUDGET, calls);
        guard.end_run();
        step
    }

    impl Isolate {
        pub(super) fn heap_mut(&mut self) -> &mut Heap {
            &mut self.heap
        }
    }

    pub(super) fn run(isolate: &mut Isolate, guard: &Guard, body: &str) -> Outcome {
        let outcome = run_only(isolate, guard, body);
        isolate.restore(guard).unwrap();
        outcome
    }

    /// Does not roll back.
    pub(super) fn run_only(isolate: &mut Isolate, guard: &Guard, body: &str) -> Outcome {
        let step = begin(isolate, guard, body, r#"{"name":"Ada"}"#.to_owned());
        let Step::Ended(outcome) = step else { panic!("it waits") };
        *outcome
    }

    /// The op is that which looks up where an error was made.
    #[cfg(debug_assertions)]
    #[test]
    fn a_panic_in_a_host_operation_ends_its_run_and_no_other() {
        let guard = Guard::adopt_thread().unwrap();
        let mut isolate = Isolate::build(&guard, blueprint(Tracking::Best)).unwrap();
        let body = "try { return new Error('no').stack; } catch { return 1; }";
        let text = format!("\"use strict\";0,async function main(input){{\n{body}\n}}");
        let program = Program { text, positions: PositionMap::faulty() };
        let Step::Ended(outcome) = begin_program(&mut isolate, &guard, program, "1".to_owned())
        else {
            panic!("it waits")
        };
        let op = crate::isolate::host::Op::MapStack as u32;
        let message = format!("host operation {op} failed");
        assert_eq!(outcome.result, Err(RunError::Internal(message)));
        isolate.restore(&guard).unwrap();
        let outcome = run(&mut isolate, &guard, "return input.name;");
        assert_eq!(outcome.result, Ok("\"Ada\"".to_owned()));
    }

    /// Every run is suspended in the middle of each of its three awaits, while all
    /// the others are, and brought back in the opposite order each time.
    fn check_crowd(n_runs: usize, verify: Verify) {
        let guard = Guard::adopt_thread().unwrap();
        let blueprint = Blueprint { verify, ..blueprint(Tracking::Best) };
        let mut isolate = Isolate::build(&guard, blueprint).unwrap();
        let body = "const sleep = () => new Promise((go) => setTimeout(go, 1));
            const s3 = new AwsS3.S3Client({ region: `r${input}` });
            const random = Math.random(), seen = new Map();
            globalThis.mine = input;
            for (let round = 0; round < 3; round++) {
                await sleep();
                seen.set(`${input}.${round}`, { at: [mine, round] });
                mine += 1000;
            }
            return [await s3.config.region(), random, [...seen.values()].map((it) => it.at)];";
        let mut waiting: Vec<_> = (0..n_runs)
            .map(|n| {
                let Step::Waits(run) = begin(&mut isolate, &guard, body, n.to_string()) else {
                    panic!("it does not wait")
                };
                (n, run, isolate.suspend(|_| Ok::<_, ()>(())).unwrap())
            })
            .collect();
        let mut results = Vec::new();
        for _ in 0..3 {
            for (n, run, suspended) in std::mem::take(&mut waiting).into_iter().rev() {
                std::thread::sleep(run.ready_at().unwrap().duration_since(Instant::now()));
                isolate.resume(suspended);
                guard.begin_run(1);
                let step = isolate.advance(&guard, run);
                guard.end_run();
                match step {
                    Step::Waits(run) => {
                        waiting.push((n, run, isolate.suspend(|_| Ok::<_, ()>(())).unwrap()));
                    }
                    Step::Ended(outcome) => {
                        results.push((n, outcome.result.unwrap()));
                        isolate.restore(&guard).unwrap();
                    }
                }
            }
        }
        let mut randoms = std::collections::BTreeSet::new();
        for (n, result) in &results {
            let result: (String, f64, [(usize, usize); 3]) = serde_json::from_str(result).unwrap();
            let seen = [(*n, 0), (n + 1000, 1), (n + 2000, 2)];
            assert_eq!((result.0, result.2), (format!("r{n}"), seen));
            randoms.insert(result.1.to_bits());
        }
        assert_eq!((results.len(), randoms.len()), (n_runs, n_runs));
        let outcome = run(&mut isolate, &guard, "return typeof mine;");
        assert_eq!(outcome.result, Ok("\"undefined\"".to_owned()));
    }

    #[test]
    fn a_thousand_suspended_runs_come_back_as_they_were() {
        check_crowd(1000, Verify::Trust);
    }

    #[test]
    fn suspended_runs_leave_no_byte_in_the_isolate() {
        check_crowd(50, Verify::EachRollback);
    }

    #[test]
    fn runs_are_pristine_with_every_tracking() {
        for tracking in [
            Tracking::Userfault,
            Tracking::Scan,
            Tracking::Pagemap,
            Tracking::Whole,
            Tracking::Best,
        ] {
            let guard = Guard::adopt_thread().unwrap();
            let mut isolate = Isolate::build(&guard, blueprint(tracking)).unwrap();
            for _ in 0..50 {
                let body = "globalThis.n = (globalThis.n ?? 0) + 1; Array.prototype.x = 1;
                    const big = []; for (let i = 0; i < 1000; i++) big.push({ i });
                    return { greeting: `hi ${input.name}`, n };";
                let outcome = run(&mut isolate, &guard, body);
                assert_eq!(outcome.result, Ok(r#"{"greeting":"hi Ada","n":1}"#.to_owned()));
            }
        }
    }

    #[test]
    fn garbage_in_cycles_is_collected_and_that_touches_few_pages_of_the_image() {
        let guard = Guard::adopt_thread().unwrap();
        let mut isolate = Isolate::build(&guard, blueprint(Tracking::Best)).unwrap();
        let pages = |isolate: &mut Isolate, body: &str| {
            let outcome = run_only(isolate, &guard, body);
            assert_eq!(outcome.result, Ok("1".to_owned()), "{body}");
            isolate.restore(&guard).unwrap().pages_copied
        };
        pages(&mut isolate, "return 1;");
        let without = pages(&mut isolate, "return 1;");
        // Five times the memory there is, in blocks whose size the collector must
        // know to start at all.
        let large = "for (let i = 0; i < 5000; i++) { const a = { b: new ArrayBuffer(65536) }; a.a = a; } return 1;";
        let small = "for (let i = 0; i < 1e6; i++) { const a = { i }; a.a = a; } return 1;";
        for body in [large, small] {
            let with = pages(&mut isolate, body);
            assert!(with < without + 100, "{with} pages instead of {without}: {body}");
        }
    }

    /// The engine's limit is an address, the stack's depth another at each entry.
    #[test]
    fn recursion_has_the_same_room_wherever_a_run_begins() {
        #[inline(never)]
        fn deeper(isolate: &mut Isolate, guard: &Guard, n_levels: usize) -> Outcome {
            let frame = std::hint::black_box([n_levels as u8; 8 << 10]);
            let outcome = match n_levels {
                0 => {
                    let body = "const f = (n) => n === 0 ? 0 : 1 + f(n - 1); return f(9500);";
                    run(isolate, guard, body)
                }
                _ => deeper(isolate, guard, n_levels - 1),
            };
            std::hint::black_box(frame);
            outcome
        }
        let worker = std::thread::Builder::new().stack_size(24 << 20);
        let worked = worker.spawn(|| {
            let guard = Guard::adopt_thread().unwrap();
            let mut isolate = Isolate::build(&guard, blueprint(Tracking::Best)).unwrap();
            for n_levels in [0, 100, 200] {
                let outcome = deeper(&mut isolate, &guard, n_levels);
                assert_eq!(outcome.result, Ok("9500".to_owned()), "{n_levels} levels");
            }
        });
        worked.unwrap().join().unwrap();
    }
}
