//! Metrics over HTTP, for Prometheus: `GET /metrics` and nothing else.
//!
//! One request a connection, few connections, little time: whoever misbehaves
//! here costs the kernel nothing.

use std::{convert::Infallible, io, net::TcpListener as StdTcpListener, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Shared,
    listener::{Listener, Reach},
};
use crate::{endpoint::Endpoint, telemetry};

const MAX_CONNECTIONS: usize = 16;
/// For a request and its answer.
const PATIENCE: Duration = Duration::from_secs(10);
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The socket, and where it is.
pub(super) fn bind(endpoint: &Endpoint, reach: Reach) -> io::Result<(StdTcpListener, Endpoint)> {
    let with_flag = |err: io::Error| io::Error::new(err.kind(), format!("--metrics: {err}"));
    let listener = Listener::bind(endpoint, reach).map_err(with_flag)?;
    let endpoint = listener.endpoint()?;
    match listener {
        Listener::Tcp { socket } => Ok((socket, endpoint)),
        Listener::Unix { .. } => {
            let message = "--metrics: metrics are served over TCP; give host:port or a port";
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}

pub(super) async fn serve(socket: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match socket.accept().await {
            Ok((stream, _address)) if connections.len() < MAX_CONNECTIONS => {
                let answered = answer(stream, Arc::clone(&shared));
                connections.spawn(timeout(PATIENCE, answered));
            }
            // It may try again.
            Ok((_stream, _address)) => {}
            Err(err) => {
                telemetry::scrape_failed(&err.to_string());
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let response = respond(request.method(), request.uri().path(), &shared);
        async move { Ok::<_, Infallible>(response) }
    });
    // A client that goes away or talks nonsense has no claim to more.
    let _ = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(16 << 10)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn respond(method: &Method, path: &str, shared: &Shared) -> Response<Full<Bytes>> {
    let (status, kind, text) = match (method, path) {
        (&Method::GET | &Method::HEAD, "/metrics") => {
            (StatusCode::OK, CONTENT_TYPE, shared.metrics())
        }
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "GET it\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "text/plain", "metrics are at /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}
