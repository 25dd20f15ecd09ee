//! Snippets in, programs, positions and refusals out; nothing is run.

use std::thread;

use oxc::{
    allocator::Vec as ArenaVec,
    ast_visit::{VisitMut, walk_mut},
};

use super::*;

/// On a thread with the stack that the module promises to stay within.
fn on_promised_stack<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, body)
            .expect("a thread starts")
            .join()
            .expect("the body does not panic")
    })
}

/// Statements that do nothing stand where others were erased.
struct WithoutEmpty;

impl<'a> VisitMut<'a> for WithoutEmpty {
    fn visit_statements(&mut self, it: &mut ArenaVec<'a, Statement<'a>>) {
        it.retain(|it| !matches!(it, Statement::EmptyStatement(_)));
        walk_mut::walk_statements(self, it);
    }
}

/// The program as a printer would write it, if it is JavaScript.
pub(super) fn canonical(text: &str) -> String {
    let allocator = Allocator::new();
    let options = ParseOptions { preserve_parens: false, ..ParseOptions::default() };
    let parsed = Parser::new(&allocator, text, SourceType::cjs()).with_options(options).parse();
    if let Some(error) = parsed.diagnostics.errors().next() {
        return error.message.to_string();
    }
    let mut program = parsed.program;
    WithoutEmpty.visit_program(&mut program);
    let options = CodegenOptions { comments: CommentOptions::disabled(), ..Default::default() };
    Codegen::new().with_options(options).build(&program).code
}

pub(super) fn printed(code: &str) -> String {
    let allocator = Allocator::new();
    let mut program =
        parse(&allocator, code).unwrap_or_else(|err| panic!("{code}\n{err:?}")).program;
    let scoping =
        SemanticBuilder::new().with_enum_eval(true).build(&program).semantic.into_scoping();
    let options = Transpiler::new(SOURCE_BYTES).options;
    print(&allocator, &options, code, &mut program, scoping).unwrap().text
}

/// Checks what the printer puts between the braces of `main`, and that what becomes
/// of the snippet is the same program.
#[track_caller]
fn check_printed(code: &str, expected: &str) {
    let program = match transpile(code) {
        Ok(program) => program,
        Err(err) => panic!("{code}\n{err:?}"),
    };
    let printed = printed(code);
    let text = printed.strip_prefix(WRAPPER.0).unwrap().strip_suffix(WRAPPER.1).unwrap();
    assert_eq!(text.trim_end(), expected, "\n{code}");
    assert_eq!(canonical(&program.text), canonical(&printed), "\n{code}\n---\n{}", program.text);
}

#[track_caller]
fn check_error(code: &str, line: u32, column: u32, message: &str, hint: Option<&str>) {
    assert_eq!(
        transpile(code).map(|it| it.text),
        Err(TranspileError::Syntax {
            message: message.to_owned(),
            position: Some(Position { line, column }),
            hint: hint.map(str::to_owned),
        }),
        "\n{code}"
    );
}

#[test]
fn types_are_erased() {
    check_printed("const a: number = 1; return a as any", "const a = 1;\nreturn a;");
    check_printed("type A = 1; interface B {} declare const c: B; return 1", "return 1;");
    check_printed("return <T,>(a: T): T => a!", "return (a) => a;");
    check_printed(
        "import type { A } from 'm'; export type B = A; export {}; return 1",
        "return 1;",
    );
    check_printed("import { type A } from 'm'; return 1", "return 1;");
    check_printed(
        "function f(a: string): void; function f(a?: any) {} f('')",
        "function f(a) {}\nf(\"\");",
    );
    check_printed(
        "class A { declare x: 1; constructor(private y: number) {} }",
        "class A {\ny;\nconstructor(y) {\nthis.y = y;\n}\n}",
    );
    check_printed("return [] satisfies any[] as const", "return [];");
    check_printed("using a = f(); await using b = g()", "using a = f();\nawait using b = g();");
}

