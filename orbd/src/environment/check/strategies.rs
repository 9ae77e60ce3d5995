//! Whether strategies can be traded where prices are live.

use std::collections::BTreeSet;

use orb_core::config::{Candidates, EntryKind, EntryMode};
use orb_core::{RunConfig, Span, StrategyConfig};
use orb_exec::alpaca::{Environment, Feed};

use super::finding::Finding;
use crate::environment::EnvironmentConfig;

/// Symbols whose trades and quotes the feed IEX gives at one time without a paid plan.
const IEX_SYMBOLS_MAX: usize = 30;

/// Looks at each strategy and at all of them together.
#[must_use]
pub fn strategies(run: &RunConfig, environment: &EnvironmentConfig) -> Vec<Finding> {
    let mut findings = Vec::new();
    for strategy in &run.strategies {
        let item = format!("strategy {}", strategy.name);
        let found = [
            symbols(&item, strategy),
            end_of_day(&item, strategy),
            volumes(&item, strategy, environment.feed),
            score(&item, strategy, environment.feed),
            triggers(&item, strategy, environment),
        ];
        let before = findings.len();
        findings.extend(found.into_iter().flatten());
        if findings.len() == before {
            findings.push(Finding::pass(&item, summary(strategy)));
        }
    }
    findings.extend(bar_length(run));
    findings.extend(channels(run, environment));
    findings
}

fn summary(strategy: &StrategyConfig) -> String {
    if strategy.candidates == Candidates::Assets {
        return format!("all assets that the broker lists, range of {} minutes", strategy.range_minutes);
    }
    let names: Vec<_> = strategy.symbols.iter().map(orb_core::Symbol::as_str).take(5).collect();
    let more = if strategy.symbols.len() > names.len() { ", ..." } else { "" };
    let count = strategy.symbols.len();
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} symbol{plural} ({}{more}), range of {} minutes", names.join(", "), strategy.range_minutes)
}

fn symbols(item: &str, strategy: &StrategyConfig) -> Option<Finding> {
    let detail = "it names no symbols, and a live run trades only those that it is told";
    let remedy = "set symbols, as in symbols = [\"SPY\", \"QQQ\"]; for Stocks in Play those to choose from";
    let is_named = !strategy.symbols.is_empty() || strategy.candidates == Candidates::Assets;
    (!is_named).then(|| Finding::fail(item, detail, remedy))
}

fn end_of_day(item: &str, strategy: &StrategyConfig) -> Option<Finding> {
    let detail = "flatten_before_close is 0: orders sent at the close fill the next day, and the position would be held overnight";
    (strategy.flatten_before_close < Span::from_minutes(1))
        .then(|| Finding::fail(item, detail, "set flatten_before_close to at least 1 minute; 5 is usual"))
}

/// IEX sees two or three percent of the trading, so what volumes tell is another thing there.
fn volumes(item: &str, strategy: &StrategyConfig, feed: Feed) -> Option<Finding> {
    let filters = &strategy.filters;
    let used = [
        ("rvol_min", filters.rvol_min.is_some()),
        ("average_volume_min", filters.average_volume_min.is_some()),
        ("top", filters.top.is_some()),
    ];
    let used: Vec<_> = used.iter().filter(|(_, is_used)| *is_used).map(|(name, _)| *name).collect();
    if feed == Feed::Sip || used.is_empty() {
        return None;
    }
    let detail = format!(
        "{} need the volume of all exchanges, and the feed iex shows only the 2 to 3 percent that trade on IEX: \
         filters would refuse liquid symbols and rank the others by chance",
        used.join(", ")
    );
    let remedy = "set feed = \"sip\" in [alpaca] (it needs a data plan that has it), or set these keys to off";
    Some(Finding::fail(item, detail, remedy))
}

fn score(item: &str, strategy: &StrategyConfig, feed: Feed) -> Option<Finding> {
    let detail = "score_min depends on volumes, and the feed iex shows 2 to 3 percent of them";
    (feed == Feed::Iex && strategy.score_min.is_some()).then(|| {
        Finding::warn(item, detail, "set feed = \"sip\" in [alpaca], or score_min = false; take care with thresholds")
    })
}

/// A breakout is seen when a trade of the feed touches the level.
fn triggers(item: &str, strategy: &StrategyConfig, environment: &EnvironmentConfig) -> Option<Finding> {
    let is_broker = environment.environment != Environment::Sim;
    let waits = strategy.entry == EntryKind::Stop && strategy.entry_mode == EntryMode::OtoOnTrigger;
    let detail = "orb waits for the level itself and sees only trades on IEX: it enters late, or not at all";
    let remedy = "set feed = \"sip\" in [alpaca], or entry_mode = \"resting_stop\" (with slot_policy = \"ranked\" and \
                  direction = \"candle\"), which waits at the broker";
    (is_broker && waits && environment.feed == Feed::Iex).then(|| Finding::warn(item, detail, remedy))
}

