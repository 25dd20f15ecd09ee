//! Jobs in, replies out: n workers behind one bounded queue.
//!
//! The pool hands out jobs and takes them back; who runs when is the queue's and
//! the workers' to know, what a job is made of, and where its reply goes, the
//! caller's.

pub(crate) mod queue;

use std::{
    collections::HashMap,
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

pub use self::queue::Suspended;
use self::queue::{Queue, Task};
use crate::{
    aws::Source,
    isolate::{
        Blueprint, Budget, Outcome, Tracking, Uses, Verify,
        host::{calls::Outside, http::Limits},
        preset::{DEFAULT, Preset},
    },
    net::{self, Reactor, Resolver},
    policy::Policy,
    transpile::{Check, Findings, TranspileError},
    watchdog::{Cancellation, Cause, List, WatchKey, Watchdog, Watched},
    worker::{self, Orders},
};

/// How many workers, and what a run may use.
#[derive(Clone, Debug)]
pub struct Config {
    /// The first is for jobs that name none. At least one.
    pub presets: Vec<Preset>,
    pub warmth: Warmth,
    /// How long an isolate of any but the first preset may be unused; then it goes.
    pub preset_idle: Duration,
    /// How long an image may be in the making.
    pub load_time: Duration,
    pub uses: Uses,
    pub n_workers: usize,
    /// Jobs that may wait; beyond it `submit` refuses.
    pub queue_len: usize,
    /// Runs that may wait for the host outside of their isolate. Beyond it a
    /// worker keeps the waiting run that it has, and serves nobody else.
    pub n_suspended: usize,
    /// Memory for these runs' deltas, bytes. Beyond it, likewise.
    pub suspended_bytes: usize,
    /// Heap of one run, bytes.
    pub memory_bytes: usize,
    /// Stack of the engine, bytes; at most [`MAX_STACK`](crate::isolate::MAX_STACK).
    pub stack_bytes: usize,
    /// JSON text of one result, bytes.
    pub output_bytes: usize,
    /// Captured console output of one run, bytes.
    pub log_bytes: usize,
    /// Source text of one snippet, bytes.
    pub source_bytes: usize,
    /// Whom runs may talk to, and on whose behalf.
    pub net: net::Config,
    /// What one run may have under way and move outside.
    pub calls: Limits,
    pub cancellation: Cancellation,
    pub tracking: Tracking,
    pub verify: Verify,
}

/// When a worker builds its isolates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Warmth {
    /// That of the first preset at the start, others when they are first used. One
    /// worker tries them all, so that a preset which does not load is no surprise.
    OnUse,
    /// All at the start, and they stay.
    Always,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            presets: vec![*DEFAULT],
            warmth: Warmth::OnUse,
            preset_idle: Duration::from_secs(600),
            load_time: Duration::from_secs(10),
            uses: Uses::Many,
            n_workers: thread::available_parallelism().map_or(1, usize::from),
            queue_len: 1024,
            n_suspended: 1000,
            suspended_bytes: 1 << 30,
            memory_bytes: 256 << 20,
            // Ten thousand plain frames need about 7 MiB.
            stack_bytes: 8 << 20,
            output_bytes: 16 << 20,
            log_bytes: 256 << 10,
            source_bytes: 1 << 20,
            net: net::Config {
                policy: Policy::default(),
                aws: Source::Environment,
                resolver: Resolver::System,
            },
            calls: Limits::default(),
            cancellation: Cancellation::default(),
            tracking: Tracking::Best,
            verify: Verify::Trust,
        }
    }
}

/// One snippet on its way to a worker.
pub struct Job {
    /// Index into [`Config::presets`].
    pub preset: usize,
    pub code: String,
    /// JSON text, known to be valid and of bounded depth.
    pub input: String,
    /// The instant at which the run must be over, counted from arrival, and the
    /// timeout it came from; `None` runs without.
    pub deadline: Option<(Instant, Duration)>,
    /// When the request arrived: what `queueMs` counts from.
    pub arrived: Instant,
    pub check: Check,
    /// Called exactly once, on a worker's thread, also after a panic. What it
    /// gives back is called when the worker is ready for its next job.
    pub reply: Box<dyn FnOnce(Reply) -> After + Send>,
}

/// What is left to do when a job's isolate is pristine again.
pub struct After {
    /// It is told how that went, unless the job had no isolate when it ended.
    pub conclude: Box<dyn FnOnce(Option<Restored>)>,
    /// For a worker that then has nothing else to do.
    pub lookout: Option<Box<dyn Lookout>>,
}

