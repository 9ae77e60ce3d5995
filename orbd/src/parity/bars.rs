//! The bars of a day, packed: 500 symbols have 195,000 of them, and the daemon that compares such a day goes on after it.

use core::ops::Bound;
use std::collections::BTreeMap;

use orb_backtest::parity::FindBar;
use orb_core::{Bar, Price, SymbolId, Timestamp};

/// Bytes that are made room for at a time; doubling would leave half of them empty.
const ROOM: usize = 512;
/// The most bytes that a number needs.
const NUMBER_BYTES_MAX: usize = 10;
/// Bits of a number in a byte; the highest one says that more follow.
const BITS: u32 = 7;
const MORE: u8 = 1 << BITS;

/// Holds bars by start, each in a third of its usual bytes.
#[derive(Debug, Default)]
pub(super) struct PackedBars {
    starts: BTreeMap<Timestamp, Packed>,
}

impl PackedBars {
    /// Adds a bar, unless its symbol has one of the same start.
    pub(super) fn add(&mut self, bar: &Bar) {
        let packed = self.starts.entry(bar.start).or_default();
        if packed.mark(bar.symbol) {
            packed.push(bar);
        }
    }

    /// Adds a bar in the place of the one that its symbol has of the same start, if it has one.
    pub(super) fn correct(&mut self, bar: &Bar) {
        let packed = self.starts.entry(bar.start).or_default();
        packed.mark(bar.symbol);
        packed.push(bar);
    }

    /// Gives symbols other numbers; bars of those that have none any more are left out.
    pub(super) fn rename(&mut self, symbol: impl Fn(SymbolId) -> Option<SymbolId>) {
        let mut before = core::mem::take(&mut self.starts);
        // One start after the other, so that never two of the day are held.
        while let Some((start, packed)) = before.pop_first() {
            let renamed =
                packed.bars(start).into_iter().filter_map(|bar| Some(Bar { symbol: symbol(bar.symbol)?, ..bar }));
            renamed.for_each(|bar| self.add(&bar));
        }
    }

    /// Keeps the bars of some starts only.
    pub(super) fn retain(&mut self, is_kept: impl Fn(Timestamp) -> bool) {
        self.starts.retain(|start, _| is_kept(*start));
    }

    /// Counts the bars.
    pub(super) fn len(&self) -> usize {
        self.starts.values().map(Packed::len).sum()
    }

    /// Counts the bytes that bars are kept in.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.starts.values().map(|packed| packed.bytes.capacity() + packed.present.capacity() * 8).sum()
    }

    /// Unpacks the bars of one start after the other, each list sorted by symbol.
    pub(super) fn batches(&self) -> impl Iterator<Item = Vec<Bar>> {
        self.starts.iter().map(|(start, packed)| packed.bars(*start))
    }
}

impl FindBar for PackedBars {
    fn last_between(&self, symbol: SymbolId, after: Timestamp, until: Timestamp) -> Option<Bar> {
        let within = self.starts.range((Bound::Excluded(after), Bound::Included(until))).rev();
        within.filter(|(_, packed)| packed.has(symbol)).find_map(|(start, packed)| packed.last(*start, symbol))
    }
}

/// The bars of one start, in the order in which they came.
#[derive(Debug, Default)]
struct Packed {
    bytes: Vec<u8>,
    /// A bit for each symbol that has a bar.
    present: Vec<u64>,
}

impl Packed {
    /// Notes that a symbol has a bar; tells whether it had none.
    fn mark(&mut self, symbol: SymbolId) -> bool {
        let (word, bit) = place(symbol);
        if word >= self.present.len() {
            self.present.resize(word + 1, 0);
        }
        let is_new = self.present[word] & bit == 0;
        self.present[word] |= bit;
        is_new
    }

    fn has(&self, symbol: SymbolId) -> bool {
        let (word, bit) = place(symbol);
        self.present.get(word).is_some_and(|word| word & bit != 0)
    }

    fn len(&self) -> usize {
        self.present.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Adds a bar; of several of a symbol the last one counts.
    fn push(&mut self, bar: &Bar) {
        let from_open = |price: Price| folded(price.micros().wrapping_sub(bar.open.micros()));
        let prices = [folded(bar.open.micros()), from_open(bar.high), from_open(bar.low), from_open(bar.close)];
        let numbers = core::iter::once(bar.symbol.0.into()).chain(prices).chain([bar.volume]);
        for number in numbers {
            put(number, &mut self.bytes);
        }
    }

    /// Unpacks every bar in the order in which they came, also those that were corrected.
    fn unpacked(&self, start: Timestamp) -> impl Iterator<Item = Bar> {
        let mut rest = &self.bytes[..];
        core::iter::from_fn(move || {
            let symbol = SymbolId(u32::try_from(take(&mut rest)?).ok()?);
            let open = unfolded(take(&mut rest)?);
            let mut price = || Some(Price::from_micros(open.wrapping_add(unfolded(take(&mut rest)?))));
            let (high, low, close) = (price()?, price()?, price()?);
            let volume = take(&mut rest)?;
            Some(Bar { symbol, start, open: Price::from_micros(open), high, low, close, volume })
        })
    }

    /// Unpacks the bars that count, sorted by symbol.
    fn bars(&self, start: Timestamp) -> Vec<Bar> {
        let mut bars: Vec<Bar> = self.unpacked(start).collect();
        bars.reverse();
        bars.sort_by_key(|bar| bar.symbol);
        bars.dedup_by_key(|bar| bar.symbol);
        bars
    }

    fn last(&self, start: Timestamp, symbol: SymbolId) -> Option<Bar> {
        self.unpacked(start).filter(|bar| bar.symbol == symbol).last()
    }
}

/// Returns the word and the bit in it that stand for a symbol.
const fn place(symbol: SymbolId) -> (usize, u64) {
    (symbol.index() / 64, 1 << (symbol.index() % 64))
}

/// Gives numbers near zero, on either side, few bits.
const fn folded(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

const fn unfolded(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Writes a number in as many bytes as it needs, the lowest bits first.
fn put(mut number: u64, bytes: &mut Vec<u8>) {
    if bytes.capacity() - bytes.len() < NUMBER_BYTES_MAX {
        bytes.reserve_exact(ROOM);
    }
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= BITS;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | MORE);
    }
}

/// Takes a number off the front; `None` at the end.
fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & !MORE) << shift;
        if byte & MORE == 0 {
            return Some(number);
        }
        shift += BITS;
    }
}

