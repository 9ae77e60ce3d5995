//! The account, its orders and their matching, and the trading REST API as a function.
//!
//! Nothing here does IO or knows a clock: requests, ticks and the time come in, replies and updates go out. The same
//! requests at the same times give the same replies, updates and fills.
//!
//! A [`Broker`] is driven like this: [`Broker::request`] for each request, [`Broker::on_tick`] for what happens on the
//! market, [`Broker::on_wakeup`] at [`Broker::next_wakeup`]; after each of them [`Broker::take_updates`] gives what the
//! stream is to say. A late wakeup does no harm: what is due happens at its own instant.
//!
//! What Alpaca does not document, and what is done here:
//!
//! - Quotes come before the trades they belong to: a trade outside the quote elects no stop.
//! - An order that rests at its limit fills at its limit, by a quote or a trade that reaches it; an order that can
//!   trade when it meets the market, or after the open or a halt, fills at the other side's quote.
//! - The quantity of a replacement counts what the old order has filled: the new order is for the rest.
//! - After the open, and after a halt, nothing trades before the first price that was seen since.
//! - A cancel or a replacement that is not confirmed does not keep an order from its fill.
//! - Orders for an auction, or with a time in force of their own, are refused in words that are not Alpaca's.
//! - A busted execution is taken off the order's filled quantity and off the list of activities.

mod account;
mod account_json;
mod activities;
mod asset;
mod book;
mod buying_power;
mod cancel;
mod closing;
mod config;
mod engine;
mod fields;
mod fill;
mod form;
mod history;
mod hours;
mod ids;
mod lifecycle;
mod listing;
mod market;
mod matching;
mod order;
mod order_json;
mod query;
mod refusal;
mod replace;
mod routes;
mod rules;
mod settings;
mod shares;
mod short_sales;
mod submit;
#[cfg(test)]
mod testing;
mod timers;

pub use account::{CashKind, CashMovement, Execution, Position};
pub use asset::{BorrowStatus, MarginRequirement};
pub use config::{BrokerConfig, Margin, PartialFills};
pub use engine::Broker;
pub use order::{
    Amount, Order, OrderClass, OrderKey, OrderStatus, OrderTimes, OrderType, PositionIntent, Prices, Role, TimeInForce,
    Trail,
};
pub use shares::Shares;
