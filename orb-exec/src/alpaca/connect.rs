//! Joins the broker, the two streams and the market data to one connection with Alpaca.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use orb_core::event::BrokerSnapshot;
use orb_core::{Bar, Calendar, Span, SymbolId, SymbolTable, Timestamp};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::broker::{AlpacaBroker, BrokerHandle, BrokerParts, Outbox};
use super::config::{AlpacaConfig, BracketSupport, ConfigError, Feed};
use super::market::{AlpacaMarket, Desk, DeskSettings, Fetch, Lanes, News, Wishes};
use super::orders::OrderReader;
use super::rest::CallError;
use super::stream::{
    Comparison, Keeper, Line, OrderStream, PriceStream, Socket, SocketTiming, StreamError, StreamLock, Subscription,
    supervise,
};
use super::wire::data::SymbolIndex;
use crate::broker::{BrokerEvent, EntryGate};
use crate::clock::Clock;

/// Symbols whose trades and quotes the feed of IEX gives: 30 channels, two for each symbol.
const IEX_TICKS_MAX: usize = 15;
/// Symbols whose trades and quotes are subscribed all day; of more, only those that matter at the time.
const SIP_TICKS_ALL_DAY_MAX: usize = 50;
/// The longest silence where trades and quotes are subscribed.
const STALE_AFTER_TICKS: Span = Span::from_seconds(5);
/// The longest silence where only bars are: they come once a minute.
const STALE_AFTER_BARS: Span = Span::from_seconds(75);

/// Reads the whole state at the broker.
pub trait SnapshotSource: Send + Sync + 'static {
    /// Why it could not be read.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Reads the day's orders with their legs, the positions, the day's executions and the account.
    ///
    /// # Errors
    /// When any part of it cannot be read.
    fn snapshot(&self) -> impl Future<Output = Result<BrokerSnapshot, Self::Error>> + Send;
}

/// Reads bars of the past.
pub trait BarSource: Send + Sync + 'static {
    /// Why they could not be read.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Reads the minutes' bars of some symbols that start in [`from`, `to`), in any order; a symbol without trades in a
    /// minute has no bar of it.
    ///
    /// # Errors
    /// When any part of them cannot be read.
    fn bars(
        &self,
        symbols: &[SymbolId],
        from: Timestamp,
        to: Timestamp,
    ) -> impl Future<Output = Result<Vec<Bar>, Self::Error>> + Send;
}

/// Says how the streams are listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSettings {
    /// Symbols whose trades and quotes are subscribed all day, the most important first; `None` for all symbols, or, of
    /// more than 50 (15 at the feed of IEX), for those alone that are held or whose levels are watched at the time.
    ///
    /// The feed of IEX gives no more than 15: the first ones are taken. A symbol without them is traded by its bars.
    pub ticks: Option<Vec<SymbolId>>,
    /// How long after its end a minute waits for its bars; shorter than the 200 ms after which the bars that are missing at
    /// a range's end are asked for, or those that are here would be asked for as well.
    pub bar_grace: Span,
    /// The longest silence within a session before the data count as stale; `None` for 5 seconds where trades and
    /// quotes are subscribed and 75 where they are not.
    pub stale_after: Option<Span>,
    /// How often the whole state is compared with the broker's; `None` for only after each connection.
    ///
    /// A comparison takes six requests: every 15 seconds they are 24 of the 60 a minute that a steady day may need.
    pub compare_every: Option<Span>,
    /// The broker's clock is compared with ours once a minute, and entries are held while they differ.
    pub watches_clock: bool,
    /// The data end a minute after the session's close; else they go on with the next one.
    pub ends_with_session: bool,
    /// How often the first connection is tried.
    pub connect_tries: u32,
    /// How long a connection may take to be made, and to answer each step of the conversation.
    pub answer_within: Duration,
    /// Time between pings.
    pub ping_every: Duration,
    /// From a ping to any sign of life.
    pub pong_within: Duration,
    /// Seed of the random part of the waits between connections.
    pub seed: u64,
}

impl Default for StreamSettings {
    /// Makes the settings for real trading; each time with another seed.
    fn default() -> Self {
        Self {
            ticks: None,
            bar_grace: Span::from_millis(150),
            stale_after: None,
            compare_every: Some(Span::from_seconds(15)),
            watches_clock: true,
            ends_with_session: false,
            connect_tries: 5,
            answer_within: Duration::from_secs(10),
            ping_every: Duration::from_secs(10),
            pong_within: Duration::from_secs(10),
            seed: RandomState::new().hash_one(0),
        }
    }
}

