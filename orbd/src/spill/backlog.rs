//! What waits to be committed, shared by the loop and its two threads: one commits, one saves to the spill file.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use orb_core::fact::Fact;
use tokio::sync::watch;

use super::bundle::Bundle;
use super::error::KeepError;

/// Memory that what is neither committed nor in the spill file may take before inputs without effects are let go.
const BYTES_MAX: usize = 64 << 20;

/// How far everything has come. Bundles are numbered from 1 in the order in which they were handed over.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// All up to this number are in the records.
    pub(super) committed: u64,
    /// All up to this number are in the records or in the spill file.
    pub(super) saved: u64,
    /// Why the last try to commit failed; `None` while it works.
    pub(super) store_trouble: Option<Arc<str>>,
    /// Why the last try to write the spill file failed; `None` while it works.
    pub(super) spill_trouble: Option<Arc<str>>,
    /// Since when each commit has been in time.
    pub(super) calm_since: Instant,
    /// The thread that commits has ended.
    pub(super) ended: bool,
}

/// A bundle that is in memory alone.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) number: u64,
    pub(super) bundle: Arc<Bundle>,
}

/// Says where the bundle that is to be committed next is.
#[derive(Debug)]
pub(super) enum Next {
    /// In memory.
    Memory(Waiting),
    /// In the spill file of this generation; what the file does not hold of it is here.
    File { number: u64, generation: u64, explanations: Vec<Fact> },
    /// There will be none.
    Closed,
}

/// Says what the spill file's thread is to do next.
#[derive(Debug)]
pub(super) enum Task {
    /// Write these, which follow each other.
    Save(Vec<Waiting>),
    /// Remove the file: all in it is committed.
    Remove,
    /// End.
    Close,
}

#[derive(Debug)]
struct State {
    /// In order; the first is the lowest that is neither committed nor saved.
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// Explanations of saved bundles: the file holds the journal, and that leaves them out.
    explanations: BTreeMap<u64, Vec<Fact>>,
    handed_over: u64,
    spilling: bool,
    removing: bool,
    /// Counts the files that were removed.
    generation: u64,
    closed: bool,
    failure: Option<KeepError>,
}

/// Shares the state with whoever waits for it to change.
#[derive(Debug)]
pub(super) struct Backlog {
    state: Mutex<State>,
    /// Wakes the thread that commits.
    to_commit: Condvar,
    /// Wakes the thread that saves: while all is well it sleeps, so that no commit shares a processor with it.
    to_save: Condvar,
    progress: watch::Sender<Progress>,
}

impl Backlog {
    pub(super) fn new() -> (Self, watch::Receiver<Progress>) {
        let (progress, follow) = watch::channel(Progress {
            committed: 0,
            saved: 0,
            store_trouble: None,
            spill_trouble: None,
            calm_since: Instant::now(),
            ended: false,
        });
        let state = State {
            waiting: VecDeque::new(),
            bytes: 0,
            explanations: BTreeMap::new(),
            handed_over: 0,
            spilling: false,
            removing: false,
            generation: 0,
            closed: false,
            failure: None,
        };
        (Self { state: Mutex::new(state), to_commit: Condvar::new(), to_save: Condvar::new(), progress }, follow)
    }

    /// Each change below leaves the state whole, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a bundle over and returns its number.
    pub(super) fn push(&self, bundle: Bundle) -> u64 {
        let mut state = self.lock();
        state.handed_over += 1;
        state.bytes += bundle.bytes();
        let waiting = Waiting { number: state.handed_over, bundle: Arc::new(bundle) };
        state.waiting.push_back(waiting);
        let (number, is_spilling) = (state.handed_over, state.spilling);
        // Whoever is woken finds the lock free.
        drop(state);
        self.to_commit.notify_one();
        if is_spilling {
            self.to_save.notify_one();
        }
        number
    }

    /// Tells whether so much is in memory alone that inputs without effects are let go.
    pub(super) fn is_full(&self) -> bool {
        self.lock().bytes > BYTES_MAX
    }

    /// Returns how many bundles were handed over.
    pub(super) fn handed_over(&self) -> u64 {
        self.lock().handed_over
    }

    /// Lets what waits be saved to the spill file from now on.
    pub(super) fn spill(&self) {
        let mut state = self.lock();
        state.spilling = true;
        self.to_save.notify_one();
    }

