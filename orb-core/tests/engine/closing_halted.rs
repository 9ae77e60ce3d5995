//! Closes that cannot be made: the stop stays, the alarm repeats, and the next chance is taken.

use crate::script::check_with;

#[track_caller]
fn check(script: &str) {
    check_with("orb-classic live target_r=off", script);
}

#[test]
fn while_the_symbol_is_halted_the_stop_stays_and_the_alarm_repeats() {
    check(
        "open A
         halt A
         close A
         = protected A 99
         wait 10
         > alarm A
         = protected A 99
         wait 20
         > alarm A
         resume A
         > cancel A-1es
         cancelled A-1es
         > query positions
         positions
         > submit A-1x1 sell 99 market
         submitted A-1x1
         fill A-1x1 99 101
         > trade A long 99 101.01 > 101 force_close
         > query positions
         positions
         = desk A none",
    );
}

#[test]
fn a_stop_that_ends_while_the_close_waits_is_placed_again_and_outlives_the_day() {
    check(
        "open A
         halt A
         at 15:55
         > hold flattening
         wait 10
         > alarm A
         wait 20
         > alarm A
         wait 40
         > alarm A
         at 15:56:30
         > alarm A
         at 15:57
         expired A-1es
         > submit A-1s1 sell 99 stop 99 gtc
         submitted A-1s1
         = protected A 99
         = state FLATTENING",
    );
}

/// A position that a halt kept from being closed, after the close of the day.
const OVERNIGHT: &str = "open A
     halt A
     at 15:55
     > hold flattening
     wait 10
     > alarm A
     wait 20
     > alarm A
     wait 40
     > alarm A
     at 15:56:30
     > alarm A
     expired A-1es
     > submit A-1s1 sell 99 stop 99 gtc
     submitted A-1s1";

#[test]
fn what_is_still_held_is_closed_at_the_next_open() {
    let mut rig = crate::rig::Rig::new("orb-classic live target_r=off");
    crate::script::check_rig(&mut rig, OVERNIGHT);
    crate::script::perform(&mut rig, "at 16:02");
    assert!(!rig.lines.iter().any(|line| line.starts_with("cancel")), "{:?}", rig.lines);
    rig.lines.clear();
    crate::script::check_rig(
        &mut rig,
        "day 2026-02-17
         > cancel A-1s1
         > alarm A",
    );
    rig.lines.clear();
    rig.obey();
    assert_eq!(rig.positions(), []);
    assert_eq!(rig.engine.holds().active(), [], "the flatten ends with the position");
}

#[test]
fn a_position_that_orb_slept_over_is_closed_at_the_next_open() {
    check(
        "open A
         restart
         day 2026-02-17
         > hold flattening
         > cancel A-1es
         cancelled A-1es
         > query positions",
    );
}

#[test]
fn the_second_attempt_cancels_a_close_that_hangs_and_makes_another() {
    check(
        "open A
         at 15:55
         > hold flattening
         > cancel A-1es
         cancelled A-1es
         > query positions
         positions
         > submit A-1x1 sell 99 market
         submitted A-1x1
         fill A-1x1 9 101
         wait 10
         > alarm A
         wait 20
         > alarm A
         wait 40
         > alarm A
         at 15:56:30
         > alarm A
         > cancel A-1x1
         cancelled A-1x1
         > query positions
         positions
         > submit A-1x2 sell 90 market",
    );
}

#[test]
fn a_close_is_of_what_the_broker_holds_and_the_books_are_compared() {
    check(
        "open A
         close A
         > cancel A-1es
         silently stray A -59
         cancelled A-1es
         > query positions
         positions
         > query snapshot
         > submit A-1x1 sell 40 market",
    );
}

#[test]
fn a_broker_that_does_not_say_what_it_holds_does_not_keep_a_close_waiting() {
    for answer in ["positions unknown", "wait 2"] {
        check(&format!(
            "open A
             close A
             > cancel A-1es
             cancelled A-1es
             > query positions
             {answer}
             > submit A-1x1 sell 99 market"
        ));
    }
}
