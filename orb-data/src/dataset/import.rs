//! Bars into a dataset.

use std::collections::HashMap;
use std::fs;

use orb_core::{Bar, Calendar, Date, Symbol, SymbolId, SymbolTable, Timestamp};

use super::error::DatasetError;
use super::partition::Partition;
use super::{BARS, Dataset};
use crate::bars::{BarSet, SessionBars};

/// Says what to do where a bar is there already and is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Keep the old one, and change nothing of the session.
    Refuse,
    /// Take the new one.
    Replace,
}

/// Tells what an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Sessions that were changed.
    pub sessions: u64,
    /// Bars that were not there before.
    pub added: u64,
    /// Bars that were there as they are.
    pub same: u64,
    /// Bars that took the place of others.
    pub replaced: u64,
}

impl Imported {
    fn add(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.added += other.added;
        self.same += other.same;
        self.replaced += other.replaced;
    }
}

impl Dataset {
    /// Takes in bars, session by session, each whole or not at all, and calls `done` after each.
    ///
    /// The same bars a second time change nothing, so that an import that was interrupted is done again.
    ///
    /// # Errors
    /// When a bar is there already and is another one, unless it is to be replaced; when files cannot be read or
    /// written. The sessions before that one are in.
    ///
    /// # Panics
    /// When the dataset was opened for reading.
    pub fn import(
        &mut self,
        bars: &BarSet,
        calendar: &Calendar,
        conflict: Conflict,
        mut done: impl FnMut(Date, Imported),
    ) -> Result<Imported, DatasetError> {
        self.assert_writer();
        self.header.expect(&self.root, self.header.feed(), bars.bar_length())?;
        let mut total = Imported::default();
        for session in bars.sessions() {
            let names = session.bars().iter().map(|bar| bars.symbols().name(bar.symbol).to_string());
            let imported = self.import_session(session, bars.symbols(), calendar, conflict, names.collect())?;
            total.add(imported);
            done(session.session().date, imported);
        }
        Ok(total)
    }

    /// Takes in the bars of a session that answer a question for some symbols, and remembers who was asked for.
    ///
    /// # Errors
    /// As [`Self::import`].
    ///
    /// # Panics
    /// When the dataset was opened for reading, or the bars are of more than the one session.
    pub fn import_answer(
        &mut self,
        date: Date,
        asked: &[Symbol],
        bars: &BarSet,
        calendar: &Calendar,
    ) -> Result<Imported, DatasetError> {
        self.assert_writer();
        assert!(bars.sessions().len() <= 1, "an answer is about one session");
        let asked: Vec<String> = asked.iter().map(Symbol::to_string).collect();
        match bars.session(date) {
            Some(session) => self.import_session(session, bars.symbols(), calendar, Conflict::Replace, asked),
            None => self.note_silence(date, asked),
        }
    }

    /// Remembers that symbols were asked for and have no bars.
    fn note_silence(&self, date: Date, asked: Vec<String>) -> Result<Imported, DatasetError> {
        let folder = self.folder(date);
        let mut partition = Partition::read(&folder)?.unwrap_or_default();
        partition.ask(asked);
        fs::create_dir_all(&folder).map_err(|source| DatasetError::io(&self.root.join(BARS), source))?;
        partition.commit(&folder)?;
        Ok(Imported::default())
    }

    fn import_session(
        &self,
        session: &SessionBars,
        symbols: &SymbolTable,
        calendar: &Calendar,
        conflict: Conflict,
        asked: Vec<String>,
    ) -> Result<Imported, DatasetError> {
        let date = session.session().date;
        let folder = self.folder(date);
        let mut partition = Partition::read(&folder)?.unwrap_or_default();
        let before = partition.clone();
        let known = self.load(&folder, &partition, calendar)?;
        let sorted = Sorted::of(session, symbols, known.as_ref(), date, conflict)?;
        partition.ask(asked);
        if sorted.imported.replaced > 0 {
            let known = known.as_ref().expect("what is replaced was known");
            let whole = sorted.united(session, symbols, known);
            let set = self.set(whole, calendar)?;
            let part = partition.write_part(&folder, &set)?;
            partition.parts = vec![part];
        } else if !sorted.fresh.is_empty() {
            let fresh = sorted.fresh.iter().map(|bar| (symbols.name(bar.symbol).clone(), *bar));
            let set = self.set(fresh.collect(), calendar)?;
            let part = partition.write_part(&folder, &set)?;
            partition.parts.push(part);
        }
        if partition == before {
            return Ok(sorted.imported);
        }
        partition.commit(&folder)?;
        for part in before.parts.iter().filter(|part| !partition.parts.contains(part)) {
            // A file that is left over counts no more; compacting removes it.
            let _removed = fs::remove_file(folder.join(&part.file));
        }
        Ok(Imported { sessions: 1, ..sorted.imported })
    }

    /// Makes a set of named bars, of which no two are of one symbol and start.
    pub(super) fn set(&self, named: Vec<(Symbol, Bar)>, calendar: &Calendar) -> Result<BarSet, DatasetError> {
        let table = SymbolTable::new(named.iter().map(|(name, _)| name.clone()));
        let number = |(name, bar): (Symbol, Bar)| Bar {
            symbol: table.id(&name).expect("the table was made of these names"),
            ..bar
        };
        let bars = named.into_iter().map(number).collect();
        Ok(BarSet::from_bars(table.clone(), self.header.bar_length(), calendar, bars)?)
    }
}

/// Holds the bars of a session, told apart by what is known of them.
struct Sorted {
    fresh: Vec<Bar>,
    imported: Imported,
}

impl Sorted {
    fn of(
        session: &SessionBars,
        symbols: &SymbolTable,
        known: Option<&BarSet>,
        date: Date,
        conflict: Conflict,
    ) -> Result<Self, DatasetError> {
        let lookup = known.map(|known| (known.symbols(), by_key(known)));
        let mut sorted = Self { fresh: Vec::new(), imported: Imported::default() };
        for bar in session.bars() {
            let name = symbols.name(bar.symbol);
            let old = lookup.as_ref().and_then(|(table, bars)| bars.get(&(table.id(name)?, bar.start)));
            match old {
                None => {
                    sorted.imported.added += 1;
                    sorted.fresh.push(*bar);
                }
                Some(old) if is_same(old, bar) => sorted.imported.same += 1,
                Some(_) if conflict == Conflict::Replace => sorted.imported.replaced += 1,
                Some(_) => {
                    return Err(DatasetError::Conflict { date, symbol: name.clone(), start: bar.start });
                }
            }
        }
        Ok(sorted)
    }

    /// Returns the bars of the session with those that were known and have no new one.
    fn united(&self, session: &SessionBars, symbols: &SymbolTable, known: &BarSet) -> Vec<(Symbol, Bar)> {
        let named = |bar: &Bar| (symbols.name(bar.symbol).clone(), *bar);
        let new: HashMap<(Symbol, Timestamp), Bar> =
            session.bars().iter().map(|bar| ((symbols.name(bar.symbol).clone(), bar.start), *bar)).collect();
        let kept = known.iter().map(|bar| (known.symbols().name(bar.symbol).clone(), *bar));
        let kept = kept.filter(|(name, bar)| !new.contains_key(&(name.clone(), bar.start)));
        session.bars().iter().map(named).chain(kept).collect()
    }
}

fn by_key(bars: &BarSet) -> HashMap<(SymbolId, Timestamp), &Bar> {
    bars.iter().map(|bar| ((bar.symbol, bar.start), bar)).collect()
}

fn is_same(one: &Bar, other: &Bar) -> bool {
    Bar { symbol: other.symbol, ..*one } == *other
}
