//! Which reports go out, and when: what is the same as one, and so many a minute at most. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::report::Report;

/// How long what was sent is not sent again, but counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Different things that are counted at one time.
const ROOM: usize = 64;

/// Holds a report that stands for so many.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) report: Report,
    pub(super) times: u64,
}

#[derive(Debug)]
struct Known {
    report: Report,
    /// How often it happened since it was sent.
    times: u64,
    sent: Option<Instant>,
}

/// Counts what is the same.
#[derive(Debug)]
pub(super) struct Merger {
    per_minute: usize,
    known: BTreeMap<String, Known>,
    /// When events went out, within the last window.
    sent: VecDeque<Instant>,
}

impl Merger {
    pub(super) const fn new(per_minute: usize) -> Self {
        Self { per_minute, known: BTreeMap::new(), sent: VecDeque::new() }
    }

    /// Takes a report; tells whether there was room for it.
    pub(super) fn add(&mut self, report: Report) -> bool {
        self.put(Merged { report, times: 1 })
    }

    /// Takes back what could not be sent: it waits again, as what was sent just now does.
    pub(super) fn give_back(&mut self, merged: Merged) -> bool {
        self.put(merged)
    }

    fn put(&mut self, Merged { report, times }: Merged) -> bool {
        let identity = report.identity();
        if let Some(known) = self.known.get_mut(&identity) {
            known.times += times;
            known.report = report;
            return true;
        }
        let has_room = self.known.len() < ROOM;
        if has_room {
            self.known.insert(identity, Known { report, times, sent: None });
        }
        has_room
    }

    /// Returns what may go out now; `None` when there is nothing, or nothing more may.
    pub(super) fn next(&mut self, now: Instant) -> Option<Merged> {
        self.forget(now);
        self.pick(now, |known| known.sent.is_none_or(|sent| now >= sent + WINDOW))
    }

    /// Returns what goes out at the end, though it may have gone a moment ago.
    pub(super) fn last(&mut self, now: Instant) -> Option<Merged> {
        self.forget(now);
        self.pick(now, |_| true)
    }

    fn pick(&mut self, now: Instant, may_go: impl Fn(&Known) -> bool) -> Option<Merged> {
        if self.sent.len() >= self.per_minute {
            return None;
        }
        let ready = self.known.values_mut().filter(|known| known.times > 0 && may_go(known));
        let known = ready.min_by_key(|known| known.report.at)?;
        (known.sent, self.sent) = (Some(now), core::mem::take(&mut self.sent));
        self.sent.push_back(now);
        Some(Merged { report: known.report.clone(), times: core::mem::take(&mut known.times) })
    }

    /// Returns when something may go out that waits now; `None` when nothing waits.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        let waiting = self.known.values().filter(|known| known.times > 0);
        let due = waiting.map(|known| known.sent.map_or(now, |sent| sent + WINDOW)).min()?;
        let is_full = self.sent.len() >= self.per_minute;
        let room = self.sent.front().filter(|_| is_full).map(|first| *first + WINDOW);
        Some(room.map_or(due, |room| room.max(due)))
    }

    /// Counts what waits and did not go out.
    pub(super) fn left(&self) -> u64 {
        self.known.values().map(|known| known.times).sum()
    }

    fn forget(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|sent| now >= *sent + WINDOW) {
            self.sent.pop_front();
        }
        self.known.retain(|_, known| known.times > 0 || known.sent.is_some_and(|sent| now < sent + WINDOW));
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::{Place, What};
    use super::*;

    fn report(line: u32) -> Report {
        let place = Place { line: format!("a.rs:{line}"), target: "orbd" };
        Report::new(What::Error { place, component: None, symbol: None })
    }

    #[test]
    fn a_storm_of_one_error_is_one_event_a_minute_with_its_count() {
        let (mut merger, start) = (Merger::new(10), Instant::now());
        merger.add(report(1));
        assert_eq!(merger.next(start).expect("the first at once").times, 1);
        (0..10_000).for_each(|_| assert!(merger.add(report(1))));
        assert!(merger.next(start + Duration::from_secs(59)).is_none());
        assert_eq!(merger.next_due(start), Some(start + WINDOW));
        assert_eq!(merger.next(start + WINDOW).expect("merged").times, 10_000);
        assert!(merger.next(start + WINDOW).is_none() && merger.next_due(start).is_none());
    }

    #[test]
    fn no_minute_has_more_events_than_it_may() {
        let (mut merger, start) = (Merger::new(3), Instant::now());
        (0..10).for_each(|line| assert!(merger.add(report(line))));
        let mut sent: Vec<Instant> = Vec::new();
        for second in 0..600 {
            let now = start + Duration::from_secs(second);
            while let Some(merged) = merger.next(now) {
                sent.push(now);
                merger.add(merged.report);
            }
        }
        assert!(sent.len() >= 27, "{}", sent.len());
        for window in sent.windows(4) {
            assert!(window[3] >= window[0] + WINDOW, "{window:?}");
        }
    }

    #[test]
    fn different_things_beyond_the_room_are_not_kept_and_what_failed_waits_again() {
        let (mut merger, start) = (Merger::new(60), Instant::now());
        let kept = (0..100).filter(|line| merger.add(report(*line))).count();
        assert_eq!(kept, ROOM);
        let failed = merger.next(start).expect("one");
        assert!(merger.give_back(failed));
        assert_eq!(merger.left(), ROOM as u64);
        assert_eq!(core::iter::from_fn(|| merger.last(start)).count(), 59, "what a minute may still have");
    }
}
