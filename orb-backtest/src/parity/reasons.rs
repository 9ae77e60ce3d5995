//! Which reason explains a difference.

use std::collections::BTreeMap;

use orb_core::fact::{ExitReason, Trade};
use orb_core::{Bar, Price, Reason, Side, Span, SymbolId, Timestamp};

use super::{Day, DecisionDifference, Difference, FindBar, Key, Lone, Pair, Run, What, Why, key_of, ticks_against};

/// Knows the bars and decisions of a day, and judges by them.
pub(super) struct Explainer<'a> {
    bars: &'a dyn FindBar,
    length: Span,
    expected: BTreeMap<Key, Reason>,
    found: BTreeMap<Key, Reason>,
}

impl<'a> Explainer<'a> {
    pub(super) fn new(day: &Day<'a>, expected: Run<'_>, found: Run<'_>) -> Self {
        let reasons =
            |run: Run<'_>| run.decisions.iter().map(|decision| (key_of(decision.attempt), decision.reason)).collect();
        Self { bars: day.bars, length: day.bar_length, expected: reasons(expected), found: reasons(found) }
    }

    /// Returns the bar of a symbol that an instant falls into.
    fn bar_at(&self, symbol: SymbolId, at: Timestamp) -> Option<Bar> {
        self.bars.last_between(symbol, at - self.length, at)
    }

    /// Tells whether the bar that an instant falls into has traded at or beyond all of some prices.
    pub(super) fn reaches(&self, symbol: SymbolId, at: Timestamp, prices: &[Price]) -> bool {
        self.bar_at(symbol, at).is_some_and(|bar| prices.iter().all(|price| (bar.low..=bar.high).contains(price)))
    }

    /// Returns what explains that a signal is missing, by the reason that was given.
    pub(super) fn missing_signal(&self, key: &Key) -> Why {
        let given = self.found.get(key).map_or(Why::Unexplained, |reason| why_not_found(*reason));
        if given != Why::Unexplained {
            return given;
        }
        // A signal that was refused anyway for what other trades leave over.
        self.expected.get(key).map_or(Why::Unexplained, |reason| why_not_expected(*reason))
    }

    /// Returns what explains that there is a signal, by the reason that the bars give against it.
    pub(super) fn extra_signal(&self, key: &Key) -> Why {
        let given = self.expected.get(key).map_or(Why::Unexplained, |reason| why_not_expected(*reason));
        if given != Why::Unexplained {
            return given;
        }
        self.found.get(key).map_or(Why::Unexplained, |reason| why_not_found(*reason))
    }

    /// Returns the start of the bar that an instant falls into, the instant itself where there is none.
    fn start_at(&self, symbol: SymbolId, at: Timestamp) -> Timestamp {
        self.bar_at(symbol, at).map_or(at, |bar| bar.start)
    }

    pub(super) fn pair(&self, expected: &Trade, found: &Trade) -> Pair {
        let mut differences = Vec::new();
        self.compare_entries(expected, found, &mut differences);
        self.compare_exits(expected, found, &mut differences);
        Pair { expected: expected.clone(), found: found.clone(), differences }
    }

    fn compare_entries(&self, expected: &Trade, found: &Trade, differences: &mut Vec<Difference>) {
        let symbol = expected.attempt.symbol;
        let mut differ = |what, why| differences.push(Difference { what, why });
        if expected.side != found.side {
            let both = self.bar_at(symbol, found.entry_time).is_some_and(|bar| touches_both(&bar, expected, found));
            differ(What::Side(expected.side, found.side), if both { Why::BothSidesInOneBar } else { Why::Unexplained });
            return;
        }
        if expected.entered != found.entered {
            let why = if found.entered < expected.entered { Why::PartialFill } else { Why::OfOtherTrades };
            differ(What::Quantity(expected.entered, found.entered), why);
        }
        let bars = (self.start_at(symbol, expected.entry_time), self.start_at(symbol, found.entry_time));
        if bars.0 != bars.1 {
            // The order takes a moment, and a moment may cross the end of a bar.
            let next = bars.1 == bars.0 + self.length;
            differ(What::EntryBar(bars.0, bars.1), if next { Why::Execution } else { Why::Unexplained });
        }
        let prices = (expected.entry_price(), found.entry_price());
        if prices.0 != prices.1 {
            let ticks = ticks_against(prices.0, prices.1, found.side.sign());
            differ(What::EntryPrice(prices.0, prices.1, ticks), self.of_execution(symbol, found.entry_time, prices));
        }
    }

    /// Judges a price by the bar that it lies in, and the one before, in which its order may have begun.
    fn of_execution(&self, symbol: SymbolId, at: Timestamp, prices: (Price, Price)) -> Why {
        let before = Timestamp::from_micros(at.micros() - self.length.micros());
        let near = [at, before].into_iter().filter_map(|at| self.bar_at(symbol, at));
        let (low, high) = near.fold((prices.0, prices.0), |(low, high), bar| (low.min(bar.low), high.max(bar.high)));
        // A spread lies outside of the trades that make a bar.
        let room = (high.micros() - low.micros()).max(50_000);
        let inside = (low.micros() - room..=high.micros() + room).contains(&prices.1.micros());
        if inside { Why::Execution } else { Why::Unexplained }
    }

