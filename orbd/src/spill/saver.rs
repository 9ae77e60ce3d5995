//! The thread that writes the spill file, so that a disk that hangs holds up nobody.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::backlog::{Backlog, Task, Waiting};
use super::error::SpillError;
use super::file::{SpillFile, remove};
use super::line::{Head, Line};

/// The wait after a write that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Owns the spill file.
pub(super) struct Saver {
    backlog: Arc<Backlog>,
    path: PathBuf,
    head: Head,
    file: Option<SpillFile>,
}

impl Saver {
    pub(super) const fn new(backlog: Arc<Backlog>, path: PathBuf, head: Head) -> Self {
        Self { backlog, path, head, file: None }
    }

    /// Saves what it is told to until the end.
    pub(super) fn run(mut self) {
        loop {
            match self.backlog.task() {
                Task::Save(bundles) => match self.save(&bundles) {
                    Ok(()) => self.backlog.saved(&bundles),
                    Err(error) => {
                        if self.backlog.not_saved(&error.to_string(), PAUSE) {
                            return;
                        }
                    }
                },
                Task::Remove => self.remove(),
                Task::Close => return,
            }
        }
    }

    fn save(&mut self, bundles: &[Waiting]) -> Result<(), SpillError> {
        let mut text = Vec::new();
        for waiting in bundles {
            Line::write(waiting.number, &waiting.bundle, &mut text);
        }
        let file = match &mut self.file {
            Some(file) => file,
            empty => empty.insert(SpillFile::create(&self.path, &self.head)?),
        };
        file.append(&text)
    }

    fn remove(&mut self) {
        let removed = match self.file.take() {
            Some(file) => file.remove(),
            None if self.path.exists() => remove(&self.path),
            None => Ok(()),
        };
        if let Err(error) = removed {
            // All that is in it has been committed; the next start finds that out and tries again.
            tracing::warn!(component = "Store", "{error}");
        }
    }
}
