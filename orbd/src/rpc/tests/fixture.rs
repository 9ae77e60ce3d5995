//! A served API over a played runtime and a temporary database.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use orb_api::{Client, Endpoint, Token};
use orb_core::alarm::Acknowledgement;
use orb_core::{
    Date, Money, OrderSide, Price, Quantity, Reason, Side, StrategyId, Symbol, SymbolId, Timestamp,
    event::{Authorised, Command, RiskLimits},
    fact::{ClosingStep, Decision, ExitReason, Fact, Fill, SessionRecord, Signal, SignalStatus, Trade},
    hold::{Hold, HoldKind, TradingState},
    order::{AttemptId, ClientOrderId, Execution, OrderStatus},
    symbol::SymbolTable,
};
use tokio::{
    sync::{broadcast, mpsc, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{Auth, Role},
    rpc::{Accepted, CommandReply, CommandRequest, Finished, Handle, RefusalKind, Refused, listen, serve},
    store::{Audit, Commit, DatabaseUrl, Ledger, Names, Reader, Writer},
    view::{Change, ClosingView, EntryView, Environment, LimitsView, LogView, PositionView, SignalView, Update, View},
};

pub(super) const ADMIN: &str = "admin-secret";
pub(super) const OPERATOR: &str = "operator-secret";
pub(super) const VIEWER: &str = "viewer-secret";
/// Updates that a slow reader may be behind.
const UPDATES: usize = 32;

pub(super) fn date(day: u32) -> Date {
    Date::from_ymd_opt(2026, 2, day).unwrap()
}

pub(super) fn at(day: u32, hour: u32, minute: u32) -> Timestamp {
    Timestamp::from_datetime(date(day).and_hms_opt(hour, minute, 0).unwrap().and_utc())
}

fn symbols() -> SymbolTable {
    SymbolTable::new(["AAPL", "NVDA", "SPY"].map(|text| Symbol::new(text).unwrap()))
}

const fn limits(daily_loss_e6: i64, max_positions: u32) -> RiskLimits {
    RiskLimits { daily_loss_e6, max_positions }
}

pub(super) fn names() -> Names {
    Names { symbols: symbols(), strategies: vec!["orb-classic".to_owned(), "orb-etf".to_owned()] }
}

pub(super) fn attempt(day: u32, strategy: u16, symbol: u32) -> AttemptId {
    AttemptId { date: date(day), strategy: StrategyId(strategy), symbol: SymbolId(symbol), attempt: 1 }
}

pub(super) fn dollars(text: &str) -> Money {
    text.parse().unwrap()
}

pub(super) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

/// A long of 10 shares from 100 with the stop at 99.
fn trade(attempt: AttemptId, exit: Option<&str>) -> Trade {
    let day = attempt.date.to_string()[8..].parse().unwrap();
    Trade {
        attempt,
        side: Side::Long,
        entered: Quantity::new(10),
        exited: Quantity::new(if exit.is_some() { 10 } else { 0 }),
        entry_time: at(day, 14, 35),
        exit_time: exit.map(|_| at(day, 15, 0)),
        entry_notional: dollars("1000"),
        exit_notional: exit.map_or(Money::ZERO, |exit| Quantity::new(10).at(price(exit))),
        fees: dollars("1"),
        stop: price("99"),
        target: None,
        exit_reason: exit.map(|_| ExitReason::Stop),
        unprotected: orb_core::Span::ZERO,
    }
}

pub(super) fn signal(attempt: AttemptId, status: SignalStatus) -> Signal {
    Signal {
        attempt,
        side: Side::Long,
        at: at(13, 14, 35),
        level: price("100"),
        stop: price("99"),
        quantity: Quantity::new(10),
        status,
        reason: (status == SignalStatus::Rejected).then_some(Reason::NoSlot),
        detail: String::new(),
        order: Some(ClientOrderId::new(&format!("order-{}", attempt.symbol.0))),
        broker_order: None,
        submitted_at: None,
        filled_at: None,
        fill_price: None,
        score_e6: None,
    }
}

fn session(day: u32, equity_open: &str, realized_net: &str, fees: &str) -> SessionRecord {
    SessionRecord {
        date: date(day),
        open: at(day, 14, 30),
        close: at(day, 21, 0),
        equity_open: dollars(equity_open),
        realized_net: dollars(realized_net),
        fees: dollars(fees),
        ended: true,
        transfers_open: None,
    }
}

fn facts() -> Vec<Fact> {
    let decision = Decision {
        attempt: AttemptId { attempt: 0, ..attempt(13, 0, 2) },
        reason: Reason::NoTrigger,
        detail: "range 1.2".to_owned(),
        at: at(13, 16, 0),
    };
    let exit = Fill {
        attempt: attempt(13, 0, 1),
        order: ClientOrderId::new("close-1"),
        side: OrderSide::Sell,
        execution: Execution {
            id: "x1".to_owned(),
            price: price("102"),
            quantity: Quantity::new(10),
            fee: dollars("1"),
            at: at(13, 15, 0),
            at_data_end: false,
        },
        taken_back: None,
    };
    vec![
        Fact::Session(session(12, "10000", "19", "1")),
        // It has not begun.
        Fact::Session(SessionRecord { ended: false, ..session(17, "10008", "0", "0") }),
        // It goes on: what it brings is recorded when it ends.
        Fact::Session(SessionRecord { ended: false, ..session(13, "10019", "0", "0") }),
        Fact::Trade(trade(attempt(12, 0, 0), Some("102"))),
        Fact::Trade(trade(attempt(13, 1, 2), Some("99"))),
        Fact::Trade(trade(attempt(13, 0, 1), None)),
        Fact::Fill(exit),
        Fact::Signal(signal(attempt(13, 0, 0), SignalStatus::Working)),
        Fact::Signal(signal(attempt(13, 0, 1), SignalStatus::Filled)),
        Fact::Signal(signal(attempt(13, 1, 2), SignalStatus::Rejected)),
        Fact::Decision(decision),
    ]
}

pub(super) fn position(symbol: u32, name: &str) -> PositionView {
    PositionView {
        trade_id: format!("2026-02-13/orb-classic/{name}/1").into(),
        strategy: "orb-classic".into(),
        symbol: name.into(),
        symbol_id: SymbolId(symbol),
        side: Side::Long,
        quantity: Quantity::new(10),
        entry_price: price("100"),
        last: Some(price("101")),
        stop: Some(price("99")),
        target: None,
        unrealized: Some(dollars("10")),
        unrealized_r_e4: Some(10_000),
        notional: dollars("1010"),
        protected: Quantity::new(10),
        entry_time: at(13, 14, 35),
        closing: None,
    }
}

pub(super) fn signal_view(symbol: u32, name: &str, status: SignalStatus) -> Arc<SignalView> {
    Arc::new(SignalView {
        id: format!("2026-02-13/orb-classic/{name}/1").into(),
        strategy: "orb-classic".into(),
        symbol: name.into(),
        signal: signal(attempt(13, 0, symbol), status),
        score: Some(0.5),
        target: None,
        filled: Quantity::ZERO,
    })
}

/// One entry works in AAPL, one position is open in NVDA.
fn first_view(ledger: &Ledger) -> View {
    let entry = EntryView {
        strategy: "orb-classic".into(),
        symbol: "AAPL".into(),
        client_order_id: "order-0".into(),
        broker_order_id: Some("broker-0".into()),
        status: OrderStatus::Working,
    };
    View {
        sequence: 1,
        now: Some(at(13, 15, 0)),
        ledger: crate::view::Ledger { id: ledger.id().into(), environment: Environment::Sim, account_id: "SIM".into() },
        working_entries: Arc::new([entry]),
        limits: LimitsView { in_force: limits(50_000, 5), next: None, ceiling: limits(100_000, 10) },
        positions: Arc::new([position(1, "NVDA")]),
        signals: Arc::new([
            signal_view(0, "AAPL", SignalStatus::Working),
            signal_view(1, "NVDA", SignalStatus::Filled),
        ]),
        symbols: Arc::new(symbols()),
        ..View::default()
    }
}

/// How the played runtime takes commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    /// Everything is confirmed soon.
    #[default]
    Willing,
    /// Commands are accepted, and the broker confirms nothing.
    Silent,
}