impl StreamSettings {
    const fn timing(&self) -> SocketTiming {
        let Self { answer_within, ping_every, pong_within, .. } = *self;
        SocketTiming { answer_within, ping_every, pong_within }
    }

    /// Returns of how many symbols trades and quotes are subscribed at a time, where they are of those alone that matter
    /// then; `None` where they are of the same symbols all day.
    fn ticks_at_a_time(&self, symbols: &SymbolTable, feed: Feed) -> Option<usize> {
        let (all_day, most) = match feed {
            Feed::Iex => (IEX_TICKS_MAX, IEX_TICKS_MAX),
            Feed::Sip => (SIP_TICKS_ALL_DAY_MAX, usize::MAX),
        };
        (self.ticks.is_none() && symbols.len() > all_day).then_some(most)
    }

    /// Returns the symbols whose trades and quotes are subscribed from the start on.
    fn ticks(&self, symbols: &SymbolTable, feed: Feed) -> Vec<SymbolId> {
        if self.ticks_at_a_time(symbols, feed).is_some() {
            return Vec::new();
        }
        let mut ticks = self.ticks.clone().unwrap_or_else(|| symbols.iter().map(|(id, _)| id).collect());
        let limit = match feed {
            Feed::Iex => IEX_TICKS_MAX,
            Feed::Sip => usize::MAX,
        };
        if ticks.len() > limit {
            let (given, wanted) = (limit, ticks.len());
            tracing::warn!(component = "Data", given, wanted, "the feed gives trades and quotes of fewer symbols");
            ticks.truncate(limit);
        }
        ticks
    }
}

/// Explains why there is no connection with Alpaca.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The stream of order news.
    #[error("the stream of order news: {0}")]
    Orders(#[source] StreamError),
    /// The stream of prices.
    #[error("the stream of prices: {0}")]
    Prices(#[source] StreamError),
}

/// Holds what there is to connect.
#[derive(Debug)]
pub struct ConnectParts<C> {
    /// Which Alpaca.
    pub config: AlpacaConfig,
    /// The symbols that orb knows.
    pub symbols: Arc<SymbolTable>,
    /// The exchange's sessions.
    pub calendar: Arc<Calendar>,
    /// What stops entries at the last point.
    pub gate: EntryGate,
    /// The time that the market lives in.
    pub clock: C,
    /// Which entries may carry their exits.
    pub brackets: BracketSupport,
    /// How the streams are listened to.
    pub settings: StreamSettings,
    /// Ends everything.
    pub stop: CancellationToken,
}

/// Holds a connection with Alpaca.
#[derive(Debug)]
pub struct Connected<C: Clock> {
    /// Where effects go.
    pub broker: AlpacaBroker<C>,
    /// Where prices and the time come from.
    pub market: AlpacaMarket<C>,
    /// What the broker reports.
    pub events: mpsc::UnboundedReceiver<BrokerEvent>,
}

/// Connects with Alpaca: makes the broker, opens both streams and keeps them open until they are stopped.
///
/// After each connection of the stream of order news, and from time to time, the whole state is read and reported as a
/// [`BrokerEvent::Snapshot`]; news since the connection follows it.
///
/// # Errors
/// When an address cannot be used, or one of the streams cannot be opened.
pub async fn connect<C: Clock>(parts: ConnectParts<C>) -> Result<Connected<C>, ConnectError> {
    let (sender, events) = mpsc::unbounded_channel();
    let ConnectParts { config, symbols, calendar, gate, clock, brackets, settings, stop } = parts;
    let broker = AlpacaBroker::new(BrokerParts {
        config: config.clone(),
        symbols: Arc::clone(&symbols),
        calendar: Arc::clone(&calendar),
        gate,
        clock: clock.clone(),
        brackets,
        events: sender,
    })?;
    let handle = broker.handle();
    let (reader, outbox) = (handle.rest().orders().clone(), handle.outbox());
    // What was begun ends where the second stream cannot be opened.
    let stop = stop.child_token();
    let unless_connected = stop.clone().drop_guard();
    let source = Arc::new(handle);
    let skew = settings.watches_clock.then(|| super::skew::watch(broker.handle(), clock.clone(), stop.clone()));
    let market =
        open_streams(StreamParts { config, symbols, calendar, clock, settings, source, reader, outbox, stop }).await?;
    unless_connected.disarm();
    skew.map(tokio::spawn);
    Ok(Connected { broker, market, events })
}

impl<C: Clock> SnapshotSource for BrokerHandle<C> {
    type Error = CallError;

    fn snapshot(&self) -> impl Future<Output = Result<BrokerSnapshot, CallError>> + Send {
        Self::snapshot(self)
    }
}

impl<C: Clock> BarSource for BrokerHandle<C> {
    type Error = CallError;

    async fn bars(&self, symbols: &[SymbolId], from: Timestamp, to: Timestamp) -> Result<Vec<Bar>, CallError> {
        self.rest().bars(symbols, from, to, self.now()).await
    }
}

/// Holds what both streams need.
pub(crate) struct StreamParts<C: Clock, S> {
    pub(crate) config: AlpacaConfig,
    pub(crate) symbols: Arc<SymbolTable>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) clock: C,
    pub(crate) settings: StreamSettings,
    /// Reads snapshots and bars.
    pub(crate) source: Arc<S>,
    pub(crate) reader: OrderReader,
    pub(crate) outbox: Outbox<C>,
    pub(crate) stop: CancellationToken,
}

