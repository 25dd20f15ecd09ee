//! The README tells the truth: its commands are run, its lines are sent.
//!
//! A ```` ```sh ```` block whose lines begin with `$ ` is a session: commands of
//! ours are run, and what follows each is what it prints. In a ```` ```jsonl ````
//! block `→` is sent and `←` is what comes back; `usage` may be anything.

use std::{path::Path, process::Output};

use crate::harness::{TestKernel, needs_sockets, normalised, program};

const README: &str = include_str!("../../README.md");

#[test]
fn every_line_of_protocol_is_answered_as_it_says() {
    needs_sockets!();
    let mut n_lines = 0;
    for block in blocks("jsonl") {
        let kernel =
            TestKernel::start_with(|it| it.timeout = Some(std::time::Duration::from_secs(30)));
        let mut client = kernel.client();
        for line in block.lines() {
            if let Some(line) = line.strip_prefix("→ ") {
                client.send(line).unwrap();
            } else if let Some(expected) = line.strip_prefix("← ") {
                let answer = client.receive().unwrap();
                assert_eq!(normalised(&answer), normalised(expected), "\n{line}\n{answer}");
                n_lines += 1;
            } else {
                panic!("a line of protocol begins with an arrow: {line}");
            }
        }
    }
    assert!(n_lines > 3, "looked at the wrong blocks");
}

#[test]
fn every_command_prints_what_it_says() {
    needs_sockets!();
    let mut n_commands = 0;
    for block in blocks("sh") {
        let folder = tempfile::tempdir().unwrap();
        let kernel = TestKernel::start_with(|it| {
            it.socket = llm_kernel::endpoint::Endpoint::Unix(folder.path().join("k"));
        });
        for session in block.split("\n$ ").filter(|_| block.starts_with("$ ")) {
            let session = session.strip_prefix("$ ").unwrap_or(session);
            let (command, expected) = split_session(session);
            let Some(output) = run(&command, folder.path()) else { continue };
            let mut printed = String::from_utf8(output.stdout).unwrap();
            printed.push_str(&String::from_utf8(output.stderr).unwrap());
            assert_eq!(printed.trim_end(), expected.trim_end(), "\n$ {command}");
            n_commands += 1;
        }
        drop(kernel);
    }
    assert!(n_commands > 2, "looked at the wrong blocks");
}

/// The command (with its continuation lines) and what it prints.
fn split_session(session: &str) -> (String, String) {
    let mut lines = session.lines();
    let mut command = String::new();
    for line in lines.by_ref() {
        command.push_str(line);
        command.push('\n');
        if !line.ends_with('\\') {
            break;
        }
    }
    (command, lines.collect::<Vec<_>>().join("\n"))
}

/// Runs a line of shell in which our programs are the ones that were built, and
/// a private socket stands for the default one. What only starts a kernel, or
/// builds something, is not run again.
fn run(command: &str, folder: &Path) -> Option<Output> {
    let command = command.trim_end();
    if !command.contains("run-code") || command.starts_with("cargo") {
        assert!(
            command.starts_with("cargo ") || command.starts_with("llm-kernel"),
            "this test does not know what to do with: {command}"
        );
        return None;
    }
    let mut shell = std::process::Command::new("sh");
    let run_code = program("run-code");
    let programs = Path::new(run_code.get_program()).parent().unwrap().to_owned();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let socket = folder.join("k");
    shell
        .args(["-c", &command.replace("/tmp/llm-kernel.sock", &socket.display().to_string())])
        .current_dir(folder)
        .env("PATH", path)
        .env("LLM_KERNEL_SOCKET", socket);
    Some(shell.output().unwrap())
}

/// Texts of the fenced blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README
        .split(&*fence)
        .skip(1)
        .map(|it| it.split_once("\n```").expect("every fence is closed").0)
        .collect()
}
