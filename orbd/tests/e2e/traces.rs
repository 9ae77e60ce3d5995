//! A real `orbd` and a collector of OpenTelemetry on this machine.

use std::path::Path;

use tempfile::TempDir;

use crate::{
    collector::{Collector, is_error, number, text as attribute},
    commands::SETTINGS,
    daemon::{Ended, Process, check_log, program, text},
    market::Files,
    records::Records,
};

/// A part of every secret of these tests.
const HUNTER: &str = "hunter2";

fn demo(folder: &Path, files: &Files, keys: &str) -> Ended {
    let config = folder.join("orb.toml");
    std::fs::write(&config, keys).unwrap();
    let mut command = program(env!("CARGO_BIN_EXE_orbd"));
    command.args(["demo", "--direct", "--speed", "max", "--exit", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(folder.join("state")).args(["--bars", text(&files.bars), "--config", text(&config)]).args(SETTINGS);
    command.env("ORB_OTEL_HEADERS", format!("authorization=Bearer%20{HUNTER}")).env_remove("CREDENTIALS_DIRECTORY");
    let ended = Process::start(command).wait().succeeded();
    assert!(!format!("{ended:?}").contains(HUNTER), "{ended:?}");
    ended
}

#[test]
fn every_signal_of_a_day_has_one_trace_with_the_ledger_s_fills() {
    let (files, folder, collector) = (Files::stairs(), TempDir::new().unwrap(), Collector::start());
    demo(folder.path(), &files, &format!("[otel]\nendpoint = \"{}\"\n", collector.url));
    let records = Records::of(&folder.path().join("state"));
    let (traces, signals, fills) = (collector.traces(), records.signals(), records.fills());
    assert!(signals.len() > 10 && fills.len() > 20, "{} {}", signals.len(), fills.len());
    let ids: Vec<_> = traces.keys().cloned().collect();
    let mut wanted: Vec<_> = signals.iter().map(|signal| signal.attempt.to_string()).collect();
    wanted.sort();
    assert_eq!(ids, wanted);
    let mut traced: Vec<_> = traces.values().flat_map(|trace| trace.fills()).collect();
    let mut kept: Vec<_> = fills.iter().map(|fill| (fill.id.clone(), fill.quantity.shares())).collect();
    traced.sort();
    kept.sort();
    assert_eq!(traced, kept);
    for trace in traces.values() {
        assert_eq!(attribute(&trace.root, "orb.mode").as_deref(), Some("sim"));
        assert_eq!(trace.named("risk_gate").count(), 1, "{trace:#?}");
        let has_filled = number(&trace.root, "orb.filled").is_some_and(|shares| shares > 0);
        assert!(!has_filled || !is_error(&trace.root), "{trace:#?}");
    }
    let headers = collector.headers();
    assert!(!headers.is_empty() && headers.iter().all(|header| *header == format!("Bearer {HUNTER}")), "{headers:?}");
}

#[test]
fn a_check_says_where_traces_go_and_whether_they_can() {
    let folder = TempDir::new().unwrap();
    let keys = format!(
        "symbols = [\"SPY\"]\n[daemon]\ndata_dir = \"{}\"\nlisten = \"127.0.0.1:0\"\n[otel]\nendpoint = \"http://127.0.0.1:4317\"\n",
        text(&folder.path().join("state"))
    );
    let config = folder.path().join("orb.toml");
    std::fs::write(&config, keys).unwrap();
    let line = |headers: &str| {
        let mut command = program(env!("CARGO_BIN_EXE_orbd"));
        command.args(["check", "--offline", "--config", text(&config)]).env("ORB_OTEL_HEADERS", headers);
        command.env_remove("CREDENTIALS_DIRECTORY");
        let ended = Process::start(command).wait();
        check_log(&ended.err);
        assert!(!format!("{ended:?}").contains(HUNTER), "{ended:?}");
        ended.out.lines().find(|line| line.contains("otel")).unwrap_or_else(|| panic!("{ended:?}")).to_owned()
    };
    let fit = line("authorization=Bearer%20hunter2");
    assert!(fit.starts_with("PASS") && fit.contains("http://127.0.0.1:4317"), "{fit}");
    let unfit = line("hunter2");
    assert!(unfit.starts_with("WARN") && unfit.contains("NAME=VALUE"), "{unfit}");
}
