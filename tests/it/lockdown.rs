//! What a kernel can still do after its start, and that it still works.
#![cfg(target_os = "linux")]

use std::{
    env, fs,
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use crossbeam_channel::Receiver;
use llm_kernel::lockdown::{self, Enforced, Needs};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    harness::{KernelProgram, check_program, needs_sockets, program},
    s3::server::misbehaving_server,
};

/// Set in the process that the probe gives up.
const PROBE: &str = "LOCKDOWN_PROBE";

/// Runs in a process of its own: there is no way back from it.
#[test]
fn what_is_given_up_is_gone() {
    if let Some(folder) = env::var_os(PROBE) {
        return probe(Path::new(&folder));
    }
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    for name in ["readable", "removable", "other"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("file"), "text").unwrap();
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "lockdown::what_is_given_up_is_gone", "--nocapture"])
        .env(PROBE, folder.path())
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "\n--- stdout\n{stdout}--- stderr\n{stderr}");
    assert!(stdout.contains("1 passed"), "{stdout}");
}

#[expect(clippy::print_stderr, reason = "what this system does not enforce cannot be tested")]
fn probe(folder: &Path) {
    let file = |name: &str| folder.join(name).join("file");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let needs = Needs {
        reads: vec![folder.join("readable")],
        removes: vec![folder.join("removable")],
        ..Needs::default()
    };
    let report = lockdown::apply(&needs);

    // Always: what a kernel needs.
    assert_eq!(fs::read(file("readable")).unwrap(), b"text");
    fs::remove_file(file("removable")).unwrap();
    TcpStream::connect(address).unwrap();
    assert_eq!(thread::spawn(|| 7).join().unwrap(), 7);

    if report.landlock == Enforced::No {
        eprintln!("landlock is not enforced here: not tested");
    } else {
        fs::read(file("other")).unwrap_err();
        fs::read_dir("/").unwrap_err();
        fs::remove_file(file("readable")).unwrap_err();
        fs::write(file("removable"), "new").unwrap_err();
        fs::write(file("readable"), "changed").unwrap_err();
        fs::create_dir(folder.join("removable/folder")).unwrap_err();
        fs::rename(file("readable"), folder.join("removable/moved")).unwrap_err();
        if report.landlock == Enforced::Full {
            TcpListener::bind("127.0.0.1:0").unwrap_err();
        }
    }
    if report.seccomp == Enforced::No {
        eprintln!("seccomp is not enforced here: not tested");
    } else {
        Command::new("/bin/true").spawn().unwrap_err();
        std::os::unix::fs::symlink("/etc", folder.join("removable/link")).unwrap_err();
        fs::hard_link(file("readable"), folder.join("removable/link")).unwrap_err();
    }
}

#[test]
fn every_thread_of_a_kernel_is_locked_down_and_serves() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let kernel = KernelProgram::on(&socket);
    let stats = stats(&socket);
    let lockdown = &stats["lockdown"];
    let threads = format!("/proc/{}/task", kernel.child.id());
    for task in fs::read_dir(threads).unwrap() {
        let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        let field = |name: &str| status.lines().find_map(|it| it.strip_prefix(name)).map(str::trim);
        if lockdown["seccomp"] == "full" {
            assert_eq!((field("NoNewPrivs:"), field("Seccomp:")), (Some("1"), Some("2")));
        }
    }
    let limits = fs::read_to_string(format!("/proc/{}/limits", kernel.child.id())).unwrap();
    let core = limits.lines().find(|it| it.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
    // The local time zone is read when the first date is formatted.
    check_program(
        program("run-code").arg("--socket").arg(&socket).args([
            "--code",
            "return [new AwsS3.S3Client({ region: 'eu-west-1' }) instanceof AwsS3.S3Client, \
             new Date(0).getTimezoneOffset() % 15 === 0]",
        ]),
        (0, "[\n  true,\n  true\n]\n", ""),
    );
    kernel.signal(rustix::process::Signal::TERM);
    let mut kernel = kernel;
    assert_eq!(kernel.child.wait().unwrap().code(), Some(0));
    assert_eq!(crate::harness::names_in(folder.path()), Vec::<String>::new());
}

#[test]
fn lock_down_can_be_left_out() {
    needs_sockets!();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("k");
    let _kernel = KernelProgram::start(
        program("llm-kernel").arg("--socket").arg(&socket).arg("--no-lockdown"),
    );
    assert_eq!(stats(&socket)["lockdown"], json!(null));
}

