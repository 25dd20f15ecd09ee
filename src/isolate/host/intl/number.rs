//! NumberFormat: patterns of the locale filled with digits, as parts.

use icu_plurals::PluralRuleType;
use serde::Deserialize;
use serde_json::json;

use super::{
    Described, Part, Refusal,
    data::{Section, core},
    decimal::{Decimal, Number},
    digits::{DigitOptions, Digits, Written},
    locale::Locale,
    plural::{Plurals, range_form},
    shared,
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    numbering_system: Option<String>,
    style: String,
    currency: String,
    currency_display: String,
    currency_sign: String,
    unit: String,
    unit_display: String,
    notation: String,
    compact_display: String,
    use_grouping: String,
    sign_display: String,
    #[serde(flatten)]
    digits: DigitOptions,
}

/// `Intl.NumberFormat`.
#[derive(Debug)]
pub(super) struct NumberFormat {
    locale: Locale,
    system: &'static str,
    keyword: Option<String>,
    options: Options,
    digits: Digits,
    figures: Figures,
    data: Section,
    pattern: Pattern,
    min_grouping: usize,
    symbol: String,
    plurals: Plurals,
}

/// The digits and signs of a locale's numbering system.
#[derive(Debug)]
pub(super) struct Figures {
    zero_to_nine: [char; 10],
    decimal: &'static str,
    group: &'static str,
    percent: &'static str,
    plus: &'static str,
    minus: &'static str,
    exponential: &'static str,
    infinity: &'static str,
    nan: &'static str,
}

/// A number pattern: `¤#,##0.00;(¤#,##0.00)`.
#[derive(Clone, Debug, Default)]
struct Pattern {
    prefix: String,
    suffix: String,
    negative: Option<(String, String)>,
    /// Digits between separators: the last group, the ones before.
    groups: (usize, usize),
}

/// What stands before a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sign {
    None,
    Minus,
    Plus,
}

/// Which numbering system a format uses, and the keyword that says so.
pub(super) fn numbering(locale: &Locale, option: Option<&str>) -> (&'static str, Option<String>) {
    let known = |name: &str| {
        core()["systems"].as_object()?.get_key_value(name).map(|(key, _)| key.as_str())
    };
    let default = Section::of(locale.data, "num").text(&["system"]).unwrap_or("latn");
    let keyword = locale.keyword("nu").and_then(known);
    match (option.and_then(known), keyword) {
        (Some(wanted), Some(keyword)) if wanted == keyword => (wanted, Some(wanted.to_owned())),
        (Some(wanted), _) => (wanted, None),
        (None, Some(keyword)) => (keyword, Some(keyword.to_owned())),
        (None, None) => (default, None),
    }
}

impl Figures {
    pub(super) fn new(data: &Section, system: &str) -> Figures {
        let own = data.get(&["systems", system]).is_some();
        let symbols = if own { system } else { "latn" };
        let symbol = |name: &str| data.text(&["systems", symbols, "symbols", name]).unwrap_or("");
        let mut zero_to_nine = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
        let digits = core()["systems"][system].as_str().unwrap_or("0123456789");
        for (slot, digit) in zero_to_nine.iter_mut().zip(digits.chars()) {
            *slot = digit;
        }
        Figures {
            zero_to_nine,
            decimal: symbol("decimal"),
            group: symbol("group"),
            percent: symbol("percentSign"),
            plus: symbol("plusSign"),
            minus: symbol("minusSign"),
            exponential: symbol("exponential"),
            infinity: symbol("infinity"),
            nan: symbol("nan"),
        }
    }

    /// Some locales write money with other separators.
    fn for_money(self, data: &Section, system: &str) -> Figures {
        let symbol = |name: &str| data.text(&["systems", system, "symbols", name]);
        Figures {
            decimal: symbol("currencyDecimal").unwrap_or(self.decimal),
            group: symbol("currencyGroup").unwrap_or(self.group),
            ..self
        }
    }

    /// ASCII digits in the digits of the system.
    pub(super) fn digits(&self, ascii: &str) -> String {
        if self.zero_to_nine[0] == '0' {
            return ascii.to_owned();
        }
        ascii.bytes().map(|it| self.zero_to_nine[usize::from(it.wrapping_sub(b'0')) % 10]).collect()
    }

