//! What can be wrong with a grid file, and what to do about it.

use std::path::PathBuf;

use orb_backtest::sweep::{AxisError, UnknownObjective, WalkForwardError};
use orb_core::Date;
use orb_core::config::SettingError;

use crate::backtest::InputError;
use crate::commands::SettingsError;

/// Most combinations of one search: each of them is one more chance for luck to look like skill.
pub const COMBINATIONS_MAX: u64 = 100_000;

/// Explains why a search cannot begin; nothing has run then.
#[derive(Debug, thiserror::Error)]
pub enum GridError {
    /// The file could not be read.
    #[error("cannot read the grid {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error("{}:{line}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: Box<GridProblem>,
    },
}

/// Explains what is wrong with a line of a grid file.
#[derive(Debug, thiserror::Error)]
pub enum GridProblem {
    /// The file is no TOML.
    #[error("not valid TOML: {0}")]
    Syntax(String),
    /// There is no such key in a grid file.
    #[error("a grid has no key `{key}`{}; `orbd sweep --help` lists them", suggestion.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default())]
    UnknownKey {
        /// The key.
        key: String,
        /// A key of a similar name.
        suggestion: Option<&'static str>,
    },
    /// A setting of the strategy stands at the top.
    #[error("`{0}` is a setting of the strategy: put it below [fixed] to keep it, or below [axes] to vary it")]
    Misplaced(String),
    /// A value is of the wrong kind.
    #[error("`{key} = {value}`: expected {expected}")]
    Misfit {
        /// The key.
        key: String,
        /// The value that was given.
        value: String,
        /// What is expected.
        expected: &'static str,
    },
    /// The objective is unknown.
    #[error("objective: {0}")]
    Objective(#[from] UnknownObjective),
    /// The base cannot be built.
    #[error("{0}")]
    Base(#[from] SettingsError),
    /// A setting is unknown, or its value does not fit.
    #[error("{0}")]
    Setting(#[from] SettingError),
    /// There is nothing to vary.
    #[error("there are no axes: name settings and their values below [axes], as in range_minutes = [5, 15]")]
    NoAxes,
    /// A range, or all axes together, are wrong.
    #[error("{0}")]
    Axis(#[from] AxisError),
    /// A range lacks a part.
    #[error("`{key}`: a range needs from, to and step, as in {{ from = 1, to = 4, step = 0.5 }}")]
    Range {
        /// The axis.
        key: String,
    },
    /// A value is there twice.
    #[error("`{key}` has the value {value} twice: remove one")]
    Twice {
        /// The axis.
        key: String,
        /// The value.
        value: String,
    },
    /// Numbers are out of order.
    #[error(
        "`{key}`: {value} is out of order: list numbers upwards or downwards, because values side by side are compared as neighbours"
    )]
    Unordered {
        /// The axis.
        key: String,
        /// The value.
        value: String,
    },
    /// A setting is both fixed and varied.
    #[error("`{0}` is below [fixed] and below [axes]: keep one of them")]
    FixedAndVaried(String),
    /// The grid is too large.
    #[error(
        "the axes span {count} combinations, and at most {COMBINATIONS_MAX} are searched: take fewer values, or search = \"random\" with samples"
    )]
    TooMany {
        /// The number of combinations.
        count: u64,
    },
    /// More samples are asked for than may be.
    #[error("samples = {samples}: expected 1 to {most}")]
    Samples {
        /// The number of samples.
        samples: u64,
        /// The most there may be.
        most: u64,
    },
    /// A random search lacks a key.
    #[error("search = \"random\" needs `{0}`, as in {0} = 200")]
    RandomNeeds(&'static str),
    /// A key belongs to another kind of search.
    #[error("`{0}` belongs to a random search: add search = \"random\", or remove it")]
    OnlyRandom(&'static str),
    /// A part of the walk-forward is missing.
    #[error("[walk_forward] needs `{0}`, as in {0} = 20")]
    WalkForwardNeeds(&'static str),
    /// The walk-forward cannot be.
    #[error("walk_forward: {0}")]
    WalkForward(#[from] WalkForwardError),
    /// A date lies outside the bars.
    #[error(
        "{which} {date} lies outside the bars, which have {first} to {last}: choose a date between, or leave it out"
    )]
    Outside {
        /// `from` or `to`.
        which: &'static str,
        /// The date.
        date: Date,
        /// First date of the bars.
        first: Date,
        /// Last date of the bars.
        last: Date,
    },
    /// The dates are the wrong way round.
    #[error("from {from} is after to {to}: exchange them")]
    Backwards {
        /// The first date.
        from: Date,
        /// The last.
        to: Date,
    },
    /// A setting does not fit the bars.
    #[error("{0}")]
    Bars(InputError),
    /// No combination can run.
    #[error("all {count} combinations are refused, the first one for this: {reason}")]
    NothingToRun {
        /// How many there are.
        count: usize,
        /// Why the first is refused.
        reason: String,
    },
}
