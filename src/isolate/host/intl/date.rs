//! DateTimeFormat: which pattern, and the fields of an instant written into it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Described, Part, Refusal,
    data::{Section, core},
    locale::Locale,
    number::{Figures, numbering},
    pattern::{Patterns, Token, field_index, tokens},
    shared,
    zone::{Moment, Naming, Zone},
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    calendar: Option<String>,
    numbering_system: Option<String>,
    hour12: Option<bool>,
    hour_cycle: Option<String>,
    time_zone: Option<String>,
    weekday: Option<String>,
    era: Option<String>,
    year: Option<String>,
    month: Option<String>,
    day: Option<String>,
    day_period: Option<String>,
    hour: Option<String>,
    minute: Option<String>,
    second: Option<String>,
    fractional_second_digits: Option<usize>,
    time_zone_name: Option<String>,
    date_style: Option<String>,
    time_style: Option<String>,
    /// Which fields must be among those asked for, and which come when none is:
    /// "date", "time", "any"; "date", "time", "all".
    required: String,
    defaults: String,
}

/// `Intl.DateTimeFormat`.
#[derive(Debug)]
pub(super) struct DateFormat {
    locale: Locale,
    effective: Vec<(&'static str, String)>,
    options: Options,
    calendar: &'static str,
    system: &'static str,
    figures: Figures,
    zone: Zone,
    /// One of "h11", "h12", "h23", "h24"; none without hours.
    hour_cycle: Option<&'static str>,
    pattern: Vec<Token>,
    skeleton: String,
    patterns: Patterns,
    names: Section,
    zone_names: Section,
    regions: Section,
}

/// An instant in a zone.
#[derive(Clone, Copy, Debug)]
struct Fields {
    ms: f64,
    year: i64,
    /// From 0.
    month: usize,
    day: i64,
    weekday: usize,
    hour: i64,
    minute: i64,
    second: i64,
    millisecond: i64,
    moment: Moment,
}

const STYLES: [&str; 4] = ["full", "long", "medium", "short"];

impl DateFormat {
    pub(super) fn new(tags: &str, options: &str) -> Result<DateFormat, Refusal> {
        let mut options: Options = super::options(options)?;
        let locale = Locale::resolve(tags)?;
        let (system, nu) = numbering(&locale, options.numbering_system.as_deref());
        let mut effective: Vec<(&'static str, String)> = Vec::new();
        let (calendar, is_keyword) = calendar(&locale, options.calendar.as_deref());
        if is_keyword {
            effective.push(("ca", calendar.to_owned()));
        }
        let zone = match &options.time_zone {
            None => Zone::local(),
            Some(name) => Zone::find(name)
                .filter(|_| name.is_ascii())
                .ok_or_else(|| Refusal::range(format!("Invalid time zone specified: {name}")))?,
        };
        add_defaults(&mut options);
        let has_hour = options.hour.is_some() || options.time_style.is_some();
        let (wanted_cycle, cycle_is_keyword) = hour_cycle(&locale, &options);
        let hour_cycle = has_hour.then_some(wanted_cycle);
        if has_hour && cycle_is_keyword {
            effective.push(("hc", wanted_cycle.to_owned()));
        }
        if let Some(nu) = nu {
            effective.push(("nu", nu));
        }

        let data = Section::of(locale.data, "num");
        let figures = Figures::new(&data, system);
        let patterns = Patterns::new(locale.data, figures.decimal());
        let letter = hour_letter(wanted_cycle);
        let pattern = if options.date_style.is_some() || options.time_style.is_some() {
            styled(&patterns, &options, letter)
        } else {
            patterns.best(&skeleton_of(&options, letter))
        };
        let mut pattern = tokens(&pattern);
        for token in &mut pattern {
            if let Token::Field(it @ ('h' | 'H' | 'k' | 'K'), _) = token {
                *it = letter;
            }
        }
        let skeleton = pattern
            .iter()
            .filter_map(|token| match token {
                Token::Field('L', width) => Some("M".repeat(*width)),
                Token::Field('c' | 'e', width) => Some("E".repeat(*width)),
                Token::Field(letter, width) => Some(letter.to_string().repeat(*width)),
                Token::Text(_) => None,
            })
            .collect();
        Ok(DateFormat {
            names: Section::of(locale.data, "date"),
            zone_names: Section::of(locale.data, "zone"),
            regions: Section::of(locale.data, "name"),
            locale,
            effective,
            options,
            calendar,
            system,
            figures,
            zone,
            hour_cycle,
            pattern,
            skeleton,
            patterns,
        })
    }

    pub(super) fn resolved(&self) -> String {
        let mut res = Described::default();
        let keywords: Vec<(&str, &str)> =
            self.effective.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let mut put = |name: &'static str, value: Value| {
            if !value.is_null() {
                res.put(name, value);
            }
        };
        put("locale", json!(self.locale.with_keywords(&keywords)));
        put("calendar", json!(self.calendar));
        put("numberingSystem", json!(self.system));
        put("timeZone", json!(self.zone.name));
        if let Some(cycle) = self.hour_cycle {
            put("hourCycle", json!(cycle));
            put("hour12", json!(matches!(cycle, "h11" | "h12")));
        }
        let is_styled = self.options.date_style.is_some() || self.options.time_style.is_some();
        if !is_styled {
            // What the pattern came to, not what was asked for.
            let width = |letters: &[char]| {
                self.pattern.iter().find_map(|it| match it {
                    Token::Field(letter, width) if letters.contains(letter) => Some(*width),
                    _ => None,
                })
            };
            let name = |width: Option<usize>| match width {
                None => Value::Null,
                Some(4) => json!("long"),
                Some(5) => json!("narrow"),
                Some(_) => json!("short"),
            };
            let number = |width: Option<usize>| match width {
                None => Value::Null,
                Some(2) => json!("2-digit"),
                Some(_) => json!("numeric"),
            };
            put("weekday", name(width(&['E', 'c', 'e'])));
            put("era", name(width(&['G'])));
            put("year", number(width(&['y'])));
            let month = width(&['M', 'L']);
            put("month", if month.is_some_and(|it| it > 2) { name(month) } else { number(month) });
            put("day", number(width(&['d'])));
            put(
                "dayPeriod",
                json!(self.options.day_period.as_ref().filter(|_| width(&['B']).is_some())),
            );
            put("hour", number(width(&['h', 'H', 'k', 'K'])));
            put("minute", number(width(&['m'])));
            put("second", number(width(&['s'])));
            put("fractionalSecondDigits", json!(width(&['S'])));
            put("timeZoneName", json!(self.options.time_zone_name));
        }
        put("dateStyle", json!(self.options.date_style));
        put("timeStyle", json!(self.options.time_style));
        res.to_json()
    }

