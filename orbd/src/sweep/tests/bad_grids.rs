//! Grids that are wrong are refused with file, line and remedy.

use super::*;
use crate::sweep::{GridProblem, Search};
use orb_backtest::sweep::Objective;

#[track_caller]
fn refused(text: &str, line: usize, says: &str) {
    let error = Grid::parse(Path::new("grid.toml"), text).expect_err(text).to_string();
    assert!(error.starts_with(&format!("grid.toml:{line}: ")), "{error}");
    assert!(error.contains(says), "{error}");
}

#[test]
fn keys_that_are_not_there() {
    refused("axis = 1\n", 1, "a grid has no key `axis`, did you mean `axes`?");
    refused("# mine\nobjectve = \"net\"\n", 2, "did you mean `objective`?");
    refused("slippage = 0.01\n[axes]\ntop = [1]\n", 1, "put it below [fixed] to keep it, or below [axes] to vary it");
    refused("[axes]\nmax_position = [5]\n", 2, "there is no key `max_position`, did you mean `max_positions`?");
    refused("[axes]\ntarget = []\n", 2, "there is no key `target`");
    refused("[fixed]\ncolour = 1\n[axes]\nrange_minutes = [5]\n", 2, "there is no key `colour`");
    refused("[axes]\nrange_minutes = [5]\n[walk_forward]\ntrain = 1\n", 4, "a grid has no key `train`");
    refused("[axes\n", 1, "not valid TOML");
}

#[test]
fn values_that_do_not_fit() {
    refused("[axes]\nrange_minutes = [5,\n  7]\n", 3, "`range_minutes = 7`: expected 1, 5, 15, 30 or 60 minutes");
    refused("[axes]\nrisk_fraction = [\"2%\"]\n", 2, "expected a decimal number");
    refused("[axes]\nrisk_fraction = [nan]\n", 2, "expected a decimal number");
    refused("[fixed]\nmax_positions = 0\n[axes]\ntop = [1]\n", 2, "expected 1 to 1000");
    refused("preset = \"orb-magic\"\n[axes]\ntop = [1]\n", 1, "there is no preset `orb-magic`");
    refused("config = \"none.toml\"\n[axes]\ntop = [1]\n", 1, "cannot read the configuration none.toml");
    refused("objective = \"luck\"\n[axes]\nrange_minutes = [5]\n", 1, "choose one of sharpe, sortino");
    refused("fill_model = \"kind\"\n[axes]\nrange_minutes = [5]\n", 1, "\"pessimistic\" or \"optimistic\"");
    refused("from = \"soon\"\n[axes]\nrange_minutes = [5]\n", 1, "expected a date");
    refused("to = 2026-01-01\nfrom = 2026-02-01\n[axes]\nrange_minutes = [5]\n", 2, "exchange them");
    refused("[axes]\nrange_minutes = [5, 15, 5]\n", 2, "has the value 5 twice");
    refused("[axes]\nrisk_fraction = [0.5, 0.50]\n", 2, "has the value 0.5 twice");
    refused("[axes]\nrange_minutes = [5, 60, 15]\n", 2, "15 is out of order");
    refused("[fixed]\ntop = 3\n[axes]\nrvol_min = [1]\ntop = [1]\n", 5, "keep one of them");
}

#[test]
fn axes_that_are_empty_or_endless() {
    refused("preset = \"orb-classic\"\n", 1, "there are no axes");
    refused("\n[axes]\n", 2, "there are no axes");
    refused("[axes]\nrange_minutes = []\n", 2, "`range_minutes` has no values");
    refused("[axes]\ntarget_r = { from = 1, to = 4, step = 0 }\n", 2, "never ends");
    refused("[axes]\ntarget_r = { from = 4, to = 1, step = 1 }\n", 2, "never ends");
    refused("[axes]\ntarget_r = { from = 1, to = 4 }\n", 2, "a range needs from, to and step");
    refused("[axes]\ntarget_r = { from = 1, to = 900, step = 0.001 }\n", 2, "more than 10000 values");
    let large =
        "[axes]\ntarget_r = { from = 1, to = 900, step = 1 }\nmax_positions = { from = 1, to = 900, step = 1 }\n";
    refused(large, 1, "810000 combinations, and at most 100000");
}

