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

use std::{
    fmt, io,
    time::{Duration, Instant},
};

use crossbeam_channel::Receiver;

pub(crate) use self::door::ENGINE_STACK;
pub use self::{
    door::Bytecode,
    heap::{Rollback, Tracking, Verify},
};
use self::{
    door::{BuildError as EngineError, Collect, Engine, Turn},
    drive::{End, Host, drive},
    guard::{Exit, Guard},
    heap::Heap,
    host::{Event, calls::Calls, clock::Clock, console::Console, http::Effects},
    preset::Preset,
};
use crate::transpile::{Position, PositionMap, Program};

/// Live bytes above the image at which the engine first collects cycles.
const COLLECT_ABOVE: usize = 8 << 20;
/// Lines of console output that a run may keep.
const MAX_LOG_LINES: usize = 10_000;

/// What an isolate is made from.
#[derive(Clone, Copy, Debug)]
pub struct Blueprint {
    pub preset: Preset,
    /// Heap of one run, bytes: the memory limit, by construction.
    pub memory_bytes: usize,
    pub tracking: Tracking,
    pub verify: Verify,
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
    /// A bundle threw while it was evaluated.
    Bundle { name: String, message: String },
    /// The engine did not survive the building.
    Engine(String),
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
    pub run: Duration,
    /// Bytes of scratch that the run reached.
    pub heap_bytes: usize,
    /// Pending when `main` settled, and given up.
    pub dropped_timers: u32,
    pub dropped_calls: u32,
}

/// Why a run has no result. The isolate serves the next run after each of them.
#[derive(Clone, Debug, PartialEq)]
pub enum RunError {
    /// The engine's compiler refused the program. Nothing ran.
    Syntax { message: String, position: Option<Position> },
    /// The snippet threw, or `main` rejected.
    Thrown(Thrown),
    /// The engine's stack ran out and the snippet did not catch that.
    StackOverflow(Thrown),
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
    pub(crate) fn build(guard: &Guard, blueprint: Blueprint) -> Result<Isolate, BuildError> {
        let (mut heap, file) =
            Heap::reserve(blueprint.memory_bytes, blueprint.tracking, blueprint.verify)
                .map_err(BuildError::Memory)?;
        let console = Console::new(0, 0);
        let mut host = Host::new(Clock::Building, console, PositionMap::default(), None);
        let mut engine = Engine::build(guard, &heap, &mut host, blueprint.preset.bundles)?;
        warm_up(&mut engine, guard, &heap, &mut host)?;
        let (image, scratch) = (heap.image_bytes(), heap.scratch_bytes());
        let collect = Collect {
            first_at: image + COLLECT_ABOVE.min(scratch / 4),
            at_latest: image + scratch / 4 * 3,
        };
        engine.finish_image(guard, &heap, &mut host, collect)?;
        heap.seal(file).map_err(BuildError::Memory)?;
        Ok(Isolate { engine, heap, blueprint, state: State::Pristine })
    }

    /// Runs a program. Call [`Isolate::restore`] before the next one; the answer
    /// should be on its way first.
    ///
    /// A run that is stopped ends as [`RunError::TimedOut`]; whoever stopped it
    /// for another reason knows better.
    pub(crate) fn run(
        &mut self,
        guard: &Guard,
        program: Program,
        input: String,
        budget: &Budget,
        calls: Calls,
        events: &Receiver<Event>,
    ) -> Outcome {
        assert_eq!(self.state, State::Pristine, "a run starts pristine");
        self.state = State::Used;
        let began = Instant::now();
        let Program { text, positions } = program;
        let console = Console::new(budget.log_bytes, MAX_LOG_LINES);
        let mut host = Host::new(Clock::start(), console, positions, Some(calls));
        let end = drive(
            &mut self.engine,
            guard,
            &self.heap,
            &mut host,
            events,
            &with_nul(text),
            &with_nul(input),
        );

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
            _ if host.panicked_op.is_some() => {
                let op = host.panicked_op.unwrap_or_default();
                Err(RunError::Internal(format!("host operation {op} failed")))
            }
            End::NeverSettled => Err(RunError::NeverSettled),
            End::Turn(Turn::Returned(json)) if json.len() > budget.output_bytes => {
                Err(RunError::TooLarge {
                    message: format!(
                        "the result is {} bytes of JSON, over the limit of {}",
                        json.len(),
                        budget.output_bytes
                    ),
                })
            }
            End::Turn(Turn::Returned(json)) => Ok(json),
            End::Turn(Turn::NotJson { path, message, hint }) => {
                Err(RunError::NotJson { path, message, hint })
            }
            End::Turn(Turn::Threw(described)) => Err(answer::error_of(&described, refused)),
            End::Turn(Turn::DidNotCompile(described)) => Err(answer::syntax_error(&described)),
            End::Turn(Turn::Waiting | Turn::Stopped) | End::Left(_) => {
                Err(RunError::Internal("the engine stopped for no reason".to_owned()))
            }
        };
        let usage = Usage {
            transpile: Duration::ZERO,
            run: began.elapsed(),
            heap_bytes: self.heap.reached(),
            dropped_timers: u32::try_from(host.timers.len()).unwrap_or(u32::MAX),
            dropped_calls: host.calls_in_flight(),
        };
        let mut logs = host.console.into_lines();
        if let Some(leftovers) = &host.leftovers {
            logs.extend(answer::leftovers(leftovers));
        }
        let effects = host.calls.as_ref().map(Calls::effects).unwrap_or_default();
        Outcome { result, logs, usage, effects, ring }
    }

    /// Makes the isolate pristine again: by rollback, or anew after a crash.
    pub(crate) fn restore(&mut self, guard: &Guard) -> Result<Rollback, BuildError> {
        match self.state {
            State::Pristine => Ok(Rollback::default()),
            State::Used => {
                let rollback = self.heap.rollback();
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

impl From<EngineError> for BuildError {
    fn from(err: EngineError) -> BuildError {
        match err {
            EngineError::Bundle { name, message } => BuildError::Bundle { name, message },
            EngineError::Left(exit) => BuildError::Engine(format!("building ended with {exit:?}")),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Memory(err) => write!(f, "no memory for an isolate: {err}"),
            BuildError::Bundle { name, message } => {
                write!(f, "bundle {name} does not load: {message}")
            }
            BuildError::Engine(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BuildError::Memory(err) => Some(err),
            BuildError::Bundle { .. } | BuildError::Engine(_) => None,
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
            preset: preset::DEFAULT,
            memory_bytes: 64 << 20,
            tracking,
            verify: Verify::EachRollback,
        }
    }

    const BUDGET: Budget = Budget { output_bytes: 1 << 20, log_bytes: 1 << 16 };

    /// Runs the body of `main` as it stands, without the transpiler.
    fn run(isolate: &mut Isolate, guard: &Guard, body: &str) -> Outcome {
        let text = format!("\"use strict\";(async function main(input){{\n{body}\n}})");
        let program = Program { text, positions: PositionMap::default() };
        let (sender, events) = crossbeam_channel::unbounded();
        let net = net::Config {
            policy: Policy::default(),
            aws: Source::Fixed { credentials: None, region: None, endpoint: None },
            resolver: Resolver::System,
        };
        let outside = Outside::new(Reactor::on_demand(), net, Limits::default());
        let calls = Calls::new(Arc::new(outside), Completions::new(sender));
        guard.begin_run(1);
        let input = r#"{"name":"Ada"}"#.to_owned();
        let outcome = isolate.run(guard, program, input, &BUDGET, calls, &events);
        guard.end_run();
        isolate.restore(guard).unwrap();
        outcome
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
}
