//! Bars for a search, loaded once and shared by all of its threads.

use std::path::PathBuf;
use std::sync::Arc;

use orb_core::Date;
use orb_data::bars::{LoadOptions, load_with_warmup};

use super::grid::{Grid, Lined};
use super::grid_error::GridProblem;
use crate::backtest::{InputError, Market, Selection};

/// Says which bars and dates the command line asks for; empty where the grid is to say it.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Bars to trade.
    pub bars: Vec<PathBuf>,
    /// Bars for features only.
    pub warmup: Vec<PathBuf>,
    /// First date to trade.
    pub from: Option<Date>,
    /// Last date to trade.
    pub to: Option<Date>,
}

/// Loads the bars of a search.
///
/// # Errors
/// When they cannot be read, or a date lies outside of them: the line of the grid or the flag is named.
pub fn load(grid: &Grid, wanted: &Wanted) -> anyhow::Result<Market> {
    let calendar = Arc::new(orb_data::calendar::nyse_calendar(2005, 2100));
    let choose = |flag: &Vec<PathBuf>, file: &Vec<PathBuf>| if flag.is_empty() { file.clone() } else { flag.clone() };
    let (bars, warmup) = (choose(&wanted.bars, &grid.bars), choose(&wanted.warmup, &grid.warmup));
    let loaded = load_with_warmup(&bars, &warmup, LoadOptions::new(&calendar))?;
    let dates = || loaded.trade.sessions().iter().map(|session| session.session().date);
    let (Some(first), Some(last)) = (dates().min(), dates().max()) else { return Err(InputError::NoBars.into()) };
    let span = (first, last);
    let from = bound(grid, "from", wanted.from, grid.from, span)?;
    let to = bound(grid, "to", wanted.to, grid.to, span)?;
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(anyhow::anyhow!("--from/--to: {}", GridProblem::Backwards { from, to }));
    }
    Ok(Market::prepare(loaded, calendar, &Selection { bars, warmup, from, to })?)
}

/// Returns a bound of the dates; the flag goes before the file.
fn bound(
    grid: &Grid,
    which: &'static str,
    flag: Option<Date>,
    file: Option<Lined<Date>>,
    (first, last): (Date, Date),
) -> anyhow::Result<Option<Date>> {
    let Some(date) = flag.or(file.map(|lined| lined.value)) else { return Ok(None) };
    if (first..=last).contains(&date) {
        return Ok(Some(date));
    }
    let problem = GridProblem::Outside { which, date, first, last };
    Err(match (flag, file) {
        (None, Some(lined)) => grid.error(lined.line, problem).into(),
        _ => anyhow::anyhow!("--{problem}"),
    })
}
