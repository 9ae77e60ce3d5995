//! From `--preset`, `--config` and `--set` to a configuration.

use std::path::{Path, PathBuf};

use clap::Args;
use orb_core::RunConfig;
use orb_core::config::{Candidates, ConfigError, PRESETS, SettingError, UnknownPreset, preset};
use orb_exec::{Clock as _, WallClock};

use super::candidates::{self, CandidatesError};
use super::settings_file::SettingsFile;
use crate::environment::{EnvironmentArgs, EnvironmentConfig, EnvironmentError, LiveConfig};
use crate::reload::Configuration;

/// Chooses what is traded and how.
#[derive(Args, Clone, Debug, Default)]
pub struct SettingArgs {
    /// Configuration file (TOML): `preset = "NAME"` and any of the keys below, or a `[[strategy]]` table for each strategy
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Strategy to start from: orb-classic, orb-sip, orb-sip-paper or orb-etf [default: orb-classic]
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Overrides one key, of every strategy or as STRATEGY.KEY of one; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
}

/// Says what becomes of the symbols that a preset names: they are meant for live runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PresetSymbols {
    Kept,
    Dropped,
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
    /// The symbols to choose from cannot be had.
    #[error(transparent)]
    Candidates(#[from] CandidatesError),
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
    /// A preset was asked for, and the file has several strategies.
    #[error("--preset: {} has [[strategy]] tables: name the preset of each there", path.display())]
    PresetOfMany {
        /// The file.
        path: PathBuf,
    },
    /// A value of the file is a table, or a strategy is not one.
    #[error("{}:{line}: {problem}", path.display())]
    FileShape {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong and what is expected.
        problem: String,
    },
    /// What the file or a flag says of the environment is wrong.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
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
    /// With `[[strategy]]` tables in the file each begins with its own preset; the file's other keys apply to all of
    /// them, and a table's keys to its strategy.
    ///
    /// # Errors
    /// Names the file and line, or the flag, and the remedy.
    pub fn resolve(&self) -> Result<RunConfig, SettingsError> {
        self.run_of(&self.file()?, PresetSymbols::Dropped)
    }

    /// Builds what a run against a broker needs: the strategies, and the environment in which they trade.
    ///
    /// Other than in a backtest a preset's own symbols count where the configuration names none.
    ///
    /// # Errors
    /// Names the file and line, or the flag, and the remedy.
    pub fn resolve_live(&self, environment: &EnvironmentArgs) -> Result<LiveConfig, SettingsError> {
        let file = self.file()?;
        Ok(LiveConfig { run: self.live_run(&file)?, environment: file.environment.resolve(environment)? })
    }

    /// Reads everything that a run against a broker is told; the file is read once.
    ///
    /// # Errors
    /// Names the file and line, or the flag, and the remedy. What is wrong with one environment is told of that one alone.
    pub(crate) fn configuration(&self, environment: &EnvironmentArgs) -> Result<Configuration, SettingsError> {
        let read_at = WallClock::default().now();
        let file = self.file()?;
        let environments = file.environment.all(environment);
        Ok(Configuration { run: self.live_run(&file)?, environments, read_at })
    }

    /// Builds the environment in which orb trades now, alone: what it does not need of the file may be wrong.
    ///
    /// # Errors
    /// Names the file and line, or the flag, and the remedy.
    pub(crate) fn resolve_environment(
        &self,
        environment: &EnvironmentArgs,
    ) -> Result<EnvironmentConfig, SettingsError> {
        Ok(self.file()?.environment.resolve_now(environment)?)
    }

    /// Reads the file; an empty one where none is named.
    pub(super) fn file(&self) -> Result<SettingsFile, SettingsError> {
        Ok(self.config.as_deref().map(SettingsFile::read).transpose()?.unwrap_or_default())
    }

    /// Builds the strategies of a run against a broker.
    pub(super) fn live_run(&self, file: &SettingsFile) -> Result<RunConfig, SettingsError> {
        let mut run = self.run_of(file, PresetSymbols::Kept)?;
        for strategy in &mut run.strategies {
            match &strategy.candidates {
                Candidates::File(path) => strategy.symbols = candidates::read(Path::new(path))?,
                // Those of the broker's listing, when orb asks for it; a preset may name some.
                Candidates::Assets => strategy.symbols.clear(),
                // Whatever else there may be once is named as symbols are.
                Candidates::Listed | _ => {}
            }
        }
        Ok(run)
    }

    fn run_of(&self, file: &SettingsFile, symbols: PresetSymbols) -> Result<RunConfig, SettingsError> {
        let mut run = self.presets(file)?;
        if symbols == PresetSymbols::Dropped {
            run.strategies.iter_mut().for_each(|strategy| strategy.symbols.clear());
        }
        file.apply(&mut run)?;
        for setting in &self.settings {
            let (key, value) = setting.split_once('=').ok_or_else(|| SettingsError::NotAPair(setting.clone()))?;
            run.set(key.trim(), value).map_err(SettingsError::Setting)?;
        }
        run.validate()?;
        Ok(run)
    }

    fn presets(&self, file: &SettingsFile) -> Result<RunConfig, SettingsError> {
        if file.strategies.is_empty() {
            let strategy = match (&self.preset, &file.preset) {
                (Some(name), _) => preset(name)?,
                (None, Some(name)) => file.preset(name)?,
                (None, None) => preset(PRESETS[0].0)?,
            };
            return Ok(RunConfig::of(strategy));
        }
        if self.preset.is_some() {
            return Err(SettingsError::PresetOfMany { path: file.path.clone() });
        }
        let common = file.preset.as_ref();
        let strategies = file.strategies.iter().map(|table| match table.preset.as_ref().or(common) {
            Some(name) => file.preset(name),
            None => Ok(preset(PRESETS[0].0)?),
        });
        let strategies = strategies.collect::<Result<Vec<_>, _>>()?;
        let mut run = RunConfig::of(strategies[0].clone());
        run.strategies = strategies;
        Ok(run)
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

    const TWO: &str = "daily_loss_limit = 0.03\nleverage = 2\n\n[[strategy]]\nname = \"slow\"\nrange_minutes = 30\n\n\
                       [[strategy]]\npreset = \"orb-etf\"\nleverage = 1\nsymbols = [\"SPY\", \"QQQ\"]\n";

    #[test]
    fn a_file_may_hold_several_strategies() {
        let run = resolve(TWO, &["slow.max_positions=2", "slippage=0.01"]).expect("a configuration");
        let of = |index: usize, key: &str| {
            let key = orb_core::config::Key::named(key).expect("a key");
            key.of_strategy(&run.strategies[index]).expect("a strategy's key")
        };
        assert_eq!([of(0, "name"), of(1, "name")], ["slow", "orb-etf"]);
        assert_eq!([of(0, "leverage"), of(1, "leverage")], ["2", "1"]);
        assert_eq!([of(0, "max_positions"), of(1, "max_positions")], ["2", "1"]);
        assert_eq!([of(0, "slippage"), of(1, "slippage")], ["0.01", "0.01"]);
        assert_eq!([of(0, "symbols"), of(1, "symbols")], ["", "SPY,QQQ"]);
        assert_eq!(run.get("daily_loss_limit").as_deref(), Some("0.03"));
    }

    #[test]
    fn faults_of_several_strategies_are_named() {
        let account = "[[strategy]]\nname = \"a\"\ninitial_equity = 5000\n";
        refused(account, &[], "/orb.toml:3: `initial_equity` is a key of the account");
        refused(TWO, &["fast.leverage=2"], "there is no strategy `fast`: the configuration has slow, orb-etf");
        refused("[[strategy]]\n[[strategy]]\n", &[], "name: two strategies are named `orb-classic`");
        refused("[strategy]\nname = \"a\"\n", &[], "/orb.toml:1: `strategy` is not a list of tables");
        refused("\n[account]\nname = \"a\"\n", &[], "/orb.toml:2: `account` is a table");
        refused("[[strategy]]\npreset = \"orb-magic\"\n", &[], "/orb.toml:2: there is no preset `orb-magic`");
        let path = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(path.path(), TWO).expect("written");
        let args = SettingArgs {
            config: Some(path.path().to_owned()),
            preset: Some("orb-etf".to_owned()),
            settings: Vec::new(),
        };
        let error = args.resolve().expect_err("refused").to_string();
        assert!(error.starts_with("--preset: ") && error.contains("[[strategy]]"), "{error}");
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
