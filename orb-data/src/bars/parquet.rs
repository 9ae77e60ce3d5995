//! Rows of Parquet files, a part at a time.

use std::collections::BTreeSet;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use orb_core::{Price, Span, Symbol, Timestamp};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::column::page::{Page, PageReader as _};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;

use super::column::{self, Bad, Fault};
use super::error::DataError;
use super::field::{COLUMNS, Clock, FIRST_PRICE, Header, find_columns};
use super::row::{RawRow, SymbolBook};
use super::source::Source;

/// Rows decoded at once: their columns stay in the processor's cache.
pub(super) const BATCH_ROWS: usize = 8_192;

/// Rows of a part, at most: enough parts to keep all threads busy, few enough that opening them costs nothing.
const PART_ROWS: usize = 262_144;

/// Represents an opened file whose columns are found and of types that can be read.
pub(super) struct ParquetFile {
    metadata: ArrowReaderMetadata,
    /// Positions of the columns among those of the file.
    columns: [usize; 7],
}

/// Represents consecutive rows within a row group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    row_group: usize,
    offset: usize,
    rows: usize,
    /// Rows of the row group.
    rows_of_group: usize,
    /// Rows of the file before this part.
    rows_before: u64,
}

impl Part {
    /// Returns the number of rows.
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// Tells whether a row group begins with this part.
    const fn is_first_of_group(&self) -> bool {
        self.offset == 0
    }
}

/// Tells over which time rows lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

impl ParquetFile {
    /// Opens a file and checks its columns.
    ///
    /// The types are those of Parquet itself, which are fewer; where they are not enough (seconds are kept as plain
    /// integers), those that Arrow noted in the file.
    pub(super) fn open(source: &Source) -> Result<Self, DataError> {
        let opened = Self::open_with(source, true);
        match &opened {
            Err(DataError::ColumnType { .. }) => Self::open_with(source, false),
            Ok(_) | Err(_) => opened,
        }
    }

