//! One client: its lines, its requests in flight, its answers.
//!
//! Answers are made on the workers' threads and leave through the [`Outbox`]; every
//! line that is read takes a permit which is given back when its answer is sent,
//! and that alone bounds what a client can have going.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{Shutdown, shutdown},
};
use tokio::{
    io::{Interest, Ready},
    net::{TcpStream, UnixStream},
    select,
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    task::{spawn_blocking, yield_now},
    time::{sleep, timeout, timeout_at},
};

use super::{
    Phase, Shared,
    held::{Held, NoRoom},
    lines::{Line, LineBuffer, READ_BYTES},
    outbox::Outbox,
};
use crate::{
    pool::Ticket,
    protocol::{
        Answer, Control, Failure, FailureKind, Id, Message, Refusal, Request, Severity,
        control_line, text_member,
    },
    telemetry::{self, Metrics, Peer},
};

/// How long a connection that is not being read waits before it is watched for
/// whether anybody is still there; most waits are over by then.
const HANGUP_PATIENCE: Duration = Duration::from_millis(10);
/// A line from which parsing it would keep other clients waiting: it is done beside
/// this thread, and its own connection reads on afterwards.
const LARGE_LINE: usize = 256 << 10;
/// What a connection may parse on this thread before others have their turn.
const TURN_BYTES: usize = 64 << 10;
/// How long a client may take none of the bytes that are meant for it.
pub(super) const STALL: Duration = Duration::from_secs(30);
/// What somebody who has shown no token may send, and how long that may take.
const STRANGER_LINE: usize = 4_096;
const STRANGER_PATIENCE: Duration = Duration::from_secs(10);
/// What a kernel that has stopped gives a client whose lines may be on their way.
const LAST_LOOK: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    async fn readable(&self) -> io::Result<()> {
        match self {
            Stream::Unix(it) => it.readable().await,
            Stream::Tcp(it) => it.readable().await,
        }
    }

    fn try_read_buf(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Stream::Unix(it) => it.try_read_buf(buffer),
            Stream::Tcp(it) => it.try_read_buf(buffer),
        }
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(it) => it.try_write(bytes),
            Stream::Tcp(it) => it.try_write(bytes),
        }
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        match self {
            Stream::Unix(it) => it.writable().await,
            Stream::Tcp(it) => it.writable().await,
        }
    }

    pub(super) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.try_write(bytes) {
                Ok(n) => bytes = &bytes[n..],
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                    timeout(STALL, self.writable()).await??;
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Unix(it) => it.as_fd(),
            Stream::Tcp(it) => it.as_fd(),
        }
    }

    /// Both ways.
    pub(super) fn shut_down(&self) {
        // It fails when the other end was quicker.
        let _ = shutdown(self.fd(), Shutdown::Both);
    }

    /// Whether the other end is closed both ways. A half-close is none, and TCP
    /// cannot tell the two apart until it is spoken to.
    fn is_hung_up(&self) -> bool {
        let mut fds = [PollFd::from_borrowed_fd(self.fd(), PollFlags::empty())];
        // Asks for nothing: hang-ups and errors are always reported.
        let n_events = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        n_events.is_ok_and(|it| it > 0)
    }

    async fn hung_up(&self) {
        if self.is_hung_up() {
            return;
        }
        sleep(HANGUP_PATIENCE).await;
        let duplicate = self.duplicate();
        while !self.is_hung_up() {
            match &duplicate {
                Ok(duplicate) => match duplicate.write_event().await {
                    Ok(ready) if !ready.is_write_closed() => {}
                    // An error means that the runtime ends.
                    Ok(_) | Err(_) => return,
                },
                // Out of descriptors.
                Err(_) => sleep(HANGUP_PATIENCE).await,
            }
        }
    }

    /// The same socket once more, with a readiness of its own: waiting for events
    /// means to forget that there is room to write, which those who write must not
    /// find forgotten.
    fn duplicate(&self) -> io::Result<Stream> {
        let fd = self.fd().try_clone_to_owned()?;
        Ok(match self {
            Stream::Unix(_) => Stream::Unix(UnixStream::from_std(fd.into())?),
            Stream::Tcp(_) => Stream::Tcp(TcpStream::from_std(fd.into())?),
        })
    }

    /// That the client has taken something, or is gone.
    async fn write_event(&self) -> io::Result<Ready> {
        let forget = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        match self {
            Stream::Unix(it) => {
                let ready = it.ready(Interest::WRITABLE).await?;
                let _would_block = it.try_io(Interest::WRITABLE, forget);
                Ok(ready)
            }
            Stream::Tcp(it) => {
                let ready = it.ready(Interest::WRITABLE).await?;
                let _would_block = it.try_io(Interest::WRITABLE, forget);
                Ok(ready)
            }
        }
    }
}