/// Plays the runtime: answers commands and publishes views.
#[derive(Debug)]
pub(super) struct Runtime {
    view: watch::Sender<Arc<View>>,
    updates: broadcast::Sender<Arc<Update>>,
    mood: Mood,
    pub(super) seen: Mutex<Vec<Authorised>>,
}

/// What was done before the daemon was started.
fn finished() -> Vec<Audit> {
    let close = |request_id: &str, accepted| Audit {
        request_id: request_id.to_owned(),
        actor: "ann".to_owned(),
        command: "ClosePosition NVDA".to_owned(),
        reason: "news".to_owned(),
        result: String::new(),
        accepted,
        at: Timestamp::from_micros(1),
    };
    vec![close("earlier-1", true), close("earlier-2", false)]
}

impl Runtime {
    /// Publishes the next view, and returns it with the one before.
    pub(super) fn publish(&self, change: impl FnOnce(&mut View)) -> Accepted {
        self.publish_with(Vec::new(), change)
    }

    /// Publishes the next view, then the update that led to it.
    pub(super) fn publish_with(&self, changes: Vec<Change>, change: impl FnOnce(&mut View)) -> Accepted {
        let before = Arc::clone(&self.view.borrow());
        let mut view = View::clone(&before);
        view.sequence += 1;
        change(&mut view);
        let after = Arc::new(view);
        self.view.send_replace(Arc::clone(&after));
        let update = Update { sequence: after.sequence, view: Arc::clone(&after), changes };
        let _ = self.updates.send(Arc::new(update));
        Accepted { before, after, account: None }
    }

