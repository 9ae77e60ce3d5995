//! The keys of a configuration by name: one table serves `--set`, the file and the help.

use core::str::FromStr;

use rust_decimal::Decimal;

use super::strategy::{Direction, EntryKind, RANGE_MINUTES, RunConfig, SlotPolicy, StopKind, StrategyConfig};
use crate::money::{Money, Price};
use crate::symbol::Symbol;
use crate::time::Span;

/// Describes one key: its name, what it means, and how its text is read and written.
#[derive(Clone, Copy)]
pub struct Key {
    /// Name in `--set` and in the file.
    pub name: &'static str,
    /// Meaning, unit and values.
    pub help: &'static str,
    set: fn(&mut RunConfig, &str) -> Result<(), String>,
    get: fn(&RunConfig) -> String,
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Key").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Explains why a setting was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// There is no such key.
    #[error("there is no key `{name}`{}; `orbd backtest --help` lists them", suggestion.as_ref().map(|near| format!(", did you mean `{near}`?")).unwrap_or_default())]
    UnknownKey {
        /// The name that was given.
        name: String,
        /// A key of a similar name.
        suggestion: Option<String>,
    },
    /// The value does not fit the key.
    #[error("`{name} = {value}`: {problem}")]
    BadValue {
        /// The key.
        name: String,
        /// The value that was given.
        value: String,
        /// What is wrong and what is expected.
        problem: String,
    },
}

impl RunConfig {
    /// Sets one key of the account or of the first strategy from its text.
    ///
    /// # Errors
    /// When there is no such key, or the value does not fit it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return Err(SettingError::UnknownKey { name: name.to_owned(), suggestion: nearest(name) });
        };
        (key.set)(self, value.trim()).map_err(|problem| SettingError::BadValue {
            name: name.to_owned(),
            value: value.to_owned(),
            problem,
        })
    }

    /// Returns the text of one key, or `None` when there is no such key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        KEYS.iter().find(|key| key.name == name).map(|key| (key.get)(self))
    }
}

/// Returns the key whose name shares the longest prefix or part with a wrong one.
fn nearest(name: &str) -> Option<String> {
    let score = |key: &str| key.split('_').filter(|word| word.len() > 2 && name.contains(*word)).count();
    let best = KEYS.iter().max_by_key(|key| score(key.name))?;
    (score(best.name) > 0).then(|| best.name.to_owned())
}

fn first(run: &RunConfig) -> &StrategyConfig {
    &run.strategies[0]
}

fn first_mut(run: &mut RunConfig) -> &mut StrategyConfig {
    &mut run.strategies[0]
}

fn number<T: FromStr>(text: &str, expected: &str) -> Result<T, String> {
    text.replace('_', "").parse().map_err(|_| format!("expected {expected}"))
}

fn decimal_in(text: &str, low: Decimal, high: Decimal) -> Result<Decimal, String> {
    let value: Decimal = number(text, "a decimal number")?;
    if value <= low || value > high {
        return Err(format!("expected more than {low} and at most {high}"));
    }
    Ok(value)
}

fn count_in(text: &str, low: u32, high: u32) -> Result<u32, String> {
    let value: u32 = number(text, "a whole number")?;
    if !(low..=high).contains(&value) {
        return Err(format!("expected {low} to {high}"));
    }
    Ok(value)
}

fn amount(text: &str) -> Result<Price, String> {
    let value: Price = number(text, "dollars per share")?;
    if value < Price::ZERO {
        return Err("expected zero or more dollars per share".to_owned());
    }
    Ok(value)
}

fn optional<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if matches!(text, "off" | "none") { Ok(None) } else { read(text).map(Some) }
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "off".to_owned(), |value| value.to_string())
}

fn minutes(text: &str) -> Result<Span, String> {
    let digits = text.strip_suffix('m').unwrap_or(text);
    let value = count_in(digits, 0, 180).map_err(|problem| format!("{problem} minutes"))?;
    Ok(Span::from_minutes(i64::from(value)))
}

fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

