//! The spans of a signal, from its records. Pure.
//!
//! ```text
//! signal                          from the decision to the last thing that came of it
//!   risk_gate                     from the decision until its order was in the records, or was refused
//!   order entry|stop|target|close from the decision on the order to its end
//!     commit, send, acknowledge   from one step to the next
//!     fill                        one for each execution, with its shares and price
//!   protect                       from the first fill until a stop was in force
//!   position                      from the first fill to the last exit
//! ```
//!
//! What was not recorded is left out. No span ends before it begins, and none is longer than the one above it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Link, SpanId, SpanKind, Status, TraceId};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use orb_core::Timestamp;
use orb_core::fact::{ExitReason, SignalStatus, Trade};
use orb_core::order::{OrderKind, OrderRole, OrderStatus};

use super::ids;
use crate::rpc::Chain;
use crate::store::{FillRow, OrderRow, OrderStep, SignalRow};
use crate::view::Environment;

/// What the spans are about.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The ledger's id.
    pub(super) ledger: &'a str,
    pub(super) mode: Environment,
    pub(super) chain: &'a Chain,
    /// The trade; `None` where there is none, or it is not known.
    pub(super) trade: Option<&'a Trade>,
}

/// Makes the spans of a signal, the one above all others first, the rest in the order in which they begin.
pub(super) fn spans(subject: Subject<'_>) -> Vec<SpanData> {
    let id = subject.chain.signal.attempt.to_string();
    let trace = ids::trace(subject.ledger, &id);
    let root = ids::span(trace, SIGNAL, "");
    let made = Maker { trace, subject, root }.all();
    let signal_at = subject.chain.signal.at;
    let start = made.iter().map(|span| span.start).min().unwrap_or(signal_at).min(signal_at);
    let end = made.iter().map(|span| span.end).max().unwrap_or(signal_at).max(signal_at);
    let mut root = Made::new(root, SpanId::INVALID, SIGNAL, (start, end));
    root.attributes = of_signal(subject, &id);
    root.error = failure(&subject.chain.signal, subject.trade);
    let mut all: Vec<Made> = core::iter::once(root).chain(made).collect();
    all[1..].sort_by_key(|span| span.start);
    all.into_iter().map(|span| span.into_data(trace)).collect()
}

const SIGNAL: &str = "signal";
const RISK_GATE: &str = "risk_gate";
const PROTECT: &str = "protect";
const POSITION: &str = "position";

/// A span before it is written as OpenTelemetry's.
struct Made {
    id: SpanId,
    parent: SpanId,
    name: &'static str,
    start: Timestamp,
    end: Timestamp,
    kind: SpanKind,
    attributes: Vec<KeyValue>,
    /// Another span of the trace that it belongs to.
    link: Option<SpanId>,
    error: Option<&'static str>,
}

impl Made {
    /// Makes a span of a time; one that would end before it begins has no length.
    fn new(id: SpanId, parent: SpanId, name: &'static str, (start, end): (Timestamp, Timestamp)) -> Self {
        let end = end.max(start);
        Self { id, parent, name, start, end, kind: SpanKind::Internal, attributes: Vec::new(), link: None, error: None }
    }

    fn into_data(self, trace: TraceId) -> SpanData {
        let mut links = SpanLinks::default();
        links.links.extend(self.link.map(|id| Link::with_context(ids::context(trace, id))));
        let status = match self.error {
            Some(description) => Status::Error { description: description.into() },
            None => Status::Unset,
        };
        SpanData {
            span_context: ids::context(trace, self.id),
            parent_span_id: self.parent,
            parent_span_is_remote: false,
            span_kind: self.kind,
            name: self.name.into(),
            start_time: time(self.start),
            end_time: time(self.end),
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links,
            status,
            instrumentation_scope: InstrumentationScope::builder("orb").with_version(env!("CARGO_PKG_VERSION")).build(),
        }
    }
}

/// Makes what is below the signal.
struct Maker<'a> {
    trace: TraceId,
    subject: Subject<'a>,
    root: SpanId,
}

