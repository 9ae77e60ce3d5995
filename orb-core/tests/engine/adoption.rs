//! What is orb's at the broker and lost from the books is taken up; what is nobody's is told and left alone.

use crate::rig::Rig;
use crate::script::{check, check_rig, check_with};

/// Buys 99 shares of A with their exits, and loses the records.
#[track_caller]
fn lost(script: &str) {
    check(&format!("open A\nlose-books\n{script}"));
}

#[test]
fn a_position_that_the_books_have_lost_is_taken_up_with_its_exits() {
    lost(
        "snapshot
         > alarm A
         = holds
         = position A 99
         = protected A 99
         = slots 1
         = desk A guarding
         snapshot
         = position A 99
         fill A-1es 99 99
         > trade A long 99 101.01 > 99 stop
         cancelled A-1et
         = realised -198.99
         = desk A none",
    );
}

#[test]
fn what_was_taken_up_is_not_traded_again_that_day() {
    check_with(
        "orb-classic live target_r=off",
        "open A
         lose-books
         snapshot
         > alarm A
         bars B 09:30 100 101 99 100
         > query bars B
         print A 101.50
         print B 101.02
         > submit B-1e buy 99 limit 101.28 attached",
    );
}

#[test]
fn a_stop_that_ends_after_it_was_taken_up_is_restored_under_a_name_of_its_own() {
    lost(
        "snapshot
         > alarm A
         cancelled A-1et
         cancelled A-1es
         > submit A-1s3 sell 99 stop 99",
    );
}

#[test]
fn a_position_without_a_stop_at_the_broker_is_closed() {
    let mut rig = Rig::new("orb-classic");
    check_rig(&mut rig, "range A\nlong A\n> submit A-1e buy 99 stop 101.01 attached\nsubmitted A-1e");
    let legs: Vec<String> = rig.orders.keys().filter(|name| *name != "A-1e").cloned().collect();
    legs.iter().for_each(|leg| drop(rig.orders.remove(leg)));
    check_rig(
        &mut rig,
        "silently fill A-1e 99 101.01
         lose-books
         snapshot
         > alarm A
         > alarm A
         > query positions
         = position A 99
         positions
         > submit A-1x1 sell 99 market",
    );
}

#[test]
fn a_trade_that_was_over_is_counted_into_the_day() {
    check(
        "open A
         fill A-1es 99 99
         > trade A long 99 101.01 > 99 stop
         cancelled A-1et
         lose-books
         snapshot
         > alarm A
         > trade A long 99 101.01 > 99 stop
         = realised -198.99
         = slots 0
         = holds",
    );
}

#[test]
fn news_of_a_lost_order_asks_for_the_whole_state_and_is_no_stranger() {
    lost("working A-1e\n> query snapshot\n= holds starting");
}

#[test]
fn a_position_that_is_nobody_s_is_told_holds_entries_and_is_left_alone() {
    check(
        "range A B
         silently stray B 7
         snapshot
         > hold foreign_activity
         = position B 0
         = desk B none
         kill flatten
         > hold kill
         close-all
         long A
         > decide A hold
         at 15:55
         clear kill
         > clear kill
         clear foreign_activity
         > clear foreign_activity
         snapshot
         > hold foreign_activity",
    );
}

/// Runs a script whose records lose all that a step brought about.
#[track_caller]
fn without_the_records_of(step: &str, before: &str, after: &str) {
    let mut rig = Rig::new("orb-classic live target_r=off");
    before.lines().for_each(|line| crate::script::perform(&mut rig, line.trim()));
    let kept = rig.facts.len();
    step.lines().for_each(|line| crate::script::perform(&mut rig, line.trim()));
    rig.facts.truncate(kept);
    rig.restart();
    crate::script::perform(&mut rig, "snapshot");
    rig.lines.clear();
    check_rig(&mut rig, after);
}

#[test]
fn an_exit_whose_record_was_lost_is_taken_up_and_its_name_is_not_used_again() {
    without_the_records_of(
        "cancelled A-1es\nsilently made A-1s1",
        "open A",
        "= protected A 99
         cancelled A-1s1
         > submit A-1s2 sell 99 stop 99",
    );
}

#[test]
fn names_go_on_from_the_highest_whatever_is_missing_among_them() {
    let lost = "cancelled A-1es\nsilently made A-1s1\nsubmitted A-1s1\ncancelled A-1s1\nsilently made A-1s2";
    without_the_records_of(lost, "open A", "cancelled A-1s2\n> submit A-1s3 sell 99 stop 99");
}

#[test]
fn an_order_of_the_day_that_is_not_the_one_that_was_sent_is_a_difference() {
    let mut rig = Rig::new("orb-classic live target_r=off");
    for step in ["range A", "print A 101.02", "silently made A-1e", "restart"] {
        crate::script::perform(&mut rig, step);
    }
    rig.orders.get_mut("A-1e").expect("it was made").quantity = orb_core::Quantity::new(98);
    crate::script::perform(&mut rig, "snapshot");
    assert!(rig.engine.holds().get(orb_core::hold::HoldKind::ReconcileBreak).is_some());
}

#[test]
fn an_order_of_the_day_that_is_the_one_that_was_sent_is_no_difference() {
    let mut rig = Rig::new("orb-classic live target_r=off");
    for step in ["range A", "print A 101.02", "silently made A-1e", "restart", "snapshot"] {
        crate::script::perform(&mut rig, step);
    }
    let held: Vec<_> = rig.engine.holds().active().iter().map(|hold| hold.kind.name()).collect();
    assert_eq!(held, Vec::<&str>::new());
}
