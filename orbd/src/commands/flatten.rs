//! `orbd flatten`: closes what orb holds, with a daemon or without.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use orb_exec::alpaca::{Emergency, Environment};

use super::SettingArgs;
use super::emergency::{broker, runtime};
use crate::daemon::Folder;
use crate::environment::{EnvironmentArgs, EnvironmentConfig, environment_name};
use crate::guard::{Flattener, LiveDaemon, Pace, Reached, Scope, market_is_open};
use crate::runtime::HaltFile;
use crate::summary;

/// Nothing was done at the broker: a daemon seems to be alive and does not answer.
const REFUSED: u8 = 2;

/// Halt orb and close everything that it holds: by the daemon if there is one, else straight at the broker.
///
/// Exit codes: 0 when it was verified that nothing is left, 1 when something is, 2 for wrong usage or when a daemon seems
/// to be alive, does not answer, and --force was not given.
#[derive(Args, Clone, Debug)]
pub struct FlattenArgs {
    /// Configuration file (TOML) of the daemon
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// Cancel entries alone; positions keep their stops
    #[arg(long)]
    pub entries_only: bool,
    /// Act straight at the broker even beside a daemon that does not answer
    #[arg(long)]
    pub force: bool,
    /// Also cancel and close what is not orb's; needs --account
    #[arg(long, requires = "account", conflicts_with = "entries_only")]
    pub include_foreign: bool,
    /// Number of the account, to be typed with --include-foreign
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// Names the file, line, key or flag at fault, or what the broker refused.
pub fn run(args: &FlattenArgs) -> anyhow::Result<ExitCode> {
    let settings = SettingArgs { config: args.config.clone(), ..SettingArgs::default() };
    let environment = settings.resolve_environment(&args.environment)?;
    refuse_other(args.environment.environment, &environment)?;
    runtime()?.block_on(args.flatten(&environment))
}

/// Refuses a flag that names another environment than the one in which the daemon of the directory trades.
fn refuse_other(asked: Option<Environment>, now: &EnvironmentConfig) -> anyhow::Result<()> {
    let Some(asked) = asked.filter(|asked| *asked != now.environment) else { return Ok(()) };
    let (asked, folder) = (environment_name(asked), now.data_dir.display());
    let now = environment_name(now.environment);
    bail!(
        "--environment {asked}: the daemon of {folder} was switched to {now}; nothing was done. Leave the flag out to flatten {now}, or give another --data-dir for {asked}"
    )
}

/// Says where to go from the machine of a standby, which has a state directory and answers nobody; empty where the
/// records are a file, beside which there is none.
fn standby_note(environment: &EnvironmentConfig) -> &'static str {
    match environment.database.path() {
        Some(_) => "",
        None => {
            "If it stands by for a daemon on another machine, run this on that machine: the positions are that one's.\n"
        }
    }
}

impl FlattenArgs {
    async fn flatten(&self, environment: &EnvironmentConfig) -> anyhow::Result<ExitCode> {
        let folder = &environment.data_dir;
        let found = LiveDaemon::find(folder);
        let daemon = found.with_context(|| format!("cannot look at the state directory {}", folder.display()))?;
        if let Some(daemon) = daemon {
            match daemon.flatten(self.entries_only, self.reason()).await {
                Reached::Flat(held) => {
                    summary::print(&self.done_by(&daemon.holder, &held))?;
                    if !self.include_foreign {
                        return Ok(ExitCode::SUCCESS);
                    }
                }
                Reached::Open(open) => {
                    let open = open.join(", ");
                    summary::print(&format!(
                        "STILL OPEN after two minutes: {open}. The daemon ({}) is halted and goes on trying; see `orbctl positions` and `orbctl logs`.\n",
                        daemon.holder
                    ))?;
                    return Ok(ExitCode::FAILURE);
                }
                Reached::Silent(why) if !self.force => {
                    self.latch(environment)?;
                    summary::print(&format!(
                        "{} has the state directory {} and does not answer ({why}). It is halted by the file HALTED there; nothing was done at the broker.\n\
                         Stop it (`systemctl stop orbd`, or `kill`) and run this again, or add --force to act straight at the broker beside it.\n{}",
                        daemon.holder,
                        folder.display(),
                        standby_note(environment)
                    ))?;
                    return Ok(ExitCode::from(REFUSED));
                }
                Reached::Silent(why) => {
                    summary::print(&format!(
                        "{} does not answer ({why}): acting straight at the broker.\n",
                        daemon.holder
                    ))?;
                }
            }
        }
        self.latch(environment)?;
        self.flatten_at_broker(environment).await
    }