impl Maker<'_> {
    fn all(&self) -> Vec<Made> {
        let chain = self.subject.chain;
        let mut made = vec![self.risk_gate()];
        for order in &chain.orders {
            made.extend(self.order(order));
        }
        made.extend(self.protect());
        made.extend(self.position());
        made
    }

    fn span(&self, name: &'static str, time: (Timestamp, Timestamp)) -> Made {
        Made::new(ids::span(self.trace, name, ""), self.root, name, time)
    }

    fn order_id(&self, client_order_id: &str) -> SpanId {
        ids::span(self.trace, "order", client_order_id)
    }

    fn risk_gate(&self) -> Made {
        let (signal, chain) = (&self.subject.chain.signal, self.subject.chain);
        let committed = signal.client_order_id.as_deref().and_then(|id| chain.step(id, OrderStep::Committed));
        let mut span = self.span(RISK_GATE, (signal.at, committed.map_or(signal.at, |step| step.at)));
        let is_approved = signal.client_order_id.is_some();
        span.attributes = vec![KeyValue::new("orb.approved", is_approved)];
        if let Some(reason) = signal.reason.filter(|_| !is_approved) {
            span.attributes.push(KeyValue::new("orb.rejection.reason", reason.code()));
            span.error = Some(reason.code());
        }
        span
    }

    /// Makes the span of an order, and those of its steps and fills.
    fn order(&self, order: &OrderRow) -> Vec<Made> {
        let id = self.order_id(&order.client_order_id);
        let below: Vec<Made> = self.steps(order, id).into_iter().chain(self.fills(order, id)).collect();
        let ended = is_over(order.status).then_some(order.updated_at);
        let start = below.iter().map(|span| span.start).fold(order.created_at, Ord::min);
        let end = below.iter().map(|span| span.end).chain(ended).fold(order.created_at, Ord::max);
        let mut span = Made::new(id, self.root, order_name(order.role), (start, end));
        // Of the broker's answer its code alone: its sentence may say anything.
        span.error = (order.status == OrderStatus::Rejected).then_some("the broker refused it");
        span.kind = SpanKind::Client;
        span.link = order.parent.as_deref().map(|parent| self.order_id(parent));
        span.attributes = of_order(order);
        core::iter::once(span).chain(below).collect()
    }

    fn steps(&self, order: &OrderRow, parent: SpanId) -> Vec<Made> {
        let at = |step| self.subject.chain.step(&order.client_order_id, step).map(|row| row.at);
        let committed = at(OrderStep::Committed);
        let sent = at(OrderStep::Sent);
        let steps = [
            ("commit", Some(order.created_at), committed),
            ("send", committed, sent),
            ("acknowledge", sent, at(OrderStep::Acknowledged)),
        ];
        let made = steps.into_iter().filter_map(|(name, from, to)| {
            let id = ids::span(self.trace, name, &order.client_order_id);
            Some(Made::new(id, parent, name, (from?, to?)))
        });
        made.collect()
    }

    /// Makes a span for each execution, from what came before it.
    fn fills(&self, order: &OrderRow, parent: SpanId) -> Vec<Made> {
        let chain = self.subject.chain;
        let step = |step| chain.step(&order.client_order_id, step).map(|row| row.at);
        let taken = [OrderStep::Working, OrderStep::Acknowledged, OrderStep::Sent].into_iter().find_map(step);
        let mut before = taken.unwrap_or(order.created_at);
        let own = chain.fills.iter().filter(|fill| fill.client_order_id == order.client_order_id);
        let made = own.map(|fill| {
            let id = ids::span(self.trace, "fill", &fill.id);
            let mut span = Made::new(id, parent, "fill", (before.min(fill.at), fill.at));
            span.attributes = of_fill(fill);
            before = fill.at;
            span
        });
        made.collect()
    }

    /// Makes the span from the first fill until a stop was in force; without one it has no length, and is an error
    /// where shares were held.
    fn protect(&self) -> Option<Made> {
        let chain = self.subject.chain;
        let first = self.entries().map(|fill| fill.at).min()?;
        let stops = chain.orders.iter().filter(|order| order.role == OrderRole::Stop);
        let working =
            stops.filter_map(|order| chain.step(&order.client_order_id, OrderStep::Working)).map(|row| row.at);
        let held = chain.held_stops().map(|(at, _)| at);
        let since = working.chain(held).min();
        let mut span = self.span(PROTECT, (first, since.unwrap_or(first)));
        span.attributes = vec![KeyValue::new("orb.protected", since.is_some())];
        if let Some(trade) = self.subject.trade {
            span.attributes.push(KeyValue::new("orb.unprotected_us", trade.unprotected.micros()));
        }
        // Where bars drive the exchange no order takes steps.
        let has_steps = !chain.steps.is_empty();
        span.error = (since.is_none() && has_steps).then_some("no stop was ever in force");
        Some(span)
    }

    fn position(&self) -> Option<Made> {
        let first = self.entries().map(|fill| fill.at).min()?;
        let exits = self.counted().filter(|fill| !self.is_entry(fill));
        let last = exits.map(|fill| fill.at).max().unwrap_or(first);
        let mut span = self.span(POSITION, (first, last));
        let shares: i64 = self.entries().map(|fill| fill.quantity.shares()).sum();
        span.attributes = vec![KeyValue::new("orb.quantity", shares)];
        if let Some(trade) = self.subject.trade {
            span.attributes.push(KeyValue::new("orb.result.net", trade.net().to_string()));
            span.attributes.extend(trade.exit_reason.map(|reason| KeyValue::new("orb.exit.reason", reason.code())));
            span.error = unprotected(trade);
        }
        Some(span)
    }

    /// Lists the executions that count.
    fn counted(&self) -> impl Iterator<Item = &FillRow> {
        self.subject.chain.fills.iter().filter(|fill| fill.taken_back.is_none())
    }

    fn entries(&self) -> impl Iterator<Item = &FillRow> {
        self.counted().filter(|fill| self.is_entry(fill))
    }

    fn is_entry(&self, fill: &FillRow) -> bool {
        let mut orders = self.subject.chain.orders.iter();
        orders.any(|order| order.client_order_id == fill.client_order_id && order.role == OrderRole::Entry)
    }
}

