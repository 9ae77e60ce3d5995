//! Configuration: what a strategy and an account are told to do.

mod keys;
mod presets;
mod strategy;

pub use keys::{KEYS, Key, SettingError};
pub use presets::{PRESETS, UnknownPreset, preset};
pub use strategy::{
    ConfigError, Costs, Direction, EntryKind, Filters, RANGE_MINUTES, RunConfig, SlotPolicy, StopKind, StrategyConfig,
    StrategyId,
};
