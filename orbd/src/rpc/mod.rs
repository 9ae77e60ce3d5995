//! The gRPC control plane: one file per service, over [`View`](crate::view::View)s and the records.
//!
//! Nothing here touches the engine or delays it: readers take shared views and broadcast updates, commands go through
//! one channel to the runtime, and what a slow client holds up is its own stream.

mod alarms;
mod attempts;
mod audit;
mod bars;
mod caller;
mod cancel;
mod chain;
mod close_all;
mod command;
mod config;
mod control;
mod convert;
mod environment;
mod explanation;
mod export;
mod feed;
mod figures;
mod foreign;
mod front;
mod gate;
mod guarded;
mod handle;
mod history;
mod judgement;
mod limits;
mod live;
mod log;
mod orders;
mod portfolio;
mod records;
mod refuse;
mod refused;
mod reload;
mod replay;
mod server;
mod signal;
mod streams;
#[cfg(test)]
mod tests;
mod touched;
mod transport;
mod universe;
mod unsettled;
mod validate;

#[cfg(feature = "otel")]
pub(crate) use chain::{Chain, read as read_chain};
pub use control::Control;
pub use environment::{BoardRequest, SWITCHING, SwitchError, SwitchRequest, Switchboard, Switched};
pub use feed::Feed;
pub use handle::{Accepted, CommandReply, CommandRequest, Finished, Handle, RefusalKind, Refused};
pub use history::History;
pub use live::Live;
pub use log::Logs;
pub use portfolio::Portfolio;
pub use reload::{ReloadRequest, Reloaded};
pub use server::{routes, serve};
pub use signal::Signals;
pub use streams::Streams;
pub(crate) use transport::{CONNECTIONS, Doors, Opened};
pub use transport::{
    Exposure, Listeners, ServeError, TlsError, TlsFiles, WebRules, bind, is_host_name, is_origin, listen,
};
