//! The keys of a configuration by name: one table serves `--set`, the file and the help.

mod read;
mod table;

use super::strategy::{RunConfig, StrategyConfig};

pub use table::KEYS;

/// Describes one key: its name, what it means, and how its text is read and written.
#[derive(Clone, Copy)]
pub struct Key {
    /// Name in `--set` and in the file.
    pub name: &'static str,
    /// Meaning, unit and values.
    pub help: &'static str,
    access: Access,
}

/// Says whose the key is, and how its text becomes a value and back.
#[derive(Clone, Copy)]
enum Access {
    Account { set: fn(&mut RunConfig, &str) -> Result<(), String>, get: fn(&RunConfig) -> String },
    Strategy { set: fn(&mut StrategyConfig, &str) -> Result<(), String>, get: fn(&StrategyConfig) -> String },
}

impl Key {
    /// Tells whether every strategy has a value of its own; the others are the account's.
    #[must_use]
    pub const fn is_of_strategy(&self) -> bool {
        matches!(self.access, Access::Strategy { .. })
    }

    /// Finds a key by its name.
    ///
    /// # Errors
    /// When there is none; the error suggests one of a similar name.
    pub fn named(name: &str) -> Result<&'static Self, SettingError> {
        KEYS.iter()
            .find(|key| key.name == name)
            .ok_or_else(|| SettingError::UnknownKey { name: name.to_owned(), suggestion: nearest(name) })
    }

    /// Returns the text of a strategy's key, or `None` when the key is the account's.
    #[must_use]
    pub fn of_strategy(&self, strategy: &StrategyConfig) -> Option<String> {
        match self.access {
            Access::Account { .. } => None,
            Access::Strategy { get, .. } => Some(get(strategy)),
        }
    }
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Key").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Explains why a setting was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// There is no such key.
    #[error("there is no key `{name}`{}; `orbd backtest --help` lists them", suggestion.as_ref().map(|near| format!(", did you mean `{near}`?")).unwrap_or_default())]
    UnknownKey {
        /// The name that was given.
        name: String,
        /// A key of a similar name.
        suggestion: Option<String>,
    },
    /// There is no such strategy.
    #[error("there is no strategy `{name}`: the configuration has {known}")]
    UnknownStrategy {
        /// The name that was given.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The key is the account's, not a strategy's.
    #[error("`{name}` is a key of the account: set it once, outside of the strategies")]
    OfAccount {
        /// The key.
        name: String,
    },
    /// The value does not fit the key.
    #[error("`{name} = {value}`: {problem}")]
    BadValue {
        /// The key.
        name: String,
        /// The value that was given.
        value: String,
        /// What is wrong and what is expected.
        problem: String,
    },
}

impl StrategyConfig {
    /// Sets one key of this strategy from its text.
    ///
    /// # Errors
    /// When there is no such key of a strategy, or the value does not fit it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        match Key::named(name)?.access {
            Access::Account { .. } => Err(SettingError::OfAccount { name: name.to_owned() }),
            Access::Strategy { set, .. } => set(self, value.trim()).map_err(refused(name, value)),
        }
    }
}

impl RunConfig {
    /// Sets one key from its text: the account's, or that of every strategy; `STRATEGY.KEY` is the key of one.
    ///
    /// # Errors
    /// When there is no such key or strategy, or the value does not fit; then nothing is changed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        if let Some((owner, key)) = name.split_once('.') {
            return self.strategy_named(owner)?.set(key, value);
        }
        match Key::named(name)?.access {
            Access::Account { set, .. } => set(self, value.trim()).map_err(refused(name, value)),
            Access::Strategy { set, .. } => {
                // What one strategy refuses they all refuse: the value alone decides.
                self.strategies
                    .iter_mut()
                    .try_for_each(|strategy| set(strategy, value.trim()))
                    .map_err(refused(name, value))
            }
        }
    }

    fn strategy_named(&mut self, name: &str) -> Result<&mut StrategyConfig, SettingError> {
        let known = self.strategies.iter().map(|strategy| strategy.name.clone()).collect::<Vec<_>>().join(", ");
        let found = self.strategies.iter_mut().find(|strategy| strategy.name == name);
        found.ok_or_else(|| SettingError::UnknownStrategy { name: name.to_owned(), known })
    }

    /// Returns the text of one key, of the first strategy where each has its own; `None` when there is no such key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        match KEYS.iter().find(|key| key.name == name)?.access {
            Access::Account { get, .. } => Some(get(self)),
            Access::Strategy { get, .. } => self.strategies.first().map(get),
        }
    }

    /// Lists every key with its text: first the account's, then each strategy's.
    ///
    /// With several strategies their keys are written `STRATEGY.KEY`, as [`RunConfig::set`] reads them.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        let account = KEYS.iter().filter(|key| !key.is_of_strategy());
        let mut list: Vec<_> = account.filter_map(|key| Some((key.name.to_owned(), self.get(key.name)?))).collect();
        let is_one = self.strategies.len() == 1;
        for strategy in &self.strategies {
            let name = |key: &Key| if is_one { key.name.to_owned() } else { format!("{}.{}", strategy.name, key.name) };
            list.extend(KEYS.iter().filter_map(|key| Some((name(key), key.of_strategy(strategy)?))));
        }
        list
    }
}