const fn order_name(role: OrderRole) -> &'static str {
    match role {
        OrderRole::Entry => "order entry",
        OrderRole::Stop => "order stop",
        OrderRole::Target => "order target",
        OrderRole::Close => "order close",
    }
}

const fn is_over(status: OrderStatus) -> bool {
    match status {
        OrderStatus::Filled
        | OrderStatus::Cancelled
        | OrderStatus::Expired
        | OrderStatus::Rejected
        | OrderStatus::Replaced => true,
        OrderStatus::PendingSubmit
        | OrderStatus::Working
        | OrderStatus::Held
        | OrderStatus::PartiallyFilled
        | OrderStatus::PendingCancel
        | OrderStatus::Unknown => false,
    }
}

/// Says what went wrong with a signal; `None` when nothing did.
fn failure(signal: &SignalRow, trade: Option<&Trade>) -> Option<&'static str> {
    if signal.status == SignalStatus::Rejected {
        return Some(signal.reason.map_or("rejected", |reason| reason.code()));
    }
    trade.and_then(unprotected)
}

/// Says that a position was closed because its stop could not be restored.
fn unprotected(trade: &Trade) -> Option<&'static str> {
    (trade.exit_reason == Some(ExitReason::Unprotected)).then_some("unprotected")
}

fn of_signal(subject: Subject<'_>, id: &str) -> Vec<KeyValue> {
    let signal = &subject.chain.signal;
    let reason = signal.reason.map(|reason| KeyValue::new("orb.rejection.reason", reason.code()));
    let order = signal.client_order_id.clone().map(|id| KeyValue::new("orb.order.client_id", id));
    let exit = subject.trade.and_then(|trade| trade.exit_reason);
    let exit = exit.map(|reason| KeyValue::new("orb.exit.reason", reason.code()));
    let mut attributes = vec![
        KeyValue::new("orb.ledger", subject.ledger.to_owned()),
        KeyValue::new("orb.mode", subject.mode.name()),
        KeyValue::new("orb.signal.id", id.to_owned()),
        KeyValue::new("orb.signal.status", signal.status.name()),
        KeyValue::new("orb.strategy", signal.attempt.strategy.clone()),
        KeyValue::new("orb.symbol", signal.attempt.symbol.clone()),
        KeyValue::new("orb.side", signal.side.to_string()),
        KeyValue::new("orb.quantity", signal.quantity.shares()),
        KeyValue::new("orb.filled", signal.filled.shares()),
        KeyValue::new("orb.level", signal.level.to_string()),
        KeyValue::new("orb.stop", signal.stop.to_string()),
    ];
    attributes.extend(reason.into_iter().chain(order).chain(exit));
    attributes
}

fn of_order(order: &OrderRow) -> Vec<KeyValue> {
    let kind = match order.kind {
        OrderKind::Market => "market",
        OrderKind::Limit(_) => "limit",
        OrderKind::Stop(_) => "stop",
    };
    let price = order.kind.price().map(|price| KeyValue::new("orb.order.price", price.to_string()));
    let broker = order.broker_order_id.clone().map(|id| KeyValue::new("orb.order.broker_id", id));
    let code = order.rejection.as_ref().map(|found| KeyValue::new("orb.rejection.code", found.code));
    let mut attributes = vec![
        KeyValue::new("orb.order.client_id", order.client_order_id.clone()),
        KeyValue::new("orb.order.kind", kind),
        KeyValue::new("orb.side", order.side.to_string()),
        KeyValue::new("orb.quantity", order.quantity.shares()),
        KeyValue::new("orb.filled", order.filled.shares()),
    ];
    attributes.extend(price.into_iter().chain(broker).chain(code));
    attributes
}

fn of_fill(fill: &FillRow) -> Vec<KeyValue> {
    vec![
        KeyValue::new("orb.fill.id", fill.id.clone()),
        KeyValue::new("orb.side", fill.side.to_string()),
        KeyValue::new("orb.quantity", fill.quantity.shares()),
        KeyValue::new("orb.price", fill.price.to_string()),
        KeyValue::new("orb.fill.taken_back", fill.taken_back.is_some()),
    ]
}

/// Returns an instant as the system counts; before 1970 there are none.
fn time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(at.micros()).unwrap_or(0))
}
