//! Command lines of both programs, parsed into plain structs; the only user of
//! lexopt.
//!
//! Parsing only records what was typed. Reading files and opening sockets happen
//! later, so `--help` and a typo never depend on the state of the machine. One
//! table says what can be set, by flag and by variable, and what `--help` says
//! about it.

use std::{ffi::OsString, fmt::Write as _, path::PathBuf, thread, time::Duration};

use crate::{
    api::Lookup,
    aws::{self, broker::ARGUMENT},
    endpoint::{self, DEFAULT_SOCKET, Endpoint},
    isolate::{MAX_STACK, host},
    kernel::{self, Access, Limits, Reach},
    net::{self, Resolver},
    policy::{Policy, Rule},
    pool::{self, Warmth},
    preset::init::Package,
    service,
    spelling::suggestion,
    telemetry::{Snippets, log},
    token::{self, Token},
    transpile::Check,
};

/// Everything that can be set about a kernel, also about one inside run-code.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub socket: Endpoint,
    /// `None` lets a request that names no timeout run for ever.
    pub timeout: Option<Duration>,
    /// Folders of presets, in order.
    pub presets: Vec<PathBuf>,
    pub warmth: Warmth,
    pub n_workers: usize,
    pub memory_bytes: usize,
    pub stack_bytes: usize,
    pub queue_len: usize,
    pub n_suspended: usize,
    pub suspended_bytes: usize,
    pub line_bytes: usize,
    /// `None` waits for the end of a line for ever.
    pub line_time: Option<Duration>,
    pub source_bytes: usize,
    pub output_bytes: usize,
    pub log_bytes: usize,
    pub n_connections: usize,
    pub n_in_flight: usize,
    pub n_requests: usize,
    pub unread_bytes: usize,
    pub held_bytes: usize,
    pub allow_net: Vec<Rule>,
    pub n_calls: usize,
    pub received_bytes: usize,
    pub sent_bytes: usize,
    pub grace: Duration,
    /// `None` serves for ever.
    pub idle_exit: Option<Duration>,
    pub reach: Reach,
    pub tcp_access: TcpAccess,
    /// Where metrics are served, if anywhere.
    pub metrics: Option<Endpoint>,
    pub log: log::Config,
    pub snippets: Snippets,
    pub lockdown: Lockdown,
}

/// Whether the kernel gives up what it does not need once it serves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lockdown {
    On,
    Off,
}

/// Whether a TCP client must know a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TcpAccess {
    Token,
    Open,
}

/// One row of the table.
struct Setting {
    flag: &'static str,
    variable: &'static str,
    form: Form,
    default: &'static str,
    help: &'static str,
    set: fn(&mut Settings, &str) -> Result<(), String>,
}

/// What a setting takes, for `--help` and for the parser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    /// A placeholder for the help text.
    Takes(&'static str),
    /// A switch: the flag alone turns it on, its variable says `1` or `0`.
    Switch,
}

