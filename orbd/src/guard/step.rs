//! What is to be done about one symbol, as it looks now. Pure: time and data come in, a step goes out.

use std::time::{Duration, Instant};

use orb_core::order::{BrokerOrderId, OrderRole};
use orb_core::{OrderSide, Price};
use orb_exec::alpaca::{Life, SeenOrder};
use rust_decimal::Decimal;

use super::holdings::{Holding, OwnOrder};

/// So often in a row fills and position may contradict each other before the broker's position is believed.
const DOUBTS_MAX: u32 = 10;
/// So often in a row there must be nothing left before it is believed.
const FLAT_LOOKS: u32 = 2;
/// How long an order has that was asked to be cancelled, before it is asked again.
const CANCEL_AGAIN: Duration = Duration::from_secs(3);

/// Says how far a symbol is to be brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Nothing of orb's is left.
    Flat,
    /// Nothing of anybody's is left.
    FlatForAll,
    /// No entry of orb's is left; what it holds is protected.
    NoEntries,
}

/// Says what is to be done about a symbol now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Orders are to be cancelled.
    Cancel(Vec<BrokerOrderId>),
    /// Shares are to be closed; positive ones are sold.
    Close(Decimal),
    /// Everything that the broker holds is to be closed, whosever it is.
    CloseWhole,
    /// Shares are to be protected by a stop; positive ones are long.
    Protect(Decimal, Price),
    /// It is to be looked at again.
    Wait,
    /// Nothing more can be done.
    Done,
}

/// What became of a symbol so far.
#[derive(Clone, Debug)]
pub struct Track {
    goal: Goal,
    doubts: u32,
    flat_looks: u32,
    /// When a cancel was asked for, by order.
    cancels: Vec<(BrokerOrderId, Instant)>,
    /// Since when an order that closes has been open.
    closing_since: Option<Instant>,
    /// Closing was given up: what is left gets its stop back.
    is_given_up: bool,
    /// Nothing is left that is to be done.
    is_done: bool,
    /// What people should know.
    notes: Vec<String>,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// An order that closes and has not filled by then gives way to the stop again: trading may be halted.
    pub close_within: Duration,
}

impl Track {
    /// Begins with a symbol.
    #[must_use]
    pub const fn new(goal: Goal) -> Self {
        Self {
            goal,
            doubts: 0,
            flat_looks: 0,
            cancels: Vec::new(),
            closing_since: None,
            is_given_up: false,
            is_done: false,
            notes: Vec::new(),
        }
    }

    /// Tells whether nothing more is to be done.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Returns what people should know.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Gives up closing: what is open gets its stop back.
    pub fn give_up(&mut self, why: &str) {
        if !self.is_given_up && !self.is_done {
            self.is_given_up = true;
            self.note(why);
        }
    }

    /// Keeps a sentence for the report, once.
    pub fn note(&mut self, sentence: &str) {
        if !self.notes.iter().any(|note| note == sentence) {
            self.notes.push(sentence.to_owned());
        }
    }

    /// Decides what is to be done about a symbol as it looks now.
    pub fn next(&mut self, holding: &Holding, now: Instant, limits: Limits) -> Step {
        if self.is_done {
            return Step::Done;
        }
        if self.goal == Goal::NoEntries {
            return self.next_without_entries(holding, now);
        }
        if self.is_given_up {
            return self.next_protecting(holding, now);
        }
        let in_the_way = holding.open().filter(|order| order.role != OrderRole::Close).map(|order| &order.seen);
        let foreign = if self.goal == Goal::FlatForAll { &holding.foreign[..] } else { &[] };
        if let Some(step) = self.cancel(in_the_way, foreign, now) {
            return step;
        }
        if holding.open().any(|order| order.role == OrderRole::Close) {
            return self.await_close(holding, now, limits);
        }
        self.closing_since = None;
        self.close(holding)
    }