fn refused(name: &str, value: &str) -> impl FnOnce(String) -> SettingError {
    move |problem| SettingError::BadValue { name: name.to_owned(), value: value.to_owned(), problem }
}

/// Returns the key whose name is most like a wrong one: it begins with the same letters, or shares words with it.
fn nearest(name: &str) -> Option<String> {
    let prefix = |key: &str| key.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let words = |key: &str| key.split('_').filter(|word| word.len() > 2 && name.contains(*word)).count();
    let score = |key: &str| (Some(prefix(key)).filter(|&length| length >= 4).unwrap_or(0), words(key));
    let best = KEYS.iter().max_by_key(|key| score(key.name))?;
    (score(best.name) > (0, 0)).then(|| best.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::preset;

    fn classic() -> RunConfig {
        RunConfig::of(preset("orb-classic").expect("a preset"))
    }

    #[test]
    fn every_key_reads_back_what_it_writes() {
        for name in ["orb-classic", "orb-etf"] {
            let run = RunConfig::of(preset(name).expect("a preset"));
            for key in KEYS.iter().filter(|key| !(key.name == "symbols" && name == "orb-classic")) {
                let mut copy = run.clone();
                let text = run.get(key.name).expect(key.name);
                assert_eq!(copy.set(key.name, &text), Ok(()), "{} = {text}", key.name);
                assert_eq!(copy, run, "{}", key.name);
            }
        }
    }

    #[track_caller]
    fn refused(name: &str, value: &str, message: &str) {
        let error = classic().set(name, value).expect_err("refused").to_string();
        assert!(error.contains(message), "{error}");
    }

    #[test]
    fn bad_settings_say_what_is_expected() {
        refused("max_position", "3", "did you mean `max_positions`?");
        refused("range_minute", "5", "did you mean `range_minutes`?");
        refused("positions_max", "5", "did you mean");
        refused("colour", "red", "there is no key `colour`; `orbd backtest --help` lists them");
        refused("max_positions", "0", "expected 1 to 1000");
        refused("risk_fraction", "2%", "expected a decimal number");
        refused("risk_fraction", "0", "expected more than 0 and at most 1");
        refused("slot_policy", "random", "expected one of first_trigger, ranked");
        refused("range_minutes", "7", "expected 1, 5, 15, 30 or 60 minutes");
        refused("stop", "atr", "expected range, atr:FRACTION");
        refused("symbols", ",", "expected symbols");
        refused("slippage", "-0.01", "expected zero or more");
    }

    #[track_caller]
    fn contradiction(settings: &[(&str, &str)], keys: &str) {
        let mut run = classic();
        for (name, value) in settings {
            run.set(name, value).expect("a fitting value");
        }
        assert_eq!(run.validate().expect_err("a contradiction").keys, keys);
    }

    #[test]
    fn contradictions_name_their_keys() {
        contradiction(&[("entry", "market")], "entry, direction");
        contradiction(&[("entry", "market"), ("direction", "candle")], "entry, entry_offset_ticks");
        contradiction(&[("entry_cutoff", "1")], "entry_cutoff, flatten_before_close");
        contradiction(
            &[("range_minutes", "60"), ("entry_cutoff", "150")],
            "range_minutes, entry_cutoff, flatten_before_close",
        );
        contradiction(&[("top", "20")], "top, rvol_min");
        contradiction(&[("name", "My Strategy")], "name");
    }
}
