//! The stable texts that columns hold for values of a fixed list.

use orb_core::alarm::AlarmKind;
use orb_core::effect::{Component, Severity};
use orb_core::fact::{ClosingStep, ExitReason, SignalStatus};
use orb_core::hold::HoldKind;
use orb_core::order::{OrderRole, OrderStatus, RejectionKind};
use orb_core::{OrderSide, Reason, Side};

use super::rows::{OrderStep, TradeStatus};
use crate::view::Environment;

/// Gives each value of a list its stable text.
pub(in crate::store) trait Text: Copy + 'static {
    /// All values.
    const VALUES: &'static [Self];

    /// Returns the value's text.
    fn text(self) -> &'static str;

    /// Returns the value of a text, or `None` when there is none.
    fn of_text(text: &str) -> Option<Self> {
        Self::VALUES.iter().copied().find(|value| value.text() == text)
    }
}

macro_rules! named_text {
    ($($type:ty, $name:ident;)+) => {
        $(impl Text for $type {
            const VALUES: &'static [Self] = Self::ALL;
            fn text(self) -> &'static str {
                self.$name()
            }
        })+
    };
}

named_text! {
    SignalStatus, name;
    OrderStatus, name;
    OrderStep, name;
    OrderRole, name;
    ExitReason, code;
    Reason, code;
    HoldKind, name;
    AlarmKind, name;
    ClosingStep, name;
}

macro_rules! listed_text {
    ($($type:ident { $($variant:ident = $text:literal),+ $(,)? })+) => {
        $(impl Text for $type {
            const VALUES: &'static [Self] = &[$(Self::$variant),+];
            fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        })+
    };
}

listed_text! {
    Side { Long = "long", Short = "short" }
    OrderSide { Buy = "buy", Sell = "sell" }
    TradeStatus { Open = "OPEN", Closed = "CLOSED" }
    Environment { Sim = "sim", Paper = "paper", Live = "live" }
    RejectionKind {
        EntryBeyondStop = "entry_beyond_stop",
        Blocked = "blocked",
        BeyondMarket = "beyond_market",
        DuplicateId = "duplicate_id",
        NotShortable = "not_shortable",
        Insufficient = "insufficient",
        NotSent = "not_sent",
        Other = "other",
    }
    Component {
        Executor = "Executor",
        RiskManager = "RiskManager",
        Alpaca = "Alpaca",
        Strategy = "Strategy",
        Store = "Store",
        Api = "Api",
        Data = "Data",
    }
}

/// The weights of log lines, the lightest first; `None` is for finding faults.
const SEVERITIES: [(Option<Severity>, &str); 4] =
    [(None, "debug"), (Some(Severity::Info), "info"), (Some(Severity::Warn), "warn"), (Some(Severity::Error), "error")];

/// Returns the text of a log line's weight.
pub(in crate::store) fn severity_text(severity: Option<Severity>) -> &'static str {
    SEVERITIES.iter().find(|(value, _)| *value == severity).map_or("debug", |(_, text)| text)
}

/// Returns the weight of a text; what is not known is for finding faults.
pub(in crate::store) fn severity_of_text(text: &str) -> Option<Severity> {
    SEVERITIES.iter().find(|(_, name)| *name == text).and_then(|(value, _)| *value)
}

/// Lists the texts of all weights at or above one.
pub(in crate::store) fn severities_from(least: Option<Severity>) -> Vec<&'static str> {
    SEVERITIES.iter().filter(|(value, _)| *value >= least).map(|(_, text)| *text).collect()
}
