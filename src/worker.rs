//! One thread, one isolate: take a job, run it, reply, roll back, repeat.
//!
//! An isolate is built on the thread that uses it and never leaves it. This
//! module is about what happens when a run goes wrong; it does not choose jobs
//! and knows nothing of connections.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};

use crate::{
    isolate::{
        Blueprint, Budget, BuildError, ENGINE_STACK, Isolate, Outcome, Ran, Rollback, RunError,
        Usage, Verify,
        guard::{Guard, RunNumber},
        host::{
            Completions, Event,
            calls::{Calls, Outside},
            http::Effects,
        },
    },
    pool::{Job, Reply, Restoration, Restored},
    telemetry,
    transpile::{self, TranspileError, Transpiler},
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
            let began = Instant::now();
            let isolate = match Isolate::build(&guard, orders.blueprint) {
                Ok(isolate) => isolate,
                Err(err) => {
                    let _ = ready.send(Err(err));
                    return;
                }
            };
            telemetry::worker_born(worker_idx, began.elapsed());
            let _ = ready.send(Ok(()));
            drop(ready);
            let transpiler = Transpiler::new(orders.source_bytes);
            let isolate = Some(isolate);
            let worker = Worker { worker_idx, guard, isolate, orders, transpiler, last_run: 0 };
            worker.serve(&tasks);
            telemetry::worker_retired(worker_idx);
        },
    )
}

struct Worker {
    worker_idx: usize,
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
            let queued = job.arrived.elapsed();
            let Job { code, input, deadline, arrived: _, reply: job_reply } = job;

            self.last_run += 1;
            self.guard.begin_run(self.last_run);
            let (sender, events) = crossbeam_channel::unbounded();
            let completions = Completions::new(sender.clone());
            watched.begin(Running {
                target: self.guard.target(),
                run: self.last_run,
                events: sender,
            });
            let cpu_before = cpu_time();
            let key = deadline.map(|(at, _)| self.orders.watchdog.watch(at, &watched));

            let worked = catch_unwind(AssertUnwindSafe(|| {
                self.perform(&code, input, &watched, completions, &events)
            }));
            // `AssertUnwindSafe` holds because nothing of a panicked run is used
            // again: its isolate goes.
            let mut outcome = worked.unwrap_or_else(|_panic| {
                self.isolate = None;
                let error = RunError::Internal("the worker panicked".to_owned());
                Ok(Outcome { ran: Ran::Partial, ..failed(error) })
            });
            if let Ok(outcome) = &mut outcome {
                outcome.usage.cpu = cpu_time().saturating_sub(cpu_before);
            }
            let overrun = match (deadline, watched.cause()) {
                (Some((at, _)), Some(Cause::Deadline)) => Some(at.elapsed()),
                _ => None,
            };

            if let Some(key) = key {
                self.orders.watchdog.unwatch(key);
            }
            watched.end();
            self.guard.end_run();
            // Answer first: the caller must not wait for the rollback. A panic in
            // the reply is the asker's loss, not the next job's.
            let worker_idx = self.worker_idx;
            let reply = Reply { code, queued, overrun, worker_idx, outcome };
            let after = catch_unwind(AssertUnwindSafe(|| job_reply(reply)));
            let restored = self.restore();
            if let Ok(after) = after {
                let _ = catch_unwind(AssertUnwindSafe(|| after(restored)));
            }
        }
    }

    fn perform(
        &mut self,
        code: &str,
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
        let program = self.transpiler.transpile(code)?;
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
    fn restore(&mut self) -> Restored {
        let began = Instant::now();
        let is_rollback = self.isolate.as_ref().is_some_and(|it| !it.is_broken());
        let restored = catch_unwind(AssertUnwindSafe(|| match &mut self.isolate {
            Some(isolate) => isolate.restore(&self.guard),
            slot => Isolate::build(&self.guard, self.orders.blueprint).map(|isolate| {
                *slot = Some(isolate);
                Rollback::default()
            }),
        }));
        let took = began.elapsed();
        let (pages_copied, error) = match restored {
            Ok(Ok(rollback)) => (rollback.pages_copied, None),
            Ok(Err(err)) => (0, Some(err.to_string())),
            // Whoever verifies wants to see it fail, not the cure.
            Err(panic) if self.orders.blueprint.verify == Verify::EachRollback => {
                resume_unwind(panic)
            }
            Err(_panic) => (0, Some("the worker panicked".to_owned())),
        };
        if error.is_some() {
            self.isolate = None;
        }
        if is_rollback && error.is_none() {
            return Restored { took, pages_copied, how: Restoration::RolledBack };
        }
        telemetry::worker_rebuilt(self.worker_idx, took, error.as_deref());
        Restored { took, pages_copied, how: Restoration::Rebuilt }
    }
}

fn failed(error: RunError) -> Outcome {
    Outcome {
        result: Err(error),
        logs: Vec::new(),
        usage: Usage::default(),
        effects: Effects::default(),
        ring: None,
        ran: Ran::No,
    }
}

/// Of the calling thread, so far.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn error_of(cause: Cause) -> RunError {
    match cause {
        Cause::Deadline => RunError::TimedOut,
        Cause::Cancelled => RunError::Cancelled,
        Cause::ShuttingDown => RunError::ShuttingDown,
    }
}
