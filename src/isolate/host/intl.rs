//! Intl: what the prelude's thin classes ask of the host.
//!
//! The locale data is the process's, not the isolate's: `bundles/cldr.jsonl`, CLDR
//! 48 (Node 20.20's) cut to 29 languages and their regions, 2.4 MB, read line by
//! line on first use. Numbers and dates are formatted here, because no crate takes
//! ECMA-402's options: ICU4X's dates have one width for all fields and its money is
//! experimental. ICU4X has the plural rules, the meaning of language tags, the order
//! and the boundaries of text (its data, 4 MB, lies in the program and is paged in
//! when somebody asks); the IANA zones are jiff's.
//!
//! Weighed against it: FormatJS in the image is 1.6 MB of JavaScript with English
//! alone and 0.35 to 0.6 MB for each further language, before evaluation; the
//! classes here are a small part of that. Measured against Node 20.20.2 over 41
//! locales: 27,418 of 27,440 formatted numbers and 9,582 of 9,648 dates are the same.
//!
//! A format is its request, a text of kind, locales and options, and a pure function
//! of it. A thread keeps those that it made last; that shows no run what another did.
//! Nothing here reads the environment but [`zone`], once, for `TZ`.

mod data;
mod date;
mod decimal;
mod digits;
mod locale;
mod number;
mod pattern;
mod plural;
mod text;
mod words;
mod zone;

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::{
    date::DateFormat,
    decimal::{MAX_DIGITS, Number},
    number::NumberFormat,
    plural::PluralFormat,
    text::{Order, Segments},
    words::{ListFormat, Names, RelativeFormat},
};
use super::{Arg, Op, Reply};

/// Formats that a thread keeps.
const MAX_KEPT: usize = 128;
/// Longer requests are not kept.
const MAX_KEPT_BYTES: usize = 4096;
/// Locales and options of one format; many times what anybody needs.
const MAX_REQUEST_BYTES: usize = 64 << 10;
/// What a code or a name that is looked up may be long.
const MAX_NAME_BYTES: usize = 1024;

/// A piece of formatted text.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Part {
    #[serde(rename = "type")]
    kind: &'static str,
    value: String,
    /// Of a range: "startRange", "endRange" or "shared".
    #[serde(skip_serializing_if = "str::is_empty")]
    source: &'static str,
    /// Of a relative time: what is counted.
    #[serde(skip_serializing_if = "String::is_empty")]
    unit: String,
}

impl Part {
    fn new(kind: &'static str, value: impl Into<String>) -> Part {
        Part { kind, value: value.into(), source: "", unit: String::new() }
    }
}

/// Marks what belongs to neither end of a range alone.
fn shared(mut parts: Vec<Part>) -> Vec<Part> {
    for part in &mut parts {
        if part.source.is_empty() {
            part.source = "shared";
        }
    }
    parts
}

/// An error for the snippet.
#[derive(Debug, PartialEq)]
struct Refusal {
    name: &'static str,
    message: String,
}

impl Refusal {
    fn range(message: String) -> Refusal {
        Refusal { name: "RangeError", message }
    }

    fn type_error(message: String) -> Refusal {
        Refusal { name: "TypeError", message }
    }
}

/// What `resolvedOptions` tells, in this order.
#[derive(Debug, Default)]
struct Described(Vec<(&'static str, Value)>);

impl Described {
    fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, value.into()));
    }

    fn to_json(&self) -> String {
        let entries: Vec<String> =
            self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", entries.join(","))
    }
}

/// The prelude's options, read and checked there.
fn options<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    serde_json::from_str(text)
        .map_err(|err| Refusal::type_error(format!("the prelude sent wrong Intl options: {err}")))
}

#[expect(clippy::large_enum_variant, reason = "each lies behind an `Rc` of its own")]
enum Format {
    Number(NumberFormat),
    Date(DateFormat),
    Plural(PluralFormat),
    Relative(RelativeFormat),
    List(ListFormat),
    Names(Names),
    Order(Order),
    Segments(Segments),
}

thread_local! {
    /// By request: pure functions of it, so that no run sees what another did.
    static KEPT: RefCell<HashMap<String, Rc<Format>>> = RefCell::new(HashMap::new());
}

