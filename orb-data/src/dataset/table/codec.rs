//! Rows to Parquet and back.

use std::fs::File;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, UInt32Array};
use chrono::NaiveDate;
use orb_core::history::Split;
use orb_core::{Date, Price, Symbol};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use crate::reference::{ActionKind, Asset, Borrow, CorporateAction, DailyBar, OpeningVolume};
use crate::write::{WriteError, write_batch};

/// Represents a row that Parquet can hold.
///
/// Prices are whole micro-dollars in columns that say so: tables are read by orb first, and nothing is rounded.
pub(crate) trait Row: Clone + PartialEq {
    /// Returns whose it is.
    fn symbol(&self) -> &Symbol;
    /// Returns the columns of some rows with their names.
    fn columns(rows: &[Self]) -> Vec<(&'static str, ArrayRef)>;
    /// Reads all rows of a batch.
    fn read(batch: &Batch<'_>) -> Result<Vec<Self>, BadTable>;
}

/// Explains why a file holds none of the rows that it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTable {
    /// A column is not there, or is of another type.
    #[error("it has no column {0} of the type that orb writes")]
    Column(&'static str),
    /// A value is none that orb writes.
    #[error("row {row}: {what}")]
    Value {
        /// The row, from 1.
        row: usize,
        /// What is wrong.
        what: String,
    },
    /// It is no Parquet file, or a damaged one.
    #[error("{0}")]
    Parquet(String),
}

/// Writes rows as zstd-compressed Parquet; the file appears only once it is whole.
pub(crate) fn write<R: Row>(path: &Path, rows: &[R]) -> Result<(), WriteError> {
    write_batch(path, || RecordBatch::try_from_iter_with_nullable(R::columns(rows).into_iter().map(nullable)))
}

/// Columns may hold nulls where they do, and nowhere else.
fn nullable((name, column): (&'static str, ArrayRef)) -> (&'static str, ArrayRef, bool) {
    let has_nulls = column.null_count() > 0;
    (name, column, has_nulls)
}

/// Reads all rows of a file.
pub(crate) fn read<R: Row>(file: File) -> Result<Vec<R>, BadTable> {
    let parquet = |error: ParquetError| BadTable::Parquet(error.to_string());
    // The decoder may panic on a damaged file, as that of bars may.
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build());
        let mut rows = Vec::new();
        for batch in reader.map_err(parquet)? {
            let batch = batch.map_err(|error| BadTable::Parquet(error.to_string()))?;
            rows.extend(R::read(&Batch { batch: &batch })?);
        }
        Ok(rows)
    }));
    decoded.unwrap_or_else(|_| Err(BadTable::Parquet("it is damaged".to_owned())))
}

/// Gives the columns of a batch of rows.
pub(crate) struct Batch<'a> {
    batch: &'a RecordBatch,
}

