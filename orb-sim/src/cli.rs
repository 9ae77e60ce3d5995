//! The command line of `orb-sim`.

pub mod shell;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use orb_core::{Date, Money, Span, Symbol};
use orb_data::synthetic::SyntheticOptions;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use self::shell::{CompletionsArgs, ManArgs};
use crate::broker::MarginRequirement;
use crate::config::{Begin, Credentials, End, Feed, Latencies, RateClock, RateLimit, SimConfig};
use crate::faults::FaultPlan;
use crate::market::{MarketSource, PathConfig};
use crate::server::{Running, Server};
use crate::speed::Speed;

/// A local Alpaca over a simulated exchange.
#[derive(Debug, Parser)]
#[command(name = "orb-sim", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Completions(CompletionsArgs),
    Man(ManArgs),
    Serve(Box<ServeArgs>),
}

/// Serve Alpaca's trading and market-data API on this machine
///
/// Key and secret of the account are those of ORB_SIM_KEY_ID and ORB_SIM_SECRET, by default `sim` and `sim`.
#[derive(clap::Args, Clone, Debug)]
struct ServeArgs {
    /// Recorded bars: files or folders of CSV, CSV.gz or Parquet
    #[arg(long, num_args = 1.., value_name = "PATH", required_unless_present_any = ["synthetic", "trades"], conflicts_with = "synthetic")]
    bars: Vec<PathBuf>,
    /// Recorded trades, which are played in place of the path inside bars: files or folders of CSV, CSV.gz or Parquet
    #[arg(long, num_args = 1.., value_name = "PATH", conflicts_with = "synthetic")]
    trades: Vec<PathBuf>,
    /// Recorded bars of days before, which are history from the start
    #[arg(long, num_args = 1.., value_name = "PATH", conflicts_with = "synthetic")]
    warmup: Vec<PathBuf>,
    /// A made-up market of this seed instead of recorded bars
    #[arg(long, value_name = "SEED")]
    synthetic: Option<u64>,
    /// Number of symbols of the made-up market
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=10_000), requires = "synthetic")]
    symbols: u32,
    /// Number of sessions of the made-up market
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=250), requires = "synthetic")]
    sessions: u32,
    /// The one day to play, YYYY-MM-DD
    #[arg(long, value_name = "DATE", conflicts_with_all = ["from", "to"])]
    date: Option<Date>,
    /// First day to play; the days before are history [default: the first there is]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Last day to play [default: the last there is]
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// Simulated seconds a second, or max
    #[arg(long, value_name = "N|max", default_value = "1")]
    speed: Speed,
    /// When time begins to pass
    #[arg(long, value_enum, default_value_t = BeginArg::AtOnce)]
    begin: BeginArg,
    /// End when the last session is over
    #[arg(long)]
    exit: bool,
    /// Address to listen at
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7080")]
    listen: SocketAddr,
    /// Allow an address that other machines can reach; there is no TLS, and anybody who knows the key may trade
    #[arg(long)]
    allow_remote: bool,
    /// What is to go wrong
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Cash of the account, dollars
    #[arg(long, value_name = "DOLLARS", default_value = "100000")]
    cash: Money,
    /// How many times its equity the account may use, 1 to 4
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=4))]
    multiplier: u8,
    /// What is required of positions in a symbol, per cent of their value, in place of the usual 30; may be repeated
    #[arg(long, value_name = "SYMBOL=PERCENT", value_parser = margin_requirement)]
    margin: Vec<(Symbol, MarginRequirement)>,
    /// What the account has subscribed to
    #[arg(long, value_enum, default_value_t = FeedArg::Sip)]
    feed: FeedArg,
    /// Distance of bid and ask from the last trade, cents
    #[arg(long, value_name = "CENTS", default_value_t = 1.0)]
    half_spread: f64,
    /// Shares bid for and offered
    #[arg(long, value_name = "SHARES", default_value_t = 500)]
    quote_size: u64,
    /// Largest step between two trades inside a bar, cents
    #[arg(long, value_name = "CENTS", default_value_t = 2.0)]
    step: f64,
    /// From an order's arrival until it is acknowledged, simulated milliseconds
    #[arg(long, value_name = "MS", default_value_t = 20)]
    acknowledge_ms: u32,
    /// From then until a market order fills, simulated milliseconds
    #[arg(long, value_name = "MS", default_value_t = 30)]
    fill_ms: u32,
    /// From the end of a bar until it is published, simulated milliseconds
    #[arg(long, value_name = "MS", default_value_t = 50)]
    bar_ms: u32,
    /// A hole of at least so many minutes in a symbol's bars is a halt
    #[arg(long, value_name = "MINUTES")]
    halts_from_holes: Option<u32>,
    /// Requests a minute, trading and data each; 0 for any number
    #[arg(long, value_name = "N", default_value_t = 200)]
    rate_limit: u32,
    /// Whose minutes these are
    #[arg(long, value_enum, default_value_t = RateClockArg::Simulated)]
    rate_clock: RateClockArg,
    /// Connections to the data stream at most
    #[arg(long, value_name = "N", default_value_t = 1)]
    data_connections: u32,
    /// Corporate actions that are known: a JSON object with a list for each type, as Alpaca replies
    #[arg(long, value_name = "FILE")]
    corporate_actions: Option<PathBuf>,
    /// Assets that are not as usual, or have no prices: a JSON list of {"symbol": .., "exchange": .., "tradable": ..}
    #[arg(long, value_name = "FILE")]
    listings: Option<PathBuf>,
    /// Leave out the field of assets that Alpaca has announced to drop
    #[arg(long)]
    no_easy_to_borrow: bool,
    /// Seed of identifiers
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BeginArg {
    /// As soon as the server runs
    AtOnce,
    /// With the first request or connection that has the right key
    Client,
    /// With the first subscription to market data
    Subscription,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FeedArg {
    Iex,
    Sip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RateClockArg {
    Simulated,
    Wall,
}

/// Parses the command line and runs the command.
///
/// # Errors
/// Names what is at fault and the remedy.
pub fn run() -> anyhow::Result<()> {
    let args = match Cli::parse().command {
        Command::Completions(args) => return print(&shell::completions(&args, Cli::command())?),
        Command::Man(args) => return print(&shell::man(&args, Cli::command())?),
        Command::Serve(args) => args,
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()))
        .init();
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    threads.block_on(serve(&args))
}

/// Writes an error with its causes, each said once.
#[must_use]
pub fn sentence(error: &anyhow::Error) -> String {
    error
        .chain()
        .skip(1)
        .map(ToString::to_string)
        .fold(error.to_string(), |text, cause| if text.contains(&cause) { text } else { format!("{text}: {cause}") })
}

async fn serve(args: &ServeArgs) -> anyhow::Result<()> {
    // Before anything else: whoever starts this may end it at once.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let config = args.config()?;
    if !args.listen.ip().is_loopback() && !args.allow_remote {
        anyhow::bail!("{} can be reached by other machines: listen at 127.0.0.1, or add --allow-remote", args.listen);
    }
    let listener = TcpListener::bind(args.listen).await.with_context(|| format!("cannot listen at {}", args.listen))?;
    let running = Server::start(config.clone(), listener).await?;
    print(&banner(&running, &config))?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = running.stopped() => print("The last session is over.\n")?,
    }
    running.stop().await;
    Ok(())
}

