//! What a snippet can ask of the host: the ops behind the door, and how their
//! arguments and replies look. Ops are plain functions over plain data; none of
//! them ever sees the engine.

pub mod checksum;
pub mod http;
pub mod xml;

use std::borrow::Cow;

use crossbeam_channel::Sender;

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

impl Reply {
    /// The op was called with what it cannot take.
    pub(crate) fn type_error(message: impl Into<String>) -> Reply {
        Reply::Throw { name: "TypeError".to_owned(), message: message.into() }
    }
}

/// Number of an asynchronous op in flight, unique within its run.
pub type CallId = u32;

/// An asynchronous op that is done.
#[derive(Debug)]
pub struct Completion {
    pub call: CallId,
    pub reply: Reply,
}

/// Where an asynchronous op delivers. Belongs to one run: a completion that
/// comes after its run has ended goes nowhere.
#[derive(Clone, Debug)]
pub struct Completions(Sender<Completion>);

impl Completions {
    pub fn new(sender: Sender<Completion>) -> Completions {
        Completions(sender)
    }

    pub fn complete(&self, call: CallId, reply: Reply) {
        // The run may be over; then nobody waits for this.
        let _ = self.0.send(Completion { call, reply });
    }
}
