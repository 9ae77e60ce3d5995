//! The books that rows belong to.

use sha2::{Digest as _, Sha256};

use crate::view::Environment;

/// Names the books: one account in one environment. Every row belongs to one.
#[derive(Clone, PartialEq, Eq)]
pub struct Ledger {
    id: String,
    environment: Environment,
    account_id: String,
}

impl Ledger {
    /// Makes the ledger of an account; its id shows the environment and nothing of the account.
    #[must_use]
    pub fn new(environment: Environment, account_id: &str) -> Self {
        let digest = Sha256::digest(account_id.as_bytes());
        let tail: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let id = format!("{}-{tail}", super::text::Text::text(environment));
        Self { id, environment, account_id: account_id.to_owned() }
    }

    /// Returns the id that every row carries, as in `paper-1f3a9c02`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns where its orders go.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        self.environment
    }

    /// Returns the broker's account id, in full: not for logs.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.account_id
    }
}

impl Ledger {
    /// Shows the ledger to readers.
    #[must_use]
    pub fn view(&self) -> crate::view::Ledger {
        crate::view::Ledger {
            id: self.id().into(),
            environment: self.environment(),
            account_id: self.account_id().into(),
        }
    }
}

impl core::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Ledger").field(&self.id).finish()
    }
}
