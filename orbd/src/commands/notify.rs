//! `orbd notify`: tries the channels for notices.

use clap::{Args, Subcommand};

use super::{Report, SettingArgs};
use crate::environment::EnvironmentArgs;
use crate::notify::{Channel, ChannelConfig, Message, Origin, trial};
use crate::view::Ledger;

/// Try the channels that notices go to.
#[derive(Args, Clone, Debug)]
pub struct NotifyArgs {
    #[command(subcommand)]
    command: NotifyCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum NotifyCommand {
    /// Send one message to each channel, or to those that are named; nothing else happens
    ///
    /// Exit codes: 0 when each was taken, 1 when one was not, or there is no such channel, 2 for wrong usage.
    Test(TestArgs),
}

#[derive(Args, Clone, Debug)]
struct TestArgs {
    /// Channels to try [default: all]
    #[arg(value_name = "CHANNEL")]
    names: Vec<String>,
    #[command(flatten)]
    settings: SettingArgs,
    #[command(flatten)]
    environment: EnvironmentArgs,
}

/// Runs the command.
///
/// # Errors
/// When the configuration has no such channel, or is wrong; one that does not take its message is told in the report.
pub fn run(args: &NotifyArgs) -> anyhow::Result<Report> {
    let NotifyCommand::Test(args) = &args.command;
    let config = args.settings.resolve_environment(&args.environment)?;
    let chosen = chosen(&config.notify, &args.names)?;
    let origin = Origin::of(&Ledger { environment: config.of_records(), ..Ledger::default() });
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let width = chosen.iter().map(|channel| channel.name.len()).max().unwrap_or(0);
    let (mut text, mut is_good) = (String::new(), true);
    for channel in chosen {
        let sent = threads.block_on(send(channel, origin.clone()));
        is_good &= sent.is_ok();
        let (verdict, detail) = match sent {
            Ok(()) => ("PASS", "taken".to_owned()),
            Err(error) => ("FAIL", error.to_string()),
        };
        text.push_str(&format!("{verdict}  {:<width$}  {}: {detail}\n", channel.name, channel.target.name()));
    }
    Ok(Report { text, is_good })
}

fn chosen<'a>(all: &'a [ChannelConfig], names: &[String]) -> anyhow::Result<Vec<&'a ChannelConfig>> {
    if all.is_empty() {
        anyhow::bail!("there are no channels: add a table [notify.NAME] to the configuration, and name it by --config");
    }
    let known = || all.iter().map(|channel| channel.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(name) = names.iter().find(|name| !all.iter().any(|channel| channel.name == **name)) {
        anyhow::bail!("there is no channel `{name}`; the configuration has {}", known());
    }
    let is_chosen = |channel: &&ChannelConfig| names.is_empty() || names.contains(&channel.name);
    Ok(all.iter().filter(is_chosen).collect())
}

async fn send(config: &ChannelConfig, origin: Origin) -> anyhow::Result<()> {
    let channel = Channel::open(config)?;
    let notices = vec![trial(origin, &config.name)];
    Ok(channel.send(&Message { notices, left_out: 0 }).await?)
}
