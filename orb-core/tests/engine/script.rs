//! The language of the engine's fault tests.
//!
//! A script is a list of steps, each followed by what it must bring about, in order and completely:
//!
//! ```text
//! range A                     the standard range of a symbol, 99 to 101
//! long A                      a bar through the long level
//! > submit A-1e buy 99 stop 101.01 attached
//! = slots 1
//! ```
//!
//! Orders are named by symbol, attempt and leg: `A-1e` is the entry, `A-1es` and `A-1et` its stop and target,
//! `A-1x2` a close, `A-1t3` a target that was placed anew, `A-1t3s` the stop beside it. `>` is an effect, `=` a
//! question to the engine. `open A` does all that makes 99 shares long at 101.01 with a stop at 99 and a target at
//! 105.03, and expects nothing. `equity 95000 0` is a snapshot of the broker's equity and of what was paid in today. `silently STEP` lets something happen at the broker of which no news comes; `again`
//! repeats the news of the latest execution or of its end, and `fill-again` that of the latest execution;
//! `blind-day DATE` begins a day of which the closes before are not known; `stands A-1es 98` puts an order elsewhere at the broker.

use orb_core::event::{Command, Event, FeedState, MarketData, Origin, Outcome, RiskLimits};
use orb_core::exit_desk::ExitDesk;
use orb_core::hold::HoldKind;
use orb_core::order::{BrokerOrder, BrokerOrderId, OrderStatus, OrderUpdate, Rejection, RejectionKind};
use orb_core::{Money, Price, Quantity, Span};

use crate::rig::Rig;

/// Runs a script under `orb-classic`.
#[track_caller]
pub(crate) fn check(script: &str) {
    check_with("orb-classic", script);
}

/// Runs a script under a preset with settings.
#[track_caller]
pub(crate) fn check_with(settings: &str, script: &str) {
    check_rig(&mut Rig::new(settings), script);
}

/// Runs a script on a rig.
#[track_caller]
pub(crate) fn check_rig(rig: &mut Rig, script: &str) {
    let mut step = "the beginning";
    for line in script.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        if line.is_empty() {
            continue;
        }
        if let Some(expected) = line.strip_prefix("> ") {
            let next = if rig.lines.is_empty() { "nothing".to_owned() } else { rig.lines.remove(0) };
            assert_eq!(next, expected, "after `{step}`; then {:?}\n{script}", rig.lines);
        } else if let Some(question) = line.strip_prefix("= ") {
            answer(rig, question, script);
        } else {
            assert!(rig.lines.is_empty(), "`{step}` brought about more: {:#?}\n{script}", rig.lines);
            step = line;
            perform(rig, line);
        }
    }
    assert!(rig.lines.is_empty(), "`{step}` brought about more: {:#?}\n{script}", rig.lines);
}

#[track_caller]
fn answer(rig: &Rig, question: &str, script: &str) {
    let (what, expected) = question.split_once(' ').unwrap_or((question, ""));
    let engine = &rig.engine;
    let (subject, value) = expected.split_once(' ').unwrap_or((expected, ""));
    let (found, expected) = match what {
        "slots" => (engine.slots_used().to_string(), expected),
        "notional" => (engine.notional().to_string(), expected),
        "holds" => {
            let kinds: Vec<_> = engine.holds().active().iter().map(|hold| hold.kind.name()).collect();
            (kinds.join(" "), expected)
        }
        "alarms" => {
            let show = |alarm: &orb_core::alarm::Alarm| {
                let symbol = alarm.symbol.map_or("account", |symbol| rig.name(symbol));
                let by = alarm.acknowledged.as_ref().map_or(String::new(), |by| format!(" by {}", by.actor));
                format!("{} {symbol}{by}", alarm.kind.name())
            };
            (engine.alarms().iter().map(show).collect::<Vec<_>>().join(", "), expected)
        }
        "state" => (engine.holds().state().name().to_owned(), expected),
        "position" => {
            let trade = engine.open_trades().iter().find(|trade| trade.attempt.symbol == rig.symbol(subject));
            (trade.map_or(Quantity::ZERO, orb_core::fact::Trade::position).to_string(), value)
        }
        "protected" => (engine.protected(rig.symbol(subject)).to_string(), value),
        "desk" => {
            let desk = engine.desk(rig.symbol(subject));
            let closing = desk.and_then(ExitDesk::closing).map(|closing| closing.step.name());
            (if desk.is_some() { closing.unwrap_or("guarding") } else { "none" }.to_owned(), value)
        }
        "order" => {
            let order = engine.orders().find(|order| rig.short(&order.id) == subject);
            (order.map_or("none", |order| order.status.name()).to_owned(), value)
        }
        "signal" => {
            let signal = engine.signals().find(|signal| signal.attempt.symbol == rig.symbol(subject));
            (signal.map_or("none", |signal| signal.status.name()).to_owned(), value)
        }
        "realised" => (engine.day().realized_net.to_string(), expected),
        "day" => (engine.day_result().to_string(), expected),
        "unprotected" => {
            let trade = engine.open_trades().iter().find(|trade| trade.attempt.symbol == rig.symbol(subject));
            (trade.map_or(0, |trade| trade.unprotected.micros() / 1_000).to_string(), value)
        }
        _ => panic!("`{question}` is no question"),
    };
    assert_eq!(found, expected, "= {question}\n{script}");
}

