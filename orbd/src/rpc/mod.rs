//! The gRPC control plane: one file per service, over [`View`](crate::view::View)s and the store.

mod gate;
mod handle;

pub use handle::{Accepted, AuditRecord, CommandReply, CommandRequest, Handle, RefusalKind, Refused};
