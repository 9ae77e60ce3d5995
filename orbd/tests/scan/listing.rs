//! All that the broker lists as candidates: the listing, the days, the ranges of those that may be chosen, and the choice
//! come over the wire, and equal the backtest's.

use std::sync::Arc;

use orb_core::{Bar, Date, Price, Reason, Symbol, SymbolTable};
use orb_data::bars::{BarSet, Dropped, Loaded};
use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
use orb_sim::broker::AssetListing;
use orbd::backtest::{Market, Selection};
use orbd::demo::DemoSession;
use orbd::rehearsal::{BrokerKnows, Outcome};
use serde_json::json;

use crate::morning::{Choice, in_play, ordered, rehearse_with, story};

/// The seed of the market.
const SEED: u64 = 7;
/// Symbols that have prices.
const PRICED: usize = 60;
/// Assets of an exchange that never traded.
const SILENT: usize = 40;
/// From when on two symbols have other shares, and one another name.
const CHANGED: &str = "2026-02-20";

/// Shares of this one were put together, one for four.
const SPLIT: &str = "SYN0033";
/// This one was called [`BEFORE`].
const RENAMED: &str = "SYN0040";
const BEFORE: &str = "BEFORE";
/// Shares of this one were divided, and nobody says how.
const UNCLEAR: &str = "SYN0041";
/// This one came to the market then.
const YOUNG: &str = "SYN0042";
/// The broker takes no orders in this one.
const BARRED: &str = "SYN0043";
/// No exchange lists this one.
const UNLISTED: &str = "SYN0044";

fn changed() -> Date {
    CHANGED.parse().expect("a date")
}

/// A market that is told of in two ways.
struct Tale {
    /// As everybody saw it: one name and one kind of shares for each symbol from beginning to end.
    plain: Loaded,
    /// As it was traded.
    raw: Loaded,
}

impl Tale {
    fn new() -> Self {
        let calendar = orb_data::nyse_calendar(2005, 2100);
        let options = SyntheticOptions { symbols: PRICED, ..SyntheticOptions::default() };
        let Loaded { trade, warmup, .. } = SyntheticMarket::new(SEED, options).generate(&calendar).expect("a market");
        let names = trade.symbols().iter().map(|(_, name)| name.clone()).chain([symbol(BEFORE)]);
        let table = SymbolTable::new(names);
        let renumbered = |set: &BarSet| -> Vec<Bar> {
            let id = |bar: &Bar| table.id(set.symbols().name(bar.symbol)).expect("a symbol");
            set.iter().map(|bar| Bar { symbol: id(bar), ..*bar }).collect()
        };
        let is_before = |bar: &Bar| calendar.session_at(bar.start).expect("a session").date < changed();
        let is = |bar: &Bar, name: &str| table.name(bar.symbol).as_str() == name;
        let plain = renumbered(&warmup).into_iter().filter(|bar| !(is_before(bar) && is(bar, YOUNG)));
        let plain: Vec<Bar> = plain.collect();
        let raw = plain.iter().map(|bar| match is_before(bar) {
            true if is(bar, SPLIT) => quartered(bar),
            true if is(bar, RENAMED) => Bar { symbol: table.id(&symbol(BEFORE)).expect("a symbol"), ..*bar },
            true | false => *bar,
        });
        let raw: Vec<Bar> = raw.collect();
        // What was before a split that nobody explains counts for nothing.
        let plain = plain.into_iter().filter(|bar| !(is_before(bar) && is(bar, UNCLEAR))).collect();
        let set = |bars: Vec<Bar>| BarSet::from_bars(table.clone(), trade.bar_length(), &calendar, bars).expect("bars");
        let today = renumbered(&trade);
        let loaded = |warmup| Loaded { trade: set(today.clone()), warmup: set(warmup), dropped: Dropped::default() };
        Self { plain: loaded(plain), raw: loaded(raw) }
    }
}

/// Returns the bar of shares of which four make one of those of today.
fn quartered(bar: &Bar) -> Bar {
    let quarter = |price: Price| Price::from_micros(price.micros() / 4);
    let (open, high, low, close) = (quarter(bar.open), quarter(bar.high), quarter(bar.low), quarter(bar.close));
    Bar { open, high, low, close, volume: bar.volume * 4, ..*bar }
}

fn symbol(name: &str) -> Symbol {
    Symbol::new(name).expect("a symbol")
}

fn session(loaded: Loaded, symbols: &[Symbol], candidates: &str) -> DemoSession {
    let mut run = in_play();
    let calendar = Arc::new(orb_data::nyse_calendar(2005, 2100));
    let market = Market::new(loaded, calendar, &Selection::default(), &mut run).expect("a market");
    run.strategies[0].symbols = symbols.to_vec();
    run.set("candidates", candidates).expect("a setting");
    DemoSession { run, market }
}

