//! `LiveService`: everything that a page shows, in one stream.

use orb_api::v1::{self, live_service_server::LiveService};
use tonic::{Request, Response, Status};

use super::{Feed, Streams};

/// Serves `orb.v1.LiveService`.
#[derive(Clone, Debug)]
pub struct Live {
    streams: Streams,
}

impl Live {
    /// Makes the service.
    #[must_use]
    pub const fn new(streams: Streams) -> Self {
        Self { streams }
    }
}

#[tonic::async_trait]
impl LiveService for Live {
    type WatchStream = Feed<v1::WatchResponse>;

    async fn watch(&self, request: Request<v1::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(self.streams.watch(&request)?))
    }
}
