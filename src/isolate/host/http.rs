//! The HTTP exchanges of one run: ops on one side, tokio on the other.
//!
//! Everything that a run has under way hangs on its [`Exchanges`]; dropping that
//! ends it all. Bodies move in bounded pieces both ways, so that an object larger
//! than the isolate can pass through it. What a request may do (policy, keys) is
//! decided in `policy` and `aws`; engine values are never seen here.

mod body;
mod scrub;

pub(crate) use body::OutgoingBody;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use aws_credential_types::Credentials;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    task::{AbortHandle, JoinSet},
};

use self::{
    body::{StreamBody, Upload},
    scrub::Scrub,
};
use super::{
    Arg, CallId, Completions, Reply,
    checksum::{Algorithm, Hasher, checksum_of},
};
use crate::{
    aws::{self, Payload, Scope},
    net::{Net, NetError},
    policy::{Destination, Standing},
    telemetry::CallRow,
};

/// Bytes of a response that wait here for the snippet, and the largest piece
/// that one read gives.
const BUFFER_BYTES: usize = 256 << 10;
/// How long the head of a response waits for the beginning of its body, so that
/// a small one arrives in the same turn.
const BODY_GRACE: Duration = Duration::from_millis(20);
/// Hashing more than this would hold up the other tasks of the runtime.
const HASH_INLINE_BYTES: usize = 1 << 20;
/// Bytes of responses that wait for the snippet, over all exchanges of a run;
/// beyond it each gets one piece at a time.
const ALL_BUFFERS_BYTES: usize = 64 << 20;
/// Exchanges of a run that exist at a time, waiting ones included.
const MAX_OPEN: usize = 4096;
/// So many exchanges are listed, and so many that write; the rest is counted.
pub const MAX_LISTED: usize = 100;
const MAX_HEADERS: usize = 256;
/// What describes a request is read while the door is held; no server takes as much.
const MAX_META_BYTES: usize = 256 << 10;

/// What one run may have under way and move.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Exchanges whose response is not finished or not read; beyond it they are
    /// refused.
    pub open: usize,
    /// Exchanges that move bytes; beyond it they wait for their turn. One that
    /// waits for the snippet to read or write does not count.
    pub at_once: usize,
    /// Request bodies of one piece that the host holds at a time.
    pub held_bytes: usize,
    /// Bytes of response bodies, in all.
    pub bytes_in: u64,
    /// Bytes of request bodies, in all.
    pub bytes_out: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            open: MAX_OPEN,
            at_once: 64,
            held_bytes: 256 << 20,
            bytes_in: 4 << 30,
            bytes_out: 4 << 30,
        }
    }
}

/// What one exchange did outside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// The client's name for it, such as `PutObject`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    pub method: String,
    pub host: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// Absent when no response came; the server may still have acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub ms: f64,
    /// Whether the method is one that changes things.
    pub write: bool,
}

/// What a run did outside, in order of starting.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// The first [`MAX_LISTED`] exchanges, and the first [`MAX_LISTED`] that write.
    pub list: Vec<Effect>,
    /// All exchanges that were started, and those of them that write.
    pub n_calls: usize,
    pub n_writes: usize,
    /// How often each row of the metrics was met.
    pub rows: BTreeMap<CallRow, u64>,
}

/// All exchanges of one run. Dropping it aborts them and frees their bodies.
pub struct Exchanges {
    net: Arc<Net>,
    completions: Completions,
    limits: Limits,
    ledger: Arc<Ledger>,
    at_once: Arc<Semaphore>,
    /// The body of the next exchange, as far as it is here.
    holding: Option<(BytesMut, Held)>,
    open: HashMap<CallId, Open>,
    /// Aborted on drop: this is what ends a run's work outside.
    tasks: JoinSet<()>,
}

/// One exchange, named by the call that started it.
struct Open {
    exchange: Arc<Exchange>,
    upload: Option<Arc<Upload>>,
    task: AbortHandle,
}

/// What the exchanges of a run share.
#[derive(Default)]
struct Ledger {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    held_bytes: AtomicUsize,
    buffered_bytes: AtomicUsize,
    effects: Mutex<Record>,
}

/// Effects in the making.
#[derive(Default)]
struct Record {
    effects: Effects,
    /// For each in the list: since when it runs, until it has ended.
    started: Vec<Option<Instant>>,
}

/// The response side of an exchange: filled by its task, emptied by ops.
struct Exchange {
    call: CallId,
    completions: Completions,
    ledger: Arc<Ledger>,
    incoming: Mutex<Incomings>,
    /// The snippet took bytes; more may be fetched.
    space: Notify,
}

#[derive(Default)]
struct Incomings {
    /// Until the head was delivered.
    head: Head,
    pieces: VecDeque<Bytes>,
    n_bytes: usize,
    /// A read that waits for bytes, and how many it takes at most.
    reader: Option<(CallId, usize)>,
    end: Option<Result<(), NetError>>,
}

#[derive(Default)]
enum Head {
    #[default]
    Awaited,
    Ready(Map<String, Value>),
    Delivered,
}

