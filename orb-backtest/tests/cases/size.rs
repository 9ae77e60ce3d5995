//! The size: by risk, by leverage, by what remains.

use crate::table::{check, check_both};

#[test]
fn size_is_that_of_the_risk_or_of_the_leverage() {
    // d = 0.21: 200 / 0.21 = 952, but 80,000 / 100.11 = 799. 799 x -0.21 = -167.79, fees 5.593.
    check_both(
        "orb-classic",
        "A 09:30 100 100.1 99.9 100 | 100 100.11 100 100 | 100 100 99.9 100",
        "A long 799 09:35 100.11 > 09:40 99.9 stop -1R net -173.383",
    );
    // r = 2%: 400 / 2.01 = 199 shares: 199 x -2.01 = -399.99, fees 1.393.
    check_both(
        "orb-classic risk_fraction=0.02",
        "A 09:30 100 101 99 100 | 100 101.01 100 101 | 99 99 99 99",
        "A long 199 09:35 101.01 > 09:40 99 stop -1R net -401.383",
    );
}

#[test]
fn size_of_less_than_a_share_is_size_zero() {
    // d = 200.02 is more than 200 dollars of risk.
    check_both("orb-classic", "A 09:30 900 1000.01 800 900 | 900 1000.02 900 950", "A size_zero");
    // d = 200 exactly: 1 share; data end at 950: -50 and -0.25R.
    check_both(
        "orb-classic",
        "A 09:30 900 999.99 800 900 | 900 1000 900 950",
        "A long 1 09:35 1000 > 09:35 950 data_end -0.25R net -50.007",
    );
}

#[test]
fn size_refuses_a_stop_that_is_closer_than_the_minimum() {
    let market = "A 09:30 100 100.1 99.9 100 | 100 100.11 100 100 | 100 100 99.9 100";
    check_both("orb-classic stop_distance_min=0.22", market, "A stop_too_close");
    check_both(
        "orb-classic stop_distance_min=0.21",
        market,
        "A long 799 09:35 100.11 > 09:40 99.9 stop -1R net -173.383",
    );
}

#[test]
fn size_is_cut_to_what_remains_of_the_leverage_and_then_refused() {
    // 20,000 for two: 10,000 / 101.01 = 99 shares. A fills at 150 and takes 14,850; B gets 5,150 / 101.01 = 50.
    // Both end where the data do: A 0 less 0.693, B 50 x -0.01 = -0.5 less 0.35.
    check_both(
        "orb-classic max_positions=2 leverage=0.2 target_r=off daily_loss_limit=1",
        "A 09:30 100 101 99 100 | 150 151 149 150
         B 09:30 100 101 99 100 | 100 100 100 100 | 100 102 100 101",
        "A long 99 09:35 150 > 09:35 150 data_end 0R net -0.693
         B long 50 09:40 101.01 > 09:40 101 data_end -0.005R net -0.85",
    );
    // In the same bar too: what A is expected to be filled at, the open, is what it takes.
    check_both(
        "orb-classic max_positions=2 leverage=0.2 target_r=off daily_loss_limit=1",
        "A 09:30 100 101 99 100 | 150 151 149 150
         B 09:30 100 101 99 100 | 100 102 100 101",
        "A long 99 09:35 150 > 09:35 150 data_end 0R net -0.693
         B long 50 09:35 101.01 > 09:35 101 data_end -0.005R net -0.85",
    );
    // A at 201.5 takes 19,948.5: the 51.5 that are left buy no share.
    check_both(
        "orb-classic max_positions=2 leverage=0.2 target_r=off daily_loss_limit=1",
        "A 09:30 100 101 99 100 | 201.5 202 201 201.5
         B 09:30 100 101 99 100 | 100 102 100 101",
        "A long 99 09:35 201.5 > 09:35 201.5 data_end 0R net -0.693
         B no_buying_power",
    );
}

