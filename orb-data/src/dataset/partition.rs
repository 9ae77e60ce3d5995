//! One session of a dataset: its manifest, and the files that it names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::DatasetError;
use super::write_whole;
use crate::bars::BarSet;
use crate::write::{WriteError, write_parquet};

const MANIFEST_NAME: &str = "manifest.json";

/// Says what belongs to a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Partition {
    /// The files, the oldest first.
    pub(super) parts: Vec<Part>,
    /// The symbols whose bars were asked for, in order; some of them may have none.
    pub(super) asked: Vec<String>,
}

/// Describes a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Its name in the session's folder.
    pub(super) file: String,
    /// How many bars or other rows it has.
    #[serde(rename = "bars")]
    pub(super) rows: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub(super) sha256: String,
}

impl Partition {
    /// Reads the manifest of a session's folder; `None` where there is none, as after an interrupted first import.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, DatasetError> {
        let path = folder.join(MANIFEST_NAME);
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map(Some).map_err(|source| DatasetError::unreadable(&path, source)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DatasetError::io(&path, source)),
        }
    }

    /// Makes this the state of the session.
    pub(super) fn commit(&self, folder: &Path) -> Result<(), DatasetError> {
        let text = serde_json::to_string(self).expect("names and numbers are JSON");
        write_whole(&folder.join(MANIFEST_NAME), &format!("{text}\n"))
    }

    /// Returns where its files are.
    pub(super) fn files(&self, folder: &Path) -> Vec<PathBuf> {
        self.parts.iter().map(|part| folder.join(&part.file)).collect()
    }

    /// Returns how many bars or other rows it has.
    pub(super) fn rows(&self) -> u64 {
        self.parts.iter().map(|part| part.rows).sum()
    }

    /// Adds symbols to those that were asked for.
    pub(super) fn ask(&mut self, symbols: impl IntoIterator<Item = String>) {
        self.asked.extend(symbols);
        self.asked.sort_unstable();
        self.asked.dedup();
    }

    /// Writes bars to a file of a new name, which counts once a manifest that names it is committed.
    pub(super) fn write_part(&self, folder: &Path, bars: &BarSet) -> Result<Part, DatasetError> {
        self.write(folder, bars.len(), |path| write_parquet(path, bars))
    }

    /// Lets rows be written to a file of a new name, which counts once a manifest that names it is committed.
    pub(super) fn write(
        &self,
        folder: &Path,
        rows: usize,
        write: impl FnOnce(&Path) -> Result<(), WriteError>,
    ) -> Result<Part, DatasetError> {
        fs::create_dir_all(folder).map_err(|source| DatasetError::io(folder, source))?;
        let file = self.free_name(folder);
        let path = folder.join(&file);
        write(&path)?;
        let io = |source| DatasetError::io(&path, source);
        fs::File::open(&path).map_err(io)?.sync_all().map_err(io)?;
        Ok(Part { file, rows: rows as u64, sha256: digest(&path)? })
    }

    /// Returns a name that no file of the folder has, be it listed or left over.
    fn free_name(&self, folder: &Path) -> String {
        let name = |number: usize| format!("part-{number:04}.parquet");
        let is_free = |name: &String| !folder.join(name).exists();
        (self.parts.len() + 1..).map(name).find(is_free).expect("a folder has fewer files than there are numbers")
    }
}

/// Returns the SHA-256 of a file's bytes, in hexadecimal.
pub(super) fn digest(path: &Path) -> Result<String, DatasetError> {
    let io = |source| DatasetError::io(path, source);
    let mut hasher = Sha256::new();
    let mut file = fs::File::open(path).map_err(io)?;
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let read = io::Read::read(&mut file, &mut buffer).map_err(io)?;
        if read == 0 {
            return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hasher.update(&buffer[..read]);
    }
}

/// Lists what is in a session's folder and belongs to nothing.
pub(super) fn left_over(folder: &Path, partition: Option<&Partition>) -> Result<Vec<PathBuf>, DatasetError> {
    let io = |source| DatasetError::io(folder, source);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        let is_listed = partition.is_some_and(|partition| partition.parts.iter().any(|part| name == *part.file));
        let is_manifest = partition.is_some() && name == MANIFEST_NAME;
        if !is_listed && !is_manifest {
            found.push(folder.join(name));
        }
    }
    found.sort_unstable();
    Ok(found)
}
