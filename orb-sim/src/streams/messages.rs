//! What the market's events are called on the wire.

use orb_core::{Price, Timestamp};

use super::wire::{DataMessage, Field, Fields};
use crate::market::HaltReason;
use crate::market::path::Quote;
use crate::market::revision::{Revision, TradeUpdate};
use crate::market::tape::Trade;
use crate::market::timeframe::TapeBar;

/// The exchange and tape of everything: this market has one of each.
const EXCHANGE: &str = "V";
const TAPE: &str = "C";

/// Returns the fields of a bar.
pub(crate) fn bar_fields(bar: &TapeBar) -> Fields {
    vec![
        ("o", Field::price(bar.open)),
        ("h", Field::price(bar.high)),
        ("l", Field::price(bar.low)),
        ("c", Field::price(bar.close)),
        ("v", Field::count(bar.volume)),
        ("t", Field::Time(bar.start)),
        ("n", Field::count(bar.trades)),
        ("vw", Field::micros(bar.vwap_micros())),
    ]
}

/// Returns the fields of a trade.
pub(crate) fn trade_fields(trade: &Trade) -> Fields {
    vec![
        ("i", Field::Integer(trade.id)),
        ("x", Field::text(EXCHANGE)),
        ("p", Field::price(trade.print.price)),
        ("s", Field::count(trade.print.size)),
        ("t", Field::Time(trade.print.at)),
        ("c", Field::Texts(vec!["@".to_owned()])),
        ("z", Field::text(TAPE)),
    ]
}

/// Returns the fields of a trade in history, with what became of it.
pub(crate) fn known_trade_fields(trade: &Trade, update: Option<TradeUpdate>) -> Fields {
    let mut fields = trade_fields(trade);
    fields.extend(update.map(|update| ("u", Field::text(update.as_str()))));
    fields
}

/// Makes the message that a trade was corrected (`c`) or taken back (`x`).
pub(crate) fn revised(symbol: &str, revision: &Revision) -> DataMessage {
    let Revision { at, original, corrected, .. } = revision;
    let conditions = || Field::Texts(vec!["@".to_owned()]);
    let price_and_size = |trade: &Trade| (Field::price(trade.print.price), Field::count(trade.print.size));
    let ((price, size), exchange) = (price_and_size(original), ("x", Field::text(EXCHANGE)));
    let (kind, mut fields) = match corrected {
        Some(corrected) => {
            let (new_price, new_size) = price_and_size(corrected);
            let old = [("oi", Field::Integer(original.id)), ("op", price), ("os", size), ("oc", conditions())];
            let new = [("ci", Field::Integer(corrected.id)), ("cp", new_price), ("cs", new_size), ("cc", conditions())];
            ("c", [exchange].into_iter().chain(old).chain(new).collect::<Fields>())
        }
        None => {
            let taken_back = ("a", Field::text("C"));
            ("x", vec![("i", Field::Integer(original.id)), exchange, ("p", price), ("s", size), taken_back])
        }
    };
    fields.extend([("t", Field::Time(*at)), ("z", Field::text(TAPE))]);
    DataMessage::new(kind, symbol, fields)
}

/// Returns the fields of a quote.
pub(crate) fn quote_fields(quote: &Quote, at: Timestamp) -> Fields {
    vec![
        ("bx", Field::text(EXCHANGE)),
        ("bp", Field::price(quote.bid)),
        ("bs", Field::count(quote.bid_size)),
        ("ax", Field::text(EXCHANGE)),
        ("ap", Field::price(quote.ask)),
        ("as", Field::count(quote.ask_size)),
        ("t", Field::Time(at)),
        ("c", Field::Texts(vec!["R".to_owned()])),
        ("z", Field::text(TAPE)),
    ]
}

/// Makes the message of a halt or of its end.
pub(crate) fn status(symbol: &str, is_halted: bool, reason: HaltReason, at: Timestamp) -> DataMessage {
    let (code, words) = reason.words();
    let status = match (is_halted, reason) {
        (true, HaltReason::Volatility) => ("P", "Volatility Trading Pause"),
        (true, HaltReason::NewsPending | HaltReason::InformationRequested) => ("H", "Trading Halt"),
        (false, _) => ("T", "Trading Resumption"),
    };
    let fields = vec![
        ("sc", Field::text(status.0)),
        ("sm", Field::text(status.1)),
        ("rc", Field::text(code)),
        ("rm", Field::text(words)),
        ("t", Field::Time(at)),
        ("z", Field::text(TAPE)),
    ];
    DataMessage::new("s", symbol, fields)
}

/// Makes the message of new price bands.
pub(crate) fn bands(symbol: &str, lower: Price, upper: Price, at: Timestamp) -> DataMessage {
    let fields = vec![
        ("u", Field::price(upper)),
        ("d", Field::price(lower)),
        ("i", Field::text("B")),
        ("t", Field::Time(at)),
        ("z", Field::text(TAPE)),
    ];
    DataMessage::new("l", symbol, fields)
}
