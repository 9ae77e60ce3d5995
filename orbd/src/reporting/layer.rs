//! The log's errors as reports, and what it said before them as crumbs.

use std::fmt;
use std::time::SystemTime;

use orb_core::effect::Component;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::report::{Crumb, Place, Report, What, component};
use super::reporter::Reporter;

/// What the sending itself has to say is not reported.
const OWN: [&str; 2] = ["orbd::reporting::reporter", "orbd::reporting::worker"];

/// Reports lines of level ERROR. Of a line it takes where it stands in the sources, and of its fields the component and
/// the symbol where they are of the known ones: no text.
#[derive(Debug)]
pub(crate) struct ReportLayer {
    reporter: Reporter,
}

impl ReportLayer {
    pub(super) const fn new(reporter: Reporter) -> Self {
        Self { reporter }
    }
}

impl<S: Subscriber> Layer<S> for ReportLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let (level, target) = (*metadata.level(), metadata.target());
        if level > Level::INFO || OWN.contains(&target) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Fields { component, symbol } = fields;
        let symbol = symbol.and_then(|symbol| self.reporter.known(&symbol));
        if level == Level::ERROR {
            self.reporter.tell(Report::new(What::Error { place: Place::of(metadata), component, symbol }));
        } else {
            self.reporter.note(Crumb { at: SystemTime::now(), level, metadata, component, symbol });
        }
    }
}

#[derive(Default)]
struct Fields {
    component: Option<Component>,
    /// As it stands there; it counts only when the engine knows it.
    symbol: Option<String>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "component" => self.component = component(value),
            "symbol" => self.symbol = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // A symbol is written by its `Display`.
        if field.name() == "symbol" {
            self.symbol = Some(format!("{value:?}"));
        }
    }
}
