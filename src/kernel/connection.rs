//! One client: its lines, its requests in flight, its answers.
//!
//! Answers are made on the workers' threads and leave through the [`Outbox`]; every
//! line that is read takes a permit which is given back when its answer is sent,
//! and that alone bounds what a client can have going.
//!
//! Lines are read by the connection's own task. Only while it waits for the next one,
//! between two lines, may a worker take that over for a moment ([`Sequel`]): a client
//! that comes back at once is then served without waking two threads in turn. What is
//! not simple, the worker leaves to the task.

mod sequel;

use std::{
    io,
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::{
    select,
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    task::{spawn_blocking, yield_now},
    time::timeout_at,
};

use self::sequel::Sequel;
use super::{
    Phase, Shared,
    held::{Held, NoRoom},
    lines::{Line, LineBuffer, READ_BYTES},
    outbox::Outbox,
    stream::Stream,
};
use crate::{
    pool::{LOOK, Lookout, Ticket},
    protocol::{
        Answer, Control, Failure, FailureKind, Id, Message, Refusal, Request, Severity,
        control_line, text_member,
    },
    telemetry::{self, Peer},
};

/// A line from which parsing it would keep other clients waiting: it is done beside
/// this thread, and its own connection reads on afterwards.
const LARGE_LINE: usize = 256 << 10;
/// What a connection may parse on this thread before others have their turn.
const TURN_BYTES: usize = 64 << 10;
/// What somebody who has shown no token may send, and how long that may take.
const STRANGER_LINE: usize = 4_096;
const STRANGER_PATIENCE: Duration = Duration::from_secs(10);
/// Heap of a run that is quickly rolled back, bytes.
const LIGHT_HEAP: u64 = 1 << 20;
/// What a kernel that has stopped gives a client whose lines may be on their way.
const LAST_LOOK: Duration = Duration::from_millis(5);

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
    /// Here while the task waits between two lines, unless a worker has it. The
    /// stream's gate is open whenever no worker has it, and under this lock.
    at_rest: Mutex<Option<Reading>>,
    /// A worker has put it back with something that is not read from the stream.
    left_over: Notify,
    pace: Mutex<Pace>,
}

/// Where the lines of a client stand. Whoever has this is the one who reads.
#[derive(Debug)]
struct Reading {
    lines: LineBuffer,
    held: Held,
    standing: Standing,
}

impl Reading {
    fn is_at_rest(&self) -> bool {
        self.standing == Standing::Known && self.lines.is_between_lines()
    }

    fn rest(&mut self) {
        self.lines.rest();
        let n_bytes = self.lines.capacity().saturating_sub(READ_BYTES);
        self.held.resize(n_bytes).expect("it did not grow");
    }
}

/// Why the wait for bytes is over.
enum Woken {
    Readable,
    /// What there is to do is in [`Reading`].
    LeftOver,
    /// The line is not complete in its time.
    Due,
    Stopped,
    Gone,
}

/// How quickly this client comes back with its next run.
#[derive(Debug, Default)]
struct Pace {
    answered: Option<Instant>,
    is_quick: bool,
}

impl Pace {
    /// Whether it is likely to come back at once.
    fn answered(&mut self) -> bool {
        self.answered = Some(Instant::now());
        self.is_quick
    }

    fn came(&mut self, at: Instant) {
        let gap = self.answered.map(|it| at.saturating_duration_since(it));
        self.is_quick = gap.is_some_and(|it| it < LOOK);
    }
}

/// A connection that is being served. Dropping this closes it.
struct Served(Arc<Connection>);

impl Connection {
    pub(super) fn new(stream: Stream, shared: Arc<Shared>) -> Arc<Connection> {
        let permits = Arc::new(Semaphore::new(shared.limits.n_in_flight));
        telemetry::connected(shared.n_connections.fetch_add(1, Relaxed) + 1);
        let stream = Arc::new(stream);
        let outbox = Arc::new(Outbox::new(Arc::clone(&stream)));
        Arc::new(Connection {
            stream,
            outbox,
            shared,
            in_flight: Arc::default(),
            permits,
            at_rest: Mutex::default(),
            left_over: Notify::new(),
            pace: Mutex::default(),
        })
    }

    pub(super) async fn serve(self: Arc<Self>, mut phase: watch::Receiver<Phase>) {
        let Served(connection) = &Served(self);
        let reading = async {
            if connection.read(&mut phase).await == End::HalfClosed {
                connection.flushed().await;
            }
        };
        select! {
            () = reading => {}
            // The client takes no more.
            _err = connection.outbox.deliver() => {}
            () = connection.in_flight.overflow.notified() => {}
        }
    }

