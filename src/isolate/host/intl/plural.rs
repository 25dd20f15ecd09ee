//! PluralRules, and the plural forms that other formats need. The rules are
//! ICU4X's; ranges are CLDR's table.

use fixed_decimal::Decimal as Fixed;
use icu_plurals::{PluralCategory, PluralRuleType, PluralRules};
use serde::Deserialize;
use serde_json::json;

use super::{
    Described, Refusal,
    data::core,
    decimal::Number,
    digits::{DigitOptions, Digits, Written},
    locale::Locale,
};

/// The plural rules of one language.
#[derive(Debug)]
pub(super) struct Plurals(PluralRules);

impl Plurals {
    pub(super) fn new(locale: &Locale, kind: PluralRuleType) -> Plurals {
        let options = icu_plurals::PluralRulesOptions::default().with_type(kind);
        let rules = PluralRules::try_new((&locale.id).into(), options)
            .expect("compiled data has rules for every locale, if only the root's");
        Plurals(rules)
    }

    /// The form for a number as it is written. Like ICU, this sees the last 18
    /// digits of an integer.
    pub(super) fn form(&self, written: &Written) -> &'static str {
        let Written { integer, fraction } = written;
        let integer = &integer[integer.len().saturating_sub(18)..];
        let text =
            if fraction.is_empty() { integer.to_owned() } else { format!("{integer}.{fraction}") };
        match text.parse::<Fixed>() {
            Ok(number) => name(self.0.category_for(&number)),
            Err(_) => "other",
        }
    }
}

fn name(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Options {
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    digits: DigitOptions,
}

/// `Intl.PluralRules`.
#[derive(Debug)]
pub(super) struct PluralFormat {
    locale: Locale,
    kind: String,
    plurals: Plurals,
    digits: Digits,
}

impl PluralFormat {
    pub(super) fn new(tags: &str, options: &str) -> Result<PluralFormat, Refusal> {
        let Options { kind, digits } = super::options(options)?;
        let locale = Locale::resolve(tags)?;
        let rule_type =
            if kind == "ordinal" { PluralRuleType::Ordinal } else { PluralRuleType::Cardinal };
        Ok(PluralFormat {
            plurals: Plurals::new(&locale, rule_type),
            digits: Digits::new(&digits, (0, 3), false)?,
            locale,
            kind,
        })
    }

    pub(super) fn resolved(&self) -> String {
        let mut res = Described::default();
        res.put("locale", self.locale.tag.as_str());
        res.put("type", self.kind.as_str());
        self.digits.describe_counts(&mut res);
        // The order is that of ICU.
        let all = ["few", "many", "one", "two", "zero", "other"];
        let used: Vec<&str> = self.plurals.0.categories().map(name).collect();
        let listed: Vec<&str> = all.into_iter().filter(|it| used.contains(it)).collect();
        res.put("pluralCategories", json!(listed));
        res.to_json()
    }

    pub(super) fn select(&self, value: &Number) -> &'static str {
        let Number::Finite(original) = value else { return "other" };
        let mut rounded = original.clone();
        self.digits.round(&mut rounded);
        self.plurals.form(&self.digits.write(&rounded, original))
    }

    pub(super) fn select_range(&self, start: &Number, end: &Number) -> &'static str {
        range_form(&self.locale, self.select(start), self.select(end))
    }
}

/// The form of "start–end".
pub(super) fn range_form(locale: &Locale, start: &str, end: &'static str) -> &'static str {
    core()["ranges"][&locale.language][format!("{start} {end}")].as_str().unwrap_or(end)
}
