//! Which sessions a search learns on, and which it is judged on.

use core::ops::Range;

use orb_core::Money;
use orb_core::metrics::{DayResult, Metrics};

use crate::report::Report;

/// Says where the sessions to learn on begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// They move on with the sessions that they are judged on.
    #[default]
    Rolling,
    /// They always begin with the first session, and grow.
    Anchored,
}

/// Cuts a period into windows: learn on some sessions, be judged on those that follow.
///
/// A strategy carries nothing over night but its equity, so a window is a slice of one run over all sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkForward {
    /// Sessions to learn on; of the first window, where they are anchored.
    pub train_sessions: usize,
    /// Sessions to be judged on.
    pub test_sessions: usize,
    /// Sessions from one window to the next.
    pub step: usize,
    /// Where the sessions to learn on begin.
    pub window: Window,
}

/// Holds one window as places in the run's list of sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Sessions to learn on.
    pub train: Range<usize>,
    /// Sessions to be judged on, which follow at once.
    pub test: Range<usize>,
}

/// Explains why a period cannot be cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalkForwardError {
    /// A count is too small.
    #[error("{name} is {value}: expected at least {least}")]
    TooFew {
        /// The count.
        name: &'static str,
        /// What was given.
        value: usize,
        /// The smallest that makes sense.
        least: usize,
    },
    /// Sessions would be judged twice.
    #[error(
        "step is {step} and test_sessions {test_sessions}: test windows would overlap and count sessions twice; make step at least test_sessions"
    )]
    Overlap {
        /// Sessions from one window to the next.
        step: usize,
        /// Sessions of a test window.
        test_sessions: usize,
    },
    /// There are too few sessions for one window.
    #[error(
        "train_sessions and test_sessions need {needed} sessions together, and there are {sessions}: make them shorter, or bring more bars"
    )]
    TooShort {
        /// Sessions of one window.
        needed: usize,
        /// Sessions that there are.
        sessions: usize,
    },
}

impl WalkForward {
    /// Checks the counts.
    ///
    /// # Errors
    /// When one makes no sense, or test windows would overlap.
    pub fn validate(&self) -> Result<(), WalkForwardError> {
        // A Sharpe ratio needs two days.
        let counts = [("train_sessions", self.train_sessions, 2), ("test_sessions", self.test_sessions, 1)];
        if let Some(&(name, value, least)) = counts.iter().find(|&&(_, value, least)| value < least) {
            return Err(WalkForwardError::TooFew { name, value, least });
        }
        if self.step < self.test_sessions {
            return Err(WalkForwardError::Overlap { step: self.step, test_sessions: self.test_sessions });
        }
        Ok(())
    }

    /// Cuts a number of sessions; sessions at the end that fill no whole test window are left out.
    ///
    /// # Errors
    /// When the counts make no sense, or not one window fits.
    pub fn splits(&self, sessions: usize) -> Result<Vec<Split>, WalkForwardError> {
        self.validate()?;
        let needed = self.train_sessions.saturating_add(self.test_sessions);
        if needed > sessions {
            return Err(WalkForwardError::TooShort { needed, sessions });
        }
        let starts = (self.train_sessions..=sessions - self.test_sessions).step_by(self.step);
        Ok(starts.map(|start| self.split(start)).collect())
    }

    fn split(&self, start: usize) -> Split {
        let first = match self.window {
            Window::Rolling => start - self.train_sessions,
            Window::Anchored => 0,
        };
        Split { train: first..start, test: start..start + self.test_sessions }
    }
}

/// Returns the figures of some sessions of a run.
///
/// # Panics
/// When the range reaches beyond the run's sessions.
#[must_use]
pub fn metrics_of(report: &Report, sessions: Range<usize>) -> Metrics {
    let days = &report.days[sessions];
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Metrics::default() };
    let dates = first.date..=last.date;
    Metrics::of(report.trades.iter().filter(|trade| dates.contains(&trade.attempt.date)), days)
}

