//! A year of records, as the daemon that wrote them left them.

use orb_core::fact::{ExitReason, Fact, Fill, SessionRecord, Signal, SignalStatus, Trade};
use orb_core::order::{AttemptId, BrokerOrderId, ClientOrderId, Execution, Order, OrderKind, OrderRole, OrderStatus};
use orb_core::{
    Date, Money, OrderSide, Price, Quantity, Session, Side, Span, StrategyId, SymbolId, SymbolTable, Timestamp,
};
use orbd::store::{BarRow, Commit, DatabaseUrl, EquityRow, JournalRow, Ledger, Names, OrderStep, StepRow, Writer};
use orbd::view::Environment;

/// Sessions before the one that is traded.
const SESSIONS: usize = 250;
/// Minutes of each symbol and session whose bars are kept.
const BARS: i64 = 120;
/// Rows of the journal in a session: as many commits.
const COMMITS: usize = 400;
/// Bytes of such a row.
const JOURNAL_BYTES: usize = 400;
/// Minutes with a value of the account.
const MINUTES: i64 = 390;

/// Says how much was written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) rows: usize,
    pub(crate) sessions: usize,
}

/// Writes the sessions before a date, each with a trade in every symbol.
pub(crate) fn write(url: &DatabaseUrl, account: &str, symbols: &SymbolTable, today: Date) -> Count {
    let names = Names { symbols: symbols.clone(), strategies: vec!["orb-classic".to_owned()] };
    let mut writer = Writer::open(url, Ledger::new(Environment::Sim, account), names).expect("new records");
    let calendar = orb_data::nyse_calendar(2024, 2027);
    let index = calendar.index_of(today).expect("a session");
    let mut count = Count::default();
    for session in &calendar.sessions()[index - SESSIONS..index] {
        count.rows += Day { session, symbols }.write(&mut writer);
        count.sessions += 1;
    }
    count
}

/// A session of records.
struct Day<'a> {
    session: &'a Session,
    symbols: &'a SymbolTable,
}

