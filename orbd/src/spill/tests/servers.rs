//! A server that goes away in the middle of a session and comes back.

use orb_core::event::Command;
use orb_core::fact::ExitReason;
use orb_core::hold::HoldKind;
use tempfile::TempDir;

use super::venue::{Day, breaks_out, id, ledger, session};
use crate::rpc::CommandReply;
use crate::store::tests::cluster::Cluster;
use crate::store::{DatabaseUrl, Reader, WriteLock};
use crate::view::View;

fn is_degraded(view: &View) -> bool {
    view.holds.iter().any(|hold| hold.kind == HoldKind::StoreDegraded)
}

/// One test, so that both days share the cluster and it ends with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_that_is_away_or_locked_stops_no_exit() {
    let Some(cluster) = Cluster::start() else { return };
    a_day_with_an_outage(&cluster, Outage::Stopped).await;
    a_day_with_an_outage(&cluster, Outage::Locked).await;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outage {
    Stopped,
    Locked,
}

async fn a_day_with_an_outage(cluster: &Cluster, outage: Outage) {
    let minutes = vec![breaks_out("AAA", 0), breaks_out("BBB", 0), breaks_out("CCC", 9), breaks_out("DDD", 17)];
    let (session, folder) = (session(minutes), TempDir::new().expect("a folder"));
    let url = DatabaseUrl::parse(&cluster.database()).expect("an address");
    let instants = ["09:42:00", "09:47:00", "09:51:00"];
    let (day, [mut begins, mut midst, mut ends]) = Day::start(&session, folder.path(), &url, instants).await;
    begins.reached().await;
    let lock = (outage == Outage::Locked).then(|| WriteLock::take(&url).expect("the lock"));
    if outage == Outage::Stopped {
        cluster.stop();
    }
    begins.go_on();
    midst.reached().await;
    day.until("degraded", is_degraded).await;
    let bbb = id(&session, "BBB");
    let reply = day.command(Command::Close(bbb)).await;
    assert!(matches!(reply, CommandReply::Accepted(_)), "{reply:?}");
    midst.go_on();
    ends.reached().await;
    let shown = day.daemon.view();
    assert!(is_degraded(&shown) && shown.positions.iter().all(|position| position.symbol_id != bbb), "{shown:#?}");
    drop(lock);
    if outage == Outage::Stopped {
        cluster.go_on();
    }
    day.until("well again", |view| !is_degraded(view)).await;
    ends.go_on();
    day.end().await;
    let reader = Reader::open(&url, &ledger()).expect("a reader");
    let trades = reader.list_trades(&Default::default(), &Default::default()).expect("trades").rows;
    let exits: Vec<_> = trades.iter().map(|row| (row.attempt.symbol.as_str(), row.trade.exit_reason)).collect();
    let exit = |symbol| exits.iter().find(|(name, _)| *name == symbol).and_then(|(_, reason)| *reason);
    assert_eq!(exit("BBB"), Some(ExitReason::ForceClose), "{outage:?}: {exits:?}");
    assert_eq!(exit("AAA"), Some(ExitReason::TimeExit), "{outage:?}: {exits:?}");
    assert_eq!(exit("CCC"), None, "{outage:?}: {exits:?}");
    assert_eq!(exit("DDD"), Some(ExitReason::TimeExit), "{outage:?}: {exits:?}");
}
