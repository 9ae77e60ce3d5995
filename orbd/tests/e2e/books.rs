//! The commands that look after the records: `orbd verify`, `orbd migrate` and `orbd backup`.

use std::{fs, path::Path, process::Command};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    client::{connect, until_traded},
    commands::SETTINGS,
    daemon::{Demo, Ended, orbd, text},
    market::Files,
    records::Records,
};

/// Runs a command and returns what it prints as JSON.
#[track_caller]
fn json(arguments: &[&str]) -> (Ended, Value) {
    let ended = orbd(&[arguments, &["--json"]].concat());
    let value = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    (ended, value)
}

/// Plays a session to its end and leaves its records.
fn played(folder: &Path) -> Files {
    let files = Files::stairs();
    let arguments = [&["--speed", "max", "--exit", "--bars", text(&files.bars)], &SETTINGS[..]].concat();
    Demo::start(folder, &arguments).wait();
    files
}

/// Changes the records behind orb's back.
fn tamper(folder: &Path, statement: &str) {
    let script = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as db: db.execute(sys.argv[2])";
    let database = folder.join("orb.db");
    let ended = Command::new("python3").args(["-c", script]).arg(database).arg(statement).status();
    assert!(ended.expect("python3").success(), "{statement}");
}

#[test]
fn records_are_proven_and_what_was_changed_is_named() {
    let folder = TempDir::new().unwrap();
    played(folder.path());
    let data_dir = ["--data-dir", text(folder.path())];
    let verify = [&["verify"], &data_dir[..]].concat();
    let (ended, found) = json(&verify);
    assert_eq!((ended.code, &found["sound"]), (Some(0), &Value::Bool(true)), "{found:#}");
    assert!(found["ledgers"][0]["journal"]["rows"].as_u64().unwrap() > 10, "{found:#}");
    let plain = orbd(&verify).succeeded();
    assert!(plain.out.contains("Every row is as it was written."), "{plain:?}");
    let url = format!("sqlite:{}", folder.path().join("orb.db").display());
    assert_eq!(orbd(&["verify", "--db", &url]).succeeded().out, plain.out);

    tamper(folder.path(), "UPDATE journal SET at = at + 1 WHERE first_sequence = 1");
    let (ended, found) = json(&verify);
    assert_eq!((ended.code, &found["sound"]), (Some(1), &Value::Bool(false)), "{found:#}");
    let broken = &found["ledgers"][0]["journal"]["broken"];
    assert_eq!(
        (broken["table"].as_str(), broken["key"].as_str(), broken["kind"].as_str()),
        (Some("journal"), Some("1"), Some("content"))
    );
    let plain = orbd(&verify);
    assert_eq!(plain.code, Some(1));
    assert!(plain.out.contains("BROKEN") && plain.out.contains("table journal, row 1"), "{plain:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_backup_of_a_running_demo_is_proven_and_restored() {
    let (files, folder, copies) = (Files::stairs(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let arguments = [&["--speed", "6000", "--bars", text(&files.bars)], &SETTINGS[..]].concat();
    let mut demo = Demo::start(folder.path(), &arguments);
    until_traded(&connect(&demo).await, 2).await;
    let to = copies.path().join("orb.db");
    let made = orbd(&["backup", "--data-dir", text(folder.path()), "--to", text(&to)]).succeeded();
    assert!(
        made.out.contains("Restored and compared") && made.out.contains("Log lines are not part of it"),
        "{made:?}"
    );
    let again = orbd(&["backup", "--data-dir", text(folder.path()), "--to", text(&to)]);
    assert!(again.code == Some(1) && again.err.contains("is there already: name a new file"), "{again:?}");
    let (ended, found) = json(&["backup", "--check", text(&to)]);
    assert_eq!((ended.code, &found["proven"], &found["logs"]), (Some(0), &Value::Bool(true), &Value::Bool(false)));
    demo.session_over();
    demo.terminate();
    // The copy is a database like any other, once it has the file of the log lines beside it.
    let url = format!("sqlite:{}", to.display());
    orbd(&["migrate", "up", "--database", &url]).succeeded();
    let (copy, whole) = (Records::of(copies.path()), Records::of(folder.path()));
    let fills = copy.fills();
    assert!(fills.len() >= 2 && fills.len() < whole.fills().len(), "{fills:#?}");
    assert!(fills.iter().all(|fill| whole.fills().contains(fill)));
}

#[test]
fn migrations_are_listed_and_applied() {
    let folder = TempDir::new().unwrap();
    let data_dir = ["--data-dir", text(folder.path())];
    let status = [&["migrate", "status"], &data_dir[..]].concat();
    let states = |found: &Value| -> Vec<(String, String)> {
        let lines = found["migrations"].as_array().unwrap().iter();
        lines
            .map(|line| (line["migration"].as_str().unwrap().to_owned(), line["state"].as_str().unwrap().to_owned()))
            .collect()
    };
    let (ended, before) = json(&status);
    assert_eq!(ended.code, Some(0));
    assert!(states(&before).len() >= 4 && states(&before).iter().all(|(_, state)| state == "pending"), "{before:#}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a status makes nothing");
    let up = orbd(&[&["migrate", "up"], &data_dir[..]].concat()).succeeded();
    assert!(up.out.contains("migrations were applied."), "{up:?}");
    assert!(orbd(&[&["migrate", "up"], &data_dir[..]].concat()).succeeded().out.contains("Nothing was pending."));
    let (_, after) = json(&status);
    assert!(states(&after).iter().all(|(_, state)| state == "applied"), "{after:#}");

    tamper(folder.path(), "INSERT INTO __diesel_schema_migrations (version) VALUES ('9001')");
    let bytes = fs::read(folder.path().join("orb.db")).unwrap();
    let (ended, newer) = json(&status);
    assert_eq!(ended.code, Some(0), "a status refuses nothing");
    assert!(states(&newer).contains(&("9001".to_owned(), "of a newer version".to_owned())), "{newer:#}");
    for command in [&["migrate", "up"][..], &["verify"], &["backup", "--to", text(&folder.path().join("copy"))]] {
        let refused = orbd(&[command, &data_dir[..]].concat());
        assert!(refused.code == Some(1) && refused.err.contains("9001"), "{refused:?}");
        assert!(refused.err.contains("install the newer version"), "{refused:?}");
    }
    assert_eq!(fs::read(folder.path().join("orb.db")).unwrap(), bytes, "it was left alone");
}

#[test]
fn records_that_are_not_there_are_told() {
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("copy");
    for command in [&["verify"][..], &["backup", "--to", text(&copy)]] {
        let refused = orbd(&[command, &["--data-dir", text(folder.path())]].concat());
        assert!(
            refused.code == Some(1) && refused.err.contains("there is no such file; check the path"),
            "{refused:?}"
        );
    }
    let refused = orbd(&["verify", "--database", "mysql://orb"]);
    assert!(
        refused.code == Some(1) && refused.err.contains("`mysql://orb` is not the address of a database"),
        "{refused:?}"
    );
    assert_eq!(orbd(&["backup", "--data-dir", text(folder.path())]).code, Some(2), "neither --to nor --check");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}
