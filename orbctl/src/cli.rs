//! The arguments that all commands share, and the list of commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{
    commands,
    failure::EXIT_CODES,
    output::{Colour, Format},
};

const AFTER_HELP: &str = "\
Configuration file ($XDG_CONFIG_HOME/orb/orbctl.toml, else ~/.config/orb/orbctl.toml):
  current = \"paper\"

  [contexts.paper]
  endpoint = \"http://127.0.0.1:7070\"
  token_file = \"paper.token\"      # relative to the configuration file
  ca_file = \"orb-ca.pem\"          # with https
  certificate_file = \"me.pem\"     # with https, where the daemon wants one of its clients
  key_file = \"me.key\"             # its private key

`orbctl config` shows and changes the contexts. Over a Unix socket: endpoint = \"unix:///path\".

Without a configuration, orbctl talks to this machine's service where the user may read
/var/lib/orb/orbctl.toml, else to the demo that runs on this machine.
A token is never an argument, because every user can read the process list.
";

/// Watches and stops orb, from the shell and from scripts.
#[derive(Debug, Parser)]
#[command(name = "orbctl", version, after_help = format!("{AFTER_HELP}\n{EXIT_CODES}"), max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// How results are written: tables for people, JSON lines or CSV for scripts
    #[arg(
        long,
        short,
        global = true,
        help_heading = "Output and connection",
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,
    /// When tables are coloured
    #[arg(
        long = "color",
        global = true,
        help_heading = "Output and connection",
        value_enum,
        default_value_t,
        value_name = "WHEN"
    )]
    pub(crate) colour: Colour,
    /// The daemon, http://HOST:PORT, https://HOST:PORT or unix:///PATH; instead of a context
    #[arg(long, global = true, help_heading = "Output and connection", env = "ORB_ENDPOINT", value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// A file that holds the bearer token; ORB_TOKEN may hold the token itself
    #[arg(long, global = true, help_heading = "Output and connection", env = "ORB_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The configuration file
    #[arg(long, global = true, help_heading = "Output and connection", env = "ORB_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The context in the configuration file; else its `current`
    #[arg(long, global = true, help_heading = "Output and connection", env = "ORB_CONTEXT", value_name = "NAME")]
    pub(crate) context: Option<String>,
}

/// What orbctl can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Status(commands::status::Args),
    Watch(commands::watch::Args),
    Account(commands::account::Args),
    Positions(commands::positions::Args),
    Orders(commands::orders::Args),
    Fills(commands::fills::Args),
    Cancel(commands::cancel::Args),
    Signals(commands::signals::Args),
    Why(commands::why::Args),
    Trades(commands::trades::Args),
    Decisions(commands::decisions::Args),
    Universe(commands::universe::Args),
    Metrics(commands::metrics::Args),
    Equity(commands::equity::Args),
    Parity(commands::parity::Args),
    Readiness(commands::readiness::Args),
    Logs(commands::logs::Args),
    Audit(commands::audit::Args),
    Alarms(commands::alarms::Args),
    Kill(commands::kill::Args),
    Pause(commands::pause::Args),
    Resume(commands::resume::Args),
    Limits(commands::limits::Args),
    Close(commands::close::Args),
    Env(commands::env::Args),
    Export(commands::export::Args),
    Config(commands::config::Args),
    Completions(commands::completions::Args),
    Man(commands::man::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
