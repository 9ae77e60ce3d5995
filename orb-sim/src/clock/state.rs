//! What holds simulated time, and the one place in which it moves.

use std::collections::{BTreeMap, HashMap};
use std::task::Waker;
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use orb_core::Timestamp;

use super::Step;
use super::pace::{BEFORE, Pace};
use crate::speed::Speed;

/// Time on the machine's clock after which something without any sign of life is given up.
pub const QUIET: Duration = Duration::from_millis(200);

/// Names who runs: a task, or a thread outside of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Runner {
    Task(tokio::task::Id),
    Thread(ThreadId),
}

impl Runner {
    pub(super) fn current() -> Self {
        tokio::task::try_id().map_or_else(|| Self::Thread(std::thread::current().id()), Self::Task)
    }
}

/// Where a sleeper is.
#[derive(Debug)]
enum Sleeper {
    Waiting(Waker),
    /// It was woken and has not run since.
    Woken,
}

/// Numbers a sleeper; earlier registered ones are woken first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SleeperId(Timestamp, u64);

/// Counts the frames that went to clients in lock-step.
#[derive(Clone, Copy, Debug, Default)]
struct Frames {
    sent: u64,
    done: u64,
    /// At most so many of those not done were written to connections that ended.
    in_doubt: u64,
    /// So many were given up; a late word about one of them is ignored.
    given_up: u64,
}

#[derive(Debug)]
pub(super) struct State {
    now: Timestamp,
    pace: Pace,
    /// The simulator's next event.
    expected: Timestamp,
    guards: u64,
    lock_steps: u64,
    frames: Frames,
    pushed: u64,
    parked: u64,
    sleepers: BTreeMap<SleeperId, Sleeper>,
    next_sleeper: u64,
    woken: u64,
    /// Who woke and has said nothing to the clock since, and when.
    graces: HashMap<Runner, Instant>,
    /// The last sign of a client in lock-step.
    last_sign: Instant,
    /// After so long without any sign of life something is given up.
    quiet: Duration,
}

impl State {
    pub(super) fn new(start: Timestamp, speed: Speed, wall: Instant) -> Self {
        Self {
            now: start,
            pace: Pace::new(speed, start, wall),
            expected: start,
            guards: 0,
            lock_steps: 0,
            frames: Frames::default(),
            pushed: 0,
            parked: 0,
            sleepers: BTreeMap::new(),
            next_sleeper: 0,
            woken: 0,
            graces: HashMap::new(),
            last_sign: wall,
            quiet: QUIET,
        }
    }

    /// Gives nothing up before so long: a machine that is busy with other things is no sign of death.
    #[cfg(test)]
    pub(super) const fn wait_for(&mut self, quiet: Duration) {
        self.quiet = quiet;
    }

    pub(super) fn now(&mut self, wall: Instant) -> Timestamp {
        if self.follows_pace() && self.pace.is_running() {
            let reached = self.pace.reached(wall).min(self.bound());
            self.now = self.now.max(reached);
        }
        self.now
    }

    /// Tells whether time shows between events.
    const fn follows_pace(&self) -> bool {
        self.lock_steps == 0 && self.pace.is_paced()
    }

    /// Returns the last instant before the next thing to happen.
    fn bound(&self) -> Timestamp {
        let sleeper = self.next_sleeper().map_or(Timestamp::MAX, |id| id.0);
        let next = self.expected.min(sleeper);
        if next == Timestamp::MAX { next } else { next - BEFORE }
    }

    /// Catches up with the pace, so that what now begins has its time.
    pub(super) fn before_change(&mut self, wall: Instant) {
        let _ = self.now(wall);
    }

    /// Lets time stand or pass, as what holds it has changed.
    pub(super) fn after_change(&mut self, wall: Instant) {
        self.last_sign = wall;
        self.settle(wall);
    }

    fn settle(&mut self, wall: Instant) {
        if self.is_held() {
            let bound = self.bound();
            self.pace.stop(bound, wall);
            if self.follows_pace() {
                self.now = self.now.max(self.pace.base());
            }
        } else {
            self.pace.start(wall);
        }
    }

    fn is_held(&self) -> bool {
        self.guards > 0 || self.woken > 0 || !self.graces.is_empty() || self.waits_for_client()
    }

    const fn waits_for_client(&self) -> bool {
        self.lock_steps > 0 && (self.frames.sent > self.frames.done || self.parked != self.pushed)
    }

    pub(super) const fn hold(&mut self) {
        self.guards += 1;
    }

    pub(super) fn release(&mut self) {
        self.guards = self.guards.checked_sub(1).expect("a guard is released once");
    }

    pub(super) const fn is_lock_step(&self) -> bool {
        self.lock_steps > 0
    }

    pub(super) const fn register(&mut self) {
        self.lock_steps += 1;
    }

    pub(super) fn unregister(&mut self) {
        self.lock_steps = self.lock_steps.checked_sub(1).expect("a client is registered once");
        if self.lock_steps == 0 {
            self.frames = Frames::default();
            self.parked = self.pushed;
            self.graces.clear();
        }
    }

