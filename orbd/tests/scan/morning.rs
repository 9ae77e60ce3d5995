//! A morning until a few minutes after the opening range, and what was chosen in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orb_backtest::FillModel;
use orb_core::config::preset;
use orb_core::event::Command;
use orb_core::{Reason, RunConfig, Side, Span, Timestamp};
use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
use orb_exec::alpaca::RequestLimits;
use orb_sim::market::PathConfig;
use orbd::backtest::{Market, Selection};
use orbd::demo::DemoSession;
use orbd::rehearsal::{Outcome, Rehearsal, invariants};

/// The seed of the synthetic market.
const SEED: u64 = 7;
/// Symbols of the synthetic market: of so many, trades and quotes are subscribed only of those that matter.
const SYMBOLS: usize = 60;
/// How long after the open a morning ends; a minute before, all is left.
const LENGTH: Span = Span::from_minutes(9);

/// Stocks in Play for a market of few and quiet symbols: the filters let half of it pass.
pub(crate) fn in_play() -> RunConfig {
    let mut run = RunConfig::of(preset("orb-sip").expect("a preset"));
    for (key, value) in [
        ("average_volume_min", "100000"),
        ("atr_min", "0.2"),
        ("rvol_min", "0.5"),
        ("top", "8"),
        ("universe_max", "40"),
    ] {
        run.set(key, value).expect("a setting");
    }
    run
}

/// Makes the synthetic market's morning under a configuration.
pub(crate) fn synthetic(mut run: RunConfig) -> DemoSession {
    let calendar = std::sync::Arc::new(orb_data::nyse_calendar(2005, 2100));
    let options = SyntheticOptions { symbols: SYMBOLS, ..SyntheticOptions::default() };
    let loaded = SyntheticMarket::new(SEED, options).generate(&calendar).expect("a market");
    let market = Market::new(loaded, calendar, &Selection::default(), &mut run).expect("a market to trade");
    DemoSession { run, market }
}

/// Rehearses a morning on which this goes wrong; nothing may be broken after it.
#[track_caller]
pub(crate) fn rehearse(session: DemoSession, faults: &str) -> Outcome {
    rehearse_with(session, faults, |_| {})
}

/// Rehearses a morning on which this goes wrong, with what else is to be otherwise.
#[track_caller]
pub(crate) fn rehearse_with(session: DemoSession, faults: &str, otherwise: impl FnOnce(&mut Rehearsal)) -> Outcome {
    let mut rehearsal = Rehearsal::new(session);
    rehearsal.faults = faults.parse().expect("a plan of faults");
    let end = open(&rehearsal.session) + LENGTH;
    rehearsal.commands = vec![(end - Span::from_minutes(1), Command::Kill { flatten: true })];
    rehearsal.until = Some(end);
    rehearsal.path = PathConfig { steps_max: 4, ..rehearsal.path };
    rehearsal.limits = RequestLimits { timeout: Duration::from_secs(2), ..rehearsal.limits };
    otherwise(&mut rehearsal);
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = runtime.expect("a runtime").block_on(rehearsal.run(folder.path())).expect("a morning to its end");
    let broken: Vec<String> = invariants(&outcome).iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{broken:#?}\n{}", story(&outcome));
    assert!(outcome.rules_never_applied.is_empty(), "{:?}\n{}", outcome.rules_never_applied, story(&outcome));
    outcome
}

pub(crate) fn open(session: &DemoSession) -> Timestamp {
    session.market.days[0].session.open
}

/// Tells whether a reason settles a symbol before its levels are watched.
fn is_settled_by_the_scan(reason: Reason) -> bool {
    reason < Reason::SymbolOwned
}

/// Holds who was chosen, and why the others were not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) chosen: BTreeSet<String>,
    pub(crate) refused: BTreeMap<String, Reason>,
}

impl Choice {
    fn of(session: &DemoSession, decided: impl Iterator<Item = (String, Reason)>) -> Self {
        Self::among(session.run.strategies[0].symbols.iter().map(ToString::to_string), decided)
    }

    /// Tells who of some symbols was chosen.
    pub(crate) fn among(all: impl Iterator<Item = String>, decided: impl Iterator<Item = (String, Reason)>) -> Self {
        let refused: BTreeMap<_, _> = decided.filter(|(_, reason)| is_settled_by_the_scan(*reason)).collect();
        Self { chosen: all.filter(|symbol| !refused.contains_key(symbol)).collect(), refused }
    }

    /// Returns the choice of the backtest of the same day.
    pub(crate) fn of_backtest(session: &DemoSession) -> Self {
        let report = orbd::backtest::run(&session.market, &session.run, FillModel::Pessimistic);
        let decided = report
            .decisions
            .iter()
            .map(|decision| (session.market.symbols.name(decision.attempt.symbol).to_string(), decision.reason));
        Self::of(session, decided)
    }

    /// Returns the choice of a morning.
    pub(crate) fn of_morning(session: &DemoSession, outcome: &Outcome) -> Self {
        Self::of(session, outcome.decisions.iter().map(|row| (row.attempt.symbol.clone(), row.reason)))
    }
}

/// Returns the entries that were ordered, by symbol: the side.
pub(crate) fn ordered(outcome: &Outcome) -> BTreeMap<String, Side> {
    let entries = outcome.signals.iter().filter(|row| row.client_order_id.is_some());
    entries.map(|row| (row.attempt.symbol.clone(), row.side)).collect()
}

/// Tells what happened, for the message of a test that fails.
pub(crate) fn story(outcome: &Outcome) -> String {
    let decisions = outcome.decisions.iter().map(|row| format!("{} {} {}", row.attempt.symbol, row.reason, row.detail));
    let logs = outcome.logs.iter().map(|line| {
        let time = line.engine_time.map(|time| time.to_string()).unwrap_or_default();
        format!("{time} {:?} {}", line.severity, line.message)
    });
    decisions.chain(logs).collect::<Vec<_>>().join("\n")
}
