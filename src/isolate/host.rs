//! What a snippet can ask of the host: the ops behind the door, and how their
//! arguments and replies look. Ops are plain functions over plain data; none of
//! them ever sees the engine.

pub mod calls;
pub mod checksum;
pub(crate) mod clock;
pub(crate) mod compress;
pub(crate) mod console;
pub(crate) mod crypto;
pub mod http;
pub mod intl;
pub(crate) mod random;
pub(crate) mod text;
pub(crate) mod url;
pub mod xml;

use std::{borrow::Cow, time::Instant};

use crossbeam_channel::Sender;

use crate::telemetry::Family;

/// A run's number, unique on its worker; the first is 1.
pub type RunNumber = u64;

/// One argument of an op, as it came through the door. Bytes borrow the
/// isolate's heap: they are valid until the op returns.
#[derive(Debug)]
pub enum Arg<'a> {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
}

/// What an op gives back; becomes an engine value after the op has returned.
#[derive(Debug, PartialEq)]
pub enum Reply {
    Undefined,
    Bool(bool),
    Number(f64),
    Text(String),
    /// Becomes an ArrayBuffer.
    Bytes(Vec<u8>),
    /// Thrown into the snippet (synchronous op) or rejects its promise
    /// (asynchronous op). `name` is an error class that the prelude knows.
    Throw {
        name: String,
        message: String,
    },
}

impl Arg<'_> {
    /// Bytes of it that an op has to copy.
    pub(crate) fn len(&self) -> usize {
        match self {
            Arg::Text(text) => text.len(),
            Arg::Bytes(bytes) => bytes.len(),
            Arg::Undefined | Arg::Null | Arg::Bool(_) | Arg::Number(_) => 0,
        }
    }
}

impl Reply {
    /// The op was called with what it cannot take.
    pub(crate) fn type_error(message: impl Into<String>) -> Reply {
        Reply::throw("TypeError", message)
    }

    /// Throws an error of a class that the engine has or the prelude knows.
    pub(crate) fn throw(name: &str, message: impl Into<String>) -> Reply {
        Reply::Throw { name: name.to_owned(), message: message.into() }
    }

    /// For arguments that the prelude never sends: a bug in it.
    pub(crate) fn bad_args(op: Op) -> Reply {
        Reply::throw("TypeError", format!("the prelude called {op:?} with the wrong arguments"))
    }
}

/// What a snippet can ask for, by number. The prelude's table of the same
/// numbers is `vendor-js/prelude/ops.js`.
///
/// An op that is "a call" works beside the run: it gives back the number of its
/// call at once, and that number's [`Completion`] later. Where it has the reply at
/// hand, and that is no number, it gives the reply itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Op {
    /// `(level, text, units cut)`; a line of the console.
    Log = 1,
    /// Milliseconds since the epoch.
    WallClock = 2,
    /// Milliseconds since the run began.
    Elapsed = 3,
    /// Milliseconds since the epoch at which the run began.
    TimeOrigin = 4,
    /// `(n)`; that many bytes, at most 65,536.
    RandomBytes = 5,
    /// `(delay in ms, repeat)`; the number of the timer. Of the drive loop.
    TimerStart = 6,
    /// `(timer)`. Of the drive loop.
    TimerClear = 7,
    /// `(the engine's stack text)`; the same in the snippet's positions.
    MapStack = 8,
    /// `(text)`; its UTF-8 bytes.
    Utf8Encode = 20,
    /// `(label)`; the encoding's name.
    DecoderName = 21,
    /// `(encoding's name, bytes, fatal)`; text.
    Decode = 22,
    /// `(href, base?)`; the parts of a URL.
    UrlParse = 23,
    /// `(href, part, value)`; the parts of the changed URL.
    UrlSet = 24,
    /// `(encoding's name)`; the number of a decoder that keeps state.
    DecoderOpen = 25,
    /// `(decoder, bytes, last, fatal)`; text.
    DecoderNext = 26,
    /// `(format, unpack)`; the number of a stream.
    FlateOpen = 30,
    /// `(stream, bytes)`; they are worked on by pulls.
    FlatePush = 31,
    /// `(stream, at the end)`; bytes, or nothing before the next push.
    FlatePull = 32,
    /// `(operation, …)`; what Web Crypto gives for it.
    Crypto = 35,
    /// `(operation, …)`; a call: the same, beside the run.
    CryptoCall = 36,
    /// `(index, at, bytes, bytes in all)`; a slice of an argument of the next call
    /// that works beside the run.
    Hold = 37,
    /// `(description, body?)`; a call: the head of the response, as JSON text. The
    /// call's number names the exchange from then on.
    HttpStart = 40,
    /// `(exchange, max)`; bytes that are here, true at the end, nothing when they
    /// have to be waited for.
    HttpTake = 41,
    /// `(exchange, max)`; a call: the next bytes, nothing at the end.
    HttpRead = 42,
    /// `(exchange, bytes)`; a call: done when there is room for more.
    HttpWrite = 43,
    /// `(exchange)`; its request body is complete.
    HttpEnd = 44,
    /// `(exchange)`; it is dropped, and what waits for it is rejected.
    HttpAbort = 45,
    /// `(bytes, bytes in all)`; a slice of the body of the next `HttpStart`.
    HttpHold = 46,
    /// `()`; a call: region and endpoint of the host, as JSON text.
    AwsDefaults = 50,
    /// `(description)`; a call: a presigned URL.
    AwsPresign = 51,
    /// `(description)`; a call: form fields that sign a POST, as JSON text.
    AwsSignPolicy = 52,
    /// `(algorithm, bytes or text)`; a call: the checksum in base64.
    Checksum = 53,
    /// `(text or bytes)`; JSON text of what the SDK's parser makes of XML.
    XmlParse = 54,
    /// `(request, action, value?, other?)`; text, JSON text or a number.
    Intl = 80,
    /// `(action, tag, more?)`; text.
    IntlTag = 81,
    /// `(ms since the epoch)`; the name of the kernel's time zone then.
    ZoneName = 82,
}

