//! The daily loss limit: orders that could pass it, and the day that reached it.

use crate::table::{check, check_both};

#[test]
fn daily_limit_refuses_an_order_whose_risk_could_pass_it() {
    // Limit 0.3% = 300 dollars. A risks 99 x 2.01 = 198.99; B's 198.99 more would make 397.98.
    check_both(
        "orb-classic daily_loss_limit=0.003",
        "A 09:30 100 101 99 100 | 100 102 100 101
         B 09:30 100 101 99 100 | 100 102 100 101",
        "A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         B daily_risk",
    );
    // 397.98 itself is allowed.
    check_both(
        "orb-classic daily_loss_limit=0.0039798",
        "A 09:30 100 101 99 100 | 100 102 100 101
         B 09:30 100 101 99 100 | 100 102 100 101",
        "A long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683
         B long 99 09:35 101.01 > 09:35 101 data_end -0.005R net -1.683",
    );
}

#[test]
fn daily_limit_counts_realised_losses_and_no_gains() {
    // A lost 199.683 net: with B's 198.99 it would be 398.673, above 390.
    check_both(
        "orb-classic daily_loss_limit=0.0039",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 100 100 99 99
         B 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 102 100 101",
        "A long 99 09:35 101.01 > 09:40 99 stop -1R net -199.683
         B daily_risk",
    );
    // A gained 397.287: it does not add to the 199 dollars that B may risk. B: d = 2.00, 100 shares, 200 dollars.
    check_both(
        "orb-classic daily_loss_limit=0.00199",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 101 106 101 105
         B 09:30 100 101 99.01 100 | 100 100 100 100 | 100 100 100 100 | 100 103 100 101",
        "A long 99 09:35 101.01 > 09:40 105.03 target 2R net 397.287
         B daily_risk",
    );
}

#[test]
fn daily_limit_counts_working_orders_where_they_rest() {
    // Ranked: A's stop order rests and never fills; its 198.99 count against B.
    check_both(
        "orb-classic slot_policy=ranked direction=candle daily_loss_limit=0.003",
        "A 09:30 100 101 99 100.5 | 100 101 99 100
         B 09:30 100 101 99 100.5 | 100 102 100 101",
        "A no_trigger\nB daily_risk",
    );
}

#[test]
fn daily_limit_reached_closes_at_the_next_open() {
    // r = 5%, stop 5 away (10% of ATR 50): 1,000 / 5 = 200 shares, entry fee 0.7, limit 1,000. The closes mark it at
    // 96.02: -998.7, 96.015: -999.7 and, in the bar of 09:50, 96.013: -1,000.1. Out at the next open, 97:
    // 200 x -4.01 = -802, less 1.4; -4.01 / 5 = -0.8020R.
    check_both(
        "orb-classic risk_fraction=0.05 stop=atr:0.1 target_r=off daily_loss_limit=0.01",
        "A: atr 50
         A 09:30 100 101 99 100 | 100 102 100 101 | 100 100 96.02 96.02 | 97 97 96.015 96.015 | 97 97 96.013 96.013 | 97 99 97 98
         B 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 100 100 100 | 100 100 100 100 | 100 102 100 101",
        "A long 200 09:35 101.01 > 09:55 97 loss_limit -0.802R net -803.4
         B atr_missing",
    );
}

#[test]
fn daily_limit_reached_allows_no_entry() {
    // r = 5%: 497 shares each, limit 2,000. Both gap through their stops: 2 x (497 x -3.01 - 3.479) = -2,998.9.
    // C triggers later: its risk stands before the limit in the order of the reasons.
    check_both(
        "orb-classic risk_fraction=0.05 daily_loss_limit=0.02",
        "A 09:30 100 101 99 100 | 100 102 100 101 | 98 98 98 98
         B 09:30 100 101 99 100 | 100 102 100 101 | 98 98 98 98
         C 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 102 100 101",
        "A long 497 09:35 101.01 > 09:40 98 stop -1.4975R net -1499.449
         B long 497 09:35 101.01 > 09:40 98 stop -1.4975R net -1499.449
         C daily_risk",
    );
}

#[test]
fn daily_limit_cancels_resting_entries_and_a_touch_tells() {
    // Ranked, N = 3, r = 3%: 1,000 / 2.01 = 497 each; limit 3.1% = 3,100 lets the three risks of 998.97 rest.
    // A falls at 09:40 to 94 from 101.01: 497 x -7.01 = -3,483.97: reached. Its exit is its stop at the open, 94.
    // B is touched later: loss_limit. C never: no_trigger.
    check_both(
        "orb-classic slot_policy=ranked direction=candle max_positions=3 risk_fraction=0.03 daily_loss_limit=0.031",
        "A 09:30 100 101 99 100.5 | 100 102 100 101 | 94 94 94 94
         B 09:30 100 101 99 100.5 | 100 100 100 100 | 100 100 100 100 | 100 102 100 101
         C 09:30 100 101 99 100.5 | 100 100 100 100 | 100 100 100 100 | 100 100 100 100",
        "A long 497 09:35 101.01 > 09:40 94 stop -3.4876R net -3487.449
         B loss_limit\nC no_trigger",
    );
}

#[test]
fn daily_limit_cancels_a_market_entry_that_waits_for_its_bar() {
    // Two places: 500 / 1.5 = 333 shares each, fees 0.333; limit 1% = 1,000, risks 499.5 each. B waits for a bar.
    // A enters at 100.6 and gaps to 97: 333 x -3.6 = -1,198.8; -3.6 / 1.6 = -2.25R.
    check_both(
        "orb-etf max_positions=2 daily_loss_limit=0.01",
        "A 09:30 100 101 99 100.5 | 100.6 101 100 100.5 | 97 97 97 97
         B 09:30 100 101 99 100.5 | - | - | 100.6 101 100 100.5",
        "A long 333 09:35 100.6 > 09:40 97 stop -2.25R net -1199.133
         B loss_limit",
    );
}

#[test]
fn daily_limit_without_a_further_bar_takes_the_last_close() {
    // As above, but nothing follows: 200 x -4.997 = -999.4; -4.997 / 5 = -0.9994R.
    let market = "A: atr 50
         A 09:30 100 101 99 100 | 100 102 100 101 | 97 97 96.013 96.013";
    let settings = "orb-classic risk_fraction=0.05 stop=atr:0.1 target_r=off daily_loss_limit=0.01";
    check_both(settings, market, "A long 200 09:35 101.01 > 09:40 96.013 data_end -0.9994R net -1000.8");
}

#[test]
fn daily_limit_ends_with_the_day() {
    // r = 5%: 497 shares lose 497 x -7.01 - 3.479 = -3,487.449 on the first day; limit 2%. The second day is free:
    // 96,512.551 x 5% / 5 = 965.12551; / 2.01 = 480 shares; data end at 101: -4.8 - 3.36.
    check(
        "orb-classic risk_fraction=0.05 daily_loss_limit=0.02",
        "== 2026-02-12
         A 09:30 100 101 99 100 | 100 102 100 101 | 94 94 94 94
         == 2026-02-13
         A 09:30 100 101 99 100 | 100 102 100 101",
        "12 A long 497 09:35 101.01 > 09:40 94 stop -3.4876R net -3487.449
         13 A long 480 09:35 101.01 > 09:35 101 data_end -0.005R net -8.16",
    );
}
