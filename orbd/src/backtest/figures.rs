//! The figures of one fill model, by what the trades have in common too, and as JSON.

use orb_backtest::Report;
use orb_core::metrics::{Bootstrap, Confidence, Drawdown, Group, Interval, Metrics, TradeStats};
use orb_core::{Date, Money, Side};
use serde_json::{Value, json};

use super::Names;

/// Holds the figures of a run under one fill model.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    /// The figures.
    pub(super) metrics: Metrics,
    /// How far they may be off.
    pub(super) confidence: Confidence,
    /// What the trades have in common, and the figures by its name.
    breakdowns: Vec<(&'static str, Vec<Group<String>>)>,
}

impl Figures {
    /// Computes the figures of a report.
    pub(super) fn of(report: &Report, names: Names<'_>) -> Self {
        let sample = report.sample();
        let breakdowns = vec![
            ("symbol", named(sample.by_symbol(), |&id| names.symbols.name(id).to_string())),
            ("strategy", named(sample.by_strategy(), |&id| names.run.strategy(id).name.clone())),
            ("side", named(sample.by_side(), |&side| side_name(side).to_owned())),
            ("weekday", named(sample.by_weekday(), |day| day.to_string())),
            ("hour", named(sample.by_hour(), |hour| or_unknown(hour.as_ref()))),
            ("exit_reason", named(sample.by_exit_reason(), |why| or_unknown(why.map(|why| why.code()).as_ref()))),
        ];
        Self { metrics: sample.metrics(), confidence: sample.confidence(&Bootstrap::default()), breakdowns }
    }

    /// Returns the figures as one JSON object; money as decimal strings, absent figures as null.
    pub(super) fn to_json(&self) -> Value {
        let mut object = trades_json(&self.metrics.trades);
        let groups = |groups: &[Group<String>]| groups.iter().map(group_json).collect::<Vec<_>>();
        let breakdowns = self.breakdowns.iter().map(|(name, of)| ((*name).to_owned(), Value::from(groups(of))));
        let parts = [daily_json(&self.metrics), confidence_json(&self.confidence)];
        for part in parts {
            extend(&mut object, part);
        }
        extend(&mut object, json!({ "breakdowns": breakdowns.collect::<serde_json::Map<_, _>>() }));
        object
    }
}

fn named<K>(groups: Vec<Group<K>>, name: impl Fn(&K) -> String) -> Vec<Group<String>> {
    groups.into_iter().map(|group| Group { key: name(&group.key), trades: group.trades }).collect()
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Long => "long",
        Side::Short => "short",
    }
}

fn or_unknown<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "unknown".to_owned(), ToString::to_string)
}

fn extend(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

fn text(money: Option<Money>) -> Option<String> {
    money.map(|money| money.to_string())
}

fn trades_json(trades: &TradeStats) -> Value {
    json!({
        "trades": trades.count,
        "wins": trades.wins,
        "losses": trades.losses,
        "win_rate": trades.win_rate,
        "gross_pnl": trades.gross.to_string(),
        "fees": trades.fees.to_string(),
        "slippage": trades.slippage.to_string(),
        "net_pnl": trades.net.to_string(),
        "pnl_before_costs": trades.before_costs().to_string(),
        "fees_share": trades.fees_share,
        "slippage_share": trades.slippage_share,
        "costs_share": trades.costs_share(),
        "average_win": text(trades.average_win),
        "average_loss": text(trades.average_loss),
        "payoff": trades.payoff,
        "profit_factor": trades.profit_factor,
        "expectancy": text(trades.expectancy),
        "expectancy_r": trades.expectancy_r,
        "expectancy_r_net": trades.expectancy_r_net,
        "average_holding_seconds": trades.average_holding.map(|span| span.micros() / 1_000_000),
        "longest_losing_streak": trades.longest_losing_streak,
        "notional": trades.notional.to_string(),
    })
}

fn group_json(group: &Group<String>) -> Value {
    let mut object = json!({ "key": group.key });
    extend(&mut object, trades_json(&group.trades));
    object
}

fn daily_json(metrics: &Metrics) -> Value {
    let daily = &metrics.daily;
    let day = |(date, result): (Date, Money)| json!({ "date": date.to_string(), "net_pnl": result.to_string() });
    json!({
        "sessions": daily.sessions,
        "total_return": daily.total_return,
        "annualised_return": daily.annualised_return,
        "sharpe": daily.sharpe,
        "sortino": daily.sortino,
        "calmar": daily.calmar,
        "probabilistic_sharpe": daily.probabilistic_sharpe,
        "skewness": daily.moments.map(|moments| moments.skewness),
        "kurtosis": daily.moments.map(|moments| moments.kurtosis),
        "max_drawdown": daily.max_drawdown.to_string(),
        "max_drawdown_fraction": daily.max_drawdown_fraction,
        "deepest_drawdown": daily.deepest_drawdown.as_ref().map(drawdown_json),
        "longest_drawdown_sessions": daily.longest_drawdown,
        "best_day": daily.best_day.map(day),
        "worst_day": daily.worst_day.map(day),
        "exposure": metrics.exposure,
        "turnover": metrics.turnover,
        "enough_trades": !metrics.is_thin(),
    })
}

fn drawdown_json(drawdown: &Drawdown) -> Value {
    json!({
        "peak_date": drawdown.peak.map(|date| date.to_string()),
        "trough_date": drawdown.trough.to_string(),
        "recovery_date": drawdown.recovery.map(|date| date.to_string()),
        "amount": drawdown.amount.to_string(),
        "fraction": drawdown.fraction,
        "sessions": drawdown.sessions,
    })
}

fn confidence_json(confidence: &Confidence) -> Value {
    let Bootstrap { resamples, level, seed, .. } = Bootstrap::default();
    let ends = |interval: Option<Interval>| interval.map(|Interval { low, high }| json!({ "low": low, "high": high }));
    json!({
        "intervals": {
            "level": level,
            "resamples": resamples,
            "seed": seed,
            "expectancy_r": ends(confidence.expectancy_r),
            "expectancy_r_net": ends(confidence.expectancy_r_net),
            "sharpe": ends(confidence.sharpe),
        },
    })
}
