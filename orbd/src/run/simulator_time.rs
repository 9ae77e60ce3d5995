//! The time of a simulator in another process, followed from its clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use orb_core::{Span, Timestamp};
use orb_exec::Clock;
use orb_exec::alpaca::{CallError, Rest};
use tokio_util::sync::CancellationToken;

/// How often the simulator's clock is read again.
const READ_EVERY: Duration = Duration::from_millis(500);
/// The longest sleep before the time is looked at again: the pace may change.
const STEP: Duration = Duration::from_millis(100);
/// The shortest sleep; a simulator at its highest speed is not asked more often.
const STEP_MIN: Duration = Duration::from_millis(1);

/// Tells about what time it is at a simulator, whatever its pace.
///
/// Between two readings of its clock the pace of the two before counts, so at a high speed the time is known only
/// roughly. It is never ahead of the simulator's, as far as that keeps its pace: by a time that is ahead, what the
/// simulator has yet to send would be missed. A simulator in this process tells its time exactly.
#[derive(Clone, Debug)]
pub(crate) struct SimulatorTime {
    shared: Arc<Mutex<Followed>>,
}

#[derive(Debug)]
struct Followed {
    /// What the simulator's clock showed, and the reading.
    read: (Timestamp, Reading),
    /// Simulated microseconds in a microsecond.
    pace: f64,
    /// The latest time that was told.
    told: Timestamp,
}

/// When the clock was asked for and when the answer came; it was read somewhere between.
#[derive(Clone, Copy, Debug)]
struct Reading {
    asked: Instant,
    answered: Instant,
}

impl Followed {
    fn at(&self, instant: Instant) -> Timestamp {
        let passed = instant.saturating_duration_since(self.read.1.answered).as_secs_f64() * 1e6 * self.pace;
        // A reading that fails must not let time run away from the simulator's.
        let at_most = READ_EVERY.as_secs_f64() * 4e6 * self.pace;
        self.read.0 + Span::from_micros(passed.min(at_most) as i64)
    }

    fn tell(&mut self, instant: Instant) -> Timestamp {
        self.told = self.told.max(self.at(instant));
        self.told
    }

    fn note(&mut self, shown: Timestamp, reading: Reading) {
        // The longest that can have passed between the two: an answer that was held up must not make time run faster.
        let passed = reading.answered.saturating_duration_since(self.read.1.asked).as_secs_f64() * 1e6;
        if passed > 0.0 {
            self.pace = ((shown - self.read.0).micros() as f64 / passed).max(0.0);
        }
        self.read = (shown, reading);
    }
}

impl SimulatorTime {
    /// Begins to follow a simulator's clock, until it is stopped.
    ///
    /// # Errors
    /// When the clock cannot be read.
    pub(crate) async fn follow(rest: Rest, stop: CancellationToken) -> Result<Self, CallError> {
        let (first, reading) = read(&rest).await?;
        let followed = Followed { read: (first, reading), pace: 0.0, told: first };
        let time = Self { shared: Arc::new(Mutex::new(followed)) };
        tokio::time::sleep(READ_EVERY).await;
        let (second, reading) = read(&rest).await?;
        time.lock().note(second, reading);
        let following = time.clone();
        tokio::spawn(async move {
            while tokio::time::timeout(READ_EVERY, stop.cancelled()).await.is_err() {
                // A simulator that is away is the adapter's to report.
                if let Ok((shown, reading)) = read(&rest).await {
                    following.lock().note(shown, reading);
                }
            }
        });
        Ok(time)
    }

    fn lock(&self) -> MutexGuard<'_, Followed> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(rest: &Rest) -> Result<(Timestamp, Reading), CallError> {
    let asked = Instant::now();
    let shown = rest.time().await?;
    Ok((shown, Reading { asked, answered: Instant::now() }))
}

impl Clock for SimulatorTime {
    fn now(&self) -> Timestamp {
        self.lock().tell(Instant::now())
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            let (left, pace) = {
                let mut followed = self.lock();
                ((at - followed.tell(Instant::now())).micros(), followed.pace)
            };
            if left <= 0 {
                return;
            }
            let wall = if pace > 0.0 { Duration::from_secs_f64(left as f64 / 1e6 / pace) } else { STEP };
            tokio::time::sleep(wall.clamp(STEP_MIN, STEP)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// What a simulator's clock shows after so many milliseconds at 40 simulated seconds a second.
    fn simulated(millis: u64) -> Timestamp {
        Timestamp::from_micros(i64::try_from(millis).expect("a few") * 40_000)
    }

    /// A clock that showed nothing but the beginning, and instants so many milliseconds after it.
    fn begun() -> (Followed, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        let reading = Reading { asked: start, answered: start };
        let followed = Followed { read: (at(0), reading), pace: 0.0, told: at(0) };
        (followed, move |millis| start + Duration::from_millis(millis))
    }

    #[test]
    fn between_two_readings_time_passes_at_the_pace_of_the_last_two_and_never_goes_back() {
        let (mut followed, after) = begun();
        let once = |millis| Reading { asked: after(millis), answered: after(millis) };
        assert_eq!(followed.tell(after(300)), at(0), "the pace is not known yet");
        followed.note(at(30), once(500));
        assert_eq!(followed.tell(after(750)), at(45));
        followed.note(at(40), once(1_000));
        assert_eq!(followed.tell(after(1_000)), at(45), "it had been told already");
        assert_eq!(followed.tell(after(1_500)), at(50));
        assert_eq!(followed.tell(after(60_000)), at(80), "without another reading it does not run away");
    }

    #[test]
    fn an_answer_that_is_held_up_never_puts_time_ahead_of_the_simulators() {
        // One answer was read at once and comes 400 ms later; the others come at once.
        for held_up in 1..4 {
            let (mut followed, after) = begun();
            let mut asked = 500;
            for number in 1..8 {
                let answered = asked + if number == held_up { 400 } else { 2 };
                followed.note(simulated(asked), Reading { asked: after(asked), answered: after(answered) });
                for millis in answered..=answered + 500 {
                    let told = followed.tell(after(millis));
                    assert!(told <= simulated(millis), "{millis} ms, {held_up} held up: {told} is ahead");
                }
                asked = answered + 500;
            }
            let told = followed.tell(after(asked));
            assert!(told >= simulated(asked - 10), "{held_up} held up: {told} after {asked} ms is far behind");
        }
    }
}
