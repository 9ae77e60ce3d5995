//! Where traces go, as the configuration says it; the headers are a secret and not in it.

use std::path::PathBuf;

use url::Url;

/// Says where traces go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtelConfig {
    /// The collector, by gRPC; `None` for none.
    pub endpoint: Option<Url>,
    /// The authorities that its certificate may come from, in PEM; `None` for those of the system.
    pub authority: Option<PathBuf>,
}
