//! The state directory: where it is, and who has it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// The lock file of a state directory.
const LOCK: &str = "orbd.lock";

/// Returns where a daemon keeps its state when nothing else is said: `orb/NAME` in the user's state folder.
#[must_use]
pub fn default_folder(name: &str) -> PathBuf {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    state.or_else(home).unwrap_or_else(|| PathBuf::from(".")).join("orb").join(name)
}

/// Keeps a state directory for one process; ends with the process, however it ends.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

/// Explains why a state directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StateLockError {
    /// Another process has it: end that one first.
    #[error("the state directory {} is in use by {holder}: stop it first, or use another data_dir", folder.display())]
    InUse {
        /// The directory.
        folder: PathBuf,
        /// Who has it, as far as is known.
        holder: String,
    },
    /// The lock cannot be made or taken.
    #[error("cannot lock the state directory {}: {source}; check that it is there and may be written to", folder.display())]
    Io {
        /// The directory.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl StateLock {
    /// Takes a state directory, which must be there.
    ///
    /// # Errors
    /// When another process has it, or it may not be written to.
    pub fn take(folder: &Path) -> Result<Self, StateLockError> {
        let failed = |source| StateLockError::Io { folder: folder.to_owned(), source };
        let path = folder.join(LOCK);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = opened.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StateLockError::InUse { folder: folder.to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(Self { _file: file })
    }

    /// Returns who has a state directory; `None` when nobody has, or there is none.
    ///
    /// # Errors
    /// When its lock cannot be looked at.
    pub fn holder(folder: &Path) -> io::Result<Option<String>> {
        let mut file = match File::open(folder.join(LOCK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(holder(&mut file))),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Returns who holds a lock file in a folder, of the state directory or of records in it; `None` when nobody does.
///
/// Nothing is written; a lock that cannot be read counts as free.
///
/// # Errors
/// When the folder cannot be listed.
pub(super) fn in_use(folder: &Path) -> io::Result<Option<String>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "lock") || !path.is_file() {
            continue;
        }
        let Ok(mut file) = File::open(&path) else { continue };
        if let Err(TryLockError::WouldBlock) = file.try_lock_shared() {
            return Ok(Some(holder(&mut file)));
        }
    }
    Ok(None)
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.take(32).read_to_string(&mut text) {
        Ok(1..) if text.trim().parse::<u32>().is_ok() => format!("process {}", text.trim()),
        Ok(_) | Err(_) => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_has_a_folder_at_a_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(in_use(folder.path()).expect("a list"), None);
        assert_eq!(StateLock::holder(folder.path()).expect("no lock"), None);
        let lock = StateLock::take(folder.path()).expect("free");
        let holder = format!("process {}", std::process::id());
        assert_eq!(in_use(folder.path()).expect("a list"), Some(holder.clone()));
        assert_eq!(StateLock::holder(folder.path()).expect("a lock"), Some(holder.clone()));
        let error = StateLock::take(folder.path()).expect_err("taken").to_string();
        assert!(error.contains(&holder), "{error}");
        drop(lock);
        assert_eq!(StateLock::holder(folder.path()).expect("a lock"), None);
        assert_eq!(in_use(folder.path()).expect("a list"), None);
        StateLock::take(folder.path()).expect("free again");
        let error = StateLock::take(Path::new("/nowhere/at/all")).expect_err("no folder");
        assert!(matches!(error, StateLockError::Io { .. }), "{error}");
    }
}
