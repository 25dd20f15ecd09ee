//! How deeply a source could be nested, before a recursive parser sees it.
//!
//! oxc recurses, in the parser, the transformer and the printer, and aborts
//! the process where the stack ends; some of its look-ahead also takes time
//! that grows with the square of the nesting. So one linear scan counts every
//! token that could open a level, and takes back only what certainly is
//! closed. It never counts too little; it counts too much for chains such as
//! `a.b.c`, which the limits allow for. It does not find errors: whatever is
//! not TypeScript may pass.

use super::{TranspileError, positions::position_at};

/// The stack that transpiling needs, whatever the source.
///
/// The worst level measured costs 1.6 KB, so the limit below takes half of it.
pub const STACK_BYTES: usize = 64 << 20;

const MAX_LEVELS: u32 = 20_000;

/// What one token costs, in nanoseconds, for each place around it where oxc
/// may read ahead and start over …
const REREAD_NS: u64 = 150;
/// … and one name for each scope around it, through which it is looked up.
const LOOKUP_NS: u64 = 7;

/// A source of 1 MiB whose brackets are ten deep takes 2 % of it.
const MAX_NS: u64 = 1_000_000_000;

/// Bytes of a source that cannot exceed the limits, whatever they are: one byte adds
/// two levels, one place to start over and one scope, at most.
const SHORT: usize = 2_048;
const _: () = {
    assert!(2 * SHORT < MAX_LEVELS as usize);
    assert!((SHORT * SHORT) as u64 * (REREAD_NS + LOOKUP_NS) < MAX_NS);
};

/// Refuses a source that would need more stack or time than there is.
pub(super) fn check(code: &str) -> Result<(), TranspileError> {
    // Most are, and the scan would take a fifth of the time for all of it.
    if code.len() <= SHORT {
        return Ok(());
    }
    let mut scan = Scan::new(code);
    let what = match scan.run() {
        Ok(()) => return Ok(()),
        Err(TooDeep::Levels) => format!("nested more than {MAX_LEVELS} levels deep"),
        Err(TooDeep::Time) => "too much of it stands inside of nested brackets".to_owned(),
    };
    Err(TranspileError::Syntax {
        message: what,
        position: Some(position_at(code, scan.at.min(code.len()))),
        hint: Some("split it into several statements, or pass it as `input`".to_owned()),
    })
}

/// Marks the closing brace of a substitution.
const IN_TEMPLATE: u8 = 0x80;

enum TooDeep {
    Levels,
    Time,
}

/// What the token before is, as far as it decides about the next one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Prev {
    /// A value ends here: `/` divides, and a name on a new line starts a
    /// statement.
    Operand,
    /// A value must follow: `/` starts a regular expression.
    Operator,
    /// `}`: the end of a value or of a statement.
    Brace,
    Dot,
    Unknown,
}

/// One open bracket, or the top level.
#[derive(Clone, Copy, Debug)]
struct Level {
    closer: u8,
    /// What stands before a token that follows the closing bracket.
    after: Prev,
    /// Its own part of `open`, until the bracket is closed.
    own: Open,
    open: Open,
    /// What of it a comma does not close: statements begun, type arguments.
    held: Open,
}

/// Levels opened without a bracket that are not known to be closed.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    levels: u32,
    /// Those of them that oxc may read twice.
    ambiguous: u32,
    /// Those of them that may be scopes.
    scopes: u32,
}

impl Open {
    fn add(&mut self, more: Open) {
        self.levels += more.levels;
        self.ambiguous += more.ambiguous;
        self.scopes += more.scopes;
    }

    fn remove(&mut self, closed: Open) {
        self.levels -= closed.levels;
        self.ambiguous -= closed.ambiguous;
        self.scopes -= closed.scopes;
    }
}

struct Scan<'a> {
    code: &'a str,
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Level>,
    /// Sums over `stack`.
    total: Open,
    cost_ns: u64,
    prev: Prev,
    /// The word before, if it was one.
    prev_word: &'a str,
    has_newline: bool,
    /// A `;` was seen. What it closes stays open if `else` or `while` follows.
    has_semicolon: bool,
    /// Whether the scan still knows what is code and what is a literal. After
    /// `} /` and the like it does not: then nothing is skipped or taken back.
    is_lost: bool,
}

