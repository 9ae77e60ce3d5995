//! What was told already, for as long as it may come again.

use std::collections::BTreeSet;
use std::sync::Arc;

use orb_core::Date;

/// Remembers ids of the current session and of the one before.
#[derive(Debug, Default)]
pub(super) struct Told {
    date: Option<Date>,
    now: BTreeSet<Arc<str>>,
    before: BTreeSet<Arc<str>>,
}

impl Told {
    /// Forgets what is older than the session before.
    pub(super) fn begin(&mut self, date: Option<Date>) {
        if self.date != date {
            self.date = date;
            self.before = core::mem::take(&mut self.now);
        }
    }

    /// Notes an id; tells whether it is new.
    pub(super) fn add(&mut self, id: &Arc<str>) -> bool {
        !self.before.contains(id) && self.now.insert(Arc::clone(id))
    }
}
