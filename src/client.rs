//! A blocking client: lines to a kernel, lines back. Knows no tokio.
//!
//! It talks to kernels of its own user only, and never waits without an end
//! unless it is told to.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read, Write},
    mem,
    net::{TcpStream, ToSocketAddrs},
    os::unix::{fs::MetadataExt, net::UnixStream},
    time::{Duration, Instant},
};

use memchr::memchr;

use crate::{
    api::Lookup,
    endpoint::Endpoint,
    protocol::{Answer, Control, Request},
    token::Token,
};

/// Why there is no answer. The connection is of no further use.
#[derive(Debug)]
pub enum ClientError {
    /// Nobody serves this endpoint.
    NoKernel { endpoint: Endpoint, err: io::Error },
    /// The socket is another user's: what it answers is not to be believed, and
    /// what we would send is none of its business.
    Stranger { endpoint: Endpoint, uid: u32 },
    /// The connection broke.
    Lost(io::Error),
    /// The kernel ended the connection.
    Closed,
    /// The kernel has said nothing for so long.
    Silent(Duration),
    /// The kernel does not take our token, or us.
    Refused(String),
    /// A line came that is no answer.
    Nonsense(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::NoKernel { endpoint, err } => {
                write!(f, "no kernel answers on {endpoint}: {err}; start one with `llm-kernel`")
            }
            ClientError::Stranger { endpoint, uid } => {
                write!(f, "{endpoint} belongs to another user (uid {uid})")
            }
            ClientError::Lost(err) => write!(f, "the connection to the kernel broke: {err}"),
            ClientError::Closed => {
                f.write_str("the kernel closed the connection without an answer")
            }
            ClientError::Silent(limit) => {
                write!(f, "the kernel has been silent for {} ms", limit.as_millis())
            }
            ClientError::Refused(message) => write!(f, "the kernel refuses: {message}"),
            ClientError::Nonsense(message) => {
                write!(f, "the kernel's answer makes no sense: {message}")
            }
        }
    }
}

impl std::error::Error for ClientError {}

#[derive(Debug)]
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Unix(it) => it.set_read_timeout(limit),
            Stream::Tcp(it) => it.set_read_timeout(limit),
        }
    }

    fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Unix(it) => it.set_write_timeout(limit),
            Stream::Tcp(it) => it.set_write_timeout(limit),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Unix(it) => it.write_all(bytes),
            Stream::Tcp(it) => it.write_all(bytes),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(it) => it.read(buffer),
            Stream::Tcp(it) => it.read(buffer),
        }
    }
}

/// Each page of this is cleared before the first byte comes, for every client, and
/// most answers are short.
const N_BUFFERED: usize = 8 * 1024;

/// What a kernel gets to take a connection, or to say who it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a cancelled request gets to be answered.
const CANCEL_PATIENCE: Duration = Duration::from_secs(1);
/// A signal that comes just before the wait begins does not end it: so long may it
/// go unnoticed.
const LOOK_UP: Duration = Duration::from_secs(1);

/// A connection to a kernel.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<Stream>,
    silence_limit: Option<Duration>,
    /// So much of the next line as has come.
    begun: Vec<u8>,
}

impl Client {
    /// With a token, introduces itself by it.
    pub fn connect(endpoint: &Endpoint, token: Option<&Token>) -> Result<Client, ClientError> {
        let no_kernel = |err| ClientError::NoKernel { endpoint: endpoint.clone(), err };
        let stream = match endpoint {
            Endpoint::Unix(path) => {
                let owner = std::fs::metadata(path).map_err(no_kernel)?.uid();
                refuse_stranger(endpoint, owner)?;
                let stream = UnixStream::connect(path).map_err(no_kernel)?;
                // The file may have changed hands since it was looked at.
                #[cfg(target_os = "linux")]
                {
                    let peer = rustix::net::sockopt::socket_peercred(&stream)
                        .map_err(|err| no_kernel(err.into()))?;
                    refuse_stranger(endpoint, peer.uid.as_raw())?;
                }
                Stream::Unix(stream)
            }
            Endpoint::Tcp { host, port } => {
                let stream = connect_tcp(host, *port).map_err(no_kernel)?;
                stream.set_nodelay(true).map_err(no_kernel)?;
                Stream::Tcp(stream)
            }
        };
        let mut client = Client {
            stream: BufReader::with_capacity(N_BUFFERED, stream),
            silence_limit: Some(PATIENCE),
            begun: Vec::new(),
        };
        if let Some(token) = token {
            let token = token.reveal().to_owned();
            client.control(&Control::Auth { token })?.accepted()?;
        }
        Ok(client)
    }

