//! Folders of libraries: what a snippet finds then, and what the kernel says about
//! folders that are none.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use llm_kernel::{isolate::Verify, isolate::preset, pool::Warmth};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{
    KernelProgram, TestKernel, bad_request, check_program, failed, needs_sockets, normalised, ok,
    program,
};

/// Folders for presets, side by side.
struct Shelf(TempDir);

impl Shelf {
    fn new() -> Shelf {
        Shelf(tempfile::tempdir().unwrap())
    }

    /// A folder with a `preset.toml` that begins with `head`, has a global for
    /// each of `bundles` (name, file, source), and nothing else.
    fn add(&self, name: &str, head: &str, bundles: &[(&str, &str, &str)]) -> PathBuf {
        let folder = self.0.path().join(name);
        fs::create_dir(&folder).unwrap();
        let mut toml = format!("name = \"{name}\"\nversion = \"1.0.0\"\n{head}");
        for (global, file, source) in bundles {
            toml.push_str(&format!(
                "[[global]]\nname = \"{global}\"\nbundle = \"{file}\"\nabout = \"what {global} is\"\n"
            ));
            fs::write(folder.join(file), source).unwrap();
        }
        fs::write(folder.join("preset.toml"), toml).unwrap();
        folder
    }
}

fn kernel(folders: &[PathBuf], change: impl FnOnce(&mut llm_kernel::pool::Config)) -> TestKernel {
    TestKernel::start_config(
        |_settings| {},
        |config| {
            config.service.pool.presets = preset::load_all(folders).unwrap();
            config.service.pool.verify = Verify::EachRollback;
            change(&mut config.service.pool);
        },
    )
}

