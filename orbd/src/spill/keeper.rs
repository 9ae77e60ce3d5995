//! The loop's end: hands bundles over and waits until they are kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

use super::backlog::{Backlog, Progress};
use super::bundle::Bundle;
use super::committer::Committer;
use super::error::KeepError;
use super::line::Head;
use super::saver::Saver;
use super::spill_path;
use crate::store::Writer;

/// Says how long the loop waits for the records before it goes on without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// A commit of a few rows that takes longer is trouble.
    pub commit: Duration,
    /// What each row adds: a morning's thousands of decisions are one commit, and that it takes its time is no trouble.
    pub row: Duration,
    /// A commit that takes longer is trouble, however large it is; not less than `commit`.
    pub most: Duration,
    /// A sync of the spill file that takes longer holds nobody up any more.
    pub save: Duration,
}

impl Patience {
    /// Where prices do not wait.
    pub const LIVE: Self = Self {
        commit: Duration::from_millis(250),
        row: Duration::from_micros(50),
        most: Duration::from_millis(1_250),
        save: Duration::from_millis(250),
    };

    /// Where time is simulated and stands during a commit: this machine's pace must not show in the result, so only
    /// what fails is trouble.
    pub const SIMULATED: Self = Self::even(Duration::from_secs(20));

    /// Returns a patience of the same time for everything.
    #[must_use]
    pub const fn even(time: Duration) -> Self {
        Self { commit: time, row: Duration::ZERO, most: time, save: time }
    }

    /// Returns how long a commit of so many rows may take.
    #[must_use]
    pub fn of_rows(self, rows: usize) -> Duration {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        (self.commit + self.row.saturating_mul(rows)).min(self.most)
    }
}

/// How long every commit must have been in time before the trouble is over.
const CALM_MIN: Duration = Duration::from_secs(1);
/// The same for a store that fails again and again: the time doubles up to this.
const CALM_MAX: Duration = Duration::from_secs(60);
/// How long an end waits for the store, and then for the spill file.
const END_PATIENCE: Duration = Duration::from_secs(3);
/// How often an end looks whether a thread has ended.
const END_STEP: Duration = Duration::from_millis(2);

/// Tells how a bundle is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// In the records.
    Committed,
    /// In the spill file, synced; it will be committed.
    Spilled,
    /// In memory alone: neither the store nor the spill file takes it at the moment.
    Volatile,
}

/// Says what is wrong while the store does not keep up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreTrouble {
    /// What the store suffers from, and the remedy.
    pub store: String,
    /// What the spill file suffers from besides; `None` while it takes everything.
    pub spill: Option<String>,
}

/// Keeps bundles: in the records, and while these are in trouble in the spill file.
#[derive(Debug)]
pub struct Keeper {
    backlog: Arc<Backlog>,
    progress: watch::Receiver<Progress>,
    path: PathBuf,
    patience: Patience,
    degraded: bool,
    /// How long the commit that was the first in trouble had been waited for.
    exceeded: Duration,
    calm: Duration,
    resumed: Option<Instant>,
    committer: Option<JoinHandle<()>>,
    saver: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the threads; the spill file, when there is need of one, will be in `folder`.
    ///
    /// What an earlier run left there must have been [merged](super::merge()).
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(writer: Writer, folder: &Path, patience: Patience) -> Result<Self, KeepError> {
        let (backlog, progress) = Backlog::new();
        let (backlog, path) = (Arc::new(backlog), spill_path(folder));
        let head = Head::new(writer.ledger(), writer.names());
        let saver = Saver::new(Arc::clone(&backlog), path.clone(), head);
        let committer = Committer::new(Arc::clone(&backlog), writer, path.clone(), patience);
        let mut keeper = Self {
            backlog,
            progress,
            path,
            patience,
            degraded: false,
            exceeded: patience.commit,
            calm: CALM_MIN,
            resumed: None,
            committer: None,
            saver: None,
        };
        keeper.saver = Some(spawn("orb-spill", move || saver.run())?);
        keeper.committer = Some(spawn("orb-records", move || committer.run())?);
        Ok(keeper)
    }

