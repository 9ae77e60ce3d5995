//! `orbctl config show` and `orbctl config reload`: the configuration that a daemon goes by.

use orb_api::v1::{
    ConfigChange, ConfigEntry, ConfigOutcome, GetConfigRequest, GetConfigResponse, Ledger, ReloadConfigRequest,
    ReloadConfigResponse,
};
use prost_types::Timestamp;

use super::request::{self, Request};
use crate::{
    cli::Global,
    failure::{Failure, note},
    output::{Cell, Column, Format, Grid, minor},
    session::Session,
    wire,
};

/// Has the daemon read its configuration file and its secrets again
///
/// What has changed is in force when this returns; trading goes on meanwhile. Where a change
/// must wait for a start, or the file is not as it must be, nothing changes and this fails.
#[derive(clap::Args, Debug)]
pub(super) struct Reload {
    /// Only say what a reload would do
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    request: Request,
}

/// Lists every setting in force, with what a change of it in the file needs.
pub(super) async fn show(global: &Global) -> Result<(), Failure> {
    let mut session = Session::open(global).await?;
    let reply = session.client.control().get_config(GetConfigRequest {}).await;
    let reply = reply.map_err(|status| Failure::from_status("reading the configuration", &status))?.into_inner();
    session.show_ledger(reply.ledger.as_ref());
    if session.printer.format() == Format::Table {
        let read = wire::time(reply.load_time.as_ref()).to_table();
        note(&format!("{}, read {read}, fingerprint {}", reply.name, reply.fingerprint));
    }
    Ok(session.printer.rows(&Grid::of(SETTINGS, &Row::of_config(&reply)))?)
}

/// Asks for a reload and lists what came of it.
pub(super) async fn reload(global: &Global, args: Reload) -> Result<(), Failure> {
    let request_id = args.request.id()?;
    let mut session = Session::open_for_command(global).await?;
    let request = ReloadConfigRequest {
        request_id: request_id.clone(),
        reason: args.request.reason.unwrap_or_default(),
        validate_only: args.dry_run,
    };
    let reply = session.client.control().reload_config(request).await;
    let failed = |status| request::explain(Failure::from_status("reloading", &status), &request_id);
    let reply = reply.map_err(failed)?.into_inner();
    session.show_ledger(reply.ledger.as_ref());
    if reply.changes.iter().all(|change| change.outcome() == ConfigOutcome::Unchanged) {
        note("nothing has changed");
    }
    Ok(session.printer.rows(&Grid::of(CHANGES, &Row::of_reload(&reply)))?)
}

/// A row, with what is the same in all of them.
struct Row<T> {
    of: T,
    fingerprint: String,
    load_time: Option<Timestamp>,
    ledger_id: String,
}

/// What is the same in all rows of a reload.
struct Change {
    change: ConfigChange,
    applied: bool,
    request_id: String,
    replayed: bool,
}

impl Row<ConfigEntry> {
    fn of_config(reply: &GetConfigResponse) -> Vec<Self> {
        let row = |entry: &ConfigEntry| Self {
            of: entry.clone(),
            fingerprint: reply.fingerprint.clone(),
            load_time: reply.load_time,
            ledger_id: ledger_id(reply.ledger.as_ref()),
        };
        reply.entries.iter().map(row).collect()
    }
}

impl Row<Change> {
    fn of_reload(reply: &ReloadConfigResponse) -> Vec<Self> {
        let (applied, request_id, replayed) = (reply.applied, &reply.request_id, reply.replayed);
        let of = |change: &ConfigChange| Change {
            change: change.clone(),
            applied,
            request_id: request_id.clone(),
            replayed,
        };
        let row = |change: &ConfigChange| Self {
            of: of(change),
            fingerprint: reply.fingerprint.clone(),
            load_time: reply.load_time,
            ledger_id: ledger_id(reply.ledger.as_ref()),
        };
        reply.changes.iter().map(row).collect()
    }
}

fn ledger_id(ledger: Option<&Ledger>) -> String {
    ledger.map(|ledger| ledger.id.clone()).unwrap_or_default()
}

const SETTINGS: &[Column<Row<ConfigEntry>>] = &[
    Column::text("key", |r| Cell::text(&r.of.key)),
    Column::text("value", |r| Cell::text(&r.of.value)),
    Column::text("is_default", |r| Cell::Flag(r.of.is_default)),
    Column::text("effect", |r| wire::config_effect(r.of.effect)),
    Column::hidden("fingerprint", |r| Cell::text(&r.fingerprint)),
    Column::hidden("load_time", |r| wire::time(r.load_time.as_ref())),
    Column::hidden("ledger_id", |r| Cell::text(&r.ledger_id)),
];

const CHANGES: &[Column<Row<Change>>] = &[
    Column::text("key", |r| Cell::text(&r.of.change.key)),
    Column::text("outcome", |r| wire::config_outcome(r.of.change.outcome)),
    minor(1, Column::text("previous_value", |r| Cell::text(&r.of.change.previous_value))),
    Column::text("value", |r| Cell::text(&r.of.change.value)),
    Column::text("detail", |r| Cell::text(&r.of.change.detail)),
    Column::hidden("applied", |r| Cell::Flag(r.of.applied)),
    Column::hidden("fingerprint", |r| Cell::text(&r.fingerprint)),
    Column::hidden("load_time", |r| wire::time(r.load_time.as_ref())),
    Column::hidden("request_id", |r| Cell::text(&r.of.request_id)),
    Column::hidden("replayed", |r| Cell::Flag(r.of.replayed)),
    Column::hidden("ledger_id", |r| Cell::text(&r.ledger_id)),
];
