//! Names → pruned TypeScript as a model likes to read it, within a budget.

use std::fmt::Write as _;

use super::{Api, Decl, Found, Kind, Member, Param, Table, Type, types};
use crate::spelling::suggestion;

/// What a token is taken for: models differ, and nobody needs it exactly.
const TOKEN_BYTES: usize = 4;
/// Optional members that a signature in one line names.
const BRIEF_MEMBERS: usize = 5;
/// Strings of an enum that stand in place of its name.
const INLINE_VALUES: usize = 12;

/// How much is said about each member.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Detail {
    /// Documentation, and what the types mentioned look like.
    Full,
    /// Documentation only of what is required.
    Brief,
    /// Names and types.
    Names,
}

impl Api {
    /// Names that match `query`, each with its signature in a line.
    pub fn search(&self, query: &str, n_tokens: usize) -> String {
        let found = self.ranked(query);
        if found.is_empty() {
            return format!(
                "nothing matches `{query}`; the libraries are {}\n",
                self.globals_in_words()
            );
        }
        let lines = found.iter().map(|it| {
            let doc =
                if it.decl.doc.is_empty() { String::new() } else { format!(" // {}", it.decl.doc) };
            format!("{}{doc}\n", self.signature(*it))
        });
        within(lines, n_tokens)
    }

    /// The declaration at `path`, such as `AwsS3.PutObjectCommand`; `Err` says
    /// which name may have been meant.
    pub fn show(&self, path: &str, n_tokens: usize) -> Result<String, String> {
        let path = path.trim().trim_start_matches("new ").trim_end_matches("()");
        let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
        if let (Some(table), None) = (self.table(first), rest) {
            return Ok(within(self.overview(table), n_tokens));
        }
        let (found, member) = self.find(first, rest).ok_or_else(|| self.not_found(path))?;
        if let Some(member) = member {
            let member = found.decl.member(member).ok_or_else(|| {
                let names: Vec<Member> = found.decl.members().collect();
                let near = suggestion(member, names.iter().map(|it| it.name));
                format!("{} has no member `{member}`{near}", found.path())
            })?;
            return Ok(within([self.member_line(found.table, member, Detail::Full)], n_tokens));
        }
        let limit = n_tokens.saturating_mul(TOKEN_BYTES);
        let mut lines = Vec::new();
        for detail in [Detail::Full, Detail::Brief, Detail::Names] {
            lines = self.lines(found, detail);
            if lines.iter().map(String::len).sum::<usize>() <= limit {
                break;
            }
        }
        Ok(within(lines, n_tokens))
    }

    /// The signature of a declaration in one line.
    pub fn signature(&self, found: Found<'_>) -> String {
        let Found { table, decl } = found;
        let path = found.path();
        match decl.kind {
            Kind::Command => {
                let input = decl.params().first().map_or(Type::Any, |it| it.ty.clone());
                format!("new {path}({})", self.brief(table, &input, "input"))
            }
            Kind::Class => format!("new {path}({})", self.brief_params(table, &decl.params())),
            Kind::Function => {
                let (params, returns) = types::signature(decl.tail);
                format!("{path}({}): {returns}", self.brief_params(table, &params))
            }
            Kind::Enum => format!("{path}: {}", values_in_words(&decl.values())),
            Kind::Interface => self.brief(table, &Type::Name(decl.name), decl.name),
            Kind::Error => format!("class {path} extends Error"),
            Kind::Object => format!("{path}: {{ {} }}", brief_names(decl.members())),
            Kind::Const | Kind::Alias => format!("{path}{}", decl.tail),
        }
    }

    /// The signature of a member in one line.
    pub fn member_signature(&self, table: &Table, member: Member) -> String {
        let Member { name, .. } = member;
        if member.is_method() {
            let params = self.brief_params(table, &member.params());
            format!("{name}({params}): {}", member.type_text())
        } else {
            format!("{name}: {}", member.type_text())
        }
    }

    /// An object type or an enum in one line; `text` for any other.
    pub fn brief(&self, table: &Table, ty: &Type, text: &str) -> String {
        let Type::Name(name) = ty else { return text.to_owned() };
        match self.resolve(table, name).map(|it| it.decl) {
            Some(decl) if decl.kind == Kind::Interface => {
                format!("{{ {} }}", brief_names(decl.members()))
            }
            Some(decl) if decl.kind == Kind::Enum => values_in_words(&decl.values()),
            _ => text.to_owned(),
        }
    }

    fn brief_params(&self, table: &Table, params: &[Param]) -> String {
        let params = params.iter().map(|Param { name, is_optional, ty, text }| {
            let mark = if *is_optional { "?" } else { "" };
            format!("{name}{mark}: {}", self.brief(table, ty, text))
        });
        params.collect::<Vec<_>>().join(", ")
    }

