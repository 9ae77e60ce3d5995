//! What a day may lose: by the own reckoning and by the broker's equity, of the account and of a strategy.

use crate::script::check_with;

/// 1,000 dollars of 100,000: 497 shares at 101.01 with the stop at 99; below 99 the limit is reached.
const ONE_PERCENT: &str = "orb-classic risk_fraction=0.05 daily_loss_limit=0.01 target_r=off";

const OPEN: &str = "range A B
     long A
     > submit A-1e buy 497 stop 101.01 attached
     submitted A-1e
     fill A-1e 497 101.01
     working A-1es";

#[track_caller]
fn check(more: &str, script: &str) {
    check_with(&format!("{ONE_PERCENT} {more}"), &format!("{OPEN}\n{script}"));
}

#[test]
fn the_broker_s_equity_counts_where_it_is_worse_and_two_readings_agree() {
    check(
        "",
        "equity 99000.01 0
         = holds
         equity 99000 0
         > query snapshot
         = holds
         equity 99000 0
         > hold daily_loss
         > cancel A-1es",
    );
    // One reading that is soon corrected is nothing.
    check("", "equity 50000 0\n> query snapshot\nequity 99900 0\nwait 1\nequity 50000 0\n> query snapshot\n= holds");
}

#[test]
fn what_was_paid_in_or_out_is_no_result() {
    check("", "equity 99500 0\nequity 89500 -10000\nequity 89500 -10000\n= holds");
    let hidden = "equity 109000 10000\n> query snapshot\nequity 109000 10000\n> hold daily_loss\n> cancel A-1es";
    check("", &format!("equity 99500 0\n{hidden}"));
    // What was paid in before the open is in the equity of the open, restarts or not.
    check("", "equity 99500 10000\nrestart\nsnapshot\nequity 99500 10000\nequity 99500 10000\n= holds");
    // What is not known, or cannot be true, tells nothing.
    check("", "equity 50000 unknown\nequity 50000 unknown\nequity 0 0\nequity 0 0\n= holds");
}

#[test]
fn the_limit_may_hold_entries_alone() {
    check(
        "on_breach=block_entries",
        "quote A 98.99 99
         > hold daily_loss
         = position A 497
         = protected A 497
         = desk A guarding
         bar B 09:45 100 102 100 101
         > decide B daily_risk",
    );
}

#[test]
fn the_limit_that_was_reached_survives_a_restart_and_a_recovery() {
    check(
        "on_breach=block_entries",
        "quote A 98.99 99
         > hold daily_loss
         quote A 104 104.01
         restart
         backfill A 09:30 100 101 99 100, B 09:30 100 101 99 100
         snapshot
         = holds daily_loss
         day 2026-02-13
         = holds daily_loss
         day 2026-02-17
         > clear daily_loss
         > hold flattening
         > cancel A-1es",
    );
}

#[test]
fn a_strategy_s_own_limit_stops_that_strategy_alone() {
    let settings = "orb-classic +second risk_fraction=0.05 daily_loss_limit=0.2 target_r=off orb-classic.loss_limit=0.01 \
                    orb-classic.symbols=A,C second.symbols=B,D";
    check_with(
        settings,
        "bar A 09:30 100 101 99 100, B 09:30 100 101 99 100, C 09:30 100 101 99 100, D 09:30 100 101 99 100
         bar A 09:35 100 102 100 101, B 09:35 100 102 100 101
         > submit A-1e buy 497 stop 101.01 attached
         > submit 20260213-second-B-1e buy 497 stop 101.01 attached
         submitted A-1e
         submitted 20260213-second-B-1e
         fill A-1e 497 101.01
         working A-1es
         fill 20260213-second-B-1e 497 101.01
         working 20260213-second-B-1es
         quote B 98.99 99
         quote A 98.99 99
         > stop orb-classic
         > cancel A-1es
         = holds
         = state ACTIVE
         cancelled A-1es
         > query positions
         positions
         > submit A-1x1 sell 497 market
         submitted A-1x1
         fill A-1x1 497 98.9
         > trade A long 497 101.01 > 98.9 loss_limit
         > query positions
         positions
         bar C 09:40 100 102 100 101, D 09:40 100 102 100 101
         > decide C loss_limit
         > submit 20260213-second-D-1e buy 497 stop 101.01 attached
         = holds",
    );
}

#[test]
fn a_strategy_that_was_stopped_stays_so_after_a_restart_until_the_next_session() {
    let settings = "orb-classic risk_fraction=0.05 daily_loss_limit=0.2 target_r=off loss_limit=0.01";
    let mut rig = crate::rig::Rig::new(settings);
    let script = format!("{OPEN}\nquote A 98.99 99\n> stop orb-classic\n> cancel A-1es");
    crate::script::check_rig(&mut rig, &script);
    rig.restart();
    assert!(rig.engine.is_loss_limited(orb_core::StrategyId(0)));
    rig.refer("2026-02-17");
    assert!(!rig.engine.is_loss_limited(orb_core::StrategyId(0)));
}

#[test]
fn live_a_position_stays_marked_at_the_side_at_which_it_could_be_left() {
    check_with(
        "orb-classic live target_r=off",
        "open A
         = day -0.99
         quote A 100.5 100.6
         = day -50.49
         bar A 09:40 101 103 101 102
         = day -50.49",
    );
}

#[test]
fn a_resting_entry_that_the_limit_cancelled_has_its_decision_after_a_restart_too() {
    let settings = "orb-classic symbols=A slot_policy=ranked direction=candle";
    let cancelled = "bar A 09:30 100 101 99 100.5
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         trouble daily_loss
         > hold daily_loss
         > cancel A-1e
         cancelled A-1e
         restart";
    let again = "backfill A 09:30 100 101 99 100.5
         snapshot";
    check_with(settings, &format!("{cancelled}\n{again}\nbar A 09:40 100 102 100 101\n> decide A loss_limit"));
    check_with(settings, &format!("{cancelled}\n{again}\nat 16:01\n> decide A no_trigger"));
    // The level was crossed while orb was away.
    let gap = "backfill A 09:30 100 101 99 100.5\nbackfill A 09:40 100 102 100 101\nwake\n> decide A loss_limit";
    check_with(settings, &format!("{cancelled}\n{gap}\nsnapshot"));
    // The cancel was not confirmed before the restart.
    let pending = cancelled.replace("cancelled A-1e\n", "");
    check_with(
        settings,
        &format!(
            "{pending}\nbackfill A 09:30 100 101 99 100.5\nsilently cancelled A-1e\nsilently cancelled A-1es\nsilently cancelled A-1et\nsnapshot\nat 16:01\n> decide A no_trigger"
        ),
    );
}
