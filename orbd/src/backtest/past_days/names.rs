//! The names by which the tables know symbols.

use std::collections::BTreeMap;

use orb_core::{Symbol, SymbolId, SymbolTable};
use orb_data::reference::{ActionKind, CorporateAction};

/// Numbers the symbols of a table as it does, and beyond it the other names of changes that lead to them or away.
///
/// A name of before may have no bars, and so no number in the table; what was known under it counts all the same.
#[derive(Debug)]
pub(super) struct Names<'a> {
    table: &'a SymbolTable,
    others: BTreeMap<Symbol, SymbolId>,
}

impl<'a> Names<'a> {
    /// Collects the names of a table's symbols from corporate actions in any order.
    pub(super) fn of(table: &'a SymbolTable, actions: &[CorporateAction]) -> Self {
        let changes = actions.iter().filter_map(|action| match &action.kind {
            ActionKind::Rename { to } => Some([&action.symbol, to]),
            ActionKind::Split(_) | ActionKind::Unclear => None,
        });
        let mut open: Vec<[&Symbol; 2]> = changes.collect();
        let mut names = Self { table, others: BTreeMap::new() };
        // Each round goes a change further; chains are short.
        loop {
            let (known, unknown): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|both| both.iter().any(|name| names.id(name).is_some()));
            if known.is_empty() {
                return names;
            }
            known.into_iter().flatten().for_each(|name| names.add(name));
            open = unknown;
        }
    }

    fn add(&mut self, name: &Symbol) {
        if self.id(name).is_none() {
            let number = u32::try_from(self.len()).expect("there are fewer than 2^32 names");
            self.others.insert(name.clone(), SymbolId(number));
        }
    }

    /// Returns the number of a name; `None` of one that has nothing to do with the table.
    pub(super) fn id(&self, name: &Symbol) -> Option<SymbolId> {
        self.table.id(name).or_else(|| self.others.get(name).copied())
    }

    /// Returns how many names there are, those of the table included.
    pub(super) fn len(&self) -> usize {
        self.table.len() + self.others.len()
    }
}
