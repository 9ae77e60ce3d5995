//! Market data by REST, as a function of the tape and the time.
//!
//! Nothing is ever told that happened later than now, and no bar before it is published.

mod actions;
mod history;
mod latest;
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
        let question = Question { tape, now, request };
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

    fn many(&self, kind: &str) -> Result<Value, BadRequest> {
        let known = self.known_symbols()?;
        let page = Page::of(self.request, self.now)?;
        let (found, token) = self.history(&known, kind, &page)?;
        Ok(json!({ kind: found, "next_page_token": token }))
    }

    fn one(&self, name: &str, kind: &str) -> Result<Value, BadRequest> {
        let known: Vec<_> = self.known(name)?.into_iter().collect();
        let page = Page::of(self.request, self.now)?;
        let (found, token) = self.history(&known, kind, &page)?;
        let list = found.into_iter().next().map_or(Value::Null, |(_, list)| list);
        Ok(json!({ kind: list, "symbol": name, "next_page_token": token }))
    }
}

#[cfg(test)]
mod tests;
