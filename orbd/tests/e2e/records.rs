//! What is on disk: the records, and the simulated exchange's own memory.

use std::collections::BTreeMap;
use std::path::Path;

use orb_core::{Date, event::BrokerSnapshot};
use orb_exec::{Broker as _, EntryGate, local::Speed};
use orbd::{
    commands::SettingArgs,
    demo::DemoSession,
    store::{
        DatabaseUrl, DateRange, FillFilter, FillRow, Ledger, PageRequest, Reader, SignalFilter, SignalRow, TradeFilter,
        TradeRow,
    },
    trades_csv::{TradeNames, trade_line},
    view::Environment,
};
use tempfile::TempDir;

/// Reads the records of the first session of a demo's folder.
pub(crate) struct Records(Reader);

impl Records {
    pub(crate) fn of(folder: &Path) -> Self {
        Self::at(&DatabaseUrl::sqlite(folder.join("orb.db")))
    }

    pub(crate) fn at(url: &DatabaseUrl) -> Self {
        Self(Reader::open(url, &Ledger::new(Environment::Sim, "DEMO-1")).unwrap())
    }

    /// Returns the closed trades in the form of a backtest's file, without its header.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |row: &TradeRow| {
            let names =
                TradeNames { strategy: &row.attempt.strategy, symbol: &row.attempt.symbol, date: row.attempt.date };
            trade_line(names, &row.trade).trim_end().to_owned()
        };
        self.trades().iter().rev().filter(|row| row.trade.is_closed()).map(line).collect()
    }

    /// Tells whether the session's books are closed.
    pub(crate) fn is_over(&self) -> bool {
        self.0.sessions(DateRange::default()).unwrap().iter().any(|session| session.ended)
    }

    /// Returns the whole reckoning of each symbol's day as JSON, in the order of a backtest's file.
    pub(crate) fn explanations(&self, date: Date) -> Vec<String> {
        self.0.explanations(date, None).unwrap()
    }

    pub(crate) fn fills(&self) -> Vec<FillRow> {
        self.0.list_fills(&FillFilter::default(), &PageRequest::first(1000)).unwrap().rows
    }

    pub(crate) fn trades(&self) -> Vec<TradeRow> {
        self.0.list_trades(&TradeFilter::default(), &PageRequest::first(1000)).unwrap().rows
    }

    pub(crate) fn signals(&self) -> Vec<SignalRow> {
        self.0.list_signals(&SignalFilter::default(), &PageRequest::first(1000)).unwrap().rows
    }
}

/// Asks the exchange of a demo what it did, by its own memory alone.
pub(crate) async fn exchange(folder: &Path, bars: &Path, date: Date, settings: &[&str]) -> BrokerSnapshot {
    let copy = TempDir::new().unwrap();
    let log = copy.path().join("exchange.jsonl");
    std::fs::copy(folder.join("exchange-1.jsonl"), &log).unwrap();
    let settings = settings.iter().filter(|text| **text != "--set").map(|&text| text.to_owned()).collect();
    let run = SettingArgs { settings, ..SettingArgs::default() }.resolve().unwrap();
    let session = DemoSession::recorded(vec![bars.to_owned()], Some(date), run).unwrap();
    let mut opened = orb_exec::local::open(session.venue(Speed::Max, log), EntryGate::default()).unwrap();
    opened.broker.snapshot().await
}

/// Checks that records and exchange tell the same: every execution once, and positions that are their sum.
#[track_caller]
pub(crate) fn check_agreement(records: &Records, exchange: &BrokerSnapshot) {
    let key = |id: &str, price: orb_core::Price, quantity: orb_core::Quantity| (id.to_owned(), (price, quantity));
    let (own, trades) = (records.fills(), records.trades());
    let kept: BTreeMap<_, _> = own.iter().map(|fill| key(&fill.id, fill.price, fill.quantity)).collect();
    let done: BTreeMap<_, _> = exchange
        .fills
        .iter()
        .map(|fill| key(&fill.execution.id, fill.execution.price, fill.execution.quantity))
        .collect();
    assert_eq!(kept, done, "the records' fills are not the exchange's");
    assert_eq!((kept.len(), done.len()), (own.len(), exchange.fills.len()), "an execution is there twice");
    let in_trades: i64 = trades.iter().map(|row| row.trade.entered.shares() + row.trade.exited.shares()).sum();
    let in_fills: i64 = own.iter().map(|fill| fill.quantity.shares()).sum();
    assert_eq!(in_trades, in_fills, "the trades are not the sum of their fills");
    let open: i64 = trades.iter().map(|row| row.trade.position().shares().abs()).sum();
    let held: i64 = exchange.positions.iter().map(|position| position.quantity.shares().abs()).sum();
    assert_eq!(open, held, "the open trades are not the exchange's positions");
}
