//! One request in, one answer out: the part of a kernel that needs no socket.
//!
//! The kernel's connections and an embedded run-code both go through here, so
//! the same snippet gets the same answer from either. Knows no sockets, and
//! nothing of how a run is made.

use std::{
    borrow::Cow,
    fmt, io, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{
    advice::{advice, cut_in_the_middle, shorten},
    api::Lookup,
    isolate::{
        Level, LogLine, Ran, Ring, RunError, Thrown, Usage,
        host::{
            calls::Introduction,
            http::{Effect, Effects, MAX_LISTED},
        },
        preset::Preset,
    },
    net::Reactor,
    pool::{self, After, Job, Lookout, Pool, Refused, Reply, Restoration, Restored, Ticket},
    prompt::{self, Terms},
    protocol::{
        self, Answer, Call, Dropped, Failure, FailureKind, Id, Log, Request, Surroundings, Warning,
        millis,
    },
    telemetry::{self, Gauges, Metrics, Run, Snippets, Stopped},
    transpile::{Finding, Findings, Position, TranspileError, code_frame},
};

/// Index of the preset that counts where none is meant.
const FIRST_PRESET: usize = 0;

#[derive(Clone, Debug)]
pub struct Config {
    pub pool: pool::Config,
    /// For requests that name none; `None` lets them run for ever.
    pub default_timeout: Option<Duration>,
    /// Whether what is run may be logged.
    pub snippets: Snippets,
}

/// What a text about the API may be long when the client does not say.
const SEARCH_TOKENS: usize = 600;
const SHOW_TOKENS: usize = 1_500;
const PROMPT_TOKENS: usize = 1_500;

/// Warnings beside a failure, which is long enough, and the length of each.
const WARNINGS_OF_FAILURE: usize = 3;
const WARNING_BYTES: usize = 300;

/// A pool that speaks the protocol.
pub struct Service {
    config: Config,
    /// Taken out by `stop`.
    pool: Mutex<Option<Pool>>,
    stopping: AtomicBool,
    metrics: Arc<Metrics>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("config", &self.config).finish_non_exhaustive()
    }
}

/// What an answer can be, as metrics count it: success, then every failure.
const KINDS: [&str; FailureKind::ALL.len() + 1] = {
    let mut res = ["ok"; FailureKind::ALL.len() + 1];
    let mut idx = 0;
    while idx < FailureKind::ALL.len() {
        res[idx + 1] = FailureKind::ALL[idx].as_str();
        idx += 1;
    }
    res
};

/// Where an answer stands in [`KINDS`].
fn kind_of(answer: &Answer) -> usize {
    answer.outcome.as_ref().err().map_or(0, |failure| failure.kind as usize + 1)
}

/// Called exactly once with the answer, on whichever thread has it. Who may come back
/// at once can leave a lookout for the worker that made it.
pub type Respond = Box<dyn FnOnce(Answer) -> Option<Box<dyn Lookout>> + Send>;

impl Service {
    /// `reactor` does what snippets ask of the world outside.
    pub fn start(config: Config, reactor: Reactor) -> io::Result<Service> {
        let pool = Pool::start(config.pool.clone(), reactor)?;
        let names = config.pool.presets.iter().map(|it| it.name.to_owned());
        let metrics = Metrics::new(&KINDS, names.collect());
        Ok(Service {
            config,
            pool: Mutex::new(Some(pool)),
            stopping: AtomicBool::new(false),
            metrics: Arc::new(metrics),
        })
    }

    pub fn default_timeout(&self) -> Option<Duration> {
        self.config.default_timeout
    }

