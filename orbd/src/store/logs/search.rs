//! Searching log lines by words, with one meaning in both databases.

use orb_core::Timestamp;
use orb_core::effect::{Component, Severity};

use crate::view::LogView;

/// Selects log lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Only lines that matter at least so much; `None` for all.
    pub severity_min: Option<Severity>,
    /// Only lines of these components.
    pub components: Vec<Component>,
    /// Only lines with these words.
    pub search: LogSearch,
    /// From this instant on, on the wall clock; `None` from the first.
    pub from: Option<Timestamp>,
    /// Before this instant; `None` to the last.
    pub to: Option<Timestamp>,
}

/// A word counts up to so many letters; what follows is as if it were not there.
const WORD_MAX: usize = 128;
/// The words of a line count up to so many bytes.
const INDEX_BYTES_MAX: usize = 16 << 10;

/// Holds the words that a line must contain: all of them whole, the last one as a prefix, in any case.
///
/// A word is a run of letters and digits of any alphabet; everything else only separates words, so no character has
/// a meaning of its own, and a word has no other forms. A text without words lets every line pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSearch {
    words: Vec<String>,
}

impl LogSearch {
    /// Reads the words of a text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self { words: words(&text.to_lowercase()).map(str::to_owned).collect() }
    }

    /// Tells whether a line has the words, as the database would.
    #[must_use]
    pub fn matches(&self, line: &LogView) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let index = Self::index(&line.message, &line.fields);
        self.needles().all(|needle| index.contains(&needle))
    }

    /// Returns the words of a line in lower case, each between spaces: what is searched.
    pub(in crate::store) fn index(message: &str, fields: &[(String, String)]) -> String {
        let mut index = String::with_capacity(message.len() + 2);
        index.push(' ');
        for text in core::iter::once(message).chain(fields.iter().map(|(_, value)| value.as_str())) {
            let lower = text.to_lowercase();
            for word in words(&lower) {
                if index.len() + word.len() >= INDEX_BYTES_MAX {
                    return index;
                }
                index.push_str(word);
                index.push(' ');
            }
        }
        index
    }

    /// Returns the search in the words of FTS5; `None` where every line passes.
    pub(in crate::store) fn fts5(&self) -> Option<String> {
        self.joined(" AND ", |word, is_last| format!("\"{word}\"{}", if is_last { "*" } else { "" }))
    }

    /// Returns the search in the words of `tsquery`; `None` where every line passes.
    pub(in crate::store) fn tsquery(&self) -> Option<String> {
        self.joined(" & ", |word, is_last| format!("'{word}'{}", if is_last { ":*" } else { "" }))
    }

    /// No word holds a quotation mark or anything else that has a meaning.
    fn joined(&self, and: &str, write: impl Fn(&str, bool) -> String) -> Option<String> {
        let last = self.words.len().checked_sub(1)?;
        let written = self.words.iter().enumerate().map(|(place, word)| write(word, place == last));
        Some(written.collect::<Vec<_>>().join(and))
    }

    fn needles(&self) -> impl Iterator<Item = String> + '_ {
        let last = self.words.len().saturating_sub(1);
        let needle = move |(place, word): (usize, &String)| {
            if place == last { format!(" {word}") } else { format!(" {word} ") }
        };
        self.words.iter().enumerate().map(needle)
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let cut = |word| match str::char_indices(word).nth(WORD_MAX) {
        Some((end, _)) => &word[..end],
        None => word,
    };
    text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).map(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, search: &str, expect: bool) {
        let index = LogSearch::index(message, &[("symbol".to_owned(), "BRK.B".to_owned())]);
        let found = LogSearch::parse(search).needles().all(|needle| index.contains(&needle));
        assert_eq!(found, expect, "`{search}` in `{index}`");
    }

    #[test]
    fn all_words_are_needed_and_the_last_is_a_prefix() {
        check("Order rejected by the broker", "order broker", true);
        check("Order rejected by the broker", "ORDER rej", true);
        check("Order rejected by the broker", "ord rejected", false);
        check("Order rejected by the broker", "order filled", false);
        check("Order rejected by the broker", "brk.b", true);
        check("Order rejected by the broker", "", true);
        check("Order rejected by the broker", " -- ", true);
    }

    #[test]
    fn operators_are_only_separators() {
        check("up 100% today", "100% today", true);
        check("up 1005 today", "100% today", false);
        check("a_b", "a_b", true);
        check("axb", "a_b", false);
        check("it's", "it's", true);
        check("NOT now", "not", true);
        check("Straße ΛΌΓΟΣ", "straße λόγ", true);
    }
}
