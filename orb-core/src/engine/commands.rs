//! What an authorised person or program wants.

use super::Engine;
use crate::effect::Effects;
use crate::event::{Authorised, Command};
use crate::fact::ExitReason;
use crate::hold::{Clearing, HoldKind};

impl Engine {
    pub(super) fn on_command(&mut self, wanted: &Authorised, out: &mut Effects) {
        let (actor, reason) = (wanted.actor.as_str(), wanted.reason.as_str());
        match wanted.command {
            Command::Kill { flatten } => {
                self.hold(HoldKind::Kill, actor, reason, out);
                self.cancel_entries(|_| true, out);
                if flatten {
                    self.close_where(ExitReason::Flatten, |_| true, out);
                }
            }
            Command::Pause => self.hold(HoldKind::OperatorPause, actor, reason, out),
            Command::Clear(kind) if kind.clearing() == Clearing::Operator => self.unhold(kind, actor, reason, out),
            // What its cause or the next session clears is not the operator's to clear.
            Command::Clear(_) => {}
            Command::Close(symbol) => self.close_symbol(symbol, ExitReason::ForceClose, out),
            Command::CancelEntries => self.cancel_entries(|_| true, out),
            Command::CancelEntry(attempt) => self.cancel_entries(|one| *one == attempt, out),
            Command::Limit(limits) => self.on_limits(&limits, out),
            Command::AcknowledgeAlarms(id) => self.acknowledge_alarms(id, wanted, out),
            Command::CloseAll => self.close_where(ExitReason::Flatten, |_| true, out),
        }
    }
}
