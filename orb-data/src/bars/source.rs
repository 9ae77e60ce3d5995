//! Which files there are to read.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{DataError, Place, RowNumber};
use crate::dataset;

/// Tells how a file is encoded, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    CsvGz,
    Parquet,
}

impl Format {
    /// Returns the format that a file's name stands for; `None` for a name of another kind.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let formats = [(".csv", Self::Csv), (".csv.gz", Self::CsvGz), (".parquet", Self::Parquet)];
        formats
            .into_iter()
            .find(|(ending, _)| name.len() > ending.len() && name.ends_with(ending))
            .map(|(_, format)| format)
    }
}

/// Represents a file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    /// Whether its bars are for features only.
    pub(super) is_warmup: bool,
}

impl Source {
    /// Returns the place of a row, counted as the format does.
    pub(crate) fn place(&self, number: u64) -> Place {
        let row = match self.format {
            Format::Csv | Format::CsvGz => RowNumber::Line(number),
            Format::Parquet => RowNumber::Row(number),
        };
        Place::new(&self.path, row)
    }

    /// Makes the error of the system's refusal to read this file.
    pub(crate) fn io_error(&self, source: io::Error) -> DataError {
        io_error(&self.path, source)
    }
}

fn io_error(path: &Path, source: io::Error) -> DataError {
    match source.kind() == io::ErrorKind::NotFound {
        true => DataError::NotFound { path: path.to_owned() },
        false => DataError::Io { path: path.to_owned(), source },
    }
}

/// Lists the files of some paths, in the order of the paths and by name within folders; a file met twice counts once.
pub(crate) fn find(paths: &[PathBuf], is_warmup: bool) -> Result<Vec<Source>, DataError> {
    let mut sources = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|source| io_error(path, source))?;
        let files = if metadata.is_dir() { files_below(path)? } else { vec![named_file(path)?] };
        for (path, format) in files {
            let canonical = fs::canonicalize(&path).map_err(|source| io_error(&path, source))?;
            if seen.insert(canonical) {
                sources.push(Source { path, format, is_warmup });
            }
        }
    }
    Ok(sources)
}

fn named_file(path: &Path) -> Result<(PathBuf, Format), DataError> {
    let format = Format::of(path).ok_or_else(|| DataError::WrongExtension { path: path.to_owned() })?;
    Ok((path.to_owned(), format))
}

fn files_below(folder: &Path) -> Result<Vec<(PathBuf, Format)>, DataError> {
    let mut files = Vec::new();
    walk(folder, &mut BTreeSet::new(), &mut files)?;
    if files.is_empty() {
        return Err(DataError::NoFiles { path: folder.to_owned() });
    }
    Ok(files)
}

/// Collects the files of bars in a folder and those below it; hidden ones and loops of links are passed over, and of a
/// dataset only the files that belong to it count.
fn walk(folder: &Path, visited: &mut BTreeSet<PathBuf>, files: &mut Vec<(PathBuf, Format)>) -> Result<(), DataError> {
    let in_folder = |source| io_error(folder, source);
    if !visited.insert(fs::canonicalize(folder).map_err(in_folder)?) {
        return Ok(());
    }
    if folder.join(dataset::HEADER_NAME).exists() {
        let listed = dataset::files(folder).map_err(|error| DataError::Dataset(Box::new(error)))?;
        files.extend(listed.into_iter().map(|path| (path, Format::Parquet)));
        return Ok(());
    }
    let entries = fs::read_dir(folder).map_err(in_folder)?.collect::<Result<Vec<_>, _>>().map_err(in_folder)?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    for path in paths.into_iter().filter(|path| !is_hidden(path)) {
        if path.is_dir() {
            walk(&path, visited, files)?;
        } else if let Some(format) = Format::of(&path) {
            files.push((path, format));
        }
    }
    Ok(())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<Format>) {
        assert_eq!(Format::of(Path::new(name)), expected, "{name}");
    }

    #[test]
    fn tells_formats_by_name() {
        check("a/SPY.csv", Some(Format::Csv));
        check("SPY.CSV.GZ", Some(Format::CsvGz));
        check("x.y.parquet", Some(Format::Parquet));
        for name in ["SPY.txt", "SPY.gz", ".csv", "csv", "SPY.csv.bz2", ""] {
            check(name, None);
        }
    }

    #[test]
    fn finds_files_recursively_sorted_and_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("sub/empty")).expect("folders");
        for name in ["b.csv", "a.parquet", "notes.txt", ".hidden.csv", "sub/c.csv.gz"] {
            fs::write(root.join(name), "").expect("a file");
        }
        let found = find(&[root.to_owned(), root.join("b.csv")], false).expect("files");
        let names: Vec<_> = found.iter().map(|source| source.path.strip_prefix(root).expect("below")).collect();
        assert_eq!(names, [Path::new("a.parquet"), Path::new("b.csv"), Path::new("sub/c.csv.gz")]);
        assert!(matches!(find(&[root.join("sub/empty")], false), Err(DataError::NoFiles { .. })));
        assert!(matches!(find(&[root.join("notes.txt")], false), Err(DataError::WrongExtension { .. })));
        assert!(matches!(find(&[root.join("nothing.csv")], false), Err(DataError::NotFound { .. })));
    }
}
