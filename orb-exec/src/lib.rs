//! orb-exec.
