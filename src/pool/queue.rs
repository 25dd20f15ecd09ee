//! Who runs next: one queue of new jobs for all workers, and what each worker is
//! doing meanwhile.
//!
//! ```text
//!            push                        next: nothing to do
//!   job ───────────► jobs, in order  ◄───────────────────────── worker
//!                      │                                           ▲
//!                      └── Mail::Queue, to one that stands by ─────┘
//! ```
//!
//! - A worker that has nothing to do says so ([`Queue::next`]) and sleeps on its
//!   inbox. A new job wakes *one*: an idle worker, else one whose run only waits.
//!   Nothing polls, but for a worker that looks out for a client in a hurry
//!   ([`Queue::look_out`]), for 0.2 ms at most; it is idle for everybody else.
//! - First come, first served: a worker's own run that is ready goes before a job
//!   only if it became ready before the job came.
//! - What suspended runs hold is counted here, for all workers: [`Queue::reserve`]
//!   and [`Queue::release`].
//!
//! This module moves jobs and counts; it runs nothing.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use crossbeam_channel::Sender;
use parking_lot::Mutex;

use super::{Job, Reply};
use crate::{
    isolate::{Outcome, host::Mail},
    transpile::Findings,
    watchdog::{Cause, Watched},
};

/// A job, and the handle by which it can be stopped.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) job: Job,
    pub(crate) watched: Arc<Watched>,
}

/// What may wait, and how much memory it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Jobs that no worker has taken.
    pub(crate) n_jobs: usize,
    /// Suspended runs of all workers.
    pub(crate) n_suspended: usize,
    /// Their deltas.
    pub(crate) suspended_bytes: usize,
    /// Workers that look out at a time.
    pub(crate) n_looking: usize,
}

#[derive(Debug)]
pub(crate) struct Queue {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<Task>,
    workers: Vec<Worker>,
    is_closing: bool,
    suspended: Suspended,
    /// How often room was made for suspended runs.
    n_releases: u64,
}

/// What suspended runs hold at the moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Suspended {
    pub n_runs: usize,
    /// Of their deltas.
    pub n_bytes: usize,
}

#[derive(Debug)]
struct Worker {
    inbox: Sender<Mail>,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Standing {
    /// At work, or about to look at the queue.
    Busy,
    Idle,
    /// Idle, and awake: see [`Queue::look_out`].
    Looking,
    /// It holds a run that waits, and could suspend it.
    Waiting,
    /// It holds a run that waits, and there was no room to suspend it: no jobs.
    Stuck,
}

/// What a worker has in its isolate when it asks for more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Holds {
    Nothing,
    Waiting,
    /// There was no room to suspend it, said [`Queue::reserve`].
    Stuck(NoRoom),
}

/// No room for a delta, until another one goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NoRoom {
    n_releases: u64,
}

/// What a worker is to do.
#[derive(Debug)]
pub(crate) enum Next {
    Job(Task),
    /// Its own run came first.
    Own,
    /// There is room now: try again what there was none for.
    Room,
    /// Wait for mail.
    Nothing,
    /// No job will come any more.
    Closed,
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Queue {
        Queue { limits, state: Mutex::default() }
    }

    /// Before any job: one more worker, which is busy until it asks for work.
    pub(crate) fn add_worker(&self, inbox: Sender<Mail>) -> usize {
        let mut state = self.state.lock();
        state.workers.push(Worker { inbox, standing: Standing::Busy });
        state.workers.len() - 1
    }

    /// The task comes back when the queue is full or closed.
    #[expect(clippy::result_large_err, reason = "the task goes back to whoever has to answer")]
    pub(crate) fn push(&self, task: Task) -> Result<(), Task> {
        let mut state = self.state.lock();
        // An idle worker takes its job at once: that one does not wait.
        let is_idle = |it: &&Worker| matches!(it.standing, Standing::Idle | Standing::Looking);
        let room = self.limits.n_jobs + state.workers.iter().filter(is_idle).count();
        if state.is_closing || state.jobs.len() >= room {
            return Err(task);
        }
        state.jobs.push_back(task);
        state.wake_one();
        Ok(())
    }

