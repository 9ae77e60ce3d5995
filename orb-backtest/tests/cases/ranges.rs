//! The opening range: completeness, late opens, halts.

use crate::table::{check, check_both};

#[test]
fn one_minute_of_the_range_may_be_missing() {
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
fn two_missing_minutes_make_no_range() {
    check(
        "orb-classic bars=1",
        "A 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | - | - | 100 102 98 101",
        "A range_incomplete",
    );
}

#[test]
fn a_range_of_one_minute_needs_its_only_bar() {
    check("orb-classic bars=1 range_minutes=1", "A 09:31 100 101 99 100 | 100 103 99 101", "A range_no_first_bar");
    // 99 shares at 101.01; the data end at 102: 99 x 0.99 = 98.01, 0.99 / 2.01 = 0.4925R.
    check(
        "orb-classic bars=1 range_minutes=1",
        "A 09:30 100 101 99 100 | 100 102 100 102",
        "A long 99 09:31 101.01 > 09:31 102 data_end 0.4925R net 97.317",
    );
}

#[test]
fn coarse_bars_must_cover_the_range_but_for_a_minute() {
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
fn a_range_is_a_whole_number_of_bars() {
    check("orb-classic bars=2", "A 09:30 100 101 99 100", "");
}

#[test]
fn the_first_bar_is_needed() {
    // A late open, as on the day of an IPO.
    check(
        "orb-classic bars=1",
        "A 09:31 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 100 100 100",
        "A range_no_first_bar",
    );
    check("orb-classic", "A 10:30 100 101 99 100 | 100 103 97 100", "A range_no_first_bar");
}

#[test]
fn a_symbol_without_bars_has_its_decision() {
    check("orb-classic", "A 09:30 100 101 99 100 | 100 101 99 100\nB: prev 50", "A no_trigger\nB no_bars");
}

#[test]
fn the_clock_ends_the_range_not_the_next_bar() {
    // No bar follows the range: it is finished all the same, and nothing triggers.
    check("orb-classic", "A 09:30 100 101 99 100", "A no_trigger");
    check("orb-etf", "A 09:30 100 101 99 100.5", "A no_entry_bar");
}

#[test]
fn a_halt_after_the_range_keeps_the_stop_and_fills_at_the_reopening() {
    // Long at 101.01; halted from 09:40 to 10:30; reopens at 95: 99 x (95 - 101.01) = -594.99, -6.01 / 2.01 = -2.9900R.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 102 100 101\nA 10:30 95 96 94 95",
        "A long 99 09:35 101.01 > 10:30 95 stop -2.99R net -595.683",
    );
}
