//! `CancelOrder` and `CancelAllOrders`: entries alone; stops and closing orders stay.

use orb_api::v1;
use orb_core::{event::Command, order::AttemptId};
use tokio::time::Instant;
use tonic::{Request, Status};

use super::{
    Accepted, Control, Handle,
    command::{Asked, follow, follow_until, send},
    control::asked,
    convert,
    touched::Touched,
    validate,
};
use crate::view::{SignalView, View};

/// Characters of an order's id, at most.
const ORDER_ID_LENGTH_MAX: usize = 48;

/// Cancels one working entry and follows it to its end.
pub(super) async fn cancel_order(
    control: &Control,
    request: Request<v1::CancelOrderRequest>,
) -> Result<v1::CancelOrderResponse, Status> {
    let deadline = follow_until(request.metadata());
    let (asked, attempt) = asked_cancel(&request, &control.handle.current())?;
    let work = cancel(control.handle.clone(), asked.clone(), attempt, deadline);
    let text = |reply: &v1::CancelOrderResponse| reply.outcome().as_str_name().to_owned();
    let again = |view: &View, id| cancel_reply(view, id, attempt);
    let (mut reply, replayed) = control.once(asked, work, text, again).await?;
    reply.replayed = replayed;
    Ok(reply)
}

fn asked_cancel(request: &Request<v1::CancelOrderRequest>, view: &View) -> Result<(Asked, AttemptId), Status> {
    let message = request.get_ref();
    let id = message.client_order_id.as_str();
    if id.is_empty() || id.len() > ORDER_ID_LENGTH_MAX {
        let what = format!("give orb's own id of the order, 1 to {ORDER_ID_LENGTH_MAX} characters");
        return Err(validate::invalid("client_order_id", what));
    }
    let reason = validate::reason(&message.reason)?;
    let attempt = attempt_of(view, id)?;
    let command = Command::CancelEntry(attempt);
    Ok((asked(request, &message.request_id, reason, command, format!("CancelOrder {id}"))?, attempt))
}

/// Finds the attempt whose entry has an id.
fn attempt_of(view: &View, id: &str) -> Result<AttemptId, Status> {
    let entries = || view.signals.iter().filter_map(|signal| Some((signal, signal.signal.order.as_ref()?.as_str())));
    if let Some((signal, _)) = entries().find(|(_, entry)| *entry == id) {
        return Ok(signal.signal.attempt);
    }
    if let Some((signal, _)) = entries().find(|(_, entry)| is_exit_of(entry, id)) {
        return Err(Status::failed_precondition(format!(
            "client_order_id: {id} protects or closes the position in {0}; to end it, close the position by ClosePosition",
            signal.symbol
        )));
    }
    Err(Status::not_found(format!("there is no order {id} in this session; `orbctl orders` lists them")))
}

/// Tells whether an order is a leg or an exit of an entry: its id goes on where the entry's names its attempt.
fn is_exit_of(entry: &str, id: &str) -> bool {
    let stem = entry.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let rest = id.strip_prefix(stem).unwrap_or_default();
    stem.len() < entry.len() && rest.starts_with(|letter: char| letter.is_ascii_alphabetic())
}

async fn cancel(
    handle: Handle,
    asked: Asked,
    attempt: AttemptId,
    deadline: Instant,
) -> Result<v1::CancelOrderResponse, Status> {
    let Accepted { after, .. } = send(&handle, &asked).await?;
    let last = follow(handle.view.clone(), after, deadline, |view| !is_working(view, attempt)).await;
    Ok(cancel_reply(&last, asked.authorised.request_id, attempt))
}

fn signal_of(view: &View, attempt: AttemptId) -> Option<&SignalView> {
    view.signals.iter().map(AsRef::as_ref).find(|signal| signal.signal.attempt == attempt)
}

fn is_working(view: &View, attempt: AttemptId) -> bool {
    let order = signal_of(view, attempt).and_then(|signal| signal.signal.order.as_ref());
    order.is_some_and(|id| view.working_entries.iter().any(|entry| &*entry.client_order_id == id.as_str()))
}

