//! Where events go: the DSN, which is a secret.

use secrecy::ExposeSecret as _;
use sentry_core::types::Dsn;

use crate::environment::credentials::{CredentialsError, one_secret};
use crate::environment::is_loopback;

/// The systemd credential.
const FILE: &str = "orb-sentry-dsn";
/// The variable.
const VARIABLE: &str = "ORB_SENTRY_DSN";

/// Explains why nothing can be reported; never tells the DSN.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportingError {
    /// There is none.
    #[error("there is no DSN: give it as the systemd credential {FILE}, or as {VARIABLE} in the environment")]
    Missing,
    /// It cannot be read.
    #[error(transparent)]
    Secret(#[from] CredentialsError),
    /// It is something else.
    #[error(
        "{FILE} or {VARIABLE} is no DSN: copy it again from the project's client keys, as https://KEY@HOST/PROJECT"
    )]
    Invalid,
    /// Events would cross a network in the clear.
    #[error("the DSN is for http, and its host is not this machine: use one with https")]
    Unencrypted,
    /// The system's TLS cannot be used.
    #[error("TLS cannot be used: {0}")]
    Tls(#[from] native_tls::Error),
    /// The thread that sends cannot be started.
    #[error("the thread that sends cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Finds the DSN where systemd or the environment of this process has it.
pub(super) fn find() -> Result<Dsn, ReportingError> {
    let found = one_secret(FILE, VARIABLE)?.ok_or(ReportingError::Missing)?;
    read(found.expose_secret())
}

pub(super) fn read(text: &str) -> Result<Dsn, ReportingError> {
    let dsn: Dsn = text.parse().map_err(|_| ReportingError::Invalid)?;
    let url = dsn.envelope_api_url();
    if url.scheme() == "https" || is_loopback(&url) { Ok(dsn) } else { Err(ReportingError::Unencrypted) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_is_encrypted_or_for_this_machine_and_is_never_told() {
        for text in ["https://hunter2@sentry.example/1", "http://hunter2@127.0.0.1:9000/1", "http://hunter2@[::1]:9/1"]
        {
            assert!(read(text).is_ok(), "{text}");
        }
        for text in ["http://hunter2@sentry.example/1", "http://hunter2@192.168.1.5/1", "hunter2", "https://hunter2/1"]
        {
            let error = read(text).expect_err(text).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(matches!(read("http://hunter2@sentry.example/1"), Err(ReportingError::Unencrypted)));
    }
}
