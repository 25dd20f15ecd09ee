//! Collator and Segmenter. Boundaries are ICU4X's. Order is CLDR's root order as
//! far as letters with marks, case, digits, signs and the tailorings of the Nordic
//! languages and Spanish go; it knows no contractions and no other tailoring.

use std::cmp::Ordering;

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_segmenter::{
    GraphemeClusterSegmenter, SentenceSegmenter, WordSegmenter,
    options::{SentenceBreakInvariantOptions, WordBreakInvariantOptions},
};
use serde::Deserialize;

use super::{Described, Refusal, locale::Locale};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CollatorRequest {
    usage: String,
    numeric: Option<bool>,
    case_first: Option<String>,
    sensitivity: String,
    ignore_punctuation: Option<bool>,
}

/// `Intl.Collator`.
#[derive(Debug)]
pub(super) struct Order {
    locale: Locale,
    effective: Vec<(&'static str, String)>,
    request: CollatorRequest,
    numeric: bool,
    case_first: String,
    ignores_punctuation: bool,
}

impl Order {
    pub(super) fn new(tags: &str, options: &str) -> Result<Order, Refusal> {
        let request: CollatorRequest = super::options(options)?;
        let locale = Locale::resolve(tags)?;
        let mut effective = Vec::new();
        let by_keyword = locale.keyword("kn").map(|it| it == "true");
        let numeric = request.numeric.or(by_keyword).unwrap_or(false);
        let kf = locale.keyword("kf").filter(|it| matches!(*it, "upper" | "lower" | "false"));
        let case_first = request.case_first.as_deref().or(kf).unwrap_or("false").to_owned();
        if kf == Some(case_first.as_str()) {
            effective.push(("kf", case_first.clone()));
        }
        if by_keyword == Some(numeric) {
            effective.push(("kn", numeric.to_string()));
        }
        let ignores_punctuation = request.ignore_punctuation.unwrap_or(locale.language == "th");
        Ok(Order { locale, effective, request, numeric, case_first, ignores_punctuation })
    }

    pub(super) fn resolved(&self) -> String {
        let mut res = Described::default();
        let keywords: Vec<(&str, &str)> =
            self.effective.iter().map(|(key, value)| (*key, value.as_str())).collect();
        res.put("locale", self.locale.with_keywords(&keywords));
        res.put("usage", self.request.usage.as_str());
        res.put("sensitivity", self.request.sensitivity.as_str());
        res.put("ignorePunctuation", self.ignores_punctuation);
        res.put("collation", "default");
        res.put("numeric", self.numeric);
        res.put("caseFirst", self.case_first.as_str());
        res.to_json()
    }

    pub(super) fn compare(&self, left: &str, right: &str) -> f64 {
        let (left, right) = (self.elements(left), self.elements(right));
        let primary = || self.primaries(&left).cmp(self.primaries(&right));
        let marks = || {
            left.iter()
                .map(|it| it.mark)
                .filter(|it| *it != 0)
                .cmp(right.iter().map(|it| it.mark).filter(|it| *it != 0))
                .then_with(|| left.iter().map(|it| it.mark).cmp(right.iter().map(|it| it.mark)))
        };
        let case = |is_upper_first: bool| {
            let order = left.iter().map(|it| it.case).cmp(right.iter().map(|it| it.case));
            if is_upper_first { order.reverse() } else { order }
        };
        let is_upper_first = self.case_first == "upper";
        let order = match self.request.sensitivity.as_str() {
            "base" => primary(),
            "accent" => primary().then_with(marks),
            "case" => primary().then_with(|| case(is_upper_first)),
            _ => primary().then_with(marks).then_with(|| case(is_upper_first)),
        };
        match order {
            Ordering::Less => -1.0,
            Ordering::Equal => 0.0,
            Ordering::Greater => 1.0,
        }
    }

