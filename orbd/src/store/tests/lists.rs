//! Pages and filters.

use orb_core::fact::{Fact, Signal, SignalStatus};
use orb_core::order::{AttemptId, OrderRole, OrderStatus};
use orb_core::{OrderSide, Price, Quantity, Reason, Side, StrategyId};

use super::Database;
use super::samples::{
    at, attempt, closed, commit, date, day, decision, fill, journal_row, order, refused, session, signal, trade,
};
use crate::store::{
    Audit, AuditFilter, Commit, DateRange, DecisionFilter, FillFilter, OrderFilter, Page, PageRequest, SignalFilter,
    SortOrder, StoreError, TradeFilter, TradeStatus,
};

/// Reads a list page by page, and checks that each is as long as it may be.
fn collect<T>(size: u32, mut page: impl FnMut(&PageRequest) -> Result<Page<T>, StoreError>) -> Vec<T> {
    let mut rows = Vec::new();
    let mut request = PageRequest::first(size);
    loop {
        let found = page(&request).expect("a page");
        assert!(found.rows.len() <= size as usize);
        assert!(found.next.is_none() || found.rows.len() == size as usize, "only the last page may be short");
        rows.extend(found.rows);
        match found.next {
            Some(next) => request.token = Some(next),
            None => return rows,
        }
    }
}

/// Fills ten attempts of each of three days; several of one instant.
fn fill_up(database: &Database) {
    let mut writer = database.writer();
    for date in [day(11), day(12), day(13)] {
        let mut facts = vec![Fact::Session(orb_core::fact::SessionRecord { date, ..session() })];
        for number in 0..10_u16 {
            let attempt = AttemptId {
                date,
                strategy: StrategyId(number % 2),
                symbol: orb_core::SymbolId(u32::from(number % 4)),
                attempt: 1 + number,
            };
            let side = if number < 5 { Side::Long } else { Side::Short };
            let chosen = if number % 3 == 0 { refused(attempt) } else { signal(attempt) };
            facts.push(Fact::Signal(Signal { side, ..chosen }));
            facts.push(Fact::Order(order(attempt)));
            facts.push(Fact::Fill(fill(attempt, &format!("{date}-{number}"))));
            facts.push(Fact::Trade(if number < 7 { closed(attempt) } else { trade(attempt) }));
        }
        facts.extend((0..4).map(|symbol| {
            let mut found = decision(symbol);
            found.attempt.date = date;
            Fact::Decision(found)
        }));
        commit(&mut writer, &facts);
    }
}

pub(super) fn pages_join_to_the_whole_list(database: &Database) {
    fill_up(database);
    let reader = database.reader();
    for size in [1, 7, 30, 1000] {
        let signals = collect(size, |page| reader.list_signals(&Default::default(), page));
        let numbers: Vec<_> = signals.iter().map(|row| (row.attempt.date, row.attempt.attempt)).collect();
        let mut sorted = numbers.clone();
        sorted.sort_by(|a, b| b.cmp(a));
        assert_eq!((numbers.len(), &numbers), (30, &sorted), "pages of {size}, newest first");
        assert_eq!(collect(size, |page| reader.list_orders(&Default::default(), page)).len(), 30);
        assert_eq!(collect(size, |page| reader.list_fills(&Default::default(), page)).len(), 30);
        let decisions = collect(size, |page| reader.list_decisions(&Default::default(), page));
        let keys: Vec<_> = decisions.iter().map(|row| (row.attempt.date, row.attempt.symbol.clone())).collect();
        assert_eq!(keys.first(), Some(&(day(13), "AAPL".to_owned())));
        assert_eq!((keys.len(), keys.last()), (12, Some(&(day(11), "SPY".to_owned()))));
        let newest = collect(size, |page| reader.list_trades(&TradeFilter::default(), page));
        let oldest = TradeFilter { order: SortOrder::OldestFirst, ..TradeFilter::default() };
        let mut oldest = collect(size, |page| reader.list_trades(&oldest, page));
        oldest.reverse();
        assert_eq!(newest, oldest);
        assert_eq!(newest.len(), 30);
    }
    in_both_orders(&reader);
    // A row that comes in between shifts nothing.
    let first = reader.list_signals(&Default::default(), &PageRequest::first(10)).expect("a page");
    commit(&mut database.writer(), &[Fact::Signal(signal(attempt(0, 99)))]);
    let second = PageRequest { size: 10, token: first.next };
    let second = reader.list_signals(&Default::default(), &second).expect("a page");
    assert_eq!((second.rows[0].attempt.date, second.rows[0].attempt.attempt), (day(12), 10));
    let foreign = PageRequest { size: 10, token: second.next };
    assert!(matches!(reader.list_orders(&Default::default(), &foreign), Err(StoreError::PageToken)));
}

