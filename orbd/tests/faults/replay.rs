//! Days once more from their journal: the rig checks each day of these tests so, and those here are for that alone.

use std::path::Path;

use orb_core::SymbolId;
use orb_core::event::Command;
use orb_core::hold::HoldKind;
use orbd::replay::replay_day;
use orbd::store::{DatabaseUrl, Ledger, Reader};

use crate::rig::{DATE, at, breakout, classic, day, resting, story, survive};

/// Checks that the journal in a folder repeats its only day effect by effect.
#[track_caller]
pub(crate) fn check_repeats(folder: &Path) {
    let url = DatabaseUrl::sqlite(folder.join("orb.db"));
    let ledgers = Ledger::all(&url).expect("ledgers");
    let reader = Reader::open(&url, &ledgers[0]).expect("records");
    let date = DATE.parse().expect("a date");
    let found = replay_day(&reader, date).expect("a whole journal");
    assert!(found.is_identical() && found.is_of_this_build(), "{}", found.lines(reader.ledger_id(), date));
    assert!(found.events > 30 && found.effects > 0, "{found:#?}");
}

#[test]
fn a_day_with_commands_repeats_itself() {
    let mut rehearsal = day(vec![breakout("AAA"), breakout("BBB")], classic());
    rehearsal.commands = vec![
        (at("09:34:00"), Command::Pause),
        (at("09:35:30"), Command::Clear(HoldKind::OperatorPause)),
        (at("09:45:00"), Command::Close(SymbolId(0))),
        (at("09:50:00"), Command::Kill { flatten: true }),
    ];
    let outcome = survive(rehearsal, "");
    assert_eq!(outcome.trades.len(), 2, "{}", story(&outcome));
}

#[test]
fn a_day_of_resting_entries_repeats_itself() {
    let outcome = survive(day(vec![breakout("AAA"), breakout("BBB")], resting()), "");
    assert_eq!(outcome.trades.len(), 2, "{}", story(&outcome));
}
