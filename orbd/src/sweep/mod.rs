//! `orbd sweep`: searches settings over one set of bars, and says how much of what it finds may be luck.

mod axis_values;
mod document;
mod export;
mod fingerprint;
mod forward;
mod grid;
mod grid_error;
mod heatmap;
mod input;
mod lines;
mod merge;
mod outcome;
mod plan;
mod ranking;
mod record;
mod results;
mod results_error;
mod results_file;
mod run;
mod sample;
mod shard;
mod table;

#[cfg(test)]
mod tests;

pub use export::{csv, json};
pub use forward::{Chosen, OutOfSample, WalkForwardResult, walk_forward};
pub use grid::{GRID_KEYS, Grid, Lined, Search};
pub use grid_error::{COMBINATIONS_MAX, GridError, GridProblem};
pub use heatmap::html;
pub use input::{Wanted, load};
pub use merge::merge;
pub use outcome::record;
pub use plan::Plan;
pub use ranking::{Luck, Ranking, Row};
pub use record::{
    AxisRecord, FORM, Figures, Fingerprint, Forward, Header, MomentsRecord, Outcome, Record, TestDays, WindowRecord,
};
pub use results::Results;
pub use results_error::{Difference, ResultsError};
pub use results_file::ResultsFile;
pub use run::Work;
pub use shard::{Shard, ShardError};
pub use table::render;
