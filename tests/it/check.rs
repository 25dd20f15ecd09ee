//! The check of snippets before they run: silent about what works, and naming the
//! fix for what does not, together with the advice that errors carry.

use std::{fs, path::Path, sync::mpsc, time::Instant};

use llm_kernel::{
    aws::Source,
    cli::Settings,
    isolate::preset,
    net::Reactor,
    protocol::{Answer, Message},
    service::Service,
    transpile::{Check, SOURCE_BYTES, Transpiler},
};
use serde_json::{Value, json};

use crate::harness::normalised;

/// Bytes that a token is taken for.
const TOKEN_BYTES: usize = 4;

fn start() -> Service {
    let settings = Settings { n_workers: 1, ..Settings::default() };
    let mut config = settings.service();
    // No host and no region: what reaches for S3 fails before it is sent.
    config.pool.net.aws = Source::Fixed { credentials: None, region: None, endpoint: None };
    Service::start(config, Reactor::on_demand()).unwrap()
}

fn answer(service: &Service, request: &Value) -> String {
    let line = request.to_string();
    let Ok(Message::Run(request)) = Message::parse(line.as_bytes()) else {
        panic!("not a request: {line}");
    };
    let (sender, receiver) = mpsc::channel();
    let respond = Box::new(move |answer: Answer| {
        sender.send(answer).unwrap();
        None
    });
    service.submit(request, Instant::now(), respond);
    String::from_utf8(receiver.recv().unwrap().into_line()).unwrap()
}

/// `(title, code)` of a file whose snippets begin with `//# title`.
fn titled(text: &str) -> Vec<(&str, &str)> {
    let parts = text.split("//# ").skip(1);
    parts.map(|part| part.split_once('\n').expect("a title and a body")).collect()
}

/// What instances have of their own, and their prototypes have not.
const OWN_MEMBERS: &str = "const pattern = new RegExp('a', 'g');
const error = new TypeError('x', { cause: { code: 1 } });
const both = new AggregateError([error], 'y');
return [pattern.lastIndex.toFixed(), error.stack.length, error.cause.code, both.errors.length];";

/// Every snippet of the collection that works, with its name.
fn working() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snippets");
    let mut res = vec![("own members".to_owned(), OWN_MEMBERS.to_owned())];
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            if name.contains("/broken.") {
                continue;
            } else if name.ends_with(".ts") && text.starts_with("//# ") {
                let snippets = titled(&text);
                res.extend(
                    snippets
                        .iter()
                        .map(|(title, code)| (format!("{name}: {title}"), (*code).to_owned())),
                );
            } else if name.ends_with(".ts") {
                res.push((name, text));
            } else if name.ends_with(".json") {
                let rows: Value = serde_json::from_str(&text).unwrap();
                for row in rows.as_array().into_iter().flatten() {
                    let code = match (&row["code"], row.get(0)) {
                        (Value::String(code), _) => code.clone(),
                        (_, Some(Value::String(code))) if name.contains("/spec/") => {
                            format!("return ({code}\n)")
                        }
                        _ => continue,
                    };
                    res.push((format!("{name}: {code}"), code));
                }
            }
        }
    }
    res
}

#[test]
fn nothing_is_found_in_what_works() {
    // Tells the check what there is.
    drop(start());
    let mut transpiler = Transpiler::new(SOURCE_BYTES).with_api(preset::DEFAULT.api());
    let snippets = working();
    let mut alarms = Vec::new();
    for (name, code) in &snippets {
        if transpiler.transpile(code, Check::Warn).is_err() {
            // Some show what is refused.
            continue;
        }
        for finding in transpiler.take_findings().list {
            alarms.push(format!("{name}\n    {}", finding.message));
        }
    }
    assert!(snippets.len() > 500, "looked in the wrong folder: {}", snippets.len());
    assert!(alarms.is_empty(), "{} false alarms:\n{}", alarms.len(), alarms.join("\n"));
}

#[test]
fn what_models_get_wrong_is_answered_with_the_fix() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snippets");
    let text = fs::read_to_string(folder.join("broken.ts")).unwrap();
    let recorded = folder.join("broken.json");
    let service = start();
    let (mut answers, mut without_fix, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for (title, code) in titled(&text) {
        let (title, fix) = title.split_once(" | ").expect("a title and a fix");
        let request =
            json!({ "code": code.trim_end(), "input": { "rows": [] }, "timeoutMs": 5000 });
        let answer = normalised(&answer(&service, &request));
        let told = json!([answer["error"], answer["warnings"]]);
        if !unescaped(&told).contains(fix) {
            without_fix.push(format!("{title}: no {fix:?} in\n  {told:#}"));
        }
        sizes.push(told.to_string().len().div_ceil(TOKEN_BYTES));
        answers.push(json!({ "title": title, "answer": answer }));
    }
    assert!(answers.len() >= 60, "{} snippets", answers.len());
    assert!(without_fix.is_empty(), "{}:\n{}", without_fix.len(), without_fix.join("\n"));

    sizes.sort_unstable();
    let (median, largest) = (sizes[sizes.len() / 2], sizes[sizes.len() - 1]);
    assert!(median <= 400 && largest <= 1_000, "{median} tokens at the median, {largest} at most");

    // `RECORD=1` writes what the answers are now; the change is to be reviewed.
    let lines: Vec<String> = answers.iter().map(Value::to_string).collect();
    let now = format!("[\n{}\n]\n", lines.join(",\n"));
    if std::env::var_os("RECORD").is_some() {
        fs::write(&recorded, &now).unwrap();
    }
    let expected: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(&recorded).unwrap()).unwrap();
    for (answer, expected) in answers.iter().zip(&expected) {
        assert_eq!(answer, expected, "\n{answer:#}");
    }
    assert_eq!(answers.len(), expected.len());
}

/// Strings without the marks that JSON puts before quotes.
fn unescaped(value: &Value) -> String {
    value.to_string().replace("\\\"", "\"")
}

#[test]
fn a_strict_check_runs_nothing() {
    let service = start();
    let code = "console.log('ran');\nreturn MyLib.slugfy('a');";
    let line = answer(&service, &json!({ "id": 1, "code": code, "check": "strict" }));
    assert_eq!(
        normalised(&line),
        json!({
            "id": 1,
            "ok": false,
            "error": {
                "kind": "check",
                "message": "MyLib has no `slugfy`; did you mean `slugify`?",
                "frame": "  1 | console.log('ran');\n> 2 | return MyLib.slugfy('a');\n    |              ^",
                "hint": "nothing has run; `MyLib.slugify(text: string): string`",
                "line": 2,
                "column": 14,
            },
            "warnings": [{
                "line": 2,
                "column": 14,
                "message": "MyLib has no `slugfy`; did you mean `slugify`?",
                "signature": "MyLib.slugify(text: string): string",
            }],
            "logs": [],
            "usage": "…",
        })
    );
    let line = answer(&service, &json!({ "code": "return 1", "check": "strict" }));
    assert_eq!(normalised(&line)["ok"], json!(true));
}

#[test]
fn a_finding_that_does_no_harm_is_a_warning() {
    let service = start();
    let code = "const s3 = new AwsS3.S3Client({ regoin: 'eu-west-1' });\nreturn 1;";
    assert_eq!(
        normalised(&answer(&service, &json!({ "code": code }))),
        json!({
            "ok": true,
            "result": 1,
            "warnings": [{
                "line": 1,
                "column": 33,
                "message": "`AwsS3.S3Client` takes no `regoin`; did you mean `region`?",
                "signature": "region?: string | Provider",
            }],
            "logs": [],
            "usage": "…",
        })
    );
}
