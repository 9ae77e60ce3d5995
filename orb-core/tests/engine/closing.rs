//! Closes: exits are cancelled and confirmed first, the broker has the last word.

use crate::script::{check, check_with};

#[test]
fn a_close_cancels_confirms_sells_and_verifies() {
    check(
        "open A
         close A
         > cancel A-1es
         = desk A cancelling
         cancel A-1es done
         cancelled A-1es
         > cancel A-1et
         = desk A cancelling
         cancelled A-1et
         > query positions
         positions
         > submit A-1x1 sell 99 market
         = desk A closing
         submitted A-1x1
         fill A-1x1 99 101.5
         > trade A long 99 101.01 > 101.5 force_close
         > query positions
         = desk A verifying
         positions
         = desk A none
         = slots 0
         = holds",
    );
}

#[test]
fn no_close_is_sent_while_an_exit_may_be_live() {
    // The cancel is refused, looked up, found working, asked for again; ten seconds later the alarm.
    check(
        "open A
         close A
         > cancel A-1es
         cancel A-1es refused
         > find A-1es
         found A-1es unknown
         wait 1
         > find A-1es
         found A-1es
         > cancel A-1es
         cancel A-1es done
         wait 9
         > alarm A
         = desk A cancelling
         pending-cancel A-1es
         cancelled A-1es
         > cancel A-1et
         = desk A cancelling
         fill A-1et 99 105.03
         > trade A long 99 101.01 > 105.03 target
         > query positions
         positions
         = desk A none
         = position A 0",
    );
}

#[test]
fn the_alarm_repeats_at_growing_distances() {
    check(
        "open A
         close A
         > cancel A-1es
         cancel A-1es done
         wait 10
         > alarm A
         wait 19.9
         wait 0.1
         > alarm A
         wait 40
         > alarm A",
    );
}

#[test]
fn a_stop_that_fills_during_the_close_leaves_nothing_to_sell() {
    check(
        "open A
         close A
         > cancel A-1es
         fill A-1es 99 99
         > trade A long 99 101.01 > 99 stop
         > cancel A-1et
         cancelled A-1et
         > query positions
         positions
         = desk A none",
    );
}

#[test]
fn a_partial_stop_fill_during_the_close_shrinks_what_is_sold() {
    check_with(
        "orb-classic target_r=off",
        "open A
         close A
         > cancel A-1es
         fill A-1es 60 99
         cancelled A-1es
         > query positions
         positions
         > submit A-1x1 sell 39 market
         submitted A-1x1
         fill A-1x1 39 98
         > trade A long 99 101.01 > 98.60606 force_close
         > query positions",
    );
}

#[test]
fn a_position_list_that_lags_is_asked_again() {
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
         submitted A-1x1
         silently fill A-1x1 99 101.5
         snapshot
         > trade A long 99 101.01 > 101.5 force_close
         > query positions
         positions unknown
         wait 2
         > query positions
         positions
         = desk A none",
    );
}

#[test]
fn a_broker_that_still_shows_shares_is_asked_until_it_is_flat() {
    // Somebody bought 5 shares by hand: the books are flat, the broker is not.
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
         submitted A-1x1
         silently stray A 5
         fill A-1x1 99 101.5
         > trade A long 99 101.01 > 101.5 force_close
         > query positions
         positions
         > alarm A
         > query snapshot
         = desk A verifying
         wait 2
         > query positions
         positions
         > alarm A
         > query snapshot
         wait 1.9
         = desk A verifying",
    );
}

#[test]
fn a_refused_close_is_repeated_only_after_a_pause() {
    check_with(
        "orb-classic target_r=off",
        "open A
         close A
         > cancel A-1es
         cancelled A-1es
         > query positions
         positions
         > submit A-1x1 sell 99 market
         submitted A-1x1 refused
         wait 1.9
         wait 0.1
         > query positions
         positions
         > alarm A
         > submit A-1x2 sell 99 market
         submitted A-1x2
         fill A-1x2 99 100
         > trade A long 99 101.01 > 100 force_close
         > query positions",
    );
}

#[test]
fn a_lost_close_is_looked_up_and_not_doubled() {
    check_with(
        "orb-classic target_r=off",
        "open A
         close A
         > cancel A-1es
         cancelled A-1es
         > query positions
         positions
         > submit A-1x1 sell 99 market
         submitted A-1x1 unknown
         > find A-1x1
         wait 5
         silently made A-1x1
         found A-1x1
         fill A-1x1 99 100
         > trade A long 99 101.01 > 100 force_close
         > query positions",
    );
}

#[test]
fn a_working_entry_is_cancelled_by_a_close() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         close A
         > cancel A-1e
         cancel A-1e done
         cancelled A-1e
         > decide A hold
         > cancel A-1es
         cancelled A-1es
         > cancel A-1et
         cancelled A-1et
         > query positions
         positions
         = desk A none",
    );
}

#[test]
fn a_second_close_changes_nothing() {
    check(
        "open A
         close A
         > cancel A-1es
         close A
         close-all
         > hold flattening
         kill flatten
         > hold kill
         = desk A cancelling",
    );
}

#[test]
fn the_flatten_closes_all_and_clears_its_own_hold_when_flat() {
    check(
        "open A
         close-all
         > hold flattening
         > cancel A-1es
         = state FLATTENING
         clear flattening
         = holds flattening
         cancelled A-1es
         > cancel A-1et
         cancelled A-1et
         > query positions
         positions
         > submit A-1x1 sell 99 market
         submitted A-1x1
         fill A-1x1 99 101.5
         > trade A long 99 101.01 > 101.5 flatten
         > query positions
         = holds flattening
         positions
         > clear flattening
         = state ACTIVE",
    );
}

#[test]
fn five_minutes_before_the_close_everything_is_closed() {
    check(
        "open A
         at 15:54:59
         at 15:55
         > hold flattening
         > cancel A-1es
         cancelled A-1es
         > cancel A-1et
         cancelled A-1et
         > query positions
         positions
         > submit A-1x1 sell 99 market
         submitted A-1x1
         at 15:56:29
         > alarm A
         > alarm A
         > alarm A
         at 15:56:30
         > alarm A
         fill A-1x1 99 101.5
         > trade A long 99 101.01 > 101.5 time_exit
         > query positions
         positions
         > clear flattening",
    );
}
