//! Stops and targets by percent and by ATR, sma and Wilder's, and the reference data that they rest on.

use crate::table::{check, check_both};

/// Writes sessions of one range bar each, for the features alone; `None` leaves the symbol without bars.
fn warmup(count: usize, bar: impl Fn(usize) -> Option<&'static str>) -> String {
    let day = |number: usize| {
        let bars = bar(number).map(|bar| format!("A 09:30 {bar}\n")).unwrap_or_default();
        format!("== 2026-01-{:02} warmup\n{bars}", number + 1)
    };
    (0..count).map(day).collect()
}

const QUIET: &str = "100 101 99 100";

#[test]
fn stops_and_targets_by_percent_lie_from_the_executed_price() {
    // Stop 1% below the level 101.01: 99.9999, down: 99.99; d = 1.02: 196 shares. The gap to 102 puts the stop at
    // 100.98 and the target, 2% above, at 104.04: 196 x 2.04 = 399.84 less 1.372.
    check_both(
        "orb-classic stop=percent:1 target_percent=2",
        "A 09:30 100 101 99 100 | 102 103 101 102 | 102 104.04 101 104",
        "A long 196 09:35 102 > 09:40 104.04 target 2R net 398.468",
    );
    check_both(
        "orb-classic stop=percent:1 target_percent=2",
        "A 09:30 100 101 99 100 | 102 103 101 102 | 102 104.03 100.98 104",
        "A long 196 09:35 102 > 09:40 100.98 stop -1R net -201.292",
    );
    // Short at 98.99: stop 99.9799, up: 99.98; d = 0.99: 202 shares. Target 98.99 x 0.98 = 97.0102, down: 97.01.
    check_both(
        "orb-classic stop=percent:1 target_percent=2",
        "A 09:30 100 101 99 100 | 99 99 98.99 99 | 99 99 97.01 98",
        "A short 202 09:35 98.99 > 09:40 97.01 target 2R net 398.546",
    );
}

#[test]
fn atr14_is_the_mean_of_the_14_true_ranges_before_or_wilder_s() {
    // True ranges: 16, then 2 on 14 days. The mean of the latest 14 is 2; Wilder's first is (16 + 13 x 2) / 14 = 3,
    // his second (13 x 3 + 2) / 14 = 2.928571. A tenth of each from 101.01: stops at 100.81 and 100.7171, down: 100.71.
    let days = warmup(16, |day| Some(if day == 1 { "100 108 92 100" } else { QUIET }));
    let market = format!("{days}== 2026-02-13\nA 09:30 100 101 99 100 | 101 102 101 101.5 | 100.9 100.9 100.5 100.5");
    // 80,000 / 101.01 = 792 shares, by leverage; by risk 200 / 0.30 = 666.
    check_both(
        "orb-classic stop=atr:0.1 target_r=off",
        &market,
        "A long 792 09:35 101.01 > 09:40 100.81 stop -1R net -163.944",
    );
    check_both(
        "orb-classic stop=atr:0.1 target_r=off atr_method=wilder",
        &market,
        "A long 666 09:35 101.01 > 09:40 100.71 stop -1R net -204.462",
    );
}

#[test]
fn atr14_needs_fourteen_true_ranges_and_a_day_without_bars_is_no_day() {
    let trade = "== 2026-02-13\nA 09:30 100 101 99 100 | 101 102 101 101.5";
    for method in ["sma", "wilder"] {
        let settings = format!("orb-classic stop=atr:0.1 target_r=off atr_method={method}");
        check_both(&settings, &format!("{}{trade}", warmup(14, |_| Some(QUIET))), "A atr_missing");
        // 16 sessions, one of them without bars: 15 days have 14 true ranges.
        let days = warmup(16, |day| (day != 8).then_some(QUIET));
        check_both(
            &settings,
            &format!("{days}{trade}"),
            "A long 792 09:35 101.01 > 09:35 101.5 data_end 2.45R net 382.536",
        );
    }
}

#[test]
fn atr14_filters_take_the_configured_method() {
    let market = "A: atr 5 wilder 0.4\nA 09:30 100 101 99 100 | 100 101 99 100";
    check("orb-classic atr_min=0.5", market, "A no_trigger");
    check("orb-classic atr_min=0.5 atr_method=wilder", market, "A atr");
    check(
        "orb-classic atr_min=0.5 atr_method=wilder",
        "A: atr 5\nA 09:30 100 101 99 100 | 100 101 99 100",
        "A atr_missing",
    );
}

#[track_caller]
fn rvol(days: &str, volume: u32, expect: &str) {
    let market = format!("{days}== 2026-02-13\nA 09:30 100 101 99 100 x{volume} | 100 101 99 100 x9999");
    check("orb-classic rvol_min=1", &market, &format!("A {expect}"));
}

#[test]
fn rvol_compares_with_the_mean_of_the_14_calendar_sessions_before() {
    // 13 ranges of 1,000 shares and one of 1,014: the mean is 1,001.
    let one_more = |day: usize| Some(if day == 3 { "100 101 99 100 x1014" } else { QUIET });
    rvol(&warmup(14, one_more), 1_001, "no_trigger");
    rvol(&warmup(14, one_more), 1_000, "rvol");
    // What is older than 14 sessions does not count.
    let older = |day: usize| Some(if day == 0 { "100 101 99 100 x1" } else { QUIET });
    rvol(&warmup(15, older), 1_000, "no_trigger");
    rvol(&warmup(15, older), 999, "rvol");
    rvol(&warmup(13, |_| Some(QUIET)), 1_000, "rvol_missing");
}

#[test]
fn rvol_with_a_hole_or_an_incomplete_range_is_missing() {
    rvol(&warmup(16, |day| (day != 8).then_some(QUIET)), 1_000, "rvol_missing");
    // The hole lies 15 sessions back: all 14 are there.
    rvol(&warmup(15, |day| (day != 0).then_some(QUIET)), 1_000, "no_trigger");
    // Bars after the range count for nothing, and a session without its first bar has no range.
    let late = "- | 100 101 99 100";
    rvol(&warmup(14, |day| Some(if day == 5 { late } else { QUIET })), 1_000, "rvol_missing");
    rvol(&warmup(14, |_| Some("100 101 99 100 x1000 | 100 101 99 100 x5000")), 1_000, "no_trigger");
}
