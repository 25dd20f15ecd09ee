//! HTTP for all runs: one pool of warm connections, and the network policy at the
//! point where a socket is opened.
//!
//! Making a [`Net`] costs nothing: no file is read, no name resolved and no root
//! certificate loaded before the first request needs it. Redirects are never
//! followed here, and nothing is retried once a byte of it was sent: both are for
//! the client inside the isolate to decide.

mod reactor;

pub(crate) use self::reactor::BLOCKING_THREADS;
pub use self::reactor::Reactor;

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use http::{Response, Uri};
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{ClientConfig, crypto::ring};
use tokio::{net::TcpStream, runtime::Handle, sync::OnceCell};
use tower_service::Service;

use crate::{
    aws::{Aws, NoCredentials, Source},
    isolate::host::http::OutgoingBody,
    policy::{Destination, Policy, Refusal, Standing},
};

/// Until name, socket and TLS are ready.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one address may be silent before the next one is tried beside it.
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const IDLE_PER_HOST: usize = 64;
/// S3 refuses a signature that is 15 minutes off; below this we leave it alone.
const NOTICED_SKEW: i64 = 4 * 60;

/// What a [`Net`] is made of.
#[derive(Clone, Debug)]
pub struct Config {
    pub policy: Policy,
    pub aws: Source,
    pub resolver: Resolver,
}

/// Who turns names into addresses.
#[derive(Clone, Debug)]
pub enum Resolver {
    System,
    /// Only these names exist.
    Table(HashMap<String, Vec<IpAddr>>),
}

/// Shared by all runs; every run talks through its own
/// [`Exchanges`](crate::isolate::host::http::Exchanges).
pub struct Net {
    pub(crate) runtime: Handle,
    pub(crate) aws: Aws,
    policy: Arc<Policy>,
    /// One pool for each standing, so that a connection opened for the S3 client
    /// is never handed to somebody whom the policy would have refused it.
    pools: [Client<Connector, OutgoingBody>; 3],
    /// Seconds that AWS's clock is ahead of ours, once it was noticed.
    skew: AtomicI64,
}

