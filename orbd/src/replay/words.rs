//! Events and effects in words, each in a line.

use orb_core::effect::{Action, BrokerEffect, Effect};
use orb_core::event::{Command, Event, FeedState, MarketData, Origin, Outcome};
use orb_core::fact::{AlarmRecord, Decision, Fact, HoldRecord, Signal, Trade};
use orb_core::order::{AttemptId, Order, OrderKind, OrderRequest};
use orb_core::{Bar, StrategyId, SymbolId, SymbolTable};

use crate::journal::Header;

/// Gives numbers their names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    symbols: &'a SymbolTable,
    strategies: &'a [String],
}

impl<'a> Names<'a> {
    /// Takes the names of a header.
    pub(crate) fn of(header: &'a Header) -> Self {
        Self { symbols: &header.symbols, strategies: &header.strategies }
    }

    /// Names a symbol; a number that is none's stays one.
    pub(crate) fn symbol(self, id: SymbolId) -> String {
        if id.index() < self.symbols.len() { self.symbols.name(id).to_string() } else { format!("symbol {}", id.0) }
    }

    /// Names a strategy; a number that is none's stays one.
    pub(crate) fn strategy(self, id: StrategyId) -> String {
        self.strategies.get(id.index()).cloned().unwrap_or_else(|| format!("strategy {}", id.0))
    }

    /// Names an attempt, as in `2026-03-02 orb-classic AAPL 1`.
    pub(crate) fn attempt(self, attempt: AttemptId) -> String {
        let (strategy, symbol) = (self.strategy(attempt.strategy), self.symbol(attempt.symbol));
        format!("{} {strategy} {symbol} {}", attempt.date, attempt.attempt)
    }
}

/// Tells what happened.
pub(super) fn event(event: &Event, names: Names<'_>) -> String {
    match event {
        Event::Market(origin, data) => market(*origin, data, names),
        Event::Order(update) => {
            let symbol = names.symbol(update.order.symbol);
            let id = update.order.client_id.as_ref().map_or("an order of somebody else", |id| id.as_str());
            format!("news of {id} ({symbol}): {:?}, {:?}", update.event, update.order.status)
        }
        Event::Snapshot(snapshot) => format!(
            "the broker's state: {} orders, {} positions, {} fills",
            snapshot.orders.len(),
            snapshot.positions.len(),
            snapshot.fills.len()
        ),
        Event::Reference(reference) => format!("what is known before {}", reference.date),
        Event::Outcome(id, outcome) => format!("the answer to effect {}: {}", id.0, answer(outcome, names)),
        Event::Command(authorised) => {
            format!("the command {} of {}", command(authorised.command, names), authorised.actor)
        }
        Event::Limits(limits) => {
            format!("limits: daily loss {}e-6, {} positions", limits.daily_loss_e6, limits.max_positions)
        }
        Event::Feed(FeedState::Trouble(kind)) => format!("trouble: {}", kind.name()),
        Event::Feed(FeedState::Recovered(kind)) => format!("recovered: {}", kind.name()),
        Event::Wakeup => "a wakeup".to_owned(),
    }
}

fn market(origin: Origin, data: &MarketData, names: Names<'_>) -> String {
    let told = match data {
        MarketData::Bars(bars) => {
            let start = bars.first().map(|bar| bar.start.to_string()).unwrap_or_default();
            format!("bars that start at {start}: {}", some(bars, names))
        }
        MarketData::Correction(bar) => {
            format!("correction of the bar of {} that starts at {}", names.symbol(bar.symbol), bar.start)
        }
        MarketData::Trade { symbol, price, size } => format!("trade of {size} {} at {price}", names.symbol(*symbol)),
        MarketData::Quote { symbol, bid, ask } => format!("quote of {}: {bid} {ask}", names.symbol(*symbol)),
        MarketData::Halt { symbol, halted: true } => format!("halt of {}", names.symbol(*symbol)),
        MarketData::Halt { symbol, halted: false } => format!("resumption of {}", names.symbol(*symbol)),
    };
    match origin {
        Origin::Live => told,
        Origin::Backfill => format!("{told} (backfill)"),
    }
}

