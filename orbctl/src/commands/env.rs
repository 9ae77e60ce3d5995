//! `orbctl env`.

use std::io::{self, BufRead as _, IsTerminal as _};

use orb_api::v1::{
    Environment, EnvironmentInfo, GetReadinessRequest, HoldKind, Ledger, ListEnvironmentsRequest, ReadinessVerdict,
    SetEnvironmentRequest, SetEnvironmentResponse,
};

use super::{
    request::{self, Request},
    status::HOLDS,
};
use crate::{
    cli::Global,
    failure::{Failure, note},
    output::{Cell, Column, Grid},
    session::Session,
    wire,
};

/// Lists the environments, or switches to another one
///
/// It is switched only when orb is flat and has no working orders. The number of the account in
/// the new environment is asked for, to be typed as the broker shows it; entries are then held
/// until `orbctl resume`. Exit code 2: nobody can be asked, and --account-id was not given.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Where to trade from now on; without it the environments are listed
    #[arg(value_enum)]
    to: Option<To>,
    /// The number of the account in that environment, whole
    #[arg(long, value_name = "ID", requires = "to")]
    account_id: Option<String>,
    #[command(flatten)]
    request: Request,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    /// The simulator
    Sim,
    /// The broker's paper account
    Paper,
    /// Real money
    Live,
}

impl To {
    const fn environment(self) -> Environment {
        match self {
            Self::Sim => Environment::Sim,
            Self::Paper => Environment::Paper,
            Self::Live => Environment::Live,
        }
    }
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    match args.to {
        None => list(global).await,
        Some(to) => switch(global, to, args.account_id, args.request).await,
    }
}

async fn list(global: &Global) -> Result<(), Failure> {
    let mut session = Session::open(global).await?;
    let reply = session.client.control().list_environments(ListEnvironmentsRequest {}).await;
    let reply = reply.map_err(|status| Failure::from_status("listing the environments", &status))?.into_inner();
    Ok(session.printer.rows(&Grid::of(ENVIRONMENTS, &reply.environments))?)
}

async fn switch(global: &Global, to: To, typed: Option<String>, request: Request) -> Result<(), Failure> {
    if typed.is_none() && !io::stdin().is_terminal() {
        return Err(Failure::usage("switching the environment needs --account-id where nobody can be asked"));
    }
    let request_id = request.id()?;
    let mut session = Session::open_for_command(global).await?;
    if to == To::Live {
        tell_readiness(&session).await;
    }
    let account_id = match typed {
        Some(typed) => typed,
        None => ask(to)?,
    };
    let message = SetEnvironmentRequest {
        request_id: request_id.clone(),
        environment: to.environment().into(),
        account_id,
        reason: request.reason.unwrap_or_default(),
    };
    let reply = session.client.control().set_environment(message).await;
    let failed = |status| request::explain(Failure::from_status("switching the environment", &status), &request_id);
    let reply = reply.map_err(failed)?.into_inner();
    session.printer.record(&Grid::of(COLUMNS, [&reply]), &[("holds", Grid::of(HOLDS, &reply.holds))])?;
    let switched = i32::from(HoldKind::EnvironmentSwitched);
    if reply.holds.iter().any(|hold| hold.kind == switched) {
        note("entries are held until `orbctl resume`");
    }
    Ok(())
}

/// Says whether the sessions so far speak for real money: it forbids nothing.
async fn tell_readiness(session: &Session) {
    match session.client.history().get_readiness(GetReadinessRequest {}).await {
        Ok(reply) => {
            let reply = reply.into_inner();
            let name = reply.ledger.as_ref().map(|ledger| wire::environment_name(ledger.environment));
            let of = name.map_or_else(String::new, |name| format!("{name} "));
            if reply.ready {
                note(&format!("readiness: the {of}sessions so far speak for real money"));
                return;
            }
            note(&format!("readiness: NOT READY, the {of}sessions so far do not speak for real money"));
            let met = i32::from(ReadinessVerdict::Met);
            for criterion in reply.criteria.iter().filter(|criterion| criterion.verdict != met) {
                note(&format!("  {}: wanted {}, found {}", criterion.name, criterion.wanted, criterion.found));
            }
        }
        Err(status) => note(&format!("readiness: not known: {}", status.message())),
    }
}

/// Has the account's number typed.
fn ask(to: To) -> Result<String, Failure> {
    let (name, money) = match to {
        To::Sim => ("sim", "no real money"),
        To::Paper => ("paper", "no real money"),
        To::Live => ("live", "REAL MONEY"),
    };
    note(&format!("Trade in {name} ({money}) from now on? Type the number of the {name} account:"));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Failure::usage(format!("cannot read the answer: {error}; give --account-id")))?;
    let answer = answer.trim();
    if answer.is_empty() {
        Err(Failure::usage("no account was typed: nothing was done"))
    } else {
        Ok(answer.to_owned())
    }
}

const ENVIRONMENTS: &[Column<EnvironmentInfo>] = &[
    Column::text("environment", |e| wire::environment(e.environment)),
    Column::text("current", |e| Cell::Flag(e.current)),
    Column::text("available", |e| Cell::Flag(e.available)),
    Column::text("ledger_id", |e| e.ledger.as_ref().map_or(Cell::Absent, |ledger| Cell::text(&ledger.id))),
    Column::text("detail", |e| Cell::text(&e.detail)),
];

const COLUMNS: &[Column<SetEnvironmentResponse>] = &[
    Column::text("environment", |r| ledger(r.ledger.as_ref(), |ledger| wire::environment(ledger.environment))),
    Column::text("ledger_id", |r| ledger(r.ledger.as_ref(), |ledger| Cell::text(&ledger.id))),
    Column::text("previous_ledger_id", |r| ledger(r.previous_ledger.as_ref(), |ledger| Cell::text(&ledger.id))),
    Column::text("state", |r| wire::trading_state(r.state)),
    Column::text("request_id", |r| Cell::text(&r.request_id)),
    Column::hidden("replayed", |r| Cell::Flag(r.replayed)),
];

fn ledger(ledger: Option<&Ledger>, cell: fn(&Ledger) -> Cell) -> Cell {
    ledger.map_or(Cell::Absent, cell)
}
