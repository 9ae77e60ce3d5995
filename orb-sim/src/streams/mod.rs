//! The two websocket streams: market data and trade updates.
//!
//! - [`wire`]: messages of market data and their encodings;
//! - [`subscription`]: what a client wants;
//! - [`data_session`], [`trade_session`]: the conversations, as state machines;
//! - [`hub`]: the connections, what goes out to them and what goes wrong on the way.

pub(crate) mod data_session;
pub(crate) mod hub;
pub(crate) mod messages;
pub(crate) mod subscription;
pub(crate) mod trade_session;
pub(crate) mod wire;