impl Op {
    pub(crate) const ALL: [Op; 36] = [
        Op::Log,
        Op::WallClock,
        Op::Elapsed,
        Op::TimeOrigin,
        Op::RandomBytes,
        Op::TimerStart,
        Op::TimerClear,
        Op::MapStack,
        Op::Utf8Encode,
        Op::DecoderName,
        Op::Decode,
        Op::UrlParse,
        Op::UrlSet,
        Op::DecoderOpen,
        Op::DecoderNext,
        Op::FlateOpen,
        Op::FlatePush,
        Op::FlatePull,
        Op::Crypto,
        Op::CryptoCall,
        Op::Hold,
        Op::HttpStart,
        Op::HttpTake,
        Op::HttpRead,
        Op::HttpWrite,
        Op::HttpEnd,
        Op::HttpAbort,
        Op::HttpHold,
        Op::AwsDefaults,
        Op::AwsPresign,
        Op::AwsSignPolicy,
        Op::Checksum,
        Op::XmlParse,
        Op::Intl,
        Op::IntlTag,
        Op::ZoneName,
    ];

    /// What it counts as, in metrics and logs.
    pub(crate) fn family(self) -> Family {
        match self {
            Op::Log => Family::Console,
            Op::WallClock | Op::Elapsed | Op::TimeOrigin => Family::Clock,
            Op::RandomBytes => Family::Random,
            Op::TimerStart | Op::TimerClear => Family::Timer,
            Op::Utf8Encode | Op::DecoderName | Op::Decode | Op::DecoderOpen | Op::DecoderNext => {
                Family::Text
            }
            Op::UrlParse | Op::UrlSet => Family::Url,
            Op::Intl | Op::IntlTag | Op::ZoneName => Family::Intl,
            Op::FlateOpen | Op::FlatePush | Op::FlatePull => Family::Flate,
            Op::Crypto | Op::CryptoCall | Op::Hold => Family::Crypto,
            Op::HttpStart
            | Op::HttpTake
            | Op::HttpRead
            | Op::HttpWrite
            | Op::HttpEnd
            | Op::HttpAbort
            | Op::HttpHold => Family::Http,
            Op::AwsDefaults | Op::AwsPresign | Op::AwsSignPolicy => Family::Aws,
            _ => Family::Other,
        }
    }
}

/// No op has this number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct UnknownOp(pub(crate) u32);

impl TryFrom<u32> for Op {
    type Error = UnknownOp;

    fn try_from(number: u32) -> Result<Op, UnknownOp> {
        Op::ALL.into_iter().find(|op| *op as u32 == number).ok_or(UnknownOp(number))
    }
}

/// Number of an asynchronous op in flight, unique within its run.
pub type CallId = u32;

/// Number of a timer, unique within its run.
pub(crate) type TimerId = u32;

/// An asynchronous op that is done.
#[derive(Debug)]
pub struct Completion {
    pub call: CallId,
    pub reply: Reply,
}

/// What other threads tell a worker.
#[derive(Debug)]
pub enum Mail {
    /// An op of a run is done, at this instant. The run may be over.
    Completed { run: RunNumber, at: Instant, completion: Completion },
    /// A run was stopped while it waited, and is answered; what is left of it can
    /// go.
    Stopped { run: RunNumber },
    /// The queue has something new for this worker: a job, room, or its end.
    Queue,
}

/// Where the asynchronous ops of one run deliver. What is delivered after the
/// run has ended goes nowhere.
#[derive(Clone, Debug)]
pub struct Completions {
    inbox: Sender<Mail>,
    run: RunNumber,
}

impl Completions {
    pub fn new(inbox: Sender<Mail>, run: RunNumber) -> Completions {
        Completions { inbox, run }
    }

    pub fn complete(&self, call: CallId, reply: Reply) {
        let completion = Completion { call, reply };
        let mail = Mail::Completed { run: self.run, at: Instant::now(), completion };
        // The worker may be gone; then nobody waits for this.
        let _ = self.inbox.send(mail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `TimerStart` → `TIMER_START`, as the prelude spells it.
    fn constant_name(op: Op) -> String {
        let mut res = String::new();
        for char in format!("{op:?}").chars() {
            if char.is_uppercase() && !res.is_empty() {
                res.push('_');
            }
            res.extend(char.to_uppercase());
        }
        res
    }

    #[test]
    fn the_prelude_knows_the_same_ops() {
        let prelude: Vec<(String, u32)> = include_str!("../../vendor-js/prelude/ops.js")
            .lines()
            .filter_map(|line| line.strip_prefix("export const "))
            .map(|line| {
                let (name, rest) = line.split_once(" = ").unwrap();
                let (number, _) = rest.split_once(';').unwrap();
                (name.to_owned(), number.parse().unwrap())
            })
            .collect();
        let host: Vec<(String, u32)> =
            Op::ALL.iter().map(|op| (constant_name(*op), *op as u32)).collect();
        assert_eq!(prelude, host);
    }

    #[test]
    fn numbers_lead_back_to_ops() {
        for op in Op::ALL {
            assert_eq!(Op::try_from(op as u32), Ok(op));
        }
        assert_eq!(Op::try_from(0), Err(UnknownOp(0)));
        assert_eq!(Op::try_from(4_000_000_000), Err(UnknownOp(4_000_000_000)));
    }
}