    pub(super) fn parts(&self, ms: f64) -> Vec<Part> {
        self.written(&self.pattern, &self.fields(ms), "")
    }

    fn fields(&self, ms: f64) -> Fields {
        let moment = self.zone.at(ms);
        let local = ms + f64::from(moment.offset_seconds) * 1000.0;
        let days = (local / 86_400_000.0).floor();
        let rest = (local - days * 86_400_000.0) as i64;
        let (year, month, day) = civil(days as i64);
        Fields {
            ms,
            year,
            month: month - 1,
            day,
            weekday: (days as i64 + 4).rem_euclid(7) as usize,
            hour: rest / 3_600_000,
            minute: rest / 60_000 % 60,
            second: rest / 1000 % 60,
            millisecond: rest % 1000,
            moment,
        }
    }

    fn written(&self, pattern: &[Token], at: &Fields, source: &'static str) -> Vec<Part> {
        let mut res: Vec<Part> = Vec::with_capacity(pattern.len());
        for token in pattern {
            let (kind, value) = match token {
                Token::Text(text) => ("literal", text.clone()),
                Token::Field(letter, width) => self.field(*letter, *width, at),
            };
            match res.last_mut() {
                Some(last) if last.kind == "literal" && kind == "literal" => {
                    last.value.push_str(&value)
                }
                _ => res.push(Part { source, ..Part::new(kind, value) }),
            }
        }
        res
    }

