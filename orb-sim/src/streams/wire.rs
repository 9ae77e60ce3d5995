//! Messages of market data, and their encodings as JSON and MessagePack.

use bytes::Bytes;
use orb_core::{Price, Timestamp};
use serde_json::{Map, Value, json};

/// Tells how a data connection is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Json,
    MessagePack,
}

/// Holds a value in a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field {
    Text(String),
    Integer(i64),
    Number(f64),
    Texts(Vec<String>),
    Time(Timestamp),
}

/// Holds named values in their order.
pub(crate) type Fields = Vec<(&'static str, Field)>;

/// Represents one message of market data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DataMessage {
    /// The kind: `t`, `q`, `b` and so on.
    pub(crate) kind: String,
    /// The symbol.
    pub(crate) symbol: String,
    pub(crate) fields: Fields,
}

impl Field {
    /// Makes a price in dollars; this is where Alpaca's JSON has floats.
    pub(crate) fn price(price: Price) -> Self {
        Self::micros(price.micros())
    }

    pub(crate) fn micros(micros: i64) -> Self {
        Self::Number(micros as f64 / 1e6)
    }

    pub(crate) fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Integer(number) => json!(number),
            // Whole numbers are written without a fraction, as Alpaca does.
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => json!(*number as i64),
            Self::Number(number) => json!(number),
            Self::Texts(texts) => json!(texts),
            Self::Time(at) => json!(at.to_string()),
        }
    }

    fn to_message_pack(&self) -> rmpv::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Integer(number) => (*number).into(),
            Self::Number(number) => (*number).into(),
            Self::Texts(texts) => rmpv::Value::Array(texts.iter().map(|text| text.as_str().into()).collect()),
            Self::Time(at) => timestamp(*at),
        }
    }
}

/// Encodes an instant as MessagePack's extension -1: nanoseconds in the upper 30 bits, seconds in the lower 34.
fn timestamp(at: Timestamp) -> rmpv::Value {
    let seconds = at.micros().div_euclid(1_000_000);
    let nanos = u32::try_from(at.micros().rem_euclid(1_000_000) * 1_000).unwrap_or(0);
    let bytes = match u64::try_from(seconds) {
        Ok(seconds) if seconds < 1 << 34 => ((u64::from(nanos) << 34) | seconds).to_be_bytes().to_vec(),
        Ok(_) | Err(_) => [nanos.to_be_bytes().as_slice(), seconds.to_be_bytes().as_slice()].concat(),
    };
    rmpv::Value::Ext(-1, bytes)
}

/// Makes a JSON object of fields.
pub(crate) fn object(fields: &Fields) -> Map<String, Value> {
    fields.iter().map(|(name, field)| ((*name).to_owned(), field.to_json())).collect()
}

impl DataMessage {
    pub(crate) fn new(kind: &str, symbol: &str, fields: Fields) -> Self {
        Self { kind: kind.to_owned(), symbol: symbol.to_owned(), fields }
    }

    /// Encodes the message alone, to be joined with others by [`batch`].
    pub(crate) fn encode(&self, codec: Codec) -> Vec<u8> {
        match codec {
            Codec::Json => {
                let mut object = object(&self.fields);
                object.insert("T".to_owned(), json!(self.kind));
                object.insert("S".to_owned(), json!(self.symbol));
                Value::Object(object).to_string().into_bytes()
            }
            Codec::MessagePack => {
                let head = [("T", self.kind.as_str()), ("S", self.symbol.as_str())]
                    .map(|(key, text)| (key.into(), text.into()));
                let fields = self.fields.iter().map(|(name, field)| ((*name).into(), field.to_message_pack()));
                message_pack(&rmpv::Value::Map(head.into_iter().chain(fields).collect()))
            }
        }
    }
}

/// Joins encoded messages to the array that is sent.
pub(crate) fn batch(codec: Codec, messages: &[&[u8]]) -> Bytes {
    let mut bytes = Vec::with_capacity(messages.iter().map(|message| message.len() + 1).sum::<usize>() + 5);
    match codec {
        Codec::Json => {
            bytes.push(b'[');
            bytes.extend(messages.join(&b','));
            bytes.push(b']');
        }
        Codec::MessagePack => {
            bytes.push(0xdd);
            bytes.extend(u32::try_from(messages.len()).unwrap_or(u32::MAX).to_be_bytes());
            messages.iter().for_each(|message| bytes.extend_from_slice(message));
        }
    }
    bytes.into()
}

