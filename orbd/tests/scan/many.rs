//! Thousands of assets: the choice equals the backtest's, for few requests and little memory.

use std::sync::Arc;
use std::time::Instant;

use orb_core::event::{Command, SymbolReference};
use orb_core::history::History;
use orb_core::{Bar, Calendar, Span, SymbolId};
use orb_data::bars::{BarSet, Dropped, Loaded};
use orb_data::synthetic::{SyntheticMarket, SyntheticOptions, SyntheticPast};
use orb_sim::market::MarketSource;
use orbd::backtest::{Market, Selection};
use orbd::demo::DemoSession;
use orbd::rehearsal::BrokerKnows;

use crate::listing::differing;
use crate::morning::{Choice, in_play, rehearse_with, story};

/// The seed of the market.
const SEED: u64 = 11;
/// Assets where `ORB_SCAN_ASSETS` does not say how many; a third of them is chosen from.
const ASSETS: usize = 300;
/// Requests for market data of a morning at most: half of what Alpaca takes in a minute.
const REQUESTS_MAX: u64 = 100;

/// Makes a day of so many symbols, with what is known before it and without the bars that say so.
fn session(options: SyntheticOptions) -> DemoSession {
    let calendar = Arc::new(orb_data::nyse_calendar(2005, 2100));
    let (trade, past) = SyntheticMarket::new(SEED, options).generate_with_past(&calendar).expect("a market");
    let mut run = in_play();
    for (key, value) in [("universe_max", (options.symbols / 3).to_string()), ("top", "20".to_owned())] {
        run.set(key, &value).expect("a setting");
    }
    let nothing = BarSet::from_bars(trade.symbols().clone(), Span::from_minutes(1), &calendar, Vec::new());
    let loaded = Loaded { trade, warmup: nothing.expect("no bars"), dropped: Dropped::default() };
    let mut market = Market::new(loaded, Arc::clone(&calendar), &Selection::default(), &mut run).expect("a market");
    let today = calendar.index_of(market.days[0].session.date).expect("a session");
    market.days[0].reference =
        (0..).take(options.symbols).map(|number| known(&past, SymbolId(number), &calendar, today)).collect();
    run.set("candidates", "assets").expect("a setting");
    DemoSession { run, market }
}

/// Returns what is known of a symbol before a session, by the bars of the days before.
fn known(past: &SyntheticPast, symbol: SymbolId, calendar: &Calendar, today: usize) -> SymbolReference {
    let mut history = History::new(1, Span::from_minutes(1));
    for session in past.sessions() {
        let bars = past.bars(symbol, session.open, session.close).into_iter();
        let bars: Vec<Bar> = bars.map(|bar| Bar { symbol: SymbolId(0), ..bar }).collect();
        history.add_session(calendar.index_of(session.date).expect("a session"), session, &bars);
    }
    history.reference(today)[0]
}

#[test]
fn a_morning_of_many_assets_chooses_as_its_backtest_does_in_few_requests() {
    let symbols = std::env::var("ORB_SCAN_ASSETS").ok().and_then(|text| text.parse().ok()).unwrap_or(ASSETS);
    let options = SyntheticOptions { symbols, ..SyntheticOptions::default() };
    let expect = Choice::of_backtest(&session(options));
    assert!(expect.chosen.len() > 10, "{:?}", expect.chosen);
    let (begin, names) = (Instant::now(), session(options).run.strategies[0].symbols.clone());
    let outcome = rehearse_with(session(options), "", |rehearsal| {
        // What is chosen is settled by then.
        let end = rehearsal.session.market.days[0].session.open + Span::from_minutes(7);
        rehearsal.until = Some(end);
        rehearsal.commands = vec![(end - Span::from_minutes(1), Command::Kill { flatten: true })];
        rehearsal.asks = Some(BrokerKnows::default());
        rehearsal.prices = Some(MarketSource::Synthetic { seed: SEED, options });
    });
    let decided = outcome.decisions.iter().map(|row| (row.attempt.symbol.clone(), row.reason));
    let found = Choice::among(names.iter().map(ToString::to_string), decided);
    assert_eq!(found.chosen, expect.chosen, "{}", story(&outcome));
    assert_eq!(differing(&found, &expect), [], "{}", story(&outcome));
    eprintln!(
        "{symbols} assets, {} chosen: {} requests for market data, {:.1} s, resident at most {}",
        found.chosen.len(),
        outcome.data_requests,
        begin.elapsed().as_secs_f64(),
        resident_max(),
    );
    assert!(outcome.data_requests <= REQUESTS_MAX, "{} requests", outcome.data_requests);
}

/// Tells the most memory that this process has held.
fn resident_max() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}
