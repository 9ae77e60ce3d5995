//! orbctl.
fn main() {}
