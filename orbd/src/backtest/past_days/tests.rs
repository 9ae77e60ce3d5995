//! A backtest knows of a symbol what a morning does, whatever names it had and wherever its days are told.

use std::path::PathBuf;

use orb_core::config::{RANGE_MINUTES, preset};
use orb_core::event::SymbolReference;
use orb_core::history::Split;
use orb_core::{Bar, Calendar, Date, Price, RunConfig, Session, Span, Symbol, SymbolId, SymbolTable};
use orb_data::dataset::{Conflict, Dataset, Feed};
use orb_data::reference::{ActionKind, CorporateAction, DailyBar, Reference, Wanted};
use orb_data::{BarSet, nyse_calendar};

use super::super::input::{Selection, load};

const MINUTE: Span = Span::from_minutes(1);
/// The day that is traded, and the sixteen sessions before it, which the means of 14 need, from this date on.
const TODAY: &str = "2026-03-02";
const FIRST: &str = "2026-02-05";
/// A session in the midst of these, on which a name changes; the session before it, and a weekend after it.
const CHANGED: &str = "2026-02-20";
const BEFORE: &str = "2026-02-19";
const SATURDAY: &str = "2026-02-21";
const SUNDAY: &str = "2026-02-22";

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn symbol(name: &str) -> Symbol {
    Symbol::new(name).expect("a symbol")
}

fn action(name: &str, date: &str, kind: ActionKind) -> CorporateAction {
    CorporateAction { symbol: symbol(name), date: self::date(date), kind }
}

fn rename(old: &str, date: &str, new: &str) -> CorporateAction {
    action(old, date, ActionKind::Rename { to: symbol(new) })
}

fn split(name: &str, date: &str) -> CorporateAction {
    action(name, date, ActionKind::Split(Split { after: 4, before: 1 }))
}

/// Five minutes of a company's session, which no other company and no other session has.
fn minutes(company: i64, session: &Session, symbol: SymbolId) -> Vec<Bar> {
    let day = (session.date - date(FIRST)).num_days();
    let bar = |minute: i64| {
        let [open, high, low, close] =
            [0, 9, -day - 2, 4].map(|more| Price::from_cents(company * 1_000 + day * 7 + minute + more));
        let volume = u64::try_from(company * 100 + day * 10 + minute).expect("shares");
        Bar { symbol, start: session.open + Span::from_minutes(minute), open, high, low, close, volume }
    };
    (0..5).map(bar).collect()
}

/// A dataset of the sessions of some companies.
struct Place {
    folder: tempfile::TempDir,
    calendar: Calendar,
    dataset: Dataset,
}

/// From which date on a company has which name, in order; before the first it has none.
type Called<'a> = &'a [(&'a str, &'a str)];

fn name_on(called: Called<'_>, session: &Session) -> Option<Symbol> {
    called.iter().rev().find(|(from, _)| date(from) <= session.date).map(|(_, name)| symbol(name))
}

