//! What a command prints, and whether it found everything in order.

use std::process::ExitCode;

/// Holds the text of a report and its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What is to be printed.
    pub text: String,
    /// Everything is in order.
    pub is_good: bool,
}

impl Report {
    /// Returns the exit code: 0 when everything is in order, else 1.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        if self.is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
