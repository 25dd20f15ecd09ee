//! Whatever comes in: nothing panics, nothing is lost, no snippet leaves its
//! wrapper.
//!
//! Each test makes inputs out of a seed corpus and random bytes (`arbitrary` says
//! what a byte decides). By default it does a fixed, repeatable number of rounds;
//! `FUZZ_SECONDS=600 cargo test --test it fuzz` goes on for ten minutes each, from
//! a start that differs each time. A failure prints its input.

use std::{
    env, fs,
    io::{Read, Write},
    net::Shutdown,
    path::Path,
    time::{Duration, Instant},
};

use arbitrary::{Result, Unstructured};
use llm_kernel::{
    endpoint::Endpoint,
    isolate::{
        host::{Arg, Reply, xml::xml_parse},
        preset,
    },
    protocol::{FailureKind, Message, Request},
    transpile::{Check, SOURCE_BYTES, STACK_BYTES, TranspileError, Transpiler},
};
use oxc::{
    allocator::{Allocator, Vec as ArenaVec},
    ast::ast::{Expression, Program, Statement},
    ast_visit::{VisitMut, walk_mut},
    codegen::{Codegen, CodegenOptions, CommentOptions},
    parser::{ParseOptions, Parser},
    semantic::SemanticBuilder,
    span::SourceType,
    transformer::{
        DecoratorOptions, HelperLoaderMode, HelperLoaderOptions, TransformOptions, Transformer,
    },
};
use serde_json::{Value, json};

use crate::harness::{TestKernel, needs_sockets};

/// Calls `round` with fresh random bytes, `n_rounds` times or for FUZZ_SECONDS.
#[expect(clippy::print_stderr, reason = "a run by hand is told how far it got")]
fn fuzz(n_rounds: u64, mut round: impl FnMut(&mut Unstructured<'_>) -> Result<()>) {
    let seconds = env::var("FUZZ_SECONDS").ok().map(|it| it.parse().unwrap());
    let end = seconds.map(|it| Instant::now() + Duration::from_secs(it));
    let mut state = match end {
        None => 0x9E37_79B9_7F4A_7C15,
        Some(_) => u64::from_le_bytes(random_bytes()) | 1,
    };
    let mut n_done = 0;
    let mut bytes = vec![0; 4_096];
    while end.map_or(n_done < n_rounds, |it| Instant::now() < it) {
        for chunk in bytes.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.copy_from_slice(&state.to_le_bytes());
        }
        // An error says that the bytes were used up: then the round was a short one.
        let _ = round(&mut Unstructured::new(&bytes));
        n_done += 1;
    }
    if end.is_some() {
        eprintln!("{n_done} rounds");
    }
}

fn random_bytes() -> [u8; 8] {
    let mut bytes = [0; 8];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    bytes
}

/// A seed, changed in a few places; `words` are what is put into it.
fn mutated(u: &mut Unstructured<'_>, seeds: &[String], words: &[&str]) -> Result<Vec<u8>> {
    let mut res = u.choose(seeds)?.clone().into_bytes();
    for _ in 0..u.int_in_range(0..=6)? {
        let at = u.int_in_range(0..=res.len())?;
        let end = (at + u.int_in_range(0..=16)?).min(res.len());
        match u.int_in_range(0..=6)? {
            0 => drop(res.drain(at..end)),
            1 => drop(res.splice(at..at, u.choose(words)?.bytes())),
            2 => drop(res.splice(at..end, u.choose(words)?.bytes())),
            3 => {
                let piece = res[at..end].to_vec();
                let n_copies = u.int_in_range(1..=40)?;
                res.splice(at..at, piece.repeat(n_copies));
            }
            4 => {
                let other = u.choose(seeds)?.as_bytes();
                let from = u.int_in_range(0..=other.len())?;
                res.truncate(at);
                res.extend_from_slice(&other[from..]);
            }
            5 => res.truncate(at),
            _ => {
                if let Some(byte) = res.get_mut(at) {
                    *byte = u.arbitrary()?;
                }
            }
        }
    }
    res.truncate(64 << 10);
    Ok(res)
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&it| it.to_owned()).collect()
}

