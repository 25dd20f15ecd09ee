//! One thread, one isolate for each preset: take a job or a run that can go on,
//! give it a turn, reply when it ends, roll back, repeat.
//!
//! An isolate is built on the thread that uses it and never leaves it, and so are
//! its runs. That of the first preset is always there; the others are built when
//! they are first used, and go when nobody has used them for long. Each of them is in one of three states:
//!
//! ```text
//!   job ──begin──► in a turn ──────────ended──► reply
//!                    │    ▲
//!                  waits  │ something came for it, and nobody was ready before
//!                    ▼    │
//!                  resident ──another has its turn──► suspended
//!                    ▲                                   │
//!                    └─────────its turn comes────────────┘
//! ```
//!
//! The *resident* run, at most one, is what its isolate holds; all others of this
//! thread are pristine then. A *suspended* run is a delta; it becomes one only when
//! the thread is needed for a job or for another run, of whatever preset, so a lone
//! run that waits stays where it is. Who is next is asked of the
//! [`Queue`], which goes by when each became ready. `agenda` orders a worker's own
//! runs by that: a timer's instant, or the one at which a completion came. The
//! thread sleeps on its inbox until the first of them, or for ever; only with nothing
//! to do right after an answer it may look for the next job itself first ([`Lookout`]).
//!
//! Between two turns, what a run needs to be answered is parked in its
//! [`Watched`], and what only this thread may touch stays here. So a run that waits
//! is stopped without this thread, which may be in another run's turn; one that is
//! in a turn is stopped by the guard.
//!
//! This module is about turns and about what happens when a run goes wrong; it
//! knows nothing of connections.

use std::{
    any::Any,
    collections::{BTreeSet, HashMap},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};

use crate::{
    api::{INVENTORY_SNIPPET, Inventory},
    isolate::{
        Blueprint, Budget, BuildError, Isolate, MAX_STACK, Outcome, Ran, Run, RunError, Step,
        SuspendError, Suspended, Verify, give_up,
        guard::Guard,
        host::{
            Completion, Completions, Mail, RunNumber,
            calls::{Calls, Outside},
        },
    },
    pool::{
        After, Job, LOOK, Lookout, Reply, Restoration, Restored, Seen, Warmth,
        queue::{Holds, Next, NoRoom, Queue, Task},
    },
    telemetry,
    transpile::{self, Check, Findings, TranspileError, Transpiler},
    watchdog::{Cause, List, Running, Watched},
};

/// Address space for a worker's stack. The engine and the transpiler, which
/// recurses over what the snippet nests, use it in turn; only touched pages cost
/// memory.
const STACK_BYTES: usize = {
    let engine = MAX_STACK + (2 << 20);
    if transpile::STACK_BYTES > engine { transpile::STACK_BYTES } else { engine }
};

/// What every worker of a pool is told.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    /// By preset.
    pub(crate) blueprints: Vec<Blueprint>,
    pub(crate) warmth: Warmth,
    pub(crate) preset_idle: Duration,
    pub(crate) load_time: Duration,
    /// Isolates of all workers, by preset.
    pub(crate) n_isolates: Arc<[AtomicUsize]>,
    pub(crate) watchdog: Arc<List>,
    pub(crate) budget: Budget,
    pub(crate) source_bytes: usize,
    pub(crate) outside: Arc<Outside>,
    pub(crate) queue: Arc<Queue>,
}

/// Starts a worker. It says on `ready` whether it has its isolates, and ends when
/// the queue is closed and all its runs are over.
pub(crate) fn spawn(
    orders: Orders,
    ready: Sender<Result<(), String>>,
) -> std::io::Result<thread::JoinHandle<()>> {
    let (sender, inbox) = crossbeam_channel::unbounded();
    let idx = orders.queue.add_worker(sender.clone());
    thread::Builder::new().name(format!("isolate-{idx}")).stack_size(STACK_BYTES).spawn(move || {
        let guard = match Guard::adopt_thread() {
            Ok(guard) => guard,
            Err(err) => {
                let _ = ready.send(Err(BuildError::Memory(err).to_string()));
                return;
            }
        };
        let mut worker = Worker {
            idx,
            guard,
            isolates: orders.blueprints.iter().map(|_preset| None).collect(),
            transpiler: Transpiler::new(orders.source_bytes),
            orders,
            inbox,
            sender,
            runs: HashMap::new(),
            agenda: BTreeSet::new(),
            resident: None,
            room: Room::Unknown,
            lookout: None,
            last_run: 0,
        };
        let began = Instant::now();
        if let Err(message) = worker.build_first() {
            let _ = ready.send(Err(message));
            return;
        }
        telemetry::worker_born(idx, began.elapsed());
        let _ = ready.send(Ok(()));
        drop(ready);
        // A bug in this module costs what is at work or waits here, and no more.
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| worker.serve())) {
            worker.start_over(panic);
        }
        telemetry::worker_retired(idx);
    })
}

