//! What a seed stands for: a market, a configuration, and what is to go wrong.

use std::fmt;
use std::sync::Arc;

use orb_core::config::{EntryMode, preset};
use orb_core::event::{ReferenceData, SymbolReference};
use orb_core::{
    Calendar, Date, EngineConfig, Money, Price, RunConfig, Session, Span, StrategyConfig, Symbol, SymbolTable,
    Timestamp,
};

use crate::dice::Dice;

/// Names a kind of trouble that a session may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// Requests or their answers are lost, late, or answered with an error; some reach the broker all the same.
    Answers,
    /// The broker has no room for requests.
    Throttling,
    /// News of orders is lost, comes twice, or out of order.
    News,
    /// Orders hang, fill in pieces, fill after their cancel, or are refused after they were taken.
    Orders,
    /// Trading in a symbol is halted.
    Halts,
    /// Prices do not arrive.
    Stale,
    /// The list of positions lags behind the fills.
    Lag,
    /// The daemon dies.
    Crashes,
    /// The operator intervenes.
    Operator,
    /// Somebody else trades the account.
    Foreign,
}

impl Trouble {
    pub(crate) const ALL: [Self; 10] = [
        Self::Answers,
        Self::Throttling,
        Self::News,
        Self::Orders,
        Self::Halts,
        Self::Stale,
        Self::Lag,
        Self::Crashes,
        Self::Operator,
        Self::Foreign,
    ];
}

/// Holds everything that is known of a session before it is played.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) symbols: Arc<SymbolTable>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) session: Session,
    pub(crate) run: RunConfig,
    /// Entries at a limit may carry their exits.
    pub(crate) carries_exits: bool,
    /// From here on nothing goes wrong any more.
    pub(crate) healed_at: Timestamp,
    /// Time until the broker confirms.
    pub(crate) acknowledge: Span,
    /// Time that a fill takes.
    pub(crate) fill: Span,
    /// The longest way to the broker, milliseconds.
    pub(crate) way_millis_max: i64,
    /// Each symbol trades about so often.
    pub(crate) step: Span,
    pub(crate) first_prices: Vec<Price>,
}

/// Sessions begin at the open of this day.
const OPEN: &str = "2026-02-13T14:30:00Z";

impl Plan {
    /// Draws the plan of a seed; the troubles in `without` are left out.
    pub(crate) fn of(seed: u64, without: &[Trouble]) -> Self {
        let mut dice = Dice::new(seed, 0);
        let count = usize::try_from(dice.between(3, 6)).expect("a small number");
        let names = ["A", "B", "C", "D", "E", "F"].into_iter().take(count);
        let symbols = SymbolTable::new(names.map(|name| Symbol::new(name).expect("a letter is a symbol")));
        let open = Timestamp::parse_rfc3339(OPEN).expect("an instant");
        let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
        let session = Session { date, open, close: open + Span::from_minutes(dice.between(30, 60)) };
        let run = draw_run(&mut dice);
        let earliest_exit = run.strategies.iter().map(|one| one.flatten_before_close).max().unwrap_or_default();
        // Half of the sessions end in peace; in the others the closes of the end of the day meet trouble too.
        let healed_at = match dice.hits(500) {
            true => session.close - earliest_exit - Span::from_seconds(90),
            false => session.close - Span::from_seconds(75),
        };
        let troubles = draw_troubles(&mut dice).into_iter().filter(|trouble| !without.contains(trouble)).collect();
        Self {
            seed,
            troubles,
            symbols: Arc::new(symbols),
            calendar: Arc::new(Calendar::new(vec![session]).expect("one session")),
            session,
            run,
            carries_exits: dice.hits(800),
            healed_at,
            acknowledge: Span::from_millis(dice.between(0, 150)),
            fill: Span::from_millis(dice.between(0, 200)),
            way_millis_max: *dice.pick(&[20, 60, 250]),
            step: Span::from_millis(*dice.pick(&[1_000, 2_000, 3_000])),
            first_prices: (0..count).map(|_| Price::from_cents(dice.between(1_500, 20_000))).collect(),
        }
    }

    /// Tells whether a trouble is in the plan.
    pub(crate) fn has(&self, trouble: Trouble) -> bool {
        self.troubles.contains(&trouble)
    }

    /// Tells whether entries rest at the broker.
    pub(crate) fn rests(&self) -> bool {
        self.run.strategies.iter().any(|one| one.entry_mode == EntryMode::RestingStop)
    }

    /// Returns a chance where a trouble is in the plan and the session is not healed; zero otherwise.
    pub(crate) fn chance(&self, trouble: Trouble, now: Timestamp, per_mille: u32) -> u32 {
        if self.has(trouble) && now < self.healed_at { per_mille } else { 0 }
    }

