//! Looks at a preset: whether it loads, what it brings, and what it costs.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::{
    api::INVENTORY_SNIPPET,
    aws::Source,
    isolate::{
        Blueprint, Budget, Guard, Isolate, MAX_STACK, Outcome, Step, Tracking, Uses, Verify,
        host::{
            Completions,
            calls::{Calls, Outside},
            http::Limits,
        },
        preset::{self, Folder, Preset},
    },
    net::{self, Reactor, Resolver},
    policy::Policy,
    transpile::{self, Check, Transpiler},
};

/// How long an image may be in the making.
const LOAD_LIMIT: Duration = Duration::from_secs(10);
/// Runs from which the usual cost of a rollback is told.
const N_RUNS: usize = 200;

/// What is good to know about the preset in `folder`; `Err` says why it is none.
pub fn check(folder: &Path) -> Result<String, String> {
    let began = Instant::now();
    let preset = Folder::open(folder).and_then(Folder::load).map_err(|err| err.to_string())?;
    let compiled = began.elapsed();
    let stack_bytes = transpile::STACK_BYTES.max(MAX_STACK + (2 << 20));
    let worker = thread::Builder::new().stack_size(stack_bytes);
    let measuring = worker.spawn(move || measure(preset)).map_err(|err| err.to_string())?;
    let found = measuring.join().map_err(|_panic| "the check itself failed".to_owned())?;
    Ok(report(folder, &preset, compiled, &found?))
}

struct Found {
    build: Duration,
    image_bytes: usize,
    heap_bytes: usize,
    /// Of the first run.
    pages: usize,
    usual: Duration,
    usual_pages: usize,
    usual_of_default: Duration,
    /// What it has beside the platform.
    globals: BTreeSet<String>,
}

fn measure(preset: Preset) -> Result<Found, String> {
    let guard = Guard::adopt_thread().map_err(|err| err.to_string())?;
    let named = |err: String| format!("preset `{}`: {err}", preset.name);
    // Whoever changes what is not his is named before it is measured.
    build(&guard, preset.witnessed()).map_err(named)?;
    let began = Instant::now();
    let mut isolate = build(&guard, preset).map_err(named)?;
    let build_time = began.elapsed();
    let first = run(&guard, &mut isolate, "return 1;")?;
    let pages = isolate.restore(&guard).map_err(|err| err.to_string())?.pages_copied;
    let (usual, usual_pages) = usual_rollback(&guard, &mut isolate)?;
    let mut globals = globals(&guard, &mut isolate)?;
    let image_bytes = isolate.image_bytes();
    drop(isolate);
    let mut platform = build(&guard, preset::DEFAULT.without_libraries())?;
    for global in self::globals(&guard, &mut platform)? {
        globals.remove(&global);
    }
    drop(platform);
    let (usual_of_default, _) = usual_rollback(&guard, &mut build(&guard, *preset::DEFAULT)?)?;
    Ok(Found {
        build: build_time,
        image_bytes,
        heap_bytes: first.usage.heap_bytes,
        pages,
        usual,
        usual_pages,
        usual_of_default,
        globals,
    })
}

/// Ended by force when it takes too long.
fn build(guard: &Guard, preset: Preset) -> Result<Isolate, String> {
    let target = guard.target();
    let (done, is_done) = mpsc::channel::<()>();
    guard.begin_run(1);
    let watch = thread::spawn(move || {
        if is_done.recv_timeout(LOAD_LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            target.kill(1);
        }
    });
    let blueprint = Blueprint {
        preset,
        uses: Uses::Many,
        memory_bytes: 256 << 20,
        stack_bytes: 8 << 20,
        tracking: Tracking::Best,
        verify: Verify::Trust,
    };
    let built = Isolate::build(guard, blueprint);
    drop(done);
    let _ = watch.join();
    guard.end_run();
    built.map_err(|err| err.to_string())
}