    fn open_with(source: &Source, skip_arrow_metadata: bool) -> Result<Self, DataError> {
        let file = File::open(&source.path).map_err(|error| source.io_error(error))?;
        let options = || ArrowReaderOptions::new().with_skip_arrow_metadata(skip_arrow_metadata);
        let plain = unless_panic(source, || ArrowReaderMetadata::load(&file, options()))?;
        let plain = plain.map_err(|error| parquet_error(source, error))?;
        let columns = columns(source, plain.schema())?;
        let with_dictionary = options().with_schema(symbols_as_dictionary(plain.schema(), columns[0]));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), with_dictionary).unwrap_or(plain);
        Ok(Self { metadata, columns })
    }

    /// Divides the rows into parts that can be read on their own.
    pub(super) fn parts(&self) -> Vec<Part> {
        let (mut parts, mut rows_before) = (Vec::new(), 0);
        for (row_group, group) in self.metadata.metadata().row_groups().iter().enumerate() {
            let total = usize::try_from(group.num_rows()).unwrap_or(0);
            for offset in (0..total).step_by(PART_ROWS) {
                let rows = PART_ROWS.min(total - offset);
                parts.push(Part { row_group, offset, rows, rows_of_group: total, rows_before });
                rows_before += rows as u64;
            }
        }
        parts
    }

    /// Returns the time that a part's row group covers, as the file's statistics tell it; `None` when they do not.
    pub(super) fn extent(&self, part: &Part) -> Option<Extent> {
        let schema = self.metadata.schema();
        let DataType::Timestamp(unit, _) = schema.field(self.columns[1]).data_type() else { return None };
        let micros = |value: &i64| match unit {
            TimeUnit::Second => value.saturating_mul(1_000_000),
            TimeUnit::Millisecond => value.saturating_mul(1_000),
            TimeUnit::Microsecond => *value,
            TimeUnit::Nanosecond => value.div_euclid(1_000),
        };
        let Statistics::Int64(times) = self.chunk(part.row_group, 1)?.statistics()? else { return None };
        let [first, last] = [times.min_opt()?, times.max_opt()?].map(|value| Timestamp::from_micros(micros(value)));
        Some(Extent { first, last })
    }

    /// Estimates the time of a part's first row, as if the rows of its group lay evenly over time.
    pub(super) fn expected_first(&self, part: &Part) -> Option<Timestamp> {
        let Extent { first, last } = self.extent(part)?;
        if part.is_first_of_group() {
            return Some(first);
        }
        let share = i128::from((last - first).micros()) * part.offset as i128 / part.rows_of_group as i128;
        Some(first + Span::from_micros(i64::try_from(share).ok()?))
    }

    /// Returns what the file says about one of the seven columns in a row group; `None` where columns are nested.
    fn chunk(&self, row_group: usize, column: usize) -> Option<&ColumnChunkMetaData> {
        let group = self.metadata.metadata().row_group(row_group);
        let is_flat = group.num_columns() == self.metadata.schema().fields().len();
        is_flat.then(|| group.column(self.columns[column]))
    }

    /// Finds the symbols without reading every row: where the statistics name one symbol only, it is that one; else the
    /// texts of the row group's dictionary; where there is none, the column of symbols is read.
    ///
    /// `None` when what is found are no symbols. It is what the file says about itself: a damaged file may lie.
    pub(super) fn symbols(&self, source: &Source) -> Option<BTreeSet<Symbol>> {
        let groups = 0..self.metadata.metadata().num_row_groups();
        let mut symbols = BTreeSet::new();
        for group in groups {
            let cheap = self.symbol_of_statistics(group).map(|symbol| BTreeSet::from([symbol]));
            let found = cheap.or_else(|| unless_panic(source, || self.symbols_of_dictionary(source, group)).ok()?);
            symbols.extend(match found {
                Some(found) => found,
                None => unless_panic(source, || self.symbols_of_rows(source, group)).ok()??,
            });
        }
        Some(symbols)
    }

    fn symbol_of_statistics(&self, row_group: usize) -> Option<Symbol> {
        let statistics = self.chunk(row_group, 0)?.statistics()?;
        let (least, greatest) = (statistics.min_bytes_opt()?, statistics.max_bytes_opt()?);
        let is_one = least == greatest && !statistics.is_min_max_deprecated();
        is_one.then(|| symbol_of(least))?
    }

    fn symbols_of_dictionary(&self, source: &Source, row_group: usize) -> Option<BTreeSet<Symbol>> {
        let chunk = self.chunk(row_group, 0)?;
        chunk.dictionary_page_offset()?;
        let rows = usize::try_from(self.metadata.metadata().row_group(row_group).num_rows()).ok()?;
        let file = Arc::new(File::open(&source.path).ok()?);
        let mut pages = SerializedPageReader::new(file, chunk, rows, None).ok()?;
        let Page::DictionaryPage { buf, num_values, .. } = pages.get_next_page().ok()?? else { return None };
        let mut rest = buf.as_ref();
        let mut symbols = BTreeSet::new();
        for _ in 0..num_values {
            let (length, texts) = rest.split_first_chunk::<4>()?;
            let (text, others) = texts.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            symbols.insert(symbol_of(text)?);
            rest = others;
        }
        Some(symbols)
    }

    fn symbols_of_rows(&self, source: &Source, row_group: usize) -> Option<BTreeSet<Symbol>> {
        let file = File::open(&source.path).ok()?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), [self.columns[0]]);
        let reader = builder.with_projection(mask).with_row_groups(vec![row_group]).build().ok()?;
        let (mut book, mut numbers) = (SymbolBook::default(), Vec::new());
        for batch in reader {
            let batch = batch.ok()?;
            check_array(source, 0, batch.column(0)).ok()?;
            if symbols_into(batch.column(0).as_ref(), &mut numbers, &mut book).is_some() {
                return None;
            }
        }
        Some(book.names().iter().cloned().collect())
    }

    /// Begins to read a part, so many rows at a time.
    pub(super) fn part(&self, source: &Source, part: Part, batch_rows: usize) -> Result<PartReader, DataError> {
        // A file of its own: clones of one share their position, and parts are read at the same time.
        let file = File::open(&source.path).map_err(|error| source.io_error(error))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), self.columns);
        let builder = builder.with_projection(mask).with_row_groups(vec![part.row_group]).with_batch_size(batch_rows);
        let builder = match part.rows == part.rows_of_group {
            true => builder,
            false => builder.with_offset(part.offset).with_limit(part.rows),
        };
        let reader = unless_panic(source, || builder.build())?;
        let reader = reader.map_err(|error| parquet_error(source, error))?;
        let (order, columns) = (positions(&self.columns), Columns::default());
        Ok(PartReader { reader, order, columns, rows_before: part.rows_before, number: part.rows_before })
    }

    /// Reads a part row by row and returns how many rows there are.
    pub(super) fn read(
        &self,
        source: &Source,
        part: Part,
        book: &mut SymbolBook,
        on_row: &mut impl FnMut(&SymbolBook, RawRow) -> Result<(), DataError>,
    ) -> Result<u64, DataError> {
        let mut reader = self.part(source, part, BATCH_ROWS)?;
        while reader.next_rows(source, book, on_row)? {}
        Ok(reader.rows())
    }
}