fn name_of<T: PartialEq>(value: &T, choices: &[(&str, T)]) -> String {
    choices.iter().find(|(_, choice)| choice == value).map_or_else(String::new, |(name, _)| (*name).to_owned())
}

const DIRECTIONS: &[(&str, Direction)] = &[("both", Direction::Both), ("candle", Direction::Candle)];
const ENTRIES: &[(&str, EntryKind)] = &[("stop", EntryKind::Stop), ("market", EntryKind::Market)];
const POLICIES: &[(&str, SlotPolicy)] = &[("first_trigger", SlotPolicy::FirstTrigger), ("ranked", SlotPolicy::Ranked)];

fn set_range_minutes(run: &mut RunConfig, text: &str) -> Result<(), String> {
    let value = number(text.strip_suffix('m').unwrap_or(text), "a whole number of minutes")?;
    if !RANGE_MINUTES.contains(&value) {
        return Err("expected 1, 5, 15, 30 or 60 minutes".to_owned());
    }
    first_mut(run).range_minutes = value;
    Ok(())
}

fn set_stop(run: &mut RunConfig, text: &str) -> Result<(), String> {
    first_mut(run).stop = match text.split_once(':') {
        None if text == "range" => StopKind::Range,
        Some(("atr", fraction)) => StopKind::Atr(decimal_in(fraction, Decimal::ZERO, Decimal::TEN)?),
        Some(_) | None => return Err("expected range, or atr:FRACTION as in atr:0.1".to_owned()),
    };
    Ok(())
}

fn set_symbols(run: &mut RunConfig, text: &str) -> Result<(), String> {
    let names = text.split([',', ' ']).filter(|name| !name.is_empty());
    let symbols: Result<Vec<_>, _> = names.map(Symbol::new).collect();
    let symbols = symbols.map_err(|error| error.to_string())?;
    if symbols.is_empty() {
        return Err("expected symbols with commas between, as in SPY,QQQ".to_owned());
    }
    first_mut(run).symbols = symbols;
    Ok(())
}

