//! Snapshots: what was missed is counted once, what is not ours is shown, what does not fit is a hold.

use crate::script::check;

#[test]
fn missed_fills_are_counted_once() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         silently fill A-1e 99 101.01
         silently held A-1es
         silently working A-1et
         snapshot
         = position A 99
         = protected A 99
         snapshot
         = position A 99
         silently fill A-1et 99 105.03
         silently cancelled A-1es
         snapshot
         > trade A long 99 101.01 > 105.03 target
         = desk A none
         = realised 397.98
         snapshot
         = realised 397.98
         = holds",
    );
}

#[test]
fn a_fill_that_the_stream_tells_after_the_snapshot_is_not_counted_again() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         fill A-1e 40 101.01
         fill A-1e 59 101.01
         held A-1es
         working A-1et
         again
         = position A 99
         again
         = position A 99",
    );
}

#[test]
fn positions_that_differ_hold_entries() {
    check(
        "open A
         silently stray A 5
         snapshot
         > hold reconciling
         > query snapshot
         snapshot
         = state PAUSED
         wait 1
         > query snapshot
         snapshot
         > alarm account
         > hold reconcile_break
         > clear reconciling
         = position A 99
         = state REDUCING",
    );
}

#[test]
fn positions_that_lag_behind_the_fills_are_asked_for_again_and_are_no_break() {
    check(
        "open A
         silently stray A 5
         snapshot
         > hold reconciling
         > query snapshot
         silently stray A -5
         snapshot
         > clear reconciling
         = state ACTIVE
         = holds ",
    );
}

#[test]
fn an_order_of_somebody_else_holds_entries() {
    check("range A\nstranger A\n> hold foreign_activity\nlong A\n> decide A hold");
    check(
        "range A\nforeign a position in ZZZ\n> hold foreign_activity\nclear foreign_activity\n> clear foreign_activity",
    );
}

#[test]
fn news_that_does_not_fit_is_reconciled() {
    check(
        "open A
         fill A-1et 99 105.03
         > trade A long 99 101.01 > 105.03 target
         cancelled A-1es
         cancelled A-1et
         > hold reconcile_break
         > query snapshot
         = position A 0",
    );
}

#[test]
fn an_order_that_the_broker_never_had_ends_with_the_snapshot() {
    // Its submission is not awaited any more: the daemon was restarted.
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         restart
         = order A-1e PENDING_SUBMIT
         snapshot
         > decide A hold
         = order A-1e REJECTED
         = slots 0",
    );
    // While the answer is awaited, a snapshot that does not list the order says nothing.
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         snapshot
         = order A-1e PENDING_SUBMIT
         = slots 1",
    );
}

#[test]
fn a_snapshot_that_does_not_fit_is_not_asked_for_again() {
    check(
        "open A
         fill A-1et 99 105.03
         > trade A long 99 101.01 > 105.03 target
         cancelled A-1es
         silently cancelled A-1et
         snapshot
         > hold reconcile_break
         snapshot",
    );
}
