//! What reports are given to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use orb_core::{Symbol, SymbolTable};
use sentry_core::types::Dsn;

use super::dsn::ReportingError;
use super::post::Ingest;
use super::queue::Queue;
use super::report::{Crumb, Report};
use super::worker::Worker;
use crate::monitoring::{Exported, Meters, Outlet};
use crate::view::Environment;

/// Lines of the log that go with a report.
const CRUMBS: usize = 20;
/// How long the end waits for the last events.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

/// Takes reports and has them sent; clones share one queue. Waits for nothing but its end.
#[derive(Clone, Debug)]
pub(crate) struct Reporter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) queue: Queue,
    around: Mutex<Around>,
    meters: OnceLock<Meters>,
}

/// What goes with a report.
#[derive(Debug)]
struct Around {
    environment: Environment,
    symbols: Arc<SymbolTable>,
    crumbs: VecDeque<Crumb>,
}

impl Reporter {
    /// Starts the thread that sends.
    pub(super) fn open(dsn: Dsn, per_minute: u32, environment: Environment) -> Result<Self, ReportingError> {
        let symbols = Arc::new(SymbolTable::new([]));
        let around = Around { environment, symbols, crumbs: VecDeque::with_capacity(CRUMBS) };
        let shared = Arc::new(Shared { queue: Queue::default(), around: Mutex::new(around), meters: OnceLock::new() });
        let worker = Worker::new(Ingest::of(&dsn)?, dsn, per_minute, Arc::clone(&shared))?;
        std::thread::Builder::new().name("orb-sentry".to_owned()).spawn(move || worker.run())?;
        Ok(Self { shared })
    }

    /// Takes a report, with what the log said before it.
    pub(super) fn tell(&self, mut report: Report) {
        {
            let around = self.around();
            report.environment = around.environment;
            report.crumbs = around.crumbs.iter().cloned().collect();
        }
        if !self.shared.queue.push(report) {
            self.shared.count(Exported::Dropped, 1);
        }
    }

    /// Takes a line of the log that is no report.
    pub(super) fn note(&self, crumb: Crumb) {
        let mut around = self.around();
        if around.crumbs.len() == CRUMBS {
            around.crumbs.pop_front();
        }
        around.crumbs.push_back(crumb);
    }

    /// Says where orb trades from now on.
    pub(super) fn turn_to(&self, environment: Environment) {
        self.around().environment = environment;
    }

    /// Says which symbols there are.
    pub(super) fn know(&self, symbols: Arc<SymbolTable>) {
        self.around().symbols = symbols;
    }

    /// Returns a symbol where it is one of those that there are.
    pub(super) fn known(&self, text: &str) -> Option<Arc<str>> {
        let symbol = Symbol::new(text).ok()?;
        self.around().symbols.id(&symbol).map(|_| symbol.as_str().into())
    }

    /// Counts what is sent and lost from now on.
    pub(super) fn count_with(&self, meters: &Meters) {
        // There is one daemon in a process.
        let _ = self.shared.meters.set(meters.clone());
    }

    /// Sends what waits, within two seconds.
    pub(super) fn finish(&self) {
        if !self.shared.queue.end(FAREWELL) {
            tracing::warn!(component = "Api", "the last events did not reach Sentry");
        }
    }

    fn around(&self) -> MutexGuard<'_, Around> {
        // Each change leaves it whole.
        self.shared.around.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    pub(super) fn count(&self, result: Exported, count: u64) {
        if let Some(meters) = self.meters.get() {
            meters.exported(Outlet::Events, result, count);
        }
    }
}
