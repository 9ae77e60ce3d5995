//! The broker over Alpaca's REST interface, against a server that answers as each test says.

mod checks;
mod faults;
mod lifecycle;
mod ownership;
mod rig;
mod server;
mod sim;
mod snapshots;
mod urgency;
