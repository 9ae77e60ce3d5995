//! Under which names a company traded: `asof` of requests for the past.
//!
//! A name stands for the company that had it on that date, by default today's; what it traded under other names before
//! and after is told with the name that was asked for. A name that nobody had on that date stands for itself, and so does
//! every name where `asof` is `-`.

use orb_core::{Date, Timestamp};
use serde_json::{Map, Value};

use super::params::BadRequest;
use crate::http::Request;
use crate::market::timeframe::{midnight, new_york_date};

/// A name and the time from its first instant to before its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) symbol: String,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// A change of a name.
struct Change<'a> {
    old: &'a str,
    new: &'a str,
    date: Date,
}

/// Says as of which date names are meant; `None` for as themselves.
pub(super) fn as_of(request: &Request, now: Timestamp) -> Result<Option<Date>, BadRequest> {
    match request.parameter("asof").filter(|text| !text.is_empty()) {
        None => Ok(Some(new_york_date(now))),
        Some("-") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| BadRequest(format!("invalid asof: {text}"))),
    }
}

/// Lists the names of the company that had a name on a date, in order of time.
pub(super) fn names(actions: &Map<String, Value>, symbol: &str, as_of: Option<Date>) -> Vec<Name> {
    let alone = Name { symbol: symbol.to_owned(), from: Timestamp::MIN, to: Timestamp::MAX };
    let Some(as_of) = as_of else { return vec![alone] };
    let mut changes = changes(actions);
    changes.sort_by_key(|change| change.date);
    // Whoever gave the name up before that date, or took it later, is another company.
    let given_up = changes.iter().rfind(|change| change.old == symbol && change.date <= as_of);
    let taken = changes.iter().rfind(|change| change.new == symbol && change.date <= as_of);
    if given_up.is_some_and(|change| taken.is_none_or(|taken| taken.date < change.date)) {
        return vec![alone];
    }
    let mut names = vec![alone];
    let (earlier, later): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.date <= as_of);
    for change in earlier.into_iter().rev() {
        let first = names.first_mut().expect("there is one from the beginning");
        if first.symbol == change.new {
            first.from = midnight(change.date);
            let before = Name { symbol: change.old.to_owned(), from: Timestamp::MIN, to: midnight(change.date) };
            names.insert(0, before);
        }
    }
    for change in later {
        let last = names.last_mut().expect("there is one from the beginning");
        if last.symbol == change.old {
            last.to = midnight(change.date);
            let after = Name { symbol: change.new.to_owned(), from: midnight(change.date), to: Timestamp::MAX };
            names.push(after);
        }
    }
    names
}

fn changes(actions: &Map<String, Value>) -> Vec<Change<'_>> {
    let listed = actions.get("name_changes").and_then(Value::as_array);
    let change = |value| {
        let text = |name: &str| Value::get(value, name).and_then(Value::as_str);
        let date = text("process_date").or_else(|| text("ex_date"))?.parse().ok()?;
        Some(Change { old: text("old_symbol")?, new: text("new_symbol")?, date })
    };
    listed.into_iter().flatten().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Lists names as `NAME from..to`, with the dates of their ends.
    #[track_caller]
    fn check(symbol: &str, as_of: Option<&str>, expect: &str) {
        let actions = json!({ "name_changes": [
            { "old_symbol": "FB", "new_symbol": "META", "process_date": "2022-06-09" },
            { "old_symbol": "META", "new_symbol": "METV", "process_date": "2022-01-31" },
        ]});
        let as_of = as_of.map(|date| date.parse().expect("a date"));
        let shown = |at: Timestamp| match at {
            Timestamp::MIN | Timestamp::MAX => String::new(),
            at => new_york_date(at).to_string(),
        };
        let found = names(actions.as_object().expect("an object"), symbol, as_of);
        let found: Vec<_> =
            found.iter().map(|name| format!("{} {}..{}", name.symbol, shown(name.from), shown(name.to))).collect();
        assert_eq!(found.join(", "), expect, "{symbol} as of {as_of:?}");
    }

    #[test]
    fn a_name_stands_for_the_company_that_had_it_on_that_date() {
        check("META", Some("2023-01-03"), "FB ..2022-06-09, META 2022-06-09..");
        check("META", Some("2022-01-03"), "META ..2022-01-31, METV 2022-01-31..");
        check("FB", Some("2022-06-08"), "FB ..2022-06-09, META 2022-06-09..");
        check("METV", Some("2023-01-03"), "META ..2022-01-31, METV 2022-01-31..");
    }

    #[test]
    fn a_name_that_nobody_had_on_that_date_or_that_is_meant_as_itself_has_no_others() {
        check("FB", Some("2022-06-09"), "FB ..");
        check("FB", None, "FB ..");
        check("SPY", Some("2022-06-09"), "SPY ..");
    }
}
