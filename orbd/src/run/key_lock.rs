//! One set of books for each key on a machine.
//!
//! The lock of the state directory and that of the ledger each see their own folder and database. Two daemons with
//! different ones and the same key would trade one account by two books, and each would take the other's orders for
//! somebody else's. So a daemon leaves a mark that all processes of the machine can see and that ends with it, however
//! it ends: a socket with a name and no file. Daemons of the same books are not kept apart here: their lease does that,
//! and a standby takes over from a holder that is only stopped.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

use orb_exec::alpaca::Credentials;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::store::DatabaseUrl;

/// Where the system lists all sockets with names; those without a file begin with `@`. It is the own process's view, which is
/// there too where a service manager hides the rest of `/proc`.
const LISTED: &str = "/proc/self/net/unix";

/// Explains why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyLockError {
    /// Another daemon has the key for other books.
    #[error(
        "process {0} trades with the same key by another database: one account, one set of books; stop it first, or use the key of another account"
    )]
    InUse(String),
    /// The mark cannot be left.
    #[error("cannot mark the key as in use on this machine: {0}")]
    Mark(io::Error),
    /// The marks of others cannot be read.
    #[error("cannot read {LISTED}, where other daemons with the same key would be seen: {0}")]
    Unreadable(io::Error),
}

/// Marks a key as in use, until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct KeyLock {
    _mark: UnixListener,
}

impl KeyLock {
    /// Marks a key at a broker's address as used for a database.
    ///
    /// # Errors
    /// When another process uses it for another one.
    pub(crate) fn take(broker: &Url, credentials: &Credentials, database: &DatabaseUrl) -> Result<Self, KeyLockError> {
        let key = digest(&[broker.as_str(), credentials.key_id.expose_secret()]);
        let (key, books) = (format!("orb/key/{key}/"), digest(&[&database.to_string()]));
        let name = format!("{key}{books}/{}", std::process::id());
        let address = SocketAddr::from_abstract_name(name).map_err(KeyLockError::Mark)?;
        // The mark first: of two that begin at once, each sees the other's.
        let mark = UnixListener::bind_addr(&address).map_err(KeyLockError::Mark)?;
        let listed = std::fs::read_to_string(LISTED).map_err(KeyLockError::Unreadable)?;
        match other_books(&listed, &key, &books) {
            Some(process) => Err(KeyLockError::InUse(process.to_owned())),
            None => Ok(Self { _mark: mark }),
        }
    }
}

/// Finds a mark of the same key with other books, and returns its process.
fn other_books<'a>(listed: &'a str, key: &str, books: &str) -> Option<&'a str> {
    let marks = listed.lines().filter_map(|line| line.split_once('@')?.1.strip_prefix(key));
    marks
        .filter_map(|mark| mark.trim_end().split_once('/'))
        .find(|(other, _)| *other != books)
        .map(|(_, process)| process)
}

/// Hides what is told to all users of the machine.
fn digest(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\n").as_bytes());
    digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(key: &str, database: &str) -> Result<KeyLock, KeyLockError> {
        let credentials = Credentials { key_id: key.into(), secret: "secret".into() };
        let broker: Url = "http://127.0.0.1:9".parse().expect("an address");
        KeyLock::take(&broker, &credentials, &DatabaseUrl::sqlite(database))
    }

    #[test]
    fn a_key_has_one_set_of_books_on_a_machine() {
        // Other runs of this test may be under way.
        let (key, other) = (format!("K{}", std::process::id()), format!("L{}", std::process::id()));
        let first = take(&key, "/a/orb.db").expect("free");
        let error = take(&key, "/b/orb.db").expect_err("in use").to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(take(&other, "/b/orb.db").expect("another key"));
        drop(first);
        drop(take(&key, "/b/orb.db").expect("free again"));
    }

    #[test]
    fn marks_of_the_same_books_are_let_be() {
        let listed = "ffff: 00000002 00000000 00010000 0001 01 1234 @orb/key/k/books/77\n\
                      ffff: 00000002 00000000 00010000 0001 01 1234 /run/socket\n\
                      ffff: 00000002 00000000 00010000 0001 01 1234 @orb/key/other/books/78\n";
        assert_eq!(other_books(listed, "orb/key/k/", "books"), None);
        assert_eq!(other_books(listed, "orb/key/k/", "others"), Some("77"));
        assert_eq!(other_books(listed, "orb/key/none/", "books"), None);
    }
}
