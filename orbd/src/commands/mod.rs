//! The commands of `orbd`, one file each.

pub mod backtest;
pub mod demo;
mod settings;
pub mod sweep;

pub use settings::{SettingArgs, SettingsError};