impl Day<'_> {
    /// Writes the day in as many commits as a day has, and returns the number of rows.
    fn write(&self, writer: &mut Writer) -> usize {
        let facts = self.facts();
        let (bars, equity, steps) = (self.bars(), self.equity(), self.steps());
        let part = |length: usize, number: usize| length * number / COMMITS..length * (number + 1) / COMMITS;
        for number in 0..COMMITS {
            let sequence = writer.last_sequence() + 1;
            let journal = JournalRow {
                first_sequence: sequence,
                last_sequence: sequence,
                last_effect: sequence,
                date: Some(self.session.date),
                at: self.session.open,
                bytes: &[0x5a; JOURNAL_BYTES],
            };
            let commit = Commit {
                journal: Some(journal),
                facts: &facts[part(facts.len(), number)],
                bars: &bars[part(bars.len(), number)],
                equity: &equity[part(equity.len(), number)],
                steps: &steps[part(steps.len(), number)],
                audits: &[],
            };
            writer.commit(&commit).expect("a commit");
        }
        facts.len() + bars.len() + equity.len() + steps.len() + COMMITS
    }

    fn facts(&self) -> Vec<Fact> {
        let Session { date, open, close } = *self.session;
        let equity_open = Money::from_cents(10_000_000);
        let (realized_net, fees) = (Money::from_cents(12_345), Money::from_micros(350_000));
        let record =
            SessionRecord { date, open, close, equity_open, realized_net, fees, ended: true, transfers_open: None };
        let of_symbol = |(id, _)| self.traded(AttemptId { date, strategy: StrategyId(0), symbol: id, attempt: 1 });
        core::iter::once(Fact::Session(record)).chain(self.symbols.iter().flat_map(of_symbol)).collect()
    }

    /// Returns what a trade leaves: a signal, an entry with stop and target, two executions, the trade.
    fn traded(&self, attempt: AttemptId) -> Vec<Fact> {
        let entry = self.order(attempt, OrderRole::Entry);
        let stop = Order { status: OrderStatus::Cancelled, ..self.order(attempt, OrderRole::Stop) };
        let target = self.order(attempt, OrderRole::Target);
        let fills = [&entry, &target].map(|order| Fact::Fill(self.fill(order)));
        let facts = [Fact::Signal(self.signal(&entry)), Fact::Trade(self.trade(attempt))];
        let orders = [entry, stop, target].map(Fact::Order);
        facts.into_iter().chain(orders).chain(fills).collect()
    }

    fn at(&self, minutes: i64) -> Timestamp {
        self.session.open + Span::from_minutes(minutes)
    }

    fn order(&self, attempt: AttemptId, role: OrderRole) -> Order {
        let is_entry = role == OrderRole::Entry;
        let id = self.id(attempt.symbol, role);
        Order {
            broker_id: Some(BrokerOrderId::new(&format!("b-{id}"))),
            parent: (!is_entry).then(|| self.id(attempt.symbol, OrderRole::Entry)),
            id,
            attempt,
            role,
            side: if is_entry { OrderSide::Buy } else { OrderSide::Sell },
            quantity: Quantity::new(100),
            kind: OrderKind::Limit(Price::from_cents(10_125)),
            status: OrderStatus::Filled,
            filled: Quantity::new(100),
            filled_notional: Money::from_cents(1_012_500),
            created_at: self.at(6),
            updated_at: self.at(if is_entry { 6 } else { 40 }),
            rejection: None,
        }
    }

    fn id(&self, symbol: SymbolId, role: OrderRole) -> ClientOrderId {
        let (date, name) = (self.session.date.format("%Y%m%d"), self.symbols.name(symbol));
        ClientOrderId::new(&format!("{date}-orb-classic-{name}-1-{}", leg(role)))
    }

    fn signal(&self, entry: &Order) -> Signal {
        Signal {
            attempt: entry.attempt,
            side: Side::Long,
            at: self.at(6),
            level: Price::from_cents(10_120),
            stop: Price::from_cents(10_020),
            quantity: entry.quantity,
            status: SignalStatus::Filled,
            reason: None,
            detail: String::new(),
            order: Some(entry.id.clone()),
            broker_order: entry.broker_id.clone(),
            submitted_at: Some(self.at(6)),
            filled_at: Some(self.at(6)),
            fill_price: Some(Price::from_cents(10_125)),
            score_e6: Some(500_000),
        }
    }

    fn fill(&self, order: &Order) -> Fill {
        let execution = Execution {
            id: format!("{}:100", order.id),
            price: Price::from_cents(10_125),
            quantity: order.quantity,
            fee: Money::from_micros(350_000),
            at: order.updated_at,
            at_data_end: false,
        };
        Fill { attempt: order.attempt, order: order.id.clone(), side: order.side, execution, taken_back: None }
    }

    fn trade(&self, attempt: AttemptId) -> Trade {
        Trade {
            attempt,
            side: Side::Long,
            entered: Quantity::new(100),
            exited: Quantity::new(100),
            entry_time: self.at(6),
            exit_time: Some(self.at(40)),
            entry_notional: Money::from_cents(1_012_500),
            exit_notional: Money::from_cents(1_022_500),
            fees: Money::from_micros(700_000),
            stop: Price::from_cents(10_020),
            target: Some(Price::from_cents(10_325)),
            exit_reason: Some(ExitReason::Target),
            unprotected: Span::ZERO,
        }
    }

    fn steps(&self) -> Vec<StepRow> {
        let orders = self.symbols.iter().flat_map(|(id, _)| ROLES.map(|role| self.id(id, role).to_string()));
        let (date, at) = (self.session.date, self.at(6));
        let row = |id: &String, step| StepRow { client_order_id: id.clone(), step, date, at };
        orders.flat_map(|id| OrderStep::ALL.iter().map(move |&step| row(&id, step))).collect()
    }

    fn equity(&self) -> Vec<EquityRow> {
        let (equity, realized) = (Money::from_cents(10_000_000), Money::ZERO);
        (0..MINUTES)
            .map(|minute| EquityRow { at: self.at(minute), equity, realized, unrealized: Money::ZERO })
            .collect()
    }

    fn bars(&self) -> Vec<BarRow> {
        let price = Price::from_cents(10_100);
        let bar = |symbol: &str, minute| BarRow {
            date: self.session.date,
            symbol: symbol.to_owned(),
            at: self.at(minute),
            length: Span::from_minutes(1),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 10_000,
        };
        self.symbols.iter().flat_map(|(_, name)| (0..BARS).map(move |minute| bar(name.as_str(), minute))).collect()
    }
}

const ROLES: [OrderRole; 3] = [OrderRole::Entry, OrderRole::Stop, OrderRole::Target];

const fn leg(role: OrderRole) -> &'static str {
    match role {
        OrderRole::Entry => "e",
        OrderRole::Stop => "s",
        OrderRole::Target => "t",
        OrderRole::Close => "x",
    }
}
