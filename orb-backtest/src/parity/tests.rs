//! Days by hand: one difference each, and what explains it.

use orb_core::{Money, SymbolTable};

use super::*;

const SYMBOL: SymbolId = SymbolId(0);

fn at(minute: i64) -> Timestamp {
    Timestamp::from_micros(0) + Span::from_minutes(minute)
}

fn attempt(symbol: SymbolId, attempt: u16) -> AttemptId {
    AttemptId { date: orb_core::Date::default(), strategy: StrategyId(0), symbol, attempt }
}

/// A long trade of 100 shares: in at 100.01 in minute 5, stop 99, target 102.03, out by the target in minute 9.
fn trade() -> Trade {
    let quantity = Quantity::new(100);
    Trade {
        attempt: attempt(SYMBOL, 1),
        side: Side::Long,
        entered: quantity,
        exited: quantity,
        entry_time: at(5),
        exit_time: Some(at(9)),
        entry_notional: quantity.at(Price::from_cents(10_001)),
        exit_notional: quantity.at(Price::from_cents(10_203)),
        fees: Money::ZERO,
        stop: Price::from_cents(9_900),
        target: Some(Price::from_cents(10_203)),
        exit_reason: Some(ExitReason::Target),
        unprotected: Span::ZERO,
    }
}

fn entered_at(cents: i64, trade: &Trade) -> Trade {
    Trade { entry_notional: trade.entered.at(Price::from_cents(cents)), ..trade.clone() }
}

fn left(reason: ExitReason, minute: i64, cents: i64, trade: &Trade) -> Trade {
    Trade {
        exit_reason: Some(reason),
        exit_time: Some(at(minute)),
        exit_notional: trade.exited.at(Price::from_cents(cents)),
        ..trade.clone()
    }
}

/// Minutes 5 to 12, each from 99.50 to 100.50, but for those that are given as minute, low and high in cents.
fn bars(special: &[(i64, i64, i64)]) -> Vec<Bar> {
    let bar = |minute| {
        let given = special.iter().find(|(other, ..)| *other == minute);
        let (low, high) = given.map_or((9_950, 10_050), |&(_, low, high)| (low, high));
        let [open, high, low, close] =
            [10_000.clamp(low, high), high, low, 10_000.clamp(low, high)].map(Price::from_cents);
        Bar { symbol: SYMBOL, start: at(minute), open, high, low, close, volume: 1 }
    };
    (5..13).map(bar).collect()
}

fn decision(reason: Reason) -> Decision {
    Decision { attempt: attempt(SYMBOL, 0), reason, detail: String::new(), at: at(13) }
}

#[track_caller]
fn check(special: &[(i64, i64, i64)], expected: (&[Trade], &[Reason]), found: (&[Trade], &[Reason]), lines: &[&str]) {
    let bars = bars(special);
    let decisions =
        [expected.1, found.1].map(|reasons| reasons.iter().map(|&reason| decision(reason)).collect::<Vec<_>>());
    let day = Day { bars: &bars.as_slice(), bar_length: Span::from_minutes(1) };
    let expected = Run { trades: expected.0, decisions: &decisions[0] };
    let parity = Parity::of(&day, expected, Run { trades: found.0, decisions: &decisions[1] });
    let symbols = SymbolTable::new([orb_core::Symbol::new("A").expect("a symbol")]);
    let mut written = parity.lines(&symbols);
    let sums = written.pop().expect("the sums");
    assert_eq!(written, lines);
    assert_eq!(parity.is_equal(), lines.is_empty());
    let unexplained = lines.iter().filter(|line| line.contains("[unexplained]")).count();
    assert!(sums.ends_with(&format!("{unexplained} differences without a reason")), "{sums}");
}

#[track_caller]
fn pair(special: &[(i64, i64, i64)], found: Trade, lines: &[&str]) {
    check(special, (&[trade()], &[]), (&[found], &[]), lines);
}

const TARGET: (i64, i64, i64) = (9, 10_000, 10_300);

#[test]
fn equal_trades_differ_in_nothing() {
    pair(&[TARGET], trade(), &[]);
    // A live fill has its own instant within the bar.
    let later = Trade { entry_time: at(5) + Span::from_seconds(20), ..trade() };
    pair(&[TARGET], later, &[]);
}

