//! One run, turn by turn: jobs, timers, completions, and the host's side of what
//! the snippet asks for.
//!
//! A turn is one entry into the engine, which lasts until no job is left. The loop
//! is ours because the binding's own swallows interrupts. This module decides when
//! a run is over and what it can go on with, never why it was stopped (the
//! watchdog's to know) nor whose turn is next (the worker's).

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::{
    door::{Engine, Turn, Wake},
    guard::{self, Exit, Guard},
    heap::Heap,
    host::{
        Arg, Completion, Op, Reply, TimerId,
        calls::{Calls, Owned},
        checksum,
        clock::Clock,
        compress::Flates,
        console::Console,
        crypto,
        http::Exchanges,
        intl, random,
        text::{self, Decoders},
        url, xml,
    },
    stack,
};
use crate::{telemetry::Family, transpile::PositionMap};

/// The snippet's side of a timer lies in its heap, ours does not.
const MAX_TIMERS: usize = 100_000;

/// How a run ended.
#[derive(Debug)]
pub(crate) enum End {
    /// `main` settled, or the run failed in a way that the engine could tell.
    Turn(Turn),
    /// `main` waits, and nothing is left that could wake it.
    NeverSettled,
    /// The engine was left by a jump.
    Left(Exit),
}

/// A run between two turns: what of it lies outside the engine and its heap.
#[derive(Debug)]
pub struct Run {
    pub(crate) host: Host,
    /// Done and not yet delivered, in order.
    completed: VecDeque<(Instant, Completion)>,
    /// Time spent in turns.
    pub(crate) worked: Duration,
    /// Bytes of scratch that it had reached after its last turn.
    pub(crate) reached: usize,
}

impl Run {
    pub(crate) fn new(host: Host) -> Run {
        Run { host, completed: VecDeque::new(), worked: Duration::ZERO, reached: 0 }
    }

    /// The first turn. Both texts end with NUL. Answers the end, unless the run
    /// waits.
    pub(crate) fn begin(
        &mut self,
        engine: &mut Engine,
        guard: &Guard,
        heap: &Heap,
        program: &[u8],
        input: &[u8],
    ) -> Option<End> {
        let turn = engine.begin(guard, heap, &mut self.host, program, input);
        self.end_of(turn)
    }

    /// The next turn, if something came for it.
    pub(crate) fn advance(
        &mut self,
        engine: &mut Engine,
        guard: &Guard,
        heap: &Heap,
    ) -> Option<End> {
        let wake = self.take_wake(Instant::now())?;
        let turn = engine.advance(guard, heap, &mut self.host, &wake);
        self.end_of(turn)
    }

    /// What came while it waited.
    pub(crate) fn deliver(&mut self, completed: Vec<(Instant, Completion)>) {
        self.completed.extend(completed);
    }

    /// When it can, or could, go on; `None` when only a completion can tell.
    pub fn ready_at(&self) -> Option<Instant> {
        let completed = self.completed.front().map(|(at, _)| *at);
        match (completed, self.host.timers.next_due()) {
            (Some(completed), Some(due)) => Some(completed.min(due)),
            (completed, due) => completed.or(due),
        }
    }

    fn take_wake(&mut self, now: Instant) -> Option<Wake> {
        let completed = self.completed.front().map(|(at, _)| *at);
        if completed.is_none_or(|at| self.host.timers.next_due().is_some_and(|due| due < at)) {
            return self.host.timers.take_due(now).map(Wake::Timer);
        }
        let (_, completion) = self.completed.pop_front()?;
        self.host.delivered();
        Some(Wake::Completion(completion))
    }

