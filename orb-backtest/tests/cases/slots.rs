//! Slots: who gets them, when they are free again.

use crate::table::check_both;

/// One position: 1,000 / 2.01 = 497 shares.
const ONE: &str = "orb-classic max_positions=1";

#[test]
fn slots_freed_in_a_bar_are_free_from_the_next() {
    // A is stopped at 09:40: 497 x -2.01 = -998.97, fees 3.479. B triggers in that bar: no slot. C triggers in the next.
    // C: the data end at 101: 497 x -0.01 = -4.97.
    check_both(
        ONE,
        "A 09:30 100 101 99 100 | 100 102 100 101 | 100 100 98 99
         B 09:30 100 101 99 100 | 100 100 100 100 | 100 102 100 101 | 100 102 100 101
         C 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 102 100 101",
        "A long 497 09:35 101.01 > 09:40 99 stop -1R net -1002.449
         C long 497 09:45 101.01 > 09:45 101 data_end -0.005R net -8.449
         B no_slot",
    );
}

#[test]
fn slots_all_taken_end_the_day_of_a_trigger() {
    check_both(
        ONE,
        "A 09:30 100 101 99 100 | 100 102 100 101 | 100 100 98 99
         B 09:30 100 101 99 100 | 100 102 100 101 | 100 100 100 100 | 100 103 100 102",
        "A long 497 09:35 101.01 > 09:40 99 stop -1R net -1002.449
         B no_slot",
    );
}

#[test]
fn one_instant_goes_by_relative_volume_as_exact_ratio_then_by_symbol() {
    // No volume is known: by symbol.
    check_both(
        ONE,
        "A 09:30 100 101 99 100 | 100 102 100 101
         B 09:30 100 101 99 100 | 100 102 100 101",
        "A long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449
         B no_slot",
    );
    // B: 1,000 / 3,000 is more than A: 1,000 / 3,001. C is unknown, so last.
    check_both(
        ONE,
        "A: opening14 3001\nB: opening14 3000
         A 09:30 100 101 99 100 | 100 102 100 101
         B 09:30 100 101 99 100 | 100 102 100 101
         C 09:30 100 101 99 100 | 100 102 100 101",
        "B long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449
         A no_slot
         C no_slot",
    );
    // Equal ratios, 1,000 / 3,000 and 500 / 1,500: by symbol.
    check_both(
        ONE,
        "A: opening14 3000\nB: opening14 1500
         A 09:30 100 101 99 100 | 100 102 100 101
         B 09:30 100 101 99 100 x500 | 100 102 100 101",
        "A long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449
         B no_slot",
    );
}

#[test]
fn one_instant_takes_exits_before_entries() {
    // 60,000 for two: 30,000 / 101.01 = 297 shares. A gaps to 150 and takes 44,550; B would get 15,450 / 101.01 = 152.
    // But A is stopped in the bar in which B triggers: 297 x -51 = -15,147, fees 2.079. B gets its 297 shares.
    check_both(
        "orb-classic max_positions=2 leverage=0.6 risk_fraction=0.05 daily_loss_limit=1",
        "A 09:30 100 101 99 100 | 150 151 149 150 | 100 100 98 99
         B 09:30 100 101 99 100 | 100 100 100 100 | 100 102 100 101 | 101 101 99 99",
        "A long 297 09:35 150 > 09:40 99 stop -1R net -15149.079
         B long 297 09:40 101.01 > 09:45 99 stop -1R net -599.049",
    );
}

#[test]
fn slots_by_rank_are_given_once_without_refill() {
    // Two-sided and ranked: A gets the only place, never triggers; B triggers in vain.
    check_both(
        "orb-classic max_positions=1 slot_policy=ranked",
        "A 09:30 100 101 99 100 | 100 101 99 100
         B 09:30 100 101 99 100 | 100 102 100 101",
        "A no_trigger\nB max_positions",
    );
    // Directional and ranked: A's stop order works and takes the place; it never fills.
    check_both(
        "orb-classic max_positions=1 slot_policy=ranked direction=candle",
        "A 09:30 100 101 99 100.5 | 100 101 99 100
         B 09:30 100 101 99 100.5 | 100 102 100 101",
        "A no_trigger\nB max_positions",
    );
    // B has the greater relative volume.
    check_both(
        "orb-classic max_positions=1 slot_policy=ranked direction=candle",
        "A: opening14 3001\nB: opening14 3000
         A 09:30 100 101 99 100.5 | 100 101 99 100
         B 09:30 100 101 99 100.5 | 100 102 100 101",
        "B long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449
         A max_positions",
    );
}

