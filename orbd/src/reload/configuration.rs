//! A configuration as it was read, and where it is read again.

use core::fmt;

use orb_core::{RunConfig, Timestamp};

use crate::environment::Environments;

/// Holds everything that a run against a broker is told by file, flags and variables.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// What is traded and how.
    pub run: RunConfig,
    /// Where: each environment as it is configured.
    pub environments: Environments,
    /// When it was read, on the wall clock.
    pub read_at: Timestamp,
}

/// Reads the configuration again, each time as at the start: with the same flags and variables.
pub struct Source(Box<Read>);

type Read = dyn Fn() -> anyhow::Result<Configuration> + Send + Sync;

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

impl Source {
    /// Makes a source of what reads the configuration.
    #[must_use]
    pub fn new(read: impl Fn() -> anyhow::Result<Configuration> + Send + Sync + 'static) -> Self {
        Self(Box::new(read))
    }

    /// Reads the configuration; this waits for the disk.
    ///
    /// # Errors
    /// Names the file and line, or the flag, and the remedy.
    pub fn read(&self) -> anyhow::Result<Configuration> {
        (self.0)()
    }
}
