//! The table in which the cases are written.
//!
//! A market is lines of:
//!
//! * `A 09:30 100 101 99 100 | 100 102 100 101 | - | 101 101 98 99 x500`: consecutive bars of a symbol from a time of
//!   the session (New York), as open, high, low, close and perhaps a volume (1,000 without one); `-` is a missing bar;
//! * `== 2026-02-13` begins a session; `utc-4` moves it to summer time, `close 13:00` makes it a half day, `warmup`
//!   gives it to the features alone. Without such a line all bars are of 2026-02-13;
//! * `A: prev 100 atr 5 wilder 4 volume14 14000000 opening14 140000 restricted`: what is known of a symbol before the session
//!   above, in the place of what the sessions before say;
//! * `A: split 7 1`: the session above is the first after a split of 7 shares for 1.
//!
//! An expectation is one line for each trade and decision, in the order of the report:
//! `A long 99 09:35 101.01 > 09:40 99 stop -1R net -199.683` and `A no_trigger`; with several sessions each begins
//! with the day of the month.

use orb_backtest::{Backtest, FillModel, Report, SessionBars};
use orb_core::event::SymbolReference;
use orb_core::fact::{Decision, Trade};
use orb_core::history::{History, Split};
use orb_core::{Bar, EngineConfig, Money, Price, Session, Span, Timestamp};

use crate::day;

/// Holds one session of a table.
struct Day {
    session: Session,
    warmup: bool,
    rows: Vec<Row>,
    known: Vec<String>,
}

struct Row {
    symbol: String,
    start: Timestamp,
    bars: String,
}

/// Runs a market under a preset with settings and compares trades and decisions.
#[track_caller]
pub(crate) fn check(settings: &str, market: &str, expect: &str) {
    check_report(&run(settings, market), settings, market, expect);
}

#[track_caller]
pub(crate) fn check_report(report: &Report, settings: &str, market: &str, expect: &str) {
    let several = report.days.len() > 1;
    let trades = report.trades.iter().map(|trade| (trade.attempt.date, show_trade(trade)));
    let decisions = report.decisions.iter().map(|decision| (decision.attempt.date, show_decision(decision)));
    let names: Vec<String> = symbols(&days(market));
    let lines: Vec<String> = trades
        .chain(decisions)
        .map(|(date, (symbol, line))| {
            let day = if several { date.format("%d ").to_string() } else { String::new() };
            format!("{day}{} {line}", names[symbol])
        })
        .collect();
    let wanted: Vec<&str> = expect.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, wanted, "\n{settings}\n{market}");
    books_balance(report);
}

/// Runs a case under both fill models, which must agree.
#[track_caller]
pub(crate) fn check_both(settings: &str, market: &str, expect: &str) {
    check(settings, market, expect);
    check(&format!("{settings} fill=optimistic"), market, expect);
}

/// Runs a market under a preset with settings.
#[track_caller]
pub(crate) fn run(settings: &str, market: &str) -> Report {
    run_with(settings, market, |config| config)
}

/// Runs a market under a preset with settings and an engine that `prepare` changes.
#[track_caller]
pub(crate) fn run_with(settings: &str, market: &str, prepare: impl FnOnce(EngineConfig) -> EngineConfig) -> Report {
    let days = days(market);
    let names = symbols(&days);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sessions = days.iter().map(|day| day.session).collect();
    let config = prepare(day::engine_config(settings, &names, sessions));
    let fill_model = if settings.contains("fill=optimistic") { FillModel::Optimistic } else { FillModel::Pessimistic };
    let mut history = History::new(names.len(), config.bar_length);
    let mut backtest = Backtest::new(config.clone(), fill_model);
    for (index, day) in days.iter().enumerate() {
        day.known.iter().for_each(|line| split(line, &config, &mut history));
        let mut reference = history.reference(index);
        day.known.iter().for_each(|line| know(line, &config, &mut reference));
        let bars = bars(day, &config);
        if !day.warmup {
            backtest.run_session(&SessionBars { session: &day.session, bars: &bars, reference: &reference });
        }
        history.add_session(index, &day.session, &bars);
    }
    let report = backtest.finish();
    one_s_own_bars_give_the_same(&days, config, fill_model, &report);
    report
}