#[test]
fn typescript_that_runs_is_lowered() {
    check_printed(
        "enum A { x = 1 << 2, y, s = 'a' } return A.y",
        "var A = function(A) {\nA[A[\"x\"] = 4] = \"x\";\nA[A[\"y\"] = 5] = \"y\";\nA[\"s\"] = \"a\";\nreturn A;\n}(A || {});\nreturn A.y;",
    );
    check_printed(
        "namespace N { export const v = 1 } return N.v",
        "let N;\n(function(_N) {\nconst v = _N.v = 1;\n})(N || (N = {}));\nreturn N.v;",
    );
    check_printed(
        "class A { @log m() {} }",
        "class A {\nm() {}\n}\nbabelHelpers.decorate([log], A.prototype, \"m\", null);",
    );
}

#[test]
fn new_javascript_stays_as_it_is() {
    for code in [
        "a ??= b?.c ?? 1n ** 2n;",
        "for await (const a of b) {}",
        "class A {\n#a = 1;\nstatic {\nthis.#b();\n}\nstatic #b() {}\n}",
        "return await f({\n...a,\nb\n});",
        "label: for (;;) break label;",
        "return /(?<y>\\d{4})/dv.exec(a);",
        "try {} catch {}",
    ] {
        check_printed(code, code);
    }
}

#[test]
fn valid_javascript_is_never_refused_for_being_typescript() {
    for code in [
        "function f(a) { var a; return a } return f(1)",
        "function f(a, b) { function a() {} return a } return f(1)",
        "var x = 1; var x = 2; function g() {} var g; return x",
        "var input = input ?? {}; return input",
        "function f() {} function f() {} return f()",
        "const f = async (x) => { try { throw x } catch (e) { var e; } }; return f(1)",
        "let type = 1, of = 2, async = 3, declare = 4, namespace = 5, module = 6; return type",
        "const as = 1, satisfies = 2, is = 3, any = 4, abstract = 5; return as + satisfies",
        "const a = 1, b = 2, c = 3; return a < b, b > (c)",
        "const require = (x) => x; return typeof require === 'function' ? require('a') : 0",
        "const o = { enum: 1, class: 2, import: 3, default: 4 }; return o.import",
        "return arguments.length",
        "function main() { return 1 } return main()",
        "async function main(x) { return x } return await main(input)",
        "async function main() {} await main()",
    ] {
        if let Err(err) = transpile(code) {
            panic!("{code}\n{err:?}");
        }
    }
}

#[test]
fn no_snippet_closes_the_wrapper() {
    for code in [
        "}",
        "})",
        "});",
        "});(async function(){",
        "} function x() {",
        "}\n})\n//",
        "return 1 });/*",
        "*/ })",
        "/*",
        "/* */ }) /*",
        "`",
        "`${",
        "`${}})`",
        "${",
        "' })",
        "\" })",
        "'\\",
        "`\\",
        "\u{2028}})",
        "//\u{2028}})",
        "// \u{2029} })",
        "<!-- })\n })",
        "--> \n })",
        "#!x\n})",
        "/[/]})/ })",
        "return (",
        "return {",
        "if (1) {",
        "class A {",
        "]",
        ")",
        "(",
        "[",
        "{",
        "async function f() {",
        "x => {",
        "case 1:",
        "else {",
        "\\u007d)",
        "/",
        "/(",
        "return /a",
    ] {
        if let Ok(program) = transpile(code) {
            panic!("{code}\n{}", program.text);
        }
    }
    for (code, expected) in [
        ("return 1 // at the end", "return 1;"),
        ("return 1 /* at the end */", "return 1;"),
        ("return '})' // })", "return \"})\";"),
        ("return `})`", "return `})`;"),
        ("return '\u{2028}'", "return \"\\u2028\";"),
        ("//\u{2028}return 1", "return 1;"),
        ("#!/usr/bin/env node\nreturn 1", "return 1;"),
        ("return /})/", "return /})/;"),
        ("return 1 < ! --a", "return 1 < !--a;"),
        ("return 1<!--a", "return 1 < !--a;"),
        ("a--\n> 0", "a-- > 0;"),
        ("", ""),
        ("// only a comment", ""),
    ] {
        check_printed(code, expected);
    }
}

