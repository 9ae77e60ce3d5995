//! What a service manager is told: that orb is ready, what it is doing, and that its loop comes round.
//!
//! systemd names its socket in `NOTIFY_SOCKET` for units with `Type=notify`; without it nothing is said, and nothing
//! here fails. A daemon is *ready* when the books were compared with the broker and agree, or the operator was told that
//! they do not. Until then each round of the loop asks for more time, so that a start fails by time only when the loop
//! stands still: a broker that does not answer is no reason to start anew. `WatchdogSec=` of the unit is the longest
//! silence after that; who speaks is the engine's own loop, which also gives the [sign of life](crate::guard).

use core::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orb_core::hold::HoldKind;
use sd_notify::NotifyState;
use tokio::sync::watch;

use crate::view::View;

/// How much longer a start may take after each round of the loop.
const MORE_TIME: Duration = Duration::from_secs(60);
/// How often a wait shows that it is one.
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// The status is told at most so often.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Says that the loop came round; never waits.
pub(crate) fn beat() {
    let more = u32::try_from(MORE_TIME.as_micros()).unwrap_or(u32::MAX);
    say(&[NotifyState::Watchdog, NotifyState::ExtendTimeoutUsec(more)]);
}

/// Waits for something while the engine's loop does not run yet, and shows that it waits.
pub(crate) async fn waiting<T>(what: impl Future<Output = T>) -> T {
    let mut rounds = tokio::time::interval(BEAT_EVERY);
    let mut what = core::pin::pin!(what);
    loop {
        tokio::select! {
            done = &mut what => return done,
            _ = rounds.tick() => beat(),
        }
    }
}

/// Says that a standby is up: it waits for another daemon's end, which may be days.
pub(crate) fn standing_by(holder: &str) {
    let status = format!("standing by: {holder} has the ledger");
    say(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Says that a guard listens.
pub(crate) fn watching(environment: &str) {
    let status = format!("{environment}: listens for orbd's signs of life");
    say(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Says that the daemon ends in good order.
pub(crate) fn stopping() {
    say(&[NotifyState::Stopping, NotifyState::Status("stopping: entries are cancelled, stops stay")]);
}

/// Knows whether the service manager was told that orb is ready. Clones know the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Says that the configuration is read again, until what is returned is dropped; nothing before orb is ready, because
    /// the end of this says that it is.
    pub(crate) fn reloading(&self) -> Option<Reloading> {
        self.0.load(Ordering::SeqCst).then(|| {
            let since = NotifyState::monotonic_usec_now();
            match since {
                Ok(since) => say(&[NotifyState::Reloading, since]),
                Err(_) => say(&[NotifyState::Reloading]),
            }
            Reloading
        })
    }
}

/// Stands for a reload that the service manager was told of.
#[derive(Debug)]
pub(crate) struct Reloading;

impl Drop for Reloading {
    fn drop(&mut self) {
        say(&[NotifyState::Ready]);
    }
}

/// Says that orb is ready as soon as it is, and what it is doing, until the views end.
pub(crate) async fn follow(mut views: watch::Receiver<Arc<View>>, readiness: Readiness) {
    let (mut is_ready, mut told) = (false, String::new());
    loop {
        let view = Arc::clone(&views.borrow_and_update());
        let status = Status(&view).to_string();
        if !is_ready && is_compared(&view) {
            say(&[NotifyState::Ready]);
            readiness.0.store(true, Ordering::SeqCst);
            is_ready = true;
        }
        if status != told {
            say(&[NotifyState::Status(&status)]);
            told = status;
        }
        if views.changed().await.is_err() {
            return;
        }
        if is_ready {
            tokio::time::sleep(TELL_EVERY).await;
        }
    }
}

/// Tells whether the books were compared with the broker since the start.
fn is_compared(view: &View) -> bool {
    let is_open = |kind| view.holds.iter().any(|hold| hold.kind == kind);
    view.now.is_some() && !is_open(HoldKind::Starting) && !is_open(HoldKind::Reconciling)
}

/// One line for `systemctl status`; no money and no account number is in it, because every user may read it.
struct Status<'a>(&'a View);

impl fmt::Display for Status<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.0.ledger.environment.name(), self.0.state.name())?;
        for (number, hold) in self.0.holds.iter().enumerate() {
            write!(f, "{}{}", if number == 0 { " (" } else { ", " }, hold.kind.name())?;
        }
        if !self.0.holds.is_empty() {
            f.write_str(")")?;
        }
        write!(f, ": {} positions, {} working entries", self.0.positions.len(), self.0.working_entries.len())?;
        match self.0.alarms.len() {
            0 => Ok(()),
            alarms => write!(f, ", {alarms} ALARMS"),
        }
    }
}

fn say(words: &[NotifyState<'_>]) {
    // Whoever does not listen need not be told: trading does not depend on it.
    if let Err(error) = sd_notify::notify(words) {
        tracing::debug!(component = "Executor", "the service manager cannot be told: {error}");
    }
}

#[cfg(test)]
mod tests {
    use orb_core::Timestamp;
    use orb_core::hold::{Hold, TradingState};

    use super::*;

    fn with_holds(kinds: &[HoldKind]) -> View {
        let since = Timestamp::from_micros(0);
        let hold = |kind: &HoldKind| Hold { kind: *kind, reason: String::new(), actor: String::new(), since };
        View { now: Some(since), holds: kinds.iter().map(hold).collect(), ..View::default() }
    }

    #[test]
    fn a_daemon_is_ready_once_the_books_were_compared_even_if_they_differ() {
        assert!(!is_compared(&View::default()));
        assert!(!is_compared(&with_holds(&[HoldKind::Starting])));
        assert!(!is_compared(&with_holds(&[HoldKind::Kill, HoldKind::Reconciling])));
        assert!(is_compared(&with_holds(&[HoldKind::ReconcileBreak, HoldKind::Kill])));
        assert!(is_compared(&with_holds(&[])));
    }

    #[test]
    fn the_status_names_state_and_holds_and_no_money() {
        let view = View { state: TradingState::Halted, ..with_holds(&[HoldKind::Crashed, HoldKind::Kill]) };
        assert_eq!(Status(&view).to_string(), "sim, HALTED (crashed, kill): 0 positions, 0 working entries");
        let view = View { state: TradingState::Active, ..with_holds(&[]) };
        assert_eq!(Status(&view).to_string(), "sim, ACTIVE: 0 positions, 0 working entries");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_waited_for_comes_back_as_it_is() {
        let slow = async {
            tokio::time::sleep(Duration::from_secs(90)).await;
            7
        };
        assert_eq!(waiting(slow).await, 7);
    }
}
