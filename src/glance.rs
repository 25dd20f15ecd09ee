//! A kernel at a glance: what `run-code --stats` and `run-code --doctor` print.
//!
//! Makes text of what was found out. Asking kernels and looking at files is for
//! the program to do.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    endpoint::Endpoint,
    protocol::{self, Surroundings},
};

/// One screen about a kernel, made of its answer to `stats`.
pub fn stats(endpoint: &Endpoint, stats: &Value) -> String {
    let number = |name: &str| grouped(stats[name].as_u64().unwrap_or_default());
    let mut res = format!(
        "llm-kernel {} on {endpoint}, up {}\n\n",
        stats["version"].as_str().unwrap_or("?"),
        duration(stats["uptimeMs"].as_u64().unwrap_or_default())
    );
    let mut row = |name: &str, text: &str| {
        let _ = writeln!(res, "{name:<11}{text}");
    };
    row(
        "workers",
        &format!(
            "{}; {} running, {} of them suspended, {} queued",
            number("workers"),
            number("running"),
            number("suspended"),
            number("queued")
        ),
    );
    row(
        "clients",
        &format!("{} connected, {} lines read", number("connections"), number("requests")),
    );
    let answers: Vec<String> = stats["answers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(kind, n)| format!("{kind} {}", grouped(n.as_u64().unwrap_or_default())))
        .collect();
    row("answers", &answers.join(", "));
    if let Some(n_bytes) = stats["residentBytes"].as_u64() {
        row("memory", &format!("{} MiB resident", grouped(n_bytes >> 20)));
    }
    row("lock-down", &lockdown(&stats["lockdown"]).1);
    if let Some(n @ 1..) = stats["lostLogLines"].as_u64() {
        row("logs", &format!("{} lines lost: stderr does not take them", grouped(n)));
    }
    let _ = writeln!(
        res,
        "\n{:<11}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "ms", "count", "p50", "p90", "p99", "max"
    );
    for (name, label) in LATENCIES {
        let latency = &stats["latencyMs"][name];
        let _ = write!(
            res,
            "{label:<11}{:>10}",
            grouped(latency["count"].as_u64().unwrap_or_default())
        );
        for column in ["p50", "p90", "p99", "max"] {
            let _ = write!(res, "{:>10.3}", latency[column].as_f64().unwrap_or_default());
        }
        res.push('\n');
    }
    res
}

/// Rows of the table, in the order in which a request meets them.
const LATENCIES: [(&str, &str); 6] = [
    ("queue", "queue"),
    ("transpile", "transpile"),
    ("run", "run"),
    ("roundTrip", "round trip"),
    ("rollback", "rollback"),
    ("killOverrun", "overrun"),
];

/// What was found out about a machine, for [`doctor`].
#[derive(Debug)]
pub struct Findings {
    pub endpoint: Endpoint,
    pub naming: Naming,
    /// Its answers to `ping` and `stats`; or why there are none.
    pub kernel: Result<Kernel, String>,
    /// Of a Unix socket.
    pub socket: Option<SocketFile>,
    /// Of the kernel, or of run-code where it runs snippets itself.
    pub surroundings: Surroundings,
    /// How a small snippet fared.
    pub snippet: Result<Snippet, String>,
}

/// Whether somebody has said where the kernel is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Naming {
    /// By flag or variable: then it must be there.
    Named,
    Default,
}

#[derive(Debug)]
pub struct Kernel {
    pub version: String,
    /// Its `stats`.
    pub stats: Value,
}

#[derive(Clone, Copy, Debug)]
pub struct SocketFile {
    pub mode: u32,
    pub is_ours: bool,
}

#[derive(Debug)]
pub struct Snippet {
    pub time_zone: String,
    pub took_ms: f64,
}

/// What a line of [`doctor`] says about its subject.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Health {
    Ok,
    /// Works, but somebody may want it otherwise.
    Note,
    Bad,
}

