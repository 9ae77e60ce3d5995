//! The server: its port, its limits, its services behind the gate, its end.

use std::{sync::Arc, time::Duration};

use orb_api::v1::{
    control_service_server::ControlServiceServer, history_service_server::HistoryServiceServer,
    live_service_server::LiveServiceServer, log_service_server::LogServiceServer,
    portfolio_service_server::PortfolioServiceServer, signal_service_server::SignalServiceServer,
};
use orb_core::hold::HoldKind;
use tokio_util::sync::CancellationToken;
use tonic::{codec::CompressionEncoding, service::Routes, transport::Server};
use tonic_health::{ServingStatus, server::HealthReporter};

use super::{
    Control, Handle, History, Live, Logs, Portfolio, Signals, Streams, figures,
    front::front,
    gate::GateLayer,
    transport::{Listeners, ServeError},
};
use crate::{auth::Auth, monitoring::Monitor, web};

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

/// Bounds what a service reads, and lets it speak gzip with clients that do.
macro_rules! bounded {
    ($service:expr) => {
        $service
            .max_decoding_message_size(REQUEST_BYTES_MAX)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip)
    };
}

/// Serves the API and the dashboard until `stop` is cancelled: streams end, calls in progress are answered, within five seconds.
///
/// # Errors
/// [`ServeError`] when the listener is not of this machine alone without TLS, or the server fails.
pub async fn serve(
    listeners: impl Into<Listeners>,
    handle: Handle,
    auth: Arc<Auth>,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let listeners = listeners.into();
    listeners.check()?;
    let gate = GateLayer::new(auth, handle.audit.clone());
    let figures = figures::router(Monitor::new(handle.view.clone(), &handle.meters)).layer(gate.clone());
    let api = services(handle.clone(), gate, &stop)?;
    let routes = front(api, listeners.visitors(), figures, web::router());
    let served = Server::builder()
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        // Browsers without encryption speak HTTP/1.1, and grpc-web fits into it.
        .accept_http1(true)
        .add_routes(Routes::from(routes))
        .serve_with_incoming_shutdown(listeners.accept(&stop), stop.clone().cancelled_owned());
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

/// Returns all services behind the gate, for gRPC alone. Call within a runtime: health follows the views in a task of its own.
///
/// # Errors
/// [`ServeError::Reflection`] in a broken build.
pub fn routes(handle: Handle, auth: Arc<Auth>, stop: &CancellationToken) -> Result<Routes, ServeError> {
    let gate = GateLayer::new(auth, handle.audit.clone());
    services(handle, gate, stop)
}

fn services(handle: Handle, gate: GateLayer, stop: &CancellationToken) -> Result<Routes, ServeError> {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(orb_api::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let (reporter, health) = tonic_health::server::health_reporter();
    tokio::spawn(stop.clone().run_until_cancelled_owned(report_health(reporter, handle.clone())));
    let streams = Streams::start(&handle, stop);
    let control = ControlServiceServer::new(Control::new(handle.clone(), streams.clone()));
    let portfolio = PortfolioServiceServer::new(Portfolio::new(handle.clone(), streams.clone()));
    let signals = SignalServiceServer::new(Signals::new(handle.clone(), streams.clone()));
    let history = HistoryServiceServer::new(History::new(handle.clone(), streams.stop().clone()));
    let live = LiveServiceServer::new(Live::new(streams.clone()));
    let logs = LogServiceServer::new(Logs::new(handle, streams));
    let routes = Routes::new(bounded!(control))
        .add_service(bounded!(portfolio))
        .add_service(bounded!(signals))
        .add_service(bounded!(history))
        .add_service(bounded!(logs))
        .add_service(bounded!(live))
        .add_service(health)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    Ok(Routes::from(routes.into_axum_router().layer(gate)))
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
