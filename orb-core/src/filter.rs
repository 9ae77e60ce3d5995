//! Filters of the embedding program, beside those that are configured.

use core::fmt::Debug;

use crate::config::StrategyConfig;
use crate::event::SymbolReference;
use crate::range_book::OpeningRange;
use crate::ranker::RelativeVolume;
use crate::symbol::Symbol;
use crate::time::Date;

/// Holds what a filter may look at: all of it is known at the end of the opening range.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Candidacy<'a> {
    /// The strategy that asks.
    pub strategy: &'a StrategyConfig,
    /// Trading date.
    pub date: Date,
    /// Which symbol.
    pub symbol: &'a Symbol,
    /// Its opening range.
    pub range: &'a OpeningRange,
    /// What was known before the open.
    pub known: &'a SymbolReference,
    /// Relative volume; `None` when unknown.
    pub rvol: Option<RelativeVolume>,
}

/// Refuses symbols by a rule of one's own, after the configured filters and before the ranking.
///
/// It must be a pure function of what it is given: the engine asks in an order of its own, and a replay asks again.
///
/// ```
/// use orb_core::filter::{Candidacy, Filter};
///
/// /// Lets only those symbols pass that have traded a million shares in their opening range.
/// #[derive(Debug)]
/// struct Busy;
///
/// impl Filter for Busy {
///     fn check(&self, candidacy: &Candidacy<'_>) -> Result<(), String> {
///         let volume = candidacy.range.volume;
///         if volume < 1_000_000 { Err(format!("only {volume} shares")) } else { Ok(()) }
///     }
/// }
/// ```
///
/// [`EngineConfig::with_filter`](crate::EngineConfig::with_filter) takes it.
pub trait Filter: Debug + Send + Sync {
    /// Lets the symbol pass, or says why not; the sentence becomes the detail of the reason `custom_filter`.
    ///
    /// # Errors
    /// Holds that sentence.
    fn check(&self, candidacy: &Candidacy<'_>) -> Result<(), String>;
}
