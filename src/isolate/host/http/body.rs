//! Request bodies: one piece, or a stream that the snippet feeds.
//!
//! The stream holds a bounded number of bytes; a write beyond that is completed
//! only when the connection has taken some. Nothing here touches a socket.

use std::{
    collections::VecDeque,
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use parking_lot::Mutex;

use super::{
    super::{
        CallId, Completions, Reply,
        checksum::{Algorithm, Hasher},
    },
    Held,
};
use crate::net::NetError;

/// Bytes that wait for the connection before writes are held back.
const HIGH_WATER: usize = 256 << 10;
/// S3 refuses smaller chunks, except for the last one.
const MIN_AWS_CHUNK: usize = 8 << 10;

/// The body of a request on its way out.
pub(crate) enum OutgoingBody {
    Full {
        bytes: Option<Bytes>,
        #[expect(dead_code, reason = "gives the run's budget back when the body is dropped")]
        held: Option<Held>,
    },
    Stream(Box<StreamBody>),
}

/// The snippet's end of a streamed body.
pub(crate) struct Upload {
    completions: Completions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Bytes>,
    n_bytes: usize,
    /// What may still be written, when the length was announced.
    room: Option<u64>,
    /// Writes that wait for the connection.
    parked: VecDeque<(CallId, Bytes)>,
    phase: Phase,
    waker: Option<Waker>,
}

#[derive(Default, PartialEq)]
enum Phase {
    #[default]
    Open,
    Ended,
    /// The connection wants no more of it.
    Gone,
}

/// The connection's end of a streamed body.
pub(crate) struct StreamBody {
    upload: Arc<Upload>,
    /// What is still missing from the announced length.
    remaining: Option<u64>,
    /// `aws-chunked`, with this checksum in the trailer.
    trailer: Option<Trailer>,
    is_done: bool,
}

struct Trailer {
    algorithm: Algorithm,
    hasher: Option<Hasher>,
}

impl OutgoingBody {
    pub(crate) fn empty() -> OutgoingBody {
        OutgoingBody::Full { bytes: None, held: None }
    }

    pub(super) fn full(bytes: Bytes, held: Held) -> OutgoingBody {
        OutgoingBody::Full { bytes: (!bytes.is_empty()).then_some(bytes), held: Some(held) }
    }
}

impl Upload {
    pub(super) fn new(completions: Completions) -> Arc<Upload> {
        Arc::new(Upload { completions, state: Mutex::default() })
    }

    /// The other end; to be made once. Dropping it lets every write through.
    pub(super) fn body(self: Arc<Upload>, length: Option<u64>) -> Box<StreamBody> {
        self.state.lock().room = length;
        Box::new(StreamBody { upload: self, remaining: length, trailer: None, is_done: false })
    }

    /// Refuses what would not fit the announced length: the connection would
    /// cut it off and nobody would notice.
    pub(super) fn write(&self, call: CallId, bytes: Bytes) -> Result<(), NetError> {
        let mut state = self.state.lock();
        if let Some(room) = &mut state.room {
            *room = room.checked_sub(bytes.len() as u64).ok_or_else(|| {
                NetError::Invalid("the request body is longer than its announced length".to_owned())
            })?;
        }
        if state.phase != Phase::Open || bytes.is_empty() {
            self.completions.complete(call, Reply::Undefined);
        } else if state.n_bytes < HIGH_WATER {
            state.push(bytes);
            self.completions.complete(call, Reply::Undefined);
        } else {
            state.parked.push_back((call, bytes));
        }
        state.wake();
        Ok(())
    }

    pub(super) fn end(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Ended;
        }
        state.wake();
    }

    /// Moves parked writes into the room that was made.
    fn unpark(&self, state: &mut State) {
        while state.n_bytes < HIGH_WATER
            && let Some((call, bytes)) = state.parked.pop_front()
        {
            state.push(bytes);
            self.completions.complete(call, Reply::Undefined);
        }
    }
}

impl State {
    fn push(&mut self, bytes: Bytes) {
        self.n_bytes += bytes.len();
        self.queue.push_back(bytes);
    }

