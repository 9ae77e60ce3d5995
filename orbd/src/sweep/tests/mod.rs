//! Tests of a search as a whole, over a small made-up market.

mod bad_grids;
mod results;
mod searches;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
use tempfile::TempDir;

use super::{Grid, Plan, ResultsError, ResultsFile, Shard, Work};
use crate::backtest::{Market, Selection};

/// Twelve combinations, a third of which contradict themselves.
const GRID: &str = "[axes]\nrange_minutes = [5, 15]\nentry_cutoff = [1, 30, 60]\ntarget_r = [1, \"off\"]\n\
                    [walk_forward]\ntrain_sessions = 3\ntest_sessions = 2\n";

fn market(sessions: usize) -> Market {
    let calendar = Arc::new(orb_data::nyse_calendar(2005, 2100));
    let options = SyntheticOptions { symbols: 4, sessions, ..SyntheticOptions::default() };
    let loaded = SyntheticMarket::new(7, options).generate(&calendar).expect("a market");
    Market::prepare(loaded, calendar, &Selection::default()).expect("sessions")
}

fn plan(text: &str, market: &Market) -> Plan {
    let grid = Grid::parse(Path::new("grid.toml"), text).expect("a grid");
    Plan::new(grid, market).expect("a plan")
}

/// Runs what is left of a part.
fn run(plan: &Plan, market: &Market, shard: Shard, threads: usize, out: &Path) -> Result<(), ResultsError> {
    let header = plan.header(market, shard).map_err(ResultsError::Build)?;
    let mut results = ResultsFile::open(out, &header)?;
    let threads = NonZero::new(threads).expect("threads");
    Work { plan, market, shard, threads }.run(&mut results, || ())?;
    results.finish()
}

/// A folder with the results of the whole search.
fn searched(plan: &Plan, market: &Market) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("whole.jsonl");
    run(plan, market, Shard::WHOLE, 1, &out).expect("results");
    (folder, out)
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a file")
}
