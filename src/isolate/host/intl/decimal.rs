//! Decimal numbers as they are written, and their rounding (ECMA-402's, on
//! decimal digits as ICU does it: 1.005 is 1.005, not the double next to it).

use serde::Deserialize;

/// Of a number that is written out, before or behind the point: that is work for each.
pub(super) const MAX_DIGITS: usize = 4_000;

/// A number to be formatted.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Number {
    NaN,
    Infinity { negative: bool },
    Finite(Decimal),
}

/// `0.d₁d₂d₃… × 10^exponent`, without leading and trailing zeros.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    pub(super) digits: Vec<u8>,
    pub(super) exponent: i32,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) enum RoundingMode {
    Ceil,
    Floor,
    Expand,
    Trunc,
    HalfCeil,
    HalfFloor,
    #[default]
    HalfExpand,
    HalfTrunc,
    HalfEven,
}

impl Number {
    pub(super) fn from_f64(value: f64) -> Number {
        if value.is_nan() {
            Number::NaN
        } else if value.is_infinite() {
            Number::Infinity { negative: value < 0.0 }
        } else {
            // The shortest digits that mean this double, as JavaScript prints it.
            Number::parse(&format!("{value:e}")).unwrap_or(Number::NaN)
        }
    }

    /// Whether it can be written out with [`MAX_DIGITS`].
    pub(super) fn is_short(&self) -> bool {
        let Number::Finite(number) = self else { return true };
        let n_digits = number.exponent.max(number.fraction_len());
        usize::try_from(n_digits).is_ok_and(|it| it <= MAX_DIGITS)
    }

    /// `-12.5e3`, `Infinity`, `0x1f`: what a JavaScript string can say as a number.
    pub(super) fn parse(text: &str) -> Option<Number> {
        let text = text.trim();
        if let Some((prefix, digits)) = text.split_at_checked(2) {
            let radix = match prefix {
                "0x" | "0X" => 16,
                "0o" | "0O" => 8,
                "0b" | "0B" => 2,
                _ => 0,
            };
            if radix > 0 {
                let value = u128::from_str_radix(digits, radix).ok()?;
                return Number::parse(&value.to_string());
            }
        }
        let (negative, text) = match text.as_bytes() {
            [b'-', ..] => (true, &text[1..]),
            [b'+', ..] => (false, &text[1..]),
            _ => (false, text),
        };
        if text == "Infinity" {
            return Some(Number::Infinity { negative });
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            // Far outside of what any option shows, and inside of i32.
            Some((mantissa, exponent)) => {
                let is_plain =
                    exponent.trim_start_matches(['+', '-']).bytes().all(|it| it.is_ascii_digit());
                if !is_plain {
                    return None;
                }
                let small = if exponent.starts_with('-') { -100_000 } else { 100_000 };
                (mantissa, exponent.parse::<i32>().unwrap_or(small).clamp(-100_000, 100_000))
            }
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if text.is_empty() {
            return Some(Number::Finite(Decimal::default()));
        }
        let all = || whole.bytes().chain(fraction.bytes());
        if whole.is_empty() && fraction.is_empty() || !all().all(|it| it.is_ascii_digit()) {
            return None;
        }
        let mut res = Decimal {
            negative,
            digits: all().map(|it| it - b'0').collect(),
            exponent: whole.len() as i32 + exponent,
        };
        res.trim();
        Some(Number::Finite(res))
    }
}

impl Decimal {
    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Power of ten of the first digit; 0 for zero.
    pub(super) fn magnitude(&self) -> i32 {
        if self.is_zero() { 0 } else { self.exponent - 1 }
    }

    /// Multiplies by a power of ten.
    pub(super) fn shift(&mut self, by: i32) {
        if !self.is_zero() {
            self.exponent += by;
        }
    }

    /// The digit at a power of ten.
    pub(super) fn digit(&self, power: i32) -> u8 {
        let idx = self.exponent - 1 - power;
        usize::try_from(idx).ok().and_then(|idx| self.digits.get(idx)).copied().unwrap_or(0)
    }

    /// How many digits stand behind the decimal point.
    pub(super) fn fraction_len(&self) -> i32 {
        (self.digits.len() as i32 - self.exponent).max(0)
    }

