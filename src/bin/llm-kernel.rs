//! argv → settings → a kernel that serves until it is told to stop.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    thread,
};

use llm_kernel::{
    cli::{KernelArgs, Settings, UsageError, kernel_help},
    kernel::Kernel,
    telemetry::log,
    token::Token,
};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

fn main() -> ExitCode {
    let settings = match KernelArgs::parse(env::args_os().skip(1)) {
        Ok(KernelArgs::Help) => {
            return print(&kernel_help());
        }
        Ok(KernelArgs::Version) => {
            return print(&format!("llm-kernel {}\n", env!("CARGO_PKG_VERSION")));
        }
        Ok(KernelArgs::Serve(flags)) => Settings::resolve(&flags, |name| env::var_os(name)),
        Err(err) => Err(err),
    };
    match settings {
        Ok(settings) => serve(&settings),
        Err(UsageError(message)) => {
            say(&format!("llm-kernel: {message}\ntry `llm-kernel --help`"));
            ExitCode::from(2)
        }
    }
}

fn serve(settings: &Settings) -> ExitCode {
    // Before the first thread: a signal that comes during the start must not
    // leave a socket behind.
    let mut signals = match Signals::new([SIGINT, SIGTERM]) {
        Ok(signals) => signals,
        Err(err) => return failed(&format!("cannot listen for signals: {err}")),
    };
    // Kept until the end: what is still to be written is written then.
    let _logs = match log::install(settings.log) {
        Ok(logs) => logs,
        Err(err) => return failed(&format!("cannot write logs: {err}")),
    };
    allow_many_connections();
    let token = env::var("LLM_KERNEL_TOKEN").ok().filter(|it| !it.is_empty()).map(Token::new);
    let mut kernel = match Kernel::start(settings.kernel(token)) {
        Ok(kernel) => kernel,
        Err(err) => return failed(&err.to_string()),
    };
    say(&format!("listening on {}", kernel.endpoint()));
    if let Some(metrics) = kernel.metrics_endpoint() {
        let address = metrics.to_string().replacen("tcp://", "http://", 1);
        say(&format!("metrics on {address}/metrics"));
    }

    if let Some(idle) = kernel.idle() {
        thread::spawn(move || {
            // One way to end is enough: idleness sends the signal that asks.
            if idle.recv().is_ok() {
                let _ = signal_hook::low_level::raise(SIGTERM);
            }
        });
    }
    signals.forever().next();
    // Whoever asks twice does not want to wait for the grace.
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    kernel.stop(settings.grace);
    ExitCode::SUCCESS
}

fn failed(message: &str) -> ExitCode {
    say(&format!("llm-kernel: {message}"));
    ExitCode::FAILURE
}

/// A connection is a file descriptor, and many systems start with 1,024.
fn allow_many_connections() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where that is refused, accepting waits until a descriptor is free.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// A closed stderr is no reason to stop serving.
fn say(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// A closed pipe means that the reader has seen enough.
fn print(text: &str) -> ExitCode {
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}
