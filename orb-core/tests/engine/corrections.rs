//! Executions that the broker takes back or corrects: the books are those of a day on which they had been otherwise.

use crate::rig::Rig;
use crate::script::{check, check_rig};

#[test]
fn a_part_of_an_entry_that_is_taken_back_leaves_a_smaller_position_with_its_stop() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         fill A-1e 40 101.01
         fill A-1e 59 101.02
         held A-1es
         working A-1et
         = position A 99
         bust A-1e
         > hold reconcile_break
         > alarm A
         > query snapshot
         = position A 40
         = alarms execution_corrected A
         = signal A FILLED
         again
         = position A 40
         snapshot
         = position A 40",
    );
}

#[test]
fn a_whole_entry_that_is_taken_back_leaves_nothing() {
    check(
        "open A
         = slots 1
         bust A-1e
         > void A
         > hold reconcile_break
         > alarm A
         > decide A rejected_by_broker
         > query snapshot
         = position A 0
         = realised 0
         = slots 0
         = signal A CANCELLED
         snapshot
         = position A 0",
    );
}

#[test]
fn late_news_of_an_execution_that_was_taken_back_does_not_bring_it_back() {
    check(
        "open A
         bust A-1e
         > void A
         > hold reconcile_break
         > alarm A
         > decide A rejected_by_broker
         > query snapshot
         fill-again
         = position A 0
         = realised 0",
    );
}

#[test]
fn a_day_without_a_trade_is_decided_once_whatever_comes_after() {
    check(
        "open A
         bust A-1e
         > void A
         > hold reconcile_break
         > alarm A
         > decide A rejected_by_broker
         > query snapshot
         again
         snapshot
         restart
         snapshot
         bar A 09:40 100 103 100 102
         bar A 15:55 100 101 99 100",
    );
}

#[test]
fn a_day_whose_entry_goes_on_after_its_executions_were_taken_back_is_decided_at_its_end() {
    let script = "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         fill A-1e 40 101.01
         bust A-1e
         > void A
         > hold reconcile_break
         > cancel A-1e
         > alarm A
         > query snapshot
         = slots 1";
    check(&format!("{script}\ncancel A-1e done\ncancelled A-1e\n> decide A rejected_by_broker\n= slots 0"));
    // A restart between the two knows that the day is open.
    check(&format!("{script}\nrestart\nsnapshot\n> cancel A-1e\ncancelled A-1e\n> decide A rejected_by_broker"));
    // What fills before the cancel is a trade after all.
    check(&format!("{script}\nfill A-1e 30 101.01\ncancelled A-1e\n= position A 30"));
}

#[test]
fn an_exit_that_is_taken_back_opens_the_trade_again_and_closes_it() {
    check(
        "open A
         fill A-1et 99 105.03
         > trade A long 99 101.01 > 105.03 target
         cancelled A-1es
         = realised 397.98
         bust A-1et
         > alarm A
         > query positions
         > hold reconcile_break
         > alarm A
         > query snapshot
         = position A 99
         = realised 0
         = slots 1",
    );
}

#[test]
fn an_entry_that_is_taken_back_after_its_exit_leaves_what_was_sold_to_be_bought_back() {
    check(
        "open A
         fill A-1et 99 105.03
         > trade A long 99 101.01 > 105.03 target
         cancelled A-1es
         bust A-1e
         > void A
         > alarm A
         > query positions
         > hold reconcile_break
         > alarm A
         > query snapshot
         # What is bought back is the day's trade: it needs no decision.
         = position A -99
         = realised 0",
    );
}

#[test]
fn a_price_that_is_corrected_corrects_the_result() {
    check(
        "open A
         fill A-1et 99 105.03
         > trade A long 99 101.01 > 105.03 target
         cancelled A-1es
         amend A-1et 99 105.02
         > trade A long 99 101.01 > 105.02 target
         > hold reconcile_break
         > alarm A
         > query snapshot
         = realised 396.99
         = position A 0",
    );
}

#[test]
fn the_books_follow_after_a_restart_too() {
    let mut rig = Rig::new("orb-classic");
    check_rig(&mut rig, "open A\nfill A-1et 99 105.03\n> trade A long 99 101.01 > 105.03 target\ncancelled A-1es");
    check_rig(
        &mut rig,
        "restart
         snapshot
         = realised 397.98
         bust A-1et
         > alarm A
         > query positions
         > hold reconcile_break
         > alarm A
         > query snapshot
         = position A 99
         = realised 0",
    );
    check_rig(&mut rig, "restart\n= position A 99");
}

#[test]
fn what_was_taken_back_without_news_is_found_in_the_broker_s_lists() {
    check(
        "open A
         silently bust A-1e
         snapshot
         > hold reconciling
         > query snapshot
         = position A 99
         wait 40
         snapshot
         > void A
         > hold reconcile_break
         > alarm A
         > decide A rejected_by_broker
         > clear reconciling
         = position A 0",
    );
}
