//! Where the host's credentials come from: the default chain, with an
//! environment of its own.
//!
//! The chain reads the environment of its process, which other tests share. So
//! each case runs `child` in a process of its own, and the keys that it used are
//! read off the request that arrives here.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use llm_kernel::{
    aws::Source,
    isolate::host::Reply,
    net::{Config, Net, Resolver},
    policy::Policy,
};

use super::{
    server::misbehaving_server,
    transport::{REACTOR, Run, request},
};

const TARGET: &str = "CHAIN_TEST_TARGET";

/// A folder with files that the environment may name.
struct Home(PathBuf);

impl Home {
    fn new(files: &[(&str, &str)]) -> Home {
        static N_MADE: AtomicUsize = AtomicUsize::new(0);
        let idx = N_MADE.fetch_add(1, Ordering::Relaxed);
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("home-{}-{idx}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        for (name, text) in files {
            fs::write(dir.join(name), text).unwrap();
        }
        Home(dir)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs `child` with this environment and these files in `$HOME`; `{addr}` in
/// them is a server that records what it is asked. Gives what the child printed
/// and the key id and region of the signature.
fn run_child(env: &[(&str, &str)], files: &[(&str, &str)]) -> (String, Option<String>) {
    let (sender, heads) = crossbeam_channel::unbounded();
    let addr = misbehaving_server(move |head, mut socket| {
        let response = if head.starts_with("GET /credentials") {
            let keys = r#"{"AccessKeyId":"AKIACONTAINER","SecretAccessKey":"s","Token":"t","Expiration":"2199-01-01T00:00:00Z"}"#;
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{keys}", keys.len())
        } else {
            let _ = sender.send(head.to_owned());
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()
        };
        let _ = socket.write_all(response.as_bytes());
    });
    let fill = |text: &str| text.replace("{addr}", &addr.to_string());
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, fill(text))).collect();
    let home = Home::new(&files.iter().map(|(name, text)| (*name, &**text)).collect::<Vec<_>>());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "s3::chain::child", "--nocapture", "--test-threads=1"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", &home.0)
        .env("AWS_CONFIG_FILE", home.0.join("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", home.0.join("credentials"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env(TARGET, addr.to_string())
        .envs(env.iter().map(|(name, value)| (name, fill(value))))
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed = printed
        .lines()
        .find_map(|it| it.split_once("child: "))
        .unwrap_or_else(|| panic!("{printed}\n{}", String::from_utf8_lossy(&output.stderr)))
        .1
        .replace(&addr.to_string(), "{addr}")
        .replace(home.0.to_str().unwrap(), "{home}");
    let scope = heads.recv_timeout(Duration::ZERO).ok().map(|head| {
        let scope = head.split_once("Credential=").expect("the request is signed").1;
        let parts: Vec<&str> = scope.split(['/', ',']).collect();
        format!("{} {}", parts[0], parts[2])
    });
    (printed, scope)
}

/// Not a test by itself: does what `run_child` asks for.
#[test]
fn child() {
    let Ok(target) = std::env::var(TARGET) else { return };
    let target: SocketAddr = target.parse().unwrap();
    let net = Net::new(
        REACTOR.handle.clone(),
        Config { policy: Policy::default(), aws: Source::Environment, resolver: Resolver::System },
    );
    let mut run = Run::new(&net);
    let call = run.next_call();
    run.exchanges.aws_defaults(call, &[]);
    let Reply::Text(defaults) = run.wait(call) else { panic!("no defaults") };
    let got = match run.send(&request("GET", target, "/bucket/k"), None) {
        Ok(got) => format!("{} {defaults}", got.status),
        Err((name, message)) => format!("{name}: {message}"),
    };
    // The harness prints to the same place.
    writeln!(std::io::stdout(), "\nchild: {got}").unwrap();
}

#[track_caller]
fn check_keys(env: &[(&str, &str)], files: &[(&str, &str)], defaults: &str, scope: &str) {
    let (printed, got) = run_child(env, files);
    assert_eq!((&*printed, got.as_deref()), (&*format!("200 {defaults}"), Some(scope)));
}

#[track_caller]
fn check_error(env: &[(&str, &str)], files: &[(&str, &str)], expected: &str) {
    assert_eq!(run_child(env, files), (expected.to_owned(), None));
}

const ENDPOINT: (&str, &str) = ("AWS_ENDPOINT_URL_S3", "http://{addr}");
const HINT: &str = "on the host, set AWS_PROFILE or AWS_ACCESS_KEY_ID and \
                    AWS_SECRET_ACCESS_KEY, or run `aws sso login`; in a snippet, pass \
                    `credentials` to S3Client";

#[test]
fn keys_from_the_environment() {
    check_keys(
        &[
            ENDPOINT,
            ("AWS_ACCESS_KEY_ID", "AKIAENV"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_REGION", "eu-west-1"),
        ],
        &[],
        r#"{"region":"eu-west-1","endpoint":"http://{addr}","useFips":false,"useDualStack":false}"#,
        "AKIAENV us-east-1",
    );
}

#[test]
fn keys_and_endpoint_from_a_profile() {
    check_keys(
        &[("AWS_PROFILE", "team")],
        &[
            ("config", "[profile team]\nregion = eu-central-1\nendpoint_url = http://{addr}\n"),
            ("credentials", "[team]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n"),
        ],
        r#"{"region":"eu-central-1","endpoint":"http://{addr}","useFips":false,"useDualStack":false}"#,
        "AKIAPROFILE us-east-1",
    );
}

#[test]
fn keys_from_a_process_and_an_endpoint_for_s3_alone() {
    check_keys(
        &[],
        &[(
            "config",
            "[default]\nservices = local\n\
             credential_process = echo '{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"s\"}'\n\
             [services local]\ns3 =\n  endpoint_url = http://{addr}\n",
        )],
        r#"{"region":null,"endpoint":"http://{addr}","useFips":false,"useDualStack":false}"#,
        "AKIAPROCESS us-east-1",
    );
}

#[test]
fn keys_from_a_container() {
    check_keys(
        &[ENDPOINT, ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://{addr}/credentials")],
        &[],
        r#"{"region":null,"endpoint":"http://{addr}","useFips":false,"useDualStack":false}"#,
        "AKIACONTAINER us-east-1",
    );
}

#[test]
fn an_unknown_profile_is_named() {
    check_error(
        &[ENDPOINT, ("AWS_PROFILE", "nobody")],
        &[("config", "[default]\nregion = eu-west-1\n")],
        &format!(
            "CredentialsProviderError: the host has no AWS credentials (no credentials found in \
             chain. Attempted: Environment: environment variable not set, Profile: profile \
             `nobody` was not defined: could not find source profile nobody referenced from the \
             root profile, WebIdentityToken: $AWS_WEB_IDENTITY_TOKEN_FILE was not set, \
             EcsContainer: ECS provider not configured, Ec2InstanceMetadata: IMDS disabled by \
             AWS_EC2_METADATA_DISABLED env var set to `true`); {HINT}"
        ),
    );
}

#[test]
fn no_keys_at_all() {
    check_error(
        &[ENDPOINT],
        &[],
        &format!(
            "CredentialsProviderError: the host has no AWS credentials (no credentials found in \
             chain. Attempted: Environment: environment variable not set, Profile: the \
             credential provider was not enabled, WebIdentityToken: \
             $AWS_WEB_IDENTITY_TOKEN_FILE was not set, EcsContainer: ECS provider not \
             configured, Ec2InstanceMetadata: IMDS disabled by AWS_EC2_METADATA_DISABLED env \
             var set to `true`); {HINT}"
        ),
    );
}

#[test]
fn an_expired_login_says_so() {
    check_error(
        &[ENDPOINT],
        &[(
            "config",
            "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n\
             [sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://example.invalid/start\n",
        )],
        &format!(
            "CredentialsProviderError: the host has no AWS credentials (an error occurred while \
             loading credentials: an error occurred while loading an access token: failed to \
             load the cached SSO token); {HINT}"
        ),
    );
}

/// What is wrong is said, and not what is secret in it.
#[test]
fn errors_of_the_chain_hold_no_secrets() {
    const SECRET: &str = "wJalrXUtnFEMIsecret";
    let process = |script: &str| format!("[default]\ncredential_process = sh -c '{script}'\n");
    let cases = [
        (
            "credentials",
            format!("[default]\naws_access_key_id = AKIA\naws_secret_access_key {SECRET}\n"),
        ),
        ("credentials", format!("[default]\naws_secret_access_key = {SECRET}\n")),
        ("config", process(&format!("echo {SECRET} >&2; exit 1"))),
        ("config", process(&format!("echo AccessKeyId {SECRET}"))),
        ("config", format!("[default]\ncredential_process = /nonexistent --token {SECRET}\n")),
    ];
    for (name, text) in cases {
        let (printed, scope) = run_child(&[ENDPOINT], &[(name, &text)]);
        assert!(printed.starts_with("CredentialsProviderError: "), "{text}\n{printed}");
        assert!(!printed.contains(SECRET), "{text}\n{printed}");
        assert_eq!(scope, None);
    }
}
