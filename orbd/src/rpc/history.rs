//! `HistoryService`: trades, metrics and equity over time, all from the records.

use std::collections::BTreeMap;

use orb_api::v1::{self, history_service_server::HistoryService};
use orb_core::{
    Date, Money,
    metrics::{DayResult, Metrics},
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::{Handle, convert, export, feed::Feed, judgement, records, validate};
use crate::readiness::Readiness;
use crate::store::{
    DateRange, PageRequest, Reader, SessionRow, SortOrder, StoreError, TradeFilter, TradeRow, TradeStatus,
};

/// Rows that are read at a time.
const READ_ROWS: u32 = 1000;

/// Serves `orb.v1.HistoryService`.
#[derive(Clone, Debug)]
pub struct History {
    handle: Handle,
    stop: CancellationToken,
}

impl History {
    /// Makes the service; its streams end when `stop` is cancelled.
    #[must_use]
    pub const fn new(handle: Handle, stop: CancellationToken) -> Self {
        Self { handle, stop }
    }

    fn ledger(&self) -> Option<v1::Ledger> {
        Some(convert::ledger(&self.handle.current().ledger))
    }
}

#[tonic::async_trait]
impl HistoryService for History {
    type ExportTradesStream = Feed<v1::ExportTradesResponse>;

    async fn list_trades(
        &self,
        request: Request<v1::ListTradesRequest>,
    ) -> Result<Response<v1::ListTradesResponse>, Status> {
        let request = request.get_ref();
        let page = records::page(validate::page_size(request.page_size)?, &request.page_token);
        let filter = TradeFilter {
            symbols: validate::symbols(&request.symbols)?,
            sides: validate::sides(&request.sides)?,
            statuses: validate::trade_statuses(&request.statuses)?,
            strategies: validate::strategies(&request.strategies)?,
            dates: validate::date_range(&request.date_from, &request.date_to)?,
            order: validate::sort_order(request.order)?,
        };
        let found = records::read(&self.handle.reader, move |reader| reader.list_trades(&filter, &page)).await?;
        let ledger = self.ledger();
        let id = ledger.as_ref().map(|ledger| ledger.id.clone()).unwrap_or_default();
        let trades = found.rows.into_iter().map(|row| records::trade(&id, row)).collect();
        Ok(Response::new(v1::ListTradesResponse { ledger, trades, next_page_token: found.next.unwrap_or_default() }))
    }

    async fn get_metrics(
        &self,
        request: Request<v1::GetMetricsRequest>,
    ) -> Result<Response<v1::GetMetricsResponse>, Status> {
        let request = request.get_ref();
        let dates = validate::date_range(&request.date_from, &request.date_to)?;
        let strategies = validate::strategies(&request.strategies)?;
        let past = self.past(dates, strategies.clone()).await?;
        let date = |day: Option<&DayResult>| day.map(|day| convert::date(day.date));
        let running = || self.handle.current().config.strategies.iter().map(ToString::to_string).collect();
        Ok(Response::new(v1::GetMetricsResponse {
            ledger: self.ledger(),
            strategies: if strategies.is_empty() { running() } else { strategies },
            date_from: date(past.days.first()),
            date_to: date(past.days.last()),
            metrics: Some(metrics(&past)),
        }))
    }

    async fn get_equity_curve(
        &self,
        request: Request<v1::GetEquityCurveRequest>,
    ) -> Result<Response<v1::GetEquityCurveResponse>, Status> {
        let request = request.get_ref();
        let dates = validate::date_range(&request.date_from, &request.date_to)?;
        let past = self.past(dates, validate::strategies(&request.strategies)?).await?;
        let points = past.days.iter().map(point).collect();
        Ok(Response::new(v1::GetEquityCurveResponse { ledger: self.ledger(), points }))
    }

    async fn export_trades(
        &self,
        request: Request<v1::ExportTradesRequest>,
    ) -> Result<Response<Self::ExportTradesStream>, Status> {
        let request = request.get_ref();
        let filter = TradeFilter {
            symbols: validate::symbols(&request.symbols)?,
            sides: validate::sides(&request.sides)?,
            statuses: vec![TradeStatus::Closed],
            strategies: validate::strategies(&request.strategies)?,
            dates: validate::date_range(&request.date_from, &request.date_to)?,
            order: SortOrder::OldestFirst,
        };
        let handle = self.handle.clone();
        Ok(Response::new(Feed::start(&self.stop, |sink| export::send(handle, filter, sink))))
    }

    async fn get_parity_report(
        &self,
        request: Request<v1::GetParityReportRequest>,
    ) -> Result<Response<v1::GetParityReportResponse>, Status> {
        let date = validate::date("date", &request.get_ref().date)?;
        let found = records::read(&self.handle.reader, move |reader| {
            let row = reader.parity_report(date)?;
            row.map(|row| row.report().map(|report| (row, report))).transpose()
        })
        .await?;
        let Some((row, report)) = found else {
            let which = date.map_or_else(|| "any day".to_owned(), |date| date.to_string());
            let message = format!(
                "there is no parity report of {which}: one is made after each session, and by `orbd parity DATE --store`"
            );
            return Err(Status::not_found(message));
        };
        let report = Some(judgement::parity(&row, report));
        Ok(Response::new(v1::GetParityReportResponse { ledger: self.ledger(), report }))
    }

    async fn get_readiness(
        &self,
        _request: Request<v1::GetReadinessRequest>,
    ) -> Result<Response<v1::GetReadinessResponse>, Status> {
        let environment = self.handle.current().ledger.environment;
        let readiness = records::read(&self.handle.reader, move |reader| Readiness::of(reader, environment)).await?;
        Ok(Response::new(judgement::readiness(self.ledger(), readiness)))
    }
}

/// Holds the closed trades and the sessions of a range, both by date.
struct Past {
    trades: Vec<TradeRow>,
    days: Vec<DayResult>,
}

impl History {
    async fn past(&self, dates: DateRange, strategies: Vec<String>) -> Result<Past, Status> {
        let is_whole = strategies.is_empty();
        let (trades, mut sessions) = records::read(&self.handle.reader, move |reader| {
            Ok((closed_trades(reader, dates, strategies)?, reader.sessions(dates)?))
        })
        .await?;
        // Before its first result a session that goes on is no day of zero: it says nothing yet.
        sessions.retain(|session| session.ended || trades.iter().any(|row| row.attempt.date == session.date));
        let days = if is_whole { whole_days(&trades, &sessions) } else { days_of(&trades, &sessions) };
        Ok(Past { trades, days })
    }
}

fn closed_trades(reader: &Reader, dates: DateRange, strategies: Vec<String>) -> Result<Vec<TradeRow>, StoreError> {
    let statuses = vec![TradeStatus::Closed];
    let order = SortOrder::OldestFirst;
    let filter = TradeFilter { statuses, strategies, dates, order, ..TradeFilter::default() };
    let mut trades = Vec::new();
    let mut request = PageRequest::first(READ_ROWS);
    loop {
        let page = reader.list_trades(&filter, &request)?;
        trades.extend(page.rows);
        match page.next {
            None => return Ok(trades),
            token @ Some(_) => request.token = token,
        }
    }
}

/// Returns the sessions as the account had them. One that has not ended has brought what its closed trades have.
fn whole_days(trades: &[TradeRow], sessions: &[SessionRow]) -> Vec<DayResult> {
    let results = gains(trades);
    let mut peak = first_equity(sessions);
    let day = |session: &SessionRow| {
        let ended = Gain { net: session.realized_net, fees: session.fees };
        let result = if session.ended { ended } else { results.get(&session.date).copied().unwrap_or_default() };
        result.into_day(session, session.equity_open, &mut peak)
    };
    sessions.iter().map(day).collect()
}

/// Returns the sessions as they would have been with these trades alone, from the equity of the first one's open.
fn days_of(trades: &[TradeRow], sessions: &[SessionRow]) -> Vec<DayResult> {
    let results = gains(trades);
    let mut peak = first_equity(sessions);
    let mut equity = peak;
    let day = |session: &SessionRow| {
        let result = results.get(&session.date).copied().unwrap_or_default();
        let day = result.into_day(session, equity, &mut peak);
        equity = day.equity;
        day
    };
    sessions.iter().map(day).collect()
}

/// Returns what the trades of each day have brought.
fn gains(trades: &[TradeRow]) -> BTreeMap<Date, Gain> {
    let mut results: BTreeMap<Date, Gain> = BTreeMap::new();
    for TradeRow { attempt, trade } in trades {
        let result = results.entry(attempt.date).or_default();
        result.net += trade.net();
        result.fees += trade.fees;
    }
    results
}

fn first_equity(sessions: &[SessionRow]) -> Money {
    sessions.first().map_or(Money::ZERO, |session| session.equity_open)
}

/// Holds what a session brought, after fees, and the fees.
#[derive(Clone, Copy, Debug, Default)]
struct Gain {
    net: Money,
    fees: Money,
}

impl Gain {
    /// Makes the session's row; `peak` is the highest equity before it, and is raised.
    fn into_day(self, session: &SessionRow, equity_open: Money, peak: &mut Money) -> DayResult {
        let equity = equity_open + self.net;
        *peak = equity.max(*peak);
        let SessionRow { date, open, close, .. } = *session;
        let drawdown = *peak - equity;
        DayResult { date, open, close, equity_open, equity, realized: self.net, fees: self.fees, drawdown }
    }
}

fn metrics(past: &Past) -> v1::Metrics {
    let metrics = Metrics::of(past.trades.iter().map(|row| &row.trade), &past.days);
    let (trades, daily) = (metrics.trades, metrics.daily);
    let result = |(date, net)| v1::DayResult { date: convert::date(date), net_pnl: convert::money(net) };
    v1::Metrics {
        trades: count(trades.count),
        wins: count(trades.wins),
        losses: count(trades.losses),
        sessions: count(past.days.len()),
        win_rate: trades.win_rate,
        gross_pnl: convert::money(trades.gross),
        fees: convert::money(trades.fees),
        net_pnl: convert::money(trades.net),
        sharpe: daily.sharpe,
        // One session shows no deviation.
        sortino: daily.sortino.filter(|_| past.days.len() > 1),
        max_drawdown: convert::money(daily.max_drawdown),
        max_drawdown_fraction: (!past.days.is_empty()).then_some(daily.max_drawdown_fraction),
        average_win: trades.average_win.map(convert::money),
        average_loss: trades.average_loss.map(convert::money),
        profit_factor: trades.profit_factor,
        expectancy_r: trades.expectancy_r,
        best_day: daily.best_day.map(result),
        worst_day: daily.worst_day.map(result),
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The wire tells the realised result before fees.
fn point(day: &DayResult) -> v1::EquityPoint {
    let is_known = day.equity_open > Money::ZERO;
    v1::EquityPoint {
        date: convert::date(day.date),
        equity: convert::money(day.equity),
        realized: convert::money(day.realized + day.fees),
        fees: convert::money(day.fees),
        net_pnl: convert::money(day.realized),
        drawdown: convert::money(day.drawdown),
        daily_return: is_known.then(|| day.realized.micros() as f64 / day.equity_open.micros() as f64),
    }
}