    /// A job that its worker had no room for goes back to where it was.
    pub(crate) fn put_back(&self, task: Task) {
        let mut state = self.state.lock();
        // Whoever stopped it meanwhile, or closed the queue, did not find it here.
        let cause = match task.watched.cause() {
            None if state.is_closing => Some(Cause::ShuttingDown),
            cause => cause,
        };
        match cause {
            None => {
                state.jobs.push_front(task);
                state.wake_one();
            }
            Some(cause) => {
                drop(state);
                task.refuse(cause);
            }
        }
    }

    /// What worker `idx` does next. `own` is since when a run of its own has been
    /// ready. After [`Next::Nothing`] the worker stands by until it asks again.
    pub(crate) fn next(&self, idx: usize, own: Option<Instant>, holds: Holds) -> Next {
        let mut state = self.state.lock();
        state.workers[idx].standing = Standing::Busy;
        if let Holds::Stuck(no_room) = holds {
            if no_room.n_releases != state.n_releases {
                return Next::Room;
            }
            if own.is_some() {
                return Next::Own;
            }
            state.workers[idx].standing = Standing::Stuck;
            return Next::Nothing;
        }
        let job_came = state.jobs.front().map(|task| task.job.arrived);
        if job_came.is_some_and(|came| own.is_none_or(|own| came < own)) {
            return state.jobs.pop_front().map_or(Next::Nothing, Next::Job);
        }
        if own.is_some() {
            if job_came.is_some() {
                // It was this worker's to take; now it is another's.
                state.wake_one();
            }
            return Next::Own;
        }
        if state.is_closing && holds == Holds::Nothing {
            return Next::Closed;
        }
        state.workers[idx].standing = match holds {
            Holds::Nothing => Standing::Idle,
            Holds::Waiting | Holds::Stuck(_) => Standing::Waiting,
        };
        Next::Nothing
    }

    /// Instead of sleeping after [`Next::Nothing`], worker `idx` may look for a job
    /// itself, in short intervals between which it sees to its mail. It stands by as
    /// before, and is the first to be told of a job.
    pub(crate) fn look_out(&self, idx: usize) -> bool {
        let mut state = self.state.lock();
        let may = state.workers[idx].standing == Standing::Idle
            && state.standing_by(Standing::Looking).count() < self.limits.n_looking;
        if may {
            state.workers[idx].standing = Standing::Looking;
        }
        may
    }

    /// Room for a delta of `n_bytes`. `leaving` is that of a run which is resumed
    /// in exchange: it is released right after.
    pub(crate) fn reserve(&self, n_bytes: usize, leaving: Option<usize>) -> Result<(), NoRoom> {
        let mut state = self.state.lock();
        let Suspended { n_runs, n_bytes: held } = state.suspended;
        let n_runs = n_runs + 1;
        let held = held + n_bytes;
        if n_runs - usize::from(leaving.is_some()) > self.limits.n_suspended
            || held - leaving.unwrap_or(0) > self.limits.suspended_bytes
        {
            return Err(NoRoom { n_releases: state.n_releases });
        }
        state.suspended = Suspended { n_runs, n_bytes: held };
        Ok(())
    }

    /// A delta is gone. Whoever had no room tries again.
    pub(crate) fn release(&self, n_bytes: usize) {
        let mut state = self.state.lock();
        state.suspended.n_runs -= 1;
        state.suspended.n_bytes -= n_bytes;
        state.n_releases += 1;
        for worker in &mut state.workers {
            if worker.standing == Standing::Stuck {
                worker.wake();
            }
        }
    }

    /// What was reserved is not used after all: the system has no memory. Nobody
    /// need try again for that.
    pub(crate) fn unreserve(&self, n_bytes: usize) -> NoRoom {
        let mut state = self.state.lock();
        state.suspended.n_runs -= 1;
        state.suspended.n_bytes -= n_bytes;
        NoRoom { n_releases: state.n_releases }
    }

    /// Takes the job out, if no worker has taken it.
    pub(crate) fn remove(&self, watched: &Arc<Watched>) -> Option<Task> {
        let mut state = self.state.lock();
        let idx = state.jobs.iter().position(|it| Arc::ptr_eq(&it.watched, watched))?;
        state.jobs.remove(idx)
    }

    /// Refuses new jobs and hands out what no worker has taken. Workers end when
    /// their runs have.
    pub(crate) fn close(&self) -> VecDeque<Task> {
        let mut state = self.state.lock();
        state.is_closing = true;
        state.workers.iter_mut().for_each(Worker::wake);
        std::mem::take(&mut state.jobs)
    }

