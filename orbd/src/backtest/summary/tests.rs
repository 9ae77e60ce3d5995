use chrono::Days;
use orb_backtest::Report;
use orb_core::config::preset;
use orb_core::fact::{ExitReason, Trade};
use orb_core::metrics::DayResult;
use orb_core::order::AttemptId;
use orb_core::{Price, Quantity, Side, StrategyId, Symbol, SymbolId, SymbolTable, Timestamp};

use super::*;

/// The keys of a fill model's object from the first version on: scripts rely on them.
const FIRST_KEYS: [&str; 14] = [
    "trades",
    "wins",
    "win_rate",
    "gross_pnl",
    "fees",
    "net_pnl",
    "average_win",
    "average_loss",
    "profit_factor",
    "expectancy_r",
    "sharpe",
    "sortino",
    "max_drawdown",
    "max_drawdown_fraction",
];

#[test]
fn the_table_fits_a_screen() {
    for trades in [0, 1, 150] {
        let text = render(&summary(trades, trades));
        assert!(text.lines().count() <= 32, "{} lines:\n{text}", text.lines().count());
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{widest:?} columns:\n{text}");
    }
}

#[test]
fn the_table_shows_both_models_side_by_side() {
    let text = render(&summary(150, 120));
    let row = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}:\n{text}"));
        line[name.len()..].split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("trades"), "150 120");
    // Two of three trades win 30 dollars, the others lose 20; each pays 0.50, and 100 shares slip a cent twice.
    assert_eq!(row("win rate"), "66.67% 66.67%");
    assert_eq!(row("fees, slippage"), "75.00 / 300.00 60.00 / 240.00");
    assert_eq!(row("average win, loss"), "29.50 / -20.50 29.50 / -20.50");
    assert_eq!(row("payoff, profit factor"), "1.439 / 2.878 1.439 / 2.878");
    assert_eq!(row("expectancy "), "12.83 12.83");
    assert_eq!(row("best, worst day"), "29.50 / -20.50 29.50 / -20.50");
    assert_eq!(row("holding, losing streak"), "1h 05m / 1 1h 05m / 1");
}

#[test]
fn too_few_trades_are_said_in_a_sentence() {
    let sentence = "Fewer than 100 trades (99 and 150) carry these figures: too few for a conclusion.";
    assert!(render(&summary(99, 150)).contains(sentence));
    assert!(render(&summary(150, 99)).contains("(150 and 99)"));
    assert!(!render(&summary(100, 100)).contains("Fewer"));
}

#[test]
fn json_keeps_its_first_keys_and_tells_the_rest() {
    let json = summary(99, 150).to_json();
    let (low, high) = (&json["pessimistic"], &json["optimistic"]);
    for key in FIRST_KEYS {
        assert!(!low[key].is_null(), "{key} of {low}");
    }
    assert_eq!((low["enough_trades"].as_bool(), high["enough_trades"].as_bool()), (Some(false), Some(true)));
    assert_eq!((low["slippage"].as_str(), low["pnl_before_costs"].as_str()), (Some("198"), Some("1518")));
    assert_eq!(low["average_holding_seconds"], 3_900);
    let interval = &low["intervals"]["expectancy_r"];
    let ends = (interval["low"].as_f64().unwrap(), interval["high"].as_f64().unwrap());
    let mean = low["expectancy_r"].as_f64().unwrap();
    assert!(ends.0 < mean && mean < ends.1, "{mean} in {ends:?}");
    assert_eq!(low["worst_day"]["net_pnl"], "-20.5");
    assert_eq!(low["deepest_drawdown"]["sessions"], 2);
}

