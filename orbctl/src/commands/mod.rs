//! The commands, one file each.

pub(crate) mod account;
pub(crate) mod alarms;
pub(crate) mod audit;
pub(crate) mod cancel;
pub(crate) mod close;
pub(crate) mod completions;
pub(crate) mod config;
mod confirm;
pub(crate) mod decisions;
pub(crate) mod env;
pub(crate) mod equity;
pub(crate) mod export;
pub(crate) mod fills;
pub(crate) mod filters;
pub(crate) mod kill;
pub(crate) mod limits;
pub(crate) mod logs;
pub(crate) mod man;
pub(crate) mod metrics;
pub(crate) mod orders;
pub(crate) mod parity;
pub(crate) mod pause;
pub(crate) mod positions;
pub(crate) mod readiness;
pub(crate) mod request;
pub(crate) mod resume;
mod running;
pub(crate) mod signals;
pub(crate) mod status;
pub(crate) mod trades;
pub(crate) mod universe;
pub(crate) mod watch;
pub(crate) mod why;

use crate::{
    cli::{Cli, Command},
    failure::Failure,
};

/// Runs the command that the arguments name.
pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    let global = &cli.global;
    match cli.command {
        Command::Status(args) => status::run(global, args).await,
        Command::Watch(args) => watch::run(global, args).await,
        Command::Account(args) => account::run(global, args).await,
        Command::Positions(args) => positions::run(global, args).await,
        Command::Signals(args) => signals::run(global, args).await,
        Command::Trades(args) => trades::run(global, args).await,
        Command::Decisions(args) => decisions::run(global, args).await,
        Command::Metrics(args) => metrics::run(global, args).await,
        Command::Parity(args) => parity::run(global, args).await,
        Command::Readiness(args) => readiness::run(global, args).await,
        Command::Equity(args) => equity::run(global, args).await,
        Command::Logs(args) => logs::run(global, args).await,
        Command::Kill(args) => kill::run(global, args).await,
        Command::Pause(args) => pause::run(global, args).await,
        Command::Resume(args) => resume::run(global, args).await,
        Command::Close(args) => close::run(global, args).await,
        Command::Env(args) => env::run(global, args).await,
        Command::Export(args) => export::run(global, args).await,
        Command::Orders(args) => orders::run(global, args).await,
        Command::Fills(args) => fills::run(global, args).await,
        Command::Cancel(args) => cancel::run(global, args).await,
        Command::Universe(args) => universe::run(global, args).await,
        Command::Audit(args) => audit::run(global, args).await,
        Command::Alarms(args) => alarms::run(global, args).await,
        Command::Limits(args) => limits::run(global, args).await,
        Command::Why(args) => why::run(global, args).await,
        Command::Config(args) => config::run(global, args).await,
        Command::Man(args) => man::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}
