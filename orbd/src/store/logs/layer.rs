//! Turning `tracing` events into log lines.

use std::collections::BTreeMap;
use std::fmt;

use orb_core::Timestamp;
use orb_core::effect::{Component, Severity};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::writer::{LogLine, LogSender, wall_clock};
use crate::store::text::Text as _;

/// Sends every event to the log's table, with the fields of the spans it is in.
///
/// The component comes from the field `component`, else from the target. The fields `engine_time` (UTC
/// microseconds), `strategy` and `ledger` fill the columns of these names. Values of fields whose names speak of
/// secrets are not kept.
#[derive(Clone, Debug)]
pub struct LogLayer {
    sender: LogSender,
}

impl LogLayer {
    /// Makes a layer that sends to a [`LogWriter`](super::LogWriter).
    #[must_use]
    pub const fn new(sender: LogSender) -> Self {
        Self { sender }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flatten().collect::<Vec<_>>().into_iter().rev() {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.0.extend(of_span.0.clone());
            }
        }
        event.record(&mut fields);
        self.sender.send(fields.into_line(event.metadata().target(), *event.metadata().level()));
    }
}

/// Holds fields as text, each name once.
#[derive(Clone, Debug, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    fn put(&mut self, field: &Field, value: String) {
        let value = if is_secret(field.name()) { "[redacted]".to_owned() } else { value };
        self.0.insert(field.name(), value);
    }

    fn into_line(mut self, target: &str, level: Level) -> LogLine {
        let named = self.0.remove("component").and_then(|name| Component::of_text(&name));
        let engine_time = self.0.remove("engine_time").and_then(|micros| micros.parse().ok());
        LogLine {
            at: wall_clock(),
            engine_time: engine_time.map(Timestamp::from_micros),
            severity: severity(level),
            component: named.unwrap_or_else(|| component_of(target)),
            message: self.0.remove("message").unwrap_or_default(),
            ledger_id: self.0.remove("ledger"),
            strategy: self.0.remove("strategy"),
            fields: self.0.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, value.to_string());
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["secret", "password", "token", "authorization", "api_key", "credential"].iter().any(|word| name.contains(word))
}

const fn severity(level: Level) -> Option<Severity> {
    match level {
        Level::ERROR => Some(Severity::Error),
        Level::WARN => Some(Severity::Warn),
        Level::INFO => Some(Severity::Info),
        Level::DEBUG | Level::TRACE => None,
    }
}

/// Where the parts of orb are; the first prefix that fits counts.
const TARGETS: [(&str, Component); 10] = [
    ("orb_exec::alpaca", Component::Alpaca),
    ("orb_core::risk", Component::RiskManager),
    ("orb_core", Component::Strategy),
    ("orb_data", Component::Data),
    ("orb_api", Component::Api),
    ("orbd::rpc", Component::Api),
    ("orbd::web", Component::Api),
    ("orbd::store", Component::Store),
    ("orbd::journal", Component::Store),
    ("tonic", Component::Api),
];

fn component_of(target: &str) -> Component {
    TARGETS
        .iter()
        .find(|(prefix, _)| target.starts_with(prefix))
        .map_or(Component::Executor, |(_, component)| *component)
}