/// Joins days of different runs to one account: each day's return is earned on the equity that the days before left.
///
/// `start`: equity before the first day, above zero.
#[must_use]
pub fn stitch<'a>(start: Money, days: impl IntoIterator<Item = &'a DayResult>) -> Vec<DayResult> {
    let (mut equity, mut peak) = (start, start);
    let join = |day: &DayResult| {
        let equity_open = equity;
        equity = equity_open + on_equity(day.equity - day.equity_open, equity_open, day.equity_open);
        peak = peak.max(equity);
        DayResult {
            equity_open,
            equity,
            realized: on_equity(day.realized, equity_open, day.equity_open),
            fees: on_equity(day.fees, equity_open, day.equity_open),
            drawdown: peak - equity,
            ..*day
        }
    };
    days.into_iter().map(join).collect()
}

/// Returns what an amount earned on one equity would have been on another, down to the micro-dollar.
fn on_equity(amount: Money, equity: Money, earned_on: Money) -> Money {
    if earned_on <= Money::ZERO {
        return Money::ZERO;
    }
    let scaled = i128::from(amount.micros()) * i128::from(equity.micros()) / i128::from(earned_on.micros());
    Money::from_micros(i64::try_from(scaled).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use orb_core::{Date, Timestamp};

    fn windows(train_sessions: usize, test_sessions: usize, step: usize, window: Window) -> WalkForward {
        WalkForward { train_sessions, test_sessions, step, window }
    }

    #[test]
    fn rolling_windows_move_and_anchored_ones_grow() {
        let rolling = windows(4, 2, 2, Window::Rolling).splits(9).expect("windows");
        assert_eq!(rolling, [Split { train: 0..4, test: 4..6 }, Split { train: 2..6, test: 6..8 },]);
        let anchored = windows(4, 2, 3, Window::Anchored).splits(9).expect("windows");
        assert_eq!(anchored, [Split { train: 0..4, test: 4..6 }, Split { train: 0..7, test: 7..9 },]);
    }

    #[test]
    fn nothing_is_learned_from_what_is_judged_and_nothing_is_judged_twice() {
        for window in [Window::Rolling, Window::Anchored] {
            for (train, test, step) in [(2, 1, 1), (5, 3, 3), (5, 3, 4), (10, 10, 10)] {
                let splits = windows(train, test, step, window).splits(40).expect("windows");
                assert!(splits.iter().all(|split| split.train.end == split.test.start && split.test.end <= 40));
                assert!(splits.windows(2).all(|pair| pair[0].test.end <= pair[1].test.start));
            }
        }
    }

    #[track_caller]
    fn refused(walk: WalkForward, sessions: usize, part: &str) {
        let error = walk.splits(sessions).expect_err("refused").to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn windows_that_cannot_be_are_refused() {
        refused(windows(1, 1, 1, Window::Rolling), 10, "train_sessions is 1: expected at least 2");
        refused(windows(2, 0, 1, Window::Rolling), 10, "test_sessions is 0: expected at least 1");
        refused(windows(4, 2, 1, Window::Rolling), 10, "make step at least test_sessions");
        refused(windows(9, 2, 2, Window::Rolling), 10, "need 11 sessions together, and there are 10");
        refused(windows(usize::MAX, 2, 2, Window::Rolling), 10, "and there are 10");
    }

    #[test]
    fn stitched_days_compound() {
        let date = |day| Date::from_ymd_opt(2026, 1, day).expect("a date");
        let day = |number, open: i64, close: i64| DayResult {
            date: date(number),
            open: Timestamp::from_micros(0),
            close: Timestamp::from_micros(0),
            equity_open: Money::from_cents(open * 100),
            equity: Money::from_cents(close * 100),
            realized: Money::from_cents((close - open) * 100),
            fees: Money::ZERO,
            drawdown: Money::ZERO,
        };
        // 10% of one account, then -5% of another that is twenty times as large.
        let days = stitch(Money::from_cents(100_000), &[day(5, 100, 110), day(6, 2_000, 1_900)]);
        let equities: Vec<_> = days.iter().map(|day| day.equity.to_string()).collect();
        assert_eq!(equities, ["1100", "1045"]);
        assert_eq!(days[1].equity_open, days[0].equity);
        assert_eq!(days[1].drawdown, Money::from_cents(5_500));
        assert_eq!(days[1].realized, Money::from_cents(-5_500));
        // An account without money earns nothing.
        assert_eq!(stitch(Money::from_cents(100), &[day(5, 0, 1)])[0].equity, Money::from_cents(100));
    }
}