#[test]
fn imports_and_exports_are_refused_with_what_to_use() {
    check_error(
        "const a = 1;\nimport { S3Client } from '@aws-sdk/client-s3';",
        2,
        1,
        "`import` is not available in a snippet",
        Some("use the global `AwsS3`, which is the whole module"),
    );
    check_error(
        "import { NodeHttpHandler } from '@smithy/node-http-handler';",
        1,
        1,
        "`import` is not available in a snippet",
        Some("pass `requestHandler: { requestTimeout: ms }` to `AwsS3.S3Client`"),
    );
    check_error(
        "import * as lib from '@company/my-lib'",
        1,
        1,
        "`import` is not available in a snippet",
        Some("use the global `MyLib`, which is the whole module"),
    );
    check_error(
        "import fs = require('node:fs')",
        1,
        1,
        "`import` is not available in a snippet",
        Some("a snippet has no `fs`; it sees only its input and its globals"),
    );
    check_error(
        "const x = await import('lodash')",
        1,
        17,
        "`import()` is not available in a snippet",
        Some("there is no global for `lodash`; a snippet has the language and the web platform"),
    );
    check_error(
        "return import.meta.url",
        1,
        8,
        "`import.meta` is not available in a snippet",
        Some("a snippet is not a module and has no address"),
    );
    for code in [
        "export const a = 1",
        "export default 1",
        "export * from 'a'",
        "const a = 1; export { a }",
        "export class A {}",
        "export = 1",
    ] {
        let column = code.find("export").unwrap() as u32 + 1;
        check_error(
            code,
            1,
            column,
            "`export` is not available in a snippet",
            Some(
                "remove `export`; a snippet is the body of main and gives its result with `return`",
            ),
        );
    }
}

#[test]
fn whole_main_is_recognised() {
    for code in [
        "export async function main(input) { return 1 }",
        "export default async function main(input: any): Promise<any> { return 1 }",
        "export const main = async (input) => 1",
        "export default async (input) => 1",
        "async function main(input) { return 1 }",
        "async function main(input) { return 1 }\nmain();",
        "async function main(input) { return 1 }\nmain(input).catch(console.error);",
        "async function main(input) { return 1 }\nvoid main();",
        "import { S3Client } from '@aws-sdk/client-s3';\nexport async function main() { return 1 }",
    ] {
        let line = if code.starts_with("import") { 2 } else { 1 };
        check_error(
            code,
            line,
            1,
            "the whole function main was sent instead of its body",
            Some("send only the body of main: what stands between its braces"),
        );
    }
}

#[test]
fn input_is_the_parameter() {
    for (code, column) in [
        ("const input = 1", 7),
        ("let input;", 5),
        ("class input {}", 7),
        ("const { a: [input] } = b", 13),
    ] {
        check_error(
            code,
            1,
            column,
            "`input` is already declared: it is the parameter of main",
            Some("use `input` as it is, or another name"),
        );
    }
    check_printed("{ const input = 1 }", "{\nconst input = 1;\n}");
    check_printed("const f = (input: any) => input", "const f = (input) => input;");
    check_printed("type input = 1", "");
}

#[test]
fn syntax_errors_name_the_place() {
    check_error("const a = ;", 1, 11, "unexpected token", None);
    check_error(
        "const a: string = 'x'\nfoo(\n",
        3,
        1,
        "expected `)` but found the end of the source",
        None,
    );
    check_error("'😀' +;", 1, 7, "unexpected token", None);
    let err = transpile("return `a\0b`").unwrap_err();
    assert_eq!(
        err,
        TranspileError::Syntax {
            message: "the source contains U+0000".to_owned(),
            position: Some(Position { line: 1, column: 10 }),
            hint: Some("write \\0 or \\u0000 for that character".to_owned()),
        }
    );
}

