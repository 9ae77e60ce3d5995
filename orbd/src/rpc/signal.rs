//! `SignalService`: signals, and why there was none.

use orb_api::v1::{self, signal_service_server::SignalService};
use tonic::{Request, Response, Status};

use super::{Feed, Handle, Streams, bars, chain, convert, records, universe, validate};
use crate::store::{DecisionFilter, SignalFilter};

/// Serves `orb.v1.SignalService`.
#[derive(Clone, Debug)]
pub struct Signals {
    handle: Handle,
    streams: Streams,
}

impl Signals {
    /// Makes the service.
    #[must_use]
    pub const fn new(handle: Handle, streams: Streams) -> Self {
        Self { handle, streams }
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
        Ok(Response::new(self.streams.signals(&request)?))
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

    async fn list_bars(&self, request: Request<v1::ListBarsRequest>) -> Result<Response<v1::ListBarsResponse>, Status> {
        bars::list(&self.handle, request.get_ref()).await.map(Response::new)
    }
}
