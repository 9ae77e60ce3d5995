//! The file that a backup goes to: never one that is there, and never half of one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::error::BackupError;

/// Keeps a name for a backup; what is not kept is removed with this value.
#[derive(Debug)]
pub(super) struct Reserved {
    path: PathBuf,
    partial: PathBuf,
    kept: bool,
}

impl Reserved {
    /// Takes a name that nobody has.
    pub(super) fn new(path: &Path) -> Result<Self, BackupError> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        create(path)?;
        let reserved = Self { path: path.to_owned(), partial, kept: false };
        if let Err(error) = create(&reserved.partial) {
            // It is another's: only the own name is given back.
            let _ = fs::remove_file(path);
            core::mem::forget(reserved);
            return Err(error);
        }
        Ok(reserved)
    }

    /// Returns where to write; the file is there and empty, for the user alone.
    pub(super) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives the file its name once it is on disk, and returns its size in bytes.
    pub(super) fn keep(mut self) -> Result<u64, BackupError> {
        let failed = |source| BackupError::Write { path: self.path.clone(), source };
        let bytes = (|| {
            let file = File::open(&self.partial)?;
            file.sync_all()?;
            fs::rename(&self.partial, &self.path)?;
            let folder = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()?;
            Ok::<_, io::Error>(file.metadata()?.len())
        })()
        .map_err(failed)?;
        self.kept = true;
        Ok(bytes)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed is seen to be none: it is empty, or has another name.
            let _ = fs::remove_file(&self.partial);
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn create(path: &Path) -> Result<(), BackupError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(BackupError::Exists { path: path.to_owned() })
        }
        Err(source) => Err(BackupError::Write { path: path.to_owned(), source }),
    }
}
