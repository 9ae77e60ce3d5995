//! The real `orbd`, in a process of its own, as its users see it: over files, signals, gRPC and `orbctl`.
//!
//! Every run fails when the daemon writes an ERROR line or panics.

// The attributes tell clippy that all of this is test code.
#[cfg(test)]
mod account;
#[cfg(test)]
mod api;
#[cfg(test)]
mod at_broker;
#[cfg(test)]
mod bars;
#[cfg(test)]
mod books;
#[cfg(test)]
mod check;
#[cfg(test)]
mod client;
#[cfg(test)]
#[path = "../../src/store/tests/cluster.rs"]
mod cluster;
#[cfg(feature = "otel")]
#[cfg(test)]
mod collector;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod data;
#[cfg(test)]
mod dataset;
#[cfg(test)]
mod environment;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod flatten;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod grpc_web;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod judgement;
#[cfg(test)]
mod market;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod notify;
#[cfg(test)]
mod once;
#[cfg(test)]
mod orbctl;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod records;
#[cfg(test)]
mod records_api;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod replay;
#[cfg(feature = "sentry")]
#[cfg(test)]
mod reporting;
#[cfg(test)]
mod security;
#[cfg(test)]
mod service;
#[cfg(test)]
mod standby;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod tokens;
#[cfg(feature = "otel")]
#[cfg(test)]
mod traces;
#[cfg(test)]
mod upgrade;
#[cfg(test)]
mod web;
#[cfg(test)]
mod wire;
