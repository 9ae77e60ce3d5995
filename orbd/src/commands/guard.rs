//! `orbd guard`: the dead man's watch.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use orb_exec::alpaca::{CallError, Environment};

use super::SettingArgs;
use super::emergency::{broker, runtime};
use crate::daemon::Folder;
use crate::environment::{EnvironmentArgs, EnvironmentConfig, environment_name};
use crate::guard::{Beats, FlattenReport, Pace, Watch};
use crate::shutdown::Shutdown;
use crate::{reporting, service, summary, telemetry};

/// How often it is looked whether the daemon was switched to another environment.
const LOOK_EVERY: Duration = Duration::from_secs(1);

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
    // What is wrong with the file is told before anything is begun.
    let environment = settings.resolve_environment(&args.environment)?;
    reporting::start(environment.sentry, environment.of_records());
    let ended = runtime()?.block_on(watch_all(&settings, &args.environment, environment));
    reporting::finish(ended.is_err());
    ended
}

/// Watches the environment in which the daemon trades, and another one when it was switched.
async fn watch_all(
    settings: &SettingArgs,
    flags: &EnvironmentArgs,
    mut environment: EnvironmentConfig,
) -> anyhow::Result<()> {
    let mut shutdown = Shutdown::catch().context("cannot catch signals")?;
    telemetry::start_console();
    reporting::announce();
    loop {
        let other = switched(settings, flags, environment.environment);
        tokio::select! {
            other = other => {
                reporting::turn_to(other.of_records());
                environment = other;
            }
            ended = watch(&environment, &mut shutdown) => return ended,
        }
    }
}

/// Waits until the daemon trades in another environment, and returns that one.
async fn switched(settings: &SettingArgs, flags: &EnvironmentArgs, from: Environment) -> EnvironmentConfig {
    let mut is_told = false;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match settings.resolve_environment(flags) {
            Ok(now) if now.environment != from => return now,
            Ok(_) => is_told = false,
            Err(error) if !is_told => {
                tracing::warn!(component = "RiskManager", "it is not known whether orbd was switched: {error}");
                is_told = true;
            }
            Err(_) => {}
        }
    }
}

async fn watch(environment: &EnvironmentConfig, shutdown: &mut Shutdown) -> anyhow::Result<()> {
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
    service::watching(environment_name(environment.environment));
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