#[track_caller]
pub(crate) fn perform(rig: &mut Rig, line: &str) {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (subject, value) = rest.split_once(' ').unwrap_or((rest, ""));
    match verb {
        "range" => range(rig, rest),
        "long" => live(rig, rest, "09:35", "100 102 100 101"),
        "short" => live(rig, rest, "09:35", "100 100 98 99"),
        "bar" => bars(rig, Origin::Live, rest),
        "backfill" => bars(rig, Origin::Backfill, rest),
        "correct" => {
            let (time, prices) = value.split_once(' ').expect(line);
            let bar = rig.bar(subject, time, prices);
            rig.event(&Event::Market(Origin::Live, MarketData::Correction(bar)));
        }
        "quote" => {
            let (bid, ask) = value.split_once(' ').expect(line);
            let (bid, ask): (Price, Price) = (bid.parse().expect(line), ask.parse().expect(line));
            let symbol = rig.symbol(subject);
            rig.event(&Event::Market(Origin::Live, MarketData::Quote { symbol, bid, ask }));
        }
        "halt" | "resume" => {
            let (symbol, halted) = (rig.symbol(subject), verb == "halt");
            rig.event(&Event::Market(Origin::Live, MarketData::Halt { symbol, halted }));
        }
        "open" => open(rig, subject),
        "at" => rig.wait_until(rig.instant(subject)),
        "jump" => {
            rig.now = rig.instant(subject);
            rig.event(&Event::Wakeup);
        }
        "wait" => {
            let micros = subject.parse::<Money>().expect(line).micros();
            rig.wait_until(rig.now + Span::from_micros(micros));
        }
        "wake" => rig.event(&Event::Wakeup),
        "day" => rig.refer(subject),
        "blind-day" => rig.refer_after(subject, None),
        "snapshot" => rig.snapshot(),
        "foreign" => {
            rig.foreign.push(rest.to_owned());
            rig.snapshot();
        }
        "restart" => rig.restart(),
        "lose-books" => rig.lose_books(),
        "equity" => {
            rig.equity = (subject.parse().expect(line), value.parse().ok());
            rig.snapshot();
        }
        "multiplier" => {
            rig.multiplier = Some(subject.parse().expect(line));
            rig.snapshot();
        }
        "required" => rig.require(subject, value.parse().expect(line)),
        "silently" if subject == "stray" => {
            let (name, shares) = value.split_once(' ').expect(line);
            rig.stray(name, shares.parse().expect(line));
        }
        "silently" => drop(news(rig, rest)),
        "fill-again" => {
            let update = rig.last_fill.clone().expect("an execution");
            rig.event(&Event::Order(update));
        }
        "again" => {
            let update = rig.last_update.clone().expect("an execution");
            rig.event(&Event::Order(update));
        }
        "print" => {
            let (symbol, price) = (rig.symbol(subject), value.parse().expect(line));
            rig.event(&Event::Market(Origin::Live, MarketData::Trade { symbol, price, size: 100 }));
        }
        "submitted" | "moved" | "found" | "cancel" | "positions" | "bars" => outcome(rig, verb, subject, value),
        "kill" => rig.command(Command::Kill { flatten: subject == "flatten" }),
        "pause" => rig.command(Command::Pause),
        "clear" => rig.command(Command::Clear(HoldKind::from_name(subject).expect(line))),
        "close" => rig.command(Command::Close(rig.symbol(subject))),
        "close-all" => rig.command(Command::CloseAll),
        "acknowledge" => {
            let is_meant = |alarm: &&orb_core::alarm::Alarm| alarm.kind.name() == subject;
            let id = rig.engine.alarms().iter().find(is_meant).map(|alarm| alarm.id);
            assert_eq!(id.is_none(), subject == "all", "{line}");
            rig.command(Command::AcknowledgeAlarms(id));
        }
        "cancel-entries" => rig.command(Command::CancelEntries),
        "cancel-entry" => {
            let signal = rig.engine.signals().find(|signal| signal.attempt.symbol == rig.symbol(subject));
            let attempt = signal.expect(line).attempt;
            rig.command(Command::CancelEntry(attempt));
        }
        "limit" => {
            let (daily_loss_e6, max_positions) = (subject.parse().expect(line), value.parse().expect(line));
            rig.command(Command::Limit(RiskLimits { daily_loss_e6, max_positions }));
        }
        "trouble" => rig.event(&Event::Feed(FeedState::Trouble(HoldKind::from_name(subject).expect(line)))),
        "recovered" => rig.event(&Event::Feed(FeedState::Recovered(HoldKind::from_name(subject).expect(line)))),
        _ => {
            let update = news(rig, line);
            rig.event(&Event::Order(update));
        }
    }
}

