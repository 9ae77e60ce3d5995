//! Configuration: what a strategy and an account are told to do.

mod keys;
mod presets;
mod strategy;

pub use keys::{KEYS, Key, SettingError};
pub use presets::{PRESETS, UnknownPreset, preset};
pub use strategy::{
    AtrMethod, Candidates, ConfigError, Costs, Direction, EntryKind, EntryMode, Filters, OnBreach, RANGE_MINUTES,
    RunConfig, Sizing, SlotPolicy, StopKind, StrategyConfig, StrategyId,
};