    fn field(&self, letter: char, width: usize, at: &Fields) -> (&'static str, String) {
        let number = |value: i64| {
            let ascii = if width == 2 { format!("{value:02}") } else { value.to_string() };
            self.figures.digits(&ascii)
        };
        let name = |table: &str, width: usize, idx: usize| {
            let width = [
                "abbreviated",
                "abbreviated",
                "abbreviated",
                "abbreviated",
                "wide",
                "narrow",
                "short",
            ][width.min(6)];
            self.names.nth(&[table, width], idx).unwrap_or("").to_owned()
        };
        let year = if self.calendar == "buddhist" { at.year + 543 } else { at.year };
        let of_era = if year <= 0 { 1 - year } else { year };
        match letter {
            'G' if self.calendar == "buddhist" => ("era", "BE".to_owned()),
            'G' => ("era", name("eras", width, usize::from(year > 0))),
            'y' if width == 2 => ("year", number(of_era % 100)),
            'y' | 'u' => ("year", number(of_era)),
            'M' if width > 2 => ("month", name("months", width, at.month)),
            'L' if width > 2 => ("month", name("months-alone", width, at.month)),
            'M' | 'L' => ("month", number(at.month as i64 + 1)),
            'd' => ("day", number(at.day)),
            'E' | 'e' => ("weekday", name("days", width, at.weekday)),
            'c' => ("weekday", name("days-alone", width, at.weekday)),
            'a' | 'b' => ("dayPeriod", self.period(if at.hour < 12 { "am" } else { "pm" }, width)),
            'B' => ("dayPeriod", self.flexible_period(at, width)),
            'H' => ("hour", number(at.hour)),
            'k' => ("hour", number(if at.hour == 0 { 24 } else { at.hour })),
            'K' => ("hour", number(at.hour % 12)),
            'h' => ("hour", number(if at.hour % 12 == 0 { 12 } else { at.hour % 12 })),
            'm' => ("minute", number(at.minute)),
            's' => ("second", number(at.second)),
            'S' => {
                let text = format!("{:03}", at.millisecond);
                ("fractionalSecond", self.figures.digits(&text[..width.min(3)]))
            }
            _ => {
                let naming = match (letter, width) {
                    ('O', 4) => Naming::LongOffset,
                    ('O', _) => Naming::ShortOffset,
                    ('v', 4) => Naming::Long { is_generic: true },
                    ('v', _) => Naming::Short { is_generic: true },
                    (_, 4) => Naming::Long { is_generic: false },
                    _ => Naming::Short { is_generic: false },
                };
                let name =
                    self.zone.display(at.ms, at.moment, naming, &self.zone_names, &self.regions);
                let in_digits = |char: char| match char {
                    '0'..='9' => self.figures.digits(&char.to_string()),
                    other => other.to_string(),
                };
                ("timeZoneName", name.chars().map(in_digits).collect())
            }
        }
    }

    fn period(&self, name: &str, width: usize) -> String {
        let width = match width {
            4 => "wide",
            5 => "narrow",
            _ => "abbreviated",
        };
        self.names.text(&["periods", width, name]).unwrap_or("").to_owned()
    }

    /// "in the morning": by the rules of the language.
    fn flexible_period(&self, at: &Fields, width: usize) -> String {
        let rules = core()["periods"][&self.locale.language].as_array();
        let has_minutes = self.skeleton.contains('m');
        let is_exact = at.minute == 0 && at.second == 0 || !has_minutes;
        let found = rules.into_iter().flatten().find_map(|rule| {
            let (name, from, to) = (rule[0].as_str()?, rule[1].as_i64()?, rule[2].as_i64()?);
            let holds = match from.cmp(&to) {
                std::cmp::Ordering::Equal => name == "noon" && at.hour == from && is_exact,
                std::cmp::Ordering::Less => from <= at.hour && at.hour < to,
                std::cmp::Ordering::Greater => at.hour >= from || at.hour < to,
            };
            (holds && from != to).then_some(name)
        });
        let is_noon = at.hour == 12
            && is_exact
            && rules.into_iter().flatten().any(|rule| rule[0].as_str() == Some("noon"));
        let name = if is_noon { Some("noon") } else { found };
        let text = name.map(|it| self.period(it, width)).unwrap_or_default();
        if text.is_empty() {
            self.period(if at.hour < 12 { "am" } else { "pm" }, width)
        } else {
            text
        }
    }

    /// `formatRange`: what both ends share is written once, where the locale has a
    /// way to say that. One instant where the format shows no difference.
    pub(super) fn range_parts(&self, start: f64, end: f64) -> Vec<Part> {
        let (from, to) = (self.fields(start), self.fields(end));
        let way = difference(&from, &to).map_or(Way::Single, |it| self.way(it));
        match way {
            Way::Single => self.written(&self.pattern, &from, "shared"),
            Way::Whole(pattern) => self.both(&self.tokens(&pattern), &from, &to),
            Way::Interval(pattern) => self.halves(&self.tokens(&pattern), &from, &to),
            Way::Times { date, times } => {
                let date = self.written(&self.tokens(&date), &from, "shared");
                let times = match times {
                    Ends::Interval(times) => self.halves(&self.tokens(&times), &from, &to),
                    Ends::Whole(time) => self.both(&self.tokens(&time), &from, &to),
                };
                shared(super::number::filled(self.patterns.glue_of_range(), |slot, res| {
                    res.extend(if slot == '1' { date.clone() } else { times.clone() });
                }))
            }
        }
    }

