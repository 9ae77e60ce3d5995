//! What is asked of the sessions, with its thresholds.

use orb_core::Span;

use super::{Criterion, Judgement, ReadyDay};
use crate::trades_csv::four_decimals;
use crate::view::Environment;

/// Sessions that are wanted, and over which the others are judged: a month of trading.
pub const SESSIONS_WANTED: usize = 20;
/// The most that fills may cost beyond those of the backtest on average, in 1e-4 of a trade's risk: a tenth of it.
pub const SLIPPAGE_R_E4_MAX: i64 = 1_000;
/// How long positions may be without a stop that covers them, on any day.
pub const UNPROTECTED_MAX: Span = Span::from_seconds(5);

/// Judges the sessions, the oldest of which comes first.
pub(super) fn judge(environment: Environment, days: &[ReadyDay]) -> Vec<Criterion> {
    let recent = &days[days.len().saturating_sub(SESSIONS_WANTED)..];
    vec![
        paper(environment),
        sessions(days),
        none("reconcile_breaks", "no session on which books and broker differed", recent, |day| {
            day.reconcile_breaks > 0
        }),
        none("crashes", "no session with an abnormal end of orb", recent, |day| day.crashes > 0),
        none("holds", "no session on which an operator had to clear a safety hold", recent, |day| {
            !day.holds.is_empty()
        }),
        parity(recent),
        slippage(recent),
        unprotected(recent),
    ]
}

fn paper(environment: Environment) -> Criterion {
    let (verdict, found) = match environment {
        Environment::Sim => (Judgement::NotMet, "a simulator: its fills prove little"),
        Environment::Paper => (Judgement::Met, "a paper account"),
        Environment::Live => (Judgement::Met, "real money already"),
    };
    Criterion { name: "paper", verdict, wanted: "sessions at a paper account".to_owned(), found: found.to_owned() }
}

fn sessions(days: &[ReadyDay]) -> Criterion {
    let found = match days {
        [] => "none".to_owned(),
        [first, ..] => format!("{} since {}", days.len(), first.date),
    };
    Criterion {
        name: "sessions",
        verdict: Judgement::of(days.len() >= SESSIONS_WANTED),
        wanted: format!("{SESSIONS_WANTED} sessions to their end"),
        found,
    }
}

/// Asks that something is true of no recent session.
fn none(name: &'static str, wanted: &str, recent: &[ReadyDay], is_bad: impl Fn(&ReadyDay) -> bool) -> Criterion {
    let bad: Vec<String> = recent.iter().filter(|day| is_bad(day)).map(|day| day.date.to_string()).collect();
    let verdict = if recent.is_empty() { Judgement::Unknown } else { Judgement::of(bad.is_empty()) };
    let found = if bad.is_empty() { format!("none of {}", recent.len()) } else { bad.join(", ") };
    Criterion { name, verdict, wanted: wanted.to_owned(), found }
}

fn parity(recent: &[ReadyDay]) -> Criterion {
    let wanted = "each session compared with its backtest, and no difference without a reason".to_owned();
    let unexplained: Vec<String> = recent
        .iter()
        .filter_map(|day| Some(format!("{} on {}", day.parity?.unexplained, day.date)).filter(|_| day.is_unexplained()))
        .collect();
    let lacking = recent.iter().filter(|day| day.parity.is_none()).count();
    let (verdict, found) = match (unexplained.is_empty(), lacking) {
        (false, _) => (Judgement::NotMet, format!("without a reason: {}", unexplained.join(", "))),
        (true, 0) if recent.is_empty() => (Judgement::Unknown, "no session".to_owned()),
        (true, 0) => (Judgement::Met, format!("none in {} sessions", recent.len())),
        (true, lacking) => (Judgement::Unknown, format!("{lacking} of {} sessions have no report", recent.len())),
    };
    Criterion { name: "parity", verdict, wanted, found }
}

fn slippage(recent: &[ReadyDay]) -> Criterion {
    let told = || recent.iter().filter_map(|day| day.parity);
    let trades: i64 = told().map(|parity| i64::from(parity.trades_both)).sum();
    let sum: i64 = told().map(|parity| parity.slippage_r_e4).sum();
    let (verdict, found) = match sum.checked_div(trades) {
        None => (Judgement::Unknown, "no trade that the backtest made too".to_owned()),
        Some(mean) => {
            let found = format!("{} R on average of {trades} trades", four_decimals(mean));
            (Judgement::of(mean <= SLIPPAGE_R_E4_MAX), found)
        }
    };
    let wanted = format!("fills at most {} R worse than the backtest's, on average", four_decimals(SLIPPAGE_R_E4_MAX));
    Criterion { name: "slippage", verdict, wanted, found }
}

fn unprotected(recent: &[ReadyDay]) -> Criterion {
    let seconds = |span: Span| format!("{}.{:03} s", span.micros() / 1_000_000, span.micros() / 1_000 % 1_000);
    let wanted = format!("positions without a covering stop for at most {} a day", seconds(UNPROTECTED_MAX));
    let measured: Vec<(Span, &ReadyDay)> = recent.iter().filter_map(|day| Some((day.unprotected?, day))).collect();
    let worst = measured.iter().max_by_key(|(span, _)| *span);
    let (verdict, found) = match worst {
        Some((span, day)) if *span > UNPROTECTED_MAX => {
            (Judgement::NotMet, format!("{} on {}", seconds(*span), day.date))
        }
        Some((span, _)) if measured.len() == recent.len() => (Judgement::Met, format!("at most {}", seconds(*span))),
        Some(_) | None => (Judgement::Unknown, "not measured on every session".to_owned()),
    };
    Criterion { name: "unprotected", verdict, wanted, found }
}

impl ReadyDay {
    fn is_unexplained(&self) -> bool {
        self.parity.is_some_and(|parity| parity.unexplained > 0)
    }
}
