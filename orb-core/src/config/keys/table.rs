//! The table of keys.

use rust_decimal::Decimal;

use super::read::{amount, count_in, decimal_in, minutes, name_of, number, one_of, optional, shown};
use super::{Access, Key};
use crate::config::strategy::{
    AtrMethod, Candidates, Direction, EntryKind, EntryMode, OnBreach, RANGE_MINUTES, Sizing, SlotPolicy, StopKind,
    StrategyConfig,
};
use crate::money::Money;
use crate::protection::TargetRule;
use crate::symbol::Symbol;
use crate::time::Span;

const DIRECTIONS: &[(&str, Direction)] = &[("both", Direction::Both), ("candle", Direction::Candle)];
const ENTRIES: &[(&str, EntryKind)] =
    &[("stop", EntryKind::Stop), ("market", EntryKind::Market), ("close", EntryKind::Close)];
const ENTRY_MODES: &[(&str, EntryMode)] =
    &[("oto_on_trigger", EntryMode::OtoOnTrigger), ("resting_stop", EntryMode::RestingStop)];
const ATR_METHODS: &[(&str, AtrMethod)] = &[("sma", AtrMethod::Sma), ("wilder", AtrMethod::Wilder)];
const BREACHES: &[(&str, OnBreach)] = &[("flatten", OnBreach::Flatten), ("block_entries", OnBreach::BlockEntries)];
const POLICIES: &[(&str, SlotPolicy)] = &[("first_trigger", SlotPolicy::FirstTrigger), ("ranked", SlotPolicy::Ranked)];

fn set_range_minutes(strategy: &mut StrategyConfig, text: &str) -> Result<(), String> {
    let value = number(text.strip_suffix('m').unwrap_or(text), "a whole number of minutes")?;
    if !RANGE_MINUTES.contains(&value) {
        return Err("expected 1, 5, 15, 30 or 60 minutes".to_owned());
    }
    strategy.range_minutes = value;
    Ok(())
}

fn set_stop(strategy: &mut StrategyConfig, text: &str) -> Result<(), String> {
    strategy.stop = match text.split_once(':') {
        None if text == "range" => StopKind::Range,
        Some(("atr", fraction)) => StopKind::Atr(decimal_in(fraction, Decimal::ZERO, Decimal::TEN)?),
        Some(("percent", percent)) => StopKind::Percent(decimal_in(percent, Decimal::ZERO, Decimal::from(50))?),
        Some(_) | None => {
            return Err("expected range, atr:FRACTION as in atr:0.1, or percent:PERCENT as in percent:1".to_owned());
        }
    };
    Ok(())
}

fn set_sizing(strategy: &mut StrategyConfig, text: &str) -> Result<(), String> {
    strategy.sizing = match text.split_once(':') {
        None if text == "risk" => Sizing::Risk,
        Some(("shares", shares)) => Sizing::Shares(count_in(shares, 1, 100_000_000)?),
        Some(("notional", dollars)) => {
            let value: Money = number(dollars, "dollars")?;
            if value < Money::from_cents(100) || value > Money::from_cents(100_000_000_000) {
                return Err("expected 1 to 1000000000 dollars".to_owned());
            }
            Sizing::Notional(value)
        }
        Some(_) | None => {
            return Err(
                "expected risk, shares:COUNT as in shares:100, or notional:DOLLARS as in notional:10000".to_owned()
            );
        }
    };
    Ok(())
}

/// Sets a target of one kind; `off` ends only a target of that kind.
fn set_target(
    strategy: &mut StrategyConfig,
    text: &str,
    high: Decimal,
    make: fn(Decimal) -> TargetRule,
) -> Result<(), String> {
    let value = optional(text, |text| decimal_in(text, Decimal::ZERO, high))?.map(make);
    let is_same_kind = |rule: TargetRule| core::mem::discriminant(&rule) == core::mem::discriminant(&make(high));
    if value.is_some() || strategy.target.is_some_and(is_same_kind) {
        strategy.target = value;
    }
    Ok(())
}

fn set_symbols(strategy: &mut StrategyConfig, text: &str) -> Result<(), String> {
    let names = text.split([',', ' ']).filter(|name| !name.is_empty());
    let symbols: Result<Vec<_>, _> = names.map(Symbol::new).collect();
    let symbols = symbols.map_err(|error| error.to_string())?;
    if symbols.is_empty() {
        return Err("expected symbols with commas between, as in SPY,QQQ".to_owned());
    }
    strategy.symbols = symbols;
    Ok(())
}

