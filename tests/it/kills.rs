//! Ten thousand kills at random instants: none lands in Rust code, in the
//! allocator of the process or in the next run, and none leaves a lock behind.
//!
//! Ring 1 is off and the grace is nothing, so that every run is left by a jump.
//! The rollback compares the whole image each time. After each kill another
//! worker formats a local time and allocates: a lock that a jump left held would
//! stop it for ever.

use std::time::Duration;

use llm_kernel::{
    isolate::{Ring, RunError, Verify},
    watchdog::{Ask, Cancellation},
};

use crate::one_worker::OneWorker;

const KILLS_EACH: u32 = 2_000;
const LONGEST_MICROS: u64 = 3_000;

/// Kills runs of `bodies` in turn. Answers how many of the kills came while a
/// host operation ran.
#[track_caller]
fn check(seed: u64, bodies: &[&str]) -> u32 {
    let killed = OneWorker::start(|config| {
        config.memory_bytes = 64 << 20;
        config.verify = Verify::EachRollback;
        config.cancellation = Cancellation { ask: Ask::Never, grace: Duration::ZERO };
    });
    let other = OneWorker::start(|_config| {});
    let mut random = Random(seed);
    let (mut n_killed, mut n_at_door, mut n_too_late) = (0, 0, 0);
    while n_killed + n_at_door < KILLS_EACH {
        let body = bodies[(n_killed + n_at_door) as usize % bodies.len()];
        let timeout = Duration::from_micros(random.next() % LONGEST_MICROS);
        let outcome = killed.run(body, timeout).outcome;
        assert_eq!(outcome.result, Err(RunError::TimedOut), "\nsnippet: {body}");
        match outcome.ring {
            Some(Ring::Kill) => n_killed += 1,
            Some(Ring::KillAtDoor) => n_at_door += 1,
            // Out of time before it began: a busy machine. There is no third way.
            Some(Ring::Ask) | None => {
                assert_eq!(outcome.usage.run, Duration::ZERO, "{outcome:?}\nsnippet: {body}");
                n_too_late += 1;
                assert!(n_too_late < 10 * KILLS_EACH, "only {n_killed} + {n_at_door} kills");
                continue;
            }
        }
        let month = n_killed % 12;
        let local_time = format!(
            "const text = new Date(2024, {month}, 1).toString(); return text.length > 9 && [text].length;"
        );
        let run = other.run(&local_time, Duration::from_secs(60));
        assert_eq!(run.outcome.result, Ok("1".to_owned()), "\nafter a kill in: {body}");
    }
    killed.check_serves("all the kills");
    n_at_door
}

/// xorshift64: the same instants each time, as far as the machine allows.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[test]
fn kills_in_host_operations_wait_until_these_are_over() {
    let n_at_door = check(
        0x1d00_72f1,
        &[
            "const s = 'h\u{E9}'.repeat(2000), e = new TextEncoder(); for (;;) e.encode(s);",
            "const b = new Uint8Array(9000).fill(65), d = new TextDecoder(); for (;;) d.decode(b);",
            "for (;;) new URL('https://example.com/a/../b?x=1#y');",
            "for (;;) console.log('some text', { a: 1 });",
            "const a = new Uint8Array(4096); for (;;) crypto.getRandomValues(a);",
            "for (;;) { clearTimeout(setTimeout(() => {}, 1000)); performance.now(); }",
            "for (;;) { try { throw new Error('x'); } catch (e) { e.stack; } }",
        ],
    );
    assert!(n_at_door > 0, "no kill landed in a host operation");
}

#[test]
fn kills_in_the_engine_and_its_collector_leave_nothing_behind() {
    check(
        0x2e11_83a2,
        &[
            "let x = 0; for (;;) x = (x * 31 + 7) % 1000003;",
            "for (;;) { const a: any = { b: {} }; a.b.a = a; }",
            "for (;;) { const all: any[] = []; for (let i = 0; i < 500; i++) { const a: any = { i }; a.self = a; all.push(a); } }",
            "const a = Array.from({ length: 300 }, (_, i) => (i * 7919) % 307); for (;;) a.slice().sort((x, y) => x - y);",
            "const s = JSON.stringify(Array.from({ length: 50 }, (_, i) => ({ i }))); for (;;) JSON.parse(s);",
            "(function f() { Promise.resolve().then(f); })(); await new Promise(() => {});",
            "for (;;) await Promise.all([1, 2, (async () => 3)()]);",
        ],
    );
}

#[test]
fn kills_in_allocation_leave_nothing_behind() {
    check(
        0x3f22_94b3,
        &[
            "const all: any[] = []; for (;;) { all.push({ a: 1 }); if (all.length > 5000) all.length = 0; }",
            "for (let i = 0; ; i++) new ArrayBuffer(1 << (i % 20));",
            "for (;;) { let s = ''; for (let i = 0; i < 300; i++) s += i; s.split('1'); }",
            "const m = new Map(); for (let i = 0; ; i++) { m.set(i % 3000, { i }); if (i % 7000 === 0) m.clear(); }",
            "let x = 1n; for (;;) { x = x * 3n; if (x > 2n ** 9000n) x = 1n; }",
            "const o: any = {}; for (let i = 0; ; i++) { o['k' + (i % 900)] = i; if (i % 1000 === 0) for (const k in o) delete o[k]; }",
        ],
    );
}

#[test]
fn kills_in_local_dates_and_regular_expressions_leave_no_lock_behind() {
    check(
        0x4a33_a5c4,
        &[
            "for (;;) new Date(2024, 5, 5).getTimezoneOffset();",
            "for (let i = 0; ; i++) new Date(1.7e12 + i * 1e7).toString();",
            "const s = 'k1=v1;k2=v2;'.repeat(50); for (;;) s.replace(/(\\w+)=(\\w+)/g, '$2');",
            "for (let i = 0; ; i++) new RegExp('(a|b){1,' + (i % 50 + 1) + '}c');",
            "for (;;) /^(a+)+$/.test('a'.repeat(14) + 'b');",
        ],
    );
}

#[test]
fn kills_in_compilation_and_constructors_leave_nothing_behind() {
    check(
        0x5b44_b6d5,
        &[
            "for (let i = 0; ; i++) new Function('class A { #x = ' + i + '; static y() {} get z() { return this.#x; } } return A')();",
            "for (;;) (0, eval)('(a, { b, ...c }, [d] = []) => { try { return async function* () { yield a } } finally { c } }');",
            "for (;;) new AwsS3.S3Client({});",
            "for (;;) new AwsS3.GetObjectCommand({ Bucket: 'b', Key: 'k' });",
            "for (;;) structuredClone({ a: [1, { b: new Map([[1, 2]]) }] });",
        ],
    );
}
