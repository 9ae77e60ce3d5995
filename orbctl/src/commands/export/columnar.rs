//! Rows as Parquet: typed columns, made from the JSON lines that an export has gathered.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
    sync::Arc,
};

use arrow_array::{
    ArrayRef, RecordBatch,
    builder::{Decimal128Builder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder},
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use chrono::DateTime;
use orb_api::decimal;
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};
use serde_json::{Map, Value};

use crate::{
    failure::{Failure, Kind},
    output::Grid,
};

/// Rows that are held at a time.
const BATCH_ROWS: usize = 8192;
/// Decimals have as many digits as fit into 64 bits, and the six places of the wire.
const DECIMAL: (u8, i8) = (18, 6);
const UTC: &str = "UTC";

/// What a column of a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Text,
    Integer,
    Decimal,
    Float,
    Time,
}

impl Type {
    /// Returns what the column of this name holds, in whatever list.
    fn of(name: &str) -> Self {
        match name {
            "quantity" | "filled_quantity" => Self::Integer,
            "price" | "fee" | "fees" | "level" | "stop_price" | "target_price" | "fill_price" | "entry_price"
            | "exit_price" | "gross_pnl" | "net_pnl" | "r_multiple" | "equity" | "realized" | "drawdown" => {
                Self::Decimal
            }
            "score" | "daily_return" | "duration_seconds" | "unprotected_seconds" => Self::Float,
            "time" | "engine_time" | "entry_time" | "exit_time" | "submitted_time" | "acknowledged_time"
            | "filled_time" => Self::Time,
            _ => Self::Text,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Decimal => DataType::Decimal128(DECIMAL.0, DECIMAL.1),
            Self::Float => DataType::Float64,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        }
    }
}

/// Writes the JSON lines of `from`, whose keys are the columns of `grid`, as a Parquet file.
pub(super) fn convert(grid: &Grid, from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(Kind::Local, format!("cannot write {} from {}: {error}", to.display(), from.display()))
    };
    let names: Vec<_> = grid.headings.iter().map(|heading| heading.name).collect();
    let field = |name: &&str| Field::new(*name, Type::of(name).data_type(), true);
    let schema = Arc::new(Schema::new(names.iter().map(field).collect::<Vec<_>>()));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let file = File::create(to).map_err(|error| failed(&error))?;
    let mut writer =
        ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).map_err(|error| failed(&error))?;
    let mut lines = BufReader::new(File::open(from).map_err(|error| failed(&error))?).lines();
    loop {
        let rows = lines
            .by_ref()
            .take(BATCH_ROWS)
            .map(|line| serde_json::from_str(&line.map_err(|error| failed(&error))?).map_err(|error| failed(&error)));
        let rows: Vec<Map<String, Value>> = rows.collect::<Result<_, _>>()?;
        if rows.is_empty() {
            break;
        }
        let columns: Result<Vec<_>, _> = names.iter().map(|name| array(name, &rows)).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns.map_err(|error| failed(&error))?);
        batch.and_then(|batch| Ok(writer.write(&batch)?)).map_err(|error| failed(&error))?;
    }
    let file = writer.into_inner().map_err(|error| failed(&error))?;
    file.sync_all().map_err(|error| failed(&error))
}

/// Makes the column `name` of some rows.
fn array(name: &str, rows: &[Map<String, Value>]) -> Result<ArrayRef, String> {
    let values = || rows.iter().map(|row| row.get(name).filter(|value| !value.is_null()));
    let wrong = |value: &Value| format!("{name} is no {:?}: {value}", Type::of(name));
    macro_rules! built {
        ($builder:expr, $read:expr) => {{
            let mut builder = $builder;
            for value in values() {
                let read = $read;
                builder.append_option(value.map(|value| read(value).ok_or_else(|| wrong(value))).transpose()?);
            }
            Arc::new(builder.finish()) as ArrayRef
        }};
    }
    Ok(match Type::of(name) {
        Type::Text => built!(StringBuilder::new(), |value: &Value| Some(words(value))),
        Type::Integer => built!(Int64Builder::new(), Value::as_i64),
        Type::Float => built!(Float64Builder::new(), Value::as_f64),
        Type::Time => built!(TimestampMicrosecondBuilder::new().with_timezone(UTC), micros),
        Type::Decimal => {
            let builder = Decimal128Builder::new().with_precision_and_scale(DECIMAL.0, DECIMAL.1);
            built!(builder.map_err(|error| error.to_string())?, millionths)
        }
    })
}

/// Returns a text as it is; what is made of parts as JSON.
fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn micros(value: &Value) -> Option<i64> {
    Some(DateTime::parse_from_rfc3339(value.as_str()?).ok()?.timestamp_micros())
}

fn millionths(value: &Value) -> Option<i128> {
    decimal::to_micros(value.as_str()?).ok().map(i128::from)
}
