//! Intl and time zones against what Node 20 answered: `tests/snippets/intl.json`,
//! recorded by the script beside it.

use std::{process::Command, time::Duration};

use serde_json::Value;

use crate::one_worker::OneWorker;

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Row {
    Same(String, Value),
    /// What ours is, and why.
    Deviates(String, Value, Value, String),
}

#[test]
fn intl_answers_as_node_does() {
    let rows: Vec<Row> = serde_json::from_str(include_str!("../snippets/intl.json")).unwrap();
    assert!(rows.len() >= 250, "only {} rows", rows.len());
    let worker = OneWorker::start(|_config| {});
    let mut wrong = Vec::new();
    for rows in rows.chunks(60) {
        let calls: Vec<String> = rows
            .iter()
            .map(|row| {
                let (Row::Same(code, _) | Row::Deviates(code, ..)) = row;
                format!("answer(() => ({code}))")
            })
            .collect();
        let program = format!(
            "const answer = (run) => {{ try {{ return run() ?? null; }} catch (error) {{ return `${{error.name}}: ${{error.message}}`; }} }};
            return [{}].map((it) => JSON.parse(JSON.stringify(it)));",
            calls.join(",\n")
        );
        let run = worker.run(&program, Duration::from_secs(60));
        let answers = run.outcome.result.unwrap_or_else(|err| panic!("{err:?}\n{program}"));
        let answers: Vec<Value> = serde_json::from_str(&answers).unwrap();
        for (row, answer) in rows.iter().zip(answers) {
            let (code, expected) = match row {
                Row::Same(code, node) => (code, node),
                Row::Deviates(code, node, ours, reason) => {
                    assert_ne!(node, ours, "{code} does not deviate: {reason}");
                    (code, ours)
                }
            };
            if answer != *expected {
                wrong.push(format!("{code}\n  expected {expected}\n  got      {answer}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// What run-code prints that was started with `TZ`.
#[track_caller]
fn check_zone(tz: &str, code: &str, expected: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_run-code"))
        .env("TZ", tz)
        .env_remove("LLM_KERNEL_SOCKET")
        .args(["--code", code])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(printed.trim_end(), format!("{expected:?}"), "TZ={tz} {code}\n{errors}");
}

#[test]
fn local_times_are_those_of_tz() {
    let text = "return String(new Date(1720000000000))";
    check_zone(
        "Europe/Berlin",
        text,
        "Wed Jul 03 2024 11:46:40 GMT+0200 (Central European Summer Time)",
    );
    check_zone(
        "America/New_York",
        text,
        "Wed Jul 03 2024 05:46:40 GMT-0400 (Eastern Daylight Time)",
    );
    check_zone("Asia/Kolkata", text, "Wed Jul 03 2024 15:16:40 GMT+0530 (India Standard Time)");
    check_zone("UTC", text, "Wed Jul 03 2024 09:46:40 GMT+0000 (Coordinated Universal Time)");
    // A name that nobody knows means UTC, to the C library as well.
    check_zone(
        "Nowhere/Land",
        text,
        "Wed Jul 03 2024 09:46:40 GMT+0000 (Coordinated Universal Time)",
    );
    check_zone(
        "Europe/Berlin",
        "const d = new Date(2024, 0, 2, 3, 4, 5);
         return [d.toISOString(), d.toLocaleString(), d.getTimezoneOffset(), d.toTimeString(), Intl.DateTimeFormat().resolvedOptions().timeZone].join(' | ')",
        "2024-01-02T02:04:05.000Z | 1/2/2024, 3:04:05 AM | -60 | 03:04:05 GMT+0100 (Central European Standard Time) | Europe/Berlin",
    );
}
