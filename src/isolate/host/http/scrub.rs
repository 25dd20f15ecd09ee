//! Takes a secret out of what streams by, whatever pieces it comes in. Knows
//! nothing of HTTP.

use bytes::{Bytes, BytesMut};
use memchr::memmem;

/// Written over each byte of the secret: lengths stay what they were announced as.
const INSTEAD: u8 = b'*';

/// A stream in which `secret` must not be seen.
#[derive(Debug)]
pub(super) struct Scrub {
    finder: memmem::Finder<'static>,
    /// Shorter than the secret: its beginning may be in here.
    kept: BytesMut,
}

impl Scrub {
    /// The secret is not empty.
    pub(super) fn new(secret: &str) -> Scrub {
        Scrub { finder: memmem::Finder::new(secret).into_owned(), kept: BytesMut::new() }
    }

    /// What can be passed on once `data` has come.
    pub(super) fn push(&mut self, data: &[u8]) -> Bytes {
        let len = self.finder.needle().len();
        self.kept.extend_from_slice(data);
        while let Some(at) = self.finder.find(&self.kept) {
            self.kept[at..at + len].fill(INSTEAD);
        }
        let n_sure = (self.kept.len() + 1).saturating_sub(len);
        self.kept.split_to(n_sure).freeze()
    }

    /// What was still kept at the end.
    pub(super) fn finish(self) -> Bytes {
        self.kept.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_pieces_of_any_size() {
        let text = "<Token-0>AQoSECRET</Token-0>AQoAQoSECRET";
        for n_bytes in 1..text.len() {
            let mut scrub = Scrub::new("AQoSECRET");
            let mut passed = Vec::new();
            for piece in text.as_bytes().chunks(n_bytes) {
                passed.extend(scrub.push(piece));
            }
            passed.extend(scrub.finish());
            assert_eq!(
                String::from_utf8(passed).unwrap(),
                "<Token-0>*********</Token-0>AQo*********",
                "pieces of {n_bytes}"
            );
        }
    }
}
