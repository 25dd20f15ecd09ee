//! Builds the guard's C half, compiles the bundles to bytecode with the very engine
//! that will read it, and has the programs linked for a quick start. Needs neither
//! Node nor a network.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use rquickjs::{Context, Module, Runtime, WriteOptions};

/// The bundle that is no library: the web platform.
const PRELUDE: &str = "prelude";

fn main() {
    println!("cargo:rerun-if-changed=src/isolate/guard.c");
    cc::Build::new()
        .file("src/isolate/guard.c")
        .std("c11")
        .opt_level(2)
        .extra_warnings(true)
        .warnings_into_errors(true)
        .compile("guard");
    shorten_start();

    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let (mut prelude, mut bundles, mut tables) = (String::new(), String::new(), String::new());
    // What each is to the built-in preset is said in bundles/preset.toml.
    println!("cargo:rerun-if-changed=bundles");
    for path in files() {
        println!("cargo:rerun-if-changed={}", path.display());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".js") {
            let target = out.join(format!("{stem}.bytecode"));
            fs::write(&target, compile(stem, &path)).expect("OUT_DIR is writable");
            match stem {
                PRELUDE => prelude = included(&target),
                _ => bundles += &format!("    ({name:?}, {}),\n", included(&target)),
            }
        } else if name.ends_with(".txt") {
            tables += &format!("    ({name:?}, {}),\n", included(&path));
        }
    }
    let code = format!(
        "const PRELUDE_BYTES: &[u8] = {prelude};\n\
         const BUNDLES: &[(&str, &[u8])] = &[\n{bundles}];\n\
         const TABLES: &[(&str, &[u8])] = &[\n{tables}];\n"
    );
    fs::write(out.join("bundles.rs"), code).expect("OUT_DIR is writable");
}

/// Has the programs linked so that they start sooner: run-code lives for two
/// milliseconds, and much of that is the loader's. Only where it is known to work:
/// elsewhere they are linked as always.
fn shorten_start() {
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if ["ARCH", "OS", "ENV"].map(target) != ["x86_64", "linux", "gnu"] {
        return;
    }
    // The unwinder comes along, instead of as a library to be found, mapped and bound.
    let folder = library("libgcc_eh.a").and_then(|it| Some(it.parent()?.to_owned()));
    if let Some(folder) = folder.filter(|it| it.join("libgcc.a").is_file()) {
        println!("cargo:rustc-link-search=native={}", folder.display());
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
        println!("cargo:rustc-link-lib=static:-bundle=gcc");
    }
    // A bitmap says which pointers are to be relocated, not 24 bytes for each of
    // 39,000. A loader that cannot read it (glibc before 2.36) would refuse to start
    // the program, and a linker that cannot write it does not.
    let libc = library("libc.so.6").and_then(|it| fs::read(it).ok()).unwrap_or_default();
    let word = b"GLIBC_ABI_DT_RELR";
    if libc.windows(word.len()).any(|it| it == word) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Where the C compiler finds a library, if it does.
fn library(name: &str) -> Option<PathBuf> {
    let mut compiler = cc::Build::new().try_get_compiler().ok()?.to_command();
    let output = compiler.arg(format!("-print-file-name={name}")).output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    path.is_absolute().then_some(path).filter(|it| it.is_file())
}

fn included(path: &Path) -> String {
    let path = path.canonicalize().expect("it was read or written just now");
    format!("include_bytes!({:?})", path.display().to_string())
}

/// Sorted, so that the same bundles always give the same crate.
fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir("bundles").expect("the bundles are part of the repository");
    let mut res: Vec<PathBuf> = entries.filter_map(|it| Some(it.ok()?.path())).collect();
    res.sort();
    res
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
