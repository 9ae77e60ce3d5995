//! Reading the configuration again while orb runs: what may be taken up then, what has changed, and what is in force.
//!
//! The whole is read and checked as at a start before anything changes, and then all of it is taken up, or nothing: what
//! is in force always is what some file says, and a restart with that file changes nothing more. What is traded, how and
//! where is not taken up: a day is played to its end by the configuration that it began with, and its replay needs no
//! other. Nothing of the engine takes part in any of this, so no order waits for it.

mod configuration;
mod counting;
mod difference;
mod error;
mod in_force;

pub use configuration::{Configuration, Source};
pub use counting::{Counting, counting, help};
pub(crate) use difference::differences;
pub use difference::{Change, Outcome};
pub use error::ReloadError;
pub use in_force::{InForce, Loaded};
