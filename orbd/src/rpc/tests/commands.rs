//! Commands: what is refused, what a reply says, and that each is done once.

use std::time::{Duration, Instant};

use orb_api::v1::{self, CloseOutcome, HoldKind, KillSwitchAction, TradingState};
use orb_core::event::Command;
use tonic::{Code, Request, Status};

use super::fixture::{ADMIN, Fixture, Mood};
use crate::store::Audit;

fn kill(id: &str, flatten: bool) -> v1::SetKillSwitchRequest {
    let action = KillSwitchAction::Engage.into();
    v1::SetKillSwitchRequest { request_id: id.to_owned(), action, flatten, reason: "news".to_owned() }
}

fn close(id: &str, symbol: &str) -> v1::ClosePositionRequest {
    v1::ClosePositionRequest { request_id: id.to_owned(), symbol: symbol.to_owned(), reason: String::new() }
}

#[track_caller]
fn check_refused<T: std::fmt::Debug>(result: Result<T, Status>, field: &str) {
    let status = result.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert!(status.message().starts_with(&format!("{field}: ")), "{}", status.message());
}

#[tokio::test]
async fn a_kill_cancels_entries_and_keeps_positions() {
    let mut fixture = Fixture::start().await;
    let reply = fixture.client().await.control().set_kill_switch(kill("1", false)).await.unwrap().into_inner();
    assert_eq!((reply.state(), reply.replayed, reply.complete), (TradingState::Halted, false, true));
    assert!(reply.effective_time.is_some());
    assert_eq!((reply.orders_cancelled, reply.unconfirmed_orders.len()), (1, 0));
    assert_eq!(reply.cancelled_orders[0].client_order_id, "order-0");
    assert_eq!(reply.cancelled_orders[0].broker_order_id.as_deref(), Some("broker-0"));
    assert!(reply.closed_positions.is_empty());
    assert_eq!((reply.remaining_positions[0].symbol.as_str(), reply.remaining_positions[0].closing), ("NVDA", false));
    assert_eq!((reply.holds[0].kind(), reply.holds[0].actor.as_str()), (HoldKind::Kill, "ann"));
    let audit = fixture.audits.recv().await.unwrap();
    assert_eq!((audit.actor.as_str(), audit.reason.as_str(), audit.accepted), ("ann", "news", true));
    assert_eq!((audit.request_id.as_str(), audit.command.as_str()), ("1", "SetKillSwitch ENGAGE"));
    assert!(audit.result.contains("1 entries cancelled"), "{}", audit.result);
}

#[tokio::test]
async fn a_flatten_reports_what_was_closed() {
    let fixture = Fixture::start().await;
    let reply = fixture.client().await.control().set_kill_switch(kill("1", true)).await.unwrap().into_inner();
    assert!(reply.complete && reply.remaining_positions.is_empty());
    let closed = &reply.closed_positions[0];
    assert_eq!((closed.symbol.as_str(), closed.quantity), ("NVDA", 10));
    assert_eq!((closed.fills[0].id.as_str(), closed.fills[0].price.as_str()), ("x1", "102"));
}

#[tokio::test]
async fn what_is_not_confirmed_in_time_is_said() {
    let fixture = Fixture::start_with(Mood::Silent).await;
    let mut request = Request::new(kill("1", true));
    request.set_timeout(Duration::from_millis(600));
    let asked = Instant::now();
    let reply = fixture.client().await.control().set_kill_switch(request).await.unwrap().into_inner();
    assert!(asked.elapsed() < Duration::from_secs(3), "bounded by the client's deadline");
    assert_eq!((reply.state(), reply.complete), (TradingState::Halted, false));
    assert_eq!((reply.orders_cancelled, reply.unconfirmed_orders.len()), (0, 1));
    assert!(reply.closed_positions.is_empty());
    assert!(reply.remaining_positions[0].closing);
    assert!(!reply.remaining_positions[0].detail.is_empty());
}

