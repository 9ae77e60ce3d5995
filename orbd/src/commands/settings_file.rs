//! A configuration file with the line of every key, so that an error can name it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use orb_core::config::{SettingError, preset};
use orb_core::{RunConfig, StrategyConfig};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::settings::SettingsError;
use crate::environment::{EnvironmentTables, Source, refuse_secrets};

/// Holds the keys of a configuration file.
#[derive(Debug, Default)]
pub(super) struct SettingsFile {
    pub(super) path: PathBuf,
    pub(super) preset: Option<PresetName>,
    settings: Vec<Setting>,
    pub(super) strategies: Vec<StrategyTable>,
    pub(super) environment: EnvironmentTables,
}

/// Holds a preset's name and its line.
#[derive(Debug)]
pub(super) struct PresetName {
    name: String,
    line: usize,
}

/// Holds the keys of one `[[strategy]]` table.
#[derive(Debug, Default)]
pub(super) struct StrategyTable {
    pub(super) preset: Option<PresetName>,
    settings: Vec<Setting>,
}

#[derive(Debug)]
struct Setting {
    key: String,
    value: String,
    line: usize,
}

impl SettingsFile {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, SettingsError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
        let source = Source { path, text: &text };
        let keys = Keys(source);
        let root = DeTable::parse(&text).map_err(|error| SettingsError::Syntax {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| source.line(&span)),
            problem: error.message().to_owned(),
        })?;
        refuse_secrets(&source, root.get_ref())?;
        let mut file = Self { path: path.to_owned(), ..Self::default() };
        for (key, value) in root.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("strategy", DeValue::Array(tables)) => file.strategies = keys.strategies(tables)?,
                ("strategy", _) => {
                    let problem = "`strategy` is not a list of tables: begin each strategy with [[strategy]]";
                    return Err(keys.error(&key.span(), problem.to_owned()));
                }
                ("preset", _) => file.preset = Some(keys.preset(key, value)?),
                _ if file.environment.read(source, key, value)? => {}
                _ => file.settings.push(keys.setting(key, value)?),
            }
        }
        Ok(file)
    }

    /// Applies the keys: those of the file to every strategy, then those of each table to its own.
    pub(super) fn apply(&self, run: &mut RunConfig) -> Result<(), SettingsError> {
        for Setting { key, value, line } in &self.settings {
            run.set(key, value).map_err(|source| self.error(*line, source))?;
        }
        for (table, strategy) in self.strategies.iter().zip(&mut run.strategies) {
            for Setting { key, value, line } in &table.settings {
                strategy.set(key, value).map_err(|source| self.error(*line, source))?;
            }
        }
        Ok(())
    }

    /// Finds a preset that the file names.
    pub(super) fn preset(&self, named: &PresetName) -> Result<StrategyConfig, SettingsError> {
        let (path, line) = (self.path.clone(), named.line);
        preset(&named.name).map_err(|source| SettingsError::FilePreset { path, line, source })
    }

    fn error(&self, line: usize, source: SettingError) -> SettingsError {
        SettingsError::FileSetting { path: self.path.clone(), line, source }
    }
}

/// Reads the keys of strategies.
#[derive(Clone, Copy)]
struct Keys<'a>(Source<'a>);

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;

impl Keys<'_> {
    fn error(&self, span: &Range<usize>, problem: String) -> SettingsError {
        SettingsError::FileShape { path: self.0.path.to_owned(), line: self.0.line(span), problem }
    }

    fn strategies(&self, tables: &DeArray<'_>) -> Result<Vec<StrategyTable>, SettingsError> {
        tables.iter().map(|table| self.strategy(table)).collect()
    }

    fn strategy(&self, table: &Spanned<DeValue<'_>>) -> Result<StrategyTable, SettingsError> {
        let Some(keys) = table.get_ref().as_table() else {
            let problem = "`strategy` is not a list of tables: begin each strategy with [[strategy]]";
            return Err(self.error(&table.span(), problem.to_owned()));
        };
        let mut read = StrategyTable::default();
        for (key, value) in keys {
            match key.get_ref().as_ref() {
                "preset" => read.preset = Some(self.preset(key, value)?),
                _ => read.settings.push(self.setting(key, value)?),
            }
        }
        Ok(read)
    }

    fn preset(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Result<PresetName, SettingsError> {
        let Setting { value: name, line, .. } = self.setting(key, value)?;
        Ok(PresetName { name, line })
    }

    fn setting(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Result<Setting, SettingsError> {
        let (name, span) = (key.get_ref().as_ref(), key.span());
        let value = self.plain(value).ok_or_else(|| {
            self.error(&span, format!("`{name}` is a table: write keys as `key = value`, strategies as [[strategy]]"))
        })?;
        Ok(Setting { key: name.to_owned(), value, line: self.0.line(&span) })
    }

    /// Writes a value as `--set` would have it; numbers as they stand in the file. `None` for a table.
    fn plain(&self, value: &Spanned<DeValue<'_>>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Boolean(false) => Some("off".to_owned()),
            DeValue::Array(items) => {
                let items: Option<Vec<_>> = items.iter().map(|item| self.plain(item)).collect();
                items.map(|items| items.join(","))
            }
            DeValue::Table(_) => None,
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(true) | DeValue::Datetime(_) => {
                Some(self.0.part(value.span()).to_owned())
            }
        }
    }
}
