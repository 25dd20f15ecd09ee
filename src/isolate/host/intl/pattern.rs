//! From wanted fields to a pattern: ICU's way of choosing among a locale's
//! available formats, so that the answers are the same.
//!
//! A skeleton names the wanted fields in any order ("yMMMd"), a pattern is what a
//! locale makes of them ("d. MMM y"). The nearest skeleton wins; what it lacks is
//! appended, and the widths of its fields are set to those wanted.

use super::data::Section;

/// Fields in the order of their weight, which is that of ICU.
pub(super) const ERA: usize = 0;
pub(super) const YEAR: usize = 1;
const QUARTER: usize = 2;
pub(super) const MONTH: usize = 3;
const WEEK: usize = 4;
pub(super) const WEEKDAY: usize = 6;
pub(super) const DAY: usize = 9;
pub(super) const DAY_PERIOD: usize = 10;
pub(super) const HOUR: usize = 11;
pub(super) const MINUTE: usize = 12;
pub(super) const SECOND: usize = 13;
const FRACTION: usize = 14;
const ZONE: usize = 15;
const N_FIELDS: usize = 16;

const DATE_FIELDS: u32 = (1 << DAY_PERIOD) - 1;
const TIME_FIELDS: u32 = !DATE_FIELDS;

const EXTRA: i32 = 0x10000;
const MISSING: i32 = 0x1000;

const NARROW: i32 = -0x101;
const SHORTER: i32 = -0x102;
const SHORT: i32 = -0x103;
const LONG: i32 = -0x104;
const NUMERIC: i32 = 0x100;
const DELTA: i32 = 0x10;

/// A run of one letter in a pattern, or text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Field(char, usize),
    Text(String),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Skeleton {
    /// Letter and width of each field; width 0 for none.
    fields: [(char, usize); N_FIELDS],
    types: [i32; N_FIELDS],
    /// Whether the width of its hours does not count.
    keeps_hours: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    skeleton: Skeleton,
    pattern: String,
    /// Whether the skeleton is the locale's own word, not read off the pattern.
    is_specified: bool,
}

/// The formats of one locale.
#[derive(Debug)]
pub(super) struct Patterns {
    entries: Vec<Entry>,
    data: Section,
    decimal: &'static str,
}

/// The field that a letter belongs to, and how its width compares.
fn field_of(letter: char, width: usize) -> Option<(usize, i32)> {
    let named = |delta: i32| match width {
        0..=3 => SHORT + delta,
        4 => LONG + delta,
        5 => NARROW + delta,
        _ => SHORTER + delta,
    };
    let number = |delta: i32| NUMERIC + delta + width as i32;
    Some(match letter {
        'G' => (ERA, named(0)),
        'y' => (YEAR, number(0)),
        'Y' => (YEAR, number(DELTA)),
        'u' => (YEAR, number(2 * DELTA)),
        'r' => (YEAR, number(3 * DELTA)),
        'U' => (YEAR, named(0)),
        'Q' if width < 3 => (QUARTER, number(0)),
        'Q' => (QUARTER, named(0)),
        'q' if width < 3 => (QUARTER, number(DELTA)),
        'q' => (QUARTER, named(-DELTA)),
        'M' if width < 3 => (MONTH, number(0)),
        'M' => (MONTH, named(0)),
        'L' if width < 3 => (MONTH, number(DELTA)),
        'L' => (MONTH, named(-DELTA)),
        'w' => (WEEK, number(0)),
        'W' => (5, number(0)),
        'E' => (WEEKDAY, named(0)),
        'c' if width < 3 => (WEEKDAY, number(2 * DELTA)),
        'c' => (WEEKDAY, named(-2 * DELTA)),
        'e' if width < 3 => (WEEKDAY, number(DELTA)),
        'e' => (WEEKDAY, named(-DELTA)),
        'D' => (7, number(0)),
        'F' => (8, number(0)),
        'd' => (DAY, number(0)),
        'a' => (DAY_PERIOD, named(0)),
        'b' => (DAY_PERIOD, named(-DELTA)),
        'B' => (DAY_PERIOD, named(-3 * DELTA)),
        'H' => (HOUR, number(10 * DELTA)),
        'k' => (HOUR, number(11 * DELTA)),
        'h' => (HOUR, number(0)),
        'K' => (HOUR, number(DELTA)),
        'm' => (MINUTE, number(0)),
        's' => (SECOND, number(0)),
        'S' => (FRACTION, number(0)),
        'v' => (ZONE, named(-2 * DELTA)),
        'z' => (ZONE, named(0)),
        'O' => (ZONE, named(-DELTA)),
        'Z' | 'V' | 'X' | 'x' => (ZONE, named(-3 * DELTA)),
        _ => return None,
    })
}

