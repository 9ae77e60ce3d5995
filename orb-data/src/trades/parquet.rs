//! Rows of Parquet files.

use std::fs::File;

use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampNanosecondType;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Schema};
use orb_core::{Price, Timestamp};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use super::error::TradesError;
use super::row::{COLUMNS, RawTrade};
use crate::bars::DataError;
use crate::bars::column::{self, Bad, Fault};
use crate::bars::field::{Clock, Header, find_named};
use crate::bars::parquet::{parquet_error, unless_panic};
use crate::bars::row::SymbolBook;
use crate::bars::source::Source;

/// Rows decoded at once.
const BATCH_ROWS: usize = 8_192;
/// Where a column of bars of the same kind stands: trades take the same types.
const KINDS: [usize; 4] = [0, 1, 2, 6];

/// Reads a file row by row and returns how many rows there are.
pub(super) fn read(
    source: &Source,
    book: &mut SymbolBook,
    on_row: &mut impl FnMut(&SymbolBook, RawTrade) -> Result<(), TradesError>,
) -> Result<u64, TradesError> {
    // The types of Parquet itself are fewer; where they are not enough, those that Arrow noted in the file.
    let (builder, columns) = match open(source, true) {
        Err(TradesError::Data(DataError::ColumnType { .. })) => open(source, false)?,
        opened => opened?,
    };
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns);
    let builder = builder.with_projection(mask).with_batch_size(BATCH_ROWS);
    let mut reader = unless_panic(source, || builder.build())?.map_err(|error| parquet_error(source, error))?;
    let order = columns.map(|column| columns.iter().filter(|other| **other < column).count());
    let (mut decoded, mut rows) = (Columns::default(), 0);
    while let Some(batch) = unless_panic(source, || reader.next())? {
        let batch = batch.map_err(|error| parquet_error(source, ParquetError::External(Box::new(error))))?;
        check_types(source, order.map(|column| batch.column(column).data_type()))?;
        let fault = decoded.fill(&batch, order, book);
        let good = fault.as_ref().map_or(batch.num_rows(), |(_, fault)| fault.row);
        for row in 0..good {
            on_row(book, decoded.row(row, rows + row as u64 + 1))?;
        }
        if let Some((column, fault)) = fault {
            return Err(explained(source, rows + fault.row as u64 + 1, column, fault.bad));
        }
        rows += batch.num_rows() as u64;
    }
    Ok(rows)
}

/// A file that is opened, and where its columns are.
type Opened = (ParquetRecordBatchReaderBuilder<File>, [usize; 4]);

fn open(source: &Source, skip_arrow_metadata: bool) -> Result<Opened, TradesError> {
    let file = File::open(&source.path).map_err(|error| source.io_error(error))?;
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(skip_arrow_metadata);
    let opened = unless_panic(source, || ParquetRecordBatchReaderBuilder::try_new_with_options(file, options))?;
    let builder = opened.map_err(|error| parquet_error(source, error))?;
    let columns = columns(source, builder.schema())?;
    check_types(source, columns.map(|column| builder.schema().field(column).data_type()))?;
    Ok((builder, columns))
}

fn columns(source: &Source, schema: &Schema) -> Result<[usize; 4], TradesError> {
    let path = || source.path.clone();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    match find_named(&names, COLUMNS) {
        Header::Found(columns) => Ok(columns),
        Header::Missing(column) => Err(TradesError::MissingColumn { path: path(), column, found: names.join(", ") }),
        Header::Twice(column) => Err(DataError::DuplicateColumn { path: path(), column }.into()),
    }
}

/// Checks types: what a damaged file decodes to may differ from what it announced.
fn check_types(source: &Source, found: [&DataType; 4]) -> Result<(), TradesError> {
    for ((kind, column), found) in KINDS.into_iter().zip(COLUMNS).zip(found) {
        if let Some(expected) = column::refused(kind, found) {
            let (path, found) = (source.path.clone(), found.to_string());
            return Err(DataError::ColumnType { path, column, found, expected }.into());
        }
    }
    Ok(())
}

/// Holds the decoded columns of a batch.
#[derive(Default)]
struct Columns {
    symbols: Vec<u32>,
    times: Vec<i64>,
    prices: Vec<Price>,
    sizes: Vec<u64>,
    clock: Clock,
    scratch: String,
}

impl Columns {
    /// Decodes a batch; returns the first row that cannot be read with its column, if there is one.
    fn fill(&mut self, batch: &RecordBatch, order: [usize; 4], book: &mut SymbolBook) -> Option<(usize, Fault)> {
        let [symbols, times, prices, sizes] = order.map(|column| batch.column(column).as_ref());
        let faults = [
            symbols_into(symbols, &mut self.symbols, book),
            times_into(times, &mut self.times, &mut self.clock),
            column::prices_into(prices, &mut self.prices, &mut self.scratch),
            column::volumes_into(sizes, &mut self.sizes),
        ];
        let faults = faults.into_iter().enumerate().filter_map(|(column, fault)| Some((column, fault?)));
        faults.min_by_key(|(column, fault)| (fault.row, *column))
    }

    fn row(&self, row: usize, number: u64) -> RawTrade {
        let at = Timestamp::from_micros(self.times[row]);
        RawTrade { symbol: self.symbols[row], at, price: self.prices[row], size: self.sizes[row], number }
    }
}

fn symbols_into(array: &dyn Array, out: &mut Vec<u32>, book: &mut SymbolBook) -> Option<Fault> {
    column::each(array, out, |row| {
        let text = column::text(array, row).trim();
        if text.is_empty() { Err(Bad::Empty) } else { book.number(text.as_bytes()).map_err(Bad::Symbol) }
    })
}

/// Decodes instants to microseconds; of nanoseconds, which exchanges tell, the rest is cut off.
fn times_into(array: &dyn Array, out: &mut Vec<i64>, clock: &mut Clock) -> Option<Fault> {
    match array.as_primitive_opt::<TimestampNanosecondType>() {
        Some(nanos) => column::each(array, out, |row| Ok(nanos.value(row).div_euclid(1_000))),
        None => column::labels_into(array, out, clock),
    }
}

fn explained(source: &Source, number: u64, column: usize, bad: Bad) -> TradesError {
    let (place, column) = (source.place(number), COLUMNS[column]);
    match bad {
        Bad::Empty => DataError::EmptyField { place, column }.into(),
        Bad::Symbol(source) => DataError::BadSymbol { place, source }.into(),
        Bad::Timestamp(text) => DataError::BadTimestamp { place, text }.into(),
        Bad::Price(source) => DataError::BadPrice { place, column, source }.into(),
        Bad::Volume(text) => TradesError::BadSize { place, text },
    }
}
