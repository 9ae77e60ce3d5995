//! Numbers as traders read them: signs, thousands, dollars, R.

use orb_core::{Money, Price, Timestamp};

/// Stands where there is no figure.
pub(super) const ABSENT: &str = "–";

/// Stands before what is below zero: as wide as the plus sign, unlike a hyphen.
pub(super) const MINUS: &str = "\u{2212}";

/// Writes dollars and cents with a sign, `+$1,284.60`; zero has none.
pub(super) fn signed_money(amount: Money) -> String {
    let text = plain_money(Money::from_micros(amount.micros().saturating_abs()));
    if text == "$0.00" { text } else { format!("{}{text}", sign(amount.micros() as f64)) }
}

/// Writes dollars and cents, a sign only below zero: `$100,000.00`.
pub(super) fn plain_money(amount: Money) -> String {
    let cents = (i128::from(amount.micros()).abs() + 5_000) / 10_000;
    let minus = if amount.micros() < 0 && cents != 0 { MINUS } else { "" };
    format!("{minus}${}.{:02}", thousands(cents / 100), cents % 100)
}

/// Writes whole dollars for an axis, `+$12,500`, and millions as `+$1.25M`.
pub(super) fn axis_money(dollars: f64, step: f64) -> String {
    let size = dollars.abs();
    let text = if size >= 1e6 {
        let decimals = decimals_of(step / 1e6);
        format!("${:.decimals$}M", size / 1e6)
    } else if step < 1.0 {
        format!("${size:.2}")
    } else {
        format!("${}", thousands(size.round() as i128))
    };
    if size < step / 1e3 { text } else { format!("{}{text}", sign(dollars)) }
}

/// Writes a price with cents, and four decimals under a dollar or where it has them.
pub(super) fn price(price: Price) -> String {
    let micros = i128::from(price.micros());
    let fine = micros < 1_000_000 || micros % 10_000 != 0;
    let (unit, digits) = if fine { (100, 4) } else { (10_000, 2) };
    let rounded = (micros + unit / 2) / unit;
    let base = 10_i128.pow(digits);
    format!("{}.{:0width$}", thousands(rounded / base), rounded % base, width = digits as usize)
}

/// Writes a fraction as a percentage with a sign: `+1.28%`.
pub(super) fn signed_percent(fraction: f64) -> String {
    signed(fraction * 100.0, 2, "%")
}

/// Writes a fraction as a percentage: `48.4%`.
pub(super) fn percent(fraction: f64) -> String {
    signed_only_below(fraction * 100.0, 1, "%")
}

/// Writes a multiple of the initial risk with a sign: `+2.20R`.
pub(super) fn r_multiple(r: f64) -> String {
    signed(r, 2, "R")
}

/// Writes a number with two decimals, a sign only below zero.
pub(super) fn ratio(value: f64) -> String {
    signed_only_below(value, 2, "")
}

/// Writes a count with thousands: `12,804`.
pub(super) fn count(value: usize) -> String {
    thousands(value as i128)
}

/// Writes `1 trade`, `2 trades`.
pub(super) fn plural(value: usize, one: &str, more: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { more })
}

/// Writes an optional figure, a dash where there is none.
pub(super) fn or_absent<T>(value: Option<T>, write: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| ABSENT.to_owned(), write)
}

/// Writes a time of day in New York: `09:35`.
pub(super) fn clock(at: Timestamp) -> String {
    new_york(at).map_or_else(|| ABSENT.to_owned(), |time| time.format("%H:%M").to_string())
}

/// Returns an instant on New York's clocks; `None` far outside of history.
pub(super) fn new_york(at: Timestamp) -> Option<chrono::DateTime<chrono_tz::Tz>> {
    at.to_datetime().map(|time| time.with_timezone(&chrono_tz::America::New_York))
}

/// Writes a length of time: `5 min`, `1 h 58 min`.
pub(super) fn duration(minutes: i64) -> String {
    if minutes < 60 { format!("{minutes} min") } else { format!("{} h {:02} min", minutes / 60, minutes % 60) }
}

/// Writes a number with a sign and a unit; what rounds to zero has no sign.
pub(super) fn signed(value: f64, decimals: usize, unit: &str) -> String {
    let text = grouped(value.abs(), decimals);
    if is_zero(&text) { format!("{text}{unit}") } else { format!("{}{text}{unit}", sign(value)) }
}

fn signed_only_below(value: f64, decimals: usize, unit: &str) -> String {
    let text = grouped(value.abs(), decimals);
    let minus = if value < 0.0 && !is_zero(&text) { MINUS } else { "" };
    format!("{minus}{text}{unit}")
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0' | b'.' | b','))
}

const fn sign(value: f64) -> &'static str {
    if value < 0.0 { MINUS } else { "+" }
}

fn grouped(size: f64, decimals: usize) -> String {
    if !size.is_finite() {
        return ABSENT.to_owned();
    }
    let text = format!("{size:.decimals$}");
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let whole = whole.parse::<i128>().map_or_else(|_| whole.to_owned(), thousands);
    fraction.map_or_else(|| whole.clone(), |fraction| format!("{whole}.{fraction}"))
}

/// Puts commas between groups of three digits.
fn thousands(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("{MINUS}{text}") } else { text }
}

/// Returns how many decimals write a step exactly, at most six.
pub(super) fn decimals_of(step: f64) -> usize {
    let exact = |decimals: &usize| {
        let scaled = step * 10_f64.powi(i32::try_from(*decimals).unwrap_or_default());
        (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().max(1.0)
    };
    (0..6).find(exact).unwrap_or(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_sign_thousands_and_cents() {
        let money = |micros| signed_money(Money::from_micros(micros));
        assert_eq!(money(1_284_600_000), "+$1,284.60");
        assert_eq!(money(-114_700_000), "\u{2212}$114.70");
        assert_eq!(money(0), "$0.00");
        assert_eq!(money(-4_999), "$0.00");
        assert_eq!(money(-5_000), "\u{2212}$0.01");
        assert_eq!(money(i64::MAX), "+$9,223,372,036,854.78");
        assert_eq!(plain_money(Money::from_cents(10_000_000)), "$100,000.00");
    }

    #[test]
    fn prices_have_cents_or_four_decimals() {
        let shown = |text: &str| price(text.parse().expect("a price"));
        assert_eq!(shown("182.4"), "182.40");
        assert_eq!(shown("283.378"), "283.3780");
        assert_eq!(shown("0.5012"), "0.5012");
        assert_eq!(shown("1234.5"), "1,234.50");
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(r_multiple(-0.001), "0.00R");
        assert_eq!(r_multiple(2.2), "+2.20R");
        assert_eq!(signed_percent(-0.0128), "\u{2212}1.28%");
        assert_eq!(percent(0.4841), "48.4%");
        assert_eq!(ratio(-1234.5), "\u{2212}1,234.50");
    }

    #[test]
    fn an_axis_tells_its_steps_apart() {
        assert_eq!(axis_money(12_500.0, 2_500.0), "+$12,500");
        assert_eq!(axis_money(1_250_000.0, 50_000.0), "+$1.25M");
        assert_eq!([0.25, 2.5, 5.0, 0.1, 0.002].map(decimals_of), [2, 1, 0, 1, 3]);
        assert_eq!(axis_money(0.0, 500.0), "$0");
        assert_eq!(axis_money(-0.5, 0.25), "\u{2212}$0.50");
    }
}
