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
pub(crate) async fn watch<C: Clock>(broker: BrokerHandle<C>, clock: C, stop: CancellationToken) {
    let mut differs = false;
    loop {
        let busy = clock.busy();
        let compared = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            compared = compare(&broker, &clock) => compared,
        };
        // Without an answer what was known before stays.
        if let Some(now_differs) = compared.filter(|compared| *compared != differs) {
            differs = now_differs;
            let (trouble, recovered) = (FeedState::Trouble, FeedState::Recovered);
            broker.outbox().feed(if differs { trouble } else { recovered }(HoldKind::ClockSkew));
        }
        drop(busy);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = clock.sleep_until(clock.now() + COMPARE_EVERY) => {}
        }
    }
}

/// Tells whether the clocks differ; `None` when the broker does not tell the time.
async fn compare<C: Clock>(broker: &BrokerHandle<C>, clock: &C) -> Option<bool> {
    let asked = clock.now();
    let answer = broker.rest().ask::<ServerClock>(&Manner::question(), paths::call("/v2/clock", &[])).await;
    let theirs = answer.ok()?.timestamp?;
    Some(certain_skew(asked, clock.now(), theirs) > SKEW_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(asked: i64, answered: i64, theirs: i64, expected: i64) {
        let at = |millis| Timestamp::from_micros(millis * 1_000);
        let skew = certain_skew(at(asked), at(answered), at(theirs));
        assert_eq!(skew.micros() / 1_000, expected, "{asked} {answered} {theirs}");
    }

    #[test]
    fn the_way_of_the_answer_is_no_skew() {
        check(1_000, 1_000, 1_000, 0);
        check(1_000, 1_000, 3_000, 2_000);
        check(1_000, 1_000, 400, 600);
        check(1_000, 2_000, 2_000, 0);
        check(1_000, 3_000, 2_500, -500);
    }
}
