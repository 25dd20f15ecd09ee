//! The engine's spelling of text: UTF-8, where a surrogate without its other half is
//! written as if it were a character (WTF-8). It is read piece by piece, so that
//! whoever reads much of it can stop between two. What becomes of a surrogate is the
//! reader's business.

/// As much as one piece may be; checking it takes a tenth of a millisecond.
pub(crate) const PIECE_BYTES: usize = 256 << 10;

/// The next of a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Piece<'a> {
    /// At most [`PIECE_BYTES`].
    Text(&'a str),
    /// Half a character.
    Surrogate(u16),
    /// Nothing that the engine writes.
    Broken,
}

/// The pieces of a text, in order.
#[derive(Clone, Debug)]
pub(crate) struct Pieces<'a>(&'a [u8]);

impl<'a> Pieces<'a> {
    pub(crate) fn of(text: &'a [u8]) -> Pieces<'a> {
        Pieces(text)
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let Pieces(text) = *self;
        let err = match str::from_utf8(&text[..text.len().min(PIECE_BYTES)]) {
            Ok("") => return None,
            Ok(piece) => {
                self.0 = &text[piece.len()..];
                return Some(Piece::Text(piece));
            }
            Err(err) => err,
        };
        // The last character of a piece may go on behind it.
        let (valid, rest) = text.split_at(err.valid_up_to());
        if !valid.is_empty() {
            self.0 = rest;
            return Some(Piece::Text(str::from_utf8(valid).expect("it is valid up to there")));
        }
        let [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, ..] = *rest else {
            self.0 = &rest[err.error_len().unwrap_or(rest.len())..];
            return Some(Piece::Broken);
        };
        self.0 = &rest[3..];
        Some(Piece::Surrogate(0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &[u8], expected: &[Piece<'_>]) {
        assert_eq!(Pieces::of(text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn halves_of_characters_are_pieces_of_their_own() {
        check(b"", &[]);
        check("aé€😀".as_bytes(), &[Piece::Text("aé€😀")]);
        check(
            b"a\xed\xbf\xbfb\xed\xa0\x80\xed\xa0\x81",
            &[
                Piece::Text("a"),
                Piece::Surrogate(0xdfff),
                Piece::Text("b"),
                Piece::Surrogate(0xd800),
                Piece::Surrogate(0xd801),
            ],
        );
        check(
            b"a\xffb\xe2\x82",
            &[Piece::Text("a"), Piece::Broken, Piece::Text("b"), Piece::Broken],
        );
    }

    /// Wherever a piece ends, no character is cut.
    #[test]
    fn long_texts_come_in_pieces_of_whole_characters() {
        for before in 0..4 {
            let text = "x".repeat(before) + &"😀".repeat(PIECE_BYTES / 2);
            let mut joined = String::new();
            for piece in Pieces::of(text.as_bytes()) {
                let Piece::Text(piece) = piece else { panic!("{piece:?}") };
                assert!(piece.len() <= PIECE_BYTES);
                joined += piece;
            }
            assert!(joined == text);
        }
    }
}