/// Prints to standard output; a reader that has gone away is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn banner(running: &Running, config: &SimConfig) -> String {
    let (address, now) = (running.address(), running.clock().now());
    let Credentials { key_id, .. } = &config.credentials;
    let feed = match config.feed {
        Feed::Iex => "iex",
        Feed::Sip => "sip",
    };
    format!(
        "\
A local Alpaca at http://{address}, key {key_id}; it is {now} there, and time passes at speed {speed}.

curl       curl -H 'APCA-API-KEY-ID: {key_id}' -H \"APCA-API-SECRET-KEY: $SECRET\" http://{address}/v2/account
alpaca-py  TradingClient(KEY, SECRET, url_override=\"http://{address}\")
           StockHistoricalDataClient(KEY, SECRET, url_override=\"http://{address}\")
           TradingStream(KEY, SECRET, url_override=\"ws://{address}/stream\")
           StockDataStream(KEY, SECRET, url_override=\"ws://{address}/v2/{feed}\")
apca       APCA_API_BASE_URL=http://{address} APCA_API_STREAM_URL=ws://{address}/stream

Ctrl-C ends it.
",
        speed = config.speed,
    )
}

impl ServeArgs {
    fn config(&self) -> anyhow::Result<SimConfig> {
        let mut config = SimConfig::new(self.market());
        (config.first, config.last) = (self.date.or(self.from), self.date.or(self.to));
        config.speed = self.speed;
        config.begin = match self.begin {
            BeginArg::AtOnce => Begin::AtOnce,
            BeginArg::Client => Begin::WithClient,
            BeginArg::Subscription => Begin::WithSubscription,
        };
        config.end = if self.exit { End::Stop } else { End::Stay };
        config.cash = self.cash;
        config.margin.multiplier = self.multiplier;
        config.margin_requirements = self.margin.iter().cloned().collect();
        config.credentials = credentials();
        config.feed = match self.feed {
            FeedArg::Iex => Feed::Iex,
            FeedArg::Sip => Feed::Sip,
        };
        config.path = PathConfig {
            step_micros: cents(self.step, "--step")?.max(1),
            half_spread_micros: cents(self.half_spread, "--half-spread")?,
            quote_size: self.quote_size,
            ..PathConfig::default()
        };
        let millis = |millis: u32| Span::from_millis(i64::from(millis));
        config.latencies = Latencies {
            acknowledge: millis(self.acknowledge_ms),
            fill: millis(self.fill_ms),
            bar: millis(self.bar_ms),
        };
        config.halts_from_holes = self.halts_from_holes.map(|minutes| Span::from_minutes(i64::from(minutes)));
        let clock = match self.rate_clock {
            RateClockArg::Simulated => RateClock::Simulated,
            RateClockArg::Wall => RateClock::Wall,
        };
        config.rate_limit = (self.rate_limit > 0).then_some(RateLimit { per_minute: self.rate_limit, clock });
        config.data_connections_max = usize::try_from(self.data_connections)?;
        config.has_easy_to_borrow = !self.no_easy_to_borrow;
        config.seed = self.seed;
        if let Some(path) = &self.corporate_actions {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let expected = || format!("{}: expected an object with a list for each type", path.display());
            config.corporate_actions = serde_json::from_str(&text).with_context(expected)?;
        }
        if let Some(path) = &self.listings {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let expected = || format!("{}: expected a list of assets, each with its symbol", path.display());
            config.listings = serde_json::from_str(&text).with_context(expected)?;
        }
        if let Some(path) = &self.faults {
            config.faults = FaultPlan::read(path)?;
        }
        Ok(config)
    }

    fn market(&self) -> MarketSource {
        let Some(seed) = self.synthetic else {
            let (bars, trades, warmup) = (self.bars.clone(), self.trades.clone(), self.warmup.clone());
            return match trades.as_slice() {
                [] => MarketSource::Files { bars, warmup },
                [_, ..] => MarketSource::Trades { trades, bars, warmup },
            };
        };
        let (symbols, sessions) = (self.symbols as usize, self.sessions as usize);
        MarketSource::Synthetic { seed, options: SyntheticOptions { symbols, sessions, ..SyntheticOptions::default() } }
    }
}

/// Reads a symbol and what is required of positions in it.
fn margin_requirement(text: &str) -> Result<(Symbol, MarginRequirement), String> {
    let expected = || format!("expected SYMBOL=PERCENT with 1 to 1000 per cent, as TQQQ=90, not `{text}`");
    let (name, percent) = text.split_once('=').ok_or_else(expected)?;
    let symbol = Symbol::new(name).map_err(|error| error.to_string())?;
    let percent = percent.parse().ok().filter(|percent| (1..=1_000).contains(percent)).ok_or_else(expected)?;
    Ok((symbol, MarginRequirement::of_both(percent)))
}

/// Reads cents, up to 100 dollars, as micro-dollars.
fn cents(cents: f64, flag: &str) -> anyhow::Result<i64> {
    anyhow::ensure!((0.0..=10_000.0).contains(&cents), "{flag}: expected cents from 0 to 10000, not {cents}");
    Ok((cents * 10_000.0).round() as i64)
}

fn credentials() -> Credentials {
    let default = Credentials::default();
    let of = |variable: &str| std::env::var(variable).ok().filter(|text| !text.is_empty());
    Credentials {
        key_id: of("ORB_SIM_KEY_ID").unwrap_or(default.key_id),
        secret: of("ORB_SIM_SECRET").unwrap_or(default.secret),
    }
}
