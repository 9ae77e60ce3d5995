//! The order of what is done: effects of one symbol one after the other, symbols beside each other.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use orb_core::SymbolId;
use orb_core::effect::EffectClass;

use super::super::rate::Urgency;

/// What is under way and waits for one symbol.
#[derive(Debug)]
struct Queue<J> {
    running: Urgency,
    waiting: VecDeque<(J, Urgency)>,
}

/// Keeps the effects of each symbol in their order.
///
/// What waits behind something less urgent lends it its urgency: an exit must not wait because the entry before it
/// waits for its turn.
#[derive(Debug)]
pub(super) struct Lanes<J> {
    queues: Mutex<HashMap<SymbolId, Queue<J>>>,
}

/// Tells what becomes of an effect.
#[derive(Debug)]
pub(super) enum Placed<J> {
    /// Nothing is under way for its symbol: it is to be done now.
    Now(J, Urgency),
    /// It waits; true when something before it became more urgent.
    Behind(bool),
}

impl<J> Default for Lanes<J> {
    fn default() -> Self {
        Self { queues: Mutex::default() }
    }
}

impl<J> Lanes<J> {
    /// Places an effect; one that is about no symbol waits for nothing.
    pub(super) fn place(&self, symbol: Option<SymbolId>, class: EffectClass, job: J) -> Placed<J> {
        let urgency = Urgency::of(class);
        let Some(symbol) = symbol else { return Placed::Now(job, urgency) };
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queues.get_mut(&symbol) else {
            queues.insert(symbol, Queue { running: urgency.clone(), waiting: VecDeque::new() });
            return Placed::Now(job, urgency);
        };
        let mut raised = queue.running.raise(class);
        for (_, before) in &queue.waiting {
            raised |= before.raise(class);
        }
        queue.waiting.push_back((job, urgency));
        Placed::Behind(raised)
    }

    /// Returns what is next for a symbol now that something of it is done.
    pub(super) fn next(&self, symbol: SymbolId) -> Option<(J, Urgency)> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.get_mut(&symbol)?;
        let Some((job, urgency)) = queue.waiting.pop_front() else {
            queues.remove(&symbol);
            return None;
        };
        queue.running = urgency.clone();
        Some((job, urgency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_of_a_symbol_keep_their_order_and_symbols_do_not_wait() {
        let (lanes, a, b) = (Lanes::default(), Some(SymbolId(0)), Some(SymbolId(1)));
        assert!(matches!(lanes.place(a, EffectClass::Entry, 1), Placed::Now(1, _)));
        assert!(matches!(lanes.place(a, EffectClass::Query, 2), Placed::Behind(true)));
        assert!(matches!(lanes.place(b, EffectClass::Exit, 3), Placed::Now(3, _)));
        assert!(matches!(lanes.place(None, EffectClass::Query, 4), Placed::Now(4, _)));
        assert!(matches!(lanes.place(None, EffectClass::Query, 5), Placed::Now(5, _)));
        assert!(matches!(lanes.place(a, EffectClass::Exit, 6), Placed::Behind(true)));
        assert!(matches!(lanes.place(a, EffectClass::Entry, 7), Placed::Behind(false)));
        let order: Vec<i32> = core::iter::from_fn(|| lanes.next(SymbolId(0)).map(|(job, _)| job)).collect();
        assert_eq!(order, [2, 6, 7]);
        assert!(matches!(lanes.place(a, EffectClass::Entry, 8), Placed::Now(8, _)), "the lane is free again");
    }

    #[test]
    fn urgency_is_lent_to_everything_before() {
        let (lanes, symbol) = (Lanes::default(), Some(SymbolId(0)));
        let Placed::Now(_, running) = lanes.place(symbol, EffectClass::Entry, 1) else { panic!("the lane is free") };
        lanes.place(symbol, EffectClass::Entry, 2);
        lanes.place(symbol, EffectClass::Exit, 3);
        assert!(!running.raise(EffectClass::Exit), "it has the urgency of the exit already");
        let (_, second) = lanes.next(SymbolId(0)).expect("the second");
        assert!(!second.raise(EffectClass::Exit));
    }
}
