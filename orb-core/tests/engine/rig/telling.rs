//! What the engine wants and records, in the words of the scripts.

use orb_core::effect::{Action, Component, Effect};
use orb_core::fact::{Fact, Trade};
use orb_core::order::{OrderKind, OrderRequest, OrderRole, TimeInForce};

use super::Rig;

impl Rig {
    pub(super) fn show(&self, effect: &Effect) -> Option<String> {
        match effect {
            Effect::Broker(effect) => Some(self.show_action(&effect.action)),
            Effect::Record(Fact::Hold(record)) => {
                let verb = if record.cleared.is_some() { "clear" } else { "hold" };
                Some(format!("{verb} {}", record.hold.kind.name()))
            }
            Effect::Record(Fact::Decision(decision)) => {
                Some(format!("decide {} {}", self.name(decision.attempt.symbol), decision.reason))
            }
            Effect::Record(Fact::StrategyStop(stop)) => {
                Some(format!("stop {}", self.engine.config().run.strategy(stop.strategy).name))
            }
            Effect::Record(Fact::Trade(trade)) if trade.is_void() => {
                Some(format!("void {}", self.name(trade.attempt.symbol)))
            }
            Effect::Record(Fact::Trade(trade)) if trade.is_closed() => Some(self.show_trade(trade)),
            Effect::Alert(alert) if alert.component == Component::Executor => {
                Some(format!("alarm {}", alert.symbol.map_or("account", |symbol| self.name(symbol))))
            }
            Effect::Record(_) | Effect::Alert(_) => None,
        }
    }

    fn show_trade(&self, trade: &Trade) -> String {
        format!(
            "trade {} {} {} {} > {} {}",
            self.name(trade.attempt.symbol),
            trade.side,
            trade.entered,
            trade.entry_price(),
            trade.exit_price().unwrap_or_default(),
            trade.exit_reason.map_or("", orb_core::fact::ExitReason::code),
        )
    }

    fn show_action(&self, action: &Action) -> String {
        match action {
            Action::Submit(request) => self.show_request(request),
            Action::Cancel { order, .. } => format!("cancel {}", self.short(order)),
            Action::Find(id) => format!("find {}", self.short(id)),
            Action::Replace { order, price, .. } => format!("replace {} {price}", self.short(order)),
            Action::QueryPositions => "query positions".to_owned(),
            Action::QuerySnapshot => "query snapshot".to_owned(),
            Action::QueryBars { symbols, .. } => {
                let names: Vec<&str> = symbols.iter().map(|symbol| self.name(*symbol)).collect();
                format!("query bars {}", names.join(" "))
            }
        }
    }

    fn show_request(&self, request: &OrderRequest) -> String {
        let kind = match request.kind {
            OrderKind::Market => "market".to_owned(),
            OrderKind::Limit(price) => format!("limit {price}"),
            OrderKind::Stop(price) => format!("stop {price}"),
        };
        let paired = request.paired_stop.map(|stop| format!(" paired {stop}")).unwrap_or_default();
        let attached = if request.attached.is_some() { " attached" } else { "" };
        let (id, side, quantity) = (self.short(&request.id), request.side, request.quantity);
        let rests = self.engine.config().execution == orb_core::engine::Execution::Live && kind.starts_with("stop");
        let carries = request.role == OrderRole::Entry && !rests;
        assert_eq!(carries, request.attached.is_some(), "{id}: entries carry their exits");
        let lives_on = if request.time_in_force == TimeInForce::GoodTillCancelled { " gtc" } else { "" };
        format!("submit {id} {side} {quantity} {kind}{attached}{paired}{lives_on}")
    }
}
