//! Whether the broker lets orb trade: what only the broker can tell.

use std::sync::Arc;

use chrono::Datelike as _;
use chrono_tz::America::New_York;
use orb_core::{Symbol, SymbolTable};
use orb_exec::alpaca::Credentials;
use orb_exec::alpaca::check::{self as at_broker, Verdict as BrokerVerdict};
use orb_exec::{Clock as _, WallClock};

use super::finding::{Finding, Verdict};
use crate::environment::EnvironmentConfig;

const ITEM: &str = "broker";

/// Asks the broker about credentials, account, clock, calendar, feed and each symbol; nothing is changed there.
///
/// A simulator lives in a time of its own, so what clock and calendar say there is no failure.
pub async fn broker(
    config: &EnvironmentConfig,
    symbols: impl IntoIterator<Item = Symbol>,
    credentials: Credentials,
) -> Vec<Finding> {
    let clock = WallClock::default();
    let Some(now) = clock.now().to_datetime() else {
        return vec![Finding::fail(ITEM, "this machine's clock tells no date", "set the clock")];
    };
    let today = now.with_timezone(&New_York).date_naive();
    let calendar = Arc::new(orb_data::nyse_calendar(today.year(), today.year() + 1));
    let symbols = Arc::new(SymbolTable::new(symbols));
    match at_broker::check(&config.alpaca(credentials), symbols, calendar, &clock, today).await {
        Ok(found) => found.into_iter().map(|finding| told(finding, config.is_simulated)).collect(),
        Err(error) => vec![Finding::of_error(ITEM, &error)],
    }
}

/// Takes over a finding, under a name that tells it from what this machine says.
fn told(finding: at_broker::Finding, is_simulated: bool) -> Finding {
    let at_broker::Finding { item, verdict, detail, remedy } = finding;
    let is_time = matches!(item.as_str(), "clock" | "calendar");
    let verdict = match verdict {
        BrokerVerdict::Pass => Verdict::Pass,
        BrokerVerdict::Fail if is_time && is_simulated => {
            let remedy = "nothing to do: a simulator has a time of its own";
            return Finding::warn(&format!("{ITEM} {item}"), detail, remedy);
        }
        BrokerVerdict::Warn => Verdict::Warn,
        BrokerVerdict::Fail => Verdict::Fail,
    };
    let remedy = Some(remedy).filter(|remedy| !remedy.is_empty());
    Finding { item: format!("{ITEM} {item}"), verdict, detail, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(item: &str, is_simulated: bool, verdict: BrokerVerdict, expect: Verdict) {
        let finding = at_broker::Finding { item: item.to_owned(), verdict, detail: "x".into(), remedy: String::new() };
        let found = told(finding, is_simulated);
        assert_eq!((found.item, found.verdict), (format!("broker {item}"), expect));
    }

    #[test]
    fn a_simulators_time_is_its_own_and_nothing_else_is() {
        check("clock", true, BrokerVerdict::Fail, Verdict::Warn);
        check("calendar", true, BrokerVerdict::Fail, Verdict::Warn);
        check("clock", false, BrokerVerdict::Fail, Verdict::Fail);
        check("calendar", false, BrokerVerdict::Fail, Verdict::Fail);
        check("account", true, BrokerVerdict::Fail, Verdict::Fail);
        check("clock", true, BrokerVerdict::Pass, Verdict::Pass);
        check("feed", false, BrokerVerdict::Warn, Verdict::Warn);
    }
}
