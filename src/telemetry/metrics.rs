//! Counters, gauges and histograms, and their text for Prometheus.
//!
//! Recording is a handful of atomic additions. Labels come from lists that are
//! closed when the kernel starts; no text of a client or a snippet ever becomes
//! one, so that nobody can make the kernel remember more than it does now.

use std::{
    fmt::{self, Write as _},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{
    Direction, Family, Peer, Percentiles, Run, Stopped, Throttle, histogram::Histogram, log,
};

/// Status classes of what a run asked for outside.
const STATUS_CLASSES: [&str; 5] = ["2xx", "3xx", "4xx", "5xx", "none"];
/// The last one stands for every other.
const S3_OPERATIONS: [&str; 33] = [
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateBucket",
    "CreateMultipartUpload",
    "DeleteBucket",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "GetBucketLocation",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetObject",
    "GetObjectAttributes",
    "GetObjectTagging",
    "HeadBucket",
    "HeadObject",
    "ListBuckets",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
    "ListParts",
    "PutBucketPolicy",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutObject",
    "PutObjectTagging",
    "RestoreObject",
    "SelectObjectContent",
    "UploadPart",
    "UploadPartCopy",
    "other",
];

/// What is measured all the time.
#[derive(Debug)]
pub struct Metrics {
    started: Instant,
    started_at: SystemTime,
    /// The word of each kind of answer; the first means success.
    kinds: &'static [&'static str],
    presets: Vec<String>,
    /// By preset, then by kind.
    runs: Vec<Vec<AtomicU64>>,
    stopped: [AtomicU64; Stopped::ALL.len()],
    rebuilt: AtomicU64,
    requests: AtomicU64,
    refused_peers: [AtomicU64; Peer::ALL.len()],
    refused_peers_told: [Throttle; Peer::ALL.len()],
    pub(super) overload: Throttle,
    bytes: [AtomicU64; Direction::ALL.len()],
    ops: [AtomicU64; Family::ALL.len()],
    /// The last row is that of `fetch`.
    calls: [[AtomicU64; STATUS_CLASSES.len()]; S3_OPERATIONS.len() + 1],
    queue: Histogram,
    transpile: Histogram,
    run: Histogram,
    rollback: Histogram,
    round_trip: Histogram,
    kill_overrun: Histogram,
}

/// What is only true at the instant of asking.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gauges {
    pub workers: usize,
    /// Runs that have begun and are not over, waiting ones included.
    pub running: usize,
    /// Those of them that wait outside of an isolate.
    pub suspended: usize,
    pub queued: usize,
    pub connections: usize,
    /// Requests and answers that clients hold.
    pub held_bytes: usize,
}

