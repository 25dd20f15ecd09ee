//! argv → settings → a kernel that serves until it is told to stop.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is where the program talks")]

use std::{env, process::ExitCode, thread};

use llm_kernel::{
    cli::{KernelArgs, Settings, UsageError, kernel_help},
    kernel::Kernel,
    token::Token,
};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

fn main() -> ExitCode {
    let settings = match KernelArgs::parse(env::args_os().skip(1)) {
        Ok(KernelArgs::Help) => {
            print!("{}", kernel_help());
            return ExitCode::SUCCESS;
        }
        Ok(KernelArgs::Version) => {
            println!("llm-kernel {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Ok(KernelArgs::Serve(flags)) => Settings::resolve(&flags, |name| env::var_os(name)),
        Err(err) => Err(err),
    };
    match settings {
        Ok(settings) => serve(&settings),
        Err(UsageError(message)) => {
            eprintln!("llm-kernel: {message}\ntry `llm-kernel --help`");
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
    let token = env::var("LLM_KERNEL_TOKEN").ok().filter(|it| !it.is_empty()).map(Token::new);
    let kernel = match Kernel::start(settings.kernel(token)) {
        Ok(kernel) => kernel,
        Err(err) => return failed(&err.to_string()),
    };
    eprintln!("listening on {}", kernel.endpoint());

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
    eprintln!("llm-kernel: {message}");
    ExitCode::FAILURE
}
