//! Closing what is not orb's, through the daemon, with the account's id typed.

use orb_api::{Client, Endpoint, Token, v1};
use serde_json::json;
use tonic::Code;

use crate::{
    account::{Account, account_number, own_id},
    client::{connect, is_held, request_id, status},
    daemon::{Demo, Process, program},
};

/// A daemon that trades at the account.
async fn daemon(account: &Account) -> (Process, Client) {
    let config = account.config("");
    let mut command = program(env!("CARGO_BIN_EXE_orbd"));
    command.arg("run").arg("--config").arg(&config);
    let mut daemon = Process::start(command);
    daemon = tokio::task::spawn_blocking(move || {
        daemon.says("orbd run: sim");
        daemon
    })
    .await
    .unwrap();
    let context = std::fs::read_to_string(account.state().join("orbctl.toml")).unwrap();
    let address = context.split('"').find(|part| part.starts_with("http://")).expect("an address").to_owned();
    let token = Token::parse(&std::fs::read_to_string(account.state().join("token")).unwrap()).unwrap();
    (daemon, Client::connect(Endpoint::new(address, Some(token))).await.unwrap())
}

fn request(account_id: &str) -> v1::CloseAllPositionsRequest {
    v1::CloseAllPositionsRequest {
        request_id: request_id("foreign"),
        reason: "a test".to_owned(),
        include_foreign: true,
        account_id: account_id.to_owned(),
    }
}

async fn close(
    client: &Client,
    request: v1::CloseAllPositionsRequest,
) -> Result<v1::CloseAllPositionsResponse, tonic::Status> {
    client.control().close_all_positions(request).await.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_orb_s_is_closed_with_the_account_typed_and_left_alone_without() {
    let account = Account::open(json!({})).await;
    account.enter("BBB", "by-hand", 7).await;
    let (_daemon, client) = daemon(&account).await;
    let number = account_number(&account.running).await;
    for wrong in ["", "hunter2"] {
        let refusal = close(&client, request(wrong)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal:?}");
        assert!(refusal.message().starts_with("account_id: ") && !refusal.message().contains("hunter2"), "{refusal:?}");
    }
    assert!(!is_held(&status(&client).await.holds, v1::HoldKind::OperatorPause), "nothing was done");
    let own = v1::CloseAllPositionsRequest { include_foreign: false, ..request(&number) };
    let reply = close(&client, own).await.unwrap();
    assert_eq!((reply.foreign_holdings.len(), account.net("BBB").await), (0, 7), "{reply:?}");
    let command = request(&number);
    let reply = close(&client, command.clone()).await.unwrap();
    assert!(is_held(&reply.holds, v1::HoldKind::OperatorPause), "entries are paused: {reply:?}");
    assert!(reply.complete && !reply.foreign_unfinished, "{reply:?}");
    let closed = &reply.foreign_holdings[..];
    assert!(matches!(closed, [one] if one.symbol == "BBB" && one.remaining_quantity == "0"), "{closed:?}");
    assert_eq!(closed[0].cancelled_order_ids.len(), 1, "its stop: {closed:?}");
    assert_eq!((account.net("BBB").await, account.open_orders("BBB").await), (0, vec![]));
    // The same request again closes nothing, whatever there is now.
    account.enter("BBB", "by-hand-again", 3).await;
    assert!(close(&client, command).await.unwrap().replayed);
    assert_eq!(account.net("BBB").await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_symbol_in_which_orb_has_orders_is_left_to_orb() {
    let account = Account::open(json!({})).await;
    account.enter("BBB", "by-hand", 7).await;
    // Of orb's, and unknown to this daemon's records.
    account.enter("AAA", &own_id("AAA", "1e"), 100).await;
    let (_daemon, client) = daemon(&account).await;
    let number = account_number(&account.running).await;
    let reply = close(&client, request(&number)).await.unwrap();
    let symbols: Vec<_> = reply.foreign_holdings.iter().map(|holding| &*holding.symbol).collect();
    assert_eq!((symbols, account.net("BBB").await), (vec!["BBB"], 0), "{reply:?}");
    let by_account: Vec<_> = account.orders().await.into_iter().filter(|order| order["symbol"] == "AAA").collect();
    let is_orb_s = |id: &str| id.starts_with(&own_id("AAA", "")[..20]);
    let legs = |order: &serde_json::Value| order["parent"].is_string();
    assert!(
        by_account.iter().all(|order| legs(order) || is_orb_s(order["client_order_id"].as_str().unwrap())),
        "an order in AAA that is not orb's: {by_account:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn at_the_built_in_exchange_nothing_is_foreign() {
    let folder = tempfile::TempDir::new().unwrap();
    let demo = Demo::start(folder.path(), &["--speed", "60"]);
    let client = connect(&demo).await;
    let refusal = close(&client, request("DEMO-1")).await.unwrap_err();
    assert_eq!(refusal.code(), Code::FailedPrecondition, "{refusal:?}");
}
