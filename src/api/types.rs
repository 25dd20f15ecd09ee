//! The types that a table may spell, as far as a check can use them.
//!
//! Not TypeScript's grammar: only what `vendor-js/api.mjs` writes. What is not
//! understood is [`Type::Any`], about which nobody ever complains.

/// A type in a table. Names are resolved by whoever asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Nothing is known.
    Any,
    /// `string`, `number`, `boolean`, `bigint`, `null`, `void`, `undefined`.
    Plain(&'static str),
    /// A string that is written out.
    Text(&'static str),
    /// A declaration, by its name.
    Name(&'static str),
    Array(Box<Type>),
    Promise(Box<Type>),
    AsyncIterable(Box<Type>),
    Union(Vec<Type>),
    /// An object type that is written out.
    Fields(Vec<Param>),
    /// A function, of which nothing is known.
    Function,
}

/// A parameter, or a field of an object type.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    pub name: &'static str,
    pub is_optional: bool,
    pub ty: Type,
    /// The type as it is spelled.
    pub text: &'static str,
}

/// `<T>(a: A, b?: B): R` → parameters, and the text of what comes back.
pub(super) fn signature(text: &'static str) -> (Vec<Param>, &'static str) {
    let mut parser = Parser { rest: text };
    parser.skip_generics();
    let Some(params) = parser.params() else { return (Vec::new(), "any") };
    let returns = if parser.take(":") { parser.rest.trim() } else { "any" };
    (params, returns)
}

pub(super) fn parse(text: &'static str) -> Type {
    Parser { rest: text }.union()
}

/// The strings of `"a" | "b"`.
pub(super) fn literals(text: &'static str) -> Vec<&'static str> {
    match parse(text) {
        Type::Text(it) => vec![it],
        Type::Union(list) => list
            .into_iter()
            .filter_map(|it| match it {
                Type::Text(it) => Some(it),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

struct Parser {
    rest: &'static str,
}

impl Parser {
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let res = rest.strip_prefix(token);
        self.rest = res.unwrap_or(rest);
        res.is_some()
    }

    fn union(&mut self) -> Type {
        let mut list = vec![self.postfix()];
        while self.take("|") {
            list.push(self.postfix());
        }
        match list.len() {
            _ if list.contains(&Type::Any) => Type::Any,
            1 => list.remove(0),
            _ => Type::Union(list),
        }
    }

    fn postfix(&mut self) -> Type {
        let mut res = self.primary();
        while self.take("[]") {
            res = Type::Array(Box::new(res));
        }
        res
    }

    fn primary(&mut self) -> Type {
        if self.take("\"") {
            let end = self.rest.find('"').unwrap_or(self.rest.len());
            let text = &self.rest[..end];
            self.rest = self.rest.get(end + 1..).unwrap_or("");
            return Type::Text(text);
        }
        if self.take("{") {
            return self.fields("}").map_or(Type::Any, Type::Fields);
        }
        if self.take("[") {
            // A tuple: what is in it is nobody's business.
            return if self.skip_to(']') { Type::Array(Box::new(Type::Any)) } else { Type::Any };
        }
        if self.rest.starts_with('(') {
            return self.parenthesised();
        }
        let (name, rest) = self.rest.split_at(super::name_len(self.rest));
        self.rest = rest;
        match name {
            "" => {
                // Not ours to understand; nothing behind it is either.
                self.rest = "";
                Type::Any
            }
            "string" | "number" | "boolean" | "bigint" | "null" | "void" | "undefined" | "true"
            | "false" => Type::Plain(name),
            "any" | "unknown" | "object" => Type::Any,
            "Promise" | "AsyncIterable" if self.take("<") => {
                let inner = Box::new(self.union());
                if !self.take(">") {
                    return Type::Any;
                }
                if name == "Promise" { Type::Promise(inner) } else { Type::AsyncIterable(inner) }
            }
            _ if self.take("<") => {
                self.skip_to('>');
                Type::Any
            }
            _ if name.starts_with(|it: char| it.is_ascii_digit()) => Type::Plain("number"),
            _ => Type::Name(name),
        }
    }

    /// `(type)`, or a function.
    fn parenthesised(&mut self) -> Type {
        let start = self.rest;
        if self.params().is_some() && self.take("=>") {
            self.union();
            return Type::Function;
        }
        self.rest = &start[1..];
        let inner = self.union();
        if self.take(")") { inner } else { Type::Any }
    }

    fn params(&mut self) -> Option<Vec<Param>> {
        self.take("(").then(|| self.fields(")")).flatten()
    }

    /// `name?: type` up to `close`, separated by commas or semicolons.
    fn fields(&mut self, close: &str) -> Option<Vec<Param>> {
        let mut res = Vec::new();
        loop {
            if self.take(close) {
                return Some(res);
            }
            let is_rest = self.take("...");
            self.rest = self.rest.trim_start();
            let (name, rest) = self.rest.split_at(super::name_len(self.rest));
            if name.is_empty() {
                return None;
            }
            self.rest = rest;
            let is_optional = self.take("?") || is_rest;
            if !self.take(":") {
                return None;
            }
            let before = self.rest;
            let ty = self.union();
            let text = before[..before.len() - self.rest.len()].trim();
            res.push(Param { name, is_optional, ty, text });
            if !self.take(",") {
                self.take(";");
            }
        }
    }

    fn skip_generics(&mut self) {
        if self.take("<") {
            self.skip_to('>');
        }
    }

    /// Past the bracket that closes what has just been opened.
    fn skip_to(&mut self, close: char) -> bool {
        let mut depth = 1;
        let mut before = ' ';
        for (at, it) in self.rest.char_indices() {
            match it {
                '<' | '[' | '(' | '{' => depth += 1,
                // Not the arrow of a function.
                '>' if before == '=' => {}
                '>' | ']' | ')' | '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.rest = &self.rest[at + it.len_utf8()..];
                return it == close;
            }
            before = it;
        }
        self.rest = "";
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_a_table() {
        assert_eq!(parse("string"), Type::Plain("string"));
        assert_eq!(parse("\"a\" | \"b c\""), Type::Union(vec![Type::Text("a"), Type::Text("b c")]));
        assert_eq!(parse("_Object[]"), Type::Array(Box::new(Type::Name("_Object"))));
        assert_eq!(parse("Record<string, string>"), Type::Any);
        assert_eq!(parse("(\"a\" | 5)[]").clone(), parse(" ( \"a\" | 5 )[] "));
        assert_eq!(
            parse("AsyncIterable<Page> | null"),
            Type::Union(vec![
                Type::AsyncIterable(Box::new(Type::Name("Page"))),
                Type::Plain("null")
            ])
        );
        assert_eq!(parse("((ev: Event) => any) | null"), {
            Type::Union(vec![Type::Function, Type::Plain("null")])
        });
        assert_eq!(parse("[any, any][]"), {
            Type::Array(Box::new(Type::Array(Box::new(Type::Any))))
        });
        assert_eq!(parse("typeof x"), Type::Name("typeof"));
    }

    #[test]
    fn signatures_of_a_table() {
        let (params, returns) = signature(
            "<T>(task: (attempt: number) => T | Promise<T>, options?: { attempts?: number }): Promise<T>",
        );
        assert_eq!(returns, "Promise<T>");
        let field = |name, text| Param { name, is_optional: true, ty: Type::Plain(text), text };
        assert_eq!(
            params,
            [
                Param {
                    name: "task",
                    is_optional: false,
                    ty: Type::Function,
                    text: "(attempt: number) => T | Promise<T>",
                },
                Param {
                    name: "options",
                    is_optional: true,
                    ty: Type::Fields(vec![field("attempts", "number")]),
                    text: "{ attempts?: number }",
                },
            ]
        );
        let (params, _) = signature("(...rest: any[])");
        assert_eq!((params[0].name, params[0].is_optional), ("rest", true));
    }
}
