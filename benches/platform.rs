//! What the web platform costs a snippet: text, hashes, URLs, clones, streams.
//!
//! The times are taken inside the snippet, by its own clock (0.1 ms), over enough
//! rounds for that to be fine; the best of several is shown. What an isolate with
//! the whole preset holds while it is idle is what Linux counts as this process's
//! own for each further one, and its image file as if all of it were resident.
//! Numbers to quote come from `cargo bench --bench platform`; with `-- --test` each
//! case runs once.
#![expect(clippy::print_stdout, reason = "this is where a bench talks")]

use std::{env, sync::mpsc, thread, time::Instant};

use llm_kernel::{
    cli::Settings,
    isolate::{Blueprint, Guard, Isolate, Tracking, Uses, Verify, preset},
    net::Reactor,
    protocol::{Answer, Message},
    service::Service,
};
use serde_json::json;

/// Name, unit, what one round is worth in it, and the round.
const CASES: &[(&str, &str, f64, &str)] = &[
    ("TextDecoder, ASCII", "MiB/s", 8.0, "decoder.decode(bytes)"),
    (
        "TextDecoder, ASCII, 64 KiB at once",
        "MiB/s",
        8.0,
        "for (let n = 0; n < 128; n++) decoder.decode(small)",
    ),
    ("TextEncoder, ASCII", "MiB/s", 8.0, "encoder.encode(text)"),
    ("SHA-256", "MiB/s", 8.0, "await crypto.subtle.digest('SHA-256', bytes)"),
    (
        "gzip",
        "MiB/s",
        8.0,
        "await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()",
    ),
    (
        "new URL",
        "us",
        1000.0,
        "for (let n = 0; n < 1000; n++) new URL('https://user@example.com:8080/a/b?c=d#e')",
    ),
    (
        "structuredClone of 10 kB",
        "ms",
        10.0,
        "for (let n = 0; n < 10; n++) structuredClone(object)",
    ),
    ("16 MiB through a TransformStream, 64 KiB a chunk", "ms", 1.0, "await through()"),
    (
        "Buffer: 1 MiB to base64 and back",
        "ms",
        1.0,
        "Buffer.from(Buffer.from(bytes.buffer, 0, 1 << 20).toString('base64'), 'base64')",
    ),
    (
        "Intl.NumberFormat.format",
        "us",
        1000.0,
        "for (let n = 0; n < 1000; n++) money.format(n * 1234.5)",
    ),
    (
        "n.toLocaleString()",
        "us",
        1000.0,
        "for (let n = 0; n < 1000; n++) (n * 1234.5).toLocaleString()",
    ),
    (
        "new Intl.DateTimeFormat",
        "us",
        1000.0,
        "for (let n = 0; n < 1000; n++) new Intl.DateTimeFormat('de-DE', { dateStyle: 'full', timeZone: 'Europe/Berlin' })",
    ),
    // More of them than the host keeps.
    (
        "new Intl.DateTimeFormat, another each time",
        "us",
        400.0,
        "for (let n = 0; n < 400; n++) new Intl.DateTimeFormat('de-DE', { dateStyle: 'full', timeZone: zones[n] })",
    ),
    (
        "localeCompare, de",
        "us",
        1000.0,
        "for (let n = 0; n < 1000; n++) 'Ärger'.localeCompare('Ähre', 'de')",
    ),
    ("HMAC of 32 bytes, key imported", "us", 100.0, "for (let n = 0; n < 100; n++) await hmac()"),
];

const SETUP: &str = "
const bytes = new Uint8Array(8 << 20).fill(97), encoder = new TextEncoder(), decoder = new TextDecoder();
const text = decoder.decode(bytes), small = bytes.subarray(0, 65536), zones = Intl.supportedValuesOf('timeZone');
const money = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const object = { list: Array.from({ length: 140 }, (_, id) => ({ id, name: `item number ${id}`, tags: ['a', 'b'], ok: true, at: id * 1.5 })) };
const through = async () => {
  const chunk = new Uint8Array(65536);
  let left = 256, sum = 0;
  const source = new ReadableStream({ pull(c) { if (left-- === 0) c.close(); else c.enqueue(chunk); } });
  for await (const it of source.pipeThrough(new TransformStream({ transform(it, c) { c.enqueue(it); } }))) sum += it.length;
  if (sum !== 16 << 20) throw new Error(`${sum} bytes`);
};
const hmac = async () => crypto.subtle.sign('HMAC', await crypto.subtle.importKey('raw', bytes.subarray(0, 32), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']), bytes.subarray(0, 32));
";

fn main() {
    // `cargo bench` passes this; `cargo bench -- --test` passes that.
    let rounds = if env::args().any(|arg| arg == "--test") { 1 } else { 7 };
    let settings = Settings { n_workers: 1, ..Settings::default() };
    let service = Service::start(settings.service(), Reactor::on_demand()).unwrap();
    for (name, unit, worth, round) in CASES {
        let code = format!(
            "{SETUP}
            let best = Infinity;
            for (let n = 0; n < {rounds}; n++) {{
              const began = performance.now();
              {round};
              best = Math.min(best, performance.now() - began);
            }}
            return best;"
        );
        let ms: f64 = run(&service, &code).parse().unwrap();
        let figure = match *unit {
            "MiB/s" => worth / (ms / 1e3),
            "us" => ms * 1e3 / worth,
            _ => ms / worth,
        };
        println!("{name}: {figure:.2} {unit}");
    }
    drop(service);
    #[cfg(target_os = "linux")]
    println!("an idle isolate with the whole preset: {:.2} MiB", idle_mib());
}

/// What each further worker holds whose isolate has served a run.
#[cfg(target_os = "linux")]
fn idle_mib() -> f64 {
    const MORE: usize = 4;
    let own = |n_workers| {
        let settings = Settings { n_workers, ..Settings::default() };
        let service = Service::start(settings.service(), Reactor::on_demand()).unwrap();
        // All at once, so that each worker gets one.
        let busy =
            "const end = Date.now() + 100; while (Date.now() < end); return AwsS3.S3Client.name";
        thread::scope(|scope| {
            for _ in 0..n_workers {
                scope.spawn(|| run(&service, busy));
            }
        });
        own_bytes()
    };
    let (few, many) = (own(1), own(1 + MORE));
    let image = thread::spawn(|| {
        let guard = Guard::adopt_thread().unwrap();
        let (tracking, verify) = (Tracking::Best, Verify::Trust);
        let blueprint = Blueprint {
            preset: *preset::DEFAULT,
            memory_bytes: 256 << 20,
            stack_bytes: 8 << 20,
            tracking,
            verify,
            uses: Uses::Many,
        };
        Isolate::build(&guard, blueprint).unwrap().image_bytes()
    });
    ((many - few) / MORE as f64 + image.join().unwrap() as f64) / f64::from(1 << 20)
}

/// Anonymous memory of this process: what of an image was written to, stacks, the
/// host's side.
#[cfg(target_os = "linux")]
fn own_bytes() -> f64 {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = rollup.lines().find_map(|it| it.strip_prefix("Anonymous:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0
}

/// JSON text of the result; a failed run is no figure.
fn run(service: &Service, code: &str) -> String {
    let line = json!({ "code": code }).to_string();
    let Ok(Message::Run(request)) = Message::parse(line.as_bytes()) else {
        panic!("not a request: {line}");
    };
    let (sender, receiver) = mpsc::channel();
    let respond = Box::new(move |answer: Answer| sender.send(answer).unwrap());
    service.submit(request, Instant::now(), respond);
    receiver.recv().unwrap().outcome.unwrap()
}
