//! The failure modes of the wire, each over the whole way: engine, records, adapter, and a local Alpaca that fails.
//!
//! Every day must end flat, with the books equal to the broker's to the cent; see `orbd::rehearsal::invariants`. And
//! the journal of each must repeat it, effect by effect.

// The attributes tell clippy that all of this is test code.
#[cfg(test)]
mod ambiguous;
#[cfg(test)]
mod cancels;
#[cfg(feature = "otel")]
#[cfg(test)]
#[path = "../e2e/collector.rs"]
mod collector;
#[cfg(test)]
mod corrections;
#[cfg(test)]
mod exits;
// A release has no places at which it can be killed.
#[cfg(debug_assertions)]
#[cfg(test)]
mod lost;
#[cfg(test)]
mod market;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod partial;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod replay;
#[cfg(feature = "sentry")]
#[cfg(test)]
mod reports;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod streams;
#[cfg(feature = "otel")]
#[cfg(test)]
mod traces;
#[cfg(any(feature = "otel", feature = "sentry"))]
#[cfg(test)]
mod traded;
