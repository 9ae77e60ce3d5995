//! The thread that merges and sends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sentry_core::types::Dsn;
use sentry_core::{Client, ClientOptions, Envelope, Transport};

use super::dsn::ReportingError;
use super::event;
use super::merge::{Merged, Merger};
use super::post::{Ingest, Posted};
use super::reporter::{FAREWELL, Shared};
use crate::monitoring::Exported;

/// How long nothing is sent after a failure that names no time.
const REST: Duration = Duration::from_secs(30);

/// Keeps what the client made of an event until it is sent.
#[derive(Debug, Default)]
struct Outbox(Mutex<Vec<Envelope>>);

impl Transport for Outbox {
    fn send_envelope(&self, envelope: Envelope) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(envelope);
    }
}

impl Outbox {
    fn take(&self) -> Vec<Envelope> {
        core::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Sends until the queue has ended.
pub(super) struct Worker {
    shared: Arc<Shared>,
    client: Client,
    outbox: Arc<Outbox>,
    ingest: Ingest,
    runtime: tokio::runtime::Runtime,
    merger: Merger,
    /// Until when nothing is sent.
    resting: Option<Instant>,
    is_failing: bool,
}

impl Worker {
    pub(super) fn new(ingest: Ingest, dsn: Dsn, per_minute: u32, shared: Arc<Shared>) -> Result<Self, ReportingError> {
        let outbox = Arc::new(Outbox::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = Client::from(options(dsn, Arc::clone(&outbox)));
        let merger = Merger::new(usize::try_from(per_minute).unwrap_or(usize::MAX));
        Ok(Self { shared, client, outbox, ingest, runtime, merger, resting: None, is_failing: false })
    }

    pub(super) fn run(mut self) {
        loop {
            let (reports, is_ending) = self.shared.queue.take(self.until(Instant::now()));
            let lost = reports.into_iter().filter(|report| !self.merger.add(report.clone())).count();
            self.shared.count(Exported::Dropped, lost as u64);
            if is_ending {
                break self.end();
            }
            self.send_ready();
        }
    }

    /// Returns when there may be something to send that waits already.
    fn until(&self, now: Instant) -> Option<Instant> {
        let due = self.merger.next_due(now)?;
        Some(self.resting.map_or(due, |resting| resting.max(due)))
    }

    fn send_ready(&mut self) {
        while self.resting.is_none_or(|until| Instant::now() >= until)
            && let Some(merged) = self.merger.next(Instant::now())
        {
            self.send(merged, None);
        }
    }

    /// Sends what waits, as far as it may within the time of the end.
    fn end(mut self) {
        let deadline = Instant::now() + FAREWELL;
        while Instant::now() < deadline
            && self.resting.is_none_or(|until| Instant::now() >= until)
            && let Some(merged) = self.merger.last(Instant::now())
        {
            self.send(merged, Some(deadline));
        }
        self.shared.count(Exported::Dropped, self.merger.left());
        self.shared.queue.ended();
        // A name that is still being looked up is not waited for.
        self.runtime.shutdown_background();
    }

    fn send(&mut self, merged: Merged, deadline: Option<Instant>) {
        self.client.capture_event(event::of(&merged), None);
        for envelope in self.outbox.take() {
            let mut bytes = Vec::new();
            if envelope.to_writer(&mut bytes).is_err() {
                // Writing into memory does not fail.
                continue;
            }
            let posted = self.runtime.block_on(self.ingest.post(bytes, deadline));
            self.resting = match posted {
                Posted::Taken => None,
                Posted::Refused { .. } => None,
                Posted::Failed { wait, .. } => Some(Instant::now() + wait.unwrap_or(REST)),
            };
            self.judge(&posted, &merged);
        }
        if self.resting.is_some() {
            // Tried again when it has rested, with what came meanwhile.
            self.merger.give_back(merged);
        }
    }

    fn judge(&mut self, posted: &Posted, merged: &Merged) {
        match posted {
            Posted::Taken => {
                self.shared.count(Exported::Sent, merged.times);
                self.is_failing = false;
            }
            Posted::Refused { status } => {
                self.shared.count(Exported::Dropped, merged.times);
                self.tell(&format!("Sentry refused an event ({status}): look at the DSN"));
            }
            Posted::Failed { why, .. } => self.tell(&format!("Sentry cannot be reached: {why}")),
        }
    }

    /// Tells the log of the first of several failures.
    fn tell(&mut self, text: &str) {
        if !self.is_failing {
            tracing::warn!(component = "Api", "{text}; orb goes on without");
        }
        self.is_failing = true;
    }
}

/// Says what the client may do: nothing by itself.
fn options(dsn: Dsn, outbox: Arc<Outbox>) -> ClientOptions {
    let mut options = ClientOptions::new()
        .default_integrations(false)
        .send_default_pii(false)
        .attach_stacktrace(false)
        .before_send(event::allowed)
        .transport(outbox);
    options.release = Some(event::RELEASE.into());
    options.dsn = Some(dsn);
    options.server_name = None;
    options
}
