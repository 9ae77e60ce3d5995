//! The command line of `orbd`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use orb_core::config::{KEYS, PRESETS};
use orb_sim::cli::shell::{self, CompletionsArgs, ManArgs};

use crate::commands::Report;
use crate::commands::backtest::{self, BacktestArgs};
use crate::commands::backup::{self, BackupArgs};
use crate::commands::check::{self, CheckArgs};
use crate::commands::data::{self, DataArgs};
use crate::commands::demo::{self, DemoArgs};
use crate::commands::flatten::{self, FlattenArgs};
use crate::commands::guard::{self, GuardArgs};
use crate::commands::migrate::{self, MigrateArgs};
use crate::commands::notify::{self, NotifyArgs};
use crate::commands::parity::{self, ParityArgs};
use crate::commands::replay::{self, ReplayArgs};
use crate::commands::run::{self as run_command, RunArgs};
use crate::commands::sweep::{self, SweepArgs};
use crate::commands::token::{self, TokenArgs};
use crate::commands::verify::{self, VerifyArgs};
use crate::reload;

/// orb trades the Opening Range Breakout strategy on US equities.
#[derive(Debug, Parser)]
#[command(name = "orbd", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Backtest(BacktestArgs),
    Backup(BackupArgs),
    Check(CheckArgs),
    Completions(CompletionsArgs),
    Data(DataArgs),
    Demo(DemoArgs),
    Flatten(FlattenArgs),
    Guard(GuardArgs),
    Man(ManArgs),
    Migrate(MigrateArgs),
    Notify(NotifyArgs),
    Parity(ParityArgs),
    Replay(ReplayArgs),
    Run(RunArgs),
    Sweep(SweepArgs),
    Token(TokenArgs),
    Verify(VerifyArgs),
}

/// Parses the command line, runs the command and returns its exit code: 0 done, 1 failed, 2 wrong usage.
///
/// # Errors
/// When the command fails; the error names what is at fault and the remedy.
pub fn run() -> anyhow::Result<ExitCode> {
    let command = Cli::command()
        .mut_subcommand("backtest", |command| command.after_help(keys_help()))
        .mut_subcommand("check", |command| command.after_help(keys_help()))
        .mut_subcommand("demo", |command| command.after_help(keys_help()))
        .mut_subcommand("run", |command| command.after_help(format!("{}\n\n{}", keys_help(), reload::help())))
        .mut_subcommand("sweep", |command| command.after_help(format!("{}\n{}", sweep::grid_help(), keys_help())));
    let cli = Cli::from_arg_matches(&command.clone().get_matches())?;
    match cli.command {
        Command::Backtest(args) => print(&backtest::run(&args)?),
        Command::Check(args) => {
            let report = check::run(&args)?;
            print(&report.text)?;
            Ok(report.code())
        }
        Command::Completions(args) => print(&shell::completions(&args, command)?),
        Command::Man(args) => print(&shell::man(&args, command)?),
        Command::Parity(args) => print(&parity::run(&args)?),
        Command::Replay(args) => {
            let (text, code) = replay::run(&args)?;
            print(&text)?;
            Ok(code)
        }
        Command::Sweep(args) => print(&sweep::run(args)?),
        Command::Token(args) => print(&token::run(&args)?),
        Command::Demo(args) => demo::run(args).map(|()| ExitCode::SUCCESS),
        Command::Flatten(args) => flatten::run(&args),
        Command::Guard(args) => guard::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Run(args) => run_command::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Data(args) => report(&data::run(&args)?),
        Command::Backup(args) => report(&backup::run(&args)?),
        Command::Migrate(args) => report(&migrate::run(&args)?),
        Command::Notify(args) => report(&notify::run(&args)?),
        Command::Verify(args) => report(&verify::run(&args)?),
    }
}

/// Writes an error with its causes, each said once.
#[must_use]
pub fn sentence(error: &anyhow::Error) -> String {
    error
        .chain()
        .skip(1)
        .map(ToString::to_string)
        .fold(error.to_string(), |text, cause| if text.contains(&cause) { text } else { format!("{text}: {cause}") })
}

/// Prints a report and returns its exit code.
fn report(report: &Report) -> anyhow::Result<ExitCode> {
    print(&report.text)?;
    Ok(report.code())
}

/// Prints to standard output; a reader that has gone away is no failure.
fn print(text: &str) -> anyhow::Result<ExitCode> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}

fn keys_help() -> String {
    let presets: Vec<_> = PRESETS.iter().map(|(name, about)| format!("  {name:<22}{about}")).collect();
    let keys: Vec<_> = KEYS.iter().map(|key| format!("  {:<22}{}", key.name, key.help)).collect();
    format!("Presets:\n{}\n\nKeys for --set and the configuration file:\n{}", presets.join("\n"), keys.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let said = anyhow::anyhow!("no such key").context("--set: no such key");
        assert_eq!(sentence(&said), "--set: no such key");
        let unsaid = anyhow::anyhow!("not found").context("cannot read x");
        assert_eq!(sentence(&unsaid), "cannot read x: not found");
    }
}
