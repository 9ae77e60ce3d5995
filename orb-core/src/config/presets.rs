//! The named strategies that orb ships.

use rust_decimal::Decimal;

use super::strategy::{Costs, Direction, EntryKind, Filters, SlotPolicy, StopKind, StrategyConfig};
use crate::money::Price;
use crate::symbol::Symbol;
use crate::time::Span;

/// Lists the presets by name, with a sentence about each.
pub const PRESETS: &[(&str, &str)] = &[
    ("orb-classic", "two-sided 5-minute range, stop at the opposite extreme, target 2R"),
    ("orb-etf", "direction of the range's candle, market entry, target 10R (Zarattini & Aziz 2023)"),
];

/// Explains that there is no preset of a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no preset `{name}`: choose one of {}", known())]
pub struct UnknownPreset {
    /// The name that was asked for.
    pub name: String,
}

fn known() -> String {
    PRESETS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Returns the preset of a name.
///
/// # Errors
/// When there is none; the error lists those that exist.
pub fn preset(name: &str) -> Result<StrategyConfig, UnknownPreset> {
    match name {
        "orb-classic" => Ok(orb_classic()),
        "orb-etf" => Ok(orb_etf()),
        _ => Err(UnknownPreset { name: name.to_owned() }),
    }
}

/// The plain range breakout: a stop order one tick beyond either extreme.
fn orb_classic() -> StrategyConfig {
    StrategyConfig {
        name: "orb-classic".to_owned(),
        symbols: Vec::new(),
        range_minutes: 5,
        direction: Direction::Both,
        entry: EntryKind::Stop,
        entry_offset_ticks: 1,
        stop: StopKind::Range,
        target_r: Some(Decimal::TWO),
        entry_cutoff: Some(Span::from_minutes(30)),
        flatten_before_close: Span::from_minutes(5),
        risk_fraction: Decimal::new(1, 2),
        leverage: Decimal::from(4),
        max_positions: 5,
        slot_policy: SlotPolicy::FirstTrigger,
        stop_distance_min: None,
        gap_limit: Some(Decimal::new(30, 2)),
        filters: Filters::default(),
        costs: Costs { slippage: Price::ZERO, fee_per_share: Price::from_micros(3_500) },
    }
}

/// The published strategy on QQQ and TQQQ: Zarattini & Aziz 2023, with one position of the whole account.
fn orb_etf() -> StrategyConfig {
    let symbols = ["QQQ", "TQQQ"].iter().filter_map(|name| Symbol::new(name).ok()).collect();
    StrategyConfig {
        name: "orb-etf".to_owned(),
        symbols,
        direction: Direction::Candle,
        entry: EntryKind::Market,
        entry_offset_ticks: 0,
        target_r: Some(Decimal::TEN),
        entry_cutoff: None,
        max_positions: 1,
        slot_policy: SlotPolicy::Ranked,
        costs: Costs { slippage: Price::ZERO, fee_per_share: Price::from_micros(500) },
        ..orb_classic()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_and_named_as_listed() {
        for (name, _) in PRESETS {
            let strategy = preset(name).expect(name);
            assert_eq!(&strategy.name, name);
            assert_eq!(strategy.validate(), Ok(()));
        }
        let message = preset("orb-magic").expect_err("unknown").to_string();
        assert_eq!(message, "there is no preset `orb-magic`: choose one of orb-classic, orb-etf");
    }
}