#[test]
fn what_typescript_forbids_is_named() {
    check_error(
        "function f() { namespace X { export const a = 1 } }",
        1,
        16,
        "a namespace cannot stand inside of a function or block",
        Some("move it to the top level, or use an object"),
    );
    check_error(
        "const C = @dec class {}",
        1,
        11,
        "a class expression cannot have decorators",
        Some("declare the class with a statement of its own"),
    );
    check_error("namespace X { export class {} }", 1, 22, "a class needs a name", Some("name it"));
    check_error(
        "xs.forEach((x) => { await g(x) })",
        1,
        21,
        "`await` is only allowed within async functions and at the top levels of modules",
        Some("either remove this `await` or add the `async` keyword to the enclosing function"),
    );
}

/// Every `word` of the snippet that is in the program maps to its place.
#[track_caller]
fn check_positions(code: &str, words: &[&str]) {
    let Program { text, positions } = transpile(code).unwrap();
    for word in words {
        let offset = text.find(word).unwrap_or_else(|| panic!("{word} is not in\n{text}"));
        let before = &text[..offset];
        let line = before.matches('\n').count() as u32 + 1;
        let column = (offset - before.rfind('\n').map_or(0, |it| it + 1)) as u32 + 1;
        let expected = positions::position_at(code, code.find(word).unwrap());
        assert_eq!(
            positions.to_snippet(Position { line, column }),
            Some(expected),
            "\n{word} in\n{code}\n---\n{text}"
        );
    }
}

#[test]
fn places_in_the_program_are_places_in_the_snippet() {
    check_positions(
        "type A = {\n  a: string;\n};\nfunction one(x: A): never {\n  throw new TypeError(`two ${x}`);\n}\nreturn one({ a: three() });",
        &["one", "throw", "TypeError", "return", "three"],
    );
    // The engine counts bytes, the answer counts UTF-16 code units.
    check_positions(
        "const s = '漢字😀'; const t: string = `é\n\n${s}` + boom(s); after()",
        &["boom", "after"],
    );
    check_positions(
        "enum E { a }\r\nnamespace N { export const v = fail(); }\rreturn last",
        &["fail", "last"],
    );
    check_positions(
        "await Promise.all([1].map(async (n: number) => {\n\tawait deep(n)\n}))",
        &["Promise", "all", "map", "deep"],
    );
    // The engine's place of a call is the last space or start of a word before it.
    let code = "'é' as 'é'; x.call<'é'>('a'); other!('b')";
    let Program { text, positions } = transpile(code).unwrap();
    for (call, name) in [("('a'", "call"), ("('b'", "other")] {
        let column = (text.find(call).unwrap() - WRAPPER.0.len()) as u32 + 1;
        let expected = positions::position_at(code, code.find(name).unwrap());
        assert_eq!(positions.to_snippet(Position { line: 2, column }), Some(expected), "{call}");
    }
    let Program { positions, .. } = transpile("return 1").unwrap();
    let wrapper = [
        Position { line: 1, column: 20 },
        Position { line: 4, column: 1 },
        Position { line: 9, column: 1 },
    ];
    assert_eq!(wrapper.map(|it| positions.to_snippet(it)), [None; 3]);
}

#[test]
fn sizes_are_bounded() {
    let too_large = |message: &str| Err(TranspileError::TooLarge { message: message.to_owned() });
    assert_eq!(
        Transpiler::new(10).transpile("return 12345", Check::Warn).map(|it| it.text),
        too_large("the source is 12 bytes long, the limit is 10 bytes")
    );
    let members: String = (1..60).map(|it| format!("a{it} = a{} + a{0}, ", it - 1)).collect();
    let doubling = format!("enum E {{ a0 = 'x', {members} }}");
    let limit = 4 * doubling.len() + SLACK_BYTES;
    assert_eq!(
        transpile(&doubling).map(|it| it.text),
        too_large(&format!("the values of its enums are over {limit} bytes long"))
    );
    let long = "x".repeat(2_000);
    let members: String = (1..500).map(|it| format!("a{it} = E['a0'], ")).collect();
    let repeated = format!("enum E {{ a0 = '{long}', {members} }}");
    assert!(matches!(transpile(&repeated), Err(TranspileError::TooLarge { .. })));
}

