//! Every hold there was.

use diesel::prelude::*;
use orb_core::Timestamp;
use orb_core::fact::HoldRecord;

use crate::store::error::{Doing as _, StoreError};
use crate::store::reader::Reader;
use crate::store::rows::StoredHold;
use crate::store::schema::holds;

impl Reader {
    /// Lists the holds that were set in [from, to), in the order in which they were set, those that ended included.
    ///
    /// # Errors
    /// When the database fails, or a row is damaged.
    pub fn holds(&self, from: Timestamp, to: Timestamp) -> Result<Vec<HoldRecord>, StoreError> {
        self.records(|conn| {
            let rows: Vec<StoredHold> = holds::table
                .filter(holds::ledger_id.eq(self.ledger_id()))
                .filter(holds::since.ge(from.micros()).and(holds::since.lt(to.micros())))
                .order(holds::ordinal.asc())
                .select(StoredHold::as_select())
                .load(conn)
                .doing("list the holds")?;
            rows.into_iter().map(StoredHold::read).collect()
        })
    }
}
