//! Snippets as models write them, each run from its text to its answer.
//!
//! `typescript/*.ts` stand beside the result they must have; the lists of
//! `{"code", "logs"}` hold what Node 20 prints.

use std::{fs, path::Path};

use llm_kernel::client::Client;
use serde_json::{Value, json};

use crate::harness::{TestKernel, needs_sockets, normalised, ok};

#[test]
fn typescript_runs_and_gives_what_it_should() {
    needs_sockets!();
    let kernel = TestKernel::start(1);
    let mut client = kernel.client();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snippets/typescript");
    let mut n_snippets = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "ts") {
            continue;
        }
        let code = fs::read_to_string(&path).unwrap();
        let result = fs::read_to_string(path.with_extension("json")).unwrap();
        let expected = ok(&serde_json::from_str(&result).unwrap());
        assert_eq!(run(&mut client, &code), expected, "\n{}\n{code}", path.display());
        n_snippets += 1;
    }
    assert!(n_snippets > 50, "looked in the wrong folder");
}

#[test]
fn the_console_prints_what_node_prints() {
    needs_sockets!();
    check_logs(include_str!("../snippets/console.json"));
}

#[test]
fn the_web_platform_does_what_node_does() {
    needs_sockets!();
    check_logs(include_str!("../snippets/web.json"));
}

#[track_caller]
fn check_logs(cases: &str) {
    let kernel = TestKernel::start(1);
    let mut client = kernel.client();
    let cases: Vec<Value> = serde_json::from_str(cases).unwrap();
    let mut failures = Vec::new();
    for case in &cases {
        let code = case["code"].as_str().unwrap();
        let answer = run(&mut client, code);
        let logs: Vec<&Value> =
            answer["logs"].as_array().unwrap().iter().map(|it| &it["text"]).collect();
        if answer["ok"] != json!(true) || json!(logs) != case["logs"] {
            failures.push(format!("{code}\n  expected: {}\n  answer:   {answer}", case["logs"]));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn run(client: &mut Client, code: &str) -> Value {
    normalised(&client.exchange(&json!({ "code": code }).to_string()).unwrap())
}
