//! The figures of trades by what they have in common.

use core::fmt;
use std::collections::BTreeMap;

use chrono::{Datelike as _, Weekday};

use super::exposure::day_of;
use super::sample::Sample;
use super::trade_stats::TradeStats;
use crate::config::StrategyId;
use crate::fact::{ExitReason, Trade};
use crate::side::Side;
use crate::symbol::SymbolId;
use crate::time::Span;

/// Holds the figures of the closed trades that share a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Group<K> {
    /// What they share.
    pub key: K,
    /// Their figures; never of no trade.
    pub trades: TradeStats,
}

/// Counts the hours since the open of the session: 0 is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionHour(pub u8);

impl SessionHour {
    /// Returns the hour that holds an instant so long after the open, from 0; `None` before the open, or more than a
    /// day after it.
    #[must_use]
    pub fn of(since_open: Span) -> Option<Self> {
        let is_within = (Span::ZERO..Span::from_minutes(24 * 60)).contains(&since_open);
        is_within.then(|| u8::try_from(since_open.minutes() / 60).ok()).flatten().map(Self)
    }
}

impl fmt::Display for SessionHour {
    /// Writes the hour in New York time for a session that opens at 09:30, as all of its regular sessions do:
    /// `09:30-10:30`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hour = (u32::from(self.0) + 9) % 24;
        f.pad(&format!("{hour:02}:30-{:02}:30", (hour + 1) % 24))
    }
}

impl Sample<'_> {
    /// Groups the closed trades by any key, in order of the key.
    #[must_use]
    pub fn by<K: Ord>(&self, key: impl Fn(&Trade) -> K) -> Vec<Group<K>> {
        let mut groups: BTreeMap<K, Vec<&Trade>> = BTreeMap::new();
        for &trade in self.trades() {
            groups.entry(key(trade)).or_default().push(trade);
        }
        let group = |(key, trades): (K, Vec<&Trade>)| Group { key, trades: TradeStats::of(trades, self.slippage()) };
        groups.into_iter().map(group).collect()
    }

    /// Groups the closed trades by symbol.
    #[must_use]
    pub fn by_symbol(&self) -> Vec<Group<SymbolId>> {
        self.by(|trade| trade.attempt.symbol)
    }

    /// Groups the closed trades by strategy.
    #[must_use]
    pub fn by_strategy(&self) -> Vec<Group<StrategyId>> {
        self.by(|trade| trade.attempt.strategy)
    }

    /// Groups the closed trades by long and short.
    #[must_use]
    pub fn by_side(&self) -> Vec<Group<Side>> {
        self.by(|trade| trade.side)
    }

    /// Groups the closed trades by why they were left; `None` where no reason is recorded.
    #[must_use]
    pub fn by_exit_reason(&self) -> Vec<Group<Option<ExitReason>>> {
        self.by(|trade| trade.exit_reason)
    }

    /// Groups the closed trades by the weekday of their session, from Monday.
    #[must_use]
    pub fn by_weekday(&self) -> Vec<Group<Weekday>> {
        let groups = self.by(|trade| trade.attempt.date.weekday().num_days_from_monday());
        groups.into_iter().map(|group| Group { key: weekday(group.key), trades: group.trades }).collect()
    }

    /// Groups the closed trades by the hour of their session in which they were entered; `None` where the sample has
    /// no such session or the entry lies before its open.
    #[must_use]
    pub fn by_hour(&self) -> Vec<Group<Option<SessionHour>>> {
        self.by(|trade| {
            let day = day_of(self.days(), trade.attempt.date)?;
            SessionHour::of(trade.entry_time - day.open)
        })
    }
}

fn weekday(from_monday: u32) -> Weekday {
    (0..from_monday).fold(Weekday::Mon, |day, _| day.succ())
}
