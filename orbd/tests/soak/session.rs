//! A short session, drawn from a seed: prices that break out, turn and run, settings, and what an operator does.

use core::fmt;
use std::time::Duration;

use orb_core::config::{RunConfig, preset};
use orb_core::event::Command;
use orb_core::{Date, Price, Span, Symbol, Timestamp};
use orb_exec::alpaca::RequestLimits;
use orb_sim::market::PathConfig;
use orbd::rehearsal::{Minutes, Outcome, Rehearsal, by_hand, unprotected};

use crate::draw::Draw;
use crate::plan;

/// The day after Thanksgiving: the exchange closes at 13:00.
const DATE: &str = "2025-11-28";
/// Minutes from the open to the end of the rehearsal.
const LENGTH: u64 = 26;
/// Symbols of the session.
const SYMBOLS: [&str; 4] = ["AAA", "BBB", "CCC", "DDD"];

/// Holds a session that is to be played.
pub(crate) struct Scene {
    seed: u64,
    settings: Vec<(&'static str, String)>,
    minutes: Vec<Minutes>,
    command: Option<(Timestamp, Command)>,
    faults: String,
}

/// Holds what became of a session.
pub(crate) struct Played {
    pub(crate) outcome: Outcome,
    /// What happened, for people.
    pub(crate) story: String,
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, settings, command, faults, .. } = self;
        write!(f, "seed {seed} (ORB_SOAK_FIRST={seed} ORB_SOAK_SEEDS=1), {settings:?}, {command:?}\n{faults}")
    }
}

impl Scene {
    /// Draws a session from a seed.
    pub(crate) fn draw(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        Self {
            seed,
            settings: settings(&mut draw),
            minutes: SYMBOLS.iter().map(|symbol| minutes(symbol, &mut draw)).collect(),
            command: command(&mut draw),
            faults: plan::draw(seed, &mut draw),
        }
    }

    /// Plays it.
    ///
    /// # Errors
    /// When it does not come to its end.
    pub(crate) fn play(self) -> anyhow::Result<Played> {
        let mut strategy = preset("orb-classic")?;
        strategy.gap_limit = None;
        strategy.flatten_before_close = Span::from_minutes(190);
        strategy.entry_cutoff = Some(Span::from_minutes(195));
        let mut run = RunConfig::of(strategy);
        for (key, value) in &self.settings {
            run.set(key, value).map_err(|error| anyhow::anyhow!("{key}={value}: {error}"))?;
        }
        let date: Date = DATE.parse()?;
        let mut rehearsal = Rehearsal::new(by_hand(date, &self.minutes, run)?);
        rehearsal.until = Some(at("09:55:30"));
        rehearsal.path =
            PathConfig { steps_max: 4, half_spread_micros: 10_000, grid_micros: 1, ..PathConfig::default() };
        rehearsal.limits = RequestLimits { timeout: Duration::from_millis(500), ..rehearsal.limits };
        rehearsal.streams.stale_after = Some(Span::from_seconds(30));
        rehearsal.faults = self.faults.parse()?;
        rehearsal.commands = self.command.into_iter().collect();
        let folder = tempfile::tempdir()?;
        let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let outcome = threads.block_on(rehearsal.run(folder.path()))?;
        let story = story(&outcome);
        Ok(Played { outcome, story })
    }
}

/// Returns an instant of the day by its time in New York.
fn at(time: &str) -> Timestamp {
    let text = format!("{DATE}T{time}-05:00");
    Timestamp::parse_rfc3339(&text).expect(&text)
}

fn settings(draw: &mut Draw) -> Vec<(&'static str, String)> {
    let mut settings = vec![("max_positions", draw.from(1, 4).to_string())];
    if draw.percent(40) {
        settings.push(("target_r", "off".to_owned()));
    }
    if draw.percent(40) {
        let resting = [("direction", "candle"), ("slot_policy", "ranked"), ("entry_mode", "resting_stop")];
        settings.extend(resting.map(|(key, value)| (key, value.to_owned())));
    }
    settings
}

/// Draws a day: a range of about a dollar, then steps of up to 60 cents, most of which go one way.
fn minutes(symbol: &str, draw: &mut Draw) -> Minutes {
    let mut cents = i64::try_from(draw.from(5_000, 15_000)).expect("a small number");
    let mut minutes = Minutes::new(Symbol::new(symbol).expect(symbol), Price::from_cents(cents));
    let rising = draw.percent(50);
    for minute in 0..LENGTH {
        let most = if minute < 5 { 40 } else { 60 };
        let step = i64::try_from(draw.from(0, most)).expect("a small number");
        let along = draw.percent(if minute < 5 { 50 } else { 60 });
        cents += if along == rising { step } else { -step };
        minutes = if draw.percent(4) && minute > 5 { minutes.silent(1) } else { minutes.to(Price::from_cents(cents)) };
    }
    minutes
}

fn command(draw: &mut Draw) -> Option<(Timestamp, Command)> {
    let time = at(&format!("09:{:02}:{:02}", draw.from(36, 48), draw.from(0, 59)));
    let command = match draw.from(0, 9) {
        0 => Command::Kill { flatten: true },
        1 => Command::Kill { flatten: false },
        2 => Command::CloseAll,
        3 => Command::Pause,
        _ => return None,
    };
    Some((time, command))
}

/// Tells what happened, for the message of a failure.
fn story(outcome: &Outcome) -> String {
    let mut lines: Vec<String> = Vec::new();
    for order in &outcome.broker.orders {
        let (at, id, class) = (order.times.created, &order.client_order_id, order.class.as_str());
        let (kind, role, status) = (order.order_type.as_str(), order.role, order.status);
        let (filled, until) = (order.filled.quantity(), order.times.updated);
        lines.push(format!("{at} to {until} {id} {class} {kind} {role:?} {status:?} filled {filled}"));
    }
    for one in &outcome.broker.executions {
        let (name, side, busted) = (outcome.symbols.name(one.symbol), one.side, one.busted.is_some());
        let (shares, price) = (one.shares.quantity(), one.price);
        lines.push(format!("{} {name} {side:?} {shares} at {price}, taken back: {busted}", one.at));
    }
    for one in unprotected(outcome).iter().take(8) {
        lines.push(format!(
            "{} unprotected from {} on for {:?}, excused {:?}",
            outcome.symbols.name(one.symbol),
            one.since,
            one.lasted,
            one.excused
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