    /// Keeps a bundle; what follows from it may be done when this returns.
    ///
    /// While all is well that is when it is committed. While the keeper is degraded it is when the spill file is
    /// synced, or, if that fails or takes too long as well, at once.
    ///
    /// # Errors
    /// When the store fails for good. Then nothing may follow from the bundle.
    pub async fn keep(&mut self, bundle: Bundle) -> Result<Kept, KeepError> {
        let patience = self.patience.of_rows(bundle.rows());
        let number = self.backlog.push(bundle);
        if !self.degraded {
            let over = |progress: &Progress| progress.is_committed(number) || progress.store_trouble.is_some();
            let progress = self.wait(patience, over).await?;
            if progress.is_committed(number) {
                return Ok(Kept::Committed);
            }
            self.exceeded = patience;
            self.degrade();
        }
        self.spilled(number).await
    }

    /// Returns how many bundles are not committed.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let committed = self.look().committed;
        usize::try_from(self.backlog.handed_over().saturating_sub(committed)).unwrap_or(usize::MAX)
    }

    /// Tells whether bundles go to the spill file.
    #[must_use]
    pub const fn is_degraded(&self) -> bool {
        self.degraded
    }

    /// Tells whether so much is kept in memory alone that inputs without effects must be let go.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.degraded && self.backlog.is_full()
    }

    /// Returns where the spill file is while there is one.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says what is wrong; `None` while nothing is.
    #[must_use]
    pub fn trouble(&self) -> Option<StoreTrouble> {
        if !self.degraded {
            return None;
        }
        let all = self.backlog.handed_over();
        let progress = self.look();
        let slow = || {
            let millis = self.exceeded.as_millis();
            format!(
                "a commit takes longer than {millis} ms; see whether its disk or server is overloaded, and whether \
                 somebody else holds its lock"
            )
        };
        let store = progress.store_trouble.as_deref().map_or_else(slow, str::to_owned);
        let behind = progress.saved < all;
        let hangs =
            || format!("a write to {} takes longer than {} ms", self.path.display(), self.patience.save.as_millis());
        let spill = progress.spill_trouble.as_deref().map(str::to_owned).or_else(|| behind.then(hangs));
        Some(StoreTrouble { store, spill })
    }

    /// Waits until it is worth asking again whether the trouble [is over](Self::is_over); for ever while there is none.
    pub async fn news(&mut self) {
        if !self.degraded {
            return core::future::pending().await;
        }
        let calm_at = self.calm_at();
        let soon = async {
            match calm_at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => core::future::pending().await,
            }
        };
        tokio::select! {
            // The sender lives as long as this.
            _ = self.progress.changed() => {}
            () = soon => {}
        }
    }

    /// Tells whether all is committed, and for some time every commit has been in time.
    ///
    /// # Errors
    /// When the store has failed for good.
    pub fn is_over(&self) -> Result<bool, KeepError> {
        if self.look().ended {
            return Err(self.backlog.failure());
        }
        Ok(self.degraded && self.calm_at().is_some_and(|at| at <= Instant::now()))
    }

    /// Goes back to the records; the spill file stays until it is [removed](Self::remove_spill).
    pub fn resume(&mut self) {
        self.degraded = false;
        self.resumed = Some(Instant::now());
    }

    /// Removes the spill file, all of which is committed.
    pub fn remove_spill(&self) {
        self.backlog.stop_spilling();
    }

    /// Ends the threads, after a last try to commit everything, and to save what cannot be committed.
    ///
    /// # Errors
    /// When the store has failed for good, or something is neither in the records nor in the spill file.
    pub async fn finish(&mut self) -> Result<(), KeepError> {
        let all = self.backlog.handed_over();
        let committed = self.wait(END_PATIENCE, |progress| progress.is_committed(all)).await?.is_committed(all);
        if committed {
            self.backlog.stop_spilling();
            self.backlog.close();
            self.join();
            return Ok(());
        }
        self.backlog.spill();
        let progress = self.wait(END_PATIENCE, |progress| progress.saved >= all).await?;
        self.backlog.close();
        let count = all - progress.saved.min(all);
        if count > 0 {
            let problem = progress.spill_trouble.as_deref().unwrap_or("it takes too long").to_owned();
            return Err(KeepError::Lost { count, problem });
        }
        let count = all - progress.committed;
        let path = self.path.display();
        tracing::warn!(component = "Store", "the last {count} commits are in {path}; the next start merges them");
        Ok(())
    }

    /// Returns when the trouble is over if nothing happens until then; `None` while something is not committed.
    fn calm_at(&self) -> Option<Instant> {
        let all = self.backlog.handed_over();
        let progress = self.look();
        let is_idle = progress.is_committed(all) && progress.store_trouble.is_none();
        is_idle.then(|| progress.calm_since + self.calm)
    }

    /// Copies how far everything has come: a borrow of it across another lock could wait for ever.
    fn look(&self) -> Progress {
        self.progress.borrow().clone()
    }

    fn degrade(&mut self) {
        self.degraded = true;
        let relapsed = self.resumed.is_some_and(|at| at.elapsed() < CALM_MAX);
        self.calm = if relapsed { (self.calm * 2).min(CALM_MAX) } else { CALM_MIN };
        self.backlog.spill();
    }

    /// Waits until a bundle is in the spill file.
    async fn spilled(&mut self, number: u64) -> Result<Kept, KeepError> {
        // Where the one before is still not saved, this one need not be waited for either.
        let hangs = self.look().saved + 1 < number;
        let patience = if hangs { Duration::ZERO } else { self.patience.save };
        let over = |progress: &Progress| progress.saved >= number || progress.spill_trouble.is_some();
        let progress = self.wait(patience, over).await?;
        Ok(if progress.saved >= number { Kept::Spilled } else { Kept::Volatile })
    }

    /// Waits for something; returns how far everything has come then, or after the time.
    async fn wait(
        &mut self,
        patience: Duration,
        mut over: impl FnMut(&Progress) -> bool,
    ) -> Result<Progress, KeepError> {
        // After the time, what there is counts.
        let waited = timeout(patience, self.progress.wait_for(|progress| progress.ended || over(progress))).await;
        drop(waited);
        let progress = self.progress.borrow_and_update().clone();
        if progress.ended { Err(self.backlog.failure()) } else { Ok(progress) }
    }

    /// Waits for the threads to end; a write to a disk that hangs is not waited for.
    fn join(&mut self) {
        for thread in [self.saver.take(), self.committer.take()].into_iter().flatten() {
            let deadline = Instant::now() + END_PATIENCE;
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(END_STEP);
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.backlog.close();
        let all = self.backlog.handed_over();
        // One that is in the midst of a commit may be so for long; the process ends with it.
        if self.look().is_committed(all) {
            self.join();
        }
    }
}

impl Progress {
    const fn is_committed(&self, number: u64) -> bool {
        self.committed >= number
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, KeepError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(KeepError::Thread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_commit_has_more_time_and_no_commit_has_more_than_a_bound() {
        let live = Patience::LIVE;
        assert_eq!(live.of_rows(0), Duration::from_millis(250));
        assert_eq!(live.of_rows(2), Duration::from_micros(250_100));
        assert_eq!(live.of_rows(10_000), Duration::from_millis(750));
        assert_eq!(live.of_rows(20_000), Duration::from_millis(1_250));
        assert_eq!(live.of_rows(usize::MAX), Duration::from_millis(1_250));
        assert_eq!(Patience::SIMULATED.of_rows(20_000), Duration::from_secs(20));
    }
}
