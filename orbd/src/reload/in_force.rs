//! The configuration that is in force now, for people who ask.

use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

use orb_core::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::view::SettingView;

/// Bytes of a fingerprint: enough to tell the configurations of a lifetime apart.
const FINGERPRINT_BYTES: usize = 8;

/// Shows a configuration without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Every setting, by key.
    pub settings: Arc<[SettingView]>,
    /// When it was read, on the wall clock; `None` before a daemon has begun.
    pub at: Option<Timestamp>,
}

impl Loaded {
    /// Returns 16 hexadecimal digits that are the same for the same keys and values.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for SettingView { key, value, .. } in self.settings.iter() {
            // The lengths keep two texts apart that are one when joined.
            for part in [key, value] {
                hash.update(part.len().to_le_bytes());
                hash.update(part);
            }
        }
        let digest = hash.finalize();
        digest.iter().take(FINGERPRINT_BYTES).fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// Holds the configuration in force. Clones share it.
#[derive(Clone, Debug)]
pub struct InForce(Arc<RwLock<Loaded>>);

impl Default for InForce {
    fn default() -> Self {
        Self(Arc::new(RwLock::new(Loaded { settings: Arc::default(), at: None })))
    }
}

impl InForce {
    /// Returns the configuration in force.
    #[must_use]
    pub fn get(&self) -> Loaded {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows a configuration that was read now.
    pub fn load(&self, settings: Arc<[SettingView]>, at: Timestamp) {
        self.change(|loaded| *loaded = Loaded { settings, at: Some(at) });
    }

    /// Shows what the same configuration says of another environment.
    pub fn turn_to(&self, settings: Arc<[SettingView]>) {
        self.change(|loaded| loaded.settings = settings);
    }

    /// Says when it was read, where that was before the daemon began.
    pub fn was_read(&self, at: Timestamp) {
        self.change(|loaded| loaded.at = Some(at));
    }

    fn change(&self, change: impl FnOnce(&mut Loaded)) {
        // Whole after each change: none of them can panic.
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(settings: &[(&str, &str)]) -> Loaded {
        let one = |(key, value): &(&str, &str)| SettingView {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            is_default: false,
        };
        Loaded { settings: settings.iter().map(one).collect(), at: None }
    }

    #[test]
    fn a_fingerprint_is_that_of_keys_and_values_alone() {
        let first = of(&[("a", "1"), ("b", "2")]);
        let later = Loaded { at: Some(Timestamp::from_micros(7)), ..first.clone() };
        assert_eq!(first.fingerprint(), later.fingerprint());
        assert_eq!(first.fingerprint().len(), 2 * FINGERPRINT_BYTES);
        for other in [of(&[("a", "1"), ("b", "3")]), of(&[("a", "1b"), ("", "2")]), of(&[("a", "1")])] {
            assert_ne!(first.fingerprint(), other.fingerprint(), "{other:?}");
        }
    }
}
