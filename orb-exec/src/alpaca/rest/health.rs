//! Whether the broker answers, as the sequence of its answers shows.

use core::fmt;
use std::sync::{Mutex, PoisonError};

use orb_core::event::FeedState;
use orb_core::hold::HoldKind;

use super::call::CallError;

/// So many requests without an answer, one after the other, and the broker counts as away.
const FAILURES_MAX: u32 = 3;

/// Follows the answers and reports when the broker is away and when it is back.
pub(crate) struct Health {
    state: Mutex<State>,
    report: Box<dyn Fn(FeedState) + Send + Sync>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    failures: u32,
    away: bool,
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Health {
    /// Makes one that reports to a function.
    pub(crate) fn new(report: impl Fn(FeedState) + Send + Sync + 'static) -> Self {
        Self { state: Mutex::default(), report: Box::new(report) }
    }

    /// Tells whether the broker counts as away.
    pub(crate) fn is_away(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).away
    }

    /// Takes note of what came of a request.
    pub(crate) fn note(&self, answer: Result<(), &CallError>) {
        // Reported under the lock, so that the last report is of the last change.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.note(answer) {
            Some(true) => (self.report)(FeedState::Trouble(HoldKind::BrokerUnavailable)),
            Some(false) => (self.report)(FeedState::Recovered(HoldKind::BrokerUnavailable)),
            None => {}
        }
    }
}

impl State {
    /// Returns whether the broker is away now, where that has changed.
    fn note(&mut self, answer: Result<(), &CallError>) -> Option<bool> {
        let was_away = self.away;
        match answer {
            Err(error) if error.is_unauthorised() => (self.failures, self.away) = (FAILURES_MAX, true),
            Ok(()) | Err(CallError::Refused(_)) => *self = Self::default(),
            Err(CallError::NotSent(_) | CallError::Unclear(_)) => {
                self.failures = (self.failures + 1).min(FAILURES_MAX);
                self.away |= self.failures == FAILURES_MAX;
            }
            // Neither says whether the broker is there.
            Err(CallError::Stopped(_) | CallError::Throttled) => {}
        }
        (self.away != was_away).then_some(self.away)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::wire::order::ErrorBody;
    use super::super::call::{Refusal, Unclear};
    use super::*;

    #[test]
    fn the_broker_is_away_after_several_failures_or_one_refused_key() {
        let mut state = State::default();
        let failure = CallError::Unclear(Unclear::Status(503));
        let refused = |status| {
            let body = ErrorBody { code: (status != 401).then_some(1), ..ErrorBody::default() };
            CallError::Refused(Box::new(Refusal { status, is_brokers: true, body }))
        };
        assert_eq!((state.note(Err(&failure)), state.note(Err(&failure))), (None, None));
        assert_eq!(state.note(Err(&refused(422))), None, "a refusal is an answer");
        assert_eq!((state.note(Err(&failure)), state.note(Err(&failure))), (None, None));
        assert_eq!((state.note(Err(&failure)), state.note(Err(&failure))), (Some(true), None));
        assert_eq!(state.note(Err(&CallError::Throttled)), None);
        assert_eq!((state.note(Ok(())), state.note(Ok(()))), (Some(false), None));
        assert_eq!(state.note(Err(&refused(401))), Some(true));
        assert_eq!(state.note(Ok(())), Some(false));
    }
}
