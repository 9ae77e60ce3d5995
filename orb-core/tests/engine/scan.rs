//! The choice at the range's end: from whom, who is waited for, and for whom a place is kept.

use orb_core::event::{Event, ReferenceData, SymbolReference};
use orb_core::{Engine, Money, Price, SymbolId};

use crate::rig::Rig;
use crate::script::check_rig;

/// What lets a symbol pass every filter, with a dollar volume of so many millions.
fn known(millions: u64) -> SymbolReference {
    SymbolReference {
        previous_close: Some(Price::from_cents(10_000)),
        atr14: Some(Price::from_cents(1_000)),
        volume_sum14: Some(millions * 14 * 10_000_000),
        opening_volume_sum14: [Some(14); 5],
        ..SymbolReference::default()
    }
}

/// A morning of which this is known, of as many symbols as there are; nothing is known of the others.
fn morning(settings: &str, first: &[SymbolReference]) -> Rig {
    let mut rig = Rig::new(settings);
    refer(&mut rig, first);
    rig.lines.clear();
    rig
}

/// Tells of a morning.
fn refer(rig: &mut Rig, first: &[SymbolReference]) {
    let mut symbols = vec![SymbolReference::default(); 6];
    symbols[..first.len()].copy_from_slice(first);
    let date = "2026-02-13".parse().expect("a date");
    rig.event(&Event::Reference(ReferenceData { date, equity_open: Money::from_cents(10_000_000), symbols }));
}

#[test]
fn live_only_symbols_that_may_be_chosen_are_waited_for() {
    let quiet = SymbolReference { volume_sum14: Some(1), ..known(1) };
    let mut rig = morning("orb-sip live", &[known(3), known(2), quiet]);
    // Of C too little is traded, and nothing is known of D to F: their bars are not missed.
    check_rig(
        &mut rig,
        "bar A 09:30 100 101 99 100.5
         wait 0.2
         > query bars B
         bar B 09:30 100 101 99 100.5
         > query bars A B",
    );
}

#[test]
fn entries_at_the_range_s_end_are_ordered_by_rank() {
    let less = SymbolReference { opening_volume_sum14: [Some(28); 5], ..known(1) };
    let mut rig = morning("orb-sip symbols=A,B,C slot_policy=ranked max_positions=2", &[less, known(1), less]);
    check_rig(
        &mut rig,
        "bar A 09:30 100 101 99 100.5, B 09:30 100 101 99 99.5, C 09:30 100 101 99 100.5
         > submit B-1e sell 500 stop 99 attached
         > submit A-1e buy 500 stop 101 attached
         > decide C max_positions",
    );
}

#[test]
fn beyond_the_universe_the_larger_dollar_volume_goes_first() {
    let mut rig = morning("orb-sip universe_max=2 symbols=A,B,C", &[known(1), known(3), known(2)]);
    check_rig(
        &mut rig,
        "bar A 09:30 100 101 99 100.5, B 09:30 100 101 99 100.5, C 09:30 100 101 99 100.5
         > decide A not_in_universe",
    );
}

#[test]
fn of_all_assets_those_that_may_be_chosen_are_listened_to_and_the_others_refused_by_what_is_known() {
    let quiet = SymbolReference { volume_sum14: Some(14), ..known(1) };
    let barred = SymbolReference { untradable: true, ..known(9) };
    let settings = "orb-sip candidates=assets universe_max=1 symbols=A,B,C,D live";
    let mut rig = Rig::new(settings);
    // As before anything was known of the day.
    rig.rebuild(|engine| Engine::new(engine.config().clone()));
    refer(&mut rig, &[known(3), known(2), quiet, barred]);
    let decided = ["decide B not_in_universe", "decide C avg_volume", "decide D not_tradable"];
    assert_eq!(rig.lines, decided, "before the open, so that the range's end has less to do");
    rig.snapshot();
    rig.lines.clear();
    let listened: Vec<bool> = (0..6).map(|number| rig.engine.wants_bars(SymbolId(number))).collect();
    assert_eq!(listened, [true, false, false, false, false, false]);
    // Nothing is waited for or asked for of the others, and that their bars are missing is no reason.
    check_rig(
        &mut rig,
        "bar A 09:30 100 101 99 100.5
         > query bars A",
    );
}

