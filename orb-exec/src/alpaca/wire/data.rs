//! The messages of the market-data websocket.
//!
//! A frame is an array of messages. Each element is taken on its own: one that cannot be understood is reported and
//! never spoils its neighbours.
//!
//! A trade that is corrected (`c`) or taken back (`x`) is counted and moves nothing. What it moved has happened: a level
//! that it crossed stays crossed, and an entry that it triggered is a position at the broker, whose stop is where it is.
//! What it changes of a bar comes as an updated bar (`u`), which revises a range that is not frozen yet; nothing else
//! waits for it.

use core::fmt;
use std::collections::HashMap;

use orb_core::{Bar, BarError, Price, Span, SymbolId, SymbolTable, Timestamp};
use serde::Deserialize;

use super::field::Field;
use crate::alpaca::market::conditions;

/// Length of the bars that the stream carries.
pub(crate) const BAR_LENGTH: Span = Span::from_minutes(1);

/// Holds one message that was understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DataMessage {
    /// The server's answer to a step of the conversation: `connected` or `authenticated`.
    Success(String),
    /// The server's complaint.
    Error {
        /// Its number, from 400 on.
        code: u64,
        /// Its words.
        message: String,
    },
    /// The answer to a subscription.
    Subscribed,
    /// A minute's bar.
    Bar(Bar),
    /// A minute's bar in a corrected form.
    Updated(Bar),
    /// Shares changed hands at the market's price.
    Trade {
        /// Whose shares.
        symbol: SymbolId,
        /// Dollars per share.
        price: Price,
        /// Number of shares, at least 1.
        size: u64,
    },
    /// Best bid and ask, both there.
    Quote {
        /// Whose quote.
        symbol: SymbolId,
        /// Best bid.
        bid: Price,
        /// Best ask.
        ask: Price,
    },
    /// Trading in a symbol was halted or resumed.
    Halt {
        /// Whose trading.
        symbol: SymbolId,
        /// True while halted.
        halted: bool,
    },
    /// Nothing that moves orb, with the reason.
    Passed(Passed),
}

/// Tells why a message moves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Passed {
    /// A symbol that is not traded here: bars are subscribed for all.
    OtherSymbol,
    /// A trade that does not set the market's price.
    IrregularTrade,
    /// A quote of one side only.
    OneSidedQuote,
    /// A status that neither halts nor resumes.
    OtherStatus,
    /// A daily bar: the day's reference comes from elsewhere.
    DailyBar,
    /// A trade was corrected: the bar comes again as an updated one.
    TradeCorrection,
    /// A trade was taken back: the bar comes again as an updated one.
    TradeCancel,
    /// The price bands of the limit rule: a pause that follows comes as a status.
    PriceBands,
}

/// Explains why an element of a frame is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MessageError {
    /// It is no JSON object.
    #[error("it is no JSON object: {0}")]
    NotAnObject(String),
    /// Its kind is not known.
    #[error("its kind `{0}` is not known")]
    UnknownKind(String),
    /// A field is missing or of another type.
    #[error("its field `{field}` is missing or not {expected}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The prices make no bar.
    #[error("it is no bar: {0}")]
    Bar(#[from] BarError),
}

/// Numbers symbols by their text, without making a symbol of it first.
#[derive(Clone, Debug)]
pub(crate) struct SymbolIndex(HashMap<Box<str>, SymbolId>);

impl SymbolIndex {
    /// Takes the symbols of a table.
    pub(crate) fn of(table: &SymbolTable) -> Self {
        Self(table.iter().map(|(id, symbol)| (symbol.as_str().into(), id)).collect())
    }

    /// Returns the number of a symbol, `None` when it is not of the table.
    pub(crate) fn get(&self, text: &str) -> Option<SymbolId> {
        self.0.get(text).copied()
    }
}

/// Takes a frame apart: its messages in their order, each understood or not.
pub(crate) fn read_frame<'a>(
    frame: &'a [u8],
    symbols: &'a SymbolIndex,
) -> impl Iterator<Item = Result<DataMessage, MessageError>> + 'a {
    elements(frame).map(|element| read_element(element, symbols))
}

