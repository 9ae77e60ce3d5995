//! Filters that several commands share, and the names of the wire's enums as arguments.

use chrono::NaiveDate;
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use orb_api::v1::{
    Component, HoldKind, OrderRole, OrderSide, OrderStatus, Severity, Side, SignalStatus, TradeStatus, UniverseState,
};

use crate::failure::Failure;

/// A range of sessions.
#[derive(Args, Clone, Debug)]
pub(crate) struct Dates {
    /// From this session on (New York date, YYYY-MM-DD)
    #[arg(long, value_name = "DATE", value_parser = date)]
    from: Option<NaiveDate>,
    /// Up to and with this session (New York date, YYYY-MM-DD)
    #[arg(long, value_name = "DATE", value_parser = date)]
    to: Option<NaiveDate>,
}

impl Dates {
    /// Fails where the ends are the wrong way round.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from > to => {
                Err(Failure::usage(format!("--from {from} is after --to {to}: swap them")))
            }
            _ => Ok(()),
        }
    }

    /// Returns the first session as the wire has it: empty when not given.
    pub(crate) fn from(&self) -> String {
        self.from.map_or_else(String::new, |date| date.to_string())
    }

    /// Returns the last session as the wire has it: empty when not given.
    pub(crate) fn to(&self) -> String {
        self.to.map_or_else(String::new, |date| date.to_string())
    }
}

/// Whose rows.
#[derive(Args, Clone, Debug)]
pub(crate) struct Names {
    /// Only these tickers, separated by commas
    #[arg(long, value_name = "TICKER", value_delimiter = ',', value_parser = symbol)]
    pub(crate) symbol: Vec<String>,
    /// Only these strategies, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) strategy: Vec<String>,
}

/// How many rows.
#[derive(Args, Clone, Debug)]
pub(crate) struct Limit {
    /// At most so many rows
    #[arg(long, value_name = "N", default_value_t = orb_api::PAGE_SIZE_DEFAULT, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// All rows
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl Limit {
    /// Every row.
    pub(crate) const ALL: Self = Self { limit: 0, all: true };

    /// Returns the number of rows; absent means all.
    pub(crate) fn rows_max(&self) -> Option<u32> {
        (!self.all).then_some(self.limit)
    }
}

/// Reads a ticker; the wire has them in upper case.
pub(crate) fn symbol(text: &str) -> Result<String, String> {
    let is_ticker =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'/'));
    if is_ticker {
        Ok(text.to_ascii_uppercase())
    } else {
        Err("a ticker is letters and digits, such as BRK.B".to_owned())
    }
}

pub(super) fn date(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| "a date is YYYY-MM-DD, such as 2026-02-13".to_owned())
}

/// Makes a parser of the names of an enum's values: lower case with hyphens.
macro_rules! parsers {
    ($($function:ident: $enum:ident, $prefix:literal, $names:expr;)*) => {
        $(pub(crate) fn $function() -> impl TypedValueParser<Value = $enum> {
            PossibleValuesParser::new($names).try_map(|name| {
                let name = name.to_ascii_uppercase().replace('-', "_");
                $enum::from_str_name(&format!("{}{name}", $prefix)).ok_or_else(|| format!("{name} is unknown"))
            })
        })*
    };
}

parsers! {
    side: Side, "SIDE_", ["long", "short"];
    order_side: OrderSide, "ORDER_SIDE_", ["buy", "sell"];
    order_role: OrderRole, "ORDER_ROLE_", ["entry", "stop", "target", "exit"];
    order_status: OrderStatus, "ORDER_STATUS_", [
        "pending", "submitted", "working", "partially-filled", "filled", "cancelled", "expired", "rejected", "unknown",
    ];
    universe_state: UniverseState, "UNIVERSE_STATE_", ["waiting", "excluded", "watched", "signalled"];
    severity: Severity, "SEVERITY_", ["debug", "info", "warn", "error"];
    component: Component, "COMPONENT_", ["executor", "risk-manager", "alpaca", "strategy", "store", "api", "data"];
    hold: HoldKind, "HOLD_KIND_", [
        "operator-pause", "environment-switched", "crashed", "breaker", "reconcile-break", "foreign-activity",
    ];
    trade_status: TradeStatus, "TRADE_STATUS_", ["open", "closed"];
    signal_status: SignalStatus, "SIGNAL_STATUS_", [
        "pending", "submitted", "working", "partially-filled", "filled", "cancelled", "expired", "rejected", "unknown",
    ];
}

/// Returns enum values as the wire has them.
pub(crate) fn numbers<E: Copy + Into<i32>>(values: &[E]) -> Vec<i32> {
    values.iter().map(|&value| value.into()).collect()
}
