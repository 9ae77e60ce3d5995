//! The services over the recorded replies.

use std::{collections::HashMap, fmt::Debug, sync::atomic::Ordering};

use orb_api::v1::{
    control_service_server::ControlService, history_service_server::HistoryService, log_service_server::LogService,
    portfolio_service_server::PortfolioService, signal_service_server::SignalService, *,
};
use tokio_stream::{self as stream, Iter, Pending, StreamExt as _, adapters::Chain};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{Mood, Shared, replies};

pub(super) type Reply<T> = Result<Response<T>, Status>;
/// Some messages, then silence while the client stays.
pub(super) type Messages<T> = Chain<Iter<std::vec::IntoIter<Result<T, Status>>>, Pending<Result<T, Status>>>;
type Chunks<T> = Iter<std::vec::IntoIter<Result<T, Status>>>;

impl Shared {
    pub(super) fn note<T: Debug>(&self, request: Request<T>) -> T {
        let request = request.into_inner();
        self.asked.lock().unwrap().push(format!("{request:?}"));
        request
    }

    fn is_willing(&self) -> bool {
        self.mood != Mood::Empty
    }

    fn rows<T>(&self, rows: Vec<T>) -> Vec<T> {
        if self.is_willing() { rows } else { Vec::new() }
    }
}

pub(super) fn ok<T>(reply: T) -> Reply<T> {
    Ok(Response::new(reply))
}

/// A refusal whose details say what to do.
fn refusal() -> Status {
    let remedy = HashMap::from([(orb_api::REMEDY.to_owned(), "see `orbctl universe`".to_owned())]);
    let details = ErrorDetails::with_error_info("UNKNOWN_SYMBOL", orb_api::ERROR_DOMAIN, remedy);
    Status::with_error_details(Code::NotFound, "nothing is known of XYZ on that day", details)
}

