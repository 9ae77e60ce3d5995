//! Where a run writes: checked before it begins, and written all or none after it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Names one output: the flag that asks for it, and its file.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// As it is typed, `--trades`.
    pub flag: &'static str,
    /// The file.
    pub path: &'a Path,
}

/// Explains why a file cannot be written; what stood there before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The system refuses.
    #[error("cannot write {}: {source}; choose a folder that exists and that you may write to", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A folder is there already.
    #[error("{flag}: cannot write {}: it is a folder; name a file", path.display())]
    IsFolder {
        /// The flag.
        flag: &'static str,
        /// The folder.
        path: PathBuf,
    },
    /// Its folder is not there.
    #[error("{flag}: cannot write {}: there is no folder for it; make the folder, or choose another", path.display())]
    NoFolder {
        /// The flag.
        flag: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Two outputs have one file.
    #[error("{first} and {second} both name {}: give each a file of its own", path.display())]
    Twice {
        /// One flag.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The file holds bars of the run.
    #[error("{flag}: {} holds bars that the run reads: choose another file", path.display())]
    IsInput {
        /// The flag.
        flag: &'static str,
        /// The file.
        path: PathBuf,
    },
}

/// Checks outputs before a run that may take long: each has a folder and a file of its own that holds no bars.
///
/// # Errors
/// Names the flag and the file.
pub fn check_outputs(outputs: &[Output<'_>], inputs: &[&Path]) -> Result<(), OutputError> {
    for (index, &Output { flag, path }) in outputs.iter().enumerate() {
        let place = place(path).ok_or_else(|| OutputError::NoFolder { flag, path: path.to_owned() })?;
        if place.is_dir() {
            return Err(OutputError::IsFolder { flag, path: path.to_owned() });
        }
        let is_input = |input: &&Path| input.canonicalize().is_ok_and(|input| place.starts_with(input));
        if place.is_file() && inputs.iter().any(is_input) {
            return Err(OutputError::IsInput { flag, path: path.to_owned() });
        }
        let other = outputs[..index].iter().find(|other| self::place(other.path).as_ref() == Some(&place));
        if let Some(Output { flag: first, .. }) = other {
            return Err(OutputError::Twice { first, second: flag, path: path.to_owned() });
        }
    }
    Ok(())
}

/// Returns where a path leads, whatever way it goes; `None` where its folder is missing.
fn place(path: &Path) -> Option<PathBuf> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let folder = parent.canonicalize().ok().filter(|folder| folder.is_dir())?;
    Some(path.canonicalize().unwrap_or_else(|_| folder.join(path.file_name().unwrap_or_default())))
}

/// Writes files, all or none: each beside its place first, then all are moved there.
///
/// # Errors
/// When one may not be written; then nothing is left of the others either.
pub fn save_all(files: &[(&Path, Vec<u8>)]) -> Result<(), OutputError> {
    let written = stage(files).and_then(|()| files.iter().try_for_each(|(path, content)| publish(path, content)));
    if written.is_err() {
        for (path, _) in files {
            // Nothing may stay behind; the first error is the one to tell.
            let _ = fs::remove_file(part(path));
        }
    }
    written
}

fn stage(files: &[(&Path, Vec<u8>)]) -> Result<(), OutputError> {
    for (path, content) in files.iter().filter(|(path, _)| !is_device(path)) {
        fs::write(part(path), content).map_err(failed(path))?;
    }
    Ok(())
}

fn publish(path: &Path, content: &[u8]) -> Result<(), OutputError> {
    let done = if is_device(path) { fs::write(path, content) } else { fs::rename(part(path), path) };
    done.map_err(failed(path))
}

/// Tells whether a path is a terminal, a pipe or the like, which is written to and never replaced.
pub(super) fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

fn part(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> OutputError {
    |source| OutputError::Write { path: path.to_owned(), source }
}
