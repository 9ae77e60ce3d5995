//! The breaker's caps and limits that change while orb runs.

use orb_core::breaker::BreakerCaps;
use orb_core::event::{Command, Event, RiskLimits};
use orb_core::hold::HoldKind;

use crate::rig::Rig;
use crate::script::check_rig;

fn rig(caps: BreakerCaps) -> Rig {
    Rig::new("orb-classic").with_caps(caps)
}

#[test]
fn an_entry_beyond_a_cap_is_not_sent_and_holds_entries() {
    let caps = BreakerCaps { attempts_per_symbol: 0, ..BreakerCaps::default() };
    let script = "range A B
         bar A 09:35 100 102 100 101
         > hold breaker
         > decide A hold
         = slots 0
         = state REDUCING
         bar B 09:36 100 102 100 101
         > decide B hold";
    check_rig(&mut rig(caps), script);
}

#[test]
fn sound_entries_pass_the_breaker() {
    let script = "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         = state ACTIVE";
    check_rig(&mut rig(BreakerCaps::default()), script);
}

#[test]
fn too_many_orders_hold_entries_but_are_sent_when_they_leave_a_position() {
    let caps = BreakerCaps { orders_per_day: 1, ..BreakerCaps::default() };
    let script = "range A
         open A
         close A";
    let mut rig = rig(caps);
    check_rig_prefix(&mut rig, script);
    assert!(rig.engine.desk(rig.symbol("A")).is_some_and(|desk| desk.closing().is_some()), "the close goes on");
}

/// Runs steps without looking at what they bring about.
fn check_rig_prefix(rig: &mut Rig, script: &str) {
    for line in script.lines() {
        crate::script::perform(rig, line.trim());
        rig.lines.clear();
    }
}

/// Runs a script under caps of which one is changed.
#[track_caller]
fn under(change: impl FnOnce(&mut BreakerCaps), script: &str) {
    let mut caps = BreakerCaps::default();
    change(&mut caps);
    check_rig(&mut rig(caps), script);
}

#[test]
fn each_cap_alone_latches_the_breaker_and_the_entry_is_not_sent() {
    let refused = "range A\nlong A\n> hold breaker\n> decide A hold\n= slots 0\n= state REDUCING";
    // 99 shares of 101.01 are 9,999.99 dollars; leverage times equity is 400,000; the last price is 101.
    under(|caps| caps.notional_percent = 2, refused);
    under(|caps| caps.shares_max = 98, refused);
    under(|caps| caps.attempts_per_symbol = 0, refused);
    under(|caps| caps.orders_per_minute = 0, refused);
    under(|caps| caps.orders_per_day = 0, refused);
    let far = "range A\nbar A 09:35 100 107 100 100\n> submit A-1e buy 99 stop 101.01 attached";
    under(|_| {}, far);
    let gap = "range A\nbar A 09:35 107 107 99.5 100\n> hold breaker\n> decide A hold";
    under(|_| {}, gap);
}

#[test]
fn the_first_order_beyond_the_gross_exposure_or_a_rate_is_not_sent() {
    let second = "range A B
         bar A 09:35 100 102 100 101, B 09:35 100 102 100 101
         > submit A-1e buy 99 stop 101.01 attached
         > hold breaker
         > cancel A-1e
         > decide B hold";
    under(|caps| caps.notional_percent = 3, second);
    under(|caps| caps.orders_per_minute = 1, second);
    under(|caps| caps.orders_per_day = 1, second);
}

#[test]
fn refusals_in_a_row_latch_the_breaker() {
    under(
        |caps| caps.rejects_in_a_row = 1,
        "range A
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e refused other
         > hold breaker
         > alarm A
         > decide A rejected_by_broker",
    );
}

#[test]
fn a_stop_that_cannot_be_kept_latches_the_breaker_and_closes_the_position() {
    under(
        |caps| caps.stop_repairs = 0,
        "open A
         cancelled A-1et
         cancelled A-1es
         > alarm A
         > hold breaker
         > query positions
         positions
         > submit A-1x1 sell 99 market",
    );
}

#[test]
fn a_restart_does_not_forget_what_the_breaker_counted() {
    under(
        |caps| caps.orders_per_day = 1,
        "range A B
         long A
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         wait 900
         restart
         backfill A 09:30 100 101 99 100, B 09:30 100 101 99 100
         backfill B 09:35 100 100 100 100
         snapshot
         bar B 09:55 100 102 100 101
         > hold breaker
         > cancel A-1e
         > decide B hold",
    );
}

/// Limits as a fraction in millionths and a number of positions.
const fn limits(daily_loss_e6: i64, max_positions: u32) -> RiskLimits {
    RiskLimits { daily_loss_e6, max_positions }
}

