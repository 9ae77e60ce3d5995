//! Both directions of every type, side by side.

use core::fmt::Display;

use orb_core::alarm::AlarmKind;
use orb_core::hold::HoldKind;
use orb_core::{Date, Money, Price, Quantity, Reason, Span, StrategyId, SymbolId, Timestamp, fact::ExitReason};

use chrono::Datelike as _;

/// Explains why bytes are not a batch of the journal: they are damaged, or of a newer version.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The first byte names no known form.
    #[error("the journal's row has the form {0}, which this version does not know")]
    Form(u8),
    /// The row is empty.
    #[error("the journal's row is empty")]
    Empty,
    /// The compressed bytes are damaged.
    #[error("the journal's row cannot be decompressed")]
    Compression(#[source] std::io::Error),
    /// The bytes are no message.
    #[error("the journal's row is not a message")]
    Message(#[from] prost::DecodeError),
    /// A part is missing.
    #[error("the journal's row lacks {0}")]
    Missing(&'static str),
    /// A part has a value that is not known.
    #[error("the journal's row has the {what} `{value}`, which this version does not know")]
    Value {
        /// The part.
        what: &'static str,
        /// The value.
        value: String,
    },
}

/// Maps a type to its message and back.
pub(super) trait Encoded: Sized {
    /// The message or the plain value.
    type Wire;

    /// Makes the message.
    fn encode(&self) -> Self::Wire;

    /// Reads the message.
    fn decode(wire: Self::Wire) -> Result<Self, JournalError>;
}

/// Encodes each of a list.
pub(super) fn encode_all<T: Encoded>(items: &[T]) -> Vec<T::Wire> {
    items.iter().map(T::encode).collect()
}

/// Decodes each of a list.
pub(super) fn decode_all<T: Encoded>(wires: Vec<T::Wire>) -> Result<Vec<T>, JournalError> {
    wires.into_iter().map(T::decode).collect()
}

/// Decodes what must be there.
pub(super) fn needed<T: Encoded>(wire: Option<T::Wire>, what: &'static str) -> Result<T, JournalError> {
    wire.ok_or(JournalError::Missing(what)).and_then(T::decode)
}

/// Decodes what may be absent.
pub(super) fn optional<T: Encoded>(wire: Option<T::Wire>) -> Result<Option<T>, JournalError> {
    wire.map(T::decode).transpose()
}

/// Decodes a small number that may be absent.
pub(super) fn small<T: TryFrom<u32>>(wire: Option<u32>, what: &'static str) -> Result<Option<T>, JournalError> {
    wire.map(|number| T::try_from(number).map_err(|_| unknown(what, &number))).transpose()
}

/// Makes the error of a value that is not known.
pub(super) fn unknown(what: &'static str, value: &dyn Display) -> JournalError {
    JournalError::Value { what, value: value.to_string() }
}

macro_rules! micros {
    ($($type:ident),+) => {
        $(impl Encoded for $type {
            type Wire = i64;
            fn encode(&self) -> i64 {
                self.micros()
            }
            fn decode(wire: i64) -> Result<Self, JournalError> {
                Ok(Self::from_micros(wire))
            }
        })+
    };
}

micros!(Price, Money, Timestamp, Span);

impl Encoded for Quantity {
    type Wire = i64;
    fn encode(&self) -> i64 {
        self.shares()
    }
    fn decode(wire: i64) -> Result<Self, JournalError> {
        Ok(Self::new(wire))
    }
}

impl Encoded for SymbolId {
    type Wire = u32;
    fn encode(&self) -> u32 {
        self.0
    }
    fn decode(wire: u32) -> Result<Self, JournalError> {
        Ok(Self(wire))
    }
}

impl Encoded for StrategyId {
    type Wire = u32;
    fn encode(&self) -> u32 {
        u32::from(self.0)
    }
    fn decode(wire: u32) -> Result<Self, JournalError> {
        u16::try_from(wire).map(Self).map_err(|_| unknown("strategy", &wire))
    }
}

impl Encoded for Date {
    type Wire = u32;
    fn encode(&self) -> u32 {
        self.year().unsigned_abs() * 10_000 + self.month() * 100 + self.day()
    }
    fn decode(wire: u32) -> Result<Self, JournalError> {
        let year = i32::try_from(wire / 10_000).unwrap_or(i32::MAX);
        Self::from_ymd_opt(year, wire / 100 % 100, wire % 100).ok_or_else(|| unknown("date", &wire))
    }
}

macro_rules! codes {
    ($($type:ident, $name:ident, $read:ident, $what:literal;)+) => {
        $(impl Encoded for $type {
            type Wire = String;
            fn encode(&self) -> String {
                self.$name().to_owned()
            }
            fn decode(wire: String) -> Result<Self, JournalError> {
                Self::$read(&wire).ok_or_else(|| unknown($what, &wire))
            }
        })+
    };
}

codes! {
    HoldKind, name, from_name, "hold";
    AlarmKind, name, from_name, "alarm";
    Reason, code, from_code, "reason";
    ExitReason, code, from_code, "exit reason";
}
