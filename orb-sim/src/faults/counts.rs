//! How often the rules of a plan have applied.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts how often one rule has applied; clones share the count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(Arc<AtomicU64>);

impl Count {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, one: bool) {
        self.0.fetch_add(u64::from(one), Ordering::Relaxed);
    }
}

/// Knows how often the rules of a plan for requests, messages and orders have applied; clones share the counts.
///
/// The market's and the account's rules are not counted: they hold for times, and nothing is drawn from them in turn.
#[derive(Clone, Debug, Default)]
pub struct FaultCounts {
    pub(crate) http: Vec<Count>,
    pub(crate) stream: Vec<Count>,
    pub(crate) order: Vec<Count>,
}

impl FaultCounts {
    /// Lists the rules that have never applied, as `stream 2` for the plan's second one of its kind.
    #[must_use]
    pub fn never(&self) -> Vec<String> {
        let kinds = [("http", &self.http), ("stream", &self.stream), ("order", &self.order)];
        let of_kind = |(kind, counts): (&'static str, &Vec<Count>)| {
            let unused: Vec<usize> = (1..).zip(counts).filter(|(_, one)| one.get() == 0).map(|(at, _)| at).collect();
            unused.into_iter().map(move |number| format!("{kind} {number}"))
        };
        kinds.into_iter().flat_map(of_kind).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_never_applied_are_named_by_kind_and_place() {
        let used = Count::default();
        used.clone().add(true);
        let counts = FaultCounts { http: vec![used], stream: vec![Count::default()], order: Vec::new() };
        assert_eq!(counts.never(), ["stream 1"]);
    }
}
