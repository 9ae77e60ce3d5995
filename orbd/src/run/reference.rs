//! What must be known of a day before its open: from a dataset, and of the broker only what is missing there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use orb_core::config::{AtrMethod, RunConfig};
use orb_core::history::LOOKBACK;
use orb_core::{Calendar, Session, Span, Symbol, SymbolTable};
use orb_data::dataset::{Dataset, DatasetError, Feed};
use orb_data::reference::{Reference, ThinFeed, Wanted};
use orb_exec::alpaca::{self, Rest};

use crate::gather::{GatherError, Gatherer, Narrowing, Needs, Order};

/// Sessions that the plain features need: 14 true ranges, the close before the first of them, and one to spare.
pub(crate) const SESSIONS: usize = LOOKBACK + 2;
/// Sessions after which the beginning of Wilder's average weighs less than a hundredth of a percent.
const SESSIONS_WILDER: usize = 130;

/// Says over which sessions a day's features are computed.
#[must_use]
fn sessions_needed(run: &RunConfig) -> usize {
    let smooths = run.strategies.iter().any(|strategy| strategy.atr_method == AtrMethod::Wilder);
    if smooths { SESSIONS_WILDER } else { SESSIONS }
}

/// Says what a run needs to know of its symbols.
#[must_use]
pub(crate) fn needs(run: &RunConfig, symbols: &SymbolTable) -> Needs {
    let mut minutes: Vec<u32> = run.strategies.iter().map(|strategy| strategy.range_minutes).collect();
    minutes.sort_unstable();
    minutes.dedup();
    let symbols: Vec<Symbol> = symbols.iter().map(|(_, name)| name.clone()).collect();
    Needs { symbols, sessions: sessions_needed(run), minutes, narrowing: Narrowing::of(run) }
}

/// Returns why the feed is refused for the strategies that filter by relative volume; none where it is fit.
#[must_use]
pub(crate) fn refused(run: &RunConfig, known: &Known) -> Vec<ThinFeed> {
    let reference = known.reference.of_symbols(&known.ranked);
    let by_volume = run.strategies.iter().filter(|strategy| strategy.filters.rvol_min.is_some());
    let mut minutes: Vec<u32> = by_volume.map(|strategy| strategy.range_minutes).collect();
    minutes.sort_unstable();
    minutes.dedup();
    minutes.into_iter().filter_map(|minutes| reference.check_feed(minutes).err()).collect()
}

/// Rounds in which opening ranges are asked for; each asks for those that take the place of symbols without them.
const ROUNDS_MAX: usize = 16;

/// Holds what is known of symbols before a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// What is known of each.
    pub(crate) reference: Reference,
    /// Those whose opening ranges were asked for, in order; of the others it is known that they cannot be chosen.
    pub(crate) ranked: Vec<Symbol>,
}

/// Knows the days before a session.
pub(crate) trait KnownDays: Send + Sync + 'static {
    /// Returns what is known of some symbols before a session.
    ///
    /// # Errors
    /// When any part of it cannot be had; the text says why.
    fn known(&self, session: &Session, needs: Needs) -> impl Future<Output = Result<Known, String>> + Send;
}

/// Says where the daemon keeps reference data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shelf {
    /// The dataset's folder; made if there is none.
    pub(crate) folder: PathBuf,
    /// The feed of its bars.
    pub(crate) feed: Feed,
}

impl Shelf {
    /// Returns the shelf of a market in the state directory: paper and live see the same one, and share it.
    #[must_use]
    pub(crate) fn of(state: &Path, is_simulated: bool, feed: alpaca::Feed) -> Self {
        let feed = match feed {
            alpaca::Feed::Sip => Feed::Sip,
            alpaca::Feed::Iex => Feed::Iex,
        };
        let market = if is_simulated { "simulated" } else { "market" };
        Self { folder: state.join(format!("dataset-{market}-{feed}")), feed }
    }

