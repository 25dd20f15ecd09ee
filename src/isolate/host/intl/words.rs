//! RelativeTimeFormat, ListFormat and DisplayNames: patterns and names out of the
//! data, with little to decide.

use serde::Deserialize;

use super::{
    Described, MAX_NAME_BYTES, Part, Refusal,
    data::Section,
    decimal::{Decimal, Number},
    locale::{self, Locale},
    number::{Plain, filled, numbering},
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RelativeOptions {
    numbering_system: Option<String>,
    style: String,
    numeric: String,
}

/// `Intl.RelativeTimeFormat`.
#[derive(Debug)]
pub(super) struct RelativeFormat {
    locale: Locale,
    keyword: Option<String>,
    options: RelativeOptions,
    fields: Section,
    number: Plain,
}

impl RelativeFormat {
    pub(super) fn new(tags: &str, options: &str) -> Result<RelativeFormat, Refusal> {
        let options: RelativeOptions = super::options(options)?;
        let locale = Locale::resolve(tags)?;
        let (system, keyword) = numbering(&locale, options.numbering_system.as_deref());
        Ok(RelativeFormat {
            fields: Section::of(locale.data, "field"),
            number: Plain::new(&locale.tag, system)?,
            locale,
            keyword,
            options,
        })
    }

    pub(super) fn resolved(&self) -> String {
        let mut res = Described::default();
        let keyword = self.keyword.as_deref().map(|it| ("nu", it));
        res.put("locale", self.locale.with_keywords(keyword.as_slice()));
        res.put("style", self.options.style.as_str());
        res.put("numeric", self.options.numeric.as_str());
        res.put("numberingSystem", self.number.system());
        res.to_json()
    }

    /// `unit` is singular.
    pub(super) fn parts(&self, value: f64, unit: &str) -> Vec<Part> {
        let style = self.options.style.as_str();
        if self.options.numeric == "auto" {
            // "yesterday", "next year"; 0 has one word, -0 too.
            let key = if value == 0.0 { "0".to_owned() } else { value.to_string() };
            if let Some(word) = self.fields.text(&[style, unit, &key]) {
                return vec![Part::new("literal", word)];
            }
        }
        let direction = if value.is_sign_negative() { "past" } else { "future" };
        let number = match Number::from_f64(value.abs()) {
            Number::Finite(number) => number,
            Number::NaN | Number::Infinity { .. } => Decimal::default(),
        };
        let (number, form) = self.number.write(&number);
        let pattern = self
            .fields
            .text(&[style, unit, direction, form])
            .or_else(|| self.fields.text(&[style, unit, direction, "other"]))
            .unwrap_or("{0}");
        if !pattern.contains("{0}") {
            return vec![Part::new("literal", pattern)];
        }
        filled(pattern, |_, res| {
            res.extend(number.iter().map(|it| Part { unit: unit.to_owned(), ..it.clone() }));
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListOptions {
    #[serde(rename = "type")]
    kind: String,
    style: String,
}

/// `Intl.ListFormat`.
#[derive(Debug)]
pub(super) struct ListFormat {
    locale: Locale,
    options: ListOptions,
    /// For two, at the start, in the middle, at the end.
    patterns: [&'static str; 4],
}

impl ListFormat {
    pub(super) fn new(tags: &str, options: &str) -> Result<ListFormat, Refusal> {
        let options: ListOptions = super::options(options)?;
        let locale = Locale::resolve(tags)?;
        let kind = match options.kind.as_str() {
            "conjunction" => "standard",
            "disjunction" => "or",
            other => other,
        };
        let key = match options.style.as_str() {
            "long" => kind.to_owned(),
            style => format!("{kind}-{style}"),
        };
        let data = Section::of(locale.data, "list");
        let patterns = std::array::from_fn(|idx| data.nth(&[&key], idx).unwrap_or("{0}, {1}"));
        Ok(ListFormat { locale, options, patterns })
    }

    pub(super) fn resolved(&self) -> String {
        let mut res = Described::default();
        res.put("locale", self.locale.tag.as_str());
        res.put("type", self.options.kind.as_str());
        res.put("style", self.options.style.as_str());
        res.to_json()
    }

    /// For two items, at the start, in the middle and at the end: what stands before
    /// the first of them, between them, and behind the second. The items themselves
    /// stay in the isolate. Spanish says "e" for "y" and "u" for "o" before the same
    /// sound, so there what stands between them then follows.
    pub(super) fn patterns(&self) -> String {
        let cut = |pattern: &str| -> Vec<String> {
            let (before, rest) = pattern.split_once("{0}").unwrap_or(("", pattern));
            let (between, behind) = rest.split_once("{1}").unwrap_or((rest, ""));
            let mut res = vec![before, between, behind];
            let (and, or) = (between.replace(" y ", " e "), between.replace(" o ", " u "));
            if self.locale.language == "es" {
                res.extend([and.as_str(), or.as_str()]);
            }
            res.into_iter().map(str::to_owned).collect()
        };
        serde_json::to_string(&self.patterns.map(cut)).expect("texts are plain data")
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NameOptions {
    style: String,
    #[serde(rename = "type")]
    kind: String,
    fallback: String,
    language_display: String,
}

/// `Intl.DisplayNames`.
#[derive(Debug)]
pub(super) struct Names {
    locale: Locale,
    options: NameOptions,
    data: Section,
}

impl Names {
    pub(super) fn new(tags: &str, options: &str) -> Result<Names, Refusal> {
        let options: NameOptions = super::options(options)?;
        let locale = Locale::resolve(tags)?;
        Ok(Names { data: Section::of(locale.data, "name"), locale, options })
    }

    pub(super) fn resolved(&self) -> String {
        let mut res = Described::default();
        res.put("locale", self.locale.tag.as_str());
        res.put("style", self.options.style.as_str());
        res.put("type", self.options.kind.as_str());
        res.put("fallback", self.options.fallback.as_str());
        if self.options.kind == "language" {
            res.put("languageDisplay", self.options.language_display.as_str());
        }
        res.to_json()
    }

    /// None where there is no name, and none is to stand in for it.
    pub(super) fn of(&self, code: &str) -> Result<Option<String>, Refusal> {
        let invalid = || Refusal::range("invalid_argument".to_owned());
        if code.len() > MAX_NAME_BYTES {
            return Err(invalid());
        }
        let is_alphabetic =
            |len: usize| code.len() == len && code.bytes().all(|it| it.is_ascii_alphabetic());
        let (code, name) = match self.options.kind.as_str() {
            "language" => {
                let code = locale::canonical(code).map_err(|_| invalid())?;
                let name = self.language(&code);
                (code, name)
            }
            "region" => {
                let is_number = code.len() == 3 && code.bytes().all(|it| it.is_ascii_digit());
                if !is_alphabetic(2) && !is_number {
                    return Err(invalid());
                }
                let name = self.name("regions", &code.to_ascii_uppercase());
                (code.to_owned(), name.map(str::to_owned))
            }
            "script" => {
                if !is_alphabetic(4) {
                    return Err(invalid());
                }
                let key = code[..1].to_ascii_uppercase() + &code[1..].to_ascii_lowercase();
                (code.to_owned(), self.data.text(&["scripts", &key]).map(str::to_owned))
            }
            "currency" => {
                if !is_alphabetic(3) {
                    return Err(invalid());
                }
                let names = Section::of(self.locale.data, "cur");
                let name = names.nth(&[&code.to_ascii_uppercase()], 2);
                (code.to_owned(), name.map(str::to_owned))
            }
            "calendar" => {
                let key = if code == "gregory" { "gregorian" } else { code };
                let name = self.data.text(&["calendars", key]).map(str::to_owned);
                (code.to_owned(), name)
            }
            _ => {
                let key = match code {
                    "weekOfYear" => "week",
                    "dayPeriod" => "dayperiod",
                    "timeZoneName" => "zone",
                    "era" | "year" | "quarter" | "month" | "weekday" | "day" | "hour"
                    | "minute" | "second" => code,
                    _ => return Err(invalid()),
                };
                let key = match self.options.style.as_str() {
                    "long" => key.to_owned(),
                    style => format!("{key}-{style}"),
                };
                (code.to_owned(), self.data.text(&["fields", &key]).map(str::to_owned))
            }
        };
        Ok(name.or_else(|| (self.options.fallback == "code").then_some(code)))
    }

    /// "UK" for "United Kingdom", where a short name is wanted and there is one.
    fn name(&self, table: &str, key: &str) -> Option<&'static str> {
        let short = match self.options.style.as_str() {
            "long" => None,
            _ => self.data.text(&["short", table, key]),
        };
        short.or_else(|| self.data.text(&[table, key]))
    }

    /// "American English", or "English (United States)".
    fn language(&self, code: &str) -> Option<String> {
        let is_dialect = self.options.language_display == "dialect";
        if is_dialect && let Some(name) = self.name("languages", code) {
            return Some(name.to_owned());
        }
        let mut subtags = code.split('-');
        let name = self.name("languages", subtags.next()?)?;
        let rest: Vec<&str> = subtags.collect();
        if rest.is_empty() {
            return Some(name.to_owned());
        }
        let separator = self.data.text(&["separator"]).unwrap_or("{0}, {1}");
        let details = rest
            .iter()
            .map(|it| {
                let table = if it.len() == 4 { "scripts" } else { "regions" };
                self.name(table, it).unwrap_or(it).to_owned()
            })
            .reduce(|all, next| separator.replace("{0}", &all).replace("{1}", &next))?;
        let pattern = self.data.text(&["pattern"]).unwrap_or("{0} ({1})");
        Some(pattern.replace("{0}", name).replace("{1}", &details))
    }
}
