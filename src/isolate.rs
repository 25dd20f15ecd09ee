//! Engine, sealed heap, rollback: the only entrance to the engine.

pub mod host;

use std::time::Duration;

use crate::transpile::Position;

/// What a run left behind, as plain data.
#[derive(Debug)]
pub struct Outcome {
    /// JSON text on success.
    pub result: Result<String, RunError>,
    /// What the snippet printed, in order.
    pub logs: Vec<LogLine>,
    pub usage: Usage,
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
    /// Most bytes of heap in use above the image.
    pub heap_bytes: usize,
    /// Pending when `main` settled, and given up.
    pub dropped_timers: u32,
    pub dropped_calls: u32,
}

/// Why a run has no result.
#[derive(Clone, Debug, PartialEq)]
pub enum RunError {
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
    /// Scratch is used up.
    OutOfMemory { limit_bytes: usize },
    /// The result is over the output limit.
    TooLarge { message: String },
    /// A fault inside the engine; the isolate was rebuilt.
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
