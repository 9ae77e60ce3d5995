//! `orbctl status`.

use orb_api::v1::{
    Build, ComponentHealth, DayPnl, Feed, GetStatusRequest, GetStatusResponse, Hold, Ledger, LossLimit,
    Session as TradingSession, Slots,
};

use super::alarms;
use crate::{
    cli::Global,
    failure::Failure,
    output::{Cell, Column, Grid},
    session::Session,
    wire,
};

/// Shows what orb may do now, the session, the day's result and the health of the parts
#[derive(clap::Args, Debug)]
pub(crate) struct Args {}

pub(crate) async fn run(global: &Global, Args {}: Args) -> Result<(), Failure> {
    let mut session = Session::open(global).await?;
    let reply = session.client.control().get_status(GetStatusRequest {}).await;
    let status = reply.map_err(|status| Failure::from_status("reading the status", &status))?.into_inner();
    let lists = [
        ("alarms", Grid::of(alarms::OF_STATUS, &status.alarms)),
        ("holds", Grid::of(HOLDS, &status.holds)),
        ("health", Grid::of(HEALTH, &status.health)),
    ];
    Ok(session.printer.record(&Grid::of(COLUMNS, [&status]), &lists)?)
}

const COLUMNS: &[Column<GetStatusResponse>] = &[
    Column::text("state", |s| wire::trading_state(s.state)),
    Column::text("environment", |s| ledger(s, |ledger| wire::environment(ledger.environment))),
    Column::text("ledger_id", |s| ledger(s, |ledger| Cell::text(&ledger.id))),
    Column::text("account_id", |s| ledger(s, |ledger| Cell::text(&ledger.account_id))),
    Column::text("session_date", |s| session(s, |session| Cell::text(&session.date))),
    Column::text("session_phase", |s| session(s, |session| wire::session_phase(session.phase))),
    Column::text("open", |s| session(s, |session| wire::time(session.open.as_ref()))),
    Column::text("range_end", |s| session(s, |session| wire::time(session.range_end.as_ref()))),
    Column::text("entry_cutoff", |s| session(s, |session| wire::time(session.entry_cutoff.as_ref()))),
    Column::text("flatten", |s| session(s, |session| wire::time(session.flatten.as_ref()))),
    Column::text("close", |s| session(s, |session| wire::time(session.close.as_ref()))),
    Column::text("engine_time", |s| wire::time(s.engine_time.as_ref())),
    Column::hidden("server_time", |s| wire::time(s.server_time.as_ref())),
    Column::text("simulated_speed", |s| speed(s.simulated_speed)),
    Column::text("strategies", |s| Cell::list(&s.strategies)),
    Column::text("config_name", |s| Cell::text(&s.config_name)),
    Column::text("version", |s| build(s, |build| Cell::text(&build.version))),
    Column::text("revision", |s| build(s, |build| Cell::maybe_text(build.revision.as_ref()))),
    Column::number("slots_used", |s| slots(s, |slots| slots.used.into())),
    Column::number("slots_total", |s| slots(s, |slots| slots.total.into())),
    Column::number("open_positions", |s| s.open_positions.into()),
    Column::number("working_entries", |s| s.working_entries.into()),
    Column::number("day_trades", |s| s.day_trades.into()),
    Column::number("day_wins", |s| s.day_wins.into()),
    Column::number("day_realized", |s| day(s, |day| Cell::signed(&day.realized))),
    Column::number("day_unrealized", |s| day(s, |day| Cell::signed(&day.unrealized))),
    Column::number("day_fees", |s| day(s, |day| Cell::money(&day.fees))),
    Column::number("day_net", |s| day(s, |day| Cell::signed(&day.net))),
    Column::number("loss_limit", |s| limit(s, |limit| Cell::money(&limit.limit))),
    Column::number("loss_limit_distance", |s| limit(s, |limit| Cell::money(&limit.distance))),
    Column::number("session_open_equity", |s| limit(s, |limit| Cell::money(&limit.session_open_equity))),
    Column::text("feed", |s| feed(s, |feed| Cell::text(&feed.name))),
    Column::text("feed_last_data_time", |s| feed(s, |feed| wire::time(feed.last_data_time.as_ref()))),
    Column::number("feed_age_seconds", |s| feed(s, |feed| wire::span(feed.age.as_ref()))),
    Column::text("last_reconcile_time", |s| wire::time(s.last_reconcile_time.as_ref())),
];

/// Shared with the commands that place or release holds.
pub(crate) const HOLDS: &[Column<Hold>] = &[
    Column::text("kind", |hold| wire::hold_kind(hold.kind)),
    Column::text("since", |hold| wire::time(hold.since.as_ref())),
    Column::text("actor", |hold| Cell::text(&hold.actor)),
    Column::text("cleared_by", |hold| wire::hold_cleared(hold.cleared_by)),
    Column::text("reason", |hold| Cell::text(&hold.reason)),
];

const HEALTH: &[Column<ComponentHealth>] = &[
    Column::text("component", |health| wire::component(health.component)),
    Column::text("state", |health| wire::health_state(health.state)),
    Column::text("since", |health| wire::time(health.since.as_ref())),
    Column::text("detail", |health| Cell::text(&health.detail)),
];

fn speed(speed: Option<f64>) -> Cell {
    match speed {
        Some(0.0) => Cell::Nested("max".to_owned(), 0.0.into()),
        other => other.into(),
    }
}

fn ledger(status: &GetStatusResponse, cell: fn(&Ledger) -> Cell) -> Cell {
    status.ledger.as_ref().map_or(Cell::Absent, cell)
}

fn session(status: &GetStatusResponse, cell: fn(&TradingSession) -> Cell) -> Cell {
    status.session.as_ref().map_or(Cell::Absent, cell)
}

fn build(status: &GetStatusResponse, cell: fn(&Build) -> Cell) -> Cell {
    status.build.as_ref().map_or(Cell::Absent, cell)
}

fn slots(status: &GetStatusResponse, cell: fn(&Slots) -> Cell) -> Cell {
    status.slots.as_ref().map_or(Cell::Absent, cell)
}

fn day(status: &GetStatusResponse, cell: fn(&DayPnl) -> Cell) -> Cell {
    status.day_pnl.as_ref().map_or(Cell::Absent, cell)
}

fn limit(status: &GetStatusResponse, cell: fn(&LossLimit) -> Cell) -> Cell {
    status.loss_limit.as_ref().map_or(Cell::Absent, cell)
}

fn feed(status: &GetStatusResponse, cell: fn(&Feed) -> Cell) -> Cell {
    status.feed.as_ref().map_or(Cell::Absent, cell)
}