    /// Forgets everything: a simulator may be another market at every start.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(crate) fn forget(&self) -> std::io::Result<()> {
        // A folder of other things is nobody's to remove.
        if Dataset::open(&self.folder).is_ok() { fs::remove_dir_all(&self.folder) } else { Ok(()) }
    }

    /// Gathers what is missing for a session, and returns what is known.
    ///
    /// # Errors
    /// When days or ranges of the symbols cannot be had. Without a listing of assets nothing is known of them, which is
    /// told, and no reason not to trade what is known otherwise.
    pub(crate) async fn known(
        &self,
        rest: &Rest,
        calendar: &Calendar,
        session: &Session,
        needs: Needs,
    ) -> Result<Known, GatherError> {
        let (folder, feed) = (self.folder.clone(), self.feed);
        let opened = tokio::task::spawn_blocking(move || -> Result<Dataset, DatasetError> {
            Dataset::open_or_create(&folder, feed, Span::from_minutes(1))
        });
        let dataset = opened.await.map_err(|_| GatherError::Ended)??;
        let mut gatherer = Gatherer::new(rest, calendar, dataset);
        let wanted = Wanted { session, symbols: &needs.symbols, sessions: needs.sessions };
        let (_, past) = wanted.past(calendar);
        let order = Order { today: session.date, past, ranges: LOOKBACK, minutes: &needs.minutes };
        let listed = gatherer.assets(session.date).await;
        if let Err(error) = &listed {
            tracing::warn!(component = "Data", "what may be sold short is not known: {error}");
        }
        gatherer.actions(&order).await?;
        let known = match &needs.narrowing {
            None => {
                gatherer.history(&order, &needs.symbols, || {}).await?;
                let reference = gatherer.read(*session, &needs).await?;
                Known { reference, ranked: needs.symbols }
            }
            // Without the listing it is not known from what to choose.
            Some(narrowing) => {
                listed?;
                narrowed(&mut gatherer, &order, session, &needs, narrowing).await?
            }
        };
        let gathered = gatherer.gathered();
        tracing::info!(
            component = "Data",
            days = gathered.days,
            ranges = gathered.ranges,
            assets = gathered.assets,
            actions = gathered.actions,
            "reference data of {} is there",
            session.date
        );
        Ok(known)
    }
}

/// Gathers the days of all symbols in which orders are taken, and opening ranges of those alone that may be chosen.
async fn narrowed(
    gatherer: &mut Gatherer<'_>,
    order: &Order<'_>,
    session: &Session,
    needs: &Needs,
    narrowing: &Narrowing,
) -> Result<Known, GatherError> {
    let tradable: BTreeSet<Symbol> = gatherer.tradable(session.date).await?.into_iter().collect();
    let symbols: Vec<Symbol> = needs.symbols.iter().filter(|symbol| tradable.contains(*symbol)).cloned().collect();
    tell_of_new(&tradable, &needs.symbols);
    gatherer.days(order, &symbols, || {}).await?;
    let mut ranked = BTreeSet::new();
    for _ in 0..ROUNDS_MAX {
        let reference = gatherer.read(*session, needs).await?;
        let next = narrowing.next(&reference, &ranked);
        if next.is_empty() {
            return Ok(Known { reference, ranked: ranked.into_iter().collect() });
        }
        gatherer.opening_ranges(order, &next, || {}).await?;
        ranked.extend(next);
    }
    let reference = gatherer.read(*session, needs).await?;
    tracing::warn!(
        component = "Data",
        "so many symbols lack opening ranges that the universe of {} is smaller",
        session.date
    );
    Ok(Known { reference, ranked: ranked.into_iter().collect() })
}

/// Says how many assets are listed that were not when orb was started: its table of symbols is made then.
fn tell_of_new(tradable: &BTreeSet<Symbol>, symbols: &[Symbol]) {
    let known: BTreeSet<&Symbol> = symbols.iter().collect();
    let new = tradable.iter().filter(|symbol| !known.contains(symbol)).count();
    if new > 0 {
        tracing::info!(
            component = "Data",
            "{new} assets are listed since orb was started: from its next start on it chooses from them too"
        );
    }
}

