//! The same work on ours and on what people would use instead, side by side.
//!
//! Question: what does a request cost here, and what would it cost on a Node
//! process of the seed's shape? Peers take turns (A B, B A …) in one run of this
//! program, so that a ratio holds even where the machine drifts. A turn is some
//! requests in a row, as one client sends them; what a lone request costs, with
//! everybody else's since the last one, is a row of its own. Whole processes take
//! turns of some in a row, too, and are all started alike; ours is installed first,
//! as the peers are. The bare echo over the same kind of socket is the physical limit.
//! Every answer is compared with the expected one: a wrong or failed answer is fast.
//! Not measured: JIT warm-up (each peer gets 50 rounds first) and the building of
//! anything.
//!
//! `cargo bench --bench compare` prints the table and leaves it as
//! `benches/compare.json`, and as the picture `benches/compare.svg`. A peer that is
//! not installed is left out with a note; `npm ci` in `benches/peers` brings what
//! npm has: the SDK, TypeScript, Deno and Bun. `-- --test` runs everything once and
//! leaves nothing.
#![expect(clippy::print_stdout, reason = "this is where the program talks")]

mod peers;
mod picture;
#[path = "../s3/server.rs"]
mod s3_server;
mod table;
mod works;

use std::{
    fs,
    io::{Read, Seek},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use self::{
    peers::{OURS, Peer, Recipe},
    table::{Samples, Table},
    works::Work,
};

/// How many requests a peer gets in a row before the next one has its turn. Nobody
/// is warm on the first of them, and what a peer still does once it has answered
/// (Node collects garbage on threads of its own) is paid for by itself.
const TURN: usize = 20;

/// The same for whole processes, of which few are done.
const PROCESS_TURN: usize = 5;

/// How often everything is done.
struct Rounds {
    is_test: bool,
}

impl Rounds {
    fn of(&self, n: usize) -> usize {
        if self.is_test { 1 } else { n }
    }
}

fn main() {
    let rounds = Rounds { is_test: std::env::args().any(|it| it == "--test") };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let s3 = s3_server::start_server(folder.path());
    let recipes = peers::recipes(s3);
    let mut table = Table::new();
    println!("{}", table.machine);

    starts(&mut table, &recipes, folder.path(), &rounds);
    let mut running: Vec<Peer> = recipes.iter().map(|it| it.start(folder.path())).collect();
    memory(&mut table, "idle, SDK loaded", &running);
    requests(&mut table, &mut running, &rounds);
    for peer in &running {
        table.rate(peer.name, peer.rate(8, rounds.of(400)));
    }
    let n_greetings = rounds.of(10_000);
    for peer in &mut running {
        for _ in 0..n_greetings {
            peer.ask(&works::greeting());
        }
    }
    memory(&mut table, "after 10,000 requests more", &running);
    whole_processes(&mut table, &running[0], &rounds);
    first_s3_calls(&mut table, s3, &rounds);
    drop(running);
    large(&mut table, s3, folder.path(), &rounds);

    let eight = peers::ours_with(8, s3).start(folder.path());
    memory(&mut table, "with 8 isolates, idle", &[eight]);
    hostile(&mut table, &recipes, s3, folder.path(), &rounds);

    println!("{}", table.to_text());
    if !rounds.is_test {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
        let json = serde_json::to_string_pretty(&table.to_json()).expect("numbers and text");
        fs::write(folder.join("compare.json"), json + "\n").expect("benches is writable");
        fs::write(folder.join("compare.svg"), picture::draw(&table.to_json()))
            .expect("benches is writable");
    }
}

/// From nothing to the first answer.
fn starts(table: &mut Table, recipes: &[Recipe], folder: &Path, rounds: &Rounds) {
    let recipes: Vec<&Recipe> = recipes.iter().filter(|it| it.is_process()).collect();
    let mut samples: Vec<Vec<Duration>> = vec![Vec::new(); recipes.len()];
    for _ in 0..rounds.of(7) {
        for (recipe, samples) in recipes.iter().zip(&mut samples) {
            samples.push(recipe.start(folder).first_answer);
        }
    }
    for (recipe, samples) in recipes.iter().zip(samples) {
        table.add("start to first answer", recipe.name, Samples::new(samples));
    }
}

fn requests(table: &mut Table, peers: &mut [Peer], rounds: &Rounds) {
    let greeting = works::greeting();
    take_requests(table, peers, "lone greeting, after the others'", &greeting, 1, rounds);
    for work in works::works() {
        take_requests(table, peers, work.name, &work, TURN, rounds);
    }
}

fn take_requests(
    table: &mut Table,
    peers: &mut [Peer],
    name: &str,
    work: &Work,
    turn: usize,
    rounds: &Rounds,
) {
    let turn = turn.min(rounds.of(work.rounds));
    let n_warm_up = rounds.of(work.rounds.min(50)).div_ceil(turn);
    let mut samples: Vec<Vec<Duration>> = vec![Vec::new(); peers.len()];
    for round in 0..n_warm_up + rounds.of(work.rounds).div_ceil(turn) {
        for place in 0..peers.len() {
            // Nobody comes always after the same one.
            let idx = (round + place) % peers.len();
            let took = (0..turn).map(|_| peers[idx].ask(work));
            if round < n_warm_up {
                took.for_each(drop);
            } else {
                samples[idx].extend(took);
            }
        }
    }
    for (peer, samples) in peers.iter().zip(samples) {
        table.add(name, peer.name, Samples::new(samples));
    }
}

fn memory(table: &mut Table, when: &str, peers: &[Peer]) {
    for peer in peers {
        if let Some(kib) = peer.pss_kib() {
            table.memory(when, peer.name, kib);
        }
    }
}

/// A native loop that no interpreter polls, then a greeting on the same worker.
fn hostile(table: &mut Table, recipes: &[Recipe], s3: SocketAddr, folder: &Path, rounds: &Rounds) {
    const NATIVE_LOOP: &str = "return [].indexOf.call({ length: Number.MAX_SAFE_INTEGER }, 1)";
    let patience = Duration::from_secs(3);
    let alone = peers::ours_with(1, s3);
    for recipe in recipes.iter().filter(|it| it.is_process()) {
        let recipe = if recipe.name == OURS { &alone } else { recipe };
        let mut peer = recipe.start(folder);
        let samples: Option<Vec<Duration>> =
            (0..rounds.of(20)).map(|_| peer.outlast(NATIVE_LOOP, patience)).collect();
        let work = "native loop: deadline to the next good answer";
        match samples {
            Some(samples) => table.add(work, recipe.name, Samples::new(samples)),
            None => table.never(work, recipe.name),
        }
    }
}

/// Commands that print the greeting, from nothing to nothing.
fn whole_processes(table: &mut Table, ours: &Peer, rounds: &Rounds) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plain = "console.log(JSON.stringify({ greeting: `hi ${'Ada'}` }))";
    let [mjs, ts] = ["greeting.mjs", "greeting.ts"].map(|name| {
        let path = folder.path().join(name);
        fs::write(&path, plain).expect("the folder is writable");
        path.display().to_string()
    });
    let greeting = works::greeting();
    let input = greeting.input.to_string();
    let run_code = ["--code", &greeting.code, "--input", &input];
    let socket = ours.socket().display().to_string();
    let with_kernel = [&run_code[..], &["--socket", &socket]].concat();
    let ours = installed(env!("CARGO_BIN_EXE_run-code"), folder.path());

    let mut commands = vec![
        ("run-code, warm kernel", command(&ours, &with_kernel)),
        ("run-code, embedded", command(&ours, &run_code)),
    ];
    for (name, program, args) in [
        ("node -e", "node", &["-e", plain][..]),
        ("node file.mjs", "node", &[&*mjs]),
        ("deno eval", "deno", &["eval", plain]),
        ("deno run file.ts", "deno", &["run", &*ts]),
        ("bun -e", "bun", &["-e", plain]),
        ("bun run file.ts", "bun", &["run", &*ts]),
    ] {
        match peers::version(program) {
            Some(_) => {
                let program = peers::program_path(program).display().to_string();
                commands.push((name, command(&program, args)));
            }
            None => println!("left out: {name} (not installed)"),
        }
    }
    take_turns(table, "whole process, greeting", commands, "hi Ada", rounds.of(60));
}

