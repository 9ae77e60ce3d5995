//! A signal of which nothing more comes.

use std::sync::Arc;

use orb_core::fact::Trade;

use crate::store::Reader;
use crate::view::Environment;

/// Names a signal that is over, with what became of it.
#[derive(Clone, Debug)]
pub(super) struct Over {
    /// Its id, as in its row.
    pub(super) id: Arc<str>,
    /// Its trade; `None` where it has none, or that is not known.
    pub(super) trade: Option<Trade>,
    /// Where its order went.
    pub(super) mode: Environment,
    /// The records that have it.
    pub(super) reader: Reader,
}