fn isolates(kernel: &TestKernel) -> Vec<u64> {
    let answer = kernel.client().exchange(r#"{"op":"stats"}"#).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let presets = answer["stats"]["presets"].as_array().unwrap();
    presets.iter().map(|it| it["isolates"].as_u64().unwrap()).collect()
}

const GREET: &str = "var Greet = { hello: function (name) { return 'hello ' + name; } };";

#[test]
fn a_request_finds_the_libraries_of_the_preset_that_it_names() {
    needs_sockets!();
    let shelf = Shelf::new();
    let script = shelf.add("script", "keep = [\"MyLib\"]\n", &[("Greet", "greet.js", GREET)]);
    let modules = shelf.add(
        "modules",
        "",
        &[
            ("MyLib", "lib.mjs", "export const VERSION = 'ours'; export default 1;"),
            ("Only", "only.mjs", "export default (it) => it * 2;"),
            ("Self", "self.mjs", "globalThis.Self = { set: Only(MyLib.default) };"),
        ],
    );
    let kernel = kernel(&[script, modules], |_pool| {});
    let all = "return [typeof Greet, typeof MyLib, typeof AwsS3, typeof Only];";
    for (preset, expected) in [
        (None, json!(["object", "object", "undefined", "undefined"])),
        (Some("script"), json!(["object", "object", "undefined", "undefined"])),
        (Some("modules"), json!(["undefined", "object", "undefined", "function"])),
        (Some("default"), json!(["undefined", "object", "object", "undefined"])),
    ] {
        let mut request = json!({ "code": all });
        if let Some(preset) = preset {
            request["preset"] = json!(preset);
        }
        kernel.check(&request.to_string(), &ok(&expected));
    }
    let request =
        json!({ "preset": "modules", "code": "return [MyLib.VERSION, Only(21), Self.set];" });
    kernel.check(&request.to_string(), &ok(&json!(["ours", 42, 2])));
    kernel.check(
        r#"{"id":1,"code":"return 1","preset":"scrip"}"#,
        &crate::harness::with_id(
            &json!(1),
            bad_request("unknown preset `scrip`; this kernel has `script`, `modules`, `default`"),
        ),
    );
    kernel.check(
        r#"{"code":"return 1","preset":7}"#,
        &bad_request("`preset` must be a string, not a number"),
    );
    kernel.check_serves();
}

#[test]
fn the_check_the_search_and_the_contract_know_the_preset() {
    needs_sockets!();
    let shelf = Shelf::new();
    let folder = shelf.add("tools", "keep = [\"AwsS3\"]\n", &[("Greet", "greet.js", GREET)]);
    let toml = fs::read_to_string(folder.join("preset.toml")).unwrap();
    fs::write(
        folder.join("preset.toml"),
        format!("{toml}api = \"greet.txt\"\npackage = \"greeter\"\n"),
    )
    .unwrap();
    fs::write(folder.join("greet.txt"), "function hello(name: string): string // Says it\n")
        .unwrap();
    let kernel = kernel(&[folder], |_pool| {});
    let strict = |code: &str| {
        let line = json!({ "code": code, "check": "strict" }).to_string();
        let answer = normalised(&kernel.client().exchange(&line).unwrap());
        let error = &answer["error"];
        format!("{}: {}", error["kind"].as_str().unwrap(), error["message"].as_str().unwrap())
    };
    assert_eq!(
        strict("return Greet.helo('Ada')"),
        "check: Greet has no `helo`; did you mean `hello`?"
    );
    assert_eq!(strict("return MyLib.slugify('x')"), "check: there is no `MyLib`");
    kernel.check(
        r#"{"code":"import { hello } from 'greeter'; return hello('x')"}"#,
        &failed(&json!({
            "kind": "syntax",
            "name": "SyntaxError",
            "message": "`import` is not available in a snippet",
            "frame": "> 1 | import { hello } from 'greeter'; return hello('x')\n    | ^",
            "hint": "use the global `Greet`, which is the whole module",
            "line": 1,
            "column": 1,
        })),
    );
    kernel.check(
        r#"{"code":"import x from 'left-pad'; return x"}"#,
        &failed(&json!({
            "kind": "syntax",
            "name": "SyntaxError",
            "message": "`import` is not available in a snippet",
            "frame": "> 1 | import x from 'left-pad'; return x\n    | ^",
            "hint": "there is no global for `left-pad`; the libraries here are the globals `AwsS3` and `Greet`",
            "line": 1,
            "column": 1,
        })),
    );
    let text = |line: &str| {
        let answer: Value = serde_json::from_str(&kernel.client().exchange(line).unwrap()).unwrap();
        answer["text"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    };
    assert_eq!(
        text(r#"{"op":"api","search":"says","preset":"tools"}"#),
        "Greet.hello(name: string): string // Says it\n"
    );
    let prompt = text(r#"{"op":"prompt","preset":"tools","tokens":4000}"#);
    assert!(
        prompt.contains("\nGreet: what Greet is.\n- Greet.hello(name: string): string\n"),
        "{prompt}"
    );
    assert!(!prompt.contains("MyLib"), "{prompt}");
    let prompt = text(r#"{"op":"prompt","preset":"default","tokens":4000}"#);
    assert!(!prompt.contains("Greet") && prompt.contains("MyLib"), "{prompt}");
    kernel.check_serves();
}

/// What a library's own frames are nobody can look up.
#[test]
fn an_error_from_inside_a_library_points_into_the_snippet() {
    needs_sockets!();
    let shelf = Shelf::new();
    let source = "var Deep = { fail: function fail() {\n  throw new Error('from inside');\n} };";
    let kernel = kernel(&[shelf.add("deep", "", &[("Deep", "deep.js", source)])], |_pool| {});
    kernel.check(
        r#"{"code":"const it = 1;\nDeep.fail();"}"#,
        &failed(&json!({
            "kind": "thrown",
            "name": "Error",
            "message": "from inside",
            "stack": "Error: from inside\n    at main (snippet.ts:2:6)",
            "frame": "  1 | const it = 1;\n> 2 | Deep.fail();\n    |      ^",
            "line": 2,
            "column": 6,
        })),
    );
}

#[test]
fn an_isolate_is_built_on_first_use_and_goes_when_nobody_uses_it() {
    needs_sockets!();
    let shelf = Shelf::new();
    let folders = ["one", "two"].map(|name| shelf.add(name, "", &[("Greet", "greet.js", GREET)]));
    let run =
        |preset: &str| json!({ "preset": preset, "code": "return Greet.hello('x')" }).to_string();

    let cold = kernel(&folders, |pool| pool.preset_idle = Duration::from_millis(1));
    // The second was tried out at the start, the built-in one was not.
    cold.wait_for(|stats| stats["presets"][1]["isolates"] == 0);
    for _ in 0..3 {
        cold.check(&run("two"), &ok(&json!("hello x")));
    }
    cold.wait_for(|stats| stats["presets"][1]["isolates"] == 0);
    assert_eq!(isolates(&cold), [1, 0, 0]);
    cold.check(
        r#"{"preset":"default","code":"return typeof AwsS3.S3Client"}"#,
        &ok(&json!("function")),
    );
    cold.check_serves();

    let usual = kernel(&folders, |_pool| {});
    assert_eq!(isolates(&usual), [1, 1, 0]);
    let warm = kernel(&folders, |pool| {
        (pool.warmth, pool.preset_idle) = (Warmth::Always, Duration::ZERO);
    });
    warm.check(&run("two"), &ok(&json!("hello x")));
    assert_eq!(isolates(&warm), [1, 1, 1]);
}

/// One worker, runs of three presets in the middle of their waiting, a crowd of
/// others between.
#[test]
fn runs_of_several_presets_wait_on_one_worker() {
    needs_sockets!();
    let shelf = Shelf::new();
    let folders = ["one", "two"].map(|name| {
        let source = format!("var Name = '{name}';");
        shelf.add(name, "", &[("Name", "name.js", &source)])
    });
    let kernel = kernel(&folders, |_pool| {});
    let mut client = kernel.client();
    let code = "const before = globalThis.Name, mine = input; globalThis.left = mine;
        await new Promise((go) => setTimeout(go, 20 + input % 5));
        return [before, Name === before, mine, left];";
    let code = |preset: &str| match preset {
        "default" => code.replace("Name === before", "typeof Name === 'undefined'"),
        _ => code.to_owned(),
    };
    let presets = ["one", "two", "default"];
    for n in 0..60 {
        let preset = presets[n % 3];
        client
            .send(
                &json!({ "id": n, "preset": preset, "code": code(preset), "input": n }).to_string(),
            )
            .unwrap();
    }
    for _ in 0..60 {
        let answer: Value = serde_json::from_str(&client.receive().unwrap()).unwrap();
        let n = answer["id"].as_u64().unwrap();
        let before = match n % 3 {
            0 => json!("one"),
            1 => json!("two"),
            _ => json!(null),
        };
        assert_eq!(answer["result"], json!([before, true, n, n]), "{answer}");
    }
    kernel.check(r#"{"code":"return typeof left"}"#, &ok(&json!("undefined")));
}

#[track_caller]
fn check_refused(folders: &[&Path], expected: &str) {
    let mut command = program("llm-kernel");
    command.arg("--socket").arg(folders[0].join("k"));
    for folder in folders {
        command.arg("--preset").arg(folder);
    }
    let root = format!("{}/", folders[0].parent().unwrap().display());
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap().replace(&root, "");
    // What this system cannot lock down is said before.
    let last = stderr.lines().last().unwrap_or_default();
    assert_eq!(
        (output.status.code(), last),
        (Some(1), &*format!("llm-kernel: {expected}")),
        "{stderr}"
    );
}

#[test]
fn a_folder_that_is_no_preset_is_refused_with_file_line_and_reason() {
    needs_sockets!();
    let shelf = Shelf::new();
    check_refused(
        &[&shelf.0.path().join("none")],
        "none/preset.toml: cannot be read: No such file or directory (os error 2)",
    );
    let good = shelf.add("good", "", &[("Greet", "greet.js", GREET)]);
    let twice = shelf.add("twice", "", &[]);
    fs::write(twice.join("preset.toml"), "version = \"1\"\nname = \"good\"").unwrap();
    check_refused(&[&good, &twice], "twice/preset.toml:2: another preset is named `good`");
    let bad_head = shelf.add("bad-head", "keep = [\"AwsS2\"]\n", &[]);
    check_refused(
        &[&bad_head],
        "bad-head/preset.toml:3: `AwsS2` is not built in; did you mean `AwsS3`?; there are AwsS3, MyLib",
    );
    let missing = shelf.add("missing", "", &[("Greet", "greet.js", GREET)]);
    fs::remove_file(missing.join("greet.js")).unwrap();
    check_refused(
        &[&missing],
        "missing/preset.toml:5: `greet.js` cannot be read: No such file or directory (os error 2)",
    );
    for (name, file, source, expected) in [
        (
            "syntax",
            "it.js",
            "var It = 1;\nvar 2;",
            "syntax/it.js:2: SyntaxError: variable name expected",
        ),
        (
            "module",
            "it.js",
            "export const a = 1;",
            "module/it.js:1: SyntaxError: unsupported keyword: export; an ES module is a file `.mjs`",
        ),
        (
            "throws",
            "it.js",
            "var It = {};\n\nIt.a.b();",
            "preset `throws`: throws/it.js:3:1: TypeError: cannot read property 'b' of undefined",
        ),
        (
            "browser",
            "it.mjs",
            "export const it = () => 1;\nexport const title = document.title;",
            "preset `browser`: browser/it.mjs:2:22: ReferenceError: document is not defined",
        ),
        (
            "draws",
            "it.js",
            "var It = Math.random();",
            "preset `draws`: draws/it.js:1:14: Error: a bundle may not draw random numbers while the image is built",
        ),
        (
            "timer",
            "it.js",
            "var It = setTimeout(function () {}, 1);",
            "preset `timer`: timer/it.js:1:20: Error: a bundle may not leave timers in the image",
        ),
        (
            "waits",
            "it.mjs",
            "await new Promise(() => {}); export const it = 1;",
            "preset `waits`: waits/it.mjs: TypeError: its top-level await never settles",
        ),
        (
            "imports",
            "it.mjs",
            "import _ from 'lodash'; export const it = 1;",
            "imports/it.mjs: ReferenceError: could not load module 'lodash'; a bundle has in it what it needs",
        ),
        (
            "nothing",
            "it.js",
            "const It = 1;",
            "preset `nothing`: nothing/it.js: it does not set the global `It`, and is no module that exports something (a script sets one with `var`, or on `globalThis`)",
        ),
        (
            "large",
            "it.js",
            "var It = []; for (;;) It.push(new Array(1000).fill(0));",
            "preset `large`: large/it.js: the image may not be larger than 64 MiB",
        ),
    ] {
        let folder = shelf.add(name, "", &[("It", file, source)]);
        check_refused(&[&folder], expected);
    }
    let taken = shelf.add("taken", "", &[("URL", "url.js", "")]);
    check_refused(
        &[&taken],
        "preset `taken`: taken/url.js: the global `URL` is there already: the language, the web platform or an earlier bundle has it",
    );
}

#[test]
fn a_bundle_that_never_ends_is_refused_when_its_time_is_over() {
    let shelf = Shelf::new();
    for source in [
        "for (;;) {}",
        "var It = []; try { for (;;) {} } catch {}",
        "'a'.repeat(2e7).replaceAll('a', 'bb').indexOf('c'); for (;;) {}",
    ] {
        let folder = shelf.add(&format!("hangs-{}", source.len()), "", &[("It", "it.js", source)]);
        let settings = llm_kernel::cli::Settings { n_workers: 1, ..Default::default() };
        let mut config = settings.service();
        config.pool.presets = preset::load_all(std::slice::from_ref(&folder)).unwrap();
        config.pool.load_time = Duration::from_millis(100);
        let reactor = llm_kernel::net::Reactor::on_demand();
        let err = llm_kernel::service::Service::start(config, reactor).unwrap_err();
        let expected = format!(
            "preset `{}`: {}: it does not end in time",
            folder.file_name().unwrap().display(),
            folder.join("it.js").display()
        );
        assert_eq!(err.to_string(), expected, "{source}");
    }
}

/// Folders are read before the kernel gives up reading, images built after it.
#[test]
fn a_kernel_that_is_locked_down_builds_an_image_when_it_is_first_used() {
    needs_sockets!();
    let shelf = Shelf::new();
    let folder = shelf.add("mine", "", &[("Greet", "greet.js", GREET)]);
    let socket = shelf.0.path().join("k");
    let mut kernel = program("llm-kernel");
    kernel.arg("--socket").arg(&socket).arg("--preset").arg(&folder).args(["--workers", "1"]);
    let _kernel = KernelProgram::start(&mut kernel);
    let code = "return [typeof Greet, typeof AwsS3]";
    for (preset, result) in [
        ("mine", "[\n  \"object\",\n  \"undefined\"\n]\n"),
        ("default", "[\n  \"undefined\",\n  \"object\"\n]\n"),
    ] {
        let mut command = program("run-code");
        command.args(["--code", code, "--preset", preset]).arg("--socket").arg(&socket);
        check_program(&mut command, (0, result, ""));
    }
}

#[test]
fn run_code_takes_a_name_or_a_folder_when_it_runs_the_snippet_itself() {
    let shelf = Shelf::new();
    let folder = shelf.add("mine", "", &[("Greet", "greet.js", GREET)]);
    let command = |arguments: &[&str]| {
        let mut command = program("run-code");
        command.env("HOME", shelf.0.path()).args(arguments);
        command.env("LLM_KERNEL_SOCKET", "").env("LLM_KERNEL_PRESET", &folder);
        command
    };
    let folder_text = folder.display().to_string();
    let code = ["--code", "return Greet.hello('Ada')"];
    let with = |rest: &[&str]| command(&[&code[..], rest].concat());
    for rest in [&["--preset", "mine"][..], &["--preset", &folder_text], &[]] {
        check_program(&mut with(rest), (0, "\"hello Ada\"\n", ""));
    }
    check_program(
        &mut command(&["--code", "return typeof MyLib", "--preset", "default"]),
        (0, "\"object\"\n", ""),
    );
    check_program(
        &mut with(&["--preset", "other"]),
        (
            2,
            "",
            "run-code: --preset: `other` is neither a folder with a preset.toml nor one of `mine`, `default`\ntry `run-code --help`\n",
        ),
    );
    let mut search = command(&["api", "show", "Greet", "--preset", "mine"]);
    check_program(&mut search, (0, "// Greet: what Greet is\n", ""));
}

/// The example of the README, as it stands there.
#[test]
fn the_preset_of_the_readme_works() {
    let block = |language: &str| {
        let text = include_str!("../../README.md");
        let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("```").unwrap().0
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("my-lib.mjs"), block("js")).unwrap();
    fs::write(folder.path().join("preset.toml"), block("toml")).unwrap();
    let mut command = program("run-code");
    command.env("LLM_KERNEL_PRESET", folder.path()).env("LLM_KERNEL_SOCKET", "");
    command.args(["--code", "return [MyLib.greet('Ada'), typeof AwsS3.S3Client]"]);
    check_program(&mut command, (0, "[\n  \"hello Ada\",\n  \"function\"\n]\n", ""));
}

/// What a check says beside the figures, which are this machine's.
#[test]
fn a_check_says_what_a_preset_brings_and_what_it_spoils() {
    let shelf = Shelf::new();
    let check = |folder: &Path| {
        let output = program("llm-kernel").args(["preset", "check"]).arg(folder).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        (output.status.code().unwrap(), text.replace(&format!("{}/", shelf.0.path().display()), ""))
    };
    let source = format!("{GREET} var other = 1;");
    let good = shelf.add("good", "keep = [\"MyLib\"]\n", &[("Greet", "greet.js", &source)]);
    let (code, text) = check(&good);
    let words: Vec<&str> = text.lines().filter_map(|it| it.split_whitespace().next()).collect();
    let expected = ["preset", "global", "global", "note", "size", "image", "first", "rollback"];
    assert_eq!((code, &*words), (0, &expected[..]), "{text}");
    for line in [
        "preset    good 1.0.0, in good\n",
        "global    MyLib: the team's own library\n",
        "global    Greet: what Greet is (no API table)\n",
        "note      its bundles also set other\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    for (name, source, expected) in [
        (
            "patches",
            "var It = 1; Array.prototype.last = function () {}; JSON.parse = 1;",
            "it changes what others rely on: JSON.parse, Array.prototype.last",
        ),
        (
            "polyfills",
            "var It = 1; Object.defineProperty(Promise, Symbol.species, { get() { return 1; } }); fetch = 1;",
            "it changes what others rely on: fetch, Promise[Symbol(Symbol.species)]",
        ),
        ("breaks", "var It = document.title;", "ReferenceError: document is not defined"),
    ] {
        let (code, text) = check(&shelf.add(name, "", &[("It", "it.js", source)]));
        assert_eq!(code, 1, "{text}");
        let (start, rest) = text.trim_end().split_once(": preset").unwrap();
        assert_eq!(start, "llm-kernel");
        assert!(rest.starts_with(&format!(" `{name}`: {name}/it.js")), "{text}");
        assert!(rest.ends_with(expected), "{text}");
    }
}

#[test]
fn making_a_preset_without_node_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let libs = folder.path().join("libs");
    let mut command = program("llm-kernel");
    command.env("PATH", folder.path()).args(["preset", "init"]).arg(&libs);
    command.args(["--package", "lodash"]);
    let expected = "llm-kernel: there is no `node` on PATH: making a preset from npm packages takes \
        Node 20 or newer, with npm; one whose bundles you have takes neither (see the README)\n";
    check_program(&mut command, (1, "", expected));
    assert!(!libs.exists());
    let mut command = program("llm-kernel");
    command.args(["preset", "init", "libs"]);
    let expected = "llm-kernel: preset takes `check <dir>`, or `init <dir> --package <name>` with any \
        number of packages\ntry `llm-kernel --help`\n";
    check_program(&mut command, (2, "", expected));
}
