//! `CloseAllPositions`: everything of orb's, in every trading state.

use orb_api::v1;
use orb_core::event::Command;
use tokio::time::Instant;
use tonic::{Request, Status};

use super::{
    Accepted, Control, Handle,
    command::{Asked, follow, follow_until, send},
    control::asked,
    convert,
    touched::{self, Touched},
    validate,
};
use crate::view::View;

/// Closes every position, cancels the entries, and follows both.
pub(super) async fn close_all_positions(
    control: &Control,
    request: Request<v1::CloseAllPositionsRequest>,
) -> Result<v1::CloseAllPositionsResponse, Status> {
    let deadline = follow_until(request.metadata());
    let asked = asked_close_all(&request)?;
    let work = close_all(control.handle.clone(), asked.clone(), deadline);
    let (mut reply, replayed) = control.once(asked, work, text, reply).await?;
    reply.replayed = replayed;
    Ok(reply)
}

fn asked_close_all(request: &Request<v1::CloseAllPositionsRequest>) -> Result<Asked, Status> {
    let message = request.get_ref();
    if message.include_foreign {
        return Err(foreign(&message.account_id));
    }
    let reason = validate::reason(&message.reason)?;
    asked(request, &message.request_id, reason, Command::CloseAll, "CloseAllPositions".to_owned())
}

/// Refuses to touch what is not orb's: that is done beside the daemon, which need not be alive for it.
fn foreign(account_id: &str) -> Status {
    if account_id.trim().is_empty() {
        return validate::invalid("account_id", "needed with include_foreign; type the number of the broker's account");
    }
    Status::unimplemented(
        "include_foreign: not served by the daemon, and nothing was done; run `orbd flatten --include-foreign --account ID` on its machine",
    )
}

async fn close_all(handle: Handle, asked: Asked, deadline: Instant) -> Result<v1::CloseAllPositionsResponse, Status> {
    let Accepted { before, after } = send(&handle, &asked).await?;
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

fn text(reply: &v1::CloseAllPositionsResponse) -> String {
    let (cancelled, unconfirmed) = (reply.cancelled_orders.len(), reply.unconfirmed_orders.len());
    let (closed, open) = (reply.closed_positions.len(), reply.remaining_positions.len());
    format!("{closed} positions closed, {open} open; {cancelled} entries cancelled, {unconfirmed} unconfirmed")
}
