//! A short day of a few symbols, and what is to be seen after it.

use std::time::Duration;

use orb_core::config::{Direction, EntryMode, RunConfig, SlotPolicy, preset};
use orb_core::{Date, Price, Span, Symbol, Timestamp};
use orb_exec::alpaca::RequestLimits;
use orb_sim::market::PathConfig;
use orbd::rehearsal::{Minutes, Outcome, Rehearsal, by_hand, invariants, is_entry};

use crate::replay::check_repeats;

/// The day after Thanksgiving: the exchange closes at 13:00.
pub(crate) const DATE: &str = "2025-11-28";
/// Minutes from the open to the end of the rehearsal.
const LENGTH: usize = 34;

pub(crate) fn price(text: &str) -> Price {
    text.parse().expect(text)
}

/// Returns an instant of the day by its time in New York.
pub(crate) fn at(time: &str) -> Timestamp {
    let text = format!("{DATE}T{time}-05:00");
    Timestamp::parse_rfc3339(&text).expect(&text)
}

/// Begins a symbol's day: a range from 100 to 101, whose candle rises, and a minute below its high.
pub(crate) fn range(symbol: &str) -> Minutes {
    let minutes = Minutes::new(Symbol::new(symbol).expect(symbol), price("100"));
    minutes.to(price("100.5")).to(price("100")).to(price("101")).to(price("100.4")).to(price("100.6")).stay(1)
}

/// A breakout at 9:36 that goes nowhere until the flatten at 10:00.
pub(crate) fn breakout(symbol: &str) -> Minutes {
    range(symbol).to(price("101.2"))
}

/// The plain strategy: two-sided, stop at the other side of the range, target at 2R, flat at 10:00.
pub(crate) fn classic() -> RunConfig {
    let mut strategy = preset("orb-classic").expect("a preset");
    strategy.gap_limit = None;
    strategy.flatten_before_close = Span::from_minutes(180);
    strategy.entry_cutoff = Some(Span::from_minutes(180));
    RunConfig::of(strategy)
}

/// Makes a day that ends at 10:04.
pub(crate) fn day(minutes: Vec<Minutes>, run: RunConfig) -> Rehearsal {
    let date: Date = DATE.parse().expect("a date");
    let minutes: Vec<Minutes> = minutes.into_iter().map(|minutes| minutes.until(LENGTH)).collect();
    let mut rehearsal = Rehearsal::new(by_hand(date, &minutes, run).expect("a session"));
    rehearsal.until = Some(at("10:03:30"));
    rehearsal.path = PathConfig { steps_max: 4, half_spread_micros: 10_000, grid_micros: 1, ..PathConfig::default() };
    rehearsal.limits = RequestLimits { timeout: Duration::from_secs(1), ..rehearsal.limits };
    rehearsal.streams.stale_after = Some(Span::from_seconds(30));
    rehearsal
}

/// Plays a day on which this goes wrong; its journal must repeat it.
pub(crate) fn play(rehearsal: Rehearsal, faults: &str) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    let rehearsal = Rehearsal { faults: faults.parse().expect("a plan of faults"), ..rehearsal };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = runtime.expect("a runtime").block_on(rehearsal.run(folder.path()));
    check_repeats(folder.path());
    outcome.expect("a day to its end")
}

/// Plays a day on which this goes wrong; it must have gone wrong, and nothing may be broken after it.
#[track_caller]
pub(crate) fn survive(rehearsal: Rehearsal, faults: &str) -> Outcome {
    let outcome = play(rehearsal, faults);
    let broken: Vec<String> = invariants(&outcome).iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{broken:#?}\n{}", story(&outcome));
    assert!(outcome.rules_never_applied.is_empty(), "{:?}\n{}", outcome.rules_never_applied, story(&outcome));
    outcome
}

/// Tells what happened, for the message of a test that fails.
pub(crate) fn story(outcome: &Outcome) -> String {
    let mut lines: Vec<String> = Vec::new();
    for order in &outcome.broker.orders {
        lines.push(format!(
            "{} {} {} {} {:?} {:?} filled {}",
            order.times.created,
            order.client_order_id,
            order.class.as_str(),
            order.order_type.as_str(),
            order.role,
            order.status,
            order.filled.quantity()
        ));
    }
    for trade in &outcome.trades {
        lines.push(format!("{:?}", trade.trade));
    }
    for line in &outcome.logs {
        let time = line.engine_time.map(|time| time.to_string()).unwrap_or_default();
        lines.push(format!("{time} {:?} {}", line.severity, line.message));
    }
    lines.join("\n")
}

/// Counts the entries that the broker has made.
pub(crate) fn entries(outcome: &Outcome) -> usize {
    outcome.broker.orders.iter().filter(|order| is_entry(order)).count()
}

/// The strategy whose entries wait at the broker.
pub(crate) fn resting() -> RunConfig {
    let mut run = classic();
    run.strategies[0].entry_mode = EntryMode::RestingStop;
    run.strategies[0].slot_policy = SlotPolicy::Ranked;
    run.strategies[0].direction = Direction::Candle;
    run
}
