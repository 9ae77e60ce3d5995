//! The live protective quantity equals the position, whatever the broker does to its orders.

use orb_core::fact::Fact;

use crate::script::{check, check_with};

/// An entry of 99 shares of which 40 are filled: its legs wait for the rest.
const PARTIAL: &str = "
    range A
    long A
    > submit A-1e buy 99 stop 101.01 attached
    submitted A-1e
    fill A-1e 40 101.01
    = position A 40
    = protected A 0
    = signal A PARTIALLY_FILLED
";

#[track_caller]
fn after_partial(script: &str) {
    check(&format!("{PARTIAL}{script}"));
}

#[test]
fn the_rest_of_a_partial_entry_is_cut_and_the_filled_shares_are_protected() {
    after_partial(
        "wait 1.9
         wait 0.1
         > alarm A
         > cancel A-1e
         cancel A-1e done
         cancelled A-1e
         cancelled A-1et
         cancelled A-1es
         > submit A-1t1 sell 40 limit 105.03 paired 99
         = protected A 0
         submitted A-1t1
         = protected A 40
         wait 60
         fill A-1t1s 40 99
         > trade A long 40 101.01 > 99 stop
         cancelled A-1t1
         = slots 0
         = desk A none",
    );
}

#[test]
fn a_partial_entry_that_fills_within_the_grace_is_left_alone() {
    after_partial(
        "wait 1
         fill A-1e 59 101.01
         held A-1es
         working A-1et
         = protected A 99
         wait 60",
    );
}

#[test]
fn a_leg_whose_entry_is_gone_is_replaced_even_if_its_own_end_is_not_reported() {
    after_partial(
        "wait 2
         > alarm A
         > cancel A-1e
         cancel A-1e done
         cancelled A-1e
         = protected A 0
         wait 2
         > alarm A
         > cancel A-1es
         cancel A-1es none
         > find A-1es
         found A-1es none
         wait 1
         > find A-1es
         found A-1es none
         wait 1
         > find A-1es
         > alarm A
         found A-1es none
         > submit A-1t1 sell 40 limit 105.03 paired 99",
    );
}

#[test]
fn a_stop_that_ends_is_restored_once() {
    // The pair that is being placed counts while the broker has not named its stop: no second one is made.
    check(
        "open A
         cancelled A-1es
         > submit A-1t1 sell 99 limit 105.03 paired 99
         = protected A 0
         cancelled A-1et
         wake
         submitted A-1t1
         = protected A 99
         wait 60",
    );
    check_with(
        "orb-classic target_r=off",
        "open A
         = protected A 99
         rejected A-1es
         > submit A-1s1 sell 99 stop 99
         submitted A-1s1
         = protected A 99",
    );
}

#[test]
fn a_stop_that_ends_a_fourth_time_closes_the_position() {
    check_with(
        "orb-classic target_r=off",
        "open A
         expired A-1es
         > submit A-1s1 sell 99 stop 99
         submitted A-1s1 refused
         > submit A-1s2 sell 99 stop 99
         submitted A-1s2
         cancelled A-1s2
         > submit A-1s3 sell 99 stop 99
         submitted A-1s3
         rejected A-1s3
         > alarm A
         > query positions
         positions
         > submit A-1x4 sell 99 market
         = desk A closing
         submitted A-1x4
         fill A-1x4 99 100
         > trade A long 99 101.01 > 100 unprotected
         > query positions
         positions
         = desk A none
         = slots 0",
    );
}

#[test]
fn a_stop_of_a_partly_filled_target_still_protects() {
    // The broker cuts the stop to what is left; until it says so nothing is doubled.
    check(
        "open A
         cancelled A-1es
         > submit A-1t1 sell 99 limit 105.03 paired 99
         submitted A-1t1
         cancelled A-1et
         fill A-1t1 60 105.03
         = position A 39
         = protected A 99
         wait 1
         fill A-1t1 39 105.03
         > trade A long 99 101.01 > 105.03 target
         cancelled A-1t1s
         = desk A none",
    );
}

#[test]
fn too_much_protection_is_cancelled() {
    check_with(
        "orb-classic target_r=off",
        "open A
         cancelled A-1es
         > submit A-1s1 sell 99 stop 99
         submitted A-1s1
         fill A-1s1 60 99
         = protected A 39
         working A-1s1
         wait 60",
    );
    // A stop for 99 shares while 39 are left: after the grace it goes, and one of the right size comes.
    check(
        "open A
         cancelled A-1es
         > submit A-1t1 sell 99 limit 105.03 paired 99
         submitted A-1t1
         cancelled A-1et
         fill A-1t1 60 105.03
         wait 2
         > cancel A-1t1s
         cancel A-1t1s done
         cancelled A-1t1s
         cancelled A-1t1
         > submit A-1t2 sell 39 limit 105.03 paired 99",
    );
}

