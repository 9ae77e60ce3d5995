//! Keys and account.

use rust_decimal::Decimal;

use super::Finding;
use crate::alpaca::rest::{CallError, Manner, Rest, paths};
use crate::alpaca::wire::order::Account;

/// The least equity, in dollars, with which shares may be sold short or bought on margin.
const MARGIN_EQUITY_MIN: Decimal = Decimal::from_parts(2_000, 0, 0, false, 0);

/// Asks for the account, which shows whether the keys are accepted.
pub(super) async fn credentials(rest: &Rest) -> (Finding, Option<Account>) {
    let answer: Result<Account, CallError> = rest.ask(&Manner::once(), paths::call("/v2/account", &[])).await;
    let item = "credentials";
    match answer {
        Ok(account) => (Finding::pass(item, format!("accepted, for the account {}", masked(&account))), Some(account)),
        Err(CallError::Refused(refusal)) if refusal.status == 401 => {
            let remedy = "check both halves of the key, and that they are of this environment: keys for paper trading \
                          and for real money differ";
            (Finding::fail(item, format!("Alpaca does not know the key: {refusal}"), remedy), None)
        }
        Err(CallError::Refused(refusal)) if refusal.status == 403 => {
            let remedy =
                "make a new key on Alpaca's page for this environment; a key of the other one is forbidden here";
            (Finding::fail(item, format!("the key may not be used here: {refusal}"), remedy), None)
        }
        Err(error) => {
            let remedy = "check the address, the network and Alpaca's status page";
            (Finding::fail(item, format!("Alpaca gave no answer about the account: {error}"), remedy), None)
        }
    }
}

/// Returns the end of an account's number, which people know it by and nobody can use.
fn masked(account: &Account) -> String {
    let end: Vec<char> = account.account_number.chars().rev().take(4).collect();
    let end: String = end.into_iter().rev().collect();
    if end.is_empty() { "without a number".to_owned() } else { format!("ending in {end}") }
}

/// Judges what the account may do.
pub(super) fn fitness(account: &Account) -> Vec<Finding> {
    vec![status(account), shorting(account), margin(account), buying_power(account)]
}

fn status(account: &Account) -> Finding {
    let blocks = [
        (account.account_blocked, "the account is blocked"),
        (account.trading_blocked, "trading is blocked"),
        (account.trade_suspended_by_user, "its owner has suspended trading"),
    ];
    let block = blocks.into_iter().find(|(blocked, _)| *blocked == Some(true)).map(|(_, sentence)| sentence);
    match (account.status.as_str(), block) {
        ("ACTIVE", None) => Finding::pass("account", "active and not blocked"),
        (_, Some(sentence)) => Finding::fail("account", sentence, "look at the account's page at Alpaca"),
        (other, None) => Finding::fail(
            "account",
            format!("its status is `{other}`, not ACTIVE"),
            "look at the account's page at Alpaca",
        ),
    }
}

fn shorting(account: &Account) -> Finding {
    let has_equity = account.equity.is_some_and(|equity| equity >= MARGIN_EQUITY_MIN);
    match account.shorting_enabled {
        Some(true) if has_equity => Finding::pass("shorting", "shares may be sold short"),
        Some(true) => Finding::warn(
            "shorting",
            format!("selling short needs an equity of ${MARGIN_EQUITY_MIN}"),
            "trade long only, or add money",
        ),
        Some(false) | None => {
            Finding::warn("shorting", "shares may not be sold short", "trade long only, or allow it at Alpaca")
        }
    }
}

fn margin(account: &Account) -> Finding {
    match account.multiplier {
        Some(multiplier) if multiplier > Decimal::ONE => {
            Finding::pass("margin", format!("positions may reach {multiplier} times the equity"))
        }
        Some(_) => Finding::warn("margin", "the account trades with its own money alone", "set leverage = 1"),
        None => Finding::warn("margin", "Alpaca does not tell the multiplier", "set leverage = 1"),
    }
}

fn buying_power(account: &Account) -> Finding {
    match (account.equity, account.buying_power) {
        (Some(equity), Some(power)) if equity > Decimal::ZERO && power > Decimal::ZERO => {
            Finding::pass("buying power", format!("equity ${equity}, buying power ${power}"))
        }
        (Some(equity), Some(power)) => Finding::fail(
            "buying power",
            format!("equity ${equity}, buying power ${power}: nothing can be bought"),
            "add money, or close what binds it",
        ),
        (None, _) | (_, None) => {
            Finding::fail("buying power", "Alpaca does not tell equity and buying power", "look at the account's page")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    fn account(json: &str) -> Account {
        serde_json::from_str(json).expect(json)
    }

    #[track_caller]
    fn check(json: &str, expected: [Verdict; 4]) {
        let verdicts: Vec<Verdict> = fitness(&account(json)).iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, expected, "{json}");
    }

    #[test]
    fn accounts_are_judged_item_by_item() {
        use Verdict::{Fail, Pass, Warn};
        check(
            r#"{"status":"ACTIVE","equity":"50000","buying_power":"200000","multiplier":"4","shorting_enabled":true,
                "trading_blocked":false}"#,
            [Pass, Pass, Pass, Pass],
        );
        check(
            r#"{"status":"ACTIVE","equity":"1999","buying_power":"0","multiplier":"1","shorting_enabled":true}"#,
            [Pass, Warn, Warn, Fail],
        );
        check(
            r#"{"status":"ACTIVE","trading_blocked":true,"equity":"1","buying_power":"1"}"#,
            [Fail, Warn, Warn, Pass],
        );
        check(r#"{"status":"ONBOARDING"}"#, [Fail, Warn, Warn, Fail]);
        check("{}", [Fail, Warn, Warn, Fail]);
    }

    #[test]
    fn an_account_is_never_named_in_full() {
        assert_eq!(masked(&account(r#"{"account_number":"PA3XYZ1234"}"#)), "ending in 1234");
        assert_eq!(masked(&account("{}")), "without a number");
    }
}