    /// How a range is written whose ends differ in `difference` first. What a locale
    /// has for it, and what stands in where it has nothing, is ICU's choice.
    fn way(&self, difference: char) -> Way {
        let (time, date): (String, String) =
            self.skeleton.chars().partition(|it| is_time_letter(*it));
        let (dates, times) = (normalized(&date), normalized(&time));
        let is_ignored = || is_ignored(&self.skeleton, difference);
        let whole = |skeleton: &str| Way::Whole(self.patterns.best_range(skeleton));
        let is_date_difference = matches!(difference, 'G' | 'y' | 'M' | 'd');
        match (is_date_difference, dates.is_empty(), times.is_empty()) {
            (_, _, true) => match self.patterns.interval(&dates, difference) {
                Some(pattern) => Way::Interval(pattern),
                None if is_ignored() => Way::Single,
                None => whole(&self.skeleton),
            },
            (true, true, false) => whole(&format!("yMd{time}")),
            (true, false, false) => {
                // The fields up to the one that differs have to be there.
                let mut skeleton = self.skeleton.clone();
                for letter in ['d', 'M', 'y'] {
                    if !date.contains(letter) {
                        skeleton.insert(0, letter);
                    }
                    if letter == difference {
                        break;
                    }
                }
                whole(&skeleton)
            }
            (false, is_time_only, false) => {
                let ends = match self.patterns.interval(&times, difference) {
                    Some(pattern) => Ends::Interval(pattern),
                    None if is_ignored() => return Way::Single,
                    None => Ends::Whole(self.patterns.best_range(&time)),
                };
                match (is_time_only, ends) {
                    (true, Ends::Interval(times)) => Way::Interval(times),
                    (true, Ends::Whole(time)) => Way::Whole(time),
                    (false, times) => Way::Times { date: self.patterns.best_range(&date), times },
                }
            }
        }
    }

    /// With the hours counted as this format does.
    fn tokens(&self, pattern: &str) -> Vec<Token> {
        let mut res = tokens(pattern);
        for token in &mut res {
            if let (Token::Field(it @ ('h' | 'H' | 'k' | 'K'), _), Some(cycle)) =
                (token, self.hour_cycle)
            {
                *it = hour_letter(cycle);
            }
        }
        res
    }

    /// Both ends in full.
    fn both(&self, pattern: &[Token], from: &Fields, to: &Fields) -> Vec<Part> {
        shared(super::number::filled(self.patterns.interval_fallback(), |slot, res| {
            let (at, source) = if slot == '0' { (from, "startRange") } else { (to, "endRange") };
            res.extend(self.written(pattern, at, source));
        }))
    }

