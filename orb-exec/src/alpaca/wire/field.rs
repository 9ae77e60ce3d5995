//! One value of a message, of whatever type it comes.

use core::fmt;
use std::borrow::Cow;

use orb_core::Price;
use orb_core::bar::PRICE_MAX;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Holds a value of a message: one letter names a number in one kind of message and a list in another.
///
/// Any JSON value is one, so that a field which nobody asks for never spoils its message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Field<'a> {
    /// Not there, `null`, or of a type that no message has.
    #[default]
    Absent,
    /// A number that is no whole one, or a negative one.
    Number(f64),
    /// A whole number.
    Whole(u64),
    /// A text.
    Text(Cow<'a, str>),
    /// The texts of a list; what is no text is left out.
    List(Vec<Cow<'a, str>>),
}

impl Field<'_> {
    /// Returns a text, `None` when it is none.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Number(_) | Self::Whole(_) | Self::List(_) => None,
        }
    }

    /// Returns a count, without its fraction; `None` when it is no number or below 0.
    pub(crate) fn count(&self) -> Option<u64> {
        match self {
            Self::Whole(count) => Some(*count),
            // A float of 2^63 and above is no count of shares either.
            Self::Number(number) if (0.0..9.2e18).contains(number) => Some(*number as u64),
            Self::Absent | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// Returns dollars as a price, rounded to the micro-dollar; `None` when it is no number from 0 to [`PRICE_MAX`].
    pub(crate) fn price(&self) -> Option<Price> {
        let dollars = match self {
            Self::Number(number) => *number,
            Self::Whole(count) => *count as f64,
            Self::Absent | Self::Text(_) | Self::List(_) => return None,
        };
        let micros = (dollars * 1e6).round();
        (0.0..=PRICE_MAX.micros() as f64).contains(&micros).then_some(Price::from_micros(micros as i64))
    }

    /// Lists the texts of a list; none when it is no list.
    pub(crate) fn list(&self) -> &[Cow<'_, str>] {
        match self {
            Self::List(texts) => texts,
            Self::Absent | Self::Number(_) | Self::Whole(_) | Self::Text(_) => &[],
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Field::Absent)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Absent)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(number).map_or(Field::Number(number as f64), Field::Whole))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Field::Whole(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Field::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(value) = values.next_element::<Field<'de>>()? {
            if let Field::Text(text) = value {
                texts.push(text);
            }
        }
        Ok(Field::List(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Absent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(json: &str) -> Field<'_> {
        serde_json::from_str(json).expect(json)
    }

    #[test]
    fn prices_are_rounded_to_the_micro_dollar_and_bounded() {
        let micros = |json| field(json).price().map(Price::micros);
        assert_eq!(micros("100.005"), Some(100_005_000));
        assert_eq!(micros("0.1"), Some(100_000));
        assert_eq!(micros("7"), Some(7_000_000));
        assert_eq!(micros("9999999.999999"), Some(9_999_999_999_999));
        assert_eq!(micros("-0.5"), None);
        assert_eq!(micros("1e300"), None);
        assert_eq!(micros("\"1\""), None);
        assert_eq!(micros("null"), None);
    }

    #[test]
    fn counts_lists_and_texts_are_what_they_are_or_nothing() {
        assert_eq!(field("12").count(), Some(12));
        assert_eq!(field("12.9").count(), Some(12));
        assert_eq!(field("-1").count(), None);
        assert_eq!(field("1e30").count(), None);
        assert_eq!(field(r#"["@", 4, "I"]"#).list(), ["@", "I"]);
        assert_eq!(field(r#"{"a": [1]}"#), Field::Absent);
        assert_eq!(field(r#""a\u0041""#).text(), Some("aA"));
    }
}
