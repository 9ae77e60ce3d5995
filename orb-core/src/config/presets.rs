//! The named strategies that orb ships.

use rust_decimal::Decimal;

use super::strategy::{
    AtrMethod, Candidates, Costs, Direction, EntryKind, EntryMode, Filters, Sizing, SlotPolicy, StopKind,
    StrategyConfig,
};
use crate::money::Price;
use crate::protection::TargetRule;
use crate::symbol::Symbol;
use crate::time::Span;

/// Lists the presets by name, with a sentence about each.
pub const PRESETS: &[(&str, &str)] = &[
    ("orb-classic", "two-sided 5-minute range, stop at the opposite extreme, target 2R"),
    ("orb-sip", "Stocks in Play: top 20 by relative volume, stop at 10% of ATR14 (Zarattini, Barbon & Aziz 2024)"),
    ("orb-sip-paper", "orb-sip as it was published: 20 positions, left at the close"),
    ("orb-etf", "direction of the range's candle, market entry, target 10R (Zarattini & Aziz 2023)"),
];

/// What a stop or market fill of every preset loses against the price that a bar tells: a tick, one cent a share.
const SLIPPAGE: Price = Price::from_cents(1);

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
        "orb-sip" => Ok(orb_sip()),
        "orb-sip-paper" => Ok(orb_sip_paper()),
        "orb-etf" => Ok(orb_etf()),
        _ => Err(UnknownPreset { name: name.to_owned() }),
    }
}

/// The plain range breakout: a stop order one tick beyond either extreme.
fn orb_classic() -> StrategyConfig {
    StrategyConfig {
        name: "orb-classic".to_owned(),
        symbols: Vec::new(),
        candidates: Candidates::Listed,
        range_minutes: 5,
        direction: Direction::Both,
        entry: EntryKind::Stop,
        entry_mode: EntryMode::OtoOnTrigger,
        entry_limit_percent: Decimal::new(25, 2),
        entry_offset_ticks: 1,
        stop: StopKind::Range,
        atr_method: AtrMethod::Sma,
        target: Some(TargetRule::Risk(Decimal::TWO)),
        entry_cutoff: Some(Span::from_minutes(30)),
        flatten_before_close: Span::from_minutes(5),
        sizing: Sizing::Risk,
        risk_fraction: Decimal::new(1, 2),
        leverage: Decimal::from(4),
        max_positions: 5,
        slot_policy: SlotPolicy::FirstTrigger,
        stop_distance_min: None,
        gap_limit: Some(Decimal::new(30, 2)),
        filters: Filters::default(),
        score_min: None,
        loss_limit: None,
        costs: Costs { slippage: SLIPPAGE, fee_per_share: Price::from_micros(3_500) },
    }
}

/// The published strategy on Stocks in Play: Zarattini, Barbon & Aziz 2024, with five positions and a safer exit.
fn orb_sip() -> StrategyConfig {
    let filters = Filters {
        price_min: Some(Price::from_cents(500)),
        average_volume_min: Some(1_000_000),
        atr_min: Some(Price::from_cents(50)),
        universe_max: Some(1_000),
        rvol_min: Some(Decimal::ONE),
        top: Some(20),
    };
    StrategyConfig {
        name: "orb-sip".to_owned(),
        direction: Direction::Candle,
        entry_offset_ticks: 0,
        stop: StopKind::Atr(Decimal::new(1, 1)),
        target: None,
        entry_cutoff: None,
        filters,
        ..orb_classic()
    }
}

/// The published run: every one of the top 20 has a slot, and positions are left at the close.
fn orb_sip_paper() -> StrategyConfig {
    StrategyConfig {
        name: "orb-sip-paper".to_owned(),
        max_positions: 20,
        flatten_before_close: Span::from_minutes(0),
        ..orb_sip()
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
        target: Some(TargetRule::Risk(Decimal::TEN)),
        entry_cutoff: None,
        max_positions: 1,
        slot_policy: SlotPolicy::Ranked,
        costs: Costs { slippage: SLIPPAGE, fee_per_share: Price::from_micros(500) },
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
        assert_eq!(
            message,
            "there is no preset `orb-magic`: choose one of orb-classic, orb-sip, orb-sip-paper, orb-etf"
        );
    }
}
