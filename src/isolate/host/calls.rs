//! The asynchronous ops of one run: who numbers them, counts them, does them and
//! drops them.
//!
//! An op starts its work and gives its number to the isolate at once; what comes
//! of it arrives later, by that number. [`Calls`] is made for a run and goes with
//! it, and with it goes everything that the run has under way. What an op does is
//! its own module's business.

use std::{
    collections::BTreeMap,
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::timeout;

use super::{
    Arg, CallId, Completions, Reply,
    http::{Effects, Exchanges, Limits},
};
use crate::{
    aws::Defaults,
    net::{self, Net, Reactor},
};

/// What runs can reach beyond their isolate; shared by all workers of a pool.
#[derive(Debug)]
pub struct Outside {
    reactor: Reactor,
    config: net::Config,
    limits: Limits,
    /// Made by the first run that asks.
    net: OnceLock<Arc<Net>>,
}

impl Outside {
    pub fn new(reactor: Reactor, config: net::Config, limits: Limits) -> Outside {
        Outside { reactor, config, limits, net: OnceLock::new() }
    }

    /// Says who we are to AWS and what the network policy is, when it is known:
    /// finding credentials may take a while.
    pub(crate) fn introduce(&self, respond: impl FnOnce(Introduction) + Send + 'static) {
        let rules = self.config.policy.rules();
        let (net, handle) = match (self.net(), self.reactor.handle()) {
            (Ok(net), Ok(handle)) => (net, handle),
            _ => {
                let credentials = Err("the kernel cannot start a thread to look".to_owned());
                respond(Introduction { credentials, defaults: Defaults::default(), rules });
                return;
            }
        };
        handle.spawn(async move {
            let found = timeout(INTRODUCTION_LIMIT, net.aws.credentials_source()).await;
            let credentials = match found {
                Ok(Ok(source)) => Ok(source),
                Ok(Err(err)) => Err(err.to_string()),
                Err(_late) => Err("looking for them takes too long".to_owned()),
            };
            let defaults = net.aws.defaults().await.clone();
            respond(Introduction { credentials, defaults, rules });
        });
    }

    fn net(&self) -> Result<Arc<Net>, Reply> {
        if let Some(net) = self.net.get() {
            return Ok(Arc::clone(net));
        }
        let handle = self.reactor.handle().map_err(|err| not_started(&err))?;
        Ok(Arc::clone(self.net.get_or_init(|| Net::new(handle, self.config.clone()))))
    }
}

/// What there is to know about the world outside before anybody calls it.
#[derive(Debug)]
pub struct Introduction {
    /// Where credentials come from, by name, or why there are none.
    pub credentials: Result<String, String>,
    pub defaults: Defaults,
    /// Of the network policy.
    pub rules: Vec<String>,
}

/// What finding credentials may take when somebody only asks.
const INTRODUCTION_LIMIT: Duration = Duration::from_secs(10);

/// What one run has under way. Dropping it ends all of it.
pub struct Calls {
    outside: Arc<Outside>,
    completions: Completions,
    last_call: CallId,
    /// Started and not delivered to the isolate.
    n_in_flight: u32,
    /// `None` until the run talks to somebody.
    exchanges: Option<Exchanges>,
    /// Large arguments of the next work, by their index.
    held: BTreeMap<usize, Vec<u8>>,
    work: Arc<Shared>,
}

/// What work is done on. It owns what in the isolate may be gone by then.
#[derive(Debug)]
pub(crate) enum Owned {
    Arg(Arg<'static>),
    Bytes(Vec<u8>),
}

impl Owned {
    fn of(arg: &Arg<'_>) -> Owned {
        Owned::Arg(match arg {
            Arg::Bytes(bytes) => return Owned::Bytes(bytes.to_vec()),
            Arg::Text(text) => Arg::Text(text.clone().into_owned().into()),
            Arg::Undefined => Arg::Undefined,
            Arg::Null => Arg::Null,
            Arg::Bool(it) => Arg::Bool(*it),
            Arg::Number(it) => Arg::Number(*it),
        })
    }

    /// As an op takes it.
    pub(crate) fn as_arg(&self) -> Arg<'_> {
        match self {
            Owned::Bytes(bytes) => Arg::Bytes(bytes),
            Owned::Arg(Arg::Bytes(bytes)) => Arg::Bytes(bytes),
            Owned::Arg(Arg::Text(text)) => Arg::Text((&**text).into()),
            Owned::Arg(Arg::Undefined) => Arg::Undefined,
            Owned::Arg(Arg::Null) => Arg::Null,
            Owned::Arg(Arg::Bool(it)) => Arg::Bool(*it),
            Owned::Arg(Arg::Number(it)) => Arg::Number(*it),
        }
    }
}

/// What a run shares with its work on other threads.
#[derive(Default)]
struct Shared {
    run_is_over: AtomicBool,
    n_working: AtomicUsize,
    /// Copied for work that is not done.
    held_bytes: AtomicUsize,
}

/// Tells work that takes long whether anybody still wants it.
pub(crate) struct Wanted(Arc<Shared>);

impl Wanted {
    /// To be asked every few milliseconds of work.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.0.run_is_over.load(Ordering::Relaxed)
    }
}

