//! The web platform and Node's habits, measured: snippets as language models
//! write them against what Node 20 answered, and rows of the specifications.
//! `tests/snippets/record.mjs` records the former and checks the latter.

use std::{
    fs,
    path::PathBuf,
    sync::mpsc,
    time::{Duration, Instant},
};

use llm_kernel::{
    cli::Settings,
    net::Reactor,
    protocol::{Answer, Message},
    service::Service,
};
use serde_json::{Value, json};

/// Runs code in this process; each run starts pristine.
struct Runner(Service);

impl Runner {
    fn start() -> Runner {
        let settings = Settings {
            n_workers: 1,
            timeout: Some(Duration::from_secs(20)),
            ..Settings::default()
        };
        Runner(Service::start(settings.service(), Reactor::on_demand()).unwrap())
    }

    /// `{ result, error, logs }` in the form that the recorder writes.
    fn answer(&self, code: &str) -> Value {
        let line = json!({ "code": code }).to_string();
        let Ok(Message::Run(request)) = Message::parse(line.as_bytes()) else {
            panic!("not a request: {line}");
        };
        let (sender, receiver) = mpsc::channel();
        let respond = Box::new(move |answer: Answer| sender.send(answer).unwrap());
        self.0.submit(request, Instant::now(), respond);
        let answer = receiver.recv().unwrap();
        let mut res = json!({});
        match answer.outcome {
            Ok(result) => res["result"] = serde_json::from_str(&result).unwrap(),
            Err(failure) => {
                let name = failure.name.map(|it| format!("{it}: ")).unwrap_or_default();
                res["error"] = json!(format!("{name}{}", failure.message));
            }
        }
        if !answer.logs.is_empty() {
            res["logs"] = answer.logs.into_iter().map(|log| Value::String(log.text)).collect();
        }
        res
    }
}

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snippets").join(path);
    fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

fn rows(path: &str) -> Vec<Value> {
    serde_json::from_str(&read(path)).unwrap()
}

/// Every snippet of `platform/{name}.ts` answers what Node 20 answered.
#[track_caller]
fn check_platform(name: &str) {
    let text = read(&format!("platform/{name}.ts"));
    let snippets: Vec<(&str, &str)> = text
        .split("//# ")
        .skip(1)
        .map(|part| part.split_once('\n').expect("a snippet has a title and a body"))
        .collect();
    let mut recorded = rows(&format!("platform/{name}.json"));
    assert_eq!(snippets.len(), recorded.len(), "run record.mjs: {name} has changed");
    let runner = Runner::start();
    let mut failures = Vec::new();
    for ((title, code), expected) in snippets.into_iter().zip(&mut recorded) {
        let recorded_title = expected.as_object_mut().unwrap().remove("title");
        assert_eq!(recorded_title, Some(json!(title)), "run record.mjs: {name} has changed");
        let got = runner.answer(code.trim());
        if got != *expected {
            failures.push(format!("{title}\n   ours {got}\n   Node {expected}"));
        }
    }
    assert!(failures.is_empty(), "{name}: {} differ\n{}", failures.len(), failures.join("\n"));
}

/// Every row `[expression, expected]` holds.
#[track_caller]
fn check_spec(name: &str) {
    let runner = Runner::start();
    let mut failures = Vec::new();
    for row in rows(&format!("spec/{name}.json")) {
        let code = row[0].as_str().expect("a row begins with code");
        let got = runner.answer(&format!("return ({code}\n)"));
        let value = got.get("error").or(got.get("result")).unwrap();
        if *value != row[1] {
            failures.push(format!("{code}\n   ours      {value}\n   specified {}", row[1]));
        }
    }
    assert!(failures.is_empty(), "{name}: {} differ\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn asynchronous_snippets_answer_as_in_node() {
    check_platform("async");
}

#[test]
fn data_shaping_snippets_answer_as_in_node() {
    check_platform("data_shaping");
}

#[test]
fn date_snippets_answer_as_in_node() {
    check_platform("dates");
}

#[test]
fn formatting_snippets_answer_as_in_node() {
    check_platform("formatting");
}

#[test]
fn language_snippets_answer_as_in_node() {
    check_platform("language");
}

#[test]
fn string_snippets_answer_as_in_node() {
    check_platform("strings");
}

#[test]
fn buffer_and_process_are_as_in_node() {
    check_spec("buffer");
}

#[test]
fn structured_clones_are_as_specified() {
    check_spec("clone");
}

#[test]
fn web_crypto_gives_the_published_vectors() {
    check_spec("crypto");
}

#[test]
fn encodings_are_as_specified() {
    check_spec("encoding");
}

#[test]
fn bodies_and_headers_are_as_specified() {
    check_spec("fetch");
}

#[test]
fn blobs_and_files_are_as_specified() {
    check_spec("file");
}

#[test]
fn streams_and_events_are_as_specified() {
    check_spec("streams");
}

#[test]
fn urls_are_as_specified() {
    check_spec("url");
}
