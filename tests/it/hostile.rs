//! Every run ends at its deadline, whatever it does, and the next run on the same
//! worker does not notice.

use std::time::Duration;

use llm_kernel::{
    isolate::{Ring, RunError, Verify},
    watchdog::{Ask, Cancellation},
};

use self::corpus::{Case, End, LIBRARY_LOOPS, ONE_LINERS};
use crate::one_worker::{OneWorker, Run};

pub(crate) mod corpus;

const MEMORY: usize = 32 << 20;

/// Answers what went wrong.
fn check(worker: &OneWorker, (name, code, end): &Case) -> Option<String> {
    let mut timeout = match end {
        // These end by themselves, and may take their time on a loaded machine.
        End::Memory | End::Stack | End::Throws(_) | End::NeverSettles => Duration::from_secs(60),
        _ => Duration::from_millis(40),
    };
    let mut run = worker.run(code, timeout);
    // A deadline that passes before the run has begun tests nothing.
    while run.outcome.usage.run.is_zero() && timeout < Duration::from_secs(5) {
        timeout *= 2;
        run = worker.run(code, timeout);
    }
    worker.check_serves(code);
    let complaint = complaint(&run, *end)?;
    Some(format!("{name} should end as {end:?}: {complaint}\nsnippet: {code}\n{run:?}"))
}

#[track_caller]
fn check_all(cases: &[Case]) {
    let worker = |grace| {
        OneWorker::start(|config| {
            config.memory_bytes = MEMORY;
            config.verify = Verify::EachRollback;
            config.cancellation = Cancellation { ask: Ask::First, grace };
        })
    };
    let impatient = worker(Cancellation::default().grace);
    // On a loaded machine a thread may stand still for longer than the grace.
    let patient = worker(Duration::from_secs(5));
    let mut complaints = Vec::new();
    for case in cases {
        let worker = if case.2 == End::Asked { &patient } else { &impatient };
        complaints.extend(check(worker, case));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

/// What is wrong about the end of a run, if anything.
fn complaint(run: &Run, end: End) -> Option<&'static str> {
    let stopped = run.outcome.result == Err(RunError::TimedOut);
    let out_of_memory =
        matches!(run.outcome.result, Err(RunError::OutOfMemory { limit_bytes: MEMORY }));
    let as_expected = match end {
        End::Stopped => stopped,
        End::Killed => stopped && run.outcome.ring == Some(Ring::Kill),
        End::Asked => stopped && run.outcome.ring == Some(Ring::Ask),
        End::Memory => out_of_memory,
        End::MemoryOrStopped => out_of_memory || stopped,
        End::Stack => matches!(run.outcome.result, Err(RunError::StackOverflow { .. })),
        End::Throws(name) => matches!(
            &run.outcome.result,
            Err(RunError::Thrown(thrown)) if thrown.name.as_deref() == Some(name)
        ),
        End::NeverSettles => run.outcome.result == Err(RunError::NeverSettled),
    };
    if !as_expected {
        return Some("it ended otherwise");
    }
    // Generous, since other tests want the machine too; `cargo bench --bench
    // hostile` is where lateness is measured.
    (run.late > Duration::from_secs(1)).then_some("it ended too late")
}

#[test]
fn every_hostile_one_liner_ends_and_the_next_run_is_pristine() {
    check_all(ONE_LINERS);
}

#[test]
fn every_loop_over_library_calls_ends_at_its_deadline() {
    check_all(LIBRARY_LOOPS);
}

/// Escapes make six times as much of it, after the run: nothing of that is written.
#[test]
fn a_returned_text_is_measured_before_it_is_quoted() {
    let worker = OneWorker::start(|config| config.verify = Verify::EachRollback);
    let result = |code| worker.run(code, Duration::from_secs(60)).outcome.result;
    let message = "the result is 100663298 bytes of JSON, over the limit of 16777216".to_owned();
    let too_large = result("return '\u{1}'.repeat(16 << 20);");
    assert_eq!(too_large, Err(RunError::TooLarge { message }));
    let quoted = result("return '\u{1}'.repeat(2 << 20);").unwrap();
    assert!(quoted == format!("\"{}\"", "\\u0001".repeat(2 << 20)), "{} bytes", quoted.len());
    // A message is cut, with its frames at the end.
    let thrown = result("throw new Error('x'.repeat(3e7));").unwrap_err();
    let RunError::Thrown(thrown) = thrown else { panic!("{thrown:?}") };
    let stack = thrown.stack.unwrap();
    assert!(thrown.message.len() < 40_000 && stack.len() < 40_000, "{}", stack.len());
    assert!(stack.starts_with("Error: xxx") && stack.contains("snippet.ts:1:"), "{stack}");
    worker.check_serves("long results");
}

/// Where there is more memory, an operation of the host may be given more at once.
#[test]
fn operations_of_the_host_end_with_their_run_also_on_much_data() {
    let worker = OneWorker::start(|config| config.verify = Verify::EachRollback);
    for (name, code, _end) in ONE_LINERS.iter().filter(|(name, ..)| name.starts_with("door_")) {
        let run = worker.run(code, Duration::from_millis(100));
        assert!(run.late < Duration::from_secs(1), "{name}: {run:?}");
        worker.check_serves(code);
    }
}
