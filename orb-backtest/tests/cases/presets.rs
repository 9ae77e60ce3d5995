//! The presets as they are, without a setting.

use crate::table::check_both;

/// In play: level 101, stop 10% of ATR 5 from it.
const IN_PLAY: &str = "A: prev 100 atr 5 volume14 14000000 opening14 14000
    A 09:30 100 101 99 100.5 | 100.8 101.5 100.6 101.2
    A 15:50 101.9 102 101 101.5 | 102 103 102 103";

#[test]
fn orb_sip_takes_stocks_in_play_at_the_extreme_and_leaves_before_the_close() {
    // 200 / 0.5 = 400 shares; 1 a share less 2.8.
    check_both("orb-sip", IN_PLAY, "A long 400 09:35 101 > 15:55 102 time_exit 2R net 397.2");
    // Each of its filters.
    for (known, reason) in [
        ("volume14 13999999 atr 5 opening14 14000", "avg_volume"),
        ("volume14 14000000 atr 0.5 opening14 14000", "atr"),
        ("volume14 14000000 atr 5 opening14 14001", "rvol"),
    ] {
        check_both(
            "orb-sip",
            &format!("A: {known}\nA 09:30 100 101 99 100.5 | 100 102 100 101"),
            &format!("A {reason}"),
        );
    }
    check_both("orb-sip", "A 09:30 5 6 4 5.5 | 5 7 5 6", "A price");
}

#[test]
fn orb_sip_counts_the_top_twenty() {
    // 21 stocks of falling relative volume: the last is not in the top; only the first trades.
    let mut market = String::new();
    let mut expect = String::from("A long 400 09:35 101 > 09:35 101.2 data_end 0.4R net 77.2\n");
    for (letter, number) in ('A'..='U').zip(0..) {
        let bar = if letter == 'A' { "100.8 101.5 100.6 101.2" } else { "100.8 100.9 100.6 100.8" };
        market.push_str(&format!(
            "{letter}: volume14 14000000 atr 5 opening14 {}\n{letter} 09:30 100 101 99 100.5 | {bar}\n",
            10_000 + number
        ));
        if letter != 'A' {
            let reason = if letter == 'U' { "not_in_top" } else { "no_trigger" };
            expect.push_str(&format!("{letter} {reason}\n"));
        }
    }
    check_both("orb-sip", &market, &expect);
}

#[test]
fn orb_sip_paper_has_twenty_slots_and_leaves_at_the_close() {
    // 1,000 / 20 / 0.5 = 100 shares; 2 a share less 0.7.
    check_both("orb-sip-paper", IN_PLAY, "A long 100 09:35 101 > 15:55 103 time_exit 4R net 199.3");
}