impl<'a> Scan<'a> {
    fn new(code: &'a str) -> Scan<'a> {
        let top = Level {
            closer: 0,
            after: Prev::Unknown,
            own: Open::default(),
            open: Open::default(),
            held: Open::default(),
        };
        Scan {
            code,
            bytes: code.as_bytes(),
            at: 0,
            stack: vec![top],
            total: Open::default(),
            cost_ns: 0,
            prev: Prev::Operator,
            prev_word: "",
            has_newline: false,
            has_semicolon: false,
            is_lost: false,
        }
    }

    fn run(&mut self) -> Result<(), TooDeep> {
        if self.code.starts_with("#!") {
            self.skip_line();
        }
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | 0x0B | 0x0C => self.at += 1,
                b'\n' | b'\r' => {
                    self.at += 1;
                    self.has_newline = true;
                }
                b'/' if !self.is_lost && self.peek(1) == b'/' => self.skip_line(),
                b'/' if !self.is_lost && self.peek(1) == b'*' => self.skip_comment(),
                0x80.. => {
                    let it = self.code[self.at..].chars().next().expect("a character starts here");
                    if it.is_whitespace() || it == '\u{FEFF}' {
                        self.at += it.len_utf8();
                        self.has_newline |= matches!(it, '\u{2028}' | '\u{2029}');
                    } else {
                        self.word()?;
                    }
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' | b'#' => self.word()?,
                _ => self.punctuator(byte)?,
            }
        }
        Ok(())
    }

    fn peek(&self, n: usize) -> u8 {
        self.bytes.get(self.at + n).copied().unwrap_or(0)
    }

    fn top(&mut self) -> &mut Level {
        self.stack.last_mut().expect("the top level is never popped")
    }

    fn open(&mut self, levels: u32, ambiguous: u32) {
        self.add(Open { levels, ambiguous, scopes: 0 });
    }

    fn add(&mut self, more: Open) {
        self.top().open.add(more);
        self.total.add(more);
    }

    /// Takes back what is open in the innermost bracket, down to `rest`.
    fn close_down_to(&mut self, rest: Open) {
        if self.is_lost {
            return;
        }
        let top = self.top();
        let closed = std::mem::replace(&mut top.open, rest);
        top.held = rest;
        self.total.remove(closed);
        self.total.add(rest);
    }

    fn end_statement(&mut self) {
        let own = self.top().own;
        self.close_down_to(own);
    }

    fn hold(&mut self) {
        let top = self.top();
        top.held = top.open;
    }

    /// Accounts for the token that starts here.
    fn token(&mut self, is_continuation: bool) -> Result<(), TooDeep> {
        if std::mem::take(&mut self.has_semicolon) && !is_continuation {
            self.end_statement();
        }
        self.cost_ns += u64::from(self.total.ambiguous) * REREAD_NS;
        if self.total.levels > MAX_LEVELS {
            Err(TooDeep::Levels)
        } else if self.cost_ns > MAX_NS {
            Err(TooDeep::Time)
        } else {
            Ok(())
        }
    }

    fn word(&mut self) -> Result<(), TooDeep> {
        let code = self.code;
        let len = code[self.at..]
            .bytes()
            .position(|it| {
                !(it.is_ascii_alphanumeric() || matches!(it, b'_' | b'$' | b'#' | 0x80..))
            })
            .unwrap_or(code.len() - self.at);
        // A word with other characters is no keyword; those that are spaces
        // must not hide one, so it ends before them.
        let word = &code[self.at..self.at + len];
        let word = match word.find(|it: char| it.is_whitespace() || it == '\u{FEFF}') {
            Some(end) => &word[..end],
            None => word,
        };
        let is_name = self.prev == Prev::Dot && !self.is_lost;
        let kind = if is_name { Word::Name } else { Word::of(word) };
        let ends_statement = self.has_newline
            && matches!(self.prev, Prev::Operand | Prev::Brace)
            && matches!(
                kind,
                Word::Name | Word::Operand | Word::Starter | Word::Prefix | Word::Header
            );
        self.token(matches!(word, "else" | "while"))?;
        if ends_statement && word != "while" {
            self.end_statement();
        }
        self.cost_ns += u64::from(self.total.scopes) * LOOKUP_NS;
        self.at += word.len();
        self.has_newline = false;
        self.prev_word = if is_name { "" } else { word };
        self.prev = match kind {
            Word::Name | Word::Operand => Prev::Operand,
            Word::Header | Word::Operator | Word::Prefix => Prev::Operator,
            Word::Starter | Word::Contextual => Prev::Unknown,
        };
        if !matches!(kind, Word::Name | Word::Operand) {
            // `for` and conditional types are scopes too.
            let scopes = u32::from(matches!(word, "for" | "extends"));
            self.add(Open { levels: 1, ambiguous: 0, scopes });
        }
        if kind == Word::Header {
            self.hold();
        }
        Ok(())
    }

