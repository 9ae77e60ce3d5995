//! The reasons for no trade, in the order in which they are checked.

use std::sync::Arc;

use orb_core::filter::{Candidacy, Filter};
use orb_core::reason::Reason;

use crate::table::{check, check_both, check_report, run_with};

/// All filters of the Stocks in Play, and what a score needs.
const IN_PLAY: &str =
    "orb-classic direction=candle price_min=5 average_volume_min=1000000 atr_min=0.5 rvol_min=1 top=1 score_min=1";

/// What passes every filter.
const KNOWN: &str = "prev 100 atr 5 volume14 14000000 opening14 14000";

/// A rising range, and one that opens and closes at the same tick.
const RISES: &str = "100 101 99 100.5";
const DOJI: &str = "100 101 99 100";

/// B is in play and has the greatest relative volume, so that A is not in the top of one.
const RIVAL: &str = "B: prev 100 atr 5 volume14 14000000 opening14 1000\nB 09:30 100 101 99 100";

#[track_caller]
fn in_play(known: &str, bars: &str, rivals: &str, expect: &str) {
    let expect = if rivals.is_empty() { format!("A {expect}") } else { format!("A {expect}\nB doji") };
    check(IN_PLAY, &format!("A: {known}\nA 09:30 {bars}\n{rivals}"), &expect);
}

#[test]
fn of_two_filters_that_fail_the_first_in_the_order_is_the_reason() {
    // Without a first bar the range is incomplete, too.
    check("orb-classic bars=1", &format!("A 09:31 {DOJI} | {DOJI}"), "A range_no_first_bar");
    // Two minutes are missing, and the open is 40% away.
    check("orb-classic bars=1", &format!("A: prev 71\nA 09:30 {DOJI} | {DOJI} | {DOJI}"), "A range_incomplete");
    in_play("prev 6 volume14 14000000 atr 5 opening14 14000", "4 5 3 4.5", "", "gap_over_30pct");
    in_play("prev 4", "4 5 3 4.5", "", "price");
    in_play("prev 4 volume14 1", "4 5 3 4.5", "", "price");
    in_play("prev 100", RISES, "", "avg_volume_missing");
    in_play("prev 100 atr 0.1", RISES, "", "avg_volume_missing");
    in_play("prev 100 volume14 1", RISES, "", "avg_volume");
    in_play("prev 100 volume14 1 atr 0.1", RISES, "", "avg_volume");
    in_play("prev 100 volume14 14000000", RISES, "", "atr_missing");
    in_play("prev 100 volume14 14000000 opening14 99000", RISES, "", "atr_missing");
    in_play("prev 100 volume14 14000000 atr 0.1", RISES, "", "atr");
    in_play("prev 100 volume14 14000000 atr 0.1 opening14 99000", RISES, "", "atr");
    in_play("prev 100 volume14 14000000 atr 5", RISES, RIVAL, "rvol_missing");
    in_play("prev 100 volume14 14000000 atr 5 opening14 99000", RISES, RIVAL, "rvol");
    in_play(KNOWN, DOJI, RIVAL, "not_in_top");
    in_play("volume14 14000000 atr 5 opening14 14000", DOJI, "", "doji");
    in_play("volume14 14000000 atr 5 opening14 14000", RISES, "", "score_missing");
    in_play(KNOWN, RISES, "", "score");
}

/// Refuses everything.
#[derive(Debug)]
struct Never;

impl Filter for Never {
    fn check(&self, candidacy: &Candidacy<'_>) -> Result<(), String> {
        Err(format!("{} is not to my liking", candidacy.symbol))
    }
}

