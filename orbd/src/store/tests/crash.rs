//! A process that is killed has lost nothing that it was told is committed.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use orb_core::fact::Fact;

use super::samples::{attempt, commit, names, order, session};
use super::{Database, ledger};
use crate::store::{DatabaseUrl, Writer};

/// Tells the child which database to write.
const URL: &str = "ORB_TEST_CRASH_URL";

pub(super) fn what_was_committed_survives_a_kill(database: &Database) {
    let address = match database.url.path() {
        Some(path) => format!("sqlite:{}", path.display()),
        None => database.url.to_string(),
    };
    let mut child = Command::new(std::env::current_exe().expect("the tests' program"))
        .args(["--exact", "store::tests::crash::commits_until_it_is_killed", "--nocapture"])
        .env(URL, address)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let committed =
        output.lines().map_while(Result::ok).filter_map(|line| line.strip_prefix("committed ")?.parse::<u64>().ok());
    let last = committed.take(50).last();
    child.kill().expect("the child is killed");
    child.wait().expect("the child has ended");
    assert_eq!(last, Some(50));
    let mut writer = database.writer();
    let restored = writer.load().expect("the records");
    assert!(restored.last_sequence >= 50, "{}", restored.last_sequence);
    assert_eq!(restored.orders.len() as u64, restored.last_sequence, "each commit is whole");
    commit(&mut writer, &[Fact::Order(order(attempt(1, 1)))]);
}

#[test]
fn commits_until_it_is_killed() {
    let Ok(url) = std::env::var(URL) else { return };
    let url = DatabaseUrl::parse(&url).expect("an address");
    let mut writer = Writer::open(&url, ledger(), names()).expect("a writer");
    for number in 1..=u16::MAX {
        commit(&mut writer, &[Fact::Session(session()), Fact::Order(order(attempt(0, number)))]);
        println!("committed {}", writer.last_sequence());
    }
}
