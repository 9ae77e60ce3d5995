//! The values of a configuration and the rules that they obey together.

use rust_decimal::Decimal;

use crate::event::SymbolReference;
use crate::money::{Money, Price};
use crate::protection::TargetRule;
use crate::symbol::Symbol;
use crate::time::Span;

/// Numbers a strategy within a configuration, from 0; a smaller number has priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StrategyId(pub u16);

impl StrategyId {
    /// Returns the number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Lists the lengths that an opening range may have, in minutes.
pub const RANGE_MINUTES: [u32; 5] = [1, 5, 15, 30, 60];

/// Says which breakouts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Direction {
    /// Both sides; the first to trigger.
    Both,
    /// Only the side of the opening range's candle; none after a doji.
    Candle,
}

/// Says how a position is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryKind {
    /// By a stop order at the level beside the range.
    Stop,
    /// At the open of the first bar after the range.
    Market,
    /// At the open of the bar after one that closed at or beyond the level.
    Close,
}

/// Says who waits for the level of a stop entry where prices are live; in bars the exchange does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryMode {
    /// orb waits, and sends a marketable limit order with its exits attached when the level is touched.
    #[default]
    OtoOnTrigger,
    /// A stop order waits at the broker; the protective stop is sent when it fills.
    RestingStop,
}

/// Says where the initial stop lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopKind {
    /// At the opposite extreme of the range.
    Range,
    /// This fraction of ATR14 from the executed price.
    Atr(Decimal),
    /// This percentage of the executed price from it.
    Percent(Decimal),
}

/// Says how ATR14 is made of the true ranges before the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtrMethod {
    /// The mean of the latest 14.
    #[default]
    Sma,
    /// Wilder's smoothing of all of them, begun with the mean of the first 14.
    ///
    /// Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978.
    Wilder,
}

/// Says how many shares an entry has; what is left of the leverage bounds all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sizing {
    /// As many as lose the risk fraction's share at the stop.
    #[default]
    Risk,
    /// So many.
    Shares(u32),
    /// As many as so much money buys at the level.
    Notional(Money),
}

/// Says from where the symbols come that a strategy may choose from, where prices are live; a backtest has its bars.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Candidates {
    /// They are named one by one, as [`StrategyConfig::symbols`].
    #[default]
    Listed,
    /// A file has them, one a line; the path is relative to the folder that orb is started in.
    File(String),
    /// All that the broker lists: every active stock and fund of an exchange in which it takes orders.
    Assets,
}

/// Says who gets the slots of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotPolicy {
    /// All candidates are watched; the first that trigger take free slots.
    FirstTrigger,
    /// The first by rank, chosen once at the range's end; no refill.
    Ranked,
}

/// Says what follows when a daily loss limit is reached; entries are held in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBreach {
    /// Positions are closed.
    #[default]
    Flatten,
    /// Positions keep their stops and targets.
    BlockEntries,
}

/// Holds the bounds that choose the Stocks in Play; `None` leaves a bound out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filters {
    /// The range's open must be above this price.
    pub price_min: Option<Price>,
    /// The mean volume of the 14 sessions before must be at least this, in shares.
    pub average_volume_min: Option<u64>,
    /// ATR14 must be above this, per share.
    pub atr_min: Option<Price>,
    /// Of those that may be chosen from by what is known before the open, only so many of the largest dollar volume.
    pub universe_max: Option<usize>,
    /// The relative volume must be at least this.
    pub rvol_min: Option<Decimal>,
    /// Only so many symbols of the highest relative volume are candidates.
    pub top: Option<usize>,
}

/// Holds what trading costs, per share and side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Costs {
    /// Added to the price of stop and market fills, against the trader; not to targets.
    pub slippage: Price,
    /// Commission on every fill.
    pub fee_per_share: Price,
}

