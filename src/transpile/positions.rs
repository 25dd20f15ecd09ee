//! Places in the program, and where in the snippet they came from.
//!
//! Knows nothing of statements and expressions: it joins the printer's source
//! map, or the snippet itself where it was not printed, with the way in which the
//! engine counts lines and columns.

/// Columns that a code frame shows of one line, at most.
const FRAME_COLUMNS: usize = 120;

/// A place in the caller's text. Both numbers count from 1; `column` counts
/// UTF-16 code units, as editors and JavaScript engines do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// Translates places in a program's text, as the engine counts them, to the
/// snippet's.
///
/// The engine counts columns in *bytes*, from the last line break that it has
/// seen, and starts lines at U+2028 and U+2029 only outside of literals. Only
/// literals can hold these in a program, so a line is what ends with `\n` or
/// `\r` here.
#[derive(Clone, Debug, Default)]
pub struct PositionMap {
    /// Where the program's lines start, in bytes.
    line_starts: Vec<u32>,
    places: Places,
}

#[derive(Clone, Debug)]
enum Places {
    /// By byte in the program, ascending.
    Printed(Vec<Mapping>),
    /// Every byte of this snippet is in the program, from its second line on.
    InPlace {
        code: Box<str>,
        /// The place of the first is said to be that of the second; ascending.
        calls: Vec<(u32, u32)>,
    },
}

impl Default for Places {
    fn default() -> Places {
        Places::Printed(Vec::new())
    }
}

/// The token at `offset` in the program is the one at `snippet`.
#[derive(Clone, Copy, Debug)]
struct Mapping {
    offset: u32,
    snippet: Position,
}

/// One entry of the printer's source map: lines and UTF-16 columns from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrintedToken {
    pub(super) printed: (u32, u32),
    pub(super) source: (u32, u32),
}

impl PositionMap {
    /// `printed` begins at byte `prefix_len` of the program, on its second line.
    pub(super) fn new(
        printed: &str,
        tokens: impl ExactSizeIterator<Item = PrintedToken>,
        prefix_len: usize,
    ) -> PositionMap {
        let prefix_len = prefix_len as u32;
        let mut line_starts = vec![0, prefix_len];
        line_starts
            .extend(line_breaks(printed, LineBreaks::Engine).map(|it| it as u32 + prefix_len));

        // The map's lines and columns are unambiguous and ascending, so one
        // walk over the text finds their bytes.
        let bytes = printed.as_bytes();
        let mut breaks = line_breaks(printed, LineBreaks::Source);
        let (mut line, mut column, mut offset) = (0, 0, 0);
        let mut mappings = Vec::with_capacity(tokens.len());
        for PrintedToken { printed: (to_line, to_column), source } in tokens {
            while line < to_line
                && let Some(next) = breaks.next()
            {
                (line, column, offset) = (line + 1, 0, next);
            }
            while column < to_column && offset < bytes.len() {
                let (width, units) = utf8_width(bytes[offset]);
                (column, offset) = (column + units, offset + width);
            }
            let snippet = Position { line: source.0 + 1, column: source.1 + 1 };
            mappings.push(Mapping { offset: offset as u32 + prefix_len, snippet });
        }
        PositionMap { line_starts, places: Places::Printed(mappings) }
    }

    /// Nothing of `code`, whose lines end with `\n`, has moved in its line.
    pub(super) fn in_place(code: &str, calls: Vec<(u32, u32)>, prefix_len: usize) -> PositionMap {
        let prefix_len = prefix_len as u32;
        let mut line_starts = vec![0, prefix_len];
        let breaks = memchr::memchr_iter(b'\n', code.as_bytes());
        line_starts.extend(breaks.map(|it| it as u32 + 1 + prefix_len));
        PositionMap { line_starts, places: Places::InPlace { code: code.into(), calls } }
    }