fn bar_length(run: &RunConfig) -> Option<Finding> {
    // Live bars have one minute.
    run.validate_bar_length(Span::from_minutes(1)).err().map(|error| Finding::of_error("bar length", &error))
}

fn channels(run: &RunConfig, environment: &EnvironmentConfig) -> Option<Finding> {
    let symbols: BTreeSet<_> = run.strategies.iter().flat_map(|strategy| &strategy.symbols).collect();
    let is_broker = environment.environment != Environment::Sim;
    let detail = format!(
        "{} symbols, and the feed iex gives trades and quotes of at most {IEX_SYMBOLS_MAX} at a time",
        symbols.len()
    );
    (is_broker && environment.feed == Feed::Iex && symbols.len() > IEX_SYMBOLS_MAX)
        .then(|| Finding::warn("symbols", detail, "name fewer symbols, or set feed = \"sip\" in [alpaca]"))
}

#[cfg(test)]
mod tests {
    use orb_core::config::preset;

    use super::super::Verdict;
    use super::*;
    use crate::environment::{EnvironmentArgs, EnvironmentTables};

    fn run(name: &str, settings: &[(&str, &str)]) -> RunConfig {
        let mut run = RunConfig::of(preset(name).expect("a preset"));
        for (key, value) in settings {
            run.set(key, value).expect("a fitting value");
        }
        run.validate().expect("no contradiction");
        run
    }

    fn environment(environment: Environment, feed: Feed) -> EnvironmentConfig {
        let args = EnvironmentArgs { environment: Some(environment), ..EnvironmentArgs::default() };
        let resolved = EnvironmentTables::default().resolve(&args).expect("an environment");
        EnvironmentConfig { feed, ..resolved }
    }

    /// Checks the worst verdict of a preset with settings and that its findings say something.
    #[track_caller]
    fn check(preset: &str, settings: &[(&str, &str)], feed: Feed, expect: Verdict, says: &str) {
        let found = strategies(&run(preset, settings), &environment(Environment::Paper, feed));
        assert_eq!(found.iter().map(|finding| finding.verdict).max(), Some(expect), "{found:#?}");
        assert!(found.iter().any(|finding| finding.detail.contains(says)), "{found:#?}");
        let has_remedy = |finding: &Finding| finding.verdict == Verdict::Pass || finding.remedy.is_some();
        assert!(found.iter().all(has_remedy), "{found:#?}");
    }

    const SPY: (&str, &str) = ("symbols", "SPY");

    #[test]
    fn a_preset_with_symbols_is_fit() {
        check("orb-etf", &[], Feed::Iex, Verdict::Pass, "2 symbols (QQQ, TQQQ), range of 5 minutes");
        check("orb-classic", &[SPY], Feed::Sip, Verdict::Pass, "1 symbol (SPY)");
        check("orb-sip", &[("symbols", "A,B,C,D,E,F")], Feed::Sip, Verdict::Pass, "6 symbols (A, B, C, D, E, ...)");
    }

    #[test]
    fn what_cannot_be_traded_live_is_told() {
        check("orb-classic", &[], Feed::Sip, Verdict::Fail, "it names no symbols");
        check("orb-sip-paper", &[SPY], Feed::Sip, Verdict::Fail, "held overnight");
    }

    #[test]
    fn volumes_need_all_exchanges() {
        check("orb-sip", &[SPY], Feed::Iex, Verdict::Fail, "rvol_min, average_volume_min, top need the volume");
        check("orb-etf", &[("rvol_min", "1")], Feed::Iex, Verdict::Fail, "rvol_min need the volume");
        let off = [SPY, ("top", "off"), ("rvol_min", "off"), ("average_volume_min", "off"), ("entry", "market")];
        check("orb-sip", &off, Feed::Iex, Verdict::Pass, "1 symbol (SPY)");
        check("orb-etf", &[("score_min", "0.5")], Feed::Iex, Verdict::Warn, "score_min depends on volumes");
    }

    #[test]
    fn levels_that_iex_may_not_see_are_told() {
        check("orb-classic", &[SPY], Feed::Iex, Verdict::Warn, "it enters late");
        let resting = [SPY, ("direction", "candle"), ("slot_policy", "ranked"), ("entry_mode", "resting_stop")];
        check("orb-classic", &resting, Feed::Iex, Verdict::Pass, "1 symbol");
        let sim = strategies(&run("orb-classic", &[SPY]), &environment(Environment::Sim, Feed::Iex));
        assert!(sim.iter().all(|finding| finding.verdict == Verdict::Pass), "{sim:#?}");
        let many: Vec<_> = (0..31).map(|number| format!("S{number}")).collect();
        check("orb-etf", &[("symbols", &many.join(","))], Feed::Iex, Verdict::Warn, "31 symbols");
    }
}
