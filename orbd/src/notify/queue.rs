//! What waits for one channel.

use std::collections::VecDeque;

use super::message::Message;
use super::notice::Notice;

/// Holds the notices that wait, up to a bound: where there is no room, the oldest of the lightest goes.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<Notice>,
    room: usize,
    left_out: u64,
}

impl Queue {
    /// Makes an empty queue with room for so many.
    pub(super) const fn new(room: usize) -> Self {
        Self { waiting: VecDeque::new(), room, left_out: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds a notice; tells how many went for want of room: none, or one, which may be this.
    pub(super) fn push(&mut self, notice: Notice) -> u64 {
        self.waiting.push_back(notice);
        self.make_room()
    }

    /// Puts back what could not be sent, before everything that came meanwhile; tells how many went for want of room.
    pub(super) fn put_back(&mut self, message: Message) -> u64 {
        for notice in message.notices.into_iter().rev() {
            self.waiting.push_front(notice);
        }
        self.left_out += message.left_out;
        self.make_room()
    }

    /// Lets the oldest of the lightest go until the rest has room: an alarm never goes before what is lighter.
    fn make_room(&mut self) -> u64 {
        let mut gone = 0;
        while self.waiting.len() > self.room {
            let lightest = self.waiting.iter().map(|notice| notice.weight).min().unwrap_or_default();
            let oldest = self.waiting.iter().position(|notice| notice.weight == lightest);
            oldest.and_then(|index| self.waiting.remove(index)).expect("one of the notices is the lightest");
            gone += 1;
        }
        self.left_out += gone;
        gone
    }

    /// Takes the oldest notice; with it goes the count of those that were left out. `None` when nothing waits.
    pub(super) fn take_one(&mut self) -> Option<Message> {
        let notice = self.waiting.pop_front()?;
        Some(Message { notices: vec![notice], left_out: core::mem::take(&mut self.left_out) })
    }

    /// Takes everything that waits as one message; `None` when nothing does.
    pub(super) fn take_all(&mut self) -> Option<Message> {
        if self.waiting.is_empty() {
            return None;
        }
        let notices = core::mem::take(&mut self.waiting).into();
        Some(Message { notices, left_out: core::mem::take(&mut self.left_out) })
    }
}
