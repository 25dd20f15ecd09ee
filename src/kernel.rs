//! Listeners, connections, shutdown; the owner of tokio.
//!
//! A kernel is one thread that turns lines into requests and answers into lines;
//! what happens in between is `service`'s. It installs no signal handler, gives up
//! no rights and reads no environment: where it listens, what it allows and when
//! it stops are told to it.

mod connection;
mod held;
mod lines;
mod listener;
mod outbox;
mod scrape;
mod stream;

use std::{
    collections::BTreeMap,
    fmt, io,
    net::TcpListener as StdTcpListener,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream, UnixListener},
    runtime, select,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

pub use self::listener::{Inherited, Reach};
use self::{connection::Connection, held::Holdings, listener::Listener, stream::Stream};
use crate::{
    endpoint::Endpoint,
    lockdown,
    net::{BLOCKING_THREADS, Reactor},
    protocol::{Answer, Failure, FailureKind, millis},
    service::{self, Service},
    telemetry::{self, Gauges, Peer, resident_bytes},
    token::{Token, TokenFile},
};

#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen, unless a socket was inherited.
    pub endpoint: Endpoint,
    pub reach: Reach,
    pub access: Access,
    pub limits: Limits,
    /// How long nobody must be connected for [`Kernel::idle`] to say so.
    pub idle_limit: Option<Duration>,
    /// Where Prometheus finds metrics, if anywhere.
    pub metrics: Option<Endpoint>,
    pub service: service::Config,
}

/// What a TCP client must know. A Unix socket asks the system who is speaking
/// and needs nothing.
#[derive(Clone, Debug)]
pub enum Access {
    Open,
    Token(Token),
    /// Make one, and leave it in this folder for clients of the same user.
    TokenFile(PathBuf),
}

/// What a connection may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one request line.
    pub line_bytes: usize,
    /// From the first byte of a line to its end; `None` waits for ever.
    pub line_time: Option<Duration>,
    pub n_connections: usize,
    /// Requests of one connection that are not answered yet. Beyond it the
    /// kernel stops reading from that connection.
    pub n_in_flight: usize,
    /// Requests of all connections that are not answered yet. Beyond it they are
    /// refused.
    pub n_requests: usize,
    /// Bytes of answers that one client has not read yet. Beyond it the client
    /// is dropped.
    pub unread_bytes: usize,
    /// Bytes of request lines and answers that all connections hold together.
    /// Beyond it requests are refused.
    pub held_bytes: usize,
}

/// A kernel that holds its endpoint and serves nobody yet. It has no thread: what
/// the process gives up now, all its threads have given up.
#[derive(Debug)]
pub struct Bound {
    listener: Listener,
    endpoint: Endpoint,
    token: Option<Token>,
    token_file: Option<TokenFile>,
    limits: Limits,
    idle_limit: Option<Duration>,
    metrics: Option<(StdTcpListener, Endpoint)>,
    service: service::Config,
}

/// A running kernel. Dropping it stops it without grace.
pub struct Kernel {
    endpoint: Endpoint,
    metrics_endpoint: Option<Endpoint>,
    shared: Arc<Shared>,
    phase: watch::Sender<Phase>,
    /// Taken by `idle`.
    idle: Option<mpsc::Receiver<()>>,
    /// Taken by `stop`.
    thread: Option<thread::JoinHandle<()>>,
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// How far a kernel's life has gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Serving,
    /// No new connections; the service refuses new requests.
    Stopping,
    /// Every request is answered; connections send what they have and end.
    Stopped,
}

/// What every connection sees.
#[derive(Debug)]
struct Shared {
    service: Service,
    limits: Limits,
    /// `None` where no token is asked for.
    token: Option<Token>,
    n_connections: AtomicUsize,
    /// For requests in flight.
    places: Arc<Semaphore>,
    holdings: Arc<Holdings>,
    lockdown: Option<lockdown::Report>,
}

