//! Text and bytes: TextEncoder and TextDecoder. Where an encoding can be cut
//! between characters by looking at its bytes, every call stands alone and whoever
//! streams (the prelude) cuts; legacy Asian ones keep a decoder here instead.

use std::collections::HashMap;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{Arg, Op, Reply};
use crate::isolate::guard;

/// Ones that a run starts and does not finish.
const MAX_DECODERS: usize = 1000;
/// Decoded between two looks at whether the run is over: well below 1 ms also of bytes
/// that are all wrong.
const PIECE_BYTES: usize = 32 << 10;
/// No label is longer, but for the white space around it.
const MAX_LABEL_BYTES: usize = 1024;

/// `(text)`; lone surrogates were replaced when the text left the engine.
pub(crate) fn utf8_encode(args: &[Arg<'_>]) -> Reply {
    let [Arg::Text(text)] = args else { return Reply::bad_args(Op::Utf8Encode) };
    Reply::Bytes(text.as_bytes().to_vec())
}

/// `(label)`: "latin1" → "windows-1252".
pub(crate) fn decoder_name(args: &[Arg<'_>]) -> Reply {
    let [Arg::Text(label)] = args else { return Reply::bad_args(Op::DecoderName) };
    let known = match label.len() {
        0..=MAX_LABEL_BYTES => Encoding::for_label_no_replacement(label.as_bytes()),
        _ => None,
    };
    match known {
        Some(encoding) => Reply::Text(encoding.name().to_ascii_lowercase()),
        None => {
            let shown = &label[..label.floor_char_boundary(100)];
            let message = format!("The \"{shown}\" encoding is not supported");
            Reply::throw("RangeError", message)
        }
    }
}

/// `(name, bytes, fatal)`; a byte-order mark is the caller's business.
pub(crate) fn decode(args: &[Arg<'_>]) -> Reply {
    let [Arg::Text(name), Arg::Bytes(bytes), Arg::Bool(fatal)] = args else {
        return Reply::bad_args(Op::Decode);
    };
    let Some(encoding) = Encoding::for_label(name.as_bytes()).filter(|it| stands_alone(it)) else {
        return Reply::bad_args(Op::Decode);
    };
    if encoding == UTF_8
        && bytes.len() <= PIECE_BYTES
        && let Ok(text) = str::from_utf8(bytes)
    {
        return Reply::Text(text.to_owned());
    }
    decoded(&mut encoding.new_decoder_without_bom_handling(), bytes, true, *fatal)
}

/// The next of a text. What comes of it when the run is over does not matter.
fn decoded(decoder: &mut Decoder, bytes: &[u8], is_last: bool, fatal: bool) -> Reply {
    let mut text = String::with_capacity(bytes.len());
    let mut pieces = bytes.chunks(PIECE_BYTES).peekable();
    loop {
        let piece = pieces.next().unwrap_or_default();
        let is_last_piece = pieces.peek().is_none();
        let Some(room) = decoder.max_utf8_buffer_length(piece.len()) else {
            return Reply::bad_args(Op::Decode);
        };
        text.reserve(room);
        let is_last = is_last && is_last_piece;
        if fatal {
            let (result, _) =
                decoder.decode_to_string_without_replacement(piece, &mut text, is_last);
            if !matches!(result, DecoderResult::InputEmpty) {
                return not_valid(&decoder.encoding().name().to_ascii_lowercase());
            }
        } else {
            let _ = decoder.decode_to_string(piece, &mut text, is_last);
        }
        if is_last_piece || guard::is_asked() {
            return Reply::Text(text);
        }
    }
}

fn not_valid(name: &str) -> Reply {
    Reply::type_error(format!("The encoded data was not valid for encoding {name}"))
}

/// Decoders of one run that are in the middle of something, by number.
#[derive(Default)]
pub(crate) struct Decoders {
    open: HashMap<u32, Decoder>,
    last_id: u32,
}

impl Decoders {
    /// `(encoding's name)`; its number.
    pub(crate) fn open(&mut self, args: &[Arg<'_>]) -> Reply {
        let [Arg::Text(name)] = args else { return Reply::bad_args(Op::DecoderOpen) };
        let Some(encoding) = Encoding::for_label(name.as_bytes()) else {
            return Reply::bad_args(Op::DecoderOpen);
        };
        if self.open.len() == MAX_DECODERS {
            let message = format!("more than {MAX_DECODERS} decoders are in the middle of a text");
            return Reply::throw("RangeError", message);
        }
        self.last_id += 1;
        self.open.insert(self.last_id, encoding.new_decoder_without_bom_handling());
        Reply::Number(f64::from(self.last_id))
    }

    /// `(decoder, bytes, last, fatal)`; text. The last one closes it.
    pub(crate) fn next(&mut self, args: &[Arg<'_>]) -> Reply {
        let &[Arg::Number(id), Arg::Bytes(bytes), Arg::Bool(last), Arg::Bool(fatal)] = args else {
            return Reply::bad_args(Op::DecoderNext);
        };
        let Some(decoder) = self.open.get_mut(&(id as u32)) else {
            return Reply::bad_args(Op::DecoderNext);
        };
        let reply = decoded(decoder, bytes, last, fatal);
        if last || !matches!(reply, Reply::Text(_)) {
            self.open.remove(&(id as u32));
        }
        reply
    }
}

impl std::fmt::Debug for Decoders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoders").field("open", &self.open.len()).finish_non_exhaustive()
    }
}

fn stands_alone(encoding: &'static Encoding) -> bool {
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
            Reply::throw("TypeError", "The encoded data was not valid for encoding utf-8"),
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
        check_label("sjis", Reply::Text("shift_jis".to_owned()));
        let unknown = |label| {
            Reply::throw("RangeError", format!("The \"{label}\" encoding is not supported"))
        };
        check_label("nonsense", unknown("nonsense"));
        check_label("replacement", unknown("replacement"));
    }

    #[test]
    fn characters_may_be_cut() {
        let mut decoders = Decoders::default();
        let Reply::Number(id) = decoders.open(&[Arg::Text("shift_jis".into())]) else {
            panic!("not opened");
        };
        let mut next = |bytes, last| {
            decoders.next(&[Arg::Number(id), Arg::Bytes(bytes), Arg::Bool(last), Arg::Bool(true)])
        };
        assert_eq!(next(b"\x93", false), Reply::Text(String::new()));
        assert_eq!(next(b"\xfa\x96", false), Reply::Text("\u{65e5}".to_owned()));
        assert_eq!(next(b"", true), not_valid("shift_jis"));
        assert!(decoders.open.is_empty());
    }
}