    /// Rounds to a multiple of `increment × 10^power`.
    pub(super) fn round(&mut self, power: i32, increment: u32, mode: RoundingMode) {
        if self.is_zero() {
            return;
        }
        let kept = usize::try_from(self.exponent - power).unwrap_or(0);
        if increment == 1 && kept >= self.digits.len() {
            return;
        }
        // As an integer count of 10^power, and a rest.
        let mut whole: Vec<u8> =
            (0..kept).map(|idx| self.digits.get(idx).copied().unwrap_or(0)).collect();
        let rest_is_zero = kept >= self.digits.len();
        let remainder = whole
            .iter()
            .fold(0_u64, |rest, digit| (rest * 10 + u64::from(*digit)) % u64::from(increment));
        if remainder == 0 && rest_is_zero {
            return;
        }
        // Compares the distance to the lower multiple with the half way.
        let doubled = 2 * remainder;
        let increment = u64::from(increment);
        let first_rest =
            if self.exponent - power < 0 { 0 } else { self.digits.get(kept).copied().unwrap_or(0) };
        let half = if increment == 1 {
            let rest_after = self.digits.get(kept + 1..).is_some_and(|rest| !rest.is_empty());
            match first_rest {
                _ if self.exponent - power < 0 => std::cmp::Ordering::Less,
                5 if rest_after => std::cmp::Ordering::Greater,
                other => other.cmp(&5),
            }
        } else {
            match doubled.cmp(&increment) {
                std::cmp::Ordering::Equal if !rest_is_zero => std::cmp::Ordering::Greater,
                // Below the half by one: the rest may fill a half of it at most.
                std::cmp::Ordering::Less if doubled + 1 == increment && !rest_is_zero => {
                    let after = self.digits.get(kept + 1..).is_some_and(|rest| !rest.is_empty());
                    if first_rest == 5 && !after {
                        std::cmp::Ordering::Equal
                    } else {
                        first_rest.cmp(&5)
                    }
                }
                other => other,
            }
        };
        subtract_small(&mut whole, remainder);
        let is_odd = {
            let quotient_mod_two = whole
                .iter()
                .fold(0_u64, |rest, digit| (rest * 10 + u64::from(*digit)) % (2 * increment));
            quotient_mod_two >= increment
        };
        if is_up(mode, self.negative, half, is_odd) {
            add_small(&mut whole, increment);
        }
        self.exponent = power + whole.len() as i32;
        self.digits = whole;
        self.trim();
    }

    /// Takes off zeros that say nothing.
    fn trim(&mut self) {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        let zeros = self.digits.iter().take_while(|it| **it == 0).count();
        self.digits.drain(..zeros);
        self.exponent = if self.digits.is_empty() { 0 } else { self.exponent - zeros as i32 };
    }
}

fn is_up(mode: RoundingMode, negative: bool, half: std::cmp::Ordering, is_odd: bool) -> bool {
    use std::cmp::Ordering::{Equal, Greater};
    match mode {
        RoundingMode::Ceil => !negative,
        RoundingMode::Floor => negative,
        RoundingMode::Expand => true,
        RoundingMode::Trunc => false,
        _ if half == Greater => true,
        _ if half != Equal => false,
        RoundingMode::HalfCeil => !negative,
        RoundingMode::HalfFloor => negative,
        RoundingMode::HalfExpand => true,
        RoundingMode::HalfTrunc => false,
        RoundingMode::HalfEven => is_odd,
    }
}

fn add_small(digits: &mut Vec<u8>, mut addend: u64) {
    let mut idx = digits.len();
    while addend > 0 {
        if idx == 0 {
            digits.insert(0, 0);
        } else {
            idx -= 1;
        }
        let sum = u64::from(digits[idx]) + addend;
        digits[idx] = (sum % 10) as u8;
        addend = sum / 10;
    }
}

/// `subtrahend` is not more than what the digits say.
fn subtract_small(digits: &mut [u8], mut subtrahend: u64) {
    for digit in digits.iter_mut().rev() {
        let part = (subtrahend % 10) as u8;
        subtrahend /= 10;
        if *digit >= part {
            *digit -= part;
        } else {
            *digit = *digit + 10 - part;
            subtrahend += 1;
        }
    }
}
