//! XML text in, the JSON text of what the AWS SDK's own parser makes of it out.
//!
//! The shape is that of `@aws-sdk/xml-builder`: an element is its text, or an
//! object of its children and attributes with the text under `#text`; a repeated
//! child becomes an array. A DTD is skipped and its entities are unknown; nothing
//! is ever fetched. Three deviations, all on purpose: nesting is bounded, a character
//! reference above U+FFFF gives that character (the SDK cuts it off), and a child
//! named `__proto__` is like any other (the SDK makes it an array).

use indexmap::{IndexMap, map::Entry};
use quick_xml::{
    Reader,
    errors::{Error, IllFormedError},
    events::{BytesStart, Event},
};

use super::{Arg, Reply};
use crate::isolate::guard;

/// Of a document; S3's largest are about 2 MiB.
const MAX_BYTES: usize = 16 << 20;
const MAX_DEPTH: usize = 128;
/// Parsed between two looks at whether the run is over; takes less than 1 ms.
const SLICE_BYTES: u64 = 64 << 10;
/// Written as JSON between two of them.
const TEXT_BYTES: usize = 64 << 10;

/// Op `xmlParse(text | bytes)`: JSON text.
pub fn xml_parse(args: &[Arg<'_>]) -> Reply {
    let parsed = match args {
        [Arg::Text(text)] => to_json(text, guard::is_asked),
        [Arg::Bytes(bytes)] if bytes.len() > MAX_BYTES => Err(too_large()),
        [Arg::Bytes(bytes)] => match str::from_utf8(bytes) {
            Ok(text) => to_json(text, guard::is_asked),
            Err(_) => Err("it is not UTF-8".to_owned()),
        },
        _ => return Reply::type_error("xmlParse takes text or bytes"),
    };
    match parsed {
        Ok(json) => Reply::Text(json),
        Err(why) => {
            Reply::Throw { name: "Error".to_owned(), message: format!("XML parse error: {why}") }
        }
    }
}

/// The JSON text of one XML document. `is_stopped` is asked now and then: a large
/// document must not outlast its run.
fn to_json(xml: &str, is_stopped: impl Fn() -> bool) -> Result<String, String> {
    if xml.len() > MAX_BYTES {
        return Err(too_large());
    }
    // The SDK does the same before it parses; S3 writes no carriage returns.
    let unix;
    let xml = if xml.contains('\r') {
        unix = xml.replace("\r\n", "\n").replace('\r', "\n");
        &unix
    } else {
        xml
    };
    let mut reader = Reader::from_str(xml);
    // A lone `&` is text for the SDK's parser too.
    reader.config_mut().allow_dangling_amp = true;
    let mut open: Vec<Element> = vec![];
    let mut asked_at = 0;
    loop {
        if reader.buffer_position() - asked_at > SLICE_BYTES {
            asked_at = reader.buffer_position();
            if is_stopped() {
                return Err("the run is over".to_owned());
            }
        }
        let event = reader.read_event().map_err(describe)?;
        match event {
            Event::Start(start) => {
                if open.len() == MAX_DEPTH {
                    return Err(format!("elements nest deeper than {MAX_DEPTH}"));
                }
                open.push(Element::new(&start)?);
            }
            Event::Empty(start) => {
                if let Some(json) = close(&mut open, Element::new(&start)?, Written::Empty) {
                    return Ok(json);
                }
            }
            Event::End(_) => {
                let element = open.pop().ok_or("a closing tag closes nothing")?;
                if let Some(json) = close(&mut open, element, Written::Pair) {
                    return Ok(json);
                }
            }
            Event::Text(text) => match open.last_mut() {
                Some(parent) => parent.text(&text, Run::Continued),
                None if text.trim().is_empty() => {}
                None => return Err("unexpected content before the first element".to_owned()),
            },
            Event::CData(text) => match open.last_mut() {
                Some(parent) => parent.text(&text, Run::OfItsOwn),
                None => return Err("unexpected content before the first element".to_owned()),
            },
            Event::GeneralRef(name) => match open.last_mut() {
                Some(parent) => parent.text(&Entity(&name).value(), Run::Continued),
                None => return Err("unexpected content before the first element".to_owned()),
            },
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) => {
                if let Some(parent) = open.last_mut() {
                    parent.end_run();
                }
            }
            Event::Eof => {
                return Err(match open.last() {
                    Some(element) => format!("missing closing tag </{}>", element.tag),
                    None => "no root element".to_owned(),
                });
            }
        }
    }
}

