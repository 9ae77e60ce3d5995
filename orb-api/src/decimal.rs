//! Decimal strings of the wire and integer millionths.
//!
//! Money and prices are `i64` micro-dollars (1e-6 USD) inside orb and decimal strings on the
//! wire. Both directions are exact.

use thiserror::Error;

/// Millionths in one.
pub const MICROS_PER_UNIT: i64 = 1_000_000;

const PLACES: usize = 6;

/// Why a text is no decimal of the wire.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DecimalError {
    /// Not digits with at most one dot and an optional leading minus.
    #[error("{0:?} is not a decimal number")]
    Malformed(String),
    /// More than six decimal places.
    #[error("{0:?} has more than six decimal places")]
    TooPrecise(String),
    /// Beyond what 64 bits of millionths can hold.
    #[error("{0:?} is out of range")]
    OutOfRange(String),
}

/// Returns `micros` millionths as an unpadded decimal: `10500000` is `"10.5"`.
///
/// ```
/// assert_eq!(orb_api::decimal::from_micros(-3_500), "-0.0035");
/// ```
#[must_use]
pub fn from_micros(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let unit = MICROS_PER_UNIT.unsigned_abs();
    let (whole, rest) = (micros.unsigned_abs() / unit, micros.unsigned_abs() % unit);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{rest:06}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

/// Reads a decimal of the wire as millionths: `"10.5"` is `10500000`.
///
/// # Errors
/// [`DecimalError`] when the text is no plain decimal, has more than six decimal places or is
/// out of range. An exponent, a plus sign, white space and a bare dot are malformed.
///
/// ```
/// assert_eq!(orb_api::decimal::to_micros("-0.0035"), Ok(-3_500));
/// ```
pub fn to_micros(text: &str) -> Result<i64, DecimalError> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if !is_digits(whole) || !is_digits(fraction) {
        return Err(DecimalError::Malformed(text.to_owned()));
    }
    if fraction.len() > PLACES {
        return Err(DecimalError::TooPrecise(text.to_owned()));
    }
    let micros = magnitude(whole, fraction).map(|value| if is_negative { -value } else { value });
    micros.and_then(|value| i64::try_from(value).ok()).ok_or_else(|| DecimalError::OutOfRange(text.to_owned()))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn magnitude(whole: &str, fraction: &str) -> Option<i128> {
    let whole: i128 = whole.parse().ok()?;
    let fraction: i128 = format!("{fraction:0<6}").parse().ok()?;
    whole.checked_mul(i128::from(MICROS_PER_UNIT))?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_both_ways(micros: i64, text: &str) {
        assert_eq!(from_micros(micros), text);
        assert_eq!(to_micros(text), Ok(micros));
    }

    #[test]
    fn every_value_has_one_unpadded_text() {
        check_both_ways(0, "0");
        check_both_ways(1, "0.000001");
        check_both_ways(-1, "-0.000001");
        check_both_ways(10_500_000, "10.5");
        check_both_ways(-3_500, "-0.0035");
        check_both_ways(100_000_000_000, "100000");
        check_both_ways(i64::MAX, "9223372036854.775807");
        check_both_ways(i64::MIN, "-9223372036854.775808");
    }

    #[test]
    fn padding_is_read_but_not_written() {
        assert_eq!(to_micros("010.50"), Ok(10_500_000));
        assert_eq!(to_micros("-0"), Ok(0));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "-", ".", "1.", ".5", "+1", "1e3", " 1", "1,0", "1.2.3", "--1", "١"] {
            assert_eq!(to_micros(text), Err(DecimalError::Malformed(text.to_owned())));
        }
        let text = "1.0000001";
        assert_eq!(to_micros(text), Err(DecimalError::TooPrecise(text.to_owned())));
        for text in ["9223372036854.775808", &"9".repeat(60)] {
            assert_eq!(to_micros(text), Err(DecimalError::OutOfRange(text.to_owned())));
        }
    }
}
