//! How often one may ask: a turnstile that lets requests through by urgency, below the broker's limit.
//!
//! Requests of the last minute are remembered, so that no minute ever sees more than the limit. The last of them are
//! kept for exits, stops and cancels. Alpaca's limit is announced in headers which the client library does not hand
//! on, so a refusal for asking too often is answered by a pause that doubles while the refusals go on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orb_core::effect::EffectClass;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::config::RequestLimits;

/// The stretch of time that the broker counts requests in.
const WINDOW: Duration = Duration::from_secs(60);
/// Requests at one time.
const IN_FLIGHT_MAX: usize = 12;
/// Of these, how many may be questions and entries.
const IN_FLIGHT_ORDINARY_MAX: usize = 8;
/// The pause after the first refusal for asking too often.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_secs(16);

/// Tells how urgent a request is; it may become more urgent while it waits, because of what waits behind it.
#[derive(Clone, Debug)]
pub(crate) struct Urgency {
    rank: Arc<AtomicU8>,
    /// Its turn, where it was lined up before it was ready to be sent.
    turn: Arc<Mutex<Option<oneshot::Receiver<Permit>>>>,
}

impl Urgency {
    /// Makes the urgency of a class of effects.
    pub(crate) fn of(class: EffectClass) -> Self {
        Self { rank: Arc::new(AtomicU8::new(rank(class))), turn: Arc::default() }
    }

    /// Makes it at least as urgent as a class; tells whether it was less urgent before.
    pub(crate) fn raise(&self, class: EffectClass) -> bool {
        self.rank.fetch_min(rank(class), Ordering::SeqCst) > rank(class)
    }

    fn rank(&self) -> u8 {
        self.rank.load(Ordering::SeqCst)
    }
}

/// Returns a class' place in the order of urgency, 0 the most urgent.
const fn rank(class: EffectClass) -> u8 {
    match class {
        EffectClass::Exit => 0,
        EffectClass::Protect => 1,
        EffectClass::Cancel => 2,
        EffectClass::Query => 3,
        EffectClass::Entry => 4,
    }
}

/// Tells whether a place in the order of urgency must leave the reserve alone.
const fn is_ordinary(rank: u8) -> bool {
    rank >= rank_of_query()
}

const fn rank_of_query() -> u8 {
    rank(EffectClass::Query)
}

/// Counts the requests of the last minute and those under way; knows no clock.
#[derive(Debug)]
struct Budget {
    limit: usize,
    ordinary_limit: usize,
    sent: VecDeque<Instant>,
    in_flight: usize,
    paused_until: Option<Instant>,
    next_pause: Duration,
}

impl Budget {
    fn new(limits: RequestLimits) -> Self {
        // A twentieth below the limit, because the broker's minute is not measured where ours is.
        let limit = (limits.per_minute - limits.per_minute / 20).max(1) as usize;
        let ordinary_limit = limit.saturating_sub(limits.reserve as usize).max(1);
        let next_pause = PAUSE_MIN;
        Self { limit, ordinary_limit, sent: VecDeque::new(), in_flight: 0, paused_until: None, next_pause }
    }

    /// Takes one request out of the budget; false when there is none for this urgency now.
    fn take(&mut self, now: Instant, rank: u8) -> bool {
        while self.sent.front().is_some_and(|&at| at + WINDOW <= now) {
            self.sent.pop_front();
        }
        let (limit, in_flight_max) = self.limits(rank);
        let paused = self.paused_until.is_some_and(|until| until > now);
        if paused || self.in_flight >= in_flight_max || self.sent.len() >= limit {
            return false;
        }
        self.sent.push_back(now);
        self.in_flight += 1;
        true
    }

    const fn limits(&self, rank: u8) -> (usize, usize) {
        match is_ordinary(rank) {
            true => (self.ordinary_limit, IN_FLIGHT_ORDINARY_MAX),
            false => (self.limit, IN_FLIGHT_MAX),
        }
    }

