//! Command lines and variables in, settings and usage errors out; nothing is started.

use super::*;

fn no_variables(_name: &str) -> Option<OsString> {
    None
}

#[track_caller]
fn check_run_code_error(args: &[&str], expected: &str) {
    assert_eq!(RunCodeArgs::parse(args).unwrap_err().to_string(), expected);
}

#[track_caller]
fn check_kernel(args: &[&str], variables: &[(&str, &str)], expected: Result<Settings, &str>) {
    let variable = |name: &str| {
        variables.iter().find(|(it, _)| *it == name).map(|(_, value)| OsString::from(value))
    };
    let resolved = match KernelArgs::parse(args) {
        Ok(KernelArgs::Serve(flags)) => Settings::resolve(&flags, variable),
        Ok(other) => panic!("not about serving: {other:?}"),
        Err(err) => Err(err),
    };
    assert_eq!(resolved, expected.map_err(|it| UsageError(it.to_owned())));
}

#[test]
fn source_is_required_and_single() {
    check_run_code_error(&[], "one of --code and --file is required");
    check_run_code_error(
        &["--code", "1", "--file", "a.ts"],
        "--code and --file exclude each other",
    );
    check_run_code_error(&["--code", "1", "--code", "2"], "--code is given twice");
    check_run_code_error(
        &["--file", "-", "--input", "-"],
        "--file - and --input - both want stdin",
    );
}

#[test]
fn the_api_is_looked_up_by_words_or_by_name() {
    let parsed = |args: &[&str]| match RunCodeArgs::parse(args).unwrap() {
        RunCodeArgs::LookUp(args) => (args.lookup, args.tokens),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        parsed(&["api", "search", "put", "object", "--tokens", "300"]),
        (Lookup::Search("put object".to_owned()), Some(300))
    );
    assert_eq!(parsed(&["api", "show", "MyLib"]), (Lookup::Show("MyLib".to_owned()), None));
    assert_eq!(parsed(&["prompt"]), (Lookup::Prompt, None));
    check_run_code_error(
        &["api", "find", "x"],
        "api takes `search <words>` or `show <name>`, such as AwsS3.PutObjectCommand",
    );
    check_run_code_error(&["prompt", "--tokens", "0"], "--tokens: must be at least 1");
    check_run_code_error(
        &["prompt", "--token", "9"],
        "unknown flag --token; did you mean `--tokens`?",
    );
}

#[test]
fn a_typo_is_met_with_the_nearest_flag() {
    check_run_code_error(&["--cdoe", "1"], "unknown flag --cdoe; did you mean `--code`?");
    check_run_code_error(
        &["--timeoutMs", "1"],
        "unknown flag --timeoutMs; did you mean `--timeout`?",
    );
    check_run_code_error(&["--banana"], "unknown flag --banana");
    check_run_code_error(&["return 1"], "unexpected argument \"return 1\"");
    check_kernel(&["--worker", "1"], &[], Err("unknown flag --worker; did you mean `--workers`?"));
}

#[test]
fn values_are_looked_at() {
    check_run_code_error(
        &["--code", "1", "--timeout", "-5"],
        "--timeout: `-5` is not a whole number of milliseconds",
    );
    check_run_code_error(
        &["--code", "1", "--timeout", "soon"],
        "--timeout: `soon` is not a whole number of milliseconds",
    );
    check_run_code_error(
        &["--code", "1", "--socket", "x"],
        "--socket: `x` has no port; an endpoint is `/path`, `unix:/path`, `tcp://host:port`, \
         `host:port` or `port`",
    );
    check_run_code_error(&["--code"], "missing argument for option '--code'");
    check_kernel(&["--workers", "0"], &[], Err("--workers: must be at least 1"));
    check_kernel(&["--max-queue", "x"], &[], Err("--max-queue: `x` is not a whole number"));
    check_kernel(
        &["--memory", "lots"],
        &[],
        Err("--memory: `lots` is not a size such as 512KiB or 64MiB"),
    );
    for stack in ["0.5", "1023KiB", "17", "lots"] {
        let expected = match stack {
            "1023KiB" | "17" => format!("--stack: `{stack}` is not from 1MiB to 16MiB"),
            _ => format!("--stack: `{stack}` is not a size such as 512KiB or 64MiB"),
        };
        check_kernel(&["--stack", stack], &[], Err(&expected));
    }
    check_kernel(
        &[],
        &[("LLM_KERNEL_LISTEN_PUBLIC", "maybe")],
        Err("LLM_KERNEL_LISTEN_PUBLIC: `maybe` is neither 1 nor 0"),
    );
    check_kernel(
        &["--listen-public", "--insecure-tcp"],
        &[],
        Err("--insecure-tcp and --listen-public exclude each other: \
             without a token, only this machine may connect"),
    );
}

#[test]
fn a_whole_command_line() {
    let args = RunCodeArgs::parse([
        "--file=a.ts",
        "--input",
        "@in.json",
        "--socket",
        "9000",
        "--timeout=250",
        "--json",
    ]);
    let expected = RunArgs {
        preset: None,
        source: Source::File("a.ts".into()),
        input: Input::File("in.json".into()),
        socket: Some(Endpoint::Tcp { host: "127.0.0.1".to_owned(), port: 9000 }),
        timeout_ms: Some(250),
        check: Check::Warn,
        output: Output::AnswerLine,
    };
    assert_eq!(args, Ok(RunCodeArgs::Run(expected)));
}