/// What nests: an opening, what stands in the middle, a closing.
const NESTS: &[(&str, &str, &str, &str)] = &[
    ("", "(", "1", ")"),
    ("", "[", "1", "]"),
    ("", "{", "1", "}"),
    ("", "`${", "1", "}`"),
    ("let x:", "A<", "B", ">"),
    ("let x:", "[", "B", "]"),
    ("let x:", "(", "B", ")"),
    ("let x:", "{a:", "B", "}"),
    ("let x:", "()=>", "B", ""),
    ("let x:", "a extends b?c:", "d", ""),
    ("let x:", "keyof ", "d", ""),
    ("let x:d", "", "", "[]"),
    ("let x:", "`${", "d", "}`"),
    ("let x:", "a|", "d", ""),
    ("x", "", "", " as any"),
    ("x", "", "", "!"),
    ("", "<any>", "x", ""),
    ("", "a=>", "1", ""),
    ("", "1?2:", "3", ""),
    ("", "a?", "b", ":c"),
    ("", "!", "1", ""),
    ("", "- ", "1", ""),
    ("", "typeof ", "1", ""),
    ("", "await ", "1", ""),
    ("", "new ", "a", ""),
    ("", "if(1)", "x", ""),
    ("if(1);", "else if(1);", "", ""),
    ("a", "", "", "()"),
    ("a", "", "", ".b"),
    ("a", "", "", "[0]"),
    ("a", "", "", "?.b"),
    ("a", "", "", "``"),
    ("", "1+", "1", ""),
    ("", "a=", "1", ""),
    ("", "2**", "1", ""),
    ("", "a??", "1", ""),
    ("", "a,", "1", ""),
    ("", "l:", "x", ""),
    ("", "for(;;)", "x", ""),
    ("", "do ", "x", " while(1)"),
    ("", "x=class{a=", "1", "}"),
    ("x=", "class extends ", "B", "{}"),
    ("", "f(()=>{", "1", "})"),
    ("", "(a=", "1", ")"),
    ("", "({a=", "1", "}={})"),
    ("", "[a=", "1", "]=[]"),
    ("", "a?(b):c=>", "1", ""),
    ("", "a?(b=", "1", "):c=>d"),
    ("", "a<b<", "c", ""),
    ("", "<T>(", "c", ")"),
    ("", "async(a=", "1", ")"),
    ("x=", "{a:", "1", "}"),
    ("let ", "{a:", "b", "}"),
    ("", "@(", "x", ") class A{}"),
    ("", "/*", "", ""),
    ("", "}/(", "", ""),
    ("", "<!--`\n(", "", ""),
];

#[test]
fn nothing_nests_deep_enough_to_end_the_process() {
    on_promised_stack(|| {
        let mut transpiler = Transpiler::new(SOURCE_BYTES);
        for (prefix, open, middle, close) in NESTS {
            // The last counts are just below the limit for one kind or another.
            for n in [100_000, 19_900, 9_900, 6_600, 4_900] {
                let n = n.min(SOURCE_BYTES / (open.len() + close.len()) - 100);
                let code = format!("{prefix}{}{middle}{}", open.repeat(n), close.repeat(n));
                // Any answer will do: what counts is that there is one.
                let _ = transpiler.transpile(&code, Check::Warn);
            }
        }
        assert!(transpiler.transpile("return 1", Check::Warn).is_ok());
    });
}

