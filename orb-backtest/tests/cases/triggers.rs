//! Triggers, gaps through levels, both sides in one bar, rounding of prices.

use crate::table::{check, check_both};

#[test]
fn trigger_is_a_touch_of_the_level_and_a_tick_less_is_none() {
    check("orb-classic", "A 09:30 100 101 99 100 | 100 101 99 100", "A no_trigger");
    // 105.03 is the target: 99 x 4.02 = 397.98 less 0.693.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 101.01 100 101 | 101 105.03 100 104",
        "A long 99 09:35 101.01 > 09:40 105.03 target 2R net 397.287",
    );
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 100 98.99 99 | 99 100 94.97 96",
        "A short 99 09:35 98.99 > 09:40 94.97 target 2R net 397.287",
    );
}

#[test]
fn trigger_that_gaps_fills_at_the_open_without_resizing() {
    // Long: the open 103 is above the level. R = 4, target 103 + 8 = 111. Still 99 shares: 99 x 8 = 792.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 103 104 102 103 | 104 111 104 110",
        "A long 99 09:35 103 > 09:40 111 target 2R net 791.307",
    );
    // Short: the open 97 is below the level. R = 4, target 89.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 97 98 96 97 | 96 97 89 90",
        "A short 99 09:35 97 > 09:40 89 target 2R net 791.307",
    );
}

#[test]
fn trigger_of_a_stop_fills_at_the_worse_and_of_a_target_at_the_better_of_level_and_open() {
    // Stop 99, open 98: 99 x -3.01 = -297.99, -3.01 / 2.01 = -1.4975R.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 98 99 97 98",
        "A long 99 09:35 101.01 > 09:40 98 stop -1.4975R net -298.683",
    );
    // Target 105.03, open 106: 99 x 4.99 = 494.01, 4.99 / 2.01 = 2.4826R.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 106 107 105 106",
        "A long 99 09:35 101.01 > 09:40 106 target 2.4826R net 493.317",
    );
    // The same for a short: stop 101, open 102; target 94.97, open 94.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 100 98 99 | 102 103 101 102",
        "A short 99 09:35 98.99 > 09:40 102 stop -1.4975R net -298.683",
    );
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 100 98 99 | 94 95 93 94",
        "A short 99 09:35 98.99 > 09:40 94 target 2.4826R net 493.317",
    );
}

#[test]
fn both_sides_in_one_bar_end_the_day() {
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 101.01 98.99 100 | 100 103 100 102",
        "A both_sides_in_one_bar",
    );
    // Even where the open lies beyond one level already.
    check_both("orb-classic", "A 09:30 100 101 99 100 | 102 103 98 99 | 100 103 100 102", "A both_sides_in_one_bar");
}

#[test]
fn stop_and_target_in_one_bar_are_the_stop() {
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 102 106 98 100",
        "A long 99 09:35 101.01 > 09:40 99 stop -1R net -199.683",
    );
    // Read literally: even where the bar opens beyond the target.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 106 107 98 100",
        "A long 99 09:35 101.01 > 09:40 99 stop -1R net -199.683",
    );
}

#[test]
fn a_symbol_trades_once_a_day() {
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 100 101 98 99 | 99 105 99 104 | 104 105 98 99",
        "A long 99 09:35 101.01 > 09:40 99 stop -1R net -199.683",
    );
}

#[test]
fn rounding_moves_levels_and_stops_away_from_each_other() {
    // High 101.004 + 0.01 = 101.014, up: 101.02. Low 98.996, down: stop 98.99. d = 2.03, floor(200 / 2.03) = 98.
    // Target 101.02 + 4.06 = 105.08. 98 x 4.06 = 397.88 less 98 x 0.007 = 0.686.
    check_both(
        "orb-classic",
        "A 09:30 100 101.004 98.996 100 | 100 101.01 100 101 | 100 101.02 100 101 | 101 105.08 101 105",
        "A long 98 09:40 101.02 > 09:45 105.08 target 2R net 397.194",
    );
    // Low 98.996 - 0.01 = 98.986, down: 98.98. High 101.004, up: stop 101.01. d = 2.03.
    check_both(
        "orb-classic",
        "A 09:30 100 101.004 98.996 100 | 100 100 98.99 99 | 99 99 98.98 99 | 99 101.01 98.98 99",
        "A short 98 09:40 98.98 > 09:45 101.01 stop -1R net -199.626",
    );
}

