//! A restart loads facts and never re-decides.

use crate::script::{check, check_with};

const STANDARD: &str =
    "backfill A 09:30 100 101 99 100, B 09:30 100 101 99 100, C 09:30 100 101 99 100, D 09:30 100 101 99 100
         backfill A 09:35 100 102 100 101, B 09:35 100 100 100 100, C 09:35 100 100 100 100, D 09:35 100 100 100 100";

#[test]
fn positions_desks_and_slots_are_as_before() {
    check(&format!(
        "open A
         restart
         = holds starting
         = position A 99
         = desk A guarding
         = slots 1
         = notional 9999.99
         = protected A 99
         {STANDARD}
         snapshot
         = holds
         = position A 99
         wait 600
         fill A-1es 99 99
         > trade A long 99 101.01 > 99 stop
         = realised -198.99
         cancelled A-1et
         = desk A none",
    ));
}

#[test]
fn what_was_decided_stays_and_a_level_crossed_in_the_gap_is_missed() {
    // A trades, B was held by a pause, C crosses while orb is away, D is still good.
    check(&format!(
        "open A
         pause
         > hold operator_pause
         restart
         {STANDARD}
         backfill C 09:40 100 102 100 101, D 09:40 100 100 100 100
         snapshot
         > decide C missed_breakout
         = holds operator_pause
         clear operator_pause
         > clear operator_pause
         bar A 09:50 101 103 101 102, C 09:50 101 103 101 102, D 09:50 100 102 100 101
         > submit D-1e buy 99 stop 101.01 attached
         = slots 2",
    ));
}

#[test]
fn a_refused_symbol_is_not_tried_again() {
    check(
        "range A
         pause
         > hold operator_pause
         long A
         > decide A hold
         restart
         snapshot
         clear operator_pause
         > clear operator_pause
         backfill A 09:30 100 101 99 100
         bar A 09:45 100 102 100 101
         wait 600",
    );
}

#[test]
fn a_crossing_in_backfill_makes_no_signal_after_the_range_either() {
    check(
        "range A B\nbackfill A 09:35 100 102 100 101, B 09:35 100 100 100 100\n> decide A missed_breakout\nbar B 09:40 100 102 100 101\n> submit B-1e buy 99 stop 101.01 attached",
    );
}

#[test]
fn holds_of_the_operator_survive_and_causes_show_themselves_again() {
    check(
        "range A
         kill
         > hold kill
         trouble stale_data
         > hold stale_data
         restart
         = holds starting kill
         backfill A 09:30 100 101 99 100
         snapshot
         > query bars B C D E F
         bars none
         = holds kill
         clear kill
         > clear kill",
    );
    check(
        "range A\ntrouble daily_loss\n> hold daily_loss\nwait 600\nrestart\nbackfill A 09:30 100 101 99 100\nsnapshot\n= holds daily_loss",
    );
    check(
        "range A\npause\n> hold operator_pause\nclear operator_pause\n> clear operator_pause\nwait 600\nrestart\nbackfill A 09:30 100 101 99 100\nsnapshot\n= holds",
    );
}

#[test]
fn fills_in_the_gap_are_counted_once() {
    check(
        "open A
         silently fill A-1et 99 105.03
         silently cancelled A-1es
         restart
         snapshot
         > trade A long 99 101.01 > 105.03 target
         = realised 397.98
         = slots 0
         snapshot
         = realised 397.98
         = holds",
    );
    // The entry fills while orb is away: its legs protect it, and the desk takes over.
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         restart
         silently fill A-1e 99 101.01
         silently held A-1es
         silently working A-1et
         snapshot
         = position A 99
         = protected A 99
         = slots 1
         = desk A guarding",
    );
}

#[test]
fn a_stop_lost_in_the_gap_is_restored_under_a_name_of_its_own() {
    check_with(
        "orb-classic target_r=off",
        "open A
         cancelled A-1es
         > submit A-1s1 sell 99 stop 99
         submitted A-1s1
         silently cancelled A-1s1
         restart
         snapshot
         > submit A-1s3 sell 99 stop 99",
    );
}

