//! Checks of what clients send. Each refusal is INVALID_ARGUMENT and names the field and the remedy.

use orb_api::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, time, v1};
use orb_core::{
    Date, OrderSide, Reason, Side, Symbol, Timestamp,
    effect::{Component, Severity},
    fact::SignalStatus,
    order::{OrderRole, OrderStatus},
};
use prost_types::Timestamp as WireTime;
use tonic::Status;

use crate::store::{DateRange, LogSearch, SortOrder, TradeStatus};

/// Values in one list of a filter, at most.
const LIST_LENGTH_MAX: usize = 1000;
/// Characters of a reason, at most.
const REASON_LENGTH_MAX: usize = 500;
/// Characters of a request id, at most: a UUID has 36.
const REQUEST_ID_LENGTH_MAX: usize = 64;
/// Characters of a search, at most.
const SEARCH_LENGTH_MAX: usize = 200;
/// Characters of a name, at most.
const NAME_LENGTH_MAX: usize = 64;

/// Refuses a field's value.
pub(super) fn invalid(field: &str, what: impl std::fmt::Display) -> Status {
    super::refuse::field(field, &what.to_string())
}

/// Bounds the rows of a page: 0 is the default, too many are the most there may be.
pub(super) fn page_size(size: i32) -> Result<u32, Status> {
    match u32::try_from(size) {
        Ok(0) => Ok(PAGE_SIZE_DEFAULT),
        Ok(size) => Ok(size.min(PAGE_SIZE_MAX)),
        Err(_) => Err(invalid("page_size", format!("{size} is negative; give 1 to {PAGE_SIZE_MAX}, or 0 for 50"))),
    }
}

/// Checks the id of a command.
pub(super) fn request_id(id: &str) -> Result<String, Status> {
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    if id.is_empty() || id.len() > REQUEST_ID_LENGTH_MAX || !is_plain {
        let what = "needed to make the command repeatable: give a new UUID, at most 64 letters, digits, `-_.:`";
        return Err(invalid("request_id", what));
    }
    Ok(id.to_owned())
}

/// Checks an optional reason and takes the white space around it off.
pub(super) fn reason(text: &str) -> Result<String, Status> {
    let text = text.trim();
    if text.chars().count() > REASON_LENGTH_MAX {
        return Err(invalid("reason", format!("longer than {REASON_LENGTH_MAX} characters; shorten it")));
    }
    if text.chars().any(char::is_control) {
        return Err(invalid("reason", "holds a line break or another control character; give one line of text"));
    }
    Ok(text.to_owned())
}

/// Checks a reason that must be given.
pub(super) fn needed_reason(text: &str, what_for: &str) -> Result<String, Status> {
    let text = reason(text)?;
    if text.is_empty() {
        return Err(invalid("reason", format!("{what_for} needs a reason; say why in a few words")));
    }
    Ok(text)
}

/// Checks a ticker; lower case is read as upper case.
pub(super) fn symbol(field: &str, text: &str) -> Result<Symbol, Status> {
    Symbol::new(text).map_err(|error| invalid(field, error))
}

/// Checks tickers, and returns them as rows hold them.
pub(super) fn symbols(texts: &[String]) -> Result<Vec<String>, Status> {
    list("symbols", texts, |text| symbol("symbols", text).map(|symbol| symbol.to_string()))
}

/// Checks names of strategies; one that never ran is no error and matches nothing.
pub(super) fn strategies(names: &[String]) -> Result<Vec<String>, Status> {
    list("strategies", names, |name| {
        if name.is_empty() || name.len() > NAME_LENGTH_MAX {
            let what = format!("a name has 1 to {NAME_LENGTH_MAX} characters; leave the list empty for all");
            return Err(invalid("strategies", what));
        }
        Ok(name.clone())
    })
}

