//! Each day beside the backtest of its own bars, and what the sessions say of real money: by API and by `orbd parity`.

use std::time::Duration;

use orb_api::{Client, v1};
use serde_json::Value;
use tempfile::TempDir;
use tonic::Code;

use crate::{
    client::connect,
    daemon::{Demo, orbd, text},
    market::day,
};

/// Asks for the latest report; it is made beside the end of the session.
async fn report(client: &Client) -> v1::ParityReport {
    for _ in 0..600 {
        match client.history().get_parity_report(v1::GetParityReportRequest::default()).await {
            Ok(reply) => return reply.into_inner().report.expect("a report"),
            Err(status) => assert_eq!(status.code(), Code::NotFound, "{status:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no report is made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_direct_day_differs_in_nothing_from_its_backtest() {
    let folder = TempDir::new().unwrap();
    let mut demo = Demo::start(folder.path(), &["--speed", "max"]);
    demo.session_over();
    let client = connect(&demo).await;
    let found = report(&client).await;
    let figures = found.figures.as_ref().unwrap();
    assert_eq!((found.date.as_str(), figures.differences, figures.trades_both), ("2026-03-02", 0, 6), "{found:#?}");
    assert_eq!((figures.trades_found, figures.trades_equal, figures.missed, figures.extra), (6, 6, 0, 0));
    assert_eq!(
        (figures.signals_identical, figures.signals_found),
        (figures.signals_expected, figures.signals_expected)
    );
    assert_eq!((&figures.net_pnl, &figures.fees), (&figures.net_pnl_pessimistic, &figures.fees_expected));
    assert_eq!((figures.slippage.as_str(), figures.slippage_r.as_str(), figures.bars), ("0", "0.0000", 9_277));
    let readiness = client.history().get_readiness(v1::GetReadinessRequest {}).await.unwrap().into_inner();
    let days = &readiness.days;
    assert!(!readiness.ready && days.len() == 1, "{readiness:#?}");
    assert_eq!((days[0].trades, days[0].unexplained, days[0].crashes), (6, Some(0), 0));
    assert_eq!(days[0].net_difference.as_deref(), Some("0"));
    let refused = client.history().get_parity_report(v1::GetParityReportRequest { date: "monday".to_owned() }).await;
    assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_day_at_a_broker_is_compared_after_its_session_and_again_on_demand() {
    let folder = TempDir::new().unwrap();
    let mut demo = Demo::start_at_broker(folder.path(), &["--speed", "max"]);
    demo.session_over();
    let found = report(&connect(&demo).await).await;
    let figures = found.figures.as_ref().unwrap();
    assert_eq!((figures.unexplained, figures.trades_both), (0, 4), "{found:#?}");
    assert_eq!((figures.signals_identical, figures.bars), (figures.signals_expected, 9_277), "{found:#?}");
    let counted = figures.trades_both + figures.missed;
    assert_eq!(counted, figures.trades_expected, "{found:#?}");
    demo.terminate();
    let date = day().to_string();
    let command = ["parity", &date, "--data-dir", text(folder.path())];
    let said = orbd(&[&command[..], &["--json", "--store"]].concat()).succeeded();
    let again: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(again["figures"]["net"], figures.net_pnl.as_str(), "{again:#}");
    assert_eq!(again["trades"].as_array().unwrap().len(), found.trades.len());
    for (one, other) in again["trades"].as_array().unwrap().iter().zip(&found.trades) {
        assert_eq!(
            (&one["symbol"], &one["slippage"]),
            (&other.symbol.as_str().into(), &other.slippage.as_str().into())
        );
    }
    let lines = orbd(&command).succeeded().out;
    assert!(lines.contains("4 on both sides") && lines.contains(", 0 without a reason"), "{lines}");
}
