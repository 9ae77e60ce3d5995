//! Filters in their order, gaps, dojis, rule 201.

use crate::table::{check, check_both};

/// All filters of the Stocks in Play.
const IN_PLAY: &str = "orb-classic price_min=5 average_volume_min=1000000 atr_min=0.5 rvol_min=1 top=1";

#[track_caller]
fn filtered(known: &str, expect: &str) {
    check(IN_PLAY, &format!("A: {known}\nA 09:30 100 101 99 100 x1000 | 100 101 99 100"), &format!("A {expect}"));
}

#[test]
fn missing_input_fails_every_filter_closed_and_the_first_is_named() {
    filtered("prev 100", "avg_volume_missing");
    filtered("volume14 13999999", "avg_volume");
    filtered("volume14 14000000", "atr_missing");
    filtered("volume14 14000000 atr 0.5", "atr");
    filtered("volume14 14000000 atr 0.500001", "rvol_missing");
    // The mean of the 14 is 1,000.07: less than 1 times.
    filtered("volume14 14000000 atr 1 opening14 14001", "rvol");
    filtered("volume14 14000000 atr 1 opening14 14000", "no_trigger");
    filtered("prev 70 volume14 14000000", "gap_over_30pct");
    check(IN_PLAY, "A: volume14 1\nA 09:30 5 6 4 5 | 5 6 4 5", "A price");
}

#[test]
fn doji_is_dropped_after_the_top_was_counted() {
    // A has the greater ratio and is a doji: its place of one is used up.
    check(
        &format!("{IN_PLAY} direction=candle"),
        "A: volume14 14000000 atr 1 opening14 7000
         B: volume14 14000000 atr 1 opening14 14000
         A 09:30 100 101 99 100 | 100 102 100 101
         B 09:30 100 101 99 100.5 | 100 102 100 101",
        "A doji\nB not_in_top",
    );
}

#[test]
fn doji_is_an_open_and_close_that_round_half_up_to_one_tick() {
    let doji = |open: &str, close: &str, expect: &str| {
        check_both("orb-etf target_r=off", &format!("A 09:30 {open} 101 99 {close} | 100 100 100 100"), expect);
    };
    doji("100", "100", "A doji");
    doji("100.004", "100.0049", "A doji");
    doji("100.005", "100.0149", "A doji");
    // 100.0049 is 100.00, 100.005 is 100.01: long. d = 1.005: 1,000 / 1.005 = 995 shares; fees 0.995.
    doji("100.0049", "100.005", "A long 995 09:35 100 > 09:35 100 data_end 0R net -0.995");
    // The other way round it is short: d = 101 - 100.0049 = 0.9951: 1,004 shares.
    doji("100.005", "100.0049", "A short 1004 09:35 100 > 09:35 100 data_end 0R net -1.004");
}

#[test]
fn price_filter_gaps_of_exactly_30_percent_pass() {
    let gap = |previous: &str, open: &str, expect: &str| {
        check("orb-classic", &format!("A: prev {previous}\nA 09:30 {open} {open} {open} {open}"), expect);
    };
    gap("100", "130", "A no_trigger");
    gap("100", "130.000001", "A gap_over_30pct");
    gap("100", "70", "A no_trigger");
    gap("100", "69.999999", "A gap_over_30pct");
    // The session before gives the close.
    check(
        "orb-classic",
        "== 2026-02-12
         A 09:30 100 101 99 100 | 100 101 99 100
         == 2026-02-13
         A 09:30 130.01 131 130 130",
        "12 A no_trigger\n13 A gap_over_30pct",
    );
    check("orb-classic gap_limit=off", "A: prev 100\nA 09:30 131 131 131 131", "A no_trigger");
}