#[test]
fn tighter_limits_count_at_once_and_looser_ones_from_the_next_session() {
    let mut rig = Rig::new("orb-classic");
    let usual = limits(50_000, 5);
    assert_eq!(rig.engine.limits(), usual);
    rig.event(&Event::Limits(limits(10_000, 1)));
    assert_eq!(rig.engine.limits(), limits(10_000, 1));
    rig.event(&Event::Limits(usual));
    assert_eq!(rig.engine.limits(), limits(10_000, 1), "loosening waits for the next session");
    assert_eq!(rig.engine.next_limits(), Some(usual));
    assert!(rig.engine.holds().get(HoldKind::DailyLoss).is_none());
    rig.refer("2026-02-17");
    assert_eq!((rig.engine.limits(), rig.engine.next_limits()), (usual, None));
}

#[test]
fn limits_are_never_looser_than_the_ceiling() {
    let mut rig = Rig::new("orb-classic daily_loss_limit=0.02 daily_loss_limit_max=0.03 account_max_positions=4");
    rig.event(&Event::Limits(limits(900_000, 50)));
    assert_eq!(rig.engine.next_limits(), Some(limits(30_000, 4)));
    rig.refer("2026-02-17");
    assert_eq!(rig.engine.limits(), limits(30_000, 4));
    let mut rig = Rig::new("orb-classic daily_loss_limit=0.02");
    rig.event(&Event::Limits(limits(900_000, 3)));
    assert_eq!(
        (rig.engine.limits(), rig.engine.next_limits()),
        (limits(20_000, 3), None),
        "without one, the limit itself"
    );
}

#[test]
fn limits_survive_a_restart() {
    let mut rig = Rig::new("orb-classic");
    rig.event(&Event::Limits(limits(10_000, 1)));
    rig.event(&Event::Limits(limits(20_000, 2)));
    rig.restart();
    assert_eq!((rig.engine.limits(), rig.engine.next_limits()), (limits(10_000, 1), Some(limits(20_000, 2))));
    rig.refer("2026-02-17");
    rig.restart();
    assert_eq!((rig.engine.limits(), rig.engine.next_limits()), (limits(20_000, 2), None));
}

#[test]
fn one_price_far_from_the_one_before_triggers_nothing_until_another_confirms_it() {
    let mut rig = Rig::new("orb-classic live target_r=off").with_caps(BreakerCaps::default());
    // From 100 to 106 are more than 5%: the first such price may be false, the second is a fast market.
    let script = "range A B
         print A 106
         = state ACTIVE
         print A 100.5
         print A 106
         print A 106.1
         > submit A-1e buy 99 limit 106.37 attached
         = state ACTIVE
         print B 100
         print B 104
         > submit B-1e buy 99 limit 104.26 attached";
    check_rig(&mut rig, script);
}

#[test]
fn a_limit_that_is_tightened_below_the_present_loss_ends_the_day_at_once() {
    // 99 shares at 101.01 are marked at 100: 99.99 dollars are lost of 100000.
    let prepared = || {
        let mut rig = Rig::new("orb-classic target_r=off");
        for step in ["open A", "bar A 09:40 100 100 100 100"] {
            crate::script::perform(&mut rig, step);
        }
        rig.lines.clear();
        rig
    };
    let mut rig = prepared();
    rig.command(Command::Limit(limits(2_000, 5)));
    assert!(rig.engine.holds().get(HoldKind::DailyLoss).is_none(), "{}", rig.engine.day_result());
    rig.command(Command::Limit(limits(900, 5)));
    assert!(rig.engine.holds().get(HoldKind::DailyLoss).is_some(), "{}", rig.engine.day_result());
    assert!(rig.lines.contains(&"cancel A-1es".to_owned()), "the position is closed: {:?}", rig.lines);
}

#[test]
fn one_entry_is_cancelled_under_every_hold_and_no_other() {
    const RESTING: &str = "orb-classic symbols=A,B slot_policy=ranked direction=candle";
    for kind in [None, Some(HoldKind::StaleData), Some(HoldKind::Starting), Some(HoldKind::Flattening)] {
        let mut rig = Rig::new(RESTING);
        for step in ["bar A 09:30 100 101 99 100.5, B 09:30 100 101 99 100.5", "submitted A-1e", "submitted B-1e"] {
            crate::script::perform(&mut rig, step);
        }
        if let Some(kind) = kind {
            crate::script::perform(&mut rig, &format!("trouble {}", kind.name()));
        }
        rig.lines.clear();
        crate::script::perform(&mut rig, "cancel-entry A");
        assert_eq!(rig.lines, ["cancel A-1e"], "{kind:?}");
    }
}
