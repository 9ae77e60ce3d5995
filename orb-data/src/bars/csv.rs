//! Rows of CSV files, plain or compressed.

use std::fs::File;
use std::io::{self, Read};

use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use flate2::read::MultiGzDecoder;
use orb_core::{MoneyError, Price};

use super::error::DataError;
use super::field::{COLUMNS, Clock, FIRST_PRICE, Header, find_columns, parse_volume};
use super::row::{RawRow, SymbolBook};
use super::source::{Format, Source};

/// Bytes read from the system at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// Reads a file row by row and returns how many rows there are.
pub(super) fn read(
    source: &Source,
    book: &mut SymbolBook,
    on_row: &mut impl FnMut(&SymbolBook, RawRow) -> Result<(), DataError>,
) -> Result<u64, DataError> {
    let mut reader = open(source)?;
    let header = reader.byte_headers().map_err(|error| reading_error(source, error))?;
    let fields = Fields { source, columns: columns(source, header)? };
    let rows = fields.rows(&mut reader, book, on_row);
    rows.or_else(|error| match source.format == Format::CsvGz {
        true => check_rest(source, reader.into_inner()).and(Err(error)),
        false => Err(error),
    })
}

/// Opens a file, plain or compressed.
pub(crate) fn open(source: &Source) -> Result<csv::Reader<Box<dyn Read>>, DataError> {
    let file = File::open(&source.path).map_err(|error| source.io_error(error))?;
    let bytes: Box<dyn Read> = match source.format {
        Format::Csv | Format::Parquet => Box::new(file),
        Format::CsvGz => Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(BUFFER_BYTES, file))),
    };
    Ok(ReaderBuilder::new().buffer_capacity(BUFFER_BYTES).from_reader(bytes))
}

/// Reads compressed bytes to their checksum: a damaged file yields nonsense before it yields an error, and it is the
/// damage that is to be told.
#[cold]
pub(crate) fn check_rest(source: &Source, mut bytes: impl Read) -> Result<(), DataError> {
    let rest = io::copy(&mut bytes, &mut io::sink());
    rest.map(drop).map_err(|error| DataError::Gzip { path: source.path.clone(), source: error })
}

/// Tells a damaged file from one that cannot be read and from a line of the wrong length.
pub(crate) fn reading_error(source: &Source, error: csv::Error) -> DataError {
    if let ErrorKind::UnequalLengths { pos, expected_len, len } = error.kind() {
        let place = source.place(pos.as_ref().map_or(1, csv::Position::line));
        return DataError::FieldCount { place, expected: *expected_len, found: *len };
    }
    let error = if let ErrorKind::Io(error) = error.into_kind() { error } else { io::ErrorKind::InvalidData.into() };
    match source.format == Format::CsvGz && error.raw_os_error().is_none() {
        true => DataError::Gzip { path: source.path.clone(), source: error },
        false => source.io_error(error),
    }
}

fn columns(source: &Source, header: &ByteRecord) -> Result<[usize; 7], DataError> {
    let path = || source.path.clone();
    let names: Result<Vec<&str>, _> = header.iter().map(std::str::from_utf8).collect();
    let names = names.map_err(|_| DataError::NotUtf8 { place: source.place(1) })?;
    if names.is_empty() {
        return Err(DataError::NoRows { path: path() });
    }
    match find_columns(&names) {
        Header::Found(columns) => Ok(columns),
        Header::Missing(column) => Err(DataError::MissingColumn { path: path(), column, found: names.join(", ") }),
        Header::Twice(column) => Err(DataError::DuplicateColumn { path: path(), column }),
    }
}

/// Knows where the columns of a file are.
struct Fields<'a> {
    source: &'a Source,
    columns: [usize; 7],
}

impl Fields<'_> {
    fn rows(
        &self,
        reader: &mut csv::Reader<impl Read>,
        book: &mut SymbolBook,
        on_row: &mut impl FnMut(&SymbolBook, RawRow) -> Result<(), DataError>,
    ) -> Result<u64, DataError> {
        let (mut record, mut clock, mut rows) = (ByteRecord::new(), Clock::default(), 0);
        while reader.read_byte_record(&mut record).map_err(|error| reading_error(self.source, error))? {
            let row = self.row(&record, book, &mut clock)?;
            on_row(book, row)?;
            rows += 1;
        }
        Ok(rows)
    }

    #[inline]
    fn row(&self, record: &ByteRecord, book: &mut SymbolBook, clock: &mut Clock) -> Result<RawRow, DataError> {
        let [symbol, ts, .., volume] = self.columns;
        let line = record.position().map_or(0, csv::Position::line);
        let (symbol, ts, volume) = (record[symbol].trim_ascii(), record[ts].trim_ascii(), record[volume].trim_ascii());
        let mut prices = [Price::ZERO; 4];
        for (index, price) in prices.iter_mut().enumerate() {
            let text = record[self.columns[FIRST_PRICE + index]].trim_ascii();
            *price = parse_price(text).map_err(|source| self.bad(record, line, Bad::Price(index, source)))?;
        }
        Ok(RawRow {
            symbol: book.number(symbol).map_err(|source| self.bad(record, line, Bad::Symbol(source)))?,
            label: clock.parse(ts).ok_or_else(|| self.bad(record, line, Bad::Timestamp))?,
            prices,
            volume: parse_volume(volume).ok_or_else(|| self.bad(record, line, Bad::Volume))?,
            number: line,
        })
    }

    /// Explains a row that cannot be read; an empty field and one that is not UTF-8 come before what is wrong with
    /// its content, whichever column was tried first.
    #[cold]
    fn bad(&self, record: &ByteRecord, line: u64, bad: Bad) -> DataError {
        let place = self.source.place(line);
        for (index, column) in self.columns.into_iter().zip(COLUMNS) {
            if std::str::from_utf8(&record[index]).is_err() {
                return DataError::NotUtf8 { place };
            }
            if record[index].trim_ascii().is_empty() {
                return DataError::EmptyField { place, column };
            }
        }
        let text = |column: usize| String::from_utf8_lossy(&record[self.columns[column]]).into_owned();
        match bad {
            Bad::Symbol(source) => DataError::BadSymbol { place, source },
            Bad::Timestamp => DataError::BadTimestamp { place, text: text(1) },
            Bad::Price(index, source) => DataError::BadPrice { place, column: COLUMNS[FIRST_PRICE + index], source },
            Bad::Volume => DataError::BadVolume { place, text: text(6) },
        }
    }
}

/// Tells what in a row cannot be read.
enum Bad {
    Symbol(orb_core::symbol::SymbolError),
    Timestamp,
    Price(usize, MoneyError),
    Volume,
}

#[inline]
fn parse_price(text: &[u8]) -> Result<Price, MoneyError> {
    std::str::from_utf8(text).map_err(|_| MoneyError::NotANumber(String::new()))?.parse()
}