impl<C: Clock, S> StreamParts<C, S> {
    fn line(&self, address: Url) -> Line<C> {
        Line { address, timing: self.settings.timing(), clock: self.clock.clone() }
    }
}

/// Opens both streams and keeps them open until they are stopped; order news goes to the outbox.
///
/// # Errors
/// When one of them cannot be opened; the other one is closed again.
pub(crate) async fn open_streams<C, S>(parts: StreamParts<C, S>) -> Result<AlpacaMarket<C>, ConnectError>
where
    C: Clock,
    S: SnapshotSource + BarSource,
{
    let index = Arc::new(SymbolIndex::of(&parts.symbols));
    let lanes = Arc::new(Lanes::new(parts.clock.clone()));
    let reconnect = Arc::new(Notify::new());
    let mut orders = order_stream(&parts).map_err(ConnectError::Orders)?;
    let at_a_time = parts.settings.ticks_at_a_time(&parts.symbols, parts.config.feed);
    let wishes = at_a_time.map(|most| (Wishes::default(), most));
    let asked = wishes.as_ref().map(|(wishes, _)| wishes.clone());
    let mut prices = price_stream(&parts, &index, &lanes, &reconnect, asked).map_err(ConnectError::Prices)?;

    let keeper = |salt| Keeper::new(parts.clock.clone(), parts.settings.seed ^ salt, parts.stop.clone());
    let (mut orders_keeper, mut prices_keeper) = (keeper(0), keeper(1));
    let tries = parts.settings.connect_tries;
    let order_socket = orders_keeper.first(&mut orders, tries).await.map_err(ConnectError::Orders)?;
    let price_socket = match prices_keeper.first(&mut prices, tries).await {
        Ok(socket) => socket,
        Err(error) => {
            order_socket.close().await;
            return Err(ConnectError::Prices(error));
        }
    };
    let desk = desk(&parts, prices.has_ticks());
    let fetch = fetcher(&parts, &lanes);
    keep_orders(&parts, orders_keeper, orders, order_socket);
    keep_prices(&parts, prices_keeper, prices, price_socket);
    let market = AlpacaMarket::new(parts.clock, desk, lanes, fetch, reconnect);
    Ok(match wishes {
        Some((wishes, most)) => market.with_wishes(wishes, most),
        None => market,
    })
}

fn order_stream<C: Clock, S: SnapshotSource>(parts: &StreamParts<C, S>) -> Result<OrderStream<C, S>, StreamError> {
    let (address, credentials) = (parts.config.urls.trade_stream.clone(), parts.config.credentials.clone());
    let lock = Arc::new(StreamLock::acquire(&address, &credentials)?);
    Ok(OrderStream {
        line: parts.line(address),
        credentials,
        reader: parts.reader.clone(),
        outbox: parts.outbox.clone(),
        source: Arc::clone(&parts.source),
        compare_every: parts.settings.compare_every,
        lock,
        comparison: Comparison::default(),
    })
}

