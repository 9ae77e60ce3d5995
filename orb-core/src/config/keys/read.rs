//! How the text of a value is read and written.

use core::str::FromStr;

use rust_decimal::Decimal;

use crate::money::Price;
use crate::time::Span;

pub(super) fn number<T: FromStr>(text: &str, expected: &str) -> Result<T, String> {
    text.replace('_', "").parse().map_err(|_| format!("expected {expected}"))
}

pub(super) fn decimal_in(text: &str, low: Decimal, high: Decimal) -> Result<Decimal, String> {
    let value: Decimal = number(text, "a decimal number")?;
    if value <= low || value > high {
        return Err(format!("expected more than {low} and at most {high}"));
    }
    Ok(value)
}

pub(super) fn count_in(text: &str, low: u32, high: u32) -> Result<u32, String> {
    let value: u32 = number(text, "a whole number")?;
    if !(low..=high).contains(&value) {
        return Err(format!("expected {low} to {high}"));
    }
    Ok(value)
}

pub(super) fn amount(text: &str) -> Result<Price, String> {
    let value: Price = number(text, "dollars per share")?;
    if value < Price::ZERO {
        return Err("expected zero or more dollars per share".to_owned());
    }
    Ok(value)
}

pub(super) fn optional<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if matches!(text, "off" | "none") { Ok(None) } else { read(text).map(Some) }
}

pub(super) fn shown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "off".to_owned(), |value| value.to_string())
}

pub(super) fn minutes(text: &str) -> Result<Span, String> {
    let digits = text.strip_suffix('m').unwrap_or(text);
    let value = count_in(digits, 0, 180).map_err(|problem| format!("{problem} minutes"))?;
    Ok(Span::from_minutes(i64::from(value)))
}

pub(super) fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

pub(super) fn name_of<T: PartialEq>(value: &T, choices: &[(&str, T)]) -> String {
    choices.iter().find(|(_, choice)| choice == value).map_or_else(String::new, |(name, _)| (*name).to_owned())
}
