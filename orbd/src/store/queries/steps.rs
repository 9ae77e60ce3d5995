//! The steps of orders.

use diesel::prelude::*;

use crate::store::error::{Doing as _, StoreError};
use crate::store::reader::Reader;
use crate::store::rows::{StepRow, StoredStep};
use crate::store::schema::order_steps;

impl Reader {
    /// Lists the steps that orders took, by orb's own ids of these, the earliest first; those of one instant in their order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn order_steps(&self, orders: &[String]) -> Result<Vec<StepRow>, StoreError> {
        self.records(|conn| {
            let rows: Vec<StoredStep> = order_steps::table
                .filter(order_steps::ledger_id.eq(self.ledger_id()))
                .filter(order_steps::client_order_id.eq_any(orders))
                .select(StoredStep::as_select())
                .load(conn)
                .doing("read the steps of orders")?;
            let mut steps: Vec<StepRow> = rows.into_iter().map(StoredStep::read).collect::<Result<_, _>>()?;
            steps.sort_by(|one, other| {
                (one.at, one.step, &one.client_order_id).cmp(&(other.at, other.step, &other.client_order_id))
            });
            Ok(steps)
        })
    }
}
