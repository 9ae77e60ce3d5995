//! The same events give the same effects; the order of arrival before the barrier gives nothing.

use orb_backtest::driver::bar_driven;
use orb_core::effect::{Effect, Effects};
use orb_core::event::{BrokerSnapshot, Event, MarketData, Origin, Outcome, ReferenceData};
use orb_core::{Bar, Engine, EngineConfig, Span, Timestamp};
use proptest::prelude::*;

use crate::Case;
use crate::day;
use crate::market::{self, Dice};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn a_recorded_run_repeats_itself(seed in any::<u64>()) {
        let (case, _) = Case::new(seed);
        let mut harness = case.harness();
        case.run(&mut harness, &mut |_, _| {});
        let mut engine = bar_driven(case.config.clone());
        let mut out = Effects::default();
        for step in &harness.log {
            engine.on_event(step.now, &step.event, &mut out);
            let effects: Vec<Effect> = out.drain().collect();
            prop_assert_eq!(&effects, &step.effects, "at {}: {}", step.now, case.name());
        }
    }

    #[test]
    fn the_order_of_arrival_before_the_barrier_does_not_matter(seed in any::<u64>()) {
        arrival(seed);
    }
}

#[track_caller]
fn arrival(seed: u64) {
    let mut dice = Dice(seed);
    let settings = format!("{} bars=1", market::settings(&mut dice));
    let session = day::session("2026-02-13", 5, 390);
    let config = day::engine_config(&settings, &crate::NAMES, vec![session]);
    let mut bars = market::bars(&mut dice, &session, config.bar_length, 6);
    let reference = market::reference(&mut dice, &bars, 6);
    let range_end = session.open + Span::from_minutes(i64::from(config.run.strategies[0].range_minutes));
    bars.retain(|bar| bar.start < range_end);
    let reference = Event::Reference(ReferenceData {
        date: session.date,
        equity_open: config.run.initial_equity,
        symbols: reference,
    });
    let in_order = decide(&config, session.open, range_end, &reference, &in_batches(&bars));
    let mut late = bars.clone();
    // Some bars come twice.
    late.extend(bars.iter().filter(|_| dice.chance(10)).copied().collect::<Vec<_>>());
    dice.shuffle(&mut late);
    let single: Vec<Vec<Bar>> = late.iter().map(|bar| vec![*bar]).collect();
    let shuffled = decide(&config, session.open, range_end, &reference, &single);
    assert_eq!(in_order, shuffled, "arrival({seed}): {settings}");
}

fn in_batches(bars: &[Bar]) -> Vec<Vec<Bar>> {
    bars.chunk_by(|a, b| a.start == b.start).map(<[Bar]>::to_vec).collect()
}

/// Returns what an engine makes of a range.
fn decide(
    config: &EngineConfig,
    open: Timestamp,
    range_end: Timestamp,
    reference: &Event,
    batches: &[Vec<Bar>],
) -> Vec<Effect> {
    let mut engine: Engine = bar_driven(config.clone());
    let mut out = Effects::default();
    engine.on_event(open, reference, &mut out);
    engine.on_event(open, &Event::Snapshot(BrokerSnapshot::default()), &mut out);
    for batch in batches {
        let event = Event::Market(Origin::Live, MarketData::Bars(batch.clone()));
        engine.on_event(range_end, &event, &mut out);
    }
    let mut effects: Vec<Effect> = Vec::new();
    let last = range_end + Span::from_seconds(1);
    while let Some(at) = engine.next_wakeup().filter(|&at| at <= last) {
        engine.on_event(at, &Event::Wakeup, &mut out);
        let questions: Vec<_> = out
            .as_slice()
            .iter()
            .filter_map(|effect| match effect {
                Effect::Broker(effect) if matches!(effect.action, orb_core::effect::Action::QueryBars { .. }) => {
                    Some(effect.id)
                }
                Effect::Broker(_) | Effect::Record(_) | Effect::Alert(_) => None,
            })
            .collect();
        effects.extend(out.drain());
        for id in questions {
            engine.on_event(at, &Event::Outcome(id, Outcome::Bars(Vec::new())), &mut out);
        }
    }
    effects.extend(out.drain());
    effects
}