/// Lets an idle worker look for the next job of whoever it has just answered. To be
/// woken for it costs more than a look, and the processor is kept awake meanwhile.
/// Dropping it leaves the looking to those who did it before.
pub trait Lookout {
    /// Never blocks.
    fn look(&mut self) -> Seen;
}

/// What a look has found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seen {
    Nothing,
    /// A job, which has been submitted.
    Job,
    /// Others look from here on.
    Over,
}

/// How long a worker looks, at most. Who came back sooner than that after the last
/// answer is worth it. As long as KVM keeps a processor awake for a guest, for the
/// same reason (`halt_poll_ns` in the system's kvm documentation).
pub const LOOK: Duration = Duration::from_micros(200);

/// How an isolate became pristine again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Restored {
    pub took: Duration,
    pub pages_copied: usize,
    pub how: Restoration,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Restoration {
    #[default]
    RolledBack,
    /// After a fault.
    Rebuilt,
}

/// What became of a job.
#[derive(Debug)]
pub struct Reply {
    /// Handed back so that a code frame can be drawn from it.
    pub code: String,
    pub queued: Duration,
    pub findings: Findings,
    /// From the deadline to the end of a run that it stopped.
    pub overrun: Option<Duration>,
    /// Who ran it; absent when nobody did.
    pub worker_idx: Option<usize>,
    pub outcome: Result<Outcome, TranspileError>,
}

/// The queue is full, or the pool is stopping; the job comes back.
#[derive(Debug)]
pub struct Refused(pub Box<Job>);

/// Cancels its job, queued or running. Dropping it does nothing.
#[derive(Clone, Debug)]
pub struct Ticket {
    watched: Arc<Watched>,
    watchdog: Arc<List>,
}

impl Ticket {
    /// Returns at once; the reply comes as for every job.
    pub fn cancel(&self) {
        self.watchdog.stop(&self.watched, Cause::Cancelled);
    }
}

/// The workers and their queue. Dropping it stops them without grace.
pub struct Pool {
    queue: Arc<Queue>,
    workers: Vec<thread::JoinHandle<()>>,
    unfinished: Arc<Unfinished>,
    n_isolates: Arc<[AtomicUsize]>,
    outside: Arc<Outside>,
    /// Dropped last: it signals the workers' threads.
    watchdog: Watchdog,
}

/// Lives as long as its job is not replied to, and goes with a job that is lost.
struct Over {
    key: Option<WatchKey>,
    number: u64,
    unfinished: Arc<Unfinished>,
    watchdog: Arc<List>,
}

impl Drop for Over {
    fn drop(&mut self) {
        self.unfinished.remove(self.number);
        if let Some(key) = self.key {
            self.watchdog.unwatch(key);
        }
    }
}

/// Jobs that were submitted and not yet replied to.
#[derive(Default)]
struct Unfinished {
    jobs: Mutex<Jobs>,
    is_empty: Condvar,
}

#[derive(Default)]
struct Jobs {
    by_number: HashMap<u64, Arc<Watched>>,
    last_number: u64,
}

impl Pool {
    /// Starts the workers and waits until each has its isolate. What their runs
    /// call is done on `reactor`.
    pub fn start(config: Config, reactor: Reactor) -> io::Result<Pool> {
        let queue = Arc::new(Queue::new(queue::Limits {
            n_jobs: config.queue_len,
            n_suspended: config.n_suspended,
            suspended_bytes: config.suspended_bytes,
            // The clients need processors, too.
            n_looking: thread::available_parallelism().map_or(0, |it| it.get() / 2),
        }));
        let watchdog = Watchdog::start(config.cancellation, Arc::clone(&queue))?;
        let n_isolates: Arc<[AtomicUsize]> =
            config.presets.iter().map(|_preset| AtomicUsize::new(0)).collect();
        let (ready_sender, ready) = crossbeam_channel::unbounded();
        let outside = Arc::new(Outside::new(reactor, config.net, config.calls));
        let orders = Orders {
            blueprints: config
                .presets
                .iter()
                .map(|preset| Blueprint {
                    preset: *preset,
                    uses: config.uses,
                    memory_bytes: config.memory_bytes,
                    stack_bytes: config.stack_bytes,
                    tracking: config.tracking,
                    verify: config.verify,
                })
                .collect(),
            warmth: config.warmth,
            preset_idle: config.preset_idle,
            load_time: config.load_time,
            n_isolates: Arc::clone(&n_isolates),
            watchdog: watchdog.list(),
            budget: Budget { output_bytes: config.output_bytes, log_bytes: config.log_bytes },
            source_bytes: config.source_bytes,
            outside: Arc::clone(&outside),
            queue: Arc::clone(&queue),
        };
        // From here on, an early return ends the workers that there are.
        let (workers, unfinished) = (Vec::new(), Arc::default());
        let mut pool = Pool { queue, workers, unfinished, n_isolates, outside, watchdog };
        for _ in 0..config.n_workers.max(1) {
            pool.workers.push(worker::spawn(orders.clone(), ready_sender.clone())?);
        }
        drop(ready_sender);
        for _ in 0..pool.workers.len() {
            match ready.recv() {
                Ok(Ok(())) => {}
                Ok(Err(message)) => return Err(io::Error::other(message)),
                Err(_) => return Err(io::Error::other("a worker ended before it was ready")),
            }
        }
        Ok(pool)
    }

