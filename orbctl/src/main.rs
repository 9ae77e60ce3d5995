//! The command line of orb: a thin client of the daemon's gRPC API.

mod cli;
mod columns;
mod commands;
mod config;
mod failure;
mod follow;
mod list;
mod output;
mod paging;
mod session;
mod watch;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    match commands::run(cli::Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