    fn pop(&mut self) -> Option<Bytes> {
        let bytes = self.queue.pop_front()?;
        self.n_bytes -= bytes.len();
        Some(bytes)
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn is_ended(&self) -> bool {
        self.phase != Phase::Open && self.queue.is_empty() && self.parked.is_empty()
    }
}

impl StreamBody {
    /// Sends the body as `aws-chunked`, with its checksum behind it.
    pub(super) fn set_trailer(&mut self, algorithm: Algorithm) {
        self.trailer = Some(Trailer { algorithm, hasher: Some(Hasher::new(algorithm)) });
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.remaining
    }

    /// The next bytes as the snippet wrote them; `Ready(None)` at the end.
    fn poll_raw(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut state = self.upload.state.lock();
        let enough = if self.trailer.is_some() { MIN_AWS_CHUNK } else { 1 };
        let all_here = state.phase != Phase::Open && state.parked.is_empty();
        if state.n_bytes < enough && !all_here {
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut bytes = state.pop();
        if self.trailer.is_some()
            && let Some(first) = bytes.as_ref().filter(|it| it.len() < MIN_AWS_CHUNK)
        {
            let mut joined = BytesMut::from(&first[..]);
            while joined.len() < MIN_AWS_CHUNK
                && let Some(next) = state.pop()
            {
                joined.extend_from_slice(&next);
            }
            bytes = Some(joined.freeze());
        }
        self.upload.unpark(&mut state);
        Poll::Ready(bytes)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.is_done {
            return Poll::Ready(None);
        }
        let Poll::Ready(bytes) = self.poll_raw(cx) else { return Poll::Pending };
        if let Some(remaining) = &mut self.remaining {
            if bytes.is_none() && *remaining > 0 {
                self.is_done = true;
                let message = "the request body is shorter than its announced length";
                return Poll::Ready(Some(Err(io::Error::other(message))));
            }
            *remaining -= bytes.as_ref().map_or(0, Bytes::len) as u64;
        }
        let framed = match (&mut self.trailer, bytes) {
            (None, bytes) => bytes,
            (Some(trailer), Some(bytes)) => Some(trailer.chunk(&bytes)),
            (Some(trailer), None) => trailer.finish(),
        };
        self.is_done = framed.is_none();
        Poll::Ready(framed.map(Ok))
    }
}

impl Trailer {
    fn chunk(&mut self, bytes: &[u8]) -> Bytes {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        let mut res = BytesMut::with_capacity(bytes.len() + 16);
        res.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
        res.extend_from_slice(bytes);
        res.extend_from_slice(b"\r\n");
        res.freeze()
    }

    /// The last chunk and the trailer, once.
    fn finish(&mut self) -> Option<Bytes> {
        let value = self.hasher.take()?.finish();
        Some(format!("0\r\n{}:{value}\r\n\r\n", self.algorithm.header()).into())
    }
}

impl Drop for StreamBody {
    /// The connection is done with the body: whoever still writes must not wait.
    fn drop(&mut self) {
        let mut state = self.upload.state.lock();
        state.phase = Phase::Gone;
        state.queue.clear();
        state.n_bytes = 0;
        for (call, _) in std::mem::take(&mut state.parked) {
            self.upload.completions.complete(call, Reply::Undefined);
        }
    }
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            OutgoingBody::Full { bytes, .. } => {
                Poll::Ready(bytes.take().map(|it| Ok(Frame::data(it))))
            }
            OutgoingBody::Stream(body) => {
                body.poll_next(cx).map(|it| it.map(|it| it.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            OutgoingBody::Full { bytes, .. } => bytes.is_none(),
            OutgoingBody::Stream(body) => match (&body.trailer, body.remaining) {
                (Some(_), _) => body.is_done,
                // A body that ended too early must be polled to say so.
                (None, Some(remaining)) => remaining == 0,
                (None, None) => body.upload.state.lock().is_ended(),
            },
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            OutgoingBody::Full { bytes, .. } => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
            OutgoingBody::Stream(body) => match (body.remaining, &body.trailer) {
                (Some(n_bytes), None) => SizeHint::with_exact(n_bytes),
                _ => SizeHint::default(),
            },
        }
    }
}

impl fmt::Debug for OutgoingBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OutgoingBody")
    }
}
