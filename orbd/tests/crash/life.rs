//! One process of a session: it begins or goes on, and if nobody kills it, it comes to the end and is judged.

use std::path::{Path, PathBuf};

use orb_core::hold::HoldKind;
use orbd::rehearsal::Outcome;
use orbd::store::DatabaseUrl;

use crate::checks::{Journal, broken};
use crate::point::Point;
use crate::scene;

/// Names the point to a process.
pub(crate) const POINT: &str = "ORB_CRASH_LIFE";
/// Names its folder.
pub(crate) const FOLDER: &str = "ORB_CRASH_FOLDER";
/// Names the database, where it is a server's.
pub(crate) const DATABASE: &str = "ORB_CRASH_DATABASE";
/// The file in the folder that tells when the limit of the day's loss was passed, in microseconds.
pub(crate) const TRIPPED: &str = "tripped";

/// Lives one life, as the variables say.
pub(crate) fn live() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    let point: Point = variable(POINT).parse().unwrap_or_else(|error| panic!("{POINT}: {error}"));
    let folder = PathBuf::from(variable(FOLDER));
    let database = std::env::var(DATABASE).ok().map(|text| DatabaseUrl::parse(&text).expect(&text));
    let url = database.clone().unwrap_or_else(|| DatabaseUrl::sqlite(folder.join("orb.db")));
    let outcome = play(&point, &folder, database).unwrap_or_else(|error| panic!("it came to no end: {error:#}"));
    let journal =
        Journal::read(&outcome, &url).unwrap_or_else(|error| panic!("the journal: {error:#}\n{}", story(&outcome)));
    let broken = broken(point.scene, point.resumes, &outcome, &journal);
    assert!(broken.is_empty(), "after {} lives it broke {broken:#?}\n{}", journal.lives(), story(&outcome));
    if let Some(tripped) = journal.held_since(HoldKind::DailyLoss) {
        std::fs::write(folder.join(TRIPPED), tripped.micros().to_string()).expect("a file in its folder");
    }
    let numbers = (outcome.broker.orders.len(), outcome.broker.executions.len(), outcome.trades.len());
    eprintln!("orders, executions and trades: {numbers:?}");
}

fn play(point: &Point, folder: &Path, database: Option<DatabaseUrl>) -> anyhow::Result<Outcome> {
    let mut rehearsal = scene::scene(point.scene)?;
    rehearsal.resumes = point.resumes;
    rehearsal.database = database;
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    threads.block_on(rehearsal.run(folder))
}

/// Tells what happened, for the message of a failure.
pub(crate) fn story(outcome: &Outcome) -> String {
    let mut lines: Vec<String> = Vec::new();
    for order in &outcome.broker.orders {
        let (at, id, class) = (order.times.created, &order.client_order_id, order.class.as_str());
        let (kind, role, status) = (order.order_type.as_str(), order.role, order.status);
        let (filled, name) = (order.filled.quantity(), outcome.symbols.name(order.symbol));
        lines.push(format!("{at} {name} {id} {class} {kind} {role:?} {status:?} filled {filled} {:?}", order.times));
    }
    for one in &outcome.broker.executions {
        let (name, shares) = (outcome.symbols.name(one.symbol), one.signed().quantity());
        lines.push(format!("{} {name} {shares} at {}", one.at, one.price));
    }
    for trade in &outcome.trades {
        lines.push(format!("{:?}", trade.trade));
    }
    for line in &outcome.logs {
        let time = line.engine_time.map(|time| time.to_string()).unwrap_or_default();
        lines.push(format!("{time} {:?} {}", line.severity, line.message));
    }
    lines.push(format!("{:?}", outcome.view.holds));
    lines.join("\n")
}
