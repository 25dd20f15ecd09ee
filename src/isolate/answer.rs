//! What a run ended with → plain data. The engine has said its part as JSON text
//! by then; nothing here talks to it.

use serde::Deserialize;

use super::{LogLine, RunError, Thrown, stack};

/// What the engine's RangeError says when its stack is used up (quickjs.c,
/// `JS_ThrowStackOverflow`).
const STACK_OVERFLOW: &str = "Maximum call stack size exceeded";

/// What the prelude's `describe` says about a thrown value.
#[derive(Deserialize)]
struct Described {
    name: Option<String>,
    message: String,
    stack: Option<String>,
}

/// A text as JSON, as `JSON.stringify` quotes it. The engine writes a surrogate
/// without its other half as if it were a character; it becomes an escape.
pub(crate) fn quoted(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(mut text) if is_plain(text.as_bytes()) => {
            text.insert(0, '"');
            text.push('"');
            return text;
        }
        Ok(text) => return json_string(&text),
        Err(err) => err.into_bytes(),
    };
    let mut res = "\"".to_owned();
    let mut rest = &bytes[..];
    loop {
        let n_valid = str::from_utf8(rest).map_or_else(|err| err.valid_up_to(), str::len);
        let (valid, broken) = rest.split_at(n_valid);
        let text = json_string(str::from_utf8(valid).expect("it is valid up to there"));
        res.push_str(&text[1..text.len() - 1]);
        let [0xed, second, third, ..] = broken else { break };
        let unit = 0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f);
        res.push_str(&format!("\\u{unit:04x}"));
        rest = &broken[3..];
    }
    res.push('"');
    res
}

/// Whether nothing in it needs an escape. Looks at many bytes at a time.
fn is_plain(text: &[u8]) -> bool {
    let needs_escape = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    !text.chunks(1 << 12).any(|some| some.iter().fold(false, |any, it| any | needs_escape(it)))
}

fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}

/// Reads the prelude's description of what was thrown.
pub(crate) fn thrown(described: &str) -> Thrown {
    match serde_json::from_str(described) {
        Ok(Described { name, message, stack }) => {
            let position = stack.as_deref().and_then(stack::first_position);
            Thrown { name, message, stack, position, hint: None }
        }
        // `describe` itself could not run, or was cut short.
        Err(_) => Thrown {
            message: "something was thrown that could not be described".to_owned(),
            ..Thrown::default()
        },
    }
}

/// The error of a run that ended by what it threw.
pub(crate) fn error_of(
    described: &str,
    refused_memory: Option<usize>,
    stack_bytes: usize,
) -> RunError {
    let mut thrown = thrown(described);
    let is_range_error = thrown.name.as_deref() == Some("RangeError");
    if is_range_error && thrown.message == STACK_OVERFLOW {
        return RunError::StackOverflow { thrown, limit_bytes: stack_bytes };
    }
    if let Some(limit_bytes) = refused_memory {
        // A full heap surfaces as a thrown null, or as one of these.
        let is_null = thrown.name.is_none() && thrown.message == "null";
        let told = matches!(thrown.name.as_deref(), Some("InternalError" | "RangeError"));
        if is_null || told || described.is_empty() {
            return RunError::OutOfMemory { limit_bytes };
        }
        thrown.hint = Some(format!(
            "one allocation was refused because it is larger than the whole memory limit of {} MiB",
            limit_bytes >> 20
        ));
    }
    RunError::Thrown(thrown)
}

/// The engine's compiler refused a program that the transpiler let through.
pub(crate) fn syntax_error(described: &str) -> RunError {
    let thrown = thrown(described);
    RunError::Syntax { message: thrown.message, position: thrown.position }
}

/// Rejections that nobody handled, as lines of the log.
pub(crate) fn leftovers(json: &str) -> Vec<LogLine> {
    let texts: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    texts.into_iter().map(|text| LogLine { level: super::Level::Kernel, text }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_the_engine_does_it() {
        #[track_caller]
        fn check(text: &[u8], expected: &str) {
            assert_eq!(quoted(text.to_owned()), expected);
        }
        check(b"", r#""""#);
        check("aé€😀\u{7f}".as_bytes(), "\"aé€😀\u{7f}\"");
        check(b"\"\\/\x08\x0c\n\r\t\x00\x1f", r#""\"\\/\b\f\n\r\t\u0000\u001f""#);
        // Both halves, neither of them beside the other, and a place for each.
        check(b"\xed\xa0\xbd", r#""\ud83d""#);
        check(b"a\xed\xbf\xbf\"\xed\xa0\x80\xed\xa0\x81", r#""a\udfff\"\ud800\ud801""#);
        check(&[b'x'; 5000], &format!("\"{}\"", "x".repeat(5000)));
        check(&[vec![b'x'; 4999], vec![b'\n']].concat(), &format!("\"{}\\n\"", "x".repeat(4999)));
    }
}