/// Lists every key.
pub const KEYS: &[Key] = &[
    Key {
        name: "initial_equity",
        help: "equity at the start, dollars",
        access: Access::Account {
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
    },
    Key {
        name: "daily_loss_limit",
        help: "fraction of the equity at the open that a day may lose, above 0 and at most 1",
        access: Access::Account {
            set: |run, text| decimal_in(text, Decimal::ZERO, Decimal::ONE).map(|value| run.daily_loss_limit = value),
            get: |run| run.daily_loss_limit.to_string(),
        },
    },
    Key {
        name: "daily_loss_limit_max",
        help: "the most to which daily_loss_limit may be loosened while orb runs, at least that limit, or off for the limit itself",
        access: Access::Account {
            set: |run, text| {
                let read = |text: &str| decimal_in(text, Decimal::ZERO, Decimal::ONE);
                optional(text, read).map(|value| run.daily_loss_limit_max = value)
            },
            get: |run| shown(run.daily_loss_limit_max),
        },
    },
    Key {
        name: "on_breach",
        help: "when a daily loss limit is reached: flatten (entries held, positions closed) or block_entries (entries held)",
        access: Access::Account {
            set: |run, text| one_of(text, BREACHES).map(|value| run.on_breach = value),
            get: |run| name_of(&run.on_breach, BREACHES),
        },
    },
    Key {
        name: "account_max_positions",
        help: "most positions of all strategies together, 1 to 1000, or off for the largest max_positions",
        access: Access::Account {
            set: |run, text| {
                optional(text, |text| count_in(text, 1, 1000)).map(|value| run.account_max_positions = value)
            },
            get: |run| shown(run.account_max_positions),
        },
    },
    Key {
        name: "name",
        help: "name of the strategy in files and replies: 1 to 16 of a-z, 0-9 and `-`",
        access: Access::Strategy {
            set: |strategy, text| {
                text.clone_into(&mut strategy.name);
                Ok(())
            },
            get: |strategy| strategy.name.clone(),
        },
    },
    Key {
        name: "symbols",
        help: "symbols to trade, with commas between; default: every symbol of the bars",
        access: Access::Strategy {
            set: set_symbols,
            get: |strategy| strategy.symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join(","),
        },
    },
    Key {
        name: "candidates",
        help: "live: listed (those of symbols), file:PATH (those of a file, one a line) or assets (all that the broker lists), of which the filters choose each morning",
        access: Access::Strategy {
            set: |strategy, text| {
                strategy.candidates = match text.split_once(':') {
                    None if text == "listed" => Candidates::Listed,
                    None if text == "assets" => Candidates::Assets,
                    Some(("file", path)) if !path.is_empty() => Candidates::File(path.to_owned()),
                    Some(_) | None => {
                        return Err("expected listed, assets, or file:PATH as in file:/etc/orb/symbols".to_owned());
                    }
                };
                Ok(())
            },
            get: |strategy| match &strategy.candidates {
                Candidates::Listed => "listed".to_owned(),
                Candidates::Assets => "assets".to_owned(),
                Candidates::File(path) => format!("file:{path}"),
            },
        },
    },
    Key {
        name: "range_minutes",
        help: "length of the opening range: 1, 5, 15, 30 or 60 minutes",
        access: Access::Strategy { set: set_range_minutes, get: |strategy| strategy.range_minutes.to_string() },
    },
    Key {
        name: "direction",
        help: "both (first side to trigger) or candle (side of the range's candle, none after a doji)",
        access: Access::Strategy {
            set: |strategy, text| one_of(text, DIRECTIONS).map(|value| strategy.direction = value),
            get: |strategy| name_of(&strategy.direction, DIRECTIONS),
        },
    },
    Key {
        name: "entry",
        help: "stop (at the level beside the range), close (after a bar that closes beyond it) or market (right after the range)",
        access: Access::Strategy {
            set: |strategy, text| one_of(text, ENTRIES).map(|value| strategy.entry = value),
            get: |strategy| name_of(&strategy.entry, ENTRIES),
        },
    },
    Key {
        name: "entry_mode",
        help: "live: oto_on_trigger (orb waits for the level and sends a limit order with its exits) or resting_stop (a stop order waits at the broker; ranked and candle only)",
        access: Access::Strategy {
            set: |strategy, text| one_of(text, ENTRY_MODES).map(|value| strategy.entry_mode = value),
            get: |strategy| name_of(&strategy.entry_mode, ENTRY_MODES),
        },
    },
    Key {
        name: "entry_limit_percent",
        help: "live: how far beyond the price that triggers an entry its limit lies, percent, above 0 and at most 5",
        access: Access::Strategy {
            set: |strategy, text| {
                decimal_in(text, Decimal::ZERO, Decimal::from(5)).map(|value| strategy.entry_limit_percent = value)
            },
            get: |strategy| strategy.entry_limit_percent.to_string(),
        },
    },
    Key {
        name: "entry_offset_ticks",
        help: "ticks between the range's extreme and the entry level, 0 to 1000",
        access: Access::Strategy {
            set: |strategy, text| count_in(text, 0, 1000).map(|value| strategy.entry_offset_ticks = value),
            get: |strategy| strategy.entry_offset_ticks.to_string(),
        },
    },
    Key {
        name: "stop",
        help: "range (the opposite extreme), or from the executed price atr:FRACTION (of ATR14) or percent:PERCENT",
        access: Access::Strategy {
            set: set_stop,
            get: |strategy| match strategy.stop {
                StopKind::Range => "range".to_owned(),
                StopKind::Atr(fraction) => format!("atr:{fraction}"),
                StopKind::Percent(percent) => format!("percent:{percent}"),
            },
        },
    },
    Key {
        name: "atr_method",
        help: "ATR14 as the mean of 14 true ranges (sma) or smoothed by Wilder (wilder)",
        access: Access::Strategy {
            set: |strategy, text| one_of(text, ATR_METHODS).map(|value| strategy.atr_method = value),
            get: |strategy| name_of(&strategy.atr_method, ATR_METHODS),
        },
    },
    Key {
        name: "target_r",
        help: "distance of the target in R, above 0 and at most 1000, or off",
        access: Access::Strategy {
            set: |strategy, text| set_target(strategy, text, Decimal::ONE_THOUSAND, TargetRule::Risk),
            get: |strategy| match strategy.target {
                Some(TargetRule::Risk(multiple)) => multiple.to_string(),
                Some(TargetRule::Percent(_)) | None => "off".to_owned(),
            },
        },
    },
    Key {
        name: "target_percent",
        help: "distance of the target in percent of the executed price, above 0 and at most 1000, or off; instead of target_r",
        access: Access::Strategy {
            set: |strategy, text| set_target(strategy, text, Decimal::ONE_THOUSAND, TargetRule::Percent),
            get: |strategy| match strategy.target {
                Some(TargetRule::Percent(percent)) => percent.to_string(),
                Some(TargetRule::Risk(_)) | None => "off".to_owned(),
            },
        },
    },
    Key {
        name: "entry_cutoff",
        help: "no entries later than so many minutes before the close, or off",
        access: Access::Strategy {
            set: |strategy, text| optional(text, minutes).map(|value| strategy.entry_cutoff = value),
            get: |strategy| shown(strategy.entry_cutoff.map(Span::minutes)),
        },
    },
    Key {
        name: "flatten_before_close",
        help: "minutes before the close at which positions are closed; 0: the close of the last regular bar",
        access: Access::Strategy {
            set: |strategy, text| minutes(text).map(|value| strategy.flatten_before_close = value),
            get: |strategy| strategy.flatten_before_close.minutes().to_string(),
        },
    },
    Key {
        name: "sizing",
        help: "risk (by risk_fraction), shares:COUNT or notional:DOLLARS for each trade; leverage bounds all three",
        access: Access::Strategy {
            set: set_sizing,
            get: |strategy| match strategy.sizing {
                Sizing::Risk => "risk".to_owned(),
                Sizing::Shares(count) => format!("shares:{count}"),
                Sizing::Notional(amount) => format!("notional:{amount}"),
            },
        },
    },
    Key {
        name: "risk_fraction",
        help: "fraction of equity at risk, shared by max_positions: each trade risks risk_fraction / max_positions",
        access: Access::Strategy {
            set: |strategy, text| {
                decimal_in(text, Decimal::ZERO, Decimal::ONE).map(|value| strategy.risk_fraction = value)
            },
            get: |strategy| strategy.risk_fraction.to_string(),
        },
    },
    Key {
        name: "leverage",
        help: "largest multiple of equity in open and working positions, above 0 and at most 20",
        access: Access::Strategy {
            set: |strategy, text| {
                decimal_in(text, Decimal::ZERO, Decimal::from(20)).map(|value| strategy.leverage = value)
            },
            get: |strategy| strategy.leverage.to_string(),
        },
    },
    Key {
        name: "max_positions",
        help: "most positions at one time, 1 to 1000",
        access: Access::Strategy {
            set: |strategy, text| count_in(text, 1, 1000).map(|value| strategy.max_positions = value),
            get: |strategy| strategy.max_positions.to_string(),
        },
    },
    Key {
        name: "slot_policy",
        help: "first_trigger (triggers take free slots) or ranked (the first by rank, chosen once)",
        access: Access::Strategy {
            set: |strategy, text| one_of(text, POLICIES).map(|value| strategy.slot_policy = value),
            get: |strategy| name_of(&strategy.slot_policy, POLICIES),
        },
    },
    Key {
        name: "stop_distance_min",
        help: "smallest distance from entry to stop, dollars, or off",
        access: Access::Strategy {
            set: |strategy, text| optional(text, amount).map(|value| strategy.stop_distance_min = value),
            get: |strategy| shown(strategy.stop_distance_min),
        },
    },
    Key {
        name: "gap_limit",
        help: "largest |open / previous close - 1| as a fraction, or off",
        access: Access::Strategy {
            set: |strategy, text| {
                let read = |text: &str| decimal_in(text, Decimal::ZERO, Decimal::ONE_HUNDRED);
                optional(text, read).map(|value| strategy.gap_limit = value)
            },
            get: |strategy| shown(strategy.gap_limit),
        },
    },
    Key {
        name: "price_min",
        help: "the range's open must be above this, dollars, or off",
        access: Access::Strategy {
            set: |strategy, text| optional(text, amount).map(|value| strategy.filters.price_min = value),
            get: |strategy| shown(strategy.filters.price_min),
        },
    },
    Key {
        name: "average_volume_min",
        help: "smallest mean volume of the 14 sessions before, shares, or off",
        access: Access::Strategy {
            set: |strategy, text| {
                let read = |text: &str| number(text, "a whole number of shares");
                optional(text, read).map(|value| strategy.filters.average_volume_min = value)
            },
            get: |strategy| shown(strategy.filters.average_volume_min),
        },
    },
    Key {
        name: "atr_min",
        help: "ATR14 must be above this, dollars, or off",
        access: Access::Strategy {
            set: |strategy, text| optional(text, amount).map(|value| strategy.filters.atr_min = value),
            get: |strategy| shown(strategy.filters.atr_min),
        },
    },
    Key {
        name: "universe_max",
        help: "before the open, only so many symbols of the largest dollar volume are chosen from, 1 to 100000, or off",
        access: Access::Strategy {
            set: |strategy, text| {
                let read = |text: &str| count_in(text, 1, 100_000).map(|value| value as usize);
                optional(text, read).map(|value| strategy.filters.universe_max = value)
            },
            get: |strategy| shown(strategy.filters.universe_max),
        },
    },
    Key {
        name: "rvol_min",
        help: "smallest relative volume of the opening range, or off",
        access: Access::Strategy {
            set: |strategy, text| {
                let read = |text: &str| decimal_in(text, Decimal::NEGATIVE_ONE, Decimal::ONE_THOUSAND);
                optional(text, read).map(|value| strategy.filters.rvol_min = value)
            },
            get: |strategy| shown(strategy.filters.rvol_min),
        },
    },
    Key {
        name: "top",
        help: "only so many symbols of the highest relative volume, 1 to 100000, or off",
        access: Access::Strategy {
            set: |strategy, text| {
                let read = |text: &str| count_in(text, 1, 100_000).map(|value| value as usize);
                optional(text, read).map(|value| strategy.filters.top = value)
            },
            get: |strategy| shown(strategy.filters.top),
        },
    },
    Key {
        name: "score_min",
        help: "smallest setup score, above 0 and at most 1, or off; it describes a setup and predicts nothing",
        access: Access::Strategy {
            set: |strategy, text| {
                let read = |text: &str| decimal_in(text, Decimal::ZERO, Decimal::ONE);
                optional(text, read).map(|value| strategy.score_min = value)
            },
            get: |strategy| shown(strategy.score_min),
        },
    },
    Key {
        name: "loss_limit",
        help: "fraction of the account's equity at the open that this strategy may lose in a day, above 0 and at most 1, or off",
        access: Access::Strategy {
            set: |strategy, text| {
                let read = |text: &str| decimal_in(text, Decimal::ZERO, Decimal::ONE);
                optional(text, read).map(|value| strategy.loss_limit = value)
            },
            get: |strategy| shown(strategy.loss_limit),
        },
    },
    Key {
        name: "slippage",
        help: "dollars per share lost on stop and market fills, not on targets; a cent in the presets",
        access: Access::Strategy {
            set: |strategy, text| amount(text).map(|value| strategy.costs.slippage = value),
            get: |strategy| strategy.costs.slippage.to_string(),
        },
    },
    Key {
        name: "fee_per_share",
        help: "commission in dollars per share, on both sides",
        access: Access::Strategy {
            set: |strategy, text| amount(text).map(|value| strategy.costs.fee_per_share = value),
            get: |strategy| strategy.costs.fee_per_share.to_string(),
        },
    },
];