/// Splits an array into its elements without looking into them; what is no array is one element.
///
/// Brackets and texts are followed as JSON has them. In a text that is none the rest may become one odd element.
fn elements(frame: &[u8]) -> impl Iterator<Item = &[u8]> {
    let trimmed = frame.trim_ascii();
    let inner = trimmed.strip_prefix(b"[").map(|rest| rest.strip_suffix(b"]").unwrap_or(rest));
    let mut rest = inner.unwrap_or(trimmed).trim_ascii();
    let whole = inner.is_none();
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = if whole { rest.len() } else { end_of_element(rest) };
        let (element, tail) = rest.split_at(end);
        rest = tail.get(1..).unwrap_or_default().trim_ascii();
        Some(element.trim_ascii())
    })
}

/// Returns where the first comma outside of brackets and texts stands, or the length.
fn end_of_element(bytes: &[u8]) -> usize {
    let (mut depth, mut in_text, mut escaped) = (0_i64, false, false);
    for (index, byte) in bytes.iter().enumerate() {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth -= 1,
            (false, b',') if depth <= 0 => return index,
            (true | false, _) => {}
        }
    }
    bytes.len()
}

/// Holds the fields of all kinds of messages; a letter means another thing in each.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields<'a> {
    #[serde(rename = "T", borrow)]
    kind: Field<'a>,
    #[serde(rename = "S", borrow)]
    symbol: Field<'a>,
    #[serde(borrow)]
    msg: Field<'a>,
    code: Field<'a>,
    t: Field<'a>,
    o: Field<'a>,
    h: Field<'a>,
    l: Field<'a>,
    #[serde(borrow)]
    c: Field<'a>,
    v: Field<'a>,
    p: Field<'a>,
    s: Field<'a>,
    bp: Field<'a>,
    ap: Field<'a>,
    #[serde(borrow)]
    sc: Field<'a>,
    #[serde(borrow)]
    z: Field<'a>,
}

fn read_element(element: &[u8], symbols: &SymbolIndex) -> Result<DataMessage, MessageError> {
    let fields: Fields<'_> =
        serde_json::from_slice(element).map_err(|error| MessageError::NotAnObject(error.to_string()))?;
    let kind = needed(fields.kind.text(), "T", "a text")?;
    match kind {
        "success" => Ok(DataMessage::Success(fields.words())),
        "error" => fields.complaint(),
        "subscription" => Ok(DataMessage::Subscribed),
        "b" => fields.of_symbol(symbols, |fields, symbol| fields.bar(symbol).map(DataMessage::Bar)),
        "u" => fields.of_symbol(symbols, |fields, symbol| fields.bar(symbol).map(DataMessage::Updated)),
        "t" => fields.of_symbol(symbols, Fields::trade),
        "q" => fields.of_symbol(symbols, Fields::quote),
        "s" => fields.of_symbol(symbols, Fields::status),
        "d" => Ok(DataMessage::Passed(Passed::DailyBar)),
        "c" => Ok(DataMessage::Passed(Passed::TradeCorrection)),
        "x" => Ok(DataMessage::Passed(Passed::TradeCancel)),
        "l" => Ok(DataMessage::Passed(Passed::PriceBands)),
        // The server chooses this text: no more of it is kept than a report needs.
        other => Err(MessageError::UnknownKind(other.chars().take(16).collect())),
    }
}

