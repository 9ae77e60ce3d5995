//! The environment that the daemon was switched to last, kept in the state directory.
//!
//! It goes before what the configuration file and the flags say: a restart, of a machine perhaps that nobody looks at,
//! must not leave the account that was chosen, with all that is held there. The file is written in one step, so that a
//! process that dies leaves the choice of before or the new one, and no third.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use orb_exec::alpaca::Environment;
use serde::{Deserialize, Serialize};

use super::keys::{ENVIRONMENTS, environment_name};

/// The file's name in the state directory.
const FILE: &str = "environment.json";
/// The file is written under this name and then put in its place.
const DRAFT: &str = ".environment.json.new";

/// Holds the last switch of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Where orders go since then.
    pub environment: Environment,
    /// Id of the ledger, which stands for the account that was typed.
    pub ledger: String,
    /// When it was chosen, in RFC 3339 and UTC.
    pub at: String,
    /// Who chose it.
    pub actor: String,
    /// Why; may be empty.
    pub reason: String,
    /// The hold of the switch is in the records; until then a start places it.
    pub is_held: bool,
}

/// The file's shape.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Written {
    environment: String,
    ledger: String,
    at: String,
    actor: String,
    reason: String,
    is_held: bool,
}

/// Explains why the last switch is not known, or cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum ChosenError {
    /// The file cannot be read.
    #[error("cannot read {}, which has the last switch of the environment: {source}; check its owner and mode", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not one of orb's.
    #[error(
        "{} is damaged: {problem}; it has the environment that orb was switched to last: look at the broker for what is held there, then remove the file to go by the configuration",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The file cannot be written.
    #[error("cannot keep the choice of the environment in {}: {source}; make room, or check the folder's owner and mode", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Chosen {
    /// Returns where a state directory keeps the last switch.
    #[must_use]
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Reads the last switch of a state directory; `None` when there was none, or there is no such directory.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged: it is not known then where orders are to go.
    pub fn read(folder: &Path) -> Result<Option<Self>, ChosenError> {
        let path = Self::path(folder);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(source) => return Err(ChosenError::Unreadable { path, source }),
        };
        match Self::parse(&text) {
            Ok(chosen) => Ok(Some(chosen)),
            Err(problem) => Err(ChosenError::Damaged { path, problem }),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let written: Written = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let Written { environment: name, ledger, at, actor, reason, is_held } = written;
        let environment = ENVIRONMENTS.iter().find(|(known, _)| *known == name).map(|(_, environment)| *environment);
        let environment = environment.ok_or_else(|| format!("`{name}` is no environment"))?;
        Ok(Self { environment, ledger, at, actor, reason, is_held })
    }

    /// Keeps it in a state directory, to stay even if the machine stops at once.
    ///
    /// # Errors
    /// When the directory may not be written to; what was there before is still there then.
    pub fn write(&self, folder: &Path) -> Result<(), ChosenError> {
        let path = Self::path(folder);
        self.put(folder, &path).map_err(|source| ChosenError::Unwritable { path, source })
    }

    fn put(&self, folder: &Path, path: &Path) -> io::Result<()> {
        let Self { environment, ledger, at, actor, reason, is_held } = self.clone();
        let environment = environment_name(environment).to_owned();
        let text = serde_json::to_string_pretty(&Written { environment, ledger, at, actor, reason, is_held })?;
        let draft = folder.join(DRAFT);
        let mut file = File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(folder)?.sync_all()
    }

    /// Says for people who chose it when.
    #[must_use]
    pub fn describe(&self) -> String {
        let Self { environment, at, actor, reason, .. } = self;
        let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
        format!("{} was chosen by {actor} at {at}{reason}", environment_name(*environment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen() -> Chosen {
        Chosen {
            environment: Environment::Live,
            ledger: "live-1f3a9c02".to_owned(),
            at: "2026-03-02T14:30:00Z".to_owned(),
            actor: "dana".to_owned(),
            reason: "the paper weeks are over".to_owned(),
            is_held: false,
        }
    }

    #[test]
    fn the_last_switch_is_what_was_written_last() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(Chosen::read(folder.path()).expect("nothing"), None);
        assert_eq!(Chosen::read(Path::new("/nowhere/at/all")).expect("nothing"), None);
        chosen().write(folder.path()).expect("written");
        assert_eq!(Chosen::read(folder.path()).expect("readable"), Some(chosen()));
        let next = Chosen { environment: Environment::Paper, is_held: true, ..chosen() };
        next.write(folder.path()).expect("written");
        assert_eq!(Chosen::read(folder.path()).expect("readable"), Some(next));
        assert_eq!(chosen().describe(), "live was chosen by dana at 2026-03-02T14:30:00Z (the paper weeks are over)");
    }

    #[test]
    fn a_damaged_choice_is_told_and_never_guessed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for text in ["", "{}", "live", "{\"environment\": \"prod\"}"] {
            fs::write(Chosen::path(folder.path()), text).expect("written");
            let error = Chosen::read(folder.path()).expect_err("damaged").to_string();
            assert!(error.contains("environment.json is damaged") && error.contains("remove the file"), "{error}");
        }
        chosen().write(folder.path()).expect("written");
        let path = Chosen::path(folder.path());
        let other = fs::read_to_string(&path).expect("text").replace("\"live\"", "\"prod\"");
        fs::write(&path, other).expect("written");
        let error = Chosen::read(folder.path()).expect_err("damaged").to_string();
        assert!(error.contains("`prod` is no environment"), "{error}");
    }

    #[test]
    fn a_folder_that_may_not_be_written_keeps_what_it_had() {
        let error = chosen().write(Path::new("/nowhere/at/all")).expect_err("refused").to_string();
        assert!(error.contains("/nowhere/at/all/environment.json"), "{error}");
        // A draft of a process that died does not count.
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join(DRAFT), "{").expect("written");
        assert_eq!(Chosen::read(folder.path()).expect("nothing"), None);
        chosen().write(folder.path()).expect("written");
        assert!(!folder.path().join(DRAFT).exists());
    }
}