fn run(guard: &Guard, isolate: &mut Isolate, code: &str) -> Result<Outcome, String> {
    let program = Transpiler::new(transpile::SOURCE_BYTES)
        .transpile(code, Check::Warn)
        .map_err(|err| format!("{err:?}"))?;
    let net = net::Config {
        policy: Policy::default(),
        aws: Source::Fixed { credentials: None, region: None, endpoint: None },
        resolver: Resolver::System,
    };
    let outside = Outside::new(Reactor::on_demand(), net, Limits::default());
    let (sender, _inbox) = crossbeam_channel::unbounded();
    let calls = Calls::new(Arc::new(outside), Completions::new(sender, 1));
    let budget = Budget { output_bytes: 16 << 20, log_bytes: 0 };
    guard.begin_run(1);
    let step = isolate.begin(guard, program, "{}".to_owned(), &budget, calls);
    guard.end_run();
    match step {
        Step::Ended(outcome) if outcome.result.is_ok() => Ok(*outcome),
        Step::Ended(outcome) => Err(format!("a run in it fails: {:?}", outcome.result)),
        Step::Waits(_) => Err("a run in it does not end".to_owned()),
    }
}

/// Median time and pages.
fn usual_rollback(guard: &Guard, isolate: &mut Isolate) -> Result<(Duration, usize), String> {
    let code = "const seen = new Map();
        for (const [at, word] of 'one two three two one'.split(' ').entries()) {
          seen.set(word, [...(seen.get(word) ?? []), at]);
        }
        return Object.fromEntries(seen);";
    let mut all = Vec::new();
    for _ in 0..N_RUNS {
        run(guard, isolate, code)?;
        let began = Instant::now();
        let rollback = isolate.restore(guard).map_err(|err| err.to_string())?;
        all.push((began.elapsed(), rollback.pages_copied));
    }
    all.sort_unstable();
    Ok(all[N_RUNS / 2])
}

fn globals(guard: &Guard, isolate: &mut Isolate) -> Result<BTreeSet<String>, String> {
    let outcome = run(guard, isolate, INVENTORY_SNIPPET)?;
    isolate.restore(guard).map_err(|err| err.to_string())?;
    let list: serde_json::Map<_, serde_json::Value> =
        serde_json::from_str(&outcome.result.unwrap_or_default()).map_err(|err| err.to_string())?;
    Ok(list.into_iter().map(|(name, _)| name).filter(|it| !it.ends_with(".prototype")).collect())
}

fn report(folder: &Path, preset: &Preset, compiled: Duration, found: &Found) -> String {
    let ms = |it: Duration| it.as_secs_f64() * 1e3;
    let us = |it: Duration| it.as_secs_f64() * 1e6;
    let mib = |it: usize| it as f64 / f64::from(1 << 20);
    let n_bytes: usize = preset.bundles.iter().map(|it| it.bytes.len()).sum();
    let mut res =
        format!("{:<9} {} {}, in {}\n", "preset", preset.name, preset.version, folder.display());
    for library in preset.libraries() {
        let table = if library.has_table() { "" } else { " (no API table)" };
        let _ = writeln!(res, "{:<9} {}: {}{table}", "global", library.global, library.about);
    }
    let known = |it: &&String| preset.libraries().iter().any(|known| known.global == **it);
    let others: Vec<&str> =
        found.globals.iter().filter(|it| !known(it)).map(String::as_str).collect();
    if !others.is_empty() {
        let _ = writeln!(res, "{:<9} its bundles also set {}", "note", others.join(", "));
    }
    let pages_of = found.image_bytes / 4096;
    let _ = writeln!(
        res,
        "{:<9} {:.1} MiB of bytecode, compiled in {:.0} ms",
        "size",
        mib(n_bytes),
        ms(compiled)
    );
    let _ = writeln!(
        res,
        "{:<9} {:.1} MiB, built in {:.0} ms",
        "image",
        mib(found.image_bytes),
        ms(found.build)
    );
    let _ = writeln!(
        res,
        "{:<9} `return 1` takes {} KiB of heap and changes {} of {pages_of} pages",
        "first run",
        found.heap_bytes >> 10,
        found.pages
    );
    let _ = writeln!(
        res,
        "{:<9} {:.1} µs, {} pages; {:.2} times that of the built-in preset",
        "rollback",
        us(found.usual),
        found.usual_pages,
        us(found.usual) / us(found.usual_of_default)
    );
    res
}
