//! No key is in an isolate: its memory is read from outside, while a signed
//! request is under way.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    ops::Range,
    time::Duration,
};

use llm_kernel::client::Client;
use serde_json::json;

use super::server::{ACCESS_KEY, SECRET_KEY, misbehaving_server};
use crate::harness::{KernelProgram, needs_sockets, program};

/// Put together by the snippet, so that it is in the heap and nowhere else.
const MARKER: &str = "here is the heap of the snippet";

#[test]
#[cfg(target_os = "linux")]
fn the_heap_of_a_run_holds_no_key_while_its_request_is_signed() {
    needs_sockets!();
    let (arrived, has_arrived) = crossbeam_channel::unbounded();
    let stalled = misbehaving_server(move |head, socket| {
        let _ = arrived.send(head.to_owned());
        let _ = std::io::copy(&mut &socket, &mut std::io::sink());
    });
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    // Locked down, it could not be looked into.
    let kernel = KernelProgram::start(
        program("llm-kernel")
            .args(["--no-lockdown", "--workers", "1", "--memory", "64", "--socket"])
            .arg(&socket)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL_S3", format!("http://{stalled}")),
    );
    let endpoint = llm_kernel::endpoint::Endpoint::Unix(socket);
    let mut client = Client::connect(&endpoint, None).unwrap();
    let code = "globalThis.marker = ['here is', 'the heap', 'of the', 'snippet'].join(' ') + '!'.repeat(20_000);
        const s3 = new AwsS3.S3Client({});
        await AwsS3.getSignedUrl(s3, new AwsS3.GetObjectCommand({ Bucket: 'b', Key: 'k' }));
        await s3.send(new AwsS3.PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'x' }));";
    client.send(&json!({ "code": code, "timeoutMs": 60_000 }).to_string()).unwrap();
    let head = has_arrived.recv_timeout(Duration::from_secs(30)).expect("the request comes");
    assert!(head.contains(&format!("Credential={ACCESS_KEY}/")), "it is signed: {head}");

    let pid = kernel.child.id();
    let (mut in_heap, mut has_marker) = (Vec::new(), false);
    for range in isolate_memory(pid) {
        let bytes = read_memory(pid, &range);
        has_marker |= contains(&bytes, MARKER);
        // A third of the secret would be a leak as well.
        for part in SECRET_KEY.as_bytes().chunks(SECRET_KEY.len() / 3) {
            let part = std::str::from_utf8(part).unwrap();
            if part.len() >= 8 && contains(&bytes, part) {
                in_heap.push(part);
            }
        }
    }
    assert!(has_marker, "looked at the wrong memory");
    assert_eq!(in_heap, Vec::<&str>::new(), "parts of the key in the isolate");
}

/// The image as this run sees it, and scratch, which lies behind it.
fn isolate_memory(pid: u32) -> Vec<Range<u64>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut res: Vec<Range<u64>> = Vec::new();
    let mut end_of_range = None;
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let number = |it| u64::from_str_radix(it, 16).unwrap();
        let range = number(start)..number(end);
        let is_writable = rest.starts_with("rw");
        if is_writable && rest.contains("llm-kernel-image") {
            end_of_range = Some(range.end);
            res.push(range);
        } else if end_of_range == Some(range.start) {
            end_of_range = (!is_writable).then_some(range.end);
            if is_writable {
                res.push(range);
            }
        }
    }
    assert_eq!(res.len(), 2, "image and scratch of one isolate:\n{maps}");
    res
}

fn read_memory(pid: u32, range: &Range<u64>) -> Vec<u8> {
    let mut memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    memory.seek(SeekFrom::Start(range.start)).unwrap();
    let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
    memory.read_exact(&mut bytes).unwrap();
    bytes
}

fn contains(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}