#[test]
fn size_rests_on_the_equity_of_the_session_s_open() {
    // First day: A loses 199.683 at 09:40; B at 09:45 is still sized on 100,000. B ends at 101: -0.99 - 0.693.
    // Second day: 99,798.634 x 1% / 5 = 199.597; d = 0.4 gives 498 shares, not 500. 498 x -0.4 = -199.2, fees 3.486.
    check(
        "orb-classic",
        "== 2026-02-12
         A 09:30 100 101 99 100 | 100 102 100 101 | 100 100 99 99
         B 09:30 100 101 99 100 | 100 100 100 100 | 100 100 100 100 | 100 102 100 101
         == 2026-02-13
         A 09:30 99.3 99.5 99.11 99.3 | 99.3 99.51 99.3 99.4 | 99.3 99.3 99.11 99.2",
        "12 A long 99 09:35 101.01 > 09:40 99 stop -1R net -199.683
         12 B long 99 09:45 101.01 > 09:45 101 data_end -0.005R net -1.683
         13 A long 498 09:35 99.51 > 09:40 99.11 stop -1R net -202.686
         13 B no_bars",
    );
}

#[test]
fn size_of_a_market_entry_rests_on_the_range_s_close_and_a_gap_does_not_resize() {
    // d = 100.5 - 99 = 1.5: 666 shares, filled at 105: R = 6. Data end at 105: 0.
    check_both(
        "orb-etf target_r=off",
        "A 09:30 100 101 99 100.5 | 105 105 105 105",
        "A long 666 09:35 105 > 09:35 105 data_end 0R net -0.666",
    );
    // By leverage: 400,000 / 100.5 = 3,980; d = 0.1: 1,000 / 0.1 = 10,000. Fees 3,980 x 0.001.
    check_both(
        "orb-etf target_r=off",
        "A 09:30 100.45 100.6 100.4 100.5 | 100.5 100.5 100.5 100.5",
        "A long 3980 09:35 100.5 > 09:35 100.5 data_end 0R net -3.98",
    );
}

#[test]
fn size_in_shares_is_cut_to_what_leverage_leaves() {
    let market = "A 09:30 100 101 99 100 | 100 102 100 101
                  B 09:30 100 101 99 100 | 100 102 100 101
                  C 09:30 100 101 99 100 | 100 102 100 101";
    // 4 x 100,000 leaves 400,000 - 30,303 after A; B is as large, and so is C.
    check_both(
        "orb-classic sizing=shares:300",
        market,
        "A long 300 09:35 101.01 > 09:35 101 data_end -0.005R net -5.1
         B long 300 09:35 101.01 > 09:35 101 data_end -0.005R net -5.1
         C long 300 09:35 101.01 > 09:35 101 data_end -0.005R net -5.1",
    );
    // 0.5 x 100,000: A takes 30,303, B gets 19,697 / 101.01 = 195 and leaves 0.05: C nothing.
    check_both(
        "orb-classic sizing=shares:300 leverage=0.5",
        market,
        "A long 300 09:35 101.01 > 09:35 101 data_end -0.005R net -5.1
         B long 195 09:35 101.01 > 09:35 101 data_end -0.005R net -3.315
         C no_buying_power",
    );
}

#[test]
fn size_by_notional_is_what_the_money_buys_at_the_level() {
    let market = "A 09:30 100 101 99 100 | 103 104 103 103";
    // 10,000 / 101.01 = 99 (98.9991 is 98): the gap to 103 resizes nothing. 9,998.99 buys 98, 9,999.99 buys 99.
    check_both(
        "orb-classic sizing=notional:9999.98 target_r=off",
        market,
        "A long 98 09:35 103 > 09:35 103 data_end 0R net -0.686",
    );
    check_both(
        "orb-classic sizing=notional:9999.99 target_r=off",
        market,
        "A long 99 09:35 103 > 09:35 103 data_end 0R net -0.693",
    );
    check_both("orb-classic sizing=notional:101", market, "A size_zero");
    // What leverage leaves cuts it: 0.05 x 100,000 / 101.01 = 49.
    check_both(
        "orb-classic sizing=notional:9999.99 target_r=off leverage=0.05",
        market,
        "A long 49 09:35 103 > 09:35 103 data_end 0R net -0.343",
    );
    // A market entry is sized on the close of its range: 10,050 / 100.5 = 100.
    check_both(
        "orb-etf sizing=notional:10050 target_r=off",
        "A 09:30 100 101 99 100.5 | 103 104 103 103",
        "A long 100 09:35 103 > 09:35 103 data_end 0R net -0.1",
    );
}
