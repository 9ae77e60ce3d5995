//! What counts in the bar of the entry, under both fill models.

use crate::table::{check, check_both, run};

const DATA_END_AT_101: &str = "A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683";

#[test]
fn the_entry_bar_counts_an_uncertain_touch_of_the_stop_only_pessimistically() {
    // Low 98.995 touches the stop 99 and no short level (98.99); the bar closes above the stop.
    // Optimistic: the data end at 101: 99 x -0.01 = -0.99; -0.01 / 2.01 = -0.0050R.
    let market = "A 09:30 100 101 99 100 | 100 102 98.995 101";
    check("orb-classic", market, "A long 99 09:35 101.01 > 09:35 99 stop -1R net -199.683");
    check("orb-classic fill=optimistic", market, DATA_END_AT_101);
}

#[test]
fn the_entry_bar_that_closes_at_or_beyond_the_stop_is_certain() {
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 102 98.995 99 | 100 100 100 100",
        "A long 99 09:35 101.01 > 09:35 99 stop -1R net -199.683",
    );
}

#[test]
fn the_entry_bar_that_was_entered_at_its_open_makes_every_touch_certain() {
    // The open at the level itself counts as an entry at the open.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 101.01 102 98.995 101",
        "A long 99 09:35 101.01 > 09:35 99 stop -1R net -199.683",
    );
    // A gap: R = 3. 99 x -3 = -297.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 102 103 98.995 102",
        "A long 99 09:35 102 > 09:35 99 stop -1R net -297.693",
    );
    // A market entry is one at the open: long at 100.6, R = 1.6.
    check_both(
        "orb-etf",
        "A 09:30 100 101 99 100.5 | 100.6 102 98 101",
        "A long 666 09:35 100.6 > 09:35 99 stop -1R net -1066.266",
    );
}

#[test]
fn the_entry_bar_fills_the_stop_at_itself_for_the_open_precedes_the_entry() {
    // Only long is watched. The bar opens at 98, below the stop 99, rises through 101.01 and closes at 98.5.
    check_both(
        "orb-classic direction=candle",
        "A 09:30 100 101 99 100.5 | 98 102 97 98.5",
        "A long 99 09:35 101.01 > 09:35 99 stop -1R net -199.683",
    );
    check_both(
        "orb-classic direction=candle",
        "A 09:30 100 101 99 99.5 | 102 103 98 101.5",
        "A short 99 09:35 98.99 > 09:35 101 stop -1R net -199.683",
    );
}

#[test]
fn the_entry_bar_examines_the_target_in_both_models() {
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 100 105.03 100 105",
        "A long 99 09:35 101.01 > 09:35 105.03 target 2R net 397.287",
    );
    // The open lies beyond the target of another entry, but this entry came after it: R = 10, target 109 + 20 = 129.
    check_both(
        "orb-classic",
        "A 09:30 100 101 99 100 | 109 129 108 128",
        "A long 99 09:35 109 > 09:35 129 target 2R net 1979.307",
    );
}

#[test]
fn stop_and_target_in_one_bar_of_the_entry_are_the_stop_unless_its_touch_is_uncertain() {
    let market = "A 09:30 100 101 99 100 | 100 106 98.995 105";
    check("orb-classic", market, "A long 99 09:35 101.01 > 09:35 99 stop -1R net -199.683");
    check("orb-classic fill=optimistic", market, "A long 99 09:35 101.01 > 09:35 105.03 target 2R net 397.287");
}

#[test]
fn slippage_fees_do_not_move_the_level_of_the_stop() {
    // Entry 101.06; the stop 99 less 0.05: 99 x -2.11 = -208.89; -2.11 / 2.06 = -1.0243R.
    check(
        "orb-classic slippage=0.05",
        "A 09:30 100 101 99 100 | 100 102 99 101",
        "A long 99 09:35 101.06 > 09:35 98.95 stop -1.0243R net -209.583",
    );
}

#[test]
fn fill_models_and_slots_differ_in_who_gets_the_slot() {
    // One slot. Pessimistic: A stops out in its entry bar, so the slot is free for B one bar later.
    // N = 1: 1,000 / 2.01 = 497 shares, fees 3.479. B: 497 x 4.02 = 1,997.94.
    let market = "A 09:30 100 101 99 100 | 100 102 98.995 101 | 101 101 100 101 | 100 100 100 100
                  B 09:30 100 101 99 100 | 100 101 100 100 | 100 102 100 101 | 101 106 100 105";
    check(
        "orb-classic max_positions=1",
        market,
        "A long 497 09:35 101.01 > 09:35 99 stop -1R net -1002.449
         B long 497 09:40 101.01 > 09:45 105.03 target 2R net 1994.461",
    );
    // Optimistic: A holds it until the data end at 100: 497 x -1.01 = -501.97; -1.01 / 2.01 = -0.5025R.
    check(
        "orb-classic max_positions=1 fill=optimistic",
        market,
        "A long 497 09:35 101.01 > 09:45 100 data_end -0.5025R net -505.449
         B no_slot",
    );
}

#[test]
fn fill_models_and_slots_pair_by_rank_or_with_a_slot_for_each() {
    // A's stop is touched in its entry bar, which only the pessimistic model counts; B and C trigger later.
    let market = "A 09:30 100 101 99 100.5 | 100 102 98.995 101 | 101 101 100 101
                  B 09:30 100 101 99 100.5 | 100 101 100 100 | 100 102 100 101
                  C 09:30 100 101 99 100.5 | 100 101 100 100 | 100 101 100 100 | 100 102 100 101";
    for slots in ["slot_policy=ranked max_positions=2", "max_positions=3"] {
        let entries = |model: &str| -> Vec<_> {
            let report = run(&format!("orb-classic direction=candle {slots} {model}"), market);
            let entry = |trade: &orb_core::fact::Trade| (trade.attempt, trade.entry_time, trade.entry_price());
            report.trades.iter().map(entry).collect()
        };
        let pessimistic = entries("");
        assert_eq!(pessimistic.len(), if slots.contains("ranked") { 2 } else { 3 });
        assert_eq!(pessimistic, entries("fill=optimistic"), "{slots}");
    }
}

#[test]
fn fill_models_and_slots_have_an_equity_of_their_own() {
    // r = 5%: 1,000 / 2.01 = 497 shares. Pessimistic: -998.97 - 3.479; then 989.97551 / 2.01 = 492 shares.
    let market = "== 2026-02-12\nA 09:30 100 101 99 100 | 100 102 98.995 101
                  == 2026-02-13\nA 09:30 100 101 99 100 | 100 102 100 101";
    check(
        "orb-classic risk_fraction=0.05",
        market,
        "12 A long 497 09:35 101.01 > 09:35 99 stop -1R net -1002.449
         13 A long 492 09:35 101.01 > 09:35 101 data_end -0.005R net -8.364",
    );
    check(
        "orb-classic risk_fraction=0.05 fill=optimistic",
        market,
        "12 A long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449
         13 A long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449",
    );
}
