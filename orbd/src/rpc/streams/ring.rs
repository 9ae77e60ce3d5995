//! The last entries of a topic, numbered, for any number of readers that each remember where they are.

use std::{collections::VecDeque, sync::Arc};

/// Keeps the last entries of one topic.
///
/// An entry has a place, which counts entries, and the sequence of the stream that it belongs to. A reader holds no
/// more than a [`Cursor`]; what it is behind by costs nothing until it reads, and what was let go is counted.
#[derive(Debug)]
pub(super) struct Ring<E> {
    entries: VecDeque<(u64, Arc<E>)>,
    capacity: usize,
    /// The place of the oldest entry.
    first: u64,
    /// Every entry with a greater sequence is here.
    floor: u64,
    /// Counts the times that it was begun anew.
    generation: u64,
}

/// Marks the place up to which a reader has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    generation: u64,
    next: u64,
}

impl<E> Ring<E> {
    /// Makes an empty ring of a stream that has come to `sequence`.
    pub(super) const fn new(capacity: usize, sequence: u64) -> Self {
        Self { entries: VecDeque::new(), capacity, first: 0, floor: sequence, generation: 0 }
    }

    /// Says to what sequence its stream had come, where that was not known before the first entry: `u64::MAX`.
    pub(super) const fn begin_at(&mut self, sequence: u64) {
        if self.floor == u64::MAX {
            self.floor = sequence;
        }
    }

    /// Adds the newest entry, in place of the oldest one when it is full.
    pub(super) fn push(&mut self, sequence: u64, entry: Arc<E>) {
        if self.entries.len() == self.capacity
            && let Some((evicted, _)) = self.entries.pop_front()
        {
            self.first += 1;
            self.floor = evicted;
        }
        self.entries.push_back((sequence, entry));
    }

    /// Begins anew at `sequence`: no cursor of before leads on. `lost` entries never came here.
    pub(super) fn restart(&mut self, sequence: u64, lost: u64) {
        self.first = self.end().next + lost;
        self.floor = sequence;
        self.generation += 1;
        self.entries.clear();
    }

    /// Returns the place behind the newest entry.
    pub(super) fn end(&self) -> Cursor {
        Cursor { generation: self.generation, next: self.first + self.entries.len() as u64 }
    }

    /// Returns the place behind a sequence, or `None` when not all that followed it is still here.
    pub(super) fn after(&self, sequence: u64) -> Option<Cursor> {
        let known = self.entries.partition_point(|(of, _)| *of <= sequence);
        let cursor = Cursor { generation: self.generation, next: self.first + known as u64 };
        (sequence >= self.floor).then_some(cursor)
    }

    /// Returns how many entries a reader at a cursor has lost, or `None` when it can read on.
    pub(super) fn lost(&self, cursor: Cursor) -> Option<u64> {
        let is_here = cursor.generation == self.generation && cursor.next >= self.first;
        (!is_here).then(|| self.first.saturating_sub(cursor.next))
    }

    /// Returns the entries from a cursor on, `most` at most, with the place behind them; `None` where
    /// [`lost`](Self::lost) counts some.
    pub(super) fn read(&self, cursor: Cursor, most: usize) -> Option<(Vec<Arc<E>>, Cursor)> {
        if self.lost(cursor).is_some() {
            return None;
        }
        let from = usize::try_from(cursor.next - self.first).unwrap_or(usize::MAX);
        let entries: Vec<_> = self.entries.iter().skip(from).take(most).map(|(_, entry)| Arc::clone(entry)).collect();
        let next = cursor.next + entries.len() as u64;
        Some((entries, Cursor { next, ..cursor }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(capacity: usize, entries: u64) -> Ring<u64> {
        let mut ring = Ring::new(capacity, 10);
        (1..=entries).for_each(|number| ring.push(10 + number, Arc::new(number)));
        ring
    }

    fn read(ring: &Ring<u64>, cursor: Cursor) -> Option<Vec<u64>> {
        ring.read(cursor, usize::MAX).map(|(entries, _)| entries.iter().map(|entry| **entry).collect())
    }

    #[test]
    fn a_reader_gets_each_entry_once_in_order() {
        let mut ring = ring(8, 3);
        let start = ring.after(10).unwrap();
        let (entries, next) = ring.read(start, 2).unwrap();
        assert_eq!((*entries[0], *entries[1], entries.len()), (1, 2, 2));
        ring.push(14, Arc::new(4));
        assert_eq!(read(&ring, next), Some(vec![3, 4]));
        assert_eq!(read(&ring, ring.end()), Some(vec![]));
    }

    #[test]
    fn what_was_let_go_is_counted_and_never_skipped() {
        let mut ring = ring(4, 2);
        let cursor = ring.end();
        (3..=9).for_each(|number| ring.push(10 + number, Arc::new(number)));
        assert_eq!(ring.lost(cursor), Some(3));
        assert_eq!(read(&ring, cursor), None);
        assert_eq!(ring.lost(ring.after(15).unwrap()), None);
    }

    #[test]
    fn a_stream_goes_on_only_where_all_that_followed_is_there() {
        let ring = ring(4, 6);
        assert_eq!(ring.after(11), None, "the entry of 12 has been let go");
        assert_eq!(read(&ring, ring.after(12).unwrap()), Some(vec![3, 4, 5, 6]));
        assert_eq!(read(&ring, ring.after(16).unwrap()), Some(vec![]));
    }

    #[test]
    fn after_a_new_beginning_no_cursor_leads_on() {
        let mut ring = ring(4, 3);
        let (behind, at_end) = (ring.after(11).unwrap(), ring.end());
        ring.restart(20, 0);
        assert_eq!((ring.lost(behind), ring.lost(at_end)), (Some(2), Some(0)));
        assert_eq!((ring.after(13), ring.lost(ring.end())), (None, None));
        let now = ring.end();
        ring.restart(30, 5);
        assert_eq!(ring.lost(now), Some(5));
    }
}
