//! Collator and Segmenter: ECMA-402's options put into ICU4X's words. Order and
//! boundaries are ICU4X's; it has no tailorings for `usage: "search"`.

use std::cmp::Ordering;

use icu_collator::{
    CollatorBorrowed, CollatorPreferences,
    options::{AlternateHandling, CaseLevel, CollatorOptions, Strength},
    preferences::{CollationCaseFirst, CollationNumericOrdering, CollationType},
};
use icu_locale::extensions::unicode::Value;
use icu_segmenter::{
    GraphemeClusterSegmenter, SentenceSegmenter, WordSegmenter,
    options::{SentenceBreakInvariantOptions, WordBreakInvariantOptions},
};
use serde::Deserialize;

use super::{Described, Refusal, locale::Locale};
use crate::isolate::guard;

/// What is compared in one go: about a millisecond for two halves of it that differ
/// only in case.
const COMPARED_BYTES: usize = 64 << 10;
/// What the collator may see of what two texts have in common: it goes back from the
/// first difference over contractions, digits and combining marks.
const HEAD_BYTES: usize = 1 << 10;
/// What is found to be the same between two looks at whether the run is over.
const SAME_BYTES: usize = 16 << 10;
/// Sort before and behind every letter (UTS #35, "Collation": U+FFFE and U+FFFF).
const LOWEST: char = '\u{fffe}';
const HIGHEST: char = '\u{ffff}';
/// Segmented between two looks at whether the run is over.
const PIECE_BYTES: usize = 16 << 10;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CollatorRequest {
    usage: String,
    collation: Option<String>,
    numeric: Option<bool>,
    case_first: Option<String>,
    sensitivity: String,
    ignore_punctuation: Option<bool>,
}

/// `Intl.Collator`.
#[derive(Debug)]
pub(super) struct Order {
    locale: Locale,
    /// The keywords of the tag that are understood.
    effective: Vec<(&'static str, String)>,
    request: CollatorRequest,
    /// Other than the language's own.
    collation: Option<String>,
    numeric: bool,
    ignores_punctuation: bool,
    collator: CollatorBorrowed<'static>,
    /// The same, blind to accents and case.
    letters: CollatorBorrowed<'static>,
}

impl Order {
    pub(super) fn new(tags: &str, options: &str) -> Result<Order, Refusal> {
        let request: CollatorRequest = super::options(options)?;
        let locale = Locale::resolve(tags)?;
        let known = |it: &&str| locale.collations().contains(it);
        let co = locale.keyword("co").filter(known);
        let collation = request.collation.as_deref().filter(known).or(co);
        // What a language is sorted by anyway has no name.
        let named = collation.filter(|it| *it != locale.own_collation()).map(str::to_owned);
        let kf = locale.keyword("kf").filter(|it| matches!(*it, "upper" | "lower" | "false"));
        let case_first = request.case_first.as_deref().or(kf);
        let kn = locale.keyword("kn").map(|it| it == "true");
        let numeric = request.numeric.or(kn).unwrap_or(false);

        let is_search = request.usage == "search";
        // The last two stay in the tag even where an option says otherwise.
        let shown = named.as_deref().or(co).filter(|_| !is_search);
        let mut effective = Vec::new();
        effective.extend(shown.map(|it| ("co", it.to_owned())));
        effective.extend(kf.map(|it| ("kf", it.to_owned())));
        effective.extend(kn.map(|it| ("kn", it.to_string())));

        let mut preferences = CollatorPreferences::from(&locale.id);
        preferences.collation_type = collation
            .filter(|_| !is_search)
            .and_then(|it| CollationType::try_from(&it.parse::<Value>().ok()?).ok());
        preferences.case_first = case_first.map(|it| match it {
            "upper" => CollationCaseFirst::Upper,
            "lower" => CollationCaseFirst::Lower,
            _ => CollationCaseFirst::False,
        });
        preferences.numeric_ordering = Some(match numeric {
            true => CollationNumericOrdering::True,
            false => CollationNumericOrdering::False,
        });
        let mut options = CollatorOptions::default();
        (options.strength, options.case_level) = match request.sensitivity.as_str() {
            "base" => (Some(Strength::Primary), Some(CaseLevel::Off)),
            "accent" => (Some(Strength::Secondary), Some(CaseLevel::Off)),
            "case" => (Some(Strength::Primary), Some(CaseLevel::On)),
            _ => (Some(Strength::Tertiary), None),
        };
        options.alternate_handling = request.ignore_punctuation.map(|it| match it {
            true => AlternateHandling::Shifted,
            false => AlternateHandling::NonIgnorable,
        });
        let collator = |options| {
            CollatorBorrowed::try_new(preferences, options).map_err(|err| {
                Refusal::type_error(format!("no collation for {}: {err}", locale.tag))
            })
        };
        let mut only_letters = options;
        (only_letters.strength, only_letters.case_level) =
            (Some(Strength::Primary), Some(CaseLevel::Off));
        let (collator, letters) = (collator(options)?, collator(only_letters)?);
        let ignores_punctuation =
            collator.resolved_options().alternate_handling == AlternateHandling::Shifted;
        let collation = named.filter(|_| !is_search);
        Ok(Order {
            locale,
            effective,
            request,
            collation,
            numeric,
            ignores_punctuation,
            collator,
            letters,
        })
    }

