//! The figures for Prometheus, as it asks for them.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use tempfile::TempDir;

use crate::daemon::Demo;

/// Asks as Prometheus does, and returns the whole answer.
fn asked(demo: &Demo, header: &str) -> String {
    let mut stream = TcpStream::connect(&demo.address).unwrap();
    let host = &demo.address;
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{header}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn figures_are_for_callers_with_a_token() {
    let folder = TempDir::new().unwrap();
    let mut demo = Demo::start(folder.path(), &["--speed", "max"]);
    demo.session_over();
    let bare = asked(&demo, "");
    assert!(bare.starts_with("HTTP/1.1 401 ") && !bare.contains("orb_"), "{bare}");
    let wrong = asked(&demo, "authorization: Bearer nonsense\r\n");
    assert!(wrong.starts_with("HTTP/1.1 401 ") && !wrong.contains("orb_"), "{wrong}");
    let token = std::fs::read_to_string(folder.path().join("token")).unwrap();
    let told = asked(&demo, &format!("authorization: Bearer {}\r\n", token.trim()));
    assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
    assert!(told.contains("content-type: application/openmetrics-text; version=1.0.0"), "{told}");
    assert!(told.contains("orb_environment{environment=\"sim\"} 1.0\n"), "{told}");
    let trades = told.lines().find_map(|line| line.strip_prefix("orb_day_trades ")).unwrap();
    assert!(trades.parse::<f64>().unwrap() >= 1.0, "{told}");
    assert!(told.contains("# EOF"), "{told}");
    let count = |name: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {told}"));
        line.trim().parse::<f64>().unwrap()
    };
    assert!(count("orb_commits_total{kept=\"records\"}") >= 10.0, "{told}");
    assert!(count("orb_commit_duration_seconds_count") >= count("orb_commits_total{kept=\"records\"}"), "{told}");
    assert!(count("orb_broker_answer_seconds_count{class=\"entry\"}") >= 1.0, "{told}");
    assert!(count("orb_signal_acknowledgement_seconds_count") >= 1.0, "{told}");
    assert!(count("orb_fill_protection_seconds_count") >= 1.0, "{told}");
    assert!(told.contains("orb_stream_age_seconds{stream=\"bars\"}"), "{told}");
    for queue in ["market_news", "market_trades", "market_quotes"] {
        assert!(told.contains(&format!("orb_queue_depth{{queue=\"{queue}\"}} ")), "{queue}: {told}");
    }
    assert!(!told.contains(token.trim()), "no secret");
}
