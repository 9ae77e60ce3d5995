//! The life of an order from its acknowledgement to its end, and what that means for its group.

use serde_json::{Map, Value};

use super::engine::Broker;
use super::order::{OrderClass, OrderKey, OrderStatus, OrderType, Role, TimeInForce};
use super::timers::Due;

/// Tells what the stream says of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Accepted,
    PendingNew,
    New,
    PartialFill,
    Fill,
    Canceled,
    Expired,
    Rejected,
    Replaced,
    PendingCancel,
    PendingReplace,
    ReplaceRejected,
    CancelRejected,
    TradeBust,
    TradeCorrect,
}

impl Event {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::PendingNew => "pending_new",
            Self::New => "new",
            Self::PartialFill => "partial_fill",
            Self::Fill => "fill",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Replaced => "replaced",
            Self::PendingCancel => "pending_cancel",
            Self::PendingReplace => "pending_replace",
            Self::ReplaceRejected => "order_replace_rejected",
            Self::CancelRejected => "order_cancel_rejected",
            Self::TradeBust => "trade_bust",
            Self::TradeCorrect => "trade_correct",
        }
    }
}

impl Broker {
    /// Tells the stream what happened to an order, with the fields that some events add.
    pub(super) fn publish(&mut self, event: Event, key: OrderKey, extras: Map<String, Value>) {
        let mut data = Map::new();
        data.insert("event".into(), event.as_str().into());
        data.insert("event_id".into(), self.ids.next_event(self.now).into());
        data.insert("timestamp".into(), self.now.to_string().into());
        data.insert("order".into(), self.order_json(key, true));
        data.extend(extras);
        self.updates.push(Value::Object(data));
    }

    pub(super) fn publish_plain(&mut self, event: Event, key: OrderKey) {
        self.publish(event, key, Map::new());
    }

    /// Sets a status that is not an end.
    pub(super) fn set_status(&mut self, key: OrderKey, status: OrderStatus) {
        debug_assert!(self.book[key].is_open(), "no order leaves its end");
        self.book[key].status = status;
        self.touch(key);
    }

    pub(super) fn touch(&mut self, key: OrderKey) {
        self.book[key].times.updated = self.now;
    }

    /// The exchange takes an order that was sent to it.
    pub(super) fn acknowledge(&mut self, key: OrderKey) {
        let order = &self.book[key];
        if order.status.is_terminal() || order.matching.awake {
            return;
        }
        self.book[key].matching.stuck_until = None;
        if self.book[key].matching.cancel_requested {
            return self.end_order(key, OrderStatus::Canceled);
        }
        self.book.wake(key);
        if self.book[key].status == OrderStatus::PendingCancel {
            self.book[key].matching.before_pending = Some(OrderStatus::New);
        } else {
            self.set_status(key, OrderStatus::New);
            self.publish_plain(Event::New, key);
        }
        self.start_trailing(key);
        self.watch_with(key);
        self.match_order(key, None);
    }

    /// Lets the stop of an OCO pair be watched as soon as its target works.
    fn watch_with(&mut self, key: OrderKey) {
        let order = &self.book[key];
        if order.class != OrderClass::Oco || order.role != Role::Target {
            return;
        }
        let rejected = order.faults.legs_rejected;
        for leg in order.legs.clone() {
            if self.book[leg].is_open() && !self.book[leg].matching.awake {
                self.activate(leg, rejected);
            }
        }
    }

    /// Lets the legs of an entry that is completely filled work.
    pub(super) fn activate_legs(&mut self, entry: OrderKey) {
        let rejected = self.book[entry].faults.legs_rejected;
        for leg in self.book[entry].legs.clone() {
            if self.book[leg].is_open() {
                self.activate(leg, rejected);
            }
        }
        for leg in self.book[entry].legs.clone() {
            self.match_order(leg, None);
        }
    }

