//! The daemon's own token: a file in its folder that only its owner may read.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use orb_api::{Token, TokenError};
use thiserror::Error;

use super::secret::new_secret;

/// A token file is a line; more than this is some other file.
const TOKEN_FILE_BYTES_MAX: u64 = 4096;

/// Explains why there is no usable token file.
#[derive(Debug, Error)]
pub enum TokenFileError {
    /// It cannot be made, read or written.
    #[error("cannot use the token file {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than the owner may read it.
    #[error("the token file {} can be read by others (mode {mode:03o}): run `chmod 600` on it", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It does not hold a token.
    #[error("the token file {} holds no token ({source}): delete it, and a new one is made", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: TokenError,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a token: {0}")]
    Random(getrandom::Error),
}

/// Reads the token in a file, or makes a random one there that only the owner may read (mode 0600).
///
/// # Errors
/// [`TokenFileError`] when the file cannot be made or read, is open to others, or holds no token.
pub fn read_or_create_token(path: &Path) -> Result<Token, TokenFileError> {
    let failed = |source| TokenFileError::Io { path: path.to_owned(), source };
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => write_token(file, path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_token(path),
        Err(error) => Err(failed(error)),
    }
}

fn write_token(mut file: fs::File, path: &Path) -> Result<Token, TokenFileError> {
    let failed = |source| TokenFileError::Io { path: path.to_owned(), source };
    let text = new_secret().map_err(TokenFileError::Random)?;
    file.write_all(format!("{text}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    parse(&text, path)
}

fn read_token(path: &Path) -> Result<Token, TokenFileError> {
    let failed = |source| TokenFileError::Io { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(TokenFileError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(TOKEN_FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<Token, TokenFileError> {
    Token::parse(text).map_err(|source| TokenFileError::Invalid { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::secret::SECRET_BYTES;

    #[test]
    fn a_token_file_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let made = read_or_create_token(&path).unwrap();
        assert_eq!(made.expose().len(), 2 * SECRET_BYTES);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(read_or_create_token(&path).unwrap() == made);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = read_or_create_token(&path).unwrap_err();
        assert!(matches!(error, TokenFileError::Exposed { mode: 0o644, .. }), "{error}");
    }

    #[test]
    fn a_token_file_without_a_token_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = read_or_create_token(&path).unwrap_err();
        assert!(error.to_string().contains("delete it"), "{error}");
        let error = read_or_create_token(&folder.path().join("none/token")).unwrap_err();
        assert!(matches!(error, TokenFileError::Io { .. }), "{error}");
    }
}
