//! What a run printed, within a budget. Too much output is cut and the cut is
//! told; it is never an error of the run.

use super::{Arg, Op, Reply};
use crate::isolate::{Level, LogLine};

/// The console of one run.
#[derive(Debug)]
pub(crate) struct Console {
    lines: Vec<LogLine>,
    /// What may still be kept.
    bytes_left: usize,
    lines_left: usize,
    cut_lines: u64,
    cut_bytes: u64,
}

impl Console {
    /// A console that keeps so much text in so many lines.
    pub(crate) fn new(max_bytes: usize, max_lines: usize) -> Console {
        Console {
            lines: Vec::new(),
            bytes_left: max_bytes,
            lines_left: max_lines,
            cut_lines: 0,
            cut_bytes: 0,
        }
    }

    pub(crate) fn log(&mut self, args: &[Arg<'_>]) -> Reply {
        let [Arg::Number(level), Arg::Text(text), Arg::Number(units_cut)] = args else {
            return Reply::bad_args(Op::Log);
        };
        let Some(level) = level_of(*level) else { return Reply::bad_args(Op::Log) };
        self.push(level, text, *units_cut as u64);
        Reply::Undefined
    }

    /// Everything that was kept, and a line that says what was not.
    pub(crate) fn into_lines(mut self) -> Vec<LogLine> {
        if self.cut_lines > 0 || self.cut_bytes > 0 {
            let text = format!(
                "console output was cut: {} whole lines and {} bytes of others are missing",
                self.cut_lines, self.cut_bytes
            );
            self.lines.push(LogLine { level: Level::Kernel, text });
        }
        self.lines
    }

    /// `already_cut` never came through the door.
    fn push(&mut self, level: Level, text: &str, already_cut: u64) {
        if self.lines_left == 0 || (self.bytes_left == 0 && !text.is_empty()) {
            self.cut_lines += 1;
            return;
        }
        let kept = &text[..text.floor_char_boundary(self.bytes_left)];
        self.cut_bytes += (text.len() - kept.len()) as u64 + already_cut;
        self.lines_left -= 1;
        self.bytes_left = if kept.len() < text.len() { 0 } else { self.bytes_left - kept.len() };
        self.lines.push(LogLine { level, text: kept.to_owned() });
    }
}

fn level_of(number: f64) -> Option<Level> {
    [Level::Debug, Level::Log, Level::Info, Level::Warn, Level::Error].get(number as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(max_bytes: usize, max_lines: usize, printed: &[&str], expected: &[&str]) {
        let mut console = Console::new(max_bytes, max_lines);
        for text in printed {
            let reply =
                console.log(&[Arg::Number(1.0), Arg::Text((*text).into()), Arg::Number(0.0)]);
            assert_eq!(reply, Reply::Undefined);
        }
        let lines: Vec<String> = console.into_lines().into_iter().map(|line| line.text).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn output_within_the_budget_is_kept() {
        check(8, 3, &["abcd", "", "efgh"], &["abcd", "", "efgh"]);
    }

    #[test]
    fn output_beyond_the_budget_is_cut_and_told() {
        check(
            6,
            9,
            &["abcd", "e\u{e9}\u{e9}", "x"],
            &[
                "abcd",
                "e",
                "console output was cut: 1 whole lines and 4 bytes of others are missing",
            ],
        );
        check(
            6,
            1,
            &["a", "b"],
            &["a", "console output was cut: 1 whole lines and 0 bytes of others are missing"],
        );
    }

    #[test]
    fn levels_are_the_preludes() {
        let mut console = Console::new(100, 100);
        for level in 0..5 {
            console.log(&[Arg::Number(f64::from(level)), Arg::Text("".into()), Arg::Number(0.0)]);
        }
        let levels: Vec<Level> = console.into_lines().into_iter().map(|line| line.level).collect();
        assert_eq!(levels, [Level::Debug, Level::Log, Level::Info, Level::Warn, Level::Error]);
    }
}
