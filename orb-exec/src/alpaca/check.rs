//! Whether account, keys, clock, calendar, feed and symbols are fit to trade, item by item.

mod account;
mod assets;
mod brackets;
mod time;

use std::sync::Arc;

use orb_core::{Calendar, Date, SymbolTable};

use super::config::{AlpacaConfig, ConfigError};
use super::rest::{CallError, HostName, Manner, Rest, Verb, paths};
use crate::clock::Clock;

pub use brackets::{BracketProbe, probe_brackets};

/// Judges one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is as it must be.
    Pass,
    /// One can trade, though not everything.
    Warn,
    /// One cannot trade.
    Fail,
}

/// Holds what was found about one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, as `credentials` or `symbol SPY`.
    pub item: String,
    /// The judgement.
    pub verdict: Verdict,
    /// What was found.
    pub detail: String,
    /// What to do; empty where nothing is to be done.
    pub remedy: String,
}

impl Finding {
    fn pass(item: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { item: item.into(), verdict: Verdict::Pass, detail: detail.into(), remedy: String::new() }
    }

    fn warn(item: impl Into<String>, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { item: item.into(), verdict: Verdict::Warn, detail: detail.into(), remedy: remedy.into() }
    }

    fn fail(item: impl Into<String>, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { item: item.into(), verdict: Verdict::Fail, detail: detail.into(), remedy: remedy.into() }
    }
}

/// Looks at everything that trading needs at Alpaca; nothing is changed there.
///
/// `today`: the trading date in New York. The symbols that are looked at are those of the table. When the keys are
/// not accepted, what needs them is not asked for.
///
/// # Errors
/// When an address cannot be used.
pub async fn check<C: Clock>(
    config: &AlpacaConfig,
    symbols: Arc<SymbolTable>,
    calendar: Arc<Calendar>,
    clock: &C,
    today: Date,
) -> Result<Vec<Finding>, ConfigError> {
    let rest = Rest::new(config, symbols, Arc::clone(&calendar))?;
    let (credentials, account) = account::credentials(&rest).await;
    let mut findings = vec![credentials];
    let Some(account) = account else { return Ok(findings) };
    findings.extend(account::fitness(&account));
    findings.push(time::skew(&rest, clock).await);
    findings.push(time::calendar(&rest, &calendar, today).await);
    findings.push(feed(&rest).await);
    for (_, symbol) in rest.symbols().iter() {
        findings.push(assets::asset(&rest, symbol).await);
    }
    Ok(findings)
}

/// Asks whether the account has the feed that is configured.
async fn feed(rest: &Rest) -> Finding {
    let name = rest.feed().name();
    let call = paths::call("/v2/stocks/bars/latest", &[("symbols", "SPY"), ("feed", name)]);
    match rest.send(HostName::Data, &Manner::once(), Verb::Get, call).await {
        Ok(_) => Finding::pass("feed", format!("the account may read the feed {name}")),
        Err(CallError::Refused(refusal)) if refusal.status == 403 => {
            let remedy = "set feed = \"iex\", or subscribe to the feed at Alpaca";
            Finding::fail("feed", format!("the account may not read the feed {name}: {refusal}"), remedy)
        }
        Err(error) => unanswered("feed", &error),
    }
}

/// Returns the finding for something that could not be found out.
fn unanswered(item: &str, error: &CallError) -> Finding {
    Finding::warn(item, format!("it could not be found out: {error}"), "try again; look at Alpaca's status page")
}
