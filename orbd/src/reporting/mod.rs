//! Errors, alarms and panics to Sentry, in a build with the feature `sentry`.
//!
//! **What leaves is a list, not a filter.** A report is made of what is written in this program:
//! places in the sources, targets, kinds, names of components. No text of a log line, no value of a field, no error and
//! no answer of the broker is ever part of it, because any of them may hold a secret; the only values are a symbol that
//! the engine knows, the environment and an alarm's number. Where an event was written is enough to find its line in
//! orb's own log, by place and time. Before an event is sent it is built anew from the values of that list.
//!
//! Reports go into a bounded queue, whoever makes them, and a thread of its own merges and sends them: neither the engine
//! nor the records nor a stream nor the end waits for it, but for two seconds at the very end. The DSN comes from systemd
//! or the environment alone. Connections are made directly: a proxy that the environment names is not used.

mod config;
#[cfg(feature = "sentry")]
mod dsn;
#[cfg(feature = "sentry")]
mod event;
#[cfg(feature = "sentry")]
mod follow;
#[cfg(feature = "sentry")]
mod layer;
#[cfg(feature = "sentry")]
mod merge;
#[cfg(feature = "sentry")]
mod panics;
#[cfg(feature = "sentry")]
mod post;
#[cfg(not(feature = "sentry"))]
#[path = "absent.rs"]
mod process;
#[cfg(feature = "sentry")]
mod process;
#[cfg(feature = "sentry")]
mod queue;
#[cfg(feature = "sentry")]
mod report;
#[cfg(feature = "sentry")]
mod reporter;
#[cfg(feature = "sentry")]
#[cfg(test)]
mod tests;
#[cfg(feature = "sentry")]
mod worker;

pub use config::{EVENTS_PER_MINUTE, SentryConfig};
#[cfg(feature = "sentry")]
pub use process::start_at;
pub(crate) use process::{announce, follow, layer, probe, turn_to};
pub use process::{finish, start};