/// A home with these files in `.aws`, and a server that records the key ids that
/// requests were signed with.
struct Host {
    home: TempDir,
    addr: SocketAddr,
    key_ids: Receiver<String>,
}

impl Host {
    fn new(files: &[(&str, &str)]) -> Host {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".aws")).unwrap();
        for (name, text) in files {
            let text = text.replace("{home}", home.path().to_str().unwrap());
            fs::write(home.path().join(".aws").join(name), text).unwrap();
        }
        let (sender, key_ids) = crossbeam_channel::unbounded();
        let addr = misbehaving_server(move |head, mut socket| {
            let id = head.split_once("Credential=").map_or("none", |it| it.1);
            let _ = sender.send(id.split('/').next().unwrap().to_owned());
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        });
        Host { home, addr, key_ids }
    }

    fn kernel(&self, arguments: &[&str]) -> KernelProgram {
        let mut command = program("llm-kernel");
        for (name, _value) in env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        KernelProgram::start(
            command
                .arg("--socket")
                .arg(self.socket())
                .args(["--workers", "1"])
                .args(arguments)
                .env("HOME", self.home.path())
                .env("AWS_REGION", "eu-west-1")
                // A name: looking it up reads files, too.
                .env("AWS_ENDPOINT_URL_S3", format!("http://localhost:{}", self.addr.port())),
        )
    }

    fn socket(&self) -> PathBuf {
        self.home.path().join("k")
    }

    /// Runs a snippet that sends a request; the key id that came with it.
    #[track_caller]
    fn key_id(&self) -> String {
        let code = "await new AwsS3.S3Client({}).send(\
            new AwsS3.PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x' })); return 'sent';";
        check_program(
            program("run-code").arg("--socket").arg(self.socket()).args(["--code", code]),
            (0, "\"sent\"\n", ""),
        );
        self.key_ids.try_recv().unwrap()
    }
}

#[test]
fn keys_of_a_profile_are_read_behind_the_lock() {
    needs_sockets!();
    let host = Host::new(&[(
        "credentials",
        "[default]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n",
    )]);
    let _kernel = host.kernel(&[]);
    assert_eq!(host.key_id(), "AKIAPROFILE");
    assert_eq!(stats(&host.socket())["lockdown"]["exceptions"], json!([]));
}

#[test]
fn a_credential_process_is_the_brokers_to_start() {
    needs_sockets!();
    // It writes a file: more than the kernel could do by itself.
    let host = Host::new(&[(
        "config",
        "[default]\ncredential_process = sh -c 'echo called > {home}/called; echo \
         \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKIAPROCESS\\\",\
         \\\"SecretAccessKey\\\":\\\"s\\\"}\"'\n",
    )]);
    let _kernel = host.kernel(&[]);
    // Nobody has asked yet.
    assert!(!host.home.path().join("called").exists());
    assert_eq!(host.key_id(), "AKIAPROCESS");
    assert!(host.home.path().join("called").exists());
    assert_eq!(stats(&host.socket())["lockdown"]["exceptions"], json!(["credential broker"]));
}

#[test]
fn certificates_are_read_behind_the_lock() {
    needs_sockets!();
    let host = Host::new(&[]);
    // No TLS server: that is found out after the roots were loaded.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    thread::spawn(move || {
        while let Ok((mut socket, _)) = server.accept() {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let code = format!(
        "try {{ await fetch('https://localhost:{port}/'); }} \
         catch (error) {{ return `${{error}} ${{error.cause}}`; }}"
    );
    let outputs = [&["--no-lockdown"][..], &[]].map(|arguments| {
        let allowed = format!("localhost:{port}");
        let arguments = [&["--allow-net", &*allowed], arguments].concat();
        let _kernel = host.kernel(&arguments);
        let mut run_code = program("run-code");
        run_code.arg("--socket").arg(host.socket()).args(["--code", &code]);
        String::from_utf8(run_code.output().unwrap().stdout).unwrap()
    });
    assert!(outputs[0].contains("secure connection"), "{}", outputs[0]);
    assert_eq!(outputs[0], outputs[1]);
}

fn stats(socket: &Path) -> Value {
    let endpoint = llm_kernel::endpoint::Endpoint::Unix(socket.to_owned());
    let mut client = llm_kernel::client::Client::connect(&endpoint, None).unwrap();
    let answer: Value =
        serde_json::from_str(&client.exchange(r#"{"op":"stats"}"#).unwrap()).unwrap();
    answer["stats"].clone()
}
