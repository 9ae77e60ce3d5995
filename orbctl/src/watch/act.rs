//! What a key makes the daemon do.

use orb_api::{
    Client,
    v1::{
        CloseOutcome, ClosePositionRequest, KillSwitchAction, PauseEntriesRequest, SetKillSwitchRequest,
        SetKillSwitchResponse,
    },
};

use crate::{commands::request::random_uuid, failure::Failure, wire};

/// For the record of the daemon.
const REASON: &str = "by a key in orbctl watch";

/// A command that a key gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Stops entries.
    Kill,
    /// Stops entries and closes everything.
    Flatten,
    /// Holds entries until they are resumed.
    Pause,
    /// Closes the positions in one symbol.
    Close(String),
}

impl Act {
    /// Names it in a sentence: "... failed".
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Kill => "engaging the kill switch".to_owned(),
            Self::Flatten => "flattening".to_owned(),
            Self::Pause => "pausing".to_owned(),
            Self::Close(symbol) => format!("closing {symbol}"),
        }
    }
}

/// Gives a command and returns what became of it, in words.
pub(crate) async fn perform(client: Client, act: Act) -> Result<String, Failure> {
    let request_id = random_uuid()?;
    let reason = REASON.to_owned();
    let mut control = client.control();
    let done = match &act {
        Act::Kill | Act::Flatten => {
            let action = KillSwitchAction::Engage.into();
            let flatten = act == Act::Flatten;
            let request = SetKillSwitchRequest { request_id, action, flatten, reason };
            control.set_kill_switch(request).await.map(|reply| killed(&reply.into_inner()))
        }
        Act::Pause => {
            let request = PauseEntriesRequest { request_id, reason };
            let state = |state| wire::trading_state(state).to_table();
            control.pause_entries(request).await.map(|reply| format!("paused: {}", state(reply.into_inner().state)))
        }
        Act::Close(symbol) => {
            let request = ClosePositionRequest { request_id, symbol: symbol.clone(), reason };
            let close = control.close_position(request).await;
            close.map(|reply| closed(symbol, reply.into_inner().outcome))
        }
    };
    done.map_err(|status| Failure::from_status(&act.name(), &status))
}

fn killed(reply: &SetKillSwitchResponse) -> String {
    let state = wire::trading_state(reply.state).to_table();
    let (cancelled, closed) = (reply.orders_cancelled, reply.closed_positions.len());
    let (unconfirmed, open) = (reply.unconfirmed_orders.len(), reply.remaining_positions.len());
    let rest = if unconfirmed > 0 { format!(", {unconfirmed} NOT CONFIRMED") } else { String::new() };
    format!("{state}: {cancelled} entries cancelled{rest}, {closed} positions closed, {open} open")
}

fn closed(symbol: &str, outcome: i32) -> String {
    if outcome == i32::from(CloseOutcome::Closed) {
        format!("{symbol} is closed")
    } else {
        format!("{symbol} is being closed")
    }
}
