//! The lease of the ledger as the broker's client asks for it, last before it writes.

use orb_exec::{Confirmation, Ownership};

use crate::store::{Lease, Standing};

/// Lets this process write while it holds the ledger.
///
/// Entries need the lease. What reduces goes out too where the database says nothing: the positions are there, and
/// nobody else may know of them. Should another orbd reach the database meanwhile, both of them name an order alike, and
/// the broker takes it once.
#[derive(Debug)]
pub(super) struct LeaseOwner(pub(super) Lease);

impl Ownership for LeaseOwner {
    fn is_certain(&self) -> bool {
        self.0.standing() == Standing::Held
    }

    fn confirm(&self) -> Confirmation<'_> {
        Box::pin(async {
            match self.0.confirm().await {
                Standing::Held | Standing::Doubtful => Ok(()),
                Standing::Lost => Err("it was not sent: another orbd has the account's books".to_owned()),
            }
        })
    }
}
