//! Columns of Parquet files in the types in which people store bars.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt32Type, UInt64Type,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_schema::{DataType, TimeUnit};
use orb_core::symbol::SymbolError;
use orb_core::{MoneyError, Price};

use super::field::{Clock, VOLUME_MAX, parse_volume, volume_from_f64};
use super::price;

/// Tells what is wrong with a value.
#[derive(Debug)]
pub(crate) enum Bad {
    Empty,
    Symbol(SymbolError),
    Timestamp(String),
    Price(MoneyError),
    Volume(String),
}

/// Represents the first value of a column's batch that cannot be read.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Row within the batch, from 0.
    pub(crate) row: usize,
    pub(crate) bad: Bad,
}

/// Returns the types that a column (by its position in [`super::field::COLUMNS`]) may have, when this is none of them.
pub(crate) fn refused(column: usize, found: &DataType) -> Option<&'static str> {
    let is_text = matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let is_whole = matches!(found, DataType::Int32 | DataType::Int64 | DataType::UInt32 | DataType::UInt64);
    let is_float = matches!(found, DataType::Float32 | DataType::Float64);
    let is_decimal = matches!(found, DataType::Decimal128(..));
    let (accepted, expected) = match column {
        0 => (is_text, "a string"),
        1 => (is_text || matches!(found, DataType::Timestamp(..)), "a timestamp or an ISO 8601 string"),
        6 => (is_text || is_whole || is_float, "an integer or a whole double"),
        _ => (is_text || is_whole || is_float || is_decimal, "a double, a float, a decimal128 or a string"),
    };
    (!accepted).then_some(expected)
}

/// Decodes each value of an array until one is null or cannot be read.
#[inline]
pub(crate) fn each<V>(
    array: &dyn Array,
    out: &mut Vec<V>,
    mut value: impl FnMut(usize) -> Result<V, Bad>,
) -> Option<Fault> {
    out.clear();
    out.reserve(array.len());
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
    for row in 0..array.len() {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return Some(Fault { row, bad: Bad::Empty });
        }
        match value(row) {
            Ok(value) => out.push(value),
            Err(bad) => return Some(Fault { row, bad }),
        }
    }
    None
}

/// Decodes all values of an array at once, which the processor does several at a time, and tells whether each was in
/// order; if not, the values are of no use, and [`each`] is to find the first that is not.
#[inline]
fn all<T: Copy, V>(array: &dyn Array, values: &[T], out: &mut Vec<V>, mut value: impl FnMut(T) -> (V, bool)) -> bool {
    out.clear();
    let mut in_order = array.null_count() == 0;
    out.extend(values.iter().map(|raw| {
        let (value, is_good) = value(*raw);
        in_order &= is_good;
        value
    }));
    in_order
}

/// Returns the text at a row of an array of strings.
///
/// # Panics
/// When the array is none of strings, which [`refused`] excludes.
pub(crate) fn text(array: &dyn Array, row: usize) -> &str {
    if let Some(texts) = array.as_string_opt::<i32>() {
        return texts.value(row);
    }
    if let Some(texts) = array.as_string_opt::<i64>() {
        return texts.value(row);
    }
    array.as_string_view_opt().expect("the types of columns are checked when the file is opened").value(row)
}

/// Decodes instants to UTC microseconds.
pub(crate) fn labels_into(array: &dyn Array, out: &mut Vec<i64>, clock: &mut Clock) -> Option<Fault> {
    let DataType::Timestamp(unit, _) = array.data_type() else {
        return each(array, out, |row| {
            let text = text(array, row).trim();
            let instant = clock.parse(text.as_bytes()).map(orb_core::Timestamp::micros);
            instant.ok_or_else(|| if text.is_empty() { Bad::Empty } else { Bad::Timestamp(text.to_owned()) })
        });
    };
    match unit {
        TimeUnit::Second => scaled_labels::<TimestampSecondType>(array, out, |value| value.overflowing_mul(1_000_000)),
        TimeUnit::Millisecond => {
            scaled_labels::<TimestampMillisecondType>(array, out, |value| value.overflowing_mul(1_000))
        }
        TimeUnit::Microsecond => scaled_labels::<TimestampMicrosecondType>(array, out, |value| (value, false)),
        TimeUnit::Nanosecond => {
            scaled_labels::<TimestampNanosecondType>(array, out, |value| (value / 1_000, value % 1_000 != 0))
        }
    }
}

