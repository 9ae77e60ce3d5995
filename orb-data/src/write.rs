//! Bars to files that [`crate::load`] reads back as the same bars.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use flate2::Compression;
use flate2::write::GzEncoder;
use orb_core::{Bar, Price, SymbolTable};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as ParquetCompression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::bars::{BarSet, COLUMNS, Format};

/// Rows of a row group: several groups let several threads read.
const ROW_GROUP_ROWS: usize = 262_144;

/// Rows encoded at once.
const BATCH_ROWS: usize = 65_536;

/// Explains why bars cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The path's extension names no format.
    #[error("{} names no format: give it the extension .csv, .csv.gz or .parquet", path.display())]
    WrongExtension {
        /// The path as given.
        path: PathBuf,
    },
    /// The operating system failed to write.
    #[error("failed to write {}: check the folder, its permissions and its space", path.display())]
    Io {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The Parquet encoder failed.
    #[error("failed to write {} as Parquet: check the folder, its permissions and its space", path.display())]
    Parquet {
        /// The path as given.
        path: PathBuf,
        /// What the encoder said.
        source: ParquetError,
    },
}

/// Writes bars in the format that the path's extension names, in order of time and symbol.
///
/// The file appears only once it is whole; one of that name is replaced.
///
/// # Errors
/// When the extension names no format, or the system refuses.
pub fn write(path: &Path, bars: &BarSet) -> Result<(), WriteError> {
    match Format::of(path) {
        Some(Format::Csv) => write_csv(path, bars),
        Some(Format::CsvGz) => write_csv_gz(path, bars),
        Some(Format::Parquet) => write_parquet(path, bars),
        None => Err(WriteError::WrongExtension { path: path.to_owned() }),
    }
}

/// Writes bars as CSV, whatever the path's extension.
///
/// # Errors
/// When the system refuses.
pub fn write_csv(path: &Path, bars: &BarSet) -> Result<(), WriteError> {
    whole_file(path, io_error, |file| {
        let mut out = BufWriter::new(file);
        write_rows(&mut out, bars)?;
        out.flush()
    })
}

/// Writes bars as gzip-compressed CSV, whatever the path's extension. Equal bars give equal bytes.
///
/// # Errors
/// When the system refuses.
pub fn write_csv_gz(path: &Path, bars: &BarSet) -> Result<(), WriteError> {
    whole_file(path, io_error, |file| {
        let mut out = BufWriter::new(GzEncoder::new(file, Compression::default()));
        write_rows(&mut out, bars)?;
        let encoder = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        encoder.finish().map(drop)
    })
}

/// Writes bars as zstd-compressed Parquet, whatever the path's extension.
///
/// Prices are doubles, which every tool reads. Nothing is lost: a valid price has at most 14 digits, and a double
/// keeps 15.
///
/// # Errors
/// When the system refuses.
pub fn write_parquet(path: &Path, bars: &BarSet) -> Result<(), WriteError> {
    let explain = |path, source| WriteError::Parquet { path, source };
    whole_file(path, explain, |file| {
        let schema = schema();
        let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties()?))?;
        let mut rows: Vec<&Bar> = Vec::with_capacity(BATCH_ROWS.min(bars.len()));
        for bar in bars.iter() {
            rows.push(bar);
            if rows.len() == BATCH_ROWS {
                writer.write(&batch(&schema, &rows, bars.symbols())?)?;
                rows.clear();
            }
        }
        writer.write(&batch(&schema, &rows, bars.symbols())?)?;
        writer.close().map(drop)
    })
}

/// Writes one batch of any columns as zstd-compressed Parquet.
pub(crate) fn write_batch(
    path: &Path,
    batch: impl FnOnce() -> Result<RecordBatch, ArrowError>,
) -> Result<(), WriteError> {
    let explain = |path, source| WriteError::Parquet { path, source };
    whole_file(path, explain, |file| {
        let batch = batch()?;
        let zstd = ParquetCompression::ZSTD(ZstdLevel::try_new(3)?);
        let properties = WriterProperties::builder().set_compression(zstd).build();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
        writer.write(&batch)?;
        writer.close().map(drop)
    })
}

/// Chooses how columns are encoded. Times and volumes hardly repeat within a symbol, so a dictionary of them would only
/// be a second copy; the steps from one to the next are short.
fn properties() -> Result<WriterProperties, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(ParquetCompression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS));
    let by_steps = |properties: WriterPropertiesBuilder, column: &str| {
        properties
            .set_column_dictionary_enabled(ColumnPath::from(column), false)
            .set_column_encoding(ColumnPath::from(column), Encoding::DELTA_BINARY_PACKED)
    };
    Ok([COLUMNS[1], COLUMNS[6]].into_iter().fold(properties, by_steps).build())
}

/// Writes to a file beside the path and gives it its name when all is written.
fn whole_file<E>(
    path: &Path,
    explain: impl FnOnce(PathBuf, E) -> WriteError,
    write: impl FnOnce(File) -> Result<(), E>,
) -> Result<(), WriteError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let file = File::create(&partial).map_err(|source| io_error(path.to_owned(), source))?;
    let written = write(file).map_err(|error| explain(path.to_owned(), error));
    let named = written.and_then(|()| fs::rename(&partial, path).map_err(|source| io_error(path.to_owned(), source)));
    named.inspect_err(|_| {
        // The file that is left over is the lesser trouble; the first error is the one to tell.
        let _removed = fs::remove_file(&partial);
    })
}

fn io_error(path: PathBuf, source: io::Error) -> WriteError {
    WriteError::Io { path, source }
}

fn write_rows(out: &mut impl Write, bars: &BarSet) -> io::Result<()> {
    writeln!(out, "{}", COLUMNS.join(","))?;
    for batch in bars.sessions().iter().flat_map(|session| session.batches()) {
        let ts = batch[0].start.to_string();
        for Bar { symbol, open, high, low, close, volume, .. } in batch {
            writeln!(out, "{},{ts},{open},{high},{low},{close},{volume}", bars.symbols().name(*symbol))?;
        }
    }
    Ok(())
}

fn schema() -> SchemaRef {
    let column = |(index, name): (usize, &&str)| {
        let data_type = match index {
            0 => DataType::Utf8,
            1 => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            6 => DataType::Int64,
            _ => DataType::Float64,
        };
        Field::new(*name, data_type, false)
    };
    Arc::new(Schema::new(COLUMNS.iter().enumerate().map(column).collect::<Vec<_>>()))
}

fn batch(schema: &SchemaRef, rows: &[&Bar], symbols: &SymbolTable) -> Result<RecordBatch, ArrowError> {
    let dollars = |price: fn(&Bar) -> Price| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|bar| price(bar).micros() as f64 / 1e6)))
    };
    let starts = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|bar| bar.start.micros()));
    let volumes = rows.iter().map(|bar| i64::try_from(bar.volume).unwrap_or(i64::MAX));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|bar| symbols.name(bar.symbol).as_str()))),
        Arc::new(starts.with_timezone("UTC")),
        dollars(|bar| bar.open),
        dollars(|bar| bar.high),
        dollars(|bar| bar.low),
        dollars(|bar| bar.close),
        Arc::new(Int64Array::from_iter_values(volumes)),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}
