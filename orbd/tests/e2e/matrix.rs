//! Every command in every trading state: the reply, and the effect.

use orb_api::{Client, v1};
use tempfile::TempDir;
use tonic::Code;

use crate::{
    client::{
        check_protected, connect, entered, is_held, kill, positions, request_id, resume, status, trades, until,
        until_traded,
    },
    commands::SETTINGS,
    daemon::{Demo, text},
    market::Files,
};

fn reason() -> String {
    "a test".to_owned()
}

async fn pause(client: &Client) -> v1::PauseEntriesResponse {
    let request = v1::PauseEntriesRequest { request_id: request_id("pause"), reason: reason() };
    client.control().pause_entries(request).await.unwrap().into_inner()
}

/// Gives every command but those that lead to another state, and checks reply and effect.
async fn give_all(client: &Client, state: v1::TradingState) {
    let mut control = client.control();
    let seen = status(client).await;
    assert_eq!(seen.state(), state, "{:?}", seen.holds);
    let open = positions(client).await;
    check_protected(&open);
    let symbol = open.iter().find(|position| !position.closing).expect("an open position").symbol.clone();
    let request =
        v1::ClosePositionRequest { request_id: request_id("close"), symbol: symbol.clone(), reason: reason() };
    let closed = control.close_position(request).await.unwrap().into_inner();
    assert_eq!(closed.outcome(), v1::CloseOutcome::Closed, "{state:?}: {closed:?}");
    assert!(positions(client).await.iter().all(|position| position.symbol != symbol), "{state:?}");
    let request = v1::ClosePositionRequest { request_id: request_id("close"), symbol, reason: reason() };
    assert_eq!(control.close_position(request).await.unwrap_err().code(), Code::NotFound, "{state:?}: twice");
    let request = v1::CancelAllOrdersRequest { request_id: request_id("cancel"), reason: reason() };
    let cancelled = control.cancel_all_orders(request).await.unwrap().into_inner();
    assert!(cancelled.complete, "{state:?}: {cancelled:?}");
    let request =
        v1::CancelOrderRequest { request_id: request_id("one"), client_order_id: "none".to_owned(), reason: reason() };
    assert_eq!(control.cancel_order(request).await.unwrap_err().code(), Code::NotFound, "{state:?}");
    let limits = control.get_risk_limits(v1::GetRiskLimitsRequest {}).await.unwrap().into_inner().in_force.unwrap();
    let tighter = limits.max_positions - 1;
    let request = v1::SetRiskLimitsRequest {
        request_id: request_id("limits"),
        max_positions: Some(tighter),
        reason: reason(),
        ..Default::default()
    };
    let set = control.set_risk_limits(request).await.unwrap().into_inner();
    assert_eq!(set.in_force.unwrap().max_positions, tighter, "{state:?}");
    let request = v1::AcknowledgeAlarmsRequest { request_id: request_id("alarms"), ..Default::default() };
    control.acknowledge_alarms(request).await.unwrap();
    // None of them leads to another state, and none to an entry where entries are held.
    assert_eq!(status(client).await.state(), state);
}

/// Closes everything and checks that this leaves no hold behind.
async fn close_all(client: &Client, state: v1::TradingState) {
    let request =
        v1::CloseAllPositionsRequest { request_id: request_id("all"), reason: reason(), ..Default::default() };
    let reply = client.control().close_all_positions(request).await.unwrap().into_inner();
    assert!(reply.complete && reply.remaining_positions.is_empty(), "{state:?}: {reply:?}");
    let is_over = |seen: &v1::GetStatusResponse| seen.state() == state;
    until("the end of the flatten", || status(client), is_over).await;
}