    fn punctuator(&mut self, byte: u8) -> Result<(), TooDeep> {
        self.token(false)?;
        let prev = std::mem::replace(&mut self.prev, Prev::Operator);
        let prev_word = std::mem::take(&mut self.prev_word);
        let had_newline = std::mem::take(&mut self.has_newline);
        let next = self.peek(1);
        self.at += 1;
        match byte {
            b'(' => {
                // `f(` is a call; `(` and `async(` may be an arrow function.
                let is_call = matches!(prev, Prev::Operand) && prev_word != "async";
                self.open(1, 0);
                let after = match prev_word {
                    "if" | "for" | "while" | "with" => Prev::Operator,
                    "await" => Prev::Unknown, // `for await (…)`
                    _ => Prev::Operand,
                };
                self.push(b')', after, u32::from(!is_call));
            }
            b'[' => {
                self.open(1, 0);
                self.push(b']', Prev::Operand, 0);
            }
            b'{' => self.push(b'}', Prev::Brace, 0),
            b')' | b']' | b'}' => {
                if self.is_lost {
                    return Ok(());
                }
                if self.stack.len() == 1 || self.top().closer & !IN_TEMPLATE != byte {
                    self.is_lost = true;
                    return Ok(());
                }
                let level = self.pop();
                if level.closer & IN_TEMPLATE != 0 {
                    self.template();
                } else {
                    self.prev = level.after;
                }
            }
            b'`' => {
                self.open(2, 0);
                self.template();
            }
            b'"' | b'\'' => self.string(byte),
            b';' => self.has_semicolon = true,
            b',' => {
                let held = self.top().held;
                self.close_down_to(held);
            }
            b'/' if !self.is_lost => match prev {
                Prev::Operand => self.open(1, 0),
                Prev::Operator => self.regular_expression(),
                Prev::Brace | Prev::Dot | Prev::Unknown => {
                    self.is_lost = true;
                    self.open(1, 0);
                }
            },
            b'.' => {
                self.open(1, 0);
                self.prev = Prev::Dot;
            }
            b'?' => {
                let is_conditional = next != b'?' && next != b'.';
                self.open(1, u32::from(is_conditional));
                if next == b'.' {
                    self.open(1, 0);
                    self.at += 1;
                    self.prev = Prev::Dot;
                }
            }
            b'<' => {
                // Where this is a comment, it may hold an odd backtick.
                self.is_lost |= self.code[self.at..].starts_with("!--");
                self.open(1, 1);
                self.hold();
            }
            b'!' if prev == Prev::Operand && next != b'=' => {
                self.open(1, 0);
                // `a! / b`, but on a new line it is a prefix.
                self.prev = if had_newline { Prev::Unknown } else { Prev::Operand };
            }
            b'+' | b'-' if next == byte => {
                self.is_lost |= self.peek(1) == b'>';
                self.open(1, 0);
                self.at += 1;
                self.prev = Prev::Unknown;
            }
            b'!' if prev == Prev::Brace => {
                self.open(1, 0);
                self.prev = Prev::Unknown;
            }
            b'>' if self.at < 2 || self.bytes[self.at - 2] != b'=' => {
                self.open(1, 0);
                self.prev = Prev::Unknown;
            }
            b'>' => self.add(Open { levels: 1, ambiguous: 0, scopes: 1 }),
            b'\\' => self.is_lost = true,
            _ => self.open(1, 0),
        }
        Ok(())
    }

    fn push(&mut self, closer: u8, after: Prev, ambiguous: u32) {
        if self.is_lost {
            self.add(Open { levels: 1, ambiguous, scopes: 1 });
            return;
        }
        let own = Open { levels: 1, ambiguous, scopes: 1 };
        self.total.add(own);
        self.stack.push(Level { closer, after, own, open: own, held: own });
    }

    fn pop(&mut self) -> Level {
        let level = self.stack.pop().expect("the caller has looked");
        self.total.remove(level.open);
        level
    }