    /// Cancels what is open; `None` when nothing is.
    fn cancel<'a>(
        &mut self,
        open: impl Iterator<Item = &'a SeenOrder>,
        foreign: &[BrokerOrderId],
        now: Instant,
    ) -> Option<Step> {
        let open: Vec<&SeenOrder> = open.collect();
        // A leg that is held goes with its parent or its sibling, if there is one left.
        let works = open.iter().any(|order| order.life != Life::Held);
        let own = open.iter().filter(|order| order.life != Life::PendingCancel && (order.life != Life::Held || !works));
        let all: Vec<BrokerOrderId> = own.map(|order| order.id.clone()).chain(foreign.iter().cloned()).collect();
        if open.is_empty() && foreign.is_empty() {
            return None;
        }
        self.flat_looks = 0;
        self.cancels.retain(|(_, asked)| now.duration_since(*asked) < CANCEL_AGAIN);
        let wanted: Vec<BrokerOrderId> =
            all.into_iter().filter(|id| !self.cancels.iter().any(|(asked, _)| asked == id)).collect();
        self.cancels.extend(wanted.iter().map(|id| (id.clone(), now)));
        Some(if wanted.is_empty() { Step::Wait } else { Step::Cancel(wanted) })
    }

    fn await_close(&mut self, holding: &Holding, now: Instant, limits: Limits) -> Step {
        self.flat_looks = 0;
        let since = *self.closing_since.get_or_insert(now);
        if now.duration_since(since) >= limits.close_within {
            match holding.last_stop() {
                Some(_) => self.give_up("the order that closes it does not fill: trading may be halted"),
                None => {
                    self.note("the order that closes it does not fill and goes on working; no stop of it is known");
                    self.is_done = true;
                    return Step::Done;
                }
            }
        }
        Step::Wait
    }

    /// Closes what fills and position agree on; where they do not, waits until they do or the position is believed.
    fn close(&mut self, holding: &Holding) -> Step {
        let shares = holding.own_shares();
        if !shares.is_zero() {
            (self.doubts, self.flat_looks) = (0, 0);
            return Step::Close(shares);
        }
        if holding.net.is_zero() && holding.position.is_zero() {
            return self.look_flat();
        }
        // A list of positions may lag behind the fills, by seconds.
        self.doubts += 1;
        if self.doubts < DOUBTS_MAX {
            return Step::Wait;
        }
        match (self.goal, holding.position.is_zero()) {
            (Goal::FlatForAll, false) => {
                self.doubts = 0;
                Step::CloseWhole
            }
            (Goal::Flat | Goal::FlatForAll | Goal::NoEntries, true) => {
                self.note("the broker holds none of it any more, though no order of orb's closed it");
                self.look_flat()
            }
            (Goal::Flat | Goal::NoEntries, false) => self.look_flat(),
        }
    }

    fn look_flat(&mut self) -> Step {
        self.flat_looks += 1;
        self.is_done = self.flat_looks >= FLAT_LOOKS;
        if self.is_done { Step::Done } else { Step::Wait }
    }

    /// Ends the entries, and gives what they had filled the stop that was attached to them.
    fn next_without_entries(&mut self, holding: &Holding, now: Instant) -> Step {
        let entries: Vec<&OwnOrder> = holding.open().filter(|order| order.role == OrderRole::Entry).collect();
        if let Some(step) = self.cancel(entries.iter().map(|order| &order.seen), &[], now) {
            return step;
        }
        self.protect(holding)
    }

    /// Takes back the order that closes, and gives what is left its stop.
    fn next_protecting(&mut self, holding: &Holding, now: Instant) -> Step {
        let closes = holding.open().filter(|order| order.role != OrderRole::Stop).map(|order| &order.seen);
        if let Some(step) = self.cancel(closes, &[], now) {
            return step;
        }
        self.protect(holding)
    }

    fn protect(&mut self, holding: &Holding) -> Step {
        let shares = holding.own_shares();
        let is_unclear = shares.is_zero() && !(holding.net.is_zero() && holding.position.is_zero());
        if is_unclear {
            self.doubts += 1;
            if self.doubts < DOUBTS_MAX {
                return Step::Wait;
            }
        }
        if shares.is_zero()
            || holding.open().any(|order| order.role != OrderRole::Entry && order.seen.life != Life::PendingCancel)
        {
            return self.look_flat();
        }
        self.flat_looks = 0;
        match holding.last_stop() {
            Some(stop) => Step::Protect(shares, stop),
            None => {
                self.note("it has no stop, and none is known that it had");
                self.is_done = true;
                Step::Done
            }
        }
    }
}

/// Returns the side of an order that reduces shares: positive ones are sold.
pub(super) const fn reducing(shares: Decimal) -> OrderSide {
    if shares.is_sign_positive() { OrderSide::Sell } else { OrderSide::Buy }
}

#[cfg(test)]
mod tests {
    use orb_exec::alpaca::SeenPosition;

    use super::super::holdings::Holdings;
    use super::super::holdings::tests::{order, position};
    use super::*;

    const LIMITS: Limits = Limits { close_within: Duration::from_secs(20) };
    const ENTRY: &str = "20261127-a-SPY-1e";

    fn entry(filled: i64, life: Life) -> SeenOrder {
        order("SPY", "e", ENTRY, OrderSide::Buy, filled, life)
    }

    fn stop(life: Life) -> SeenOrder {
        SeenOrder { stop: "99".parse().ok(), ..order("SPY", "s", "20261127-a-SPY-1s", OrderSide::Sell, 0, life) }
    }

    fn close(filled: i64, life: Life) -> SeenOrder {
        order("SPY", "x", "20261127-a-SPY-1x", OrderSide::Sell, filled, life)
    }

    fn holding(orders: &[SeenOrder], positions: &[SeenPosition]) -> Holding {
        Holdings::of(orders.to_vec(), positions).0.remove("SPY").unwrap_or_default()
    }

    /// Shows a symbol as it looks from second to second, and returns the steps.
    fn play(track: &mut Track, looks: &[Holding]) -> Vec<Step> {
        let start = Instant::now();
        let at = |second: usize| start + Duration::from_secs(second as u64);
        looks.iter().enumerate().map(|(second, look)| track.next(look, at(second), LIMITS)).collect()
    }

    fn ids(ids: &[&str]) -> Step {
        Step::Cancel(ids.iter().map(|id| BrokerOrderId::new(id)).collect())
    }

