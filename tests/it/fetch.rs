//! fetch against a server on loopback, with the network allowed and not.

use std::{convert::Infallible, net::SocketAddr, sync::mpsc, thread, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use llm_kernel::policy::Rule;
use serde_json::{Value, json};

use crate::harness::{TestKernel, needs_sockets, normalised};

/// A kernel that may reach the server, and the server.
fn start() -> (TestKernel, SocketAddr) {
    let addr = serve();
    let rule: Rule = addr.to_string().parse().unwrap();
    (TestKernel::start_with(|settings| settings.allow_net.push(rule)), addr)
}

fn serve() -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((socket, _)) = listener.accept().await {
                let served = http1::Builder::new()
                    .serve_connection(TokioIo::new(socket), service_fn(answer));
                tokio::spawn(served);
            }
        });
    });
    receiver.recv().unwrap()
}

/// `abc abc …` of 600 bytes, by gzip.
const GZIP: &str = "1f8b08000000000002034b4c4a56481cc5a398ca18004bf7996b58020000";

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let response = Response::builder();
    let response = match &*path {
        "/echo" => {
            let body = body.collect().await.map(http_body_util::Collected::to_bytes);
            let header = |name| head.headers.get(name).and_then(|it| it.to_str().ok());
            let seen = json!({
                "method": head.method.as_str(),
                "query": head.uri.query(),
                "type": header("content-type").map(|it| it.split(';').next()),
                "own": header("x-own"),
                "secret": header("authorization"),
                "body": String::from_utf8_lossy(&body.unwrap_or_default()),
            });
            response
                .header("content-type", "application/json")
                .header("x-many", "a")
                .header("x-many", "b")
                .header("set-cookie", "a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT")
                .header("set-cookie", "b=2")
                .body(seen.to_string())
        }
        "/missing" => response.status(404).body("not here".to_owned()),
        "/empty" => response.status(204).body(String::new()),
        "/slow" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            response.body(String::new())
        }
        "/big" => response.body("x".repeat(3 << 20)),
        "/loop" => response.status(302).header("location", "/loop").body(String::new()),
        "/see-other" => response.status(303).header("location", "/echo").body(String::new()),
        "/moved" => response.status(307).header("location", "/echo?again").body(String::new()),
        "/elsewhere" => {
            response.status(302).header("location", "http://10.1.2.3/secret").body(String::new())
        }
        "/to-file" => {
            response.status(302).header("location", "file:///etc/passwd").body(String::new())
        }
        "/zipped" => {
            let bytes =
                (0..GZIP.len()).step_by(2).map(|at| u8::from_str_radix(&GZIP[at..at + 2], 16));
            let bytes: Vec<u8> = bytes.map(Result::unwrap).collect();
            let response = response.header("content-encoding", "gzip");
            return Ok(response.body(Full::from(bytes)).unwrap());
        }
        _ => response.status(500).body(path),
    };
    Ok(response.unwrap().map(Full::from))
}

/// Runs code with `at` as the server's origin; the whole answer is compared.
#[track_caller]
fn check(kernel: &TestKernel, addr: SocketAddr, code: &str, expected: &Value) {
    let line = json!({ "code": code, "input": format!("http://{addr}") }).to_string();
    let mut answer = normalised(&kernel.client().exchange(&line).unwrap());
    let got = match answer["result"].take() {
        Value::Null => answer["error"]["message"].take(),
        result => result,
    };
    assert_eq!(got, *expected, "\ncode: {code}\nanswer: {answer:#}");
}

