//! The command line, from outside.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

fn orb_sim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orb-sim"));
    command.args(arguments).env_remove("ORB_SIM_KEY_ID").env_remove("ORB_SIM_SECRET").stdin(Stdio::null());
    command
}

#[track_caller]
fn refused(arguments: &[&str], parts: &[&str]) {
    let output = orb_sim(arguments).output().expect("it runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
    for part in parts {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    refused(&["serve"], &["--bars"]);
    refused(&["serve", "--synthetic", "7", "--speed", "fast"], &["fast", "max"]);
    refused(&["serve", "--synthetic", "7", "--listen", "0.0.0.0:0"], &["0.0.0.0:0", "--allow-remote"]);
    refused(&["serve", "--bars", "/nowhere/bars.csv"], &["/nowhere/bars.csv"]);
    refused(&["serve", "--synthetic", "7", "--faults", "/nowhere/f.toml"], &["/nowhere/f.toml"]);
    refused(&["serve", "--synthetic", "7", "--half-spread", "10001"], &["--half-spread"]);
    refused(&["serve", "--synthetic", "7", "--bars", "x"], &["--bars"]);
    refused(&["serve", "--synthetic", "7", "--trades", "x"], &["--trades"]);
    refused(&["serve", "--trades", "/nowhere/trades.csv"], &["/nowhere/trades.csv"]);
}

#[test]
fn it_says_how_to_reach_it_and_ends_by_a_signal() {
    let arguments = ["serve", "--synthetic", "7", "--symbols", "2", "--listen", "127.0.0.1:0", "--begin", "client"];
    let mut child = orb_sim(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("its output"));
    let mut first = String::new();
    out.read_line(&mut first).expect("a line");
    assert!(first.starts_with("A local Alpaca at http://127.0.0.1:"), "{first}");
    let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(ended.success() && child.wait().expect("it ends").success());
    let (mut rest, mut errors) = (String::new(), String::new());
    out.read_to_string(&mut rest).expect("text");
    child.stderr.take().expect("its errors").read_to_string(&mut errors).expect("text");
    assert!(rest.contains("TradingClient(KEY, SECRET, url_override=\"http://127.0.0.1:"), "{rest}");
    assert_eq!(errors, "");
}
