//! Results as JSON: money as decimal strings, as everywhere, what is absent as null.

use orb_core::Money;
use serde_json::{Map, Value};

use super::table::{Table, Values};
use crate::trades_csv::four_decimals;

/// Writes one array, a row a line.
pub(super) fn array(table: &Table) -> Vec<u8> {
    let rows: Vec<String> = (0..table.rows).map(|row| object(table, row).to_string()).collect();
    if rows.is_empty() { b"[]\n".to_vec() } else { format!("[\n{}\n]\n", rows.join(",\n")).into_bytes() }
}

/// Writes an object a line.
pub(super) fn lines(table: &Table) -> Vec<u8> {
    (0..table.rows).map(|row| format!("{}\n", object(table, row))).collect::<String>().into_bytes()
}

fn object(table: &Table, row: usize) -> Value {
    let field = |column: &super::table::Column| (column.name.to_owned(), value(&column.values, row));
    Value::Object(table.columns.iter().map(field).collect::<Map<_, _>>())
}

fn value(values: &Values, row: usize) -> Value {
    match values {
        Values::Text(texts) => texts[row].clone().into(),
        Values::Dates(dates) => dates[row].to_string().into(),
        Values::Times(times) => times[row].map(|at| at.to_string()).into(),
        Values::Whole(numbers) => numbers[row].into(),
        Values::Dollars(amounts) => amounts[row].map(|micros| Money::from_micros(micros).to_string()).into(),
        Values::TenThousandths(numbers) => numbers[row].map(four_decimals).into(),
    }
}