    pub(crate) fn n_jobs(&self) -> usize {
        self.state.lock().jobs.len()
    }

    pub(crate) fn suspended(&self) -> Suspended {
        self.state.lock().suspended
    }
}

impl Task {
    /// Replies that it never began.
    pub(crate) fn refuse(self, cause: Cause) {
        let Job { code, arrived, reply, .. } = self.job;
        self.watched.end();
        let outcome = Ok(Outcome::failed(cause.into()));
        let queued = arrived.elapsed();
        let refusal = Reply {
            code,
            queued,
            findings: Findings::default(),
            overrun: None,
            worker_idx: None,
            outcome,
        };
        // A panic in the reply is the asker's loss.
        let _ = catch_unwind(AssertUnwindSafe(|| (reply(refusal).conclude)(None)));
    }
}

impl State {
    fn standing_by(&mut self, standing: Standing) -> impl Iterator<Item = &mut Worker> {
        self.workers.iter_mut().filter(move |it| it.standing == standing)
    }

    /// An idle worker first, best one that is awake, else one whose run only waits.
    /// When there is none, whoever is busy looks here before it stands by.
    fn wake_one(&mut self) {
        for standing in [Standing::Looking, Standing::Idle, Standing::Waiting] {
            if let Some(worker) = self.standing_by(standing).next() {
                worker.wake();
                return;
            }
        }
    }
}

