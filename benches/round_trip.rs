//! What one request costs a client of a warm kernel, Unix socket included.
//!
//! The client is in a hurry: its next request follows its answer at once, so a worker
//! looks out for it. What a lone request costs is in `compare`.
//! Excluded: starting kernel and client, connecting. Numbers to quote come from
//! `cargo bench`; `cargo bench -- --test` runs each case once, so that the
//! benchmark cannot rot.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use llm_kernel::{cli::Settings, client::Client, endpoint::Endpoint, kernel::Kernel};

fn round_trip(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        socket: Endpoint::Unix(folder.path().join("k")),
        n_workers: 1,
        ..Settings::default()
    };
    let kernel = Kernel::start(settings.kernel(None)).unwrap();
    let mut client = Client::connect(kernel.endpoint(), None).unwrap();
    client.set_silence_limit(Some(Duration::from_secs(10)));

    // The protocol alone: no worker is asked.
    check(c, &mut client, "ping", r#"{"op":"ping"}"#, r#"{"op":"ping","ok":true"#);
    check(
        c,
        &mut client,
        "greeting",
        r#"{"code":"return { greeting: `hi ${input.name}` };","input":{"name":"Ada"}}"#,
        r#"{"ok":true,"result":{"greeting":"hi Ada"}"#,
    );
    for n_bytes in [1 << 10, 64 << 10, 1 << 20] {
        let line = format!(r#"{{"code":"return input","input":"{}"}}"#, "x".repeat(n_bytes));
        let mut group = c.benchmark_group("echo");
        group.throughput(Throughput::Bytes(n_bytes as u64));
        group.bench_function(n_bytes.to_string(), |b| {
            b.iter(|| {
                let answer = client.exchange(black_box(&line)).unwrap();
                assert!(answer.starts_with(r#"{"ok":true"#), "{answer:.400}");
                answer
            });
        });
        group.finish();
    }
}

/// A failed request is fast; never let one pass for a result.
fn check(c: &mut Criterion, client: &mut Client, name: &str, line: &str, expected: &str) {
    c.bench_function(name, |b| {
        b.iter(|| {
            let answer = client.exchange(black_box(line)).unwrap();
            assert!(answer.starts_with(expected), "{answer:.400}");
            answer
        });
    });
}

criterion_group!(benches, round_trip);
criterion_main!(benches);
