//! Runs what is left of a search on several threads over one copy of the bars.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::outcome;
use super::plan::Plan;
use super::results_error::ResultsError;
use super::results_file::ResultsFile;
use super::shard::Shard;
use crate::backtest::Market;

/// Holds what all threads of a search share.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// The combinations.
    pub plan: &'a Plan,
    /// The bars.
    pub market: &'a Market,
    /// Which combinations are run here.
    pub shard: Shard,
    /// How many threads run them.
    pub threads: NonZero<usize>,
}

impl Work<'_> {
    /// Returns the numbers of this part's combinations.
    pub fn combinations(&self) -> impl Iterator<Item = usize> {
        let shard = self.shard;
        (1..=self.plan.len()).filter(move |&combination| shard.has(combination))
    }

    /// Runs every combination that has no record yet; `finished` is told of each.
    ///
    /// The threads share nothing but the bars, so a record depends on its combination alone.
    ///
    /// # Errors
    /// When a record cannot be written; then no further combination is begun.
    pub fn run(&self, results: &mut ResultsFile, finished: impl Fn() + Sync) -> Result<(), ResultsError> {
        let pending: Vec<usize> = self.combinations().filter(|number| !results.done().contains(number)).collect();
        let next = AtomicUsize::new(0);
        let sink = Mutex::new((results, None));
        let work = || {
            while let Some(&combination) = pending.get(next.fetch_add(1, Ordering::Relaxed)) {
                let record = outcome::record(self.plan, self.market, combination);
                let mut sink = sink.lock().expect("no thread panics while it writes a record");
                let (results, failed) = &mut *sink;
                if failed.is_some() {
                    return;
                }
                if let Err(error) = results.append(&record) {
                    *failed = Some(error);
                    return;
                }
                finished();
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.threads.get().min(pending.len()) {
                scope.spawn(work);
            }
            work();
        });
        let (_, failed) = sink.into_inner().expect("no thread panicked while it wrote a record");
        failed.map_or(Ok(()), Err)
    }
}