const LINES: &[&str] = &[
    r#"{"code":"return input"}"#,
    r#"{"id":"7","code":"return 1","input":{"a":[1,2.5e3,"x\ud83d\ude00"]},"timeoutMs":50}"#,
    r#"{"id":-0.5,"code":"throw new Error('x')","input":null}"#,
    r#"{"op":"ping","id":1}"#,
    r#"{"op":"stats"}"#,
    r#"{"op":"cancel","id":"7"}"#,
    r#"{"op":"auth","token":"x"}"#,
    r#"{"code":"return 1","preset":"default","check":"strict"}"#,
    r#"{"op":"api","search":"put object","tokens":60}"#,
    r#"{"op":"api","show":"AwsS3.PutObjectCommand","preset":"default"}"#,
    r#"{"op":"prompt","tokens":200}"#,
    r#"{"op":"metrics"}"#,
    r#"{"op":"doctor"}"#,
    r#"[{}]"#,
];
const LINE_WORDS: &[&str] = &[
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "1e999",
    "-",
    "\"id\":",
    "\"op\":",
    "\"code\":",
    "\"input\":",
    "\"timeoutMs\":",
    "\"preset\":",
    "\"check\":",
    "\"search\":",
    "\"show\":",
    "\"tokens\":",
    "\\ud800",
    "\\u0000",
    "\u{feff}",
    "\u{2028}",
    "é",
    "\r",
    " ",
    "0",
];

#[test]
fn a_line_is_a_message_or_refused() {
    let seeds = strings(LINES);
    fuzz(20_000, |u| {
        let line = mutated(u, &seeds, LINE_WORDS)?;
        match Message::parse(&line) {
            Ok(Message::Run(request)) => {
                let again = request.to_line();
                let shown = String::from_utf8_lossy(&line).into_owned();
                assert_eq!(again.matches('\n').count(), 1, "{shown}");
                let read = Message::parse(again.trim_end_matches('\n').as_bytes());
                // A line has no line breaks, so blanks stand for them.
                let input = request.input.replace('\r', " ");
                assert_eq!(read, Ok(Message::Run(Request { input, ..request })), "{shown}");
            }
            Ok(Message::Control { .. }) => {}
            Err(refusal) => {
                let kind = refusal.failure.kind;
                assert_eq!(kind, FailureKind::BadRequest);
                // What is quoted of a stranger's text is short.
                assert!(refusal.failure.message.len() < 400, "{}", refusal.failure.message);
            }
        }
        Ok(())
    });
}

#[test]
fn every_line_gets_one_answer_however_it_comes() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.timeout = Some(Duration::from_millis(100)));
    let seeds = strings(LINES);
    fuzz(150, |u| {
        // A first line that is no JSON would end the connection.
        let mut bytes = b"{\"op\":\"ping\"}\n".to_vec();
        let mut n_lines = 1;
        for _ in 0..u.int_in_range(0..=8)? {
            let mut line = mutated(u, &seeds, LINE_WORDS)?;
            line.retain(|it| *it != b'\n');
            bytes.append(&mut line);
            bytes.push(b'\n');
            n_lines += 1;
        }
        let mut stream = kernel.raw();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let n_bytes = u.int_in_range(1..=rest.len())?;
            // The client's own mistakes, such as a wrong token, end the connection.
            if stream.write_all(&rest[..n_bytes]).is_err() {
                break;
            }
            rest = &rest[n_bytes..];
        }
        let _ = stream.shutdown(Shutdown::Write);
        let mut answers = String::new();
        let _ = stream.read_to_string(&mut answers);
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        for answer in answers.lines() {
            let Some(answer) = value_of(answer) else { continue };
            assert!(answer["ok"].is_boolean(), "{answer}\n{shown}");
            let kind = answer["error"]["kind"].as_str().unwrap_or_default();
            assert!(!["internal", "engine_crash"].contains(&kind), "{answer}\n{shown}");
        }
        assert_eq!(answers.lines().count(), n_lines, "\n{shown}\n{answers}");
        Ok(())
    });
    kernel.check_serves();
}

