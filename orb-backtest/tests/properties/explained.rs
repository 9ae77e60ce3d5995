//! Explanations say what happened, add up, and change nothing.

use std::collections::BTreeMap;

use orb_backtest::{Backtest, Report, SessionBars};
use orb_core::config::{Sizing, StrategyConfig};
use orb_core::explain::{Explanation, ProposedEntry, Verdict};
use orb_core::fact::{Decision, Trade};
use orb_core::order::AttemptId;
use orb_core::reason::Reason;
use orb_core::{EngineConfig, Money};
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::Case;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn explanations_agree_with_trades_and_decisions(seed in any::<u64>()) {
        case(seed);
    }
}

#[track_caller]
fn case(seed: u64) {
    let (case, _) = Case::of_several(seed);
    let explained = run(&case, case.config.clone().explained());
    let plain = run(&case, case.config.clone());
    assert!(plain.explanations.is_empty(), "{}", case.name());
    let without = Report { explanations: Vec::new(), ..explained.clone() };
    assert_eq!(without, plain, "explanations change nothing: {}", case.name());
    let keys: Vec<AttemptId> = explained.explanations.iter().map(|one| one.attempt).collect();
    assert_eq!(keys, expected(&case), "one for each strategy, symbol and session: {}", case.name());
    let trades = by_day(explained.trades.iter(), |trade: &Trade| trade.attempt);
    let decisions = by_day(explained.decisions.iter(), |decision: &Decision| decision.attempt);
    for explanation in &explained.explanations {
        let (trade, decision) = (trades.get(&explanation.attempt), decisions.get(&explanation.attempt));
        verdict(explanation, trade.copied(), decision.copied(), &case);
        filters(explanation, &case);
        if let Some(entry) = &explanation.entry {
            let strategy = case.config.run.strategy(explanation.attempt.strategy);
            let day = explained.days.iter().find(|day| day.date == explanation.attempt.date).expect("a day");
            size(explanation, entry, strategy, day.equity_open, &case);
        }
    }
}

fn run(case: &Case, config: EngineConfig) -> Report {
    let mut backtest = Backtest::new(config, case.fill_model);
    for day in &case.days {
        let (session, bars, reference) = (&day.session, &day.bars[..], &day.reference[..]);
        backtest.run_session(&SessionBars { session, bars, reference });
    }
    backtest.finish()
}

/// Lists every session, strategy and symbol of its universe.
fn expected(case: &Case) -> Vec<AttemptId> {
    let mut keys = Vec::new();
    for day in &case.days {
        for (strategy, number) in case.config.run.strategies.iter().zip(0..) {
            let members = case.config.symbols.iter();
            let members = members.filter(|(_, name)| strategy.symbols.is_empty() || strategy.symbols.contains(name));
            let strategy = orb_core::config::StrategyId(number);
            keys.extend(members.map(|(symbol, _)| AttemptId { date: day.session.date, strategy, symbol, attempt: 0 }));
        }
    }
    keys
}

fn by_day<'a, T>(rows: impl Iterator<Item = &'a T>, key: impl Fn(&T) -> AttemptId) -> BTreeMap<AttemptId, &'a T> {
    rows.map(|row| (AttemptId { attempt: 0, ..key(row) }, row)).collect()
}

#[track_caller]
fn verdict(explanation: &Explanation, trade: Option<&Trade>, decision: Option<&Decision>, case: &Case) {
    let at = || format!("{:?}: {}", explanation.attempt, case.name());
    match (&explanation.verdict, trade, decision) {
        (Verdict::Signal, Some(trade), None) => {
            let entry = explanation.entry.as_ref().expect("a signal has its entry");
            assert_eq!((entry.side, entry.size.quantity), (trade.side, trade.entered), "{}", at());
        }
        (Verdict::NoTrade(reason, detail), None, Some(decision)) => {
            assert_eq!((reason, detail), (&decision.reason, &decision.detail), "{}", at());
            assert_eq!(explanation.at, decision.at, "{}", at());
        }
        other => panic!("{other:?} {}", at()),
    }
}

