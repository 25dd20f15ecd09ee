//! The asynchronous ops of one run: who numbers them, counts them, does them and
//! drops them.
//!
//! An op starts its work and gives its number to the isolate at once; what comes
//! of it arrives later, by that number. [`Calls`] is made for a run and goes with
//! it, and with it goes everything that the run has under way. What an op does is
//! its own module's business.

use std::{
    fmt,
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
    work: Arc<Shared>,
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

    /// Starts work that needs a processor and nobody else, such as compression, on
    /// a thread where it holds up no run. Its reply settles the call; when the run
    /// ends first, work that has not begun never does, and what comes of the rest
    /// is dropped. `n_bytes` were copied for it.
    pub(crate) fn start_work(
        &mut self,
        n_bytes: usize,
        work: impl FnOnce(&Wanted) -> Reply + Send + 'static,
    ) -> Reply {
        let limit = self.outside.limits.open;
        if self.work.n_working.load(Ordering::Relaxed) >= limit {
            return Reply::throw(
                "QuotaExceededError",
                format!("more than {limit} host operations are under way; await some first"),
            );
        }
        let most_bytes = self.outside.limits.held_bytes;
        if self.work.held_bytes.load(Ordering::Relaxed) + n_bytes > most_bytes {
            let message = format!(
                "host operations on more than {} MiB are under way; await some first",
                most_bytes >> 20
            );
            return Reply::throw("QuotaExceededError", message);
        }
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
                let reply = catch_unwind(AssertUnwindSafe(|| work(&wanted)))
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
        let first = calls.start_work(0, move |_| Reply::Bool(wait.recv().is_ok()));
        assert_eq!(first, Reply::Number(1.0));
        assert_eq!(calls.start_work(0, |_| panic!("on purpose")), Reply::Number(2.0));
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
        calls.start_work(0, move |wanted| {
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
    fn more_work_than_allowed_is_refused() {
        let (mut calls, _events) = calls();
        let (_go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(parking_lot::Mutex::new(wait));
        for _ in 0..2 {
            let wait = Arc::clone(&wait);
            calls.start_work(0, move |_| Reply::Bool(wait.lock().recv().is_ok()));
        }
        assert_eq!(
            calls.start_work(0, |_| Reply::Undefined),
            Reply::throw(
                "QuotaExceededError",
                "more than 2 host operations are under way; await some first"
            )
        );
    }
}