struct Worker {
    idx: usize,
    /// Dropped before the isolates, which does not matter: they are only unmapped.
    guard: Guard,
    /// By preset. `None` where there is none yet or no more, or where it could not
    /// be rebuilt; the next job tries again.
    isolates: Vec<Option<Kept>>,
    transpiler: Transpiler,
    orders: Orders,
    inbox: Receiver<Mail>,
    /// The other end of `inbox`, for those who are to write to it.
    sender: Sender<Mail>,
    /// Runs that wait: the resident one and the suspended ones.
    runs: HashMap<RunNumber, Waiting>,
    /// When each of them can go on, if that is known.
    agenda: BTreeSet<(Instant, RunNumber)>,
    /// Whose heap its isolate holds.
    resident: Option<RunNumber>,
    room: Room,
    /// Of the job that has just ended.
    lookout: Option<Box<dyn Lookout>>,
    last_run: RunNumber,
}

struct Kept {
    isolate: Isolate,
    /// When a run last had it.
    used: Instant,
    _counted: Counted,
}

/// One of the isolates that there are.
struct Counted {
    n_isolates: Arc<[AtomicUsize]>,
    preset: usize,
}

impl Counted {
    fn new(n_isolates: &Arc<[AtomicUsize]>, preset: usize) -> Counted {
        n_isolates[preset].fetch_add(1, Relaxed);
        Counted { n_isolates: Arc::clone(n_isolates), preset }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.n_isolates[self.preset].fetch_sub(1, Relaxed);
    }
}

/// This thread's side of a run between two turns.
struct Waiting {
    /// Whose isolate it needs.
    preset: usize,
    watched: Arc<Watched>,
    /// `None` while the isolate holds it.
    suspended: Option<Suspended>,
    /// What came for it.
    completed: Vec<(Instant, Completion)>,
    /// Its place in the agenda.
    ready_at: Option<Instant>,
}

/// What it takes to answer a run that waits, on whatever thread.
#[derive(Debug)]
pub(crate) struct Parked {
    run: Box<Run>,
    open: Open,
    /// The end of its last turn.
    since: Instant,
}

/// A job that has begun and is to be replied to.
struct Open {
    code: String,
    check: Check,
    /// Boxed: hardly any run has some, and many runs may wait.
    findings: Box<Findings>,
    reply: Box<dyn FnOnce(Reply) -> After + Send>,
    worker_idx: usize,
    deadline: Option<Instant>,
    /// Ready, but without a worker, so far.
    queued: Duration,
    waited: Duration,
    transpile: Duration,
    /// Processor time of its turns so far.
    cpu: Duration,
}

/// What is known about suspending the resident run.
#[derive(Clone, Copy)]
enum Room {
    Unknown,
    /// There was none for a job's sake.
    NoneForJobs(NoRoom),
    /// Nor in exchange for the run that is next in the agenda.
    None(NoRoom),
}

impl Worker {
    /// What has to be there before anybody is served; `Err` names the preset.
    fn build_first(&mut self) -> Result<(), String> {
        for preset in 0..self.isolates.len() {
            // The first worker tries out what nobody has tried.
            let is_tried = self.idx == 0 && !self.orders.blueprints[preset].preset.is_built_in();
            if preset == 0 || is_tried || self.orders.warmth == Warmth::Always {
                self.build(preset).map_err(|err| {
                    format!("preset `{}`: {err}", self.orders.blueprints[preset].preset.name)
                })?;
            }
        }
        Ok(())
    }

