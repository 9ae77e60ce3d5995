//! What goes wrong during the scan ends in fewer trades with reasons, never in others.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use orb_core::{Reason, Side};
use orbd::rehearsal::Outcome;

use crate::morning::{Choice, in_play, ordered, rehearse, story, synthetic};

/// What is chosen and ordered where nothing goes wrong.
static CALM: LazyLock<(Choice, BTreeMap<String, Side>)> = LazyLock::new(|| {
    let outcome = rehearse(synthetic(in_play()), "");
    (Choice::of_morning(&synthetic(in_play()), &outcome), ordered(&outcome))
});

/// Plays the morning with something going wrong, and the same without; what is chosen and ordered is part of what is
/// chosen and ordered without it.
#[track_caller]
fn fewer(faults: &str) -> (Outcome, Choice) {
    let (expect, allowed) = &*CALM;
    let session = synthetic(in_play());
    let outcome = rehearse(synthetic(in_play()), faults);
    let found = Choice::of_morning(&session, &outcome);
    assert!(found.chosen.is_subset(&expect.chosen), "{:?} of {:?}\n{}", found.chosen, expect.chosen, story(&outcome));
    for (symbol, side) in ordered(&outcome) {
        assert_eq!(allowed.get(&symbol), Some(&side), "{symbol} is ordered\n{}", story(&outcome));
    }
    let silent = expect.chosen.iter().find(|&symbol| {
        !found.chosen.contains(symbol) && !outcome.decisions.iter().any(|row| row.attempt.symbol == *symbol)
    });
    assert_eq!(silent, None, "who is not chosen has a reason\n{}", story(&outcome));
    (outcome, found)
}

/// The bar of 9:34 of a symbol that would be chosen is lost on the way.
const LOST: &str = "[[stream]]\nfault = \"drop\"\nstream = \"data\"\nkind = \"b\"\nsymbol = \"SYN0033\"\nwhen = { at = \"09:34:59\" }\n";

#[test]
fn bars_that_are_lost_on_the_way_are_asked_for_and_change_nothing() {
    let (_, found) = fewer(LOST);
    assert_eq!(found, CALM.0);
}

#[test]
fn bars_that_cannot_be_had_leave_fewer_to_choose_from() {
    for fault in ["\"too_many_requests\"", "\"truncated\""] {
        let deaf = format!(
            "[[http]]\nfault = {fault}\npath = \"/v2/stocks/bars\"\nwhen = {{ from = \"09:35:00\", to = \"09:35:02\" }}\n"
        );
        let (outcome, found) = fewer(&(LOST.to_owned() + &deaf));
        let mut others = CALM.0.chosen.clone();
        assert!(others.remove("SYN0033"), "it would be chosen");
        assert_eq!(found.chosen, others, "nobody moves up\n{}", story(&outcome));
        assert_eq!(found.refused["SYN0033"], Reason::RangeIncomplete, "{fault}\n{}", story(&outcome));
    }
}

#[test]
fn an_answer_that_is_slow_comes_too_late() {
    // Time stands while an answer is late on the machine's clock, so that the page never comes within simulated time.
    let slow = "[[http]]\nfault = \"timeout_after\"\npath = \"/v2/stocks/bars\"\nwhen = { from = \"09:35:00\", to = \"09:35:02\" }\n";
    let (outcome, found) = fewer(&(LOST.to_owned() + slow));
    let lost = found.refused.values().filter(|reason| **reason == Reason::RangeIncomplete).count();
    assert!(lost > 0, "{}", story(&outcome));
}

#[test]
fn a_connection_that_ends_a_second_before_the_range_does() {
    let cut = "[[stream]]\nfault = \"disconnect\"\nstream = \"data\"\nkind = \"b\"\nwhen = { at = \"09:34:59\" }\n";
    // That it was cut is checked with the rules that must have applied; what was chosen is asked for and complete.
    let (outcome, found) = fewer(cut);
    assert_eq!(found.chosen, CALM.0.chosen, "{}", story(&outcome));
}

#[test]
fn a_connection_that_is_away_at_the_range_s_end_and_cannot_ask_chooses_nobody() {
    let cut = "[[stream]]\nfault = { linger = 20 }\nstream = \"data\"\nkind = \"b\"\nwhen = { at = \"09:34:59\" }\n";
    let deaf = "[[http]]\nfault = { status = 500 }\npath = \"/v2/stocks/bars\"\nwhen = { from = \"09:34:59\", to = \"09:35:10\" }\n";
    let (outcome, found) = fewer(&(cut.to_owned() + deaf));
    assert!(found.chosen.is_empty() && ordered(&outcome).is_empty(), "{:?}\n{}", found.chosen, story(&outcome));
}