/// Bars alone, in any order, give the same report as session after session, where nothing else is known.
#[track_caller]
fn one_s_own_bars_give_the_same(days: &[Day], config: EngineConfig, fill_model: FillModel, report: &Report) {
    let all: Vec<Vec<Bar>> = days.iter().map(|day| bars(day, &config)).collect();
    let is_bounded =
        all.first().is_some_and(|bars| !bars.is_empty()) && all.last().is_some_and(|bars| !bars.is_empty());
    if is_bounded && days.iter().all(|day| !day.warmup && day.known.is_empty()) {
        let mut backtest = Backtest::new(config, fill_model);
        backtest.run_bars(all.into_iter().flatten().rev().collect());
        assert_eq!(&backtest.finish(), report, "run_bars");
    }
}

/// The account's equity moves by the trades and by nothing else, and every position is closed.
#[track_caller]
fn books_balance(report: &Report) {
    for day in &report.days {
        assert_eq!(day.equity, day.equity_open + day.realized, "{}: equity and trades", day.date);
    }
    let total: Money = report.trades.iter().map(Trade::net).sum();
    let first = report.days.first().map_or(Money::ZERO, |day| day.equity_open);
    let last = report.days.last().map_or(Money::ZERO, |day| day.equity);
    assert_eq!(last, first + total, "the run's equity and trades");
    assert!(report.trades.iter().all(Trade::is_closed));
}

fn show_trade(trade: &Trade) -> (usize, String) {
    let strategy =
        if trade.attempt.strategy.0 == 0 { String::new() } else { format!("s{} ", trade.attempt.strategy.0) };
    let r = trade.r_multiple_e4().map_or_else(|| "-".to_owned(), |r| Price::from_micros(r * 100).to_string());
    let exit = (trade.exit_time.expect("closed"), trade.exit_price().expect("closed"));
    let line = format!(
        "{strategy}{} {} {} {} > {} {} {} {r}R net {}",
        trade.side,
        trade.entered,
        clock(trade, trade.entry_time),
        trade.entry_price(),
        clock(trade, exit.0),
        exit.1,
        trade.exit_reason.expect("closed").code(),
        trade.net(),
    );
    (trade.attempt.symbol.index(), line)
}

fn show_decision(decision: &Decision) -> (usize, String) {
    let strategy = decision.attempt.strategy.0;
    let strategy = if strategy == 0 { String::new() } else { format!("s{strategy} ") };
    (decision.attempt.symbol.index(), format!("{strategy}{}", decision.reason))
}

/// Writes an instant as New York time, for a winter date unless the month is a summer one.
fn clock(trade: &Trade, time: Timestamp) -> String {
    let summer = (4..=10).contains(&chrono::Datelike::month(&trade.attempt.date));
    let shifted = time - Span::from_minutes(if summer { 240 } else { 300 });
    shifted.to_datetime().expect("a time").format("%H:%M").to_string()
}

fn symbols(days: &[Day]) -> Vec<String> {
    let mut names: Vec<String> = days.iter().flat_map(|day| &day.rows).map(|row| row.symbol.clone()).collect();
    names.extend(days.iter().flat_map(|day| &day.known).filter_map(|line| Some(line.split_once(':')?.0.to_owned())));
    names.sort();
    names.dedup();
    names
}

