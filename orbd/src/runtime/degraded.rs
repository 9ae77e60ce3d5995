//! The loop while the store is in trouble.

use orb_core::effect::EffectId;
use orb_core::event::{Event, FeedState, Outcome};
use orb_core::hold::HoldKind;
use orb_core::order::{Rejection, RejectionKind};
use orb_exec::{Broker, MarketData};

use super::Runtime;
use crate::spill::{KeepError, Kept, StoreTrouble};
use crate::view::HealthState;

impl<B: Broker, M: MarketData> Runtime<B, M> {
    /// Holds entries where something is not in the records, and tells the engine which were not sent.
    ///
    /// The hold comes first: the engine answers a refused entry under it, so there is no other one instead.
    pub(super) fn hold_entries(&mut self, kept: Kept, refused: Vec<EffectId>) {
        if kept == Kept::Committed {
            return;
        }
        let now = self.market.now();
        if self.engine.holds().get(HoldKind::StoreDegraded).is_none() {
            self.feed(now, Event::Feed(FeedState::Trouble(HoldKind::StoreDegraded)));
        }
        for id in refused {
            self.feed(now, Event::Outcome(id, not_sent()));
        }
    }

    /// Ends the hold where the store has caught up and keeps up.
    pub(super) async fn look_at_store(&mut self) -> Result<(), KeepError> {
        if !self.keeper.is_over()? {
            self.show_store();
            return Ok(());
        }
        self.keeper.resume();
        self.feed(self.market.now(), Event::Feed(FeedState::Recovered(HoldKind::StoreDegraded)));
        self.flush().await?;
        if !self.keeper.is_degraded() {
            self.keeper.remove_spill();
        }
        Ok(())
    }

    /// Tells whether what happens now is in memory alone.
    pub(super) fn is_volatile(&self) -> bool {
        self.keeper.trouble().is_some_and(|trouble| trouble.spill.is_some())
    }

    /// Tells whether an input that had no effects is not kept, because there is no room for it anywhere.
    ///
    /// It gets no number, so the journal has no hole; a replay of the day will miss it, which the log says.
    pub(super) fn lets_go(&mut self, event: &Event) -> bool {
        let lets_go = matches!(event, Event::Market(..)) && self.keeper.is_full();
        if lets_go {
            if self.let_go == 0 {
                tracing::error!(
                    component = "Store",
                    "there is no room left for prices that lead to nothing: a replay of this day will miss them"
                );
            }
            self.let_go += 1;
        }
        lets_go
    }

    /// Shows what the store suffers from, and says in the log what has changed in that.
    pub(super) fn show_store(&mut self) {
        let trouble = self.keeper.trouble();
        if trouble == self.store_trouble {
            return;
        }
        match &trouble {
            Some(now) => self.tell_trouble(now),
            None => self.tell_end_of_trouble(),
        }
        self.publisher.saw_store(trouble.as_ref().map(health));
        self.store_trouble = trouble;
    }

    fn tell_trouble(&self, trouble: &StoreTrouble) {
        let (store, path) = (&trouble.store, self.keeper.path().display());
        match &trouble.spill {
            None => tracing::warn!(
                component = "Store",
                "the records do not keep up: {store}. Entries are held; exits and stops go on, and everything is kept \
                 in {path} until the database takes it"
            ),
            Some(spill) => tracing::error!(
                component = "Store",
                "nothing can be recorded: {store}; and {spill}. Entries are held; exits and stops go on. What happens \
                 now is in memory alone: make room before orb is stopped"
            ),
        }
    }

    fn tell_end_of_trouble(&mut self) {
        tracing::info!(component = "Store", "the records keep up again, and have everything");
        let count = core::mem::take(&mut self.let_go);
        if count > 0 {
            tracing::warn!(component = "Store", "{count} prices that led to nothing were not recorded");
        }
    }
}

fn health(trouble: &StoreTrouble) -> (HealthState, String) {
    match &trouble.spill {
        None => (HealthState::Degraded, trouble.store.clone()),
        Some(spill) => (HealthState::Down, format!("{}; and {spill}", trouble.store)),
    }
}

/// The outcome of an entry that was decided and could not be recorded: it is never sent.
fn not_sent() -> Outcome {
    Outcome::Rejected(Rejection {
        code: 0,
        message: "it was not sent: the records do not keep up".to_owned(),
        related_orders: Vec::new(),
        available: None,
        kind: RejectionKind::NotSent,
    })
}
