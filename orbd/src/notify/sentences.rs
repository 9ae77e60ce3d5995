//! What is said of each thing.

use orb_core::fact::SessionRecord;
use orb_core::hold::{Hold, HoldKind};
use orb_core::{Date, Timestamp};
use orb_exec::{Clock as _, WallClock};

use super::kind::{Kind, Weight};
use super::notice::{Notice, Origin, one_line};
use crate::trades_csv::four_decimals;
use crate::view::{AlarmView, ClosedTradeView, Ledger, PositionView, SignalView, View};

/// Symbols that a sentence names; the others are counted.
const SYMBOLS_MAX: usize = 12;

/// What is to be told.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) kind: Kind,
    pub(super) weight: Weight,
    pub(super) text: String,
    pub(super) fields: Vec<(&'static str, String)>,
}

impl Said {
    const fn new(kind: Kind, weight: Weight, text: String) -> Self {
        Self { kind, weight, text, fields: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.fields.push((name, value.to_string()));
        self
    }
}

/// Says that the daemon started, or trades with other books; with all that is in force.
pub(super) fn begun(view: &View, is_switch: bool, after_crash: bool) -> Option<Said> {
    let (what, environment) = (if is_switch { "switched" } else { "started" }, view.ledger.environment.name());
    let crash = if after_crash { " after an abnormal end: compare the positions with the broker's" } else { "" };
    let holds: Vec<_> = view.holds.iter().map(|hold| hold.kind.name()).collect();
    let holds = if holds.is_empty() { String::new() } else { format!(" ({})", holds.join(", ")) };
    let (state, positions, alarms) = (view.state.name(), open(&view.positions), view.alarms.len());
    let alarms = if alarms == 0 { String::new() } else { format!("; {alarms} alarms stand") };
    let text = format!("orb {what}{crash}: {environment}, {state}{holds}; {positions}{alarms}");
    let (kind, weight) = match (after_crash, view.alarms.is_empty()) {
        (true, _) => (Kind::Failure, Weight::Alarm),
        (false, false) => (Kind::Daemon, Weight::Warning),
        (false, true) => (Kind::Daemon, Weight::Info),
    };
    Some(Said::new(kind, weight, text).with("state", state).with("version", &view.build.version))
}

/// Says that the daemon ends in good order.
pub(crate) fn stopped(view: &View) -> Notice {
    let entries = view.working_entries.len();
    let entries = if entries == 0 { String::new() } else { format!("; {entries} entries may still work") };
    let weight = if view.positions.is_empty() { Weight::Info } else { Weight::Warning };
    let text = format!("orb stopped: {}{entries}; stops stay at the broker", open(&view.positions));
    alone(&view.ledger, view.now, "stopped", Said::new(Kind::Daemon, weight, text))
}

/// Says that there is no engine any more.
pub(crate) fn engine_lost(view: &View) -> Notice {
    let text = format!(
        "orb ended because what happens cannot be recorded: {}; stops stay at the broker, and nothing else is done",
        open(&view.positions)
    );
    alone(&view.ledger, view.now, "ended", Said::new(Kind::Failure, Weight::Alarm, text))
}

/// Says that a day differs from its backtest without a reason that is known.
pub(crate) fn parity(ledger: &Ledger, date: Date, differences: u32, unexplained: u32) -> Notice {
    let text = format!(
        "{date} differs from its backtest: {differences} differences, {unexplained} without a reason; look at `orbctl parity`"
    );
    let said = Said::new(Kind::Failure, Weight::Warning, text).with("date", &date).with("unexplained", &unexplained);
    alone(ledger, None, &format!("parity/{date}"), said)
}

/// Says that this is a trial of a channel.
pub(crate) fn trial(origin: Origin, channel: &str) -> Notice {
    let text = format!("this is a trial of the channel {channel}: orb can reach you here");
    let at = WallClock::default().now();
    let id = format!("trial/{}", at.micros());
    Notice { id, origin, kind: Kind::Daemon, weight: Weight::Info, at, text, fields: Vec::new() }
}

/// Makes a notice of what no update brings.
fn alone(ledger: &Ledger, at: Option<Timestamp>, what: &str, said: Said) -> Notice {
    let at = at.unwrap_or_else(|| WallClock::default().now());
    let Said { kind, weight, text, fields } = said;
    let origin = Origin::of(ledger);
    let id = format!("{}/{what}/{}", origin.ledger, at.micros());
    Notice { id, origin, kind, weight, at, text: one_line(&text), fields }
}

/// Says that updates came faster than they could be taken.
pub(super) fn missed(count: u64) -> Option<Said> {
    let text =
        format!("{count} changes were not followed: an entry or exit may not have been told; look at `orbctl trades`");
    Some(Said::new(Kind::Failure, Weight::Warning, text))
}

/// Says that an entry is filled.
pub(super) fn entered(shown: &SignalView, view: &View) -> Option<Said> {
    let signal = &shown.signal;
    let position = view.positions.iter().find(|position| position.trade_id == shown.id);
    let stop = position.and_then(|position| position.stop).unwrap_or(signal.stop);
    let (symbol, side, filled) = (&shown.symbol, signal.side, shown.filled);
    let wanted = if filled < signal.quantity { format!(" of {}", signal.quantity) } else { String::new() };
    let price = signal.fill_price.or(position.map(|position| position.entry_price))?;
    let text = format!("{symbol} entered: {side} {filled}{wanted} at {price}, stop {stop}");
    let said = Said::new(Kind::Entry, Weight::Info, text)
        .with("trade_id", &shown.id)
        .with("strategy", &shown.strategy)
        .with("symbol", symbol)
        .with("side", &side)
        .with("quantity", &filled)
        .with("price", &price)
        .with("stop", &stop);
    Some(said)
}

/// Says that a position was left, why, and what came of it.
pub(super) fn left(shown: &ClosedTradeView, weight: Weight) -> Option<Said> {
    let (symbol, trade) = (&shown.symbol, &shown.trade);
    let (price, reason) = (trade.exit_price()?, trade.exit_reason.map_or("unknown", |reason| reason.code()));
    let (side, quantity, net) = (trade.side, trade.entered, trade.net());
    let r = trade.r_multiple_e4().map(four_decimals);
    let in_r = r.as_ref().map(|r| format!(", {r} R")).unwrap_or_default();
    let text = format!("{symbol} left by {reason}: {side} {quantity} at {price}, net {net}{in_r}");
    let said = Said::new(Kind::Exit, weight, text)
        .with("trade_id", &shown.id)
        .with("strategy", &shown.strategy)
        .with("symbol", symbol)
        .with("side", &side)
        .with("quantity", &quantity)
        .with("price", &price)
        .with("reason", reason)
        .with("gross", &trade.gross())
        .with("fees", &trade.fees)
        .with("net", &net);
    Some(match r {
        Some(r) => said.with("r", &r),
        None => said,
    })
}

/// Says that entries are held. Holds of every start and comparison are not told.
pub(super) fn held(hold: &Hold, view: &View) -> Option<Said> {
    let (kind, weight) = sorted(hold.kind)?;
    let (name, state) = (hold.kind.name(), view.state.name());
    let why = if hold.reason.is_empty() { hold.kind.cause() } else { &hold.reason };
    let text = format!("{state}, entries are held by {name}: {why} ({})", hold.actor);
    Some(
        Said::new(kind, weight, text)
            .with("hold", name)
            .with("state", state)
            .with("actor", &hold.actor)
            .with("reason", why),
    )
}

/// Says that a hold is over.
pub(super) fn cleared(hold: &Hold, view: &View) -> Option<Said> {
    let (kind, _) = sorted(hold.kind)?;
    let (name, state) = (hold.kind.name(), view.state.name());
    let text = format!("{state}: the hold {name} is over");
    Some(Said::new(kind, Weight::Info, text).with("hold", name).with("state", state))
}

/// Sorts holds; `None` for those that belong to every start and every comparison.
const fn sorted(kind: HoldKind) -> Option<(Kind, Weight)> {
    Some(match kind {
        HoldKind::Starting | HoldKind::Reconciling => return None,
        HoldKind::StaleData | HoldKind::StoreDegraded | HoldKind::ClockSkew | HoldKind::BrokerUnavailable => {
            (Kind::Failure, Weight::Warning)
        }
        HoldKind::Crashed | HoldKind::ReconcileBreak => (Kind::Failure, Weight::Alarm),
        HoldKind::OperatorPause | HoldKind::EnvironmentSwitched => (Kind::Hold, Weight::Info),
        HoldKind::Flattening => (Kind::Hold, Weight::Warning),
        HoldKind::Breaker | HoldKind::ForeignActivity | HoldKind::DailyLoss | HoldKind::Kill => {
            (Kind::Hold, Weight::Alarm)
        }
    })
}

/// Says what is not as it must be.
pub(super) fn alarm(shown: &AlarmView) -> Option<Said> {
    let symbol = shown.symbol.as_deref();
    let text = match symbol {
        Some(symbol) if !shown.alarm.text.contains(symbol) => format!("{symbol}: {}", shown.alarm.text),
        Some(_) | None => shown.alarm.text.clone(),
    };
    let said = Said::new(Kind::Failure, Weight::Alarm, text).with("alarm", shown.alarm.kind.name());
    Some(match symbol {
        Some(symbol) => said.with("symbol", symbol),
        None => said,
    })
}

/// Says that the cause of an alarm has ended.
pub(super) fn over(shown: &AlarmView) -> Option<Said> {
    let kind = shown.alarm.kind.name();
    let text = format!("over: {}", shown.alarm.text);
    Some(Said::new(Kind::Failure, Weight::Info, text).with("alarm", kind))
}

/// Sums up a session.
pub(super) fn day_over(record: &SessionRecord, view: &View) -> Option<Said> {
    let (date, net, fees) = (record.date, record.realized_net, record.fees);
    let (trades, wins, gross) = (view.day.trades_closed, view.day.wins, net + fees);
    let weight = if view.positions.is_empty() { Weight::Info } else { Weight::Alarm };
    let positions = open(&view.positions);
    let text =
        format!("{date} is over: {trades} trades, {wins} won, gross {gross}, fees {fees}, net {net}; {positions}");
    let said = Said::new(Kind::Day, weight, text)
        .with("date", &date)
        .with("trades", &trades)
        .with("wins", &wins)
        .with("gross", &gross)
        .with("fees", &fees)
        .with("net", &net)
        .with("positions", &view.positions.len());
    Some(said)
}

/// Says which symbols a strategy chose, of those that it waited for.
pub(super) fn scanned(index: usize, strategy: &str, total: usize, view: &View) -> Option<Said> {
    let armed = view.watched.iter().filter(|watched| watched.strategy.index() == index && watched.is_armed);
    let named = |symbol: &str, side: Option<orb_core::Side>| match side {
        Some(side) => format!("{symbol} {side}"),
        None => symbol.to_owned(),
    };
    let armed = armed.map(|watched| named(view.symbols.name(watched.symbol).as_str(), watched.side));
    let signals = view.signals.iter().filter(|shown| &*shown.strategy == strategy);
    let signals = signals.map(|shown| named(&shown.symbol, Some(shown.signal.side)));
    let chosen: Vec<String> = armed.chain(signals).collect();
    let text = match chosen.len() {
        0 => format!("scan of {strategy}: none of {total} symbols is to be traded; `orbctl universe` tells why"),
        count => format!("scan of {strategy}: {count} of {total} symbols may be traded: {}", listed(&chosen)),
    };
    let said = Said::new(Kind::Scan, Weight::Info, text).with("strategy", strategy).with("chosen", &chosen.len());
    Some(said.with("of", &total).with("symbols", &chosen.join(",")))
}

/// Says what is open.
fn open(positions: &[PositionView]) -> String {
    if positions.is_empty() {
        return "no open position".to_owned();
    }
    let of = |position: &PositionView| format!("{} {} {}", position.symbol, position.side, position.quantity);
    let all: Vec<_> = positions.iter().map(of).collect();
    format!("open: {}", listed(&all))
}

/// Joins the first of many and counts the rest.
fn listed(all: &[String]) -> String {
    let shown = all.iter().take(SYMBOLS_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SYMBOLS_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
