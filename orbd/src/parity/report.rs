//! The report of a day: what is kept, shown and sent.

use orb_backtest::Report;
use orb_backtest::parity::{Difference, Lone, Pair, Parity, SignalParity, What};
use orb_core::fact::{Trade, r_multiple_e4};
use orb_core::order::AttemptId;
use orb_core::{Date, Money, Price};
use serde::{Deserialize, Serialize};

use super::traded::TradedDay;
use crate::trades_csv::four_decimals;

/// Holds the comparison of a day with its backtest. Money and prices are decimals in US dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParityReport {
    /// The ledger.
    pub ledger_id: String,
    /// The trading date.
    pub date: Date,
    /// The build that traded last on that day.
    pub build: String,
    /// The key figures.
    pub figures: ParityFigures,
    /// Trades that both sides made, by strategy and symbol.
    pub trades: Vec<TradeParity>,
    /// Trades that the bars say and that were not made.
    pub missed: Vec<UnmatchedTrade>,
    /// Trades that were made and that the bars do not say.
    pub extra: Vec<UnmatchedTrade>,
    /// Signals that differ.
    pub signals: Vec<Note>,
    /// Symbols that neither side traded, for reasons that differ.
    pub decisions: Vec<Note>,
}

/// Holds a report's key figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParityFigures {
    /// Bars that the engine was given.
    pub bars: u64,
    /// Signals that the bars say.
    pub signals_expected: u32,
    /// Signals that there were.
    pub signals_found: u32,
    /// Signals that both sides have with the same side, level and stop.
    pub signals_identical: u32,
    /// Trades that the bars say.
    pub trades_expected: u32,
    /// Trades that were made and closed.
    pub trades_found: u32,
    /// Trades that both sides made.
    pub trades_both: u32,
    /// Of these, trades that differ in nothing.
    pub trades_equal: u32,
    /// Trades that are still open; they are not compared.
    pub trades_open: u32,
    /// Trades that the bars say and that were not made.
    pub missed: u32,
    /// Trades that were made and that the bars do not say.
    pub extra: u32,
    /// Differences of signals, trades and decisions.
    pub differences: u32,
    /// Of these, differences that no reason explains.
    pub unexplained: u32,
    /// Result of the closed trades after fees.
    pub net: String,
    /// The same of the pessimistic backtest.
    pub net_pessimistic: String,
    /// The same of the optimistic backtest.
    pub net_optimistic: String,
    /// Fees of the closed trades.
    pub fees: String,
    /// Fees of the pessimistic backtest.
    pub fees_expected: String,
    /// What fills cost beyond those of the pessimistic backtest, over the trades of both sides; negative in favour.
    pub slippage: String,
    /// The same in multiples of the initial risk, four decimals.
    pub slippage_r: String,
}

/// Holds a trade that both sides made. Ticks, slippage and R are against the trader, negative in favour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeParity {
    /// The strategy.
    pub strategy: String,
    /// The ticker.
    pub symbol: String,
    /// `long` or `short`.
    pub side: String,
    /// Shares.
    pub quantity: i64,
    /// Shares of the backtest.
    pub quantity_expected: i64,
    /// Mean entry price.
    pub entry_price: String,
    /// That of the pessimistic backtest.
    pub entry_expected: String,
    /// The difference in ticks.
    pub entry_ticks: i64,
    /// Mean exit price.
    pub exit_price: String,
    /// That of the pessimistic backtest.
    pub exit_expected: String,
    /// The difference in ticks; `None` where the position was left for another reason or in another bar.
    pub exit_ticks: Option<i64>,
    /// The exit's code.
    pub exit_reason: String,
    /// That of the backtest.
    pub exit_reason_expected: String,
    /// What the fills cost beyond those of the backtest; of the exit only where its ticks are told.
    pub slippage: String,
    /// The same in multiples of the initial risk, four decimals; `None` without a risk.
    pub slippage_r: Option<String>,
    /// Fees.
    pub fees: String,
    /// Fees of the backtest.
    pub fees_expected: String,
    /// Result after fees.
    pub net: String,
    /// The same of the pessimistic backtest.
    pub net_pessimistic: String,
    /// The same of the optimistic backtest; `None` where it did not make the trade.
    pub net_optimistic: Option<String>,
    /// In what it differs; empty when in nothing.
    pub differences: Vec<Note>,
}