impl Worker {
    fn wake(&mut self) {
        self.standing = Standing::Busy;
        // A worker that died takes no mail; its jobs are the others'.
        let _ = self.inbox.send(Mail::Queue);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crossbeam_channel::Receiver;

    use super::*;
    use crate::pool::After;

    const LIMITS: Limits = Limits { n_jobs: 2, n_suspended: 2, suspended_bytes: 100, n_looking: 1 };

    fn queue(n_workers: usize) -> (Queue, Vec<Receiver<Mail>>) {
        let queue = Queue::new(LIMITS);
        let inboxes = (0..n_workers)
            .map(|_| {
                let (sender, inbox) = crossbeam_channel::unbounded();
                queue.add_worker(sender);
                inbox
            })
            .collect();
        (queue, inboxes)
    }

    fn ignore(_reply: Reply) -> After {
        After::default()
    }

    fn task(arrived: Instant) -> Task {
        let (code, input) = (String::new(), String::new());
        let job = Job {
            preset: 0,
            code,
            input,
            deadline: None,
            arrived,
            check: crate::transpile::Check::Warn,
            reply: Box::new(ignore),
        };
        Task { job, watched: Watched::new() }
    }

    #[track_caller]
    fn check_job(next: Next, arrived: Instant) {
        assert!(matches!(&next, Next::Job(task) if task.job.arrived == arrived), "{next:?}");
    }

    #[track_caller]
    fn check_woken(inboxes: &[Receiver<Mail>], expected: &[usize]) {
        let woken: Vec<usize> = inboxes.iter().map(|it| it.try_iter().count()).collect();
        assert_eq!(woken, expected);
    }

    #[test]
    fn an_idle_worker_is_woken_before_one_that_waits() {
        let (queue, inboxes) = queue(3);
        let now = Instant::now();
        assert!(matches!(queue.next(0, None, Holds::Waiting), Next::Nothing));
        assert!(matches!(queue.next(2, None, Holds::Nothing), Next::Nothing));
        queue.push(task(now)).unwrap();
        check_woken(&inboxes, &[0, 0, 1]);
        queue.push(task(now)).unwrap();
        check_woken(&inboxes, &[1, 0, 0]);
        // Worker 1 is busy and needs no waking: it looks before it stands by.
        assert!(queue.push(task(now)).is_err(), "two may wait");
        check_woken(&inboxes, &[0, 0, 0]);
        check_job(queue.next(1, None, Holds::Nothing), now);
    }

    #[test]
    fn one_that_looks_out_is_told_first_and_few_may() {
        let (queue, inboxes) = queue(3);
        let now = Instant::now();
        assert!(!queue.look_out(0), "it has not asked for work");
        for idx in 0..3 {
            assert!(matches!(queue.next(idx, None, Holds::Nothing), Next::Nothing));
        }
        assert!(queue.look_out(1));
        assert!(!queue.look_out(2), "one at a time");
        for expected in [[0, 1, 0], [1, 0, 0], [0, 0, 1]] {
            queue.push(task(now)).unwrap();
            check_woken(&inboxes, &expected);
        }
        assert!(!queue.look_out(1), "it has been told of a job");
        check_job(queue.next(1, None, Holds::Nothing), now);
    }

    #[test]
    fn one_that_looks_out_takes_its_job_at_once() {
        let queue = Queue::new(Limits { n_jobs: 0, ..LIMITS });
        let (sender, _inbox) = crossbeam_channel::unbounded();
        queue.add_worker(sender);
        let now = Instant::now();
        assert!(matches!(queue.next(0, None, Holds::Nothing), Next::Nothing));
        assert!(queue.look_out(0));
        queue.push(task(now)).unwrap();
        assert!(queue.push(task(now)).is_err(), "nobody waits here");
    }

    #[test]
    fn first_come_first_served() {
        let (queue, inboxes) = queue(2);
        let first = Instant::now();
        let [second, third] = [1, 2].map(|n| first + Duration::from_millis(n));
        assert!(matches!(queue.next(1, None, Holds::Waiting), Next::Nothing));
        queue.push(task(second)).unwrap();
        check_woken(&inboxes, &[0, 1]);
        assert!(matches!(queue.next(1, None, Holds::Waiting), Next::Job(_)));
        queue.push(task(second)).unwrap();
        assert!(matches!(queue.next(1, Some(first), Holds::Waiting), Next::Own));
        check_job(queue.next(1, Some(third), Holds::Waiting), second);
        assert!(matches!(queue.next(1, Some(third), Holds::Waiting), Next::Own));
    }

    #[test]
    fn a_job_that_its_worker_leaves_for_its_own_run_wakes_another() {
        let (queue, inboxes) = queue(2);
        let first = Instant::now();
        assert!(matches!(queue.next(0, None, Holds::Nothing), Next::Nothing));
        assert!(matches!(queue.next(1, None, Holds::Nothing), Next::Nothing));
        queue.push(task(first + Duration::from_millis(1))).unwrap();
        check_woken(&inboxes, &[1, 0]);
        assert!(matches!(queue.next(0, Some(first), Holds::Nothing), Next::Own));
        check_woken(&inboxes, &[0, 1]);
    }

    #[test]
    fn room_is_bounded_in_number_and_in_bytes() {
        let (queue, _) = queue(1);
        assert!(queue.reserve(101, None).is_err());
        queue.reserve(60, None).unwrap();
        assert!(queue.reserve(41, None).is_err());
        // In exchange it is enough.
        queue.reserve(100, Some(60)).unwrap();
        queue.release(60);
        assert_eq!(queue.suspended(), Suspended { n_runs: 1, n_bytes: 100 });
        queue.reserve(0, None).unwrap();
        assert!(queue.reserve(0, None).is_err());
        queue.reserve(0, Some(0)).unwrap();
    }

    #[test]
    fn who_had_no_room_tries_again_when_there_is_some() {
        let (queue, inboxes) = queue(1);
        let now = Instant::now();
        queue.reserve(100, None).unwrap();
        queue.push(task(now)).unwrap();
        let Next::Job(refused) = queue.next(0, None, Holds::Waiting) else { panic!("a job") };
        let no_room = queue.reserve(1, None).unwrap_err();
        queue.put_back(refused);
        assert!(matches!(queue.next(0, None, Holds::Stuck(no_room)), Next::Nothing));
        queue.release(100);
        check_woken(&inboxes, &[1]);
        // Also if the room came before it stood by.
        assert!(matches!(queue.next(0, None, Holds::Stuck(no_room)), Next::Room));
        check_job(queue.next(0, None, Holds::Waiting), now);
    }

    #[test]
    fn a_job_that_was_stopped_does_not_go_back() {
        let (queue, _) = queue(1);
        let (sender, reply) = std::sync::mpsc::channel();
        let mut stopped = task(Instant::now());
        stopped.job.reply = Box::new(move |it| {
            sender.send(it).unwrap();
            After::default()
        });
        queue.push(stopped).unwrap();
        let Next::Job(stopped) = queue.next(0, None, Holds::Waiting) else { panic!("a job") };
        assert_eq!(queue.close().len(), 0);
        queue.put_back(stopped);
        assert!(reply.try_recv().is_ok());
        assert!(matches!(queue.next(0, None, Holds::Nothing), Next::Closed));
    }
}
