//! Reference data from the broker into a dataset: what is missing, and no more.
//!
//! A symbol is asked for under the name that it had on a date, so a row never depends on when it was asked for. Few
//! requests do: days of hundreds of symbols come in one, and of opening ranges only their minutes are asked for.

mod disk;
mod error;
mod narrowing;
mod plan;
mod rows;

use orb_core::{Calendar, Date, Session, Symbol, Timestamp};
use orb_data::Dataset;
use orb_data::dataset::Table;
use orb_data::reference::{Asset, CorporateAction, Lineage, Reference, Wanted};
use orb_exec::alpaca::{BarLength, NamedBars, PastBars, Rest};

use self::disk::Disk;
pub(crate) use self::error::GatherError;
pub(crate) use self::narrowing::Narrowing;
use self::plan::{Question, questions};
use self::rows::{action, asset, days};

/// Symbols in one question: the answer of one for sixteen days, or for five minutes, fits into one page.
const SYMBOLS_AT_ONCE: usize = 500;

/// Counts what was gathered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gathered {
    /// Days that are new or others than before.
    pub(crate) days: u64,
    /// Opening ranges that are new or others than before.
    pub(crate) ranges: u64,
    /// Assets of the listing; 0 when it was there already.
    pub(crate) assets: u64,
    /// Corporate actions that were told.
    pub(crate) actions: u64,
}

/// Says what is to be gathered for the morning of a session.
#[derive(Clone, Debug)]
pub(crate) struct Order<'a> {
    /// The session's date; symbols have their names of that date.
    pub(crate) today: Date,
    /// The sessions before that count, the oldest first; all of them are over.
    pub(crate) past: &'a [Session],
    /// Of these, the last so many have opening ranges.
    pub(crate) ranges: usize,
    /// The lengths of the opening ranges in minutes.
    pub(crate) minutes: &'a [u32],
}

/// Says what is to be known of which symbols.
#[derive(Clone, Debug)]
pub(crate) struct Needs {
    /// The symbols.
    pub(crate) symbols: Vec<Symbol>,
    /// How many sessions before count.
    pub(crate) sessions: usize,
    /// The lengths of the opening ranges in minutes.
    pub(crate) minutes: Vec<u32>,
    /// Which of the symbols opening ranges are needed of; `None` for all of them.
    pub(crate) narrowing: Option<Narrowing>,
}

/// Asks for the broker's listing of active assets.
///
/// # Errors
/// When it cannot be had, or is empty.
pub(crate) async fn listing(rest: &Rest) -> Result<Vec<Asset>, GatherError> {
    let listed = rest.assets().await.map_err(|error| GatherError::asked("the listing of assets", error))?;
    if listed.is_empty() { Err(GatherError::NoAssets) } else { Ok(listed.into_iter().map(asset).collect()) }
}

/// Gathers reference data.
#[derive(Debug)]
pub(crate) struct Gatherer<'a> {
    rest: &'a Rest,
    calendar: &'a Calendar,
    disk: Disk,
    gathered: Gathered,
}

impl<'a> Gatherer<'a> {
    /// Begins with a dataset that was opened for changes.
    pub(crate) fn new(rest: &'a Rest, calendar: &'a Calendar, dataset: Dataset) -> Self {
        Self { rest, calendar, disk: Disk::new(dataset), gathered: Gathered::default() }
    }

    /// Returns what was gathered so far.
    pub(crate) const fn gathered(&self) -> Gathered {
        self.gathered
    }

    /// Reads what is known of some symbols before a session.
    ///
    /// # Errors
    /// When the dataset cannot be read.
    pub(crate) async fn read(&mut self, session: Session, needs: &Needs) -> Result<Reference, GatherError> {
        let calendar = self.calendar.clone();
        let Needs { symbols, sessions, minutes, narrowing: _ } = needs.clone();
        let read = move |dataset: &mut Dataset| {
            let wanted = Wanted { session: &session, symbols: &symbols, sessions };
            Reference::read(dataset, &calendar, &wanted, &minutes)
        };
        self.disk.run(read).await
    }

