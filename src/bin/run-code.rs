//! argv → request → result on stdout, everything else on stderr; exit codes.

use std::{
    env,
    ffi::OsString,
    fmt,
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    os::unix::fs::MetadataExt,
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use llm_kernel::{
    cli::{
        AskArgs, Flags, Input, LookUpArgs, Output, Question, RunArgs, RunCodeArgs, Settings,
        Source, UsageError, run_code_help,
    },
    client::{Client, ClientError},
    endpoint::{DEFAULT_SOCKET, Endpoint},
    glance::{self, Findings, Health, Kernel, Naming, Snippet, SocketFile},
    isolate::{
        Uses,
        preset::{self, Folder, Preset, PresetError},
    },
    net::Reactor,
    pretty::write_pretty,
    protocol::{Answer, Control, Failure, Id, Message, Request, Surroundings, Warning},
    service::Service,
    token::{self, Token},
    transpile::Check,
};
use serde_json::value::RawValue;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

/// What a kernel gets beyond the timeout before it counts as silent.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a cancelled run in this process gets to say so.
const CANCEL_PATIENCE: Duration = Duration::from_secs(1);
/// How often a run in this process looks for Ctrl-C.
const LOOK_FOR_INTERRUPT: Duration = Duration::from_millis(50);
/// What a kernel gets to look at its surroundings.
const EXAMINATION_LIMIT: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    let args = match RunCodeArgs::parse(env::args_os().skip(1)) {
        Ok(RunCodeArgs::Help) => return print(&run_code_help(), ExitCode::SUCCESS),
        Ok(RunCodeArgs::Version) => {
            let version = format!("run-code {}\n", env!("CARGO_PKG_VERSION"));
            return print(&version, ExitCode::SUCCESS);
        }
        Ok(RunCodeArgs::LookUp(args)) => {
            return match look_up(args) {
                Ok(text) => print(&text, ExitCode::SUCCESS),
                Err(err) => err.report(),
            };
        }
        Ok(RunCodeArgs::Run(args)) => args,
        Ok(RunCodeArgs::Ask(args)) => {
            return match args.question {
                Question::Stats => show_stats(&args),
                Question::Doctor => show_doctor(&args),
            }
            .unwrap_or_else(|err| err.report());
        }
        Err(err) => return Error::from(err).report(),
    };
    let interrupt = Interrupt::default();
    match run(&args, &interrupt) {
        Ok((answer, line)) => show(&answer, line.as_deref(), interrupt.signal()),
        Err(err) => match interrupt.signal() {
            Some(signal) => interrupted(signal),
            None => err.report(),
        },
    }
}

/// Why there is no answer.
#[derive(Debug)]
enum Error {
    /// The command line asks for what cannot be done.
    Usage(String),
    /// No kernel, or none that answers.
    Failed(String),
}

impl From<UsageError> for Error {
    fn from(UsageError(message): UsageError) -> Error {
        Error::Usage(message)
    }
}

impl From<ClientError> for Error {
    fn from(err: ClientError) -> Error {
        Error::Failed(err.to_string())
    }
}

impl Error {
    fn report(&self) -> ExitCode {
        match self {
            Error::Usage(message) => {
                say(&format!("run-code: {message}\ntry `run-code --help`"));
                ExitCode::from(2)
            }
            Error::Failed(message) => {
                say(&format!("run-code: {message}"));
                ExitCode::FAILURE
            }
        }
    }
}

/// The answer, and its line if that is what is to be printed.
fn run(args: &RunArgs, interrupt: &Interrupt) -> Result<(Answer, Option<String>), Error> {
    let request = Request {
        // Something that a cancel can name.
        id: Some(Id::text("run-code")),
        preset: args.preset.clone(),
        code: read_source(&args.source)?,
        input: read_input(&args.input)?,
        timeout_ms: args.timeout_ms,
        check: args.check,
    };
    let variable = env::var_os("LLM_KERNEL_SOCKET");
    match find_kernel(args.socket.as_ref(), variable, Path::new(DEFAULT_SOCKET))? {
        Some(client) => {
            let (answer, line) = ask(client, &request, interrupt)?;
            Ok((answer, (args.output == Output::AnswerLine).then_some(line)))
        }
        None => {
            let answer = run_here(request, interrupt)?;
            let line = (args.output == Output::AnswerLine).then(|| {
                String::from_utf8(answer.clone().into_line()).expect("an answer is made of text")
            });
            Ok((answer, line))
        }
    }
}

