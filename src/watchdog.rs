//! One thread and one ordered list of deadlines: who is asked to stop, and who is
//! made to.
//!
//! A job that no worker has taken is taken out of the queue and refused, and a run
//! that waits for the host is answered from here: neither needs a worker, which may
//! have its hands full with another run. At the deadline of a run that is at work it
//! is *asked* (ring 1: a flag that the engine polls); if it
//! still runs after the grace, it is *killed* (ring 2: a signal that leaves the
//! engine). A cancel is a deadline that passes now. The watchdog never looks at
//! the engine, and it never decides what a stopped run is called: it notes the
//! [`Cause`], and the worker reads it.

use std::{
    collections::BTreeMap,
    io, mem,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::Sender;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::{
    isolate::{
        guard::Target,
        host::{Mail, RunNumber},
    },
    pool::queue::Queue,
    worker::Parked,
};

/// How runs are stopped.
#[derive(Clone, Copy, Debug)]
pub struct Cancellation {
    pub ask: Ask,
    /// Between asking and killing. Long enough that almost every run ends by
    /// itself, short enough that nobody notices.
    pub grace: Duration,
}

/// Whether a run may end by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ask {
    First,
    /// Straight to the kill: for tests that want every run to end by ring 2.
    Never,
}

impl Default for Cancellation {
    fn default() -> Cancellation {
        Cancellation { ask: Ask::First, grace: Duration::from_millis(10) }
    }
}

/// Why a run was stopped. The first cause stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cause {
    Deadline = 1,
    Cancelled = 2,
    ShuttingDown = 3,
}

/// One job from its queueing to its end, as seen by those who may stop it.
#[derive(Debug)]
pub(crate) struct Watched {
    cause: AtomicU8,
    phase: Mutex<Phase>,
}

#[derive(Debug)]
enum Phase {
    /// Its worker looks at the cause before it begins.
    Queued,
    /// In a turn. Its worker looks at the cause after it.
    Running(Running),
    /// Between two turns.
    Waiting(Running, Parked),
    Over,
}

/// Whom a stop has found.
enum Noted {
    Queued,
    Running(Running),
    Waiting(Running, Parked),
    Over,
}

/// What it takes to stop a run.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) target: Arc<Target>,
    pub(crate) run: RunNumber,
    pub(crate) inbox: Sender<Mail>,
}

impl Watched {
    pub(crate) fn new() -> Arc<Watched> {
        Arc::new(Watched { cause: AtomicU8::new(0), phase: Mutex::new(Phase::Queued) })
    }

    pub(crate) fn cause(&self) -> Option<Cause> {
        match self.cause.load(Ordering::SeqCst) {
            1 => Some(Cause::Deadline),
            2 => Some(Cause::Cancelled),
            3 => Some(Cause::ShuttingDown),
            _ => None,
        }
    }

    pub(crate) fn begin(&self, running: Running) {
        *self.phase.lock() = Phase::Running(running);
    }

    /// Leaves a run that waits here, where it can be stopped. It comes back when
    /// it was stopped during its turn.
    #[expect(clippy::result_large_err, reason = "once per turn that ends by waiting")]
    pub(crate) fn park(&self, parked: Parked) -> Result<(), Parked> {
        let mut phase = self.phase.lock();
        match mem::replace(&mut *phase, Phase::Over) {
            Phase::Running(running) if self.cause().is_none() => {
                *phase = Phase::Waiting(running, parked);
                Ok(())
            }
            _ => Err(parked),
        }
    }

    /// Takes it for its next turn; `None` when it was stopped.
    pub(crate) fn unpark(&self) -> Option<Parked> {
        let mut phase = self.phase.lock();
        match mem::replace(&mut *phase, Phase::Over) {
            Phase::Waiting(running, parked) => {
                *phase = Phase::Running(running);
                Some(parked)
            }
            _ => None,
        }
    }

    pub(crate) fn end(&self) {
        *self.phase.lock() = Phase::Over;
    }

    /// Who is in a turn of this job, for tests.
    #[cfg(test)]
    pub(crate) fn target(&self) -> Option<Arc<Target>> {
        match &*self.phase.lock() {
            Phase::Running(running) => Some(Arc::clone(&running.target)),
            _ => None,
        }
    }

    /// Notes why, unless something else came first or the job is over. A run that
    /// waits is taken out: it is over.
    fn note(&self, cause: Cause) -> Noted {
        let mut phase = self.phase.lock();
        if !matches!(*phase, Phase::Over) {
            let _ = self.cause.compare_exchange(0, cause as u8, Ordering::SeqCst, Ordering::SeqCst);
        }
        match mem::replace(&mut *phase, Phase::Over) {
            Phase::Queued => {
                *phase = Phase::Queued;
                Noted::Queued
            }
            Phase::Running(running) => {
                *phase = Phase::Running(running.clone());
                Noted::Running(running)
            }
            Phase::Waiting(running, parked) => Noted::Waiting(running, parked),
            Phase::Over => Noted::Over,
        }
    }
}

