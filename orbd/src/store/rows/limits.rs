//! Limits that were set while orb ran.

use orb_core::Timestamp;
use orb_core::event::RiskLimits;
use orb_core::fact::LimitsRecord;

use super::Context;
use super::stored::{Column as _, Place, stored};
use crate::store::error::StoreError;

stored! {
    /// The row of `limits`.
    StoredLimits in limits;
    key { ledger_id: String }
    data {
        daily_loss_e6: i64,
        max_positions: i64,
        next_daily_loss_e6: Option<i64>,
        next_max_positions: Option<i64>,
        at: i64,
    }
    once {}
}

impl StoredLimits {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(record: &LimitsRecord, context: Context<'_>) -> Self {
        Self {
            ledger_id: context.ledger.to_owned(),
            daily_loss_e6: record.in_force.daily_loss_e6,
            max_positions: i64::from(record.in_force.max_positions),
            next_daily_loss_e6: record.next.map(|next| next.daily_loss_e6),
            next_max_positions: record.next.map(|next| i64::from(next.max_positions)),
            at: record.at.column(),
        }
    }

    /// Turns the row into the engine's value.
    pub(in crate::store) fn into_fact(self) -> Result<LimitsRecord, StoreError> {
        let place = Place { table: "limits", key: &self.ledger_id };
        let positions =
            |column, number: i64| u32::try_from(number).map_err(|_| place.damaged(column, &number.to_string()));
        let in_force = RiskLimits {
            daily_loss_e6: self.daily_loss_e6,
            max_positions: positions("max_positions", self.max_positions)?,
        };
        let next = match (self.next_daily_loss_e6, self.next_max_positions) {
            (Some(daily_loss_e6), Some(number)) => {
                Some(RiskLimits { daily_loss_e6, max_positions: positions("next_max_positions", number)? })
            }
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(place.damaged("next_max_positions", "one of two")),
        };
        Ok(LimitsRecord { in_force, next, at: Timestamp::from_micros(self.at) })
    }
}
