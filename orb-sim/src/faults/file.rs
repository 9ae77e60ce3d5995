//! Fault plans in files.

use core::str::FromStr;
use std::path::{Path, PathBuf};

use super::plan::{FaultPlan, MarketFault};

/// Explains why a file holds no fault plan.
#[derive(Debug, thiserror::Error)]
pub enum FaultFileError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not written as a fault plan is.
    #[error("{place}: {message}")]
    Syntax {
        /// File and line, or the line alone.
        place: String,
        /// What is wrong, with the key.
        message: String,
    },
    /// A rule lacks something.
    #[error("{place}: {message}")]
    Rule {
        /// File and rule.
        place: String,
        /// What it lacks.
        message: &'static str,
    },
}

impl FaultPlan {
    /// Reads a plan from a file.
    ///
    /// # Errors
    /// When the file cannot be read, or is not valid: with line and key.
    pub fn read(path: &Path) -> Result<Self, FaultFileError> {
        let read = |source| FaultFileError::Read { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(read)?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads a plan from a text; `name` is what errors call it.
    ///
    /// # Errors
    /// When the text is not valid: with line and key.
    pub fn parse(text: &str, name: &str) -> Result<Self, FaultFileError> {
        let plan: Self = toml::from_str(text).map_err(|error| syntax(&error, text, name))?;
        plan.check(name)?;
        Ok(plan)
    }

    fn check(&self, name: &str) -> Result<(), FaultFileError> {
        let needs_at = |fault: &MarketFault| {
            matches!(
                fault,
                MarketFault::HaltSeconds(_) | MarketFault::TradeCorrectedCents(_) | MarketFault::TradeCanceled
            )
        };
        let lacks_at = |rule: &super::MarketRule| needs_at(&rule.fault) && rule.at.is_none();
        match self.market.iter().position(lacks_at) {
            Some(index) => Err(FaultFileError::Rule {
                place: format!("{name}: [[market]] number {}", index + 1),
                message: "a halt, and a trade that is corrected or taken back, need the key `at`: a time as 10:05:00 in New York, or an instant",
            }),
            None => Ok(()),
        }
    }
}

impl FromStr for FaultPlan {
    type Err = FaultFileError;

    fn from_str(text: &str) -> Result<Self, FaultFileError> {
        Self::parse(text, "the fault plan")
    }
}

fn syntax(error: &toml::de::Error, text: &str, name: &str) -> FaultFileError {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
    let source_line = text.lines().nth(line - 1).unwrap_or_default().trim();
    let message = format!("{} in `{source_line}`", error.message().trim().replace('\n', ", "));
    FaultFileError::Syntax { place: format!("{name}, line {line}"), message }
}

#[cfg(test)]
mod tests {
    use super::super::{HttpFault, StreamFault};
    use super::*;

    #[test]
    fn reads_every_kind_of_rule() {
        let text = r#"
            seed = 7
            [[http]]
            fault = { latency_ms = 250 }
            path = "/v2/orders*"
            method = "POST"
            when = { rate = 0.5, from = "09:35:00", to = "10:00" }
            [[http]]
            fault = "timeout_after"
            when = { nth = [1, 3] }
            [[http]]
            fault = { status = 503 }
            [[stream]]
            fault = { linger = 90 }
            stream = "data"
            kind = "b"
            when = { at = "2026-03-02T14:40:00Z" }
            [[order]]
            fault = { pieces = { count = 3, every_ms = 500, stops_after = 2 }, pending_new_ms = 100 }
            class = "bracket"
            type = "limit"
            [[market]]
            fault = { halt_seconds = 300 }
            symbol = "BRONEK"
            reason = "T1"
            at = "10:05:00"
            [[account]]
            fault = { clock_skew_ms = -750 }
        "#;
        let plan: FaultPlan = text.parse().expect("a plan");
        assert_eq!(plan.http[0].fault, HttpFault::LatencyMs(250));
        assert_eq!(plan.stream[0].fault, StreamFault::Linger(90));
        assert_eq!((plan.http.len(), plan.order.len(), plan.market.len(), plan.account.len()), (3, 1, 1, 1));
    }

    #[test]
    fn the_example_of_the_readme_is_one() {
        let readme = include_str!("../../README.md");
        let (_, rest) = readme.split_once("```toml\n").expect("an example");
        let (example, _) = rest.split_once("```").expect("its end");
        let plan: FaultPlan = example.parse().expect("a plan");
        let rules = [plan.http.len(), plan.stream.len(), plan.order.len(), plan.market.len(), plan.account.len()];
        assert_eq!(rules, [2, 1, 1, 1, 1]);
    }

    #[track_caller]
    fn refused(text: &str, parts: &[&str]) {
        let error = FaultPlan::parse(text, "f.toml").expect_err(text).to_string();
        for part in parts {
            assert!(error.contains(part), "`{part}` is not in: {error}");
        }
    }

    #[test]
    fn errors_name_line_and_key() {
        refused("seed = 1\n[[http]]\nfault = \"lightning\"", &["f.toml, line 3", "lightning"]);
        refused("[[http]]\nfault = \"html\"\nwhen = { rate = 2.0 }", &["line 3", "rate", "from 0 to 1"]);
        refused("[[http]]\nfault = \"html\"\npaht = \"x\"", &["line 3", "paht"]);
        refused("[[http]]\nfault = { status = 200 }", &["line 2", "400 to 599"]);
        refused("[[stream]]\nfault = \"drop\"\nwhen = { at = \"noon\" }", &["line 3", "noon"]);
        refused("[[http]]\npath = \"*\"", &["fault"]);
        refused("[[market]]\nfault = { halt_seconds = 3 }", &["[[market]] number 1", "`at`"]);
        refused("[[market]]\nfault = 'trade_canceled'", &["[[market]] number 1", "`at`"]);
        refused("[[market]]\nfault = { trade_corrected_cents = 'x' }", &["line 2", "x"]);
        refused("seed = -1", &["line 1", "seed"]);
        refused("[[", &["line 1"]);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = FaultPlan::read(Path::new("/nowhere/f.toml")).expect_err("no such file");
        assert!(error.to_string().contains("/nowhere/f.toml"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = FaultPlan::parse(&text, "f.toml");
        }
    }
}
