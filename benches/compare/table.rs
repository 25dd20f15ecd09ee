//! What was measured, as text for people and as JSON for everything else.

use std::{fmt::Write as _, fs, thread, time::Duration};

use serde_json::{Value, json};

use crate::peers::version;

/// Sorted samples of one peer at one piece of work.
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn new(mut samples: Vec<Duration>) -> Samples {
        samples.sort();
        Samples(samples)
    }

    fn quantile(&self, q: f64) -> Duration {
        self.0[((self.0.len() - 1) as f64 * q) as usize]
    }
}

/// One piece of work; ours comes first.
struct Row {
    work: String,
    /// No samples: it never came back.
    peers: Vec<(String, Option<Samples>)>,
}

pub(crate) struct Table {
    pub(crate) machine: String,
    rows: Vec<Row>,
    rates: Vec<(String, f64)>,
    /// When, who, and how much.
    memory_kib: Vec<(String, String, u64)>,
}

impl Table {
    pub(crate) fn new() -> Table {
        Table { machine: machine(), rows: Vec::new(), rates: Vec::new(), memory_kib: Vec::new() }
    }

    pub(crate) fn add(&mut self, work: &str, peer: &str, samples: Samples) {
        self.row(work).peers.push((peer.to_owned(), Some(samples)));
    }

    pub(crate) fn never(&mut self, work: &str, peer: &str) {
        self.row(work).peers.push((peer.to_owned(), None));
    }

    pub(crate) fn rate(&mut self, peer: &str, per_second: f64) {
        self.rates.push((peer.to_owned(), per_second));
    }

    pub(crate) fn memory(&mut self, when: &str, peer: &str, kib: u64) {
        self.memory_kib.push((when.to_owned(), peer.to_owned(), kib));
    }

    fn row(&mut self, work: &str) -> &mut Row {
        if self.rows.last().is_none_or(|it| it.work != work) {
            self.rows.push(Row { work: work.to_owned(), peers: Vec::new() });
        }
        self.rows.last_mut().expect("just pushed")
    }

    pub(crate) fn to_text(&self) -> String {
        let mut res = String::new();
        for Row { work, peers } in &self.rows {
            let _ = writeln!(res, "\n{work}");
            let ours = peers[0].1.as_ref().map_or(f64::NAN, |it| it.quantile(0.5).as_secs_f64());
            for (peer, samples) in peers {
                let Some(samples) = samples else {
                    let _ = writeln!(res, "  {peer:<24} never");
                    continue;
                };
                let (p50, p99) = (samples.quantile(0.5), samples.quantile(0.99));
                let ratio = p50.as_secs_f64() / ours;
                let _ = writeln!(
                    res,
                    "  {peer:<24} p50 {p50:>12.1?}  p99 {p99:>12.1?}  {ratio:>7.2} × ours"
                );
            }
        }
        let _ = writeln!(res, "\n8 clients, greetings a second");
        for (peer, rate) in &self.rates {
            let _ = writeln!(res, "  {peer:<24} {rate:>10.0}");
        }
        let _ = writeln!(res, "\nmemory (Pss)");
        for (when, peer, kib) in &self.memory_kib {
            let _ = writeln!(res, "  {when:<28} {peer:<24} {:>8.1} MiB", *kib as f64 / 1024.0);
        }
        res
    }

    pub(crate) fn to_json(&self) -> Value {
        let micros = |it: Duration| (it.as_secs_f64() * 1e7).round() / 10.0;
        let peer = |(peer, samples): &(String, Option<Samples>)| match samples {
            Some(it) => json!({
                "peer": peer,
                "p50Us": micros(it.quantile(0.5)),
                "p99Us": micros(it.quantile(0.99)),
                "samples": it.0.len(),
            }),
            None => json!({ "peer": peer, "never": true }),
        };
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|Row { work, peers }| {
                json!({ "work": work, "peers": peers.iter().map(peer).collect::<Vec<_>>() })
            })
            .collect();
        let rates: Vec<Value> = self
            .rates
            .iter()
            .map(|(peer, rate)| json!({ "peer": peer, "perSecond": rate.round() }))
            .collect();
        let memory: Vec<Value> = self
            .memory_kib
            .iter()
            .map(|(when, peer, kib)| json!({ "when": when, "peer": peer, "pssKiB": kib }))
            .collect();
        json!({ "machine": self.machine, "rows": rows, "eightClients": rates, "memory": memory })
    }
}

/// Processor, versions and day.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let cpu = cpu.unwrap_or("unknown processor").trim_start_matches([' ', '\t', ':']).to_owned();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut res = format!("{cpu}, {cores} cores; llm-kernel {}", env!("CARGO_PKG_VERSION"));
    for program in ["node", "deno", "bun"] {
        if let Some(version) = version(program) {
            // Deno and Bun differ in whether they say who they are.
            let version = version.trim_start_matches(program).trim_start();
            let _ = write!(res, "; {program} {version}");
        }
    }
    let today = httpdate::fmt_http_date(std::time::SystemTime::now());
    let _ = write!(res, "; {}", &today[5..16]);
    res
}
