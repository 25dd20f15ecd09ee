//! What to change, for errors whose own text does not say it; and errors cut to
//! a size that a model reads.
//!
//! Looks at the error and at the place in the snippet where it arose. Knows
//! nothing of the engine, and nothing of the types that the check knows.

/// Bytes of an error's message, of its stack and of its hint.
const MESSAGE_BYTES: usize = 900;
const STACK_BYTES: usize = 900;
const HINT_BYTES: usize = 700;

/// What to do about an error that was thrown at `at`, the snippet's text from
/// that place on.
pub fn advice(name: Option<&str>, message: &str, at: &str) -> Option<String> {
    let member = called_member(at);
    let text = match name.unwrap_or_default() {
        "TypeError" if message.contains("not a function") => about_call(member?)?,
        "TypeError" if message.contains("of undefined") || message.contains("of null") => {
            format!(
                "what stands before {} is {}: look at the object with console.log, or use `?.` and `??`",
                quoted_property(message).unwrap_or_else(|| "it".to_owned()),
                if message.contains("of null") { "null" } else { "undefined" },
            )
        }
        "TypeError" if message.contains("not iterable") => {
            "what is iterated over is no list: it may be undefined (`?? []`), an object \
             (`Object.entries(it)`) or a promise (`await`)"
                .to_owned()
        }
        "TypeError" if message.contains("BigInt") => {
            "BigInt and number do not mix: convert one with Number(…) or BigInt(…)".to_owned()
        }
        "TypeError" if message.contains("read-only") || message.contains("constant") => {
            "it cannot be assigned: declare it with `let`, or make a copy".to_owned()
        }
        "SyntaxError" => about_json(message)?,
        "RangeError" if message.contains("Date") || message.contains("time value") => {
            "the date is invalid: look at what was given to `new Date(…)`".to_owned()
        }
        "ReferenceError" if message.contains("initialized") || message.contains("initialised") => {
            "it is used before its declaration: move the declaration up".to_owned()
        }
        "NoSuchKey" | "NotFound" => {
            "no such object: check Bucket and Key; `new AwsS3.ListObjectsV2Command({ Bucket, Prefix })` lists what is there"
                .to_owned()
        }
        "NoSuchBucket" => {
            "no such bucket: check its name; `new AwsS3.ListBucketsCommand({})` lists them".to_owned()
        }
        "AccessDenied" | "Forbidden" => {
            "the host's credentials may not do this; another Bucket, Key or operation may be allowed"
                .to_owned()
        }
        _ if message.starts_with("No value provided for input HTTP label") => {
            "that key of the command's input is undefined: check its name and its value".to_owned()
        }
        _ => return None,
    };
    Some(text)
}

/// Keeps the beginning and the end of what is too long, and says so.
pub fn cut_in_the_middle(text: &str, max_bytes: usize) -> Option<String> {
    if text.len() <= max_bytes {
        return None;
    }
    let kept = max_bytes.saturating_sub(40);
    let head = floor_boundary(text, kept * 2 / 3);
    let tail = floor_boundary(text, text.len() - (kept - kept * 2 / 3)).max(head);
    let n_cut = tail - head;
    Some(format!("{} … {n_cut} bytes cut … {}", &text[..head], &text[tail..]))
}

/// Message, stack and hint of an error, cut to size.
pub fn shorten(message: &mut String, stack: &mut Option<String>, hint: &mut Option<String>) {
    if let Some(short) = cut_in_the_middle(message, MESSAGE_BYTES) {
        // The stack begins with it.
        if let Some(stack) = stack {
            *stack = stack.replacen(message.as_str(), &short, 1);
        }
        *message = short;
    }
    for (text, limit) in [(stack, STACK_BYTES + message.len()), (hint, HINT_BYTES)] {
        if let Some(short) = text.as_ref().and_then(|it| cut_in_the_middle(it, limit)) {
            *text = Some(short);
        }
    }
}