/// What an answer on its way to the client has taken, and gives back when it is
/// sent.
struct Receipt {
    in_flight: Arc<InFlight>,
    n_bytes: usize,
    _permit: OwnedSemaphorePermit,
    _place: Option<OwnedSemaphorePermit>,
    _held: Held,
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.in_flight.unread_bytes.fetch_sub(self.n_bytes, Relaxed);
    }
}

/// A line that has been read.
enum Taken {
    /// With its length.
    Whole(Result<Message, Refusal>, usize),
    TooLong,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// No more requests come; what is in flight is still wanted.
    HalfClosed,
    /// Nobody is there any more.
    Gone,
}

/// Whether the client has shown that it may ask for anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Standing {
    /// Nothing read yet; a token is due.
    Stranger,
    /// Nothing read yet.
    Newcomer,
    Known,
    /// Has said something that nobody of ours says; gets its answer and no more.
    Expelled,
}

pub(super) struct Connection {
    stream: Arc<Stream>,
    outbox: Arc<Outbox<Receipt>>,
    shared: Arc<Shared>,
    in_flight: Arc<InFlight>,
    permits: Arc<Semaphore>,
}

impl Connection {
    pub(super) fn new(stream: Stream, shared: Arc<Shared>) -> Connection {
        let permits = Arc::new(Semaphore::new(shared.limits.n_in_flight));
        telemetry::connected(shared.n_connections.fetch_add(1, Relaxed) + 1);
        let stream = Arc::new(stream);
        let outbox = Arc::new(Outbox::new(Arc::clone(&stream)));
        Connection { stream, outbox, shared, in_flight: Arc::default(), permits }
    }

    pub(super) async fn serve(self, mut phase: watch::Receiver<Phase>) {
        let reading = async {
            if self.read(&mut phase).await == End::HalfClosed {
                self.flushed().await;
            }
        };
        select! {
            () = reading => {}
            // The client takes no more.
            _err = self.outbox.deliver() => {}
            () = self.in_flight.overflow.notified() => {}
        }
    }

