//! What a snippet may use: the tables that lie beside the bundles, parsed.
//!
//! One declaration or member per line, as `vendor-js/api.mjs` writes them. This
//! module answers what a name is; `search` finds names and `show` prints them.
//! It knows nothing of snippets and never asks the engine, except for what
//! [`Inventory`] says is really there.

use std::{
    collections::HashMap,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use serde::Deserialize;

mod search;
mod show;
mod types;

pub(crate) use self::show::within;
pub use self::types::{Param, Type};

/// What is asked about the API of what is loaded.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// Names that match these words.
    Search(String),
    /// The declaration of this name.
    Show(String),
    /// The whole contract, for a model's system prompt.
    Prompt,
}

/// The library of one preset, as far as its declarations say.
#[derive(Debug)]
pub struct Api {
    tables: Vec<Table>,
    inventory: OnceLock<Inventory>,
    /// Whether somebody is taking it, or has.
    is_claimed: AtomicBool,
}

/// The declarations behind one global, or those of the platform.
#[derive(Debug)]
pub struct Table {
    /// The global whose members these are; `None`: they are globals themselves.
    pub global: Option<&'static str>,
    /// What the global is, in a line.
    pub about: &'static str,
    /// The npm package that the global stands for.
    pub package: Option<&'static str>,
    decls: Vec<Decl>,
    by_name: HashMap<&'static str, usize>,
    /// The text in lower case, byte for byte, for searches.
    lower: OnceLock<String>,
    text: &'static str,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Class,
    /// A class whose instances are sent by a client.
    Command,
    Error,
    Function,
    /// A set of strings.
    Enum,
    /// An object that is a global or a member of one.
    Object,
    Const,
    Interface,
    Alias,
}

/// One declaration.
#[derive(Clone, Copy, Debug)]
pub struct Decl {
    pub kind: Kind,
    pub name: &'static str,
    /// What follows the name on its line, without the documentation.
    tail: &'static str,
    pub doc: &'static str,
    /// Its lines of members.
    members: &'static str,
}

/// One member of a class, an interface or an object.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub name: &'static str,
    pub is_static: bool,
    pub is_optional: bool,
    /// `(…): type` of a method, type of a field.
    tail: &'static str,
    pub doc: &'static str,
}

/// A declaration and where it is.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    pub table: &'a Table,
    pub decl: Decl,
}

/// The names that exist in an isolate, as the engine itself lists them.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Inventory {
    /// Own and inherited members by global; those of instances under
    /// `Class.prototype`. A global that is no object has none listed.
    globals: HashMap<String, Vec<String>>,
}

impl Inventory {
    pub fn has(&self, global: &str) -> bool {
        self.globals.contains_key(global)
    }

    /// The name, as long as the inventory lives.
    pub fn name_of(&self, global: &str) -> Option<&str> {
        self.globals.get_key_value(global).map(|(name, _)| name.as_str())
    }

    pub fn globals(&self) -> impl Iterator<Item = &str> {
        self.globals.keys().map(String::as_str)
    }

    /// `None` when it is not known what that global has.
    pub fn members(&self, global: &str) -> Option<&[String]> {
        self.globals.get(global).map(Vec::as_slice).filter(|it| !it.is_empty())
    }
}

/// A snippet whose result is the [`Inventory`] of the isolate it runs in.
pub const INVENTORY_SNIPPET: &str = "\
const list = {};
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const names = new Set();
  const value = globalThis[name];
  // The global object by another name has no members of its own.
  if (value !== globalThis && (typeof value === 'object' || typeof value === 'function')) {
    for (let at = value; at !== null && at !== undefined; at = Object.getPrototypeOf(at)) {
      for (const key of Reflect.ownKeys(at)) if (typeof key === 'string') names.add(key);
    }
  }
  list[name] = [...names];
  if (typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null) {
    const names = new Set();
    for (let at = value.prototype; at !== null; at = Object.getPrototypeOf(at)) {
      for (const key of Reflect.ownKeys(at)) if (typeof key === 'string') names.add(key);
    }
    list[`${name}.prototype`] = [...names];
  }
}
return list;";

impl Api {
    pub fn new(tables: Vec<Table>) -> Api {
        Api { tables, inventory: OnceLock::new(), is_claimed: AtomicBool::new(false) }
    }

    /// Whether it falls to the caller to find out what there really is: true once.
    pub fn claim_inventory(&self) -> bool {
        !self.is_claimed.swap(true, Relaxed)
    }

    /// What there really is, once an isolate has said so.
    pub fn inventory(&self) -> Option<&Inventory> {
        self.inventory.get()
    }

    /// The first word counts: every isolate of a preset is the same.
    pub fn set_inventory(&self, inventory: Inventory) {
        let _ = self.inventory.set(inventory);
    }

    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The table of a global's members.
    pub fn table(&self, global: &str) -> Option<&Table> {
        self.tables.iter().find(|it| it.global == Some(global))
    }

    /// What a type's name means in `table`, or on the platform.
    pub fn resolve<'a>(&'a self, table: &'a Table, name: &str) -> Option<Found<'a>> {
        if let Some(decl) = table.get(name) {
            return Some(Found { table, decl });
        }
        self.platform(name)
    }

    /// A global of the platform.
    pub fn platform(&self, name: &str) -> Option<Found<'_>> {
        let table = self.tables.iter().find(|it| it.global.is_none())?;
        Some(Found { table, decl: table.get(name)? })
    }

    /// Whether what this declares exists in an isolate. Without an inventory,
    /// whatever is declared does.
    fn exists(&self, found: Found<'_>) -> bool {
        let Some(inventory) = self.inventory() else { return true };
        match found.table.global {
            None => {
                inventory.has(found.decl.name)
                    || matches!(found.decl.kind, Kind::Interface | Kind::Alias)
                    || found.decl.name == "SubtleCrypto"
            }
            Some(global) => inventory.has(global),
        }
    }
}

