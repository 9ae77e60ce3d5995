//! One-minute bars of the past, of many symbols at once.

use std::collections::{BTreeMap, BTreeSet};

use orb_core::{Bar, Price, Span, Symbol, SymbolId, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Deserialize;

use super::super::wire::lenient::{self, Listed};
use super::call::{CallError, Unclear, Verb};
use super::client::{HostName, Manner, Rest, read};
use super::paths::{self, BarsQuery};

/// Symbols in one request: an address must stay below what servers take.
const SYMBOLS_PER_REQUEST: usize = 500;
/// Most pages of one request: a day of 500 symbols has 20.
const PAGES_MAX: usize = 200;
/// Length of the bars.
const MINUTE: Span = Span::from_minutes(1);

/// One page of the answer.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    bars: Option<BTreeMap<String, Listed<WireBar>>>,
    #[serde(default, deserialize_with = "lenient::text")]
    next_page_token: Option<String>,
}

/// A bar as the data host writes it.
#[derive(Clone, Debug, Deserialize)]
struct WireBar {
    #[serde(deserialize_with = "lenient::time")]
    t: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::decimal")]
    o: Option<Decimal>,
    #[serde(deserialize_with = "lenient::decimal")]
    h: Option<Decimal>,
    #[serde(deserialize_with = "lenient::decimal")]
    l: Option<Decimal>,
    #[serde(deserialize_with = "lenient::decimal")]
    c: Option<Decimal>,
    #[serde(deserialize_with = "lenient::decimal")]
    v: Option<Decimal>,
}

impl WireBar {
    /// Returns the bar, `None` when a value is missing or the rules of a bar are broken.
    fn to_bar(&self, symbol: SymbolId) -> Option<Bar> {
        let price = |value: Option<Decimal>| Price::from_decimal(value?).ok();
        let (open, high, low, close) = (price(self.o)?, price(self.h)?, price(self.l)?, price(self.c)?);
        let bar = Bar { symbol, start: self.t?, open, high, low, close, volume: self.v?.to_u64()? };
        bar.validated().ok()
    }
}

impl Rest {
    /// Returns the bars of some symbols that start in [from, to) and have ended by `now`, by start, then symbol.
    ///
    /// A symbol without a trade in a minute has no bar there.
    ///
    /// # Errors
    /// When a page is missing: half an answer would be taken for the whole.
    pub async fn bars(
        &self,
        symbols: &[SymbolId],
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Bar>, CallError> {
        let to = to.min(now - MINUTE + Span::from_micros(1));
        let mut bars = BTreeMap::new();
        if to <= from {
            return Ok(Vec::new());
        }
        for chunk in symbols.chunks(SYMBOLS_PER_REQUEST) {
            let names: Vec<&str> = chunk.iter().map(|&id| self.symbols().name(id).as_str()).collect();
            self.collect_bars(&names.join(","), from, to, &mut bars).await?;
        }
        let asked: BTreeSet<SymbolId> = symbols.iter().copied().collect();
        let asked = |bar: &Bar| asked.contains(&bar.symbol) && from <= bar.start && bar.start < to;
        Ok(bars.into_values().filter(asked).collect())
    }

    async fn collect_bars(
        &self,
        symbols: &str,
        from: Timestamp,
        to: Timestamp,
        bars: &mut BTreeMap<(Timestamp, SymbolId), Bar>,
    ) -> Result<(), CallError> {
        let (feed, last, mut token) = (self.feed().name(), to - Span::from_micros(1), None::<String>);
        for _ in 0..PAGES_MAX {
            let call = paths::bars(BarsQuery { symbols, from, last, feed, page_token: token.as_deref() });
            let page: Page = read(&self.send(HostName::Data, &Manner::question(), Verb::Get, call).await?)?;
            for (name, listed) in page.bars.unwrap_or_default() {
                self.keep_bars(&name, &listed, bars);
            }
            match page.next_page_token.filter(|next| !next.is_empty()) {
                None => return Ok(()),
                next => token = next,
            }
        }
        Err(CallError::Unclear(Unclear::Unreadable("the list of bars does not end".to_owned())))
    }

    fn keep_bars(&self, name: &str, listed: &Listed<WireBar>, bars: &mut BTreeMap<(Timestamp, SymbolId), Bar>) {
        let Some(symbol) = Symbol::new(name).ok().and_then(|name| self.symbols().id(&name)) else { return };
        let read: Vec<Option<Bar>> = listed.items.iter().map(|bar| bar.to_bar(symbol)).collect();
        let broken = listed.unreadable.len() + read.iter().filter(|bar| bar.is_none()).count();
        if broken > 0 {
            tracing::warn!(symbol = name, broken, "bars of the past that break the rules of a bar were left out");
        }
        bars.extend(read.into_iter().flatten().map(|bar| ((bar.start, bar.symbol), bar)));
    }
}

/// Reads a page of bars as the data host's answer, and returns how many of them are bars of a symbol.
#[cfg(test)]
pub(crate) fn bars_in_page(body: &[u8], symbol: SymbolId) -> Result<usize, CallError> {
    let page: Page = read(body)?;
    let lists = page.bars.unwrap_or_default();
    Ok(lists.values().flat_map(|listed| &listed.items).filter_map(|bar| bar.to_bar(symbol)).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_read_one_by_one() {
        let text = r#"{"bars":{"SPY":[
            {"t":"2026-11-27T14:30:00Z","o":600.1,"h":600.5,"l":599.98,"c":600.25,"v":1200,"n":30,"vw":600.2},
            {"t":"2026-11-27T14:31:00Z","o":600.1,"h":599,"l":599.98,"c":600.25,"v":1200},
            {"t":"2026-11-27T14:32:00Z","o":"600.1","h":600.5,"l":599.98,"c":600.25,"v":12.0}, 7]},
            "next_page_token":null}"#;
        let page: Page = serde_json::from_str(text).expect("a page");
        let listed = &page.bars.expect("bars")["SPY"];
        let bars: Vec<_> = listed.items.iter().map(|bar| bar.to_bar(SymbolId(0))).collect();
        assert_eq!((bars.len(), listed.unreadable.len()), (3, 1));
        let first = bars[0].expect("a bar");
        assert_eq!((first.open, first.volume), ("600.1".parse().expect("a price"), 1200));
        assert_eq!((bars[1], bars[2].map(|bar| bar.volume)), (None, Some(12)), "a high below the low is no bar");
    }

    proptest::proptest! {
        #[test]
        fn no_page_makes_the_reader_panic(text in ".{0,200}", number in "[-+0-9eE.]{1,40}") {
            let around = format!("{{\"bars\":{{\"X\":[{{\"t\":\"{number}\",\"o\":{number},\"h\":1,\"l\":1,\"c\":1,\"v\":\"{number}\"}}]}}}}");
            for text in [text, around] {
                if let Ok(Page { bars: Some(bars), .. }) = serde_json::from_str(&text) {
                    let _: Vec<_> = bars.values().flat_map(|listed| &listed.items).map(|bar| bar.to_bar(SymbolId(0))).collect();
                }
            }
        }
    }
}
