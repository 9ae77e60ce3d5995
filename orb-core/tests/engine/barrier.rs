//! The end of the range: late bars, corrections, questions for what is missing.

use crate::rig::Rig;
use crate::script::{check_with, perform};

/// Only A is traded.
#[track_caller]
fn check(script: &str) {
    check_with("orb-classic symbols=A", script);
}

#[test]
fn a_complete_range_is_decided_at_its_end() {
    check("bar A 09:30 100 101 99 100\nlong A\n> submit A-1e buy 99 stop 101.01 attached");
}

#[test]
fn a_missing_bar_is_asked_for_and_counts_when_it_comes() {
    check(
        "at 09:35
         wait 0.199999
         wait 0.000001
         > query bars A
         bars A 09:30 100 101 99 100
         long A
         > submit A-1e buy 99 stop 101.01 attached",
    );
}

#[test]
fn a_bar_that_arrives_before_the_answer_counts_too() {
    check(
        "at 09:35
         wait 0.3
         > query bars A
         backfill A 09:30 100 101 99 100
         wake
         long A
         > submit A-1e buy 99 stop 101.01 attached",
    );
}

#[test]
fn an_answer_without_the_bar_makes_it_absent() {
    check("at 09:36\n> query bars A\n> decide A range_incomplete");
    check("at 09:35\nwait 0.3\n> query bars A\nbars none\nat 16:01\n> decide A no_bars");
    check("at 09:35\nwait 0.3\n> query bars A\nbars none\nbar A 09:35 100 102 98 100\n> decide A range_no_first_bar");
}

#[test]
fn a_question_without_an_answer_leaves_the_range_incomplete() {
    check(
        "at 09:35
         wait 0.499999
         > query bars A
         wait 0.000001
         > decide A range_incomplete
         bars A 09:30 100 101 99 100
         long A",
    );
}

#[test]
fn range_completeness_takes_a_correction_until_the_range_is_frozen() {
    // The range of one bar is frozen with it: 99 to 102, level 102.01, d = 3.01, 66 shares.
    check(
        "bar A 09:30 100 102 99 100
         correct A 09:30 100 103 99 100
         bar A 09:35 100 102.01 100 101
         > submit A-1e buy 66 stop 102.01 attached",
    );
    // Before the end of 15 minutes a correction counts (102 to 101), after it none (101 to 103).
    check_with(
        "orb-classic symbols=A range_minutes=15",
        "bar A 09:30 100 102 99 100
         correct A 09:30 100 101 99 100
         bar A 09:35 100 101 99 100
         bar A 09:40 100 101 99 100
         correct A 09:40 100 103 99 100
         bar A 09:45 100 101.01 100 101
         > submit A-1e buy 99 stop 101.01 attached",
    );
}

#[test]
fn a_barrier_that_has_fired_asks_for_nothing_again() {
    check("at 09:36\n> query bars A\n> decide A range_incomplete\nat 09:40\nat 16:01");
}

#[test]
fn the_last_bar_that_was_asked_for_is_the_latest_price() {
    let mut rig = Rig::new("orb-classic symbols=A");
    let close = |rig: &Rig| rig.engine.mark(rig.symbol("A")).expect("a price").to_string();
    for step in ["at 09:35", "wait 0.3", "bars A 09:30 100 101 99 99.5"] {
        perform(&mut rig, step);
        rig.lines.clear();
    }
    assert_eq!(close(&rig), "99.5");
    // The stream has caught up: what it said later counts.
    let mut rig = Rig::new("orb-classic symbols=A");
    for step in ["at 09:35", "wait 0.3", "backfill A 09:30 100 101 99 100", "bars A 09:30 100 101 99 99.5"] {
        perform(&mut rig, step);
        rig.lines.clear();
    }
    assert_eq!(close(&rig), "100");
}