impl Shared {
    /// Members of the answer to `stats`.
    fn stats(&self) -> String {
        let metrics = self.service.metrics();
        let Gauges { workers, running, suspended, queued, connections, held_bytes } = self.gauges();
        let stats = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "uptimeMs": metrics.uptime().as_millis() as u64,
            "connections": connections,
            "heldBytes": held_bytes,
            "requests": metrics.requests(),
            "presets": self
                .service
                .presets()
                .into_iter()
                .map(|(preset, n_isolates)| json!({
                    "name": preset.name,
                    "version": preset.version,
                    "isolates": n_isolates,
                }))
                .collect::<Vec<_>>(),
            "workers": workers,
            "queued": queued,
            "running": running,
            "suspended": suspended,
            "answers": metrics.answers().into_iter().collect::<BTreeMap<_, _>>(),
            "latencyMs": metrics
                .latencies()
                .into_iter()
                .map(|(name, it)| (name, json!({
                    "count": it.count,
                    "p50": millis(it.p50),
                    "p90": millis(it.p90),
                    "p99": millis(it.p99),
                    "max": millis(it.max),
                })))
                .collect::<BTreeMap<_, _>>(),
            "lockdown": self.lockdown.as_ref().map(lockdown::Report::to_json),
            "residentBytes": resident_bytes(),
            "lostLogLines": telemetry::lost_lines(),
        });
        format!(r#""stats":{stats}"#)
    }

    fn gauges(&self) -> Gauges {
        let connections = self.n_connections.load(Relaxed);
        let held_bytes = self.holdings.n_bytes();
        Gauges { connections, held_bytes, ..self.service.gauges() }
    }

    /// Everything that is measured, for Prometheus.
    fn metrics(&self) -> String {
        self.service.metrics().text(&self.gauges())
    }
}

/// For the last lines of a kernel that stops, and for a refusal.
const FAREWELL: Duration = Duration::from_secs(1);

impl Bound {
    /// Takes the endpoint, and leaves a token if one has to be made. Clients that
    /// connect from now on wait until it serves.
    pub fn new(config: Config, inherited: Option<Inherited>) -> io::Result<Bound> {
        let Config { endpoint, reach, access, limits, idle_limit, metrics, service } = config;
        let listener = match inherited {
            Some(inherited) => Listener::inherit(inherited, reach)?,
            None => Listener::bind(&endpoint, reach)?,
        };
        let metrics = metrics.map(|it| scrape::bind(&it, reach)).transpose()?;
        let endpoint = listener.endpoint()?;
        let (token, token_file) = match (&endpoint, access) {
            (Endpoint::Unix(_), _) | (_, Access::Open) => (None, None),
            (_, Access::Token(token)) => (Some(token), None),
            (Endpoint::Tcp { port, .. }, Access::TokenFile(folder)) => {
                let token = Token::random()?;
                let file = TokenFile::create(&folder, *port, &token).map_err(|err| {
                    let what = format!("cannot leave a token in {}: {err}", folder.display());
                    io::Error::new(err.kind(), what)
                })?;
                (Some(token), Some(file))
            }
        };
        Ok(Bound { listener, endpoint, token, token_file, limits, idle_limit, metrics, service })
    }

    /// Folders in which it removes files of its own when it stops.
    pub fn folders(&self) -> Vec<PathBuf> {
        let files =
            self.listener.path().into_iter().chain(self.token_file.as_ref().map(TokenFile::path));
        files.filter_map(|it| it.parent()).map(Path::to_owned).collect()
    }

