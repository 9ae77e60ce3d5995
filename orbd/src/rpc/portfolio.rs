//! `PortfolioService`: the account and what is open in it, all from views.

use orb_api::v1::{self, portfolio_service_server::PortfolioService};
use tonic::{Request, Response, Status};

use super::{Feed, Handle, Streams, convert, orders, validate};
use crate::store::PageBinding;
use crate::view::{PositionView, View};

/// Serves `orb.v1.PortfolioService`.
#[derive(Clone, Debug)]
pub struct Portfolio {
    handle: Handle,
    streams: Streams,
}

impl Portfolio {
    /// Makes the service.
    #[must_use]
    pub const fn new(handle: Handle, streams: Streams) -> Self {
        Self { handle, streams }
    }
}

#[tonic::async_trait]
impl PortfolioService for Portfolio {
    type StreamPositionsStream = Feed<v1::StreamPositionsResponse>;

    async fn get_account(&self, _: Request<v1::GetAccountRequest>) -> Result<Response<v1::GetAccountResponse>, Status> {
        Ok(Response::new(account(&self.handle.current())))
    }

    async fn list_positions(
        &self,
        request: Request<v1::ListPositionsRequest>,
    ) -> Result<Response<v1::ListPositionsResponse>, Status> {
        let request = request.get_ref();
        let size = validate::page_size(request.page_size)?;
        let filter = Filter::read(&request.symbols, &request.strategies)?;
        let view = self.handle.current();
        let binding = PageBinding::new("positions", &view.ledger.id, &filter);
        let after = PageKey::read(&binding, &request.page_token)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        Ok(Response::new(page(&view, &filter, &binding, after.as_ref(), size)))
    }

    async fn stream_positions(
        &self,
        request: Request<v1::StreamPositionsRequest>,
    ) -> Result<Response<Self::StreamPositionsStream>, Status> {
        Ok(Response::new(self.streams.positions(&request)?))
    }

    async fn list_orders(
        &self,
        request: Request<v1::ListOrdersRequest>,
    ) -> Result<Response<v1::ListOrdersResponse>, Status> {
        orders::list_orders(&self.handle, request.get_ref()).await.map(Response::new)
    }

    async fn list_fills(
        &self,
        request: Request<v1::ListFillsRequest>,
    ) -> Result<Response<v1::ListFillsResponse>, Status> {
        orders::list_fills(&self.handle, request.get_ref()).await.map(Response::new)
    }

    type StreamFillsStream = Feed<v1::StreamFillsResponse>;

    async fn stream_fills(
        &self,
        request: Request<v1::StreamFillsRequest>,
    ) -> Result<Response<Self::StreamFillsStream>, Status> {
        Ok(Response::new(self.streams.fills(&request)?))
    }

    async fn get_intraday_equity(
        &self,
        request: Request<v1::GetIntradayEquityRequest>,
    ) -> Result<Response<v1::GetIntradayEquityResponse>, Status> {
        orders::intraday_equity(&self.handle, request.get_ref()).await.map(Response::new)
    }

    type StreamEquityStream = Feed<v1::StreamEquityResponse>;

    async fn stream_equity(
        &self,
        request: Request<v1::StreamEquityRequest>,
    ) -> Result<Response<Self::StreamEquityStream>, Status> {
        Ok(Response::new(self.streams.equity(&request)?))
    }
}

/// Returns the account as a view shows it.
pub(super) fn account(view: &View) -> v1::GetAccountResponse {
    v1::GetAccountResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        equity: convert::money(view.account.equity),
        cash: convert::money(view.account.cash),
        buying_power: convert::money(view.account.buying_power),
        gross_exposure: convert::money(view.gross_exposure()),
        session_open_equity: view.day.equity_open.map(convert::money),
        day_pnl: Some(convert::day_pnl(&view.day)),
        as_of: view.now.map(convert::instant),
    }
}

/// Selects positions; an empty list lets all pass.
#[derive(Clone, Debug, Default)]
struct Filter {
    symbols: Vec<String>,
    strategies: Vec<String>,
}

impl Filter {
    fn read(symbols: &[String], strategies: &[String]) -> Result<Self, Status> {
        Ok(Self { symbols: validate::symbols(symbols)?, strategies: validate::strategies(strategies)? })
    }

    fn passes(&self, position: &PositionView) -> bool {
        let among = |list: &[String], name: &str| list.is_empty() || list.iter().any(|known| known == name);
        among(&self.symbols, &position.symbol) && among(&self.strategies, &position.strategy)
    }
}

/// Names the last position of a page. Pages are of the moment: a position that closes in between is in none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PageKey {
    symbol: String,
    strategy: String,
}

impl PageKey {
    fn of(position: &PositionView) -> Self {
        Self { symbol: position.symbol.to_string(), strategy: position.strategy.to_string() }
    }

    fn token(&self, binding: &PageBinding) -> String {
        binding.token(&[self.symbol.clone(), self.strategy.clone()])
    }

    fn read(binding: &PageBinding, token: &str) -> Result<Option<Self>, Status> {
        if token.is_empty() {
            return Ok(None);
        }
        let key = binding.read(token).and_then(|parts| match &parts[..] {
            [symbol, strategy] => Some(Self { symbol: symbol.clone(), strategy: strategy.clone() }),
            _ => None,
        });
        let unknown =
            || validate::invalid("page_token", "not a token of this list and its filter; start again without one");
        key.map(Some).ok_or_else(unknown)
    }
}

fn page(
    view: &View,
    filter: &Filter,
    binding: &PageBinding,
    after: Option<&PageKey>,
    size: usize,
) -> v1::ListPositionsResponse {
    let mut rows: Vec<_> = view.positions.iter().filter(|position| filter.passes(position)).collect();
    rows.sort_by_cached_key(|position| PageKey::of(position));
    rows.retain(|position| after.is_none_or(|after| PageKey::of(position) > *after));
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|position| PageKey::of(position).token(binding));
    v1::ListPositionsResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        positions: rows.into_iter().map(|position| convert::position(view, position)).collect(),
        next_page_token: next.unwrap_or_default(),
    }
}
