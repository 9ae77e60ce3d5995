//! The reckoning of a symbol's day: from its record to the words of the wire.

use orb_api::v1;
use orb_core::Reason;
use serde_json::Value;

/// Reads the record of a reckoning, as [`explained::record`](crate::explained::record) writes it; `None` where it is
/// damaged.
pub(super) fn read(ledger_id: &str, record: &str) -> Option<v1::Explanation> {
    let value: Value = serde_json::from_str(record).ok()?;
    let reason = text(&value["reason"]);
    let conclusion = match value["verdict"].as_str()? {
        "signal" => v1::Conclusion::Signal,
        "no_trade" => v1::Conclusion::NoTrade,
        _ => v1::Conclusion::Open,
    };
    let entry = &value["entry"];
    let mut explanation = v1::Explanation {
        ledger_id: ledger_id.to_owned(),
        strategy: text(&value["strategy"])?,
        symbol: text(&value["symbol"])?,
        date: text(&value["date"])?,
        settled_time: value["settled_at"].as_str().and_then(instant),
        conclusion: conclusion.into(),
        reason,
        detail: text(&value["detail"]).unwrap_or_default(),
        range: range(&value["range"]),
        features: Some(features(&value["features"])),
        verdicts: value["filters"].as_array()?.iter().filter_map(verdict).collect(),
        side: text(&entry["side"]).map(|side| side_of(&side).into()),
        level: text(&entry["level"]),
        stop_price: text(&entry["stop"]),
        target_price: text(&entry["target"]),
        quantity: entry["quantity"].as_i64().unwrap_or_default(),
        size: figures(&entry["size"]),
        score: figures(&entry["score"]),
        summary: String::new(),
    };
    explanation.summary = summary(&explanation);
    Some(explanation)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned)
}

/// Returns a figure as a decimal string; `None` where it is unknown.
fn figure(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    }
}

fn instant(text: &str) -> Option<prost_types::Timestamp> {
    let at = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(orb_api::time::timestamp_from_micros(at.timestamp_micros()))
}

fn side_of(name: &str) -> v1::Side {
    if name == "short" { v1::Side::Short } else { v1::Side::Long }
}

fn range(value: &Value) -> Option<v1::OpeningRange> {
    Some(v1::OpeningRange {
        open: text(&value["open"])?,
        high: text(&value["high"])?,
        low: text(&value["low"])?,
        close: text(&value["close"])?,
        volume: value["volume"].as_i64()?,
        vwap: text(&value["vwap"])?,
    })
}

fn features(value: &Value) -> v1::Features {
    v1::Features {
        previous_close: text(&value["previous_close"]),
        atr14: text(&value["atr14_sma"]),
        atr14_wilder: text(&value["atr14_wilder"]),
        average_volume14: value["average_volume14"].as_i64(),
        relative_volume: text(&value["relative_volume"]),
        rank: value["rank"].as_u64().and_then(|rank| u32::try_from(rank).ok()),
        short_sales_restricted: value["short_sales_restricted"].as_bool(),
    }
}

fn verdict(value: &Value) -> Option<v1::Verdict> {
    Some(v1::Verdict {
        rule: text(&value["rule"])?,
        value: figure(&value["value"]),
        bound: figure(&value["bound"]),
        passed: value["passed"].as_bool()?,
        reason: text(&value["reason"]),
    })
}

fn figures(value: &Value) -> Vec<v1::NamedFigure> {
    let named = |(name, value): (&String, &Value)| Some(v1::NamedFigure { name: name.clone(), value: figure(value)? });
    value.as_object().into_iter().flatten().filter_map(named).collect()
}

/// Tells the whole in a sentence or two.
fn summary(found: &v1::Explanation) -> String {
    let v1::Explanation { symbol, strategy, date, .. } = found;
    let head = format!("{symbol} on {date} in {strategy}");
    match (found.conclusion(), &found.reason) {
        (v1::Conclusion::Signal, _) => {
            let side = if found.side() == v1::Side::Short { "sell short" } else { "buy" };
            let level = found.level.as_deref().unwrap_or("the market's price");
            let stop = found.stop_price.as_deref().unwrap_or("a price that follows from the fill");
            format!("{head}: an entry was ordered, to {side} {} at {level} with the stop at {stop}.", found.quantity)
        }
        (v1::Conclusion::NoTrade, Some(code)) => {
            let why = Reason::from_code(code).map_or("a rule that this version does not know refused it", in_words);
            let detail = if found.detail.is_empty() { String::new() } else { format!(" ({})", found.detail) };
            format!("{head}: no trade, because {why}{detail}.")
        }
        (v1::Conclusion::NoTrade | v1::Conclusion::Open | v1::Conclusion::Unspecified, _) => {
            format!("{head}: nothing is settled yet.")
        }
    }
}

