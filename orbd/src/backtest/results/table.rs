//! Results as columns with types.

use orb_core::fact::Trade;
use orb_core::metrics::DayResult;
use orb_core::{Date, Money, Price, Timestamp};

use crate::backtest::output::{EQUITY_COLUMNS, Names};
use crate::trades_csv::COLUMNS;

/// Holds the values of one column; `None` where a row has none.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// Few different texts.
    Text(Vec<Option<String>>),
    /// New York dates.
    Dates(Vec<Date>),
    /// Instants, to the second.
    Times(Vec<Option<Timestamp>>),
    /// Whole numbers.
    Whole(Vec<i64>),
    /// Dollars, in micro-dollars.
    Dollars(Vec<Option<i64>>),
    /// Ten-thousandths.
    TenThousandths(Vec<Option<i64>>),
}

/// Holds one column of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// Its name, the same in every format.
    pub(super) name: &'static str,
    pub(super) values: Values,
}

/// Holds columns of one length.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub(super) rows: usize,
    pub(super) columns: Vec<Column>,
}

impl Table {
    fn new(rows: usize, names: &[&'static str], values: Vec<Values>) -> Self {
        assert_eq!(names.len(), values.len(), "every column has a name");
        let column = |(&name, values)| Column { name, values };
        Self { rows, columns: names.iter().zip(values).map(column).collect() }
    }
}

/// Arranges closed trades in the columns of their CSV.
pub(super) fn trades(trades: &[Trade], names: Names<'_>) -> Table {
    let text = |of: &dyn Fn(&Trade) -> Option<String>| Values::Text(trades.iter().map(of).collect());
    let times =
        |of: &dyn Fn(&Trade) -> Option<Timestamp>| Values::Times(trades.iter().map(of).map(to_second).collect());
    let dollars = |of: &dyn Fn(&Trade) -> Option<i64>| Values::Dollars(trades.iter().map(of).collect());
    let values = vec![
        text(&|trade| Some(names.strategy(trade.attempt.strategy).to_owned())),
        text(&|trade| Some(names.symbol(trade.attempt.symbol).to_owned())),
        Values::Dates(trades.iter().map(|trade| trade.attempt.date).collect()),
        text(&|trade| Some(trade.side.to_string())),
        Values::Whole(trades.iter().map(|trade| trade.entered.shares()).collect()),
        times(&|trade| Some(trade.entry_time)),
        dollars(&|trade| Some(trade.entry_price().micros())),
        times(&|trade| trade.exit_time),
        dollars(&|trade| trade.exit_price().map(Price::micros)),
        text(&|trade| trade.exit_reason.map(|reason| reason.code().to_owned())),
        dollars(&|trade| closed(trade, Trade::gross)),
        dollars(&|trade| Some(trade.fees.micros())),
        dollars(&|trade| closed(trade, Trade::net)),
        Values::TenThousandths(
            trades.iter().map(|trade| trade.r_multiple_e4().filter(|_| trade.is_closed())).collect(),
        ),
    ];
    Table::new(trades.len(), &COLUMNS, values)
}

/// Arranges days in the columns of their CSV.
pub(super) fn days(days: &[DayResult]) -> Table {
    let dollars =
        |of: fn(&DayResult) -> Money| Values::Dollars(days.iter().map(|day| Some(of(day).micros())).collect());
    let values = vec![
        Values::Dates(days.iter().map(|day| day.date).collect()),
        dollars(|day| day.equity),
        dollars(|day| day.realized),
        dollars(|day| day.fees),
        dollars(|day| day.drawdown),
    ];
    Table::new(days.len(), &EQUITY_COLUMNS, values)
}

/// Returns a result that only a closed trade has.
fn closed(trade: &Trade, result: fn(&Trade) -> Money) -> Option<i64> {
    trade.is_closed().then(|| result(trade).micros())
}

fn to_second(at: Option<Timestamp>) -> Option<Timestamp> {
    at.map(|at| Timestamp::from_micros(at.micros() - at.micros().rem_euclid(1_000_000)))
}
