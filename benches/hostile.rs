//! By how much a run misses its deadline that does all it can to miss it.
//!
//! Runs the corpus of `tests/it/hostile/` alone on one worker, each snippet three
//! times, and prints the distribution of lateness: from the deadline to the reply
//! in the caller's hands. Snippets that end by memory, stack or an error of their
//! own are not counted. The worker must serve correctly after each.
//! `-- --test` runs each snippet once, with short deadlines.
#![expect(clippy::print_stdout, reason = "this is where a bench talks")]

use std::time::Duration;

use llm_kernel::isolate::RunError;

use crate::{
    corpus::{Case, LIBRARY_LOOPS, ONE_LINERS},
    one_worker::OneWorker,
};

#[path = "../tests/it/hostile/corpus.rs"]
mod corpus;
#[path = "../tests/it/one_worker.rs"]
mod one_worker;

fn main() {
    let is_test = std::env::args().any(|arg| arg == "--test");
    let rounds = if is_test { 1 } else { 3 };
    let deadline = |ms| Duration::from_millis(if is_test { 40 } else { ms });
    measure("one-liners", ONE_LINERS, deadline(100), rounds);
    measure("library loops", LIBRARY_LOOPS, deadline(300), rounds);
}

fn measure(title: &str, cases: &[Case], timeout: Duration, rounds: usize) {
    let worker = OneWorker::start(|_config| {});
    let mut lateness = Vec::new();
    for (name, code, _end) in cases {
        for _ in 0..rounds {
            let run = worker.run(code, timeout);
            if run.outcome.result == Err(RunError::TimedOut) {
                lateness.push((run.late, *name));
            }
            worker.check_serves(code);
        }
    }
    lateness.sort();
    let at = |share: f64| {
        let (late, name) = lateness[((lateness.len() - 1) as f64 * share).round() as usize];
        format!("{:.1} ms ({name})", late.as_secs_f64() * 1e3)
    };
    println!(
        "{title}: {} runs stopped at {} ms; late by p50 {}, p99 {}, worst {}",
        lateness.len(),
        timeout.as_millis(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
