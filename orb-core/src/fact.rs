//! What the engine records: whole rows, each replacing the one of the same key.

use crate::alarm::Alarm;
use crate::config::StrategyId;
use crate::event::RiskLimits;
use crate::explain::Explanation;
use crate::hold::{Hold, HoldClearance};
use crate::money::{Money, Price, Quantity};
use crate::order::{AttemptId, BrokerOrderId, ClientOrderId, Execution, Order};
use crate::reason::Reason;
use crate::side::{OrderSide, Side};
use crate::time::{Date, Span, Timestamp};

/// Records a change that must survive a restart; each variant is a row that replaces the row of its key.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A day began or ended; key: date.
    Session(SessionRecord),
    /// A signal arose or moved on; key: its attempt.
    Signal(Signal),
    /// An order changed; key: its client order id.
    Order(Order),
    /// An execution was counted; key: its id.
    Fill(Fill),
    /// A trade opened, grew, shrank or closed; key: its attempt. One that never was, because all that was entered has
    /// been taken back, has no shares: there is no row of it any more.
    Trade(Trade),
    /// It is settled why a symbol was not traded; key: date, strategy, symbol.
    Decision(Decision),
    /// The whole reckoning of a symbol's day; key: date, strategy, symbol. Only where explanations are asked for.
    Explained(Box<Explanation>),
    /// A hold was set or cleared; key: its kind and `since`.
    Hold(HoldRecord),
    /// A close of one symbol or of all was asked for or finished; key: symbol and `since`.
    Closing(ClosingRecord),
    /// Limits were set while orb ran; there is one row.
    Limits(LimitsRecord),
    /// A strategy reached its own daily loss limit; key: date, strategy.
    StrategyStop(StrategyStop),
    /// An alarm was raised, told again, taken note of or over; key: its id.
    Alarm(AlarmRecord),
}

/// Records an alarm and, once there is one, its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmRecord {
    /// The alarm.
    pub alarm: Alarm,
    /// When its cause was over; `None` while it goes on.
    pub ended: Option<Timestamp>,
}

/// Records the limits that were set while orb ran; they hold until they are set again, restarts included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsRecord {
    /// Those that count.
    pub in_force: RiskLimits,
    /// Looser ones that count from the next session; `None` when none are waiting.
    pub next: Option<RiskLimits>,
    /// When this was settled.
    pub at: Timestamp,
}

/// Records that a strategy enters nothing more on a day, because it reached its own loss limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategyStop {
    /// Trading date.
    pub date: Date,
    /// Which strategy.
    pub strategy: StrategyId,
    /// The figures, as a sentence.
    pub reason: String,
    /// When it was reached.
    pub at: Timestamp,
}

/// Records one trading day of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Trading date.
    pub date: Date,
    /// Start of regular trading.
    pub open: Timestamp,
    /// End of regular trading.
    pub close: Timestamp,
    /// Equity at the open, on which sizes and the daily limit rest.
    pub equity_open: Money,
    /// Net result of the day's fills so far: trades and fees; marks are not in it.
    pub realized_net: Money,
    /// Fees of the day so far.
    pub fees: Money,
    /// Tells that the day is over.
    pub ended: bool,
    /// What had been paid in and out on the date when this was first heard; `None` until then. The equity at the open
    /// contains it.
    pub transfers_open: Option<Money>,
}

/// Names where a signal is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignalStatus {
    /// Approved, its order committed.
    Pending,
    /// The order was sent.
    Submitted,
    /// The order works at the broker.
    Working,
    /// Some shares are filled.
    PartiallyFilled,
    /// All shares are filled.
    Filled,
    /// The order was cancelled.
    Cancelled,
    /// The order ended with its entry window.
    Expired,
    /// Refused by a rule or by the broker.
    Rejected,
    /// The broker did not answer.
    Unknown,
}

impl SignalStatus {
    /// Lists all statuses.
    pub const ALL: &[Self] = &[
        Self::Pending,
        Self::Submitted,
        Self::Working,
        Self::PartiallyFilled,
        Self::Filled,
        Self::Cancelled,
        Self::Expired,
        Self::Rejected,
        Self::Unknown,
    ];

    /// Returns the status' name as files and the API carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Submitted => "SUBMITTED",
            Self::Working => "WORKING",
            Self::PartiallyFilled => "PARTIALLY_FILLED",
            Self::Filled => "FILLED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
            Self::Rejected => "REJECTED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Returns the status of a name, or `None` when there is none.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.name() == name)
    }
}

