//! Snippet (TypeScript) → program (JavaScript) and the map of its positions.
//!
//! The snippet itself is parsed, so that none can close the wrapper that goes around
//! what it becomes: its own text with spaces for types, or, where it takes more than
//! that, what the printer makes of a transformed tree. Types are erased, not checked,
//! and the early errors of JavaScript are left to the engine, which reports them
//! without false alarms. This is the only user of oxc.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use oxc::{
    allocator::Allocator,
    ast::ast::{self, Statement},
    codegen::{Codegen, CodegenOptions, CodegenReturn, CommentOptions},
    diagnostics::OxcDiagnostic,
    parser::{ParseOptions, Parser, ParserReturn},
    semantic::{Scoping, SemanticBuilder, Stats, SymbolFlags},
    span::SourceType,
    transformer::{
        DecoratorOptions, HelperLoaderMode, HelperLoaderOptions, TransformOptions, Transformer,
    },
};

mod check;
mod contract;
mod erase;
mod nesting;
mod positions;

use crate::api::Api;
use erase::Erased;
use positions::PrintedToken;

pub use check::{Finding, Findings};
pub use contract::advice_for_module;
pub use nesting::STACK_BYTES;
pub use positions::{Position, PositionMap, code_frame};

/// The default cap on a snippet.
pub const SOURCE_BYTES: usize = 1 << 20;

/// What a program may be larger than four times its snippet: decorators and
/// enums of a short snippet print more than that.
const SLACK_BYTES: usize = 16 << 10;

/// Arena memory that is kept between snippets. A typical one needs 100 KB.
const KEPT_ARENA_BYTES: usize = 4 << 20;

/// What stands around the snippet. The line break keeps the closing
/// brace on a line of its own: a place there is nowhere in the snippet.
///
/// The comma makes the function an expression. A parenthesis would do that, too, but
/// the engine reads to its end first, to see whether an arrow follows
/// (`js_parse_skip_parens_token`): the whole snippet once more.
const WRAPPER: (&str, &str) = ("\"use strict\";0,async function main(input){\n", "\n}");

/// A snippet made ready for the engine.
#[derive(Debug)]
pub struct Program {
    /// A script whose completion value is the function `main`.
    pub(crate) text: String,
    pub(crate) positions: PositionMap,
}

impl Program {
    /// JavaScript: one function expression, called by whoever runs it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Why a snippet could not become a program. Nothing has run.
#[derive(Clone, Debug, PartialEq)]
pub enum TranspileError {
    /// Not valid TypeScript, or something a snippet may not contain.
    Syntax { message: String, position: Option<Position>, hint: Option<String> },
    /// The source, or what became of it, is over a limit.
    TooLarge { message: String },
    /// The check found something, and nothing was to run then.
    Findings,
}

/// What follows when the check of a snippet finds something.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Check {
    /// It is said with the answer.
    #[default]
    Warn,
    /// Nothing runs.
    Strict,
}

/// Transpiles one snippet after the other with the same memory.
///
/// Needs [`STACK_BYTES`] of stack below it, whatever the snippet.
pub struct Transpiler {
    max_source_bytes: usize,
    allocator: Allocator,
    options: TransformOptions,
    /// What snippets are checked against, if they are.
    api: Option<Arc<Api>>,
    findings: Findings,
}

impl std::fmt::Debug for Transpiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transpiler").field("max_source_bytes", &self.max_source_bytes).finish()
    }
}

impl Transpiler {
    pub fn new(max_source_bytes: usize) -> Transpiler {
        Transpiler {
            max_source_bytes,
            allocator: Allocator::new(),
            // No `env`: the engine runs everything up to ES2025 and `using`.
            options: TransformOptions {
                decorator: DecoratorOptions { legacy: true, ..DecoratorOptions::default() },
                helper_loader: HelperLoaderOptions {
                    // `babelHelpers`, a global of the prelude.
                    mode: HelperLoaderMode::External,
                    ..HelperLoaderOptions::default()
                },
                ..TransformOptions::default()
            },
            api: None,
            findings: Findings::default(),
        }
    }

    /// Checks each snippet against what is there, too.
    #[must_use]
    pub fn with_api(mut self, api: Arc<Api>) -> Transpiler {
        self.check_against(api);
        self
    }

    /// The next snippets will find this there.
    pub fn check_against(&mut self, api: Arc<Api>) {
        self.api = Some(api);
    }

    /// What the check of the last snippet found.
    pub fn take_findings(&mut self) -> Findings {
        std::mem::take(&mut self.findings)
    }

    pub fn transpile(&mut self, code: &str, strictness: Check) -> Result<Program, TranspileError> {
        self.findings = Findings::default();
        if code.len() > self.max_source_bytes {
            return Err(TranspileError::TooLarge {
                message: format!(
                    "the source is {} bytes long, the limit is {} bytes",
                    code.len(),
                    self.max_source_bytes
                ),
            });
        }
        nesting::check(code)?;
        let check = self.api.as_deref().map(|api| (api, &mut self.findings));
        let res = build(&self.allocator, &self.options, code, check);
        if self.allocator.capacity() > KEPT_ARENA_BYTES {
            self.allocator = Allocator::new();
        } else {
            self.allocator.reset();
        }
        match strictness {
            Check::Strict if !self.findings.list.is_empty() => Err(TranspileError::Findings),
            Check::Strict | Check::Warn => res,
        }
    }
}

/// Transpiles a single snippet within the default limits.
pub fn transpile(code: &str) -> Result<Program, TranspileError> {
    Transpiler::new(SOURCE_BYTES).transpile(code, Check::Warn)
}