    /// Gathers the listing of a morning unless it is there.
    ///
    /// # Errors
    /// When it cannot be had or kept.
    pub(crate) async fn assets(&mut self, today: Date) -> Result<(), GatherError> {
        if self.disk.run(move |dataset| dataset.has_everything(Table::Assets, today)).await? {
            return Ok(());
        }
        let assets = listing(self.rest).await?;
        self.gathered.assets += self.disk.run(move |dataset| dataset.set_assets(today, assets)).await?;
        Ok(())
    }

    /// Returns the symbols of a morning's listing that can be traded at an exchange.
    ///
    /// # Errors
    /// When the dataset cannot be read.
    pub(crate) async fn tradable(&mut self, today: Date) -> Result<Vec<Symbol>, GatherError> {
        let assets = self.disk.run(move |dataset| dataset.assets(today)).await?.unwrap_or_default();
        let tradable = assets.into_iter().filter(|asset| asset.exclusion().is_none());
        Ok(tradable.map(|asset| asset.symbol).collect())
    }

    /// Gathers the corporate actions of past sessions where they are missing, and those of the morning again: until its
    /// open more may be announced.
    ///
    /// # Errors
    /// When they cannot be had or kept.
    pub(crate) async fn actions(&mut self, order: &Order<'_>) -> Result<(), GatherError> {
        let mut first = order.today;
        for session in order.past {
            let date = session.date;
            if !self.disk.run(move |dataset| dataset.has_everything(Table::Actions, date)).await? {
                first = first.min(date);
            }
        }
        let after = self.date_before(first);
        let told = self.rest.corporate_actions(after, order.today).await;
        let told = told.map_err(|error| GatherError::asked("corporate actions", error))?;
        let told: Vec<CorporateAction> = told.into_iter().map(action).collect();
        let dates = order.past.iter().map(|session| session.date).filter(|date| *date >= first);
        for date in dates.chain([order.today]) {
            let after = self.session_before(date);
            let of_date =
                |action: &&CorporateAction| after.is_none_or(|after| after < action.date) && action.date <= date;
            let of_date: Vec<CorporateAction> = told.iter().filter(of_date).cloned().collect();
            self.gathered.actions += self.disk.run(move |dataset| dataset.set_actions(date, of_date)).await?;
        }
        Ok(())
    }

    /// Gathers the days and opening ranges of some symbols where they are missing, and calls `done` after each answer.
    ///
    /// # Errors
    /// When any cannot be had or kept; what came before is kept.
    pub(crate) async fn history(
        &mut self,
        order: &Order<'_>,
        symbols: &[Symbol],
        mut done: impl FnMut(),
    ) -> Result<(), GatherError> {
        self.days(order, symbols, &mut done).await?;
        self.opening_ranges(order, symbols, &mut done).await
    }

    /// Gathers the days of some symbols where they are missing, and calls `done` after each answer.
    ///
    /// # Errors
    /// As [`Self::history`].
    pub(crate) async fn days(
        &mut self,
        order: &Order<'_>,
        symbols: &[Symbol],
        mut done: impl FnMut(),
    ) -> Result<(), GatherError> {
        let lineage = self.lineage(order).await?;
        for question in self.missing(order, symbols, &lineage).await? {
            self.ask_days(&question).await?;
            done();
        }
        Ok(())
    }

    /// Knows under which names symbols traded in the sessions of an order.
    async fn lineage(&mut self, order: &Order<'_>) -> Result<Lineage, GatherError> {
        let (first, last) = (order.past.first().map_or(order.today, |session| session.date), order.today);
        let actions = self.disk.run(move |dataset| dataset.actions(first, last)).await?;
        Ok(Lineage::of(&actions))
    }

    /// Gathers the opening ranges of some symbols where they are missing, and calls `done` after each session.
    ///
    /// # Errors
    /// As [`Self::history`].
    pub(crate) async fn opening_ranges(
        &mut self,
        order: &Order<'_>,
        symbols: &[Symbol],
        mut done: impl FnMut(),
    ) -> Result<(), GatherError> {
        let lineage = self.lineage(order).await?;
        let with_ranges = order.past.len().saturating_sub(order.ranges);
        for session in &order.past[with_ranges..] {
            self.ranges(session, order, symbols, &lineage).await?;
            done();
        }
        Ok(())
    }