#[test]
fn a_fill_after_a_confirmed_cancel_counts_and_is_closed_at_once() {
    // 99 shares are bought after all; their legs ended with the entry.
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         kill
         > hold kill
         > cancel A-1e
         cancel A-1e done
         cancelled A-1e
         > decide A hold
         cancelled A-1es
         cancelled A-1et
         = slots 0
         = desk A none
         fill A-1e 99 101.01
         > alarm A
         > query positions
         positions
         > submit A-1x3 sell 99 market
         = position A 99
         = slots 1
         = desk A closing
         submitted A-1x3
         fill A-1x3 99 101
         > trade A long 99 101.01 > 101 unprotected
         > query positions
         positions
         = slots 0
         = holds kill",
    );
}

#[test]
fn a_fill_while_the_cancel_is_under_way_is_protected_as_usual() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         kill
         > hold kill
         > cancel A-1e
         fill A-1e 99 101.01
         cancel A-1e refused
         held A-1es
         working A-1et
         = position A 99
         = protected A 99
         = desk A guarding",
    );
}

#[test]
fn when_both_exits_fill_the_flip_is_closed_and_entries_are_held() {
    // The stop and the target both sell 99: 99 short are bought back.
    check(
        "open A
         fill A-1et 99 105.03
         > trade A long 99 101.01 > 105.03 target
         fill A-1es 99 99
         > hold reconcile_break
         > alarm A
         > query positions
         positions
         > submit A-101x1 buy 99 market
         = position A -99
         = slots 1
         submitted A-101x1
         fill A-101x1 99 99.5
         > trade A short 99 99 > 99.5 unprotected
         > query positions
         positions
         = desk A none",
    );
    // In one movement: the stop's fill is larger than what the target had left.
    check(
        "open A
         fill A-1et 60 105.03
         fill A-1es 99 99
         > trade A long 99 101.01 > 102.654545 stop
         > hold reconcile_break
         > alarm A
         > cancel A-1et
         = position A -60
         = desk A cancelling
         cancel A-1et done
         cancelled A-1et
         > query positions
         positions
         > submit A-101x1 buy 60 market
         submitted A-101x1
         fill A-101x1 60 99.5
         > trade A short 60 99 > 99.5 unprotected
         > query positions
         positions
         = desk A none
         = slots 0
         = holds reconcile_break",
    );
}

/// An entry that rests at the broker: its stop is placed after the fill.
const RESTING: &str = "
    bar A 09:30 100 101 99 100.5
    > submit A-1e buy 99 stop 101.01
    > query bars A
    submitted A-1e
";

#[test]
fn the_time_without_a_stop_is_measured_and_kept() {
    check_with(
        "orb-classic live symbols=A direction=candle slot_policy=ranked entry_mode=resting_stop target_r=off",
        &format!(
            "{RESTING}
             fill A-1e 99 101.01
             > submit A-1s1 sell 99 stop 99
             wait 1.5
             = unprotected A 0
             submitted A-1s1
             = unprotected A 1500
             wait 60
             cancelled A-1s1
             > submit A-1s2 sell 99 stop 99
             wait 0.25
             restart
             = unprotected A 1500
             snapshot
             > submit A-1s3 sell 99 stop 99
             wait 0.5
             submitted A-1s3
             = unprotected A 2000"
        ),
    );
}

#[test]
fn a_trade_tells_how_long_it_was_unprotected_until_its_end() {
    let mut rig = crate::rig::Rig::new(
        "orb-classic live symbols=A direction=candle slot_policy=ranked entry_mode=resting_stop target_r=off",
    );
    let script = format!(
        "{RESTING}
         fill A-1e 99 101.01
         > submit A-1s1 sell 99 stop 99
         wait 1.5
         silently made A-1s1
         fill A-1s1 99 99
         > trade A long 99 101.01 > 99 stop"
    );
    crate::script::check_rig(&mut rig, &script);
    let unprotected = |fact: &Fact| if let Fact::Trade(trade) = fact { Some(trade.unprotected) } else { None };
    let closed = rig.facts.iter().rev().find_map(unprotected);
    assert_eq!(closed, Some(orb_core::Span::from_millis(1_500)));
}

#[test]
fn live_the_stops_of_open_positions_are_looked_at_every_few_seconds() {
    let mut rig = crate::rig::Rig::new("orb-classic live target_r=off");
    crate::script::perform(&mut rig, "open A");
    for _ in 0..5 {
        let at = rig.engine.next_wakeup().expect("it wants to look");
        assert!(at <= rig.now + orb_core::Span::from_seconds(5), "{at}");
        rig.wait_until(at);
    }
    let mut bars = crate::rig::Rig::new("orb-classic target_r=off");
    crate::script::perform(&mut bars, "open A");
    let at = bars.engine.next_wakeup().expect("the end of the entry window");
    assert!(at > bars.now + orb_core::Span::from_minutes(5), "where bars drive the exchange nothing is lost: {at}");
}
