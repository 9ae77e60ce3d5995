//! The bearer token as a type that does not print.

use std::fmt;

use thiserror::Error;

/// A bearer token. Neither `Debug` nor an error shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Why a text is no token.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TokenError {
    /// Nothing but white space.
    #[error("the token is empty")]
    Empty,
    /// A character that a header cannot carry.
    #[error("the token contains white space or a character that is not printable ASCII")]
    InvalidCharacter,
}

impl Token {
    /// Reads a token, without the white space around it.
    ///
    /// # Errors
    /// [`TokenError`] when it is empty or not printable ASCII.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::InvalidCharacter);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the secret itself, for the one place that sends or compares it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_trimmed_and_never_printed() {
        let token = Token::parse(" s3cret\n").unwrap();
        assert_eq!(token.expose(), "s3cret");
        assert_eq!(format!("{token:?}"), "Token(..)");
    }

    #[test]
    fn what_no_header_can_carry_is_refused() {
        assert_eq!(Token::parse(" \n"), Err(TokenError::Empty));
        assert_eq!(Token::parse("a b"), Err(TokenError::InvalidCharacter));
        assert_eq!(Token::parse("é"), Err(TokenError::InvalidCharacter));
    }
}