    fn primaries<'a>(&'a self, elements: &'a [Element]) -> impl Iterator<Item = (u32, u32)> + 'a {
        elements.iter().map(|it| (it.group, it.primary)).filter(|it| *it != (0, 0))
    }

    /// What a text is compared by.
    fn elements(&self, text: &str) -> Vec<Element> {
        let composed = text.chars().map(|it| (it, self.tailored(it)));
        let mut res: Vec<Element> = Vec::with_capacity(text.len());
        let nfd = DecomposingNormalizerBorrowed::new_nfd();
        let mut buffer = [0; 4];
        for (char, tailored) in composed {
            if let Some(element) = tailored {
                res.push(element);
                continue;
            }
            for part in nfd.normalize(char.encode_utf8(&mut buffer)).chars() {
                match part {
                    '\u{300}'..='\u{36f}' => match res.last_mut() {
                        Some(last) => last.mark = last.mark * 128 + part as u32 - 0x2ff,
                        None => {
                            res.push(Element { mark: part as u32 - 0x2ff, ..Element::default() })
                        }
                    },
                    '\0'..='\u{8}'
                    | '\u{e}'..='\u{1f}'
                    | '\u{7f}'..='\u{9f}'
                    | '\u{200b}'..='\u{200f}'
                    | '\u{ad}' => {}
                    _ => self.push(&mut res, part),
                }
            }
        }
        res
    }

    fn push(&self, res: &mut Vec<Element>, char: char) {
        let punctuation = SIGNS.iter().position(|it| *it == char);
        if char.is_whitespace() || punctuation.is_some() {
            if !self.ignores_punctuation || punctuation.is_some_and(|it| it >= FIRST_SYMBOL) {
                let primary = punctuation.map_or(1, |it| it as u32 + 2);
                res.push(Element { group: 1, primary, ..Element::default() });
            }
        } else if let Some(digit) = char.to_digit(10) {
            match res.last_mut() {
                // "10" is one number, larger than "9".
                Some(last) if self.numeric && last.group == 3 => {
                    last.primary = last.primary.saturating_mul(10).saturating_add(digit);
                }
                _ => res.push(Element { group: 3, primary: digit, ..Element::default() }),
            }
        } else if char.is_alphabetic() {
            let mut own = [0; 4];
            let spelt = match letters(char) {
                "" => char.encode_utf8(&mut own),
                spelt => spelt,
            };
            for part in spelt.chars() {
                let lower = part.to_lowercase().next().unwrap_or(part);
                let case = u32::from(lower != part) + 2 * u32::from(is_katakana(part));
                // Between the letters is room for those of a language.
                let primary = folded(lower) as u32 * 4;
                res.push(Element { group: 4, primary, mark: u32::from(part != char), case });
            }
        } else {
            res.push(Element { group: 2, primary: char as u32, ..Element::default() });
        }
    }

