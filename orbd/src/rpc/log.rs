//! `LogService`: what orb says about itself.

use std::sync::Arc;

use orb_api::{
    PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX,
    v1::{self, log_service_server::LogService, stream_logs_response::Event},
};
use tokio::sync::broadcast::{
    Receiver,
    error::{RecvError, TryRecvError},
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::{
    Handle, audit, convert,
    feed::{Ended, Feed, Sink, next_beat},
    records, validate,
};
use crate::{
    store::{LogFilter, PageRequest},
    view::LogView,
};

/// Lines of one message, at most.
const BATCH_MAX: usize = 256;

/// Serves `orb.v1.LogService`.
#[derive(Clone, Debug)]
pub struct Logs {
    handle: Handle,
    stop: CancellationToken,
}

impl Logs {
    /// Makes the service; its streams end when `stop` is cancelled.
    #[must_use]
    pub const fn new(handle: Handle, stop: CancellationToken) -> Self {
        Self { handle, stop }
    }
}

#[tonic::async_trait]
impl LogService for Logs {
    type StreamLogsStream = Feed<v1::StreamLogsResponse>;

    async fn list_logs(&self, request: Request<v1::ListLogsRequest>) -> Result<Response<v1::ListLogsResponse>, Status> {
        let request = request.get_ref();
        let page = records::page(validate::page_size(request.page_size)?, &request.page_token);
        let times = validate::time_range(request.time_from.as_ref(), request.time_to.as_ref())?;
        let filter = LogFilter {
            severity_min: validate::severity_min(request.severity_min)?,
            components: validate::components(&request.components)?,
            search: validate::search(&request.search)?,
            from: times.from,
            to: times.to,
        };
        let order = validate::sort_order(request.order)?;
        let found =
            records::read(&self.handle.reader, move |reader| reader.list_logs_in(order, &filter, &page)).await?;
        Ok(Response::new(v1::ListLogsResponse {
            ledger: Some(convert::ledger(&self.handle.current().ledger)),
            entries: found.rows.iter().map(convert::log_entry).collect(),
            next_page_token: found.next.unwrap_or_default(),
        }))
    }

    async fn stream_logs(
        &self,
        request: Request<v1::StreamLogsRequest>,
    ) -> Result<Response<Self::StreamLogsStream>, Status> {
        let request = request.get_ref();
        let filter = LogFilter {
            severity_min: validate::severity_min(request.severity_min)?,
            components: validate::components(&request.components)?,
            search: validate::search(&request.search)?,
            from: None,
            to: None,
        };
        let backlog = request.backlog.unwrap_or(PAGE_SIZE_DEFAULT).min(PAGE_SIZE_MAX);
        let tail = Tail { handle: self.handle.clone(), filter, backlog, sequence: 0 };
        Ok(Response::new(Feed::start(&self.stop, |sink| tail.follow(sink))))
    }

    async fn list_audit_entries(
        &self,
        request: Request<v1::ListAuditEntriesRequest>,
    ) -> Result<Response<v1::ListAuditEntriesResponse>, Status> {
        audit::list(&self.handle, request.get_ref()).await.map(Response::new)
    }
}

/// One client's view of the log: what it wants, and the last line that it knows of.
struct Tail {
    handle: Handle,
    filter: LogFilter,
    backlog: u32,
    sequence: u64,
}

impl Tail {
    async fn follow(mut self, sink: Sink<v1::StreamLogsResponse>) -> Result<(), Ended> {
        // Subscribed before the records are read: what is in between comes twice, and is left out by its id.
        let mut lines = self.handle.logs.subscribe();
        self.send_snapshot(&sink, 0).await?;
        let mut beat = next_beat();
        loop {
            let news = match sink.wait(beat, lines.recv()).await? {
                None => Ok(Some(self.heartbeat())),
                Some(Err(RecvError::Closed)) => return Ok(()),
                Some(Err(RecvError::Lagged(dropped))) => Err(dropped),
                Some(Ok(first)) => self.batch(first, &mut lines),
            };
            match news {
                Ok(None) => continue,
                Ok(Some(event)) => sink.send(self.message(event)).await?,
                Err(dropped) => self.send_snapshot(&sink, dropped).await?,
            }
            beat = next_beat();
        }
    }

    async fn send_snapshot(&mut self, sink: &Sink<v1::StreamLogsResponse>, dropped: u64) -> Result<(), Ended> {
        let lines = match self.backlog {
            0 => Vec::new(),
            rows => {
                let (filter, page) = (self.filter.clone(), PageRequest::first(rows));
                match records::read(&self.handle.reader, move |reader| reader.list_logs(&filter, &page)).await {
                    Ok(found) => found.rows,
                    Err(status) => return Err(sink.fail(status).await),
                }
            }
        };
        self.sequence = lines.first().map_or(self.sequence, |newest| newest.id.max(self.sequence));
        let snapshot = v1::LogsSnapshot {
            ledger: Some(convert::ledger(&self.handle.current().ledger)),
            entries: lines.iter().rev().map(convert::log_entry).collect(),
            resync: dropped > 0,
            dropped,
        };
        sink.send(self.message(Event::Snapshot(snapshot))).await
    }

    /// Makes one message of the new lines that are there, or tells how many are lost.
    fn batch(&mut self, first: Arc<LogView>, lines: &mut Receiver<Arc<LogView>>) -> Result<Option<Event>, u64> {
        let mut entries = Vec::new();
        let mut next = Some(first);
        while let Some(line) = next {
            if line.id > self.sequence {
                self.sequence = line.id;
                entries.extend(self.passes(&line).then(|| convert::log_entry(&line)));
            }
            if entries.len() == BATCH_MAX {
                break;
            }
            next = match lines.try_recv() {
                Ok(line) => Some(line),
                Err(TryRecvError::Empty | TryRecvError::Closed) => None,
                Err(TryRecvError::Lagged(dropped)) => return Err(dropped),
            };
        }
        Ok((!entries.is_empty()).then_some(Event::Update(v1::LogsUpdate { entries })))
    }

    fn passes(&self, line: &LogView) -> bool {
        let components = &self.filter.components;
        line.severity >= self.filter.severity_min
            && (components.is_empty() || components.contains(&line.component))
            && self.filter.search.matches(line)
    }

    fn heartbeat(&self) -> Event {
        Event::Heartbeat(v1::Heartbeat { engine_time: self.handle.current().now.map(convert::instant) })
    }

    fn message(&self, event: Event) -> v1::StreamLogsResponse {
        v1::StreamLogsResponse {
            stream_epoch: String::new(),
            sequence: self.sequence,
            ledger_id: self.handle.view.borrow().ledger.id.to_string(),
            server_time: Some(convert::instant(convert::wall_clock())),
            event: Some(event),
        }
    }
}
