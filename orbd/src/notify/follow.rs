//! From one view to the next: what there is to tell of the difference. Pure, so that every case is a small test.

use std::collections::BTreeMap;
use std::sync::Arc;

use orb_core::alarm::AlarmId;
use orb_core::fact::{ExitReason, SignalStatus};
use orb_core::hold::Hold;
use orb_core::{Date, Span, Timestamp};

use super::kind::Weight;
use super::notice::{Notice, Origin, one_line};
use super::sentences::{self, Said};
use super::told::Told;
use crate::view::{AlarmView, Change, ClosedTradeView, SignalView, Update, View};

/// The setting that tells how long an opening range is, in minutes.
const RANGE: &str = "range_minutes";

/// Follows the views of one daemon.
#[derive(Debug)]
pub(super) struct Follower {
    known: Option<Known>,
    /// The process of before ended abnormally, and that has not been told.
    after_crash: bool,
    /// The daemon's start was told.
    has_begun: bool,
}

/// What is known of the books.
#[derive(Debug)]
struct Known {
    view: Arc<View>,
    /// When this engine began; what is older was there before.
    since: Timestamp,
    entered: Told,
    left: Told,
    /// Trades that were open in some view.
    open: Told,
    /// The strategies that still wait for symbols on the day under way, with the most that they had to choose from.
    scanning: BTreeMap<u16, usize>,
    date: Option<Date>,
}

impl Follower {
    /// Makes a follower that knows nothing yet.
    pub(super) const fn new(after_crash: bool) -> Self {
        Self { known: None, after_crash, has_begun: false }
    }

    /// Returns what is to be told of an update.
    pub(super) fn on_update(&mut self, update: &Update) -> Vec<Notice> {
        let view = &update.view;
        let is_other = self.known.as_ref().is_some_and(|known| known.view.ledger.id != view.ledger.id);
        if view.now.is_none() || is_other {
            self.known = None;
        }
        let Some(now) = view.now else { return Vec::new() };
        let mut page = Page::of(update, now);
        let Some(known) = &mut self.known else {
            let mut known = Known::of(update, now);
            page.add(sentences::begun(view, self.has_begun, core::mem::take(&mut self.after_crash)));
            self.has_begun = true;
            known.take_first(update, &mut page);
            self.known = Some(known);
            return page.notices;
        };
        known.take(update, &mut page);
        page.notices
    }

    /// Returns what is to be told where updates were missed.
    pub(super) fn on_missed(&self, missed: u64) -> Vec<Notice> {
        let Some(known) = &self.known else { return Vec::new() };
        let update = Update { sequence: known.view.sequence, view: Arc::clone(&known.view), changes: Vec::new() };
        let mut page = Page::of(&update, known.view.now.unwrap_or(known.since));
        page.add(sentences::missed(missed));
        page.notices
    }
}

impl Known {
    fn of(update: &Update, now: Timestamp) -> Self {
        let view = Arc::clone(&update.view);
        let mut known = Self {
            view,
            since: now,
            entered: Told::default(),
            left: Told::default(),
            open: Told::default(),
            scanning: BTreeMap::new(),
            date: None,
        };
        known.turn_to(&update.view);
        known
    }

    /// Takes the first update of an engine: what is older than it was told before, or is part of what was told of the
    /// start.
    fn take_first(&mut self, update: &Update, page: &mut Page<'_>) {
        let view = &update.view;
        let is_change = |id: &Arc<str>| {
            update.changes.iter().any(|change| matches!(change, Change::Signal(signal) if signal.id == *id))
        };
        for signal in view.signals.iter().filter(|signal| !signal.is_active() && !is_change(&signal.id)) {
            self.entered.add(&signal.id);
        }
        self.take_changes(update, true, page);
        let since = self.since;
        view.holds.iter().filter(|hold| hold.since >= since).for_each(|hold| page.add(sentences::held(hold, view)));
        view.alarms
            .iter()
            .filter(|shown| shown.alarm.since >= since)
            .for_each(|shown| page.add(sentences::alarm(shown)));
        self.scan(view, page);
        self.view = Arc::clone(view);
    }

    fn take(&mut self, update: &Update, page: &mut Page<'_>) {
        let (before, view) = (Arc::clone(&self.view), &update.view);
        self.turn_to(view);
        self.take_changes(update, false, page);
        holds(&before.holds, &view.holds, |hold| page.add(sentences::held(hold, view)));
        holds(&view.holds, &before.holds, |hold| page.add(sentences::cleared(hold, view)));
        alarms(&before.alarms, &view.alarms, |shown| page.add(sentences::alarm(shown)));
        alarms(&view.alarms, &before.alarms, |shown| page.add(sentences::over(shown)));
        if !Arc::ptr_eq(&before.watched, &view.watched) || !Arc::ptr_eq(&before.signals, &view.signals) {
            self.scan(view, page);
        }
        self.view = Arc::clone(view);
    }

    /// Begins another day where there is one.
    fn turn_to(&mut self, view: &View) {
        let date = view.session.map(|session| session.date);
        for told in [&mut self.entered, &mut self.left, &mut self.open] {
            told.begin(date);
        }
        if self.date != date {
            self.date = date;
            self.scanning.clear();
        }
        view.positions.iter().for_each(|position| _ = self.open.add(&position.trade_id));
    }

