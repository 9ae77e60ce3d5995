//! The file that a search writes while it runs, and continues from after an interruption.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::lines::{self, Lines, Place};
use super::record::{Header, Record};
use super::results_error::{Difference, ResultsError};

/// Appends records to a results file, each written whole and at once: whoever kills the process loses what was under
/// way, and nothing else.
#[derive(Debug)]
pub struct ResultsFile {
    path: PathBuf,
    file: File,
    done: BTreeSet<usize>,
    repaired: bool,
}

impl ResultsFile {
    /// Opens the results of a search, new or begun before. A last line that was torn off is removed.
    ///
    /// # Errors
    /// When the file belongs to another search or another process, is something else, or is damaged.
    pub fn open(path: &Path, header: &Header) -> Result<Self, ResultsError> {
        let failed = |source| ResultsError::Write { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ResultsError::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let Lines { header: found, places, whole, length, .. } = lines::find(path, &file)?;
        if let Some(what) = found.as_ref().and_then(|found| difference(found, header)) {
            return Err(ResultsError::Differs { path: path.to_owned(), what });
        }
        if whole < length {
            file.set_len(whole).map_err(failed)?;
        }
        file.seek(SeekFrom::Start(whole)).map_err(failed)?;
        let mut results =
            Self { path: path.to_owned(), file, done: places.into_keys().collect(), repaired: whole < length };
        if found.is_none() {
            results.write(header)?;
        }
        Ok(results)
    }

    /// Returns the numbers of the combinations that are finished.
    #[must_use]
    pub const fn done(&self) -> &BTreeSet<usize> {
        &self.done
    }

    /// Tells whether a torn line was removed.
    #[must_use]
    pub const fn is_repaired(&self) -> bool {
        self.repaired
    }

    /// Appends a record.
    ///
    /// # Errors
    /// When the system refuses; what was finished before is kept.
    pub fn append(&mut self, record: &Record) -> Result<(), ResultsError> {
        self.write(record)?;
        self.done.insert(record.combination);
        Ok(())
    }

    /// Ends the search: puts the records in order, so that the file is the same whatever threads and interruptions
    /// made it.
    ///
    /// # Errors
    /// When the system refuses; the records are kept as they were.
    pub fn finish(self) -> Result<(), ResultsError> {
        let failed = |source| ResultsError::Write { path: self.path.clone(), source };
        let found = lines::find(&self.path, &self.file)?;
        if found.in_order {
            return self.file.sync_all().map_err(failed);
        }
        let Some(header) = found.header else { return Ok(()) };
        let mut source = self.file.try_clone().map_err(failed)?;
        let places = found.places.into_values().map(|place| (0, place));
        save(&self.path, &header, &mut [&mut source], places).map_err(failed)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), ResultsError> {
        let written = self.file.write_all(&to_line(line));
        written.map_err(|source| ResultsError::Write { path: self.path.clone(), source })
    }
}

/// Tells what keeps two headers from describing parts of one search.
pub(super) fn search_difference(one: &Header, other: &Header) -> Option<Difference> {
    let (one, other) = (&one.fingerprint, &other.fingerprint);
    let parts = [
        (&one.grid, &other.grid, Difference::Grid),
        (&one.data, &other.data, Difference::Data),
        (&one.build, &other.build, Difference::Build),
    ];
    parts.into_iter().find(|(one, other, _)| one != other).map(|(.., what)| what)
}

fn difference(one: &Header, other: &Header) -> Option<Difference> {
    search_difference(one, other).or_else(|| (one.shard != other.shard).then_some(Difference::Shard))
}

/// Writes a header and lines of other files, beside the place first.
///
/// `lines`: number of the source and place in it, in order of combination.
pub(super) fn save(
    path: &Path,
    header: &Header,
    sources: &mut [&mut File],
    lines: impl Iterator<Item = (usize, Place)>,
) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = copy(&part, header, sources, lines).and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&part);
    }
    written
}

fn copy(
    part: &Path,
    header: &Header,
    sources: &mut [&mut File],
    lines: impl Iterator<Item = (usize, Place)>,
) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(part)?);
    out.write_all(&to_line(header))?;
    let mut bytes = Vec::new();
    for (source, place) in lines {
        lines::read(sources[source], place, &mut bytes)?;
        out.write_all(&bytes)?;
    }
    out.into_inner()?.sync_all()
}

fn to_line(line: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(line).expect("headers and records have texts for keys");
    bytes.push(b'\n');
    bytes
}