fn list<T, U>(field: &str, values: &[T], check: impl Fn(&T) -> Result<U, Status>) -> Result<Vec<U>, Status> {
    if values.len() > LIST_LENGTH_MAX {
        return Err(invalid(field, format!("{} values are too many; give at most {LIST_LENGTH_MAX}", values.len())));
    }
    values.iter().map(check).collect()
}

pub(super) fn sides(values: &[i32]) -> Result<Vec<Side>, Status> {
    list("sides", values, |value| match v1::Side::try_from(*value) {
        Ok(v1::Side::Long) => Ok(Side::Long),
        Ok(v1::Side::Short) => Ok(Side::Short),
        Ok(v1::Side::Unspecified) | Err(_) => Err(unknown_value("sides", *value, "SIDE_LONG, SIDE_SHORT")),
    })
}

pub(super) fn order_sides(values: &[i32]) -> Result<Vec<OrderSide>, Status> {
    list("sides", values, |value| match v1::OrderSide::try_from(*value) {
        Ok(v1::OrderSide::Buy) => Ok(OrderSide::Buy),
        Ok(v1::OrderSide::Sell) => Ok(OrderSide::Sell),
        Ok(v1::OrderSide::Unspecified) | Err(_) => {
            Err(unknown_value("sides", *value, "ORDER_SIDE_BUY, ORDER_SIDE_SELL"))
        }
    })
}

/// Checks statuses of orders; several of the engine's may share one of the wire's.
pub(super) fn order_statuses(values: &[i32]) -> Result<Vec<OrderStatus>, Status> {
    let known = |value: &i32| match v1::OrderStatus::try_from(*value) {
        Ok(status) if status != v1::OrderStatus::Unspecified => {
            Ok(OrderStatus::ALL.iter().copied().filter(move |own| super::orders::status(*own) == status))
        }
        Ok(_) | Err(_) => Err(unknown_value("statuses", *value, "ORDER_STATUS_SUBMITTED and on")),
    };
    Ok(list("statuses", values, known)?.into_iter().flatten().collect())
}

pub(super) fn universe_states(values: &[i32]) -> Result<Vec<v1::UniverseState>, Status> {
    list("states", values, |value| match v1::UniverseState::try_from(*value) {
        Ok(state) if state != v1::UniverseState::Unspecified => Ok(state),
        Ok(_) | Err(_) => Err(unknown_value("states", *value, "UNIVERSE_STATE_WAITING and on")),
    })
}

pub(super) fn order_roles(values: &[i32]) -> Result<Vec<OrderRole>, Status> {
    list("roles", values, |value| {
        let known = OrderRole::ALL.iter().copied().find(|role| super::orders::role(*role) as i32 == *value);
        known.ok_or_else(|| unknown_value("roles", *value, "ORDER_ROLE_ENTRY and on"))
    })
}

/// Checks names of people and programs; one that never asked for anything is no error and matches nothing.
pub(super) fn actors(names: &[String]) -> Result<Vec<String>, Status> {
    list("actors", names, |name| {
        if name.is_empty() || name.len() > NAME_LENGTH_MAX {
            let what = format!("a name has 1 to {NAME_LENGTH_MAX} characters; leave the list empty for all");
            return Err(invalid("actors", what));
        }
        Ok(name.clone())
    })
}

/// Checks the order of a list; where none is given the newest come first.
pub(super) fn sort_order(value: i32) -> Result<SortOrder, Status> {
    match v1::SortOrder::try_from(value) {
        Ok(v1::SortOrder::Unspecified | v1::SortOrder::NewestFirst) => Ok(SortOrder::NewestFirst),
        Ok(v1::SortOrder::OldestFirst) => Ok(SortOrder::OldestFirst),
        Err(_) => Err(unknown_value("order", value, "SORT_ORDER_NEWEST_FIRST, SORT_ORDER_OLDEST_FIRST")),
    }
}

