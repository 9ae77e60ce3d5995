//! Bars, trades and quotes of the past, page by page.

use orb_core::{Symbol, SymbolId, Timestamp};
use serde_json::{Map, Value};

use super::Question;
use super::params::{BadRequest, Page};
use crate::market::timeframe::{Timeframe, aggregate};
use crate::streams::messages::{bar_fields, quote_fields, trade_fields};
use crate::streams::wire::object;

/// A point of history with its time.
type Point = (Timestamp, Value);

impl Question<'_> {
    /// Returns a page: symbols in order of the alphabet, each with its points in order of time; and the token of the
    /// next page, if there is one.
    pub(super) fn history(
        &self,
        known: &[(SymbolId, Symbol)],
        kind: &str,
        page: &Page,
    ) -> Result<(Map<String, Value>, Option<String>), BadRequest> {
        let timeframe = self.timeframe(kind)?;
        let mut found = Map::new();
        let mut left = page.limit;
        let mut last: Option<(String, Timestamp)> = None;
        for (id, symbol) in known {
            let mut points = self.points(*id, kind, timeframe, page);
            if page.is_descending {
                points.reverse();
            }
            if let Some((name, at)) = &page.after {
                let is_later = |point: &Point| if page.is_descending { point.0 < *at } else { point.0 > *at };
                match symbol.as_str().cmp(name) {
                    std::cmp::Ordering::Less => continue,
                    std::cmp::Ordering::Equal => points.retain(is_later),
                    std::cmp::Ordering::Greater => {}
                }
            }
            if points.is_empty() {
                continue;
            }
            if left == 0 {
                let token = last.map(|(symbol, at)| Page::token_after(&symbol, at));
                return Ok((found, token));
            }
            let is_cut = points.len() > left;
            points.truncate(left);
            left -= points.len();
            last = points.last().map(|(at, _)| (symbol.to_string(), *at));
            found.insert(symbol.to_string(), points.into_iter().map(|(_, value)| value).collect());
            if is_cut {
                let token = last.map(|(symbol, at)| Page::token_after(&symbol, at));
                return Ok((found, token));
            }
        }
        Ok((found, None))
    }

    fn timeframe(&self, kind: &str) -> Result<Timeframe, BadRequest> {
        match (kind, self.request.parameter("timeframe")) {
            ("bars", Some(text)) => text.parse().map_err(|error| BadRequest(format!("{error}"))),
            ("bars", None) => Err(BadRequest("timeframe is required".to_owned())),
            _ => Ok(Timeframe::Day),
        }
    }

    fn points(&self, symbol: SymbolId, kind: &str, timeframe: Timeframe, page: &Page) -> Vec<Point> {
        let tape = self.tape;
        match kind {
            "bars" => {
                // Whole intervals: those that begin from the start to the end asked for.
                let to = page.end + timeframe.length_max();
                let minutes = tape.minutes(symbol, page.start, to, self.now);
                let bars = aggregate(minutes.into_iter(), timeframe).into_iter();
                let whole = bars.filter(|bar| page.start <= bar.start && bar.start <= page.end);
                whole.map(|bar| (bar.start, Value::Object(object(&bar_fields(&bar))))).collect()
            }
            "trades" => {
                let trades = tape.trades(symbol, page.start, page.end, self.now).into_iter();
                trades.map(|trade| (trade.print.at, Value::Object(object(&trade_fields(&trade))))).collect()
            }
            _ => {
                let trades = tape.trades(symbol, page.start, page.end, self.now).into_iter();
                let quote = |at, quote| (at, Value::Object(object(&quote_fields(&quote, at))));
                trades.map(|trade| quote(trade.print.at, tape.quote_at(symbol, &trade.print))).collect()
            }
        }
    }
}
