//! Criteria, each at its threshold.

use super::criteria::judge;
use super::*;

fn day(number: u32) -> ReadyDay {
    let parity = DayParity { unexplained: 0, net_difference: Money::ZERO, trades_both: 2, slippage_r_e4: 2_000 };
    ReadyDay {
        date: Date::from_ymd_opt(2026, 1 + number / 28, 1 + number % 28).expect("a date"),
        trades: 2,
        net: Money::ZERO,
        reconcile_breaks: 0,
        crashes: 0,
        holds: Vec::new(),
        parity: Some(parity),
        unprotected: Some(UNPROTECTED_MAX),
    }
}

fn days(count: u32) -> Vec<ReadyDay> {
    (0..count).map(day).collect()
}

#[track_caller]
fn check(days: &[ReadyDay], name: &str, verdict: Judgement, found: &str) {
    let criteria = judge(Environment::Paper, days);
    let criterion = criteria.iter().find(|criterion| criterion.name == name).expect(name);
    assert_eq!((criterion.verdict, criterion.found.as_str()), (verdict, found));
}

#[test]
fn twenty_good_sessions_at_a_paper_account_are_ready() {
    let criteria = judge(Environment::Paper, &days(20));
    assert!(criteria.iter().all(|criterion| criterion.verdict == Judgement::Met), "{criteria:#?}");
    assert_eq!(judge(Environment::Sim, &days(20))[0].verdict, Judgement::NotMet);
    check(&days(19), "sessions", Judgement::NotMet, "19 since 2026-01-01");
}

#[test]
fn nothing_is_told_of_no_sessions() {
    let criteria = judge(Environment::Paper, &[]);
    let met: Vec<_> = criteria.iter().filter(|one| one.verdict == Judgement::Met).map(|one| one.name).collect();
    assert_eq!(met, ["paper"]);
    check(&[], "sessions", Judgement::NotMet, "none");
}

#[test]
fn each_fault_fails_its_criterion_until_twenty_sessions_have_passed() {
    let spoil = |place: usize, fault: fn(&mut ReadyDay)| {
        let mut days = days(21);
        fault(&mut days[place]);
        days
    };
    type Fault = fn(&mut ReadyDay);
    let faults: [(&str, Fault, &str); 6] = [
        ("reconcile_breaks", |day| day.reconcile_breaks = 1, "2026-01-02"),
        ("crashes", |day| day.crashes = 2, "2026-01-02"),
        ("holds", |day| day.holds.push("breaker"), "2026-01-02"),
        (
            "parity",
            |day| day.parity = day.parity.map(|parity| DayParity { unexplained: 3, ..parity }),
            "without a reason: 3 on 2026-01-02",
        ),
        (
            "slippage",
            |day| day.parity = day.parity.map(|parity| DayParity { slippage_r_e4: 2_041, ..parity }),
            "0.1001 R on average of 40 trades",
        ),
        ("unprotected", |day| day.unprotected = Some(Span::from_micros(5_001_000)), "5.001 s on 2026-01-02"),
    ];
    for (name, fault, found) in faults {
        check(&spoil(1, fault), name, Judgement::NotMet, found);
        let old = spoil(0, fault);
        let criteria = judge(Environment::Paper, &old);
        assert!(criteria.iter().all(|criterion| criterion.verdict == Judgement::Met), "{name}: {criteria:#?}");
    }
}

#[test]
fn what_was_not_measured_is_unknown() {
    let mut days = days(20);
    days[3].parity = None;
    days[4].unprotected = None;
    check(&days, "parity", Judgement::Unknown, "1 of 20 sessions have no report");
    check(&days, "unprotected", Judgement::Unknown, "not measured on every session");
}