    /// Takes lines until no more come. Once the kernel has stopped, these are the
    /// ones that are here: they are answered like all others.
    async fn read(&self, phase: &mut watch::Receiver<Phase>) -> End {
        let line_bytes = self.shared.limits.line_bytes;
        let (mut standing, mut lines) = match self.shared.token {
            Some(_) => (Standing::Stranger, LineBuffer::new(line_bytes.min(STRANGER_LINE))),
            None => (Standing::Newcomer, LineBuffer::new(line_bytes)),
        };
        let mut held = self.shared.holdings.hold_nothing();
        let (mut is_open, mut is_stopped) = (true, false);
        let mut n_parsed = 0;
        // When the introduction, or the line that has begun, must be complete.
        let mut due = Some(Instant::now() + STRANGER_PATIENCE);
        while is_open {
            let limit = self.shared.limits.line_time;
            if standing != Standing::Stranger {
                due = match (lines.is_between_lines(), limit) {
                    (true, _) | (false, None) => None,
                    (false, Some(limit)) => due.or_else(|| Instant::now().checked_add(limit)),
                };
            }
            if is_stopped {
                due = Some(Instant::now() + LAST_LOOK);
            }
            let readable = async {
                match due {
                    Some(due) => timeout_at(due.into(), self.stream.readable()).await,
                    None => Ok(self.stream.readable().await),
                }
            };
            let readable = select! {
                readable = readable => readable,
                // An error means that the kernel's handle is gone.
                _stopped = phase.wait_for(|it| *it == Phase::Stopped), if !is_stopped => {
                    is_stopped = true;
                    continue;
                }
            };
            match readable {
                Ok(Ok(())) => {}
                Err(_elapsed) if is_stopped => return End::HalfClosed,
                Err(_elapsed) if standing != Standing::Stranger => {
                    self.give_up_on_line(limit.unwrap_or_default()).await;
                    return End::HalfClosed;
                }
                Ok(Err(_)) | Err(_) => return End::Gone,
            }
            lines.spare();
            if let Err(no_room) = held.resize(lines.capacity().saturating_sub(READ_BYTES)) {
                lines.skip();
                self.rest(&mut lines, &mut held);
                let Some(permit) = self.permit().await else { return End::Gone };
                let refusal = self.shared.service.refusal(None, no_room.for_request());
                self.reply_slot(permit).send(refusal.into_line());
            }
            match self.stream.try_read_buf(lines.spare()) {
                Ok(0) => is_open = false,
                Ok(_) => {}
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                    self.rest(&mut lines, &mut held);
                    continue;
                }
                Err(_reset) => return End::Gone,
            }
            // The instant of arrival is that of the last byte, not that of the
            // permit: what a client sends beyond its share waits on its time.
            let arrived = Instant::now();
            loop {
                let Some(permit) = self.permit().await else { return End::Gone };
                let line = if is_open { lines.next() } else { lines.next_or_last() };
                let Some(line) = line else { break };
                let line = match line {
                    Line::TooLong => Taken::TooLong,
                    Line::Complete(at) if at.len() < LARGE_LINE => {
                        n_parsed += at.len();
                        Taken::Whole(Message::parse(lines.text(&at)), at.len())
                    }
                    Line::Complete(at) => {
                        let n_bytes = at.len();
                        // Should the connection end meanwhile, what the line takes
                        // is held until it is parsed.
                        let parsing = spawn_blocking(move || {
                            let parsed = Message::parse(lines.text(&at));
                            lines.rest();
                            (parsed, lines, held)
                        });
                        let parsed;
                        (parsed, lines, held) = match parsing.await {
                            Ok(it) => it,
                            Err(err) if err.is_panic() => resume_unwind(err.into_panic()),
                            Err(_runtime_ends) => return End::Gone,
                        };
                        Taken::Whole(parsed, n_bytes)
                    }
                };
                standing = self.take_line(line, arrived, standing, permit);
                if n_parsed >= TURN_BYTES {
                    n_parsed = 0;
                    yield_now().await;
                }
                match standing {
                    Standing::Expelled => return End::HalfClosed,
                    Standing::Known => lines.limit = line_bytes,
                    Standing::Stranger | Standing::Newcomer => {}
                }
                // The next line has its own time, also if it came with this one.
                due = due.filter(|_| standing == Standing::Stranger);
            }
            self.rest(&mut lines, &mut held);
        }
        End::HalfClosed
    }

    fn rest(&self, lines: &mut LineBuffer, held: &mut Held) {
        lines.rest();
        held.resize(lines.capacity().saturating_sub(READ_BYTES)).expect("it did not grow");
    }

    /// The right to one more answer; `None` when nobody is there to take it.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        select! {
            biased;
            permit = Arc::clone(&self.permits).acquire_owned() => {
                Some(permit.expect("the semaphore is never closed"))
            }
            () = self.stream.hung_up() => None,
        }
    }

    /// Answers the line that never ends.
    async fn give_up_on_line(&self, limit: Duration) {
        let Some(permit) = self.permit().await else { return };
        let ms = limit.as_millis();
        let failure = Failure::bad_request(format!("the line is not complete after {ms} ms"))
            .with_hint("end each request with a line feed; `--max-line-time` raises the limit");
        let refusal = self.shared.service.refusal(None, failure);
        self.reply_slot(permit).send(refusal.into_line());
    }

    fn reply_slot(&self, permit: OwnedSemaphorePermit) -> ReplySlot {
        ReplySlot {
            permit,
            place: None,
            held: self.shared.holdings.hold_nothing(),
            outbox: Arc::clone(&self.outbox),
            in_flight: Arc::clone(&self.in_flight),
            unread_limit: self.shared.limits.unread_bytes,
            metrics: Arc::clone(self.shared.service.metrics()),
        }
    }

    /// Until every answer is sent, or nobody is there to take it.
    async fn flushed(&self) {
        let n_permits = u32::try_from(self.shared.limits.n_in_flight).unwrap_or(u32::MAX);
        select! {
            biased;
            _all = self.permits.acquire_many(n_permits) => {}
            () = self.stream.hung_up() => {}
        }
    }

    fn take_line(
        &self,
        line: Taken,
        arrived: Instant,
        standing: Standing,
        permit: OwnedSemaphorePermit,
    ) -> Standing {
        let metrics = self.shared.service.metrics();
        metrics.line_read(match line {
            Taken::Whole(_, n_bytes) => n_bytes,
            Taken::TooLong => self.shared.limits.line_bytes,
        });
        let reply = self.reply_slot(permit);
        let (message, n_bytes) = match line {
            Taken::Whole(message, n_bytes) => (message, n_bytes),
            Taken::TooLong => {
                let limit = match standing {
                    Standing::Stranger => STRANGER_LINE,
                    _ => self.shared.limits.line_bytes,
                };
                let failure = Failure::line_too_long(limit);
                reply.send(self.shared.service.refusal(None, failure).into_line());
                return match standing {
                    Standing::Stranger => Standing::Expelled,
                    _ => Standing::Known,
                };
            }
        };
        match (message, standing) {
            (Ok(Message::Control { id, control: Control::Auth { token } }), _) => {
                let is_right = self.shared.token.as_ref().is_none_or(|it| it.matches(&token));
                let failure = Failure::bad_request("the token is not this kernel's").with_hint(
                    "the kernel leaves it in a file for run-code; else set LLM_KERNEL_TOKEN",
                );
                let outcome = if is_right { Ok("") } else { Err(&failure) };
                reply.send(control_line(id.as_ref(), "auth", outcome));
                if is_right {
                    Standing::Known
                } else {
                    metrics.peer_refused(Peer::NoToken);
                    Standing::Expelled
                }
            }
            (Err(Refusal { failure, severity: Severity::NotJson, .. }), _) => {
                reply.send(self.shared.service.refusal(None, failure).into_line());
                match standing {
                    // A browser that was told to POST here must not get further.
                    Standing::Stranger | Standing::Newcomer => {
                        metrics.peer_refused(Peer::NotJson);
                        Standing::Expelled
                    }
                    _ => Standing::Known,
                }
            }
            (message, Standing::Stranger) => {
                let failure = Failure::bad_request("this port asks for a token first").with_hint(
                    r#"send {"op":"auth","token":"…"}; for run-code, set LLM_KERNEL_TOKEN"#,
                );
                let id = match message {
                    Ok(Message::Run(request)) => request.id,
                    Ok(Message::Control { id, .. }) | Err(Refusal { id, .. }) => id,
                };
                metrics.peer_refused(Peer::NoToken);
                reply.send(self.shared.service.refusal(id, failure).into_line());
                Standing::Expelled
            }
            (Err(Refusal { id, op: Some(op), failure, .. }), _) => {
                reply.send(control_line(id.as_ref(), op, Err(&failure)));
                Standing::Known
            }
            (Err(Refusal { id, failure, .. }), _) => {
                reply.send(self.shared.service.refusal(id, failure).into_line());
                Standing::Known
            }
            (Ok(Message::Control { id, control: Control::Doctor }), _) => {
                self.shared.service.surroundings(move |found| {
                    let json = serde_json::to_string(&found).expect("strings are JSON");
                    let details = format!(r#""surroundings":{json}"#);
                    reply.send(control_line(id.as_ref(), "doctor", Ok(&details)));
                });
                Standing::Known
            }
            (Ok(Message::Control { id, control }), _) => {
                if let Control::Api { lookup, tokens, preset } = &control {
                    let text = self.shared.service.look_up(lookup, *tokens, preset.as_deref());
                    let details = text.map(|it| text_member(&it));
                    let outcome = details.as_ref().map(String::as_str);
                    reply.send(control_line(id.as_ref(), control.op(), outcome));
                    return Standing::Known;
                }
                let details = match &control {
                    Control::Cancel { target } => {
                        format!(r#""cancelled":{}"#, self.in_flight.cancel(target))
                    }
                    Control::Stats => self.shared.stats(),
                    Control::Metrics => {
                        let text = serde_json::Value::String(self.shared.metrics());
                        format!(r#""metrics":{text}"#)
                    }
                    Control::Ping
                    | Control::Doctor
                    | Control::Auth { .. }
                    | Control::Api { .. } => self.introduction(),
                };
                reply.send(control_line(id.as_ref(), control.op(), Ok(&details)));
                Standing::Known
            }
            (Ok(Message::Run(request)), _) => {
                self.run(request, n_bytes, arrived, reply);
                Standing::Known
            }
        }
    }

    /// Members of the answer to `ping`.
    fn introduction(&self) -> String {
        let timeout_ms = self.shared.service.default_timeout().map_or(0, |it| it.as_millis());
        format!(r#""version":"{}","timeoutMs":{timeout_ms}"#, env!("CARGO_PKG_VERSION"))
    }

    fn run(&self, request: Request, n_bytes: usize, arrived: Instant, mut reply: ReplySlot) {
        reply.place = Arc::clone(&self.shared.places).try_acquire_owned().ok();
        let admitted = match reply.place {
            None => Err(too_many_requests(self.shared.limits.n_requests)),
            Some(_) => reply.held.resize(n_bytes).map_err(NoRoom::for_request),
        };
        if let Err(failure) = admitted {
            let refusal = self.shared.service.refusal(request.id, failure);
            return reply.send(refusal.into_line());
        }
        let Some(number) = self.in_flight.enter(request.id.as_ref()) else {
            let id = request.id.as_ref().map(ToString::to_string).unwrap_or_default();
            let failure = Failure::bad_request(format!("id {id} is already in flight"))
                .with_hint("an id may be used again once its answer is there");
            reply.send(self.shared.service.refusal(request.id, failure).into_line());
            return;
        };
        let respond = Box::new(move |answer: Answer| {
            // Left before the answer goes out: who has the answer may use the
            // id again.
            reply.in_flight.leave(number);
            reply.metrics.round_trip(arrived.elapsed());
            let logs = answer.logs.iter().map(|it| it.text.len()).sum::<usize>();
            let n_bytes = answer.outcome.as_ref().map_or(0, String::len) + logs;
            let answer = match reply.held.resize(n_bytes) {
                Ok(()) => answer,
                Err(no_room) => {
                    let outcome = Err(no_room.for_answer(n_bytes));
                    let (warnings, logs) = (Vec::new(), Vec::new());
                    Answer { outcome, warnings, logs, ..answer }
                }
            };
            reply.send(answer.into_line());
        });
        if let Some(running) = self.shared.service.submit(request, arrived, respond) {
            self.in_flight.started(number, running);
        }
    }
}

fn too_many_requests(limit: usize) -> Failure {
    let message = format!("{limit} requests are in flight, which is the limit");
    Failure::new(FailureKind::Busy, message).with_hint(
        "nothing has run; try again after a pause, or raise `--max-requests` of the kernel",
    )
}

impl Drop for Connection {
    /// However its task ends, also by a panic of ours.
    fn drop(&mut self) {
        self.outbox.close();
        self.in_flight.cancel_all();
        self.shared.n_connections.fetch_sub(1, Relaxed);
    }
}

/// Takes the one answer to one line, on whichever thread it is made.
struct ReplySlot {
    permit: OwnedSemaphorePermit,
    /// Among the requests of all connections; what runs nothing needs none.
    place: Option<OwnedSemaphorePermit>,
    /// For the request, and then for its answer.
    held: Held,
    outbox: Arc<Outbox<Receipt>>,
    in_flight: Arc<InFlight>,
    unread_limit: usize,
    metrics: Arc<Metrics>,
}

impl ReplySlot {
    fn send(self, line: Vec<u8>) {
        let ReplySlot { permit, place, mut held, outbox, in_flight, unread_limit, metrics } = self;
        let n_bytes = line.len();
        // What is said without a run is short; it counts all the same.
        let _ = held.resize(n_bytes);
        metrics.line_written(n_bytes);
        let unread = in_flight.unread_bytes.fetch_add(n_bytes, Relaxed) + n_bytes;
        // One answer alone is never too much: its own limit has let it pass.
        if unread > unread_limit && unread > n_bytes {
            in_flight.overflow.notify_one();
        }
        let receipt = Receipt { in_flight, n_bytes, _permit: permit, _place: place, _held: held };
        outbox.send(line, receipt);
    }
}

/// The requests of one connection that have no answer yet.
#[derive(Debug, Default)]
struct InFlight {
    entries: Mutex<Entries>,
    /// Bytes of answers that the client has not taken.
    unread_bytes: AtomicUsize,
    /// They have become too many.
    overflow: Notify,
}

#[derive(Debug, Default)]
struct Entries {
    /// As long as requests in flight are allowed: short enough to be searched.
    list: Vec<Entry>,
    next_number: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    id: Option<Id>,
    /// `None` for the instant between entering and the service's word.
    running: Option<Ticket>,
}

impl InFlight {
    /// `None` when the id is taken.
    fn enter(&self, id: Option<&Id>) -> Option<u64> {
        let mut entries = self.entries.lock();
        if id.is_some() && entries.list.iter().any(|it| it.id.as_ref() == id) {
            return None;
        }
        let number = entries.next_number;
        entries.next_number += 1;
        entries.list.push(Entry { number, id: id.cloned(), running: None });
        Some(number)
    }

    /// The answer may have been quicker: then the entry is gone.
    fn started(&self, number: u64, running: Ticket) {
        let mut entries = self.entries.lock();
        if let Some(entry) = entries.list.iter_mut().find(|it| it.number == number) {
            entry.running = Some(running);
        }
    }

    fn leave(&self, number: u64) {
        self.entries.lock().list.retain(|it| it.number != number);
    }

    /// Whether there was something to cancel.
    fn cancel(&self, id: &Id) -> bool {
        // Out of the lock: a cancelled job may answer, and so leave, at once.
        let running = self
            .entries
            .lock()
            .list
            .iter()
            .find(|it| it.id.as_ref() == Some(id))
            .and_then(|it| it.running.clone());
        running.as_ref().inspect(|it| it.cancel()).is_some()
    }

    fn cancel_all(&self) {
        let running: Vec<_> =
            self.entries.lock().list.iter().filter_map(|it| it.running.clone()).collect();
        running.iter().for_each(Ticket::cancel);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use futures_util::FutureExt;

    use super::*;
    use crate::{
        cli::Settings,
        kernel::{Holdings, Service},
        net::Reactor,
    };

    #[test]
    fn a_connection_whose_task_panics_ends_what_it_had_and_gives_its_place_back() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = Settings { n_workers: 1, ..Settings::default() }.kernel(None);
        let shared = Arc::new(Shared {
            service: Service::start(config.service, Reactor::on_demand()).unwrap(),
            limits: config.limits,
            token: None,
            n_connections: AtomicUsize::new(0),
            places: Arc::new(Semaphore::new(config.limits.n_requests)),
            holdings: Holdings::new(config.limits.held_bytes),
            lockdown: None,
        });
        runtime.block_on(async {
            let (stream, _peer) = UnixStream::pair().unwrap();
            let connection = Connection::new(Stream::Unix(stream), Arc::clone(&shared));
            let reply = connection.reply_slot(connection.permit().await.unwrap());
            let Ok(Message::Run(request)) = Message::parse(br#"{"code":"for (;;) {}"}"#) else {
                unreachable!()
            };
            connection.run(request, 0, Instant::now(), reply);
            assert_eq!(shared.n_connections.load(Relaxed), 1);
            let task = async move {
                let _connection = connection;
                panic!("on purpose");
            };
            assert!(AssertUnwindSafe(task).catch_unwind().await.is_err());
            assert_eq!(shared.n_connections.load(Relaxed), 0);
            let is_cancelled = |(kind, n): &(&str, u64)| (*kind, *n) == ("cancelled", 1);
            while !shared.service.metrics().answers().iter().any(is_cancelled) {
                sleep(Duration::from_millis(1)).await;
            }
        });
    }
}
