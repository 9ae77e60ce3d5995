//! The engine's own thread.

use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use orb_core::effect::Effects;
use orb_core::event::{Event, ReferenceData};
use orb_core::{Engine, Timestamp};
use orb_exec::{Broker, BrokerEvent, EntryGate, MarketData};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::books::{Books, core_restored};
use crate::guard::Heart;
use crate::monitoring::Meters;
use crate::rpc::CommandRequest;
use crate::runtime::{Asked, Ended, HaltFile, Identity, Publisher, Recorder, Runtime, header};
use crate::spill::{KeepError, Keeper};
use crate::store::{Audit, Restored};
use crate::view::{Update, View};

/// What the engine's thread begins with and talks to.
#[derive(Debug)]
pub(crate) struct Venue<B, M> {
    /// Where effects go.
    pub(crate) broker: B,
    /// Where prices and time come from.
    pub(crate) market: M,
    /// What the broker reports.
    pub(crate) events: mpsc::UnboundedReceiver<BrokerEvent>,
    /// What entries pass last.
    pub(crate) gate: EntryGate,
    /// What is known of each coming day before its open; closed where there is only one.
    pub(crate) days: mpsc::Receiver<ReferenceData>,
    /// The time at which it begins.
    pub(crate) now: Timestamp,
    /// The events that come before all others.
    pub(crate) first_events: Vec<Event>,
}

/// The engine's ends of the channels to the API: they outlive an engine, and are handed to the next one.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(super) commands: mpsc::Receiver<CommandRequest>,
    pub(super) audits: mpsc::Receiver<Audit>,
    pub(super) view: watch::Sender<Arc<View>>,
    pub(super) updates: broadcast::Sender<Arc<Update>>,
}

/// What an engine leaves behind that ended in good order.
#[derive(Debug)]
pub(crate) struct Left {
    /// What the next engine is given.
    pub(crate) ends: Ends,
    /// orb's own identifiers of the orders that may still work.
    pub(crate) open_orders: Vec<String>,
}

/// What the engine's thread takes with it.
pub(super) struct Thread<B, M> {
    pub(super) engine: Engine,
    pub(super) venue: Venue<B, M>,
    pub(super) books: Books,
    pub(super) identity: Identity,
    pub(super) ends: Ends,
    pub(super) halt_file: HaltFile,
    pub(super) heart: Heart,
    pub(super) stop: CancellationToken,
    pub(super) over: watch::Sender<bool>,
    pub(super) meters: Meters,
}

impl<B: Broker, M: MarketData> Thread<B, M> {
    /// Gives the engine a thread of its own.
    pub(super) fn spawn(self) -> anyhow::Result<JoinHandle<Result<Left, KeepError>>> {
        let thread = std::thread::Builder::new().name("orb-engine".to_owned());
        thread.spawn(move || self.run()).context("cannot start the engine's thread")
    }

    /// Runs the engine on this thread until it is stopped.
    fn run(self) -> Result<Left, KeepError> {
        let threads = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let threads = threads.expect("the system gives a timer to a thread that was given memory");
        threads.block_on(self.drive())
    }

    async fn drive(mut self) -> Result<Left, KeepError> {
        let (over, now) = (self.over.clone(), self.venue.now);
        let (view, updates) = (self.ends.view.clone(), self.ends.updates.clone());
        let first = core::mem::take(&mut self.venue.first_events);
        let mut runtime = self.runtime()?;
        runtime.begin(now, first).await?;
        if runtime.run().await? == Ended::MarketEnd {
            over.send_replace(true);
            runtime.linger().await?;
        }
        runtime.finish().await?;
        let open = runtime.engine.orders().filter(|order| !order.status.is_terminal());
        let open_orders = open.map(|order| order.id.as_str().to_owned()).collect();
        let Runtime { commands, audits, .. } = runtime;
        Ok(Left { ends: Ends { commands, audits, view, updates }, open_orders })
    }

    fn runtime(mut self) -> Result<Runtime<B, M>, KeepError> {
        let mut engine = self.engine;
        let Restored { last_sequence, last_effect, .. } = self.books.restored;
        self.books.end_causes(self.venue.now)?;
        let Books { writer, restored, folder, patience, .. } = self.books;
        let fills = restored.fills.clone();
        let state = core_restored(restored);
        engine.restore(state.clone());
        let mut publisher = Publisher::new(self.identity, self.ends.view, self.ends.updates);
        publisher.restore(&engine, &fills);
        let head = header(&engine, state, last_effect);
        Ok(Runtime {
            recorder: Recorder::new(head, last_sequence, last_effect),
            keeper: Keeper::start(writer, &folder, patience)?,
            engine,
            broker: self.venue.broker,
            market: self.venue.market,
            gate: self.venue.gate,
            broker_events: self.venue.events,
            days: self.venue.days,
            commands: self.ends.commands,
            audits: self.ends.audits,
            publisher,
            halt_file: self.halt_file,
            heart: self.heart,
            stop: self.stop,
            effects: Effects::after(last_effect),
            store_trouble: None,
            let_go: 0,
            meters: self.meters,
            asked: Asked::default(),
        })
    }
}