    /// Returns what the engine is built from, each time that the daemon starts.
    pub(crate) fn engine_config(&self) -> EngineConfig {
        let minute = Span::from_minutes(1);
        EngineConfig::new(self.run.clone(), Arc::clone(&self.symbols), Arc::clone(&self.calendar), minute).live()
    }

    /// Returns what is known before the open: enough for every filter to pass.
    pub(crate) fn reference(&self) -> ReferenceData {
        let known = |price: &Price| SymbolReference {
            previous_close: Some(*price),
            atr14: Some(Price::from_micros((price.micros() / 50).max(600_000))),
            atr14_wilder: Some(Price::from_micros((price.micros() / 50).max(600_000))),
            volume_sum14: Some(14 * 2_000_000),
            opening_volume_sum14: [Some(14); 5],
            restricted: false,
            unshortable: false,
            margin_long: None,
            margin_short: None,
        };
        ReferenceData {
            date: self.session.date,
            equity_open: equity(),
            symbols: self.first_prices.iter().map(known).collect(),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {} to {}", self.seed, self.session.open, self.session.close)?;
        writeln!(f, "  troubles until {}: {:?}", self.healed_at, self.troubles)?;
        for one in &self.run.strategies {
            writeln!(
                f,
                "  {}: {:?} {:?} {:?} {:?}, range {} min, stop {:?}, target {:?}, at most {}, leaves {} min before the close",
                one.name,
                one.entry,
                one.entry_mode,
                one.slot_policy,
                one.direction,
                one.range_minutes,
                one.stop,
                one.target,
                one.max_positions,
                one.flatten_before_close.minutes(),
            )?;
        }
        write!(f, "  daily limit {}, exits with entries {}", self.run.daily_loss_limit, self.carries_exits)
    }
}

/// The account's cash at the open.
pub(crate) fn equity() -> Money {
    Money::from_cents(10_000_000)
}

/// Draws what goes wrong: in a sixth of the sessions nothing, in a fourth one thing, in the others anything.
fn draw_troubles(dice: &mut Dice) -> Vec<Trouble> {
    match dice.below(12) {
        0 | 1 => Vec::new(),
        2..=4 => vec![*dice.pick(&Trouble::ALL)],
        _ => Trouble::ALL.into_iter().filter(|_| dice.hits(400)).collect(),
    }
}

fn draw_run(dice: &mut Dice) -> RunConfig {
    let mut run = RunConfig::of(draw_strategy(dice));
    if dice.hits(300) {
        let mut second = draw_strategy(dice);
        set(&mut second, "name", "second");
        run.strategies.push(second);
    }
    run.daily_loss_limit = *dice.pick(&["0.003", "0.02", "0.05", "0.05", "0.05"].map(|text| text.parse().expect(text)));
    run.account_max_positions = *dice.pick(&[None, None, None, Some(2), Some(3)]);
    assert_eq!(run.validate(), Ok(()), "drawn configurations are valid");
    run
}

fn draw_strategy(dice: &mut Dice) -> StrategyConfig {
    let name = *dice.pick(&["orb-classic", "orb-sip", "orb-sip-paper", "orb-etf"]);
    let mut one = preset(name).expect(name);
    one.symbols.clear();
    for (key, choices) in [
        ("range_minutes", &["1", "5", "5"][..]),
        ("entry_cutoff", &["off", "10", "15"]),
        ("flatten_before_close", &["3", "5"]),
        // Of all four times the equity the broker keeps a part back for short sales and limits beyond the market.
        ("leverage", &["2", "3.8"]),
        ("max_positions", &["1", "2", "3", "5", "5"]),
        ("risk_fraction", &["0.01", "0.01", "0.03"]),
    ] {
        let choice = dice.pick(choices);
        set(&mut one, key, choice);
    }
    if name == "orb-etf" {
        return one;
    }
    let resting = dice.hits(300);
    let settings: &[(&str, &str)] = match (resting, dice.below(4)) {
        (true, _) => &[("direction", "candle"), ("slot_policy", "ranked"), ("entry_mode", "resting_stop")],
        (false, 0) => &[("slot_policy", "ranked")],
        (false, 1) => &[("direction", "both"), ("entry", "close"), ("slot_policy", "first_trigger")],
        (false, _) => &[("slot_policy", "first_trigger")],
    };
    settings.iter().for_each(|(key, value)| set(&mut one, key, value));
    let (key, value) =
        *dice.pick(&[("target_r", "1"), ("target_r", "off"), ("target_percent", "1"), ("target_r", "2")]);
    set(&mut one, key, value);
    let stop = *dice.pick(&["range", "atr:0.1", "percent:0.5"]);
    set(&mut one, "stop", stop);
    one
}

fn set(strategy: &mut StrategyConfig, key: &str, value: &str) {
    strategy.set(key, value).unwrap_or_else(|error| panic!("{key}={value}: {error}"));
}
