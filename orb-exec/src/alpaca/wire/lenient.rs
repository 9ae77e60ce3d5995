//! Readers of single JSON values that turn what they do not understand into absence instead of an error.
//!
//! Alpaca writes numbers as strings in one place and as numbers in the next, and adds fields and words as it likes.
//! Each function here reads one field and fails only where the text is no JSON at all.

use core::fmt;
use core::marker::PhantomData;

use orb_core::Timestamp;
use rust_decimal::Decimal;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Most characters of a number: more is nothing that a broker would say.
const NUMBER_LENGTH_MAX: usize = 40;

/// Holds the elements of a list that could be read, and how many could not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed<T> {
    /// The elements, in order.
    pub(crate) items: Vec<T>,
    /// What was wrong with each of the others.
    pub(crate) unreadable: Vec<String>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { items: Vec::new(), unreadable: Vec::new() }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Listed<T> {
    /// Reads a list, each element on its own; `null` is the empty list.
    ///
    /// # Errors
    /// When the value is neither a list nor `null`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for Elements<T> {
            type Value = Listed<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Listed::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let mut listed = Listed::default();
                while let Some(value) = elements.next_element::<Value>()? {
                    match T::deserialize(value) {
                        Ok(item) => listed.items.push(item),
                        Err(error) => listed.unreadable.push(error.to_string()),
                    }
                }
                Ok(listed)
            }
        }
        deserializer.deserialize_any(Elements(PhantomData))
    }
}

/// Reads a list inside an object; whatever is no list counts as the empty one.
pub(crate) fn list<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(Listed::deserialize(value).map(|listed| listed.items).unwrap_or_default())
}

/// Reads a text, or a number or truth value as its text; `None` for `null`, lists and objects.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Text;
    impl<'de> Visitor<'de> for Text {
        type Value = Option<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }
        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            Ok(Some(value.to_string()))
        }
        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok(Some(value.to_string()))
        }
        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok(Some(value.to_string()))
        }
        fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
            // The shortest text that reads back as the same float is the one that was written.
            Ok(Some(value.to_string()))
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
            while elements.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(None)
        }
    }
    deserializer.deserialize_any(Text)
}

/// Reads a text; the empty one for whatever is none.
pub(crate) fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer).map(Option::unwrap_or_default)
}

/// Reads a number, written as a number or as a text; `None` for whatever is none.
pub(crate) fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    Ok(text(deserializer)?.as_deref().and_then(parse_decimal))
}

/// Reads a whole number, written as a number or as a text; `None` for whatever is none.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(text(deserializer)?.as_deref().and_then(|text| text.parse().ok()))
}

/// Reads a truth value, written as such or as a text; `None` for whatever is none.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(text(deserializer)?.as_deref().and_then(|text| text.parse().ok()))
}

/// Reads an RFC 3339 instant, truncated to the microsecond; `None` for whatever is none.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(text(deserializer)?.as_deref().and_then(Timestamp::parse_rfc3339))
}

/// Returns the number that a text is; `None` when it is none, or too long for a price or a quantity.
pub(crate) fn parse_decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    if text.is_empty() || text.len() > NUMBER_LENGTH_MAX {
        return None;
    }
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Fields {
        #[serde(default, deserialize_with = "decimal")]
        number: Option<Decimal>,
        #[serde(default, deserialize_with = "flag")]
        flag: Option<bool>,
        #[serde(default, deserialize_with = "time")]
        time: Option<Timestamp>,
        #[serde(default, deserialize_with = "integer")]
        whole: Option<i64>,
    }

    fn number(json: &str) -> Option<String> {
        let fields: Fields = serde_json::from_str(&format!("{{\"number\":{json}}}")).expect(json);
        fields.number.map(|number| number.to_string())
    }

    #[test]
    fn numbers_are_read_as_texts_and_as_numbers() {
        let read = ["\"174.44\"", "174.44", "-3", "\"1e2\"", "0.1", "12345678901234567890"].map(number);
        let expected = ["174.44", "174.44", "-3", "100", "0.1", "12345678901234567890"];
        assert_eq!(read, expected.map(|text| Some(text.to_owned())));
    }

    #[test]
    fn what_is_no_number_is_absent() {
        for json in ["null", "\"\"", "\"abc\"", "[1,[2]]", "{\"a\":{}}", "true", "1e300", "\"1e999999999\"", "\"NaN\""]
        {
            assert_eq!(number(json), None, "{json}");
        }
    }

    #[test]
    fn other_values_are_read_or_absent() {
        let read = |json: &str| serde_json::from_str::<Fields>(json).expect(json);
        let fields =
            read(r#"{"flag":"true","time":"2026-11-27T09:30:00.123456789-05:00","whole":"40310000","more":1}"#);
        let at = Timestamp::parse_rfc3339("2026-11-27T14:30:00.123456Z");
        assert_eq!(fields, Fields { number: None, flag: Some(true), time: at, whole: Some(40_310_000) });
        let none = Fields { number: None, flag: None, time: None, whole: None };
        assert_eq!(read(r#"{"flag":1,"time":12,"whole":1.5}"#), none);
        assert_eq!(read("{}"), none);
    }

    #[test]
    fn one_bad_element_does_not_spoil_a_list() {
        let listed: Listed<u8> = serde_json::from_str("[1, 300, \"x\", 2]").expect("a list");
        assert_eq!((listed.items, listed.unreadable.len()), (vec![1, 2], 2));
        assert_eq!(serde_json::from_str::<Listed<u8>>("null").expect("null"), Listed::default());
        assert!(serde_json::from_str::<Listed<u8>>("{}").is_err());
        assert!(serde_json::from_str::<Listed<u8>>("<html>").is_err());
    }
}
