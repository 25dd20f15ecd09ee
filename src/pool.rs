//! Jobs in, replies out: n workers behind one bounded queue.
//!
//! The pool hands out jobs and takes them back; what a job is made of, and where
//! its reply goes, is the caller's business.

use std::{
    collections::HashMap,
    fmt, io,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Sender, TrySendError};
use parking_lot::{Condvar, Mutex};

use crate::{
    aws::Source,
    isolate::{
        Blueprint, Budget, Outcome, Tracking, Verify,
        host::{calls::Outside, http::Limits},
        preset,
    },
    net::{self, Reactor, Resolver},
    policy::Policy,
    transpile::{Check, Findings, TranspileError},
    watchdog::{Cancellation, Cause, List, Watchdog, Watched},
    worker::{self, Orders, Task},
};

/// How many workers, and what a run may use.
#[derive(Clone, Debug)]
pub struct Config {
    pub n_workers: usize,
    /// Jobs that may wait; beyond it `submit` refuses.
    pub queue_len: usize,
    /// Heap of one run, bytes.
    pub memory_bytes: usize,
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

impl Default for Config {
    fn default() -> Config {
        Config {
            n_workers: thread::available_parallelism().map_or(1, usize::from),
            queue_len: 1024,
            memory_bytes: 256 << 20,
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
    pub code: String,
    /// JSON text, known to be valid and of bounded depth.
    pub input: String,
    /// The instant at which the run must be over, counted from arrival, and the
    /// timeout it came from; `None` runs without.
    pub deadline: Option<(Instant, Duration)>,
    /// When the request arrived: what `queueMs` counts from.
    pub arrived: Instant,
    pub check: Check,
    /// Called exactly once, on a worker's thread, also after a panic.
    pub reply: Box<dyn FnOnce(Reply) + Send>,
}

/// What became of a job.
#[derive(Debug)]
pub struct Reply {
    /// Handed back so that a code frame can be drawn from it.
    pub code: String,
    pub queued: Duration,
    pub findings: Findings,
    pub outcome: Result<Outcome, TranspileError>,
}

/// The queue is full, or the pool is stopping; the job comes back.
#[derive(Debug)]
pub struct Refused(pub Job);

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
    /// `None` once the pool is stopping.
    tasks: Mutex<Option<Sender<Task>>>,
    workers: Vec<thread::JoinHandle<()>>,
    unfinished: Arc<Unfinished>,
    /// Dropped last: the workers hold its list, and it signals their threads.
    watchdog: Watchdog,
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
        let watchdog = Watchdog::start(config.cancellation)?;
        let (sender, tasks) = crossbeam_channel::bounded(config.queue_len);
        let (ready_sender, ready) = crossbeam_channel::unbounded();
        let orders = Orders {
            blueprint: Blueprint {
                preset: preset::DEFAULT,
                memory_bytes: config.memory_bytes,
                tracking: config.tracking,
                verify: config.verify,
            },
            budget: Budget { output_bytes: config.output_bytes, log_bytes: config.log_bytes },
            source_bytes: config.source_bytes,
            outside: Arc::new(Outside::new(reactor, config.net, config.calls)),
            watchdog: watchdog.list(),
        };
        let mut workers = Vec::new();
        for worker_idx in 0..config.n_workers.max(1) {
            workers.push(worker::spawn(
                worker_idx,
                orders.clone(),
                tasks.clone(),
                ready_sender.clone(),
            )?);
        }
        drop(ready_sender);
        for _ in 0..workers.len() {
            match ready.recv() {
                Ok(Ok(())) => {}
                Ok(Err(err)) => return Err(io::Error::other(err)),
                Err(_) => return Err(io::Error::other("a worker ended before it was ready")),
            }
        }
        let tasks = Mutex::new(Some(sender));
        Ok(Pool { tasks, workers, unfinished: Arc::default(), watchdog })
    }

    /// Never blocks.
    pub fn submit(&self, mut job: Job) -> Result<Ticket, Refused> {
        let tasks = self.tasks.lock();
        let Some(tasks) = &*tasks else { return Err(Refused(job)) };

        let watched = Watched::new();
        let number = self.unfinished.add(&watched);
        let unfinished = Arc::clone(&self.unfinished);
        let reply = job.reply;
        job.reply = Box::new(move |it| {
            unfinished.remove(number);
            reply(it);
        });
        let ticket = Ticket { watched: Arc::clone(&watched), watchdog: self.watchdog.list() };
        match tasks.try_send(Task { job, watched }) {
            Ok(()) => Ok(ticket),
            Err(TrySendError::Full(task) | TrySendError::Disconnected(task)) => {
                self.unfinished.remove(number);
                Err(Refused(task.job))
            }
        }
    }

    /// Jobs that no worker has taken yet.
    pub fn queued(&self) -> usize {
        self.tasks.lock().as_ref().map_or(0, Sender::len)
    }

    /// Jobs that a worker has taken and not replied to.
    pub fn running(&self) -> usize {
        self.unfinished.jobs.lock().by_number.len().saturating_sub(self.queued())
    }

    /// Refuses new jobs, lets running ones finish until `grace` is over, stops the
    /// rest and joins the workers. Every job is replied to.
    pub fn stop(mut self, grace: Duration) {
        self.shut_down(grace);
    }

    fn shut_down(&mut self, grace: Duration) {
        // Workers end when they have drained what is queued.
        *self.tasks.lock() = None;
        let deadline = Instant::now() + grace;
        let mut jobs = self.unfinished.jobs.lock();
        for watched in jobs.by_number.values() {
            watched.refuse_queued(Cause::ShuttingDown);
        }
        while !jobs.by_number.is_empty() {
            if self.unfinished.is_empty.wait_until(&mut jobs, deadline).timed_out() {
                break;
            }
        }
        for watched in jobs.by_number.values() {
            self.watchdog.list().stop(watched, Cause::ShuttingDown);
        }
        drop(jobs);
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

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("code", &self.code.len()).finish_non_exhaustive()
    }
}