pub(super) fn field_index(letter: char) -> Option<usize> {
    field_of(letter, 1).map(|(field, _)| field)
}

/// Splits a pattern; `'…'` is text.
pub(super) fn tokens(pattern: &str) -> Vec<Token> {
    let mut res: Vec<Token> = Vec::new();
    let mut chars = pattern.chars().peekable();
    let push_text = |res: &mut Vec<Token>, char: char| match res.last_mut() {
        Some(Token::Text(text)) => text.push(char),
        _ => res.push(Token::Text(char.to_string())),
    };
    let mut is_quoted = false;
    while let Some(char) = chars.next() {
        match char {
            '\'' if chars.peek() == Some(&'\'') => {
                chars.next();
                push_text(&mut res, '\'');
            }
            '\'' => is_quoted = !is_quoted,
            _ if is_quoted || !char.is_ascii_alphabetic() => push_text(&mut res, char),
            _ => {
                let mut width = 1;
                while chars.next_if_eq(&char).is_some() {
                    width += 1;
                }
                res.push(Token::Field(char, width));
            }
        }
    }
    res
}

fn untokenize(tokens: &[Token]) -> String {
    let mut res = String::new();
    for token in tokens {
        match token {
            Token::Field(letter, width) => res.extend(std::iter::repeat_n(*letter, *width)),
            Token::Text(text)
                if text.contains(|it: char| it.is_ascii_alphabetic() || it == '\'') =>
            {
                res.push('\'');
                res.push_str(&text.replace('\'', "''"));
                res.push('\'');
            }
            Token::Text(text) => res.push_str(text),
        }
    }
    res
}

impl Skeleton {
    /// From a skeleton, or the fields of a pattern.
    pub(super) fn parse(text: &str) -> Skeleton {
        let mut res = Skeleton::default();
        for token in tokens(text) {
            if let Token::Field(letter, width) = token
                && let Some((field, kind)) = field_of(letter, width)
            {
                res.fields[field] = (letter, width);
                res.types[field] = kind;
            }
        }
        match res.fields[HOUR].0 {
            // With twelve hours one needs to know which half of the day it is.
            'h' | 'K' if res.fields[DAY_PERIOD].1 == 0 => {
                res.fields[DAY_PERIOD] = ('a', 1);
                res.types[DAY_PERIOD] = SHORT;
            }
            'H' | 'k' => {
                res.fields[DAY_PERIOD] = ('\0', 0);
                res.types[DAY_PERIOD] = 0;
            }
            _ => {}
        }
        res
    }

    fn mask(&self) -> u32 {
        (0..N_FIELDS).filter(|it| self.fields[*it].1 > 0).fold(0, |mask, field| mask | 1 << field)
    }

    pub(super) fn has(&self, field: usize) -> bool {
        self.fields[field].1 > 0
    }

    /// `(distance, fields that `other` lacks, fields that it has too many)`.
    fn distance(&self, other: &Skeleton, mask: u32) -> (i32, u32, u32) {
        let (mut res, mut missing, mut extra) = (0, 0, 0);
        for field in 0..N_FIELDS {
            let own = if mask & 1 << field != 0 { self.types[field] } else { 0 };
            let their = other.types[field];
            match (own, their) {
                _ if own == their => {}
                (0, _) => {
                    res += EXTRA;
                    extra |= 1 << field;
                }
                (_, 0) => {
                    res += MISSING;
                    missing |= 1 << field;
                }
                _ => res += (own - their).abs(),
            }
        }
        (res, missing, extra)
    }

    /// What is left when the widths of numbers do not count.
    fn base(&self) -> [i32; N_FIELDS] {
        let mut res = self.types;
        for (kind, (_, width)) in res.iter_mut().zip(self.fields) {
            *kind -= if *kind > 0 { width as i32 } else { 0 };
        }
        res
    }

    /// Where ICU's table of formats has this one.
    fn bucket(&self) -> u32 {
        let first =
            self.fields.iter().find(|(_, width)| *width > 0).map_or('z', |(letter, _)| *letter);
        if first.is_ascii_lowercase() { first as u32 } else { first as u32 + 256 }
    }
}

