//! Every hold against everything that could enter a position and everything that leaves one.

use orb_core::hold::{Clearing, HoldKind};

use crate::rig::Rig;
use crate::script::{check, check_with, perform};

/// A way into a position: settings, what leads up to the moment, and the step that makes the entry.
struct Way {
    settings: &'static str,
    before: &'static str,
    step: &'static str,
}

const RANKED: &str = "orb-classic symbols=A slot_policy=ranked direction=candle";
const BARRIER: &str = "bar A 09:30 100 101 99 100.5";

const WAYS_IN: &[Way] = &[
    Way { settings: "orb-classic", before: "range A", step: "long A" },
    Way { settings: "orb-classic", before: "range A", step: "short A" },
    Way { settings: "orb-classic live", before: "range A", step: "long A" },
    Way { settings: "orb-classic live", before: "range A", step: "print A 101.02" },
    Way { settings: "orb-classic entry=close", before: "range A", step: "bar A 09:35 100 102 100 101.5" },
    Way { settings: "orb-classic live entry=close", before: "range A", step: "bar A 09:35 100 102 100 101.5" },
    Way { settings: RANKED, before: "", step: BARRIER },
    Way {
        settings: "orb-classic live symbols=A slot_policy=ranked direction=candle entry_mode=resting_stop",
        before: "",
        step: BARRIER,
    },
    Way {
        settings: "orb-classic symbols=A entry=market direction=candle entry_offset_ticks=0",
        before: "",
        step: BARRIER,
    },
    Way {
        settings: "orb-classic live symbols=A entry=market direction=candle entry_offset_ticks=0",
        before: "",
        step: BARRIER,
    },
];

/// Does a step and returns what it brought about.
#[track_caller]
fn brings(rig: &mut Rig, step: &str) -> Vec<String> {
    rig.lines.clear();
    if !step.is_empty() {
        perform(rig, step);
    }
    core::mem::take(&mut rig.lines)
}

fn enters(lines: &[String]) -> bool {
    lines.iter().any(|line| line.starts_with("submit"))
}

#[test]
fn no_hold_lets_an_entry_pass_on_any_way_and_clearing_it_makes_none() {
    for Way { settings, before, step } in WAYS_IN {
        let mut free = Rig::new(settings);
        brings(&mut free, before);
        assert!(enters(&brings(&mut free, step)), "{settings}, {step}: without a hold this is a way in");
        for &kind in HoldKind::ALL {
            let case = format!("{}: {settings}, {step}", kind.name());
            let mut rig = Rig::new(settings);
            brings(&mut rig, before);
            brings(&mut rig, &format!("trouble {}", kind.name()));
            assert!(!enters(&brings(&mut rig, step)), "{case}");
            let clearing = match kind.clearing() {
                Clearing::Cause => format!("recovered {}", kind.name()),
                Clearing::Operator => format!("clear {}", kind.name()),
                Clearing::NextSession => continue,
            };
            assert!(!enters(&brings(&mut rig, &clearing)), "{case}: {clearing}");
            assert!(rig.engine.holds().permits_entries(), "{case}: {clearing}");
            for later in ["wait 60", "snapshot", "bar A 09:40 100.5 103 100 102", "bar A 09:45 102 103 97 98"] {
                assert!(!enters(&brings(&mut rig, later)), "{case}: {later} after {clearing}");
            }
        }
    }
}

/// Ways out of a position that is held with its stop: the step, and what it must bring about.
const WAYS_OUT: &[(&str, &str)] = &[
    ("cancelled A-1es", "submit A-1s1 sell 99 stop 99"),
    ("fill A-1es 99 99", "trade A long 99 101.01 > 99 stop"),
    ("close A", "cancel A-1es"),
    ("close-all", "cancel A-1es"),
    ("kill flatten", "cancel A-1es"),
    ("at 15:55", "cancel A-1es"),
];

#[test]
fn no_hold_stops_an_exit_on_any_way() {
    for settings in ["orb-classic target_r=off", "orb-classic live target_r=off"] {
        for &kind in HoldKind::ALL {
            for (step, expected) in WAYS_OUT {
                let mut rig = Rig::new(settings);
                brings(&mut rig, "open A");
                brings(&mut rig, &format!("trouble {}", kind.name()));
                let lines = brings(&mut rig, step);
                assert!(lines.iter().any(|line| line == expected), "{}: {settings}, {step}: {lines:?}", kind.name());
            }
        }
    }
}

#[test]
fn no_hold_stops_a_target_or_a_close_that_is_under_way() {
    for &kind in HoldKind::ALL {
        let trouble = format!("trouble {}", kind.name());
        let mut rig = Rig::new("orb-classic");
        ["open A", &trouble].iter().for_each(|step| drop(brings(&mut rig, step)));
        let lines = brings(&mut rig, "fill A-1et 99 105.03");
        assert!(lines.contains(&"trade A long 99 101.01 > 105.03 target".to_owned()), "{}: {lines:?}", kind.name());
        let mut rig = Rig::new("orb-classic live target_r=off");
        ["open A", "close A", &trouble].iter().for_each(|step| drop(brings(&mut rig, step)));
        rig.obey();
        assert!(rig.engine.open_trades().is_empty() && rig.positions().is_empty(), "{}", kind.name());
    }
}

#[test]
fn a_hold_of_the_operator_or_of_safety_cancels_the_entries_that_work() {
    for &kind in HoldKind::ALL {
        let mut rig = Rig::new(RANKED);
        for step in [BARRIER, "submitted A-1e"] {
            brings(&mut rig, step);
        }
        let lines = brings(&mut rig, &format!("trouble {}", kind.name()));
        let cancels = lines.contains(&"cancel A-1e".to_owned());
        assert_eq!(cancels, kind.clearing() != Clearing::Cause, "{}: {lines:?}", kind.name());
        // Under every hold they can be cancelled by hand.
        let by_hand = brings(&mut rig, "cancel-entries").contains(&"cancel A-1e".to_owned());
        assert!(cancels != by_hand, "{}", kind.name());
    }
}

#[test]
fn a_pause_cancels_a_resting_entry_and_its_end_makes_no_other() {
    check_with(
        RANKED,
        "bar A 09:30 100 101 99 100.5
         > submit A-1e buy 99 stop 101.01 attached
         submitted A-1e
         pause
         > hold operator_pause
         > cancel A-1e
         cancel A-1e done
         cancelled A-1e
         > decide A hold
         cancelled A-1es
         cancelled A-1et
         clear operator_pause
         > clear operator_pause
         bar A 09:40 100 102 100 101
         wait 600
         = slots 0",
    );
}

#[test]
fn a_hold_that_ended_with_its_cause_forgets_nothing_and_each_has_one_end() {
    for &kind in HoldKind::ALL {
        let name = kind.name();
        let stays = |who: Clearing| kind.clearing() != who;
        if stays(Clearing::NextSession) && stays(Clearing::Cause) {
            check(&format!(
                "trouble {name}\n> hold {name}\nsnapshot\nrecovered {name}\nrestart\nsnapshot\n= holds {name}"
            ));
        }
    }
}
