//! The orb daemon as a library: what the `orbd` command is made of.

pub mod auth;
pub mod rpc;
pub mod view;
