//! Several strategies on one account.

use crate::table::{check_both, run};

#[test]
fn each_strategy_has_its_own_universe_range_and_record() {
    // The first trades A and B, the second B and C with a range of 15 minutes. B belongs to the first from 09:35 on.
    check_both(
        "orb-classic symbols=A,B | orb-classic name=later symbols=B,C range_minutes=15",
        "A 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 100 100 100
         B 09:30 100 101 99 100 | 100 101.01 100 101 | 101 101 100 101 | 100 102 100 101
         C 09:30 100 101 99 100 | 100 101 100 101 | 100 101 100 101 | 100 102 100 101",
        "B long 99 09:35 101.01 > 09:45 101 data_end -0.005R net -1.683
         C s1 long 99 09:45 101.01 > 09:45 101 data_end -0.005R net -1.683
         A no_trigger
         B s1 symbol_owned",
    );
}

#[test]
fn one_strategy_has_a_symbol_for_the_session() {
    // Both strategies trigger in one bar: the first in the configuration has priority.
    check_both(
        "orb-classic | orb-classic name=later",
        "A 09:30 100 101 99 100 | 100 102 100 101",
        "A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         A s1 symbol_owned",
    );
    // The owner's position is closed: the symbol stays its own. The second waits for 102.01.
    check_both(
        "orb-classic | orb-classic name=later entry_offset_ticks=101",
        "A 09:30 100 101 99 100 | 100 101.5 100 101 | 100 100 99 99 | 99 103 99 102",
        "A long 99 09:35 101.01 > 09:40 99 stop -1R net -199.683
         A s1 symbol_owned",
    );
    // The second in the configuration came first in time, and has it.
    check_both(
        "orb-classic entry_offset_ticks=101 | orb-classic name=later",
        "A 09:30 100 101 99 100 | 100 101.5 100 101 | 100 100 99 99 | 99 103 99 102",
        "A s1 long 99 09:35 101.01 > 09:40 99 stop -1R net -199.683
         A symbol_owned",
    );
}

#[test]
fn a_symbol_stays_its_owner_s_where_the_entry_was_not_filled() {
    // The owner's order rests and never fills: nobody else may.
    check_both(
        "orb-classic direction=candle slot_policy=ranked entry_offset_ticks=300 | orb-classic name=later",
        "A 09:30 100 101 99 100.5 | 100 102 100 101",
        "A no_trigger
         A s1 symbol_owned",
    );
    // A market entry that was refused at its bar owns it, too.
    check_both(
        "orb-etf | orb-classic name=later",
        "A 09:30 100 101 99 100.5 | 98 103 98 102",
        "A entry_beyond_stop
         A s1 both_sides_in_one_bar",
    );
    check_both(
        "orb-etf | orb-classic name=later direction=candle",
        "A 09:30 100 101 99 100.5 | 98 103 98 102",
        "A entry_beyond_stop
         A s1 symbol_owned",
    );
}

#[test]
fn the_next_session_s_symbols_are_anybody_s() {
    check_both(
        "orb-classic entry_offset_ticks=101 | orb-classic name=later",
        "== 2026-02-12
         A 09:30 100 101 99 100 | 100 101.5 100 101 | 100 100 99 99
         == 2026-02-13
         A 09:30 100 101 99 100 | 100 102.01 100 102",
        "12 A s1 long 99 09:35 101.01 > 09:40 99 stop -1R net -199.683
         13 A long 66 09:35 102.01 > 09:35 102 data_end -0.0033R net -1.122
         12 A no_trigger
         13 A s1 symbol_owned",
    );
}

#[test]
fn what_never_was_ordered_owns_nothing() {
    // The first strategy's stop is too close: it made no order, and the second may.
    check_both(
        "orb-classic stop_distance_min=5 | orb-classic name=later",
        "A 09:30 100 101 99 100 | 100 102 100 101",
        "A s1 long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         A stop_too_close",
    );
}

