//! Alpaca's two websockets: news of orders and prices.

mod backoff;
mod error;
mod keep;
mod lock;
mod order_message;
mod orders;
mod prices;
mod socket;

pub use error::StreamError;
pub use lock::KeyInUse;

pub(crate) use keep::{Keeper, Line, supervise};
pub(crate) use lock::StreamLock;
#[cfg(test)]
pub(crate) use order_message::read_message;
pub(crate) use orders::{Comparison, OrderStream};
pub(crate) use prices::{PriceStream, Subscription};
pub(crate) use socket::{Socket, SocketTiming};
