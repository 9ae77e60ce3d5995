//! `PortfolioService`: the account and what is open in it, all from views.

use std::{sync::Arc, time::Duration};

use orb_api::v1::{self, portfolio_service_server::PortfolioService, stream_positions_response::Event};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::{
    Handle, convert,
    feed::{Ended, Feed, Sink, next_beat},
    orders, validate,
};
use crate::view::{PositionView, View};

/// Shortest time between two updates of one stream: what changes in between comes as one.
const UPDATE_SPACING: Duration = Duration::from_millis(20);

/// Serves `orb.v1.PortfolioService`.
#[derive(Clone, Debug)]
pub struct Portfolio {
    handle: Handle,
    stop: CancellationToken,
}

impl Portfolio {
    /// Makes the service; its streams end when `stop` is cancelled.
    #[must_use]
    pub const fn new(handle: Handle, stop: CancellationToken) -> Self {
        Self { handle, stop }
    }
}

#[tonic::async_trait]
impl PortfolioService for Portfolio {
    type StreamPositionsStream = Feed<v1::StreamPositionsResponse>;

    async fn get_account(&self, _: Request<v1::GetAccountRequest>) -> Result<Response<v1::GetAccountResponse>, Status> {
        let view = self.handle.current();
        Ok(Response::new(v1::GetAccountResponse {
            ledger: Some(convert::ledger(&view.ledger)),
            equity: convert::money(view.account.equity),
            cash: convert::money(view.account.cash),
            buying_power: convert::money(view.account.buying_power),
            gross_exposure: convert::money(view.gross_exposure()),
            session_open_equity: view.day.equity_open.map(convert::money),
            day_pnl: Some(convert::day_pnl(&view.day)),
            as_of: view.now.map(convert::instant),
        }))
    }

    async fn list_positions(
        &self,
        request: Request<v1::ListPositionsRequest>,
    ) -> Result<Response<v1::ListPositionsResponse>, Status> {
        let request = request.get_ref();
        let size = validate::page_size(request.page_size)?;
        let filter = Filter::read(&request.symbols, &request.strategies)?;
        let after = PageKey::read(&request.page_token)?;
        let view = self.handle.current();
        Ok(Response::new(page(&view, &filter, after.as_ref(), usize::try_from(size).unwrap_or(usize::MAX))))
    }

    async fn stream_positions(
        &self,
        request: Request<v1::StreamPositionsRequest>,
    ) -> Result<Response<Self::StreamPositionsStream>, Status> {
        let filter = Filter::read(&request.get_ref().symbols, &request.get_ref().strategies)?;
        let views = self.handle.view.clone();
        Ok(Response::new(Feed::start(&self.stop, |sink| stream(views, filter, sink))))
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
        _: Request<v1::StreamFillsRequest>,
    ) -> Result<Response<Self::StreamFillsStream>, Status> {
        Err(Status::unimplemented("not served yet"))
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
        _: Request<v1::StreamEquityRequest>,
    ) -> Result<Response<Self::StreamEquityStream>, Status> {
        Err(Status::unimplemented("not served yet"))
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

    fn token(&self) -> String {
        format!("{}|{}", self.symbol, self.strategy)
    }

    fn read(token: &str) -> Result<Option<Self>, Status> {
        if token.is_empty() {
            return Ok(None);
        }
        let parts = token.split_once('|').filter(|(symbol, strategy)| !symbol.is_empty() && !strategy.is_empty());
        let key = parts.map(|(symbol, strategy)| Self { symbol: symbol.to_owned(), strategy: strategy.to_owned() });
        let unknown = || validate::invalid("page_token", "not a token of this list; start again without one");
        key.map(Some).ok_or_else(unknown)
    }
}

fn page(view: &View, filter: &Filter, after: Option<&PageKey>, size: usize) -> v1::ListPositionsResponse {
    let mut rows: Vec<_> = view.positions.iter().filter(|position| filter.passes(position)).collect();
    rows.sort_by_cached_key(|position| PageKey::of(position));
    rows.retain(|position| after.is_none_or(|after| PageKey::of(position) > *after));
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|position| PageKey::of(position).token());
    v1::ListPositionsResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        positions: rows.into_iter().map(|position| convert::position(view, position)).collect(),
        next_page_token: next.unwrap_or_default(),
    }
}

