//! The failure modes of the wire, each over the whole way: engine, records, adapter, and a local Alpaca that fails.
//!
//! Every day must end flat, with the books equal to the broker's to the cent; see `orbd::rehearsal::invariants`.

// The attributes tell clippy that all of this is test code.
#[cfg(test)]
mod plain;
#[cfg(test)]
mod rig;
