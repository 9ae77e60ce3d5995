//! The kill switch as a file: while it is there, no entries.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::owner::leave_to_owner;

/// Stands for the halt file of a state directory.
#[derive(Clone, Debug)]
pub struct HaltFile {
    path: PathBuf,
}

/// Explains why the halt file could not be changed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {act} the halt file {}: {source}", path.display())]
pub struct HaltFileError {
    act: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl HaltFile {
    /// Names the halt file of a state directory.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { path: folder.join("HALTED") }
    }

    /// Returns where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether it is there.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Puts it there, to stay even if the machine stops at once.
    ///
    /// # Errors
    /// When the folder may not be written to.
    pub fn write(&self, actor: &str, reason: &str) -> Result<(), HaltFileError> {
        let written = File::create(&self.path).and_then(|mut file| {
            writeln!(file, "halted by {actor}: {reason}")?;
            file.sync_all()?;
            // The daemon writes it again at the next kill.
            leave_to_owner(&self.path)
        });
        written.map_err(|source| HaltFileError { act: "write", path: self.path.clone(), source })
    }

    /// Takes it away; it is no error when there is none.
    ///
    /// # Errors
    /// When it may not be removed.
    pub fn remove(&self) -> Result<(), HaltFileError> {
        match fs::remove_file(&self.path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(HaltFileError { act: "remove", path: self.path.clone(), source })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_between_write_and_remove() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = HaltFile::of(folder.path());
        assert!(!file.exists() && file.remove().is_ok());
        file.write("dana", "news").expect("written");
        assert!(file.exists());
        file.remove().expect("removed");
        assert!(!file.exists());
        assert!(HaltFile::of(Path::new("/nowhere/at/all")).write("", "").is_err());
    }
}