/// A copy, as an installer makes it: the peers were unpacked from archives. A file as
/// the linker has just left it starts 0.1 to 0.2 ms later, with more page faults.
fn installed(program: &str, folder: &Path) -> String {
    let path = folder.join("run-code");
    fs::copy(program, &path).expect("the folder is writable");
    path.display().to_string()
}

/// Processes that load the SDK and call S3 once.
fn first_s3_calls(table: &mut Table, s3: SocketAddr, rounds: &Rounds) {
    let code = format!("{} return 'done';", works::HEAD_BUCKET);
    let ours = command(env!("CARGO_BIN_EXE_run-code"), &["--code", &code]);
    let mut commands = vec![("run-code, embedded", s3_server::with_keys(ours, s3))];
    if peers::has_sdk() {
        let script = format!(
            "import * as AwsS3 from '@aws-sdk/client-s3';
            const main = async () => {{ {code} }};
            console.log(await main());"
        );
        let mut node = command("node", &["--input-type=module", "-e", &script]);
        node.current_dir(peers::peers_folder());
        commands.push(("node -e", s3_server::with_keys(node, s3)));
    }
    take_turns(table, "whole process, first AwsS3 call", commands, "done", rounds.of(11));
}

/// A large input that comes back, and what the kernel takes for it at most.
fn large(table: &mut Table, s3: SocketAddr, folder: &Path, rounds: &Rounds) {
    let input = folder.join("large.json");
    fs::write(&input, format!("\"{}\"", "x".repeat(10 << 20))).expect("the folder is writable");
    let ours = peers::ours_with(1, s3).start(folder);
    let idle = ours.peak_kib();
    let (socket, input) = (ours.socket().display().to_string(), format!("@{}", input.display()));
    let args = ["--code", "return input", "--input", &input, "--socket", &socket];
    let run_code = command(env!("CARGO_BIN_EXE_run-code"), &args);
    let work = "whole process, 10 MiB string there and back";
    take_turns(table, work, vec![("run-code, warm kernel", run_code)], "xxx", rounds.of(11));
    table.memory("peak for 10 MiB there and back", OURS, ours.peak_kib() - idle);
}