#[test]
fn flags_win_over_variables_and_those_over_defaults() {
    let defaults = Settings::default();
    check_kernel(&[], &[], Ok(defaults.clone()));
    check_kernel(
        &["--timeout", "0", "--memory", "64", "--listen-public"],
        &[
            ("LLM_KERNEL_TIMEOUT_MS", "7"),
            ("LLM_KERNEL_WORKERS", "3"),
            ("LLM_KERNEL_MAX_LINE", "2KiB"),
            ("LLM_KERNEL_MAX_OUTPUT", ""),
        ],
        Ok(Settings {
            timeout: None,
            memory_bytes: 64 << 20,
            n_workers: 3,
            line_bytes: 2048,
            reach: Reach::Public,
            ..defaults
        }),
    );
}

#[test]
fn what_is_held_must_have_room_for_a_line() {
    let too_little = "--max-held must be at least 3 times --max-line: \
                      a line, the room in which it grows, and its request";
    check_kernel(&["--max-held", "100MiB"], &[], Err(too_little));
    check_kernel(&["--max-line", "1GiB"], &[], Err(too_little));
    check_kernel(
        &["--max-held", "3KiB", "--max-line", "1KiB"],
        &[],
        Ok(Settings { held_bytes: 3 << 10, line_bytes: 1 << 10, ..Settings::default() }),
    );
}

#[test]
fn rules_add_up_and_a_flag_replaces_the_variable() {
    let variables = [("LLM_KERNEL_ALLOW_NET", "a.example, *.b.example:443,10.0.0.0/8")];
    let rules = |texts: &[&str]| Settings {
        allow_net: texts.iter().map(|it| it.parse().unwrap()).collect(),
        ..Settings::default()
    };
    check_kernel(&[], &variables, Ok(rules(&["a.example", "*.b.example:443", "10.0.0.0/8"])));
    let flags = ["--allow-net", "c.example", "--allow-net", "d.example:80"];
    check_kernel(&flags, &variables, Ok(rules(&["c.example", "d.example:80"])));
    check_kernel(&["--allow-net", "none"], &variables, Ok(rules(&[])));
    check_kernel(
        &["--allow-net", "a b"],
        &[],
        Err("--allow-net: \"a b\" is not host[:port], *.suffix, an address, a CIDR block or *: \
             no such host can exist"),
    );
}

#[test]
fn questions_about_a_kernel_run_nothing() {
    let ask = |question, output| {
        Ok(RunCodeArgs::Ask(AskArgs { question, socket: "9000".parse().ok(), output }))
    };
    let args = ["--stats", "--socket", "9000", "--json"];
    assert_eq!(RunCodeArgs::parse(args), ask(Question::Stats, Output::AnswerLine));
    let args = ["--doctor", "--socket", "9000"];
    assert_eq!(RunCodeArgs::parse(args), ask(Question::Doctor, Output::Result));
    for other in [["--code", "1"], ["--file", "a.ts"], ["--input", "1"], ["--timeout", "1"]] {
        check_run_code_error(
            &["--stats", other[0], other[1]],
            "--stats and --doctor ask about a kernel and run no snippet",
        );
    }
    check_run_code_error(&["--stats", "--doctor"], "--doctor is given twice");
}

#[test]
fn the_level_of_logs_has_a_short_variable_too() {
    let level = |level| Settings {
        log: log::Config { level, ..Settings::default().log },
        ..Settings::default()
    };
    let short = ("LLM_KERNEL_LOG", "info");
    check_kernel(&[], &[short], Ok(level(log::Level::Info)));
    let long = ("LLM_KERNEL_LOG_LEVEL", "debug");
    check_kernel(&[], &[short, long], Ok(level(log::Level::Debug)));
    check_kernel(&["--log-level", "off"], &[short, long], Ok(level(log::Level::Off)));
    check_kernel(
        &[],
        &[("LLM_KERNEL_LOG", "loud")],
        Err("LLM_KERNEL_LOG: `loud` is none of off, error, warn, info, debug"),
    );
    check_kernel(
        &["--log-format", "xml"],
        &[],
        Err("--log-format: `xml` is neither json nor pretty"),
    );
}

#[test]
fn every_variable_is_named_like_its_flag() {
    for setting in SETTINGS.iter().filter(|it| it.flag != "timeout") {
        let name = setting.flag.to_uppercase().replace('-', "_");
        assert_eq!(setting.variable, format!("LLM_KERNEL_{name}"));
    }
}

#[test]
fn defaults_are_those_of_the_readme() {
    let readme = include_str!("../../README.md");
    for setting in SETTINGS {
        let flag = match setting.form {
            Form::Takes(value) => format!("--{} {value}", setting.flag),
            Form::Switch => format!("--{}", setting.flag),
        };
        let row = format!(
            "| `{flag}` | `{}` | {} |",
            setting.variable,
            match setting.form {
                Form::Takes(_) => format!("`{}`", setting.default),
                Form::Switch => "off".to_owned(),
            }
        );
        assert!(readme.contains(&row), "the README lacks the row\n{row} {} |", setting.help);
    }
}

#[test]
fn help_fits_a_terminal_and_names_everything() {
    for help in [kernel_help(), run_code_help()] {
        let widest = help.lines().map(str::len).max();
        assert!(widest <= Some(100), "{widest:?}");
    }
    for setting in SETTINGS {
        assert!(kernel_help().contains(setting.variable));
    }
    let _ = Settings::resolve(&Flags::default(), no_variables).unwrap();
}