/// Follows the views: each message holds all that changed since the one before, however many views were skipped.
async fn stream(
    mut views: watch::Receiver<Arc<View>>,
    filter: Filter,
    sink: Sink<v1::StreamPositionsResponse>,
) -> Result<(), Ended> {
    let mut shown = Arc::clone(&views.borrow_and_update());
    sink.send(message(&shown, snapshot(&shown, &filter))).await?;
    let mut beat = next_beat();
    loop {
        let event = match sink.wait(beat, views.changed()).await? {
            None => Event::Heartbeat(v1::Heartbeat { engine_time: views.borrow().now.map(convert::instant) }),
            Some(Err(_)) => return Ok(()),
            Some(Ok(())) => {
                let before = std::mem::replace(&mut shown, Arc::clone(&views.borrow_and_update()));
                let Some(event) = news(&before, &shown, &filter) else { continue };
                event
            }
        };
        let is_update = matches!(event, Event::Update(_));
        sink.send(message(&shown, event)).await?;
        beat = next_beat();
        if is_update {
            sleep(UPDATE_SPACING).await;
        }
    }
}

fn message(view: &View, event: Event) -> v1::StreamPositionsResponse {
    v1::StreamPositionsResponse {
        stream_epoch: String::new(),
        sequence: view.sequence,
        ledger_id: view.ledger.id.to_string(),
        server_time: Some(convert::instant(convert::wall_clock())),
        event: Some(event),
    }
}

fn snapshot(view: &View, filter: &Filter) -> Event {
    let mut positions: Vec<_> = view.positions.iter().filter(|position| filter.passes(position)).collect();
    positions.sort_by_cached_key(|position| PageKey::of(position));
    Event::Snapshot(v1::PositionsSnapshot {
        ledger: Some(convert::ledger(&view.ledger)),
        positions: positions.into_iter().map(|position| convert::position(view, position)).collect(),
        day_pnl: Some(convert::day_pnl(&view.day)),
        resync: false,
        dropped: 0,
    })
}

/// Returns what differs between two views, or a snapshot where the ledger does; `None` when nothing does.
fn news(before: &View, after: &View, filter: &Filter) -> Option<Event> {
    if before.ledger != after.ledger {
        return Some(snapshot(after, filter));
    }
    let is_same = Arc::ptr_eq(&before.positions, &after.positions);
    let (changed, removed) = if is_same { (Vec::new(), Vec::new()) } else { differences(before, after, filter) };
    if changed.is_empty() && removed.is_empty() && before.day == after.day {
        return None;
    }
    Some(Event::Update(v1::PositionsUpdate { changed, removed, day_pnl: Some(convert::day_pnl(&after.day)) }))
}

fn differences(before: &View, after: &View, filter: &Filter) -> (Vec<v1::Position>, Vec<v1::PositionKey>) {
    let same = |list: &[PositionView], position: &PositionView| list.contains(position);
    let changed = after.positions.iter().filter(|now| filter.passes(now) && !same(&before.positions, now));
    let is_open = |trade_id: &str| after.positions.iter().any(|position| &*position.trade_id == trade_id);
    let removed = before.positions.iter().filter(|then| filter.passes(then) && !is_open(&then.trade_id));
    let key = |position: &PositionView| v1::PositionKey {
        strategy: position.strategy.to_string(),
        symbol: position.symbol.to_string(),
        trade_id: position.trade_id.to_string(),
    };
    (changed.map(|position| convert::position(after, position)).collect(), removed.map(key).collect())
}