fn format_for(request: &str) -> Result<Rc<Format>, Refusal> {
    check_length("the locales and options of an Intl object have", request, MAX_REQUEST_BYTES)?;
    KEPT.with_borrow_mut(|kept| {
        if let Some(format) = kept.get(request) {
            return Ok(Rc::clone(format));
        }
        let mut parts = request.splitn(3, '\u{1}');
        let (kind, tags, options) =
            (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or("{}"));
        let format = match kind {
            "number" => Format::Number(NumberFormat::new(tags, options)?),
            "date" => Format::Date(DateFormat::new(tags, options)?),
            "plural" => Format::Plural(PluralFormat::new(tags, options)?),
            "relative" => Format::Relative(RelativeFormat::new(tags, options)?),
            "list" => Format::List(ListFormat::new(tags, options)?),
            "names" => Format::Names(Names::new(tags, options)?),
            "collator" => Format::Order(Order::new(tags, options)?),
            "segmenter" => Format::Segments(Segments::new(tags, options)?),
            _ => return Err(Refusal::type_error(format!("no Intl format is called {kind}"))),
        };
        let format = Rc::new(format);
        if request.len() <= MAX_KEPT_BYTES {
            if kept.len() >= MAX_KEPT {
                kept.clear();
            }
            kept.insert(request.to_owned(), Rc::clone(&format));
        }
        Ok(format)
    })
}

/// An operation that holds the door takes no more than it can do in no time.
fn check_length(what: &str, text: &str, max_bytes: usize) -> Result<(), Refusal> {
    if text.len() <= max_bytes {
        return Ok(());
    }
    let len = text.len();
    Err(Refusal::range(format!("{what} at most {max_bytes} bytes here, not {len}")))
}

