//! The far end of the line: the broker's account, what goes wrong with its orders, and conversations with it.

use std::collections::{BTreeMap, BTreeSet};

use orb_core::effect::Action;
use orb_core::event::{BrokerAccount, BrokerFill, BrokerPosition, BrokerSnapshot, Outcome};
use orb_core::order::{BrokerOrder, BrokerOrderId, ClientOrderId, Execution, OrderStatus};
use orb_core::{Money, Quantity, Span, Timestamp};
use orb_sim::broker::{Broker, BrokerConfig};
use orb_sim::http::{Reply, Request};
use orb_sim::order_faults::{OrderFaultSource, OrderFaults, OrderGlimpse, Pieces};
use serde_json::Value;

use crate::dice::Dice;
use crate::plan::{Plan, Trouble, equity};
use crate::wire::{self, Reader, asking, bare, broker_id, rejection, shares, text};

/// The identifiers of somebody else's orders begin so.
pub(crate) const STRANGER: &str = "somebody-";

/// Spoils orders of ours as the plan says.
struct Spoiler {
    plan: Plan,
    dice: Dice,
}

impl OrderFaultSource for Spoiler {
    fn faults_of(&mut self, now: Timestamp, order: OrderGlimpse<'_>) -> OrderFaults {
        let (plan, dice) = (&self.plan, &mut self.dice);
        let is_ours = !order.client_order_id.starts_with(STRANGER);
        if !is_ours || !dice.hits(plan.chance(Trouble::Orders, now, 450)) {
            return OrderFaults::default();
        }
        let left = (plan.healed_at - now).micros() / 1_000;
        let kind = dice.below(9);
        let mut hang = |most: i64| Some(Span::from_millis(dice.between(100, most).min(left)));
        match kind {
            0 => OrderFaults { pending_new: hang(20_000), ..OrderFaults::default() },
            1 => OrderFaults { pending_cancel: hang(30_000), ..OrderFaults::default() },
            2 => OrderFaults { fills_after_cancel: true, ..OrderFaults::default() },
            3 => OrderFaults { rejected: Some("the exchange refused".to_owned()), ..OrderFaults::default() },
            4 => OrderFaults { legs_rejected: true, ..OrderFaults::default() },
            5 => OrderFaults { both_legs_fill: true, ..OrderFaults::default() },
            6 => OrderFaults { replace_rejected: true, ..OrderFaults::default() },
            7 => OrderFaults { fills_while_replaced: true, ..OrderFaults::default() },
            _ => {
                let every = hang(3_000).unwrap_or_default();
                let count = 2 + u32::try_from(order.quantity.shares() % 4).unwrap_or(0);
                // Only what has a limit may be left over for ever: there is always somebody to trade with at the market.
                let stops = (order.order_type == "limit" && order.order_class != "oco" && count > 3).then_some(1);
                OrderFaults { pieces: Some(Pieces { count, every, stops_after: stops }), ..OrderFaults::default() }
            }
        }
    }
}

/// Opens the account of a session.
pub(crate) fn open(plan: &Plan) -> Broker {
    let mut config = BrokerConfig::new(equity(), plan.symbols.clone(), plan.calendar.clone());
    config.acknowledge_after = plan.acknowledge;
    config.fill_after = plan.fill;
    config.seed = plan.seed;
    Broker::new(config, Box::new(Spoiler { plan: plan.clone(), dice: Dice::new(plan.seed, 2) }))
}

/// Speaks with the broker at one instant, in the words of one life of the daemon.
pub(crate) struct Talk<'a> {
    pub(crate) broker: &'a mut Broker,
    pub(crate) reader: &'a mut Reader,
    pub(crate) now: Timestamp,
}

/// Most orders that took each other's place, one after the other.
const REPLACEMENTS_MAX: usize = 32;