impl Place {
    /// Makes a dataset that has bars of some names on the day that is traded, and corporate actions.
    fn new(traded: &[&str], actions: &[CorporateAction]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dataset = Dataset::open_or_create(&folder.path().join("data"), Feed::Sip, MINUTE).expect("a dataset");
        let mut place = Self { folder, calendar: nyse_calendar(2026, 2026), dataset };
        let today = place.today();
        place.import(&traded.iter().map(|name| (today, symbol(name), 1)).collect::<Vec<_>>());
        place.dataset.set_actions(today.date, actions.to_vec()).expect("kept");
        place
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn today(&self) -> Session {
        *self.calendar.session(date(TODAY)).expect("a session")
    }

    fn past(&self) -> Vec<Session> {
        let yesterday = date(TODAY).pred_opt().expect("a date");
        self.calendar.between(date(FIRST), yesterday).to_vec()
    }

    fn import(&mut self, sessions: &[(Session, Symbol, i64)]) {
        let table = SymbolTable::new(sessions.iter().map(|(_, name, _)| name.clone()));
        let of = |(session, name, company): &(Session, Symbol, i64)| {
            minutes(*company, session, table.id(name).expect("a symbol of the table"))
        };
        let bars = sessions.iter().flat_map(of).collect();
        let bars = BarSet::from_bars(table.clone(), MINUTE, &self.calendar, bars).expect("bars");
        self.dataset.import(&bars, &self.calendar, Conflict::Refuse, |_, _| {}).expect("imported");
    }

    /// Tells of a company by bars.
    fn with_bars(mut self, company: i64, called: Called<'_>) -> Self {
        let named = |session| Some((session, name_on(called, &session)?, company));
        self.import(&self.past().into_iter().filter_map(named).collect::<Vec<_>>());
        self
    }

    /// Tells of a company by the tables.
    fn with_rows(mut self, company: i64, called: Called<'_>) -> Self {
        for session in self.past() {
            let Some(name) = name_on(called, &session) else { continue };
            let bars = minutes(company, &session, SymbolId(0));
            let (table, asked) = (SymbolTable::new([name.clone()]), [name.clone()]);
            let day = DailyBar::of(&name, &bars).expect("a day");
            self.dataset.add_daily(session.date, &asked, &[day]).expect("added");
            self.dataset.add_openings(&session, &[1, 5], &asked, (&table, &bars)).expect("added");
        }
        self
    }

    /// Returns what a backtest knows of a name before the day.
    fn known(&self, name: &str) -> SymbolReference {
        let mut run = RunConfig::of(preset("orb-classic").expect("a preset"));
        run.strategies[0].symbols.clear();
        let selection = Selection { bars: vec![self.root()], ..Selection::default() };
        let market = load(&selection, &mut run).expect("a market");
        let day = market.days.last().expect("a day");
        assert_eq!((day.session.date, day.reference.len()), (date(TODAY), market.symbols.len()));
        day.reference[market.symbols.id(&symbol(name)).expect("a symbol with bars").index()]
    }

    /// Returns what is known of a name on the morning of the day.
    fn live(&self, name: &str) -> SymbolReference {
        let (session, symbols) = (self.today(), [symbol(name)]);
        let wanted = Wanted { session: &session, symbols: &symbols, sessions: 16 };
        let dataset = Dataset::open(&self.root()).expect("a dataset");
        let reference = Reference::read(&dataset, &self.calendar, &wanted, &RANGE_MINUTES).expect("read");
        reference.symbols[&symbols[0]].engine
    }

    /// Checks what is known of a name, in a backtest and on a morning.
    #[track_caller]
    fn expect(&self, name: &str, expected: SymbolReference) {
        assert_eq!(self.known(name), expected, "{name} in a backtest");
        assert_eq!(self.live(name), expected, "{name} on the morning");
    }
}

/// Returns what is known of a company that has one name from a date on, with a split of its own.
fn of(company: i64, from: &str, split_on: Option<&str>) -> SymbolReference {
    let actions: Vec<_> = split_on.map(|date| split("ONE", date)).into_iter().collect();
    let known = Place::new(&["ONE"], &actions).with_rows(company, &[(from, "ONE")]).known("ONE");
    assert!(known.previous_close.is_some(), "{known:?}");
    assert_eq!(known.opening_volume_sum14[1].is_some(), from == FIRST, "{known:?}");
    known
}

#[test]
fn a_former_name_that_has_days_in_the_tables_alone_hands_on_its_past() {
    let place = Place::new(&["NEW"], &[rename("OLD", CHANGED, "NEW")]);
    let place = place.with_rows(1, &[(FIRST, "OLD"), (CHANGED, "NEW")]);
    place.expect("NEW", of(1, FIRST, None));
    // On the morning of the change itself too.
    let place = Place::new(&["NEW"], &[rename("OLD", TODAY, "NEW")]).with_rows(1, &[(FIRST, "OLD")]);
    place.expect("NEW", of(1, FIRST, None));
    // What is to change tomorrow has not changed.
    let place = Place::new(&["NEW"], &[rename("OLD", "2026-03-03", "NEW")]).with_rows(1, &[(FIRST, "OLD")]);
    place.expect("NEW", SymbolReference::default());
}

#[test]
fn a_former_name_that_has_bars_hands_on_its_past() {
    let actions = [rename("OLD", CHANGED, "NEW")];
    let place = Place::new(&["NEW"], &actions).with_bars(1, &[(FIRST, "OLD"), (CHANGED, "NEW")]);
    assert_eq!(place.known("NEW"), of(1, FIRST, None));
    assert_eq!(place.known("OLD"), SymbolReference::default());
    // Rows until the change and bars from then on are one past.
    let place = Place::new(&["NEW"], &actions).with_rows(1, &[(FIRST, "OLD"), (CHANGED, "ELSE")]);
    let place = place.with_bars(1, &[(CHANGED, "NEW")]);
    assert_eq!(place.known("NEW"), of(1, FIRST, None));
}

#[test]
fn a_chain_of_names_is_followed_from_the_first() {
    let called: Called<'_> = &[(FIRST, "A"), ("2026-02-12", "B"), (CHANGED, "C")];
    let actions = [rename("A", "2026-02-12", "B"), rename("B", CHANGED, "C")];
    Place::new(&["C"], &actions).with_rows(1, called).expect("C", of(1, FIRST, None));
    assert_eq!(Place::new(&["C"], &actions).with_bars(1, called).known("C"), of(1, FIRST, None));
    // A name that lasts from Saturday to Sunday has no session.
    let actions = [rename("B", SUNDAY, "C"), rename("A", SATURDAY, "B")];
    let place = Place::new(&["C"], &actions).with_rows(1, &[(FIRST, "A"), ("2026-02-23", "C")]);
    place.expect("C", of(1, FIRST, None));
}

#[test]
fn a_name_that_another_company_takes_brings_nothing_of_the_first() {
    let first: Called<'_> = &[(FIRST, "OLD"), (CHANGED, "NEW")];
    // A company that begins under the name.
    let place = Place::new(&["NEW", "OLD"], &[rename("OLD", CHANGED, "NEW")]);
    let place = place.with_rows(1, first).with_rows(2, &[(CHANGED, "OLD")]);
    place.expect("NEW", of(1, FIRST, None));
    place.expect("OLD", of(2, CHANGED, None));
    let place = Place::new(&["NEW", "OLD"], &[rename("OLD", CHANGED, "NEW")]);
    let place = place.with_bars(1, first).with_bars(2, &[(CHANGED, "OLD")]);
    assert_eq!([place.known("NEW"), place.known("OLD")], [of(1, FIRST, None), of(2, CHANGED, None)]);
    // One that had another name, on the same day.
    let actions = [rename("OLD", CHANGED, "NEW"), rename("OTHER", CHANGED, "OLD")];
    let place = Place::new(&["NEW", "OLD"], &actions);
    let place = place.with_rows(1, first).with_rows(2, &[(FIRST, "OTHER"), (CHANGED, "OLD")]);
    place.expect("NEW", of(1, FIRST, None));
    place.expect("OLD", of(2, FIRST, None));
    // And one whose name is taken while it has days, which ended.
    let place = Place::new(&["NEW"], &[rename("OLD", CHANGED, "NEW")]);
    place.with_rows(1, first).with_rows(2, &[(FIRST, "NEW"), (CHANGED, "GONE")]).expect("NEW", of(1, FIRST, None));
    let place = Place::new(&["NEW"], &[rename("OLD", CHANGED, "NEW")]);
    let place = place.with_bars(1, first).with_bars(2, &[(FIRST, "NEW"), (CHANGED, "GONE")]);
    assert_eq!(place.known("NEW"), of(1, FIRST, None));
}

#[test]
fn a_name_that_is_left_for_one_without_bars_has_no_past() {
    let place = Place::new(&["OLD"], &[rename("OLD", CHANGED, "UNSEEN")]).with_rows(1, &[(FIRST, "OLD")]);
    place.expect("OLD", of(1, CHANGED, None));
}

#[test]
fn a_change_of_name_and_a_split_on_one_date_are_both_applied_whichever_name_tells_of_the_split() {
    let expected = of(1, FIRST, Some(CHANGED));
    assert_ne!(expected, of(1, FIRST, None));
    let called: Called<'_> = &[(FIRST, "OLD"), (CHANGED, "NEW")];
    for teller in ["OLD", "NEW"] {
        let actions = [split(teller, CHANGED), rename("OLD", CHANGED, "NEW"), split(teller, CHANGED)];
        Place::new(&["NEW"], &actions).with_rows(1, called).expect("NEW", expected);
        assert_eq!(Place::new(&["NEW"], &actions).with_bars(1, called).known("NEW"), expected, "{teller}");
        let actions = [action(teller, CHANGED, ActionKind::Unclear), rename("OLD", CHANGED, "NEW")];
        Place::new(&["NEW"], &actions).with_rows(1, called).expect("NEW", of(1, CHANGED, None));
    }
    // One of before the change is of the former name alone.
    let actions = [split("OLD", BEFORE), rename("OLD", CHANGED, "NEW"), split("OLD", "2026-02-25")];
    Place::new(&["NEW"], &actions).with_rows(1, called).expect("NEW", of(1, FIRST, Some(BEFORE)));
}

#[test]
fn bars_that_carry_the_later_name_already_keep_their_past() {
    let actions = [rename("A", "2026-02-12", "B"), rename("B", CHANGED, "C")];
    let place = Place::new(&["C"], &actions).with_bars(1, &[(FIRST, "C")]);
    assert_eq!(place.known("C"), of(1, FIRST, None));
    // Those of the name between end where the next begin.
    let place = Place::new(&["C"], &actions).with_bars(1, &[(FIRST, "B"), (CHANGED, "C")]);
    assert_eq!(place.known("C"), of(1, FIRST, None));
    // What the former name had until long before is not the next company's.
    let place = Place::new(&["NEW", "OLD"], &[rename("OLD", CHANGED, "NEW")]);
    let place = place.with_rows(1, &[(FIRST, "OLD"), ("2026-02-12", "ELSE")]).with_bars(1, &[(FIRST, "NEW")]);
    assert_eq!([place.known("NEW"), place.known("OLD")], [of(1, FIRST, None), SymbolReference::default()]);
    // Bars under a name that is passed on are those of the company that has it no longer, however late they are.
    let place = || {
        let place = Place::new(&["B", "C"], &[rename("A", CHANGED, "B"), rename("B", CHANGED, "C")]);
        place.with_rows(1, &[(FIRST, "A"), (BEFORE, "ELSE"), (CHANGED, "B")])
    };
    let (second, rows) = ([(FIRST, "B"), (CHANGED, "C")], place());
    let (rows, bars) = (rows.with_rows(2, &second), place().with_bars(2, &second));
    rows.expect("B", bars.known("B"));
    rows.expect("C", bars.known("C"));
    // Rows carry the name of their date: what they tell under a name that it did not have is another company's.
    Place::new(&["C"], &actions).with_rows(1, &[(FIRST, "C")]).expect("C", of(1, CHANGED, None));
}

#[test]
fn a_backtest_knows_what_a_morning_does_whatever_names_change() {
    let names = ["A", "B", "C", "D"];
    let mut place = (1..)
        .zip(names)
        .fold(Place::new(&names, &[]), |place, (company, name)| place.with_rows(company, &[(FIRST, name)]));
    let known = |place: &Place| names.map(|name| place.known(name));
    let unchanged = known(&place);
    let unclear = |name| action(name, CHANGED, ActionKind::Unclear);
    let cases = [
        vec![rename("A", CHANGED, "B"), rename("B", CHANGED, "A"), split("A", CHANGED)],
        vec![rename("A", CHANGED, "B"), rename("B", CHANGED, "C"), rename("C", CHANGED, "A"), split("B", CHANGED)],
        vec![rename("A", SATURDAY, "B"), rename("C", SUNDAY, "A"), split("B", SUNDAY), split("C", SATURDAY)],
        vec![rename("A", SATURDAY, "X"), rename("X", SUNDAY, "B"), split("A", SUNDAY)],
        vec![rename("A", SATURDAY, "X"), rename("X", SUNDAY, "B"), split("X", SUNDAY)],
        vec![rename("A", SATURDAY, "B"), rename("B", SUNDAY, "A"), split("A", SUNDAY)],
        vec![rename("A", "2026-02-12", "X"), rename("X", CHANGED, "A"), rename("B", "2026-02-18", "A")],
        vec![rename("A", CHANGED, "C"), rename("B", CHANGED, "C"), split("B", CHANGED), split("D", CHANGED)],
        vec![rename("A", CHANGED, "B"), rename("A", CHANGED, "C"), unclear("C"), split("C", CHANGED)],
        vec![rename("A", FIRST, "B"), rename("C", "2026-02-06", "D"), split("D", FIRST), split("C", "2026-02-06")],
    ];
    for actions in cases {
        place.dataset.set_actions(date(TODAY), actions.clone()).expect("kept");
        let found = known(&place);
        assert_eq!(found, names.map(|name| place.live(name)), "{actions:?}");
        assert_ne!(found, unchanged, "{actions:?}");
    }
}