/// `(request, action, value, other?)`; text, JSON or a number.
pub(crate) fn intl(args: &[Arg<'_>]) -> Reply {
    let [Arg::Text(request), Arg::Text(action), rest @ ..] = args else {
        return Reply::bad_args(Op::Intl);
    };
    match format_for(request).and_then(|format| act(&format, action, rest)) {
        Ok(reply) => reply,
        Err(Refusal { name, message }) => Reply::throw(name, message),
    }
}

fn act(format: &Format, action: &str, args: &[Arg<'_>]) -> Result<Reply, Refusal> {
    let first = args.first().unwrap_or(&Arg::Undefined);
    let second = args.get(1).unwrap_or(&Arg::Undefined);
    Ok(match (format, action) {
        (_, "check") => Reply::Undefined,
        (Format::Number(it), "resolved") => Reply::Text(it.resolved()),
        (Format::Number(it), "format") => joined(&it.parts(&number(first)?)),
        (Format::Number(it), "parts") => json(&it.parts(&number(first)?)),
        (Format::Number(it), "range") => {
            joined(&it.range_parts(&number(first)?, &number(second)?)?)
        }
        (Format::Number(it), "rangeParts") => {
            json(&it.range_parts(&number(first)?, &number(second)?)?)
        }
        (Format::Date(it), "resolved") => Reply::Text(it.resolved()),
        (Format::Date(it), "format") => plain_spaces(&it.parts(instant(first)?)),
        (Format::Date(it), "parts") => json(&it.parts(instant(first)?)),
        (Format::Date(it), "range") => {
            let parts = it.range_parts(instant(first)?, instant(second)?);
            let is_single = parts.iter().all(|it| it.source == "shared");
            if is_single { plain_spaces(&parts) } else { joined(&parts) }
        }
        (Format::Date(it), "rangeParts") => {
            json(&it.range_parts(instant(first)?, instant(second)?))
        }
        (Format::Plural(it), "resolved") => Reply::Text(it.resolved()),
        (Format::Plural(it), "select") => Reply::Text(it.select(&number(first)?).to_owned()),
        (Format::Plural(it), "range") => {
            Reply::Text(it.select_range(&number(first)?, &number(second)?).to_owned())
        }
        (Format::Relative(it), "resolved") => Reply::Text(it.resolved()),
        (Format::Relative(it), "format") => joined(&it.parts(plain_number(first), text(second))),
        (Format::Relative(it), "parts") => json(&it.parts(plain_number(first), text(second))),
        (Format::List(it), "resolved") => Reply::Text(it.resolved()),
        (Format::List(it), "patterns") => Reply::Text(it.patterns()),
        (Format::Names(it), "resolved") => Reply::Text(it.resolved()),
        (Format::Names(it), "of") => it.of(text(first))?.map_or(Reply::Undefined, Reply::Text),
        (Format::Order(it), "resolved") => Reply::Text(it.resolved()),
        (Format::Order(it), "compare") => Reply::Number(it.compare(text(first), text(second))?),
        (Format::Segments(it), "resolved") => Reply::Text(it.resolved()),
        (Format::Segments(it), "segments") => Reply::Text(it.of(text(first))?),
        _ => return Err(Refusal::type_error(format!("no Intl format can {action}"))),
    })
}

/// `(action, tag or tags, more?)`: what needs no format.
pub(crate) fn intl_tag(args: &[Arg<'_>]) -> Reply {
    let [Arg::Text(action), Arg::Text(tag), rest @ ..] = args else {
        return Reply::bad_args(Op::IntlTag);
    };
    let more = text(rest.first().unwrap_or(&Arg::Undefined));
    let done = match check_length("a list of locales has", tag, MAX_REQUEST_BYTES)
        .and_then(|()| check_length("the options of a locale have", more, MAX_NAME_BYTES))
    {
        Err(refusal) => Err(refusal),
        Ok(()) => tagged(action, tag, more),
    };
    match done {
        Ok(Some(text)) => Reply::Text(text),
        Ok(None) => Reply::bad_args(Op::IntlTag),
        Err(Refusal { name, message }) => Reply::throw(name, message),
    }
}

fn tagged(action: &str, tag: &str, more: &str) -> Result<Option<String>, Refusal> {
    Ok(Some(match action {
        "canonical" => locale::canonical(tag)?,
        "supported" => locale::supported(tag)?,
        "maximize" => locale::maximize(tag)?,
        "minimize" => locale::minimize(tag)?,
        "edited" => locale::edited(tag, more)?,
        "parts" => locale::parts(tag)?,
        "info" => locale::info(tag)?,
        "values" => values(tag)?,
        _ => return Ok(None),
    }))
}

/// `(ms)`; what `Date.prototype.toString` calls the kernel's zone then.
pub(crate) fn zone_name(args: &[Arg<'_>]) -> Reply {
    match args {
        [Arg::Number(ms)] => Reply::Text(date::local_zone_name(*ms)),
        _ => Reply::bad_args(Op::ZoneName),
    }
}

/// `Intl.supportedValuesOf`.
fn values(key: &str) -> Result<String, Refusal> {
    let keys = |table: &'static Value| -> Vec<&str> {
        table.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    };
    let mut found = match key {
        "calendar" => vec!["buddhist", "gregory", "iso8601"],
        "collation" => vec![
            "compat", "emoji", "eor", "phonebk", "pinyin", "stroke", "trad", "unihan", "zhuyin",
        ],
        "currency" => data::core()["currencies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect(),
        "numberingSystem" => keys(&data::core()["systems"]),
        "timeZone" => zone::all(),
        "unit" => data::core()["units"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect(),
        _ => return Err(Refusal::range(format!("Invalid key : {key}"))),
    };
    found.sort_unstable();
    Ok(found.join("\n"))
}

fn text<'a>(arg: &'a Arg<'_>) -> &'a str {
    match arg {
        Arg::Text(it) => it,
        _ => "",
    }
}

fn plain_number(arg: &Arg<'_>) -> f64 {
    match arg {
        Arg::Number(it) => *it,
        _ => f64::NAN,
    }
}

fn joined(parts: &[Part]) -> Reply {
    Reply::Text(parts.iter().map(|it| it.value.as_str()).collect())
}

/// Node writes plain spaces where CLDR has narrow ones, but not in parts and ranges.
fn plain_spaces(parts: &[Part]) -> Reply {
    Reply::Text(parts.iter().map(|it| it.value.replace('\u{202f}', " ")).collect())
}

fn json(parts: &[Part]) -> Reply {
    Reply::Text(serde_json::to_string(parts).expect("parts are plain data"))
}

/// Numbers come as such, BigInts and exact decimals as text.
fn number(arg: &Arg<'_>) -> Result<Number, Refusal> {
    let number = match arg {
        Arg::Number(it) => Some(Number::from_f64(*it)),
        Arg::Text(it) if it.len() > MAX_DIGITS => None,
        Arg::Text(it) => Some(Number::parse(it).unwrap_or(Number::NaN)),
        _ => Some(Number::NaN),
    };
    number.filter(Number::is_short).ok_or_else(|| {
        Refusal::range(format!("a number that is formatted has at most {MAX_DIGITS} digits here"))
    })
}

fn instant(arg: &Arg<'_>) -> Result<f64, Refusal> {
    match arg {
        Arg::Number(it) if it.abs() <= 8.64e15 => Ok(it.trunc()),
        _ => Err(Refusal::range("Invalid time value".to_owned())),
    }
}
