//! The typed client, with what these tests ask for over and over.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use orb_api::{Client, Endpoint, Token, v1};
use tokio::time::{Instant, sleep};

use crate::{daemon::Demo, market::Outcome};

/// No state of a demo takes nearly as long to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connects to a demo with its token.
pub(crate) async fn connect(demo: &Demo) -> Client {
    let token = Token::parse(&std::fs::read_to_string(demo.folder.join("token")).unwrap()).unwrap();
    connect_with(demo, Some(token)).await
}

pub(crate) async fn connect_with(demo: &Demo, token: Option<Token>) -> Client {
    Client::connect(Endpoint::new(format!("http://{}", demo.address), token)).await.unwrap()
}

/// Makes a request id of its own for each command of a test.
pub(crate) fn request_id(name: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) async fn status(client: &Client) -> v1::GetStatusResponse {
    client.control().get_status(v1::GetStatusRequest {}).await.unwrap().into_inner()
}

/// Tells whether a hold is in force.
pub(crate) fn is_held(holds: &[v1::Hold], kind: v1::HoldKind) -> bool {
    holds.iter().any(|hold| hold.kind() == kind)
}

pub(crate) async fn positions(client: &Client) -> Vec<v1::Position> {
    let request = v1::ListPositionsRequest { page_size: 1000, ..Default::default() };
    client.portfolio().list_positions(request).await.unwrap().into_inner().positions
}

pub(crate) async fn trades(client: &Client) -> Vec<v1::Trade> {
    let request = v1::ListTradesRequest { page_size: 1000, ..Default::default() };
    client.history().list_trades(request).await.unwrap().into_inner().trades
}

pub(crate) async fn signals(client: &Client) -> Vec<v1::Signal> {
    let request = v1::ListSignalsRequest { page_size: 1000, ..Default::default() };
    client.signals().list_signals(request).await.unwrap().into_inner().signals
}

/// Returns how many shares were entered in each trade: this must not grow while entries are held.
pub(crate) fn entered(trades: &[v1::Trade]) -> BTreeMap<String, i64> {
    trades.iter().map(|trade| (trade.id.clone(), trade.quantity)).collect()
}

/// Exports the closed trades as CSV.
pub(crate) async fn export(client: &Client) -> String {
    let request = v1::ExportTradesRequest::default();
    let mut pieces = client.history().export_trades(request).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        bytes.extend(piece.data);
    }
    String::from_utf8(bytes).unwrap()
}

/// Returns the trades and the decisions in the form of a backtest's files.
pub(crate) async fn outcome(client: &Client) -> Outcome {
    let trades = export(client).await.lines().map(ToOwned::to_owned).collect();
    let request = v1::ListDecisionsRequest { page_size: 1000, ..Default::default() };
    let listed = client.signals().list_decisions(request).await.unwrap().into_inner().decisions;
    let quoted = |text: &str| match text.contains(',') {
        true => format!("\"{text}\""),
        false => text.to_owned(),
    };
    let line = |d: &v1::Decision| [&*d.strategy, &*d.symbol, &*d.date, &*d.reason, &*quoted(&d.detail)].join(",");
    let mut decisions: Vec<_> = listed.iter().map(line).collect();
    decisions.sort();
    Outcome { trades, decisions }
}

/// Engages the kill switch.
pub(crate) async fn kill(client: &Client, flatten: bool) -> v1::SetKillSwitchResponse {
    let request = v1::SetKillSwitchRequest {
        request_id: request_id("kill"),
        action: v1::KillSwitchAction::Engage.into(),
        flatten,
        reason: "a test".to_owned(),
    };
    client.control().set_kill_switch(request).await.unwrap().into_inner()
}

/// Clears a hold that an operator may clear.
pub(crate) async fn resume(client: &Client, kind: v1::HoldKind) -> v1::ResumeEntriesResponse {
    let request = v1::ResumeEntriesRequest {
        request_id: request_id(kind.as_str_name()),
        reason: "a test".to_owned(),
        holds: vec![kind.into()],
    };
    client.control().resume_entries(request).await.unwrap().into_inner()
}

/// Waits until something that is asked for again and again is so.
#[track_caller]
pub(crate) fn until<T, F: Future<Output = T>>(
    what: &'static str,
    ask: impl Fn() -> F,
    is_so: impl Fn(&T) -> bool,
) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = ask().await;
            if is_so(&found) {
                return found;
            }
            assert!(Instant::now() < deadline, "{place}: not in time: {what}");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Waits until so many trades were begun.
pub(crate) async fn until_traded(client: &Client, count: usize) -> Vec<v1::Trade> {
    until("trades", || trades(client), |trades| trades.len() >= count).await
}

/// Checks that every position that is not being closed has its stop over all of its shares.
#[track_caller]
pub(crate) fn check_protected(positions: &[v1::Position]) {
    for position in positions.iter().filter(|position| !position.closing) {
        assert_eq!(position.protected_quantity, position.quantity, "{position:?}");
    }
}

/// Returns the names of what is in a folder; none where it is no folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}