/// `None` for what holds half a surrogate pair, as an id or a result may: that is
/// JSON, but no text of Rust's.
#[track_caller]
fn value_of(answer: &str) -> Option<Value> {
    let value = serde_json::from_str(answer).ok();
    if value.is_none() {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(answer).is_ok(), "{answer}");
        assert!(answer.contains("\\u"), "{answer}");
    }
    value
}

#[test]
fn an_endpoint_is_parsed_or_refused() {
    let seeds = strings(&[
        "/tmp/llm-kernel.sock",
        "unix:/run/k",
        "unix:///run/k",
        "tcp://127.0.0.1:9000",
        "tcp://[::1]:9000/",
        "localhost:9000",
        "9000",
        "./relative",
    ]);
    let words =
        ["/", ":", "//", "tcp://", "unix:", "[", "]", "::", "65535", "65536", " ", "+", "é", "\0"];
    fuzz(20_000, |u| {
        let text = String::from_utf8_lossy(&mutated(u, &seeds, &words)?).into_owned();
        if let Ok(endpoint) = text.parse::<Endpoint>() {
            // What it is shown as means the same again.
            let shown = endpoint.to_string();
            assert_eq!(shown.parse::<Endpoint>().as_ref(), Ok(&endpoint), "{text:?} {shown:?}");
        }
        Ok(())
    });
}

/// The snippets of the transpiler's own tests.
fn snippets() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snippets/typescript");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.retain(|it| it.extension().is_some_and(|it| it == "ts"));
    paths.sort();
    assert!(paths.len() > 50, "looked in the wrong folder");
    paths.iter().map(|it| fs::read_to_string(it).unwrap()).collect()
}

/// Types in places where leaving them out may join what they kept apart.
const TYPED: &[&str] = &[
    "const a = x as any\ntype B = 1\n(c as D)()\ny! satisfies E\n[f]\n`g`",
    "abstract class A<T> extends B<T> implements C, D {\n public static readonly a?: T\n get: T\n private [b]: 1 = 2\n declare c: 1\n [k: string]: any\n abstract d(): void\n protected async *e?<T>(this: A, a?: T) {}\n static override f!: 1 }",
    "function f(this: A, a?: { b: 1 }, ...c: D[]): asserts a is E { return a + b as any * c }\nfunction f(): void\nlet a!: T\n[b] = c as any",
    "return async <T extends U,>(a: T = b as T): Promise<{ c: 1 }> => new D<T>(e<F>(g!?.h<I>`x`))",
    "declare function f(): A\nexport type { B } from 'b'\nimport { type C } from 'c'\ndeclare const d: 1\nexport {}\nfor (const a of b as any) {}\ntry {} catch (e: unknown) {}\nx = y ? (z): T => 1 : (w as V)",
];

const CODE_WORDS: &[&str] = &[
    "}",
    "{",
    ")",
    "(",
    "]",
    "[",
    "})",
    "})()",
    "};",
    "/*",
    "*/",
    "//",
    "`",
    "${",
    "'",
    "\"",
    "\\",
    "\n",
    "\u{2028}",
    "\0",
    ";",
    ",",
    "=>",
    "=",
    "<",
    ">",
    "!",
    "?",
    ":",
    ".",
    "...",
    "#",
    "@",
    "async ",
    "await ",
    "function ",
    "function* ",
    "class ",
    "return ",
    "yield ",
    "import ",
    "export ",
    "enum ",
    "namespace ",
    "type ",
    "interface ",
    "declare ",
    "abstract ",
    "static ",
    "get ",
    "as ",
    "satisfies ",
    "new.target",
    "super",
    "this",
    "arguments",
    "input",
    "main",
    "import.meta",
    "import(",
    "using ",
    "let ",
    "const ",
    "var ",
    "in ",
    "of ",
    "<!--",
    "-->",
    "#!",
    "/(/",
    "/[/]/",
    "0n",
    "\\u{61}",
    "é",
    "𝒳",
    "eval",
    "with",
    "delete ",
    "void ",
    " as any",
    " as any\n",
    " satisfies T",
    ": T",
    "?: T",
    "!: T",
    "<T>",
    "<T,>",
    "<T>(a): T => ",
    "!",
    "private ",
    "public ",
    "readonly ",
    "override ",
    " implements B",
    "\n(b)",
    "\n[b]",
    "\n*b() {}",
    "\ntype B = 1\n",
    "this: T",
    "(a as any)",
    "{ a: 1\n}",
    " + ",
    " ** ",
    "-",
];

