//! The opening range: completeness, late opens, halts.

use crate::table::{check, check_both};

#[test]
fn range_completeness_allows_one_missing_minute() {
    // Minutes 0, 1, 2 and 4 make the range: 4 >= 5 - 1. The level is 101.01.
    check(
        "orb-classic bars=1",
        "A 09:30 100 101 100 100 | 100 100 99 100 | 100 100 100 100 | - | 100 100 100 100 | 100 101.01 100 101 | 99 99 99 99",
        "A long 99 09:35 101.01 > 09:36 99 stop -1R net -199.683",
    );
    // The last minute may be the missing one.
    check(
        "orb-classic bars=1",
        "A 09:30 100 101 100 100 | 100 100 99 100 | 100 100 100 100 | 100 100 100 100 | - | 100 101.01 100 101 | 99 99 99 99",
        "A long 99 09:35 101.01 > 09:36 99 stop -1R net -199.683",
    );
}

#[test]
fn range_completeness_needs_all_minutes_but_one() {
    check(
        "orb-classic bars=1",
        "A 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | - | - | 100 102 98 101",
        "A range_incomplete",
    );
}

#[test]
fn range_completeness_of_one_minute_is_its_only_bar() {
    check("orb-classic bars=1 range_minutes=1", "A 09:31 100 101 99 100 | 100 103 99 101", "A range_no_first_bar");
    // 99 shares at 101.01; the data end at 102: 99 x 0.99 = 98.01, 0.99 / 2.01 = 0.4925R.
    check(
        "orb-classic bars=1 range_minutes=1",
        "A 09:30 100 101 99 100 | 100 102 100 102",
        "A long 99 09:31 101.01 > 09:31 102 data_end 0.4925R net 97.317",
    );
}

#[test]
fn range_completeness_counts_coarse_bars_whole() {
    // Two of three 5-minute bars are 10 minutes, less than 14.
    check(
        "orb-classic range_minutes=15",
        "A 09:30 100 101 99 100 | - | 100 101 99 100 | 100 102 99 100",
        "A range_incomplete",
    );
    check(
        "orb-classic range_minutes=15",
        "A 09:30 100 101 99 100 | 100 101 99 100 | 100 101 99 100 | 100 101 99 100",
        "A no_trigger",
    );
}

#[test]
#[should_panic(expected = "a range of 5 minutes is not a whole number of 2-minute bars")]
fn range_completeness_refuses_a_length_that_bars_do_not_divide() {
    check("orb-classic bars=2", "A 09:30 100 101 99 100", "");
}

#[test]
fn late_open_halt_in_the_range_leaves_no_range() {
    // A late open, as on the day of an IPO.
    check(
        "orb-classic bars=1",
        "A 09:31 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 100 100 100",
        "A range_no_first_bar",
    );
    check("orb-classic", "A 10:30 100 101 99 100 | 100 103 97 100", "A range_no_first_bar");
}

#[test]
fn trade_rows_leave_no_symbol_without_a_decision() {
    check("orb-classic", "A 09:30 100 101 99 100 | 100 101 99 100\nB: prev 50", "A no_trigger\nB no_bars");
}

#[test]
fn range_completeness_is_settled_by_the_clock_not_by_the_next_bar() {
    // No bar follows the range: it is finished all the same, and nothing triggers.
    check("orb-classic", "A 09:30 100 101 99 100", "A no_trigger");
    check("orb-etf", "A 09:30 100 101 99 100.5", "A no_entry_bar");
}

#[test]
fn late_open_halt_in_the_range_but_later_halts_keep_the_stop_and_fill_at_the_reopening() {
    // Long at 101.01; halted from 09:40 to 10:30; reopens at 95: 99 x (95 - 101.01) = -594.99, -6.01 / 2.01 = -2.9900R.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 102 100 101\nA 10:30 95 96 94 95",
        "A long 99 09:35 101.01 > 10:30 95 stop -2.99R net -595.683",
    );
}

#[test]
fn range_completeness_never_fills_forward() {
    // Four bars of one share in 14 ranges of 57: 4 x 14 / 57 is below 1. A bar that was made up would be a fifth.
    let bar = "100 100 100 100 x1";
    check(
        "orb-classic bars=1 rvol_min=1",
        &format!("A: opening14 57\nA 09:30 {bar} | {bar} | {bar} | - | {bar}"),
        "A rvol",
    );
}

#[test]
fn late_open_halt_in_the_range_of_two_minutes_is_no_range() {
    check(
        "orb-classic bars=1",
        "A 09:30 100 101 99 100 | - | - | 100 100 100 100 | 100 100 100 100 | 100 102 100 101",
        "A range_incomplete",
    );
}

#[test]
fn ranges_of_every_length_end_with_their_last_bar() {
    // The range's high of 101 comes in its last bar; the bar after it touches 101.01.
    for (minutes, bar) in [(1, 1), (5, 1), (5, 5), (15, 1), (15, 5), (15, 15), (30, 5), (30, 30), (60, 5), (60, 60)] {
        let quiet = " 100 100 99 100 |".repeat(minutes / bar - 1);
        let market = format!("A 09:30{quiet} 100 101 99 100 | 100 102 100 101");
        let time = format!("{:02}:{:02}", 9 + (30 + minutes) / 60, (30 + minutes) % 60);
        check_both(
            &format!("orb-classic range_minutes={minutes} bars={bar}"),
            &market,
            &format!("A long 99 {time} 101.01 > {time} 101 data_end -0.005R net -1.683"),
        );
    }
}

#[test]
fn ranges_longer_by_a_bar_contain_what_would_have_been_a_breakout() {
    // The bar of 09:35 goes to 102: a breakout of five minutes, and a part of fifteen.
    let market = "A 09:30 100 101 99 100 | 100 102 100 101 | 100 100 100 100 | 100 102 100 101";
    check("orb-classic", market, "A long 99 09:35 101.01 > 09:45 101 data_end -0.005R net -1.683");
    check("orb-classic range_minutes=15", market, "A no_trigger");
}
