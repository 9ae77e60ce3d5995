//! Recorded bars of one minute and of five for the same days give the same ranges and signals.

use std::collections::BTreeMap;
use std::sync::Arc;

use orb_backtest::{Backtest, FillModel, Report, SessionBars};
use orb_core::config::preset;
use orb_core::event::SymbolReference;
use orb_core::explain::{Explanation, Verdict};
use orb_core::range_book::OpeningRange;
use orb_core::reason::Reason;
use orb_core::{Calendar, Date, EngineConfig, Price, RunConfig, Side, Span, Symbol};
use orb_data::bars::{BarSet, LoadOptions, load};
use orb_data::{nyse_calendar, test_data};

/// The outcomes of one length, by date and symbol, with the bar of five minutes in which the entry was filled.
type Days = BTreeMap<(Date, Symbol), (Explanation, Option<i64>)>;

/// Every symbol has a slot, and the account is large enough for each.
const ROOM: [(&str, &str); 4] =
    [("max_positions", "100"), ("leverage", "20"), ("daily_loss_limit", "1"), ("initial_equity", "100000000")];

fn explanations(bars: &BarSet, strategy: &str, calendar: &Arc<Calendar>) -> Days {
    let mut run = RunConfig::of(preset(strategy).expect(strategy));
    run.strategies[0].symbols.clear();
    ROOM.iter().for_each(|(key, value)| run.set(key, value).expect(key));
    let symbols = Arc::new(bars.symbols().clone());
    let config = EngineConfig::new(run, symbols, Arc::clone(calendar), bars.bar_length()).explained();
    let mut backtest = Backtest::new(config, FillModel::Pessimistic);
    // Nothing is known of the days before: rule 201, which restricts from the next bar on, is inactive.
    let reference = vec![SymbolReference::default(); bars.symbols().len()];
    for day in bars.sessions() {
        let session = day.session();
        backtest.run_session(&SessionBars { session: &session, bars: day.bars(), reference: &reference });
    }
    let Report { explanations, trades, .. } = backtest.finish();
    let name = |symbol| bars.symbols().name(symbol).clone();
    let whole = Span::from_minutes(5).micros();
    let entered: BTreeMap<_, _> = trades
        .iter()
        .map(|trade| ((trade.attempt.date, trade.attempt.symbol), trade.entry_time.micros() / whole))
        .collect();
    let row = |one: Explanation| {
        let (date, symbol) = (one.attempt.date, one.attempt.symbol);
        ((date, name(symbol)), (one, entered.get(&(date, symbol)).copied()))
    };
    explanations.into_iter().map(row).collect()
}

fn prices(range: OpeningRange) -> [Price; 4] {
    [range.open, range.high, range.low, range.close]
}

fn signal(explanation: &Explanation) -> Result<(Side, Price, Price), Reason> {
    match (&explanation.verdict, &explanation.entry) {
        (Verdict::NoTrade(reason, _), _) => Err(*reason),
        (_, Some(entry)) => Ok((entry.side, entry.level, entry.exits.stop)),
        (_, None) => panic!("a signal without its entry: {explanation:?}"),
    }
}

fn check(strategy: &str) {
    let paths = ["bars/1m/universe-2026", "bars/5m/universe-2025-2026"].map(test_data::path);
    let [Some(one), Some(five)] = paths else { return };
    let calendar = nyse_calendar(2025, 2026);
    let [one, five] = [one, five].map(|path| load(&[path], LoadOptions::new(&calendar)).expect("bars"));
    let calendar = Arc::new(calendar);
    let (fine, coarse) = (explanations(&one, strategy, &calendar), explanations(&five, strategy, &calendar));
    let (mut ranges, mut holes, mut signals, mut ambiguous, mut different) = (0, 0, 0, 0, Vec::new());
    for (key, (left, entered)) in &fine {
        let (right, whole_entered) = &coarse[key];
        // Minutes without a trade can leave a range of minutes incomplete, never one of a single bar.
        let (minutes, whole) = match (left.range, right.range) {
            (Some(minutes), Some(whole)) => (minutes, whole),
            (None, Some(_)) if signal(left) == Err(Reason::RangeIncomplete) => {
                holes += 1;
                continue;
            }
            (None, None) => continue,
            other => panic!("{strategy}, {key:?}: one length has no range: {other:?}"),
        };
        assert_eq!(prices(minutes), prices(whole), "{strategy}, {key:?}");
        ranges += 1;
        match (signal(left), signal(right)) {
            (_, Err(Reason::BothSidesInOneBar)) => ambiguous += 1,
            (left, right) if left == right && entered == whole_entered => signals += usize::from(left.is_ok()),
            (left, right) => different.push((key, left, right)),
        }
    }
    assert!(ranges > 400 && signals + ambiguous > 400 && holes < 10, "{ranges}, {signals}, {ambiguous}, {holes}");
    assert!(different.is_empty(), "{strategy}: {different:#?}");
}

#[test]
fn recorded_minutes_and_five_minutes_agree_on_both_sides() {
    check("orb-classic");
}

#[test]
fn recorded_minutes_and_five_minutes_agree_on_the_candle_s_side() {
    check("orb-etf");
}