/// The kernel that was named, by flag or by variable; else the one on
/// `default_socket`, if there is one.
fn find_kernel(
    named: Option<&Endpoint>,
    variable: Option<OsString>,
    default_socket: &Path,
) -> Result<Option<Client>, Error> {
    if let Some(endpoint) = named_endpoint(named, variable)? {
        let token = token_for(&endpoint);
        return Ok(Some(Client::connect(&endpoint, token.as_ref())?));
    }
    match Client::connect(&Endpoint::Unix(default_socket.to_owned()), None) {
        Ok(client) => Ok(Some(client)),
        Err(ClientError::NoKernel { .. }) => Ok(None),
        Err(err @ ClientError::Stranger { .. }) => {
            say(&format!("run-code: {err}; running the snippet here instead"));
            Ok(None)
        }
        Err(err) => Err(err.into()),
    }
}

/// The endpoint that was asked for, if one was.
fn named_endpoint(
    named: Option<&Endpoint>,
    variable: Option<OsString>,
) -> Result<Option<Endpoint>, Error> {
    match (named, variable.filter(|it| !it.is_empty())) {
        (Some(endpoint), _) => Ok(Some(endpoint.clone())),
        (None, Some(text)) => match text.to_string_lossy().parse() {
            Ok(endpoint) => Ok(Some(endpoint)),
            Err(err) => Err(Error::Usage(format!("LLM_KERNEL_SOCKET: {err}"))),
        },
        (None, None) => Ok(None),
    }
}

/// What the kernel is doing.
fn show_stats(args: &AskArgs) -> Result<ExitCode, Error> {
    let (endpoint, _naming) = endpoint_of(args.socket.as_ref())?;
    let mut client = Client::connect(&endpoint, token_for(&endpoint).as_ref())?;
    if args.output == Output::AnswerLine {
        let line = client.exchange(&Control::Stats.to_line())?;
        return Ok(print(&format!("{line}\n"), ExitCode::SUCCESS));
    }
    let answer = client.ask(&Control::Stats)?;
    Ok(print(&glance::stats(&endpoint, &answer["stats"]), ExitCode::SUCCESS))
}

/// What is wrong, and what to do about it; exit code 1 when something is.
fn show_doctor(args: &AskArgs) -> Result<ExitCode, Error> {
    let (endpoint, naming) = endpoint_of(args.socket.as_ref())?;
    let socket = match &endpoint {
        Endpoint::Unix(path) => fs::symlink_metadata(path).ok().map(|it| SocketFile {
            mode: it.mode() & 0o7777,
            is_ours: it.uid() == rustix::process::geteuid().as_raw(),
        }),
        Endpoint::Tcp { .. } => None,
    };
    let examined = Client::connect(&endpoint, token_for(&endpoint).as_ref()).and_then(examine);
    let (kernel, surroundings, snippet) = match examined {
        Ok((kernel, surroundings, snippet)) => (Ok(kernel), surroundings, snippet),
        Err(err) => {
            let (surroundings, snippet) = examine_own()?;
            (Err(err.to_string()), surroundings, snippet)
        }
    };
    let findings = Findings { endpoint, naming, kernel, socket, surroundings, snippet };
    let (text, worst) = glance::doctor(&findings);
    Ok(print(&text, if worst == Health::Bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }))
}

type Examined = (Kernel, Surroundings, Result<Snippet, String>);

fn examine(mut client: Client) -> Result<Examined, ClientError> {
    // Credentials may have to be fetched.
    client.set_silence_limit(Some(EXAMINATION_LIMIT));
    let version = client.ask(&Control::Ping)?["version"].as_str().unwrap_or("?").to_owned();
    let stats = client.ask(&Control::Stats)?["stats"].take();
    let surroundings = match client.ask(&Control::Doctor) {
        Ok(mut answer) => serde_json::from_value(answer["surroundings"].take())
            .map_err(|err| ClientError::Nonsense(err.to_string()))?,
        // A kernel of another version may not know the word.
        Err(ClientError::Refused(_)) => Surroundings::default(),
        Err(err) => return Err(err),
    };
    let (answer, _line) = client.run(&try_out())?;
    Ok((Kernel { version, stats }, surroundings, Snippet::of(&answer)))
}

