//! The symbols that a strategy may choose from, as a file has them.

use std::fs;
use std::path::{Path, PathBuf};

use orb_core::Symbol;
use orb_core::symbol::SymbolError;

/// Explains why the symbols cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CandidatesError {
    /// The file cannot be read.
    #[error("candidates: cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// A line is not a symbol.
    #[error("candidates: {}:{line}: {source}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        source: SymbolError,
    },
    /// There is no symbol in it.
    #[error("candidates: {} names no symbol; write one a line", .0.display())]
    Empty(PathBuf),
}

/// Reads the symbols of a file, one a line; what follows a `#` is a remark, and a symbol that is named twice counts once.
///
/// # Errors
/// Names the file and the line at fault.
pub(super) fn read(path: &Path) -> Result<Vec<Symbol>, CandidatesError> {
    let text = fs::read_to_string(path).map_err(|source| CandidatesError::Read { path: path.to_owned(), source })?;
    let mut symbols = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let name = content.split('#').next().unwrap_or_default().trim();
        if name.is_empty() {
            continue;
        }
        let symbol = Symbol::new(name);
        symbols.push(symbol.map_err(|source| CandidatesError::Line { path: path.to_owned(), line, source })?);
    }
    symbols.sort();
    symbols.dedup();
    if symbols.is_empty() { Err(CandidatesError::Empty(path.to_owned())) } else { Ok(symbols) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<&[&str], &str>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("symbols");
        fs::write(&path, text).expect("written");
        let found = read(&path).map(|symbols| symbols.iter().map(ToString::to_string).collect::<Vec<_>>());
        match (found, expect) {
            (Ok(found), Ok(expect)) => assert_eq!(found, expect, "{text}"),
            (Err(found), Err(expect)) => assert!(found.to_string().contains(expect), "{text}: {found}"),
            (found, expect) => panic!("{text}: {found:?}, and not {expect:?}"),
        }
    }

    #[test]
    fn a_file_names_a_symbol_a_line() {
        check("SPY\nqqq # the other\n\n# none\nSPY\n", Ok(&["QQQ", "SPY"]));
        check("SPY\nSPY QQQ\n", Err("symbols:2: `SPY QQQ` is not a symbol"));
        check("# none\n", Err("names no symbol; write one a line"));
        let missing = read(Path::new("/nowhere/symbols")).expect_err("no file").to_string();
        assert!(missing.contains("cannot read /nowhere/symbols"), "{missing}");
    }
}