    pub(super) fn decimal(&self) -> &'static str {
        self.decimal
    }
}

impl NumberFormat {
    pub(super) fn new(tags: &str, options: &str) -> Result<NumberFormat, Refusal> {
        let mut options: Options = super::options(options)?;
        let locale = Locale::resolve(tags)?;
        let (system, keyword) = numbering(&locale, options.numbering_system.as_deref());
        let data = Section::of(locale.data, "num");
        let is_compact = options.notation == "compact";
        let fraction_default = match options.style.as_str() {
            "currency" if options.notation == "standard" => {
                let n_digits = core()["digits"][&options.currency].as_i64().unwrap_or(2) as i32;
                (n_digits, n_digits)
            }
            "currency" | "percent" => (0, 0),
            _ => (0, 3),
        };
        let digits = Digits::new(&options.digits, fraction_default, is_compact)?;
        if options.use_grouping.is_empty() {
            options.use_grouping = if is_compact { "min2" } else { "auto" }.to_owned();
        }
        let table = if data.get(&["systems", system]).is_some() { system } else { "latn" };
        let pattern_text = |path: &[&str]| {
            let full: Vec<&str> =
                ["systems", table].into_iter().chain(path.iter().copied()).collect();
            data.text(&full).unwrap_or("#,##0.###")
        };
        let groups = Pattern::parse(pattern_text(&["decimal"])).groups;
        let mut pattern = match options.style.as_str() {
            "percent" => Pattern::parse(pattern_text(&["percent"])),
            "currency" if options.currency_display == "name" => Pattern::default(),
            "currency" => Pattern::parse(pattern_text(&["currency", &options.currency_sign])),
            _ => Pattern::default(),
        };
        if !(options.style == "currency" || options.style == "percent") || pattern.groups.0 == 0 {
            pattern.groups = groups;
        }
        let own_minimum = data.text(&["grouping"]).and_then(|it| it.parse().ok()).unwrap_or(1);
        let min_grouping = match options.use_grouping.as_str() {
            "false" => usize::MAX,
            "always" => 1,
            "min2" => own_minimum.max(2),
            _ => own_minimum,
        };
        let symbol = match options.currency_display.as_str() {
            _ if options.style != "currency" => String::new(),
            "code" => options.currency.clone(),
            display => {
                let idx = if display == "narrowSymbol" { 1 } else { 0 };
                let names = Section::of(locale.data, "cur");
                names.nth(&[&options.currency], idx).unwrap_or(&options.currency).to_owned()
            }
        };
        Ok(NumberFormat {
            figures: if options.style == "currency" {
                Figures::new(&data, system).for_money(&data, system)
            } else {
                Figures::new(&data, system)
            },
            plurals: Plurals::new(&locale, PluralRuleType::Cardinal),
            locale,
            system,
            keyword,
            options,
            digits,
            data,
            pattern,
            min_grouping,
            symbol,
        })
    }

    pub(super) fn resolved(&self) -> String {
        let mut res = Described::default();
        let keyword = self.keyword.as_deref().map(|it| ("nu", it));
        res.put("locale", self.locale.with_keywords(keyword.as_slice()));
        res.put("numberingSystem", self.system);
        res.put("style", self.options.style.as_str());
        if self.options.style == "currency" {
            res.put("currency", self.options.currency.as_str());
            res.put("currencyDisplay", self.options.currency_display.as_str());
            res.put("currencySign", self.options.currency_sign.as_str());
        }
        if self.options.style == "unit" {
            res.put("unit", self.options.unit.as_str());
            res.put("unitDisplay", self.options.unit_display.as_str());
        }
        self.digits.describe_counts(&mut res);
        match self.options.use_grouping.as_str() {
            "false" => res.put("useGrouping", false),
            other => res.put("useGrouping", other),
        }
        res.put("notation", self.options.notation.as_str());
        if self.options.notation == "compact" {
            res.put("compactDisplay", self.options.compact_display.as_str());
        }
        res.put("signDisplay", self.options.sign_display.as_str());
        self.digits.describe_rounding(&mut res);
        res.to_json()
    }

    pub(super) fn parts(&self, value: &Number) -> Vec<Part> {
        self.parts_and_form(value).0
    }

