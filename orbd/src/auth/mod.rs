//! Who may call what: bearer tokens, roles, and the table of methods. It fails closed.
//!
//! A daemon has a token of its own, which is a file in its folder, and knows those that `orbd token` gave out, whose
//! hashes are in a file beside it. The latter can be revoked and may end by themselves; whatever was begun with such a
//! token ends with it.

mod check;
mod issued;
mod own_token;
mod permission;
mod secret;
mod watch;

pub use check::{Auth, AuthError, Caller};
pub use issued::{IssuedToken, IssuedTokens, NewToken, TokenState, TokensError};
pub use own_token::{TokenFileError, read_or_create_token};
pub use permission::{Permission, Role, is_command, permission};
pub use watch::Watched;

use std::time::SystemTime;

use orb_core::Timestamp;

/// Returns the machine's time, by which tokens end.
fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
