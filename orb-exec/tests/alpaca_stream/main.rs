//! Alpaca's streams and the broker together, against the simulator.

mod rig;

use std::collections::BTreeMap;

use orb_core::event::{BrokerSnapshot, FeedState, Origin, Outcome};
use orb_core::hold::HoldKind;
use orb_core::order::{OrderEvent, OrderUpdate};
use orb_core::{Bar, Span, SymbolId, Timestamp};
use orb_exec::BrokerEvent;
use orb_sim::faults::FaultPlan;
use rig::{Day, Rig};

/// Returns the bars of a day by their minute.
fn by_minute(bars: impl IntoIterator<Item = Bar>) -> BTreeMap<Timestamp, Vec<Bar>> {
    let mut minutes: BTreeMap<Timestamp, Vec<Bar>> = BTreeMap::new();
    for bar in bars {
        minutes.entry(bar.start).or_default().push(bar);
    }
    minutes.values_mut().for_each(|bars| bars.sort_by_key(|bar| bar.symbol));
    minutes
}

#[track_caller]
fn check_whole(day: &Day, rig: &Rig) {
    let given = by_minute(day.batches.iter().flat_map(|(_, bars)| bars.iter().copied()));
    let expected = by_minute(rig.bars());
    for (start, bars) in &expected {
        assert_eq!(given.get(start), Some(bars), "the minute {start}");
    }
    assert_eq!(given.len(), expected.len());
    let mut last: BTreeMap<SymbolId, Timestamp> = BTreeMap::new();
    for bar in day.batches.iter().flat_map(|(_, bars)| bars) {
        let before = last.insert(bar.symbol, bar.start);
        assert!(before.is_none_or(|before| before < bar.start), "each symbol's bars come in order");
    }
}

#[tokio::test]
async fn a_day_without_faults_comes_minute_by_minute_as_it_was() {
    let rig = Rig::start(FaultPlan::default()).await;
    let mut live = rig.connect().await;
    let day = live.play(|_, _| None).await;
    check_whole(&day, &rig);
    assert_eq!(day.batches.len(), by_minute(rig.bars()).len(), "one batch for each minute");
    assert!(day.batches.iter().all(|(origin, _)| *origin == Origin::Live));
    assert_eq!(day.feed, []);
    assert!(day.trades > 1_000 && day.quotes > 1_000, "{} trades, {} quotes", day.trades, day.quotes);
    rig.stop().await;
}

#[tokio::test]
async fn after_breaks_silence_and_noise_every_minute_is_there_and_in_order() {
    let faults = r#"
        seed = 3
        [[stream]]
        stream = "data"
        fault = "disconnect"
        when = { at = "10:00:30" }
        [[stream]]
        stream = "data"
        fault = { linger = 40 }
        when = { at = "10:30:59" }
        [[stream]]
        stream = "data"
        fault = { mute_seconds = 400 }
        when = { at = "11:00:20" }
        [[stream]]
        stream = "data"
        fault = "unknown_type"
        when = { rate = 0.01 }
        [[stream]]
        stream = "data"
        fault = "unknown_field"
        when = { rate = 0.01 }
    "#;
    let rig = Rig::start(FaultPlan::parse(faults, "faults").expect("a plan")).await;
    let mut live = rig.connect().await;
    let day = live.play(|_, _| None).await;
    check_whole(&day, &rig);
    assert!(day.batches.iter().any(|(origin, _)| *origin == Origin::Backfill));
    let (troubles, recoveries) = (day.feed.iter(), day.feed.iter());
    let troubles = troubles.filter(|state| **state == FeedState::Trouble(HoldKind::StaleData)).count();
    let recoveries = recoveries.filter(|state| **state == FeedState::Recovered(HoldKind::StaleData)).count();
    assert_eq!((troubles, recoveries), (3, 3));
    let counts = live.market.counts();
    assert!(counts.unknown > 0 && counts.lost >= 3, "{counts:?}");
    assert_eq!(counts.malformed, 0);
    rig.stop().await;
}

/// Returns the news of an order in a report, `None` in one of another kind.
const fn update(event: &BrokerEvent) -> Option<&OrderUpdate> {
    if let BrokerEvent::Order(update) = event { Some(update) } else { None }
}

/// Returns the whole state in a report, `None` in one of another kind.
const fn snapshot(event: &BrokerEvent) -> Option<&BrokerSnapshot> {
    if let BrokerEvent::Snapshot(snapshot) = event { Some(snapshot) } else { None }
}

#[tokio::test]
async fn an_execution_has_one_name_on_the_stream_and_in_the_snapshot() {
    let rig = Rig::start(FaultPlan::default()).await;
    let mut live = rig.connect().await;
    let at = rig.open() + Span::from_minutes(30);
    let day = live.play(|now, sent| (now >= at && sent == 0).then(|| rig.buy("e", 10))).await;
    let outcomes = |event: &BrokerEvent| matches!(event, BrokerEvent::Outcome(_, Outcome::Accepted(_)));
    assert_eq!(day.events.iter().filter(|event| outcomes(event)).count(), 1, "{:?}", day.events);
    let updates: Vec<&OrderUpdate> = day.events.iter().filter_map(update).collect();
    let executions = updates.iter().filter_map(|update| update.execution.as_ref());
    let told: Vec<String> = executions.map(|execution| execution.id.clone()).collect();
    assert!(!told.is_empty());
    assert_eq!(updates.last().map(|update| update.event), Some(OrderEvent::Fill));
    let last = day.events.iter().rev().find_map(snapshot).expect("the state is compared from time to time");
    let listed: Vec<String> = last.fills.iter().map(|fill| fill.execution.id.clone()).collect();
    assert_eq!(listed, told);
    rig.stop().await;
}

#[tokio::test]
async fn a_fill_that_the_stream_lost_is_in_the_snapshot_after_it() {
    let faults = r#"
        [[stream]]
        stream = "trade_updates"
        kind = "fill"
        fault = "disconnect"
    "#;
    let rig = Rig::start(FaultPlan::parse(faults, "faults").expect("a plan")).await;
    let mut live = rig.connect().await;
    let at = rig.open() + Span::from_minutes(30);
    let day = live.play(|now, sent| (now >= at && sent == 0).then(|| rig.buy("e", 10))).await;
    let trouble = BrokerEvent::Feed(FeedState::Trouble(HoldKind::Reconciling));
    let lost = day.events.iter().position(|event| *event == trouble).expect("the break is told");
    let after = day.events[lost..].iter().find_map(snapshot);
    let fills = &after.expect("the state is read after the break").fills;
    assert_eq!(fills.iter().map(|fill| fill.execution.quantity.shares()).sum::<i64>(), 10);
    rig.stop().await;
}