    /// For "about 5".
    fn parts_and_form(&self, value: &Number) -> (Vec<Part>, &'static str) {
        let (body, written, sign, compact) = self.body(value);
        let form = written.as_ref().map_or("other", |it| self.plurals.form(it));
        let with_sign = self.with_affixes(body, sign, compact.map(|it| (it, form)));
        (self.with_unit(with_sign, form), form)
    }

    /// Digits with separators; what was written; the power of ten whose compact
    /// pattern it has.
    fn body(&self, value: &Number) -> (Vec<Part>, Option<Written>, Sign, Option<i32>) {
        let number = match value {
            Number::NaN => {
                let sign = self.sign(false, true, true);
                return (vec![Part::new("nan", self.figures.nan)], None, sign, None);
            }
            Number::Infinity { negative } => {
                let sign = self.sign(*negative, false, false);
                return (vec![Part::new("infinity", self.figures.infinity)], None, sign, None);
            }
            Number::Finite(number) => number,
        };
        let mut original = number.clone();
        if self.options.style == "percent" {
            original.shift(2);
        }
        let mut parts = Vec::new();
        let (rounded, compact, exponent) = match self.options.notation.as_str() {
            "compact" => {
                let power = self.compact_power(original.magnitude());
                let (mut shifted, mut used) = (original.clone(), power);
                shifted.shift(-power.0);
                let mut rounded = shifted.clone();
                self.digits.round(&mut rounded);
                if rounded.magnitude() > shifted.magnitude() {
                    // 999,999 became 1,000 thousand.
                    used = self.compact_power(original.magnitude() + 1);
                    if used != power {
                        shifted = original.clone();
                        shifted.shift(-used.0);
                        rounded = shifted.clone();
                        self.digits.round(&mut rounded);
                    }
                }
                original = shifted;
                (rounded, used.1, None)
            }
            "scientific" | "engineering" => {
                let step = if self.options.notation == "engineering" { 3 } else { 1 };
                let mut exponent = original.magnitude().div_euclid(step) * step;
                let mut rounded = original.clone();
                rounded.shift(-exponent);
                self.digits.round(&mut rounded);
                if rounded.magnitude() >= step {
                    exponent += step;
                    rounded = original.clone();
                    rounded.shift(-exponent);
                    self.digits.round(&mut rounded);
                }
                original.shift(-exponent);
                (rounded, None, Some(exponent))
            }
            _ => {
                let mut rounded = original.clone();
                self.digits.round(&mut rounded);
                (rounded, None, None)
            }
        };
        let written = self.digits.write(&rounded, &original);
        self.write_integer(&mut parts, &written.integer);
        if !written.fraction.is_empty() {
            parts.push(Part::new("decimal", self.figures.decimal));
            parts.push(Part::new("fraction", self.figures.digits(&written.fraction)));
        }
        if let Some(exponent) = exponent {
            parts.push(Part::new("exponentSeparator", self.figures.exponential));
            if exponent < 0 {
                parts.push(Part::new("exponentMinusSign", self.figures.minus));
            }
            let text = exponent.unsigned_abs().to_string();
            parts.push(Part::new("exponentInteger", self.figures.digits(&text)));
        }
        let sign = self.sign(number.negative, rounded.is_zero(), false);
        (parts, Some(written), sign, compact)
    }

    fn sign(&self, negative: bool, is_zero: bool, is_nan: bool) -> Sign {
        let plain = if negative { Sign::Minus } else { Sign::Plus };
        match self.options.sign_display.as_str() {
            "never" => Sign::None,
            "always" => plain,
            "exceptZero" if is_zero || is_nan => Sign::None,
            "exceptZero" => plain,
            "negative" if is_zero => Sign::None,
            _ if negative => Sign::Minus,
            _ => Sign::None,
        }
    }

