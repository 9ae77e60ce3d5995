//! The orb daemon as a library: what the `orbd` command is made of.

pub mod auth;
pub mod backtest;
pub mod build;
pub mod cli;
pub mod commands;
pub mod daemon;
pub mod demo;
pub mod environment;
pub mod explained;
pub mod journal;
pub mod parity;
pub mod progress;
pub mod readiness;
pub mod rehearsal;
pub mod replay;
pub mod rpc;
pub mod run;
pub mod runtime;
pub mod shutdown;
mod simulation;
pub mod store;
mod summary;
pub mod sweep;
pub mod telemetry;
pub mod trades_csv;
pub mod view;
