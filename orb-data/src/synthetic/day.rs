//! One symbol's day, minute by minute.

use orb_core::{Bar, Price, Session, Span, SymbolId};

use super::random::Random;

/// Prices printed within a minute, of which open, high, low and close are taken.
const PRINTS: u32 = 8;

/// Square root of [`PRINTS`].
const PRINTS_ROOT: f64 = 2.828_427_124_746_190_3;

/// Square root of the minutes of a full session.
const SESSION_ROOT: f64 = 19.748_417_658_131_5;

/// No price falls below this many dollars, so that all ticks are cents.
const PRICE_FLOOR: f64 = 2.0;

/// Describes a symbol for good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    pub(super) symbol: SymbolId,
    /// Standard deviation of a day's return, as a fraction.
    pub(super) volatility: f64,
    /// Shares traded on a quiet day.
    pub(super) daily_volume: f64,
    pub(super) habit: Habit,
}

/// Tells what is special about a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// Nothing.
    Ordinary,
    /// Trading stops for a while in the sessions to trade, and resumes at another price.
    Halted,
    /// Some minutes have no trade.
    Sparse,
    /// The first minutes have no trade.
    Late,
}

/// Tells how the price goes over a day; `drift` is the fraction it moves by in all.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Trend { drift: f64 },
    Chop,
    Reversal { drift: f64, turn: u32 },
}

/// Represents what is drawn for a symbol and date before its first minute.
struct Plan {
    shape: Shape,
    gap: f64,
    volatility: f64,
    volume: f64,
    /// First minute of the halt and the first after it; empty when there is none.
    halt: std::ops::Range<u32>,
    reopening: f64,
    /// Minutes before the first trade.
    late: u32,
    /// Probability that a minute has no trade.
    missing: f64,
}

impl Plan {
    fn draw(profile: &Profile, is_history: bool, random: &mut Random) -> Self {
        let in_play = random.chance(0.3);
        let (volume, volatility) = match in_play {
            true => (random.between(1.5, 4.0), random.between(1.1, 1.6)),
            false => (random.between(0.6, 1.3), random.between(0.7, 1.1)),
        };
        let surprise = if in_play { random.sign() * random.between(0.01, 0.06) } else { 0.0 };
        let gap = random.normal() * 0.006 + surprise;
        let volatility = volatility * profile.volatility;
        let shape = draw_shape(volatility, random);
        let start = random.whole(20, 90);
        let end = start + random.whole(15, 45);
        let halted = profile.habit == Habit::Halted && !is_history;
        let reopening = random.sign() * random.between(0.03, 0.08);
        let late = random.whole(1, 9);
        Self {
            shape,
            gap,
            volatility,
            volume: volume * profile.daily_volume,
            halt: if halted { start..end } else { 0..0 },
            reopening,
            late: if profile.habit == Habit::Late { late } else { 0 },
            missing: if profile.habit == Habit::Sparse { 0.12 } else { 0.0 },
        }
    }

    /// Returns the fraction that the price is drawn to move by in a minute, before noise.
    fn drift(&self, minute: u32, minutes: u32, moved: f64) -> f64 {
        let share = 1.0 / f64::from(minutes);
        match self.shape {
            Shape::Trend { drift } => drift * share,
            Shape::Chop => -0.03 * moved,
            Shape::Reversal { drift, turn } if minute < turn => drift / f64::from(turn),
            Shape::Reversal { drift, turn } => -1.7 * drift / f64::from(minutes - turn),
        }
    }

    /// Tells whether shares change hands in a minute.
    fn trades(&self, minute: u32, random: &mut Random) -> bool {
        let silent = minute > 0 && random.chance(self.missing);
        !silent && minute >= self.late && !self.halt.contains(&minute)
    }
}