    fn find<'a, 'p>(
        &'a self,
        first: &str,
        rest: Option<&'p str>,
    ) -> Option<(Found<'a>, Option<&'p str>)> {
        let split = |it: &'p str| it.split_once('.').map_or((it, None), |(a, b)| (a, Some(b)));
        if let (Some(table), Some(rest)) = (self.table(first), rest) {
            let (name, member) = split(rest);
            return Some((Found { table, decl: table.get(name)? }, member));
        }
        if let Some(found) = self.platform(first).filter(|it| self.exists(*it)) {
            return Some((found, rest));
        }
        // `PutObjectCommand` alone is clear enough.
        let table = self.tables().iter().find(|it| it.get(first).is_some())?;
        let found = Found { table, decl: table.get(first)? };
        self.exists(found).then_some((found, rest))
    }

    fn not_found(&self, path: &str) -> String {
        let last = path.rsplit('.').next().unwrap_or(path);
        let names = self
            .tables()
            .iter()
            .flat_map(|table| table.decls().iter().map(|it| (it.name, table.path_of(it.name))));
        let names: Vec<(&str, String)> = names.collect();
        let near = crate::spelling::nearest(last, names.iter().map(|it| it.0))
            .and_then(|near| names.iter().find(|it| it.0 == near));
        let near = near.map_or_else(String::new, |it| format!("; did you mean `{}`?", it.1));
        format!("there is no `{path}`{near}")
    }

    /// "the globals `AwsS3` and `MyLib`"; nothing when there is none.
    pub(crate) fn globals_in_words(&self) -> String {
        let names = self.tables().iter().filter_map(|it| it.global).map(|it| format!("`{it}`"));
        match names.collect::<Vec<_>>().as_slice() {
            [] => String::new(),
            [name] => format!("the global {name}"),
            [names @ .., last] => format!("the globals {} and {last}", names.join(", ")),
        }
    }

    /// All that a global has, by kind.
    fn overview(&self, table: &Table) -> Vec<String> {
        let mut res = vec![format!("// {}: {}\n", table.global.unwrap_or("globals"), table.about)];
        let of = |kinds: &'static [Kind]| {
            table.decls().iter().copied().filter(move |it| kinds.contains(&it.kind))
        };
        for decl in of(&[Kind::Class, Kind::Function, Kind::Object, Kind::Const]) {
            let doc = if decl.doc.is_empty() { String::new() } else { format!(" // {}", decl.doc) };
            res.push(format!("{}{doc}\n", self.signature(Found { table, decl })));
        }
        for (what, kinds) in [
            ("commands, for `await client.send(new …(input))`", &[Kind::Command][..]),
            ("errors", &[Kind::Error]),
            ("enums", &[Kind::Enum]),
        ] {
            let names: Vec<&str> = of(kinds).map(|it| it.name).collect();
            for (idx, names) in names.chunks(8).enumerate() {
                let lead = if idx == 0 { format!("// {what}\n") } else { String::new() };
                res.push(format!("{lead}{}\n", names.join(", ")));
            }
        }
        res
    }

    fn lines(&self, found: Found<'_>, detail: Detail) -> Vec<String> {
        let Found { table, decl } = found;
        let path = found.path();
        let mut res = Vec::new();
        if !decl.doc.is_empty() {
            res.push(format!("// {}\n", decl.doc));
        }
        // Declarations whose members belong to the answer.
        let mut mentioned: Vec<&'static str> = Vec::new();
        match decl.kind {
            Kind::Command => {
                let input = decl.params().first().map_or(Type::Any, |it| it.ty.clone());
                res.push(format!("new {path}({{\n"));
                self.push_members(&mut res, table, &input, detail, &mut mentioned);
                res.push("})\n".to_owned());
                res.push("// await client.send(…) gives {\n".to_owned());
                self.push_members(&mut res, table, &decl.returns(), detail, &mut mentioned);
                res.push("}\n".to_owned());
            }
            Kind::Class | Kind::Object | Kind::Interface => {
                let word = match decl.kind {
                    Kind::Class => "class",
                    Kind::Object => "const",
                    _ => "interface",
                };
                res.push(format!("{word} {path} {{\n"));
                if decl.kind == Kind::Class {
                    mentioned.extend(decl.params().iter().filter_map(|it| name_in(&it.ty)));
                    res.push(format!("  constructor{};\n", decl.tail));
                }
                let own = Type::Name(decl.name);
                self.push_members(&mut res, table, &own, detail, &mut mentioned);
                res.push("}\n".to_owned());
            }
            Kind::Function => {
                mentioned.extend(decl.params().iter().filter_map(|it| name_in(&it.ty)));
                mentioned.extend(name_in(&decl.returns()));
                res.push(format!("function {path}{}\n", decl.tail));
            }
            Kind::Enum => {
                let values = decl.values().iter().map(|it| format!("{it:?}")).collect::<Vec<_>>();
                res.push(format!("enum {path} = {}\n", values.join(" | ")));
            }
            Kind::Error | Kind::Const | Kind::Alias => {
                res.push(format!("{}\n", self.signature(found)));
            }
        }
        if detail != Detail::Names {
            // What every output has; who wants it can ask for it.
            let mut seen = vec![decl.name, "ResponseMetadata"];
            for name in mentioned {
                let Some(decl) = table.get(name).filter(|it| it.kind == Kind::Interface) else {
                    continue;
                };
                if seen.contains(&name) {
                    continue;
                }
                seen.push(name);
                res.push(format!("interface {name} {{\n"));
                let own = Type::Name(decl.name);
                self.push_members(&mut res, table, &own, detail, &mut Vec::new());
                res.push("}\n".to_owned());
            }
        }
        res
    }

    fn push_members(
        &self,
        lines: &mut Vec<String>,
        table: &Table,
        ty: &Type,
        detail: Detail,
        mentioned: &mut Vec<&'static str>,
    ) {
        let Type::Name(name) = ty else { return };
        let Some(Found { decl, .. }) = self.resolve(table, name) else { return };
        for member in decl.members() {
            mentioned.extend(name_in(&member.type_of()));
            lines.push(self.member_line(table, member, detail));
        }
    }

    fn member_line(&self, table: &Table, member: Member, detail: Detail) -> String {
        let mark = if member.is_optional { "?" } else { "" };
        let is_static = if member.is_static { "static " } else { "" };
        let values = match member.type_of() {
            Type::Name(name) if !member.is_method() => {
                self.resolve(table, name).map(|it| it.decl.values()).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let tail = if values.is_empty() || values.len() > INLINE_VALUES {
            member.tail.to_owned()
        } else {
            format!(": {}", values_in_words(&values))
        };
        let mut res = format!("  {is_static}{}{mark}{tail};", member.name);
        let with_doc = match detail {
            Detail::Full => true,
            Detail::Brief => !member.is_optional,
            Detail::Names => false,
        };
        if with_doc && !member.doc.is_empty() {
            let _ = write!(res, " // {}", member.doc);
        }
        res.push('\n');
        res
    }
}

impl Found<'_> {
    /// How a snippet writes its name.
    pub fn path(&self) -> String {
        self.table.path_of(self.decl.name)
    }
}