    /// Takes lines until no more come. Once the kernel has stopped, these are the
    /// ones that are here: they are answered like all others.
    async fn read(self: &Arc<Self>, phase: &mut watch::Receiver<Phase>) -> End {
        let line_bytes = self.shared.limits.line_bytes;
        let (standing, limit) = match self.shared.token {
            Some(_) => (Standing::Stranger, line_bytes.min(STRANGER_LINE)),
            None => (Standing::Newcomer, line_bytes),
        };
        let held = self.shared.holdings.hold_nothing();
        let mut reading = Reading { lines: LineBuffer::new(limit), held, standing };
        let (mut is_open, mut is_stopped) = (true, false);
        let mut n_parsed = 0;
        // When the introduction, or the line that has begun, must be complete.
        let mut due = Some(Instant::now() + STRANGER_PATIENCE);
        while is_open {
            let limit = self.shared.limits.line_time;
            if reading.standing != Standing::Stranger {
                due = match (reading.lines.is_between_lines(), limit) {
                    (true, _) | (false, None) => None,
                    (false, Some(limit)) => due.or_else(|| Instant::now().checked_add(limit)),
                };
            }
            if is_stopped {
                due = Some(Instant::now() + LAST_LOOK);
            }
            let woken;
            (reading, woken) = self.wait(reading, due, phase, is_stopped).await;
            match woken {
                Woken::Readable => {
                    reading.lines.spare();
                    let n_bytes = reading.lines.capacity().saturating_sub(READ_BYTES);
                    if let Err(no_room) = reading.held.resize(n_bytes) {
                        reading.lines.skip();
                        reading.rest();
                        let Some(permit) = self.permit().await else { return End::Gone };
                        let refusal = self.shared.service.refusal(None, no_room.for_request());
                        self.reply_slot(permit).send(refusal.into_line());
                    }
                    match self.stream.try_read_buf(reading.lines.spare()) {
                        Ok(0) => is_open = false,
                        Ok(_) => {}
                        Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                            reading.rest();
                            continue;
                        }
                        Err(_reset) => return End::Gone,
                    }
                }
                Woken::LeftOver if reading.standing == Standing::Expelled => {
                    return End::HalfClosed;
                }
                Woken::LeftOver => {}
                Woken::Stopped => {
                    is_stopped = true;
                    continue;
                }
                Woken::Due if is_stopped => return End::HalfClosed,
                Woken::Due if reading.standing != Standing::Stranger => {
                    self.give_up_on_line(limit.unwrap_or_default()).await;
                    return End::HalfClosed;
                }
                Woken::Due | Woken::Gone => return End::Gone,
            }
            // The instant of arrival is that of the last byte, not that of the
            // permit: what a client sends beyond its share waits on its time.
            let arrived = Instant::now();
            loop {
                let Some(permit) = self.permit().await else { return End::Gone };
                let lines = &mut reading.lines;
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
                            let parsed = Message::parse(reading.lines.text(&at));
                            reading.lines.rest();
                            (parsed, reading)
                        });
                        let parsed;
                        (parsed, reading) = match parsing.await {
                            Ok(it) => it,
                            Err(err) if err.is_panic() => resume_unwind(err.into_panic()),
                            Err(_runtime_ends) => return End::Gone,
                        };
                        Taken::Whole(parsed, n_bytes)
                    }
                };
                reading.standing = self.take_line(line, arrived, reading.standing, permit);
                if n_parsed >= TURN_BYTES {
                    n_parsed = 0;
                    yield_now().await;
                }
                match reading.standing {
                    Standing::Expelled => return End::HalfClosed,
                    Standing::Known => reading.lines.limit = line_bytes,
                    Standing::Stranger | Standing::Newcomer => {}
                }
                // The next line has its own time, also if it came with this one.
                due = due.filter(|_| reading.standing == Standing::Stranger);
            }
            reading.rest();
        }
        End::HalfClosed
    }

    /// Until there is something to do here. Meanwhile a worker may read.
    async fn wait(
        &self,
        reading: Reading,
        due: Option<Instant>,
        phase: &mut watch::Receiver<Phase>,
        is_stopped: bool,
    ) -> (Reading, Woken) {
        if is_stopped || !reading.is_at_rest() {
            return (reading, self.woken(due, phase, is_stopped).await);
        }
        *self.at_rest.lock() = Some(reading);
        loop {
            let woken = self.woken(due, phase, is_stopped).await;
            if let Some(reading) = self.at_rest.lock().take() {
                return (reading, woken);
            }
            self.stream.forget_readable();
        }
    }

    async fn woken(
        &self,
        due: Option<Instant>,
        phase: &mut watch::Receiver<Phase>,
        is_stopped: bool,
    ) -> Woken {
        let readable = async {
            match due {
                Some(due) => timeout_at(due.into(), self.stream.readable()).await,
                None => Ok(self.stream.readable().await),
            }
        };
        select! {
            readable = readable => match readable {
                Ok(Ok(())) => Woken::Readable,
                Ok(Err(_runtime_ends)) => Woken::Gone,
                Err(_elapsed) => Woken::Due,
            },
            () = self.left_over.notified() => Woken::LeftOver,
            // An error means that the kernel's handle is gone.
            _stopped = phase.wait_for(|it| *it == Phase::Stopped), if !is_stopped => Woken::Stopped,
        }
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
    async fn give_up_on_line(self: &Arc<Self>, limit: Duration) {
        let Some(permit) = self.permit().await else { return };
        let ms = limit.as_millis();
        let failure = Failure::bad_request(format!("the line is not complete after {ms} ms"))
            .with_hint("end each request with a line feed; `--max-line-time` raises the limit");
        let refusal = self.shared.service.refusal(None, failure);
        self.reply_slot(permit).send(refusal.into_line());
    }

    fn reply_slot(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> ReplySlot {
        let held = self.shared.holdings.hold_nothing();
        ReplySlot { permit, place: None, held, connection: Arc::clone(self) }
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
        self: &Arc<Self>,
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

    fn run(
        self: &Arc<Self>,
        request: Request,
        n_bytes: usize,
        arrived: Instant,
        mut reply: ReplySlot,
    ) {
        self.pace.lock().came(arrived);
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
            let connection = Arc::clone(&reply.connection);
            let is_only = connection.in_flight.leave(number);
            connection.shared.service.metrics().round_trip(arrived.elapsed());
            let is_quick = connection.pace.lock().answered();
            let may_follow = is_quick && is_only && is_light(&answer);
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
            // Whatever it says to the answer, it says to the worker.
            let sequel = if may_follow { Sequel::begin(&connection) } else { None };
            reply.send(answer.into_line());
            sequel.map(|it| Box::new(it) as Box<dyn Lookout>)
        });
        if let Some(running) = self.shared.service.submit(request, arrived, respond) {
            self.in_flight.started(number, running);
        }
    }
}

