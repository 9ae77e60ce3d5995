//! Reading a grid file: every key and value with its line, in the order of the file.

use std::ops::Range;
use std::path::Path;

use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::grid_error::{GridError, GridProblem};

/// Holds a key and its value as the file has them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    /// The key.
    pub(super) key: &'a str,
    /// Line of the key, from 1.
    pub(super) line: usize,
    /// The value.
    pub(super) value: &'a Spanned<DeValue<'a>>,
}

/// Knows a file's text, so that it can tell the line of everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'a> {
    path: &'a Path,
    text: &'a str,
}

impl<'a> Document<'a> {
    pub(super) const fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text }
    }

    /// Parses the text.
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'a>>, GridError> {
        DeTable::parse(self.text).map_err(|error| {
            let line = error.span().map_or(1, |span| self.line(&span));
            self.error(line, GridProblem::Syntax(error.message().to_owned()))
        })
    }

    /// Returns the line on which a part of the text begins, from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.text.as_bytes()[..span.start.min(self.text.len())].iter().filter(|&&byte| byte == b'\n').count() + 1
    }

    pub(super) fn error(&self, line: usize, problem: GridProblem) -> GridError {
        GridError::File { path: self.path.to_owned(), line, problem: Box::new(problem) }
    }

    /// Lists a table's entries in the order of the file.
    pub(super) fn entries(&self, table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
        let mut spans: Vec<_> = table.iter().map(|(key, value)| (key.span().start, key, value)).collect();
        spans.sort_by_key(|&(start, ..)| start);
        let entry = |(_, key, value): (usize, &'a Spanned<_>, _)| {
            let name: &std::borrow::Cow<'a, str> = key.get_ref();
            Entry { key: name, line: self.line(&key.span()), value }
        };
        spans.into_iter().map(entry).collect()
    }

    /// Returns an entry's value as a text.
    pub(super) fn string(&self, entry: &Entry<'a>) -> Result<&'a str, GridError> {
        entry.value.get_ref().as_str().ok_or_else(|| self.misfit(entry, "a text in quotation marks"))
    }

    /// Returns an entry's value as a text that is read further.
    pub(super) fn read<T>(&self, entry: &Entry<'a>, expected: &'static str) -> Result<T, GridError>
    where
        T: core::str::FromStr,
    {
        plain(entry.value.get_ref()).parse().map_err(|_| self.misfit(entry, expected))
    }

    /// Returns an entry's value as a table.
    pub(super) fn table(&self, entry: &Entry<'a>) -> Result<&'a DeTable<'a>, GridError> {
        entry.value.get_ref().as_table().ok_or_else(|| self.misfit(entry, "a table"))
    }

    /// Returns an entry's value as a text, or the texts of its list.
    pub(super) fn strings(&self, entry: &Entry<'a>) -> Result<Vec<&'a str>, GridError> {
        let Some(items) = entry.value.get_ref().as_array() else { return Ok(vec![self.string(entry)?]) };
        let text = |item: &'a Spanned<DeValue<'a>>| item.get_ref().as_str();
        let texts = items.iter().map(text).collect::<Option<Vec<_>>>();
        texts.ok_or_else(|| self.misfit(entry, "texts in quotation marks"))
    }

    pub(super) fn misfit(&self, entry: &Entry<'_>, expected: &'static str) -> GridError {
        let problem = GridProblem::Misfit { key: entry.key.to_owned(), value: plain(entry.value.get_ref()), expected };
        self.error(self.line(&entry.value.span()), problem)
    }
}

/// Returns the items of a list, or a single value as a list of one.
pub(super) fn items<'a>(value: &'a Spanned<DeValue<'a>>) -> &'a [Spanned<DeValue<'a>>] {
    let list: Option<&DeArray<'a>> = value.get_ref().as_array();
    list.map_or(core::slice::from_ref(value), |list| list)
}

/// Writes a value of the file as `RunConfig::set` takes it; numbers keep the digits that the file has.
pub(super) fn plain(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.clone().into_owned(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => decimal(number.as_str()).map_or_else(|| number.to_string(), |it| it.to_string()),
        DeValue::Boolean(true) => "on".to_owned(),
        DeValue::Boolean(false) => "off".to_owned(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(items) => items.iter().map(|item| plain(item.get_ref())).collect::<Vec<_>>().join(","),
        DeValue::Table(_) => "{...}".to_owned(),
    }
}

/// Reads a number exactly.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    text.parse().or_else(|_| Decimal::from_scientific(text)).ok()
}