#[test]
fn a_close_is_resumed() {
    check(
        "open A
         close A
         > cancel A-1es
         restart
         = desk A cancelling
         silently cancelled A-1es
         silently cancelled A-1et
         snapshot
         > query positions
         positions
         > submit A-1x3 sell 99 market
         submitted A-1x3
         fill A-1x3 99 101
         > trade A long 99 101.01 > 101 force_close
         > query positions",
    );
    // The closing order was decided but never sent.
    check(
        "open A
         close A
         > cancel A-1es
         cancelled A-1es
         > cancel A-1et
         cancelled A-1et
         > query positions
         positions
         > submit A-1x1 sell 99 market
         restart
         snapshot
         > query positions
         positions
         > submit A-1x4 sell 99 market",
    );
}

#[test]
fn a_cancel_that_was_decided_but_not_sent_is_sent() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         kill
         > hold kill
         > cancel A-1e
         restart
         snapshot
         > cancel A-1e
         cancel A-1e done
         cancelled A-1e
         > decide A hold",
    );
    // The leg of an entry that is done.
    check(
        "open A
         close A
         > cancel A-1es
         restart
         snapshot
         > cancel A-1es
         cancelled A-1es
         > cancel A-1et
         cancelled A-1et
         > query positions
         positions
         > submit A-1x3 sell 99 market",
    );
}

#[test]
fn the_daily_limit_counts_what_was_lost_before() {
    check(
        "open A
         fill A-1es 99 99
         > trade A long 99 101.01 > 99 stop
         cancelled A-1et
         restart
         snapshot
         = realised -198.99
         = day -198.99",
    );
}

#[test]
fn a_target_survives_for_what_is_filled_after_the_restart() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         fill A-1e 40 101.01
         restart
         snapshot
         fill A-1e 59 101.01
         held A-1es
         working A-1et
         cancelled A-1es
         > submit A-1t3 sell 99 limit 105.03 paired 99",
    );
}

#[test]
fn a_level_crossed_in_the_gap_is_missed_whenever_the_bars_come() {
    for wake in ["", "wake"] {
        check(&format!(
            "range A B
             wait 900
             restart
             backfill A 09:30 100 101 99 100, B 09:30 100 101 99 100
             {wake}
             backfill A 09:35 100 102 100 101, B 09:35 100 100 100 100
             {}
             wake
             {}
             snapshot
             bar A 09:55 101 103 101 102, B 09:55 100 102 100 101
             > submit B-1e buy 99 stop 101.01 attached",
            if wake.is_empty() { "" } else { "> decide A missed_breakout" },
            if wake.is_empty() { "> decide A missed_breakout" } else { "" },
        ));
    }
}

#[test]
fn a_day_that_was_settled_without_a_signal_stays_settled() {
    check(
        "range A
         bar A 09:35 100 102 98 100
         > decide A both_sides_in_one_bar
         wait 900
         restart
         backfill A 09:30 100 101 99 100
         backfill A 09:35 100 102 98 100
         snapshot
         bar A 10:00 100 102 100 101",
    );
}

#[test]
fn an_entry_that_works_is_not_made_again() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         wait 900
         restart
         = slots 1
         = desk A guarding
         backfill A 09:30 100 101 99 100
         backfill A 09:35 100 102 100 101
         snapshot
         bar A 10:00 100 102 100 101
         = slots 1
         fill A-1e 99 101.01
         held A-1es
         working A-1et
         = protected A 99",
    );
}

#[test]
fn a_flatten_that_a_restart_cut_off_holds_entries_until_it_is_verified() {
    check(
        "open A
         close-all
         > hold flattening
         > cancel A-1es
         restart
         = holds starting flattening
         silently cancelled A-1es
         silently cancelled A-1et
         snapshot
         > query positions
         = holds flattening
         positions A 99
         > submit A-1x3 sell 99 market
         submitted A-1x3
         fill A-1x3 99 101
         > trade A long 99 101.01 > 101 flatten
         > query positions
         positions
         > clear flattening",
    );
}

#[test]
fn an_entry_that_was_never_sent_ends_although_its_cancel_was_not_sent_either() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         restart
         kill
         > hold kill
         > cancel A-1e
         restart
         snapshot
         > decide A hold
         = order A-1e REJECTED
         = slots 0",
    );
}