    /// Finds out which days are to be asked for, and puts symbols together that lack about the same.
    async fn missing(
        &mut self,
        order: &Order<'_>,
        symbols: &[Symbol],
        lineage: &Lineage,
    ) -> Result<Vec<Question>, GatherError> {
        let mut missing = Vec::new();
        for session in order.past {
            let date = session.date;
            let names: Vec<Symbol> =
                symbols.iter().filter_map(|symbol| lineage.name_at(symbol, order.today, date)).collect();
            let lacking = self.disk.run(move |dataset| dataset.missing(Table::Daily, date, &names)).await?;
            missing.extend(lacking.into_iter().map(|name| (name, date)));
        }
        let is_current = |name: &Symbol| {
            let first = order.past.first().map_or(order.today, |session| session.date);
            lineage.name_at(name, order.today, first).as_ref() == Some(name)
        };
        Ok(questions(missing, is_current, SYMBOLS_AT_ONCE))
    }

    async fn ask_days(&mut self, question: &Question) -> Result<(), GatherError> {
        let sessions = self.calendar.between(question.first, question.last);
        let (Some(first), Some(last)) = (sessions.first(), sessions.last()) else { return Ok(()) };
        let wanted = PastBars {
            symbols: &question.names,
            length: BarLength::Day,
            // A day begins at midnight in New York, less than ten hours before its open.
            first: first.open - orb_core::Span::from_minutes(600),
            last: last.open,
            as_of: question.as_of,
        };
        let bars = self.rest.past_bars(&wanted).await;
        let bars = bars.map_err(|error| GatherError::asked("daily bars", error))?;
        for (date, asked, rows) in days(question, sessions, &bars) {
            self.gathered.days += self.disk.run(move |dataset| dataset.add_daily(date, &asked, &rows)).await?;
        }
        Ok(())
    }

    /// Gathers the opening ranges of a session.
    async fn ranges(
        &mut self,
        session: &Session,
        order: &Order<'_>,
        symbols: &[Symbol],
        lineage: &Lineage,
    ) -> Result<(), GatherError> {
        let (date, minutes) = (session.date, order.minutes.to_vec());
        let Some(&longest) = minutes.iter().max() else { return Ok(()) };
        let names: Vec<Symbol> =
            symbols.iter().filter_map(|symbol| lineage.name_at(symbol, order.today, date)).collect();
        let lengths = minutes.clone();
        let missing = self.disk.run(move |dataset| {
            let mut missing = std::collections::BTreeSet::new();
            for minutes in lengths {
                missing.extend(dataset.missing(Table::Opening(minutes), date, &names)?);
            }
            Ok(missing)
        });
        let missing: Vec<(Symbol, Date)> = missing.await?.into_iter().map(|name| (name, date)).collect();
        let is_current = |name: &Symbol| lineage.name_at(name, order.today, date).as_ref() == Some(name);
        for question in questions(missing, is_current, SYMBOLS_AT_ONCE) {
            let last = session.open + orb_core::Span::from_minutes(i64::from(longest) - 1);
            let wanted = PastBars {
                symbols: &question.names,
                length: BarLength::Minute,
                first: session.open,
                last,
                as_of: question.as_of,
            };
            let bars = self.rest.past_bars(&wanted).await;
            let NamedBars { symbols, bars } = bars.map_err(|error| GatherError::asked("opening ranges", error))?;
            let (session, minutes, asked) = (*session, minutes.clone(), question.names);
            let kept = move |dataset: &mut Dataset| dataset.add_openings(&session, &minutes, &asked, (&symbols, &bars));
            self.gathered.ranges += self.disk.run(kept).await?;
        }
        Ok(())
    }

    /// Returns the date of the session before a date; `None` at the calendar's beginning.
    fn session_before(&self, date: Date) -> Option<Date> {
        let sessions = self.calendar.sessions();
        let index = sessions.partition_point(|session| session.date < date);
        index.checked_sub(1).map(|before| sessions[before].date)
    }

    /// Returns the first date whose actions become effective with a session.
    fn date_before(&self, date: Date) -> Date {
        self.session_before(date).and_then(|before| before.succ_opt()).unwrap_or(date)
    }
}

/// Returns the session that is under way at a time, or the next one; `None` at the calendar's end.
pub(crate) fn session_at_or_after(calendar: &Calendar, now: Timestamp) -> Option<Session> {
    let sessions = calendar.sessions();
    sessions.get(sessions.partition_point(|session| session.close <= now)).copied()
}
