//! The recorded replies: one moment of a session on 2026-02-13.

mod commands;
mod judgement;
mod records;
mod state;

use orb_api::{
    time::{duration_from_micros, timestamp_from_micros},
    v1::{Environment, Ledger},
};
use prost_types::Timestamp;

pub(super) use commands::*;
pub(super) use judgement::*;
pub(super) use records::*;
pub(super) use state::*;

/// 2026-02-13 09:30:00 in New York.
const OPEN: i64 = 1_770_993_000;

/// Returns the instant so many minutes after the open.
fn at(minutes: i64) -> Option<Timestamp> {
    Some(timestamp_from_micros((OPEN + minutes * 60) * 1_000_000))
}

fn s(text: &str) -> String {
    text.to_owned()
}

pub(super) fn ledger() -> Option<Ledger> {
    Some(Ledger { id: s("sim-1"), environment: Environment::Sim.into(), account_id: s("demo") })
}