#[test]
fn refusal_of_nesting_names_place_and_limit() {
    let code = format!("return\n{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    check_error(
        &code,
        2,
        10_001,
        "nested more than 20000 levels deep",
        Some("split it into several statements, or pass it as `input`"),
    );
}

/// Each of these would take minutes, in some cases hours.
#[test]
fn sources_that_take_long_are_refused() {
    let unit = |open: &str, close: &str| format!("{}1{};", open.repeat(1_000), close.repeat(1_000));
    for code in [
        unit("({a=", "}={})").repeat(100),
        unit("a?(b=", "):c=>d").repeat(80),
        unit("a<", "").repeat(400),
        unit("(a=", ")").repeat(200),
        format!("{}{}", format!("{{{}", "x;".repeat(40)).repeat(9_000), "}".repeat(9_000)),
    ] {
        match on_promised_stack(|| transpile(&code)) {
            Err(TranspileError::Syntax { message, .. }) => {
                assert_eq!(message, "too much of it stands inside of nested brackets");
            }
            other => panic!("{}…\n{:?}", &code[..100], other.map(|it| it.text.len())),
        }
    }
}

#[test]
fn flat_sources_are_accepted_up_to_the_cap() {
    let rows = |n: usize, separator: &str, row: &dyn Fn(usize) -> String| {
        let rows: Vec<String> = (0..n).map(row).collect();
        rows.join(separator)
    };
    let sources = [
        rows(18_000, "\n", &|it| {
            format!("const v{it}: number = foo(a.b[{it}], x => x + {it}) * 2")
        }),
        rows(18_000, "\n", &|it| {
            format!("const v{it}: number = foo(a.b[{it}], x => x < {it}) / 2;")
        }),
        format!("return [{}]", rows(50_000, ",", &|it| it.to_string())),
        format!(
            "return [\n{}\n]",
            rows(20_000, ",\n", &|it| format!("{{ id: {it}, name: 'n', v: -1.5 }}"))
        ),
        format!("return {}", rows(5_000, " + ", &|it| format!("\"s{it}\" + s"))),
        rows(3_000, " else ", &|it| format!("if (input.a === {it}) {{ return {it} }}")),
        format!("return x{}", rows(500, "", &|it| format!("\n.then((a) => a.b + {it})"))),
        format!(
            "return {{ {} }}",
            rows(25_000, ",\n", &|it| format!("\"k{it}\": {{ a: [1, 2] }}"))
        ),
        rows(9_000, "\n", &|it| {
            format!(
                "function f{it}(a: number, b?: string): string {{\n  if (a > 1) return `x${{a}}`\n  return b ?? 'n'\n}}"
            )
        }),
        format!(
            "switch (input.a) {{\n{}\n}}",
            rows(5_000, "\n", &|it| format!("case {it}: return 'a'"))
        ),
        format!(
            "interface A {{\n{}\n}}",
            rows(15_000, "\n", &|it| format!("  p{it}?: Map<string, number> | null"))
        ),
        format!("return `{}`", "line of text with ' and \" and ( and { in it\n".repeat(22_000)),
        format!("const a = '{}'; return a.length", "é".repeat(500_000)),
    ];
    on_promised_stack(|| {
        let mut transpiler = Transpiler::new(SOURCE_BYTES + (256 << 10));
        for code in &sources {
            if let Err(err) = transpiler.transpile(code, Check::Warn) {
                panic!("{}…\n{err:?}", code.chars().take(200).collect::<String>());
            }
        }
    });
}

#[test]
fn every_snippet_of_the_collection_transpiles() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snippets/typescript");
    let mut n_snippets = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "ts") {
            let code = std::fs::read_to_string(&path).unwrap();
            if let Err(err) = transpile(&code) {
                panic!("{}\n{err:?}", path.display());
            }
            assert!(path.with_extension("json").exists(), "{} has no result", path.display());
            n_snippets += 1;
        }
    }
    assert!(n_snippets >= 60, "looked in the wrong folder");
}
