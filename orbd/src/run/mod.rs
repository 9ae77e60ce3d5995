//! Trading at Alpaca, day after day, until somebody stops it.

mod planner;
mod reference;
