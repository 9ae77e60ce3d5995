//! Which orders go wrong.

use orb_core::{Money, Span, Timestamp};

use super::counts::Count;
use super::plan::{FaultPlan, OrderEffects, OrderRule, PieceEffects};
use super::when::{Trigger, mixed};
use crate::order_faults::{Correction, OrderFaultSource, OrderFaults, OrderGlimpse, Pieces};

/// Decides about orders, in the order in which they are accepted.
#[derive(Debug)]
pub(crate) struct PlannedOrders(Vec<(OrderRule, Trigger)>);

impl PlannedOrders {
    pub(crate) fn new(plan: &FaultPlan) -> Self {
        let trigger = |(number, rule): (u64, &OrderRule)| {
            (rule.clone(), Trigger::new(rule.when.clone(), mixed(&[plan.seed, 3, number])))
        };
        Self((0..).zip(&plan.order).map(trigger).collect())
    }

    /// Returns how often each rule has applied.
    pub(crate) fn counts(&self) -> Vec<Count> {
        self.0.iter().map(|(_, trigger)| trigger.count()).collect()
    }
}

impl OrderFaultSource for PlannedOrders {
    fn faults_of(&mut self, now: Timestamp, order: OrderGlimpse<'_>) -> OrderFaults {
        let mut decided = None;
        for (rule, trigger) in &mut self.0 {
            if matches(rule, &order) && trigger.fires(now) {
                decided.get_or_insert_with(|| faults(&rule.fault));
            }
        }
        decided.unwrap_or_default()
    }
}

fn matches(rule: &OrderRule, order: &OrderGlimpse<'_>) -> bool {
    rule.symbol.matches(order.symbol)
        && rule.side.matches(if order.buy { "buy" } else { "sell" })
        && rule.class.matches(order.order_class)
        && rule.kind.matches(order.order_type)
        && rule.client_order_id.matches(order.client_order_id)
}

fn faults(effects: &OrderEffects) -> OrderFaults {
    let millis = |millis: u32| Span::from_millis(i64::from(millis));
    let pieces = |pieces: PieceEffects| Pieces {
        count: pieces.count.max(2),
        every: millis(pieces.every_ms),
        stops_after: pieces.stops_after,
    };
    OrderFaults {
        pending_new: effects.pending_new_ms.map(millis),
        pending_cancel: effects.pending_cancel_ms.map(millis),
        fills_after_cancel: effects.fills_after_cancel,
        pieces: effects.pieces.map(pieces),
        rejected: effects.rejected.clone(),
        legs_rejected: effects.legs_rejected,
        both_legs_fill: effects.both_legs_fill,
        replace_rejected: effects.replace_rejected,
        displaced: effects.displaced_cents.map(|cents| Money::from_cents(i64::from(cents))),
        fills_while_replaced: effects.fills_while_replaced,
        busted: effects.busted_ms.map(millis),
        corrected: effects
            .corrected
            .map(|told| Correction { after: millis(told.after_ms), by: Money::from_cents(i64::from(told.cents)) }),
    }
}