    #[test]
    fn a_position_is_closed_once_its_orders_are_gone_and_believed_flat_when_seen_twice() {
        let held = [position("SPY", 100)];
        let filled = entry(100, Life::Over);
        let looks = [
            holding(&[filled.clone(), stop(Life::Open)], &held),
            holding(&[filled.clone(), stop(Life::PendingCancel)], &held),
            holding(&[filled.clone(), stop(Life::Over)], &held),
            holding(&[filled.clone(), stop(Life::Over), close(40, Life::Open)], &[position("SPY", 60)]),
            holding(&[filled.clone(), stop(Life::Over), close(100, Life::Over)], &[]),
            holding(&[filled, stop(Life::Over), close(100, Life::Over)], &[]),
        ];
        let expected = [ids(&["s"]), Step::Wait, Step::Close(Decimal::from(100)), Step::Wait, Step::Wait, Step::Done];
        assert_eq!(play(&mut Track::new(Goal::Flat), &looks), expected);
    }

    #[test]
    fn a_list_of_positions_that_lags_closes_nothing_twice() {
        let filled = entry(100, Life::Over);
        let stale = holding(&[filled.clone(), close(100, Life::Over)], &[position("SPY", 100)]);
        let fresh = holding(&[filled, close(100, Life::Over)], &[]);
        let looks = [stale.clone(), stale.clone(), stale, fresh.clone(), fresh];
        assert_eq!(
            play(&mut Track::new(Goal::Flat), &looks),
            [Step::Wait, Step::Wait, Step::Wait, Step::Wait, Step::Done]
        );
    }

    #[test]
    fn a_position_that_is_not_in_the_list_yet_is_waited_for() {
        let filled = entry(100, Life::Over);
        let looks = [holding(core::slice::from_ref(&filled), &[]), holding(&[filled], &[position("SPY", 100)])];
        assert_eq!(play(&mut Track::new(Goal::Flat), &looks), [Step::Wait, Step::Close(Decimal::from(100))]);
    }

    #[test]
    fn shares_of_somebody_else_are_left_alone_unless_all_is_meant() {
        let foreign = vec![holding(&[], &[position("SPY", 5)]); 12];
        let steps = play(&mut Track::new(Goal::Flat), &foreign);
        assert!(steps.iter().all(|step| matches!(step, Step::Wait | Step::Done)), "{steps:?}");
        assert_eq!(play(&mut Track::new(Goal::FlatForAll), &foreign)[9], Step::CloseWhole);
        let both = holding(&[entry(10, Life::Over)], &[position("SPY", 15)]);
        assert_eq!(play(&mut Track::new(Goal::Flat), &[both]), [Step::Close(Decimal::from(10))]);
    }

    #[test]
    fn a_close_that_does_not_fill_gives_way_to_the_stop_that_was_there() {
        let held = [position("SPY", 100)];
        let orders = |close_life| [entry(100, Life::Over), stop(Life::Over), close(0, close_life)];
        let (open, over) = (holding(&orders(Life::Open), &held), holding(&orders(Life::Over), &held));
        let mut track = Track::new(Goal::Flat);
        let waiting = play(&mut track, &vec![open.clone(); 21]);
        assert!(waiting.iter().all(|step| *step == Step::Wait), "{waiting:?}");
        let restored = SeenOrder { id: BrokerOrderId::new("s2"), ..stop(Life::Open) };
        let after = [&orders(Life::Over)[..], &[restored]].concat();
        let after = holding(&after, &held);
        let steps = play(&mut track, &[open, over, after.clone(), after]);
        let stop = Step::Protect(Decimal::from(100), "99".parse().expect("a price"));
        assert_eq!(steps, [ids(&["x"]), stop, Step::Wait, Step::Done]);
        assert!(track.notes()[0].contains("halted"), "{:?}", track.notes());
    }

    #[test]
    fn entries_alone_are_cancelled_and_what_they_filled_gets_its_stop() {
        let leg = SeenOrder { parent: Some(BrokerOrderId::new("e")), ..stop(Life::Held) };
        let gone = SeenOrder { life: Life::Over, ..leg.clone() };
        let held = [position("SPY", 40)];
        let looks = [holding(&[entry(40, Life::Open), leg], &held), holding(&[entry(40, Life::Over), gone], &held)];
        let steps = play(&mut Track::new(Goal::NoEntries), &looks);
        assert_eq!(steps, [ids(&["e"]), Step::Protect(Decimal::from(40), "99".parse().expect("a price"))]);
        let protected = vec![holding(&[entry(100, Life::Over), stop(Life::Open)], &[position("SPY", 100)]); 2];
        assert_eq!(
            play(&mut Track::new(Goal::NoEntries), &protected),
            [Step::Wait, Step::Done],
            "a stop is left alone"
        );
    }

    #[test]
    fn a_cancel_is_asked_for_again_when_nothing_comes_of_it() {
        let looks = vec![holding(&[stop(Life::Open)], &[]); 4];
        assert_eq!(play(&mut Track::new(Goal::Flat), &looks), [ids(&["s"]), Step::Wait, Step::Wait, ids(&["s"])]);
    }
}