#[track_caller]
fn days(market: &str) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for line in market.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(header) = line.strip_prefix("==") {
            days.push(begin_day(header));
            continue;
        }
        if days.is_empty() {
            days.push(begin_day("2026-02-13"));
        }
        let day = days.last_mut().expect("a day");
        if line.split_whitespace().next().is_some_and(|word| word.ends_with(':')) {
            day.known.push(line.to_owned());
            continue;
        }
        let mut words = line.splitn(3, ' ');
        let (symbol, time, bars) = (words.next(), words.next(), words.next());
        let (symbol, time, bars) = (symbol.expect(line), time.expect(line), bars.expect(line));
        let start = day.session.open + Span::from_minutes(minute_of(time) - 570);
        day.rows.push(Row { symbol: symbol.to_owned(), start, bars: bars.to_owned() });
    }
    days
}

#[track_caller]
fn begin_day(header: &str) -> Day {
    let mut words = header.split_whitespace();
    let date = words.next().expect("a date");
    let (mut offset, mut minutes, mut warmup) = (5, 390, false);
    while let Some(word) = words.next() {
        match word {
            "utc-4" => offset = 4,
            "close" => minutes = minute_of(words.next().expect("a time")) - 570,
            "warmup" => warmup = true,
            other => panic!("`{other}` in a session's header"),
        }
    }
    Day { session: day::session(date, offset, minutes), warmup, rows: Vec::new(), known: Vec::new() }
}

#[track_caller]
fn minute_of(time: &str) -> i64 {
    let (hour, minute) = time.split_once(':').expect(time);
    hour.parse::<i64>().expect(time) * 60 + minute.parse::<i64>().expect(time)
}

#[track_caller]
fn bars(day: &Day, config: &EngineConfig) -> Vec<Bar> {
    let mut bars = Vec::new();
    for row in &day.rows {
        let name = orb_core::Symbol::new(&row.symbol).expect("a symbol");
        let symbol = config.symbols.id(&name).expect("a known symbol");
        let mut start = row.start;
        for text in row.bars.split('|').map(str::trim) {
            if text != "-" {
                let mut words = text.split_whitespace();
                let mut price = || words.next().expect(text).parse::<Price>().expect(text);
                let (open, high, low, close) = (price(), price(), price(), price());
                let volume = words.next().map_or(1_000, |word| word.trim_start_matches('x').parse().expect(text));
                let bar = Bar { symbol, start, open, high, low, close, volume };
                bars.push(bar.validated().unwrap_or_else(|error| panic!("{text}: {error}")));
            }
            start = start + config.bar_length;
        }
    }
    bars.sort_by_key(|bar| (bar.start, bar.symbol));
    bars
}

#[track_caller]
fn split(line: &str, config: &EngineConfig, history: &mut History) {
    let (name, rest) = line.split_once(':').expect(line);
    let words: Vec<&str> = rest.split_whitespace().collect();
    if let ["split", after, before] = words[..] {
        let symbol = config.symbols.id(&orb_core::Symbol::new(name).expect(line)).expect(line);
        let [after, before] = [after, before].map(|word| word.parse().expect(line));
        history.split(symbol, Split { after, before });
    }
}

#[track_caller]
fn know(line: &str, config: &EngineConfig, reference: &mut [SymbolReference]) {
    let (name, rest) = line.split_once(':').expect(line);
    let name = orb_core::Symbol::new(name).expect(line);
    let known = &mut reference[config.symbols.id(&name).expect(line).index()];
    let mut words = rest.split_whitespace();
    while let Some(word) = words.next() {
        let mut value = || words.next().expect(line);
        match word {
            "prev" => known.previous_close = Some(value().parse().expect(line)),
            "atr" => known.atr14 = Some(value().parse().expect(line)),
            "wilder" => known.atr14_wilder = Some(value().parse().expect(line)),
            "volume14" => known.volume_sum14 = Some(value().parse().expect(line)),
            "opening14" => known.opening_volume_sum14 = [Some(value().parse().expect(line)); 5],
            // A split changes history, not what is known of it.
            "split" => drop((value(), words.next())),
            "restricted" => known.restricted = true,
            other => panic!("`{other}` is not known of a symbol"),
        }
    }
}
