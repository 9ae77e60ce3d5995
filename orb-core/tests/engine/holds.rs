//! Kill, pause, the daily loss and who may clear what.

use orb_core::hold::{Clearing, HoldKind};

use crate::script::{check, check_with};

#[test]
fn from_the_kill_on_no_entry_is_sent_and_stops_stay() {
    check(
        "range A B
         open A
         kill
         > hold kill
         = state HALTED
         bar B 09:40 100 102 100 101
         > decide B hold
         = protected A 99
         = desk A guarding
         fill A-1es 99 99
         > trade A long 99 101.01 > 99 stop",
    );
}

#[test]
fn the_kill_cancels_working_entries() {
    check(
        "range A B
         long A
         > submit A-1e buy 99 stop 101.01 attached
         kill
         > hold kill
         > cancel A-1e
         submitted A-1e
         = order A-1e PENDING_CANCEL
         cancel A-1e done
         cancelled A-1e
         > decide A hold
         = slots 0",
    );
}

#[test]
fn an_entry_whose_cancel_failed_is_cancelled_again_under_the_kill() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         kill
         > hold kill
         > cancel A-1e
         cancel A-1e unknown
         > find A-1e
         found A-1e
         > cancel A-1e
         cancel A-1e done
         cancelled A-1e
         > decide A hold",
    );
    // It had not reached the broker when the cancel did.
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e unknown
         > find A-1e
         kill
         > hold kill
         > cancel A-1e
         cancel A-1e none
         > find A-1e
         silently made A-1e
         found A-1e
         > cancel A-1e
         = order A-1e PENDING_CANCEL",
    );
}

#[test]
fn an_entry_that_the_executor_did_not_send_ends() {
    check(
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         kill
         > hold kill
         > cancel A-1e
         submitted A-1e refused not-sent
         > decide A hold
         cancel A-1e none
         = slots 0
         wait 60",
    );
}

#[test]
fn kill_and_flatten_closes_everything() {
    check(
        "open A
         kill flatten
         > hold kill
         > hold flattening
         > cancel A-1es
         = state HALTED
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
         positions
         > clear flattening
         = holds kill",
    );
    check("range A\nkill flatten\n> hold kill\n= holds kill");
}

#[test]
fn releasing_the_kill_sends_nothing_again() {
    check(
        "range A B
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         kill
         > hold kill
         > cancel A-1e
         cancelled A-1e
         > decide A hold
         cancelled A-1es
         cancelled A-1et
         clear kill
         > clear kill
         = state ACTIVE
         bar A 09:40 101 103 101 102
         bar B 09:45 100 102 100 101
         > submit B-1e buy 99 stop 101.01 attached",
    );
}

#[test]
fn a_pause_holds_entries_and_only_the_operator_ends_it() {
    check(
        "range A B
         pause
         > hold operator_pause
         = state PAUSED
         bar A 09:35 100 102 100 101
         > decide A hold
         recovered operator_pause
         = holds operator_pause
         clear operator_pause
         > clear operator_pause
         bar B 09:40 100 102 100 101
         > submit B-1e buy 99 stop 101.01 attached",
    );
}

#[test]
fn each_hold_alone_keeps_entries_back_and_ends_only_as_it_should() {
    for &kind in HoldKind::ALL {
        let name = kind.name();
        let cleared_by = |who: Clearing| if kind.clearing() == who { "ends" } else { "stays" };
        let after =
            |ends: &str| if ends == "ends" { format!("> clear {name}\n= holds") } else { format!("= holds {name}") };
        // Whatever is said to be trouble is held.
        let reason = if kind == HoldKind::DailyLoss { "loss_limit" } else { "hold" };
        let held = format!("range A\ntrouble {name}\n> hold {name}\nlong A\n> decide A {reason}");
        check(&format!("{held}\nclear {name}\n{}", after(cleared_by(Clearing::Operator))));
        check(&format!("{held}\nrecovered {name}\n{}", after(cleared_by(Clearing::Cause))));
    }
}

#[test]
fn the_daily_loss_ends_with_the_next_session_and_nothing_else() {
    check(
        "range A
         trouble daily_loss
         > hold daily_loss
         clear daily_loss
         recovered daily_loss
         snapshot
         = holds daily_loss
         at 16:01
         > decide B no_bars
         > decide C no_bars
         > decide D no_bars
         > decide E no_bars
         > decide F no_bars
         > decide A no_trigger
         day 2026-02-17
         > clear daily_loss",
    );
}

#[test]
fn the_daily_loss_limit_holds_entries_and_closes_positions() {
    // 1,000 dollars: 497 shares (risk 5%). At 98.99 the mark makes 497 x -2.02 = -1,003.94.
    check_with(
        "orb-classic risk_fraction=0.05 daily_loss_limit=0.01 target_r=off",
        "range A B
         long A
         > submit A-1e buy 497 stop 101.01 attached
         submitted A-1e
         fill A-1e 497 101.01
         working A-1es
         quote A 99.01 99.02
         = day -994
         quote A 98.99 99
         > hold daily_loss
         > cancel A-1es
         = day -1003.94
         = state REDUCING
         cancelled A-1es
         > query positions
         positions
         > submit A-1x1 sell 497 market
         submitted A-1x1
         fill A-1x1 497 98.9
         > trade A long 497 101.01 > 98.9 loss_limit
         > query positions
         positions
         bar B 09:45 100 102 100 101
         > decide B daily_risk",
    );
}

#[test]
fn a_quote_that_cannot_be_true_marks_nothing() {
    check_with(
        "orb-classic risk_fraction=0.05 daily_loss_limit=0.01 target_r=off",
        "range A
         long A
         > submit A-1e buy 497 stop 101.01 attached
         submitted A-1e
         fill A-1e 497 101.01
         working A-1es
         quote A 99 98       # crossed
         quote A 0 90        # no bid
         quote A 90 95       # wider than a twentieth of the bid
         = day -4.97         # 497 x (101 - 101.01), at the last close
         = holds",
    );
}

#[test]
fn a_halted_symbol_is_not_entered() {
    check(
        "range A B\nhalt A\nlong A\n> decide A halted\nresume A\nbar B 09:40 100 102 100 101\n> submit B-1e buy 99 stop 101.01 attached",
    );
}

#[test]
fn a_rule_that_fails_before_it_comes_before_a_halt() {
    check("range A\nhalt A\npause\n> hold operator_pause\nlong A\n> decide A hold");
    check_with("orb-classic stop_distance_min=3", "range A\nhalt A\nlong A\n> decide A stop_too_close");
}

#[test]
fn an_entry_whose_cancel_failed_is_cancelled_again_after_its_window() {
    check_with(
        "orb-classic symbols=A slot_policy=ranked direction=candle",
        "bar A 09:30 100 101 99 100.5
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         at 15:29:59
         at 15:30
         > cancel A-1e
         cancel A-1e refused
         > find A-1e
         found A-1e
         > cancel A-1e
         cancel A-1e done
         cancelled A-1e
         > decide A no_trigger",
    );
}
