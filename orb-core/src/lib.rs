//! The Opening Range Breakout strategy as a pure library.
//!
//! Nothing in this crate reads a clock, a file, the environment or a random number, and nothing waits. Time and
//! data come in as events, and what is to be done goes out as values.

#![warn(clippy::float_arithmetic)]

pub mod bar;
pub mod breaker;
pub mod calendar;
pub mod config;
pub mod effect;
pub mod engine;
pub mod event;
pub mod exit_desk;
pub mod explain;
pub mod fact;
pub mod filter;
pub mod history;
pub mod hold;
pub mod metrics;
pub mod money;
pub mod order;
pub mod order_book;
pub mod position_keeper;
pub mod protection;
pub mod range_book;
pub mod ranker;
pub mod reason;
pub mod reconciler;
pub mod risk_gate;
pub mod score;
pub mod session_clock;
pub mod side;
pub mod signal_machine;
pub mod symbol;
pub mod time;

pub use bar::{Bar, BarError};
pub use calendar::{Calendar, CalendarError, Session};
pub use config::{RunConfig, StrategyConfig, StrategyId};
pub use engine::{Engine, EngineConfig, Restored};
pub use money::{Money, MoneyError, Price, Quantity};
pub use protection::{ExitPrices, Protection, StopRule};
pub use reason::Reason;
pub use side::{OrderSide, Side};
pub use symbol::{Symbol, SymbolId, SymbolTable};
pub use time::{Date, Span, Timestamp};
