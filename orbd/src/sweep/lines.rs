//! Finding the lines of a results file without holding them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use serde::Deserialize;

use super::record::{FORM, Header};
use super::results_error::{Difference, ResultsError};
use super::shard::Shard;

/// Every results file begins with this.
const BEGINNING: &[u8] = br#"{"orb_sweep":"#;

/// Says where a line lies in its file, its end of line included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: usize,
}

/// Holds what a file has.
#[derive(Debug)]
pub(super) struct Lines {
    /// The header; `None` where not even that was written whole.
    pub(super) header: Option<Header>,
    /// Where each combination's record lies.
    pub(super) places: BTreeMap<usize, Place>,
    /// End of the last whole line: what follows was torn off.
    pub(super) whole: u64,
    /// Length of the file.
    pub(super) length: u64,
    /// Whether the records are in order of number.
    pub(super) in_order: bool,
}

/// What is looked at of a record to find it.
#[derive(Deserialize)]
struct Numbered {
    combination: usize,
}

/// Finds the lines of a file.
///
/// A last line that is torn is left out: a process that was killed had not finished it.
///
/// # Errors
/// When the file holds something else, or a line before the last is damaged.
pub(super) fn find(path: &Path, file: &File) -> Result<Lines, ResultsError> {
    let failed = |source| ResultsError::Read { path: path.to_owned(), source };
    let mut reader = BufReader::with_capacity(1 << 16, file);
    reader.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut lines = Lines { header: None, places: BTreeMap::new(), whole: 0, length: 0, in_order: true };
    let mut damaged = None;
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let length = reader.read_until(b'\n', &mut bytes).map_err(failed)?;
        if length == 0 {
            break;
        }
        lines.length += length as u64;
        if let Some(error) = damaged {
            return Err(error);
        }
        damaged = lines.add(path, line, &bytes)?;
    }
    Ok(lines)
}

impl Lines {
    /// Takes a line; returns what is wrong with it where that is forgiven to the last line alone.
    fn add(&mut self, path: &Path, line: usize, bytes: &[u8]) -> Result<Option<ResultsError>, ResultsError> {
        let is_whole = bytes.last() == Some(&b'\n');
        let problem = if line == 1 {
            let starts = bytes.len().min(BEGINNING.len());
            if bytes[..starts] != BEGINNING[..starts] {
                return Err(ResultsError::NotResults { path: path.to_owned() });
            }
            self.take_header(path, bytes, is_whole)?
        } else {
            self.take_record(bytes, is_whole)
        };
        match problem {
            None => self.whole += bytes.len() as u64,
            Some(problem) => return Ok(Some(ResultsError::Damaged { path: path.to_owned(), line, problem })),
        }
        Ok(None)
    }

    fn take_header(&mut self, path: &Path, bytes: &[u8], is_whole: bool) -> Result<Option<String>, ResultsError> {
        if !is_whole {
            return Ok(Some("it has no end".to_owned()));
        }
        match serde_json::from_slice::<Header>(bytes) {
            Ok(header) if header.orb_sweep == FORM && header.shard.parse::<Shard>().is_ok() => {
                self.header = Some(header);
                Ok(None)
            }
            Ok(_) | Err(_) => Err(ResultsError::Differs { path: path.to_owned(), what: Difference::Form }),
        }
    }

    fn take_record(&mut self, bytes: &[u8], is_whole: bool) -> Option<String> {
        if !is_whole {
            return Some("it has no end".to_owned());
        }
        let number = match serde_json::from_slice::<Numbered>(bytes) {
            Ok(numbered) => numbered.combination,
            Err(error) => return Some(error.to_string()),
        };
        let belongs = |header: &Header| {
            let shard = header.shard.parse().unwrap_or(Shard::WHOLE);
            (1..=header.combinations).contains(&number) && shard.has(number)
        };
        if !self.header.as_ref().is_some_and(belongs) {
            return Some(format!("combination {number} does not belong here"));
        }
        self.in_order &= self.places.last_key_value().is_none_or(|(&last, _)| last < number);
        let place = Place { offset: self.whole, length: bytes.len() };
        self.places.insert(number, place).map(|_| format!("combination {number} is there twice"))
    }
}

/// Reads a line again.
pub(super) fn read(file: &mut File, place: Place, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.resize(place.length, 0);
    file.seek(SeekFrom::Start(place.offset))?;
    file.read_exact(bytes)
}
