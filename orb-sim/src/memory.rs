//! What a simulator remembers on disk: an account does not forget its orders because a process was killed.
//!
//! Two files: the requests that changed something, a line of JSON each, written before they are carried out; and the
//! time that was reached. Everything between them follows from the bars, so a simulator that is started again plays
//! the same market, carries out the same requests at the same times, and stands where it stood.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use orb_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::http::Request;

/// Says where a simulator keeps its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryConfig {
    /// The file of the requests; the time is kept beside it, in a file of the same name that ends in `.time`.
    pub path: PathBuf,
    /// Names the bars and settings: the memory of others is refused.
    pub fingerprint: String,
}

/// Explains why a memory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// A file cannot be read or written.
    #[error("cannot use the simulator's memory {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line in the middle cannot be understood.
    #[error("{}:{line}: not a line of a simulator's memory; use another file", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// It belongs to other bars or settings.
    #[error("{} belongs to another session ({found}, not {wanted}); use another file", path.display())]
    OtherSession {
        /// The file.
        path: PathBuf,
        /// What it belongs to.
        found: String,
        /// What was asked for.
        wanted: String,
    },
}

/// Writes down what must not be forgotten.
#[derive(Debug)]
pub(crate) struct Memory {
    requests: File,
    time: File,
    reached: Timestamp,
}

/// Holds what was remembered.
#[derive(Debug, Default)]
pub(crate) struct Recalled {
    /// The requests with their times, in order.
    pub(crate) requests: Vec<(Timestamp, Request)>,
    /// The time that was reached; `None` for a fresh memory.
    pub(crate) reached: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// What the memory belongs to; the first line.
    Session(String),
    Request(Remembered),
}

#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    at: i64,
    method: String,
    path: String,
    query: Vec<(String, String)>,
    body: String,
}

impl Memory {
    /// Opens a memory, or begins one.
    ///
    /// A last line that was cut off was never carried out, and is dropped.
    ///
    /// # Errors
    /// When the files cannot be used, or belong to another session.
    pub(crate) fn open(config: &MemoryConfig) -> Result<(Self, Recalled), MemoryError> {
        let path = &config.path;
        let io = |source| MemoryError::Io { path: path.clone(), source };
        let lines = match File::open(path) {
            Ok(file) => read(path, file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(io(error)),
        };
        if let Some(Line::Session(found)) = lines.first().filter(|first| !is_of(first, &config.fingerprint)) {
            let (found, wanted) = (found.clone(), config.fingerprint.clone());
            return Err(MemoryError::OtherSession { path: path.clone(), found, wanted });
        }
        let requests = rewrite(path, &lines, &config.fingerprint).map_err(io)?;
        let time_path = path.with_extension("time");
        let time = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&time_path);
        let time = time.map_err(|source| MemoryError::Io { path: time_path, source })?;
        let requests_before: Vec<_> = lines.into_iter().filter_map(request).collect();
        // A client may have woken and asked between two events, of which alone the time is noted.
        let reached = reached(&time).max(requests_before.last().map(|(at, _)| *at));
        let recalled = Recalled { requests: requests_before, reached };
        let memory = Self { requests, time, reached: recalled.reached.unwrap_or(Timestamp::MIN) };
        Ok((memory, recalled))
    }

    /// Writes a request down before it is carried out.
    ///
    /// # Errors
    /// When it cannot be written: then it must not be carried out.
    pub(crate) fn note_request(&mut self, at: Timestamp, request: &Request) -> io::Result<()> {
        let line = Line::Request(Remembered {
            at: at.micros(),
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
        });
        self.requests.write_all(&encode(&line))
    }

    /// Notes the time that was reached; a time that cannot be written is reached again.
    pub(crate) fn note_time(&mut self, now: Timestamp) {
        if now > self.reached {
            self.reached = now;
            let _ = self.time.write_all_at(&now.micros().to_le_bytes(), 0);
        }
    }
}

/// Tells whether a request changes anything that must be remembered.
pub(crate) fn changes(request: &Request) -> bool {
    request.method != "GET" && request.method != "HEAD"
}

