//! The commit alone: what an entry is recorded with, in SQLite.

use std::path::Path;
use std::time::Instant;

use orbd::store::{Commit, DatabaseUrl, JournalRow, Ledger, Names, Writer};
use orbd::view;

use crate::day::Day;
use crate::engine::facts_of_orders;
use crate::samples::Samples;

/// Days of which each symbol gives one sample.
const ROUNDS: u32 = 12;
/// Days that are not counted.
const WARM_UP: u32 = 1;
/// Bytes of a row of the journal; those of an entry have about as many.
const JOURNAL_BYTES: usize = 400;

/// Measures commits one after the other, each in books that hold the day's earlier ones.
pub(crate) fn measure(folder: &Path) -> Samples {
    let url = DatabaseUrl::sqlite(folder.join("commits.db"));
    let day = Day::new(&[]);
    let facts = facts_of_orders(&day);
    let mut samples = Samples::default();
    for round in 0..WARM_UP + ROUNDS {
        let ledger = Ledger::new(view::Environment::Sim, &format!("commit-{round}"));
        let strategies = day.run.strategies.iter().map(|strategy| strategy.name.clone()).collect();
        let names = Names { symbols: (*day.symbols).clone(), strategies };
        let mut writer = Writer::open(&url, ledger, names).expect("new records");
        for (sequence, facts) in (1..).zip(&facts) {
            let journal = JournalRow {
                first_sequence: sequence,
                last_sequence: sequence,
                last_effect: sequence,
                date: Some(day.session.date),
                at: day.session.open,
                bytes: &[0x5a; JOURNAL_BYTES],
            };
            let commit = Commit { journal: Some(journal), facts, ..Commit::default() };
            let begin = Instant::now();
            writer.commit(&commit).expect("a commit");
            let time = begin.elapsed();
            if round >= WARM_UP {
                samples.add(time);
            }
        }
    }
    samples
}
