//! One run, from its first entry into the engine to its last: jobs, timers,
//! completions, and the host's side of what the snippet asks for.
//!
//! The loop is ours because the binding's own swallows interrupts. It decides
//! when a run is over, never why it was stopped: that is the watchdog's to know.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};

use super::{
    door::{Engine, Turn, Wake},
    guard::{Exit, Guard},
    heap::Heap,
    host::{
        Arg, Event, Op, Reply, TimerId, calls::Calls, checksum, clock::Clock, console::Console,
        http::Exchanges, random, text, url, xml,
    },
    stack,
};
use crate::transpile::PositionMap;

/// The snippet's side of a timer lies in its heap, ours does not.
const MAX_TIMERS: usize = 100_000;

/// How the drive loop ended.
#[derive(Debug)]
pub(crate) enum End {
    /// `main` settled, or the run failed in a way that the engine could tell.
    Turn(Turn),
    /// `main` waits, and nothing is left that could wake it.
    NeverSettled,
    /// The engine was left by a jump.
    Left(Exit),
}

/// Runs a program until it settles, cannot, or is stopped. Both texts end with
/// NUL.
pub(crate) fn drive(
    engine: &mut Engine,
    guard: &Guard,
    heap: &Heap,
    host: &mut Host,
    events: &Receiver<Event>,
    program: &[u8],
    input: &[u8],
) -> End {
    let mut turn = engine.begin(guard, heap, host, program, input);
    loop {
        match turn {
            Err(exit) => return End::Left(exit),
            Ok(Turn::Waiting) => {}
            Ok(turn) => return End::Turn(turn),
        }
        let wake = match next_wake(host, events) {
            Next::Wake(wake) => wake,
            Next::Stop => return End::Turn(Turn::Stopped),
            Next::Nothing => return End::NeverSettled,
        };
        turn = engine.resume(guard, heap, host, &wake);
    }
}

enum Next {
    Wake(Wake),
    Stop,
    Nothing,
}

/// Waits for whatever comes first. The deadline needs no place here: the watchdog
/// sends [`Event::Stop`] when it passes.
fn next_wake(host: &mut Host, events: &Receiver<Event>) -> Next {
    loop {
        let event = match events.try_recv() {
            Ok(event) => event,
            Err(TryRecvError::Disconnected) => return Next::Stop,
            Err(TryRecvError::Empty) => {
                let now = Instant::now();
                if let Some(id) = host.timers.take_due(now) {
                    return Next::Wake(Wake::Timer(id));
                }
                let waited = match host.timers.next_due() {
                    Some(due) => events.recv_deadline(due),
                    None if host.calls_in_flight() == 0 => return Next::Nothing,
                    None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                };
                match waited {
                    Ok(event) => event,
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return Next::Stop,
                }
            }
        };
        match event {
            Event::Stop => return Next::Stop,
            Event::Completed(completion) => {
                host.delivered();
                return Next::Wake(Wake::Completion(completion));
            }
        }
    }
}

/// The host's side of one run. It is made for the run and goes with it, and with
/// it go its timers, calls and output.
#[derive(Debug)]
pub(crate) struct Host {
    clock: Clock,
    pub(crate) console: Console,
    pub(crate) timers: Timers,
    /// `None` while the image is built: nothing outside may get into it.
    pub(crate) calls: Option<Calls>,
    positions: PositionMap,
    /// What the last op gave back; the door reads it after re-arming.
    pub(crate) reply: Reply,
    /// The op that panicked, if one did: the run then ends as `internal`.
    pub(crate) panicked_op: Option<u32>,
    /// Rejections without a handler, as JSON text of the prelude.
    pub(crate) leftovers: Option<String>,
}

impl Host {
    pub(crate) fn new(
        clock: Clock,
        console: Console,
        positions: PositionMap,
        calls: Option<Calls>,
    ) -> Host {
        Host {
            clock,
            console,
            timers: Timers::default(),
            calls,
            positions,
            reply: Reply::Undefined,
            panicked_op: None,
            leftovers: None,
        }
    }

    /// Calls that were started and not delivered.
    pub(crate) fn calls_in_flight(&self) -> u32 {
        self.calls.as_ref().map_or(0, Calls::n_in_flight)
    }

    fn delivered(&mut self) {
        if let Some(calls) = &mut self.calls {
            calls.delivered();
        }
    }

