//! `orbd demo`: a paced session on the simulated exchange, with records and API.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use orb_core::Date;
use orb_exec::local::Speed;

use super::SettingArgs;
use crate::demo::{self, DemoOptions, DemoSession, Folder, SYNTHETIC_SEED};
use crate::environment::settings;
use crate::reporting;
use crate::view::Environment;

/// Trade one session on the simulated exchange, with records and API, at a pace that can be watched.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// Recorded bars instead of synthetic ones: files or folders of CSV, CSV.gz or Parquet
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub bars: Vec<PathBuf>,
    /// The day to trade, YYYY-MM-DD [default: the last of the bars, or 2026-03-02 of the synthetic market]
    #[arg(long, value_name = "DATE")]
    pub date: Option<Date>,
    /// Simulated seconds a second, or max
    #[arg(long, value_name = "N|max", default_value = "120")]
    pub speed: Speed,
    /// End after the close with the day's summary
    #[arg(long)]
    pub exit: bool,
    /// Trade at the backtest's own exchange, without a broker's wire between: exactly as the backtest does
    #[arg(long)]
    pub direct: bool,
    /// Where records, token and the exchange's memory are kept [default: orb/demo in the user's state folder]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address of the API; on this machine only, unless the configuration file has certificates in `[tls]`
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070")]
    pub listen: SocketAddr,
    /// Database of the records, sqlite:///PATH or postgres://... [default: orb.db in the data folder]
    #[arg(long, value_name = "URL", env = "ORB_DATABASE_URL", hide_env_values = true)]
    pub database: Option<String>,
    /// Seed of the synthetic market
    #[arg(long, value_name = "N", default_value_t = SYNTHETIC_SEED, conflicts_with = "bars")]
    pub seed: u64,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Runs the command to its end.
///
/// # Errors
/// Names the file, line, key or flag at fault; nothing has been written then.
pub fn run(args: DemoArgs) -> anyhow::Result<()> {
    let config = args.settings.resolve()?;
    let config_name = args.settings.name();
    let settings = settings(&config, None);
    let session = if args.bars.is_empty() {
        DemoSession::synthetic(args.seed, args.date, config)?
    } else {
        DemoSession::recorded(args.bars, args.date, config)?
    };
    let folder = args.data_dir.unwrap_or_else(Folder::default_path);
    let tables = args.settings.file()?.environment;
    let exposure = tables.exposure(args.listen, &std::path::absolute(&folder)?)?;
    reporting::start(tables.reporting(), Environment::Sim);
    let options = DemoOptions {
        speed: args.speed,
        exit: args.exit,
        direct: args.direct,
        folder,
        exposure,
        database: args.database,
        config_name,
        settings,
        notify: tables.channels().to_vec(),
        otel: tables.traces().clone(),
    };
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = threads.block_on(demo::run(session, options));
    reporting::finish(ended.is_err());
    ended
}
