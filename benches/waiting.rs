//! What it costs to set a waiting run aside, and what a thousand of them cost.
//!
//! First an isolate alone: runs that hold about as much memory as asked for are
//! suspended and resumed in turn, with reused buffers; copying, finding what was
//! written and rolling back are included. Then a pool of two workers: a thousand
//! snippets at once, each one GET from an S3 server on the same machine (and in
//! this process), with and without a sleep of 500 ms before it; and how much more
//! memory is resident while a thousand sleep that have their clients already.
//! `-- --test` does little of each.
#![expect(clippy::print_stdout, reason = "this is where a bench talks")]

use std::{
    env, fs,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use aws_credential_types::Credentials;
use llm_kernel::{
    aws::Source,
    isolate::{
        Blueprint, Budget, Guard, Isolate, Run, Step, Suspended, Tracking, Uses, Verify,
        host::{
            Completions,
            calls::{Calls, Outside},
            http::Limits,
        },
        preset,
    },
    net::{self, Reactor, Resolver},
    policy::Policy,
    pool::{After, Config, Job, Pool, Reply, Ticket},
    transpile::{Check, SOURCE_BYTES, Transpiler},
};

use crate::server::{ACCESS_KEY, S3Server, SECRET_KEY};

/// What `server` is made of.
#[path = "../tests/it/s3/extended.rs"]
mod extended;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/s3/server.rs"]
mod server;

/// Waits a hundred times, with about so many bytes of its own.
const HOLDING: &str = "
    const s3 = new AwsS3.S3Client({});
    const held = [];
    for (let n = 0; n < input; n += 1024) held.push('x'.repeat(1000));
    for (let n = 0; n < 100; n++) {
        held[n % held.length] += n;
        await new Promise((go) => setTimeout(go, 1));
    }
    return held.length;";

const GET: &str = "
    const s3 = new AwsS3.S3Client({});
    if (input) await new Promise((go) => setTimeout(go, input));
    const got = await s3.send(new AwsS3.GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
    return (await got.Body.transformToString()).length;";

fn main() {
    let is_test = env::args().any(|arg| arg == "--test");
    let n_rounds = if is_test { 2 } else { 60 };
    for held in [100 << 10, 600 << 10, 3 << 20] {
        set_aside(held, n_rounds);
    }
    let n_snippets = if is_test { 20 } else { 1000 };
    for round in 0..if is_test { 1 } else { 3 } {
        println!("round {round}");
        crowd(n_snippets);
    }
}

/// Twenty runs take turns.
fn set_aside(held: usize, n_rounds: usize) {
    let guard = Guard::adopt_thread().unwrap();
    let blueprint = Blueprint {
        preset: *preset::DEFAULT,
        uses: Uses::Many,
        memory_bytes: 256 << 20,
        stack_bytes: 8 << 20,
        tracking: Tracking::Best,
        verify: Verify::Trust,
    };
    let mut isolate = Isolate::build(&guard, blueprint).unwrap();
    let (mut suspends, mut resumes, mut n_bytes) = (Vec::new(), Vec::new(), 0);
    let mut suspend = |isolate: &mut Isolate| -> Suspended {
        let began = Instant::now();
        let suspended = isolate.suspend(|_| Ok::<_, ()>(())).unwrap();
        suspends.push(began.elapsed());
        n_bytes = suspended.n_bytes();
        suspended
    };
    let mut waiting: Vec<(Box<Run>, Suspended)> = (0..20)
        .map(|_| {
            let program = Transpiler::new(SOURCE_BYTES).transpile(HOLDING, Check::Warn).unwrap();
            let (sender, _inbox) = crossbeam_channel::unbounded();
            let outside = Outside::new(Reactor::on_demand(), net(None), Limits::default());
            let calls = Calls::new(Arc::new(outside), Completions::new(sender, 1));
            let budget = Budget { output_bytes: 1 << 20, log_bytes: 1 << 16 };
            guard.begin_run(1);
            let step = isolate.begin(&guard, program, held.to_string(), &budget, calls);
            guard.end_run();
            let Step::Waits(run) = step else { panic!("it does not wait: {step:?}") };
            (run, suspend(&mut isolate))
        })
        .collect();
    for _ in 0..n_rounds {
        for (run, suspended) in std::mem::take(&mut waiting) {
            thread::sleep(run.ready_at().unwrap().saturating_duration_since(Instant::now()));
            let began = Instant::now();
            isolate.resume(suspended);
            resumes.push(began.elapsed());
            guard.begin_run(1);
            let step = isolate.advance(&guard, run);
            guard.end_run();
            let Step::Waits(run) = step else { panic!("it does not wait: {step:?}") };
            waiting.push((run, suspend(&mut isolate)));
        }
    }
    let kib = n_bytes >> 10;
    report(&format!("suspend a delta of {kib} KiB"), suspends);
    report(&format!("resume a delta of {kib} KiB"), resumes);
}

fn crowd(n_snippets: usize) {
    let server = S3Server::start();
    server.add_object("key", &[b'x'; 1000]);
    let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "bench");
    let config = Config {
        n_workers: 2,
        queue_len: n_snippets,
        net: net(Some((credentials, format!("http://{}", server.addr)))),
        ..Config::default()
    };
    let pool = Pool::start(config, Reactor::on_demand()).unwrap();
    // Connections, threads and buffers that every later one finds.
    ask_all(&pool, n_snippets, 0);
    let without_sleep = ask_all(&pool, n_snippets, 0);
    let with_sleep = ask_all(&pool, n_snippets, 500);
    println!("{n_snippets} GETs: {without_sleep:?}; each after a sleep of 500 ms: {with_sleep:?}");
    let limit = Duration::from_millis(500) + without_sleep * 3 / 2;
    let share = with_sleep.as_secs_f64() / limit.as_secs_f64();
    println!("that is {share:.2} of 0.5 s + 1.5 × the first");

    let before = resident_bytes();
    let (sender, replies) = mpsc::channel();
    let asleep: Vec<Ticket> = (0..n_snippets).map(|_| ask(&pool, 60_000, &sender)).collect();
    // Two stay in their isolates.
    while pool.suspended().n_runs + 2 < n_snippets {
        thread::sleep(Duration::from_millis(1));
    }
    let each = resident_bytes().saturating_sub(before) / n_snippets;
    let delta = pool.suspended().n_bytes / (n_snippets - 2);
    println!("{} KiB resident each while they sleep, {} of it deltas", each >> 10, delta >> 10);
    asleep.iter().for_each(Ticket::cancel);
    assert_eq!(replies.iter().take(n_snippets).count(), n_snippets);
    while pool.suspended().n_runs > 0 {
        thread::sleep(Duration::from_millis(1));
    }
    let left = resident_bytes().saturating_sub(before);
    println!("{} KiB more than before are resident afterwards", left >> 10);
}

/// Asks for all at once; answers how long until the last reply.
fn ask_all(pool: &Pool, n_snippets: usize, sleep_ms: u32) -> Duration {
    let (sender, replies) = mpsc::channel();
    let began = Instant::now();
    for _ in 0..n_snippets {
        ask(pool, sleep_ms, &sender);
    }
    for _ in 0..n_snippets {
        let reply = replies.recv().unwrap();
        // A failure is fast; never let one pass for a result.
        assert_eq!(reply.outcome.unwrap().result.as_deref(), Ok("1000"));
    }
    began.elapsed()
}

fn ask(pool: &Pool, sleep_ms: u32, sender: &mpsc::Sender<Reply>) -> Ticket {
    let sender = sender.clone();
    let arrived = Instant::now();
    let timeout = Duration::from_secs(300);
    pool.submit(Job {
        preset: 0,
        code: GET.to_owned(),
        input: sleep_ms.to_string(),
        deadline: Some((arrived + timeout, timeout)),
        arrived,
        check: Check::Warn,
        reply: Box::new(move |reply| {
            sender.send(reply).unwrap();
            After::default()
        }),
    })
    .unwrap()
}

fn net(s3: Option<(Credentials, String)>) -> net::Config {
    let (credentials, endpoint) = s3.unzip();
    let region = Some("us-east-1".to_owned());
    net::Config {
        policy: Policy::default(),
        aws: Source::Fixed { credentials, region, endpoint },
        resolver: Resolver::System,
    }
}

/// Linux only; nothing elsewhere.
fn resident_bytes() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|it| it.parse::<usize>().ok());
    pages.unwrap_or_default() * 4096
}

fn report(what: &str, mut samples: Vec<Duration>) {
    samples.sort();
    let at =
        |share: f64| samples[((samples.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    println!("{what}: p50 {:.1} us, p99 {:.1} us", at(0.5), at(0.99));
}
