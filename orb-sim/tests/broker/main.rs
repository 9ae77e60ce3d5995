//! The broker's rules, one test for each, as a client of its API sees them.

mod account;
mod groups;
mod lifecycle;
mod matching;
mod properties;
mod rules;
mod support;
