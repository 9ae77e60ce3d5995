//! The whole reckoning of a symbol's day as JSON: one shape for files, records and the API.
//!
//! Prices, amounts and fractions are decimal strings, shares and places are numbers, what is unknown is null.

use orb_core::explain::{Check, Explanation, Figure, ProposedEntry, SizeArithmetic, Verdict};
use orb_core::range_book::OpeningRange;
use orb_core::score::Score;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Names what the engine numbers.
#[derive(Clone, Copy, Debug)]
pub struct ExplainedNames<'a> {
    /// The strategy.
    pub strategy: &'a str,
    /// The symbol.
    pub symbol: &'a str,
}

/// Writes an explanation as one JSON object.
#[must_use]
pub fn record(explanation: &Explanation, names: ExplainedNames<'_>) -> Value {
    let (verdict, reason, detail) = match &explanation.verdict {
        Verdict::Open => ("open", None, ""),
        Verdict::Signal => ("signal", None, ""),
        Verdict::NoTrade(reason, detail) => ("no_trade", Some(reason.code()), detail.as_str()),
    };
    json!({
        "strategy": names.strategy,
        "symbol": names.symbol,
        "date": explanation.attempt.date.to_string(),
        "settled_at": explanation.at.to_string(),
        "verdict": verdict,
        "reason": reason,
        "detail": detail,
        "range": explanation.range.as_ref().map(range),
        "features": features(explanation),
        "filters": explanation.checks.iter().map(check).collect::<Vec<_>>(),
        "entry": explanation.entry.as_ref().map(entry),
    })
}

fn range(range: &OpeningRange) -> Value {
    json!({
        "open": range.open.to_string(),
        "high": range.high.to_string(),
        "low": range.low.to_string(),
        "close": range.close.to_string(),
        "volume": range.volume,
        "vwap": range.vwap.to_string(),
    })
}

fn features(explanation: &Explanation) -> Value {
    let known = &explanation.known;
    json!({
        "previous_close": known.previous_close.map(|price| price.to_string()),
        "atr14_sma": known.atr14.map(|price| price.to_string()),
        "atr14_wilder": known.atr14_wilder.map(|price| price.to_string()),
        "average_volume14": known.volume_sum14.map(|sum| sum / 14),
        "relative_volume": explanation.rvol.map(|ratio| ratio.to_decimal().normalize().to_string()),
        "rank": explanation.rank,
        "short_sales_restricted": known.restricted,
    })
}

fn check(check: &Check) -> Value {
    json!({
        "rule": check.rule.code(),
        "value": figure(check.value),
        "bound": figure(check.bound),
        "passed": check.failed.is_none(),
        "reason": check.failed.map(|reason| reason.code()),
    })
}

fn figure(figure: Figure) -> Value {
    match figure {
        Figure::Price(price) => json!(price.to_string()),
        Figure::Shares(count) | Figure::Count(count) => json!(count),
        Figure::Ratio(ratio) => json!(ratio.to_decimal().normalize().to_string()),
        Figure::Number(number) => json!(number.normalize().to_string()),
        Figure::Missing | _ => Value::Null,
    }
}

fn entry(entry: &ProposedEntry) -> Value {
    json!({
        "side": entry.side.to_string(),
        "level": entry.level.to_string(),
        "stop": entry.exits.stop.to_string(),
        "target": entry.exits.target.map(|price| price.to_string()),
        "quantity": entry.size.quantity.shares(),
        "size": size(&entry.size),
        "score": entry.score.as_ref().map(score),
    })
}

fn size(size: &SizeArithmetic) -> Value {
    json!({
        "equity_open": size.equity_open.to_string(),
        "max_positions": size.max_positions,
        "stop_distance": size.distance.to_string(),
        "shares_by_sizing": size.by_sizing,
        "shares_by_leverage": size.by_leverage,
        "buying_power_left": size.left.to_string(),
        "shares_affordable": size.affordable,
        "shares": size.quantity.shares(),
        "day_lost": size.lost.to_string(),
        "open_risk": size.open_risk.to_string(),
        "own_risk": size.own_risk.to_string(),
        "day_loss_limit": size.loss_limit.to_string(),
        "slots_used": size.slots_used,
    })
}

fn score(score: &Score) -> Value {
    let part = |value: u32| json!(Decimal::new(i64::from(value), 6).normalize().to_string());
    json!({
        "total": part(score.total_e6),
        "relative_volume": part(score.relative_volume_e6),
        "width": part(score.width_e6),
        "gap": part(score.gap_e6),
        "close_location": part(score.close_location_e6),
        "vwap": part(score.vwap_e6),
    })
}