    /// Never blocks. `None` when the answer has already been given.
    pub fn submit(&self, request: Request, arrived: Instant, respond: Respond) -> Option<Ticket> {
        let Request { id, preset, code, input, timeout_ms, check } = request;
        if self.config.snippets == Snippets::Logged {
            let id = id.as_ref().map(Id::to_string);
            telemetry::snippet(id.as_deref(), &code, &input);
        }
        let metrics = Arc::clone(&self.metrics);
        let (preset, unknown) = match self.preset_idx(preset.as_deref()) {
            Ok(preset) => (preset, None),
            Err(failure) => (FIRST_PRESET, Some(failure)),
        };
        let refuse = |respond: Respond, id, failure| {
            let answer = Answer::refusal(id, failure);
            metrics.refused(preset, kind_of(&answer));
            respond(answer);
        };
        if let Some(failure) = unknown {
            refuse(respond, id, failure);
            return None;
        }
        let timeout = match timeout_ms {
            None => self.config.default_timeout,
            Some(0) if self.config.default_timeout.is_none() => None,
            Some(0) => {
                let failure = Failure::bad_request(
                    "`timeoutMs` is 0, and this kernel does not run snippets without a timeout",
                )
                .with_hint("leave `timeoutMs` out, or start the kernel with `--timeout 0`");
                refuse(respond, id, failure);
                return None;
            }
            Some(ms) => Some(Duration::from_millis(ms)),
        };
        // A timeout beyond the end of the clock is none.
        let deadline = timeout.and_then(|it| Some((arrived.checked_add(it)?, it)));

        let pool = self.pool.lock();
        let Some(pool) = &*pool else {
            refuse(respond, id, shutting_down());
            return None;
        };
        // The job and its refusal both need to answer; only one of them does.
        let duty = Arc::new(Mutex::new(Some((respond, id))));
        let snippets = self.config.snippets;
        let metrics_of_run = Arc::clone(&metrics);
        let pending =
            Pending { preset, duty: Arc::clone(&duty), metrics: metrics_of_run, snippets };
        let reply = Box::new(move |reply: Reply| pending.fulfil(reply, timeout));
        match pool.submit(Job { preset, code, input, deadline, arrived, check, reply }) {
            Ok(ticket) => Some(ticket),
            Err(Refused(_job)) => {
                let (respond, id) = duty.lock().take()?;
                if self.stopping.load(Relaxed) {
                    refuse(respond, id, shutting_down());
                } else {
                    let answer = Answer::refusal(id, busy());
                    metrics.overloaded(preset, kind_of(&answer));
                    respond(answer);
                }
                None
            }
        }
    }

    #[expect(clippy::result_large_err, reason = "only for who is refused")]
    fn preset_idx(&self, name: Option<&str>) -> Result<usize, Failure> {
        let Some(name) = name else { return Ok(FIRST_PRESET) };
        let presets = &self.config.pool.presets;
        presets.iter().position(|it| it.name == name).ok_or_else(|| {
            let known: Vec<String> = presets.iter().map(|it| format!("`{}`", it.name)).collect();
            let shown: String = name.chars().take(64).collect();
            Failure::bad_request(format!(
                "unknown preset `{shown}`; this kernel has {}",
                known.join(", ")
            ))
        })
    }

    /// Text about what a snippet may use; `Err` when it is not there.
    #[expect(clippy::result_large_err, reason = "once per request")]
    pub fn look_up(
        &self,
        lookup: &Lookup,
        tokens: Option<usize>,
        preset: Option<&str>,
    ) -> Result<String, Failure> {
        let api = self.config.pool.presets[self.preset_idx(preset)?].api();
        match lookup {
            Lookup::Search(words) => Ok(api.search(words, tokens.unwrap_or(SEARCH_TOKENS))),
            Lookup::Show(name) => {
                api.show(name, tokens.unwrap_or(SHOW_TOKENS)).map_err(|message| {
                    Failure::bad_request(message)
                        .with_hint("`run-code api search <words>` finds names")
                })
            }
            Lookup::Prompt => {
                let pool = &self.config.pool;
                let terms = Terms {
                    timeout: self.config.default_timeout,
                    memory_bytes: pool.memory_bytes,
                    source_bytes: pool.source_bytes,
                    output_bytes: pool.output_bytes,
                    log_bytes: pool.log_bytes,
                    policy: &pool.net.policy,
                };
                Ok(prompt::prompt(&api, &terms, tokens.unwrap_or(PROMPT_TOKENS)))
            }
        }
    }

