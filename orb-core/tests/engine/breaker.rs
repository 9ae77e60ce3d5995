//! The breaker's caps and limits that change while orb runs.

use orb_core::breaker::BreakerCaps;
use orb_core::event::{Event, RiskLimits};
use orb_core::hold::HoldKind;

use crate::rig::Rig;
use crate::script::check_rig;

fn rig(caps: BreakerCaps) -> Rig {
    let mut rig = Rig::new("orb-classic");
    rig.rebuild(|engine| engine.with_breaker(caps));
    rig
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

#[test]
fn tighter_limits_count_at_once_and_looser_ones_from_the_next_session() {
    let mut rig = Rig::new("orb-classic");
    let usual = rig.engine.limits();
    assert_eq!(usual, RiskLimits { daily_loss_e6: 50_000, max_positions: 5 });
    let tight = RiskLimits { daily_loss_e6: 10_000, max_positions: 1 };
    rig.event(&Event::Limits(tight));
    assert_eq!(rig.engine.limits(), tight);
    rig.event(&Event::Limits(usual));
    assert_eq!(rig.engine.limits(), tight, "loosening waits for the next session");
    assert!(rig.engine.holds().get(HoldKind::DailyLoss).is_none());
}