    /// Never blocks.
    pub fn submit(&self, mut job: Job) -> Result<Ticket, Refused> {
        let watchdog = self.watchdog.list();
        let watched = Watched::new();
        let number = self.unfinished.add(&watched);
        let over = Over {
            key: job.deadline.map(|(at, _)| watchdog.watch(at, &watched)),
            number,
            unfinished: Arc::clone(&self.unfinished),
            watchdog: Arc::clone(&watchdog),
        };
        let reply = job.reply;
        job.reply = Box::new(move |it| {
            drop(over);
            reply(it)
        });
        let ticket = Ticket { watched: Arc::clone(&watched), watchdog };
        match self.queue.push(Task { job, watched }) {
            Ok(()) => Ok(ticket),
            Err(task) => Err(Refused(Box::new(task.job))),
        }
    }

    /// What runs can reach beyond their isolates.
    pub fn outside(&self) -> &Arc<Outside> {
        &self.outside
    }

    /// Jobs that no worker has taken yet.
    pub fn queued(&self) -> usize {
        self.queue.n_jobs()
    }

    /// Jobs that a worker has taken and not replied to, waiting ones included.
    pub fn running(&self) -> usize {
        self.unfinished.jobs.lock().by_number.len().saturating_sub(self.queued())
    }

    /// Isolates that there are at the moment, by preset.
    pub fn isolates(&self) -> Vec<usize> {
        self.n_isolates.iter().map(|it| it.load(Relaxed)).collect()
    }

    /// What waits outside of its isolate.
    pub fn suspended(&self) -> Suspended {
        self.queue.suspended()
    }

    /// Refuses new jobs, lets running ones finish until `grace` is over, stops the
    /// rest and joins the workers. Every job is replied to.
    pub fn stop(mut self, grace: Duration) {
        self.shut_down(grace);
    }

    fn shut_down(&mut self, grace: Duration) {
        for task in self.queue.close() {
            task.refuse(Cause::ShuttingDown);
        }
        let deadline = Instant::now() + grace;
        let mut jobs = self.unfinished.jobs.lock();
        while !jobs.by_number.is_empty() {
            if self.unfinished.is_empty.wait_until(&mut jobs, deadline).timed_out() {
                break;
            }
        }
        let rest: Vec<_> = jobs.by_number.values().cloned().collect();
        drop(jobs);
        for watched in rest {
            self.watchdog.list().stop(&watched, Cause::ShuttingDown);
        }
        for worker in self.workers.drain(..) {
            // A worker catches its own panics; one that got away ended the thread.
            let _ = worker.join();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shut_down(Duration::ZERO);
    }
}

impl Unfinished {
    fn add(&self, watched: &Arc<Watched>) -> u64 {
        let mut jobs = self.jobs.lock();
        jobs.last_number += 1;
        let number = jobs.last_number;
        jobs.by_number.insert(number, Arc::clone(watched));
        number
    }

    fn remove(&self, number: u64) {
        let mut jobs = self.jobs.lock();
        jobs.by_number.remove(&number);
        if jobs.by_number.is_empty() {
            self.is_empty.notify_all();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("workers", &self.workers.len()).finish_non_exhaustive()
    }
}

/// Nothing is left to do.
impl Default for After {
    fn default() -> After {
        After { conclude: Box::new(drop), lookout: None }
    }
}

impl fmt::Debug for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("After").field("lookout", &self.lookout.is_some()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("code", &self.code.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
