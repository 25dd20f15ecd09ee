//! What a snippet may not contain although it is TypeScript.
//!
//! A snippet is the body of `main`: it has no imports and exports, and it is
//! not the function itself. `require(…)` is left to the prelude's global of
//! that name, since it may stand in dead code; that global gives the same
//! advice.

use std::collections::HashMap;

use oxc::{
    ast::ast::{
        BlockStatement, Class, Declaration, ExportDefaultDeclarationKind, Expression, FunctionBody,
        IdentifierName, IdentifierReference, ImportDeclaration, ImportDeclarationSpecifier,
        NumericLiteral, Program, Statement, StringLiteral, TSEnumMember, TSModuleReference,
        TSNamespaceDeclaration, TemplateElement,
    },
    ast_visit::{Visit, walk},
    span::{GetSpan, Span},
    syntax::module_record::ModuleRecord,
};

use super::{SLACK_BYTES, TranspileError, positions::position_at};

const WHOLE_MAIN: &str = "the whole function main was sent instead of its body";
const WHOLE_MAIN_HINT: &str = "send only the body of main: what stands between its braces";
const NO_EXPORT: &str = "`export` is not available in a snippet";
const NO_EXPORT_HINT: &str =
    "remove `export`; a snippet is the body of main and gives its result with `return`";

/// What to write instead of importing `module`.
pub fn advice_for_module(module: &str) -> String {
    let name = module.strip_prefix("node:").unwrap_or(module);
    let advice = match name {
        "@aws-sdk/client-s3" => "use the global `AwsS3`, which is the whole module",
        "@aws-sdk/s3-request-presigner" => "use the global `AwsS3.getSignedUrl`",
        "@aws-sdk/s3-presigned-post" => "use the global `AwsS3.createPresignedPost`",
        "@aws-sdk/lib-storage" => "use the global `AwsS3.Upload`",
        "@smithy/node-http-handler" | "@smithy/fetch-http-handler" => {
            "pass `requestHandler: { requestTimeout: ms }` to `AwsS3.S3Client`"
        }
        "@aws-sdk/credential-providers" | "@aws-sdk/credential-provider-node" => {
            "leave `credentials` out: the host signs with its own"
        }
        "@company/my-lib" => "use the global `MyLib`, which is the whole module",
        "assert" | "assert/strict" => "use `console.assert`, or throw an Error",
        "buffer" => "use the global `Buffer`",
        "console" => "use the global `console`",
        "crypto" => "use the global `crypto`, the Web Crypto API",
        "events" => "use the global `EventTarget`",
        "form-data" => "use the global `FormData`",
        "http" | "https" | "http2" | "node-fetch" | "cross-fetch" | "axios" | "got" | "undici" => {
            "use the global `fetch`"
        }
        "perf_hooks" => "use the global `performance`",
        "process" => "use the global `process`",
        "querystring" => "use the global `URLSearchParams`",
        "stream" | "stream/promises" | "stream/web" => {
            "use the globals `ReadableStream`, `WritableStream` and `TransformStream`"
        }
        "string_decoder" => "use the global `TextDecoder`",
        "timers" => "use the globals `setTimeout`, `setInterval` and `setImmediate`",
        "timers/promises" => "use `await new Promise((done) => setTimeout(done, ms))`",
        "url" | "whatwg-url" => "use the globals `URL` and `URLSearchParams`",
        "util" => {
            "use the globals `structuredClone`, `TextEncoder` and `TextDecoder`; `console.log` formats as `util.inspect` does"
        }
        "uuid" | "nanoid" => "use `crypto.randomUUID()`",
        "worker_threads" => "a snippet has one thread; the global `MessageChannel` is here",
        "zlib" => "use the globals `CompressionStream` and `DecompressionStream`",
        "fs" | "fs/promises" | "path" | "os" | "child_process" | "net" | "tls" | "dns"
        | "readline" | "vm" | "cluster" | "module" | "inspector" | "dgram" | "tty" | "v8" => {
            return format!("a snippet has no `{name}`; it sees only its input and its globals");
        }
        _ if name.starts_with("@aws-sdk/") => "of the AWS SDK only S3 is here: the global `AwsS3`",
        _ => {
            return format!(
                "there is no global for `{module}`; the libraries here are the globals `AwsS3` and `MyLib`"
            );
        }
    };
    advice.to_owned()
}

