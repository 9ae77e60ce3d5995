//! Bars, trades and quotes of the past, page by page.

use core::cmp::Ordering;

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
        let (mut found, mut left, mut last) = (Map::new(), page.limit, None);
        for (id, symbol) in known {
            let mut points = self.points(*id, kind, timeframe, page);
            cut_to_page(&mut points, symbol.as_str(), page);
            let is_more = points.len() > left;
            points.truncate(left);
            left -= points.len();
            if let Some((at, _)) = points.last() {
                last = Some(Page::token_after(symbol.as_str(), *at));
                found.insert(symbol.to_string(), points.into_iter().map(|(_, value)| value).collect());
            }
            if is_more {
                return Ok((found, last));
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

/// Puts the points of a symbol into the page's order, and leaves out those of pages before.
fn cut_to_page(points: &mut Vec<Point>, symbol: &str, page: &Page) {
    if page.is_descending {
        points.reverse();
    }
    let Some((name, at)) = &page.after else { return };
    match symbol.cmp(name) {
        Ordering::Less => points.clear(),
        Ordering::Equal if page.is_descending => points.retain(|point| point.0 < *at),
        Ordering::Equal => points.retain(|point| point.0 > *at),
        Ordering::Greater => {}
    }
}
