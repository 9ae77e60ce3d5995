//! Which unit of work is to be read next, and which session is complete.

use std::collections::BTreeMap;

use super::super::collect::{Stretch, UnitSummary};
use super::lane::{Lane, Step, Trouble};
use super::plan::Plan;

/// Represents the bars of one session, to trade on and for features only.
pub(super) type Piles = [Vec<Stretch>; 2];

/// Keeps the state of a unit of work.
struct Seat<'a> {
    /// `None` while a thread has it, and once it is at its end.
    lane: Option<Lane<'a>>,
    source: usize,
    is_warmup: bool,
    /// Position of the session before which no bar will come.
    floor: usize,
    /// Position of the session in which the first row is expected.
    expected: Option<usize>,
    has_begun: bool,
    is_done: bool,
    /// What there was in all, once it is done.
    summary: Option<UnitSummary>,
}

/// Says what there is for the consumer.
#[derive(Debug)]
pub(super) enum News {
    /// The session at this position of the calendar is complete.
    Day(usize, Piles),
    /// Nothing yet.
    Wait,
    /// All sessions were given.
    End,
    /// The files are not what they seemed.
    Trouble,
}

/// Keeps track of all units of work. Time is counted in positions of sessions in the calendar.
pub(super) struct Board<'a> {
    seats: Vec<Seat<'a>>,
    days: BTreeMap<usize, Piles>,
    /// Position after the session that was given last.
    given: usize,
    /// Sessions that are decoded ahead.
    ahead: usize,
    has_trouble: bool,
}

impl<'a> Board<'a> {
    pub(super) fn new(plan: &Plan, lanes: Vec<Lane<'a>>, is_warmup: impl Fn(usize) -> bool) -> Self {
        let seats = lanes.into_iter().zip(&plan.units).map(|(lane, unit)| Seat {
            lane: Some(lane),
            source: unit.source,
            is_warmup: is_warmup(unit.source),
            floor: unit.floor,
            expected: unit.expected,
            has_begun: false,
            is_done: false,
            summary: None,
        });
        let mut board =
            Self { seats: seats.collect(), days: BTreeMap::new(), given: 0, ahead: plan.ahead, has_trouble: false };
        (0..board.seats.len()).for_each(|seat| board.raise_followers(seat));
        board
    }

    /// Ends all work: the files are not what they seemed, or nobody wants the rest.
    pub(super) fn give_up(&mut self) {
        self.has_trouble = true;
        self.days.clear();
    }

    /// Tells whether no thread will ever be needed again.
    pub(super) fn is_over(&self) -> bool {
        self.has_trouble || self.seats.iter().all(|seat| seat.is_done)
    }

    /// Takes the unit of work that lags behind most, if one is to go on now.
    pub(super) fn take_lane(&mut self) -> Option<(usize, Lane<'a>)> {
        let base = self.base();
        let due = (0..self.seats.len()).filter_map(|seat| Some((self.due(seat, base)?, seat)));
        let (_, seat) = due.min()?;
        self.seats[seat].has_begun = true;
        Some((seat, self.seats[seat].lane.take()?))
    }

    /// Returns the session that a unit of work is at, when it may go on: it is near enough to what the consumer needs,
    /// or the consumer waits for it.
    fn due(&self, seat: usize, base: usize) -> Option<usize> {
        let Seat { lane: Some(_), floor, expected, has_begun, .. } = self.seats[seat] else { return None };
        let leads_its_file =
            seat == 0 || self.seats[seat - 1].source != self.seats[seat].source || self.seats[seat - 1].is_done;
        let at = match (has_begun, expected) {
            (true, _) => floor,
            (false, Some(expected)) => expected.max(floor),
            (false, None) => {
                if leads_its_file {
                    floor
                } else {
                    return None;
                }
            }
        };
        let is_near = at < base + self.ahead;
        let is_waited_for = leads_its_file && floor <= base;
        (is_near || is_waited_for).then_some(at)
    }

    /// Returns the session that the consumer gets next, as far as is known.
    fn base(&self) -> usize {
        let first = self.days.first_key_value().map_or(usize::MAX, |(session, _)| *session);
        first.min(self.watermark())
    }

    /// Returns the session before which every session is complete.
    fn watermark(&self) -> usize {
        self.seats.iter().filter(|seat| !seat.is_done).map(|seat| seat.floor).min().unwrap_or(usize::MAX)
    }

    /// Takes back a unit of work with what came of it.
    pub(super) fn put_lane(&mut self, seat: usize, lane: Lane<'a>, step: Result<Step, Trouble>) {
        let Ok(step) = step else { return self.give_up() };
        let pile = usize::from(self.seats[seat].is_warmup);
        for (session, bars) in step.stretches {
            if session < self.given || self.has_trouble {
                return self.give_up();
            }
            self.days.entry(session).or_default()[pile].push(Stretch { unit: seat, bars });
        }
        let this = &mut self.seats[seat];
        this.floor = step.session.unwrap_or(this.floor);
        this.is_done = step.summary.is_some();
        this.summary = step.summary;
        this.lane = (!this.is_done).then_some(lane);
        self.raise_followers(seat);
    }

