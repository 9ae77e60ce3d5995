//! A trace of each signal to a collector of OpenTelemetry, in a build with the feature `otel`.
//!
//! A trace is made once its signal is over: it ended without a share, or all of its shares are left again. Which that is
//! comes from the updates that streams are fed from, so it is committed; the trace itself is read from the records, with
//! the times that they have, so that it is whole after a restart too. Its ids follow from ledger and signal: whoever makes
//! it again makes the same one.
//!
//! The engine does nothing for it. What is over goes into a bounded queue; a task reads and sends it, and neither the
//! engine nor a commit nor the end waits for it, but for two seconds at the very end. What has no room is counted.

#[cfg(not(feature = "otel"))]
mod absent;
mod config;
#[cfg(feature = "otel")]
mod export;
#[cfg(feature = "otel")]
mod follow;
#[cfg(feature = "otel")]
mod ids;
#[cfg(feature = "otel")]
mod over;
#[cfg(feature = "otel")]
mod sender;
#[cfg(feature = "otel")]
mod spans;
#[cfg(feature = "otel")]
mod tracer;

#[cfg(not(feature = "otel"))]
pub(crate) use absent::{Tracer, probe};
pub use config::OtelConfig;
#[cfg(feature = "otel")]
pub(crate) use export::probe;
#[cfg(feature = "otel")]
pub(crate) use tracer::Tracer;
