//! What is reported, as the configuration says it; the DSN is a secret and not in it.

/// Events a minute where nothing else is said.
pub const EVENTS_PER_MINUTE: u32 = 10;

/// Says what is reported to Sentry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentryConfig {
    /// Errors, alarms and panics are reported.
    pub is_on: bool,
    /// Events that are sent within a minute at most.
    pub per_minute: u32,
}

impl Default for SentryConfig {
    fn default() -> Self {
        Self { is_on: false, per_minute: EVENTS_PER_MINUTE }
    }
}