/// Refuses what the body of `main` may not contain.
pub(super) fn check(
    code: &str,
    program: &Program<'_>,
    module_record: &ModuleRecord<'_>,
) -> Result<(), TranspileError> {
    let error = |span: Span, message: &str, hint: String| {
        Err(TranspileError::Syntax {
            message: message.to_owned(),
            position: Some(position_at(code, span.start as usize)),
            hint: Some(hint),
        })
    };
    if let Some(span) = find_whole_main(&program.body) {
        return error(span, WHOLE_MAIN, WHOLE_MAIN_HINT.to_owned());
    }
    for it in &program.body {
        match it {
            Statement::ImportDeclaration(import) if !is_type_only(import) => {
                let advice = advice_for_module(&import.source.value);
                return error(import.span, "`import` is not available in a snippet", advice);
            }
            Statement::TSImportEqualsDeclaration(import) if import.import_kind.is_value() => {
                if let TSModuleReference::ExternalModuleReference(module) = &import.module_reference
                {
                    let advice = advice_for_module(&module.expression.value);
                    return error(import.span, "`import` is not available in a snippet", advice);
                }
            }
            // `export {}` is how some say "this is a module".
            Statement::ExportNamedDeclaration(export)
                if export.export_kind.is_type() || export.specifiers.is_empty() => {}
            Statement::ExportDeclaration(export) if export.export_kind().is_type() => {}
            Statement::ExportFromDeclaration(export) if export.export_kind.is_type() => {}
            Statement::ExportAllDeclaration(export) if export.export_kind.is_type() => {}
            Statement::ExportNamedDeclaration(_)
            | Statement::ExportDeclaration(_)
            | Statement::ExportFromDeclaration(_)
            | Statement::ExportAllDeclaration(_)
            | Statement::ExportDefaultDeclaration(_)
            | Statement::TSExportAssignment(_) => {
                return error(it.span(), NO_EXPORT, NO_EXPORT_HINT.to_owned());
            }
            _ => {}
        }
    }
    if let Some(import) = module_record.dynamic_imports.first() {
        let Span { start, end, .. } = import.module_request;
        let module = code.get(start as usize..end as usize).unwrap_or("");
        let advice = match module.trim_matches(['\'', '"', '`']) {
            name if name.len() + 2 == module.len() => advice_for_module(name),
            _ => "the libraries here are the globals `AwsS3` and `MyLib`".to_owned(),
        };
        return error(import.span, "`import()` is not available in a snippet", advice);
    }
    if let Some(span) = module_record.import_metas.first() {
        let hint = "a snippet is not a module and has no address";
        return error(*span, "`import.meta` is not available in a snippet", hint.to_owned());
    }
    Ok(())
}

/// Erased with its names: `import type …`, `import { type A } …`.
fn is_type_only(import: &ImportDeclaration<'_>) -> bool {
    let is_type = |it: &ImportDeclarationSpecifier<'_>| matches!(it, ImportDeclarationSpecifier::ImportSpecifier(it) if it.import_kind.is_type());
    import.import_kind.is_type()
        || import.specifiers.as_ref().is_some_and(|it| !it.is_empty() && it.iter().all(is_type))
}

/// Finds `main` where the snippet is the whole file that ought to surround it.
///
/// `async function main(…) { … }` without `export` is legal, so that counts
/// only if nothing else happens at the top level than a call that nobody waits
/// for: such a snippet would always give null.
fn find_whole_main(body: &[Statement<'_>]) -> Option<Span> {
    let mut plain_main = None;
    let mut does_something_else = false;
    for it in body {
        match it {
            Statement::ExportDefaultDeclaration(export) => match &export.declaration {
                ExportDefaultDeclarationKind::FunctionDeclaration(function)
                    if function.id.as_ref().is_none_or(|it| it.name == "main") =>
                {
                    return Some(export.span);
                }
                ExportDefaultDeclarationKind::ArrowFunctionExpression(_) => {
                    return Some(export.span);
                }
                _ => {}
            },
            Statement::ExportDeclaration(export) => match &export.declaration {
                Declaration::FunctionDeclaration(function)
                    if function.id.as_ref().is_some_and(|it| it.name == "main") =>
                {
                    return Some(export.span);
                }
                Declaration::VariableDeclaration(variable)
                    if variable
                        .declarations
                        .iter()
                        .any(|it| it.id.get_identifier_name().is_some_and(|it| it == "main")) =>
                {
                    return Some(export.span);
                }
                _ => {}
            },
            Statement::FunctionDeclaration(function) => {
                if function.r#async && function.id.as_ref().is_some_and(|it| it.name == "main") {
                    plain_main = Some(function.span);
                }
            }
            Statement::VariableDeclaration(variable) => {
                does_something_else |= variable
                    .declarations
                    .iter()
                    .any(|it| matches!(it.init, Some(Expression::AwaitExpression(_))));
            }
            Statement::ExpressionStatement(it) if is_call_of_main(&it.expression) => {}
            Statement::ClassDeclaration(_)
            | Statement::TSTypeAliasDeclaration(_)
            | Statement::TSInterfaceDeclaration(_)
            | Statement::TSEnumDeclaration(_)
            | Statement::ImportDeclaration(_)
            | Statement::EmptyStatement(_) => {}
            _ => does_something_else = true,
        }
    }
    plain_main.filter(|_| !does_something_else)
}