    fn serve(&mut self) {
        loop {
            self.retire_unused();
            while let Ok(mail) = self.inbox.try_recv() {
                self.take(mail);
            }
            let own = self.next_own().filter(|(at, _)| *at <= Instant::now());
            let holds = match (self.resident, self.room) {
                (None, _) => Holds::Nothing,
                (Some(_), Room::Unknown) => Holds::Waiting,
                (Some(_), Room::NoneForJobs(it) | Room::None(it)) => Holds::Stuck(it),
            };
            let next = self.orders.queue.next(self.idx, own.map(|(at, _)| at), holds);
            // Others look while this thread does anything else.
            let may_look = matches!(next, Next::Nothing) && self.runs.is_empty();
            let lookout = self.lookout.take().filter(|_| may_look);
            match next {
                Next::Job(task) => self.begin(task),
                Next::Own => {
                    if let Some((_, number)) = own {
                        self.advance(number);
                    }
                }
                Next::Room => self.room = Room::Unknown,
                Next::Closed if self.runs.is_empty() => return,
                Next::Closed | Next::Nothing => match lookout {
                    Some(it) => self.look_out(it),
                    None => self.sleep(),
                },
            }
        }
    }

    /// The run that will be, or has been, ready first, of those that can have the
    /// isolate.
    fn next_own(&self) -> Option<(Instant, RunNumber)> {
        match self.room {
            Room::Unknown | Room::NoneForJobs(_) => self.agenda.first().copied(),
            Room::None(_) => {
                let number = self.resident?;
                Some((self.runs.get(&number)?.ready_at?, number))
            }
        }
    }

    /// Looks for the next job of whoever has just been answered.
    fn look_out(&mut self, mut lookout: Box<dyn Lookout>) {
        if !self.orders.queue.look_out(self.idx) {
            return;
        }
        let until = Instant::now() + LOOK;
        while lookout.look() == Seen::Nothing && self.inbox.is_empty() && Instant::now() < until {
            // Whoever has work for this processor goes first.
            thread::yield_now();
        }
    }

    /// Until there is mail, or somebody is ready.
    fn sleep(&mut self) {
        let own = self.next_own().map(|(at, _)| at);
        let mail = match own.into_iter().chain(self.next_retirement()).min() {
            Some(at) => self.inbox.recv_deadline(at).ok(),
            None => self.inbox.recv().ok(),
        };
        if let Some(mail) = mail {
            self.take(mail);
        }
    }

    fn take(&mut self, mail: Mail) {
        match mail {
            Mail::Completed { run, at, completion } => {
                let Some(waiting) = self.runs.get_mut(&run) else { return };
                waiting.completed.push((at, completion));
                let ready_at = waiting.ready_at.map_or(at, |before| before.min(at));
                self.enter_in_agenda(run, Some(ready_at));
            }
            Mail::Stopped { run } => self.forget(run),
            // Looked at in any case.
            Mail::Queue => {}
        }
    }

    /// After a panic that nothing else has caught: what was at work is answered by
    /// being dropped, what waits here now, and the next isolate knows of neither.
    fn start_over(&mut self, panic: Box<dyn Any + Send>) {
        // Whoever verifies wants to see it fail, not the cure.
        if self.verify() == Verify::EachRollback {
            resume_unwind(panic);
        }
        self.guard.end_run();
        self.room = Room::Unknown;
        for preset in 0..self.isolates.len() {
            self.lose_isolate(preset);
        }
    }

    fn verify(&self) -> Verify {
        self.orders.blueprints[0].verify
    }

    /// When the first of the isolates will have been unused for too long.
    fn next_retirement(&self) -> Option<Instant> {
        if self.orders.warmth == Warmth::Always {
            return None;
        }
        let used = self.isolates.iter().skip(1).flatten().map(|it| it.used);
        used.min().and_then(|it| it.checked_add(self.orders.preset_idle))
    }

    fn retire_unused(&mut self) {
        let now = Instant::now();
        if self.next_retirement().is_some_and(|at| at <= now) {
            for preset in 1..self.isolates.len() {
                let is_needed = self.runs.values().any(|it| it.preset == preset);
                let Some(kept) = &mut self.isolates[preset] else { continue };
                if is_needed {
                    kept.used = now;
                } else if kept.used + self.orders.preset_idle <= now {
                    self.isolates[preset] = None;
                    let name = self.orders.blueprints[preset].preset.name;
                    telemetry::isolate_retired(self.idx, name);
                }
            }
        }
    }

