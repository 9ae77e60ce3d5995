//! The dead man's watch: closes what orb holds when orb has fallen silent.

use std::path::Path;
use std::time::{Duration, Instant};

use orb_core::{Calendar, Timestamp};
use orb_exec::alpaca::{CallError, Emergency};

use super::flatten::{Flattener, Pace, Scope, look_at};
use super::heartbeat::Beats;
use super::report::FlattenReport;
use crate::runtime::HaltFile;
use crate::service;

/// How often it is looked whether there was a sign of life.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A watch that was itself away for so long begins to count anew.
const AWAY_AFTER: Duration = Duration::from_secs(5);
/// How long it waits after a look that found nothing to do, or that failed, before the broker is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// How long after a flatten that left something the next one follows.
const FLATTEN_AGAIN: Duration = Duration::from_secs(60);

/// So often the broker's clock is read before it counts as unreadable.
const CLOCK_TRIES: u32 = 30;
/// The pause between two readings.
const CLOCK_AGAIN: Duration = Duration::from_secs(1);

/// Watches over one daemon.
#[derive(Debug)]
pub struct Watch<'a> {
    /// The broker.
    pub broker: &'a Emergency,
    /// The exchange's sessions.
    pub calendar: &'a Calendar,
    /// The daemon's signs of life.
    pub beats: Beats,
    /// How long a silence counts as death.
    pub silence: Duration,
    /// How fast positions are closed.
    pub pace: Pace,
    /// The daemon's state directory.
    pub folder: &'a Path,
}

/// What a watch found when orb was silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchEnd {
    /// It is outside of the session: nothing could be closed.
    MarketClosed,
    /// orb holds nothing and has no entry that could fill.
    NothingOpen,
    /// What orb held was to be closed.
    Flattened(FlattenReport),
}

impl Watch<'_> {
    /// Watches until it is dropped, and hands each flatten's report on.
    pub async fn run(mut self, tell: impl Fn(&FlattenReport)) {
        let (mut looked, mut not_before) = (Instant::now(), Instant::now());
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            service::beat();
            if looked.elapsed() >= AWAY_AFTER {
                // Whoever was stopped, or slept with the machine, does not know who else was.
                tracing::warn!(component = "RiskManager", "the watch was itself away: silence counts from now");
                self.beats.begin_anew();
            }
            looked = Instant::now();
            if !self.is_silent() || Instant::now() < not_before {
                continue;
            }
            not_before = Instant::now()
                + match service::waiting(self.on_silence()).await {
                    Ok(WatchEnd::Flattened(report)) => {
                        tell(&report);
                        FLATTEN_AGAIN
                    }
                    Ok(WatchEnd::MarketClosed | WatchEnd::NothingOpen) => ASK_AGAIN,
                    Err(error) => {
                        let silent = self.beats.heard().elapsed().as_secs();
                        tracing::error!(
                            component = "RiskManager",
                            "orbd has been silent for {silent} seconds, and the broker cannot be asked: {error}"
                        );
                        ASK_AGAIN
                    }
                };
            // The work may have taken a while, in which nobody slept.
            looked = Instant::now();
        }
    }

    fn is_silent(&mut self) -> bool {
        self.beats.heard().elapsed() >= self.silence && !self.beats.is_set_aside()
    }

    /// Looks at what orb holds, and closes it if there is a market.
    ///
    /// # Errors
    /// When the broker cannot be asked.
    pub async fn on_silence(&mut self) -> Result<WatchEnd, CallError> {
        let now = self.broker.time().await?;
        if !is_open(self.calendar, now) {
            return Ok(WatchEnd::MarketClosed);
        }
        if !look_at(self.broker, now).await?.has_exposure() {
            return Ok(WatchEnd::NothingOpen);
        }
        // The questions took a while.
        if !self.is_silent() {
            return Ok(WatchEnd::NothingOpen);
        }
        let silent = self.beats.heard().elapsed().as_secs();
        tracing::error!(
            component = "RiskManager",
            "orbd has been silent for {silent} seconds, and orb holds positions or entries: they are closed now"
        );
        let reason = format!("orbd was silent for {silent} seconds with positions open");
        if let Err(error) = HaltFile::of(self.folder).write("orbd guard", &reason) {
            tracing::error!(component = "RiskManager", "{error}: a daemon that comes back is not halted");
        }
        let beats = std::cell::RefCell::new(&mut self.beats);
        let heard = beats.borrow_mut().heard();
        let is_still_silent = || beats.borrow_mut().heard() == heard;
        let report = Flattener::new(self.broker, Scope::Own, self.pace).run(is_still_silent).await;
        Ok(WatchEnd::Flattened(report))
    }
}

/// Tells whether the exchange trades at a time.
pub(super) fn is_open(calendar: &Calendar, now: Timestamp) -> bool {
    let sessions = calendar.sessions();
    let begun = sessions.partition_point(|session| session.open <= now);
    begun.checked_sub(1).and_then(|index| sessions.get(index)).is_some_and(|session| now < session.close)
}

/// Tells whether the exchange trades now, by the broker's clock; asks it again where it does not answer.
///
/// # Errors
/// When the broker does not take the key, or does not tell the time for half a minute.
pub async fn market_is_open(broker: &Emergency, calendar: &Calendar) -> Result<bool, CallError> {
    for _ in 1..CLOCK_TRIES {
        match broker.time().await {
            Ok(now) => return Ok(is_open(calendar, now)),
            Err(error) if error.is_key_refused() => return Err(error),
            Err(_) => tokio::time::sleep(CLOCK_AGAIN).await,
        }
    }
    broker.time().await.map(|now| is_open(calendar, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_market_is_open_from_the_open_to_the_close() {
        let calendar = orb_data::nyse_calendar(2025, 2025);
        let at = |text: &str| is_open(&calendar, Timestamp::parse_rfc3339(text).expect(text));
        assert!(!at("2025-11-28T14:29:59Z") && at("2025-11-28T14:30:00Z"));
        assert!(at("2025-11-28T17:59:59Z") && !at("2025-11-28T18:00:00Z"), "the day after Thanksgiving is short");
        assert!(!at("2025-11-29T16:00:00Z"), "a Saturday");
    }
}
