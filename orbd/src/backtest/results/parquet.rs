//! Results as Parquet: exact decimals, UTC timestamps, texts as dictionaries.

use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};
use orb_core::{Date, Timestamp};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::table::{Column, Table, Values};

/// Digits of a decimal, and of its fraction.
const DOLLARS: (u8, i8) = (18, 6);
const TEN_THOUSANDTHS: (u8, i8) = (18, 4);

/// Writes a table as one Parquet file. Equal tables give equal bytes.
pub(super) fn encoded(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let batch = batch(table)?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    writer.into_inner()
}

fn batch(table: &Table) -> Result<RecordBatch, ArrowError> {
    let arrays = table.columns.iter().map(array).collect::<Result<Vec<_>, _>>()?;
    let fields: Vec<Field> = table.columns.iter().map(field).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

fn field(column: &Column) -> Field {
    let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let (data_type, nullable) = match &column.values {
        Values::Text(_) => (text(), true),
        Values::Dates(_) => (DataType::Date32, false),
        Values::Times(_) => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Values::Whole(_) => (DataType::Int64, false),
        Values::Dollars(_) => (DataType::Decimal128(DOLLARS.0, DOLLARS.1), true),
        Values::TenThousandths(_) => (DataType::Decimal128(TEN_THOUSANDTHS.0, TEN_THOUSANDTHS.1), true),
    };
    Field::new(column.name, data_type, nullable)
}

fn array(column: &Column) -> Result<ArrayRef, ArrowError> {
    Ok(match &column.values {
        Values::Text(texts) => Arc::new(dictionary(texts)),
        Values::Dates(dates) => Arc::new(Date32Array::from_iter_values(dates.iter().map(|&date| since_epoch(date)))),
        Values::Times(times) => {
            let micros = times.iter().map(|at| at.map(Timestamp::micros));
            Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        Values::Whole(numbers) => Arc::new(Int64Array::from_iter_values(numbers.iter().copied())),
        Values::Dollars(amounts) => Arc::new(decimals(amounts, DOLLARS)?),
        Values::TenThousandths(numbers) => Arc::new(decimals(numbers, TEN_THOUSANDTHS)?),
    })
}

fn dictionary(texts: &[Option<String>]) -> arrow_array::DictionaryArray<Int32Type> {
    let mut builder = StringDictionaryBuilder::<Int32Type>::new();
    builder.extend(texts.iter().map(Option::as_deref));
    builder.finish()
}

fn decimals(numbers: &[Option<i64>], (precision, scale): (u8, i8)) -> Result<Decimal128Array, ArrowError> {
    let numbers = numbers.iter().map(|number| number.map(i128::from));
    let array = numbers.collect::<Decimal128Array>().with_precision_and_scale(precision, scale)?;
    array.validate_decimal_precision(precision)?;
    Ok(array)
}

/// Returns the days from 1970-01-01 to a date.
fn since_epoch(date: Date) -> i32 {
    i32::try_from((date - Date::default()).num_days()).unwrap_or(i32::MAX)
}
