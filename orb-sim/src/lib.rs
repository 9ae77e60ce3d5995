//! A local Alpaca: its trading and market-data API over a simulated exchange.
//!
//! The parts, from the inside out:
//!
//! - [`broker`]: the account, its orders and their matching, and the trading REST API as a function from a request to
//!   a reply. It does no IO and knows no clock.
//! - [`tick`]: what moves it: trades, quotes and halts.
//! - [`market`]: where ticks come from: bars, and a path inside each of them.
//! - [`faults`]: what is to go wrong, when and how often.
//! - [`clock`]: simulated time, what holds it and how it passes.
//! - [`memory`]: what is kept on disk, so that an account does not forget its orders.
//! - [`server`]: the sockets, and the task that owns everything else.
//!
//! ```no_run
//! use orb_sim::market::MarketSource;
//! use orb_sim::{Server, SimConfig};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let running = Server::start(SimConfig::new(MarketSource::synthetic(7)), listener).await?;
//! println!("a local Alpaca at http://{}", running.address());
//! running.stop().await;
//! # Ok(()) }
//! ```

pub mod broker;
pub mod cli;
pub mod clock;
pub mod config;
mod data;
mod exchange;
pub mod faults;
pub mod http;
mod limit;
pub mod market;
pub mod memory;
pub mod order_faults;
pub mod server;
mod speed;
mod streams;
pub mod tick;

pub use clock::SimClock;
pub use config::SimConfig;
pub use server::{Running, Server, StartError};
pub use speed::{Speed, SpeedError};