    /// `program` is what the engine says: a line, and a column that counts
    /// bytes. `None` for a place that the caller did not write.
    pub fn to_snippet(&self, program: Position) -> Option<Position> {
        let line = (program.line as usize).checked_sub(1)?;
        let start = *self.line_starts.get(line)?;
        let end = self.line_starts.get(line + 1).copied().unwrap_or(u32::MAX);
        let offset = start.saturating_add(program.column.saturating_sub(1)).min(end - 1);
        match &self.places {
            Places::Printed(mappings) => {
                let after = mappings.partition_point(|it| it.offset <= offset);
                let before = mappings[..after].last().filter(|it| it.offset >= start);
                // A line of the program may begin with what its token has no mapping
                // for; the next token is then the nearest.
                let nearest = before.or(mappings.get(after).filter(|it| it.offset < end))?;
                Some(nearest.snippet)
            }
            Places::InPlace { code, calls } => {
                let prefix_len = *self.line_starts.get(1)?;
                let from = start.checked_sub(prefix_len)? as usize;
                let to = offset - prefix_len;
                let to = match calls.binary_search_by_key(&to, |it| it.0) {
                    Ok(call_idx) => calls[call_idx].1,
                    Err(_) => to,
                };
                let to = code.floor_char_boundary(to as usize);
                let column = code.get(from..to)?.encode_utf16().count() as u32 + 1;
                Some(Position { line: line as u32, column })
            }
        }
    }
}

#[cfg(test)]
impl PositionMap {
    /// Fault injection: looking a place up panics where arithmetic does not wrap.
    pub(crate) fn faulty() -> PositionMap {
        PositionMap { line_starts: vec![0; 3], places: Places::default() }
    }
}

/// The place of a byte in `code`.
pub(super) fn position_at(code: &str, offset: usize) -> Position {
    let before = code.get(..offset).unwrap_or(code);
    let (mut line, mut start) = (1, 0);
    for next_start in line_breaks(code, LineBreaks::Source).take_while(|it| *it <= before.len()) {
        (line, start) = (line + 1, next_start);
    }
    let column = before.get(start..).unwrap_or("").encode_utf16().count() as u32 + 1;
    Position { line, column }
}

/// The line of `code` at `position`, its neighbours, and a caret under the
/// place. Long lines are cut to what is near the caret.
pub fn code_frame(code: &str, position: Position) -> String {
    let first = position.line.saturating_sub(1).max(1);
    let mut starts = vec![0];
    starts.extend(line_breaks(code, LineBreaks::Source).take(position.line as usize + 1));
    let line_at = |line: u32| {
        let start = *starts.get(line as usize - 1)?;
        let end = starts.get(line as usize).copied().unwrap_or(code.len());
        Some(code[start..end].trim_end_matches(['\n', '\r', '\u{2028}', '\u{2029}']))
    };
    let Some(at) = line_at(position.line) else { return String::new() };

    // From here on columns count characters, from 0.
    let mut units = position.column.saturating_sub(1) as usize;
    let caret = at
        .chars()
        .take_while(|it| {
            let is_before = units > 0;
            units = units.saturating_sub(it.len_utf16());
            is_before
        })
        .count();
    let skipped = match at.chars().count() {
        n_chars if n_chars <= FRAME_COLUMNS => 0,
        n_chars => caret.saturating_sub(FRAME_COLUMNS / 2).min(n_chars - FRAME_COLUMNS),
    };

    let width = (position.line + 1).to_string().len();
    let mut res = String::new();
    for line in first..=position.line + 1 {
        let Some(text) = line_at(line) else { continue };
        let marker = if line == position.line { '>' } else { ' ' };
        let shown = shown_part(text, skipped);
        res.push_str(format!("{marker} {line:>width$} | {shown}").trim_end());
        res.push('\n');
        if line == position.line {
            let mark = if skipped > 0 { 1 } else { 0 };
            let pad: usize =
                at.chars().skip(skipped).take(caret - skipped).map(display_width).sum();
            res.push_str(&format!("  {:width$} | {:pad$}^\n", "", "", pad = pad + mark));
        }
    }
    res.truncate(res.trim_end().len());
    res
}