    /// How long to wait for a line; `None` waits for ever.
    pub fn set_silence_limit(&mut self, limit: Option<Duration>) {
        self.silence_limit = limit;
    }

    /// Sends one line and reads one. For clients with one request in flight.
    pub fn exchange(&mut self, line: &str) -> Result<String, ClientError> {
        self.send(line)?;
        self.receive()
    }

    /// `line` may have its line end or not.
    pub fn send(&mut self, line: &str) -> Result<(), ClientError> {
        let limit = self.silence_limit;
        let stream = self.stream.get_mut();
        // A kernel that reads nothing at all is silent, too.
        stream.set_write_timeout(limit).map_err(ClientError::Lost)?;
        let sent = match line.ends_with('\n') {
            true => stream.write_all(line.as_bytes()),
            // One write: two would be two packets.
            false => stream.write_all(format!("{line}\n").as_bytes()),
        };
        match sent {
            Err(err) if is_pause(err.kind()) => Err(ClientError::Silent(limit.unwrap_or_default())),
            // A kernel that refuses us answers and closes before it reads: its
            // line is still there to be received, and says more than this error.
            Err(err) if err.kind() != io::ErrorKind::BrokenPipe => Err(ClientError::Lost(err)),
            _ => Ok(()),
        }
    }

    /// The next line, without its line end.
    pub fn receive(&mut self) -> Result<String, ClientError> {
        let line = self.receive_unless(|| false)?;
        Ok(line.expect("nothing stops it"))
    }

    /// `None` when `stop` says so, which is asked after each signal and once in a
    /// while. What of the line has come by then, or by [`ClientError::Silent`], is
    /// kept for the next call.
    fn receive_unless(&mut self, stop: impl Fn() -> bool) -> Result<Option<String>, ClientError> {
        let deadline = self.silence_limit.and_then(|it| Instant::now().checked_add(it));
        loop {
            if stop() {
                return Ok(None);
            }
            // A line may come in pieces; the limit is for all of it.
            let left = deadline.map(|it| it.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(ClientError::Silent(self.silence_limit.unwrap_or_default()));
            }
            if self.stream.buffer().is_empty() {
                let pause = left.unwrap_or(LOOK_UP).min(LOOK_UP);
                self.stream.get_ref().set_read_timeout(Some(pause)).map_err(ClientError::Lost)?;
            }
            match self.stream.fill_buf() {
                Ok([]) => return Err(ClientError::Closed),
                Ok(bytes) => {
                    let end = memchr(b'\n', bytes);
                    self.begun.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
                    let n_taken = end.map_or(bytes.len(), |it| it + 1);
                    self.stream.consume(n_taken);
                    if end.is_some() {
                        break;
                    }
                }
                Err(err) if is_pause(err.kind()) => {}
                Err(err) => return Err(ClientError::Lost(err)),
            }
        }
        match String::from_utf8(mem::take(&mut self.begun)) {
            Ok(line) => Ok(Some(line)),
            Err(_) => Err(ClientError::Nonsense("not UTF-8".to_owned())),
        }
    }

    /// What the kernel says about the API of what it has loaded.
    pub fn look_up(
        &mut self,
        lookup: Lookup,
        tokens: Option<usize>,
        preset: Option<String>,
    ) -> Result<String, ClientError> {
        Ok(self.control(&Control::Api { lookup, tokens, preset })?.accepted()?.text)
    }

    /// The answer to something else than a snippet.
    pub fn ask(&mut self, control: &Control) -> Result<serde_json::Value, ClientError> {
        let line = self.exchange(&control.to_line())?;
        control_answer(&line)?.accepted()?;
        serde_json::from_str(&line).map_err(|err| ClientError::Nonsense(err.to_string()))
    }

    /// The answer to `request`, and the line that it came in.
    pub fn run(&mut self, request: &Request) -> Result<(Answer, String), ClientError> {
        self.send(&request.to_line())?;
        loop {
            let line = self.receive().inspect_err(|err| self.give_up(err, request))?;
            // The answer to a cancel may come first.
            if !is_control(&line) {
                return Ok((Answer::parse(&line).map_err(ClientError::Nonsense)?, line));
            }
        }
    }

