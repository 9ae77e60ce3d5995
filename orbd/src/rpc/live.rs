//! `LiveService`: everything that a page shows, in one stream.

use orb_api::v1::{self, live_service_server::LiveService};
use tonic::{Request, Response, Status};

use super::{Feed, Handle};

/// Serves `orb.v1.LiveService`.
#[derive(Clone, Debug)]
pub struct Live {
    #[expect(dead_code, reason = "the topics are read from it")]
    handle: Handle,
}

impl Live {
    /// Makes the service.
    #[must_use]
    pub const fn new(handle: Handle) -> Self {
        Self { handle }
    }
}

#[tonic::async_trait]
impl LiveService for Live {
    type WatchStream = Feed<v1::WatchResponse>;

    async fn watch(&self, _: Request<v1::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("not served yet"))
    }
}
