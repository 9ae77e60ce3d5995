//! One owner for each key and stream: Alpaca ends the older of two connections, or refuses the newer.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use secrecy::ExposeSecret as _;
use url::Url;

use crate::alpaca::Credentials;

/// The streams that are in use in this process, as hashes of address and key id.
static IN_USE: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

/// Tells that this process has a stream of a key open already.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this program has {0} open with this key already: a key has one owner")]
pub struct KeyInUse(String);

/// Keeps a stream of a key from being opened twice in this process, until it is dropped.
#[derive(Debug)]
pub(crate) struct StreamLock(u64);

impl StreamLock {
    /// Takes possession of a key's stream at an address.
    ///
    /// # Errors
    /// When somebody has it.
    pub(crate) fn acquire(address: &Url, credentials: &Credentials) -> Result<Self, KeyInUse> {
        let mut hasher = DefaultHasher::new();
        (address.as_str(), credentials.key_id.expose_secret()).hash(&mut hasher);
        let hash = hasher.finish();
        match IN_USE.lock().unwrap_or_else(PoisonError::into_inner).insert(hash) {
            true => Ok(Self(hash)),
            false => Err(KeyInUse(address.to_string())),
        }
    }
}

impl Drop for StreamLock {
    fn drop(&mut self) {
        IN_USE.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_s_stream_has_one_owner_at_a_time() {
        let key = |id: &str| Credentials { key_id: id.into(), secret: "s".into() };
        let address: Url = "ws://127.0.0.1:9/stream".parse().unwrap();
        let other: Url = "ws://127.0.0.1:9/v2/iex".parse().unwrap();
        let first = StreamLock::acquire(&address, &key("LOCK-A")).unwrap();
        assert!(StreamLock::acquire(&address, &key("LOCK-A")).is_err());
        assert!(StreamLock::acquire(&other, &key("LOCK-A")).is_ok(), "another stream of the key");
        assert!(StreamLock::acquire(&address, &key("LOCK-B")).is_ok(), "another key");
        drop(first);
        assert!(StreamLock::acquire(&address, &key("LOCK-A")).is_ok());
    }
}