impl Batch<'_> {
    fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Reads a column value by value; `get` is `None` where the column has another type.
    fn column<T>(&self, name: &'static str, get: impl Fn(&ArrayRef, usize) -> Option<T>) -> Result<Vec<T>, BadTable> {
        let column = self.batch.column_by_name(name).ok_or(BadTable::Column(name))?;
        (0..self.len()).map(|row| get(column, row).ok_or(BadTable::Column(name))).collect()
    }

    fn texts(&self, name: &'static str) -> Result<Vec<String>, BadTable> {
        self.column(name, |column, row| Some(column.as_string_opt::<i32>()?.value(row).to_owned()))
    }

    fn parsed<T: FromStr>(&self, name: &'static str) -> Result<Vec<T>, BadTable>
    where
        T::Err: ToString,
    {
        let read = |(row, text): (usize, String)| {
            text.parse().map_err(|error: T::Err| BadTable::Value { row: row + 1, what: error.to_string() })
        };
        self.texts(name)?.into_iter().enumerate().map(read).collect()
    }

    fn symbols(&self, name: &'static str) -> Result<Vec<Symbol>, BadTable> {
        let read = |(row, text): (usize, String)| {
            Symbol::new(&text).map_err(|error| BadTable::Value { row: row + 1, what: error.to_string() })
        };
        self.texts(name)?.into_iter().enumerate().map(read).collect()
    }

    fn flags(&self, name: &'static str) -> Result<Vec<bool>, BadTable> {
        self.column(name, |column, row| Some(column.as_boolean_opt()?.value(row)))
    }

    fn numbers(&self, name: &'static str) -> Result<Vec<u32>, BadTable> {
        self.column(name, |column, row| Some(column.as_primitive_opt::<UInt32Type>()?.value(row)))
    }

    fn prices(&self, name: &'static str) -> Result<Vec<Price>, BadTable> {
        let micros = self.column(name, |column, row| Some(column.as_primitive_opt::<Int64Type>()?.value(row)));
        Ok(micros?.into_iter().map(Price::from_micros).collect())
    }

    /// Reads shares; `None` for null.
    fn shares(&self, name: &'static str) -> Result<Vec<Option<u64>>, BadTable> {
        let read = |column: &ArrayRef, row| {
            let column = column.as_primitive_opt::<Int64Type>()?;
            Some((!column.is_null(row)).then(|| column.value(row)))
        };
        let whole = |(row, shares): (usize, Option<i64>)| {
            let bad = |_| BadTable::Value { row: row + 1, what: format!("{shares:?} are no shares") };
            shares.map(u64::try_from).transpose().map_err(bad)
        };
        self.column(name, read)?.into_iter().enumerate().map(whole).collect()
    }

    /// Reads whole per cents; `None` for null, and in files of before there was such a column.
    fn percents(&self, name: &'static str) -> Result<Vec<Option<u16>>, BadTable> {
        if self.batch.column_by_name(name).is_none() {
            return Ok(vec![None; self.len()]);
        }
        let percent = |(row, number): (usize, Option<u64>)| {
            let bad = |_| BadTable::Value { row: row + 1, what: format!("{number:?} are no per cents") };
            number.map(u16::try_from).transpose().map_err(bad)
        };
        self.shares(name)?.into_iter().enumerate().map(percent).collect()
    }

    fn dates(&self, name: &'static str) -> Result<Vec<Date>, BadTable> {
        let read =
            |column: &ArrayRef, row| Date32Type::to_naive_date_opt(column.as_primitive_opt::<Date32Type>()?.value(row));
        self.column(name, read)
    }
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn micros(values: impl Iterator<Item = Price>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values.map(Price::micros)))
}

fn shares(values: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    let whole = |shares: Option<u64>| shares.map(|shares| i64::try_from(shares).unwrap_or(i64::MAX));
    Arc::new(values.map(whole).collect::<Int64Array>())
}

fn numbers(values: impl Iterator<Item = u32>) -> ArrayRef {
    Arc::new(UInt32Array::from_iter_values(values))
}

fn flags(values: impl Iterator<Item = bool>) -> ArrayRef {
    Arc::new(BooleanArray::from(values.collect::<Vec<bool>>()))
}

fn dates(values: impl Iterator<Item = Date>) -> ArrayRef {
    let epoch = NaiveDate::default();
    let days = |date: Date| i32::try_from((date - epoch).num_days()).expect("dates have fewer days than 2^31");
    Arc::new(Date32Array::from_iter_values(values.map(days)))
}

impl Row for DailyBar {
    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn columns(rows: &[Self]) -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("symbol", texts(rows.iter().map(|row| row.symbol.as_str()))),
            ("open_micros", micros(rows.iter().map(|row| row.open))),
            ("high_micros", micros(rows.iter().map(|row| row.high))),
            ("low_micros", micros(rows.iter().map(|row| row.low))),
            ("close_micros", micros(rows.iter().map(|row| row.close))),
            ("volume", shares(rows.iter().map(|row| Some(row.volume)))),
        ]
    }

    fn read(batch: &Batch<'_>) -> Result<Vec<Self>, BadTable> {
        let [open, high, low, close] = ["open_micros", "high_micros", "low_micros", "close_micros"];
        let (open, high, low, close) =
            (batch.prices(open)?, batch.prices(high)?, batch.prices(low)?, batch.prices(close)?);
        let (symbols, volumes) = (batch.symbols("symbol")?, batch.shares("volume")?);
        let row = |(index, symbol): (usize, Symbol)| {
            let day = Self {
                symbol,
                open: open[index],
                high: high[index],
                low: low[index],
                close: close[index],
                volume: volumes[index].unwrap_or_default(),
            };
            match day.is_valid() {
                true => Ok(day),
                false => Err(BadTable::Value { row: index + 1, what: "it breaks the rules of a bar".to_owned() }),
            }
        };
        symbols.into_iter().enumerate().map(row).collect()
    }
}

impl Row for OpeningVolume {
    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn columns(rows: &[Self]) -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("symbol", texts(rows.iter().map(|row| row.symbol.as_str()))),
            ("minutes", numbers(rows.iter().map(|row| row.minutes))),
            ("bars", numbers(rows.iter().map(|row| row.bars))),
            ("volume", shares(rows.iter().map(|row| row.volume))),
        ]
    }

    fn read(batch: &Batch<'_>) -> Result<Vec<Self>, BadTable> {
        let (minutes, bars, volumes) = (batch.numbers("minutes")?, batch.numbers("bars")?, batch.shares("volume")?);
        let symbols = batch.symbols("symbol")?.into_iter().enumerate();
        let row = |(index, symbol): (usize, _)| Self {
            symbol,
            minutes: minutes[index],
            bars: bars[index],
            volume: volumes[index],
        };
        Ok(symbols.map(row).collect())
    }
}

