//! Whether everything is fit to trade, item by item: what this machine knows, and what the broker says.

mod broker;
mod finding;
mod machine;
mod notify;
mod observed;
mod readiness;
mod records;
mod strategies;

use orb_core::Timestamp;

pub use broker::broker;
pub use finding::{Finding, Verdict};
pub use machine::machine;
pub use strategies::strategies;

use super::LiveConfig;

/// Looks at everything that can be known without asking the broker: strategies, state directory, records, the API's
/// address, credentials and calendar.
///
/// Nothing is left behind; the API's port is taken for a moment, so this comes before the API is opened. A
/// [`Verdict::Fail`] among the findings means that trading must not begin.
#[must_use]
pub fn local(config: &LiveConfig, now: Timestamp) -> Vec<Finding> {
    let mut findings = strategies(&config.run, &config.environment);
    findings.extend(machine(&config.environment, now));
    findings
}