fn is_of(line: &Line, fingerprint: &str) -> bool {
    matches!(line, Line::Session(found) if found == fingerprint)
}

fn request(line: Line) -> Option<(Timestamp, Request)> {
    match line {
        Line::Session(_) => None,
        Line::Request(Remembered { at, method, path, query, body }) => {
            Some((Timestamp::from_micros(at), Request { method, path, query, body: body.into_bytes() }))
        }
    }
}

fn reached(time: &File) -> Option<Timestamp> {
    let mut bytes = [0; 8];
    time.read_exact_at(&mut bytes, 0).ok()?;
    Some(Timestamp::from_micros(i64::from_le_bytes(bytes)))
}

/// Writes the whole lines anew, without what was cut off, and goes on after them.
fn rewrite(path: &Path, lines: &[Line], fingerprint: &str) -> io::Result<File> {
    let part = path.with_extension("part");
    let first = lines.is_empty().then(|| Line::Session(fingerprint.to_owned()));
    let text: Vec<u8> = lines.iter().chain(&first).flat_map(encode).collect();
    std::fs::write(&part, text)?;
    std::fs::rename(&part, path)?;
    OpenOptions::new().append(true).open(path)
}

fn encode(line: &Line) -> Vec<u8> {
    let mut text = serde_json::to_vec(line).expect("a line of the memory is always valid JSON");
    text.push(b'\n');
    text
}

fn read(path: &Path, file: File) -> Result<Vec<Line>, MemoryError> {
    let texts: Result<Vec<String>, _> = BufReader::new(file).lines().collect();
    let texts = texts.map_err(|source| MemoryError::Io { path: path.to_owned(), source })?;
    let mut lines = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match serde_json::from_str(text) {
            Ok(line) if matches!(line, Line::Session(_)) == (index == 0) => lines.push(line),
            Err(_) if index + 1 == texts.len() && index > 0 => break,
            Ok(_) | Err(_) => return Err(MemoryError::Damaged { path: path.to_owned(), line: index + 1 }),
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(symbol: &str) -> Request {
        let body = format!("{{\"symbol\":\"{symbol}\"}}").into_bytes();
        Request { method: "POST".to_owned(), path: "/v2/orders".to_owned(), query: Vec::new(), body }
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn requests_and_time_come_back_and_a_line_that_was_cut_off_does_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = MemoryConfig { path: folder.path().join("memory.jsonl"), fingerprint: "a".to_owned() };
        let (mut memory, recalled) = Memory::open(&config).expect("a fresh memory");
        assert!(recalled.requests.is_empty() && recalled.reached.is_none());
        memory.note_request(at(5), &order("A")).expect("written");
        memory.note_time(at(7));
        memory.note_time(at(6));
        memory.note_request(at(9), &order("B")).expect("written");
        memory.requests.write_all(b"{\"request\":{\"at\":8,\"meth").expect("written");
        drop(memory);
        for _ in 0..2 {
            let (_, recalled) = Memory::open(&config).expect("opened again");
            assert_eq!(recalled.requests, [(at(5), order("A")), (at(9), order("B"))]);
            assert_eq!(recalled.reached, Some(at(9)), "the time of the last request was reached");
        }
    }

    #[test]
    fn what_is_not_one_s_own_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("memory.jsonl");
        let open = |fingerprint: &str| {
            Memory::open(&MemoryConfig { path: path.clone(), fingerprint: fingerprint.to_owned() }).map(|_| ())
        };
        open("a").expect("a fresh memory");
        assert!(matches!(open("b"), Err(MemoryError::OtherSession { .. })));
        std::fs::write(&path, "{\"session\":\"a\"}\nnonsense\n{\"session\":\"a\"}\n").expect("written");
        assert!(matches!(open("a"), Err(MemoryError::Damaged { line: 2, .. })));
        std::fs::write(&path, "some other file\n").expect("written");
        assert!(matches!(open("a"), Err(MemoryError::Damaged { line: 1, .. })));
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "some other file\n", "it is left as it was");
    }
}
