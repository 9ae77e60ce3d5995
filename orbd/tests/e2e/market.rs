//! Bars on disk, and what `orbd backtest` makes of them.

use std::path::{Path, PathBuf};

use orb_core::{Bar, Date, Price, Session, Span, Symbol, SymbolId, SymbolTable, calendar::Calendar};
use orb_data::{
    BarSet, Loaded,
    synthetic::{SyntheticMarket, SyntheticOptions},
};
use orbd::demo::SYNTHETIC_SEED;
use tempfile::TempDir;

use crate::daemon::{orbd, text};

/// Symbols of the stairs.
pub(crate) const STEPS: u32 = 24;
/// Minutes from the open to the first breakout of the stairs.
const FIRST_STEP: i64 = 10;
/// Minutes from one breakout to the next.
const STEP: i64 = 14;

fn calendar() -> Calendar {
    orb_data::nyse_calendar(2026, 2026)
}

/// Returns the day of the bars that are made here.
pub(crate) fn day() -> Date {
    Date::from_ymd_opt(2026, 3, 2).unwrap()
}

/// Files of bars.
pub(crate) struct Files {
    pub(crate) folder: TempDir,
    pub(crate) bars: PathBuf,
    /// Absent where there is no history.
    pub(crate) warmup: Option<PathBuf>,
}

impl Files {
    fn write(trade: &BarSet, warmup: Option<&BarSet>, extension: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let save = |name: &str, set: &BarSet| {
            let path = folder.path().join(format!("{name}.{extension}"));
            orb_data::write::write(&path, set).unwrap();
            path
        };
        let (bars, warmup) = (save("bars", trade), warmup.map(|set| save("warmup", set)));
        Self { folder, bars, warmup }
    }

    /// Writes the market of a demo without `--bars`, as files of a format.
    pub(crate) fn synthetic(extension: &str) -> Self {
        let market = SyntheticMarket::new(SYNTHETIC_SEED, SyntheticOptions::default());
        let Loaded { trade, warmup, .. } = market.generate(&calendar()).unwrap();
        Self::write(&trade, Some(&warmup), extension)
    }

    /// Writes the same with the sessions before in the same file.
    pub(crate) fn synthetic_in_one(extension: &str) -> Self {
        let market = SyntheticMarket::new(SYNTHETIC_SEED, SyntheticOptions::default());
        let Loaded { trade, warmup, .. } = market.generate(&calendar()).unwrap();
        let bars: Vec<Bar> = warmup.iter().chain(trade.iter()).copied().collect();
        let whole = BarSet::from_bars(trade.symbols().clone(), trade.bar_length(), &calendar(), bars).unwrap();
        Self::write(&whole, None, extension)
    }

    /// Writes a day on which one symbol after the other breaks out, all day long.
    ///
    /// Of four, the first is held to the end of the day, the second reaches its target, the third its stop, and the
    /// fourth is held too. Those of odd numbers go short.
    pub(crate) fn stairs() -> Self {
        let calendar = calendar();
        let session = *calendar.session(day()).unwrap();
        let symbols = SymbolTable::new((0..STEPS).map(|number| Symbol::new(&format!("STEP{number:02}")).unwrap()));
        let bars = (0..STEPS).flat_map(|number| stair(number, &session)).collect();
        let set = BarSet::from_bars(symbols, Span::from_minutes(1), &calendar, bars).unwrap();
        Self::write(&set, None, "csv")
    }

    /// Runs the backtest of one day and returns its trades and its decisions, line by line.
    #[track_caller]
    pub(crate) fn backtest(&self, date: Date, settings: &[&str]) -> Outcome {
        backtest(&self.bars, self.warmup.as_deref(), date, settings)
    }
}

/// What a run came to: lines of CSV.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    /// With the header.
    pub(crate) trades: Vec<String>,
    /// Without one, sorted.
    pub(crate) decisions: Vec<String>,
}

#[track_caller]
pub(crate) fn backtest(bars: &Path, warmup: Option<&Path>, date: Date, settings: &[&str]) -> Outcome {
    let folder = TempDir::new().unwrap();
    let (trades, decisions) = (folder.path().join("trades.csv"), folder.path().join("decisions.csv"));
    let date = date.to_string();
    let mut arguments = vec!["backtest", "--from", &date, "--to", &date, "--bars", text(bars)];
    arguments.extend(warmup.iter().flat_map(|path| ["--warmup", text(path)]));
    arguments.extend(["--trades", text(&trades), "--decisions", text(&decisions)]);
    arguments.extend(settings);
    orbd(&arguments).succeeded();
    let lines = |path| std::fs::read_to_string(path).unwrap().lines().map(ToOwned::to_owned).collect::<Vec<_>>();
    let mut decisions = lines(&decisions).split_off(1);
    decisions.sort();
    Outcome { trades: lines(&trades), decisions }
}

/// Makes the bars of one step: a range of a dollar around 100.50, a wait inside of it, and the breakout.
fn stair(number: u32, session: &Session) -> Vec<Bar> {
    let breakout = FIRST_STEP + STEP * i64::from(number);
    let is_short = number % 2 == 1;
    let minutes = (session.close - session.open).minutes();
    let after = |minute: i64| match number % 4 {
        1 if minute > breakout + 20 => 450,
        2 if minute > breakout + 30 => -150,
        _ => 70,
    };
    let shape = |minute: i64| match minute {
        // Around the middle of the range, in cents, upwards for a long.
        0..5 => (-50, 50),
        _ if minute < breakout => (-10, 10),
        _ if minute == breakout => (20, 70),
        _ => (after(minute) - 5, after(minute) + 5),
    };
    let bar = |minute: i64| {
        let (low, high) = shape(minute);
        let (low, high) = if is_short { (-high, -low) } else { (low, high) };
        let price = |cents: i64| Price::from_cents(10_050 + cents);
        let (open, close) = if is_short { (high, low) } else { (low, high) };
        Bar {
            symbol: SymbolId(number),
            start: session.open + Span::from_minutes(minute),
            open: price(open),
            high: price(high),
            low: price(low),
            close: price(close),
            volume: 1_000,
        }
    };
    (0..minutes).map(bar).collect()
}
