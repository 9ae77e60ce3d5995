//! What is done for each effect, and what its outcome is.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use orb_core::effect::{Action, BrokerEffect, EffectClass};
use orb_core::event::{BrokerPosition, Outcome};
use orb_core::order::{BrokerOrderId, ClientOrderId, OrderRequest, Rejection};
use orb_core::{Price, Quantity, SymbolId, Timestamp};
use tokio::time::Instant;

use super::super::errors::{invalid, not_sent, rejection};
use super::super::rate::Urgency;
use super::super::rest::{CallError, Manner, Verb, paths};
use super::super::wire::order::{Order, Position};
use super::request::{new_order, new_price};
use super::{Desk, InFlight};
use crate::clock::Clock;

/// How long something urgent waits for its turn: longer than the minute in which the broker counts requests.
const URGENT_PATIENCE: Duration = Duration::from_secs(65);
/// How long a question waits for its turn.
const QUESTION_PATIENCE: Duration = Duration::from_secs(10);
/// How long an entry without a deadline waits for its turn.
const ENTRY_PATIENCE: Duration = Duration::from_secs(2);
/// Most orders that took each other's place, one after the other.
const REPLACEMENTS_MAX: usize = 32;
/// So often a cancel follows an order that is replaced meanwhile.
const CANCELS_MAX: usize = 3;

/// Says how an effect is to be carried out.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub(super) effect: &'a BrokerEffect,
    /// The entry gate's epoch in which it was decided.
    pub(super) epoch: u64,
    pub(super) urgency: Urgency,
}

impl<C: Clock> Desk<C> {
    /// Carries an effect out and returns what came of it.
    pub(super) async fn carry_out(&self, task: &Task<'_>) -> Outcome {
        let manner = self.manner(task);
        match &task.effect.action {
            Action::Submit(request) => self.submit(task, request, manner).await,
            Action::Replace { order, broker_id, price } => self.replace(order, broker_id, *price, &manner).await,
            Action::Cancel { order, broker_id } => self.cancel(order, broker_id.clone(), &manner).await,
            Action::Find(order) => self.find(order, &manner).await,
            Action::QueryPositions => self.positions(&manner).await,
            // The state itself follows on the outcome.
            Action::QuerySnapshot => Outcome::Done,
            Action::QueryBars { symbols, from, to } => self.bars(symbols, *from, *to).await,
        }
    }

