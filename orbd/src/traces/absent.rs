//! A build without traces: none are made, and the configuration refuses to name a collector.

use super::OtelConfig;
use crate::rpc::Handle;

/// Makes no traces.
#[derive(Debug)]
pub(crate) struct Tracer;

impl Tracer {
    /// Follows nothing.
    pub(crate) const fn start(_: &OtelConfig, _: &Handle) -> Self {
        Self
    }

    /// Sends nothing.
    pub(crate) async fn finish(self) {}
}

/// Tells that there is nothing to be wrong.
///
/// # Errors
/// Never.
pub(crate) const fn probe(_: &OtelConfig) -> Result<(), core::convert::Infallible> {
    Ok(())
}
