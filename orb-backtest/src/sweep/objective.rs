//! What a search looks for.

use core::fmt;
use core::str::FromStr;

use orb_core::metrics::Metrics;

/// Names the figure by which combinations are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// Sharpe ratio of the daily net returns.
    #[default]
    Sharpe,
    /// Sortino ratio of the daily net returns.
    Sortino,
    /// Annualised return over the greatest drawdown.
    Calmar,
    /// Result after fees, dollars.
    Net,
    /// Sum of the winning results over the sum of the losing ones.
    ProfitFactor,
    /// Mean R multiple of the trades, after fees.
    ExpectancyR,
    /// Wins over trades.
    WinRate,
    /// Greatest drawdown as a fraction of the equity before it; the smaller the better.
    MaxDrawdown,
}

/// Lists every objective by name, with a sentence about each.
pub const OBJECTIVES: &[(&str, Objective, &str)] = &[
    ("sharpe", Objective::Sharpe, "Sharpe ratio of the daily net returns"),
    ("sortino", Objective::Sortino, "Sortino ratio of the daily net returns"),
    ("calmar", Objective::Calmar, "annualised return over the greatest drawdown"),
    ("net", Objective::Net, "result after fees, dollars"),
    ("profit_factor", Objective::ProfitFactor, "sum of the wins over the sum of the losses"),
    ("expectancy_r", Objective::ExpectancyR, "mean R multiple of the trades after fees"),
    ("win_rate", Objective::WinRate, "wins over trades"),
    ("max_drawdown", Objective::MaxDrawdown, "greatest drawdown as a fraction, the smallest first"),
];

/// Explains that there is no objective of a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no objective `{name}`: choose one of {}", known())]
pub struct UnknownObjective {
    /// The name that was asked for.
    pub name: String,
}

fn known() -> String {
    OBJECTIVES.iter().map(|&(name, ..)| name).collect::<Vec<_>>().join(", ")
}

impl Objective {
    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        OBJECTIVES.iter().find(|&&(_, objective, _)| objective == self).map_or("", |&(name, ..)| name)
    }

    /// Returns the score of figures: the greater the better; `None` where the figure is absent, as the Sharpe ratio
    /// of a run without trades.
    #[must_use]
    pub fn score(self, metrics: &Metrics) -> Option<f64> {
        match self {
            Self::Sharpe => metrics.daily.sharpe,
            Self::Sortino => metrics.daily.sortino,
            Self::Calmar => metrics.daily.calmar,
            Self::Net => (metrics.trades.count > 0).then(|| metrics.trades.net.micros() as f64 / 1e6),
            Self::ProfitFactor => metrics.trades.profit_factor,
            Self::ExpectancyR => metrics.trades.expectancy_r_net,
            Self::WinRate => metrics.trades.win_rate,
            // Who never trades never loses: that is no result.
            Self::MaxDrawdown => (metrics.trades.count > 0).then_some(-metrics.daily.max_drawdown_fraction),
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Objective {
    type Err = UnknownObjective;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = OBJECTIVES.iter().find(|&&(name, ..)| name == text);
        found.map(|&(_, objective, _)| objective).ok_or_else(|| UnknownObjective { name: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orb_core::Money;

    #[test]
    fn every_objective_has_a_name_that_reads_back() {
        for &(name, objective, _) in OBJECTIVES {
            assert_eq!(name.parse(), Ok(objective));
            assert_eq!(objective.name(), name);
        }
        let error = "sharp".parse::<Objective>().expect_err("unknown").to_string();
        assert!(error.contains("`sharp`") && error.contains("sharpe, sortino, calmar"), "{error}");
    }

    #[test]
    fn the_greater_score_is_the_better_one() {
        let metrics = |net, drawdown| {
            let mut metrics = Metrics::default();
            metrics.trades.count = 1;
            metrics.trades.net = Money::from_cents(net);
            metrics.daily.max_drawdown_fraction = drawdown;
            metrics
        };
        assert_eq!(Objective::Net.score(&metrics(12_345, 0.1)), Some(123.45));
        assert!(Objective::MaxDrawdown.score(&metrics(0, 0.1)) > Objective::MaxDrawdown.score(&metrics(0, 0.2)));
        assert_eq!(Objective::MaxDrawdown.score(&Metrics::default()), None);
        assert_eq!(Objective::Net.score(&Metrics::default()), None);
    }
}