/// Reads each list forwards and backwards, by pages that end in the midst of days.
fn in_both_orders(reader: &crate::store::Reader) {
    let order = SortOrder::OldestFirst;
    macro_rules! check {
        ($list:ident, $filter:ident) => {
            for size in [3, 1000] {
                let newest = collect(size, |page| reader.$list(&$filter::default(), page));
                let oldest = $filter { order, ..$filter::default() };
                let mut oldest = collect(size, |page| reader.$list(&oldest, page));
                oldest.reverse();
                assert_eq!(newest, oldest, "pages of {size}");
                assert_eq!(newest.len(), 30);
            }
        };
    }
    check!(list_signals, SignalFilter);
    check!(list_orders, OrderFilter);
    check!(list_fills, FillFilter);
}

pub(super) fn a_token_belongs_to_its_filter_and_order(database: &Database) {
    fill_up(database);
    let reader = database.reader();
    let longs = OrderFilter { symbols: vec!["SPY".to_owned()], ..OrderFilter::default() };
    let next = reader.list_orders(&longs, &PageRequest::first(2)).expect("a page").next;
    let request = PageRequest { size: 2, token: next };
    assert_eq!(reader.list_orders(&longs, &request).expect("the next page").rows.len(), 2);
    let longer = PageRequest { size: 3, ..request.clone() };
    assert_eq!(reader.list_orders(&longs, &longer).expect("a longer page").rows.len(), 3);
    let others = [
        OrderFilter::default(),
        OrderFilter { order: SortOrder::OldestFirst, ..longs.clone() },
        OrderFilter { dates: DateRange::day(date()), ..longs },
    ];
    for other in others {
        assert!(matches!(reader.list_orders(&other, &request), Err(StoreError::PageToken)), "{other:?}");
    }
}

pub(super) fn the_audit_log_is_listed_by_number(database: &Database) {
    let audit = |id: &str, actor: &str, seconds| Audit {
        request_id: id.to_owned(),
        actor: actor.to_owned(),
        command: "Pause".to_owned(),
        reason: String::new(),
        result: "done".to_owned(),
        accepted: true,
        at: at(seconds),
    };
    let audits = [audit("r-1", "ann", 1), audit("r-2", "bob", 2), audit("r-1", "ann", 3)];
    database.writer().commit(&Commit { audits: &audits, ..Commit::default() }).expect("a commit");
    let reader = database.reader();
    let numbers = |filter: AuditFilter| -> Vec<u64> {
        collect(1, |page| reader.list_audits(&filter, page)).into_iter().map(|row| row.number).collect()
    };
    let all = AuditFilter::default;
    assert_eq!(numbers(all()), [3, 2, 1]);
    assert_eq!(numbers(AuditFilter { order: SortOrder::OldestFirst, ..all() }), [1, 2, 3]);
    assert_eq!(numbers(AuditFilter { actors: vec!["ann".to_owned()], ..all() }), [3, 1]);
    assert_eq!(numbers(AuditFilter { from: Some(at(2)), to: Some(at(3)), ..all() }), [2]);
    let first = reader.list_audits(&all(), &PageRequest::first(1)).expect("a page").rows.remove(0);
    assert_eq!(first.audit, audit("r-1", "ann", 3));
}

pub(super) fn filters_narrow_the_lists(database: &Database) {
    fill_up(database);
    let reader = database.reader();
    let signals = |filter: SignalFilter| collect(1000, |page| reader.list_signals(&filter, page)).len();
    let all = SignalFilter::default;
    assert_eq!(signals(SignalFilter { dates: DateRange::day(date()), ..all() }), 10);
    assert_eq!(signals(SignalFilter { dates: DateRange { from: Some(day(12)), to: None }, ..all() }), 20);
    assert_eq!(signals(SignalFilter { dates: DateRange { from: None, to: Some(day(11)) }, ..all() }), 10);
    assert_eq!(signals(SignalFilter { symbols: vec!["SPY".to_owned(), "BRK.B".to_owned()], ..all() }), 15);
    assert_eq!(signals(SignalFilter { symbols: vec!["ODD' OR 1=1 --".to_owned()], ..all() }), 0);
    assert_eq!(signals(SignalFilter { sides: vec![Side::Long], ..all() }), 15);
    assert_eq!(signals(SignalFilter { sides: vec![Side::Long, Side::Short], ..all() }), 30);
    assert_eq!(signals(SignalFilter { statuses: vec![SignalStatus::Rejected], ..all() }), 12);
    assert_eq!(signals(SignalFilter { strategies: vec!["orb-etf".to_owned()], ..all() }), 15);
    let orders = |filter: OrderFilter| collect(1000, |page| reader.list_orders(&filter, page)).len();
    assert_eq!(orders(OrderFilter { statuses: vec![OrderStatus::Filled], ..OrderFilter::default() }), 0);
    assert_eq!(orders(OrderFilter { sides: vec![OrderSide::Sell], ..OrderFilter::default() }), 30);
    assert_eq!(orders(OrderFilter { roles: vec![OrderRole::Entry], ..OrderFilter::default() }), 30);
    assert_eq!(orders(OrderFilter { roles: vec![OrderRole::Stop], ..OrderFilter::default() }), 0);
    let id = "2026-02-12/orb-etf/BRK.B/2".to_owned();
    assert_eq!(orders(OrderFilter { attempts: vec![id.clone()], ..OrderFilter::default() }), 1);
    let fills = |filter: FillFilter| collect(1000, |page| reader.list_fills(&filter, page)).len();
    assert_eq!(fills(FillFilter { attempts: vec![id.clone()], ..FillFilter::default() }), 1);
    let trades = |filter: TradeFilter| collect(1000, |page| reader.list_trades(&filter, page)).len();
    assert_eq!(trades(TradeFilter { statuses: vec![TradeStatus::Open], ..TradeFilter::default() }), 9);
    assert_eq!(
        trades(TradeFilter {
            statuses: vec![TradeStatus::Closed],
            dates: DateRange::day(date()),
            ..TradeFilter::default()
        }),
        7
    );
    let decisions = |filter: DecisionFilter| collect(1000, |page| reader.list_decisions(&filter, page)).len();
    assert_eq!(decisions(DecisionFilter { reasons: vec![Reason::Rvol], ..DecisionFilter::default() }), 12);
    assert_eq!(decisions(DecisionFilter { reasons: vec![Reason::Doji], ..DecisionFilter::default() }), 0);
    let trade = reader.trade(&id).expect("a trade").expect("a trade");
    assert_eq!((trade.attempt.to_string(), trade.status()), (id, TradeStatus::Closed));
    assert_eq!(trade.trade.net(), closed(attempt(0, 1)).net());
    assert_eq!(reader.trade("2026-02-12/orb-etf/BRK.B/9").expect("no trade"), None);
}

