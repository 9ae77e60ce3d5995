//! A paced session in front of one's eyes, through the whole daemon: engine, records, API.
//!
//! By default the way to the broker is that of a live day: the adapter for Alpaca, its requests and websockets, and a
//! local Alpaca in this process; only the bars are simulated. With `direct` the engine talks to the backtest's own
//! exchange instead, and trades exactly as the backtest does.

mod comparison;
mod direct;
mod session;
mod simulated;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use orb_exec::local::Speed;
use orb_sim::Running as Simulator;

pub use session::{DemoSession, SYNTHETIC_SEED};

use crate::daemon::Daemon;
pub use crate::daemon::Folder;
use crate::notify::ChannelConfig;
use crate::rpc::{Exposure, Listeners};
use crate::runtime::Identity;
use crate::shutdown::Shutdown;
use crate::store::{DatabaseUrl, DateRange, Ledger, Reader};
use crate::traces::OtelConfig;
use crate::view::SettingView;
use crate::{rpc, summary};

/// Says what a demo is to do.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Simulated seconds a second.
    pub speed: Speed,
    /// End after the close.
    pub exit: bool,
    /// Talk to the backtest's exchange instead of a broker's wire.
    pub direct: bool,
    /// Where everything is kept.
    pub folder: PathBuf,
    /// How the API is reached.
    pub exposure: Exposure,
    /// The records; `None` for SQLite in the folder.
    pub database: Option<String>,
    /// What the configuration is called.
    pub config_name: String,
    /// Every setting, by key.
    pub settings: Arc<[SettingView]>,
    /// Where notices go.
    pub notify: Vec<ChannelConfig>,
    /// Where traces go.
    pub otel: OtelConfig,
}

/// Runs a demo to its end.
///
/// # Errors
/// Names what is at fault and the remedy; before the first bar nothing has been written then.
pub async fn run(session: DemoSession, options: DemoOptions) -> anyhow::Result<()> {
    // Before anything can be called: whoever sees the daemon up may end it at once.
    let shutdown = Shutdown::catch().context("cannot catch signals")?;
    let is_new = !options.folder.exists();
    let folder = Folder::open(&options.folder)?;
    let start = async {
        let listeners = rpc::bind(&options.exposure).await?;
        Started::start(&session, &options, &folder, listeners).await
    };
    let started = start.await.inspect_err(|_| {
        if is_new {
            // A folder in which something was written stays.
            let _ = std::fs::remove_dir(folder.path());
        }
    })?;
    let Started { daemon, simulator, run } = started;
    let name = format!("DEMO-{run}");
    summary::print(&summary::banner(&daemon.url, &daemon.token, &options.folder, &name, daemon.resumed))?;
    finish(daemon, &session, &options, &name, shutdown).await?;
    if let Some(simulator) = simulator {
        simulator.stop().await;
    }
    Ok(())
}

/// A demo that is up.
struct Started {
    daemon: Daemon,
    /// The local Alpaca; `None` where there is none.
    simulator: Option<Simulator>,
    run: u32,
}

impl Started {
    /// Goes on with the latest run of the folder, or begins another when that one is over.
    async fn start(
        session: &DemoSession,
        options: &DemoOptions,
        folder: &Folder,
        listeners: Listeners,
    ) -> anyhow::Result<Self> {
        let url = options.url(folder)?;
        if options.direct {
            let (daemon, run) = direct::start(session, options, folder, &url, listeners).await?;
            return Ok(Self { daemon, simulator: None, run });
        }
        let (daemon, simulator, run) = simulated::start(session, options, folder, &url, listeners).await?;
        Ok(Self { daemon, simulator: Some(simulator), run })
    }
}

/// Waits for the end of the session, or for somebody who stops it; then ends everything in good order.
async fn finish(
    mut daemon: Daemon,
    session: &DemoSession,
    options: &DemoOptions,
    name: &str,
    mut shutdown: Shutdown,
) -> anyhow::Result<()> {
    if daemon.market_end(&mut shutdown).await {
        let fills =
            if options.direct { "pessimistic fills" } else { "fills of a local broker, which takes no commission" };
        summary::print(&summary::of_day(&daemon.reader, name, fills)?)?;
        if !options.direct {
            summary::print(&comparison::with_backtest(session.date(), &daemon.reader)?)?;
        }
        if !options.exit {
            summary::print("The session is over. The API stays up; Ctrl-C ends it.\n")?;
            shutdown.wait().await;
        }
    }
    if !daemon.end().await? {
        summary::print("The last log lines could not be stored.\n")?;
    }
    Ok(())
}

impl DemoOptions {
    fn url(&self, folder: &Folder) -> anyhow::Result<DatabaseUrl> {
        Ok(match &self.database {
            Some(text) => DatabaseUrl::parse(text)?,
            None => DatabaseUrl::sqlite(folder.database()),
        })
    }

    /// Returns simulated seconds a second, 0 for as fast as possible.
    const fn simulated_speed(&self) -> f64 {
        match self.speed {
            Speed::Times(times) => times,
            Speed::Max => 0.0,
        }
    }

    fn identity(&self, ledger: &Ledger) -> Identity {
        Identity {
            ledger: ledger.view(),
            config: self.config_name.clone(),
            settings: Arc::clone(&self.settings),
            feed: "simulated".to_owned(),
            simulated_speed: Some(self.simulated_speed()),
        }
    }
}

/// Tells whether a run has come to its end; it may have been about other symbols and strategies.
fn is_over(url: &DatabaseUrl, ledger: &Ledger) -> bool {
    // Records that cannot be read are opened for writing next, and tell then what is wrong with them.
    let sessions = Reader::open(url, ledger).and_then(|reader| reader.sessions(DateRange::default()));
    sessions.is_ok_and(|sessions| sessions.last().is_some_and(|session| session.ended))
}
