//! `orbd check`: tells item by item whether orb is fit to trade.

use std::process::ExitCode;

use clap::Args;
use orb_core::Symbol;
use orb_exec::alpaca::Feed;
use orb_exec::{Clock as _, WallClock};
use serde::Serialize;

use super::SettingArgs;
use crate::environment::check::{Finding, Verdict, broker, local, machine};
use crate::environment::{EnvironmentArgs, EnvironmentConfig, LiveConfig, environment_name};

const CONFIGURATION: &str = "configuration";

/// Tell item by item whether configuration, machine, credentials and broker are fit to trade; nothing is changed.
///
/// Exit codes: 0 when every item is PASS or WARN, 1 when one is FAIL, 2 for wrong usage.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    #[command(flatten)]
    settings: SettingArgs,
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// Do not ask the broker: look only at what is on this machine
    #[arg(long)]
    pub offline: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Holds what the command prints, and whether all is fit.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// What is to be printed.
    pub text: String,
    is_fit: bool,
}

impl CheckReport {
    /// Returns the exit code: 0 when no item failed, else 1.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        if self.is_fit { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Runs the command.
///
/// # Errors
/// When the report cannot be written as JSON; what is not fit is no error but a finding.
pub fn run(args: &CheckArgs) -> anyhow::Result<CheckReport> {
    let checked = args.check();
    let text = if args.json { format!("{}\n", serde_json::to_string(&checked)?) } else { checked.render() };
    Ok(CheckReport { text, is_fit: checked.fit })
}

/// Everything that was found.
#[derive(Debug, Serialize)]
struct Checked {
    /// No finding is a failure.
    fit: bool,
    /// Absent when the configuration does not tell.
    environment: Option<&'static str>,
    /// Whether the broker was left out because that was asked for.
    offline: bool,
    findings: Vec<Finding>,
}

impl CheckArgs {
    fn check(&self) -> Checked {
        let (environment, findings) = self.findings();
        let fit = findings.iter().all(|finding| finding.verdict != Verdict::Fail);
        Checked { fit, environment, offline: self.offline, findings }
    }

    /// Looks at as much as the configuration allows: a fault of the strategies does not hide one of the machine.
    fn findings(&self) -> (Option<&'static str>, Vec<Finding>) {
        let file = match self.settings.file() {
            Ok(file) => file,
            Err(error) => return (None, vec![Finding::of_error(CONFIGURATION, &error)]),
        };
        let run = self.settings.live_run(&file).map_err(|error| Finding::of_error("strategies", &error));
        // A flag asks about that environment; without one it is about where orb trades now.
        let asked = self.environment.environment.is_some();
        let resolved = match asked {
            true => file.environment.resolve(&self.environment),
            false => file.environment.resolve_now(&self.environment),
        };
        let environment = match resolved {
            Ok(environment) => environment,
            Err(error) => {
                let found = Finding::of_error(CONFIGURATION, &error);
                return (None, core::iter::once(found).chain(run.err()).collect());
            }
        };
        let now = WallClock::default().now();
        let mut findings = vec![configuration(&self.settings.name(), &environment)];
        let name = environment_name(environment.environment);
        let mut symbols = Vec::new();
        match run {
            Ok(run) => {
                symbols.extend(run.strategies.iter().flat_map(|strategy| strategy.symbols.clone()));
                findings.extend(local(&LiveConfig { run, environment: environment.clone() }, now));
            }
            Err(failed) => {
                findings.push(failed);
                findings.extend(machine(&environment, now));
            }
        }
        if !self.offline {
            findings.extend(ask(&environment, symbols));
        }
        (Some(name), findings)
    }
}

/// Asks the broker; not at all where there are no credentials, which has been told then.
fn ask(environment: &EnvironmentConfig, symbols: Vec<Symbol>) -> Vec<Finding> {
    let Ok(credentials) = environment.credentials() else { return Vec::new() };
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(threads) => threads.block_on(broker(environment, symbols, credentials)),
        Err(error) => vec![Finding::of_error("broker", &error)],
    }
}

fn configuration(name: &str, config: &EnvironmentConfig) -> Finding {
    let EnvironmentConfig { environment, feed, urls, limits, .. } = config;
    let trading = urls.trading.as_str().trim_end_matches('/');
    let detail = format!(
        "{name}: environment {}, feed {}, orders to {trading}, at most {} requests a minute",
        environment_name(*environment),
        Feed::name(*feed),
        limits.per_minute
    );
    Finding::pass(CONFIGURATION, detail)
}

impl Checked {
    fn render(&self) -> String {
        let width = self.findings.iter().map(|finding| finding.item.chars().count()).max().unwrap_or(0);
        let lines: String = self.findings.iter().map(|finding| line(finding, width)).collect();
        let count = |verdict| self.findings.iter().filter(|finding| finding.verdict == verdict).count();
        let (failed, warned, all) = (count(Verdict::Fail), count(Verdict::Warn), self.findings.len());
        let summary = match (failed, warned) {
            (0, 0) => format!("Fit to trade: {all} items, all pass."),
            (0, _) => format!("Fit to trade: {all} items, {warned} to look at."),
            _ => format!("Not fit to trade: {failed} of {all} items failed."),
        };
        let offline = if self.offline { " The broker was not asked." } else { "" };
        format!("{lines}\n{summary}{offline}\n")
    }
}

fn line(finding: &Finding, width: usize) -> String {
    let Finding { item, verdict, detail, remedy } = finding;
    let verdict = match verdict {
        Verdict::Pass => "PASS",
        Verdict::Warn => "WARN",
        Verdict::Fail => "FAIL",
    };
    let remedy = remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
    format!("{verdict}  {item:<width$}  {detail}{remedy}\n")
}