/// `main(…)`, also `main().catch(…)` and `void main()`.
fn is_call_of_main(expression: &Expression<'_>) -> bool {
    let mut it = expression;
    loop {
        it = match it {
            Expression::CallExpression(call) => &call.callee,
            Expression::StaticMemberExpression(member) => &member.object,
            Expression::UnaryExpression(unary) => &unary.argument,
            Expression::Identifier(name) => return name.name == "main",
            _ => return false,
        }
    }
}

/// Refuses enums whose values could grow without bound: they are computed at
/// transpile time, and `enum E { a = "x", b = a + a, c = b + b … }` doubles.
pub(super) fn check_enums(code: &str, program: &Program<'_>) -> Result<(), TranspileError> {
    let mut growth = EnumGrowth { limit: 4 * code.len() + SLACK_BYTES, ..EnumGrowth::default() };
    growth.visit_program(program);
    if growth.total <= growth.limit {
        return Ok(());
    }
    Err(TranspileError::TooLarge {
        message: format!("the values of its enums are over {} bytes long", growth.limit),
    })
}

/// An upper bound of the bytes in enum values.
#[derive(Debug, Default)]
struct EnumGrowth {
    limit: usize,
    total: usize,
    /// The longest text that any member of that name may be.
    members: HashMap<String, usize>,
    /// Of the initializer that is being visited.
    len: usize,
    is_text: bool,
}

/// What a number takes when it becomes part of a string.
const NUMBER_BYTES: usize = 32;

impl EnumGrowth {
    fn add_member(&mut self, name: &str) {
        match self.members.get(name) {
            Some(len) => self.add_text(*len),
            None => self.len = self.len.saturating_add(NUMBER_BYTES),
        }
    }

    fn add_text(&mut self, len: usize) {
        self.len = self.len.saturating_add(len);
        self.is_text = true;
    }
}

impl<'a> Visit<'a> for EnumGrowth {
    fn visit_ts_enum_member(&mut self, it: &TSEnumMember<'a>) {
        let Some(initializer) = &it.initializer else { return };
        (self.len, self.is_text) = (0, false);
        self.visit_expression(initializer);
        // Sums of numbers do not grow.
        if self.is_text {
            let longest = self.members.entry(it.id.static_name().to_string()).or_default();
            *longest = (*longest).max(self.len);
            self.total = self.total.saturating_add(self.len);
        }
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.add_member(&it.name);
    }

    fn visit_identifier_name(&mut self, it: &IdentifierName<'a>) {
        self.add_member(&it.name);
    }

    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        // `E["a"]` names a member too.
        self.add_member(&it.value);
        self.add_text(it.value.len());
    }

    fn visit_template_element(&mut self, it: &TemplateElement<'a>) {
        self.add_text(it.value.raw.len());
    }

    fn visit_numeric_literal(&mut self, _: &NumericLiteral<'a>) {
        self.len = self.len.saturating_add(NUMBER_BYTES);
    }
}

/// Refuses what the transformer would hand on as it is: TypeScript does not
/// allow it either.
pub(super) fn check_lowerable(code: &str, program: &Program<'_>) -> Result<(), TranspileError> {
    let mut finder = NotLowered::default();
    finder.visit_program(program);
    let Some((span, message, hint)) = finder.found else { return Ok(()) };
    Err(TranspileError::Syntax {
        message: message.to_owned(),
        position: Some(position_at(code, span.start as usize)),
        hint: Some(hint.to_owned()),
    })
}

#[derive(Debug, Default)]
struct NotLowered {
    n_blocks: usize,
    found: Option<(Span, &'static str, &'static str)>,
}

impl<'a> Visit<'a> for NotLowered {
    fn visit_function_body(&mut self, it: &FunctionBody<'a>) {
        self.n_blocks += 1;
        walk::walk_function_body(self, it);
        self.n_blocks -= 1;
    }

    fn visit_block_statement(&mut self, it: &BlockStatement<'a>) {
        self.n_blocks += 1;
        walk::walk_block_statement(self, it);
        self.n_blocks -= 1;
    }

    fn visit_ts_namespace_declaration(&mut self, it: &TSNamespaceDeclaration<'a>) {
        if self.n_blocks > 0 && !it.declare {
            self.found.get_or_insert((
                it.span,
                "a namespace cannot stand inside of a function or block",
                "move it to the top level, or use an object",
            ));
        }
        walk::walk_ts_namespace_declaration(self, it);
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        if it.is_expression()
            && let Some(decorator) = it.decorators.first()
        {
            self.found.get_or_insert((
                decorator.span,
                "a class expression cannot have decorators",
                "declare the class with a statement of its own",
            ));
        }
        walk::walk_class(self, it);
    }
}
