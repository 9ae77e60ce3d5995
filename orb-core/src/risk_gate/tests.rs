//! Sizes, refusals and their reasons.

use rust_decimal::Decimal;

use super::*;
use crate::config::preset;
use crate::order::OrderKind;
use crate::symbol::SymbolId;
use crate::time::Date;

fn proposal(symbol: u32, level: &str, stop: &str) -> EntryProposal {
    let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
    let attempt = AttemptId { date, strategy: StrategyId(0), symbol: SymbolId(symbol), attempt: 1 };
    let (level, stop): (Price, Price) = (level.parse().expect(level), stop.parse().expect(stop));
    let side = if level > stop { Side::Long } else { Side::Short };
    EntryProposal::new(attempt, side, level, stop)
}

fn context() -> RiskContext {
    RiskContext::at_open(Money::from_cents(10_000_000))
}

fn run() -> RunConfig {
    RunConfig::of(preset("orb-classic").expect("a preset"))
}

#[track_caller]
fn refused(proposal: EntryProposal, context: &RiskContext, reason: Reason) {
    let mut gate = RiskGate::default();
    let result = gate.approve(Timestamp::from_micros(1), &run(), proposal, context);
    assert_eq!(result.expect_err("refused").reason, reason);
    assert_eq!(gate.slots_used(), 0, "a refusal reserves nothing");
}

#[test]
fn sizes_by_risk_and_by_leverage() {
    // 1% of 100,000 over 5 positions is 200 dollars; 0.40 a share gives 500 shares of 50 dollars.
    let mut gate = RiskGate::default();
    let now = Timestamp::from_micros(1);
    let approved = gate.approve(now, &run(), proposal(0, "50", "49.6"), &context()).expect("approved");
    assert_eq!(approved.quantity().shares(), 500);
    // 0.10 a share would give 2,000 shares, but 4 x 100,000 / 5 buys 1,600 at 50.
    let approved = gate.approve(now, &run(), proposal(1, "50", "49.9"), &context()).expect("approved");
    assert_eq!(approved.quantity().shares(), 1_600);
    assert_eq!(gate.notional(), Money::from_cents(10_500_000));
}

#[test]
fn refusals_come_in_their_order() {
    refused(proposal(0, "50", "50.4"), &RiskContext { restricted: true, ..context() }, Reason::Rule201);
    refused(proposal(0, "50", "50.4"), &RiskContext { restriction_unknown: true, ..context() }, Reason::Rule201);
    refused(proposal(0, "50", "50"), &context(), Reason::StopTooClose);
    refused(proposal(0, "900", "600"), &context(), Reason::SizeZero);
    let lost = RiskContext { realized_net: Money::from_cents(-490_000), ..context() };
    refused(proposal(0, "50", "49.6"), &lost, Reason::DailyRisk);
    // From here on each context breaks all the rules that follow, too.
    let halted = RiskContext { halted: true, ..context() };
    refused(proposal(0, "50", "49.6"), &halted, Reason::Halted);
    let held = RiskContext { holds_permit: false, ..halted };
    refused(proposal(0, "50", "49.6"), &held, Reason::Hold);
    let limited = RiskContext { loss_limit_reached: true, ..held };
    refused(proposal(0, "50", "49.6"), &limited, Reason::LossLimit);
    let risky = RiskContext { realized_net: Money::from_cents(-490_000), ..limited };
    refused(proposal(0, "50", "49.6"), &risky, Reason::DailyRisk);
    refused(proposal(0, "900", "600"), &risky, Reason::SizeZero);
    refused(proposal(0, "50", "50"), &risky, Reason::StopTooClose);
    refused(proposal(0, "50", "350"), &RiskContext { restricted: true, ..risky }, Reason::Rule201);
}

#[test]
fn slots_freed_in_a_bar_are_free_from_the_next() {
    let (mut gate, now) = (RiskGate::default(), Timestamp::from_micros(1));
    for symbol in 0..5 {
        gate.approve(now, &run(), proposal(symbol, "50", "49.6"), &context()).expect("approved");
    }
    let sixth = proposal(5, "50", "49.6");
    assert_eq!(gate.approve(now, &run(), sixth, &context()).expect_err("full").reason, Reason::NoSlot);
    gate.release(now, proposal(0, "50", "49.6").attempt);
    assert_eq!(gate.approve(now, &run(), sixth, &context()).expect_err("same bar").reason, Reason::NoSlot);
    assert!(gate.approve(Timestamp::from_micros(2), &run(), sixth, &context()).is_ok());
}

#[test]
fn a_stop_that_goes_with_the_fill_risks_what_the_fill_risks() {
    // Limit 5% of 100,000. Ten cents a share: 1,600 shares, at most 160 dollars, wherever the entry fills.
    let (mut gate, now) = (RiskGate::default(), Timestamp::from_micros(1));
    let (expected, expected_stop) = ("55".parse().expect("a price"), "54.9".parse().expect("a price"));
    let gapped = EntryProposal { expected, expected_stop, ..proposal(0, "50", "49.9") };
    gate.approve(now, &run(), gapped, &context()).expect("approved");
    let second = gate.approve(now, &run(), proposal(1, "50", "49.9"), &context()).expect("approved");
    assert_eq!(second.size().open_risk, Money::from_cents(16_000));
}

#[test]
fn what_the_broker_reserves_cuts_the_last_size_and_never_the_risk() {
    // Five stops at 50 dollars, each a fifth of 400,000: the broker reserves 82,000 for each of the first four.
    let (mut gate, now) = (RiskGate::default(), Timestamp::from_micros(1));
    let context = RiskContext { buying_power: Some(Money::from_cents(40_000_000)), ..context() };
    let resting = |symbol| {
        let price = reserve_price(Side::Long, OrderKind::Stop(Price::from_cents(5_000)), Price::from_cents(5_000));
        EntryProposal { reserve_price: Some(price), ..proposal(symbol, "50", "49.9") }
    };
    for symbol in 0..4 {
        let approved = gate.approve(now, &run(), resting(symbol), &context).expect("approved");
        assert_eq!(approved.quantity().shares(), 1_600);
    }
    assert_eq!(gate.reserved(), Money::from_cents(32_800_000));
    // 72,000 are left: 1,404 shares at 51.25.
    let last = gate.approve(now, &run(), resting(4), &context).expect("approved");
    assert_eq!(last.quantity().shares(), 1_404);
    let sixth = gate.approve(now, &run(), resting(5), &context).expect_err("nothing is left");
    assert_eq!(sixth.reason, Reason::NoBuyingPower);
}

#[test]
fn what_remains_of_the_leverage_cuts_the_size() {
    let (mut gate, now) = (RiskGate::default(), Timestamp::from_micros(1));
    let mut run = run();
    run.strategies[0].leverage = Decimal::ONE;
    for symbol in 0..4 {
        let expected = "50.5".parse().expect("a price");
        let proposal = EntryProposal { expected, ..proposal(symbol, "50", "49.9") };
        assert_eq!(gate.approve(now, &run, proposal, &context()).expect("approved").quantity().shares(), 400);
    }
    // 100,000 less 4 x 400 x 50.50 leaves 19,200: 384 shares.
    let last = gate.approve(now, &run, proposal(4, "50", "49.9"), &context()).expect("approved");
    assert_eq!(last.quantity().shares(), 384);
}
