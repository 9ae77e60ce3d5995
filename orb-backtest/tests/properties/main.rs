//! What must hold over every market, every configuration and every moment.
//!
//! Each case is drawn from one seed, which is in the message of a failure: `case(SEED)` repeats it.

#[path = "../support/day.rs"]
mod day;
#[path = "../support/harness.rs"]
mod harness;
#[path = "../support/market.rs"]
mod market;

mod books;
mod explained;
mod foresight;
mod lengths;
mod order;
mod stops;
mod strays;

use orb_backtest::{FillModel, SessionBars};
use orb_core::event::SymbolReference;
use orb_core::{Bar, EngineConfig, Session};

use harness::{Harness, Watch};
use market::Dice;

/// Holds a run that a seed describes.
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) settings: String,
    pub(crate) config: EngineConfig,
    pub(crate) fill_model: FillModel,
    pub(crate) days: Vec<Day>,
}

pub(crate) struct Day {
    pub(crate) session: Session,
    pub(crate) bars: Vec<Bar>,
    pub(crate) reference: Vec<SymbolReference>,
}

const NAMES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

impl Case {
    pub(crate) fn new(seed: u64) -> (Self, Dice) {
        let mut dice = Dice(seed);
        let settings = market::settings(&mut dice);
        Self::with_settings(seed, settings, dice)
    }

    /// Draws a case of up to three strategies.
    pub(crate) fn of_several(seed: u64) -> (Self, Dice) {
        let mut dice = Dice(seed);
        let settings = market::strategies(&mut dice);
        Self::with_settings(seed, settings, dice)
    }

    fn with_settings(seed: u64, settings: String, mut dice: Dice) -> (Self, Dice) {
        let symbols = usize::try_from(dice.between(1, 7)).expect("small");
        let sessions = vec![
            day::session("2026-02-12", 5, 390),
            day::session("2026-02-13", 5, 210),
            day::session("2026-07-06", 4, 390),
        ];
        let config = day::engine_config(&settings, &NAMES[..symbols], sessions.clone());
        let fill_model = *dice.pick(&[FillModel::Pessimistic, FillModel::Optimistic]);
        let count = u32::try_from(symbols).expect("small");
        let days = sessions
            .into_iter()
            .map(|session| {
                let bars = market::bars(&mut dice, &session, config.bar_length, count);
                let reference = market::reference(&mut dice, &bars, count);
                Day { session, bars, reference }
            })
            .collect();
        (Self { seed, settings, config, fill_model, days }, dice)
    }

    pub(crate) fn harness(&self) -> Harness {
        Harness::new(self.config.clone(), self.fill_model)
    }

    /// Runs all sessions.
    pub(crate) fn run(&self, harness: &mut Harness, watch: &mut Watch<'_>) {
        for day in &self.days {
            let (session, bars, reference) = (&day.session, &day.bars[..], &day.reference[..]);
            harness.run_session(&SessionBars { session, bars, reference }, watch);
        }
    }

    /// Says how to repeat the case.
    pub(crate) fn name(&self) -> String {
        format!("case({}): {} {}", self.seed, self.settings, self.fill_model.name())
    }
}