    /// An answer to what never became a job; it counts all the same.
    pub fn refusal(&self, id: Option<Id>, failure: Failure) -> Answer {
        let answer = Answer::refusal(id, failure);
        self.metrics.refused(FIRST_PRESET, kind_of(&answer));
        answer
    }

    /// What there is to choose from, and how many isolates of each.
    pub fn presets(&self) -> Vec<(Preset, usize)> {
        let presets = self.config.pool.presets.iter().copied();
        let n_isolates = self.pool.lock().as_ref().map(Pool::isolates).unwrap_or_default();
        presets.zip(n_isolates.into_iter().chain(std::iter::repeat(0))).collect()
    }

    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// What the pool is doing at this instant.
    pub fn gauges(&self) -> Gauges {
        let workers = self.config.pool.n_workers;
        match &*self.pool.lock() {
            Some(pool) => Gauges {
                workers,
                running: pool.running(),
                queued: pool.queued(),
                suspended: pool.suspended().n_runs,
                ..Gauges::default()
            },
            None => Gauges { workers, ..Gauges::default() },
        }
    }

    /// Tells what there is to know about credentials and the network, later and
    /// on another thread.
    pub fn surroundings(&self, respond: impl FnOnce(Surroundings) + Send + 'static) {
        let pool = self.pool.lock();
        let Some(pool) = &*pool else {
            respond(Surroundings::default());
            return;
        };
        pool.outside().introduce(move |Introduction { credentials, defaults, rules }| {
            respond(Surroundings {
                no_credentials: credentials.as_ref().err().cloned(),
                credentials: credentials.ok(),
                region: defaults.region,
                endpoint: defaults.endpoint,
                allow_net: rules,
            });
        });
    }

    /// Refuses what comes, gives what runs until `grace` is over, ends the rest.
    /// When this returns, every request has been answered.
    pub fn stop(&self, grace: Duration) {
        self.stopping.store(true, Relaxed);
        // The lock is released before the long part: requests that still come
        // must be refused, not blocked.
        let pool = self.pool.lock().take();
        if let Some(pool) = pool {
            pool.stop(grace);
        }
    }
}

/// The duty to answer a request. Whoever takes it answers; a job that is lost
/// with its worker answers by being dropped.
struct Pending {
    preset: usize,
    duty: Arc<Mutex<Option<Duty>>>,
    metrics: Arc<Metrics>,
    snippets: Snippets,
}

type Duty = (Respond, Option<Id>);

impl Pending {
    fn take(&self) -> Option<Duty> {
        self.duty.lock().take()
    }

    /// Answers, and says what is to be done when the worker is ready again.
    fn fulfil(self, reply: Reply, timeout: Option<Duration>) -> After {
        let mut run = run_of(&reply, self.preset);
        if let Ok(outcome) = &reply.outcome {
            for (row, n) in &outcome.effects.rows {
                self.metrics.called(*row, *n);
            }
        }
        let Some((respond, id)) = self.take() else { return After::default() };
        run.id = id.as_ref().map(Id::to_string);
        let answer = answer(id, reply, timeout);
        run.kind = kind_of(&answer);
        self.metrics.answered(&run);
        if self.snippets == Snippets::Logged {
            let line = answer.clone().into_line();
            telemetry::snippet_answer(run.id.as_deref(), &String::from_utf8_lossy(&line));
        }
        let lookout = respond(answer);
        let metrics = Arc::clone(&self.metrics);
        let conclude = Box::new(move |restored: Option<Restored>| {
            if let Some(restored) = restored {
                run.rollback = Some(restored.took);
                run.pages_copied = restored.pages_copied;
                run.rebuilt = restored.how == Restoration::Rebuilt;
            }
            metrics.run_over(&run);
        });
        After { conclude, lookout }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some((respond, id)) = self.take() {
            let failure = Failure::new(FailureKind::Internal, "the worker of this request died")
                .with_hint("this is a bug in the kernel, not in the snippet; try once more");
            let answer = Answer::refusal(id, failure);
            self.metrics.refused(self.preset, kind_of(&answer));
            respond(answer);
        }
    }
}

