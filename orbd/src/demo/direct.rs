//! The backtest's own exchange as the venue: the demo trades exactly as the backtest does.

use orb_core::Bar;
use orb_core::event::{Event, FeedState, MarketData, Origin};
use orb_core::hold::HoldKind;
use orb_exec::EntryGate;
use orb_exec::local::{LocalBroker, LocalMarket, Opened};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{DemoOptions, DemoSession, is_over};
use crate::daemon::{Books, Daemon, Folder, Post, Running, Start, Venue};
use crate::rpc::{Listeners, Switchboard};
use crate::spill::Patience;
use crate::store::{DatabaseUrl, Ledger};
use crate::view::Environment;

/// Starts a demo on the backtest's exchange; tells which run of the folder it is.
pub(super) async fn start(
    session: &DemoSession,
    options: &DemoOptions,
    folder: &Folder,
    url: &DatabaseUrl,
    listeners: Listeners,
) -> anyhow::Result<(Daemon, u32)> {
    let (books, run) = open_books(url, folder, session)?;
    let gate = EntryGate::default();
    let opened = orb_exec::local::open(session.venue(options.speed, folder.exchange_log(run)), gate.clone())?;
    let running = folder.mark_running()?;
    let engine = crate::backtest::engine_config(&session.market, &session.run).explained();
    let stop = CancellationToken::new();
    let post = Post {
        identity: options.identity(&books.ledger),
        venue: venue(session, opened, gate, &running),
        books,
        engine: orb_backtest::driver::bar_driven(engine),
        stop: stop.child_token(),
    };
    let (retention, switchboard) = (crate::store::Retention::default(), Switchboard::default());
    let (notify, otel) = (&options.notify, &options.otel);
    let start = Start { folder, running, url, retention, post, context: "demo", switchboard, notify, otel };
    Ok((Daemon::start(start, listeners, stop).await?, run))
}

/// Joins the exchange with the events that come before all others: the day, after a crash its hold, and the bars of
/// before.
fn venue(session: &DemoSession, opened: Opened, gate: EntryGate, running: &Running) -> Venue<LocalBroker, LocalMarket> {
    let crashed = running.was_left_behind() && !opened.ended;
    let crash = crashed.then_some(Event::Feed(FeedState::Trouble(HoldKind::Crashed)));
    let backfill = |bars: Vec<Bar>| Event::Market(Origin::Backfill, MarketData::Bars(bars));
    let past = opened.backfill.into_iter().map(backfill);
    let first_events = core::iter::once(Event::Reference(session.reference())).chain(crash).chain(past).collect();
    // There is one day only, and it is known already.
    let (_, days) = mpsc::channel(1);
    let Opened { broker, market, events, now, .. } = Opened { backfill: Vec::new(), ..opened };
    Venue { broker, market, events, gate, days, now, first_events }
}

/// Opens the records of the latest run, or of a new one when the latest is over.
fn open_books(url: &DatabaseUrl, folder: &Folder, session: &DemoSession) -> anyhow::Result<(Books, u32)> {
    let latest = folder.latest_run();
    let run = if is_over(url, &ledger_of(latest)) { latest + 1 } else { latest };
    Ok((Books::open(url, ledger_of(run), &session.run, &session.market.symbols, folder, Patience::SIMULATED)?, run))
}

/// Names the books of a run.
fn ledger_of(run: u32) -> Ledger {
    Ledger::new(Environment::Sim, &format!("DEMO-{run}"))
}
