//! Text and bytes: TextEncoder and TextDecoder. Every call stands alone, so
//! whoever streams (the prelude) cuts between characters; the encodings that
//! cannot be cut without state, legacy Asian ones, are not offered.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{Arg, Op, Reply};

/// `(text)`; lone surrogates were replaced when the text left the engine.
pub(crate) fn utf8_encode(args: &[Arg<'_>]) -> Reply {
    let [Arg::Text(text)] = args else { return Reply::bad_args(Op::Utf8Encode) };
    Reply::Bytes(text.as_bytes().to_vec())
}

/// `(label)`: "latin1" → "windows-1252".
pub(crate) fn decoder_name(args: &[Arg<'_>]) -> Reply {
    let [Arg::Text(label)] = args else { return Reply::bad_args(Op::DecoderName) };
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) if is_offered(encoding) => Reply::Text(encoding.name().to_ascii_lowercase()),
        Some(encoding) => Reply::throw(
            "RangeError",
            format!(
                "TextDecoder does not offer {} here; utf-8, utf-16 and single-byte encodings are",
                encoding.name()
            ),
        ),
        None => {
            let shown = &label[..label.floor_char_boundary(100)];
            Reply::throw("RangeError", format!("TextDecoder knows no encoding '{shown}'"))
        }
    }
}

/// `(name, bytes, fatal)`; a byte-order mark is the caller's business.
pub(crate) fn decode(args: &[Arg<'_>]) -> Reply {
    let [Arg::Text(name), Arg::Bytes(bytes), Arg::Bool(fatal)] = args else {
        return Reply::bad_args(Op::Decode);
    };
    let Some(encoding) = Encoding::for_label(name.as_bytes()).filter(|it| is_offered(it)) else {
        return Reply::bad_args(Op::Decode);
    };
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    if *fatal && had_errors {
        return Reply::throw("TypeError", format!("the bytes are not valid {name}"));
    }
    Reply::Text(text.into_owned())
}

fn is_offered(encoding: &'static Encoding) -> bool {
    encoding == UTF_8 || encoding == UTF_16LE || encoding == UTF_16BE || encoding.is_single_byte()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_decode(name: &str, bytes: &[u8], fatal: bool, expected: Reply) {
        let args = [Arg::Text(name.into()), Arg::Bytes(bytes), Arg::Bool(fatal)];
        assert_eq!(decode(&args), expected);
    }

    #[test]
    fn bytes_become_text() {
        check_decode("utf-8", b"h\xc3\xa9", false, Reply::Text("h\u{e9}".to_owned()));
        check_decode("utf-8", b"\xf0\x9f\x92x", false, Reply::Text("\u{fffd}x".to_owned()));
        check_decode("utf-16le", b"a\0\xe9\0", false, Reply::Text("a\u{e9}".to_owned()));
        check_decode("windows-1252", b"\x80", false, Reply::Text("\u{20ac}".to_owned()));
        check_decode(
            "utf-8",
            b"\xff",
            true,
            Reply::throw("TypeError", "the bytes are not valid utf-8"),
        );
    }

    #[track_caller]
    fn check_label(label: &str, expected: Reply) {
        assert_eq!(decoder_name(&[Arg::Text(label.into())]), expected);
    }

    #[test]
    fn labels_have_one_name() {
        check_label(" UTF8 ", Reply::Text("utf-8".to_owned()));
        check_label("latin1", Reply::Text("windows-1252".to_owned()));
        check_label("utf-16", Reply::Text("utf-16le".to_owned()));
        check_label(
            "nonsense",
            Reply::throw("RangeError", "TextDecoder knows no encoding 'nonsense'"),
        );
        check_label(
            "shift_jis",
            Reply::throw(
                "RangeError",
                "TextDecoder does not offer Shift_JIS here; utf-8, utf-16 and single-byte encodings are",
            ),
        );
    }
}