/// What there is to be told about a run before its worker is ready again.
fn run_of(reply: &Reply, preset: usize) -> Run {
    let run = Run {
        preset,
        worker_idx: reply.worker_idx,
        queue: reply.queued,
        kill_overrun: reply.overrun,
        ..Run::default()
    };
    let Ok(outcome) = &reply.outcome else { return run };
    let usage = &outcome.usage;
    let began = outcome.ran != Ran::No;
    Run {
        transpile: began.then_some(usage.transpile),
        run: began.then_some(usage.run),
        wait: began.then_some(usage.wait),
        cpu: usage.cpu,
        heap_bytes: usage.heap_bytes,
        ops: usage.ops,
        stopped: outcome.ring.map(|ring| match ring {
            Ring::Ask => Stopped::Ask,
            Ring::Kill => Stopped::Kill,
            Ring::KillAtDoor => Stopped::KillAtDoor,
        }),
        ..run
    }
}

fn busy() -> Failure {
    Failure::new(FailureKind::Busy, "every worker is occupied and the queue is full")
        .with_hint("nothing has run; try again after a pause")
}

fn shutting_down() -> Failure {
    Failure::new(FailureKind::ShuttingDown, "the kernel is shutting down")
        .with_hint("try again with the next kernel")
}

/// Whatever comes of describing it, a reply is answered, and says what was done.
fn answer(id: Option<Id>, mut reply: Reply, timeout: Option<Duration>) -> Answer {
    let mut usage = protocol::Usage::default();
    let mut effects = protocol::Effects::default();
    let mut logs = Vec::new();
    if let Ok(outcome) = &mut reply.outcome {
        usage = self::usage(&outcome.usage);
        effects = journal(outcome.ran, &outcome.effects, &mut usage);
        logs.extend(mem::take(&mut outcome.logs).into_iter().map(log));
    }
    usage.queue_ms = millis(reply.queued);
    // `AssertUnwindSafe` holds because nothing that it was given is used again.
    let described = catch_unwind(AssertUnwindSafe(|| describe(reply, timeout)));
    let (outcome, warnings) = described.unwrap_or_else(|_panic| {
        let failure = Failure::new(FailureKind::Internal, "the kernel failed to describe this run")
            .with_hint("this is a bug in the kernel; `effects` tells what the snippet has done");
        (Err(failure), Vec::new())
    });
    Answer { id, outcome, warnings, logs, usage, effects }
}

/// What an answer says in words.
fn describe(reply: Reply, timeout: Option<Duration>) -> (Result<String, Failure>, Vec<Warning>) {
    let Reply { code, findings, outcome, .. } = reply;
    let mut outcome = match outcome {
        Ok(outcome) => outcome.result.map_err(|err| run_failure(err, &code, timeout)),
        Err(err) => Err(transpile_failure(err, &findings, &code)),
    };
    let warnings = tell(&mut outcome, findings, &code);
    (outcome, warnings)
}

/// Gives a failure the hint that a finding is, and returns what is left to warn of.
fn tell(outcome: &mut Result<String, Failure>, findings: Findings, code: &str) -> Vec<Warning> {
    let Findings { mut list, silence } = findings;
    match outcome {
        Ok(result) => list.extend(silence.filter(|_| result == "null")),
        Err(failure) => {
            let here = list.iter().position(|it| Some(it.position.line) == failure.line);
            if let (Some(idx), FailureKind::Thrown) = (here, failure.kind) {
                failure.hint = Some(in_one_line(list.remove(idx)));
            } else if failure.kind == FailureKind::Thrown && failure.hint.is_none() {
                failure.hint =
                    advice(failure.name.as_deref(), &failure.message, place(failure, code));
            }
            let Failure { message, stack, hint, .. } = failure;
            shorten(message, stack, hint);
            list.truncate(WARNINGS_OF_FAILURE);
        }
    }
    let warnings = list.into_iter().map(|it| Warning {
        line: it.position.line,
        column: it.position.column,
        message: cut(it.message),
        signature: it.signature.map(cut),
    });
    warnings.collect()
}

