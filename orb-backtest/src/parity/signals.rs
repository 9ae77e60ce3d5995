//! The entries that were wanted beside those that the bars say should have been wanted.

use std::collections::BTreeMap;

use orb_core::fact::Signal;
use orb_core::order::AttemptId;
use orb_core::{Price, Side};

use super::reasons::Explainer;
use super::{Day, Key, Run, Why, key_of};

/// Holds the comparison of a day's signals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignalParity {
    /// Signals that the bars say.
    pub expected: usize,
    /// Signals that there were.
    pub found: usize,
    /// Signals that both sides have with the same side, level and stop.
    pub identical: usize,
    /// What differs, by date, strategy and symbol.
    pub differences: Vec<SignalDifference>,
}

/// Tells one thing in which two signals differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalDifference {
    /// Whose day.
    pub attempt: AttemptId,
    /// What.
    pub what: SignalWhat,
    /// The reason.
    pub why: Why,
}

/// Names what differs between two signals, as expected and as found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignalWhat {
    /// There should have been one, and there was none.
    Missing(Side, Price),
    /// There was one, and there should have been none.
    Extra(Side, Price),
    /// Long or short.
    Side(Side, Side),
    /// The entry level.
    Level(Price, Price),
    /// The stop.
    Stop(Price, Price),
}

impl SignalParity {
    /// Compares the signals of a day with those that its bars say; `expected` and `found` tell why there are none.
    ///
    /// Refused signals count like others. Of several attempts of a symbol the first counts, in its latest state.
    #[must_use]
    pub fn of(day: &Day<'_>, expected: (Run<'_>, &[Signal]), found: (Run<'_>, &[Signal])) -> Self {
        let explainer = Explainer::new(day, expected.0, found.0);
        let (wanted, had) = (by_symbol(expected.1), by_symbol(found.1));
        let mut parity = Self { expected: wanted.len(), found: had.len(), ..Self::default() };
        for (key, signal) in &wanted {
            let Some(other) = had.get(key) else {
                let what = SignalWhat::Missing(signal.side, signal.level);
                let why = explainer.missing_signal(key);
                parity.differences.push(SignalDifference { attempt: signal.attempt, what, why });
                continue;
            };
            let before = parity.differences.len();
            parity.differences.extend(explainer.signals(signal, other));
            parity.identical += usize::from(parity.differences.len() == before);
        }
        for (key, signal) in had.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
            let what = SignalWhat::Extra(signal.side, signal.level);
            let why = explainer.extra_signal(key);
            parity.differences.push(SignalDifference { attempt: signal.attempt, what, why });
        }
        parity
    }

    /// Counts the differences that nothing explains.
    #[must_use]
    pub fn unexplained(&self) -> usize {
        self.differences.iter().filter(|difference| difference.why == Why::Unexplained).count()
    }
}

fn by_symbol(signals: &[Signal]) -> BTreeMap<Key, &Signal> {
    let mut first: BTreeMap<Key, &Signal> = BTreeMap::new();
    for signal in signals {
        let kept = first.entry(key_of(signal.attempt)).or_insert(signal);
        if signal.attempt.attempt <= kept.attempt.attempt {
            *kept = signal;
        }
    }
    first
}

impl Explainer<'_> {
    fn signals(&self, expected: &Signal, found: &Signal) -> Vec<SignalDifference> {
        let attempt = found.attempt;
        if expected.side != found.side {
            let both = self.reaches(attempt.symbol, found.at, &[expected.level, found.level]);
            let why = if both { Why::BothSidesInOneBar } else { Why::Unexplained };
            return vec![SignalDifference { attempt, what: SignalWhat::Side(expected.side, found.side), why }];
        }
        let levels = (expected.level, found.level);
        let stops = (expected.stop, found.stop);
        let level = (levels.0 != levels.1).then_some(SignalWhat::Level(levels.0, levels.1));
        let stop = (stops.0 != stops.1).then_some(SignalWhat::Stop(stops.0, stops.1));
        let differ = |what| SignalDifference { attempt, what, why: Why::Unexplained };
        level.into_iter().chain(stop).map(differ).collect()
    }
}
