//! Market data by REST, as a function of the tape and the time.
//!
//! Nothing is ever told that happened later than now, and no bar before it is published.

mod actions;
mod history;
mod latest;
mod names;
mod params;

use orb_core::{Symbol, SymbolId, Timestamp};
use serde_json::{Map, Value, json};

use crate::http::{Reply, Request};
use crate::market::tape::Tape;
use params::{BadRequest, Page, symbols};

/// Answers requests for market data.
#[derive(Debug)]
pub(crate) struct DataApi {
    /// Corporate actions: a list for each type.
    pub(crate) corporate_actions: Map<String, Value>,
}

/// What a request is about: the tape, the time and the request.
#[derive(Clone, Copy, Debug)]
struct Question<'a> {
    tape: &'a Tape,
    now: Timestamp,
    request: &'a Request,
    corporate_actions: &'a Map<String, Value>,
}

/// A name that was asked for, and what is told under it: of which symbols, and within which time of each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    name: Symbol,
    parts: Vec<(SymbolId, Timestamp, Timestamp)>,
}

/// Tells whether a path is one of market data.
pub(crate) fn is_data(path: &str) -> bool {
    ["/v2/stocks", "/v1/corporate-actions", "/v1beta1/corporate-actions"].iter().any(|prefix| path.starts_with(prefix))
}

impl DataApi {
    /// Answers a request at a time.
    pub(crate) fn respond(&self, tape: &Tape, now: Timestamp, request: &Request) -> Reply {
        if request.method != "GET" {
            return Reply::error(405, 40_510_000, "method not allowed");
        }
        let question = Question { tape, now, request, corporate_actions: &self.corporate_actions };
        let parts: Vec<&str> = request.path.split('/').skip(1).collect();
        let answer = match parts.as_slice() {
            ["v2", "stocks", kind @ ("bars" | "trades" | "quotes")] => question.many(kind),
            ["v2", "stocks", kind @ ("bars" | "trades" | "quotes"), "latest"] => question.latest_of_many(kind),
            ["v2", "stocks", "snapshots"] => question.snapshots(),
            ["v2", "stocks", "meta", "exchanges"] => Ok(json!({"V": "IEX"})),
            ["v2", "stocks", symbol, kind @ ("bars" | "trades" | "quotes")] => question.one(symbol, kind),
            ["v2", "stocks", symbol, kind @ ("bars" | "trades" | "quotes"), "latest"] => {
                question.latest_of(symbol, kind)
            }
            ["v2", "stocks", symbol, "snapshot"] => question.snapshot_of(symbol),
            [_, "corporate-actions"] => actions::page(&self.corporate_actions, request),
            _ => return Reply { status: 404, body: Some(json!({"message": "endpoint not found."})) },
        };
        match answer {
            Ok(body) => Reply::ok(body),
            Err(BadRequest(message)) => Reply { status: 400, body: Some(json!({ "message": message })) },
        }
    }
}

impl Question<'_> {
    fn known(&self, name: &str) -> Result<Option<(SymbolId, Symbol)>, BadRequest> {
        let symbol = Symbol::new(name).map_err(|_| BadRequest(format!("invalid symbol: {name}")))?;
        Ok(self.tape.symbols().id(&symbol).map(|id| (id, symbol)))
    }

    /// Returns the symbols of a list that there are; Alpaca leaves out the others without a word.
    fn known_symbols(&self) -> Result<Vec<(SymbolId, Symbol)>, BadRequest> {
        let mut known = Vec::new();
        for name in symbols(self.request)? {
            known.extend(self.known(name)?);
        }
        known.sort();
        known.dedup();
        Ok(known)
    }

    /// Finds out what the past of a name is; `None` when nothing is known of it.
    fn past_of(&self, name: &str) -> Result<Option<Asked>, BadRequest> {
        let symbol = Symbol::new(name).map_err(|_| BadRequest(format!("invalid symbol: {name}")))?;
        let names = names::names(self.corporate_actions, name, names::as_of(self.request, self.now)?);
        let part = |part: names::Name| {
            let symbol = Symbol::new(&part.symbol).ok()?;
            Some((self.tape.symbols().id(&symbol)?, part.from, part.to))
        };
        let parts: Vec<_> = names.into_iter().filter_map(part).collect();
        Ok((!parts.is_empty()).then_some(Asked { name: symbol, parts }))
    }

    fn many(&self, kind: &str) -> Result<Value, BadRequest> {
        let mut known = Vec::new();
        for name in symbols(self.request)? {
            known.extend(self.past_of(name)?);
        }
        known.sort();
        known.dedup();
        let page = Page::of(self.request, self.now)?;
        let (found, token) = self.history(&known, kind, &page)?;
        Ok(json!({ kind: found, "next_page_token": token }))
    }

    fn one(&self, name: &str, kind: &str) -> Result<Value, BadRequest> {
        let known: Vec<_> = self.past_of(name)?.into_iter().collect();
        let page = Page::of(self.request, self.now)?;
        let (found, token) = self.history(&known, kind, &page)?;
        let list = found.into_iter().next().map_or(Value::Null, |(_, list)| list);
        Ok(json!({ kind: list, "symbol": name, "next_page_token": token }))
    }
}

#[cfg(test)]
mod tests;