    /// Performs one op. Never sees the engine.
    pub(crate) fn dispatch(&mut self, op: u32, args: &[Arg<'_>]) -> Reply {
        let Ok(op) = Op::try_from(op) else {
            return Reply::throw("TypeError", "no such host operation");
        };
        match op {
            Op::Log => self.console.log(args),
            Op::WallClock => self.clock.wall_clock(),
            Op::Elapsed => self.clock.elapsed(),
            Op::TimeOrigin => self.clock.time_origin(),
            Op::RandomBytes => random::random_bytes(&self.clock, args),
            Op::TimerStart => match args {
                [Arg::Number(delay), Arg::Bool(repeat)] => self.start_timer(*delay, *repeat),
                _ => Reply::bad_args(op),
            },
            Op::TimerClear => match args {
                [Arg::Number(id)] => {
                    self.timers.clear(*id as TimerId);
                    Reply::Undefined
                }
                _ => Reply::bad_args(op),
            },
            Op::MapStack => match args {
                [Arg::Text(raw)] => Reply::Text(stack::map_stack(raw, &self.positions)),
                _ => Reply::bad_args(op),
            },
            Op::Utf8Encode => text::utf8_encode(args),
            Op::DecoderName => text::decoder_name(args),
            Op::Decode => text::decode(args),
            Op::UrlParse => url::url_parse(args),
            Op::UrlSet => url::url_set(args),
            Op::XmlParse => xml::xml_parse(args),
            op => match &mut self.calls {
                Some(calls) => call(calls, op, args),
                None => Reply::throw("Error", "a bundle may not call the host while it loads"),
            },
        }
    }

    fn start_timer(&mut self, delay_ms: f64, repeat: bool) -> Reply {
        if let Clock::Building = self.clock {
            return Reply::throw("Error", "a bundle may not leave timers in the image");
        }
        if self.timers.len() == MAX_TIMERS {
            let message = format!("more than {MAX_TIMERS} timers are pending");
            return Reply::throw("RangeError", message);
        }
        // As Node does: less than 1 ms, or more than 32 bits hold, means 1 ms.
        let ms = if (1.0..=2_147_483_647.0).contains(&delay_ms) { delay_ms.trunc() } else { 1.0 };
        let delay = Duration::from_millis(ms as u64);
        Reply::Number(f64::from(self.timers.start(delay, repeat)))
    }
}

/// The ops that work beside the run, and those about what they have under way.
fn call(calls: &mut Calls, op: Op, args: &[Arg<'_>]) -> Reply {
    match op {
        Op::HttpStart => calls.start(Exchanges::start, args),
        Op::HttpTake => calls.ask(Exchanges::take, args),
        Op::HttpRead => calls.start(Exchanges::read, args),
        Op::HttpWrite => calls.start(Exchanges::write, args),
        Op::HttpEnd => calls.ask(Exchanges::end, args),
        Op::HttpAbort => calls.ask(Exchanges::abort, args),
        Op::HttpHold => calls.ask(Exchanges::hold, args),
        Op::AwsDefaults => calls.start(Exchanges::aws_defaults, args),
        Op::AwsPresign => calls.start(Exchanges::presign, args),
        Op::AwsSignPolicy => calls.start(Exchanges::sign_policy, args),
        Op::Checksum => match checksum::checksum(args) {
            Ok(work) => calls.start_work(work),
            Err(reply) => reply,
        },
        _ => Reply::bad_args(op),
    }
}

/// Pending timers of one run, in the order in which they fire.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// The order of starting breaks ties, as Node promises.
    by_due: BTreeMap<(Instant, TimerId), Option<Duration>>,
    due_of: HashMap<TimerId, Instant>,
    last_id: TimerId,
}

impl Timers {
    pub(crate) fn len(&self) -> usize {
        self.due_of.len()
    }

    fn start(&mut self, delay: Duration, repeat: bool) -> TimerId {
        self.last_id += 1;
        self.arm(self.last_id, Instant::now() + delay, repeat.then_some(delay));
        self.last_id
    }

    fn arm(&mut self, id: TimerId, due: Instant, interval: Option<Duration>) {
        self.by_due.insert((due, id), interval);
        self.due_of.insert(id, due);
    }

    fn clear(&mut self, id: TimerId) {
        if let Some(due) = self.due_of.remove(&id) {
            self.by_due.remove(&(due, id));
        }
    }

    fn next_due(&self) -> Option<Instant> {
        self.by_due.first_key_value().map(|((due, _), _)| *due)
    }

    /// The next timer that is due; an interval is armed again at once.
    fn take_due(&mut self, now: Instant) -> Option<TimerId> {
        let first = self.by_due.first_entry()?;
        let (due, id) = *first.key();
        if due > now {
            return None;
        }
        match first.remove() {
            Some(interval) => self.arm(id, now + interval, Some(interval)),
            None => {
                self.due_of.remove(&id);
            }
        }
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_fire_in_order_of_time_then_of_starting() {
        let mut timers = Timers::default();
        let now = Instant::now();
        let (late, first, second) = (1, 2, 3);
        timers.arm(late, now + Duration::from_secs(9), None);
        timers.arm(first, now, None);
        timers.arm(second, now, Some(Duration::from_secs(1)));
        assert_eq!(timers.take_due(now), Some(first));
        assert_eq!(timers.take_due(now), Some(second));
        assert_eq!(timers.take_due(now), None);
        assert_eq!(timers.next_due(), Some(now + Duration::from_secs(1)));
        timers.clear(second);
        timers.clear(late);
        assert_eq!((timers.next_due(), timers.len()), (None, 0));
    }
}
