//! Records that are lost in the middle of a day, with the process that kept them, while the broker keeps what it has.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use orb_core::Span;
use orb_core::fact::ExitReason;
use orb_exec::alpaca::BracketSupport;
use orbd::rehearsal::{Rehearsal, invariants};
use serde_json::Value;

use crate::rig::{at, breakout, classic, day, story};

/// Names the folder to a process that lives a part of the day.
const FOLDER: &str = "ORB_LOST_FOLDER";
/// The signal that no process can catch.
const SIGKILL: i32 = 9;

/// The first stop hangs for twenty seconds, and then the broker rejects it.
const PLAN: &str = "[[order]]
fault = { pending_new_ms = 20000, rejected = \"not today\" }
side = \"sell\"
when = { nth = [1] }
";

/// Makes a day without a target, whose stop is an order of its own.
fn bare() -> Rehearsal {
    let mut run = classic();
    run.strategies[0].target = None;
    let faults = PLAN.parse().expect("a plan of faults");
    // For twenty seconds nobody can do anything about the stop.
    let unprotected_max = Span::from_seconds(25);
    let brackets = BracketSupport::None;
    Rehearsal { brackets, remembers: true, faults, unprotected_max, ..day(vec![breakout("AAA")], run) }
}

#[test]
#[ignore = "it is a process of the other test"]
fn a_life() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("a folder"));
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = threads.expect("a runtime").block_on(bare().run(&folder)).expect("a day to its end");
    let broken: Vec<String> = invariants(&outcome).iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{broken:#?}\n{}", story(&outcome));
    let reasons: Vec<_> = outcome.trades.iter().map(|row| row.trade.exit_reason).collect();
    assert_eq!(reasons, [Some(ExitReason::TimeExit)], "{}", story(&outcome));
}

/// Lives in a folder until the day is over, or the process is killed.
fn live(folder: &Path, variable: (&str, &Path)) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("a test has a file"));
    command.args(["--exact", "lost::a_life", "--ignored", "--nocapture"]).stdin(Stdio::null());
    command.env(FOLDER, folder).env("ORB_LOG", "off").env(variable.0, variable.1).output().expect("it starts")
}

/// Returns the first step of the loop after the stop was sent, before the broker rejects it.
fn step_of_death(undisturbed: &Path) -> String {
    let trace = undisturbed.join("trace");
    let output = live(undisturbed, ("ORB_CRASH_TRACE", &trace));
    assert!(output.status.success(), "{}", told(&output));
    let trace = std::fs::read_to_string(trace).expect("a trace");
    let (from, to) = (at("09:36:50").micros(), at("09:37:04").micros());
    let step = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [place, count, micros] = words[..] else { panic!("a line of the trace: `{line}`") };
        (from..to).contains(&micros.parse().expect(line)).then(|| format!("{place}:{count}"))
    };
    trace.lines().find_map(step).expect("something happens in these seconds")
}

/// Removes the records; what the broker remembers stays.
fn lose_records(folder: &Path) {
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let is_record = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("orb.db"));
    let lost: Vec<PathBuf> = files.filter(is_record).collect();
    assert!(!lost.is_empty(), "there were records");
    lost.iter().for_each(|path| std::fs::remove_file(path).expect("removed"));
}

/// Returns the names under which orders were sent, refused ones included, in their order.
fn names_sent(folder: &Path) -> Vec<String> {
    let memory = std::fs::read_to_string(folder.join("broker-1.jsonl")).expect("what the broker remembers");
    let name = |line: &str| {
        let line: Value = serde_json::from_str(line).expect(line);
        let request = line.get("request").filter(|request| request["method"] == "POST")?;
        let body: Value = serde_json::from_str(request["body"].as_str()?).ok()?;
        body["client_order_id"].as_str().map(|id| id.rsplit('-').next().unwrap_or_default().to_owned())
    };
    memory.lines().filter_map(name).collect()
}

fn told(output: &Output) -> String {
    let texts = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    format!("{}\n{}", output.status, texts.concat())
}

#[test]
fn names_of_orders_that_were_lost_from_the_records_are_not_used_again() {
    let [undisturbed, folder] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let step = step_of_death(undisturbed.path());
    let killed = live(folder.path(), ("ORB_CRASH_AT", Path::new(&step)));
    assert_eq!(killed.status.signal(), Some(SIGKILL), "at {step}: {}", told(&killed));
    assert_eq!(names_sent(folder.path()), ["1e", "1s1"], "at {step}");

    lose_records(folder.path());
    let ended = live(folder.path(), (FOLDER, folder.path()));
    let sent = names_sent(folder.path());
    assert!(ended.status.success(), "{sent:?}\n{}", told(&ended));
    let different: BTreeSet<&String> = sent.iter().collect();
    assert_eq!(different.len(), sent.len(), "{sent:?}\n{}", told(&ended));
    assert_eq!(sent[2], "1s2", "the stop is made anew: {sent:?}");
    assert!(sent[3..].iter().all(|name| name.starts_with("1x")), "{sent:?}");
}
