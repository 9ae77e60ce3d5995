//! From the tables of a grid file to axes whose values all fit their setting.

use orb_backtest::sweep::{Axis, steps};
use orb_core::RunConfig;
use orb_core::config::SettingError;
use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Document, Entry, decimal, items, plain};
use super::grid_error::{GridError, GridProblem};

/// The parts of a range.
const RANGE: [&str; 3] = ["from", "to", "step"];

/// Holds an axis with the lines of its values.
#[derive(Clone, Debug)]
pub(super) struct LinedAxis {
    /// The axis.
    pub(super) axis: Axis,
    /// Line of the key.
    pub(super) line: usize,
    /// Line of each value.
    pub(super) lines: Vec<usize>,
}

/// Reads the axes and tries every value on the base.
pub(super) fn read<'a>(
    document: Document<'a>,
    axes: &Entry<'a>,
    base: &RunConfig,
) -> Result<Vec<LinedAxis>, GridError> {
    let flat = flat(document, axes, &RANGE)?;
    if flat.is_empty() {
        return Err(document.error(axes.line, GridProblem::NoAxes));
    }
    flat.iter().map(|(key, entry)| axis(document, key, entry, base)).collect()
}

/// Lists the settings of a table; a table in it names a strategy, as `name.key`, unless it has one of some keys.
pub(super) fn flat<'a>(
    document: Document<'a>,
    entry: &Entry<'a>,
    unless: &[&str],
) -> Result<Vec<(String, Entry<'a>)>, GridError> {
    let mut found = Vec::new();
    for inner in document.entries(document.table(entry)?) {
        let key = inner.key.to_owned();
        match inner.value.get_ref().as_table() {
            Some(table) if !table.keys().any(|key| unless.contains(&key.get_ref().as_ref())) => {
                let below = document.entries(table);
                found.extend(below.into_iter().map(|below| (format!("{key}.{}", below.key), below)));
            }
            Some(_) | None => found.push((key, inner)),
        }
    }
    Ok(found)
}

fn axis<'a>(document: Document<'a>, key: &str, entry: &Entry<'a>, base: &RunConfig) -> Result<LinedAxis, GridError> {
    let mut values: Vec<(String, usize)> = Vec::new();
    for item in items(entry.value) {
        let line = document.line(&item.span());
        match item.get_ref().as_table() {
            Some(table) => {
                let steps = range(document, key, table, line)?;
                values.extend(steps.into_iter().map(|step| (step.to_string(), line)));
            }
            None => values.push((plain(item.get_ref()), line)),
        }
    }
    let mut seen = Vec::with_capacity(values.len());
    for (value, line) in &mut values {
        *value = fitted(key, value, base).map_err(|error| document.error(*line, error.into()))?;
        if seen.contains(&*value) {
            let problem = GridProblem::Twice { key: key.to_owned(), value: value.clone() };
            return Err(document.error(*line, problem));
        }
        seen.push(value.clone());
    }
    check_order(document, key, &values)?;
    let (values, lines): (Vec<String>, Vec<usize>) = values.into_iter().unzip();
    if values.is_empty() {
        // The key is looked at even so: an empty list of an unknown key is two mistakes.
        if let Err(error @ SettingError::UnknownKey { .. }) = fitted(key, "", base) {
            return Err(document.error(entry.line, error.into()));
        }
        let empty = orb_backtest::sweep::AxisError::Empty(key.to_owned());
        return Err(document.error(entry.line, empty.into()));
    }
    Ok(LinedAxis { axis: Axis { key: key.to_owned(), values }, line: entry.line, lines })
}

/// Tries a value and returns it as the setting itself writes it, so that 0.50 and 0.5 are one value.
fn fitted(key: &str, value: &str, base: &RunConfig) -> Result<String, SettingError> {
    let mut trial = base.clone();
    trial.set(key, value)?;
    let text = trial.get(key).unwrap_or_else(|| value.to_owned());
    Ok(decimal(&text).map_or(text, |number| number.normalize().to_string()))
}

fn range(document: Document<'_>, key: &str, table: &DeTable<'_>, line: usize) -> Result<Vec<Decimal>, GridError> {
    let incomplete = || document.error(line, GridProblem::Range { key: key.to_owned() });
    if table.len() != RANGE.len() {
        return Err(incomplete());
    }
    let mut numbers = [Decimal::ZERO; 3];
    for (number, part) in numbers.iter_mut().zip(RANGE) {
        let value: &Spanned<DeValue<'_>> = table.get(part).ok_or_else(incomplete)?;
        *number = decimal(&plain(value.get_ref())).ok_or_else(incomplete)?;
    }
    let [from, to, step] = numbers;
    steps(from, to, step).map_err(|error| document.error(line, error.into()))
}

/// Refuses numbers that go up and down: neighbours would not be neighbours.
fn check_order(document: Document<'_>, key: &str, values: &[(String, usize)]) -> Result<(), GridError> {
    let numbers: Vec<_> = values.iter().filter_map(|(text, line)| Some((decimal(text)?, text, *line))).collect();
    let upwards = |index: usize| numbers[index + 1].0 > numbers[index].0;
    let turn = (1..numbers.len().saturating_sub(1)).find(|&index| upwards(index) != upwards(0));
    turn.map_or(Ok(()), |index| {
        let (_, value, line) = &numbers[index + 1];
        let problem = GridProblem::Unordered { key: key.to_owned(), value: (*value).clone() };
        Err(document.error(*line, problem))
    })
}