    /// Returns when time alone lets a request of this urgency through; `None` when it waits for an answer.
    fn next_chance(&self, rank: u8) -> Option<Instant> {
        let (limit, in_flight_max) = self.limits(rank);
        if self.in_flight >= in_flight_max {
            return None;
        }
        let excess = (self.sent.len() + 1).saturating_sub(limit);
        let freed = excess.checked_sub(1).and_then(|index| self.sent.get(index)).map(|&at| at + WINDOW);
        freed.max(self.paused_until)
    }

    fn throttled(&mut self, now: Instant) {
        // Several requests under way are refused together: they count once.
        if self.paused_until.is_some_and(|until| until > now) {
            return;
        }
        self.paused_until = Some(now + self.next_pause);
        self.next_pause = (self.next_pause * 2).min(PAUSE_MAX);
    }

    const fn answered(&mut self) {
        self.next_pause = PAUSE_MIN;
    }
}

#[derive(Debug)]
struct Waiter {
    urgency: Urgency,
    sender: oneshot::Sender<Permit>,
}

#[derive(Debug)]
struct State {
    budget: Budget,
    waiters: VecDeque<Waiter>,
    /// When the waiters are looked at next, though nothing else happens.
    next_look: Option<Instant>,
}

/// Lets requests to one host through.
#[derive(Clone, Debug)]
pub(crate) struct Turnstile(Arc<Mutex<State>>);

/// Allows one request; its end makes room for another.
#[derive(Debug)]
pub(crate) struct Permit(Turnstile);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.lock().budget.in_flight -= 1;
        self.0.pump();
    }
}

