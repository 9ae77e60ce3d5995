//! The task that reads what is over and sends its spans.

use std::time::Duration;

use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::export::Exporter;
use super::over::Over;
use super::spans::{Subject, spans};
use crate::monitoring::{Exported, Meters, Outlet};
use crate::rpc::{Chain, read_chain};

/// Signals that are sent at once.
const AT_ONCE: usize = 32;
/// How long the first of several is waited with for the others.
const LINGER: Duration = Duration::from_millis(500);
/// Spans that wait at most while the collector is away.
const SPANS_MAX: usize = 4096;
/// How long the collector is left alone after a first failure; twice as long after each further one.
const PAUSE_MIN: Duration = Duration::from_secs(2);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Reads and sends until nothing more comes.
pub(super) struct Sender {
    exporter: Exporter,
    over: mpsc::Receiver<Over>,
    meters: Meters,
    /// Nothing more comes: what waits goes out at once, or not at all.
    ending: CancellationToken,
    /// Spans that did not go out.
    kept: Vec<SpanData>,
    /// Until when the collector is left alone; `None` while it takes them.
    rests_until: Option<Instant>,
    pause: Duration,
}

impl Drop for Sender {
    /// Counts what did not go out, also where the task was cut off.
    fn drop(&mut self) {
        let unread = core::iter::from_fn(|| self.over.try_recv().ok()).count();
        self.drop_spans(self.kept.len() + unread);
    }
}

impl Sender {
    pub(super) const fn new(
        exporter: Exporter,
        over: mpsc::Receiver<Over>,
        meters: Meters,
        ending: CancellationToken,
    ) -> Self {
        Self { exporter, over, meters, ending, kept: Vec::new(), rests_until: None, pause: PAUSE_MIN }
    }

    pub(super) async fn run(mut self) {
        let mut taken = Vec::with_capacity(AT_ONCE);
        while self.wait(&mut taken).await {
            for over in taken.drain(..) {
                self.read(over).await;
            }
            if self.rests_until.is_none_or(|until| Instant::now() >= until) {
                self.send().await;
            }
        }
        if !self.kept.is_empty() {
            self.send().await;
        }
    }

    /// Waits for signals that are over, and a moment for others, or until the collector has rested; `false` when nothing
    /// more comes.
    async fn wait(&mut self, taken: &mut Vec<Over>) -> bool {
        let rested = self.rests_until.filter(|_| !self.kept.is_empty());
        tokio::select! {
            count = self.over.recv_many(taken, AT_ONCE) => if count == 0 { return false },
            () = sleep_until(rested) => return true,
        }
        let _ = self.ending.run_until_cancelled(tokio::time::sleep(LINGER)).await;
        while taken.len() < AT_ONCE
            && let Ok(more) = self.over.try_recv()
        {
            taken.push(more);
        }
        true
    }

    /// Adds the spans of a signal; one whose records cannot be read has none.
    async fn read(&mut self, over: Over) {
        let (reader, id) = (over.reader.clone(), over.id.to_string());
        let read = tokio::task::spawn_blocking(move || read_chain(&reader, &id)).await;
        let made = match read {
            Ok(Ok(Some(chain))) => made(&over, &chain),
            Ok(Ok(None)) | Err(_) => Vec::new(),
            Ok(Err(error)) => {
                tracing::warn!(component = "Api", "a signal cannot be read for its trace: {error}");
                Vec::new()
            }
        };
        if made.is_empty() || self.kept.len() + made.len() > SPANS_MAX {
            return self.drop_spans(made.len().max(1));
        }
        self.kept.extend(made);
    }

    async fn send(&mut self) {
        if self.kept.is_empty() {
            return;
        }
        match self.exporter.send(self.kept.clone()).await {
            Ok(()) => {
                self.count(Exported::Sent, self.kept.len());
                self.kept.clear();
                if self.rests_until.take().is_some() {
                    tracing::info!(component = "Api", "the collector of traces takes them again");
                }
                self.pause = PAUSE_MIN;
            }
            Err(why) => {
                if self.rests_until.is_none() {
                    tracing::warn!(component = "Api", "the collector of traces does not take them: {why}; orb goes on");
                }
                self.rests_until = Some(Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(PAUSE_MAX);
            }
        }
    }

    fn drop_spans(&self, spans: usize) {
        self.count(Exported::Dropped, spans);
    }

    fn count(&self, result: Exported, spans: usize) {
        self.meters.exported(Outlet::Spans, result, spans as u64);
    }
}

/// Waits until an instant, or for ever.
async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => core::future::pending().await,
    }
}

fn made(over: &Over, chain: &Chain) -> Vec<SpanData> {
    let ledger = over.reader.ledger_id();
    spans(Subject { ledger, mode: over.mode, chain, trade: over.trade.as_ref() })
}
