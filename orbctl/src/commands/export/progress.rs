//! How far an export has come, in a file beside its output.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Kind};

const VERSION: u32 = 1;

/// What is written for good: the rows up to a page, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    version: u32,
    /// What is exported, in which format and with which filters.
    pub(super) task: String,
    /// The books that the rows belong to. Empty before the first page.
    pub(super) ledger_id: String,
    /// The token of the next page.
    pub(super) next_page: String,
    /// Rows that are written.
    pub(super) rows: u64,
    /// Bytes that they have.
    pub(super) bytes: u64,
}

impl Progress {
    /// Makes the progress of an export that has not begun.
    pub(super) fn none(task: String) -> Self {
        Self { version: VERSION, task, ledger_id: String::new(), next_page: String::new(), rows: 0, bytes: 0 }
    }
}

/// The files of an export beside its output.
#[derive(Debug)]
pub(super) struct Workplace {
    /// The rows so far.
    pub(super) partial: PathBuf,
    progress: PathBuf,
}

impl Workplace {
    /// Names the files that belong to an output.
    pub(super) fn beside(out: &Path) -> Self {
        Self { partial: with_suffix(out, ".partial"), progress: with_suffix(out, ".resume") }
    }

    /// Reads how far an interrupted export has come.
    ///
    /// Fails where there is none, or one of something else: its rows would not fit.
    pub(super) fn read(&self, task: &str) -> Result<Progress, Failure> {
        let place = self.progress.display();
        if !self.progress.exists() {
            let what = format!("there is no interrupted export: {place} is missing; leave --resume out");
            return Err(Failure::usage(what));
        }
        let text = fs::read_to_string(&self.progress).map_err(|error| cannot(&self.progress, &error))?;
        let damaged = |why: &str| Failure::usage(format!("{place} is damaged ({why}): start anew without --resume"));
        let progress: Progress = serde_json::from_str(&text).map_err(|error| damaged(&error.to_string()))?;
        if progress.version != VERSION {
            return Err(damaged(&format!("version {}, not {VERSION}", progress.version)));
        }
        if progress.task != task {
            return Err(Failure::usage(format!(
                "the interrupted export is another one ({}): give the same arguments, or start anew without --resume",
                progress.task
            )));
        }
        let length = fs::metadata(&self.partial).map_err(|error| cannot(&self.partial, &error))?.len();
        if length < progress.bytes {
            let place = self.partial.display();
            return Err(Failure::usage(format!("{place} is shorter than it was: start anew without --resume")));
        }
        Ok(progress)
    }

    /// Writes how far it has come; whoever reads finds the old or the new state, never half of one.
    pub(super) fn write(&self, progress: &Progress) -> Result<(), Failure> {
        let text = serde_json::to_vec(progress).expect("texts and numbers are JSON");
        let fresh = with_suffix(&self.progress, ".new");
        let written = File::create(&fresh).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&fresh, &self.progress)
        });
        written.map_err(|error| cannot(&self.progress, &error))
    }

    /// Forgets how far it has come; that there was nothing is no failure.
    pub(super) fn forget(&self) {
        drop(fs::remove_file(&self.progress));
    }

    /// Removes everything.
    pub(super) fn clear(&self) {
        self.forget();
        drop(fs::remove_file(&self.partial));
    }
}

/// Says that a file of an export cannot be used.
pub(super) fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Kind::Local, format!("cannot use {}: {error}", path.display()))
}

/// Returns a path with something at its end.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