fn cut(text: String) -> String {
    cut_in_the_middle(&text, WARNING_BYTES).unwrap_or(text)
}

fn in_one_line(finding: Finding) -> String {
    match finding.signature {
        Some(signature) => format!("{}: `{signature}`", finding.message),
        None => finding.message,
    }
}

/// The snippet from the failure's place on.
fn place<'c>(failure: &Failure, code: &'c str) -> &'c str {
    let (Some(line), Some(column)) = (failure.line, failure.column) else { return "" };
    let line = code.lines().nth(line as usize - 1).unwrap_or_default();
    let mut units = column as usize - 1;
    let start = line.char_indices().find(|(_, it)| {
        let is_there = units == 0;
        units = units.saturating_sub(it.len_utf16());
        is_there
    });
    start.map_or("", |(at, _)| &line[at..])
}

fn check_failure(findings: &Findings, code: &str) -> Failure {
    let n = findings.list.len();
    let Some(first) = findings.list.first() else {
        return Failure::new(FailureKind::Internal, "the check failed and found nothing");
    };
    let message = match n {
        1 => first.message.clone(),
        _ => format!("{} (and {} more)", first.message, n - 1),
    };
    let failure = Failure::new(FailureKind::Check, message);
    let hint = match &first.signature {
        Some(signature) => format!("nothing has run; `{signature}`"),
        None => {
            "nothing has run; change the snippet, or run it without the strict check".to_owned()
        }
    };
    at(failure.with_hint(hint), Some(first.position), code)
}

fn log(LogLine { level, text }: LogLine) -> Log {
    let level = match level {
        Level::Debug => "debug",
        Level::Log => "log",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
        Level::Kernel => "kernel",
    };
    Log { level: Cow::Borrowed(level), text }
}

fn usage(usage: &Usage) -> protocol::Usage {
    let dropped = Dropped { timers: usage.dropped_timers, calls: usage.dropped_calls };
    protocol::Usage {
        queue_ms: 0.0,
        transpile_ms: millis(usage.transpile),
        run_ms: millis(usage.run),
        wait_ms: millis(usage.wait),
        cpu_ms: millis(usage.cpu),
        heap_bytes: usage.heap_bytes as u64,
        calls: Vec::new(),
        more_calls: 0,
        dropped: (dropped != Dropped::default()).then_some(dropped),
    }
}

/// What the run did outside: all of it for `usage`, and what may have changed
/// something by itself.
fn journal(ran: Ran, effects: &Effects, usage: &mut protocol::Usage) -> protocol::Effects {
    let call = |it: &Effect| Call {
        operation: it.operation.clone(),
        method: it.method.clone(),
        host: it.host.clone(),
        bucket: it.bucket.clone(),
        status: it.status,
        ms: it.ms,
    };
    let list = &effects.list;
    usage.calls = list.iter().take(MAX_LISTED).map(call).collect();
    usage.more_calls = (effects.n_calls - usage.calls.len()) as u64;
    let writes: Vec<Call> = list.iter().filter(|it| it.write).take(MAX_LISTED).map(call).collect();
    protocol::Effects {
        ran: match ran {
            Ran::No => protocol::Ran::No,
            Ran::Partial => protocol::Ran::Partial,
            Ran::Complete => protocol::Ran::Complete,
        },
        calls: effects.n_calls as u64,
        more_writes: (effects.n_writes - writes.len()) as u64,
        writes,
    }
}