    /// The parts of a file follow each other in time, so none begins before the one ahead of it stands.
    fn raise_followers(&mut self, seat: usize) {
        let Seat { source, floor, .. } = self.seats[seat];
        let followers = self.seats[seat + 1..].iter_mut().take_while(|other| other.source == source);
        followers.filter(|other| !other.has_begun).for_each(|other| other.floor = other.floor.max(floor));
    }

    /// Takes the next session, if it is complete.
    pub(super) fn news(&mut self) -> News {
        if self.has_trouble {
            return News::Trouble;
        }
        match self.days.first_key_value().map(|(session, _)| *session) {
            Some(session) if session < self.watermark() => {
                self.given = session + 1;
                News::Day(session, self.days.remove(&session).unwrap_or_default())
            }
            None if self.seats.iter().all(|seat| seat.is_done) => News::End,
            Some(_) | None => News::Wait,
        }
    }

    /// Takes the summaries of all units of work, in their order.
    pub(super) fn summaries(&mut self) -> Vec<UnitSummary> {
        self.seats.iter_mut().filter_map(|seat| seat.summary.take()).collect()
    }
}

#[cfg(test)]
mod tests {
    use orb_core::{Bar, Calendar};

    use super::super::lane::Surroundings;
    use super::*;
    use crate::BarSet;
    use crate::bars::load::{Label, inputs, units_of};
    use crate::bars::spare::SpareBars;
    use crate::bars::{LoadOptions, Loaded};
    use crate::synthetic::{SyntheticMarket, SyntheticOptions};

    const SESSIONS: usize = 60;
    const AHEAD: usize = 3;

    /// Sessions of one symbol in a batch, rounded up.
    const SESSIONS_OF_BATCH: usize = 3;

    /// Reads a market whose threads are one, and whose consumer takes what is complete only when nothing else can be
    /// done; returns the sessions in the order in which they came, and how many were waiting at most.
    fn drive(loaded: &Loaded, calendar: &Calendar, by_symbol: bool) -> (Vec<usize>, usize) {
        let folder = tempfile::tempdir().expect("a folder");
        for (symbol, name) in loaded.symbols().iter().filter(|(symbol, _)| by_symbol || symbol.0 == 0) {
            let of_file = |bar: &&Bar| !by_symbol || bar.symbol == symbol;
            let bars = loaded.trade.iter().filter(of_file).copied().collect();
            let set = BarSet::from_bars(loaded.symbols().clone(), loaded.bar_length(), calendar, bars);
            let path = folder.path().join(format!("{name}.parquet"));
            crate::write::write(&path, &set.expect("valid bars")).expect("a file");
        }
        let sources = inputs(&[folder.path().to_owned()], &[], LoadOptions::new(calendar)).expect("files");
        let units = units_of(&sources).expect("files that open");
        let mut plan = Plan::of(&sources, &units, calendar).expect("files that go by time");
        (plan.ahead, plan.batch_rows) = (AHEAD, 1_024);
        let (symbols, batch_rows) = (&plan.symbols, plan.batch_rows);
        let (label, spare) = (Label::Left, &SpareBars::default());
        let surroundings = Surroundings { sources: &sources, calendar, label, symbols, batch_rows, spare };
        let lanes = units.iter().map(|unit| Lane::new(surroundings, unit, false)).collect();
        let mut board = Board::new(&plan, lanes, |_| false);
        let (mut given, mut waiting) = (Vec::new(), 0);
        loop {
            while let Some((seat, mut lane)) = board.take_lane() {
                let step = lane.step();
                board.put_lane(seat, lane, step);
            }
            waiting = waiting.max(board.days.len());
            match board.news() {
                News::Day(session, _) => given.push(session),
                News::End => return (given, waiting),
                news @ (News::Wait | News::Trouble) => panic!("a lane is due or a day is complete: {news:?}"),
            }
        }
    }

    #[test]
    fn a_slow_consumer_keeps_the_threads_waiting() {
        let calendar = crate::nyse_calendar(2025, 2026);
        let options = SyntheticOptions { symbols: 3, sessions: SESSIONS, ..SyntheticOptions::default() };
        let loaded = SyntheticMarket::new(3, options).generate(&calendar).expect("a market");
        for by_symbol in [true, false] {
            let (given, waiting) = drive(&loaded, &calendar, by_symbol);
            let first = given[0];
            assert_eq!(given, (first..first + SESSIONS).collect::<Vec<_>>());
            assert!(waiting <= AHEAD + SESSIONS_OF_BATCH, "{waiting} sessions waited");
        }
    }
}
