//! Bars that wait to be recorded.

use std::collections::VecDeque;

use orb_core::event::{Event, MarketData};
use orb_core::{Bar, Engine};
use tokio::time::Instant;

use super::due::Due;
use crate::store::BarRow;

/// So many bars share a commit, unless very many wait: a minute of hundreds of symbols holds up nothing for long.
const BARS_MAX: usize = 128;
/// Where very many wait, a commit takes this part of them.
const PART: usize = 4;

/// Collects the bars that the engine received, to be recorded when nothing else is urgent.
#[derive(Debug, Default)]
pub(super) struct Bars {
    waiting: VecDeque<BarRow>,
    due: Due,
}

impl Bars {
    /// Adds the bars of an event that the engine has taken; before the first session there are none.
    pub(super) fn add(&mut self, engine: &Engine, event: &Event) {
        let bars: &[Bar] = match event {
            Event::Market(_, MarketData::Bars(bars)) => bars,
            Event::Market(_, MarketData::Correction(bar)) => core::slice::from_ref(bar),
            Event::Market(_, MarketData::Trade { .. } | MarketData::Quote { .. } | MarketData::Halt { .. })
            | Event::Order(_)
            | Event::Snapshot(_)
            | Event::Reference(_)
            | Event::Outcome(..)
            | Event::Command(_)
            | Event::Limits(_)
            | Event::Feed(_)
            | Event::Wakeup => return,
        };
        let Some(session) = engine.session().filter(|_| !bars.is_empty()) else { return };
        self.waiting.extend(bars.iter().map(|bar| row(engine, session.date, bar)));
        self.due.begin();
    }

    /// Returns when they are to be recorded at the latest; `None` while none wait.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due.at()
    }

    /// Tells whether it is time to record them.
    pub(super) fn is_due(&self) -> bool {
        self.due.is_now()
    }

    /// Makes those that wait due at once, as before an end; tells whether any do.
    pub(super) fn hurry(&mut self) -> bool {
        self.due.hurry()
    }

    /// Takes the oldest to be recorded; the others wait for their turn.
    pub(super) fn take(&mut self) -> Vec<BarRow> {
        let count = BARS_MAX.max(self.waiting.len() / PART).min(self.waiting.len());
        let taken = self.waiting.drain(..count).collect();
        self.due.taken(!self.waiting.is_empty());
        taken
    }
}

fn row(engine: &Engine, date: orb_core::Date, bar: &Bar) -> BarRow {
    BarRow {
        date,
        symbol: engine.config().symbols.name(bar.symbol).as_str().to_owned(),
        at: bar.start,
        length: engine.config().bar_length,
        open: bar.open,
        high: bar.high,
        low: bar.low,
        close: bar.close,
        volume: i64::try_from(bar.volume).unwrap_or(i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use orb_core::{Price, Span, Timestamp};

    use super::*;

    fn waiting(count: i64) -> Bars {
        let price = Price::from_cents(100);
        let row = |number| BarRow {
            date: "2026-02-13".parse().unwrap(),
            symbol: "NVDA".to_owned(),
            at: Timestamp::from_micros(number),
            length: Span::from_minutes(1),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 1,
        };
        let mut bars = Bars { waiting: (0..count).map(row).collect(), due: Due::default() };
        bars.due.begin();
        bars
    }

    #[test]
    fn a_minute_of_many_symbols_is_recorded_in_parts_and_in_order() {
        let (mut bars, mut taken) = (waiting(500), Vec::new());
        assert!(!bars.is_due(), "they wait for what comes with them");
        for part in [128, 128, 128, 116] {
            assert!(bars.hurry() && bars.is_due());
            let rows = bars.take();
            assert_eq!(rows.len(), part);
            assert!(!bars.is_due(), "others have their turn first");
            taken.extend(rows.into_iter().map(|row| row.at.micros()));
        }
        assert!(taken.iter().copied().eq(0..500) && !bars.hurry() && bars.due().is_none());
    }

    #[test]
    fn very_many_bars_do_not_pile_up() {
        assert_eq!(waiting(40_000).take().len(), 10_000);
    }
}
