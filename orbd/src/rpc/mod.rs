//! The gRPC control plane: one file per service, over [`View`](crate::view::View)s and the records.
//!
//! Nothing here touches the engine or delays it: readers take shared views and broadcast updates, commands go through
//! one channel to the runtime, and what a slow client holds up is its own stream.

mod command;
mod control;
mod convert;
mod environment;
mod export;
mod feed;
mod gate;
mod handle;
mod history;
mod judgement;
mod live;
mod log;
mod portfolio;
mod records;
mod replay;
mod server;
mod signal;
#[cfg(test)]
mod tests;
mod touched;
mod validate;

pub use control::Control;
pub use environment::{SWITCHING, SwitchError, SwitchRequest, Switchboard, Switched};
pub use feed::Feed;
pub use handle::{Accepted, CommandReply, CommandRequest, Handle, RefusalKind, Refused};
pub use history::History;
pub use live::Live;
pub use log::Logs;
pub use portfolio::Portfolio;
pub use server::{ServeError, listen, routes, serve};
pub use signal::Signals;
