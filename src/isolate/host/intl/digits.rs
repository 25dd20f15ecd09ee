//! How many digits a number is written with (ECMA-402's digit options), for
//! NumberFormat and PluralRules alike.

use serde::Deserialize;

use super::{
    Described, Refusal,
    decimal::{Decimal, RoundingMode},
};

/// The options as the snippet gave them; each in its range.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DigitOptions {
    minimum_integer_digits: Option<i32>,
    minimum_fraction_digits: Option<i32>,
    maximum_fraction_digits: Option<i32>,
    minimum_significant_digits: Option<i32>,
    maximum_significant_digits: Option<i32>,
    rounding_increment: Option<u32>,
    rounding_mode: RoundingMode,
    rounding_mode_name: Option<String>,
    rounding_priority: Priority,
    trailing_zero_display: TrailingZeros,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Priority {
    #[default]
    Auto,
    MorePrecision,
    LessPrecision,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
enum TrailingZeros {
    #[default]
    Auto,
    StripIfInteger,
}

/// What the options come to.
#[derive(Clone, Debug)]
pub(super) struct Digits {
    min_integer: i32,
    fraction: Option<(i32, i32)>,
    significant: Option<(i32, i32)>,
    priority: Priority,
    increment: u32,
    mode: RoundingMode,
    trailing: TrailingZeros,
    mode_name: String,
}

/// The digits of one number, rounded and padded.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) integer: String,
    pub(super) fraction: String,
}

impl Digits {
    /// `fraction_default` is what the style says.
    pub(super) fn new(
        options: &DigitOptions,
        fraction_default: (i32, i32),
        is_compact: bool,
    ) -> Result<Digits, Refusal> {
        let out_of_range = |name: &str| Refusal::range(format!("{name} value is out of range."));
        let (mnfd, mxfd) = (options.minimum_fraction_digits, options.maximum_fraction_digits);
        let (mnsd, mxsd) = (options.minimum_significant_digits, options.maximum_significant_digits);
        let has_significant = mnsd.is_some() || mxsd.is_some();
        let has_fraction = mnfd.is_some() || mxfd.is_some();
        let is_auto = options.rounding_priority == Priority::Auto;
        let needs_significant = !is_auto || has_significant;
        let needs_fraction = !is_auto || !(has_significant || !has_fraction && is_compact);
        let increment = options.rounding_increment.unwrap_or(1);

        let significant = if needs_significant {
            let (min, max) = (mnsd.unwrap_or(1), mxsd.unwrap_or(21));
            if min > max {
                return Err(out_of_range("maximumSignificantDigits"));
            }
            Some((min, max))
        } else {
            None
        };
        let (default_min, mut default_max) = fraction_default;
        if increment != 1 {
            default_max = default_min;
        }
        let fraction = if !needs_fraction {
            None
        } else {
            match (mnfd, mxfd) {
                (None, None) => Some((default_min, default_max)),
                (None, Some(max)) => Some((default_min.min(max), max)),
                (Some(min), None) => Some((min, default_max.max(min))),
                (Some(min), Some(max)) if min <= max => Some((min, max)),
                _ => return Err(out_of_range("maximumFractionDigits")),
            }
        };
        if increment != 1 {
            if significant.is_some() {
                return Err(Refusal::type_error("roundingIncrement value is invalid.".to_owned()));
            }
            if fraction.is_some_and(|(min, max)| min != max) {
                return Err(out_of_range("roundingIncrement"));
            }
        }
        let mut priority = options.rounding_priority;
        let (fraction, significant) = if !needs_fraction && !needs_significant {
            priority = Priority::MorePrecision;
            (Some((0, 0)), Some((1, 2)))
        } else {
            (fraction, significant)
        };
        Ok(Digits {
            min_integer: options.minimum_integer_digits.unwrap_or(1),
            fraction,
            significant,
            priority,
            increment,
            mode: options.rounding_mode,
            trailing: options.trailing_zero_display,
            mode_name: options
                .rounding_mode_name
                .clone()
                .unwrap_or_else(|| "halfExpand".to_owned()),
        })
    }

    /// The digit counts, for `resolvedOptions`.
    pub(super) fn describe_counts(&self, res: &mut Described) {
        res.put("minimumIntegerDigits", self.min_integer);
        if let Some((min, max)) = self.significant {
            res.put("minimumSignificantDigits", min);
            res.put("maximumSignificantDigits", max);
        }
        if let Some((min, max)) = self.fraction {
            res.put("minimumFractionDigits", min);
            res.put("maximumFractionDigits", max);
        }
    }

    /// The rest, which stands elsewhere in `resolvedOptions`.
    pub(super) fn describe_rounding(&self, res: &mut Described) {
        let priority = match self.priority {
            Priority::Auto => "auto",
            Priority::MorePrecision => "morePrecision",
            Priority::LessPrecision => "lessPrecision",
        };
        let trailing = match self.trailing {
            TrailingZeros::Auto => "auto",
            TrailingZeros::StripIfInteger => "stripIfInteger",
        };
        res.put("roundingMode", self.mode_name.as_str());
        res.put("roundingIncrement", self.increment);
        res.put("trailingZeroDisplay", trailing);
        res.put("roundingPriority", priority);
    }

    /// Whether significant digits win over fraction digits for this number.
    fn uses_significant(&self, value: &Decimal) -> bool {
        match (self.significant, self.fraction) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some((_, max)), Some((_, max_fraction))) => {
                let (significant, fraction) = (value.magnitude() - max + 1, -max_fraction);
                match self.priority {
                    Priority::Auto => true,
                    Priority::MorePrecision => significant <= fraction,
                    Priority::LessPrecision => significant > fraction,
                }
            }
        }
    }

    pub(super) fn round(&self, value: &mut Decimal) {
        if self.uses_significant(value) {
            let (_, max) = self.significant.unwrap_or((1, 21));
            value.round(value.magnitude() - max + 1, 1, self.mode);
        } else {
            let (_, max) = self.fraction.unwrap_or((0, 3));
            value.round(-max, self.increment, self.mode);
        }
    }

    /// Writes a rounded number in ASCII digits. `original` is what it was before,
    /// which decides what kind of padding there is.
    pub(super) fn write(&self, value: &Decimal, original: &Decimal) -> Written {
        let min_fraction = if self.uses_significant(original) {
            let (min, _) = self.significant.unwrap_or((1, 21));
            (min - 1 - value.magnitude()).max(0)
        } else {
            self.fraction.map_or(0, |(min, _)| min)
        };
        let is_stripped =
            self.trailing == TrailingZeros::StripIfInteger && value.fraction_len() == 0;
        let n_fraction = if is_stripped { 0 } else { value.fraction_len().max(min_fraction) };
        let n_integer =
            value.exponent.max(self.min_integer).max(if value.is_zero() { 1 } else { 0 });
        let digit = |power: i32| char::from(b'0' + value.digit(power));
        Written {
            integer: (0..n_integer).rev().map(digit).collect(),
            fraction: (1..=n_fraction).map(|power| digit(-power)).collect(),
        }
    }
}