fn draw_shape(volatility: f64, random: &mut Random) -> Shape {
    let (kind, drift) = (random.unit(), random.sign() * random.between(0.8, 2.0) * volatility);
    let turn = random.whole(30, 150);
    match kind {
        0.0..0.5 => Shape::Trend { drift },
        0.5..0.8 => Shape::Chop,
        _ => Shape::Reversal { drift, turn },
    }
}

/// Returns how restless a minute is against the day's mean: most at the open, a little more again at the close.
fn restlessness(minute: u32, minutes: u32) -> f64 {
    0.65 + 2.2 / (1.0 + f64::from(minute) / 6.0) + 0.4 * closing(minute, minutes)
}

/// Returns the weight of a minute in the day's volume, in the shape of a U.
fn activity(minute: u32, minutes: u32) -> f64 {
    0.6 + 5.0 / (1.0 + f64::from(minute) / 3.0) + 1.8 * closing(minute, minutes)
}

/// Rises from 0 to 1 in the last part of the day: the eighth power of its elapsed fraction.
fn closing(minute: u32, minutes: u32) -> f64 {
    let elapsed = f64::from(minute) / f64::from(minutes);
    let fourth = elapsed * elapsed * elapsed * elapsed;
    fourth * fourth
}

/// Makes a session's one-minute bars, given the close before it in dollars; appends them and returns the close.
pub(super) fn generate(
    profile: &Profile,
    session: Session,
    is_history: bool,
    previous_close: f64,
    random: &mut Random,
    bars: &mut Vec<Bar>,
) -> f64 {
    let plan = Plan::draw(profile, is_history, random);
    let minutes = u32::try_from((session.close - session.open).minutes()).expect("a session has few minutes");
    let weights: f64 = (0..minutes).map(|minute| activity(minute, minutes)).sum();
    let open = previous_close * (1.0 + plan.gap);
    let (mut price, mut close) = (open, previous_close);
    for minute in 0..minutes {
        let resumes = minute == plan.halt.end && !plan.halt.is_empty();
        if resumes {
            price *= 1.0 + plan.reopening;
        }
        let noise = plan.volatility / SESSION_ROOT * restlessness(minute, minutes);
        let drift = plan.drift(minute, minutes, price / open - 1.0);
        let before = price;
        let print = Prints::walk(&mut price, drift, noise, random);
        let mean_volume = plan.volume * activity(minute, minutes) / weights * if resumes { 5.0 } else { 1.0 };
        let volume =
            mean_volume * random.between(0.4, 1.2) * (0.7 + ((price / before - 1.0) / noise).abs().min(3.0) * 0.6);
        if plan.trades(minute, random) {
            let start = session.open + Span::from_minutes(i64::from(minute));
            bars.push(print.bar(profile.symbol, start, volume));
            close = print.close as f64 / 100.0;
        } else if plan.halt.contains(&minute) {
            price = before;
        }
    }
    close
}

/// Holds the prices of a minute in cents.
struct Prints {
    open: i64,
    high: i64,
    low: i64,
    close: i64,
}

impl Prints {
    /// Moves the price through a minute and notes what is printed on the tape.
    fn walk(price: &mut f64, drift: f64, noise: f64, random: &mut Random) -> Self {
        let first = cents(*price);
        let mut prints = Self { open: first, high: first, low: first, close: first };
        for _ in 0..PRINTS {
            *price *= 1.0 + drift / f64::from(PRINTS) + noise / PRINTS_ROOT * random.normal();
            *price = price.max(PRICE_FLOOR);
            prints.close = cents(*price);
            prints.high = prints.high.max(prints.close);
            prints.low = prints.low.min(prints.close);
        }
        prints
    }

    fn bar(&self, symbol: SymbolId, start: orb_core::Timestamp, volume: f64) -> Bar {
        let [open, high, low, close] = [self.open, self.high, self.low, self.close].map(Price::from_cents);
        Bar { symbol, start, open, high, low, close, volume: (volume as u64).max(1) }
    }
}

fn cents(dollars: f64) -> i64 {
    (dollars * 100.0).round() as i64
}