/// Records one breakout and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Which attempt.
    pub attempt: AttemptId,
    /// Long or short.
    pub side: Side,
    /// When it arose.
    pub at: Timestamp,
    /// Entry level; the range's close for market entries.
    pub level: Price,
    /// Stop that the size rests on.
    pub stop: Price,
    /// Shares; zero when a rule refused it before sizing.
    pub quantity: Quantity,
    /// Where it is in its life.
    pub status: SignalStatus,
    /// Why it was refused; `None` when it was not.
    pub reason: Option<Reason>,
    /// A sentence about the refusal; empty when there is none.
    pub detail: String,
    /// Its entry order; `None` when a rule refused it.
    pub order: Option<ClientOrderId>,
    /// The broker's identifier of that order; `None` until it answers.
    pub broker_order: Option<BrokerOrderId>,
    /// When the broker took the order; `None` until then.
    pub submitted_at: Option<Timestamp>,
    /// When the last share was filled; `None` until then.
    pub filled_at: Option<Timestamp>,
    /// Mean price of the fills; `None` without a fill.
    pub fill_price: Option<Price>,
    /// The setup's score in millionths, a description and no forecast; `None` when an input is missing.
    pub score_e6: Option<u32>,
}

/// Records one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The attempt that it belongs to.
    pub attempt: AttemptId,
    /// The order that it filled.
    pub order: ClientOrderId,
    /// Buy or sell.
    pub side: OrderSide,
    /// Price, shares, fee and time.
    pub execution: Execution,
    /// When the broker took it back: since then it counts for nothing. `None` while it counts.
    pub taken_back: Option<Timestamp>,
}

/// Says why a position was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitReason {
    /// The protective stop.
    Stop,
    /// The target.
    Target,
    /// The end of the day.
    TimeExit,
    /// The data ended before the exit could be made (backtest and demo only).
    DataEnd,
    /// The daily loss limit.
    LossLimit,
    /// Somebody closed this position.
    ForceClose,
    /// Somebody closed everything.
    Flatten,
    /// Its stop could not be restored.
    Unprotected,
}

impl ExitReason {
    /// Lists all reasons.
    pub const ALL: &[Self] = &[
        Self::Stop,
        Self::Target,
        Self::TimeExit,
        Self::DataEnd,
        Self::LossLimit,
        Self::ForceClose,
        Self::Flatten,
        Self::Unprotected,
    ];

    /// Returns the stable code, as files and the API carry it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Target => "target",
            Self::TimeExit => "time_exit",
            Self::DataEnd => "data_end",
            Self::LossLimit => "loss_limit",
            Self::ForceClose => "force_close",
            Self::Flatten => "flatten",
            Self::Unprotected => "unprotected",
        }
    }

    /// Returns the reason of a code, or `None` when there is none.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }
}

/// Records one trade: a position from its first share to its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Which attempt.
    pub attempt: AttemptId,
    /// Long or short.
    pub side: Side,
    /// Shares bought (long) or sold (short) to enter.
    pub entered: Quantity,
    /// Shares left again.
    pub exited: Quantity,
    /// Time of the first entry fill.
    pub entry_time: Timestamp,
    /// Time of the last exit fill; `None` while none was made.
    pub exit_time: Option<Timestamp>,
    /// Sum of price times shares over the entry fills.
    pub entry_notional: Money,
    /// Sum of price times shares over the exit fills.
    pub exit_notional: Money,
    /// Fees of all fills.
    pub fees: Money,
    /// Initial stop, on the tick.
    pub stop: Price,
    /// Target; `None` without one.
    pub target: Option<Price>,
    /// Why it was left; `None` while no exit was made.
    pub exit_reason: Option<ExitReason>,
    /// How long shares of it were held that no working stop protected; zero where bars drive the exchange.
    pub unprotected: Span,
}

impl Trade {
    /// Returns the signed shares that are still held: positive long, negative short.
    #[must_use]
    pub fn position(&self) -> Quantity {
        Quantity::new(self.side.sign() * (self.entered - self.exited).shares())
    }

    /// Tells whether there is no such trade: the broker took back all of its executions.
    #[must_use]
    pub const fn is_void(&self) -> bool {
        self.entered.is_zero()
    }

