//! The simulator as its clients see it, over real sockets.

mod lock_step;
mod server;
mod support;
#[cfg(test)]
mod trades;