fn too_large() -> String {
    format!("the document is larger than {} MiB", MAX_BYTES >> 20)
}

/// How an element stood in the text; `<a></a>` and `<a/>` differ only in that
/// the second cannot have content.
enum Written {
    Empty,
    Pair,
}

/// Whether text belongs to the run before it or stands alone.
enum Run {
    Continued,
    OfItsOwn,
}

/// An element whose closing tag has not come yet.
struct Element {
    tag: String,
    /// Values are JSON text.
    attributes: IndexMap<String, String>,
    children: IndexMap<String, Value>,
    /// Runs of text between markup, unescaped.
    runs: Vec<String>,
    run_is_open: bool,
}

enum Value {
    One(String),
    /// JSON texts of the members, joined by commas.
    Many(String),
}

impl Element {
    fn new(start: &BytesStart<'_>) -> Result<Element, String> {
        let mut attributes = IndexMap::new();
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|err| format!("an attribute is malformed: {err}"))?;
            let name = attribute.key.as_ref().to_owned();
            let value = json_string(&decode(&attribute.value));
            attributes.insert(name, value);
        }
        Ok(Element {
            tag: start.name().as_ref().to_owned(),
            attributes,
            children: IndexMap::new(),
            runs: vec![],
            run_is_open: false,
        })
    }

    fn text(&mut self, text: &str, run: Run) {
        match (run, self.runs.last_mut()) {
            (Run::Continued, Some(last)) if self.run_is_open => last.push_str(text),
            (Run::Continued, _) => {
                self.runs.push(text.to_owned());
                self.run_is_open = true;
            }
            (Run::OfItsOwn, _) => {
                self.runs.push(text.to_owned());
                self.run_is_open = false;
            }
        }
    }

    fn end_run(&mut self) {
        self.run_is_open = false;
    }

    fn child(&mut self, tag: String, value: String) {
        self.end_run();
        match self.children.entry(tag) {
            Entry::Vacant(it) => {
                it.insert(Value::One(value));
            }
            Entry::Occupied(mut it) => it.get_mut().push(&value),
        }
    }

    fn into_json(self, written: Written) -> String {
        if self.attributes.is_empty() && self.children.is_empty() {
            let text = self.runs.concat();
            return if is_layout(&text) { "\"\"".to_owned() } else { json_string(&text) };
        }
        let mut members = IndexMap::new();
        if let Written::Pair = written {
            let mut runs = self.runs.iter().filter(|it| !is_layout(it)).peekable();
            // Not "the text is empty": a run may be an empty CDATA section.
            if runs.peek().is_some() {
                let text: String = runs.map(String::as_str).collect();
                members.insert("#text".to_owned(), Value::One(json_string(&text)));
            }
        }
        for (tag, value) in self.children {
            match members.entry(tag) {
                Entry::Vacant(it) => {
                    it.insert(value);
                }
                // Only for a child that is called `#text`.
                Entry::Occupied(mut it) => it.get_mut().extend(value),
            }
        }
        // An attribute takes the place of a child of its name.
        let attributes = self.attributes.into_iter();
        members.extend(attributes.map(|(name, value)| (name, Value::One(value))));
        let mut json = String::from("{");
        for (name, value) in &members {
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&json_string(name));
            match value {
                Value::One(one) => {
                    json.push(':');
                    json.push_str(one);
                }
                Value::Many(many) => {
                    json.push_str(":[");
                    json.push_str(many);
                    json.push(']');
                }
            }
        }
        json.push('}');
        json
    }
}

impl Value {
    fn push(&mut self, member: &str) {
        match self {
            Value::One(first) => *self = Value::Many(format!("{first},{member}")),
            Value::Many(many) => {
                many.push(',');
                many.push_str(member);
            }
        }
    }

    fn extend(&mut self, other: Value) {
        match other {
            Value::One(one) => self.push(&one),
            Value::Many(many) => self.push(&many),
        }
    }
}

