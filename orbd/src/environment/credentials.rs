//! The broker's credentials: from systemd or from the environment, never from flags or the configuration file.
//!
//! They are looked for in this order, and the first place that has any part of a pair must have all of it:
//!
//! 1. systemd credentials of the environment: the files `orb-ENV-key-id` and `orb-ENV-secret` in
//!    `$CREDENTIALS_DIRECTORY`, then `orb-key-id` and `orb-secret`;
//! 2. the variables `ORB_SIM_KEY_ID` and `ORB_SIM_SECRET`, `ORB_PAPER_...` or `ORB_LIVE_...`;
//! 3. for paper and live, `APCA_API_KEY_ID` and `APCA_API_SECRET_KEY`, unless something of 1 or 2 is there for the other
//!    of the two: these variables do not say which account they open;
//! 4. for a simulator, `sim` and `sim`.
//!
//! A name without an environment, in 1 and 3, is for the environment that the configuration names. A daemon that is
//! switched to another one looks for that one's own names alone.
//!
//! What is read is kept in types that no log, error or `Debug` shows and that are overwritten when they go. Variables
//! stay in the process' own environment, as whoever started it put them there, where its user and root can read them:
//! systemd credentials do not have that weakness. `orbd` starts no other programs, so no child inherits anything.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use orb_exec::alpaca::{Credentials, Environment};
use secrecy::SecretString;
use secrecy::zeroize::Zeroize as _;

use super::keys::environment_name;

/// Either half is a short line; more than this is some other file.
const FILE_BYTES_MAX: u64 = 4096;

/// The folder of the channels' secrets, which systemd is given as one credential of this name.
const NOTIFY: &str = "orb-notify";

/// Explains why there are no credentials; never tells a value.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// They are nowhere.
    #[error(
        "there are no credentials for {environment}: give the systemd credentials orb-{environment}-key-id and orb-{environment}-secret, or set ORB_{}_KEY_ID and ORB_{}_SECRET in the environment", environment.to_uppercase(), environment.to_uppercase()
    )]
    Missing {
        /// The environment's name.
        environment: &'static str,
    },
    /// One half is there, the other not.
    #[error("{found} is given and {missing} is not: give both, or neither to look elsewhere")]
    Half {
        /// The half that is there.
        found: String,
        /// The half that is not.
        missing: String,
    },
    /// Nothing but blanks.
    #[error("{name} is empty: give it its value, or take it away")]
    Empty {
        /// The variable or file.
        name: String,
    },
    /// Something that no key has: blanks within, control characters, letters that are not ASCII.
    #[error(
        "{name} is no half of a key and no other secret: it has blanks or other characters inside that none has; copy it again, alone on one line"
    )]
    Characters {
        /// The variable or file.
        name: String,
    },
    /// The file is too large.
    #[error("{name} is no half of a key and no other secret: it has more than 4096 bytes; it may be another file")]
    TooLong {
        /// The file.
        name: String,
    },
    /// The file cannot be read.
    #[error("cannot read {name}: {source}; check its owner and mode")]
    Unreadable {
        /// The file.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// Anybody on the machine may read the file.
    #[error(
        "{name} can be read by every user of this machine (mode {mode:03o}): run `chmod 600` on it, and replace the key if others use the machine"
    )]
    Exposed {
        /// The file.
        name: String,
        /// Its permission bits.
        mode: u32,
    },
    /// The general variables are set while both accounts have something of their own.
    #[error(
        "APCA_API_KEY_ID and APCA_API_SECRET_KEY do not say whether they are for paper or live, and {other} has credentials too: set ORB_{}_KEY_ID and ORB_{}_SECRET for {environment}", environment.to_uppercase(), environment.to_uppercase()
    )]
    Ambiguous {
        /// The environment's name.
        environment: &'static str,
        /// The name of the other one.
        other: &'static str,
    },
}

/// Finds a secret that stands alone: a file of systemd's credentials, then a variable; `None` when it is nowhere.
///
/// What has `orb-notify-` before its name is looked for under three: as a credential of its own, then as systemd names
/// the files of a folder that it was given as the credential `orb-notify`, then in a folder of that name, as before
/// systemd has taken it.
///
/// # Errors
/// When it is not as it must be; the error names the place and the remedy, never the value.
pub(crate) fn one_secret(file: &str, variable: &str) -> Result<Option<SecretString>, CredentialsError> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    find_one(folder.as_deref(), file, variable, std::env::var_os(variable))
}

fn find_one(
    folder: Option<&Path>,
    file: &str,
    variable: &str,
    value: Option<OsString>,
) -> Result<Option<SecretString>, CredentialsError> {
    for path in folder.into_iter().flat_map(|folder| files_of(file).into_iter().map(|name| folder.join(name))) {
        if let Some(found) = Half::File(path).read()? {
            return Ok(Some(found));
        }
    }
    value.map_or(Ok(None), |value| Half::Variable(variable.to_owned(), value).read())
}

/// Lists the names that a credential may have below the folder of systemd's credentials.
fn files_of(file: &str) -> Vec<String> {
    let in_folder = file.strip_prefix(NOTIFY).and_then(|rest| rest.strip_prefix('-'));
    let in_folder = in_folder.map(|rest| [format!("{NOTIFY}_{rest}"), format!("{NOTIFY}/{rest}")]);
    core::iter::once(file.to_owned()).chain(in_folder.into_iter().flatten()).collect()
}

/// Says for which environment names count that name none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// It is the one that the configuration names: they count too.
    All,
    /// It is another one, to which the daemon is switched: its own count alone.
    Own,
}