/// The lines that fit into `n_tokens`, and how many did not.
pub(crate) fn within(lines: impl IntoIterator<Item = String>, n_tokens: usize) -> String {
    let limit = n_tokens.saturating_mul(TOKEN_BYTES);
    let mut res = String::new();
    let mut lines = lines.into_iter();
    while let Some(line) = lines.next() {
        // One line is always said.
        if !res.is_empty() && res.len() + line.len() > limit {
            let n_left = lines.count() + 1;
            let _ = writeln!(res, "// … {n_left} more lines; ask with --tokens for more");
            break;
        }
        res.push_str(&line);
    }
    res
}

/// `Bucket: string, Key: string, Body?, …`: what is required, and some of what
/// is not.
fn brief_names(members: impl Iterator<Item = Member>) -> String {
    let (optional, required): (Vec<Member>, Vec<Member>) = members.partition(|it| it.is_optional);
    let mut res: Vec<String> = required
        .iter()
        .take(BRIEF_MEMBERS * 2)
        .map(|it| match it.is_method() {
            true => format!("{}()", it.name),
            false => format!("{}: {}", it.name, it.type_text()),
        })
        .collect();
    res.extend(optional.iter().take(BRIEF_MEMBERS).map(|it| format!("{}?", it.name)));
    if required.len() > BRIEF_MEMBERS * 2 || optional.len() > BRIEF_MEMBERS {
        res.push("…".to_owned());
    }
    res.join(", ")
}

fn values_in_words(values: &[&str]) -> String {
    let mut res: Vec<String> =
        values.iter().take(INLINE_VALUES).map(|it| format!("{it:?}")).collect();
    if values.len() > INLINE_VALUES {
        res.push("…".to_owned());
    }
    res.join(" | ")
}

/// The declaration that a type is about.
fn name_in(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Name(name) => Some(name),
        Type::Array(it) | Type::Promise(it) | Type::AsyncIterable(it) => name_in(it),
        Type::Union(list) => list.iter().find_map(name_in),
        _ => None,
    }
}

impl Decl {
    /// The names of what can be in an object of this type.
    pub fn member_names(&self) -> Vec<&'static str> {
        self.members().map(|it| it.name).collect()
    }
}
