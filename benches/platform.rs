//! What the web platform costs a snippet: text, hashes, URLs, clones, streams.
//!
//! The times are taken inside the snippet, by its own clock (0.1 ms), over enough
//! rounds for that to be fine; the best of several is shown. What an isolate with
//! the whole preset holds while it is idle is what Linux counts as this process's
//! own for each further one, and its image file as if all of it were resident.
//!
//! What a run pays that uses nothing of it is told by isolates that take turns on one
//! thread with the same snippet: medians of run + rollback in pairs, against an image
//! with the engine and the few functions that a run needs at least.
//! Numbers to quote come from `cargo bench --bench platform`; with `-- --test` each
//! case runs once.
#![expect(clippy::print_stdout, reason = "this is where a bench talks")]

use std::{
    env,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use llm_kernel::{
    aws::Source,
    cli::Settings,
    isolate::{
        Blueprint, Budget, Bytecode, Guard, Isolate, Step, Tracking, Uses, Verify,
        host::{
            Completions,
            calls::{Calls, Outside},
            http::Limits,
        },
        preset::{self, Preset},
    },
    net::{self, Reactor, Resolver},
    policy::Policy,
    protocol::{Answer, Message},
    service::Service,
    transpile::{Check, SOURCE_BYTES, Transpiler},
};
use rquickjs::{Context, Module, Runtime, WriteOptions};
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

/// The least that a run needs of a prelude; the warm-up prints, and the seal wants to
/// find a thousand objects.
const LEAST: &str = "globalThis.__hooks = {
  stringify: (value) => JSON.stringify(value === undefined ? null : value),
  describe: (error) => JSON.stringify({ message: String(error) }),
  takeTimer() {}, takeTick() {}, settle() {}, rejection() {}, leftovers() {},
};
globalThis.console = { log() {} };
globalThis.filling = Array.from({ length: 1000 }, () => ({}));";

/// Two that use nothing of the platform.
const UNUSED: &[(&str, &str)] = &[
    ("nothing", "return null;"),
    ("12 typed lines", include_str!("../tests/snippets/typical.ts")),
];

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
    // A worker blocks signals: on a thread of its own, so that Ctrl-C still works.
    let n_rounds = if rounds == 1 { 5 } else { 5_000 };
    let worker = thread::Builder::new().stack_size(16 << 20);
    worker.spawn(move || unused(n_rounds)).unwrap().join().unwrap();
    #[cfg(target_os = "linux")]
    println!("an idle isolate with the whole preset: {:.2} MiB", idle_mib());
}

/// What a run pays for a platform that it does not use, and for libraries beside it.
fn unused(n_rounds: usize) {
    let guard = Guard::adopt_thread().unwrap();
    let mut least = *preset::DEFAULT;
    least.bundles = vec![least_prelude()].leak();
    let presets = [least, preset::DEFAULT.without_libraries(), *preset::DEFAULT];
    let mut isolates = presets.map(|it| Isolate::build(&guard, blueprint(it)).unwrap());
    let [least, platform, all] = isolates.each_ref().map(|it| it.image_bytes() >> 10);
    println!(
        "images: {platform} KiB with the platform, {all} KiB with the libraries too; {least} KiB \
         without console, errors with positions, timers, Intl and all else, where results are \
         not checked"
    );
    let net = net::Config {
        policy: Policy::default(),
        aws: Source::Fixed { credentials: None, region: None, endpoint: None },
        resolver: Resolver::System,
    };
    let outside = Arc::new(Outside::new(Reactor::on_demand(), net, Limits::default()));
    let mut transpiler = Transpiler::new(SOURCE_BYTES);
    for (name, code) in UNUSED {
        let mut costs = [Vec::new(), Vec::new(), Vec::new()];
        let mut pages = [0; 3];
        for n in 0..n_rounds * 3 {
            // Each goes first as often as the others.
            let which = (n + n / 3) % 3;
            let isolate = &mut isolates[which];
            let program = transpiler.transpile(code, Check::Warn).unwrap();
            let (sender, _inbox) = crossbeam_channel::unbounded();
            let calls = Calls::new(Arc::clone(&outside), Completions::new(sender, 1));
            let budget = Budget { output_bytes: 16 << 20, log_bytes: 1 << 16 };
            guard.begin_run(1);
            let began = Instant::now();
            let step = isolate.begin(&guard, program, "{}".to_owned(), &budget, calls);
            let ran = began.elapsed();
            guard.end_run();
            let Step::Ended(outcome) = step else { panic!("it waits") };
            outcome.result.unwrap();
            let restoring = Instant::now();
            pages[which] = isolate.restore(&guard).unwrap().pages_copied;
            costs[which].push((ran, restoring.elapsed()));
        }
        for (which, with) in ["the least", "the platform", "the libraries too"].iter().enumerate() {
            let pairs = costs[0].iter().zip(&costs[which]);
            let more = median(pairs.map(|(least, it)| sum(it) / sum(least))) - 1.0;
            println!(
                "{name}, with {with}: run {:.1} us, rollback {:.1} us of {} pages, {:+.1} %",
                median(costs[which].iter().map(|it| it.0.as_secs_f64())) * 1e6,
                median(costs[which].iter().map(|it| it.1.as_secs_f64())) * 1e6,
                pages[which],
                more * 100.0
            );
        }
    }
}

fn sum((run, rollback): &(Duration, Duration)) -> f64 {
    (*run + *rollback).as_secs_f64()
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut of: Vec<f64> = of.collect();
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// As build.rs makes bundles.
fn least_prelude() -> Bytecode {
    let runtime = Runtime::new().unwrap();
    let bytes = Context::full(&runtime).unwrap().with(|ctx| {
        let module = Module::declare(ctx, "least", LEAST).unwrap();
        module.write(WriteOptions::default()).unwrap()
    });
    Bytecode { name: "least", bytes: bytes.leak(), globals: &[] }
}

fn blueprint(preset: Preset) -> Blueprint {
    Blueprint {
        preset,
        memory_bytes: 256 << 20,
        stack_bytes: 8 << 20,
        tracking: Tracking::Best,
        verify: Verify::Trust,
        uses: Uses::Many,
    }
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
        Isolate::build(&guard, blueprint(*preset::DEFAULT)).unwrap().image_bytes()
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
    let respond = Box::new(move |answer: Answer| {
        sender.send(answer).unwrap();
        None
    });
    service.submit(request, Instant::now(), respond);
    receiver.recv().unwrap().outcome.unwrap()
}