/// A refusal of a reload, with a violation for each key.
fn config_refused() -> Status {
    let mut details = ErrorDetails::with_error_info("CONFIG_REFUSED", orb_api::ERROR_DOMAIN, HashMap::new());
    details.add_bad_request_violation("daemon.listen", "the address is open while orbd runs");
    let message = "daemon.listen cannot be taken up now: the address is open while orbd runs; nothing has changed";
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

fn unserved<T>() -> Reply<T> {
    Err(Status::unimplemented("no reply is recorded"))
}

pub(super) fn messages<T>(messages: Vec<T>) -> Messages<T> {
    let messages: Vec<_> = messages.into_iter().map(Ok).collect();
    stream::iter(messages).chain(stream::pending())
}

#[tonic::async_trait]
impl ControlService for Shared {
    async fn get_status(&self, request: Request<GetStatusRequest>) -> Reply<GetStatusResponse> {
        self.note(request);
        ok(replies::status())
    }

    async fn set_kill_switch(&self, request: Request<SetKillSwitchRequest>) -> Reply<SetKillSwitchResponse> {
        let request = self.note(request);
        ok(replies::killed(&request, self.is_willing()))
    }

    async fn pause_entries(&self, request: Request<PauseEntriesRequest>) -> Reply<PauseEntriesResponse> {
        let request = self.note(request);
        ok(replies::paused(&request))
    }

    async fn resume_entries(&self, request: Request<ResumeEntriesRequest>) -> Reply<ResumeEntriesResponse> {
        let request = self.note(request);
        ok(replies::resumed(&request, self.is_willing()))
    }

    async fn close_position(&self, request: Request<ClosePositionRequest>) -> Reply<ClosePositionResponse> {
        let request = self.note(request);
        match request.symbol.as_str() {
            "NVDA" => ok(replies::closed(&request, self.is_willing())),
            "SLOW" => Err(Status::unavailable("the daemon is stopping")),
            symbol => Err(Status::not_found(format!("there is no open position in {symbol}"))),
        }
    }

    type WatchStatusStream = Messages<WatchStatusResponse>;

    async fn watch_status(&self, _: Request<WatchStatusRequest>) -> Reply<Self::WatchStatusStream> {
        unserved()
    }

    async fn get_caller(&self, _: Request<GetCallerRequest>) -> Reply<GetCallerResponse> {
        unserved()
    }

    async fn close_all_positions(
        &self,
        request: Request<CloseAllPositionsRequest>,
    ) -> Reply<CloseAllPositionsResponse> {
        let request = self.note(request);
        ok(replies::all_closed(&request, self.is_willing()))
    }

    async fn cancel_order(&self, request: Request<CancelOrderRequest>) -> Reply<CancelOrderResponse> {
        let request = self.note(request);
        ok(replies::cancelled(&request, self.is_willing()))
    }

    async fn cancel_all_orders(&self, request: Request<CancelAllOrdersRequest>) -> Reply<CancelAllOrdersResponse> {
        let request = self.note(request);
        ok(replies::all_cancelled(&request, self.is_willing()))
    }

    async fn acknowledge_alarms(&self, request: Request<AcknowledgeAlarmsRequest>) -> Reply<AcknowledgeAlarmsResponse> {
        let request = self.note(request);
        ok(replies::acknowledged(&request))
    }

    async fn list_environments(&self, _: Request<ListEnvironmentsRequest>) -> Reply<ListEnvironmentsResponse> {
        unserved()
    }

    async fn set_environment(&self, _: Request<SetEnvironmentRequest>) -> Reply<SetEnvironmentResponse> {
        unserved()
    }

    async fn get_risk_limits(&self, request: Request<GetRiskLimitsRequest>) -> Reply<GetRiskLimitsResponse> {
        self.note(request);
        ok(replies::limits())
    }

    async fn set_risk_limits(&self, request: Request<SetRiskLimitsRequest>) -> Reply<SetRiskLimitsResponse> {
        let request = self.note(request);
        ok(replies::limits_set(&request))
    }

    async fn get_config(&self, request: Request<GetConfigRequest>) -> Reply<GetConfigResponse> {
        self.note(request);
        ok(replies::config())
    }

    async fn reload_config(&self, request: Request<ReloadConfigRequest>) -> Reply<ReloadConfigResponse> {
        let request = self.note(request);
        if self.is_willing() { ok(replies::reloaded(&request)) } else { Err(config_refused()) }
    }
}

#[tonic::async_trait]
impl PortfolioService for Shared {
    type StreamPositionsStream = Messages<StreamPositionsResponse>;

    async fn get_account(&self, request: Request<GetAccountRequest>) -> Reply<GetAccountResponse> {
        self.note(request);
        ok(replies::account())
    }

    async fn list_positions(&self, request: Request<ListPositionsRequest>) -> Reply<ListPositionsResponse> {
        self.note(request);
        let positions = self.rows(vec![replies::position()]);
        ok(ListPositionsResponse { ledger: replies::ledger(), positions, next_page_token: String::new() })
    }

    async fn stream_positions(&self, request: Request<StreamPositionsRequest>) -> Reply<Self::StreamPositionsStream> {
        use stream_positions_response::Event;
        self.note(request);
        let message = |sequence, event| StreamPositionsResponse {
            sequence,
            ledger_id: "sim-1".to_owned(),
            server_time: None,
            stream_epoch: String::new(),
            event: Some(event),
        };
        let snapshot = |resync, dropped| PositionsSnapshot {
            ledger: replies::ledger(),
            positions: vec![replies::position()],
            day_pnl: replies::day_pnl(),
            resync,
            dropped,
        };
        let moved = Position { last_price: Some("102".to_owned()), ..replies::position() };
        let gone =
            PositionKey { strategy: "orb-classic".to_owned(), symbol: "NVDA".to_owned(), trade_id: "t4".to_owned() };
        let update = PositionsUpdate { changed: vec![moved], removed: Vec::new(), day_pnl: None };
        let end = PositionsUpdate { changed: Vec::new(), removed: vec![gone], day_pnl: None };
        ok(messages(vec![
            message(5, Event::Snapshot(snapshot(false, 0))),
            message(6, Event::Update(update)),
            message(6, Event::Heartbeat(Heartbeat::default())),
            message(9, Event::Snapshot(snapshot(true, 3))),
            message(10, Event::Update(end)),
        ]))
    }

    async fn list_orders(&self, request: Request<ListOrdersRequest>) -> Reply<ListOrdersResponse> {
        self.note(request);
        let orders = self.rows(vec![replies::entry_order()]);
        ok(ListOrdersResponse { ledger: replies::ledger(), orders, next_page_token: String::new() })
    }

    async fn list_fills(&self, request: Request<ListFillsRequest>) -> Reply<ListFillsResponse> {
        self.note(request);
        let fills = self.rows(vec![replies::fill(100)]);
        ok(ListFillsResponse { ledger: replies::ledger(), fills, next_page_token: String::new() })
    }

    type StreamFillsStream = Messages<StreamFillsResponse>;

    /// The first stream breaks; one that goes on after it is told so, any other begins anew.
    async fn stream_fills(&self, request: Request<StreamFillsRequest>) -> Reply<Self::StreamFillsStream> {
        use stream_fills_response::Event;
        let place = self.note(request).resume_after;
        let message = |sequence, event| StreamFillsResponse {
            sequence,
            stream_epoch: "run-1".to_owned(),
            event: Some(event),
            ..StreamFillsResponse::default()
        };
        let fill = |id: &str| Fill { id: id.to_owned(), ..replies::fill(100) };
        let snapshot = FillsSnapshot { ledger: replies::ledger(), fills: vec![fill("f1")], ..Default::default() };
        let update = FillsUpdate { fills: vec![fill("f1"), fill("f2")] };
        let Some(place) = place else {
            let first = Ok(message(7, Event::Snapshot(snapshot)));
            return ok(stream::iter(vec![first, Err(Status::unavailable("restarting"))]).chain(stream::pending()));
        };
        let resumed = Event::Resumed(Resumed { after_sequence: place.sequence });
        ok(messages(vec![message(place.sequence, resumed), message(9, Event::Update(update))]))
    }

    async fn get_intraday_equity(&self, _: Request<GetIntradayEquityRequest>) -> Reply<GetIntradayEquityResponse> {
        unserved()
    }

    type StreamEquityStream = Messages<StreamEquityResponse>;

    async fn stream_equity(&self, _: Request<StreamEquityRequest>) -> Reply<Self::StreamEquityStream> {
        unserved()
    }
}

#[tonic::async_trait]
impl SignalService for Shared {
    type StreamSignalsStream = Messages<StreamSignalsResponse>;

    async fn list_signals(&self, request: Request<ListSignalsRequest>) -> Reply<ListSignalsResponse> {
        self.note(request);
        let signals = self.rows(vec![replies::rejected(), replies::signal()]);
        ok(ListSignalsResponse { ledger: replies::ledger(), signals, next_page_token: String::new() })
    }

    async fn stream_signals(&self, request: Request<StreamSignalsRequest>) -> Reply<Self::StreamSignalsStream> {
        use stream_signals_response::Event;
        self.note(request);
        let message = |sequence, event| StreamSignalsResponse {
            sequence,
            ledger_id: "sim-1".to_owned(),
            server_time: None,
            stream_epoch: String::new(),
            event: Some(event),
        };
        let snapshot =
            SignalsSnapshot { ledger: replies::ledger(), signals: vec![replies::signal()], ..Default::default() };
        let update = SignalsUpdate { signals: vec![replies::rejected()] };
        ok(messages(vec![message(1, Event::Snapshot(snapshot)), message(2, Event::Update(update))]))
    }

    async fn list_decisions(&self, request: Request<ListDecisionsRequest>) -> Reply<ListDecisionsResponse> {
        self.note(request);
        let decisions = self.rows(vec![replies::decision()]);
        ok(ListDecisionsResponse { ledger: replies::ledger(), decisions, next_page_token: String::new() })
    }

    async fn get_signal(&self, _: Request<GetSignalRequest>) -> Reply<GetSignalResponse> {
        unserved()
    }

    async fn explain_symbol(&self, request: Request<ExplainSymbolRequest>) -> Reply<ExplainSymbolResponse> {
        let request = self.note(request);
        if request.symbol == "XYZ" {
            return Err(refusal());
        }
        ok(replies::explained())
    }

    async fn list_universe(&self, request: Request<ListUniverseRequest>) -> Reply<ListUniverseResponse> {
        self.note(request);
        let entries = self.rows(vec![replies::universe_entry()]);
        ok(ListUniverseResponse {
            ledger: replies::ledger(),
            date: "2026-02-13".to_owned(),
            entries,
            next_page_token: String::new(),
        })
    }

    async fn list_bars(&self, _: Request<ListBarsRequest>) -> Reply<ListBarsResponse> {
        unserved()
    }
}

#[tonic::async_trait]
impl HistoryService for Shared {
    type ExportTradesStream = Chunks<ExportTradesResponse>;

    /// Two pages of one trade each.
    async fn list_trades(&self, request: Request<ListTradesRequest>) -> Reply<ListTradesResponse> {
        let request = self.note(request);
        let is_second = request.page_token == "second";
        if is_second && self.mood == Mood::Faltering && !self.has_faltered.swap(true, Ordering::SeqCst) {
            return Err(Status::unavailable("the daemon is stopping"));
        }
        let mut trades = self.rows(replies::trades());
        let second = trades.split_off(trades.len().min(1));
        let (trades, next_page_token) = match request.page_token.as_str() {
            "" if !second.is_empty() => (trades, "second".to_owned()),
            "" => (trades, String::new()),
            _ => (second, String::new()),
        };
        ok(ListTradesResponse { ledger: replies::ledger(), trades, next_page_token })
    }

    async fn get_metrics(&self, request: Request<GetMetricsRequest>) -> Reply<GetMetricsResponse> {
        self.note(request);
        ok(if self.is_willing() { replies::metrics() } else { replies::no_metrics() })
    }

    /// There is none when the daemon is not willing.
    async fn get_parity_report(&self, request: Request<GetParityReportRequest>) -> Reply<GetParityReportResponse> {
        self.note(request);
        if self.is_willing() { ok(replies::parity()) } else { Err(Status::not_found("there is no parity report")) }
    }

    async fn get_readiness(&self, request: Request<GetReadinessRequest>) -> Reply<GetReadinessResponse> {
        self.note(request);
        ok(replies::readiness())
    }

    async fn get_equity_curve(&self, request: Request<GetEquityCurveRequest>) -> Reply<GetEquityCurveResponse> {
        self.note(request);
        ok(GetEquityCurveResponse { ledger: replies::ledger(), points: self.rows(vec![replies::equity_point()]) })
    }

    /// In two pieces; the second never comes when the daemon is not willing.
    async fn export_trades(&self, request: Request<ExportTradesRequest>) -> Reply<Self::ExportTradesStream> {
        self.note(request);
        let (first, second) = replies::TRADES_CSV.as_bytes().split_at(100);
        let piece = |sequence, data: &[u8]| {
            Ok(ExportTradesResponse { sequence, data: data.to_vec(), ..ExportTradesResponse::default() })
        };
        let broken = Err(Status::internal("the database is gone"));
        let second = if self.is_willing() { piece(2, second) } else { broken };
        ok(stream::iter(vec![piece(1, first), second]))
    }
}

#[tonic::async_trait]
impl LogService for Shared {
    type StreamLogsStream = Messages<StreamLogsResponse>;

    async fn list_logs(&self, request: Request<ListLogsRequest>) -> Reply<ListLogsResponse> {
        self.note(request);
        let entries = self.rows(vec![replies::log_entry(2), replies::log_entry(1)]);
        ok(ListLogsResponse { ledger: replies::ledger(), entries, next_page_token: String::new() })
    }

    async fn stream_logs(&self, request: Request<StreamLogsRequest>) -> Reply<Self::StreamLogsStream> {
        use stream_logs_response::Event;
        self.note(request);
        let message = |sequence, event| StreamLogsResponse {
            sequence,
            ledger_id: "sim-1".to_owned(),
            server_time: None,
            stream_epoch: String::new(),
            event: Some(event),
        };
        let snapshot = |ids: &[u64], resync| LogsSnapshot {
            ledger: replies::ledger(),
            entries: ids.iter().map(|&id| replies::log_entry(id)).collect(),
            resync,
            dropped: u64::from(resync),
        };
        ok(messages(vec![
            message(1, Event::Snapshot(snapshot(&[1, 2], false))),
            message(2, Event::Update(LogsUpdate { entries: vec![replies::log_entry(3)] })),
            message(4, Event::Snapshot(snapshot(&[2, 3, 4], true))),
        ]))
    }

    async fn list_audit_entries(&self, request: Request<ListAuditEntriesRequest>) -> Reply<ListAuditEntriesResponse> {
        self.note(request);
        let entries = self.rows(vec![replies::audit_entry()]);
        ok(ListAuditEntriesResponse { ledger: replies::ledger(), entries, next_page_token: String::new() })
    }
}