pub(super) fn signal_statuses(values: &[i32]) -> Result<Vec<SignalStatus>, Status> {
    list("statuses", values, |value| signal_status(*value))
}

fn signal_status(value: i32) -> Result<SignalStatus, Status> {
    let known = SignalStatus::ALL.iter().copied().find(|status| super::convert::signal_status(*status) as i32 == value);
    known.ok_or_else(|| unknown_value("statuses", value, "SIGNAL_STATUS_PENDING and on"))
}

pub(super) fn trade_statuses(values: &[i32]) -> Result<Vec<TradeStatus>, Status> {
    list("statuses", values, |value| match v1::TradeStatus::try_from(*value) {
        Ok(v1::TradeStatus::Open) => Ok(TradeStatus::Open),
        Ok(v1::TradeStatus::Closed) => Ok(TradeStatus::Closed),
        Ok(v1::TradeStatus::Unspecified) | Err(_) => {
            Err(unknown_value("statuses", *value, "TRADE_STATUS_OPEN, TRADE_STATUS_CLOSED"))
        }
    })
}

/// Checks codes of why there was no trade.
pub(super) fn reasons(codes: &[String]) -> Result<Vec<Reason>, Status> {
    list("reasons", codes, |code| {
        let unknown =
            || invalid("reasons", format!("`{code}` is no reason's code; give one such as no_trigger or rvol"));
        Reason::from_code(code).ok_or_else(unknown)
    })
}

pub(super) fn components(values: &[i32]) -> Result<Vec<Component>, Status> {
    list("components", values, |value| {
        let known = COMPONENTS.iter().copied().find(|known| super::convert::component(*known) as i32 == *value);
        known.ok_or_else(|| unknown_value("components", *value, "COMPONENT_EXECUTOR and on"))
    })
}

const COMPONENTS: [Component; 7] = [
    Component::Executor,
    Component::RiskManager,
    Component::Alpaca,
    Component::Strategy,
    Component::Store,
    Component::Api,
    Component::Data,
];

/// Checks the least severity; `None` lets every line pass, and so does DEBUG.
pub(super) fn severity_min(value: i32) -> Result<Option<Severity>, Status> {
    match v1::Severity::try_from(value) {
        Ok(v1::Severity::Unspecified | v1::Severity::Debug) => Ok(None),
        Ok(v1::Severity::Info) => Ok(Some(Severity::Info)),
        Ok(v1::Severity::Warn) => Ok(Some(Severity::Warn)),
        Ok(v1::Severity::Error) => Ok(Some(Severity::Error)),
        Err(_) => Err(unknown_value("severity_min", value, "SEVERITY_DEBUG, INFO, WARN, ERROR")),
    }
}

fn unknown_value(field: &str, value: i32, known: &str) -> Status {
    invalid(field, format!("{value} is not a value; give {known}"))
}

/// Checks trading dates; both ends count, and an open end is empty.
pub(super) fn date_range(from: &str, to: &str) -> Result<DateRange, Status> {
    let range = DateRange { from: date("date_from", from)?, to: date("date_to", to)? };
    match (range.from, range.to) {
        (Some(first), Some(last)) if last < first => {
            Err(invalid("date_to", format!("{last} is before date_from {first}; exchange them")))
        }
        _ => Ok(range),
    }
}

pub(super) fn date(field: &str, text: &str) -> Result<Option<Date>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    // `NaiveDate` also reads "2026-2-3"; a date of the wire has one form.
    let parsed = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
    parsed.map(Some).ok_or_else(|| invalid(field, format!("`{text}` is not a date; give YYYY-MM-DD, as in 2026-02-13")))
}

/// Instants in `[from, to)`; an open end is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TimeRange {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

pub(super) fn time_range(from: Option<&WireTime>, to: Option<&WireTime>) -> Result<TimeRange, Status> {
    let range = TimeRange { from: instant("time_from", from)?, to: instant("time_to", to)? };
    match (range.from, range.to) {
        (Some(first), Some(end)) if end < first => {
            Err(invalid("time_to", format!("{end} is before time_from {first}; exchange them")))
        }
        _ => Ok(range),
    }
}