fn cancel_reply(view: &View, request_id: String, attempt: AttemptId) -> v1::CancelOrderResponse {
    let signal = signal_of(view, attempt);
    let filled = signal.map_or(0, |signal| signal.filled.shares());
    let outcome = match signal.map(|signal| signal.signal.status) {
        _ if is_working(view, attempt) => v1::CancelOutcome::InProgress,
        Some(orb_core::fact::SignalStatus::Filled) => v1::CancelOutcome::Filled,
        _ if filled > 0 => v1::CancelOutcome::PartiallyFilled,
        _ => v1::CancelOutcome::Cancelled,
    };
    v1::CancelOrderResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        request_id,
        replayed: false,
        outcome: outcome.into(),
        order: signal.map(|signal| order_ref(view, signal)),
        filled_quantity: filled,
    }
}

fn order_ref(view: &View, signal: &SignalView) -> v1::OrderRef {
    let SignalView { strategy, symbol, signal, .. } = signal;
    v1::OrderRef {
        ledger_id: view.ledger.id.to_string(),
        strategy: strategy.to_string(),
        symbol: symbol.to_string(),
        client_order_id: signal.order.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        broker_order_id: signal.broker_order.as_ref().map(|id| id.as_str().to_owned()),
    }
}

/// Cancels every working entry and follows them to their ends.
pub(super) async fn cancel_all_orders(
    control: &Control,
    request: Request<v1::CancelAllOrdersRequest>,
) -> Result<v1::CancelAllOrdersResponse, Status> {
    let deadline = follow_until(request.metadata());
    let message = request.get_ref();
    let reason = validate::reason(&message.reason)?;
    let text = "CancelAllOrders".to_owned();
    let asked = asked(&request, &message.request_id, reason, Command::CancelEntries, text)?;
    let work = cancel_all(control.handle.clone(), asked.clone(), deadline);
    let again = |view: &View, id| all_reply(view, id, &Touched::default());
    let (mut reply, replayed) = control.once(asked, work, all_text, again).await?;
    reply.replayed = replayed;
    Ok(reply)
}

async fn cancel_all(handle: Handle, asked: Asked, deadline: Instant) -> Result<v1::CancelAllOrdersResponse, Status> {
    let Accepted { before, after, .. } = send(&handle, &asked).await?;
    let mut touched = Touched::default();
    touched.see(&before);
    touched.see(&after);
    // An entry that a strategy makes in the meantime is none of those that were cancelled.
    let is_over = |view: &View| touched.working(view).is_empty();
    let last = follow(handle.view.clone(), after, deadline, is_over).await;
    Ok(all_reply(&last, asked.authorised.request_id, &touched))
}

fn all_reply(view: &View, request_id: String, touched: &Touched) -> v1::CancelAllOrdersResponse {
    let unconfirmed_orders = touched.working(view);
    v1::CancelAllOrdersResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        request_id,
        replayed: false,
        cancelled_orders: touched.cancelled(view),
        filled_orders: touched.filled(view),
        complete: unconfirmed_orders.is_empty(),
        unconfirmed_orders,
    }
}

fn all_text(reply: &v1::CancelAllOrdersResponse) -> String {
    let (cancelled, filled) = (reply.cancelled_orders.len(), reply.filled_orders.len());
    format!("{cancelled} entries cancelled, {filled} filled, {} unconfirmed", reply.unconfirmed_orders.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_are_known_by_the_attempt_that_they_are_of() {
        let entry = "20261127-orb-5-SPY-1e";
        for id in ["20261127-orb-5-SPY-1es", "20261127-orb-5-SPY-1x2", "20261127-orb-5-SPY-1s"] {
            assert!(is_exit_of(entry, id), "{id}");
        }
        for id in ["20261127-orb-5-SPY-12e", "20261127-orb-5-QQQ-1s", "", "20261127-orb-5-SPY-1"] {
            assert!(!is_exit_of(entry, id), "{id}");
        }
    }
}
