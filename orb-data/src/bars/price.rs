//! Binary floating-point dollars to exact micro-dollars.
//!
//! A file that stores 174.44 as a double means the decimal 174.44, the shortest one that reads back as that double.
//! So a double becomes the micro-dollars of its shortest decimal, never the result of arithmetic.

use std::fmt::{Display, Write as _};

use orb_core::{MoneyError, Price};

/// Amounts below this many micro-dollars have at most 15 digits, which a double tells apart.
const DISTINCT_MICROS: f64 = 1e15;

/// Adding this to a number from 0 to 2^51 rounds it to a whole one, which then stands in the lowest bits of the sum.
const ROUNDER: f64 = 1.5 * (1_u64 << 52) as f64;

/// Guesses the price that a double's shortest decimal names, and tells whether the guess is it.
///
/// The division checks the guess: when `n / 1e6`, correctly rounded, is `dollars` itself, then the decimal of `n`
/// micro-dollars reads back as `dollars`; and as two decimals of at most 15 digits never share a double, it is the
/// shortest one. Nothing here branches, so that several values are computed at once.
#[inline]
pub(super) fn guess_from_f64(dollars: f64) -> (Price, bool) {
    let sum = dollars * 1e6 + ROUNDER;
    let micros = sum.to_bits().wrapping_sub(ROUNDER.to_bits()).cast_signed();
    let is_right = (0.0..DISTINCT_MICROS / 1e6).contains(&dollars) & ((sum - ROUNDER) / 1e6 == dollars);
    (Price::from_micros(micros), is_right)
}

/// Returns the price that a double's shortest decimal names.
///
/// Where the guess is wrong (more than six decimals, very large) the decimal is written out and read.
///
/// # Errors
/// When the value is not finite or does not fit.
#[inline]
pub(super) fn from_f64(dollars: f64, scratch: &mut String) -> Result<Price, MoneyError> {
    match guess_from_f64(dollars) {
        (price, true) => Ok(price),
        (_, false) => from_display(dollars, scratch),
    }
}

/// Returns the price that a single's shortest decimal names.
///
/// # Errors
/// When the value is not finite or does not fit.
pub(super) fn from_f32(dollars: f32, scratch: &mut String) -> Result<Price, MoneyError> {
    from_display(dollars, scratch)
}

/// Returns the price of `value` x 10^-`scale` dollars, rounded half away from zero to the micro-dollar.
///
/// # Errors
/// When the value does not fit.
pub(super) fn from_scaled(value: i128, scale: i8) -> Result<Price, MoneyError> {
    let out_of_range = || MoneyError::OutOfRange(format!("{value}e{}", -i32::from(scale)));
    let exponent = 6 - i32::from(scale);
    let power = 10_i128.checked_pow(exponent.unsigned_abs()).ok_or_else(out_of_range)?;
    let micros = match exponent {
        0.. => value.checked_mul(power),
        _ => Some(value / power + value % power / (power / 2)),
    };
    micros.and_then(|micros| i64::try_from(micros).ok()).map(Price::from_micros).ok_or_else(out_of_range)
}

/// Returns how many micro-dollars 10^-`scale` dollars are; `None` when that is no whole number or a very large one.
pub(super) fn scale_up(scale: i8) -> Option<i64> {
    let exponent = u32::try_from(6 - i32::from(scale)).ok()?;
    10_i64.checked_pow(exponent)
}

/// Returns the price of `value` times `power` micro-dollars, and tells whether it fits.
#[inline]
pub(super) fn scaled_up(value: i128, power: i64) -> (Price, bool) {
    let (micros, is_lost) = (value as i64).overflowing_mul(power);
    (Price::from_micros(micros), !is_lost & (i128::from(value as i64) == value))
}

/// Writes the shortest decimal and reads it.
fn from_display(value: impl Display, scratch: &mut String) -> Result<Price, MoneyError> {
    scratch.clear();
    write!(scratch, "{value}").expect("writing to a string never fails");
    scratch.parse()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(dollars: f64, micros: i64) {
        assert_eq!(from_f64(dollars, &mut String::new()).map(Price::micros), Ok(micros), "{dollars}");
    }

    #[test]
    fn a_double_is_its_shortest_decimal() {
        check(174.44, 174_440_000);
        check(0.1 + 0.2, 300_000);
        check(211.039_993_286, 211_039_993);
        check(0.000_000_5, 1);
        check(1e-9, 0);
        check(-3.5, -3_500_000);
        check(9_007_199_254.740_993, 9_007_199_254_740_993);
        for bad in [f64::NAN, f64::INFINITY, 1e300] {
            assert!(from_f64(bad, &mut String::new()).is_err(), "{bad}");
        }
        assert_eq!(from_f32(211.04, &mut String::new()), Ok(Price::from_micros(211_040_000)));
    }

    #[test]
    fn a_scaled_integer_is_rounded_half_away_from_zero() {
        let micros = |value, scale| from_scaled(value, scale).map(Price::micros);
        assert_eq!(micros(17_444, 2), Ok(174_440_000));
        assert_eq!(micros(5, -2), Ok(500_000_000));
        assert_eq!(micros(12_345_675, 7), Ok(1_234_568));
        assert_eq!(micros(-12_345_675, 7), Ok(-1_234_568));
        assert_eq!(micros(123_456_749, 8), Ok(1_234_567));
        assert!(micros(i128::MAX, 0).is_err() && micros(1, 60).is_err());
        assert_eq!((scale_up(2), scale_up(6), scale_up(7), scale_up(-13)), (Some(10_000), Some(1), None, None));
    }

    proptest! {
        #[test]
        fn the_fast_path_equals_the_text(dollars in prop_oneof![0.0..2e9_f64, 0.0..1.0_f64, proptest::num::f64::ANY]) {
            let dollars: f64 = dollars;
            let slow = dollars.to_string().parse::<Price>();
            prop_assert_eq!(from_f64(dollars, &mut String::new()).ok(), slow.ok());
        }

        #[test]
        fn scaling_up_equals_the_general_way(
            value in prop_oneof![any::<i128>(), any::<i64>().prop_map(i128::from), -1_000_000..1_000_000_i128],
            scale in -20..10_i8,
        ) {
            if let Some(power) = scale_up(scale) {
                let (price, fits) = scaled_up(value, power);
                prop_assert_eq!(fits.then_some(price), from_scaled(value, scale).ok());
            }
        }

        #[test]
        fn every_price_survives_a_double(micros in 1..10_000_000_000_000_i64) {
            let price = Price::from_micros(micros);
            let double: f64 = price.to_string().parse().expect("a number");
            prop_assert_eq!(from_f64(double, &mut String::new()), Ok(price));
        }
    }
}