#[test]
fn a_snippet_becomes_one_function_or_is_refused() {
    let mut seeds = snippets();
    seeds.extend(TYPED.iter().map(|it| (*it).to_owned()));
    // The transpiler asks for more stack than a test's thread has.
    let work = move || {
        let mut transpiler = Transpiler::new(SOURCE_BYTES).with_api(preset::DEFAULT.api());
        let mut allocator = Allocator::new();
        fuzz(2_000, |u| {
            let code = mutated(u, &seeds, CODE_WORDS)?;
            let code = String::from_utf8_lossy(&code).into_owned();
            match transpiler.transpile(&code, Check::Warn) {
                Ok(program) => {
                    assert_is_one_function(&allocator, program.text(), &code);
                    allocator.reset();
                    assert_is_what_a_printer_makes(program.text(), &code);
                }
                Err(TranspileError::Findings) => panic!("nobody asked for a strict check"),
                Err(
                    TranspileError::Syntax { message, .. } | TranspileError::TooLarge { message },
                ) => {
                    assert!(!message.is_empty(), "{code}");
                }
            }
            Ok(())
        });
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES + (4 << 20)).spawn(work);
    thread.unwrap().join().unwrap();
}

/// `"use strict";0,async function main(input){ … }` and nothing else.
#[track_caller]
fn assert_is_one_function(allocator: &Allocator, text: &str, code: &str) {
    let parsed = Parser::new(allocator, text, SourceType::cjs()).parse();
    // What does not parse does not run; the engine says so to the caller.
    if parsed.diagnostics.has_errors() {
        return;
    }
    let body = &parsed.program.body;
    let is_one = match &body[..] {
        [Statement::ExpressionStatement(it)] => match &it.expression {
            Expression::SequenceExpression(it) => match &it.expressions[..] {
                [Expression::NumericLiteral(_), Expression::FunctionExpression(it)] => {
                    it.r#async
                        && it.params.items.len() == 1
                        && it.id.as_ref().is_some_and(|it| it.name == "main")
                }
                _ => false,
            },
            _ => false,
        },
        _ => false,
    };
    assert!(is_one, "\nsnippet: {code:?}\nprogram: {text:?}");
}

/// The body of the program is what oxc makes of the snippet by itself: types erased in
/// place leave nothing behind and join nothing.
#[track_caller]
fn assert_is_what_a_printer_makes(text: &str, code: &str) {
    let start = text.find('\n').unwrap() + 1;
    let body = &text[start..text.len() - "\n}".len()];
    let allocator = Allocator::new();
    let printed = printed(&allocator, code, SourceType::ts().with_module(true))
        .or_else(|| printed(&allocator, code, SourceType::mjs()));
    let printed = printed.unwrap_or_else(|| panic!("only the kernel parses {code:?}"));
    // `a: type B = 1` is no JavaScript without what the label is for.
    if let Some(expected) = canonical(&allocator, &printed) {
        let found = canonical(&allocator, body);
        assert_eq!(found, Some(expected), "\nsnippet: {code:?}\nprogram: {text:?}");
    }
}

