//! Bars and trades from files, the exchange's calendar, and a synthetic market.
//!
//! This is the only crate of orb that knows file formats of bars and the rules of the NYSE's calendar. What comes
//! out of it is checked: every [`orb_core::Bar`] is valid, lies in regular hours and on the grid of its length.

pub mod bars;
pub mod calendar;
pub mod dataset;
pub mod reference;
pub mod synthetic;
pub mod test_data;
pub mod trades;
pub mod write;

pub use bars::{BarSet, BarSetError, DataError, Day, Dropped, Label, LoadOptions, Loaded, SessionBars, load};
pub use calendar::nyse_calendar;
pub use dataset::{Dataset, DatasetError};