pub(super) fn signals_show_what_became_of_them(database: &Database) {
    let found = attempt(2, 1);
    let facts = [
        Fact::Signal(signal(found)),
        Fact::Signal(refused(attempt(1, 1))),
        Fact::Order(order(found)),
        Fact::Trade(trade(found)),
        Fact::Fill(fill(found, "x-1")),
    ];
    commit(&mut database.writer(), &facts);
    let reader = database.reader();
    let row = reader.signal("2026-02-13/orb-classic/NVDA/1").expect("a signal").expect("a signal");
    assert_eq!((row.filled, row.target), (Quantity::new(15), Some(Price::from_cents(11_000))));
    let rows = reader.signals_of(date()).expect("signals");
    assert_eq!(rows[0], row, "oldest first");
    assert_eq!((rows[1].filled, rows[1].target, rows[1].reason), (Quantity::ZERO, None, Some(Reason::NoSlot)));
    assert_eq!(reader.signal("nonsense").expect("no signal"), None);
    let fills = reader.list_fills(&Default::default(), &Default::default()).expect("fills").rows;
    assert_eq!(fills[0].broker_order_id.as_deref(), Some("b-1"));
}

pub(super) fn commands_are_found_by_their_request(database: &Database) {
    let audit = |id: &str, result: &str, seconds| Audit {
        request_id: id.to_owned(),
        actor: "ann".to_owned(),
        command: "ClosePosition NVDA".to_owned(),
        reason: "too much".to_owned(),
        result: result.to_owned(),
        accepted: false,
        at: at(seconds),
    };
    let mut writer = database.writer();
    let first = [audit("r-1", "refused", 1), audit("r-2", "refused", 1), audit("r-3", "refused", 2)];
    writer.commit(&Commit { audits: &first, ..Commit::default() }).expect("a commit");
    writer.commit(&Commit { audits: &[audit("r-1", "done", 3)], ..Commit::default() }).expect("a commit");
    let reader = database.reader();
    assert_eq!(reader.command("r-1").expect("a command"), Some(audit("r-1", "done", 3)));
    assert_eq!(reader.command("r-9").expect("no command"), None);
    let ids: Vec<String> = collect(1, |page| reader.list_commands(&Default::default(), page))
        .into_iter()
        .map(|row| row.request_id)
        .collect();
    assert_eq!(ids, ["r-1", "r-3", "r-2"]);
}

pub(super) fn the_journal_is_read_in_order(database: &Database) {
    let mut writer = database.writer();
    for sequence in [1, 2, 3] {
        let other_day = crate::store::JournalRow { date: Some(day(sequence as u32)), ..journal_row(sequence) };
        let journal = Some(if sequence == 1 { other_day } else { journal_row(sequence) });
        writer.commit(&Commit { journal, ..Commit::default() }).expect("a commit");
    }
    let reader = database.reader();
    let sequences = |after, rows| -> Vec<u64> {
        let rows = reader.journal(date(), after, rows).expect("the journal");
        rows.iter().map(|row| row.first_sequence).collect()
    };
    assert_eq!(sequences(0, 10), [2, 3]);
    assert_eq!(sequences(0, 1), [2]);
    assert_eq!(sequences(2, 10), [3]);
    assert_eq!(reader.journal(day(1), 0, 10).expect("the journal")[0].bytes, b"\0\x01\xff");
}