/// The same about the kernel inside this program.
fn examine_own() -> Result<(Surroundings, Result<Snippet, String>), Error> {
    let settings = Settings::resolve(&Flags::default(), |name| env::var_os(name))?;
    let service = start_service(&settings, *preset::DEFAULT)?;
    let (sender, found) = mpsc::channel();
    service.surroundings(move |it| {
        // Nobody waits any longer than `recv_timeout`.
        let _ = sender.send(it);
    });
    let (sender, answers) = mpsc::channel();
    let respond = Box::new(move |answer| {
        let _ = sender.send(answer);
        None
    });
    service.submit(try_out(), Instant::now(), respond);
    let snippet = match answers.recv_timeout(EXAMINATION_LIMIT) {
        Ok(answer) => Snippet::of(&answer),
        Err(err) => Err(err.to_string()),
    };
    Ok((found.recv_timeout(EXAMINATION_LIMIT).unwrap_or_default(), snippet))
}

fn try_out() -> Request {
    Request {
        id: None,
        preset: None,
        code: glance::SNIPPET.to_owned(),
        input: "{}".to_owned(),
        timeout_ms: Some(5_000),
        check: Check::Warn,
    }
}

/// By flag, else by variable, else the default.
fn endpoint_of(named: Option<&Endpoint>) -> Result<(Endpoint, Naming), Error> {
    match named_endpoint(named, env::var_os("LLM_KERNEL_SOCKET"))? {
        Some(endpoint) => Ok((endpoint, Naming::Named)),
        None => Ok((Endpoint::Unix(DEFAULT_SOCKET.into()), Naming::Default)),
    }
}

fn token_for(endpoint: &Endpoint) -> Option<Token> {
    let Endpoint::Tcp { port, .. } = endpoint else { return None };
    match env::var("LLM_KERNEL_TOKEN") {
        Ok(token) if !token.is_empty() => Some(Token::new(token)),
        _ => token::read(&token::default_folder()?, *port),
    }
}

fn ask(
    mut client: Client,
    request: &Request,
    interrupt: &Interrupt,
) -> Result<(Answer, String), Error> {
    interrupt.watch()?;
    Ok(client.run_in_time(request, PATIENCE, || interrupt.signal().is_some())?)
}

/// What the kernel, or the library in this process, says about its API.
fn look_up(args: LookUpArgs) -> Result<String, Error> {
    let LookUpArgs { lookup, preset, tokens, socket } = args;
    let variable = env::var_os("LLM_KERNEL_SOCKET");
    match find_kernel(socket.as_ref(), variable, Path::new(DEFAULT_SOCKET))? {
        Some(mut client) => Ok(client.look_up(lookup, tokens, preset)?),
        None => {
            let settings = Settings::resolve(&Flags::default(), |name| env::var_os(name))?;
            let preset = find_preset(&settings, preset.as_deref())?.unwrap_or(*preset::DEFAULT);
            start_service(&settings, preset)?
                .look_up(&lookup, tokens, None)
                .map_err(|failure| Error::Failed(failure.message))
        }
    }
}

/// The preset that is meant: a folder, or a name as a kernel with these settings
/// would know it. `None` is the built-in one.
fn find_preset(settings: &Settings, named: Option<&str>) -> Result<Option<Preset>, Error> {
    let failed = |err: PresetError| Error::Failed(err.to_string());
    if let Some(folder) = named.map(Path::new).filter(|it| it.join("preset.toml").is_file()) {
        return Folder::open(folder).and_then(Folder::load).map(Some).map_err(failed);
    }
    if named == Some(preset::DEFAULT.name) || named.is_none() && settings.presets.is_empty() {
        return Ok(None);
    }
    let mut known = Vec::new();
    for path in &settings.presets {
        let folder = Folder::open(path).map_err(failed)?;
        if named.is_none_or(|it| it == folder.name()) {
            return folder.load().map(Some).map_err(failed);
        }
        known.push(format!("`{}`", folder.name()));
    }
    known.push(format!("`{}`", preset::DEFAULT.name));
    Err(Error::Usage(format!(
        "--preset: `{}` is neither a folder with a preset.toml nor one of {}",
        named.unwrap_or_default(),
        known.join(", ")
    )))
}

