//! A signal with its whole chain, and why a symbol was traded or not, from the records.

use orb_api::v1;
use orb_core::order::{OrderRole, OrderStatus};
use orb_core::{Date, Timestamp};
use tonic::Status;

use super::{Handle, convert, explanation, orders, records, unsettled, validate};
use crate::store::{
    DateRange, FillFilter, FillRow, OrderFilter, OrderRow, OrderStep, PageRequest, Reader, SignalRow, SortOrder,
    StepRow, StoreError,
};
use crate::view::View;

/// Orders or fills of one signal that are shown at most: no signal has nearly as many.
const ROWS: u32 = 1_000;
/// Characters of a signal's id, at most.
const ID_LENGTH_MAX: usize = 200;

/// Holds what the records have of a signal.
pub(crate) struct Chain {
    pub(crate) signal: SignalRow,
    record: Option<String>,
    pub(crate) orders: Vec<OrderRow>,
    pub(crate) fills: Vec<FillRow>,
    pub(crate) steps: Vec<StepRow>,
}

pub(super) async fn get_signal(
    handle: &Handle,
    request: &v1::GetSignalRequest,
) -> Result<v1::GetSignalResponse, Status> {
    let id = request.id.clone();
    if id.is_empty() || id.len() > ID_LENGTH_MAX {
        return Err(validate::invalid("id", "give the id of a signal, as `ListSignals` shows it"));
    }
    let found = records::read(&handle.reader, move |reader| read(reader, &id)).await?;
    let Some(chain) = found else {
        return Err(Status::not_found(format!("there is no signal `{}`; `ListSignals` shows them", request.id)));
    };
    let ledger_id = handle.reader.ledger_id();
    let events = events(&chain);
    let Chain { signal, record, orders: rows, fills, .. } = chain;
    Ok(v1::GetSignalResponse {
        ledger: Some(convert::ledger(&handle.current().ledger)),
        signal: Some(records::signal(ledger_id, signal)),
        explanation: record.and_then(|record| explanation::read(ledger_id, &record)),
        orders: rows.into_iter().map(|row| orders::order(ledger_id, row)).collect(),
        fills: fills.into_iter().map(|row| records::fill(ledger_id, row)).collect(),
        events,
    })
}

/// Reads all that the records have of a signal; `None` where there is no such signal.
pub(crate) fn read(reader: &Reader, id: &str) -> Result<Option<Chain>, StoreError> {
    let Some(signal) = reader.signal(id)? else { return Ok(None) };
    let (attempts, order) = (vec![id.to_owned()], SortOrder::OldestFirst);
    let page = PageRequest::first(ROWS);
    let orders =
        reader.list_orders(&OrderFilter { attempts: attempts.clone(), order, ..OrderFilter::default() }, &page)?;
    let fills = reader.list_fills(&FillFilter { attempts, order, ..FillFilter::default() }, &page)?;
    let attempt = &signal.attempt;
    let record = reader.explanation(attempt.date, &attempt.symbol, &attempt.strategy)?;
    let ids: Vec<String> = orders.rows.iter().map(|order| order.client_order_id.clone()).collect();
    let steps = reader.order_steps(&ids)?;
    Ok(Some(Chain { record, orders: orders.rows, fills: fills.rows, steps, signal }))
}

impl Chain {
    /// Returns when an order took a step; `None` when it did not, or that was not recorded.
    pub(crate) fn step(&self, order: &str, step: OrderStep) -> Option<&StepRow> {
        self.steps.iter().find(|row| row.client_order_id == order && row.step == step)
    }

    /// Lists the stops that are legs of the entry, with the time from which they protect: such a leg is held beside the
    /// target all its life, and in force once the broker has it and the entry is filled.
    pub(crate) fn held_stops(&self) -> impl Iterator<Item = (Timestamp, &String)> {
        let stops = self.orders.iter().map(|order| (order.role, &order.client_order_id));
        let held = stops.filter(|(role, id)| *role == OrderRole::Stop && self.step(id, OrderStep::Working).is_none());
        held.filter_map(|(_, id)| {
            let (held, filled) = (self.step(id, OrderStep::Acknowledged)?.at, self.signal.filled_at?);
            Some((held.max(filled), id))
        })
    }
}

