//! Logs and metrics: what the kernel says about itself.
//!
//! The only place that names log fields and metrics. Everything here is told what
//! happened and decides nothing. Words of clients and snippets (source, input,
//! result, console) are logged only where [`Snippets::Logged`] was asked for;
//! credentials and tokens never come here at all.

mod histogram;
pub mod log;
mod metrics;

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracing::{debug, error, info, warn};

pub use self::{
    histogram::Percentiles,
    log::lost_lines,
    metrics::{CallRow, Gauges, Metrics, resident_bytes},
};

/// Of every event; what libraries log under other names is not ours to show.
const TARGET: &str = "llm_kernel";
/// So much of a request's id, and so much of a text, is logged.
const MAX_ID_CHARS: usize = 64;
const MAX_TEXT_BYTES: usize = 16 << 10;

/// A family of host operations, as metrics and logs name it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    Console,
    Clock,
    Random,
    Timer,
    Text,
    Url,
    Intl,
    Flate,
    Crypto,
    Http,
    Aws,
    Other,
}

impl Family {
    pub const ALL: [Family; 12] = [
        Family::Console,
        Family::Clock,
        Family::Random,
        Family::Timer,
        Family::Text,
        Family::Url,
        Family::Intl,
        Family::Flate,
        Family::Crypto,
        Family::Http,
        Family::Aws,
        Family::Other,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Family::Console => "console",
            Family::Clock => "clock",
            Family::Random => "random",
            Family::Timer => "timer",
            Family::Text => "text",
            Family::Url => "url",
            Family::Intl => "intl",
            Family::Flate => "flate",
            Family::Crypto => "crypto",
            Family::Http => "http",
            Family::Aws => "aws",
            Family::Other => "other",
        }
    }
}

/// Whether what snippets are and say may be logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Snippets {
    Private,
    /// Asked for by name, with `--log-snippets`.
    Logged,
}

/// How a run was stopped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stopped {
    Ask,
    Kill,
    KillAtDoor,
}

impl Stopped {
    pub(crate) const ALL: [Stopped; 3] = [Stopped::Ask, Stopped::Kill, Stopped::KillAtDoor];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Stopped::Ask => "ask",
            Stopped::Kill => "kill",
            Stopped::KillAtDoor => "kill_at_door",
        }
    }
}

/// Which way a line went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Direction {
    In,
    Out,
}

impl Direction {
    const ALL: [Direction; 2] = [Direction::In, Direction::Out];

    fn as_str(self) -> &'static str {
        match self {
            Direction::In => "in",
            Direction::Out => "out",
        }
    }
}

/// Why a client was sent away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Peer {
    /// Another user's process.
    Stranger,
    /// One connection too many.
    TooMany,
    /// No token, or a wrong one.
    NoToken,
    /// It opened with something that is not our protocol.
    NotJson,
}

impl Peer {
    const ALL: [Peer; 4] = [Peer::Stranger, Peer::TooMany, Peer::NoToken, Peer::NotJson];

    fn as_str(self) -> &'static str {
        match self {
            Peer::Stranger => "stranger",
            Peer::TooMany => "too_many",
            Peer::NoToken => "no_token",
            Peer::NotJson => "not_json",
        }
    }
}

/// One run, from the arrival of its request to its isolate being pristine again.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// As the client wrote it.
    pub id: Option<String>,
    /// Index of the preset, and of the kind of answer, in the lists that
    /// [`Metrics::new`] got.
    pub preset: usize,
    pub kind: usize,
    pub worker_idx: Option<usize>,
    pub queue: Duration,
    /// What did not happen took no time, which is not the same as 0.
    pub transpile: Option<Duration>,
    pub run: Option<Duration>,
    /// For timers and calls.
    pub wait: Option<Duration>,
    pub cpu: Duration,
    pub rollback: Option<Duration>,
    pub pages_copied: usize,
    /// The isolate was not rolled back but built anew.
    pub rebuilt: bool,
    pub heap_bytes: usize,
    /// By family, in the order of [`Family::ALL`].
    pub ops: [u32; Family::ALL.len()],
    pub stopped: Option<Stopped>,
    /// From the deadline to the end of a run that it stopped.
    pub kill_overrun: Option<Duration>,
}