    pub(super) fn resolved(&self) -> String {
        let mut res = Described::default();
        let keywords: Vec<(&str, &str)> =
            self.effective.iter().map(|(key, value)| (*key, value.as_str())).collect();
        res.put("locale", self.locale.with_keywords(&keywords));
        res.put("usage", self.request.usage.as_str());
        res.put("sensitivity", self.request.sensitivity.as_str());
        res.put("ignorePunctuation", self.ignores_punctuation);
        res.put("collation", self.collation.as_deref().unwrap_or("default"));
        res.put("numeric", self.numeric);
        res.put(
            "caseFirst",
            match self.collator.resolved_options().case_first {
                CollationCaseFirst::Upper => "upper",
                CollationCaseFirst::Lower => "lower",
                _ => "false",
            },
        );
        res.to_json()
    }

    /// Texts that are the same, or the same up to far within, may be as long as they
    /// like. From where they differ, the collator reads both for as long as they differ
    /// in nothing but accents, case and what it ignores, and that holds the door.
    pub(super) fn compare(&self, left: &str, right: &str) -> Result<f64, Refusal> {
        let n_same = same_bytes(left.as_bytes(), right.as_bytes());
        if n_same == left.len().max(right.len()) || guard::is_asked() {
            return Ok(0.0);
        }
        // From the first difference it goes back to where it can begin, by itself.
        let mut from = left.floor_char_boundary(n_same.saturating_sub(HEAD_BYTES));
        if self.numeric {
            let digits = left[..from].bytes().rev().take(COMPARED_BYTES);
            from -= digits.take_while(u8::is_ascii_digit).count();
        }
        let (left, right) = (&left[from..], &right[from..]);
        let ordering = if left.len() + right.len() <= COMPARED_BYTES {
            self.collator.compare(left, right)
        } else {
            self.ordered_by_letters(left, right).ok_or_else(|| {
                Refusal::range(format!(
                    "texts that differ in nothing but accents, case or punctuation are compared \
                     up to {COMPARED_BYTES} bytes here, counted from the first difference"
                ))
            })?
        };
        Ok(match ordering {
            Ordering::Less => -1.0,
            Ordering::Equal => 0.0,
            Ordering::Greater => 1.0,
        })
    }

