//! The sessions that are cut off: half an hour, five symbols, entries and exits of every kind.

use std::time::Duration;

use orb_core::config::{Direction, EntryMode, RunConfig, SlotPolicy, preset};
use orb_core::event::Command;
use orb_core::{Date, Price, Span, Symbol, Timestamp};
use orb_exec::alpaca::RequestLimits;
use orb_sim::market::PathConfig;
use orbd::demo::DemoSession;
use orbd::rehearsal::{Minutes, Rehearsal, by_hand};

use crate::draw::Draw;

/// The day after Thanksgiving: the exchange closes at 13:00.
const DATE: &str = "2025-11-28";
/// Minutes from the open to the end of the bars.
const LENGTH: usize = 31;
/// Minutes of a market that outlives orbd.
const SURVIVOR_LENGTH: usize = 120;
/// Symbols of each session.
const SYMBOLS: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];
/// How many sessions there are.
pub(crate) const SCENES: u64 = 6;
/// The session whose losses pass the limit of the day.
pub(crate) const LOSS: u64 = 3;
/// The session in which everything is closed by a kill.
pub(crate) const KILL_AND_FLATTEN: u64 = 1;
/// The session without commands, which is flat by the end of the day.
pub(crate) const PLAIN: u64 = 0;
/// When positions are closed at the end of each session.
pub(crate) const FLATTEN: &str = "09:55:00";
/// When the command of a session is given.
pub(crate) const COMMAND: &str = "09:45:20";

/// Orders fill in three pieces.
const PIECES: &str = "seed = 1\n[[order]]\nfault = { pieces = { count = 3, every_ms = 700 } }\nwhen = { rate = 0.7 }\n";

/// When a market that outlives orbd has seen the end of orbd's day.
pub(crate) const SURVIVOR_OVER: &str = "10:01:30";
/// How long positions may be bare where orbd is dead, is started and looks around while time goes on: whatever the
/// machine needs. Never more than the time in which everything is closed.
pub(crate) const SURVIVOR_UNPROTECTED_MAX: Span = Span::from_minutes(20);
/// What orbd is told of the day at a market that outlives it.
pub(crate) const SURVIVOR_SETTINGS: &str = "preset = \"orb-classic\"\nsymbols = [\"AAA\", \"BBB\", \"CCC\", \"DDD\", \"EEE\"]\nmax_positions = 5\ngap_limit = \"off\"\nrisk_fraction = 0.02\nflatten_before_close = 180\nentry_cutoff = 180\n";

/// Returns an instant of the day by its time in New York.
pub(crate) fn at(time: &str) -> Timestamp {
    let text = format!("{DATE}T{time}-05:00");
    Timestamp::parse_rfc3339(&text).expect(&text)
}

/// Returns the date of all sessions.
pub(crate) fn date() -> Date {
    DATE.parse().expect("a date")
}

/// Tells whether the operator kills in a session.
pub(crate) const fn kills(scene: u64) -> bool {
    matches!(command(scene), Some(Command::Kill { .. }))
}

const fn command(scene: u64) -> Option<Command> {
    match scene {
        KILL_AND_FLATTEN => Some(Command::Kill { flatten: true }),
        2 => Some(Command::Kill { flatten: false }),
        4 => Some(Command::CloseAll),
        _ => None,
    }
}

/// Makes a session.
pub(crate) fn scene(number: u64) -> anyhow::Result<Rehearsal> {
    let mut draw = Draw::new(number);
    let minutes: Vec<Minutes> = SYMBOLS
        .iter()
        .enumerate()
        .map(|(index, symbol)| if number == LOSS { losing(symbol, index) } else { minutes(symbol, &mut draw) })
        .collect();
    let mut rehearsal = Rehearsal::new(by_hand(date(), &minutes, run(number)?)?);
    rehearsal.until = Some(at("10:00:30"));
    rehearsal.path = PathConfig { steps_max: 4, half_spread_micros: 10_000, grid_micros: 1, ..PathConfig::default() };
    rehearsal.limits = RequestLimits { timeout: Duration::from_secs(5), ..rehearsal.limits };
    rehearsal.streams.stale_after = Some(Span::from_seconds(90));
    rehearsal.commands = command(number).map(|command| (at(COMMAND), command)).into_iter().collect();
    if matches!(number, 2 | 4 | 5) {
        rehearsal.faults = PIECES.parse()?;
    }
    rehearsal.remembers = true;
    Ok(rehearsal)
}

/// Makes the day of a market that outlives orbd: that of the session without commands, and quiet afterwards.
pub(crate) fn survivor() -> anyhow::Result<DemoSession> {
    let mut draw = Draw::new(PLAIN);
    let minutes: Vec<Minutes> =
        SYMBOLS.iter().map(|symbol| minutes(symbol, &mut draw).until(SURVIVOR_LENGTH)).collect();
    by_hand(date(), &minutes, run(PLAIN)?)
}

fn run(number: u64) -> anyhow::Result<RunConfig> {
    let mut strategy = preset("orb-classic")?;
    strategy.gap_limit = None;
    strategy.max_positions = 5;
    strategy.flatten_before_close = Span::from_minutes(185);
    strategy.entry_cutoff = Some(Span::from_minutes(188));
    if number == 2 {
        strategy.entry_mode = EntryMode::RestingStop;
        strategy.slot_policy = SlotPolicy::Ranked;
        strategy.direction = Direction::Candle;
    }
    let mut run = RunConfig::of(strategy);
    let mut set =
        |key: &str, value: &str| run.set(key, value).map_err(|error| anyhow::anyhow!("{key}={value}: {error}"));
    set("risk_fraction", "0.02")?;
    if matches!(number, 1 | 5 | LOSS) {
        set("target_r", "off")?;
    }
    if number == LOSS {
        set("daily_loss_limit", "0.03")?;
    }
    Ok(run)
}

fn cents(cents: i64) -> Price {
    Price::from_cents(cents)
}

/// A range of a dollar from 9:30 to 9:35, whose candle rises, and a minute below its high.
fn range(symbol: &str) -> Minutes {
    let minutes = Minutes::new(Symbol::new(symbol).expect(symbol), cents(10_000));
    minutes.to(cents(10_050)).to(cents(10_000)).to(cents(10_100)).to(cents(10_040)).to(cents(10_060)).stay(1)
}

/// Draws a day: a breakout sooner or later, to either side, then steps of up to 60 cents, most of them along with it.
fn minutes(symbol: &str, draw: &mut Draw) -> Minutes {
    let mut small = |least, most| i64::try_from(draw.from(least, most)).expect("a small number");
    let waits = usize::try_from(small(0, 8)).expect("a small number");
    let sign = if small(0, 3) > 0 { 1 } else { -1 };
    let mut price = if sign > 0 { 10_120 } else { 9_980 };
    let mut minutes = range(symbol).stay(waits).to(cents(price));
    for _ in waits + 7..LENGTH {
        let along = if small(0, 9) < 6 { sign } else { -sign };
        price += along * small(0, 60);
        minutes = minutes.to(cents(price));
    }
    minutes
}

/// A day that breaks out, and falls through its stop by a gap: the first symbols' losses pass the limit of the day
/// while the last two are still held.
fn losing(symbol: &str, index: usize) -> Minutes {
    let held = range(symbol).stay(index % 2).to(cents(10_120)).to(cents(10_125)).until(14 + index);
    let minutes = if index < 3 { held.gap(cents(9_640)).to(cents(9_640)) } else { held };
    minutes.until(LENGTH)
}
