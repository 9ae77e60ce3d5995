//! A broker and market data over the simulated exchange, for demos and tests.
//!
//! The exchange keeps a log of what it was asked, so that it stands where it stood after the process was killed: a
//! broker does not forget its orders because its client died.

mod broker;
mod log;
mod market;
mod venue;

pub use broker::LocalBroker;
pub use log::LogError;
pub use market::{LocalMarket, Speed};
pub use venue::{Opened, VenueConfig, open};
