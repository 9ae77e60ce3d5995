//! How orbctl names and shows the values of the wire.

use chrono::{DateTime, SecondsFormat, TimeZone as _, Utc};
use chrono_tz::America::New_York;
use orb_api::{
    time::{duration_to_micros, timestamp_to_micros},
    v1::{
        CancelOutcome, CloseOutcome, CloseReason, Component, Conclusion, ConfigEffect, ConfigOutcome, Environment,
        HealthState, HoldCleared, HoldKind, Ledger, OrderRole, OrderSide, OrderStatus, ReadinessVerdict, SessionPhase,
        Severity, Side, SignalStatus, TradeStatus, TradingState, UniverseState,
    },
};
use prost_types::{Duration, Timestamp};
use tonic::Status;

use crate::output::Cell;

/// Defines a function that shows a number of the wire as the name of an enum's value:
/// nothing when it is not set, its number when this orbctl does not know it.
macro_rules! names {
    ($($function:ident: $enum:ident, $prefix:literal, $case:expr;)*) => {
        $(pub(crate) fn $function(value: i32) -> Cell {
            match $enum::try_from(value) {
                Ok($enum::Unspecified) => Cell::Absent,
                Ok(known) => Cell::Text($case(known.as_str_name().trim_start_matches($prefix))),
                Err(_) => Cell::Text(format!("unknown({value})")),
            }
        })*
    };
}

names! {
    environment: Environment, "ENVIRONMENT_", upper;
    side: Side, "SIDE_", lower;
    order_side: OrderSide, "ORDER_SIDE_", lower;
    component: Component, "COMPONENT_", camel;
    severity: Severity, "SEVERITY_", upper;
    signal_status: SignalStatus, "SIGNAL_STATUS_", upper;
    trade_status: TradeStatus, "TRADE_STATUS_", upper;
    trading_state: TradingState, "TRADING_STATE_", upper;
    session_phase: SessionPhase, "SESSION_PHASE_", lower;
    hold_kind: HoldKind, "HOLD_KIND_", lower;
    hold_cleared: HoldCleared, "HOLD_CLEARED_BY_", lower;
    health_state: HealthState, "HEALTH_STATE_", lower;
    close_reason: CloseReason, "CLOSE_REASON_", lower;
    close_outcome: CloseOutcome, "CLOSE_OUTCOME_", upper;
    cancel_outcome: CancelOutcome, "CANCEL_OUTCOME_", upper;
    order_status: OrderStatus, "ORDER_STATUS_", upper;
    order_role: OrderRole, "ORDER_ROLE_", lower;
    universe_state: UniverseState, "UNIVERSE_STATE_", lower;
    config_effect: ConfigEffect, "CONFIG_EFFECT_", lower;
    config_outcome: ConfigOutcome, "CONFIG_OUTCOME_", upper;
    conclusion: Conclusion, "CONCLUSION_", lower;
    readiness_verdict: ReadinessVerdict, "READINESS_VERDICT_", lower;
}

/// Names the mode in a sentence.
pub(crate) fn environment_name(value: i32) -> String {
    environment(value).to_table()
}

/// Names the books in a sentence.
pub(crate) fn ledger_name(ledger: &Ledger) -> String {
    format!("{} ledger {}", environment_name(ledger.environment), ledger.id)
}

/// Returns what a refusal says, or the name of its code where it says nothing.
pub(crate) fn first_words(status: &Status) -> String {
    let message = status.message().trim().trim_end_matches('.');
    if message.is_empty() { status.code().description().to_owned() } else { message.to_owned() }
}

fn upper(name: &str) -> String {
    name.to_owned()
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

fn camel(name: &str) -> String {
    let capitalise = |word: &str| format!("{}{}", &word[..1], word[1..].to_ascii_lowercase());
    name.split('_').map(capitalise).collect()
}

/// Shows an instant; nothing when it is absent or no instant.
pub(crate) fn time(value: Option<&Timestamp>) -> Cell {
    value.and_then(|time| timestamp_to_micros(time).ok()).map_or(Cell::Absent, Cell::Time)
}

/// Shows an instant, in CSV to the second; nothing when it is absent or no instant.
pub(crate) fn second(value: Option<&Timestamp>) -> Cell {
    value.and_then(|time| timestamp_to_micros(time).ok()).map_or(Cell::Absent, Cell::Second)
}

/// Shows a span; nothing when it is absent or no span.
pub(crate) fn span(value: Option<&Duration>) -> Cell {
    value.and_then(|span| duration_to_micros(span).ok()).map_or(Cell::Absent, Cell::Span)
}

/// Returns an instant for programs: UTC, with a fraction only where there is one.
pub(crate) fn utc(micros: i64) -> String {
    instant(micros).map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// Returns an instant for people: New York, to the second.
pub(crate) fn new_york(micros: i64) -> String {
    let show = |time: DateTime<Utc>| time.with_timezone(&New_York).format("%Y-%m-%d %H:%M:%S").to_string();
    instant(micros).map_or_else(String::new, show)
}

/// Returns the time of day for people: New York, to the second; nothing when it is absent.
pub(crate) fn time_of_day(value: Option<&Timestamp>) -> String {
    let micros = value.and_then(|time| timestamp_to_micros(time).ok()).and_then(instant);
    micros.map_or_else(String::new, |time| time.with_timezone(&New_York).format("%H:%M:%S").to_string())
}

/// Returns a span for people: `1:02:03`, or `4.2s` below a minute.
pub(crate) fn clock(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let seconds = micros / 1_000_000;
    if seconds < 60 {
        return format!("{sign}{seconds}.{}s", micros % 1_000_000 / 100_000);
    }
    format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn instant(micros: i64) -> Option<DateTime<Utc>> {
    Utc.timestamp_micros(micros).single()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enums_are_shown_by_name() {
        assert_eq!(side(Side::Long.into()), Cell::Text("long".to_owned()));
        assert_eq!(component(Component::RiskManager.into()), Cell::Text("RiskManager".to_owned()));
        assert_eq!(hold_cleared(HoldCleared::ByCause.into()), Cell::Text("cause".to_owned()));
        assert_eq!(side(0), Cell::Absent);
        assert_eq!(side(99), Cell::Text("unknown(99)".to_owned()));
    }

    #[test]
    fn programs_read_utc_and_people_new_york() {
        let micros = 1_770_993_300_000_000;
        assert_eq!(utc(micros), "2026-02-13T14:35:00Z");
        assert_eq!(utc(micros + 1_500), "2026-02-13T14:35:00.001500Z");
        assert_eq!(new_york(micros), "2026-02-13 09:35:00");
        assert_eq!(utc(i64::MAX), "");
    }

    #[test]
    fn spans_are_short() {
        assert_eq!(clock(4_250_000), "4.2s");
        assert_eq!(clock(-4_250_000), "-4.2s");
        assert_eq!(clock(3_723_000_000), "1:02:03");
    }
}
