//! Commands: what is refused, what a reply says, and that each is done once.

use std::time::{Duration, Instant};

use orb_api::v1::{self, CloseOutcome, HoldKind, KillSwitchAction, TradingState};
use orb_core::event::Command;
use tonic::{Code, Request, Status};

use super::fixture::{Fixture, Mood};

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
    // One that failed is tried again.
    let reply = control.close_position(earlier("earlier-2", "news")).await.unwrap().into_inner();
    assert!(!reply.replayed);
    assert_eq!(fixture.runtime.seen.lock().unwrap().len(), 1);
}
