//! The text of a configuration file, to find lines in.

use std::ops::Range;
use std::path::Path;

/// Holds the text of a file, to find lines in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// The file.
    pub(crate) path: &'a Path,
    /// All of it.
    pub(crate) text: &'a str,
}

impl<'a> Source<'a> {
    /// Returns the line on which a part of the text begins, from 1.
    pub(crate) fn line(&self, span: &Range<usize>) -> usize {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        before.iter().filter(|&&byte| byte == b'\n').count() + 1
    }

    /// Returns a part of the text as it stands in the file; empty when the part is not in it.
    pub(crate) fn part(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default().trim()
    }
}