impl Metrics {
    /// `kinds` and `presets` are all there will ever be; the first kind means
    /// success.
    pub fn new(kinds: &'static [&'static str], presets: Vec<String>) -> Metrics {
        let counters = |n| (0..n).map(|_idx| AtomicU64::new(0)).collect();
        Metrics {
            started: Instant::now(),
            started_at: SystemTime::now(),
            kinds,
            runs: presets.iter().map(|_preset| counters(kinds.len())).collect(),
            presets,
            stopped: zeros(),
            rebuilt: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            refused_peers: zeros(),
            refused_peers_told: std::array::from_fn(|_peer| Throttle::default()),
            overload: Throttle::default(),
            bytes: zeros(),
            ops: zeros(),
            calls: std::array::from_fn(|_operation| zeros()),
            queue: Histogram::new(),
            transpile: Histogram::new(),
            run: Histogram::new(),
            rollback: Histogram::new(),
            round_trip: Histogram::new(),
            kill_overrun: Histogram::new(),
        }
    }

    /// A run is over. Belongs before the answer: who has that may ask for these.
    pub fn answered(&self, run: &Run) {
        add(&self.runs[run.preset][run.kind], 1);
        if let Some(stopped) = run.stopped {
            add(&self.stopped[stopped as usize], 1);
        }
        for (counter, n) in self.ops.iter().zip(run.ops) {
            if n > 0 {
                add(counter, n.into());
            }
        }
        for (duration, histogram) in [
            (Some(run.queue), &self.queue),
            (run.transpile, &self.transpile),
            (run.run, &self.run),
            (run.kill_overrun, &self.kill_overrun),
        ] {
            if let Some(duration) = duration {
                histogram.record(duration);
            }
        }
    }

    /// Its isolate is pristine again.
    pub(super) fn rolled_back(&self, run: &Run) {
        if run.rebuilt {
            add(&self.rebuilt, 1);
        }
        if let Some(took) = run.rollback {
            self.rollback.record(took);
        }
    }

    pub(super) fn preset(&self, idx: usize) -> &str {
        &self.presets[idx]
    }

    pub(super) fn kind(&self, idx: usize) -> &'static str {
        self.kinds[idx]
    }

    /// A request was answered without a run.
    pub fn refused(&self, preset: usize, kind: usize) {
        add(&self.runs[preset][kind], 1);
    }

    /// What a run asked for outside.
    pub fn called(&self, row: CallRow, n: u64) {
        add(&self.calls[row.operation][row.class], n);
    }

    /// A line came from a client.
    pub fn line_read(&self, n_bytes: usize) {
        add(&self.requests, 1);
        add(&self.bytes[Direction::In as usize], n_bytes as u64);
    }

    pub fn line_written(&self, n_bytes: usize) {
        add(&self.bytes[Direction::Out as usize], n_bytes as u64);
    }

    /// From the arrival of a request to its answer being handed to the socket.
    pub fn round_trip(&self, took: Duration) {
        self.round_trip.record(took);
    }

    /// How many are to be told now.
    pub(super) fn refused_peer(&self, peer: Peer) -> Option<u64> {
        add(&self.refused_peers[peer as usize], 1);
        self.refused_peers_told[peer as usize].event()
    }

    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    pub fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// How often each kind of answer was given, over all presets; only kinds that
    /// were.
    pub fn answers(&self) -> Vec<(&'static str, u64)> {
        let count =
            |kind: usize| self.runs.iter().map(|kinds| kinds[kind].load(Relaxed)).sum::<u64>();
        let all = self.kinds.iter().enumerate().map(|(idx, kind)| (*kind, count(idx)));
        // Success is always worth saying.
        all.enumerate().filter(|(idx, (_, n))| *idx == 0 || *n > 0).map(|(_, it)| it).collect()
    }

    /// By the names that answers and screens show.
    pub fn latencies(&self) -> [(&'static str, Percentiles); 6] {
        [
            ("queue", self.queue.percentiles()),
            ("transpile", self.transpile.percentiles()),
            ("run", self.run.percentiles()),
            ("rollback", self.rollback.percentiles()),
            ("roundTrip", self.round_trip.percentiles()),
            ("killOverrun", self.kill_overrun.percentiles()),
        ]
    }

    /// All of it, in the text format of Prometheus.
    pub fn text(&self, gauges: &Gauges) -> String {
        let mut page = Page { text: String::with_capacity(24 << 10), name: "" };
        page.family("llm_kernel_runs_total", "counter", "Requests answered, by kind of answer.");
        for (preset, kinds) in self.presets.iter().zip(&self.runs) {
            for (kind, n) in self.kinds.iter().zip(kinds) {
                page.count(&[("preset", preset), ("kind", kind)], n);
            }
        }
        page.family("llm_kernel_kills_total", "counter", "Runs stopped, by ring of cancellation.");
        for (stopped, n) in Stopped::ALL.iter().zip(&self.stopped) {
            page.count(&[("ring", stopped.as_str())], n);
        }
        page.family("llm_kernel_rebuilds_total", "counter", "Isolates built anew after a fault.");
        page.count(&[], &self.rebuilt);
        page.family("llm_kernel_lines_total", "counter", "Request lines read.");
        page.count(&[], &self.requests);
        page.family("llm_kernel_bytes_total", "counter", "Bytes of request and answer lines.");
        for (direction, n) in Direction::ALL.iter().zip(&self.bytes) {
            page.count(&[("direction", direction.as_str())], n);
        }
        page.family("llm_kernel_refused_peers_total", "counter", "Clients sent away.");
        for (peer, n) in Peer::ALL.iter().zip(&self.refused_peers) {
            page.count(&[("reason", peer.as_str())], n);
        }
        page.family("llm_kernel_ops_total", "counter", "Calls of the host, by family.");
        for (family, n) in Family::ALL.iter().zip(&self.ops) {
            page.count(&[("family", family.as_str())], n);
        }
        page.family("llm_kernel_s3_calls_total", "counter", "S3 requests sent for snippets.");
        for (operation, classes) in S3_OPERATIONS.iter().zip(&self.calls) {
            for (class, n) in STATUS_CLASSES.iter().zip(classes) {
                // 165 rows of zeros would bury the rest.
                if n.load(Relaxed) > 0 {
                    page.count(&[("operation", operation), ("status", class)], n);
                }
            }
        }
        page.family("llm_kernel_fetches_total", "counter", "HTTP requests sent for snippets.");
        for (class, n) in STATUS_CLASSES.iter().zip(&self.calls[S3_OPERATIONS.len()]) {
            page.count(&[("status", class)], n);
        }
        page.family("llm_kernel_lost_log_lines_total", "counter", "Log lines nobody could take.");
        page.value("", &[], log::lost_lines());

        page.family("llm_kernel_workers", "gauge", "Workers, by what they do.");
        let busy = gauges.running.saturating_sub(gauges.suspended).min(gauges.workers);
        page.value("", &[("state", "idle")], gauges.workers - busy);
        page.value("", &[("state", "running")], busy);
        for (name, help, n) in [
            (
                "llm_kernel_suspended_runs",
                "Runs that wait outside of an isolate.",
                gauges.suspended,
            ),
            ("llm_kernel_queued_runs", "Requests that wait for a worker.", gauges.queued),
            ("llm_kernel_connections", "Open connections.", gauges.connections),
            ("llm_kernel_held_bytes", "Requests and answers of all clients.", gauges.held_bytes),
        ] {
            page.family(name, "gauge", help);
            page.value("", &[], n);
        }
        if let Some(n_bytes) = resident_bytes() {
            page.family("process_resident_memory_bytes", "gauge", "Resident memory.");
            page.value("", &[], n_bytes);
        }
        let started_at = self.started_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        page.family("process_start_time_seconds", "gauge", "When the kernel started.");
        page.value("", &[], started_at.as_millis() as f64 / 1e3);

        for (name, help, histogram) in [
            ("llm_kernel_queue_seconds", "Wait for a worker.", &self.queue),
            ("llm_kernel_transpile_seconds", "Snippet to program.", &self.transpile),
            ("llm_kernel_run_seconds", "Execution.", &self.run),
            ("llm_kernel_rollback_seconds", "Making the isolate pristine.", &self.rollback),
            ("llm_kernel_round_trip_seconds", "Request line to answer line.", &self.round_trip),
            ("llm_kernel_kill_overrun_seconds", "Deadline to end of run.", &self.kill_overrun),
        ] {
            page.histogram(name, help, histogram);
        }
        page.text
    }
}