    /// Tells whether every share that was entered has been left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.entered == self.exited
    }

    /// Returns the mean entry price, truncated to the micro-dollar.
    #[must_use]
    pub fn entry_price(&self) -> Price {
        mean(self.entry_notional, self.entered)
    }

    /// Returns the mean exit price, truncated to the micro-dollar; `None` while no exit was made.
    #[must_use]
    pub fn exit_price(&self) -> Option<Price> {
        (!self.exited.is_zero()).then(|| mean(self.exit_notional, self.exited))
    }

    /// Returns the result before fees with the held shares valued at `mark`.
    #[must_use]
    pub fn gross_at(&self, mark: Price) -> Money {
        let open = self.entered - self.exited;
        let value = self.exit_notional + open.at(mark) - self.entry_notional;
        if self.side == Side::Long { value } else { -value }
    }

    /// Returns the result before fees of a closed trade.
    #[must_use]
    pub fn gross(&self) -> Money {
        self.gross_at(Price::ZERO)
    }

    /// Returns the result after fees of a closed trade.
    #[must_use]
    pub fn net(&self) -> Money {
        self.gross() - self.fees
    }

    /// Returns the loss before fees if every share that was entered left at the stop; never negative.
    #[must_use]
    pub fn initial_risk(&self) -> Money {
        let at_stop = self.entered.at(self.stop) - self.entry_notional;
        if self.side == Side::Long { -at_stop } else { at_stop }.or_zero_if_negative()
    }

    /// Returns the result before fees in units of the initial risk, in 1e-4 R, rounded half away from zero.
    ///
    /// `None` when the risk is zero. Source: R multiple from executed entry to rounded stop.
    #[must_use]
    pub fn r_multiple_e4(&self) -> Option<i64> {
        r_multiple_e4(self.gross(), self.initial_risk())
    }
}

/// Returns `result / risk` in 1e-4, rounded half away from zero; `None` when the risk is not positive.
#[must_use]
pub fn r_multiple_e4(result: Money, risk: Money) -> Option<i64> {
    let (result, risk) = (i128::from(result.micros()), i128::from(risk.micros()));
    if risk <= 0 {
        return None;
    }
    let twice = result.abs() * 20_000 + risk;
    let rounded = twice / (2 * risk);
    i64::try_from(rounded * result.signum()).ok()
}

fn mean(notional: Money, quantity: Quantity) -> Price {
    if quantity.is_zero() { Price::ZERO } else { Price::from_micros(notional.micros() / quantity.shares()) }
}

/// Records why a symbol was not traded by a strategy on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which symbol, strategy and day; its attempt number is 0.
    pub attempt: AttemptId,
    /// The first rule that failed.
    pub reason: Reason,
    /// The figures behind it; empty where the reason says all.
    pub detail: String,
    /// When it was settled.
    pub at: Timestamp,
}

/// Records a hold and, once there is one, its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRecord {
    /// The hold.
    pub hold: Hold,
    /// How it ended; `None` while it is in force.
    pub cleared: Option<HoldClearance>,
}

/// Records a request to close a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosingRecord {
    /// The position's attempt.
    pub attempt: AttemptId,
    /// Why.
    pub reason: ExitReason,
    /// When it was asked for.
    pub since: Timestamp,
    /// Which step it has reached.
    pub step: ClosingStep,
}

/// Names the steps of a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClosingStep {
    /// Working exits and entries of the symbol are being cancelled.
    Cancelling,
    /// The broker is asked how many shares there are to close.
    Sizing,
    /// The closing order works.
    Closing,
    /// The broker is asked whether it is flat.
    Verifying,
    /// The broker says it is flat.
    Flat,
    /// It could not be done in time; the alarm stands.
    Escalated,
}

impl ClosingStep {
    /// Lists all steps.
    pub const ALL: &[Self] =
        &[Self::Cancelling, Self::Sizing, Self::Closing, Self::Verifying, Self::Flat, Self::Escalated];

    /// Returns the step's name as files and the API carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cancelling => "cancelling",
            Self::Sizing => "sizing",
            Self::Closing => "closing",
            Self::Verifying => "verifying",
            Self::Flat => "flat",
            Self::Escalated => "escalated",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_rounds_half_away_from_zero() {
        let r = |result, risk| r_multiple_e4(Money::from_micros(result), Money::from_micros(risk));
        assert_eq!(r(681, 50), Some(136_200));
        assert_eq!(r(1, 20_000), Some(1));
        assert_eq!(r(-1, 20_000), Some(-1));
        assert_eq!(r(-1, 20_001), Some(0));
        assert_eq!(r(5, 0), None);
    }
}
