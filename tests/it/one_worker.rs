//! A pool of one worker, without a socket: what the tests of the heap image and
//! of cancellation talk to. Also used by benches.

use std::time::{Duration, Instant};

use llm_kernel::{
    isolate::{Outcome, RunError},
    net::Reactor,
    pool::{After, Config, Job, Pool, Reply},
};

/// Every run of it is on the same thread, in the same isolate.
pub(crate) struct OneWorker {
    pool: Pool,
}

/// A run that is over, and by how much its end missed its deadline.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    pub(crate) late: Duration,
}

impl OneWorker {
    pub(crate) fn start(change: impl FnOnce(&mut Config)) -> OneWorker {
        let mut config = Config { n_workers: 1, ..Config::default() };
        change(&mut config);
        OneWorker { pool: Pool::start(config, Reactor::on_demand()).unwrap() }
    }

    pub(crate) fn run(&self, code: &str, timeout: Duration) -> Run {
        let (sender, receiver) = std::sync::mpsc::channel();
        let arrived = Instant::now();
        let deadline = arrived + timeout;
        let reply = Box::new(move |reply: Reply| -> After {
            sender.send((reply, Instant::now())).unwrap();
            After::default()
        });
        let job = Job {
            preset: 0,
            code: code.to_owned(),
            input: r#"{"name":"Ada"}"#.to_owned(),
            deadline: Some((deadline, timeout)),
            arrived,
            check: llm_kernel::transpile::Check::Warn,
            reply,
        };
        self.pool.submit(job).unwrap();
        let (reply, ended) = receiver
            .recv_timeout(timeout + Duration::from_secs(60))
            .unwrap_or_else(|err| panic!("no reply: {err}\nsnippet: {code}"));
        let outcome = reply.outcome.unwrap_or_else(|err| panic!("{err:?}\nsnippet: {code}"));
        Run { outcome, late: ended.saturating_duration_since(deadline) }
    }

    /// That the worker serves, and in a pristine isolate.
    #[track_caller]
    pub(crate) fn check_serves(&self, after: &str) {
        let greeting =
            "const before = Object.keys(globalThis).length + Object.keys(Array.prototype).length;
            return { greeting: `hi ${input.name}`, before };";
        let run = self.run(greeting, Duration::from_secs(60));
        let expected: Result<String, RunError> =
            Ok(r#"{"greeting":"hi Ada","before":0}"#.to_owned());
        assert_eq!(run.outcome.result, expected, "\nafter: {after}");
    }
}
