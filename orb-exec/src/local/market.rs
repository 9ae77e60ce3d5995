//! The bars of one session at a pace.

use core::str::FromStr;
use std::time::Duration;

use orb_core::event::{MarketData as Prices, Origin};
use orb_core::session_clock::SESSION_END_GRACE;
use orb_core::{Bar, Session, Span, Timestamp};
use tokio::time::Instant;

use super::venue::{Shared, lock};
use crate::market::{MarketData, MarketStep};

/// Says how fast simulated time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many simulated seconds a second.
    Times(f64),
    /// As fast as the machine can.
    Max,
}

impl FromStr for Speed {
    type Err = String;

    /// Reads a number from 0.1 to 1,000,000, or `max`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times: f64 = text.parse().map_err(|_| "expected a number or max".to_owned())?;
        if !(0.1..=1_000_000.0).contains(&times) {
            return Err("expected 0.1 to 1000000 simulated seconds a second, or max".to_owned());
        }
        Ok(Self::Times(times))
    }
}

/// Names where the market is within an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The next bars are to be matched.
    Match,
    /// They were matched and are to be shown.
    Show,
    /// The session ended; the engine's last deadlines follow.
    Ended,
}

/// Plays a session's bars to the exchange and then to the engine.
#[derive(Debug)]
pub struct LocalMarket {
    shared: Shared,
    session: Session,
    bar_length: Span,
    speed: Speed,
    /// The instants to come, the next one last.
    batches: Vec<Vec<Bar>>,
    stage: Stage,
    now: Timestamp,
    /// A pair of wall clock and simulated time from which the pace is counted.
    anchor: Option<(Instant, Timestamp)>,
}

impl LocalMarket {
    pub(super) fn new(
        shared: Shared,
        session: Session,
        bar_length: Span,
        speed: Speed,
        mut batches: Vec<Vec<Bar>>,
        now: Timestamp,
        ended: bool,
    ) -> Self {
        batches.reverse();
        let stage = if ended { Stage::Ended } else { Stage::Match };
        Self { shared, session, bar_length, speed, batches, stage, now, anchor: None }
    }

    /// Returns the next instant of the market itself: the end of the next bars, or of the session.
    fn next_instant(&self) -> Timestamp {
        let ends = |bars: &Vec<Bar>| (bars[0].start + self.bar_length).min(self.session.close);
        self.batches.last().map_or(self.session.close, ends)
    }

    /// Waits until an instant is due at the pace.
    async fn pace(&mut self, instant: Timestamp) {
        let Speed::Times(times) = self.speed else { return tokio::task::yield_now().await };
        let (wall, simulated) = *self.anchor.get_or_insert_with(|| (Instant::now(), self.now));
        let seconds = (instant - simulated).micros().max(0) as f64 / 1e6 / times;
        tokio::time::sleep_until(wall + Duration::from_secs_f64(seconds)).await;
    }

    fn show(&mut self) -> MarketStep {
        self.stage = Stage::Match;
        let bars = self.batches.pop().unwrap_or_default();
        MarketStep::Market(self.now, Origin::Live, Prices::Bars(bars))
    }

    fn advance(&mut self, instant: Timestamp) -> MarketStep {
        self.now = self.now.max(instant);
        match self.batches.last() {
            Some(bars) => {
                lock(&self.shared).on_bars(bars);
                self.stage = Stage::Show;
            }
            None => {
                lock(&self.shared).end(self.now);
                self.stage = Stage::Ended;
            }
        }
        MarketStep::Advanced(self.now)
    }
}

impl MarketData for LocalMarket {
    async fn next(&mut self, wakeup: Option<Timestamp>) -> MarketStep {
        if self.stage == Stage::Show {
            return self.show();
        }
        let over = self.stage == Stage::Ended;
        let instant = if over { self.session.close + SESSION_END_GRACE } else { self.next_instant() };
        // Deadlines before the end of a bar come before it; those at its end come after it, as in a backtest. The
        // end of the session comes after every deadline up to the close.
        let last = over || self.batches.is_empty();
        let due = wakeup.filter(|&at| at < instant || (last && at <= instant));
        match due {
            Some(at) => {
                self.pace(at).await;
                self.now = self.now.max(at);
                MarketStep::Wakeup(self.now)
            }
            None if over => MarketStep::End,
            None => {
                self.pace(instant).await;
                self.advance(instant)
            }
        }
    }

    fn now(&self) -> Timestamp {
        let (Speed::Times(times), Some((wall, simulated))) = (self.speed, self.anchor) else { return self.now };
        let passed = Span::from_micros((wall.elapsed().as_secs_f64() * 1e6 * times) as i64);
        let limit = if self.stage == Stage::Ended { self.now } else { self.next_instant() };
        (simulated + passed).min(limit).max(self.now)
    }

    /// The simulated exchange answers at the instant that it was asked: at no pace does the time that this machine
    /// takes in between count, so that a paced session trades as a backtest does.
    fn broker_time(&self) -> Timestamp {
        self.now
    }
}