/// The part of a line that a frame shows, on one row of a terminal.
fn shown_part(line: &str, skipped: usize) -> String {
    let mut chars = line.chars();
    let mut res = String::new();
    if skipped > 0 && chars.by_ref().take(skipped).count() > 0 {
        res.push('…');
    }
    for it in chars.by_ref().take(FRAME_COLUMNS) {
        res.push(match it {
            '\t' => ' ',
            it if it.is_control() => char::REPLACEMENT_CHARACTER,
            it => it,
        });
    }
    if chars.next().is_some() {
        res.push('…');
    }
    res
}

/// Columns of a terminal, well enough for a caret to be under its character.
fn display_width(it: char) -> usize {
    match it {
        '\u{300}'..='\u{36F}' | '\u{200B}'..='\u{200F}' | '\u{FE00}'..='\u{FE0F}' => 0,
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{1F300}'..='\u{1FAFF}'
        | '\u{20000}'..='\u{3FFFD}' => 2,
        _ => 1,
    }
}

/// What ends a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum LineBreaks {
    /// `\n`, `\r\n` and `\r`.
    Engine,
    /// These and U+2028 and U+2029, as in TypeScript, and in the source map.
    Source,
}

/// Where the lines after the first one start, in bytes.
fn line_breaks(text: &str, kind: LineBreaks) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'\n' => return Some(at),
                b'\r' if bytes.get(at) == Some(&b'\n') => {}
                b'\r' => return Some(at),
                0xE2 if kind == LineBreaks::Source
                    && matches!(bytes.get(at..at + 2), Some([0x80, 0xA8 | 0xA9])) =>
                {
                    at += 2;
                    return Some(at);
                }
                _ => {}
            }
        }
        None
    })
}

/// Bytes and UTF-16 code units of the character that starts with this byte.
fn utf8_width(first: u8) -> (usize, u32) {
    match first {
        0..0xC0 => (1, 1),
        0xC0..0xE0 => (2, 1),
        0xE0..0xF0 => (3, 1),
        0xF0.. => (4, 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_frame(code: &str, line: u32, column: u32, expected: &str) {
        assert_eq!(code_frame(code, Position { line, column }), expected);
    }

    #[test]
    fn frame_shows_three_lines_and_a_caret() {
        check_frame("a\nbc(\nd\ne", 2, 3, "  1 | a\n> 2 | bc(\n    |   ^\n  3 | d");
        check_frame("a", 1, 1, "> 1 | a\n    | ^");
        check_frame("", 1, 1, "> 1 |\n    | ^");
        check_frame("\n\n", 3, 1, "  2 |\n> 3 |\n    | ^");
        check_frame("a\r\nb", 2, 2, "  1 | a\n> 2 | b\n    |  ^");
        check_frame("a", 7, 1, "");
    }

    #[test]
    fn frame_counts_utf16_and_shows_columns() {
        check_frame("\tx", 1, 2, "> 1 |  x\n    |  ^");
        check_frame("'😀' x", 1, 6, "> 1 | '😀' x\n    |      ^");
        check_frame("'漢字' x", 1, 6, "> 1 | '漢字' x\n    |        ^");
        check_frame("a\u{1b}[2J", 1, 1, "> 1 | a\u{FFFD}[2J\n    | ^");
    }

    #[test]
    fn frame_of_a_long_line_is_short() {
        let code = format!("{}!{}", "a".repeat(500_000), "b".repeat(500_000));
        let expected =
            format!("> 1 | …{}!{}…\n    |  {}^", "a".repeat(60), "b".repeat(59), " ".repeat(60));
        check_frame(&code, 1, 500_001, &expected);
    }

    #[test]
    fn place_of_a_byte() {
        let code = "a\r\n😀b\u{2028}c\rd";
        let places = [0, 3, 7, 11, 13, 99].map(|it| {
            let Position { line, column } = position_at(code, it);
            (line, column)
        });
        assert_eq!(places, [(1, 1), (2, 1), (2, 3), (3, 1), (4, 1), (4, 2)]);
    }
}