/// Encodes a reply of a conversation.
pub(crate) fn reply(codec: Codec, value: &Value) -> Bytes {
    match codec {
        Codec::Json => value.to_string().into(),
        Codec::MessagePack => match rmpv::ext::to_value(value) {
            Ok(value) => message_pack(&value).into(),
            Err(_) => Bytes::new(),
        },
    }
}

/// Reads what a client said; `None` when it is not in its encoding.
pub(crate) fn heard(codec: Codec, is_text: bool, bytes: &[u8]) -> Option<Value> {
    if is_text || codec == Codec::Json {
        return serde_json::from_slice(bytes).ok();
    }
    let mut rest = bytes;
    // A client's message is small and flat; deep ones are refused before they exhaust the stack.
    let value = rmpv::decode::read_value_with_max_depth(&mut rest, 8).ok()?;
    from_message_pack(&value)
}

fn from_message_pack(value: &rmpv::Value) -> Option<Value> {
    Some(match value {
        rmpv::Value::Nil => Value::Null,
        rmpv::Value::Boolean(truth) => json!(truth),
        rmpv::Value::Integer(number) => number.as_i64().map_or(Value::Null, |number| json!(number)),
        rmpv::Value::F32(number) => json!(number),
        rmpv::Value::F64(number) => json!(number),
        rmpv::Value::String(text) => json!(text.as_str()?),
        rmpv::Value::Binary(bytes) => json!(std::str::from_utf8(bytes).ok()?),
        rmpv::Value::Array(values) => Value::Array(values.iter().map(from_message_pack).collect::<Option<_>>()?),
        rmpv::Value::Map(pairs) => {
            let pair =
                |(key, value): &(rmpv::Value, rmpv::Value)| Some((key.as_str()?.to_owned(), from_message_pack(value)?));
            Value::Object(pairs.iter().map(pair).collect::<Option<_>>()?)
        }
        rmpv::Value::Ext(..) => return None,
    })
}

fn message_pack(value: &rmpv::Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, value).expect("writing to memory does not fail");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> DataMessage {
        let at = Timestamp::parse_rfc3339("2026-03-02T14:30:00.001Z").expect("an instant");
        let fields = vec![
            ("p", Field::price(Price::from_cents(10_005))),
            ("s", Field::count(7)),
            ("t", Field::Time(at)),
            ("c", Field::Texts(vec!["@".to_owned()])),
        ];
        DataMessage::new("t", "ALDVIN", fields)
    }

    #[test]
    fn json_is_an_array_of_objects() {
        let one = message().encode(Codec::Json);
        let array: Value = serde_json::from_slice(&batch(Codec::Json, &[&one, &one])).expect("JSON");
        assert_eq!(array[1], json!({"T":"t","S":"ALDVIN","p":100.05,"s":7,"t":"2026-03-02T14:30:00.001Z","c":["@"]}));
    }

    #[test]
    fn message_pack_is_an_array_of_maps_with_timestamps() {
        let one = message().encode(Codec::MessagePack);
        let bytes = batch(Codec::MessagePack, &[&one, &one]);
        let value = rmpv::decode::read_value(&mut bytes.as_ref()).expect("MessagePack");
        let map = &value.as_array().expect("an array")[1];
        let time = map.as_map().expect("a map").iter().find(|(key, _)| key.as_str() == Some("t")).expect("t");
        let (kind, bytes) = time.1.as_ext().expect("an extension");
        let joined = u64::from_be_bytes(bytes.try_into().expect("eight bytes"));
        assert_eq!((kind, joined >> 34, joined & ((1 << 34) - 1)), (-1, 1_000_000, 1_772_461_800));
    }

    #[test]
    fn a_client_is_heard_in_both_encodings() {
        let said = json!({"action": "subscribe", "bars": ["*"]});
        assert_eq!(heard(Codec::Json, true, said.to_string().as_bytes()), Some(said.clone()));
        assert_eq!(heard(Codec::MessagePack, false, &reply(Codec::MessagePack, &said)), Some(said));
        assert_eq!(heard(Codec::MessagePack, false, &[0x81]), None);
        assert_eq!(heard(Codec::Json, true, b"<html>"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = (heard(Codec::MessagePack, false, &bytes), heard(Codec::Json, false, &bytes));
        }
    }
}