fn take_turns(
    table: &mut Table,
    work: &str,
    mut commands: Vec<(&str, Command)>,
    expected: &str,
    n_rounds: usize,
) {
    let turn = PROCESS_TURN.min(n_rounds);
    let mut samples: Vec<Vec<Duration>> = vec![Vec::new(); commands.len()];
    for round in 0..n_rounds.div_ceil(turn) {
        for place in 0..commands.len() {
            // Nobody comes always after the same one.
            let idx = (round + place) % commands.len();
            let took = (0..turn).map(|_| whole_process(&mut commands[idx].1, expected));
            samples[idx].extend(took);
        }
    }
    for ((name, _), samples) in commands.iter().zip(samples) {
        table.add(work, name, Samples::new(samples));
    }
}

fn command(program: &str, args: &[&str]) -> Command {
    let mut res = Command::new(program);
    res.args(args);
    res
}

/// From the start of a process to its end. What it prints goes to a file: to read it
/// from a pipe meanwhile would take the processor from it.
fn whole_process(command: &mut Command, expected: &str) -> Duration {
    let mut stdout = tempfile::tempfile().expect("a temporary file");
    let handle = stdout.try_clone().expect("a descriptor is left");
    command.stdin(Stdio::null()).stdout(handle).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.spawn().and_then(|mut it| it.wait()).expect("it starts");
    let took = began.elapsed();
    let mut printed = String::new();
    stdout.rewind().and_then(|()| stdout.read_to_string(&mut printed)).expect("it is text");
    assert!(
        status.success() && printed.contains(expected),
        "{command:?}: {status}: {printed:.400}"
    );
    took
}
