//! Types out of a snippet, in place: each of their bytes becomes a space, line breaks
//! stay, and so everything else keeps its line and column.
//!
//! Most snippets need no more than that to be JavaScript, and it takes half the time
//! of making a new tree and printing it. Whatever is not simply left out is refused
//! here, and goes to the printer: enums, namespaces, parameter properties, decorators,
//! `accessor`, `<T>x`, `f<T>` by itself; types whose absence would join what they
//! kept apart; text that the engine might read otherwise than the parser did.

use oxc::{
    ast::ast::{
        AccessorProperty, ArrowFunctionExpression, Class, ClassElement, Decorator, Expression,
        FormalParameter, MethodDefinition, MethodDefinitionType, NewExpression, NumericLiteral,
        ParenthesizedExpression, Program, PropertyDefinition, PropertyDefinitionType,
        SimpleAssignmentTarget, Statement, StringLiteral, TSAsExpression,
        TSInstantiationExpression, TSNonNullExpression, TSSatisfiesExpression, TSThisParameter,
        TSType, TSTypeAnnotation, TSTypeAssertion, TSTypeParameterDeclaration,
        TSTypeParameterInstantiation, VariableDeclarator,
    },
    ast_visit::{Visit, walk},
    span::{GetSpan, Span},
};

/// The engine's parser recurses into parentheses; the printer drops those that need
/// not be.
const MAX_PARENTHESES: u32 = 64;

/// Finding a column after other characters takes a walk over its line.
const MAX_WIDE_BYTES: usize = 64 << 10;

/// What became of a snippet.
pub(super) struct Erased {
    pub(super) text: String,
    /// Parentheses that a name called, and that name, in bytes of the snippet: after
    /// `f<T>(` the engine takes the one for the place of the call, after `f(` the other.
    pub(super) calls: Vec<(u32, u32)>,
}

/// `code` without its types, between the two halves of `wrapper`; `None` if it takes
/// the printer.
pub(super) fn erase(code: &str, program: &Program<'_>, wrapper: (&str, &str)) -> Option<Erased> {
    if !reads_the_same(code, program) {
        return None;
    }
    let mut text = Vec::with_capacity(wrapper.0.len() + code.len() + wrapper.1.len());
    text.extend_from_slice(wrapper.0.as_bytes());
    text.extend_from_slice(code.as_bytes());
    let mut eraser = Eraser {
        code: code.as_bytes(),
        text,
        prefix_len: wrapper.0.len(),
        calls: Vec::new(),
        n_parentheses: 0,
        is_refused: false,
    };
    eraser.visit_program(program);
    if eraser.is_refused {
        return None;
    }
    let mut text = String::from_utf8(eraser.text).expect("whole tokens were erased");
    text.push_str(wrapper.1);
    Some(Erased { text, calls: eraser.calls })
}

/// Whether the engine divides this text into tokens and lines as oxc did.
fn reads_the_same(code: &str, program: &Program<'_>) -> bool {
    // The end of the text for the engine, and what it does not count as one line.
    memchr::memchr2(b'\0', b'\r', code.as_bytes()).is_none()
        // Comments in a script, though not in a module.
        && !code.contains("<!--")
        && !code.contains("-->")
        && program.hashbang.is_none()
        && (code.is_ascii()
            || code.len() <= MAX_WIDE_BYTES
                && !code.contains(|it: char| {
                    !it.is_ascii() && (it.is_whitespace() || it == '\u{FEFF}')
                }))
}

struct Eraser<'c> {
    code: &'c [u8],
    /// The program, from the wrapper's first half on.
    text: Vec<u8>,
    prefix_len: usize,
    calls: Vec<(u32, u32)>,
    n_parentheses: u32,
    is_refused: bool,
}

