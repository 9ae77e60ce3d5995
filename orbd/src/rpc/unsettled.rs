//! The symbols of today that are still watched: nothing is recorded of them yet, and this is what is known.

use orb_api::v1;
use orb_core::range_book::OpeningRange;
use orb_core::{Date, Side, Watched};

use super::convert;
use crate::view::View;

/// A symbol whose day is not settled.
pub(super) struct Unsettled<'a> {
    /// The strategy that watches it.
    pub(super) strategy: &'a str,
    /// Its ticker.
    pub(super) symbol: &'a str,
    watched: &'a Watched,
}

/// Lists what is watched in the session of a date; nothing unless it is the one that goes on.
pub(super) fn of(view: &View, date: Date) -> impl Iterator<Item = Unsettled<'_>> {
    let is_today = view.session.is_some_and(|session| session.date == date);
    view.watched.iter().filter(move |_| is_today).filter_map(|watched| {
        let strategy = view.config.strategies.get(watched.strategy.index())?;
        Some(Unsettled { strategy, symbol: view.symbols.name(watched.symbol).as_str(), watched })
    })
}

impl Unsettled<'_> {
    /// Returns its line of the universe.
    pub(super) fn entry(&self) -> v1::UniverseEntry {
        let state = if self.watched.is_armed { v1::UniverseState::Watched } else { v1::UniverseState::Waiting };
        v1::UniverseEntry {
            strategy: self.strategy.to_owned(),
            symbol: self.symbol.to_owned(),
            state: state.into(),
            side: self.side(),
            features: Some(self.features()),
            range: self.range(),
            ..v1::UniverseEntry::default()
        }
    }

    /// Returns the explanation of why nothing has come of it yet.
    pub(super) fn explanation(&self, ledger_id: &str, date: &str) -> v1::Explanation {
        v1::Explanation {
            ledger_id: ledger_id.to_owned(),
            strategy: self.strategy.to_owned(),
            symbol: self.symbol.to_owned(),
            date: date.to_owned(),
            conclusion: v1::Conclusion::Open.into(),
            range: self.range(),
            features: Some(self.features()),
            side: self.side(),
            summary: format!("{} on {date} in {}: {}.", self.symbol, self.strategy, self.waits_for()),
            ..v1::Explanation::default()
        }
    }

    fn waits_for(&self) -> String {
        let Some(setup) = self.watched.setup.filter(|_| self.watched.is_armed) else {
            return "nothing is settled yet; it waits for the end of its opening range".to_owned();
        };
        let OpeningRange { high, low, .. } = setup.range;
        let event = match setup.side {
            Some(Side::Long) => {
                format!("to be bought when its price leaves its opening range upwards, whose high is {high}")
            }
            Some(Side::Short) => {
                format!("to be sold short when its price leaves its opening range downwards, whose low is {low}")
            }
            None => format!("for its price to leave its opening range, which is {low} to {high}"),
        };
        format!("it has passed every filter, and waits {event}")
    }

    fn side(&self) -> Option<i32> {
        self.watched.side.map(|side| convert::side(side).into())
    }

    /// Tells what its record will say of it.
    fn features(&self) -> v1::Features {
        let Watched { setup, previous_close, atr14, .. } = self.watched;
        let rvol = setup.and_then(|setup| setup.rvol);
        v1::Features {
            previous_close: previous_close.map(|price| price.to_string()),
            atr14: atr14.map(|price| price.to_string()),
            relative_volume: rvol.map(|ratio| ratio.to_decimal().normalize().to_string()),
            rank: setup.map(|setup| setup.place),
            ..v1::Features::default()
        }
    }

    fn range(&self) -> Option<v1::OpeningRange> {
        let range = self.watched.setup?.range;
        Some(v1::OpeningRange {
            open: range.open.to_string(),
            high: range.high.to_string(),
            low: range.low.to_string(),
            close: range.close.to_string(),
            volume: i64::try_from(range.volume).unwrap_or(i64::MAX),
            vwap: range.vwap.to_string(),
        })
    }
}