fn instant(field: &str, value: Option<&WireTime>) -> Result<Option<Timestamp>, Status> {
    let micros = value.map(time::timestamp_to_micros).transpose();
    micros.map(|micros| micros.map(Timestamp::from_micros)).map_err(|error| invalid(field, error))
}

/// Reads the words that a log line must contain.
pub(super) fn search(text: &str) -> Result<LogSearch, Status> {
    if text.chars().count() > SEARCH_LENGTH_MAX {
        return Err(invalid("search", format!("longer than {SEARCH_LENGTH_MAX} characters; give fewer words")));
    }
    Ok(LogSearch::parse(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: std::fmt::Debug>(result: Result<T, Status>, field: &str) {
        let status = result.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert!(status.message().starts_with(&format!("{field}: ")), "{}", status.message());
    }

    #[test]
    fn page_sizes_are_bounded() {
        assert_eq!(page_size(0).unwrap(), 50);
        assert_eq!(page_size(7).unwrap(), 7);
        assert_eq!(page_size(5000).unwrap(), 1000);
        check(page_size(-1), "page_size");
    }

    #[test]
    fn commands_need_an_id_and_some_a_reason() {
        assert!(request_id("8f14e45f-ceea-467f-a830-5b2c0f3b2d11").is_ok());
        for id in ["", "a b", "\n", &"x".repeat(65)] {
            check(request_id(id), "request_id");
        }
        assert_eq!(reason("  ").unwrap(), "");
        assert_eq!(needed_reason(" news ", "releasing").unwrap(), "news");
        check(needed_reason(" ", "releasing"), "reason");
        check(reason("a\nb"), "reason");
        check(reason(&"x".repeat(501)), "reason");
    }

    #[test]
    fn dates_have_one_form_and_an_order() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let range = date_range("2026-02-13", "").unwrap();
        assert_eq!((range.from, range.to), (Some(date("2026-02-13")), None));
        for text in ["2026-2-13", "13.02.2026", "2026-02-30", "today", " 2026-02-13"] {
            check(date_range(text, ""), "date_from");
            check(date_range("", text), "date_to");
        }
        check(date_range("2026-02-13", "2026-02-12"), "date_to");
    }

    #[test]
    fn instants_are_valid_and_in_order() {
        let at = |seconds, nanos| Some(WireTime { seconds, nanos });
        assert!(time_range(at(1, 0).as_ref(), at(1, 0).as_ref()).is_ok());
        check(time_range(at(1, -1).as_ref(), None), "time_from");
        check(time_range(at(2, 0).as_ref(), at(1, 0).as_ref()), "time_to");
    }

    #[test]
    fn lists_hold_known_values() {
        assert_eq!(sides(&[1, 2]).unwrap(), [Side::Long, Side::Short]);
        check(sides(&[0]), "sides");
        check(sides(&[9]), "sides");
        assert_eq!(signal_statuses(&[5]).unwrap(), [SignalStatus::Filled]);
        check(signal_statuses(&[0]), "statuses");
        check(trade_statuses(&[0]), "statuses");
        assert_eq!(components(&[7]).unwrap(), [Component::Data]);
        check(components(&[8]), "components");
        assert_eq!(severity_min(0).unwrap(), None);
        check(severity_min(5), "severity_min");
        assert_eq!(symbols(&["spy".to_owned()]).unwrap()[0], "SPY");
        check(symbols(&["S P Y".to_owned()]), "symbols");
        check(symbols(&vec!["SPY".to_owned(); 1001]), "symbols");
        check(reasons(&["because".to_owned()]), "reasons");
        check(strategies(&[String::new()]), "strategies");
        check(search(&"x".repeat(201)), "search");
    }
}