impl Patterns {
    pub(super) fn new(locale: &str, decimal: &'static str) -> Patterns {
        let data = Section::of(locale, "date");
        let mut entries: Vec<Entry> = Vec::new();
        for letter in ["G", "y", "Q", "M", "w", "W", "E", "d", "D", "F", "H", "m", "s", "S", "v"] {
            entries.push(Entry {
                skeleton: Skeleton::parse(letter),
                pattern: letter.to_owned(),
                is_specified: false,
            });
        }
        for table in ["date", "time"] {
            for style in 0..4 {
                let pattern = data.nth(&[table], style).unwrap_or("");
                let skeleton = Skeleton::parse(pattern);
                // The longer style was first.
                if !entries.iter().any(|it| it.skeleton.base() == skeleton.base()) {
                    let pattern = pattern.to_owned();
                    entries.push(Entry { skeleton, pattern, is_specified: false });
                }
            }
        }
        for (skeleton, pattern) in data.entries(&["available"]) {
            let skeleton = Skeleton::parse(skeleton);
            entries.retain(|it| it.is_specified || it.skeleton.types != skeleton.types);
            entries.push(Entry {
                skeleton,
                pattern: pattern.as_str().unwrap_or("").to_owned(),
                is_specified: true,
            });
        }
        entries.sort_by_key(|it| it.skeleton.bucket());
        Patterns { entries, data, decimal }
    }

    /// The pattern for a skeleton.
    pub(super) fn best(&self, skeleton: &str) -> String {
        self.best_for(&Skeleton::parse(skeleton))
    }

    /// The same for an end of a range, where hours are as wide as the locale has them.
    pub(super) fn best_range(&self, skeleton: &str) -> String {
        let mut wanted = Skeleton::parse(skeleton);
        wanted.keeps_hours = true;
        self.best_for(&wanted)
    }

    fn best_for(&self, wanted: &Skeleton) -> String {
        let (entry, missing, extra) = self.nearest(wanted, u32::MAX);
        if missing == 0 && extra == 0 {
            return self.adjusted(entry, wanted, false);
        }
        let mask = wanted.mask();
        let date = self.appending(wanted, mask & DATE_FIELDS);
        let time = self.appending(wanted, mask & TIME_FIELDS);
        match (date.is_empty(), time.is_empty()) {
            (_, true) => date,
            (true, _) => time,
            _ => {
                let style = match (wanted.fields[MONTH].1, wanted.has(WEEKDAY)) {
                    (4, true) => 0,
                    (4, false) => 1,
                    (3, _) => 2,
                    _ => 3,
                };
                self.glued(style, &date, &time)
            }
        }
    }

    /// Date and time as one pattern.
    pub(super) fn glued(&self, style: usize, date: &str, time: &str) -> String {
        let glue = self.data.nth(&["glue-at"], style).unwrap_or("{1}, {0}");
        glue.replace("{0}", time).replace("{1}", date)
    }