    /// A letter that has a place of its own in the language.
    fn tailored(&self, char: char) -> Option<Element> {
        let lower = char.to_lowercase().next()?;
        let (after, place) = match (self.locale.language.as_str(), lower) {
            ("es", 'ñ') => ('n', 1),
            ("sv" | "fi", 'å') => ('z', 1),
            ("sv" | "fi", 'ä' | 'æ') => ('z', 2),
            ("sv" | "fi", 'ö' | 'ø') => ('z', 3),
            ("da" | "nb" | "no", 'æ' | 'ä') => ('z', 1),
            ("da" | "nb" | "no", 'ø' | 'ö') => ('z', 2),
            ("da" | "nb" | "no", 'å') => ('z', 3),
            ("tr", 'ç') => ('c', 1),
            ("tr", 'ğ') => ('g', 1),
            ("tr", 'ı') => ('h', 1),
            ("tr", 'ö') => ('o', 1),
            ("tr", 'ş') => ('s', 1),
            ("tr", 'ü') => ('u', 1),
            ("pl", 'ą') => ('a', 1),
            ("pl", 'ć') => ('c', 1),
            ("pl", 'ę') => ('e', 1),
            ("pl", 'ł') => ('l', 1),
            ("pl", 'ń') => ('n', 1),
            ("pl", 'ó') => ('o', 1),
            ("pl", 'ś') => ('s', 1),
            ("pl", 'ź') => ('z', 1),
            ("pl", 'ż') => ('z', 2),
            _ => return None,
        };
        let primary = after as u32 * 4 + place;
        Some(Element { group: 4, primary, mark: 0, case: u32::from(lower != char) })
    }
}

/// What one character weighs: its kind and place, its marks, its case.
#[derive(Clone, Copy, Debug, Default)]
struct Element {
    group: u32,
    primary: u32,
    mark: u32,
    case: u32,
}

/// The order of what is neither letter nor digit, below the letters.
const SIGNS: [char; 46] = [
    '_', '‿', '-', '–', '—', ',', ';', ':', '!', '¡', '?', '¿', '.', '…', '·', '\'', '‘', '’', '"',
    '“', '”', '«', '»', '(', ')', '[', ']', '{', '}', '§', '¶', '@', '*', '/', '\\', '&', '#', '%',
    '`', '^', '+', '<', '=', '>', '|', '~',
];
/// From here on they are symbols, which count even where punctuation does not.
const FIRST_SYMBOL: usize = 38;

/// Letters that sort as two.
fn letters(char: char) -> &'static str {
    match char {
        'ß' => "ss",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'ø' => "o",
        'Ø' => "O",
        'đ' => "d",
        'Đ' => "D",
        'ł' => "l",
        'Ł' => "L",
        'þ' => "th",
        _ => "",
    }
}

fn is_katakana(char: char) -> bool {
    ('\u{30a1}'..='\u{30f6}').contains(&char)
}

/// Katakana stand with their hiragana.
fn folded(char: char) -> char {
    if is_katakana(char) { char::from_u32(char as u32 - 0x60).unwrap_or(char) } else { char }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SegmenterRequest {
    granularity: String,
}

/// `Intl.Segmenter`.
#[derive(Debug)]
pub(super) struct Segments {
    locale: Locale,
    request: SegmenterRequest,
}

impl Segments {
    pub(super) fn new(tags: &str, options: &str) -> Result<Segments, Refusal> {
        Ok(Segments { locale: Locale::resolve(tags)?, request: super::options(options)? })
    }

    pub(super) fn resolved(&self) -> String {
        let mut res = Described::default();
        res.put("locale", self.locale.tag.as_str());
        res.put("granularity", self.request.granularity.as_str());
        res.to_json()
    }

    /// For each segment its end, in UTF-16 units, and whether it is a word.
    pub(super) fn of(&self, text: &str) -> String {
        let ends: Vec<(usize, bool)> = match self.request.granularity.as_str() {
            "word" => {
                WordSegmenter::new_for_non_complex_scripts(WordBreakInvariantOptions::default())
                    .segment_str(text)
                    .iter_with_word_type()
                    .map(|(end, kind)| (end, kind.is_word_like()))
                    .collect()
            }
            "sentence" => SentenceSegmenter::new(SentenceBreakInvariantOptions::default())
                .segment_str(text)
                .map(|end| (end, false))
                .collect(),
            _ => {
                GraphemeClusterSegmenter::new().segment_str(text).map(|end| (end, false)).collect()
            }
        };
        let (mut from, mut units) = (0, 0);
        let mut res: Vec<usize> = Vec::with_capacity(ends.len() * 2);
        for (end, is_word) in ends {
            if end == 0 {
                continue;
            }
            units += text[from..end].chars().map(char::len_utf16).sum::<usize>();
            from = end;
            res.extend([units, usize::from(is_word)]);
        }
        serde_json::to_string(&res).expect("numbers are plain data")
    }
}
