//! Runs that wait for the host do not hold the worker that others need.

use std::{
    io::Write,
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use llm_kernel::{
    isolate::{RunError, Verify},
    net::Reactor,
    pool::{After, Config, Job, Pool, Refused, Reply, Suspended, Ticket},
};
use serde_json::json;

use crate::harness::{TestKernel, failed, needs_sockets, normalised, with_id};

/// A pool without a socket.
struct Crowd {
    pool: Pool,
}

/// A job under way.
struct Asked {
    ticket: Ticket,
    reply: Receiver<(Reply, Instant)>,
}

const MINUTE: Duration = Duration::from_secs(60);
const SLEEP: &str = "const sleep = (ms) => new Promise((go) => setTimeout(go, ms));";

impl Crowd {
    fn start(n_workers: usize, change: impl FnOnce(&mut Config)) -> Crowd {
        let mut config = Config { n_workers, queue_len: 10_000, ..Config::default() };
        change(&mut config);
        Crowd { pool: Pool::start(config, Reactor::on_demand()).unwrap() }
    }

    fn try_ask(&self, body: &str, input: usize, timeout: Duration) -> Result<Asked, Refused> {
        let (sender, reply) = channel();
        let arrived = Instant::now();
        let job = Job {
            preset: 0,
            code: format!("{SLEEP}\n{body}"),
            input: input.to_string(),
            deadline: Some((arrived + timeout, timeout)),
            arrived,
            check: llm_kernel::transpile::Check::Warn,
            reply: Box::new(move |reply| {
                let _ = sender.send((reply, Instant::now()));
                After::default()
            }),
        };
        Ok(Asked { ticket: self.pool.submit(job)?, reply })
    }

    #[track_caller]
    fn ask(&self, body: &str, input: usize) -> Asked {
        self.try_ask(body, input, MINUTE).unwrap()
    }

    /// For states that no reply announces.
    #[track_caller]
    fn wait_until(&self, mut condition: impl FnMut(&Pool) -> bool) {
        let start = Instant::now();
        while !condition(&self.pool) {
            assert!(start.elapsed() < MINUTE, "{:?}", self.pool.suspended());
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[track_caller]
    fn wait_for_suspended(&self, n_runs: usize) {
        self.wait_until(|pool| pool.suspended().n_runs == n_runs);
    }

    #[track_caller]
    fn check_nothing_is_left(&self) {
        self.wait_until(|pool| pool.running() == 0);
        // A worker hears of it after the reply.
        self.wait_until(|pool| pool.suspended() == Suspended::default());
        assert_eq!(self.ask("return input + 1;", 1).result(), Ok("2".to_owned()));
    }
}

impl Asked {
    #[track_caller]
    fn reply(&self) -> (Reply, Instant) {
        self.reply.recv_timeout(MINUTE).unwrap()
    }

    #[track_caller]
    fn result(&self) -> Result<String, RunError> {
        self.reply().0.outcome.unwrap().result
    }
}

/// Three awaits, with objects of the SDK, a generator and a closure in between.
const THREE_AWAITS: &str = "
    const s3 = new AwsS3.S3Client({ region: `r${input}` });
    const seen = [input];
    function* count() { for (let n = input; ; n++) yield n; }
    const counting = count();
    let later = 0;
    setTimeout(() => { later = input; }, 1);
    for (let round = 1; round <= 3; round++) {
        await sleep(5 + (input * 7) % 40);
        seen.push(counting.next().value, { round });
    }
    const region = await s3.config.region();
    const greeting = globalThis.greeting ??= `hi ${input}`;
    return { region, later, greeting, sum: seen.flat().filter(Number.isInteger).length };";

#[track_caller]
fn check_three_awaits(asked: &[Asked]) {
    for (input, asked) in asked.iter().enumerate() {
        let expected =
            format!(r#"{{"region":"r{input}","later":{input},"greeting":"hi {input}","sum":4}}"#);
        assert_eq!(asked.result(), Ok(expected));
    }
}

#[test]
fn a_crowd_waits_on_one_worker_and_others_compute_in_between() {
    let crowd = Crowd::start(1, |_| {});
    let mut asked = Vec::new();
    let mut computing = Vec::new();
    for input in 0..300 {
        asked.push(crowd.ask(THREE_AWAITS, input));
        if input % 10 == 0 {
            let body = "let n = 0; for (let i = 0; i < 20_000; i++) n += i % 7;
                globalThis.greeting = 'spoilt'; Array.prototype.flat = null; return n;";
            computing.push(crowd.ask(body, input));
        }
    }
    check_three_awaits(&asked);
    computing.iter().for_each(|it| assert_eq!(it.result(), Ok("59997".to_owned())));
    crowd.check_nothing_is_left();
}

#[test]
fn what_is_suspended_leaves_no_byte_behind() {
    let crowd = Crowd::start(1, |config| config.verify = Verify::EachRollback);
    let asked: Vec<_> = (0..40).map(|input| crowd.ask(THREE_AWAITS, input)).collect();
    check_three_awaits(&asked);
    crowd.check_nothing_is_left();
}

#[test]
fn nobody_is_suspended_while_nobody_else_waits() {
    let crowd = Crowd::start(1, |_| {});
    let alone = crowd.ask("for (let n = 0; n < 20; n++) await sleep(2); return input;", 7);
    while crowd.pool.running() > 0 {
        assert_eq!(crowd.pool.suspended(), Suspended::default());
    }
    assert_eq!(alone.result(), Ok("7".to_owned()));
}

#[test]
fn usage_tells_waiting_for_the_host_from_waiting_for_a_worker() {
    let crowd = Crowd::start(1, |_| {});
    let arrived = Instant::now();
    let waiting = crowd.ask("await sleep(20); return 1;", 0);
    let busy = crowd.ask("const end = Date.now() + 100; while (Date.now() < end); return 2;", 0);
    let (reply, replied) = waiting.reply();
    let total = replied.duration_since(arrived);
    let usage = reply.outcome.unwrap().usage;
    // A timer counts from within the turn that sets it.
    assert!(usage.wait >= Duration::from_millis(15), "{usage:?}");
    assert!(usage.run + usage.wait + reply.queued <= total, "{usage:?} {:?}", reply.queued);
    // It was ready long before the other one had finished.
    assert!(usage.wait < Duration::from_millis(100), "{usage:?}");
    let (reply, _) = busy.reply();
    let usage = reply.outcome.unwrap().usage;
    assert_eq!(usage.wait, Duration::ZERO);
    assert!(usage.run >= Duration::from_millis(90), "{usage:?}");
}

#[test]
fn a_suspended_run_ends_at_its_deadline_while_its_worker_computes() {
    let crowd = Crowd::start(1, |_| {});
    let body = "console.log('begun'); await sleep(50_000);";
    let waiting = crowd.try_ask(body, 0, Duration::from_secs(2)).unwrap();
    let busy = crowd.ask("for (;;) {}", 0);
    crowd.wait_for_suspended(1);
    let reply = waiting.reply().0;
    let outcome = reply.outcome.unwrap();
    assert_eq!(outcome.result, Err(RunError::TimedOut));
    assert_eq!((outcome.logs.len(), outcome.usage.dropped_timers), (1, 1));
    assert!(busy.reply.try_recv().is_err(), "the other one is still at work");
    busy.ticket.cancel();
    assert_eq!(busy.result(), Err(RunError::Cancelled));
    crowd.check_nothing_is_left();
}

#[test]
fn waiting_runs_are_cancelled_wherever_they_are() {
    let crowd = Crowd::start(1, |_| {});
    let waiting: Vec<_> = (0..4).map(|n| crowd.ask("await sleep(50_000);", n)).collect();
    // Three suspended, one resident.
    crowd.wait_for_suspended(3);
    let busy = crowd.ask("for (;;) {}", 0);
    crowd.wait_for_suspended(4);
    let queued = crowd.ask("return 1;", 0);
    for asked in [&queued, &waiting[0], &waiting[3]] {
        asked.ticket.cancel();
        assert_eq!(asked.result(), Err(RunError::Cancelled));
    }
    busy.ticket.cancel();
    assert_eq!(busy.result(), Err(RunError::Cancelled));
    crowd.wait_for_suspended(2);
    for asked in &waiting[1..3] {
        asked.ticket.cancel();
        assert_eq!(asked.result(), Err(RunError::Cancelled));
    }
    let resident = crowd.ask("await sleep(50_000);", 0);
    crowd.wait_until(|pool| pool.queued() == 0);
    resident.ticket.cancel();
    assert_eq!(resident.result(), Err(RunError::Cancelled));
    crowd.check_nothing_is_left();
}

#[test]
fn beyond_the_limit_a_worker_keeps_its_waiting_run_and_loses_nobody() {
    let crowd = Crowd::start(1, |config| config.n_suspended = 2);
    let first: Vec<_> = (0..3).map(|n| crowd.ask("await sleep(50_000);", n)).collect();
    crowd.wait_for_suspended(2);
    let queued = crowd.ask("return input;", 5);
    // Nothing can be asserted about what does not happen; this gives it a chance.
    crowd.wait_until(|pool| pool.queued() == 1);
    assert!(queued.reply.recv_timeout(Duration::from_millis(100)).is_err());
    assert_eq!(crowd.pool.suspended().n_runs, 2);
    first[0].ticket.cancel();
    assert_eq!(queued.result(), Ok("5".to_owned()));
    first[1..].iter().for_each(|it| it.ticket.cancel());
    crowd.check_nothing_is_left();

    // With room for none, all the same.
    for config in [|it: &mut Config| it.n_suspended = 0, |it: &mut Config| it.suspended_bytes = 1] {
        let crowd = Crowd::start(2, config);
        let asked: Vec<_> = (0..20)
            .map(|n| crowd.ask("await sleep(3); await sleep(3); return input;", n))
            .collect();
        for (n, asked) in asked.iter().enumerate() {
            assert_eq!(asked.result(), Ok(n.to_string()));
        }
        crowd.check_nothing_is_left();
    }
}

#[test]
fn runs_within_the_limit_take_turns_although_it_is_reached() {
    let crowd = Crowd::start(1, |config| config.n_suspended = 3);
    let asked: Vec<_> = (0..40)
        .map(|n| crowd.ask("await sleep(input % 9); await sleep(3); return input;", n))
        .collect();
    for (n, asked) in asked.iter().enumerate() {
        assert_eq!(asked.result(), Ok(n.to_string()));
    }
    crowd.check_nothing_is_left();
}

#[test]
fn beyond_the_queue_a_job_is_refused_at_once() {
    let crowd = Crowd::start(1, |config| config.queue_len = 2);
    let busy = crowd.ask("for (;;) {}", 0);
    crowd.wait_until(|pool| pool.queued() == 0);
    let queued = [crowd.ask("return 1;", 0), crowd.ask("return 1;", 0)];
    assert!(crowd.try_ask("return 1;", 0, MINUTE).is_err());
    busy.ticket.cancel();
    queued.iter().for_each(|it| assert_eq!(it.result(), Ok("1".to_owned())));
    crowd.check_nothing_is_left();
}

#[test]
fn who_was_ready_first_goes_first() {
    let crowd = Crowd::start(1, |_| {});
    let asked_at = Instant::now();
    let waiting = crowd.ask("await sleep(300);", 0);
    let busy = crowd.ask("for (;;) {}", 0);
    let before = crowd.ask("return 1;", 0);
    let came_before = asked_at.elapsed() < Duration::from_millis(300);
    crowd.wait_for_suspended(1);
    // Its timer was set before this, so it is due before that.
    thread::sleep(Duration::from_millis(300));
    let after = crowd.ask("return 1;", 0);
    busy.ticket.cancel();
    let [before, waiting, after] = [before, waiting, after].map(|it| it.reply().1);
    assert!(waiting < after);
    // On a machine that stood still for so long there is nothing to see.
    assert!(before < waiting || !came_before);
}

/// Would hang if one kind went before the other.
#[test]
fn neither_new_jobs_nor_resumed_runs_starve() {
    const WORK: &str = "const end = Date.now() + 2; while (Date.now() < end);";
    let crowd = Crowd::start(1, |_| {});
    let body = format!("for (;;) {{ {WORK} await sleep(1); }}");
    let returning: Vec<_> = (0..10).map(|n| crowd.ask(&body, n)).collect();
    for n in 0..10 {
        assert_eq!(crowd.ask("return input;", n).result(), Ok(n.to_string()));
    }
    returning.iter().for_each(|it| it.ticket.cancel());

    let returning = crowd.ask("for (let n = 0; n < 10; n++) await sleep(1); return input;", 1);
    let mut new: Vec<_> = (0..10).map(|n| crowd.ask(WORK, n)).collect();
    let reply = loop {
        if let Ok((reply, _)) = returning.reply.try_recv() {
            break reply;
        }
        // The queue is never empty.
        if crowd.pool.queued() < 5 {
            new.push(crowd.ask(WORK, 0));
        }
    };
    assert_eq!(reply.outcome.unwrap().result, Ok("1".to_owned()));
    crowd.check_nothing_is_left();
}

#[test]
fn a_client_cancels_what_waits_by_id_or_by_going_away() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let request = |id| {
        let code = "await new Promise((go) => setTimeout(go, 5000));";
        json!({ "id": id, "code": code }).to_string()
    };
    let mut client = kernel.client();
    let mut leaving = kernel.raw();
    for id in 0..3 {
        client.send(&request(id)).unwrap();
        writeln!(leaving, "{}", request(id)).unwrap();
    }
    kernel.wait_for_running(6);
    drop(leaving);
    kernel.wait_for_running(3);
    for id in [1, 0, 2] {
        client.send(&json!({ "op": "cancel", "id": id }).to_string()).unwrap();
        let mut answers = [(); 2].map(|()| normalised(&client.receive().unwrap()));
        // Which of the two is first is a race.
        answers.sort_by_key(|it| it["ok"] == json!(true));
        let cancelled =
            failed(&json!({ "kind": "cancelled", "message": "cancelled by the client" }));
        let expected = [
            with_id(&json!(id), cancelled),
            json!({ "id": id, "op": "cancel", "ok": true, "cancelled": true }),
        ];
        // The answer counts the timer that was given up.
        answers[0]["usage"] = json!("…");
        assert_eq!(answers, expected);
    }
    kernel.check_serves();
}
