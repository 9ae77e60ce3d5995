//! Which program this is.

/// Names this build by its version and the fingerprint of the engine's sources, as in `0.1.0 (engine 0123456789abcdef)`.
///
/// Two builds of one name decide alike: what a journal of the one recorded, the other repeats.
pub const NAME: &str = concat!(env!("CARGO_PKG_VERSION"), " (engine ", env!("ORB_ENGINE"), ")");
