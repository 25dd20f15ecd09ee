//! A real S3 server on a loopback port, and servers that misbehave.
//!
//! `s3s-fs` keeps objects as files in a folder of its own; every request must be
//! signed with [`ACCESS_KEY`] and [`SECRET_KEY`].

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use super::extended::Extended;

pub(crate) const ACCESS_KEY: &str = "AKIATESTTESTTESTTEST";
pub(crate) const SECRET_KEY: &str = "a+secret/that=must+never/show=up+anywhere";

/// A running server; dropping it stops it and deletes its objects.
pub(crate) struct S3Server {
    pub(crate) addr: SocketAddr,
    dir: PathBuf,
    /// Ends the server on drop.
    _reactor: Reactor,
}

/// A thread that drives tokio, as the kernel has one; ends on drop.
pub(crate) struct Reactor {
    pub(crate) handle: Handle,
    _until_dropped: oneshot::Sender<()>,
}

impl Reactor {
    pub(crate) fn start() -> Reactor {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        let (until_dropped, dropped) = oneshot::channel();
        thread::spawn(move || {
            let _ = runtime.block_on(dropped);
            runtime.shutdown_background();
        });
        Reactor { handle, _until_dropped: until_dropped }
    }
}

impl S3Server {
    /// Starts one with an empty bucket named `bucket`.
    pub(crate) fn start() -> S3Server {
        S3Server::start_with(|files| files)
    }

    /// The same, with tags, conditional GETs and the switch of versioning.
    pub(crate) fn start_extended() -> S3Server {
        S3Server::start_with(Extended::new)
    }

    fn start_with<S: s3s::S3>(make: impl FnOnce(s3s_fs::FileSystem) -> S) -> S3Server {
        static N_STARTED: AtomicUsize = AtomicUsize::new(0);
        let idx = N_STARTED.fetch_add(1, Ordering::Relaxed);
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("s3-{}-{idx}", std::process::id()));
        fs::create_dir_all(dir.join("bucket")).unwrap();
        let reactor = Reactor::start();
        let service = {
            let mut builder = S3ServiceBuilder::new(make(s3s_fs::FileSystem::new(&dir).unwrap()));
            builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
            builder.build()
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        reactor.handle.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((socket, _)) = listener.accept().await {
                let _ = socket.set_nodelay(true);
                let service = service.clone();
                tokio::spawn(async move {
                    let _ =
                        http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        S3Server { addr, dir, _reactor: reactor }
    }

    /// An object in `bucket`, without asking the server.
    pub(crate) fn add_object(&self, key: &str, body: &[u8]) {
        let path = self.dir.join("bucket").join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
    }

    /// An object of zeros that takes no room on the disk.
    pub(crate) fn add_sparse_object(&self, key: &str, n_bytes: u64) {
        let file = fs::File::create(self.dir.join("bucket").join(key)).unwrap();
        file.set_len(n_bytes).unwrap();
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Serves each connection with `behave`, after the head of its first request was
/// read; the connection is closed when that returns. Lives until the test ends.
pub(crate) fn misbehaving_server(
    behave: impl Fn(&str, TcpStream) + Clone + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        while let Ok((mut socket, _)) = listener.accept() {
            let behave = behave.clone();
            thread::spawn(move || {
                let head = read_head(&mut socket);
                behave(&head, socket);
            });
        }
    });
    addr
}

/// Answers with exactly these bytes, then closes.
pub(crate) fn canned_server(response: &'static [u8]) -> SocketAddr {
    misbehaving_server(move |_, mut socket| {
        let _ = socket.write_all(response);
    })
}

fn read_head(socket: &mut TcpStream) -> String {
    let mut head = vec![];
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(socket.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}
