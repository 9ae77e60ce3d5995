//! The figures of a run.

use orb_core::Money;

use crate::table::run;

#[test]
fn the_figure_of_slippage_is_what_slippage_took() {
    // Long at 101.01 from 09:35 with 99 shares; left by the stop, by the clock, and at the end of the data.
    for exit in ["A 09:40 100 101 98.5 99", "A 15:55 97 98 96 97", "A 15:50 101 103 100 102"] {
        for side in ["100 102 100 101", "100 100 98 99"] {
            let market = format!("A 09:30 100 101 99 100 | {side}\n{exit}");
            let figures = |slippage: &str| {
                run(&format!("orb-classic target_r=off slippage={slippage}"), &market).metrics().trades
            };
            let (without, with) = (figures("0"), figures("0.05"));
            assert_eq!((without.count, without.slippage), (1, Money::ZERO), "{market}");
            assert_eq!(with.slippage, without.gross - with.gross, "{market}");
            assert_eq!(with.slippage, Money::from_cents(99 * 10), "{market}");
        }
    }
}

#[test]
fn a_target_pays_slippage_at_the_entry_alone() {
    let market = "A 09:30 100 101 99 100 | 100 102 100 101 | 101 105.18 100 105";
    let figures = run("orb-classic slippage=0.05", market).metrics().trades;
    assert_eq!(figures.slippage, Money::from_cents(99 * 5));
    // 407.88 before fees of 0.693, see the case of slippage and targets.
    assert_eq!(figures.before_costs(), Money::from_cents(40_788 + 495));
    assert_eq!(figures.before_costs() - figures.costs(), figures.net);
}

#[test]
fn each_strategy_s_slippage_is_its_own() {
    let report = run("orb-classic slippage=0.05", "A 09:30 100 101 99 100");
    assert_eq!(report.slippage, [orb_core::Price::from_cents(5)]);
}

#[test]
fn days_carry_their_hours_and_exposure_is_counted_in_them() {
    // In from 09:35 to 09:40 on a day of 390 minutes, and on a half day of 210 minutes without a trade.
    let market = "== 2025-11-26\nA 09:30 100 101 99 100 | 100 102 100 101 | 100 101 98.5 99
        == 2025-11-28 close 13:00\nA 09:30 100 101 99 100";
    let report = run("orb-classic", market);
    let minutes: Vec<_> = report.days.iter().map(|day| (day.close - day.open).minutes()).collect();
    assert_eq!(minutes, [390, 210]);
    let exposure = report.metrics().exposure.expect("hours are known");
    assert!((exposure - 5.0 / 600.0).abs() < 1e-15, "{exposure}");
    let hours: Vec<_> = report.sample().by_hour().iter().map(|group| group.key.expect("an hour").to_string()).collect();
    assert_eq!(hours, ["09:30-10:30"]);
}