/// Lists every key.
pub const KEYS: &[Key] = &[
    Key {
        name: "initial_equity",
        help: "equity at the start, dollars",
        set: |run, text| {
            let value: Money = number(text, "dollars")?;
            let (low, high) = (Money::from_cents(100), Money::from_cents(100_000_000_000_000));
            if value < low || value > high {
                return Err(format!("expected {low} to {high} dollars"));
            }
            run.initial_equity = value;
            Ok(())
        },
        get: |run| run.initial_equity.to_string(),
    },
    Key {
        name: "daily_loss_limit",
        help: "fraction of the equity at the open that a day may lose, above 0 and at most 1",
        set: |run, text| decimal_in(text, Decimal::ZERO, Decimal::ONE).map(|value| run.daily_loss_limit = value),
        get: |run| run.daily_loss_limit.to_string(),
    },
    Key {
        name: "name",
        help: "name of the strategy in files and replies: 1 to 16 of a-z, 0-9 and `-`",
        set: |run, text| {
            text.clone_into(&mut first_mut(run).name);
            Ok(())
        },
        get: |run| first(run).name.clone(),
    },
    Key {
        name: "symbols",
        help: "symbols to trade, with commas between; default: every symbol of the bars",
        set: set_symbols,
        get: |run| first(run).symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join(","),
    },
    Key {
        name: "range_minutes",
        help: "length of the opening range: 1, 5, 15, 30 or 60 minutes",
        set: set_range_minutes,
        get: |run| first(run).range_minutes.to_string(),
    },
    Key {
        name: "direction",
        help: "both (first side to trigger) or candle (side of the range's candle, none after a doji)",
        set: |run, text| one_of(text, DIRECTIONS).map(|value| first_mut(run).direction = value),
        get: |run| name_of(&first(run).direction, DIRECTIONS),
    },
    Key {
        name: "entry",
        help: "stop (at the level beside the range) or market (open of the first bar after the range)",
        set: |run, text| one_of(text, ENTRIES).map(|value| first_mut(run).entry = value),
        get: |run| name_of(&first(run).entry, ENTRIES),
    },
    Key {
        name: "entry_offset_ticks",
        help: "ticks between the range's extreme and the entry level, 0 to 1000",
        set: |run, text| count_in(text, 0, 1000).map(|value| first_mut(run).entry_offset_ticks = value),
        get: |run| first(run).entry_offset_ticks.to_string(),
    },
    Key {
        name: "stop",
        help: "range (the opposite extreme) or atr:FRACTION (of ATR14 from the executed price)",
        set: set_stop,
        get: |run| match first(run).stop {
            StopKind::Range => "range".to_owned(),
            StopKind::Atr(fraction) => format!("atr:{fraction}"),
        },
    },
    Key {
        name: "target_r",
        help: "distance of the target in R, above 0 and at most 1000, or off",
        set: |run, text| {
            let read = |text: &str| decimal_in(text, Decimal::ZERO, Decimal::ONE_THOUSAND);
            optional(text, read).map(|value| first_mut(run).target_r = value)
        },
        get: |run| shown(first(run).target_r),
    },
    Key {
        name: "entry_cutoff",
        help: "no entries later than so many minutes before the close, or off",
        set: |run, text| optional(text, minutes).map(|value| first_mut(run).entry_cutoff = value),
        get: |run| shown(first(run).entry_cutoff.map(Span::minutes)),
    },
    Key {
        name: "flatten_before_close",
        help: "minutes before the close at which positions are closed; 0: the close of the last regular bar",
        set: |run, text| minutes(text).map(|value| first_mut(run).flatten_before_close = value),
        get: |run| first(run).flatten_before_close.minutes().to_string(),
    },
    Key {
        name: "risk_fraction",
        help: "fraction of equity at risk, shared by max_positions: each trade risks risk_fraction / max_positions",
        set: |run, text| {
            decimal_in(text, Decimal::ZERO, Decimal::ONE).map(|value| first_mut(run).risk_fraction = value)
        },
        get: |run| first(run).risk_fraction.to_string(),
    },
    Key {
        name: "leverage",
        help: "largest multiple of equity in open and working positions, above 0 and at most 20",
        set: |run, text| {
            decimal_in(text, Decimal::ZERO, Decimal::from(20)).map(|value| first_mut(run).leverage = value)
        },
        get: |run| first(run).leverage.to_string(),
    },
    Key {
        name: "max_positions",
        help: "most positions at one time, 1 to 1000",
        set: |run, text| count_in(text, 1, 1000).map(|value| first_mut(run).max_positions = value),
        get: |run| first(run).max_positions.to_string(),
    },
    Key {
        name: "slot_policy",
        help: "first_trigger (triggers take free slots) or ranked (the first by rank, chosen once)",
        set: |run, text| one_of(text, POLICIES).map(|value| first_mut(run).slot_policy = value),
        get: |run| name_of(&first(run).slot_policy, POLICIES),
    },
    Key {
        name: "stop_distance_min",
        help: "smallest distance from entry to stop, dollars, or off",
        set: |run, text| optional(text, amount).map(|value| first_mut(run).stop_distance_min = value),
        get: |run| shown(first(run).stop_distance_min),
    },
    Key {
        name: "gap_limit",
        help: "largest |open / previous close - 1| as a fraction, or off",
        set: |run, text| {
            let read = |text: &str| decimal_in(text, Decimal::ZERO, Decimal::ONE_HUNDRED);
            optional(text, read).map(|value| first_mut(run).gap_limit = value)
        },
        get: |run| shown(first(run).gap_limit),
    },
    Key {
        name: "price_min",
        help: "the range's open must be above this, dollars, or off",
        set: |run, text| optional(text, amount).map(|value| first_mut(run).filters.price_min = value),
        get: |run| shown(first(run).filters.price_min),
    },
    Key {
        name: "average_volume_min",
        help: "smallest mean volume of the 14 sessions before, shares, or off",
        set: |run, text| {
            let read = |text: &str| number(text, "a whole number of shares");
            optional(text, read).map(|value| first_mut(run).filters.average_volume_min = value)
        },
        get: |run| shown(first(run).filters.average_volume_min),
    },
    Key {
        name: "atr_min",
        help: "ATR14 must be above this, dollars, or off",
        set: |run, text| optional(text, amount).map(|value| first_mut(run).filters.atr_min = value),
        get: |run| shown(first(run).filters.atr_min),
    },
    Key {
        name: "rvol_min",
        help: "smallest relative volume of the opening range, or off",
        set: |run, text| {
            let read = |text: &str| decimal_in(text, Decimal::NEGATIVE_ONE, Decimal::ONE_THOUSAND);
            optional(text, read).map(|value| first_mut(run).filters.rvol_min = value)
        },
        get: |run| shown(first(run).filters.rvol_min),
    },
    Key {
        name: "top",
        help: "only so many symbols of the highest relative volume, 1 to 100000, or off",
        set: |run, text| {
            let read = |text: &str| count_in(text, 1, 100_000).map(|value| value as usize);
            optional(text, read).map(|value| first_mut(run).filters.top = value)
        },
        get: |run| shown(first(run).filters.top),
    },
    Key {
        name: "slippage",
        help: "dollars per share added against the trader on stop and market fills (not on targets)",
        set: |run, text| amount(text).map(|value| first_mut(run).costs.slippage = value),
        get: |run| first(run).costs.slippage.to_string(),
    },
    Key {
        name: "fee_per_share",
        help: "commission in dollars per share, on both sides",
        set: |run, text| amount(text).map(|value| first_mut(run).costs.fee_per_share = value),
        get: |run| first(run).costs.fee_per_share.to_string(),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::preset;

    fn classic() -> RunConfig {
        RunConfig::of(preset("orb-classic").expect("a preset"))
    }

    #[test]
    fn every_key_reads_back_what_it_writes() {
        for name in ["orb-classic", "orb-etf"] {
            let run = RunConfig::of(preset(name).expect("a preset"));
            for key in KEYS.iter().filter(|key| !(key.name == "symbols" && name == "orb-classic")) {
                let mut copy = run.clone();
                let text = run.get(key.name).expect(key.name);
                assert_eq!(copy.set(key.name, &text), Ok(()), "{} = {text}", key.name);
                assert_eq!(copy, run, "{}", key.name);
            }
        }
    }

    #[track_caller]
    fn refused(name: &str, value: &str, message: &str) {
        let error = classic().set(name, value).expect_err("refused").to_string();
        assert!(error.contains(message), "{error}");
    }

    #[test]
    fn bad_settings_say_what_is_expected() {
        refused("max_position", "3", "did you mean `max_positions`?");
        refused("colour", "red", "there is no key `colour`; `orbd backtest --help` lists them");
        refused("max_positions", "0", "expected 1 to 1000");
        refused("risk_fraction", "2%", "expected a decimal number");
        refused("risk_fraction", "0", "expected more than 0 and at most 1");
        refused("slot_policy", "random", "expected one of first_trigger, ranked");
        refused("range_minutes", "7", "expected 1, 5, 15, 30 or 60 minutes");
        refused("stop", "atr", "expected range, or atr:FRACTION");
        refused("symbols", ",", "expected symbols");
        refused("slippage", "-0.01", "expected zero or more");
    }

    #[track_caller]
    fn contradiction(settings: &[(&str, &str)], keys: &str) {
        let mut run = classic();
        for (name, value) in settings {
            run.set(name, value).expect("a fitting value");
        }
        assert_eq!(run.validate().expect_err("a contradiction").keys, keys);
    }

    #[test]
    fn contradictions_name_their_keys() {
        contradiction(&[("entry", "market")], "entry, direction");
        contradiction(&[("entry", "market"), ("direction", "candle")], "entry, entry_offset_ticks");
        contradiction(&[("entry_cutoff", "1")], "entry_cutoff, flatten_before_close");
        contradiction(
            &[("range_minutes", "60"), ("entry_cutoff", "150")],
            "range_minutes, entry_cutoff, flatten_before_close",
        );
        contradiction(&[("top", "20")], "top, rvol_min");
        contradiction(&[("name", "My Strategy")], "name");
    }
}
