//! A smallest score as a filter: figures by hand, for both directions and each way to enter.

use crate::table::{check, check_both, run_with};

/// rvol 2, ATR 5, the close before 100; the range is 100 to 102, opens at 101 and closes at 101.5.
const KNOWN: &str = "A: prev 100 atr 5 opening14 7000";
const LONG_RANGE: &str = "A 09:30 101 102 100 101.5";
const SHORT_RANGE: &str = "A 09:30 101 102 100 100.5";

/// By hand: rvol ln 2 / ln 4 = 0.5; width 1 - |ln(2 / 1.4)| / ln 4 = 0.742713.
const RVOL_AND_WIDTH: f64 = 0.35 * 0.5 + 0.20 * 0.742_713;

#[track_caller]
fn score(settings: &str, market: &str, by_hand: f64) {
    let report = run_with(settings, market, orb_core::EngineConfig::explained);
    let explained = report.explanations[0].entry.expect("an entry").score.expect("a score");
    let total = f64::from(explained.total_e6) / 1e6;
    assert!((total - by_hand).abs() < 2e-6, "{settings}: {total} is not {by_hand}\n{market}");
    // A smallest score lets through what is equal to it, and nothing less.
    let bound = |millionths: u32| format!("{settings} score_min=0.{millionths:06}");
    let passes = |settings: &str| run_with(settings, market, |config| config).trades.len();
    assert_eq!((passes(settings), passes(&bound(explained.total_e6))), (1, 1), "{settings}");
    check(&bound(explained.total_e6 + 1), market, "A score");
}

#[test]
fn each_way_to_enter_has_its_score() {
    // VWAP (102 + 100 + 101.5) / 3 = 101.166667. Gap long: 0.5 + 0.5 x 1 / 5 = 0.6. Close location 1.5 / 2 = 0.75.
    // Stop long: level 102.01: 0.5 + 2 x 0.843333 / 5 = 0.837333.
    let long = RVOL_AND_WIDTH + 0.10 * 0.6 + 0.20 * 0.75;
    score("orb-classic direction=candle", &format!("{KNOWN}\n{LONG_RANGE} | 101 103 101 102"), long + 0.15 * 0.837_333);
    // Both sides: the same score, known only when the side is.
    score("orb-classic", &format!("{KNOWN}\n{LONG_RANGE} | 101 103 101 102"), long + 0.15 * 0.837_333);
    // A market entry rests on the range's close, 101.5: 0.5 + 2 x 0.333333 / 5 = 0.633333.
    score("orb-etf target_r=off", &format!("{KNOWN}\n{LONG_RANGE} | 101 103 101 102"), long + 0.15 * 0.633_333);
    // After a close: the bar 101 to 103 that closes at 102.5 has 0.75, and the level is that close:
    // 0.5 + 2 x 1.333333 / 5 = 1.033333, at most 1.
    score(
        "orb-classic entry=close target_r=off",
        &format!("{KNOWN}\n{LONG_RANGE} | 101 103 101 102.5 | 102.5 103 102 102"),
        RVOL_AND_WIDTH + 0.06 + 0.20 * 0.75 + 0.15,
    );
    // Short: VWAP (102 + 100 + 100.5) / 3 = 100.833333, gap 0.4, close location (102 - 100.5) / 2 = 0.75.
    // Stop: level 99.99: 0.5 + 2 x 0.843333 / 5. Market: 100.5: 0.633333.
    let short = RVOL_AND_WIDTH + 0.10 * 0.4 + 0.20 * 0.75;
    score("orb-classic", &format!("{KNOWN}\n{SHORT_RANGE} | 100 101 99 99.9"), short + 0.15 * 0.837_333);
    score("orb-etf target_r=off", &format!("{KNOWN}\n{SHORT_RANGE} | 100 101 99 99.9"), short + 0.15 * 0.633_333);
    // After a close: the bar 101 to 99 that closes at 99.2 has (101 - 99.2) / 2 = 0.9; P = 99.2: more than 1, so 1.
    score(
        "orb-classic entry=close target_r=off",
        &format!("{KNOWN}\n{SHORT_RANGE} | 100 101 99 99.2 | 99.2 100 99 99.5"),
        RVOL_AND_WIDTH + 0.04 + 0.20 * 0.9 + 0.15,
    );
}

#[test]
fn a_score_that_is_missing_is_no_score_at_all() {
    let bars = format!("{LONG_RANGE} | 101 103 101 102.5 | 102.5 103 102 102");
    for entry in ["orb-classic", "orb-classic direction=candle", "orb-etf", "orb-classic entry=close"] {
        let settings = format!("{entry} score_min=0.000001");
        for known in ["atr 5 opening14 7000", "prev 100 opening14 7000", "prev 100 atr 5"] {
            check_both(&settings, &format!("A: {known}\n{bars}"), "A score_missing");
        }
    }
    // A range without height has no score; the price before it is on the other side of nothing.
    check_both(
        "orb-classic score_min=0.000001",
        &format!("{KNOWN}\nA 09:30 101 101 101 101 | 101 103 101 102"),
        "A score_missing",
    );
    // The bar that closes beyond has no height: that is known only then.
    let flat = format!("{KNOWN}\n{LONG_RANGE} | 103 103 103 103 | 103 104 103 103");
    check_both("orb-classic entry=close score_min=0.000001", &flat, "A score_missing");
}

#[test]
fn a_score_that_no_breakout_completes_leaves_the_day_without_a_trigger() {
    let quiet = format!("{KNOWN}\n{LONG_RANGE} | 101 102 101 101");
    check("orb-classic score_min=1", &quiet, "A no_trigger");
    check("orb-classic entry=close score_min=1", &quiet, "A no_trigger");
    // With one side it is complete at the range's end.
    check("orb-classic direction=candle score_min=1", &quiet, "A score");
}

#[test]
fn a_refused_score_takes_no_place() {
    // A goes first by relative volume and fails; B has the place.
    check_both(
        "orb-classic direction=candle slot_policy=ranked max_positions=1 score_min=0.6 target_r=off",
        "A: prev 110 atr 5 opening14 3500\nB: prev 100 atr 5 opening14 7000
         A 09:30 101 110 100 101.5 | 101 101 101 101
         B 09:30 101 102 100 101.5 | 101 102.01 101 102.01",
        "B long 497 09:35 102.01 > 09:35 102.01 data_end 0R net -3.479
         A score",
    );
}