impl Row for Asset {
    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn columns(rows: &[Self]) -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("symbol", texts(rows.iter().map(|row| row.symbol.as_str()))),
            ("name", texts(rows.iter().map(|row| row.name.as_str()))),
            ("exchange", texts(rows.iter().map(|row| row.exchange.as_str()))),
            ("tradable", flags(rows.iter().map(|row| row.tradable))),
            ("shortable", flags(rows.iter().map(|row| row.shortable))),
            ("borrow", texts(rows.iter().map(|row| row.borrow.name()))),
            ("fractionable", flags(rows.iter().map(|row| row.fractionable))),
            ("margin_long", shares(rows.iter().map(|row| row.margin_long.map(u64::from)))),
            ("margin_short", shares(rows.iter().map(|row| row.margin_short.map(u64::from)))),
        ]
    }

    fn read(batch: &Batch<'_>) -> Result<Vec<Self>, BadTable> {
        let (names, exchanges) = (batch.texts("name")?, batch.texts("exchange")?);
        let [tradable, shortable] = [batch.flags("tradable")?, batch.flags("shortable")?];
        let (borrow, fractionable) = (batch.parsed::<Borrow>("borrow")?, batch.flags("fractionable")?);
        let [margin_long, margin_short] = [batch.percents("margin_long")?, batch.percents("margin_short")?];
        let symbols = batch.symbols("symbol")?.into_iter();
        let texts = names.into_iter().zip(exchanges);
        let row = |(index, (symbol, (name, exchange))): (usize, (_, (_, _)))| Self {
            symbol,
            name,
            exchange,
            tradable: tradable[index],
            shortable: shortable[index],
            borrow: borrow[index],
            fractionable: fractionable[index],
            margin_long: margin_long[index],
            margin_short: margin_short[index],
        };
        Ok(symbols.zip(texts).enumerate().map(row).collect())
    }
}

impl Row for CorporateAction {
    fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    fn columns(rows: &[Self]) -> Vec<(&'static str, ArrayRef)> {
        let kind = |row: &Self| match row.kind {
            ActionKind::Split(_) => "split",
            ActionKind::Rename { .. } => "rename",
            ActionKind::Unclear => "unclear",
        };
        let new = |row: &Self| match &row.kind {
            ActionKind::Rename { to } => to.as_str().to_owned(),
            ActionKind::Split(_) | ActionKind::Unclear => String::new(),
        };
        let new: Vec<String> = rows.iter().map(new).collect();
        let rate = |row: &Self, of: fn(Split) -> u32| match row.kind {
            ActionKind::Split(split) => of(split),
            ActionKind::Rename { .. } | ActionKind::Unclear => 0,
        };
        vec![
            ("symbol", texts(rows.iter().map(|row| row.symbol.as_str()))),
            ("effective", dates(rows.iter().map(|row| row.date))),
            ("kind", texts(rows.iter().map(kind))),
            ("new_symbol", texts(new.iter().map(String::as_str))),
            ("shares_after", numbers(rows.iter().map(|row| rate(row, |split| split.after)))),
            ("shares_before", numbers(rows.iter().map(|row| rate(row, |split| split.before)))),
        ]
    }

    fn read(batch: &Batch<'_>) -> Result<Vec<Self>, BadTable> {
        let (dates, kinds, names) = (batch.dates("effective")?, batch.texts("kind")?, batch.texts("new_symbol")?);
        let (after, before) = (batch.numbers("shares_after")?, batch.numbers("shares_before")?);
        let row = |(index, symbol): (usize, Symbol)| {
            let bad = |what: String| BadTable::Value { row: index + 1, what };
            let kind = match kinds[index].as_str() {
                "split" if after[index] > 0 && before[index] > 0 => {
                    ActionKind::Split(Split { after: after[index], before: before[index] })
                }
                "rename" => {
                    ActionKind::Rename { to: Symbol::new(&names[index]).map_err(|error| bad(error.to_string()))? }
                }
                "unclear" => ActionKind::Unclear,
                other => return Err(bad(format!("`{other}` is no corporate action, or has no rates"))),
            };
            Ok(Self { symbol, date: dates[index], kind })
        };
        batch.symbols("symbol")?.into_iter().enumerate().map(row).collect()
    }
}
