//! Notices for people who are not looking: to webhooks, Slack, Telegram and by mail.
//!
//! What is told comes from the updates that streams are fed from, so it is committed; and from the live ones alone, so
//! that a restart repeats nothing: what was in force before it is part of the notice of the start. A task takes the
//! updates and gives notices to a bounded queue for each channel, whose own task sends them. Neither the engine nor the
//! records nor a stream ever wait for any of this, and a channel that is dead changes nothing but a counter.
//!
//! Secrets (addresses of webhooks, tokens, passwords) come from systemd or the environment alone, and are in no log, no
//! error and no `Debug`. Connections are made directly: a proxy that the environment names is not used.

mod bucket;
mod channel;
mod config;
mod error;
mod follow;
mod kind;
mod lane;
mod message;
mod notice;
mod notifier;
mod queue;
mod sentences;
mod told;

pub use channel::Channel;
pub use config::{ChannelConfig, Encryption, MESSAGES_PER_MINUTE, MailTarget, Target};
pub use error::{ChannelError, SendError};
pub use kind::{Kind, Weight};
pub use message::Message;
pub use notice::{Notice, Origin};
pub(crate) use notifier::Notifier;
pub use notifier::Teller;
pub(crate) use sentences::{engine_lost, parity, stopped, trial};

#[cfg(test)]
mod tests;