    fn take_changes(&mut self, update: &Update, is_first: bool, page: &mut Page<'_>) {
        for change in &update.changes {
            match change {
                Change::Signal(signal) => self.signal(signal, &update.view, page),
                Change::Trade(trade) => self.trade(trade, is_first, page),
                Change::DayOver(record) => page.add(sentences::day_over(record, &update.view)),
                Change::Fill(_) => {}
            }
        }
    }

    /// Tells an entry once: when all of it is filled, or when nothing more comes and a part is.
    fn signal(&mut self, signal: &SignalView, view: &View, page: &mut Page<'_>) {
        let is_entered = match signal.signal.status {
            SignalStatus::Filled => true,
            SignalStatus::Cancelled | SignalStatus::Expired | SignalStatus::Rejected => !signal.filled.is_zero(),
            SignalStatus::Pending
            | SignalStatus::Submitted
            | SignalStatus::Working
            | SignalStatus::PartiallyFilled
            | SignalStatus::Unknown => false,
        };
        if is_entered && self.entered.add(&signal.id) {
            page.add(sentences::entered(signal, view));
        }
    }

    /// Tells an exit once. A trade that was closed before this engine began is not told when it is only corrected.
    fn trade(&mut self, trade: &ClosedTradeView, is_first: bool, page: &mut Page<'_>) {
        let was_open = !self.open.add(&trade.id);
        let is_new = was_open || is_first || trade.trade.exit_time.is_some_and(|at| at >= self.since);
        if is_new && self.left.add(&trade.id) {
            page.add(sentences::left(trade, weight(trade.trade.exit_reason)));
        }
    }

    /// Tells whether a strategy's range had ended when this engine began: it chose before, and chooses nothing new.
    fn had_chosen(&self, strategy: &str, view: &View) -> bool {
        view.session.is_some_and(|session| {
            let range_end = range_length(strategy, view).map_or(session.range_end, |length| session.open + length);
            self.since >= range_end
        })
    }

    /// Tells of each strategy, once it waits for no symbol any more, which it chose.
    fn scan(&mut self, view: &View, page: &mut Page<'_>) {
        for (index, name) in (0_u16..).zip(&view.config.strategies) {
            let own = view.watched.iter().filter(|watched| watched.strategy.index() == usize::from(index));
            let waiting = own.clone().filter(|watched| !watched.is_armed).count();
            if waiting > 0 && !self.had_chosen(name, view) {
                let signals = view.signals.iter().filter(|shown| shown.strategy == *name).count();
                let most = self.scanning.entry(index).or_default();
                *most = (own.count() + signals).max(*most);
            } else if waiting == 0
                && let Some(total) = self.scanning.remove(&index)
            {
                page.add(sentences::scanned(usize::from(index), name, total, view));
            }
        }
    }
}

/// Returns how long a strategy's opening range is, by the settings; `None` where they do not tell.
fn range_length(strategy: &str, view: &View) -> Option<Span> {
    let own = format!("{strategy}.{RANGE}");
    let of = |key: &str| view.config.settings.iter().find(|setting| setting.key == key)?.value.parse().ok();
    of(&own).or_else(|| of(RANGE)).map(Span::from_minutes)
}

/// Collects the notices of one update.
struct Page<'a> {
    update: &'a Update,
    at: Timestamp,
    notices: Vec<Notice>,
}

impl<'a> Page<'a> {
    const fn of(update: &'a Update, at: Timestamp) -> Self {
        Self { update, at, notices: Vec::new() }
    }

    fn add(&mut self, said: Option<Said>) {
        let Some(Said { kind, weight, text, fields }) = said else { return };
        let origin = Origin::of(&self.update.view.ledger);
        let id = format!("{}/{}/{}", origin.ledger, self.update.sequence, self.notices.len());
        let fields = fields.into_iter().map(|(name, value)| (name, one_line(&value))).collect();
        self.notices.push(Notice { id, origin, kind, weight, at: self.at, text: one_line(&text), fields });
    }
}

/// Visits the holds of a list that the other one does not have.
fn holds<'a>(without: &[Hold], with: &'a [Hold], visit: impl FnMut(&'a Hold)) {
    let is_same = |one: &Hold, other: &Hold| one.kind == other.kind && one.since == other.since;
    with.iter().filter(|hold| !without.iter().any(|other| is_same(hold, other))).for_each(visit);
}

/// Visits the alarms of a list that the other one does not have.
fn alarms<'a>(without: &Arc<[AlarmView]>, with: &'a Arc<[AlarmView]>, visit: impl FnMut(&'a AlarmView)) {
    if Arc::ptr_eq(without, with) {
        return;
    }
    let has = |id: AlarmId| without.iter().any(|shown| shown.alarm.id == id);
    with.iter().filter(|shown| !has(shown.alarm.id)).for_each(visit);
}

/// An exit that orb was forced to is worth a look.
const fn weight(reason: Option<ExitReason>) -> Weight {
    match reason {
        Some(ExitReason::Unprotected | ExitReason::LossLimit) => Weight::Warning,
        Some(
            ExitReason::Stop
            | ExitReason::Target
            | ExitReason::TimeExit
            | ExitReason::DataEnd
            | ExitReason::ForceClose
            | ExitReason::Flatten,
        )
        | None => Weight::Info,
    }
}
