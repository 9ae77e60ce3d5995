//! The bars and the day of a demo.

use std::hash::{Hash as _, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use orb_backtest::{ExchangeConfig, FillModel};
use orb_core::event::ReferenceData;
use orb_core::{Date, RunConfig};
use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
use orb_exec::local::{Speed, VenueConfig};

use crate::backtest::{self, InputError, Market, Selection};

/// The synthetic market is the same on every machine: this is its seed.
pub const SYNTHETIC_SEED: u64 = 20_260_302;

/// Holds what a demo trades.
#[derive(Debug)]
pub struct DemoSession {
    /// The configuration.
    pub run: RunConfig,
    /// One day of bars.
    pub market: Market,
}

impl DemoSession {
    /// Takes one day of recorded bars.
    ///
    /// # Errors
    /// When they cannot be read, or there are none on that day.
    pub fn recorded(bars: Vec<PathBuf>, date: Option<Date>, mut run: RunConfig) -> anyhow::Result<Self> {
        let selection = Selection { bars, from: date, to: date, ..Selection::default() };
        let mut market = backtest::load(&selection, &mut run).map_err(|error| match (error, date) {
            (InputError::NoSession { first, last }, Some(date)) => {
                anyhow!("--date {date}: no session with bars; the bars have {first} to {last}")
            }
            (error, _) => error.into(),
        })?;
        let last = market.days.pop().context("there is no session in the bars")?;
        if date.is_none() {
            market.days.clear();
        }
        if let Some(date) = date.filter(|&date| date != last.session.date) {
            bail!("--date {date}: the exchange is closed that day");
        }
        if market.bars_of(&last).is_empty() {
            bail!("--date {}: the bars have none on that day", last.session.date);
        }
        market.days = vec![last];
        Ok(Self { run, market })
    }

    /// Makes a synthetic day.
    ///
    /// # Errors
    /// When the exchange is closed that day, or the configuration does not fit one-minute bars.
    pub fn synthetic(seed: u64, date: Option<Date>, mut run: RunConfig) -> anyhow::Result<Self> {
        let calendar = Arc::new(orb_data::calendar::nyse_calendar(2005, 2100));
        if let Some(date) = date.filter(|&date| calendar.session(date).is_none()) {
            bail!("--date {date}: the exchange is closed that day, or the calendar, 2005 to 2100, does not reach it");
        }
        let mut options = SyntheticOptions::default();
        options.first_date = date.unwrap_or(options.first_date);
        let loaded = SyntheticMarket::new(seed, options).generate(&calendar)?;
        let market = Market::new(loaded, calendar, &Selection::default(), &mut run)?;
        Ok(Self { run, market })
    }

    /// Returns the day.
    #[must_use]
    pub fn date(&self) -> Date {
        self.market.days[0].session.date
    }

    /// Returns what is known of the day before its open.
    #[must_use]
    pub fn reference(&self) -> ReferenceData {
        let day = &self.market.days[0];
        ReferenceData { date: day.session.date, equity_open: self.run.initial_equity, symbols: day.reference.clone() }
    }

    /// Returns the simulated exchange of the day.
    #[must_use]
    pub fn venue(&self, speed: Speed, log: PathBuf) -> VenueConfig {
        let day = &self.market.days[0];
        VenueConfig {
            exchange: ExchangeConfig {
                fill_model: FillModel::Pessimistic,
                costs: self.run.strategies.iter().map(|strategy| strategy.costs).collect(),
                cash: self.run.initial_equity,
                symbols: self.market.symbols.len(),
            },
            session: day.session,
            bars: self.market.bars_of(day).to_vec(),
            bar_length: self.market.bar_length,
            speed,
            log: Some(log),
            fingerprint: self.fingerprint(),
        }
    }

    /// Names the day, the bars and the configuration, so that another session's memory is not taken for this one's.
    pub(crate) fn fingerprint(&self) -> String {
        let day = &self.market.days[0];
        let mut hash = Fnv::default();
        for bar in self.market.bars_of(day) {
            let symbol = self.market.symbols.name(bar.symbol).as_str();
            let prices = [bar.open, bar.high, bar.low, bar.close].map(orb_core::Price::micros);
            (symbol, bar.start.micros(), prices, bar.volume).hash(&mut hash);
        }
        self.run.settings().hash(&mut hash);
        format!("{} {:016x}", day.session.date, hash.finish())
    }
}

/// The hash of Fowler, Noll and Vo (FNV-1a, 64 bits): the same on every machine and in every release.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