/// In this process: the same library, the same limits, the same answer.
fn run_here(mut request: Request, interrupt: &Interrupt) -> Result<Answer, Error> {
    let settings = Settings::resolve(&Flags::default(), |name| env::var_os(name))?;
    let preset = find_preset(&settings, request.preset.take().as_deref())?
        .unwrap_or_else(|| Preset::for_one(&request.code));
    let service = start_service(&settings, preset)?;
    let (sender, receiver) = mpsc::channel();
    let respond = Box::new(move |answer| {
        // Nobody waits any more after a second interrupt.
        let _ = sender.send(answer);
        None
    });
    // Read back from its line: what a kernel would refuse is refused here.
    let id = request.id.clone();
    let line = request.to_line();
    drop(request);
    let message = match line.len() - 1 {
        n_bytes if n_bytes > settings.line_bytes => {
            Err(Failure::line_too_long(settings.line_bytes))
        }
        n_bytes => Message::parse(&line.as_bytes()[..n_bytes]).map_err(|refusal| refusal.failure),
    };
    interrupt.watch()?;
    let mut running = match message {
        Ok(Message::Run(request)) => service.submit(request, Instant::now(), respond),
        Ok(Message::Control { .. }) => unreachable!("a request line has no op"),
        Err(failure) => {
            respond(Answer::refusal(id, failure));
            None
        }
    };
    drop(line);
    let mut patience = LOOK_FOR_INTERRUPT;
    loop {
        match receiver.recv_timeout(patience) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) if interrupt.signal().is_none() => {}
            Err(_) => match running.take() {
                Some(running) => {
                    running.cancel();
                    patience = CANCEL_PATIENCE;
                }
                None => {
                    let message = "the engine is gone without an answer";
                    return Err(Error::Failed(message.to_owned()));
                }
            },
        }
    }
}

fn start_service(settings: &Settings, preset: Preset) -> Result<Service, Error> {
    let settings = Settings { n_workers: 1, ..settings.clone() };
    let mut config = settings.service();
    config.pool.presets = vec![preset];
    config.pool.uses = Uses::Few;
    Service::start(config, Reactor::on_demand())
        .map_err(|err| Error::Failed(format!("cannot start the engine: {err}")))
}

fn read_source(source: &Source) -> Result<String, Error> {
    match source {
        Source::Inline(code) => Ok(code.clone()),
        Source::File(path) => read("--file", path.display(), File::open(path)),
        Source::Stdin => read("--file", "stdin", Ok(io::stdin())),
    }
}

fn read_input(input: &Input) -> Result<String, Error> {
    let text = match input {
        Input::Inline(json) => json.clone(),
        Input::File(path) => read("--input", path.display(), File::open(path))?,
        Input::Stdin => read("--input", "stdin", Ok(io::stdin()))?,
    };
    match serde_json::from_str::<&RawValue>(&text) {
        Ok(_) => Ok(text),
        Err(err) => Err(Error::Usage(format!("--input is not JSON: {err}"))),
    }
}

fn read(flag: &str, name: impl fmt::Display, file: io::Result<impl Read>) -> Result<String, Error> {
    let mut text = String::new();
    file.and_then(|mut it| it.read_to_string(&mut text))
        .map_err(|err| Error::Usage(format!("{flag}: cannot read {name}: {err}")))?;
    Ok(text)
}

fn show(answer: &Answer, line: Option<&str>, signal: Option<i32>) -> ExitCode {
    let code = match &answer.outcome {
        _ if signal.is_some() => return interrupted(signal.unwrap_or(SIGINT)),
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    };
    if let Some(line) = line {
        return print_with(|stdout| writeln!(stdout, "{}", line.trim_end()), code);
    }
    let mut stderr = io::stderr().lock();
    for log in &answer.logs {
        // A closed stderr is no reason to withhold the result.
        let _ = writeln!(stderr, "{}", log.text);
    }
    for warning in &answer.warnings {
        let Warning { line, column, message, signature } = warning;
        let _ = writeln!(stderr, "warning: snippet.ts:{line}:{column}: {message}");
        if let Some(signature) = signature {
            let _ = writeln!(stderr, "  {signature}");
        }
    }
    match &answer.outcome {
        Ok(result) => print_with(
            |stdout| {
                write_pretty(result, stdout)?;
                stdout.write_all(b"\n")
            },
            code,
        ),
        Err(failure) => {
            let _ = stderr.write_all(describe(failure).as_bytes());
            code
        }
    }
}