/// Holds one named strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StrategyConfig {
    /// Name in files and replies: 1 to 16 of a-z, 0-9 and `-`.
    pub name: String,
    /// Symbols to trade; empty for every symbol that the run has.
    pub symbols: Vec<Symbol>,
    /// From where these come, where prices are live.
    pub candidates: Candidates,
    /// Length of the opening range in minutes, one of [`RANGE_MINUTES`].
    pub range_minutes: u32,
    /// Which breakouts count.
    pub direction: Direction,
    /// How a position is entered.
    pub entry: EntryKind,
    /// Who waits for the level, where prices are live.
    pub entry_mode: EntryMode,
    /// How far beyond the price that triggers a live entry its limit lies, in percent of that price.
    pub entry_limit_percent: Decimal,
    /// Distance of the entry level from the range's extreme, in ticks.
    pub entry_offset_ticks: u32,
    /// Where the initial stop lies.
    pub stop: StopKind,
    /// How ATR14 is computed.
    pub atr_method: AtrMethod,
    /// Where the target lies; `None` without a target.
    pub target: Option<TargetRule>,
    /// No entry later than this before the close; `None` without a cut-off.
    pub entry_cutoff: Option<Span>,
    /// Positions are closed so long before the close; zero for the close of the last regular bar.
    pub flatten_before_close: Span,
    /// How many shares an entry has.
    pub sizing: Sizing,
    /// Fraction of equity at risk, divided among [`Self::max_positions`].
    pub risk_fraction: Decimal,
    /// Largest multiple of equity in positions and working entries together.
    pub leverage: Decimal,
    /// Most positions at one time.
    pub max_positions: u32,
    /// Who gets the slots.
    pub slot_policy: SlotPolicy,
    /// A stop must be at least so far from the entry; `None` without a minimum.
    pub stop_distance_min: Option<Price>,
    /// Largest |open / previous close - 1|; `None` without a bound.
    pub gap_limit: Option<Decimal>,
    /// Bounds that choose the Stocks in Play.
    pub filters: Filters,
    /// Smallest setup score; `None` lets every score pass, and none at all.
    pub score_min: Option<Decimal>,
    /// Fraction of the account's equity at the open that this strategy may lose in a day; `None` without a limit of
    /// its own. The account's limit holds besides.
    pub loss_limit: Option<Decimal>,
    /// What trading costs.
    pub costs: Costs,
}

/// Holds an account and the strategies that trade it.
///
/// ```
/// use orb_core::RunConfig;
/// use orb_core::config::preset;
///
/// let mut run = RunConfig::of(preset("orb-sip")?);
/// run.set("risk_fraction", "0.02")?;
/// run.set("orb-sip.stop", "percent:1")?;
/// run.validate()?;
/// assert_eq!(run.get("stop").as_deref(), Some("percent:1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunConfig {
    /// Equity at the start of a backtest or demo.
    pub initial_equity: Money,
    /// Fraction of the equity at the open that a day may lose.
    pub daily_loss_limit: Decimal,
    /// The most to which that fraction may be loosened while orb runs; `None` for the configured limit itself.
    pub daily_loss_limit_max: Option<Decimal>,
    /// What follows when a daily loss limit is reached.
    pub on_breach: OnBreach,
    /// Most positions of all strategies together; `None` for the largest of their own.
    pub account_max_positions: Option<u32>,
    /// The strategies in order of priority; never empty in a checked configuration.
    pub strategies: Vec<StrategyConfig>,
}

/// Explains which keys of a configuration do not go together, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{keys}: {problem}; {remedy}")]
#[non_exhaustive]
pub struct ConfigError {
    /// The keys at fault.
    pub keys: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

fn error(keys: &str, problem: impl Into<String>, remedy: impl Into<String>) -> ConfigError {
    ConfigError { keys: keys.to_owned(), problem: problem.into(), remedy: remedy.into() }
}

impl StrategyConfig {
    /// Returns ATR14 as the strategy computes it; `None` when it is unknown.
    #[must_use]
    pub const fn atr(&self, known: &SymbolReference) -> Option<Price> {
        match self.atr_method {
            AtrMethod::Sma => known.atr14,
            AtrMethod::Wilder => known.atr14_wilder,
        }
    }