impl Eraser<'_> {
    fn refuse(&mut self) {
        self.is_refused = true;
    }

    fn erase(&mut self, start: u32, end: u32) {
        let place = self.prefix_len + start as usize..self.prefix_len + end as usize;
        for byte in &mut self.text[place] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }

    /// What stands between a name and what is done with it.
    fn erase_after_name(&mut self, start: u32, end: u32) {
        self.erase(start, end);
        if self.byte(end) == b'(' && !self.has_line_break(start, end) {
            let before = &self.code[..start as usize];
            let is_of_name =
                |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'$' | b'#' | 0x80..);
            let len = before.iter().rev().take_while(|it| is_of_name(it)).count();
            self.calls.push((end, start - len as u32));
        }
    }

    /// A statement, or a member of a class. The semicolon keeps apart what stands
    /// before and behind it.
    fn erase_whole(&mut self, span: Span) {
        self.erase(span.start, span.end);
        self.text[self.prefix_len + span.start as usize] = b';';
    }

    fn byte(&self, at: u32) -> u8 {
        self.code.get(at as usize).copied().unwrap_or(0)
    }

    fn skip_blanks(&self, mut at: u32) -> u32 {
        while matches!(self.byte(at), b' ' | b'\t' | b'\n') {
            at += 1;
        }
        at
    }

    fn has_line_break(&self, start: u32, end: u32) -> bool {
        memchr::memchr(b'\n', &self.code[start as usize..end as usize]).is_some()
    }

    /// The `?` or `!` behind a name that ends at `end`.
    fn erase_mark(&mut self, end: u32, mark: u8) {
        let at = self.skip_blanks(end);
        if self.byte(at) == mark {
            self.erase(at, at + 1);
        } else {
            self.refuse();
        }
    }

    /// The same, behind the name of a member.
    fn erase_member_mark(&mut self, key: Span, is_computed: bool, mark: u8) {
        let mut end = key.end;
        if is_computed {
            end = self.skip_blanks(end);
            if self.byte(end) != b']' {
                return self.refuse();
            }
            end += 1;
        }
        self.erase_mark(end, mark);
    }

    /// What only types know among the words from the start of a member to its name.
    fn erase_modifiers(&mut self, member: Span, key: Span) {
        let mut at = member.start;
        while at < key.start {
            let rest = &self.code[at as usize..key.start as usize];
            let len = rest.iter().take_while(|it| it.is_ascii_lowercase()).count();
            match &rest[..len] {
                b"public" | b"private" | b"protected" | b"readonly" | b"override" => {
                    let end = at + len as u32;
                    self.erase(at, end);
                    // What stands before may end without a semicolon, and `[` or `*`
                    // would continue it.
                    if at == member.start {
                        self.text[self.prefix_len + at as usize] = b';';
                    }
                }
                b"static" | b"async" | b"get" | b"set" => {}
                b"" if matches!(rest[0], b'[' | b'*') => at += 1,
                _ => return self.refuse(),
            }
            at = self.skip_blanks(at + len as u32);
        }
    }

    /// `x as T`, `x satisfies T`.
    fn erase_tail(&mut self, expression: &Expression<'_>, whole: Span) {
        self.visit_expression(expression);
        self.erase(expression.span().end, whole.end);
        if self.is_continued(whole.end) {
            self.refuse();
        }
    }

    /// Whether the next line would continue an expression that ends at `end`, and did
    /// not when that was a type.
    fn is_continued(&self, end: u32) -> bool {
        let mut rest = &self.code[end as usize..];
        let mut has_line_break = false;
        loop {
            let len = match rest {
                [b' ' | b'\t', ..] => 1,
                [b'\n', ..] => {
                    has_line_break = true;
                    1
                }
                [b'/', b'/', ..] => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
                [b'/', b'*', ..] => {
                    let len = memchr::memmem::find(rest, b"*/").map_or(rest.len(), |it| it + 2);
                    has_line_break |= rest[..len].contains(&b'\n');
                    len
                }
                [b'(' | b'[' | b'`' | b'/' | b'+' | b'-', ..] => return has_line_break,
                _ => return false,
            };
            rest = &rest[len..];
        }
    }
}

