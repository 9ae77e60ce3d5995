//! A backtest over bars that are still being read.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use orb_backtest::{Backtest, FillModel, Report};
use orb_core::{Bar, Calendar, EngineConfig, RunConfig};
use orb_data::bars::{DayStream, LoadOptions, Loaded, SessionBars, StreamError, stream};

use super::holes::{HoleCounter, Holes};
use super::input::{Agenda, Coverage, InputError, Market, MarketDay, Selection, load, settle_symbols};
use super::{Reports, RunOptions, run_both};
use crate::progress::Progress;

/// Days that wait for a run, at most: enough that neither waits for the other's longest day.
const DAYS_WAITING_MAX: usize = 4;

/// Runs the bars of a selection under both fill models while they are being read, and settles which symbols each
/// strategy trades.
///
/// Reports and errors are those of [`load`] and [`run_both`], which it falls back to where bars cannot be read in order
/// of time; only the memory that it takes does not grow with the number of days.
///
/// # Errors
/// When the bars cannot be read, or the configuration does not fit them.
///
/// # Panics
/// When a run panics: a broken invariant of the engine.
pub fn run_streamed(
    selection: &Selection,
    run: &mut RunConfig,
    options: RunOptions<'_>,
) -> Result<(Coverage, Reports), InputError> {
    run.validate()?;
    let calendar = Arc::new(orb_data::calendar::nyse_calendar(2005, 2100));
    let mut settled = run.clone();
    let loading = LoadOptions::new(&calendar);
    let outcome = stream(&selection.bars, &selection.warmup, loading, |days| {
        trade(days, selection, &calendar, &mut settled, options)
    })?;
    let market = match outcome {
        Ok(both) => {
            *run = settled;
            return Ok(both);
        }
        Err(Unfit::Files(error)) => return Err(error.into()),
        Err(Unfit::Order(loaded)) => Market::new(*loaded, calendar, selection, run)?,
        Err(Unfit::Configuration) => load(selection, run)?,
    };
    let reports = run_both(&market, run, options);
    Ok((market.coverage(), reports))
}

/// Explains why a run over a stream has no result.
enum Unfit {
    /// Something is wrong with the files.
    Files(orb_data::bars::DataError),
    /// The days were not in order after all.
    Order(Box<Loaded>),
    /// The configuration does not fit; what may be wrong with the files is to be told first.
    Configuration,
}

impl From<StreamError> for Unfit {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Data(error) => Self::Files(error),
            StreamError::Restart(loaded) => Self::Order(loaded),
        }
    }
}

/// Holds a day for both runs.
struct DayOfRun {
    day: MarketDay,
    bars: Option<SessionBars>,
}

impl DayOfRun {
    fn bars(&self) -> &[Bar] {
        self.bars.as_ref().map_or(&[], SessionBars::bars)
    }
}

fn trade(
    days: &mut DayStream<'_>,
    selection: &Selection,
    calendar: &Arc<Calendar>,
    run: &mut RunConfig,
    options: RunOptions<'_>,
) -> Result<(Coverage, Reports), Unfit> {
    let (symbols, bar_length) = (Arc::clone(days.symbols()), days.bar_length());
    let fits = run.validate_bar_length(bar_length).is_ok();
    let fits = fits && settle_symbols(&symbols, |symbol| days.is_tradable(symbol), run).is_ok();
    if !fits {
        return Err(Unfit::Configuration);
    }
    let config = || EngineConfig::new(run.clone(), Arc::clone(&symbols), Arc::clone(calendar), bar_length);
    // What is wrong with a table is told by loading.
    let agenda = Agenda::new(selection, calendar, &symbols, bar_length).map_err(|_| Unfit::Configuration)?;
    let coverage =
        Coverage { symbols: Arc::clone(&symbols), bar_length, sessions: Vec::new(), bars: 0, holes: Holes::default() };
    thread::scope(|scope| {
        let [(to_one, pessimistic), (to_other, optimistic)] =
            [FillModel::Pessimistic, FillModel::Optimistic].map(|model| {
                let ((sender, receiver), config) = (sync_channel(DAYS_WAITING_MAX), options.config(config(), model));
                (sender, scope.spawn(move || run_days(config, model, &receiver)))
            });
        let runs = [to_one, to_other];
        let fed = feed(days, agenda, coverage, &runs, options.progress);
        // The runs end when nobody can send to them any more.
        drop(runs);
        let coverage = fed?;
        let reports = Reports {
            pessimistic: pessimistic.join().expect("the pessimistic run does not panic"),
            optimistic: optimistic.join().expect("the optimistic run does not panic"),
        };
        if coverage.sessions.is_empty() { Err(Unfit::Configuration) } else { Ok((coverage, reports)) }
    })
}

