//! The commands of `orbd`, one file each.

pub mod backtest;
pub mod check;
pub mod demo;
mod emergency;
pub mod flatten;
pub mod guard;
pub mod run;
mod settings;
mod settings_file;
pub mod sweep;

pub use settings::{SettingArgs, SettingsError};