    fn write_integer(&self, parts: &mut Vec<Part>, digits: &str) {
        let (primary, secondary) = self.pattern.groups;
        let grouped = primary > 0
            && self.min_grouping != usize::MAX
            && digits.len() >= primary + self.min_grouping;
        if !grouped {
            parts.push(Part::new("integer", self.figures.digits(digits)));
            return;
        }
        let mut cuts = vec![digits.len()];
        let mut at = digits.len() - primary;
        while at > 0 {
            cuts.push(at);
            at = at.saturating_sub(secondary.max(1));
        }
        let mut from = 0;
        for (idx, cut) in cuts.into_iter().rev().enumerate() {
            if idx > 0 {
                parts.push(Part::new("group", self.figures.group));
            }
            parts.push(Part::new("integer", self.figures.digits(&digits[from..cut])));
            from = cut;
        }
    }

    fn compact_table(&self) -> &'static str {
        match (self.options.style.as_str(), self.options.compact_display.as_str()) {
            ("currency", "short") if self.options.currency_display != "name" => "short-currency",
            (_, "long") => "long",
            _ => "short",
        }
    }

    fn compact_pattern(&self, power: i32, form: &str) -> Option<&'static str> {
        let table =
            if self.data.get(&["systems", self.system]).is_some() { self.system } else { "latn" };
        let power = power.to_string();
        let find = |form: &str| {
            let of =
                |table| self.data.text(&["systems", table, self.compact_table(), &power, form]);
            of(table).or_else(|| of("latn"))
        };
        find(form).or_else(|| find("other"))
    }

    /// For a number of this magnitude: the power of ten to take off, and whose
    /// pattern says so.
    fn compact_power(&self, magnitude: i32) -> (i32, Option<i32>) {
        // Most languages have words up to 10^14, some further.
        let found = (3..=magnitude.min(20))
            .rev()
            .find_map(|power| Some((power, self.compact_pattern(power, "other")?)));
        let Some((power, pattern)) = found else { return (0, None) };
        let zeros = pattern.bytes().filter(|it| *it == b'0').count() as i32;
        if pattern == "0" || zeros == 0 { (0, None) } else { (power - zeros + 1, Some(power)) }
    }

    /// Puts sign, currency, percent sign and compact word around the digits.
    fn with_affixes(
        &self,
        body: Vec<Part>,
        sign: Sign,
        compact: Option<(i32, &'static str)>,
    ) -> Vec<Part> {
        let mut pattern = self.pattern.clone();
        let mut word = "literal";
        if let Some((power, form)) = compact
            && let Some(text) = self.compact_pattern(power, form)
        {
            let compact = Pattern::parse(text);
            word = "compact";
            if text.contains('¤') || self.options.style != "currency" {
                pattern = Pattern { groups: pattern.groups, ..compact };
            } else {
                // A long form says nothing about money: its word goes inside.
                pattern.prefix.push_str(&compact.prefix);
                pattern.suffix.insert_str(0, &compact.suffix);
                if let Some((prefix, suffix)) = &mut pattern.negative {
                    prefix.push_str(&compact.prefix);
                    suffix.insert_str(0, &compact.suffix);
                }
            }
        }
        let (mut prefix, mut suffix) = (pattern.prefix, pattern.suffix);
        match (sign, pattern.negative) {
            (Sign::None, _) => {}
            (Sign::Minus, Some(negative)) => (prefix, suffix) = negative,
            (Sign::Plus, Some((before, after))) if before.contains('-') || after.contains('-') => {
                prefix = before.replace('-', "+");
                suffix = after.replace('-', "+");
            }
            (Sign::Minus, None) => prefix.insert(0, '-'),
            (Sign::Plus, _) => prefix.insert(0, '+'),
        }
        let mut res = Vec::with_capacity(body.len() + 4);
        self.write_affix(&mut res, &prefix, word);
        // "USD1" is hard to read: between a letter and a digit comes a space.
        let is_number = body.first().is_some_and(|it| it.kind == "integer");
        let needs_space =
            |symbol: Option<char>| symbol.is_some_and(|it| !is_symbol(it) && !it.is_whitespace());
        if is_number
            && res
                .last()
                .is_some_and(|it| it.kind == "currency" && needs_space(it.value.chars().last()))
        {
            res.push(Part::new("literal", "\u{a0}"));
        }
        res.extend(body);
        let at = res.len();
        self.write_affix(&mut res, &suffix, word);
        if is_number
            && res
                .get(at)
                .is_some_and(|it| it.kind == "currency" && needs_space(it.value.chars().next()))
        {
            res.insert(at, Part::new("literal", "\u{a0}"));
        }
        join_literals(res)
    }

    /// `-¤ 'x'`: signs are symbols of the locale, the rest is text of kind `word`.
    fn write_affix(&self, parts: &mut Vec<Part>, affix: &str, word: &'static str) {
        let mut text = String::new();
        let flush = |parts: &mut Vec<Part>, text: &mut String| {
            split_word(parts, text, word);
            text.clear();
        };
        let mut is_quoted = false;
        let mut chars = affix.chars().peekable();
        while let Some(char) = chars.next() {
            let symbol = match char {
                '\'' if chars.peek() == Some(&'\'') => {
                    chars.next();
                    text.push('\'');
                    continue;
                }
                '\'' => {
                    is_quoted = !is_quoted;
                    continue;
                }
                _ if is_quoted => None,
                '-' => Some(("minusSign", self.figures.minus)),
                '+' => Some(("plusSign", self.figures.plus)),
                '%' => Some(("percentSign", self.figures.percent)),
                '¤' => Some(("currency", self.symbol.as_str())),
                _ => None,
            };
            match symbol {
                Some(("currency", value)) => {
                    flush(parts, &mut text);
                    parts.push(Part::new("currency", value));
                }
                Some((kind, value)) => {
                    flush(parts, &mut text);
                    // Arabic and Hebrew signs come with marks of direction.
                    split_word(parts, value, kind);
                }
                None => text.push(char),
            }
        }
        flush(parts, &mut text);
    }

    /// Puts a unit or the name of a currency around a number.
    fn with_unit(&self, body: Vec<Part>, form: &str) -> Vec<Part> {
        match self.options.style.as_str() {
            "currency" if self.options.currency_display == "name" => {
                let names = Section::of(self.locale.data, "cur");
                let code = self.options.currency.as_str();
                let named =
                    |form: &str| names.get(&[code]).and_then(|it| it.get(3)?.get(form)?.as_str());
                let name = named(form)
                    .or_else(|| named("other"))
                    .or_else(|| names.nth(&[code], 2))
                    .unwrap_or(code);
                let table = if self.data.get(&["systems", self.system]).is_some() {
                    self.system
                } else {
                    "latn"
                };
                let pattern = self
                    .data
                    .text(&["systems", table, "named", form])
                    .or_else(|| self.data.text(&["systems", table, "named", "other"]))
                    .unwrap_or("{0} {1}");
                filled(pattern, |slot, res| match slot {
                    '0' => res.extend(body.iter().cloned()),
                    _ => res.push(Part::new("currency", name)),
                })
            }
            "unit" => {
                let pattern = unit_pattern(
                    &self.locale,
                    &self.options.unit,
                    &self.options.unit_display,
                    form,
                );
                let word = if self.options.unit == "percent" { "percentSign" } else { "unit" };
                let mut res = Vec::new();
                let Some((before, after)) = pattern.split_once("{0}") else {
                    // "one" is said by the word itself.
                    split_word(&mut res, &pattern, word);
                    return res;
                };
                split_word(&mut res, before, word);
                res.extend(body);
                split_word(&mut res, after, word);
                res
            }
            _ => body,
        }
    }

    /// `formatRange`. A part that both ends share is written once.
    pub(super) fn range_parts(&self, start: &Number, end: &Number) -> Result<Vec<Part>, Refusal> {
        if *start == Number::NaN || *end == Number::NaN {
            return Err(Refusal::range("Invalid time value".to_owned()));
        }
        let (from, first_form) = self.parts_and_form(start);
        let (to, last_form) = self.parts_and_form(end);
        let table =
            if self.data.get(&["systems", self.system]).is_some() { self.system } else { "latn" };
        if from == to {
            return Ok(shared(self.about(start, &to, table)));
        }
        // What the number is written in ("km", "US dollars") and what is written on
        // it ("$", "%", "-"): the first is said once where both ends have the same,
        // the second where it is also longer than one character.
        let is_in_words = self.options.style == "unit" || self.options.currency_display == "name";
        let is_number = |part: &Part| {
            matches!(part.kind, "integer" | "group" | "decimal" | "fraction" | "infinity")
        };
        let is_outer = |part: &Part| is_in_words && !part.kind.ends_with("Sign");
        let around = |parts: &[Part], is_wanted: &dyn Fn(&Part) -> bool| -> Vec<Part> {
            parts.iter().filter(|it| !is_number(it) && is_wanted(it)).cloned().collect()
        };
        let (outer_from, outer_to) = (around(&from, &is_outer), around(&to, &is_outer));
        let is_middle = |part: &Part| !is_outer(part);
        let (middle_from, middle_to) = (around(&from, &is_middle), around(&to, &is_middle));
        let says_outer_once =
            outer_from == outer_to || range_form(&self.locale, first_form, last_form) == last_form;
        let length = middle_from.iter().map(|it| it.value.chars().count()).sum::<usize>();
        let says_middle_once = says_outer_once && middle_from == middle_to && length > 1;

        let is_once = |part: &Part| {
            !is_number(part) && if is_outer(part) { says_outer_once } else { says_middle_once }
        };
        let tag = |parts: &[Part], source: &'static str, once: bool| -> Vec<Part> {
            let wanted = parts.iter().filter(|it| is_once(it) == once);
            wanted.map(|part| Part { source, ..part.clone() }).collect()
        };
        let mut range =
            self.data.text(&["systems", table, "range"]).unwrap_or("{0}–{1}").to_owned();
        let repeats = !says_middle_once && length > 0 || !says_outer_once && !outer_from.is_empty();
        if repeats && !range.contains(' ') {
            range = range.replace("{1}", " {1}").replace("{0}", "{0} ");
        }
        let split = |parts: &[Part]| parts.iter().position(is_number).unwrap_or(0);
        let mut res = tag(&from[..split(&from)], "shared", true);
        res.extend(filled(&range, |slot, res| match slot {
            '0' => res.extend(tag(&from, "startRange", false)),
            _ => res.extend(tag(&to, "endRange", false)),
        }));
        res.extend(tag(&to[split(&to)..], "shared", true));
        Ok(shared(res))
    }

    /// "~5": the sign stands where that of a negative number would.
    fn about(&self, value: &Number, parts: &[Part], table: &str) -> Vec<Part> {
        let sign = self.data.text(&["systems", table, "approximately"]).unwrap_or("~");
        // Without the marks of direction that a language puts before it.
        let sign = sign.trim_start_matches(['\u{61c}', '\u{200e}', '\u{200f}']);
        let sign = Part::new("approximatelySign", sign);
        let negative = match value {
            Number::Finite(it) if !it.negative => {
                let value = Number::Finite(Decimal { negative: true, ..it.clone() });
                self.parts_and_form(&value).0
            }
            _ => Vec::new(),
        };
        match negative.iter().position(|it| it.kind == "minusSign") {
            Some(idx) => {
                let mut res = negative;
                res[idx] = sign;
                res
            }
            None => std::iter::once(sign).chain(parts.iter().cloned()).collect(),
        }
    }
}