fn transpile_failure(err: TranspileError, findings: &Findings, code: &str) -> Failure {
    match err {
        TranspileError::Syntax { message, position, hint } => {
            let failure = Failure::new(FailureKind::Syntax, message);
            Failure { name: Some("SyntaxError".to_owned()), hint, ..at(failure, position, code) }
        }
        TranspileError::TooLarge { message } => Failure::new(FailureKind::TooLarge, message)
            .with_hint("send less source; `--max-source` of the kernel raises the limit"),
        TranspileError::Findings => check_failure(findings, code),
    }
}

fn run_failure(err: RunError, code: &str, timeout: Option<Duration>) -> Failure {
    use FailureKind as Kind;
    match err {
        RunError::Syntax { message, position } => {
            let failure = Failure::new(Kind::Syntax, message);
            Failure { name: Some("SyntaxError".to_owned()), ..at(failure, position, code) }
        }
        RunError::Thrown(thrown) => thrown_failure(Kind::Thrown, thrown, code),
        RunError::StackOverflow { thrown, limit_bytes } => {
            thrown_failure(Kind::StackOverflow, thrown, code).with_hint(format!(
                "the stack of {} MiB is used up: recurse less deeply, or use a loop with its own \
                 stack; `--stack <MiB>` of the kernel raises the limit",
                limit_bytes >> 20
            ))
        }
        RunError::NotJson { path, message, hint } => {
            Failure::new(Kind::NotJson, format!("what main returned is not JSON at {path}: {message}"))
                .with_hint(hint)
        }
        RunError::NeverSettled => Failure::new(
            Kind::NeverSettled,
            "main waits for a promise that can never settle: no timer, call or job is left",
        )
        .with_hint(
            "look for a `new Promise` whose resolve is never called, or an event that never comes",
        ),
        RunError::TimedOut => {
            let ms = timeout.unwrap_or_default().as_millis();
            Failure::new(Kind::Timeout, format!("stopped after {ms} ms")).with_hint(
                "do less, or ask for more time: `--timeout <ms>` of run-code, `timeoutMs` of a request",
            )
        }
        RunError::Cancelled => Failure::new(Kind::Cancelled, "cancelled by the client"),
        RunError::ShuttingDown => shutting_down(),
        RunError::OutOfMemory { limit_bytes } => Failure::new(
            Kind::OutOfMemory,
            format!("used more than {} MiB of heap", limit_bytes >> 20),
        )
        .with_hint(
            "hold less at once, such as one page of a listing; `--memory <MiB>` of the kernel raises the limit",
        ),
        RunError::TooLarge { message } => Failure::new(Kind::TooLarge, message)
            .with_hint("return less; `--max-output` of the kernel raises the limit"),
        RunError::EngineCrash { message } => Failure::new(Kind::EngineCrash, message)
            .with_hint("the engine was rebuilt; try once more, then change the snippet"),
        RunError::Internal(message) => Failure::new(Kind::Internal, message)
            .with_hint("this is a bug in the kernel, not in the snippet; try once more"),
    }
}

fn thrown_failure(kind: FailureKind, thrown: Thrown, code: &str) -> Failure {
    let Thrown { name, message, stack, position, hint } = thrown;
    Failure { name, stack, hint, ..at(Failure::new(kind, message), position, code) }
}

