//! What orb does not know it looks up; it sends nothing twice.

use crate::script::{check, check_with};

const SENT: &str = "
    range A
    long A
    > submit A-1e buy 99 stop 101.01 attached
";

#[track_caller]
fn after_submit(script: &str) {
    check(&format!("{SENT}{script}"));
}

#[test]
fn an_unknown_submit_is_looked_up_and_adopted() {
    after_submit(
        "silently made A-1e
         submitted A-1e unknown
         > find A-1e
         = order A-1e UNKNOWN
         = signal A UNKNOWN
         = slots 1
         found A-1e
         = order A-1e WORKING
         = signal A WORKING
         fill A-1e 99 101.01
         held A-1es
         working A-1et
         = protected A 99",
    );
}

#[test]
fn an_order_that_was_filled_meanwhile_is_counted_from_a_snapshot() {
    after_submit(
        "silently made A-1e
         silently fill A-1e 99 101.01
         silently held A-1es
         silently working A-1et
         submitted A-1e unknown
         > find A-1e
         found A-1e
         > query snapshot
         = position A 0
         snapshot
         = position A 99
         = protected A 99
         snapshot
         = position A 99",
    );
}

#[track_caller]
fn found_other(what: &str) {
    after_submit(&format!(
        "silently made A-1e
         submitted A-1e unknown
         > find A-1e
         found A-1e other {what}
         > hold reconcile_break
         > cancel A-1e
         = slots 1
         = position A 0"
    ));
}

#[test]
fn a_found_order_that_is_not_the_one_that_was_sent_is_not_adopted() {
    found_other("side");
    found_other("quantity");
    found_other("type");
    found_other("price");
}

#[test]
fn an_order_that_is_not_found_three_times_was_never_made_and_is_not_sent_again() {
    after_submit(
        "submitted A-1e unknown
         > find A-1e
         found A-1e none
         wait 1
         > find A-1e
         found A-1e none
         wait 1
         > find A-1e
         = slots 1
         found A-1e none
         > decide A hold
         = order A-1e REJECTED
         = slots 0
         bar A 09:40 101 103 101 102
         wait 600",
    );
}

#[test]
fn a_question_without_an_answer_is_asked_again_and_does_not_count() {
    after_submit(
        "submitted A-1e unknown
         > find A-1e
         found A-1e unknown
         wait 1
         > find A-1e
         silently made A-1e
         found A-1e
         = order A-1e WORKING
         wait 60",
    );
}

#[test]
fn a_duplicate_identifier_means_that_the_order_exists() {
    after_submit(
        "silently made A-1e
         submitted A-1e refused duplicate
         > find A-1e
         found A-1e
         = order A-1e WORKING
         = signal A WORKING",
    );
}

#[test]
fn a_refusal_ends_the_symbol_s_day() {
    after_submit(
        "submitted A-1e refused\n> alarm A\n> decide A rejected_by_broker\n= slots 0\n= signal A REJECTED\n= desk A none",
    );
    after_submit("submitted A-1e refused not-sent\n> decide A hold\n= slots 0");
    after_submit("submitted A-1e refused not-shortable\n> decide A not_shortable\n= slots 0");
    after_submit("submitted A-1e refused insufficient\n> alarm A\n> decide A rejected_by_broker\n= slots 0");
}

#[test]
fn a_reason_is_settled_once() {
    // REST and the stream both tell of the cancel; the second comes after the window's end.
    after_submit(
        "submitted A-1e
         kill
         > hold kill
         > cancel A-1e
         cancel A-1e done
         cancelled A-1e
         > decide A hold
         cancelled A-1es
         cancelled A-1et
         cancelled A-1e
         at 15:31
         cancelled A-1e",
    );
}

#[test]
fn a_lost_stop_is_looked_up_and_its_shares_are_not_protected_meanwhile() {
    check_with(
        "orb-classic target_r=off",
        "open A
         cancelled A-1es
         > submit A-1s1 sell 99 stop 99
         submitted A-1s1 unknown
         > find A-1s1
         = protected A 0
         silently made A-1s1
         found A-1s1
         = protected A 99
         wait 60",
    );
    check_with(
        "orb-classic target_r=off",
        "open A
         cancelled A-1es
         > submit A-1s1 sell 99 stop 99
         submitted A-1s1 unknown
         > find A-1s1
         found A-1s1 none
         wait 1
         > find A-1s1
         found A-1s1 none
         wait 1
         > find A-1s1
         > alarm A
         found A-1s1 none
         > submit A-1s2 sell 99 stop 99",
    );
}

#[test]
fn an_answer_that_nobody_awaits_is_ignored() {
    check(
        "open A\nfill A-1et 99 105.03\n> trade A long 99 101.01 > 105.03 target\ncancelled A-1es\nworking A-1et\n= position A 0",
    );
}
