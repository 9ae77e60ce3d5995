//! The lines of a results file: a header, then one for each combination.

use std::collections::BTreeMap;

use orb_core::metrics::{DailyStats, Metrics, Moments};
use orb_core::{Date, Money};
use serde::{Deserialize, Serialize};

/// Version of the file's form.
pub const FORM: u32 = 1;

/// Describes a search; the first line of its results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORM`].
    pub orb_sweep: u32,
    /// What the results depend on.
    pub fingerprint: Fingerprint,
    /// `I/N` of a part, `1/1` of a whole search.
    pub shard: String,
    /// Combinations of the whole search, those that are refused included.
    pub combinations: usize,
    /// The axes in order.
    pub axes: Vec<AxisRecord>,
    /// Settings that all combinations share, by key.
    pub fixed: BTreeMap<String, String>,
    /// Name of the strategy.
    pub strategy: String,
    /// `grid` or `random`.
    pub search: String,
    /// Seed of a random search.
    pub seed: Option<u64>,
    /// Name of the objective.
    pub objective: String,
    /// Fill model whose figure counts.
    pub fill_model: String,
    /// Equity at the start where no axis says otherwise, dollars.
    #[serde(with = "dollars")]
    pub initial_equity: Money,
    /// Symbols of the bars.
    pub symbols: usize,
    /// Bars that are traded on.
    pub bars: usize,
    /// Dates of the sessions, in order.
    pub sessions: Vec<Date>,
    /// Windows to learn and to be judged on, as places in `sessions`; empty without walk-forward.
    pub windows: Vec<WindowRecord>,
}

/// Tells apart what results depend on; each part in 16 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Of base, axes, choice, objective and windows.
    pub grid: String,
    /// Of all bars, those of the warm-up included, and of the dates.
    pub data: String,
    /// Of the program.
    pub build: String,
}

/// Holds an axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxisRecord {
    /// Setting.
    pub key: String,
    /// Values in order.
    pub values: Vec<String>,
}

/// Holds a window as places in the list of sessions; ends are exclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRecord {
    /// First session to learn on, and the one after the last.
    pub train: [usize; 2],
    /// First session to be judged on, and the one after the last.
    pub test: [usize; 2],
}

/// Holds what became of one combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Number in the search, from 1.
    pub combination: usize,
    /// Point of the grid, from 0.
    pub point: u64,
    /// Settings by key.
    pub settings: BTreeMap<String, String>,
    /// Why it was not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// What it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Outcome>,
}

/// Holds the figures of a combination that was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The objective, the greater the better; absent where there is no such figure.
    pub score: Option<f64>,
    /// Figures of the whole period, pessimistic.
    pub pessimistic: Figures,
    /// The same, optimistic.
    pub optimistic: Figures,
    /// What walk-forward needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<Forward>,
}

/// Holds what walk-forward needs of a combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forward {
    /// The objective on the sessions to learn on, by window.
    pub train: Vec<Option<f64>>,
    /// Sharpe ratio on all sessions to be judged on: pessimistic, optimistic.
    pub test_sharpe: [Option<f64>; 2],
    /// Sessions to be judged on, in order, under the pessimistic model.
    pub pessimistic: TestDays,
    /// The same, optimistic.
    pub optimistic: TestDays,
}

/// Holds the sessions to be judged on, those of all windows one after the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestDays {
    /// Trades by window.
    pub trades: Vec<usize>,
    /// Equity at the opens, micro-dollars.
    pub opens: Vec<i64>,
    /// What the sessions brought, micro-dollars.
    pub results: Vec<i64>,
}

/// Holds the figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Closed trades.
    pub trades: usize,
    /// Result before fees, dollars.
    #[serde(with = "dollars")]
    pub gross: Money,
    /// Fees, dollars.
    #[serde(with = "dollars")]
    pub fees: Money,
    /// What slippage took, dollars.
    #[serde(with = "dollars")]
    pub slippage: Money,
    /// Result after costs, dollars.
    #[serde(with = "dollars")]
    pub net: Money,
    /// Wins over trades.
    pub win_rate: Option<f64>,
    /// Wins over losses, by sum.
    pub profit_factor: Option<f64>,
    /// Mean R multiple after fees.
    pub expectancy_r: Option<f64>,
    /// Annualised Sharpe ratio.
    pub sharpe: Option<f64>,
    /// Annualised Sortino ratio.
    pub sortino: Option<f64>,
    /// Annualised return over the greatest drawdown.
    pub calmar: Option<f64>,
    /// Greatest drawdown, dollars.
    #[serde(with = "dollars")]
    pub max_drawdown: Money,
    /// Greatest drawdown as a fraction of the equity before it.
    pub max_drawdown_fraction: f64,
    /// Moments of the daily returns, for the deflated Sharpe ratio.
    pub moments: Option<MomentsRecord>,
}

/// Holds moments of daily returns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MomentsRecord {
    /// Days.
    pub count: usize,
    /// Mean.
    pub mean: f64,
    /// Sample deviation.
    pub deviation: f64,
    /// Skewness.
    pub skewness: f64,
    /// Kurtosis, 3 for the normal distribution.
    pub kurtosis: f64,
}

impl From<Moments> for MomentsRecord {
    fn from(Moments { count, mean, deviation, skewness, kurtosis }: Moments) -> Self {
        Self { count, mean, deviation, skewness, kurtosis }
    }
}

impl From<MomentsRecord> for Moments {
    fn from(MomentsRecord { count, mean, deviation, skewness, kurtosis }: MomentsRecord) -> Self {
        Self { count, mean, deviation, skewness, kurtosis }
    }
}

impl From<&Metrics> for Figures {
    fn from(metrics: &Metrics) -> Self {
        let Metrics { trades, daily, .. } = metrics;
        let DailyStats { sharpe, sortino, calmar, max_drawdown, max_drawdown_fraction, moments, .. } = daily;
        Self {
            trades: trades.count,
            gross: trades.gross,
            fees: trades.fees,
            slippage: trades.slippage,
            net: trades.net,
            win_rate: trades.win_rate,
            profit_factor: trades.profit_factor,
            expectancy_r: trades.expectancy_r_net,
            sharpe: *sharpe,
            sortino: *sortino,
            calmar: *calmar,
            max_drawdown: *max_drawdown,
            max_drawdown_fraction: *max_drawdown_fraction,
            moments: moments.map(Into::into),
        }
    }
}

/// Money as a decimal text.
mod dollars {
    use orb_core::Money;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(money: &Money, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(money)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Money, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
