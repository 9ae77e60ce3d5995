//! A local Alpaca: its trading and market-data API over a simulated exchange.
//!
//! The parts, from the inside out:
//!
//! - [`broker`]: the account, its orders and their matching, and the trading REST API as a function from a request to
//!   a reply. It does no IO and knows no clock.
//! - [`tick`]: what moves it: trades, quotes and halts.

pub mod broker;
pub mod http;
pub mod order_faults;
pub mod tick;
