//! A comparison as lines for people.

use core::fmt;

use orb_core::SymbolTable;

use super::{Difference, Lone, Parity, SignalWhat, What, Why};

impl Why {
    /// Returns the reason's name as files carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BothSidesInOneBar => "both_sides_in_one_bar",
            Self::PathInBar => "path_in_bar",
            Self::Execution => "execution",
            Self::LimitLeftBehind => "limit_left_behind",
            Self::PartialFill => "partial_fill",
            Self::OfThisTrade => "of_this_trade",
            Self::OfOtherTrades => "of_other_trades",
            Self::Hold => "hold",
            Self::Broker => "broker",
            Self::Intervention => "intervention",
            Self::Unexplained => "unexplained",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Side(expected, found) => write!(f, "side {found} instead of {expected}"),
            Self::Quantity(expected, found) => write!(f, "{found} shares instead of {expected}"),
            Self::EntryBar(expected, found) => write!(f, "entered in the bar of {found} instead of {expected}"),
            Self::EntryPrice(expected, found, ticks) => {
                write!(f, "entered at {found} instead of {expected} ({ticks:+} ticks)")
            }
            Self::ExitReason(expected, found) => write!(f, "left by {} instead of {}", found.code(), expected.code()),
            Self::ExitBar(expected, found) => write!(f, "left in the bar of {found} instead of {expected}"),
            Self::ExitPrice(expected, found, ticks) => {
                write!(f, "left at {found} instead of {expected} ({ticks:+} ticks)")
            }
        }
    }
}

impl fmt::Display for SignalWhat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(side, level) => write!(f, "no signal instead of {side} at {level}"),
            Self::Extra(side, level) => write!(f, "a signal, {side} at {level}, instead of none"),
            Self::Side(expected, found) => write!(f, "signal {found} instead of {expected}"),
            Self::Level(expected, found) => write!(f, "signal at {found} instead of {expected}"),
            Self::Stop(expected, found) => write!(f, "signal with its stop at {found} instead of {expected}"),
        }
    }
}

impl Parity {
    /// Writes every difference as a line with its reason, and a line of sums; ticks are against the trader.
    #[must_use]
    pub fn lines(&self, symbols: &SymbolTable) -> Vec<String> {
        let mut lines = Vec::new();
        for pair in &self.pairs {
            let symbol = symbols.name(pair.found.attempt.symbol);
            let say = |difference: &Difference| format!("{symbol}: {} [{}]", difference.what, difference.why);
            lines.extend(pair.differences.iter().map(say));
        }
        let mut lone = |list: &[Lone], what: &str| {
            for Lone { trade, reason, why } in list {
                let symbol = symbols.name(trade.attempt.symbol);
                let given = reason.map_or("no reason was given", orb_core::Reason::code);
                lines.push(format!("{symbol}: {what} ({} {}; {given}) [{why}]", trade.side, trade.entered));
            }
        };
        lone(&self.missed, "not traded");
        lone(&self.extra, "traded");
        for difference in &self.decisions {
            let symbol = symbols.name(difference.attempt.symbol);
            let (expected, found, why) = (difference.expected, difference.found, difference.why);
            lines.push(format!("{symbol}: not traded for {found} instead of {expected} [{why}]"));
        }
        lines.push(self.sums());
        lines
    }

    fn sums(&self) -> String {
        let (pairs, missed, extra) = (self.pairs.len(), self.missed.len(), self.extra.len());
        let equal = self.pairs.iter().filter(|pair| pair.differences.is_empty()).count();
        let unexplained = self.unexplained();
        format!(
            "{pairs} trades on both sides, {equal} of them equal in everything; {missed} missed, {extra} extra; \
             {unexplained} differences without a reason"
        )
    }
}