#[test]
fn slots_by_rank_go_to_the_first_market_entries() {
    // N = 1: 1,000 / 1.5 = 666. Entry 100.6, data end 101: 666 x 0.4 = 266.4; 0.4 / 1.6 = 0.25R; fees 0.666.
    check_both(
        "orb-etf",
        "A 09:30 100 101 99 100.5 | 100.6 102 100 101
         B 09:30 100 101 99 100.5 | 100.6 102 100 101",
        "A long 666 09:35 100.6 > 09:35 101 data_end 0.25R net 265.734
         B max_positions",
    );
}

#[test]
fn doji_takes_no_slot() {
    // A would be first, but has no direction.
    check_both(
        "orb-etf",
        "A 09:30 100 101 99 100 | 100.6 102 100 101
         B 09:30 100 101 99 100.5 | 100.6 102 100 101",
        "B long 666 09:35 100.6 > 09:35 101 data_end 0.25R net 265.734
         A doji",
    );
}

#[test]
fn a_cheaper_order_reason_comes_before_the_place() {
    // B is beyond the only place, and short under rule 201: the order's own rule is named.
    check_both(
        "orb-etf",
        "B: restricted
         A 09:30 100 101 99 100.5 | 100.6 102 100 101
         B 09:30 100 101 99 99.5 | 100.6 102 100 101",
        "A long 666 09:35 100.6 > 09:35 101 data_end 0.25R net 265.734
         B rule_201",
    );
}

#[test]
fn one_instant_enters_before_it_marks() {
    // Limit 398. A's fee of 207.9 and its mark of 99 x 1.93 = 191.07 reach it in the bar in which B triggers, whose own
    // risk fits: 198.99 + 198.99. B is entered, and both leave at the next open.
    check_both(
        "orb-classic target_r=off fee_per_share=2.1 daily_loss_limit=0.00398",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 101 101 99.08 99.08 | 100 100 100 100
         B 09:30 100 101 99 100 | 100 100 100 100 | 100 102 100 101 | 101.5 101.5 101.5 101.5",
        "A long 99 09:35 101.01 > 09:45 100 loss_limit -0.5025R net -515.79
         B long 99 09:40 101.01 > 09:45 101.5 loss_limit 0.2438R net -367.29",
    );
}

#[test]
fn of_ranges_that_end_together_the_first_strategy_orders_first_whatever_bars_are_missing() {
    // The first waits for B, which has no bar yet; the second has all that it needs.
    // 1,000 / 1.50 = 666 shares; at 101: 666 x 0.50 less fees of 0.666.
    check_both(
        "orb-etf symbols=A,B | orb-etf name=later symbols=A",
        "A 09:30 100 101 99 100.5 | 100.5 102 100 101
         B 10:00 100 100 100 100",
        "A long 666 09:35 100.5 > 09:35 101 data_end 0.3333R net 332.334
         B range_no_first_bar
         A s1 symbol_owned",
    );
}

#[test]
fn the_number_of_positions_holds_for_each_strategy_and_the_largest_for_the_account() {
    // The first strategy has one place, the second two. A and B trigger in one bar: the first strategy takes A with 497
    // shares. The second finds A owned, takes B with 500 / 2.01 = 248 (fees 1.736), and the account is full: C has none.
    check_both(
        "orb-classic max_positions=1 | orb-classic name=later max_positions=2",
        "A 09:30 100 101 99 100 | 100 102 100 101
         B 09:30 100 101 99 100 | 100 102 100 101
         C 09:30 100 101 99 100 | 100 102 100 101",
        "A long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449
         B s1 long 248 09:35 101.01 > 09:35 101 data_end -0.005R net -4.216
         B no_slot
         C no_slot
         A s1 symbol_owned
         C s1 no_slot",
    );
}
