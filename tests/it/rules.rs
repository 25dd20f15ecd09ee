//! Rules of this repository that no compiler knows.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Each of these crates is an implementation detail of some places.
const OWNERS: &[(&str, &[&str])] = &[
    ("landlock", &["src/lockdown.rs"]),
    ("lexopt", &["src/cli.rs"]),
    ("listenfd", &["src/bin/llm-kernel.rs"]),
    ("oxc", &["src/transpile"]),
    ("rquickjs", &["src/isolate/"]),
    ("rlsf", &["src/isolate/heap.rs"]),
    ("seccompiler", &["src/lockdown.rs"]),
    ("tokio", &["src/kernel", "src/net", "src/aws", "src/isolate/host"]),
    ("hyper", &["src/kernel", "src/net.rs", "src/isolate/host"]),
    ("toml", &["src/isolate/preset"]),
    ("tracing", &["src/telemetry"]),
];

/// The only modules that may contain unsafe code.
const UNSAFE: &[&str] = &["src/isolate/heap", "src/isolate/guard", "src/isolate/door"];

#[test]
fn every_module_says_what_it_is_for() {
    let missing: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|path| !path.ends_with("tests.rs"))
        .filter(|path| !text_of(path).starts_with("//! "))
        .collect();
    assert_eq!(missing, Vec::<PathBuf>::new(), "these files need a `//!` header");
}

#[test]
fn dependencies_stay_with_their_owner() {
    for path in sources() {
        let text = text_of(&path);
        for (krate, owners) in OWNERS {
            let used = [format!("use {krate}::"), format!(" {krate}::"), format!("({krate}::")];
            let is_used = used.iter().any(|it| text.contains(&**it));
            let is_owner = owners.iter().any(|it| path.to_string_lossy().starts_with(it));
            assert!(!is_used || is_owner, "{} uses {krate}; only {owners:?} may", path.display());
        }
    }
}

/// Outside of tests, which are what they name.
#[test]
fn every_unsafe_block_names_a_test_that_would_notice() {
    let all: String = sources()
        .iter()
        .map(|it| text_of(it))
        .chain(files_below("tests/it").iter().map(|it| text_of(it)))
        .collect();
    let mut wrong = Vec::new();
    for path in sources() {
        let text = text_of(&path);
        let code = text.split("\nmod tests {").next().unwrap_or_default();
        for reason in code.split("// SAFETY: ").skip(1).map(comment) {
            let names = reason.split_once(" Test: ").map(|(_, names)| names.trim_end_matches('.'));
            let exists = |name: &str| {
                let function = name.rsplit("::").next().unwrap_or_default();
                all.contains(&format!("fn {function}("))
            };
            if !names.is_some_and(|names| names.split(", ").all(exists)) {
                wrong.push(format!("{}: {reason}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The comment that a text begins with, in one line.
fn comment(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    let more = lines.map_while(|it| it.trim_start().strip_prefix("// "));
    more.fold(first, |all, line| all + " " + line)
}

#[test]
fn unsafe_code_stays_in_three_modules() {
    for path in sources() {
        let text = text_of(&path);
        let is_unsafe = ["unsafe {", "unsafe fn", "unsafe extern", "unsafe impl", "(unsafe_code"]
            .iter()
            .any(|it| text.contains(it));
        let may = UNSAFE.iter().any(|it| path.to_string_lossy().starts_with(it));
        assert!(!is_unsafe || may, "{} has unsafe code; only {UNSAFE:?} may", path.display());
    }
}

/// The binding's own types keep pointers into the engine's heap in Rust maps, and
/// a rollback would leave them dangling. Tests make bundles as build.rs does.
#[test]
fn the_engine_is_spoken_to_through_its_c_interface() {
    for path in sources().into_iter().filter(|path| !path.ends_with("tests.rs")) {
        for line in text_of(&path).lines().filter(|line| line.contains("rquickjs::")) {
            assert_eq!(line.trim(), "use rquickjs::qjs;", "in {}", path.display());
        }
    }
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Every Rust file under `src/`, relative to the package root.
fn sources() -> Vec<PathBuf> {
    let res = files_below("src");
    assert!(res.len() > 30, "looked in the wrong folder");
    res
}

fn files_below(folder: &str) -> Vec<PathBuf> {
    let mut res = Vec::new();
    go(&mut res, Path::new(folder));
    return res;

    fn go(acc: &mut Vec<PathBuf>, dir: &Path) {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(dir)).unwrap() {
            let entry = entry.unwrap();
            let path = dir.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                go(acc, &path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                acc.push(path);
            }
        }
    }
}