impl Talk<'_> {
    fn ask(&mut self, request: &Request) -> Reply {
        self.broker.request(self.now, request)
    }

    fn get(&mut self, path: &str, query: &[(&str, &str)]) -> Value {
        let reply = self.ask(&asking(path, query));
        assert_eq!(reply.status, 200, "{path}: {:?}", reply.body);
        reply.body.unwrap_or_default()
    }

    /// Carries out what needs no prices of the past.
    pub(crate) fn carry_out(&mut self, action: &Action, plan: &Plan) -> Outcome {
        match action {
            Action::Submit(request) => {
                let symbol = plan.symbols.name(request.attempt.symbol);
                let reply = self.ask(&wire::new_order(request, symbol.as_str(), plan.carries_exits));
                self.taken(&reply, &request.id)
            }
            Action::Replace { order, broker_id, price } => {
                let id = self.reader.newest(order).unwrap_or_else(|| broker_id.clone());
                let old = self.get(&format!("/v2/orders/{id}"), &[]);
                let reply = self.ask(&wire::replacement(&id, *price, text(&old, "type") == "limit"));
                self.taken(&reply, order)
            }
            Action::Cancel { order, broker_id } => self.cancel(order, broker_id.clone()),
            Action::Find(order) => match self.look_up(order) {
                Some(found) => Outcome::Found(self.reader.read_as(&found, order)),
                None => Outcome::NotFound,
            },
            Action::QueryPositions => Outcome::Positions(self.positions()),
            Action::QuerySnapshot | Action::QueryBars { .. } => Outcome::Done,
        }
    }

    fn taken(&mut self, reply: &Reply, id: &ClientOrderId) -> Outcome {
        match &reply.body {
            Some(order) if reply.status == 200 => Outcome::Accepted(self.reader.read_as(order, id)),
            _ => Outcome::Rejected(rejection(reply)),
        }
    }

    fn cancel(&mut self, order: &ClientOrderId, known: Option<BrokerOrderId>) -> Outcome {
        let mut id = match self.reader.newest(order).or(known) {
            Some(id) => id,
            None => match self.look_up(order) {
                None => return Outcome::NotFound,
                Some(found) if is_over(&found) => return Outcome::Found(self.reader.read_as(&found, order)),
                Some(found) => broker_id(&found, "id").expect("an order has an identifier"),
            },
        };
        for _ in 0..3 {
            match self.ask(&bare("DELETE", &format!("/v2/orders/{id}"))).status {
                204 => return Outcome::Done,
                404 => return Outcome::NotFound,
                _ => {}
            }
            let found = self.newest(&id);
            let newest = broker_id(&found, "id").expect("an order has an identifier");
            if is_over(&found) || newest == id {
                return Outcome::Found(self.reader.read_as(&found, order));
            }
            id = newest;
        }
        Outcome::Unknown
    }

    fn look_up(&mut self, order: &ClientOrderId) -> Option<Value> {
        let reply = self.ask(&asking("/v2/orders:by_client_order_id", &[("client_order_id", order.as_str())]));
        let id = match reply.body.filter(|_| reply.status == 200) {
            Some(found) => broker_id(&found, "id"),
            // A leg has no identifier of ours at the broker.
            None => self.reader.newest(order),
        };
        id.map(|id| self.newest(&id))
    }

    /// Returns an order, or the last of those that took its place.
    fn newest(&mut self, id: &BrokerOrderId) -> Value {
        let mut order = self.get(&format!("/v2/orders/{id}"), &[]);
        for _ in 0..REPLACEMENTS_MAX {
            let refused = broker_id(&order, "replaces").filter(|_| text(&order, "status") == "rejected");
            let Some(next) = broker_id(&order, "replaced_by").or(refused) else { break };
            _ = self.reader.read(&order);
            order = self.get(&format!("/v2/orders/{next}"), &[]);
        }
        order
    }

    fn positions(&mut self) -> Vec<BrokerPosition> {
        let list = self.get("/v2/positions", &[]);
        let held = list.as_array().cloned().unwrap_or_default();
        let position = |one: &Value| {
            let order = orb_core::Symbol::new(text(one, "symbol")).expect("a symbol");
            let symbol = self.reader.symbol(&order);
            BrokerPosition { symbol, quantity: shares(one, "qty") }
        };
        held.iter().map(position).collect()
    }

    /// Reads the whole state.
    pub(crate) fn snapshot(&mut self) -> BrokerSnapshot {
        let listed =
            self.get("/v2/orders", &[("status", "all"), ("nested", "true"), ("limit", "500"), ("direction", "asc")]);
        let listed = listed.as_array().cloned().unwrap_or_default();
        let orders: Vec<BrokerOrder> = listed.iter().map(|order| self.reader.read(order)).collect();
        let fills = self.fills(&orders);
        let positions = self.positions();
        let account = BrokerAccount {
            equity: self.broker.equity(),
            cash: self.broker.cash(),
            multiplier: Some(self.broker.multiplier()),
        };
        BrokerSnapshot {
            orders: newest_only(orders, &listed),
            positions,
            fills,
            account,
            foreign: Vec::new(),
            transfers: None,
        }
    }

    fn fills(&mut self, orders: &[BrokerOrder]) -> Vec<BrokerFill> {
        let every = orders.iter().flat_map(|order| core::iter::once(order).chain(&order.legs));
        let by_id: BTreeMap<String, &BrokerOrder> = every.map(|order| (order.broker_id.to_string(), order)).collect();
        let fill = |one: &orb_sim::broker::Execution| {
            let order = by_id.get(&one.order_id.to_string())?;
            let filled = one.cumulative.quantity();
            let execution = Execution {
                id: format!("{}@{filled}", order.broker_id),
                price: one.price,
                quantity: one.shares.quantity(),
                fee: Money::ZERO,
                at: one.at,
                at_data_end: false,
            };
            let status = if filled >= order.quantity { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
            Some(BrokerFill { order: BrokerOrder { filled, status, ..(*order).clone() }, execution })
        };
        self.broker.executions().iter().filter_map(fill).collect()
    }
}

