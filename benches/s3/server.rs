//! An S3 server in this process, and how a command comes to speak to it.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Command,
    thread,
};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};

const ACCESS_KEY: &str = "AKIATESTTESTTESTTEST";
const SECRET_KEY: &str = "benchbenchbenchbenchbenchbenchbenchbench";

pub(crate) fn with_keys(mut command: Command, server: SocketAddr) -> Command {
    command
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL_S3", format!("http://{server}"))
        .env_remove("LLM_KERNEL_SOCKET");
    command
}

/// A bucket with 1,000 objects of one byte and one of 16 MiB.
pub(crate) fn start_server(folder: &Path) -> SocketAddr {
    let dir = folder.join("s3");
    fs::create_dir_all(dir.join("bucket/many")).expect("the folder is ours");
    for idx in 0..1000 {
        fs::write(dir.join(format!("bucket/many/{idx:04}")), b"x").expect("the folder is ours");
    }
    fs::write(dir.join("bucket/large"), vec![7; 16 << 20]).expect("the folder is ours");
    let service = {
        let files = s3s_fs::FileSystem::new(&dir).expect("the folder is there");
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        builder.build()
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let addr = listener.local_addr().expect("it is bound");
    listener.set_nonblocking(true).expect("sockets can be");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("threads can be started").block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it is a socket");
            while let Ok((socket, _)) = listener.accept().await {
                let _ = socket.set_nodelay(true);
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone());
                tokio::spawn(async move { drop(connection.await) });
            }
        });
    });
    addr
}
