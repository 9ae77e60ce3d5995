//! Entries after a bar that closed at or beyond the level.

use crate::table::{check, check_both, run};

#[test]
fn a_close_at_the_level_enters_at_the_open_of_the_next_bar() {
    // The close 101.01 is the level: sized on it, d = 2.01, 99 shares. Entry at the open 101.5, stop 99: R = 2.5, target
    // 106.5: 99 x 5 = 495 less 0.693.
    check_both(
        "orb-classic entry=close",
        "A 09:30 100 101 99 100 | 100 102 100 101.01 | 101.5 102 101 102 | 102 106.5 102 106",
        "A long 99 09:40 101.5 > 09:45 106.5 target 2R net 494.307",
    );
    // Short: the close 98.99. Entry at 98.5, stop 101: the data end at 98.5.
    check_both(
        "orb-classic entry=close",
        "A 09:30 100 101 99 100 | 100 100 98 98.99 | 98.5 99 98 98.5",
        "A short 99 09:40 98.5 > 09:40 98.5 data_end 0R net -0.693",
    );
}

#[test]
fn a_touch_without_a_close_does_nothing() {
    check("orb-classic entry=close", "A 09:30 100 101 99 100 | 100 102 98 101 | 101 101 100 101", "A no_trigger");
    // The bar touches both levels; its close tells the side.
    check_both(
        "orb-classic entry=close target_r=off",
        "A 09:30 100 101 99 100 | 100 102 98 101.01 | 101.01 101.01 101 101.01",
        "A long 99 09:40 101.01 > 09:40 101.01 data_end 0R net -0.693",
    );
    // Only the candle's side: a close below the range is nothing to a long.
    check(
        "orb-classic entry=close direction=candle",
        "A 09:30 100 101 99 100.5 | 100 100 97 98 | 98 98 98 98",
        "A no_trigger",
    );
}

#[test]
fn the_size_rests_on_the_close_and_a_gap_does_not_resize() {
    // Close 103, stop 99: d = 4, 50 shares; entered at 105: R = 6, target 117. 50 x 12 = 600 less 0.35.
    check_both(
        "orb-classic entry=close",
        "A 09:30 100 101 99 100 | 100 104 100 103 | 105 117 104 116",
        "A long 50 09:40 105 > 09:40 117 target 2R net 599.65",
    );
    // A percentage from the executed price: 1% of 103 is 1.03, stop 101.97, 194 shares; from 105 it is 103.95.
    check_both(
        "orb-classic entry=close stop=percent:1 target_r=off",
        "A 09:30 100 101 99 100 | 100 104 100 103 | 105 105 103.95 104",
        "A long 194 09:40 105 > 09:40 103.95 stop -1R net -205.058",
    );
}

#[test]
fn the_bar_of_the_close_and_the_next_lie_in_the_entry_window() {
    // Cut-off 15:30. A close at 15:25 enters in the bar of 15:25; one at 15:30 would enter at 15:30: too late.
    let at = |settings: &str, time: &str, expect: &str| {
        let market = format!("A 09:30 100 101 99 100\nA {time} 100 102 100 101.01 | 101.01 101.01 101 101");
        check_both(&format!("orb-classic entry=close target_r=off {settings}"), &market, expect);
    };
    at("", "15:20", "A long 99 15:25 101.01 > 15:25 101 data_end -0.005R net -1.683");
    at("", "15:25", "A no_trigger");
    at("entry_cutoff=off", "15:45", "A long 99 15:50 101.01 > 15:50 101 data_end -0.005R net -1.683");
    at("entry_cutoff=off", "15:50", "A no_trigger");
    // The range's own bar is none of the window, whatever its close.
    check("orb-classic entry=close entry_offset_ticks=0", "A 09:30 100 101 99 101 | 100 100 100 100", "A no_trigger");
}

#[test]
fn without_a_next_bar_there_is_no_entry_and_a_later_one_is_taken() {
    check_both("orb-classic entry=close", "A 09:30 100 101 99 100 | 100 102 100 101.01", "A no_entry_bar");
    check_both(
        "orb-classic entry=close",
        "A 09:30 100 101 99 100 | 100 102 100 101.01\nA 15:30 101 101 101 101",
        "A no_entry_bar",
    );
    check_both(
        "orb-classic entry=close target_r=off",
        "A 09:30 100 101 99 100 | 100 102 100 101.01 | - | - | 101.01 101.01 101 101",
        "A long 99 09:50 101.01 > 09:50 101 data_end -0.005R net -1.683",
    );
    // It opens at the stop.
    check_both(
        "orb-classic entry=close",
        "A 09:30 100 101 99 100 | 100 102 100 101.01 | 99 100 99 100",
        "A entry_beyond_stop",
    );
}

#[test]
fn slots_are_those_of_the_moment_of_the_close() {
    // One slot. A closes beyond at 09:35 and has it while its order waits for a bar: B closes beyond at 09:40.
    let one = "orb-classic entry=close max_positions=1 target_r=off";
    check_both(
        one,
        "A 09:30 100 101 99 100 | 100 102 100 101.01 | - | 101.01 101.01 101 101
         B 09:30 100 101 99 100 | 100 100 100 100 | 100 102 100 101.01 | 101 101 101 101",
        "A long 497 09:45 101.01 > 09:45 101 data_end -0.005R net -8.449
         B no_slot",
    );
    // A is stopped in the bar of 09:45, in which B closes beyond: no slot. C does in the next.
    check_both(
        one,
        "A 09:30 100 101 99 100 | 100 102 100 101.01 | 101.01 102 101 101 | 101 101 98 100
         B 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 102 100 101.01 | 101 101 101 101
         C 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 100 100 100 | 100 102 100 101.01 | 101.01 101.01 101 101",
        "A long 497 09:40 101.01 > 09:45 99 stop -1R net -1002.449
         C long 497 09:55 101.01 > 09:55 101 data_end -0.005R net -8.449
         B no_slot",
    );
    // By rank: A has the only place and never closes beyond.
    check_both(
        &format!("{one} slot_policy=ranked"),
        "A 09:30 100 101 99 100 | 100 102 100 101
         B 09:30 100 101 99 100 | 100 102 100 101.01 | 101 101 101 101",
        "A no_trigger\nB max_positions",
    );
}

#[test]
fn fills_pay_slippage_and_the_signal_carries_the_close() {
    let market = "A 09:30 100 101 99 100 | 100 102 100 101.01 | 101.01 101.01 101 101";
    check_both(
        "orb-classic entry=close slippage=0.05 target_r=off",
        market,
        "A long 99 09:40 101.06 > 09:40 100.95 data_end -0.0534R net -11.583",
    );
    let trade = &run("orb-classic entry=close", market).trades[0];
    assert_eq!(trade.stop, orb_core::Price::from_cents(9_900));
}
