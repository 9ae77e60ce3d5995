//! Mornings of the Stocks in Play over the whole way to a local Alpaca: the choice equals the backtest's, and what goes
//! wrong during the scan ends in fewer trades with reasons, never in others.

mod faults;
mod listing;
mod many;
mod morning;
mod selections;