impl Metrics {
    /// Counts and logs the end of a run. Belongs after the answer and the
    /// rollback: nobody waits for it.
    pub fn run_over(&self, run: &Run) {
        self.rolled_back(run);
        let ops = run.ops.map(|n| (n > 0).then_some(n));
        let [console, clock, random, timer, text, url, intl, flate, crypto, http, aws, other] = ops;
        info!(
            target: TARGET,
            id = run.id.as_deref().map(shown_id),
            preset = self.preset(run.preset),
            kind = self.kind(run.kind),
            worker = run.worker_idx,
            queue_ms = ms(run.queue),
            transpile_ms = run.transpile.map(ms),
            run_ms = run.run.map(ms),
            wait_ms = run.wait.map(ms),
            cpu_ms = ms(run.cpu),
            rollback_ms = run.rollback.map(ms),
            pages_copied = run.pages_copied,
            rebuilt = run.rebuilt.then_some(true),
            heap_bytes = run.heap_bytes,
            ring = run.stopped.map(Stopped::as_str),
            kill_overrun_ms = run.kill_overrun.map(ms),
            ops.console = console,
            ops.clock = clock,
            ops.random = random,
            ops.timer = timer,
            ops.text = text,
            ops.url = url,
            ops.intl = intl,
            ops.flate = flate,
            ops.crypto = crypto,
            ops.http = http,
            ops.aws = aws,
            ops.other = other,
            "run"
        );
    }

    /// Counts and logs a client that was sent away.
    pub fn peer_refused(&self, peer: Peer) {
        if let Some(peers) = self.refused_peer(peer) {
            warn!(target: TARGET, reason = peer.as_str(), peers, "refused peer");
        }
    }

    /// Counts and logs a request that nobody had room for.
    pub fn overloaded(&self, preset: usize, kind: usize) {
        if let Some(requests) = self.overload.event() {
            warn!(target: TARGET, requests, "overload");
        }
        self.refused(preset, kind);
    }
}

/// Lets one event a second be told, and counts the rest into the next: what
/// strangers can cause must not fill a disk.
#[derive(Debug, Default)]
struct Throttle(Mutex<Untold>);

#[derive(Debug, Default)]
struct Untold {
    n: u64,
    told: Option<Instant>,
}

impl Throttle {
    /// How many events are to be told now.
    fn event(&self) -> Option<u64> {
        let mut untold = self.0.lock();
        untold.n += 1;
        let is_due = untold.told.is_none_or(|it| it.elapsed() >= Duration::from_secs(1));
        is_due.then(|| {
            untold.told = Some(Instant::now());
            std::mem::take(&mut untold.n)
        })
    }
}

pub(crate) fn kernel_started(endpoint: &str, metrics: Option<&str>) {
    let version = env!("CARGO_PKG_VERSION");
    info!(target: TARGET, version, endpoint, metrics, pid = std::process::id(), "start");
}

pub(crate) fn kernel_stopping(grace: Duration) {
    info!(target: TARGET, grace_ms = ms(grace), "stopping");
}

pub(crate) fn kernel_stopped(requests: u64, uptime: Duration) {
    info!(target: TARGET, requests, uptime_ms = ms(uptime), "stop");
}

pub(crate) fn worker_born(worker_idx: usize, took: Duration) {
    info!(target: TARGET, worker = worker_idx, build_ms = ms(took), "worker born");
}

pub(crate) fn worker_retired(worker_idx: usize) {
    info!(target: TARGET, worker = worker_idx, "worker retired");
}