    /// Their order, if their beginnings differ in a letter: whatever follows, nothing
    /// outweighs that. One of two that go on differently behind the same letters comes
    /// first with the lowest there is behind it, and last with the highest.
    fn ordered_by_letters(&self, left: &str, right: &str) -> Option<Ordering> {
        let beginning = |text: &str, sentinel: char| {
            let mut res = text[..text.floor_char_boundary(COMPARED_BYTES / 4)].to_owned();
            res.push(sentinel);
            res
        };
        let with = |of_left, of_right| {
            self.letters.compare(&beginning(left, of_left), &beginning(right, of_right))
        };
        let ordering = with(LOWEST, HIGHEST);
        (ordering == with(HIGHEST, LOWEST)).then_some(ordering)
    }
}

/// How many bytes at their beginning are the same. Ends early with its run.
fn same_bytes(left: &[u8], right: &[u8]) -> usize {
    let mut n_same = 0;
    for (left, right) in left.chunks(SAME_BYTES).zip(right.chunks(SAME_BYTES)) {
        if left != right || guard::is_asked() {
            return n_same
                + left.iter().zip(right).take_while(|(left, right)| left == right).count();
        }
        n_same += left.len();
    }
    n_same
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

    /// For each segment its end, in UTF-16 units, and whether it is a word. Of a long
    /// text not all: whoever asks goes on behind the last of them.
    pub(super) fn of(&self, text: &str) -> Result<String, Refusal> {
        // Where the piece begins, and the last end, in bytes and in units.
        let (mut at, mut from, mut units) = (0, 0, 0);
        loop {
            let to = text.floor_char_boundary(at + PIECE_BYTES);
            let mut ends = self.ends(&text[at..to]);
            if to < text.len() {
                // It ends where the piece was cut.
                ends.pop();
            }
            if !ends.is_empty() || to == text.len() {
                let mut res: Vec<usize> = Vec::with_capacity(ends.len() * 2);
                for (end, is_word) in ends {
                    units += n_units(&text[from..at + end]);
                    from = at + end;
                    res.extend([units, usize::from(is_word)]);
                }
                return Ok(serde_json::to_string(&res).expect("numbers are plain data"));
            }
            if guard::is_asked() {
                return Err(Refusal::range("the run is over".to_owned()));
            }
            // One segment that is longer than the piece. Between two letters of a word
            // that was not cut there before, it is not cut either, and what comes behind
            // them depends on the second of them alone.
            let Some(next) = between_letters(&text[at..to]) else {
                return Err(Refusal::range(format!(
                    "one segment is longer than {PIECE_BYTES} bytes, the most that are looked at here"
                )));
            };
            units += n_units(&text[from..at + next]);
            from = at + next;
            at = from;
        }
    }

    fn ends(&self, text: &str) -> Vec<(usize, bool)> {
        let mut ends: Vec<(usize, bool)> = match self.request.granularity.as_str() {
            "word" => {
                // With dictionaries, as ICU cuts: the neural models would be smaller and
                // cut elsewhere.
                WordSegmenter::new_dictionary(WordBreakInvariantOptions::default())
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
        ends.retain(|(end, _)| *end > 0);
        ends
    }
}

fn n_units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The last place between two letters or digits, not at the beginning.
fn between_letters(text: &str) -> Option<usize> {
    let mut behind = false;
    for (at, char) in text.char_indices().rev() {
        if char.is_alphanumeric() {
            if behind {
                return Some(at + char.len_utf8());
            }
            behind = true;
        } else {
            behind = false;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is skipped, and what is not looked at, changes nothing.
    #[test]
    fn long_texts_are_ordered_as_the_collator_does_it() {
        let same = "one two\n".repeat(COMPARED_BYTES / 8);
        let cases = [
            ("en", "{}", "a", "b"),
            ("en", "{}", "a", ""),
            ("en", "{}", "\u{e9}t", "etu"),
            ("en", "{}", "x-y", "xyz"),
            ("en", r#"{"numeric":true}"#, "a10", "a9"),
            ("en", r#"{"numeric":true}"#, "10000", "9999"),
            ("en", r#"{"sensitivity":"base"}"#, "A", "b"),
            ("en", r#"{"ignorePunctuation":true}"#, "a-c", "ab"),
            ("da", "{}", "aab", "abc"),
            ("cs", "{}", "ch", "ci"),
            ("ja", "{}", "\u{30ab}\u{30fc}b", "\u{30ab}\u{30a2}c"),
        ];
        for (tags, options, left, right) in cases {
            let order = Order::new(tags, options).unwrap();
            for before in ["", &same] {
                for behind in ["", &same] {
                    let (left, right) =
                        (format!("{before}{left}{behind}"), format!("{before}{right}{behind}"));
                    for (left, right) in [(&left, &right), (&right, &left), (&left, &left)] {
                        let expected = f64::from(order.collator.compare(left, right) as i8);
                        let what = (tags, options, before.len(), behind.len());
                        assert_eq!(order.compare(left, right), Ok(expected), "{what:?}");
                    }
                }
            }
        }
        let order = Order::new("en", "{}").unwrap();
        let refused = order.compare(&format!("e{same}"), &format!("\u{e9}{same}"));
        assert!(refused.is_err(), "{refused:?}");
        assert_eq!(order.compare(&format!("{same}e"), &format!("{same}\u{e9}")), Ok(-1.0));
    }

    #[test]
    fn long_segments_end_where_they_do_in_one_piece() {
        let texts = [
            format!("one {} two, {}. Three", "ab".repeat(PIECE_BYTES), "c1".repeat(PIECE_BYTES)),
            "no end of this sentence ".repeat(PIECE_BYTES / 8) + "yet. Now.",
            "short words. And short sentences! ".repeat(PIECE_BYTES / 8),
        ];
        for granularity in ["word", "sentence", "grapheme"] {
            let options = format!(r#"{{"granularity":"{granularity}"}}"#);
            let segments = Segments::new("en", &options).unwrap();
            for text in &texts {
                // ASCII: units are bytes.
                let mut ends = Vec::new();
                let mut from = 0;
                while from < text.len() {
                    let found = segments.of(&text[from..]).unwrap();
                    let found: Vec<usize> = serde_json::from_str(&found).unwrap();
                    ends.extend(found.chunks(2).map(|it| (from + it[0], it[1] == 1)));
                    from = ends.last().unwrap().0;
                }
                assert!(ends == segments.ends(text), "{granularity}: {}", &text[..20]);
            }
        }
        let words = Segments::new("en", r#"{"granularity":"word"}"#).unwrap();
        assert_eq!(words.of(&"\u{e9}".repeat(PIECE_BYTES)), Ok(format!("[{PIECE_BYTES},1]")));
        let graphemes = Segments::new("en", "{}").unwrap();
        assert!(graphemes.of(&format!("e{}", "\u{301}".repeat(PIECE_BYTES))).is_err());
    }
}
