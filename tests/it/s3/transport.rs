//! The host's side alone: ops are called as the door would, without an engine.

use std::{
    collections::HashMap,
    io::Write,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use aws_credential_types::Credentials;
use crossbeam_channel::Receiver;
use llm_kernel::{
    aws::Source,
    isolate::host::{
        Arg, CallId, Completions, Mail, Reply,
        http::{Effect, Exchanges, Limits},
    },
    net::{Config, Net, Resolver},
    policy::Policy,
};
use serde_json::{Value, json};

use super::server::{ACCESS_KEY, Reactor, S3Server, SECRET_KEY, canned_server, misbehaving_server};

/// One thread, as the kernel has for host calls.
pub(crate) static REACTOR: LazyLock<Reactor> = LazyLock::new(Reactor::start);

/// The ops of one run, and what they completed.
pub(crate) struct Run {
    pub(crate) exchanges: Exchanges,
    done: Receiver<Mail>,
    early: HashMap<CallId, Reply>,
    n_calls: CallId,
}

/// The response to one request, body read to its end.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u64,
    headers: Value,
    body: Result<Vec<u8>, (String, String)>,
}

fn net(rules: &str, aws: Source) -> Arc<Net> {
    let policy = Policy::new(rules.split_whitespace().map(|it| it.parse().unwrap()));
    let table = HashMap::from([
        ("s3.us-east-1.amazonaws.com".to_owned(), vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
        ("rebound.example".to_owned(), vec!["169.254.169.254".parse().unwrap()]),
        ("inside.example".to_owned(), vec!["10.0.0.1".parse().unwrap()]),
    ]);
    Net::new(REACTOR.handle.clone(), Config { policy, aws, resolver: Resolver::Table(table) })
}

fn nobody() -> Source {
    Source::Fixed { credentials: None, region: None, endpoint: None }
}

/// A host whose operator configured `addr` and holds the right keys for it.
fn operator_of(addr: SocketAddr) -> Source {
    Source::Fixed {
        credentials: Some(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test")),
        region: Some("us-east-1".to_owned()),
        endpoint: Some(format!("http://{addr}")),
    }
}

impl Run {
    pub(crate) fn new(net: &Arc<Net>) -> Run {
        Run::with_limits(net, Limits::default())
    }

    fn with_limits(net: &Arc<Net>, limits: Limits) -> Run {
        let (sender, done) = crossbeam_channel::unbounded();
        let exchanges = Exchanges::new(net.clone(), Completions::new(sender, 1), limits);
        Run { exchanges, done, early: HashMap::new(), n_calls: 0 }
    }

    pub(crate) fn next_call(&mut self) -> CallId {
        self.n_calls += 1;
        self.n_calls
    }

    #[track_caller]
    pub(crate) fn wait(&mut self, call: CallId) -> Reply {
        loop {
            if let Some(reply) = self.early.remove(&call) {
                return reply;
            }
            let event =
                self.done.recv_timeout(Duration::from_secs(20)).expect("a completion comes");
            let Mail::Completed { completion: done, .. } = event else {
                panic!("nobody stops these runs")
            };
            self.early.insert(done.call, done.reply);
        }
    }

    /// Starts a request; its call when the op took it.
    fn start(&mut self, meta: &Value, body: Option<&[u8]>) -> Result<CallId, (String, String)> {
        let call = self.next_call();
        let meta = meta.to_string();
        let mut args = vec![Arg::Text(meta.into())];
        args.extend(body.map(Arg::Bytes));
        match self.exchanges.start(call, &args) {
            Reply::Undefined => Ok(call),
            Reply::Throw { name, message } => Err((name, message)),
            other => panic!("httpStart gave {other:?}"),
        }
    }

    fn read(&mut self, exchange: CallId) -> Reply {
        let call = self.next_call();
        let args = [Arg::Number(f64::from(exchange)), Arg::Number(f64::from(1 << 20))];
        assert_eq!(self.exchanges.read(call, &args), Reply::Undefined);
        self.wait(call)
    }

    fn write(&mut self, exchange: CallId, bytes: &[u8]) -> CallId {
        let call = self.next_call();
        let args = [Arg::Number(f64::from(exchange)), Arg::Bytes(bytes)];
        assert_eq!(self.exchanges.write(call, &args), Reply::Undefined);
        call
    }

    #[track_caller]
    fn finish(&mut self, exchange: CallId) -> Result<Got, (String, String)> {
        let head: Value = match self.wait(exchange) {
            Reply::Text(head) => serde_json::from_str(&head).unwrap(),
            Reply::Throw { name, message } => return Err((name, message)),
            other => panic!("httpStart completed with {other:?}"),
        };
        let mut body = vec![];
        let body = loop {
            match self.read(exchange) {
                Reply::Bytes(piece) => body.extend(piece),
                Reply::Undefined => break Ok(body),
                Reply::Throw { name, message } => break Err((name, message)),
                other => panic!("httpRead completed with {other:?}"),
            }
        };
        Ok(Got { status: head["status"].as_u64().unwrap(), headers: head["headers"].clone(), body })
    }

    #[track_caller]
    pub(crate) fn send(
        &mut self,
        meta: &Value,
        body: Option<&[u8]>,
    ) -> Result<Got, (String, String)> {
        let exchange = self.start(meta, body)?;
        self.finish(exchange)
    }

    /// A request that must be answered with `status`; its body.
    #[track_caller]
    fn expect(&mut self, status: u64, meta: &Value, body: Option<&[u8]>) -> Vec<u8> {
        let got = self.send(meta, body).unwrap();
        assert_eq!(got.status, status, "{}", String::from_utf8_lossy(&got.body.unwrap()));
        got.body.unwrap()
    }
}

/// A signed request, with the host's keys.
pub(crate) fn request(method: &str, addr: SocketAddr, path: &str) -> Value {
    json!({
        "client": "s3", "method": method, "protocol": "http:",
        "hostname": addr.ip().to_string(), "port": addr.port(), "path": path,
        "sign": { "region": "us-east-1" },
    })
}

fn with(mut meta: Value, more: Value) -> Value {
    meta.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    meta
}

fn pattern(n_bytes: usize) -> Vec<u8> {
    (0..n_bytes).map(|idx| (idx % 251) as u8).collect()
}

#[track_caller]
fn check_error(got: Result<Got, (String, String)>, name: &str, message: &str) {
    let (got_name, got_message) = got.map(|it| format!("{it:?}")).unwrap_err();
    assert_eq!((&*got_name, &*got_message), (name, message));
}

#[test]
fn objects_come_back_as_they_went() {
    let server = S3Server::start();
    let mut run = Run::new(&net("", operator_of(server.addr)));
    for n_bytes in [0, 1, 65_536, 3 << 20] {
        let body = pattern(n_bytes);
        let put = with(
            request("PUT", server.addr, "/bucket/an%20odd%2Bkey%25"),
            json!({ "body": "bytes", "checksum": "CRC32" }),
        );
        run.expect(200, &put, Some(&body));
        let get = request("GET", server.addr, "/bucket/an%20odd%2Bkey%25");
        assert_eq!(run.expect(200, &get, None), body);
    }
    let list = request("GET", server.addr, "/bucket?list-type=2&prefix=an%20odd");
    let list = String::from_utf8(run.expect(200, &list, None)).unwrap();
    assert!(list.contains("<Key>an odd+key%</Key>"), "{list}");
    run.expect(204, &request("DELETE", server.addr, "/bucket/an%20odd%2Bkey%25"), None);
    run.expect(404, &request("GET", server.addr, "/bucket/an%20odd%2Bkey%25"), None);
    assert_eq!(run.exchanges.n_open(), 0);
}

#[test]
fn wrong_keys_are_refused_by_the_server() {
    let server = S3Server::start();
    let mut run = Run::new(&net("", operator_of(server.addr)));
    let keys = json!({ "accessKeyId": ACCESS_KEY, "secretAccessKey": "wrong" });
    let sign = json!({ "sign": { "region": "us-east-1", "credentials": keys } });
    let get = with(request("GET", server.addr, "/bucket?list-type=2"), sign);
    let body = String::from_utf8(run.expect(403, &get, None)).unwrap();
    assert!(body.contains("SignatureDoesNotMatch"), "{body}");
}

#[test]
fn host_keys_stay_with_aws_and_the_operator() {
    let server = S3Server::start();
    let host = Source::Fixed {
        credentials: Some(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test")),
        region: None,
        endpoint: None,
    };
    let mut run = Run::new(&net("127.0.0.1", host));
    let addr = server.addr;
    check_error(
        run.send(&request("GET", addr, "/bucket"), None),
        "NotAllowedError",
        &format!(
            "the host's own credentials are not used for {addr}: it is neither AWS nor an \
             endpoint that the operator configured; pass `credentials` of your own to S3Client"
        ),
    );
    let keys = json!({ "accessKeyId": ACCESS_KEY, "secretAccessKey": SECRET_KEY });
    let sign = json!({ "sign": { "region": "us-east-1", "credentials": keys } });
    run.expect(200, &with(request("GET", addr, "/bucket?list-type=2"), sign), None);
    let aws = json!({ "hostname": "s3.us-east-1.amazonaws.com", "port": 80 });
    check_error(
        run.send(&with(request("GET", addr, "/bucket"), aws), None),
        "NotAllowedError",
        "the host's own credentials are not used for s3.us-east-1.amazonaws.com:80: AWS is only \
         asked over TLS; pass `credentials` of your own to S3Client",
    );
}

/// One endpoint may serve IAM and STS beside S3, and some methods are answered with
/// what was sent.
#[test]
fn host_keys_sign_nothing_whose_answer_is_a_key() {
    let server = S3Server::start();
    let mut run = Run::new(&net("", operator_of(server.addr)));
    let session = "the answer to CreateSession is a key, and the host's stay on the host";
    let action = "what IAM and STS answer can be a key, and the host's stay on the host";
    for (method, path, why) in [
        ("GET", "/bucket?session", session),
        ("GET", "/bucket?x=1&%73ession=", session),
        ("POST", "/", action),
        ("POST", "/?Action=AssumeRole", action),
        ("GET", "/?x=1&%41ction=GetSessionToken", action),
        ("POST", "/bucket?action=CreateAccessKey", action),
    ] {
        let message = format!(
            "the host's own credentials are not used for {}: {why}; pass `credentials` of your \
             own to S3Client",
            server.addr
        );
        let got = run.send(&request(method, server.addr, path), None);
        check_error(got, "NotAllowedError", &message);
    }
    for method in ["TRACE", "trace", "CONNECT", "TRACK"] {
        let got = run.send(&request(method, server.addr, "/bucket"), None);
        check_error(got, "TypeError", &format!("requests with the method {method} are not sent"));
    }
    // And what looks alike is sent.
    let got = run.send(&request("POST", server.addr, "/bucket?delete"), None).unwrap();
    assert_eq!(got.status, 400, "{got:?}");
}

#[test]
fn no_part_of_a_request_can_pass_for_another() {
    let server = S3Server::start();
    let mut run = Run::new(&net("", operator_of(server.addr)));
    let get = request("GET", server.addr, "/bucket?list-type=2");
    for (part, message) in [
        (json!({ "headers": { "x": "a\r\nb: c" } }), "the value of header x cannot be sent"),
        (json!({ "headers": { "x": "a\0" } }), "the value of header x cannot be sent"),
        (json!({ "headers": { "a: b\r\nc": "d" } }), r#""a: b\r\nc" is not a header name"#),
        (json!({ "path": "/b HTTP/1.1\r\nx: y" }), "the URL cannot be sent: invalid uri character"),
        (json!({ "hostname": "127.0.0.1\r\nx: y" }), r#""127.0.0.1\r\nx: y" is not a host name"#),
        (json!({ "hostname": "evil.net@127.0.0.1" }), r#""evil.net@127.0.0.1" is not a host name"#),
        (json!({ "hostname": "127.0.0.1/x" }), r#""127.0.0.1/x" is not a host name"#),
        (
            json!({ "method": "GET / HTTP/1.1\r\n" }),
            r#""GET / HTTP/1.1\r\n" is not an HTTP method"#,
        ),
    ] {
        check_error(run.send(&with(get.clone(), part), None), "TypeError", message);
    }
    // The server checks the signature against the host that it is asked as.
    let host = json!({ "headers": { "Host": "s3.amazonaws.com", "content-length": "5" } });
    run.expect(200, &with(get, host), None);
}

/// S3 repeats the session token in its answer to a request that it refuses.
#[test]
fn a_session_token_does_not_come_back_in_an_error() {
    let token = "FwoGZXIvYXdzEBYaDEXAMPLETOKEN/+=";
    let addr = misbehaving_server(move |head, mut socket| {
        let sent = head.lines().find_map(|it| it.strip_prefix("x-amz-security-token: ")).unwrap();
        let body = format!("<Error><Code>ExpiredToken</Code><Token-0>{sent}</Token-0></Error>");
        let (first, second) = body.split_at(50);
        let length = body.len();
        let head = format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {length}\r\n\r\n{first}");
        socket.write_all(head.as_bytes()).unwrap();
        socket.flush().unwrap();
        socket.write_all(second.as_bytes()).unwrap();
    });
    let aws = Source::Fixed {
        credentials: Some(Credentials::new(
            ACCESS_KEY,
            SECRET_KEY,
            Some(token.to_owned()),
            None,
            "test",
        )),
        region: None,
        endpoint: Some(format!("http://{addr}")),
    };
    let mut run = Run::new(&net("", aws));
    let body = run.expect(400, &request("GET", addr, "/bucket/k"), None);
    assert_eq!(
        String::from_utf8(body).unwrap(),
        "<Error><Code>ExpiredToken</Code><Token-0>********************************</Token-0></Error>"
    );
}

#[test]
fn a_password_in_the_operators_endpoint_stays_on_the_host() {
    let aws = Source::Fixed {
        credentials: None,
        region: None,
        endpoint: Some("http://ada:secret@minio.corp:9000/base".to_owned()),
    };
    let mut run = Run::new(&net("", aws));
    let call = run.next_call();
    run.exchanges.aws_defaults(call, &[]);
    let Reply::Text(defaults) = run.wait(call) else { panic!("no defaults") };
    assert_eq!(
        serde_json::from_str::<Value>(&defaults).unwrap(),
        json!({
            "region": null, "endpoint": "http://minio.corp:9000/base",
            "useFips": false, "useDualStack": false,
        })
    );
}

#[test]
fn a_host_without_keys_says_what_to_do() {
    let server = S3Server::start();
    let aws = Source::Fixed {
        credentials: None,
        region: None,
        endpoint: Some(format!("http://{}", server.addr)),
    };
    let mut run = Run::new(&net("", aws));
    check_error(
        run.send(&request("GET", server.addr, "/bucket"), None),
        "CredentialsProviderError",
        "the host has no AWS credentials (none were configured); on the host, set AWS_PROFILE or \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`; in a snippet, pass \
         `credentials` to S3Client",
    );
}

#[test]
fn the_policy_is_asked_about_addresses() {
    let mut run = Run::new(&net("rebound.example *", nobody()));
    let to = |hostname: &str| {
        json!({
            "client": "fetch", "method": "GET", "protocol": "http:", "hostname": hostname,
            "path": "/latest/meta-data/",
        })
    };
    let cases = [
        (
            "rebound.example",
            "snippets may not connect to rebound.example:80: it serves the machine's own \
             credentials, and no --allow-net changes that",
        ),
        (
            "inside.example",
            "snippets may not connect to inside.example:80: it is at 10.0.0.1, inside a private \
             network, which no wildcard covers; the operator can name it with \
             --allow-net inside.example:80",
        ),
        (
            "s3.us-east-1.amazonaws.com",
            "snippets may not connect to s3.us-east-1.amazonaws.com:80: it is at 127.0.0.1, \
             inside a private network, which no wildcard covers; the operator can name it with \
             --allow-net s3.us-east-1.amazonaws.com:80",
        ),
    ];
    for (hostname, message) in cases {
        check_error(run.send(&to(hostname), None), "NotAllowedError", message);
    }
    check_error(
        run.send(&to("nowhere.example"), None),
        "ENOTFOUND",
        "cannot find the host of nowhere.example:80: the name has no address",
    );
}

#[test]
fn streams_pass_both_ways_in_bounded_pieces() {
    const PIECE: usize = 256 << 10;
    const N_PIECES: usize = 256; // 64 MiB
    let server = S3Server::start();
    let mut run = Run::new(&net("", operator_of(server.addr)));
    let piece = pattern(PIECE);
    for checksum in [Value::Null, json!("CRC64NVME")] {
        let put = with(
            request("PUT", server.addr, "/bucket/large"),
            json!({ "body": "stream", "length": PIECE * N_PIECES, "checksum": checksum }),
        );
        let exchange = run.start(&put, None).unwrap();
        let mut n_parked = 0;
        for _ in 0..N_PIECES {
            let write = run.write(exchange, &piece);
            n_parked += usize::from(run.done.is_empty());
            assert_eq!(run.wait(write), Reply::Undefined);
        }
        assert!(n_parked > 0, "the host took 64 MiB without ever waiting for the server");
        run.exchanges.end(&[Arg::Number(f64::from(exchange))]);
        let got = run.finish(exchange).unwrap();
        assert_eq!(got.status, 200, "{:?}", got.body.map(String::from_utf8));
        let get = with(
            request("GET", server.addr, "/bucket/large"),
            json!({
                "validation": "whenPresent",
                "headers": { "x-amz-checksum-mode": "ENABLED" },
            }),
        );
        let exchange = run.start(&get, None).unwrap();
        run.wait(exchange);
        let mut n_bytes = 0;
        while let Reply::Bytes(bytes) = run.read(exchange) {
            assert!(bytes.len() <= PIECE);
            let expected = (n_bytes..n_bytes + bytes.len()).map(|idx| (idx % PIECE % 251) as u8);
            assert!(bytes.iter().copied().eq(expected), "differs after {n_bytes} bytes");
            n_bytes += bytes.len();
        }
        assert_eq!(n_bytes, PIECE * N_PIECES);
    }
}

#[test]
fn writes_go_through_when_nobody_will_read_them() {
    let mut run = Run::new(&net("", nobody()));
    let put = with(
        request("PUT", "10.0.0.1:80".parse().unwrap(), "/bucket/k"),
        json!({ "body": "stream" }),
    );
    let exchange = run.start(&put, None).unwrap();
    for _ in 0..4 {
        let write = run.write(exchange, &pattern(256 << 10));
        assert_eq!(run.wait(write), Reply::Undefined);
    }
    check_error(
        run.finish(exchange),
        "NotAllowedError",
        "snippets may not connect to 10.0.0.1:80; the operator can allow it with \
         --allow-net 10.0.0.1:80",
    );
}

#[test]
fn a_body_shorter_than_announced_is_not_an_object() {
    let server = S3Server::start();
    let mut run = Run::new(&net("", operator_of(server.addr)));
    let put =
        with(request("PUT", server.addr, "/bucket/k"), json!({ "body": "stream", "length": 10 }));
    let exchange = run.start(&put, None).unwrap();
    run.write(exchange, b"five.");
    run.exchanges.end(&[Arg::Number(f64::from(exchange))]);
    check_error(
        run.finish(exchange),
        "ECONNRESET",
        &format!(
            "the connection to {} broke: the request body is shorter than its announced length",
            server.addr
        ),
    );
    run.expect(404, &request("GET", server.addr, "/bucket/k"), None);
}

#[test]
fn a_body_longer_than_announced_is_refused() {
    let server = S3Server::start();
    let mut run = Run::new(&net("", operator_of(server.addr)));
    let put =
        with(request("PUT", server.addr, "/bucket/k"), json!({ "body": "stream", "length": 3 }));
    let exchange = run.start(&put, None).unwrap();
    let call = run.next_call();
    assert_eq!(
        run.exchanges.write(call, &[Arg::Number(f64::from(exchange)), Arg::Bytes(b"five.")]),
        Reply::Throw {
            name: "TypeError".to_owned(),
            message: "the request body is longer than its announced length".to_owned(),
        }
    );
}

#[test]
fn a_slow_reader_holds_the_server_back() {
    let server = S3Server::start();
    let mut run = Run::new(&net("", operator_of(server.addr)));
    let put = with(request("PUT", server.addr, "/bucket/k"), json!({ "body": "bytes" }));
    run.expect(200, &put, Some(&pattern(16 << 20)));
    let exchange = run.start(&request("GET", server.addr, "/bucket/k"), None).unwrap();
    let Reply::Text(head) = run.wait(exchange) else { panic!("no head") };
    let head: Value = serde_json::from_str(&head).unwrap();
    let buffered = head["buffered"].as_u64().unwrap();
    assert!((1..=1 << 20).contains(&buffered), "{buffered} bytes were fetched unasked");
    // A run that ends here takes the exchange with it.
    drop(run);
}

#[test]
fn a_small_response_comes_in_one_turn() {
    let server = S3Server::start();
    let mut run = Run::new(&net("", operator_of(server.addr)));
    let put = with(request("PUT", server.addr, "/bucket/k"), json!({ "body": "bytes" }));
    run.expect(200, &put, Some(b"hello"));
    let exchange = run.start(&request("GET", server.addr, "/bucket/k"), None).unwrap();
    let Reply::Text(head) = run.wait(exchange) else { panic!("no head") };
    let head: Value = serde_json::from_str(&head).unwrap();
    assert_eq!((&head["buffered"], &head["ended"]), (&json!(5), &json!(true)));
    let args = [Arg::Number(f64::from(exchange)), Arg::Number(1e6)];
    assert_eq!(run.exchanges.take(&args), Reply::Bytes(b"hello".to_vec()));
    assert_eq!(run.exchanges.take(&args), Reply::Bool(true));
}

#[test]
fn presigned_urls_work_for_whoever_holds_them() {
    let server = S3Server::start();
    let net = net("127.0.0.1", operator_of(server.addr));
    let mut run = Run::new(&net);
    for (method, body) in [("PUT", Some(&b"presigned"[..])), ("GET", None)] {
        let call = run.next_call();
        let meta = json!({
            "method": method, "protocol": "http:", "hostname": "127.0.0.1",
            "port": server.addr.port(), "path": "/bucket/a%20key", "expiresIn": 60,
            "sign": { "region": "us-east-1" },
        });
        run.exchanges.presign(call, &[Arg::Text(meta.to_string().into())]);
        let Reply::Text(url) = run.wait(call) else { panic!("no url") };
        assert!(!url.contains(SECRET_KEY));
        let (_, path) = url.split_once("127.0.0.1:").unwrap().1.split_once('/').unwrap();
        let plain = json!({
            "client": "fetch", "method": method, "protocol": "http:", "hostname": "127.0.0.1",
            "port": server.addr.port(), "path": format!("/{path}"),
            "body": if body.is_some() { "bytes" } else { "none" },
        });
        let got = run.expect(200, &plain, body);
        if method == "GET" {
            assert_eq!(got, b"presigned");
        }
        let forged = with(plain, json!({ "path": format!("/{path}").replace("a%20key", "other") }));
        run.expect(403, &forged, body);
    }
}

#[test]
fn broken_connections_are_told_apart() {
    let get = |addr| request("GET", addr, "/bucket/k");
    let cases: [(&'static [u8], &str, &str); 3] = [
        (b"", "ECONNRESET", "connection closed before message completed"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-le",
            "ECONNRESET",
            "connection closed before message completed",
        ),
        (b"nonsense\r\n\r\n", "ECONNRESET", "invalid HTTP version parsed"),
    ];
    for (response, name, reason) in cases {
        let addr = canned_server(response);
        let mut run = Run::new(&net("", operator_of(addr)));
        let message = format!("the connection to {addr} broke: {reason}");
        check_error(run.send(&get(addr), None), name, &message);
    }
    // A port that was just given back: nobody listens there.
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut run = Run::new(&net("", operator_of(addr)));
    check_error(
        run.send(&get(addr), None),
        "ECONNREFUSED",
        &format!("cannot connect to {addr}: Connection refused (os error 111)"),
    );
}

#[test]
fn a_server_without_tls_is_no_secure_connection() {
    let server = S3Server::start();
    let addr = server.addr;
    let mut run = Run::new(&net("127.0.0.1", nobody()));
    let get = json!({
        "client": "fetch", "method": "GET", "protocol": "https:", "hostname": "127.0.0.1",
        "port": addr.port(), "path": "/",
    });
    let message = format!(
        "no secure connection to {addr}: received corrupt message of type InvalidContentType"
    );
    check_error(run.send(&get, None), "TLSError", &message);
}

/// What the server is asked for, before any server maps it to something.
#[test]
fn odd_keys_are_sent_and_signed_as_they_are() {
    let (sender, lines) = crossbeam_channel::unbounded();
    let addr = misbehaving_server(move |head, mut socket| {
        let _ = sender.send(head.lines().next().unwrap_or_default().to_owned());
        // It serves one request a connection, and has to say so.
        let response = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let _ = std::io::Write::write_all(&mut socket, response);
    });
    let mut run = Run::new(&net("", operator_of(addr)));
    for path in [
        "/bucket/a/../b",
        "/bucket/..",
        "/bucket//a//",
        "/bucket/./a",
        "/bucket/a%2Fb%2B%25%20",
        "/bucket/%C3%BC?x-id=GetObject&versionId=a%2Bb",
    ] {
        run.expect(200, &request("GET", addr, path), None);
        assert_eq!(lines.recv().unwrap(), format!("GET {path} HTTP/1.1"));
    }
}

#[test]
fn a_truncated_body_is_an_error() {
    let addr = canned_server(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive.");
    let mut run = Run::new(&net("", operator_of(addr)));
    let got = run.send(&request("GET", addr, "/bucket/k"), None).unwrap();
    assert_eq!(
        got.body,
        Err((
            "ECONNRESET".to_owned(),
            format!("the connection to {addr} broke: end of file before message length reached"),
        ))
    );
}

#[test]
fn a_body_that_differs_from_its_checksum_is_an_error() {
    let addr = canned_server(
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n123456789",
    );
    let mut run = Run::new(&net("", operator_of(addr)));
    let get = with(request("GET", addr, "/bucket/k"), json!({ "validation": "whenPresent" }));
    assert_eq!(
        run.send(&get, None).unwrap().body,
        Err((
            "Error".to_owned(),
            "Checksum mismatch: expected \"y/Q5Jg==\" but received \"AAAAAA==\" \
             in response header \"x-amz-checksum-crc32\"."
                .to_owned(),
        ))
    );
}

#[test]
fn a_503_is_passed_on() {
    let addr =
        canned_server(b"HTTP/1.1 503 Slow Down\r\ncontent-length: 4\r\nretry-after: 1\r\n\r\nslow");
    let mut run = Run::new(&net("", operator_of(addr)));
    let got = run.send(&request("GET", addr, "/bucket/k"), None).unwrap();
    assert_eq!(got.status, 503);
    assert_eq!(got.headers, json!({ "content-length": "4", "retry-after": "1" }));
    assert_eq!(got.body, Ok(b"slow".to_vec()));
}

#[test]
fn a_stalled_server_can_be_given_up() {
    let addr = misbehaving_server(|_, socket| {
        // Until the other side closes.
        let _ = std::io::copy(&mut &socket, &mut std::io::sink());
    });
    let mut run = Run::new(&net("", operator_of(addr)));
    let get = request("GET", addr, "/bucket/k");
    check_error(
        run.send(&with(get.clone(), json!({ "timeoutMs": 50 })), None),
        "TimeoutError",
        "the response took longer than 50 ms",
    );
    let exchange = run.start(&get, None).unwrap();
    run.exchanges.abort(&[Arg::Number(f64::from(exchange))]);
    let aborted = Reply::Throw {
        name: "AbortError".to_owned(),
        message: "the request was aborted".to_owned(),
    };
    assert_eq!(run.wait(exchange), aborted);
    // What the run did is known all the same.
    let effects = run.exchanges.effects().list;
    let stripped: Vec<Effect> = effects.into_iter().map(|it| Effect { ms: 0.0, ..it }).collect();
    let effect = Effect {
        operation: None,
        method: "GET".to_owned(),
        host: "127.0.0.1".to_owned(),
        bucket: None,
        status: None,
        ms: 0.0,
        write: false,
    };
    assert_eq!(stripped, [effect.clone(), effect]);
}

#[test]
fn dropping_a_run_closes_its_connections() {
    let (opened, is_open) = crossbeam_channel::bounded(1);
    let (closed, is_closed) = crossbeam_channel::bounded(1);
    let addr = misbehaving_server(move |_, socket| {
        let _ = opened.send(());
        let _ = std::io::copy(&mut &socket, &mut std::io::sink());
        let _ = closed.send(());
    });
    let net = net("", operator_of(addr));
    let mut run = Run::new(&net);
    run.start(&request("GET", addr, "/bucket/k"), None).unwrap();
    is_open.recv_timeout(Duration::from_secs(5)).expect("the server sees the request");
    drop(run);
    is_closed.recv_timeout(Duration::from_secs(5)).expect("the server sees the connection close");
}

#[test]
fn budgets_of_a_run_are_kept() {
    let server = S3Server::start();
    let net = net("", operator_of(server.addr));
    let mut run = Run::new(&net);
    let put = with(request("PUT", server.addr, "/bucket/k"), json!({ "body": "bytes" }));
    let get = request("GET", server.addr, "/bucket/k");
    run.expect(200, &put, Some(&pattern(2 << 20)));

    let limits = Limits {
        open: 1,
        held_bytes: 1 << 20,
        bytes_in: 1 << 20,
        bytes_out: 3 << 20,
        ..Limits::default()
    };
    let mut run = Run::with_limits(&net, limits);
    assert_eq!(
        run.send(&get, None).unwrap().body,
        Err(("QuotaExceededError".to_owned(), "the run has received more than 1 MiB".to_owned()))
    );
    check_error(
        run.send(&put, Some(&pattern(2 << 20))),
        "QuotaExceededError",
        "request bodies of more than 1 MiB are under way; await some before sending others, or \
         stream them",
    );
    // What was refused above was not sent, and does not count.
    for _ in 0..6 {
        run.expect(200, &put, Some(&pattern(512 << 10)));
    }
    check_error(
        run.send(&put, Some(&pattern(1))),
        "QuotaExceededError",
        "the run has sent more than 3 MiB",
    );
    run.start(&get, None).unwrap();
    check_error(
        run.send(&get, None),
        "QuotaExceededError",
        "more than 1 requests are under way; await some, and read or cancel the bodies of their \
         responses, before sending others",
    );
}

#[test]
fn secrets_do_not_show() {
    let addr = canned_server(b"");
    let source = operator_of(addr);
    let net = net("", source.clone());
    let mut run = Run::new(&net);
    let keys = json!({ "accessKeyId": "a", "secretAccessKey": SECRET_KEY, "extra": 1 });
    let broken = json!({ "sign": { "region": "r", "credentials": keys }, "unknown": SECRET_KEY });
    let (_, message) = run.send(&with(request("GET", addr, "/"), broken), None).unwrap_err();
    let bad_header = json!({ "headers": { "x-secret": format!("{SECRET_KEY}\n") } });
    let (_, header) = run.send(&with(request("GET", addr, "/"), bad_header), None).unwrap_err();
    for text in [message, header, format!("{source:?} {net:?} {run:?}", run = run.exchanges)] {
        assert!(!text.contains(SECRET_KEY), "{text}");
    }
}

/// Not a measurement, since the machine is shared: a cold connection or a timer
/// in the way would cost more than this allows.
#[test]
fn a_warm_connection_is_reused() {
    let server = S3Server::start();
    let mut run = Run::new(&net("", operator_of(server.addr)));
    let put = with(request("PUT", server.addr, "/bucket/k"), json!({ "body": "bytes" }));
    run.expect(200, &put, Some(b"hello"));
    let get = request("GET", server.addr, "/bucket/k");
    let started = Instant::now();
    for _ in 0..200 {
        run.expect(200, &get, None);
    }
    let each = started.elapsed() / 200;
    assert!(each < Duration::from_millis(20), "a small GET takes {each:?}");
}