impl Fields<'_> {
    fn words(&self) -> String {
        self.msg.text().unwrap_or_default().chars().take(200).collect()
    }

    fn complaint(&self) -> Result<DataMessage, MessageError> {
        let code = needed(self.code.count(), "code", "a number")?;
        Ok(DataMessage::Error { code, message: self.words() })
    }

    /// Reads the rest of a message about a symbol, unless that is not traded here.
    fn of_symbol(
        &self,
        symbols: &SymbolIndex,
        read: impl FnOnce(&Self, SymbolId) -> Result<DataMessage, MessageError>,
    ) -> Result<DataMessage, MessageError> {
        let name = needed(self.symbol.text(), "S", "a text")?;
        symbols.get(name).map_or(Ok(DataMessage::Passed(Passed::OtherSymbol)), |symbol| read(self, symbol))
    }

    fn bar(&self, symbol: SymbolId) -> Result<Bar, MessageError> {
        let start = needed(self.t.text().and_then(Timestamp::parse_rfc3339), "t", "an instant")?;
        if start.micros().rem_euclid(BAR_LENGTH.micros()) != 0 {
            return Err(MessageError::Field { field: "t", expected: "a whole minute" });
        }
        let volume = needed(self.v.count(), "v", "a count")?;
        let (open, high) = (price(&self.o, "o")?, price(&self.h, "h")?);
        let (low, close) = (price(&self.l, "l")?, price(&self.c, "c")?);
        Ok(Bar { symbol, start, open, high, low, close, volume }.validated()?)
    }

    fn trade(&self, symbol: SymbolId) -> Result<DataMessage, MessageError> {
        let price = price(&self.p, "p")?;
        let size = needed(self.s.count(), "s", "a count")?;
        let regular = conditions::sets_the_price(self.c.list(), self.z.text());
        if !regular || size == 0 || price == Price::ZERO {
            return Ok(DataMessage::Passed(Passed::IrregularTrade));
        }
        Ok(DataMessage::Trade { symbol, price, size })
    }

    fn quote(&self, symbol: SymbolId) -> Result<DataMessage, MessageError> {
        let (bid, ask) = (price(&self.bp, "bp")?, price(&self.ap, "ap")?);
        if bid == Price::ZERO || ask == Price::ZERO {
            return Ok(DataMessage::Passed(Passed::OneSidedQuote));
        }
        Ok(DataMessage::Quote { symbol, bid, ask })
    }

    fn status(&self, symbol: SymbolId) -> Result<DataMessage, MessageError> {
        let code = needed(self.sc.text(), "sc", "a text")?;
        Ok(match conditions::halted(code) {
            Some(halted) => DataMessage::Halt { symbol, halted },
            None => DataMessage::Passed(Passed::OtherStatus),
        })
    }
}

/// Takes what a field has to hold.
fn needed<T>(value: Option<T>, field: &'static str, expected: &'static str) -> Result<T, MessageError> {
    value.ok_or(MessageError::Field { field, expected })
}

fn price(field: &Field<'_>, name: &'static str) -> Result<Price, MessageError> {
    needed(field.price(), name, "a price")
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherSymbol => "a symbol that is not traded here",
            Self::IrregularTrade => "a trade that does not set the price",
            Self::OneSidedQuote => "a quote of one side",
            Self::OtherStatus => "a status that neither halts nor resumes",
            Self::DailyBar => "a daily bar",
            Self::TradeCorrection => "a trade's correction",
            Self::TradeCancel => "a trade's cancellation",
            Self::PriceBands => "price bands",
        })
    }
}

#[cfg(test)]
mod tests {
    use orb_core::Symbol;
    use proptest::prelude::*;

    use super::*;

    fn index() -> SymbolIndex {
        SymbolIndex::of(&SymbolTable::new(["AAPL", "BRK.B"].map(|text| Symbol::new(text).unwrap())))
    }

    fn read(frame: &str) -> Vec<Result<DataMessage, MessageError>> {
        read_frame(frame.as_bytes(), &index()).collect()
    }

    /// Reads the only message of a frame.
    #[track_caller]
    fn one(element: &str) -> Result<DataMessage, MessageError> {
        let mut all = read(&format!("[{element}]"));
        assert_eq!(all.len(), 1, "{element}");
        all.remove(0)
    }

    fn bar_json(extra: &str) -> String {
        format!(
            r#"{{"T":"b","S":"AAPL","o":100.1,"h":101,"l":99.99,"c":100.5,"v":1200,"t":"2026-02-13T14:30:00Z","n":9,"vw":100.2{extra}}}"#
        )
    }