#[test]
fn a_filter_of_one_s_own_comes_after_the_configured_ones_and_before_the_top() {
    let refuse = |known: &str, expect: &str| {
        let market = format!("A: {known}\nA 09:30 {RISES}\n{RIVAL}");
        let report = run_with(IN_PLAY, &market, |config| config.with_filter(Arc::new(Never)).explained());
        check_report(&report, IN_PLAY, &market, expect);
        for (explanation, decision) in report.explanations.iter().zip(&report.decisions) {
            let failed = explanation.checks.iter().find_map(|check| check.failed);
            assert_eq!(failed, Some(decision.reason), "{explanation:?}");
        }
        report.decisions[0].detail.clone()
    };
    refuse("prev 100 volume14 14000000 atr 5 opening14 99000", "A rvol\nB custom_filter");
    // B goes first in rank: without the filter A would not be in the top.
    assert_eq!(refuse(KNOWN, "A custom_filter\nB custom_filter"), "A is not to my liking");
}

#[test]
fn a_score_is_asked_before_the_order_is() {
    // The first strategy owns A by its order; the second fails by its score and by that.
    let market = "A: prev 100 atr 5 opening14 14000\nA 09:30 100 101 99 100 | 100 102 100 101";
    check_both(
        "orb-classic | orb-classic name=later score_min=1",
        market,
        "A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683\nA s1 score",
    );
    check_both(
        "orb-classic | orb-classic name=later score_min=1",
        &market.replace("opening14 14000", ""),
        "A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683\nA s1 score_missing",
    );
}

const SHORT: &str = "A 09:30 100 101 99 100 | 100 100 98 99";

#[test]
fn of_two_rules_of_an_order_that_fail_the_first_in_the_order_is_the_reason() {
    // A short that the first strategy made; the second is owned out and restricted: the bar of 09:35 restricts shorts
    // from the next bar on, in which the second strategy's wider level is touched.
    check_both(
        "orb-classic | orb-classic name=later entry_offset_ticks=200",
        "A: prev 108\nA 09:30 100 101 98 100 | 98 98 97.2 97.5 | 97 97 95.9 96",
        "A short 66 09:35 97.99 > 09:40 96 data_end 0.6611R net 130.878
         A s1 symbol_owned",
    );
    // Restricted, and its stop is too close.
    check_both("orb-classic stop_distance_min=3", &format!("A: restricted\n{SHORT}"), "A rule_201");
    // Too close, and 200 dollars of risk buy no share of d = 200.02.
    check_both(
        "orb-classic stop_distance_min=201",
        "A 09:30 900 1000.01 800 900 | 900 1000.02 900 950",
        "A stop_too_close",
    );
    // A gaps to 201.5 and takes 19,948.5 of 20,000. B's risk buys no share, nor does what is left.
    let first = "A 09:30 100 100.1 99.9 100 | 201.5 202 201 201.5";
    check_both(
        "orb-classic max_positions=2 leverage=0.2 target_r=off daily_loss_limit=1 risk_fraction=0.001",
        &format!("{first}\nB 09:30 900 1000.01 800 900 | 900 1000.02 900 950"),
        "A long 99 09:35 201.5 > 09:35 201.5 data_end 0R net -0.693\nB size_zero",
    );
    // Nothing is left, and A's risk of 99 x 101.6 is beyond the limit of 5,000.
    check_both(
        "orb-classic max_positions=2 leverage=0.2 target_r=off",
        &format!("{first}\nB 09:30 100 101 99 100 | 100 102 100 101"),
        "A long 99 09:35 201.5 > 09:35 201.5 data_end 0R net -0.693\nB no_buying_power",
    );
    // 998.97 + 998.97 are beyond 1,000, and the only slot is A's: watched, and by rank.
    let both = "A 09:30 100 101 99 100.5 | 100 102 100 101\nB 09:30 100 101 99 100.5 | 100 102 100 101";
    for policy in ["first_trigger", "ranked direction=candle"] {
        check_both(
            &format!("orb-classic max_positions=1 daily_loss_limit=0.01 slot_policy={policy}"),
            both,
            "A long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449\nB daily_risk",
        );
    }
    // By rank there is no place, and no touch either.
    check_both(
        "orb-classic max_positions=1 slot_policy=ranked direction=candle",
        "A 09:30 100 101 99 100.5 | 100 101 100 101\nB 09:30 100 101 99 100.5 | 100 101 100 101",
        "A no_trigger\nB max_positions",
    );
}