fn knows() -> BrokerKnows {
    let usual = |name: String| AssetListing { symbol: name, exchange: "NYSE".to_owned(), tradable: true, active: true };
    let silent = (0..SILENT).map(|number| usual(format!("SILENT{number:02}")));
    let special = [
        AssetListing { tradable: false, ..usual(BARRED.to_owned()) },
        AssetListing { exchange: "OTC".to_owned(), ..usual(UNLISTED.to_owned()) },
        AssetListing { active: false, ..usual(BEFORE.to_owned()) },
        AssetListing { exchange: "OTC".to_owned(), ..usual("PENNY".to_owned()) },
    ];
    let json = json!({
        "reverse_splits": [
            {"symbol": SPLIT, "new_rate": 1, "old_rate": 4, "ex_date": CHANGED, "process_date": CHANGED},
            {"symbol": UNCLEAR, "ex_date": CHANGED, "process_date": CHANGED},
        ],
        "name_changes": [{"old_symbol": BEFORE, "new_symbol": RENAMED, "process_date": CHANGED}],
    });
    let corporate_actions = json.as_object().expect("an object").clone();
    BrokerKnows { listings: silent.chain(special).collect(), corporate_actions }
}

/// Returns the reason and the detail of a symbol's decision.
#[track_caller]
fn why(outcome: &Outcome, name: &str) -> (Reason, String) {
    let row = outcome.decisions.iter().find(|row| row.attempt.symbol == name);
    let row = row.unwrap_or_else(|| panic!("{name} has no decision\n{}", story(outcome)));
    (row.reason, row.detail.clone())
}

/// Lists who was refused for another reason than in the backtest; a gap and a price are known at the open alone, when bars
/// of those that cannot be chosen are not listened to, and are said first by a backtest.
pub(crate) fn differing(found: &Choice, expect: &Choice) -> Vec<(String, Reason)> {
    let at_the_open =
        [Reason::GapOver30Pct, Reason::Price, Reason::NoBars, Reason::RangeNoFirstBar, Reason::RangeIncomplete];
    let differs = |(name, reason): &(&String, &Reason)| match expect.refused.get(*name) {
        Some(expected) => expected != *reason && !at_the_open.contains(expected),
        None => true,
    };
    found.refused.iter().filter(differs).map(|(name, reason)| (name.clone(), *reason)).collect()
}

#[test]
fn of_all_that_the_broker_lists_a_morning_chooses_as_its_backtest_does_and_says_why_not_the_others() {
    let tale = Tale::new();
    let names: Vec<Symbol> = tale.plain.trade.symbols().iter().map(|(_, name)| name.clone()).collect();
    let is_left_out = |name: &Symbol| [BARRED, UNLISTED, BEFORE].contains(&name.as_str());
    let listed: Vec<Symbol> = names.iter().filter(|name| !is_left_out(name)).cloned().collect();
    let expect = Choice::of_backtest(&session(tale.plain, &listed, "listed"));
    assert!((4..=8).contains(&expect.chosen.len()), "{:?}", expect.chosen);

    let outcome = rehearse_with(session(tale.raw, &names, "assets"), "", |rehearsal| rehearsal.asks = Some(knows()));
    let decided = outcome.decisions.iter().map(|row| (row.attempt.symbol.clone(), row.reason));
    let found = Choice::among(listed.iter().map(ToString::to_string), decided);
    assert_eq!(found.chosen, expect.chosen, "{}", story(&outcome));
    assert!(ordered(&outcome).keys().all(|name| expect.chosen.contains(name)), "{}", story(&outcome));

    let differing = differing(&found, &expect).into_iter();
    let differing: Vec<_> = differing.filter(|(name, _)| !name.starts_with("SILENT") && name != BARRED).collect();
    assert_eq!(differing, [], "{}", story(&outcome));

    assert_eq!(why(&outcome, BARRED).0, Reason::NotTradable);
    assert_eq!(why(&outcome, YOUNG).0, Reason::AvgVolumeMissing);
    assert_eq!(why(&outcome, UNCLEAR).0, Reason::AvgVolumeMissing);
    assert_eq!(why(&outcome, "SILENT07").0, Reason::AvgVolumeMissing);
    let (reason, detail) = found
        .refused
        .iter()
        .find(|(_, reason)| **reason == Reason::NotInUniverse)
        .map(|(name, _)| why(&outcome, name))
        .expect("the universe is full");
    assert!(detail.contains("by dollar volume of 40"), "{reason} {detail}");
    for known_by_history in [SPLIT, RENAMED] {
        let reason = found.refused.get(known_by_history);
        assert!(
            !matches!(reason, Some(Reason::AvgVolumeMissing | Reason::AtrMissing | Reason::RvolMissing)),
            "{known_by_history}: {reason:?}"
        );
    }
    for unlisted in [UNLISTED, BEFORE, "PENNY"] {
        assert!(outcome.decisions.iter().all(|row| row.attempt.symbol != unlisted), "{unlisted} is no candidate");
    }
}