impl<'a> Visit<'a> for Eraser<'_> {
    // --- statements ---

    fn visit_program(&mut self, it: &Program<'a>) {
        self.visit_directives(&it.directives);
        for it in &it.body {
            match it {
                // The contract lets pass what is types only, here and not further in.
                Statement::ImportDeclaration(_)
                | Statement::ExportNamedDeclaration(_)
                | Statement::ExportDeclaration(_)
                | Statement::ExportFromDeclaration(_)
                | Statement::ExportAllDeclaration(_) => self.erase_whole(it.span()),
                _ => self.visit_statement(it),
            }
        }
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        match it {
            Statement::TSTypeAliasDeclaration(_) | Statement::TSInterfaceDeclaration(_) => {
                self.erase_whole(it.span());
            }
            Statement::VariableDeclaration(declaration) if declaration.declare => {
                self.erase_whole(declaration.span);
            }
            Statement::FunctionDeclaration(function) if function.body.is_none() => {
                self.erase_whole(function.span);
            }
            Statement::ClassDeclaration(class) if class.declare => self.erase_whole(class.span),
            Statement::TSEnumDeclaration(_)
            | Statement::TSExternalModuleDeclaration(_)
            | Statement::TSNamespaceDeclaration(_)
            | Statement::TSGlobalDeclaration(_)
            | Statement::TSImportEqualsDeclaration(_) => self.refuse(),
            _ if it.is_module_declaration() => self.refuse(),
            _ => walk::walk_statement(self, it),
        }
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if it.definite {
            self.erase_mark(it.id.span().end, b'!');
        }
        walk::walk_variable_declarator(self, it);
    }

    // --- functions ---

    fn visit_formal_parameter(&mut self, it: &FormalParameter<'a>) {
        if it.accessibility.is_some() || it.readonly || it.r#override {
            return self.refuse();
        }
        if it.optional {
            self.erase_mark(it.pattern.span().end, b'?');
        }
        walk::walk_formal_parameter(self, it);
    }

    fn visit_ts_this_parameter(&mut self, it: &TSThisParameter<'a>) {
        self.erase(it.span.start, it.span.end);
        let at = self.skip_blanks(it.span.end);
        match self.byte(at) {
            b',' => self.erase(at, at + 1),
            b')' => {}
            _ => self.refuse(),
        }
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        // Neither may a line end before `=>`, nor behind `async`, `return` or `yield`.
        let params = it.params.span;
        let type_params = it.type_parameters.as_ref().map(|it| it.span);
        let return_type = it.return_type.as_ref().map(|it| it.span);
        if type_params.is_some_and(|it| self.has_line_break(it.start, params.start))
            || return_type.is_some_and(|it| self.has_line_break(params.end, it.end))
        {
            return self.refuse();
        }
        walk::walk_arrow_function_expression(self, it);
    }

    // --- classes ---

    fn visit_class(&mut self, it: &Class<'a>) {
        if it.r#abstract {
            let len = "abstract".len() as u32;
            let span = Span::new(it.span.start, it.span.start + len);
            if &self.code[span.start as usize..][..len as usize] != b"abstract" {
                return self.refuse();
            }
            self.erase(span.start, span.end);
        }
        if let [first, .., last] | [first @ last] = &it.implements[..] {
            let before = self.code[..first.span.start as usize].trim_ascii_end();
            match before.strip_suffix(b"implements") {
                Some(before) => self.erase(before.len() as u32, last.span.end),
                None => return self.refuse(),
            }
        }
        if let Some(it) = &it.id {
            self.visit_binding_identifier(it);
        }
        if let Some(it) = &it.type_parameters {
            self.visit_ts_type_parameter_declaration(it);
        }
        if let Some(it) = &it.heritage {
            self.visit_class_heritage(it);
        }
        self.visit_decorators(&it.decorators);
        self.visit_class_body(&it.body);
    }

    fn visit_class_element(&mut self, it: &ClassElement<'a>) {
        let is_abstract_field = |it: &PropertyDefinition<'_>| {
            it.r#type == PropertyDefinitionType::TSAbstractPropertyDefinition
        };
        match it {
            ClassElement::TSIndexSignature(it) => self.erase_whole(it.span),
            ClassElement::MethodDefinition(it) if it.value.body.is_none() => {
                self.erase_whole(it.span);
            }
            ClassElement::PropertyDefinition(it) if it.declare || is_abstract_field(it) => {
                self.erase_whole(it.span);
            }
            _ => walk::walk_class_element(self, it),
        }
    }

    fn visit_method_definition(&mut self, it: &MethodDefinition<'a>) {
        if it.r#type == MethodDefinitionType::TSAbstractMethodDefinition {
            return self.refuse();
        }
        if it.accessibility.is_some() || it.r#override {
            self.erase_modifiers(it.span, it.key.span());
        }
        if it.optional {
            self.erase_member_mark(it.key.span(), it.computed, b'?');
        }
        walk::walk_method_definition(self, it);
    }

    fn visit_property_definition(&mut self, it: &PropertyDefinition<'a>) {
        // These names alone on a line belong to the next member.
        let is_typed = it.type_annotation.is_some() || it.optional || it.definite;
        if is_typed
            && it.value.is_none()
            && ["get", "set", "static", "async", "accessor"]
                .iter()
                .any(|word| it.key.is_specific_static_name(word))
        {
            return self.refuse();
        }
        if it.accessibility.is_some() || it.r#override || it.readonly {
            self.erase_modifiers(it.span, it.key.span());
        }
        if it.optional {
            self.erase_member_mark(it.key.span(), it.computed, b'?');
        }
        if it.definite {
            self.erase_member_mark(it.key.span(), it.computed, b'!');
        }
        walk::walk_property_definition(self, it);
    }

    fn visit_accessor_property(&mut self, _: &AccessorProperty<'a>) {
        self.refuse();
    }

    fn visit_decorator(&mut self, _: &Decorator<'a>) {
        self.refuse();
    }

    // --- expressions ---

    fn visit_ts_as_expression(&mut self, it: &TSAsExpression<'a>) {
        self.erase_tail(&it.expression, it.span);
    }

    fn visit_ts_satisfies_expression(&mut self, it: &TSSatisfiesExpression<'a>) {
        self.erase_tail(&it.expression, it.span);
    }

    fn visit_ts_non_null_expression(&mut self, it: &TSNonNullExpression<'a>) {
        self.visit_expression(&it.expression);
        self.erase_after_name(it.span.end - 1, it.span.end);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        // `new A<T>` may end here, `new A` not if the next line begins with `[`.
        if let Some(it) = &it.type_arguments
            && self.byte(self.skip_blanks(it.span.end)) != b'('
        {
            return self.refuse();
        }
        walk::walk_new_expression(self, it);
    }

    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        // `\07` is an error in the strict code of a script, and the printer's text
        // has the character.
        let raw = &self.code[it.span.start as usize..it.span.end as usize];
        if memchr::memchr_iter(b'\\', raw).any(|at| raw[at + 1].is_ascii_digit()) {
            self.refuse();
        }
    }

    fn visit_numeric_literal(&mut self, it: &NumericLiteral<'a>) {
        // So is `010`.
        if self.byte(it.span.start) == b'0' && self.byte(it.span.start + 1).is_ascii_digit() {
            self.refuse();
        }
    }

    fn visit_parenthesized_expression(&mut self, it: &ParenthesizedExpression<'a>) {
        self.n_parentheses += 1;
        if self.n_parentheses > MAX_PARENTHESES {
            self.refuse();
        } else {
            self.visit_expression(&it.expression);
        }
        self.n_parentheses -= 1;
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        match it {
            SimpleAssignmentTarget::TSAsExpression(_)
            | SimpleAssignmentTarget::TSSatisfiesExpression(_)
            | SimpleAssignmentTarget::TSTypeAssertion(_) => self.refuse(),
            _ => walk::walk_simple_assignment_target(self, it),
        }
    }

    fn visit_ts_type_assertion(&mut self, _: &TSTypeAssertion<'a>) {
        self.refuse();
    }

    fn visit_ts_instantiation_expression(&mut self, _: &TSInstantiationExpression<'a>) {
        self.refuse();
    }

    // --- types ---

    fn visit_ts_type_annotation(&mut self, it: &TSTypeAnnotation<'a>) {
        self.erase(it.span.start, it.span.end);
    }

    fn visit_ts_type_parameter_declaration(&mut self, it: &TSTypeParameterDeclaration<'a>) {
        self.erase(it.span.start, it.span.end);
    }

    fn visit_ts_type_parameter_instantiation(&mut self, it: &TSTypeParameterInstantiation<'a>) {
        self.erase_after_name(it.span.start, it.span.end);
    }

    /// Where nobody above has seen to it.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {
        self.refuse();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        WRAPPER,
        tests::{canonical, printed},
        transpile,
    };
    use super::*;

    /// Erased, and the same program as the printer's.
    #[track_caller]
    fn check_in_place(code: &str) {
        let text = transpile(code).unwrap_or_else(|err| panic!("{code}\n{err:?}")).text;
        let body = text.strip_prefix(WRAPPER.0).unwrap().strip_suffix(WRAPPER.1).unwrap();
        assert_eq!(body.len(), code.len(), "it was printed:\n{code}\n---\n{body}");
        for (was, is) in code.bytes().zip(body.bytes()) {
            assert!(was == is || is == b' ' || is == b';', "{code}\n---\n{body}");
            assert_eq!(was == b'\n', is == b'\n', "{code}\n---\n{body}");
        }
        assert_eq!(canonical(&text), canonical(&printed(code)), "\n{code}\n---\n{body}");
    }

    #[track_caller]
    fn check_refused(code: &str) {
        assert_eq!(transpile(code).map(|it| it.text), Ok(printed(code)), "\n{code}");
    }

    #[test]
    fn types_become_spaces() {
        let text =
            transpile("type T = 'é';\nconst f = <U,>(a: T, b?: U[]): T => a!;").unwrap().text;
        assert_eq!(
            text,
            [WRAPPER.0, ";             \nconst f =     (a   , b      )    => a ;", WRAPPER.1]
                .concat()
        );
        for code in [
            "",
            "// nothing",
            "interface A { b: string }\ndeclare const c: A;\nexport {};\nimport type { D } from 'd';",
            "import { type A } from 'm'; export type B = A; export interface C {}",
            "export declare const a: 1; export type { B } from 'b'; export type * from 'c'",
            "declare function f(): void; declare class A { b: 1 } declare let x: unique symbol",
            "let a!: number, b: string[] = [], [c, d]: [1, 2] = [1, 2], { e }: { e: 1 } = f",
            "for (const a of b as any[]) {}\nfor (let i: number = 0; ; ) break",
            "function f(this: Date, a?: number, ...b: string[]): a is 1 { return a! + b.length }",
            "function f(this: void) {} function g(this: void,) {}",
            "function f(a: string): void;\nfunction f(a?: any) {}\nf('')",
            "function f<const T extends {\n a: 1 }>(a: {\n b: T }): {\n c: T\n} { return a as any }",
            "try {} catch (e: unknown) {} try {} catch ({ a }: any) {}",
            "return <T,>(a: T): a is T => !!a",
            "return async <T,>(a: T, { b }: { b: T } = c): Promise<T> => a",
            "return x ? (a): T => b : c",
            "return a!.b![0]!()!`x`, a?.b!.c, (a?.b)!.c, a! + b!, a!++, c! = 1",
            "return f<string>(1), new A<B<C>>(), g?.<D>(), h<E>`x`, super_<F>()",
            "return [x as const, (y as any).z, { ...(a satisfies B) }, b as unknown as C]",
            "return (a as any) + (b as any) * (c satisfies D)",
            "return { a<T>(b: T): T { return b }, get c(): number { return 1 }, async *d<T>() {} }",
            "return x as {\n a: 1\n}\n",
            "return a < b as any < c as any, (-a as any) ** 2, a === b as c || d as e ? f : g as h",
            "return 'é漢😀' as any",
            "const é: string = '漢'; return é",
        ] {
            check_in_place(code);
        }
    }

    #[test]
    fn classes_lose_what_only_types_know() {
        for code in [
            "class A<T> extends B<T> implements C<T>, D {\n a: T;\n b?: string\n c!: number; d }",
            "class A implements B {} class C<T>\nimplements D,\nE {}",
            "abstract class A { abstract b: 1; abstract c(): void; d() {} }",
            "class A { public a = 1; private b; protected static readonly c: 1 = 1; override d() {} }",
            "class A { static readonly a = 1; private async *b() {} private static async c() {} }",
            "class A { public get a(): 1 { return 1 } private set a(b: 1) {} readonly [c]: 1 = 1 }",
            "class A { private readonly = 1; readonly readonly: 1; public public() {} }",
            "class A { declare a: 1; b?(): void; b?() {} [c]?() {} [d]?: 1; [e] ! : 1 }",
            "class A { [key: string]: any; static [key: string]: any; readonly [k: string]: 1; a = 1 }",
            "class A { constructor(a: 1); constructor(a: any) {} m(): void; m(a?: 1) {} }",
            "class A { static { const a: 1 = 1 } #a?: 1; static readonly #b = 1 }",
            "return class<T> { a: T }",
        ] {
            check_in_place(code);
        }
    }

    #[test]
    fn what_types_kept_apart_stays_apart() {
        for code in [
            "const a = b\ntype C = 1\n(d)()",
            "const a = b\ninterface C {}\n[d].e",
            "a\nexport type C = 1\n`x`",
            "a\ndeclare const b: 1\n(c)",
            "a\nfunction f(): void\nfunction f() {}\n",
            "class A { a = 1\n private [b] = 2\n public *c() {} }",
            "class A { a = 1\n declare d: 1\n [b] = 2 }",
            "class A { a = 1;\n [k: string]: any\n ['b'] = 2\n m(): void\n *m() {} }",
            "abstract class A { a = 1\n abstract b\n *c() {} }",
            "class A { a: 1\n [b] = 2\n c: 1\n *d() {} e?: 1\n }",
            "let a: any\n(b)()",
            "let a: any\n[b]",
            "return x as any\n// (\n;",
            "x as any\ny = 1",
            "a\nabstract class B {}",
            "if (a) type = 1",
        ] {
            check_in_place(code);
        }
        for code in [
            "x as any\n(foo)()",
            "x satisfies T\n[1].a",
            "x as any // why\n/* or\nnot */ `a`",
            "let a = x as any\n(b)",
            "class A { a = b as any\n [c] = 1 }",
            "class A { get: T\n b() {} }",
            "class A { static: T\n b() {} }",
            "class A { async?: T\n b() {} }",
            "class A { 'set'!: T\n b() {} }",
            "return (a): {\n b: 1\n} => c",
            "return <\nT,\n>(a) => b",
            "return <T,>\n(a) => b",
            "return async <\nT,\n>(a) => b",
            "return new A<B>;",
        ] {
            check_refused(code);
        }
    }

    #[test]
    fn what_is_not_left_out_goes_to_the_printer() {
        for code in [
            "enum A { b }",
            "declare enum A { b }",
            "namespace A { export const b = 1 }",
            "declare namespace A { const b: 1 }",
            "declare global { interface A {} }",
            "class A { constructor(private b: 1) {} }",
            "class A { accessor b = 1 }",
            "@a class A { b() {} }",
            "class A { @b c() {} }",
            "return <any>a",
            "return f<string>",
            "import a = b.c",
            "{ export const a = 1 }",
            "{ export {}; export type A = 1 }",
            "(a as any) = 1",
            "[(a as any)] = b; for ((a satisfies any) of b) {}",
            "function f(this: A /* , */, b) {}",
            "class A { public /* a */ b() {} }",
            "class A { b /* c */ ?: 1 }",
        ] {
            check_refused(code);
        }
    }

    #[test]
    fn what_the_engine_may_read_otherwise_goes_to_the_printer() {
        for code in [
            "#!x\na",
            "a<!--b",
            "'-->'",
            "'<!--'",
            "a\r\nb",
            "a\u{2028}b",
            "'\u{2029}'",
            "a +\u{3000}b\u{FEFF}",
            "return '\\07'",
            "return 010 + 09",
        ] {
            check_refused(code);
        }
        let nested = |n: usize| format!("return {}1{}", "(".repeat(n), ")".repeat(n));
        check_in_place(&nested(MAX_PARENTHESES as usize));
        check_refused(&nested(MAX_PARENTHESES as usize + 1));
        let wide = |n: usize| format!("return '{}'", "é".repeat(n));
        check_in_place(&wide(1_000));
        check_refused(&wide(MAX_WIDE_BYTES));
    }
}