#[test]
fn prices_within_reach_of_the_bar_are_those_of_execution() {
    pair(&[TARGET], entered_at(10_004, &trade()), &["A: entered at 100.04 instead of 100.01 (+3 ticks) [execution]"]);
    pair(&[TARGET], entered_at(9_998, &trade()), &["A: entered at 99.98 instead of 100.01 (-3 ticks) [execution]"]);
    pair(&[TARGET], entered_at(11_500, &trade()), &["A: entered at 115 instead of 100.01 (+1499 ticks) [unexplained]"]);
    let left = left(ExitReason::Target, 9, 10_200, &trade());
    pair(&[TARGET], left, &["A: left at 102 instead of 102.03 (+3 ticks) [execution]"]);
}

#[test]
fn an_order_may_cross_the_end_of_a_bar_and_no_more() {
    let entered = |minute| Trade { entry_time: at(minute), ..trade() };
    let line = |minute| format!("A: entered in the bar of {} instead of {}", at(minute), at(5));
    pair(&[TARGET], entered(6), &[&format!("{} [execution]", line(6))]);
    pair(&[TARGET], entered(8), &[&format!("{} [unexplained]", line(8))]);
}

#[test]
fn a_bar_that_touches_stop_and_target_does_not_tell_which_came_first() {
    let stopped = left(ExitReason::Stop, 9, 9_899, &trade());
    let lines = |why| {
        ["A: left by stop instead of target".to_owned(), "A: left at 98.99 instead of 102.03 (+304 ticks)".to_owned()]
            .map(|line| format!("{line} [{why}]"))
    };
    let texts = lines("path_in_bar");
    pair(&[(9, 9_800, 10_300)], stopped.clone(), &texts.each_ref().map(String::as_str));
    let texts = lines("unexplained");
    pair(&[TARGET], stopped, &texts.each_ref().map(String::as_str));
}

#[test]
fn a_stop_that_the_bar_of_the_entry_touches_is_ambiguous() {
    let stopped = left(ExitReason::Stop, 5, 9_899, &trade());
    let why = "path_in_bar";
    let lines = [
        format!("A: left by target instead of stop [{why}]"),
        format!("A: left in the bar of {} instead of {} [{why}]", at(9), at(5)),
        format!("A: left at 102.03 instead of 98.99 (-304 ticks) [{why}]"),
    ];
    let special = [(5, 9_890, 10_050), TARGET];
    check(&special, (&[stopped], &[]), (&[trade()], &[]), &lines.each_ref().map(String::as_str));
}

#[test]
fn another_entry_price_moves_the_exits() {
    let found = Trade { target: Some(Price::from_cents(10_212)), ..entered_at(10_004, &trade()) };
    let found = left(ExitReason::TimeExit, 12, 10_000, &found);
    let lines = [
        "A: entered at 100.04 instead of 100.01 (+3 ticks) [execution]".to_owned(),
        "A: left by time_exit instead of target [of_this_trade]".to_owned(),
        format!("A: left in the bar of {} instead of {} [of_this_trade]", at(12), at(9)),
        "A: left at 100 instead of 102.03 (+203 ticks) [of_this_trade]".to_owned(),
    ];
    pair(&[TARGET], found, &lines.each_ref().map(String::as_str));
}

#[test]
fn shares_that_were_not_filled_are_a_partial_fill() {
    let quantity = Quantity::new(40);
    let found = Trade {
        entered: quantity,
        exited: quantity,
        entry_notional: quantity.at(Price::from_cents(10_001)),
        exit_notional: quantity.at(Price::from_cents(10_203)),
        ..trade()
    };
    pair(&[TARGET], found, &["A: 40 shares instead of 100 [partial_fill]"]);
}

#[test]
fn trades_of_one_side_only_are_explained_by_the_other_s_decision() {
    let line = |what: &str, reason: &str, why: &str| format!("A: {what} (long 100; {reason}) [{why}]");
    for (reason, why) in [
        (Reason::NoSlot, "of_other_trades"),
        (Reason::MissedBreakout, "limit_left_behind"),
        (Reason::Hold, "hold"),
        (Reason::RejectedByBroker, "broker"),
        (Reason::NoTrigger, "unexplained"),
    ] {
        let line = line("not traded", reason.code(), why);
        check(&[], (&[trade()], &[]), (&[], &[reason]), &[&line]);
    }
    for (reason, why) in [(Reason::BothSidesInOneBar, "both_sides_in_one_bar"), (Reason::NoTrigger, "unexplained")] {
        let line = line("traded", reason.code(), why);
        check(&[], (&[], &[reason]), (&[trade()], &[]), &[&line]);
    }
    check(&[], (&[trade()], &[]), (&[], &[]), &["A: not traded (long 100; no reason was given) [unexplained]"]);
}

