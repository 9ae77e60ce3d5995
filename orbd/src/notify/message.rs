//! What goes out as one: a notice, or several that were held back.

use std::collections::BTreeSet;

use super::kind::Weight;
use super::notice::Notice;

/// Notices that a message tells one by one; the lightest of more than these are counted only.
const LINES_MAX: usize = 20;

/// Holds what goes out as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it tells, in the order in which it happened; never empty.
    pub notices: Vec<Notice>,
    /// Notices of before that found no room and are not told.
    pub left_out: u64,
}

impl Message {
    /// Returns the weight of the heaviest notice.
    #[must_use]
    pub fn weight(&self) -> Weight {
        self.notices.iter().map(|notice| notice.weight).max().unwrap_or_default()
    }

    /// Returns one line that says what it is about.
    #[must_use]
    pub fn subject(&self) -> String {
        if let ([notice], 0) = (&*self.notices, self.left_out) {
            return notice.line();
        }
        let marks: BTreeSet<_> = self.notices.iter().map(|notice| notice.origin.mark()).collect();
        let marks: Vec<_> = marks.into_iter().collect();
        let alarms = self.notices.iter().filter(|notice| notice.weight == Weight::Alarm).count();
        let alarms = if alarms == 0 { String::new() } else { format!(", {alarms} of them ALARMS") };
        let left_out = if self.left_out == 0 { String::new() } else { format!(", {} more left out", self.left_out) };
        format!("{} {} messages together{alarms}{left_out}", marks.join(" "), self.notices.len())
    }

    /// Returns all of it as plain text, line by line.
    #[must_use]
    pub fn text(&self) -> String {
        let books: BTreeSet<&str> = self.notices.iter().map(|notice| &*notice.origin.ledger).collect();
        let books: Vec<_> = books.into_iter().filter(|ledger| !ledger.is_empty()).collect();
        let books = if books.is_empty() { String::new() } else { format!(", ledger {}", books.join(", ")) };
        if let ([notice], 0) = (&*self.notices, self.left_out) {
            return format!("{}\n{} New York{books}", notice.line(), notice.time());
        }
        let (told, counted) = self.told();
        let lines: String = told.iter().map(|notice| format!("\n{} {}", notice.time(), notice.line())).collect();
        let counted = if counted == 0 { String::new() } else { format!("\nand {counted} lighter ones") };
        format!("{}{lines}{counted}\nTimes of New York{books}", self.subject())
    }

    /// Returns the notices that are told one by one, and how many others there are: the heaviest are told.
    fn told(&self) -> (Vec<&Notice>, usize) {
        let mut by_weight: Vec<_> = self.notices.iter().enumerate().collect();
        // Stable: of one weight the latest are told.
        by_weight.sort_by_key(|(index, notice)| (core::cmp::Reverse(notice.weight), core::cmp::Reverse(*index)));
        let counted = by_weight.len().saturating_sub(LINES_MAX);
        by_weight.truncate(LINES_MAX);
        // Alarms first, and each weight in the order in which it happened.
        by_weight.sort_by_key(|(index, notice)| (core::cmp::Reverse(notice.weight), *index));
        (by_weight.into_iter().map(|(_, notice)| notice).collect(), counted)
    }
}
