//! Broken input of every kind, thrown at everything that the simulator reads.
//!
//! `ORB_FUZZ_CASES` says how many inputs each test makes; a few hundred by default.

// The attributes tell clippy that all of this is test code.
#[cfg(test)]
mod mutate;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod sockets;
