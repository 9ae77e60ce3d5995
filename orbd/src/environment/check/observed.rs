//! Whether errors can be reported and traces sent, as far as this machine knows.

use super::finding::Finding;
use crate::environment::EnvironmentConfig;
use crate::{reporting, traces};

const REMEDY: &str = "until then orb trades, and nothing is sent there";

/// Looks at what is asked for; nothing is sent. What cannot be used is no reason not to trade.
pub(super) fn outlets(config: &EnvironmentConfig) -> Vec<Finding> {
    sentry(config).into_iter().chain(otel(config)).collect()
}

fn sentry(config: &EnvironmentConfig) -> Option<Finding> {
    let item = "sentry";
    config.sentry.is_on.then(|| match reporting::probe() {
        Ok(()) => {
            let most = config.sentry.per_minute;
            Finding::pass(item, format!("errors, alarms and panics are reported, at most {most} events a minute"))
        }
        Err(error) => Finding::warn(item, error.to_string(), REMEDY),
    })
}

fn otel(config: &EnvironmentConfig) -> Option<Finding> {
    let (item, url) = ("otel", config.otel.endpoint.as_ref()?);
    Some(match traces::probe(&config.otel) {
        Ok(()) => Finding::pass(item, format!("a trace of each signal goes to {url}")),
        Err(error) => Finding::warn(item, error.to_string(), REMEDY),
    })
}
