//! `orbctl limits`.

use clap::Subcommand;
use orb_api::{
    decimal,
    v1::{
        GetRiskLimitsRequest, GetRiskLimitsResponse, LossLimit, RiskLimits, SetRiskLimitsRequest, SetRiskLimitsResponse,
    },
};

use super::{
    confirm::{self, Confirm},
    request::{self, Request},
};
use crate::{
    cli::Global,
    failure::Failure,
    output::{Cell, Column, Grid},
    session::Session,
};

/// Shows the limits, or changes them while the daemon runs
///
/// What is tighter counts at once; what is looser counts from the next session on, and never
/// goes beyond the ceiling in the daemon's configuration.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    Set(Set),
}

/// Changes limits; asks first unless --yes is given
///
/// The reply shows what is in force now and what counts from the next session on.
#[derive(clap::Args, Debug)]
struct Set {
    /// The part of the session-open equity that a day may lose: 0.03 or 3%
    #[arg(long, value_name = "PART", value_parser = fraction, required_unless_present = "max_positions")]
    daily_loss: Option<String>,
    /// Most positions at one time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_positions: Option<u32>,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    request: Request,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    match args.action {
        None => show(global).await,
        Some(Action::Set(set)) => change(global, set).await,
    }
}

async fn show(global: &Global) -> Result<(), Failure> {
    let mut session = Session::open(global).await?;
    let reply = read(&session).await?;
    session.show_ledger(reply.ledger.as_ref());
    Ok(session.printer.record(&Grid::of(SHOWN, [&reply]), &[])?)
}

async fn read(session: &Session) -> Result<GetRiskLimitsResponse, Failure> {
    let reply = session.client.control().get_risk_limits(GetRiskLimitsRequest {}).await;
    Ok(reply.map_err(|status| Failure::from_status("reading the limits", &status))?.into_inner())
}

async fn change(global: &Global, set: Set) -> Result<(), Failure> {
    set.confirm.check_possible("changing the limits")?;
    let request_id = set.request.id()?;
    let mut session = Session::open_for_command(global).await?;
    if !set.confirm.is_given() {
        confirm::ask(&question(&read(&session).await?, &set))?;
    }
    let request = SetRiskLimitsRequest {
        request_id: request_id.clone(),
        daily_loss_fraction: set.daily_loss.unwrap_or_default(),
        max_positions: set.max_positions,
        reason: set.request.reason.unwrap_or_default(),
    };
    let reply = session.client.control().set_risk_limits(request).await;
    let failed = |status| request::explain(Failure::from_status("changing the limits", &status), &request_id);
    let reply = reply.map_err(failed)?.into_inner();
    session.show_ledger(reply.ledger.as_ref());
    Ok(session.printer.record(&Grid::of(CHANGED, [&reply]), &[])?)
}

fn question(now: &GetRiskLimitsResponse, set: &Set) -> String {
    let now = now.in_force.clone().unwrap_or_default();
    let loss = set.daily_loss.as_ref().map(|to| format!("daily loss {} -> {to}", now.daily_loss_fraction));
    let positions = set.max_positions.map(|to| format!("positions {} -> {to}", now.max_positions));
    let changes: Vec<_> = loss.into_iter().chain(positions).collect();
    format!("Change {} (tighter: now; looser: from the next session)?", changes.join(", "))
}

/// Reads a part of one, or a percentage, as the decimal of the wire.
fn fraction(text: &str) -> Result<String, String> {
    let wrong = || "a part is above 0 and at most 1, such as 0.03 or 3%".to_owned();
    let (digits, parts) = match text.strip_suffix('%') {
        Some(digits) => (digits, 100),
        None => (text, 1),
    };
    let micros = decimal::to_micros(digits).map_err(|_| wrong())?;
    let is_exact = micros % parts == 0;
    let micros = micros / parts;
    if is_exact && (1..=decimal::MICROS_PER_UNIT).contains(&micros) {
        Ok(decimal::from_micros(micros))
    } else {
        Err(wrong())
    }
}

const SHOWN: &[Column<GetRiskLimitsResponse>] = &[
    Column::number("daily_loss_fraction", |r| loss(r.in_force.as_ref())),
    Column::number("max_positions", |r| positions(r.in_force.as_ref())),
    Column::number("next_session_daily_loss_fraction", |r| loss(r.next_session.as_ref())),
    Column::number("next_session_max_positions", |r| positions(r.next_session.as_ref())),
    Column::number("ceiling_daily_loss_fraction", |r| loss(r.ceiling.as_ref())),
    Column::number("ceiling_max_positions", |r| positions(r.ceiling.as_ref())),
    Column::number("loss_limit", |r| day(r, |day| Cell::money(&day.limit))),
    Column::number("loss_limit_distance", |r| day(r, |day| Cell::money(&day.distance))),
    Column::number("session_open_equity", |r| day(r, |day| Cell::money(&day.session_open_equity))),
    Column::hidden("ledger_id", |r| Cell::text(r.ledger.as_ref().map_or("", |ledger| &ledger.id))),
];

const CHANGED: &[Column<SetRiskLimitsResponse>] = &[
    Column::number("daily_loss_fraction", |r| loss(r.in_force.as_ref())),
    Column::number("max_positions", |r| positions(r.in_force.as_ref())),
    Column::number("next_session_daily_loss_fraction", |r| loss(r.next_session.as_ref())),
    Column::number("next_session_max_positions", |r| positions(r.next_session.as_ref())),
    Column::text("request_id", |r| Cell::text(&r.request_id)),
    Column::hidden("replayed", |r| Cell::Flag(r.replayed)),
    Column::hidden("ledger_id", |r| Cell::text(r.ledger.as_ref().map_or("", |ledger| &ledger.id))),
];

fn loss(limits: Option<&RiskLimits>) -> Cell {
    limits.map_or(Cell::Absent, |limits| Cell::text(&limits.daily_loss_fraction))
}

fn positions(limits: Option<&RiskLimits>) -> Cell {
    limits.map_or(Cell::Absent, |limits| limits.max_positions.into())
}

fn day(reply: &GetRiskLimitsResponse, cell: fn(&LossLimit) -> Cell) -> Cell {
    reply.loss_limit.as_ref().map_or(Cell::Absent, cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_a_fraction_or_a_percentage() {
        assert_eq!(fraction("0.03").as_deref(), Ok("0.03"));
        assert_eq!(fraction("3%").as_deref(), Ok("0.03"));
        assert_eq!(fraction("2.5%").as_deref(), Ok("0.025"));
        assert_eq!(fraction("1").as_deref(), Ok("1"));
        for wrong in ["0", "3", "-1%", "101%", "", "%", "0.00001%", "abc"] {
            assert!(fraction(wrong).is_err(), "{wrong}");
        }
    }
}