/// Says of a symbol of which a strategy has no record why there is none.
pub(super) fn unrecorded(ledger_id: &str, strategy: &str, symbol: &str, date: &str, is_known: bool) -> v1::Explanation {
    let head = format!("{symbol} on {date} in {strategy}");
    let (conclusion, summary) = if is_known {
        (v1::Conclusion::Open, format!("{head}: nothing is settled yet."))
    } else {
        let what = "it was not in the universe, so no rule looked at it. Add it to the strategy's symbols to trade it";
        (v1::Conclusion::NoTrade, format!("{head}: no trade, because {what}."))
    };
    v1::Explanation {
        ledger_id: ledger_id.to_owned(),
        strategy: strategy.to_owned(),
        symbol: symbol.to_owned(),
        date: date.to_owned(),
        conclusion: conclusion.into(),
        features: Some(v1::Features::default()),
        summary,
        ..v1::Explanation::default()
    }
}

/// Says a reason in plain words, to follow "because".
pub(super) const fn in_words(reason: Reason) -> &'static str {
    match reason {
        Reason::NoBars => "it had no bar in the whole session",
        Reason::RangeNoFirstBar => "the first bar of the session is missing, as after a late open",
        Reason::RangeIncomplete => "more than a minute of its opening range is missing",
        Reason::GapOver30Pct => "it opened too far from the previous close",
        Reason::Price => "its price is too low",
        Reason::NotTradable => "the broker took no orders in it that day",
        Reason::AvgVolumeMissing => "its average volume of 14 days is unknown",
        Reason::AvgVolume => "its average volume of 14 days is too small",
        Reason::AtrMissing => "its average true range of 14 days is unknown",
        Reason::Atr => "its average true range of 14 days is too small",
        Reason::NotInUniverse => "others had more dollar volume, and only so many are chosen from",
        Reason::RvolMissing => "its relative volume is unknown",
        Reason::Rvol => "its relative volume is too small",
        Reason::CustomFilter => "a filter of the embedding program refused it",
        Reason::NotInTop => "others had more relative volume, and only the first are watched",
        Reason::Doji => "its range opened and closed at the same price, which gives no direction",
        Reason::ScoreMissing => "its setup score is unknown and a smallest one is configured",
        Reason::Score => "its setup score is below the smallest that is configured",
        Reason::SymbolOwned => "another strategy had ordered in it that day",
        Reason::Rule201 => "short sales in it were restricted (Rule 201)",
        Reason::StopTooClose => "its stop would have been too close to the entry",
        Reason::SizeZero => "not even one share fits the risk",
        Reason::NoBuyingPower => "open and working positions had used up the buying power",
        Reason::DailyRisk => "its risk would have passed what the day may still lose",
        Reason::MaxPositions => "the places of the day went to symbols of higher rank",
        Reason::MissedBreakout => "its level was crossed while orb could not act on it",
        Reason::NoSlot => "its breakout came while all slots were taken",
        Reason::BothSidesInOneBar => "one bar touched both levels, so it cannot be told which came first",
        Reason::NoTrigger => "its level was not touched inside the entry window",
        Reason::NoEntryBar => "there was no bar to enter at inside the entry window",
        Reason::EntryBeyondStop => "the market was already at or beyond the stop",
        Reason::LossLimit => "the daily loss limit had been reached",
        Reason::Hold => "entries were held",
        Reason::Halted => "trading in it was halted",
        Reason::NotShortable => "it could not be sold short",
        Reason::StaleData => "its data was too old to act on",
        Reason::RejectedByBroker => "the broker refused the order",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_words_of_its_own() {
        let mut words: Vec<_> = Reason::ALL.iter().map(|reason| in_words(*reason)).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Reason::ALL.len());
    }

    #[test]
    fn a_symbol_outside_of_the_universe_is_told_so() {
        let outside = unrecorded("sim:1", "orb-etf", "XYZ", "2026-03-02", false);
        assert_eq!(outside.conclusion(), v1::Conclusion::NoTrade);
        assert!(outside.summary.contains("XYZ") && outside.summary.contains("not in the universe"));
        let open = unrecorded("sim:1", "orb-etf", "XYZ", "2026-03-02", true);
        assert_eq!(open.conclusion(), v1::Conclusion::Open);
    }

    #[test]
    fn a_damaged_record_is_none() {
        for record in ["", "{}", "[1]", "{\"verdict\": 1}"] {
            assert_eq!(read("sim:1", record), None, "{record}");
        }
    }
}