    fn begin(&mut self, task: Task) {
        #[cfg(test)]
        self.inject(&task.job.code);
        if let Some(cause) = task.watched.cause() {
            return task.refuse(cause);
        }
        if let Some(number) = self.resident
            && let Err(no_room) = self.suspend(number, None)
        {
            self.room = Room::NoneForJobs(no_room);
            self.orders.queue.put_back(task);
            return;
        }
        // Before the run has a number: its deadline must not end the building.
        if self.isolates[task.job.preset].is_none() {
            self.build_on_use(task.job.preset);
        }
        let began = Instant::now();
        let Task { job, watched } = task;
        let Job { preset, code, input, arrived, deadline, check, reply } = job;
        self.last_run += 1;
        let number = self.last_run;
        self.guard.begin_run(number);
        watched.begin(Running {
            target: self.guard.target(),
            run: number,
            inbox: self.sender.clone(),
        });
        let queued = began.saturating_duration_since(arrived);
        let mut open = Open {
            code,
            check,
            findings: Box::default(),
            reply,
            worker_idx: self.idx,
            deadline: deadline.map(|(at, _timeout)| at),
            queued,
            waited: Duration::ZERO,
            transpile: Duration::ZERO,
            cpu: Duration::ZERO,
        };
        let cpu_before = cpu_time();
        let completions = Completions::new(self.sender.clone(), number);
        let step = catch_unwind(AssertUnwindSafe(|| {
            self.first_turn(preset, &mut open, input, completions, &watched)
        }));
        open.cpu += cpu_time().saturating_sub(cpu_before);
        self.after_turn(number, preset, open, watched, step);
    }

    fn first_turn(
        &mut self,
        preset: usize,
        open: &mut Open,
        input: String,
        completions: Completions,
        watched: &Watched,
    ) -> Result<Step, TranspileError> {
        // Cancelled, or out of time, just when it was taken from the queue.
        if let Some(cause) = watched.cause() {
            return Ok(Step::Ended(Box::new(Outcome::failed(cause.into()))));
        }
        let Some(Kept { isolate, .. }) = &mut self.isolates[preset] else {
            let message = "no isolate could be built; see the kernel's log";
            let outcome = Outcome::failed(RunError::Internal(message.to_owned()));
            return Ok(Step::Ended(Box::new(outcome)));
        };
        let began = Instant::now();
        self.transpiler.check_against(self.orders.blueprints[preset].preset.api());
        let program = self.transpiler.transpile(&open.code, open.check);
        *open.findings = self.transpiler.take_findings();
        let program = program?;
        open.transpile = began.elapsed();
        Ok(match watched.cause() {
            // The deadline passed meanwhile; nothing has run.
            Some(cause) => Step::Ended(Box::new(Outcome::failed(cause.into()))),
            None => {
                let calls = Calls::new(Arc::clone(&self.orders.outside), completions);
                isolate.begin(&self.guard, program, input, &self.orders.budget, calls)
            }
        })
    }

    /// Gives run `number` its next turn.
    fn advance(&mut self, number: RunNumber) {
        let Some(waiting) = self.runs.get(&number) else { return };
        let leaving = waiting.suspended.as_ref().map(Suspended::n_bytes);
        if let Some(resident) = self.resident
            && resident != number
            && let Err(no_room) = self.suspend(resident, leaving)
        {
            self.room = Room::None(no_room);
            return;
        }
        // The number first: whoever stops a run takes it out of `watched`, or
        // else looks for its number.
        self.guard.begin_run(number);
        let parked = self.runs.get(&number).and_then(|waiting| waiting.watched.unpark());
        let Some(Parked { mut run, mut open, since }) = parked else {
            self.guard.end_run();
            return self.forget(number);
        };
        let Some(waiting) = self.remove(number) else { return };
        let Waiting { preset, watched, suspended, completed, ready_at } = waiting;
        open.count_pause(since, ready_at);
        run.deliver(completed);
        let cpu_before = cpu_time();
        let step = catch_unwind(AssertUnwindSafe(|| {
            let kept = self.isolates[preset].as_mut();
            let isolate = &mut kept.expect("runs do not outlive their isolate").isolate;
            if let Some(suspended) = suspended {
                isolate.resume(suspended);
            }
            Ok(isolate.advance(&self.guard, run))
        }));
        open.cpu += cpu_time().saturating_sub(cpu_before);
        self.after_turn(number, preset, open, watched, step);
    }

