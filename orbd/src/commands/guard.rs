//! `orbd guard`: the dead man's watch.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use orb_exec::alpaca::CallError;

use super::SettingArgs;
use super::emergency::{broker, runtime};
use crate::daemon::Folder;
use crate::environment::{EnvironmentArgs, EnvironmentConfig, environment_name};
use crate::guard::{Beats, FlattenReport, Pace, Watch};
use crate::shutdown::Shutdown;
use crate::{summary, telemetry};

/// Watch over the daemon: when it gives no sign of life in market hours and orb holds something, halt it and close what
/// orb holds, straight at the broker.
///
/// Runs as a process of its own with its own copy of the credentials, beside `orbd run` on the same state directory,
/// until somebody stops it. A daemon that is stopped on purpose is silent too: stop the guard first where positions are
/// to stay.
#[derive(Args, Clone, Debug)]
pub struct GuardArgs {
    /// Configuration file (TOML) of the daemon
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    environment: EnvironmentArgs,
}

/// Runs the command until somebody stops it.
///
/// # Errors
/// Names the file, line, key or flag at fault, another guard on the same directory, or that the broker refuses the key.
pub fn run(args: &GuardArgs) -> anyhow::Result<()> {
    let settings = SettingArgs { config: args.config.clone(), ..SettingArgs::default() };
    let environment = settings.resolve_environment(&args.environment)?;
    runtime()?.block_on(watch(&environment))
}

async fn watch(environment: &EnvironmentConfig) -> anyhow::Result<()> {
    let mut shutdown = Shutdown::catch().context("cannot catch signals")?;
    telemetry::start_console();
    let broker = broker(environment)?;
    let folder = Folder::open(&environment.data_dir)?;
    let beats = Beats::listen(folder.path())?;
    match broker.account().await {
        Err(error) if error.is_key_refused() => return Err(error).context("the broker does not take the guard's key"),
        Err(error) => tell_unreachable(&error),
        Ok(_) => {}
    }
    let calendar = orb_data::nyse_calendar(2005, 2100);
    let silence = environment.silence;
    summary::print(&format!(
        "orbd guard: {} of {}, which counts as dead after {} seconds of silence\n",
        environment_name(environment.environment),
        folder.path().display(),
        silence.as_secs()
    ))?;
    let watch =
        Watch { broker: &broker, calendar: &calendar, beats, silence, pace: Pace::default(), folder: folder.path() };
    tokio::select! {
        () = watch.run(tell) => {}
        () = shutdown.wait() => {}
    }
    Ok(())
}

/// A broker that is away when the watch begins may be back when it is needed.
fn tell_unreachable(error: &CallError) {
    tracing::warn!(component = "Alpaca", "the broker cannot be asked now: {error}");
}

fn tell(report: &FlattenReport) {
    // Standard output may have gone away; the log tells the rest.
    let _ = summary::print(&report.render());
    if report.is_verified {
        tracing::warn!(component = "RiskManager", "what orb held is closed, verified at the broker; orbd is halted");
    } else {
        tracing::error!(
            component = "RiskManager",
            "NOT everything that orb held is closed: look at the broker's own page; it is tried again in a minute"
        );
    }
}
