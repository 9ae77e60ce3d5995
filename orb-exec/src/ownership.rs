//! Whether this process may still write to the broker's account.

use core::fmt;
use core::pin::Pin;

/// Answers, last before a write, whether this process still owns the account's books.
///
/// Whoever has been set aside must not write any more: another one does. Who cannot find out may go on with what only
/// reduces: identifiers of orders are the same whoever sends them, so the broker refuses the second one.
pub trait Ownership: fmt::Debug + Send + Sync + 'static {
    /// Tells whether ownership is certain at this instant; an entry needs that.
    fn is_certain(&self) -> bool;

    /// Completes when something that is no entry may be written; the error says why nothing may.
    fn confirm(&self) -> Confirmation<'_>;
}

/// What becomes of the question whether something may be written.
pub type Confirmation<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
