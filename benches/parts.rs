//! What the parts of one run cost by themselves, without queue or socket.
//!
//! Numbers to quote come from `cargo bench --bench parts`; with `-- --test`
//! each case runs once, so that the benchmarks cannot rot.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use llm_kernel::transpile::{Check, SOURCE_BYTES, Transpiler};

/// A typed snippet of 12 lines, as models write them.
const TYPICAL: &str = include_str!("../tests/snippets/typical.ts");

/// Snippet to program, with the memory of a transpiler that is warm. Neither
/// nests, so the stack of the main thread is enough.
fn transpile(c: &mut Criterion) {
    let long = format!("{{\n{TYPICAL}}}\n").repeat(1_000);
    let mut group = c.benchmark_group("transpile");
    for (name, code) in [("typical", TYPICAL), ("long", &long)] {
        group.throughput(Throughput::Bytes(code.len() as u64));
        group.bench_function(name, |b| {
            let mut transpiler = Transpiler::new(SOURCE_BYTES);
            b.iter(|| {
                // A refusal is fast; never let one pass for a program.
                transpiler.transpile(black_box(code), Check::Warn).unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, transpile);
criterion_main!(benches);
