//! The commands of `orbd`, one file each.

pub mod backtest;
pub mod check;
pub mod demo;
pub mod parity;

mod records;
pub mod replay;
pub mod run;
mod settings;
mod settings_file;
pub mod sweep;

pub use records::RecordsArgs;
pub use settings::{SettingArgs, SettingsError};