/// Lets an order move at the broker: `working A-1e`, `fill A-1e 99 101.01`, `cancelled A-1e`, and so on.
#[track_caller]
fn news(rig: &mut Rig, line: &str) -> OrderUpdate {
    let (verb, rest) = line.split_once(' ').expect(line);
    let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = match verb {
        "fill" => {
            let (shares, price) = value.split_once(' ').expect(line);
            return rig.fill(name, shares.parse().expect(line), price);
        }
        "bust" => return rig.bust(name),
        "amend" => {
            let (shares, price) = value.split_once(' ').expect(line);
            return rig.correct(name, shares.parse().expect(line), price);
        }
        "made" => {
            rig.make(name);
            OrderStatus::Working
        }
        "stranger" => return stranger(rig, name),
        "stands" => return rig.put(name, value),
        _ => OrderStatus::from_name(&verb.to_uppercase().replace('-', "_")).unwrap_or_else(|| panic!("`{line}`")),
    };
    rig.become_status(name, status)
}

/// Makes news of an order that orb never sent.
#[track_caller]
fn stranger(rig: &Rig, symbol: &str) -> OrderUpdate {
    let order = BrokerOrder {
        broker_id: BrokerOrderId::new("somebody-else"),
        client_id: None,
        parent: None,
        replaces: None,
        symbol: rig.symbol(symbol),
        side: orb_core::OrderSide::Buy,
        quantity: Quantity::new(1),
        kind: orb_core::order::OrderKind::Market,
        status: OrderStatus::Working,
        filled: Quantity::ZERO,
        legs: Vec::new(),
    };
    let event = orb_core::order::OrderEvent::New;
    OrderUpdate { event, order, execution: None, rejection: None, at: rig.now }
}

/// Answers an effect: `submitted A-1e`, `submitted A-1e unknown`, `found A-1e none`, `cancel A-1e done`.
#[track_caller]
fn outcome(rig: &mut Rig, verb: &str, name: &str, how: &str) {
    let asked = match verb {
        "submitted" => format!("submit {name}"),
        "moved" => format!("replace {name}"),
        "found" => format!("find {name}"),
        "cancel" => format!("cancel {name}"),
        _ => verb.to_owned(),
    };
    let (how, detail) = how.split_once(' ').unwrap_or((how, ""));
    let answer = match (verb, how) {
        ("positions", _) if name == "unknown" => Outcome::Unknown,
        ("positions", _) => Outcome::Positions(rig.positions()),
        ("bars", "") if name == "none" => Outcome::Bars(Vec::new()),
        ("bars", _) => Outcome::Bars(vec![rig.bar(name, how, detail)]),
        ("moved", "") => Outcome::Accepted(rig.replace(name)),
        ("submitted", "") => Outcome::Accepted(rig.make(name)),
        ("found", "") => Outcome::Found(rig.report(name)),
        ("found", "other") => Outcome::Found(altered(rig.report(name), detail)),
        (_, "unknown") => Outcome::Unknown,
        (_, "none") => Outcome::NotFound,
        (_, "done") => Outcome::Done,
        (_, "refused") => Outcome::Rejected(rejection(detail)),
        _ => panic!("`{verb} {name} {how}` is no answer"),
    };
    rig.outcome(&asked, answer);
}