/// `code` without its types, if it parses.
fn printed(allocator: &Allocator, code: &str, source_type: SourceType) -> Option<String> {
    let mut program = parsed(allocator, code, source_type)?;
    let semantic = SemanticBuilder::new().with_enum_eval(true).build(&program).semantic;
    let options = TransformOptions {
        decorator: DecoratorOptions { legacy: true, ..DecoratorOptions::default() },
        helper_loader: HelperLoaderOptions {
            mode: HelperLoaderMode::External,
            ..HelperLoaderOptions::default()
        },
        ..TransformOptions::default()
    };
    Transformer::new(allocator, Path::new("snippet.ts"), &options)
        .build_with_scoping(semantic.into_scoping(), &mut program);
    program.hashbang = None;
    program.body.retain(|it| !matches!(it, Statement::ExportNamedDeclaration(_)));
    Some(Codegen::new().build(&program).code)
}

/// JavaScript in the printer's spelling.
fn canonical(allocator: &Allocator, code: &str) -> Option<String> {
    let mut program = parsed(allocator, code, SourceType::mjs())?;
    WithoutEmpty.visit_program(&mut program);
    let comments = CommentOptions::disabled();
    let options = CodegenOptions { comments, ..CodegenOptions::default() };
    Some(Codegen::new().with_options(options).build(&program).code)
}

fn parsed<'a>(
    allocator: &'a Allocator,
    code: &'a str,
    source_type: SourceType,
) -> Option<Program<'a>> {
    let options = ParseOptions {
        allow_return_outside_function: true,
        preserve_parens: false,
        ..ParseOptions::default()
    };
    let parsed = Parser::new(allocator, code, source_type).with_options(options).parse();
    (!parsed.diagnostics.has_errors()).then_some(parsed.program)
}

/// Where a statement was erased, one that does nothing is left.
struct WithoutEmpty;

impl<'a> VisitMut<'a> for WithoutEmpty {
    fn visit_statements(&mut self, it: &mut ArenaVec<'a, Statement<'a>>) {
        it.retain(|it| !matches!(it, Statement::EmptyStatement(_)));
        walk_mut::walk_statements(self, it);
    }
}