    /// What stands between a date and a range of times.
    pub(super) fn glue_of_range(&self) -> &'static str {
        self.data.text(&["glue-range"]).unwrap_or("{1}, {0}")
    }

    fn nearest(&self, wanted: &Skeleton, mask: u32) -> (&Entry, u32, u32) {
        let mut best: Option<(i32, &Entry, u32, u32)> = None;
        for entry in &self.entries {
            let (distance, missing, extra) = wanted.distance(&entry.skeleton, mask);
            if best.is_none_or(|(least, ..)| distance < least) {
                best = Some((distance, entry, missing, extra));
            }
        }
        let (_, entry, missing, extra) = best.expect("every locale has formats");
        (entry, missing, extra)
    }

    fn appending(&self, wanted: &Skeleton, mask: u32) -> String {
        if mask == 0 {
            return String::new();
        }
        let (entry, mut missing, _) = self.nearest(wanted, mask);
        let mut res = self.adjusted(entry, wanted, false);
        let fractional = 1 << SECOND | 1 << FRACTION;
        while missing != 0 {
            if missing & fractional == 1 << FRACTION && mask & fractional == fractional {
                let with_seconds = Entry { pattern: res, ..entry.clone() };
                res = self.adjusted(&with_seconds, wanted, true);
                missing &= !(1 << FRACTION);
                continue;
            }
            let (entry, still_missing, _) = self.nearest(wanted, missing);
            let found = missing & !still_missing;
            if found == 0 {
                break;
            }
            let more = self.adjusted(entry, wanted, false);
            let (item, name) = append_item(31 - found.leading_zeros());
            let glue = self.data.text(&["append", item]).unwrap_or("{0} {1}");
            let name = self.data.text(&["field-names", name]).unwrap_or("");
            res = glue
                .replace("{0}", &res)
                .replace("{1}", &more)
                .replace("{2}", &format!("'{name}'"));
            missing = still_missing;
        }
        res
    }

    /// The entry's pattern with fields as wide as wanted.
    fn adjusted(&self, entry: &Entry, wanted: &Skeleton, with_fraction: bool) -> String {
        let mut res = tokens(&entry.pattern);
        for token in &mut res {
            let Token::Field(letter, width) = token else { continue };
            let Some((field, kind)) = field_of(*letter, *width) else { continue };
            if with_fraction && field == SECOND {
                let n_digits = wanted.fields[FRACTION].1;
                let text =
                    format!("{}{}{}", "s".repeat(*width), self.decimal, "S".repeat(n_digits));
                *token = Token::Text(text);
                continue;
            }
            let (wanted_letter, wanted_width) = wanted.fields[field];
            if wanted_width == 0 {
                continue;
            }
            let is_kept = match field {
                MINUTE | SECOND => true,
                HOUR if wanted.keeps_hours => true,
                _ if entry.is_specified && !matches!(wanted_letter, 'c' | 'e') => {
                    let own_width = entry.skeleton.fields[field].1;
                    let (is_number, wants_number) = (kind > 0, wanted.types[field] > 0);
                    own_width == wanted_width || is_number != wants_number
                }
                _ => false,
            };
            let width_now = if is_kept { *width } else { wanted_width };
            let mut letter_now = match field {
                HOUR | MONTH | WEEKDAY | YEAR => *letter,
                _ => wanted_letter,
            };
            if letter_now == 'E' && width_now < 3 {
                letter_now = 'e';
            }
            *token = Token::Field(letter_now, width_now);
        }
        if with_fraction {
            // The seconds with their fraction are not text, though kept as such.
            return res
                .iter()
                .map(|token| match token {
                    Token::Text(text) if text.starts_with('s') && text.ends_with('S') => {
                        text.clone()
                    }
                    other => untokenize(std::slice::from_ref(other)),
                })
                .collect();
        }
        untokenize(&res)
    }

    /// The locale's pattern of a style.
    pub(super) fn style(&self, table: &str, style: usize) -> &'static str {
        self.data.nth(&[table], style).unwrap_or("")
    }

    /// How a range is written whose first difference is in a field: the nearest
    /// interval format of the same fields, which may get a larger one more.
    pub(super) fn interval(&self, skeleton: &str, difference: char) -> Option<String> {
        let wanted = Skeleton::parse(skeleton);
        let intervals = self.data.entries(&["intervals"]);
        let (_, key, candidate) = intervals
            .keys()
            .filter_map(|key| {
                let candidate = Skeleton::parse(key);
                let (distance, missing, extra) = wanted.distance(&candidate, u32::MAX);
                (missing | extra == 0).then_some((distance, *key, candidate))
            })
            .min_by_key(|(distance, ..)| *distance)?;
        let find = |key: &str, field: char| {
            // Hours that count to 24 have no halves of the day.
            let hour = if skeleton.contains('H') { "H" } else { "h" };
            let names: &[&str] = match field {
                'a' => &["a", hour],
                'h' => &[hour],
                _ => &[&field.to_string()],
            };
            names.iter().find_map(|it| self.data.text(&["intervals", key, it]))
        };
        if let Some(pattern) = find(key, difference) {
            return Some(widened(pattern, &wanted, &candidate));
        }
        if !matches!(difference, 'G' | 'y' | 'M') || skeleton.contains(difference) {
            return None;
        }
        let pattern = find(&format!("{difference}{key}"), difference)?;
        Some(widened(pattern, &wanted, &candidate))
    }

    pub(super) fn interval_fallback(&self) -> &'static str {
        self.data.text(&["intervals", "intervalFormatFallback"]).unwrap_or("{0} – {1}")
    }
}

/// An interval pattern with fields as wide as wanted, where it has them as wide as
/// its name says.
fn widened(pattern: &str, wanted: &Skeleton, named: &Skeleton) -> String {
    let mut res = tokens(pattern);
    for token in &mut res {
        let Token::Field(letter, width) = token else { continue };
        let Some(field) = field_index(*letter) else { continue };
        let (wanted, named) = (wanted.fields[field].1, named.fields[field].1);
        if *width == named && wanted > named {
            *width = wanted;
        }
    }
    untokenize(&res)
}

/// CLDR's names of a field: for appending, and among the display names.
fn append_item(field: u32) -> (&'static str, &'static str) {
    match field as usize {
        ERA => ("Era", "era"),
        YEAR => ("Year", "year"),
        QUARTER => ("Quarter", "quarter"),
        MONTH => ("Month", "month"),
        WEEK | 5 => ("Week", "week"),
        WEEKDAY | 8 => ("Day-Of-Week", "weekday"),
        7 | DAY => ("Day", "day"),
        HOUR => ("Hour", "hour"),
        MINUTE => ("Minute", "minute"),
        SECOND | FRACTION => ("Second", "second"),
        DAY_PERIOD => ("Day-Of-Week", "dayperiod"),
        _ => ("Timezone", "zone"),
    }
}