    /// As [`Client::run`], for as long as the request may take and `patience` more.
    ///
    /// What a kernel gives a request that names no timeout, it is asked when it has
    /// been silent for `patience`: most answers are there by then, and asking first
    /// would be another round trip for each. Once `is_interrupted`, the request is
    /// cancelled, and its answer is waited for no longer than [`CANCEL_PATIENCE`].
    pub fn run_in_time(
        &mut self,
        request: &Request,
        patience: Duration,
        is_interrupted: impl Fn() -> bool,
    ) -> Result<(Answer, String), ClientError> {
        let beyond = |timeout_ms| match timeout_ms {
            0 => None,
            ms => Duration::from_millis(ms).checked_add(patience),
        };
        let began = Instant::now();
        self.silence_limit = request.timeout_ms.map_or(Some(patience), beyond);
        let mut unknown = request.timeout_ms.is_none();
        let mut is_cancelled = false;
        self.send(&request.to_line())?;
        loop {
            let line = match self.receive_unless(|| !is_cancelled && is_interrupted()) {
                Ok(Some(line)) => line,
                Ok(None) => {
                    is_cancelled = true;
                    unknown = false;
                    self.silence_limit = Some(CANCEL_PATIENCE);
                    self.cancel(request)?;
                    continue;
                }
                Err(ClientError::Silent(_)) if unknown => {
                    unknown = false;
                    self.send(&Control::Ping.to_line())?;
                    continue;
                }
                Err(err) => {
                    self.give_up(&err, request);
                    return Err(err);
                }
            };
            if !is_control(&line) {
                return Ok((Answer::parse(&line).map_err(ClientError::Nonsense)?, line));
            }
            // To our question, or to a cancel.
            let answered = control_answer(&line)?.accepted()?;
            if let (Some(timeout_ms), false) = (answered.timeout_ms, is_cancelled) {
                let left = |limit: Duration| limit.saturating_sub(began.elapsed());
                // No socket takes a limit of nothing.
                self.silence_limit =
                    beyond(timeout_ms).map(|it| left(it).max(Duration::from_millis(1)));
            }
        }
    }

    /// Over TCP a kernel cannot see that we go: it is told.
    fn give_up(&mut self, err: &ClientError, request: &Request) {
        if let ClientError::Silent(_) = err {
            // It has not answered; whether it still listens is its affair.
            let _ = self.cancel(request);
        }
    }

    fn cancel(&mut self, request: &Request) -> Result<(), ClientError> {
        match &request.id {
            Some(id) => self.send(&Control::Cancel { target: id.clone() }.to_line()),
            None => Ok(()),
        }
    }

    fn control(&mut self, control: &Control) -> Result<ControlAnswer, ClientError> {
        control_answer(&self.exchange(&control.to_line())?)
    }
}

fn control_answer(line: &str) -> Result<ControlAnswer, ClientError> {
    serde_json::from_str(line).map_err(|err| ClientError::Nonsense(err.to_string()))
}

/// Kernels write `op` before `ok`, and what precedes it is the id that we chose.
fn is_control(line: &str) -> bool {
    line.find(r#""ok":"#).is_some_and(|end| line[..end].contains(r#""op":"#))
}

/// So much of the answer to an op as this client needs.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct ControlAnswer {
    ok: bool,
    #[serde(default)]
    error: Option<ControlFailure>,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    text: String,
}

#[derive(Default, serde::Deserialize)]
struct ControlFailure {
    message: String,
}

impl ControlAnswer {
    fn accepted(self) -> Result<ControlAnswer, ClientError> {
        match self.ok {
            true => Ok(self),
            false => Err(ClientError::Refused(self.error.unwrap_or_default().message)),
        }
    }
}

/// The first address of `host` that takes us.
fn connect_tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut res = Err(io::Error::new(io::ErrorKind::NotFound, "the host has no address"));
    for address in (host, port).to_socket_addrs()? {
        res = TcpStream::connect_timeout(&address, PATIENCE);
        if res.is_ok() {
            break;
        }
    }
    res
}

fn refuse_stranger(endpoint: &Endpoint, uid: u32) -> Result<(), ClientError> {
    if uid == rustix::process::geteuid().as_raw() {
        Ok(())
    } else {
        Err(ClientError::Stranger { endpoint: endpoint.clone(), uid })
    }
}

fn is_pause(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as Kind;
    matches!(kind, Kind::WouldBlock | Kind::TimedOut | Kind::Interrupted)
}
