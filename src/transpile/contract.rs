//! What a snippet may not contain although it is TypeScript.
//!
//! A snippet is the body of `main`: it has no imports and exports, and it is
//! not the function itself. `require(…)` is left to the prelude's global of
//! that name, since it may stand in dead code; that global gives the same
//! advice.

use std::{collections::HashMap, sync::LazyLock};

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

use crate::api::Api;

use super::{SLACK_BYTES, TranspileError, positions::position_at};

const WHOLE_MAIN: &str = "the whole function main was sent instead of its body";
const WHOLE_MAIN_HINT: &str = "send only the body of main: what stands between its braces";
const NO_EXPORT: &str = "`export` is not available in a snippet";
const NO_EXPORT_HINT: &str =
    "remove `export`; a snippet is the body of main and gives its result with `return`";

/// What to write instead of modules that models ask for; the prelude's `require`
/// says the same.
static ADVICE: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let text = include_str!("../../vendor-js/prelude/modules.json");
    serde_json::from_str(text).expect("tests::every_module_that_models_ask_for_has_advice reads it")
});

/// What to write instead of importing `module`, with the libraries of `api`.
pub fn advice_for_module(module: &str, api: Option<&Api>) -> String {
    let name = module.strip_prefix("node:").unwrap_or(module);
    let tables = api.into_iter().flat_map(Api::tables);
    if let Some(global) = tables.filter(|it| it.package == Some(name)).find_map(|it| it.global) {
        return format!("use the global `{global}`, which is the whole module");
    }
    let is_here = |global| api.is_none_or(|api| api.table(global).is_some());
    let is_about = |advice: &str, global: &str| advice.contains(&format!("`{global}"));
    match ADVICE.get(name) {
        Some(advice)
            if ["AwsS3", "MyLib"].iter().all(|it| is_here(it) || !is_about(advice, it)) =>
        {
            return (*advice).to_owned();
        }
        _ => {}
    }
    if name.starts_with("@aws-sdk/") && is_here("AwsS3") {
        return "of the AWS SDK only S3 is here: the global `AwsS3`".to_owned();
    }
    format!("there is no global for `{module}`; {}", libraries(api))
}

fn libraries(api: Option<&Api>) -> String {
    match api.map(Api::globals_in_words) {
        Some(globals) if !globals.is_empty() => format!("the libraries here are {globals}"),
        _ => "a snippet has the language and the web platform".to_owned(),
    }
}

/// Refuses what the body of `main` may not contain.
pub(super) fn check(
    code: &str,
    program: &Program<'_>,
    module_record: &ModuleRecord<'_>,
    api: Option<&Api>,
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
                let advice = advice_for_module(&import.source.value, api);
                return error(import.span, "`import` is not available in a snippet", advice);
            }
            Statement::TSImportEqualsDeclaration(import) if import.import_kind.is_value() => {
                if let TSModuleReference::ExternalModuleReference(module) = &import.module_reference
                {
                    let advice = advice_for_module(&module.expression.value, api);
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
            name if name.len() + 2 == module.len() => advice_for_module(name, api),
            _ => libraries(api),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_that_models_ask_for_has_advice() {
        let advice = |module| advice_for_module(module, None);
        assert_eq!(
            advice("node:fs"),
            "a snippet has no `fs`; it sees only its input and its globals"
        );
        assert_eq!(advice("axios"), "use the global `fetch`");
        assert!(ADVICE.values().all(|it| !it.is_empty()));
    }
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
        if it.is_declaration() && it.id.is_none() {
            // `export class {}` in a namespace, on which the transformer panics.
            self.found.get_or_insert((it.span, "a class needs a name", "name it"));
        }
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
