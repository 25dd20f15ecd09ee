//! Where log lines go: JSON or a human format on stderr, written by a thread of
//! their own.
//!
//! A line that stderr cannot take is dropped and counted; nobody ever waits for
//! one. Only events of this crate are written: libraries below have no say over
//! what appears there.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    panic,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt};

use super::TARGET;

/// Lines that may wait for stderr.
const QUEUE_LINES: usize = 8_192;

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

/// Lines that stderr has refused; there is one stderr in a process.
static REFUSED: AtomicU64 = AtomicU64::new(0);
/// Lines that found the queue full.
static OVERFLOWED: OnceLock<ErrorCounter> = OnceLock::new();

/// Lines that were dropped.
pub fn lost_lines() -> u64 {
    let overflowed = OVERFLOWED.get().map_or(0, ErrorCounter::dropped_lines);
    REFUSED.load(Relaxed) + overflowed as u64
}

/// Writes what is left when it is dropped, unless stderr takes too long.
#[derive(Debug)]
pub struct Logs {
    _writer: WorkerGuard,
}

/// This process's stderr under a descriptor of its own: whoever holds std's lock
/// on it must not wait for a terminal that is stopped.
pub fn stderr() -> io::Result<File> {
    Ok(File::from(io::stderr().as_fd().try_clone_to_owned()?))
}

/// Logs of this process go there from now on. To be called once.
pub fn install(config: Config, target: impl Write + Send + 'static) -> io::Result<Logs> {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUE_LINES)
        .thread_name("log")
        .finish(Counting(target));
    let _ = OVERFLOWED.set(writer.error_counter());
    let level = match config.level {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    let registry = tracing_subscriber::registry().with(Targets::new().with_target(TARGET, level));
    let layer = tracing_subscriber::fmt::layer().with_target(false).with_writer(writer);
    let installed = match config.format {
        Format::Json => {
            let layer = layer.json().flatten_event(true).with_current_span(false);
            tracing::subscriber::set_global_default(registry.with(layer.with_span_list(false)))
        }
        Format::Pretty => {
            tracing::subscriber::set_global_default(registry.with(layer.with_ansi(false)))
        }
    };
    installed.map_err(io::Error::other)?;
    panic::set_hook(Box::new(|info| {
        // Not the message: it may quote what a snippet is made of.
        let place = info.location().map(|it| format!("{}:{}", it.file(), it.line()));
        super::panicked(thread::current().name(), place.as_deref());
    }));
    Ok(Logs { _writer: guard })
}

/// Counts what cannot be written instead of failing.
struct Counting<W>(W);

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // All or nothing: half a line that is tried again would be two.
        if self.0.write_all(line).is_err() {
            REFUSED.fetch_add(1, Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