#[track_caller]
fn filters(explanation: &Explanation, case: &Case) {
    let at = || format!("{explanation:?}: {}", case.name());
    let reason = match explanation.verdict {
        Verdict::NoTrade(reason, _) => Some(reason),
        Verdict::Signal | Verdict::Open => None,
    };
    let first = explanation.checks.iter().find_map(|check| check.failed);
    let of_a_filter = reason.filter(|reason| (Reason::GapOver30Pct..=Reason::Doji).contains(reason));
    // The ATR that a stop needs is missed only at the order.
    if of_a_filter != Some(Reason::AtrMissing) || first.is_some() {
        assert_eq!(first, of_a_filter, "{}", at());
    }
    let rules: Vec<Reason> = explanation.checks.iter().map(|check| check.rule).collect();
    assert!(rules.is_sorted(), "{}", at());
    let none = reason.is_some_and(|reason| reason < Reason::GapOver30Pct);
    assert_eq!(explanation.range.is_none(), none, "{}", at());
}

/// Computes the size again from its own parts.
#[track_caller]
fn size(explanation: &Explanation, entry: &ProposedEntry, strategy: &StrategyConfig, equity: Money, case: &Case) {
    let at = || format!("{explanation:?}: {}", case.name());
    let size = entry.size;
    let reason = match &explanation.verdict {
        Verdict::NoTrade(reason, _) => Some(*reason),
        Verdict::Signal | Verdict::Open => None,
    };
    if reason.is_some_and(|reason| reason < Reason::SizeZero) {
        return assert_eq!(size, Default::default(), "{}", at());
    }
    // A lost account buys nothing.
    let positive = equity.to_decimal().max(Decimal::ZERO);
    let each = positive / Decimal::from(strategy.max_positions);
    let shares = |money: Decimal, price: Decimal| (money / price).floor().to_i64().expect("small");
    let (distance, level) = (entry.level.distance(entry.exits.stop), entry.level.to_decimal());
    assert_eq!((size.equity_open, size.max_positions), (equity, strategy.max_positions), "{}", at());
    assert_eq!(size.distance, distance, "{}", at());
    let by_leverage = shares(strategy.leverage * each, level);
    let (by_sizing, wanted) = match strategy.sizing {
        Sizing::Risk => {
            let by_risk = shares(strategy.risk_fraction * each, distance.to_decimal());
            assert_eq!(size.by_leverage, by_leverage, "{}", at());
            (by_risk, by_risk.min(by_leverage))
        }
        Sizing::Shares(count) => (i64::from(count), i64::from(count)),
        Sizing::Notional(amount) => (shares(amount.to_decimal(), level), shares(amount.to_decimal(), level)),
        other => panic!("{other:?} has no arithmetic here yet"),
    };
    assert_eq!(size.by_sizing, by_sizing, "{}", at());
    assert_eq!(wanted < 1, reason == Some(Reason::SizeZero), "{}", at());
    if wanted < 1 {
        return;
    }
    assert!(size.left.to_decimal() <= strategy.leverage * positive, "{}", at());
    assert_eq!(size.affordable, shares(size.left.to_decimal(), level), "{}", at());
    assert_eq!(size.affordable < 1, reason == Some(Reason::NoBuyingPower), "{}", at());
    if size.affordable < 1 {
        return;
    }
    assert_eq!(size.quantity.shares(), wanted.min(size.affordable), "{}", at());
    assert_eq!(size.own_risk, size.quantity.at(distance), "{}", at());
    let risk = size.lost + size.open_risk + size.own_risk;
    assert_eq!(risk > size.loss_limit, reason == Some(Reason::DailyRisk), "{}", at());
    let full = size.slots_used >= strategy.max_positions as usize;
    assert!(!full || reason.is_some_and(|reason| reason <= Reason::NoSlot), "{}", at());
}
