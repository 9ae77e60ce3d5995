//! The broker's rules, one test for each, as a client of its API sees them.

mod groups;
mod support;
