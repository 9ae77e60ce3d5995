//! The bars of a symbol and day by the API: those that the daemon was given, from the first minute on, over a crash.

use std::{ops::Range, path::Path};

use orb_api::{Client, decimal::to_micros, v1};
use tempfile::TempDir;
use tonic::Code;

use crate::{
    client::{connect, until, until_traded},
    commands::SETTINGS,
    daemon::{Demo, text},
    market::{Files, day},
};

fn request(symbol: &str) -> v1::ListBarsRequest {
    v1::ListBarsRequest { symbol: symbol.to_owned(), ..Default::default() }
}

async fn list(client: &Client, request: v1::ListBarsRequest) -> Result<v1::ListBarsResponse, tonic::Status> {
    client.signals().list_bars(request).await.map(tonic::Response::into_inner)
}

/// Start in seconds, open, high, low, close in micro-dollars, volume.
type Numbers = (i64, [i64; 4], i64);

fn numbers(bar: &v1::Bar) -> Numbers {
    let prices = [&bar.open, &bar.high, &bar.low, &bar.close].map(|text| to_micros(text).unwrap());
    (bar.start_time.unwrap().seconds, prices, bar.volume)
}

/// Returns the bars of each symbol in a file, on the day of the demo.
fn in_file(path: &Path) -> Vec<(String, Vec<Numbers>)> {
    let file = std::fs::read_to_string(path).unwrap();
    let mut symbols: Vec<(String, Vec<Numbers>)> = Vec::new();
    for line in file.lines().skip(1) {
        let fields: Vec<_> = line.split(',').collect();
        let start = orb_core::Timestamp::parse_rfc3339(fields[1]).unwrap();
        let prices = [2, 3, 4, 5].map(|column| to_micros(fields[column]).unwrap());
        let bar = (start.micros() / 1_000_000, prices, fields[6].parse().unwrap());
        match symbols.iter_mut().find(|(symbol, _)| symbol == fields[0]) {
            Some((_, bars)) => bars.push(bar),
            None => symbols.push((fields[0].to_owned(), vec![bar])),
        }
    }
    symbols.iter_mut().for_each(|(_, bars)| bars.sort_unstable());
    symbols
}

/// Checks that some symbols of a file have exactly its bars, read in pages too.
pub(crate) async fn check_bars(client: &Client, file: &Path, which: Range<usize>) {
    for (symbol, expected) in &in_file(file)[which] {
        let whole = list(client, request(symbol)).await.unwrap();
        let found: Vec<_> = whole.bars.iter().map(numbers).collect();
        assert_eq!((&found, &*whole.next_page_token), (expected, ""), "{symbol}");
        assert_eq!((whole.date.as_str(), whole.length.unwrap().seconds), (&*day().to_string(), 60));
        let first = list(client, v1::ListBarsRequest { page_size: 100, ..request(symbol) }).await.unwrap();
        let page_token = first.next_page_token.clone();
        let rest = list(client, v1::ListBarsRequest { page_token, ..request(symbol) }).await.unwrap();
        assert_eq!([first.bars, rest.bars].concat(), whole.bars);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_bars_of_a_day_are_those_that_came_and_survive_a_crash() {
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    let arguments = |speed| [&["--speed", speed, "--bars", text(&files.bars)], &SETTINGS[..]].concat();
    let demo = Demo::start(folder.path(), &arguments("1200"));
    let client = connect(&demo).await;
    until_traded(&client, 2).await;
    let ask = || list(&client, request("STEP00"));
    let seen = until("bars of today", ask, |reply| reply.as_ref().is_ok_and(|reply| reply.bars.len() > 25)).await;
    let seen: Vec<_> = seen.unwrap().bars.iter().map(numbers).collect();
    let expected = in_file(&files.bars);
    assert!(seen.len() < 390 && expected[0].1.starts_with(&seen), "a part of the day while it goes on: {seen:?}");
    drop(client);
    let mut demo = demo;
    demo.kill_9();
    let mut demo = Demo::start(folder.path(), &arguments("max"));
    demo.session_over();
    let client = connect(&demo).await;
    let last = &expected[23];
    let is_whole = |reply: &Result<v1::ListBarsResponse, _>| reply.as_ref().is_ok_and(|reply| reply.bars.len() == 390);
    drop(until("the last bars", || list(&client, request(&last.0)), is_whole).await);
    check_bars(&client, &files.bars, 0..24).await;
    // Of a later part of the day.
    let from = prost_types::Timestamp { seconds: expected[0].1[385].0, nanos: 0 };
    let late = list(&client, v1::ListBarsRequest { time_from: Some(from), ..request("STEP00") }).await.unwrap();
    assert_eq!(late.bars.iter().map(numbers).collect::<Vec<_>>(), expected[0].1[385..]);
    let after = prost_types::Timestamp { seconds: expected[0].1[389].0 + 1, nanos: 0 };
    let none = list(&client, v1::ListBarsRequest { time_from: Some(after), ..request("STEP00") }).await.unwrap();
    assert_eq!(none.bars, []);
    drop(client);
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bars_that_there_are_not_are_told_and_bad_requests_refused() {
    let folder = TempDir::new().unwrap();
    let mut demo = Demo::start(folder.path(), &["--speed", "max"]);
    demo.session_over();
    let client = connect(&demo).await;
    let refused = |request: v1::ListBarsRequest| async { list(&client, request).await.unwrap_err() };
    let known = in_file(&Files::synthetic("csv").bars)[0].0.clone();
    let unknown = refused(request("ZZZZ")).await;
    assert_eq!(unknown.code(), Code::NotFound, "{unknown:?}");
    let earlier = refused(v1::ListBarsRequest { date: "2020-01-02".to_owned(), ..request(&known) }).await;
    assert_eq!(earlier.code(), Code::NotFound, "{earlier:?}");
    let token = list(&client, v1::ListBarsRequest { page_size: 5, ..request(&known) }).await.unwrap().next_page_token;
    let other = in_file(&Files::synthetic("csv").bars)[1].0.clone();
    for (field, bad) in [
        ("symbol", request("")),
        ("symbol", request("S P Y")),
        ("date", v1::ListBarsRequest { date: "today".to_owned(), ..request(&known) }),
        ("page_size", v1::ListBarsRequest { page_size: -1, ..request(&known) }),
        ("page_token", v1::ListBarsRequest { page_token: "zz".to_owned(), ..request(&known) }),
        ("page_token", v1::ListBarsRequest { page_token: token, ..request(&other) }),
        (
            "time_from",
            v1::ListBarsRequest {
                time_from: Some(prost_types::Timestamp { seconds: 0, nanos: -1 }),
                ..request(&known)
            },
        ),
    ] {
        let refusal = refused(bad).await;
        assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal:?}");
        assert!(refusal.message().starts_with(&format!("{field}: ")), "{refusal:?}");
    }
    drop(client);
    demo.terminate();
}
