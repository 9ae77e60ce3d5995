//! The sockets of the simulator, and the task that owns everything else.

mod owner;
mod reply;
mod rest;
mod socket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::serve::{Listener, ListenerExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::clock::SimClock;
use crate::config::SimConfig;
use crate::exchange::Exchange;
use crate::faults::FaultCounts;
use crate::market::SourceError;
use crate::memory::MemoryError;
use owner::{Command, Owner};

/// Starts simulators.
#[derive(Clone, Copy, Debug)]
pub struct Server;

/// Explains why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no market.
    #[error(transparent)]
    Market(#[from] SourceError),
    /// What it remembers cannot be used.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The listener cannot be used.
    #[error("cannot listen")]
    Listen(#[from] std::io::Error),
}

/// Stands for a running simulator; it ends when this is dropped or stopped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    clock: SimClock,
    fault_counts: FaultCounts,
    data_requests: Arc<AtomicU64>,
    commands: tokio::sync::mpsc::Sender<Command>,
    stop: CancellationToken,
    owner: Option<JoinHandle<()>>,
    server: Option<JoinHandle<()>>,
}

impl Server {
    /// Prepares the market and serves Alpaca's API on a listener.
    ///
    /// # Errors
    /// When the bars cannot be loaded or cover none of the dates, or the listener has no address.
    pub async fn start(config: SimConfig, listener: TcpListener) -> Result<Running, StartError> {
        let address = listener.local_addr()?;
        let ends = config.end;
        // Bars take a while to load, and other tasks of the runtime go on.
        let prepared = tokio::task::spawn_blocking(move || Exchange::new(config)).await;
        let (exchange, clock) = match prepared {
            Ok(prepared) => prepared?,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        let fault_counts = exchange.fault_counts.clone();
        let stop = CancellationToken::new();
        let (owner, commands) = Owner::new(exchange, clock.clone(), ends, stop.clone());
        let data_requests = Arc::<AtomicU64>::default();
        let front = rest::Front {
            commands: commands.clone(),
            clock: clock.clone(),
            data_requests: Arc::clone(&data_requests),
            stop: stop.clone(),
        };
        let app = rest::app(Arc::new(front));
        let until = stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            // Serving ends with the token; a connection's own errors never get here.
            let _ = axum::serve(prompt(listener), app).with_graceful_shutdown(until).await;
        });
        let owner = tokio::spawn(owner.run());
        Ok(Running {
            address,
            clock,
            fault_counts,
            data_requests,
            commands,
            stop,
            owner: Some(owner),
            server: Some(server),
        })
    }
}

/// Makes connections send each frame at once: a small one would wait for the acknowledgement of the one before it,
/// which a client that has nothing to say holds back for 40 ms.
fn prompt(listener: TcpListener) -> impl Listener<Io = TcpStream, Addr = SocketAddr> {
    listener.tap_io(|stream| {
        // Without it the connection works too, only slowly.
        let _ = stream.set_nodelay(true);
    })
}

impl Running {
    /// Returns where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its clock.
    #[must_use]
    pub const fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// Returns how often the rules of its plan of faults have applied; they go on counting.
    #[must_use]
    pub const fn fault_counts(&self) -> &FaultCounts {
        &self.fault_counts
    }

    /// Returns how many requests for market data came so far, without websockets.
    #[must_use]
    pub fn data_requests(&self) -> u64 {
        self.data_requests.load(Ordering::Relaxed)
    }

    /// Runs something on the broker, between two things that happen; `None` when the simulator has stopped.
    ///
    /// Time stands until it is done.
    pub async fn with_broker<T, F>(&self, act: F) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Broker) -> T + Send + 'static,
    {
        let hold = self.clock.busy();
        let (reply, answer) = oneshot::channel();
        let act = Box::new(move |broker: &mut Broker| {
            // Nobody waits for the answer of a call that was given up.
            let _ = reply.send(act(broker));
        });
        self.commands.send(Command::WithBroker(act, hold)).await.ok()?;
        answer.await.ok()
    }

    /// Returns a token that is cancelled when the simulator stops, and that stops it.
    #[must_use]
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Waits until the simulator has stopped by itself or by its token.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Ends all connections and waits until nothing is left.
    pub async fn stop(mut self) {
        self.stop.cancel();
        for task in [self.owner.take(), self.server.take()].into_iter().flatten() {
            // A task that panicked has ended as well.
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
