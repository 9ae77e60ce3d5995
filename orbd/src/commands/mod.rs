//! The commands of `orbd`, one file each.

pub mod backtest;
pub mod backup;
mod candidates;
pub mod check;
pub mod data;
pub mod demo;
mod emergency;
pub mod flatten;
pub mod guard;
mod ledger_args;
pub mod migrate;
pub mod notify;
pub mod parity;
mod records_args;
pub mod replay;
mod report;
pub mod run;
mod settings;
mod settings_file;
pub mod sweep;
pub mod token;
pub mod verify;

pub use candidates::CandidatesError;
pub use ledger_args::LedgerArgs;
pub use records_args::RecordsArgs;
pub use report::Report;
pub use settings::{SettingArgs, SettingsError};
