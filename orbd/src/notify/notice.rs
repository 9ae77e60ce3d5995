//! One thing that happened, for people.

use std::sync::Arc;

use orb_core::Timestamp;

use super::kind::{Kind, Weight};
use crate::telemetry::new_york;
use crate::view::{Environment, Ledger};

/// Letters of a sentence that are told; a reason that somebody typed may be of any length.
const LETTERS_MAX: usize = 300;

/// Names the books that a notice is about; no account number is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where orders go.
    pub environment: Environment,
    /// The ledger's id; empty before the first one is known.
    pub ledger: Arc<str>,
}

impl Origin {
    /// Returns the origin of what happens in a ledger.
    #[must_use]
    pub fn of(ledger: &Ledger) -> Self {
        Self { environment: ledger.environment, ledger: Arc::clone(&ledger.id) }
    }

    /// Returns what every line begins with, as in `[PAPER]`.
    #[must_use]
    pub const fn mark(&self) -> &'static str {
        match self.environment {
            Environment::Sim => "[SIM]",
            Environment::Paper => "[PAPER]",
            Environment::Live => "[LIVE]",
        }
    }
}

/// Tells one thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Identifies it: the same notice that is sent again has the same id.
    pub id: String,
    /// The books.
    pub origin: Origin,
    /// What it is about.
    pub kind: Kind,
    /// How much it matters.
    pub weight: Weight,
    /// When it happened, by the engine's clock.
    pub at: Timestamp,
    /// A sentence on one line, without control characters.
    pub text: String,
    /// The values in the sentence, by name.
    pub fields: Vec<(&'static str, String)>,
}

impl Notice {
    /// Returns the notice as one line: environment, weight where it matters, sentence.
    #[must_use]
    pub fn line(&self) -> String {
        let weight = match self.weight {
            Weight::Info => "",
            Weight::Warning => "warning: ",
            Weight::Alarm => "ALARM: ",
        };
        format!("{} {weight}{}", self.origin.mark(), self.text)
    }

    /// Returns the time of day in New York at which it happened, as `HH:MM:SS`.
    #[must_use]
    pub fn time(&self) -> String {
        new_york(self.at)
    }
}

/// Makes one line of a text that others may have written: nothing in it breaks a line, a header or a terminal, and it
/// ends after 300 letters.
#[must_use]
pub(super) fn one_line(text: &str) -> String {
    let mut line: String = text.chars().map(|letter| if is_plain(letter) { letter } else { ' ' }).collect();
    if let Some((end, _)) = line.char_indices().nth(LETTERS_MAX) {
        line.truncate(end);
        line.push_str("...");
    }
    line.trim().to_owned()
}

/// Tells whether a letter stays within its line and its direction of writing.
fn is_plain(letter: char) -> bool {
    let breaks = matches!(letter, '\u{2028}' | '\u{2029}');
    let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !letter.is_control() && !breaks && !turns
}