impl Calls {
    pub fn new(outside: Arc<Outside>, completions: Completions) -> Calls {
        Calls {
            outside,
            completions,
            last_call: 0,
            n_in_flight: 0,
            exchanges: None,
            held: BTreeMap::new(),
            work: Arc::default(),
        }
    }

    /// Started and not delivered.
    pub(crate) fn n_in_flight(&self) -> u32 {
        self.n_in_flight
    }

    /// The isolate is about to get the reply to a call.
    pub(crate) fn delivered(&mut self) {
        self.n_in_flight = self.n_in_flight.saturating_sub(1);
    }

    /// What the run did outside so far.
    pub(crate) fn effects(&self) -> Effects {
        self.exchanges.as_ref().map(Exchanges::effects).unwrap_or_default()
    }

    /// Starts an asynchronous op of [`Exchanges`]; its number, or its reply where
    /// there is nothing to wait for.
    pub(crate) fn start(
        &mut self,
        op: impl FnOnce(&mut Exchanges, CallId, &[Arg<'_>]) -> Reply,
        args: &[Arg<'_>],
    ) -> Reply {
        let call = self.next_call();
        let exchanges = match self.exchanges() {
            Ok(exchanges) => exchanges,
            Err(reply) => return reply,
        };
        match op(exchanges, call, args) {
            Reply::Undefined => self.started(call),
            at_once => at_once,
        }
    }

    /// Performs a synchronous op of [`Exchanges`].
    pub(crate) fn ask(
        &mut self,
        op: impl FnOnce(&mut Exchanges, &[Arg<'_>]) -> Reply,
        args: &[Arg<'_>],
    ) -> Reply {
        match self.exchanges() {
            Ok(exchanges) => op(exchanges, args),
            Err(reply) => reply,
        }
    }

    /// Op `hold(index, at, bytes, bytes in all)`: a slice of an argument of the next
    /// work, which has null in its place. Copying a large one in one go would hold
    /// the door.
    pub(crate) fn hold(&mut self, args: &[Arg<'_>]) -> Reply {
        let [Arg::Number(idx), Arg::Number(at), Arg::Bytes(slice), Arg::Number(n_bytes)] = args
        else {
            return Reply::type_error("hold takes an index, an offset, bytes and their number");
        };
        let (idx, at, n_bytes) = (*idx as usize, *at as usize, *n_bytes as usize);
        if at == 0 {
            self.held.remove(&idx);
            let n_held: usize = self.held.values().map(Vec::capacity).sum();
            if let Err(refused) = self.check_held(n_held.saturating_add(n_bytes)) {
                self.held.clear();
                return refused;
            }
            self.held.insert(idx, Vec::with_capacity(n_bytes));
        }
        match self.held.get_mut(&idx) {
            Some(bytes) if bytes.len() == at && slice.len() <= n_bytes.saturating_sub(at) => {
                bytes.extend_from_slice(slice);
                Reply::Undefined
            }
            _ => Reply::type_error("a slice is out of its place"),
        }
    }

    /// Whether the host may copy so much more for this run.
    fn check_held(&self, n_bytes: usize) -> Result<(), Reply> {
        let most = self.outside.limits.held_bytes;
        if self.work.held_bytes.load(Ordering::Relaxed).saturating_add(n_bytes) <= most {
            return Ok(());
        }
        let message = format!(
            "host operations on more than {} MiB are under way; await some first",
            most >> 20
        );
        Err(Reply::throw("QuotaExceededError", message))
    }

    /// Starts work that needs a processor and nobody else, such as hashing, on
    /// a thread where it holds up no run. Its reply settles the call; when the run
    /// ends first, work that has not begun never does, and what comes of the rest
    /// is dropped. Arguments are copied; those that were held take their places.
    pub(crate) fn start_work(
        &mut self,
        args: &[Arg<'_>],
        work: impl FnOnce(Vec<Owned>, &Wanted) -> Reply + Send + 'static,
    ) -> Reply {
        let mut held = mem::take(&mut self.held);
        let limit = self.outside.limits.open;
        if self.work.n_working.load(Ordering::Relaxed) >= limit {
            return Reply::throw(
                "QuotaExceededError",
                format!("more than {limit} host operations are under way; await some first"),
            );
        }
        let n_bytes = args.iter().map(Arg::len).chain(held.values().map(Vec::len)).sum();
        if let Err(refused) = self.check_held(n_bytes) {
            return refused;
        }
        let args: Vec<Owned> = args
            .iter()
            .enumerate()
            .map(|(idx, arg)| held.remove(&idx).map_or_else(|| Owned::of(arg), Owned::Bytes))
            .collect();
        let handle = match self.outside.reactor.handle() {
            Ok(handle) => handle,
            Err(err) => return not_started(&err),
        };
        let call = self.next_call();
        let completions = self.completions.clone();
        let wanted = Wanted(Arc::clone(&self.work));
        wanted.0.n_working.fetch_add(1, Ordering::Relaxed);
        wanted.0.held_bytes.fetch_add(n_bytes, Ordering::Relaxed);
        handle.spawn_blocking(move || {
            if wanted.is_wanted() {
                // Nothing of the work is used again.
                let reply = catch_unwind(AssertUnwindSafe(|| work(args, &wanted)))
                    .unwrap_or_else(|_panic| Reply::throw("Error", "the kernel failed in it"));
                completions.complete(call, reply);
            }
            wanted.0.n_working.fetch_sub(1, Ordering::Relaxed);
            wanted.0.held_bytes.fetch_sub(n_bytes, Ordering::Relaxed);
        });
        self.started(call)
    }

    fn next_call(&mut self) -> CallId {
        self.last_call += 1;
        self.last_call
    }

    fn started(&mut self, call: CallId) -> Reply {
        self.n_in_flight += 1;
        Reply::Number(f64::from(call))
    }

    fn exchanges(&mut self) -> Result<&mut Exchanges, Reply> {
        let exchanges = match self.exchanges.take() {
            Some(it) => it,
            None => {
                let (completions, limits) = (&self.completions, &self.outside.limits);
                Exchanges::new(self.outside.net()?, completions.clone(), limits.clone())
            }
        };
        Ok(self.exchanges.insert(exchanges))
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.work.run_is_over.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("n_in_flight", &self.n_in_flight).finish_non_exhaustive()
    }
}

fn not_started(err: &std::io::Error) -> Reply {
    Reply::throw("Error", format!("the kernel cannot start a thread for host calls: {err}"))
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;
    use crate::{
        aws::Source,
        isolate::host::{Completion, Mail},
        net::Resolver,
        policy::Policy,
    };

    fn calls() -> (Calls, crossbeam_channel::Receiver<Mail>) {
        let config = net::Config {
            policy: Policy::default(),
            aws: Source::Fixed { credentials: None, region: None, endpoint: None },
            resolver: Resolver::System,
        };
        let limits = Limits { open: 2, ..Limits::default() };
        let outside = Arc::new(Outside::new(Reactor::on_demand(), config, limits));
        let (sender, events) = crossbeam_channel::unbounded();
        (Calls::new(outside, Completions::new(sender, 1)), events)
    }

    #[track_caller]
    fn check_next(events: &crossbeam_channel::Receiver<Mail>, expected: (CallId, Reply)) {
        let event = events.recv_timeout(Duration::from_secs(10)).unwrap();
        let Mail::Completed { completion: Completion { call, reply }, .. } = event else {
            panic!("not a completion")
        };
        assert_eq!((call, reply), expected);
    }

    #[test]
    fn work_beside_the_run_is_numbered_counted_and_bounded() {
        let (mut calls, events) = calls();
        let (go, wait) = mpsc::channel::<()>();
        let first = calls.start_work(&[], move |_, _| Reply::Bool(wait.recv().is_ok()));
        assert_eq!(first, Reply::Number(1.0));
        assert_eq!(calls.start_work(&[], |_, _| panic!("on purpose")), Reply::Number(2.0));
        assert_eq!(calls.n_in_flight(), 2);
        check_next(&events, (2, Reply::throw("Error", "the kernel failed in it")));
        calls.delivered();
        go.send(()).unwrap();
        check_next(&events, (1, Reply::Bool(true)));
        calls.delivered();
        assert_eq!(calls.n_in_flight(), 0);
    }

    #[test]
    fn work_of_a_run_that_is_over_is_told_so() {
        let (mut calls, _events) = calls();
        let (told, is_told) = mpsc::channel();
        let (began, has_begun) = mpsc::channel();
        calls.start_work(&[], move |_, wanted| {
            began.send(()).unwrap();
            while wanted.is_wanted() {
                std::thread::yield_now();
            }
            told.send(()).unwrap();
            Reply::Undefined
        });
        has_begun.recv().unwrap();
        drop(calls);
        is_told.recv_timeout(Duration::from_secs(10)).expect("it stops by itself");
    }

    #[test]
    fn large_arguments_come_in_slices_and_take_their_places() {
        let (mut calls, events) = calls();
        let hold = |calls: &mut Calls, idx: f64, at: f64, slice: &[u8], n_bytes: f64| {
            let (idx, at, n_bytes) = (Arg::Number(idx), Arg::Number(at), Arg::Number(n_bytes));
            calls.hold(&[idx, at, Arg::Bytes(slice), n_bytes])
        };
        let out_of_place = Reply::type_error("a slice is out of its place");
        // Given up half-way: the next work must not find it.
        assert_eq!(hold(&mut calls, 1.0, 0.0, b"old", 9.0), Reply::Undefined);
        assert_eq!(hold(&mut calls, 1.0, 0.0, b"ab", 4.0), Reply::Undefined);
        assert_eq!(hold(&mut calls, 1.0, 1.0, b"c", 4.0), out_of_place);
        assert_eq!(hold(&mut calls, 1.0, 2.0, b"cde", 4.0), out_of_place);
        assert_eq!(hold(&mut calls, 1.0, 2.0, b"cd", 4.0), Reply::Undefined);
        let joined = |args: Vec<Owned>, _: &Wanted| {
            Reply::Text(format!("{:?}", args.iter().map(Owned::as_arg).collect::<Vec<_>>()))
        };
        calls.start_work(&[Arg::Bool(true), Arg::Null, Arg::Bytes(b"e")], joined);
        let expected = "[Bool(true), Bytes([97, 98, 99, 100]), Bytes([101])]";
        check_next(&events, (1, Reply::Text(expected.to_owned())));
        calls.start_work(&[Arg::Undefined, Arg::Null], joined);
        check_next(&events, (2, Reply::Text("[Undefined, Null]".to_owned())));

        let too_much = (Limits::default().held_bytes + 1) as f64;
        assert_eq!(
            hold(&mut calls, 0.0, 0.0, b"a", too_much),
            Reply::throw(
                "QuotaExceededError",
                "host operations on more than 256 MiB are under way; await some first"
            )
        );
    }

    #[test]
    fn more_work_than_allowed_is_refused() {
        let (mut calls, _events) = calls();
        let (_go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(parking_lot::Mutex::new(wait));
        for _ in 0..2 {
            let wait = Arc::clone(&wait);
            calls.start_work(&[], move |_, _| Reply::Bool(wait.lock().recv().is_ok()));
        }
        assert_eq!(
            calls.start_work(&[], |_, _| Reply::Undefined),
            Reply::throw(
                "QuotaExceededError",
                "more than 2 host operations are under way; await some first"
            )
        );
    }
}
