//! What the market's events are called on the wire.

use orb_core::{Price, Timestamp};

use super::wire::{DataMessage, Field, Fields};
use crate::market::HaltReason;
use crate::market::path::Quote;
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
