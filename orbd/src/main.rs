//! orbd.
fn main() {}
