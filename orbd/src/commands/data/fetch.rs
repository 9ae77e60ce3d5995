//! `orbd data fetch`: bars and reference data from Alpaca.

mod reference;

use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::Days;
use clap::Args;
use orb_core::config::RANGE_MINUTES;
use orb_core::{Calendar, Date, Session, Span, Symbol, SymbolId, SymbolTable, Timestamp};
use orb_data::bars::BarSet;
use orb_data::dataset::{Dataset, Feed, Imported};
use orb_exec::alpaca::{Environment, Feed as AlpacaFeed, Rest};
use orb_exec::{Clock as _, WallClock};

use super::shown::{ShownImported, print};
use crate::commands::emergency::runtime;
use crate::commands::{Report, SettingArgs};
use crate::environment::{EnvironmentArgs, EnvironmentConfig};
use crate::progress::Progress;
use crate::run::{SESSIONS, SIMULATOR_REQUESTS};

/// The length of Alpaca's bars that orb works on.
const MINUTE: Span = Span::from_minutes(1);
/// How long after the close a session is complete at the data host: an account without a subscription sees trades of all
/// exchanges fifteen minutes later.
const SETTLING: Span = Span::from_minutes(20);
/// Symbols that are asked for, kept and never asked for again at once.
const SYMBOLS_AT_ONCE: usize = 500;
/// Days before the last date that may be asked for: more than a calendar has would be a slip.
const DAYS: RangeInclusive<u32> = 1..=10_000;
/// How often a question is asked, with twice the pause after each failure.
const ATTEMPTS: u32 = 5;
/// The first pause.
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Args, Clone, Debug)]
pub(super) struct FetchArgs {
    /// The dataset; made if there is none
    #[arg(value_name = "DATASET")]
    folder: PathBuf,
    /// Configuration file (TOML) of the daemon: where Alpaca is, the feed, and the symbols if none are named here
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// Symbols to load
    #[arg(long, num_args = 1.., value_name = "SYMBOL")]
    symbols: Vec<String>,
    /// A file of symbols to load, one on a line; # begins a comment
    #[arg(long, value_name = "FILE")]
    symbols_file: Option<PathBuf>,
    /// Load reference data instead of whole days of minutes: daily bars, opening ranges, the listing of assets and
    /// corporate actions
    #[arg(long)]
    reference: bool,
    /// Load the reference data of all assets that can be traded on an exchange
    #[arg(long, requires = "reference", conflicts_with_all = ["symbols", "symbols_file"])]
    all: bool,
    /// Lengths of the opening ranges in minutes
    #[arg(long, num_args = 1.., value_name = "MINUTES", default_values_t = [5], requires = "reference", value_parser = range_minutes)]
    range_minutes: Vec<u32>,
    /// First date: YYYY-MM-DD, or so many days before the last date, as 45d [default with --reference: what the means over
    /// 14 sessions need]
    #[arg(long, value_name = "DATE|DAYS", required_unless_present = "reference")]
    from: Option<First>,
    /// Last date, YYYY-MM-DD [default: the last session that is over]
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// Show no progress
    #[arg(long)]
    quiet: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Says with which date to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    /// With this one.
    Date(Date),
    /// With the date so many days before the last one, whatever year it is at the broker.
    Days(u32),
}

impl FromStr for First {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let days = text.strip_suffix('d').and_then(|days| days.parse().ok()).filter(|days| DAYS.contains(days));
        let date = || text.parse().ok().map(Self::Date);
        days.map(Self::Days).or_else(date).ok_or_else(|| {
            let (first, last) = (DAYS.start(), DAYS.end());
            format!("expected a date as 2026-03-02, or {first} to {last} days before the last date as 45d")
        })
    }
}

impl First {
    /// Returns the first date where the last one is this.
    fn before(self, last: Date) -> Date {
        match self {
            Self::Date(date) => date,
            // Ten thousand days are no way to the end of the calendar.
            Self::Days(days) => last.checked_sub_days(Days::new(days.into())).unwrap_or(Date::MIN),
        }
    }
}

fn range_minutes(text: &str) -> Result<u32, String> {
    let minutes = text.parse().ok().filter(|minutes| RANGE_MINUTES.contains(minutes));
    minutes.ok_or_else(|| format!("an opening range has 1, 5, 15, 30 or 60 minutes, not {text}"))
}

pub(super) fn run(args: &FetchArgs, calendar: &Calendar) -> anyhow::Result<Report> {
    let settings = SettingArgs { config: args.config.clone(), ..SettingArgs::default() };
    let environment = settings.resolve_environment(&args.environment)?;
    if args.reference {
        return reference::run(args, &settings, &environment, calendar);
    }
    let symbols = Arc::new(args.symbols(&settings)?);
    let rest = client(&environment, Arc::clone(&symbols), Arc::new(calendar.clone()))?;
    let dataset = Dataset::open_or_create(&args.folder, feed(environment.feed), MINUTE)?;
    runtime()?.block_on(async {
        let now = now(&environment, &rest).await?;
        let sessions = args.sessions(calendar, now)?;
        let progress = Progress::steps("fetching", sessions.len(), args.quiet);
        let mut fetching = Fetching { dataset, rest, symbols, calendar, now, total: Imported::default() };
        for session in sessions {
            let fetched = fetching.session(session).await;
            fetched.with_context(|| {
                format!("{}: the sessions before are kept; the same command goes on from there", session.date)
            })?;
            progress.step();
        }
        progress.finish();
        print(&ShownImported::of(&args.folder, fetching.total), args.json)
    })
}