#[test]
fn xml_becomes_json_or_is_refused() {
    let mut seeds: Vec<String> = include_str!("../../src/isolate/host/xml_cases.jsonl")
        .lines()
        .map(|it| serde_json::from_str::<[String; 2]>(it).unwrap()[0].clone())
        .collect();
    seeds.push(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name><Contents><Key>a&amp;b</Key><Size>1</Size></Contents><Contents><Key>c</Key></Contents></ListBucketResult>"
            .to_owned(),
    );
    let words = [
        "<",
        ">",
        "/",
        "&",
        ";",
        "&amp;",
        "&#x",
        "&#0;",
        "&#xD800;",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<!DOCTYPE a [",
        "]>",
        "<?x",
        "?>",
        "=",
        "'",
        "\"",
        "\r",
        "\n",
        "<a>",
        "</a>",
        "<a/>",
        "__proto__",
        "#text",
        "\0",
        "\u{feff}",
        "é",
        "xmlns:x",
        "<!ENTITY b \"c\">",
    ];
    fuzz(20_000, |u| {
        let bytes = mutated(u, &seeds, &words)?;
        match xml_parse(&[Arg::Bytes(&bytes)]) {
            Reply::Text(json) => {
                // Deeper than serde_json reads, it is still JSON.
                let read = serde_json::from_str::<serde::de::IgnoredAny>(&json);
                assert!(read.is_ok(), "{:?}\n{json}", String::from_utf8_lossy(&bytes));
            }
            Reply::Throw { name, message } => {
                assert_eq!(name, "Error");
                assert!(message.starts_with("XML parse error: "), "{message}");
            }
            other => panic!("{other:?}"),
        }
        Ok(())
    });
}

/// What a snippet may return: its source, and its JSON where it has one.
fn value(u: &mut Unstructured<'_>, depth: usize) -> Result<(String, Option<Value>)> {
    let plain = |json: Value| (json.to_string(), Some(json));
    Ok(match u.int_in_range(0..=if depth == 0 { 5 } else { 9 })? {
        0 => plain(Value::Null),
        1 => plain(json!(u.arbitrary::<bool>()?)),
        2 => plain(json!(u.arbitrary::<i32>()?)),
        3 => plain(json!(u.arbitrary::<String>()?)),
        4 => {
            let number = f64::from(u.arbitrary::<f32>()?);
            match number.is_finite() {
                // A whole number is written without its point.
                true => (format!("({number:?})"), None),
                false => ("(0 / 0)".to_owned(), None),
            }
        }
        5 => (u.choose(ODDITIES)?.to_string(), None),
        6 | 7 => {
            let items = (0..u.int_in_range(0..=4)?).map(|_| value(u, depth - 1));
            let items = items.collect::<Result<Vec<_>>>()?;
            let source: Vec<_> = items.iter().map(|(source, _)| &**source).collect();
            let json = items.iter().map(|(_, json)| json.clone()).collect::<Option<Vec<_>>>();
            (format!("[{}]", source.join(",")), json.map(Value::Array))
        }
        _ => {
            let mut source = String::new();
            let mut json = Some(serde_json::Map::new());
            for _ in 0..u.int_in_range(0..=4)? {
                let key = match u.int_in_range(0..=5)? {
                    0 => "__proto__".to_owned(),
                    1 => "toJSON".to_owned(),
                    2 => u.int_in_range(0..=9)?.to_string(),
                    _ => u.arbitrary::<String>()?,
                };
                let (item_source, item) = value(u, depth - 1)?;
                // Computed: so that `__proto__` is a name like others.
                source.push_str(&format!("[{}]:{item_source},", json!(key)));
                json = json.zip(item).map(|(mut json, item)| {
                    json.insert(key, item);
                    json
                });
            }
            (format!("({{{source}}})"), json.map(Value::Object))
        }
    })
}

const ODDITIES: &[&str] = &[
    "undefined",
    "-0",
    "1e400",
    "10n",
    "Symbol('x')",
    "(() => {})",
    "new Date(0)",
    "new Date(NaN)",
    "new Map([[1, 2]])",
    "new Set()",
    "/x/g",
    "new Error('x')",
    "new Uint8Array(3)",
    "globalThis",
    "(() => { const a = []; a.push(a); return a; })()",
    "[, 1]",
    "new Proxy({}, {})",
    "new Proxy({}, { ownKeys() { throw 1; } })",
    "({ get a() { throw new Error('x'); } })",
    "({ toJSON() { return this; } })",
    "({ toJSON() { throw undefined; } })",
    "({ toJSON: (key) => key })",
    "'\\ud800'",
    "'\\0'",
    "new (class A { b = 1 })()",
    "Object.create(null)",
    "Object(1n)",
    "Object('x')",
    "new Number(NaN)",
    "Promise.resolve(1)",
    "new WeakMap()",
    "(function* () {})()",
    "arguments",
    "new ArrayBuffer(2)",
    "'x'.repeat(1e5)",
    "Object.freeze([1])",
    "new Array(3)",
    "new Array(1e6)",
    "Math",
    "JSON",
    "this",
    "new.target",
    "({ then(f) { f(1); } })",
    "({ then() { throw 2; } })",
    "AwsS3.S3Client",
    "console",
];

#[test]
fn what_is_returned_becomes_json_or_says_why_not() {
    needs_sockets!();
    let kernel = TestKernel::start_with(|it| it.timeout = Some(Duration::from_secs(1)));
    let mut client = kernel.client();
    fuzz(300, |u| {
        let (source, expected) = value(u, 4)?;
        let code = format!("return {source};");
        let line = json!({ "code": code }).to_string();
        let answer = client.exchange(&line).unwrap();
        let Some(answer) = value_of(&answer) else { return Ok(()) };
        match expected {
            // A `toJSON` that is no function is a name like others.
            Some(expected) => assert_eq!(answer["result"], expected, "{code}\n{answer}"),
            None => {
                let kind = answer["error"]["kind"].as_str().unwrap_or("ok");
                let is_expected =
                    ["ok", "not_json", "thrown", "too_large", "timeout", "syntax"].contains(&kind);
                assert!(is_expected, "{code}\n{answer}");
            }
        }
        Ok(())
    });
}
