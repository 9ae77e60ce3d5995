//! Why a websocket could not be used or came to its end.

use std::time::Duration;

use tokio_tungstenite::tungstenite;

use super::lock::KeyInUse;

/// Explains why a websocket could not be used or came to its end.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The connection was not made in time.
    #[error("no connection within {0:?}")]
    ConnectTimeout(Duration),
    /// The server answered the upgrade with another status, as 429 when it was asked too often.
    #[error("the server refused the websocket with the status {0}")]
    Refused(u16),
    /// The connection could not be made.
    #[error("it cannot be reached: {0}")]
    Unreachable(#[source] tungstenite::Error),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[source] tungstenite::Error),
    /// The server closed the connection.
    #[error("the server closed the connection: {0}")]
    Closed(String),
    /// The server did not answer a ping.
    #[error("no answer to a ping within {0:?}")]
    NoPong(Duration),
    /// The server did not answer a step of the conversation.
    #[error("the server did not say `{awaited}` within {within:?}")]
    NoAnswer {
        /// What was awaited.
        awaited: &'static str,
        /// How long.
        within: Duration,
    },
    /// The key was refused.
    #[error("the key was refused: {0}")]
    Unauthorized(String),
    /// The server sent an error message.
    #[error("the server sent the error {code}: {message}")]
    Complaint {
        /// Alpaca's number, from 400 on.
        code: u64,
        /// Its words.
        message: String,
    },
    /// Nothing came although something should have.
    #[error("it is connected but silent")]
    Mute,
    /// The key is in use by this program already.
    #[error(transparent)]
    KeyInUse(#[from] KeyInUse),
}

impl StreamError {
    /// Tells whether the server has too many connections or requests: one has to wait longer.
    #[must_use]
    pub const fn is_crowded(&self) -> bool {
        matches!(self, Self::Refused(429) | Self::Complaint { code: 406, .. })
    }

    /// Tells whether trying again cannot help: the key or the subscription is at fault.
    ///
    /// 402: the key was refused. 408: the version is not enabled. 409: the account lacks the feed. 411: the scope.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Unauthorized(_) | Self::KeyInUse(_) | Self::Complaint { code: 402 | 408 | 409 | 411, .. })
    }
}
