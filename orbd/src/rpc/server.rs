//! The server: its port, its limits, its services behind the gate, its end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use orb_api::v1::{
    control_service_server::ControlServiceServer, history_service_server::HistoryServiceServer,
    live_service_server::LiveServiceServer, log_service_server::LogServiceServer,
    portfolio_service_server::PortfolioServiceServer, signal_service_server::SignalServiceServer,
};
use orb_core::hold::HoldKind;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{service::Routes, transport::Server};
use tonic_health::{ServingStatus, server::HealthReporter};

use super::{Control, Handle, History, Live, Logs, Portfolio, Signals, Streams, gate::GateLayer};
use crate::auth::Auth;

/// Calls and streams of one connection at a time.
const STREAMS_MAX: u32 = 256;
/// Bytes of a request: the longest filters fit many times.
const REQUEST_BYTES_MAX: usize = 256 * 1024;
/// Bytes of the headers of a request.
const HEADER_BYTES_MAX: u32 = 16 * 1024;
/// A connection that is silent so long is asked for a sign of life, and closed when it gives none in the same time.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long calls may go on after the stop.
const GRACE: Duration = Duration::from_secs(5);

/// Explains why the API cannot be served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address is reachable from other machines.
    #[error("the API has no TLS and listens on this machine only, not on {0}: use an address such as 127.0.0.1:7070")]
    NotLoopback(SocketAddr),
    /// Another program listens there.
    #[error("port {} is in use by another program, perhaps another orbd: stop it, or listen on another port", .0.port())]
    Occupied(SocketAddr),
    /// The system refuses the address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The descriptors that reflection shows are damaged: a broken build.
    #[error("reflection cannot read its descriptors: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The server ended by itself.
    #[error("the API server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Takes the port; before anything is written, so that a second daemon ends without a trace.
///
/// # Errors
/// [`ServeError`] when the address is not one of this machine alone, or cannot be had.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| {
        let is_occupied = source.kind() == io::ErrorKind::AddrInUse;
        if is_occupied { ServeError::Occupied(address) } else { ServeError::Listen { address, source } }
    })
}

/// Serves the API until `stop` is cancelled: streams end, calls in progress are answered, within five seconds.
///
/// # Errors
/// [`ServeError`] when the listener is not of this machine alone, or the server fails.
pub async fn serve(
    listener: TcpListener,
    handle: Handle,
    auth: Arc<Auth>,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let address = listener.local_addr().ok().filter(|address| !address.ip().is_loopback());
    if let Some(address) = address {
        return Err(ServeError::NotLoopback(address));
    }
    let routes = routes(handle, auth, &stop)?;
    let served = Server::builder()
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .tcp_nodelay(true)
        .add_routes(routes)
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop.clone().cancelled_owned());
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = served => result.map_err(ServeError::from),
        // A client that reads nothing holds its connection open; the daemon does not wait for it.
        () = overdue => Ok(()),
    }
}

/// Returns all services behind the gate. Call within a runtime: health follows the views in a task of its own.
///
/// # Errors
/// [`ServeError::Reflection`] in a broken build.
pub fn routes(handle: Handle, auth: Arc<Auth>, stop: &CancellationToken) -> Result<Routes, ServeError> {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(orb_api::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let (reporter, health) = tonic_health::server::health_reporter();
    tokio::spawn(stop.clone().run_until_cancelled_owned(report_health(reporter, handle.clone())));
    let streams = Streams::start(&handle, stop);
    let limit = REQUEST_BYTES_MAX;
    let control =
        ControlServiceServer::new(Control::new(handle.clone(), streams.clone())).max_decoding_message_size(limit);
    let portfolio = PortfolioServiceServer::new(Portfolio::new(handle.clone(), streams.clone()));
    let signals = SignalServiceServer::new(Signals::new(handle.clone(), streams.clone()));
    let history = HistoryServiceServer::new(History::new(handle.clone(), streams.stop().clone()));
    let live = LiveServiceServer::new(Live::new(streams.clone()));
    let logs = LogServiceServer::new(Logs::new(handle, streams));
    let routes = Routes::new(control)
        .add_service(portfolio.max_decoding_message_size(limit))
        .add_service(signals.max_decoding_message_size(limit))
        .add_service(history.max_decoding_message_size(limit))
        .add_service(logs.max_decoding_message_size(limit))
        .add_service(live.max_decoding_message_size(limit))
        .add_service(health)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    Ok(Routes::from(routes.into_axum_router().layer(GateLayer::new(auth))))
}

/// Reports the server as serving once the daemon has started; a hold of another kind is no illness of the API.
async fn report_health(reporter: HealthReporter, mut handle: Handle) {
    let has_started = |view: &Arc<crate::view::View>| view.holds.iter().all(|hold| hold.kind != HoldKind::Starting);
    reporter.set_service_status("", ServingStatus::NotServing).await;
    if handle.view.wait_for(has_started).await.is_ok() {
        reporter.set_service_status("", ServingStatus::Serving).await;
        for service in SERVICES {
            reporter.set_service_status(service, ServingStatus::Serving).await;
        }
    }
}

/// The services whose health can be asked for by name.
const SERVICES: [&str; 6] = [
    "orb.v1.ControlService",
    "orb.v1.PortfolioService",
    "orb.v1.SignalService",
    "orb.v1.HistoryService",
    "orb.v1.LogService",
    "orb.v1.LiveService",
];
