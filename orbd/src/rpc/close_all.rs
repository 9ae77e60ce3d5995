//! `CloseAllPositions`: everything of orb's, in every trading state, and on demand what is not orb's.

use orb_api::v1;
use orb_core::event::Command;
use tokio::time::Instant;
use tonic::{Request, Status};

use super::{
    Accepted, Control, Handle,
    command::{Asked, follow, follow_until, send, send_part},
    control::asked,
    convert,
    foreign::{self, Foreign, Known},
    touched::{self, Touched},
    validate,
};
use crate::view::View;

/// Closes every position, cancels the entries, and follows both; then, where it was asked for, what is not orb's.
pub(super) async fn close_all_positions(
    control: &Control,
    request: Request<v1::CloseAllPositionsRequest>,
) -> Result<v1::CloseAllPositionsResponse, Status> {
    let deadline = follow_until(request.metadata());
    let message = request.get_ref();
    let handle = control.handle.clone();
    let typed = message.include_foreign.then(|| message.account_id.trim().to_owned());
    if let Some(typed) = &typed {
        foreign::check_account(&handle.current(), typed)?;
    }
    let text = if message.include_foreign { "CloseAllPositions include_foreign" } else { "CloseAllPositions" };
    let reason = validate::reason(&message.reason)?;
    let asked = asked(&request, &message.request_id, reason, Command::CloseAll, text.to_owned())?;
    let foreign = control.foreign.clone();
    let wanted = asked.clone();
    let work = async move {
        match typed {
            None => close_all(handle, wanted, deadline).await,
            Some(typed) => close_everything(handle, wanted, deadline, foreign, typed).await,
        }
    };
    let (mut reply, replayed) = control.once(asked, work, describe, reply).await?;
    reply.replayed = replayed;
    Ok(reply)
}

/// Pauses entries, closes what is orb's, then what is not.
async fn close_everything(
    handle: Handle,
    asked: Asked,
    deadline: Instant,
    foreign: Foreign,
    typed: String,
) -> Result<v1::CloseAllPositionsResponse, Status> {
    let account = send_part(&handle, &asked, "pause", Command::Pause).await?.account;
    let ready = foreign.prepare(account, &typed).await?;
    let mut reply = close_all(handle.clone(), asked, deadline).await?;
    match ready.close(handle.view.clone(), deadline).await {
        Known::Ended(report) => {
            reply.foreign_holdings = foreign::shown(&report);
            reply.complete &= report.is_verified;
        }
        Known::GoesOn => (reply.foreign_unfinished, reply.complete) = (true, false),
    }
    Ok(reply)
}

async fn close_all(handle: Handle, asked: Asked, deadline: Instant) -> Result<v1::CloseAllPositionsResponse, Status> {
    let Accepted { before, after, .. } = send(&handle, &asked).await?;
    let mut touched = Touched::default();
    touched.see(&before);
    touched.see(&after);
    // Once all of these are gone the flatten is over; a position that is opened afterwards is none of them.
    let is_over = |view: &View| touched.working(view).is_empty() && touched.open(view).is_empty();
    let last = follow(handle.view.clone(), after, deadline, is_over).await;
    let unconfirmed_orders = touched.working(&last);
    let remaining_positions = touched.open(&last);
    Ok(v1::CloseAllPositionsResponse {
        cancelled_orders: touched.cancelled(&last),
        closed_positions: touched.closed(&handle, &last).await,
        complete: unconfirmed_orders.is_empty() && remaining_positions.is_empty(),
        unconfirmed_orders,
        remaining_positions,
        ..reply(&last, asked.authorised.request_id)
    })
}

/// Replies from the present state alone.
fn reply(view: &View, request_id: String) -> v1::CloseAllPositionsResponse {
    let remaining = view.positions.iter().map(|position| touched::remaining(view, position));
    v1::CloseAllPositionsResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        request_id,
        state: convert::trading_state(view.state).into(),
        holds: convert::holds(view),
        remaining_positions: remaining.collect(),
        complete: view.positions.is_empty() && view.working_entries.is_empty(),
        ..v1::CloseAllPositionsResponse::default()
    }
}

fn describe(reply: &v1::CloseAllPositionsResponse) -> String {
    let (cancelled, unconfirmed) = (reply.cancelled_orders.len(), reply.unconfirmed_orders.len());
    let (closed, open) = (reply.closed_positions.len(), reply.remaining_positions.len());
    let foreign: Vec<&str> = reply.foreign_holdings.iter().map(|holding| holding.symbol.as_str()).collect();
    let foreign = match (reply.foreign_unfinished, foreign.is_empty()) {
        (true, _) => "; what is not orb's is being closed".to_owned(),
        (false, true) => String::new(),
        (false, false) => format!("; not orb's: {}", foreign.join(", ")),
    };
    format!("{closed} positions closed, {open} open; {cancelled} entries cancelled, {unconfirmed} unconfirmed{foreign}")
}