    /// Starts the threads. `lockdown` is what the process has given up.
    pub fn serve(self, lockdown: Option<lockdown::Report>) -> io::Result<Kernel> {
        let Bound { listener, endpoint, token, token_file, limits, idle_limit, metrics, service } =
            self;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .build()?;
        let shared = Arc::new(Shared {
            service: Service::start(service, Reactor::of(runtime.handle().clone()))?,
            limits,
            token,
            n_connections: AtomicUsize::new(0),
            places: Arc::new(Semaphore::new(limits.n_requests)),
            holdings: Holdings::new(limits.held_bytes),
            lockdown,
        });
        let (phase, seen_phase) = watch::channel(Phase::Serving);
        let acceptor = {
            let _entered = runtime.enter();
            Acceptor::new(listener)?
        };
        let (became_idle, idle) = mpsc::channel();
        let idle_watch = IdleWatch { limit: idle_limit, since: Instant::now(), became_idle };
        let thread_shared = Arc::clone(&shared);
        let metrics_endpoint = match metrics {
            None => None,
            Some((socket, endpoint)) => {
                let _entered = runtime.enter();
                let socket = TcpListener::from_std(socket)?;
                runtime.spawn(scrape::serve(socket, Arc::clone(&shared)));
                Some(endpoint)
            }
        };
        let thread = thread::Builder::new().name("kernel".to_owned()).spawn(move || {
            runtime.block_on(accept_loop(acceptor, thread_shared, seen_phase, idle_watch));
            drop(token_file);
        })?;
        telemetry::kernel_started(
            &endpoint.to_string(),
            metrics_endpoint.as_ref().map(Endpoint::to_string).as_deref(),
        );
        Ok(Kernel {
            endpoint,
            metrics_endpoint,
            shared,
            phase,
            idle: Some(idle),
            thread: Some(thread),
        })
    }
}

impl Kernel {
    /// When this returns, clients can connect. For a process that keeps its rights.
    pub fn start(config: Config) -> io::Result<Kernel> {
        Bound::new(config, None)?.serve(None)
    }

    /// Where clients find it.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Where Prometheus finds metrics.
    pub fn metrics_endpoint(&self) -> Option<&Endpoint> {
        self.metrics_endpoint.as_ref()
    }

    /// Gets one message when nobody has been connected for the idle limit. What
    /// follows from that is the owner's to decide. `None` the second time.
    pub fn idle(&mut self) -> Option<mpsc::Receiver<()>> {
        self.idle.take()
    }

    /// Stops accepting, lets what runs finish until `grace` is over, answers the
    /// rest with `shutting_down`, and removes the socket.
    pub fn stop(mut self, grace: Duration) {
        self.shut_down(grace);
    }

    fn shut_down(&mut self, grace: Duration) {
        let Some(thread) = self.thread.take() else { return };
        telemetry::kernel_stopping(grace);
        self.phase.send_replace(Phase::Stopping);
        self.shared.service.stop(grace);
        self.phase.send_replace(Phase::Stopped);
        // A panic of its has been reported on stderr, and there is nobody left
        // who could do anything about it.
        let _ = thread.join();
        let metrics = self.shared.service.metrics();
        telemetry::kernel_stopped(metrics.requests(), metrics.uptime());
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.shut_down(Duration::ZERO);
    }
}

/// A listener that tokio knows; keeps the claim on the path.
enum Acceptor {
    Unix { socket: UnixListener, _claim: Option<listener::Claim> },
    Tcp { socket: TcpListener },
}

impl Acceptor {
    fn new(listener: Listener) -> io::Result<Acceptor> {
        Ok(match listener {
            Listener::Unix { socket, claim } => {
                Acceptor::Unix { socket: UnixListener::from_std(socket)?, _claim: claim }
            }
            Listener::Tcp { socket } => Acceptor::Tcp { socket: TcpListener::from_std(socket)? },
        })
    }

    async fn accept(&self) -> io::Result<(Stream, Caller)> {
        match self {
            Acceptor::Unix { socket, .. } => {
                let (stream, _address) = socket.accept().await?;
                let uid = stream.peer_cred().ok().map(|it| it.uid());
                Ok((Stream::unix(stream)?, Caller::User(uid)))
            }
            Acceptor::Tcp { socket } => {
                let (stream, _address) = socket.accept().await?;
                // An answer is one write; waiting for more of it only costs.
                stream.set_nodelay(true)?;
                notice_absence(&stream)?;
                Ok((Stream::tcp(stream)?, Caller::Anybody))
            }
        }
    }
}

/// Who is at the other end, by the system's word.
enum Caller {
    /// `None` where it does not know.
    User(Option<u32>),
    /// TCP tells nothing.
    Anybody,
}

/// A machine that vanished says nothing, not even that: the system asks it, and
/// tells us within two minutes.
fn notice_absence(stream: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt;

    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_secs(60))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(15))?;
    sockopt::set_tcp_keepcnt(stream, 4)?;
    Ok(())
}