#[cfg(test)]
mod tests {
    use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
    use proptest::prelude::*;

    use super::*;

    /// Bars as they are told, the plain way.
    type Plain = BTreeMap<(Timestamp, SymbolId), Bar>;

    /// What may be told.
    #[derive(Clone, Debug)]
    enum Told {
        Bar(Bar),
        Correction(Bar),
        /// The new number of each symbol in turn.
        Rename([Option<u32>; 4]),
    }

    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![90_000_000..110_000_000_i64, any::<i64>()]
    }

    fn bar() -> impl Strategy<Value = Bar> {
        let place = (prop::sample::select(vec![0, 1, 63, 64]), -2..4_i64);
        (place, [number(), number(), number(), number()], any::<u64>()).prop_map(
            |((symbol, minute), prices, volume)| {
                let [open, high, low, close] = prices.map(Price::from_micros);
                Bar { symbol: SymbolId(symbol), start: at(minute), open, high, low, close, volume }
            },
        )
    }

    fn told() -> impl Strategy<Value = Told> {
        let numbers = Just([Some(0), Some(1), Some(63), None]).prop_shuffle();
        prop_oneof![6 => bar().prop_map(Told::Bar), 2 => bar().prop_map(Told::Correction), 1 => numbers.prop_map(Told::Rename)]
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_micros(minute * 60_000_000)
    }

    fn renamed(numbers: [Option<u32>; 4], symbol: SymbolId) -> Option<SymbolId> {
        let place = [0, 1, 63, 64].iter().position(|&other| other == symbol.0)?;
        numbers[place].map(SymbolId)
    }

    fn note(told: &Told, packed: &mut PackedBars, plain: &mut Plain) {
        match *told {
            Told::Bar(bar) => {
                packed.add(&bar);
                plain.entry((bar.start, bar.symbol)).or_insert(bar);
            }
            Told::Correction(bar) => {
                packed.correct(&bar);
                plain.insert((bar.start, bar.symbol), bar);
            }
            Told::Rename(numbers) => {
                packed.rename(|symbol| renamed(numbers, symbol));
                let bars = core::mem::take(plain).into_values();
                let bars = bars.filter_map(|bar| Some(Bar { symbol: renamed(numbers, bar.symbol)?, ..bar }));
                *plain = bars.map(|bar| ((bar.start, bar.symbol), bar)).collect();
            }
        }
    }

    proptest! {
        #[test]
        fn packed_bars_are_what_was_told(all in prop::collection::vec(told(), 0..60), from in -3..5_i64, length in 1..3_i64) {
            let (mut packed, mut plain) = (PackedBars::default(), Plain::new());
            all.iter().for_each(|told| note(told, &mut packed, &mut plain));
            packed.retain(|start| start != at(1));
            plain.retain(|(start, _), _| *start != at(1));
            let bars: Vec<Bar> = plain.values().copied().collect();
            let batches: Vec<Vec<Bar>> = packed.batches().collect();
            let expected: Vec<Vec<Bar>> = bars.chunk_by(|a, b| a.start == b.start).map(<[Bar]>::to_vec).collect();
            prop_assert_eq!((packed.len(), batches), (bars.len(), expected));
            for symbol in [0, 1, 63, 64, 65].map(SymbolId) {
                let find = |bars: &dyn FindBar| bars.last_between(symbol, at(from), at(from + length));
                prop_assert_eq!(find(&packed), find(&bars.as_slice()));
            }
        }
    }

    #[test]
    fn a_day_takes_less_than_half_of_its_bars_however_often_they_are_told() {
        let options = SyntheticOptions { symbols: 100, ..SyntheticOptions::default() };
        let market = SyntheticMarket::new(1, options).generate(&orb_data::nyse_calendar(2026, 2026)).expect("a market");
        let bars = market.trade.sessions()[0].bars();
        let mut packed = PackedBars::default();
        bars.iter().for_each(|bar| packed.add(bar));
        let once = packed.bytes();
        assert!(bars.len() > 38_000 && once * 2 < size_of_val(bars), "{once} of {}", size_of_val(bars));
        for _ in 0..9 {
            bars.iter().for_each(|bar| packed.add(bar));
        }
        assert_eq!((packed.bytes(), packed.len()), (once, bars.len()));
    }
}
