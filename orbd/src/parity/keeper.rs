//! Makes the report of each session when it is over, off the engine's thread.

use std::sync::Arc;

use orb_core::Date;
use orb_core::session_clock::SESSION_END_GRACE;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{ParityError, ParityFigures};
use crate::notify::{self, Teller};
use crate::store::{DatabaseUrl, DateRange, Reader};
use crate::view::View;

/// Watches for sessions that are over.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) url: DatabaseUrl,
    pub(crate) reader: Reader,
    pub(crate) view: watch::Receiver<Arc<View>>,
    /// Told of a day that differs for no known reason.
    pub(crate) teller: Teller,
}

impl Keeper {
    /// Keeps the report of each session that ends, and of one that had ended before without one, until it is stopped.
    ///
    /// A report that cannot be made is told in the log; nothing waits for it, and `orbd parity` makes it later.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut done = self.report_latest(None).await;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                changed = self.view.changed() => if changed.is_err() { break },
            }
            let over = over(&self.view.borrow_and_update()).filter(|date| done != Some(*date));
            if over.is_some() {
                done = self.report_latest(done).await;
            }
        }
        // The end of the session may have come with the end of the daemon.
        self.report_latest(done).await;
    }

    /// Reports the latest session if it has ended and has no report yet; returns the latest day that has one.
    async fn report_latest(&self, done: Option<Date>) -> Option<Date> {
        let (url, reader, teller) = (self.url.clone(), self.reader.clone(), self.teller.clone());
        let ledger = self.view.borrow().ledger.clone();
        let tell = move |figures: &ParityFigures, date| {
            if figures.unexplained > 0 {
                teller.tell(&notify::parity(&ledger, date, figures.differences, figures.unexplained));
            }
        };
        let reported = tokio::task::spawn_blocking(move || report_latest(&url, &reader, done, &tell)).await;
        match reported {
            Ok(Ok(date)) => date,
            Ok(Err(error)) => {
                tracing::warn!(component = "Store", "the day cannot be compared with its backtest: {error}");
                // It would fail again at every change of the view.
                over(&self.view.borrow()).or(done)
            }
            Err(_) => done,
        }
    }
}

/// Returns the day whose session is over; `None` while it is not.
fn over(view: &View) -> Option<Date> {
    let session = view.session.as_ref()?;
    view.now.filter(|now| *now >= session.close + SESSION_END_GRACE).map(|_| session.date)
}

fn report_latest(
    url: &DatabaseUrl,
    reader: &Reader,
    done: Option<Date>,
    tell: &dyn Fn(&ParityFigures, Date),
) -> Result<Option<Date>, ParityError> {
    let sessions = reader.sessions(DateRange::default())?;
    let Some(date) = sessions.iter().rev().find(|session| session.ended).map(|session| session.date) else {
        return Ok(done);
    };
    if done == Some(date) || reader.parity_report(Some(date))?.is_some() {
        return Ok(Some(date));
    }
    let report = super::compare(reader, date)?.report;
    super::keep(url, reader, &report)?;
    tell(&report.figures, date);
    let (differences, unexplained) = (report.figures.differences, report.figures.unexplained);
    tracing::info!(
        component = "Store",
        "{date} compared with its backtest: {differences} differences, {unexplained} without a reason"
    );
    Ok(Some(date))
}