/// What a request is, as the glue in the isolate describes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Meta {
    client: ClientKind,
    method: String,
    /// `http:` or `https:`.
    protocol: String,
    hostname: String,
    port: Option<u16>,
    /// Encoded, with the query; sent as it is.
    path: String,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    body: BodyKind,
    /// Of a streamed body, when known.
    length: Option<u64>,
    sign: Option<Sign>,
    /// Algorithm of the checksum that the request shall carry.
    checksum: Option<String>,
    #[serde(default)]
    validation: Validation,
    /// Until the head of the response.
    timeout_ms: Option<u64>,
    operation: Option<String>,
    bucket: Option<String>,
}

/// On whose behalf a request is made.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum ClientKind {
    S3,
    Fetch,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum BodyKind {
    #[default]
    None,
    /// The second argument of the op.
    Bytes,
    /// Comes through `httpWrite`.
    Stream,
}

/// Whether the body is compared with the checksum in the response's headers.
#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Validation {
    #[default]
    Off,
    WhenPresent,
}

/// How to sign, and with whose keys.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sign {
    region: String,
    #[serde(default = "s3")]
    service: String,
    /// The snippet's own; the host's when absent.
    credentials: Option<Keys>,
}

/// Has no `Debug`: it holds a secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

/// What to presign: a request without its body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PresignMeta {
    method: String,
    protocol: String,
    hostname: String,
    port: Option<u16>,
    path: String,
    /// Signed, and so to be sent by whoever uses the URL; `host` is added.
    #[serde(default)]
    headers: HashMap<String, String>,
    sign: Sign,
    expires_in: u64,
}

/// The policy of a presigned POST.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PolicyMeta {
    protocol: String,
    hostname: String,
    port: Option<u16>,
    sign: Sign,
    /// ISO 8601.
    expiration: String,
    conditions: Vec<Value>,
}

fn s3() -> String {
    "s3".to_owned()
}