    /// Lets a leg work: a stop beside a working target is watched and stays held, any other leg is new.
    fn activate(&mut self, leg: OrderKey, rejected: bool) {
        if rejected || self.book[leg].faults.rejected.is_some() {
            return self.end_order(leg, OrderStatus::Rejected);
        }
        self.book.wake(leg);
        let sibling_works = self.book.sibling(leg).is_some_and(|sibling| self.book[sibling].is_open());
        let pending = matches!(self.book[leg].status, OrderStatus::PendingCancel | OrderStatus::PendingReplace);
        if pending {
            let held = sibling_works && self.book[leg].role == Role::Stop;
            self.book[leg].matching.before_pending = Some(if held { OrderStatus::Held } else { OrderStatus::New });
        } else if !sibling_works || self.book[leg].role == Role::Target {
            self.set_status(leg, OrderStatus::New);
            self.publish_plain(Event::New, leg);
        }
    }

    /// Rejects an order that was accepted.
    pub(super) fn reject_after_all(&mut self, key: OrderKey) {
        if self.book[key].is_open() && !self.book[key].matching.awake {
            self.end_order(key, OrderStatus::Rejected);
        }
    }

    /// Ends an order that has lived until its time was over.
    pub(super) fn expire(&mut self, key: OrderKey) {
        let order = &self.book[key];
        if order.status.is_terminal() {
            return;
        }
        let auction = order.time_in_force == TimeInForce::Opg;
        self.end_order(key, if auction { OrderStatus::Canceled } else { OrderStatus::Expired });
    }

    /// Ends an order without a fill, and its group with it. An order that is at its end stays there.
    pub(super) fn end_order(&mut self, key: OrderKey, status: OrderStatus) {
        if self.book[key].is_open() {
            self.end_alone(key, status);
            self.end_group(key, status);
        }
    }

    /// Ends an order without a fill, and nothing else.
    pub(super) fn end_alone(&mut self, key: OrderKey, status: OrderStatus) {
        self.set_status(key, status);
        let (now, times) = (Some(self.now), &mut self.book[key].times);
        let event = if status == OrderStatus::Expired {
            times.expired = now;
            Event::Expired
        } else if status == OrderStatus::Rejected {
            times.failed = now;
            Event::Rejected
        } else {
            debug_assert_eq!(status, OrderStatus::Canceled, "an order ends cancelled, expired or rejected");
            times.canceled = now;
            Event::Canceled
        };
        self.book.retire(key);
        let mut extras = Map::new();
        if let Some(reason) = self.book[key].faults.rejected.as_ref().filter(|_| status == OrderStatus::Rejected) {
            extras.insert("reason".into(), reason.as_str().into());
        }
        self.publish(event, key, extras);
    }

    /// Ends what cannot live without an order: the legs of an entry, the other exit of a pair, a replacement.
    fn end_group(&mut self, key: OrderKey, status: OrderStatus) {
        let order = &self.book[key];
        let group_status = if status == OrderStatus::Expired { status } else { OrderStatus::Canceled };
        let waits = self.book.waits_for_entry(key);
        let mut others = if order.role == Role::Entry { order.legs.clone() } else { Vec::new() };
        // A leg that is rejected leaves the other one working; an OCO pair that is rejected ends as a whole.
        let rejected_leg = status == OrderStatus::Rejected && order.parent.is_some();
        if !rejected_leg {
            others.extend(self.book.sibling(key));
            others.extend(order.parent.filter(|_| waits));
        } else if let Some(sibling) = self.book.sibling(key) {
            self.release_held(sibling);
        }
        for other in others {
            self.end_order(other, group_status);
        }
    }

    /// Makes a held stop a working order when it is left alone.
    fn release_held(&mut self, key: OrderKey) {
        if self.book[key].status == OrderStatus::Held && self.book[key].matching.awake {
            self.set_status(key, OrderStatus::New);
            self.publish_plain(Event::New, key);
        }
    }

    /// Gives a trailing stop its first price, if the market is known.
    pub(super) fn start_trailing(&mut self, key: OrderKey) {
        let order = &self.book[key];
        if order.order_type == OrderType::TrailingStop
            && order.high_water.is_none()
            && let Some(price) = self.markets[order.symbol.index()].last_trade()
        {
            self.trail(key, price);
        }
    }

    /// Plans the end of an order's life.
    pub(super) fn plan_expiry(&mut self, key: OrderKey) {
        if let Some(at) = self.book[key].times.expires {
            let auction = self.book[key].time_in_force == TimeInForce::Cls;
            self.timers.plan(at, if auction { Due::ClosingAuction(key) } else { Due::Expire(key) });
        }
    }
}