#[cfg(test)]
mod tests {
    use orb_core::config::preset;
    use orb_data::reference::{Facts, OpeningDay, PastDay};

    use super::*;

    #[test]
    fn a_run_needs_the_ranges_of_its_strategies_and_the_days_of_their_averages() {
        let symbols = SymbolTable::new(["B", "A"].map(|name| Symbol::new(name).expect("a symbol")));
        let mut run = RunConfig::of(preset("orb-classic").expect("a preset"));
        let known = needs(&run, &symbols);
        assert_eq!((known.symbols.len(), known.sessions, known.minutes.as_slice()), (2, 16, &[5][..]));
        run.strategies[0].atr_method = AtrMethod::Wilder;
        run.strategies[0].range_minutes = 15;
        let known = needs(&run, &symbols);
        assert_eq!((known.sessions, known.minutes.as_slice()), (130, &[15][..]));
    }

    /// Makes a symbol known that traded on fourteen days, so many of whose ranges are complete.
    fn known(complete: usize) -> Known {
        let date = |day: usize| orb_core::Date::from_ymd_opt(2026, 3, 2 + day as u32).expect("a date");
        let price = orb_core::Price::from_cents(100);
        let mut facts = Facts::default();
        for day in 0..LOOKBACK {
            let volumes = [(day < complete).then_some(100); 5];
            facts.openings.push(OpeningDay { date: date(day), volumes });
            let (open, high, low, close) = (price, price, price, price);
            facts.days.push(PastDay { date: date(day), open, high, low, close, volume: 1 });
        }
        let symbol = Symbol::new("A").expect("a symbol");
        let reference = Reference { date: date(20), feed: Feed::Iex, symbols: [(symbol.clone(), facts)].into() };
        Known { reference, ranked: vec![symbol] }
    }

    #[test]
    fn a_thin_feed_is_refused_where_relative_volume_decides_and_nowhere_else() {
        let ranks = RunConfig::of(preset("orb-sip").expect("a preset"));
        assert_eq!(refused(&ranks, &known(12)), []);
        let why = refused(&ranks, &known(11));
        assert_eq!(why.len(), 1);
        assert!(why[0].to_string().contains("11 of 14 opening ranges"), "{}", why[0]);
        assert_eq!(refused(&RunConfig::of(preset("orb-classic").expect("a preset")), &known(11)), []);
        let mut narrowed = known(12);
        narrowed
            .reference
            .symbols
            .insert(Symbol::new("B").expect("a symbol"), known(0).reference.symbols.into_values().next().expect("one"));
        assert_eq!(refused(&ranks, &narrowed), [], "a symbol whose ranges were not asked for says nothing of the feed");
    }

    #[test]
    fn each_market_and_feed_has_a_shelf_and_only_a_dataset_is_forgotten() {
        let state = tempfile::tempdir().expect("a folder");
        let of = |is_simulated, feed| Shelf::of(state.path(), is_simulated, feed);
        let shelf = of(true, alpaca::Feed::Iex);
        let others = [of(false, alpaca::Feed::Iex), of(false, alpaca::Feed::Sip), of(true, alpaca::Feed::Sip)];
        assert!(others.iter().all(|other| other.folder != shelf.folder));
        shelf.forget().expect("nothing there");
        drop(Dataset::open_or_create(&shelf.folder, shelf.feed, Span::from_minutes(1)).expect("a dataset"));
        shelf.forget().expect("removed");
        assert!(!shelf.folder.exists());
        fs::create_dir_all(&shelf.folder).expect("made");
        fs::write(shelf.folder.join("letters.txt"), "dear").expect("written");
        shelf.forget().expect("left alone");
        assert!(shelf.folder.join("letters.txt").exists());
    }
}
