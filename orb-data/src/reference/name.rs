//! Which names a symbol had.

use std::collections::BTreeMap;

use orb_core::{Date, Symbol};

use super::rows::{ActionKind, CorporateAction};

/// Follows symbols back through their changes of names.
///
/// A name that was given up on a date, or taken by another company, is not the same symbol before that date.
#[derive(Clone, Debug, Default)]
pub struct Lineage {
    /// By the date of the change and the new name, the old one; by the old one, that it ended there.
    renames: BTreeMap<Date, Vec<(Symbol, Symbol)>>,
}

impl Lineage {
    /// Reads the changes of names among corporate actions, in any order.
    #[must_use]
    pub fn of<'a>(actions: impl IntoIterator<Item = &'a CorporateAction>) -> Self {
        let mut renames: BTreeMap<Date, Vec<(Symbol, Symbol)>> = BTreeMap::new();
        for CorporateAction { symbol, date, kind } in actions {
            match kind {
                ActionKind::Rename { to } => renames.entry(*date).or_default().push((symbol.clone(), to.clone())),
                ActionKind::Split(_) | ActionKind::Unclear => {}
            }
        }
        Self { renames }
    }

    /// Returns the name on an earlier date of what is called `symbol` on a later one; `None` when it had none then, as
    /// far as its changes of names tell: before it took a name that another had given up on the way, it was not traded
    /// under that name.
    #[must_use]
    pub fn name_at(&self, symbol: &Symbol, later: Date, earlier: Date) -> Option<Symbol> {
        let mut name = symbol.clone();
        for (_, renames) in self.renames.range(..=later).rev().take_while(|(date, _)| **date > earlier) {
            match renames.iter().find(|(_, to)| *to == name) {
                Some((from, _)) => name = from.clone(),
                None if renames.iter().any(|(from, _)| *from == name) => return None,
                None => {}
            }
        }
        Some(name)
    }
}
