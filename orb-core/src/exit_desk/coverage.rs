//! Which orders protect a position, which may yet do so, and what to end when they do not.

use super::{DeskAct, DeskView};
use crate::alarm::AlarmKind;
use crate::money::Quantity;
use crate::order::{ClientOrderId, Order, OrderRole, OrderStatus};

/// Returns the shares that stops really protect.
#[must_use]
pub fn covered(view: &DeskView<'_>) -> Quantity {
    stops(view).filter(|order| protects(order, view)).map(Order::remaining).sum()
}

pub(super) fn stops<'a>(view: &DeskView<'a>) -> impl Iterator<Item = &'a Order> {
    view.live.iter().copied().filter(|order| order.role == OrderRole::Stop)
}

/// Lists the orders that may yet protect: stops that do not work, and pairs whose stop the broker has not named.
pub(super) fn awaited_stops<'a>(view: &DeskView<'a>) -> impl Iterator<Item = &'a Order> {
    let is_awaited = |order: &Order| match order.role {
        OrderRole::Stop => !protects(order, view),
        OrderRole::Target => order.parent.is_none() && !stops(view).any(|stop| stop.parent.as_ref() == Some(&order.id)),
        OrderRole::Entry | OrderRole::Close => false,
    };
    view.live.iter().copied().filter(move |order| is_awaited(order))
}

/// Ends what keeps a stop from working: the rest of a partly filled entry, else a leg whose parent is gone.
pub(super) fn stop_waiting(view: &DeskView<'_>, acts: &mut Vec<DeskAct>) {
    acts.push(DeskAct::Alarm(AlarmKind::StopMissing, format!("{} shares wait for their stop", view.position.abs())));
    let entries: Vec<_> = view.live.iter().filter(|order| order.role == OrderRole::Entry).copied().collect();
    let waiting = if entries.is_empty() { awaited_stops(view).collect() } else { entries };
    cancel_groups(&waiting, acts);
}

/// Tells whether a stop really protects: it works, or it is held and its parent works or is filled.
fn protects(order: &Order, view: &DeskView<'_>) -> bool {
    match order.status {
        OrderStatus::Working | OrderStatus::PartiallyFilled => true,
        OrderStatus::Held => order.parent.as_ref().is_some_and(|parent| {
            let sibling_works = view.live.iter().any(|other| {
                let works = matches!(other.status, OrderStatus::Working | OrderStatus::PartiallyFilled);
                other.id == *parent && other.role == OrderRole::Target && works
            });
            sibling_works || view.parents_filled.contains(parent)
        }),
        OrderStatus::PendingSubmit
        | OrderStatus::PendingCancel
        | OrderStatus::Filled
        | OrderStatus::Cancelled
        | OrderStatus::Expired
        | OrderStatus::Rejected
        | OrderStatus::Replaced
        | OrderStatus::Unknown => false,
    }
}

/// Asks to cancel orders, one of each family: cancelling one leg ends the others with it.
pub(super) fn cancel_groups(orders: &[&Order], acts: &mut Vec<DeskAct>) {
    let mut families: Vec<&ClientOrderId> = Vec::new();
    for order in orders {
        let family = order.parent.as_ref().unwrap_or(&order.id);
        let cancellable = match order.status {
            OrderStatus::Working | OrderStatus::Held | OrderStatus::PartiallyFilled => true,
            // Its fate is not known yet, or a cancel is under way: wait for the news.
            OrderStatus::PendingSubmit | OrderStatus::PendingCancel | OrderStatus::Unknown => {
                families.push(family);
                false
            }
            OrderStatus::Filled
            | OrderStatus::Cancelled
            | OrderStatus::Expired
            | OrderStatus::Rejected
            | OrderStatus::Replaced => false,
        };
        if cancellable && !families.contains(&family) {
            families.push(family);
            acts.push(DeskAct::Cancel(order.id.clone()));
        }
    }
}
