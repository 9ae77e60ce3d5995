//! The commands of `orbd`, one file each.

pub mod backtest;
pub mod demo;
mod settings;
mod settings_file;

pub use settings::{SettingArgs, SettingsError};
