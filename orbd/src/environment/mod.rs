//! Where orb trades: the environment, its addresses and limits, the state directory, the credentials, and whether all
//! of it is fit to trade.
//!
//! The configuration file's `environment` and its tables become an [`EnvironmentConfig`]; credentials come from
//! [`credentials`] and never from the file or from flags; [`check`] looks at everything that can be known before an
//! order is sent.

mod api;
mod args;
pub mod check;
mod chosen;
mod config;
pub mod credentials;
mod error;
mod keys;
mod notify;
mod observed;
mod secrets;
mod settings;
mod source;
mod state;
mod tables;
mod urls;

pub use args::EnvironmentArgs;
pub use chosen::{Chosen, ChosenError};
pub use config::{EnvironmentConfig, Environments, LiveConfig};
pub use error::{EnvironmentError, EnvironmentProblem};
pub use keys::environment_name;
#[cfg(test)]
pub(crate) use keys::key_names;
pub(crate) use secrets::refuse_secrets;
pub use settings::settings;
pub(crate) use source::Source;
pub use state::{StateLock, StateLockError, default_folder};
pub(crate) use tables::EnvironmentTables;
pub(crate) use urls::is_loopback;