#[test]
fn slots_are_each_strategy_s_own_and_bounded_by_the_account_s() {
    // The first strategy has one place, the second two. A and B trigger in one bar: the first strategy takes A with 497
    // shares. The second finds A owned, takes B with 500 / 2.01 = 248 (fees 1.736), and the account is full: C has none.
    let market = "A 09:30 100 101 99 100 | 100 102 100 101
                  B 09:30 100 101 99 100 | 100 102 100 101
                  C 09:30 100 101 99 100 | 100 102 100 101";
    let strategies = "orb-classic max_positions=1 | orb-classic name=later max_positions=2";
    check_both(
        strategies,
        market,
        "A long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449
         B s1 long 248 09:35 101.01 > 09:35 101 data_end -0.005R net -4.216
         B no_slot
         C no_slot
         A s1 symbol_owned
         C s1 no_slot",
    );
    // Three places of the account: C, too.
    check_both(
        &strategies.replacen("orb-classic", "orb-classic account_max_positions=3", 1),
        market,
        "A long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449
         B s1 long 248 09:35 101.01 > 09:35 101 data_end -0.005R net -4.216
         C s1 long 248 09:35 101.01 > 09:35 101 data_end -0.005R net -4.216
         B no_slot
         C no_slot
         A s1 symbol_owned",
    );
}

#[test]
fn one_place_of_the_account_goes_to_the_first_strategy() {
    check_both(
        "orb-classic max_positions=1 account_max_positions=1 | orb-classic name=later max_positions=2",
        "A 09:30 100 101 99 100 | 100 102 100 101
         B 09:30 100 101 99 100 | 100 102 100 101
         C 09:30 100 101 99 100 | 100 102 100 101",
        "A long 497 09:35 101.01 > 09:35 101 data_end -0.005R net -8.449
         B no_slot
         C no_slot
         A s1 symbol_owned
         B s1 no_slot
         C s1 no_slot",
    );
    // A slot that a strategy gives back in a bar is its own only from the next, though the account has room.
    check_both(
        "orb-classic max_positions=1 | orb-classic name=later max_positions=5 symbols=Z",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 100 100 98 99
         B 09:30 100 101 99 100 | 100 100 100 100 | 100 102 100 101
         Z: prev 1",
        "A long 497 09:35 101.01 > 09:40 99 stop -1R net -1002.449
         B no_slot
         Z no_bars
         Z s1 no_bars",
    );
}

#[test]
fn a_place_of_the_account_freed_in_a_bar_is_free_from_the_next() {
    // One place for both: A of the first is stopped in the bar in which B of the second triggers, C triggers in the next.
    check_both(
        "orb-classic account_max_positions=1 symbols=A max_positions=1 | orb-classic name=later symbols=B,C max_positions=1",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 100 100 98 99
         B 09:30 100 101 99 100 | 100 100 100 100 | 100 102 100 101
         C 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 102 100 101",
        "A long 497 09:35 101.01 > 09:40 99 stop -1R net -1002.449
         C s1 long 497 09:45 101.01 > 09:45 101 data_end -0.005R net -8.449
         B s1 no_slot",
    );
}

#[test]
fn places_by_rank_are_each_strategy_s_own() {
    // The first holds A when the second's range of 15 minutes ends: the second's one place is its own.
    check_both(
        "orb-classic symbols=A | orb-classic name=later symbols=B,C range_minutes=15 slot_policy=ranked max_positions=1",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 101 101 101 101 | 101 101 101 101
         B 09:30 100 101 99 100 | 100 101 100 101 | 100 101 100 101 | 100 102 100 101
         C 09:30 100 101 99 100 | 100 101 100 101 | 100 101 100 101 | 100 102 100 101",
        "A long 99 09:35 101.01 > 09:45 101 data_end -0.005R net -1.683
         B s1 long 497 09:45 101.01 > 09:45 101 data_end -0.005R net -8.449
         C s1 max_positions",
    );
}

#[test]
fn money_is_shared() {
    // 0.2 x 100,000 = 20,000 for all: 99 shares at 101.01 take 9,999.99 each, and the third strategy is left with 0.02.
    let market = "A 09:30 100 101 99 100 | 100 102 100 101
                  B 09:30 100 101 99 100 | 100 102 100 101
                  C 09:30 100 101 99 100 | 100 102 100 101";
    check_both(
        "orb-classic leverage=0.2 symbols=A sizing=shares:99 | orb-classic name=second leverage=0.2 symbols=B sizing=shares:99 \
         | orb-classic name=third leverage=0.2 symbols=C sizing=shares:99",
        market,
        "A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         B s1 long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         C s2 no_buying_power",
    );
    // A strategy of more leverage may use more, beside what the others have taken.
    check_both(
        "orb-classic leverage=0.2 symbols=A sizing=shares:99 | orb-classic name=second leverage=0.2 symbols=B sizing=shares:99 \
         | orb-classic name=third leverage=0.25 symbols=C sizing=shares:99",
        market,
        "A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         B s1 long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         C s2 long 49 09:35 101.01 > 09:35 101 data_end -0.005R net -0.833",
    );
}

