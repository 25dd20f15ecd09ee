//! Faults while runs wait: what the public interface cannot provoke.

use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::{isolate::RunError, worker::faults};

fn start(n_workers: usize) -> Pool {
    let config = Config { n_workers, verify: Verify::EachRollback, ..Config::default() };
    Pool::start(config, Reactor::on_demand()).unwrap()
}

fn submit(pool: &Pool, code: &str) -> (Ticket, Receiver<Reply>) {
    submit_for(pool, code, Duration::from_secs(60))
}

fn submit_for(pool: &Pool, code: &str, timeout: Duration) -> (Ticket, Receiver<Reply>) {
    submit_and(pool, code, timeout, || ())
}

/// `then` is done by whoever replies, when it has.
fn submit_and(
    pool: &Pool,
    code: &str,
    timeout: Duration,
    then: impl FnOnce() + Send + 'static,
) -> (Ticket, Receiver<Reply>) {
    let (sender, reply) = channel();
    let arrived = Instant::now();
    let job = Job {
        preset: 0,
        code: code.to_owned(),
        input: "{}".to_owned(),
        deadline: Some((arrived + timeout, timeout)),
        arrived,
        check: crate::transpile::Check::Warn,
        reply: Box::new(move |reply| {
            sender.send(reply).unwrap();
            then();
            After::default()
        }),
    };
    (pool.submit(job).unwrap(), reply)
}

#[track_caller]
fn result(reply: &Receiver<Reply>) -> Result<String, RunError> {
    reply.recv_timeout(Duration::from_secs(60)).unwrap().outcome.unwrap().result
}

fn wait_until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(1));
    }
}

const SLEEPING: &str = "await new Promise((go) => setTimeout(go, 50_000)); return 1;";

#[test]
fn a_crash_of_the_engine_ends_what_was_suspended_on_it() {
    let pool = start(1);
    let sleeping: Vec<_> = (0..3).map(|_| submit(&pool, SLEEPING)).collect();
    let (ticket, crashing) = submit(&pool, "for (;;) {}");
    wait_until(|| pool.suspended().n_runs == 3);
    wait_until(|| ticket.watched.target().is_some());
    ticket.watched.target().unwrap().crash();
    let crashed = result(&crashing).unwrap_err();
    assert!(matches!(crashed, RunError::EngineCrash { .. }), "{crashed:?}");
    for (_, sleeping) in sleeping {
        let message = "the engine failed in another snippet while this one waited".to_owned();
        assert_eq!(result(&sleeping), Err(RunError::EngineCrash { message }));
    }
    // The next isolate knows nothing of it.
    let next = submit(&pool, "await new Promise((go) => setTimeout(go, 1)); return 2;").1;
    assert_eq!(result(&next), Ok("2".to_owned()));
    assert_eq!(pool.suspended(), Suspended::default());
}

#[test]
fn a_stopping_pool_answers_who_is_queued_suspended_and_at_work() {
    let pool = start(1);
    let sleeping: Vec<_> = (0..3).map(|_| submit(&pool, SLEEPING)).collect();
    let busy = submit(&pool, "for (;;) {}").1;
    wait_until(|| pool.suspended().n_runs == 3 && pool.queued() == 0);
    let queued = submit(&pool, "return 1;").1;
    pool.stop(Duration::from_millis(1));
    for reply in sleeping.iter().map(|it| &it.1).chain([&busy, &queued]) {
        assert_eq!(result(reply), Err(RunError::ShuttingDown));
    }
}

/// One worker that hides its faults, as in a real kernel.
fn start_trusting() -> Pool {
    let config = Config { n_workers: 1, memory_bytes: 64 << 20, ..Config::default() };
    Pool::start(config, Reactor::on_demand()).unwrap()
}

#[test]
fn a_worker_that_panics_loses_its_runs_and_goes_on() {
    let pool = start_trusting();
    let sleeping = submit(&pool, SLEEPING).1;
    wait_until(|| pool.queued() == 0);
    let lost = submit(&pool, faults::PANIC).1;
    // Nobody replies to it: whoever asked finds out by the loss of the reply.
    assert!(lost.recv_timeout(Duration::from_secs(60)).is_err());
    let message = "the isolate of this run was lost while it waited".to_owned();
    assert_eq!(result(&sleeping), Err(RunError::Internal(message)));
    assert_eq!(result(&submit(&pool, "return 2;").1), Ok("2".to_owned()));
    // Nor does a stopping pool wait for what was lost.
    wait_until(|| pool.running() == 0);
    pool.stop(Duration::from_secs(3_600));
}

/// Who verifies does not survive a panic of his own.
#[test]
fn a_worker_whose_thread_dies_leaves_its_jobs_to_the_others() {
    let pool = start(2);
    let lost = submit(&pool, faults::PANIC).1;
    assert!(lost.recv_timeout(Duration::from_secs(60)).is_err());
    let rest: Vec<_> = (0..10).map(|_| submit(&pool, "return 2;").1).collect();
    rest.iter().for_each(|reply| assert_eq!(result(reply), Ok("2".to_owned())));
    // Where there is no other, the deadline answers.
    let lost = submit(&pool, faults::PANIC).1;
    assert!(lost.recv_timeout(Duration::from_secs(60)).is_err());
    let late = submit_for(&pool, "return 3;", Duration::from_millis(50)).1;
    assert_eq!(result(&late), Err(RunError::TimedOut));
    pool.stop(Duration::from_secs(3_600));
}

#[test]
fn a_watchdog_that_is_told_to_end_while_it_replies_ends() {
    let pool = start(1);
    let lost = submit(&pool, faults::PANIC).1;
    assert!(lost.recv_timeout(Duration::from_secs(60)).is_err());
    // Without a worker it is the watchdog that replies, and stays at it until then.
    let list = pool.watchdog.list();
    let told = move || wait_until(|| list.is_closing());
    let late = submit_and(&pool, "return 3;", Duration::from_millis(50), told).1;
    assert_eq!(result(&late), Err(RunError::TimedOut));
    let (sender, stopped) = channel();
    thread::spawn(move || {
        pool.stop(Duration::from_secs(3_600));
        sender.send(()).unwrap();
    });
    stopped.recv_timeout(Duration::from_secs(60)).unwrap();
}

#[test]
fn without_an_isolate_requests_are_answered_until_there_is_one() {
    let pool = start_trusting();
    let message = "no isolate could be built; see the kernel's log".to_owned();
    for code in [faults::NO_ISOLATE, "return 1;"] {
        assert_eq!(result(&submit(&pool, code).1), Err(RunError::Internal(message.clone())));
    }
    let back = submit(&pool, faults::ISOLATES_AGAIN).1;
    assert_eq!(result(&back), Ok("\"fault: over\"".to_owned()));
    assert_eq!(result(&submit(&pool, "return 2;").1), Ok("2".to_owned()));
}
