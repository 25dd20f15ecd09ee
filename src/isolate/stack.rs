//! The engine's stack text → the same in the caller's positions.
//!
//! The engine counts lines of the *program*; people count lines of what they
//! sent. Frames of what the caller did not write (prelude, bundles, wrapper) are
//! left out: their positions mean nothing to anybody here.

use super::preset::{self, FILE_PREFIX};
use crate::transpile::{Position, PositionMap};

const SNIPPET: &str = "snippet.ts";
/// Functions may have names of any length; a stack has at most 64 frames.
const MAX_BYTES: usize = 16 << 10;

/// Maps the lines `    at name (file:line:column)` that the engine wrote.
pub(crate) fn map_stack(raw: &str, positions: &PositionMap) -> String {
    let raw = &raw[..raw.floor_char_boundary(MAX_BYTES)];
    let mut res = String::with_capacity(raw.len());
    for line in raw.lines() {
        if let Some(line) = map_line(line, positions) {
            if !res.is_empty() {
                res.push('\n');
            }
            res.push_str(&line);
        }
    }
    res
}

/// The first place in `stack` that lies in the snippet.
pub(crate) fn first_position(stack: &str) -> Option<Position> {
    stack.lines().find_map(|line| {
        let frame = Frame::parse(line)?;
        if frame.file == SNIPPET { frame.position } else { None }
    })
}

/// The first place in `stack` that lies in a file whose name begins so.
pub(crate) fn line_in(stack: &str, prefix: &str) -> Option<Position> {
    stack.lines().filter_map(Frame::parse).find(|it| it.file.starts_with(prefix))?.position
}

fn map_line(line: &str, positions: &PositionMap) -> Option<String> {
    let Some(frame) = Frame::parse(line) else {
        // `(native)`, `(missing)`, or a line that the snippet made up.
        return if line.ends_with("(missing)") { None } else { Some(line.to_owned()) };
    };
    let place = match (frame.file, frame.position) {
        (SNIPPET, Some(position)) => {
            let Position { line, column } = positions.to_snippet(position)?;
            format!("{SNIPPET}:{line}:{column}")
        }
        (file, _) if is_bundle(file) => return None,
        _ => return Some(line.to_owned()),
    };
    Some(match frame.function {
        Some(function) => format!("    at {function} ({place})"),
        None => format!("    at {place}"),
    })
}

fn is_bundle(file: &str) -> bool {
    let name = file.strip_suffix(".js");
    let is_built_in = |name| preset::DEFAULT.bundles.iter().any(|bundle| bundle.name == name);
    file.starts_with(FILE_PREFIX) || name.is_some_and(is_built_in)
}

/// One line of a stack, taken apart.
struct Frame<'a> {
    function: Option<&'a str>,
    file: &'a str,
    position: Option<Position>,
}

impl<'a> Frame<'a> {
    fn parse(line: &'a str) -> Option<Frame<'a>> {
        let rest = line.trim_start().strip_prefix("at ")?;
        let (function, place) = match rest.rsplit_once(" (") {
            Some((function, place)) => (Some(function), place.strip_suffix(')')?),
            None => (None, rest),
        };
        let mut parts = place.rsplitn(3, ':');
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        let file = parts.next()?;
        Some(Frame { function, file, position: Some(Position { line, column }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_the_caller_did_not_write_are_left_out() {
        let raw = "    at parse (native)\n    at emit (prelude.js:1:22)\n    at send (aws-s3.js:1:9000)\n    at map (preset:lodash.js:7:7)\n    at made up (missing)\n";
        assert_eq!(map_stack(raw, &PositionMap::default()), "    at parse (native)");
    }

    #[test]
    fn the_first_snippet_frame_is_the_position() {
        let stack =
            "Error: x\n    at f (native)\n    at main (snippet.ts:3:7)\n    at snippet.ts:9:9";
        assert_eq!(first_position(stack), Some(Position { line: 3, column: 7 }));
        assert_eq!(first_position("Error: at home (snippet.ts)"), None);
    }
}