impl Table {
    /// Reads a table. Lines that make no sense are left out: nothing that the
    /// writer of the table writes does.
    pub fn parse(global: Option<&'static str>, about: &'static str, text: &'static str) -> Table {
        let mut decls: Vec<Decl> = Vec::new();
        let mut start = 0;
        while start < text.len() {
            let end = text[start..].find('\n').map_or(text.len(), |it| start + it);
            let mut next = end + 1;
            // Members are indented by one blank.
            while text.as_bytes().get(next) == Some(&b' ') {
                next = text[next..].find('\n').map_or(text.len(), |it| next + it) + 1;
            }
            let members = text.get(end + 1..next.min(text.len())).unwrap_or("");
            decls.extend(Decl::parse(&text[start..end], members));
            start = next;
        }
        let by_name = decls.iter().enumerate().map(|(idx, it)| (it.name, idx)).collect();
        let package = None;
        Table { global, about, package, decls, by_name, lower: OnceLock::new(), text }
    }

    #[must_use]
    pub fn with_package(self, package: Option<&'static str>) -> Table {
        Table { package, ..self }
    }

    pub fn get(&self, name: &str) -> Option<Decl> {
        self.by_name.get(name).map(|&idx| self.decls[idx])
    }

    pub fn decls(&self) -> &[Decl] {
        &self.decls
    }

    /// How a snippet writes the name of a declaration in this table.
    pub fn path_of(&self, name: &str) -> String {
        match self.global {
            Some(global) => format!("{global}.{name}"),
            None => name.to_owned(),
        }
    }

    /// `part`, which must be a part of the text, in lower case.
    fn lower(&self, part: &str) -> &str {
        let lower = self.lower.get_or_init(|| self.text.to_ascii_lowercase());
        let start = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        lower.get(start..start.wrapping_add(part.len())).unwrap_or("")
    }
}

impl Decl {
    fn parse(line: &'static str, members: &'static str) -> Option<Decl> {
        let (code, doc) = split_doc(line);
        let (kind, rest) = code.split_once(' ')?;
        let kind = match kind {
            "class" => Kind::Class,
            "command" => Kind::Command,
            "error" => Kind::Error,
            "function" => Kind::Function,
            "enum" => Kind::Enum,
            "object" => Kind::Object,
            "const" => Kind::Const,
            "interface" => Kind::Interface,
            "type" => Kind::Alias,
            _ => return None,
        };
        let (name, tail) = rest.split_at(name_len(rest));
        (!name.is_empty()).then_some(Decl { kind, name, tail, doc, members })
    }

    /// Whether a snippet can write the name as a value.
    pub fn is_value(&self) -> bool {
        !matches!(self.kind, Kind::Interface | Kind::Alias)
    }

    pub fn members(&self) -> impl Iterator<Item = Member> + use<> {
        self.members.lines().filter_map(Member::parse)
    }

    pub fn member(&self, name: &str) -> Option<Member> {
        self.members().find(|it| it.name == name)
    }

    /// Of a function, or of a constructor.
    pub fn params(&self) -> Vec<Param> {
        types::signature(self.tail).0
    }

    /// What a call gives; the output for a command.
    pub fn returns(&self) -> Type {
        types::parse(types::signature(self.tail).1)
    }

    /// Of a constant or an alias.
    pub fn type_of(&self) -> Type {
        match self.kind {
            Kind::Const | Kind::Alias => {
                types::parse(self.tail.trim_start_matches([':', ' ', '=']))
            }
            _ => Type::Any,
        }
    }

    /// The strings of an enum.
    pub fn values(&self) -> Vec<&'static str> {
        match self.kind {
            Kind::Enum => types::literals(self.tail),
            _ => Vec::new(),
        }
    }
}

impl Member {
    fn parse(line: &'static str) -> Option<Member> {
        let (code, doc) = split_doc(line.trim_start());
        let (code, is_static) = match code.strip_prefix("static ") {
            Some(rest) if !rest.starts_with(['?', ':', '(', '<']) => (rest, true),
            _ => (code, false),
        };
        let (name, tail) = code.split_at(name_len(code));
        let (tail, is_optional) = match tail.strip_prefix('?') {
            Some(tail) => (tail, true),
            None => (tail, false),
        };
        (!name.is_empty()).then_some(Member { name, is_static, is_optional, tail, doc })
    }

    pub fn is_method(&self) -> bool {
        self.tail.starts_with(['(', '<'])
    }

    /// Of a method.
    pub fn params(&self) -> Vec<Param> {
        if self.is_method() { types::signature(self.tail).0 } else { Vec::new() }
    }

    /// The type as it is spelled.
    pub fn type_text(&self) -> &'static str {
        if self.is_method() {
            types::signature(self.tail).1
        } else {
            self.tail.trim_start_matches(':').trim()
        }
    }

    /// What a method gives, or what a field is.
    pub fn type_of(&self) -> Type {
        types::parse(self.type_text())
    }
}

/// The code of a line, and its documentation.
fn split_doc(line: &'static str) -> (&'static str, &'static str) {
    line.split_once(" // ").unwrap_or((line, ""))
}

/// Length of the name that `text` begins with.
fn name_len(text: &str) -> usize {
    text.find(|it: char| !(it.is_alphanumeric() || it == '_' || it == '$')).unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