    /// The pattern of a range repeats a field where its second half begins.
    fn halves(&self, tokens: &[Token], from: &Fields, to: &Fields) -> Vec<Part> {
        let mut seen = Vec::new();
        let mut split = tokens.len();
        for (idx, token) in tokens.iter().enumerate() {
            let Token::Field(letter, _) = token else { continue };
            let field = field_index(*letter);
            if seen.contains(&field) {
                split = idx;
                break;
            }
            seen.push(field);
        }
        let repeated = |token: &Token, others: &[Token]| {
            match token {
            Token::Field(letter, _) => others.iter().any(|it| {
                matches!(it, Token::Field(other, _) if field_index(*other) == field_index(*letter))
            }),
            Token::Text(_) => false,
        }
        };
        let (first, second) = tokens.split_at(split);
        let mut res = Vec::new();
        // A text between two fields of the same end belongs to that end.
        let first_last = first.iter().rposition(|it| repeated(it, second)).unwrap_or(0);
        let first_from = first.iter().position(|it| repeated(it, second)).unwrap_or(0);
        for (idx, token) in first.iter().enumerate() {
            let source =
                if (first_from..=first_last).contains(&idx) { "startRange" } else { "shared" };
            res.extend(self.written(std::slice::from_ref(token), from, source));
        }
        let second_last = second.iter().rposition(|it| repeated(it, first)).unwrap_or(0);
        for (idx, token) in second.iter().enumerate() {
            let source = if idx <= second_last { "endRange" } else { "shared" };
            res.extend(self.written(std::slice::from_ref(token), to, source));
        }
        res
    }
}

/// How `formatRange` writes a range.
enum Way {
    /// As one instant.
    Single,
    /// Both ends by this pattern.
    Whole(String),
    /// By a pattern that has fields of both ends.
    Interval(String),
    /// One date, two times.
    Times { date: String, times: Ends },
}

enum Ends {
    Whole(String),
    Interval(String),
}

/// The largest field that differs.
fn difference(from: &Fields, to: &Fields) -> Option<char> {
    let fields = [
        ('G', (from.year > 0) != (to.year > 0)),
        ('y', from.year != to.year),
        ('M', from.month != to.month),
        ('d', from.day != to.day),
        ('a', from.hour / 12 != to.hour / 12),
        ('h', from.hour != to.hour),
        ('m', from.minute != to.minute),
        ('s', from.second != to.second),
    ];
    fields.iter().find(|(_, differs)| *differs).map(|(letter, _)| *letter)
}

/// Whether a format with these fields cannot show a difference in that one.
fn is_ignored(skeleton: &str, difference: char) -> bool {
    let rank = |letter: char| match letter {
        'G' => 0,
        'y' => 1,
        'M' | 'Q' => 2,
        'd' | 'E' => 3,
        'a' | 'B' => 4,
        'h' | 'H' | 'k' | 'K' => 5,
        'm' => 6,
        's' => 7,
        'S' => 8,
        _ => 0,
    };
    skeleton.chars().map(rank).max().unwrap_or(0) < rank(difference)
}

/// Fields as wide as the names of interval formats have them.
fn normalized(skeleton: &str) -> String {
    let mut res = String::new();
    for token in tokens(skeleton) {
        let Token::Field(letter, width) = token else { continue };
        let (letter, width) = match letter {
            'M' if width < 3 => ('M', 1),
            'E' if width <= 3 => ('E', 1),
            'a' | 'b' => continue,
            'd' | 'm' => (letter, 1),
            'h' | 'K' => ('h', 1),
            'H' | 'k' => ('H', 1),
            'z' | 'O' => ('v', 1),
            _ => (letter, width),
        };
        res.extend(std::iter::repeat_n(letter, width));
    }
    res
}

fn is_time_letter(letter: char) -> bool {
    matches!(letter, 'a' | 'b' | 'B' | 'h' | 'H' | 'k' | 'K' | 'm' | 's' | 'S' | 'z' | 'v' | 'O')
}

/// Year, month and day of a day since 1970-01-01 (Howard Hinnant's algorithm).
fn civil(days: i64) -> (i64, usize, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as usize, day)
}

/// The calendar, and whether a keyword chose it. Others than these count as not
/// supported, so the locale's own is used.
fn calendar(locale: &Locale, option: Option<&str>) -> (&'static str, bool) {
    let known = |name: &str| match name {
        "gregory" => Some("gregory"),
        "iso8601" => Some("iso8601"),
        "buddhist" => Some("buddhist"),
        _ => None,
    };
    let default = if locale.language == "th" { "buddhist" } else { "gregory" };
    let keyword = locale.keyword("ca").and_then(known);
    match (option.and_then(known), keyword) {
        (Some(wanted), keyword) => (wanted, keyword == Some(wanted)),
        (None, Some(keyword)) => (keyword, true),
        (None, None) => (default, false),
    }
}

/// The hour cycle, and whether a keyword chose it.
fn hour_cycle(locale: &Locale, options: &Options) -> (&'static str, bool) {
    let known = |name: &str| ["h11", "h12", "h23", "h24"].into_iter().find(|it| *it == name);
    let default = match locale.by_region(&core()["hours"])[0].as_str() {
        Some("H") => "h23",
        Some("K") => "h11",
        Some("k") => "h24",
        _ => "h12",
    };
    let from_zero = matches!(default, "h11" | "h23");
    // Node 20's reading of `hour12`, as is.
    match (options.hour12, from_zero) {
        (Some(true), true) => return ("h11", false),
        (Some(true), false) => return ("h12", false),
        (Some(false), true) => return ("h23", false),
        (Some(false), false) => return ("h24", false),
        (None, _) => {}
    }
    let keyword = locale.keyword("hc").and_then(known);
    match (options.hour_cycle.as_deref().and_then(known), keyword) {
        (Some(wanted), keyword) => (wanted, keyword == Some(wanted)),
        (None, Some(keyword)) => (keyword, true),
        (None, None) => (default, false),
    }
}

