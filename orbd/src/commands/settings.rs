//! From `--preset`, `--config` and `--set` to a configuration.

use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Args;
use orb_core::RunConfig;
use orb_core::config::{ConfigError, PRESETS, SettingError, UnknownPreset, preset};
use toml::Spanned;

/// Chooses what is traded and how.
#[derive(Args, Clone, Debug, Default)]
pub struct SettingArgs {
    /// Configuration file (TOML): `preset = "NAME"` and any of the keys below
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Named strategy to start from: orb-classic or orb-etf [default: orb-classic]
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Overrides one key; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
}

/// Explains why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file could not be read.
    #[error("cannot read the configuration {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{}:{line}: not valid TOML: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        problem: String,
    },
    /// A key of the file is unknown or has a value that does not fit.
    #[error("{}:{line}: {source}", path.display())]
    FileSetting {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        source: SettingError,
    },
    /// A `--set` is not of the form key=value.
    #[error("--set {0}: expected KEY=VALUE, as in --set max_positions=3")]
    NotAPair(String),
    /// A `--set` is unknown or has a value that does not fit.
    #[error("--set {0}")]
    Setting(SettingError),
    /// There is no such preset.
    #[error("--preset: {0}")]
    Preset(#[from] UnknownPreset),
    /// The file names a preset that is not there.
    #[error("{}:{line}: {source}", path.display())]
    FilePreset {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        source: UnknownPreset,
    },
    /// Keys contradict each other.
    #[error("configuration: {0}")]
    Contradiction(#[from] ConfigError),
}

impl SettingArgs {
    /// Names the configuration for people: its file, its preset, or `built-in`.
    #[must_use]
    pub fn name(&self) -> String {
        let file = self.config.as_ref().map(|path| path.display().to_string());
        file.or_else(|| self.preset.clone()).unwrap_or_else(|| "built-in".to_owned())
    }

    /// Builds the configuration: the preset, then the file's keys, then `--set`, and checks it whole.
    ///
    /// # Errors
    /// Names the file and line, or the flag, and the remedy.
    pub fn resolve(&self) -> Result<RunConfig, SettingsError> {
        let file = self.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let mut run = RunConfig::of(match (&self.preset, &file.preset) {
            (Some(name), _) => preset(name)?,
            (None, Some((name, line))) => preset(name).map_err(|source| file.preset_error(*line, source))?,
            (None, None) => preset(PRESETS[0].0)?,
        });
        // A preset's own symbols are meant for live runs.
        run.strategies[0].symbols.clear();
        for (key, value, line) in &file.settings {
            run.set(key, value).map_err(|source| file.error(*line, source))?;
        }
        for setting in &self.settings {
            let (key, value) = setting.split_once('=').ok_or_else(|| SettingsError::NotAPair(setting.clone()))?;
            run.set(key.trim(), value).map_err(SettingsError::Setting)?;
        }
        run.validate()?;
        Ok(run)
    }
}

/// Holds the keys of a configuration file with their lines.
#[derive(Debug, Default)]
struct FileSettings {
    path: PathBuf,
    preset: Option<(String, usize)>,
    settings: Vec<(String, String, usize)>,
}

impl FileSettings {
    fn error(&self, line: usize, source: SettingError) -> SettingsError {
        SettingsError::FileSetting { path: self.path.clone(), line, source }
    }

    fn preset_error(&self, line: usize, source: UnknownPreset) -> SettingsError {
        SettingsError::FilePreset { path: self.path.clone(), line, source }
    }
}

fn read_file(path: &Path) -> Result<FileSettings, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
    let line_of = |span: Range<usize>| text[..span.start.min(text.len())].matches('\n').count() + 1;
    let parsed: std::collections::BTreeMap<Spanned<String>, Spanned<toml::Value>> =
        toml::from_str(&text).map_err(|error: toml::de::Error| SettingsError::Syntax {
            path: path.to_owned(),
            line: error.span().map_or(1, line_of),
            problem: error.message().to_owned(),
        })?;
    let mut file = FileSettings { path: path.to_owned(), ..FileSettings::default() };
    for (key, value) in parsed {
        let line = line_of(key.span());
        let text = plain(value.get_ref());
        if key.get_ref() == "preset" {
            file.preset = Some((text, line));
        } else {
            file.settings.push((key.into_inner(), text, line));
        }
    }
    Ok(file)
}

/// Writes a value of the file as `--set` would have it.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Boolean(false) => "off".to_owned(),
        toml::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(true)
        | toml::Value::Datetime(_)
        | toml::Value::Table(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, set: &[&str]) -> Result<RunConfig, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("orb.toml");
        std::fs::write(&path, file).expect("written");
        let settings = set.iter().map(|&text| text.to_owned()).collect();
        let args = SettingArgs { config: Some(path), preset: None, settings };
        args.resolve().map_err(|error| error.to_string().replace(&folder.path().display().to_string(), ""))
    }

    #[test]
    fn flags_override_the_file_and_the_file_its_preset() {
        let run =
            resolve("preset = \"orb-etf\"\nmax_positions = 3\nleverage = 2.5\ntarget_r = false\n", &["leverage=2"]);
        let run = run.expect("a configuration");
        assert_eq!(run.get("max_positions").as_deref(), Some("3"));
        assert_eq!(run.get("leverage").as_deref(), Some("2"));
        assert_eq!(run.get("target_r").as_deref(), Some("off"));
        assert_eq!(run.get("name").as_deref(), Some("orb-etf"));
    }

    #[track_caller]
    fn refused(file: &str, set: &[&str], message: &str) {
        let error = resolve(file, set).expect_err("refused");
        assert!(error.contains(message), "{error}");
    }

    #[test]
    fn errors_name_the_line_or_the_flag() {
        refused("# a comment\nmax_position = 3\n", &[], "/orb.toml:2: there is no key `max_position`");
        refused("\n\nmax_positions = \"many\"\n", &[], "/orb.toml:3: `max_positions = many`: expected a whole number");
        refused("max_positions = \n", &[], "/orb.toml:1: not valid TOML");
        refused("preset = \"orb-magic\"\n", &[], "/orb.toml:1: there is no preset `orb-magic`");
        refused("", &["max_positions"], "--set max_positions: expected KEY=VALUE");
        refused("", &["max_positions=0"], "--set `max_positions = 0`: expected 1 to 1000");
        refused("entry = \"market\"\n", &[], "configuration: entry, direction: ");
    }
}