/// Adds the place, and the lines around it.
fn at(failure: Failure, position: Option<Position>, code: &str) -> Failure {
    let Some(position) = position else { return failure };
    let frame = Some(code_frame(code, position)).filter(|it| !it.is_empty());
    Failure { frame, line: Some(position.line), column: Some(position.column), ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isolate::Outcome;

    #[track_caller]
    fn check(err: RunError, expected: &str) {
        let logs = vec![LogLine { level: Level::Warn, text: "w".to_owned() }];
        let usage =
            Usage { run: Duration::from_micros(5_000_250), dropped_calls: 2, ..Usage::default() };
        let effects = Effects::default();
        let outcome =
            Ok(Outcome { result: Err(err), logs, usage, effects, ring: None, ran: Ran::Partial });
        let queued = Duration::from_micros(3);
        let reply = Reply {
            code: "x".to_owned(),
            queued,
            findings: Findings::default(),
            overrun: None,
            worker_idx: None,
            outcome,
        };
        let timeout = Some(Duration::from_secs(5));
        let line = answer(Some(Id::text("a")), reply, timeout).into_line();
        let rest = concat!(
            r#","logs":[{"level":"warn","text":"w"}],"usage":{"queueMs":0.003,"#,
            r#""transpileMs":0.0,"runMs":5000.25,"waitMs":0.0,"cpuMs":0.0,"heapBytes":0,"#,
            r#""dropped":{"timers":0,"calls":2}},"#,
            r#""effects":{"ran":"partial","calls":0,"writes":[]}}"#
        );
        let expected = format!("{{\"id\":\"a\",\"ok\":false,\"error\":{expected}{rest}\n");
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn failures_say_what_to_do() {
        check(
            RunError::TimedOut,
            concat!(
                r#"{"kind":"timeout","message":"stopped after 5000 ms","hint":"do less, or ask "#,
                r#"for more time: `--timeout <ms>` of run-code, `timeoutMs` of a request"}"#
            ),
        );
        check(
            RunError::OutOfMemory { limit_bytes: 128 << 20 },
            concat!(
                r#"{"kind":"out_of_memory","message":"used more than 128 MiB of heap","hint":"#,
                r#""hold less at once, such as one page of a listing; `--memory <MiB>` of the "#,
                r#"kernel raises the limit"}"#
            ),
        );
        check(
            RunError::NotJson {
                path: "$.items[3].when".to_owned(),
                message: "a BigInt".to_owned(),
                hint: "return String(value)".to_owned(),
            },
            concat!(
                r#"{"kind":"not_json","message":"what main returned is not JSON at "#,
                r#"$.items[3].when: a BigInt","hint":"return String(value)"}"#
            ),
        );
        check(
            RunError::Thrown(Thrown { message: "42".to_owned(), ..Thrown::default() }),
            r#"{"kind":"thrown","message":"42"}"#,
        );
    }

    /// No text has a line 0. Where arithmetic wraps, nothing fails.
    #[cfg(debug_assertions)]
    #[test]
    fn a_run_that_cannot_be_described_is_answered_all_the_same() {
        let position = Some(Position { line: 0, column: 0 });
        check(
            RunError::Thrown(Thrown { position, ..Thrown::default() }),
            concat!(
                r#"{"kind":"internal","message":"the kernel failed to describe this run","#,
                r#""hint":"this is a bug in the kernel; `effects` tells what the snippet has done"}"#
            ),
        );
    }

    #[test]
    fn a_request_that_is_lost_is_answered_all_the_same() {
        let (sender, answers) = std::sync::mpsc::channel();
        let respond: Respond = Box::new(move |answer| {
            sender.send(answer).unwrap();
            None
        });
        let duty = Arc::new(Mutex::new(Some((respond, Some(Id::text("a"))))));
        let metrics = Arc::new(Metrics::new(&KINDS, vec!["default".to_owned()]));
        drop(Pending { preset: 0, duty, metrics, snippets: Snippets::Private });
        let answer = answers.recv().unwrap();
        assert_eq!(answer.id, Some(Id::text("a")));
        assert_eq!(answer.outcome.unwrap_err().message, "the worker of this request died");
    }

    #[test]
    fn a_stopped_run_says_who_stopped_it() {
        check(RunError::Cancelled, r#"{"kind":"cancelled","message":"cancelled by the client"}"#);
        check(
            RunError::ShuttingDown,
            concat!(
                r#"{"kind":"shutting_down","message":"the kernel is shutting down","#,
                r#""hint":"try again with the next kernel"}"#
            ),
        );
    }
}