/// Its isolate was built anew, or could not be (`error`).
pub(crate) fn worker_rebuilt(worker_idx: usize, took: Duration, error: Option<&str>) {
    match error {
        None => warn!(target: TARGET, worker = worker_idx, build_ms = ms(took), "worker rebuilt"),
        Some(error) => error!(target: TARGET, worker = worker_idx, error, "worker not rebuilt"),
    }
}

/// An isolate was built for a run that found none, or could not be (`error`).
pub(crate) fn isolate_built(worker: usize, preset: &str, took: Duration, error: Option<&str>) {
    match error {
        None => info!(target: TARGET, worker, preset, build_ms = ms(took), "isolate built"),
        Some(error) => error!(target: TARGET, worker, preset, error, "isolate not built"),
    }
}

/// Nobody has used it for long.
pub(crate) fn isolate_retired(worker: usize, preset: &str) {
    info!(target: TARGET, worker, preset, "isolate retired");
}

pub(crate) fn connected(n_connections: usize) {
    debug!(target: TARGET, connections = n_connections, "connection");
}

/// What a snippet is and is given. Only for [`Snippets::Logged`].
pub(crate) fn snippet(id: Option<&str>, code: &str, input: &str) {
    let (code, input) = (clip(code), clip(input));
    info!(target: TARGET, id = id.map(shown_id), code, input, "snippet");
}

/// What a snippet has answered and printed. Only for [`Snippets::Logged`].
pub(crate) fn snippet_answer(id: Option<&str>, answer: &str) {
    info!(target: TARGET, id = id.map(shown_id), answer = clip(answer), "snippet answer");
}

fn panicked(thread: Option<&str>, place: Option<&str>) {
    error!(target: TARGET, thread, place, "panic");
}

/// The listener of the metrics cannot take a connection.
pub(crate) fn scrape_failed(error: &str) {
    warn!(target: TARGET, error, "metrics listener");
}

/// An id is JSON text, a string or a number; without its quotes it reads better.
fn shown_id(id: &str) -> &str {
    let id = id.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(id);
    id.char_indices().nth(MAX_ID_CHARS).map_or(id, |(end, _)| &id[..end])
}

fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

/// Milliseconds with a resolution of 1 µs.
fn ms(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_a_second_is_told_and_the_rest_is_counted() {
        let throttle = Throttle::default();
        assert_eq!([throttle.event(), throttle.event(), throttle.event()], [Some(1), None, None]);
        throttle.0.lock().told = Instant::now().checked_sub(Duration::from_secs(2));
        assert_eq!(throttle.event(), Some(3));
    }

    #[test]
    fn ids_and_texts_are_logged_up_to_a_length() {
        assert_eq!(
            (shown_id(r#""a b""#), shown_id("-1.5"), shown_id(r#"""#)),
            ("a b", "-1.5", "\"")
        );
        assert_eq!(shown_id(&"é".repeat(1_000)), "é".repeat(MAX_ID_CHARS));
        assert_eq!(clip(&format!("x{}", "é".repeat(10_000))).len(), MAX_TEXT_BYTES - 1);
        assert_eq!(clip("short"), "short");
    }

    #[test]
    fn calls_are_counted_by_what_is_known() {
        let rows = |operation| {
            let row = CallRow::new(operation);
            (row, row.answered(204), row.answered(99))
        };
        let (unknown, answered, strange) = rows(Some("Formerly Unheard Of"));
        assert_eq!((unknown, strange), (CallRow::new(Some("other")), unknown));
        let metrics = Metrics::new(&["ok"], vec!["default".to_owned()]);
        metrics.called(answered, 2);
        metrics.called(CallRow::new(None), 3);
        let text = metrics.text(&Gauges::default());
        for row in [
            r#"llm_kernel_s3_calls_total{operation="other",status="2xx"} 2"#,
            r#"llm_kernel_fetches_total{status="none"} 3"#,
        ] {
            assert!(text.lines().any(|it| it == row), "{row} in\n{text}");
        }
    }
}
