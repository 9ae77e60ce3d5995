//! Logs: to the records for clients, and to standard error for people or for a collector of logs.

mod json;

use std::fmt;

use chrono::{DateTime, TimeZone as _};
use chrono_tz::America::New_York;
use orb_core::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use crate::store::{LogLayer, LogSender};

/// Starts logging; once per process.
///
/// Standard error shows INFO and above of orb, or what the environment variable `ORB_LOG` says; for people, or with
/// `ORB_LOG_FORMAT=json` one JSON object a line.
pub fn start(sender: LogSender) {
    // The libraries' own chatter is not for the records.
    let recorded = EnvFilter::new("warn,orbd=debug");
    let layers =
        tracing_subscriber::registry().with(console()).with(Layer::with_filter(LogLayer::new(sender), recorded));
    let layers = layers.with(reported());
    // A second start in one process keeps the first.
    let _ = layers.try_init();
}

/// Starts logging to standard error alone, for a process without records; once per process.
pub fn start_console() {
    // A second start in one process keeps the first.
    let _ = tracing_subscriber::registry().with(console()).with(reported()).try_init();
}

/// Makes what reports errors, where that was started; it looks at nothing below INFO.
fn reported<S: Subscriber + for<'a> LookupSpan<'a>>() -> Option<impl Layer<S>> {
    crate::reporting::layer().map(|layer| layer.with_filter(LevelFilter::INFO))
}

/// Makes what writes to standard error, as the environment says.
fn console<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    let filter = EnvFilter::try_from_env("ORB_LOG").unwrap_or_else(|_| EnvFilter::new("warn,orbd=info"));
    let to_error = || tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = match std::env::var("ORB_LOG_FORMAT").as_deref() {
        Ok("json") => to_error().event_format(json::Json).boxed(),
        Ok(_) | Err(_) => to_error().event_format(Console).boxed(),
    };
    layer.with_filter(filter)
}

/// Writes one line an event: engine time in New York, weight, component, message.
struct Console;

impl<S, N> FormatEvent<S, N> for Console
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Line::default();
        event.record(&mut line);
        let time = line.engine_time.map(new_york).unwrap_or_else(|| " ".repeat(8));
        let weight = match *event.metadata().level() {
            Level::ERROR => "ERROR ",
            Level::WARN => "WARN  ",
            _ => "",
        };
        writeln!(writer, "{time}  {:<12}{weight}{}", line.component, line.message)
    }
}

/// Returns an instant as the time of day in New York, `HH:MM:SS`.
#[must_use]
pub fn new_york(instant: Timestamp) -> String {
    let utc: Option<DateTime<chrono::Utc>> = instant.to_datetime();
    utc.map(|time| New_York.from_utc_datetime(&time.naive_utc()).format("%H:%M:%S").to_string()).unwrap_or_default()
}

#[derive(Default)]
struct Line {
    engine_time: Option<Timestamp>,
    component: String,
    message: String,
}

impl Visit for Line {
    fn record_i64(&mut self, field: &Field, value: i64) {
        if field.name() == "engine_time" {
            self.engine_time = Some(Timestamp::from_micros(value));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "component" {
            value.clone_into(&mut self.component);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