#[tokio::test]
async fn a_repeated_request_is_done_once() {
    let fixture = Fixture::start().await;
    let mut control = fixture.client().await.control();
    let first = control.set_kill_switch(kill("1", false)).await.unwrap().into_inner();
    let second = control.set_kill_switch(kill("1", false)).await.unwrap().into_inner();
    assert!(!first.replayed && second.replayed);
    assert_eq!(v1::SetKillSwitchResponse { replayed: false, ..second }, first);
    assert_eq!(fixture.runtime.seen.lock().unwrap().len(), 1);
    let other = control.set_kill_switch(kill("1", true)).await.unwrap_err();
    assert_eq!(other.code(), Code::AlreadyExists);
}

#[tokio::test]
async fn a_release_needs_a_reason_and_no_flatten() {
    let fixture = Fixture::start().await;
    let mut control = fixture.client().await.control();
    control.set_kill_switch(kill("1", false)).await.unwrap();
    let action = KillSwitchAction::Release.into();
    let release = v1::SetKillSwitchRequest { request_id: "2".to_owned(), action, ..Default::default() };
    check_refused(control.set_kill_switch(release.clone()).await, "reason");
    let reason = "checked".to_owned();
    let with_flatten = v1::SetKillSwitchRequest { flatten: true, reason: reason.clone(), ..release.clone() };
    check_refused(control.set_kill_switch(with_flatten).await, "flatten");
    let unspecified = v1::SetKillSwitchRequest { action: 0, ..release.clone() };
    check_refused(control.set_kill_switch(unspecified).await, "action");
    let without_id = v1::SetKillSwitchRequest { request_id: String::new(), reason: reason.clone(), ..release.clone() };
    check_refused(control.set_kill_switch(without_id).await, "request_id");
    let good = v1::SetKillSwitchRequest { reason, ..release };
    let reply = control.set_kill_switch(good).await.unwrap().into_inner();
    assert!(reply.holds.is_empty() && reply.effective_time.is_none() && reply.complete);
}