/// `error[kind]: Name: message`, then the place, the stack and the hint.
fn describe(failure: &Failure) -> String {
    let Failure { kind, name, message, stack, frame, hint, line, column } = failure;
    let headline = match name {
        Some(name) => format!("{name}: {message}"),
        None => message.clone(),
    };
    let mut res = format!("error[{}]: {headline}\n", kind.as_str());
    if let Some(frame) = frame {
        if let (Some(line), Some(column)) = (line, column) {
            res.push_str(&format!("  at snippet.ts:{line}:{column}\n"));
        }
        res.push_str(&format!("{}\n", frame.trim_end_matches('\n')));
    }
    if let Some(stack) = stack {
        // The stack begins with what has just been said.
        let rest = stack.strip_prefix(&headline).unwrap_or(stack).trim_matches('\n');
        if !rest.is_empty() {
            res.push_str(&format!("{rest}\n"));
        }
    }
    if let Some(hint) = hint {
        res.push_str(&format!("hint: {hint}\n"));
    }
    res
}

/// A closed stderr is no reason to withhold a result or an exit code.
fn say(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

fn print(text: &str, code: ExitCode) -> ExitCode {
    print_with(|stdout| stdout.write_all(text.as_bytes()), code)
}

/// A closed pipe means that the reader has seen enough.
fn print_with(write: impl FnOnce(&mut dyn Write) -> io::Result<()>, code: ExitCode) -> ExitCode {
    // Stdout by itself writes out each line.
    let mut stdout = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(err) if err.kind() != io::ErrorKind::BrokenPipe => {
            Error::Failed(format!("cannot write to stdout: {err}")).report()
        }
        _ => code,
    }
}

fn interrupted(signal: i32) -> ExitCode {
    ExitCode::from(exit_code_of(signal))
}

/// As shells report it: 130 for Ctrl-C.
fn exit_code_of(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(130)
}

/// Ctrl-C and its kin: the first cancels, the second does not wait.
#[derive(Default)]
struct Interrupt {
    has_come: Arc<AtomicBool>,
    /// Which it was.
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// From now on. Before, when there is nothing to cancel, they simply end the
    /// program. No thread waits for them: starting one costs as much as all that
    /// is said to a kernel.
    fn watch(&self) -> Result<(), Error> {
        for signal in [SIGINT, SIGTERM] {
            let code = i32::from(exit_code_of(signal));
            flag::register_conditional_shutdown(signal, code, Arc::clone(&self.has_come))
                .and_then(|_| flag::register(signal, Arc::clone(&self.has_come)))
                .and_then(|_| {
                    flag::register_usize(signal, Arc::clone(&self.signal), signal as usize)
                })
                .map_err(|err| Error::Failed(format!("cannot listen for signals: {err}")))?;
        }
        Ok(())
    }

    fn signal(&self) -> Option<i32> {
        Some(self.signal.load(SeqCst) as i32).filter(|&it| it != 0)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// What `find_kernel` finds, in a word.
    #[track_caller]
    fn check(named: Option<&Path>, variable: Option<&Path>, default: &Path, expected: &str) {
        let named = named.map(|it| Endpoint::Unix(it.to_owned()));
        let variable = variable.map(OsString::from);
        let found = match find_kernel(named.as_ref(), variable, default) {
            Ok(Some(_client)) => "kernel",
            Ok(None) => "none",
            Err(Error::Failed(_)) => "failed",
            Err(Error::Usage(_)) => "usage",
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn only_the_default_socket_may_be_without_a_kernel() {
        let folder = tempfile::tempdir().unwrap();
        let live = folder.path().join("live");
        let Ok(_listener) = UnixListener::bind(&live) else { return };
        let nobody = folder.path().join("nobody");
        let stale = folder.path().join("stale");
        drop(UnixListener::bind(&stale).unwrap());

        check(None, None, &live, "kernel");
        check(None, None, &nobody, "none");
        check(None, None, &stale, "none");
        check(None, Some(Path::new("")), &live, "kernel");
        for named in [&nobody, &stale] {
            check(Some(named), None, &live, "failed");
            check(None, Some(named), &live, "failed");
        }
        check(Some(&live), Some(&nobody), &nobody, "kernel");
        check(None, Some(Path::new("x")), &live, "usage");
    }
}