impl Pattern {
    fn parse(text: &str) -> Pattern {
        let mut halves = text.splitn(2, ';');
        let positive = halves.next().unwrap_or("");
        let (prefix, core, suffix) = split_pattern(positive);
        let negative = halves.next().map(|it| {
            let (prefix, _, suffix) = split_pattern(it);
            (prefix.to_owned(), suffix.to_owned())
        });
        let integer = core.split('.').next().unwrap_or("");
        let mut groups = integer.rsplit(',').map(str::len);
        let (last, before) = (groups.next().unwrap_or(0), groups.next());
        let is_grouped = before.is_some();
        let secondary = if groups.next().is_some() { before.unwrap_or(last) } else { last };
        Pattern {
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            negative,
            groups: if is_grouped { (last, secondary) } else { (0, 0) },
        }
    }
}

/// Around the run of `#,0.`.
fn split_pattern(text: &str) -> (&str, &str, &str) {
    let is_core = |it: char| matches!(it, '#' | '0' | ',' | '.');
    let mut is_quoted = false;
    let mut from = text.len();
    for (at, char) in text.char_indices() {
        match char {
            '\'' => is_quoted = !is_quoted,
            '#' | '0' if !is_quoted => {
                from = at;
                break;
            }
            _ => {}
        }
    }
    let len = text[from..].find(|it| !is_core(it)).unwrap_or(text.len() - from);
    // A full stop behind the digits belongs to the text.
    let core = text[from..from + len].trim_end_matches(['.', ',']);
    (&text[..from], core, &text[from + core.len()..])
}