impl Exchanges {
    pub fn new(net: Arc<Net>, completions: Completions, limits: Limits) -> Exchanges {
        Exchanges {
            net,
            completions,
            at_once: Arc::new(Semaphore::new(limits.at_once.min(Semaphore::MAX_PERMITS))),
            limits,
            ledger: Arc::default(),
            holding: None,
            open: HashMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Op `httpStart(meta, body?)`, asynchronous: the head of the response as
    /// JSON text. The call's number names the exchange from then on.
    pub fn start(&mut self, call: CallId, args: &[Arg<'_>]) -> Reply {
        let (meta, body) = match args {
            [Arg::Text(meta)] | [Arg::Text(meta), Arg::Undefined | Arg::Null] => (meta, None),
            [Arg::Text(meta), Arg::Bytes(body)] => (meta, Some(*body)),
            [Arg::Text(meta), Arg::Text(body)] => (meta, Some(body.as_bytes())),
            _ => return Reply::type_error("httpStart takes a description and a body"),
        };
        match self.try_start(call, meta, body) {
            Ok(()) => Reply::Undefined,
            Err(err) => throw(&err),
        }
    }

    /// Op `httpHold(bytes, n_bytes)`: a slice of the body of the next exchange, and
    /// how long that is in all. Copying a large one in one go would hold the door.
    pub fn hold(&mut self, args: &[Arg<'_>]) -> Reply {
        let [Arg::Bytes(slice), Arg::Number(n_bytes)] = args else {
            return Reply::type_error("httpHold takes bytes and their number in all");
        };
        let body = match self.holding.take() {
            Some(body) => body,
            None => {
                let n_bytes = *n_bytes as usize;
                match Held::new(&self.ledger, n_bytes, self.limits.held_bytes) {
                    Ok(held) => (BytesMut::with_capacity(n_bytes), held),
                    Err(err) => return throw(&err),
                }
            }
        };
        let (bytes, held) = self.holding.insert(body);
        if bytes.len() + slice.len() > held.n_bytes {
            return Reply::type_error("the body is longer than was said");
        }
        bytes.extend_from_slice(slice);
        Reply::Undefined
    }

    /// Op `httpTake(exchange, max)`: bytes that are here already, `true` when no
    /// more will come, nothing when `httpRead` has to be waited for.
    pub fn take(&mut self, args: &[Arg<'_>]) -> Reply {
        let [Arg::Number(exchange), Arg::Number(max)] = args else {
            return Reply::type_error("httpTake takes an exchange and a number of bytes");
        };
        let Some(open) = self.open.get(&(*exchange as CallId)) else { return Reply::Bool(true) };
        let mut incoming = open.exchange.incoming.lock();
        let reply = match open.exchange.take_from(&mut incoming, *max as usize) {
            Some(Reply::Undefined) => Reply::Bool(true),
            Some(reply) => reply,
            None => Reply::Undefined,
        };
        open.exchange.space.notify_one();
        reply
    }

    /// Op `httpRead(exchange, max)`, asynchronous: the next bytes, or nothing at
    /// the end.
    pub fn read(&mut self, call: CallId, args: &[Arg<'_>]) -> Reply {
        let [Arg::Number(exchange), Arg::Number(max)] = args else {
            return Reply::type_error("httpRead takes an exchange and a number of bytes");
        };
        let Some(open) = self.open.get(&(*exchange as CallId)) else {
            self.completions.complete(call, Reply::Undefined);
            return Reply::Undefined;
        };
        let mut incoming = open.exchange.incoming.lock();
        if incoming.reader.is_some() {
            return Reply::type_error("a read of this response is already under way");
        }
        match open.exchange.take_from(&mut incoming, *max as usize) {
            Some(reply) => self.completions.complete(call, reply),
            None => incoming.reader = Some((call, *max as usize)),
        }
        open.exchange.space.notify_one();
        Reply::Undefined
    }

    /// Op `httpWrite(exchange, bytes)`, asynchronous: done when there is room for
    /// the next piece. What comes after the server stopped reading is dropped:
    /// the response says why it did.
    pub fn write(&mut self, call: CallId, args: &[Arg<'_>]) -> Reply {
        let [Arg::Number(exchange), Arg::Bytes(bytes)] = args else {
            return Reply::type_error("httpWrite takes an exchange and bytes");
        };
        if let Err(err) = self.count_out(bytes.len()) {
            return throw(&err);
        }
        match self.upload(*exchange) {
            Some(upload) => match upload.write(call, Bytes::copy_from_slice(bytes)) {
                Ok(()) => Reply::Undefined,
                Err(err) => throw(&err),
            },
            None => {
                self.completions.complete(call, Reply::Undefined);
                Reply::Undefined
            }
        }
    }

    /// Op `httpEnd(exchange)`: the request body is complete.
    pub fn end(&mut self, args: &[Arg<'_>]) -> Reply {
        let [Arg::Number(exchange)] = args else {
            return Reply::type_error("httpEnd takes an exchange");
        };
        if let Some(upload) = self.upload(*exchange) {
            upload.end();
        }
        Reply::Undefined
    }

    /// Op `httpAbort(exchange)`: drops it; whatever waits for it is rejected.
    pub fn abort(&mut self, args: &[Arg<'_>]) -> Reply {
        let [Arg::Number(exchange)] = args else {
            return Reply::type_error("httpAbort takes an exchange");
        };
        if let Some(open) = self.open.remove(&(*exchange as CallId)) {
            open.task.abort();
            open.exchange.finish(Err(NetError::Aborted));
        }
        Reply::Undefined
    }

    /// Op `awsDefaults()`, asynchronous: [`aws::Defaults`] as JSON text.
    pub fn aws_defaults(&mut self, call: CallId, _args: &[Arg<'_>]) -> Reply {
        let json = |it: &aws::Defaults| {
            serde_json::to_string(it).expect("strings and flags are always JSON")
        };
        if let Some(known) = self.net.aws.known_defaults() {
            return Reply::Text(json(known));
        }
        self.answer(call, move |net| async move { Ok(json(net.aws.defaults().await)) });
        Reply::Undefined
    }

    /// Op `awsPresign(meta)`, asynchronous: the URL.
    pub fn presign(&mut self, call: CallId, args: &[Arg<'_>]) -> Reply {
        let meta: PresignMeta = match parse(args) {
            Ok(meta) => meta,
            Err(err) => return throw(&err),
        };
        self.answer(call, |net| async move {
            let to = destination(&meta.protocol, &meta.hostname, meta.port)?;
            let mut request = head(&meta.method, &meta.protocol, &to, &meta.path, &meta.headers)?;
            let PresignMeta { sign, protocol, method, path, .. } = &meta;
            let keys = keys(&net, sign, protocol, &to, method, path).await?;
            // Content lengths and types may be signed; nothing else is ours to add.
            request.headers_mut().remove(header::AUTHORIZATION);
            let expires_in = Duration::from_secs(meta.expires_in);
            aws::presign(request, expires_in, &meta.sign.scope(), &keys, net.signing_time())
                .map_err(NetError::Invalid)
        });
        Reply::Undefined
    }

    /// Op `awsSignPolicy(meta)`, asynchronous: the fields to add to the form, as
    /// JSON text.
    pub fn sign_policy(&mut self, call: CallId, args: &[Arg<'_>]) -> Reply {
        let meta: PolicyMeta = match parse(args) {
            Ok(meta) => meta,
            Err(err) => return throw(&err),
        };
        self.answer(call, |net| async move {
            let to = destination(&meta.protocol, &meta.hostname, meta.port)?;
            let keys = keys(&net, &meta.sign, &meta.protocol, &to, "", "").await?;
            let scope = meta.sign.scope();
            let now = net.signing_time();
            let fields = aws::sign_policy(&meta.expiration, meta.conditions, &scope, &keys, now);
            Ok(Value::Object(fields).to_string())
        });
        Reply::Undefined
    }

    /// What the run has done so far.
    pub fn effects(&self) -> Effects {
        let record = self.ledger.effects.lock();
        let mut effects = record.effects.clone();
        for (effect, started) in effects.list.iter_mut().zip(&record.started) {
            if let Some(started) = started {
                effect.ms = to_ms(started.elapsed());
            }
        }
        effects
    }

    /// Exchanges that are not finished.
    pub fn n_open(&self) -> usize {
        self.open.values().filter(|it| !it.exchange.is_spent()).count()
    }

    fn try_start(&mut self, call: CallId, meta: &str, body: Option<&[u8]>) -> Result<(), NetError> {
        // Whatever becomes of this exchange, the next one must not find it.
        let holding = self.holding.take();
        let meta: Meta = described(meta)?;
        while self.tasks.try_join_next().is_some() {}
        self.open.retain(|_, it| !it.exchange.is_spent());
        if self.open.len() >= self.limits.open {
            return Err(NetError::OverBudget(format!(
                "more than {} requests are under way; await some, and read or cancel \
                 the bodies of their responses, before sending others",
                self.limits.open
            )));
        }
        let to = destination(&meta.protocol, &meta.hostname, meta.port)?;
        let request = head(&meta.method, &meta.protocol, &to, &meta.path, &meta.headers)?;
        let checksum = match &meta.checksum {
            Some(name) => Some(name.parse::<Algorithm>().map_err(NetError::Invalid)?),
            None => None,
        };
        let (body, upload) = match meta.body {
            BodyKind::None => (Outgoing::None, None),
            BodyKind::Bytes => {
                let (bytes, held) = match (body, holding) {
                    (None, Some((bytes, held))) => (bytes.freeze(), held),
                    (body, _) => {
                        let body = body.unwrap_or_default();
                        let held = Held::new(&self.ledger, body.len(), self.limits.held_bytes)?;
                        (Bytes::copy_from_slice(body), held)
                    }
                };
                self.count_out(bytes.len())?;
                (Outgoing::Bytes(bytes, held), None)
            }
            BodyKind::Stream => {
                let upload = Upload::new(self.completions.clone());
                (Outgoing::Stream(upload.clone().body(meta.length)), Some(upload))
            }
        };
        let exchange = Arc::new(Exchange {
            call,
            completions: self.completions.clone(),
            ledger: self.ledger.clone(),
            incoming: Mutex::default(),
            space: Notify::new(),
        });
        let work = Work {
            net: self.net.clone(),
            ledger: self.ledger.clone(),
            bytes_in: self.limits.bytes_in,
            at_once: self.at_once.clone(),
            effect: Recorder::new(&self.ledger, &meta, &to),
            exchange: exchange.clone(),
            to,
            checksum,
            meta,
        };
        // `AssertUnwindSafe` holds because a panic ends the exchange.
        let run = AssertUnwindSafe(work.run(request, body)).catch_unwind();
        let panicked = Arc::clone(&exchange);
        let task = async move {
            if run.await.is_err() {
                panicked.finish(Err(failed_inside()));
            }
        };
        let task = self.tasks.spawn_on(task, &self.net.runtime);
        self.open.insert(call, Open { exchange, upload, task });
        Ok(())
    }

    fn upload(&self, exchange: f64) -> Option<&Arc<Upload>> {
        self.open.get(&(exchange as CallId))?.upload.as_ref()
    }

    fn count_out(&self, n_bytes: usize) -> Result<(), NetError> {
        let sent = self.ledger.bytes_out.fetch_add(n_bytes as u64, Ordering::Relaxed);
        if sent + n_bytes as u64 > self.limits.bytes_out {
            return Err(over_bytes("sent", self.limits.bytes_out));
        }
        Ok(())
    }

    /// Does `work` beside the run and completes `call` with its text.
    fn answer<F>(&mut self, call: CallId, work: impl FnOnce(Arc<Net>) -> F)
    where
        F: Future<Output = Result<String, NetError>> + Send + 'static,
    {
        let completions = self.completions.clone();
        // `AssertUnwindSafe` holds because nothing of the work is used again.
        let work = AssertUnwindSafe(work(self.net.clone())).catch_unwind();
        let task = async move {
            completions.complete(
                call,
                match work.await.unwrap_or_else(|_panic| Err(failed_inside())) {
                    Ok(text) => Reply::Text(text),
                    Err(err) => throw(&err),
                },
            );
        };
        self.tasks.spawn_on(task, &self.net.runtime);
    }
}

impl fmt::Debug for Exchanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanges").field("n_open", &self.n_open()).finish_non_exhaustive()
    }
}

/// A panic of ours, beside the run: it costs that call.
fn failed_inside() -> NetError {
    NetError::Invalid("the kernel failed in it".to_owned())
}

/// A request body before it is one.
enum Outgoing {
    None,
    Bytes(Bytes, Held),
    Stream(Box<StreamBody>),
}

/// Bytes counted against `held_bytes` for as long as this lives.
pub(crate) struct Held {
    ledger: Arc<Ledger>,
    n_bytes: usize,
}

impl Held {
    fn new(ledger: &Arc<Ledger>, n_bytes: usize, limit: usize) -> Result<Held, NetError> {
        let held = ledger.held_bytes.fetch_add(n_bytes, Ordering::Relaxed);
        // Made before the check, so that a refusal gives the bytes back.
        let res = Held { ledger: ledger.clone(), n_bytes };
        if held + n_bytes > limit {
            return Err(NetError::OverBudget(format!(
                "request bodies of more than {} MiB are under way; \
                 await some before sending others, or stream them",
                limit >> 20
            )));
        }
        Ok(res)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.ledger.held_bytes.fetch_sub(self.n_bytes, Ordering::Relaxed);
    }
}

/// Writes the effect of an exchange down: at its start, its head and its end.
struct Recorder {
    ledger: Arc<Ledger>,
    /// `None` when the list was full.
    idx: Option<usize>,
    row: CallRow,
}

impl Recorder {
    fn new(ledger: &Arc<Ledger>, meta: &Meta, to: &Destination) -> Recorder {
        let row = CallRow::new(match meta.client {
            ClientKind::S3 => Some(meta.operation.as_deref().unwrap_or_default()),
            ClientKind::Fetch => None,
        });
        let write = !matches!(&*meta.method, "GET" | "HEAD" | "OPTIONS");
        let mut record = ledger.effects.lock();
        let Record { effects, started } = &mut *record;
        *effects.rows.entry(row).or_default() += 1;
        effects.n_calls += 1;
        effects.n_writes += usize::from(write);
        let is_listed = effects.n_calls <= MAX_LISTED || (write && effects.n_writes <= MAX_LISTED);
        if !is_listed {
            return Recorder { ledger: ledger.clone(), idx: None, row };
        }
        let short = |it: &Option<String>| it.as_ref().map(|it| it.chars().take(128).collect());
        started.push(Some(Instant::now()));
        effects.list.push(Effect {
            operation: short(&meta.operation),
            method: meta.method.clone(),
            host: to.host(),
            bucket: short(&meta.bucket),
            status: None,
            ms: 0.0,
            write,
        });
        Recorder { ledger: ledger.clone(), idx: Some(started.len() - 1), row }
    }

    fn status(&self, status: u16) {
        let mut record = self.ledger.effects.lock();
        let rows = &mut record.effects.rows;
        // Until now it counted as unanswered.
        if let Some(n) = rows.get_mut(&self.row) {
            *n -= 1;
        }
        *rows.entry(self.row.answered(status)).or_default() += 1;
        if let Some(idx) = self.idx {
            record.effects.list[idx].status = Some(status);
        }
    }
}

impl Drop for Recorder {
    /// Also when the task is aborted.
    fn drop(&mut self) {
        let mut record = self.ledger.effects.lock();
        if let Some(idx) = self.idx
            && let Some(started) = record.started[idx].take()
        {
            record.effects.list[idx].ms = to_ms(started.elapsed());
        }
    }
}

/// What the task of one exchange owns.
struct Work {
    net: Arc<Net>,
    ledger: Arc<Ledger>,
    bytes_in: u64,
    at_once: Arc<Semaphore>,
    effect: Recorder,
    exchange: Arc<Exchange>,
    to: Destination,
    checksum: Option<Algorithm>,
    meta: Meta,
}

impl Work {
    async fn run(self, request: Request<()>, body: Outgoing) {
        // A streamed body is as slow as the snippet, which may write only what it
        // has read from another exchange.
        let turn = match body {
            Outgoing::Stream(_) => None,
            Outgoing::None | Outgoing::Bytes(..) => Some(self.turn().await),
        };
        let end = match self.send(request, body).await {
            Ok((response, scrub)) => self.receive(response, scrub, turn).await,
            Err(err) => Err(err),
        };
        self.exchange.finish(end);
    }

    async fn turn(&self) -> SemaphorePermit<'_> {
        self.at_once.acquire().await.expect("nobody closes it")
    }

    /// The response, and what must not be seen in it if it is an error's: S3 repeats
    /// a session token that it does not like.
    async fn send(
        &self,
        mut request: Request<()>,
        body: Outgoing,
    ) -> Result<(Response<Incoming>, Option<Scrub>), NetError> {
        let standing = match self.meta.client {
            ClientKind::S3 => self.net.aws.standing(&self.to).await,
            ClientKind::Fetch => Standing::Stranger,
        };
        // Before anything is hashed, and before a hint about keys that would only
        // lead to this refusal.
        self.net.check_name(&self.to, standing)?;
        let (body, payload) = self.prepare(&mut request, body).await?;
        let mut scrub = None;
        if let Some(sign) = &self.meta.sign {
            let Meta { protocol, method, path, .. } = &self.meta;
            let keys = keys(&self.net, sign, protocol, &self.to, method, path).await?;
            let now = self.net.signing_time();
            aws::sign(&mut request, &payload, &sign.scope(), &keys, now)
                .map_err(NetError::Invalid)?;
            let token = keys.session_token().filter(|it| !it.is_empty());
            scrub = token.filter(|_| sign.credentials.is_none()).map(Scrub::new);
        }
        let sent = self.net.request(&self.to, standing, request.map(|()| body));
        let response = match self.meta.timeout_ms.map(Duration::from_millis) {
            None => sent.await,
            Some(after) => tokio::time::timeout(after, sent)
                .await
                .unwrap_or(Err(NetError::TimedOut { what: "the response", after })),
        }?;
        let scrub = scrub.filter(|_| !response.status().is_success());
        Ok((response, scrub))
    }

    /// Adds checksums and what the signature needs to know of the body.
    async fn prepare(
        &self,
        request: &mut Request<()>,
        body: Outgoing,
    ) -> Result<(OutgoingBody, Payload), NetError> {
        let headers = request.headers_mut();
        // As Node's SDK does, over TLS too: some buckets refuse unsigned bodies.
        let signs = self.meta.sign.is_some();
        // Somebody who computed it already knows better.
        let checksum = self.checksum.filter(|it| !headers.contains_key(it.header()));
        match body {
            Outgoing::None => {
                if let Some(algorithm) = checksum {
                    insert(headers, algorithm.header(), &checksum_of(algorithm, b""))?;
                }
                let payload = Payload::Sha256(sha256_hex(b""));
                Ok((OutgoingBody::empty(), payload))
            }
            Outgoing::Bytes(bytes, held) => {
                let work = move |bytes: &[u8]| {
                    let sum = checksum.map(|it| (it, checksum_of(it, bytes)));
                    (sum, signs.then(|| sha256_hex(bytes)))
                };
                let (sum, sha256) = if bytes.len() <= HASH_INLINE_BYTES {
                    work(&bytes)
                } else {
                    let bytes = bytes.clone();
                    tokio::task::spawn_blocking(move || work(&bytes))
                        .await
                        .map_err(|err| NetError::Invalid(err.to_string()))?
                };
                if let Some((algorithm, value)) = sum {
                    insert(headers, algorithm.header(), &value)?;
                }
                let payload = sha256.map_or(Payload::Unsigned, Payload::Sha256);
                Ok((OutgoingBody::full(bytes, held), payload))
            }
            Outgoing::Stream(mut body) => {
                let length = body.length();
                let Some(algorithm) = checksum else {
                    if let Some(length) = length {
                        insert(headers, "content-length", &length.to_string())?;
                    }
                    return Ok((OutgoingBody::Stream(body), Payload::Unsigned));
                };
                insert(headers, "x-amz-trailer", algorithm.header())?;
                let encoding = match headers.get(header::CONTENT_ENCODING) {
                    Some(it) => format!("{},aws-chunked", String::from_utf8_lossy(it.as_bytes())),
                    None => "aws-chunked".to_owned(),
                };
                insert(headers, "content-encoding", &encoding)?;
                if let Some(length) = length {
                    insert(headers, "x-amz-decoded-content-length", &length.to_string())?;
                }
                body.set_trailer(algorithm);
                Ok((OutgoingBody::Stream(body), Payload::UnsignedTrailer))
            }
        }
    }

    /// Passes the body on, as fast as the snippet takes it.
    async fn receive<'a>(
        &'a self,
        response: Response<Incoming>,
        mut scrub: Option<Scrub>,
        mut turn: Option<SemaphorePermit<'a>>,
    ) -> Result<(), NetError> {
        self.effect.status(response.status().as_u16());
        let mut validator = self.validator(&response);
        let (head, mut body) = response.into_parts();
        self.exchange.incoming.lock().head = Head::Ready(describe(&head));
        let mut grace = std::pin::pin!(tokio::time::sleep(BODY_GRACE));
        let mut is_waiting = true;
        while !body.is_end_stream() {
            if self.exchange.is_full() {
                self.exchange.deliver_head();
                is_waiting = false;
                let took_turns = turn.take().is_some();
                while self.exchange.is_full() {
                    self.exchange.space.notified().await;
                }
                if took_turns {
                    turn = Some(self.turn().await);
                }
            }
            let frame = tokio::select! {
                biased;
                frame = body.frame() => frame,
                () = &mut grace, if is_waiting => {
                    self.exchange.deliver_head();
                    is_waiting = false;
                    continue;
                }
            };
            let Some(frame) = frame else { break };
            let frame = frame.map_err(|err| NetError::from_body(&err, &self.to))?;
            let Ok(data) = frame.into_data() else { continue };
            let received = self.ledger.bytes_in.fetch_add(data.len() as u64, Ordering::Relaxed);
            if received + data.len() as u64 > self.bytes_in {
                return Err(over_bytes("received", self.bytes_in));
            }
            if let Some((_, _, hasher)) = &mut validator {
                hasher.update(&data);
            }
            self.exchange.push(match &mut scrub {
                Some(scrub) => scrub.push(&data),
                None => data,
            });
        }
        if let Some(scrub) = scrub {
            self.exchange.push(scrub.finish());
        }
        if let Some((header, received, hasher)) = validator {
            let expected = hasher.finish();
            if expected != received {
                return Err(NetError::Checksum { header, expected, received });
            }
        }
        Ok(())
    }

    /// The checksum that the response promises for exactly these bytes.
    fn validator(&self, response: &Response<Incoming>) -> Option<(&'static str, String, Hasher)> {
        if self.meta.validation == Validation::Off
            || response.status() != http::StatusCode::OK
            || self.meta.method == "HEAD"
        {
            return None;
        }
        Algorithm::VALIDATED.into_iter().find_map(|algorithm| {
            let value = response.headers().get(algorithm.header())?.to_str().ok()?;
            // `…-3` is the checksum of three parts' checksums, not of the bytes.
            let is_whole = !value.contains('-');
            is_whole.then(|| (algorithm.header(), value.to_owned(), Hasher::new(algorithm)))
        })
    }
}

impl Exchange {
    fn is_full(&self) -> bool {
        let n_bytes = self.incoming.lock().n_bytes;
        let all = self.ledger.buffered_bytes.load(Ordering::Relaxed);
        n_bytes >= BUFFER_BYTES || n_bytes > 0 && all >= ALL_BUFFERS_BYTES
    }

    /// Nothing is left to do or to read.
    fn is_spent(&self) -> bool {
        let incoming = self.incoming.lock();
        matches!(incoming.end, Some(Ok(()))) && incoming.pieces.is_empty()
    }

    fn push(&self, data: Bytes) {
        if data.is_empty() {
            return;
        }
        let mut incoming = self.incoming.lock();
        incoming.n_bytes += data.len();
        self.ledger.buffered_bytes.fetch_add(data.len(), Ordering::Relaxed);
        incoming.pieces.push_back(data);
        self.serve_reader(&mut incoming);
    }

    fn deliver_head(&self) {
        self.deliver(&mut self.incoming.lock());
    }

    fn finish(&self, end: Result<(), NetError>) {
        let mut incoming = self.incoming.lock();
        match end {
            Err(err) if matches!(incoming.head, Head::Awaited) => {
                incoming.head = Head::Delivered;
                self.completions.complete(self.call, throw(&err));
                // Nobody will read; the exchange is over.
                incoming.end = Some(Ok(()));
            }
            end => incoming.end = Some(end),
        }
        if let Some(Err(NetError::Aborted)) = incoming.end {
            incoming.pieces.clear();
            self.ledger.buffered_bytes.fetch_sub(incoming.n_bytes, Ordering::Relaxed);
            incoming.n_bytes = 0;
        }
        self.deliver(&mut incoming);
        self.serve_reader(&mut incoming);
    }

    fn deliver(&self, incoming: &mut Incomings) {
        match std::mem::replace(&mut incoming.head, Head::Delivered) {
            Head::Ready(mut head) => {
                head.insert("buffered".to_owned(), json!(incoming.n_bytes));
                let is_ended = matches!(incoming.end, Some(Ok(())));
                head.insert("ended".to_owned(), json!(is_ended));
                self.completions.complete(self.call, Reply::Text(Value::Object(head).to_string()));
            }
            other => incoming.head = other,
        }
    }

    fn take_from(&self, incoming: &mut Incomings, max: usize) -> Option<Reply> {
        let before = incoming.n_bytes;
        let reply = incoming.take(max);
        self.ledger.buffered_bytes.fetch_sub(before - incoming.n_bytes, Ordering::Relaxed);
        reply
    }

    fn serve_reader(&self, incoming: &mut Incomings) {
        if let Some((call, max)) = incoming.reader
            && let Some(reply) = self.take_from(incoming, max)
        {
            incoming.reader = None;
            self.completions.complete(call, reply);
        }
    }
}

impl Incomings {
    /// The next bytes; `Undefined` at the end; `None` while there is nothing.
    fn take(&mut self, max: usize) -> Option<Reply> {
        if self.pieces.is_empty() {
            return match self.end.as_ref()? {
                Ok(()) => Some(Reply::Undefined),
                Err(err) => {
                    let reply = throw(err);
                    // Said once; afterwards the exchange is spent.
                    self.end = Some(Ok(()));
                    Some(reply)
                }
            };
        }
        let max = max.clamp(1, BUFFER_BYTES);
        let mut bytes = Vec::with_capacity(max.min(self.n_bytes));
        while bytes.len() < max
            && let Some(piece) = self.pieces.front_mut()
        {
            let room = max - bytes.len();
            if piece.len() <= room {
                bytes.extend_from_slice(piece);
                self.pieces.pop_front();
            } else {
                bytes.extend_from_slice(&piece.split_to(room));
            }
        }
        self.n_bytes -= bytes.len();
        Some(Reply::Bytes(bytes))
    }
}

impl Sign {
    fn scope(&self) -> Scope {
        Scope { region: self.region.clone(), service: self.service.clone() }
    }
}

/// The keys to sign with: the snippet's own, else the host's if they may go there.
async fn keys(
    net: &Net,
    sign: &Sign,
    protocol: &str,
    to: &Destination,
    method: &str,
    path: &str,
) -> Result<Credentials, NetError> {
    if let Some(keys) = &sign.credentials {
        let token = keys.session_token.clone();
        return Ok(Credentials::new(
            &keys.access_key_id,
            &keys.secret_access_key,
            token,
            None,
            "snippet",
        ));
    }
    let stay = |why| Err(NetError::KeysStayHome { to: to.clone(), why });
    if !matches!(&*sign.service, "s3" | "s3express" | "s3-object-lambda" | "s3-outposts") {
        return stay("they sign for S3 only");
    }
    if let Some(why) = asks_for_keys(method, path) {
        return stay(why);
    }
    match net.aws.standing(to).await {
        Standing::Stranger => {
            stay("it is neither AWS nor an endpoint that the operator configured")
        }
        Standing::AwsS3 if protocol != "https:" => stay("AWS is only asked over TLS"),
        Standing::AwsS3 | Standing::Operator => {
            net.aws.credentials().await.map_err(NetError::NoCredentials)
        }
    }
}

/// Whether the answer would be a key: a session of S3 Express or, where one endpoint
/// serves more than S3, what IAM and STS give.
fn asks_for_keys(method: &str, path: &str) -> Option<&'static str> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    // Anywhere in the query: a decoder may see more in it than we do.
    let names = |wanted: &str| {
        query.split('&').any(|parameter| {
            let name = parameter.split('=').next().unwrap_or_default();
            url::form_urlencoded::parse(name.as_bytes())
                .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
        })
    };
    if names("session") {
        return Some("the answer to CreateSession is a key, and the host's stay on the host");
    }
    let is_action = names("action") || method == "POST" && path == "/" && query.is_empty();
    is_action.then_some("what IAM and STS answer can be a key, and the host's stay on the host")
}

fn destination(protocol: &str, hostname: &str, port: Option<u16>) -> Result<Destination, NetError> {
    let default_port = match protocol {
        "https:" => 443,
        "http:" => 80,
        _ => {
            return Err(NetError::Invalid(format!(
                "{protocol:?} is not supported; use an http: or https: URL"
            )));
        }
    };
    Destination::new(hostname, port.unwrap_or(default_port))
        .ok_or_else(|| NetError::Invalid(format!("{hostname:?} is not a host name")))
}

/// The request without its body; `Host` is ours, and so is what frames a body.
fn head(
    method: &str,
    protocol: &str,
    to: &Destination,
    path: &str,
    headers: &HashMap<String, String>,
) -> Result<Request<()>, NetError> {
    let default_port = if protocol == "https:" { 443 } else { 80 };
    let authority =
        if to.port() == default_port { to.host() } else { format!("{}:{}", to.host(), to.port()) };
    let slash = if path.starts_with('/') { "" } else { "/" };
    let uri = format!("{protocol}//{authority}{slash}{path}")
        .parse::<Uri>()
        .map_err(|err| NetError::Invalid(format!("the URL cannot be sent: {err}")))?;
    let method = method
        .parse::<http::Method>()
        .map_err(|_| NetError::Invalid(format!("{method:?} is not an HTTP method")))?;
    // As browsers do: the answers repeat what a request carried, or make a tunnel.
    if matches!(&*method.as_str().to_ascii_uppercase(), "CONNECT" | "TRACE" | "TRACK") {
        return Err(NetError::Invalid(format!("requests with the method {method} are not sent")));
    }
    if headers.len() > MAX_HEADERS {
        return Err(NetError::Invalid(format!("more than {MAX_HEADERS} headers")));
    }
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if !is_ours(&name) {
            insert(request.headers_mut(), &name, value)?;
        }
    }
    insert(request.headers_mut(), "host", &authority)?;
    Ok(request)
}

/// Headers that belong to the connection, not to the request.
fn is_ours(name: &str) -> bool {
    matches!(
        name,
        "host"
            | "connection"
            | "content-length"
            | "expect"
            | "keep-alive"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    ) || name.starts_with("proxy-")
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), NetError> {
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| NetError::Invalid(format!("{name:?} is not a header name")))?;
    // The value is not in the message: it may be a secret.
    let value = HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| NetError::Invalid(format!("the value of header {name} cannot be sent")))?;
    headers.insert(name, value);
    Ok(())
}

/// Status and headers as the snippet gets them; repeated ones are joined, cookies
/// by line ends.
fn describe(head: &http::response::Parts) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in head.headers.keys() {
        let values: Vec<_> = head
            .headers
            .get_all(name)
            .iter()
            .map(|it| String::from_utf8_lossy(it.as_bytes()))
            .collect();
        let separator = if *name == header::SET_COOKIE { "\n" } else { ", " };
        headers.insert(name.as_str().to_owned(), json!(values.join(separator)));
    }
    let mut res = Map::new();
    res.insert("status".to_owned(), json!(head.status.as_u16()));
    res.insert("headers".to_owned(), Value::Object(headers));
    res
}

/// Tenths of a millisecond are more than a network deserves.
fn to_ms(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e4).round() / 10.0
}

fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|it| format!("{it:02x}")).collect()
}