#[test]
fn searches_and_windows_that_cannot_be() {
    let axes = "[axes]\nrange_minutes = [5, 15]\n";
    refused(&format!("search = \"all\"\n{axes}"), 1, "\"grid\" or \"random\"");
    refused(&format!("samples = 5\n{axes}"), 1, "belongs to a random search");
    refused(&format!("search = \"random\"\nsamples = 2\n{axes}"), 1, "needs `seed`");
    refused(&format!("search = \"random\"\nseed = 2\n{axes}"), 1, "needs `samples`");
    refused(&format!("search = \"random\"\nseed = 2\nsamples = 3\n{axes}"), 3, "expected 1 to 2");
    refused(&format!("search = \"random\"\nseed = -2\nsamples = 2\n{axes}"), 2, "expected a whole number from 0");
    refused(&format!("{axes}[walk_forward]\ntrain_sessions = 5\n"), 3, "needs `test_sessions`");
    refused(&format!("{axes}[walk_forward]\ntrain_sessions = 5\ntest_sessions = 0\n"), 3, "expected at least 1");
    let overlap = "[walk_forward]\ntrain_sessions = 5\ntest_sessions = 2\nstep = 1\n";
    refused(&format!("{axes}{overlap}"), 3, "make step at least test_sessions");
    let window = "[walk_forward]\ntrain_sessions = 5\ntest_sessions = 2\nwindow = \"open\"\n";
    refused(&format!("{axes}{window}"), 6, "\"rolling\" or \"anchored\"");
}

#[test]
fn what_does_not_fit_the_bars() {
    let market = market(3);
    #[track_caller]
    fn unfit(market: &Market, text: &str, line: usize, says: &str) {
        let grid = Grid::parse(Path::new("grid.toml"), text).expect("a grid");
        let error = Plan::new(grid, market).expect_err(text).to_string();
        assert!(error.starts_with(&format!("grid.toml:{line}: ")) && error.contains(says), "{error}");
    }
    unfit(&market, "[fixed]\nsymbols = \"SPY\"\n[axes]\nrange_minutes = [5]\n", 2, "there are no bars of SPY");
    unfit(&market, "[axes]\nsymbols = [\"ALDVIN\",\n\"ALDVIN,SPY\"]\n", 3, "there are no bars of SPY");
    let windows = "[axes]\nrange_minutes = [5]\n[walk_forward]\ntrain_sessions = 3\ntest_sessions = 1\n";
    unfit(&market, windows, 3, "need 4 sessions together, and there are 3");
    unfit(&market, "[axes]\nentry_cutoff = [1, 2]\n", 1, "all 2 combinations are refused");
}

#[test]
fn a_grid_is_read_as_it_is_written() {
    let text = "preset = \"orb-etf\"\nobjective = \"net\"\nsearch = \"random\"\nsamples = 4\nseed = 9\n\
                from = 2026-03-02\nbars = [\"a\", \"/b\"]\n[fixed]\nslippage = 0.010\n[axes]\n\
                target_r = [{ from = 1, to = 2, step = 0.5 }, false]\nleverage = [1e0, 2.50]\n";
    let grid = Grid::parse(Path::new("folder/grid.toml"), text).expect("a grid");
    let axes: Vec<_> = grid.axes.axes().iter().map(|axis| (axis.key.as_str(), axis.values.join(" "))).collect();
    assert_eq!(axes, [("target_r", "1 1.5 2 off".to_owned()), ("leverage", "1 2.5".to_owned())]);
    assert_eq!(grid.search, Search::Random { samples: 4, seed: 9 });
    assert_eq!(grid.objective, Objective::Net);
    assert_eq!(grid.bars, [PathBuf::from("folder/a"), PathBuf::from("/b")]);
    assert_eq!(grid.base.get("slippage").as_deref(), Some("0.01"));
    assert_eq!(grid.base.get("name").as_deref(), Some("orb-etf"));
    assert_eq!(grid.from.map(|lined| lined.line), Some(6));
    assert!(
        matches!(grid.error(3, GridProblem::NoAxes).to_string().as_str(), text if text.starts_with("folder/grid.toml:3: "))
    );
}
