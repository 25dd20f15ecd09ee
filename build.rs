//! Builds the guard's C half, and compiles the bundles to bytecode with the very
//! engine that will read it. Needs neither Node nor a network.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use rquickjs::{Context, Module, Runtime, WriteOptions};

/// In order of evaluation: later ones use what earlier ones define.
const BUNDLES: &[&str] = &["prelude", "aws-s3", "my-lib"];

fn main() {
    println!("cargo:rerun-if-changed=src/isolate/guard.c");
    cc::Build::new()
        .file("src/isolate/guard.c")
        .std("c11")
        .opt_level(2)
        .extra_warnings(true)
        .warnings_into_errors(true)
        .compile("guard");

    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut table = format!("const BUNDLES: [Bytecode; {}] = [\n", BUNDLES.len());
    for name in BUNDLES {
        let source = Path::new("bundles").join(format!("{name}.js"));
        println!("cargo:rerun-if-changed={}", source.display());
        let target = out.join(format!("{name}.bytecode"));
        fs::write(&target, compile(name, &source)).expect("OUT_DIR is writable");
        writeln!(
            table,
            "    Bytecode {{ name: {name:?}, bytes: include_bytes!({:?}) }},",
            target.display().to_string()
        )
        .expect("strings take everything");
    }
    table.push_str("];\n");
    fs::write(out.join("bundles.rs"), table).expect("OUT_DIR is writable");
}

/// The binding writes modules, so a bundle is one; it imports and exports
/// nothing. Its source text is left out: nobody reads a library's `toString`, and
/// it would stay in every image.
fn compile(name: &str, source: &Path) -> Vec<u8> {
    let text =
        fs::read(source).unwrap_or_else(|err| panic!("{} cannot be read: {err}", source.display()));
    let runtime = Runtime::new().expect("the engine starts");
    let context = Context::full(&runtime).expect("the engine starts");
    context.with(|ctx| {
        Module::declare(ctx.clone(), format!("{name}.js"), text)
            .and_then(|module| {
                module.write(WriteOptions { strip_source: true, ..WriteOptions::default() })
            })
            .unwrap_or_else(|err| panic!("{name}.js: {err}: {:?}", ctx.catch()))
    })
}
