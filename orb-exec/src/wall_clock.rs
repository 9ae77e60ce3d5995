//! The machine's time, made fit to trade by: it never goes back and never stands still.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use orb_core::{Span, Timestamp};
use rustix::time::{ClockId, clock_gettime};

use crate::clock::Clock;

/// Differences up to this are the machine's own small corrections, which are followed; what is larger is a step.
const CORRECTION_MAX_NANOS: i64 = 500_000_000;
/// The clock that nobody can set; where there is one it also counts the time in which the machine sleeps.
#[cfg(target_os = "linux")]
const STEADY: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const STEADY: ClockId = ClockId::Monotonic;
/// How often one looks whether the machine's clock was set.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long one sleeps without a look at the time.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// Tells the machine's time.
///
/// Somebody may set the machine's clock, by an hour or by a day. A clock that then stood still would keep stops from
/// being mended and positions from being closed, and one that jumped would miss what lay between. So it goes by what
/// passes since the machine was started, sleep included, and follows the machine's clock only in small corrections:
/// forward at once, backward by going at half the speed. A larger step is told by [`Clock::was_set`], and followed
/// only after [`Clock::follow`].
#[derive(Clone, Debug, Default)]
pub struct WallClock {
    course: Arc<Mutex<Course>>,
}

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let nanos = self.with_course(|course| course.advance(since_start(), machine_time()));
        Timestamp::from_micros(nanos / 1_000)
    }

    async fn sleep_until(&self, at: Timestamp) {
        // In steps, because this clock may go slower, and the machine may be put to sleep.
        loop {
            let left = (at - self.now()).micros();
            let Ok(left @ 1..) = u64::try_from(left) else { return };
            tokio::time::sleep(Duration::from_micros(left).min(SLEEP_MAX)).await;
        }
    }

    async fn was_set(&self) -> Span {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.now();
            if let Some(nanos) = self.with_course(Course::new_step) {
                return Span::from_micros(nanos / 1_000);
            }
        }
    }

    fn follow(&self) {
        self.with_course(|course| course.following = true);
    }
}

impl WallClock {
    fn with_course<T>(&self, act: impl FnOnce(&mut Course) -> T) -> T {
        act(&mut self.course.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Returns the time since the machine was started, in nanoseconds; nobody can set it.
fn since_start() -> i64 {
    let time = clock_gettime(STEADY);
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

/// Returns what the machine's clock shows, in nanoseconds since 1970.
fn machine_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// The time that was told last, and how it goes on. All in nanoseconds.
#[derive(Debug, Default)]
struct Course {
    /// What was told; `None` before the first time.
    told: Option<i64>,
    /// Time since the start of the machine when it was told.
    at: i64,
    /// How far the machine's clock was ahead then; negative when it was behind.
    ahead: i64,
    /// As far ahead or behind was it when that was told as a step.
    noticed: i64,
    /// Goes over to the machine's clock, however far that is.
    following: bool,
}

impl Course {
    /// Tells the time when so much has passed since the machine's start, and its clock shows so much.
    fn advance(&mut self, since_start: i64, machine: i64) -> i64 {
        let Some(told) = self.told else {
            (self.told, self.at) = (Some(machine), since_start);
            return machine;
        };
        let passed = (since_start - self.at).max(0);
        let by_itself = told + passed;
        let ahead = machine.saturating_sub(by_itself);
        let is_correction = ahead.abs() <= CORRECTION_MAX_NANOS;
        let now = if !is_correction && !self.following {
            by_itself
        } else if ahead >= 0 {
            machine
        } else {
            machine.max(told + passed / 2)
        };
        if is_correction {
            (self.following, self.noticed) = (false, 0);
        }
        (self.told, self.at, self.ahead) = (Some(now), since_start, machine.saturating_sub(now));
        now
    }

    /// Returns by how much the machine's clock was set, once for each time.
    fn new_step(&mut self) -> Option<i64> {
        let is_new = !self.following && (self.ahead - self.noticed).abs() > CORRECTION_MAX_NANOS;
        is_new.then(|| {
            self.noticed = self.ahead;
            self.ahead
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const HOUR: i64 = 3_600 * SECOND;

    /// A course at 1000 hours of a machine that was started an hour ago.
    fn course() -> Course {
        let mut course = Course::default();
        assert_eq!(course.advance(HOUR, 1_000 * HOUR), 1_000 * HOUR);
        course
    }

    #[test]
    fn small_corrections_are_followed_and_time_goes_on() {
        let mut course = course();
        assert_eq!(course.advance(HOUR + SECOND, 1_000 * HOUR + SECOND + 300_000_000), 1_000 * HOUR + 1_300_000_000);
        // Now it is 400 ms behind: half the speed until it is there.
        let before = course.advance(HOUR + SECOND, 1_000 * HOUR + 900_000_000);
        assert_eq!(before, 1_000 * HOUR + 1_300_000_000);
        assert_eq!(course.advance(HOUR + SECOND + 400_000_000, before), before + 200_000_000);
        assert_eq!(course.advance(HOUR + 3 * SECOND, 1_000 * HOUR + 3 * SECOND), 1_000 * HOUR + 3 * SECOND);
        assert_eq!(course.new_step(), None);
    }

    #[test]
    fn a_clock_that_is_set_back_or_ahead_neither_stops_time_nor_moves_it() {
        for by in [-HOUR, HOUR, -2 * SECOND, 2 * SECOND] {
            let mut course = course();
            for seconds in 1..100 {
                let passed = seconds * SECOND;
                assert_eq!(course.advance(HOUR + passed, 1_000 * HOUR + passed + by), 1_000 * HOUR + passed);
            }
            assert_eq!(course.new_step(), Some(by));
            assert_eq!(course.new_step(), None, "it is told once");
            assert_eq!(course.advance(HOUR + 100 * SECOND, 1_000 * HOUR + 100 * SECOND), 1_000 * HOUR + 100 * SECOND);
            assert_eq!(course.new_step(), None, "it was set right again");
        }
    }

    #[test]
    fn a_step_that_is_right_is_followed_ahead_at_once_and_back_by_going_slower() {
        let mut ahead = course();
        ahead.following = true;
        assert_eq!(ahead.advance(HOUR + SECOND, 1_001 * HOUR), 1_001 * HOUR);
        assert_eq!(ahead.advance(HOUR + 2 * SECOND, 1_001 * HOUR + SECOND), 1_001 * HOUR + SECOND);

        let mut back = course();
        back.following = true;
        let mut told = 1_000 * HOUR;
        for seconds in 1..=30 {
            let machine = 1_000 * HOUR - 10 * SECOND + seconds * SECOND;
            let now = back.advance(HOUR + seconds * SECOND, machine);
            assert!(now > told && now >= machine, "{seconds}");
            told = now;
        }
        assert_eq!(told, 1_000 * HOUR + 20 * SECOND, "after twice the step it is there");
        assert!(!back.following);
    }

    #[tokio::test]
    async fn the_machine_s_time_sleeps_until_an_instant_and_never_goes_back() {
        let clock = WallClock::default();
        let before = clock.now();
        let at = before + Span::from_micros(20_000);
        clock.sleep_until(at).await;
        assert!(clock.now() >= at);
        clock.sleep_until(before).await;
        assert!(clock.now() >= at);
    }
}
