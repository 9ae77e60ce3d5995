//! The traces of days on which things go wrong, and collectors that are dead.

use std::collections::BTreeMap;
use std::net::TcpListener;

use orb_core::fact::SignalStatus;
use orb_exec::alpaca::BracketSupport;
use orbd::rehearsal::{Outcome, Rehearsal};
use orbd::traces::OtelConfig;

use crate::collector::{Collector, Trace, is_error, number, text};
use crate::rig::{breakout, classic, day, price, range, story, survive};
use crate::traded::traded;

fn to(url: &str) -> OtelConfig {
    OtelConfig { endpoint: Some(url.parse().expect("an address")), authority: None }
}

/// Plays a day whose traces go to a collector, and checks that each signal has one, with the fills of the ledger.
#[track_caller]
fn followed(rehearsal: Rehearsal, plan: &str) -> (Outcome, BTreeMap<String, Trace>) {
    let collector = Collector::start();
    let outcome = survive(Rehearsal { otel: to(&collector.url), ..rehearsal }, plan);
    let traces = collector.traces();
    assert!(collector.headers().is_empty(), "there is no secret to be sent");
    let mut wanted: Vec<_> = outcome.signals.iter().map(|signal| signal.attempt.to_string()).collect();
    wanted.sort();
    assert_eq!(traces.keys().cloned().collect::<Vec<_>>(), wanted, "{}", story(&outcome));
    let mut fills: Vec<_> = traces.values().flat_map(Trace::fills).collect();
    let mut kept: Vec<_> = outcome.fills.iter().map(|fill| (fill.id.clone(), fill.quantity.shares())).collect();
    fills.sort();
    kept.sort();
    assert_eq!(fills, kept, "{}", story(&outcome));
    for trace in traces.values() {
        for order in trace.below.iter().filter(|span| span.name.starts_with("order ")) {
            let own = trace.named("fill").filter(|fill| fill.parent_span_id == order.span_id);
            let shares: i64 = own.filter_map(|fill| number(fill, "orb.quantity")).sum();
            assert_eq!(Some(shares), number(order, "orb.filled"), "{order:#?}");
        }
    }
    (outcome, traces)
}

#[test]
fn a_trade_is_traced_from_its_signal_to_its_stop_and_its_exit() {
    let minutes = vec![breakout("AAA"), range("BBB").stay(3).to(price("101.2")).to(price("99"))];
    let (outcome, traces) = followed(day(minutes, classic()), "");
    assert_eq!(traces.len(), 2, "{}", story(&outcome));
    for trace in traces.values() {
        let one = |name: &str| {
            let all: Vec<_> = trace.named(name).collect();
            let [span] = all[..] else { panic!("{name}: {all:#?}") };
            span
        };
        assert!(!is_error(&trace.root), "{trace:#?}");
        let (gate, entry, protect, position) = (one("risk_gate"), one("order entry"), one("protect"), one("position"));
        assert!(gate.start_time_unix_nano == trace.root.start_time_unix_nano && !is_error(gate), "{trace:#?}");
        for name in ["commit", "send", "acknowledge"] {
            assert!(trace.named(name).any(|step| step.parent_span_id == entry.span_id), "{name}: {trace:#?}");
        }
        assert!(!is_error(protect) && protect.start_time_unix_nano == position.start_time_unix_nano, "{trace:#?}");
        let stop = trace.named("order stop").next().expect("a stop");
        assert!(stop.links.iter().all(|link| link.span_id == entry.span_id), "{stop:#?}");
        assert_eq!(text(&trace.root, "orb.exit.reason"), text(position, "orb.exit.reason"));
    }
    let reasons: Vec<_> = traces.values().filter_map(|trace| text(&trace.root, "orb.exit.reason")).collect();
    assert_eq!(reasons, ["time_exit", "stop"], "{}", story(&outcome));
}

#[test]
fn an_entry_that_the_broker_refuses_is_an_error_with_its_reason() {
    let plan = "[[order]]\nfault = { rejected = \"not today\" }\nside = \"buy\"\nwhen = { nth = [1] }\n";
    let (outcome, traces) = followed(day(vec![breakout("AAA")], classic()), plan);
    let refused: Vec<_> = outcome.signals.iter().filter(|signal| signal.status == SignalStatus::Rejected).collect();
    assert!(!refused.is_empty(), "{}", story(&outcome));
    for signal in refused {
        let trace = &traces[&signal.attempt.to_string()];
        let reason = signal.reason.map(|reason| reason.code().to_owned());
        assert!(is_error(&trace.root), "{trace:#?}");
        assert_eq!(text(&trace.root, "orb.rejection.reason"), reason);
        assert!(trace.named("position").next().is_none(), "{trace:#?}");
    }
}

#[test]
fn a_position_that_could_not_be_protected_is_an_error() {
    // The order takes so long that it fills below its own stop.
    let minutes = range("AAA").to(price("101.1")).gap(price("99.5"));
    let mut rehearsal = Rehearsal { brackets: BracketSupport::None, ..day(vec![minutes], classic()) };
    rehearsal.latencies.fill = orb_core::Span::from_seconds(8);
    rehearsal.unprotected_max = orb_core::Span::from_seconds(9);
    let (outcome, traces) = followed(rehearsal, "");
    let trace = traces.values().next().expect("a trace");
    assert!(is_error(&trace.root), "{}", story(&outcome));
    let position = trace.named("position").next().expect("a position");
    assert!(is_error(position) && text(position, "orb.exit.reason").as_deref() == Some("unprotected"), "{trace:#?}");
}

#[test]
fn dead_collectors_leave_a_day_s_trades_as_they_are() {
    let stopped = || range("BBB").stay(3).to(price("101.2")).to(price("99"));
    let day = || day(vec![breakout("AAA"), stopped()], classic());
    let without = survive(day(), "");
    // One takes connections and says nothing, at the other nobody listens.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let urls = [&silent, &closed].map(|listener| format!("http://{}", listener.local_addr().expect("an address")));
    drop(closed);
    for url in urls {
        let with = survive(Rehearsal { otel: to(&url), ..day() }, "");
        assert_eq!(traded(&with), traded(&without), "{url}");
    }
    silent.set_nonblocking(true).expect("a listener");
    assert!(silent.accept().is_ok(), "it was tried");
}