fn demo(files: &Files, folder: &TempDir, database: &[&str]) -> Demo {
    Demo::start(folder.path(), &[&["--speed", "1200", "--bars", text(&files.bars)], &SETTINGS[..], database].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_command_works_in_every_state_and_holds_hold() {
    check_states(&[]).await;
}

/// Gives every command in every state, with records that `database` says where to keep.
pub(crate) async fn check_states(database: &[&str]) {
    use v1::TradingState::{Active, Halted, Paused, Reducing};
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    let first = demo(&files, &folder, database);
    let client = connect(&first).await;
    // Positions that are held to the end of the day: every fourth is.
    until_traded(&client, 9).await;
    give_all(&client, Active).await;
    assert!(is_held(&pause(&client).await.holds, v1::HoldKind::OperatorPause));
    assert!(is_held(&pause(&client).await.holds, v1::HoldKind::OperatorPause), "twice is no error");
    let held = entered(&trades(&client).await);
    give_all(&client, Paused).await;
    assert_eq!(entered(&trades(&client).await), held, "an entry while paused");
    // A crash: what was paused is paused still, and reduces.
    let mut first = first;
    first.kill_9();
    drop(client);
    let demo = demo(&files, &folder, database);
    let client = connect(&demo).await;
    let seen = until("reducing", || status(&client), |seen| seen.state() == Reducing).await;
    assert!(is_held(&seen.holds, v1::HoldKind::Crashed) && is_held(&seen.holds, v1::HoldKind::OperatorPause));
    let held = entered(&trades(&client).await);
    give_all(&client, Reducing).await;
    let reply = kill(&client, false).await;
    assert_eq!((reply.state(), reply.complete), (Halted, true), "{reply:?}");
    // The kill is not the operator's to resume: it is released.
    let refused = v1::ResumeEntriesRequest {
        request_id: request_id("resume"),
        reason: reason(),
        holds: vec![v1::HoldKind::Kill.into()],
    };
    assert_eq!(client.control().resume_entries(refused).await.unwrap_err().code(), Code::InvalidArgument);
    give_all(&client, Halted).await;
    close_all(&client, Halted).await;
    assert_eq!(entered(&trades(&client).await), held, "an entry while held");
    let release = v1::SetKillSwitchRequest {
        request_id: request_id("release"),
        action: v1::KillSwitchAction::Release.into(),
        flatten: false,
        reason: reason(),
    };
    assert_eq!(client.control().set_kill_switch(release).await.unwrap().into_inner().state(), Reducing);
    assert_eq!(resume(&client, v1::HoldKind::Crashed).await.state(), Paused);
    assert_eq!(resume(&client, v1::HoldKind::OperatorPause).await.state(), Active);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_command_that_cannot_be_read_is_in_the_audit_and_does_nothing() {
    check_unreadable(&[]).await;
}

/// Gives a command that is none, with records that `database` says where to keep.
pub(crate) async fn check_unreadable(database: &[&str]) {
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    let demo = demo(&files, &folder, database);
    let client = connect(&demo).await;
    let refused = client.control().set_kill_switch(v1::SetKillSwitchRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(status(&client).await.state(), v1::TradingState::Active);
    let request = || v1::ListAuditEntriesRequest::default();
    let ask = || async { client.logs().list_audit_entries(request()).await.unwrap().into_inner().entries };
    let entries = until("a record", ask, |entries| !entries.is_empty()).await;
    assert_eq!((&*entries[0].command, entries[0].accepted), ("SetKillSwitch", false), "{entries:?}");
    assert!(entries[0].result.starts_with("InvalidArgument: "), "{entries:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_universe_shows_what_is_not_settled_yet() {
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    let demo = Demo::start(folder.path(), &[&["--speed", "60", "--bars", text(&files.bars)], &SETTINGS[..]].concat());
    let client = connect(&demo).await;
    let ask = || async {
        let request = v1::ListUniverseRequest { page_size: 1000, ..Default::default() };
        client.signals().list_universe(request).await.unwrap().into_inner().entries
    };
    let all = |entries: &[v1::UniverseEntry], state: v1::UniverseState| {
        entries.len() == 24 && entries.iter().all(|entry| entry.state() == state)
    };
    let explain = |symbol: &str| {
        let request = v1::ExplainSymbolRequest { symbol: symbol.to_owned(), ..Default::default() };
        async { client.signals().explain_symbol(request).await.unwrap().into_inner().explanations.remove(0) }
    };
    let entries = until("waiting", ask, |entries| all(entries, v1::UniverseState::Waiting)).await;
    let early = explain(&entries[0].symbol).await;
    assert_eq!((early.conclusion(), &early.range), (v1::Conclusion::Open, &None), "{early:?}");
    assert!(early.summary.ends_with("it waits for the end of its opening range."), "{early:?}");
    let entries = until("watched", ask, |entries| all(entries, v1::UniverseState::Watched)).await;
    let first = explain(&entries[0].symbol).await;
    let (told, listed) = ((&first.range, &first.features), (&entries[0].range, &entries[0].features));
    assert_eq!((first.conclusion(), told), (v1::Conclusion::Open, listed));
    assert!(first.summary.contains("it has passed every filter, and waits"), "{first:?}");
    // In the order of their ranks, with what they are traded by.
    for (entry, rank) in entries.iter().zip(1..) {
        assert_eq!(entry.features.as_ref().and_then(|features| features.rank), Some(rank), "{entry:?}");
        let range = entry.range.as_ref().expect("its range is decided");
        assert!(range.high != range.low && range.volume > 0, "{entry:?}");
    }
}