    fn manner(&self, task: &Task<'_>) -> Manner<'static> {
        let left = |deadline: Timestamp| u64::try_from((deadline - self.clock.now()).micros()).unwrap_or(0);
        let (patience, insists) = match task.effect.class {
            EffectClass::Entry => {
                let left = task.effect.not_after.map(|deadline| Duration::from_micros(left(deadline)));
                (left.unwrap_or(ENTRY_PATIENCE).min(URGENT_PATIENCE), false)
            }
            EffectClass::Exit | EffectClass::Protect | EffectClass::Cancel => (URGENT_PATIENCE, true),
            EffectClass::Query => (QUESTION_PATIENCE, true),
        };
        Manner { urgency: task.urgency.clone(), patience: Instant::now() + patience, insists, guard: None }
    }

    async fn submit(&self, task: &Task<'_>, request: &OrderRequest, manner: Manner<'_>) -> Outcome {
        let symbol = self.rest.symbols().name(request.attempt.symbol);
        let body = match new_order(request, symbol.as_str(), self.brackets) {
            Ok(body) => body,
            Err(error) => return Outcome::Rejected(invalid(format!("the order was not sent: {error}"))),
        };
        let in_flight: Mutex<Option<InFlight>> = Mutex::default();
        let guard = || {
            // Counted before the gate is asked: a kill closes the gate first and then waits for those that count.
            *in_flight.lock().unwrap_or_else(PoisonError::into_inner) = self.count(task.effect.class);
            let refusal = self.refusal(task);
            if refusal.is_err() {
                in_flight.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
            refusal
        };
        let manner = Manner { guard: Some(&guard), ..manner };
        let answer: Result<Order, CallError> = self.rest.trading(&manner, Verb::Post, paths::new_order(body)).await;
        match answer {
            Ok(order) => self.accepted(order, &request.id, &manner).await,
            Err(error) => refused(error),
        }
    }

    /// Asks the entry gate whether an order may still be sent.
    fn refusal(&self, task: &Task<'_>) -> Result<(), Rejection> {
        match self.gate.refusal(task.epoch, self.clock.now(), task.effect) {
            None => Ok(()),
            Some(Outcome::Rejected(rejection)) => Err(rejection),
            Some(other) => Err(not_sent(format!("the entry gate said {other:?}"))),
        }
    }

    async fn accepted(&self, order: Order, id: &ClientOrderId, manner: &Manner<'_>) -> Outcome {
        let order = self.with_legs(order, manner).await;
        match self.rest.orders().read_as(&order, id) {
            Ok(order) => Outcome::Accepted(order),
            Err(error) => {
                tracing::warn!(order = order.id, %error, "the broker's answer is not the order that was sent");
                Outcome::Unknown
            }
        }
    }

    /// Asks for the legs of an order that must have some and came without.
    async fn with_legs(&self, order: Order, manner: &Manner<'_>) -> Order {
        if !lacks_legs(&order) {
            return order;
        }
        let manner = Manner { guard: None, ..manner.clone() };
        let nested = self.rest.ask(&manner, paths::order(&BrokerOrderId::new(&order.id))).await;
        // That it was accepted is known all the same; its legs are in the next snapshot.
        nested
            .inspect_err(|error| tracing::warn!(order = order.id, %error, "the legs of an order are not known yet"))
            .unwrap_or(order)
    }

    async fn replace(
        &self,
        order: &ClientOrderId,
        broker_id: &BrokerOrderId,
        price: Price,
        manner: &Manner<'_>,
    ) -> Outcome {
        let id = self.rest.orders().newest(order).unwrap_or_else(|| broker_id.clone());
        let is_limit = match self.rest.orders().is_limit(&id) {
            Some(is_limit) => is_limit,
            None => match self.rest.ask::<Order>(manner, paths::order(&id)).await {
                Ok(found) => found.type_word() == "limit",
                Err(error) => return refused(error),
            },
        };
        let body = match new_price(price, is_limit) {
            Ok(body) => body,
            Err(error) => return Outcome::Rejected(invalid(format!("the order was not replaced: {error}"))),
        };
        match self.rest.trading::<Order>(manner, Verb::Patch, paths::replace(&id, body)).await {
            Ok(replacement) => self.accepted(replacement, order, manner).await,
            Err(error) => refused(error),
        }
    }

    async fn cancel(&self, order: &ClientOrderId, broker_id: Option<BrokerOrderId>, manner: &Manner<'_>) -> Outcome {
        let mut id = match self.rest.orders().newest(order).or(broker_id) {
            Some(id) => id,
            None => match self.look_up(order, manner).await {
                Ok(Some(found)) if is_over(&found) => return self.found(&found, order),
                Ok(Some(found)) => BrokerOrderId::new(&found.id),
                Ok(None) => return Outcome::NotFound,
                Err(_) => return Outcome::Unknown,
            },
        };
        for _ in 0..CANCELS_MAX {
            match self.rest.send_to_trading(manner, Verb::Delete, paths::cancel(&id)).await {
                Ok(_) => return Outcome::Done,
                Err(error) if error.is_not_found() => return Outcome::NotFound,
                Err(CallError::Refused(refusal)) if refusal.status == 422 => {}
                Err(error) => return refused(error),
            }
            // It cannot be cancelled: it has ended, or another took its place.
            match self.newest(&id, manner).await {
                Ok(found) if is_over(&found) || found.id == id.as_str() => return self.found(&found, order),
                Ok(found) => id = BrokerOrderId::new(&found.id),
                Err(_) => return Outcome::Unknown,
            }
        }
        Outcome::Unknown
    }

    async fn find(&self, order: &ClientOrderId, manner: &Manner<'_>) -> Outcome {
        match self.look_up(order, manner).await {
            Ok(Some(found)) => self.found(&found, order),
            Ok(None) => Outcome::NotFound,
            Err(error) => {
                tracing::debug!(%order, %error, "an order could not be looked up");
                Outcome::Unknown
            }
        }
    }

    fn found(&self, order: &Order, id: &ClientOrderId) -> Outcome {
        self.rest.orders().read_as(order, id).map_or(Outcome::Unknown, Outcome::Found)
    }

    /// Looks an order up by our identifier, or by the broker's where only that is known; the newest in its place.
    async fn look_up(&self, order: &ClientOrderId, manner: &Manner<'_>) -> Result<Option<Order>, CallError> {
        let found = match self.rest.ask::<Order>(manner, paths::order_by_client_id(order)).await {
            Ok(found) if found.replaced_by.is_none() && !lacks_legs(&found) => return Ok(Some(found)),
            Ok(found) => BrokerOrderId::new(&found.id),
            // A leg has no identifier of ours at the broker.
            Err(error) if error.is_not_found() => match self.rest.orders().newest(order) {
                Some(id) => id,
                None => return Ok(None),
            },
            Err(error) => return Err(error),
        };
        match self.newest(&found, manner).await {
            Err(error) if error.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Returns an order with its legs, or the last of those that took its place. One that was refused its place leaves
    /// it to the order before.
    async fn newest(&self, id: &BrokerOrderId, manner: &Manner<'_>) -> Result<Order, CallError> {
        let mut order: Order = self.rest.ask(manner, paths::order(id)).await?;
        for _ in 0..REPLACEMENTS_MAX {
            let refused = order.replaces.as_deref().filter(|_| is_refused_replacement(&order));
            let Some(next) = order.replaced_by.as_deref().or(refused).map(BrokerOrderId::new) else { break };
            // Read for its place in the descent; whether it can be held is asked of the last one.
            _ = self.rest.orders().read(&order);
            order = self.rest.ask(manner, paths::order(&next)).await?;
        }
        Ok(order)
    }

    async fn positions(&self, manner: &Manner<'_>) -> Outcome {
        match self.rest.position_list(manner).await {
            Ok(positions) => {
                let own = positions.iter().filter_map(|held| position(held, self.rest.orders().symbol(&held.symbol)?));
                Outcome::Positions(own.collect())
            }
            Err(_) => Outcome::Unknown,
        }
    }

    async fn bars(&self, symbols: &[SymbolId], from: Timestamp, to: Timestamp) -> Outcome {
        let bars = self.rest.bars(symbols, from, to, self.clock.now()).await;
        bars.inspect_err(|error| tracing::warn!(%error, "bars of the past could not be had"))
            .map_or(Outcome::Unknown, Outcome::Bars)
    }
}

/// Returns what a failed request means: only what surely did not happen is a rejection.
fn refused(error: CallError) -> Outcome {
    match error {
        CallError::Stopped(rejection) => Outcome::Rejected(rejection),
        CallError::NotSent(_) | CallError::Throttled => Outcome::Rejected(not_sent(error.to_string())),
        CallError::Refused(refusal) => Outcome::Rejected(rejection(&refusal)),
        CallError::Unclear(_) => {
            tracing::warn!(component = "Alpaca", "what became of a request is not known: {error}");
            Outcome::Unknown
        }
    }
}

/// Tells whether an order's class speaks of legs that are not with it.
fn lacks_legs(order: &Order) -> bool {
    order.legs.is_empty() && matches!(order.order_class.as_str(), "bracket" | "oco" | "oto")
}

/// Tells whether an order was to take another one's place and was refused, so that the other one is still there.
fn is_refused_replacement(order: &Order) -> bool {
    order.status == "rejected" && order.replaces.is_some()
}

/// Tells whether nothing more can come of an order.
fn is_over(order: &Order) -> bool {
    matches!(order.status.as_str(), "filled" | "canceled" | "cancelled" | "expired" | "rejected")
}

/// Returns a position in a symbol; parts of a share, which orb never holds, count as a whole one.
pub(crate) fn position(held: &Position, symbol: SymbolId) -> Option<BrokerPosition> {
    use rust_decimal::RoundingStrategy::AwayFromZero;
    use rust_decimal::prelude::ToPrimitive as _;
    let shares = held.qty?.round_dp_with_strategy(0, AwayFromZero).to_i64()?;
    let signed = if held.side == "short" { -shares.saturating_abs() } else { shares };
    Some(BrokerPosition { symbol, quantity: Quantity::new(signed) })
}
