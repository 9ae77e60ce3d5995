//! Which columns a table shows, and how wide: all of them in a file, what fits in a terminal.

use super::grid::Heading;

pub(super) const GAP: &str = "  ";
/// A longer text does not push the columns after it out for every other row.
const WIDTH_MAX: usize = 48;
/// A text that is longer is wrapped before a column of rank 0 is.
const WRAPPED_WIDTH: usize = 24;
/// No column is made narrower.
const WIDTH_MIN: usize = 6;

/// The columns that a table shows, from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Indices of the columns.
    pub(super) columns: Vec<usize>,
    /// Their widths in characters.
    pub(super) widths: Vec<usize>,
    /// Names of the columns that there is no room for.
    pub(super) dropped: Vec<&'static str>,
}

impl Layout {
    /// Makes a layout in which each column holds the longest of its texts.
    ///
    /// `lines`: the texts of the rows, one for each heading. `least`: no column is narrower.
    pub(super) fn free(headings: &[Heading], lines: &[Vec<String>], least: usize) -> Self {
        let columns = shown(headings);
        let widths = columns.iter().map(|&column| natural(headings, lines, column).min(WIDTH_MAX).max(least));
        Self { widths: widths.collect(), columns, dropped: Vec::new() }
    }

    /// Makes a layout of at most `space` characters: leaves columns out by rank, then wraps.
    pub(super) fn fitted(headings: &[Heading], lines: &[Vec<String>], least: usize, space: usize) -> Self {
        let mut columns = shown(headings);
        let natural: Vec<_> = (0..headings.len()).map(|column| natural(headings, lines, column).max(least)).collect();
        let needed = |columns: &[usize]| {
            let widths = columns.iter().map(|&column| narrow(&headings[column], natural[column]));
            widths.sum::<usize>() + gaps(columns.len())
        };
        let mut dropped = Vec::new();
        while needed(&columns) > space
            && let Some(place) = least_wanted(headings, &columns)
        {
            dropped.push(headings[columns.remove(place)].name);
        }
        let mut widths: Vec<_> = columns.iter().map(|&column| narrow(&headings[column], natural[column])).collect();
        let mut room = space.saturating_sub(gaps(columns.len()));
        shrink(&mut widths, room);
        room = room.saturating_sub(widths.iter().sum());
        for (width, &column) in widths.iter_mut().zip(&columns) {
            let more = natural[column].saturating_sub(*width).min(room);
            *width += more;
            room -= more;
        }
        Self { columns, widths, dropped }
    }

    /// Widens the columns to what further rows need.
    pub(super) fn widen(&mut self, lines: &[Vec<String>]) {
        for (width, &column) in self.widths.iter_mut().zip(&self.columns) {
            let longest = lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
            *width = (*width).max(longest.min(WIDTH_MAX));
        }
    }
}

/// Breaks a text into lines of at most `width` characters, between words where it can.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.len() <= width {
            push(&mut lines, " ");
        } else if last > 0 {
            lines.push(String::new());
        }
        while word.len() > width {
            let rest = word.split_off(width);
            push(&mut lines, &word.iter().collect::<String>());
            lines.push(String::new());
            word = rest;
        }
        push(&mut lines, &word.iter().collect::<String>());
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

fn shown(headings: &[Heading]) -> Vec<usize> {
    (0..headings.len()).filter(|&column| !headings[column].is_hidden).collect()
}

fn natural(headings: &[Heading], lines: &[Vec<String>], column: usize) -> usize {
    let texts = lines.iter().map(|line| line[column].chars().count());
    texts.max().unwrap_or(0).max(headings[column].name.len())
}

/// Returns the width that a column is content with: numbers are never wrapped, words may be.
fn narrow(heading: &Heading, natural: usize) -> usize {
    if heading.is_right_aligned { natural } else { natural.min(WRAPPED_WIDTH.max(heading.name.len())) }
}

fn gaps(columns: usize) -> usize {
    columns.saturating_sub(1) * GAP.len()
}

/// Returns the place of the column to leave out next: the last of the greatest rank.
fn least_wanted(headings: &[Heading], columns: &[usize]) -> Option<usize> {
    let rank = |&place: &usize| headings[columns[place]].rank;
    (0..columns.len()).filter(|place| rank(place) > 0).max_by_key(|place| (rank(place), *place))
}

/// Takes from the widest until they fit into `room` or all are as narrow as may be.
fn shrink(widths: &mut [usize], room: usize) {
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > WIDTH_MIN => *widest -= 1,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn heading(name: &'static str, is_right_aligned: bool, rank: u8) -> Heading {
        Heading { name, is_right_aligned, is_hidden: false, rank }
    }

    const HEADINGS: &[Heading] = &[
        heading("symbol", false, 0),
        heading("price", true, 0),
        heading("strategy", false, 2),
        heading("note", false, 1),
        heading("message", false, 0),
    ];

    fn lines() -> Vec<Vec<String>> {
        vec![["NVDA", "100.25", "orb-classic", "a note", &"word ".repeat(20)].map(|text| text.trim().into()).into()]
    }

    #[test]
    fn the_greatest_rank_is_left_out_first() {
        assert_eq!(Layout::fitted(HEADINGS, &lines(), 0, 200).columns, [0, 1, 2, 3, 4]);
        let narrower = Layout::fitted(HEADINGS, &lines(), 0, 60);
        assert_eq!((narrower.columns, narrower.dropped), (vec![0, 1, 3, 4], vec!["strategy"]));
        assert_eq!(Layout::fitted(HEADINGS, &lines(), 0, 42).dropped, ["strategy", "note"]);
    }

    #[test]
    fn a_layout_never_exceeds_its_space_while_there_is_text_to_wrap() {
        for space in 30..220 {
            let layout = Layout::fitted(HEADINGS, &lines(), 0, space);
            let total = layout.widths.iter().sum::<usize>() + gaps(layout.columns.len());
            assert!(total <= space, "{total} of {space}: {layout:?}");
        }
        assert_eq!(Layout::fitted(HEADINGS, &lines(), 0, 220).widths, [6, 6, 11, 6, 99]);
    }

    #[test]
    fn a_text_is_wrapped_between_words_and_nothing_is_lost() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