/// Reads a part of a file, some rows at a time.
pub(super) struct PartReader {
    reader: ParquetRecordBatchReader,
    /// Where each column is among those that are read.
    order: [usize; 7],
    columns: Columns,
    rows_before: u64,
    /// Number of the row that was read last.
    number: u64,
}

impl PartReader {
    /// Returns how many rows were read.
    pub(super) const fn rows(&self) -> u64 {
        self.number - self.rows_before
    }

    /// Reads the next rows; `false` when there are none left.
    pub(super) fn next_rows(
        &mut self,
        source: &Source,
        book: &mut SymbolBook,
        on_row: &mut impl FnMut(&SymbolBook, RawRow) -> Result<(), DataError>,
    ) -> Result<bool, DataError> {
        let Some(batch) = unless_panic(source, || self.reader.next())? else { return Ok(false) };
        let batch = batch.map_err(|error| parquet_error(source, ParquetError::External(Box::new(error))))?;
        check_types(source, &batch, &self.order)?;
        let fault = self.columns.fill(&batch, &self.order, book);
        let good = fault.as_ref().map_or(batch.num_rows(), |(_, fault)| fault.row);
        for row in 0..good {
            on_row(book, self.columns.row(row, self.number + row as u64 + 1))?;
        }
        if let Some((column, fault)) = fault {
            return Err(bad_field(source, self.number + fault.row as u64 + 1, column, fault.bad));
        }
        self.number += batch.num_rows() as u64;
        Ok(true)
    }
}

fn symbol_of(text: &[u8]) -> Option<Symbol> {
    Symbol::new(std::str::from_utf8(text).ok()?).ok()
}

/// Decodes, and takes a panic for what it is: the decoder asserts what a damaged file does not keep.
pub(crate) fn unless_panic<T>(source: &Source, decode: impl FnOnce() -> T) -> Result<T, DataError> {
    let panicked = |_| parquet_error(source, ParquetError::General("the decoder gave up on its content".to_owned()));
    catch_unwind(AssertUnwindSafe(decode)).map_err(panicked)
}

pub(crate) fn parquet_error(source: &Source, error: ParquetError) -> DataError {
    DataError::Parquet { path: source.path.clone(), source: error }
}

/// Finds the columns and checks their types.
fn columns(source: &Source, schema: &Schema) -> Result<[usize; 7], DataError> {
    let path = || source.path.clone();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let columns = match find_columns(&names) {
        Header::Found(columns) => columns,
        Header::Missing(column) => {
            return Err(DataError::MissingColumn { path: path(), column, found: names.join(", ") });
        }
        Header::Twice(column) => return Err(DataError::DuplicateColumn { path: path(), column }),
    };
    for (index, position) in columns.into_iter().enumerate() {
        check_type(source, index, schema.field(position).data_type())?;
    }
    Ok(columns)
}

/// Checks the types of a batch: what a damaged file decodes to may differ from what it announced.
fn check_types(source: &Source, batch: &RecordBatch, order: &[usize; 7]) -> Result<(), DataError> {
    order.iter().enumerate().try_for_each(|(index, position)| check_array(source, index, batch.column(*position)))
}

fn check_array(source: &Source, index: usize, array: &ArrayRef) -> Result<(), DataError> {
    match array.as_dictionary_opt::<Int32Type>().filter(|_| index == 0) {
        Some(dictionary) => check_type(source, index, dictionary.values().data_type()),
        None => check_type(source, index, array.data_type()),
    }
}