/// Notices that nobody is there.
struct IdleWatch {
    /// `None` once it has been reported.
    limit: Option<Duration>,
    since: Instant,
    became_idle: mpsc::Sender<()>,
}

impl IdleWatch {
    async fn limit_passed(&self) {
        let left = self.limit.map(|it| it.saturating_sub(self.since.elapsed()));
        sleep(left.unwrap_or_default()).await;
    }
}

async fn accept_loop(
    acceptor: Acceptor,
    shared: Arc<Shared>,
    mut phase: watch::Receiver<Phase>,
    mut idle: IdleWatch,
) {
    let mut connections = JoinSet::new();
    let mut pause = Duration::ZERO;
    loop {
        let accepted = select! {
            accepted = acceptor.accept() => accepted,
            Some(_ended) = connections.join_next() => {
                idle.since = Instant::now();
                continue;
            }
            () = idle.limit_passed(), if connections.is_empty() && idle.limit.is_some() => {
                idle.limit = None;
                // Nobody may be interested.
                let _ = idle.became_idle.send(());
                continue;
            }
            _changed = phase.changed() => break,
        };
        match accepted {
            Ok((stream, caller)) => {
                pause = Duration::ZERO;
                if let Err((peer, failure)) = admit(&caller, connections.len(), &shared) {
                    shared.service.metrics().peer_refused(peer);
                    connections.spawn(refuse(stream, failure));
                    continue;
                }
                let connection = Connection::new(stream, Arc::clone(&shared));
                connections.spawn(connection.serve(phase.clone()));
            }
            Err(_out_of_descriptors) => {
                // Other errors of accept are about a client that is gone again:
                // a first pause of 1 ms does not hurt anybody.
                pause = (pause * 2).clamp(Duration::from_millis(1), Duration::from_secs(1));
                select! {
                    () = sleep(pause) => {}
                    _changed = phase.changed() => break,
                }
            }
        }
    }
    // The socket goes at once: the next kernel may start while this one ends.
    drop(acceptor);
    // An error means that the kernel's handle is gone, which says the same.
    let _ = phase.wait_for(|it| *it == Phase::Stopped).await;
    let all = async { while connections.join_next().await.is_some() {} };
    // Who does not read its last lines by then will not.
    let _ = timeout(FAREWELL, all).await;
}

/// Whether this caller may speak to us.
#[expect(clippy::result_large_err, reason = "once per connection")]
fn admit(caller: &Caller, n_connections: usize, shared: &Shared) -> Result<(), (Peer, Failure)> {
    if let Caller::User(uid) = caller {
        let own = rustix::process::geteuid().as_raw();
        if *uid != Some(own) {
            let failure = Failure::bad_request("this kernel serves the user who started it");
            return Err((Peer::Stranger, failure));
        }
    }
    let limit = shared.limits.n_connections;
    if n_connections >= limit {
        let failure = Failure::new(
            FailureKind::Busy,
            format!("{limit} connections are open, which is the limit"),
        )
        .with_hint("nothing has run; try again after a pause");
        return Err((Peer::TooMany, failure));
    }
    Ok(())
}

async fn refuse(stream: Stream, failure: Failure) {
    let line = Answer::refusal(None, failure).into_line();
    // A courtesy; whoever does not take it has no claim to more.
    let _ = timeout(FAREWELL, stream.write_all(&line)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_vanishes_will_be_noticed() {
        let Ok(socket) = std::net::TcpListener::bind("127.0.0.1:0") else { return };
        let address = socket.local_addr().unwrap();
        socket.set_nonblocking(true).unwrap();
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let acceptor = Acceptor::new(Listener::Tcp { socket }).unwrap();
            let _peer = std::net::TcpStream::connect(address).unwrap();
            let (stream, _caller) = acceptor.accept().await.unwrap();
            assert!(rustix::net::sockopt::socket_keepalive(&stream).unwrap());
            let idle = rustix::net::sockopt::tcp_keepidle(&stream).unwrap();
            assert_eq!(idle, Duration::from_secs(60));
        });
    }
}
