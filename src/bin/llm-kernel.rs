//! argv → settings → a kernel that serves until it is told to stop.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    thread,
};

use listenfd::ListenFd;
use llm_kernel::{
    aws::{
        Source,
        broker::{self, Broker},
    },
    cli::{KernelArgs, Lockdown, PresetArgs, Settings, UsageError, kernel_help},
    isolate::{give_large_blocks_back, preset},
    kernel::{Bound, Inherited, Kernel},
    lockdown::{self, Needs},
    preset::{check::check, init::init},
    telemetry::log::{self, Logs},
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
        Ok(KernelArgs::CredentialBroker) => {
            return match broker::serve(io::stdin().lock(), io::stdout().lock()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(err) => failed(&format!("credential broker: {err}")),
            };
        }
        Ok(KernelArgs::Preset(args)) => {
            let said = match args {
                PresetArgs::Check { folder } => check(&folder),
                PresetArgs::Init { folder, packages } => init(&folder, &packages),
            };
            return match said {
                Ok(text) => print(&text),
                Err(message) => failed(&message),
            };
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
    allow_many_connections();
    give_large_blocks_back();
    // Logs are kept until the end: what is still to be written is written then.
    let (mut kernel, _logs) = match start(settings) {
        Ok(started) => started,
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

/// Binds first, while that is still allowed, and starts threads last, so that all
/// of them have given up what the process gives up.
fn start(settings: &Settings) -> io::Result<(Kernel, Logs)> {
    let inherited = inherited()?;
    let token = env::var("LLM_KERNEL_TOKEN").ok().filter(|it| !it.is_empty()).map(Token::new);
    let variable = |name: &str| env::var_os(name);
    let mut config = settings.kernel(token);
    // Their folders may be where the kernel cannot read later.
    config.service.pool.presets = preset::load_all(&settings.presets).map_err(io::Error::other)?;
    if settings.lockdown == Lockdown::Off {
        let bound = Bound::new(config, inherited)?;
        let logs = log::install(settings.log, log::stderr()?)?;
        return Ok((bound.serve(None)?, logs));
    }
    let mut exceptions = Vec::new();
    if broker::is_needed(variable) {
        config.service.pool.net.aws = Source::Broker(Broker::start(&env::current_exe()?)?);
        exceptions.push("credential broker");
    }
    let bound = Bound::new(config, inherited)?;
    let reads = lockdown::readable(variable);
    let report = lockdown::apply(&Needs { reads, removes: bound.folders(), exceptions });
    if !report.is_full() {
        say(&format!("this system cannot lock the kernel down fully: {}", report.to_json()));
    }
    let logs = log::install(settings.log, log::stderr()?)?;
    Ok((bound.serve(Some(report))?, logs))
}

/// The socket that systemd holds for us, if it started us.
fn inherited() -> io::Result<Option<Inherited>> {
    let mut sockets = ListenFd::from_env();
    match sockets.len() {
        0 => return Ok(None),
        1 => {}
        n => return Err(io::Error::other(format!("{n} sockets were passed; one is expected"))),
    }
    if let Ok(Some(socket)) = sockets.take_unix_listener(0) {
        return Ok(Some(Inherited::Unix(socket)));
    }
    let socket = sockets.take_tcp_listener(0)?;
    Ok(socket.map(Inherited::Tcp))
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

/// In one piece: the log's thread writes there too, and whoever starts a kernel
/// waits for a whole line. A closed stderr is no reason to stop serving.
fn say(message: &str) {
    let _ = io::stderr().write_all(format!("{message}\n").as_bytes());
}

/// A closed pipe means that the reader has seen enough.
fn print(text: &str) -> ExitCode {
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}
