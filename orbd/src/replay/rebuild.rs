//! From a journal's header to the engine that it describes.

use std::sync::Arc;

use orb_core::config::{PRESETS, preset};
use orb_core::{Engine, EngineConfig, RunConfig};

use super::error::ReplayError;
use crate::journal::{Header, Start};

/// Builds the configuration that a header tells.
///
/// # Errors
/// When a key or a value of it is none today.
pub(crate) fn run_config(header: &Header) -> Result<RunConfig, ReplayError> {
    let refused = |problem: String| ReplayError::Settings { build: header.build.clone(), problem };
    let mut base = preset(PRESETS[0].0).map_err(|error| refused(error.to_string()))?;
    base.symbols.clear();
    let mut run = RunConfig::of(base.clone());
    run.strategies = header.strategies.iter().map(|name| named(&base, name)).collect();
    for (key, value) in &header.settings {
        // A strategy without symbols of its own trades all, and that cannot be said by a list.
        let is_all = value.is_empty() && (key == "symbols" || key.ends_with(".symbols"));
        if !is_all {
            run.set(key, value).map_err(|error| refused(error.to_string()))?;
        }
    }
    run.validate().map_err(|error| refused(error.to_string()))?;
    Ok(run)
}

fn named(base: &orb_core::StrategyConfig, name: &str) -> orb_core::StrategyConfig {
    let mut strategy = base.clone();
    name.clone_into(&mut strategy.name);
    strategy
}

/// Returns what a header tells of the engine.
pub(super) fn start(header: &Header) -> Result<&Start, ReplayError> {
    header.start.as_ref().ok_or_else(|| ReplayError::NoSetup { build: header.build.clone() })
}

/// Builds an engine equal to the one that a header describes, with the facts that it took up.
pub(super) fn engine(header: &Header, start: &Start) -> Result<Engine, ReplayError> {
    let (symbols, calendar) = (Arc::new(header.symbols.clone()), Arc::clone(&start.calendar));
    let mut config = EngineConfig::new(run_config(header)?, symbols, calendar, start.bar_length);
    config.execution = start.execution;
    config.explains = start.explains;
    let mut engine = Engine::new(config).with_close_deadline(start.close_deadline);
    if let Some(caps) = start.caps {
        engine = engine.with_breaker(caps);
    }
    engine.restore(start.state.clone());
    Ok(engine)
}