/// Where a request of a snippet is counted: by operation and class of status.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct CallRow {
    operation: usize,
    class: usize,
}

impl CallRow {
    /// Of a request of the S3 client, by the operation's name, or of `fetch`;
    /// not answered yet.
    pub fn new(operation: Option<&str>) -> CallRow {
        let operation = match operation {
            None => S3_OPERATIONS.len(),
            Some(name) => {
                S3_OPERATIONS.iter().position(|it| *it == name).unwrap_or(S3_OPERATIONS.len() - 1)
            }
        };
        CallRow { operation, class: STATUS_CLASSES.len() - 1 }
    }

    #[must_use]
    pub fn answered(self, status: u16) -> CallRow {
        match status {
            200..600 => CallRow { class: usize::from(status / 100) - 2, ..self },
            _ => self,
        }
    }
}

/// Bytes of this process in memory; `None` where the system does not say.
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

fn zeros<const N: usize>() -> [AtomicU64; N] {
    std::array::from_fn(|_idx| AtomicU64::new(0))
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Relaxed);
}

/// The text, as it grows. Label values are plain words: they need no escaping.
struct Page {
    text: String,
    /// Of the family that is being written.
    name: &'static str,
}

impl Page {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        self.name = name;
    }

    fn count(&mut self, labels: &[(&str, &str)], counter: &AtomicU64) {
        self.value("", labels, counter.load(Relaxed));
    }

    fn value(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl fmt::Display) {
        let _ = write!(self.text, "{}{suffix}", self.name);
        for (idx, (label, word)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{label}=\"{word}\"", if idx == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn histogram(&mut self, name: &'static str, help: &str, histogram: &Histogram) {
        self.family(name, "histogram", help);
        let (bounds, sum, count) = histogram.cumulative();
        for (bound, n) in bounds {
            self.value("_bucket", &[("le", &bound.to_string())], n);
        }
        self.value("_bucket", &[("le", "+Inf")], count);
        self.value("_sum", &[], sum);
        self.value("_count", &[], count);
    }
}
