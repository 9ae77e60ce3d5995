//! Why reference data cannot be gathered.

use orb_data::DatasetError;
use orb_exec::alpaca::CallError;

/// Explains why reference data cannot be gathered. What was gathered before is kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatherError {
    /// The broker did not give it.
    #[error("{what} cannot be had: {source}")]
    Asked {
        /// What was asked for.
        what: &'static str,
        /// What came of it.
        source: CallError,
    },
    /// The broker lists nothing at all.
    #[error("the broker lists no active asset at all: look whether the key is one for US equities")]
    NoAssets,
    /// The dataset cannot be read or changed.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A piece of work ended abnormally.
    #[error("the work on the dataset ended abnormally")]
    Ended,
}

impl GatherError {
    pub(super) const fn asked(what: &'static str, source: CallError) -> Self {
        Self::Asked { what, source }
    }
}