/// Holds a trade that only one side made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmatchedTrade {
    /// The strategy.
    pub strategy: String,
    /// The ticker.
    pub symbol: String,
    /// `long` or `short`.
    pub side: String,
    /// Shares.
    pub quantity: i64,
    /// Its result after fees.
    pub net: String,
    /// The code of the reason for which the other side did not make it; `None` where it gave none.
    pub reason: Option<String>,
    /// What explains it.
    pub why: String,
}

/// Tells a difference and what explains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The strategy.
    pub strategy: String,
    /// The ticker.
    pub symbol: String,
    /// The difference in words.
    pub what: String,
    /// What explains it: the name of a reason, or `unexplained`.
    pub why: String,
}

/// Both backtests and what was done.
pub(super) struct Sides<'a> {
    pub(super) pessimistic: &'a Report,
    pub(super) optimistic: &'a Report,
    pub(super) found: &'a [Trade],
    pub(super) open: usize,
}

/// Writes the report of a comparison.
pub(super) fn report(
    day: &TradedDay,
    ledger: &str,
    sides: &Sides<'_>,
    parity: &Parity,
    signals: &SignalParity,
) -> ParityReport {
    let names = Names { day };
    let decisions = parity.decisions.iter().map(|difference| {
        let what = format!("not traded for {} instead of {}", difference.found, difference.expected);
        names.note(difference.attempt, what, difference.why.name())
    });
    let noted = signals.differences.iter().map(|one| names.note(one.attempt, one.what.to_string(), one.why.name()));
    ParityReport {
        ledger_id: ledger.to_owned(),
        date: day.session.date,
        build: day.build.clone(),
        figures: figures(day, sides, parity, signals),
        trades: parity.pairs.iter().map(|pair| names.pair(pair, sides.optimistic)).collect(),
        missed: parity.missed.iter().map(|lone| names.lone(lone)).collect(),
        extra: parity.extra.iter().map(|lone| names.lone(lone)).collect(),
        signals: noted.collect(),
        decisions: decisions.collect(),
    }
}