/// Spaces are literals, what is between them is of kind `word`.
fn split_word(parts: &mut Vec<Part>, text: &str, word: &'static str) {
    let is_space =
        |it: char| it.is_whitespace() || matches!(it, '\u{200e}' | '\u{200f}' | '\u{61c}');
    let inner = text.trim_matches(is_space);
    if inner.is_empty() {
        if !text.is_empty() {
            parts.push(Part::new("literal", text));
        }
        return;
    }
    let at = text.find(inner).unwrap_or(0);
    for (kind, value) in
        [("literal", &text[..at]), (word, inner), ("literal", &text[at + inner.len()..])]
    {
        if !value.is_empty() {
            parts.push(Part::new(kind, value));
        }
    }
}

fn join_literals(parts: Vec<Part>) -> Vec<Part> {
    let mut res: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match res.last_mut() {
            Some(last) if last.kind == "literal" && part.kind == "literal" => {
                last.value.push_str(&part.value)
            }
            _ => res.push(part),
        }
    }
    res
}

/// `{0} of {1}`, with text as literals.
pub(super) fn filled(pattern: &str, mut fill: impl FnMut(char, &mut Vec<Part>)) -> Vec<Part> {
    let mut res = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('{') {
        if at > 0 {
            res.push(Part::new("literal", &rest[..at]));
        }
        let slot = rest[at + 1..].chars().next().unwrap_or('0');
        fill(slot, &mut res);
        rest = rest[at..].split_once('}').map_or("", |(_, rest)| rest);
    }
    if !rest.is_empty() {
        res.push(Part::new("literal", rest));
    }
    res
}

