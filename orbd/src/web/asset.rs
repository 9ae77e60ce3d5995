//! The files of the dashboard, as they were when orbd was built.

/// One file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asset {
    /// Its path in the address, from the slash on.
    pub(super) path: &'static str,
    /// Its content type.
    pub(super) kind: &'static str,
    /// Its content.
    pub(super) plain: &'static [u8],
    /// Its content by gzip; `None` where that is not smaller.
    pub(super) gzip: Option<&'static [u8]>,
}

/// The files that were there; none when the dashboard had not been built.
pub(super) const BUILT: &[Asset] = include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// Everything below is named by a hash of its content, and never changes under its name.
const HASHED: &str = "/assets/";

impl Asset {
    /// Tells whether its name changes with its content.
    pub(super) fn is_hashed(&self) -> bool {
        self.path.starts_with(HASHED)
    }
}
