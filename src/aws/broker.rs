//! Credentials from a process that has kept its rights.
//!
//! A kernel that is locked down can neither start a profile's `credential_process`
//! nor write the cache of an SSO login. So where the profiles use such, the same
//! program runs once more beside it, from before the lock-down to the kernel's end:
//! a line in asks, a line out answers. It takes no other question, and what it can
//! be told is nothing.

use std::{
    ffi::OsString,
    fs, io,
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_credential_types::Credentials;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::{Aws, NoCredentials, Origin, Source, source_name};

/// What makes the kernel's program a broker.
pub const ARGUMENT: &str = "credential-broker";

/// A running broker. It ends when its pipes close, with the kernel at the latest.
#[derive(Debug)]
pub struct Broker {
    pipes: Mutex<Pipes>,
    /// Waited for by nobody: it outlives no one who could.
    _child: Child,
}

#[derive(Debug)]
struct Pipes {
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// One answer, as a line of JSON.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    #[serde(rename_all = "camelCase")]
    Keys {
        id: String,
        secret: String,
        session: Option<String>,
        expiry_secs: Option<u64>,
        /// Its name, for people.
        source: String,
    },
    Reason(String),
}

impl Broker {
    /// `program` is this one; its environment is ours.
    pub fn start(program: &Path) -> io::Result<Arc<Broker>> {
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // The terminal's Ctrl-C is for the kernel, which may still sign for runs.
            .process_group(0)
            .spawn()?;
        let questions = child.stdin.take().expect("it was asked for");
        let answers = BufReader::new(child.stdout.take().expect("it was asked for"));
        Ok(Arc::new(Broker { pipes: Mutex::new(Pipes { questions, answers }), _child: child }))
    }

    pub(super) async fn credentials(self: &Arc<Self>) -> Result<Credentials, NoCredentials> {
        let broker = Arc::clone(self);
        let gone = |err: &dyn std::fmt::Display| NoCredentials {
            reason: format!("the credential broker is gone: {err}; restart the kernel"),
        };
        let asked = tokio::task::spawn_blocking(move || broker.ask()).await;
        match asked.map_err(|err| gone(&err))?.map_err(|err| gone(&err))? {
            Line::Reason(reason) => Err(NoCredentials { reason }),
            Line::Keys { id, secret, session, expiry_secs, source } => {
                let expiry = expiry_secs.map(|it| UNIX_EPOCH + Duration::from_secs(it));
                let mut keys = Credentials::new(id, secret, session, expiry, "broker");
                keys.set_property(Origin(source));
                Ok(keys)
            }
        }
    }

    fn ask(&self) -> io::Result<Line> {
        let mut pipes = self.pipes.lock();
        pipes.questions.write_all(b"\n")?;
        let mut line = String::new();
        match pipes.answers.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(serde_json::from_str(&line)?),
        }
    }
}

/// The broker's life: an answer for every line, until there are no more.
pub fn serve(questions: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    let aws = Aws::new(Source::Environment);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for question in questions.lines() {
        question?;
        let line = match runtime.block_on(aws.credentials()) {
            Err(NoCredentials { reason }) => Line::Reason(reason),
            Ok(keys) => Line::Keys {
                id: keys.access_key_id().to_owned(),
                secret: keys.secret_access_key().to_owned(),
                session: keys.session_token().map(str::to_owned),
                expiry_secs: keys.expiry().and_then(secs),
                source: source_name(&keys),
            },
        };
        serde_json::to_writer(&mut answers, &line)?;
        answers.write_all(b"\n")?;
        answers.flush()?;
    }
    Ok(())
}

fn secs(time: SystemTime) -> Option<u64> {
    time.duration_since(UNIX_EPOCH).ok().map(|it| it.as_secs())
}

/// Whether a profile asks for what a locked-down process cannot do.
pub fn is_needed(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let home = variable("HOME").map(PathBuf::from).unwrap_or_default();
    let file = |name, default| {
        variable(name).map_or_else(|| home.join(".aws").join(default), PathBuf::from)
    };
    let files =
        [file("AWS_CONFIG_FILE", "config"), file("AWS_SHARED_CREDENTIALS_FILE", "credentials")];
    files.iter().filter_map(|it| fs::read_to_string(it).ok()).any(|text| {
        text.lines().map(str::trim_start).any(|it| {
            ["credential_process", "sso_session", "sso_start_url"]
                .iter()
                .any(|key| it.starts_with(key))
        })
    })
}
