//! Colours of values, where a terminal shows them.

use std::{env, io::IsTerminal};

use clap::ValueEnum;

use super::Cell;

const BOLD: &str = "1";

/// What a value means to a trader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A loss, or what must not be missed.
    Bad,
    /// What is out of the ordinary.
    Caution,
    /// A gain, or that all is well.
    Good,
}

impl Tone {
    /// Returns the colour's number in a terminal's escape sequence.
    fn code(self) -> &'static str {
        match self {
            Self::Bad => "31",
            Self::Good => "32",
            Self::Caution => "33",
        }
    }
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Colour {
    /// Tells whether what is written to `out` is coloured.
    pub(crate) fn is_wanted(self, out: &impl IsTerminal) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => out.is_terminal() && environment_permits(),
        }
    }
}

/// Reads `NO_COLOR` (any value that is not empty forbids colours) and `TERM`.
fn environment_permits() -> bool {
    let has_no_colour = |term: &str| term == "dumb" || term.starts_with("vt");
    let is_forbidden = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !is_forbidden && !env::var("TERM").is_ok_and(|term| has_no_colour(&term))
}

/// Marks a heading.
pub(super) fn heading(text: &str) -> String {
    wrapped(BOLD, text)
}

/// Marks a value by what it means: gains and losses, and the words that a trader must not miss.
pub(super) fn value(cell: &Cell, text: &str) -> String {
    match tone(cell) {
        Some(tone) => wrapped(tone.code(), text),
        None => text.to_owned(),
    }
}

/// Returns what a value means; nothing for most.
pub(crate) fn tone(cell: &Cell) -> Option<Tone> {
    match cell {
        Cell::Signed(decimal) if decimal.starts_with('-') => Some(Tone::Bad),
        Cell::Signed(decimal) if decimal.chars().any(|c| matches!(c, '1'..='9')) => Some(Tone::Good),
        Cell::Text(word) => match word.as_str() {
            "HALTED" | "REJECTED" | "ERROR" | "LIVE" | "UNKNOWN" | "not_met" | "down" | "kill" => Some(Tone::Bad),
            "PAUSED" | "REDUCING" | "FLATTENING" | "WARN" | "PAPER" | "IN_PROGRESS" | "degraded" => Some(Tone::Caution),
            "ACTIVE" | "FILLED" | "CLOSED" | "met" | "ok" => Some(Tone::Good),
            _ => None,
        },
        Cell::Absent
        | Cell::Count(_)
        | Cell::Money(_)
        | Cell::Signed(_)
        | Cell::Ratio(_)
        | Cell::Number(_)
        | Cell::Flag(_)
        | Cell::Time(_)
        | Cell::Second(_)
        | Cell::Span(_)
        | Cell::Nested(..) => None,
    }
}

fn wrapped(code: &str, text: &str) -> String {
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_and_losses_differ() {
        assert_eq!(value(&Cell::signed("-1"), "-1.00"), "\u{1b}[31m-1.00\u{1b}[0m");
        assert_eq!(value(&Cell::signed("1"), "+1.00"), "\u{1b}[32m+1.00\u{1b}[0m");
        assert_eq!(value(&Cell::signed("0"), "0.00"), "0.00");
        assert_eq!(value(&Cell::text("HALTED"), "HALTED"), "\u{1b}[31mHALTED\u{1b}[0m");
    }
}
