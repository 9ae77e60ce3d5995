//! Whole sessions in tables, one or more for each rule of the strategy.
//!
//! The account holds 100,000 dollars. `orb-classic` risks 1% of it over 5 positions, 200 dollars a trade, with fees of
//! 0.0035 dollars a share and side. The usual range is 99 to 101: it gives levels at 101.01 and 98.99, a stop 2.01
//! away, floor(200 / 2.01) = 99 shares, fees of 99 x 0.007 = 0.693, and targets at 101.01 + 4.02 = 105.03 and
//! 98.99 - 4.02 = 94.97.

#[path = "../support/day.rs"]
mod day;

mod close_entry;
mod daily_limit;
mod entry_bar;
mod exits;
mod filters;
mod metrics;
mod presets;
mod ranges;
mod reasons;
mod scores;
mod size;
mod slots;
mod stops;
mod strategies;
mod table;
mod triggers;
mod windows;