    /// Behind a backtick, or the brace that ends a substitution.
    fn template(&mut self) {
        if self.is_lost {
            return;
        }
        loop {
            match self.peek(0) {
                0 if self.at >= self.bytes.len() => break,
                b'\\' => self.at += 2,
                b'`' => {
                    self.at += 1;
                    break;
                }
                b'$' if self.peek(1) == b'{' => {
                    self.at += 2;
                    self.push(b'}' | IN_TEMPLATE, Prev::Unknown, 0);
                    self.prev = Prev::Operator;
                    return;
                }
                _ => self.at += 1,
            }
        }
        self.prev = Prev::Operand;
    }

    fn string(&mut self, quote: u8) {
        if self.is_lost {
            return;
        }
        loop {
            match self.peek(0) {
                // An unterminated string ends the parse, and the scan's
                // certainty.
                0 if self.at >= self.bytes.len() => break,
                b'\n' | b'\r' => {
                    self.is_lost = true;
                    break;
                }
                b'\\' if self.peek(1) == b'\r' && self.peek(2) == b'\n' => self.at += 3,
                b'\\' => self.at += 2,
                it => {
                    self.at += 1;
                    if it == quote {
                        break;
                    }
                }
            }
        }
        self.prev = Prev::Operand;
    }

    fn regular_expression(&mut self) {
        let mut is_in_class = false;
        loop {
            match self.peek(0) {
                0 if self.at >= self.bytes.len() => break,
                b'\n' | b'\r' => {
                    self.is_lost = true;
                    break;
                }
                0xE2 if matches!((self.peek(1), self.peek(2)), (0x80, 0xA8 | 0xA9)) => {
                    self.is_lost = true;
                    break;
                }
                b'\\' if !matches!(self.peek(1), b'\n' | b'\r' | 0x80..) => self.at += 2,
                b'/' if !is_in_class => {
                    self.at += 1;
                    break;
                }
                it => {
                    is_in_class = (is_in_class || it == b'[') && it != b']';
                    self.at += 1;
                }
            }
        }
        self.prev = Prev::Operand;
    }

    fn skip_line(&mut self) {
        let rest = &self.code[self.at..];
        self.at += rest.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(rest.len());
    }

    fn skip_comment(&mut self) {
        let rest = &self.code[self.at + 2..];
        let len = rest.find("*/").map_or(rest.len(), |it| it + 2);
        self.has_newline |= rest[..len].contains(['\n', '\r', '\u{2028}', '\u{2029}']);
        self.at += 2 + len;
    }
}

/// What a word may do to nesting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Word {
    /// Not a word of the language.
    Name,
    /// A value or a type by itself.
    Operand,
    /// Begins a statement that holds another one.
    Header,
    /// Reserved, and a value follows.
    Operator,
    /// Reserved; may begin a statement, and a value follows.
    Prefix,
    /// May begin a statement, and nothing that a new line could continue.
    Starter,
    /// Any other.
    Contextual,
}

impl Word {
    fn of(word: &str) -> Word {
        match word {
            "this" | "super" | "true" | "false" | "null" | "undefined" | "any" | "string"
            | "number" | "boolean" | "never" | "unknown" | "object" | "symbol" | "bigint" => {
                Word::Operand
            }
            "if" | "for" | "while" | "do" | "with" | "try" | "switch" => Word::Header,
            "else" | "finally" | "in" | "instanceof" | "extends" => Word::Operator,
            "return" | "typeof" | "case" | "new" | "void" | "delete" | "throw" => Word::Prefix,
            "const" | "var" | "let" | "function" | "class" | "async" | "await" | "yield"
            | "type" | "interface" | "enum" | "export" | "import" | "break" | "continue"
            | "debugger" | "default" | "static" | "public" | "private" | "protected"
            | "readonly" | "abstract" | "declare" | "namespace" | "module" | "get" | "set"
            | "using" => Word::Starter,
            "accessor" | "as" | "asserts" | "assert" | "catch" | "constructor" | "defer"
            | "from" | "global" | "implements" | "infer" | "intrinsic" | "is" | "keyof"
            | "meta" | "of" | "out" | "override" | "package" | "require" | "satisfies"
            | "source" | "target" | "unique" => Word::Contextual,
            _ => Word::Name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is not scanned would have passed.
    #[test]
    fn no_short_source_exceeds_a_limit() {
        let mut units: Vec<String> = (b' '..=b'~').map(|it| char::from(it).to_string()).collect();
        units.extend(
            ["`${", "a?", "?.", "for(", "=>", "a<", "(a=>{", "}/(", "<!--`("].map(str::to_owned),
        );
        for unit in units {
            let code = unit.repeat(SHORT / unit.len());
            assert!(Scan::new(&code).run().is_ok(), "{unit}");
        }
    }
}
