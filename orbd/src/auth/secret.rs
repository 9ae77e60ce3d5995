//! Secrets: made at random, kept as hashes, compared without telling where they differ.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// Random bytes in a token that orb makes.
pub(super) const SECRET_BYTES: usize = 32;

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// Makes the text of a new token: 32 random bytes as hexadecimal digits.
pub(super) fn new_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// Keeps a token as its SHA-256, so that neither files nor memory dumps nor `Debug` show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct TokenHash([u8; HASH_BYTES]);

impl TokenHash {
    pub(super) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Compares without telling by its duration where the difference is.
    pub(super) fn matches(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }

    /// Returns the hash as files hold it.
    pub(super) fn to_hex(self) -> String {
        hex(&self.0)
    }

    /// Reads what [`to_hex`](Self::to_hex) wrote.
    pub(super) fn from_hex(text: &str) -> Option<Self> {
        let is_hex = text.len() == 2 * HASH_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut bytes = [0; HASH_BYTES];
        for (index, byte) in bytes.iter_mut().enumerate().filter(|_| is_hex) {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
        }
        is_hex.then_some(Self(bytes))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_comes_back_from_its_text_and_nothing_else_does() {
        let hash = TokenHash::of("secret");
        assert!(TokenHash::from_hex(&hash.to_hex()) == Some(hash));
        // The digest of "secret", from an independent implementation.
        assert_eq!(hash.to_hex(), "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
        for text in ["", "2b", &"x".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
            assert!(TokenHash::from_hex(text).is_none(), "{text}");
        }
    }

    #[test]
    fn secrets_differ() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert!(one.len() == 2 * SECRET_BYTES && one != other);
    }
}
