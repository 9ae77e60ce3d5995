//! The entry window: from the range's end to the cut-off or the flatten, half days too.

use crate::table::check_both;

const IDLE: &str = "A 09:30 100 101 99 100.5";

#[track_caller]
fn trigger_at(settings: &str, day: &str, time: &str, expect: &str) {
    check_both(settings, &format!("{day}\n{IDLE}\nA {time} 100 102 100 101"), expect);
}

const DAY: &str = "== 2026-02-13";
const HALF_DAY: &str = "== 2026-11-27 close 13:00";

#[test]
fn entry_window_of_orb_classic_ends_half_an_hour_before_the_close() {
    trigger_at("orb-classic", DAY, "15:25", "A long 99 15:25 101.01 > 15:25 101 data_end -0.005R net -1.683");
    trigger_at("orb-classic", DAY, "15:30", "A no_trigger");
}

#[test]
fn half_days_dst_move_cut_off_and_flatten() {
    trigger_at("orb-classic", HALF_DAY, "12:25", "A long 99 12:25 101.01 > 12:25 101 data_end -0.005R net -1.683");
    trigger_at("orb-classic", HALF_DAY, "12:30", "A no_trigger");
    check_both(
        "orb-classic",
        &format!("{HALF_DAY}\n{IDLE} | 100 102 100 101\nA 12:50 101 101 101 101 | 102 102 102 102"),
        "A long 99 09:35 101.01 > 12:55 102 time_exit 0.4925R net 97.317",
    );
}

#[test]
fn entry_window_without_a_cut_off_ends_with_the_flatten() {
    trigger_at(
        "orb-classic entry_cutoff=off",
        DAY,
        "15:50",
        "A long 99 15:50 101.01 > 15:50 101 data_end -0.005R net -1.683",
    );
    trigger_at("orb-classic entry_cutoff=off", DAY, "15:55", "A no_trigger");
    trigger_at(
        "orb-classic entry_cutoff=off flatten_before_close=0",
        DAY,
        "15:55",
        "A long 99 15:55 101.01 > 15:55 101 time_exit -0.005R net -1.683",
    );
}

#[test]
fn entry_window_counts_a_bar_by_its_start() {
    // 15:33 lies in the bar of 15:30.
    trigger_at(
        "orb-classic entry_cutoff=27",
        DAY,
        "15:30",
        "A long 99 15:30 101.01 > 15:30 101 data_end -0.005R net -1.683",
    );
    trigger_at("orb-classic entry_cutoff=27", DAY, "15:35", "A no_trigger");
}

#[test]
fn entry_window_ends_working_stop_entries() {
    trigger_at(
        "orb-classic slot_policy=ranked direction=candle",
        DAY,
        "15:25",
        "A long 99 15:25 101.01 > 15:25 101 data_end -0.005R net -1.683",
    );
    trigger_at("orb-classic slot_policy=ranked direction=candle", DAY, "15:30", "A no_trigger");
}

#[test]
fn entry_window_of_a_market_entry_begins_with_the_first_bar_after_the_range() {
    // N = 1: 1,000 / 1.5 = 666 shares; entry 100.6; data end 101: 666 x 0.4 = 266.4 less 0.666; 0.25R.
    check_both(
        "orb-etf",
        "A 09:30 100 101 99 100.5 | - | - | 100.6 102 100 101",
        "A long 666 09:45 100.6 > 09:45 101 data_end 0.25R net 265.734",
    );
    check_both(
        "orb-etf",
        "A 09:30 100 101 99 100.5\nA 15:50 100.6 102 100 101",
        "A long 666 15:50 100.6 > 15:50 101 data_end 0.25R net 265.734",
    );
    check_both("orb-etf", "A 09:30 100 101 99 100.5\nA 15:55 100.6 102 100 101", "A no_entry_bar");
}

#[test]
fn entry_window_refuses_a_market_that_opens_at_or_beyond_the_stop() {
    check_both("orb-etf", "A 09:30 100 101 99 100.5 | 99 102 99 101", "A entry_beyond_stop");
    check_both("orb-etf", "A 09:30 100 101 99 100.5 | 98 102 98 101", "A entry_beyond_stop");
    check_both("orb-etf", "A 09:30 100 101 99 99.5 | 101 102 98 101", "A entry_beyond_stop");
    // A tick before it: R = 0.01, target 99.01 + 0.1 = 99.11, in the entry bar. 666 x 0.1 = 66.6 less 0.666.
    check_both(
        "orb-etf",
        "A 09:30 100 101 99 100.5 | 99.01 102 99.01 101",
        "A long 666 09:35 99.01 > 09:35 99.11 target 10R net 65.934",
    );
}
