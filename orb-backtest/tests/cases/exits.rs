//! The time exit, the end of the data, the literature's mode.

use crate::table::{check, check_both};

/// Long at 101.01 from 09:35, stop 99, target 105.03.
const LONG: &str = "A 09:30 100 101 99 100 | 100 102 100 101";

#[track_caller]
fn after_entry(settings: &str, bars: &str, expect: &str) {
    check_both(&format!("orb-classic {settings}"), &format!("{LONG}\n{bars}"), expect);
}

#[test]
fn time_exit_fills_at_the_open_of_the_first_bar_from_five_minutes_before_the_close() {
    // 99 x 0.99 = 98.01; 0.99 / 2.01 = 0.4925R.
    after_entry(
        "",
        "A 15:50 101 103 100 103 | 102 102 102 102",
        "A long 99 09:35 101.01 > 15:55 102 time_exit 0.4925R net 97.317",
    );
    // It comes before a stop (99) and a target (105.03) in that bar.
    after_entry("", "A 15:55 102 106 98 100", "A long 99 09:35 101.01 > 15:55 102 time_exit 0.4925R net 97.317");
    // Even where the bar opens beyond the stop: 99 x -3.01 = -297.99.
    after_entry("", "A 15:55 98 98 97 97", "A long 99 09:35 101.01 > 15:55 98 time_exit -1.4975R net -298.683");
}

#[test]
fn time_exit_comes_after_a_stop_of_the_bar_before() {
    after_entry(
        "",
        "A 15:50 100 100 99 100 | 102 102 102 102",
        "A long 99 09:35 101.01 > 15:50 99 stop -1R net -199.683",
    );
}

#[test]
fn time_exit_waits_for_the_next_bar_where_one_is_missing() {
    // One-minute bars: nothing at 15:55 and 15:56. Entry at 09:35 at 101.01.
    check_both(
        "orb-classic bars=1",
        "A 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 100 100 100 | 100 100 100 100 | 100 102 100 101
         A 15:57 102 106 98 103 | 103 103 103 103",
        "A long 99 09:35 101.01 > 15:57 102 time_exit 0.4925R net 97.317",
    );
}

#[test]
fn time_exit_without_a_bar_is_the_last_close_as_data_end() {
    after_entry("", "A 15:50 101 103 100 102", "A long 99 09:35 101.01 > 15:50 102 data_end 0.4925R net 97.317");
    // Slippage applies: entry 101.06, exit 101.95: 99 x 0.89 = 88.11; 0.89 / 2.06 = 0.4320R.
    after_entry(
        "slippage=0.05",
        "A 15:50 101 103 100 102",
        "A long 99 09:35 101.06 > 15:50 101.95 data_end 0.432R net 87.417",
    );
}

#[test]
fn time_exit_of_the_literature_is_the_close_of_the_last_bar() {
    after_entry(
        "flatten_before_close=0",
        "A 15:50 101 103 100 103 | 103 104 100 102",
        "A long 99 09:35 101.01 > 15:55 102 time_exit 0.4925R net 97.317",
    );
    // The last bar's stop and target come first.
    after_entry(
        "flatten_before_close=0",
        "A 15:50 101 103 100 103 | 103 104 99 102",
        "A long 99 09:35 101.01 > 15:55 99 stop -1R net -199.683",
    );
    // Wherever the symbol's own data stop.
    after_entry(
        "flatten_before_close=0",
        "A 15:30 101 103 100 102\nB 15:55 100 100 100 100",
        "A long 99 09:35 101.01 > 15:30 102 time_exit 0.4925R net 97.317
         B range_no_first_bar",
    );
}

#[test]
fn time_exit_inside_a_bar_waits_for_the_next() {
    // 15:52 lies in the bar of 15:50: the exit is at the open of 15:55.
    after_entry(
        "flatten_before_close=8",
        "A 15:50 101 104 100 103 | 102 102 102 102",
        "A long 99 09:35 101.01 > 15:55 102 time_exit 0.4925R net 97.317",
    );
    // 15:57 lies in the last bar: no bar starts after it.
    after_entry(
        "flatten_before_close=3",
        "A 15:50 101 104 100 103 | 103 104 100 102",
        "A long 99 09:35 101.01 > 15:55 102 data_end 0.4925R net 97.317",
    );
}

#[test]
fn time_exit_of_a_short_is_a_purchase() {
    // Short at 98.99, out at 97: 99 x 1.99 = 197.01; 1.99 / 2.01 = 0.9900R.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 100 98 99\nA 15:55 97 98 96 98",
        "A short 99 09:35 98.99 > 15:55 97 time_exit 0.99R net 196.317",
    );
}

#[test]
fn half_days_dst_summer_time_moves_nothing_in_new_york() {
    check_both(
        "orb-classic",
        "== 2026-07-06 utc-4
         A 09:30 100 101 99 100 | 100 102 100 101
         A 15:55 102 102 102 102",
        "A long 99 09:35 101.01 > 15:55 102 time_exit 0.4925R net 97.317",
    );
    // Two sessions around the change of 2026-03-08: the same hours in New York.
    check(
        "orb-classic",
        "== 2026-03-06
         A 09:30 100 101 99 100 | 100 101 99 100
         == 2026-04-06 utc-4
         A 09:30 100 101 99 100 | 100 102 100 101
         A 15:55 102 102 102 102",
        "06 A long 99 09:35 101.01 > 15:55 102 time_exit 0.4925R net 97.317
         06 A no_trigger",
    );
}

#[test]
fn trade_rows_are_sorted_by_date_entry_time_and_symbol() {
    check(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 100 100 100 | 100 102 100 101
         B 09:30 100 101 99 100 | 100 102 100 101
         C 09:30 100 101 99 100 | 100 102 100 101
         D 09:30 100 101 99 100 | 100 100 100 100",
        "B long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         C long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         A long 99 09:40 101.01 > 09:40 101 data_end -0.005R net -1.683
         D no_trigger",
    );
}
