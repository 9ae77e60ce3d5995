//! Which commands of a rehearsal got their reply, so that one that goes on does not give them again.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use orb_core::Timestamp;

use crate::daemon::Folder;

/// A file with a line for each command that was carried out: the instant from which it was in force, in microseconds.
#[derive(Debug)]
pub(super) struct Noted(PathBuf);

impl Noted {
    /// Returns the file of a folder; it may not be there yet.
    pub(super) fn of(folder: &Folder) -> Self {
        Self(folder.path().join("commands"))
    }

    /// Reads it, in the order of the commands.
    ///
    /// # Errors
    /// When it cannot be read, or holds something else.
    pub(super) fn read(&self) -> anyhow::Result<Vec<Timestamp>> {
        let help = || format!("{} is no rehearsal's: use another folder", self.0.display());
        let text = match std::fs::read_to_string(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.with_context(help)?,
        };
        text.lines().map(|line| line.parse().map(Timestamp::from_micros).with_context(help)).collect()
    }

    /// Adds the next command.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn add(&self, at: Timestamp) -> anyhow::Result<()> {
        let opened = File::options().create(true).append(true).open(&self.0);
        let written = opened.and_then(|mut file| file.write_all(format!("{}\n", at.micros()).as_bytes()));
        written.with_context(|| format!("cannot write {}", self.0.display()))
    }
}
