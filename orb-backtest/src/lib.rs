//! The simulated exchange and the backtest driver of orb.
//!
//! The engine of `orb-core` decides; somebody has to carry out what it decides. Here that is an [`Exchange`] that
//! matches orders within bars by documented rules and speaks the same events as a broker does. So the engine that
//! trades live runs unchanged over it, and a backtest is a loop of a hundred lines ([`driver`]).
//!
//! # What a bar cannot tell
//!
//! A bar has four prices without their order. If the bar in which a position is entered also touches its stop, nobody
//! can tell which came first. A [`FillModel`] says what counts: every touch, or only one that surely came later. The
//! truth lies between the two runs as far as this question goes; show both.
//!
//! # A first run
//!
//! ```
//! use std::sync::Arc;
//!
//! use orb_backtest::{Backtest, FillModel};
//! use orb_core::config::preset;
//! use orb_core::{Bar, Calendar, Date, EngineConfig, Price, RunConfig, Session, Span, Symbol, SymbolTable, Timestamp};
//!
//! let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
//! let open = Timestamp::parse_rfc3339("2026-02-13T14:30:00Z").expect("an instant");
//! let session = Session { date, open, close: open + Span::from_minutes(390) };
//! let symbols = Arc::new(SymbolTable::new([Symbol::new("ACME")?]));
//! let (symbol, _) = symbols.iter().next().expect("it has one");
//!
//! // The range, a bar that crosses 101.01, and one that falls to the stop at 99. In dollars.
//! let five_minutes = [[100, 101, 99, 100], [100, 102, 100, 101], [100, 100, 98, 99]];
//! let bars: Vec<Bar> = (0..)
//!     .zip(five_minutes)
//!     .map(|(number, dollars)| {
//!         let [open, high, low, close] = dollars.map(|dollars| Price::from_cents(dollars * 100));
//!         let start = session.open + Span::from_minutes(5 * number);
//!         Bar { symbol, start, open, high, low, close, volume: 1_000 }.validated()
//!     })
//!     .collect::<Result<_, _>>()?;
//!
//! let run = RunConfig::of(preset("orb-classic")?);
//! let calendar = Arc::new(Calendar::new(vec![session])?);
//! let config = EngineConfig::new(run, symbols, calendar, Span::from_minutes(5));
//! let mut backtest = Backtest::new(config, FillModel::Pessimistic);
//! backtest.run_bars(bars);
//! let report = backtest.finish();
//!
//! // 99 shares lose 2.03 each, of which slippage takes a cent on either side, and 0.693 of fees.
//! assert_eq!(report.trades[0].net().to_string(), "-201.663");
//! assert_eq!(report.metrics().trades.losses, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to go on
//!
//! [`Backtest::run_bars`] takes one's own bars; [`Backtest::run_session`] leaves the features to the caller. [`Report`]
//! holds signals, trades, decisions and days, and computes figures and their intervals. [`exchange`] documents how a
//! bar fills an order. Shorts assume that everything can be borrowed, and orders fill whole.

pub mod driver;
pub mod exchange;
pub mod parity;
pub mod report;
pub mod sweep;

pub use driver::{Backtest, SessionBars};
pub use exchange::{Exchange, ExchangeConfig, FillModel};
pub use report::Report;
