//! The whole state at the broker, read until its parts agree.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orb_core::event::{BrokerAccount, BrokerFill, BrokerPosition, BrokerSnapshot};
use orb_core::order::{BrokerOrder, BrokerOrderId, Execution, OrderStatus};
use orb_core::{Calendar, Money, Price, Quantity, Span, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::broker::position;
use super::errors::price;
use super::orders::shares;
use super::rest::paths::PAYMENTS;
use super::rest::{CallError, Manner, Rest, Unclear, paths};
use super::wire::order::{Account, FillActivity, Order, Position, ServerClock};

/// From New York's midnight to the regular open.
const MIDNIGHT_TO_OPEN: Span = Span::from_minutes(570);
/// How far a day goes back where the calendar has none.
const DAY: Span = Span::from_minutes(24 * 60);
/// So often the state is read until its parts agree.
const READS_MAX: u32 = 3;
/// The pause before it is read again.
const READ_AGAIN: Duration = Duration::from_millis(300);
/// Most orders of earlier days that are asked for one by one, because they were filled today.
const OLD_ORDERS_MAX: usize = 20;

/// How Alpaca calls the state of an order whose place another took.
const REPLACED: &str = "replaced";

/// Holds what was read, before it is put into the engine's words.
#[derive(Debug, Default)]
struct Parts {
    orders: Vec<Order>,
    fills: Vec<FillActivity>,
    positions: Vec<Position>,
    account: Account,
}

/// Tells how the identifier of an execution is made: of its order's, and the shares that are filled after it.
///
/// The stream and the list of activities name executions differently; both know these two.
#[must_use]
pub(crate) fn execution_id(order_id: &str, filled: Quantity) -> String {
    format!("{order_id}@{filled}")
}

/// Returns New York's midnight before the session that is under way, comes next today, or was last.
fn day_start(calendar: &Calendar, now: Timestamp) -> Timestamp {
    let sessions = calendar.sessions();
    let begun = sessions.partition_point(|session| session.open - MIDNIGHT_TO_OPEN <= now);
    let last = begun.checked_sub(1).and_then(|index| sessions.get(index));
    last.map_or(now - DAY, |session| session.open - MIDNIGHT_TO_OPEN)
}

impl Rest {
    /// Returns the whole state at the broker: the day's orders and those that still work, positions, the day's
    /// executions and the account.
    ///
    /// It is read again where its parts do not agree because something happened meanwhile.
    ///
    /// # Errors
    /// When a part cannot be had.
    pub async fn snapshot(&self, now: Timestamp) -> Result<BrokerSnapshot, CallError> {
        let since = day_start(self.calendar(), now);
        let mut parts = self.read_parts(since).await;
        for _ in 1..READS_MAX {
            match &parts {
                Ok((_, true)) | Err(_) => break,
                Ok((_, false)) => tokio::time::sleep(READ_AGAIN).await,
            }
            parts = self.read_parts(since).await;
        }
        let (parts, agree) = parts?;
        if !agree {
            tracing::warn!("the broker's orders, executions and positions did not agree while they were read");
        }
        self.assemble(&parts)
    }

    /// Reads all parts, and tells whether nothing moved meanwhile and the executions explain the orders.
    async fn read_parts(&self, since: Timestamp) -> Result<(Parts, bool), CallError> {
        let before = self.position_list(&Manner::question()).await?;
        let mut orders = self.order_list("all", Some(since)).await?;
        self.add_open_orders(&mut orders).await?;
        let fills = self.fill_list(since).await?;
        self.add_filled_orders(&mut orders, &fills).await?;
        orders.sort_by_key(|order| order.created_at.or(order.submitted_at));
        let account = self.ask(&Manner::question(), paths::call("/v2/account", &[])).await?;
        let positions = self.position_list(&Manner::question()).await?;
        let agree = held(&before) == held(&positions) && explained(&orders, &fills, since);
        Ok((Parts { orders, fills, positions, account }, agree))
    }

    /// Adds the orders of earlier days that still work.
    async fn add_open_orders(&self, orders: &mut Vec<Order>) -> Result<(), CallError> {
        let open = self.order_list("open", None).await?;
        let known: BTreeSet<&str> = every(orders).map(|order| order.id.as_str()).collect();
        let older: Vec<Order> = open.into_iter().filter(|order| !known.contains(order.id.as_str())).collect();
        orders.extend(older);
        Ok(())
    }

    /// Adds the orders of earlier days that were filled today.
    async fn add_filled_orders(&self, orders: &mut Vec<Order>, fills: &[FillActivity]) -> Result<(), CallError> {
        let known: BTreeSet<String> = every(orders).map(|order| order.id.clone()).collect();
        let missing: BTreeSet<&str> = fills
            .iter()
            .map(|fill| fill.order_id.as_str())
            .filter(|id| !id.is_empty() && !known.contains(*id))
            .collect();
        for id in missing.into_iter().take(OLD_ORDERS_MAX) {
            match self.ask(&Manner::question(), paths::order(&BrokerOrderId::new(id))).await {
                Ok(order) => orders.push(order),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn assemble(&self, parts: &Parts) -> Result<BrokerSnapshot, CallError> {
        let account = account(&parts.account)?;
        let mut foreign = Vec::new();
        let orders = self.known_orders(&parts.orders, &mut foreign);
        let fills = self.fills(&parts.fills, &orders);
        let positions = self.positions(&parts.positions, &mut foreign);
        let transfers = transfers(&parts.fills);
        Ok(BrokerSnapshot { orders: newest_only(orders, &parts.orders), positions, fills, account, foreign, transfers })
    }

    /// Reads the orders; those that are none of orb's are told, unless nothing came and nothing can come of them.
    fn known_orders(&self, orders: &[Order], foreign: &mut Vec<String>) -> Vec<BrokerOrder> {
        let mut known = Vec::with_capacity(orders.len());
        for order in orders {
            match self.orders().read(order) {
                Ok(order) => known.push(order),
                Err(error) if matters(order) => foreign.push(describe(order, &error)),
                Err(_) => {}
            }
        }
        known
    }

    fn fills(&self, fills: &[FillActivity], orders: &[BrokerOrder]) -> Vec<BrokerFill> {
        let by_id: BTreeMap<&str, &BrokerOrder> = orders
            .iter()
            .flat_map(|order| core::iter::once(order).chain(&order.legs))
            .map(|order| (order.broker_id.as_str(), order))
            .collect();
        let mut fills: Vec<&FillActivity> = fills.iter().collect();
        fills.sort_by_key(|fill| fill.transaction_time);
        let read = |fill: &FillActivity| {
            let read = broker_fill(fill, by_id.get(fill.order_id.as_str())?)?;
            // An activity's identifier is a time and, behind it, the name of the execution.
            let name = fill.id.rsplit("::").next().unwrap_or_default();
            self.orders().note_execution(name, &read.execution.id);
            Some(read)
        };
        fills.into_iter().filter_map(read).collect()
    }

    fn positions(&self, positions: &[Position], foreign: &mut Vec<String>) -> Vec<BrokerPosition> {
        let mut known = Vec::with_capacity(positions.len());
        for held in positions {
            match self.orders().symbol(&held.symbol).and_then(|symbol| position(held, symbol)) {
                Some(position) => known.push(position),
                None => {
                    let shares =
                        held.qty.map_or_else(|| "an unknown number of".to_owned(), |shares| shares.to_string());
                    foreign.push(format!("position of {shares} shares in {}", held.symbol));
                }
            }
        }
        known
    }
}

/// Lists orders with their legs.
fn every(orders: &[Order]) -> impl Iterator<Item = &Order> {
    orders.iter().flat_map(|order| core::iter::once(order).chain(&order.legs))
}

/// Returns what is held, in a form in which two readings can be compared.
fn held(positions: &[Position]) -> BTreeMap<&str, Option<Decimal>> {
    positions.iter().map(|position| (position.symbol.as_str(), position.qty)).collect()
}

/// Tells whether the day's executions explain the filled shares of the day's orders: the list of executions may lag.
fn explained(orders: &[Order], fills: &[FillActivity], since: Timestamp) -> bool {
    let mut filled: BTreeMap<&str, Decimal> = BTreeMap::new();
    for fill in fills {
        let sum = filled.entry(&fill.order_id).or_default();
        *sum = sum.saturating_add(fill.qty.unwrap_or_default());
    }
    every(orders).filter(|order| order.created_at.is_some_and(|at| at >= since)).all(|order| {
        let listed = filled.get(order.id.as_str()).copied().unwrap_or_default();
        listed >= order.filled_qty.unwrap_or_default()
    })
}

/// Leaves out the orders whose place others took, and those that have not taken it: a replacement may be refused yet.
///
/// An order whose place was taken by one that is not listed is in doubt.
fn newest_only(orders: Vec<BrokerOrder>, listed: &[Order]) -> Vec<BrokerOrder> {
    let by_id: BTreeMap<&str, &Order> = every(listed).map(|order| (order.id.as_str(), order)).collect();
    let replacing: BTreeSet<&str> = every(listed).filter_map(|order| order.replaces.as_deref()).collect();
    let keep = |mut order: BrokerOrder| {
        let listed = by_id.get(order.broker_id.as_str())?;
        let predecessor = listed.replaces.as_deref().and_then(|id| by_id.get(id));
        if predecessor.is_some_and(|predecessor| predecessor.status != REPLACED) {
            return None;
        }
        if listed.status != REPLACED {
            return Some(order);
        }
        let successor = listed.replaced_by.as_deref();
        if replacing.contains(listed.id.as_str()) || successor.is_some_and(|successor| by_id.contains_key(successor)) {
            return None;
        }
        order.status = OrderStatus::Unknown;
        Some(order)
    };
    let keep_with_legs = |mut order: BrokerOrder| {
        let legs = core::mem::take(&mut order.legs).into_iter().filter_map(keep).collect();
        // The legs of an entry that was replaced belong to its successor, which lists them itself.
        keep(order).map(|order| BrokerOrder { legs, ..order })
    };
    orders.into_iter().filter_map(keep_with_legs).collect()
}

fn broker_fill(fill: &FillActivity, order: &BrokerOrder) -> Option<BrokerFill> {
    let filled = shares(fill.cum_qty)?;
    let quantity = shares(fill.qty).filter(|quantity| *quantity > Quantity::ZERO && *quantity <= filled)?;
    let execution = Execution {
        id: execution_id(&fill.order_id, filled),
        price: price(fill.price).filter(|price| *price > Price::ZERO)?,
        quantity,
        fee: Money::ZERO,
        at: fill.transaction_time?,
        at_data_end: false,
    };
    let status = if filled >= order.quantity { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
    Some(BrokerFill { order: BrokerOrder { filled, status, ..order.clone() }, execution })
}

/// Returns what was paid in less what was paid out; `None` where an amount cannot be read.
fn transfers(activities: &[FillActivity]) -> Option<Money> {
    let payments = activities.iter().filter(|activity| PAYMENTS.contains(&activity.activity_type.as_str()));
    payments.map(|payment| Money::from_decimal(payment.net_amount?).ok()).sum()
}

fn account(account: &Account) -> Result<BrokerAccount, CallError> {
    let money = |value: Option<Decimal>, name: &str| {
        let missing = || CallError::Unclear(Unclear::Unreadable(format!("the account has no {name}")));
        value.and_then(|value| Money::from_decimal(value).ok()).ok_or_else(missing)
    };
    let multiplier = account.multiplier.and_then(|times| times.to_u8()).filter(|times| *times > 0);
    Ok(BrokerAccount { equity: money(account.equity, "equity")?, cash: money(account.cash, "cash")?, multiplier })
}

/// Names an account and its money.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountIdentity {
    /// The number under which people know it: not for logs.
    pub number: String,
    /// Its money.
    pub money: BrokerAccount,
}

impl core::fmt::Debug for AccountIdentity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AccountIdentity").field("money", &self.money).finish_non_exhaustive()
    }
}

impl Rest {
    /// Reads what time it is at Alpaca.
    ///
    /// # Errors
    /// When its clock cannot be read.
    pub async fn time(&self) -> Result<Timestamp, CallError> {
        let found: ServerClock = self.ask(&Manner::question(), paths::call("/v2/clock", &[])).await?;
        let missing = || CallError::Unclear(Unclear::Unreadable("the clock has no timestamp".to_owned()));
        found.timestamp.ok_or_else(missing)
    }

    /// Reads which account the credentials open, and its money.
    ///
    /// # Errors
    /// When the account cannot be read, or has no number or no equity.
    pub async fn account(&self) -> Result<AccountIdentity, CallError> {
        let found: Account = self.ask(&Manner::question(), paths::call("/v2/account", &[])).await?;
        if found.account_number.is_empty() {
            let text = "the account has no account_number".to_owned();
            return Err(CallError::Unclear(Unclear::Unreadable(text)));
        }
        Ok(AccountIdentity { money: account(&found)?, number: found.account_number })
    }
}

/// Tells whether an order of somebody else's touches the account: it works, or it was filled.
fn matters(order: &Order) -> bool {
    let over = matches!(order.status.as_str(), "filled" | "canceled" | "expired" | "rejected" | "replaced");
    !over || order.filled_qty.is_some_and(|shares| !shares.is_zero())
}

fn describe(order: &Order, error: &super::orders::OrderError) -> String {
    let shares = order.qty.map_or_else(|| "an amount".to_owned(), |shares| shares.to_string());
    let (side, kind, status) = (&order.side, order.type_word(), &order.status);
    format!("order {}: {side} {shares} {} {kind}, {status} ({error})", order.id, order.symbol)
}

/// Returns the executions that lists of orders and of activities tell of, each by each, as a snapshot is made of them.
#[cfg(test)]
pub(crate) fn fills_of_lists(
    reader: &super::orders::OrderReader,
    orders: &[Order],
    fills: &[FillActivity],
) -> Vec<BrokerFill> {
    let _ = explained(orders, fills, Timestamp::MIN);
    let read = orders.iter().filter_map(|order| reader.read(order).ok()).collect();
    let known = newest_only(read, orders);
    known.iter().flat_map(|order| fills.iter().filter_map(|fill| broker_fill(fill, order))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orb_core::{Date, Session, Symbol, SymbolTable};
    use serde_json::{Value, json};

    use super::super::orders::OrderReader;
    use super::*;

    #[test]
    fn what_is_paid_in_or_out_is_summed_and_an_amount_that_is_not_told_is_unknown() {
        let sum = |activities: Value| {
            let read: Vec<FillActivity> = serde_json::from_value(activities).expect("activities");
            transfers(&read).map(|sum| sum.to_string())
        };
        let fill = json!({"id": "1", "activity_type": "FILL", "net_amount": "9"});
        let paid = |kind: &str, amount: Value| json!({"id": "2", "activity_type": kind, "net_amount": amount});
        assert_eq!(sum(json!([fill])).as_deref(), Some("0"));
        let all = json!([
            fill,
            paid("CSD", json!("1000.5")),
            paid("CSW", json!("-200")),
            paid("JNLC", json!("-0.25")),
            paid("FEE", json!("-1"))
        ]);
        assert_eq!(sum(all).as_deref(), Some("800.25"));
        assert_eq!(sum(json!([paid("CSD", json!(null))])), None);
    }

    #[test]
    fn a_day_begins_at_new_york_s_midnight() {
        let session = |day: u32| {
            let date = Date::from_ymd_opt(2026, 11, day).expect("a date");
            let open = Timestamp::from_datetime(date.and_hms_opt(14, 30, 0).expect("a time").and_utc());
            Session { date, open, close: open + Span::from_minutes(390) }
        };
        let calendar = Calendar::new(vec![session(25), session(27)]).expect("in order");
        let at = |text: &str| Timestamp::parse_rfc3339(text).expect(text);
        let start = |now: &str| day_start(&calendar, at(now)).to_string();
        assert_eq!(start("2026-11-27T15:00:00Z"), "2026-11-27T05:00:00Z");
        assert_eq!(start("2026-11-27T05:00:00Z"), "2026-11-27T05:00:00Z");
        assert_eq!(start("2026-11-27T04:59:59Z"), "2026-11-25T05:00:00Z", "the holiday belongs to the day before it");
        assert_eq!(start("2020-01-02T12:00:00Z"), "2020-01-01T12:00:00Z", "before the calendar: a day back");
    }

    #[test]
    fn executions_are_named_by_their_order_and_its_filled_shares() {
        assert_eq!(execution_id("61e69015", Quantity::new(140)), "61e69015@140");
    }

    fn order(values: [&str; 6]) -> Order {
        let [id, number, status, replaces, replaced_by, kind] = values;
        let json = json!({"id": id, "client_order_id": "c", "symbol": "SPY", "qty": number, "filled_qty": number,
            "limit_price": number, "stop_price": number, "side": "buy", "type": kind, "status": status,
            "replaces": replaces, "replaced_by": replaced_by, "created_at": "2026-11-27T14:30:00Z"});
        serde_json::from_value(json).expect("an order")
    }

    proptest::proptest! {
        #[test]
        fn no_list_makes_it_panic(
            lists in proptest::collection::vec(proptest::array::uniform6("[0-3]|[0-9.eE+-]{1,30}|replaced|new|stop|limit"), 0..6),
        ) {
            let symbols = SymbolTable::new([Symbol::new("SPY").expect("a symbol")]);
            let reader = OrderReader::new(Arc::new(symbols));
            let listed: Vec<Order> = lists.iter().map(|values| order(values.each_ref().map(String::as_str))).collect();
            let fills: Vec<FillActivity> = lists.iter().map(|[id, number, ..]| {
                let json: Value = json!({"id": id, "order_id": id, "qty": number, "cum_qty": number, "price": number,
                    "transaction_time": "2026-11-27T14:30:00Z"});
                serde_json::from_value(json).expect("an activity")
            }).collect();
            let _ = fills_of_lists(&reader, &listed, &fills);
        }
    }
}