#[test]
fn rounding_below_a_dollar_is_to_a_hundredth_of_a_cent() {
    // Level 0.9501, stop 0.90, d = 0.0501: floor(200 / 0.0501) = 3,992; leverage allows 80,000 / 0.9501 = 84,201.
    // The stop: 3,992 x -0.0501 = -199.9992, fees 3,992 x 0.007 = 27.944.
    check_both(
        "orb-classic",
        "A 09:30 0.92 0.95 0.90 0.93 | 0.93 0.95 0.93 0.94 | 0.94 0.9501 0.93 0.94 | 0.94 0.94 0.89 0.9",
        "A long 3992 09:40 0.9501 > 09:45 0.9 stop -1R net -227.9432",
    );
    // The tick is that of the range's extreme: 0.9999 + 0.0001 = 1. d = 0.1: 2,000 shares. Target 1.2.
    check_both(
        "orb-classic",
        "A 09:30 0.92 0.9999 0.90 0.93 | 0.93 1 0.93 0.99 | 0.99 1.2 0.99 1.1",
        "A long 2000 09:35 1 > 09:40 1.2 target 2R net 386",
    );
}

#[test]
fn rounding_of_targets_is_away_from_the_market() {
    // Gap to 101.013: R = 2.013, target 101.013 + 4.026 = 105.039, up: 105.04. 99 x 4.027 = 398.673; 4.027 / 2.013 = 2.0005R.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 101.013 102 100 101 | 101 105.039 101 105 | 105 105.04 105 105",
        "A long 99 09:35 101.013 > 09:45 105.04 target 2.0005R net 397.98",
    );
}

#[test]
fn slippage_fees_move_stop_and_market_fills_not_targets_and_are_paid_on_both_sides() {
    // Entry 101.01 + 0.05 = 101.06. Stop 99 - 0.05 = 98.95: 99 x -2.11 = -208.89, -2.11 / 2.06 = -1.0243R.
    check_both(
        "orb-classic slippage=0.05",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 100 101 98.5 99",
        "A long 99 09:35 101.06 > 09:40 98.95 stop -1.0243R net -209.583",
    );
    // Target 101.06 + 2 x 2.06 = 105.18 to the cent: 99 x 4.12 = 407.88.
    check_both(
        "orb-classic slippage=0.05",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 101 105.18 100 105",
        "A long 99 09:35 101.06 > 09:40 105.18 target 2R net 407.187",
    );
    // Short: 98.99 - 0.05 = 98.94; the time exit buys at 97 + 0.05: 99 x 1.89 = 187.11; 1.89 / 2.06 = 0.9175R.
    // Fees of 0.01 a share and side: 1.98.
    check_both(
        "orb-classic slippage=0.05 fee_per_share=0.01",
        "A 09:30 100 101 99 100 | 100 100 98 99\nA 15:55 97 98 96 97",
        "A short 99 09:35 98.94 > 15:55 97.05 time_exit 0.9175R net 185.13",
    );
}

#[test]
fn r_multiple_rounds_half_away_from_zero_to_four_decimals() {
    // Range 90 to 98 with the offset 2 ticks: level 98.02, d = 8.02, 24 shares; target off.
    // At the end 98.02 + 0.401 = 98.421: 0.401 / 8.02 = 0.05 exactly. 24 x 0.401 = 9.624 less 0.168.
    check_both(
        "orb-classic entry_offset_ticks=2 target_r=off",
        "A 09:30 95 98 90 97 | 97 98.02 97 98\nA 15:55 98.421 98.421 98.421 98.421",
        "A long 24 09:35 98.02 > 15:55 98.421 time_exit 0.05R net 9.456",
    );
    // Level 98.02 and stop 88.02: d = 10, 20 shares. -0.0005 / 10 = -0.00005, away from zero: -0.0001R. 20 x -0.0005 = -0.01.
    check_both(
        "orb-classic entry_offset_ticks=2 target_r=off",
        "A 09:30 95 98 88.02 97 | 97 98.02 97 98\nA 15:55 98.0195 98.0195 98.0195 98.0195",
        "A long 20 09:35 98.02 > 15:55 98.0195 time_exit -0.0001R net -0.15",
    );
}