    /// Lets nothing more be saved, and removes the file: all in it is committed.
    pub(super) fn stop_spilling(&self) {
        let mut state = self.lock();
        state.spilling = false;
        state.removing = true;
        self.to_save.notify_one();
    }

    /// Ends both threads: the one that saves when it has saved what it can, the other after the commit under way.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.to_commit.notify_one();
        self.to_save.notify_one();
    }

    /// Takes the reason for which nothing can be kept any more.
    pub(super) fn failure(&self) -> KeepError {
        self.lock().failure.take().unwrap_or(KeepError::Gone)
    }

    /// Waits for what is to be committed next.
    pub(super) fn next(&self) -> Next {
        let mut state = self.lock();
        loop {
            if state.closed {
                return Next::Closed;
            }
            let number = self.progress.borrow().committed + 1;
            match state.waiting.front() {
                Some(first) if first.number == number => return Next::Memory(first.clone()),
                Some(_) | None if number <= state.handed_over => {
                    let explanations = state.explanations.get(&number).cloned().unwrap_or_default();
                    return Next::File { number, generation: state.generation, explanations };
                }
                Some(_) | None => state = self.to_commit.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Notes that a bundle is in the records, and whether that was in time.
    pub(super) fn committed(&self, number: u64, in_time: bool) {
        let mut state = self.lock();
        state.explanations.remove(&number);
        state.forget_up_to(number);
        self.progress.send_modify(|progress| {
            progress.committed = number;
            progress.saved = progress.saved.max(number);
            let failed_before = progress.store_trouble.take().is_some();
            if failed_before || !in_time {
                progress.calm_since = Instant::now();
            }
        });
    }

    /// Notes why a commit failed, and waits before the next try; tells whether it is the end.
    pub(super) fn failed(&self, problem: &str, pause: Duration) -> bool {
        self.progress.send_modify(|progress| progress.store_trouble = Some(problem.into()));
        self.pause(&self.to_commit, pause)
    }

    /// Notes that nothing can be committed any more.
    pub(super) fn fail(&self, failure: KeepError) {
        self.lock().failure = Some(failure);
        self.end();
    }

    /// Notes that the thread that commits ends.
    pub(super) fn end(&self) {
        self.progress.send_modify(|progress| progress.ended = true);
    }

    /// Waits for what the spill file's thread is to do next.
    pub(super) fn task(&self) -> Task {
        let mut state = self.lock();
        loop {
            if core::mem::take(&mut state.removing) {
                state.generation += 1;
                return Task::Remove;
            }
            if state.spilling && !state.waiting.is_empty() {
                return Task::Save(state.waiting.iter().cloned().collect());
            }
            if state.closed {
                return Task::Close;
            }
            state = self.to_save.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes that bundles are in the spill file, synced.
    pub(super) fn saved(&self, bundles: &[Waiting]) {
        let mut state = self.lock();
        let committed = self.progress.borrow().committed;
        for waiting in bundles.iter().filter(|waiting| waiting.number > committed) {
            let explanations: Vec<Fact> =
                waiting.bundle.facts.iter().filter(|fact| is_explanation(fact)).cloned().collect();
            if !explanations.is_empty() {
                state.explanations.insert(waiting.number, explanations);
            }
        }
        let Some(last) = bundles.last() else { return };
        state.forget_up_to(last.number);
        self.progress.send_modify(|progress| {
            progress.saved = progress.saved.max(last.number);
            progress.spill_trouble = None;
        });
    }

    /// Notes why the spill file cannot be written, and waits before the next try; tells whether it is the end.
    pub(super) fn not_saved(&self, problem: &str, pause: Duration) -> bool {
        self.progress.send_modify(|progress| progress.spill_trouble = Some(problem.into()));
        self.pause(&self.to_save, pause)
    }

    /// Waits; tells whether it is the end.
    fn pause(&self, woken: &Condvar, pause: Duration) -> bool {
        let state = self.lock();
        let waited = woken.wait_timeout_while(state, pause, |state| !state.closed);
        waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }
}

impl State {
    fn forget_up_to(&mut self, number: u64) {
        while let Some(first) = self.waiting.front().filter(|first| first.number <= number) {
            self.bytes -= first.bundle.bytes();
            self.waiting.pop_front();
        }
    }
}

const fn is_explanation(fact: &Fact) -> bool {
    matches!(fact, Fact::Explained(_))
}
