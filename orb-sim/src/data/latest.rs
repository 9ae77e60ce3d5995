//! The latest of everything, and snapshots.

use orb_core::{Span, SymbolId, Timestamp};
use serde_json::{Map, Value, json};

use super::Question;
use super::params::BadRequest;
use crate::market::timeframe::{TapeBar, Timeframe, aggregate};
use crate::streams::messages::{bar_fields, quote_fields, trade_fields};
use crate::streams::wire::{Fields, object};

/// How far back the day before may lie.
const LOOK_BACK: Span = Span::from_minutes(30 * 24 * 60);

impl Question<'_> {
    pub(super) fn latest_of_many(&self, kind: &str) -> Result<Value, BadRequest> {
        let known = self.known_symbols()?;
        let latest = |(id, symbol): &(SymbolId, orb_core::Symbol)| Some((symbol.to_string(), self.latest(*id, kind)?));
        let found: Map<String, Value> = known.iter().filter_map(latest).collect();
        Ok(json!({ kind: found }))
    }

    pub(super) fn latest_of(&self, name: &str, kind: &str) -> Result<Value, BadRequest> {
        let latest = self.known(name)?.and_then(|(id, _)| self.latest(id, kind));
        Ok(json!({"symbol": name, kind.trim_end_matches('s'): latest}))
    }

    fn latest(&self, symbol: SymbolId, kind: &str) -> Option<Value> {
        let value = |fields: &Fields| Value::Object(object(fields));
        match kind {
            "bars" => self.tape.last_minute(symbol, self.now).map(|bar| value(&bar_fields(&bar))),
            "trades" => self.tape.last_trade(symbol, self.now).map(|trade| value(&trade_fields(&trade))),
            _ => {
                // What stood around a trade that was corrected later was the quote all the same.
                let print = self.tape.last_print(symbol, self.now)?.print;
                Some(value(&quote_fields(&self.tape.quote_at(symbol, &print), print.at)))
            }
        }
    }

    pub(super) fn snapshots(&self) -> Result<Value, BadRequest> {
        let known = self.known_symbols()?;
        Ok(known.iter().map(|(id, symbol)| (symbol.to_string(), Value::Object(self.snapshot(*id)))).collect())
    }

    pub(super) fn snapshot_of(&self, name: &str) -> Result<Value, BadRequest> {
        let mut snapshot = self.known(name)?.map(|(id, _)| self.snapshot(id)).unwrap_or_default();
        snapshot.insert("symbol".to_owned(), json!(name));
        Ok(Value::Object(snapshot))
    }

    fn snapshot(&self, symbol: SymbolId) -> Map<String, Value> {
        let days = self.last_days(symbol);
        let bar = |bar: Option<&TapeBar>| bar.map(|bar| Value::Object(object(&bar_fields(bar))));
        let parts = [
            ("latestTrade", self.latest(symbol, "trades")),
            ("latestQuote", self.latest(symbol, "quotes")),
            ("minuteBar", self.latest(symbol, "bars")),
            ("dailyBar", bar(days.last())),
            ("prevDailyBar", bar(days.iter().rev().nth(1))),
        ];
        parts.into_iter().map(|(name, part)| (name.to_owned(), part.unwrap_or(Value::Null))).collect()
    }

    /// Returns the last two days that have bars, the later one as it is so far.
    fn last_days(&self, symbol: SymbolId) -> Vec<TapeBar> {
        let from = Timestamp::from_micros(self.now.micros().saturating_sub(LOOK_BACK.micros()));
        let bars = self.tape.source_bars(symbol, from, self.now);
        let mut dates: Vec<Timestamp> = bars.iter().map(|bar| Timeframe::Day.start_of(bar.start)).collect();
        dates.dedup();
        let from = dates.iter().rev().nth(2).or(dates.first()).copied().unwrap_or(self.now);
        let mut days = aggregate(self.tape.minutes(symbol, from, self.now, self.now).into_iter(), Timeframe::Day);
        days.drain(..days.len().saturating_sub(2));
        days
    }
}
