//! Log lines as JSON: one object a line.

use std::fmt;

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use orb_core::Timestamp;

/// Writes `time` (UTC, wall clock), `severity`, `component`, `message`, and the line's own fields beside them;
/// `engine_time` is the engine's clock, in UTC.
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Line::default();
        line.set("time", Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true).into());
        line.set("severity", severity(*event.metadata().level()).into());
        line.set("component", event.metadata().target().into());
        event.record(&mut line);
        writeln!(writer, "{}", Value::Object(line.0))
    }
}

/// Returns the names of the records' severities, and `DEBUG` for what is kept there without one.
const fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

#[derive(Default)]
struct Line(Map<String, Value>);

impl Line {
    fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }
}

impl Visit for Line {
    fn record_i64(&mut self, field: &Field, value: i64) {
        let instant = Timestamp::from_micros(value);
        match field.name() {
            "engine_time" => self.set("engine_time", instant.to_string().into()),
            name => self.set(name, value.into()),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_object_whatever_its_text_holds() {
        let written = Written::default();
        let to = written.clone();
        let layer = tracing_subscriber::fmt::layer().with_writer(move || to.clone()).event_format(Json);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::warn!(component = "Executor", engine_time = 1_771_000_000_000_000_i64, shares = 7_u64, "\"a\"\nb");
            tracing::info!("plain");
        });
        let bytes = written.0.lock().expect("nobody panics").clone();
        let text = String::from_utf8(bytes).expect("text");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
        let [first, second] = lines.as_slice() else { panic!("{text}") };
        assert_eq!(
            (&first["severity"], &first["component"], &first["message"], &first["shares"]),
            (&"WARN".into(), &"Executor".into(), &"\"a\"\nb".into(), &7.into())
        );
        assert_eq!(first["engine_time"], "2026-02-13T16:26:40Z");
        assert_eq!((&second["message"], &second["severity"]), (&"plain".into(), &"INFO".into()));
    }
}