#[test]
fn shorts_are_blocked_by_rule_201_from_the_next_bar_on() {
    // Previous close 110: 90% is 99. The range's low 99 restricts from the next bar on.
    check_both("orb-classic", "A: prev 110\nA 09:30 100 101 99 100 | 100 100 98 99", "A rule_201");
    // Previous close 109: 98.1. The bar that falls to 98 may still be sold: 99 shares, data end at 99: -0.01 x 99 = -0.99.
    check_both(
        "orb-classic",
        "A: prev 109\nA 09:30 100 101 99 100 | 100 100 98 99",
        "A short 99 09:35 98.99 > 09:35 99 data_end -0.005R net -1.683",
    );
    // An entry after the close would sell in the next bar: 98 restricts it already.
    check_both(
        "orb-classic entry=close",
        "A: prev 109\nA 09:30 100 101 99 100 | 100 100 98 98.5 | 98.5 98.5 98 98",
        "A rule_201",
    );
    // Longs are free.
    check_both(
        "orb-classic",
        "A: prev 112\nA 09:30 100 101 99 100 | 100 102 100 101",
        "A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683",
    );
    // Unknown close: inactive.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 100 98 99",
        "A short 99 09:35 98.99 > 09:35 99 data_end -0.005R net -1.683",
    );
}

#[test]
fn a_stop_of_atr_needs_atr_before_anything_happens() {
    check_both("orb-classic stop=atr:0.1", "A 09:30 100 101 99 100 | 100 100 100 100", "A atr_missing");
}

#[test]
fn shorts_stay_blocked_through_the_next_session() {
    // The 12th falls to 90 from the 11th's close of 100: no shorts on the 13th; the 17th is free again.
    check(
        "orb-classic",
        "== 2026-02-11 warmup
         A 09:30 100 100 100 100
         == 2026-02-12
         A 09:30 95 100 94 99 | 99 99 95 99\nA 15:55 99 100 90 100
         == 2026-02-13
         A 09:30 100 101 99 100 | 100 100 98 99
         == 2026-02-17
         A 09:30 100 101 99 100 | 100 100 98 99",
        "17 A short 99 09:35 98.99 > 09:35 99 data_end -0.005R net -1.683
         12 A no_trigger
         13 A rule_201",
    );
}

#[test]
fn price_filter_gaps_are_judged_by_the_open_of_the_range() {
    let price = |open: &str, expect: &str| {
        check("orb-classic price_min=5", &format!("A 09:30 {open} 6 4 4.5 | 5 6 4 5"), &format!("A {expect}"));
    };
    price("5", "price");
    price("5.000001", "no_trigger");
    // The close of the range, 4.5, and its low are not asked.
    price("5.01", "no_trigger");
}

#[test]
fn missing_input_leaves_no_score_and_the_signal_stands() {
    let market = "A: prev 100\nA 09:30 100 101 99 100 | 100 102 100 101";
    check_both("orb-classic", market, "A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683");
    check_both("orb-classic score_min=0.000001", market, "A score_missing");
}

#[test]
fn trade_rows_leave_no_session_without_a_decision() {
    // Nothing has a bar on the 12th, B none on the 13th.
    check(
        "orb-classic",
        "== 2026-02-11
         B 09:30 100 101 99 100 | 100 101 99 100
         == 2026-02-12
         == 2026-02-13
         A 09:30 100 101 99 100 | 100 102 100 101",
        "13 A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         11 A no_bars
         11 B no_trigger
         12 A no_bars
         12 B no_bars
         13 B no_bars",
    );
}

#[test]
fn splits_that_are_known_explain_a_gap() {
    // 7 for 1 over night: 645 is 92.142857 on today's basis, and 92.7 is no gap. Prices of today stay raw.
    let days = |split: &str| {
        format!("== 2026-02-12\nA 09:30 645 646 644 645\n== 2026-02-13\n{split}\nA 09:30 92.7 93 92.4 92.7")
    };
    check("orb-classic", &days(""), "12 A no_trigger\n13 A gap_over_30pct");
    check("orb-classic", &days("A: split 7 1"), "12 A no_trigger\n13 A no_trigger");
    // A split of another size explains nothing.
    check("orb-classic", &days("A: split 2 1"), "12 A no_trigger\n13 A gap_over_30pct");
    // 1 for 10: 2 before it are 20 today.
    let reverse = "== 2026-02-12\nA 09:30 2 2 2 2\n== 2026-02-13\nA: split 1 10\nA 09:30 20 20 20 20";
    check("orb-classic", reverse, "12 A no_trigger\n13 A no_trigger");
}
