//! When what waits to be recorded is due.

use std::time::Duration;

use tokio::time::Instant;

/// What waits is recorded at the latest after this; nothing follows from it.
const AFTER: Duration = Duration::from_millis(50);

/// Holds when what waits is to be recorded at the latest.
#[derive(Debug, Default)]
pub(super) struct Due(Option<Instant>);

impl Due {
    /// Notes that something waits; what waits already is not put off.
    pub(super) fn begin(&mut self) {
        self.0.get_or_insert_with(|| Instant::now() + AFTER);
    }

    /// Notes that something has been taken, and whether more waits for another turn.
    pub(super) fn taken(&mut self, is_more: bool) {
        self.0 = is_more.then(|| Instant::now() + AFTER);
    }

    /// Returns the instant; `None` while nothing waits.
    pub(super) const fn at(&self) -> Option<Instant> {
        self.0
    }

    /// Tells whether it has come.
    pub(super) fn is_now(&self) -> bool {
        self.0.is_some_and(|due| due <= Instant::now())
    }

    /// Makes what waits due at once, as before an end; tells whether anything does.
    pub(super) fn hurry(&mut self) -> bool {
        self.0 = self.0.map(|_| Instant::now());
        self.0.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_waits_is_due_in_its_time_or_at_once_and_not_put_off_by_what_comes() {
        let mut due = Due::default();
        assert!(!due.is_now() && !due.hurry() && due.at().is_none());
        due.begin();
        let first = due.at();
        tokio::time::advance(AFTER / 2).await;
        due.begin();
        assert_eq!(due.at(), first);
        assert!(!due.is_now());
        tokio::time::advance(AFTER / 2).await;
        assert!(due.is_now());
        due.taken(true);
        assert!(!due.is_now() && due.hurry() && due.is_now());
        due.taken(false);
        assert!(due.at().is_none());
    }
}
