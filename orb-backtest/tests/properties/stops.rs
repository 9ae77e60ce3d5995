//! After a kill, a hold or a pause nothing is entered.

use orb_core::SymbolId;
use orb_core::effect::Effect;
use orb_core::event::{Authorised, Command, Event, FeedState};
use orb_core::fact::Fact;
use orb_core::hold::HoldKind;
use proptest::prelude::*;

use crate::Case;
use crate::harness::{Harness, is_entry};
use crate::market::Dice;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn nothing_is_entered_after_a_stop(seed in any::<u64>()) {
        case(seed);
    }
}

#[track_caller]
fn case(seed: u64) {
    let (case, mut dice) = Case::new(seed);
    let mut quiet = case.harness();
    case.run(&mut quiet, &mut |_, _| {});
    let event = stop(&mut dice);
    let at = usize::try_from(dice.between(2, i64::try_from(quiet.log.len()).expect("small"))).expect("positive");
    let mut harness = case.harness();
    harness.injected.insert(at, event.clone());
    let kills = matches!(&event, Event::Command(wanted) if matches!(wanted.command, Command::Kill { .. }));
    let (mut sent, mut filled_before, mut outcomes) = (0, 0, 0);
    case.run(&mut harness, &mut |harness, step| {
        let number = harness.log.len();
        if number > at {
            let entries = step.effects.iter().filter(|effect| is_entry(effect)).count();
            sent += entries;
            assert_eq!(entries, 0, "an entry after {event:?} at {}: {}", step.now, case.name());
        }
        // The kill's own cancels are carried out with it: the fills of the step after it are those of before.
        if number == at + 1 {
            filled_before = entry_fills(harness);
        } else if number > at + 1 && kills && !matches!(step.event, Event::Reference(_)) {
            let same_day = step.now
                < case
                    .days
                    .iter()
                    .map(|day| day.session.close)
                    .find(|close| *close >= harness.log[at].now)
                    .expect("a day");
            let now = entry_fills(harness);
            assert!(
                !same_day || now == filled_before,
                "an entry filled after the kill at {}: {}",
                step.now,
                case.name()
            );
            assert!(same_day || now == 0 || now == filled_before, "an entry filled days after: {}", case.name());
        }
        outcomes += step.effects.iter().filter(|effect| matches!(effect, Effect::Record(Fact::Decision(_)))).count();
    });
    assert!(harness.engine.open_trades().is_empty(), "flat at the close: {}", case.name());
    assert_eq!(sent, 0);
    let expected = case.days.len() * case.config.symbols.len();
    assert_eq!(outcomes + harness.trades.len(), expected, "a trade or one decision each: {}", case.name());
}

/// Counts the executions of entries at the exchange today.
fn entry_fills(harness: &Harness) -> usize {
    let fills = harness.exchange.snapshot().fills;
    fills.iter().filter(|fill| fill.order.client_id.as_ref().is_some_and(|id| id.as_str().ends_with('e'))).count()
}

fn stop(dice: &mut Dice) -> Event {
    let command = *dice.pick(&[Command::Kill { flatten: false }, Command::Kill { flatten: true }, Command::Pause]);
    let kind = *dice.pick(HoldKind::ALL);
    match dice.between(0, 4) {
        // The next session ends the daily loss, and an idle flatten ends by itself.
        0 if !matches!(
            kind,
            HoldKind::DailyLoss | HoldKind::Flattening | HoldKind::Starting | HoldKind::Reconciling
        ) =>
        {
            Event::Feed(FeedState::Trouble(kind))
        }
        _ => authorised(command),
    }
}

fn authorised(command: Command) -> Event {
    let text = |text: &str| text.to_owned();
    Event::Command(Authorised { request_id: text("r"), actor: text("test"), reason: text("property"), command })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    /// Closes by hand at random moments: the books stay right, and each symbol has its one outcome.
    #[test]
    fn closes_at_any_moment_leave_nothing_behind(seed in any::<u64>()) {
        closes(seed);
    }
}

#[track_caller]
fn closes(seed: u64) {
    let (case, mut dice) = Case::new(seed);
    let mut harness = case.harness();
    let count = u32::try_from(case.config.symbols.len()).expect("small");
    for _ in 0..20 {
        let symbol = SymbolId(u32::try_from(dice.between(0, i64::from(count))).expect("small"));
        let command =
            *dice.pick(&[Command::Close(symbol), Command::Close(symbol), Command::CloseAll, Command::CancelEntries]);
        let at = usize::try_from(dice.between(2, 900)).expect("positive");
        harness.injected.insert(at, authorised(command));
    }
    let mut outcomes = 0;
    case.run(&mut harness, &mut |_, step| {
        outcomes += step.effects.iter().filter(|effect| matches!(effect, Effect::Record(Fact::Decision(_)))).count();
    });
    assert!(harness.engine.open_trades().is_empty() && harness.exchange.positions().is_empty(), "{}", case.name());
    let net = harness.trades.iter().map(orb_core::fact::Trade::net).sum();
    assert_eq!(harness.exchange.account().cash, case.config.run.initial_equity + net, "{}", case.name());
    let expected = case.days.len() * case.config.symbols.len();
    assert_eq!(outcomes + harness.trades.len(), expected, "{}", case.name());
}