/// Decodes instants by a function that gives microseconds and whether something was lost.
#[inline]
fn scaled_labels<T: ArrowPrimitiveType<Native = i64>>(
    array: &dyn Array,
    out: &mut Vec<i64>,
    to_micros: impl Fn(i64) -> (i64, bool),
) -> Option<Fault> {
    let values = array.as_primitive::<T>().values();
    let decoded = |value| {
        let (micros, is_lost) = to_micros(value);
        (micros, !is_lost)
    };
    if all(array, values, out, decoded) {
        return None;
    }
    each(array, out, |row| match decoded(values[row]) {
        (micros, true) => Ok(micros),
        (_, false) => Err(Bad::Timestamp(values[row].to_string())),
    })
}

/// Decodes prices in dollars; `scratch` is reused for texts.
pub(crate) fn prices_into(array: &dyn Array, out: &mut Vec<Price>, scratch: &mut String) -> Option<Fault> {
    if let Some(values) = values::<Float64Type>(array) {
        let values = values.values();
        return match all(array, values, out, price::guess_from_f64) {
            true => None,
            false => each(array, out, |row| price::from_f64(values[row], scratch).map_err(Bad::Price)),
        };
    }
    if let Some(values) = values::<Float32Type>(array) {
        return each(array, out, |row| price::from_f32(values.value(row), scratch).map_err(Bad::Price));
    }
    if let (Some(values), DataType::Decimal128(_, scale)) = (values::<Decimal128Type>(array), array.data_type()) {
        let values = values.values();
        return match price::scale_up(*scale)
            .is_some_and(|power| all(array, values, out, |v| price::scaled_up(v, power)))
        {
            true => None,
            false => each(array, out, |row| price::from_scaled(values[row], *scale).map_err(Bad::Price)),
        };
    }
    each(array, out, |row| match whole(array, row) {
        Some(dollars) => price::from_scaled(dollars, 0).map_err(Bad::Price),
        None if text(array, row).trim().is_empty() => Err(Bad::Empty),
        None => text(array, row).parse().map_err(Bad::Price),
    })
}

/// Decodes volumes in shares.
pub(crate) fn volumes_into(array: &dyn Array, out: &mut Vec<u64>) -> Option<Fault> {
    if let Some(values) = values::<Int64Type>(array) {
        let values = values.values();
        return match all(array, values, out, |value| (value.cast_unsigned(), value.cast_unsigned() <= VOLUME_MAX)) {
            true => None,
            false => each(array, out, |row| shares(values[row].into())),
        };
    }
    if let Some(values) = values::<Float64Type>(array) {
        return each(array, out, |row| float_shares(values.value(row)));
    }
    if let Some(values) = values::<Float32Type>(array) {
        return each(array, out, |row| float_shares(values.value(row).into()));
    }
    each(array, out, |row| match whole(array, row) {
        Some(value) => shares(value),
        None if text(array, row).trim().is_empty() => Err(Bad::Empty),
        None => {
            let text = text(array, row).trim();
            parse_volume(text.as_bytes()).ok_or_else(|| Bad::Volume(text.to_owned()))
        }
    })
}

fn shares(value: i128) -> Result<u64, Bad> {
    let whole = u64::try_from(value).ok().filter(|shares| *shares <= VOLUME_MAX);
    whole.ok_or_else(|| Bad::Volume(value.to_string()))
}

fn float_shares(value: f64) -> Result<u64, Bad> {
    volume_from_f64(value).ok_or_else(|| Bad::Volume(value.to_string()))
}

/// Returns the value at a row of an array of integers; `None` when the array is none.
fn whole(array: &dyn Array, row: usize) -> Option<i128> {
    let value = |found: Option<i128>| found;
    value(values::<Int64Type>(array).map(|values| values.value(row).into()))
        .or_else(|| values::<Int32Type>(array).map(|values| values.value(row).into()))
        .or_else(|| values::<UInt64Type>(array).map(|values| values.value(row).into()))
        .or_else(|| values::<UInt32Type>(array).map(|values| values.value(row).into()))
}

fn values<T: ArrowPrimitiveType>(array: &dyn Array) -> Option<&PrimitiveArray<T>> {
    array.as_primitive_opt::<T>()
}