#[test]
fn the_daily_limit_is_shared() {
    // 198.99 + 198.99 are beyond 300.
    check_both(
        "orb-classic daily_loss_limit=0.003 symbols=A | orb-classic name=later symbols=B",
        "A 09:30 100 101 99 100 | 100 102 100 101
         B 09:30 100 101 99 100 | 100 102 100 101",
        "A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         B s1 daily_risk",
    );
    // What the first strategy loses at once closes the second's position: A gaps to 95: 99 x -6.01 - 0.693 = -595.683.
    check_both(
        "orb-classic daily_loss_limit=0.005 symbols=A | orb-classic name=later symbols=B",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 95 95 95 95
         B 09:30 100 101 99 100 | 100 102 100 101 | 101 101 101 101 | 101.5 102 101 102",
        "A long 99 09:35 101.01 > 09:40 95 stop -2.99R net -595.683
         B s1 long 99 09:35 101.01 > 09:45 101.5 loss_limit 0.2438R net 47.817",
    );
}

#[test]
fn entries_that_the_limit_forbids_at_a_later_range_s_end_keep_their_own_reasons() {
    // Fees of a dollar a share: A's mark of 99 x 1.91 and its fee of 99 reach the limit of 280 at 09:40. It leaves with
    // nothing won or lost, so B's risk of 133 x 1.5 fits when its range of 30 minutes ends at 10:00.
    let check = |entry: &str, bars: &str, expect: &str| {
        let quiet = " 100 101 99 100 | 100 101 100 100.5 |".repeat(3);
        check_both(
            &format!(
                "orb-classic daily_loss_limit=0.0028 symbols=A target_r=off fee_per_share=1 \
                 | {entry} name=later symbols=B range_minutes=30 risk_fraction=0.002 max_positions=1 \
                 direction=candle slot_policy=ranked daily_loss_limit=0.0028"
            ),
            &format!(
                "A 09:30 100 101 99 100 | 100 102 100 101 | 101 101 99.1 99.1 | 103.01 103.01 103 103
                 B 09:30{quiet} {bars}"
            ),
            &format!("A long 99 09:35 101.01 > 09:45 103.01 loss_limit 0.995R net 0\nB s1 {expect}"),
        );
    };
    check("orb-etf", "- | - | 100.6 102 100 101", "loss_limit");
    check("orb-etf", "98 102 97 101", "entry_beyond_stop");
    check("orb-etf", "-", "no_entry_bar");
    check("orb-classic", "100.6 102 100 101", "loss_limit");
    check("orb-classic", "100.6 101 100 101", "no_trigger");
    check("orb-classic entry=close", "100.6 101 100 101", "no_trigger");
    check("orb-classic entry=close", "100.6 102 100 102", "loss_limit");
}

#[test]
fn a_symbol_s_day_is_decided_once_for_each_strategy() {
    let report = run(
        "orb-classic | orb-etf name=etf | orb-classic name=hour range_minutes=60",
        "A 09:30 100 101 99 100 | 100 102 98 101 | 100 102 98 101
         B 09:30 100 101 99 100.5 | 100.6 102 100 101
         C: prev 1",
    );
    let mut outcomes: Vec<_> = report
        .trades
        .iter()
        .map(|trade| (trade.attempt.strategy.0, trade.attempt.symbol.0))
        .chain(report.decisions.iter().map(|decision| (decision.attempt.strategy.0, decision.attempt.symbol.0)))
        .collect();
    outcomes.sort_unstable();
    let all: Vec<_> = (0..3).flat_map(|strategy| (0..3).map(move |symbol| (strategy, symbol))).collect();
    assert_eq!(outcomes, all);
}
