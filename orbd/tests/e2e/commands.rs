//! The commands that stop orb, in the middle of a session on whose every quarter of an hour something breaks out.

use orb_api::{Client, v1};
use tempfile::TempDir;
use tonic::Code;

use crate::{
    client::{
        check_protected, connect, entered, is_held, kill, positions, request_id, resume, status, trades, until,
        until_traded,
    },
    daemon::{Demo, text},
    market::{Files, STEPS, day},
    records::{Records, check_agreement, exchange},
};

/// Room for every step; a whole session takes about four seconds.
pub(crate) const SETTINGS: [&str; 2] = ["--set", "max_positions=24"];

/// A session over the stairs that is under way.
struct Stairs {
    files: Files,
    folder: TempDir,
    demo: Demo,
    client: Client,
}

impl Stairs {
    /// Starts, and waits until so many trades were begun.
    async fn after(count: usize) -> Self {
        let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
        let arguments = [&["--speed", "6000", "--bars", text(&files.bars)], &SETTINGS[..]].concat();
        let demo = Demo::start(folder.path(), &arguments);
        let client = connect(&demo).await;
        until_traded(&client, count).await;
        Self { files, folder, demo, client }
    }

    /// Waits for the end of the session and checks that orb is flat and that its books are the exchange's.
    async fn finish(&mut self) -> Vec<v1::Trade> {
        self.demo.session_over();
        let trades = trades(&self.client).await;
        assert!(trades.iter().all(|trade| trade.status() == v1::TradeStatus::Closed), "{trades:#?}");
        assert_eq!(positions(&self.client).await, []);
        self.demo.terminate();
        let exchange = exchange(self.folder.path(), &self.files.bars, day(), &SETTINGS).await;
        check_agreement(&Records::of(self.folder.path()), &exchange);
        trades
    }

    async fn set_kill_switch(&self, action: v1::KillSwitchAction, reason: &str) -> Result<(), Code> {
        let (request_id, action, reason) = (request_id("set"), action.into(), reason.to_owned());
        let request = v1::SetKillSwitchRequest { request_id, action, reason, flatten: false };
        self.client.control().set_kill_switch(request).await.map(|_| ()).map_err(|status| status.code())
    }