/// Hands a finished element to its parent; the root's JSON text when it has none.
fn close(open: &mut [Element], mut element: Element, written: Written) -> Option<String> {
    let tag = std::mem::take(&mut element.tag);
    let json = element.into_json(written);
    match open.last_mut() {
        Some(parent) => {
            parent.child(tag, json);
            None
        }
        None => Some(format!("{{{}:{json}}}", json_string(&tag))),
    }
}

/// White space that is there for the eye: it has a line break in it.
fn is_layout(text: &str) -> bool {
    text.contains('\n') && text.chars().all(|it| it.is_whitespace() || it == '\u{feff}')
}

/// The name between `&` and `;`.
struct Entity<'a>(&'a str);

impl Entity<'_> {
    /// What stands for it; nothing for a name we do not know.
    fn value(&self) -> String {
        let name = self.0;
        let code = match name.strip_prefix('#') {
            Some(number) => match number.strip_prefix('x') {
                Some(hex) if hex.len() <= 6 => u32::from_str_radix(hex, 16).ok(),
                Some(_) => None,
                None if number.len() <= 7 => number.parse().ok(),
                None => None,
            },
            None => {
                return match name {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "apos" => "'",
                    _ if is_entity_name(name) => "",
                    _ => return format!("&{name};"),
                }
                .to_owned();
            }
        };
        match code {
            // Half a surrogate pair is no character; Rust text cannot hold it.
            Some(code) => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER).to_string(),
            None => format!("&{name};"),
        }
    }
}

fn is_entity_name(name: &str) -> bool {
    name.len() <= 31
        && name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.bytes().all(|it| it.is_ascii_alphanumeric())
}

/// Resolves the references in an attribute's value.
fn decode(text: &str) -> String {
    let mut res = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        res.push_str(before);
        match after.split_once(';') {
            Some((name, after)) if !name.contains('&') => {
                res.push_str(&Entity(name).value());
                rest = after;
            }
            _ => {
                res.push('&');
                rest = after;
            }
        }
    }
    res + rest
}

/// Cut short when the run is over: nobody reads it then.
fn json_string(text: &str) -> String {
    let quote = |text: &str| serde_json::to_string(text).expect("text is always JSON");
    if text.len() <= TEXT_BYTES {
        return quote(text);
    }
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    let mut rest = text;
    while !rest.is_empty() && !guard::is_asked() {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(TEXT_BYTES));
        let quoted = quote(piece);
        json.push_str(&quoted[1..quoted.len() - 1]);
        rest = behind;
    }
    json.push('"');
    json
}

fn describe(err: Error) -> String {
    match err {
        Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
            format!("mismatched tags <{expected}> and </{found}>")
        }
        err => err.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(xml: &str, expected: &str) {
        let got = to_json(xml, || false).unwrap_or_else(|why| format!("error: {why}"));
        assert_eq!(got, expected, "\nxml: {xml}");
    }

    /// Generated by the SDK's own parser from the same documents.
    #[test]
    fn shapes_are_those_of_the_sdk() {
        let mut wrong = vec![];
        for line in include_str!("xml_cases.jsonl").lines() {
            let [xml, expected]: [String; 2] = serde_json::from_str(line).unwrap();
            let got = to_json(&xml, || false);
            if got.as_deref() != Ok(&*expected) {
                wrong.push(format!("{xml:?}\n  expected {expected}\n  got      {got:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn malformed_documents_say_why() {
        check("", "error: no root element");
        check("text", "error: unexpected content before the first element");
        check("<a><b></a></b>", "error: mismatched tags <b> and </a>");
        check("<a><b>", "error: missing closing tag </b>");
        check(&"<a>".repeat(200), "error: elements nest deeper than 128");
    }

    #[test]
    fn entities_of_a_dtd_are_unknown() {
        let bomb = r#"<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;x</a>"#;
        check(bomb, r#"{"a":"x"}"#);
        let file = r#"<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>"#;
        check(file, r#"{"a":""}"#);
    }

    #[test]
    fn characters_above_the_first_plane_survive() {
        check("<a>&#x1F600;</a>", r#"{"a":"😀"}"#);
    }
}
