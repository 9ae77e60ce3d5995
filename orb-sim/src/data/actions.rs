//! Corporate actions, page by page.

use orb_core::Date;
use serde_json::{Map, Value, json};

use super::params::BadRequest;
use crate::http::Request;

/// Actions per page at most, and by default.
const LIMIT_MAX: usize = 1_000;
const LIMIT_DEFAULT: usize = 100;
/// The fields that name a symbol.
const NAMES: [&str; 6] = ["symbol", "old_symbol", "new_symbol", "source_symbol", "acquiree_symbol", "acquirer_symbol"];
/// The fields that date an action, the first that is there.
const DATES: [&str; 3] = ["process_date", "ex_date", "effective_date"];

/// Says which actions are asked for.
struct Wanted<'a> {
    symbols: Vec<&'a str>,
    types: Vec<&'a str>,
    /// First and last date, included; `None` for any.
    first: Option<Date>,
    last: Option<Date>,
    limit: usize,
    /// Actions that the client has already.
    told: usize,
}

/// Lists the actions that a request asks for; without dates those of any date, by type in order of the alphabet.
pub(super) fn page(all: &Map<String, Value>, request: &Request) -> Result<Value, BadRequest> {
    let wanted = Wanted::of(request)?;
    let lists = all.iter().filter(|(kind, _)| wanted.is_type(kind));
    let entries = lists.flat_map(|(kind, list)| list.as_array().into_iter().flatten().map(move |entry| (kind, entry)));
    let mut fitting = entries.filter(|(_, entry)| wanted.fits(entry)).skip(wanted.told).peekable();
    let (mut found, mut count) = (Map::new(), 0);
    while count < wanted.limit
        && let Some((kind, entry)) = fitting.next()
    {
        let list = found.entry(kind.clone()).or_insert_with(|| json!([]));
        list.as_array_mut().expect("it was made a list").push(entry.clone());
        count += 1;
    }
    let token = fitting.peek().map(|_| (wanted.told + count).to_string());
    Ok(json!({"corporate_actions": found, "next_page_token": token}))
}

impl<'a> Wanted<'a> {
    fn of(request: &'a Request) -> Result<Self, BadRequest> {
        let list = |name| -> Vec<&str> {
            request.parameter(name).unwrap_or_default().split(',').filter(|word| !word.is_empty()).collect()
        };
        let bad = |name: &str, text: &str| BadRequest(format!("invalid {name}: {text}"));
        let date = |name| match request.parameter(name).filter(|text| !text.is_empty()) {
            Some(text) => text.parse().map(Some).map_err(|_| bad(name, text)),
            None => Ok(None),
        };
        let number = |name, default| match request.parameter(name).filter(|text| !text.is_empty()) {
            Some(text) => text.parse::<usize>().map_err(|_| bad(name, text)),
            None => Ok(default),
        };
        let limit = number("limit", LIMIT_DEFAULT)?;
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(bad("limit", &format!("{limit}: it must be from 1 to {LIMIT_MAX}")));
        }
        let (first, last) = (date("start")?, date("end")?);
        let told = number("page_token", 0)?;
        Ok(Self { symbols: list("symbols"), types: list("types"), first, last, limit, told })
    }

    /// Types are asked for by one, as `forward_split`, and listed by many, as `forward_splits`.
    fn is_type(&self, kind: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|one| kind == *one || kind.strip_suffix('s') == Some(one))
    }

    fn fits(&self, entry: &Value) -> bool {
        let text = |name: &&str| entry.get(name).and_then(Value::as_str);
        let is_named =
            self.symbols.is_empty() || NAMES.iter().filter_map(text).any(|name| self.symbols.contains(&name));
        let date: Option<Date> = DATES.iter().find_map(text).and_then(|date| date.parse().ok());
        is_named
            && self.first.is_none_or(|first| date >= Some(first))
            && self.last.is_none_or(|last| date <= Some(last))
    }
}
