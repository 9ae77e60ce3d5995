//! Buffers of bars that are used again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use orb_core::Bar;

/// Room beyond a power of two. Without it, buffers would begin at the same place of different pages, and a processor's
/// cache keeps few lines of one place: those that are read side by side would drive each other out of it.
const STAGGER: usize = 23;

/// Keeps emptied buffers of bars, so that the memory of days gone by holds those to come.
///
/// Memory that was written to before costs the system no new page, and what was used last is still near the processor.
/// At most as many are kept as were in use at the same time.
#[derive(Debug, Default)]
pub(super) struct SpareBars {
    /// By room less [`STAGGER`]: powers of two.
    kept: Mutex<BTreeMap<usize, Vec<Vec<Bar>>>>,
}

impl SpareBars {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<usize, Vec<Vec<Bar>>>> {
        self.kept.lock().expect("no thread panics while it holds the spare buffers")
    }

    /// Returns an empty buffer for so many bars, if possible one that was given back.
    pub(super) fn take(&self, bars: usize) -> Vec<Bar> {
        let room = bars.next_power_of_two();
        let spare = self.kept().get_mut(&room).and_then(Vec::pop);
        spare.unwrap_or_else(|| Vec::with_capacity(room + STAGGER))
    }

    /// Takes buffers whose bars are of no use any more.
    pub(super) fn give(&self, buffers: impl IntoIterator<Item = Vec<Bar>>) {
        let mut kept = self.kept();
        for mut buffer in buffers {
            buffer.clear();
            if let Some(power) = buffer.capacity().saturating_sub(STAGGER).checked_ilog2() {
                kept.entry(1 << power).or_default().push(buffer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use orb_core::{Price, SymbolId, Timestamp};

    use super::*;

    fn bar() -> Bar {
        let price = Price::from_cents(100);
        let start = Timestamp::from_micros(0);
        Bar { symbol: SymbolId(0), start, open: price, high: price, low: price, close: price, volume: 1 }
    }

    #[test]
    fn what_was_given_back_is_taken_again_empty_and_large_enough() {
        let spare = SpareBars::default();
        let mut first = spare.take(300);
        first.push(bar());
        let address = first.as_ptr();
        spare.give([first, Vec::new()]);
        let larger = spare.take(513);
        assert_ne!(larger.as_ptr(), address, "there is no room for 513 bars in a buffer for 512");
        let again = spare.take(512);
        assert_eq!((again.as_ptr(), again.len()), (address, 0));
        assert!(again.capacity() >= 512 && spare.take(0).is_empty());
        let other = spare.take(512);
        assert_ne!(other.as_ptr(), address, "a buffer in use is not given twice");
    }
}