/// One line a subject, each with what to do; and the worst of them.
pub fn doctor(findings: &Findings) -> (String, Health) {
    let Findings { endpoint, naming, kernel, socket, surroundings, snippet } = findings;
    let own_version = env!("CARGO_PKG_VERSION");
    let mut lines = Vec::new();
    let mut line = |health: Health, subject: &'static str, text: String| {
        lines.push((health, subject, text));
    };
    match (kernel, naming) {
        (Ok(kernel), _) => {
            let up = duration(kernel.stats["uptimeMs"].as_u64().unwrap_or_default());
            line(Health::Ok, "kernel", format!("answers on {endpoint}, up {up}"));
            if kernel.version == own_version {
                line(Health::Ok, "version", format!("{own_version}, as run-code"));
            } else {
                let theirs = &kernel.version;
                line(
                    Health::Bad,
                    "version",
                    format!("{theirs}, run-code is {own_version}; restart the kernel"),
                );
            }
        }
        (Err(err), Naming::Named) => line(Health::Bad, "kernel", err.clone()),
        (Err(err), Naming::Default) => {
            line(Health::Note, "kernel", format!("{err}; until then run-code runs snippets itself"))
        }
    }
    match socket {
        None => {}
        Some(SocketFile { is_ours: false, .. }) => line(
            Health::Bad,
            "socket",
            format!("{endpoint} is another user's; name your own with LLM_KERNEL_SOCKET"),
        ),
        Some(SocketFile { mode, .. }) if mode & 0o077 != 0 => line(
            Health::Bad,
            "socket",
            format!("mode {mode:04o} lets others connect; chmod 600 it"),
        ),
        Some(SocketFile { mode, .. }) => {
            line(Health::Ok, "socket", format!("mode {mode:04o}, yours alone"));
        }
    }
    match snippet {
        Ok(Snippet { time_zone, took_ms }) => {
            line(Health::Ok, "snippets", format!("run; one took {took_ms:.3} ms"));
            line(
                Health::Ok,
                "time zone",
                format!("{time_zone}; TZ, set where the kernel starts, changes it"),
            );
        }
        Err(err) => line(Health::Bad, "snippets", err.clone()),
    }
    match (&surroundings.credentials, &surroundings.no_credentials) {
        (Some(source), _) => line(
            Health::Ok,
            "credentials",
            format!("from {source}; they sign requests and never enter a snippet"),
        ),
        (None, Some(reason)) => line(Health::Note, "credentials", reason.clone()),
        (None, None) => {}
    }
    match &surroundings.region {
        Some(region) => {
            line(Health::Ok, "region", format!("{region}; AWS_REGION changes it"));
        }
        None => line(
            Health::Note,
            "region",
            "none; set AWS_REGION or the region of the profile, or pass `region` to S3Client"
                .to_owned(),
        ),
    }
    if let Some(s3) = &surroundings.endpoint {
        line(Health::Ok, "endpoint", format!("{s3} instead of AWS; AWS_ENDPOINT_URL_S3 sets it"));
    }
    let rules = &surroundings.allow_net;
    line(
        Health::Ok,
        "network",
        match rules.is_empty() {
            true => "S3 and nothing else; `--allow-net <host>` of the kernel opens more".to_owned(),
            false => format!("S3 and {}; `--allow-net` of the kernel says so", rules.join(", ")),
        },
    );
    if let Ok(kernel) = kernel {
        let (health, text) = lockdown(&kernel.stats["lockdown"]);
        line(health, "lock-down", text);
    }
    let worst = lines.iter().map(|(health, ..)| *health).max().unwrap_or(Health::Ok);
    let text = lines
        .into_iter()
        .map(|(health, subject, text)| format!("{:<6}{subject:<13}{text}\n", health.word()))
        .collect();
    (text, worst)
}

impl Health {
    fn word(self) -> &'static str {
        match self {
            Health::Ok => "ok",
            Health::Note => "note",
            Health::Bad => "bad",
        }
    }
}

/// What the system keeps the kernel from doing.
fn lockdown(report: &Value) -> (Health, String) {
    let Some(parts) = report.as_object() else {
        return (Health::Note, "none; this kernel does not give rights up".to_owned());
    };
    let levels: Vec<(&str, &str)> =
        parts.iter().filter_map(|(name, level)| Some((&**name, level.as_str()?))).collect();
    let words: Vec<String> = levels.iter().map(|(name, level)| format!("{name} {level}")).collect();
    let exceptions: Vec<&str> = parts
        .get("exceptions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut text = words.join(", ");
    if !exceptions.is_empty() {
        text.push_str(&format!("; not of the {}", exceptions.join(", ")));
    }
    match levels.iter().all(|(_, level)| *level == "full") {
        true => (Health::Ok, text),
        false => (
            Health::Note,
            format!("{text}; a newer Linux enforces all, a container may forbid some"),
        ),
    }
}

/// 1,234,567.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut res = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            res.push(',');
        }
        res.push(digit);
    }
    res
}

fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, min, _) => format!("{min} min"),
        (0, h, min, _) => format!("{h} h {min} min"),
        (days, h, ..) => format!("{days} d {h} h"),
    }
}

/// The snippet that [`doctor`] tries: the time zone as snippets see it.
pub const SNIPPET: &str = "const offset = -new Date().getTimezoneOffset();
const two = (n) => String(n).padStart(2, '0');
const [sign, abs] = [offset < 0 ? '-' : '+', Math.abs(offset)];
const utc = `UTC${sign}${two(Math.floor(abs / 60))}:${two(abs % 60)}`;
const zone = globalThis.Intl?.DateTimeFormat?.().resolvedOptions().timeZone;
return zone ? `${zone}, ${utc}` : utc;";