    /// Keeps a run that waits, or replies and makes the isolate pristine.
    fn after_turn(
        &mut self,
        number: RunNumber,
        preset: usize,
        open: Open,
        watched: Arc<Watched>,
        step: thread::Result<Result<Step, TranspileError>>,
    ) {
        self.guard.end_run();
        self.room = Room::Unknown;
        self.resident = None;
        let (open, outcome) = match step {
            Ok(Ok(Step::Waits(run))) => {
                let ready_at = run.ready_at();
                match watched.park(Parked { run, open, since: Instant::now() }) {
                    Ok(()) => {
                        let (suspended, completed) = (None, Vec::new());
                        let waiting =
                            Waiting { preset, watched, suspended, completed, ready_at: None };
                        self.runs.insert(number, waiting);
                        self.enter_in_agenda(number, ready_at);
                        self.resident = Some(number);
                        return;
                    }
                    // Stopped at the end of its turn.
                    Err(Parked { run, open, .. }) => (open, Ok(give_up(run, RunError::TimedOut))),
                }
            }
            Ok(Ok(Step::Ended(outcome))) => (open, Ok(*outcome)),
            Ok(Err(err)) => (open, Err(err)),
            // `AssertUnwindSafe` holds because nothing of a panicked run is used
            // again: its isolate goes.
            Err(_panic) => {
                self.isolates[preset] = None;
                let error = RunError::Internal("the worker panicked".to_owned());
                (open, Ok(Outcome { ran: Ran::Partial, ..Outcome::failed(error) }))
            }
        };
        let cause = watched.cause();
        watched.end();
        let outcome = outcome.map(|mut it| {
            if let (Err(RunError::TimedOut), Some(cause)) = (&it.result, cause) {
                it.result = Err(cause.into());
            }
            it
        });
        let crashed =
            matches!(&outcome, Ok(Outcome { result: Err(RunError::EngineCrash { .. }), .. }));
        // Answer first: the caller must not wait for the rollback.
        let after = open.finish(outcome);
        if crashed {
            // The image that their deltas belong to goes.
            let message = "the engine failed in another snippet while this one waited";
            self.lose_runs(preset, &RunError::EngineCrash { message: message.to_owned() });
        } else if self.isolates[preset].is_none() {
            self.lose_isolate(preset);
        }
        let restored = self.restore(preset);
        self.lookout = conclude(after, Some(restored));
    }

    /// Drops what is left of run `number`, which is answered.
    fn forget(&mut self, number: RunNumber) {
        let Some(Waiting { preset, .. }) = self.remove(number) else { return };
        self.room = Room::Unknown;
        if self.resident.take_if(|it| *it == number).is_some() {
            self.restore(preset);
        }
    }

    /// Ends every run of this preset that waits: their isolate is gone.
    fn lose_runs(&mut self, preset: usize, error: &RunError) {
        let runs = self.runs.iter().filter(|(_, it)| it.preset == preset);
        let lost: Vec<RunNumber> = runs.map(|(number, _)| *number).collect();
        for number in lost {
            self.resident.take_if(|it| *it == number);
            let Some(Waiting { watched, .. }) = self.remove(number) else { continue };
            if let Some(parked) = watched.unpark() {
                watched.end();
                parked.give_up(error.clone());
            }
        }
    }

    /// Makes the isolate pristine, or a new one.
    fn restore(&mut self, preset: usize) -> Restored {
        let began = Instant::now();
        let mut is_rollback = false;
        let restored = catch_unwind(AssertUnwindSafe(|| match &mut self.isolates[preset] {
            Some(kept) => {
                is_rollback = !kept.isolate.is_broken();
                kept.used = began;
                kept.isolate.restore(&self.guard).map(|it| it.pages_copied)
            }
            None => self.build(preset).map(|()| 0),
        }));
        let took = began.elapsed();
        let (pages_copied, error) = match restored {
            Ok(Ok(pages_copied)) => (pages_copied, None),
            Ok(Err(err)) => (0, Some(err.to_string())),
            // Whoever verifies wants to see it fail, not the cure.
            Err(panic) if self.verify() == Verify::EachRollback => resume_unwind(panic),
            Err(_panic) => (0, Some("the worker panicked".to_owned())),
        };
        if error.is_some() {
            self.lose_isolate(preset);
        }
        if is_rollback && error.is_none() {
            return Restored { took, pages_copied, how: Restoration::RolledBack };
        }
        telemetry::worker_rebuilt(self.idx, took, error.as_deref());
        Restored { took, pages_copied, how: Restoration::Rebuilt }
    }

