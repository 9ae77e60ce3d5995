//! What a check found.

use serde::Serialize;

/// Says whether something is fit to trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is.
    Pass,
    /// It is, and somebody should look at it.
    Warn,
    /// It is not.
    Fail,
}

/// Holds what was found about one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: `database`, or `strategy orb-etf`.
    pub item: String,
    /// Whether it is fit to trade.
    pub verdict: Verdict,
    /// What is there.
    pub detail: String,
    /// What to do about it; `None` where the detail says it, or nothing needs to be done.
    pub remedy: Option<String>,
}

impl Finding {
    /// Makes a finding that is as it should be.
    #[must_use]
    pub fn pass(item: &str, detail: impl Into<String>) -> Self {
        Self { item: item.to_owned(), verdict: Verdict::Pass, detail: detail.into(), remedy: None }
    }

    /// Makes a finding that somebody should look at.
    #[must_use]
    pub fn warn(item: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { item: item.to_owned(), verdict: Verdict::Warn, detail: detail.into(), remedy }
    }

    /// Makes a finding that stands in the way of trading.
    #[must_use]
    pub fn fail(item: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, ..Self::warn(item, detail, remedy) }
    }

    /// Makes a finding of an error, whose text tells the remedy too.
    #[must_use]
    pub fn of_error(item: &str, error: &impl core::fmt::Display) -> Self {
        Self { verdict: Verdict::Fail, ..Self::pass(item, error.to_string()) }
    }
}
