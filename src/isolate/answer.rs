//! What a run ended with → plain data. The engine has said its part as JSON text
//! by then; nothing here talks to it.

use serde::Deserialize;

use super::{
    LogLine, RunError, Thrown, stack,
    wtf8::{Piece, Pieces},
};

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

/// What became of a returned text.
#[derive(Debug, PartialEq)]
pub(crate) enum Quoted {
    Json(String),
    /// It is so many bytes of JSON, over the limit.
    TooLong(usize),
    /// The run was stopped meanwhile.
    Stopped,
}

/// A text as JSON, as `JSON.stringify` quotes it. Escapes may make six times as much
/// of it, so it is measured before anything is written.
pub(crate) fn quoted(text: &[u8], limit: usize, is_stopping: impl Fn() -> bool) -> Quoted {
    let mut len = 2;
    for piece in Pieces::of(text) {
        if is_stopping() {
            return Quoted::Stopped;
        }
        len += match piece {
            Piece::Text(text) if is_plain(text.as_bytes()) => text.len(),
            Piece::Text(text) => text.bytes().map(|it| ESCAPED_LEN[usize::from(it)]).sum(),
            Piece::Surrogate(_) | Piece::Broken => "\\ud800".len(),
        };
    }
    if len > limit {
        return Quoted::TooLong(len);
    }
    let has_escapes = len > text.len() + 2;
    let mut json = String::with_capacity(len);
    json.push('"');
    for piece in Pieces::of(text) {
        if is_stopping() {
            return Quoted::Stopped;
        }
        match piece {
            Piece::Text(text) if !has_escapes || is_plain(text.as_bytes()) => json.push_str(text),
            Piece::Text(text) => {
                let text = json_string(text);
                json.push_str(&text[1..text.len() - 1]);
            }
            Piece::Surrogate(unit) => json.push_str(&format!("\\u{unit:04x}")),
            Piece::Broken => json.push_str("\\ufffd"),
        }
    }
    json.push('"');
    Quoted::Json(json)
}

/// Bytes of JSON text that a byte of text becomes.
const ESCAPED_LEN: [usize; 256] = {
    let mut res = [1; 256];
    let mut byte = 0;
    while byte < b' ' as usize {
        res[byte] =
            if matches!(byte as u8, b'\x08' | b'\t' | b'\n' | b'\x0c' | b'\r') { 2 } else { 6 };
        byte += 1;
    }
    res[b'"' as usize] = 2;
    res[b'\\' as usize] = 2;
    res
};

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
    use std::cell::Cell;

    use super::*;
    use crate::isolate::wtf8::PIECE_BYTES;

    #[test]
    fn texts_are_quoted_as_the_engine_does_it() {
        #[track_caller]
        fn check(text: &[u8], expected: &str) {
            let quote = |limit| quoted(text, limit, || false);
            // Measured to the byte.
            assert_eq!(quote(expected.len()), Quoted::Json(expected.to_owned()));
            assert_eq!(quote(expected.len() - 1), Quoted::TooLong(expected.len()));
        }
        check(b"", r#""""#);
        check("aé€😀\u{7f}".as_bytes(), "\"aé€😀\u{7f}\"");
        check(b"\"\\/\x08\x0c\n\r\t\x00\x1f", r#""\"\\/\b\f\n\r\t\u0000\u001f""#);
        // Both halves, neither of them beside the other, and a place for each.
        check(b"\xed\xa0\xbd", r#""\ud83d""#);
        check(b"a\xed\xbf\xbf\"\xed\xa0\x80\xed\xa0\x81", r#""a\udfff\"\ud800\ud801""#);
        check(&[b'x'; 5000], &format!("\"{}\"", "x".repeat(5000)));
        check(&[vec![b'x'; 4999], vec![b'\n']].concat(), &format!("\"{}\\n\"", "x".repeat(4999)));
        let long = [vec![b'x'; PIECE_BYTES + 1], vec![b'"'; PIECE_BYTES + 1]].concat();
        check(&long, &format!("\"{}\"", str::from_utf8(&long).unwrap().replace('"', "\\\"")));
    }

    /// It happens after the run, so nothing else would end it.
    #[test]
    fn quoting_ends_with_its_run_and_writes_nothing_over_the_limit() {
        let limit = 16 << 20;
        let control = vec![1; limit];
        let n_asked = Cell::new(0);
        let ask = |stops_at: usize| {
            n_asked.set(0);
            quoted(&control, usize::MAX, || n_asked.replace(n_asked.get() + 1) == stops_at)
        };
        let n_pieces = limit / PIECE_BYTES;
        for stops_at in [0, n_pieces / 2, n_pieces, 2 * n_pieces - 1] {
            assert_eq!(ask(stops_at), Quoted::Stopped);
            assert_eq!(n_asked.get(), stops_at + 1);
        }
        let n_asked = Cell::new(0);
        let refused = quoted(&control, limit, || n_asked.replace(n_asked.get() + 1) > n_pieces);
        assert_eq!(refused, Quoted::TooLong(6 * limit + 2));
        assert_eq!(n_asked.get(), n_pieces, "it was measured once, and not written");
    }
}
