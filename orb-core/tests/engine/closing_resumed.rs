//! A flatten that is cut off by a restart at any of its steps comes to the same end.

use orb_core::fact::{ClosingStep, Fact};

use crate::rig::Rig;
use crate::script::perform;

/// The steps of a flatten, each with the step that is recorded after it.
const STEPS: &[(&str, ClosingStep)] = &[
    ("close-all", ClosingStep::Cancelling),
    ("cancel A-1es done", ClosingStep::Cancelling),
    ("cancelled A-1es", ClosingStep::Sizing),
    ("positions", ClosingStep::Closing),
    ("silently made A-1x1", ClosingStep::Closing),
    ("submitted A-1x1", ClosingStep::Closing),
    ("fill A-1x1 60 101", ClosingStep::Closing),
    ("silently fill A-1x1 39 101", ClosingStep::Closing),
    ("again", ClosingStep::Verifying),
    ("positions", ClosingStep::Flat),
];

fn last_step(rig: &Rig) -> Option<ClosingStep> {
    let step = |fact: &Fact| if let Fact::Closing(closing) = fact { Some(closing.step) } else { None };
    rig.facts.iter().rev().find_map(step)
}

#[test]
fn a_flatten_is_resumed_at_any_of_its_steps() {
    for settings in ["orb-classic live target_r=off", "orb-classic target_r=off"] {
        for cut in 1..=STEPS.len() {
            let mut rig = Rig::new(settings);
            perform(&mut rig, "open A");
            for (step, recorded) in &STEPS[..cut] {
                perform(&mut rig, step);
                assert_eq!(last_step(&rig), Some(*recorded), "{settings}: after `{step}`");
            }
            let case = format!("{settings}: cut after {:?}", STEPS[cut - 1]);
            rig.restart();
            rig.lines.clear();
            perform(&mut rig, "snapshot");
            rig.obey();
            assert_eq!(rig.positions(), [], "{case}: {:?}", rig.lines);
            assert!(rig.engine.open_trades().is_empty(), "{case}");
            assert_eq!(last_step(&rig), Some(ClosingStep::Flat), "{case}: {:?}", rig.lines);
            assert_eq!(rig.engine.holds().active(), [], "{case}: {:?}", rig.lines);
            let sold: i64 = rig
                .engine
                .orders()
                .filter(|order| order.role == orb_core::order::OrderRole::Close)
                .map(|order| order.filled.shares())
                .sum();
            assert_eq!(sold, 99, "{case}");
        }
    }
}

#[test]
fn the_flatten_s_hold_is_in_force_until_the_resumed_flatten_ends() {
    let mut rig = Rig::new("orb-classic live target_r=off");
    ["open A", "close-all", "restart"].iter().for_each(|step| perform(&mut rig, step));
    let kinds: Vec<_> = rig.engine.holds().active().iter().map(|hold| hold.kind.name()).collect();
    assert_eq!(kinds, ["starting", "flattening"]);
}