#[test]
fn of_slot_and_limit_the_slot_is_the_reason() {
    // Fees of a dollar a share: the mark of 497 x 1.11 and the fee of 497 reach the limit of 1,000 at 09:40. A leaves at
    // 103.01 with nothing won or lost, so B's risk of 998.97 fits; A's slot is free only from the next bar.
    let market = "A 09:30 100 101 99 100 | 100 102 100 101 | 101 101 99.9 99.9 | 103.01 103.01 103 103
                  B 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 102 100 101";
    check_both(
        "orb-classic max_positions=1 target_r=off fee_per_share=1 daily_loss_limit=0.01",
        market,
        "A long 497 09:35 101.01 > 09:45 103.01 loss_limit 0.995R net 0\nB no_slot",
    );
    // With two slots and half the size: 248 x 1.11 + 248 are beyond 500, and B's risk is 498.48.
    check_both(
        "orb-classic max_positions=2 target_r=off fee_per_share=1 daily_loss_limit=0.005",
        market,
        "A long 248 09:35 101.01 > 09:45 103.01 loss_limit 0.995R net 0\nB loss_limit",
    );
}

#[test]
fn after_the_limit_a_waiting_market_entry_still_has_its_own_reason() {
    // A enters at 100.6 and gaps to 97: 333 x -3.6 = -1,198.8; -3.6 / 1.6 = -2.25R: the limit of 1,000 is reached.
    let after_limit = |entry: &str, bars: &str, expect: &str| {
        let settings = format!("orb-etf max_positions=2 daily_loss_limit=0.01 {entry}");
        let market =
            format!("A 09:30 100 101 99 100.5 | 100.6 101 100 100.5 | 97 97 97 97\nB 09:30 100 101 99 100.5 {bars}");
        let first = "A long 333 09:35 100.6 > 09:40 97 stop -2.25R net -1199.133";
        check_both(&settings, &market, &format!("{first}\nB {expect}"));
    };
    after_limit("", "| - | - | 100.6 101 100 100.5", "loss_limit");
    after_limit("", "| - | - | 99 101 98 100.5", "entry_beyond_stop");
    after_limit("", "", "no_entry_bar");
    after_limit("", "\nB 15:55 100.6 101 100 100.5", "no_entry_bar");
    // After a close: B closed beyond at 09:35 and waits for a bar, which may be the last of the window.
    let close = "entry=close slot_policy=first_trigger target_r=off";
    let after_close = |bars: &str, expect: &str| {
        check_both(
            &format!("orb-etf max_positions=2 daily_loss_limit=0.01 {close}"),
            &format!(
                "A 09:30 100 101 99 100.5 | 100 101 100 101 | 101 101 100 101 | 96 96 96 96
                 B 09:30 100 101 99 100.5 | 100 100 100 100 | 100 101 100 101 {bars}"
            ),
            &format!("A long 250 09:40 101 > 09:45 96 stop -2.5R net -1250.25\nB {expect}"),
        );
    };
    after_close("| - | 101 101 100 101", "loss_limit");
    after_close("| - | 99 101 98 101", "entry_beyond_stop");
    after_close("", "no_entry_bar");
    after_close("\nB 15:50 101 101 100 101", "loss_limit");
}

#[test]
fn every_reason_has_its_place_in_the_order() {
    let codes: Vec<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    let filters = "no_bars range_no_first_bar range_incomplete gap_over_30pct price not_tradable avg_volume_missing \
        avg_volume atr_missing atr not_in_universe rvol_missing rvol custom_filter not_in_top doji score_missing score";
    let order = "symbol_owned rule_201 stop_too_close size_zero no_buying_power daily_risk max_positions \
        missed_breakout no_slot both_sides_in_one_bar no_trigger no_entry_bar entry_beyond_stop loss_limit";
    let live = "hold halted not_shortable stale_data rejected_by_broker";
    let wanted: Vec<&str> = [filters, order, live].into_iter().flat_map(str::split_whitespace).collect();
    assert_eq!(codes, wanted);
}