/// Names one entry of the list.
pub(crate) type WatchKey = (Instant, u64);

/// The thread and its list. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Watchdog {
    list: Arc<List>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What other threads hold of the watchdog.
#[derive(Debug)]
pub(crate) struct List {
    entries: Mutex<Entries>,
    changed: Condvar,
    cancellation: Cancellation,
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Entries {
    by_instant: BTreeMap<WatchKey, Entry>,
    last_seq: u64,
    /// When the thread will look again by itself; a later entry need not wake it.
    looks_at: Option<Instant>,
    is_closing: bool,
}

#[derive(Debug)]
enum Entry {
    Stop(Arc<Watched>, Cause),
    Kill(Running),
}

impl Watchdog {
    pub(crate) fn start(cancellation: Cancellation, queue: Arc<Queue>) -> io::Result<Watchdog> {
        let (entries, changed) = (Mutex::default(), Condvar::new());
        let list = Arc::new(List { entries, changed, cancellation, queue });
        let theirs = Arc::clone(&list);
        let thread =
            thread::Builder::new().name("watchdog".to_owned()).spawn(move || theirs.watch_all())?;
        Ok(Watchdog { list, thread: Some(thread) })
    }

    pub(crate) fn list(&self) -> Arc<List> {
        Arc::clone(&self.list)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.list.entries.lock().is_closing = true;
        self.list.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It has no panics to report: it owns no job.
            let _ = thread.join();
        }
    }
}

impl List {
    /// Stops the job at `deadline`.
    pub(crate) fn watch(&self, deadline: Instant, watched: &Arc<Watched>) -> WatchKey {
        self.insert(deadline, Entry::Stop(Arc::clone(watched), Cause::Deadline))
    }

    /// Stops the job as soon as can be, queued or running.
    pub(crate) fn stop(&self, watched: &Arc<Watched>, cause: Cause) {
        self.insert(Instant::now(), Entry::Stop(Arc::clone(watched), cause));
    }

    pub(crate) fn unwatch(&self, key: WatchKey) {
        self.entries.lock().by_instant.remove(&key);
    }

    fn insert(&self, at: Instant, entry: Entry) -> WatchKey {
        let mut entries = self.entries.lock();
        entries.last_seq += 1;
        let key = (at, entries.last_seq);
        entries.by_instant.insert(key, entry);
        // Most deadlines are farther away than the last wake-up that was planned:
        // then the request pays no system call for its watching.
        if entries.looks_at.is_none_or(|looks_at| at < looks_at) {
            entries.looks_at = Some(at);
            drop(entries);
            self.changed.notify_one();
        }
        key
    }

    #[cfg(test)]
    pub(crate) fn is_closing(&self) -> bool {
        self.entries.lock().is_closing
    }

    fn watch_all(&self) {
        let mut entries = self.entries.lock();
        loop {
            let now = Instant::now();
            while let Some(first) = entries.by_instant.first_entry() {
                if first.key().0 > now {
                    break;
                }
                match first.remove() {
                    Entry::Stop(watched, cause) => match watched.note(cause) {
                        Noted::Running(running) => self.stop_run(&mut entries, now, running),
                        // Replying looks at this list again.
                        Noted::Queued => MutexGuard::unlocked(&mut entries, || {
                            if let Some(task) = self.queue.remove(&watched) {
                                task.refuse(cause);
                            }
                        }),
                        Noted::Waiting(running, parked) => {
                            MutexGuard::unlocked(&mut entries, || {
                                // Its worker may be gone.
                                let _ = running.inbox.send(Mail::Stopped { run: running.run });
                                parked.give_up(watched.cause().unwrap_or(cause).into());
                            });
                        }
                        Noted::Over => {}
                    },
                    Entry::Kill(running) => running.target.kill(running.run),
                }
            }
            // Asked here, behind the replies: while they are made nobody waits for it.
            if entries.is_closing {
                return;
            }
            entries.looks_at = entries.by_instant.first_key_value().map(|((at, _), _)| *at);
            match entries.looks_at {
                Some(at) => {
                    self.changed.wait_until(&mut entries, at);
                }
                None => self.changed.wait(&mut entries),
            }
        }
    }

    fn stop_run(&self, entries: &mut Entries, now: Instant, running: Running) {
        if self.cancellation.ask == Ask::First {
            running.target.ask(running.run);
        }
        if self.cancellation.grace.is_zero() {
            running.target.kill(running.run);
            return;
        }
        entries.last_seq += 1;
        let key = (now + self.cancellation.grace, entries.last_seq);
        entries.by_instant.insert(key, Entry::Kill(running));
    }
}
