//! How long a morning takes from the end of the opening range to the last order.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use orb_core::{Span, Timestamp};
use orb_sim::Running as Simulator;

use super::{Rehearsal, is_entry, wait};

/// How often the broker is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How long after the range's end entries are waited for; the same again ends the morning.
const AFTER_RANGE: Span = Span::from_seconds(5);

/// Holds how a morning's entries went out.
#[derive(Clone, Debug)]
pub struct ScanTimes {
    /// Entries that the broker has, in the order in which they came.
    pub entries: Vec<String>,
    /// Simulated time from the range's end to the last entry: what the bars took to come, and what was waited for.
    pub waited: Span,
    /// Time on the machine's clock from the range's end to the last entry: what was reckoned, recorded and sent, by orb and
    /// by the simulator. Simulated time stands meanwhile, so that both together are the whole.
    pub worked: Duration,
    /// Memory of the whole process after it, the simulator's market included, in KiB; `None` where the system does not tell.
    pub resident_kib: Option<u64>,
}

impl Rehearsal {
    /// Rehearses the morning until five seconds after the range's end, with entries that go out then.
    ///
    /// # Errors
    /// As [`Rehearsal::run`], and when no entry came.
    pub async fn scan(mut self, folder: &Path, range_end: Timestamp) -> anyhow::Result<ScanTimes> {
        self.until = Some(range_end + AFTER_RANGE + AFTER_RANGE);
        let playing = self.play_and(folder, async |simulator: &Simulator| watch(simulator, range_end).await);
        let (_, times) = tokio::time::timeout(super::PATIENCE, playing).await.context("the morning stands still")??;
        times
    }
}

/// Watches the entries come.
async fn watch(simulator: &Simulator, range_end: Timestamp) -> anyhow::Result<ScanTimes> {
    drop(wait(simulator, range_end).await);
    let (begin, mut last, mut count) = (Instant::now(), Instant::now(), 0);
    while simulator.clock().now() < range_end + AFTER_RANGE {
        let now = simulator.with_broker(|broker| broker.orders().filter(|order| is_entry(order)).count());
        let now = now.await.context("the simulator has stopped")?;
        if now > count {
            (last, count) = (Instant::now(), now);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let entries = simulator.with_broker(|broker| {
        let entries = broker.orders().filter(|order| is_entry(order));
        entries.map(|order| (order.times.created, order.client_order_id.clone())).collect::<Vec<_>>()
    });
    let entries = entries.await.context("the simulator has stopped")?;
    let Some((created, _)) = entries.last() else { bail!("no entry came") };
    let (waited, worked) = (*created - range_end, last - begin);
    let entries = entries.into_iter().map(|(_, name)| name).collect();
    Ok(ScanTimes { entries, waited, worked, resident_kib: resident_kib() })
}

/// Returns the memory that this process holds, in KiB; `None` where the system does not tell.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