    /// Halts a daemon that comes, or comes back.
    fn latch(&self, environment: &EnvironmentConfig) -> anyhow::Result<()> {
        let written = Folder::open_in_need(&environment.data_dir)
            .and_then(|folder| Ok(HaltFile::of(folder.path()).write("orbd flatten", self.reason())?));
        match written {
            Ok(()) => Ok(()),
            // Closing is more important than halting.
            Err(error) => summary::print(&format!("WARNING: {error:#}: a daemon that comes back is not halted.\n")),
        }
    }

    async fn flatten_at_broker(&self, environment: &EnvironmentConfig) -> anyhow::Result<ExitCode> {
        let broker = broker(environment)?;
        if self.include_foreign {
            self.check_account(&broker).await?;
        }
        let calendar = orb_data::nyse_calendar(2005, 2100);
        let is_open = market_is_open(&broker, &calendar).await.context("the broker cannot be asked")?;
        let scope = match (is_open && !self.entries_only, self.include_foreign) {
            (false, _) => Scope::EntriesOnly,
            (true, false) => Scope::Own,
            (true, true) => Scope::Everything,
        };
        let report = Flattener::new(&broker, scope, Pace::default()).run(|| true).await;
        summary::print(&report.render())?;
        let name = environment_name(environment.environment);
        let (text, is_done) = match (report.is_verified, self.entries_only, is_open) {
            (false, ..) => ("NOT DONE: look at the broker's own page, and run this again.".to_owned(), false),
            (true, true, _) => (format!("{name}: no entry is left; orb is halted."), true),
            (true, false, true) => (format!("{name}: verified flat; orb is halted."), true),
            (true, false, false) => self.when_closed(name, &broker, report.symbols.len()).await?,
        };
        summary::print(&format!("{text}\n"))?;
        Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Tells what it means that the exchange is closed: nothing that is held can be sold.
    async fn when_closed(&self, name: &str, broker: &Emergency, symbols: usize) -> anyhow::Result<(String, bool)> {
        let positions = broker.positions().await.context("the broker cannot be asked")?;
        if positions.is_empty() {
            return Ok((format!("{name}: verified flat; orb is halted."), true));
        }
        let held: Vec<String> =
            positions.iter().map(|held| format!("{} {}", held.shares.normalize(), held.symbol)).collect();
        let text = format!(
            "{name}: the market is closed. Entries of {symbols} symbols were cancelled; the account holds {}, which keep their stops. Run this again after the open.",
            held.join(", ")
        );
        Ok((text, false))
    }

    async fn check_account(&self, broker: &Emergency) -> anyhow::Result<()> {
        let number = broker.account().await.context("the account cannot be read")?;
        if self.account.as_deref() != Some(number.as_str()) {
            bail!(
                "--account: the key does not open that account; nothing was done. Type the number that the broker shows for the account of this key"
            );
        }
        Ok(())
    }

    const fn reason(&self) -> &'static str {
        if self.entries_only { "orbd flatten --entries-only" } else { "orbd flatten" }
    }

    fn done_by(&self, holder: &str, held: &[String]) -> String {
        match (self.entries_only, held) {
            (true, _) => {
                format!("The daemon ({holder}) is halted and cancels its entries; positions keep their stops.\n")
            }
            (false, []) => format!("The daemon ({holder}) is halted and holds nothing.\n"),
            (false, held) => format!("The daemon ({holder}) is halted and has closed {}.\n", held.join(", ")),
        }
    }
}
