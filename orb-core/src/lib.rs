//! The Opening Range Breakout strategy as a pure library.
//!
//! In the first minutes after the open, prices mark out a range. When the price leaves the range, the strategy enters
//! in that direction, protects the position with a stop, and is flat before the close. This crate decides all of that:
//! ranges, filters, ranks, signals, sizes, limits, orders, exits. It does none of it: nothing here reads a clock, a
//! file, the environment or a random number, and nothing waits. So it cannot fail and cannot surprise: the same events
//! give the same effects, in a backtest as in front of a broker.
//!
//! # The life of a bar
//!
//! The [`Engine`] is a value with two functions. [`Engine::on_event`] takes the time and an
//! [`Event`](event::Event), and adds [`Effect`](effect::Effect)s to a list; [`Engine::next_wakeup`] says when it wants
//! to hear a [`Wakeup`](event::Event::Wakeup). Who calls them is the *driver*: a backtest, a daemon, your program.
//!
//! 1. [`Event::Reference`](event::Event::Reference) begins a day with what is known before its open: equity, previous
//!    closes, ATR14, usual volumes. [`history::History`] computes these from bars.
//! 2. [`Event::Snapshot`](event::Event::Snapshot) tells what the broker has. Entries are held until it agrees with the
//!    engine's books.
//! 3. Bars come in. Those of the first minutes make the range ([`range_book`]). The clock ends it, not the next bar:
//!    then symbols are filtered and ranked, once ([`ranker`]).
//! 4. A later bar crosses a level ([`signal_machine`]). The [`risk_gate`] sizes the entry or refuses it with a
//!    [`Reason`]; an approved one leaves as an effect, an order for the broker.
//! 5. The driver carries effects out and hands the answers back as events: accepted, filled, rejected, or silence. From
//!    fills alone come positions and results ([`position_keeper`]); the [`exit_desk`] keeps each of them protected.
//! 6. What must survive a restart leaves as a [`Fact`](fact::Fact), to be kept before anything is sent.
//!
//! # A first run
//!
//! One symbol, bars of a minute, an opening range of five. The sixth bar crosses it:
//!
//! ```
//! use std::sync::Arc;
//!
//! use orb_core::config::preset;
//! use orb_core::effect::{Action, Effect, Effects};
//! use orb_core::event::{BrokerSnapshot, Event, Origin, ReferenceData};
//! use orb_core::{
//!     Bar, Calendar, Date, Engine, EngineConfig, Money, Price, RunConfig, Session, Span, Symbol, SymbolTable, Timestamp,
//! };
//!
//! let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
//! let open = Timestamp::parse_rfc3339("2026-02-13T14:30:00Z").expect("an instant");
//! let session = Session { date, open, close: open + Span::from_minutes(390) };
//! let symbols = Arc::new(SymbolTable::new([Symbol::new("ACME")?]));
//! let (symbol, _) = symbols.iter().next().expect("it has one");
//! let run = RunConfig::of(preset("orb-classic")?);
//! let minute = Span::from_minutes(1);
//! let mut engine = Engine::new(EngineConfig::new(run, symbols, Arc::new(Calendar::new(vec![session])?), minute));
//!
//! let mut effects = Effects::default();
//! let equity_open = Money::from_cents(10_000_000);
//! let reference = ReferenceData { date, equity_open, symbols: vec![Default::default()] };
//! engine.on_event(open, &Event::Reference(reference), &mut effects);
//! engine.on_event(open, &Event::Snapshot(BrokerSnapshot::default()), &mut effects);
//!
//! let mut orders = Vec::new();
//! for (number, close) in (0..).zip([10_000, 10_010, 9_990, 10_020, 10_000, 10_080]) {
//!     let start = open + Span::from_minutes(number);
//!     let [open, high, low, close] = [10_000, close.max(10_000), close.min(10_000), close].map(Price::from_cents);
//!     let bar = Bar { symbol, start, open, high, low, close, volume: 100 }.validated()?;
//!     // A bar is known at its end.
//!     let now = start + minute;
//!     engine.on_bars(now, Origin::Live, &[bar], &mut effects);
//!     while let Some(at) = engine.next_wakeup().filter(|at| *at <= now) {
//!         engine.on_event(at, &Event::Wakeup, &mut effects);
//!     }
//!     orders.extend(effects.drain().filter_map(|effect| match effect {
//!         Effect::Broker(effect) => match effect.action {
//!             Action::Submit(order) => Some(order),
//!             _ => None,
//!         },
//!         _ => None,
//!     }));
//! }
//!
//! // 1% of 100,000 over 5 positions is 200 dollars; from 100.21 down to 99.90 are 31 cents: 645 shares.
//! assert_eq!(orders.len(), 1);
//! assert_eq!(orders[0].quantity.shares(), 645);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A driver that also carries orders out is `orb_backtest::Backtest`, over a simulated exchange.
//!
//! # Where to go on
//!
//! * [`config`]: presets, keys, and several strategies on one account.
//! * [`filter`]: a filter of one's own. [`risk_gate`]: size and limits in front of another strategy.
//! * [`explain`]: why a symbol was traded or not, with every figure. [`Reason`]: the reasons in the order of checking.
//! * [`metrics`]: figures of trades and days, with intervals. They and the [`score`] are the only floats: money is whole
//!   millionths of a dollar ([`Money`], [`Price`]).
//!
//! The rules are old and public. Nothing here promises a profit.

#![warn(clippy::float_arithmetic)]

pub mod alarm;
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
pub mod universe;

pub use bar::{Bar, BarError};
pub use calendar::{Calendar, CalendarError, Session};
pub use config::{RunConfig, StrategyConfig, StrategyId};
pub use engine::{Engine, EngineConfig, Execution, Restored, Watched};
pub use money::{Money, MoneyError, Price, Quantity};
pub use protection::{ExitPrices, Protection, StopRule};
pub use reason::Reason;
pub use side::{OrderSide, Side};
pub use symbol::{Symbol, SymbolId, SymbolTable};
pub use time::{Date, Span, Timestamp};