fn about_call(member: &str) -> Option<String> {
    Some(match member {
        "getTime" | "getFullYear" | "getMonth" | "getDate" | "getDay" | "getHours"
        | "getMinutes" | "getSeconds" | "toISOString" | "toLocaleDateString" | "setDate"
        | "toLocaleTimeString" | "getTimezoneOffset" | "setHours" | "setMonth" => format!(
            "what `.{member}` is called on is no Date; dates in JSON are strings: `new Date(value).{member}()`"
        ),
        "map" | "filter" | "forEach" | "reduce" | "join" | "push" | "find" | "some" | "every"
        | "flatMap" | "sort" | "slice" | "includes" | "concat" | "flat" => format!(
            "what `.{member}` is called on is no array: look at it with console.log; an object has `Object.values(it)`, a Map or Set `[...it]`"
        ),
        "split" | "trim" | "toLowerCase" | "toUpperCase" | "replace" | "startsWith"
        | "endsWith" | "padStart" | "match" | "replaceAll" | "charAt" | "substring" => {
            format!("what `.{member}` is called on is no string: convert it with String(value)")
        }
        "length" | "size" => format!("`.{member}` is a property: leave the `()` out"),
        "toFixed" => {
            "what `.toFixed` is called on is no number: convert it with Number(value)".to_owned()
        }
        "promise" => {
            "there is no `.promise()` in version 3 of the SDK: `await` the call itself".to_owned()
        }
        "json" | "text" | "arrayBuffer" => format!(
            "only a Response has `.{member}`: `await fetch(…)` first; a body of S3 has `await Body.transformToString()`"
        ),
        "on" | "once" | "pipe" => format!(
            "there are no Node streams here: a body of S3 has `await Body.transformToString()`, any web stream `for await (const chunk of stream)`; `.{member}` does not exist"
        ),
        "then" | "catch" | "finally" => format!("what `.{member}` is called on is no promise"),
        "entries" | "keys" | "values" | "get" | "has" | "set" | "add" => format!(
            "what `.{member}` is called on has no such method; for a plain object use `Object.{}(it)` or `it[key]`",
            if matches!(member, "entries" | "keys" | "values") { member } else { "keys" }
        ),
        _ => return None,
    })
}

fn about_json(message: &str) -> Option<String> {
    let lower = message.to_lowercase();
    if !(lower.contains("token") || lower.contains("json") || lower.contains("end of")) {
        return None;
    }
    Some(
        if lower.contains("[object") || lower.contains("'object'") || lower.contains("\"object\"") {
            "what was parsed is an object already: leave JSON.parse out".to_owned()
        } else {
            "the text is not JSON: look at its beginning with console.log(text.slice(0, 200))"
                .to_owned()
        },
    )
}

/// `'x'` of "cannot read property 'x' of undefined".
fn quoted_property(message: &str) -> Option<String> {
    let (_, rest) = message.split_once('\'')?;
    let (name, _) = rest.split_once('\'')?;
    Some(format!("`.{name}`"))
}

/// The member that is called where the text begins: `c` of `a.b.c(…)`.
fn called_member(at: &str) -> Option<&str> {
    let line = at.lines().next().unwrap_or_default();
    let end = line.find('(')?;
    let before = line[..end].trim_end_matches(['?', '.', ' ']);
    let is_of_name = |it: char| it.is_alphanumeric() || it == '_' || it == '$';
    let name = &before[before.trim_end_matches(is_of_name).len()..];
    (!name.is_empty()).then_some(name)
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_in_the_middle() {
        assert_eq!(cut_in_the_middle("short", 100), None);
        let cut = cut_in_the_middle(&"äöü".repeat(1_000), 200).unwrap();
        assert!(cut.len() <= 200, "{}", cut.len());
        assert!(cut.starts_with("äöü") && cut.ends_with("äöü") && cut.contains(" bytes cut "));
    }

    #[test]
    fn the_member_that_is_called_is_found() {
        assert_eq!(called_member("getTime() - x"), Some("getTime"));
        assert_eq!(called_member("input.date.getTime()"), Some("getTime"));
        assert_eq!(called_member("x?.map?.(1)"), Some("map"));
        assert_eq!(called_member("x"), None);
        // Blanks of more than one byte are blanks.
        assert_eq!(called_member("throw\u{a0}Error\u{feff}('x')"), None);
        assert_eq!(called_member("\u{feff}fail()"), Some("fail"));
    }
}
