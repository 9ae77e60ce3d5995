//! `SignalService`: signals, and why there was none.

use std::{collections::BTreeSet, sync::Arc};

use orb_api::v1::{self, signal_service_server::SignalService, stream_signals_response::Event};
use orb_core::{Side, fact::SignalStatus};
use tokio::sync::broadcast::{
    Receiver,
    error::{RecvError, TryRecvError},
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::{
    Handle, chain, convert,
    feed::{Ended, Feed, Sink, next_beat},
    records, universe, validate,
};
use crate::{
    store::{DecisionFilter, SignalFilter},
    view::{Change, SignalView, Update, View},
};

/// Serves `orb.v1.SignalService`.
#[derive(Clone, Debug)]
pub struct Signals {
    handle: Handle,
    stop: CancellationToken,
}

impl Signals {
    /// Makes the service; its streams end when `stop` is cancelled.
    #[must_use]
    pub const fn new(handle: Handle, stop: CancellationToken) -> Self {
        Self { handle, stop }
    }
}

#[tonic::async_trait]
impl SignalService for Signals {
    type StreamSignalsStream = Feed<v1::StreamSignalsResponse>;

    async fn list_signals(
        &self,
        request: Request<v1::ListSignalsRequest>,
    ) -> Result<Response<v1::ListSignalsResponse>, Status> {
        let request = request.get_ref();
        let page = records::page(validate::page_size(request.page_size)?, &request.page_token);
        let filter = SignalFilter {
            symbols: validate::symbols(&request.symbols)?,
            sides: validate::sides(&request.sides)?,
            statuses: validate::signal_statuses(&request.statuses)?,
            strategies: validate::strategies(&request.strategies)?,
            dates: validate::date_range(&request.date_from, &request.date_to)?,
            order: validate::sort_order(request.order)?,
        };
        let found = records::read(&self.handle.reader, move |reader| reader.list_signals(&filter, &page)).await?;
        let view = self.handle.current();
        let signals = found.rows.into_iter().map(|row| records::signal(&view.ledger.id, row)).collect();
        Ok(Response::new(v1::ListSignalsResponse {
            ledger: Some(convert::ledger(&view.ledger)),
            signals,
            next_page_token: found.next.unwrap_or_default(),
        }))
    }

    async fn stream_signals(
        &self,
        request: Request<v1::StreamSignalsRequest>,
    ) -> Result<Response<Self::StreamSignalsStream>, Status> {
        let request = request.get_ref();
        let filter = Filter {
            symbols: validate::symbols(&request.symbols)?,
            sides: validate::sides(&request.sides)?,
            statuses: validate::signal_statuses(&request.statuses)?,
            strategies: validate::strategies(&request.strategies)?,
            sent: BTreeSet::new(),
        };
        let handle = self.handle.clone();
        Ok(Response::new(Feed::start(&self.stop, |sink| stream(handle, filter, sink))))
    }

    async fn list_decisions(
        &self,
        request: Request<v1::ListDecisionsRequest>,
    ) -> Result<Response<v1::ListDecisionsResponse>, Status> {
        let request = request.get_ref();
        let page = records::page(validate::page_size(request.page_size)?, &request.page_token);
        let filter = DecisionFilter {
            symbols: validate::symbols(&request.symbols)?,
            strategies: validate::strategies(&request.strategies)?,
            reasons: validate::reasons(&request.reasons)?,
            dates: validate::date_range(&request.date_from, &request.date_to)?,
        };
        let found = records::read(&self.handle.reader, move |reader| reader.list_decisions(&filter, &page)).await?;
        let view = self.handle.current();
        let decisions = found.rows.into_iter().map(|row| records::decision(&view.ledger.id, row)).collect();
        Ok(Response::new(v1::ListDecisionsResponse {
            ledger: Some(convert::ledger(&view.ledger)),
            decisions,
            next_page_token: found.next.unwrap_or_default(),
        }))
    }

    async fn get_signal(
        &self,
        request: Request<v1::GetSignalRequest>,
    ) -> Result<Response<v1::GetSignalResponse>, Status> {
        chain::get_signal(&self.handle, request.get_ref()).await.map(Response::new)
    }

    async fn explain_symbol(
        &self,
        request: Request<v1::ExplainSymbolRequest>,
    ) -> Result<Response<v1::ExplainSymbolResponse>, Status> {
        chain::explain_symbol(&self.handle, request.get_ref()).await.map(Response::new)
    }

    async fn list_universe(
        &self,
        request: Request<v1::ListUniverseRequest>,
    ) -> Result<Response<v1::ListUniverseResponse>, Status> {
        universe::list(&self.handle, request.get_ref()).await.map(Response::new)
    }

    async fn list_bars(&self, _: Request<v1::ListBarsRequest>) -> Result<Response<v1::ListBarsResponse>, Status> {
        Err(Status::unimplemented("not served yet"))
    }
}

/// Selects signals of a stream; an empty list lets all pass.
#[derive(Clone, Debug, Default)]
struct Filter {
    symbols: Vec<String>,
    sides: Vec<Side>,
    statuses: Vec<SignalStatus>,
    strategies: Vec<String>,
    /// Those that the client knows in one of the statuses; when one leaves them, it is told once.
    sent: BTreeSet<Arc<str>>,
}

impl Filter {
    fn passes(&mut self, signal: &SignalView) -> bool {
        let among = |list: &[String], name: &str| list.is_empty() || list.iter().any(|known| known == name);
        let side = signal.signal.side;
        let is_wanted = among(&self.symbols, &signal.symbol)
            && among(&self.strategies, &signal.strategy)
            && (self.sides.is_empty() || self.sides.contains(&side));
        is_wanted && self.passes_status(signal)
    }

    fn passes_status(&mut self, signal: &SignalView) -> bool {
        if self.statuses.is_empty() {
            return true;
        }
        if self.statuses.contains(&signal.signal.status) {
            self.sent.insert(Arc::clone(&signal.id));
            return true;
        }
        self.sent.remove(&signal.id)
    }
}

/// Follows the updates above a view; a client that lags gets a newer view.
async fn stream(handle: Handle, mut filter: Filter, sink: Sink<v1::StreamSignalsResponse>) -> Result<(), Ended> {
    // Subscribed before the view is taken: what is in between comes twice rather than never, and is left out below.
    let mut updates = handle.updates.subscribe();
    let mut view = handle.current();
    let mut sequence = view.sequence;
    sink.send(message(&view, sequence, snapshot(&view, &mut filter, 0))).await?;
    let mut beat = next_beat();
    loop {
        let news = match sink.wait(beat, updates.recv()).await? {
            None => Ok(Some(heartbeat(&handle))),
            Some(Err(RecvError::Closed)) => return Ok(()),
            Some(Err(RecvError::Lagged(dropped))) => Err(dropped),
            // Another ledger has other signals: none of this one is news there.
            Some(Ok(_)) if handle.view.borrow().ledger != view.ledger => Err(0),
            Some(Ok(first)) => batch(first, &mut updates, &mut sequence, &view, &mut filter),
        };
        let event = news.unwrap_or_else(|dropped| {
            view = handle.current();
            sequence = view.sequence;
            Some(snapshot(&view, &mut filter, dropped))
        });
        if let Some(event) = event {
            sink.send(message(&view, sequence, event)).await?;
            beat = next_beat();
        }
    }
}

/// Makes one message of all updates that are there and newer than `sequence`, which moves on; or tells how many are
/// lost, and then none of them counts.
fn batch(
    first: Arc<Update>,
    updates: &mut Receiver<Arc<Update>>,
    sequence: &mut u64,
    view: &View,
    filter: &mut Filter,
) -> Result<Option<Event>, u64> {
    let known = *sequence;
    let mut signals = Vec::new();
    let mut next = Some(first);
    while let Some(update) = next {
        if update.sequence > known {
            *sequence = update.sequence;
            for change in &update.changes {
                if let Change::Signal(signal) = change
                    && filter.passes(signal)
                {
                    signals.push(convert::signal(&view.ledger.id, signal));
                }
            }
        }
        next = match updates.try_recv() {
            Ok(update) => Some(update),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
            Err(TryRecvError::Lagged(dropped)) => return Err(dropped),
        };
    }
    Ok((!signals.is_empty()).then_some(Event::Update(v1::SignalsUpdate { signals })))
}

fn heartbeat(handle: &Handle) -> Event {
    Event::Heartbeat(v1::Heartbeat { engine_time: handle.current().now.map(convert::instant) })
}

fn message(view: &View, sequence: u64, event: Event) -> v1::StreamSignalsResponse {
    v1::StreamSignalsResponse {
        stream_epoch: String::new(),
        sequence,
        ledger_id: view.ledger.id.to_string(),
        server_time: Some(convert::instant(convert::wall_clock())),
        event: Some(event),
    }
}

fn snapshot(view: &View, filter: &mut Filter, dropped: u64) -> Event {
    let signals = view.signals.iter().filter(|signal| filter.passes(signal));
    Event::Snapshot(v1::SignalsSnapshot {
        ledger: Some(convert::ledger(&view.ledger)),
        signals: signals.map(|signal| convert::signal(&view.ledger.id, signal)).collect(),
        resync: dropped > 0,
        dropped,
    })
}