    fn bar() -> Bar {
        let [open, high, low, close] = [10_010, 10_100, 9_999, 10_050].map(Price::from_cents);
        let start = Timestamp::parse_rfc3339("2026-02-13T14:30:00Z").unwrap();
        Bar { symbol: SymbolId(0), start, open, high, low, close, volume: 1_200 }
    }

    #[test]
    fn every_kind_is_read() {
        let said = |text: &str| Ok(DataMessage::Success(text.to_owned()));
        assert_eq!(one(r#"{"T":"success","msg":"connected"}"#), said("connected"));
        assert_eq!(one(r#"{"T":"success","msg":"authenticated"}"#), said("authenticated"));
        let limit = DataMessage::Error { code: 406, message: "connection limit exceeded".to_owned() };
        assert_eq!(one(r#"{"T":"error","code":406,"msg":"connection limit exceeded"}"#), Ok(limit));
        assert_eq!(one(r#"{"T":"subscription","trades":[],"quotes":[],"bars":["*"]}"#), Ok(DataMessage::Subscribed));
        assert_eq!(one(&bar_json("")), Ok(DataMessage::Bar(bar())));
        assert_eq!(one(&bar_json("").replace(r#""b""#, r#""u""#)), Ok(DataMessage::Updated(bar())));
        let (symbol, price, size) = (SymbolId(1), Price::from_cents(41_252), 100);
        assert_eq!(
            one(
                r#"{"T":"t","i":96921,"S":"BRK.B","x":"D","p":412.52,"s":100,"t":"2026-02-13T14:30:00.1Z","c":["@"],"z":"C"}"#
            ),
            Ok(DataMessage::Trade { symbol, price, size })
        );
        let (bid, ask) = (Price::from_cents(41_250), Price::from_cents(41_255));
        assert_eq!(
            one(r#"{"T":"q","S":"BRK.B","bx":"U","bp":412.5,"bs":1,"ax":"Q","ap":412.55,"as":2,"c":["R"],"z":"C"}"#),
            Ok(DataMessage::Quote { symbol, bid, ask })
        );
        let halt = |halted| Ok(DataMessage::Halt { symbol: SymbolId(0), halted });
        assert_eq!(one(r#"{"T":"s","S":"AAPL","sc":"P","sm":"Pause","rc":"LUDP","rm":"","z":"C"}"#), halt(true));
        assert_eq!(one(r#"{"T":"s","S":"AAPL","sc":"T","sm":"Resumption","rc":"","rm":"","z":"C"}"#), halt(false));
    }

    #[test]
    fn what_moves_nothing_says_why() {
        let passed = |element: &str| match one(element) {
            Ok(DataMessage::Passed(passed)) => passed,
            other => panic!("{element}: {other:?}"),
        };
        assert_eq!(passed(&bar_json("").replace("AAPL", "ZZZZ")), Passed::OtherSymbol);
        assert_eq!(passed(r#"{"T":"t","S":"AAPL","p":1,"s":5,"c":["@","I"],"z":"C"}"#), Passed::IrregularTrade);
        assert_eq!(passed(r#"{"T":"t","S":"AAPL","p":1,"s":0,"c":[],"z":"C"}"#), Passed::IrregularTrade);
        assert_eq!(passed(r#"{"T":"q","S":"AAPL","bp":0,"ap":3}"#), Passed::OneSidedQuote);
        assert_eq!(passed(r#"{"T":"s","S":"AAPL","sc":"6"}"#), Passed::OtherStatus);
        assert_eq!(passed(r#"{"T":"d","S":"AAPL"}"#), Passed::DailyBar);
        assert_eq!(passed(r#"{"T":"c","S":"AAPL","x":"V","oi":1,"op":2}"#), Passed::TradeCorrection);
        assert_eq!(passed(r#"{"T":"x","S":"AAPL","i":1,"x":"V","p":2,"s":1,"a":"C"}"#), Passed::TradeCancel);
        assert_eq!(passed(r#"{"T":"l","S":"AAPL","u":3.2,"d":2.8,"i":"B"}"#), Passed::PriceBands);
    }

    #[test]
    fn unknown_fields_are_no_matter_and_unknown_kinds_are_named() {
        assert_eq!(one(&bar_json(r#","new":{"deep":[1,{"T":"b"}]},"x":null"#)), Ok(DataMessage::Bar(bar())));
        assert_eq!(one(r#"{"T":"n","S":"AAPL"}"#), Err(MessageError::UnknownKind("n".to_owned())));
        assert!(matches!(one(r#"{"S":"AAPL"}"#), Err(MessageError::Field { field: "T", .. })));
    }

    #[test]
    fn wrong_types_and_huge_numbers_are_errors_of_their_message() {
        let changed = |from: &str, to: &str| one(&bar_json("").replace(from, to));
        assert!(matches!(changed("100.1", r#""100.1""#), Err(MessageError::Field { field: "o", .. })));
        assert!(matches!(changed("100.1", "1e300"), Err(MessageError::Field { field: "o", .. })));
        assert!(matches!(changed("100.1", "1e999"), Err(MessageError::NotAnObject(_))));
        assert!(matches!(changed("1200", "-3"), Err(MessageError::Field { field: "v", .. })));
        assert!(matches!(changed("1200", "0"), Err(MessageError::Bar(BarError::NoVolume))));
        assert!(matches!(changed("99.99", "100.9"), Err(MessageError::Bar(BarError::OutsideRange { .. }))));
        assert!(matches!(changed("14:30:00Z", "14:30:01Z"), Err(MessageError::Field { field: "t", .. })));
        assert!(matches!(changed("2026-02-13", "someday"), Err(MessageError::Field { field: "t", .. })));
    }

    #[test]
    fn one_bad_element_spoils_no_other() {
        let good = bar_json("");
        let frame = format!(r#"[{good}, {{"T":"b" oops}}, 7, [1,2], "a,b", {{"T":"zz","k":"\"],[{{"}}, {good}]"#);
        let all = read(&frame);
        assert_eq!(all.len(), 7, "{all:?}");
        assert_eq!(all[0], Ok(DataMessage::Bar(bar())));
        assert!(all[1..6].iter().all(Result::is_err), "{all:?}");
        assert_eq!(all[6], Ok(DataMessage::Bar(bar())));
    }

    #[test]
    fn a_frame_that_is_cut_off_gives_what_came_before_the_cut() {
        let good = bar_json("");
        let all = read(&format!("[{good},{}", &good[..good.len() / 2]));
        assert_eq!(all.len(), 2);
        assert!(all[0].is_ok() && all[1].is_err());
    }

    #[test]
    fn a_page_of_html_is_one_error() {
        let all = read("<html><body>502 Bad Gateway</body></html>");
        assert!(matches!(all.as_slice(), [Err(MessageError::NotAnObject(_))]), "{all:?}");
        assert!(read("").is_empty() && read("[]").is_empty() && read(" [ ] ").is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_frame(&bytes, &index()).count();
        }

        #[test]
        fn no_json_makes_it_panic(text in r#"\[?(\{"T":"[butqsdcxl]","S":"AAPL","[a-z]{1,2}":(-?[0-9]{1,30}(\.[0-9]{1,9})?(e[0-9]{1,3})?|"\PC{0,9}"|null|\[[0-9,]{0,5}\])\}[,\]]?){0,4}"#) {
            let _ = read_frame(text.as_bytes(), &index()).count();
        }

        #[test]
        fn elements_are_the_elements_of_the_array(values in prop::collection::vec(r#"[\PC]{0,8}"#, 0..6)) {
            let json = serde_json::to_string(&values).unwrap();
            let back: Vec<String> =
                elements(json.as_bytes()).map(|element| serde_json::from_slice(element).unwrap()).collect();
            prop_assert_eq!(back, values);
        }
    }
}