    /// Checks the rules between the keys of a strategy.
    ///
    /// # Errors
    /// Names the keys that contradict each other and the remedy.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let name_ok = (1..=16).contains(&self.name.len())
            && self.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !name_ok {
            return Err(error("name", format!("`{}` is no name", self.name), "use 1 to 16 of a-z, 0-9 and `-`"));
        }
        if self.entry == EntryKind::Market && self.direction == Direction::Both {
            let problem = "a market entry has no level that could tell the side";
            return Err(error("entry, direction", problem, "set direction=candle or entry=stop"));
        }
        if self.entry == EntryKind::Market && self.entry_offset_ticks != 0 {
            let problem = "a market entry has no level to move";
            return Err(error("entry, entry_offset_ticks", problem, "set entry_offset_ticks=0 or entry=stop"));
        }
        if self.entry_mode == EntryMode::RestingStop {
            self.validate_resting()?;
        }
        if let Some(cutoff) = self.entry_cutoff
            && cutoff < self.flatten_before_close
        {
            let problem = format!(
                "entries would be allowed until {} minutes before the close, after the flatten at {}",
                cutoff.minutes(),
                self.flatten_before_close.minutes()
            );
            let remedy = "make entry_cutoff at least flatten_before_close, or set entry_cutoff=off";
            return Err(error("entry_cutoff, flatten_before_close", problem, remedy));
        }
        let reserved = self.entry_cutoff.unwrap_or_default().max(self.flatten_before_close).minutes();
        if i64::from(self.range_minutes) + reserved >= 210 {
            let problem = "no time for entries is left on a half day of 210 minutes";
            return Err(error(
                "range_minutes, entry_cutoff, flatten_before_close",
                problem,
                "make range_minutes plus the longer of the two less than 210",
            ));
        }
        if self.filters.top.is_some() && self.filters.rvol_min.is_none() {
            let problem = "the top is chosen by relative volume, which is not required";
            return Err(error("top, rvol_min", problem, "set rvol_min (0 is enough) or top=off"));
        }
        Ok(())
    }
}

impl StrategyConfig {
    /// Entries can rest at the broker only where each has its place and its side from the start.
    fn validate_resting(&self) -> Result<(), ConfigError> {
        let (keys, problem, remedy) = if self.entry != EntryKind::Stop {
            ("entry_mode, entry", "only a stop entry has a level to rest at", "set entry=stop")
        } else if self.slot_policy != SlotPolicy::Ranked {
            ("entry_mode, slot_policy", "more entries could fill than there are slots", "set slot_policy=ranked")
        } else if self.direction != Direction::Candle {
            ("entry_mode, direction", "both sides of one symbol cannot rest at once", "set direction=candle")
        } else {
            return Ok(());
        };
        Err(error(keys, problem, format!("{remedy} or entry_mode=oto_on_trigger")))
    }
}

impl RunConfig {
    /// Makes a configuration of one strategy with the usual account: 100,000 dollars and a daily limit of 5%.
    #[must_use]
    pub fn of(strategy: StrategyConfig) -> Self {
        Self {
            initial_equity: Money::from_cents(10_000_000),
            daily_loss_limit: Decimal::new(5, 2),
            daily_loss_limit_max: None,
            on_breach: OnBreach::Flatten,
            account_max_positions: None,
            strategies: vec![strategy],
        }
    }

    /// Checks each strategy and the rules between them.
    ///
    /// # Errors
    /// Names the keys that contradict each other and the remedy.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.strategies.is_empty() {
            return Err(error("strategy", "there is none", "name a preset"));
        }
        if self.daily_loss_limit_max.is_some_and(|most| most < self.daily_loss_limit) {
            let problem = "the limit is above the most to which it may be loosened";
            let remedy = "make daily_loss_limit_max at least daily_loss_limit, or off";
            return Err(error("daily_loss_limit, daily_loss_limit_max", problem, remedy));
        }
        for (index, strategy) in self.strategies.iter().enumerate() {
            strategy.validate()?;
            if self.strategies[..index].iter().any(|other| other.name == strategy.name) {
                let problem = format!("two strategies are named `{}`", strategy.name);
                return Err(error("name", problem, "give each a name of its own"));
            }
        }
        Ok(())
    }

    /// Checks that the ranges can be built from bars of a length.
    ///
    /// # Errors
    /// When a range is not a whole number of bars.
    pub fn validate_bar_length(&self, length: Span) -> Result<(), ConfigError> {
        for strategy in &self.strategies {
            if i64::from(strategy.range_minutes) % length.minutes() != 0 {
                let problem = format!(
                    "a range of {} minutes is not a whole number of {}-minute bars",
                    strategy.range_minutes,
                    length.minutes()
                );
                return Err(error("range_minutes", problem, "choose a multiple of the bar length, or finer bars"));
            }
        }
        Ok(())
    }

    /// Returns a strategy.
    ///
    /// # Panics
    /// When the number is not of this configuration.
    #[must_use]
    pub fn strategy(&self, id: StrategyId) -> &StrategyConfig {
        &self.strategies[id.index()]
    }
}