fn some(bars: &[Bar], names: Names<'_>) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = bars.iter().take(SHOWN).map(|bar| names.symbol(bar.symbol)).collect();
    match bars.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn answer(outcome: &Outcome, names: Names<'_>) -> String {
    match outcome {
        Outcome::Accepted(order) => format!("accepted ({})", names.symbol(order.symbol)),
        Outcome::Rejected(rejection) => format!("rejected: {}", rejection.message),
        Outcome::Unknown => "none came".to_owned(),
        Outcome::Found(order) => format!("found ({})", names.symbol(order.symbol)),
        Outcome::NotFound => "not found".to_owned(),
        Outcome::Done => "done".to_owned(),
        Outcome::Positions(positions) => format!("{} positions", positions.len()),
        Outcome::Account(account) => format!("equity {}", account.equity),
        Outcome::Bars(bars) => format!("bars: {}", some(bars, names)),
    }
}

fn command(command: Command, names: Names<'_>) -> String {
    match command {
        Command::Kill { flatten: false } => "kill".to_owned(),
        Command::Kill { flatten: true } => "kill and flatten".to_owned(),
        Command::Pause => "pause".to_owned(),
        Command::Clear(kind) => format!("clear {}", kind.name()),
        Command::Close(symbol) => format!("close {}", names.symbol(symbol)),
        Command::CloseAll => "close all".to_owned(),
        Command::CancelEntries => "cancel entries".to_owned(),
        Command::CancelEntry(attempt) => format!("cancel the entry in {}", names.symbol(attempt.symbol)),
        Command::Limit(limits) => {
            format!("limit to {} millionths a day and {} positions", limits.daily_loss_e6, limits.max_positions)
        }
        Command::AcknowledgeAlarms(None) => "acknowledge all alarms".to_owned(),
        Command::AcknowledgeAlarms(Some(id)) => format!("acknowledge alarm {}", id.0),
    }
}

/// Names the symbol that an effect is about; `None` when it is about none.
pub(super) fn symbol_of(effect: &Effect, names: Names<'_>) -> Option<String> {
    let attempt = |attempt: AttemptId| Some(names.symbol(attempt.symbol));
    match effect {
        Effect::Broker(effect) => effect.symbol.map(|symbol| names.symbol(symbol)),
        Effect::Alert(alert) => alert.symbol.map(|symbol| names.symbol(symbol)),
        Effect::Record(Fact::Signal(signal)) => attempt(signal.attempt),
        Effect::Record(Fact::Order(order)) => attempt(order.attempt),
        Effect::Record(Fact::Fill(fill)) => attempt(fill.attempt),
        Effect::Record(Fact::Trade(trade)) => attempt(trade.attempt),
        Effect::Record(Fact::Decision(decision)) => attempt(decision.attempt),
        Effect::Record(Fact::Closing(closing)) => attempt(closing.attempt),
        Effect::Record(Fact::Explained(explanation)) => attempt(explanation.attempt),
        Effect::Record(Fact::Alarm(record)) => record.alarm.symbol.map(|symbol| names.symbol(symbol)),
        Effect::Record(Fact::Session(_) | Fact::Hold(_) | Fact::Limits(_) | Fact::StrategyStop(_)) => None,
    }
}

/// Tells what was to be done.
pub(super) fn effect(effect: &Effect, names: Names<'_>) -> String {
    match effect {
        Effect::Broker(effect) => broker(effect, names),
        Effect::Alert(alert) => format!("tell ({:?}): {}", alert.severity, alert.message),
        Effect::Record(recorded) => format!("record {} {}", what(recorded, names), fact(recorded)),
    }
}

fn broker(effect: &BrokerEffect, names: Names<'_>) -> String {
    let action = match &effect.action {
        Action::Submit(wanted) => request(wanted),
        Action::Replace { order, price, .. } => format!("move {order} to {price}", order = order.as_str()),
        Action::Cancel { order, .. } => format!("cancel {}", order.as_str()),
        Action::Find(order) => format!("look up {}", order.as_str()),
        Action::QueryPositions => "ask for all positions".to_owned(),
        Action::QuerySnapshot => "ask for the broker's state".to_owned(),
        Action::QueryBars { symbols, from, to } => {
            let symbols: Vec<String> = symbols.iter().map(|symbol| names.symbol(*symbol)).collect();
            format!("ask for the bars of {} from {from} to {to}", symbols.join(", "))
        }
    };
    let symbol = effect.symbol.map(|symbol| format!(" {}", names.symbol(symbol))).unwrap_or_default();
    let deadline = effect.not_after.map(|at| format!(", not after {at}")).unwrap_or_default();
    format!("effect {} ({:?}{symbol}): {action}{deadline}", effect.id.0, effect.class)
}

fn request(wanted: &OrderRequest) -> String {
    let OrderRequest { id, role, side, quantity, kind, time_in_force, attached, paired_stop, trigger, .. } = wanted;
    let mut text = format!("send {} ({role:?}): {side:?} {quantity} {}", id.as_str(), order_kind(*kind));
    if let Some(protection) = attached {
        text.push_str(&format!(", with {protection:?}"));
    }
    if let Some(stop) = paired_stop {
        text.push_str(&format!(", stop {stop}"));
    }
    if let Some(trigger) = trigger {
        text.push_str(&format!(", from the bar of {}", trigger.first_bar));
    }
    text + &format!(", {time_in_force:?}")
}

fn order_kind(kind: OrderKind) -> String {
    match kind {
        OrderKind::Market => "at the market".to_owned(),
        OrderKind::Limit(price) => format!("limit {price}"),
        OrderKind::Stop(price) => format!("stop {price}"),
    }
}

/// Names a fact: what it is, and of what.
fn what(fact: &Fact, names: Names<'_>) -> String {
    match fact {
        Fact::Session(session) => format!("session {}:", session.date),
        Fact::Signal(signal) => format!("signal {}:", names.attempt(signal.attempt)),
        Fact::Order(order) => format!("order {}:", order.id.as_str()),
        Fact::Fill(fill) => format!("fill of {}:", fill.order.as_str()),
        Fact::Trade(trade) => format!("trade {}:", names.attempt(trade.attempt)),
        Fact::Decision(decision) => format!("no trade {}:", names.attempt(decision.attempt)),
        Fact::Hold(record) => format!("hold {}:", record.hold.kind.name()),
        Fact::Closing(closing) => format!("close {}:", names.attempt(closing.attempt)),
        Fact::Limits(_) => "limits:".to_owned(),
        Fact::StrategyStop(stop) => format!("strategy {} on {}:", names.strategy(stop.strategy), stop.date),
        Fact::Alarm(record) => format!("alarm {}:", record.alarm.kind.name()),
        Fact::Explained(explanation) => format!("reckoning {}:", names.attempt(explanation.attempt)),
    }
}

/// Tells what a fact says of the thing that it is about.
pub(super) fn fact(fact: &Fact) -> String {
    match fact {
        Fact::Session(session) => format!(
            "equity {} at the open, {} since, fees {}{}",
            session.equity_open,
            session.realized_net,
            session.fees,
            if session.ended { ", ended" } else { "" }
        ),
        Fact::Signal(told) => signal(told),
        Fact::Order(told) => order(told),
        Fact::Fill(fill) => {
            let done = &fill.execution;
            let back = fill.taken_back.map_or_else(String::new, |at| format!(", taken back at {at}"));
            format!("{:?} {} at {} on {}, fee {}{back}", fill.side, done.quantity, done.price, done.at, done.fee)
        }
        Fact::Trade(told) => trade(told),
        Fact::Decision(Decision { reason, detail, at, .. }) => format!("{} {detail} at {at}", reason.code()),
        Fact::Hold(HoldRecord { hold, cleared }) => match cleared {
            None => format!("{} by {} since {}", hold.reason, hold.actor, hold.since),
            Some(end) => format!("cleared by {} at {}: {}", end.actor, end.at, end.reason),
        },
        Fact::Closing(closing) => format!("{} {} since {}", closing.reason.code(), closing.step.name(), closing.since),
        Fact::Limits(limits) => match &limits.next {
            None => format!("{:?}", limits.in_force),
            Some(next) => format!("{:?}, from the next session {next:?}", limits.in_force),
        },
        Fact::StrategyStop(stop) => format!("{} at {}", stop.reason, stop.at),
        Fact::Alarm(AlarmRecord { alarm, ended }) => match (ended, &alarm.acknowledged) {
            (Some(at), _) => format!("over at {at}: {}", alarm.text),
            (None, Some(by)) => format!("{} took note at {}: {}", by.actor, by.at, alarm.text),
            (None, None) => format!("since {}: {}", alarm.since, alarm.text),
        },
        Fact::Explained(explanation) => format!("{:?}", explanation.verdict),
    }
    .trim_end()
    .to_owned()
    .replace("  ", " ")
}

fn signal(signal: &Signal) -> String {
    let Signal { side, at, level, stop, quantity, status, reason, detail, fill_price, score_e6, .. } = signal;
    let mut text = format!("{} {side} {quantity} at {level}, stop {stop}, since {at}", status.name());
    if let Some(price) = fill_price {
        text.push_str(&format!(", filled at {price}"));
    }
    if let Some(reason) = reason {
        text.push_str(&format!(", {} {detail}", reason.code()));
    }
    if let Some(score) = score_e6 {
        text.push_str(&format!(", score {score}e-6"));
    }
    text
}

fn order(order: &Order) -> String {
    let Order { role, side, quantity, kind, status, filled, created_at, rejection, .. } = order;
    let mut text = format!("{} {role:?} {side:?} {quantity} {}, made {created_at}", status.name(), order_kind(*kind));
    if let Some(price) = order.average_price() {
        text.push_str(&format!(", {filled} filled at {price}"));
    }
    if let Some(rejection) = rejection {
        text.push_str(&format!(", refused: {}", rejection.message));
    }
    text
}

fn trade(trade: &Trade) -> String {
    if trade.is_void() {
        return "none: its executions were taken back".to_owned();
    }
    let mut text = format!(
        "{} {} in at {} on {}, stop {}, fees {}",
        trade.side,
        trade.entered,
        trade.entry_price(),
        trade.entry_time,
        trade.stop,
        trade.fees
    );
    if let Some(target) = trade.target {
        text.push_str(&format!(", target {target}"));
    }
    if let (Some(price), Some(at)) = (trade.exit_price(), trade.exit_time) {
        let by = trade.exit_reason.map_or("", orb_core::fact::ExitReason::code);
        text.push_str(&format!(", {} out at {price} on {at} by {by}", trade.exited));
    }
    text
}