impl Turnstile {
    pub(crate) fn new(limits: RequestLimits) -> Self {
        let state = State { budget: Budget::new(limits), waiters: VecDeque::new(), next_look: None };
        Self(Arc::new(Mutex::new(state)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may be sent, the most urgent first; `None` when patience ends before.
    pub(crate) async fn pass(&self, urgency: &Urgency, patience: Instant) -> Option<Permit> {
        let lined_up = urgency.turn.lock().unwrap_or_else(PoisonError::into_inner).take();
        let turn = lined_up.unwrap_or_else(|| self.wait(urgency));
        tokio::time::timeout_at(patience, turn).await.ok()?.ok()
    }

    /// Lines a request up before it is ready to be sent: those that are decided at one moment go out in the order of their
    /// decision, whichever task comes to run first.
    pub(crate) fn line_up(&self, urgency: &Urgency) {
        let turn = self.wait(urgency);
        *urgency.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
    }

    fn wait(&self, urgency: &Urgency) -> oneshot::Receiver<Permit> {
        let (sender, receiver) = oneshot::channel();
        // The waiter has the rank alone: it must not keep its own turn alive.
        let waiting = Urgency { rank: Arc::clone(&urgency.rank), turn: Arc::default() };
        self.lock().waiters.push_back(Waiter { urgency: waiting, sender });
        self.pump();
        receiver
    }

    /// Notes that the broker refused because of too many requests: nothing is sent for a while.
    pub(crate) fn throttled(&self) {
        self.lock().budget.throttled(Instant::now());
    }

    /// Notes that the broker answered.
    pub(crate) fn answered(&self) {
        self.lock().budget.answered();
    }

    /// Lets through whoever may go now, because something has changed.
    pub(crate) fn pump(&self) {
        // A permit whose receiver is gone comes back and frees its place outside of the lock.
        while let Some((sender, permit)) = self.grant() {
            drop(sender.send(permit));
        }
        self.set_timer();
    }

    fn grant(&self) -> Option<(oneshot::Sender<Permit>, Permit)> {
        let mut state = self.lock();
        state.waiters.retain(|waiter| !waiter.sender.is_closed());
        let best = state.waiters.iter().enumerate().min_by_key(|(index, waiter)| (waiter.urgency.rank(), *index));
        let (index, rank) = best.map(|(index, waiter)| (index, waiter.urgency.rank()))?;
        if !state.budget.take(Instant::now(), rank) {
            return None;
        }
        let waiter = state.waiters.remove(index)?;
        drop(state);
        Some((waiter.sender, Permit(self.clone())))
    }

    /// Comes back when time alone makes room, where one waits for that.
    fn set_timer(&self) {
        let mut state = self.lock();
        let Some(rank) = state.waiters.iter().map(|waiter| waiter.urgency.rank()).min() else { return };
        let Some(at) = state.budget.next_chance(rank) else { return };
        // Somebody more urgent may have come, for whom there is room earlier.
        if state.next_look.is_some_and(|look| look <= at) {
            return;
        }
        state.next_look = Some(at);
        drop(state);
        let turnstile = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            let mut state = turnstile.lock();
            state.next_look = state.next_look.filter(|look| *look != at);
            drop(state);
            turnstile.pump();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_minute: u32, reserve: u32) -> RequestLimits {
        RequestLimits { per_minute, reserve, ..RequestLimits::default() }
    }

    /// Sends as many requests of a class as the budget has, each answered at once.
    fn drain(budget: &mut Budget, now: Instant, class: EffectClass) -> usize {
        let mut count = 0;
        while budget.take(now, rank(class)) {
            budget.in_flight -= 1;
            count += 1;
        }
        count
    }

    #[test]
    fn no_minute_sees_more_than_the_limit_and_the_reserve_is_for_exits() {
        let (mut budget, start) = (Budget::new(limits(200, 100)), Instant::now());
        assert_eq!(drain(&mut budget, start, EffectClass::Entry), 90);
        assert_eq!(drain(&mut budget, start, EffectClass::Query), 0);
        assert_eq!(drain(&mut budget, start + Duration::from_secs(30), EffectClass::Cancel), 100);
        assert_eq!(drain(&mut budget, start + Duration::from_secs(59), EffectClass::Exit), 0);
        assert_eq!(budget.next_chance(rank(EffectClass::Exit)), Some(start + WINDOW));
        assert_eq!(drain(&mut budget, start + WINDOW, EffectClass::Exit), 90);
        assert_eq!(drain(&mut budget, start + Duration::from_secs(90), EffectClass::Query), 0);
        assert_eq!(drain(&mut budget, start + 2 * WINDOW, EffectClass::Query), 90);
    }

    #[test]
    fn places_under_way_are_kept_for_exits_too() {
        let (mut budget, now) = (Budget::new(limits(10_000, 100)), Instant::now());
        let taken = |budget: &mut Budget, class| (0..50).filter(|_| budget.take(now, rank(class))).count();
        assert_eq!(taken(&mut budget, EffectClass::Entry), IN_FLIGHT_ORDINARY_MAX);
        assert_eq!(budget.next_chance(rank(EffectClass::Entry)), None, "an answer makes room, not time");
        assert_eq!(taken(&mut budget, EffectClass::Exit), IN_FLIGHT_MAX - IN_FLIGHT_ORDINARY_MAX);
    }

    #[test]
    fn refusals_pause_everything_and_ever_longer() {
        let (mut budget, now) = (Budget::new(limits(200, 100)), Instant::now());
        budget.throttled(now);
        budget.throttled(now);
        assert!(!budget.take(now, rank(EffectClass::Exit)));
        assert_eq!(budget.next_chance(rank(EffectClass::Exit)), Some(now + PAUSE_MIN));
        let later = now + PAUSE_MIN;
        assert!(budget.take(later, rank(EffectClass::Exit)));
        budget.throttled(later);
        assert_eq!(budget.paused_until, Some(later + 2 * PAUSE_MIN));
        budget.answered();
        budget.throttled(later + 2 * PAUSE_MIN);
        assert_eq!(budget.paused_until, Some(later + 3 * PAUSE_MIN), "an answer ends the doubling");
    }

    #[tokio::test]
    async fn the_most_urgent_goes_first_and_urgency_is_inherited() {
        let turnstile = Turnstile::new(limits(10_000, 1));
        let patience = Instant::now() + Duration::from_secs(60);
        let mut held = Vec::new();
        for _ in 0..IN_FLIGHT_MAX {
            held.push(turnstile.pass(&Urgency::of(EffectClass::Exit), patience).await.expect("room"));
        }
        let (order, mut went) = tokio::sync::mpsc::unbounded_channel();
        let entry = Urgency::of(EffectClass::Entry);
        let waiting = [
            ("late entry", entry.clone()),
            ("query", Urgency::of(EffectClass::Query)),
            ("cancel", Urgency::of(EffectClass::Cancel)),
            ("exit", Urgency::of(EffectClass::Exit)),
        ];
        for (index, (name, urgency)) in waiting.into_iter().enumerate() {
            let (gate, order) = (turnstile.clone(), order.clone());
            tokio::spawn(async move {
                let permit = gate.pass(&urgency, patience).await;
                order.send((name, permit)).expect("the test listens");
            });
            while turnstile.lock().waiters.len() <= index {
                tokio::task::yield_now().await;
            }
        }
        assert!(entry.raise(EffectClass::Protect) && !entry.raise(EffectClass::Entry));
        let mut names = Vec::new();
        held.truncate(1);
        while names.len() < 4 {
            held.clear();
            let (name, permit) = went.recv().await.expect("one more goes");
            names.push(name);
            held.extend(permit);
        }
        names[..2].sort_unstable();
        assert_eq!(names, ["exit", "late entry", "cancel", "query"]);
    }

    #[tokio::test]
    async fn room_for_an_exit_is_seen_though_an_entry_waits_for_longer() {
        let turnstile = Turnstile::new(limits(4, 3));
        let (now, hour) = (Instant::now(), Duration::from_secs(3_600));
        // One of four requests will be a minute old at once, the others much later.
        turnstile.lock().budget.sent =
            [now + Duration::from_millis(20) - WINDOW, now + hour, now + hour, now + hour].into();
        let patience = now + hour;
        let (gate, entry) = (turnstile.clone(), Urgency::of(EffectClass::Entry));
        let waiting = tokio::spawn(async move { gate.pass(&entry, patience).await });
        while turnstile.lock().next_look.is_none() {
            tokio::task::yield_now().await;
        }
        let exit = turnstile.pass(&Urgency::of(EffectClass::Exit), now + Duration::from_secs(60)).await;
        assert!(exit.is_some() && !waiting.is_finished());
        waiting.abort();
    }

    #[tokio::test]
    async fn requests_that_are_lined_up_go_in_that_order_whichever_is_ready_first() {
        let turnstile = Turnstile::new(limits(200, 0));
        let patience = Instant::now() + Duration::from_secs(60);
        let busy = Urgency::of(EffectClass::Entry);
        let mut held = Vec::new();
        for _ in 0..IN_FLIGHT_ORDINARY_MAX {
            held.push(turnstile.pass(&busy, patience).await.expect("room"));
        }
        let entries: Vec<Urgency> = (0..4).map(|_| Urgency::of(EffectClass::Entry)).collect();
        entries.iter().for_each(|entry| turnstile.line_up(entry));
        let (sender, mut went) = tokio::sync::mpsc::unbounded_channel();
        // The last comes to run first.
        for (number, entry) in entries.into_iter().enumerate().rev() {
            let (gate, sender) = (turnstile.clone(), sender.clone());
            tokio::spawn(async move { sender.send((number, gate.pass(&entry, patience).await)) });
            tokio::task::yield_now().await;
        }
        let mut order = Vec::new();
        for _ in 0..4 {
            held.pop();
            let (number, permit) = went.recv().await.expect("one goes");
            order.push(number);
            held.extend(permit);
        }
        assert_eq!(order, [0, 1, 2, 3]);
    }

    #[tokio::test]
    async fn patience_ends_and_leaves_no_place_behind() {
        let turnstile = Turnstile::new(limits(1, 0));
        let exit = Urgency::of(EffectClass::Exit);
        let permit = turnstile.pass(&exit, Instant::now() + Duration::from_secs(60)).await;
        assert!(permit.is_some());
        assert!(turnstile.pass(&exit, Instant::now() + Duration::from_millis(1)).await.is_none());
        drop(permit);
        let state = turnstile.lock();
        assert_eq!((state.waiters.len(), state.budget.in_flight), (0, 0));
    }
}
