//! Nothing that is done rests on what comes later.

use orb_backtest::{Backtest, SessionBars};
use orb_core::explain::{Explanation, Verdict};
use orb_core::fact::{Decision, Trade};
use orb_core::history::History;
use orb_core::order::AttemptId;
use orb_core::{Bar, Price, Quantity, Side, Span, Timestamp};
use proptest::prelude::*;

use crate::harness::{Harness, Step, is_entry};
use crate::market::{self, Dice};
use crate::{Case, day};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// Every event and effect up to a moment is the same, whatever the bars after it.
    #[test]
    fn no_event_before_a_moment_depends_on_bars_after_it(seed in any::<u64>()) {
        case(seed);
    }

    #[test]
    fn reference_data_of_a_day_do_not_depend_on_it_or_on_later_ones(seed in any::<u64>()) {
        features(seed);
    }
}

#[test]
fn moments_fall_before_and_after_entries() {
    // The property says something only where entries come before a moment, and differ after it.
    let (mut before, mut differ) = (0, 0);
    for seed in 0..40 {
        let (entries, later) = case(seed);
        before += usize::from(entries > 0);
        differ += usize::from(later);
    }
    assert!(before >= 15 && differ >= 15, "{before} with entries before, {differ} that differ after");
}

/// Returns the number of entries before the moment, and whether what came after it differs.
#[track_caller]
fn case(seed: u64) -> (usize, bool) {
    let (mut case, mut dice) = Case::of_several(seed);
    case.config = case.config.explained();
    let number = usize::try_from(dice.between(0, 3)).expect("small");
    let (session, length) = (case.days[number].session, case.config.bar_length);
    let bars = (session.close - session.open).micros() / length.micros();
    let moment = session.open + Span::from_micros(dice.between(1, bars) * length.micros());
    let (as_it_was, report) = (run(&case), backtest(&case, moment));
    for day in &mut case.days[number..] {
        day.bars = changed(&mut dice, &day.bars, moment, length);
    }
    let otherwise = run(&case);
    assert_eq!(report, backtest(&case, moment), "moment {moment}: {}", case.name());
    let known = |log: &[Step]| log.iter().take_while(|step| step.now < moment + length).count();
    let count = known(&as_it_was);
    assert_eq!(count, known(&otherwise), "moment {moment}: {}", case.name());
    for (left, right) in as_it_was[..count].iter().zip(&otherwise) {
        assert_eq!(left, right, "moment {moment}: {}", case.name());
    }
    let entries = as_it_was[..count].iter().flat_map(|step| &step.effects).filter(|effect| is_entry(effect)).count();
    (entries, as_it_was[count..] != otherwise[count..])
}

fn run(case: &Case) -> Vec<Step> {
    let mut harness = Harness::new(case.config.clone(), case.fill_model);
    for day in &case.days {
        let (session, bars, reference) = (&day.session, &day.bars[..], &day.reference[..]);
        harness.run_session(&SessionBars { session, bars, reference }, &mut |_, _| {});
    }
    harness.log
}

/// Holds what a backtest has settled by a moment: entries, decisions, explanations.
type Settled = (Vec<Entry>, Vec<Decision>, Vec<Explanation>);

/// Holds attempt, side, start of the fill's bar, price, stop and shares of an entry.
type Entry = (AttemptId, Side, Timestamp, Price, Price, Quantity);

/// Runs the case as a backtest and returns what was settled before the bar after a moment ended.
fn backtest(case: &Case, moment: Timestamp) -> Settled {
    let mut backtest = Backtest::new(case.config.clone(), case.fill_model);
    for day in &case.days {
        let (session, bars, reference) = (&day.session, &day.bars[..], &day.reference[..]);
        backtest.run_session(&SessionBars { session, bars, reference });
    }
    let mut report = backtest.finish();
    let length = case.config.bar_length;
    report.trades.retain(|trade| trade.entry_time + length <= moment);
    report.decisions.retain(|decision| decision.at < moment + length);
    // An entry that was ordered may yet come to nothing: only a refusal is final. The log has the others.
    report.explanations.retain(|one| one.at < moment + length && one.verdict != Verdict::Signal);
    let entry =
        |trade: &Trade| (trade.attempt, trade.side, trade.entry_time, trade.entry_price(), trade.stop, trade.entered);
    (report.trades.iter().map(entry).collect(), report.decisions, report.explanations)
}

/// Scales, moves or takes away every bar that ends after a moment.
fn changed(dice: &mut Dice, bars: &[Bar], moment: Timestamp, length: Span) -> Vec<Bar> {
    let (percent, by, gone) = (dice.between(50, 200), dice.between(-2_000_000, 2_000_000), *dice.pick(&[0, 10, 60]));
    let change = |dice: &mut Dice, bar: &Bar| {
        let mut moved = *bar;
        for price in [&mut moved.open, &mut moved.high, &mut moved.low, &mut moved.close] {
            *price = Price::from_micros((price.micros() * percent / 100 + by).max(500));
        }
        moved.volume = 1 + dice.next() % 50_000;
        (!dice.chance(gone)).then(|| moved.validated().expect("a valid bar"))
    };
    bars.iter().filter_map(|bar| if bar.start + length <= moment { Some(*bar) } else { change(dice, bar) }).collect()
}

#[track_caller]
fn features(seed: u64) {
    let mut dice = Dice(seed);
    let length = Span::from_minutes(*dice.pick(&[5, 15]));
    let sessions: Vec<_> = (1..=22).map(|day| day::session(&format!("2026-01-{day:02}"), 5, 60)).collect();
    let days: Vec<Vec<Bar>> = sessions.iter().map(|session| market::bars(&mut dice, session, length, 3)).collect();
    let index = usize::try_from(dice.between(0, 22)).expect("small");
    let mut other = days.clone();
    for (bars, session) in other.iter_mut().zip(&sessions).skip(index) {
        *bars = changed(&mut dice, bars, session.open, length);
    }
    let known = |days: &[Vec<Bar>]| {
        let mut history = History::new(3, length);
        let of_day = |(number, (session, bars)): (usize, (&orb_core::Session, &Vec<Bar>))| {
            let known = history.reference(number);
            history.add_session(number, session, bars);
            known
        };
        sessions.iter().zip(days).enumerate().map(of_day).collect::<Vec<_>>()
    };
    let (left, right) = (known(&days), known(&other));
    assert_eq!(left[..=index], right[..=index], "features({seed}): day {index}");
    assert!(index + 1 == left.len() || left[index + 1..] != right[index + 1..], "features({seed}): later days differ");
}