#[test]
fn json_breakdowns_have_names_and_sum_to_the_total() {
    let json = summary(120, 120).to_json();
    let low = &json["pessimistic"];
    let breakdowns = low["breakdowns"].as_object().unwrap();
    assert_eq!(breakdowns.len(), 6);
    for (name, groups) in breakdowns {
        let trades: u64 = groups.as_array().unwrap().iter().map(|group| group["trades"].as_u64().unwrap()).sum();
        assert_eq!(Some(trades), low["trades"].as_u64(), "{name}");
    }
    let keys = |name: &str| {
        let groups = breakdowns[name].as_array().unwrap().iter();
        groups.map(|group| group["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((keys("symbol"), keys("strategy")), ("AAA BBB".to_owned(), "orb-classic".to_owned()));
    assert_eq!((keys("side"), keys("hour")), ("long short".to_owned(), "09:30-10:30".to_owned()));
    assert_eq!(keys("exit_reason"), "stop time_exit");
    assert_eq!(keys("weekday"), "Mon Tue Wed Thu Fri Sat Sun");
}

#[test]
fn json_without_trades_has_nulls() {
    let json = summary(0, 0).to_json();
    for key in ["win_rate", "expectancy", "sharpe", "best_day", "exposure", "deepest_drawdown", "total_return"] {
        assert!(json["pessimistic"][key].is_null(), "{key}");
    }
    assert!(json["pessimistic"]["intervals"]["sharpe"].is_null());
}

fn summary(pessimistic: u64, optimistic: u64) -> Summary {
    let run = RunConfig::of(preset("orb-classic").expect("a preset"));
    let symbols = SymbolTable::new(["AAA", "BBB"].map(|name| Symbol::new(name).expect("a symbol")));
    let figures = |trades| Figures::of(&report(trades), Names { symbols: &symbols, run: &run });
    Summary {
        strategies: "orb-classic".to_owned(),
        first: date(0),
        last: date(150),
        sessions: 150,
        symbols: 2,
        bars: 58_500,
        shown: FillModel::Pessimistic,
        pessimistic: figures(pessimistic),
        optimistic: figures(optimistic),
        paired: false,
        coarse: true,
        holes: Holes::default(),
    }
}

fn date(number: u64) -> Date {
    Date::from_ymd_opt(2024, 1, 1).expect("a date") + Days::new(number)
}

fn at(number: u64, minute: i64) -> Timestamp {
    let midnight = date(number).and_hms_opt(14, 30, 0).expect("a time").and_utc();
    Timestamp::from_datetime(midnight) + Span::from_minutes(minute)
}

/// Makes a report of one trade a day: two win 30 dollars before fees, then one loses 20.
fn report(days: u64) -> Report {
    let mut report = Report { slippage: vec![Price::from_cents(1)], ..Report::default() };
    let mut equity = Money::from_cents(10_000_000);
    for number in 0..days {
        let trade = trade(number);
        let (equity_open, realized) = (equity, trade.net());
        equity += realized;
        let (open, close) = (at(number, 0), at(number, 390));
        let (fees, drawdown) = (trade.fees, Money::ZERO);
        report.days.push(DayResult { date: date(number), open, close, equity_open, equity, realized, fees, drawdown });
        report.trades.push(trade);
    }
    report
}

fn trade(number: u64) -> Trade {
    let is_loss = number % 3 == 2;
    let (side, sign) = if number.is_multiple_of(2) { (Side::Long, 1) } else { (Side::Short, -1) };
    let result = if is_loss { -2_000 } else { 3_000 };
    Trade {
        attempt: AttemptId {
            date: date(number),
            strategy: StrategyId(0),
            symbol: SymbolId(u32::from(number.is_multiple_of(5))),
            attempt: 1,
        },
        side,
        entered: Quantity::new(100),
        exited: Quantity::new(100),
        entry_time: at(number, 5),
        exit_time: Some(at(number, 70)),
        entry_notional: Money::from_cents(500_000),
        exit_notional: Money::from_cents(500_000 + sign * result),
        fees: Money::from_cents(50),
        stop: Price::from_cents(5_000 - sign * 20),
        target: None,
        exit_reason: Some(if is_loss { ExitReason::Stop } else { ExitReason::TimeExit }),
        unprotected: Span::ZERO,
    }
}
