//! Bytes in, lines out. Never holds more than one line's limit and one read.

use std::ops::Range;

use memchr::memchr;

/// Room for one read of a line that has begun.
pub(super) const READ_BYTES: usize = 64 * 1024;
/// Room for the first read. Most lines are shorter; and giving back a block of 64 KiB
/// makes glibc sweep up all that the thread has freed.
const FIRST_READ_BYTES: usize = 8 * 1024;

/// Cuts a byte stream into lines.
#[derive(Debug)]
pub(super) struct LineBuffer {
    bytes: Vec<u8>,
    /// Up to here the bytes are in lines that have been taken.
    start: usize,
    /// Up to here there is no line end after `start`.
    scanned: usize,
    /// Bytes of a line; may change between lines.
    pub(super) limit: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Collecting,
    /// In a line that was over the limit and has been reported.
    Skipping,
}

#[derive(Debug, Eq, PartialEq)]
pub(super) enum Line {
    /// Here, without its line end; until more bytes are read, [`LineBuffer::text`]
    /// knows it.
    Complete(Range<usize>),
    /// Over the limit; what is left of it will be skipped.
    TooLong,
}

impl LineBuffer {
    pub(super) fn new(limit: usize) -> LineBuffer {
        LineBuffer { bytes: Vec::new(), start: 0, scanned: 0, limit, state: State::Collecting }
    }

    /// Where the next bytes go.
    pub(super) fn spare(&mut self) -> &mut Vec<u8> {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        self.bytes.reserve(if self.bytes.is_empty() { FIRST_READ_BYTES } else { READ_BYTES });
        &mut self.bytes
    }

    /// Gives memory back while nothing comes: most connections are idle.
    pub(super) fn rest(&mut self) {
        if self.start == self.bytes.len() {
            *self = LineBuffer { state: self.state, ..LineBuffer::new(self.limit) };
        }
    }

    /// Bytes of memory that it takes.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Drops the line that has begun, and what is still to come of it.
    pub(super) fn skip(&mut self) {
        *self = LineBuffer { state: State::Skipping, ..LineBuffer::new(self.limit) };
    }

    /// Whether nothing of the next line is here.
    pub(super) fn is_between_lines(&self) -> bool {
        self.state == State::Collecting && self.start == self.bytes.len()
    }

    /// The next line, if it is all here.
    pub(super) fn next(&mut self) -> Option<Line> {
        loop {
            let end = memchr(b'\n', &self.bytes[self.scanned..]);
            let Some(end) = end.map(|it| it + self.scanned) else {
                self.scanned = self.bytes.len();
                return match self.state {
                    State::Skipping => {
                        self.start = self.bytes.len();
                        None
                    }
                    State::Collecting if self.bytes.len() - self.start > self.limit => {
                        self.start = self.bytes.len();
                        self.state = State::Skipping;
                        Some(Line::TooLong)
                    }
                    State::Collecting => None,
                };
            };
            let line = self.start..end;
            self.start = end + 1;
            self.scanned = self.start;
            match self.state {
                State::Skipping => self.state = State::Collecting,
                State::Collecting if line.len() > self.limit => return Some(Line::TooLong),
                State::Collecting => return Some(Line::Complete(line)),
            }
        }
    }

    /// As [`LineBuffer::next`], once no more bytes come: the last line needs no
    /// line end.
    pub(super) fn next_or_last(&mut self) -> Option<Line> {
        if memchr(b'\n', &self.bytes[self.scanned..]).is_some() {
            return self.next();
        }
        let line = self.start..self.bytes.len();
        self.start = line.end;
        self.scanned = line.end;
        (self.state == State::Collecting && !line.is_empty()).then_some(Line::Complete(line))
    }

    /// The bytes of a complete line.
    pub(super) fn text(&self, line: &Range<usize>) -> &[u8] {
        &self.bytes[line.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds chunks with a limit of 4 bytes a line; `!` stands for too long.
    #[track_caller]
    fn check(chunks: &[&str], expected: &[&str]) {
        let mut buffer = LineBuffer::new(4);
        let mut lines = Vec::new();
        let text = |buffer: &LineBuffer, line: Line| match line {
            Line::Complete(line) => String::from_utf8(buffer.text(&line).to_vec()).unwrap(),
            Line::TooLong => "!".to_owned(),
        };
        for chunk in chunks {
            buffer.spare().extend_from_slice(chunk.as_bytes());
            while let Some(line) = buffer.next() {
                lines.push(text(&buffer, line));
            }
            assert!(buffer.bytes.len() - buffer.start <= 4, "keeps what it cannot use");
            buffer.rest();
        }
        lines.extend(buffer.next_or_last().map(|it| text(&buffer, it)));
        assert_eq!(lines, expected);
    }

    #[test]
    fn lines_come_out_whatever_the_chunks() {
        check(&["ab\ncd\n"], &["ab", "cd"]);
        check(&["a", "b\nc", "d", "\n"], &["ab", "cd"]);
        check(&["\n\n"], &["", ""]);
        check(&["ab\ncd"], &["ab", "cd"]);
        check(&[], &[]);
    }

    #[test]
    fn a_line_that_is_skipped_ends_where_it_ends() {
        let mut buffer = LineBuffer::new(4);
        buffer.spare().extend_from_slice(b"abc");
        assert_eq!(buffer.next(), None);
        buffer.skip();
        assert!(!buffer.is_between_lines());
        buffer.spare().extend_from_slice(b"defghi");
        assert_eq!(buffer.next(), None);
        buffer.spare().extend_from_slice(b"j\nab\n");
        let Some(Line::Complete(line)) = buffer.next() else { unreachable!() };
        assert_eq!(buffer.text(&line), b"ab");
        assert_eq!(buffer.next(), None);
    }

    #[test]
    fn a_line_over_the_limit_is_reported_once_and_skipped() {
        check(&["abcd\nabcde\nab\n"], &["abcd", "!", "ab"]);
        check(&["abcde", "fgh", "ij\nab\n"], &["!", "ab"]);
        check(&["abcde"], &["!"]);
        check(&["abcde", "\n", "x\n"], &["!", "x"]);
    }
}