    async fn close(&self, symbol: &str) -> Result<v1::ClosePositionResponse, Code> {
        let (request_id, symbol) = (request_id(symbol), symbol.to_owned());
        let request = v1::ClosePositionRequest { request_id, symbol, reason: "a test".to_owned() };
        let reply = self.client.control().close_position(request).await;
        reply.map(tonic::Response::into_inner).map_err(|status| status.code())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_entry_follows_a_kill_and_stops_stay() {
    let mut stairs = Stairs::after(4).await;
    let reply = kill(&stairs.client, false).await;
    assert_eq!(reply.state(), v1::TradingState::Halted);
    assert!(
        reply.complete && reply.unconfirmed_orders.is_empty() && !reply.remaining_positions.is_empty(),
        "{reply:?}"
    );
    assert!(reply.remaining_positions.iter().all(|position| position.protected_quantity == position.quantity));
    let before = entered(&trades(&stairs.client).await);
    assert!(before.len() < STEPS as usize / 2, "the session is too far: {before:?}");
    for _ in 0..50 {
        check_protected(&positions(&stairs.client).await);
        let status = status(&stairs.client).await;
        assert_eq!((status.state(), status.working_entries), (v1::TradingState::Halted, 0));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(stairs.folder.path().join("HALTED").exists());
    let after = stairs.finish().await;
    assert_eq!(entered(&after), before, "an entry after the kill");
    let reasons: Vec<_> = after.iter().filter_map(|trade| trade.exit_reason.as_deref()).collect();
    assert!(reasons.iter().all(|reason| ["stop", "target", "time_exit"].contains(reason)), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_kill_with_flatten_closes_everything() {
    let mut stairs = Stairs::after(4).await;
    let reply = kill(&stairs.client, true).await;
    assert_eq!(reply.state(), v1::TradingState::Halted, "{reply:?}");
    assert!(reply.complete && reply.remaining_positions.is_empty(), "{reply:?}");
    assert!(!reply.closed_positions.is_empty());
    for closed in &reply.closed_positions {
        let filled: i64 = closed.fills.iter().map(|fill| fill.quantity).sum();
        assert!(filled == closed.quantity && !closed.net_pnl.is_empty(), "{closed:?}");
    }
    assert_eq!(positions(&stairs.client).await, []);
    let before = entered(&trades(&stairs.client).await);
    let after = stairs.finish().await;
    assert_eq!(entered(&after), before, "an entry after the kill");
    let flattened = after.iter().filter(|trade| trade.exit_reason.as_deref() == Some("flatten")).count();
    assert_eq!(flattened, reply.closed_positions.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_close_closes_one_position_and_no_other() {
    let mut stairs = Stairs::after(5).await;
    // The first step is held to the end of the day.
    let reply = stairs.close("STEP00").await.unwrap();
    assert_eq!(reply.outcome(), v1::CloseOutcome::Closed, "{reply:?}");
    let closed = reply.closed.unwrap();
    assert_eq!((&*closed.symbol, closed.fills.len()), ("STEP00", 1));
    assert!(positions(&stairs.client).await.iter().all(|position| position.symbol != "STEP00"));
    assert_eq!(stairs.close("STEP00").await.unwrap_err(), Code::NotFound, "closed already");
    assert_eq!(stairs.close("STEP23").await.unwrap_err(), Code::NotFound, "not entered yet");
    assert_eq!(stairs.close("NVDA").await.unwrap_err(), Code::NotFound, "unknown");
    let after = stairs.finish().await;
    let forced: Vec<_> =
        after.iter().filter(|trade| trade.exit_reason.as_deref() == Some("force_close")).map(|t| &*t.symbol).collect();
    assert_eq!(forced, ["STEP00"]);
    assert_eq!(after.len(), STEPS as usize, "the others go on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_release_needs_a_reason_and_lets_entries_through_again() {
    use v1::KillSwitchAction::{Engage, Release};
    let mut stairs = Stairs::after(2).await;
    stairs.set_kill_switch(Engage, "").await.unwrap();
    assert_eq!(stairs.set_kill_switch(Release, " ").await, Err(Code::InvalidArgument));
    assert_eq!(status(&stairs.client).await.state(), v1::TradingState::Halted);
    let before = entered(&trades(&stairs.client).await);
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert_eq!(entered(&trades(&stairs.client).await), before);
    let reply = v1::SetKillSwitchRequest {
        request_id: request_id("release"),
        action: Release.into(),
        flatten: false,
        reason: "a test".to_owned(),
    };
    stairs.client.control().set_kill_switch(reply).await.unwrap();
    assert_eq!(status(&stairs.client).await.state(), v1::TradingState::Active);
    assert!(!stairs.folder.path().join("HALTED").exists());
    until_traded(&stairs.client, before.len() + 1).await;
    let after = stairs.finish().await;
    // What broke out in between is missed, not made up for.
    assert!(after.len() < STEPS as usize, "{after:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_pause_holds_entries_until_it_is_resumed() {
    let mut stairs = Stairs::after(2).await;
    let pause = v1::PauseEntriesRequest { request_id: request_id("pause"), reason: String::new() };
    let reply = stairs.client.control().pause_entries(pause.clone()).await.unwrap().into_inner();
    assert_eq!(reply.state(), v1::TradingState::Paused);
    assert!(is_held(&reply.holds, v1::HoldKind::OperatorPause));
    let again = stairs.client.control().pause_entries(pause).await.unwrap().into_inner();
    assert!(again.replayed, "the same request is done once");
    let before = entered(&trades(&stairs.client).await);
    for _ in 0..20 {
        check_protected(&positions(&stairs.client).await);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(entered(&trades(&stairs.client).await), before);
    let reply = resume(&stairs.client, v1::HoldKind::OperatorPause).await;
    assert_eq!(reply.state(), v1::TradingState::Active);
    until_traded(&stairs.client, before.len() + 1).await;
    assert!(stairs.finish().await.len() < STEPS as usize);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_halt_file_means_halted() {
    let mut stairs = Stairs::after(2).await;
    std::fs::write(stairs.folder.path().join("HALTED"), "by hand\n").unwrap();
    let ask = || status(&stairs.client);
    let halted = until("halted", ask, |status| status.state() == v1::TradingState::Halted).await;
    assert!(halted.holds.iter().any(|hold| hold.kind() == v1::HoldKind::Kill && hold.actor == "halt file"));
    let before = entered(&trades(&stairs.client).await);
    assert_eq!(entered(&stairs.finish().await), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_halt_file_from_before_the_start_means_no_entry_at_all() {
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    std::fs::write(folder.path().join("HALTED"), "by hand\n").unwrap();
    let mut demo =
        Demo::start(folder.path(), &[&["--speed", "max", "--bars", text(&files.bars)], &SETTINGS[..]].concat());
    demo.session_over();
    let client = connect(&demo).await;
    assert_eq!(status(&client).await.state(), v1::TradingState::Halted);
    assert_eq!(trades(&client).await, []);
    demo.terminate();
}