fn figures(day: &TradedDay, sides: &Sides<'_>, parity: &Parity, signals: &SignalParity) -> ParityFigures {
    let slipped: Vec<Slippage> = parity.pairs.iter().map(Slippage::of).collect();
    let net = |trades: &[Trade]| trades.iter().map(Trade::net).sum::<Money>().to_string();
    let fees = |trades: &[Trade]| trades.iter().map(|trade| trade.fees).sum::<Money>().to_string();
    ParityFigures {
        bars: day.bars.len() as u64,
        signals_expected: count(signals.expected),
        signals_found: count(signals.found),
        signals_identical: count(signals.identical),
        trades_expected: count(sides.pessimistic.trades.len()),
        trades_found: count(sides.found.len()),
        trades_both: count(parity.pairs.len()),
        trades_equal: count(parity.pairs.iter().filter(|pair| pair.differences.is_empty()).count()),
        trades_open: count(sides.open),
        missed: count(parity.missed.len()),
        extra: count(parity.extra.len()),
        differences: count(parity.reasons().count() + signals.differences.len()),
        unexplained: count(parity.unexplained() + signals.unexplained()),
        net: net(sides.found),
        net_pessimistic: net(&sides.pessimistic.trades),
        net_optimistic: net(&sides.optimistic.trades),
        fees: fees(sides.found),
        fees_expected: fees(&sides.pessimistic.trades),
        slippage: slipped.iter().map(|one| one.cost).sum::<Money>().to_string(),
        slippage_r: four_decimals(slipped.iter().filter_map(|one| one.r_e4).sum()),
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// What fills cost beyond those of the backtest.
struct Slippage {
    entry_ticks: i64,
    exit_ticks: Option<i64>,
    cost: Money,
    r_e4: Option<i64>,
}

impl Slippage {
    fn of(pair: &Pair) -> Self {
        let (expected, found) = (&pair.expected, &pair.found);
        let mut slippage = Self { entry_ticks: 0, exit_ticks: Some(0), cost: Money::ZERO, r_e4: None };
        if expected.side != found.side {
            return Self { exit_ticks: None, ..slippage };
        }
        for Difference { what, .. } in &pair.differences {
            if let What::EntryPrice(_, _, ticks) = what {
                slippage.entry_ticks = *ticks;
            }
            if let What::ExitPrice(_, _, ticks) = what {
                slippage.exit_ticks = Some(*ticks);
            }
        }
        let is_other_exit = |one: &Difference| matches!(one.what, What::ExitReason(..) | What::ExitBar(..));
        if pair.differences.iter().any(is_other_exit) {
            slippage.exit_ticks = None;
        }
        let worse =
            |expected: Price, found: Price, sign: i64| Price::from_micros(sign * (found.micros() - expected.micros()));
        let sign = found.side.sign();
        slippage.cost = found.entered.at(worse(expected.entry_price(), found.entry_price(), sign));
        if let (Some(_), Some(left), Some(leaves)) = (slippage.exit_ticks, expected.exit_price(), found.exit_price()) {
            slippage.cost += found.exited.at(worse(left, leaves, -sign));
        }
        slippage.r_e4 = r_multiple_e4(slippage.cost, expected.initial_risk());
        slippage
    }
}

/// Gives numbers their names.
struct Names<'a> {
    day: &'a TradedDay,
}

impl Names<'_> {
    fn of(&self, attempt: AttemptId) -> (String, String) {
        let strategy = &self.day.run.strategies[attempt.strategy.index()].name;
        (strategy.clone(), self.day.symbols.name(attempt.symbol).to_string())
    }

    fn note(&self, attempt: AttemptId, what: String, why: &str) -> Note {
        let (strategy, symbol) = self.of(attempt);
        Note { strategy, symbol, what, why: why.to_owned() }
    }

    fn lone(&self, lone: &Lone) -> UnmatchedTrade {
        let (strategy, symbol) = self.of(lone.trade.attempt);
        UnmatchedTrade {
            strategy,
            symbol,
            side: lone.trade.side.to_string(),
            quantity: lone.trade.entered.shares(),
            net: lone.trade.net().to_string(),
            reason: lone.reason.map(|reason| reason.code().to_owned()),
            why: lone.why.name().to_owned(),
        }
    }

    fn pair(&self, pair: &Pair, optimistic: &Report) -> TradeParity {
        let Pair { expected, found, differences } = pair;
        let (strategy, symbol) = self.of(found.attempt);
        let slippage = Slippage::of(pair);
        let price = |trade: &Trade| trade.exit_price().map(|price| price.to_string()).unwrap_or_default();
        let reason = |trade: &Trade| trade.exit_reason.map_or("", orb_core::fact::ExitReason::code).to_owned();
        let same = |other: &&Trade| {
            (other.attempt.strategy, other.attempt.symbol) == (found.attempt.strategy, found.attempt.symbol)
        };
        TradeParity {
            strategy,
            symbol,
            side: found.side.to_string(),
            quantity: found.entered.shares(),
            quantity_expected: expected.entered.shares(),
            entry_price: found.entry_price().to_string(),
            entry_expected: expected.entry_price().to_string(),
            entry_ticks: slippage.entry_ticks,
            exit_price: price(found),
            exit_expected: price(expected),
            exit_ticks: slippage.exit_ticks,
            exit_reason: reason(found),
            exit_reason_expected: reason(expected),
            slippage: slippage.cost.to_string(),
            slippage_r: slippage.r_e4.map(four_decimals),
            fees: found.fees.to_string(),
            fees_expected: expected.fees.to_string(),
            net: found.net().to_string(),
            net_pessimistic: expected.net().to_string(),
            net_optimistic: optimistic.trades.iter().find(same).map(|trade| trade.net().to_string()),
            differences: differences
                .iter()
                .map(|one| self.note(found.attempt, one.what.to_string(), one.why.name()))
                .collect(),
        }
    }
}