const SETTINGS: &[Setting] = &[
    Setting {
        flag: "socket",
        variable: "LLM_KERNEL_SOCKET",
        form: Form::Takes("<endpoint>"),
        default: DEFAULT_SOCKET,
        help: "where to listen: /path, unix:/path, tcp://host:port, host:port or port",
        set: |it, text| {
            it.socket = text.parse().map_err(|err: endpoint::ParseError| err.to_string())?;
            Ok(())
        },
    },
    Setting {
        flag: "timeout",
        // The one name that does not follow from its flag; it is older.
        variable: "LLM_KERNEL_TIMEOUT_MS",
        form: Form::Takes("<ms>"),
        default: "30000",
        help: "time for a request that names none; 0 = no limit",
        set: |it, text| {
            let timeout = millis(text)?;
            it.timeout = (!timeout.is_zero()).then_some(timeout);
            Ok(())
        },
    },
    Setting {
        flag: "preset",
        variable: "LLM_KERNEL_PRESET",
        form: Form::Takes("<dir>"),
        default: "none",
        help: "folder of libraries; the first serves requests that name none; repeatable",
        set: |it, text| {
            let folders = text.split(',').map(str::trim).filter(|it| !matches!(*it, "" | "none"));
            it.presets.extend(folders.map(PathBuf::from));
            Ok(())
        },
    },
    Setting {
        flag: "warm",
        variable: "LLM_KERNEL_WARM",
        form: Form::Switch,
        default: "0",
        help: "each worker builds every preset at the start, not on first use",
        set: |it, text| {
            it.warmth = if switch(text)? { Warmth::Always } else { Warmth::OnUse };
            Ok(())
        },
    },
    Setting {
        flag: "workers",
        variable: "LLM_KERNEL_WORKERS",
        form: Form::Takes("<n>"),
        default: "auto",
        help: "threads that run snippets; auto = one per core",
        set: |it, text| {
            it.n_workers = match text {
                "auto" => thread::available_parallelism().map_or(1, usize::from),
                _ => positive(text)?,
            };
            Ok(())
        },
    },
    Setting {
        flag: "memory",
        variable: "LLM_KERNEL_MEMORY",
        form: Form::Takes("<MiB>"),
        default: "256",
        help: "heap of one run",
        set: |it, text| {
            it.memory_bytes = size(text, MIB)?;
            Ok(())
        },
    },
    Setting {
        flag: "stack",
        variable: "LLM_KERNEL_STACK",
        form: Form::Takes("<MiB>"),
        default: "8",
        help: "stack of one run, 1 to 16 MiB; 8 hold 10,000 plain frames",
        set: |it, text| {
            it.stack_bytes = size(text, MIB)?;
            if !(MIN_STACK..=MAX_STACK).contains(&it.stack_bytes) {
                return Err(format!("`{text}` is not from 1MiB to {}MiB", MAX_STACK >> 20));
            }
            Ok(())
        },
    },
    Setting {
        flag: "max-queue",
        variable: "LLM_KERNEL_MAX_QUEUE",
        form: Form::Takes("<n>"),
        default: "256",
        help: "requests that may wait for a worker; beyond it they are refused as busy",
        set: |it, text| {
            it.queue_len = count(text)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-waiting",
        variable: "LLM_KERNEL_MAX_WAITING",
        form: Form::Takes("<n>"),
        default: "1000",
        help: "runs set aside while they wait, so that others can run",
        set: |it, text| {
            it.n_suspended = count(text)?;
            Ok(())
        },
    },
    Setting {
        flag: "waiting-memory",
        variable: "LLM_KERNEL_WAITING_MEMORY",
        form: Form::Takes("<MiB>"),
        default: "1024",
        help: "memory of all runs set aside",
        set: |it, text| {
            it.suspended_bytes = size(text, MIB)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-line",
        variable: "LLM_KERNEL_MAX_LINE",
        form: Form::Takes("<size>"),
        default: "64MiB",
        help: "one request line",
        set: |it, text| {
            it.line_bytes = size(text, 1)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-line-time",
        variable: "LLM_KERNEL_MAX_LINE_TIME",
        form: Form::Takes("<ms>"),
        default: "60000",
        help: "time from the first byte of a request line to its end; 0 = no limit",
        set: |it, text| {
            let limit = millis(text)?;
            it.line_time = (!limit.is_zero()).then_some(limit);
            Ok(())
        },
    },
    Setting {
        flag: "max-source",
        variable: "LLM_KERNEL_MAX_SOURCE",
        form: Form::Takes("<size>"),
        default: "1MiB",
        help: "source of one snippet",
        set: |it, text| {
            it.source_bytes = size(text, 1)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-output",
        variable: "LLM_KERNEL_MAX_OUTPUT",
        form: Form::Takes("<size>"),
        default: "16MiB",
        help: "JSON text of one result",
        set: |it, text| {
            it.output_bytes = size(text, 1)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-logs",
        variable: "LLM_KERNEL_MAX_LOGS",
        form: Form::Takes("<size>"),
        default: "256KiB",
        help: "captured console output of one run; what exceeds it is cut",
        set: |it, text| {
            it.log_bytes = size(text, 1)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-connections",
        variable: "LLM_KERNEL_MAX_CONNECTIONS",
        form: Form::Takes("<n>"),
        default: "4096",
        help: "open connections; beyond it they are refused as busy",
        set: |it, text| {
            it.n_connections = positive(text)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-in-flight",
        variable: "LLM_KERNEL_MAX_IN_FLIGHT",
        form: Form::Takes("<n>"),
        default: "64",
        help: "unanswered requests of one connection; beyond it nothing more is read",
        set: |it, text| {
            it.n_in_flight = positive(text)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-requests",
        variable: "LLM_KERNEL_MAX_REQUESTS",
        form: Form::Takes("<n>"),
        default: "4096",
        help: "unanswered requests of all connections; beyond it they are busy",
        set: |it, text| {
            it.n_requests = positive(text)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-unread",
        variable: "LLM_KERNEL_MAX_UNREAD",
        form: Form::Takes("<size>"),
        default: "128MiB",
        help: "answers that a client has not read; beyond it the client is dropped",
        set: |it, text| {
            it.unread_bytes = size(text, 1)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-held",
        variable: "LLM_KERNEL_MAX_HELD",
        form: Form::Takes("<size>"),
        default: "1GiB",
        help: "requests and unread answers of all clients; beyond it they are busy",
        set: |it, text| {
            it.held_bytes = size(text, 1)?;
            Ok(())
        },
    },
    Setting {
        flag: "allow-net",
        variable: "LLM_KERNEL_ALLOW_NET",
        form: Form::Takes("<rule>"),
        default: "none",
        help: "whom snippets may talk to: host[:port], *.suffix, CIDR or *; repeatable",
        set: |it, text| {
            for rule in text.split(',').map(str::trim).filter(|it| !matches!(*it, "" | "none")) {
                it.allow_net.push(rule.parse()?);
            }
            Ok(())
        },
    },
    Setting {
        flag: "max-calls",
        variable: "LLM_KERNEL_MAX_CALLS",
        form: Form::Takes("<n>"),
        default: "64",
        help: "requests that one run sends at a time; beyond it they wait their turn",
        set: |it, text| {
            it.n_calls = positive(text)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-received",
        variable: "LLM_KERNEL_MAX_RECEIVED",
        form: Form::Takes("<size>"),
        default: "4GiB",
        help: "bodies of responses that one run may receive, in all",
        set: |it, text| {
            it.received_bytes = size(text, 1)?;
            Ok(())
        },
    },
    Setting {
        flag: "max-sent",
        variable: "LLM_KERNEL_MAX_SENT",
        form: Form::Takes("<size>"),
        default: "4GiB",
        help: "bodies of requests that one run may send, in all",
        set: |it, text| {
            it.sent_bytes = size(text, 1)?;
            Ok(())
        },
    },
    Setting {
        flag: "grace",
        variable: "LLM_KERNEL_GRACE",
        form: Form::Takes("<ms>"),
        default: "5000",
        help: "time for what runs when the kernel is told to stop",
        set: |it, text| {
            it.grace = millis(text)?;
            Ok(())
        },
    },
    Setting {
        flag: "idle-exit",
        variable: "LLM_KERNEL_IDLE_EXIT",
        form: Form::Takes("<ms>"),
        default: "0",
        help: "stop when nobody has been connected for so long; 0 = never",
        set: |it, text| {
            let limit = millis(text)?;
            it.idle_exit = (!limit.is_zero()).then_some(limit);
            Ok(())
        },
    },
    Setting {
        flag: "listen-public",
        variable: "LLM_KERNEL_LISTEN_PUBLIC",
        form: Form::Switch,
        default: "0",
        help: "allow a TCP address that other machines can reach",
        set: |it, text| {
            it.reach = if switch(text)? { Reach::Public } else { Reach::Loopback };
            Ok(())
        },
    },
    Setting {
        flag: "insecure-tcp",
        variable: "LLM_KERNEL_INSECURE_TCP",
        form: Form::Switch,
        default: "0",
        help: "ask TCP clients for no token; on loopback only",
        set: |it, text| {
            it.tcp_access = if switch(text)? { TcpAccess::Open } else { TcpAccess::Token };
            Ok(())
        },
    },
    Setting {
        flag: "metrics",
        variable: "LLM_KERNEL_METRICS",
        form: Form::Takes("<endpoint>"),
        default: "off",
        help: "where Prometheus finds metrics over HTTP, such as 127.0.0.1:9464",
        set: |it, text| {
            it.metrics = match text {
                "off" => None,
                _ => Some(text.parse().map_err(|err: endpoint::ParseError| err.to_string())?),
            };
            Ok(())
        },
    },
    Setting {
        flag: "log-level",
        variable: "LLM_KERNEL_LOG_LEVEL",
        form: Form::Takes("<level>"),
        default: "warn",
        help: "what stderr is told: off, error, warn, info (a line a run) or debug",
        set: |it, text| {
            it.log.level = match text {
                "off" => log::Level::Off,
                "error" => log::Level::Error,
                "warn" => log::Level::Warn,
                "info" => log::Level::Info,
                "debug" => log::Level::Debug,
                _ => return Err(format!("`{text}` is none of off, error, warn, info, debug")),
            };
            Ok(())
        },
    },
    Setting {
        flag: "log-format",
        variable: "LLM_KERNEL_LOG_FORMAT",
        form: Form::Takes("<format>"),
        default: "pretty",
        help: "json (an object a line) or pretty",
        set: |it, text| {
            it.log.format = match text {
                "json" => log::Format::Json,
                "pretty" => log::Format::Pretty,
                _ => return Err(format!("`{text}` is neither json nor pretty")),
            };
            Ok(())
        },
    },
    Setting {
        flag: "log-snippets",
        variable: "LLM_KERNEL_LOG_SNIPPETS",
        form: Form::Switch,
        default: "0",
        help: "log also snippets, inputs and answers, at info; they may hold secrets",
        set: |it, text| {
            it.snippets = if switch(text)? { Snippets::Logged } else { Snippets::Private };
            Ok(())
        },
    },
    Setting {
        flag: "no-lockdown",
        variable: "LLM_KERNEL_NO_LOCKDOWN",
        form: Form::Switch,
        default: "0",
        help: "keep the rights of an ordinary process (see Lock-down)",
        set: |it, text| {
            it.lockdown = if switch(text)? { Lockdown::Off } else { Lockdown::On };
            Ok(())
        },
    },
];

/// A short name of a variable, as other programs have one; the long one wins.
const SHORT_VARIABLE: (&str, &str) = ("LLM_KERNEL_LOG", "LLM_KERNEL_LOG_LEVEL");

const MIB: usize = 1 << 20;

/// The libraries are evaluated on it, and an input of the greatest depth is read.
const MIN_STACK: usize = MIB;

/// One line of the greatest length holds so many times its own.
const LINES_HELD: usize = 3;

impl Default for Settings {
    /// What the table says.
    fn default() -> Settings {
        let mut res = Settings {
            socket: Endpoint::Unix(PathBuf::new()),
            timeout: None,
            presets: Vec::new(),
            warmth: Warmth::OnUse,
            n_workers: 0,
            memory_bytes: 0,
            stack_bytes: 0,
            queue_len: 0,
            n_suspended: 0,
            suspended_bytes: 0,
            line_bytes: 0,
            line_time: None,
            source_bytes: 0,
            output_bytes: 0,
            log_bytes: 0,
            n_connections: 0,
            n_in_flight: 0,
            n_requests: 0,
            unread_bytes: 0,
            held_bytes: 0,
            allow_net: Vec::new(),
            n_calls: 0,
            received_bytes: 0,
            sent_bytes: 0,
            grace: Duration::ZERO,
            idle_exit: None,
            reach: Reach::Loopback,
            tcp_access: TcpAccess::Token,
            metrics: None,
            log: log::Config { format: log::Format::Pretty, level: log::Level::Off },
            snippets: Snippets::Private,
            lockdown: Lockdown::On,
        };
        for setting in SETTINGS {
            (setting.set)(&mut res, setting.default).expect("every default is a valid value");
        }
        res
    }
}

impl Settings {
    /// Defaults, then variables, then flags.
    pub fn resolve(
        flags: &Flags,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Settings, UsageError> {
        let mut res = Settings::default();
        for setting in SETTINGS {
            // A flag wins over its variable, also one that could be given twice.
            if flags.0.iter().any(|(it, _)| it.flag == setting.flag) {
                continue;
            }
            let (short, long) = SHORT_VARIABLE;
            let names = [Some(setting.variable), (setting.variable == long).then_some(short)];
            // An empty variable is how shells spell an unset one.
            let found = names
                .into_iter()
                .flatten()
                .find_map(|name| Some((name, variable(name).filter(|it| !it.is_empty())?)));
            let Some((name, text)) = found else { continue };
            let text = text.to_str().ok_or_else(|| UsageError(format!("{name} is not text")))?;
            (setting.set)(&mut res, text).map_err(|err| UsageError(format!("{name}: {err}")))?;
        }
        for (setting, text) in &flags.0 {
            (setting.set)(&mut res, text)
                .map_err(|err| UsageError(format!("--{}: {err}", setting.flag)))?;
        }
        if res.tcp_access == TcpAccess::Open && res.reach == Reach::Public {
            return Err(UsageError(
                "--insecure-tcp and --listen-public exclude each other: \
                 without a token, only this machine may connect"
                    .to_owned(),
            ));
        }
        if res.held_bytes / LINES_HELD < res.line_bytes {
            return Err(UsageError(format!(
                "--max-held must be at least {LINES_HELD} times --max-line: \
                 a line, the room in which it grows, and its request"
            )));
        }
        Ok(res)
    }

    /// With the built-in preset: loading folders is the program's to do.
    pub fn service(&self) -> service::Config {
        let pool = pool::Config {
            warmth: self.warmth,
            n_workers: self.n_workers,
            queue_len: self.queue_len,
            n_suspended: self.n_suspended,
            suspended_bytes: self.suspended_bytes,
            memory_bytes: self.memory_bytes,
            stack_bytes: self.stack_bytes,
            output_bytes: self.output_bytes,
            log_bytes: self.log_bytes,
            source_bytes: self.source_bytes,
            net: net::Config {
                policy: Policy::new(self.allow_net.iter().cloned()),
                aws: aws::Source::Environment,
                resolver: Resolver::System,
            },
            calls: host::http::Limits {
                at_once: self.n_calls,
                bytes_in: self.received_bytes as u64,
                bytes_out: self.sent_bytes as u64,
                ..host::http::Limits::default()
            },
            ..pool::Config::default()
        };
        service::Config { pool, default_timeout: self.timeout, snippets: self.snippets }
    }

    /// `token` is what TCP clients must know; without it one is made and left
    /// where clients of this user look. Presets as in [`Settings::service`].
    pub fn kernel(&self, token: Option<Token>) -> kernel::Config {
        let access = match (self.tcp_access, token) {
            (TcpAccess::Open, _) => Access::Open,
            (TcpAccess::Token, Some(token)) => Access::Token(token),
            (TcpAccess::Token, None) => Access::TokenFile(
                token::default_folder().unwrap_or_else(|| "/run/llm-kernel".into()),
            ),
        };
        let limits = Limits {
            line_bytes: self.line_bytes,
            line_time: self.line_time,
            n_connections: self.n_connections,
            n_in_flight: self.n_in_flight,
            n_requests: self.n_requests,
            unread_bytes: self.unread_bytes,
            held_bytes: self.held_bytes,
        };
        kernel::Config {
            endpoint: self.socket.clone(),
            reach: self.reach,
            access,
            limits,
            idle_limit: self.idle_exit,
            metrics: self.metrics.clone(),
            service: self.service(),
        }
    }
}

/// Settings that were typed as flags, in order; values not looked at yet.
#[derive(Default)]
pub struct Flags(Vec<(&'static Setting, String)>);

impl std::fmt::Debug for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(setting, text)| (setting.flag, text))).finish()
    }
}

/// A command line or a variable that makes no sense.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageError(pub String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

impl From<lexopt::Error> for UsageError {
    fn from(err: lexopt::Error) -> UsageError {
        UsageError(err.to_string())
    }
}

/// What `llm-kernel` was asked to do.
#[derive(Debug)]
pub enum KernelArgs {
    Help,
    Version,
    Serve(Flags),
    Preset(PresetArgs),
    /// Be the broker of a kernel that is locked down; for the kernel's own use.
    CredentialBroker,
}

/// `llm-kernel preset …`
#[derive(Debug, PartialEq)]
pub enum PresetArgs {
    Check { folder: PathBuf },
    Init { folder: PathBuf, packages: Vec<Package> },
}

impl KernelArgs {
    /// Parses arguments, without the program name.
    pub fn parse(
        args: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<KernelArgs, UsageError> {
        use lexopt::prelude::*;

        let mut flags = Flags::default();
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(KernelArgs::Help),
                Short('V') | Long("version") => return Ok(KernelArgs::Version),
                Long(name) => {
                    let Some(setting) = SETTINGS.iter().find(|it| it.flag == name) else {
                        let known = SETTINGS.iter().map(|it| it.flag).chain(["help", "version"]);
                        return Err(unknown_flag(name, known));
                    };
                    let text = match setting.form {
                        Form::Takes(_) => parser.value()?.string()?,
                        Form::Switch => "1".to_owned(),
                    };
                    flags.0.push((setting, text));
                }
                Value(word) if word == ARGUMENT => return Ok(KernelArgs::CredentialBroker),
                Value(word) if word == "preset" && flags.0.is_empty() => return preset(parser),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(KernelArgs::Serve(flags))
    }
}

/// What follows `preset`.
fn preset(mut parser: lexopt::Parser) -> Result<KernelArgs, UsageError> {
    use lexopt::prelude::*;

    const FORMS: &str =
        "preset takes `check <dir>`, or `init <dir> --package <name>` with any number of packages";
    let (mut words, mut packages) = (Vec::new(), Vec::new());
    while let Some(arg) = parser.next()? {
        match arg {
            Long("package") => {
                let package = Package::parse(&parser.value()?.string()?)
                    .map_err(|err| UsageError(format!("--package: {err}")))?;
                packages.push(package);
            }
            Short('h') | Long("help") => return Ok(KernelArgs::Help),
            Long(name) => return Err(unknown_flag(name, ["package", "help"])),
            Value(word) => words.push(word),
            other => return Err(other.unexpected().into()),
        }
    }
    match (words.as_slice(), packages.as_slice()) {
        ([how, folder], []) if how == "check" => {
            Ok(KernelArgs::Preset(PresetArgs::Check { folder: folder.into() }))
        }
        ([how, folder], [_, ..]) if how == "init" => {
            let folder = folder.into();
            Ok(KernelArgs::Preset(PresetArgs::Init { folder, packages }))
        }
        _ => Err(UsageError(FORMS.to_owned())),
    }
}

/// What `run-code` was asked to do.
#[derive(Debug, PartialEq)]
pub enum RunCodeArgs {
    Help,
    Version,
    Run(RunArgs),
    LookUp(LookUpArgs),
    Ask(AskArgs),
}

/// A question about a kernel instead of a snippet.
#[derive(Debug, PartialEq)]
pub struct AskArgs {
    pub question: Question,
    /// Where the kernel must be; absent means: wherever one is.
    pub socket: Option<Endpoint>,
    pub output: Output,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Question {
    /// What it is doing.
    Stats,
    /// What is wrong, and what to do about it.
    Doctor,
}

/// `run-code api …` and `run-code prompt`.
#[derive(Debug, PartialEq)]
pub struct LookUpArgs {
    pub lookup: Lookup,
    /// As in [`RunArgs`].
    pub preset: Option<String>,
    pub tokens: Option<usize>,
    /// As in [`RunArgs`].
    pub socket: Option<Endpoint>,
}

#[derive(Debug, PartialEq)]
pub struct RunArgs {
    pub source: Source,
    /// A name; where run-code runs the snippet itself, a folder is one too.
    pub preset: Option<String>,
    pub input: Input,
    /// Where the kernel must be; absent means: wherever one is, or none.
    pub socket: Option<Endpoint>,
    pub timeout_ms: Option<u64>,
    pub check: Check,
    pub output: Output,
}

/// Where the snippet comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Inline(String),
    File(PathBuf),
    Stdin,
}

/// Where the JSON for `input` comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    Inline(String),
    File(PathBuf),
    Stdin,
}

/// What goes to stdout.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Output {
    /// The result, indented.
    Result,
    /// The whole answer line.
    AnswerLine,
}

const RUN_CODE_FLAGS: [&str; 12] = [
    "code", "file", "input", "preset", "socket", "timeout", "check", "json", "stats", "doctor",
    "help", "version",
];

impl RunCodeArgs {
    /// Parses arguments, without the program name.
    pub fn parse(
        args: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<RunCodeArgs, UsageError> {
        use lexopt::prelude::*;

        let (mut code, mut file, mut input) = (None, None, None);
        let (mut preset, mut socket, mut timeout_ms) = (None, None, None);
        let mut output = Output::Result;
        let mut check = Check::Warn;
        let mut question = None;
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Value(word) if word == "api" || word == "prompt" => {
                    return look_up(&word.to_string_lossy(), parser);
                }
                Long("code") => set_once("code", &mut code, parser.value()?.string()?)?,
                Long("file") => set_once("file", &mut file, parser.value()?)?,
                Long("input") => set_once("input", &mut input, parser.value()?.string()?)?,
                Long("preset") => set_once("preset", &mut preset, parser.value()?.string()?)?,
                Long("socket") => set_once("socket", &mut socket, socket_value(&mut parser)?)?,
                Long("timeout") => {
                    let timeout = millis(&parser.value()?.string()?)
                        .map_err(|err| UsageError(format!("--timeout: {err}")))?;
                    let ms = u64::try_from(timeout.as_millis()).expect("it was made from a u64");
                    set_once("timeout", &mut timeout_ms, ms)?;
                }
                Long("check") => check = Check::Strict,
                Long("json") => output = Output::AnswerLine,
                Long("stats") => set_once("stats", &mut question, Question::Stats)?,
                Long("doctor") => set_once("doctor", &mut question, Question::Doctor)?,
                Short('h') | Long("help") => return Ok(RunCodeArgs::Help),
                Short('V') | Long("version") => return Ok(RunCodeArgs::Version),
                Long(name) => return Err(unknown_flag(name, RUN_CODE_FLAGS)),
                other => return Err(other.unexpected().into()),
            }
        }
        if let Some(question) = question {
            if code.is_some() || file.is_some() || input.is_some() || timeout_ms.is_some() {
                return Err(UsageError(
                    "--stats and --doctor ask about a kernel and run no snippet".to_owned(),
                ));
            }
            return Ok(RunCodeArgs::Ask(AskArgs { question, socket, output }));
        }
        let source = match (code, file) {
            (Some(_), Some(_)) => {
                return Err(UsageError("--code and --file exclude each other".to_owned()));
            }
            (None, None) => {
                return Err(UsageError("one of --code and --file is required".to_owned()));
            }
            (Some(code), None) => Source::Inline(code),
            (None, Some(file)) if file == "-" => Source::Stdin,
            (None, Some(file)) => Source::File(file.into()),
        };
        let input = match input {
            None => Input::Inline("{}".to_owned()),
            Some(text) if text == "-" => Input::Stdin,
            Some(text) => match text.strip_prefix('@') {
                Some(path) => Input::File(path.into()),
                None => Input::Inline(text),
            },
        };
        if (&source, &input) == (&Source::Stdin, &Input::Stdin) {
            return Err(UsageError("--file - and --input - both want stdin".to_owned()));
        }
        Ok(RunCodeArgs::Run(RunArgs { source, preset, input, socket, timeout_ms, check, output }))
    }
}

/// What follows `api` or `prompt`.
fn look_up(command: &str, mut parser: lexopt::Parser) -> Result<RunCodeArgs, UsageError> {
    use lexopt::prelude::*;

    let (mut words, mut preset, mut tokens, mut socket) = (Vec::new(), None, None, None);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("tokens") => {
                let n = positive(&parser.value()?.string()?)
                    .map_err(|err| UsageError(format!("--tokens: {err}")))?;
                set_once("tokens", &mut tokens, n)?;
            }
            Long("preset") => set_once("preset", &mut preset, parser.value()?.string()?)?,
            Long("socket") => set_once("socket", &mut socket, socket_value(&mut parser)?)?,
            Short('h') | Long("help") => return Ok(RunCodeArgs::Help),
            Long(name) => {
                return Err(unknown_flag(name, ["preset", "tokens", "socket", "help"]));
            }
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let lookup = match (command, words.split_first()) {
        ("prompt", None) => Lookup::Prompt,
        ("prompt", Some((word, _))) => {
            return Err(UsageError(format!("prompt takes no argument: {word:?}")));
        }
        (_, Some((how, rest))) if how == "search" && !rest.is_empty() => {
            Lookup::Search(rest.join(" "))
        }
        (_, Some((how, rest))) if how == "show" && rest.len() == 1 => Lookup::Show(rest[0].clone()),
        _ => {
            return Err(UsageError(
                "api takes `search <words>` or `show <name>`, such as AwsS3.PutObjectCommand"
                    .to_owned(),
            ));
        }
    };
    Ok(RunCodeArgs::LookUp(LookUpArgs { lookup, preset, tokens, socket }))
}

fn socket_value(parser: &mut lexopt::Parser) -> Result<Endpoint, UsageError> {
    use lexopt::ValueExt;

    parser
        .value()?
        .string()?
        .parse()
        .map_err(|err: crate::endpoint::ParseError| UsageError(format!("--socket: {err}")))
}

fn set_once<T>(flag: &str, slot: &mut Option<T>, value: T) -> Result<(), UsageError> {
    match slot {
        Some(_) => Err(UsageError(format!("--{flag} is given twice"))),
        None => {
            *slot = Some(value);
            Ok(())
        }
    }
}

fn unknown_flag(name: &str, known: impl IntoIterator<Item = &'static str>) -> UsageError {
    let suggestion = suggestion(name, known).replacen('`', "`--", 1);
    UsageError(format!("unknown flag --{name}{suggestion}"))
}

fn millis(text: &str) -> Result<Duration, String> {
    text.parse()
        .map(Duration::from_millis)
        .map_err(|_err| format!("`{text}` is not a whole number of milliseconds"))
}

fn count(text: &str) -> Result<usize, String> {
    // Semaphores of tokio end at 2^61; nobody means more than 2^32.
    text.parse::<u32>()
        .map(|it| it as usize)
        .map_err(|_err| format!("`{text}` is not a whole number"))
}

fn positive(text: &str) -> Result<usize, String> {
    match count(text)? {
        0 => Err("must be at least 1".to_owned()),
        n => Ok(n),
    }
}

fn size(text: &str, plain_unit: usize) -> Result<usize, String> {
    let (number, unit) = match text {
        _ if text.ends_with("KiB") => (&text[..text.len() - 3], 1 << 10),
        _ if text.ends_with("MiB") => (&text[..text.len() - 3], MIB),
        _ if text.ends_with("GiB") => (&text[..text.len() - 3], 1 << 30),
        _ => (text, plain_unit),
    };
    number
        .trim_end()
        .parse::<usize>()
        .ok()
        .and_then(|it| it.checked_mul(unit))
        .filter(|&it| it > 0)
        .ok_or_else(|| format!("`{text}` is not a size such as 512KiB or 64MiB"))
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(format!("`{text}` is neither 1 nor 0")),
    }
}

/// What `llm-kernel --help` prints.
pub fn kernel_help() -> String {
    let mut res = String::from(
        "Runs TypeScript snippets for whoever connects.\n\n\
         Usage: llm-kernel [flags]\n       \
                llm-kernel preset check <dir>\n       \
                llm-kernel preset init <dir> --package [<global>=]<name>[@<version>] …\n\n\
         Flags:\n",
    );
    for setting in SETTINGS {
        let flag = match setting.form {
            Form::Takes(value) => format!("--{} {value}", setting.flag),
            Form::Switch => format!("--{}", setting.flag),
        };
        let default = match setting.form {
            Form::Takes(_) => format!(" [default: {}]", setting.default),
            Form::Switch => String::new(),
        };
        let _ = writeln!(res, "  {flag:<24} {}", setting.help);
        let _ = writeln!(res, "  {:<24} {}{default}", "", setting.variable);
    }
    res.push_str(
        "  -h, --help               print this\n  \
           -V, --version            print the version\n\n\
         A flag wins over its variable. Sizes take KiB, MiB or GiB. The timeout's variable has\n\
         an old name, LLM_KERNEL_TIMEOUT_MS; all others follow from their flags.\n\
         LLM_KERNEL_TOKEN sets the token that TCP clients must know; without it the kernel makes\n\
         one and leaves it where run-code of the same user finds it.\n",
    );
    res
}

/// What `run-code --help` prints.
pub fn run_code_help() -> String {
    format!(
        "Runs one TypeScript snippet and prints its result.\n\n\
         Usage: run-code (--code <ts> | --file <path>) [flags]\n       \
                run-code api search <words> | api show <name> | prompt  [--preset <name>] [--tokens <n>]\n\n\
         Flags:\n  \
           --code <ts>              body of `async function main(input)`\n  \
           --file <path>            read the body from a file; - is stdin\n  \
           --input <json>           JSON passed as `input`; @file and - (stdin) work too\n                           \
             [default: {{}}]\n  \
           --preset <name>          the libraries that the snippet finds; a folder works too where\n                           \
             run-code runs the snippet itself\n  \
           --socket <endpoint>      the kernel to use: /path, unix:/path, tcp://host:port,\n                           \
             host:port or port\n                           \
             LLM_KERNEL_SOCKET\n  \
           --timeout <ms>           time for this request; 0 = no limit, if the kernel has none\n  \
           --check                  run nothing if the check of the snippet finds something\n  \
           --json                   print the whole answer line\n  \
           --tokens <n>             about how long what `api` and `prompt` print may be\n  \
           --stats                  show what the kernel is doing, instead of running anything\n  \
           --doctor                 check kernel, socket, credentials and the rest; says what to do\n  \
           -h, --help               print this\n  \
           -V, --version            print the version\n\n\
         With no endpoint named, a kernel on {DEFAULT_SOCKET} is used if one is there;\n\
         else the snippet runs inside run-code, with the limits that the kernel's variables set\n\
         (see `llm-kernel --help`; its default timeout is LLM_KERNEL_TIMEOUT_MS).\n\n\
         Exit code: 0 result on stdout, 1 the snippet or the kernel failed, 2 bad command line,\n\
         130 interrupted.\n"
    )
}

#[cfg(test)]
mod tests;