    /// Returns how many wait for views.
    pub(super) fn viewers(&self) -> usize {
        self.view.receiver_count()
    }

    /// Publishes a signal's change.
    pub(super) fn publish_signal(&self, signal: &Arc<SignalView>) {
        self.publish_with(vec![Change::Signal(Arc::clone(signal))], |view| {
            let others = view.signals.iter().filter(|known| known.id != signal.id).cloned();
            view.signals = others.chain([Arc::clone(signal)]).collect();
        });
    }

    async fn answer(self: Arc<Self>, mut commands: mpsc::Receiver<CommandRequest>) {
        while let Some(CommandRequest { authorised, reply, .. }) = commands.recv().await {
            let _ = reply.send(self.carry_out(&authorised));
            self.seen.lock().unwrap().push(authorised);
            if self.mood == Mood::Willing {
                sleep(Duration::from_millis(20)).await;
                self.publish(confirm);
            }
        }
    }

    fn carry_out(&self, authorised: &Authorised) -> CommandReply {
        let hold = |kind| Hold {
            kind,
            reason: authorised.reason.clone(),
            actor: authorised.actor.clone(),
            since: at(13, 15, 0),
        };
        let accepted = match authorised.command {
            Command::Kill { flatten } => self.publish(|view| {
                view.holds.push(hold(HoldKind::Kill));
                view.state = TradingState::Halted;
                mark_cancelling(view);
                if flatten {
                    mark_closing(view, |_| true);
                }
            }),
            Command::Pause => self.publish(|view| view.holds.push(hold(HoldKind::OperatorPause))),
            Command::Clear(kind) => self.publish(|view| view.holds.retain(|hold| hold.kind != kind)),
            Command::Close(symbol) if self.view.borrow().position(symbol).is_none() => {
                let message = "there is no open position in it".to_owned();
                return CommandReply::Refused(Refused { kind: RefusalKind::NotFound, message });
            }
            Command::Close(symbol) => self.publish(|view| mark_closing(view, |position| position.symbol_id == symbol)),
            Command::CancelEntries | Command::CancelEntry(_) => self.publish(mark_cancelling),
            Command::Limit(limits) => self.publish(|view| view.limits.in_force = limits),
            Command::AcknowledgeAlarms(id) => self.publish(|view| {
                let by = Acknowledgement {
                    actor: authorised.actor.clone(),
                    reason: authorised.reason.clone(),
                    at: at(13, 15, 0),
                };
                let mut alarms = view.alarms.to_vec();
                let meant = alarms.iter_mut().filter(|view| id.is_none_or(|id| view.alarm.id == id));
                meant.for_each(|view| view.alarm.acknowledged = Some(by.clone()));
                view.alarms = alarms.into();
            }),
            Command::CloseAll => self.publish(|view| {
                mark_cancelling(view);
                mark_closing(view, |_| true);
            }),
        };
        CommandReply::Accepted(accepted)
    }
}