/// Hands every day of the run to both runs.
fn feed(
    days: &mut DayStream<'_>,
    mut agenda: Agenda<'_>,
    mut coverage: Coverage,
    runs: &[SyncSender<Arc<DayOfRun>>; 2],
    progress: &Progress,
) -> Result<Coverage, StreamError> {
    let mut holes = HoleCounter::new(coverage.symbols.len(), coverage.bar_length);
    let mut lent = VecDeque::new();
    while let Some(streamed) = days.next_day()? {
        let certain = agenda.pass(&streamed.as_day());
        let mut bars = streamed.trade;
        for day in certain {
            let bars = bars.take_if(|_| day.session == streamed.session);
            let day = Arc::new(DayOfRun { day, bars });
            coverage.sessions.push(day.day.session);
            coverage.bars += day.bars().len();
            holes.add(&day.day.session, day.bars());
            progress.step();
            for run in runs {
                // A run that has gone has panicked, which joining it tells.
                let _gone = run.send(Arc::clone(&day));
            }
            lent.push_back(day);
        }
        let unused = [bars, streamed.warmup].into_iter().flatten();
        unused.chain(returned(&mut lent)).for_each(|bars| days.take_back(bars));
    }
    coverage.holes = holes.holes();
    Ok(coverage)
}

/// Takes the bars of the days that both runs are through with.
fn returned(lent: &mut VecDeque<Arc<DayOfRun>>) -> impl Iterator<Item = SessionBars> {
    // A day whose only holder is this one can be lent to nobody any more.
    let days = std::iter::from_fn(|| lent.pop_front_if(|day| Arc::strong_count(day) == 1));
    days.filter_map(|day| Arc::into_inner(day)?.bars)
}

fn run_days(config: EngineConfig, model: FillModel, days: &Receiver<Arc<DayOfRun>>) -> Report {
    let mut backtest = Backtest::new(config, model);
    for day in days {
        let MarketDay { session, reference } = &day.day;
        backtest.run_session(&orb_backtest::SessionBars { session, bars: day.bars(), reference });
    }
    backtest.finish()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use orb_core::config::preset;
    use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
    use orb_data::{BarSet, write};

    use super::*;

    /// Writes a synthetic market with its warm-up as Parquet, and leaves out the bars of some sessions to trade.
    fn written(folder: &tempfile::TempDir, without: &[usize]) -> Selection {
        let calendar = orb_data::nyse_calendar(2026, 2026);
        let options = SyntheticOptions { symbols: 5, sessions: 12, ..SyntheticOptions::default() };
        let market = SyntheticMarket::new(11, options).generate(&calendar).expect("a market");
        let sessions = market.trade.sessions().iter().enumerate();
        let kept = sessions.filter(|(index, _)| !without.contains(index)).flat_map(|(_, session)| session.bars());
        let trade =
            BarSet::from_bars(market.symbols().clone(), market.bar_length(), &calendar, kept.copied().collect());
        let paths = ["trade.parquet", "warmup.parquet"].map(|name| folder.path().join(name));
        for (path, bars) in paths.iter().zip([&trade.expect("valid bars"), &market.warmup]) {
            write::write(path, bars).expect("a file");
        }
        let [bars, warmup]: [PathBuf; 2] = paths;
        Selection { bars: vec![bars], warmup: vec![warmup], from: None, to: None }
    }

    #[track_caller]
    fn check(name: &str, selection: &Selection, sessions: usize) {
        let mut config = RunConfig::of(preset(name).expect(name));
        config.strategies[0].symbols.clear();
        let options = RunOptions { progress: &Progress::hidden(), explained: Some(FillModel::Pessimistic) };
        let (mut in_memory, mut on_the_way) = (config.clone(), config);
        let market = load(selection, &mut in_memory).expect("a market");
        let expected = run_both(&market, &in_memory, options);
        let (coverage, reports) = run_streamed(selection, &mut on_the_way, options).expect("the same market");
        assert_eq!(on_the_way, in_memory);
        assert_eq!((&coverage.sessions, coverage.holes), (&market.coverage().sessions, market.coverage().holes));
        assert_eq!((coverage.bars, coverage.sessions.len()), (market.bar_count(), sessions));
        assert_eq!(reports.pessimistic, expected.pessimistic);
        assert_eq!(reports.optimistic, expected.optimistic);
        assert!(!reports.pessimistic.trades.is_empty(), "a run without trades compares nothing");
    }

    #[test]
    fn a_run_over_a_stream_is_the_run_over_bars_in_memory() {
        let folder = tempfile::tempdir().expect("a folder");
        let all = written(&folder, &[]);
        check("orb-classic", &all, 12);
        check("orb-etf", &all, 12);
        let market = load(&all, &mut RunConfig::of(preset("orb-classic").expect("a preset"))).expect("a market");
        let date = |day: usize| Some(market.days[day].session.date);
        check("orb-classic", &Selection { from: date(2), to: date(8), ..all }, 7);
        check("orb-classic", &written(&folder, &[0, 4, 5, 11]), 10);
    }
}
