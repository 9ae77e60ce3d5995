//! A daemon that gives recorded replies and remembers what it was asked.

mod live;
mod replies;
mod services;

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use orb_api::v1::{
    control_service_server::ControlServiceServer, history_service_server::HistoryServiceServer,
    live_service_server::LiveServiceServer, log_service_server::LogServiceServer,
    portfolio_service_server::PortfolioServiceServer, signal_service_server::SignalServiceServer,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Status, transport::Server};

pub(crate) const TOKEN: &str = "s3cret";

/// How the daemon behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Everything works.
    #[default]
    Willing,
    /// Nothing has happened yet, and commands do not complete.
    Empty,
    /// The second page of a list fails the first time that it is asked for.
    Faltering,
}

/// What the services share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    mood: Mood,
    asked: Arc<Mutex<Vec<String>>>,
    has_faltered: Arc<AtomicBool>,
}

/// A daemon in this process, and a home without any configuration.
pub(crate) struct Fake {
    pub(crate) home: TempDir,
    endpoint: String,
    shared: Shared,
    _runtime: Runtime,
}

/// What a run of orbctl left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Fake {
    pub(crate) fn start(mood: Mood) -> Self {
        let runtime = Runtime::new().unwrap();
        let shared = Shared { mood, ..Shared::default() };
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(serve(listener, shared.clone()));
        Self { home: TempDir::new().unwrap(), endpoint, shared, _runtime: runtime }
    }

    /// Runs orbctl with this daemon and its token.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        finish(self.command(arguments).spawn().unwrap())
    }

    /// Prepares orbctl with this daemon and its token.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = orbctl(self.home.path(), arguments);
        self.name_in(&mut command);
        command
    }

    /// Tells a program's environment of this daemon and its token.
    pub(crate) fn name_in(&self, command: &mut Command) {
        command.env("ORB_ENDPOINT", &self.endpoint).env("ORB_TOKEN", TOKEN);
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the last request, as `Debug` shows it.
    pub(crate) fn last_asked(&self) -> String {
        self.shared.asked.lock().unwrap().last().cloned().unwrap_or_default()
    }

    pub(crate) fn times_asked(&self) -> usize {
        self.shared.asked.lock().unwrap().len()
    }
}

/// Prepares orbctl without daemon, token or configuration.
pub(crate) fn orbctl(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orbctl"));
    for name in ["ORB_ENDPOINT", "ORB_TOKEN", "ORB_TOKEN_FILE", "ORB_CONFIG", "ORB_CONTEXT"] {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("XDG_CONFIG_HOME", home.join("config")).env("XDG_STATE_HOME", home.join("state"));
    command
}

/// Waits for orbctl.
pub(crate) fn finish(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

async fn serve(listener: TcpListener, shared: Shared) {
    Server::builder()
        .add_service(ControlServiceServer::with_interceptor(shared.clone(), admit))
        .add_service(LiveServiceServer::with_interceptor(shared.clone(), admit))
        .add_service(PortfolioServiceServer::with_interceptor(shared.clone(), admit))
        .add_service(SignalServiceServer::with_interceptor(shared.clone(), admit))
        .add_service(HistoryServiceServer::with_interceptor(shared.clone(), admit))
        .add_service(LogServiceServer::with_interceptor(shared, admit))
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await
        .unwrap();
}

fn admit(request: Request<()>) -> Result<Request<()>, Status> {
    let value = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
    match value {
        Some(value) if value == format!("Bearer {TOKEN}") => Ok(request),
        Some(_) => Err(Status::unauthenticated("the token is not known")),
        None => Err(Status::unauthenticated("no token")),
    }
}