fn check_type(source: &Source, index: usize, found: &DataType) -> Result<(), DataError> {
    column::refused(index, found).map_or(Ok(()), |expected| {
        let (path, column, found) = (source.path.clone(), COLUMNS[index], found.to_string());
        Err(DataError::ColumnType { path, column, found, expected })
    })
}

/// Asks for the symbols as numbers into a dictionary, which spares making a text of each.
fn symbols_as_dictionary(schema: &Schema, symbol: usize) -> SchemaRef {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let fields = schema.fields().iter().enumerate().map(|(index, field)| match index == symbol {
        true => Arc::new(Field::new(field.name(), dictionary.clone(), field.is_nullable())),
        false => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Returns where each column is once only these seven are read, in the order of the file.
fn positions(columns: &[usize; 7]) -> [usize; 7] {
    columns.map(|column| columns.iter().filter(|other| **other < column).count())
}

/// Holds the decoded columns of a batch.
#[derive(Default)]
struct Columns {
    symbols: Vec<u32>,
    labels: Vec<i64>,
    prices: [Vec<Price>; 4],
    volumes: Vec<u64>,
    clock: Clock,
    scratch: String,
}

impl Columns {
    /// Decodes a batch; returns the first row that cannot be read with its column, if there is one.
    fn fill(&mut self, batch: &RecordBatch, order: &[usize; 7], book: &mut SymbolBook) -> Option<(usize, Fault)> {
        let array = |column: usize| batch.column(order[column]).as_ref();
        let mut faults = [const { None }; 7];
        faults[0] = symbols_into(array(0), &mut self.symbols, book);
        faults[1] = column::labels_into(array(1), &mut self.labels, &mut self.clock);
        for (index, prices) in self.prices.iter_mut().enumerate() {
            let column = FIRST_PRICE + index;
            faults[column] = column::prices_into(array(column), prices, &mut self.scratch);
        }
        faults[6] = column::volumes_into(array(6), &mut self.volumes);
        let faults = faults.into_iter().enumerate().filter_map(|(column, fault)| Some((column, fault?)));
        faults.min_by_key(|(column, fault)| (fault.row, *column))
    }

    // Called, it would hand a row over in memory, to be read again while it is still on its way there.
    #[inline(always)]
    fn row(&self, row: usize, number: u64) -> RawRow {
        let [opens, highs, lows, closes] = &self.prices;
        let prices = [opens[row], highs[row], lows[row], closes[row]];
        let label = Timestamp::from_micros(self.labels[row]);
        RawRow { symbol: self.symbols[row], label, prices, volume: self.volumes[row], number }
    }
}

/// Numbers the symbols of a column, each text of a dictionary once.
fn symbols_into(array: &dyn Array, out: &mut Vec<u32>, book: &mut SymbolBook) -> Option<Fault> {
    let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() else {
        return column::each(array, out, |row| number_of(array, row, book));
    };
    let (keys, texts) = (dictionary.keys(), dictionary.values().as_ref());
    let mut numbers: Vec<Option<u32>> = vec![None; texts.len()];
    column::each(array, out, |row| {
        let key = keys.value(row) as usize;
        match numbers[key] {
            Some(number) => Ok(number),
            None => number_of(texts, key, book).inspect(|number| numbers[key] = Some(*number)),
        }
    })
}

fn number_of(array: &dyn Array, row: usize, book: &mut SymbolBook) -> Result<u32, Bad> {
    let text = column::text(array, row).trim();
    if text.is_empty() {
        return Err(Bad::Empty);
    }
    book.number(text.as_bytes()).map_err(Bad::Symbol)
}

#[cold]
fn bad_field(source: &Source, number: u64, column: usize, bad: Bad) -> DataError {
    let (place, column) = (source.place(number), COLUMNS[column]);
    match bad {
        Bad::Empty => DataError::EmptyField { place, column },
        Bad::Symbol(source) => DataError::BadSymbol { place, source },
        Bad::Timestamp(text) => DataError::BadTimestamp { place, text },
        Bad::Price(source) => DataError::BadPrice { place, column, source },
        Bad::Volume(text) => DataError::BadVolume { place, text },
    }
}
