//! One thread, one isolate: take a job, run it, reply, roll back, repeat.
//!
//! An isolate is built on the thread that uses it and never leaves it. This
//! module is about what happens when a run goes wrong; it does not choose jobs
//! and knows nothing of connections.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    thread,
    time::Instant,
};

use crossbeam_channel::{Receiver, Sender};

use crate::{
    isolate::{
        Blueprint, Budget, BuildError, ENGINE_STACK, Isolate, Outcome, RunError, Usage, Verify,
        guard::{Guard, RunNumber},
        host::{
            Completions, Event,
            calls::{Calls, Outside},
            http::Effects,
        },
    },
    pool::{Job, Reply},
    transpile::{self, Check, TranspileError, Transpiler},
    watchdog::{Cause, List, Running, Watched},
};

/// Address space for a worker's stack. The engine and the transpiler, which
/// recurses over what the snippet nests, use it in turn; only touched pages cost
/// memory.
const STACK_BYTES: usize = {
    let engine = ENGINE_STACK + (2 << 20);
    if transpile::STACK_BYTES > engine { transpile::STACK_BYTES } else { engine }
};

/// A job and the handle by which it can be stopped.
pub(crate) struct Task {
    pub(crate) job: Job,
    pub(crate) watched: Arc<Watched>,
}

/// What every worker of a pool is told.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) blueprint: Blueprint,
    pub(crate) budget: Budget,
    pub(crate) source_bytes: usize,
    pub(crate) outside: Arc<Outside>,
    pub(crate) watchdog: Arc<List>,
}

/// Starts a worker. It says on `ready` whether it has an isolate, and ends when
/// every sender of `tasks` is gone.
pub(crate) fn spawn(
    worker_idx: usize,
    orders: Orders,
    tasks: Receiver<Task>,
    ready: Sender<Result<(), BuildError>>,
) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(format!("isolate-{worker_idx}")).stack_size(STACK_BYTES).spawn(
        move || {
            let guard = match Guard::adopt_thread() {
                Ok(guard) => guard,
                Err(err) => {
                    let _ = ready.send(Err(BuildError::Memory(err)));
                    return;
                }
            };
            let isolate = match Isolate::build(&guard, orders.blueprint) {
                Ok(isolate) => isolate,
                Err(err) => {
                    let _ = ready.send(Err(err));
                    return;
                }
            };
            let _ = ready.send(Ok(()));
            drop(ready);
            let transpiler =
                Transpiler::new(orders.source_bytes).with_api(orders.blueprint.preset.api());
            let worker = Worker { guard, isolate: Some(isolate), orders, transpiler, last_run: 0 };
            worker.serve(&tasks);
        },
    )
}

struct Worker {
    /// Dropped after the isolate: field order does not matter here, since an
    /// isolate is only unmapped.
    guard: Guard,
    /// `None` when it could not be rebuilt; the next job tries again.
    isolate: Option<Isolate>,
    orders: Orders,
    transpiler: Transpiler,
    last_run: RunNumber,
}

impl Worker {
    fn serve(mut self, tasks: &Receiver<Task>) {
        for Task { job, watched } in tasks {
            let began = Instant::now();
            let queued = began.saturating_duration_since(job.arrived);
            let Job { code, input, deadline, arrived: _, check, reply } = job;

            self.last_run += 1;
            self.guard.begin_run(self.last_run);
            let (sender, events) = crossbeam_channel::unbounded();
            let completions = Completions::new(sender.clone());
            watched.begin(Running {
                target: self.guard.target(),
                run: self.last_run,
                events: sender,
            });
            let key = deadline.map(|(at, _)| self.orders.watchdog.watch(at, &watched));

            let worked = catch_unwind(AssertUnwindSafe(|| {
                self.perform(&code, check, input, &watched, completions, &events)
            }));
            // `AssertUnwindSafe` holds because nothing of a panicked run is used
            // again: its isolate goes.
            let outcome = worked.unwrap_or_else(|_panic| {
                self.isolate = None;
                Ok(failed(RunError::Internal("the worker panicked".to_owned())))
            });

            if let Some(key) = key {
                self.orders.watchdog.unwatch(key);
            }
            watched.end();
            self.guard.end_run();
            // Answer first: the caller must not wait for the rollback. A panic in
            // the reply is the asker's loss, not the next job's.
            let findings = self.transpiler.take_findings();
            let reply = AssertUnwindSafe(|| reply(Reply { code, queued, findings, outcome }));
            let _ = catch_unwind(reply);
            self.restore();
        }
    }

    fn perform(
        &mut self,
        code: &str,
        check: Check,
        input: String,
        watched: &Watched,
        completions: Completions,
        events: &Receiver<Event>,
    ) -> Result<Outcome, TranspileError> {
        // Cancelled, or out of time, while it was queued.
        if let Some(cause) = watched.cause() {
            return Ok(failed(error_of(cause)));
        }
        if self.isolate.is_none() {
            self.restore();
        }
        let Some(isolate) = &mut self.isolate else {
            let message = "no isolate could be built; see the kernel's log";
            return Ok(failed(RunError::Internal(message.to_owned())));
        };
        let began = Instant::now();
        let program = self.transpiler.transpile(code, check)?;
        let transpile = began.elapsed();
        let mut outcome = match watched.cause() {
            // The deadline passed meanwhile; nothing has run.
            Some(_) => failed(RunError::TimedOut),
            None => {
                let calls = Calls::new(Arc::clone(&self.orders.outside), completions);
                isolate.run(&self.guard, program, input, &self.orders.budget, calls, events)
            }
        };
        outcome.usage.transpile = transpile;
        if let (Err(RunError::TimedOut), Some(cause)) = (&outcome.result, watched.cause()) {
            outcome.result = Err(error_of(cause));
        }
        Ok(outcome)
    }

    /// Makes the isolate pristine, or a new one.
    fn restore(&mut self) {
        let restored = catch_unwind(AssertUnwindSafe(|| match &mut self.isolate {
            Some(isolate) => isolate.restore(&self.guard).map(drop),
            slot => Isolate::build(&self.guard, self.orders.blueprint)
                .map(|isolate| *slot = Some(isolate)),
        }));
        match restored {
            Ok(Ok(())) => {}
            // Whoever verifies wants to see it fail, not the cure.
            Err(panic) if self.orders.blueprint.verify == Verify::EachRollback => {
                resume_unwind(panic)
            }
            Ok(Err(_)) | Err(_) => self.isolate = None,
        }
    }
}

fn failed(error: RunError) -> Outcome {
    Outcome {
        result: Err(error),
        logs: Vec::new(),
        usage: Usage::default(),
        effects: Effects::default(),
        ring: None,
    }
}

fn error_of(cause: Cause) -> RunError {
    match cause {
        Cause::Deadline => RunError::TimedOut,
        Cause::Cancelled => RunError::Cancelled,
        Cause::ShuttingDown => RunError::ShuttingDown,
    }
}
