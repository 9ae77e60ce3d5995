//! `orbd run`: trades at a broker.

use clap::Args;

use super::SettingArgs;
use crate::environment::{EnvironmentArgs, credentials};
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
    let config = args.settings.resolve_live(&args.environment)?;
    let credentials = credentials::find(config.environment.environment)?;
    let options = RunOptions { config, credentials, config_name: args.settings.name(), standby: args.standby };
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    threads.block_on(run::run(options))
}
