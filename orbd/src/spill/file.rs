//! The spill file: appended to and synced, read line by line.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::error::SpillError;
use super::line::{Head, Line};

/// Bounds what a damaged file can make a reader allocate; no line of ours is nearly as long.
const LINE_BYTES_MAX: u64 = 1 << 28;

/// Appends to a spill file; while it is open no other process uses it.
#[derive(Debug)]
pub(super) struct SpillFile {
    path: PathBuf,
    file: File,
    /// Up to here it is whole and synced.
    length: u64,
}

impl SpillFile {
    /// Makes the file; one that is there already must have been merged before.
    pub(super) fn create(path: &Path, head: &Head) -> Result<Self, SpillError> {
        let io = |source| SpillError::Io { doing: "make", path: path.to_owned(), source };
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(io)?;
        lock(&file, path)?;
        file.set_len(0).map_err(io)?;
        let mut spill = Self { path: path.to_owned(), file, length: 0 };
        let mut text = Vec::new();
        head.write(&mut text);
        spill.append(&text)?;
        sync_folder(path).map_err(io)?;
        Ok(spill)
    }

    /// Appends whole lines and syncs them. What a failed write left behind is written over by the next.
    pub(super) fn append(&mut self, text: &[u8]) -> Result<(), SpillError> {
        let written = self.file.write_all_at(text, self.length).and_then(|()| self.file.sync_data());
        written.map_err(|source| SpillError::Io { doing: "write", path: self.path.clone(), source })?;
        self.length += text.len() as u64;
        Ok(())
    }

    /// Removes the file: all that is in it has been committed.
    pub(super) fn remove(self) -> Result<(), SpillError> {
        remove(&self.path)
    }
}

/// Removes a spill file for good.
pub(super) fn remove(path: &Path) -> Result<(), SpillError> {
    let removed = fs::remove_file(path).and_then(|()| sync_folder(path));
    removed.map_err(|source| SpillError::Io { doing: "remove", path: path.to_owned(), source })
}

/// Makes a file's name or its end survive the end of the machine.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}

fn lock(file: &File, path: &Path) -> Result<(), SpillError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => SpillError::InUse { path: path.to_owned() },
        TryLockError::Error(source) => SpillError::Io { doing: "lock", path: path.to_owned(), source },
    })
}

/// Reads a spill file from its beginning.
#[derive(Debug)]
pub(super) struct SpillReader {
    path: PathBuf,
    lines: BufReader<File>,
    line: u64,
    buffer: Vec<u8>,
    torn: bool,
}

impl SpillReader {
    /// Opens the file of this process.
    pub(super) fn open(path: &Path) -> Result<Self, SpillError> {
        let io = |source| SpillError::Io { doing: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        Ok(Self { path: path.to_owned(), lines: BufReader::new(file), line: 0, buffer: Vec::new(), torn: false })
    }

    /// Opens a file that was left behind, for this process alone.
    pub(super) fn open_left_behind(path: &Path) -> Result<Self, SpillError> {
        let reader = Self::open(path)?;
        lock(reader.lines.get_ref(), path)?;
        Ok(reader)
    }

    /// Reads the first line; `None` when it was not written to its end.
    pub(super) fn head(&mut self) -> Result<Option<Head>, SpillError> {
        self.next_with(Head::read)
    }

    /// Reads the next bundle; `None` at the end. A last line that was not written to its end is no line: nothing
    /// followed from it.
    pub(super) fn next(&mut self) -> Result<Option<Line>, SpillError> {
        self.next_with(Line::read)
    }

    /// Tells whether the last line was not written to its end.
    pub(super) const fn is_torn(&self) -> bool {
        self.torn
    }

    fn next_with<T>(&mut self, read: impl FnOnce(&[u8]) -> Result<T, String>) -> Result<Option<T>, SpillError> {
        if self.torn {
            return Ok(None);
        }
        let io = |source| SpillError::Io { doing: "read", path: self.path.clone(), source };
        self.buffer.clear();
        let length = (&mut self.lines).take(LINE_BYTES_MAX).read_until(b'\n', &mut self.buffer).map_err(io)?;
        if length == 0 {
            return Ok(None);
        }
        self.line += 1;
        let is_last = self.lines.fill_buf().map_err(io)?.is_empty();
        let Some(whole) = self.buffer.strip_suffix(b"\n").filter(|line| !(is_last && line.contains(&0))) else {
            // The machine stopped while it was written: the end is missing, or a block in it.
            self.torn = is_last;
            return if is_last { Ok(None) } else { Err(self.damaged("the line is too long".to_owned())) };
        };
        match read(whole) {
            Ok(value) => Ok(Some(value)),
            Err(problem) => Err(self.damaged(problem)),
        }
    }

    /// Says what is wrong with the line that was read last.
    pub(super) fn damaged(&self, problem: String) -> SpillError {
        SpillError::Damaged { path: self.path.clone(), line: self.line, problem }
    }
}