#[test]
fn the_published_example_makes_13_62_r() {
    // BLDR on 2024-01-23: short at 174.44, ATR 5, stop 174.94, exit 167.63: 6.81 / 0.50 = 13.62R.
    // r E / N = 200 / 0.5 = 400 shares, 4 E / N = 80,000 / 174.44 = 458. 400 x 6.81 = 2,724 less 400 x 0.007 = 2.8.
    check_both(
        "orb-classic direction=candle entry_offset_ticks=0 stop=atr:0.1 target_r=off entry_cutoff=off",
        "== 2024-01-23
         BLDR: atr 5
         BLDR 09:30 176 176.5 174.44 174.6 | 174.6 174.7 174.2 174.3\nBLDR 15:55 167.63 168 167 167.5",
        "BLDR short 400 09:35 174.44 > 15:55 167.63 time_exit 13.62R net 2721.2",
    );
    // As a Stock in Play of the published preset, which leaves at the close and has a slot for each of the top 20:
    // 50 / 0.5 = 100 shares.
    let known = "prev 175 atr 5 volume14 14000000 opening14 14000";
    let bars = "BLDR 09:30 176 176.5 174.44 174.6 | 174.6 174.7 174.2 174.3\nBLDR 15:55 168 168 167 167.63";
    check_both(
        "orb-sip-paper",
        &format!("== 2024-01-23\nBLDR: {known}\n{bars}"),
        "BLDR short 100 09:35 174.44 > 15:55 167.63 time_exit 13.62R net 680.3",
    );
}

#[test]
fn atr14_stops_are_measured_from_the_executed_price() {
    // ATR 1.234: 10% is 0.1234. From the level 101.01: 100.8866, down: 100.88; 200 / 0.13 = 1,538 shares, but the
    // leverage gives 80,000 / 101.01 = 792. The gap to 102 puts the stop at 101.8766, down: 101.87. 792 x -0.13 = -102.96.
    check_both(
        "orb-classic stop=atr:0.1 target_r=off",
        "A: atr 1.234\nA 09:30 100 101 99 100 | 102 103 102 103 | 103 103 101.88 102 | 102 102 101.87 102",
        "A long 792 09:35 102 > 09:45 101.87 stop -1R net -108.504",
    );
    // Without an ATR the stop is unknown.
    check("orb-classic stop=atr:0.1", "A 09:30 100 101 99 100 | 102 103 102 103", "A atr_missing");
}

#[test]
fn orb_etf_enters_at_the_open_after_the_range_in_the_candle_s_direction() {
    // Close 100.5 above open 100: long at the open 100.6. Size on the range's close: d = 1.5; N = 1: 1,000 / 1.5 = 666.
    // Stop 99, R = 1.6, target 100.6 + 16 = 116.6. 666 x 16 = 10,656 less 666 x 0.001 = 0.666.
    check_both(
        "orb-etf",
        "A 09:30 100 101 99 100.5 | 100.6 102 100 101 | 110 117 109 116",
        "A long 666 09:35 100.6 > 09:40 116.6 target 10R net 10655.334",
    );
    // Red: short at the open 99.4; stop 101, R = 1.6. 1,000 / 1.5 = 666 x -1.6 = -1,065.6.
    check_both(
        "orb-etf",
        "A 09:30 100 101 99 99.5 | 99.4 100 98 99 | 99 101 98 100",
        "A short 666 09:35 99.4 > 09:40 101 stop -1R net -1066.266",
    );
}

#[test]
fn both_sides_in_one_bar_are_no_trigger_and_ask_for_no_slot() {
    // A has the only slot when B's bar touches both levels: without a side there is nothing to ask a slot for.
    check_both(
        "orb-classic max_positions=1",
        "A 09:30 100 101 99 100 | 100 102 100 101
         B 09:30 100 101 99 100 | 100 102 98 101",
        "A long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449
         B both_sides_in_one_bar",
    );
}

#[test]
fn stop_and_target_in_one_bar_are_the_stop_of_a_short_too() {
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 100 98 99 | 98 102 94 100",
        "A short 99 09:35 98.99 > 09:40 101 stop -1R net -199.683",
    );
}