/// Whether the isolate of this run will be ready again before another worker would be
/// awake.
fn is_light(answer: &Answer) -> bool {
    let is_crash = matches!(&answer.outcome, Err(it) if it.kind == FailureKind::EngineCrash);
    !is_crash && answer.usage.heap_bytes <= LIGHT_HEAP
}

fn too_many_requests(limit: usize) -> Failure {
    let message = format!("{limit} requests are in flight, which is the limit");
    Failure::new(FailureKind::Busy, message).with_hint(
        "nothing has run; try again after a pause, or raise `--max-requests` of the kernel",
    )
}

impl Drop for Served {
    /// However its task ends, also by a panic of ours.
    fn drop(&mut self) {
        let Served(connection) = self;
        connection.outbox.close();
        connection.in_flight.cancel_all();
        connection.shared.n_connections.fetch_sub(1, Relaxed);
    }
}

/// Takes the one answer to one line, on whichever thread it is made.
struct ReplySlot {
    permit: OwnedSemaphorePermit,
    /// Among the requests of all connections; what runs nothing needs none.
    place: Option<OwnedSemaphorePermit>,
    /// For the request, and then for its answer.
    held: Held,
    connection: Arc<Connection>,
}

impl ReplySlot {
    fn send(self, line: Vec<u8>) {
        let ReplySlot { permit, place, mut held, connection } = self;
        let Connection { outbox, in_flight, shared, .. } = &*connection;
        let n_bytes = line.len();
        // What is said without a run is short; it counts all the same.
        let _ = held.resize(n_bytes);
        shared.service.metrics().line_written(n_bytes);
        let unread = in_flight.unread_bytes.fetch_add(n_bytes, Relaxed) + n_bytes;
        // One answer alone is never too much: its own limit has let it pass.
        if unread > shared.limits.unread_bytes && unread > n_bytes {
            in_flight.overflow.notify_one();
        }
        let in_flight = Arc::clone(in_flight);
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

    /// Whether no other is left.
    fn leave(&self, number: u64) -> bool {
        let list = &mut self.entries.lock().list;
        list.retain(|it| it.number != number);
        list.is_empty()
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
    use tokio::{net::UnixStream, time::sleep};

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
            let connection = Connection::new(Stream::unix(stream).unwrap(), Arc::clone(&shared));
            let reply = connection.reply_slot(connection.permit().await.unwrap());
            let Ok(Message::Run(request)) = Message::parse(br#"{"code":"for (;;) {}"}"#) else {
                unreachable!()
            };
            connection.run(request, 0, Instant::now(), reply);
            assert_eq!(shared.n_connections.load(Relaxed), 1);
            let task = async move {
                let _served = Served(connection);
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