/// `{0} km`, `{0} kilometers per hour`.
fn unit_pattern(locale: &Locale, unit: &str, width: &str, form: &str) -> String {
    let data = Section::of(locale.data, "unit");
    let find = |unit: &str, form: &str| {
        data.text(&[width, unit, form]).or_else(|| data.text(&[width, unit, "other"]))
    };
    if let Some(pattern) = find(unit, form) {
        return pattern.to_owned();
    }
    let (count, per) = unit.split_once("-per-").unwrap_or((unit, ""));
    let counted = find(count, form).unwrap_or("{0}");
    if let Some(pattern) = data.text(&[width, per, "per"]) {
        return pattern.replace("{0}", counted);
    }
    let one = find(per, "one").unwrap_or("{0}").replace("{0}", "");
    let compound = data.text(&[width, "per"]).unwrap_or("{0}/{1}");
    compound.replace("{1}", one.trim()).replace("{0}", counted)
}

/// Of Unicode's general category S, as far as currency symbols go.
fn is_symbol(char: char) -> bool {
    matches!(char, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~' | '¢'..='©' | '¬' | '®' | '°' | '±' | '´' | '¸' | '×' | '÷'
        | '\u{58f}' | '\u{60b}' | '\u{9f2}' | '\u{9f3}' | '\u{e3f}' | '\u{17db}' | '\u{20a0}'..='\u{20cf}' | '\u{fdfc}' | '\u{ff04}' | '\u{ffe0}' | '\u{ffe1}' | '\u{ffe5}' | '\u{ffe6}')
}

/// A number as plain text in a locale: for RelativeTimeFormat.
#[derive(Debug)]
pub(super) struct Plain(NumberFormat);

impl Plain {
    pub(super) fn new(tags: &str, system: &str) -> Result<Plain, Refusal> {
        let options = json!({
            "style": "decimal",
            "notation": "standard",
            "signDisplay": "never",
            "useGrouping": "auto",
            "numberingSystem": system,
        });
        Ok(Plain(NumberFormat::new(tags, &options.to_string())?))
    }

    /// The parts of the number without its sign, and its plural form.
    pub(super) fn write(&self, value: &Decimal) -> (Vec<Part>, &'static str) {
        self.0.parts_and_form(&Number::Finite(value.clone()))
    }

    pub(super) fn system(&self) -> &'static str {
        self.0.system
    }
}