#[test]
fn reasons_that_differ_are_told_for_symbols_that_nobody_traded() {
    let line = "A: not traded for no_slot instead of no_trigger [of_other_trades]";
    check(&[], (&[], &[Reason::NoTrigger]), (&[], &[Reason::NoSlot]), &[line]);
    check(&[], (&[], &[Reason::Doji]), (&[], &[Reason::Doji]), &[]);
    let line = "A: not traded for doji instead of no_trigger [unexplained]";
    check(&[], (&[], &[Reason::NoTrigger]), (&[], &[Reason::Doji]), &[line]);
}

#[test]
fn a_position_that_somebody_closed_is_an_intervention() {
    let closed = left(ExitReason::ForceClose, 7, 10_000, &trade());
    let lines = [
        "A: left by force_close instead of target [intervention]".to_owned(),
        format!("A: left in the bar of {} instead of {} [intervention]", at(7), at(9)),
        "A: left at 100 instead of 102.03 (+203 ticks) [intervention]".to_owned(),
    ];
    pair(&[TARGET], closed, &lines.each_ref().map(String::as_str));
}

fn signal(side: Side, cents: i64) -> orb_core::fact::Signal {
    orb_core::fact::Signal {
        attempt: attempt(SYMBOL, 1),
        side,
        at: at(5),
        level: Price::from_cents(cents),
        stop: Price::from_cents(9_900),
        quantity: Quantity::new(100),
        status: orb_core::fact::SignalStatus::Filled,
        reason: None,
        detail: String::new(),
        order: None,
        broker_order: None,
        submitted_at: None,
        filled_at: None,
        fill_price: None,
        score_e6: None,
    }
}

/// Compares the signals of a day; reasons are those that each side gave.
fn signals_of(
    bars: &[Bar],
    expected: (&[orb_core::fact::Signal], Option<Reason>),
    found: (&[orb_core::fact::Signal], Option<Reason>),
) -> SignalParity {
    let decision = |reason: Option<Reason>| -> Vec<Decision> {
        let given = |reason| Decision { attempt: attempt(SYMBOL, 0), reason, detail: String::new(), at: at(5) };
        reason.map(given).into_iter().collect()
    };
    let (wanted, had) = (decision(expected.1), decision(found.1));
    let day = Day { bars: &bars, bar_length: Span::from_minutes(1) };
    let side = |decisions| Run { trades: &[], decisions };
    SignalParity::of(&day, (side(&wanted), expected.0), (side(&had), found.0))
}

#[test]
fn equal_signals_differ_in_nothing_and_levels_without_a_reason_are_unexplained() {
    let long = [signal(Side::Long, 10_001)];
    let parity = signals_of(&bars(&[]), (&long, None), (&long, None));
    assert_eq!((parity.identical, parity.differences.len()), (1, 0));
    let parity = signals_of(&bars(&[]), (&long, None), (&[signal(Side::Long, 10_002)], None));
    assert_eq!((parity.identical, parity.unexplained()), (0, 1));
    assert_eq!(parity.differences[0].what.to_string(), "signal at 100.02 instead of 100.01");
}

#[test]
fn a_signal_of_one_side_only_is_explained_by_the_other_s_decision() {
    let long = [signal(Side::Long, 10_001)];
    let missing = |reason| signals_of(&bars(&[]), (&long, None), (&[], reason)).differences[0].why;
    assert_eq!(missing(Some(Reason::Hold)), Why::Hold);
    assert_eq!(missing(Some(Reason::NoSlot)), Why::OfOtherTrades);
    assert_eq!(missing(None), Why::Unexplained);
    let extra = |reason| signals_of(&bars(&[]), (&[], reason), (&long, None)).differences[0].why;
    assert_eq!(extra(Some(Reason::BothSidesInOneBar)), Why::BothSidesInOneBar);
    assert_eq!(extra(None), Why::Unexplained);
}

#[test]
fn signals_of_other_sides_are_explained_by_a_bar_that_reaches_both() {
    let (long, short) = ([signal(Side::Long, 10_001)], [signal(Side::Short, 9_960)]);
    let why = |bars: &[Bar]| signals_of(bars, (&long, None), (&short, None)).differences[0].why;
    assert_eq!(why(&bars(&[])), Why::BothSidesInOneBar);
    assert_eq!(why(&bars(&[(5, 9_950, 9_990)])), Why::Unexplained);
}
