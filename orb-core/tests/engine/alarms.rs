//! Alarms: told again and again until their cause is over or somebody has taken note.

use orb_core::alarm::AlarmKind;

use crate::rig::Rig;
use crate::script::{check_rig, check_with, perform};

const SETTINGS: &str = "orb-classic live target_r=off";

#[track_caller]
fn check(script: &str) {
    check_with(SETTINGS, script);
}

/// A close that a halt keeps from being made, with its first alarms.
const HALTED: &str = "open A
     halt A
     close A
     wait 10
     > alarm A
     = alarms close_unfinished A
     wait 20
     > alarm A";

/// The close is made after all.
const CLOSED: &str = "resume A
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
     = desk A none
     = alarms";

#[test]
fn an_acknowledged_alarm_is_told_no_more_while_its_cause_goes_on() {
    check(&format!(
        "{HALTED}
         acknowledge close_unfinished
         = alarms close_unfinished A by test
         wait 3600
         = alarms close_unfinished A by test
         {CLOSED}"
    ));
}

#[test]
fn an_alarm_that_nobody_took_note_of_is_told_until_its_cause_is_over() {
    check(&format!(
        "{HALTED}
         wait 40
         > alarm A
         wait 80
         > alarm A
         {CLOSED}"
    ));
}

#[test]
fn an_acknowledgement_survives_a_restart_and_so_does_an_alarm_that_nobody_took_note_of() {
    let mut rig = Rig::new(SETTINGS);
    check_rig(&mut rig, HALTED);
    for (step, alarms) in [
        ("restart", "close_unfinished A"),
        ("halt A", "close_unfinished A"),
        ("acknowledge all", "close_unfinished A by test"),
        ("restart", "close_unfinished A by test"),
        ("halt A", "close_unfinished A by test"),
    ] {
        perform(&mut rig, step);
        rig.lines.clear();
        check_rig(&mut rig, &format!("= alarms {alarms}"));
    }
    perform(&mut rig, "snapshot");
    rig.lines.clear();
    perform(&mut rig, "wait 3600");
    assert!(!rig.lines.iter().any(|line| line.starts_with("alarm")), "{:?}", rig.lines);
    rig.lines.clear();
    check_rig(&mut rig, "= alarms close_unfinished A by test");
}

#[test]
fn an_order_without_an_answer_is_an_alarm_until_it_is_known() {
    check(
        "range A
         print A 101
         print A 101.02
         > submit A-1e buy 99 limit 101.28 attached
         wait 10
         > cancel A-1e
         wait 10
         > hold reconciling
         > alarm A
         > query snapshot
         = alarms order_unanswered A
         acknowledge all
         wait 10
         > query snapshot
         submitted A-1e
         cancel A-1e done
         cancelled A-1e
         > decide A hold
         = alarms",
    );
}

#[test]
fn positions_that_differ_are_an_alarm_until_a_comparison_finds_them_equal() {
    let mut rig = Rig::new(SETTINGS);
    perform(&mut rig, "open A");
    perform(&mut rig, "silently stray A 5");
    (0..3).for_each(|_| perform(&mut rig, "snapshot"));
    rig.lines.clear();
    check_rig(&mut rig, "= alarms books_differ account\n snapshot\n > alarm account\n acknowledge all\n snapshot");
    check_rig(&mut rig, "silently stray A -5\n snapshot\n = alarms\n silently stray A 5");
    (0..3).for_each(|_| perform(&mut rig, "snapshot"));
    rig.lines.clear();
    check_rig(&mut rig, "= alarms books_differ account");
}

#[test]
fn a_close_that_a_stranger_s_order_blocks_is_tried_ever_more_rarely_and_the_alarm_names_the_order() {
    let mut rig = Rig::new(SETTINGS);
    for step in ["open A", "close A", "cancel A-1es done", "cancelled A-1es"] {
        perform(&mut rig, step);
    }
    rig.lines.clear();
    let mut tries: Vec<i64> = Vec::new();
    let begin = rig.now;
    while rig.now < begin + orb_core::Span::from_minutes(10) {
        let lines = std::mem::take(&mut rig.lines);
        for line in lines {
            let name = line.strip_prefix("submit ").and_then(|rest| rest.split(' ').next()).map(str::to_owned);
            if let Some(name) = name {
                tries.push((rig.now - begin).micros() / 1_000_000);
                perform(&mut rig, &format!("submitted {name} refused blocked-by somebody-s"));
                let alarm = rig.engine.alarms().iter().find(|alarm| alarm.kind == AlarmKind::ExitBlocked);
                let text = &alarm.expect("it is told").text;
                assert!(text.contains("order somebody-s") && text.contains("cancel it at the broker"), "{text}");
            }
        }
        if rig.is_awaited("positions") {
            perform(&mut rig, "positions");
        } else {
            perform(&mut rig, "wait 1");
        }
    }
    assert!(tries.len() <= 16, "{tries:?}");
    let last = tries.windows(2).map(|pair| pair[1] - pair[0]).next_back();
    assert!(last.is_some_and(|pause| (60..=63).contains(&pause)), "at least once a minute: {tries:?}");
}

#[test]
fn an_exit_that_orb_s_own_order_blocks_is_no_stranger_s() {
    check(
        "open A
         cancelled A-1es
         > submit A-1s1 sell 99 stop 99
         submitted A-1s1 refused blocked-by b-A-1e
         > submit A-1s2 sell 99 stop 99
         = alarms",
    );
}
