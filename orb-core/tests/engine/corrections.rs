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
         > query snapshot
         = position A 0
         = realised 0
         = slots 0
         snapshot
         = position A 0",
    );
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
         > clear reconciling
         = position A 0",
    );
}
