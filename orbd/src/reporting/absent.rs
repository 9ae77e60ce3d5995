//! A build without Sentry: nothing is reported, and the configuration refuses to ask for it.

use std::sync::Arc;

use tokio::sync::broadcast;
use tracing_subscriber::layer::Identity;

use super::SentryConfig;
use crate::monitoring::Meters;
use crate::view::{Environment, Update};

/// Reports nothing.
pub const fn start(_: SentryConfig, _: Environment) {}

/// Sends nothing.
pub const fn finish(_: bool) {}

/// Has nothing to tell.
pub(crate) const fn announce() {}

/// Has nothing to say where.
pub(crate) const fn turn_to(_: Environment) {}

/// Follows nothing.
pub(crate) fn follow(_: broadcast::Receiver<Arc<Update>>, _: &Meters) {}

/// Returns no layer.
pub(crate) const fn layer() -> Option<Identity> {
    None
}

/// Tells that there is nothing to be wrong.
///
/// # Errors
/// Never.
pub(crate) const fn probe() -> Result<(), core::convert::Infallible> {
    Ok(())
}
