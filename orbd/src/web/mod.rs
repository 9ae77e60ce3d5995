//! The dashboard's pages, built into the program and served beside the API.
//!
//! Nothing here knows the engine or the records: the page gets everything over the API, with a token.

mod asset;
mod headers;
mod missing;
mod site;
#[cfg(test)]
mod tests;

pub use site::{is_built, router};