fn price_stream<C: Clock, S>(
    parts: &StreamParts<C, S>,
    index: &Arc<SymbolIndex>,
    lanes: &Arc<Lanes<C>>,
    reconnect: &Arc<Notify>,
    wishes: Option<Wishes>,
) -> Result<PriceStream<C>, StreamError> {
    let (address, credentials) = (data_address(&parts.config), parts.config.credentials.clone());
    let lock = Arc::new(StreamLock::acquire(&address, &credentials)?);
    let ticks = parts.settings.ticks(&parts.symbols, parts.config.feed);
    Ok(PriceStream {
        line: parts.line(address),
        credentials,
        subscription: Subscription::new(&parts.symbols, &ticks),
        table: Arc::clone(&parts.symbols),
        symbols: Arc::clone(index),
        lanes: Arc::clone(lanes),
        reconnect: Arc::clone(reconnect),
        wishes,
        _lock: lock,
    })
}

/// Returns the address of the stream of prices: the host's with the version and the feed.
fn data_address(config: &AlpacaConfig) -> Url {
    let mut address = config.urls.data_stream.clone();
    address.set_path(&format!("/v2/{}", config.feed.name()));
    address
}

fn desk<C: Clock, S>(parts: &StreamParts<C, S>, has_ticks: bool) -> Desk {
    let StreamSettings { bar_grace, stale_after, ends_with_session, .. } = parts.settings;
    let usual = if has_ticks { STALE_AFTER_TICKS } else { STALE_AFTER_BARS };
    let at_a_time = parts.settings.ticks_at_a_time(&parts.symbols, parts.config.feed);
    let stale_after_ticks = at_a_time.filter(|_| stale_after.is_none()).map(|_| STALE_AFTER_TICKS);
    let stale_after = stale_after.unwrap_or(usual);
    let settings = DeskSettings { bar_grace, stale_after, stale_after_ticks, ends_with_session };
    Desk::new(parts.clock.now(), parts.symbols.len(), Arc::clone(&parts.calendar), settings)
}

/// Makes the function that asks for the bars of a gap and hands the answer on.
fn fetcher<C: Clock, S: BarSource>(parts: &StreamParts<C, S>, lanes: &Arc<Lanes<C>>) -> Fetch {
    let (source, lanes) = (Arc::clone(&parts.source), Arc::clone(lanes));
    let (clock, stop) = (parts.clock.clone(), parts.stop.clone());
    Box::new(move |gap, symbols| {
        let (source, lanes, busy) = (Arc::clone(&source), Arc::clone(&lanes), clock.busy());
        let reading = tokio::spawn(async move { source.bars(&symbols, gap.from, gap.to).await });
        let stop = stop.clone();
        tokio::spawn(async move {
            let abort = reading.abort_handle();
            let bars = tokio::select! {
                biased;
                () = stop.cancelled() => return abort.abort(),
                read = reading => match read {
                    Ok(Ok(bars)) => Some(bars),
                    Ok(Err(error)) => {
                        tracing::warn!(component = "Data", "the missing bars could not be read: {error}");
                        None
                    }
                    Err(failure) => {
                        tracing::error!(component = "Data", "reading the missing bars ended: {failure}");
                        None
                    }
                },
            };
            lanes.push(News::Filled(gap.number, bars));
            drop(busy);
        });
    })
}

fn keep_orders<C: Clock, S: SnapshotSource>(
    parts: &StreamParts<C, S>,
    keeper: Keeper<C>,
    stream: OrderStream<C, S>,
    socket: Socket<C>,
) {
    let mut first = Some(socket);
    let begin = move || tokio::spawn(keeper.clone().keep(stream.fresh(), first.take()));
    tokio::spawn(supervise("orders", parts.clock.clone(), parts.stop.clone(), begin));
}

fn keep_prices<C: Clock, S>(parts: &StreamParts<C, S>, keeper: Keeper<C>, stream: PriceStream<C>, socket: Socket<C>) {
    let mut first = Some(socket);
    let begin = move || tokio::spawn(keeper.clone().keep(stream.clone(), first.take()));
    tokio::spawn(supervise("prices", parts.clock.clone(), parts.stop.clone(), begin));
}

#[cfg(test)]
mod tests;