impl Snippet {
    /// What came of [`SNIPPET`].
    pub fn of(answer: &protocol::Answer) -> Result<Snippet, String> {
        match &answer.outcome {
            Ok(json) => Ok(Snippet {
                time_zone: json.trim_matches('"').to_owned(),
                took_ms: answer.usage.run_ms,
            }),
            Err(failure) => Err(format!("fail: {}", failure.message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn endpoint() -> Endpoint {
        "/tmp/k".parse().unwrap()
    }

    #[test]
    fn stats_fit_one_screen() {
        let latency = json!({"count": 1204, "p50": 0.05, "p90": 0.1, "p99": 1.5, "max": 1234.5});
        let found = json!({
            "version": "0.1.0", "uptimeMs": 11_520_000, "connections": 3, "requests": 12345,
            "workers": 2, "queued": 0, "running": 5, "suspended": 4,
            "answers": { "ok": 1200, "timeout": 4 }, "latencyMs": { "queue": latency },
            "residentBytes": 88_080_384, "lostLogLines": 7,
            "lockdown": { "landlock": "full", "seccomp": "no" },
        });
        let expected = "\
llm-kernel 0.1.0 on /tmp/k, up 3 h 12 min

workers    2; 5 running, 4 of them suspended, 0 queued
clients    3 connected, 12,345 lines read
answers    ok 1,200, timeout 4
memory     84 MiB resident
lock-down  landlock full, seccomp no; a newer Linux enforces all, a container may forbid some
logs       7 lines lost: stderr does not take them

ms              count       p50       p90       p99       max
queue           1,204     0.050     0.100     1.500  1234.500
transpile           0     0.000     0.000     0.000     0.000
run                 0     0.000     0.000     0.000     0.000
round trip          0     0.000     0.000     0.000     0.000
rollback            0     0.000     0.000     0.000     0.000
overrun             0     0.000     0.000     0.000     0.000
";
        assert_eq!(stats(&endpoint(), &found), expected);
    }

    #[test]
    fn every_line_of_the_doctor_says_what_to_do() {
        let well = Findings {
            endpoint: endpoint(),
            naming: Naming::Default,
            kernel: Ok(Kernel {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                stats: json!({
                    "uptimeMs": 61_000, "lockdown": {
                        "landlock": "full", "seccomp": "full", "exceptions": ["credential broker"],
                    },
                }),
            }),
            socket: Some(SocketFile { mode: 0o600, is_ours: true }),
            surroundings: Surroundings {
                credentials: Some("SSO session".to_owned()),
                region: Some("eu-west-1".to_owned()),
                ..Surroundings::default()
            },
            snippet: Ok(Snippet { time_zone: "Europe/Berlin, UTC+01:00".to_owned(), took_ms: 0.1 }),
        };
        let expected = "\
ok    kernel       answers on /tmp/k, up 1 min
ok    version      0.1.0, as run-code
ok    socket       mode 0600, yours alone
ok    snippets     run; one took 0.100 ms
ok    time zone    Europe/Berlin, UTC+01:00; TZ, set where the kernel starts, changes it
ok    credentials  from SSO session; they sign requests and never enter a snippet
ok    region       eu-west-1; AWS_REGION changes it
ok    network      S3 and nothing else; `--allow-net <host>` of the kernel opens more
ok    lock-down    landlock full, seccomp full; not of the credential broker
";
        assert_eq!(doctor(&well), (expected.to_owned(), Health::Ok));

        let ill = Findings {
            kernel: Ok(Kernel { version: "0.0.9".to_owned(), stats: json!({}) }),
            socket: Some(SocketFile { mode: 0o666, is_ours: true }),
            surroundings: Surroundings {
                no_credentials: Some("none were configured".to_owned()),
                endpoint: Some("http://127.0.0.1:9000".to_owned()),
                allow_net: vec!["a.example".to_owned(), "*.b.example:443".to_owned()],
                ..Surroundings::default()
            },
            snippet: Err("fail: the heap is gone".to_owned()),
            ..well
        };
        let expected = "\
ok    kernel       answers on /tmp/k, up 0 s
bad   version      0.0.9, run-code is 0.1.0; restart the kernel
bad   socket       mode 0666 lets others connect; chmod 600 it
bad   snippets     fail: the heap is gone
note  credentials  none were configured
note  region       none; set AWS_REGION or the region of the profile, or pass `region` to S3Client
ok    endpoint     http://127.0.0.1:9000 instead of AWS; AWS_ENDPOINT_URL_S3 sets it
ok    network      S3 and a.example, *.b.example:443; `--allow-net` of the kernel says so
note  lock-down    none; this kernel does not give rights up
";
        assert_eq!(doctor(&ill), (expected.to_owned(), Health::Bad));
    }
}
