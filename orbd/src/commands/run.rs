//! `orbd run`: trades at a broker.

use clap::Args;

use super::SettingArgs;
use crate::environment::EnvironmentArgs;
use crate::reload::Source;
use crate::reporting;
use crate::run::{self, RunOptions};

/// Trade at a broker, or a simulator of it, day after day; keys come from the environment or from systemd, never from
/// flags.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    settings: SettingArgs,
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// Wait while another orbd has the account's books in the same PostgreSQL database, and take over when it falls silent
    #[arg(long)]
    standby: bool,
}

/// Runs the command until somebody stops it.
///
/// # Errors
/// Names the file, line, key or flag at fault, or what the broker refused.
pub fn run(args: &RunArgs) -> anyhow::Result<()> {
    let (settings, environment) = (args.settings.clone(), args.environment.clone());
    let source = Source::new(move || Ok(settings.configuration(&environment)?));
    let configuration = source.read()?;
    if let Ok((environment, _)) = configuration.environments.now() {
        reporting::start(environment.sentry, environment.of_records());
    }
    let (config_name, standby) = (args.settings.name(), args.standby);
    let options = RunOptions { configuration, source, config_name, standby };
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = threads.block_on(run::run(options));
    reporting::finish(ended.is_err());
    ended
}
