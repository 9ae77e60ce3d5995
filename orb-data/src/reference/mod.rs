//! Reference data: what is known of a symbol before a session opens.
//!
//! A [`Dataset`](crate::Dataset) keeps four tables beside its bars, each a folder with one partition for each session:
//! [`DailyBar`]s, [`OpeningVolume`]s, [`Asset`]s and [`CorporateAction`]s. [`Reference::read`] brings them together for
//! the morning of a session: history on that day's basis, under the names that the symbols had then.
//!
//! All volumes are those of the dataset's one feed. Rows are raw, as they were traded, and carry the name that a symbol
//! had on their date; splits and changes of names are applied when they are read.

mod coverage;
mod facts;
mod name;
mod rows;

pub use coverage::{COMPLETE_PERCENT_MIN, Coverage, ThinFeed};
pub use facts::{Facts, OpeningDay, PastDay, Reference, Tables, Wanted};
pub use name::Lineage;
pub use rows::{ActionKind, Asset, Borrow, CorporateAction, DailyBar, Exclusion, OpeningVolume, opening_volume};

#[cfg(test)]
mod tests;
