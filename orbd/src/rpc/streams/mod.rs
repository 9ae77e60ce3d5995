//! Server streams: what the engine publishes, for any number of clients.
//!
//! One task, the [`hub`], follows the engine and keeps the [`board`]: the newest state, and for each [`topic`] a [`ring`]
//! of its last changes. A client is a cursor into the rings of its topics; [`follow`] makes its messages when its
//! connection has room for one. So a snapshot, updates, heartbeats, a new snapshot after a loss, a resumption and a
//! change of the ledger are written once, for a stream of one topic ([`single`]) as for one of several ([`watch`]).

mod account;
mod board;
mod equity;
mod fills;
mod follow;
mod hub;
mod logs;
mod positions;
mod ring;
mod seats;
mod signals;
mod single;
mod status;
mod topic;
mod watch;

use std::sync::Arc;

use orb_api::v1;
use tokio::sync::watch as channel;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};

pub(super) use seats::Seat;

use self::{
    equity::EquityTopic,
    fills::FillsTopic,
    follow::{Follower, Source},
    hub::{Hub, Shared},
    logs::LogsTopic,
    positions::PositionsTopic,
    seats::Seats,
    signals::SignalsTopic,
    single::Single,
    status::StatusTopic,
    watch::Watch,
};
use super::{Feed, Handle, convert};
use crate::{auth::Caller, store::Reader};

/// Serves all streams of the API.
#[derive(Clone, Debug)]
pub struct Streams {
    shared: Arc<Shared>,
    news: channel::Receiver<u64>,
    reader: Reader,
    seats: Seats,
    stop: CancellationToken,
}

impl Streams {
    /// Starts to follow the engine. Streams end when `stop` is cancelled. Call within a runtime.
    #[must_use]
    pub fn start(handle: &Handle, stop: &CancellationToken) -> Self {
        let (hub, shared, news) = Hub::new(handle.clone(), epoch());
        tokio::spawn(stop.clone().run_until_cancelled_owned(hub.run()));
        let (reader, seats, stop) = (handle.reader.clone(), Seats::counted(&handle.meters), stop.clone());
        Self { shared, news, reader, seats, stop }
    }

    /// Returns what ends streams when the daemon stops.
    pub(super) const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Streams the status.
    pub(super) fn status(
        &self,
        request: &Request<v1::WatchStatusRequest>,
    ) -> Result<Feed<v1::WatchStatusResponse>, Status> {
        self.open(request, Single::new(StatusTopic), request.get_ref().resume_after.as_ref())
    }

    /// Streams open positions.
    pub(super) fn positions(
        &self,
        request: &Request<v1::StreamPositionsRequest>,
    ) -> Result<Feed<v1::StreamPositionsResponse>, Status> {
        let topic = PositionsTopic::read(request.get_ref())?;
        self.open(request, Single::new(topic), request.get_ref().resume_after.as_ref())
    }

    /// Streams fills.
    pub(super) fn fills(
        &self,
        request: &Request<v1::StreamFillsRequest>,
    ) -> Result<Feed<v1::StreamFillsResponse>, Status> {
        let topic = FillsTopic::read(request.get_ref())?;
        self.open(request, Single::new(topic), request.get_ref().resume_after.as_ref())
    }

    /// Streams equity.
    pub(super) fn equity(
        &self,
        request: &Request<v1::StreamEquityRequest>,
    ) -> Result<Feed<v1::StreamEquityResponse>, Status> {
        self.open(request, Single::new(EquityTopic), request.get_ref().resume_after.as_ref())
    }

    /// Streams signals.
    pub(super) fn signals(
        &self,
        request: &Request<v1::StreamSignalsRequest>,
    ) -> Result<Feed<v1::StreamSignalsResponse>, Status> {
        let topic = SignalsTopic::read(request.get_ref())?;
        self.open(request, Single::new(topic), request.get_ref().resume_after.as_ref())
    }

    /// Streams log lines.
    pub(super) fn logs(
        &self,
        request: &Request<v1::StreamLogsRequest>,
    ) -> Result<Feed<v1::StreamLogsResponse>, Status> {
        let topic = LogsTopic::read(&self.reader, request.get_ref())?;
        self.open(request, Single::new(topic), request.get_ref().resume_after.as_ref())
    }

    /// Streams several topics.
    pub(super) fn watch(&self, request: &Request<v1::WatchRequest>) -> Result<Feed<v1::WatchResponse>, Status> {
        let source = Watch::read(&self.reader, request.get_ref())?;
        self.open(request, source, request.get_ref().resume_after.as_ref())
    }

    fn open<S: Source, R>(
        &self,
        request: &Request<R>,
        source: S,
        resume: Option<&v1::ResumePoint>,
    ) -> Result<Feed<S::Message>, Status> {
        let caller = request.extensions().get::<Caller>();
        let seat = self.seats.take(&caller.map_or_else(|| Arc::from(""), |caller| Arc::clone(&caller.actor)))?;
        let revoked = caller.map(|caller| caller.ended.clone());
        let follower = Follower::new(Arc::clone(&self.shared), self.news.clone(), source, resume);
        Ok(Feed::over(follower.into_stream(), &self.stop, revoked, seat))
    }
}

/// Names this run of the daemon: no other one begins in the same microsecond and as the same process.
fn epoch() -> Arc<str> {
    format!("{:x}-{:x}", convert::wall_clock().micros(), std::process::id()).into()
}
