//! Commands that are sent again with the same request ids, over a crash between: each acts once.

use orb_api::{Client, v1};
use tempfile::TempDir;

use crate::{
    client::{connect, is_held, positions, signals, status, until_traded},
    commands::SETTINGS,
    daemon::{Demo, text},
    market::Files,
};

/// The commands of a day; each pair ends where it began, so that one that acts twice shows.
struct Day {
    entry: String,
}

/// What a repetition must be: whether each reply is one that repeats.
type Replayed = Vec<(&'static str, bool)>;

impl Day {
    async fn send(&self, client: &Client) -> Replayed {
        let mut control = client.control();
        let id = |name: &str| format!("day-{name}");
        let reason = || "a test".to_owned();
        let mut replayed = Vec::new();
        for (name, positions) in [("tight", 20), ("tighter", 22)] {
            let request_id = id(name);
            let limits = v1::SetRiskLimitsRequest { request_id, max_positions: Some(positions), ..Default::default() };
            replayed.push((name, control.set_risk_limits(limits).await.unwrap().into_inner().replayed));
        }
        let client_order_id = self.entry.clone();
        let cancel = v1::CancelOrderRequest { request_id: id("cancel"), client_order_id, reason: reason() };
        replayed.push(("cancel", control.cancel_order(cancel).await.unwrap().into_inner().replayed));
        let all = v1::CancelAllOrdersRequest { request_id: id("all"), reason: reason() };
        replayed.push(("cancel all", control.cancel_all_orders(all).await.unwrap().into_inner().replayed));
        // A pause cancels what works, so it comes after the cancels.
        let pause = v1::PauseEntriesRequest { request_id: id("pause"), reason: reason() };
        replayed.push(("pause", control.pause_entries(pause).await.unwrap().into_inner().replayed));
        let resume = v1::ResumeEntriesRequest { request_id: id("resume"), reason: reason(), holds: Vec::new() };
        replayed.push(("resume", control.resume_entries(resume).await.unwrap().into_inner().replayed));
        let close = v1::ClosePositionRequest { request_id: id("close"), symbol: "STEP00".to_owned(), reason: reason() };
        replayed.push(("close", control.close_position(close).await.unwrap().into_inner().replayed));
        let alarms = v1::AcknowledgeAlarmsRequest { request_id: id("alarms"), ..Default::default() };
        replayed.push(("alarms", control.acknowledge_alarms(alarms).await.unwrap().into_inner().replayed));
        let everything = v1::CloseAllPositionsRequest { request_id: id("everything"), ..Default::default() };
        replayed.push(("close all", control.close_all_positions(everything).await.unwrap().into_inner().replayed));
        for (name, action) in [("kill", v1::KillSwitchAction::Engage), ("release", v1::KillSwitchAction::Release)] {
            let action = action.into();
            let kill = v1::SetKillSwitchRequest { request_id: id(name), action, flatten: false, reason: reason() };
            replayed.push((name, control.set_kill_switch(kill).await.unwrap().into_inner().replayed));
        }
        replayed
    }
}

async fn limits(client: &Client) -> v1::GetRiskLimitsResponse {
    client.control().get_risk_limits(v1::GetRiskLimitsRequest {}).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_day_s_commands_sent_again_after_a_crash_act_once() {
    check_repeated(&[]).await;
}

/// Gives a day's commands twice, with records that `database` says where to keep.
pub(crate) async fn check_repeated(database: &[&str]) {
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    // Entries rest at the exchange from the range's end on, so that there are some to cancel.
    let resting = ["--set", "slot_policy=ranked", "--set", "direction=candle"];
    let arguments = [&["--speed", "1200", "--bars", text(&files.bars)], &SETTINGS[..], &resting, database].concat();
    let mut demo = Demo::start(folder.path(), &arguments);
    let client = connect(&demo).await;
    until_traded(&client, 2).await;
    let waiting = signals(&client).await.into_iter().find(|signal| signal.status() == v1::SignalStatus::Working);
    let day = Day { entry: waiting.and_then(|signal| signal.client_order_id).expect("an entry that waits") };
    let first = day.send(&client).await;
    assert!(first.iter().all(|(_, replayed)| !replayed), "{first:?}");
    // Nothing is waited for: what was replied to is recorded.
    demo.kill_9();
    let demo = Demo::start(folder.path(), &arguments);
    let client = connect(&demo).await;
    let before = (limits(&client).await, positions(&client).await.len());
    assert_eq!(before.0.in_force.as_ref().map(|limits| limits.max_positions), Some(20), "in force after a restart");
    assert_eq!(before.0.next_session.as_ref().map(|limits| limits.max_positions), Some(22));
    let again = day.send(&client).await;
    assert!(again.iter().all(|(_, replayed)| *replayed), "{again:?}");
    let after = status(&client).await;
    for kind in [v1::HoldKind::Kill, v1::HoldKind::OperatorPause, v1::HoldKind::Flattening] {
        assert!(!is_held(&after.holds, kind), "{kind:?} came back: {after:?}");
    }
    assert_eq!((limits(&client).await, positions(&client).await.len()), before);
    // With other arguments an id is refused.
    let other = v1::PauseEntriesRequest { request_id: "day-pause".to_owned(), reason: "another".to_owned() };
    assert_eq!(client.control().pause_entries(other).await.unwrap_err().code(), tonic::Code::AlreadyExists);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_configuration_is_shown_without_secrets() {
    let folder = TempDir::new().unwrap();
    let demo = Demo::start(folder.path(), &["--speed", "1", "--set", "max_positions=3"]);
    let client = connect(&demo).await;
    let config = client.control().get_config(v1::GetConfigRequest {}).await.unwrap().into_inner();
    let of = |key: &str| config.entries.iter().find(|entry| entry.key == key).expect("a key");
    assert_eq!((of("max_positions").value.as_str(), of("max_positions").is_default), ("3", false));
    assert!(of("daily_loss_limit").is_default);
    let token = std::fs::read_to_string(folder.path().join("token")).unwrap();
    let whole = format!("{config:?}");
    assert!(!whole.contains(token.trim()) && !whole.to_lowercase().contains("secret"), "{whole}");
}
