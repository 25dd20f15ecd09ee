//! What the web platform costs a snippet: text, hashes, URLs, clones, streams.
//!
//! The times are taken inside the snippet, by its own clock (0.1 ms), over enough
//! rounds for that to be fine; the best of several is shown. Numbers to quote
//! come from `cargo bench --bench platform`; with `-- --test` each case runs once.
#![expect(clippy::print_stdout, reason = "this is where a bench talks")]

use std::{env, sync::mpsc, time::Instant};

use llm_kernel::{
    cli::Settings,
    net::Reactor,
    protocol::{Answer, Message},
    service::Service,
};
use serde_json::json;

/// Name, unit, what one round is worth in it, and the round.
const CASES: &[(&str, &str, f64, &str)] = &[
    ("TextDecoder, ASCII", "MiB/s", 8.0, "decoder.decode(bytes)"),
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
    ("HMAC of 32 bytes, key imported", "us", 100.0, "for (let n = 0; n < 100; n++) await hmac()"),
];

const SETUP: &str = "
const bytes = new Uint8Array(8 << 20).fill(97), encoder = new TextEncoder(), decoder = new TextDecoder();
const text = decoder.decode(bytes);
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
