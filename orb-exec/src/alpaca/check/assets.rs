//! What may be done with each symbol.

use orb_core::Symbol;

use super::{Finding, unanswered};
use crate::alpaca::rest::{Manner, Rest, paths};
use crate::alpaca::wire::order::Asset;

/// Asks what may be done with a symbol.
pub(super) async fn asset(rest: &Rest, symbol: &Symbol) -> Finding {
    let item = format!("symbol {symbol}");
    match rest.ask::<Asset>(&Manner::once(), paths::asset(symbol.as_str())).await {
        Ok(asset) => judge(item, &asset),
        Err(error) if error.is_not_found() => {
            Finding::fail(item, "Alpaca does not know it", "take it off the list of symbols, or check its spelling")
        }
        Err(error) => unanswered(&item, &error),
    }
}

fn judge(item: String, asset: &Asset) -> Finding {
    // The older field is going away, the newer one is not everywhere yet.
    let borrow = asset.borrow_status.as_deref().map(|status| status == "easy_to_borrow").or(asset.easy_to_borrow);
    let is_active = asset.status.is_empty() || asset.status == "active";
    if !is_active || asset.tradable != Some(true) {
        return Finding::fail(item, "it cannot be traded", "take it off the list of symbols");
    }
    match (asset.shortable, borrow) {
        (Some(true), Some(true)) => Finding::pass(item, "can be traded, and sold short"),
        (Some(true), Some(false)) => {
            Finding::warn(item, "its shares are hard to borrow: it cannot be sold short", "trade it long only")
        }
        (Some(true), None) => {
            Finding::warn(item, "Alpaca does not tell whether its shares can be borrowed", "expect refused short sales")
        }
        (Some(false) | None, _) => Finding::warn(item, "it cannot be sold short", "trade it long only"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[track_caller]
    fn check(flags: &str, expected: Verdict) {
        let asset: Asset = serde_json::from_str(&format!("{{\"symbol\":\"SPY\",{flags}}}")).expect(flags);
        assert_eq!(judge("symbol SPY".to_owned(), &asset).verdict, expected, "{flags}");
    }

    #[test]
    fn symbols_are_judged_by_old_and_new_flags() {
        let base = r#""status":"active","tradable":true,"shortable":true"#;
        check(&format!("{base},\"easy_to_borrow\":true"), Verdict::Pass);
        check(&format!("{base},\"borrow_status\":\"easy_to_borrow\""), Verdict::Pass);
        check(&format!("{base},\"easy_to_borrow\":true,\"borrow_status\":\"hard_to_borrow\""), Verdict::Warn);
        check(base, Verdict::Warn);
        check(r#""status":"active","tradable":true,"shortable":false"#, Verdict::Warn);
        check(r#""status":"active","tradable":false"#, Verdict::Fail);
        check(r#""status":"inactive","tradable":true"#, Verdict::Fail);
    }
}
