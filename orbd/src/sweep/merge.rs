//! Joins the results of all parts to those of the whole search.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::lines::{self, Lines};
use super::record::Header;
use super::results::{listed, whole};
use super::results_error::{Difference, ResultsError};
use super::results_file::{save, search_difference};
use super::shard::Shard;

/// Holds a part's file.
struct Part<'a> {
    path: &'a Path,
    file: File,
    lines: Lines,
    header: Header,
    shard: Shard,
}

/// Joins parts to the file that the unsharded search writes, byte for byte.
///
/// # Errors
/// When a part is missing, unfinished, there twice or of another search; then nothing is written.
pub fn merge(paths: &[PathBuf], out: &Path) -> Result<(), ResultsError> {
    let mut parts = paths.iter().map(|path| Part::open(path)).collect::<Result<Vec<_>, _>>()?;
    let same = |path: &Path| path.canonicalize().ok().is_some_and(|path| out.canonicalize().ok() == Some(path));
    if parts.iter().any(|part| same(part.path)) {
        return Err(ResultsError::IsInput { path: out.to_owned() });
    }
    check_one_search(&parts)?;
    check_each_once(&mut parts)?;
    for part in &parts {
        whole(part.path, &part.lines)?;
    }
    let numbered = |(index, part): (usize, &Part<'_>)| {
        part.lines.places.iter().map(move |(&number, &place)| (number, index, place)).collect::<Vec<_>>()
    };
    let mut places: Vec<_> = parts.iter().enumerate().flat_map(numbered).collect();
    places.sort_unstable_by_key(|&(number, ..)| number);
    let header = Header { shard: Shard::WHOLE.to_string(), ..parts[0].header.clone() };
    let mut files: Vec<_> = parts.iter_mut().map(|part| &mut part.file).collect();
    let lines = places.into_iter().map(|(_, index, place)| (index, place));
    save(out, &header, &mut files, lines).map_err(|source| ResultsError::Write { path: out.to_owned(), source })
}

impl<'a> Part<'a> {
    fn open(path: &'a Path) -> Result<Self, ResultsError> {
        let file = File::open(path).map_err(|source| ResultsError::Read { path: path.to_owned(), source })?;
        let lines = lines::find(path, &file)?;
        let none = || ResultsError::NotResults { path: path.to_owned() };
        let header = lines.header.clone().ok_or_else(none)?;
        let shard = header.shard.parse().map_err(|_| none())?;
        Ok(Self { path, file, lines, header, shard })
    }
}

fn check_one_search(parts: &[Part<'_>]) -> Result<(), ResultsError> {
    let first = &parts[0];
    let differs = |part: &Part<'_>| {
        let shards = (part.shard.count != first.shard.count).then_some(Difference::Shard);
        search_difference(&first.header, &part.header).or(shards).map(|what| (part.path.to_owned(), what))
    };
    parts
        .iter()
        .find_map(differs)
        .map_or(Ok(()), |(second, what)| Err(ResultsError::Mixed { first: first.path.to_owned(), second, what }))
}

fn check_each_once(parts: &mut [Part<'_>]) -> Result<(), ResultsError> {
    parts.sort_by_key(|part| part.shard);
    if let Some([one, other]) = parts.array_windows().find(|[one, other]| one.shard == other.shard) {
        let (first, second) = (one.path.to_owned(), other.path.to_owned());
        return Err(ResultsError::PartTwice { first, second, shard: one.shard.to_string() });
    }
    let count = parts[0].shard.count;
    let missing: Vec<usize> =
        (1..=count).filter(|&index| !parts.iter().any(|part| part.shard.index == index)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(ResultsError::PartMissing { many: missing.len() > 1, missing: listed(&missing), count })
}
