//! orb-data.