fn hour_letter(cycle: &str) -> char {
    match cycle {
        "h11" => 'K',
        "h12" => 'h',
        "h24" => 'k',
        _ => 'H',
    }
}

/// When no field of the required kind was asked for, the default ones are.
fn add_defaults(options: &mut Options) {
    let has_date = options.weekday.is_some()
        || options.year.is_some()
        || options.month.is_some()
        || options.day.is_some();
    let has_time = options.day_period.is_some()
        || options.hour.is_some()
        || options.minute.is_some()
        || options.second.is_some()
        || options.fractional_second_digits.is_some();
    let is_given = match options.required.as_str() {
        "date" => has_date,
        "time" => has_time,
        _ => has_date || has_time,
    };
    if is_given || options.date_style.is_some() || options.time_style.is_some() {
        return;
    }
    let numeric = || Some("numeric".to_owned());
    if matches!(options.defaults.as_str(), "date" | "all") {
        (options.year, options.month, options.day) = (numeric(), numeric(), numeric());
    }
    if matches!(options.defaults.as_str(), "time" | "all") {
        (options.hour, options.minute, options.second) = (numeric(), numeric(), numeric());
    }
}

fn skeleton_of(options: &Options, hour: char) -> String {
    let mut res = String::new();
    let mut put = |option: &Option<String>, letter: &str, short: usize| {
        let width = match option.as_deref() {
            None => 0,
            Some("numeric") => 1,
            Some("2-digit") => 2,
            Some("short") => short,
            Some("long") => 4,
            Some(_) => 5,
        };
        res.push_str(&letter.repeat(width));
    };
    put(&options.weekday, "E", 3);
    put(&options.era, "G", 3);
    put(&options.year, "y", 3);
    put(&options.month, "M", 3);
    put(&options.day, "d", 3);
    put(&options.day_period, "B", 1);
    put(&options.hour, &hour.to_string(), 1);
    put(&options.minute, "m", 1);
    put(&options.second, "s", 1);
    res.push_str(&"S".repeat(options.fractional_second_digits.unwrap_or(0)));
    res.push_str(match options.time_zone_name.as_deref() {
        None => "",
        Some("long") => "zzzz",
        Some("shortOffset") => "O",
        Some("longOffset") => "OOOO",
        Some("shortGeneric") => "v",
        Some("longGeneric") => "vvvv",
        Some(_) => "z",
    });
    res
}

/// `dateStyle` and `timeStyle`.
fn styled(patterns: &Patterns, options: &Options, hour: char) -> String {
    let index = |style: &Option<String>| {
        style.as_deref().and_then(|it| STYLES.iter().position(|other| *other == it))
    };
    let date = index(&options.date_style).map(|style| (style, patterns.style("date", style)));
    let time = index(&options.time_style).map(|style| patterns.style("time", style));
    let pattern = match (date, time) {
        (Some((style, date)), Some(time)) => patterns.glued(style, date, time),
        (Some((_, date)), None) => date.to_owned(),
        (None, time) => time.unwrap_or_default().to_owned(),
    };
    let parsed = tokens(&pattern);
    let is_other_cycle = parsed.iter().any(
        |it| matches!(it, Token::Field(letter @ ('h' | 'H' | 'k' | 'K'), _) if *letter != hour),
    );
    if !is_other_cycle {
        return pattern;
    }
    // Not the locale's own hour cycle: as if the fields had been asked for.
    let skeleton: String = parsed
        .into_iter()
        .filter_map(|token| match token {
            Token::Field('h' | 'H' | 'k' | 'K', width) => Some(hour.to_string().repeat(width)),
            Token::Field('a' | 'b' | 'B', _) | Token::Text(_) => None,
            Token::Field(letter, width) => Some(letter.to_string().repeat(width)),
        })
        .collect();
    patterns.best(&skeleton)
}

/// The name that `Date.prototype.toString` puts behind the offset, and the offset
/// in minutes.
pub(super) fn local_zone_name(ms: f64) -> String {
    let zone = Zone::local();
    let locale = Locale::default();
    let (names, regions) = (Section::of(locale.data, "zone"), Section::of(locale.data, "name"));
    zone.display(ms, zone.at(ms), Naming::Long { is_generic: false }, &names, &regions)
}