fn parse<T: for<'de> Deserialize<'de>>(args: &[Arg<'_>]) -> Result<T, NetError> {
    let [Arg::Text(meta)] = args else {
        return Err(NetError::Invalid("the op takes one description".to_owned()));
    };
    described(meta)
}

fn described<'de, T: Deserialize<'de>>(meta: &'de str) -> Result<T, NetError> {
    if meta.len() > MAX_META_BYTES {
        let (len, most) = (meta.len(), MAX_META_BYTES);
        return Err(NetError::Invalid(format!(
            "a request has at most {most} bytes of URL and headers here, not {len}"
        )));
    }
    serde_json::from_str(meta).map_err(malformed)
}

/// Only where, not what: the description may hold keys.
fn malformed(err: serde_json::Error) -> NetError {
    let what = match err.classify() {
        serde_json::error::Category::Data => {
            "has a field that is missing, unknown or of the wrong type"
        }
        _ => "is not JSON",
    };
    NetError::Invalid(format!("the description of the request {what} (column {})", err.column()))
}

fn over_bytes(what: &str, limit: u64) -> NetError {
    NetError::OverBudget(format!("the run has {what} more than {} MiB", limit >> 20))
}

fn throw(err: &NetError) -> Reply {
    Reply::Throw { name: err.name().to_owned(), message: err.to_string() }
}
