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
        Runner::with_heap(Settings::default().memory_bytes)
    }

    fn with_heap(memory_bytes: usize) -> Runner {
        let settings = Settings {
            n_workers: 1,
            memory_bytes,
            timeout: Some(Duration::from_secs(20)),
            ..Settings::default()
        };
        Runner(Service::start(settings.service(), Reactor::on_demand()).unwrap())
    }

    fn outcome(&self, line: &str) -> Answer {
        let Ok(Message::Run(request)) = Message::parse(line.as_bytes()) else {
            panic!("not a request: {line}");
        };
        let (sender, receiver) = mpsc::channel();
        let respond = Box::new(move |answer: Answer| {
            sender.send(answer).unwrap();
            None
        });
        self.0.submit(request, Instant::now(), respond);
        receiver.recv().unwrap()
    }

    /// `{ result, error, logs }` in the form that the recorder writes.
    fn answer(&self, code: &str) -> Value {
        let answer = self.outcome(&json!({ "code": code }).to_string());
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
fn snippets_in_corners_answer_as_in_node() {
    check_platform("corners");
}

#[test]
fn what_snippets_reach_for_answers_as_in_node() {
    check_platform("reached_for");
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
fn snippets_of_agents_answer_as_in_node() {
    check_platform("tasks");
}

#[test]
fn snippets_on_the_web_platform_answer_as_in_node() {
    check_platform("web_apis");
}

#[test]
fn snippets_with_habits_of_node_answer_as_in_node() {
    check_platform("node_habits");
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

/// `[class, name, code, message]` of what wrong calls throw. A row that deviates from
/// Node goes on with what ours is and why.
#[test]
fn wrong_calls_throw_as_in_node() {
    let rows = rows("errors.json");
    let calls: String = rows
        .iter()
        .map(|row| format!("await thrown(async () => {}),\n", row[0].as_str().unwrap()))
        .collect();
    let program = format!(
        "const thrown = async (call) => {{
          try {{ await call(); return 'nothing'; }}
          catch (error) {{ return typeof error === 'object' ? [error.constructor.name, error.name, error.code ?? null, error.message] : error; }}
        }};
        return [{calls}];"
    );
    let answer = Runner::start().answer(&program);
    let answers = answer["result"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let mut failures = Vec::new();
    for (row, got) in rows.iter().zip(answers) {
        let expected = row.get(2).unwrap_or(&row[1]);
        assert_ne!(row.get(2), Some(&row[1]), "{} does not deviate", row[0]);
        assert!(row.get(2).is_none() || row[3].is_string(), "{}: no reason", row[0]);
        if got != expected {
            failures.push(format!("{}\n   ours {got}\n   Node {}", row[0], row[1]));
        }
    }
    assert!(failures.is_empty(), "{} differ\n{}", failures.len(), failures.join("\n"));
}

/// What is too much ends the run that asked for it, by the budget that it broke,
/// and the next one finds everything as it was.
#[test]
fn oversized_requests_meet_the_budget_of_their_run() {
    let runner = Runner::with_heap(48 << 20);
    let bomb = "const zeros = new Uint8Array(1 << 20);
        const stream = ReadableStream.from(Array(64).fill(zeros)).pipeThrough(new CompressionStream('gzip'));
        const bomb = await new Response(stream).arrayBuffer();
        await new Response(new Blob([bomb]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();";
    let endless = "const key = await crypto.subtle.importKey('raw', new Uint8Array(9), 'PBKDF2', false, ['deriveBits']);
        const many = { name: 'PBKDF2', hash: 'SHA-512', salt: key.usages.length ? new Uint8Array(8) : null, iterations: 2 ** 32 - 1 };
        await crypto.subtle.deriveBits(many, key, 8 * 2 ** 20);";
    let cases = [
        (bomb, "out_of_memory"),
        (endless, "timeout"),
        ("new Blob([new Uint8Array(2 ** 31)])", "thrown"),
        ("Buffer.alloc(2 ** 40)", "thrown"),
        ("const list = []; for (;;) list.push(Buffer.alloc(1 << 20, 'x'));", "out_of_memory"),
        ("const f = () => {}; for (let n = 0; n < 1e9; n++) setTimeout(f, 1e6);", "thrown"),
        (
            "const parts = []; for (;;) parts.push(new Blob(['x'.repeat(1 << 20)]));",
            "out_of_memory",
        ),
    ];
    for (code, expected) in cases {
        let timeout_ms = if expected == "timeout" { 300 } else { 20_000 };
        let line = json!({ "code": code, "timeoutMs": timeout_ms }).to_string();
        let kind = match runner.outcome(&line).outcome {
            Ok(result) => result,
            Err(failure) => failure.kind.as_str().to_owned(),
        };
        assert_eq!(kind, expected, "{code}");
        assert_eq!(runner.answer("return 1"), json!({ "result": 1 }));
    }
}

/// It ran out of memory before: each element was described to learn of other
/// properties.
#[test]
fn a_long_list_prints_in_a_small_heap() {
    let runner = Runner::with_heap(48 << 20);
    let row = format!("  {}\n", ["0,"; 12].join(" ")).repeat(8);
    let text = format!("Uint8Array(16777216) [\n{row}  0, 0, 0, 0,\n  ... 16777116 more items\n]");
    assert_eq!(
        runner.answer("console.log(new Uint8Array(16 << 20)); return 1"),
        json!({ "result": 1, "logs": [text] })
    );
}

#[test]
fn what_a_snippet_patches_is_whole_in_the_next_run() {
    let runner = Runner::start();
    let patch = "Response.prototype.json = Buffer.from = Headers.prototype.get = URL.parse = () => 'patched';
        for (const name of ['Buffer', 'process', 'fetch', 'crypto', 'URL', 'structuredClone', 'Response']) globalThis[name] = 'gone';
        return 1;";
    assert_eq!(runner.answer(patch), json!({ "result": 1 }));
    let probe = "return [await Response.json([1]).json(), Buffer.from('a').toString(), new Headers({ a: 'b' }).get('a'),
        typeof process.nextTick, typeof fetch, crypto.randomUUID().length, structuredClone(5)];";
    assert_eq!(
        runner.answer(probe),
        json!({ "result": [[1], "a", "b", "function", "function", 36, 5] })
    );
}

#[test]
fn the_readme_counts_them_right() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snippets");
    let count = |part: &str| -> usize {
        let files = fs::read_dir(folder.join(part)).unwrap().map(|it| it.unwrap().path());
        files
            .filter(|path| path.extension().is_some_and(|it| it == "json"))
            .map(|path| rows(&format!("{part}/{}", path.file_name().unwrap().display())).len())
            .sum()
    };
    let readme = fs::read_to_string(folder.join("../../README.md")).unwrap();
    for said in
        [format!("{} snippets as models", count("platform")), format!("{} rows", count("spec"))]
    {
        assert!(readme.contains(&said), "README.md does not say: {said}");
    }
}
