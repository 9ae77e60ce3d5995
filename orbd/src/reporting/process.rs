//! The one reporter of a process: what it tells is about the process as a whole, as the log is.

use std::sync::{Arc, OnceLock};

use secrecy::{ExposeSecret as _, SecretString};
use sentry_core::types::Dsn;
use tokio::sync::broadcast;

use super::SentryConfig;
use super::dsn::{self, ReportingError};
use super::follow::follow as follow_alarms;
use super::layer::ReportLayer;
use super::panics;
use super::report::Report;
use super::reporter::Reporter;
use crate::monitoring::Meters;
use crate::view::{Environment, Update};

/// What came of the start; once per process.
static REPORTER: OnceLock<Result<Reporter, ReportingError>> = OnceLock::new();

/// Starts to report what the configuration asks for, panics included; once per process.
///
/// What keeps it from reporting is told in the log once there is one, and keeps orb from nothing.
pub fn start(config: SentryConfig, environment: Environment) {
    if config.is_on {
        open(dsn::find(), config, environment);
    }
}

/// Starts to report to a DSN that was found elsewhere, as [`start`] does.
pub fn start_at(dsn: &SecretString, config: SentryConfig, environment: Environment) {
    open(dsn::read(dsn.expose_secret()), config, environment);
}

fn open(dsn: Result<Dsn, ReportingError>, config: SentryConfig, environment: Environment) {
    let opened = dsn.and_then(|dsn| Reporter::open(dsn, config.per_minute, environment));
    if let Ok(reporter) = &opened {
        panics::report_to(reporter.clone());
    }
    // A second start in one process keeps the first.
    let _ = REPORTER.set(opened);
}

/// Sends what waits, within two seconds; `has_failed` tells that the command ends with an error, which is reported too.
pub fn finish(has_failed: bool) {
    let Some(Ok(reporter)) = REPORTER.get() else { return };
    if has_failed {
        reporter.tell(Report::ended());
    }
    reporter.finish();
}

/// Tells the log what keeps it from reporting.
pub(crate) fn announce() {
    if let Some(Err(error)) = REPORTER.get() {
        tracing::warn!(component = "Api", "nothing is reported to Sentry: {error}");
    }
}

/// Says where orb trades from now on, where no view says it.
pub(crate) fn turn_to(environment: Environment) {
    if let Some(Ok(reporter)) = REPORTER.get() {
        reporter.turn_to(environment);
    }
}

/// Reports the alarms of the views that are committed from now on.
pub(crate) fn follow(updates: broadcast::Receiver<Arc<Update>>, meters: &Meters) {
    let Some(Ok(reporter)) = REPORTER.get() else { return };
    reporter.count_with(meters);
    tokio::spawn(follow_alarms(updates, reporter.clone()));
}

/// Returns what reports the log's errors; `None` where nothing is reported.
pub(crate) fn layer() -> Option<ReportLayer> {
    let reporter = REPORTER.get()?.as_ref().ok()?;
    Some(ReportLayer::new(reporter.clone()))
}

/// Looks whether events could be sent; nothing is.
///
/// # Errors
/// When there is no DSN, or it cannot be used.
pub(crate) fn probe() -> Result<(), ReportingError> {
    dsn::find().map(drop)
}
