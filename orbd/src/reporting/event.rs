//! From a report to an event of Sentry, and the list of what may be in one.

use std::borrow::Cow;

use orb_core::Symbol;
use orb_core::alarm::AlarmKind;
use orb_core::effect::Component;
use sentry_core::Level;
use sentry_core::protocol::{Breadcrumb, Event, Exception, Map, Mechanism, Values};

use super::merge::Merged;
use super::report::{Crumb, Place, What, component};
use crate::view::Environment;

/// Letters of any value at most.
const LETTERS_MAX: usize = 160;
/// What a panic is called.
const PANIC: &str = "panic";
/// The kinds of events.
const KINDS: [&str; 4] = ["error", PANIC, "alarm", "end"];
/// Names the build, as Sentry's releases are named: by its version and the fingerprint of the engine's sources.
pub(super) const RELEASE: &str = concat!("orb@", env!("CARGO_PKG_VERSION"), "+", env!("ORB_ENGINE"));

/// Makes the event of reports that are the same.
pub(super) fn of(merged: &Merged) -> Event<'static> {
    let report = &merged.report;
    let mut tags = tags(&report.what);
    tags.insert("times".to_owned(), merged.times.to_string());
    let (level, exception) = match &report.what {
        What::Error { .. } | What::Alarm { .. } => (Level::Error, None),
        What::Panic { text, .. } => (Level::Fatal, Some(panic(*text))),
        What::Ended => (Level::Fatal, None),
    };
    Event {
        level,
        tags,
        timestamp: report.at,
        environment: Some(report.environment.name().into()),
        exception: Values { values: exception.into_iter().collect() },
        breadcrumbs: Values { values: report.crumbs.iter().map(crumb).collect() },
        ..Event::default()
    }
}

/// Says what happened by names and values.
fn tags(what: &What) -> Map<String, String> {
    let all: Vec<(&str, Option<String>)> = match what {
        What::Error { place, component, symbol } => vec![
            ("kind", Some("error".to_owned())),
            ("place", Some(place.line.clone())),
            ("target", Some(place.target.to_owned())),
            ("component", component.map(|component| component.name().to_owned())),
            ("symbol", symbol.as_deref().map(ToOwned::to_owned)),
        ],
        What::Panic { place, .. } => vec![("kind", Some(PANIC.to_owned())), ("place", Some(place.line.clone()))],
        What::Alarm { kind, id, symbol } => vec![
            ("kind", Some("alarm".to_owned())),
            ("alarm", Some(kind.name().to_owned())),
            ("alarm_id", Some(id.0.to_string())),
            ("component", Some(Component::RiskManager.name().to_owned())),
            ("symbol", symbol.as_deref().map(ToOwned::to_owned)),
        ],
        What::Ended => vec![("kind", Some("end".to_owned()))],
    };
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn panic(text: Option<&'static str>) -> Exception {
    let mechanism = Mechanism { ty: PANIC.to_owned(), handled: Some(false), ..Mechanism::default() };
    let value = Some(text.unwrap_or("its text is in orb's own log").to_owned());
    Exception { ty: PANIC.to_owned(), value, mechanism: Some(mechanism), ..Exception::default() }
}

fn crumb(crumb: &Crumb) -> Breadcrumb {
    let level = match crumb.level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warning,
        _ => Level::Info,
    };
    let component = crumb.component.map(|component| ("component", component.name().to_owned()));
    let symbol = crumb.symbol.as_deref().map(|symbol| ("symbol", symbol.to_owned()));
    let data = component.into_iter().chain(symbol).map(|(name, value)| (name.to_owned(), value.into())).collect();
    let Place { line, target } = Place::of(crumb.metadata);
    let (category, message) = (Some(target.to_owned()), Some(line));
    Breadcrumb { timestamp: crumb.at, level, category, message, data, ..Breadcrumb::default() }
}

/// Builds an event anew from what may leave, value by value; everything else of it stays here, whoever put it there.
pub(super) fn allowed(event: Event<'static>) -> Option<Event<'static>> {
    let tags: Map<String, String> = event.tags.into_iter().filter(|(name, value)| may_leave(name, value)).collect();
    let title = title(&tags)?;
    let is_ours = |release: &Cow<'_, str>| **release == *RELEASE;
    let is_environment = |name: &Cow<'_, str>| Environment::ALL.iter().any(|known| *known.name() == **name);
    let exception = event.exception.values.into_iter().filter_map(allowed_panic).collect();
    let crumbs = event.breadcrumbs.values.into_iter().map(allowed_crumb).collect();
    Some(Event {
        event_id: event.event_id,
        level: event.level,
        timestamp: event.timestamp,
        platform: "native".into(),
        fingerprint: Cow::Owned(vec!["orb".into(), title.clone().into()]),
        logger: tags.get("target").cloned(),
        message: Some(title),
        release: event.release.filter(is_ours),
        environment: event.environment.filter(is_environment),
        exception: Values { values: exception },
        breadcrumbs: Values { values: crumbs },
        sdk: event.sdk,
        tags,
        ..Event::default()
    })
}

/// Says what an event is about, in words of this list alone; `None` where it is of no known kind.
fn title(tags: &Map<String, String>) -> Option<String> {
    let of = |name: &str| tags.get(name).map_or("", String::as_str);
    Some(match of("kind") {
        "error" => format!("error at {}", of("place")),
        PANIC => format!("panic at {}", of("place")),
        "alarm" => format!("alarm {} {}", of("alarm"), of("symbol")).trim_end().to_owned(),
        "end" => "orbd ended with an error".to_owned(),
        _ => return None,
    })
}

/// Tells whether a value of a name is one that may leave.
fn may_leave(name: &str, value: &str) -> bool {
    let is_short = !value.is_empty() && value.len() <= LETTERS_MAX;
    is_short
        && match name {
            "kind" => KINDS.contains(&value),
            "component" => component(value).is_some(),
            "symbol" => Symbol::new(value).is_ok_and(|symbol| symbol.as_str() == value),
            "alarm" => AlarmKind::from_name(value).is_some(),
            "alarm_id" | "times" => value.bytes().all(|byte| byte.is_ascii_digit()),
            "place" => is_place(value),
            "target" => is_target(value),
            _ => false,
        }
}

fn is_place(text: &str) -> bool {
    let is_path = |byte: u8| byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte);
    text.rsplit_once(':').is_some_and(|(file, line)| {
        let is_number = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
        file.ends_with(".rs") && file.bytes().all(is_path) && is_number
    })
}

