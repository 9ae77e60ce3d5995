//! Rows of CSV files, plain or compressed.

use std::io::Read;

use csv::ByteRecord;
use orb_core::{MoneyError, Price, symbol::SymbolError};

use super::error::TradesError;
use super::row::{COLUMNS, RawTrade};
use crate::bars::DataError;
use crate::bars::csv::{check_rest, open, reading_error};
use crate::bars::field::{Clock, Header, find_named, parse_volume};
use crate::bars::row::SymbolBook;
use crate::bars::source::{Format, Source};

/// Reads a file row by row and returns how many rows there are.
pub(super) fn read(
    source: &Source,
    book: &mut SymbolBook,
    on_row: &mut impl FnMut(&SymbolBook, RawTrade) -> Result<(), TradesError>,
) -> Result<u64, TradesError> {
    let mut reader = open(source)?;
    let header = reader.byte_headers().map_err(|error| reading_error(source, error))?;
    let fields = Fields { source, columns: columns(source, header)? };
    let rows = fields.rows(&mut reader, book, on_row);
    rows.or_else(|error| match source.format == Format::CsvGz {
        // It is the damage of the file that is to be told, not the nonsense that follows from it.
        true => check_rest(source, reader.into_inner()).map_err(TradesError::from).and(Err(error)),
        false => Err(error),
    })
}

fn columns(source: &Source, header: &ByteRecord) -> Result<[usize; 4], TradesError> {
    let path = || source.path.clone();
    let names: Result<Vec<&str>, _> = header.iter().map(std::str::from_utf8).collect();
    let names = names.map_err(|_| DataError::NotUtf8 { place: source.place(1) })?;
    if names.is_empty() {
        return Err(DataError::NoRows { path: path() }.into());
    }
    match find_named(&names, COLUMNS) {
        Header::Found(columns) => Ok(columns),
        Header::Missing(column) => Err(TradesError::MissingColumn { path: path(), column, found: names.join(", ") }),
        Header::Twice(column) => Err(DataError::DuplicateColumn { path: path(), column }.into()),
    }
}

/// Knows where the columns of a file are.
struct Fields<'a> {
    source: &'a Source,
    columns: [usize; 4],
}

/// Tells what in a row cannot be read.
enum Bad {
    Symbol(SymbolError),
    Timestamp,
    Price(MoneyError),
    Size,
}

impl Fields<'_> {
    fn rows(
        &self,
        reader: &mut csv::Reader<impl Read>,
        book: &mut SymbolBook,
        on_row: &mut impl FnMut(&SymbolBook, RawTrade) -> Result<(), TradesError>,
    ) -> Result<u64, TradesError> {
        let (mut record, mut clock, mut rows) = (ByteRecord::new(), Clock::default(), 0);
        while reader.read_byte_record(&mut record).map_err(|error| reading_error(self.source, error))? {
            let number = record.position().map_or(0, csv::Position::line);
            let row = self.row(&record, number, book, &mut clock);
            on_row(book, row.map_err(|bad| self.explained(&record, number, bad))?)?;
            rows += 1;
        }
        Ok(rows)
    }

    fn row(&self, record: &ByteRecord, number: u64, book: &mut SymbolBook, clock: &mut Clock) -> Result<RawTrade, Bad> {
        let [symbol, ts, price, size] = self.columns.map(|column| record[column].trim_ascii());
        Ok(RawTrade {
            symbol: book.number(symbol).map_err(Bad::Symbol)?,
            at: clock.parse(ts).ok_or(Bad::Timestamp)?,
            price: parse_price(price).map_err(Bad::Price)?,
            size: parse_volume(size).ok_or(Bad::Size)?,
            number,
        })
    }

    /// Explains a row that cannot be read; an empty field and one that is not UTF-8 come before what is wrong with its
    /// content, whichever column was tried first.
    fn explained(&self, record: &ByteRecord, number: u64, bad: Bad) -> TradesError {
        let place = self.source.place(number);
        for (index, column) in self.columns.into_iter().zip(COLUMNS) {
            if std::str::from_utf8(&record[index]).is_err() {
                return DataError::NotUtf8 { place }.into();
            }
            if record[index].trim_ascii().is_empty() {
                return DataError::EmptyField { place, column }.into();
            }
        }
        let text = |column: usize| String::from_utf8_lossy(&record[self.columns[column]]).into_owned();
        match bad {
            Bad::Symbol(source) => DataError::BadSymbol { place, source }.into(),
            Bad::Timestamp => DataError::BadTimestamp { place, text: text(1) }.into(),
            Bad::Price(source) => DataError::BadPrice { place, column: COLUMNS[2], source }.into(),
            Bad::Size => TradesError::BadSize { place, text: text(3) },
        }
    }
}

fn parse_price(text: &[u8]) -> Result<Price, MoneyError> {
    std::str::from_utf8(text).map_err(|_| MoneyError::NotANumber(String::new()))?.parse()
}
