//! `LogService`: what orb says about itself.

use orb_api::v1::{self, log_service_server::LogService};
use tonic::{Request, Response, Status};

use super::{Feed, Handle, Streams, audit, convert, records, validate};
use crate::store::LogFilter;

/// Serves `orb.v1.LogService`.
#[derive(Clone, Debug)]
pub struct Logs {
    handle: Handle,
    streams: Streams,
}

impl Logs {
    /// Makes the service.
    #[must_use]
    pub const fn new(handle: Handle, streams: Streams) -> Self {
        Self { handle, streams }
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
        Ok(Response::new(self.streams.logs(&request)?))
    }

    async fn list_audit_entries(
        &self,
        request: Request<v1::ListAuditEntriesRequest>,
    ) -> Result<Response<v1::ListAuditEntriesResponse>, Status> {
        audit::list(&self.handle, request.get_ref()).await.map(Response::new)
    }
}
