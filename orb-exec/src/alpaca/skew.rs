//! How far this machine's clock is from the broker's, watched while one trades.

use orb_core::event::FeedState;
use orb_core::hold::HoldKind;
use orb_core::{Span, Timestamp};
use tokio_util::sync::CancellationToken;

use super::broker::BrokerHandle;
use super::rest::{Manner, paths};
use super::wire::order::ServerClock;
use crate::clock::Clock;

/// How far the clocks may differ.
pub(crate) const SKEW_MAX: Span = Span::from_millis(500);
/// How often they are compared.
const COMPARE_EVERY: Span = Span::from_seconds(60);

/// Returns how far a time is, for certain, from the stretch in which it was read; negative when it may lie within.
///
/// It is taken to be read halfway between question and answer; what the answer's own way may explain is no skew.
pub(crate) fn certain_skew(asked: Timestamp, answered: Timestamp, theirs: Timestamp) -> Span {
    let half = (answered - asked).micros() / 2;
    let skew = (asked + Span::from_micros(half)) - theirs;
    Span::from_micros(skew.micros().abs() - half)
}

/// Compares the clocks once a minute until it is stopped, and reports where they begin and cease to differ.
///
/// When the machine's clock is set in between, the broker's tells at once which of the two is right: the time that
/// one went by, or the new one.
pub(crate) async fn watch<C: Clock>(broker: BrokerHandle<C>, clock: C, stop: CancellationToken) {
    let (mut differs, mut set_by) = (false, None);
    loop {
        let busy = clock.busy();
        let judged = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            judged = judge(&broker, &clock, set_by.take()) => judged,
        };
        // Without an answer what was known before stays.
        if let Some(now_differs) = judged.filter(|judged| *judged != differs) {
            differs = now_differs;
            let (trouble, recovered) = (FeedState::Trouble, FeedState::Recovered);
            broker.outbox().feed(if differs { trouble } else { recovered }(HoldKind::ClockSkew));
        }
        drop(busy);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            by = clock.was_set() => set_by = Some(by),
            () = clock.sleep_until(clock.now() + COMPARE_EVERY) => {}
        }
    }
}

/// Tells whether the clocks differ; `None` when the broker does not tell the time.
///
/// `set_by`: the machine's clock was set by so much since the last time. Nobody vouches then for either time, so
/// without the broker's word they count as differing.
async fn judge<C: Clock>(broker: &BrokerHandle<C>, clock: &C, set_by: Option<Span>) -> Option<bool> {
    let asked = clock.now();
    let answer = broker.rest().ask::<ServerClock>(&Manner::question(), paths::call("/v2/clock", &[])).await;
    let answered = clock.now();
    let theirs = answer.ok().and_then(|answer| answer.timestamp);
    let Some(by) = set_by else {
        return theirs.map(|theirs| certain_skew(asked, answered, theirs) > SKEW_MAX);
    };
    let verdict = Verdict::of(asked, answered, theirs, by);
    tracing::warn!(
        component = "Executor",
        by_ms = by.micros() / 1_000,
        "this machine's clock was set: {}",
        verdict.words()
    );
    if verdict == Verdict::NewIsRight {
        clock.follow();
    }
    Some(verdict != Verdict::OldIsRight)
}

/// Says which time is the broker's after this machine's clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The time that one went by, and goes by.
    OldIsRight,
    /// The time that the clock was set to.
    NewIsRight,
    /// Neither, or the broker does not tell.
    Unknown,
}

impl Verdict {
    fn of(asked: Timestamp, answered: Timestamp, theirs: Option<Timestamp>, by: Span) -> Self {
        let agrees =
            |by: Span| theirs.is_some_and(|theirs| certain_skew(asked + by, answered + by, theirs) <= SKEW_MAX);
        match (agrees(Span::ZERO), agrees(by)) {
            (true, _) => Self::OldIsRight,
            (false, true) => Self::NewIsRight,
            (false, false) => Self::Unknown,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::OldIsRight => "the broker's agrees with the time of before, by which orb goes on; set it right",
            Self::NewIsRight => "the broker's agrees, orb goes over to it, and entries are held until it is there",
            Self::Unknown => "the broker's does not vouch for it, entries are held; set it right (chrony, timedatectl)",
        }
    }
}

#[cfg(test)]
mod tests;
