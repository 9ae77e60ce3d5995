//! The exchange's own memory: one line of JSON for each bar instant and each request, written before it is applied.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use orb_core::effect::{Action, BrokerEffect};
use orb_core::order::{
    AttemptId, BrokerOrderId, ClientOrderId, OrderKind, OrderRequest, OrderRole, TimeInForce, Trigger,
};
use orb_core::protection::{Protection, StopRule, TargetRule};
use orb_core::{Date, OrderSide, Price, Quantity, Side, StrategyId, SymbolId, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Explains why the exchange's log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be read or written.
    #[error("cannot use the exchange's log {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// A line in the middle cannot be understood.
    #[error("{}:{line}: not a line of an exchange's log; use another data folder", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// The log belongs to other bars or another configuration.
    #[error("{} belongs to another session ({found}, not {wanted}); use another data folder", path.display())]
    OtherSession {
        /// The file.
        path: PathBuf,
        /// What it belongs to.
        found: String,
        /// What was asked for.
        wanted: String,
    },
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// What the log belongs to; the first line.
    Session(String),
    /// The bars that start here were matched.
    Bars(i64),
    /// A request was taken at a time.
    Request(i64, Request),
    /// The session was ended.
    End(i64),
}

/// A request that changes the exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    Submit(Box<Submit>),
    Cancel { order: String, broker_id: Option<String> },
    Replace { broker_id: String, price: i64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Submit {
    id: String,
    date: String,
    strategy: u16,
    symbol: u32,
    attempt: u16,
    role: char,
    buy: bool,
    quantity: i64,
    limit: Option<i64>,
    stop: Option<i64>,
    day: bool,
    attached: Option<Attached>,
    paired_stop: Option<i64>,
    first_bar: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Attached {
    long: bool,
    stop_at: Option<i64>,
    stop_from_fill: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop_percent: Option<String>,
    target_r: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target_percent: Option<String>,
}

impl Request {
    /// Returns the request of an effect; `None` for a question, which changes nothing.
    pub(super) fn of(effect: &BrokerEffect) -> Option<Self> {
        match &effect.action {
            Action::Submit(request) => Some(Self::Submit(Box::new(Submit::of(request)))),
            Action::Cancel { order, broker_id } => {
                Some(Self::Cancel { order: order.to_string(), broker_id: broker_id.as_ref().map(ToString::to_string) })
            }
            Action::Replace { broker_id, price, .. } => {
                Some(Self::Replace { broker_id: broker_id.to_string(), price: price.micros() })
            }
            Action::Find(_) | Action::QueryPositions | Action::QuerySnapshot | Action::QueryBars { .. } => None,
        }
    }

    /// Returns the action that the request was; `None` when a value makes no sense.
    pub(super) fn to_action(&self) -> Option<Action> {
        Some(match self {
            Self::Submit(submit) => Action::Submit(submit.to_request()?),
            Self::Cancel { order, broker_id } => Action::Cancel {
                order: ClientOrderId::new(order),
                broker_id: broker_id.as_deref().map(BrokerOrderId::new),
            },
            Self::Replace { broker_id, price } => Action::Replace {
                order: ClientOrderId::new(""),
                broker_id: BrokerOrderId::new(broker_id),
                price: Price::from_micros(*price),
            },
        })
    }
}

impl Submit {
    fn of(request: &OrderRequest) -> Self {
        let (limit, stop) = match request.kind {
            OrderKind::Market => (None, None),
            OrderKind::Limit(price) => (Some(price.micros()), None),
            OrderKind::Stop(price) => (None, Some(price.micros())),
        };
        Self {
            id: request.id.to_string(),
            date: request.attempt.date.to_string(),
            strategy: request.attempt.strategy.0,
            symbol: request.attempt.symbol.0,
            attempt: request.attempt.attempt,
            role: request.role.letter(),
            buy: request.side == OrderSide::Buy,
            quantity: request.quantity.shares(),
            limit,
            stop,
            day: request.time_in_force == TimeInForce::Day,
            attached: request.attached.map(|protection| Attached::of(&protection)),
            paired_stop: request.paired_stop.map(Price::micros),
            first_bar: request.trigger.map(|trigger| trigger.first_bar.micros()),
        }
    }

    fn to_request(&self) -> Option<OrderRequest> {
        let kind = match (self.limit, self.stop) {
            (Some(price), _) => OrderKind::Limit(Price::from_micros(price)),
            (None, Some(price)) => OrderKind::Stop(Price::from_micros(price)),
            (None, None) => OrderKind::Market,
        };
        let trigger = |first_bar| Trigger { first_bar: Timestamp::from_micros(first_bar) };
        Some(OrderRequest {
            id: ClientOrderId::new(&self.id),
            attempt: AttemptId {
                date: Date::from_str(&self.date).ok()?,
                strategy: StrategyId(self.strategy),
                symbol: SymbolId(self.symbol),
                attempt: self.attempt,
            },
            role: *OrderRole::ALL.iter().find(|role| role.letter() == self.role)?,
            side: if self.buy { OrderSide::Buy } else { OrderSide::Sell },
            quantity: Quantity::new(self.quantity),
            kind,
            time_in_force: if self.day { TimeInForce::Day } else { TimeInForce::GoodTillCancelled },
            attached: self.attached.as_ref().and_then(Attached::to_protection),
            paired_stop: self.paired_stop.map(Price::from_micros),
            trigger: self.first_bar.map(trigger),
        })
    }
}

impl Attached {
    fn of(protection: &Protection) -> Self {
        let (stop_at, stop_from_fill, stop_percent) = match protection.stop {
            StopRule::At(price) => (Some(price.micros()), None, None),
            StopRule::FromFill(distance) => (None, Some(distance.micros()), None),
            StopRule::Percent(percent) => (None, None, Some(percent.to_string())),
        };
        let (target_r, target_percent) = match protection.target {
            Some(TargetRule::Risk(multiple)) => (Some(multiple.to_string()), None),
            Some(TargetRule::Percent(percent)) => (None, Some(percent.to_string())),
            None => (None, None),
        };
        let long = protection.side == Side::Long;
        Self { long, stop_at, stop_from_fill, stop_percent, target_r, target_percent }
    }

    fn to_protection(&self) -> Option<Protection> {
        let at = self.stop_at.map(|micros| StopRule::At(Price::from_micros(micros)));
        let from_fill = self.stop_from_fill.map(|micros| StopRule::FromFill(Price::from_micros(micros)));
        let number = |text: &Option<String>| text.as_deref().and_then(|text| Decimal::from_str(text).ok());
        let of_price = number(&self.stop_percent).map(StopRule::Percent);
        Some(Protection {
            side: if self.long { Side::Long } else { Side::Short },
            stop: at.or(from_fill).or(of_price)?,
            target: number(&self.target_r)
                .map(TargetRule::Risk)
                .or_else(|| number(&self.target_percent).map(TargetRule::Percent)),
        })
    }
}

/// Appends to the log.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Opens the log of a session and returns the lines that are in it; a last line that was cut off is dropped.
    pub(super) fn open(path: &Path, session: &str) -> Result<(Self, Vec<Line>), LogError> {
        let io = |source| LogError::Io { path: path.to_owned(), source };
        let lines = if path.exists() { read(path)? } else { Vec::new() };
        match lines.first() {
            Some(Line::Session(found)) if found != session => {
                let (found, wanted) = (found.clone(), session.to_owned());
                return Err(LogError::OtherSession { path: path.to_owned(), found, wanted });
            }
            _ => {}
        }
        // Written anew without what was cut off, and moved into its place.
        let part = path.with_extension("part");
        let mut text: Vec<u8> = Vec::new();
        let first = lines.is_empty().then(|| Line::Session(session.to_owned()));
        for line in lines.iter().chain(&first) {
            encode(line, &mut text);
        }
        std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, path)).map_err(io)?;
        let file = OpenOptions::new().append(true).open(path).map_err(io)?;
        Ok((Self { path: path.to_owned(), file }, lines))
    }

    pub(super) fn append(&mut self, line: &Line) -> Result<(), LogError> {
        let mut text = Vec::with_capacity(128);
        encode(line, &mut text);
        self.file.write_all(&text).map_err(|source| LogError::Io { path: self.path.clone(), source })
    }
}

fn encode(line: &Line, text: &mut Vec<u8>) {
    serde_json::to_writer(&mut *text, line).expect("a line of the log is always valid JSON");
    text.push(b'\n');
}

fn read(path: &Path) -> Result<Vec<Line>, LogError> {
    let io = |source| LogError::Io { path: path.to_owned(), source };
    let texts: Vec<String> =
        BufReader::new(File::open(path).map_err(io)?).lines().collect::<Result<_, _>>().map_err(io)?;
    let mut lines = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match serde_json::from_str(text) {
            Ok(line) => lines.push(line),
            Err(_) if index + 1 == texts.len() => break,
            Err(_) => return Err(LogError::Damaged { path: path.to_owned(), line: index + 1 }),
        }
    }
    Ok(lines)
}
