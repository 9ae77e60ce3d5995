//! What may be reported: values that are written in this program, and a few that are known to be harmless.

use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::time::SystemTime;

use orb_core::alarm::{AlarmId, AlarmKind};
use orb_core::effect::Component;
use tracing::{Level, Metadata};

use crate::view::Environment;

/// The components by name.
const COMPONENTS: [Component; 7] = [
    Component::Executor,
    Component::RiskManager,
    Component::Alpaca,
    Component::Strategy,
    Component::Store,
    Component::Api,
    Component::Data,
];

/// Returns the component of a name; `None` where it is none.
pub(super) fn component(name: &str) -> Option<Component> {
    COMPONENTS.into_iter().find(|component| component.name() == name)
}

/// Says where in the sources something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The file and line, as in `orbd/src/run/mod.rs:12`.
    pub(super) line: String,
    /// The module, as the log names it; empty where it is not known.
    pub(super) target: &'static str,
}

impl Place {
    /// Returns where a line of the log is written.
    pub(super) fn of(metadata: &'static Metadata<'static>) -> Self {
        let line = place(metadata.file().unwrap_or_default(), metadata.line().unwrap_or_default());
        Self { line, target: metadata.target() }
    }
}

/// Names a place without the folders of the machine that built it: from the crate's folder on.
fn place(file: &str, line: u32) -> String {
    let inner = match (file.starts_with('/'), file.rfind("/src/")) {
        (false, _) => file,
        (true, Some(end)) => &file[file[..end].rfind('/').map_or(0, |slash| slash + 1)..],
        (true, None) => file.rsplit('/').next().unwrap_or_default(),
    };
    format!("{inner}:{line}")
}

/// Says what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A line of level ERROR was logged.
    Error { place: Place, component: Option<Component>, symbol: Option<Arc<str>> },
    /// Something panicked; the text only where it stands in the sources as it is.
    Panic { place: Place, text: Option<&'static str> },
    /// An alarm was raised.
    Alarm { kind: AlarmKind, id: AlarmId, symbol: Option<Arc<str>> },
    /// The command ended with an error.
    Ended,
}

/// Holds one thing to report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) what: What,
    pub(super) at: SystemTime,
    /// Where orb traded; filled in by the reporter.
    pub(super) environment: Environment,
    /// What the log said before it, the oldest first; filled in by the reporter.
    pub(super) crumbs: Vec<Crumb>,
}

impl Report {
    pub(super) fn new(what: What) -> Self {
        Self { what, at: SystemTime::now(), environment: Environment::default(), crumbs: Vec::new() }
    }

    /// Reports that the command ends with an error.
    pub(super) fn ended() -> Self {
        Self::new(What::Ended)
    }

    /// Reports a panic.
    pub(super) fn panic(info: &PanicHookInfo<'_>) -> Self {
        let line = info.location().map(|at| place(at.file(), at.line())).unwrap_or_default();
        // A text that was put together may hold anything; one of the sources is the same in every process.
        let text = info.payload().downcast_ref::<&'static str>().copied();
        Self::new(What::Panic { place: Place { line, target: "" }, text })
    }

    /// Names what is the same: it is sent once, with a count.
    pub(super) fn identity(&self) -> String {
        match &self.what {
            What::Error { place, .. } => format!("error {}", place.line),
            What::Panic { place, .. } => format!("panic {}", place.line),
            What::Alarm { kind, symbol, .. } => {
                format!("alarm {} {}", kind.name(), symbol.as_deref().unwrap_or_default())
            }
            What::Ended => "end".to_owned(),
        }
    }
}

/// Holds that the log said something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Crumb {
    pub(super) at: SystemTime,
    pub(super) level: Level,
    pub(super) metadata: &'static Metadata<'static>,
    pub(super) component: Option<Component>,
    pub(super) symbol: Option<Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_nothing_of_the_machine_that_built_it() {
        assert_eq!(place("orbd/src/run/mod.rs", 12), "orbd/src/run/mod.rs:12");
        assert_eq!(
            place("/home/me/.cargo/registry/src/x-1f/tokio-1.47.0/src/sync/mpsc.rs", 3),
            "tokio-1.47.0/src/sync/mpsc.rs:3"
        );
        assert_eq!(place("/rustc/abc/library/core/src/option.rs", 3), "core/src/option.rs:3");
        assert_eq!(place("/home/me/build.rs", 3), "build.rs:3");
    }
}
