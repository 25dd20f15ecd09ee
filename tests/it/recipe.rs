//! The recipe at the head of `vendor-js/my-lib/index.js`, followed to the letter:
//! edit the stub, build the bundles. What comes out is run in an isolate. Libraries
//! beside the kernel are `presets`' business.
//!
//! The recipe needs Node and `npm ci` in vendor-js. Where one is missing there is
//! nothing to follow and the test says nothing, except on CI, which has both.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output},
};

const LIBRARY: &str = r#"import { XMLParser } from "./parts.js";
export const VERSION = "7.0.0";
export async function greet(name) {
  return new XMLParser().shout(`hi ${await name}`);
}
"#;
const PARTS: &str = "export class XMLParser { shout = (text) => text.toUpperCase(); }\n";
const DECLARATIONS: &str = r#"export declare const VERSION: string;
/** Greets whoever `name` resolves to. */
export declare function greet(name: Promise<string>): Promise<string>;
"#;

#[test]
fn a_library_of_ones_own_takes_the_place_of_the_stub() {
    let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor-js");
    let has_node = Command::new("node").arg("--version").output().is_ok();
    if !has_node || !vendor.join("node_modules").exists() {
        assert!(env::var_os("CI").is_none(), "CI has Node, and runs `npm ci` before the tests");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("vendor-js");
    copy_folder(&vendor, &copy);
    symlink(vendor.join("node_modules"), copy.join("node_modules")).unwrap();

    fs::write(copy.join("my-lib/index.js"), LIBRARY).unwrap();
    fs::write(copy.join("my-lib/parts.js"), PARTS).unwrap();
    fs::write(copy.join("my-lib/index.d.ts"), DECLARATIONS).unwrap();
    check(Command::new("node").arg("build.mjs").current_dir(&copy).output().unwrap());

    let bundles = folder.path().join("bundles");
    let read = |name: &str| fs::read_to_string(bundles.join(name)).unwrap();
    let table = read("api-my-lib.txt");
    assert!(table.contains("greet") && !table.contains("slugify"), "{table}");
    // The rest does not change with it.
    let shipped = fs::read_to_string(vendor.join("../bundles/prelude.js")).unwrap();
    assert!(read("prelude.js") == shipped, "the prelude is another one");

    // As the build does with what is committed: evaluated where the prelude is.
    let input = folder.path().join("input.json");
    let bundle = read("my-lib.js");
    fs::write(&input, serde_json::to_string(&bundle).unwrap()).unwrap();
    let code = "(0, eval)(input);
        return [String(MyLib), Object.keys(MyLib), MyLib.VERSION, await MyLib.greet(Promise.resolve('Ada')), MyLib.greet.name];";
    let mut run_code = Command::new(env!("CARGO_BIN_EXE_run-code"));
    run_code.args(["--code", code, "--input", &format!("@{}", input.display())]);
    run_code.env_remove("LLM_KERNEL_SOCKET");
    let stdout = check(run_code.output().unwrap());
    let result: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        result,
        serde_json::json!(["[object Module]", ["VERSION", "greet"], "7.0.0", "HI ADA", "greet"])
    );
}

/// What a command that must succeed printed.
#[track_caller]
fn check(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Without what npm installed.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true if entry.file_name() == "node_modules" => {}
            true => copy_folder(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}
