//! Bars, trades and quotes of the past, page by page.

use core::cmp::Ordering;

use orb_core::{SymbolId, Timestamp};
use serde_json::{Map, Value};

use super::params::{BadRequest, Page, Told};
use super::{Asked, Question};
use crate::market::timeframe::{TapeBar, Timeframe, aggregate};
use crate::streams::messages::{bar_fields, known_trade_fields, quote_fields};
use crate::streams::wire::object;

/// A point of history with its time.
type Point = (Timestamp, Value);

impl Question<'_> {
    /// Returns a page: symbols in order of the alphabet, each with its points in order of time; and the token of the
    /// next page, if there is one.
    pub(super) fn history(
        &self,
        known: &[Asked],
        kind: &str,
        page: &Page,
    ) -> Result<(Map<String, Value>, Option<String>), BadRequest> {
        let timeframe = self.timeframe(kind)?;
        let (mut found, mut left, mut last) = (Map::new(), page.limit, None);
        for Asked { name: symbol, parts } in known {
            let mut points = Vec::new();
            for &(id, from, to) in parts {
                let of_part = self.points(id, kind, timeframe, page).into_iter();
                points.extend(of_part.filter(|(at, _)| from <= *at && *at < to));
            }
            let told = cut_to_page(&mut points, symbol.as_str(), page);
            let is_more = points.len() > left;
            points.truncate(left);
            left -= points.len();
            if let Some(&(at, _)) = points.last() {
                // Several trades may share an instant: how many of it are told is part of the place.
                let before = told.filter(|one| one.at == at).map_or(0, |one| one.count);
                let count = before + points.iter().rev().take_while(|point| point.0 == at).count();
                last = Some(Told { symbol: symbol.to_string(), at, count }.token());
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
                let bars = self.bars(symbol, timeframe, page).into_iter();
                let whole = bars.filter(|bar| page.start <= bar.start && bar.start <= page.end);
                whole.map(|bar| (bar.start, Value::Object(object(&bar_fields(&bar))))).collect()
            }
            "trades" => {
                let trades = tape.trades_known(symbol, (page.start, page.end), self.now).into_iter();
                let value = |fields| Value::Object(object(&fields));
                trades.map(|(trade, update)| (trade.print.at, value(known_trade_fields(&trade, update)))).collect()
            }
            _ => {
                let trades = tape.trades(symbol, page.start, page.end, self.now).into_iter();
                let quote = |at, quote| (at, Value::Object(object(&quote_fields(&quote, at))));
                trades.map(|trade| quote(trade.print.at, tape.quote_at(symbol, &trade.print))).collect()
            }
        }
    }
}

impl Question<'_> {
    /// Returns the bars of an interval, and perhaps some around it.
    fn bars(&self, symbol: SymbolId, timeframe: Timeframe, page: &Page) -> Vec<TapeBar> {
        let (tape, to) = (self.tape, page.end + timeframe.length_max());
        match timeframe {
            Timeframe::Minutes(_) | Timeframe::Hours(_) => {
                aggregate(tape.minutes(symbol, page.start, to, self.now).into_iter(), timeframe)
            }
            Timeframe::Day | Timeframe::Week | Timeframe::Months(_) => {
                let first = tape.sessions()[0].open;
                let of_now = tape.minutes(symbol, page.start.max(first), to.max(first), self.now);
                let before = tape.days_before(symbol).iter().filter(|day| page.start <= day.start);
                aggregate(before.copied().chain(of_now), timeframe)
            }
        }
    }
}

/// Puts the points of a symbol into the page's order, and leaves out those of pages before; returns up to where those
/// went if it was within the symbol.
fn cut_to_page<'a>(points: &mut Vec<Point>, symbol: &str, page: &'a Page) -> Option<&'a Told> {
    if page.is_descending {
        points.reverse();
    }
    let told = page.after.as_ref()?;
    match symbol.cmp(&told.symbol) {
        Ordering::Less => points.clear(),
        Ordering::Equal => {
            let is_before = |at: Timestamp| if page.is_descending { at > told.at } else { at < told.at };
            let earlier = points.iter().take_while(|point| is_before(point.0)).count();
            let same = points.iter().skip(earlier).take(told.count).take_while(|point| point.0 == told.at).count();
            points.drain(..earlier + same);
            return Some(told);
        }
        Ordering::Greater => {}
    }
    None
}