    /// The first run of a preset on this worker, and one after a rebuilding that
    /// failed, finds no isolate.
    fn build_on_use(&mut self, preset: usize) {
        let began = Instant::now();
        let error = match catch_unwind(AssertUnwindSafe(|| self.build(preset))) {
            Ok(built) => built.err().map(|err| err.to_string()),
            // Whoever verifies wants to see it fail, not the cure.
            Err(panic) if self.verify() == Verify::EachRollback => resume_unwind(panic),
            Err(_panic) => Some("the worker panicked".to_owned()),
        };
        let name = self.orders.blueprints[preset].preset.name;
        telemetry::isolate_built(self.idx, name, began.elapsed(), error.as_deref());
    }

    /// Makes an isolate of that preset, in the time that this may take. The first
    /// one there is says which names it has.
    fn build(&mut self, preset: usize) -> Result<(), BuildError> {
        self.last_run += 1;
        let number = self.last_run;
        let watched = Watched::new();
        self.guard.begin_run(number);
        watched.begin(Running {
            target: self.guard.target(),
            run: number,
            inbox: self.sender.clone(),
        });
        let until = Instant::now() + self.orders.load_time;
        let key = self.orders.watchdog.watch(until, &watched);
        let built = catch_unwind(AssertUnwindSafe(|| {
            let blueprint = self.orders.blueprints[preset];
            let mut isolate = Isolate::build(&self.guard, blueprint)?;
            let api = blueprint.preset.api();
            if api.claim_inventory() {
                api.set_inventory(self.inventory(&mut isolate, number)?);
            }
            Ok::<_, BuildError>(isolate)
        }));
        self.orders.watchdog.unwatch(key);
        watched.end();
        self.guard.end_run();
        let isolate: Isolate = built.unwrap_or_else(|panic| resume_unwind(panic))?;
        let counted = Counted::new(&self.orders.n_isolates, preset);
        self.isolates[preset] = Some(Kept { isolate, used: Instant::now(), _counted: counted });
        Ok(())
    }

    /// Which names there are in this isolate, by its own word.
    fn inventory(&self, isolate: &mut Isolate, number: RunNumber) -> Result<Inventory, BuildError> {
        let program = Transpiler::new(self.orders.source_bytes.max(INVENTORY_SNIPPET.len()))
            .transpile(INVENTORY_SNIPPET, Check::Warn)
            .map_err(|err| BuildError::Engine(format!("{err:?}")))?;
        let completions = Completions::new(self.sender.clone(), number);
        let calls = Calls::new(Arc::clone(&self.orders.outside), completions);
        let budget = Budget { output_bytes: usize::MAX, log_bytes: 0 };
        let step = isolate.begin(&self.guard, program, "{}".to_owned(), &budget, calls);
        let result = match step {
            Step::Ended(outcome) => outcome.result,
            Step::Waits(_) => Err(RunError::NeverSettled),
        };
        isolate.restore(&self.guard)?;
        match result {
            Ok(json) => serde_json::from_str(&json)
                .map_err(|err| BuildError::Engine(format!("its globals: {err}"))),
            Err(RunError::TimedOut) => Err(BuildError::TooSlow { bundle: None }),
            Err(err) => Err(BuildError::Engine(format!("its globals cannot be read: {err:?}"))),
        }
    }

    /// The next job tries for a new one.
    fn lose_isolate(&mut self, preset: usize) {
        self.isolates[preset] = None;
        let message = "the isolate of this run was lost while it waited";
        self.lose_runs(preset, &RunError::Internal(message.to_owned()));
    }

    /// Takes the resident run out of the isolate. `leaving` as in
    /// [`Queue::reserve`].
    fn suspend(&mut self, number: RunNumber, leaving: Option<usize>) -> Result<(), NoRoom> {
        let Some(waiting) = self.runs.get_mut(&number) else { return Ok(()) };
        let preset = waiting.preset;
        let Some(Kept { isolate, .. }) = &mut self.isolates[preset] else { return Ok(()) };
        let queue = &self.orders.queue;
        let may = |n_bytes| queue.reserve(n_bytes, leaving);
        match catch_unwind(AssertUnwindSafe(|| isolate.suspend(may))) {
            Ok(Ok(suspended)) => {
                waiting.suspended = Some(suspended);
                self.resident = None;
            }
            Ok(Err(SuspendError::NotNow(no_room))) => return Err(no_room),
            Ok(Err(SuspendError::Memory { n_bytes })) => return Err(queue.unreserve(n_bytes)),
            Err(panic) if self.verify() == Verify::EachRollback => resume_unwind(panic),
            Err(_panic) => self.lose_isolate(preset),
        }
        Ok(())
    }