/// Finds the credentials of an environment where systemd and the environment of this process have them.
///
/// # Errors
/// When they are nowhere, or not as they must be; the error names the place and the remedy, never the value.
pub fn find(environment: Environment, names: Names) -> Result<Credentials, CredentialsError> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    Sources { folder, variable: |name: &str| std::env::var_os(name) }.find(environment, names)
}

/// Where credentials may be.
struct Sources<V> {
    folder: Option<PathBuf>,
    variable: V,
}

impl<V: Fn(&str) -> Option<OsString>> Sources<V> {
    fn find(&self, environment: Environment, names: Names) -> Result<Credentials, CredentialsError> {
        let name = environment_name(environment);
        let general = (names == Names::All).then(|| self.files(None));
        let places = core::iter::once(self.files(Some(name))).chain(general).chain([self.variables(name)]);
        for place in places {
            if let Some(found) = place.read()? {
                return Ok(found);
            }
        }
        match (environment, names) {
            (Environment::Sim, _) => Ok(Credentials { key_id: name.into(), secret: name.into() }),
            (Environment::Paper | Environment::Live, Names::Own) => {
                Err(CredentialsError::Missing { environment: name })
            }
            (Environment::Paper, Names::All) => self.general(name, environment_name(Environment::Live)),
            (Environment::Live, Names::All) => self.general(name, environment_name(Environment::Paper)),
        }
    }

    /// Reads the variables of Alpaca's own tools, which name no environment.
    fn general(&self, environment: &'static str, other: &'static str) -> Result<Credentials, CredentialsError> {
        let place = self.variables_named("APCA_API_KEY_ID".to_owned(), "APCA_API_SECRET_KEY".to_owned());
        let found = place.read()?.ok_or(CredentialsError::Missing { environment })?;
        if self.files(Some(other)).has_any() || self.variables(other).has_any() {
            return Err(CredentialsError::Ambiguous { environment, other });
        }
        Ok(found)
    }

    fn files(&self, environment: Option<&str>) -> Pair {
        let prefix = environment.map(|name| format!("orb-{name}")).unwrap_or_else(|| "orb".to_owned());
        let half = |suffix: &str| {
            let path = self.folder.as_deref().map(|folder| folder.join(format!("{prefix}-{suffix}")));
            path.map_or(Half::Absent(format!("{prefix}-{suffix}")), Half::File)
        };
        Pair { key_id: half("key-id"), secret: half("secret") }
    }

    fn variables(&self, environment: &str) -> Pair {
        let environment = environment.to_uppercase();
        self.variables_named(format!("ORB_{environment}_KEY_ID"), format!("ORB_{environment}_SECRET"))
    }

    fn variables_named(&self, key_id: String, secret: String) -> Pair {
        let half = |name: String| match (self.variable)(&name) {
            Some(value) => Half::Variable(name, value),
            None => Half::Absent(name),
        };
        Pair { key_id: half(key_id), secret: half(secret) }
    }
}

/// Both halves of a key in one place.
struct Pair {
    key_id: Half,
    secret: Half,
}

/// Where half of a key is.
enum Half {
    File(PathBuf),
    Variable(String, OsString),
    Absent(String),
}

impl Pair {
    /// Reads both halves; `None` when neither is there.
    fn read(&self) -> Result<Option<Credentials>, CredentialsError> {
        match (self.key_id.read()?, self.secret.read()?) {
            (Some(key_id), Some(secret)) => Ok(Some(Credentials { key_id, secret })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(CredentialsError::Half { found: self.key_id.name(), missing: self.secret.name() }),
            (None, Some(_)) => Err(CredentialsError::Half { found: self.secret.name(), missing: self.key_id.name() }),
        }
    }

    fn has_any(&self) -> bool {
        self.key_id.is_there() || self.secret.is_there()
    }
}

impl Half {
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Variable(name, _) | Self::Absent(name) => name.clone(),
        }
    }

    fn is_there(&self) -> bool {
        match self {
            // What cannot be looked at may well be there.
            Self::File(path) => path.try_exists().unwrap_or(true),
            Self::Variable(..) => true,
            Self::Absent(_) => false,
        }
    }

    fn read(&self) -> Result<Option<SecretString>, CredentialsError> {
        match self {
            Self::Absent(_) => Ok(None),
            Self::Variable(name, value) => {
                let text = value.to_str().ok_or_else(|| CredentialsError::Characters { name: name.clone() })?;
                checked(name, text).map(Some)
            }
            Self::File(path) => self.read_file(path),
        }
    }

    fn read_file(&self, path: &Path) -> Result<Option<SecretString>, CredentialsError> {
        let name = self.name();
        let unreadable = |source| CredentialsError::Unreadable { name: name.clone(), source };
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(unreadable)?,
        };
        let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
        if mode & 0o007 != 0 {
            return Err(CredentialsError::Exposed { name, mode });
        }
        // Room for all of it from the start: a growing buffer would leave copies behind.
        let mut bytes = Vec::with_capacity(FILE_BYTES_MAX as usize + 1);
        let read = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable);
        let found = read.and_then(|_| checked_bytes(&name, &bytes));
        bytes.zeroize();
        found.map(Some)
    }
}

fn checked_bytes(name: &str, bytes: &[u8]) -> Result<SecretString, CredentialsError> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(CredentialsError::TooLong { name: name.to_owned() });
    }
    let text = str::from_utf8(bytes).map_err(|_| CredentialsError::Characters { name: name.to_owned() })?;
    checked(name, text)
}

/// Takes half of a key without the blanks around it.
fn checked(name: &str, text: &str) -> Result<SecretString, CredentialsError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(CredentialsError::Empty { name: name.to_owned() });
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(CredentialsError::Characters { name: name.to_owned() });
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests;