    fn end_of(&self, turn: Result<Turn, Exit>) -> Option<End> {
        match turn {
            Err(exit) => Some(End::Left(exit)),
            Ok(Turn::Waiting) if self.host.timers.len() > 0 || self.host.calls_in_flight() > 0 => {
                None
            }
            Ok(Turn::Waiting) => Some(End::NeverSettled),
            Ok(turn) => Some(End::Turn(turn)),
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
    decoders: Decoders,
    flates: Flates,
    /// `None` while the image is built: nothing outside may get into it.
    pub(crate) calls: Option<Calls>,
    positions: PositionMap,
    /// JSON text of the result, bytes; a longer one is not copied out of the heap.
    pub(crate) output_bytes: usize,
    /// What the last op gave back; the door reads it after re-arming.
    pub(crate) reply: Reply,
    /// The op that panicked, if one did: the run then ends as `internal`.
    pub(crate) panicked_op: Option<u32>,
    /// Rejections without a handler, as JSON text of the prelude.
    pub(crate) leftovers: Option<String>,
    /// Ops that were called, by family.
    pub(crate) ops: [u32; Family::ALL.len()],
}

impl Host {
    pub(crate) fn new(
        clock: Clock,
        console: Console,
        positions: PositionMap,
        output_bytes: usize,
        calls: Option<Calls>,
    ) -> Host {
        Host {
            clock,
            console,
            timers: Timers::default(),
            decoders: Decoders::default(),
            flates: Flates::default(),
            calls,
            positions,
            output_bytes,
            reply: Reply::Undefined,
            panicked_op: None,
            leftovers: None,
            ops: [0; _],
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
        #[cfg(test)]
        assert_ne!(faults::PANICS.get(), Some(op), "on purpose");
        let n_called = &mut self.ops[op.family() as usize];
        *n_called = n_called.saturating_add(1);
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
                // Whose bundle does not load wants to know where.
                [Arg::Text(raw)] if self.calls.is_none() => Reply::Text(raw.to_string()),
                [Arg::Text(raw)] => Reply::Text(stack::map_stack(raw, &self.positions)),
                _ => Reply::bad_args(op),
            },
            Op::Utf8Encode => text::utf8_encode(args),
            Op::DecoderName => text::decoder_name(args),
            Op::Decode => text::decode(args),
            Op::UrlParse => url::url_parse(args),
            Op::UrlSet => url::url_set(args),
            Op::DecoderOpen => self.decoders.open(args),
            Op::DecoderNext => self.decoders.next(args),
            Op::FlateOpen => self.flates.open(args),
            Op::FlatePush => self.flates.push(args),
            Op::FlatePull => self.flates.pull(args),
            Op::Crypto => match crypto::Task::of(args) {
                Ok(task) => task.perform(|| !guard::is_asked()),
                Err(refused) => refused,
            },
            Op::XmlParse => xml::xml_parse(args),
            Op::Intl => intl::intl(args),
            Op::IntlTag => intl::intl_tag(args),
            Op::ZoneName => intl::zone_name(args),
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
        // As Node does: less than 1 ms, or more than 32 bits hold, means 1 ms. The
        // prelude says exactly 0 for what is to come next.
        let ms = match delay_ms {
            0.0 => 0.0,
            1.0..=2_147_483_647.0 => delay_ms.trunc(),
            _ => 1.0,
        };
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
        Op::Hold => calls.hold(args),
        Op::Checksum => calls.start_work(args, |args, wanted| {
            let args: Vec<Arg<'_>> = args.iter().map(Owned::as_arg).collect();
            checksum::checksum(&args, wanted)
        }),
        Op::CryptoCall => calls.start_work(args, |args, wanted| {
            let task = crypto::Task::of(&args.iter().map(Owned::as_arg).collect::<Vec<_>>());
            // The task has its own copy.
            drop(args);
            match task {
                Ok(task) => task.perform(|| wanted.is_wanted()),
                Err(refused) => refused,
            }
        }),
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

/// Makes an op of this thread's runs fail as a bug in it would.
#[cfg(test)]
pub(crate) mod faults {
    thread_local! {
        pub(crate) static PANICS: std::cell::Cell<Option<super::Op>> =
            const { std::cell::Cell::new(None) };
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