    pub(super) const fn frame_sent(&mut self) {
        if self.lock_steps > 0 {
            self.frames.sent += 1;
        }
    }

    pub(super) const fn frame_done(&mut self) {
        let frames = &mut self.frames;
        if frames.done < frames.sent {
            frames.done += 1;
        } else if frames.given_up > 0 {
            frames.given_up -= 1;
        }
    }

    pub(super) fn connection_ended(&mut self, unwritten: u64, written: u64) {
        let open = self.frames.sent - self.frames.done;
        self.frames.done += unwritten.min(open);
        self.frames.in_doubt += written;
    }

    pub(super) const fn pushed(&mut self) {
        self.pushed += 1;
    }

    pub(super) const fn sequence(&self) -> u64 {
        self.pushed
    }

    pub(super) const fn parked(&mut self, seen: u64) {
        // Of two runtimes that tell out of order the later sight counts.
        if seen > self.parked {
            self.parked = seen;
        }
    }

    pub(super) fn end_grace(&mut self, runner: Runner) {
        self.graces.remove(&runner);
    }

    pub(super) fn skip_to(&mut self, at: Timestamp, wall: Instant) {
        self.pace.skip_to(at, wall);
    }

    pub(super) fn expect(&mut self, next: Option<Timestamp>) {
        self.expected = next.unwrap_or(Timestamp::MAX);
    }

    /// Registers a sleeper; `None` when its time has come already.
    pub(super) fn sleep(&mut self, at: Timestamp, waker: &Waker) -> Option<SleeperId> {
        if at <= self.now {
            return None;
        }
        let id = SleeperId(at, self.next_sleeper);
        self.next_sleeper += 1;
        self.sleepers.insert(id, Sleeper::Waiting(waker.clone()));
        Some(id)
    }

    /// Tells a sleeper whether it was woken, and otherwise remembers whom to wake.
    pub(super) fn poll_sleeper(&mut self, id: SleeperId, waker: &Waker, wall: Instant) -> bool {
        match self.sleepers.get_mut(&id) {
            Some(Sleeper::Waiting(known)) => {
                known.clone_from(waker);
                false
            }
            Some(Sleeper::Woken) => {
                self.forget_sleeper(id);
                if self.lock_steps > 0 {
                    self.graces.insert(Runner::current(), wall);
                }
                true
            }
            None => true,
        }
    }

    pub(super) fn forget_sleeper(&mut self, id: SleeperId) {
        if let Some(Sleeper::Woken) = self.sleepers.remove(&id) {
            self.woken -= 1;
        }
    }

    fn next_sleeper(&self) -> Option<SleeperId> {
        let waiting = self.sleepers.iter().find(|(_, sleeper)| matches!(sleeper, Sleeper::Waiting(_)));
        waiting.map(|(id, _)| *id)
    }

    /// Moves time, if nothing holds it and the pace allows it.
    pub(super) fn step(&mut self, next: Option<Timestamp>, wall: Instant) -> (Step, Option<Waker>) {
        self.expect(next);
        self.give_up(wall);
        self.settle(wall);
        if self.is_held() {
            return (Step::Held(self.recheck(wall)), None);
        }
        let sleeper = self.next_sleeper();
        let at = sleeper.map_or(self.expected, |id| self.expected.min(id.0));
        if at == Timestamp::MAX {
            return (Step::Idle, None);
        }
        if at > self.now
            && let Some(wait) = self.pace.wait(at, wall)
        {
            return (Step::Early(wait), None);
        }
        self.now = self.now.max(at);
        match sleeper {
            Some(id) if id.0 < self.expected => (Step::Woken, self.wake(id, wall)),
            Some(_) | None => (Step::Event(self.now), None),
        }
    }

    fn wake(&mut self, id: SleeperId, wall: Instant) -> Option<Waker> {
        let sleeper = self.sleepers.insert(id, Sleeper::Woken);
        self.woken += 1;
        self.settle(wall);
        match sleeper {
            Some(Sleeper::Waiting(waker)) => Some(waker),
            Some(Sleeper::Woken) | None => None,
        }
    }

    /// Gives up what has shown no sign of life for too long.
    fn give_up(&mut self, wall: Instant) {
        self.graces.retain(|_, since| wall.saturating_duration_since(*since) < self.quiet);
        let open = self.frames.sent - self.frames.done;
        if open == 0 {
            self.frames.in_doubt = 0;
        } else if self.frames.in_doubt > 0 && wall.saturating_duration_since(self.last_sign) >= self.quiet {
            let lost = open.min(self.frames.in_doubt);
            self.frames.done += lost;
            self.frames.given_up += lost;
            self.frames.in_doubt = 0;
        }
    }

    /// Returns when to look again although nothing may have changed.
    fn recheck(&self, wall: Instant) -> Option<Duration> {
        let in_doubt = (self.frames.in_doubt > 0).then_some(self.last_sign);
        let oldest = self.graces.values().min().copied();
        let since = [in_doubt, oldest].into_iter().flatten().min()?;
        Some((since + self.quiet).saturating_duration_since(wall) + Duration::from_millis(1))
    }
}