fn is_over(order: &Value) -> bool {
    matches!(text(order, "status"), "filled" | "canceled" | "expired" | "rejected")
}

/// Leaves out the orders whose place others took, and those that have not taken it yet.
fn newest_only(orders: Vec<BrokerOrder>, listed: &[Value]) -> Vec<BrokerOrder> {
    let legs = |order: &Value| order["legs"].as_array().cloned().unwrap_or_default();
    let every: Vec<Value> = listed.iter().flat_map(|order| [vec![order.clone()], legs(order)].concat()).collect();
    let by_id: BTreeMap<BrokerOrderId, &Value> =
        every.iter().filter_map(|order| Some((broker_id(order, "id")?, order))).collect();
    let replacing: BTreeSet<BrokerOrderId> = every.iter().filter_map(|order| broker_id(order, "replaces")).collect();
    let keep = |mut order: BrokerOrder| {
        let listed = by_id.get(&order.broker_id)?;
        let predecessor = order.replaces.as_ref().and_then(|id| by_id.get(id));
        if predecessor.is_some_and(|predecessor| text(predecessor, "status") != "replaced") {
            return None;
        }
        if text(listed, "status") != "replaced" {
            return Some(order);
        }
        let successor = broker_id(listed, "replaced_by");
        if replacing.contains(&order.broker_id) || successor.is_some_and(|successor| by_id.contains_key(&successor)) {
            return None;
        }
        order.status = OrderStatus::Unknown;
        Some(order)
    };
    let keep_with_legs = |mut order: BrokerOrder| {
        let legs = core::mem::take(&mut order.legs).into_iter().filter_map(keep).collect();
        keep(order).map(|order| BrokerOrder { legs, ..order })
    };
    orders.into_iter().filter_map(keep_with_legs).collect()
}

/// Returns the shares of a position, which are whole.
pub(crate) fn position(broker: &Broker, symbol: orb_core::SymbolId) -> Quantity {
    broker.positions().get(&symbol).map_or(Quantity::ZERO, |held| held.shares.quantity())
}
