//! One value, and how it looks to people and to programs.

use serde_json::Value;

use crate::wire;

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// There is no value.
    Absent,
    /// Words.
    Text(String),
    /// A count.
    Count(i64),
    /// A price or an amount, a decimal of the wire.
    Money(String),
    /// A profit or a loss, or an R multiple, a decimal of the wire.
    Signed(String),
    /// A part of one, shown as a percentage.
    Ratio(f64),
    /// A plain number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// An instant, microseconds since 1970-01-01 UTC.
    Time(i64),
    /// The same, in whole seconds in CSV, as the files of a backtest have it.
    Second(i64),
    /// A span in microseconds; programs get seconds.
    Span(i64),
    /// Names and values, or a list: itself for programs that read JSON, else the text.
    Nested(String, Value),
}

impl Cell {
    /// Shows words; nothing when there are none.
    pub(crate) fn text(value: &str) -> Self {
        if value.is_empty() { Self::Absent } else { Self::Text(value.to_owned()) }
    }

    /// Shows words that may be absent.
    pub(crate) fn maybe_text(value: Option<&String>) -> Self {
        value.map_or(Self::Absent, |text| Self::text(text))
    }

    /// Shows a price or an amount; nothing when it is absent.
    pub(crate) fn money(value: &str) -> Self {
        if value.is_empty() { Self::Absent } else { Self::Money(value.to_owned()) }
    }

    /// Shows a price or an amount that may be absent.
    pub(crate) fn maybe_money(value: Option<&String>) -> Self {
        value.map_or(Self::Absent, |text| Self::money(text))
    }

    /// Shows a profit or a loss; nothing when it is absent.
    pub(crate) fn signed(value: &str) -> Self {
        if value.is_empty() { Self::Absent } else { Self::Signed(value.to_owned()) }
    }

    /// Shows a profit or a loss that may be absent.
    pub(crate) fn maybe_signed(value: Option<&String>) -> Self {
        value.map_or(Self::Absent, |text| Self::signed(text))
    }

    /// Shows a list of words.
    pub(crate) fn list(values: &[String]) -> Self {
        Self::Nested(values.join(", "), Value::from(values))
    }

    /// Returns what people read: one line without control characters.
    pub(crate) fn to_table(&self) -> String {
        let text = match self {
            Self::Absent => "-".to_owned(),
            Self::Nested(text, _) if text.is_empty() => "-".to_owned(),
            Self::Text(text) | Self::Nested(text, _) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Money(decimal) => with_cents(decimal),
            Self::Signed(decimal) => with_sign(&with_cents(decimal)),
            Self::Ratio(ratio) => format!("{:.2}%", ratio * 100.0),
            Self::Number(number) => format!("{number:.2}"),
            Self::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Self::Time(micros) | Self::Second(micros) => wire::new_york(*micros),
            Self::Span(micros) => wire::clock(*micros),
        };
        text.replace(char::is_control, " ")
    }

    /// Returns what a CSV field holds: the exact value, empty when there is none.
    pub(crate) fn to_csv(&self) -> String {
        match self {
            Self::Absent => String::new(),
            Self::Text(text) | Self::Nested(text, _) | Self::Money(text) | Self::Signed(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Ratio(number) | Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Time(micros) => wire::utc(*micros),
            Self::Second(micros) => wire::utc(micros - micros.rem_euclid(1_000_000)),
            Self::Span(micros) => orb_api::decimal::from_micros(*micros),
        }
    }

    /// Returns the exact value as JSON, null when there is none. Decimals stay strings.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Absent => Value::Null,
            Self::Text(text) | Self::Money(text) | Self::Signed(text) => Value::from(text.as_str()),
            Self::Nested(_, value) => value.clone(),
            Self::Count(count) => Value::from(*count),
            Self::Ratio(number) | Self::Number(number) => Value::from(*number),
            Self::Flag(flag) => Value::from(*flag),
            Self::Time(micros) | Self::Second(micros) => Value::from(wire::utc(*micros)),
            Self::Span(_) => self.to_csv().parse::<f64>().map_or(Value::Null, Value::from),
        }
    }
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Absent, Self::Number)
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Self {
        Self::Count(value.into())
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        Self::Count(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

/// Pads a decimal to two places, so that a column lines up; never shortens it.
fn with_cents(decimal: &str) -> String {
    match decimal.split_once('.') {
        None => format!("{decimal}.00"),
        Some((whole, fraction)) => format!("{whole}.{fraction:0<2}"),
    }
}

fn with_sign(decimal: &str) -> String {
    let is_zero = decimal.chars().all(|c| matches!(c, '0' | '.'));
    if is_zero || decimal.starts_with('-') { decimal.to_owned() } else { format!("+{decimal}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &Cell, table: &str, csv: &str, json: &str) {
        assert_eq!(cell.to_table(), table);
        assert_eq!(cell.to_csv(), csv);
        assert_eq!(cell.to_json().to_string(), json);
    }

    #[test]
    fn each_value_has_its_three_looks() {
        check(&Cell::Absent, "-", "", "null");
        check(&Cell::text(""), "-", "", "null");
        check(&Cell::money("10.5"), "10.50", "10.5", "\"10.5\"");
        check(&Cell::money("0.0035"), "0.0035", "0.0035", "\"0.0035\"");
        check(&Cell::signed("12"), "+12.00", "12", "\"12\"");
        check(&Cell::signed("-12.345"), "-12.345", "-12.345", "\"-12.345\"");
        check(&Cell::signed("0"), "0.00", "0", "\"0\"");
        check(&Cell::Ratio(0.5), "50.00%", "0.5", "0.5");
        check(&Cell::Number(f64::NAN), "NaN", "NaN", "null");
        check(&Cell::Flag(true), "yes", "true", "true");
        let (exact, whole) = ("2026-02-13T14:35:00.250Z", "2026-02-13T14:35:00Z");
        let at = 1_770_993_300_250_000;
        check(&Cell::Time(at), "2026-02-13 09:35:00", exact, &format!("\"{exact}\""));
        check(&Cell::Second(at), "2026-02-13 09:35:00", whole, &format!("\"{exact}\""));
        check(&Cell::Span(90_500_000), "0:01:30", "90.5", "90.5");
        check(&Cell::list(&[]), "-", "", "[]");
        check(&Cell::list(&["a".into(), "b".into()]), "a, b", "a, b", "[\"a\",\"b\"]");
    }

    #[test]
    fn a_table_never_passes_on_control_characters() {
        assert_eq!(Cell::text("a\n\u{1b}[2Jb").to_table(), "a  [2Jb");
    }
}
