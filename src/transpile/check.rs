//! What a run would trip over, found before it: names that do not exist, inputs
//! that do not fit, promises that nobody awaits.
//!
//! Works on the parsed snippet and the tables of the API. It knows the types of
//! what comes out of the libraries and of nothing else; where it is not sure it
//! says nothing. A finding never stops a run by itself.

use std::collections::{HashMap, HashSet};

use oxc::{
    ast::ast::{
        Argument, ArrayExpressionElement, ArrowFunctionExpression, BinaryExpression,
        BindingPattern, CallExpression, ChainElement, ConditionalExpression, Expression,
        ForOfStatement, ForStatementLeft, FormalParameters, Function, IdentifierReference,
        IfStatement, LogicalExpression, NewExpression, ObjectExpression, ObjectPropertyKind,
        Program, ReturnStatement, SimpleAssignmentTarget, Statement, StaticMemberExpression,
        TemplateLiteral, TryStatement, UnaryExpression, VariableDeclarator,
    },
    ast_visit::{Visit, walk},
    semantic::{Scoping, SymbolId},
    span::{GetSpan, Span},
    syntax::{
        operator::{BinaryOperator, UnaryOperator},
        scope::ScopeFlags,
    },
};

use super::{
    contract::advice_for_module,
    positions::{Position, position_at},
};
use crate::{
    api::{Api, Decl, Found, Kind, Member, Param, Table, Type},
    spelling::nearest,
};

/// So many findings are enough to work with.
const MAX_FINDINGS: usize = 12;
/// How far the type of an expression is followed.
const MAX_DEPTH: usize = 24;

/// Something in a snippet that will not work.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub position: Position,
    /// What is wrong and what was meant.
    pub message: String,
    /// The signature of what was meant, in one line.
    pub signature: Option<String>,
}

/// What the check has to say about a snippet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    pub list: Vec<Finding>,
    /// For a run that gives null: the snippet prints but returns nothing.
    pub silence: Option<Finding>,
}

/// Checks a snippet whose scopes are known.
pub(super) fn check(code: &str, program: &Program<'_>, scoping: &Scoping, api: &Api) -> Findings {
    let mut checker = Checker {
        scoping,
        api,
        suspects: Vec::new(),
        types: HashMap::new(),
        literals: HashMap::new(),
        probed: HashSet::new(),
        assigned: HashSet::new(),
        assigned_on: HashSet::new(),
        typeof_names: HashSet::new(),
        declared_globals: HashSet::new(),
        hands_out_global: false,
        n_functions: 0,
        n_probes: 0,
        has_return: false,
        printed: None,
    };
    if code.trim_start().starts_with("```") {
        let message = "the code stands in a ``` fence: send only what is inside".to_owned();
        checker.suspect(Span::new(0, 3), message, None, Excuse::Nothing);
    }
    checker.visit_program(program);
    checker.check_last(program);
    let silence = checker.printed.filter(|_| !checker.has_return).map(|span| Finding {
        position: position_at(code, span.start as usize),
        message: "main has no `return`, so the result is null; `return` what you want to have"
            .to_owned(),
        signature: None,
    });
    let mut suspects = std::mem::take(&mut checker.suspects);
    suspects.retain(|it| !checker.is_excused(it));
    suspects.sort_by_key(|it| it.span.start);
    // The same once more says nothing new.
    let mut told = HashSet::new();
    suspects.retain(|it| told.insert(it.message.clone()));
    suspects.truncate(MAX_FINDINGS);
    let list = suspects.into_iter().map(|it| Finding {
        position: position_at(code, it.span.start as usize),
        message: it.message,
        signature: it.signature,
    });
    Findings { list: list.collect(), silence }
}

/// A finding, unless the snippet turns out to know better.
struct Suspect {
    span: Span,
    message: String,
    signature: Option<String>,
    excuse: Excuse,
}

/// What would make a suspect innocent.
enum Excuse {
    Nothing,
    /// The global may exist: the snippet asks, or makes it.
    Global(String),
    /// Somebody assigns a member of this name.
    Member(String),
    /// The object gets more members after it was written.
    Completed(SymbolId),
}