    fn enter_in_agenda(&mut self, number: RunNumber, ready_at: Option<Instant>) {
        let Some(waiting) = self.runs.get_mut(&number) else { return };
        if let Some(before) = waiting.ready_at {
            self.agenda.remove(&(before, number));
        }
        waiting.ready_at = ready_at;
        self.agenda.extend(ready_at.map(|at| (at, number)));
    }

    /// Its delta, if it has one, counts no more.
    fn remove(&mut self, number: RunNumber) -> Option<Waiting> {
        let waiting = self.runs.remove(&number)?;
        if let Some(at) = waiting.ready_at {
            self.agenda.remove(&(at, number));
        }
        if let Some(suspended) = &waiting.suspended {
            self.orders.queue.release(suspended.n_bytes());
        }
        Some(waiting)
    }
}

impl Parked {
    /// Replies that the run ends here, for a reason of the host's.
    pub(crate) fn give_up(self, error: RunError) {
        let Parked { run, mut open, since } = self;
        open.count_pause(since, run.ready_at());
        conclude(open.finish(Ok(give_up(run, error))), None);
    }
}

impl Open {
    /// Replies. A panic in there is the asker's loss, not the next job's.
    fn finish(self, outcome: Result<Outcome, TranspileError>) -> Option<After> {
        let Open {
            code,
            findings,
            reply,
            worker_idx,
            deadline,
            queued,
            waited,
            transpile,
            cpu,
            ..
        } = self;
        let outcome = outcome.map(|mut it| {
            it.usage.transpile = transpile;
            it.usage.wait = waited;
            it.usage.cpu = cpu;
            it
        });
        let is_late = matches!(&outcome, Ok(Outcome { result: Err(RunError::TimedOut), .. }));
        let overrun = deadline.filter(|_| is_late).map(|at| at.elapsed());
        let worker_idx = Some(worker_idx);
        let findings = *findings;
        let reply_with = Reply { code, queued, findings, overrun, worker_idx, outcome };
        catch_unwind(AssertUnwindSafe(|| reply(reply_with))).ok()
    }

    /// Splits the time since the last turn into waiting for the host and, from
    /// `ready_at` on, waiting for a worker.
    fn count_pause(&mut self, since: Instant, ready_at: Option<Instant>) {
        let now = Instant::now();
        let ready_at = ready_at.unwrap_or(now).clamp(since, now);
        self.waited += ready_at - since;
        self.queued += now - ready_at;
    }
}

/// Does what is left to do. A panic in there is nobody's loss.
fn conclude(after: Option<After>, restored: Option<Restored>) -> Option<Box<dyn Lookout>> {
    let After { conclude, lookout } = after?;
    let _ = catch_unwind(AssertUnwindSafe(|| conclude(restored)));
    lookout
}

/// Of the calling thread, so far.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open").field("code", &self.code.len()).finish_non_exhaustive()
    }
}

impl From<Cause> for RunError {
    fn from(cause: Cause) -> RunError {
        match cause {
            Cause::Deadline => RunError::TimedOut,
            Cause::Cancelled => RunError::Cancelled,
            Cause::ShuttingDown => RunError::ShuttingDown,
        }
    }
}

/// Snippets that make the worker itself fail.
#[cfg(test)]
pub(crate) mod faults {
    pub(crate) const PANIC: &str = "fault: the worker panics";
    pub(crate) const NO_ISOLATE: &str = "fault: no isolate can be built";
    pub(crate) const ISOLATES_AGAIN: &str = "return 'fault: over'";

    impl super::Worker {
        pub(super) fn inject(&mut self, code: &str) {
            match code {
                PANIC => panic!("{code}"),
                NO_ISOLATE => {
                    self.isolates[0] = None;
                    self.orders.blueprints[0].memory_bytes = usize::MAX >> 2;
                }
                ISOLATES_AGAIN => self.orders.blueprints[0].memory_bytes = 64 << 20,
                _ => {}
            }
        }
    }
}
