//! What SQLite makes of the lists when there are many rows: an index for each, and nothing sorted that grows fast.

use std::sync::{Mutex, PoisonError};

use diesel::connection::{InstrumentationEvent, set_default_instrumentation};
use diesel::prelude::*;
use diesel::sql_types::Text;
use orb_core::fact::{Fact, SessionRecord};
use orb_core::order::AttemptId;
use orb_core::{Price, Span, StrategyId, SymbolId};

use super::samples::{at, closed, commit, day, decision, fill, order, session, signal};
use super::{Database, Reader};
use crate::store::connect::{Purpose, connect};
use crate::store::{
    AuditFilter, BarFilter, BarRow, Commit, DateRange, DecisionFilter, FillFilter, OrderFilter, PageRequest,
    SignalFilter, SortOrder, TradeFilter,
};

/// Lists that grow with each order: their pages come in the order of an index. The others sort the range that is asked
/// for, which they find by one.
const GROWING: [&str; 3] = ["signals", "orders", "fills"];
const DAYS: core::ops::Range<u32> = 1..21;
/// Attempts of a day: with their orders, fills and trades four rows each.
const ATTEMPTS: u16 = 1_000;

/// The statements that were begun in this process.
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn watch() {
    set_default_instrumentation(|| {
        let listen = |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                SEEN.lock().unwrap_or_else(PoisonError::into_inner).push(query.to_string());
            }
        };
        Some(Box::new(listen))
    })
    .expect("the first one");
}

fn fill_up(database: &Database) {
    let mut writer = database.writer();
    for date in DAYS.map(day) {
        let mut facts = vec![Fact::Session(SessionRecord { date, ..session() })];
        for number in 0..ATTEMPTS {
            let symbol = SymbolId(u32::from(number % 4));
            let attempt = AttemptId { date, strategy: StrategyId(number % 2), symbol, attempt: 1 + number };
            facts.push(Fact::Signal(signal(attempt)));
            facts.push(Fact::Order(order(attempt)));
            facts.push(Fact::Fill(fill(attempt, &format!("{date}-{number}"))));
            facts.push(Fact::Trade(closed(attempt)));
        }
        facts.extend((0..4).map(|symbol| {
            let mut found = decision(symbol);
            found.attempt.date = date;
            Fact::Decision(found)
        }));
        commit(&mut writer, &facts);
        let bar = |minute: i64, symbol: &&str| BarRow {
            date,
            symbol: (*symbol).to_owned(),
            at: at(60 * minute),
            length: Span::from_minutes(1),
            open: Price::from_cents(100),
            high: Price::from_cents(100),
            low: Price::from_cents(100),
            close: Price::from_cents(100),
            volume: 1,
        };
        let bars: Vec<_> =
            (0..390).flat_map(|minute| ["NVDA", "SPY"].iter().map(move |name| bar(minute, name))).collect();
        writer.commit(&Commit { bars: &bars, ..Commit::default() }).expect("a commit");
    }
}

/// Asks for the first and the second page of every list, with its ranges, in both orders.
fn ask_for_everything(reader: &Reader) {
    let dates = DateRange { from: Some(day(3)), to: Some(day(18)) };
    for order in [SortOrder::NewestFirst, SortOrder::OldestFirst] {
        let mut page = PageRequest::first(10);
        for _ in 0..2 {
            let filter = SignalFilter { dates, order, ..SignalFilter::default() };
            page.token = reader.list_signals(&filter, &page).expect("signals").next;
        }
        page.token = None;
        for _ in 0..2 {
            let filter = OrderFilter { dates, order, ..OrderFilter::default() };
            page.token = reader.list_orders(&filter, &page).expect("orders").next;
        }
        page.token = None;
        for _ in 0..2 {
            let filter = FillFilter { dates, order, ..FillFilter::default() };
            page.token = reader.list_fills(&filter, &page).expect("fills").next;
        }
        page.token = None;
        for _ in 0..2 {
            let filter = TradeFilter { order, ..TradeFilter::default() };
            page.token = reader.list_trades(&filter, &page).expect("trades").next;
        }
    }
    let page = PageRequest::first(10);
    reader.list_decisions(&DecisionFilter { dates, ..DecisionFilter::default() }, &page).expect("decisions");
    reader.list_audits(&AuditFilter::default(), &page).expect("audits");
    let bars = BarFilter { date: day(7), symbol: "SPY".to_owned(), from: None };
    let next = reader.list_bars(&bars, &page).expect("bars").next;
    reader.list_bars(&bars, &PageRequest { size: 10, token: next }).expect("bars");
    reader.order_steps(&["one".to_owned(), "two".to_owned()]).expect("steps");
    reader.sessions(dates).expect("sessions");
    reader.equity(at(0), at(60)).expect("equity");
    reader.explanations(day(7), Some("SPY")).expect("explanations");
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[test]
fn every_list_goes_by_an_index_with_a_hundred_thousand_rows() {
    watch();
    let database = Database::sqlite();
    fill_up(&database);
    let reader = database.reader();
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).clear();
    ask_for_everything(&reader);
    let seen = core::mem::take(&mut *SEEN.lock().unwrap_or_else(PoisonError::into_inner));
    let statements: Vec<_> = seen
        .iter()
        .filter_map(|text| text.split(" -- binds").next())
        .filter(|text| text.starts_with("SELECT") && text.contains("FROM"))
        .collect();
    assert!(statements.len() >= 20, "{seen:#?}");
    let mut conn = connect(&database.url, Purpose::Write).expect("a connection");
    for statement in statements {
        let plan: Vec<Plan> =
            diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(&mut conn).expect(statement);
        let steps: Vec<_> = plan.into_iter().map(|step| step.detail).collect();
        assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{statement}\n{steps:#?}");
        let is_sorted = steps.iter().any(|step| step.contains("TEMP B-TREE"));
        let grows = GROWING.iter().any(|table| statement.contains(&format!("FROM `{table}`")));
        assert!(!(is_sorted && grows), "{statement}\n{steps:#?}");
    }
}
