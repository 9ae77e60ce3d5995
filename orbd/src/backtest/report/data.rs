//! What the page needs of the bars: the few sessions it draws, and facts about all of them.

use orb_core::event::SymbolReference;
use orb_core::{Bar, Date, Price, Session, SymbolId};
use sha2::{Digest as _, Sha256};

use crate::backtest::holes::{HoleCounter, Holes};
use crate::backtest::input::MarketDay;
use crate::backtest::{InputError, Market};

/// Holds what is said about the bars of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct DataFacts {
    /// Regular bars of the run.
    pub(super) bars: usize,
    /// What is missing.
    pub(super) holes: Holes,
    /// SHA-256, hexadecimal, of every bar and of what was known of each symbol before each session.
    pub(super) fingerprint: String,
}

/// Returns the regular bars of one symbol in one session, by start.
///
/// # Errors
/// When they cannot be read again.
pub(super) fn bars_of(market: &Market, date: Date, symbol: SymbolId) -> Result<(Session, Vec<Bar>), InputError> {
    let day = market.days.iter().find(|day| day.session.date == date);
    let day = day.expect("a trade's date is a session of the run");
    let bars = market.bars_of(day).iter().filter(|bar| bar.symbol == symbol).copied().collect();
    Ok((day.session, bars))
}

/// Goes over every bar once.
///
/// # Errors
/// When they cannot be read again.
pub(super) fn scan(market: &Market) -> Result<DataFacts, InputError> {
    let mut facts = DataFacts::default();
    let mut hash = Sha256::new();
    let mut holes = HoleCounter::new(market.symbols.len(), market.bar_length);
    for day in &market.days {
        let bars = market.bars_of(day);
        hash_day(&mut hash, market, day, bars);
        holes.add(&day.session, bars);
        facts.bars += bars.len();
    }
    facts.holes = holes.holes();
    facts.fingerprint = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(facts)
}

fn hash_day(hash: &mut Sha256, market: &Market, day: &MarketDay, bars: &[Bar]) {
    hash.update(day.session.date.to_string());
    for bar in bars {
        let prices = [bar.open, bar.high, bar.low, bar.close].map(|price| price.micros().to_le_bytes());
        hash.update(market.symbols.name(bar.symbol).as_str());
        hash.update(bar.start.micros().to_le_bytes());
        hash.update(prices.as_flattened());
        hash.update(bar.volume.to_le_bytes());
    }
    day.reference.iter().for_each(|known| hash_reference(hash, known));
}

fn hash_reference(hash: &mut Sha256, known: &SymbolReference) {
    let price = |price: Option<Price>| price.map_or(-1, Price::micros).to_le_bytes();
    let volume = |volume: Option<u64>| volume.unwrap_or(u64::MAX).to_le_bytes();
    hash.update(price(known.previous_close));
    hash.update(price(known.atr14));
    hash.update(volume(known.volume_sum14));
    known.opening_volume_sum14.iter().for_each(|&sum| hash.update(volume(sum)));
    hash.update([u8::from(known.restricted), u8::from(known.unshortable) | (u8::from(known.untradable) << 1)]);
}