fn build(
    allocator: &Allocator,
    options: &TransformOptions,
    code: &str,
    check: Option<(&Api, &mut Findings)>,
) -> Result<Program, TranspileError> {
    let ParserReturn { mut program, module_record, .. } = parse(allocator, code)?;
    contract::check(code, &program, &module_record, check.as_ref().map(|(api, _)| *api))?;
    let erased = erase::erase(code, &program, WRAPPER);
    if erased.is_none() {
        contract::check_enums(code, &program)?;
        contract::check_lowerable(code, &program)?;
    }

    // The diagnostics that come with the scopes are dropped: they refuse some valid
    // JavaScript, and the engine finds the rest.
    let scoping = SemanticBuilder::new()
        .with_enum_eval(erased.is_none())
        .with_stats(rough_stats(code))
        .build(&program)
        .semantic
        .into_scoping();
    check_input_is_not_redeclared(code, &scoping)?;
    if let Some((api, findings)) = check {
        *findings = check::check(code, &program, &scoping, api);
    }
    match erased {
        Some(Erased { text, calls }) => {
            Ok(Program { text, positions: PositionMap::in_place(code, calls, WRAPPER.0.len()) })
        }
        None => print(allocator, options, code, &mut program, scoping),
    }
}

/// What is reserved for the scopes. To count first would take a walk over the tree,
/// and too little only means that it grows.
fn rough_stats(code: &str) -> Stats {
    let len = code.len() as u32;
    Stats::new(0, len / 64, len / 32, len / 16)
}

/// What the types are not simply left out of: a new tree, and its text.
fn print<'a>(
    allocator: &'a Allocator,
    options: &TransformOptions,
    code: &str,
    program: &mut ast::Program<'a>,
    scoping: Scoping,
) -> Result<Program, TranspileError> {
    let transformed = Transformer::new(allocator, Path::new("snippet.ts"), options)
        .build_with_scoping(scoping, program);
    if let Some(error) = transformed.diagnostics.errors().next() {
        return Err(to_error(code, error));
    }
    program.hashbang = None;
    // What is left of `export type …` is `export {}`.
    program.body.retain(|it| !matches!(it, Statement::ExportNamedDeclaration(_)));

    let CodegenReturn { code: printed, map, .. } = Codegen::new()
        .with_options(CodegenOptions {
            // Lines are kept, since the engine's columns are only good when
            // they begin near by; indentation is not, since it would grow
            // with the square of the nesting.
            minify: false,
            indent_width: 0,
            comments: CommentOptions::disabled(),
            source_map_path: Some(PathBuf::new()),
            ..CodegenOptions::default()
        })
        .build(program);

    let limit = 4 * code.len() + SLACK_BYTES;
    if printed.len() > limit {
        return Err(TranspileError::TooLarge {
            message: format!(
                "the program made from the source is {} bytes long, the limit is {limit} bytes",
                printed.len()
            ),
        });
    }
    // The engine takes source text only up to the first NUL.
    if let Some(offset) = code.find('\0').filter(|_| printed.contains('\0')) {
        return Err(TranspileError::Syntax {
            message: "the source contains U+0000".to_owned(),
            position: Some(positions::position_at(code, offset)),
            hint: Some("write \\0 or \\u0000 for that character".to_owned()),
        });
    }
    let map = map.expect("a source map was asked for");
    let tokens = map.get_tokens().map(|it| PrintedToken {
        printed: (it.get_dst_line(), it.get_dst_col()),
        source: (it.get_src_line(), it.get_src_col()),
    });
    let positions = PositionMap::new(&printed, tokens, WRAPPER.0.len());
    Ok(Program { text: [WRAPPER.0, &printed, WRAPPER.1].concat(), positions })
}

fn parse<'a>(allocator: &'a Allocator, code: &'a str) -> Result<ParserReturn<'a>, TranspileError> {
    let options = ParseOptions { allow_return_outside_function: true, ..ParseOptions::default() };
    // A module: `await` is a keyword at the top level, and the mode is strict.
    let source_type = SourceType::ts().with_module(true);
    let res = Parser::new(allocator, code, source_type).with_options(options).parse();
    let Some(error) = res.diagnostics.errors().next() else { return Ok(res) };
    // Some JavaScript is not TypeScript, such as `a<b>c`.
    let plain = Parser::new(allocator, code, SourceType::mjs()).with_options(options).parse();
    if plain.diagnostics.has_errors() { Err(to_error(code, error)) } else { Ok(plain) }
}

/// In a function with that parameter this is an early error; at the top level
/// of the module that oxc sees it is not.
fn check_input_is_not_redeclared(code: &str, scoping: &Scoping) -> Result<(), TranspileError> {
    let Some(symbol) = scoping.get_root_binding("input".into()) else { return Ok(()) };
    if !scoping
        .symbol_flags(symbol)
        .intersects(SymbolFlags::BlockScopedVariable | SymbolFlags::Class)
    {
        return Ok(());
    }
    Err(TranspileError::Syntax {
        message: "`input` is already declared: it is the parameter of main".to_owned(),
        position: Some(positions::position_at(code, scoping.symbol_span(symbol).start as usize)),
        hint: Some("use `input` as it is, or another name".to_owned()),
    })
}

fn to_error(code: &str, error: &OxcDiagnostic) -> TranspileError {
    let position =
        error.labels.first().map(|it| positions::position_at(code, it.offset() as usize));
    TranspileError::Syntax {
        message: lower_case(&error.message).replace("`EOF`", "the end of the source"),
        position,
        hint: error.help.as_ref().map(|it| lower_case(it)),
    }
}

/// oxc writes sentences, ours are phrases.
fn lower_case(message: &str) -> String {
    let mut chars = message.trim_end_matches('.').chars();
    match chars.next() {
        Some(first) if !chars.as_str().starts_with(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        Some(first) => std::iter::once(first).chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