fn mark_cancelling(view: &mut View) {
    let cancelling = |entry: &EntryView| EntryView { status: OrderStatus::PendingCancel, ..entry.clone() };
    view.working_entries = view.working_entries.iter().map(cancelling).collect();
}

fn mark_closing(view: &mut View, is_meant: impl Fn(&PositionView) -> bool) {
    let closing = ClosingView { reason: ExitReason::Flatten, step: ClosingStep::Closing };
    let mark = |position: &PositionView| {
        let closing = if is_meant(position) { Some(closing) } else { position.closing };
        PositionView { closing, ..position.clone() }
    };
    view.positions = view.positions.iter().map(mark).collect();
}

/// What the broker's confirmations lead to.
fn confirm(view: &mut View) {
    view.working_entries =
        view.working_entries.iter().filter(|entry| entry.status != OrderStatus::PendingCancel).cloned().collect();
    view.positions = view.positions.iter().filter(|position| position.closing.is_none()).cloned().collect();
}

/// A served API and what belongs to it.
pub(super) struct Fixture {
    pub(super) runtime: Arc<Runtime>,
    pub(super) handle: Handle,
    pub(super) audits: mpsc::Receiver<Audit>,
    pub(super) port: u16,
    pub(super) stop: CancellationToken,
    pub(super) served: tokio::task::JoinHandle<Result<(), crate::rpc::ServeError>>,
    pub(super) url: DatabaseUrl,
    pub(super) folder: tempfile::TempDir,
}

impl Fixture {
    pub(super) async fn start() -> Self {
        Self::start_with(Mood::Willing).await
    }

    pub(super) async fn start_with(mood: Mood) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite(folder.path().join("orb.db"));
        let ledger = Ledger::new(Environment::Sim, "SIM");
        let mut writer = Writer::open(&url, ledger.clone(), names()).unwrap();
        writer.commit(&Commit { facts: &facts(), ..Commit::default() }).unwrap();
        let (view_in, view) = watch::channel(Arc::new(first_view(&ledger)));
        let (updates, logs) = (broadcast::Sender::new(UPDATES), broadcast::Sender::<Arc<LogView>>::new(UPDATES));
        let (commands, requests) = mpsc::channel(8);
        let (audit, audits) = mpsc::channel(8);
        let reader = Reader::open(&url, &ledger).unwrap();
        let gate = orb_exec::EntryGate::default();
        let done = Finished::default();
        done.add(finished());
        let finished = done;
        let switchboard = crate::rpc::Switchboard::default();
        let updates_out = updates.clone();
        let handle = Handle {
            view,
            updates: updates_out,
            logs,
            commands,
            gate,
            audit,
            finished,
            reader,
            switchboard,
            config: crate::reload::InForce::default(),
            meters: crate::monitoring::Meters::default(),
        };
        let runtime = Arc::new(Runtime { view: view_in, updates, mood, seen: Mutex::default() });
        tokio::spawn(Arc::clone(&runtime).answer(requests));
        let token = |text| Token::parse(text).unwrap();
        let auth = Auth::new()
            .with_token(&token(ADMIN), "eve", Role::Admin)
            .with_token(&token(OPERATOR), "ann", Role::Operator)
            .with_token(&token(VIEWER), "bob", Role::Viewer);
        let listener = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, handle.clone(), Arc::new(auth), stop.clone()));
        Self { runtime, handle, audits, port, stop, served, url, folder }
    }

    pub(super) fn uri(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) async fn client(&self) -> Client {
        self.client_with(Some(OPERATOR)).await
    }

    pub(super) async fn client_with(&self, token: Option<&str>) -> Client {
        let token = token.map(|text| Token::parse(text).unwrap());
        Client::connect(Endpoint::new(self.uri(), token)).await.unwrap()
    }
}