#[test]
fn a_place_is_kept_for_each_symbol_whose_bars_did_not_come() {
    let settings = "orb-sip top=2 symbols=A,B,C live";
    let bars = "bar A 09:30 100 101 99 100.5, B 09:30 100 101 99 100.5";
    // C might be before both of them: only one of the two places is given.
    let unanswered = format!(
        "{bars}
         wait 0.2
         > query bars C
         wait 0.3
         > decide C range_incomplete
         > decide B not_in_top
         > query bars A"
    );
    check_rig(&mut morning(settings, &[known(1), known(1), known(1)]), &unanswered);
    // Where the answer says that there was no trade, there is none to keep a place for.
    let answered = format!(
        "{bars}
         wait 0.2
         > query bars C
         bars none
         > query bars A B"
    );
    check_rig(&mut morning(settings, &[known(1), known(1), known(1)]), &answered);
}

#[test]
fn what_the_broker_does_not_lend_is_bought_and_not_sold_short() {
    let lent = SymbolReference { unshortable: true, ..known(1) };
    let mut rig = morning("orb-sip symbols=A,B", &[lent, lent]);
    check_rig(
        &mut rig,
        "bar A 09:30 100 101 99 100.5, B 09:30 100 101 99 99.5
         bar B 09:35 99.5 99.6 98 98.5
         > decide B not_shortable
         bar A 09:40 100.5 101.5 100.5 101
         > submit A-1e buy 200 stop 101 attached",
    );
}

#[test]
fn each_condition_of_the_market_blocks_with_its_reason() {
    let fine = known(1);
    let young = SymbolReference { opening_volume_sum14: [None; 5], ..fine };
    let fallen = SymbolReference { restricted: true, ..fine };
    let leaping = SymbolReference { previous_close: Some(Price::from_cents(7_000)), ..fine };
    let up = "bar A 09:30 100 101 99 100.5\n";
    let (down, crossed) = ("bar A 09:30 100 101 99 99.5\n", "bar A 09:35 99.5 99.6 98 98.5\n");
    let cases = [
        // A symbol that is new has no 14 sessions; on its first day it has no range either.
        (young, up.to_owned(), "rvol_missing"),
        (SymbolReference::default(), up.to_owned(), "avg_volume_missing"),
        (fine, "at 09:35\nwait 0.3\nbars none\nbar A 09:35 100 101 99 100.5\n".to_owned(), "range_no_first_bar"),
        // A leap that no split explains.
        (leaping, up.to_owned(), "gap_over_30pct"),
        (fallen, format!("{down}{crossed}"), "rule_201"),
        // The range's own low is what restricts: 10% below the close before.
        (
            SymbolReference { previous_close: Some(Price::from_cents(11_000)), ..fine },
            format!("{down}{crossed}"),
            "rule_201",
        ),
        (SymbolReference { unshortable: true, ..fine }, format!("{down}{crossed}"), "not_shortable"),
        // A pause as for the price bands, or a halt for news.
        (fine, format!("{up}halt A\nbar A 09:35 100.5 102 100.5 101\n"), "halted"),
    ];
    for (known, story, reason) in cases {
        let mut rig = morning("orb-sip symbols=A", &[known]);
        for step in story.lines() {
            crate::script::perform(&mut rig, step);
        }
        rig.lines.retain(|line| !line.starts_with("query bars"));
        assert_eq!(rig.lines, [format!("decide A {reason}")], "{story}");
    }
}

#[test]
fn a_symbol_that_is_halted_at_the_range_s_end_gets_no_resting_entry() {
    let mut rig = morning("orb-sip symbols=A,B live slot_policy=ranked entry_mode=resting_stop", &[known(1), known(1)]);
    check_rig(
        &mut rig,
        "halt A
         bar A 09:30 100 101 99 100.5, B 09:30 100 101 99 100.5
         > decide A halted
         > submit B-1e buy 200 stop 101
         > query bars B",
    );
}
