//! The Opening Range Breakout strategy as a pure library.
//!
//! Nothing in this crate reads a clock, a file, the environment or a random number, and nothing waits. Time and
//! data come in as events, and what is to be done goes out as values.

pub mod bar;
pub mod calendar;
pub mod config;
pub mod effect;
pub mod event;
pub mod fact;
pub mod hold;
pub mod money;
pub mod order;
pub mod protection;
pub mod reason;
pub mod side;
pub mod symbol;
pub mod time;

pub use bar::{Bar, BarError};
pub use calendar::{Calendar, CalendarError, Session};
pub use config::{RunConfig, StrategyConfig, StrategyId};
pub use money::{Money, MoneyError, Price, Quantity};
pub use protection::{ExitPrices, Protection, StopRule};
pub use reason::Reason;
pub use side::{OrderSide, Side};
pub use symbol::{Symbol, SymbolId, SymbolTable};
pub use time::{Date, Span, Timestamp};