/// What is known about a value.
#[derive(Clone)]
enum Ty<'t> {
    Unknown,
    /// A global object with a table of its own.
    Namespace(&'t Table),
    /// Any other global, by its name in the inventory.
    Global(&'t str),
    /// A class, a function, an enum: something declared, as a value.
    Value(Found<'t>),
    /// What a class makes, or what fits an interface.
    Instance(Found<'t>),
    /// An instance of a class that the engine or the prelude has.
    Builtin(&'t str),
    Method(&'t Table, Member),
    Promise(Box<Ty<'t>>),
    AsyncIterable(Box<Ty<'t>>),
    Array(Box<Ty<'t>>),
    /// A function of the snippet whose result must be awaited.
    AsyncFunction,
}

/// The keys of an object literal that a constant is bound to.
struct Literal {
    keys: Vec<(String, Span)>,
    span: Span,
    /// No spread and no computed key.
    is_complete: bool,
}

struct Checker<'t> {
    scoping: &'t Scoping,
    api: &'t Api,
    suspects: Vec<Suspect>,
    types: HashMap<SymbolId, Ty<'t>>,
    literals: HashMap<SymbolId, Literal>,
    /// Members that are asked for, not relied on.
    probed: HashSet<Span>,
    /// Names of members that are assigned.
    assigned: HashSet<String>,
    /// Constants with members that are assigned.
    assigned_on: HashSet<SymbolId>,
    typeof_names: HashSet<String>,
    declared_globals: HashSet<String>,
    /// The global object goes where it cannot be followed.
    hands_out_global: bool,
    n_functions: usize,
    /// Depth of `try` blocks that are there to find out whether something works.
    n_probes: usize,
    has_return: bool,
    printed: Option<Span>,
}

impl<'t> Checker<'t> {
    fn suspect(&mut self, span: Span, message: String, signature: Option<String>, excuse: Excuse) {
        if self.suspects.len() < 4 * MAX_FINDINGS && self.n_probes == 0 {
            self.suspects.push(Suspect { span, message, signature, excuse });
        }
    }

    fn is_excused(&self, suspect: &Suspect) -> bool {
        match &suspect.excuse {
            Excuse::Nothing => false,
            Excuse::Global(name) => {
                self.hands_out_global
                    || self.typeof_names.contains(name)
                    || self.declared_globals.contains(name)
            }
            Excuse::Member(name) => self.hands_out_global || self.assigned.contains(name),
            Excuse::Completed(symbol) => self.assigned_on.contains(symbol),
        }
    }

    /// Whether the engine says that there is such a global.
    fn has_global(&self, name: &str) -> bool {
        self.api.inventory().is_none_or(|it| it.has(name))
    }

    fn symbol_of(&self, it: &IdentifierReference<'_>) -> Option<SymbolId> {
        self.scoping.get_reference(it.reference_id.get()?).symbol_id()
    }

    // --- types ---

    fn type_of(&self, expression: &Expression<'_>, depth: usize) -> Ty<'t> {
        if depth > MAX_DEPTH {
            return Ty::Unknown;
        }
        match expression {
            Expression::Identifier(it) => self.type_of_name(it),
            Expression::ParenthesizedExpression(it) => self.type_of(&it.expression, depth + 1),
            Expression::TSNonNullExpression(it) => self.type_of(&it.expression, depth + 1),
            Expression::TSSatisfiesExpression(it) => self.type_of(&it.expression, depth + 1),
            Expression::StaticMemberExpression(it) => {
                let object = self.type_of(&it.object, depth + 1);
                self.member(&object, &it.property.name)
            }
            Expression::ComputedMemberExpression(it) => {
                match (self.type_of(&it.object, depth + 1), it.static_property_name()) {
                    (Ty::Array(item), None)
                        if matches!(it.expression, Expression::NumericLiteral(_)) =>
                    {
                        *item
                    }
                    (object, Some(name)) => self.member(&object, &name),
                    _ => Ty::Unknown,
                }
            }
            Expression::ChainExpression(it) => match &it.expression {
                ChainElement::CallExpression(call) => self.type_of_call(call, depth + 1),
                ChainElement::StaticMemberExpression(it) => {
                    let object = self.type_of(&it.object, depth + 1);
                    self.member(&object, &it.property.name)
                }
                _ => Ty::Unknown,
            },
            Expression::CallExpression(call) => self.type_of_call(call, depth + 1),
            Expression::NewExpression(it) => match self.type_of(&it.callee, depth + 1) {
                Ty::Value(found) if matches!(found.decl.kind, Kind::Class | Kind::Command) => {
                    Ty::Instance(found)
                }
                Ty::Global(name) => Ty::Builtin(name),
                _ => Ty::Unknown,
            },
            Expression::AwaitExpression(it) => match self.type_of(&it.argument, depth + 1) {
                Ty::Promise(inner) => *inner,
                Ty::AsyncFunction | Ty::Unknown => Ty::Unknown,
                other => other,
            },
            Expression::ArrayExpression(_) => self.builtin("Array"),
            Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => self.builtin("String"),
            Expression::ArrowFunctionExpression(it) if it.r#async => Ty::AsyncFunction,
            Expression::FunctionExpression(it) if it.r#async && !it.generator => Ty::AsyncFunction,
            _ => Ty::Unknown,
        }
    }

    fn builtin(&self, class: &str) -> Ty<'t> {
        let name = self.api.inventory().and_then(|it| it.name_of(class));
        name.map_or(Ty::Unknown, Ty::Builtin)
    }

    fn type_of_name(&self, it: &IdentifierReference<'_>) -> Ty<'t> {
        match self.symbol_of(it) {
            Some(symbol) => self.types.get(&symbol).cloned().unwrap_or(Ty::Unknown),
            None => self.type_of_global(&it.name),
        }
    }

    fn type_of_global(&self, name: &str) -> Ty<'t> {
        if self.declared_globals.contains(name) || !self.has_global(name) {
            return Ty::Unknown;
        }
        if let Some(table) = self.api.table(name) {
            return Ty::Namespace(table);
        }
        if let Some(found) = self.api.platform(name).filter(|it| it.decl.is_value()) {
            return Ty::Value(found);
        }
        match self.api.inventory().and_then(|it| it.name_of(name)) {
            Some(name) => Ty::Global(name),
            None => Ty::Unknown,
        }
    }

    fn type_of_call(&self, call: &CallExpression<'_>, depth: usize) -> Ty<'t> {
        match self.type_of(&call.callee, depth) {
            Ty::AsyncFunction => Ty::Promise(Box::new(Ty::Unknown)),
            Ty::Value(Found { table, decl }) if decl.kind == Kind::Function => {
                self.lift(table, &decl.returns(), depth)
            }
            Ty::Method(table, method) => {
                let returns = method.type_of();
                // What `send` gives depends on the command.
                if returns == Type::Promise(Box::new(Type::Name("Output"))) {
                    let command = call.arguments.first().and_then(Argument::as_expression);
                    return Ty::Promise(Box::new(
                        match command.map(|it| self.type_of(it, depth)) {
                            Some(Ty::Instance(it)) if it.decl.kind == Kind::Command => {
                                self.lift(it.table, &it.decl.returns(), depth)
                            }
                            _ => Ty::Unknown,
                        },
                    ));
                }
                self.lift(table, &returns, depth)
            }
            _ => Ty::Unknown,
        }
    }

    /// What a type of a table means.
    fn lift(&self, table: &'t Table, ty: &Type, depth: usize) -> Ty<'t> {
        if depth > MAX_DEPTH {
            return Ty::Unknown;
        }
        match ty {
            Type::Name(name) => match self.api.resolve(table, name) {
                Some(found) => match found.decl.kind {
                    Kind::Interface if found.decl.members().next().is_some() => Ty::Instance(found),
                    Kind::Class => Ty::Instance(found),
                    Kind::Alias => self.lift(found.table, &found.decl.type_of(), depth + 1),
                    _ => Ty::Unknown,
                },
                None => Ty::Unknown,
            },
            Type::Array(item) => Ty::Array(Box::new(self.lift(table, item, depth + 1))),
            Type::Promise(inner) => Ty::Promise(Box::new(self.lift(table, inner, depth + 1))),
            Type::AsyncIterable(item) => {
                Ty::AsyncIterable(Box::new(self.lift(table, item, depth + 1)))
            }
            Type::Union(list) => {
                let mut real =
                    list.iter().filter(|it| !matches!(it, Type::Plain("null" | "undefined")));
                match (real.next(), real.next()) {
                    (Some(only), None) => self.lift(table, only, depth + 1),
                    _ => Ty::Unknown,
                }
            }
            _ => Ty::Unknown,
        }
    }

    /// What `object.name` is, where that is known.
    fn member(&self, object: &Ty<'t>, name: &str) -> Ty<'t> {
        match object {
            Ty::Namespace(table) => match table.get(name) {
                Some(decl) if decl.is_value() => match decl.kind {
                    Kind::Const => self.lift(table, &decl.type_of(), 0),
                    _ => Ty::Value(Found { table, decl }),
                },
                _ => Ty::Unknown,
            },
            Ty::Value(Found { table, decl }) if decl.kind == Kind::Object => {
                self.member_of(table, *decl, name, Static::No)
            }
            Ty::Value(Found { table, decl }) if decl.kind == Kind::Class => {
                self.member_of(table, *decl, name, Static::Yes)
            }
            Ty::Instance(Found { table, decl }) if decl.kind != Kind::Command => {
                self.member_of(table, *decl, name, Static::No)
            }
            _ => Ty::Unknown,
        }
    }

    fn member_of(&self, table: &'t Table, decl: Decl, name: &str, wanted: Static) -> Ty<'t> {
        let is_static = wanted == Static::Yes;
        match decl.members().find(|it| it.name == name && it.is_static == is_static) {
            Some(member) if member.is_method() => Ty::Method(table, member),
            Some(member) => self.lift(table, &member.type_of(), 0),
            None => Ty::Unknown,
        }
    }

    // --- members ---

    /// Complains when `object` has no member `name`.
    fn check_member(&mut self, object: &Ty<'t>, name: &str, span: Span, use_: Use) {
        if is_universal(name) && !matches!(object, Ty::Instance(_)) {
            return;
        }
        match object {
            Ty::Namespace(table) if use_ == Use::Relied => self.check_namespace(table, name, span),
            Ty::Global(global) if use_ == Use::Relied => {
                let Some(members) = self.api.inventory().and_then(|it| it.members(global)) else {
                    return;
                };
                if !members.iter().any(|it| it == name) {
                    let near = nearest(name, members.iter().map(String::as_str));
                    self.missing_member(global, name, near, None, span);
                }
            }
            Ty::Value(Found { decl, .. }) if use_ == Use::Relied => {
                let global = decl.name;
                let Some(members) = self.api.inventory().and_then(|it| it.members(global)) else {
                    return;
                };
                if !members.iter().any(|it| it == name) && decl.kind == Kind::Object {
                    let near = nearest(name, members.iter().map(String::as_str));
                    self.missing_member(global, name, near, None, span);
                }
            }
            Ty::Builtin(class) if use_ == Use::Relied => self.check_prototype(class, name, span),
            Ty::Array(_) if use_ == Use::Relied => self.check_prototype("Array", name, span),
            Ty::Instance(found) => self.check_instance(*found, name, span, use_),
            Ty::Promise(inner) if !matches!(name, "then" | "catch" | "finally") => {
                self.forgotten_await(inner, name, span);
            }
            _ => {}
        }
    }

    fn check_namespace(&mut self, table: &'t Table, name: &str, span: Span) {
        let global = table.global.unwrap_or_default();
        let exists = match self.api.inventory().and_then(|it| it.members(global)) {
            Some(members) => members.iter().any(|it| it == name),
            None => table.get(name).is_some_and(|it| it.is_value()),
        };
        if exists {
            return;
        }
        // The member's type exists, but a type is no value.
        let values = table.decls().iter().filter(|it| it.is_value()).map(|it| it.name);
        let command = format!("{name}Command");
        let near = match table.get(&command) {
            Some(decl) => Some(decl.name),
            None => nearest(name, values),
        };
        let near = near.and_then(|it| table.get(it));
        let signature = near.map(|decl| self.api.signature(Found { table, decl }));
        self.missing_member(global, name, near.map(|it| it.name), signature, span);
    }

    fn check_prototype(&mut self, class: &str, name: &str, span: Span) {
        let prototype = format!("{class}.prototype");
        let Some(members) = self.api.inventory().and_then(|it| it.members(&prototype)) else {
            return;
        };
        if members.iter().any(|it| it == name) || is_own(class, name) {
            return;
        }
        let near = match (class, name) {
            ("Array" | "String", "contains" | "has") => Some("includes"),
            ("Array" | "String", "size" | "count" | "len") => Some("length"),
            ("Array", "add" | "append") => Some("push"),
            ("Array", "last") => Some("at(-1)"),
            ("Array", "first") => Some("at(0)"),
            ("Map" | "Set", "length") => Some("size"),
            ("Map" | "Set", "contains" | "includes") => Some("has"),
            ("Map", "put") => Some("set"),
            ("Set", "push") => Some("add"),
            ("Date", "format") => Some("toISOString"),
            ("String", "reverse") => Some("split"),
            _ => nearest(name, members.iter().map(String::as_str)),
        };
        let article = if class.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
        self.missing_member(&format!("{article} {class}"), name, near, None, span);
    }

    fn check_instance(&mut self, found: Found<'t>, name: &str, span: Span, use_: Use) {
        let Found { table, decl } = found;
        if table.global.is_none() {
            if use_ == Use::Relied {
                self.check_prototype(decl.name, name, span);
            }
            return;
        }
        let what = match decl.kind {
            Kind::Class => format!("`{}`", decl.name),
            _ => format!("`{}`", decl.name.trim_start_matches('_')),
        };
        if name == "toString" && decl.name == "BodyStream" {
            self.suspect(
                span,
                "the body is a stream, `toString` does not read it; use `await Body.transformToString()`".to_owned(),
                Some("transformToString(encoding?: \"utf-8\" | \"base64\" | \"hex\"): Promise<string>".to_owned()),
                Excuse::Nothing,
            );
            return;
        }
        if is_universal(name)
            || matches!(decl.kind, Kind::Command | Kind::Error)
            || (decl.kind == Kind::Class && use_ == Use::Probed)
            || decl.member(name).is_some_and(|it| !it.is_static)
        {
            return;
        }
        // `s3.getObject(…)`, as in version 2 of the SDK.
        let mut chars = name.chars();
        let pascal: String =
            chars.next().map(|it| it.to_ascii_uppercase()).into_iter().chain(chars).collect();
        if decl.kind == Kind::Class
            && let Some(command) = command_for(table, &pascal)
        {
            let message = format!(
                "{what} has no `{name}`; use `await client.send(new {}({{ … }}))`",
                table.path_of(command.name)
            );
            let signature = self.api.signature(Found { table, decl: command });
            self.suspect(span, message, Some(signature), Excuse::Member(name.to_owned()));
            return;
        }
        if let Some(function) =
            table.get(name).filter(|it| decl.kind == Kind::Class && it.kind == Kind::Function)
        {
            let found = Found { table, decl: function };
            let message = format!("{what} has no `{name}`; use `{}(client, …)`", found.path());
            let signature = self.api.signature(found);
            self.suspect(span, message, Some(signature), Excuse::Member(name.to_owned()));
            return;
        }
        if decl.name == "BodyStream" {
            let message = format!(
                "the body is a stream and has no `{name}`; use `await Body.transformToString()`, `transformToByteArray()` or `transformToWebStream()`"
            );
            self.suspect(span, message, None, Excuse::Member(name.to_owned()));
            return;
        }
        let members: Vec<Member> = decl.members().filter(|it| !it.is_static).collect();
        let near = nearest(name, members.iter().map(|it| it.name));
        let signature = near
            .and_then(|near| members.iter().find(|it| it.name == near))
            .map(|it| self.api.member_signature(table, *it))
            .or_else(|| Some(self.api.brief(table, &Type::Name(decl.name), decl.name)));
        let message = format!("{what} has no `{name}`{}", did_you_mean(near));
        self.suspect(span, message, signature, Excuse::Member(name.to_owned()));
    }

    fn missing_member(
        &mut self,
        of: &str,
        name: &str,
        near: Option<&str>,
        signature: Option<String>,
        span: Span,
    ) {
        let message = format!("{of} has no `{name}`{}", did_you_mean(near));
        self.suspect(span, message, signature, Excuse::Member(name.to_owned()));
    }

    fn forgotten_await(&mut self, inner: &Ty<'t>, name: &str, span: Span) {
        let message = match (name, inner) {
            ("promise", _) => {
                "there is no `.promise()` any more: `await` the call itself".to_owned()
            }
            _ => format!(
                "`{name}` is asked of a Promise: an `await` is missing, as in `(await …).{name}`"
            ),
        };
        self.suspect(span, message, None, Excuse::Nothing);
    }

    // --- inputs ---

    fn check_args(
        &mut self,
        path: &str,
        table: &'t Table,
        params: &[Param],
        args: &[Argument<'_>],
        call: Span,
    ) {
        let has_spread = args.iter().any(|it| matches!(it, Argument::SpreadElement(_)));
        if has_spread {
            return;
        }
        for (param, arg) in params.iter().zip(args) {
            let Some(arg) = arg.as_expression() else { continue };
            if matches!(
                arg.get_inner_expression(),
                Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_)
            ) && param.text.ends_with("RequestOptions")
            {
                self.suspect(
                    arg.span(),
                    format!(
                        "`{path}` gives a promise: `await` it instead of handing it a callback"
                    ),
                    None,
                    Excuse::Nothing,
                );
                continue;
            }
            self.check_value(arg, &param.ty, table, path, 0);
        }
        let missing: Vec<&Param> =
            params.iter().skip(args.len()).filter(|it| !it.is_optional).collect();
        if let Some(first) = missing.first() {
            let brief = self.api.brief(table, &first.ty, first.text);
            self.suspect(
                call,
                format!("`{path}` is missing its argument `{}`", first.name),
                Some(format!("{}: {brief}", first.name)),
                Excuse::Nothing,
            );
        }
    }

    fn check_value(
        &mut self,
        value: &Expression<'_>,
        ty: &Type,
        table: &'t Table,
        path: &str,
        depth: usize,
    ) {
        if depth > MAX_DEPTH {
            return;
        }
        match (value, ty) {
            (Expression::ParenthesizedExpression(it), _) => {
                self.check_value(&it.expression, ty, table, path, depth + 1);
            }
            (Expression::TSSatisfiesExpression(it), _) => {
                self.check_value(&it.expression, ty, table, path, depth + 1);
            }
            (Expression::ConditionalExpression(it), _) => {
                self.check_value(&it.consequent, ty, table, path, depth + 1);
                self.check_value(&it.alternate, ty, table, path, depth + 1);
            }
            (Expression::ObjectExpression(it), Type::Name(_) | Type::Fields(_)) => {
                self.check_object(it, ty, table, path, depth);
            }
            (Expression::ArrayExpression(it), Type::Array(item)) => {
                for element in &it.elements {
                    if let Some(element) = ArrayExpressionElement::as_expression(element) {
                        self.check_value(element, item, table, path, depth + 1);
                    }
                }
            }
            (Expression::StringLiteral(it), _) => {
                self.check_text(&it.value, it.span, ty, table, path);
            }
            (Expression::Identifier(it), Type::Name(_) | Type::Fields(_)) => {
                self.check_named_object(it, ty, table, path);
            }
            _ => {}
        }
    }

    fn check_text(&mut self, text: &str, span: Span, ty: &Type, table: &'t Table, path: &str) {
        let values: Vec<&'static str> = match ty {
            Type::Name(name) => match self.api.resolve(table, name) {
                Some(found) => found.decl.values(),
                None => return,
            },
            Type::Union(list) if list.iter().all(|it| matches!(it, Type::Text(_))) => list
                .iter()
                .filter_map(|it| match it {
                    Type::Text(it) => Some(*it),
                    _ => None,
                })
                .collect(),
            _ => return,
        };
        if values.is_empty() || values.contains(&text) {
            return;
        }
        let near = nearest(text, values.iter().copied());
        let shown: Vec<String> = values.iter().take(12).map(|it| format!("{it:?}")).collect();
        let more = if values.len() > 12 { " | …" } else { "" };
        let key = path.rsplit('.').next().unwrap_or(path);
        self.suspect(
            span,
            format!("{text:?} is no value of `{key}`{}", did_you_mean(near)),
            Some(format!("{}{more}", shown.join(" | "))),
            Excuse::Nothing,
        );
    }

    /// The fields of an object type; `None` when it takes anything.
    fn fields(&self, ty: &Type, table: &'t Table) -> Option<(&'t Table, Vec<Param>)> {
        match ty {
            Type::Fields(fields) => Some((table, fields.clone())),
            Type::Name(name) => {
                let found = self.api.resolve(table, name)?;
                // What the platform takes is its own affair.
                found.table.global?;
                if found.decl.kind != Kind::Interface {
                    return None;
                }
                let fields: Vec<Param> = found
                    .decl
                    .members()
                    .map(|it| Param {
                        name: it.name,
                        is_optional: it.is_optional || it.is_method(),
                        ty: it.type_of(),
                        text: it.type_text(),
                    })
                    .collect();
                (!fields.is_empty()).then_some((found.table, fields))
            }
            _ => None,
        }
    }

    fn check_object(
        &mut self,
        object: &ObjectExpression<'_>,
        ty: &Type,
        table: &'t Table,
        path: &str,
        depth: usize,
    ) {
        let Some((table, fields)) = self.fields(ty, table) else { return };
        let mut seen: Vec<String> = Vec::new();
        let mut is_complete = true;
        for property in &object.properties {
            let ObjectPropertyKind::ObjectProperty(property) = property else {
                is_complete = false;
                continue;
            };
            let Some(key) = property.key.static_name().filter(|_| !property.computed) else {
                is_complete = false;
                continue;
            };
            match fields.iter().find(|it| it.name == key) {
                Some(field) => {
                    let path = format!("{path}.{key}");
                    self.check_value(&property.value, &field.ty, table, &path, depth + 1);
                }
                None => self.unknown_key(
                    &key,
                    property.key.span(),
                    ty,
                    table,
                    &fields,
                    path,
                    Excuse::Nothing,
                ),
            }
            seen.push(key.into_owned());
        }
        if is_complete {
            self.check_required(&fields, &seen, object.span, ty, table, path, Excuse::Nothing);
        }
    }

    /// `const params = { … }; new Command(params)`.
    fn check_named_object(
        &mut self,
        name: &IdentifierReference<'_>,
        ty: &Type,
        table: &'t Table,
        path: &str,
    ) {
        let Some(symbol) = self.symbol_of(name) else { return };
        let Some(literal) = self.literals.get(&symbol) else { return };
        let (keys, span, is_complete) = (literal.keys.clone(), literal.span, literal.is_complete);
        let Some((table, fields)) = self.fields(ty, table) else { return };
        for (key, span) in &keys {
            if !fields.iter().any(|it| it.name == key) {
                self.unknown_key(key, *span, ty, table, &fields, path, Excuse::Nothing);
            }
        }
        if is_complete {
            let seen: Vec<String> = keys.into_iter().map(|it| it.0).collect();
            self.check_required(&fields, &seen, span, ty, table, path, Excuse::Completed(symbol));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what a finding has to say")]
    fn unknown_key(
        &mut self,
        key: &str,
        span: Span,
        ty: &Type,
        table: &'t Table,
        fields: &[Param],
        path: &str,
        excuse: Excuse,
    ) {
        let near = nearest(key, fields.iter().map(|it| it.name));
        let signature = match near.and_then(|near| fields.iter().find(|it| it.name == near)) {
            Some(field) => {
                let mark = if field.is_optional { "?" } else { "" };
                Some(format!(
                    "{}{mark}: {}",
                    field.name,
                    self.api.brief(table, &field.ty, field.text)
                ))
            }
            None => Some(self.api.brief(table, ty, "")).filter(|it| !it.is_empty()),
        };
        let message = format!("`{path}` takes no `{key}`{}", did_you_mean(near));
        self.suspect(span, message, signature, excuse);
    }

    #[expect(clippy::too_many_arguments, reason = "what a finding has to say")]
    fn check_required(
        &mut self,
        fields: &[Param],
        seen: &[String],
        span: Span,
        ty: &Type,
        table: &'t Table,
        path: &str,
        excuse: Excuse,
    ) {
        let missing: Vec<String> = fields
            .iter()
            .filter(|it| !it.is_optional && !seen.iter().any(|key| key == it.name))
            // Said already, as a misspelt one.
            .filter(|it| {
                !seen.iter().any(|key| {
                    !fields.iter().any(|field| field.name == key)
                        && nearest(key, [it.name]).is_some()
                })
            })
            .map(|it| format!("`{}`", it.name))
            .collect();
        if !missing.is_empty() {
            let message = format!("`{path}` is missing {}", missing.join(" and "));
            let signature = Some(self.api.brief(table, ty, "")).filter(|it| !it.is_empty());
            self.suspect(span, message, signature, excuse);
        }
    }

    // --- globals ---

    fn check_global(&mut self, name: &str, span: Span) {
        if name == "input" || name == "arguments" || self.has_global(name) {
            return;
        }
        let (message, signature) = self.about_global(name);
        self.suspect(span, message, signature, Excuse::Global(name.to_owned()));
    }

    /// What to write instead of a global that does not exist.
    fn about_global(&self, name: &str) -> (String, Option<String>) {
        // A member of one of the libraries, without the library.
        for table in self.api.tables().iter().filter(|it| it.global.is_some()) {
            if let Some(decl) = table.get(name).filter(|it| it.is_value()) {
                let found = Found { table, decl };
                return (
                    format!("`{name}` is not a global; it is `{}`", found.path()),
                    Some(self.api.signature(found)),
                );
            }
        }
        let has_s3 = self.api.table("AwsS3").is_some();
        let advice = match name {
            "AWS" | "aws" | "S3" | "s3" | "s3Client" if has_s3 => Some(
                "this is version 3 of the SDK: `const s3 = new AwsS3.S3Client({})`, then `await s3.send(new AwsS3.GetObjectCommand({ … }))`"
                    .to_owned(),
            ),
            "_" | "lodash" | "R" | "ramda" | "underscore" => {
                Some("use the methods of arrays and objects".to_owned())
            }
            "moment" | "dayjs" | "luxon" => Some("use `Date` and `Intl`".to_owned()),
            "$" | "jQuery" | "window" | "document" | "localStorage" | "sessionStorage" | "alert" | "XMLHttpRequest" => {
                Some("a snippet runs in no browser".to_owned())
            }
            "module" | "exports" => Some("a snippet gives its result with `return`".to_owned()),
            "__dirname" | "__filename" => Some("a snippet has no files".to_owned()),
            "event" | "context" | "args" | "params" | "data" | "inputs" => {
                Some("what the caller sends is `input`".to_owned())
            }
            "Deno" | "Bun" => Some("a snippet has what its globals offer, and no runtime of its own".to_owned()),
            "fs" | "path" | "os" | "http" | "https" | "axios" | "util" | "child_process" | "zlib"
            | "uuid" | "fetch" | "net" | "stream" | "url" | "querystring" | "readline" | "assert"
            | "events" => Some(advice_for_module(name, Some(self.api))),
            "uuidv4" => Some(advice_for_module("uuid", Some(self.api))),
            _ => None,
        };
        if let Some(advice) = advice {
            return (format!("there is no global `{name}`; {advice}"), None);
        }
        let globals = self.api.inventory().map(|it| it.globals().filter(|it| !it.contains('.')));
        let near = globals.and_then(|globals| nearest_of(name, globals));
        (format!("there is no `{name}`{}", did_you_mean(near.as_deref())), None)
    }

    // --- bindings ---

    fn bind(&mut self, pattern: &BindingPattern<'_>, ty: &Ty<'t>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match pattern {
            BindingPattern::BindingIdentifier(it) => {
                if let Some(symbol) = it.symbol_id.get()
                    && !matches!(ty, Ty::Unknown)
                    && !self.scoping.symbol_is_mutated(symbol)
                {
                    self.types.insert(symbol, ty.clone());
                }
            }
            BindingPattern::AssignmentPattern(it) => self.bind(&it.left, ty, depth + 1),
            BindingPattern::ObjectPattern(it) => {
                for property in &it.properties {
                    let Some(key) = property.key.static_name().filter(|_| !property.computed)
                    else {
                        continue;
                    };
                    let has_default =
                        matches!(property.value, BindingPattern::AssignmentPattern(_));
                    let use_ = if has_default { Use::Probed } else { Use::Relied };
                    self.check_member(ty, &key, property.key.span(), use_);
                    let member = self.member(ty, &key);
                    self.bind(&property.value, &member, depth + 1);
                }
            }
            BindingPattern::ArrayPattern(it) => {
                if let Ty::Array(item) = ty {
                    for element in it.elements.iter().flatten() {
                        self.bind(element, item, depth + 1);
                    }
                }
            }
        }
    }

    fn bind_first_param(&mut self, params: &FormalParameters<'_>, ty: &Ty<'t>) {
        if let Some(param) = params.items.first()
            && param.type_annotation.is_none()
        {
            self.bind(&param.pattern, ty, 0);
        }
    }

    /// A promise where something else is needed.
    fn check_used(&mut self, value: &Expression<'_>, what: &str) {
        if let Ty::Promise(_) = self.type_of(value, 0) {
            self.suspect(
                value.span(),
                format!("a Promise is {what}: an `await` is missing before it"),
                None,
                Excuse::Nothing,
            );
        }
    }

    fn probe(&mut self, value: &Expression<'_>) {
        self.probed.insert(value.get_inner_expression().span());
    }

    /// `run();` at the end, and nothing that waits for it.
    fn check_last(&mut self, program: &Program<'_>) {
        if self.has_return {
            return;
        }
        let Some(Statement::ExpressionStatement(last)) = program.body.last() else { return };
        let mut call = &last.expression;
        loop {
            call = match call {
                Expression::CallExpression(it) => match &it.callee {
                    Expression::StaticMemberExpression(member)
                        if matches!(&*member.property.name, "then" | "catch" | "finally") =>
                    {
                        &member.object
                    }
                    callee => {
                        if matches!(
                            self.type_of(callee.get_inner_expression(), 0),
                            Ty::AsyncFunction
                        ) {
                            self.suspect(
                                last.span,
                                "nobody waits for this call, and main returns nothing; write `return await` before it".to_owned(),
                                None,
                                Excuse::Nothing,
                            );
                        }
                        return;
                    }
                },
                _ => return,
            };
        }
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Static {
    Yes,
    No,
}

/// Whether a snippet depends on a member, or only asks for it.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Use {
    Relied,
    Probed,
}

impl<'a> Visit<'a> for Checker<'_> {
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        let Some(reference) = it.reference_id.get() else { return };
        let reference = self.scoping.get_reference(reference);
        if reference.symbol_id().is_some() || !reference.is_value() {
            return;
        }
        if matches!(&*it.name, "globalThis" | "self" | "global") && !self.probed.contains(&it.span)
        {
            self.hands_out_global = true;
        }
        self.check_global(&it.name, it.span);
    }

    fn visit_static_member_expression(&mut self, it: &StaticMemberExpression<'a>) {
        // `globalThis.name` is no way out of sight.
        if let Expression::Identifier(object) = &it.object
            && matches!(&*object.name, "globalThis" | "self" | "global")
        {
            self.probed.insert(object.span);
        }
        walk::walk_static_member_expression(self, it);
        if !it.optional {
            self.check_environment(&it.object);
        }
        let object = self.type_of(&it.object, 0);
        let is_probed = it.optional || self.probed.contains(&it.span);
        let use_ = if is_probed { Use::Probed } else { Use::Relied };
        self.check_member(&object, &it.property.name, it.property.span, use_);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        if it.optional {
            self.probe(&it.callee);
        }
        self.note_call(it);
        let callee = self.type_of(&it.callee, 0);
        self.bind_callback(it);
        walk::walk_call_expression(self, it);
        match callee {
            Ty::Value(found @ Found { table, decl }) => match decl.kind {
                Kind::Function if table.global.is_some() => {
                    self.check_args(&found.path(), table, &decl.params(), &it.arguments, it.span);
                }
                Kind::Class | Kind::Command if table.global.is_some() => {
                    let signature = self.api.signature(found);
                    self.suspect(
                        it.span,
                        format!("`{}` is a class: `new` is missing before it", found.path()),
                        Some(signature),
                        Excuse::Nothing,
                    );
                }
                _ => {}
            },
            Ty::Method(table, method) if table.global.is_some() => {
                self.check_args(method.name, table, &method.params(), &it.arguments, it.span);
                self.check_sent(method, it);
            }
            _ => {}
        }
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        walk::walk_new_expression(self, it);
        if let Ty::Value(found @ Found { table, decl }) = self.type_of(&it.callee, 0)
            && table.global.is_some()
            && matches!(decl.kind, Kind::Class | Kind::Command)
        {
            self.check_args(&found.path(), table, &decl.params(), &it.arguments, it.span);
        }
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        walk::walk_variable_declarator(self, it);
        let Some(init) = &it.init else { return };
        if let BindingPattern::BindingIdentifier(name) = &it.id
            && let Some(symbol) = name.symbol_id.get()
            && let Expression::ObjectExpression(object) = init.get_inner_expression()
            && !self.scoping.symbol_is_mutated(symbol)
        {
            self.literals.insert(symbol, literal(object));
        }
        self.check_environment(init);
        // The caller's own word about it counts more.
        if it.type_annotation.is_none() {
            let ty = self.type_of(init, 0);
            self.bind(&it.id, &ty, 0);
        }
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        if let Some(symbol) = it.id.as_ref().and_then(|id| id.symbol_id.get())
            && it.r#async
            && !it.generator
            && !self.scoping.symbol_is_mutated(symbol)
        {
            self.types.insert(symbol, Ty::AsyncFunction);
        }
        self.n_functions += 1;
        walk::walk_function(self, it, flags);
        self.n_functions -= 1;
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.n_functions += 1;
        walk::walk_arrow_function_expression(self, it);
        self.n_functions -= 1;
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        let ty = self.type_of(&it.right, 0);
        let item = match (&ty, it.r#await) {
            (Ty::Array(item), false) => Some((**item).clone()),
            (Ty::AsyncIterable(item), true) => Some((**item).clone()),
            (Ty::AsyncIterable(_), false) => {
                self.suspect(
                    it.right.span(),
                    "this gives its pages one by one as they come: `for await (… of …)`".to_owned(),
                    None,
                    Excuse::Nothing,
                );
                None
            }
            (Ty::Promise(_), _) => {
                self.check_used(&it.right, "iterated over");
                None
            }
            _ => None,
        };
        if let (Some(item), ForStatementLeft::VariableDeclaration(left)) = (item, &it.left)
            && let Some(declarator) = left.declarations.first()
            && declarator.type_annotation.is_none()
        {
            self.bind(&declarator.id, &item, 0);
        }
        walk::walk_for_of_statement(self, it);
    }

    fn visit_return_statement(&mut self, it: &ReturnStatement<'a>) {
        if self.n_functions == 0 {
            self.has_return = true;
            if let Some(Expression::ObjectExpression(object)) =
                it.argument.as_ref().map(Expression::get_inner_expression)
            {
                for property in &object.properties {
                    if let ObjectPropertyKind::ObjectProperty(property) = property {
                        self.check_used(&property.value, "part of the result");
                    }
                }
            }
        }
        walk::walk_return_statement(self, it);
    }

    fn visit_template_literal(&mut self, it: &TemplateLiteral<'a>) {
        for value in &it.expressions {
            self.check_used(value, "put into a string");
        }
        walk::walk_template_literal(self, it);
    }

    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        self.check_condition(&it.test);
        walk::walk_if_statement(self, it);
    }

    fn visit_conditional_expression(&mut self, it: &ConditionalExpression<'a>) {
        self.check_condition(&it.test);
        walk::walk_conditional_expression(self, it);
    }

    fn visit_logical_expression(&mut self, it: &LogicalExpression<'a>) {
        self.probe(&it.left);
        walk::walk_logical_expression(self, it);
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        use BinaryOperator as Op;
        match it.operator {
            Op::Equality | Op::Inequality | Op::StrictEquality | Op::StrictInequality => {
                self.probe(&it.left);
                self.probe(&it.right);
            }
            Op::Addition | Op::Subtraction | Op::Multiplication | Op::Division => {
                self.check_used(&it.left, "calculated with");
                self.check_used(&it.right, "calculated with");
            }
            _ => {}
        }
        walk::walk_binary_expression(self, it);
    }

    fn visit_unary_expression(&mut self, it: &UnaryExpression<'a>) {
        match it.operator {
            UnaryOperator::Typeof => {
                if let Expression::Identifier(name) = it.argument.get_inner_expression() {
                    self.typeof_names.insert(name.name.to_string());
                }
                self.probe(&it.argument);
            }
            UnaryOperator::LogicalNot | UnaryOperator::Delete | UnaryOperator::Void => {
                self.probe(&it.argument);
            }
            _ => {}
        }
        walk::walk_unary_expression(self, it);
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        self.note_assignment(it);
        walk::walk_simple_assignment_target(self, it);
    }

    fn visit_try_statement(&mut self, it: &TryStatement<'a>) {
        // A single statement that may fail is a question, not a mistake.
        let is_question = it.handler.is_some() && it.block.body.len() == 1 && {
            let span = it.block.body[0].span();
            span.end - span.start <= PROBE_BYTES
        };
        self.n_probes += usize::from(is_question);
        self.visit_block_statement(&it.block);
        self.n_probes -= usize::from(is_question);
        if let Some(handler) = &it.handler {
            self.visit_catch_clause(handler);
        }
        if let Some(finalizer) = &it.finalizer {
            self.visit_block_statement(finalizer);
        }
    }
}

/// A statement in a `try` of its own that is so short only tries something out.
const PROBE_BYTES: u32 = 60;

impl<'t> Checker<'t> {
    fn check_condition(&mut self, test: &Expression<'_>) {
        self.probe(test);
        // A promise in a variable may be there or not; a call's always is.
        if let Expression::CallExpression(_) = test.get_inner_expression() {
            self.check_used(test, "asked for true or false");
        }
    }

    /// `process.env.NAME` where it must be something.
    fn check_environment(&mut self, value: &Expression<'_>) {
        let Expression::StaticMemberExpression(it) = value.get_inner_expression() else { return };
        let Expression::StaticMemberExpression(env) = &it.object else { return };
        if env.property.name != "env" || !env.object.is_specific_id("process") {
            return;
        }
        self.suspect(
            it.span,
            format!(
                "`process.env` is empty: a snippet gets what it needs from `input`, such as `input.{}`",
                it.property.name.to_lowercase()
            ),
            None,
            Excuse::Member(it.property.name.to_string()),
        );
    }

    fn note_assignment(&mut self, target: &SimpleAssignmentTarget<'_>) {
        let (object, name, span) = match target {
            SimpleAssignmentTarget::StaticMemberExpression(it) => {
                (&it.object, Some(it.property.name.as_str()), it.span)
            }
            SimpleAssignmentTarget::ComputedMemberExpression(it) => {
                (&it.object, it.static_property_name().map(|it| it.as_str()), it.span)
            }
            _ => return,
        };
        self.probed.insert(span);
        if let Some(name) = name {
            self.assigned.insert(name.to_owned());
        }
        if let Expression::Identifier(it) = object.get_inner_expression() {
            match self.symbol_of(it) {
                Some(symbol) => {
                    self.assigned_on.insert(symbol);
                }
                None if matches!(&*it.name, "globalThis" | "self" | "global") => match name {
                    Some(name) => {
                        self.declared_globals.insert(name.to_owned());
                    }
                    None => self.hands_out_global = true,
                },
                None => {}
            }
        }
    }

    /// Calls that tell the check something.
    fn note_call(&mut self, call: &CallExpression<'_>) {
        let Expression::StaticMemberExpression(callee) = &call.callee else {
            if call.callee.is_specific_id("eval") || call.callee.is_specific_id("Function") {
                self.hands_out_global = true;
            }
            if call.callee.is_specific_id("require")
                && let Some(Argument::StringLiteral(module)) = call.arguments.first()
            {
                let advice = advice_for_module(&module.value, Some(self.api));
                self.suspect(
                    call.span,
                    format!("a snippet cannot load modules; {advice}"),
                    None,
                    Excuse::Global("require".to_owned()),
                );
            }
            return;
        };
        let Expression::Identifier(object) = &callee.object else { return };
        let first = call.arguments.first().and_then(Argument::as_expression);
        match (&*object.name, &*callee.property.name) {
            ("console", "log" | "info" | "table" | "dir") if self.n_functions == 0 => {
                self.printed = Some(call.span);
            }
            ("Object", "assign" | "defineProperty" | "defineProperties" | "setPrototypeOf") => {
                let target = first.map(Expression::get_inner_expression);
                if let Some(Expression::Identifier(it)) = target
                    && let Some(symbol) = self.symbol_of(it)
                {
                    self.assigned_on.insert(symbol);
                }
                if let Some(Argument::StringLiteral(name)) = call.arguments.get(1) {
                    self.assigned.insert(name.value.to_string());
                }
            }
            ("JSON", "stringify") => {
                if let Some(first) = first {
                    self.check_used(first, "turned into JSON");
                }
            }
            ("JSON", "parse") => {
                let Some(first) = first else { return };
                self.check_used(first, "parsed");
                if let Ty::Instance(it) = self.type_of(first, 0)
                    && it.decl.name == "BodyStream"
                {
                    self.suspect(
                        first.span(),
                        "the body is a stream; read it first: `JSON.parse(await Body.transformToString())`"
                            .to_owned(),
                        None,
                        Excuse::Nothing,
                    );
                }
            }
            _ => {}
        }
    }

    /// `list.map((item) => …)`: the item is known when the list is.
    fn bind_callback(&mut self, call: &CallExpression<'_>) {
        let Expression::StaticMemberExpression(callee) = &call.callee else { return };
        let at = match &*callee.property.name {
            "map" | "filter" | "forEach" | "find" | "findIndex" | "some" | "every" | "flatMap"
            | "findLast" | "sort" | "toSorted" => 0,
            _ => return,
        };
        let Ty::Array(item) = self.type_of(&callee.object, 0) else { return };
        match call.arguments.get(at) {
            Some(Argument::ArrowFunctionExpression(it)) => self.bind_first_param(&it.params, &item),
            Some(Argument::FunctionExpression(it)) => self.bind_first_param(&it.params, &item),
            _ => {}
        }
    }

    /// `client.send({ … })`: what is sent is a command.
    fn check_sent(&mut self, method: Member, call: &CallExpression<'_>) {
        if method.name != "send" {
            return;
        }
        if let Some(Argument::ObjectExpression(it)) = call.arguments.first() {
            self.suspect(
                it.span,
                "`send` takes a command: `await client.send(new AwsS3.GetObjectCommand({ … }))`"
                    .to_owned(),
                None,
                Excuse::Nothing,
            );
        }
    }
}

fn literal(object: &ObjectExpression<'_>) -> Literal {
    let mut res = Literal { keys: Vec::new(), span: object.span, is_complete: true };
    for property in &object.properties {
        match property {
            ObjectPropertyKind::ObjectProperty(it) if !it.computed => match it.key.static_name() {
                Some(key) => res.keys.push((key.into_owned(), it.key.span())),
                None => res.is_complete = false,
            },
            _ => res.is_complete = false,
        }
    }
    res
}

/// The command for `GetObject`, and for what was called otherwise in version 2.
fn command_for(table: &Table, pascal: &str) -> Option<Decl> {
    let name = match pascal {
        "Upload" => "PutObject",
        "ListObjects" => "ListObjectsV2",
        _ => pascal,
    };
    let exact = table.get(&format!("{name}Command"));
    exact.or_else(|| {
        let commands = table.decls().iter().filter(|it| it.kind == Kind::Command);
        let near = nearest(&format!("{name}Command"), commands.map(|it| it.name))?;
        table.get(near)
    })
}

fn nearest_of<'i>(name: &str, candidates: impl Iterator<Item = &'i str>) -> Option<String> {
    let mut sorted: Vec<&str> = candidates.collect();
    sorted.sort_unstable();
    nearest(name, sorted).map(str::to_owned)
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |it| format!("; did you mean `{it}`?"))
}

/// What instances have of their own, which no prototype tells.
fn is_own(class: &str, name: &str) -> bool {
    match name {
        "message" | "name" | "stack" | "cause" => class.ends_with("Error"),
        "errors" => class == "AggregateError",
        "error" | "suppressed" => class == "SuppressedError",
        "lastIndex" => class == "RegExp",
        _ => false,
    }
}

/// What every object has.
fn is_universal(name: &str) -> bool {
    matches!(
        name,
        "constructor"
            | "hasOwnProperty"
            | "isPrototypeOf"
            | "propertyIsEnumerable"
            | "toLocaleString"
            | "toString"
            | "valueOf"
            | "__proto__"
    )
}
