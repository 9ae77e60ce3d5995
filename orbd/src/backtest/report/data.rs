//! What the page needs of the bars: the few sessions it draws, and facts about all of them.

use std::collections::BTreeMap;

use orb_core::event::SymbolReference;
use orb_core::{Bar, Date, Price, Session, SymbolId};
use sha2::{Digest as _, Sha256};

use crate::backtest::input::MarketDay;
use crate::backtest::{InputError, Market};

/// Holds what is said about the bars of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct DataFacts {
    /// Regular bars of the run.
    pub(super) bars: usize,
    /// Regular bars that a symbol would have from its first session to its last if it traded in every interval.
    pub(super) bars_possible: usize,
    /// Sessions without any bar.
    pub(super) empty_sessions: usize,
    /// Sessions that a symbol misses whole between its first and its last.
    pub(super) missing_symbol_days: usize,
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
    let mut seen: BTreeMap<SymbolId, Seen> = BTreeMap::new();
    let mut slots = 0;
    for (place, day) in market.days.iter().enumerate() {
        let bars = market.bars_of(day);
        hash_day(&mut hash, market, day, bars);
        facts.bars += bars.len();
        facts.empty_sessions += usize::from(bars.is_empty());
        for symbol in symbols(bars) {
            seen.entry(symbol).or_insert_with(|| Seen::from(place, slots)).on_day();
        }
        slots += slots_of(market, day);
        seen.values_mut().filter(|seen| seen.today).for_each(|seen| seen.end_day(place, slots));
    }
    facts.bars_possible = seen.values().map(|seen| seen.last_slots - seen.first_slots).sum();
    facts.missing_symbol_days = seen.values().map(|seen| seen.last - seen.first + 1 - seen.days).sum();
    facts.fingerprint = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(facts)
}

/// Counts the sessions of one symbol.
struct Seen {
    first: usize,
    last: usize,
    days: usize,
    first_slots: usize,
    last_slots: usize,
    today: bool,
}

impl Seen {
    const fn from(place: usize, slots: usize) -> Self {
        Self { first: place, last: place, days: 0, first_slots: slots, last_slots: slots, today: false }
    }

    const fn on_day(&mut self) {
        self.days += 1;
        self.today = true;
    }

    const fn end_day(&mut self, place: usize, slots: usize) {
        (self.last, self.last_slots, self.today) = (place, slots, false);
    }
}

fn slots_of(market: &Market, day: &MarketDay) -> usize {
    let length = market.bar_length.micros().max(1);
    usize::try_from((day.session.close - day.session.open).micros() / length).unwrap_or_default()
}

fn symbols(bars: &[Bar]) -> Vec<SymbolId> {
    let mut symbols: Vec<_> = bars.iter().map(|bar| bar.symbol).collect();
    symbols.sort_unstable();
    symbols.dedup();
    symbols
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
    hash.update([u8::from(known.restricted)]);
}
