//! What the codes of the tapes mean: which trades set the price, and which statuses halt trading.

use std::borrow::Cow;

/// Conditions under which a trade does not become the last price, on every tape.
///
/// From the trade condition tables of CTA (tapes A and B) and UTP (tape C): cash sale (C), bunched sold (G), price
/// variation (H), odd lot (I), the market centre's official close (M) and open (Q), next day (N), prior reference
/// price (P), seller (R), extended hours (T, U), contingent (V), average price (W), sold out of sequence (Z),
/// derivatively priced (4), qualified contingent (7) and the corrected close (9).
const NEVER: &[&str] = &["C", "G", "H", "I", "M", "N", "P", "Q", "R", "T", "U", "V", "W", "Z", "4", "7", "9"];

/// Tells whether a trade with these conditions sets the market's price.
///
/// `tape`: `A`, `B` or `C`. The condition `B` is an average price on tapes A and B and a bunched trade on tape C; where
/// the tape is not told it does not set the price.
pub(crate) fn sets_the_price(conditions: &[Cow<'_, str>], tape: Option<&str>) -> bool {
    conditions.iter().all(|condition| match condition.trim() {
        "B" => tape == Some("C"),
        other => !NEVER.contains(&other),
    })
}

/// Tells whether a status halts trading (true) or lets it go on (false); `None` when it does neither.
///
/// Tape C has letters: halted (H), paused (P), quotations only (Q), trading (T). Tapes A and B have figures: halted
/// (2), resumed (3). No code is used by both.
pub(crate) fn halted(status: &str) -> Option<bool> {
    match status.trim() {
        "H" | "P" | "Q" | "2" => Some(true),
        "T" | "3" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(conditions: &[&'static str], tape: Option<&str>, expected: bool) {
        let conditions: Vec<_> = conditions.iter().map(|text| Cow::Borrowed(*text)).collect();
        assert_eq!(sets_the_price(&conditions, tape), expected, "{conditions:?} on tape {tape:?}");
    }

    #[test]
    fn one_irregular_condition_is_enough() {
        check(&["@"], Some("C"), true);
        check(&[], None, true);
        check(&["@", "F"], Some("C"), true);
        check(&["@", "F", "I"], Some("C"), false);
        check(&[" ", "T"], Some("A"), false);
        check(&["B"], Some("A"), false);
        check(&["B"], Some("C"), true);
        check(&["B"], None, false);
        check(&["X"], Some("A"), true);
    }

    #[test]
    fn statuses_of_both_tapes_are_known() {
        for halting in ["H", "P", "Q", "2"] {
            assert_eq!(halted(halting), Some(true));
        }
        for going_on in ["T", "3"] {
            assert_eq!(halted(going_on), Some(false));
        }
        assert_eq!(halted("6"), None);
        assert_eq!(halted(""), None);
    }
}
