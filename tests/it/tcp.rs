//! TCP: who may speak, and that the seed's two commands work unchanged.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use llm_kernel::{cli::TcpAccess, endpoint::Endpoint, kernel::Access, token::Token};
use serde_json::{Value, json};

use crate::harness::{
    KernelProgram, TestKernel, bad_request, check_program, failed, names_in, needs_sockets,
    normalised, ok, program,
};

fn start(access: Access) -> TestKernel {
    TestKernel::start_config(
        |settings| settings.socket = "tcp://127.0.0.1:0".parse().unwrap(),
        |config| config.access = access,
    )
}

#[track_caller]
fn check(kernel: &TestKernel, bytes: &[u8], expected: &[Value]) {
    let Endpoint::Tcp { host, port } = kernel.kernel.endpoint() else { unreachable!() };
    let mut stream = TcpStream::connect((&**host, *port)).unwrap();
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    // A kernel that hangs up on unread bytes resets the connection.
    let _ = stream.read_to_string(&mut answers);
    let answers: Vec<Value> = answers.lines().map(normalised).collect();
    assert_eq!(answers, expected);
}

#[test]
fn a_token_opens_the_port_and_nothing_else_does() {
    needs_sockets!();
    let kernel = start(Access::Token(Token::new("secret".to_owned())));
    check(
        &kernel,
        b"{\"op\":\"auth\",\"token\":\"secret\"}\n{\"code\":\"return input\"}\n",
        &[json!({ "op": "auth", "ok": true }), ok(&json!({}))],
    );
    let ask_first = failed(&json!({
        "kind": "bad_request",
        "message": "this port asks for a token first",
        "hint": r#"send {"op":"auth","token":"…"}; for run-code, set LLM_KERNEL_TOKEN"#,
    }));
    check(&kernel, b"{\"code\":\"return input\"}\n", std::slice::from_ref(&ask_first));
    check(&kernel, b"{\"op\":\"stats\"}\n", &[ask_first]);
    check(
        &kernel,
        b"{\"op\":\"auth\",\"token\":\"secre\"}\n",
        &[json!({ "op": "auth", "ok": false, "error": {
            "kind": "bad_request",
            "message": "the token is not this kernel's",
            "hint": "the kernel leaves it in a file for run-code; else set LLM_KERNEL_TOKEN",
        }})],
    );
    check(
        &kernel,
        b"GET / HTTP/1.1",
        &[bad_request("the line is not JSON: expected value at byte 1")],
    );
    let long = format!("{{\"op\":\"auth\",\"token\":\"{}\"}}\n", "x".repeat(5_000));
    check(
        &kernel,
        long.as_bytes(),
        &[failed(&json!({
            "kind": "too_large",
            "message": "the request line is longer than 4096 bytes",
            "hint": "send less, or raise `--max-line` of the kernel",
        }))],
    );
}

#[test]
fn without_a_token_everybody_on_this_machine_may_speak() {
    needs_sockets!();
    let kernel = start(Access::Open);
    check(&kernel, b"{\"code\":\"return input\"}\n", &[ok(&json!({}))]);
    assert_eq!(llm_kernel::cli::Settings::default().tcp_access, TcpAccess::Token);
}

#[test]
fn run_code_finds_the_token_of_its_user() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let kernel = KernelProgram::start(
        program("llm-kernel")
            .args(["--socket", "tcp://127.0.0.1:0"])
            .env("XDG_RUNTIME_DIR", folder.path()),
    );
    let endpoint = kernel.greeting.strip_prefix("listening on ").unwrap().trim_end();
    check_program(
        program("run-code")
            .args(["--code", "return input", "--socket", endpoint])
            .env("XDG_RUNTIME_DIR", folder.path()),
        (0, "{}\n", ""),
    );
    // Another user does not see that folder.
    let elsewhere = tempfile::tempdir().unwrap();
    check_program(
        program("run-code")
            .args(["--code", "return input", "--socket", endpoint])
            .env("XDG_RUNTIME_DIR", elsewhere.path()),
        (
            1,
            "",
            "error[bad_request]: this port asks for a token first\nhint: send \
             {\"op\":\"auth\",\"token\":\"…\"}; for run-code, set LLM_KERNEL_TOKEN\n",
        ),
    );
    kernel.signal(rustix::process::Signal::TERM);
    let mut kernel = kernel;
    kernel.child.wait().unwrap();
    assert_eq!(names_in(&folder.path().join("llm-kernel")), Vec::<String>::new());
}
