//! Log lines as they are written, after the newest of before.

use std::sync::Arc;

use orb_api::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, v1};
use tonic::Status;

use super::{
    board::Board,
    ring::Ring,
    topic::{Loss, Topic, ledger},
};
use crate::{
    rpc::{convert, records, validate},
    store::{LogFilter, PageRequest, Reader},
    view::LogView,
};

/// Tells of the lines that pass a filter.
#[derive(Debug)]
pub(super) struct LogsTopic {
    reader: Reader,
    filter: LogFilter,
    /// Lines of a snapshot that were written before it, at most.
    backlog: u32,
    /// These lines, newest first.
    prepared: Vec<LogView>,
    /// The id of the newest line that the client was told of, or that it does not want.
    last: u64,
}

impl LogsTopic {
    /// Reads what a client asks for.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when a filter is none.
    pub(super) fn read(reader: &Reader, request: &v1::StreamLogsRequest) -> Result<Self, Status> {
        let filter = LogFilter {
            severity_min: validate::severity_min(request.severity_min)?,
            components: validate::components(&request.components)?,
            search: validate::search(&request.search)?,
            from: None,
            to: None,
        };
        let backlog = request.backlog.unwrap_or(PAGE_SIZE_DEFAULT).min(PAGE_SIZE_MAX);
        Ok(Self { reader: reader.clone(), filter, backlog, prepared: Vec::new(), last: 0 })
    }

    /// Returns the id of the newest line that the client needs no more.
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    fn passes(&self, line: &LogView) -> bool {
        let components = &self.filter.components;
        line.severity >= self.filter.severity_min
            && (components.is_empty() || components.contains(&line.component))
            && self.filter.search.matches(line)
    }

    /// Takes the lines that are newer than the last one, as far as they pass.
    fn newer(&mut self, entries: &[Arc<LogView>]) -> Vec<v1::LogEntry> {
        let mut lines = Vec::new();
        for line in entries {
            if line.id > self.last {
                self.last = line.id;
                lines.extend(self.passes(line).then(|| convert::log_entry(line)));
            }
        }
        lines
    }
}

impl Topic for LogsTopic {
    type Entry = LogView;
    type Snapshot = v1::LogsSnapshot;
    type Update = v1::LogsUpdate;
    const ENTRIES_MAX: usize = 256;

    fn ring(board: &Board) -> &Ring<LogView> {
        &board.logs
    }

    /// A line is stored before it comes to the board: what the records did not have yet is among `entries`.
    fn snapshot(&mut self, board: &Board, entries: &[Arc<LogView>], loss: Loss) -> v1::LogsSnapshot {
        let prepared = std::mem::take(&mut self.prepared);
        self.last = prepared.first().map_or(self.last, |newest| newest.id.max(self.last));
        let mut lines: Vec<_> = prepared.iter().rev().map(convert::log_entry).collect();
        lines.extend(self.newer(entries));
        v1::LogsSnapshot { ledger: ledger(board), entries: lines, resync: loss.is_some(), dropped: loss.dropped }
    }

    fn update(&mut self, _: &Board, entries: &[Arc<LogView>]) -> Option<v1::LogsUpdate> {
        let entries = self.newer(entries);
        (!entries.is_empty()).then_some(v1::LogsUpdate { entries })
    }

    fn on_resume(&mut self, after: u64) {
        self.last = after;
    }

    async fn prepare(&mut self) -> Result<(), Status> {
        self.prepared = match self.backlog {
            0 => Vec::new(),
            rows => {
                let (filter, page) = (self.filter.clone(), PageRequest::first(rows));
                records::read(&self.reader, move |reader| reader.list_logs(&filter, &page)).await?.rows
            }
        };
        Ok(())
    }
}
