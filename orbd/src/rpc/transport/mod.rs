//! How the API is reached: its port, its socket, its encryption, and the pages that may call it.

mod connection;
mod doors;
mod listen;
mod places;
mod tls;
mod web;

pub(super) use connection::Peer;
pub(super) use doors::Visitors;
pub(crate) use doors::{Doors, Opened};
pub use listen::{Exposure, Listeners, ServeError, bind, listen};
pub(crate) use places::CONNECTIONS;
pub use tls::{TlsError, TlsFiles};
pub(super) use web::Stranger;
pub use web::{WebRules, is_host_name, is_origin};