/// Returns an order that differs from the one that was sent in one thing.
#[track_caller]
fn altered(order: BrokerOrder, what: &str) -> BrokerOrder {
    match what {
        "side" => BrokerOrder { side: order.side.opens().exit(), ..order },
        "quantity" => BrokerOrder { quantity: order.quantity + Quantity::new(1), ..order },
        "price" => BrokerOrder { kind: orb_core::order::OrderKind::Stop(Price::from_cents(10_102)), ..order },
        "type" => BrokerOrder { kind: orb_core::order::OrderKind::Market, ..order },
        _ => panic!("`{what}` cannot be altered"),
    }
}

/// Reads a kind of refusal; `blocked-by ID` names the order that stands in the way.
fn rejection(text: &str) -> Rejection {
    let (kind, related) = text.split_once(' ').unwrap_or((text, ""));
    let related_orders = related.split_whitespace().map(BrokerOrderId::new).collect();
    let kind = match kind {
        "duplicate" => RejectionKind::DuplicateId,
        "not-sent" => RejectionKind::NotSent,
        "not-shortable" => RejectionKind::NotShortable,
        "insufficient" => RejectionKind::Insufficient,
        "blocked" | "blocked-by" => RejectionKind::Blocked,
        "beyond-market" => RejectionKind::BeyondMarket,
        _ => RejectionKind::Other,
    };
    Rejection { code: 40_310_000, message: "no".to_owned(), related_orders, available: None, kind }
}

#[track_caller]
fn range(rig: &mut Rig, names: &str) {
    let bars = names.split_whitespace().map(|name| rig.bar(name, "09:30", "100 101 99 100")).collect();
    rig.bars(Origin::Live, bars);
    // What is missing of the other symbols is asked for, and is not there.
    rig.wait_until(rig.instant("09:35") + Span::from_millis(200));
    rig.lines.retain(|line| !line.starts_with("query bars"));
    rig.outcome("bars", Outcome::Bars(Vec::new()));
    // Live, the range is verified; the scripts that are about it answer.
    rig.lines.retain(|line| !line.starts_with("query bars"));
}

#[track_caller]
fn live(rig: &mut Rig, names: &str, time: &str, prices: &str) {
    let bars = names.split_whitespace().map(|name| rig.bar(name, time, prices)).collect();
    rig.bars(Origin::Live, bars);
}

/// Reads `A 09:40 100 101 99 100, B 09:40 100 101 99 100`.
#[track_caller]
fn bars(rig: &mut Rig, origin: Origin, text: &str) {
    let one = |part: &str| {
        let (name, rest) = part.trim().split_once(' ').expect(part);
        let (time, prices) = rest.split_once(' ').expect(part);
        rig.bar(name, time, prices)
    };
    let bars = text.split(',').map(one).collect();
    rig.bars(origin, bars);
}

/// Opens a long position in the usual way.
#[track_caller]
fn open(rig: &mut Rig, name: &str) {
    let entry = format!("{name}-1e");
    if rig.now < rig.instant("09:35") {
        range(rig, name);
    }
    live(rig, name, "09:35", "100 102 100 101");
    outcome(rig, "submitted", &entry, "");
    for step in [format!("fill {entry} 99 101.01"), format!("held {entry}s"), format!("working {entry}t")] {
        if step.starts_with("working") && !rig.orders.contains_key(&format!("{entry}t")) {
            perform(rig, &format!("working {entry}s"));
        } else if !step.starts_with("held") || rig.orders.contains_key(&format!("{entry}t")) {
            perform(rig, &step);
        }
    }
    rig.lines.clear();
}