fn is_target(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':')
}

/// Keeps of an exception what a panic has; `None` for every other.
fn allowed_panic(found: Exception) -> Option<Exception> {
    (found.ty == PANIC).then(|| {
        let mechanism = Mechanism { ty: PANIC.to_owned(), handled: Some(false), ..Mechanism::default() };
        let value = found.value.filter(|value| value.len() <= LETTERS_MAX);
        Exception { ty: found.ty, value, mechanism: Some(mechanism), ..Exception::default() }
    })
}

fn allowed_crumb(crumb: Breadcrumb) -> Breadcrumb {
    let is_text = |name: &str, value: &sentry_core::protocol::Value| {
        value.as_str().is_some_and(|value| ["component", "symbol"].contains(&name) && may_leave(name, value))
    };
    Breadcrumb {
        timestamp: crumb.timestamp,
        level: crumb.level,
        category: crumb.category.filter(|target| is_target(target)),
        message: crumb.message.filter(|place| is_place(place)),
        data: crumb.data.into_iter().filter(|(name, value)| is_text(name, value)).collect(),
        ..Breadcrumb::default()
    }
}

#[cfg(test)]
mod tests {
    use sentry_core::protocol::{Request, User};

    use super::super::report::Report;
    use super::*;

    const SECRET: &str = "hunter2";

    fn planted() -> Event<'static> {
        let place = Place { line: "orbd/src/x.rs:7".to_owned(), target: "orbd::x" };
        let what = What::Error { place, component: Some(Component::Store), symbol: Some("SPY".into()) };
        let mut event = of(&Merged { report: Report::new(what), times: 3 });
        let user = User { id: Some(SECRET.to_owned()), ..User::default() };
        let request = Request { data: Some(SECRET.to_owned()), ..Request::default() };
        event.message = Some(SECRET.to_owned());
        event.server_name = Some(SECRET.into());
        event.release = Some(SECRET.into());
        event.environment = Some(SECRET.into());
        event.logger = Some(SECRET.to_owned());
        event.culprit = Some(SECRET.to_owned());
        event.transaction = Some(SECRET.to_owned());
        event.fingerprint = vec![SECRET.into()].into();
        (event.user, event.request) = (Some(user), Some(request));
        event.extra.insert(SECRET.to_owned(), SECRET.into());
        for name in ["kind2", "component", "place", "target", "alarm", "alarm_id", "password"] {
            event.tags.entry(name.to_owned()).or_insert_with(|| SECRET.to_owned());
        }
        event.exception.values.push(Exception { ty: SECRET.to_owned(), ..Exception::default() });
        let mut crumb = Breadcrumb { message: Some(SECRET.to_owned()), ..Breadcrumb::default() };
        (crumb.ty, crumb.category) = (SECRET.to_owned(), Some(format!("{SECRET} x")));
        crumb.data.insert("symbol".to_owned(), format!("{SECRET} x").into());
        crumb.data.insert(SECRET.to_owned(), SECRET.into());
        event.breadcrumbs.values.push(crumb);
        event
    }

    #[test]
    fn only_what_is_on_the_list_leaves_whoever_put_the_rest_there() {
        let written = serde_json::to_string(&planted()).expect("JSON");
        assert!(written.contains(SECRET), "it was planted");
        let left = allowed(planted()).expect("an event");
        let written = serde_json::to_string(&left).expect("JSON");
        assert!(!written.contains(SECRET), "{written}");
        assert_eq!(left.message.as_deref(), Some("error at orbd/src/x.rs:7"));
        let of = |name: &str| left.tags[name].as_str();
        assert_eq!((of("component"), of("symbol"), of("times"), of("target")), ("Store", "SPY", "3", "orbd::x"));
        assert_eq!(left.tags.len(), 6, "{:?}", left.tags);
    }

    #[test]
    fn values_that_are_none_of_a_name_do_not_leave() {
        for (name, value) in [
            ("place", "orbd/src/x.rs:7 hunter2"),
            ("place", "hunter2"),
            ("place", "x.rs:"),
            ("target", "orbd hunter2"),
            ("symbol", "spy"),
            ("symbol", "PKHUNTERHUNTER2"),
            ("component", "hunter2"),
            ("alarm", "hunter2"),
            ("times", "1e3"),
            ("kind", ""),
            ("user", "SPY"),
        ] {
            assert!(!may_leave(name, value), "{name} {value}");
        }
        assert!(may_leave("place", "tokio-1.47.0/src/sync/mpsc.rs:3") && may_leave("symbol", "BRK.B"));
        let stranger = Event { tags: Map::from([("kind".to_owned(), "other".to_owned())]), ..Event::default() };
        assert!(allowed(stranger).is_none());
    }
}