    fn compare_exits(&self, expected: &Trade, found: &Trade, differences: &mut Vec<Difference>) {
        let (Some(wanted), Some(had)) = (expected.exit_reason, found.exit_reason) else { return };
        if expected.side != found.side {
            return;
        }
        let symbol = expected.attempt.symbol;
        let times = (expected.exit_time.unwrap_or(expected.entry_time), found.exit_time.unwrap_or(found.entry_time));
        let bars = (self.start_at(symbol, times.0), self.start_at(symbol, times.1));
        let is_equal = wanted == had && bars.0 == bars.1;
        let why = if is_equal { Why::Execution } else { self.of_exits(expected, found, wanted, had, bars) };
        let mut differ = |what, why| differences.push(Difference { what, why });
        if wanted != had {
            differ(What::ExitReason(wanted, had), why);
        }
        if bars.0 != bars.1 {
            differ(What::ExitBar(bars.0, bars.1), why);
        }
        if let (Some(left), Some(leaves)) = (expected.exit_price(), found.exit_price())
            && left != leaves
        {
            let ticks = ticks_against(left, leaves, -found.side.sign());
            let why = if is_equal { self.of_execution(symbol, times.1, (left, leaves)) } else { why };
            differ(What::ExitPrice(left, leaves, ticks), why);
        }
    }

    fn of_exits(
        &self,
        expected: &Trade,
        found: &Trade,
        wanted: ExitReason,
        had: ExitReason,
        bars: (Timestamp, Timestamp),
    ) -> Why {
        if matches!(had, ExitReason::ForceClose | ExitReason::Flatten | ExitReason::LossLimit) {
            return Why::Intervention;
        }
        if had == ExitReason::Unprotected {
            return Why::Broker;
        }
        if wanted == ExitReason::DataEnd || (wanted == ExitReason::TimeExit && had == ExitReason::TimeExit) {
            return Why::Execution;
        }
        let symbol = expected.attempt.symbol;
        let entry_bar = self.start_at(symbol, found.entry_time);
        let first = bars.0.min(bars.1);
        let ambiguous = |bar: &Bar| {
            let of_entry = bar.start == entry_bar && (touches_stop(bar, expected) || touches_stop(bar, found));
            let of_both = touches_stop(bar, expected) && touches_target(bar, expected);
            of_entry || of_both || (bar.start == entry_bar && touches_target(bar, expected))
        };
        if self.bar_at(symbol, first).is_some_and(|bar| ambiguous(&bar)) {
            return Why::PathInBar;
        }
        let moved = expected.stop != found.stop || expected.target != found.target;
        if moved { Why::OfThisTrade } else { Why::Unexplained }
    }

    pub(super) fn missed(&self, key: &Key, trade: &Trade) -> Lone {
        let reason = self.found.get(key).copied();
        Lone { trade: trade.clone(), reason, why: reason.map_or(Why::Unexplained, why_not_found) }
    }

    pub(super) fn extra(&self, key: &Key, trade: &Trade) -> Lone {
        let reason = self.expected.get(key).copied();
        Lone { trade: trade.clone(), reason, why: reason.map_or(Why::Unexplained, why_not_expected) }
    }

    pub(super) fn decisions(&self, is_traded: impl Fn(&Key) -> bool) -> Vec<DecisionDifference> {
        let differs = |(key, expected): (&Key, &Reason)| {
            let found = *self.found.get(key)?;
            let attempt = orb_core::order::AttemptId { date: key.0, strategy: key.1, symbol: key.2, attempt: 0 };
            let given = why_not_found(found);
            let why = if given == Why::Unexplained { why_not_expected(*expected) } else { given };
            (found != *expected).then_some(DecisionDifference { attempt, expected: *expected, found, why })
        };
        self.expected.iter().filter(|(key, _)| !is_traded(key)).filter_map(differs).collect()
    }
}

/// Reasons that lie in what other trades left over: slots, money, the day's risk.
const SHARED: &[Reason] = &[
    Reason::NoSlot,
    Reason::MaxPositions,
    Reason::NoBuyingPower,
    Reason::DailyRisk,
    Reason::LossLimit,
    Reason::SymbolOwned,
];

/// Returns what explains that a trade was not made, by the reason that was given for it.
fn why_not_found(reason: Reason) -> Why {
    let explained = [
        (SHARED, Why::OfOtherTrades),
        (&[Reason::MissedBreakout], Why::LimitLeftBehind),
        (&[Reason::Hold, Reason::StaleData], Why::Hold),
        (&[Reason::RejectedByBroker, Reason::NotShortable, Reason::NotTradable, Reason::Halted], Why::Broker),
        (&[Reason::EntryBeyondStop], Why::Execution),
    ];
    explained.iter().find(|(reasons, _)| reasons.contains(&reason)).map_or(Why::Unexplained, |(_, why)| *why)
}

/// Returns what explains that a trade was made although the bars gave a reason against it.
fn why_not_expected(reason: Reason) -> Why {
    let explained = [
        (SHARED, Why::OfOtherTrades),
        (&[Reason::BothSidesInOneBar], Why::BothSidesInOneBar),
        (&[Reason::EntryBeyondStop, Reason::Rule201], Why::PathInBar),
    ];
    explained.iter().find(|(reasons, _)| reasons.contains(&reason)).map_or(Why::Unexplained, |(_, why)| *why)
}

fn touches_stop(bar: &Bar, trade: &Trade) -> bool {
    trade.side.reaches_stop(if trade.side == Side::Long { bar.low } else { bar.high }, trade.stop)
}

fn touches_target(bar: &Bar, trade: &Trade) -> bool {
    trade.target.is_some_and(|target| match trade.side {
        Side::Long => bar.high >= target,
        Side::Short => bar.low <= target,
    })
}

/// Tells whether a bar reaches the entries of two trades of opposite sides.
fn touches_both(bar: &Bar, one: &Trade, other: &Trade) -> bool {
    let reaches = |trade: &Trade| match trade.side {
        Side::Long => bar.high >= trade.entry_price(),
        Side::Short => bar.low <= trade.entry_price(),
    };
    reaches(one) && reaches(other)
}