#[tokio::test]
async fn a_position_is_closed_and_the_result_verified() {
    let mut fixture = Fixture::start().await;
    let mut control = fixture.client().await.control();
    let reply = control.close_position(close("1", "nvda")).await.unwrap().into_inner();
    assert_eq!((reply.outcome(), reply.remaining), (CloseOutcome::Closed, None));
    assert_eq!(reply.closed.unwrap().quantity, 10);
    assert!(fixture.audits.recv().await.unwrap().accepted);
    let again = control.close_position(close("2", "NVDA")).await.unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
    assert!(!fixture.audits.recv().await.unwrap().accepted);
    let unknown = control.close_position(close("3", "TSLA")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    assert!(unknown.message().contains("TSLA"), "{}", unknown.message());
    check_refused(control.close_position(close("4", "N V")).await, "symbol");
}

#[tokio::test]
async fn a_close_that_hangs_is_in_progress() {
    let fixture = Fixture::start_with(Mood::Silent).await;
    let mut request = Request::new(close("1", "NVDA"));
    request.set_timeout(Duration::from_millis(500));
    let reply = fixture.client().await.control().close_position(request).await.unwrap().into_inner();
    assert_eq!((reply.outcome(), reply.closed), (CloseOutcome::InProgress, None));
    assert_eq!(reply.remaining.unwrap().quantity, 10);
}

#[tokio::test]
async fn a_pause_is_resumed_but_not_the_kill() {
    let fixture = Fixture::start().await;
    let mut control = fixture.client().await.control();
    let pause = v1::PauseEntriesRequest { request_id: "1".to_owned(), reason: String::new() };
    let paused = control.pause_entries(pause).await.unwrap().into_inner();
    assert_eq!(paused.holds[0].kind(), HoldKind::OperatorPause);
    let resume = |id: &str, holds: &[HoldKind]| v1::ResumeEntriesRequest {
        request_id: id.to_owned(),
        reason: String::new(),
        holds: holds.iter().map(|kind| (*kind).into()).collect(),
    };
    check_refused(control.resume_entries(resume("2", &[HoldKind::Kill])).await, "holds");
    check_refused(control.resume_entries(resume("2", &[HoldKind::DailyLoss])).await, "holds");
    check_refused(control.resume_entries(resume("2", &[HoldKind::Breaker])).await, "reason");
    let resumed = control.resume_entries(resume("2", &[])).await.unwrap().into_inner();
    assert!(resumed.holds.is_empty());
    assert_eq!(resumed.cleared, [i32::from(HoldKind::OperatorPause)]);
    let seen: Vec<_> = fixture.runtime.seen.lock().unwrap().iter().map(|command| command.command).collect();
    assert_eq!(seen[0], Command::Pause);
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_command_that_was_finished_before_the_start_is_not_done_again() {
    let fixture = Fixture::start().await;
    let client = fixture.client().await;
    let mut control = client.control();
    let earlier = |id: &str, reason: &str| v1::ClosePositionRequest { reason: reason.to_owned(), ..close(id, "NVDA") };
    let reply = control.close_position(earlier("earlier-1", "news")).await.unwrap().into_inner();
    assert!(reply.replayed, "{reply:?}");
    assert_eq!((reply.outcome(), reply.request_id.as_str()), (CloseOutcome::InProgress, "earlier-1"));
    assert!(fixture.runtime.seen.lock().unwrap().is_empty(), "it reached the engine");
    let other = control.close_position(earlier("earlier-1", "another reason")).await.unwrap_err();
    assert_eq!(other.code(), Code::AlreadyExists);
    // Those of books that are traded later count beside them.
    let of_other = Audit { request_id: "other-1".to_owned(), ..fixture.handle.finished.find("earlier-1").unwrap() };
    fixture.handle.finished.add([of_other]);
    assert!(control.close_position(earlier("other-1", "news")).await.unwrap().into_inner().replayed);
    assert!(control.close_position(earlier("earlier-1", "news")).await.unwrap().into_inner().replayed);
    // One that failed is tried again.
    let reply = control.close_position(earlier("earlier-2", "news")).await.unwrap().into_inner();
    assert!(!reply.replayed);
    assert_eq!(fixture.runtime.seen.lock().unwrap().len(), 1);
}

fn cancel(id: &str, order: &str) -> v1::CancelOrderRequest {
    v1::CancelOrderRequest { request_id: id.to_owned(), client_order_id: order.to_owned(), reason: String::new() }
}

#[tokio::test]
async fn a_working_entry_is_cancelled_and_its_end_followed() {
    let mut fixture = Fixture::start().await;
    let mut control = fixture.client().await.control();
    let reply = control.cancel_order(cancel("1", "order-0")).await.unwrap().into_inner();
    assert_eq!((reply.outcome(), reply.filled_quantity), (v1::CancelOutcome::Cancelled, 0));
    assert_eq!(reply.order.unwrap().symbol, "AAPL");
    let audit = fixture.audits.recv().await.unwrap();
    assert_eq!((audit.command.as_str(), audit.accepted), ("CancelOrder order-0", true));
    assert!(control.cancel_order(cancel("1", "order-0")).await.unwrap().into_inner().replayed);
    assert_eq!(control.cancel_order(cancel("2", "order-9")).await.unwrap_err().code(), Code::NotFound);
    check_refused(control.cancel_order(cancel("3", "")).await, "client_order_id");
    assert_eq!(fixture.runtime.seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_cancel_that_is_not_confirmed_is_in_progress() {
    let fixture = Fixture::start_with(Mood::Silent).await;
    let mut control = fixture.client().await.control();
    let mut request = Request::new(cancel("1", "order-0"));
    request.set_timeout(Duration::from_millis(500));
    let reply = control.cancel_order(request).await.unwrap().into_inner();
    assert_eq!(reply.outcome(), v1::CancelOutcome::InProgress);
    let all = v1::CancelAllOrdersRequest { request_id: "2".to_owned(), reason: String::new() };
    let mut request = Request::new(all);
    request.set_timeout(Duration::from_millis(500));
    let reply = control.cancel_all_orders(request).await.unwrap().into_inner();
    assert_eq!((reply.cancelled_orders.len(), reply.unconfirmed_orders.len(), reply.complete), (0, 1, false));
}

#[tokio::test]
async fn all_entries_are_cancelled_and_positions_stay() {
    let fixture = Fixture::start().await;
    let request = v1::CancelAllOrdersRequest { request_id: "1".to_owned(), reason: String::new() };
    let reply = fixture.client().await.control().cancel_all_orders(request).await.unwrap().into_inner();
    assert_eq!((reply.cancelled_orders.len(), reply.filled_orders.len(), reply.complete), (1, 0, true));
    assert_eq!(fixture.handle.current().positions.len(), 1);
}

#[tokio::test]
async fn everything_is_closed_and_foreign_needs_the_account() {
    let fixture = Fixture::start().await;
    let mut control = fixture.client().await.control();
    let request = v1::CloseAllPositionsRequest { request_id: "1".to_owned(), ..Default::default() };
    let foreign = v1::CloseAllPositionsRequest { include_foreign: true, ..request.clone() };
    check_refused(control.close_all_positions(foreign).await, "account_id");
    assert!(fixture.runtime.seen.lock().unwrap().is_empty(), "something was done");
    let reply = control.close_all_positions(request).await.unwrap().into_inner();
    assert_eq!((reply.closed_positions.len(), reply.remaining_positions.len()), (1, 0), "{reply:?}");
}

#[tokio::test]
async fn limits_have_bounds_and_a_ceiling_and_are_the_admin_s() {
    let mut fixture = Fixture::start().await;
    let mut control = fixture.client_with(Some(ADMIN)).await.control();
    let set = |id: &str, fraction: &str, positions: Option<u32>| v1::SetRiskLimitsRequest {
        request_id: id.to_owned(),
        daily_loss_fraction: fraction.to_owned(),
        max_positions: positions,
        reason: "a test".to_owned(),
    };
    check_refused(control.set_risk_limits(set("1", "0", None)).await, "daily_loss_fraction");
    check_refused(control.set_risk_limits(set("1", "1.1", None)).await, "daily_loss_fraction");
    check_refused(control.set_risk_limits(set("1", "", None)).await, "daily_loss_fraction");
    check_refused(control.set_risk_limits(set("1", "", Some(0))).await, "max_positions");
    let above = control.set_risk_limits(set("1", "0.2", None)).await.unwrap_err();
    assert_eq!(above.code(), Code::OutOfRange);
    assert!(above.message().contains("at most 0.1"), "{}", above.message());
    assert!(!fixture.audits.recv().await.unwrap().accepted);
    assert!(fixture.runtime.seen.lock().unwrap().is_empty(), "it reached the engine");
    let reply = control.set_risk_limits(set("2", "0.01", None)).await.unwrap().into_inner();
    let limits =
        |fraction: &str, max_positions| v1::RiskLimits { daily_loss_fraction: fraction.to_owned(), max_positions };
    assert_eq!(reply.in_force, Some(limits("0.01", 5)), "what is not given stays");
    let shown = control.get_risk_limits(v1::GetRiskLimitsRequest {}).await.unwrap().into_inner();
    assert_eq!((shown.in_force, shown.ceiling), (Some(limits("0.01", 5)), Some(limits("0.1", 10))));
    // The limits have changed since, and it is the same command all the same.
    assert!(control.set_risk_limits(set("2", "0.01", None)).await.unwrap().into_inner().replayed);
    let mut operator = fixture.client().await.control();
    let refused = operator.set_risk_limits(set("3", "0.02", None)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn an_alarm_that_is_not_there_cannot_be_acknowledged() {
    let fixture = Fixture::start().await;
    let mut control = fixture.client().await.control();
    let request = |id: &str, alarms: &[&str]| v1::AcknowledgeAlarmsRequest {
        request_id: id.to_owned(),
        alarm_ids: alarms.iter().map(|id| (*id).to_owned()).collect(),
        reason: String::new(),
    };
    assert_eq!(control.acknowledge_alarms(request("1", &["7"])).await.unwrap_err().code(), Code::NotFound);
    check_refused(control.acknowledge_alarms(request("2", &["first"])).await, "alarm_ids");
    assert!(fixture.runtime.seen.lock().unwrap().is_empty());
    assert!(control.acknowledge_alarms(request("3", &[])).await.unwrap().into_inner().alarms.is_empty());
}
