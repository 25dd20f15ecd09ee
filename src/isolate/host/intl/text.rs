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
        let collator = CollatorBorrowed::try_new(preferences, options).map_err(|err| {
            Refusal::type_error(format!("no collation for {}: {err}", locale.tag))
        })?;
        let ignores_punctuation =
            collator.resolved_options().alternate_handling == AlternateHandling::Shifted;
        let collation = named.filter(|_| !is_search);
        Ok(Order { locale, effective, request, collation, numeric, ignores_punctuation, collator })
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

    pub(super) fn compare(&self, left: &str, right: &str) -> f64 {
        match self.collator.compare(left, right) {
            Ordering::Less => -1.0,
            Ordering::Equal => 0.0,
            Ordering::Greater => 1.0,
        }
    }
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