/// One thing that happened, before it is put in order.
struct Happened {
    at: Timestamp,
    kind: &'static str,
    order: Option<String>,
    detail: String,
}

/// Lists what happened in time's order, each with the time since the event before. What was not recorded is absent.
fn events(chain: &Chain) -> Vec<v1::SignalEvent> {
    let mut list = Vec::new();
    let signal = &chain.signal;
    let mut add = |at, kind, order: Option<&String>, detail| {
        list.push(Happened { at, kind, order: order.cloned(), detail });
    };
    add(signal.at, "decided", None, String::new());
    for step in &chain.steps {
        let role =
            chain.orders.iter().find(|order| order.client_order_id == step.client_order_id).map(|order| order.role);
        if let Some(kind) = role.and_then(|role| taken(role, step.step)) {
            add(step.at, kind, Some(&step.client_order_id), String::new());
        }
    }
    let is_step = |step: &StepRow| {
        step.step == OrderStep::Acknowledged && Some(&step.client_order_id) == signal.client_order_id.as_ref()
    };
    // Before steps were recorded the signal alone had it.
    if let Some(at) = signal.submitted_at.filter(|_| !chain.steps.iter().any(is_step)) {
        add(at, "acknowledged", signal.client_order_id.as_ref(), String::new());
    }
    for fill in &chain.fills {
        let Some(order) = chain.orders.iter().find(|order| order.client_order_id == fill.client_order_id) else {
            continue;
        };
        let filled: i64 = filled_up_to(&chain.fills, fill);
        let is_whole = filled >= order.quantity.shares();
        let kind = match (order.role, is_whole) {
            (OrderRole::Entry, true) => "filled",
            (OrderRole::Entry, false) => "partially_filled",
            (OrderRole::Stop | OrderRole::Target | OrderRole::Close, _) => "exit_filled",
        };
        let detail = format!("{} at {}", fill.quantity.shares(), fill.price);
        add(fill.at, kind, Some(&fill.client_order_id), detail);
    }
    for (at, id) in chain.held_stops() {
        add(at, "stop_working", Some(id), String::new());
    }
    for order in &chain.orders {
        let is_sent = |step: &StepRow| step.step == OrderStep::Sent && step.client_order_id == order.client_order_id;
        if order.role == OrderRole::Close && !chain.steps.iter().any(is_sent) {
            add(order.created_at, "exit_sent", Some(&order.client_order_id), String::new());
        }
        if let Some(kind) = ended(order.status) {
            let detail = order.rejection.as_ref().map(|found| found.message.clone()).unwrap_or_default();
            add(order.updated_at, kind, Some(&order.client_order_id), detail);
        }
    }
    // What was added first of one instant stays first.
    list.sort_by_key(|happened| happened.at);
    let mut before = None;
    list.into_iter()
        .map(|Happened { at, kind, order, detail }| {
            let since = before.replace(at).map(|before| (at - before).micros());
            v1::SignalEvent {
                time: Some(convert::instant(at)),
                kind: kind.to_owned(),
                latency: since.map(orb_api::time::duration_from_micros),
                client_order_id: order,
                detail,
            }
        })
        .collect()
}

/// Sums the shares of an order's fills up to one of them.
fn filled_up_to(fills: &[FillRow], last: &FillRow) -> i64 {
    let same = fills.iter().filter(|fill| fill.client_order_id == last.client_order_id);
    let mut sum = 0;
    for fill in same {
        sum += fill.quantity.shares();
        if fill.id == last.id {
            break;
        }
    }
    sum
}

