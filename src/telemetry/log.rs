//! Log lines: JSON or a human format on stderr.
//!
//! A line is made where its event happens and written by a thread of its own; what
//! stderr cannot take is dropped and counted. Only events of this crate are
//! written: libraries below have no say over what appears there. Spans are not: a
//! run is one event, told when all of it is known.

mod queue;

use std::{
    cell::RefCell,
    fmt,
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    panic,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use self::queue::Queue;
use super::TARGET;

/// What is logged, and how.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Config {
    pub format: Format,
    pub level: Level,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// One object a line.
    Json,
    /// For people.
    Pretty,
}

/// From what importance on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    Off,
    Error,
    Warn,
    Info,
    Debug,
}

/// Lines that were dropped; there is one stderr in a process.
static LOST: AtomicU64 = AtomicU64::new(0);

/// Lines that were dropped.
pub fn lost_lines() -> u64 {
    LOST.load(Relaxed)
}

/// Writes what is left when it is dropped, unless stderr takes too long.
#[derive(Debug)]
pub struct Logs {
    queue: Arc<Queue>,
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// This process's stderr under a descriptor of its own: whoever holds std's lock
/// on it must not wait for a terminal that is stopped.
pub fn stderr() -> io::Result<File> {
    Ok(File::from(io::stderr().as_fd().try_clone_to_owned()?))
}

/// Logs of this process go there from now on. To be called once.
pub fn install(config: Config, target: impl Write + Send + 'static) -> io::Result<Logs> {
    let (lines, logs) = lines(config, target)?;
    tracing::subscriber::set_global_default(lines).map_err(io::Error::other)?;
    panic::set_hook(Box::new(|info| {
        // Not the message: it may quote what a snippet is made of.
        let place = info.location().map(|it| format!("{}:{}", it.file(), it.line()));
        super::panicked(thread::current().name(), place.as_deref());
    }));
    Ok(logs)
}

/// What makes lines of events, and the thread that writes them.
pub fn lines(
    config: Config,
    target: impl Write + Send + 'static,
) -> io::Result<(impl Subscriber + Send + Sync + 'static, Logs)> {
    let queue = Arc::new(Queue::default());
    let theirs = Arc::clone(&queue);
    thread::Builder::new().name("log".to_owned()).spawn(move || theirs.write_to(target))?;
    let level = match config.level {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    Ok((Lines { format: config.format, level, queue: Arc::clone(&queue) }, Logs { queue }))
}

struct Lines {
    format: Format,
    level: LevelFilter,
    queue: Arc<Queue>,
}

thread_local! {
    /// The line that is being made; its memory serves the next one.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == TARGET && *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            self.format.line(line, event);
            self.queue.push(line);
        });
    }

    fn new_span(&self, _attributes: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _span: &span::Id, _values: &span::Record<'_>) {}

    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}

    fn enter(&self, _span: &span::Id) {}

    fn exit(&self, _span: &span::Id) {}
}

impl Format {
    /// Nothing here fails: a vector takes every byte.
    fn line(self, line: &mut Vec<u8>, event: &Event<'_>) {
        let now = Timestamp::now();
        let level = event.metadata().level();
        let _ = match self {
            Format::Json => write!(line, r#"{{"timestamp":"{now:.6}","level":"{level}""#),
            Format::Pretty => write!(line, "{now:.6} {level:>5}"),
        };
        event.record(&mut Fields { line, format: self });
        line.extend_from_slice(match self {
            Format::Json => b"}\n",
            Format::Pretty => b"\n",
        });
    }
}

/// Appends the fields of an event to its line.
struct Fields<'a> {
    line: &'a mut Vec<u8>,
    format: Format,
}

impl Fields<'_> {
    fn name(&mut self, name: &str) {
        let (before, after): (&[u8], &[u8]) = match self.format {
            Format::Json => (b",\"", b"\":"),
            Format::Pretty => (b" ", b"="),
        };
        self.line.extend_from_slice(before);
        self.line.extend_from_slice(name.as_bytes());
        self.line.extend_from_slice(after);
    }

    /// Numbers, words that need no quotes in either format, and JSON.
    fn json(&mut self, field: &Field, value: impl Serialize) {
        self.name(field.name());
        let _ = serde_json::to_writer(&mut *self.line, &value);
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.json(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.json(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.json(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.json(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match self.format {
            Format::Json => self.json(field, value),
            Format::Pretty => self.record_debug(field, &value),
        }
    }

    /// The message, too, comes this way.
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match (self.format, field.name()) {
            (Format::Json, _) => self.json(field, Text(value)),
            (Format::Pretty, "message") => drop(write!(self.line, " {value:?}")),
            (Format::Pretty, name) => {
                self.name(name);
                let _ = write!(self.line, "{value:?}");
            }
        }
    }
}

/// As a string.
struct Text<'a>(&'a dyn fmt::Debug);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:?}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use tracing::{debug, info, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written while `tell` goes on, without the times.
    fn written(format: Format, tell: impl FnOnce()) -> String {
        let target = Shared::default();
        let config = Config { format, level: Level::Info };
        let (lines, logs) = lines(config, target.clone()).unwrap();
        tracing::subscriber::with_default(lines, tell);
        drop(logs);
        let text = String::from_utf8(target.0.lock().clone()).unwrap();
        let mut res = String::new();
        for line in text.lines() {
            let at = line.find("20").unwrap();
            let (time, rest) = line[at..].split_at("2026-01-02T03:04:05.678901Z".len());
            time.parse::<Timestamp>().unwrap();
            res.push_str(&format!("{}…{rest}\n", &line[..at]));
        }
        res
    }

    fn tell() {
        let (there, missing) = (Some("a \"b\"\n\u{1b}[2J é"), None::<u32>);
        info!(target: TARGET, there, missing, n = 7_u32, below = -1_i64, ms = 1.5, "run");
        warn!(target: TARGET, yes = true, "a \"word\"");
        debug!(target: TARGET, "below the level");
        info!(target: "hyper", "somebody else's");
        let _span = tracing::info_span!(target: TARGET, "not an event").entered();
    }

    #[test]
    fn an_event_is_a_line_of_json() {
        assert_eq!(
            written(Format::Json, tell),
            concat!(
                r#"{"timestamp":"…","level":"INFO","message":"run","there":"a \"b\"\n\u001b[2J é","n":7,"#,
                r#""below":-1,"ms":1.5}"#,
                "\n",
                r#"{"timestamp":"…","level":"WARN","message":"a \"word\"","yes":true}"#,
                "\n"
            )
        );
    }

    #[test]
    fn an_event_is_a_line_for_people() {
        assert_eq!(
            written(Format::Pretty, tell),
            concat!(
                r#"…  INFO run there="a \"b\"\n\u{1b}[2J é" n=7 below=-1 ms=1.5"#,
                "\n",
                "…  WARN a \"word\" yes=true\n"
            )
        );
    }
}