impl FetchArgs {
    /// Collects the symbols: those that are named, else those of the configuration's strategies.
    fn symbols(&self, settings: &SettingArgs) -> anyhow::Result<SymbolTable> {
        let mut symbols = Vec::new();
        for name in &self.symbols {
            symbols.push(Symbol::new(name).context("--symbols")?);
        }
        if let Some(path) = &self.symbols_file {
            let text = fs::read_to_string(path).with_context(|| format!("--symbols-file {}", path.display()))?;
            for (index, line) in text.lines().enumerate() {
                let name = line.split('#').next().unwrap_or_default().trim();
                if !name.is_empty() {
                    let symbol = Symbol::new(name);
                    symbols.push(symbol.with_context(|| format!("{}, line {}", path.display(), index + 1))?);
                }
            }
        }
        if symbols.is_empty() && self.config.is_some() {
            let run = settings.resolve_live(&self.environment)?.run;
            symbols = run.strategies.into_iter().flat_map(|strategy| strategy.symbols).collect();
        }
        if symbols.is_empty() {
            bail!("no symbols: name them by --symbols or --symbols-file, or in the strategies of --config");
        }
        Ok(SymbolTable::new(symbols))
    }

    /// Chooses the sessions that are over.
    fn sessions<'a>(&self, calendar: &'a Calendar, now: Timestamp) -> anyhow::Result<&'a [Session]> {
        let over = calendar.sessions().partition_point(|session| session.close + SETTLING <= now);
        let Some(last) = over.checked_sub(1).map(|index| calendar.sessions()[index].date) else {
            bail!("--from: no session of the calendar is over yet");
        };
        let to = self.to.unwrap_or(last);
        if to > last {
            bail!("--to {to}: the session is not over, or its bars are not complete yet; the last that is: {last}");
        }
        let count = over.min(calendar.sessions().partition_point(|session| session.date <= to));
        let by_default = calendar.sessions()[count.saturating_sub(SESSIONS)..].first().map_or(to, |first| first.date);
        let from = self.from.map_or(by_default, |from| from.before(to));
        match calendar.between(from, to) {
            [] => bail!("--from {from} --to {to}: there is no session in these dates"),
            sessions => Ok(sessions),
        }
    }
}

/// Loads sessions one after the other.
struct Fetching<'a> {
    dataset: Dataset,
    rest: Rest,
    symbols: Arc<SymbolTable>,
    calendar: &'a Calendar,
    now: Timestamp,
    total: Imported,
}

impl Fetching<'_> {
    /// Loads what is not there yet of a session.
    async fn session(&mut self, session: &Session) -> anyhow::Result<()> {
        let asked = self.dataset.asked(session.date)?;
        let is_missing = |name: &Symbol| asked.binary_search_by(|one| one.as_str().cmp(name.as_str())).is_err();
        let missing: Vec<SymbolId> =
            self.symbols.iter().filter(|(_, name)| is_missing(name)).map(|(id, _)| id).collect();
        for ids in missing.chunks(SYMBOLS_AT_ONCE) {
            let bars = self.bars(ids, session).await?;
            let bars = bars.into_iter().filter(|bar| bar.volume > 0).collect();
            let set = BarSet::from_bars(self.symbols.as_ref().clone(), MINUTE, self.calendar, bars)?;
            let names: Vec<Symbol> = ids.iter().map(|&id| self.symbols.name(id).clone()).collect();
            let imported = self.dataset.import_answer(session.date, &names, &set, self.calendar)?;
            self.total.sessions += imported.sessions;
            self.total.added += imported.added;
            self.total.same += imported.same;
            self.total.replaced += imported.replaced;
        }
        self.dataset.derive(session, self.calendar)?;
        Ok(())
    }

    async fn bars(&self, ids: &[SymbolId], session: &Session) -> anyhow::Result<Vec<orb_core::Bar>> {
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS {
            match self.rest.bars(ids, session.open, session.close, self.now).await {
                Ok(bars) => return Ok(bars),
                Err(error) => tracing::warn!(component = "Data", "{}: {error}; asking again", session.date),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Ok(self.rest.bars(ids, session.open, session.close, self.now).await?)
    }
}

fn client(environment: &EnvironmentConfig, symbols: Arc<SymbolTable>, calendar: Arc<Calendar>) -> anyhow::Result<Rest> {
    let mut config = environment.alpaca(environment.credentials()?);
    if environment.environment == Environment::Sim {
        // A simulator counts its own minutes, which may be short.
        config.limits.per_minute = config.limits.per_minute.max(SIMULATOR_REQUESTS);
    }
    Ok(Rest::new(&config, symbols, calendar)?)
}

/// Returns the time: a simulator has one of its own.
async fn now(environment: &EnvironmentConfig, rest: &Rest) -> anyhow::Result<Timestamp> {
    if environment.environment != Environment::Sim {
        return Ok(WallClock::default().now());
    }
    rest.time().await.context("the simulator's clock")
}

const fn feed(feed: AlpacaFeed) -> Feed {
    match feed {
        AlpacaFeed::Sip => Feed::Sip,
        AlpacaFeed::Iex => Feed::Iex,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_date_is_a_date_or_days_before_the_last() {
        let last: Date = "2026-03-02".parse().expect("a date");
        let of = |text: &str| text.parse::<First>().map(|from| from.before(last).to_string());
        assert_eq!(of("2025-12-31").as_deref(), Ok("2025-12-31"));
        assert_eq!(of("1d").as_deref(), Ok("2026-03-01"));
        assert_eq!(of("45d").as_deref(), Ok("2026-01-16"));
        for wrong in ["", "d", "0d", "-1d", "45", "45 d", "10001d", "1.5d", "yesterday", "2026-02-30"] {
            let error = of(wrong).expect_err(wrong);
            assert!(error.contains("2026-03-02") && error.contains("45d"), "{error}");
        }
    }
}