/// Names a step of an order by what the order is for; `None` for a step that says nothing more.
const fn taken(role: OrderRole, step: OrderStep) -> Option<&'static str> {
    match (role, step) {
        (OrderRole::Entry, OrderStep::Committed) => Some("committed"),
        (OrderRole::Entry, OrderStep::Sent) => Some("sent"),
        (OrderRole::Entry, OrderStep::Acknowledged) => Some("acknowledged"),
        (OrderRole::Stop, OrderStep::Working) => Some("stop_working"),
        (OrderRole::Close, OrderStep::Sent) => Some("exit_sent"),
        (OrderRole::Entry | OrderRole::Target | OrderRole::Close, OrderStep::Working)
        | (OrderRole::Stop | OrderRole::Target | OrderRole::Close, OrderStep::Committed | OrderStep::Acknowledged)
        | (OrderRole::Stop | OrderRole::Target, OrderStep::Sent) => None,
    }
}

const fn ended(status: OrderStatus) -> Option<&'static str> {
    match status {
        OrderStatus::Cancelled | OrderStatus::Replaced => Some("cancelled"),
        OrderStatus::Expired => Some("expired"),
        OrderStatus::Rejected => Some("rejected"),
        OrderStatus::PendingSubmit
        | OrderStatus::Working
        | OrderStatus::Held
        | OrderStatus::PartiallyFilled
        | OrderStatus::PendingCancel
        | OrderStatus::Filled
        | OrderStatus::Unknown => None,
    }
}

pub(super) async fn explain_symbol(
    handle: &Handle,
    request: &v1::ExplainSymbolRequest,
) -> Result<v1::ExplainSymbolResponse, Status> {
    let symbol = validate::symbol("symbol", &request.symbol)?.to_string();
    let (asked, wanted) = (validate::date("date", &request.date)?, validate::strategies(&request.strategies)?);
    let name = symbol.clone();
    let found = records::read(&handle.reader, move |reader| {
        let Some(date) = session_date(reader, asked)? else { return Ok(None) };
        let signals = reader.signals_of(date)?.into_iter().filter(|row| row.attempt.symbol == name).collect::<Vec<_>>();
        Ok(Some((date, reader.explanations(date, Some(&name))?, signals)))
    })
    .await?;
    let Some((date, rows, signals)) = found else {
        let which = asked.map_or_else(|| "any day".to_owned(), |date| date.to_string());
        return Err(Status::not_found(format!("nothing is known of {symbol}: there was no session of {which}")));
    };
    let (view, id) = (handle.current(), handle.reader.ledger_id());
    let passes = |strategy: &str| wanted.is_empty() || wanted.iter().any(|name| name == strategy);
    let recorded = rows.iter().filter_map(|record| explanation::read(id, record));
    let mut explanations: Vec<_> = recorded.filter(|found| passes(&found.strategy)).collect();
    for strategy in view.config.strategies.iter().filter(|strategy| passes(strategy)) {
        if !explanations.iter().any(|found| *found.strategy == **strategy) {
            explanations.push(unrecorded(&view, date, strategy, &symbol, id));
        }
    }
    explanations.sort_by(|one, other| one.strategy.cmp(&other.strategy));
    let signals = signals.into_iter().filter(|row| passes(&row.attempt.strategy));
    Ok(v1::ExplainSymbolResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        explanations,
        signals: signals.map(|row| records::signal(id, row)).collect(),
    })
}

/// Explains a symbol of which a strategy has no record.
fn unrecorded(view: &View, date: Date, strategy: &str, symbol: &str, ledger_id: &str) -> v1::Explanation {
    let day = date.to_string();
    let watched = unsettled::of(view, date).find(|watched| (watched.strategy, watched.symbol) == (strategy, symbol));
    if let Some(watched) = watched {
        return watched.explanation(ledger_id, &day);
    }
    let is_today = view.session.is_some_and(|session| session.date == date);
    let is_known = is_today && view.symbols.iter().any(|(_, known)| known.as_str() == symbol);
    explanation::unrecorded(ledger_id, strategy, symbol, &day, is_known)
}

/// Returns the date of a session that was recorded, or of the last one; `None` when there is none.
pub(super) fn session_date(reader: &Reader, asked: Option<Date>) -> Result<Option<Date>, StoreError> {
    let range = asked.map_or_else(DateRange::default, DateRange::day);
    Ok(reader.sessions(range)?.pop().map(|session| session.date))
}