/// Why there is no response, or not all of it. Other requests are not affected.
#[derive(Clone, Debug)]
pub(crate) enum NetError {
    /// The request itself cannot be made.
    Invalid(String),
    /// The policy forbids the destination. Nothing was sent.
    Refused(Refusal),
    /// The host's keys are not for this endpoint. Nothing was sent.
    KeysStayHome { to: Destination, why: &'static str },
    /// There is nothing to sign with. Nothing was sent.
    NoCredentials(NoCredentials),
    /// The name has no address.
    NotFound { to: Destination, reason: String },
    /// Nobody accepts connections there.
    Unreachable { to: Destination, reason: Arc<io::Error> },
    /// The other side is not who it should be, or does not speak TLS.
    Tls { to: Destination, reason: String },
    /// Nothing came in time.
    TimedOut { what: &'static str, after: Duration },
    /// The connection broke; the server may have seen the request.
    Broken { to: Destination, reason: String },
    /// The body that came is not the one that was stored.
    Checksum { header: &'static str, expected: String, received: String },
    /// A budget of the run is used up.
    OverBudget(String),
    /// The snippet gave up on it.
    Aborted,
}

type HttpStream = MaybeHttpsStream<TokioIo<TcpStream>>;

impl Net {
    pub fn new(runtime: Handle, config: Config) -> Arc<Net> {
        let policy = Arc::new(config.policy);
        let resolver = Arc::new(config.resolver);
        let tls = Arc::new(OnceCell::new());
        let pool = |standing| {
            let tcp = Tcp { policy: policy.clone(), resolver: resolver.clone(), standing };
            Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(IDLE_PER_HOST)
                .build(Connector { tcp, tls: tls.clone() })
        };
        Arc::new(Net {
            pools: [pool(Standing::Stranger), pool(Standing::AwsS3), pool(Standing::Operator)],
            aws: Aws::new(config.aws),
            skew: AtomicI64::new(0),
            runtime,
            policy,
        })
    }

    /// Whether a request may go there, as far as the name tells.
    pub(crate) fn check_name(&self, to: &Destination, standing: Standing) -> Result<(), NetError> {
        self.policy.check_name(to, standing).map_err(NetError::Refused)
    }

    /// Sends one request and waits for the head of its response.
    pub(crate) async fn request(
        &self,
        to: &Destination,
        standing: Standing,
        request: http::Request<OutgoingBody>,
    ) -> Result<Response<Incoming>, NetError> {
        // Again for every request: a pooled connection is not looked up anew.
        self.check_name(to, standing)?;
        let pool = match standing {
            Standing::Stranger => &self.pools[0],
            Standing::AwsS3 => &self.pools[1],
            Standing::Operator => &self.pools[2],
        };
        let response = pool.request(request).await.map_err(|err| NetError::from_client(err, to))?;
        if standing != Standing::Stranger {
            self.notice_skew(&response);
        }
        Ok(response)
    }

    /// The time that AWS will compare a signature's with.
    pub(crate) fn signing_time(&self) -> SystemTime {
        let skew = self.skew.load(Ordering::Relaxed);
        let by = Duration::from_secs(skew.unsigned_abs());
        let now = SystemTime::now();
        if skew < 0 { now.checked_sub(by).unwrap_or(now) } else { now + by }
    }

    /// Learns how wrong this machine's clock is, so that the client's retry of a
    /// request refused as skewed is signed with the right time.
    fn notice_skew(&self, response: &Response<Incoming>) {
        let date = response.headers().get(http::header::DATE).and_then(|it| it.to_str().ok());
        let Some(theirs) = date.and_then(|it| httpdate::parse_http_date(it).ok()) else { return };
        let seconds = |it: SystemTime| {
            it.duration_since(UNIX_EPOCH).map_or(0, |it| i64::try_from(it.as_secs()).unwrap_or(0))
        };
        let skew = seconds(theirs) - seconds(SystemTime::now());
        let skew = if skew.abs() < NOTICED_SKEW { 0 } else { skew };
        self.skew.store(skew, Ordering::Relaxed);
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Opens sockets, and asks the policy about each address before it does.
#[derive(Clone)]
struct Tcp {
    policy: Arc<Policy>,
    resolver: Arc<Resolver>,
    standing: Standing,
}

impl Tcp {
    async fn connect(self, uri: Uri) -> Result<TokioIo<TcpStream>, NetError> {
        let to = destination_of(&uri)
            .ok_or_else(|| NetError::Invalid(format!("there can be no host for {uri}")))?;
        self.policy.check_name(&to, self.standing).map_err(NetError::Refused)?;
        let addrs = self.resolve(&to).await?;
        let mut refusal = None;
        let mut allowed = vec![];
        for addr in addrs {
            match self.policy.check_addr(&to, self.standing, addr) {
                Ok(()) => allowed.push(SocketAddr::new(addr, to.port())),
                Err(it) => refusal = refusal.or(Some(it)),
            }
        }
        if let (true, Some(refusal)) = (allowed.is_empty(), refusal) {
            return Err(NetError::Refused(refusal));
        }
        let socket = connect_first(allowed)
            .await
            .map_err(|reason| NetError::Unreachable { to, reason: reason.into() })?;
        // Requests leave in one piece; waiting to fill a packet only costs time.
        let _ = socket.set_nodelay(true);
        Ok(TokioIo::new(socket))
    }

    async fn resolve(&self, to: &Destination) -> Result<Vec<IpAddr>, NetError> {
        if let Some(addr) = to.addr() {
            return Ok(vec![addr]);
        }
        let not_found = |reason| NetError::NotFound { to: to.clone(), reason };
        let addrs: Vec<IpAddr> = match &*self.resolver {
            Resolver::System => tokio::net::lookup_host((to.host(), to.port()))
                .await
                .map_err(|err| not_found(err.to_string()))?
                .map(|it| it.ip())
                .collect(),
            Resolver::Table(table) => table.get(&to.host()).cloned().unwrap_or_default(),
        };
        if addrs.is_empty() {
            return Err(not_found("the name has no address".to_owned()));
        }
        Ok(addrs)
    }
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connected = self.clone().connect(uri);
        Box::pin(async { Ok(connected.await?) })
    }
}

/// [`Tcp`], with TLS for `https`; root certificates are read for the first one.
#[derive(Clone)]
struct Connector {
    tcp: Tcp,
    tls: Arc<OnceCell<Arc<ClientConfig>>>,
}

impl Connector {
    async fn connect(self, uri: Uri) -> Result<HttpStream, NetError> {
        if uri.scheme_str() != Some("https") {
            return Ok(MaybeHttpsStream::Http(self.tcp.connect(uri).await?));
        }
        let to = destination_of(&uri)
            .ok_or_else(|| NetError::Invalid(format!("there can be no host for {uri}")))?;
        let tls_error = |reason: String| NetError::Tls { to: to.clone(), reason };
        let config = self.tls.get_or_try_init(load_tls).await.map_err(&tls_error)?;
        let mut https = HttpsConnector::from((self.tcp, config.clone()));
        https.call(uri).await.map_err(|err| match err.downcast::<NetError>() {
            Ok(err) => *err,
            Err(err) => tls_error(innermost(&*err)),
        })
    }
}

impl Service<Uri> for Connector {
    type Response = HttpStream;
    type Error = NetError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connected = self.clone().connect(uri);
        Box::pin(async {
            tokio::time::timeout(CONNECT_TIMEOUT, connected).await.unwrap_or(Err(
                NetError::TimedOut { what: "the connection", after: CONNECT_TIMEOUT },
            ))
        })
    }
}

/// Connects to whichever address answers first, giving the earlier ones a head
/// start: a broken IPv6 route must not cost the whole connect timeout.
async fn connect_first(addrs: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts: FuturesUnordered<_> = addrs
        .into_iter()
        .zip(0u32..)
        .map(|(addr, idx)| async move {
            if idx > 0 {
                tokio::time::sleep(NEXT_ADDRESS * idx).await;
            }
            TcpStream::connect(addr).await
        })
        .collect();
    let mut first_error = None;
    while let Some(attempt) = attempts.next().await {
        match attempt {
            Ok(socket) => return Ok(socket),
            Err(err) => first_error = first_error.or(Some(err)),
        }
    }
    Err(first_error.unwrap_or_else(|| io::Error::other("there is no address to try")))
}

/// The operating system's root certificates; `SSL_CERT_FILE` and `SSL_CERT_DIR`
/// are honoured. Reading them blocks, so it happens beside the runtime.
async fn load_tls() -> Result<Arc<ClientConfig>, String> {
    let load = || {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the cipher suites of the default versions")
            .with_native_roots()?;
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        io::Result::Ok(Arc::new(config))
    };
    tokio::task::spawn_blocking(load).await.map_err(|err| err.to_string())?.map_err(|err| {
        format!("{err}; install the system's CA certificates or set SSL_CERT_FILE on the host")
    })
}

fn destination_of(uri: &Uri) -> Option<Destination> {
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    Destination::new(uri.host()?, port)
}

fn innermost(err: &(dyn Error + 'static)) -> String {
    let mut err = err;
    while let Some(source) = err.source() {
        err = source;
    }
    err.to_string()
}

impl NetError {
    /// Finds our own error below the client's, or says what broke.
    fn from_client(err: hyper_util::client::legacy::Error, to: &Destination) -> NetError {
        let mut source = err.source();
        while let Some(cause) = source {
            if let Some(own) = cause.downcast_ref::<NetError>() {
                return own.clone();
            }
            source = cause.source();
        }
        NetError::Broken { to: to.clone(), reason: innermost(&err) }
    }

    /// A body that ended before it was complete.
    pub(crate) fn from_body(err: &hyper::Error, to: &Destination) -> NetError {
        NetError::Broken { to: to.clone(), reason: innermost(err) }
    }

    /// What the snippet sees: the name of an error class, or (all capitals) the
    /// code that Node's `fetch` and `http` give such an error, which is what the
    /// SDK's retry strategy looks at.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            NetError::Invalid(_) => "TypeError",
            NetError::Refused(_) | NetError::KeysStayHome { .. } => "NotAllowedError",
            NetError::NoCredentials(_) => "CredentialsProviderError",
            NetError::NotFound { .. } => "ENOTFOUND",
            NetError::Unreachable { reason, .. } => match reason.kind() {
                io::ErrorKind::ConnectionRefused => "ECONNREFUSED",
                io::ErrorKind::NetworkUnreachable => "ENETUNREACH",
                io::ErrorKind::ConnectionReset => "ECONNRESET",
                _ => "EHOSTUNREACH",
            },
            NetError::Tls { .. } => "TLSError",
            NetError::TimedOut { .. } => "TimeoutError",
            NetError::Broken { .. } => "ECONNRESET",
            NetError::Checksum { .. } => "Error",
            NetError::OverBudget(_) => "QuotaExceededError",
            NetError::Aborted => "AbortError",
        }
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NetError::Invalid(message) | NetError::OverBudget(message) => f.write_str(message),
            NetError::Refused(it) => it.fmt(f),
            NetError::KeysStayHome { to, why } => write!(
                f,
                "the host's own credentials are not used for {to}: {why}; \
                 pass `credentials` of your own to S3Client"
            ),
            NetError::NoCredentials(it) => it.fmt(f),
            NetError::NotFound { to, reason } => {
                write!(f, "cannot find the host of {to}: {reason}")
            }
            NetError::Unreachable { to, reason } => write!(f, "cannot connect to {to}: {reason}"),
            NetError::Tls { to, reason } => write!(f, "no secure connection to {to}: {reason}"),
            NetError::TimedOut { what, after } => {
                write!(f, "{what} took longer than {} ms", after.as_millis())
            }
            NetError::Broken { to, reason } => write!(f, "the connection to {to} broke: {reason}"),
            // The words of the SDK.
            NetError::Checksum { header, expected, received } => write!(
                f,
                "Checksum mismatch: expected \"{expected}\" but received \"{received}\" \
                 in response header \"{header}\"."
            ),
            NetError::Aborted => f.write_str("the request was aborted"),
        }
    }
}

impl Error for NetError {}