#[test]
fn what_is_sent_and_received() {
    needs_sockets!();
    let (kernel, addr) = start();
    let check = |code, expected| check(&kernel, addr, code, &expected);
    check(
        "const r = await fetch(`${input}/echo?q=1#top`, { headers: { 'X-Own': 'mine' } });
        return [r.status, r.statusText, r.ok, r.url === `${input}/echo?q=1`, r.redirected, r.type,
          r.headers.get('content-type'), r.headers.get('x-many'), await r.json(), r.headers.getSetCookie()];",
        json!([200, "OK", true, true, false, "basic", "application/json", "a, b", {
            "method": "GET", "query": "q=1", "type": null, "own": "mine", "secret": null, "body": "",
        }, ["a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT", "b=2"]]),
    );
    check(
        "const send = async (body, headers) => {
          const r = await fetch(new Request(`${input}/echo`, { method: 'POST', body, headers, duplex: 'half' }));
          const { method, type, body: got } = await r.json();
          return [method, type, got];
        };
        const form = new FormData(); form.set('a', '1');
        const [, formType, formBody] = await send(form);
        return [
          await send(JSON.stringify({ a: 1 }), { 'content-type': 'application/json' }),
          await send('text'), await send(new URLSearchParams({ q: 'a b' })),
          await send(new Uint8Array([104, 105])), await send(new Blob(['blob'], { type: 'x/y' })),
          await send(ReadableStream.from(['st', 'ream'].map((s) => Buffer.from(s)))),
          [formType, formBody.includes('name=\"a\"\\r\\n\\r\\n1\\r\\n')],
        ];",
        json!([
            ["POST", "application/json", "{\"a\":1}"],
            ["POST", "text/plain", "text"],
            ["POST", "application/x-www-form-urlencoded", "q=a+b"],
            ["POST", null, "hi"],
            ["POST", "x/y", "blob"],
            ["POST", null, "stream"],
            ["multipart/form-data", true],
        ]),
    );
    check(
        "const [a, b, c, d] = await Promise.all(['missing', 'empty', 'big', 'zipped'].map((p) => fetch(`${input}/${p}`)));
        const head = await fetch(`${input}/big`, { method: 'HEAD' });
        let n = 0; for await (const chunk of c.body) n += chunk.length;
        return [a.status, a.ok, await a.text(), b.status, b.body, n, await d.text().then((t) => [t.length, t.slice(0, 8)]), head.status, head.body];",
        json!([404, false, "not here", 204, null, 3 << 20, [600, "abc abc "], 200, null]),
    );
    check(
        "const r = await fetch(`${input}/big`); const [x, y] = [r.clone(), r];
        return [(await x.text()).length, (await y.arrayBuffer()).byteLength];",
        json!([3 << 20, 3 << 20]),
    );
}

#[test]
fn redirects_are_followed_within_reason() {
    needs_sockets!();
    let (kernel, addr) = start();
    let check = |code, expected| check(&kernel, addr, code, &expected);
    check(
        "const post = { method: 'POST', body: 'b', headers: { authorization: 'key' } };
        const a = await fetch(`${input}/see-other`, post), b = await fetch(`${input}/moved`, post);
        const seen = async (r) => { const { method, body, secret, query } = await r.json(); return [r.redirected, method, body, secret, query]; };
        const manual = await fetch(`${input}/moved`, { redirect: 'manual' });
        return [await seen(a), await seen(b), manual.status, manual.headers.get('location')];",
        json!([
            [true, "GET", "", "key", null],
            [true, "POST", "b", "key", "again"],
            307,
            "/echo?again"
        ]),
    );
    for (code, expected) in [
        ("await fetch(`${input}/loop`)", "fetch failed: redirect count exceeded"),
        (
            "await fetch(`${input}/moved`, { redirect: 'error' })",
            "fetch failed: unexpected redirect",
        ),
        ("await fetch(`${input}/to-file`)", "fetch failed: URL scheme must be a HTTP(S) scheme"),
        (
            "await fetch(`${input}/elsewhere`)",
            "fetch failed: snippets may not connect to 10.1.2.3:80; the operator can allow it with --allow-net 10.1.2.3:80",
        ),
    ] {
        check(code, json!(expected));
    }
}

#[test]
fn a_fetch_can_be_aborted() {
    needs_sockets!();
    let (kernel, addr) = start();
    let check = |code, expected| check(&kernel, addr, code, &expected);
    check(
        "const c = new AbortController(); setTimeout(() => c.abort(), 20);
        const a = await fetch(`${input}/slow`, { signal: c.signal }).catch((e) => e.name);
        const b = await fetch(`${input}/slow`, { signal: AbortSignal.timeout(20) }).catch((e) => e.name);
        return [a, b];",
        json!(["AbortError", "TimeoutError"]),
    );
    // One that nobody waits for does not hold up the answer.
    check("fetch(`${input}/slow`); return 1;", json!(1));
    kernel.check_serves();
}

#[test]
fn nothing_is_reachable_unless_the_operator_said_so() {
    needs_sockets!();
    let addr = serve();
    let kernel = TestKernel::start(1);
    check(
        &kernel,
        addr,
        "await fetch('http://example.com/x')",
        &json!(
            "fetch failed: snippets may not connect to example.com:80; the operator can allow it with --allow-net example.com:80"
        ),
    );
    check(
        &kernel,
        addr,
        "return await (await fetch('data:text/plain,no network')).text()",
        &json!("no network"),
    );
    kernel.check_serves();
}
